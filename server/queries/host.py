"""The host: a process with one thread that holds the dataset, forks workers, and assigns queries to them.

It schedules queries so that a long query never blocks a short one:

- The duration of a query is not known in advance. Each query first gets a turn of a few thousandths of a second of
  processor time; a second turn, of a tenth of a second, comes only after the first turns of all others. A query may
  exceed its turn until another query needs the process; then it is stopped, and starts again in its next turn.
- A query that is not answered in its second turn is long. It runs at low priority, in one of the places for long
  queries. A query whose answer has begun is never stopped, because it has a place.
- Of the queries that wait for the same turn, those of the client with the fewest running queries come first. Of the
  queries of one client, the newest and the oldest are chosen alternately, so that neither waits for all the others.
- If too many queries wait, the oldest of those with the most turns is refused, of the client with the most of them.
  Four times as many queries may wait if all of them are new.
- A query that exceeds its time is terminated with its process, and so is a query whose client has disconnected.

The host takes up another version of the dataset between two forks. A child process finds the difference of the two
versions, and the host applies it to its store in small batches; until all is applied, it forks no worker. Running
queries end on the version with which they began, because their workers have their own copies of the memory pages.
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
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kg.dataset.layout import Dataset, NoDatasetError
from server.holder import Holder
from server.queries.frames import LENGTH, failure, message
from server.queries.holding import Difference, Holding
from server.queries.limits import Limits
from server.queries.worker import DONE, IS_WHOLE, LEAVING, MAY_I, OUT_OF_MEMORY, READY, work

PATIENCE = 10.0
"""Maximum time in seconds that a query waits before it is refused."""

TURNS = (0.006, 0.1)
"""The processor time of each turn of a query in seconds; a query that needs more is long."""

CROWD = 4
"""The factor by which more queries may wait as long as none of them has been stopped."""

GRACE = 0.05
"""The time in seconds that a query may continue after its connection has ended."""

LATER, LATEST = 5, 15
"""The priorities of workers (setpriority(2)), below those of the host and the web; a long query gets a tenth of the
time."""

MAX_FRAME_BYTES = 2**26
"""Maximum length of a query that is read, in bytes."""

MAX_WORDS_BYTES = 2**12
"""Maximum number of bytes that are read from the standard error of a worker that has ended."""

NO_MEMORY = "memory allocation of"
"""The engine's message if memory runs out; it ends with the same exit code for internal errors."""


ENDS = {
    OUT_OF_MEMORY: "memory",
    -signal.SIGKILL: "memory",
    -signal.SIGSEGV: "nesting",
    -signal.SIGBUS: "nesting",
    -signal.SIGALRM: "timeout",
}
"""The reason for each exit code of a worker that ended by itself. SIGKILL comes from the kernel if the machine has no
memory left; workers that the host kills are not looked up here."""


@dataclass(eq=False, slots=True)
class Query:
    """A query, the connection of its client, and its state."""

    connection: socket.socket
    content: bytes
    version: str
    client: str
    arrived: float
    deadline: float
    waits: float = field(init=False)
    worker: "Worker | None" = None
    started: float = 0.0
    is_long: bool = False
    """Whether it has one of the places for long queries."""
    turn: int = 0
    """The turn that it has or waits for."""
    begun: bool = False
    """Whether its answer has begun, so that it cannot start again."""
    asks: bool = False
    """Whether its answer is ready to begin."""
    needs_new: bool = False
    """Whether it needs a worker that has not answered any query, because it failed in one that had."""

    def __post_init__(self) -> None:
        self.waits = self.arrived + PATIENCE

    def left(self) -> float:
        """The remaining processor time of its turn in seconds; 0 if it waits to be sent, or is long."""
        if self.worker is None or self.asks or self.turn == len(TURNS):
            return 0.0
        return TURNS[self.turn] - self.worker.used()


@dataclass(eq=False, slots=True)
class Worker:
    """A worker process, and the socket to it."""

    process: int
    channel: socket.socket
    words: int
    """The descriptor for reading its standard error."""
    version: str
    """The version that it holds."""
    query: Query | None = None
    before: float = float("inf")
    """The processor time in seconds at the start of its turn; infinite until it is ready."""
    is_slow: bool = False
    """Whether it runs at low priority."""
    is_new: bool = True
    """Whether it has not answered any query yet."""

    def begin(self) -> None:
        """Starts a turn."""
        self.before = 0.0
        self.before = self.used()

    def used(self) -> float:
        """The processor time of its turn in seconds; infinite if the process has ended."""
        try:
            return time.clock_gettime(~self.process << 3 | 2) - self.before  # computed as by clock_getcpuclockid(3)
        except OSError:
            return float("inf")


class Host:
    """Assigns the queries that arrive at a socket to workers. Ends when `lifeline` ends."""

    def __init__(self, listener: socket.socket, lifeline: int, holding: Holding, limits: Limits) -> None:
        self._listener, self._holding, self._limits = listener, holding, limits
        self._workers: list[Worker] = []
        self._waiting: list[Query] = []
        self._dying: set[int] = set()
        self._newest = False
        self._orders: list[tuple[socket.socket, Dataset]] = []
        self._difference: Difference | None = None
        self._steps: Iterator[None] | None = None
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
            self._change()
            self._look_at_the_time()
            self._give_out()

    def _is_open(self, source: Any) -> bool:
        """True unless another event of the same iteration has closed it."""
        try:
            return bool(self._selector.get_key(source))
        except (KeyError, ValueError):
            return False

    def _pause(self) -> float | None:
        """The time in seconds until the next action that does not depend on an event; None if there is none."""
        now = time.monotonic()
        if self._steps is not None or (self._orders and self._difference is None):
            return 0.0
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
        """Reads more of a query; a complete query waits for its turn."""
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
            connection.setblocking(True)  # as the worker, which shares it, requires
            question = json.loads(buffer[LENGTH.size :])
            if "directory" in question:
                self._hear_of(connection, Path(question["directory"]))
                return
            now = time.monotonic()
            seconds = question["seconds"]
            query = Query(connection, bytes(buffer), question["version"], question["client"], now, now + seconds)
            self._selector.modify(connection, selectors.EVENT_READ, lambda: self._leave(query))
            self._waiting.append(query)
            self._refuse()

    def _refuse(self) -> None:
        """Refuses one of the waiting queries if there are too many."""
        late = [query for query in self._waiting if query.turn]
        room = self._limits.waiting if late else self._limits.waiting * CROWD
        if len(self._waiting) > room + self._limits.running - len(self._running()):
            latest = max(query.turn for query in self._waiting)
            latest_queries = [query for query in self._waiting if query.turn == latest]
            most = Counter(query.client for query in latest_queries).most_common(1)[0][0]
            self._fail(min((q for q in latest_queries if q.client == most), key=lambda q: q.arrived), "busy")

    def _leave(self, query: Query) -> None:
        """Ends a query whose client has left; its worker may just have sent the answer without having reported it."""
        if query.worker:
            self._selector.unregister(query.connection)
            query.deadline = min(query.deadline, time.monotonic() + GRACE)
        else:
            self._drop(query)

    def _fail(self, query: Query, reason: str, **more: str) -> None:
        """Sends the reason of a failure to the client and ends the query; an answer that has begun is only cut off."""
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

    # ── Versions ─────────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def _version(self) -> str:
        """The identity of the dataset that the host holds."""
        return self._holding.dataset.identity

    def _hear_of(self, connection: socket.socket, directory: Path) -> None:
        """Handles the order to take up the dataset in a directory; orders are followed one after the other."""
        self._selector.unregister(connection)
        try:
            self._orders.append((connection, Dataset.at(directory)))
        except NoDatasetError as error:
            confirm(connection, str(error))

    def _change(self) -> None:
        """Takes the next step to the version of the first order."""
        if self._steps is not None:
            if next(self._steps, self) is self:
                self._steps = None
                self._end_order()
        elif self._orders and self._difference is None:
            dataset = self._orders[0][1]
            if dataset.identity == self._version:
                self._end_order()
                return
            try:
                self._difference = self._holding.difference(dataset)
            except OSError as error:
                self._end_order(str(error))
                return
            if self._difference is None:
                self._holding.move(dataset)
                self._end_order()
            else:
                self._selector.register(self._difference.report, selectors.EVENT_READ, self._apply)

    def _apply(self) -> None:
        """Begins to apply a difference that has been found."""
        assert self._difference is not None
        self._selector.unregister(self._difference.report)
        found, self._difference = self._difference, None
        try:
            found.check()
        except NoDatasetError as error:
            self._end_order(str(error))
        else:
            self._steps = self._holding.apply(found)

    def _end_order(self, reason: str | None = None) -> None:
        """Confirms that the first order has been followed, or gives the reason why it cannot be."""
        connection, _ = self._orders.pop(0)
        confirm(connection, reason)
        for worker in [worker for worker in self._workers if not worker.query and worker.version != self._version]:
            self._kill(worker)

    # ── Workers ──────────────────────────────────────────────────────────────────────────────────────────────────

    def _fork(self) -> Worker:
        """Forks a new worker."""
        ours, theirs = socket.socketpair()
        words, error = os.pipe2(os.O_NONBLOCK)  # excess output is lost
        process = os.fork()
        if process == 0:
            os.setpriority(os.PRIO_PROCESS, 0, LATER)
            work(theirs, error, self._holding.open, self._limits)
        theirs.close()
        os.close(error)
        worker = Worker(process, ours, words, self._version)
        self._workers.append(worker)
        self._selector.register(ours, selectors.EVENT_READ, lambda: self._hear(worker))
        return worker

    def _hear(self, worker: Worker) -> None:
        """Handles a message of a worker."""
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
            if worker.version != self._version:
                self._kill(worker)
            elif worker.is_slow:
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
        starts again in a new worker, so that its answer does not depend on earlier queries.
        """
        query.worker = None
        if worker.is_new or query.begun:
            self._fail(query, reason, message=words)
        else:
            query.asks, query.needs_new = False, True
            query.waits = time.monotonic() + PATIENCE
            self._waiting.append(query)

    def _hasten(self, worker: Worker) -> None:
        """Restores the priority of a worker, which requires a privilege; without it, the worker is terminated."""
        try:
            os.setpriority(os.PRIO_PROCESS, worker.process, LATER)
            worker.is_slow = False
        except OSError:
            self._kill(worker)

    def _reason(self, worker: Worker) -> tuple[str, str]:
        """The reason why a worker ended by itself, and its last output."""
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
        """Terminates a worker immediately."""
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
        """Collects the exit statuses of terminated workers."""
        self._dying = {process for process in self._dying if not os.waitpid(process, os.WNOHANG)[0]}

    def _end(self) -> None:
        for worker in self._workers:
            os.kill(worker.process, signal.SIGKILL)
        sys.exit(0)

    # ── Scheduling ───────────────────────────────────────────────────────────────────────────────────────────────

    def _look_at_the_time(self) -> None:
        """Ends queries that exceed their time, and assigns places to queries that have become long."""
        now = time.monotonic()
        for query in [*self._waiting, *self._running()]:
            if query.worker is None and query.version != self._version and self._steps is None:
                self._fail(query, "version")
            elif now >= query.deadline:
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
        """Allows an answer to begin."""
        assert query.worker is not None
        query.asks, query.begun = False, True
        with suppress(OSError):  # it has just ended, which is handled later
            query.worker.channel.send(b"!")

    def _long(self) -> int:
        """The number of occupied places for long queries."""
        return sum(query.is_long for query in self._running())

    def _give_out(self) -> None:
        """Assigns waiting queries to workers, as long as there are both."""
        while (query := self._next()) and (worker := self._idle(query)):
            self._waiting.remove(query)
            query.worker, query.started, query.is_long = worker, time.monotonic(), query.turn == len(TURNS)
            worker.query = query
            if worker.before != float("inf"):
                worker.begin()
            try:
                socket.send_fds(worker.channel, [b"!"], [query.connection.fileno()])
                worker.channel.sendall(query.content)
            except OSError:  # it has just ended, which is handled later
                continue

    def _next(self) -> Query | None:
        """The next query to run."""
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
        """A worker for a query: an idle one, a new one, or a new one in place of that of a stopped query."""
        idle = next((w for w in self._workers if not w.query and w.version == next_query.version), None)
        if self._steps is not None:
            return idle
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


def confirm(connection: socket.socket, reason: str | None) -> None:
    """Sends the outcome of an order: the reason why it was not followed, if there is one."""
    with connection, suppress(OSError):
        connection.sendall(message({"failure": reason}))


def main() -> None:
    """`python -m server.queries.host LISTENER LIFELINE DATASET PLACE LIMITS`: descriptors, directories, and JSON.

    PLACE is the directory in which the files of the dataset are held.
    """
    listener, lifeline, directory, place, given = sys.argv[1:]
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # a server may send them to all processes
        signal.signal(number, signal.SIG_IGN)  # the lifeline ends this process instead
    limits = Limits(**{**(values := json.loads(given)), "services": tuple(values["services"])})
    holding = Holding(Dataset.at_or_current(Path(directory)), limits.triples, Holder(Path(place)))
    gc.freeze()  # else the collector writes to the memory that workers share
    Host(socket.socket(fileno=int(listener)), int(lifeline), holding, limits).run()


if __name__ == "__main__":
    main()
