"""Languages: all texts of the pages are there in all six, and a reader keeps the one that was chosen."""

import re
from functools import cache

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po
from flask.testing import FlaskClient

from kg.media import LANGUAGES
from server.languages import CATALOGUES
from tests.places import ROOT

OTHERS = LANGUAGES[1:]


@cache
def texts() -> set[str | tuple[str, ...]]:
    """The texts that stand in the templates and modules of the server."""
    with (CATALOGUES / "babel.cfg").open() as file:
        methods, options = parse_mapping_cfg(file)  # type: ignore[no-untyped-call] # Babel states no types here
    found = extract_from_dir(ROOT / "server", methods, options, directory_filter=lambda path: "frontend" not in path)
    return {text for _, _, text, _, _ in found}


def catalogue(language: str) -> Catalog:
    with (CATALOGUES / f"{language}.po").open("rb") as file:
        return read_po(file, locale=language)


def forms(text: str | tuple[str, ...] | list[str] | None) -> tuple[str, ...]:
    assert text is not None
    return (text,) if isinstance(text, str) else tuple(text)


@pytest.mark.parametrize("language", OTHERS)
def test_every_text_is_translated_and_no_other(language: str) -> None:
    translated = {message.id: message.string for message in catalogue(language) if message.id}
    assert set(translated) == texts(), "`make texts` brings the catalogues up to date"
    assert not [text for text, found in translated.items() if not all(forms(found))]


@pytest.mark.parametrize("language", OTHERS)
def test_a_translation_has_the_places_of_its_text(language: str) -> None:
    def places(text: str) -> set[str]:
        return set(re.findall(r"%\((\w+)\)s", text))

    assert len(catalogue(language)) > 100
    for message in catalogue(language):
        if not message.id:
            continue  # the header
        for found in forms(message.string):
            wanted = {place for form in forms(message.id) for place in places(form)}
            assert places(found) <= wanted, message.id
            assert places(forms(message.id)[-1]) == places(forms(message.string)[-1]), message.id
            assert found.count("<") == forms(message.id)[0].count("<"), message.id


@pytest.mark.parametrize(("language", "home"), [("ru", "Государство"), ("fr", "État"), ("de", "Staat")])
def test_lang_chooses_a_language_and_links_keep_it(language: str, home: str, client: FlaskClient) -> None:
    page = client.get(f"/doc/state/avalon?lang={language}", headers={"Accept": "text/html"}).get_data(as_text=True)
    assert f'<html lang="{language}">' in page
    assert f'<a href="/doc/state?lang={language}">{home}</a>' in page
    links = [link for link in re.findall(r'<a [^>]*href="(/[^"]*)"', page.partition("<main")[2]) if "." not in link]
    assert len(links) > 5
    assert [link for link in links if f"lang={language}" not in link] == []


def test_a_language_that_is_not_spoken_here_is_passed_over(client: FlaskClient) -> None:
    page = client.get("/doc/state/avalon?lang=xx", headers={"Accept": "text/html", "Accept-Language": "it"})
    assert page.headers["Content-Language"] == "it"


def test_a_text_in_another_language_says_so(client: FlaskClient) -> None:
    page = client.get("/doc/release/2000-01?lang=ru", headers={"Accept": "text/html"}).get_data(as_text=True)
    assert re.search(r'lang="en">[^<]+.{0,80}<small class="tag" title="English">en</small>', page, re.DOTALL)


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_error_is_a_page_in_the_language_too(language: str, client: FlaskClient) -> None:
    page = client.get(f"/nothing?lang={language}", headers={"Accept": "text/html"})
    assert page.status_code == 404
    assert f'<html lang="{language}">' in page.get_data(as_text=True)


def test_numbers_and_dates_are_written_as_in_the_language(client: FlaskClient) -> None:
    page = client.get("/doc/state/avalon?lang=de", headers={"Accept": "text/html"}).get_data(as_text=True)
    assert re.search(r"<time datetime=\"\d{4}-\d\d-\d\d\">\d+\. \w+ \d{4}</time>", page)
