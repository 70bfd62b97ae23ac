"""SPARQL over HTTP on a million triples: twelve queries, asked of our server and of its peers, first and again.

The peers: `oxigraph`, the server with the same engine, on its files and in memory; rdflib-endpoint, on rdflib. Sources
are synthetic (`kg generate`), built once and left in `.bench/`, which can be deleted.
"""

import http.client
import math
import os
import shutil
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import product
from pathlib import Path
from urllib.parse import urlencode

from pyoxigraph import RdfFormat, parse, serialize
from rich.console import Console
from rich.table import Table

from kg.dataset.layout import Dataset
from kg.media import TURTLE
from tests.places import ROOT

WORK = ROOT / ".bench"
RECORDS = int(os.environ.get("BENCH_RECORDS", "18000"))
"""How many synthetic releases: with the real data, a million triples."""

QUERIES = Path(__file__).parent / "queries"
ROUNDS = 7
PATIENCE = 300
"""Seconds within which a peer must answer."""

PAUSE = 0.2
"""Seconds between two attempts to reach a server that is starting."""

Ask = Callable[[str], bytes]


def measure() -> None:
    """Prints a table of milliseconds, and how many times faster ours is than each peer (geometric mean).

    The servers run at the same time, and each round asks all of them, so that all have the same good and bad moments.
    """
    published = world()
    dataset = Dataset.current(published)
    queries = {file.stem: dataset.names.rebase(file.read_text()) for file in sorted(QUERIES.glob("*.rq"))}
    with ExitStack() as servers:
        ask = servers.enter_context(ours(published))
        peers = {
            "oxigraph, files": servers.enter_context(oxigraph_on_files(dataset)),
            "oxigraph, memory": servers.enter_context(oxigraph_in_memory(dataset)),
        }
        for name, peer in ((name, peer) for name in queries if name != "describe" for peer in peers.values()):
            assert rows(peer(queries[name])) == rows(ask(queries[name])), f"{name}: all give as many solutions"
        seconds = fastest({"ours, first": ask, **peers}, queries, unlike)
        seconds |= fastest({"ours, again": ask}, queries, same)
    with rdflib_endpoint(dataset) as ask:
        seconds |= fastest({"rdflib-endpoint": ask}, queries, unlike, rounds=1)
    Console(width=150).print(table(seconds, dataset))


def table(seconds: dict[str, dict[str, float]], dataset: Dataset) -> Table:
    """The milliseconds of each server by query, with the ratios below."""
    found = Table("query", *seconds, title=f"SPARQL over HTTP, {dataset.manifest.counts.triples} triples, ms")
    for name in seconds["ours, first"]:
        found.add_row(name, *(f"{1000 * times[name]:.2f}" for times in seconds.values()))
    means = {server: statistics.geometric_mean(times.values()) for server, times in seconds.items()}
    found.add_section()
    found.add_row("geometric mean", *(f"{1000 * mean:.2f}" for mean in means.values()))
    for row in ("ours, first", "ours, again"):
        found.add_row(f"{row}: times faster", *(f"{mean / means[row]:.1f}" for mean in means.values()))
    return found


def rows(answer: bytes) -> int:
    """How many solutions an answer in CSV has."""
    return answer.count(b"\n")


def same(query: str, _: int) -> str:
    return query


def unlike(query: str, number: int) -> str:
    """The same query in a text that has not been asked before."""
    return f"{query}\n# {time.time_ns()} {number}"


def fastest(
    servers: dict[str, Ask], queries: dict[str, str], text: Callable[[str, int], str], rounds: int = ROUNDS
) -> dict[str, dict[str, float]]:
    """By server and query, the shortest time of some rounds, in seconds."""
    found: dict[str, dict[str, float]] = {server: dict.fromkeys(queries, math.inf) for server in servers}
    for number, (name, query), (server, ask) in product(range(rounds), queries.items(), servers.items()):
        asked = text(query, number)
        began = time.perf_counter()
        ask(asked)
        found[server][name] = min(found[server][name], time.perf_counter() - began)
    return found


# ── Servers ──────────────────────────────────────────────────────────────────────────────────────────────────────


def world() -> Path:
    """The published dataset of the real and the synthetic sources."""
    sources, published = WORK / f"release-{RECORDS}", WORK / f"published-{RECORDS}"
    kg = [sys.executable, "-m", "kg"]
    if not sources.exists():
        subprocess.run([*kg, "generate", "release", str(RECORDS), "--out", str(sources)], cwd=ROOT, check=True)
    if not (published / "current").exists():
        data = ["--data", "data", "--data", str(sources), "--published", str(published)]
        subprocess.run([*kg, "build", *data], cwd=ROOT, check=True)
    return published


@contextmanager
def ours(published: Path) -> Iterator[Ask]:
    port = free_port()
    command = [sys.executable, "-m", "kg", "serve", "--published", str(published), "--port", str(port)]
    with running(command), client(port, "/sparql") as ask:
        yield ask


@contextmanager
def oxigraph_on_files(dataset: Dataset) -> Iterator[Ask]:
    location = WORK / f"oxigraph-{dataset.version}"
    if not location.exists():
        sources = WORK / f"{dataset.version}.sources.nq"
        with sources.open("wb") as file:
            file.writelines(dataset.n_quads(dataset.packs.sources))
        files = [*map(str, (dataset.directory / "data.nq", sources, *dataset.graphs))]
        subprocess.run([binary(), "load", "--location", str(location), "--file", *files], check=True)
        subprocess.run([binary(), "optimize", "--location", str(location)], check=True)
    port = free_port()
    command = [binary(), "serve-read-only", "--location", str(location), "--bind", f"127.0.0.1:{port}"]
    with running(command), client(port, "/query") as ask:
        yield ask


@contextmanager
def oxigraph_in_memory(dataset: Dataset) -> Iterator[Ask]:
    port = free_port()
    with running([binary(), "serve", "--bind", f"127.0.0.1:{port}"]), client(port, "/query") as ask:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        with (dataset.directory / "data.nq").open("rb") as file:
            connection.request("POST", "/store", file, {"Content-Type": "application/n-quads"}, encode_chunked=True)
            assert connection.getresponse().status < 300
        connection.close()
        yield ask


@contextmanager
def rdflib_endpoint(dataset: Dataset) -> Iterator[Ask]:
    triples = WORK / f"{dataset.version}.nt"
    if not triples.exists():
        turtle = b"".join(dataset.dump(TURTLE).content())
        serialize(parse(turtle, format=RdfFormat.TURTLE), str(triples), format=RdfFormat.N_TRIPLES)
    port = free_port()
    command = [str(Path(sys.executable).parent / "rdflib-endpoint"), "serve", str(triples)]
    with running([*command, "--host", "127.0.0.1", "--port", str(port)]), client(port, "/") as ask:
        yield ask


def binary() -> str:
    """The server of the `oxigraph` package."""
    found = shutil.which("oxigraph", path=str(Path(sys.executable).parent))
    assert found, "make bench installs it"
    return found


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@contextmanager
def running(command: list[str]) -> Iterator[None]:
    """A server that is ended afterwards."""
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait(30)


@contextmanager
def client(port: int, path: str) -> Iterator[Ask]:
    """Asks a server queries over one connection, as soon as it answers."""
    with ExitStack() as stack:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        stack.callback(connection.close)

        def ask(query: str) -> bytes:
            accept = "text/turtle" if "DESCRIBE" in query else "text/csv"
            connection.request("GET", f"{path}?{urlencode({'query': query})}", headers={"Accept": accept})
            response = connection.getresponse()
            content = response.read()
            assert response.status == 200, content[:500]
            return content

        for _ in range(round(PATIENCE / PAUSE)):
            try:
                ask("SELECT ?x {}")
                break
            except OSError:
                connection.close()
                time.sleep(PAUSE)
        else:
            raise RuntimeError(f"The server on port {port} has not started.")
        yield ask
