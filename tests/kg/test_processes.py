"""Processes: pieces of work are done in order, not too far ahead, and no process is waited for that is gone."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures.process import BrokenProcessPool

import pytest

from kg.processes import AHEAD, forked
from tests.server.queries.test_hostile import eventually

ORPHANS = """
import os, time
from kg.processes import forked
with forked(lambda number: os.getpid()) as each:
    print(*sorted(set(each(range(100)))), flush=True)
    time.sleep(600)
"""


def test_results_are_in_order_and_work_is_handed_out_as_results_are_taken() -> None:
    taken = 0

    def numbers() -> Iterator[int]:
        nonlocal taken
        for number in range(1, 100):
            taken = number
            yield number

    def squared(number: int) -> int:
        return number * number

    with forked(squared) as each:
        results = each(numbers())
        assert [next(results) for _ in range(10)] == [number * number for number in range(1, 11)]
        assert taken <= 10 + AHEAD * (os.cpu_count() or 1) + 1
        assert list(results) == [number * number for number in range(11, 100)]


def test_a_process_that_is_killed_is_not_waited_for() -> None:
    with forked(lambda number: os.kill(os.getpid(), signal.SIGKILL)) as each, pytest.raises(BrokenProcessPool):
        list(each(range(10)))


def test_processes_end_when_their_parent_is_killed() -> None:
    parent = subprocess.Popen([sys.executable, "-c", ORPHANS], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    children = [*map(int, parent.stdout.readline().split())]
    assert children
    parent.kill()
    parent.communicate()

    def all_ended() -> bool:
        return not any(is_running(child) for child in children)

    eventually(all_ended)


def is_running(process: int) -> bool:
    """True if a process exists and has not ended."""
    try:
        with open(f"/proc/{process}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
