"""Timelines: things with the time that each lasts or lasted, one lane each, above an axis of years."""

import re
from calendar import isleap
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from math import ceil, floor

from server.lettering import shortened, width_of
from server.site import site
from server.tables import Row, Sort, Table

WIDTH, LANE, TOP = 880, 30, 34
"""The width of a timeline, the height of a lane, and the room above for the axis, in units of the picture."""

WIDEST_LABEL = 310
EDGE = 22
"""The room at the right for the points of bars that go on."""

THICK = 14
"""How thick a bar is; what is shorter than that is drawn as a dot."""

STEPS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
"""Of how many years the steps of an axis may be."""

CLOSEST = 52
"""How close years may be written to each other."""


@dataclass(frozen=True, slots=True)
class Span:
    """A time in years, such as 1992.5 for 1 July 1992; an end is None where there is no date."""

    begin: float | None
    end: float | None


@dataclass(frozen=True, slots=True)
class Scale:
    """An axis of whole years: the first and the last, and where they are."""

    first: int
    last: int
    left: float
    right: float

    def at(self, year: float) -> float:
        """Where a time is."""
        return round(self.left + (year - self.first) / (self.last - self.first) * (self.right - self.left), 2)

    @property
    def ticks(self) -> list[tuple[float, int]]:
        """Where years are marked, as many as can be written beside each other."""
        room = (self.right - self.left) / (self.last - self.first)
        step = next((step for step in STEPS if step * room >= CLOSEST), STEPS[-1])
        return [(self.at(year), year) for year in range(-(-self.first // step) * step, self.last + 1, step)]


@dataclass(frozen=True, slots=True)
class Bar:
    """A time as drawn: from where to where, and whether it goes on at either side."""

    x: float
    right: float
    y: float
    text: str
    open_left: bool
    open_right: bool

    @property
    def is_dot(self) -> bool:
        return self.right - self.x < THICK and not (self.open_left or self.open_right)

    @property
    def middle(self) -> float:
        return round((self.x + self.right) / 2, 2)

    @property
    def outline(self) -> str:
        """The path of the bar: straight where it ends, a point where it goes on."""
        top, bottom = self.y - THICK / 2, self.y + THICK / 2
        left = f"L{self.x:g} {self.y:g}" if self.open_left else ""
        right = f"L{self.right + THICK:g} {self.y:g}" if self.open_right else ""
        start = self.x + THICK if self.open_left else self.x
        return f"M{start:g} {top:g}H{self.right:g}{right}L{self.right:g} {bottom:g}H{start:g}{left}Z"


@dataclass(frozen=True, slots=True)
class Lane:
    """A thing, or the name of a group of things: what of its name has room, all of it, its link, and its bars."""

    y: float
    label: str
    name: str
    iri: str | None
    bars: tuple[Bar, ...] = ()


@dataclass(frozen=True, slots=True)
class Timeline:
    """A timeline: its axis and its lanes."""

    scale: Scale
    lanes: list[Lane]

    width = WIDTH
    top = TOP

    @property
    def height(self) -> int:
        return TOP + LANE * len(self.lanes) + 6

    @property
    def goes_on(self) -> bool:
        return any(bar.open_left or bar.open_right for lane in self.lanes for bar in lane.bars)


def fits(table: Table) -> bool:
    """True for rows of things, or of words, with dates."""
    return table.column(Sort.DATE) is not None and table.column(Sort.THING, Sort.TEXT) is not None


def timeline_of(table: Table) -> Timeline | None:
    """The rows in time: the first thing of each, from its first date to its second; None where there is no date.

    A second date that is missing means that it goes on, or that its end is not known. Where the rows come in groups of
    a second thing, each group has a heading.
    """
    thing, dates = table.column(Sort.THING, Sort.TEXT), table.columns(Sort.DATE)[:2]
    found = [(row, span_of(row, dates)) for row in table.rows]
    rows = [(row, span) for row, span in found if span]
    if thing is None or not rows:
        return None
    left = min(WIDEST_LABEL, max(width_of(table.text(row, thing)) for row, _ in rows)) + 14
    scale = Scale(*years_of([span for _, span in rows]), left, WIDTH - EDGE)
    return Timeline(scale, list(lanes_of(table, rows, thing, scale)))


def lanes_of(table: Table, rows: list[tuple[Row, Span]], thing: int, scale: Scale) -> Iterator[Lane]:
    """The lanes of the rows, group by group; times of one thing share a lane where they do not overlap."""
    group = group_of(table, [row for row, _ in rows], thing)
    y = TOP + LANE / 2
    for _, grouped in groupby(rows, lambda pair: pair[0][group] if group else None):
        members = list(grouped)
        if group:
            name = table.text(members[0][0], group)
            yield Lane(y, shortened(name, WIDTH - EDGE), name, table.iri(members[0][0], group))
            y += LANE
        lanes: dict[object, list[list[tuple[Row, Span]]]] = defaultdict(list)
        for row, span in members:
            free = (lane for lane in lanes[row[thing]] if not any(overlap(span, other) for _, other in lane))
            lane = next(free, None)
            if lane is None:
                lanes[row[thing]].append([(row, span)])
            else:
                lane.append((row, span))
        for lane in (lane for each in lanes.values() for lane in each):
            name = table.text(lane[0][0], thing)
            bars = tuple(bar_of(table, row, span, scale, y) for row, span in lane)
            yield Lane(y, shortened(name, scale.left - 14), name, table.iri(lane[0][0], thing), bars)
            y += LANE


def bar_of(table: Table, row: Row, span: Span, scale: Scale, y: float) -> Bar:
    """A time as drawn, with its dates in words."""
    x = scale.left if span.begin is None else scale.at(span.begin)
    right = scale.right if span.end is None else scale.at(span.end)
    written = [table.text(row, place) or "…" for place in table.columns(Sort.DATE)[:2]]
    return Bar(x, right, y, " – ".join(dict.fromkeys(written)), span.begin is None, span.end is None)


def group_of(table: Table, rows: list[Row], thing: int) -> int | None:
    """The column by which rows come in groups: some, each of several rows that follow each other."""
    for place in table.columns(Sort.THING, Sort.TEXT):
        values = [row[place] for row in rows]
        runs = len([*groupby(values)])
        if place > thing and None not in values and 1 < runs == len(set(values)) <= len(rows) / 2:
            return place
    return None


def overlap(one: Span, other: Span) -> bool:
    """True if two times have more in common than a day, which both what ends and what begins may claim."""
    begins = [span.begin for span in (one, other) if span.begin is not None]
    ends = [span.end for span in (one, other) if span.end is not None]
    return not begins or not ends or max(begins) + 1.5 / 365 < min(ends)


def span_of(row: Row, dates: list[int]) -> Span | None:
    """The time of a row, from the beginning of its first date to the end of its second; None where there is none."""
    ends = [in_years(term.value) if (term := row[place]) is not None else None for place in dates]
    if not any(ends):
        return None
    begin = ends[0][0] if ends[0] else None
    end = ends[-1][1] if ends[-1] else None
    return Span(begin, end) if begin is None or end is None or begin < end else None


def in_years(value: str) -> tuple[float, float] | None:
    """When a date, a month or a year of XML Schema begins and when it is over, in years; None for what is none."""
    match = re.match(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?(?![\d-])", value)
    if match is None:
        return None
    year, month, day = int(match[1]), int(match[2] or 1), int(match[3] or 1)
    try:
        begin = date(year, month, day)
        if match[3]:
            after = begin + timedelta(days=1)
        else:
            after = date(year + month // 12, month % 12 + 1, 1) if match[2] else date(year + 1, 1, 1)
    except (ValueError, OverflowError):
        return None
    return as_years(begin), as_years(after)


def as_years(day: date) -> float:
    """The beginning of a day in years, each of which is as long as any other."""
    start = date(day.year, 1, 1).toordinal()
    return day.year + (day.toordinal() - start) / (366 if isleap(day.year) else 365)


def years_of(spans: list[Span]) -> tuple[int, int]:
    """The whole years that an axis shows; what goes on, goes on to when the dataset was last changed at least."""
    known = [end for span in spans for end in (span.begin, span.end) if end is not None]
    modified = site().modified
    if modified and any(span.end is None for span in spans):
        known.append(as_years(modified.date()))
    first, last = floor(min(known)), ceil(max(known))
    return first, max(last, first + 1)
