"""Search: `/search` and `/suggest` as the contract has them, for readers with and without scripts, and for machines."""

import csv
import io
import os
import random
import re
import shutil
import subprocess
import xml.etree.ElementTree as ET
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Browser
from rdflib import RDF, RDFS, Graph, URIRef
from rdflib import Literal as Text

from kg.dataset.layout import Dataset
from kg.sparql.oxigraph import Oxigraph
from server.app import create_app
from tests.building import build_world
from tests.places import SAMPLE
from tests.server.resources.test_things import RDFLIB
from tests.waiting import patient

BASE = "http://localhost:8000/"
HYDRA = "http://www.w3.org/ns/hydra/core#"
FACET = r'<li><a href="([^"]*)" rel="nofollow">[^<]*</a> <span class="count">(\d+)</span>'
"""Where a facet leads on a page, and to how many."""

ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture(scope="module")
def whole(real: Path) -> FlaskClient:
    """A client of the application on the real graph."""
    return create_app(Dataset.current(real)).test_client()


def found(client: FlaskClient, query: str) -> Any:
    """What is found, as JSON; the status is 200."""
    response = client.get(f"/search?{query}", headers={"Accept": "application/json"})
    assert response.status_code == 200, response.get_data(as_text=True)
    assert response.mimetype == "application/json"
    return response.get_json()


def kinds_and_labels(client: FlaskClient, query: str) -> list[tuple[str, str]]:
    return [(result["kind"], result["label"]) for result in found(client, query)["results"]]


def page(client: FlaskClient, path: str) -> str:
    """A page as text; the status is 200."""
    response = client.get(path, headers={"Accept": "text/html"})
    assert response.status_code == 200, response.get_data(as_text=True)
    return response.get_data(as_text=True)


# ── For machines ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_json_is_that_of_the_contract(client: FlaskClient) -> None:
    expected = {"iri": f"{BASE}id/state/avalon", "label": "Avalon", "kind": "state"}
    answer = found(client, "q=republic+avalon")
    assert set(answer) == {"total", "results"}
    assert answer["total"] == 1
    assert answer["results"] == [{**expected, "snippet": "<mark>Republic</mark> of <mark>Avalon</mark>"}]
    suggested = client.get("/suggest?q=aval").get_json()
    assert set(suggested) == {"total", "results"}
    assert suggested["results"][0] == {**expected, "snippet": "<mark>Avalon</mark>"}
    for path in ("/search?q=avalon", "/search.json?q=avalon"):
        assert client.get(path).get_json() == found(client, "q=avalon")


def test_labels_are_in_the_language_that_is_asked_for_else_in_english(client: FlaskClient) -> None:
    assert kinds_and_labels(client, "q=quests&kind=field-of-work&lang=ru") == [("field-of-work", "Поиски")]
    assert kinds_and_labels(client, "q=поиск&kind=field-of-work&lang=ru") == [("field-of-work", "Поиски")]
    assert kinds_and_labels(client, "q=поиски&kind=field-of-work&lang=fr") == [("field-of-work", "Quests")]
    russian = client.get("/suggest?q=поиск", headers={"Accept-Language": "ru"})
    assert "Accept-Language" in russian.vary
    assert russian.get_json()["results"][0]["label"] == "Поиски"


def test_what_is_found_is_a_table_a_feed_and_a_graph_too(client: FlaskClient) -> None:
    json = found(client, "q=quest")
    rows = list(csv.DictReader(io.StringIO(client.get("/search.csv?q=quest").get_data(as_text=True))))
    assert [row["iri"] for row in rows] == [result["iri"] for result in json["results"]]
    feed = ET.fromstring(client.get("/search.atom?q=quest").data)
    assert feed.tag == f"{ATOM}feed"
    for name in ("id", "title", "updated", "author"):
        assert len(feed.findall(ATOM + name)) == 1
    assert feed.findtext("{http://a9.com/-/spec/opensearch/1.1/}totalResults") == str(json["total"])
    entries = feed.findall(f"{ATOM}entry")
    assert [entry.findtext(f"{ATOM}id") for entry in entries] == [result["iri"] for result in json["results"]]
    for entry in entries:
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", entry.findtext(f"{ATOM}updated") or "")
        assert entry.findtext(f"{ATOM}title")
        assert entry.find(f"{ATOM}summary").attrib == {"type": "html"}  # type: ignore[union-attr]
    for suffix in ("ttl", "rdf", "nt"):
        graph = Graph().parse(data=client.get(f"/search.{suffix}?q=quest").data, format=RDFLIB[suffix])
        here = URIRef(f"{BASE}search?q=quest")
        assert (here, RDF.type, URIRef(f"{HYDRA}Collection")) in graph
        assert (here, URIRef(f"{HYDRA}totalItems"), Text(json["total"])) in graph
        members = set(graph.objects(here, URIRef(f"{HYDRA}member")))
        assert {str(member) for member in members} == {result["iri"] for result in json["results"]}
        assert all((member, RDFS.label, None) in graph for member in members)


INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


@pytest.mark.parametrize(
    "query",
    ["", "q=quest", "q=quest&size=2&page=2", "q=avalon&lang=fr", "kind=release&size=1", "q=nothing-like-it", "q=a&b"],
)
def test_a_feed_is_as_rfc_4287_has_it(query: str, whole: FlaskClient) -> None:
    response = whole.get(f"/search.atom?{query.replace('&b', '%26b')}")
    assert response.mimetype == "application/atom+xml"
    feed = ET.fromstring(response.data)
    entries = feed.findall(f"{ATOM}entry")
    for element in (feed, *entries):
        for name in ("id", "title", "updated"):  # 4.1.1, 4.1.2: exactly one of each
            assert [len(found.text or "") > 0 for found in element.findall(ATOM + name)] == [True], name
        assert all(
            INSTANT.fullmatch(time.text or "")
            for name in ("updated", "published")
            for time in element.findall(ATOM + name)
        )
        assert (element.findtext(f"{ATOM}id") or "").startswith(BASE)  # 4.2.6: an absolute IRI
        links = element.findall(f"{ATOM}link")
        assert all(link.attrib["href"].startswith(BASE) for link in links)
        alternates = [(link.get("type"), link.get("hreflang")) for link in links if link.get("rel") == "alternate"]
        assert len(alternates) == len(set(alternates)) == 1
    (own,) = (link.attrib["href"] for link in feed.findall(f"{ATOM}link") if link.get("rel") == "self")
    assert whole.get("/" + own.removeprefix(BASE)).data == response.data
    assert len(feed.findall(f"{ATOM}author/{ATOM}name")) == 1  # 4.1.1: of the feed, and so of entries without their own
    assert len({entry.findtext(f"{ATOM}id") for entry in entries}) == len(entries)
    times = [entry.findtext(f"{ATOM}updated") or "" for entry in entries]
    assert feed.findtext(f"{ATOM}updated") == max(times, default="1970-01-01T00:00:00Z")
    for entry in entries:
        assert (entry.findtext(f"{ATOM}published") or "") <= (entry.findtext(f"{ATOM}updated") or "")


def test_an_entry_of_a_feed_is_updated_only_when_its_source_is(tmp_path: Path) -> None:
    data = shutil.copytree(SAMPLE, tmp_path / "data")

    def committed(day: str) -> dict[str, list[str | None]]:
        environment = {**os.environ, "GIT_COMMITTER_DATE": f"{day}T12:00:00Z", "GIT_AUTHOR_DATE": f"{day}T12:00:00Z"}
        who = ["-c", "user.name=Somebody", "-c", "user.email=somebody@example.org"]
        for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "records"]):
            subprocess.run(["git", *who, "-C", data, *command], env=environment, check=True)
        assert build_world(data, tmp_path / "published").version
        client = create_app(Dataset.current(tmp_path / "published")).test_client()
        feed = ET.fromstring(client.get("/search.atom?kind=state").data)
        return {
            (entry.findtext(f"{ATOM}id") or "").rpartition("/")[2]: [
                entry.findtext(ATOM + name) for name in ("published", "updated")
            ]
            for entry in feed.findall(f"{ATOM}entry")
        }

    first, second = "2001-02-03T12:00:00Z", "2004-05-06T12:00:00Z"
    assert committed("2001-02-03") == {"avalon": [first, first], "lyonesse": [first, first]}
    with (data / "state" / "avalon.yaml").open("a") as record:
        record.write("alsoKnownAs: Isle of Apples\n")
    assert committed("2004-05-06") == {"avalon": [first, second], "lyonesse": [first, first]}


def test_pages_follow_one_another_and_miss_nothing(client: FlaskClient) -> None:
    everything = [result["iri"] for result in found(client, "size=100")["results"]]
    assert len(everything) == len(set(everything)) == found(client, "")["total"] > 20
    walked, path = [], "/search.json?size=7"
    while path:
        response = client.get(path)
        walked += [result["iri"] for result in response.get_json()["results"]]
        following = re.search(r'<([^>]*)>; rel="next"', response.headers["Link"])
        path = following[1] if following else ""
    assert walked == everything
    assert client.get("/search?page=11&size=100").status_code == 400


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("knd=state", "did you mean 'kind'?"),
        ("kind=stat", "did you mean 'state'?"),
        ("page=0", "page must be a whole number"),
        ("size=many", "size must be a whole number"),
        ("page=1e3", "page must be a whole number"),
        ("page=-1", "page must be a whole number"),
        ("page=", "page must be a whole number"),
        ("page=%EF%BC%92", "page must be a whole number"),
        ("size=0", "size must be a whole number"),
        ("size=-1", "size must be a whole number"),
        ("size=1e3", "size must be a whole number"),
        ("page=1&page=2", "page must not be given more than once"),
        ("size=1&size=2", "size must not be given more than once"),
        ("q=a&q=b", "q must not be given more than once"),
        ("q=" + "a" * 2001, "at most 2000 characters"),
    ],
)
def test_what_cannot_be_asked_is_told(query: str, told: str, client: FlaskClient) -> None:
    for suffix in ("", ".ttl", ".atom", ".csv", ".html", ".linkset"):
        response = client.get(f"/search{suffix}?{query}", headers={"Accept": "application/json"})
        assert response.status_code == 400
        assert told in response.get_json(force=True)["detail"]


UNFIT = [*(chr(code) for code in range(0x20) if chr(code) not in "\t\n\r"), "\ufffe", "\uffff"]
"""The characters that XML cannot hold (w3.org/TR/xml, 2.2), but for surrogates, which no UTF-8 has."""


@pytest.mark.parametrize("path", ["/search.atom", "/search.rdf", "/search", "/suggest"])
def test_what_xml_cannot_hold_is_refused_wherever_it_stands(path: str, client: FlaskClient) -> None:
    assert len(UNFIT) == 31
    for character in UNFIT:
        for name in ("q", "date", "context", f"a{character}"):
            response = client.get(path, query_string={name: f"x{character}"}, headers={"Accept": "application/json"})
            assert response.status_code == 400, (name, ord(character))
            assert (
                f"contains U+{ord(character):04X}, a character that XML does not allow" in response.get_json()["detail"]
            )


@pytest.mark.parametrize(
    "query",
    [
        *("q=%ED%A0%80x", "q=%ED%BF%BF", "q=%FF%FE", "q=%C0%80", "q=%F4%90%80%80", "q=%C2%85%E2%80%A8", "q=%7F%C2%9F"),
        *("q=%EF%B7%90%F0%9F%BF%BE", "q=%3C!--%26%5D%5D%3E", "q=%09%0A%0D x", "title=%ED%A0%80", "q=%F0%90%80%80"),
    ],
)
def test_whatever_else_is_asked_is_written_as_well_formed_xml(query: str, client: FlaskClient) -> None:
    for suffix in ("atom", "rdf"):
        response = client.get(f"/search.{suffix}?{query}")
        assert response.status_code == 200
        ET.fromstring(response.data)


def test_a_long_query_for_suggestions_is_refused(client: FlaskClient) -> None:
    assert client.get("/suggest?q=" + "a" * 2001).status_code == 400


def test_search_is_cached_like_every_document(client: FlaskClient) -> None:
    for path in ("/search?q=avalon", "/search.fr.html?q=avalon", "/suggest?q=a"):
        first = client.get(path)
        assert first.status_code == 200
        assert first.headers["Cache-Control"] == "public, max-age=300"
        assert client.get(path, headers={"If-None-Match": first.headers["ETag"]}).status_code == 304
        assert client.head(path).headers["ETag"] == first.headers["ETag"]
    assert client.get("/search", headers={"Accept": "image/png"}).status_code == 406
    assert client.post("/search").status_code == 405


# ── For readers ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_every_facet_leads_to_as_many_things_as_it_says_and_can_be_taken_back(client: FlaskClient) -> None:
    text = page(client, "/search")
    links = re.findall(FACET, text)
    assert len(links) > 20
    for href, number in links:
        narrower = page(client, unescape(href))
        assert re.search(rf'<h2 id="results">{number} things?</h2>', narrower), href
        removals = re.findall(r'href="([^"]*)" aria-label="Remove the filter', narrower)
        assert removals == ["/search"]


def test_a_collection_has_facets_that_lead_to_as_many_members_as_they_say(client: FlaskClient) -> None:
    counted = 0
    for kind in ("release", "state", "document", "meeting", "structure", "place", "reference"):
        for href, number in re.findall(FACET, page(client, f"/doc/{kind}")):
            narrower = page(client, unescape(href))
            assert f'<span class="count">{number}</span></h1>' in narrower, href
            counted += 1
    assert counted > 10


def test_a_facet_goes_on_beside_others_and_the_words_and_the_language(client: FlaskClient) -> None:
    text = page(client, "/search?q=quest&kind=release&lang=fr")
    assert 'href="/search?q=quest&amp;kind=release&amp;date=2000&amp;lang=fr"' in text
    assert 'href="/search?q=quest&amp;lang=fr" aria-label="' in text
    assert '<input type="hidden" name="kind" value="release">' in text


def test_what_was_asked_and_what_is_found_is_escaped(client: FlaskClient) -> None:
    evil = '"><script>alert(1)</script>'
    text = page(client, f"/search?q={evil} seneschal")
    assert "<script>alert" not in text
    assert "&#34;&gt;&lt;script&gt;" in text
    snippet = found(client, "q=seneschal+morgan+meets")["results"][0]["snippet"]
    assert snippet == "<mark>Seneschal</mark> &lt;<mark>meets</mark>&gt; &#34;<mark>Morgan</mark>&#34; &amp; others"


def test_a_typing_error_is_told_and_mended(client: FlaskClient) -> None:
    text = page(client, "/search?q=camleot")
    assert "No results for “camleot”. Showing results for “camelot”." in text
    assert "/doc/place/camelot" in text
    assert "No result contains all of these words" in page(client, "/search?q=merlin+camelot+seneschal")
    assert "No results." in page(client, "/search?q=qqqqqqqq")


def test_the_real_graph_is_found_by_what_readers_type(whole: FlaskClient) -> None:
    for query, path in (
        ("minsk group", "structure/minsk-group"),
        ("OSCE", "organization/osce"),
        ("vollebaek", "person/knut-vollebaek"),
        ("turkiye", "state/turkiye"),
        ("Турция&lang=ru", "state/turkiye"),
        ("wahlen&lang=de", "field-of-work/elections"),
        ("élections&lang=fr", "field-of-work/elections"),
        ("kazahstan", "state/kazakhstan"),
        ("vinena", "place/vienna"),
        ("PC.DEC/160", "document/pc-dec-160"),
        ("freedom of the media", "institution/rfom"),
    ):
        assert found(whole, f"q={query}")["results"][0]["iri"] == f"{BASE}id/{path}", query


def test_whatever_identifies_a_thing_of_the_real_graph_finds_it_alone(whole: FlaskClient, engine: Oxigraph) -> None:
    identified = 0
    for property_ in ("symbol", "url", "itemNumber"):
        rows = engine.select(
            f"SELECT ?thing ?value {{ ?s osce:{property_} ?value . BIND(IRI(REPLACE(STR(?s), '#.*', '')) AS ?thing) }} "
            "ORDER BY ?value"
        )
        for row in random.Random(3).sample([*rows], 25):
            value = row["value"].value
            for query in (value, value.upper(), value.replace("https://www.", "").replace("http://", "https://")):
                results = found(whole, urlencode({"q": query}))
                assert row["thing"].value in {result["iri"] for result in results["results"]}, query
                assert results["total"] < 5, query
                identified += 1
    assert identified == 3 * 3 * 25


@pytest.mark.parametrize("query", ["MC.DEC/1/10", "https://www.osce.org/cio/99999999", "396847999"])
def test_what_identifies_nothing_finds_nothing(query: str, whole: FlaskClient) -> None:
    assert found(whole, urlencode({"q": query})) == {"total": 0, "results": []}
    assert "No results." in page(whole, "/search?" + urlencode({"q": query}))


def test_results_say_what_tells_them_apart_in_the_language_of_the_reader(whole: FlaskClient) -> None:
    results = page(whole, "/search?q=minsk&lang=de")
    said = re.sub(r"<[^>]+>", "", results)
    assert "Veröffentlichung · 24. März 2011 · Konfliktverhütung und -lösung · Vienna" in said


def test_lists_say_what_tells_their_members_apart_and_not_what_all_of_them_share(whole: FlaskClient) -> None:
    listed = re.sub(r"<[^>]+>", "", page(whole, "/doc/field-operation"))
    assert "Croatia · Zagreb · 18 April 1996" in listed
    assert "Organization for Security and Co-operation in Europe ·" not in listed


def test_suggestions_are_used_with_the_keyboard_alone(browser: Browser, served: str) -> None:
    tab = patient(browser.new_page())
    faults: list[str] = []
    tab.on("console", lambda message: faults.append(message.text))
    tab.goto(f"{served}search?lang=fr")
    field = tab.locator("input[role=combobox]")
    field.focus()
    tab.keyboard.insert_text("camelo")  # at once, so that suggestions come once
    tab.wait_for_selector("[role=listbox] [role=option]")
    assert field.get_attribute("aria-expanded") == "true"
    tab.keyboard.press("ArrowDown")
    chosen = tab.locator(f"#{field.get_attribute('aria-activedescendant')}")
    assert chosen.get_attribute("aria-selected") == "true"
    assert chosen.locator("small").inner_text() == "Lieu"
    tab.keyboard.press("Escape")
    assert field.get_attribute("aria-expanded") == "false"
    tab.keyboard.press("ArrowDown")
    tab.wait_for_selector("[role=listbox] [role=option]")
    tab.keyboard.press("ArrowDown")
    tab.keyboard.press("Enter")
    tab.wait_for_url("**/doc/place/camelot?lang=fr")
    assert faults == []
    tab.close()


def test_the_form_goes_to_the_results_without_scripts(browser: Browser, served: str) -> None:
    context = patient(browser.new_context(java_script_enabled=False))
    tab = context.new_page()
    tab.goto(f"{served}search")
    tab.fill("input[name=q]", "camelot")
    tab.click("form[role=search] button")
    tab.wait_for_url("**/search?q=camelot")
    assert tab.locator(".hits mark").first.inner_text() == "Camelot"
    context.close()
