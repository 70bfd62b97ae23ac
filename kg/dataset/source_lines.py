"""Source lines: the line of each fact in its source, as a file of the published format.

An SQLite database has the table

    records (path, lines)    by the path of a thing (`kind/name`), the line of each key of its record, as JSON

The same lines give the same bytes with the same version of SQLite.
"""

import json
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from threading import Lock
from urllib.parse import quote

Lines = dict[str, int]
"""The line of a source, from 1, on which the value of each key of a record begins."""


def write_source_lines(lines: Mapping[str, Lines]) -> bytes:
    """The database of the lines of some records, which are given by path."""
    database = sqlite3.connect(":memory:")
    try:
        database.execute("CREATE TABLE records (path TEXT PRIMARY KEY, lines TEXT) WITHOUT ROWID")
        rows = ((path, json.dumps(lines[path], separators=(",", ":"))) for path in sorted(lines))
        database.executemany("INSERT INTO records VALUES (?, ?)", rows)
        database.commit()
        return database.serialize()
    finally:
        database.close()


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
