"""Untrusted queries: forty hostile ones at once with two hundred expensive ones, on a real server of the real graph."""

import http.client
import json
import os
import select
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest
import yaml

from tests.serving import serving
from tests.waiting import PATIENCE

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent
SECONDS = 10
"""The limit of time that hostile and expensive queries ask for; the server's own is one that no test reaches."""

PAUSE = 0.02
"""How many seconds pass between two looks at what is waited for."""

MEMORY = 128 * 2**20
"""The limit of memory for a query here."""

DATASET = 300 * 2**20
"""More than the host and each of the web processes need for the real graph."""

TEXTS = {
    "${LONG}": "x" * 20_000,
    "${DEEP}": "(" * 3000,
    "${PEED}": ")" * 3000,
    "${OPEN}": "{" * 3000,
    "${SHUT}": "}" * 3000,
    "${ROUND}": "(" * 3000 + "1" + ")" * 3000,
    "${NOT}": "!" * 90_000,
    "${SUM}": "1+" * 30_000,
    "${STEPS}": "<x:y>/" * 10_000,
    "${OR}": "false||" * 10_000,
}
MAX_PROCESSES = 1 + 2 + 1 + 1 + 6
"""What serves: the first process, those for the web, what starts them, the host of queries, and its workers."""

CHEAP = "SELECT ?s { ?s a ?class } LIMIT 1"

EXPENSIVE = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }"
"""A query that takes longer than any test: its end is that of a limit, or that of its client."""

REACHING_OUT = ("service", "silent service", "service of a variable", "service behind a comment", "service in escapes")


def hostile(canary: str) -> dict[str, str]:
    """The hostile queries by name."""
    queries: dict[str, str] = yaml.safe_load((HERE / "hostile.yaml").read_text(encoding="utf-8"))
    for name, meant in {**TEXTS, "$CANARY": canary}.items():
        queries = {key: query.replace(name, meant) for key, query in queries.items()}
    return queries


def ask(url: str, query: str, **parameters: object) -> tuple[int | None, str]:
    """The status of an answer, None for one that was cut short, and its end."""
    with closing(http.client.HTTPConnection(urlsplit(url).netloc, timeout=PATIENCE)) as connection:
        headers = {"Content-Type": "application/sparql-query"}
        connection.request("POST", f"/sparql?{urlencode(parameters)}", query, headers)
        response = connection.getresponse()
        end = b""
        try:
            while part := response.read(2**16):
                end = (end + part)[-2000:]
        except http.client.IncompleteRead:
            return None, ""
    return response.status, end.decode(errors="replace")


@contextmanager
def canary() -> Iterator[tuple[str, list[object]]]:
    """An address on this machine, and the list of those who called it."""
    callers: list[object] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.1)
        over = threading.Event()

        def listen() -> None:
            while not over.is_set():
                try:
                    connection, caller = listener.accept()
                except TimeoutError:
                    continue
                connection.close()
                callers.append(caller)

        thread = threading.Thread(target=listen)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/", callers
        over.set()
        thread.join()


@dataclass(frozen=True, slots=True)
class Server:
    """A server: its address, and its first process."""

    url: str
    process: int

    def connect(self) -> socket.socket:
        """A connection to the server."""
        return socket.create_connection(("127.0.0.1", urlsplit(self.url).port or 0))

    def memory(self) -> dict[int, int]:
        """The bytes of memory of each process of the server: what it has for itself, and its share of the rest."""
        parents, texts = {}, {}
        for directory in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                parents[int(directory.name)] = int((directory / "stat").read_text().rpartition(")")[2].split()[1])
                texts[int(directory.name)] = (directory / "smaps_rollup").read_text()
        tree = {self.process}
        while more := {process for process, parent in parents.items() if parent in tree} - tree:
            tree |= more
        return {p: int(texts[p].split("Pss:")[1].split()[0]) * 1024 for p in tree if "Pss:" in texts.get(p, "")}

    def workers(self) -> set[int]:
        """The workers of the host of queries."""
        return {process for process in self.memory() if is_worker(process)}

    def workers_at_work(self) -> set[int]:
        """The workers of the host of queries that work now."""
        return {process for process in self.working() if is_worker(process)}

    def working(self) -> set[int]:
        """The processes of the server that work now: they run, or want to, however seldom they get the processor."""
        found = set(self.memory())
        for _ in range(5):
            found = {process for process in found if state(process) in ("R", "D")}
            time.sleep(0.02)
        return found


@pytest.fixture(scope="module")
def server(real: Path) -> Iterator[Server]:
    limits = ("--max-query-seconds", 10 * PATIENCE, "--max-query-memory", MEMORY)
    with serving("--published", real, *limits) as (url, process):
        yield Server(url, process)


def test_forty_queries_are_collected() -> None:
    assert len(hostile("")) == 40


@pytest.fixture(scope="module")
def storm(server: Server) -> dict[str, object]:
    """What happened while all hostile and expensive queries were asked at once."""
    answers: dict[str, Future[tuple[int | None, str]]] = {}
    memory = []
    with canary() as (address, callers), ThreadPoolExecutor(250) as pool:
        for name, query in hostile(address).items():
            answers[name] = pool.submit(ask, server.url, query, timeout=SECONDS)
        for number in range(200):
            answers[f"expensive {number}"] = pool.submit(ask, server.url, f"{EXPENSIVE} # {number}", timeout=SECONDS)
        while not all(answer.done() for answer in answers.values()):
            memory.append(sum(server.memory().values()))
            time.sleep(0.05)
    return {"answers": {n: a.result() for n, a in answers.items()}, "memory": memory, "called": callers}


def test_every_answer_comes_to_an_end_without_a_fault(storm: dict[str, dict[str, tuple[int | None, str]]]) -> None:
    assert len(storm["answers"]) == 240
    assert {n: s for n, s in storm["answers"].items() if s[0] not in (None, 200, 400, 403, 503)} == {}


def test_what_is_expensive_is_ended_by_a_limit(storm: dict[str, dict[str, tuple[int | None, str]]]) -> None:
    expensive = [answer for name, answer in storm["answers"].items() if name.startswith("expensive")]
    assert {status for status, _ in expensive} == {503}
    reasons = {json.loads(end)["type"].rpartition("-")[2] for _, end in expensive}
    assert "timeout" in reasons
    assert reasons <= {"busy", "timeout"}


def test_memory_stays_within_what_is_stated(storm: dict[str, list[int]]) -> None:
    assert max(storm["memory"]) < 4 * DATASET + 6 * MEMORY


def test_nobody_is_called(storm: dict[str, list[object]]) -> None:
    assert storm["called"] == []


def test_what_reaches_out_is_refused(server: Server) -> None:
    queries = hostile("http://127.0.0.1:1/")
    assert {name: ask(server.url, queries[name])[0] for name in REACHING_OUT} == dict.fromkeys(REACHING_OUT, 403)


def test_afterwards_the_server_is_as_before(server: Server, storm: object) -> None:
    assert ask(server.url, CHEAP)[0] == 200
    eventually(lambda: not server.working())
    eventually(lambda: len(server.memory()) <= MAX_PROCESSES)


def is_host(process: int) -> bool:
    """True for the host of queries, and for what it has forked."""
    try:
        return b"server.queries.host" in Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return False


def is_worker(process: int) -> bool:
    """True for a worker of the host of queries, which runs the same command as its parent, the host."""
    return is_host(process) and is_host(parent(process))


def parent(process: int) -> int:
    """The parent of a process; 0 if it has ended."""
    try:
        return int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def state(process: int) -> str:
    """The state of a process: R runs or wants to, D waits for a disk, S sleeps (proc(5)); nothing if it has ended."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return ""


def eventually(holds: Callable[[], bool]) -> None:
    """Waits until something holds, and fails if it never does."""
    for _ in range(round(PATIENCE / PAUSE)):
        if holds():
            return
        time.sleep(PAUSE)
    pytest.fail("What was waited for has never held.")


def first_of(found: Callable[[], set[int]]) -> int:
    """The one process that is found, once there is one."""
    processes: set[int] = set()

    def has_found() -> bool:
        processes.update(found())
        return bool(processes)

    eventually(has_found)
    (process,) = processes
    return process


def request(query: str) -> bytes:
    """A request for the answer to a query."""
    return f"GET /sparql?{urlencode({'query': query})} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()


@contextmanager
def waiting(server: Server, queries: list[str]) -> Iterator[list[socket.socket]]:
    """Connections on which queries have been asked and nobody reads; when they close, the server is to stop."""
    with ExitStack() as stack:
        connections = [stack.enter_context(server.connect()) for _ in queries]
        for connection, query in zip(connections, queries, strict=True):
            connection.sendall(request(query))
        yield connections
    eventually(lambda: not server.working())


def told(connections: list[socket.socket]) -> list[bytes]:
    """How the answers begin that have begun."""
    return [connection.recv(12, socket.MSG_PEEK) for connection in select.select(connections, [], [], 0)[0]]


def answers_cheap_ones(server: Server, crowd: str) -> None:
    """Asks cheap queries one after another; one that is refused in the crowd is asked again, as a client would."""
    for number in range(20):
        while (status := ask(server.url, f"{CHEAP} # {number} among {crowd}")[0]) == 503:
            pass
        assert status == 200


def test_cheap_queries_are_answered_while_expensive_ones_run(server: Server) -> None:
    expensive = [f"{EXPENSIVE} # {number} of a crowd" for number in range(200)]
    with waiting(server, expensive) as connections:
        eventually(lambda: bool(server.working()))
        answers_cheap_ones(server, "expensive ones")
        assert set(told(connections)) <= {b"HTTP/1.1 503"}, "none has been answered"
        assert len(told(connections)) < len(connections), "some still run, or wait"


def test_a_client_that_leaves_stops_its_query(server: Server) -> None:
    with waiting(server, [f"{EXPENSIVE} # alone"]) as connections:
        eventually(lambda: bool(server.working()))
        assert told(connections) == []


def test_a_query_whose_used_worker_ends_starts_anew_once(server: Server) -> None:
    idle: set[int] = set()
    for number in count():
        assert ask(server.url, f"{CHEAP} # {number} that leaves its worker idle")[0] == 200
        eventually(lambda: not server.working())
        if idle := server.workers():
            break  # there is none if the worker could not run between its answer and the end of the connection
    with waiting(server, [f"{EXPENSIVE} # whose worker ends"]) as connections:
        used = first_of(server.workers_at_work)
        assert used in idle
        os.kill(used, signal.SIGKILL)  # as the kernel does where the machine has no memory left
        new = first_of(lambda: server.workers_at_work() - {used})
        assert told(connections) == [], "it has started anew"
        os.kill(new, signal.SIGKILL)
        eventually(lambda: told(connections) == [b"HTTP/1.1 503"])


def test_a_million_rows_pass_in_constant_memory(server: Server) -> None:
    assert ask(server.url, CHEAP)[0] == 200
    thousand = "SELECT ?{0} {{ ?{0} ?p{0} ?o{0} }} LIMIT 1000"
    query = f"SELECT ?a ?b {{ {{ {thousand.format('a')} }} {{ {thousand.format('b')} }} }}"
    before, most, rows = sum(server.memory().values()), 0, 0
    with closing(http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=PATIENCE)) as connection:
        headers = {"Content-Type": "application/sparql-query", "Accept": "text/csv"}
        connection.request("POST", "/sparql", query, headers)
        response = connection.getresponse()
        assert response.getheader("Transfer-Encoding") == "chunked"
        while part := response.read(2**22):
            rows += part.count(b"\n")
            most = max(most, sum(server.memory().values()))
    assert rows == 1_000_001
    assert most - before < 64 * 2**20


def test_readers_that_do_not_read_keep_nobody_waiting(server: Server) -> None:
    unread = [f"SELECT ?a ?b ?c ?d{number} {{ ?a ?b ?c . ?d{number} ?e ?f }}" for number in range(30)]
    with waiting(server, unread) as connections:
        eventually(lambda: b"HTTP/1.1 200" in told(connections))
        answers_cheap_ones(server, "readers")
        assert b"HTTP/1.1 200" in told(connections)
