"""SPARQL: the protocol's three request forms, the result formats, and what is refused."""

import csv
import io
import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import pytest
from flask.testing import FlaskClient
from werkzeug.datastructures import MultiDict

from tests.places import ROOT
from tests.serving import serving
from tests.waiting import PATIENCE

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
def test_each_form_of_request_gets_the_same_answer(request_: dict[str, Any], client: FlaskClient) -> None:
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
    request_: dict[str, Any], status: int, client: FlaskClient
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
    ("query", "status"),
    [
        ("ASK { FILTER(" + "!" * 95_000 + "true) }", 200),
        ("ASK { FILTER(" + "(" * 30_000 + "1" + ")" * 30_000 + ") }", 400),
        ("ASK { FILTER(" + "+".join(["1"] * 6_000) + " = 1) }", 200),
        ("ASK { FILTER(" + "||".join(["?a"] * 6_000) + ") }", 200),
    ],
)
def test_a_query_that_nests_deep_does_not_end_the_process(query: str, status: int, client: FlaskClient) -> None:
    assert client.post("/sparql", data=query, headers=QUERY).status_code == status


def test_a_body_without_a_length_is_bounded_too(client: FlaskClient) -> None:
    body = io.BytesIO(b"ASK {} #" + b"x" * 5_000_000)
    chunked = {"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"}
    response = client.post("/sparql", input_stream=body, headers=QUERY, environ_overrides=chunked)
    assert response.status_code == 413


MILLION = {
    "IRIs": f"SELECT * {{ VALUES ?x {{ {'<id/state/avalon> ' * 55_000} }} ?x ?p 3 }}",
    "names": f"PREFIX : <id/state/> SELECT * {{ VALUES ?x {{ {':avalon ' * 124_000} }} ?x ?p 3 }}",
    "numbers": f"SELECT (COUNT(*) AS ?n) {{ VALUES ?x {{ {'1 ' * 499_900} }} }}",
    "letters": f"ASK {{ FILTER(STRLEN('{'é' * 499_900}') > 3) }}",
    "remarks": "ASK {} # " + "% é" * 249_000,
    "a list in a filter": f"SELECT * {{ ?s a <ontology#State> FILTER(?s IN ({'<id/state/avalon>, ' * 52_000} <x:>)) }}",
}
"""Queries of just under a million bytes."""


@pytest.mark.parametrize("name", MILLION)
def test_a_query_of_a_million_bytes_is_answered_in_either_form(name: str, served: str) -> None:
    query = MILLION[name].encode()
    assert 950_000 < len(query) <= 1_000_000
    encoded = urlencode({"query": query, "default-graph-uri": "", "timeout": 0}).encode()
    answers = []
    for body, headers in ((query, QUERY), (encoded, FORM)):
        with urlopen(Request(f"{served}sparql", body, headers), timeout=PATIENCE) as answer:
            answers.append(answer.read())
    assert answers[0] == answers[1]


def test_a_query_of_more_than_a_million_bytes_is_refused_in_either_form(served: str) -> None:
    query = ("ASK {} #" + "é" * 500_000).encode()
    for body, headers in ((query, QUERY), (urlencode({"query": query}).encode(), FORM)):
        with pytest.raises(HTTPError, match="413"):
            urlopen(Request(f"{served}sparql", body, headers), timeout=PATIENCE)


NESTED = {
    "brackets": ("ASK { FILTER(" + "(" * 190 + "1" + ")" * 190 + ") }"),
    "groups": "ASK " + "{" * 190 + "?s ?p ?o" + "}" * 190,
    "optional groups": "ASK { ?s ?p ?o " + "OPTIONAL { ?s ?p ?o " * 190 + "}" * 190 + "}",
    "negations": "ASK { ?s a ?o " + "FILTER NOT EXISTS { ?s ?p ?o . ?o a ?s " * 95 + "}" * 95 + "}",
    "sub-selects": "ASK { " + "{ SELECT * { " * 95 + "?s ?p ?o" + "} }" * 95 + "}",
    "blank nodes": "ASK { ?s ?p " + "[ ?p " * 60 + "1" + "]" * 60 + "}",
    "paths": "ASK { ?s " + "(" * 190 + "<a:b>" + ")*" * 190 + " ?o }",
    "conditions": "ASK { FILTER(" + "IF(true, " * 190 + "1" + ", 2)" * 190 + ") }",
}


@pytest.mark.parametrize("name", NESTED)
def test_a_query_that_nests_as_deep_as_may_be_is_answered(name: str, served: str) -> None:
    with urlopen(Request(f"{served}sparql", NESTED[name].encode(), QUERY), timeout=PATIENCE) as answer:
        assert b"boolean" in answer.read()


@pytest.mark.parametrize(
    "query",
    [
        "ASK { <id/state/avalon> a <ontology#State> }",
        "BASE <id/> ASK { <state/avalon> a <../ontology#State> }",
        "BASE <http://localhost:8000/id/state/> ASK { <avalon> a </ontology#State> }",
        "PREFIX o: <ontology#> PREFIX s: <id/state/> ASK { s:avalon a o:State }",
        "BASE <ontology> PREFIX o: <#> ASK { </id/state/avalon> a o:State }",
        "ASK FROM <ontology> { <ontology#State> a ?class }",
        "ASK FROM NAMED <ontology> { GRAPH <ontology> { <ontology#State> a ?class } }",
        "ASK { GRAPH <ontology> { <ontology#State> a ?class } }",
        "ASK { VALUES ?s { <id/state/avalon> } ?s a <ontology#State> }",
        "ASK { ?s a ?type FILTER(?s = IRI('id/state/avalon') && ?type = URI('ontology#State')) }",
        "ASK { <id/state/avalon> (<ontology#x>|a)/<ontology#y>* <ontology#State> }",
        "ASK { ?s a <ontology#State> FILTER EXISTS { ?t a <ontology#State> . ?t ?p ?s } FILTER(1 = 2) } # none",
        "ASK { FILTER(STRDT('a', <t>) = 'a'^^<http://localhost:8000/t>) }",
        "ASK { FILTER(<> = <http://localhost:8000/> && <?a#b> = <http://localhost:8000/?a#b>) }",
    ],
)
def test_relative_iris_are_resolved_against_the_base_of_the_dataset(query: str, client: FlaskClient) -> None:
    expected = not query.endswith("# none")
    for asked in ({"query_string": {"query": query}}, {"method": "POST", "data": query, "headers": QUERY}):
        assert client.open("/sparql", **asked).get_json(force=True) == {"head": {}, "boolean": expected}


def test_what_is_described_and_constructed_may_be_relative(client: FlaskClient) -> None:
    nt = {"Accept": "application/n-triples"}
    described = client.get("/sparql", query_string={"query": "DESCRIBE <id/state/avalon>"}, headers=nt)
    assert described.data.startswith(b"<http://localhost:8000/id/state/avalon> ")
    made = client.get("/sparql", query_string={"query": "CONSTRUCT { <a> <b> 'c'^^<d> } WHERE {}"}, headers=nt)
    place = "http://localhost:8000/"
    assert made.text == f'<{place}a> <{place}b> "c"^^<{place}d> .\n'


def test_a_fault_beside_a_relative_iri_is_told_at_its_place(client: FlaskClient) -> None:
    problem = client.get("/sparql", query_string={"query": "PREFIX o: <o#>\nASK { <a> o:b }"}).get_json(force=True)
    assert (problem["status"], problem["line"], problem["column"]) == (400, 2, 15)


@pytest.mark.parametrize(
    "query", ["ASK { SERVICE <sparql> { ?s ?p ?o } }", "ASK { <a> <b> <c> SERVICE <L> { <a> ?p ?o } }"]
)
def test_service_is_refused_beside_relative_iris(query: str, client: FlaskClient) -> None:
    asked = {"query": query.replace("<L>", "<http://127.0.0.1:1/>")}
    assert client.get("/sparql", query_string=asked).status_code == 403


def test_a_page_tells_what_a_relative_term_may_have_meant(client: FlaskClient) -> None:
    asked = {"query": "SELECT * { ?s a <ontology#Stat> }"}
    page = client.get("/sparql", query_string=asked, headers={"Accept": "text/html"}).text
    assert "&lt;ontology#State&gt;" in page


@pytest.mark.parametrize("place", [0, 5, 6, 9])
@pytest.mark.parametrize(
    "character", ["\u00a0", "\u000b", "\u000c", "\ufeff", "\u200b", "\u2028", "\u3000", "\u00ad", "\u201c", "\0"]
)
def test_a_character_that_belongs_to_no_query_is_a_problem_with_its_place(
    character: str, place: int, client: FlaskClient
) -> None:
    query = "ASK {\n ?s ?p ?o }"
    query = query[:place] + character + query[place:]
    response = client.post("/sparql", data=query.encode(), headers=QUERY)
    if character == "\ufeff" and not place:
        assert response.status_code == 200
        return
    problem = response.get_json(force=True)
    assert problem["status"] == 400
    assert f"U+{ord(character):04X} " in problem["detail"]
    assert (problem["line"], problem["column"]) == ((1, place + 1) if place < 6 else (2, place - 5))
    assert problem["hint"]


@pytest.mark.parametrize("accept", ["text/turtle", "application/trig", "application/rdf+xml"])
@pytest.mark.parametrize(
    ("query", "used"),
    [
        ("DESCRIBE <id/state/avalon>", None),
        ("CONSTRUCT { <a> <b> <c> } WHERE {}", set()),
        ("CONSTRUCT { <a> <ontology#b> 'skos:x' } WHERE {}", {"osce"}),
        ("CONSTRUCT WHERE { ?s ?p ?o }", None),
        ("CONSTRUCT { ?s ?p ?o } WHERE { GRAPH ?g { ?s ?p ?o } }", None),
    ],
)
def test_triples_declare_the_prefixes_that_they_use(
    query: str, used: set[str] | None, accept: str, client: FlaskClient
) -> None:
    text = client.get("/sparql", query_string={"query": query}, headers={"Accept": accept}).text
    declaration = r'@prefix ([\w-]+): .*|\sxmlns:([\w-]+)="[^"]*"'
    names = {first or second for first, second in re.findall(declaration, text)} - {"rdf", "its"}
    body = re.sub(declaration, "", text)
    assert names == used if used is not None else names
    assert [name for name in names if f"{name}:" not in body] == []
    assert not re.findall(r"[\s<](osce|rdfs|skos|dcterms):", body) or names


@pytest.mark.parametrize(
    ("parameters", "status"),
    [
        *(({"timeout": given}, 200) for given in ("", "0", "0.0", " 500 ", "1e3", "inf")),
        *(({"timeout": given}, 400) for given in ("-1", "-0.5", "nan", "soon", "5s", "1,5")),
        *(({name: ""}, 200) for name in ("default-graph-uri", "named-graph-uri", "format", "view", "version2")),
        ([("default-graph-uri", ""), ("default-graph-uri", "ontology")], 200),
    ],
)
def test_fields_that_a_form_leaves_empty_are_no_wish(parameters: Any, status: int, client: FlaskClient) -> None:
    pairs = [*(parameters.items() if isinstance(parameters, dict) else parameters)]
    given = [("query", "ASK { ?s a ?o }"), *pairs]
    for response in (client.get("/sparql", query_string=given), client.post("/sparql", data=MultiDict(given))):
        assert response.status_code == status
        found = response.get_json(force=True)
        assert found["boolean"] if status == 200 else found["hint"]


@pytest.mark.parametrize(
    ("accept", "query", "suffix"),
    [
        ("text/csv", SELECT, "csv"),
        ("text/tab-separated-values", SELECT, "tsv"),
        ("application/sparql-results+xml", SELECT, "xml"),
        ("application/json", "ASK {}", "json"),
        ("text/turtle", "DESCRIBE <id/state/avalon>", "ttl"),
        ("application/n-triples", "CONSTRUCT WHERE { ?s ?p ?o }", "nt"),
        ("text/html", SELECT, None),
    ],
)
def test_a_result_is_saved_under_a_name_with_the_version(
    accept: str, query: str, suffix: str | None, client: FlaskClient
) -> None:
    version = client.get("/status").get_json()["version"]
    response = client.get("/sparql", query_string={"query": query}, headers={"Accept": accept})
    expected = f'inline; filename="osce-kg-{version}-results.{suffix}"' if suffix else None
    assert response.headers.get("Content-Disposition") == expected


def test_what_takes_too_long_tells_its_likely_cause_to_people_too(client: FlaskClient) -> None:
    query = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c .\n ?d ?e ?f . ?g ?h ?i }"
    asked = {"query": query, "timeout": 0.2}
    problem = client.get("/sparql", query_string=asked).get_json(force=True)
    assert (problem["status"], problem["line"], problem["column"]) == (503, 2, 13)
    assert "2:13: this pattern shares no variable" in problem["detail"]
    page = client.get("/sparql", query_string=asked, headers={"Accept": "text/html"})
    assert "two queries" in page.text


def test_head_and_get_agree(client: FlaskClient) -> None:
    for parameters in ({}, {"query": SELECT}):
        get, head = (client.open("/sparql", method=m, query_string=parameters) for m in ("GET", "HEAD"))
        assert (head.status_code, dict(head.headers)) == (get.status_code, dict(get.headers))
    again = client.head("/sparql", query_string={"query": SELECT}, headers={"If-None-Match": get.headers["ETag"]})
    assert again.status_code == 304


def test_from_a_published_graph_works_and_an_unknown_one_is_empty(client: FlaskClient) -> None:
    def count(graph: str) -> int:
        query = f"SELECT (COUNT(*) AS ?n) FROM <{graph}> {{ ?s ?p ?o }}"  # noqa: S608 (no SQL)
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
    versions = [path.stem for path in (ROOT / "ontology/versions").glob("*.ttl")]
    assert sorted(graph.rpartition("/")[2] for graph in earlier) == sorted(versions)
    assert len(graphs) - len(earlier) == 7
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
            with urlopen(Request(address, headers={"Accept": "text/csv"}), timeout=PATIENCE) as answer:
                assert answer.read().count(b"\n") == min(number, 2) + 1


def test_a_service_that_is_allowed_is_asked_and_no_other(sample: Path, served: str) -> None:
    other = f"{served}sparql"
    query = f"SELECT ?s {{ SERVICE <{other}> {{ ?s a <http://localhost:8000/ontology#State> }} }} ORDER BY ?s"
    with serving("--published", sample, "--allowed-services", other) as (url, _):

        def ask(query: str) -> bytes:
            address = f"{url}sparql?{urlencode({'query': query})}"
            with urlopen(Request(address, headers={"Accept": "text/csv"}), timeout=PATIENCE) as answer:
                return bytes(answer.read())

        assert ask(query).count(b"/id/state/") == 2
        with pytest.raises(HTTPError, match="403"):
            ask(query.replace(other, f"{other}?"))
