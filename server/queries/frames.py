"""Frames: the messages over the sockets between client, host and worker.

A frame is its length, 4 bytes in network order, followed by that number of bytes. A client sends one frame, a query as
JSON. It receives a frame with the head of the answer as JSON, frames with its body, and an empty frame; without the
empty frame, an answer is incomplete.
"""

import json
import socket
import struct
from typing import Any

LENGTH = struct.Struct("!I")


class BrokenError(Exception):
    """Raised if the other side ended before its frame was complete."""


def frame(content: bytes) -> bytes:
    """Bytes as a frame."""
    return LENGTH.pack(len(content)) + content


def message(content: Any) -> bytes:
    """A JSON value as a frame."""
    return frame(json.dumps(content).encode())


def read_frame(connection: socket.socket) -> bytes:
    """The next frame. Raises BrokenError."""
    return read_bytes(connection, LENGTH.unpack(read_bytes(connection, LENGTH.size))[0])


def read_bytes(connection: socket.socket, length: int) -> bytes:
    """The given number of bytes. Raises BrokenError."""
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
    """The complete answer to a query that failed: the reason."""
    return message({"failure": reason, **more}) + frame(b"")
