"""The client: sends a query to the host, and starts the host."""

import json
import os
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import weakref
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from kg.dataset.layout import Dataset
from kg.sparql.engine import Answer, CutError, UnansweredError, UntrustedQuery
from server.queries.frames import BrokenError, message, read_frame
from server.queries.limits import Limits

STACK = 512 * 2**20
"""Size of the stack for the engine in bytes; the engine is recursive, and a long query needs a large stack."""

HUGE_PAGES = "glibc.malloc.hugetlb=1"
"""Large memory pages for the dataset: a fork copies the page table, which is then five times shorter (malloc(3))."""

FAREWELL = 1.0
"""Seconds that a host has for terminating its workers and itself."""

AGAIN = 1.0
"""Seconds after which a failed host is restarted, and told again what it did not hear."""

ATTEMPTS = 5
"""Maximum number of times that a host that fails is told to take up a dataset."""


def ask(address: str, question: UntrustedQuery, on_leave: Callable[[Callable[[], None]], None]) -> Answer:
    """The answer to a query from the host at an address. Raises UnansweredError.

    `on_leave` registers a function to call if the client disconnects; the host then terminates the query.
    """
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.connect(address)
        on_leave(lambda: hang_up(connection))
        connection.sendall(message(question))
        head = json.loads(read_frame(connection))
        if "failure" in head:
            raise UnansweredError(head.pop("failure"), head)
        body = Body(connection)
        return Answer(head["form"], head["media"], b"".join(body) if head["whole"] else body)
    except (OSError, BrokenError, CutError) as error:
        connection.close()
        raise UnansweredError("fault", {"message": f"the query host does not respond: {error!r}"}) from error
    except UnansweredError:
        connection.close()
        raise


class Body:
    """The body of an answer as a stream from a connection, which it closes. Raises CutError if it is incomplete."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    def __iter__(self) -> "Body":
        return self

    def __next__(self) -> bytes:
        try:
            if content := read_frame(self._connection):
                return content
        except (OSError, BrokenError) as error:
            raise CutError from error
        self.close()
        raise StopIteration

    def close(self) -> None:
        self._connection.close()


def hang_up(connection: socket.socket) -> None:
    """Closes a connection, even while another thread reads from it."""
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


def tell(address: str, directory: Path) -> None:
    """Makes the host at an address take up a dataset, and waits until it has. Raises OSError if it cannot."""
    for attempt in range(ATTEMPTS):
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.connect(address)
                connection.sendall(message({"directory": str(directory)}))
                failure = json.loads(read_frame(connection)).get("failure")
        except (OSError, BrokenError) as error:
            failure = f"the query host does not respond: {error!r}"
            time.sleep(AGAIN * (attempt + 1 < ATTEMPTS))
        else:
            break
    if failure:
        raise OSError(failure)


class Queries:
    """Sends the queries of an application to a host: the one at an address, or its own, which it starts if needed."""

    def __init__(self, dataset: Dataset, limits: Limits, address: str | None = None) -> None:
        self._directory, self._limits, self._address = dataset.directory, limits, address
        self._lock = threading.Lock()
        self._own: HostProcess | None = None

    def ask(self, question: UntrustedQuery, on_leave: Callable[[Callable[[], None]], None]) -> Answer:
        """The answer to a query. Raises UnansweredError. `on_leave` registers an action for when the client leaves."""
        with self._lock:
            if self._address is None:
                self._own = HostProcess(self._directory, self._limits)
                self._address = self._own.address
        return ask(self._address, question, on_leave)

    def take_up(self, directory: Path) -> None:
        """Makes the host answer the queries that follow on another dataset. Raises OSError if it cannot."""
        with self._lock:
            if self._address is not None:
                tell(self._address, directory)
            self._directory = directory


class HostProcess:
    """A query host for the dataset in a directory: a process that is restarted if it fails and ends with this one."""

    def __init__(self, dataset: Path, limits: Limits) -> None:
        self.directory = directory = Path(tempfile.mkdtemp(prefix="kg-"))
        """The directory for what the processes of this run share; it is removed at the end."""
        self.address = str(directory / "queries")
        self.cache = directory / "cache"
        """The directory of the response cache of this run."""
        self.cache.mkdir()
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(self.address)
        listener.listen(1024)
        reading, writing = os.pipe()
        given = (str(listener.fileno()), str(reading), str(dataset), str(directory), json.dumps(limits.as_dict()))
        command = [sys.executable, "-m", "server.queries.host", *given]
        keeper = threading.Thread(target=keep, args=(command, listener, reading), daemon=True)
        keeper.start()
        self.close = weakref.finalize(self, end, writing, directory, keeper)
        """Ends the host."""


def end(lifeline: int, directory: Path, keeper: threading.Thread) -> None:
    """Ends the host at the other end of a pipe, and waits for it, but not for a host that is still starting."""
    os.close(lifeline)
    keeper.join(FAREWELL)
    shutil.rmtree(directory, ignore_errors=True)


def keep(command: list[str], listener: socket.socket, lifeline: int) -> None:
    """Runs a host and restarts it if it fails; meanwhile, connections wait at the listener."""
    while start(command, (listener.fileno(), lifeline)).wait():
        time.sleep(AGAIN)
    listener.close()
    os.close(lifeline)


def start(command: list[str], descriptors: tuple[int, ...]) -> subprocess.Popen[bytes]:
    """Starts a process with a large stack and large memory pages."""
    soft, hard = resource.getrlimit(resource.RLIMIT_STACK)
    room = STACK if hard == resource.RLIM_INFINITY else min(STACK, hard)
    resource.setrlimit(resource.RLIMIT_STACK, (room, hard))
    try:
        return subprocess.Popen(  # noqa: S603  # our own module
            command,
            pass_fds=descriptors,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            env={**os.environ, "GLIBC_TUNABLES": HUGE_PAGES, "RUST_BACKTRACE": "0"},
        )
    finally:
        resource.setrlimit(resource.RLIMIT_STACK, (soft, hard))
