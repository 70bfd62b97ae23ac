"""Addresses: a crawler that starts at `/` finds everything, and whatever IRI of ours it finds is described."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from pyoxigraph import NamedNode, RdfFormat, Triple, parse

from kg.dataset.layout import Dataset
from kg.dataset.opening import open_engine
from kg.media import JSON_LD, RDF, MediaType
from kg.names import PREFIXES
from tests.sampling import EVERYTHING, drawn

pytestmark = pytest.mark.slow

BASE = "http://localhost:8000/"
KINDS_OF_PAGE = 60
"""How many documents of the real graph are read in every format; all of them in `make test-all`."""


def path_of(iri: str) -> str:
    return "/" + iri.removeprefix(BASE)


def triples_of(body: bytes, media: MediaType) -> set[Triple]:
    """The triples of a document, by the engine's parser."""
    assert isinstance(media.format, RdfFormat)
    return {quad.triple for quad in parse(body, format=media.format)}


def read(client: FlaskClient, iri: str, media: MediaType) -> set[Triple] | None:
    """What a client gets that asks for a format, redirects followed; None for what is no RDF."""
    headers = {"Accept": f"{media.name}, */*;q=0.1"}
    response = client.get(path_of(iri), headers=headers, follow_redirects=True, buffered=True)
    assert response.status_code == 200, iri
    if response.mimetype != media.name:
        return None
    return triples_of(response.data if media is not JSON_LD else with_context(client, response.data), media)


def with_context(client: FlaskClient, body: bytes) -> bytes:
    """A JSON-LD document with the context that it names, since the engine's parser fetches none."""
    document = json.loads(body)
    if isinstance(document["@context"], str):
        document |= client.get(path_of(document["@context"])).get_json(force=True)
    return json.dumps(document).encode()


def ours(triples: Iterable[Triple]) -> set[str]:
    """The IRIs under the base that triples mention, but for what questions ask about: of the real graph, not here."""
    asked = PREFIXES["sh"] + "defaultValue"
    told = [triple for triple in triples if triple.predicate.value != asked]
    nodes = {node for triple in told for node in (triple.subject, triple.predicate, triple.object)}
    return {node.value for node in nodes if isinstance(node, NamedNode) and node.value.startswith(BASE)}


@dataclass
class Crawl:
    """What a crawler has found: of each document that is RDF the subjects it describes; all IRIs mentioned."""

    client: FlaskClient
    media: MediaType
    described: dict[str, set[str]] = field(default_factory=dict)
    mentioned: set[str] = field(default_factory=set)

    def run(self, wanted: Iterable[str] | None = None) -> "Crawl":
        """Follows all IRIs from `/` on; of the things only those `wanted`, if given."""
        chosen = None if wanted is None else set(wanted)
        waiting, seen = [BASE], {BASE}
        while waiting:
            document = waiting.pop()
            triples = read(self.client, document, self.media)
            if triples is None:
                continue
            found = ours(triples)
            self.described[document] = {str(t.subject).strip("<>") for t in triples}
            self.mentioned |= found
            dumps = {iri for iri in found if iri.startswith(f"{BASE}dump/")}  # files, which say nothing of themselves
            new = {iri.partition("#")[0] for iri in found - dumps} - seen
            for iri in sorted(new):
                kind, _, name = iri.removeprefix(BASE).partition("/")
                if chosen is None or kind not in ("id", "doc") or not name.count("/") or iri in chosen:
                    seen.add(iri)
                    waiting.append(iri)
        return self

    def undescribed(self) -> set[str]:
        """The mentioned IRIs whose document was read and does not say anything about them."""
        read_ones = {iri for iri in self.mentioned if iri.partition("#")[0] in self.described}
        return {iri for iri in read_ones if iri not in self.described[iri.partition("#")[0]]}


@pytest.mark.parametrize("media", RDF, ids=lambda media: media.suffix)
def test_a_crawler_finds_all_of_the_sample_world_in_every_format(
    media: MediaType, client: FlaskClient, sample: Path
) -> None:
    dataset = Dataset.current(sample)
    crawl = Crawl(client, media).run()
    things = {q.subject.value for q in open_engine(dataset).store if str(q.subject).startswith(f"<{BASE}id/")}
    withdrawn = {f"{BASE}id/place/ys", f"{BASE}id/person/nobody"}
    assert things - withdrawn <= crawl.mentioned
    assert {iri for iri in things - withdrawn if "#" not in iri} <= set(crawl.described)
    assert crawl.undescribed() == set()
    for known in ("sparql", "ontology", "shapes", "dataset", "ontology/1.0.0", "doc/state", "doc/state/avalon"):
        assert BASE + known in crawl.described, known


def test_a_crawler_finds_no_dead_link_in_the_real_graph(real: Path, real_client: FlaskClient) -> None:
    dataset = Dataset.current(real)
    names = dataset.names
    iris = {
        node.value.partition("#")[0]
        for quad in open_engine(dataset).store
        for node in (quad.subject, quad.predicate, quad.object, quad.graph_name)
        if isinstance(node, NamedNode) and node.value.startswith(names.base)
    }
    assert len(iris) > 5000
    things = drawn((iri for iri in iris if iri.startswith(names.things)), 200)
    wanted = None if EVERYTHING else {f for thing in things for f in (thing, names.document(names.path(thing) or ""))}
    crawl = Crawl(real_client, RDF[0]).run(wanted)
    assert crawl.undescribed() == set()
    assert {*things} <= set(crawl.described), "all that was wanted is reached from / by links"
    assert len([iri for iri in crawl.described if "page=" in iri]) > 10, "collections are read to their end"
    for iri in things:
        page = real_client.get(path_of(iri), headers={"Accept": "text/html"}, follow_redirects=True)
        assert page.status_code == 200, iri


def test_formats_of_the_real_graph_are_isomorphic(real: Path, real_client: FlaskClient) -> None:
    dataset = Dataset.current(real)
    things = {q.subject.value for q in open_engine(dataset).store if str(q.subject).startswith(f"<{BASE}id/")}
    for iri in drawn((iri for iri in things if "#" not in iri), KINDS_OF_PAGE):
        by_format = {media.suffix: read(real_client, iri, media) for media in RDF}
        inline = by_format.pop("jsonld")
        assert by_format["ttl"]
        assert all(found == by_format["ttl"] for found in by_format.values()), iri
        assert inline == by_format["ttl"], iri


def test_a_description_is_symmetric_and_labels_all_that_it_mentions(real: Path, real_client: FlaskClient) -> None:
    dataset = Dataset.current(real)
    store = open_engine(dataset).store
    label = NamedNode("http://www.w3.org/2000/01/rdf-schema#label")
    things = {q.subject.value for q in store if str(q.subject).startswith(f"<{BASE}id/")}
    chosen, labelled = drawn((iri for iri in things if "#" not in iri), 60), 0
    assert len(chosen) >= 60
    for iri in chosen:
        found = read(real_client, iri, RDF[0]) or set()
        thing = NamedNode(iri)
        for quad in [*store.quads_for_pattern(thing, None, None), *store.quads_for_pattern(None, None, thing)]:
            if str(quad.graph_name) == "DEFAULT":
                assert quad.triple in found, (iri, quad.triple)
        for mentioned in ours(found):
            for quad in store.quads_for_pattern(NamedNode(mentioned), label, None):
                if str(quad.graph_name) == "DEFAULT" and "#" not in mentioned:
                    assert quad.triple in found, (iri, mentioned)
                    labelled += 1
    assert labelled > len(chosen)


def test_every_fragment_of_ontology_shapes_and_things_is_an_anchor_of_its_page(
    real: Path, real_client: FlaskClient
) -> None:
    dataset = Dataset.current(real)
    subjects = {quad.subject.value for quad in open_engine(dataset).store if isinstance(quad.subject, NamedNode)}
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
            answer = real_client.get(path, headers={"Accept": "text/html"}, follow_redirects=True)
            pages[document] = answer.get_data(as_text=True)
        assert f'id="{fragment}"' in pages[document], iri
