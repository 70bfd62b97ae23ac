"""Profile: the time, the processor time and the memory that each step of a build takes, with what it has counted."""

import multiprocessing
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage

PROC = Path("/proc")
"""The directory in which Linux describes processes (proc(5)). Without it, less is measured."""

MIN_SECONDS = 0.1
"""Processor time in seconds below which the memory of children is not reported. Until a child executes a program, Linux
counts the memory of its parent as its own, so that the peak of a short `git log` would be that of the build."""

RESET_PEAK = "5"
"""What makes Linux forget the peak memory of a process, if it is written to `clear_refs`."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What was used: wall time, processor time of this process and of its children (seconds), and peak memory (bytes).

    The peak of the children is that of the largest one.
    """

    seconds: float
    own: float
    children: float
    peak: int
    peak_of_children: int


@dataclass(frozen=True, slots=True)
class Row:
    """A step with its usage and its counters."""

    step: str
    usage: Usage
    counts: Mapping[str, int]


class Profile:
    """Measures the steps of a build; `rows` has one row for each step that has ended."""

    def __init__(self) -> None:
        self.rows: list[Row] = []

    @contextmanager
    def measure(self, step: str, counts: Mapping[str, int]) -> Iterator[None]:
        """Measures a step, which has the given counters.

        Where the peak memory of a process cannot be reset, it is that of the time since the process started.
        """
        for process in (os.getpid(), *live_children()):
            with suppress(OSError):
                (PROC / str(process) / "clear_refs").write_text(RESET_PEAK)
        before = used()
        try:
            yield
        finally:
            after = used()
            usage = Usage(
                after.seconds - before.seconds,
                after.own - before.own,
                after.children - before.children,
                after.peak,
                after.peak_of_children if after.children - before.children > MIN_SECONDS else 0,
            )
            self.rows.append(Row(step, usage, counts))

    def total(self) -> Row:
        """The sum of the times of all steps, and the highest of their peaks."""
        usages = [row.usage for row in self.rows]
        usage = Usage(
            sum(usage.seconds for usage in usages),
            sum(usage.own for usage in usages),
            sum(usage.children for usage in usages),
            max((usage.peak for usage in usages), default=0),
            max((usage.peak_of_children for usage in usages), default=0),
        )
        return Row("total", usage, {})


def used() -> Usage:
    """What this process and its children, running and ended, have used so far; the wall time has no fixed origin."""
    times = os.times()
    children, peak = times.children_user + times.children_system, kilobytes(getrusage(RUSAGE_CHILDREN).ru_maxrss)
    for process in live_children():
        with suppress(OSError, ValueError, IndexError):  # it has ended meanwhile
            fields = (PROC / str(process) / "stat").read_text().rpartition(")")[2].split()
            children += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
            status = (PROC / str(process) / "status").read_text()
            peak = max(peak, kilobytes(int(status.partition("VmHWM:")[2].split()[0])))
    own = times.user + times.system
    return Usage(time.perf_counter(), own, children, kilobytes(getrusage(RUSAGE_SELF).ru_maxrss), peak)


def live_children() -> list[int]:
    """The identifiers of the processes that this process has started for its work, and that still run."""
    return [child.pid for child in multiprocessing.active_children() if child.pid]


def kilobytes(number: int) -> int:
    """Kilobytes, in which Linux counts memory, as bytes."""
    return number * 1024
