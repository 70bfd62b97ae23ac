"""Operators: a server is for the address that it is started for, and it stops when it is told to."""

import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import click
import pytest

from kg.dataset.layout import Dataset
from server.cli import refuse_another_base
from tests.kg.test_cli import kg
from tests.places import ROOT, SAMPLE
from tests.server.queries.test_hostile import eventually
from tests.serving import serving
from tests.waiting import PATIENCE

EXPENSIVE = "SELECT (COUNT(*) AS ?n) { " + " . ".join(f"?s{number} ?p{number} ?o{number}" for number in range(8)) + " }"
"""A query that never ends, however small the graph is and however slow the machine."""

UNENDING = "SELECT * { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }"
LONG = "SELECT * { { SELECT * { ?a ?b ?c } LIMIT 300 } { SELECT * { ?d ?e ?f } LIMIT 300 } }"

# ── The base ─────────────────────────────────────────────────────────────────────────────────────────────────────

BUILT, ASKED = "http://localhost:8000/", "https://data.example.org/osce/"


@pytest.mark.parametrize("asked", [ASKED, ASKED.rstrip("/")])
@pytest.mark.parametrize("by", ["flag", "variable", "flag over variable"])
def test_a_dataset_for_another_base_is_refused_with_the_command_that_builds_it(
    by: str, asked: str, sample: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if "variable" in by:
        monkeypatch.setenv("KG_BASE_URI", BUILT if by == "flag over variable" else asked)
    refused = kg("serve", "--published", sample, *(["--base-uri", asked] if "flag" in by else []))
    assert (refused.exit_code, refused.stdout) == (2, "")
    for told in (BUILT, ASKED, f"kg build --base-uri {ASKED} --published {sample}"):
        assert told in refused.stderr


@pytest.mark.parametrize("asked", ["localhost", "ftp://example.org/", "https://example.org/?x", ""])
def test_a_base_that_is_none_is_refused_before_anything_is_served(asked: str, sample: Path) -> None:
    refused = kg("serve", "--published", sample, "--base-uri", asked)
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "expected an http or https address" in refused.stderr


def test_the_command_of_the_refusal_makes_it_serve(
    sample: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("KG_DATA", str(SAMPLE))
    published = shutil.copytree(sample, tmp_path / "a directory", symlinks=True)
    refused = kg("serve", "--published", published, "--base-uri", ASKED, "--workers", 2)
    command = shlex.split(" ".join(refused.stderr.split()).partition("run: ")[2])
    assert kg(*command[1:]).exit_code == 0
    assert Dataset.current(published).names.base == ASKED
    with serving("--published", published, "--base-uri", ASKED) as (url, _):
        assert url.startswith("http://127.0.0.1:")


@pytest.mark.parametrize("asked", ["http://localhost:8000", "http://localhost:8000/"])
def test_the_base_that_a_dataset_has_is_taken_with_and_without_its_slash(asked: str, sample: Path) -> None:
    refuse_another_base(sample, asked)
    with pytest.raises(click.BadParameter):
        refuse_another_base(sample, asked.replace("http:", "https:"))


# ── The end ──────────────────────────────────────────────────────────────────────────────────────────────────────


@contextmanager
def started(sample: Path, seconds: float, *before: str) -> Iterator[tuple[int, subprocess.Popen[str]]]:
    """The port and the first process of a server in a session of its own, of which nothing may be left."""
    command = [*before, sys.executable, "-m", "kg", "serve", "--published", str(sample), "--port", "0"]
    limits = ["--max-stop-seconds", str(seconds), "--max-query-seconds", str(10 * PATIENCE)]
    process = subprocess.Popen(
        [*command, *limits], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    assert process.stdout is not None
    try:
        yield urlsplit(process.stdout.readline()).port or 0, process
        output, errors = process.communicate(timeout=PATIENCE)
        assert (process.returncode, output) == (0, ""), errors
        assert "Traceback" not in errors, errors
        eventually(lambda: not running(process.pid))
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def running(session: int) -> set[str]:
    """The processes of a session that have not ended (proc(5))."""
    found = set()
    for directory in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            state, _, _, of = (directory / "stat").read_text().rpartition(")")[2].split()[:4]
            if int(of) == session and state not in ("Z", "X"):
                found.add(directory.name)
    return found


def listens(port: int) -> bool:
    """Whether a port takes connections."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def asking(port: int, query: str) -> socket.socket:
    """A connection on which a query has been asked."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
    connection.sendall(f"GET /sparql?{urlencode({'query': query})} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    return connection


def rest(connection: socket.socket) -> bytearray:
    """All that comes on a connection until it ends, in order or not."""
    found = bytearray()
    with connection, suppress(ConnectionError):
        while part := connection.recv(2**20):
            found += part
    return found


ENDS = {
    "SIGTERM": (os.kill, [signal.SIGTERM]),
    "SIGINT, to all processes": (os.killpg, [signal.SIGINT]),
    "SIGHUP and SIGTERM, to all processes": (os.killpg, [signal.SIGHUP, signal.SIGTERM]),
}


@pytest.mark.parametrize("end", ENDS)
def test_a_server_stops_whatever_runs(end: str, sample: Path) -> None:
    send, signals = ENDS[end]
    with started(sample, 1) as (port, process):
        counting, unread, idle = asking(port, EXPENSIVE), asking(port, UNENDING), asking(port, "ASK {}")
        assert idle.recv(12) == b"HTTP/1.1 200"
        assert unread.recv(12) == b"HTTP/1.1 200"
        for number in signals:
            send(process.pid, number)
        process.wait(PATIENCE)
        assert rest(counting) == b""
        cut = rest(unread)
        assert len(cut) > 1000
        assert not cut.endswith(b"0\r\n\r\n"), "it has no last chunk"
        rest(idle)


@pytest.mark.parametrize("before", [(), ("nohup",)], ids=["", "nohup"])
def test_a_server_goes_on_when_its_terminal_is_closed(before: tuple[str, ...], sample: Path) -> None:
    with started(sample, 1, *before) as (port, process):
        os.killpg(process.pid, signal.SIGHUP)
        processes = running(process.pid)
        for _ in range(2):
            unread = asking(port, LONG)
            assert unread.recv(12) == b"HTTP/1.1 200"
            unread.close()
        assert running(process.pid) >= processes
        process.terminate()


def test_streams_of_events_end_when_the_server_stops(sample: Path) -> None:
    with started(sample, PATIENCE) as (port, process):
        streams = [socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) for _ in range(3)]
        for stream in streams:
            stream.sendall(b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert stream.recv(12) == b"HTTP/1.1 200"
        process.terminate()
        assert all(rest(stream).endswith(b"0\r\n\r\n") for stream in streams)


def test_an_answer_that_runs_is_finished_and_no_new_one_is_begun(sample: Path) -> None:
    with started(sample, PATIENCE) as (port, process):
        unread = asking(port, LONG)
        begin = unread.recv(12)
        os.killpg(process.pid, signal.SIGTERM)
        eventually(lambda: not listens(port))
        whole = rest(unread)
        assert begin == b"HTTP/1.1 200"
        assert whole.endswith(b"0\r\n\r\n")
