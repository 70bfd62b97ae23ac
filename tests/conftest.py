"""What tests share: the sample world and the real graph, each built once."""

import fcntl
import gc
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TypeVar

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, settings
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from kg.dataset.layout import Dataset
from kg.dataset.opening import open_engine
from kg.names import DEFAULT_BASE, Names
from kg.pipeline import CHECKING, Step, building, run
from kg.sparql.oxigraph import Oxigraph
from kg.steps.model import read_model
from kg.steps.results import Build, Model, Sources
from server.app import create_app

ROOT = Path(__file__).parent.parent
SAMPLE = ROOT / "tests" / "sample" / "data"
ONTOLOGY, SHAPES = ROOT / "ontology", ROOT / "shapes"
EVERYTHING = "EVERYTHING" in os.environ
"""True in `make test-all`, where nothing is drawn."""

PATIENCE = 300
"""Seconds after which a test gives up waiting for what never comes; no test judges by them."""

settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


T = TypeVar("T", Page, BrowserContext)

LONGEST = (
    "server/test_pages.py",
    "kg/test_build.py",
    "server/test_addresses.py",
    "kg/test_model.py",
    "kg/test_generate.py",
    "server/test_serve.py",
    "server/test_proxy.py",
    "kg/test_violations.py",
    "kg/test_damage.py",
    "kg/test_codes.py",
    "server/test_http.py",
    "kg/test_identity.py",
    "server/test_hostile.py",
    "kg/test_consistency.py",
    "kg/test_quality.py",
    "server/test_sparql_page.py",
)
"""The modules that take longest: they begin first, so that at the end no worker waits long for another."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts the modules that take longest first, and leaves the rest in order."""
    places = {ROOT / "tests" / name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path, len(places)))


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


def drawn(items: Iterable[str], number: int) -> list[str]:
    """So many of some items, with a fixed seed and in order; all of them in `make test-all`."""
    everything = sorted(set(items))
    return everything if EVERYTHING else sorted(random.Random(5).sample(everything, min(number, len(everything))))


@cache
def model(base: str = DEFAULT_BASE) -> Model:
    """The real model; nothing changes it, except to look up more of the schema."""
    found = read_model(Sources((), ONTOLOGY, SHAPES), Names.at(base))
    assert isinstance(found, Model)
    return found


def run_steps(build: Build, steps: tuple[Step, ...]) -> None:
    """Runs the steps of a build; the real model is read once, for all builds in this process."""
    if (build.sources.ontology.resolve(), build.sources.shapes.resolve()) == (ONTOLOGY, SHAPES):
        build.add(replace(model(build.names.base), sources=build.sources))
        steps = steps[1:]
    run(build, steps)


def build_world(data: Path, published: Path, ontology: Path = ONTOLOGY, shapes: Path = SHAPES) -> Build:
    """Builds and publishes the records of one data directory under a model; the real one by default."""
    sources = Sources((data,), ontology, shapes, ONTOLOGY / "questions")
    build = Build(sources, Names.at(DEFAULT_BASE), published)
    run_steps(build, building(keep=5))
    return build


def check_world(data: Path, ontology: Path = ONTOLOGY, shapes: Path = SHAPES) -> Build:
    """Checks the records of one data directory without publishing; the build then holds the problems."""
    build = Build(Sources((data,), ontology, shapes), Names.at(DEFAULT_BASE), Path("unused"))
    run_steps(build, CHECKING)
    return build


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


def start_server(*arguments: object) -> subprocess.Popen[str]:
    """Starts `kg serve` in a process of its own, with a time limit that a query on a slow machine does not meet."""
    command = [sys.executable, "-m", "kg", "serve", "--max-query-seconds", str(PATIENCE), *map(str, arguments)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@contextmanager
def serving(*arguments: object) -> Iterator[tuple[str, int]]:
    """The address and the process of a server that is ended afterwards; it must have told of no fault."""
    process = start_server("--port", 0, *arguments)
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip(), process.pid
    finally:
        process.terminate()
        output, errors = process.communicate(timeout=PATIENCE)
    assert output == "", "the address alone stands on stdout"
    assert "Traceback" not in errors, errors


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


def patient(opened: T) -> T:
    """A page or a context of a browser that waits as long as a slow machine takes."""
    opened.set_default_timeout(PATIENCE * 1000)
    return opened
