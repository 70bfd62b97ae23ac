"""Processes: what a command takes: wall time, processor time and peak memory, with all of its child processes."""

import os
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tests.places import ROOT

TICK = 0.5
"""Seconds between two looks at the memory."""


@dataclass(frozen=True, slots=True)
class Run:
    """What a command has taken: wall time and processor time in seconds, and peak memory in bytes.

    The memory is the proportional set size of all processes together, in which a page that several share counts once.
    """

    seconds: float
    processor: float
    peak: int


def run(command: Sequence[str], environment: dict[str, str], allowed: Sequence[int] = (0,)) -> Run:
    """Runs a command to its end. Raises RuntimeError, with what it told, if its exit code is not an allowed one."""
    began, peak = time.perf_counter(), 0
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **environment}, stdout=output, stderr=errors)
        while os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            peak = max(peak, memory(process.pid))
            time.sleep(TICK)
        seconds = time.perf_counter() - began
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in allowed:
            output.seek(0)
            errors.seek(0)
            raise RuntimeError(f"{command} ended with {process.returncode}\n{output.read()}{errors.read()}")
    return Run(seconds, usage.ru_utime + usage.ru_stime, max(peak, 1024 * usage.ru_maxrss))


def memory(process: int) -> int:
    """The memory of a process and of its descendants, in bytes."""
    total = 0
    for each in (process, *descendants(process)):
        with suppress(OSError, IndexError):  # it has just ended
            rollup = Path(f"/proc/{each}/smaps_rollup").read_text()
            total += 1024 * int(rollup.partition("\nPss:")[2].split()[0])
    return total


def descendants(process: int) -> Iterator[int]:
    with suppress(OSError):
        for file in list(Path(f"/proc/{process}/task").glob("*/children")):
            with suppress(OSError):
                for child in map(int, file.read_text().split()):
                    yield child
                    yield from descendants(child)
