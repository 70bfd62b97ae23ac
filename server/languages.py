"""Languages: in which one a page is written, and what its own texts, dates and numbers are in it.

The texts stand in the templates, in English; `translations/<language>.po` has the others (GNU gettext).
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
    """Lets the templates of an application speak."""
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.install_gettext_callables(gettext, ngettext, newstyle=True)  # type: ignore[attr-defined]
    app.jinja_env.policies["ext.i18n.trimmed"] = True
    app.jinja_env.globals.update(
        chosen_language=chosen_language, language=language, languages=LANGUAGES, name_of_language=name_of_language
    )
    app.jinja_env.filters.update(date=written_date, number=written_number, breakable=breakable)


def language() -> str:
    """The language of the page that is being written: the one settled for it, or else the one that is asked for."""
    if "language" not in g:
        g.language = chosen_language() or negotiate_language(request.headers.get("Accept-Language"))
    return str(g.language)


def chosen_language() -> str | None:
    """The language that `?lang=` names, which links keep; None for none, or one that is not spoken here."""
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
    """What a language is called by those who speak it."""
    return str(Locale(tag).get_display_name(tag)).capitalize()


def breakable(address: str) -> Markup:
    """An address that a line may break after each of its steps."""
    scheme, mark, rest = address.partition("://")
    return escape(scheme + mark) + escape(rest).replace("/", Markup("/<wbr>"))


def written_number(number: float) -> str:
    return str(format_decimal(number, locale=language()))


def written_date(value: str) -> str:
    """A date, a month or a year of XML Schema in words; anything else as it is.

    `1992-07-09`, `1992-07` and `1992` are in English 9 July 1992, July 1992 and 1992.
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
