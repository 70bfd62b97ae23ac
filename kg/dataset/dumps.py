"""Dumps: files that consist of gzip members (RFC 1952, 2.2), most of which lie in packs (packs.py).

A dump is a list of members. It is read as a stream, compressed or not, and is never made or held as a whole.
"""

import gzip
import hashlib
import io
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple, Protocol

LARGEST_PRIME = 65521
"""The modulus of Adler-32 (RFC 1950, 9)."""


class Summary(NamedTuple):
    """The length of a gzip member and that of its content, in bytes, their Adler-32, and the SHA-256 of the member."""

    size: int
    content_size: int
    adler32: int
    content_adler32: int
    sha256: str

    @classmethod
    def of(cls, member: bytes, content: bytes) -> "Summary":
        digest = hashlib.sha256(member).hexdigest()
        return cls(len(member), len(content), zlib.adler32(member), zlib.adler32(content), digest)


class Member(Protocol):
    """A gzip member."""

    @property
    def summary(self) -> Summary: ...

    def read(self) -> bytes:
        """The compressed bytes. Raises OSError if their file is missing or has been cut."""


@dataclass(frozen=True, slots=True)
class StoredMember:
    """A gzip member in a file of a directory, which begins at byte `start`."""

    directory: Path
    name: str
    start: int
    summary: Summary

    @property
    def file(self) -> Path:
        return self.directory / self.name

    def read(self) -> bytes:
        with self.file.open("rb") as stream:
            stream.seek(self.start)
            content = stream.read(self.summary.size)
        if len(content) != self.summary.size:
            raise OSError(f"{self.file} is damaged")
        return content


@dataclass(frozen=True)
class PlainMember:
    """A gzip member that stores a short content without compressing it, so that its bytes depend on no library."""

    content: bytes

    @cached_property
    def summary(self) -> Summary:
        return Summary.of(self.read(), self.content)

    def read(self) -> bytes:
        return gzip.compress(self.content, 0, mtime=0)


@dataclass(frozen=True)
class Dump:
    """A dump: the members that it consists of, in order."""

    members: tuple[Member, ...]

    @cached_property
    def size(self) -> int:
        """The length of the compressed dump, in bytes."""
        return sum(member.summary.size for member in self.members)

    @cached_property
    def content_size(self) -> int:
        """The length of the uncompressed dump, in bytes."""
        return sum(member.summary.content_size for member in self.members)

    @property
    def adler32(self) -> int:
        """The Adler-32 of the compressed dump, which is computed without reading it."""
        return combined((member.summary.adler32, member.summary.size) for member in self.members)

    @property
    def content_adler32(self) -> int:
        """The Adler-32 of the uncompressed dump, which is computed without reading it."""
        return combined((member.summary.content_adler32, member.summary.content_size) for member in self.members)

    @cached_property
    def tag(self) -> str:
        """The SHA-256 over those of the members, which identifies the bytes of the dump without reading them."""
        return hashlib.sha256("\n".join(member.summary.sha256 for member in self.members).encode()).hexdigest()

    @property
    def is_there(self) -> bool:
        """True if all files that contain members exist."""
        return all(member.file.exists() for member in self.members if isinstance(member, StoredMember))

    def digest(self) -> str:
        """The SHA-256 of the compressed dump, in hexadecimal digits; it reads the whole dump."""
        digest = hashlib.sha256()
        for member in self.members:
            digest.update(member.read())
        return digest.hexdigest()

    def compressed(self, start: int = 0) -> Iterator[bytes]:
        """The bytes of the compressed dump from byte `start`, member by member."""
        for member, end in zip(self.members, accumulate(member.summary.size for member in self.members), strict=True):
            if end > start:
                yield member.read()[max(start - (end - member.summary.size), 0) :]

    def content(self) -> Iterator[bytes]:
        """The bytes of the uncompressed dump, member by member."""
        for member in self.members:
            if content := gzip.decompress(member.read()):
                yield content

    def open(self) -> io.BufferedReader:
        """The compressed dump as a file, in which a reader can move to a position."""
        return io.BufferedReader(SeekableStream(self.compressed))


def combined(parts: Iterable[tuple[int, int]]) -> int:
    """The Adler-32 of a concatenation, from the Adler-32 and the length of each of its parts (RFC 1950, 8.2)."""
    low, high = 1, 0
    for checksum, size in parts:
        high = (high + (low - 1) * size + (checksum >> 16)) % LARGEST_PRIME
        low = (low + (checksum & 0xFFFF) - 1) % LARGEST_PRIME
    return high << 16 | low


class Stream(io.RawIOBase):
    """A file for reading whose bytes come from an iterator."""

    def __init__(self, parts: Iterator[bytes]) -> None:
        self._parts, self._left, self._position = parts, memoryview(b""), 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "memoryview") -> int:  # type: ignore[override]  # any writable buffer
        if not self._left:
            self._left = memoryview(next(self._parts, b""))
        count = min(len(buffer), len(self._left))
        buffer[:count] = self._left[:count]
        self._left, self._position = self._left[count:], self._position + count
        return count


class SeekableStream(Stream):
    """A file for reading; the function takes the position of a byte and returns an iterator of the bytes from there."""

    def __init__(self, parts_from: Callable[[int], Iterator[bytes]]) -> None:
        super().__init__(parts_from(0))
        self._parts_from = parts_from

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Moves to a position from the start. Raises OSError for a position from elsewhere."""
        if whence != io.SEEK_SET:
            raise io.UnsupportedOperation("a position must be given from the start")
        self._parts, self._left, self._position = self._parts_from(offset), memoryview(b""), offset
        return offset

    def tell(self) -> int:
        return self._position
