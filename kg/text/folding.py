"""Folding: texts without case and accents, as they are compared, and as they become names in paths and addresses."""

import re
import unicodedata

LETTERS = str.maketrans(
    {"æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "ħ": "h", "ŧ": "t", "þ": "th", "ı": "i"}
)
"""The letters whose strokes Unicode does not decompose, and how they are written without."""


def fold(text: str) -> str:
    """A text without case, accents and punctuation, its words with one space between."""
    return _words(text.casefold().translate(LETTERS))


def as_part_name(text: str) -> str:
    """A text as the name of a part, which ends its address: without case, accents and punctuation, with hyphens.

    Unlike `fold`, it keeps the letters with strokes, as addresses that are published do.
    """
    return _words(text.casefold()).replace(" ", "-")


def _words(text: str) -> str:
    """A text without accents and punctuation, its words with one space between."""
    letters = unicodedata.normalize("NFKD", text)
    plain = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return re.sub(r"[\W_]+", " ", plain).strip()


def as_name(text: str) -> str:
    """A text as the name of a thing: folded, with hyphens between words, and without letters that are not of ASCII."""
    plain = fold(text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
