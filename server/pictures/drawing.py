"""Pictures: the rows of a query result as a drawing or a list, always together with the same rows as a table.

The values in the columns determine which pictures fit (`tables.py`). Timelines, charts and maps are SVG that
`templates/pictures.html` writes from the results of the modules with these names; trees and lines are lists.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

from flask import current_app

from kg.model.views import MAX_ROWS, View
from kg.text.language_preference import best_tag
from server.languages import language
from server.pages.properties import Value, labels_of
from server.pages.triple_index import NOTHING, TripleIndex
from server.pictures import charts, maps, timelines
from server.pictures.tables import Cell, Sort, Table
from server.site import site


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture: its kind, its rows, whether there are more, and its drawing; without one, only the table is shown.

    `undrawn` is how many rows are in the table alone, for want of a date, a place or a number; of a chart of years, how
    many things those rows count.
    """

    sort: str
    table: Table
    more: bool
    drawing: Any
    undrawn: int = 0


@dataclass(slots=True)
class TreeNode:
    """A thing in a tree, with the things below it."""

    value: Value
    below: list["TreeNode"] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ChainStep:
    """A thing in a line, with its dates in words."""

    value: Value
    dates: str


def tree_of(table: Table) -> list[TreeNode] | None:
    """A tree of the things in the first column, below those in the second, in row order; None if there are none."""
    things = table.columns(Sort.THING)
    if len(things) < 2:
        return None
    item, above = things[:2]
    nodes: dict[Cell, TreeNode] = {}
    parents: dict[Cell, Cell] = {}
    for row in table.rows:
        for place in (above, item):
            if (term := row[place]) is not None and (value := table.written(row, place)):
                nodes.setdefault(term, TreeNode(value))
        child, parent = row[item], row[above]
        if child and parent and child not in parents and not is_above(child, parent, parents):
            parents[child] = parent
            nodes[parent].below.append(nodes[child])
    return [node for term, node in nodes.items() if term not in parents]


def is_above(term: Cell, other: Cell | None, parents: dict[Cell, Cell]) -> bool:
    """True if a thing is another thing, or above it."""
    while other is not None and other != term:
        other = parents.get(other)
    return other == term


def line_of(table: Table) -> list[ChainStep] | None:
    """The things of the first column in the order of the rows, with their first two dates; None for fewer than two."""
    thing, dates = table.column(Sort.THING), table.columns(Sort.DATE)[:2]
    if thing is None or len(table.rows) < 2:
        return None
    steps = []
    for row in table.rows:
        value = table.written(row, thing)
        if value:
            years = [(row[place].value if row[place] else "")[:4] for place in dates]  # type: ignore[union-attr]
            steps.append(ChainStep(value, "–".join(dict.fromkeys(years)) if any(years) else ""))
    return steps


DRAWN: dict[str, Callable[[Table], Any]] = {
    "map": maps.map_of,
    "timeline": timelines.timeline_of,
    "chart": charts.chart_of,
    "tree": tree_of,
    "line": line_of,
    "table": lambda _: None,
}
"""The functions that draw each kind of picture for a view; they return None if a table does not fit."""

UNDRAWN: dict[str, Callable[[Table], int]] = {
    "map": maps.undrawn,
    "timeline": timelines.undrawn,
    "chart": charts.undrawn,
}
"""The functions that count the rows that each kind of picture does not draw."""

MIN_BARS = 3
"""Minimum number of bars in a chart; fewer numbers are easier to read in a table."""

SEEN: dict[str, Callable[[Table], bool]] = {"map": maps.fits, "timeline": timelines.fits, "chart": charts.fits}
"""The kinds of pictures that any rows may fit, with functions that check it."""


def picture_of(sort: str, table: Table, more: bool = False) -> Picture:
    """A picture of a table; only the table if the picture does not fit."""
    shown = table.first(MAX_ROWS)
    drawing = DRAWN[sort](shown)
    undrawn = UNDRAWN[sort](shown) if drawing and sort in UNDRAWN else 0
    return Picture(sort, shown, more or len(table.rows) > MAX_ROWS, drawing, undrawn)


def fitting(table: Table) -> list[str]:
    """The kinds of pictures that fit a table."""
    return [sort for sort, fits in SEEN.items() if table.rows and fits(table)]


@dataclass(frozen=True, slots=True)
class Shown:
    """A view of a thing: the view, its picture, and its query about that thing.

    If the query failed, `failure` gives the reason, and the picture is empty.
    """

    view: View
    picture: Picture
    query: str
    failure: str = ""

    @property
    def label(self) -> str:
        """The label of the view in the language of the page, or else in English."""
        return self.view.labels[best_tag(self.view.labels, language())]

    @property
    def order(self) -> float:
        """The order of the view on the page."""
        return self.view.order


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of a view of a thing: the view, its query about that thing, and what the query finds or why it fails."""

    view: View
    query: str
    table: Table
    failure: str = ""


def views_of(iri: str, classes: Iterable[str], about: TripleIndex = NOTHING) -> list[Shown]:
    """The views of a thing with the given classes that have rows.

    The labels that `about` does not have are asked for all views at once.
    """
    among = set(classes)
    rows = [rows_of(view, iri) for view in site().views if view.about in among]
    names = labels_of({thing for each in rows for thing in each.table.things}, about)
    return [seen(each, names) for each in rows if each.failure or each.table.rows]


def rows_of(view: View, iri: str) -> Rows:
    """The rows that a view has for a thing: one more than it shows, if there are more."""
    query = view.about_thing(iri, site().names)
    try:
        solutions = site().engine.select(query)
        rows = [list(row) for row in islice(solutions.rows, view.most + 1)]
    except (SyntaxError, TypeError, ValueError, OSError, RuntimeError) as error:
        current_app.logger.error("the view %s fails: %s", view.iri, error)
        return Rows(view, query, Table([], []), str(error))
    return Rows(view, query, Table([*solutions.variables], rows))


def seen(rows: Rows, names: Mapping[str, Value]) -> Shown:
    """What a view shows of its rows."""
    view, table = rows.view, replace(rows.table, names=names)
    if rows.failure:
        return Shown(view, Picture(view.sort, table, more=False, drawing=None), rows.query, rows.failure)
    sort = "table" if view.sort == "chart" and len(charts.drawn(table)) < MIN_BARS else view.sort
    picture = picture_of(sort, table.first(view.most), more=len(table.rows) > view.most)
    return Shown(view, picture, rows.query)
