"""Missing pages: an address that is unknown says what may have been meant, and one into a fold unfolds it."""

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Browser

from tests.serving import serving

MEANT = {
    "/doc/stat/norway": "/doc/state/norway",
    "/doc/state/norwey": "/doc/state/norway",
    "/id/state/Norway": "/doc/state/norway",
    "/doc/state/norwey.fr.html": "/doc/state/norway",
    "/state/turkey": "/doc/state/turkiye",
    "/field-operations/skopje": "/doc/field-operation/mission-to-skopje",
    "/doc/release/minsk-group": "/doc/structure/minsk-group",
    "/en/permanent-council": "/doc/decision-making-body/permanent-council",
    "/helsinki": "/doc/place/helsinki",
    "/releases": "/doc/release",
    "/field_operations": "/doc/field-operation",
    "/doc/staet": "/doc/state",
}


@pytest.mark.parametrize("path", MEANT)
def test_what_is_missing_says_what_may_have_been_meant(path: str, real_client: FlaskClient) -> None:
    answer = real_client.get(path, headers={"Accept": "application/json"})
    assert answer.status_code == 404
    suggestions = answer.get_json(force=True)["suggestions"]
    assert MEANT[path] in [each["href"] for each in suggestions]
    assert all(each["label"] for each in suggestions)
    text = unescape(real_client.get(path, headers={"Accept": "text/html"}).get_data(as_text=True))
    main = text.partition("<main")[2]
    assert f'<li><a href="{MEANT[path]}">' in main
    assert MEANT[path] in real_client.get(path, headers={"Accept": "text/plain"}).get_data(as_text=True)
    for each in suggestions:
        assert real_client.get(each["href"]).status_code == 200


def test_suggestions_have_their_kind_and_are_in_the_language_of_the_reader(real_client: FlaskClient) -> None:
    page = real_client.get("/doc/stat/norway", headers={"Accept": "text/html", "Accept-Language": "ru"})
    text = re.sub(r"\s+", " ", page.get_data(as_text=True))
    assert '<a href="/doc/state/norway">Норвегия</a> <span class="count">Государство</span>' in text


@pytest.mark.parametrize("path", ["/%ED%A0%80", "/a%00b", "/%22%3E%3Cscript%3E", "/" + "a" * 3000, "/---", "/id/x/y/z"])
def test_whatever_is_missing_is_404_in_every_form(path: str, real_client: FlaskClient) -> None:
    for accept in ("text/html", "application/json", "text/plain"):
        answer = real_client.get(path, headers={"Accept": accept})
        assert answer.status_code == 404
        assert "<script>" not in answer.get_data(as_text=True)


def test_two_slashes_before_a_name_do_not_hide_it(real_client: FlaskClient) -> None:
    answer = real_client.get("/", environ_overrides={"PATH_INFO": "//helsinki"}, headers={"Accept": "application/json"})
    assert answer.status_code == 404
    assert "/doc/place/helsinki" in [each["href"] for each in answer.get_json(force=True)["suggestions"]]


# ── Folds ────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def url(real: Path) -> Iterator[str]:
    """The address of a server of the real graph."""
    with serving("--published", real) as (address, _):
        yield address


@pytest.mark.parametrize(
    ("page", "folded"),
    [
        ("sparql", "field-operations-on-a-day"),
        ("doc/release", "search"),
        ("doc/release", "search-date"),
        ("doc/state/norway", "StateRolesView"),
    ],
)
def test_an_address_that_leads_into_a_fold_unfolds_it(page: str, folded: str, browser: Browser, url: str) -> None:
    tab = browser.new_page(viewport={"width": 1280, "height": 700}, reduced_motion="reduce")
    tab.goto(f"{url}{page}#{folded}")
    target = tab.locator(f'[id="{folded}"]')
    shown = """each => {
        const {top} = each.getBoundingClientRect();
        return each.checkVisibility() && top >= 0 && top < innerHeight && (each.localName !== "details" || each.open);
    }"""
    tab.wait_for_function(f"name => ({shown})(document.getElementById(name))", arg=folded)
    tab.goto(f"{url}{page}")
    tab.evaluate("name => { location.hash = name }", folded)
    tab.wait_for_function(f"name => ({shown})(document.getElementById(name))", arg=folded)
    assert target.count() == 1
    tab.close()


def test_every_fold_of_a_page_that_has_a_name_opens_by_it(browser: Browser, url: str) -> None:
    tab = browser.new_page()
    opened = 0
    for path in ("sparql", "doc/state", "doc/release"):
        tab.goto(url + path)
        for name in tab.evaluate("[...document.querySelectorAll('details[id]')].map(each => each.id)")[:5]:
            tab.evaluate("name => { location.hash = name }", name)
            tab.wait_for_function("name => document.getElementById(name).open", arg=name)
            opened += 1
    assert opened > 5
    tab.close()
