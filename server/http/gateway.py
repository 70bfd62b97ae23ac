"""The gateway: connects the application to the HTTP server (ASGI 3), with the response cache in front of it.

Flask uses WSGI, which can neither abort a body so that the client notices, nor report that a client has disconnected.
The gateway does both: a body that fails ends without its last chunk (RFC 9112, 7.1), and a function that was passed to
`environ[ON_LEAVE]` is called when the client disconnects.
"""

import asyncio
import hashlib
import io
import logging
import re
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol
from urllib.parse import unquote_to_bytes
from wsgiref.types import WSGIApplication, WSGIEnvironment

from werkzeug.datastructures import Headers

from server.http import conditional as conditions
from server.http.events import EVENTS, MEDIA_TYPE, Events
from server.http.response_cache import CachedResponse, ResponseCache

ON_LEAVE = "server.on_leave"

REFUSED = "server.refused"
"""The environ key for an error in the framing of a request (RFC 9112), if any: the status of the response, and a
message."""

SERVED = "server.served"
"""The environ key for what the application serves to this request; the application may replace it by what is newer."""

Refusal = tuple[int, str]

PATIENCE = 10
"""Maximum time without data from a client before the body of its request is complete, in seconds."""

NEGOTIATED = (
    *("HTTP_ACCEPT", "HTTP_ACCEPT_ENCODING", "HTTP_ACCEPT_LANGUAGE", "HTTP_ACCEPT_PROFILE"),
    *("CONTENT_TYPE", "HTTP_CONTENT_ENCODING"),
    *("HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_HOST", "HTTP_X_FORWARDED_PREFIX", "HTTP_X_FORWARDED_PROTO"),
)
"""The request headers that affect the response, by their WSGI names."""

HOST = re.compile(rb"(\[[0-9A-Za-z:.%_~!$&'()*+,;=-]+\]|([0-9A-Za-z._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*)(:[0-9]*)?")
"""A valid Host header (RFC 9110, 7.2; RFC 3986, 3.2.2)."""

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class Served(Protocol):
    """What the application serves at some time."""

    @property
    def identity(self) -> str:
        """The text that distinguishes it from all others: an answer is cached for what has the same identity."""


class Client:
    """The client that waits for an answer."""

    def __init__(self) -> None:
        self._lock, self._gone = threading.Lock(), False
        self._actions: list[Callable[[], None]] = []

    def on_leave(self, action: Callable[[], None]) -> None:
        """Registers an action to run when the client disconnects, or at once if it already has."""
        with self._lock:
            self._actions.append(action)
            gone = self._gone
        if gone:
            action()

    def leave(self) -> None:
        """Runs the registered actions after the client has disconnected."""
        with self._lock:
            self._gone = True
            actions = [*self._actions]
        for action in actions:
            action()


class Gateway:
    """An ASGI application that runs a WSGI application, each request in a thread, and caches its public responses.

    `served` returns what the application serves now, which `environ[SERVED]` holds for the whole of a request. `most`
    is how many bytes of the body of a request are read; the application refuses what has more. `cut` is the exception
    that a body raises where it ends too early because of a limit or because its client has left, which is no fault.
    A response that is a stream of events continues with those of `events`.
    """

    def __init__(
        self,
        application: WSGIApplication,
        cache: ResponseCache,
        served: Callable[[], Served],
        threads: int,
        most: int,
        cut: type[Exception],
        events: Events,
    ) -> None:
        self._application, self._cache, self._served, self._most = application, cache, served, most
        self._cut, self._events = cut, events
        self._threads = ThreadPoolExecutor(threads)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await lifespan(receive, send)
        elif scope["type"] == "http":
            await self._answer(scope, receive, send)

    async def _answer(self, scope: Message, receive: Receive, send: Send) -> None:
        body, refusal = await read(receive, self._most + 1)
        environ, served = environment(scope, body), self._served()
        if fault := misframed(scope) or refusal:
            environ[REFUSED] = fault
        if scope["http_version"].startswith("1.") and (REFUSED in environ or "HTTP_TRANSFER_ENCODING" in environ):
            send = closing(send)
        if cached := self._cached(self._key(environ, body, served), environ):
            await reply(send, cached.status, cached.headers, b"" if scope["method"] == "HEAD" else cached.body)
            return
        client, loop = Client(), asyncio.get_running_loop()
        watch = loop.create_task(until_gone(receive, client))
        try:
            given = {**environ, ON_LEAVE: client.on_leave, SERVED: served, EVENTS: self._events}
            response = await loop.run_in_executor(self._threads, self._run, given)
            if isinstance(response, CachedResponse):
                await reply(send, response.status, response.headers, response.body)
                if scope["method"] != "HEAD":
                    self._threads.submit(self._put, self._key(environ, body, given[SERVED]), response)
            elif response[1].get("Content-Type") == MEDIA_TYPE:
                await self._follow(send, *response[:2], client)
            else:
                await self._stream(send, *response)
        finally:
            watch.cancel()

    def _cached(self, key: str, environ: WSGIEnvironment) -> CachedResponse | None:
        """The cached response to a request, if there is one and the application does not have to report an error."""
        cached = None if REFUSED in environ else self._cache.get(key)
        status = conditions.outcome(environ, Headers(cached.headers)) if cached else 412
        if cached and status == 304:
            _, headers, _ = run(conditions.DatedResponse(status=status, headers=cached.headers), environ)
            return CachedResponse(status, [*headers.items()], b"")
        return cached if status == 200 else None

    def _key(self, environ: WSGIEnvironment, body: bytes, served: Served) -> str:
        """A cache key for everything that a response depends on."""
        values = [environ.get(name, "\0").encode() for name in ("PATH_INFO", "QUERY_STRING", *NEGOTIATED)]
        method = "GET" if environ["REQUEST_METHOD"] == "HEAD" else environ["REQUEST_METHOD"]
        parts = [served.identity.encode(), method.encode(), *values, body]
        return hashlib.sha256(b"".join(b"%d:%b" % (len(part), part) for part in parts)).hexdigest()

    def _run(self, environ: WSGIEnvironment) -> "CachedResponse | tuple[int, Headers, Iterator[bytes]]":
        """The response of the application, whole or as a stream."""
        status, headers, body = run(self._application, environ)
        if status == 200 and "Content-Length" not in headers and environ["REQUEST_METHOD"] != "HEAD":
            return status, headers, body
        return CachedResponse(status, [*headers.items()], b"".join(body))

    def _put(self, key: str, response: CachedResponse) -> None:
        """Adds a whole response to the cache if it is public."""
        headers = Headers(response.headers)
        if response.status == 200 and "public" in headers.get("Cache-Control", "") and "Accept-Ranges" not in headers:
            self._cache.put(key, response)

    async def _stream(self, send: Send, status: int, headers: Headers, body: Iterator[bytes]) -> None:
        """Sends a body as a stream; if it fails, the last chunk is not sent."""
        await send({"type": "http.response.start", "status": status, "headers": encoded(headers.items())})
        loop = asyncio.get_running_loop()
        try:
            while (part := await loop.run_in_executor(self._threads, next, body, None)) is not None:
                await send({"type": "http.response.body", "body": part, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        except self._cut:
            logging.warning("an answer was cut short because it exceeded a limit or its client disconnected")
        finally:
            await loop.run_in_executor(self._threads, body.close)  # type: ignore[attr-defined]  # made by `parts`

    async def _follow(self, send: Send, status: int, headers: Headers, client: Client) -> None:
        """Sends the events as a stream, until the client has left."""
        await send({"type": "http.response.start", "status": status, "headers": encoded(headers.items())})

        def write(events: bytes) -> Awaitable[None]:
            return send({"type": "http.response.body", "body": events, "more_body": True})

        await self._events.stream(write, client.on_leave)
        await send({"type": "http.response.body", "body": b""})


async def lifespan(receive: Receive, send: Send) -> None:
    """Confirms the start and the end of the application (ASGI, lifespan)."""
    while (message := await receive())["type"] != "lifespan.shutdown":
        await send({"type": message["type"] + ".complete"})
    await send({"type": "lifespan.shutdown.complete"})


async def read(receive: Receive, most: int) -> tuple[bytes, Refusal | None]:
    """The body of a request, cut at `most` bytes, and the error if the body is incomplete."""
    body = b""
    while len(body) < most:
        try:
            message = await asyncio.wait_for(receive(), PATIENCE)
        except TimeoutError:
            return b"", (
                408,
                f"The body of the request is incomplete, and no more data arrived for {PATIENCE} seconds.",
            )
        if message["type"] == "http.disconnect":  # also sent for malformed chunks while the client is still connected
            return b"", (
                400,
                "The body of the request is incomplete, or its chunks are malformed (RFC 9112, section 7.1).",
            )
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    return body[:most], None


def closing(send: Send) -> Send:
    """Sends a response and closes the connection, for a request whose end is uncertain (RFC 9112, 6.1)."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message["headers"], (b"connection", b"close")]}
        await send(message)

    return sending


async def until_gone(receive: Receive, client: Client) -> None:
    """Waits until the client disconnects, and runs its actions."""
    while (await receive())["type"] != "http.disconnect":
        pass
    client.leave()


async def reply(send: Send, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
    """Sends a whole response."""
    await send({"type": "http.response.start", "status": status, "headers": encoded(headers)})
    await send({"type": "http.response.body", "body": body})


def encoded(headers: Any) -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]


def environment(scope: Message, body: bytes) -> WSGIEnvironment:
    """A request in the form of WSGI (PEP 3333)."""
    path = unquote_to_bytes(scope["raw_path"]) if scope["raw_path"] else scope["path"].encode()
    host, port = scope["server"] or ("localhost", 80)
    environ: WSGIEnvironment = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": path.decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "SERVER_NAME": host,
        "SERVER_PORT": str(port),
        "REMOTE_ADDR": scope["client"][0] if scope["client"] else "",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.input": io.BytesIO(body),
        "wsgi.input_terminated": True,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for name, value in scope["headers"]:
        if b"_" in name:  # in WSGI it would have the same name as a header with a hyphen
            continue
        variable = name.decode("latin-1").upper().replace("-", "_")
        key = variable if variable in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{variable}"
        given = value.decode("latin-1")
        environ[key] = f"{environ[key]},{given}" if key in environ else given
    return environ


def misframed(scope: Message) -> Refusal | None:
    """The error in the head of a request that the HTTP server does not detect, if any."""
    return wrong_length(scope) or wrong_host(scope)


def wrong_length(scope: Message) -> Refusal | None:
    """The error in the headers about the length of the body of a request (RFC 9112, 6.1 and 6.3), if any.

    The HTTP server removes a Content-Length beside Transfer-Encoding, which is allowed: the chunks determine the
    length.
    """
    given = [value.decode("latin-1") for name, value in scope["headers"] if name == b"transfer-encoding"]
    codings = [coding.strip().lower() for value in given for coding in value.split(",") if coding.strip()]
    if codings.count("chunked") > 1:
        return 400, "Transfer-Encoding must not contain chunked more than once."
    if unknown := [coding for coding in codings if coding != "chunked"]:
        return (
            501,
            f"chunked is the only supported Transfer-Encoding; this request also has {', '.join(unknown)[:80]!r}.",
        )
    return None


def wrong_host(scope: Message) -> Refusal | None:
    """The error in the Host header of a request (RFC 9112, 3.2), if any.

    The HTTP server adds an empty Host to a request without one. For HTTP/1.1 an empty Host is an error as well, because
    no http address has an empty host (RFC 9110, 4.2.1).
    """
    hosts = [value for name, value in scope["headers"] if name == b"host"]
    if len(hosts) > 1:
        return 400, f"A request must have exactly one Host header; this one has {len(hosts)}."
    if scope["http_version"] == "1.1" and not any(hosts):
        return 400, "An HTTP/1.1 request must have a Host header; this one has none, or an empty one."
    if hosts and not HOST.fullmatch(hosts[0]):
        return 400, f"Host must be the name of a host, with or without a port, not {hosts[0].decode('latin-1')!r}."
    return None


def run(application: WSGIApplication, environ: WSGIEnvironment) -> tuple[int, Headers, Iterator[bytes]]:
    """The status, the headers and the body of the response of a WSGI application."""
    started: list[Any] = []

    def start_response(status: str, headers: list[tuple[str, str]], _: Any = None) -> Callable[[bytes], object]:
        started[:] = [int(status.split()[0]), Headers(headers)]
        return lambda _: None

    body = parts(application(environ, start_response))
    return (*started, body)


def parts(body: Any) -> Iterator[bytes]:
    """The parts of a body, which is closed at the end."""
    try:
        yield from body
    finally:
        if hasattr(body, "close"):
            body.close()
