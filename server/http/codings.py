"""Content codings: compression of bodies, whole or as streams, and decoding (RFC 9110, 8.4; RFC 7932; RFC 8878)."""

import gzip
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import brotli
import zstandard

MIN_BYTES_TO_COMPRESS = 500
"""Minimum length of a body that is compressed, in bytes."""


@dataclass(frozen=True, slots=True)
class Coding:
    """A coding: its name, a function that compresses a body, and one that returns a stream's write, flush and end."""

    name: str
    compress: Callable[[bytes], bytes]
    parts: Callable[[], tuple[Callable[[bytes], bytes], Callable[[], bytes], Callable[[], bytes]]]

    def stream(self, body: Iterator[bytes]) -> Iterator[bytes]:
        """A body in this coding, as a stream; each part can be decoded immediately."""
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
"""The codings in the order of preference."""

MAX_CODINGS = 3
"""Maximum number of codings that are applied to the body of a request, one after another."""


class UndecodableError(ValueError):
    """Raised for a body that is not in its declared coding."""


class TooLongError(ValueError):
    """Raised for a body that is too long after decoding."""


def decode(body: bytes, coding: str, most: int) -> bytes:
    """The body without a coding of DECODERS. Raises UndecodableError and TooLongError.

    At most `most` + 1 bytes are produced, even if the body decodes to more.
    """
    if coding == "identity":
        return body
    try:
        decoded = DECODERS[coding](body, most + 1)
    except (zlib.error, brotli.error, zstandard.ZstdError) as error:
        raise UndecodableError(str(error)) from error
    if len(decoded) > most:
        raise TooLongError
    return decoded


def _inflate(body: bytes, most: int, wbits: int) -> bytes:
    """The concatenated members of a body, decoded by zlib."""
    decoded = b""
    while True:
        member = zlib.decompressobj(wbits)
        decoded += member.decompress(body, most - len(decoded))
        if len(decoded) >= most:
            return decoded
        if not member.eof:
            raise UndecodableError("the data ends unexpectedly")
        if not member.unused_data:
            return decoded
        body = member.unused_data


def _gunzip(body: bytes, most: int) -> bytes:
    return _inflate(body, most, 31)


def _undeflate(body: bytes, most: int) -> bytes:
    """Decodes with the zlib header, as RFC 9110 (8.4.1.2) requires, or without it, as many clients send it."""
    has_header = len(body) > 1 and body[0] & 15 == 8 and int.from_bytes(body[:2]) % 31 == 0
    return _inflate(body, most, 15 if has_header else -15)


def _unbrotli(body: bytes, most: int) -> bytes:
    decoder = brotli.Decompressor()
    parts = [decoder.process(body, output_buffer_limit=most)]
    while parts[-1] and sum(map(len, parts)) < most:
        parts.append(decoder.process(b"", output_buffer_limit=most))
    if sum(map(len, parts)) < most and not decoder.is_finished():
        raise UndecodableError("the data ends unexpectedly")
    return b"".join(parts)[:most]


def _unzstd(body: bytes, most: int) -> bytes:
    """The frames of a body, each with a window of at most 8 MiB (RFC 9659)."""
    decompressor = zstandard.ZstdDecompressor(max_window_size=2**23)
    reader, decoded = decompressor.stream_reader(body, read_across_frames=True), b""
    while len(decoded) < most and (part := reader.read(most - len(decoded))):
        decoded += part
    rest = body if len(decoded) < most else b""
    while rest:  # the reader does not distinguish a truncated frame from a complete one
        frame = decompressor.decompressobj()
        frame.decompress(rest)
        if not frame.eof:
            raise UndecodableError("the data ends unexpectedly")
        rest = frame.unused_data
    return decoded


DECODERS: dict[str, Callable[[bytes, int], bytes]] = {
    "gzip": _gunzip,
    "x-gzip": _gunzip,
    "deflate": _undeflate,
    "br": _unbrotli,
    "zstd": _unzstd,
}
"""The codings that are accepted for request bodies; each decoder produces at most the given number of bytes."""
