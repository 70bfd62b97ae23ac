"""Pictures of views: what one leaves out, or cannot draw, is said; and what has no end is no moment."""

import re
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from flask import Flask
from flask.testing import FlaskClient
from pyoxigraph import Literal, NamedNode

from kg.names import XSD
from kg.sparql.oxigraph import Oxigraph
from server.pictures.charts import chart_of
from server.pictures.drawing import Shown, line_of, picture_of, views_of
from server.pictures.tables import Row, Sort, Table
from server.pictures.timelines import timeline_of
from server.site import site
from tests.sampling import drawn

PREFIX = "PREFIX osce: <http://localhost:8000/ontology#> "


@pytest.fixture(scope="module")
def real_app(real_client: FlaskClient) -> Flask:
    """The application on the real graph."""
    return real_client.application


@pytest.fixture(scope="module")
def shown(real_app: Flask) -> list[Shown]:
    """The views of the dataset, of some States and of some other things of the real graph."""
    with real_app.test_request_context("/"):
        real_app.preprocess_request()
        about = sorted({view.about for view in site().views})
        values = " ".join(f"<{iri}>" for iri in about)
        found: dict[str, set[str]] = {}
        for row in site().engine.select(f"SELECT ?s ?class {{ VALUES ?class {{ {values} }} ?s a ?class }}"):
            found.setdefault(row["s"].value, set()).add(row["class"].value)
        found[site().names.dataset] = set(about) - {c for classes in found.values() for c in classes}
        states = [iri for iri in found if "/id/state/" in iri]
        some = {*drawn(states, 15), *drawn(found.keys() - states, 60), site().names.dataset}
        return [each for iri in sorted(some) for each in views_of(iri, found[iri])]


@pytest.fixture
def request_context(app: Flask) -> Iterator[None]:
    with app.test_request_context("/"):
        app.preprocess_request()
        yield


def day(value: str) -> Literal:
    return Literal(value, datatype=NamedNode(XSD + "date"))


def thing(name: str) -> NamedNode:
    return NamedNode(f"http://e.org/{name}")


def number(value: int) -> Literal:
    return Literal(str(value), datatype=NamedNode(XSD + "integer"))


# ── What has no end ──────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("names", [["since", "until"], ["established", "closed"], ["startedWork", "dissolved"]])
@pytest.mark.usefixtures("request_context")
def test_what_has_no_end_goes_on_even_if_no_row_has_one(names: list[str]) -> None:
    rows: list[Row] = [[thing("a"), day("1973-06-25"), None], [thing("b"), day("1992-01-30"), None]]
    timeline = timeline_of(Table(["thing", *names], rows))
    assert timeline
    bars = [bar for lane in timeline.lanes for bar in lane.bars]
    assert [(bar.open_right, bar.right, bar.is_dot) for bar in bars] == [(True, 100, False)] * 2
    steps = line_of(Table(["thing", *names], rows))
    assert steps
    assert [step.dates for step in steps] == ["1973–", "1992–"]


@pytest.mark.usefixtures("request_context")
def test_what_has_no_beginning_came_from_before_even_if_no_row_has_one() -> None:
    timeline = timeline_of(Table(["thing", "since", "until"], [[thing("a"), None, day("1990-01-01")]]))
    assert timeline
    assert [(bar.open_left, bar.x) for bar in timeline.lanes[0].bars] == [(True, 0)]


@pytest.mark.parametrize("others", [[], ["place"], ["note"]])
@pytest.mark.usefixtures("request_context")
def test_a_date_beside_no_other_column_of_dates_is_a_moment(others: list[str]) -> None:
    rows: list[Row] = [[thing(name), day(f"19{name}-01-01"), *(None for _ in others)] for name in ("75", "99")]
    timeline = timeline_of(Table(["meeting", "since", *others], rows))
    assert timeline
    assert [bar.open_right for lane in timeline.lanes for bar in lane.bars] == [False, False]


def test_every_row_of_a_view_without_an_end_is_drawn_as_going_on(shown: list[Shown], real_app: Flask) -> None:
    with real_app.test_request_context("/"):
        checked = 0
        for each in shown:
            table = each.picture.table
            dates = table.columns(Sort.DATE)
            if each.picture.sort != "timeline" or not each.picture.drawing or len(dates) < 2:
                continue
            bars = [bar for lane in each.picture.drawing.lanes for bar in lane.bars]
            open_ = any(row[dates[0]] and not row[dates[1]] for row in table.rows)
            assert any(bar.open_right and bar.right == 100 and not bar.is_dot for bar in bars) == open_, each.query
            checked += open_
        assert checked > 15


def test_every_state_that_takes_part_is_drawn_as_taking_part(real_client: FlaskClient, engine: Oxigraph) -> None:
    query = "SELECT DISTINCT ?state { ?state osce:participation ?p MINUS { ?p osce:until ?end } }"
    states = [row["state"].value.rpartition("/")[2] for row in engine.select(PREFIX + query)]
    assert len(states) > 60
    for name in drawn(states, 8):
        page = real_client.get(f"/doc/state/{name}.html").get_data(as_text=True)
        timeline = page.partition('id="StateRolesView"')[2].partition("</figure>")[0]
        assert 'class="end"' in timeline, name


# ── What is listed twice ─────────────────────────────────────────────────────────────────────────────────────────


def test_no_table_of_a_view_has_two_lines_of_one_thing_at_one_time(shown: list[Shown], real_app: Flask) -> None:
    compared = 0
    with real_app.test_request_context("/"):
        for each in shown:
            table = each.picture.table
            thing = table.column(Sort.THING)
            if thing is None:
                continue
            compared += len(table.lines) > 1
            told = (thing, *table.columns(Sort.DATE)[:1], *table.columns(Sort.THING)[1:2])
            keys = [tuple(str(line[place]) for place in told) for line in table.lines]
            assert len(set(keys)) == len(keys), each.query
    assert compared > 10


def test_the_map_of_operations_has_a_line_for_each(shown: list[Shown], real_app: Flask, engine: Oxigraph) -> None:
    operations = {row["o"].value for row in engine.select(PREFIX + "SELECT ?o { ?o a osce:FieldOperation }")}
    with real_app.test_request_context("/"):
        table = next(each for each in shown if each.view.name == "DatasetFieldOperationsMapView").picture.table
        listed = [line[0][0].iri for line in table.lines]
    assert len(listed) == len(operations)
    assert set(listed) == operations


@pytest.mark.usefixtures("request_context")
def test_rows_that_combine_all_values_of_a_thing_share_a_line_and_others_do_not() -> None:
    whole: list[Row] = [[thing("a"), day("2001-01-01"), thing(x), thing(y)] for x in "xy" for y in "12"]
    [line] = Table(["thing", "date", "place", "by"], whole).lines
    assert [[value.text[-1] for value in cell] for cell in line] == [["a"], ["1"], ["x", "y"], ["1", "2"]]
    assert len(Table(["thing", "date", "place", "by"], whole[:3]).lines) == 3


# ── What is left out ─────────────────────────────────────────────────────────────────────────────────────────────


def test_drawn_and_undrawn_releases_are_all_of_them(shown: list[Shown], real_app: Flask, engine: Oxigraph) -> None:
    [found] = engine.select(PREFIX + "SELECT (COUNT(*) AS ?n) { ?r a osce:Release }")
    [undated] = engine.select(PREFIX + "SELECT (COUNT(*) AS ?n) { ?r a osce:Release MINUS { ?r osce:date ?d } }")
    picture = next(each for each in shown if each.view.name == "DatasetReleasesView").picture
    counted = sum(int(column.number.replace(",", "")) for column in picture.drawing.columns)
    assert picture.undrawn == int(undated["n"].value) > 0
    assert counted + picture.undrawn == int(found["n"].value)
    page = real_app.test_client().get("/", headers={"Accept": "text/html"}).get_data(as_text=True)
    assert f"Not drawn because they have no date, name or number: {undated['n'].value}." in page


def test_undated_releases_stand_in_the_tables(real_client: FlaskClient, engine: Oxigraph) -> None:
    few = "{ SELECT ?s { ?all osce:issuedBy ?s } GROUP BY ?s HAVING(COUNT(?all) <= 8) }"
    query = f"SELECT ?s ?r {{ {few} ?r osce:issuedBy ?s MINUS {{ ?r osce:date ?d }} }}"
    rows = [*engine.select(PREFIX + query)]
    assert rows
    for row in rows[:3]:
        page = real_client.get(row["s"].value.replace("http://localhost:8000/id", "/doc") + ".html").get_data(
            as_text=True
        )
        table = page.partition('id="StructureNewestReleasesView"')[2].partition("</figure>")[0]
        assert row["r"].value.rpartition("/")[2] in table


@pytest.mark.parametrize(
    ("sort", "variables", "rows", "undrawn"),
    [
        ("timeline", ["thing", "since", "until"], [[thing("a"), day("1990-01-01"), None], [thing("b"), None, None]], 1),
        ("timeline", ["thing", "since", "until"], [[thing("a"), day("1990-01-01"), None]] * 2, 0),
        ("map", ["thing", "lat", "long"], [[thing("a"), number(48), number(16)], [thing("b"), None, None]], 1),
        ("map", ["thing", "lat", "long"], [[thing("a"), number(48), number(16)], [thing("b"), number(99), None]], 1),
        ("map", ["thing", "code"], [[thing("a"), Literal("NO")], [thing("b"), None]], 1),
        ("chart", ["thing", "n"], [[thing("a"), number(3)], [thing("b"), None]], 1),
        ("chart", ["year", "n"], [[number(1990), number(3)], [None, number(12)]], 12),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("request_context")
def test_what_a_picture_leaves_to_the_table_is_counted(
    sort: str, variables: list[str], rows: list[Row], undrawn: int
) -> None:
    picture = picture_of(sort, Table(variables, rows))
    assert picture.drawing
    assert picture.undrawn == undrawn


@pytest.mark.usefixtures("request_context")
def test_a_row_without_a_number_is_no_bar_of_none() -> None:
    chart = chart_of(Table(["thing", "n"], [[thing("a"), number(3)], [thing("b"), None], [thing("c"), number(0)]]))
    assert chart
    assert [column.name[-1] for column in chart.columns] == ["a", "c"]


# ── What does not fit ────────────────────────────────────────────────────────────────────────────────────────────

STATES = "SELECT ?state { ?state a osce:State }"


@pytest.mark.parametrize(
    ("view", "query", "told"),
    [
        ("map", STATES, "A map cannot be drawn: a row must have a latitude"),
        ("timeline", STATES, "A timeline cannot be drawn: a row must have"),
        ("chart", STATES, "A chart cannot be drawn: the first column"),
        ("map", STATES + " LIMIT 0", "A map cannot be drawn"),
        (
            "timeline",
            "SELECT ?s ?since { ?s a osce:State OPTIONAL { ?s osce:since ?since } }",
            "A timeline cannot be drawn",
        ),
        ("chart", 'SELECT ?s ?n { VALUES (?s ?n) { ("a" 1) ("a" 2) } }', "A chart cannot be drawn"),
        ("tree", STATES, "“tree” is not a supported view. Supported views: map, timeline, chart, table."),
        ("Map", STATES, "“Map” is not a supported view."),
        ("<b>", STATES, "“&lt;b&gt;” is not a supported view."),
        ("map", "ASK {}", "Only the result of a SELECT query can be shown as a picture."),
        ("chart", "CONSTRUCT { ?s a ?c } WHERE { ?s a ?c } LIMIT 1", "Only the result of a SELECT query"),
    ],
)  # fmt: skip
def test_a_picture_that_does_not_fit_says_why(view: str, query: str, told: str, client: FlaskClient) -> None:
    answer = client.get(f"/sparql?query={quote(PREFIX + query)}&view={quote(view)}", headers={"Accept": "text/html"})
    page = re.sub(r"\s+", " ", answer.get_data(as_text=True))
    assert answer.status_code == 200
    assert told in page
    assert "<figure" not in page


@pytest.mark.parametrize("view", ["", "&view=", "&view=table"])
def test_a_result_without_a_picture_says_nothing_of_pictures(view: str, client: FlaskClient) -> None:
    answer = client.get(f"/sparql?query={quote(PREFIX + STATES)}{view}", headers={"Accept": "text/html"})
    assert "notice" not in answer.get_data(as_text=True)
