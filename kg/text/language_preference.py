"""Language preference: the choice of one text for a reader from texts in several languages."""

from collections.abc import Iterable
from typing import TypeVar

from kg.media import LANGUAGES

ENGLISH = LANGUAGES[0]

T = TypeVar("T")
Tag = TypeVar("Tag", str, str | None)


def preference(tag: str | None, language: str = ENGLISH) -> tuple[bool, bool, str]:
    """A sort key for a language tag: the reader's language comes first, then English, then the others by their tags.

    Among the others, a text without a tag comes first. A tag with subtags, such as `en-GB`, counts as its language
    (RFC 4647, 3.3.1).
    """
    tag = (tag or "").lower()
    primary = tag.partition("-")[0]
    return primary != language, primary != ENGLISH, tag


def best_tag(tags: Iterable[Tag], language: str = ENGLISH) -> Tag:
    """The language tag that a reader prefers; raises ValueError if there are no tags."""
    return min(tags, key=lambda tag: preference(tag, language))


def in_language(texts: Iterable[T], language: str = ENGLISH) -> T | None:
    """The text that a reader prefers by the `language` of each; None if there are no texts.

    A term without a language, such as an IRI, counts as a text without a tag. Texts with the same tag are ordered by
    their values.
    """

    def rank(text: T) -> tuple[tuple[bool, bool, str], str]:
        return preference(getattr(text, "language", None), language), str(text)

    return min(texts, key=rank, default=None)
