"""Takeover: a running server takes up another version of the dataset, without failing a request.

Each process of the server looks at the link `current` of the published datasets, and opens the version that it names in
a thread beside the requests. The query host takes up the version next, and then new requests get the new site. Requests
that run keep the old one, which is freed when the last of them has ended.
"""

import gc
import logging
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path

from flask import Flask

from kg.dataset.layout import CURRENT, Dataset, NoDatasetError
from kg.dataset.opening import open_engine
from kg.sparql.engine import UntrustedQueries
from server.holder import Holder
from server.site import Site
from server.state import State

PAUSE = 0.02
"""Time in seconds after which a process looks at the link and the state again."""


Listener = Callable[[Site, State], None]


class Follower:
    """Makes an application serve the current version of the published datasets, and follows the state of the server.

    `listen` is called with the site and the state, at first and whenever one of them has changed.
    """

    def __init__(self, app: Flask, published: Path, state_file: Path, holder: Holder, listen: Listener) -> None:
        self._app, self._published, self._state_file, self._listen = app, published, state_file, listen
        self._holder = holder
        self._state = State()
        self._marks: tuple[Mark, Mark] = (None, None)
        self.look()

    def start(self) -> None:
        """Looks regularly, in a thread, until the process ends."""
        threading.Thread(target=self._follow, daemon=True).start()

    def _follow(self) -> None:
        while True:
            time.sleep(PAUSE)
            try:
                self.look()
            except Exception:  # the thread must continue to look, whatever was wrong with one version
                logging.exception("the current version of the dataset could not be looked at")

    def look(self) -> None:
        """Takes up the current version if the link has moved or the server was told to, and tells what has changed."""
        marks = mark(self._published / CURRENT), mark(self._state_file)
        if marks == self._marks:
            return
        has_moved, before = marks[0] != self._marks[0], self._state
        self._marks, self._state = marks, State.read(self._state_file)
        if has_moved or self._state.orders != before.orders:
            error = take_up(self._app, self._published, self._holder)
            self._app.extensions["error"] = error
            if error and self._is_first_to_report():
                logging.error(error)
        self._listen(self._app.extensions["site"], self._state)

    def _is_first_to_report(self) -> bool:
        """True in one of the processes that look at the same version."""
        name = f"reported-{self._marks[0]}-{self._state.orders}"
        try:
            (self._state_file.parent / name).touch(exist_ok=False)
        except FileExistsError:
            return False
        return True


Mark = tuple[int, int] | None


def mark(file: Path) -> Mark:
    """Numbers that change if a file or a link is replaced; None if it does not exist."""
    try:
        found = file.lstat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns


def take_up(app: Flask, published: Path, holder: Holder) -> str | None:
    """Makes the application serve the current version, unless it does already.

    The holder holds the version. Returns the reason if it cannot be served; the application then continues to serve the
    one before.
    """
    before: Site = app.extensions["site"]
    queries: UntrustedQueries = app.extensions["queries"]
    try:
        dataset = Dataset.current(published)
        if dataset.identity == before.identity:
            return None
        if dataset.names.base != before.names.base:
            raise NoDatasetError(f"it was built for {dataset.names.base}, not for {before.names.base}")
        site = opened(holder.hold(dataset), before)
        queries.take_up(dataset.directory)
    except (NoDatasetError, OSError, ValueError, LookupError, TypeError, sqlite3.Error) as error:
        reason = " ".join(str(error).partition("; run: ")[0].split())
        return f"{published / CURRENT} cannot be served, so version {before.dataset.version} still is: {reason}"
    app.extensions["site"] = site
    if site.schema is not before.schema:
        gc.unfreeze()  # the old schema contains cycles of references, which only a collection frees
        gc.collect()
        gc.freeze()
    return None


def opened(dataset: Dataset, before: Site) -> Site:
    """The site of a dataset, of which nothing is missing. Raises NoDatasetError, or any error of reading its files."""
    for name in dataset.manifest.files:
        if not (dataset.directory / name).is_file():
            raise NoDatasetError(f"{(dataset.origin or dataset.directory) / name} is missing")
    site = Site.of(dataset, open_engine(dataset), before)
    site.finder.check()
    site.source_lines.of("")
    return site
