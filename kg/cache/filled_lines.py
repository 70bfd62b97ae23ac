"""Filled lines: the lines with which a working store was filled from nothing, by thing.

A thing is read from them several times faster than from the store. They lie in one file of the workspace, the lines of
each thing compressed by themselves, and are used by the build that fills the store. What it changes in the store
afterwards is discarded here, so that the lines of a thing are always those that the store contains.
"""

import os
import pickle
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

Place = tuple[int, int]
"""Where the lines of a thing are in the file: the first byte, and the number of bytes."""


class Lines(NamedTuple):
    """The lines of a thing: its asserted and its inferred triples as N-Triples, and its origin as N-Quads."""

    asserted: bytes
    inferred: bytes
    origin: bytes

    @property
    def compressed(self) -> bytes:
        """What the file contains of them."""
        return zlib.compress(pickle.dumps(tuple(self), pickle.HIGHEST_PROTOCOL), 1)


class FilledLines:
    """The filled lines in a file, which this process or those that it forks write one after the other."""

    def __init__(self, file: Path) -> None:
        self.file = file
        file.write_bytes(b"")
        self._places: dict[str, Place | None] = {}

    def write(self, compressed: Mapping[str, bytes]) -> dict[str, Place]:
        """Appends the compressed lines of some things to the file, and returns their places."""
        places: dict[str, Place] = {}
        with self.file.open("ab") as stream:
            for path, content in compressed.items():
                places[path] = stream.tell(), len(content)
                stream.write(content)
        return places

    def add(self, places: Mapping[str, Place]) -> None:
        """Takes note of where the lines of some things are. Things whose lines are in two places are discarded."""
        for path, place in places.items():
            self._places[path] = None if path in self._places else place

    def discard(self, paths: Iterable[str]) -> None:
        """Lets go of the lines of some things, which the store does not contain any more."""
        for path in paths:
            self._places[path] = None

    def place(self, path: str) -> Place | None:
        """Where the lines of a thing are; None if only the store knows it."""
        return self._places.get(path)

    def read(self, place: Place) -> Lines:
        """The lines in a place."""
        with self.file.open("rb", buffering=0) as stream:
            content = os.pread(stream.fileno(), place[1], place[0])
        return Lines(*pickle.loads(zlib.decompress(content)))  # noqa: S301  # the workspace is ours

    def remove(self) -> None:
        """Removes the file."""
        self._places.clear()
        self.file.unlink(missing_ok=True)
