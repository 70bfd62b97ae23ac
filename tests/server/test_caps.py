"""Collections and search: no list is cut in silence, each format leads to all, and a value without a match is told."""

import csv
import io
import json
import re
from html import unescape
from typing import Any
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient
from rdflib import Graph

from kg.sparql.oxigraph import Oxigraph
from server.resources import search

PREFIX = "PREFIX osce: <http://localhost:8000/ontology#> "


def rows(client: FlaskClient, path: str) -> list[str]:
    """The IRIs of a list as CSV."""
    answer = client.get(path)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return [row["iri"] for row in csv.DictReader(io.StringIO(answer.get_data(as_text=True)))]


def found(client: FlaskClient, path: str) -> dict[str, Any]:
    answer = client.get(path, headers={"Accept": "application/json"})
    assert answer.status_code == 200, answer.get_data(as_text=True)
    loaded: dict[str, Any] = json.loads(answer.get_data(as_text=True))
    return loaded


def page(client: FlaskClient, path: str) -> str:
    text = client.get(path, headers={"Accept": "text/html"}).get_data(as_text=True)
    return re.sub(r"\s+", " ", unescape(text))


# ── What is cut ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("query", ["", "kind=release", "q=minsk", "kind=release&date=2018", "kind=person&lang=ru"])
def test_csv_has_all_that_is_found(query: str, real_client: FlaskClient) -> None:
    total = found(real_client, f"/search.json?{query}")["total"]
    assert len(set(rows(real_client, f"/search.csv?{query}"))) == total > 0
    accepted = real_client.get(f"/search?{query}", headers={"Accept": "text/csv"})
    assert len(list(csv.DictReader(io.StringIO(accepted.get_data(as_text=True))))) == total
    assert 'rel="next"' not in accepted.headers["Link"]


@pytest.mark.parametrize("suffix", ["json", "csv", "atom", "ttl", "html"])
@pytest.mark.parametrize("size", [101, 100000])
def test_a_page_of_a_search_that_is_cut_says_so_and_leads_on(size: int, suffix: str, real_client: FlaskClient) -> None:
    answer = real_client.get(f"/search.{suffix}?size={size}")
    assert answer.headers["Note"] == "A page has at most 100 members; follow the link rel=next for the next page."
    assert re.search(r'<[^>]+size=100&page=2[^>]*>; rel="next"', answer.headers["Link"])


def test_json_names_the_next_page_and_at_the_end_all_of_it(real_client: FlaskClient) -> None:
    first = found(real_client, "/search.json?size=100000")
    assert first["notes"] == ["A page has at most 100 members; follow the link rel=next for the next page."]
    assert len(found(real_client, first["next"])["results"]) == 100
    last = found(real_client, "/search.json?size=100&page=10")
    assert "next" not in last
    assert len(rows(real_client, last["all"])) == last["total"] > search.MAX_RESULTS
    assert "Further results are not listed page by page." in page(real_client, "/search?size=100&page=10")


@pytest.mark.parametrize("path", ["/search.json?q=austria", "/doc/state?size=1000", "/doc/release?size=1001"])
def test_a_list_that_is_whole_says_nothing(path: str, real_client: FlaskClient) -> None:
    assert "Note" not in real_client.get(path).headers


@pytest.mark.parametrize("suffix", ["ttl", "jsonld", "rdf", "html"])
def test_a_page_of_a_collection_that_is_cut_says_so(
    suffix: str, real_client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.resources.collections.MAX_SIZE", 50)
    told = "A page has at most 50 members"
    answer = real_client.get(f"/doc/release.{suffix}?size=100000")
    assert answer.headers["Note"].startswith(told)
    assert 'rel="next"' in answer.headers["Link"]
    assert told in answer.get_data(as_text=True)


@pytest.mark.parametrize("path", ["/search?page=9999", "/search?page=51&size=20", "/search?page=999999999&q=minsk"])
def test_a_page_too_far_is_400_that_says_how_to_have_all_of_it(path: str, real_client: FlaskClient) -> None:
    answer = real_client.get(path, headers={"Accept": "application/json"})
    assert answer.status_code == 400
    assert "/search.csv" in answer.get_json(force=True)["detail"]


def test_a_page_after_the_last_says_that_nothing_follows(real_client: FlaskClient) -> None:
    text = page(real_client, "/search?q=minsk&page=40")
    assert "There are no further results." in text
    assert "No results." not in text


def test_a_long_address_that_somebody_pastes_is_looked_for(real_client: FlaskClient, engine: Oxigraph) -> None:
    address = "https://www.osce.org/minsk-group/" + "a" * 300 + "?utm_source=" + "b" * 300
    assert found(real_client, f"/search.json?q={quote(address)}")["total"] >= 0
    assert real_client.get(f"/suggest?q={quote(address)}").status_code == 200
    (length,) = re.findall(r'maxlength="(\d+)"', page(real_client, "/search"))
    assert int(length) == search.MAX_QUERY_LENGTH > len(address)


# ── Lists with filters ───────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "query",
    [
        "date.from=2010", "date.from=2010-03-05&date.to=2011-06", "date=2018-09-27",
        "date.to=1999&fieldOfWork=field-of-work/elections", "type=PressRelease&date.from=2015",
    ],
)  # fmt: skip
def test_csv_and_feed_of_a_collection_have_its_filters(query: str, real_client: FlaskClient) -> None:
    text = page(real_client, f"/doc/release?{query}")
    members = set(re.findall(r'<li> ?<a href="/doc/(release/[^"?]+)', text))
    table, feed = (re.search(rf'href="(/search\.{suffix}[^"]*)"', text) for suffix in ("csv", "atom"))
    assert table
    assert feed
    paths = {iri.partition("/id/")[2] for iri in rows(real_client, table[1])}
    [total] = re.findall(r'<span class="count">([\d,]+)</span></h1>', text)
    assert len(paths) == int(total.replace(",", "")) > 0
    assert members <= paths
    assert real_client.get(feed[1]).status_code == 200


def test_a_range_needs_no_kind(real_client: FlaskClient, engine: Oxigraph) -> None:
    query = f"""{PREFIX}SELECT (COUNT(DISTINCT ?s) AS ?n)
        {{ ?s osce:dateEarliest ?day ; a osce:Thing FILTER(STR(?day) >= "2018-01-01") }}"""
    [count] = engine.select(query)
    assert found(real_client, "/search.json?date.from=2018")["total"] == int(count["n"].value) > 0


def test_words_and_a_range_hold_together(real_client: FlaskClient) -> None:
    every, some = found(real_client, "/search.json?q=minsk"), found(real_client, "/search.json?q=minsk&date.from=2010")
    assert 0 < some["total"] < every["total"]
    text = page(real_client, "/search?q=minsk&date.from=2010")
    assert '<input type="hidden" name="date.from" value="2010">' in text
    assert 'href="/search?q=minsk" aria-label="Remove the filter date.from: 2010"' in text


# ── What nothing has ─────────────────────────────────────────────────────────────────────────────────────────────

UNKNOWN = [
    ("kind=release&fieldOfWork=field-of-work/electons", "fieldOfWork 'field-of-work/electons'",
     "field-of-work/elections"),
    ("kind=release&issuedBy=structure/odihr", "issuedBy 'structure/odihr'", "institution/odihr"),
    ("kind=state&isoCode=NOO", "isoCode 'NOO'", "NO"),
    ("kind=release&fieldOfWork=field-of-work/elections&date.from=2300", "date.from '2300'", None),
    ("kind=person&fromState=state/norwya", "fromState 'state/norwya'", "state/norway"),
]  # fmt: skip


@pytest.mark.parametrize(("query", "told", "near"), UNKNOWN)
def test_a_value_that_nothing_has_is_told_with_what_may_be_meant(
    query: str, told: str, near: str | None, real_client: FlaskClient
) -> None:
    kind, _, rest = query.removeprefix("kind=").partition("&")
    note = f"There is nothing here with {told}" + (f"; did you mean '{near}'?" if near else ".")
    assert found(real_client, f"/search.json?{query}")["notes"] == [note]
    for path in (
        f"/search.csv?{query}",
        f"/search.atom?{query}",
        f"/doc/{kind}.ttl?{rest}",
        f"/doc/{kind}.html?{rest}",
    ):
        answer = real_client.get(path)
        assert answer.status_code == 200
        assert answer.headers["Note"] == note
    graph = Graph().parse(data=real_client.get(f"/doc/{kind}.ttl?{rest}").data, format="turtle")
    assert note in {str(each) for each in graph.objects()}
    for path in (f"/search?{query}", f"/doc/{kind}?{rest}"):
        text = page(real_client, path)
        assert "There is nothing here with " in text
        assert near is None or f"Did you mean one of these? <code>{near}</code>" in text


def test_one_unknown_value_among_others_is_told_too(real_client: FlaskClient) -> None:
    query = "fieldOfWork=field-of-work/elections&fieldOfWork=field-of-work/electons"
    answer = real_client.get(f"/doc/release.ttl?{query}")
    assert "'field-of-work/electons'" in answer.headers["Note"]
    assert found(real_client, f"/search.json?kind=release&{query}")["total"] > 0


def test_filters_that_no_kind_has_together_are_told(real_client: FlaskClient) -> None:
    note = "No kind of thing has all of these properties: capital, date.from."
    answer = found(real_client, "/search.json?capital=place/oslo&date.from=2010")
    assert answer == {"total": 0, "results": [], "notes": [note]}
    other = found(real_client, "/search.json?kind=state&date.from=2010")
    assert other["notes"] == ["No kind of thing has all of these properties: date.from."]
    assert note in page(real_client, "/search?capital=place/oslo&date.from=2010")


def test_a_note_with_letters_of_other_languages_is_a_header_all_the_same(real_client: FlaskClient) -> None:
    answer = real_client.get(f"/doc/state.ttl?label={quote('Швейц' + 'а' * 500)}")
    assert answer.status_code == 200
    assert answer.headers["Note"].isascii()
    assert len(answer.headers["Note"]) <= 300


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("datee.from=2010", "There is no parameter 'datee.from'; did you mean 'date.from'?"),
        ("date.from=soon", "date.from must be a day"),
        ("type=PresRelease", "did you mean 'PressRelease'?"),
    ],
)
def test_what_no_kind_can_be_asked_is_400(query: str, told: str, real_client: FlaskClient) -> None:
    for suffix in ("json", "csv", "atom"):
        answer = real_client.get(f"/search.{suffix}?{query}", headers={"Accept": "application/json"})
        assert answer.status_code == 400
        assert told in answer.get_json(force=True)["detail"]
