"""The framing of requests (RFC 9112, 6): what is wrong in it is told, never a fault, and nobody waits for ever."""

import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import pytest

from server.http import gateway
from tests.waiting import PATIENCE

BODY = b"query=ASK%7B%7D"
CHUNKED = b"f\r\n" + BODY + b"\r\n0\r\n\r\n"
TARGETS = {"POST": "/sparql", "GET": "/sparql?query=ASK%7B%7D"}


def answer(url: str, method: str, lines: list[str], body: bytes, version: str = "1.1", then: bytes = b"") -> bytes:
    """All that a server says to a request, on a connection that the client leaves open."""
    form = ["Content-Type: application/x-www-form-urlencoded"] if method == "POST" else []
    head = "\r\n".join([f"{method} {TARGETS[method]} HTTP/{version}", "Host: localhost", *form, *lines, "", ""])
    with socket.create_connection(("127.0.0.1", urlsplit(url).port or 0), timeout=PATIENCE) as connection:
        connection.sendall(head.encode() + body + then)
        return b"".join(iter(lambda: connection.recv(2**16), b""))


LENGTHS = ["-1", "+15", "abc", "", "0xf", "15.0", "1_5", "1 5", "15, 3", "15;", "٣", "9" * 40]


@pytest.mark.parametrize("method", TARGETS)
@pytest.mark.parametrize("length", LENGTHS)
def test_a_content_length_that_is_none_is_400(length: str, method: str, served: str) -> None:
    assert answer(served, method, [f"Content-Length: {length}"], BODY).startswith(b"HTTP/1.1 400 ")


CODINGS = {
    "chunked, chunked": 400,
    "chunked\r\nTransfer-Encoding: chunked": 400,
    "gzip": 400,
    "chunked, gzip": 400,
    "identity": 400,
    "xchunked": 400,
    "chunked;q=1": 400,
    '"chunked"': 400,
    "": 400,
    "\r\n chunked": 400,
    "gzip, chunked": 501,
    "gzip\r\nTransfer-Encoding: chunked": 501,
    "deflate, x, chunked": 501,
}


@pytest.mark.parametrize("method", TARGETS)
@pytest.mark.parametrize("coding", CODINGS)
def test_a_transfer_coding_that_is_not_chunked_alone_is_refused(coding: str, method: str, served: str) -> None:
    found = answer(served, method, [f"Transfer-Encoding: {coding}"], CHUNKED)
    assert found.startswith(f"HTTP/1.1 {CODINGS[coding]} ".encode())
    assert found.count(b"HTTP/1.1 ") == 1


HEADS = [
    *(["Content-Length: 15", "Content-Length: 3"], ["X-A: b\r\n c"], [" X-A: b"], ["X A: b"], ["X-A"], [": b"]),
    *(["Transfer-Encoding : chunked"], ["X-A: a\0b"]),
]


@pytest.mark.parametrize("method", TARGETS)
@pytest.mark.parametrize("lines", HEADS)
def test_a_head_with_wrong_lines_is_400(lines: list[str], method: str, served: str) -> None:
    assert answer(served, method, [*lines, "Connection: close"], BODY).startswith(b"HTTP/1.1 400 ")


CHUNKS = {
    "no number": b"zz\r\n" + BODY,
    "a negative number": b"-1\r\n" + BODY,
    "a prefix": b"0xf\r\n" + BODY,
    "a size that is too small": b"3\r\n" + BODY + b"\r\n0\r\n\r\n",
    "a size beyond all bounds": b"f" * 20 + b"\r\n" + BODY,
    "line feeds alone": b"f\n" + BODY + b"\n0\n\n",
    "no size": b"\r\n" + BODY,
    "no chunks": BODY,
}


@pytest.mark.parametrize("method", TARGETS)
@pytest.mark.parametrize("chunks", CHUNKS)
@pytest.mark.parametrize("length", [[], ["Content-Length: 15"]])
def test_chunks_that_are_none_are_400(length: list[str], chunks: str, method: str, served: str) -> None:
    found = answer(served, method, ["Transfer-Encoding: chunked", *length], CHUNKS[chunks])
    assert found.startswith(b"HTTP/1.1 400 ")
    assert b"application/problem+json" in found


@pytest.mark.parametrize("method", TARGETS)
@pytest.mark.parametrize("lines", [["Content-Length: 3", "Transfer-Encoding: chunked"],
                                   ["Transfer-Encoding: chunked", "Content-Length: 3"]])  # fmt: skip
def test_chunks_go_before_a_length_and_end_the_connection(lines: list[str], method: str, served: str) -> None:
    smuggled = b"GET /status HTTP/1.1\r\nHost: localhost\r\n\r\n"
    found = answer(served, method, lines, CHUNKED, then=smuggled)
    assert found.startswith(b"HTTP/1.1 200 ")
    assert found.count(b"HTTP/1.1 ") == 1


@pytest.mark.parametrize("lines", [["Transfer-Encoding: Chunked"], ["Content-Length: 015"]])
def test_what_is_unusual_and_right_is_answered(lines: list[str], served: str) -> None:
    body = CHUNKED if "Chunked" in lines[0] else BODY
    assert answer(served, "POST", [*lines, "Connection: close"], body).startswith(b"HTTP/1.1 200 ")
    extended = b"f;a=b\r\n" + BODY + b"\r\n0\r\nX: trailer\r\n\r\n"
    assert answer(served, "POST", ["Transfer-Encoding: chunked"], extended).startswith(b"HTTP/1.1 200 ")


def test_chunked_by_http_1_0_is_400(served: str) -> None:
    assert b" 400 " in answer(served, "POST", ["Transfer-Encoding: chunked"], CHUNKED, version="1.0")[:13]


def test_a_body_that_stops_coming_is_408(monkeypatch: pytest.MonkeyPatch) -> None:
    messages: list[dict[str, Any]] = [{"type": "http.request", "body": b"query=", "more_body": True}]

    async def receive() -> dict[str, Any]:
        return messages.pop() if messages else await asyncio.Future()

    monkeypatch.setattr(gateway, "PATIENCE", 0.01)
    with ThreadPoolExecutor(1) as thread:  # the browser of other tests has its event loop in this one
        body, refusal = thread.submit(lambda: asyncio.run(gateway.read(receive, 100))).result()
    assert (body, refusal and refusal[0]) == (b"", 408)
