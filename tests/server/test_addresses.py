"""Addresses: whatever IRI of ours stands in the data, it answers."""

from pathlib import Path

from pyoxigraph import NamedNode

from kg.engine import Dataset
from server import create_app
from tests.conftest import drawn


def test_every_iri_under_the_base_answers(real: Path) -> None:
    dataset = Dataset.current(real)
    client = create_app(Dataset.current(real)).test_client()
    terms = {
        term.value.partition("#")[0]
        for quad in dataset.open()
        for term in (quad.subject, quad.predicate, quad.object, quad.graph_name)
        if isinstance(term, NamedNode) and term.value.startswith(dataset.names.base)
    }
    assert len(terms) > 2500
    for iri in drawn(terms, 700):
        path = "/" + iri.removeprefix(dataset.names.base)
        response = client.get(path, follow_redirects=True)
        assert response.status_code == 200, iri
        assert client.get(path, headers={"Accept": "text/html"}, follow_redirects=True).status_code == 200, iri


def test_every_fragment_of_ontology_shapes_and_things_is_an_anchor_of_its_page(real: Path) -> None:
    dataset = Dataset.current(real)
    client = create_app(Dataset.current(real)).test_client()
    subjects = {quad.subject.value for quad in dataset.open() if isinstance(quad.subject, NamedNode)}
    documents = (dataset.names.ontology, dataset.names.shapes, dataset.names.things)
    parts = sorted(iri for iri in subjects if "#" in iri and iri.startswith(documents))
    taken = {*drawn({iri.partition("#")[0] for iri in parts}, 300), dataset.names.ontology, dataset.names.shapes}
    parts = [iri for iri in parts if iri.partition("#")[0] in taken]
    assert len(parts) > 1000
    pages: dict[str, str] = {}
    for iri in parts:
        document, _, fragment = iri.partition("#")
        if document not in pages:
            path = "/" + document.removeprefix(dataset.names.base)
            answer = client.get(path, headers={"Accept": "text/html"}, follow_redirects=True)
            pages[document] = answer.get_data(as_text=True)
        assert f'id="{fragment}"' in pages[document], iri
