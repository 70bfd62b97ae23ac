"""Builds: what the whole costs, and what an edit costs, beside the floor (floor.py) in the same run.

Sources are the real ones and synthetic releases, 10,000 by default; with FULL=1 also 100,000, and 1,000,000, which are
only built. PLAIN=1 also measures the plain line: the same work by PyYAML, rdflib and pySHACL, which takes hours.
"""

import http.client
import json
import math
import os
import queue
import shutil
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml
from pyoxigraph import RdfFormat
from rdflib import Graph
from rich.console import Console
from rich.table import Table

from kg.dataset.layout import Dataset
from kg.dataset.opening import open_engine
from kg.media import JSON_LD
from kg.shacl.validate import validate
from kg.steps.results import Sources
from tests.bench.processes import Run, memory, run
from tests.bench.sparql import WORK
from tests.building import model
from tests.edits import SOUND, Editor, copy_of, is_made_up
from tests.places import ONTOLOGY, ROOT, SHAPES
from tests.serving import serving

SIZES = [int(size) for size in os.environ.get("BENCH_SIZES", "10000").split()]
"""How many synthetic releases; the worlds that are measured."""

if "FULL" in os.environ:
    SIZES += [100_000, 1_000_000]

ONLY_BUILT = 1_000_000
"""Worlds of this size are only built."""

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
NUMBER_OF_EDITS = int(os.environ.get("BENCH_EDITS", "50"))
PATIENCE = 3600
"""Seconds after which a server that has told nothing about an edit is given up."""

KG = sys.executable, "-m", "kg"

EDITS_SERVED = tuple(edit for edit in SOUND if edit is not Editor.reorder_values)
"""The edits that are measured until they are served: those that always change what is published."""

GOALS = {
    "build from nothing": "2.5 × floor",
    "check from nothing": "1.5 × floor",
    "build, nothing changed": "3 s",
    "check, nothing changed": "3 s",
    "an edit is served, p95": "1 s; of the real records 0.4 s",
    "a new property is built": "60 s",
}
"""What is to be reached."""


@dataclass
class World:
    """Sources with their published dataset and the cache of builds, all of which may be changed."""

    size: int
    sources: Sources
    published: Path
    cache: Path
    rows: dict[str, list[Run]] = field(default_factory=dict)

    @property
    def options(self) -> list[str]:
        """The options that name the sources."""
        data = [option for directory in self.sources.data for option in ("--data", str(directory))]
        return [*data, "--ontology", str(self.sources.ontology), "--shapes", str(self.sources.shapes)]

    @property
    def environment(self) -> dict[str, str]:
        return {"KG_CACHE": str(self.cache), "PYTHONPATH": str(ROOT)}

    def kg(self, row: str, command: str, *options: str, allowed: tuple[int, ...] = (0,)) -> None:
        """Runs `kg build` or `kg check`, and adds what it takes to a row of the table."""
        published = ["--published", str(self.published)] if command == "build" else []
        made = run([*KG, command, *self.options, *published, *options], self.environment, allowed)
        self.rows.setdefault(row, []).append(made)

    def forget(self) -> None:
        """Removes everything that a build could use again."""
        shutil.rmtree(self.published, ignore_errors=True)
        shutil.rmtree(self.cache, ignore_errors=True)


def measure() -> None:
    """Prints a table for each size: medians, spreads, ratios to the floor, and peak memory."""
    for size in SIZES:
        with world(size) as made:
            measure_whole(made)
            if size < ONLY_BUILT:
                measure_edits(made)
            Console(width=150).print(table(made))
    if 0 not in SIZES:
        with world(0) as made:
            made.kg("build from nothing", "build")
            measure_served(made)
            Console(width=150).print(table(made))
    if "PLAIN" in os.environ:
        measure_plain()


@contextmanager
def world(size: int) -> Iterator[World]:
    """A copy of the real sources and of synthetic releases, which are generated once."""
    generated = WORK / f"release-{size}"
    if size and not generated.exists():
        run([*KG, "generate", "release", str(size), "--out", str(generated)], {"PYTHONPATH": str(ROOT)})
    directory = WORK / f"build-{size}"
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    data = (ROOT / "data", generated) if size else (ROOT / "data",)
    try:
        sources = copy_of(Sources(data, ONTOLOGY, SHAPES), directory)
        yield World(size, sources, directory / "published", directory / "cache")
    finally:
        shutil.rmtree(directory)


def measure_whole(made: World) -> None:
    """The floor, and builds and checks from nothing and of nothing new; by turns, so that all have the same moments."""
    rounds = ROUNDS if made.size < 100_000 else 1
    for _ in range(rounds):
        made.forget()
        made.kg("build from nothing", "build")
        made.rows.setdefault("floor", []).append(floor(made))
        made.kg("build, nothing changed", "build")
        if made.size < ONLY_BUILT:
            made.kg("check, nothing changed", "check")
            shutil.rmtree(made.cache, ignore_errors=True)
            made.kg("check from nothing", "check")


def floor(made: World) -> Run:
    """What the floor takes for the sources and the published dataset of a world."""
    quads, location = made.published.with_name("all.nq"), made.published.with_name("floor")
    open_engine(Dataset.current(made.published)).store.dump(str(quads), format=RdfFormat.N_QUADS)
    directories = [str(directory) for directory in made.sources.data]
    try:
        return run([sys.executable, "-m", "tests.bench.floor", str(quads), str(location), *directories], {})
    finally:
        quads.unlink()
        shutil.rmtree(location)


# ── Edits ────────────────────────────────────────────────────────────────────────────────────────────────────────


def measure_edits(made: World) -> None:
    """One record edited: checked, built, and served; and a property that the ontology did not have."""
    editor = Editor(made.sources, seed=1, only=is_made_up)
    made.kg("build after a check", "build")
    for row, command in (("check, a record edited", "check"), ("build, a record edited", "build")):
        for edit in (Editor.change_text, Editor.add_record, Editor.delete_record):
            editor.edit((edit,))
            made.kg(row, command)
    editor.edit((Editor.add_property,))
    editor.edit((Editor.raise_version,))
    made.kg("a new property is built", "build")
    measure_served(made)


def measure_served(made: World) -> None:
    """The time from a saved edit to the event of a server with `--watch` that it serves it, or its errors.

    An edit that leads to errors is taken back, and the time until that is known counts as an edit as well.
    """
    only = is_made_up if made.size else lambda path: path.startswith("release/")
    editor = Editor(made.sources, seed=2, only=only)
    options = [*made.options, "--published", str(made.published)]
    os.environ |= made.environment
    times: list[float] = []
    with serving("--watch", *options) as (url, process), events(url) as heard:
        heard.wait(lambda: bool(heard.identity))
        while len(times) < NUMBER_OF_EDITS:
            before = heard.identity
            mistake = len(times) % 10 == 9
            editor.edit((Editor.misspell_link,) if mistake else EDITS_SERVED)
            times.append(heard.wait(lambda: heard.identity != before or heard.errors > 0))  # noqa: B023
            if heard.errors:
                editor.undo()
                editor.mistakes.clear()
                times.append(heard.wait(lambda: heard.errors == 0))
        peak = memory(process)
    ordered = sorted(times)
    made.rows["an edit is served, median"] = [Run(statistics.median(times), math.nan, peak)]
    made.rows["an edit is served, p95"] = [Run(ordered[math.ceil(0.95 * len(ordered)) - 1], math.nan, 0)]
    made.rows["an edit is served, longest"] = [Run(ordered[-1], math.nan, 0)]


class Events:
    """What a server has told about itself by server-sent events."""

    def __init__(self) -> None:
        self.identity, self.errors = "", 0
        self.told: queue.Queue[tuple[str, dict[str, Any]]] = queue.Queue()

    def wait(self, condition: Callable[[], bool]) -> float:
        """Takes in events until a condition holds, and returns how many seconds it took from now."""
        began = time.perf_counter()
        while not condition():
            name, data = self.told.get(timeout=PATIENCE)
            if name == "version":
                self.identity = data["identity"]
            elif name == "check":
                self.errors = data["errors"]
        return time.perf_counter() - began


@contextmanager
def events(url: str) -> Iterator[Events]:
    """Follows the events of a server."""
    heard, address = Events(), urlsplit(url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port)
    connection.request("GET", "/events", headers={"Accept": "text/event-stream"})
    response = connection.getresponse()
    assert response.status == 200, response.status

    def follow() -> None:
        name = ""
        for line in response:
            field_, _, text = line.decode().rstrip("\n").partition(": ")
            if field_ == "event":
                name = text
            elif field_ == "data":
                heard.told.put((name, json.loads(text)))

    thread = threading.Thread(target=follow, daemon=True)
    thread.start()
    yield heard  # the server ends the stream when it is stopped


# ── The plain line ───────────────────────────────────────────────────────────────────────────────────────────────


def measure_plain() -> None:
    """Prints what the same work takes with PyYAML in Python, with rdflib, and with pySHACL on all triples."""
    with world(SIZES[0]) as made:
        made.kg("build from nothing", "build")
        dump = b"".join(Dataset.current(made.published).dump(JSON_LD).content())
        graph, shapes = Graph(), model().shapes_graph

        def read() -> None:
            for directory in made.sources.data:
                for file in directory.glob("*/*.yaml"):
                    for _ in yaml.safe_load_all(file.read_bytes()):
                        pass

        found = Table("work", "s", title=f"The plain line, {made.size} releases and the real records")
        steps: dict[str, Callable[[], object]] = {
            "PyYAML, safe_load": read,
            "rdflib, JSON-LD": lambda: graph.parse(data=dump, format="json-ld"),
            "pySHACL": lambda: list(validate(graph, shapes)),
        }
        total = 0.0
        for name, step in steps.items():
            began = time.perf_counter()
            step()
            total += time.perf_counter() - began
            found.add_row(name, f"{time.perf_counter() - began:.1f}")
        check = run([*KG, "check", *made.options], made.environment)
        found.add_row("all of it", f"{total:.1f}")
        found.add_row("kg check", f"{check.seconds:.1f} ({total / check.seconds:.0f} times faster)")
        Console(width=150).print(found)


def table(made: World) -> Table:
    """The rows of a world."""
    records = Dataset.current(made.published).manifest.counts
    title = f"{records.records:,} records, {records.triples:,} triples, on {os.cpu_count()} cores"
    found = Table("work", "median s", "spread s", "processor s", "× floor", "peak MB", "goal", title=title)
    floors = made.rows.get("floor", [])
    base = statistics.median(each.seconds for each in floors) if floors else math.nan
    for name, runs in made.rows.items():
        seconds = [each.seconds for each in runs]
        processor, peak = statistics.median(each.processor for each in runs), max(each.peak for each in runs)
        found.add_row(
            name,
            f"{statistics.median(seconds):.2f}",
            f"{min(seconds):.2f} to {max(seconds):.2f}" if len(seconds) > 1 else "",
            "" if math.isnan(processor) else f"{processor:.2f}",
            "" if math.isnan(base) else f"{statistics.median(seconds) / base:.2f}",
            f"{peak / 1e6:,.0f}" if peak else "",
            GOALS.get(name, ""),
        )
    return found


if __name__ == "__main__":
    measure()
