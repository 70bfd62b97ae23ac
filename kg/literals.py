"""Literals: what may be written for each datatype, and its canonical form.

The lexical spaces are those of XML Schema 1.1 Part 2, widened by the spellings of the YAML 1.2 Core schema for
booleans and integers; the canonical forms are those that the engine keeps.
"""

import calendar
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from pyoxigraph import NamedNode

from kg.names import RDF, XSD

LANG_STRING = RDF + "langString"


@dataclass(frozen=True, slots=True)
class Datatype:
    """One datatype: its local name, what to write for it, and a function to the canonical form (ValueError if none)."""

    name: str
    expected: str
    canonical: Callable[[str], str]


def _matching(pattern: str, parse: Callable[[str], str] = str) -> Callable[[str], str]:
    def canonical(text: str) -> str:
        if not re.fullmatch(pattern, text, re.ASCII):
            raise ValueError(text)
        return parse(text)

    return canonical


def _decimal(text: str) -> str:
    number = format(Decimal(text).normalize(), "f")
    return "0" if number in ("-0", "0") else number


def _date_time(text: str) -> str:
    datetime.fromisoformat(text)
    return re.sub(r"(\.\d*?)0+(?=Z|[+-]|$)", r"\1", text.replace("+00:00", "Z")).replace(".Z", "Z").removesuffix(".")


DATATYPES = {
    XSD + name: Datatype(name, expected, canonical)
    for name, expected, canonical in (
        ("string", "text", str),
        ("boolean", "true or false", _matching(r"true|True|TRUE|false|False|FALSE", str.lower)),
        (
            "integer",
            "a whole number, such as 57",
            _matching(
                r"[-+]?\d+|0o[0-7]+|0x[0-9a-fA-F]+",
                lambda text: str(int(text, 0 if text[:2] in ("0o", "0x") else 10)),
            ),
        ),
        ("decimal", "a number, such as 48.21", _matching(r"[-+]?(\d{1,15}(\.\d{0,15})?|\.\d{1,15})", _decimal)),
        (
            "date",
            "a day, such as 1992-07-09",
            _matching(r"\d{4}-\d\d-\d\d", lambda text: date.fromisoformat(text).isoformat()),
        ),
        (
            "dateTime",
            "a day and time, such as 1992-07-09T10:00:00Z",
            _matching(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)?", _date_time),
        ),
        ("gYearMonth", "a month, such as 1992-07", _matching(r"(?!0000)\d{4}-(0[1-9]|1[0-2])")),
        ("gYear", "a year, such as 1992", _matching(r"(?!0000)\d{4}")),
        ("anyURI", "an http or https address", _matching(r"https?://[^/?#]+.*", lambda text: NamedNode(text).value)),
    )
}
"""The datatypes a property may range over, by IRI: those whose literals every engine keeps as they are."""


def typed(text: str, datatypes: tuple[str, ...]) -> tuple[str, str]:
    """The canonical form and the datatype of a text: the first of the datatypes that admits it, else ValueError."""
    for datatype in datatypes:
        try:
            return DATATYPES[datatype].canonical(text), datatype
        except ValueError:
            continue
    raise ValueError(text)


def expected(datatypes: tuple[str, ...]) -> str:
    """What to write for a value of one of these datatypes."""
    return ", or ".join(DATATYPES[datatype].expected for datatype in datatypes)


def bounds(text: str) -> tuple[str, str]:
    """The first and the last day (xsd:date) that a canonical date, gYearMonth or gYear can mean."""
    match [int(part) for part in text.split("-")]:
        case [year]:
            return f"{year:04}-01-01", f"{year:04}-12-31"
        case [year, month]:
            return f"{text}-01", f"{text}-{calendar.monthrange(year, month)[1]:02}"
        case _:
            return text, text
