"""Source lines: the line of each fact in its source, as a file of the published format.

An SQLite database has the table

    records (path, lines)    by the path of a thing (`kind/name`), the line of each key of its record, as JSON

The file can be updated; it then holds the same rows as a file that is written from nothing.
"""

import json
import sqlite3
from collections.abc import Iterable, Mapping
from pathlib import Path
from threading import Lock
from urllib.parse import quote

from kg.dataset.database import changing

Lines = dict[str, int]
"""The line of a source, from 1, on which the value of each key of a record begins."""


INSERT = "INSERT OR REPLACE INTO records VALUES (?, ?)"


def write_source_lines(file: Path, records: Iterable[tuple[str, str]]) -> None:
    """Writes the lines of records as JSON, each with the path of its thing, to a new file."""
    with changing(file) as database:
        database.execute("CREATE TABLE records (path TEXT PRIMARY KEY, lines TEXT) WITHOUT ROWID")
        database.executemany(INSERT, records)


def update_source_lines(file: Path, changed: Mapping[str, str | None]) -> None:
    """Replaces, adds or removes (None) the lines of some records, by path, in a file that no one reads meanwhile.

    The lines are given as JSON.
    """
    with changing(file) as database:
        gone = [(path,) for path, lines in changed.items() if lines is None]
        database.executemany("DELETE FROM records WHERE path = ?", gone)
        database.executemany(INSERT, ((path, lines) for path, lines in changed.items() if lines is not None))


class SourceLines:
    """The source lines of one dataset, open for reading; several threads may use it at the same time."""

    def __init__(self, file: Path) -> None:
        address = f"file:{quote(str(file.resolve()))}?mode=ro&immutable=1"
        self._database = sqlite3.connect(address, uri=True, check_same_thread=False)
        self._lock = Lock()

    def of(self, path: str) -> Lines:
        """The lines of the record of a thing; empty for a thing that does not exist."""
        with self._lock:
            row = self._database.execute("SELECT lines FROM records WHERE path = ?", (path,)).fetchone()
        lines: Lines = json.loads(row[0]) if row else {}
        return lines
