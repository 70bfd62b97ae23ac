"""Content codings: how a body is compressed, whole or as it comes (RFC 9110, 8.4.1; RFC 7932; RFC 8878)."""

import gzip
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import brotli
import zstandard

WORTH = 500
"""From how many bytes on a body is worth compressing."""


@dataclass(frozen=True, slots=True)
class Coding:
    """A coding: its name, what compresses a body, and what makes the parts of one: a function, a flush, an end."""

    name: str
    compress: Callable[[bytes], bytes]
    parts: Callable[[], tuple[Callable[[bytes], bytes], Callable[[], bytes], Callable[[], bytes]]]

    def stream(self, body: Iterator[bytes]) -> Iterator[bytes]:
        """A body in this coding, as it comes; each part can be read at once."""
        part, flush, end = self.parts()
        for content in body:
            yield part(content) + flush()
        yield end()


def _zstd() -> tuple[Any, Any, Any]:
    made = zstandard.ZstdCompressor(level=3).compressobj()
    return made.compress, lambda: made.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK), made.flush


def _br() -> tuple[Any, Any, Any]:
    made = brotli.Compressor(quality=4)
    return made.process, made.flush, made.finish


def _gzip() -> tuple[Any, Any, Any]:
    made = zlib.compressobj(6, wbits=31)
    return made.compress, lambda: made.flush(zlib.Z_SYNC_FLUSH), made.flush


CODINGS = (
    Coding("zstd", lambda body: zstandard.ZstdCompressor(level=9).compress(body), _zstd),
    Coding("br", lambda body: bytes(brotli.compress(body, quality=5)), _br),
    Coding("gzip", lambda body: gzip.compress(body, 6, mtime=0), _gzip),
)
"""The codings in the order of our liking."""
