"""The engine: what the interface promises holds of each engine, and the server shows the same by each.

The second engine is a server of the same dataset, asked by the SPARQL 1.1 Protocol: it has the members of the interface
and nothing else of ours.
"""

import re
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import pytest
from flask.testing import FlaskClient
from pyoxigraph import Literal, NamedNode, QueryResultsFormat, RdfFormat, Triple, parse, parse_query_results

from kg.dataset.layout import Dataset
from kg.dataset.opening import open_engine
from kg.names import Names
from kg.sparql.engine import Engine, Solutions, syntax_error
from server.app import create_app
from tests.waiting import PATIENCE


class RemoteEngine:
    """An engine at the address of an endpoint (SPARQL 1.1 Protocol, 2.1)."""

    name = "remote"
    version = "1.1"

    def __init__(self, url: str, names: Names) -> None:
        self._url, self._names = url, names
        self.asked = 0

    def ask(self, query: str) -> bool:
        return b'"boolean":true' in self._answer(query, "application/sparql-results+json", b'"boolean"')

    def select(self, query: str) -> Solutions:
        answer = self._answer(query, "application/sparql-results+json", b'"results"')
        found: Any = parse_query_results(answer, QueryResultsFormat.JSON)
        return Solutions(tuple(variable.value for variable in found.variables), map(tuple, found))

    def construct(self, query: str) -> Iterator[Triple]:
        answer = self._answer(query, "application/n-triples", b"")
        return (quad.triple for quad in parse(answer, format=RdfFormat.N_TRIPLES))

    def graph(self, name: str) -> Iterator[Triple]:
        return self.construct(f"CONSTRUCT {{ ?s ?p ?o }} {{ GRAPH <{name}> {{ ?s ?p ?o }} }}")

    def _answer(self, query: str, media: str, marker: bytes) -> bytes:
        """The body of an answer, which holds the marker; TypeError for one of another form."""
        self.asked += 1
        prologue = " ".join(f"PREFIX {prefix}: <{iri}>" for prefix, iri in self._names.prefixes.items())
        body = urlencode({"query": f"{prologue} {query}"}).encode()
        try:
            with urlopen(Request(f"{self._url}sparql", body, {"Accept": media})) as response:
                content = response.read()
        except HTTPError as error:
            raise {400: SyntaxError, 406: TypeError}.get(error.code, OSError)(error.read().decode()) from error
        if marker not in content:
            raise TypeError(f"the query is of another form: {query}")
        return bytes(content)


ENGINES: dict[str, Callable[[Dataset, str], Engine]] = {
    "oxigraph": lambda dataset, _: open_engine(dataset),
    "remote": lambda dataset, url: RemoteEngine(url, dataset.names),
}


@pytest.fixture(scope="module", params=ENGINES)
def each(request: pytest.FixtureRequest, sample: Path, served: str) -> Engine:
    """An engine on the sample world."""
    return ENGINES[request.param](Dataset.current(sample), served)


@pytest.fixture(scope="module")
def remote(sample: Path, served: str) -> RemoteEngine:
    return RemoteEngine(served, Dataset.current(sample).names)


@pytest.fixture(scope="module")
def other(sample: Path, remote: RemoteEngine) -> FlaskClient:
    """A client of the application on the sample world, by the second engine."""
    return create_app(Dataset.current(sample), {"max-query-seconds": PATIENCE}, engine=remote).test_client()


AVALON = "<id/state/avalon>"


def test_an_engine_has_a_name_and_a_version(each: Engine) -> None:
    assert each.name in ENGINES
    assert each.version.split(".")[0].isdigit()


def test_an_engine_tells_true_from_false(each: Engine) -> None:
    assert each.ask(f"ASK {{ {AVALON} a osce:State }}") is True
    assert each.ask(f"ASK {{ {AVALON} a osce:Person }}") is False


def test_the_prefixes_and_the_base_of_the_dataset_are_known_and_may_be_declared_anew(each: Engine) -> None:
    assert each.ask(f"PREFIX osce: <ontology#> PREFIX x: <id/state/> ASK {{ {AVALON} a osce:State . x:avalon ?p ?o }}")


def test_solutions_are_terms_by_variable_and_by_position(each: Engine) -> None:
    query = f'SELECT ?z ?none ?a {{ BIND({AVALON} AS ?z) BIND("a"@en AS ?a) }}'
    solutions = each.select(query)
    iri = solutions.variables and next(iter(each.select(query)))["z"]
    assert solutions.variables == ("z", "none", "a")
    assert [*map(tuple, solutions.rows)] == [(iri, None, Literal("a", language="en"))]
    assert [*solutions] == [], "solutions are read once"
    assert [*each.select(query)] == [{"z": iri, "a": Literal("a", language="en")}]
    assert isinstance(iri, NamedNode)
    assert iri.value.endswith("/id/state/avalon")


def test_the_columns_of_all_variables_come_in_the_order_in_which_they_are_named(each: Engine) -> None:
    assert each.select("SELECT * { ?z a ?y ; rdfs:label ?x }").variables == ("z", "y", "x")


@pytest.mark.parametrize("query", ["CONSTRUCT { ?s a ?o } WHERE { ?s a ?o }", f"DESCRIBE {AVALON}"])
def test_triples_are_those_of_construct_and_of_describe(query: str, each: Engine) -> None:
    found = [*each.construct(query)]
    assert len(found) > 3
    assert {type(triple) for triple in found} == {Triple}


def test_a_graph_has_its_triples_each_once_and_one_that_is_not_there_has_none(each: Engine, sample: Path) -> None:
    names = Dataset.current(sample).names
    found = [*each.graph(names.ontology)]
    assert len(found) == len({*found}) > 1000
    assert [*each.graph("http://example.org/none")] == []


def test_blank_nodes_have_the_labels_of_the_dataset(each: Engine, sample: Path) -> None:
    shapes = Dataset.current(sample).names.shapes
    written = (sample / "current" / "data.nq").read_text(encoding="utf-8")
    labels = {str(triple.subject) for triple in each.graph(shapes) if str(triple.subject).startswith("_:")}
    assert len(labels) > 100
    assert all(f"\n{label} " in written for label in labels)


FORMS = {"ASK": "ASK {}", "SELECT": "SELECT ?x {}", "CONSTRUCT": "CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o }"}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("method", ["ask", "select", "construct"])
def test_a_query_of_another_form_is_a_type_error(method: str, form: str, each: Engine) -> None:
    if method == form.lower():
        getattr(each, method)(FORMS[form])
        return
    with pytest.raises(TypeError):
        getattr(each, method)(FORMS[form])


@pytest.mark.parametrize("method", ["ask", "select", "construct"])
@pytest.mark.parametrize(
    "text", ["", "ASK {", "SELECT ?x", "CONSTRUCT { ?s ?p }", "nonsense", "ASK { ?s no:where ?o }"]
)
def test_a_text_that_is_no_query_is_a_syntax_error_before_an_answer_is_read(
    method: str, text: str, each: Engine
) -> None:
    with pytest.raises(SyntaxError):
        getattr(each, method)(text)
    assert syntax_error(each, text)


@pytest.mark.parametrize("query", FORMS.values())
def test_nothing_is_said_against_a_query_of_any_form(query: str, each: Engine) -> None:
    assert syntax_error(each, query) == ""


@pytest.mark.parametrize(
    "path",
    [
        *("/", "/index.ttl", "/doc/state/avalon.html", "/doc/state/avalon.fr.html", "/doc/state/avalon.ttl"),
        *("/doc/state/avalon.jsonld", "/doc/state/avalon.yaml", "/doc/organization/round-table.html"),
        *("/doc/state", "/doc/state.ttl", "/doc/release?sort=-date&size=1", "/doc/state?participation.since.from=1900"),
        *("/doc/state?label=Avalonn", "/ontology.html", "/ontology.ttl", "/shapes.ttl", "/dataset.jsonld", "/terms"),
        *("/search?q=quest", "/search.atom?q=quest", "/sparql.ttl", "/sitemap.xml", "/openapi.json", "/quality"),
    ],
)
def test_the_server_answers_the_same_by_another_engine(
    path: str, client: FlaskClient, other: FlaskClient, remote: RemoteEngine
) -> None:
    expected, found = client.get(path), other.get(path)
    assert expected.status_code == 200
    assert found.data == expected.data
    assert found.headers["ETag"] == expected.headers["ETag"]
    assert remote.asked > 0


@pytest.mark.parametrize(
    ("path", "code"),
    [("/id/state/avalon", 303), ("/id/state/none", 404), ("/graph?graph=http://example.org/none", 404)],
)
def test_another_engine_knows_what_there_is(path: str, code: int, client: FlaskClient, other: FlaskClient) -> None:
    assert client.get(path).status_code == other.get(path).status_code == code


def test_the_status_names_the_engine(client: FlaskClient, other: FlaskClient) -> None:
    assert [each.get("/status").get_json()["engine"] for each in (client, other)] == ["oxigraph", "remote"]


class NotingEngine:
    """The embedded engine, which notes what it is asked."""

    name, version = "noting", "1"

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.asked: list[str] = []

    def ask(self, query: str) -> bool:
        self.asked.append(query)
        return self._engine.ask(query)

    def select(self, query: str) -> Solutions:
        self.asked.append(query)
        return self._engine.select(query)

    def construct(self, query: str) -> Iterator[Triple]:
        self.asked.append(query)
        return self._engine.construct(query)

    def graph(self, name: str) -> Iterator[Triple]:
        self.asked.append(name)
        return self._engine.graph(name)


@pytest.mark.parametrize("suffix", ["html", "ttl", "yaml"])
def test_a_document_about_a_thing_asks_no_question_twice(suffix: str, sample: Path) -> None:
    dataset = Dataset.current(sample)
    engine = NotingEngine(open_engine(dataset))
    client = create_app(dataset, engine=engine).test_client()
    engine.asked.clear()
    assert client.get(f"/doc/state/avalon.{suffix}").status_code == 200
    assert engine.asked
    assert len(engine.asked) == len({*engine.asked})
    assert sum("/id/state/avalon> FILTER" in query for query in engine.asked) == (suffix != "yaml")


@pytest.mark.parametrize(("path", "views"), [("state/austria", 6), ("release/100526", 0)])
def test_a_page_of_a_thing_asks_for_each_label_and_each_statement_once(path: str, views: int, real: Path) -> None:
    dataset = Dataset.current(real)
    engine = NotingEngine(open_engine(dataset))
    client = create_app(dataset, engine=engine).test_client()
    engine.asked.clear()
    assert client.get(f"/doc/{path}.html").status_code == 200
    for question, times in (("?s rdfs:label ?label", 1 + (views > 0)), ("CONSTRUCT { ?s ?p ?o } WHERE { VALUES", 2)):
        subjects = [re.findall(r"<[^>]+>", query) for query in engine.asked if question in query]
        assert len(subjects) == times
        assert all(subjects), "nothing is asked about nothing"
        assert len({*chain(*subjects)}) == len([*chain(*subjects)])
    assert len(engine.asked) == 2 + 1 + 1 + 1 + (views > 0) + views, "statements, links, source, labels, views"
