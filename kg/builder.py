"""The builder: a process that builds the dataset whenever it is told that sources have changed.

`python -m kg.builder SETTINGS`, where SETTINGS are the settings of a build as JSON, reads one line for each build. It
answers each with one line of JSON, an outcome:

    version    the version that was published; null if nothing was
    errors     the number of errors
    problems   the first errors (kg/diagnostics/report.py, as_data)

Problems are also printed to stderr, as `kg build` prints them. The process ends with its input.
"""

import gc
import json
import signal
import sys
from multiprocessing import get_context
from multiprocessing.context import ForkProcess
from pathlib import Path
from select import select
from typing import Any

import click

from kg.cli import publish, start
from kg.dataset.database import unshare
from kg.diagnostics.problems import Severity
from kg.diagnostics.report import as_data
from kg.pipeline import building, run
from kg.steps.build import Build
from kg.steps.publish import complete, locked, prune, versions_in

MAX_PROBLEMS = 3
"""Maximum number of problems in an outcome."""

PAUSE = 2
"""Seconds without a change after which the caches that the server does not need are written."""

MANY = 40
"""Number of versions, besides those to keep, after which old ones are removed although changes follow each other."""

Outcome = dict[str, Any]


class Builder:
    """Builds a dataset again and again, and keeps what is known about its sources in memory."""

    def __init__(self, keep: int, most: int, **sources: Any) -> None:
        self.build, self.keep, self.most = start(**sources), keep, most
        self.completing: ForkProcess | None = None
        """The process that writes the caches that the server does not need."""

    def rebuild(self) -> Outcome:
        """Builds the dataset after sources have changed, and returns the outcome."""
        if self.completing is not None:
            self.completing.kill()
            self.completing.join()
        self.build.begin()
        with self.build.shared():
            done = publish(self.build, self.keep, self.most, whole=False)
        return outcome_of(self.build if done else None)

    def prepare(self) -> None:
        """Does what the next build needs: loads what is known, and copies the databases that the last version shares
        with the workspace, because the next build will change them. Removes old versions if there are many.
        """
        build = self.build
        if not build.is_loaded:
            build.begin()
            with build.shared():
                run(build, building(self.keep, whole=False))
            if build.has_model:
                build.state.validation.prepare()
        if build.version is not None:
            with build.shared():
                if build.is_loaded:  # no other process has used the workspace since
                    for file in (build.packed.search_index, build.packed.source_lines):
                        unshare(file)
            if len(versions_in(build.published)) > self.keep + MANY:
                with locked(build.published):
                    prune(build.published, self.keep)

    def complete(self) -> None:
        """Does what can wait: collects garbage, removes old versions, and writes what the server does not need.

        Another process writes this, which the next build ends.
        """
        build = self.build
        gc.collect(1)  # a build runs without garbage collection, and keeps what was known before it
        if build.version is not None:
            with locked(build.published):
                prune(build.published, self.keep)
            arguments = (build.published, build.version, build.model, build.quality)
            self.completing = get_context("fork").Process(target=complete, args=arguments, daemon=True)
            self.completing.start()


def outcome_of(build: Build | None) -> Outcome:
    """The outcome of a build; None if it could not be run."""
    if build is None:
        return {"version": None, "errors": 1, "problems": []}
    errors = [problem for problem in build.problems if problem.severity is Severity.ERROR]
    return {"version": build.version, "errors": len(errors), "problems": [*map(as_data, errors[:MAX_PROBLEMS])]}


def main() -> None:
    """Builds until the input ends."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # the terminal also sends it to this process
    settings = json.loads(sys.argv[1])
    for name in ("ontology", "shapes", "questions", "published", "cache"):
        settings[name] = settings[name] and Path(settings[name])
    settings["data"] = tuple(map(Path, settings["data"]))
    try:
        builder = Builder(**settings)
    except click.ClickException as error:
        error.show()
        sys.exit(1)
    while sys.stdin.readline():
        outcome = builder.rebuild()
        sys.stdout.write(json.dumps(outcome) + "\n")
        sys.stdout.flush()
        if not is_told(0):
            builder.prepare()
        if not is_told(PAUSE):
            builder.complete()


def is_told(seconds: float) -> bool:
    """True as soon as there is a line to read; false after some seconds without one."""
    return bool(select([sys.stdin], [], [], seconds)[0])


if __name__ == "__main__":
    main()
