"""Texts: what sources of all formats may hold that looks right and is not.

Texts are in Unicode normalization form C (w3.org/TR/charmod-norm, 3.1; unicode.org/reports/tr15).
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path

from rdflib.term import Node

from kg.problems import Problem, Severity

WORD = r"[^\s!-&(-,./:-@\[-`{-~]+"
"""Anything between white space and the punctuation of ASCII, but for hyphens and apostrophes."""


def in_language(texts: Iterable[Node], language: str = "en") -> Node | None:
    """The text for a reader: in their language, else in English, else without a language, else the first by its tag."""

    def rank(text: Node) -> tuple[bool, bool, bool, str, str]:
        tag = str(getattr(text, "language", None) or "").lower()
        primary = tag.partition("-")[0]
        return primary != language, primary != "en", tag != "", tag, str(text)

    return min(texts, key=rank, default=None)


def not_composed(text: str, file: Path, thing: str | None = None) -> Iterator[Problem]:
    """A warning for each word that is not in NFC: it looks the same, and a search for what people type misses it."""
    if unicodedata.is_normalized("NFC", text):
        return
    for number, line in enumerate(text.split("\n"), 1):
        if unicodedata.is_normalized("NFC", line):
            continue
        for match in re.finditer(WORD, line):
            if (composed := unicodedata.normalize("NFC", match[0])) != match[0]:
                odd = {c for c in match[0] if c not in composed or unicodedata.combining(c)}
                marks = sorted(f"U+{ord(c):04X}" for c in odd)
                yield Problem(
                    "E114",
                    "this word is not in Unicode normalization form C",
                    file,
                    number,
                    match.start() + 1,
                    Severity.WARNING,
                    expected=composed,
                    found=f"{match[0]}, with {', '.join(marks)}",
                    hint=f"write {composed}",
                    thing=thing,
                    length=len(match[0]),
                )
