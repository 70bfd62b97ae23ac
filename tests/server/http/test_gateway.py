"""The gateway: cached responses are right for whoever gets them, and what breaks off is told from what is whole."""

import http.client
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest

from tests.places import ROOT
from tests.serving import serving
from tests.waiting import PATIENCE

ALL = quote("SELECT * { ?s ?p ?o } ORDER BY ?s ?p STR(?o)")


def answer(url: str, *lines: str, path: str = f"/sparql?query={ALL}", body: bytes = b"", ends: bool = False) -> bytes:
    """All that a server says to a request with these headers; `ends`: the client closes its side after it."""
    method = "POST" if body else "GET"
    head = [f"{method} {path} HTTP/1.1", "Host: localhost", "Connection: close", *lines, "", ""]
    with socket.create_connection(("127.0.0.1", urlsplit(url).port or 0), timeout=PATIENCE) as connection:
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
def test_a_response_to_one_client_is_not_cached_for_another(
    first: list[str], then: list[str], header: str, expected: str | None, served: str
) -> None:
    path = "/doc/state/avalon" if header == "content-language" else f"/sparql?query={ALL}%20%23{len(first)}{header}"
    for _ in range(2):
        answer(served, *first, path=path)
    assert headers(answer(served, *then, path=path)).get(header) == expected


def test_a_cached_response_is_the_same(served: str) -> None:
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
    with closing(http.client.HTTPConnection(urlsplit(narrow).netloc, timeout=PATIENCE)) as connection:
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


def test_a_fault_of_the_engine_is_not_told_as_a_lack_of_memory(served: str) -> None:
    """The engine ends when it sorts many times of which some have no zone: they have no total order."""
    zones = ("", "Z", "+14:00", "-14:00")
    moments = (f"2000-01-{i % 28 + 1:02}T{i * 7 % 24:02}:00:00{zones[i * i % 11 % 4]}" for i in range(1000))
    values = " ".join(f'"{moment}"^^<http://www.w3.org/2001/XMLSchema#dateTime>' for moment in moments)
    query = f"SELECT * {{ VALUES ?moment {{ {values} }} }} ORDER BY ?moment".encode()
    lines = ("Content-Type: application/sparql-query", f"Content-Length: {len(query)}")
    said = answer(served, *lines, path="/sparql", body=query)
    assert said.startswith(b"HTTP/1.1 500")
    assert b"order by values of one type" in said


# ── Messages ─────────────────────────────────────────────────────────────────────────────────────────────────────


def said(url: str, *lines: str, target: str = "/doc/state/avalon.ttl", version: str = "1.1") -> bytes:
    """What a server says to a GET with just these headers."""
    head = [f"GET {target} HTTP/{version}", "Connection: close", *lines, "", ""]
    with socket.create_connection(("127.0.0.1", urlsplit(url).port or 0), timeout=PATIENCE) as connection:
        connection.sendall("\r\n".join(head).encode("latin-1"))
        return b"".join(iter(lambda: connection.recv(2**16), b""))


@pytest.mark.parametrize(
    "hosts",
    [[], [""], ["a", "b"], ["a", "a"], ["a b"], ["a/b"], ["user@a"], ["a:b"], ["a:1:2"], ["[::1"], ["é"], ["a,b/c"],
     ["<a>"], ["a?x"], ["a%zz"], ["http://a"]],
)  # fmt: skip
def test_a_request_without_one_right_host_is_400(hosts: list[str], served: str) -> None:
    for _ in range(2):
        said(served, "Host: localhost")  # so that there is a cached response, which must not be given
    found = said(served, *(f"Host: {host}" for host in hosts))
    assert found.startswith(b"HTTP/1.1 400 ")
    assert headers(found)["content-type"] == "application/problem+json"
    assert headers(found)["access-control-allow-origin"] == "*"
    assert b"Host" in found.partition(b"\r\n\r\n")[2]


@pytest.mark.parametrize(
    "host", ["localhost", "data.example.org:8000", "127.0.0.1:80", "[::1]:8000", "[v1.x]", "a_b", "x%20y", "a:", "A-1."]
)
def test_a_host_of_any_right_form_is_served(host: str, served: str) -> None:
    assert said(served, f"Host: {host}").startswith(b"HTTP/1.1 200 ")
    assert said(served, f"Host: {host}", target="http://example.org/status").startswith(b"HTTP/1.1 200 ")


def test_a_request_by_http_1_0_needs_no_host(served: str) -> None:
    assert said(served, version="1.0").startswith(b"HTTP/1.0 200 ")
    assert said(served, "Host: a", "Host: b", version="1.0").startswith(b"HTTP/1.0 400 ")


MAX_TARGET_BYTES = 65_534
"""The longest address of a request that the HTTP server reads, in bytes; server/README.md says so."""


@pytest.mark.parametrize(
    ("length", "status"),
    [(MAX_TARGET_BYTES - 1, 200), (MAX_TARGET_BYTES, 200), (MAX_TARGET_BYTES + 1, 414), (10**5, 414)],
)
def test_an_address_has_the_length_that_is_stated(length: int, status: int, served: str) -> None:
    target = "/sparql?query=ASK%7B%7D%23".ljust(length, "x")
    assert said(served, "Host: localhost", target=target).startswith(f"HTTP/1.1 {status} ".encode())
    assert f"{MAX_TARGET_BYTES:,}" in (ROOT / "server" / "README.md").read_text(encoding="utf-8")


def test_an_address_over_the_limit_of_queries_is_refused_with_a_problem(tight: str) -> None:
    target = "/sparql?query=ASK%7B%7D%23".ljust(5000, "x")
    found = said(tight, "Host: localhost", target=target)
    assert found.startswith(b"HTTP/1.1 414 ")
    assert headers(found)["content-type"] == "application/problem+json"
    assert headers(found)["access-control-allow-origin"] == "*"


def test_headers_that_are_too_many_or_too_long_are_refused(served: str) -> None:
    assert said(served, "Host: localhost", *(f"X-{n}: x" for n in range(90))).startswith(b"HTTP/1.1 200 ")
    assert said(served, "Host: localhost", *(f"X-{n}: x" for n in range(120))).startswith(b"HTTP/1.1 431 ")
    assert said(served, "Host: localhost", f"X: {'x' * 300_000}").startswith(b"HTTP/1.1 200 ")


@pytest.fixture(scope="module")
def tight(sample: Path) -> Iterator[str]:
    """The address of a server that takes queries of at most a thousand bytes."""
    with serving("--published", sample, "--max-query-bytes", 1000) as (url, _):
        yield url
