"""Timelines: things with the periods in which they exist or existed, one lane each, below an axis of years.

All places are percentages of the length of the axis, so that a timeline has the width of its page.
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
"""Minimum width of a bar; a shorter period is drawn as a dot."""

STEPS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
"""The possible intervals, in years, between the marks of an axis."""

MAX_TICKS = 8
"""Maximum number of years that can be written side by side on a phone."""


@dataclass(frozen=True, slots=True)
class Span:
    """A period in years, such as 1992.5 for 1 July 1992; its begin or end is None if there is no date."""

    begin: float | None
    end: float | None


@dataclass(frozen=True, slots=True)
class Scale:
    """An axis of whole years: the first and the last."""

    first: int
    last: int

    def at(self, year: float) -> float:
        """The place of a time on the axis."""
        return round((year - self.first) / (self.last - self.first) * 100, 2)

    @property
    def ticks(self) -> list[tuple[float, int]]:
        """The years that are marked: as many as can be written side by side."""
        step = next((step for step in STEPS if (self.last - self.first) / step < MAX_TICKS), STEPS[-1])
        return [(self.at(year), year) for year in range(-(-self.first // step) * step, self.last + 1, step)]


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar for a period: its start and end, its dates in words, and whether it is open on either side."""

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
    """A lane for a thing or for the name of a group of things: its label, its link, and its bars."""

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
    """True for rows of things or texts with dates."""
    return table.column(Sort.THING, Sort.TEXT) is not None and any(span for _, span in spans_of(table))


def spans_of(table: Table) -> list[tuple[Row, Span | None]]:
    """The rows, each with its period; None for a row without a period."""
    dates = table.columns(Sort.DATE)[:2]
    return [(row, span_of(row, dates)) for row in table.rows]


def undrawn(table: Table) -> int:
    """The number of rows without a period that can be drawn."""
    return sum(span is None for _, span in spans_of(table))


def timeline_of(table: Table) -> Timeline | None:
    """A timeline of the first thing of each row, from its first date to its second; None if there is no date.

    If the second date is missing, the period continues or its end is not known, even if no row has a second date; the
    column is then recognized by its name, which is that of a property for dates. If the rows are grouped by a second
    thing, each group has a heading.
    """
    thing = table.column(Sort.THING, Sort.TEXT)
    rows = [(row, span) for row, span in spans_of(table) if span]
    if thing is None or not rows:
        return None
    scale = Scale(*years_of([span for _, span in rows]))
    return Timeline(scale, list(lanes_of(table, rows, thing, scale)))


def lanes_of(table: Table, rows: list[tuple[Row, Span]], thing: int, scale: Scale) -> Iterator[Lane]:
    """The lanes of the rows, group by group; periods of the same thing share a lane unless they overlap."""
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
    """The bar for a period, with its dates in words."""
    x = 0 if span.begin is None else scale.at(span.begin)
    right = 100 if span.end is None else scale.at(span.end)
    written = [table.text(row, place) or "…" for place in table.columns(Sort.DATE)[:2]]
    return Bar(x, right, " – ".join(dict.fromkeys(written)), span.begin is None, span.end is None)


def group_of(table: Table, rows: list[Row], thing: int) -> int | None:
    """The column by which the rows are grouped, if there are several groups of several consecutive rows."""
    for place in table.columns(Sort.THING, Sort.TEXT):
        values = [row[place] for row in rows]
        runs = len([*groupby(values)])
        if place > thing and None not in values and 1 < runs == len(set(values)) <= len(rows) / 2:
            return place
    return None


def overlap(one: Span, other: Span) -> bool:
    """True if two periods overlap by more than one day, because the day of a change belongs to both."""
    begins = [span.begin for span in (one, other) if span.begin is not None]
    ends = [span.end for span in (one, other) if span.end is not None]
    return not begins or not ends or max(begins) + 1.5 / 365 < min(ends)


def span_of(row: Row, dates: list[int]) -> Span | None:
    """The period of a row, from the start of its first date to the end of its second; None if it has no valid dates."""
    ends = [in_years(term.value) if (term := row[place]) is not None else None for place in dates]
    if not any(ends):
        return None
    begin = ends[0][0] if ends[0] else None
    end = ends[-1][1] if ends[-1] else None
    return Span(begin, end) if begin is None or end is None or begin < end else None


def in_years(value: str) -> tuple[float, float] | None:
    """The start and the end of a date, a month or a year of XML Schema, in years; None if it is invalid."""
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
    """The start of a day in years; all days of a year have the same length."""
    start = date(day.year, 1, 1).toordinal()
    return day.year + (day.toordinal() - start) / (366 if isleap(day.year) else 365)


def years_of(spans: list[Span]) -> tuple[int, int]:
    """The first and last year of an axis; an open period extends at least to the last change of the dataset."""
    known = [end for span in spans for end in (span.begin, span.end) if end is not None]
    modified = site().modified
    if modified and any(span.end is None for span in spans):
        known.append(as_years(modified.date()))
    first, last = floor(min(known)), ceil(max(known))
    return first, max(last, first + 1)
