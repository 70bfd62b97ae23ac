"""Pictures: bars are as long as what they stand for, points lie where they belong, and all is said in words as well."""

import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from itertools import combinations, pairwise
from math import cos, hypot, radians, sin, sqrt
from pathlib import Path

import pytest
from flask import Flask, render_template_string
from flask.testing import FlaskClient
from pyoxigraph import Literal, NamedNode

from kg.names import XSD
from server.pictures import maps
from server.pictures.charts import Chart, chart_of
from server.pictures.drawing import TreeNode, fitting, line_of, picture_of, tree_of
from server.pictures.maps import RADIUS, Map, Outlines, map_of
from server.pictures.tables import Cell, Row, Table
from server.pictures.timelines import Bar, Timeline, in_years, timeline_of

ALIGNED = {"type": "azimuthalEqualArea", "rotate": [-10, -65, 0], "scale": 385, "translate": [500, 370]}
AUSTRIA = [(46.4, 9.5), (46.4, 17.2), (49.0, 17.2), (49.0, 9.5)]
"""The corners of a box around Austria, as latitude and longitude."""


def snyder(latitude: float, longitude: float) -> tuple[float, float]:
    """The same projection by the textbook (Snyder, Map Projections, equations 24-2 to 24-4), around 65° N 10° E."""
    phi, lam, phi1 = radians(latitude), radians(longitude - 10), radians(65)
    k = sqrt(2 / (1 + sin(phi1) * sin(phi) + cos(phi1) * cos(phi) * cos(lam)))
    x = k * cos(phi) * sin(lam)
    return 500 + 385 * x, 370 - 385 * k * (cos(phi1) * sin(phi) - sin(phi1) * cos(phi) * cos(lam))


@pytest.fixture(autouse=True)
def page(app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A page that is being written in English, with outlines of which one is Austria's box and one too small to see."""
    path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in (snyder(*corner) for corner in AUSTRIA)) + "Z"
    told = {
        "viewBox": [0, 0, 1000, 640],
        "projection": ALIGNED,
        "countries": {
            "040": {"name": "Austria", "path": path, "centre": snyder(47.6, 14.1)},
            "020": {"name": "Andorra", "path": "", "centre": snyder(42.5, 1.5)},
        },
    }
    (tmp_path / "map.json").write_text(json.dumps(told))
    monkeypatch.setattr(maps, "OUTLINES", tmp_path / "map.json")
    with app.test_request_context("/?lang=en"):
        yield


def thing(name: str) -> NamedNode:
    return NamedNode(f"http://example.org/{name}")


def day(value: str) -> Literal:
    datatype = {4: "gYear", 7: "gYearMonth", 10: "date"}[len(value)]
    return Literal(value, datatype=NamedNode(XSD + datatype))


def number(value: float) -> Literal:
    return Literal(str(value), datatype=NamedNode(XSD + ("integer" if isinstance(value, int) else "decimal")))


def spans(*rows: tuple[str, str | None, str | None]) -> Table:
    told: list[Row] = [[thing(name), *(day(date) if date else None for date in dates)] for name, *dates in rows]
    return Table(["thing", "from", "to"], told)


def bars(table: Table) -> dict[str, Bar]:
    timeline = timeline_of(table)
    assert isinstance(timeline, Timeline)
    return {lane.name.rpartition("/")[2]: bar for lane in timeline.lanes for bar in lane.bars}


# ── Timelines ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_ten_years_are_twice_as_long_as_five_however_exact_their_dates() -> None:
    found = bars(spans(("ten", "2000", "2009"), ("five", "1990-01-01", "1994-12-31"), ("also", "2001-01", "2010-12")))
    lengths = {name: bar.right - bar.x for name, bar in found.items()}
    assert lengths["ten"] == pytest.approx(2 * lengths["five"], abs=0.05)
    assert lengths["also"] == pytest.approx(lengths["ten"], abs=0.05)


def test_a_date_is_as_long_as_it_can_mean() -> None:
    assert in_years("1992") == (1992, 1993)
    assert in_years("1992-12") == (1992 + 335 / 366, 1993)
    assert in_years("1992-02-29") == (1992 + 59 / 366, 1992 + 60 / 366)
    assert in_years("1993-02-29") is in_years("soon") is in_years("9999-12-31") is None


def test_what_has_no_end_goes_on_to_the_edge_with_a_point_and_what_has_ends_there() -> None:
    found = bars(spans(("on", "2000", None), ("since-ever", None, "2005"), ("over", "2001", "2003")))
    assert (found["on"].open_left, found["on"].open_right) == (False, True)
    assert found["on"].right == 100 > found["over"].right
    assert (found["since-ever"].open_left, found["since-ever"].open_right) == (True, False)
    assert not found["over"].open_left
    assert not found["over"].open_right


def test_an_event_is_a_dot_and_rows_without_any_date_or_out_of_order_are_left_to_the_table() -> None:
    found = bars(spans(("event", "2000-05-01", "2000-05-02"), ("never", None, None), ("mad", "2009", "2001")))
    assert found.keys() == {"event"}
    found = bars(Table(["thing", "date"], [[thing("a"), day("1990")], [thing("b"), day("2020-01-01")]]))
    assert found["b"].is_dot
    assert not found["b"].open_right


def test_times_of_one_thing_share_a_lane_unless_they_overlap() -> None:
    timeline = timeline_of(
        spans(("a", "1990", "1992"), ("b", "1991", "1999"), ("a", "1995", "1996"), ("b", "1998", None))
    )
    assert timeline
    assert [len(lane.bars) for lane in timeline.lanes] == [2, 1, 1]


def test_rows_that_come_in_groups_get_headings() -> None:
    rows: list[Row] = [[thing(n), thing(g), day("1990"), day("1999")] for n, g in zip("abcd", "xxyy", strict=True)]
    grouped = timeline_of(Table(["thing", "group", "from", "to"], rows))
    assert grouped
    assert [lane.name[-1] for lane in grouped.lanes] == ["x", "a", "b", "y", "c", "d"]
    mixed = timeline_of(Table(["thing", "group", "from", "to"], [rows[0], rows[2], rows[1], rows[3]]))
    assert mixed
    assert len(mixed.lanes) == 4


def test_rows_of_one_thing_and_one_time_are_drawn_once() -> None:
    timeline = timeline_of(spans(("a", "1990", "1992"), ("a", "1990", "1992"), ("a", "1991", None)))
    assert timeline
    assert [[bar.text for bar in lane.bars] for lane in timeline.lanes] == [["1990 – 1992"], ["1991 – …"]]


@pytest.mark.parametrize("last", ["1990", "1995", "1999", "2026", "2400"])
def test_the_years_of_an_axis_have_room_beside_each_other_on_a_phone(last: str) -> None:
    timeline = timeline_of(spans(("a", "1990", last)))
    assert timeline
    marks = [x for x, _ in timeline.scale.ticks]
    assert marks
    assert all(b - a >= 10 for a, b in pairwise(marks))
    assert all(0 <= x <= 100 for x in marks)


# ── Charts ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_chart_has_every_year_and_none_of_anything_where_there_is_no_row() -> None:
    chart = chart_of(Table(["year", "n"], [[day("2001"), number(4)], [day("2004"), number(8)]]))
    assert isinstance(chart, Chart)
    assert chart.standing
    assert [(column.name, column.number) for column in chart.columns] == [
        ("2001", "4"), ("2002", "0"), ("2003", "0"), ("2004", "8")
    ]  # fmt: skip
    assert [column.height for column in chart.columns] == [95, 0, 0, 190]


def test_whole_numbers_are_years_in_the_first_column_alone() -> None:
    years = chart_of(Table(["year", "n"], [[number(1999), number(2001)], [number(2001), number(1)]]))
    assert years
    assert [column.name for column in years.columns] == ["1999", "2000", "2001"]


def test_bars_of_anything_else_lie_and_are_as_long_as_their_numbers() -> None:
    chart = chart_of(Table(["thing", "n"], [[thing("a"), number(10)], [thing("b"), number(5)], [thing("c"), None]]))
    assert chart
    assert not chart.standing
    assert chart.columns[0].width == pytest.approx(2 * chart.columns[1].width, abs=0.05)
    assert len(chart.columns) == 2, "what has no number is not drawn as none of anything"


@pytest.mark.parametrize(
    "rows",
    [
        [[thing("a"), number(1)], [thing("a"), number(2)]],
        [[thing("a"), number(-1)], [thing("b"), number(2)]],
        [[thing("a"), Literal("INF", datatype=NamedNode(XSD + "double"))]],
        [[thing("a"), Literal("many", datatype=NamedNode(XSD + "integer"))]],
        [],
    ],
)
def test_what_cannot_be_drawn_as_bars_is_not(rows: list[Row]) -> None:
    assert "chart" not in fitting(Table(["thing", "n"], rows))
    assert chart_of(Table(["thing", "n"], rows)) is None


# ── Maps ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def places(*rows: tuple[str, float, float]) -> Table:
    return Table(["thing", "lat", "long"], [[thing(name), number(lat), number(long)] for name, lat, long in rows])


def test_points_lie_where_the_textbook_puts_them() -> None:
    outlines = maps.outlines(maps.OUTLINES)
    assert isinstance(outlines, Outlines)
    for latitude, longitude in [(48.2, 16.37), (38.9, -77.04), (71.3, -156.8), (43.1, 131.9), (90.0, 0.0), (0.0, 10.0)]:
        assert outlines.project(latitude, longitude) == pytest.approx(snyder(latitude, longitude), abs=1e-6)
    assert all(abs(value) < 1e6 for value in outlines.project(-65, -170)), "the antipode is nowhere, but no error"


def test_vienna_lies_in_austria_and_moscow_does_not() -> None:
    outlines = maps.outlines(maps.OUTLINES)
    assert outlines
    numbers = [float(n) for n in re.findall(r"[\d.]+", outlines.countries["040"]["path"])]
    xs, ys = numbers[::2], numbers[1::2]
    (x, y), (far, _) = outlines.project(48.2, 16.37), outlines.project(55.75, 37.6)
    assert min(xs) < x < max(xs)
    assert min(ys) < y < max(ys)
    assert far > max(xs)


def test_no_point_lies_on_another_and_none_far_from_its_place() -> None:
    drawn = map_of(places(*((f"office-{n}", 48.2, 16.37) for n in range(20))))
    assert isinstance(drawn, Map)
    assert len(drawn.markers) == 20
    ats = [marker.at for marker in drawn.markers]
    assert all(hypot(a[0] - b[0], a[1] - b[1]) >= 2 * RADIUS for a, b in combinations(ats, 2))
    assert all(hypot(at[0] - ats[0][0], at[1] - ats[0][1]) < 8 * RADIUS for at in ats)


def test_a_part_of_the_map_is_shown_in_its_proportions_with_all_points_in_it() -> None:
    one, far = map_of(places(("a", 48.2, 16.37))), map_of(places(("a", 48.2, 16.37), ("b", 38.9, -77.0)))
    assert one
    assert far
    assert one.window.zoom > far.window.zoom >= 1
    for drawn in (one, far):
        assert drawn.markers
        assert all(0 < m.at[0] < drawn.outlines.width and 0 < m.at[1] < drawn.outlines.height for m in drawn.markers)


def test_countries_are_found_by_code_the_small_ones_as_points_and_told_apart_by_group() -> None:
    rows: list[Row] = [
        [thing("austria"), Literal("AT"), thing("member")],
        [thing("andorra"), Literal("AD"), thing("partner")],
        [thing("elsewhere"), Literal("JP"), thing("partner")],
    ]
    drawn = map_of(Table(["state", "code", "status"], rows))
    assert drawn
    assert [(c.name[-7:], bool(c.outline), c.group) for c in drawn.countries] == [
        ("austria", True, 0),
        ("andorra", False, 1),
    ]
    assert [group.rpartition("/")[2] for group in drawn.groups] == ["member", "partner"]


def test_points_are_read_as_geosparql_writes_them_longitude_first() -> None:
    wkt = NamedNode("http://www.opengis.net/ont/geosparql#wktLiteral")
    written = map_of(Table(["thing", "point"], [[thing("a"), Literal("POINT(16.37 48.2)", datatype=wkt)]]))
    plain = map_of(places(("a", 48.2, 16.37)))
    assert written
    assert plain
    assert written.markers[0].at == plain.markers[0].at
    assert map_of(Table(["thing", "point"], [[thing("a"), Literal("POINT(x y)", datatype=wkt)]])) is None


def test_without_outlines_there_is_no_map_but_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(maps, "OUTLINES", Path("nowhere.json"))
    table = places(("a", 48.2, 16.37))
    assert fitting(table) == []
    assert picture_of("map", table).drawing is None
    assert "<table" in figure("map", table)
    assert "<svg" not in figure("map", table)


# ── Trees and lines ──────────────────────────────────────────────────────────────────────────────────────────────


def told(nodes: list[TreeNode]) -> object:
    return {node.value.text.rpartition("/")[2]: told(node.below) for node in nodes}


def test_a_tree_hangs_each_thing_below_its_parent_once_and_circles_are_cut() -> None:
    pairs = [("b", "a"), ("c", "b"), ("d", "b"), ("x", "y"), ("y", "x"), ("z", "z")]
    rows: list[Row] = [[thing(child), thing(parent)] for child, parent in pairs]
    tree = tree_of(Table(["thing", "above"], rows))
    assert tree is not None
    assert told(tree) == {"a": {"b": {"c": {}, "d": {}}}, "y": {"x": {}}, "z": {}}


def test_a_line_keeps_the_order_of_the_rows_and_has_at_least_two_steps() -> None:
    steps = line_of(spans(("a", "1990", "1994-03"), ("b", "1994-03-02", None)))
    assert steps
    assert [step.dates for step in steps] == ["1990–1994", "1994–"]
    assert line_of(spans(("a", "1990", None))) is None


# ── In words ─────────────────────────────────────────────────────────────────────────────────────────────────────


def figure(sort: str, table: Table) -> str:
    template = '{% import "pictures.html" as pictures with context %}{{ pictures.figure("it", caption, picture) }}'
    return render_template_string(template, caption="What & when", picture=picture_of(sort, table))


EVIL = '<script>alert("&")</script>'
DRAWN = {
    "timeline": Table(["name", "from", "to"], [[Literal(EVIL), day("1990"), None], [Literal("b"), None, day("1995")]]),
    "chart": Table(["name", "n"], [[Literal(EVIL), number(3)], [Literal("b"), number(4)]]),
    "map": Table(["name", "lat", "long"], [[Literal(EVIL), number(48.2), number(16.4)]]),
    "tree": Table(["name", "above"], [[thing("a"), thing("b")]]),
    "line": Table(["name", "from"], [[thing("a"), day("1990")], [thing("b"), day("1991")]]),
    "table": Table(["name"], [[Literal(EVIL)]]),
}  # fmt: skip


@pytest.mark.parametrize("sort", DRAWN)
def test_every_picture_is_well_formed_says_what_it_is_and_has_its_rows_as_a_table(sort: str) -> None:
    written = figure(sort, DRAWN[sort])
    whole = ET.fromstring(re.sub(r"&nbsp;", " ", written).strip())
    assert whole.tag == "figure"
    caption = whole.find("figcaption")
    assert caption is not None
    assert caption.text == "What & when"
    assert whole.get("aria-labelledby") == caption.get("id")
    assert len(whole.findall(".//tbody/tr")) == len(DRAWN[sort].rows)
    for svg in [svg for svg in whole.iter("svg") if svg.get("aria-hidden") is None]:
        ids = {each.get("id"): each.text for each in svg.iter() if each.get("id")}
        assert all(ids[name] for name in (svg.get("aria-labelledby") or "").split())
    assert "<script" not in written
    assert "style=" not in written
    assert not re.search(r"\b(nan|inf|None)\b", written, re.IGNORECASE)


def test_rows_that_differ_in_a_last_thing_alone_share_a_line_of_the_table() -> None:
    rows: list[Row] = [[day("2001"), thing(a), thing(b)] for a, b in ("ax", "ay", "bx")]
    lines = Table(["date", "thing", "by"], rows).lines
    told = [[[value.text[-1] for value in cell] for cell in line] for line in lines]
    assert told == [[["1"], ["a"], ["x", "y"]], [["1"], ["b"], ["x"]]]
    numbered: list[Row] = [[thing("a"), number(1)], [thing("a"), number(2)]]
    assert len(Table(["thing", "n"], numbered).lines) == 2


def test_the_page_of_a_result_offers_what_fits_and_draws_what_is_asked(client: FlaskClient) -> None:
    query = """PREFIX osce: <http://localhost:8000/ontology#>
        SELECT ?term ?since ?until { ?term osce:since ?since ; osce:until ?until ; osce:heldBy ?state }"""
    plain = client.get("/sparql", query_string={"query": query}, headers={"Accept": "text/html"}).get_data(as_text=True)
    assert ">Timeline</a>" in plain
    assert ">Map</a>" not in plain
    assert "<figure" not in plain
    asked = {"query": query, "view": "timeline"}
    drawn = client.get("/sparql", query_string=asked, headers={"Accept": "text/html"}).get_data(as_text=True)
    assert drawn.count("<figure") == 1
    assert re.search(r">Chairpersonship of Avalon</a><[^>]*>: 1 January 2000 – 31 December 2000<", drawn)
    for other in ({"query": query, "view": "map"}, {"query": "ASK {}", "view": "timeline"}):
        answer = client.get("/sparql", query_string=other, headers={"Accept": "text/html"})
        assert answer.status_code == 200
        assert "<figure" not in answer.get_data(as_text=True)


def test_terms_come_from_the_json_of_the_worker() -> None:
    rows: list[list[dict[str, str] | None]] = [
        [{"type": "uri", "value": "http://e.org/a"}, {"type": "bnode", "value": "b0"}, None],
        [{"type": "literal", "value": "x", "xml:lang": "de"}, {"type": "triple", "value": "<< s p o >>"}, None],
    ]
    found: list[list[Cell | None]] = Table.of_json(["a", "b", "c"], rows).rows
    assert found[0][0] == NamedNode("http://e.org/a")
    assert found[1][0] == Literal("x", language="de")
    assert found[1][1] == Literal("<< s p o >>")
    assert found[0][2] is None
