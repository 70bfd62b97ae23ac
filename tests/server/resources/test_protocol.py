"""The protocol: each row of protocol.yaml is asked of a real server over a real socket."""

import gzip
import http.client
import re
from contextlib import closing
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import brotli
import pytest
import zstandard

from tests.server.resources.protocol import PAGE, Case, cases, page
from tests.waiting import PATIENCE

CASES = [*cases()]

UNPACK = {
    "gzip": gzip.decompress,
    "br": brotli.decompress,
    "zstd": lambda body: zstandard.ZstdDecompressor().decompressobj().decompress(body),
}


def send(url: str, told: dict[str, Any]) -> tuple[http.client.HTTPResponse, str]:
    """The answer to a request of the table, and its body as text."""
    query = told.get("raw") or urlencode(fields(told.get("params", {})), quote_via=quote)
    address = told.get("path", "/sparql") + (f"?{query}" if query else "")
    headers = {**({"Accept": told["accept"]} if "accept" in told else {}), **told.get("send", {})}
    body = told.get("body")
    if "form" in told:
        body, headers["Content-Type"] = urlencode(fields(told["form"])), "application/x-www-form-urlencoded"
    if "type" in told:
        headers["Content-Type"] = told["type"]
    with closing(http.client.HTTPConnection(urlsplit(url).netloc, timeout=PATIENCE)) as connection:
        connection.request(told.get("method", "GET"), address, body, headers)
        response = connection.getresponse()
        content = response.read()
    return response, UNPACK.get(response.getheader("Content-Encoding", ""), bytes)(content).decode()


def fields(given: dict[str, str] | list[list[str]]) -> list[tuple[str, str]]:
    return [*given.items()] if isinstance(given, dict) else [(name, value) for name, value in given]


def test_a_hundred_and_thirty_promises_are_collected() -> None:
    assert len(CASES) >= 130
    assert len({str(case) for case in CASES}) == len(CASES)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_promise(case: Case, served: str) -> None:
    told = case.told
    if told.get("again"):
        first, _ = send(served, told)
        told = {**told, "send": {"If-None-Match": first.getheader("ETag")}}
    response, body = send(served, told)
    assert response.status == told.get("status", 200), body[:500]
    assert told.get("media") in (None, response.headers.get_content_type())
    assert told.get("has", "") in body
    assert "lacks" not in told or told["lacks"] not in body
    for name, pattern in told.get("headers", {}).items():
        found = response.getheader(name)
        assert found is None if pattern is None else re.search(pattern, found or ""), f"{name}: {found}"


def test_the_page_tells_what_is_tested() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "write it anew: python -m tests.server.resources.protocol"
