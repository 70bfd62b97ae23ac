"""Maps: points, and countries by their codes, on the outlines of Natural Earth.

`static/built/map.json` contains the outlines in an azimuthal equal-area projection. This module projects points in the
same way (d3-geo: rotate, project, scale, translate).
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from itertools import count
from math import asin, atan2, cos, hypot, pi, radians, sin, sqrt
from pathlib import Path
from typing import Any

from server.pictures.tables import Row, Sort, Table, territories

OUTLINES = Path(__file__).parents[1] / "static" / "built" / "map.json"

RADIUS = 7
"""The size of a point, in units of the map."""

LETTERS = 17
"""The size of the names of points."""

NARROW = frozenset(" .,:;'’!|()[]/ijltfrI1-")
WIDE = frozenset("mwMW—…@%QОШЩЖЮФЫМшщжюфыДд")

MIN_PART = 0.28
"""Minimum side of the section of the map that is shown, as a fraction of the whole."""

MARGIN, FLATTEST = 90, 0.42
"""The margin of the section, in units of the whole map, and the minimum ratio of its height to its width."""

MAX_GROUPS = 5
"""Maximum number of groups of countries that can be distinguished by colour."""

Point = tuple[float, float]
Box = tuple[float, float, float, float]

WELL_KNOWN = re.compile(r"\s*POINT\s*\(\s*(-?\d+(?:\.\d+)?)\s+(-?\d+(?:\.\d+)?)\s*\)\s*", re.IGNORECASE)
"""A point in well-known text: its longitude, then its latitude."""


@dataclass(frozen=True, slots=True)
class Outlines:
    """The outlines of countries by numeric code (ISO 3166-1): name, path and centre; and their projection."""

    width: float
    height: float
    projection: dict[str, Any]
    countries: dict[str, dict[str, Any]]

    def project(self, latitude: float, longitude: float) -> Point:
        """The place on the map of a point on earth, given in degrees."""
        turn, tilt, roll = map(radians, self.projection["rotate"])
        x, y = turned(radians(longitude) + turn, radians(latitude), tilt, roll)
        divisor = 1 + cos(x) * cos(y)
        factor = sqrt(2 / divisor) * self.projection["scale"] if divisor > 0 else 0.0  # otherwise it is the antipode
        right, down = self.projection["translate"]
        return right + factor * cos(y) * sin(x), down - factor * sin(y)


def turned(longitude: float, latitude: float, tilt: float, roll: float) -> Point:
    """A point on the sphere after the second and third rotation; all angles are in radians."""
    x, y, z = cos(longitude) * cos(latitude), sin(longitude) * cos(latitude), sin(latitude)
    k = z * cos(tilt) + x * sin(tilt)
    over = max(-1.0, min(1.0, k * cos(roll) + y * sin(roll)))
    return atan2(y * cos(roll) - k * sin(roll), x * cos(tilt) - z * sin(tilt)), asin(over)


@cache
def outlines(file: Path) -> Outlines | None:
    """The outlines in a file; None if the file does not exist, in which case there are no maps."""
    if not file.is_file():
        return None
    content = json.loads(file.read_bytes())
    _, _, width, height = content["viewBox"]
    return Outlines(width, height, content["projection"], content["countries"])


@dataclass(frozen=True, slots=True)
class Window:
    """A section of the outlines: its origin, its scale, and its height."""

    left: float
    top: float
    zoom: float
    height: float

    def of(self, point: Point) -> Point:
        """The place of a point of the outlines in the section."""
        return round((point[0] - self.left) * self.zoom, 2), round((point[1] - self.top) * self.zoom, 2)


@dataclass(frozen=True, slots=True)
class Marker:
    """A marker: its place, its label, its link, whether the thing has ended, and the place of its label."""

    at: Point
    name: str
    iri: str | None
    ended: bool
    label: Point | None = None
    anchor: str = "start"


@dataclass(frozen=True, slots=True)
class Country:
    """A country of a row: the code of its outline (empty if it is too small), its centre, name and link.

    Countries with the same group number are drawn in the same way.
    """

    outline: str
    at: Point
    name: str
    iri: str | None
    group: int


@dataclass(frozen=True, slots=True)
class Map:
    """A map: the outlines, the section that is shown, and the markers and countries on it."""

    outlines: Outlines
    window: Window
    countries: list[Country]
    groups: list[str]
    markers: list[Marker]

    @property
    def some_ended(self) -> bool:
        """True if some of the markers are for things that have ended, and others are not."""
        return len({marker.ended for marker in self.markers}) > 1


def has_outlines() -> bool:
    """True if the outlines of countries have been built."""
    return outlines(OUTLINES) is not None


def fits(table: Table) -> bool:
    """True for rows with points or country codes, if there are outlines."""
    located = {Sort.LATITUDE, Sort.LONGITUDE} <= set(table.sorts) or bool(table.columns(Sort.POINT, Sort.COUNTRY))
    return located and has_outlines()


def map_of(table: Table) -> Map | None:
    """A map of the rows that have a place, each with its first thing; None if there is none, or no outlines."""
    drawn = outlines(OUTLINES)
    if drawn is None or not fits(table):
        return None
    points = [(row, drawn.project(*place)) for row in table.rows if (place := located(table, row))]
    countries, groups = countries_of(table, drawn)
    if not points and not countries:
        return None
    whole = Window(0, 0, 1, drawn.height)
    window = whole if countries else window_of([at for _, at in points], drawn)
    shown = [replace(each, at=window.of(each.at)) for each in countries]
    markers = list(named(markers_of(table, [(row, window.of(at)) for row, at in points]), drawn))
    return Map(drawn, window, shown, groups, markers)


def undrawn(table: Table) -> int:
    """The number of rows without a point or country code that can be drawn."""
    drawn, code = outlines(OUTLINES), table.column(Sort.COUNTRY)
    known = {territories()[number] for number in drawn.countries if number in territories()} if drawn else set()
    codes = [row[code] if code is not None else None for row in table.rows]
    rows = zip(table.rows, codes, strict=True)
    return sum(located(table, row) is None and not (term and term.value in known) for row, term in rows)


def located(table: Table, row: Row) -> Point | None:
    """The latitude and longitude of a row, in degrees; None if it has none, or invalid ones."""
    latitude, longitude, point = map(table.column, (Sort.LATITUDE, Sort.LONGITUDE, Sort.POINT))
    if latitude is not None and longitude is not None and row[latitude] and row[longitude]:
        degrees = float(row[latitude].value), float(row[longitude].value)  # type: ignore[union-attr]
    elif point is not None and row[point] and (match := WELL_KNOWN.fullmatch(row[point].value)):  # type: ignore[union-attr]
        degrees = float(match[2]), float(match[1])
    else:
        return None
    return degrees if abs(degrees[0]) <= 90 and abs(degrees[1]) <= 180 else None


def markers_of(table: Table, points: list[tuple[Row, Point]]) -> list[Marker]:
    """A marker for each thing at each point, moved if it would cover another marker."""
    thing, dates = table.column(Sort.THING, Sort.TEXT), table.columns(Sort.DATE)
    markers: dict[tuple[str, Point], Marker] = {}
    for row, point in points:
        name, iri = (table.text(row, thing), table.iri(row, thing)) if thing is not None else ("", None)
        if (name, point) not in markers:
            at = free(point, [marker.at for marker in markers.values()])
            markers[name, point] = Marker(at, name, iri, len(dates) > 1 and row[dates[1]] is not None)
    return [*markers.values()]


def free(point: Point, taken: list[Point]) -> Point:
    """The nearest place on a spiral around a point at which a marker covers no other."""
    for step in count():
        distance, angle = RADIUS * 0.7 * sqrt(step), step * pi * (3 - sqrt(5))
        at = round(point[0] + distance * cos(angle), 2), round(point[1] + distance * sin(angle), 2)
        if all(hypot(at[0] - x, at[1] - y) >= 2 * RADIUS for x, y in taken):
            return at
    raise AssertionError("a plane has room for any number of markers")


def named(markers: list[Marker], drawn: Outlines) -> Iterator[Marker]:
    """The markers, with labels beside those that have space for one."""
    taken = [(x - RADIUS, y - RADIUS, x + RADIUS, y + RADIUS) for x, y in (marker.at for marker in markers)]
    for marker in markers:
        x, y = marker.at
        length, gap = width_of(marker.name), RADIUS + 5
        sides = ((x + gap, x + gap, y, "start"), (x - gap - length, x - gap, y, "end"))
        for left, at, middle, anchor in sides:
            box = (left, middle - LETTERS * 0.6, left + length, middle + LETTERS * 0.6)
            if box[0] >= 0 and box[2] <= drawn.width and not any(touch(box, other) for other in taken):
                taken.append(box)
                yield replace(marker, label=(at, middle), anchor=anchor)
                break
        else:
            yield marker


def touch(one: Box, other: Box) -> bool:
    """True if two boxes overlap."""
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def countries_of(table: Table, drawn: Outlines) -> tuple[list[Country], list[str]]:
    """The countries of the rows by code, in groups by a column with few values, and the labels of the groups."""
    code, thing = table.column(Sort.COUNTRY), table.column(Sort.THING, Sort.TEXT)
    if code is None or thing is None:
        return [], []
    known = {territories()[number]: number for number in drawn.countries if number in territories()}
    rows = {row[code].value: row for row in reversed(table.rows) if row[code]}  # type: ignore[union-attr]
    rows = {letters: row for letters, row in reversed(rows.items()) if letters in known}
    group = group_of(table, [*rows.values()], {code, thing})
    groups = [*dict.fromkeys(table.text(row, group) for row in rows.values())] if group is not None else []
    countries = []
    for letters, row in rows.items():
        country, place = (
            drawn.countries[known[letters]],
            groups.index(table.text(row, group)) if group is not None else 0,
        )
        at = (country["centre"][0], country["centre"][1])
        outline = known[letters] if country["path"] else ""
        countries.append(Country(outline, at, table.text(row, thing), table.iri(row, thing), place))
    return countries, groups


def group_of(table: Table, rows: list[Row], but: set[int]) -> int | None:
    """The first other column with few values, by which countries can be grouped."""
    for place in table.columns(Sort.THING, Sort.TEXT):
        if place not in but and 1 < len({table.text(row, place) for row in rows}) <= MAX_GROUPS:
            return place
    return None


def window_of(points: list[Point], drawn: Outlines) -> Window:
    """The section of the outlines around some points: as wide as the drawing, and only as high as necessary."""
    xs, ys = [x for x, _ in points], [y for _, y in points]
    wide, high = max(xs) - min(xs) + 2 * MARGIN, max(ys) - min(ys) + MARGIN
    part = min(1.0, max(MIN_PART, wide / drawn.width, high / drawn.height))
    height = min(drawn.height, max(high / part, FLATTEST * drawn.width))
    left = (min(xs) + max(xs) - part * drawn.width) / 2
    top = (min(ys) + max(ys) - part * height) / 2
    most_left, most_top = drawn.width * (1 - part), drawn.height - part * height
    left, top = max(0, min(left, most_left)), max(0, min(top, most_top))
    return Window(round(left, 2), round(top, 2), round(1 / part, 4), round(height, 2))


def width_of(text: str) -> float:
    """The estimated maximum width of the label of a point; the fonts of the reader are unknown."""
    return LETTERS * sum(
        0.38 if letter in NARROW else 0.95 if letter in WIDE else 0.72 if letter.isupper() else 0.62 for letter in text
    )
