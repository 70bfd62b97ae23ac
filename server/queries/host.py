"""The host: a process of one thread that holds the dataset, forks workers, and gives them questions.

It decides who is answered when, so that a query that takes long never keeps one that does not:

- Nobody knows beforehand how long a query takes. So each gets a first turn, of a few thousandths of a second of
  processor time, before any gets a second one, of a tenth. A turn that is over goes on until another query wants the
  process: then the query is set back, to start anew in its next turn.
- What is not answered in its second turn is long. It runs at low priority, and in one of the places for long queries.
  An answer that has begun is never set back, since it has a place.
- Of those that wait for the same turn, the client with the fewest running comes first. Of one client's, the newest and
  the oldest take turns: so neither the first nor the last of a crowd waits for all of it.
- Where too many wait, the oldest of those that have had the most turns is refused, of the client with the most. A crowd
  of new ones may be four times as large.
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
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pyoxigraph import Store

from kg.dataset.layout import Dataset
from kg.dataset.opening import load
from kg.sparql.oxigraph import open_files
from server.queries.frames import LENGTH, failure
from server.queries.limits import Limits
from server.queries.worker import DONE, IS_WHOLE, LEAVING, MAY_I, OUT_OF_MEMORY, READY, Opener, work

PATIENCE = 10.0
"""How many seconds a query waits at most before it is refused."""

TURNS = (0.006, 0.1)
"""How many seconds of processor time the turns of a query have; what is not answered then is long."""

CROWD = 4
"""How many times as many may wait as long as none of them has been set back."""

GRACE = 0.05
"""How many seconds a query may go on when its connection has ended."""

LATER, LATEST = 5, 15
"""The priorities of workers (setpriority(2)): after the host and the web; of what runs long, a tenth of that."""

MAX_FRAME_BYTES = 2**26
"""Maximum length of a question that is read, in bytes."""

MAX_WORDS_BYTES = 2**12
"""Maximum number of bytes that are read of what a worker wrote before it ended."""

NO_MEMORY = "memory allocation of"
"""What the engine writes as it ends for want of memory; it ends in the same way where it has a fault."""


ENDS = {
    OUT_OF_MEMORY: "memory",
    -signal.SIGKILL: "memory",
    -signal.SIGSEGV: "nesting",
    -signal.SIGBUS: "nesting",
    -signal.SIGALRM: "timeout",
}
"""The reason for each exit code of a worker that ended by itself. SIGKILL then comes from the kernel, when the machine
has no memory left: a worker that the host kills is not looked up here."""


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
    turn: int = 0
    """Which turn it has, or waits for."""
    begun: bool = False
    """Whether its answer has begun, so that it cannot start anew."""
    asks: bool = False
    """Whether its answer wants to begin."""
    needs_new: bool = False
    """Whether it needs a worker that has answered nothing before, since it ended with one that had."""

    def __post_init__(self) -> None:
        self.waits = self.arrived + PATIENCE

    def left(self) -> float:
        """How many seconds of processor time are left of its turn; none if it only waits to be sent, or is long."""
        if self.worker is None or self.asks or self.turn == len(TURNS):
            return 0.0
        return TURNS[self.turn] - self.worker.used()


@dataclass(eq=False, slots=True)
class Worker:
    """A process that answers, and the socket to it."""

    process: int
    channel: socket.socket
    words: int
    """The descriptor to read what it has written to its standard error."""
    query: Query | None = None
    before: float = float("inf")
    """How many seconds it had had the processor for when its turn began; not yet, until it is ready."""
    is_slow: bool = False
    """Whether it runs at low priority."""
    is_new: bool = True
    """Whether it has answered nothing yet."""

    def begin(self) -> None:
        """Begins a turn."""
        self.before = 0.0
        self.before = self.used()

    def used(self) -> float:
        """How many seconds it has had the processor for, in its turn; all the time there is if it has ended."""
        try:
            return time.clock_gettime(~self.process << 3 | 2) - self.before  # as by clock_getcpuclockid(3)
        except OSError:
            return float("inf")


class Host:
    """Gives the questions that come to a socket to workers. Ends when `lifeline` does."""

    def __init__(self, listener: socket.socket, lifeline: int, open_store: Opener, limits: Limits) -> None:
        self._listener, self._open_store, self._limits = listener, open_store, limits
        self._workers: list[Worker] = []
        self._waiting: list[Query] = []
        self._dying: set[int] = set()
        self._newest = False
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
        times += [now + q.left() for q in self._running() if q.left() > 0]
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
        length = LENGTH.unpack(buffer[: LENGTH.size])[0] if len(buffer) >= LENGTH.size else MAX_FRAME_BYTES
        if not got or length > MAX_FRAME_BYTES:
            self._forget(connection)
        elif len(buffer) >= LENGTH.size + length:
            connection.setblocking(True)  # for the worker, which shares it
            question = json.loads(buffer[LENGTH.size :])
            now = time.monotonic()
            query = Query(connection, bytes(buffer), question["client"], now, now + question["seconds"])
            self._selector.modify(connection, selectors.EVENT_READ, lambda: self._leave(query))
            self._waiting.append(query)
            self._refuse()

    def _refuse(self) -> None:
        """Refuses one of those that wait, if they are too many."""
        late = [query for query in self._waiting if query.turn]
        room = self._limits.waiting if late else self._limits.waiting * CROWD
        if len(self._waiting) > room + self._limits.running - len(self._running()):
            latest = max(query.turn for query in self._waiting)
            latest_queries = [query for query in self._waiting if query.turn == latest]
            most = Counter(query.client for query in latest_queries).most_common(1)[0][0]
            self._fail(min((q for q in latest_queries if q.client == most), key=lambda q: q.arrived), "busy")

    def _leave(self, query: Query) -> None:
        """Ends what nobody waits for any more; its worker may just have sent all, and is about to say so."""
        if query.worker:
            self._selector.unregister(query.connection)
            query.deadline = min(query.deadline, time.monotonic() + GRACE)
        else:
            self._drop(query)

    def _fail(self, query: Query, reason: str, **more: str) -> None:
        """Tells who asks why there is no answer, and ends it; an answer that has begun is only cut."""
        if query.worker:
            self._kill(query.worker)
        if not query.begun:
            with suppress(OSError):
                query.connection.sendall(failure(reason, **more))
        self._drop(query)

    def _drop(self, query: Query) -> None:
        if query in self._waiting:
            self._waiting.remove(query)
        if query.worker:
            query.worker.query = None
        self._forget(query.connection)

    def _forget(self, connection: socket.socket) -> None:
        with suppress(KeyError):
            self._selector.unregister(connection)
        connection.close()

    # ── Workers ──────────────────────────────────────────────────────────────────────────────────────────────────

    def _fork(self) -> Worker:
        """A new worker."""
        ours, theirs = socket.socketpair()
        words, error = os.pipe2(os.O_NONBLOCK)  # what does not fit is lost
        process = os.fork()
        if process == 0:
            os.setpriority(os.PRIO_PROCESS, 0, LATER)
            work(theirs, error, self._open_store, self._limits)
        theirs.close()
        os.close(error)
        worker = Worker(process, ours, words)
        self._workers.append(worker)
        self._selector.register(ours, selectors.EVENT_READ, lambda: self._hear(worker))
        return worker

    def _hear(self, worker: Worker) -> None:
        """What a worker says."""
        try:
            signal_byte = worker.channel.recv(1)
        except ConnectionError:
            signal_byte = b""
        query = worker.query
        if signal_byte == MAY_I and query:
            query.asks = True
        elif signal_byte == IS_WHOLE and query:
            self._begin(query)
        elif signal_byte == READY:
            worker.begin()
        elif signal_byte == DONE and query:
            worker.is_new = False
            self._drop(query)
            if worker.is_slow:
                self._hasten(worker)
        elif signal_byte == LEAVING and query:
            self._drop(query)
            self._kill(worker)
        elif not signal_byte:
            reason, words = self._reason(worker)
            if query:
                self._end_without_answer(worker, query, reason, words)

    def _end_without_answer(self, worker: Worker, query: Query, reason: str, words: str) -> None:
        """Fails the query of a worker that has ended by itself.

        If the worker had answered other queries before, the memory that they used may be the reason. The query then
        starts again in a new worker, so that its answer does not depend on what others have asked.
        """
        query.worker = None
        if worker.is_new or query.begun:
            self._fail(query, reason, message=words)
        else:
            query.asks, query.needs_new = False, True
            query.waits = time.monotonic() + PATIENCE
            self._waiting.append(query)

    def _hasten(self, worker: Worker) -> None:
        """Gives a worker its priority back, which takes a privilege; else it is of no more use."""
        try:
            os.setpriority(os.PRIO_PROCESS, worker.process, LATER)
            worker.is_slow = False
        except OSError:
            self._kill(worker)

    def _reason(self, worker: Worker) -> tuple[str, str]:
        """Why a worker ended by itself, and what it wrote before."""
        words = ""
        with suppress(BlockingIOError):
            words = os.read(worker.words, MAX_WORDS_BYTES).decode(errors="replace")
        self._retire(worker)
        _, status = os.waitpid(worker.process, 0)
        code = os.waitstatus_to_exitcode(status)
        if code == -signal.SIGABRT and NO_MEMORY in words:
            return "memory", words
        return ENDS.get(code, "fault"), f"its worker ended with {code}: {words}"

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
        os.close(worker.words)

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
            if not worker.is_slow and worker.used() >= TURNS[-1]:
                worker.is_slow, query.turn = True, len(TURNS)
                with suppress(OSError):
                    os.setpriority(os.PRIO_PROCESS, worker.process, LATEST)
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
        while (query := self._next()) and (worker := self._idle(query)):
            self._waiting.remove(query)
            query.worker, query.started, query.is_long = worker, time.monotonic(), query.turn == len(TURNS)
            worker.query = query
            if worker.before != float("inf"):
                worker.begin()
            try:
                socket.send_fds(worker.channel, [b"!"], [query.connection.fileno()])
                worker.channel.sendall(query.content)
            except OSError:  # it has just ended: its end will be heard
                continue

    def _next(self) -> Query | None:
        """The query whose turn it is."""
        candidates = (
            self._waiting if self._long() < self._limits.long else [q for q in self._waiting if q.turn < len(TURNS)]
        )
        if not candidates:
            return None
        running = Counter(query.client for query in self._running())
        first = min((query.turn, running[query.client]) for query in candidates)
        alike = [query for query in candidates if (query.turn, running[query.client]) == first]
        self._newest = not self._newest
        choose = max if self._newest and not first[0] else min
        return choose(alike, key=lambda query: query.arrived)

    def _idle(self, next_query: Query) -> Worker | None:
        """A worker without a question, for one: an idle one, a new one, or that of a query that is set back."""
        idle = next((worker for worker in self._workers if not worker.query), None)
        if idle and next_query.needs_new and not idle.is_new:
            self._kill(idle)
            return self._fork()
        if idle or len(self._workers) < self._limits.running:
            return idle or self._fork()
        late = [query for query in self._running() if not query.is_long and query.left() <= 0]
        if not late:
            return None
        query = max(late, key=lambda query: (query.turn, query.started))
        assert query.worker is not None
        self._kill(query.worker)
        query.worker, query.asks, query.turn = None, False, min(query.turn + 1, len(TURNS))
        self._waiting.append(query)
        return self._fork()


def store_of(dataset: Dataset, limits: Limits) -> Opener:
    """How a worker comes to the store: it has the host's, or, where that is too large for memory, opens the files."""
    if dataset.manifest.counts.triples > limits.triples:
        directory = dataset.engine_files
        open_files(directory)
        files = len(os.listdir(directory))
        return lambda: (open_files(directory), files)
    store = Store()
    load(store, dataset.directory)
    return lambda: (store, 0)


def main() -> None:
    """`python -m server.queries.host LISTENER LIFELINE DATASET LIMITS`: descriptors, a directory, JSON."""
    listener, lifeline, directory, given = sys.argv[1:]
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # they may be sent to all processes of a server
        signal.signal(number, signal.SIG_IGN)  # who started this process ends it, by its lifeline
    limits = Limits(**{**(values := json.loads(given)), "services": tuple(values["services"])})
    open_store = store_of(Dataset.at(Path(directory)), limits)
    gc.freeze()  # what workers share is never written to
    Host(socket.socket(fileno=int(listener)), int(lifeline), open_store, limits).run()


if __name__ == "__main__":
    main()
