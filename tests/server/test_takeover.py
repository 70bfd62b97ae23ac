"""Takeover: a running server takes up each new version, and each answer belongs to one version."""

import gc
import hashlib
import http.client
import json
import os
import re
import shutil
import signal
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient

from kg.dataset.layout import CATALOGUE, MANIFEST, SEARCH_INDEX, Dataset
from server.app import create_app
from server.holder import Holder
from server.site import site
from server.takeover import take_up
from tests.building import build_world
from tests.places import SAMPLE
from tests.server.queries.test_hostile import eventually
from tests.serving import start_server
from tests.waiting import PATIENCE

SWAPS = 20
NEW_LABEL = "Zephyria"
"""The label of a State in one of the versions; that in the other one is also part of other names."""

LABELS = "SELECT ?label { ?s <http://www.w3.org/2000/01/rdf-schema#label> ?label } ORDER BY ?label"


@pytest.fixture(scope="module")
def both(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """Two versions of the sample world in one directory, each with the label of a State in it, which differs."""
    place = tmp_path_factory.mktemp("both")
    published = shutil.copytree(sample, place / "published", symlinks=True)
    data = shutil.copytree(SAMPLE, place / "data")
    file = data / "state" / "avalon.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("en: Avalon", f"en: {NEW_LABEL}"), encoding="utf-8")
    version = build_world(data, published).version
    assert version
    return published, {os.readlink(sample / "current"): "Avalon", version: NEW_LABEL}


@pytest.fixture
def versions(both: tuple[Path, dict[str, str]], tmp_path: Path) -> tuple[Path, dict[str, str]]:
    """The same two versions, which the test may change."""
    return shutil.copytree(both[0], tmp_path / "published", symlinks=True), both[1]


def publish(published: Path, version: str) -> None:
    """Makes a version current, as the build does."""
    link = published / ".next"
    link.symlink_to(version)
    os.replace(link, published / "current")


def other(published: Path, versions: dict[str, str]) -> str:
    """The version that is not current."""
    return next(version for version in versions if version != os.readlink(published / "current"))


def get(url: str, path: str, accept: str = "*/*") -> tuple[int, dict[str, str], str]:
    """The status, the headers and the body of an answer on a new connection."""
    with closing(http.client.HTTPConnection(urlsplit(url).netloc, timeout=PATIENCE)) as connection:
        connection.request("GET", path, headers={"Accept": accept})
        response = connection.getresponse()
        return response.status, dict(response.getheaders()), response.read().decode()


def status(url: str) -> dict[str, str]:
    found: dict[str, str] = json.loads(get(url, "/status")[2])
    return found


def settle(url: str, is_reached: Callable[[dict[str, str]], bool]) -> None:
    """Waits until the status is as expected in each of the server's processes, which share the connections."""
    eventually(lambda: all(is_reached(status(url)) for _ in range(8)))


@contextmanager
def running(published: Path) -> Iterator[tuple[str, int, list[str]]]:
    """The address and the process of a server, and the lines of its log, which are known at the end.

    On a busy machine, a worker may not end in time; that the log says so is not what is tested here.
    """
    process, log = start_server("--port", 0, "--published", published), list[str]()
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip(), process.pid, log
    finally:
        process.terminate()
        lines = process.communicate(timeout=PATIENCE)[1].splitlines()
        log += (line for line in lines if "refused to gracefully stop" not in line)
    assert not any("Traceback" in line for line in log), log


FORMS: dict[str, tuple[str, Callable[[dict[str, str], str], str]]] = {
    "/doc/state/avalon?x={}": ("text/turtle", lambda headers, body: found(r'versionInfo "(\w{16})"', body)),
    "/doc/state/avalon?y={}": ("text/html", lambda headers, body: found(r"<code>(\w{16})<", body)),
    f"/sparql?query={quote(LABELS)}%23{{}}": (
        "text/csv",
        lambda headers, body: found(r"osce-kg-(\w+)-results", headers["content-disposition"]),
    ),
    f"/sparql?x={{}}&query={quote(LABELS)}": ("text/html", lambda headers, body: found(r"<code>(\w{16})<", body)),
}
"""The addresses that are asked, with a number, the media types, and how an answer names its version."""


def found(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    assert match, text
    return match[1]


def test_no_request_fails_and_no_answer_is_mixed_while_versions_alternate(
    versions: tuple[Path, dict[str, str]],
) -> None:
    published, labels = versions
    over, wrong, answers = threading.Event(), list[object](), list[str]()

    def ask(url: str, client: int) -> None:
        number = 0
        while not over.is_set():
            number += 1
            for path, (accept, version_in) in FORMS.items():
                code, headers, body = get(url, path.format(f"{client}-{number // 3}"), accept)
                version = (
                    version_in({name.lower(): value for name, value in headers.items()}, body) if code == 200 else ""
                )
                is_mixed = (NEW_LABEL in body) != (labels.get(version) == NEW_LABEL)
                answers.append(version)
                wrong.extend([(path, code, version, body)] * (code != 200 or is_mixed))

    with running(published) as (url, _, log):
        clients = [threading.Thread(target=ask, args=(url, client)) for client in range(2)]
        for client in clients:
            client.start()
        for _ in range(SWAPS):
            version = other(published, labels)
            publish(published, version)
            eventually(lambda version=version: status(url)["version"] == version)  # type: ignore[misc]
        over.set()
        for client in clients:
            client.join()
    assert wrong == []
    assert {*answers} == {*labels}
    assert len(answers) > 2 * SWAPS
    assert log == []


def test_the_query_host_and_all_pages_show_a_version_that_has_the_same_number(
    versions: tuple[Path, dict[str, str]],
) -> None:
    """A version is the same if only the questions or the sources differ; then its files are replaced."""
    published, _ = versions
    version = os.readlink(published / "current")
    query = f"/sparql?query={quote('SELECT * { <http://example.org/s> ?p ?o }')}"
    with running(published) as (url, _, _):
        before = get(url, query, "text/csv")
        replacement = shutil.copytree(published / version, published / "replacement")
        file = replacement / CATALOGUE
        added = b"<http://example.org/s> <http://example.org/p> <http://example.org/added> .\n"
        file.write_bytes(file.read_bytes() + added)
        manifest = json.loads((replacement / MANIFEST).read_bytes())
        manifest["files"][CATALOGUE] = hashlib.sha256(file.read_bytes()).hexdigest()
        (replacement / MANIFEST).write_text(json.dumps(manifest))
        shutil.rmtree(published / version)
        replacement.rename(published / version)
        publish(published, version)
        eventually(lambda: "example.org/added" in get(url, query, "text/csv")[2])
    assert "example.org" not in before[2]


DAMAGES: dict[str, Callable[[Path], object]] = {
    "no search index": lambda directory: (directory / SEARCH_INDEX).unlink(),
    "a search index that is none": lambda directory: (directory / SEARCH_INDEX).write_bytes(b"x" * 5000),
    "quads that end too early": lambda directory: os.truncate(directory / CATALOGUE, 10_001),
    "another base": lambda directory: rewrite(directory, base="http://example.org/"),
    "another format": lambda directory: rewrite(directory, format=1),
    "no manifest": lambda directory: (directory / MANIFEST).unlink(),
}


def rewrite(directory: Path, **changes: object) -> None:
    """Changes some members of a manifest."""
    file = directory / MANIFEST
    file.write_text(json.dumps({**json.loads(file.read_bytes()), **changes}))


def test_a_version_that_cannot_be_opened_is_reported_in_one_line_and_taken_up_once_it_is_whole(
    versions: tuple[Path, dict[str, str]],
) -> None:
    published, labels = versions
    old, new = os.readlink(published / "current"), other(published, labels)
    whole = shutil.copytree(published / new, published.parent / "whole")
    with running(published) as (url, process, log):
        for name, damage in DAMAGES.items():
            damage(published / new)
            publish(published, new)
            settle(url, lambda found: "error" in found)
            assert status(url)["version"] == old
            answer = get(url, f"/sparql?query={quote(LABELS)}", "text/csv")[2]
            assert (NEW_LABEL in answer) == (labels[old] == NEW_LABEL), name
            publish(published, old)
            settle(url, lambda found: "error" not in found)
            shutil.rmtree(published / new)
            shutil.copytree(whole, published / new)
        (published / new / SEARCH_INDEX).unlink()
        publish(published, new)
        settle(url, lambda found: "error" in found)
        shutil.copy(whole / SEARCH_INDEX, published / new)
        assert status(url)["version"] == old
        os.kill(process, signal.SIGHUP)
        eventually(lambda: status(url)["version"] == new)
        assert "error" not in status(url)
    assert [line for line in log if "current cannot be served, so version " not in line] == []
    assert len(log) == len(DAMAGES) + 1, log


@pytest.fixture
def two(versions: tuple[Path, dict[str, str]]) -> tuple[Flask, Path, str]:
    """An application on one version, the published datasets, and the version that is taken up next."""
    published, labels = versions
    dataset = Dataset.current(published)
    return create_app(Holder(published.parent).hold(dataset)), published, other(published, labels)


def test_a_version_with_the_same_model_shares_what_depends_on_the_model(two: tuple[Flask, Path, str]) -> None:
    app, published, new = two
    before = app.extensions["site"]
    publish(published, new)
    assert take_up(app, published, Holder(published.parent)) is None
    after = app.extensions["site"]
    assert after.dataset.version == new
    assert after.engine is not before.engine
    for name in ("schema", "framing", "profiles", "views"):
        assert getattr(after, name) is getattr(before, name), name
    rewrite(published / new, model="another")
    assert take_up(app, published, Holder(published.parent)) is None
    assert app.extensions["site"].schema is not before.schema


def test_the_old_dataset_and_what_is_derived_from_it_are_freed_without_a_collection(
    two: tuple[Flask, Path, str],
) -> None:
    app, published, new = two
    for path in ("/", "/doc/state", "/doc/state/avalon", "/search?q=avalon", "/dataset", "/openapi.json"):
        assert app.test_client().get(path).status_code == 200
    engine = weakref.ref(app.extensions["site"].engine)
    finder = weakref.ref(app.extensions["site"].finder)
    publish(published, new)
    gc.collect()
    gc.disable()
    try:
        assert take_up(app, published, Holder(published.parent)) is None
        assert (engine(), finder()) == (None, None)
    finally:
        gc.enable()


def test_a_request_that_runs_keeps_its_dataset(two: tuple[Flask, Path, str]) -> None:
    app, published, new = two
    with app.test_request_context("/"):
        before = site()
        publish(published, new)
        assert take_up(app, published, Holder(published.parent)) is None
        assert site() is before
    with app.test_request_context("/"):
        assert site().dataset.version == new


def test_a_dataset_is_served_even_after_its_files_have_been_removed(two: tuple[Flask, Path, str]) -> None:
    app, published, _ = two
    shutil.rmtree(published)
    client: FlaskClient = app.test_client()
    for path in ("/", "/doc/state/avalon", "/doc/state/avalon.ttl", "/search?q=avalon", "/quality", "/doc/state"):
        assert client.get(path, headers={"Accept": "text/html"}).status_code == 200, path
    assert take_up(app, published, Holder(published.parent)) is not None
