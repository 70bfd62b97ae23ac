"""Pages in a real browser: what readers do on them, on a desk and on a phone, and that they can be read by all."""

import re
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import Request, urlopen

import brotli
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize

from tests.places import ROOT
from tests.sampling import EVERYTHING
from tests.serving import serving
from tests.waiting import PATIENCE, patient

pytestmark = pytest.mark.slow

AXE = ROOT / "tests/server/clients/node_modules/axe-core/axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
EXCEPTIONS = {"scrollable-region-focusable": ".CodeMirror-scroll"}
"""By rule, what the editor of queries has within it that is not ours to mend: its text area takes the focus."""

SOME = """most => document.querySelectorAll('li, tr, section').forEach(each => {
    const alike = [...each.parentElement?.children ?? []].filter(other => other.className === each.className);
    alike.slice(most).forEach(other => other.remove());
})"""
"""Leaves of many items that are alike in a list, table or reference only some: to judge each takes most of the time."""

DESK, PHONE = ViewportSize(width=1280, height=900), ViewportSize(width=380, height=800)

SPANS = """PREFIX osce: <http://localhost:8000/ontology#>
SELECT * { ?term osce:since ?since ; osce:until ?until ; osce:heldBy ?state }"""
PLACES = """PREFIX osce: <http://localhost:8000/ontology#>
SELECT * { ?place osce:latitude ?latitude ; osce:longitude ?longitude }"""

KINDS_OF_PAGE = {
    "home": "",
    "state": "doc/state/austria",
    "structure": "doc/structure/minsk-group",
    "field operation": "doc/field-operation/mission-to-skopje",
    "person": "doc/person/knut-vollebaek",
    "post": "doc/post/secretary-general",
    "field of work": "doc/field-of-work/elections",
    "release": "doc/release/2018-09-27-minsk-group-co-chairs-meet-foreign-ministers-of-armenia-and",
    "collection": "doc/field-operation",
    "filtered collection": "doc/release?fieldOfWork=field-of-work/elections",
    "search": "search?q=minsk",
    "nothing found": "search?q=xyzzyxyzzy",
    "SPARQL": "sparql",
    "result": "sparql?query=SELECT%20*%20%7B%20%3Fs%20a%20%3Fclass%20%7D%20LIMIT%205",
    "result as timeline": f"sparql?query={quote(SPANS)}&view=timeline",
    "result as map": f"sparql?query={quote(PLACES)}&view=map",
    "wrong query": "sparql?query=SELECT%20nothing",
    "ontology": "ontology",
    "shapes": "shapes",
    "dataset": "dataset.html",
    "quality": "quality",
    "not found": "doc/state/nowhere",
}


@pytest.fixture(scope="module")
def url(real: Path) -> Iterator[str]:
    """The address of a server of the real graph."""
    with serving("--published", real) as (address, _):
        yield address


class Reader:
    """A reader with a browser: every request and complaint of the pages is noted."""

    def __init__(self, context: BrowserContext, home: str) -> None:
        self.home, self.page = home, context.new_page()
        self.requested: list[str] = []
        self.complaints: list[str] = []
        self.page.on("request", lambda request: self.requested.append(request.url))
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def opens(self, path: str) -> Page:
        self.page.goto(self.home + path)
        return self.page

    def is_content(self) -> None:
        """Asserts that no request left the origin, that nothing complained, and that no page is too wide."""
        assert {address.startswith((self.home, "data:")) for address in self.requested} == {True}
        assert self.complaints == []
        assert self.page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


@pytest.fixture(params=["desk", "phone", "desk without JavaScript", "phone without JavaScript"])
def reader(request: pytest.FixtureRequest, browser: Browser, url: str) -> Iterator[Reader]:
    size = DESK if request.param.startswith("desk") else PHONE
    context = patient(browser.new_context(viewport=size, java_script_enabled="without" not in request.param))
    found = Reader(context, url)
    yield found
    found.is_content()
    context.close()


# ── What readers come for ────────────────────────────────────────────────────────────────────────────────────────


def test_a_reader_finds_a_release_by_a_half_remembered_name(reader: Reader) -> None:
    page = reader.opens("")
    page.locator("input[name=q]").first.fill("minsk grup co-chairs ministers new york")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("main").get_by_role("link", name=re.compile("^Minsk Group Co-Chairs meet")).first.click()
    assert "/doc/release/" in page.url


def test_a_reader_sees_which_operations_were_open_in_1999(reader: Reader) -> None:
    page = reader.opens("")
    page.get_by_role("link", name=re.compile("^All .* questions$")).click()
    page.get_by_text("Which field operations did the OSCE have on 1 January 2000").click()
    form = page.locator("#field-operations-on-a-day form")
    form.get_by_label("day").fill("1999-07-01")
    form.get_by_role("button", name="Run this question").click()
    main = page.get_by_role("main")
    main.get_by_role("link", name=re.compile("mission-to-croatia|Mission to Croatia")).first.wait_for()
    assert main.get_by_role("link", name=re.compile("mission-to-serbia$|Mission to Serbia$")).count() == 0


def test_a_reader_switches_to_russian_and_stays_there(reader: Reader) -> None:
    page = reader.opens("doc/state/austria")
    page.get_by_role("link", name=re.compile("Русский")).click()
    assert page.get_by_role("heading", level=1).inner_text() == "Австрия"
    page.get_by_role("main").get_by_role("link", name="Государство", exact=True).click()
    page.get_by_role("link", name="Азербайджан").wait_for()
    assert page.locator("html").get_attribute("lang") == "ru"


def test_a_developer_gets_turtle_of_austria_from_its_page(reader: Reader) -> None:
    page = reader.opens("doc/state/austria")
    address = page.get_by_role("link", name="Turtle").get_attribute("href") or ""
    answer = page.request.get(reader.home.rstrip("/") + address)
    assert answer.headers["content-type"].startswith("text/turtle")
    assert "/id/state/austria>" in answer.text()


def test_a_reader_finds_where_a_fact_comes_from(reader: Reader) -> None:
    page = reader.opens("doc/field-operation/mission-to-skopje")
    row = page.locator("dl.facts > div", has=page.get_by_role("link", name="established", exact=True)).first
    row.locator("summary").click()
    card = row.locator(".card")
    card.get_by_text(re.compile(r"line \d+")).wait_for()
    card.get_by_text("14 August 1992").wait_for()
    card.get_by_role("link", name=re.compile("reliefweb")).first.wait_for()
    source = card.get_by_role("link", name=re.compile("yaml")).get_attribute("href") or ""
    line = int(re.search(r"line (\d+)", card.inner_text())[1])  # type: ignore[index]
    assert "1992" in page.request.get(reader.home.rstrip("/") + source).text().splitlines()[line - 1]


# ── For everyone ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module", params=["light on a desk", "dark on a phone"])
def tested(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Page]:
    """A page of a browser that shows light or dark pages."""
    colours, _, size = request.param.partition(" on a ")
    context = patient(
        browser.new_context(viewport=DESK if size == "desk" else PHONE, color_scheme=colours, reduced_motion="reduce")
    )
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("kind", KINDS_OF_PAGE)
def test_a_page_meets_wcag(kind: str, tested: Page, url: str) -> None:
    tested.goto(url + KINDS_OF_PAGE[kind])
    if not EVERYTHING:
        tested.evaluate(SOME, 10)
    tested.evaluate(AXE.read_text())
    found = tested.evaluate("rules => axe.run(document, {runOnly: rules, resultTypes: ['violations']})", RULES)
    assert found["passes"]
    for each in found["violations"]:
        within = EXCEPTIONS.get(each["id"], "")
        each["nodes"] = [node for node in each["nodes"] if not within or within not in node["target"][0]]
    told = {
        each["id"]: [(node["target"], node["failureSummary"]) for node in each["nodes"][:3]]
        for each in found["violations"]
        if each["nodes"]
    }
    assert told == {}


@pytest.mark.parametrize("width", [320, 700, 900, 1100])
def test_no_page_is_wider_than_its_window_in_any_language(width: int, browser: Browser, url: str) -> None:
    page = patient(browser.new_page(viewport={"width": width, "height": 900}))
    wide = {}
    for kind, language in zip(KINDS_OF_PAGE, cycle(["ru", "de", "en", "fr"]), strict=False):
        path = KINDS_OF_PAGE[kind]
        page.goto(f"{url}{path}{'&' if '?' in path else '?'}lang={language}")
        if (more := page.evaluate("document.documentElement.scrollWidth - innerWidth")) > 0:
            wide[kind, language] = more
    page.close()
    assert wide == {}


@pytest.mark.parametrize("kind", KINDS_OF_PAGE)
def test_a_page_is_light_and_asks_for_no_script_before_it_is_painted(kind: str, url: str) -> None:
    request = Request(url + KINDS_OF_PAGE[kind], headers={"Accept": "text/html", "Accept-Encoding": "br"})
    try:
        answer = urlopen(request, timeout=PATIENCE)
    except HTTPError as error:
        answer = error
    with answer:
        sent = answer.read()
        page = (brotli.decompress(sent) if answer.headers["Content-Encoding"] == "br" else sent).decode()
    assert len(sent) < 60_000
    scripts = re.findall(r"<script[^>]*>", page)
    assert scripts
    for script in scripts:
        assert 'type="module"' in script or 'type="application/ld+json"' in script or " defer" in script
    assert not re.findall(r"\s(?:on[a-z]+|style)=\"", page)


def test_a_page_prints_without_its_frame(browser: Browser, url: str) -> None:
    page = patient(browser.new_page())
    page.goto(url + "doc/state/austria")
    page.emulate_media(media="print")
    assert not page.get_by_role("navigation", name="Site").is_visible()
    assert page.get_by_role("heading", level=1).is_visible()
    page.close()


def test_a_page_can_be_used_by_keyboard(browser: Browser, url: str) -> None:
    page = patient(browser.new_page())
    page.goto(url + "doc/state/austria")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('main') !== null")
    page.close()


def test_a_page_holds_its_data_for_crawlers(browser: Browser, url: str) -> None:
    page = patient(browser.new_page())
    page.goto(url + "doc/state/austria")
    data = page.evaluate("JSON.parse(document.querySelector('script[type=\"application/ld+json\"]').textContent)")
    assert "Austria" in str(data)
    page.close()
