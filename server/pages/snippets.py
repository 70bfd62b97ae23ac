"""Snippets: the text of a thing that shows best why it was found, with the matching words marked."""

from collections.abc import Iterable
from dataclasses import dataclass

from markupsafe import Markup, escape

from kg.dataset.finder import Hit, ThingText, Word
from kg.dataset.search_index import LANGUAGE
from kg.text.language_preference import in_language, preference
from kg.text.words import plain, spans, stems

WIDTH = 180
"""Maximum length of a snippet, in characters."""

BEFORE = 60
"""Maximum length of the text before the first marked word."""


@dataclass(frozen=True, slots=True)
class Snippet:
    """A text with marked words (HTML), the IRI of its property if it has one, and its language."""

    marked: Markup
    property: str
    language: str
    text: str


def called(hit: Hit, language: str) -> ThingText:
    """The label of a thing that a reader of a language prefers."""
    label = in_language((text for text in hit.texts if text.field == 0), language)
    assert label is not None
    return label


def snippet_of(hit: Hit, words: Iterable[Word], language: str) -> Snippet:
    """The text that contains most of the words; of several, the first, preferably in the language of the reader."""
    looked_for = list(words)
    label = called(hit, language)

    def worth(text: ThingText) -> tuple[object, ...]:
        known = {word.text for _, _, word in marks(text, looked_for)}
        return -len(known), text.field, text is not label, preference(text.language, language)

    best = min(hit.texts, key=worth) if looked_for else label
    return Snippet(marked(best, looked_for), best.property, best.language, best.text)


def marks(text: ThingText, words: list[Word]) -> list[tuple[int, int, Word]]:
    """The places of matching words in a text: start, end, and word."""
    language = text.language or LANGUAGE
    return [
        (*match.span(), word)
        for match in spans(text.text)
        for word in words
        if word.matches(plain(match[0]), stems(match[0], language))
    ]


def marked(text: ThingText, words: list[Word]) -> Markup:
    """A text as HTML, or a section of it if it is long."""
    marks_in_text = list(dict.fromkeys((start, end) for start, end, _ in marks(text, words)))
    whole = text.text
    first = marks_in_text[0][0] if marks_in_text else 0
    start = whole.rfind(" ", 0, max(first - BEFORE, 0)) + 1 if len(whole) > WIDTH and first > BEFORE else 0
    stop = len(whole) if len(whole) - start <= WIDTH else whole.rfind(" ", start, start + WIDTH)
    stop = stop if stop > start else min(start + WIDTH, len(whole))
    parts = [Markup("… ") if start else Markup("")]
    at = start
    for begin, end in marks_in_text:
        if start <= begin and end <= stop:
            parts += [escape(whole[at:begin]), Markup("<mark>{}</mark>").format(whole[begin:end])]
            at = end
    parts += [escape(whole[at:stop]), Markup(" …") if stop < len(whole) else Markup("")]
    return Markup("").join(parts)
