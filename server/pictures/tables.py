"""Tables: the rows of a query result, the kinds of values in their columns, and their form on a page."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import Enum, auto
from functools import cache, cached_property
from itertools import groupby
from math import isfinite, prod
from typing import Any

from babel.core import get_global
from pyoxigraph import BlankNode, Literal, NamedNode

from kg.names import PREFIXES, XSD
from server.languages import written_date, written_number
from server.pages.properties import Value, label, labels_of
from server.site import site

Cell = NamedNode | BlankNode | Literal
"""The term in a cell of a table."""

Row = list[Cell | None]

DATES = {XSD + name for name in ("date", "dateTime", "gYear", "gYearMonth")}
WHOLE = {XSD + name for name in ("integer", "int", "long", "short", "nonNegativeInteger", "positiveInteger")}
NUMBERS = WHOLE | {XSD + name for name in ("decimal", "double", "float")}
POINT = "http://www.opengis.net/ont/geosparql#wktLiteral"
YEARS = range(1000, 3000)
"""Whole numbers that may be years, in a first column."""


class Sort(Enum):
    """The kind of values in a column, which all non-empty cells have in common."""

    THING = auto()
    """IRIs."""
    DATE = auto()
    """Days, months or years."""
    YEAR = auto()
    """Years, if they are whole numbers in the first column."""
    NUMBER = auto()
    LATITUDE = auto()
    LONGITUDE = auto()
    POINT = auto()
    """Points in GeoSPARQL notation (well-known text)."""
    COUNTRY = auto()
    """Two-letter country codes (ISO 3166-1)."""
    TEXT = auto()
    """Anything else."""


@dataclass(frozen=True)
class Table:
    """The rows of a query result: the names of the variables, and a term or None for each variable in every row.

    `names` says what to call the things in it, where that is known already.
    """

    variables: list[str]
    rows: list[Row]
    names: Mapping[str, Value] | None = None

    @classmethod
    def of_json(cls, variables: list[str], rows: list[list[dict[str, str] | None]]) -> "Table":
        """A table from terms in the JSON of SPARQL (SPARQL 1.1 Query Results JSON, 3.2.2)."""
        return cls(variables, [[term_of(term) if term else None for term in row] for row in rows])

    def first(self, most: int) -> "Table":
        """The same table with at most the given number of rows."""
        return replace(self, rows=self.rows[:most])

    @cached_property
    def sorts(self) -> list[Sort]:
        """The kind of values in each column."""
        return [self._sort(place) for place in range(len(self.variables))]

    def column(self, *sorts: Sort) -> int | None:
        """The index of the first column with values of some kinds."""
        return next((place for place, sort in enumerate(self.sorts) if sort in sorts), None)

    def columns(self, *sorts: Sort) -> list[int]:
        """The indexes of all columns with values of some kinds."""
        return [place for place, sort in enumerate(self.sorts) if sort in sorts]

    def _sort(self, place: int) -> Sort:
        terms = [term for row in self.rows if (term := row[place]) is not None]
        if not terms:
            return Sort.DATE if takes_dates(self.variables[place]) else Sort.TEXT
        if all(isinstance(term, NamedNode) for term in terms):
            return Sort.THING
        literals = [term for term in terms if isinstance(term, Literal)]
        if len(literals) < len(terms):
            return Sort.TEXT
        datatypes = {term.datatype.value for term in literals}
        if datatypes <= DATES:
            return Sort.DATE
        if datatypes <= NUMBERS and all(map(is_finite, literals)):
            return self._sort_of_numbers(place, literals, datatypes)
        if datatypes == {POINT}:
            return Sort.POINT
        return Sort.COUNTRY if {term.value for term in literals} <= {*territories().values()} else Sort.TEXT

    def _sort_of_numbers(self, place: int, literals: list[Literal], datatypes: set[str]) -> Sort:
        property_ = site().schema.properties.get(self.variables[place])
        meant = {property_.iri, *site().schema.superproperties(property_.iri)} if property_ else set()
        if PREFIXES["geo"] + "lat" in meant or self.variables[place] == "lat":
            return Sort.LATITUDE
        if PREFIXES["geo"] + "long" in meant or self.variables[place] == "long":
            return Sort.LONGITUDE
        years = place == 0 and datatypes <= WHOLE and all(int(term.value) in YEARS for term in literals)
        return Sort.YEAR if years else Sort.NUMBER

    @property
    def things(self) -> set[str]:
        """The IRIs of the things in the table, and of the things whose parts are in it."""
        things = site().names.things
        iris = {term.value for row in self.rows for term in row if isinstance(term, NamedNode)}
        ours = {iri for iri in iris if iri.startswith(things)}
        return ours | {iri.partition("#")[0] for iri in ours}

    @cached_property
    def labels(self) -> Mapping[str, Value]:
        """What to call the things in it."""
        return labels_of(self.things) if self.names is None else self.names

    def written(self, row: Row, place: int) -> Value | None:
        """The form of a cell on a page; None if the cell is empty."""
        term = row[place]
        if isinstance(term, NamedNode):
            return self.name_of(term.value)
        if not isinstance(term, Literal):
            return Value(str(term)) if term is not None else None
        if self.sorts[place] is Sort.DATE:
            return Value(written_date(term.value))
        if self.sorts[place] is Sort.NUMBER and re.fullmatch(r"[+-]?\d{1,15}(\.\d{1,15})?", term.value):
            return Value(written_number(float(term.value) if "." in term.value else int(term.value)))
        return Value(term.value, term.language)

    def text(self, row: Row, place: int) -> str:
        """The text of a cell."""
        value = self.written(row, place)
        return value.text if value else ""

    def iri(self, row: Row, place: int) -> str | None:
        """The IRI in a cell, if it contains one."""
        term = row[place]
        return term.value if isinstance(term, NamedNode) else None

    def name_of(self, iri: str) -> Value:
        """The name of any resource, in the language of the page if it has a label in that language."""
        if iri.startswith(site().names.vocabulary):
            return Value(label(iri), iri=iri)
        called = self.labels.get(iri) or self.labels.get(iri.partition("#")[0]) or Value(site().names.compact(iri))
        return replace(called, iri=iri)

    @property
    def lines(self) -> list[list[list[Value]]]:
        """The table line by line and cell by cell, as a page shows it.

        Consecutive rows share a line if they are about the same thing and contain all combinations of some values.
        """
        others, places = self.columns(Sort.THING)[1:], range(len(self.variables))
        lines = []
        for _, together in groupby(self.rows, lambda row: [row[place] for place in places if place not in others]):
            rows = [*together]
            combined = len(rows) == prod(len({row[place] for row in rows}) for place in places)
            lines += [[self._cell(shared, place) for place in places] for shared in ([rows] if combined else zip(rows))]
        return lines

    def _cell(self, rows: Iterable[Row], place: int) -> list[Value]:
        """The different values of some rows in a column."""
        first_rows: dict[Cell | None, Row] = {}
        for row in rows:
            first_rows.setdefault(row[place], row)
        return [value for row in first_rows.values() if (value := self.written(row, place))]

    @property
    def headings(self) -> list[str]:
        """The headings of the columns: the label of the class or property after which a variable is named, if any."""
        return [heading(variable) for variable in self.variables]


def takes_dates(variable: str) -> bool:
    """True if a variable is named like one of our properties for dates."""
    property_ = site().schema.properties.get(variable)
    return property_ is not None and not DATES.isdisjoint(property_.datatypes)


def heading(variable: str) -> str:
    """The label of the class or property of ours after which a variable is named; else the name of the variable."""
    schema = site().schema
    named = [c.iri for c in schema.classes.values() if variable in (c.name, c.name[:1].lower() + c.name[1:])]
    property_ = schema.properties.get(variable)
    iri = next(iter(named), property_.iri if property_ else None)
    return label(iri) if iri else variable


def is_finite(number: Literal) -> bool:
    """True for a number that can be drawn, which is not true of INF, NaN and invalid numbers."""
    try:
        return isfinite(float(number.value))
    except ValueError:
        return False


def term_of(term: dict[str, Any]) -> Cell:
    """A term from its JSON; a triple as its text."""
    if term["type"] == "uri":
        return NamedNode(term["value"])
    if term["type"] == "bnode":
        return BlankNode(term["value"])
    if "xml:lang" in term:
        return Literal(term["value"], language=term["xml:lang"])
    return (
        Literal(term["value"], datatype=NamedNode(term["datatype"])) if "datatype" in term else Literal(term["value"])
    )


@cache
def territories() -> dict[str, str]:
    """The two-letter country codes by numeric code, including former countries (ISO 3166-1, from the CLDR)."""
    aliases: dict[str, list[str]] = get_global("territory_aliases")  # type: ignore[assignment]
    return {code: codes[0] for code, codes in aliases.items() if re.fullmatch(r"\d{3}", code) and len(codes) == 1}
