"""Frames: what goes over the sockets between client, host and worker.

A frame is its length, 4 bytes in network order, and so many bytes. A client sends one frame, a question as JSON. It
gets a frame with the head of the answer as JSON, then frames with its body, then one of no bytes: an answer without
that is not whole.
"""

import json
import socket
import struct
from typing import Any

LENGTH = struct.Struct("!I")


class BrokenError(Exception):
    """Raised where the other side ended before its frame did."""


def frame(content: bytes) -> bytes:
    """Some bytes as a frame."""
    return LENGTH.pack(len(content)) + content


def message(content: Any) -> bytes:
    """Something as JSON, as a frame."""
    return frame(json.dumps(content).encode())


def read_frame(connection: socket.socket) -> bytes:
    """The next frame; raises BrokenError."""
    return read_bytes(connection, LENGTH.unpack(read_bytes(connection, LENGTH.size))[0])


def read_bytes(connection: socket.socket, length: int) -> bytes:
    """So many bytes; raises BrokenError."""
    content = bytearray(length)
    view = memoryview(content)
    read = 0
    while read < length:
        got = connection.recv_into(view[read:])
        if not got:
            raise BrokenError
        read += got
    return bytes(content)


def failure(reason: str, **more: Any) -> bytes:
    """The whole answer to a question that has none: why not."""
    return message({"failure": reason, **more}) + frame(b"")
