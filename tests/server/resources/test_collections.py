"""Collections: `/doc/<kind>` filtered, sorted, counted, and paged so that every member stands on one page."""

import base64
import json
import re
from collections.abc import Iterator
from itertools import chain
from typing import Any
from urllib.parse import urlencode

import pytest
from flask import Flask
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator
from markupsafe import escape
from pyoxigraph import Literal, NamedNode, Quad, Store
from rdflib import RDF, RDFS, XSD, Graph, URIRef
from rdflib import Literal as Text

from kg.model.schema import Values
from kg.sparql.oxigraph import Oxigraph
from server import paging
from server.pages import filters
from server.resources import collections
from server.site import site
from tests.sampling import drawn
from tests.server.resources.test_things import RDFLIB, from_json_ld, named

BASE = "http://localhost:8000/"
HYDRA = "http://www.w3.org/ns/hydra/core#"
DAY, MONTH, YEAR = f"{XSD}date", f"{XSD}gYearMonth", f"{XSD}gYear"


@pytest.fixture(scope="module")
def model(app: Flask) -> Iterator[Any]:
    """The schema of the sample world, in its application."""
    with app.app_context():
        yield site().schema


def parsed(client: FlaskClient, path: str) -> Graph:
    """The Turtle of a collection; the status is 200."""
    response = client.get(path, headers={"Accept": "text/turtle"})
    assert response.status_code == 200, response.get_data(as_text=True)
    return Graph().parse(data=response.get_data(as_text=True), format="turtle")


def page_at(client: FlaskClient, path: str) -> Any:
    """The answer with the page of a collection; the status is 200."""
    response = client.get(path, headers={"Accept": "text/html"})
    assert response.status_code == 200, response.get_data(as_text=True)
    return response


def listed(client: FlaskClient, path: str) -> list[str]:
    """The names of the members on a page, in the order of the page."""
    return names_on(page_at(client, path))


def names_on(answer: Any) -> list[str]:
    """The names of the members that a page lists."""
    items = answer.get_data(as_text=True).partition('<ul class="members">')[2].partition("</ul>")[0]
    return [item.partition('"')[0].rpartition("/")[2] for item in items.split('<a href="')[1:]]


def link(response: Any, relation: str) -> str | None:
    """The target of a relation in a Link header."""
    for each in response.headers["Link"].split(", <"):
        target, _, parameters = each.lstrip("<").partition(">")
        if parameters.startswith(f'; rel="{relation}"'):
            return str(target)
    return None


def walked(client: FlaskClient, path: str) -> list[list[str]]:
    """The pages from a first one on, by their next links."""
    pages: list[list[str]] = []
    target: str | None = path
    while target:
        answer = page_at(client, target)
        pages.append(names_on(answer))
        target = link(answer, "next")
        assert len(pages) < 1000
    return pages


def detail(client: FlaskClient, path: str) -> str:
    """What is wrong with a request, as the answer 400 says it."""
    response = client.get(path)
    assert response.status_code == 400, path
    return str(response.get_json(force=True)["detail"])


# ── Filters ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        ("release?fieldOfWork=field-of-work/quests", ["2000-01"]),
        (f"release?fieldOfWork={BASE}id/field-of-work/quests", ["2000-01"]),
        ("release?fieldOfWork=field-of-work/nowhere", []),
        ("release?fieldOfWork=field-of-work/nowhere&fieldOfWork=field-of-work/quests", ["2000-01"]),
        ("release?itemNumber=7", ["2000-03"]),
        ("release?itemNumber=7&date=2000", ["2000-03"]),
        ("release?itemNumber=7&date=1999", []),
        ("release?title=Quest Group closes", ["2000-02"]),
        ("release?title=quest group closes", []),
        ('release?title=Seneschal <meets> "Morgan" %26 others', ["2000-01"]),
        ("release?type=PressRelease", ["2000-01"]),
        ("release?type=PressRelease&type=Story", ["2000-01"]),
        (f"release?type={BASE}ontology%23PressRelease", ["2000-01"]),
        ("release?type=Release", ["2000-01", "2000-02", "2000-03"]),
        ("release?type=State", []),
        ("state?label=Avallon", ["avalon"]),
        ("state?label=Avalon&label=Lyonesse", ["avalon", "lyonesse"]),
        ("state?isoCode=NO&isoCode=XX", ["avalon"]),
        ("state?reference=reference/almanac&reference=reference/hearsay", ["avalon", "lyonesse"]),
        ("field-of-work?dimension=human", ["quests"]),
        (f"field-of-work?dimension={BASE}ontology%23human&dimension=politicoMilitary", ["quests"]),
        ("organization?website=HTTPS://round-table.example/", ["round-table"]),
        ("reference?url=https://almanac.example/a%2520page?x=1%26y=2", ["almanac"]),
        ("document?symbol=RT.DEC/2", ["edict-2"]),
        ("meeting?number=01", ["first-joust"]),
        ("meeting?number.from=1&number.to=1", ["first-joust"]),
        ("meeting?number.from=-3&number.to=0", []),
        ("meeting?number.from=2", []),
    ],
)
def test_a_filter_leaves_the_things_that_have_a_value(asked: str, names: list[str], client: FlaskClient) -> None:
    assert listed(client, f"/doc/{asked}") == names


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        ("date=2000", ["2000-01", "2000-03"]),
        ("date=2000-04", ["2000-03"]),
        ("date=2000-02-03", ["2000-01"]),
        ("date=2000-04-01", []),
        ("date=2000&date=1999", ["2000-01", "2000-03"]),
        ("date=2000-04&date=2000-02-03", ["2000-01", "2000-03"]),
        ("date.from=2000-04-15", ["2000-03"]),
        ("date.from=2000-05", []),
        ("date.to=2000-02", ["2000-01"]),
        ("date.to=2000-02-03", ["2000-01"]),
        ("date.to=2000-02-02", []),
        ("date.from=2000-02-03&date.to=2000-04-01", ["2000-01", "2000-03"]),
        ("date.from=2000-02-04&date.to=2000-03-31", []),
        ("date.from=2000&date.from=2010", ["2000-01", "2000-03"]),
    ],
)
def test_a_date_matches_what_falls_within_and_a_range_what_may_lie_in_it(
    asked: str, names: list[str], client: FlaskClient
) -> None:
    assert listed(client, f"/doc/release?{asked}") == names


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        ("state?participation.status=asianPartner", ["avalon"]),
        ("state?participation.status=participating", ["avalon", "lyonesse"]),
        ("state?participation.since=1999&participation.status=asianPartner", ["avalon"]),
        ("state?participation.since=1999&participation.status=participating", []),
        ("state?participation.since.from=2004&participation.status=participating", ["avalon"]),
        ("state?participation.since.from=2004&participation.status=asianPartner", []),
        ("state?participation.since.from=2000&participation.since.to=2003", []),
        ("state?participation.since.from=1998&participation.since.to=2003", ["avalon"]),
        ("state?participation.since.to=1999&participation.until.from=2004", ["avalon"]),
        ("release?engagement.type=Talks&engagement.initiator=post/seneschal", ["2000-01"]),
        ("release?engagement.type=Visit&engagement.initiator=post/seneschal", []),
        ("release?engagement.type=Visit&engagement.planned=True", ["2000-01"]),
        ("release?engagement.type=Talks&engagement.planned=true", []),
        ("release?engagement.type=Visit&mention.person=person/morgan-le-fay", ["2000-01"]),
        ("release?engagement.topic=the lake", ["2000-01"]),
        ("release?webAddress.url=https://example.org/releases/1&webAddress.via=mirror", ["2000-01"]),
    ],
)
def test_filters_of_one_part_path_hold_of_the_same_part(asked: str, names: list[str], client: FlaskClient) -> None:
    assert listed(client, f"/doc/{asked}") == names


def test_keys_of_classes_below_can_be_asked_too(client: FlaskClient, model: Any) -> None:
    seen = 0
    for kind, class_ in model.kinds.items():
        for below in model.subclasses(class_.iri):
            for name, key in model.keys(below).items():
                if name not in model.keys(class_) and key.property.values is not Values.PART:
                    assert name in {parameter.name for parameter in filters.parameters_of(class_)}, (kind, name)
                    seen += 1
    assert seen


def test_parameters_of_documents_are_no_filters(client: FlaskClient) -> None:
    assert len(listed(client, "/doc/state?context=inline&lang=fr&_profile=labels&size=5")) == 2


def values(engine: Oxigraph, kind: str, parameter: filters.CollectionParameter) -> list[tuple[str, str]]:
    """Name and value of each thing of a kind that has values for a parameter, by a property path."""
    things, steps = f"{BASE}id/{kind}/", "/".join(f"<{iri}>" for iri in (*parameter.path, parameter.iri))
    found = engine.select(f'SELECT ?s ?v WHERE {{ ?s {steps} ?v FILTER(STRSTARTS(STR(?s), "{things}")) }}')
    pairs = [(row["s"].value.removeprefix(things), row["v"].value) for row in found]
    return sorted((name, value) for name, value in pairs if "#" not in name)


def test_whatever_is_in_the_data_is_found_by_it(real_client: FlaskClient, engine: Oxigraph) -> None:
    with real_client.application.app_context():
        kinds = {kind: filters.parameters_of(class_) for kind, class_ in site().schema.kinds.items()}
    known = {f"{kind} {p.name}": (kind, p) for kind, all_ in kinds.items() for p in all_ if p.key and not p.is_range}
    seen = []
    for name in [*drawn(known, 200), "state statement.value", "meeting number", "release webAddress.via"]:
        kind, parameter = known[name]
        assert parameter.key
        if pairs := values(engine, kind, parameter):
            value = pairs[len(pairs) // 2][1]
            asked = urlencode({parameter.name: value.removeprefix(f"{BASE}id/")})
            same = {name for name, other in pairs if other == value}
            found = set(listed(real_client, f"/doc/{kind}?size=1000&{asked}"))
            partial = filters.is_date(parameter.key.property) and len(value) < len("2000-01-01")
            assert (same <= found) if partial else (same == found), (name, value)
            seen.append(parameter.key.property.values)
    assert len(seen) > 30
    assert set(seen) == set(Values) - {Values.PART}


def dates(engine: Oxigraph) -> dict[str, str]:
    """The date of each release of the real graph that has one, as written."""
    found = engine.select("SELECT ?s ?v WHERE { ?s a osce:Release ; osce:date ?v }")
    return {row["s"].value.rpartition("/")[2]: row["v"].value for row in found}


@pytest.mark.parametrize("asked", ["2013", "2014-05", "2016-02-29", "1994"])
def test_a_date_agrees_with_the_sources(asked: str, real_client: FlaskClient, engine: Oxigraph) -> None:
    written = {name for name, date in dates(engine).items() if date == asked or date.startswith(asked + "-")}
    assert set(listed(real_client, f"/doc/release?size=1000&date={asked}")) == written


@pytest.mark.parametrize(
    ("low", "high"), [("2013-01-01", "2013-12-31"), ("2014-02-10", "2014-02-20"), ("1990-01-01", "2001-06-15")]
)
def test_a_range_agrees_with_the_bounds_that_the_build_derived(
    low: str, high: str, real_client: FlaskClient, engine: Oxigraph
) -> None:
    found = engine.select(
        "SELECT ?s WHERE { ?s a osce:Release ; osce:dateEarliest ?e ; osce:dateLatest ?l "
        f'FILTER(?l >= "{low}"^^xsd:date && ?e <= "{high}"^^xsd:date) }}'
    )
    expected = {row["s"].value.rpartition("/")[2] for row in found}
    assert expected
    assert set(listed(real_client, f"/doc/release?size=1000&date.from={low}&date.to={high}")) == expected


def test_a_partial_bound_takes_in_the_whole_of_its_time(real_client: FlaskClient) -> None:
    wide = listed(real_client, "/doc/release?size=1000&date.from=2012&date.to=2013-02")
    assert wide == listed(real_client, "/doc/release?size=1000&date.from=2012-01-01&date.to=2013-02-28")
    assert wide


def test_parts_agree_with_sparql_on_the_real_graph(real_client: FlaskClient, engine: Oxigraph) -> None:
    found = engine.select(
        "SELECT DISTINCT ?s WHERE { ?s osce:participation ?p . ?p osce:status osce:participating ; "
        'osce:sinceLatest ?l FILTER(?l >= "1992-01-01"^^xsd:date) }'
    )
    expected = sorted(row["s"].value.rpartition("/")[2] for row in found)
    asked = "participation.status=participating&participation.since.from=1992&size=1000"
    assert listed(real_client, f"/doc/state?{asked}") == expected
    assert 10 < len(expected) < 60


def test_a_thing_that_matches_in_several_ways_is_listed_and_counted_once(client: FlaskClient) -> None:
    asked = "participation.since.from=1900&label=Avalon&label=Avallon&reference=reference/almanac&reference=reference/x"
    assert listed(client, f"/doc/state?{asked}") == ["avalon"]
    graph = parsed(client, f"/doc/state?{asked}")
    assert [*graph.objects(None, hydra("totalItems"))] == [Text(1)]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"reappointed": "2010"}, False),
        ({"reappointed": "2011"}, True),
        ({"reappointed.from": "2010", "reappointed.to": "2010"}, False),
        ({"reappointed.from": "2010", "reappointed.to": "2011"}, True),
        ({"reappointed": "2011", "reappointed.to": "2010"}, False),
    ],
)
def test_tests_of_one_date_hold_of_the_same_value(asked: dict[str, str], found: bool, client: FlaskClient) -> None:
    with client.application.app_context():
        pairs = ((f"tenure.{name}", text) for name, text in asked.items())
        wanted, problems = filters.read(site().schema.kinds["post"], pairs)
        where = filters.pattern(wanted)
    assert not problems
    store, term = Store(), NamedNode(f"{BASE}ontology#reappointed")
    post, tenure = NamedNode("urn:x:post"), NamedNode("urn:x:tenure")
    store.add(Quad(post, NamedNode(f"{BASE}ontology#tenure"), tenure))
    for day in ("2009-12-31", "2011-01-01"):
        store.add(Quad(tenure, term, Literal(day, datatype=NamedNode(DAY))))
    solutions: Any = store.query(f"SELECT ?s0 WHERE {{ {where} }}")
    assert len(list(solutions)) == found


# ── Orders ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        ("release", ["2000-01", "2000-02", "2000-03"]),
        ("release?sort=date", ["2000-01", "2000-03", "2000-02"]),
        ("release?sort=-date", ["2000-03", "2000-01", "2000-02"]),
        ("release?sort=title", ["2000-02", "2000-03", "2000-01"]),
        ("release?sort=-title", ["2000-01", "2000-03", "2000-02"]),
        ("release?sort=itemNumber", ["2000-03", "2000-01", "2000-02"]),
        ("release?sort=-itemNumber", ["2000-03", "2000-01", "2000-02"]),
        ("release?sort=-date&fieldOfWork=field-of-work/quests", ["2000-01"]),
        ("state?sort=-label", ["lyonesse", "avalon"]),
        ("state?sort=reference", ["avalon", "lyonesse"]),
        ("state?sort=-reference", ["lyonesse", "avalon"]),
        ("chairpersonship?sort=heldBy", ["2000", "1999"]),
        ("document?sort=-symbol", ["edict-2", "edict"]),
    ],
)
def test_a_sort_orders_by_value_then_by_name_with_what_has_none_last(
    asked: str, names: list[str], client: FlaskClient
) -> None:
    assert listed(client, f"/doc/{asked}") == names


def sorts(client: FlaskClient, kind: str) -> list[str]:
    """Every sort of a kind, in both directions, and that by name."""
    with client.application.app_context():
        keys = collections.sortable(site().schema.kinds[kind])
    return ["", *(f"sort={sign}{key}" for key in keys for sign in ("", "-"))]


@pytest.mark.parametrize(("kind", "size"), [("release", 1), ("state", 1), ("reference", 1), ("release", 7)])
def test_pages_hold_every_member_once_in_order_under_every_sort(kind: str, size: int, client: FlaskClient) -> None:
    for sort in sorts(client, kind):
        pages = walked(client, f"/doc/{kind}?{sort}&size={size}")
        assert all(len(page) == size for page in pages[:-1])
        assert [*chain(*pages)] == listed(client, f"/doc/{kind}?{sort}"), sort


def test_pages_hold_every_member_once_in_order_on_the_real_graph(real_client: FlaskClient) -> None:
    every = listed(real_client, "/doc/state?size=1000")
    for sort in drawn(sorts(real_client, "state"), 16):
        found = [*chain(*walked(real_client, f"/doc/state?{sort}&size=7"))]
        assert found == listed(real_client, f"/doc/state?{sort}&size=1000"), sort
        assert sorted(found) == every, sort


def test_pages_of_a_filtered_collection_stay_filtered(real_client: FlaskClient) -> None:
    asked = "date.from=2013&date.to=2014&sort=-date"
    pages = walked(real_client, f"/doc/release?{asked}&size=37")
    assert len(pages) > 2
    assert [*chain(*pages)] == listed(real_client, f"/doc/release?{asked}&size=1000")


@pytest.mark.parametrize(("sort", "aggregate", "direction"), [("", "MIN", "ASC"), ("-", "MAX", "DESC")])
@pytest.mark.parametrize(
    ("key", "term"), [("date", "osce:dateEarliest"), ("fieldOfWork", "osce:fieldOfWork"), ("language", "osce:language")]
)
def test_a_sort_agrees_with_sparql(
    key: str, term: str, sort: str, aggregate: str, direction: str, real_client: FlaskClient, engine: Oxigraph
) -> None:
    found = engine.select(
        f"SELECT ?s ?least WHERE {{ ?s a osce:Release OPTIONAL {{ "
        f"SELECT ?s ({aggregate}(STR(?v)) AS ?least) WHERE {{ ?s {term} ?v }} GROUP BY ?s }} }} "
        f"ORDER BY (!BOUND(?least)) {direction}(?least) STR(?s)"
    )
    expected = [row["s"].value.rpartition("/")[2] for row in found]
    assert [*chain(*walked(real_client, f"/doc/release?sort={sort}{key}&size=301"))] == expected


def test_a_sort_by_text_agrees_with_the_english_labels(real_client: FlaskClient, engine: Oxigraph) -> None:
    rows = engine.select('SELECT ?s ?v WHERE { ?s a osce:Person ; rdfs:label ?v FILTER(LANG(?v) = "en") }')
    labels = sorted((row["v"].value, row["s"].value.rpartition("/")[2]) for row in rows)
    assert listed(real_client, "/doc/person?sort=label&size=1000") == [name for _, name in labels]
    assert len(labels) > 400


def test_of_several_texts_the_english_counts_else_the_first_language() -> None:
    order = collections.Order(collections.Form.TEXT)
    texts = [Literal("b", language="de"), Literal("z", language="en"), Literal("y", language="en")]
    assert order.place([*texts]) == "y"
    assert collections.Order(collections.Form.TEXT, descending=True).place([*texts]) == "z"
    assert order.place([Literal("a", language="ru"), Literal("c", language="fr")]) == "c"


def test_numbers_are_ordered_by_value_and_times_across_zones() -> None:
    numbers = collections.Order(collections.Form.NUMBER)
    integer = NamedNode(str(XSD.integer))
    assert numbers.place([Literal("10", datatype=integer), Literal("9", datatype=integer)]) == "9"
    times = collections.Order(collections.Form.TIME)
    zoned = ["2000-01-01T10:00:00+05:00", "2000-01-01T06:00:00Z", "2000-01-01T07:00:00"]
    assert sorted(zoned, key=times.rank) == zoned


def test_a_date_is_ordered_by_the_first_day_that_it_can_mean() -> None:
    dates = [Literal("2000-03", datatype=NamedNode(MONTH)), Literal("2000", datatype=NamedNode(YEAR))]
    assert collections.Order(collections.Form.DATE).place([*dates]) == "2000-01-01"
    assert collections.Order(collections.Form.DATE, descending=True).place([*dates]) == "2000-03-01"


def test_times_that_are_one_moment_are_ordered_by_name() -> None:
    times = collections.Order(collections.Form.TIME)
    a, b = collections.Member("a", "2000-01-01T06:00:00Z"), collections.Member("b", "2000-01-01T11:00:00+05:00")
    assert b.follows(a, times)
    assert not a.follows(b, times)


# ── Paging ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_cursor_of_the_order_by_name_is_the_name(client: FlaskClient) -> None:
    response = client.get("/doc/state?size=1")
    assert link(response, "next") == "/doc/state?page=avalon&size=1"
    assert link(response, "first") == "/doc/state?size=1"
    assert listed(client, "/doc/state?page=avalon") == ["lyonesse"]


def test_links_keep_what_was_asked_and_the_variant(client: FlaskClient) -> None:
    response = client.get("/doc/state.ttl?label=Lyonesse&label=Avalon&size=1&context=inline")
    assert link(response, "next") == "/doc/state.ttl?context=inline&label=Avalon&label=Lyonesse&page=avalon&size=1"


TOKENS = {
    name: base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")
    for name, text in {"gone": "gone 2000-03-01", "moved": "2000-01 1999-01-01", "unplaced": "2000-01"}.items()
}
"""Cursors of releases sorted by date that name no member: unknown, with another date, without its date."""


@pytest.mark.parametrize(
    "suffix", ["", ".html", ".fr.html", ".ttl", ".jsonld", ".nt", ".rdf", ".trig", ".nq", ".linkset"]
)
@pytest.mark.parametrize(
    ("kind", "asked", "first"),
    [
        ("state", "page=2", "?size=100"),
        ("state", "page=0", "?size=100"),
        ("state", "page=1e3&size=1", "?size=1"),
        ("state", "page=nowhere", "?size=100"),
        ("state", "label=Avalon&page=lyonesse", "?label=Avalon&size=100"),
        ("project", "page=2", "?size=100"),
        *(
            ("release", f"sort={sign}date&page={token}", f"?sort={sign}date&size=100")
            for sign in ("", "-")
            for token in TOKENS.values()
        ),
    ],
)
def test_a_cursor_that_names_no_member_is_400_and_leads_to_the_first_page(
    kind: str, asked: str, first: str, suffix: str, client: FlaskClient
) -> None:
    response = client.get(f"/doc/{kind}{suffix}?{asked}", headers={"Accept": "application/problem+json"})
    told = response.get_json(force=True)
    assert response.status_code == told["status"] == 400
    assert "page must be" in told["detail"]
    assert f"Start again at /doc/{kind}{first} " in told["detail"]
    assert told["first"] == link(response, "first") == f"/doc/{kind}{first}"
    assert client.get(told["first"]).status_code == 200
    page = client.get(f"/doc/{kind}{suffix}?{asked}", headers={"Accept": "text/html"}).get_data(as_text=True)
    assert f'<a rel="first" href="{escape(told["first"])}">' in page


@pytest.mark.parametrize("page", ["1", "2", "0", "-1", "1e3", "%20", "none"])
def test_no_kind_takes_the_number_of_a_page(page: str, real_client: FlaskClient) -> None:
    with real_client.application.app_context():
        kinds = [*site().schema.kinds]
    assert len(kinds) > 15
    for kind in kinds:
        assert real_client.get(f"/doc/{kind}?page={page}").status_code == 400, kind


@pytest.mark.parametrize("character", ["\0", "\x01", "\x08", "\x0b", "\x0c", "\x0e", "\x1f", "\ufffe", "\uffff"])
@pytest.mark.parametrize("suffix", ["html", "ttl", "rdf", "jsonld"])
@pytest.mark.parametrize("name", ["label", "note", "context", "page", "sort", "x"])
def test_what_xml_cannot_hold_is_refused_in_every_format(
    name: str, suffix: str, character: str, client: FlaskClient
) -> None:
    told = detail(client, f"/doc/state.{suffix}?{urlencode({name: f'a{character}b'})}")
    assert f"'{name}' contains U+{ord(character):04X}, a character that XML does not allow" in told


@pytest.mark.parametrize(
    ("size", "number"), [("1", 1), ("0010", 10), ("1000", 1000), ("1001", 1000), ("9" * 5000, 1000)]
)
def test_a_size_is_cut_to_the_most(size: str, number: int, client: FlaskClient) -> None:
    assert collections.read_size(size).members == number
    assert client.get(f"/doc/state?size={size}").status_code == 200


def test_a_page_has_a_hundred_members_unless_asked(real_client: FlaskClient) -> None:
    assert len(listed(real_client, "/doc/release")) == 100
    assert len(listed(real_client, "/doc/person?size=1000")) > 400


# ── What cannot be asked ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("fieldOfWrk=x", "no parameter 'fieldOfWrk'; did you mean 'fieldOfWork'?"),
        ("field of work=x", "did you mean 'fieldOfWork'?"),
        ("zzzzzzzzzzzz=x", "Available parameters: type, title, date, date.from, date.to,"),
        ("isoCode=NO", "no parameter 'isoCode'"),
        ("mention=x", "Available parameters: mention.person, mention.nameAsWritten"),
        ("engagement.initiater=x", "did you mean 'engagement.initiator'?"),
        ("engagement.initiater=x", "Available parameters: engagement.type, engagement.key"),
        ("title.from=a", "no parameter 'title.from'"),
        ("date.form=2000", "did you mean 'date.from'?"),
        ("date.from.from=2000", "no parameter 'date.from.from'"),
        (".=x", "no parameter '.'"),
        ("=x", "no parameter ''"),
        ("date=soon", "date must be a day, such as 1992-07-09, or a month"),
        ("date=2000-13", "not '2000-13'"),
        ("date=5 May 2000", "write 2000-05-05"),
        ("date.from=", "date.from must be a day"),
        ("fieldOfWork=quests", "fieldOfWork must be a thing in the form kind/name, such as field-of-work/…"),
        ("fieldOfWork=http://a/%3E%20%3Cb", "not 'http://a/> <b'"),
        ("type=Pres", "type must be one of DailyReport"),
        ("type=pressrelease", "did you mean 'PressRelease'?"),
        ("webAddress.via=miror", "did you mean 'mirror'?"),
        ("webAddress.url=example.org", "an http or https address"),
        ("engagement.planned=maybe", "true or false"),
        ("sort=dat", "did you mean 'date'?"),
        ("sort=mention", "sort must be one of title, date"),
        ("sort=", "sort must be one of"),
        ("sort=--date", "sort must be one of"),
        ("sort=date&sort=title", "sort must not be given more than once"),
        ("size=0", "size must be a whole number from 1 to 1000, not '0'"),
        ("size=x", "not 'x'"),
        ("size=²", "not '²'"),
        ("size=-1", "not '-1'"),
        ("size=1.0", "not '1.0'"),
        ("size=", "not ''"),
        ("size=1&size=2", "size must not be given more than once"),
        ("page=%22", "page must be the name of the member"),
        ("page=", "page must be the name of the member"),
        ("page=A", "page must be the name of the member"),
        ("page=a%0A", "page must be the name of the member"),
        ("sort=date&page=2000-01", "page must be a cursor for the same sort order"),
        ("sort=date&page=²", "page must be a cursor for the same sort order"),
        ("sort=date&page=" + base64.urlsafe_b64encode(b"a soon").decode(), "page must be a cursor"),
        ("sort=date&page=" + base64.urlsafe_b64encode(b"A 2000-01-01").decode(), "page must be a cursor"),
        ("sort=date&page=" + base64.urlsafe_b64encode(b"\xff\xfe").decode(), "page must be a cursor"),
    ],
)
def test_what_cannot_be_asked_is_400_that_says_what_can(asked: str, told: str, client: FlaskClient) -> None:
    assert told in detail(client, f"/doc/release?{asked}")


def test_a_number_that_the_engine_cannot_compare_is_400(client: FlaskClient) -> None:
    assert "at most 18 digits" in detail(client, f"/doc/meeting?number.to={'9' * 19}")
    assert listed(client, f"/doc/meeting?number.to={'9' * 18}") == ["first-joust"]
    assert client.get(f"/doc/meeting?number={'9' * 5000}").status_code == 400


def test_all_that_is_wrong_is_told_at_once_and_each_once(client: FlaskClient) -> None:
    told = detail(client, "/doc/release?x=1&yy=2&date=soon&date=late&size=0&page=%22&itemNumber=7")
    for problem in ("'x'", "'yy'", "'soon'", "'late'", "'0'", "'\"'"):
        assert told.count(problem) == 1, problem
    assert told.count("Available parameters:") == 1
    assert "itemNumber must be" not in told


EVIL = (
    '" } UNION { ?s0 ?p ?o } #',
    "> . ?s0 ?p ?o . <x:y",
    "x:> } #",
    '\\" ) } #',
    "\n} LIMIT 1 #",
    "'''",
    "\u0000",
    "\\u0022 || true",
    "a/b> } { #",
    "http://a/\\u003e",
    "{x}",
    "?v",
    "\U0010ffff\u202e",
)


@pytest.mark.parametrize("evil", EVIL)
def test_no_value_leaves_its_term(evil: str, client: FlaskClient) -> None:
    with client.application.app_context():
        known = filters.parameters_of(site().schema.kinds["release"])
    texts = {parameter.name for parameter in known if parameter.schema.get("pattern", "").startswith("^[^\\x00-")}
    assert 10 < len(texts) < len(known)
    for parameter in known:
        response = client.get(f"/doc/release.nt?{urlencode({parameter.name: evil})}")
        assert response.status_code == (200 if parameter.name in texts and evil != "\0" else 400), parameter.name
        assert "core#member>" not in response.get_data(as_text=True), parameter.name
    for name in ("sort", "page", "size", evil):
        assert client.get(f"/doc/release?{urlencode({name: evil})}").status_code == 400
    token = base64.urlsafe_b64encode(f"a {evil}".encode()).decode().rstrip("=")
    assert client.get(f"/doc/release?sort=title&page={token}").status_code == 400


# ── As RDF ───────────────────────────────────────────────────────────────────────────────────────────────────────


PATHS = (
    "/doc/state",
    "/doc/release?size=1",
    "/doc/release?size=1&sort=-date",
    "/doc/release?fieldOfWork=field-of-work/quests&date.from=2000",
    '/doc/release?title=Seneschal <meets> "Morgan" %26 others&size=1',
    "/doc/state?isoCode=none",
)


def hydra(name: str) -> URIRef:
    return URIRef(HYDRA + name)


@pytest.mark.parametrize("path", PATHS)
def test_every_format_carries_the_same_triples(path: str, client: FlaskClient) -> None:
    turtle = named(parsed(client, path))
    stem, _, asked = path.partition("?")
    for suffix in ("nt", "rdf", "trig", "nq"):
        body = client.get(f"{stem}.{suffix}?{asked}").get_data(as_text=True)
        assert named(Graph().parse(data=body, format=RDFLIB[suffix])) == turtle, suffix
    inline = client.get(f"{stem}.jsonld?{asked}&context=inline").get_data(as_text=True)
    assert named(from_json_ld(inline)) == turtle


@pytest.mark.parametrize("path", PATHS)
def test_every_iri_of_ours_in_a_collection_answers(path: str, client: FlaskClient) -> None:
    terms = {str(term).partition("#")[0] for triple in parsed(client, path) for term in triple}
    ours = sorted(term for term in terms if term.startswith(BASE) and "{" not in term)
    assert len(ours) > 2
    for iri in ours:
        answer = client.get("/" + iri.removeprefix(BASE), follow_redirects=True)
        assert answer.status_code == 200, iri


def test_a_collection_is_described_in_hydra(client: FlaskClient) -> None:
    graph, here = parsed(client, "/doc/release?size=2"), URIRef(f"{BASE}doc/release")
    assert (here, RDF.type, hydra("Collection")) in graph
    assert (here, RDFS.label, Text("Release", lang="en")) in graph
    assert (here, hydra("totalItems"), Text(3)) in graph
    assert (here, RDFS.seeAlso, URIRef(f"{BASE}ontology#Release")) in graph
    members = sorted(graph.objects(here, hydra("member")), key=str)
    assert members == [URIRef(f"{BASE}id/release/2000-01"), URIRef(f"{BASE}id/release/2000-02")]
    assert (members[1], RDFS.label, Text("Quest Group closes", lang="en")) in graph
    assert (members[1], RDF.type, URIRef(f"{BASE}ontology#Release")) in graph


def test_a_page_is_a_view_with_its_first_and_its_next(client: FlaskClient) -> None:
    here, page = f"{BASE}doc/release?sort=-date", "&size=1"
    first = parsed(client, "/doc/release?size=1&sort=-date")
    (view,) = first.objects(URIRef(here), hydra("view"))
    assert view == URIRef(here + page)
    assert (view, RDF.type, hydra("PartialCollectionView")) in first
    assert (view, hydra("first"), view) in first
    (following,) = first.objects(view, hydra("next"))
    second = parsed(client, "/" + str(following).removeprefix(BASE))
    assert (URIRef(here), hydra("view"), following) in second
    assert (following, hydra("first"), view) in second
    (last,) = second.objects(following, hydra("next"))
    assert not list(parsed(client, "/" + str(last).removeprefix(BASE)).objects(last, hydra("next")))


def test_json_ld_is_a_tree_from_the_collection(client: FlaskClient) -> None:
    tree = client.get("/doc/state.jsonld?page=avalon&isoCode=NO&isoCode=XX").get_json(force=True)
    assert tree["id"] == f"{BASE}doc/state?isoCode=NO&isoCode=XX"
    assert tree["hydra:view"][0]["type"] == ["hydra:PartialCollectionView"]


def test_a_filtered_collection_has_one_iri_however_it_is_asked(client: FlaskClient) -> None:
    iri = URIRef(f"{BASE}doc/release?date.from=2000&fieldOfWork=field-of-work%2Fquests&type=PressRelease&type=Release")
    for asked in (
        "date.from=2000&fieldOfWork=field-of-work/quests&type=PressRelease&type=Release",
        f"type=Release&type=PressRelease&type=Release&fieldOfWork={BASE}id/field-of-work/quests&date.from=2000&size=3",
    ):
        graph = parsed(client, f"/doc/release?{asked}")
        assert (iri, RDF.type, hydra("Collection")) in graph
        assert (iri, RDFS.seeAlso, None) not in graph


def test_the_template_has_a_mapping_for_each_variable(client: FlaskClient) -> None:
    graph, template = parsed(client, "/doc/release"), URIRef(f"{BASE}doc/release#search")
    assert (URIRef(f"{BASE}doc/release"), hydra("search"), template) in graph
    assert (template, hydra("variableRepresentation"), hydra("BasicRepresentation")) in graph
    text = str(graph.value(template, hydra("template")))
    assert text.startswith(f"{BASE}doc/release{{?type,title,date,date.from,date.to,")
    variables = text.partition("{?")[2].rstrip("}").split(",")
    mappings = list(graph.objects(template, hydra("mapping")))
    assert sorted(str(graph.value(mapping, hydra("variable"))) for mapping in mappings) == sorted(variables)
    date = URIRef(f"{template}-date.from")
    assert (date, hydra("property"), URIRef(f"{BASE}ontology#date")) in graph
    assert (date, hydra("required"), Text(False)) in graph
    assert (date, RDF.type, hydra("IriTemplateMapping")) in graph
    assert not any(mapping.startswith("_:") for mapping in map(str, mappings))


def test_a_variable_has_only_the_characters_of_rfc_6570() -> None:
    assert paging.variable("à-b.from") == "%C3%A0%2Db.from"


# ── As a page, and for others ────────────────────────────────────────────────────────────────────────────────────


def test_the_page_lists_filters_with_a_way_to_remove_each(client: FlaskClient) -> None:
    page = page_at(client, "/doc/release.html?fieldOfWork=field-of-work/quests&date.from=2000&size=1")
    text = page.get_data(as_text=True)
    assert "field of work: Quests" in text
    assert 'href="/doc/release?date.from=2000&amp;size=1"' in text
    assert 'href="/doc/release?fieldOfWork=field-of-work%2Fquests&amp;size=1"' in text
    assert '<span class="count">1</span>' in text


def test_the_page_escapes_what_was_asked(client: FlaskClient) -> None:
    evil = '"><script>alert(1)</script>'
    text = page_at(client, f"/doc/release?{urlencode({'title': evil, 'size': '1'})}").get_data(as_text=True)
    assert "<script>" not in text
    assert "&lt;script&gt;" in text
    told = client.get(f"/doc/release?{urlencode({evil: 'x'})}", headers={"Accept": "text/html"})
    assert "<script>" not in told.get_data(as_text=True)


def test_the_page_links_on(client: FlaskClient) -> None:
    text = page_at(client, "/doc/state?size=1&label=Avalon&label=Lyonesse").get_data(as_text=True)
    assert 'rel="next" href="/doc/state?label=Avalon&amp;label=Lyonesse&amp;page=avalon&amp;size=1"' in text
    assert '<a rel="first"' not in text
    text = page_at(client, "/doc/state?size=1&page=avalon").get_data(as_text=True)
    assert '<a rel="first" href="/doc/state?size=1">' in text


def test_every_parameter_is_described_and_its_examples_can_be_asked(client: FlaskClient, model: Any) -> None:
    assert len(model.kinds) > 10
    for kind, class_ in model.kinds.items():
        parameters = filters.parameters_of(class_)
        assert len({parameter.name for parameter in parameters}) == len(parameters)
        for parameter in parameters:
            Draft202012Validator.check_schema(parameter.schema)
            assert parameter.label, (kind, parameter.name)
            assert parameter.description, (kind, parameter.name)
            for example in [*parameter.schema.get("examples", ()), *parameter.schema.get("enum", ())][:4]:
                if "…" not in str(example):
                    Draft202012Validator(parameter.schema).validate(example)
                    assert filters.value_of(parameter, str(example)).text == example


def test_a_range_is_offered_for_dates_and_numbers_and_a_type_for_parts_of_several(model: Any) -> None:
    names = {parameter.name: parameter for parameter in filters.parameters_of(model.kinds["release"])}
    assert names["date.from"].is_range
    assert names["engagement.since.to"].is_range
    assert not names["date"].is_range
    assert not {"title.from", "itemNumber.to", "mention", "mention.type"} & set(names)
    assert json.dumps(names["type"].schema).count("PressRelease") == 1
    assert "engagement.type" in names


def test_the_number_of_a_kind_is_that_of_its_collection(real_client: FlaskClient) -> None:
    with real_client.application.app_context():
        counts = site().dataset.manifest.kinds
        assert len(counts) > 10
        for kind in site().schema.kinds:
            graph = parsed(real_client, f"/doc/{kind}?size=1")
            assert (URIRef(f"{BASE}doc/{kind}"), hydra("totalItems"), Text(counts.get(kind, 0))) in graph


def test_a_list_is_a_table_and_a_feed_too(client: FlaskClient) -> None:
    page = client.get("/doc/state.html").get_data(as_text=True)
    table, feed = (re.search(rf'href="(/search\.{suffix}[^"]*)"', page) for suffix in ("csv", "atom"))
    assert table
    assert feed
    assert client.get(table[1]).get_data(as_text=True).count("/id/state/") == 2
    assert client.get(feed[1]).mimetype == "application/atom+xml"
