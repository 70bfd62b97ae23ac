"""Watching: builds the dataset again whenever a source is saved.

A thread waits for changes of the sources, and a child process builds (kg/builder.py). The new version is taken up like
that of any other build (server/takeover.py).
"""

import json
import logging
import re
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from watchfiles import Change, watch

SOURCE = re.compile(r"[^.#].*\.(ya?ml|json|ttl|rq)", re.IGNORECASE)
"""The names of sources, and of files that seem to be meant as sources; not those of hidden files and of backups."""

QUIET = 20
"""Time in milliseconds without changes after which a build begins, because editors save in several steps."""

MAX_QUIET = 500
"""Maximum time in milliseconds from the first change to the build."""

TICK = 200
"""Time in milliseconds after which the thread, when it starts, knows that the system watches the files."""

Outcome = dict[str, Any]
"""The outcome of a build: version, errors and problems (kg/builder.py)."""


class Builder:
    """A child process that builds. It is started for the first build, and again if it has ended."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._settings = json.dumps(settings, default=str)
        self._process: subprocess.Popen[str] | None = None

    def build(self) -> Outcome:
        """Builds what has changed, and returns the outcome."""
        process = self._running()
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write("\n")
            process.stdin.flush()
            line = process.stdout.readline()
        except OSError:
            line = ""
        if not line:
            logging.error("the process that builds the dataset has ended with %s", process.wait())
            return {"version": None, "errors": 1, "problems": []}
        outcome: Outcome = json.loads(line)
        return outcome

    def _running(self) -> subprocess.Popen[str]:
        if self._process is None or self._process.poll() is not None:
            command = [sys.executable, "-m", "kg.builder", self._settings]
            self._process = subprocess.Popen(  # noqa: S603  # our own module
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
            weakref.finalize(self, self._process.kill)
        return self._process


class Watcher:
    """Builds once, and again after each change in some directories, in a thread."""

    def __init__(self, directories: Iterable[Path], builder: Builder) -> None:
        self.first: Future[Outcome] = Future()
        """The outcome of the first build."""
        self._directories, self._builder = [*directories], builder
        self._lock = threading.Lock()
        self._last: Outcome | None = None
        self._hear: Callable[[Outcome], None] = lambda outcome: None
        threading.Thread(target=self._watch, daemon=True).start()

    def report(self, hear: Callable[[Outcome], None]) -> None:
        """Calls a function with the outcome of the last build, if there was one, and of each later one."""
        with self._lock:
            self._hear = hear
            if self._last is not None:
                hear(self._last)

    def _watch(self) -> None:
        changes = watch(
            *self._directories,
            watch_filter=is_source,
            step=QUIET,
            debounce=MAX_QUIET,
            rust_timeout=TICK,
            yield_on_timeout=True,
        )
        for found in changes:
            if found or not self.first.done():
                self._build()

    def _build(self) -> None:
        outcome = self._builder.build()
        with self._lock:
            self._last = outcome
            self._hear(outcome)
        if not self.first.done():
            self.first.set_result(outcome)


def is_source(_: Change, path: str) -> bool:
    """True if a change of a path may change the dataset: it is a source, or a directory that may contain some."""
    name = Path(path).name
    return SOURCE.fullmatch(name) is not None or ("." not in name and not Path(path).is_file())
