"""Folding: texts without case and accents, for comparison and for names in paths and addresses."""

import re
import unicodedata
from functools import lru_cache

LETTERS = str.maketrans(
    {"æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "ħ": "h", "ŧ": "t", "þ": "th", "ı": "i"}
)
"""Letters with strokes, which Unicode does not decompose, and their replacements."""


def fold(text: str) -> str:
    """A text without case, accents and punctuation, with single spaces between words."""
    return _words(text.casefold().translate(LETTERS))


@lru_cache(4096)
def as_part_name(text: str) -> str:
    """A text as the name of a part, which ends its address: without case, accents and punctuation, with hyphens.

    Unlike `fold`, it keeps letters with strokes, because published addresses contain them.
    """
    return _words(text.casefold()).replace(" ", "-")


def _words(text: str) -> str:
    """A text without accents and punctuation, with single spaces between words."""
    letters = text if text.isascii() else unicodedata.normalize("NFKD", text)
    plain = letters if letters.isascii() else "".join(x for x in letters if not unicodedata.combining(x))
    return re.sub(r"[\W_]+", " ", plain).strip()


def as_name(text: str) -> str:
    """A text as the name of a thing: folded, with hyphens between words, and only with letters of ASCII."""
    plain = fold(text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
