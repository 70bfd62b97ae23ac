"""The host: a process of one thread that holds the dataset, forks workers, and gives them questions.

It decides who is answered when, so that a query that takes long never keeps one that does not:

- A query is short until it has run for SHORT seconds; from then on it runs at the lowest priority, and has to have one
  of the places for long ones. Where none is free it may go on until another query wants its process: then it is set
  back, to start anew when there is a place. An answer that has begun is never set back, since it has a place.
- Of those that wait, the client with the fewest running comes first; of one client's, the newest: under load, who came
  long ago may well have gone, and what was set back is not cheap. Those that were set back come in their order.
- Where too many wait, the oldest of the client with the most is refused.
- Whatever has not been answered in its time is ended with its process. So is what nobody waits for any more.
"""

import gc
import json
import os
import selectors
import signal
import socket
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pyoxigraph import Store

from kg.engine import ENGINE, Dataset, load, open_files
from server.queries.frames import LENGTH, failure
from server.queries.limits import Limits
from server.queries.worker import DONE, IS_WHOLE, LEAVING, MAY_I, SHORT, work

PATIENCE = 10.0
"""How many seconds a query waits at most before it is refused."""

LOWEST = 19
"""The priority of what runs long (setpriority(2))."""

LONGEST_FRAME = 2**26
"""The longest question that is read."""


@dataclass(eq=False, slots=True)
class Query:
    """A question, the connection to who asks, and where it stands."""

    connection: socket.socket
    content: bytes
    client: str
    arrived: float
    deadline: float
    waits: float = field(init=False)
    worker: "Worker | None" = None
    started: float = 0.0
    is_long: bool = False
    """Whether it holds one of the places for long ones."""
    was_set_back: bool = False
    begun: bool = False
    """Whether its answer has begun, so that it cannot start anew."""
    asks: bool = False
    """Whether its answer wants to begin."""

    def __post_init__(self) -> None:
        self.waits = self.arrived + PATIENCE


@dataclass(eq=False, slots=True)
class Worker:
    """A process that answers, and the socket to it."""

    process: int
    channel: socket.socket
    query: Query | None = None
    is_slow: bool = False
    """Whether it runs at the lowest priority, from which it cannot come back."""


class Host:
    """Gives the questions that come to a socket to workers. Ends when `lifeline` does."""

    def __init__(self, listener: socket.socket, lifeline: int, open_store: Callable[[], Store], limits: Limits) -> None:
        self._listener, self._open_store, self._limits = listener, open_store, limits
        self._workers: list[Worker] = []
        self._waiting: list[Query] = []
        self._dying: set[int] = set()
        self._selector = selectors.DefaultSelector()
        self._listener.setblocking(False)
        self._selector.register(listener, selectors.EVENT_READ, self._accept)
        self._selector.register(lifeline, selectors.EVENT_READ, self._end)

    def run(self) -> None:
        """Serves until the lifeline ends."""
        while True:
            for key, _ in self._selector.select(self._pause()):
                if self._is_open(key.fileobj):
                    key.data()
            self._reap()
            self._look_at_the_time()
            self._give_out()

    def _is_open(self, source: Any) -> bool:
        """True unless something else that happened at the same time has closed it."""
        try:
            return bool(self._selector.get_key(source))
        except (KeyError, ValueError):
            return False

    def _pause(self) -> float | None:
        """How long there is nothing to do unless something comes, in seconds."""
        now = time.monotonic()
        times = [query.deadline for query in self._running()]
        times += [min(query.deadline, query.waits) for query in self._waiting]
        times += [query.started + SHORT for query in self._running() if query.worker and not query.worker.is_slow]
        times += [now + 0.05] if self._dying else []
        return max(0.0, min(times) - now) if times else None

    def _running(self) -> list[Query]:
        return [worker.query for worker in self._workers if worker.query]

    # ── Questions ────────────────────────────────────────────────────────────────────────────────────────────────

    def _accept(self) -> None:
        with suppress(BlockingIOError):
            connection, _ = self._listener.accept()
            connection.setblocking(False)
            buffer = bytearray()
            self._selector.register(connection, selectors.EVENT_READ, lambda: self._read(connection, buffer))

    def _read(self, connection: socket.socket, buffer: bytearray) -> None:
        """Reads more of a question; what is whole waits for its turn."""
        try:
            got = connection.recv(2**16)
        except BlockingIOError:
            return
        except ConnectionError:
            got = b""
        buffer += got
        length = LENGTH.unpack(buffer[: LENGTH.size])[0] if len(buffer) >= LENGTH.size else LONGEST_FRAME
        if not got or length > LONGEST_FRAME:
            self._forget(connection)
        elif len(buffer) >= LENGTH.size + length:
            connection.setblocking(True)  # for the worker, which shares it
            question = json.loads(buffer[LENGTH.size :])
            now = time.monotonic()
            query = Query(connection, bytes(buffer), question["client"], now, now + question["seconds"])
            self._selector.modify(connection, selectors.EVENT_READ, lambda: self._leave(query))
            self._waiting.append(query)
            if len(self._waiting) > self._limits.waiting + self._free():
                self._refuse()

    def _free(self) -> int:
        """How many more queries could run now."""
        return self._limits.running - len(self._running())

    def _refuse(self) -> None:
        """Refuses the oldest of the client with the most that wait."""
        most = Counter(query.client for query in self._waiting).most_common(1)[0][0]
        self._fail(min((q for q in self._waiting if q.client == most), key=lambda q: q.arrived), "busy")

    def _leave(self, query: Query) -> None:
        """Ends what nobody waits for any more."""
        if query.worker:
            self._kill(query.worker)
        self._drop(query)

    def _fail(self, query: Query, reason: str) -> None:
        """Tells who asks why there is no answer, and ends it; an answer that has begun is only cut."""
        if query.worker:
            self._kill(query.worker)
        if not query.begun:
            with suppress(OSError):
                query.connection.sendall(failure(reason))
        self._drop(query)

    def _drop(self, query: Query) -> None:
        if query in self._waiting:
            self._waiting.remove(query)
        if query.worker:
            query.worker.query = None
        self._forget(query.connection)

    def _forget(self, connection: socket.socket) -> None:
        self._selector.unregister(connection)
        connection.close()

    # ── Workers ──────────────────────────────────────────────────────────────────────────────────────────────────

    def _fork(self) -> Worker:
        """A new worker."""
        ours, theirs = socket.socketpair()
        process = os.fork()
        if process == 0:
            work(theirs, self._open_store, self._limits)
        theirs.close()
        worker = Worker(process, ours)
        self._workers.append(worker)
        self._selector.register(ours, selectors.EVENT_READ, lambda: self._hear(worker))
        return worker

    def _hear(self, worker: Worker) -> None:
        """What a worker says."""
        try:
            said = worker.channel.recv(1)
        except ConnectionError:
            said = b""
        query = worker.query
        if said == MAY_I and query:
            query.asks = True
        elif said == IS_WHOLE and query:
            self._begin(query)
        elif said == DONE and query:
            self._drop(query)
            if worker.is_slow:
                self._kill(worker)
        elif said == LEAVING:
            self._kill(worker)
        elif not said:
            reason = self._reason(worker)
            if query:
                query.worker = None
                self._fail(query, reason)

    def _reason(self, worker: Worker) -> str:
        """Why a worker ended by itself."""
        self._retire(worker)
        _, status = os.waitpid(worker.process, 0)
        code = os.waitstatus_to_exitcode(status)
        known = {-signal.SIGABRT: "memory", -signal.SIGSEGV: "nesting", -signal.SIGBUS: "nesting"}
        return known.get(code, "timeout" if code == -signal.SIGALRM else "fault")

    def _kill(self, worker: Worker) -> None:
        """Ends a worker at once."""
        with suppress(ProcessLookupError):
            os.kill(worker.process, signal.SIGKILL)
        self._dying.add(worker.process)
        self._retire(worker)

    def _retire(self, worker: Worker) -> None:
        self._workers.remove(worker)
        self._selector.unregister(worker.channel)
        worker.channel.close()

    def _reap(self) -> None:
        """Takes note of the workers that are dead."""
        self._dying = {process for process in self._dying if not os.waitpid(process, os.WNOHANG)[0]}

    def _end(self) -> None:
        for worker in self._workers:
            os.kill(worker.process, signal.SIGKILL)
        sys.exit(0)

    # ── Who is answered when ─────────────────────────────────────────────────────────────────────────────────────

    def _look_at_the_time(self) -> None:
        """Ends what is over its time; gives places to what has become long."""
        now = time.monotonic()
        for query in [*self._waiting, *self._running()]:
            if now >= query.deadline:
                self._fail(query, "timeout")
            elif query.worker is None and now >= query.waits:
                self._fail(query, "busy")
        for query in sorted(self._running(), key=lambda query: query.started):
            worker = query.worker
            assert worker is not None
            if now >= query.started + SHORT and not worker.is_slow:
                worker.is_slow = True
                with suppress(OSError):
                    os.setpriority(os.PRIO_PROCESS, worker.process, LOWEST)
            if (worker.is_slow or query.asks) and not query.is_long and self._long() < self._limits.long:
                query.is_long = True
            if query.asks and query.is_long:
                self._begin(query)

    @staticmethod
    def _begin(query: Query) -> None:
        """Lets an answer begin."""
        assert query.worker is not None
        query.asks, query.begun = False, True
        with suppress(OSError):  # it has just ended: its end will be heard
            query.worker.channel.send(b"!")

    def _long(self) -> int:
        """How many places for long queries are taken."""
        return sum(query.is_long for query in self._running())

    def _give_out(self) -> None:
        """Gives workers to what waits, as long as there are both."""
        while (query := self._next()) and (worker := self._idle()):
            self._waiting.remove(query)
            query.worker, query.started, query.is_long = worker, time.monotonic(), query.was_set_back
            worker.query = query
            try:
                socket.send_fds(worker.channel, [b"!"], [query.connection.fileno()])
                worker.channel.sendall(query.content)
            except OSError:  # it has just ended: its end will be heard
                continue

    def _next(self) -> Query | None:
        """The query whose turn it is."""
        running = Counter(query.client for query in self._running())
        new = [query for query in self._waiting if not query.was_set_back]
        if new:
            return min(new, key=lambda query: (running[query.client], -query.arrived))
        if self._long() < self._limits.long:
            return min(self._waiting, key=lambda query: (running[query.client], query.arrived), default=None)
        return None

    def _idle(self) -> Worker | None:
        """A worker without a question: an idle one, a new one, or that of a query that is set back."""
        idle = next((worker for worker in self._workers if not worker.query), None)
        if idle or len(self._workers) < self._limits.running:
            return idle or self._fork()
        now = time.monotonic()
        late = [q for q in self._running() if not q.is_long and now >= q.started + SHORT]
        if not late:
            return None
        query = max(late, key=lambda query: query.started)
        assert query.worker is not None
        self._kill(query.worker)
        query.worker, query.asks, query.was_set_back = None, False, True
        self._waiting.append(query)
        return self._fork()


def store_of(dataset: Dataset, limits: Limits) -> Callable[[], Store]:
    """How a worker comes to the store: it has the host's, or, where that is too large for memory, opens the files."""
    if dataset.manifest["counts"]["triples"] > limits.triples:
        directory = dataset.directory.parent / ENGINE / dataset.version
        open_files(directory)
        return lambda: open_files(directory)
    store = Store()
    load(store, dataset.directory)
    return lambda: store


def main() -> None:
    """`python -m server.queries.host LISTENER LIFELINE DATASET LIMITS`: descriptors, a directory, JSON."""
    listener, lifeline, directory, given = sys.argv[1:]
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who started this process ends it, by its lifeline
    limits = Limits(**{**(values := json.loads(given)), "services": tuple(values["services"])})
    open_store = store_of(Dataset.at(Path(directory)), limits)
    gc.freeze()  # what workers share is never written to
    Host(socket.socket(fileno=int(listener)), int(lifeline), open_store, limits).run()


if __name__ == "__main__":
    main()
