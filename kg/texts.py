"""Texts: what sources of all formats may hold that looks right and is not.

Texts are in Unicode normalization form C (w3.org/TR/charmod-norm, 3.1; unicode.org/reports/tr15).
"""

import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path

from kg.problems import Problem, Severity

WORD = r"[^\s!-&(-,./:-@\[-`{-~]+"
"""Anything between white space and the punctuation of ASCII, but for hyphens and apostrophes."""


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
