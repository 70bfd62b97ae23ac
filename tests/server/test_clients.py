"""Clients that people use, on a real server: SPARQLWrapper, rdflib's SPARQLStore, Comunica, curl."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pyhornedowl
import pytest
from flask.testing import FlaskClient
from rdflib import Dataset as RdfDataset
from rdflib import Graph, URIRef
from rdflib.plugins.stores.sparqlstore import SPARQLStore
from rdflib.query import ResultRow
from SPARQLWrapper import (
    CSV,
    GET,
    JSON,
    JSONLD,
    N3,
    POST,
    POSTDIRECTLY,
    RDFXML,
    TSV,
    TURTLE,
    URLENCODED,
    XML,
    SPARQLWrapper,
)
from SPARQLWrapper.SPARQLExceptions import QueryBadFormed

from kg.dataset.layout import Dataset
from tests.waiting import PATIENCE

COMUNICA = Path(__file__).parent / "clients" / "node_modules" / ".bin" / "comunica-sparql"
STATES = "SELECT ?s WHERE { ?s a <http://localhost:8000/ontology#State> } ORDER BY ?s"
FOUND = ["http://localhost:8000/id/state/avalon", "http://localhost:8000/id/state/lyonesse"]
DESCRIBED = "DESCRIBE <http://localhost:8000/id/state/avalon>"


def wrapper(url: str, query: str, format_: str, method: str = GET, form: str = URLENCODED) -> SPARQLWrapper:
    """A SPARQLWrapper that is about to ask."""
    client = SPARQLWrapper(url + "sparql")
    client.setMethod(method)
    client.setRequestMethod(form)
    client.setReturnFormat(format_)
    client.setQuery(query)
    return client


@pytest.mark.parametrize(("method", "form"), [(GET, URLENCODED), (POST, URLENCODED), (POST, POSTDIRECTLY)])
def test_sparqlwrapper_asks_in_every_form(method: str, form: str, served: str) -> None:
    found = wrapper(served, STATES, JSON, method, form).queryAndConvert()
    assert isinstance(found, dict)
    assert [row["s"]["value"] for row in found["results"]["bindings"]] == FOUND


@pytest.mark.parametrize("format_", [JSON, XML, CSV, TSV])
def test_sparqlwrapper_gets_solutions_in_every_format(format_: str, served: str) -> None:
    answer = wrapper(served, STATES, format_).query()
    assert format_ in answer.info()["content-type"].replace("tab-separated-values", "tsv")
    found: Any = answer.convert()
    text = found.toxml() if format_ == XML else found.decode() if isinstance(found, bytes) else json.dumps(found)
    assert all(iri in text for iri in FOUND)


@pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated")  # SPARQLWrapper still makes one
@pytest.mark.parametrize("format_", [TURTLE, N3, RDFXML, JSONLD])
def test_sparqlwrapper_gets_triples_in_every_format(format_: str, served: str) -> None:
    found: Any = wrapper(served, DESCRIBED, format_).queryAndConvert()
    graph = found if isinstance(found, Graph) else Graph().parse(data=found, format="turtle")
    assert set(graph.subjects()) == {URIRef(FOUND[0])}


@pytest.mark.parametrize("format_", ["turtle", "ttl", "n3", "nt", "xml", "trig", "json-ld", None])
@pytest.mark.parametrize(
    "path",
    ["sparql?query=DESCRIBE%20%3Cid/state/avalon%3E", "doc/state/avalon?context=inline", "doc/state?context=inline"],
)
def test_rdflib_reads_an_address_in_every_format(path: str, format_: str | None, served: str) -> None:
    graph = RdfDataset() if format_ == "trig" else Graph()
    graph.parse(served + path, format=format_)
    assert URIRef(FOUND[0]) in set(graph.subjects())


@pytest.mark.parametrize("return_format", ["json", "xml", "csv", "tsv"])
def test_sparqlstore_of_rdflib_reads_every_format(return_format: str, served: str) -> None:
    store = SPARQLStore(served + "sparql", returnFormat=return_format)
    found = store.query("SELECT * { ?s a <ontology#State> } ORDER BY ?s")
    assert [str(row[0]) for row in found if isinstance(row, ResultRow)] == FOUND


def test_sparqlwrapper_tells_what_is_wrong(served: str) -> None:
    with pytest.raises(QueryBadFormed, match=r"\} is not allowed here"):
        wrapper(served, "SELECT * { ?s ?p }", JSON).query()


def test_sparqlstore_of_rdflib_is_a_graph(served: str) -> None:
    graph = Graph(SPARQLStore(served + "sparql"))
    assert [str(row.s) for row in graph.query(STATES) if isinstance(row, ResultRow)] == FOUND
    state = URIRef("http://localhost:8000/ontology#State")
    assert {str(thing) for thing in graph.subjects(object=state)} == {*FOUND}
    assert (URIRef(FOUND[0]), None, state) in graph
    assert len(graph) > 100


@pytest.mark.parametrize("source", ["sparql@{url}sparql", "{url}doc/state.ttl"])
def test_comunica_asks_the_endpoint_and_a_document(source: str, served: str) -> None:
    query = STATES.replace("SELECT ?s", "SELECT DISTINCT ?s")
    command: list[str | Path] = [COMUNICA, source.format(url=served), query, "-t", "application/sparql-results+json"]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=True).stdout
    assert [row["s"]["value"] for row in json.loads(answer)["results"]["bindings"]] == FOUND


@pytest.mark.parametrize(
    "path",
    ["search?q=avalon", "search.jsonld?q=avalon&context=inline", "search.rdf?kind=state", "ontology", "dataset", ""],
)
def test_comunica_reads_every_sort_of_document(path: str, served: str) -> None:
    query = "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }"
    command: list[str | Path] = [COMUNICA, served + path, query, "-t", "application/sparql-results+json"]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=True).stdout
    assert int(json.loads(answer)["results"]["bindings"][0]["n"]["value"]) > 20


@pytest.mark.parametrize("suffix", ["ttl", "rdf"])
@pytest.mark.parametrize(
    "path", ["ontology", "ontology/2.1.3", "ontology/2.1.2", "ontology/2.1.1", "ontology/2.0.0", "ontology/1.0.0"]
)
def test_an_owl_parser_reads_every_version_of_the_ontology(
    path: str, suffix: str, client: FlaskClient, tmp_path: Path
) -> None:
    file = tmp_path / f"ontology.{suffix}"
    file.write_bytes(client.get(f"/{path}.{suffix}").data)
    ontology = pyhornedowl.open_ontology(str(file))
    assert str(ontology.get_iri()) == "http://localhost:8000/ontology"
    assert f"{ontology.get_version_iri()}/".startswith(
        f"http://localhost:8000/ontology/{path.removeprefix('ontology')[1:]}"
    )
    assert "http://localhost:8000/ontology#State" in {*map(str, ontology.get_classes())}
    assert len(ontology.get_object_properties()) > 20


def test_rdflib_and_comunica_read_dumps_by_their_address(sample: Path, served: str) -> None:
    dumps = f"{served}dump/{Dataset.current(sample).version}"
    turtle, json_ld = Graph().parse(f"{dumps}.ttl"), Graph().parse(f"{dumps}.jsonld")
    assert len(turtle) == len(json_ld) > 500
    query = "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }"
    for suffix in ("ttl", "nq"):
        command: list[str | Path] = [COMUNICA, f"{dumps}.{suffix}", query, "-t", "application/sparql-results+json"]
        answer = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=True).stdout
        assert int(json.loads(answer)["results"]["bindings"][0]["n"]["value"]) == len(turtle)


def test_comunica_joins_the_endpoint_with_a_document(served: str) -> None:
    query = STATES.replace("}", ". ?s <http://www.w3.org/2000/01/rdf-schema#label> ?label }").replace("?s", "?label", 1)
    sources = [f"sparql@{served}sparql", f"{served}doc/state/avalon.ttl"]
    answer = subprocess.run(
        [COMUNICA, *sources, query], capture_output=True, text=True, timeout=PATIENCE, check=True
    ).stdout
    assert "Avalon" in answer


def test_curl_asks_as_the_readme_says(served: str) -> None:
    command = ["curl", "-sf", f"{served}sparql", "-H", "Accept: text/csv", "--data-urlencode", f"query={STATES}"]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=True).stdout
    assert answer.split() == ["s", *FOUND]


def test_curl_unpacks_what_is_compressed(served: str) -> None:
    query = "SELECT * { ?s ?p ?o } ORDER BY ?s ?p STR(?o)"
    command = ["curl", "-sf", f"{served}sparql", "-H", "Accept: text/csv", "--data-urlencode", f"query={query}"]
    plain, packed = (
        subprocess.run([*command, *more], capture_output=True, timeout=PATIENCE, check=True).stdout
        for more in ([], ["--compressed"])
    )
    assert plain == packed
