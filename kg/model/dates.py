"""Dates: the meaning of dates and periods that are not written as ISO 8601 (1992, 1992-07 or 1992-07-09).

The names of months and days are those of the languages of the sources, from the CLDR.
"""

import re
from collections.abc import Iterator
from datetime import date
from functools import cache

from babel import Locale

from kg.media import LANGUAGES
from kg.text.folding import fold

FILLERS = frozenset(
    (
        *("the", "of", "on", "in", "at", "le", "la", "les", "du", "de", "del", "el", "il", "am", "im", "den", "der"),
        *("vom", "von", "dem", "г", "год", "года", "a", "d"),
    )
)
"""Words in dates that do not change their meaning."""

UNKNOWN = frozenset(
    map(
        fold,
        (
            *("present", "the present", "ongoing", "today", "now", "current", "to date", "until now", "still open"),
            *("heute", "jetzt", "laufend", "bis heute", "unbekannt", "aujourd'hui", "à ce jour", "en cours", "présent"),
            *("inconnu", "inconnue", "oggi", "ad oggi", "in corso", "presente", "sconosciuto", "sconosciuta", "hoy"),
            *("en curso", "actualidad", "la actualidad", "desconocido", "desconocida", "сегодня", "настоящее время"),
            *("по настоящее время", "неизвестно", "unknown", "not known", "n/a", "na", "tbd", "tba", "tbc", "none"),
        ),
    )
)
"""What people write, folded, if a date is unknown or has not come yet."""


def is_unknown(text: str) -> bool:
    """True for a text that says that a date is unknown or has not come yet."""
    return fold(text) in UNKNOWN or bool(re.fullmatch(r"[?.…–—-]+", text.strip()))


ROMAN = dict(zip(("i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii"), range(1, 13), strict=True))

BETWEEN = re.compile(r"\s+(?:to|until|till|bis|au|à|al|a|hasta|fino a|по|до|and|und|et|e|y|и)\s+|\s*[-–—‒−/]\s*")
"""The separators between the first and the last day of a period."""

TIME = re.compile(
    r"(?:T|[\s,]+(?:at|um|à|alle|в)?\s*)\d{1,2}[:.h]\d\d(?::\d\d(?:\.\d+)?)?\s*(?:Z|[+-]\d\d:?\d\d|[ap]\.?m\.?)?$"
)
ORDINAL = re.compile(r"(?<=\d)(?:st|nd|rd|th|er|re|[ºª°]|-?(?:го|е|ое))(?!\w)")


@cache
def months() -> dict[str, int]:
    """The number of each month by its folded names in all languages."""
    return {
        fold(name): number
        for language in LANGUAGES
        for context in ("format", "stand-alone")
        for number, name in Locale(language).months[context]["wide"].items()
    }


@cache
def weekdays() -> frozenset[str]:
    """The folded names of the days of the week in all languages, in full and abbreviated."""
    days = (Locale(language).days["format"][width] for language in LANGUAGES for width in ("wide", "abbreviated"))
    return frozenset(fold(name) for names in days for name in names.values())


def month(word: str) -> int | None:
    """The month that a folded word names, in full or abbreviated to three letters or more."""
    if word in months():
        return months()[word]
    numbers = {number for name, number in months().items() if len(word) > 2 and name.startswith(word)}
    return numbers.pop() if len(numbers) == 1 else None


def readings(text: str) -> list[str]:
    """The ISO forms of the dates that a text may mean; several if day and month cannot be distinguished."""
    plain = re.sub(r"[.,;]+$", "", text.strip())
    plain = TIME.sub("", plain) if len(plain) > 7 else plain
    candidates = dict.fromkeys([*_in_digits(re.sub(r"\s*([./-])\s*", r"\1", plain)), *_in_words(plain)])
    return [reading for reading in candidates if is_date(reading)]


def is_date(text: str) -> bool:
    """True for a year, month or day that exists."""
    try:
        date.fromisoformat((text + "-01-01")[:10])
    except ValueError:
        return False
    return bool(re.fullmatch(r"(?!0000)\d{4}(-\d\d){0,2}", text, re.ASCII))


def _year(digits: str) -> str:
    """A year in four digits; 69 to 99 are in the twentieth century (POSIX, strptime)."""
    return digits if len(digits) == 4 else f"{'19' if int(digits) > 68 else '20'}{digits}"


def _in_digits(text: str) -> Iterator[str]:
    """The possible readings of a date in digits."""
    if match := re.fullmatch(r"(\d{4})([-/.])(\d{1,2})(?:\2(\d{1,2}))?", text, re.ASCII):
        year, _, second, third = match.groups()
        if third and int(second) > 12:
            second, third = third, second
        yield "-".join([year, *(f"{int(part):02}" for part in (second, third) if part)])
    elif match := re.fullmatch(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4}|\d\d)", text, re.ASCII):
        day, month_, year = int(match[1]), int(match[3]), _year(match[4])
        yield f"{year}-{month_:02}-{day:02}"
        if match[2] != ".":
            yield f"{year}-{day:02}-{month_:02}"
    elif match := re.fullmatch(r"(\d{1,2})[-/.](\d{4})", text, re.ASCII):
        yield f"{match[2]}-{int(match[1]):02}"
    elif match := re.fullmatch(r"(\d{1,2})[-/. ]([ivxIVX]+)[-/. ](\d{4})", text, re.ASCII):
        if number := ROMAN.get(match[2].lower()):
            yield f"{match[3]}-{number:02}-{int(match[1]):02}"
    elif match := re.fullmatch(r"(\d{4})(\d\d)(\d\d)", text, re.ASCII):
        yield "-".join(match.groups())
    elif match := re.fullmatch(r"(\d{4})-(\d\d)-(?:00|\?\?|[Xx]{2})", text, re.ASCII):
        yield match[1] if match[2] == "00" else f"{match[1]}-{match[2]}"
    elif match := re.fullmatch(r"(\d{4})-(?:00|\?\?|[Xx]{2})", text, re.ASCII):
        yield match[1]


def _in_words(text: str) -> Iterator[str]:
    """The reading of a date whose month is a word."""
    words = [word for word in fold(ORDINAL.sub("", text)).split() if word not in FILLERS | weekdays()]
    named = [number for word in words if (number := month(word))]
    years = [word for word in words if re.fullmatch(r"\d{4}", word)]
    days = [word for word in words if re.fullmatch(r"\d{1,2}", word)]
    if len(named) == len(years) == 1 and len(days) <= 1 and len(words) == 2 + len(days):
        yield "-".join([years[0], f"{named[0]:02}", *(f"{int(day):02}" for day in days)])


def span(text: str) -> tuple[str, str] | None:
    """The first and the last date of a period, if a text has only one reading."""
    plain = re.sub(r"^(?:from|between|von|vom|du|de|dal|dall'|del|с)\s+", "", text.strip())
    if match := re.fullmatch(r"(\D+?)\s*(\d{1,2})\s*[-–—/]\s*(\d{1,2}),?\s+(\d{4})", plain):
        plain = f"{match[2]}-{match[3]} {match[1]} {match[4]}"
    if match := re.fullmatch(r"(\d\d)(\d\d)\s*[-–—/]\s*(\d\d)", plain, re.ASCII):
        return (match[1] + match[2], match[1] + match[3]) if int(match[3]) > max(31, int(match[2])) else None
    spans = {halves for match in BETWEEN.finditer(plain) for halves in _halves(plain, match)}
    return spans.pop() if len(spans) == 1 else None


def _halves(text: str, between: re.Match[str]) -> Iterator[tuple[str, str]]:
    """The two dates of a period that is split at one place; each half supplies what the other one omits."""
    left, right = text[: between.start()].strip(" ."), text[between.end() :].strip(" .")
    first, last = _only(left), _only(right)
    if last and not first and len(last) == 10:
        first = f"{last[:8]}{int(left):02}" if re.fullmatch(r"\d{1,2}", left, re.ASCII) else None
        first = first or _only(f"{left} {last[:4]}") or _only(f"{left}.{last[:4]}")
    elif last and not first and len(last) == 7:
        first = _only(f"{left} {last[:4]}")
    elif first and not last and len(first) == 10 and re.fullmatch(r"\d{1,2}", right, re.ASCII):
        last = f"{first[:8]}{int(right):02}"
    if first and last and is_date(first) and is_date(last) and first <= last:
        yield first, last


def _only(text: str) -> str | None:
    """The only reading of a text as a date."""
    candidates = [text] if is_date(text) else readings(text)
    return candidates[0] if len(candidates) == 1 else None
