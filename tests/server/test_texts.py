"""Translations: no page in another language has an English text for which there is a translation."""

import re
from collections.abc import Iterable, Iterator
from html.parser import HTMLParser
from urllib.parse import quote

import pytest
from babel.messages.pofile import read_po
from flask import Flask
from flask.testing import FlaskClient
from rdflib.namespace import RDFS

from kg.media import LANGUAGES
from server.site import site
from tests.places import ROOT
from tests.server.pages.test_pages import KINDS_OF_PAGE
from tests.server.test_languages import forms

PAGES = {
    **KINDS_OF_PAGE,
    "meeting": "doc/meeting/istanbul-summit-1999",
    "document": "doc/document/helsinki-final-act",
    "chairpersonship": "doc/chairpersonship/1999",
    "place": "doc/place/vienna",
    "project": "doc/project",
    "not acceptable": "doc/state/austria.xyz",
    "bad request": "doc/release?dat=2000",
    "missing collection": "doc/staet",
    "misfit": f"sparql?query={quote('SELECT * { ?s a ?class } LIMIT 5')}&view=map",
    "limit": "sparql?query=SELECT%20*%20%7B%7D&timeout=x",
}

SHOWN = ("title", "aria-label", "placeholder", "alt", "data-label", "data-stop", "data-running", "data-answered",
         "data-failed", "data-done")  # fmt: skip
"""The attributes that readers see or hear."""

REFERENCES = ("ontology", "shapes")
"""The pages that list terms and shapes by their own names, which are those of their labels in English."""

DATA = {"General knowledge", "data", "Data"}
"""Labels of records that are also labels of terms, and a word that is also Italian and Spanish."""

VOID = {"meta", "link", "input", "br", "img", "hr", "wbr", "path", "use", "rect", "circle", "line"}


class Texts(HTMLParser):
    """The texts of a page by the language that each is said to be in."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.stack: list[tuple[str, str]] = []
        self.found: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        language = given.get("lang") or (self.stack[-1][1] if self.stack else "")
        self.found += [(language, value) for name in SHOWN if (value := given.get(name))]
        if tag not in VOID:
            self.stack.append((tag, language))

    def handle_endtag(self, tag: str) -> None:
        while self.stack and self.stack.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        tags = {tag for tag, _ in self.stack}
        if not tags & {"script", "style", "code", "pre", "textarea", "kbd"}:
            self.found.append((self.stack[-1][1] if self.stack else "", data))


@pytest.fixture(scope="module")
def real_app(real_client: FlaskClient) -> Flask:
    return real_client.application


def plain(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip(" :.,;–·()").casefold()


def texts_of_templates(language: str) -> Iterator[tuple[str, str]]:
    """The English texts of templates, each with its translation."""
    with (ROOT / f"server/translations/{language}.po").open("rb") as file:
        for message in read_po(file, locale=language):
            ids, strings = forms(message.id), forms(message.string)
            yield from ((text, string) for text in ids for string in strings if text and "%(" not in text)


def labels_of_terms(app: Flask, language: str) -> Iterator[tuple[str, str]]:
    """The English labels of terms, groups, views and viewers, each with its translation."""
    with app.test_request_context("/"):
        schema = site().schema
        for graph in (schema.ontology, schema.shapes):
            labels: dict[object, dict[str, str]] = {}
            for subject, _, label in graph.triples((None, RDFS.label, None)):
                labels.setdefault(subject, {})[getattr(label, "language", "") or ""] = str(label)
            yield from ((each["en"], each[language]) for each in labels.values() if {"en", language} <= each.keys())


def english(pairs: Iterable[tuple[str, str]]) -> set[str]:
    """Those of some texts that no text has as its translation."""
    known = [(plain(text), plain(translation)) for text, translation in pairs]
    return {text for text, _ in known} - {translation for _, translation in known} - {""}


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_no_text_of_a_page_is_english_that_has_a_translation(language: str, real_app: Flask) -> None:
    templates = [*texts_of_templates(language)]
    texts, all_ = english(templates), english([*templates, *labels_of_terms(real_app, language)])
    assert len(texts) > 150
    assert len(all_) > 300
    client = real_app.test_client()
    with real_app.test_request_context("/"):
        schema = site().schema
        names = {re.split("[#/]", str(s))[-1] for graph in (schema.ontology, schema.shapes) for s in graph.subjects()}
        names |= {re.sub("Shape$", "", name) for name in names}
    left: dict[str, set[str]] = {}
    for kind, path in PAGES.items():
        answer = client.get(f"/{path}{'&' if '?' in path else '?'}lang={language}", headers={"Accept": "text/html"})
        page = Texts()
        page.feed(answer.get_data(as_text=True))
        wrong = texts if kind in REFERENCES else all_
        found = {text for tag, text in page.found if tag == language and plain(text) in wrong} - DATA
        if found := {text for text in found if kind not in REFERENCES or text.strip() not in names}:
            left[kind] = found
    assert left == {}
