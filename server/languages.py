"""Languages: the language of a page, and its texts, dates and numbers in that language.

The English texts are in the templates; `translations/<language>.po` contains the others (GNU gettext).
"""

import io
from datetime import date
from functools import cache
from pathlib import Path

from babel import Locale
from babel.dates import format_date, format_skeleton
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from babel.support import NullTranslations, Translations
from flask import Flask, g, request
from markupsafe import Markup, escape

from kg.media import LANGUAGES
from server.http.negotiation import negotiate_language

CATALOGUES = Path(__file__).parent / "translations"


def register(app: Flask) -> None:
    """Registers translations and filters with the templates of an application."""
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.install_gettext_callables(gettext, ngettext, newstyle=True)  # type: ignore[attr-defined]
    app.jinja_env.policies["ext.i18n.trimmed"] = True
    app.jinja_env.globals.update(
        chosen_language=chosen_language, language=language, languages=LANGUAGES, name_of_language=name_of_language
    )
    app.jinja_env.filters.update(date=written_date, number=written_number, breakable=breakable)


def language() -> str:
    """The language of the current page: the one that was set for it, or else the negotiated one."""
    if "language" not in g:
        g.language = chosen_language() or negotiate_language(request.headers.get("Accept-Language"))
    return str(g.language)


def chosen_language() -> str | None:
    """The language that `?lang=` names, which links keep; None if it is missing or not supported."""
    tag = request.args.get("lang", "")
    return tag if tag in LANGUAGES else None


@cache
def translations(tag: str) -> NullTranslations:
    """The texts of the pages in a language."""
    file = CATALOGUES / f"{tag}.po"
    if not file.is_file():
        return NullTranslations()
    compiled = io.BytesIO()
    with file.open("rb") as source:
        write_mo(compiled, read_po(source, locale=tag))
    compiled.seek(0)
    return Translations(compiled)


def gettext(text: str) -> str:
    return str(translations(language()).gettext(text))


def ngettext(one: str, many: str, number: int) -> str:
    return str(translations(language()).ngettext(one, many, number))


def name_of_language(tag: str) -> str:
    """The name of a language in that language."""
    return str(Locale(tag).get_display_name(tag)).capitalize()


def breakable(address: str) -> Markup:
    """An address with possible line breaks after each of its steps."""
    scheme, mark, rest = address.partition("://")
    return escape(scheme + mark) + escape(rest).replace("/", Markup("/<wbr>"))


def written_number(number: float) -> str:
    return str(format_decimal(number, locale=language()))


def written_date(value: str) -> str:
    """A date, a month or a year of XML Schema in words; any other text unchanged.

    In English, `1992-07-09`, `1992-07` and `1992` become 9 July 1992, July 1992 and 1992.
    """
    spoken = "en_GB" if language() == "en" else language()
    try:
        match value.split("-"):
            case [_, _, _]:
                return str(format_date(date.fromisoformat(value), "long", locale=spoken))
            case [year, month]:
                return str(format_skeleton("yMMMM", date(int(year), int(month), 1), locale=spoken))
    except ValueError:
        pass
    return value
