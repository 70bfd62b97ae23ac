"""Progress and profiles: what steps report, what a terminal shows, and how a signal ends the program."""

import json
import os
import pty
import re
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from kg.pipeline import CHECKING
from kg.profile import Profile
from kg.progress import Progress
from tests.building import check_world
from tests.kg.test_cli import MODEL, kg
from tests.places import ROOT, SAMPLE

SIGNALLED = """
import os, runpy, signal, sys
number, event, part, *arguments = sys.argv[1:]
signal.signal(signal.SIGINT, signal.default_int_handler)
sent = []
def touched(name, given):
    if not sent and name == event and any(part in str(each) for each in given):
        sent.append(name)
        os.kill(os.getpid(), int(number))
sys.addaudithook(touched)
sys.argv = ["kg", *arguments]
runpy.run_module("kg", run_name="__main__")
"""
"""`kg`, which gets a signal at the first audit event that has a name, and an argument that contains a text."""

WITH_A_CHILD = """
import multiprocessing, os, signal, sys, time
from kg.__main__ import run
from kg.cli import main

@main.command()
def wait():
    child = multiprocessing.get_context("fork").Process(target=time.sleep, args=(600,))
    child.start()
    print(child.pid, flush=True)
    os.kill(os.getpid(), signal.SIGTERM)
    child.join()

sys.argv = ["kg", "wait"]
run()
"""
"""`kg` with a command that has a child process when it gets a signal."""


def test_counters_of_steps_add_up_and_units_belong_to_the_last_announcement() -> None:
    progress, seen = Progress(), list[tuple[str, str, int, int | None]]()
    progress.show = lambda p: seen.append((p.step, p.unit, p.done, p.total))
    progress.begin("map")
    progress.expect("records", 30)
    progress.advance(20)
    progress.advance(10)
    progress.count("records mapped", 30)
    progress.expect("packs")
    progress.advance()
    progress.begin("check")
    progress.count("nodes judged", 2)
    progress.count("nodes judged")
    assert seen == [
        ("map", "", 0, None),
        ("map", "records", 0, 30),
        ("map", "records", 20, 30),
        ("map", "records", 30, 30),
        ("map", "packs", 0, None),
        ("map", "packs", 1, None),
        ("check", "", 0, None),
    ]
    assert progress.counts == {"map": {"records mapped": 30}, "check": {"nodes judged": 3}}


def test_a_build_counts_the_files_and_the_records_that_it_reads() -> None:
    counts = check_world(SAMPLE).progress.counts
    assert counts["read"] == {"files read": len(list(SAMPLE.glob("*/*.yaml"))), "records read": 24}
    assert "problems found" not in sum(counts.values(), Counter())


def test_a_profile_measures_processor_time_and_memory_of_the_process_and_of_its_children() -> None:
    profile, counts = Profile(), Counter[str]()
    with profile.measure("work", counts):
        counts["sums"] = sum(1 for _ in range(3_000_000))
        subprocess.run([sys.executable, "-c", "sum(range(20_000_000))"], check=True)
    [row] = profile.rows
    assert (row.step, row.counts) == ("work", {"sums": 3_000_000})
    assert min(row.usage.seconds, row.usage.own, row.usage.children) > 0
    assert min(row.usage.peak, row.usage.peak_of_children) > 1_000_000
    assert profile.total().usage == row.usage


def test_a_profile_has_the_peak_of_each_step_and_not_that_of_an_earlier_one() -> None:
    profile = Profile()
    with profile.measure("much", {}):
        assert len(bytearray(os.urandom(1) * 300_000_000)) == 300_000_000
    with profile.measure("little", {}):
        pass
    much, little = (row.usage.peak for row in profile.rows)
    assert much > little + 250_000_000


def test_the_profile_goes_to_stderr_with_a_row_for_each_step(tmp_path: Path) -> None:
    checked = kg("check", "--data", SAMPLE, *MODEL, "--cache", tmp_path, "--profile", "--format", "json")
    rows = [line.split()[0] for line in checked.stderr.splitlines()]
    assert rows == ["step", *(step.name for step in CHECKING), "total"]
    assert "24 records read" in checked.stderr
    assert json.loads(checked.stdout)["records"] == 24


def test_a_terminal_shows_the_work_that_is_done(tmp_path: Path) -> None:
    call = [sys.executable, "-m", "kg", "generate", "person", "3000", "--data", str(SAMPLE), *MODEL, "--out"]
    ours, terminal = pty.openpty()
    environment = {**os.environ, "COLUMNS": "120", "TERM": "xterm"}
    run = subprocess.Popen(
        [*call, str(tmp_path / "a")], cwd=ROOT, stdout=subprocess.PIPE, stderr=terminal, env=environment
    )
    os.close(terminal)
    shown = b""
    while True:
        try:
            shown += os.read(ours, 4096)
        except OSError:  # Linux reports the end of a terminal as an error
            break
    os.close(ours)
    assert run.communicate()[0].decode() == f"{tmp_path / 'a'}\n"
    assert b"model 1/5" in shown
    assert re.search(rb"write 1/1.*\d/3,000 records", shown)


@pytest.mark.parametrize(
    ("number", "event", "part"),
    [
        (signal.SIGINT, "import", "pyoxigraph"),
        (signal.SIGINT, "open", "avalon.yaml"),
        (signal.SIGTERM, "os.rename", ".new-"),
    ],
)
def test_a_signal_ends_the_program_with_one_line_and_leaves_what_is_published(
    number: signal.Signals, event: str, part: str, tmp_path: Path
) -> None:
    told = [sys.executable, "-c", SIGNALLED, str(number.value), event, part]
    call = [*told, "build", "--data", str(SAMPLE), *MODEL, "--published", str(tmp_path)]
    environment = {**os.environ, "KG_CACHE": str(tmp_path / "cache")}
    ended = subprocess.run(call, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert (ended.returncode, ended.stdout) == (128 + number, "")
    assert ended.stderr == f"kg: ended by {number.name}\n"
    assert not (tmp_path / "current").exists()


def test_a_signal_ends_child_processes_too() -> None:
    ended = subprocess.run([sys.executable, "-c", WITH_A_CHILD], cwd=ROOT, capture_output=True, text=True)
    assert (ended.returncode, ended.stderr) == (128 + signal.SIGTERM, "kg: ended by SIGTERM\n")
    with pytest.raises(ProcessLookupError):
        os.kill(int(ended.stdout), 0)
