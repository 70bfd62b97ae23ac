"""Watching: an open page shows what an editor saves, or the errors in it."""

import shutil
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect
from watchfiles import Change

from server.watching import is_source
from tests.places import SAMPLE
from tests.serving import serving
from tests.waiting import PATIENCE, patient

expect.set_options(timeout=PATIENCE * 1000)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of the records of the sample world, which an editor changes."""
    return shutil.copytree(SAMPLE, tmp_path_factory.mktemp("watched") / "data")


@pytest.fixture(scope="module")
def watched(data: Path) -> Iterator[str]:
    """The address of a server that watches the sample world."""
    with serving("--published", data.parent / "published", "--data", data, "--watch") as (url, _):
        yield url


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page on which no script may fail."""
    found, errors = patient(browser.new_page()), list[str]()
    found.on("pageerror", lambda error: errors.append(str(error)))
    yield found
    found.close()
    assert errors == []


def save(file: Path, text: str) -> None:
    """Saves a file as most editors do: under another name, which is then that of the file."""
    aside = file.with_name(f".{file.name}.swp")
    aside.write_text(text, encoding="utf-8")
    aside.rename(file)


def test_an_open_page_shows_an_error_and_then_the_new_state_and_keeps_what_is_typed(
    page: Page, watched: str, data: Path
) -> None:
    file = data / "state" / "avalon.yaml"
    good = file.read_text(encoding="utf-8")
    page.goto(f"{watched}doc/state/avalon")
    errors, changed = page.locator("#watch [role=alert]"), page.locator("#watch [role=status]")
    expect(errors).to_be_empty()
    search = page.get_by_role("combobox", name="Search")
    search.press_sequentially("av")
    page.get_by_role("link", name="Participating State").first.focus()
    save(file, good.replace("status: participating", "status: participatin"))
    expect(errors).to_contain_text("error[E203] not a valid value for status")
    expect(errors).to_contain_text("avalon.yaml:11:13")
    expect(errors).to_contain_text("^^^^^^^^^^^^")
    expect(errors).to_contain_text("did you mean 'participating'?")
    assert errors.get_by_role("link").get_attribute("href") == "/doc/state/avalon"
    expect(page.get_by_role("heading", level=1)).to_have_text("Avalon")
    save(file, good.replace("en: Avalon", "en: Zephyria"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Zephyria")
    expect(errors).to_be_empty()
    expect(changed).to_be_empty()
    expect(page).to_have_title("Zephyria – OSCE knowledge graph")
    expect(search).to_have_value("av")
    expect(page.get_by_role("link", name="Participating State").first).to_be_focused()
    page.goto(f"{watched}sparql")
    file.write_text(good, encoding="utf-8")
    expect(changed).to_contain_text("This page has changed.")
    changed.get_by_role("link").click()
    expect(changed).to_be_empty()
    page.goto(f"{watched}doc/state/avalon")
    expect(page.get_by_role("heading", level=1)).to_have_text("Avalon")


def test_a_page_that_is_not_watched_loads_no_script_for_it_and_learns_no_file(served: str) -> None:
    with closing(HTTPConnection(urlsplit(served).netloc, timeout=PATIENCE)) as connection:
        connection.request("GET", "/doc/state/avalon", headers={"Accept": "text/html"})
        assert "watch" not in connection.getresponse().read().decode()
    with closing(HTTPConnection(urlsplit(served).netloc, timeout=PATIENCE)) as connection:
        connection.request("GET", "/events")
        response = connection.getresponse()
        assert response.headers["Content-Type"] == "text/event-stream"
        assert response.readline() == b"event: version\n"
        assert response.readline().startswith(b'data: {"version": ')
        assert response.readline() == b"\n"


@pytest.mark.parametrize(
    ("name", "expected"),
    [("a.yaml", True), ("a.yml", True), ("b.ttl", True), ("c.rq", True), ("folder", True), ("a.yaml~", False),
     (".a.yaml.swp", False), ("#a.yaml#", False), (".#a.yaml", False), ("README.md", False), (".git", False)],
)  # fmt: skip
def test_only_sources_and_folders_are_built(name: str, expected: bool, tmp_path: Path) -> None:
    assert is_source(Change.modified, str(tmp_path / name)) == expected
