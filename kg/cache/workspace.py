"""The workspace: what a build keeps in the cache directory, so that the next build costs what has changed.

There is one workspace for each combination of sources, base and software. It contains

    store/          the working store: the triples of the sources, asserted and inferred, and their origins
    state.sqlite    what is known about each file, the log of differences, and the results of the steps
    lines           while a dataset is built from nothing: the lines with which the store was filled

A workspace can be deleted at any time. A build that is killed leaves it usable: a difference is written to the log
before it is applied to the store, and it is applied again when the workspace is opened. A store that was being filled
from nothing is emptied.
"""

import fcntl
import hashlib
import pickle
import shutil
import sqlite3
import sys
import time
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any
from uuid import uuid4

from pyoxigraph import Quad, RdfFormat, Store, parse, serialize

from kg.cache.filled_lines import FilledLines

STORE, STATE, LINES, LOCK, USED = "store", "state.sqlite", "lines", "lock", "used"

MAX_WORKSPACES = 8
"""Maximum number of workspaces in a cache directory; those that have not been used for longest are removed."""

PACKAGES = "pyoxigraph", "pyshacl", "pystemmer", "pyyaml", "rapidfuzz", "rdflib"
"""The packages that determine the results of a build."""

TABLES = """
CREATE TABLE IF NOT EXISTS files (name TEXT PRIMARY KEY, signature TEXT NOT NULL, statements BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS differences (number INTEGER PRIMARY KEY, removed BLOB NOT NULL, added BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS results (name TEXT PRIMARY KEY, value BLOB NOT NULL);
"""


@dataclass(frozen=True, slots=True)
class Difference:
    """The quads that an update removed from the store and added to it."""

    removed: list[Quad]
    added: list[Quad]


@cache
def software() -> str:
    """A hash of the source code of this package and the versions of others, because they determine the results."""
    package = Path(__file__).parents[1]
    digest = hashlib.sha256(sys.version.encode() + "".join(map(version, PACKAGES)).encode())
    for file in sorted(package.rglob("*.py")):
        digest.update(file.relative_to(package).as_posix().encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()


class Workspace:
    """A workspace in a directory, locked for this process until it is closed; without a directory, it is in memory.

    Raises OSError if the directory cannot be written.
    """

    def __init__(self, directory: Path | None = None) -> None:
        self.directory = directory
        self._store: Store | None = None
        if directory is None:
            self._database = sqlite3.connect(":memory:", isolation_level=None)
            self._database.executescript(TABLES)
            self.empty()
            return
        directory.mkdir(parents=True, exist_ok=True)
        self._lock = (directory / LOCK).open("w")
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        (directory / USED).write_text(f"{time.time_ns()}\n")
        try:
            self._database = self._open(directory)
        except sqlite3.DatabaseError:  # damaged
            for file in directory.glob(f"{STATE}*"):
                file.unlink()
            self._database = self._open(directory)
        (directory / LINES).unlink(missing_ok=True)  # of a build that was killed
        if not (self.is_filled and self._has_store(directory)):
            self.empty()
        self.apply()

    def _has_store(self, directory: Path) -> bool:
        """True if the files of the store are there and can be opened."""
        try:
            return (directory / STORE / "CURRENT").is_file() and self.store is not None
        except (OSError, RuntimeError, ValueError):
            return False

    def _open(self, directory: Path) -> sqlite3.Connection:
        database = sqlite3.connect(directory / STATE, isolation_level=None)
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA synchronous=NORMAL")
        database.executescript(TABLES)
        return database

    def release(self) -> None:
        """Unlocks the workspace for other processes, until `acquire` is called."""
        if self.directory is not None:
            self.close_store()
            self._mark = uuid4().hex
            self.keep("mark", self._mark)
            fcntl.flock(self._lock, fcntl.LOCK_UN)

    def acquire(self) -> bool:
        """Locks the workspace again. False if another process has used it meanwhile, so that it must be loaded anew."""
        if self.directory is None:
            return True
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        try:
            (self.directory / USED).write_text(f"{time.time_ns()}\n")
            return (self.directory / STATE).is_file() and self.result("mark") == self._mark
        except (OSError, sqlite3.Error):  # it has been deleted
            return False

    def close(self) -> None:
        """Closes the store and the database, and unlocks the workspace."""
        self.close_store()
        if self.directory is not None:
            with suppress(sqlite3.Error):  # it may have been deleted
                self.keep("mark", None)
            self._lock.close()
        self._database.close()

    # ── The working store ────────────────────────────────────────────────────────────────────────────────────────

    @property
    def store(self) -> Store:
        """The working store, open for reading and writing."""
        if self._store is None:
            self._store = Store(str(self.directory / STORE)) if self.directory else Store()
        return self._store

    def close_store(self) -> None:
        """Closes the files of the store, so that child processes can be forked and can read them."""
        if self._store is not None and self.directory is not None:
            self._store.flush()
            self._store = None

    @property
    def is_filled(self) -> bool:
        """False if the workspace is empty: a new one, or one that is being filled."""
        return self.result("filled") is True

    def empty(self) -> None:
        """Removes everything, for a build from nothing."""
        self._store = None
        if self.directory is not None:
            shutil.rmtree(self.directory / STORE, ignore_errors=True)
        with self.transaction():
            for table in ("files", "differences", "results"):
                self._database.execute(f"DELETE FROM {table}")  # noqa: S608
            self.keep("filled", False)

    def filled_lines(self) -> FilledLines | None:
        """An empty file for the lines with which the store is filled; None in memory."""
        return None if self.directory is None else FilledLines(self.directory / LINES)

    def log(self, removed: Iterable[Quad], added: Iterable[Quad]) -> None:
        """Adds a difference to the log; `apply` applies it to the store."""
        row = (nquads(removed), nquads(added))
        if row != (nquads(()), nquads(())):
            self._database.execute("INSERT INTO differences (removed, added) VALUES (?, ?)", row)

    def apply(self) -> None:
        """Applies the differences to the store that have not been applied yet."""
        for difference in self.differences(self.result("applied") or 0):
            for quad in difference.removed:
                self.store.remove(quad)
            self.store.extend(difference.added)
        self.keep("applied", self.position)

    @property
    def position(self) -> int:
        """The number of the last difference in the log."""
        return int(self._database.execute("SELECT COALESCE(MAX(number), 0) FROM differences").fetchone()[0])

    def differences(self, after: int) -> Iterator[Difference]:
        """The differences after a position in the log."""
        rows = self._database.execute(
            "SELECT removed, added FROM differences WHERE number > ? ORDER BY number", (after,)
        ).fetchall()
        for removed, added in rows:
            yield Difference(quads(removed), quads(added))

    def forget(self, until: int) -> None:
        """Removes the differences up to a position from the log, except for the last one, which keeps the numbers."""
        self._database.execute(
            "DELETE FROM differences WHERE number <= ? AND number < (SELECT MAX(number) FROM differences)", (until,)
        )

    # ── Files and results ────────────────────────────────────────────────────────────────────────────────────────

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Makes all changes within it together, or none of them."""
        if self._database.in_transaction:
            yield
            return
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._database.execute("ROLLBACK")
            raise
        self._database.execute("COMMIT")

    def signatures(self) -> dict[str, str]:
        """The signature of each known file, by name."""
        return dict(self._database.execute("SELECT name, signature FROM files"))

    def statements(self) -> Iterator[tuple[str, Any]]:
        """The name of each known file, and what it states."""
        for name, value in self._database.execute("SELECT name, statements FROM files"):
            yield name, loaded(value)

    def set_files(self, rows: Iterable[tuple[str, str, Any]], gone: Iterable[str] = ()) -> None:
        """Replaces what is known about some files (name, signature, statements), and removes others."""
        with self.transaction():
            self._database.executemany("DELETE FROM files WHERE name = ?", ((name,) for name in gone))
            self._database.executemany(
                "INSERT OR REPLACE INTO files VALUES (?, ?, ?)",
                ((name, signature, dumped(value)) for name, signature, value in rows),
            )

    def sign(self, signatures: Iterable[tuple[str, str]]) -> None:
        """Replaces the signatures of files whose content is the same."""
        self._database.executemany(
            "UPDATE files SET signature = ? WHERE name = ?", ((signature, name) for name, signature in signatures)
        )

    def result(self, name: str) -> Any:
        """The kept result with a name; None if there is none."""
        row = self._database.execute("SELECT value FROM results WHERE name = ?", (name,)).fetchone()
        return loaded(row[0]) if row else None

    def keep(self, name: str, value: Any) -> None:
        """Keeps a result under a name."""
        self._database.execute("INSERT OR REPLACE INTO results VALUES (?, ?)", (name, dumped(value)))


def directory_for(cache: Path, key: Iterable[str]) -> Path:
    """The directory of the workspace for a key in a cache directory."""
    return cache / hashlib.sha256("\0".join([software(), *key]).encode()).hexdigest()[:16]


def prune(cache: Path, kept: Path) -> None:
    """Removes the workspaces that have not been used for longest, except for one, and any that is locked."""
    others = [d for d in cache.iterdir() if (d / USED).is_file() and d != kept]
    for directory in sorted(others, key=lambda d: (d / USED).stat().st_mtime_ns, reverse=True)[MAX_WORKSPACES - 1 :]:
        with (directory / LOCK).open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                continue
            shutil.rmtree(directory, ignore_errors=True)


def dumped(value: Any) -> bytes:
    return zlib.compress(pickle.dumps(value, pickle.HIGHEST_PROTOCOL), 1)


def loaded(value: bytes) -> Any:
    return pickle.loads(zlib.decompress(value))  # noqa: S301  # the workspace is ours


def nquads(found: Iterable[Quad]) -> bytes:
    return zlib.compress(serialize(found, format=RdfFormat.N_QUADS) or b"", 1)


def quads(content: bytes) -> list[Quad]:
    return list(parse(zlib.decompress(content), RdfFormat.N_QUADS))
