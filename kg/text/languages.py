"""Languages: finds the language tag that an invalid tag or the name of a language means (RFC 5646, CLDR)."""

import re
from functools import cache

from babel import Locale
from babel.core import get_global
from babel.languages import get_official_languages

from kg.media import LANGUAGES
from kg.text.folding import fold

LANGUAGE_TAG = re.compile(r"[a-zA-Z]{2,3}(-[a-zA-Z0-9]{1,8})*")
"""A BCP 47 tag (RFC 5646, 2.1) whose language is a code of ISO 639; no registered tag is longer."""


UNLISTED = {"sp": "es", "esp": "es", "rus": "ru"}
"""Codes that no standard lists, and the languages for which people write them."""


def is_mistaken(tag: str) -> bool:
    """True for a tag of no language, or one that is often written for another language: ua, cz, ger."""
    language = tag.partition("-")[0].lower()
    return language not in _known() and meant(tag) is not None


def meant(text: str, languages: tuple[str, ...] = ()) -> str | None:
    """The tag that a text means: a tag with an underscore, a three-letter code, a country code, or a name.

    If languages are given, the result is one of them.
    """
    plain = text.strip(" :;,.").replace("_", "-").strip("-")
    language, hyphen, rest = plain.partition("-")
    if fold(text) in _names():
        tag = _names()[fold(text)]
    elif not LANGUAGE_TAG.fullmatch(plain):
        return None
    elif language.lower() in _known():
        tag = language.lower() + hyphen + rest
    else:
        code = UNLISTED.get(language.lower()) or get_global("language_aliases").get(language.lower())
        code = str(code or _of_country(language))
        tag = code and code + hyphen + rest
    tag = str(tag or text)
    return None if tag == text or (languages and tag.partition("-")[0] not in languages) else tag


def _of_country(code: str) -> str:
    """The first official language of the country with a code, if any."""
    official = get_official_languages(code.upper(), de_facto=True) if len(code) == 2 else ()
    return str(official[0]).partition("_")[0] if official else ""


@cache
def _known() -> frozenset[str]:
    """The codes of all languages in the CLDR."""
    return frozenset(str(code).partition("_")[0] for code in Locale("en").languages)


@cache
def _names() -> dict[str, str]:
    """The code of each language by its folded names, in the languages of the sources and in the language itself."""
    names: dict[str, str] = {}
    for language in LANGUAGES:
        for code, name in Locale(language).languages.items():
            if "_" not in str(code) and name:
                names.setdefault(fold(name), str(code))
    return names
