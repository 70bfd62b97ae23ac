"""Hooks and fixtures: the sample world and the real graph, each built once, and who asks them."""

import fcntl
import gc
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, settings
from playwright.sync_api import Browser, sync_playwright

from kg.dataset.layout import Dataset
from kg.dataset.opening import open_engine
from kg.sparql.oxigraph import Oxigraph
from server.app import create_app
from tests.building import build_world
from tests.places import ROOT, SAMPLE
from tests.serving import serving
from tests.waiting import PATIENCE

settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")

MEMORY, ROOM = Path("/dev/shm"), 6_000_000_000  # noqa: S108  # pytest makes a directory of the user in it
"""The directory in memory that Linux has, and the number of bytes that the files of all tests need at most."""


def pytest_configure() -> None:
    """Keeps the files of tests in memory if there is room: builds wait until a disk has stored what they publish."""
    if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts slow modules first, so that at the end no worker waits long for another, and leaves the rest in order."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Lets a test that storms a server run alone, so that no other worker has a share in what it measures."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        return (yield)
    place = ROOT / ".pytest_cache"
    place.mkdir(exist_ok=True)
    with (place / "door").open("w") as door, (place / "room").open("w") as room:
        fcntl.flock(door, fcntl.LOCK_EX)  # who waits for the room to be empty keeps the door
        fcntl.flock(room, fcntl.LOCK_EX if "storm" in getattr(item, "fixturenames", ()) else fcntl.LOCK_SH)
        fcntl.flock(door, fcntl.LOCK_UN)
        return (yield)


def pytest_collection_finish() -> None:
    """Spares what has been imported and collected from being looked through for garbage, again and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    """What builds keep for the next one is kept apart from that of the project, by each worker."""
    os.environ["KG_CACHE"] = str(tmp_path_factory.getbasetemp() / "cache")


def built_once(data: Path, name: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory where a world is published: by the first worker that wants it, for all of them."""
    own = tmp_path_factory.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    published = shared / name
    with (shared / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (published / "current").exists():
            assert build_world(data, published).version
    return published


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory where the sample world is published."""
    return built_once(SAMPLE, "sample", tmp_path_factory)


@pytest.fixture(scope="session")
def real(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory where the real graph is published."""
    return built_once(ROOT / "data", "real", tmp_path_factory)


@pytest.fixture(scope="session")
def engine(real: Path) -> Oxigraph:
    """The engine on the real graph."""
    return open_engine(Dataset.current(real))


@pytest.fixture(scope="session")
def real_client(real: Path) -> FlaskClient:
    """A client of the application on the real graph."""
    return create_app(Dataset.current(real), {"max-query-seconds": PATIENCE}).test_client()


@pytest.fixture(scope="session")
def app(sample: Path) -> Flask:
    """The server's application on the sample world."""
    return create_app(Dataset.current(sample), {"max-query-seconds": PATIENCE})


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A client of the application on the sample world."""
    return app.test_client()


@pytest.fixture(scope="session")
def served(sample: Path) -> Iterator[str]:
    """The address of a server of the sample world."""
    with serving("--published", sample) as (url, _):
        yield url


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, which asks nobody on its own."""
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=flags)
        yield found
        found.close()
