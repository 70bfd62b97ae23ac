"""Words: the words of a text in the form in which they are searched: without case and accents, and stemmed by language.

Indexed texts and queries are processed in the same way, so that both result in the same words.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

import Stemmer

from kg.text.folding import fold

STEMMERS = {
    **{"en": "english", "fr": "french", "de": "german"},
    **{"it": "italian", "ru": "russian", "es": "spanish"},
}
"""The Snowball stemmer of each language (snowballstem.org)."""

ELIDED = re.compile(r"\b\w{1,2}['’](?=\w)|(?<=\w)['’][sS]\b")
"""Letters that an apostrophe joins to a word, and that nobody searches for: l’OSCE, Vienna’s."""

WORD = re.compile(r"[^\W_]+")


def composed(text: str) -> str:
    """A text in Unicode NFC, in which an accent is not a separate character."""
    return unicodedata.normalize("NFC", text)


def spans(text: str) -> Iterator[re.Match[str]]:
    """The words of a composed text, each with its place."""
    return WORD.finditer(ELIDED.sub(lambda match: " " * len(match[0]), text))


def tokens(text: str) -> list[str]:
    """The words of a composed text as they are written, in order."""
    return WORD.findall(ELIDED.sub(" ", text) if "'" in text or "’" in text else text)


@lru_cache(maxsize=1 << 16)
def plain(word: str) -> str:
    """A word in the form in which it is compared: without case and accents."""
    return fold(word).replace(" ", "")


def words(text: str) -> list[str]:
    """The plain words of a text, in order."""
    return [word for each in tokens(composed(text)) if (word := plain(each))]


@lru_cache(maxsize=1 << 16)
def stems(word: str, language: str) -> frozenset[str]:
    """The plain stems of a word in a language, as it is written and without accents, which many people omit.

    If the language has no stemmer, the stem is the word itself.
    """
    lower, bare = word.casefold(), plain(word)
    if language not in STEMMERS:
        return frozenset({bare})
    stemmer = Stemmer.Stemmer(STEMMERS[language], 0)  # threads must not share a stemmer; it is cheap to make
    return frozenset(plain(stemmer.stemWord(each)) for each in {lower, bare})
