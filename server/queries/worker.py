"""A worker: a process that answers one query at a time, within its limits.

It is forked from the host. It cannot open files or sockets, unless the engine is on disk: its only free descriptor is
used for the client's connection, which the host sends with each query.
"""

import json
import os
import re
import resource
import signal
import socket
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from itertools import chain, islice
from pathlib import Path
from typing import IO, Any, cast

from pyoxigraph import (
    BlankNode,
    Literal,
    NamedNode,
    QueryBoolean,
    QuerySolutions,
    QueryTriples,
    RdfFormat,
    Store,
    Triple,
    serialize,
)

from kg.media import CSV, HTML, RDF, RDF_XML, SOLUTIONS, SPARQL_JSON, SPARQL_XML, TSV, MediaType
from kg.serialize import prefixes_used
from kg.sparql.oxigraph import evaluate
from kg.sparql.query_text import QueryText, unescaped
from server.queries.frames import failure, frame, message, read_frame
from server.queries.limits import Limits

AT_ONCE = 0.005
"""Processor time in seconds within which an answer is sent without permission, because the host stops no query so
early."""

BLOCK = 64 * 2**10
"""Number of bytes of an answer that are sent at once."""

MAX_HELD_BYTES = 2**20
"""Maximum number of bytes of an answer that are held back at first, so that early failures are still reported as
errors."""

MAX_HELD_SECONDS = 1.0
"""Maximum time in seconds for which they are held back."""

MAX_FIRST_TRIPLES = 1000
"""Maximum number of triples that are read before the prefixes of an answer are declared."""

SPARE = 64 * 2**20
"""Maximum growth of a worker in bytes, after which it does not answer another query."""

MAX_SHOWN = 1000
"""Maximum number of solutions or triples on the page of a result."""

Opener = Callable[[], tuple[Store, int]]
"""Opens a store, and returns the number of files that the store may open later."""

READY, MAY_I, IS_WHOLE, DONE, LEAVING = b"!", b"?", b"=", b"+", b"-"
"""Messages of a worker to its host: it is ready; it asks whether an incomplete answer may begin, or a complete one; the
query is done; the query is done and the process ends."""

OUT_OF_MEMORY = 3
"""The exit code of a worker whose query needs too much memory."""

CHANNEL = 3
"""The descriptor of a worker's socket to its host."""

FORMS: dict[type, str] = {QuerySolutions: "solutions", QueryBoolean: "boolean", QueryTriples: "triples"}
MEDIA = {media.name: media for media in (*SOLUTIONS, *RDF, HTML)}

ROW = {
    SPARQL_JSON: re.compile(rb'[\[,]\{"[^},]'),
    SPARQL_XML: re.compile(rb"<result>"),
    CSV: re.compile(rb"\r\n"),
    TSV: re.compile(rb"\n"),
}
"""Text that occurs once for each solution in an answer; line breaks within CSV values are counted as well."""

NO_XML = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]|\xef\xbf[\xbe\xbf]")
"""Characters that XML cannot represent (XML 1.0, 2.2)."""

NAME_AT_END = re.compile(r"[^\W\d][\w.-]*$")
"""The part of an IRI that can be the name of an XML element (Namespaces in XML, 4)."""


class StopError(Exception):
    """Raised if an answer cannot continue, with the reason."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Outlet:
    """Writes an answer, which is first held back and then sent in blocks. Raises StopError if a limit is exceeded.

    Nothing is sent before the answer is complete or the host gives permission; after that, the query cannot be stopped
    and started again.
    """

    def __init__(self, connection: socket.socket, head: dict[str, Any], limits: Limits, leave: Callable[[bytes], None]):
        self._connection, self._head, self._limits, self._leave = connection, head, limits, leave
        self._media = MEDIA[head["media"]]
        self._row = ROW.get(self._media)
        self._buffer = bytearray()
        self._tail = self._pending = b""
        self._rows = self._bytes = 0
        self._began = self._flushed = time.monotonic()
        self._used = time.process_time()
        self.sent = False

    def write(self, data: bytes) -> int:
        self._bytes += len(data)
        if self._bytes > self._limits.answer:
            raise StopError("bytes")
        if self._row:
            self.count(len(self._row.findall(self._tail + data)))
            self._tail = data[-3:] if self._row is ROW[SPARQL_JSON] else b""
        if self._media in (SPARQL_XML, RDF_XML) and NO_XML.search(data):
            raise StopError("unwritable")
        self._buffer += data
        now = time.monotonic()
        if not self.sent and (len(self._buffer) > MAX_HELD_BYTES or now - self._began > MAX_HELD_SECONDS):
            self._leave(MAY_I)
            self._start(whole=False)
        if self.sent and self._buffer and (len(self._buffer) > BLOCK or now - self._flushed > MAX_HELD_SECONDS / 10):
            self._flush()
        return len(data)

    def flush(self) -> None:
        """Does nothing: blocks are sent when they are full or after some time."""

    def count(self, rows: int = 1) -> None:
        """Counts solutions or triples."""
        self._rows += rows
        if self._rows > self._limits.rows:
            raise StopError("rows")

    def end(self) -> None:
        """Sends the rest of the answer and the final frame; a small answer is sent without permission."""
        if not self.sent:
            if len(self._buffer) > BLOCK or time.process_time() - self._used > AT_ONCE:
                self._leave(IS_WHOLE)
            self._start(whole=True)
        self._pending += frame(bytes(self._buffer)) if self._buffer else b""
        self._connection.sendall(self._pending + frame(b""))

    def _start(self, whole: bool) -> None:
        self._pending += message({**self._head, "whole": whole})
        self.sent = True

    def _flush(self) -> None:
        self._connection.sendall(self._pending + frame(bytes(self._buffer)))
        self._pending = b""
        self._buffer.clear()
        self._flushed = time.monotonic()


def work(channel: socket.socket, error: int, open_store: Opener, limits: Limits) -> None:
    """Answers the queries of the host until the host ends or this process has grown too much; never returns.

    `error` is the descriptor that becomes the standard error of this process.
    """
    try:
        os.dup2(error, 2)
        os.dup2(channel.detach(), CHANNEL)
        os.closerange(CHANNEL + 1, 2**16)
        host = socket.socket(fileno=CHANNEL)
        store, files = open_store()
        size = os.open("/proc/self/statm", os.O_RDONLY)
        confine(limits, files)
        most = resident(size) + SPARE
        host.sendall(READY)
        while True:
            answer_next(host, store, limits)
            host.sendall(DONE if resident(size) < most else LEAVING)
    except EOFError:
        os._exit(0)
    except MemoryError:
        os._exit(OUT_OF_MEMORY)
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(1)


def confine(limits: Limits, files: int) -> None:
    """Prevents this process from opening anything, from writing a core dump, and from exceeding its memory.

    An engine on disk opens its `files` on first use; only this number of files can be opened.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize() + limits.memory
    resource.setrlimit(resource.RLIMIT_AS, (size, size))
    if not limits.services:
        free = os.dup(0)  # the lowest free descriptor, which will be the only one
        os.close(free)
        resource.setrlimit(resource.RLIMIT_NOFILE, (free + 1 + files, free + 1 + files))


def resident(size: int) -> int:
    """The resident memory of this process in bytes, from the descriptor of its /proc/self/statm (proc(5))."""
    return int(os.pread(size, 100, 0).split()[1]) * resource.getpagesize()


def answer_next(host: socket.socket, store: Store, limits: Limits) -> None:
    """Answers the next query of the host."""
    received, descriptors, _, _ = socket.recv_fds(host, 1, 1)
    if not received:
        raise EOFError
    question = json.loads(read_frame(host))
    signal.setitimer(signal.ITIMER_REAL, question["seconds"] + 5)  # ends the process if the host is gone
    with socket.socket(fileno=descriptors[0]) as connection, suppress(ConnectionError):  # the client has gone
        answer(question, connection, store, limits, lambda request: ask_leave(host, request))
    signal.setitimer(signal.ITIMER_REAL, 0)


def ask_leave(host: socket.socket, request: bytes) -> None:
    """Waits until the host allows an answer to begin."""
    host.sendall(request)
    if not host.recv(1):
        os._exit(0)


def answer(
    question: dict[str, Any], connection: socket.socket, store: Store, limits: Limits, leave: Callable[[bytes], None]
) -> None:
    """Writes the answer to a query, or the reason why there is none."""
    outlet, form = None, ""
    try:
        query, base = question["query"], question["base"]
        if any(asks_others(text, base, limits.services) for text in {query, unescaped(query)}):
            raise StopError("service")
        results: Any = evaluate(store, query, base_iri=base, **dataset(question))
        form = FORMS[type(results)]
        if question["media"][form] is None:
            raise StopError("unacceptable")
        head = {"form": form, "media": question["media"][form]}
        outlet = Outlet(connection, head, limits, leave)
        write(results, outlet, MEDIA[head["media"]], question["prefixes"])
        outlet.end()
    except SyntaxError:
        wrong = QueryText(query).explain(lambda text: syntax_error(store, text, base), question["prefixes"])
        explanation = {"message": wrong.message, "line": wrong.line, "column": wrong.column, "hint": wrong.hint}
        connection.sendall(failure("syntax", detail=str(wrong), **explanation))
    except StopError as error:
        fail(connection, outlet, error.reason, form=form)
    except (MemoryError, ConnectionError):
        raise
    except (OSError, ValueError, RuntimeError) as error:
        fail(connection, outlet, "evaluation", message=str(error))
    except BaseException:  # a panic of the engine is not an Exception
        fail(connection, outlet, "fault", message=traceback.format_exc())


def fail(connection: socket.socket, outlet: Outlet | None, reason: str, **more: Any) -> None:
    """Sends the reason of a failure; an answer that has begun just ends without its final frame."""
    if outlet is None or not outlet.sent:
        connection.sendall(failure(reason, **more))


def dataset(question: dict[str, Any]) -> dict[str, Any]:
    """The RDF dataset that a query names (SPARQL 1.1 Protocol, 2.1.4); empty if it names none."""
    default, named = question["default"], question["named"]
    if not default and not named:
        return {}
    return {"default_graph": [*map(NamedNode, default)], "named_graphs": [*map(NamedNode, named)]}


def asks_others(query: str, base: str, allowed: tuple[str, ...]) -> bool:
    """True if a query uses an endpoint that is not allowed (SPARQL 1.1 Federated Query), in any spelling.

    The engine decides this without data: if the query is invalid after everything that reads SERVICE is renamed,
    SERVICE was a keyword. If any endpoint is allowed, parsing the original query could contact it.
    """
    if "service" not in query.lower():
        return False
    known = "|".join(rf"SERVICE\s+(?:SILENT\s+)?<{re.escape(iri)}>" for iri in allowed)
    pattern = re.compile(f"{known}|SERVICE" if known else "SERVICE", re.IGNORECASE)
    renamed = pattern.sub(lambda match: "ZERVIZE" if len(match[0]) == len("SERVICE") else match[0], query)
    if not syntax_error(Store(), renamed, base):
        return False
    return bool(allowed) or not syntax_error(Store(), query, base)


def syntax_error(store: Store, text: str, base: str) -> str:
    """The engine's message about an invalid query; empty for a valid one."""
    try:
        store.query(text, base_iri=base)
    except SyntaxError as error:
        return str(error)
    except (OSError, ValueError, RuntimeError):
        return ""
    return ""


def write(results: Any, outlet: Outlet, media: MediaType, prefixes: dict[str, str]) -> None:
    """Writes a result in a media type."""
    if media is HTML:
        outlet.write(json.dumps(shown(results, prefixes)).encode())
    elif isinstance(results, QueryTriples):
        assert isinstance(media.format, RdfFormat)
        triples = counted(results, outlet, media)
        first = first_triples(triples)
        used = prefixes_used(first, media.format, prefixes)
        serialize(chain(first, triples), cast(IO[bytes], outlet), format=media.format, prefixes=used)
    else:
        results.serialize(output=outlet, format=media.format)


def counted(triples: Iterable[Triple], outlet: Outlet, media: MediaType) -> Iterator[Triple]:
    """Triples as a stream, counted. Raises StopError for one that RDF/XML cannot represent."""
    for triple in triples:
        outlet.count()
        if media is RDF_XML and not NAME_AT_END.search(triple.predicate.value):
            raise StopError("unwritable")
        yield triple


def first_triples(triples: Iterator[Triple]) -> list[Triple]:
    """The first triples of an answer, which determine the prefixes that it declares."""
    began = time.monotonic()
    first: list[Triple] = []
    while len(first) < MAX_FIRST_TRIPLES and time.monotonic() - began < MAX_HELD_SECONDS:
        if (triple := next(triples, None)) is None:
            break
        first.append(triple)
    return first


def shown(results: Any, prefixes: dict[str, str]) -> dict[str, Any]:
    """The first results for a page: solutions in the JSON of SPARQL, a boolean, or Turtle."""
    if isinstance(results, QueryBoolean):
        return {"boolean": bool(results)}
    first = list(islice(results, MAX_SHOWN + 1))
    more = len(first) > MAX_SHOWN
    if isinstance(results, QueryTriples):
        used = prefixes_used(first[:MAX_SHOWN], RdfFormat.TURTLE, prefixes)
        turtle = serialize(first[:MAX_SHOWN], format=RdfFormat.TURTLE, prefixes=used)
        return {"turtle": (turtle or b"").decode(), "more": more}
    rows = [[None if term is None else written(term) for term in solution] for solution in first[:MAX_SHOWN]]
    return {"variables": [variable.value for variable in results.variables], "rows": rows, "more": more}


def written(term: Any) -> dict[str, str]:
    """A term in the JSON of SPARQL (SPARQL 1.1 Query Results JSON, 3.2.2); a triple as its text."""
    if isinstance(term, Literal):
        language = {"xml:lang": term.language} if term.language else {"datatype": term.datatype.value}
        return {"type": "literal", "value": term.value, **language}
    if isinstance(term, NamedNode | BlankNode):
        return {"type": "uri" if isinstance(term, NamedNode) else "bnode", "value": term.value}
    return {"type": "triple", "value": str(term)}
