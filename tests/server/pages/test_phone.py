"""Pages on a phone: no text is cut or covered, no word of a heading is broken, and no page scrolls sideways."""

from collections.abc import Iterator
from itertools import cycle
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.sampling import EVERYTHING
from tests.server.pages.test_pages import KINDS_OF_PAGE
from tests.serving import serving

PAGES = {
    **KINDS_OF_PAGE,
    "long title": "doc/meeting-series/review-conferences",
    "addresses": "doc/reference",
    "meeting": "doc/meeting/istanbul-summit-1999",
    "place": "doc/place/vienna",
    "short chart": "doc/person/marc-perrin-de-brichambaut",
    "long chart": "doc/decision-making-body/permanent-council",
    "bad request": "doc/release?dat=2000",
    "suggestions": "doc/stat/norway",
}

LOOKS = [(360, "light", "en"), (390, "dark", "ru"), (390, "light", "de"), (360, "dark", "fr")]

LAYOUT = r"""() => {
  const up = (element) => element && element !== document.body ? [element, ...up(element.parentElement)] : [];
  const scrolls = (element, way) =>
    up(element).some((each) => ["auto", "scroll"].includes(getComputedStyle(each)[way]));
  const seen = (element) => element.checkVisibility({visibilityProperty: true})
    && !element.closest(".unseen, .skip, .CodeMirror, script, style, title, desc, defs");
  const called = (element) => `${element.localName} ${element.textContent.trim().slice(0, 40)}`;
  const over = (a, b) =>
    a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1;
  const boxes = (node, from, to) => {
    const range = document.createRange();
    range.setStart(node, from);
    range.setEnd(node, to);
    return [...range.getClientRects()].filter(({width, height}) => width > 1 && height > 1);
  };
  const texts = [], walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode, element = node.parentElement;
    if (node.data.trim() && seen(element) && !(scrolls(element, "overflowY") && !scrolls(element, "overflowX")))
      texts.push({node, element, rects: boxes(node, 0, node.length)});
  }
  const cut = texts.filter(({element, rects}) => !scrolls(element, "overflowX")
    && rects.some(({left, right}) => left < -0.5 || right > innerWidth + 0.5)).map(({element}) => called(element));
  const broken = texts.filter(({node, element}) => element.closest("h1, h2, h3, h4, button, summary, nav, .brand")
    && !node.data.includes("/")).flatMap(({node}) => [...node.data.matchAll(/[\p{L}\p{N}]+/gu)]
    .filter(({0: word}) => !/[a-z][A-Z]/.test(word)) // names of terms are no words
    .filter(({index, 0: word}) =>
      new Set(boxes(node, index, index + word.length).map(({top}) => Math.round(top))).size > 1)
    .map(([word]) => word));
  const covered = [...document.querySelectorAll(".anchor, .whence summary")].filter(seen).flatMap((mark) =>
    texts.filter(({element, rects}) => !mark.contains(element) && !scrolls(element, "overflowY")
      && rects.some((rect) => over(rect, mark.getBoundingClientRect())))
      .map(({element}) => `${called(mark)} over ${called(element)}`));
  const marks = texts.filter(({element}) => element.closest("svg.axis, svg.chart"));
  const collide = marks.filter(({element, rects}, at) => marks.slice(at + 1).some((other) =>
    element.closest("svg") === other.element.closest("svg")
      && rects.some((one) => other.rects.some((two) => over(one, two))))).map(({element}) => called(element));
  const wide = document.documentElement.scrollWidth > innerWidth ? [document.documentElement.scrollWidth] : [];
  const tell = Object.entries({cut, broken, covered, collide, wide}).filter(([, found]) => found.length);
  return {texts: texts.length, wrong: Object.fromEntries(tell)};
}"""


@pytest.fixture(scope="module")
def url(real: Path) -> Iterator[str]:
    """The address of a server of the real graph."""
    with serving("--published", real) as (address, _):
        yield address


@pytest.mark.parametrize("turn", range(len(LOOKS)) if EVERYTHING else [0])
def test_a_phone_cuts_covers_and_breaks_no_text(turn: int, browser: Browser, url: str) -> None:
    wrong = {}
    looks = cycle([*LOOKS[turn:], *LOOKS[:turn]])
    page = browser.new_page()
    for kind, (width, colours, language) in zip(PAGES, looks, strict=False):
        path = PAGES[kind]
        page.set_viewport_size({"width": width, "height": 800})
        page.emulate_media(color_scheme="dark" if colours == "dark" else "light")
        page.goto(f"{url}{path}{'&' if '?' in path else '?'}lang={language}")
        found = page.evaluate(LAYOUT)
        assert found["texts"] > 10
        if found["wrong"]:
            wrong[kind, width, language] = found["wrong"]
    page.close()
    assert wrong == {}
