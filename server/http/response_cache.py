"""The response cache: files that all web processes share, so that each process can use the responses of the others.

A dataset never changes, so a response is valid for as long as the dataset is served. When the cache is full, the least
recently used responses are removed.
"""

import json
import os
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

MAX_RESPONSE_BYTES = 2**20
"""Maximum size of a cached response, in bytes."""


@dataclass(frozen=True, slots=True)
class CachedResponse:
    """A complete response in the cache: its status, headers and body."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


class ResponseCache:
    """The cached responses, one file each, in `max_bytes` bytes, which each process may exceed by one eighth."""

    def __init__(self, directory: Path, max_bytes: int) -> None:
        self._directory, self._max_bytes = directory, max_bytes
        self._added_bytes = 0

    def get(self, key: str) -> CachedResponse | None:
        """The cached response for a key, if there is one."""
        file = self._directory / key
        try:
            head, _, body = file.read_bytes().partition(b"\n")
        except OSError:
            return None
        with suppress(OSError):
            os.utime(file)
        status, headers = json.loads(head)
        return CachedResponse(status, [(name, value) for name, value in headers], body)

    def put(self, key: str, response: CachedResponse) -> None:
        """Adds a response, unless it is too large."""
        content = json.dumps([response.status, response.headers]).encode() + b"\n" + response.body
        if len(content) > min(MAX_RESPONSE_BYTES, self._max_bytes):
            return
        temporary = self._directory / f".{key}-{os.getpid()}-{threading.get_ident()}"
        with suppress(OSError):
            temporary.write_bytes(content)
            temporary.rename(self._directory / key)
        self._added_bytes += len(content)
        if self._added_bytes > self._max_bytes // 8:
            self._added_bytes = 0
            self.evict()

    def evict(self) -> None:
        """Removes the least recently used responses that exceed the maximum size of the cache."""
        free, files = self._max_bytes, []
        for entry in os.scandir(self._directory):
            with suppress(OSError):  # another process may have removed it
                files.append((entry.stat().st_mtime_ns, entry.stat().st_size, entry.path))
        for _, size, path in sorted(files, reverse=True):
            free -= size
            if free < 0:
                Path(path).unlink(missing_ok=True)
