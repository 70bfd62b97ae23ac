"""The page of queries in a browser: with scripts an editor that completes and answers in place, without them a form."""

import json
import re
from collections.abc import Callable, Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Browser, Page

from server import app
from tests.waiting import patient

pytestmark = pytest.mark.slow

QUESTION = "states-taking-part-on-a-day"

NEXT_FRAMES = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
"""Waits for two frames: in the first the editor renews its hints for the last key, and until then Enter takes none."""

Visit = Callable[..., Page]


@pytest.fixture
def visit(browser: Browser, served: str) -> Iterator[Visit]:
    """Opens the page, in a browser of its own; nothing may complain, and nobody else may be asked."""
    requested: list[str] = []
    complaints: list[str] = []
    contexts = []

    def opened(path: str = "sparql", **options: object) -> Page:
        context = patient(browser.new_context(**options))  # type: ignore[arg-type]
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda request: requested.append(request.url))
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(served + path, wait_until="networkidle")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert requested
    assert [url for url in requested if not url.startswith(served)] == []
    assert complaints == []


def write(page: Page, text: str) -> None:
    """Types a text into the emptied editor, key by key."""
    page.locator(".CodeMirror textarea").press("Control+a")
    page.keyboard.press("Delete")
    page.keyboard.type(text)


def written(page: Page) -> str:
    """What stands in the editor."""
    return "\n".join(page.locator(".CodeMirror-line").all_inner_texts())


def test_an_example_is_changed_and_run_in_place(visit: Visit) -> None:
    page = visit()
    question = page.locator(f"#{QUESTION}")
    question.locator("summary").click()
    question.get_by_role("button", name="Edit its query").press("Enter")
    assert "1995-01-01" in written(page)
    page.keyboard.press("Control+End")
    page.keyboard.type(" LIMIT 1")
    page.keyboard.press("Control+Enter")
    page.get_by_text("1 solution.").wait_for()
    assert page.get_by_role("status").inner_text().startswith("Answered in ")
    assert page.get_by_role("heading", level=1).inner_text() == "SPARQL"
    assert parse_qs(urlsplit(page.url).query)["query"][0].endswith("LIMIT 1")


def test_a_question_with_another_value_is_run_in_place_and_its_query_shown(visit: Visit) -> None:
    page = visit()
    question = page.locator(f"#{QUESTION}")
    question.locator("summary").click()
    question.get_by_label("day").fill("1960-01-01")
    question.get_by_role("button", name="Run this question").click()
    page.get_by_text("0 solutions.").wait_for()
    assert "1960-01-01" in written(page)


def test_without_scripts_an_example_is_changed_and_run_by_the_form(visit: Visit) -> None:
    page = visit(java_script_enabled=False)
    query = page.locator(f"#{QUESTION} pre").text_content()
    assert page.get_by_role("button", name="Edit its query").count() == 0
    page.get_by_label("Query").fill(f"{query} LIMIT 1")
    page.get_by_role("button", name="Run", exact=True).click()
    assert page.get_by_role("heading", level=1).inner_text() == "Result"
    page.get_by_text("1 solution.").wait_for()
    assert page.get_by_label("Query").input_value().endswith("LIMIT 1")


def test_classes_and_properties_of_the_dataset_are_completed_and_their_prefixes_declared(visit: Visit) -> None:
    page = visit()
    write(page, "SELECT * WHERE { ?state osce:participatio")
    page.locator(".CodeMirror-hint-active", has_text="osce:participation").wait_for()  # what Enter takes
    page.evaluate(NEXT_FRAMES)
    page.keyboard.press("Enter")
    page.keyboard.type(" ?o . ?o a particip")
    page.get_by_role("option", name=re.compile("^osce:Participation ")).click()
    page.locator(".CodeMirror textarea:focus").wait_for(state="attached")  # it comes back a moment after the click
    page.keyboard.type(" . ?state rdfs:lab")
    page.get_by_role("option", name=re.compile("^rdfs:label")).click()
    lines = written(page).splitlines()
    assert lines[-1] == "SELECT * WHERE { ?state osce:participation ?o . ?o a osce:Participation . ?state rdfs:label"
    assert sorted(line.split()[1] for line in lines[:-1]) == ["osce:", "rdfs:"]


def test_terms_are_completed_by_their_labels_in_the_language_of_the_page(visit: Visit) -> None:
    page = visit("sparql?lang=de")
    write(page, "SELECT * WHERE { ?s a Teilnahme")
    page.get_by_role("option", name=re.compile("^osce:Participation ")).wait_for()


def test_a_prefix_is_completed_in_its_declaration(visit: Visit) -> None:
    page = visit()
    write(page, "PREFIX sk")
    page.get_by_role("option", name=re.compile("^skos:")).click()
    assert written(page) == "PREFIX skos: <http://www.w3.org/2004/02/skos/core#>"


def test_the_editor_is_left_by_escape_and_tab(visit: Visit) -> None:
    page = visit()
    page.get_by_label("Query").focus()
    page.keyboard.press("Escape")
    page.keyboard.press("Tab")
    assert page.get_by_role("button", name="Run", exact=True).evaluate("element => element === document.activeElement")


def test_the_browser_keeps_no_query_but_in_the_address(visit: Visit) -> None:
    page = visit()
    write(page, "ASK { ?s ?p ?o }")
    page.keyboard.press("Control+Enter")
    page.get_by_text("yes (true)").wait_for()
    assert page.context.storage_state() == {"cookies": [], "origins": []}
    page.reload()
    page.get_by_text("yes (true)").wait_for()
    page.get_by_label("Query").wait_for()


def test_a_query_too_long_for_an_address_is_sent_in_a_body_and_the_first_solutions_shown(visit: Visit) -> None:
    page = visit()
    write(page, "SELECT * WHERE { ?s ?p ?o . ?o ?q ?r }")
    page.keyboard.insert_text(" # a remark" + " and more" * 1000)
    page.keyboard.press("Control+Enter")
    page.get_by_text("Only the first 1,000 solutions are shown.").wait_for()
    assert page.locator("#answer tbody tr").count() == 1000
    assert urlsplit(page.url).query == ""


def test_a_page_names_no_script_that_is_not_built(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    assert b"built/sparql.js" in client.get("/sparql", headers={"Accept": "text/html"}).data
    monkeypatch.setattr(app, "STATIC", app.STATIC / "nowhere")
    assert b"built/sparql.js" not in client.get("/sparql", headers={"Accept": "text/html"}).data


def test_the_map_has_a_shape_or_a_point_for_every_country(client: FlaskClient) -> None:
    found = json.loads(client.get("/static/built/map.json").data)
    _, _, width, height = found["viewBox"]
    assert len(found["countries"]) > 150
    for number, country in found["countries"].items():
        x, y = country["centre"]
        assert country["path"].startswith("M") or (0 < x < width and 0 < y < height), number
    assert all(found["countries"][number]["path"] for number in ("040", "124", "398", "643", "840"))
    assert found["countries"]["336"]["path"] == ""
