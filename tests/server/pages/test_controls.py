"""Controls can be read and seen, in light and in dark: at rest, filled, selected, pointed at, focused and opened."""

from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.sampling import EVERYTHING
from tests.server.pages.test_pages import DESK, KINDS_OF_PAGE, PHONE
from tests.serving import serving

TEXT, EDGE = 4.5, 3.0
"""The contrast that texts and the edges of controls must have (WCAG 2.2, 1.4.3 and 1.4.11)."""

LOOKS = [("light", "desk"), ("dark", "phone"), *([("dark", "desk"), ("light", "phone")] if EVERYTHING else [])]

PAGES = ["home", "state", "collection", "search", "SPARQL", "result as timeline", "ontology", "shapes", "quality"]
"""Kinds of pages that together have every kind of control."""

MEASURES = """
window.measures = (() => {
  const pixel = new OffscreenCanvas(1, 1).getContext("2d", {willReadFrequently: true});
  const parts = (colour) => {
    pixel.clearRect(0, 0, 1, 1);
    pixel.fillStyle = colour;
    pixel.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = pixel.getImageData(0, 0, 1, 1).data;
    return {rgb: [r, g, b], alpha: a / 255};
  };
  const over = (top, below) => top.rgb.map((part, at) => part * top.alpha + below[at] * (1 - top.alpha));
  // What is seen behind an element: its own background and those of what holds it.
  const behind = (element, pseudo) => {
    const layers = pseudo ? [parts(getComputedStyle(element, pseudo).backgroundColor)] : [];
    for (let each = element; each; each = each.parentElement)
      layers.push(parts(getComputedStyle(each).backgroundColor));
    return layers.reverse().reduce((below, layer) => over(layer, below), parts("Canvas").rgb);
  };
  const light = (rgb) => rgb.map((part) => part / 255)
    .map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
    .reduce((sum, part, at) => sum + part * [0.2126, 0.7152, 0.0722][at], 0);
  const contrast = (one, other) => {
    const [dark, bright] = [light(one), light(other)].sort((a, b) => a - b);
    return Math.round((bright + 0.05) / (dark + 0.05) * 100) / 100;
  };
  const text = (element, pseudo, ground = behind(element, pseudo)) => {
    const style = getComputedStyle(element, pseudo);
    return contrast(over(parts(style.webkitTextFillColor || style.color), ground), ground);
  };
  const edge = (element) => {
    const style = getComputedStyle(element), outside = behind(element.parentElement);
    const drawn = parseFloat(style.borderTopWidth) ? over(parts(style.borderTopColor), outside) : outside;
    return Math.max(contrast(drawn, outside), contrast(behind(element), outside));
  };
  const outline = (element) => {
    const style = getComputedStyle(element), outside = behind(element.parentElement);
    return style.outlineStyle === "none" ? 1 : contrast(over(parts(style.outlineColor), outside), outside);
  };
  const seen = (element) =>
    element.checkVisibility({visibilityProperty: true}) && element.getBoundingClientRect().width > 1;
  const called = (element) =>
    [element.tagName, element.id || element.className, element.textContent.trim().slice(0, 30)].join(" ");
  // Every element below a root that has a text of its own, with the contrast of that text.
  const texts = (root) => [root, ...root.querySelectorAll("*")]
    .filter((each) => seen(each) && !each.closest("svg"))
    .filter((each) => [...each.childNodes].some((node) => node.nodeType === 3 && node.data.trim()))
    .map((each) => [called(each), text(each)]);
  return {behind, called, contrast, edge, outline, over, parts, seen, text, texts};
})()"""

CONTROLS = "input:not([type=hidden]), textarea, select, button, .ways a"
"""What is typed into, chosen from and pressed; the text area within the editor is none of these."""


@pytest.fixture(scope="module")
def url(real: Path) -> Iterator[str]:
    """The address of a server of the real graph."""
    with serving("--published", real) as (address, _):
        yield address


@pytest.fixture(scope="module", params=LOOKS, ids=" on a ".join)
def tab(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Page]:
    """A tab of a browser with a colour scheme, on a desk or on a phone."""
    colours, size = request.param
    context = browser.new_context(
        viewport=DESK if size == "desk" else PHONE, color_scheme=colours, reduced_motion="reduce"
    )
    context.add_init_script(MEASURES)
    yield context.new_page()
    context.close()


def too_low(measured: list[tuple[str, float]], least: float) -> list[tuple[str, float]]:
    """What has less contrast than it must have; there must be something at all."""
    assert measured
    return [(called, found) for called, found in measured if found < least]


@pytest.mark.parametrize("kind", PAGES)
def test_every_control_of_a_page_can_be_read_and_seen(kind: str, tab: Page, url: str) -> None:
    tab.goto(url + KINDS_OF_PAGE[kind])
    if kind.startswith(("SPARQL", "result")):
        tab.locator(".yasqe .CodeMirror").wait_for()
    tab.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
    for field in tab.locator("input:not([type=hidden]), form > textarea").all():
        if field.is_visible():
            assert (
                too_low([("placeholder", field.evaluate("each => measures.text(each, '::placeholder')"))], TEXT) == []
            )
            field.fill("1975 Helsinki")
    controls = (
        f"[...document.querySelectorAll('{CONTROLS}')].filter(each => measures.seen(each) && !each.closest('.yasqe'))"
    )
    named = controls + ".map(each => [measures.called(each), {}])"
    assert too_low(tab.evaluate(named.format("measures.text(each)")), TEXT) == []
    assert too_low(tab.evaluate(named.format("measures.edge(each)")), EDGE) == []
    assert too_low(tab.evaluate(named.format("measures.text(each, '::selection')")), TEXT) == []
    focused = "(each.focus({focusVisible: true}), measures.outline(each))"
    assert too_low(tab.evaluate(named.format(focused)), EDGE) == []
    opened = "[...document.querySelectorAll('details, summary')].filter(measures.seen).flatMap(measures.texts)"
    assert [each for each in tab.evaluate(opened) if each[1] < TEXT] == []


@pytest.mark.parametrize("kind", ["home", "state", "search", "not found"])
def test_what_is_typed_into_the_search_is_read_and_what_is_suggested_lies_one_below_another(
    kind: str, tab: Page, url: str
) -> None:
    tab.goto(url + KINDS_OF_PAGE[kind])
    field = tab.locator("input[role=combobox]")
    assert field.count() == 1
    field.fill("")
    field.press_sequentially("minsk")
    options = tab.locator("[role=option]")
    options.first.wait_for()
    assert field.evaluate("each => measures.text(each)") >= TEXT
    assert too_low(tab.evaluate("measures.texts(document.querySelector('[role=listbox]'))"), TEXT) == []
    assert tab.locator("[role=listbox]").evaluate("each => measures.edge(each)") >= EDGE
    places = [place for each in options.all() if (place := each.bounding_box())]
    assert len(places) > 2
    assert len({place["x"] for place in places}) == 1
    assert all(one["y"] + one["height"] <= other["y"] for one, other in pairwise(places))
    list_ = tab.locator("[role=listbox]").bounding_box()
    assert list_
    assert list_["x"] >= 0
    assert tab.viewport_size
    assert list_["x"] + list_["width"] <= tab.viewport_size["width"]
    assert all(place["width"] > list_["width"] - 30 for place in places)
    on_top = """each => {
        const {x, y} = each.getBoundingClientRect();
        return each.contains(document.elementFromPoint(x + 9, y + 9));
    }"""
    assert options.first.evaluate(on_top), "nothing lies over what is suggested"
    ways: tuple[Callable[[], None], ...] = (lambda: field.press("ArrowDown"), options.nth(1).hover)
    for way in ways:
        way()
        assert too_low(tab.evaluate("measures.texts(document.querySelector('[role=listbox]'))"), TEXT) == []
    chosen = tab.locator("[role=option][aria-selected=true]")
    assert chosen.evaluate("measures.outline") >= EDGE
    field.press("Escape")
    assert not tab.locator("[role=listbox]").is_visible()


def test_a_query_can_be_read_while_it_is_written_completed_and_selected(tab: Page, url: str) -> None:
    with tab.expect_response(lambda answer: "/terms" in answer.url):
        tab.goto(f"{url}sparql")
    tab.locator(".CodeMirror textarea").press("Control+a")
    tab.keyboard.press("Delete")
    tab.keyboard.type('# A\nSELECT * { ?s rdfs:label "x"@en, 1, <http://a.example/> ; a [] ; osce:participatio')
    tab.locator(".CodeMirror-hint-active").wait_for()
    tokens = "measures.texts(document.querySelector('.CodeMirror-code'))"
    assert too_low(tab.evaluate(tokens), TEXT) == []
    hints = "measures.texts(document.querySelector('.CodeMirror-hints'))"
    assert too_low(tab.evaluate(hints), TEXT) == []
    assert tab.locator(".CodeMirror-hints").evaluate("measures.edge") >= EDGE
    assert tab.locator(".yasqe .CodeMirror").evaluate("measures.edge") >= EDGE
    tab.keyboard.press("Enter")
    tab.keyboard.type(" } } wrong")
    assert too_low(tab.evaluate(tokens), TEXT) == []
    tab.locator(".CodeMirror textarea").press("Control+a")
    tab.locator(".CodeMirror-selected").first.wait_for(state="attached")
    selected = """[...document.querySelectorAll('.CodeMirror-code span')].map(each => {
        const marked = measures.parts(getComputedStyle(document.querySelector('.CodeMirror-selected')).backgroundColor);
        const ground = measures.over(marked, measures.behind(each));
        return [measures.called(each), measures.text(each, undefined, ground)];
    })"""
    assert too_low(tab.evaluate(selected), TEXT) == []
    touched = """[...document.querySelectorAll('.CodeMirror-code span')]
        .map(each => [measures.called(each), measures.text(each, '::selection')])"""
    assert too_low(tab.evaluate(touched), TEXT) == [], "a phone selects as pages do"


def test_a_control_stays_readable_in_the_colours_that_a_reader_forces(browser: Browser, url: str) -> None:
    context = browser.new_context(forced_colors="active", viewport=DESK)
    context.add_init_script(MEASURES)
    page = context.new_page()
    page.goto(url + KINDS_OF_PAGE["state"])
    field = page.locator("input[role=combobox]")
    field.press_sequentially("minsk")
    page.locator("[role=option]").first.wait_for()
    assert field.evaluate("each => measures.text(each)") >= TEXT
    assert field.evaluate("measures.edge") >= EDGE
    assert too_low(page.evaluate("measures.texts(document.querySelector('[role=listbox]'))"), TEXT) == []
    context.close()
