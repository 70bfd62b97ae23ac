"""Conditions: every precondition of RFC 9110, 13, in its order, for whatever has a URL, fresh or cached."""

import http.client
import itertools
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from flask.testing import FlaskClient
from werkzeug.datastructures import Headers

from kg.dataset.layout import Dataset
from server.http.conditional import outcome
from tests.waiting import PATIENCE

LONG_AGO, LATE = "Thu, 01 Jan 1970 00:00:01 GMT", "Fri, 01 Jan 2100 00:00:00 GMT"
ASK = "/sparql?query=" + quote("ASK { ?s ?p ?o }")
PATHS = (
    "/", "/doc/state/avalon", "/doc/state/avalon.ttl", "/doc/state/avalon.yaml", "/doc/state/avalon.linkset",
    "/doc/state?label=Avalon", "/search?q=avalon", "/suggest?q=ava", "/static/style.css", "/openapi.json", "/quality",
    "/ontology/context.jsonld", "/dump/{version}.nq.gz", ASK,
)  # fmt: skip

CASES: tuple[tuple[dict[str, str], int], ...] = (
    ({"If-Match": "*"}, 200),
    ({"If-Match": "{etag}"}, 200),
    ({"If-Match": '"other", {etag}'}, 200),
    ({"If-Match": "W/{etag}"}, 412),
    ({"If-Match": '"other"'}, 412),
    ({"If-Match": ""}, 412),
    ({"If-None-Match": "*"}, 304),
    ({"If-None-Match": "{etag}"}, 304),
    ({"If-None-Match": 'W/"other", W/{etag}'}, 304),
    ({"If-None-Match": '"other"'}, 200),
    ({"If-Match": "*", "If-None-Match": "{etag}"}, 304),
    ({"If-Match": "{etag}", "If-None-Match": '"other"'}, 200),
    ({"If-Match": '"other"', "If-None-Match": "{etag}"}, 412),
)
DATED: tuple[tuple[dict[str, str], int], ...] = (
    ({"If-Unmodified-Since": LONG_AGO}, 412),
    ({"If-Unmodified-Since": "{modified}"}, 200),
    ({"If-Unmodified-Since": LATE}, 200),
    ({"If-Unmodified-Since": "yesterday"}, 200),
    ({"If-Unmodified-Since": LONG_AGO, "If-Match": "{etag}"}, 200),
    ({"If-Unmodified-Since": LATE, "If-Match": '"other"'}, 412),
    ({"If-Unmodified-Since": LONG_AGO, "If-None-Match": "{etag}"}, 412),
    ({"If-Unmodified-Since": LATE, "If-Modified-Since": "{modified}"}, 304),
    ({"If-Modified-Since": "{modified}"}, 304),
    ({"If-Modified-Since": LATE}, 304),
    ({"If-Modified-Since": LONG_AGO}, 200),
    ({"If-Modified-Since": "yesterday"}, 200),
    ({"If-Modified-Since": LATE, "If-None-Match": '"other"'}, 200),
    ({"If-Modified-Since": LONG_AGO, "If-None-Match": "{etag}"}, 304),
)


def filled(headers: dict[str, str], etag: str, modified: str) -> dict[str, str]:
    """Conditions with the validators of an answer in them."""
    return {name: value.replace("{etag}", etag).replace("{modified}", modified) for name, value in headers.items()}


@pytest.mark.parametrize("path", PATHS)
def test_conditions_count_in_their_order(path: str, client: FlaskClient, sample: Path) -> None:
    path = path.replace("{version}", Dataset.current(sample).version)
    whole = client.get(path, buffered=True)
    assert whole.status_code == 200
    for headers, status in (*CASES, *DATED):
        given = filled(headers, whole.headers["ETag"], whole.headers["Last-Modified"])
        for method in ("GET", "HEAD"):
            response = client.open(path, method=method, headers=given, buffered=True)
            assert response.status_code == status, (method, given)
            if method == "HEAD" or status == 304:
                assert response.data == b""
            if status == 200:
                assert response.headers["ETag"] == whole.headers["ETag"]
            if status == 304:
                assert response.headers["ETag"] == whole.headers["ETag"]
                assert response.headers["Vary"] == whole.headers["Vary"] if "Vary" in whole.headers else True


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("accept", ["text/html", "application/json, */*;q=0.5"])
def test_a_412_has_a_problem_and_nothing_of_the_document(
    path: str, accept: str, client: FlaskClient, sample: Path
) -> None:
    path = path.replace("{version}", Dataset.current(sample).version)
    response = client.get(path, headers={"If-Match": '"other"', "Accept": accept}, buffered=True)
    assert response.status_code == 412
    assert response.mimetype == ("text/html" if accept == "text/html" else "application/problem+json")
    assert "If-Match" in response.get_data(as_text=True)
    assert "Avallon" not in response.get_data(as_text=True), "its French name, which all forms of the document have"
    assert response.headers["Cache-Control"] == "no-store"
    assert not {"ETag", "Last-Modified", "Link", "Content-Location", "Content-Encoding"} & {*response.headers.keys()}


@pytest.mark.parametrize("path", ["/nothing", "/id/state/avalon", "/doc/place/ys", "/doc/state?labl=x", "/graph"])
@pytest.mark.parametrize("condition", [{"If-Match": '"x"'}, {"If-None-Match": "*"}, {"If-Unmodified-Since": LONG_AGO}])
def test_conditions_mean_nothing_where_there_is_no_representation(
    path: str, condition: dict[str, str], client: FlaskClient
) -> None:
    assert client.get(path, headers=condition).status_code == client.get(path).status_code
    assert client.options("/doc/state/avalon", headers=condition).status_code == 200
    assert client.delete("/doc/state/avalon", headers=condition).status_code == 405


def test_of_methods_that_carry_a_query_QUERY_alone_has_conditions(client: FlaskClient) -> None:  # noqa: N802
    asked: dict[str, Any] = {"data": "ASK {}", "content_type": "application/sparql-query"}
    etag = client.open("/sparql", method="QUERY", **asked).headers["ETag"]
    for method, expected in (("QUERY", [304, 412]), ("POST", [200, 200])):
        conditions = ({"If-None-Match": etag}, {"If-Match": '"other"'})
        found = [client.open("/sparql", method=method, headers=each, **asked).status_code for each in conditions]
        assert found == expected


@pytest.mark.parametrize("validator", [{"ETag": 'W/"x"'}, {"ETag": 'W/"x"', "Last-Modified": ""}, {}])
def test_what_has_no_strong_validator_matches_a_star_alone(validator: dict[str, str]) -> None:
    for wanted, expected in (("*", 200), ('W/"x"', 412), ('"x"', 412)):
        assert outcome({"REQUEST_METHOD": "GET", "HTTP_IF_MATCH": wanted}, Headers(validator)) == expected
    dates = {"HTTP_IF_UNMODIFIED_SINCE": LONG_AGO, "HTTP_IF_MODIFIED_SINCE": LATE}
    assert outcome({"REQUEST_METHOD": "GET", **dates}, Headers(validator)) == 200, "there is no time to compare"
    weakly = {"REQUEST_METHOD": "GET", "HTTP_IF_NONE_MATCH": '"x"'}
    assert outcome(weakly, Headers(validator)) == (304 if validator else 200)


def test_status_which_has_no_validator_is_under_conditions_too(client: FlaskClient) -> None:
    found = [client.get("/status", headers={"If-Match": wanted}).status_code for wanted in ("*", '"x"')]
    assert found == [200, 412]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"If-Range": "{etag}"}, 206),
        ({"If-Range": "{modified}"}, 206),
        ({"If-Range": "W/{etag}"}, 200),
        ({"If-Range": LATE}, 200),
        ({"If-Range": '"other"'}, 200),
        ({"If-Match": "*"}, 206),
        ({"If-Match": '"other"'}, 412),
        ({"If-Match": "{etag}", "If-Range": '"other"'}, 200),
        ({"If-None-Match": "{etag}", "If-Range": "{etag}"}, 304),
        ({"If-None-Match": '"other"'}, 206),
        ({"If-Unmodified-Since": LONG_AGO}, 412),
        ({"If-Unmodified-Since": "{modified}", "If-Range": "{etag}"}, 206),
        ({"If-Modified-Since": "{modified}"}, 304),
    ],
)
def test_conditions_come_before_a_range(
    headers: dict[str, str], status: int, client: FlaskClient, sample: Path
) -> None:
    path = f"/dump/{Dataset.current(sample).version}.nq.gz"
    whole = client.get(path, buffered=True)
    given = filled(headers, whole.headers["ETag"], whole.headers["Last-Modified"])
    response = client.get(path, headers={**given, "Range": "bytes=2-5"}, buffered=True)
    assert response.status_code == status
    assert ("Content-Range" in response.headers) == (status == 206)
    assert status != 206 or response.data == whole.data[2:6]
    beyond = client.get(path, headers={**given, "Range": "bytes=999999999-"}, buffered=True)
    assert beyond.status_code == {206: 416}.get(status, status)


@pytest.fixture(scope="module")
def connection(served: str) -> Iterator[http.client.HTTPConnection]:
    """A connection to a server that keeps answers."""
    with closing(http.client.HTTPConnection(urlsplit(served).netloc, timeout=PATIENCE)) as found:
        yield found


@pytest.mark.parametrize("path", ["/doc/state/avalon.nt", "/search?q=avalon&size=7", "/static/style.css", f"{ASK}%20"])
def test_a_cached_response_is_under_the_same_conditions_as_a_fresh_one(
    path: str, connection: http.client.HTTPConnection
) -> None:
    def ask(method: str, headers: dict[str, str]) -> tuple[http.client.HTTPResponse, bytes]:
        connection.request(method, path, headers=headers)
        response = connection.getresponse()
        return response, response.read()

    for _ in range(5):  # from the second on it is cached
        first, body = ask("GET", {})
    etag, modified = first.getheader("ETag", ""), first.getheader("Last-Modified", "")
    for (headers, status), method in itertools.product((*CASES, *DATED), ("GET", "HEAD")):
        response, content = ask(method, filled(headers, etag, modified))
        assert response.status == status, (method, headers)
        assert content == b"" if method == "HEAD" or status == 304 else (content == body) == (status == 200)
        assert response.getheader("Last-Modified") == (None if status == 412 else modified)
