"""Kept answers: on a shelf that all processes share, so that what was asked once is answered by any of them.

A dataset never changes, so an answer is good for as long as it is served. The longest unused go when there is no more
room.
"""

import json
import os
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

LARGEST = 2**20
"""How many bytes an answer has at most that is kept."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A kept answer: its status, headers and body."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


class Shelf:
    """Answers by key, a file for each, in `room` bytes and an eighth of that for each process that keeps some."""

    def __init__(self, directory: Path, room: int) -> None:
        self._directory, self._room = directory, room
        self._added = 0

    def get(self, key: str) -> Kept | None:
        """The answer of a key, if it is kept."""
        file = self._directory / key
        try:
            head, _, body = file.read_bytes().partition(b"\n")
        except OSError:
            return None
        with suppress(OSError):
            os.utime(file)
        status, headers = json.loads(head)
        return Kept(status, [(name, value) for name, value in headers], body)

    def keep(self, key: str, answer: Kept) -> None:
        """Keeps an answer."""
        content = json.dumps([answer.status, answer.headers]).encode() + b"\n" + answer.body
        if len(content) > min(LARGEST, self._room):
            return
        aside = self._directory / f".{key}-{os.getpid()}-{threading.get_ident()}"
        with suppress(OSError):
            aside.write_bytes(content)
            aside.rename(self._directory / key)
        self._added += len(content)
        if self._added > self._room // 8:
            self._added = 0
            self.tidy()

    def tidy(self) -> None:
        """Removes the longest unused answers for which there is no room."""
        room, found = self._room, []
        for entry in os.scandir(self._directory):
            with suppress(OSError):  # another process may have removed it
                found.append((entry.stat().st_mtime_ns, entry.stat().st_size, entry.path))
        for _, size, path in sorted(found, reverse=True):
            room -= size
            if room < 0:
                Path(path).unlink(missing_ok=True)
