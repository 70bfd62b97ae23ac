"""Things: 303 to documents, and documents exact in every variant."""

import json
import re
from typing import Any

import pytest
from flask.testing import FlaskClient
from pyoxigraph import Quad
from rdflib import Graph, URIRef
from rdflib.namespace import RDF, RDFS

from kg.rdflib_graphs import to_triples
from kg.steps.model import canonical
from tests.building import model
from tests.places import SAMPLE

AVALON = "/doc/state/avalon"
RDFLIB = {"ttl": "turtle", "nt": "nt", "rdf": "xml", "trig": "turtle", "nq": "nt"}
THING = "http://localhost:8000/id/state/avalon"


def graph(client: FlaskClient, path: str, suffix: str) -> Graph:
    """A variant of a document, parsed by rdflib; the context of JSON-LD is taken from the server."""
    body = client.get(f"{path}.{suffix}").get_data(as_text=True)
    if suffix != "jsonld":
        return Graph().parse(data=body, format=RDFLIB[suffix])
    document: dict[str, Any] = json.loads(body)
    document["@context"] = client.get("/ontology/context.jsonld").get_json(force=True)["@context"]
    return from_json_ld(json.dumps(document))


def from_json_ld(text: str) -> Graph:
    """JSON-LD, parsed by rdflib."""
    return Graph().parse(data=text, format="json-ld")


def named(graph: Graph) -> set[Quad]:
    """The triples with canonical names for the blank nodes (RDFC-1.0): the same for isomorphic graphs."""
    return set(canonical({"urn:x": to_triples(graph)}))


def isomorphic(one: Graph, other: Graph) -> bool:
    """True for the same triples, whatever the blank nodes are called."""
    return named(one) == named(other)


@pytest.mark.parametrize("accept", ["text/html", "text/turtle", "image/png", "*/*"])
def test_a_known_thing_answers_303_whatever_is_accepted(accept: str, client: FlaskClient) -> None:
    response = client.get("/id/state/avalon", headers={"Accept": accept})
    assert (response.status_code, response.headers["Location"]) == (303, AVALON)


@pytest.mark.parametrize(
    "path", ["/id/state/x", "/doc/state/x", "/doc/state/x.ttl", "/id/state/Avalon", "/doc/x", "/x"]
)
def test_what_is_unknown_answers_404(path: str, client: FlaskClient) -> None:
    assert client.get(path).status_code == 404


@pytest.mark.parametrize(
    "path", ['/id/state/a"b', "/doc/state/a>%20<b", "/doc/%22/x", "/doc/state/..%2f..", "/doc/state/avalon."]
)
def test_a_path_that_is_no_name_answers_404(path: str, client: FlaskClient) -> None:
    assert client.get(path).status_code == 404


@pytest.mark.parametrize(
    "path", [AVALON, "/doc/release/2000-01", "/doc/state", "/ontology", "/shapes", "/dataset", "/sparql"]
)
def test_every_format_carries_the_same_triples(path: str, client: FlaskClient) -> None:
    turtle = named(graph(client, path, "ttl"))
    assert len(turtle) > 5
    for suffix in ("nt", "rdf", "trig", "nq", "jsonld"):
        assert named(graph(client, path, suffix)) == turtle, suffix


def test_a_table_of_parts_has_no_column_that_only_leads_back(client: FlaskClient) -> None:
    page = client.get("/doc/state/avalon.html").get_data(as_text=True)
    table = page.partition('<table class="parts stacked">')[2].partition("</table>")[0]
    assert "#status" in table
    assert "#participationOf" not in table


def facts(client: FlaskClient, path: str) -> list[tuple[str, str]]:
    """What a page lists, as properties with their values, those of parts too."""
    page = client.get(f"/doc/{path}.html").get_data(as_text=True)
    rows = re.findall(r'<dt><a href="/ontology#(\w+)">[^<]*</a></dt>(.*?)(?=<dt>|</dl>)', page, re.DOTALL)
    return [(name, value) for name, row in rows for value in re.findall(r"<dd>\s*<(?:a|span)[^>]*>([^<]+)<", row)]


def test_a_value_is_shown_once_as_that_of_the_narrowest_property(real_client: FlaskClient) -> None:
    engagements = "release/2018-09-27-minsk-group-co-chairs-meet-foreign-ministers-of-armenia-and"
    shown = facts(real_client, engagements)
    assert ("counterpart", "Zohrab Mnatsakanyan") in shown
    assert "participant" not in {name for name, _ in shown}
    elections = facts(real_client, "field-of-work/elections")
    assert ("responsibleStructure", "Office for Democratic Institutions and Human Rights") in elections
    assert [value for name, value in elections if name == "involvedStructure"] == ["Parliamentary Assembly"]


def test_what_links_by_a_narrower_property_is_not_listed_again(real_client: FlaskClient) -> None:
    page = real_client.get("/doc/chairpersonship/2018.html").get_data(as_text=True)
    incoming = re.findall(r'<small><a href="/ontology#(\w+)">', page)
    assert "counterpart" in incoming
    assert "participant" not in incoming


def test_what_the_shapes_hide_is_in_the_data_and_on_no_page(real_client: FlaskClient) -> None:
    path = "release/2018-09-27-minsk-group-co-chairs-meet-foreign-ministers-of-armenia-and"
    assert "key" not in {name for name, _ in facts(real_client, path)}
    assert 'osce:key "with-foreign-ministers"' in real_client.get(f"/doc/{path}.ttl").get_data(as_text=True)


def test_the_statements_of_a_part_stand_beside_its_row(real_client: FlaskClient) -> None:
    page = real_client.get("/doc/post/secretary-general.html").get_data(as_text=True)
    table = page.partition('<table class="parts stacked">')[2].partition("</table>")[0]
    head, _, body = table.partition("</thead>")
    assert "#holder" in head
    assert "#statement" not in head
    assert body.count("<summary>statement</summary>") == body.count("<tr") > 5


def test_a_document_describes_its_thing_and_its_parts_with_labels_of_what_they_mention(client: FlaskClient) -> None:
    found = graph(client, AVALON, "ttl")
    part = URIRef(THING + "#participation-2004-02-29")
    assert (URIRef(THING), RDFS.label, None) in found
    assert (part, RDF.type, None) in found
    assert (URIRef("http://localhost:8000/ontology#participating"), RDFS.label, None) in found
    assert (URIRef("http://localhost:8000/id/reference/almanac"), RDFS.label, None) in found


def test_json_ld_reads_like_the_source(client: FlaskClient) -> None:
    document = client.get(f"{AVALON}.jsonld").get_json(force=True)
    assert document["id"] == THING
    assert document["label"] == {"en": "Avalon", "fr": "Avallon"}
    assert document["isoCode"] == "NO"
    assert "State" in document["type"]
    assert document["participation"][0]["since"] == {
        "@value": "1999",
        "@type": "http://www.w3.org/2001/XMLSchema#gYear",
    }
    assert document["participation"][0]["status"]["label"]["de"] == "Asiatischer Kooperationspartner"


def test_json_ld_works_offline_with_the_context_inline(client: FlaskClient) -> None:
    body = client.get(f"{AVALON}.jsonld?context=inline").get_data(as_text=True)
    assert isomorphic(from_json_ld(body), graph(client, AVALON, "ttl"))


@pytest.mark.parametrize("suffix", ["html", "ttl", "jsonld", "nt", "rdf"])
def test_head_and_get_agree(suffix: str, client: FlaskClient) -> None:
    get, head = client.get(f"{AVALON}.{suffix}"), client.head(f"{AVALON}.{suffix}")
    assert head.data == b""
    assert int(head.headers["Content-Length"]) == len(get.data)
    assert {**get.headers, "Date": ""} == {**head.headers, "Date": ""}


def test_each_variant_has_a_strong_etag_of_its_own(client: FlaskClient) -> None:
    tags = [client.get(f"{AVALON}.{suffix}").headers["ETag"] for suffix in ("html", "ttl", "jsonld", "nt", "rdf")]
    assert len(set(tags)) == len(tags)
    assert not any(tag.startswith("W/") for tag in tags)


def test_304_is_decided_after_negotiation_and_says_how_the_answer_varies(client: FlaskClient) -> None:
    turtle = client.get(AVALON, headers={"Accept": "text/turtle"})
    tag = turtle.headers["ETag"]
    again = client.get(AVALON, headers={"Accept": "text/turtle", "If-None-Match": tag})
    assert again.status_code == 304
    for name in ("ETag", "Vary", "Content-Location", "Cache-Control", "Link"):
        assert again.headers[name] == turtle.headers[name], name
    assert client.get(AVALON, headers={"Accept": "text/html", "If-None-Match": tag}).status_code == 200


def test_a_negotiated_answer_names_its_variant_and_what_it_varies_by(client: FlaskClient) -> None:
    response = client.get(AVALON, headers={"Accept": "application/ld+json"})
    assert response.headers["Content-Type"] == "application/ld+json"
    assert response.headers["Content-Location"] == f"{AVALON}.jsonld"
    assert response.vary.as_set() == {"accept", "accept-language", "accept-encoding", "accept-profile"}
    assert f'<{AVALON}.ttl>; rel="alternate"; type="text/turtle"' in response.headers["Link"]


def test_nothing_acceptable_is_406_with_the_list(client: FlaskClient) -> None:
    response = client.get(AVALON, headers={"Accept": "image/png"})
    assert response.status_code == 406
    assert {"type": "text/turtle", "url": f"{AVALON}.ttl"} in response.get_json(force=True)["variants"]


def test_a_page_speaks_in_labels_and_links_on_this_host(client: FlaskClient) -> None:
    page = client.get(f"{AVALON}.html").get_data(as_text=True)
    for text in ("<h1>Avalon</h1>", "Participating State", "ISO code", 'href="/doc/reference/almanac"', ">Camelot<"):
        assert text in page, text
    body = page.partition("<body>")[2]
    assert 'href="http://localhost:8000/' not in body, "what a reader follows stays on this host"


def test_a_page_escapes_what_it_shows(client: FlaskClient) -> None:
    page = client.get("/doc/release/2000-01.html").get_data(as_text=True)
    assert "Seneschal &lt;meets&gt; &#34;Morgan&#34; &amp; others" in page
    assert "<meets>" not in page


def test_a_page_shows_what_links_to_its_thing(client: FlaskClient) -> None:
    page = client.get("/doc/person/morgan-le-fay.html").get_data(as_text=True)
    assert "counterpart" in page
    assert 'href="/doc/release/2000-01#engagement-talks"' in page


def test_a_collection_goes_on_where_the_page_before_ended(client: FlaskClient) -> None:
    first = client.get("/doc/state?size=1")
    assert "avalon" in first.get_data(as_text=True)
    assert "lyonesse" not in first.get_data(as_text=True)
    assert '</doc/state?page=avalon&size=1>; rel="next"' in first.headers["Link"]
    second = client.get("/doc/state?page=avalon&size=1")
    assert "lyonesse" in second.get_data(as_text=True)
    assert 'rel="next"' not in second.headers["Link"]


@pytest.mark.parametrize(
    ("path", "default"),
    [
        ("/", "text/html"),
        (AVALON, "text/turtle"),
        ("/doc/state", "text/turtle"),
        ("/ontology", "text/turtle"),
        ("/shapes", "text/turtle"),
        ("/dataset", "text/turtle"),
        ("/sparql", "text/turtle"),
    ],
)
def test_without_a_wish_the_answer_is(path: str, default: str, client: FlaskClient) -> None:
    assert client.get(path).mimetype == default
    assert client.get(path, headers={"Accept": "text/html"}).mimetype == "text/html"


def test_every_answer_allows_any_origin_without_credentials(client: FlaskClient) -> None:
    for path in ("/", AVALON, "/id/state/avalon", "/nothing", "/status"):
        response = client.get(path)
        assert response.headers["Access-Control-Allow-Origin"] == "*"
        assert "Access-Control-Allow-Credentials" not in response.headers


def test_a_method_that_is_not_allowed_is_405_with_those_that_are(client: FlaskClient) -> None:
    response = client.post(AVALON)
    assert response.status_code == 405
    assert "GET" in response.headers["Allow"]


def test_below_a_sub_path_links_and_redirects_stay_below_it(client: FlaskClient) -> None:
    below = {"SCRIPT_NAME": "/osce"}
    assert client.get("/id/state/avalon", environ_overrides=below).headers["Location"] == "/osce/doc/state/avalon"
    page = client.get(f"{AVALON}.html", environ_overrides=below).get_data(as_text=True)
    assert 'href="/osce/doc/reference/almanac"' in page


def test_status_names_version_and_engine(client: FlaskClient) -> None:
    status = client.get("/status").get_json()
    assert status["status"] == "ok"
    assert status["engine"] == "oxigraph"
    assert len(status["version"]) == 16


def test_beside_each_fact_stands_the_line_of_its_source(client: FlaskClient) -> None:
    checked, files = 0, set[str]()
    for path in sorted(file.stem for file in (SAMPLE / "state").glob("*.yaml")):
        checked += lines_are_right(client, f"state/{path}", files)
    for release in sorted(re.findall(r"^id: (\S+)", (SAMPLE / "release/2000.yaml").read_text(), re.MULTILINE)):
        checked += lines_are_right(client, release, files)
    assert checked > 15
    assert any(text.count("\n---\n") > 0 for text in files), "also of records that share a file"


def lines_are_right(client: FlaskClient, path: str, files: set[str]) -> int:
    """How many facts of a thing name a line of its source; asserts that the value begins on it, after its key."""
    page = client.get(f"/doc/{path}.html").get_data(as_text=True)
    schema = model().schema
    assert schema
    keys = {schema.label(property_.iri): key for key, property_ in schema.properties.items()}
    facts = re.findall(r"– ([^<]+)</span></summary>[^–]*?<code>([^<]+)</code></a>,\s+lines? (\d+)", page)
    for label, name, line in facts:
        text = (SAMPLE.parent / name).read_text()
        files.add(text)
        lines = text.splitlines()[: int(line)]
        at = max(number for number, written in enumerate(lines) if written.startswith(f"{keys[label]}:"))
        assert int(line) - 1 - at <= 1, (path, label, line)
        assert all(written.startswith((" ", "-")) for written in lines[at + 1 :]), (path, label, line)
    return len(facts)
