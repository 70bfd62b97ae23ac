"""Literals: the allowed forms of each datatype, and their canonical forms.

The lexical spaces are those of XML Schema 1.1 Part 2, extended by the spellings of the YAML 1.2 Core schema for
booleans and integers. The canonical forms are those that the engine preserves.
"""

import calendar
import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from pyoxigraph import NamedNode

from kg.diagnostics.suggest import did_you_mean
from kg.model import dates
from kg.names import RDF, XSD
from kg.text.folding import fold

LANG_STRING = RDF + "langString"


@dataclass(frozen=True, slots=True)
class Datatype:
    """A datatype: its local name, a description of its values, and a function to the canonical form, or ValueError."""

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


LABEL = r"[^\s./?#@:,;!&*+=$%()<>{}|^`\[\]\\\"']+"
HOST = rf"(?:[^/?#@]*@)?(?:{LABEL}(?:\.{LABEL})*\.?|\[[0-9A-Fa-f:.]+\])(?::\d+)?"
"""A host name in the DNS, or an address in brackets, with an optional port (RFC 3986, 3.2)."""


def _address(text: str) -> str:
    """A web address with its scheme in lower case (RFC 3986, 6.2.2.1)."""
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
            _matching(rf"(?i:https?)://{HOST}(?:[/?#].*)?", _address),
        ),
    )
}
"""The datatypes that a property may have as its range, by IRI: every engine preserves their literals."""


def typed(text: str, datatypes: tuple[str, ...]) -> tuple[str, str]:
    """The canonical form and the datatype of a text, by the first datatype that accepts it; ValueError if none does."""
    for datatype in datatypes:
        try:
            return DATATYPES[datatype].canonical(text), datatype
        except ValueError:
            continue
    raise ValueError(text)


def mend(text: str, datatypes: tuple[str, ...]) -> str | None:
    """A hint for a text that is invalid for all of the datatypes, if it can be read in one or two ways."""
    candidates = []
    for guess in dict.fromkeys(_guesses(text.strip(), datatypes)):
        try:
            typed(guess, datatypes)
        except ValueError:
            continue
        candidates.append(guess)
    return f"write {candidates[0]}" if len(candidates) == 1 else did_you_mean(candidates[:2])


def why_not(text: str) -> str | None:
    """The reason why the day or month that a text names does not exist."""
    if day := re.fullmatch(r"(\d{4})-(\d\d)(?:-(\d\d))?", text):
        year, month = int(day[1]), int(day[2])
        if year and 1 <= month <= 12:
            return f"{calendar.month_name[month]} {year} has {calendar.monthrange(year, month)[1]} days"
        return "months are 01 to 12" if year else "years begin with 0001"
    return None


TRUE = frozenset(
    map(fold, ("true", "yes", "y", "on", "oui", "vrai", "ja", "wahr", "sì", "vero", "да", "verdadero", "1"))
)
FALSE = frozenset(map(fold, ("false", "no", "n", "off", "non", "faux", "nein", "falsch", "falso", "нет", "0")))
"""What people write for true and false, folded."""


def _guesses(text: str, datatypes: tuple[str, ...]) -> Iterator[str]:
    """Other spellings of a text that looks like a boolean, a date or a number."""
    if fold(text) in TRUE | FALSE:
        yield "true" if fold(text) in TRUE else "false"
    if any(datatype in datatypes for datatype in DATES):
        yield from dates.readings(text)
    elif XSD + "dateTime" in datatypes:
        yield re.sub(r"^(\d{4}-\d\d-\d\d) +(\d\d:\d\d)(?::(\d\d))?$", lambda m: f"{m[1]}T{m[2]}:{m[3] or '00'}", text)
    else:
        yield from _numbers(text, XSD + "decimal" in datatypes)


DATES = tuple(XSD + name for name in ("date", "gYearMonth", "gYear"))

DEGREES = re.compile(
    r"([NSEWO])?\s*([-+]?\d+(?:[.,]\d+)?)\s*°?\s*(?:(\d+(?:[.,]\d+)?)\s*['′’]\s*(?:(\d+(?:[.,]\d+)?)\s*(?:\"|″|''|”)\s*)?)?([NSEWO])?",
    re.ASCII,
)
"""Degrees, minutes and seconds, with the compass point before or after them."""


def _numbers(text: str, fractions: bool) -> Iterator[str]:
    """The readings of a number with other separators, with a unit of currency, or in degrees."""
    plain = re.sub(r"^(?:[$€£]|EUR|USD|CHF)\s*|\s*(?:[$€£]|EUR|USD|CHF)$", "", text)
    plain = re.sub(r"(?<=\d)[ _’'\u00a0\u202f](?=\d{3}(?!\d))", "", unicodedata.normalize("NFKC", plain))
    if re.fullmatch(r"[-+]?\d{1,3}(,\d{3}){2,}(\.\d+)?|[-+]?\d{1,3}(,\d{3})+\.\d+", plain):
        plain = plain.replace(",", "")
    elif re.fullmatch(r"[-+]?\d{1,3}(\.\d{3}){2,}(,\d+)?|[-+]?\d{1,3}(\.\d{3})+,\d+", plain):
        plain = plain.replace(".", "").replace(",", ".")
    yield plain
    if fractions and re.fullmatch(r"[-+]?\d+,\d+", plain):
        yield plain.replace(",", ".")
    if not fractions and re.fullmatch(r"[-+]?\d{1,3}[.,]\d{3}", plain):
        yield re.sub("[.,]", "", plain)
    elif not fractions and re.fullmatch(r"[-+]?\d+\.0+", plain):
        yield plain.partition(".")[0]
    if re.fullmatch(r"[-+]?(\d+\.?\d*|\.\d+)[eE][-+]?\d{1,2}", plain):
        yield format(Decimal(plain).normalize(), "f")
    if (match := DEGREES.fullmatch(text)) and (match[1] or match[5] or "°" in text) and not (match[1] and match[5]):
        degrees, minutes, seconds = (Decimal((part or "0").replace(",", ".")) for part in match.groups()[1:4])
        value = abs(degrees) + minutes / 60 + seconds / 3600
        sign = -1 if degrees < 0 or (match[1] or match[5]) in ("S", "W") else 1
        yield format(round(sign * value, 6).normalize(), "f")


def expected(datatypes: tuple[str, ...]) -> str:
    """A description of the valid values of these datatypes."""
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
