"""Timelines: things with the time that each lasts or lasted, one lane each, below an axis of years.

All places are percent of the length of the axis, so that a timeline is as wide as its page.
"""

import re
from calendar import isleap
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from math import ceil, floor

from server.pictures.tables import Row, Sort, Table
from server.site import site

MIN_BAR_WIDTH = 1.2
"""Minimum width of a bar; what is shorter is drawn as a dot."""

STEPS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
"""Of how many years the steps of an axis may be."""

MAX_TICKS = 8
"""Maximum number of years that can be written beside each other on a phone."""


@dataclass(frozen=True, slots=True)
class Span:
    """A time in years, such as 1992.5 for 1 July 1992; an end is None where there is no date."""

    begin: float | None
    end: float | None


@dataclass(frozen=True, slots=True)
class Scale:
    """An axis of whole years: the first and the last."""

    first: int
    last: int

    def at(self, year: float) -> float:
        """Where a time is."""
        return round((year - self.first) / (self.last - self.first) * 100, 2)

    @property
    def ticks(self) -> list[tuple[float, int]]:
        """Where years are marked, as many as can be written beside each other."""
        step = next((step for step in STEPS if (self.last - self.first) / step < MAX_TICKS), STEPS[-1])
        return [(self.at(year), year) for year in range(-(-self.first // step) * step, self.last + 1, step)]


@dataclass(frozen=True, slots=True)
class Bar:
    """A time as drawn: from where to where, its dates in words, and whether it goes on at either side."""

    x: float
    right: float
    text: str
    open_left: bool
    open_right: bool

    @property
    def width(self) -> float:
        return round(self.right - self.x, 2)

    @property
    def middle(self) -> float:
        return round((self.x + self.right) / 2, 2)

    @property
    def is_dot(self) -> bool:
        return self.width < MIN_BAR_WIDTH and not (self.open_left or self.open_right)


@dataclass(frozen=True, slots=True)
class Lane:
    """A thing, or the name of a group of things: what it is called, its link, and its bars."""

    name: str
    iri: str | None
    bars: tuple[Bar, ...] = ()


@dataclass(frozen=True, slots=True)
class Timeline:
    """A timeline: its axis and its lanes."""

    scale: Scale
    lanes: list[Lane]

    @property
    def goes_on(self) -> bool:
        return any(bar.open_left or bar.open_right for lane in self.lanes for bar in lane.bars)


def fits(table: Table) -> bool:
    """True for rows of things, or of words, with dates."""
    return table.column(Sort.THING, Sort.TEXT) is not None and any(span for _, span in spans_of(table))


def spans_of(table: Table) -> list[tuple[Row, Span | None]]:
    """The rows, each with its time; None for one that has none."""
    dates = table.columns(Sort.DATE)[:2]
    return [(row, span_of(row, dates)) for row in table.rows]


def undrawn(table: Table) -> int:
    """How many rows have no time that can be drawn."""
    return sum(span is None for _, span in spans_of(table))


def timeline_of(table: Table) -> Timeline | None:
    """The rows in time: the first thing of each, from its first date to its second; None where there is no date.

    A second date that is missing means that it goes on, or that its end is not known, even if no row has one: then the
    column is known by its name, which is that of a property of dates. Where the rows come in groups of
    a second thing, each group has a heading.
    """
    thing = table.column(Sort.THING, Sort.TEXT)
    rows = [(row, span) for row, span in spans_of(table) if span]
    if thing is None or not rows:
        return None
    scale = Scale(*years_of([span for _, span in rows]))
    return Timeline(scale, list(lanes_of(table, rows, thing, scale)))


def lanes_of(table: Table, rows: list[tuple[Row, Span]], thing: int, scale: Scale) -> Iterator[Lane]:
    """The lanes of the rows, group by group; times of one thing share a lane unless they overlap."""
    group = group_of(table, [row for row, _ in rows], thing)
    for _, grouped in groupby(rows, lambda pair: pair[0][group] if group else None):
        members = list(grouped)
        if group:
            yield Lane(table.text(members[0][0], group), table.iri(members[0][0], group))
        lanes: dict[object, list[list[tuple[Row, Span]]]] = defaultdict(list)
        for row, span in members:
            if any(span == other for lane in lanes[row[thing]] for _, other in lane):
                continue
            free = (lane for lane in lanes[row[thing]] if not any(overlap(span, other) for _, other in lane))
            lane = next(free, None)
            if lane is None:
                lanes[row[thing]].append([(row, span)])
            else:
                lane.append((row, span))
        for lane in (lane for each in lanes.values() for lane in each):
            bars = tuple(bar_of(table, row, span, scale) for row, span in lane)
            yield Lane(table.text(lane[0][0], thing), table.iri(lane[0][0], thing), bars)


def bar_of(table: Table, row: Row, span: Span, scale: Scale) -> Bar:
    """A time as drawn, with its dates in words."""
    x = 0 if span.begin is None else scale.at(span.begin)
    right = 100 if span.end is None else scale.at(span.end)
    written = [table.text(row, place) or "…" for place in table.columns(Sort.DATE)[:2]]
    return Bar(x, right, " – ".join(dict.fromkeys(written)), span.begin is None, span.end is None)


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
