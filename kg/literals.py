"""Literals: what may be written for each datatype, and its canonical form.

The lexical spaces are those of XML Schema 1.1 Part 2, widened by the spellings of the YAML 1.2 Core schema for
booleans and integers; the canonical forms are those that the engine keeps.
"""

import calendar
import re
from collections.abc import Callable, Iterator
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


def _address(text: str) -> str:
    """A web address with its scheme in small letters (RFC 3986, 6.2.2.1)."""
    scheme, _, rest = text.partition(":")
    return NamedNode(f"{scheme.lower()}:{rest}").value


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
        (
            "decimal",
            "a number, such as 48.21",
            _matching(r"[-+]?(\d{1,15}(\.\d{0,15})?|\.\d{1,15})", _decimal),
        ),
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
        (
            "anyURI",
            "an http or https address",
            _matching(r"(?i:https?)://[^/?#]+.*", _address),
        ),
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


def mend(text: str, datatypes: tuple[str, ...]) -> str | None:
    """How to mend a text that none of the datatypes admits: what to write, or why there is no such day."""
    for guess in _guesses(text.strip()):
        try:
            typed(guess, datatypes)
        except ValueError:
            continue
        return f"write {guess}"
    if XSD + "date" in datatypes and (day := re.fullmatch(r"(\d{4})-(\d\d)-(\d\d)", text)):
        year, month = int(day[1]), int(day[2])
        if year and 1 <= month <= 12:
            return f"{calendar.month_name[month]} {year} has {calendar.monthrange(year, month)[1]} days"
        return "a year has the months 01 to 12" if year else "years begin with 0001"
    if re.fullmatch(r"\d{4}-\d\d", text) and XSD + "gYearMonth" in datatypes:
        return "a year has the months 01 to 12"
    return None


def _guesses(text: str) -> Iterator[str]:
    """Other spellings of what looks like a boolean, a date or a number."""
    lower = text.lower()
    if lower in ("yes", "y", "on", "no", "n", "off", "true", "false"):
        yield "true" if lower in ("yes", "y", "on", "true") else "false"
    yield from _dates(text)
    number = re.sub(r"(?<=\d)[ _’'\u00a0\u202f](?=\d{3}\b)", "", text)
    yield re.sub(r"(?<=\d),(?=\d{3}\b)", "", number)
    yield number.replace(",", ".")
    if re.fullmatch(r"[-+]?(\d+\.?\d*|\.\d+)[eE][-+]?\d{1,2}", text):
        yield format(Decimal(text).normalize(), "f")


def _dates(text: str) -> Iterator[str]:
    """The ISO 8601 forms of a date in another spelling, where only one day can be meant."""
    months = {name.lower(): number for number, name in enumerate(calendar.month_name) if name}
    months |= {name.lower(): number for number, name in enumerate(calendar.month_abbr) if name}
    if match := re.fullmatch(r"(\d{4})[-/.](\d{1,2})(?:[-/.](\d{1,2}))?", text):
        yield "-".join([match[1], *(f"{int(part):02}" for part in match.groups()[1:] if part)])
    if match := re.fullmatch(r"(\d{1,2})([./-])(\d{1,2})\2(\d{4})", text):
        day, month = int(match[1]), int(match[3])
        if match[2] == "." or day > 12:
            yield f"{match[4]}-{month:02}-{day:02}"
        elif month > 12 or day == month:
            yield f"{match[4]}-{day:02}-{month:02}"
    if match := re.fullmatch(r"(\d{4})(\d\d)(\d\d)", text):
        yield "-".join(match.groups())
    if match := re.fullmatch(r"(\d{4}-\d\d-\d\d)[Tt ].*", text):
        yield match[1]
    words = re.findall(r"[^\W\d_]+|\d+", re.sub(r"(?<=\d)(st|nd|rd|th)\b", "", text.lower()))
    month_words = [word for word in words if word in months]
    years = [word for word in words if re.fullmatch(r"\d{4}", word)]
    days = [word for word in words if re.fullmatch(r"\d{1,2}", word)]
    if len(month_words) == len(years) == 1 and len(days) <= 1 and len(words) == 2 + len(days):
        yield "-".join([years[0], f"{months[month_words[0]]:02}", *(f"{int(day):02}" for day in days)])


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
