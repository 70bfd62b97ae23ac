"""Database: an SQLite file of the published format, open for changes."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CACHE = 64 * 1024
"""Maximum size in KiB of the pages that are kept in memory."""


@contextmanager
def changing(file: Path) -> Iterator[sqlite3.Connection]:
    """A file that is changed in one transaction, or made if it does not exist, while no one reads it.

    There is no journal, so the file is not usable if this is interrupted. Other names of the same file keep the old
    content.
    """
    unshare(file)
    database = sqlite3.connect(file, isolation_level=None)
    try:
        for setting in (
            "journal_mode = OFF",
            "synchronous = OFF",
            "locking_mode = EXCLUSIVE",
            f"cache_size = -{CACHE}",
        ):
            database.execute(f"PRAGMA {setting}")
        database.execute("BEGIN")
        yield database
        database.execute("COMMIT")
    finally:
        database.close()


def unshare(file: Path) -> None:
    """Replaces a file that has several names (hard links) by a copy, so that it can be changed under this one alone."""
    if file.is_file() and file.stat().st_nlink > 1:
        copy = file.with_name(f".{file.name}")
        shutil.copy(file, copy)
        copy.replace(file)
