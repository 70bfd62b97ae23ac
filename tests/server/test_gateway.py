"""The gateway: kept answers are right for whoever gets them, and what breaks off is told from what is whole."""

import http.client
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest

from tests.conftest import serving

ALL = quote("SELECT * { ?s ?p ?o } ORDER BY ?s ?p STR(?o)")


def answer(url: str, *lines: str, path: str = f"/sparql?query={ALL}", body: bytes = b"", ends: bool = False) -> bytes:
    """All that a server says to a request with these headers; `ends`: the client closes its side after it."""
    method = "POST" if body else "GET"
    head = [f"{method} {path} HTTP/1.1", "Host: localhost", "Connection: close", *lines, "", ""]
    with socket.create_connection(("127.0.0.1", urlsplit(url).port or 0), timeout=20) as connection:
        connection.sendall("\r\n".join(head).encode() + body)
        if ends:
            connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(2**16), b""))


def headers(said: bytes) -> dict[str, str]:
    """The headers of an answer."""
    lines = said.partition(b"\r\n\r\n")[0].decode().split("\r\n")[1:]
    return {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}


@pytest.mark.parametrize(
    ("first", "then", "header", "expected"),
    [
        (["Accept-Encoding: zstd", "Accept-Encoding: gzip"], ["Accept-Encoding: gzip"], "content-encoding", "gzip"),
        (["Accept_Encoding: zstd"], [], "content-encoding", None),
        (["Accept: text/csv", "Accept: application/json;q=0.5"], ["Accept: application/json;q=0.5"], "content-type",
         "application/sparql-results+json"),
        (["Accept_Language: de"], ["Accept: text/html"], "content-language", "en"),
    ],
)  # fmt: skip
def test_what_one_client_asks_is_not_kept_for_another(
    first: list[str], then: list[str], header: str, expected: str | None, served: str
) -> None:
    path = "/doc/state/avalon" if header == "content-language" else f"/sparql?query={ALL}%20%23{len(first)}{header}"
    for _ in range(2):
        answer(served, *first, path=path)
    assert headers(answer(served, *then, path=path)).get(header) == expected


def test_an_answer_is_the_same_when_it_is_kept(served: str) -> None:
    first, again = (answer(served, "Accept: text/csv") for _ in range(2))
    assert first.partition(b"\r\n\r\n")[2] == again.partition(b"\r\n\r\n")[2]
    etag = headers(again)["etag"]
    condition = answer(served, "Accept: text/csv", f"If-None-Match: {etag}")
    assert condition.startswith(b"HTTP/1.1 304")
    assert headers(condition)["etag"] == etag


@pytest.mark.parametrize("length", ["Content-Length: 100", "Transfer-Encoding: chunked"])
def test_a_request_that_breaks_off_is_not_answered(length: str, served: str) -> None:
    body = b"5\r\nASK{}\r\n" if "chunked" in length else b"ASK{}"
    said = answer(served, "Content-Type: application/sparql-query", length, path="/sparql", body=body, ends=True)
    assert b" 200 " not in said


@pytest.fixture(scope="module")
def narrow(real: Path) -> Iterator[str]:
    """The address of a server that lets no answer be longer than two million bytes, or have more than 5000 rows."""
    with serving("--published", real, "--max-answer-bytes", 2_000_000, "--max-rows", 5000) as (url, _):
        yield url


def test_an_answer_that_is_over_a_limit_too_late_ends_without_its_last_chunk(narrow: str) -> None:
    query = quote("CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o } LIMIT 4999")
    assert answer(narrow, path=f"/sparql?query={query}").startswith(b"HTTP/1.1 200")
    with closing(http.client.HTTPConnection(urlsplit(narrow).netloc, timeout=20)) as connection:
        long = quote("SELECT ?s ?p ?o ?x { ?s ?p ?o BIND(REPEATED AS ?x) }".replace("REPEATED", f"'{'x' * 2000}'"))
        connection.request("GET", f"/sparql?query={long}")
        response = connection.getresponse()
        assert response.status == 200
        with pytest.raises(http.client.IncompleteRead):
            response.read()


def test_an_answer_that_is_over_a_limit_early_is_an_error(narrow: str) -> None:
    query = quote("SELECT ?p { ?s ?p ?o }")
    said = answer(narrow, "Accept: text/csv", path=f"/sparql?query={query}")
    assert said.startswith(b"HTTP/1.1 503")
    assert b"sparql#limit-rows" in said


def test_a_fault_of_the_engine_is_not_told_as_a_lack_of_memory(narrow: str) -> None:
    said = answer(narrow, path=f"/sparql?query={quote('SELECT * { ?s ?p ?o } ORDER BY ?o LIMIT 1')}")
    assert said.startswith(b"HTTP/1.1 200") or (
        said.startswith(b"HTTP/1.1 500") and b"order by values of one type" in said
    )
