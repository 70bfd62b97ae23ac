"""Events: streams that tell clients what has changed (html.spec.whatwg.org, server-sent events).

An event replaces the earlier one with the same name. A new stream begins with the current events, so a client that
connects again misses nothing that matters. Streams need no threads.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

MEDIA_TYPE = "text/event-stream"

EVENTS = "server.events"
"""The environ key for the events of the server."""

HEARTBEAT = 15.0
"""Time in seconds after which a stream without events sends a comment, so that proxies keep the connection."""

MAX_STREAMS = 100
"""Maximum number of streams of a process."""


class Events:
    """The current events by name, and the open streams. Events may be published by any thread."""

    def __init__(self) -> None:
        self._current: dict[str, bytes] = {}
        self._streams: set[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = set()
        self._has_ended = False

    @property
    def is_full(self) -> bool:
        """True if there are as many streams as are allowed."""
        return len(self._streams) >= MAX_STREAMS

    @property
    def current(self) -> bytes:
        """The current events in the form of a stream."""
        return b"".join([*self._current.values()])

    def publish(self, name: str, data: Any) -> None:
        """Sends an event to all streams; its data is written as JSON."""
        event = f"event: {name}\ndata: {json.dumps(data)}\n\n".encode()
        self._current = {**self._current, name: event}
        self._wake()

    def end(self) -> None:
        """Ends all streams."""
        self._has_ended = True
        self._wake()

    def _wake(self) -> None:
        for loop, changed in [*self._streams]:
            with suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(changed.set)

    async def stream(
        self, write: Callable[[bytes], Awaitable[None]], on_leave: Callable[[Callable[[], None]], None]
    ) -> None:
        """Writes the current events and all later ones, until the client has left or the server ends.

        `on_leave` registers a function to call, in the event loop, when the client disconnects.
        """
        changed, left = asyncio.Event(), asyncio.Event()

        def leave() -> None:
            left.set()
            changed.set()

        on_leave(leave)
        entry = (asyncio.get_running_loop(), changed)
        self._streams.add(entry)
        sent: dict[str, bytes] = {}
        try:
            while not (self._has_ended or left.is_set()):
                changed.clear()
                current = self._current
                events = b"".join(event for name, event in current.items() if sent.get(name) != event)
                await write(events or b":\n\n")
                sent = current
                with suppress(TimeoutError):
                    await asyncio.wait_for(changed.wait(), HEARTBEAT)
        finally:
            self._streams.discard(entry)
