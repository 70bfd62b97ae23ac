"""Serving: servers in separate processes, started by `kg serve`."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tests.places import ROOT
from tests.waiting import PATIENCE


def start_server(*arguments: object) -> subprocess.Popen[str]:
    """Starts `kg serve` in a separate process, with a time limit that no query reaches on a slow machine."""
    command = [sys.executable, "-m", "kg", "serve", "--max-query-seconds", str(PATIENCE), *map(str, arguments)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@contextmanager
def serving(*arguments: object) -> Iterator[tuple[str, int]]:
    """The address and the process of a server. It is stopped afterwards, and must not have logged any error."""
    process = start_server("--port", 0, *arguments)
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip(), process.pid
    finally:
        process.terminate()
        output, errors = process.communicate(timeout=PATIENCE)
    assert output == "", "the address alone stands on stdout"
    assert "Traceback" not in errors, errors
