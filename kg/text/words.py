"""Words: what of a text is looked for: its words without case and accents, and their stems by language.

Texts that are indexed and texts that are asked for go the same way, so that both come to the same words.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

import snowballstemmer

from kg.text.folding import fold

STEMMERS = {
    **{"en": "english", "fr": "french", "de": "german"},
    **{"it": "italian", "ru": "russian", "es": "spanish"},
}
"""The Snowball stemmer of each language (snowballstem.org)."""

ELIDED = re.compile(r"\b\w{1,2}['’](?=\w)|(?<=\w)['’][sS]\b")
"""What an apostrophe joins to a word, and nobody looks for: l’OSCE, Vienna’s."""

WORD = re.compile(r"[^\W_]+")


def composed(text: str) -> str:
    """A text in the form in which an accent is no character of its own (Unicode, NFC)."""
    return unicodedata.normalize("NFC", text)


def spans(text: str) -> Iterator[re.Match[str]]:
    """The words of a composed text, each where it stands."""
    return WORD.finditer(ELIDED.sub(lambda match: " " * len(match[0]), text))


@lru_cache(maxsize=1 << 16)
def plain(word: str) -> str:
    """A word as it is compared: without case and accents."""
    return fold(word).replace(" ", "")


def words(text: str) -> list[str]:
    """The words of a text, plain, in their order."""
    return [word for match in spans(composed(text)) if (word := plain(match[0]))]


@lru_cache(maxsize=1 << 16)
def stems(word: str, language: str) -> frozenset[str]:
    """The plain stems of a word in a language, as it is written and without accents, which many leave out.

    A language that has no stemmer leaves the word as it is.
    """
    written, bare = word.casefold(), plain(word)
    if language not in STEMMERS:
        return frozenset({bare})
    stemmer = snowballstemmer.stemmer(STEMMERS[language])  # one for all threads would mix their words
    return frozenset(plain(stemmer.stemWord(each)) for each in {written, bare})


def stems_of(text: str, language: str) -> list[str]:
    """The stems of the words of a text, in their order."""
    return [stem for match in spans(composed(text)) for stem in sorted(stems(match[0], language)) if stem]
