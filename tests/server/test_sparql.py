"""SPARQL: the protocol's three request forms, the result formats, and what is refused."""

import csv
import io
import xml.etree.ElementTree as ET
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import pytest
from flask.testing import FlaskClient

from tests.conftest import serving

SELECT = "SELECT ?s WHERE { ?s a <http://localhost:8000/ontology#State> } ORDER BY ?s"
QUERY = {"Content-Type": "application/sparql-query"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.mark.parametrize(
    "request_",
    [
        {"method": "GET", "query_string": {"query": SELECT}},
        {"method": "POST", "data": {"query": SELECT}},
        {"method": "POST", "data": SELECT, "headers": QUERY},
        {"method": "POST", "data": SELECT, "headers": {"Content-Type": "application/sparql-query; charset=utf-8"}},
        {"method": "GET", "query_string": {"query": SELECT, "format": "nonsense", "output": "x", "results": "y"}},
    ],
)
def test_each_form_of_request_gets_the_same_answer(request_: dict[str, object], client: FlaskClient) -> None:
    response = client.open("/sparql", **request_)
    assert response.mimetype == "application/sparql-results+json"
    found = [row["s"]["value"] for row in response.get_json(force=True)["results"]["bindings"]]
    assert found == [f"http://localhost:8000/id/state/{name}" for name in ("avalon", "lyonesse")]


def test_solutions_come_in_four_formats(client: FlaskClient) -> None:
    def answer(accept: str) -> str:
        response = client.get("/sparql", query_string={"query": SELECT}, headers={"Accept": accept})
        assert response.mimetype == accept
        return response.get_data(as_text=True)

    assert len(ET.fromstring(answer("application/sparql-results+xml"))[1]) == 2
    assert len(list(csv.reader(io.StringIO(answer("text/csv"))))) == 3
    assert answer("text/tab-separated-values").startswith("?s\n<http")
    assert '"bindings"' in answer("application/sparql-results+json")
    assert "<table>" in answer("text/html")


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("*/*", "text/turtle"),
        ("text/turtle", "text/turtle"),
        ("application/n-triples", "application/n-triples"),
        ("application/rdf+xml", "application/rdf+xml"),
        ("application/ld+json", "application/ld+json"),
        ("text/html", "text/html"),
    ],
)
def test_triples_come_in_every_format(accept: str, expected: str, client: FlaskClient) -> None:
    query = "DESCRIBE <http://localhost:8000/id/state/avalon>"
    response = client.get("/sparql", query_string={"query": query}, headers={"Accept": accept})
    assert response.mimetype == expected
    assert "avalon" in response.get_data(as_text=True)


def test_ask_answers_a_boolean_and_has_no_csv(client: FlaskClient) -> None:
    asked = {"query": "ASK { ?s ?p ?o }"}
    assert client.get("/sparql", query_string=asked).get_json(force=True)["boolean"] is True
    assert client.get("/sparql", query_string=asked, headers={"Accept": "text/csv"}).status_code == 406


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        ({"method": "POST", "data": {"update": "CLEAR ALL"}}, 403),
        ({"method": "GET", "query_string": {"update": "CLEAR ALL"}}, 403),
        ({"method": "POST", "data": "CLEAR ALL", "headers": {"Content-Type": "application/sparql-update"}}, 403),
        ({"method": "POST", "data": {"query": "PREFIX a: <b:>\n# x\n insert data { <a:b> <a:c> 1 }"}}, 403),
        ({"method": "POST", "data": SELECT, "headers": {"Content-Type": "text/plain"}}, 415),
        ({"method": "POST", "data": SELECT}, 415),
        ({"method": "POST", "data": {"other": "x"}}, 400),
        ({"method": "GET", "query_string": [("query", SELECT), ("query", SELECT)]}, 400),
        ({"method": "GET", "query_string": {"query": ""}}, 400),
        ({"method": "GET", "query_string": {"query": "SELECT nonsense"}}, 400),
        ({"method": "GET", "query_string": {"query": SELECT, "default-graph-uri": "not an iri"}}, 400),
        ({"method": "POST", "data": b"\xff\xfe", "headers": QUERY}, 400),
        ({"method": "POST", "data": "#" * 1_000_001, "headers": QUERY}, 413),
        ({"method": "POST", "data": "query=" + "%23" * 1_000_001, "headers": FORM}, 413),
        ({"method": "GET", "query_string": "query=" + "%23" * 1_000_000}, 414),
        ({"method": "PUT", "query_string": {"query": SELECT}}, 405),
        ({"method": "GET", "query_string": {"query": SELECT}, "headers": {"Accept": "image/png"}}, 406),
    ],
)
def test_what_does_not_follow_the_protocol_is_refused(
    request_: dict[str, object], status: int, client: FlaskClient
) -> None:
    response = client.open("/sparql", **request_)
    assert response.status_code == status
    assert response.get_json(force=True)["status"] == status


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * { SERVICE <L> { ?s ?p ?o } }",
        "SELECT * { service silent <L> { ?s ?p ?o } }",
        "SELECT * { { SELECT * { SeRvIcE ?x { ?s ?p ?o } } } }",
        "SELECT * { SERVICE# comment\n<L> { ?s ?p ?o } }",
        "SELECT * { \\u0053ERVICE <L> { ?s ?p ?o } }",
        "SELECT * { ?s ?p 'a' SERVICE <L> { ?s ?p 'b' } }",
        "SELECT * { ?s ?p '''a'b''' SERVICE<L>{ ?s ?p 'b' } }",
        'SELECT * { VALUES ?z {"""a\\\\"""} SERVICE <L> {?x ?y """b"""} }',
        "SELECT * { ?s ?p ?o FILTER(1<2)SERVICE#>\n<L>{?a ?b ?c} }",
        "SELECT * { ?s ?p ?o FILTER(1<2)SERVICE#a>\r<L>{?a ?b ?c} }",
        "PREFIX : <L> SELECT * { SERVICE:foo { ?s ?p ?o } }",
        "PREFIX : <L> SELECT * { VALUES ?x {UNDEF}SERVICE:x{ ?s ?p ?o } }",
        'SELECT * { VALUES ?z {"\\u0022\\u0023"} SERVICE <L>{ ?s ?p ?o } }',
        'SELECT * { VALUES ?z {"\\u0022 } #"} SERVICE <L>{ ?s ?p ?o } }',
        "PREFIX : <L> SELECT * { ?s ?p 1SERVICE:x { ?s ?p ?o } }",
        "PREFIX e: <x:> SELECT * { ?s <p:> e:.SERVICE <L> { ?s ?p ?o } }",
        'SELECT * { VALUES ?x {"""a" } SERVICE <L> { ?s ?p ?o } #\\q"""\n}',
        "SELECT * { FILTER('<'<'>')SERVICE <L> { ?s ?p ?o }#'\n}",
        "SELECT * { FILTER(1<2#>'''\n)SERVICE <L> { ?s ?p ?o }#'''\n}",
    ],
)
def test_service_is_refused_in_whatever_disguise(query: str, client: FlaskClient) -> None:
    asked = query.replace("<L>", "<http://127.0.0.1:1/>")
    assert client.get("/sparql", query_string={"query": asked}).status_code == 403


@pytest.mark.parametrize(
    "query",
    [
        "SELECT ?service { ?service ?p ?o } LIMIT 1",
        "# SERVICE\nSELECT * { ?s ?p 'SERVICE' } LIMIT 1",
        'SELECT * { ?s ?p "a \\" SERVICE " } LIMIT 1',
        "PREFIX ex: <http://SERVICE/> SELECT * { ?s ex:service ?o } LIMIT 1",
        "PREFIX load: <x:> SELECT * { ?s load:it ?o } LIMIT 1",
        "PREFIX service: <x:> SELECT * { ?s service:a ?Service } LIMIT 1",
        "SELECT * { ?s ?p 'it\\u0027s SERVICE <x:y>' } LIMIT 1",
        "SELECT * { ?s <x:accessService> <x:service:a_(b)'c> } LIMIT 1",
        "SELECT * { ?s ?p 3 FILTER(3<4) FILTER(STRLEN('service')>0) } LIMIT 1",
    ],
)
def test_what_only_looks_like_a_refused_word_is_answered(query: str, client: FlaskClient) -> None:
    assert client.get("/sparql", query_string={"query": query}).status_code == 200


@pytest.mark.parametrize(
    "query",
    [
        "ASK { FILTER(" + "!" * 95_000 + "true) }",
        "ASK { FILTER(" + "(" * 30_000 + "1" + ")" * 30_000 + ") }",
        "ASK { FILTER(" + "+".join(["1"] * 6_000) + " = 1) }",
        "ASK { FILTER(" + "||".join(["?a"] * 6_000) + ") }",
    ],
)
def test_a_query_that_nests_deep_does_not_end_the_process(query: str, client: FlaskClient) -> None:
    assert client.post("/sparql", data=query, headers=QUERY).status_code in (200, 400)


def test_a_body_without_a_length_is_bounded_too(client: FlaskClient) -> None:
    body = io.BytesIO(b"ASK {} #" + b"x" * 5_000_000)
    chunked = {"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"}
    response = client.post("/sparql", input_stream=body, headers=QUERY, environ_overrides=chunked)
    assert response.status_code == 413


def test_head_and_get_agree(client: FlaskClient) -> None:
    for parameters in ({}, {"query": SELECT}):
        get, head = (client.open("/sparql", method=m, query_string=parameters) for m in ("GET", "HEAD"))
        assert (head.status_code, dict(head.headers)) == (get.status_code, dict(get.headers))
    again = client.head("/sparql", query_string={"query": SELECT}, headers={"If-None-Match": get.headers["ETag"]})
    assert again.status_code == 304


def test_from_a_published_graph_works_and_an_unknown_one_is_empty(client: FlaskClient) -> None:
    def count(graph: str) -> int:
        query = f"SELECT (COUNT(*) AS ?n) FROM <{graph}> {{ ?s ?p ?o }}"
        answer = client.get("/sparql", query_string={"query": query}).get_json(force=True)
        return int(answer["results"]["bindings"][0]["n"]["value"])

    for name in ("ontology", "shapes", "dataset", "dataset#inferred"):
        assert count(f"http://localhost:8000/{name}") > 10, name
    assert count("http://localhost:8000/nothing") == 0


def test_the_service_description_lists_every_named_graph(client: FlaskClient) -> None:
    described = client.get("/sparql", headers={"Accept": "text/turtle"}).get_data(as_text=True)
    query = "SELECT DISTINCT ?g { GRAPH ?g { ?s ?p ?o } }"
    answer = client.get("/sparql", query_string={"query": query}).get_json(force=True)
    graphs = [row["g"]["value"] for row in answer["results"]["bindings"]]
    earlier = [graph for graph in graphs if graph.startswith("http://localhost:8000/ontology/")]
    assert (len(graphs), len(earlier)) == (11, 4)
    assert all(f"sd:name <{graph}>" in described for graph in graphs)


def test_the_same_question_again_is_304(client: FlaskClient) -> None:
    first = client.get("/sparql", query_string={"query": SELECT})
    again = client.get("/sparql", query_string={"query": SELECT}, headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304


@pytest.mark.parametrize(
    ("accept", "query"),
    [
        ("application/rdf+xml", "CONSTRUCT { ?s <http://example.org/vocabulary/> ?o } WHERE { ?s a ?o }"),
        ("application/rdf+xml", "CONSTRUCT { ?s <http://example.org/9> ?o } WHERE { ?s a ?o }"),
        ("application/rdf+xml", r"CONSTRUCT { ?s <http://example.org/p> 'a\u0001b' } WHERE { ?s a ?o }"),
        ("application/sparql-results+xml", r"SELECT ('a\u0001b' AS ?x) {}"),
        ("application/sparql-results+xml", r"SELECT ('a\uFFFEb' AS ?x) {}"),
    ],
)
def test_what_xml_cannot_write_is_not_acceptable(accept: str, query: str, client: FlaskClient) -> None:
    response = client.get("/sparql", query_string={"query": query}, headers={"Accept": accept})
    assert response.status_code == 406
    assert accept not in {each["type"] for each in response.get_json(force=True)["variants"]}
    assert client.get("/sparql", query_string={"query": query}).status_code == 200


def test_a_dataset_too_large_for_memory_is_queried_on_disk(sample: Path) -> None:
    with serving("--published", sample, "--max-triples-in-memory", 0) as (url, _):
        for number in range(3):
            address = f"{url}sparql?{urlencode({'query': f'{SELECT} LIMIT {number}'})}"
            with urlopen(Request(address, headers={"Accept": "text/csv"}), timeout=20) as answer:
                assert answer.read().count(b"\n") == min(number, 2) + 1


def test_a_service_that_is_allowed_is_asked_and_no_other(sample: Path, served: str) -> None:
    other = f"{served}sparql"
    query = f"SELECT ?s {{ SERVICE <{other}> {{ ?s a <http://localhost:8000/ontology#State> }} }} ORDER BY ?s"
    with serving("--published", sample, "--allowed-services", other) as (url, _):

        def ask(query: str) -> bytes:
            address = f"{url}sparql?{urlencode({'query': query})}"
            with urlopen(Request(address, headers={"Accept": "text/csv"}), timeout=20) as answer:
                return bytes(answer.read())

        assert ask(query).count(b"/id/state/") == 2
        with pytest.raises(HTTPError, match="403"):
            ask(query.replace(other, f"{other}?"))
