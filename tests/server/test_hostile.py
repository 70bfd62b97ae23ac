"""Strangers: forty hostile queries at once with two hundred expensive ones, on a real server of the real graph."""

import http.client
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest
import yaml

from tests.conftest import serving

HERE = Path(__file__).parent
SECONDS = 10
"""The limit of time for a query here."""

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
MOST_PROCESSES = 1 + 2 + 1 + 1 + 6
"""What serves: the first process, those for the web, what starts them, the host of queries, and its workers."""

CHEAP = "SELECT ?s { ?s a ?class } LIMIT 1"

REACHING_OUT = ("service", "silent service", "service of a variable", "service behind a comment", "service in escapes")


def hostile(canary: str) -> dict[str, str]:
    """The hostile queries by name."""
    queries: dict[str, str] = yaml.safe_load((HERE / "hostile.yaml").read_text(encoding="utf-8"))
    for name, meant in {**TEXTS, "$CANARY": canary}.items():
        queries = {key: query.replace(name, meant) for key, query in queries.items()}
    return queries


def ask(url: str, query: str) -> tuple[int | None, float, str]:
    """The status of an answer, None for one that was cut short; the seconds until its end; and its end."""
    began = time.monotonic()
    with closing(http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)) as connection:
        connection.request("POST", "/sparql", query, {"Content-Type": "application/sparql-query"})
        response = connection.getresponse()
        end = b""
        try:
            while part := response.read(2**16):
                end = (end + part)[-2000:]
        except http.client.IncompleteRead:
            return None, time.monotonic() - began, ""
    return response.status, time.monotonic() - began, end.decode(errors="replace")


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

    def working(self) -> set[int]:
        """The processes of the server that work now."""
        before = {process: ticks(process) for process in self.memory()}
        time.sleep(0.3)
        return {process for process, had in before.items() if ticks(process) > had + 10}


@pytest.fixture(scope="module")
def server(real: Path) -> Iterator[Server]:
    limits = ("--max-query-seconds", SECONDS, "--max-query-memory", MEMORY)
    with serving("--published", real, *limits) as (url, process):
        yield Server(url, process)


def test_forty_queries_are_collected() -> None:
    assert len(hostile("")) == 40


@pytest.fixture(scope="module")
def storm(server: Server) -> dict[str, object]:
    """What happened while all hostile and expensive queries were asked at once, and cheap ones one after another.

    A cheap one that is refused in the crowd is asked once more, as a client would.
    """
    answers: dict[str, Future[tuple[int | None, float, str]]] = {}
    cheap, memory = [], []
    with canary() as (address, callers), ThreadPoolExecutor(250) as pool:
        for name, query in hostile(address).items():
            answers[name] = pool.submit(ask, server.url, query)
        for number in range(200):
            query = f"SELECT (COUNT(*) AS ?n) {{ ?a{number} ?b ?c . ?d ?e ?f . ?g ?h ?i }}"
            answers[f"expensive {number}"] = pool.submit(ask, server.url, query)
        while not all(answer.done() for answer in answers.values()):
            found = ask(server.url, f"{CHEAP} # {len(cheap)}")
            cheap.append(found if found[0] == 200 else ask(server.url, f"{CHEAP} # {len(cheap)}"))
            memory.append(sum(server.memory().values()))
            time.sleep(0.05)
    return {"answers": {n: a.result() for n, a in answers.items()}, "cheap": cheap, "memory": memory, "called": callers}


def test_every_answer_is_bounded(storm: dict[str, dict[str, tuple[int | None, float, str]]]) -> None:
    assert len(storm["answers"]) == 240
    late = {name: seconds for name, (_, seconds, _) in storm["answers"].items() if seconds > SECONDS + 3}
    assert late == {}


def test_no_answer_is_a_fault(storm: dict[str, dict[str, tuple[int | None, float, str]]]) -> None:
    statuses = {name: (status, end) for name, (status, _, end) in storm["answers"].items()}
    assert {n: s for n, s in statuses.items() if s[0] not in (None, 200, 400, 403, 503)} == {}
    assert {json.loads(end)["type"].rpartition("-")[2] for s, end in statuses.values() if s == 503} >= {
        "busy",
        "timeout",
    }


def test_cheap_queries_are_answered_throughout(storm: dict[str, list[tuple[int | None, float, str]]]) -> None:
    assert len(storm["cheap"]) > 1
    assert {status for status, _, _ in storm["cheap"]} == {200}
    waited = sorted(seconds for _, seconds, _ in storm["cheap"])
    assert waited[-1] < SECONDS, "none has waited until an expensive one ended"
    assert waited[len(waited) // 2] < SECONDS / 4, "most have hardly waited"


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
    assert len(server.memory()) <= MOST_PROCESSES


def ticks(process: int) -> int:
    """How much processor time a process has had, in hundredths of a second."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    return int(fields[11]) + int(fields[12])


def eventually(holds: Callable[[], bool]) -> None:
    """Waits until something holds, and fails if it never does."""
    deadline = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < deadline


def request(query: str) -> bytes:
    """A request for the answer to a query."""
    return f"GET /sparql?{urlencode({'query': query})} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()


def test_a_client_that_leaves_stops_its_query(server: Server) -> None:
    with server.connect() as connection:
        connection.sendall(request("SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }"))
        eventually(lambda: bool(server.working()))
        left = time.monotonic()
    eventually(lambda: not server.working())
    assert time.monotonic() - left < SECONDS - 1, "it was stopped, and did not run to its limit"


def test_a_million_rows_pass_in_constant_memory(server: Server) -> None:
    thousand = "SELECT ?{0} {{ ?{0} ?p{0} ?o{0} }} LIMIT 1000"
    query = f"SELECT ?a ?b {{ {{ {thousand.format('a')} }} {{ {thousand.format('b')} }} }}"
    before, most, rows = sum(server.memory().values()), 0, 0
    with closing(http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=60)) as connection:
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
    connections = [server.connect() for _ in range(30)]
    try:
        for number, connection in enumerate(connections):
            connection.sendall(request(f"SELECT ?a ?b ?c ?d{number} {{ ?a ?b ?c . ?d{number} ?e ?f }}"))
        time.sleep(1)
        answers = [ask(server.url, f"{CHEAP} # {number} among readers") for number in range(20)]
        assert {status for status, _, _ in answers} == {200}
        assert max(seconds for _, seconds, _ in answers) < SECONDS / 2
    finally:
        for connection in connections:
            connection.close()
