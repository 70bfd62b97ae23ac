"""Language preference (kg/text/language_preference.py): the reader's language, else English, else the first by tag."""

import pytest
from pyoxigraph import Literal, NamedNode

from kg.text.language_preference import best_tag, in_language


@pytest.mark.parametrize(
    ("tags", "language", "best"),
    [
        (["en", "de", "ru"], "ru", "ru"),
        (["ru", "en", "de"], "fr", "en"),
        (["ru", "fr", "de"], "it", "de"),
        (["ru", None, "de"], "it", None),
        ([None, "en"], "it", "en"),
        (["en", "de-AT", "fr"], "de", "de-AT"),
        (["de-AT", "de"], "de", "de"),
        (["fr", "en-GB"], "ru", "en-GB"),
        (["RU", "en"], "ru", "RU"),
    ],
)
def test_a_reader_gets_their_language_else_english_else_the_first_by_tag(
    tags: list[str | None], language: str, best: str | None
) -> None:
    assert best_tag(tags, language) == best
    assert best_tag(tags[::-1], language) == best


def test_a_text_is_chosen_by_its_language_and_then_by_its_value() -> None:
    russian, b, a = Literal("в", language="ru"), Literal("b", language="en"), Literal("a", language="en")
    assert in_language([russian, b, a], "ru") == russian
    assert in_language([russian, b, a], "de") == a
    assert in_language([russian, Literal("c"), NamedNode("urn:x")], "de") == Literal("c")
    assert in_language([], "de") is None
