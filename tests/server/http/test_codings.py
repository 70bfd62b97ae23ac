"""Bodies of requests: content codings are decoded within the limits of plain bodies (RFC 9110, 8.4 and 15.5.16)."""

import gzip
import http.client
import zlib
from collections.abc import Callable
from contextlib import closing
from urllib.parse import urlencode, urlsplit

import brotli
import pytest
import zstandard
from flask.testing import FlaskClient

from server.http.codings import DECODERS, TooLongError, UndecodableError, decode
from tests.waiting import PATIENCE

ASK = b"ASK { ?s ?p ?o } # " + b"x" * 300
QUERY, FORM = "application/sparql-query", "application/x-www-form-urlencoded"


def raw_deflate(body: bytes) -> bytes:
    made = zlib.compressobj(wbits=-15)
    return made.compress(body) + made.flush()


def zstd(body: bytes) -> bytes:
    return zstandard.ZstdCompressor().compress(body)


CODED: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "gzip": ("gzip", gzip.compress),
    "x-gzip": ("x-gzip", gzip.compress),
    "in capitals": ("GZIP", gzip.compress),
    "two members": ("gzip", lambda body: gzip.compress(body[:9]) + gzip.compress(body[9:])),
    "deflate": ("deflate", zlib.compress),
    "deflate without header": ("deflate", raw_deflate),
    "br": ("br", lambda body: bytes(brotli.compress(body))),
    "zstd": ("zstd", zstd),
    "two frames": ("zstd", lambda body: zstd(body[:9]) + zstd(body[9:])),
    "identity": ("identity", bytes),
    "gzip, then br": ("gzip, br", lambda body: bytes(brotli.compress(gzip.compress(body)))),
    "br, then zstd, then gzip": ("br, zstd, gzip", lambda body: gzip.compress(zstd(brotli.compress(body)))),
    "empty": ("", bytes),
}


@pytest.mark.parametrize("case", CODED)
@pytest.mark.parametrize("method", ["POST", "QUERY"])
@pytest.mark.parametrize("media", [QUERY, FORM])
def test_a_body_in_a_coding_is_read_as_if_it_were_plain(
    case: str, method: str, media: str, client: FlaskClient
) -> None:
    name, pack = CODED[case]
    body = pack(ASK if media == QUERY else urlencode({"query": ASK}).encode())
    headers = {"Content-Encoding": name, "Content-Type": media}
    response = client.open("/sparql", method=method, data=body, headers=headers)
    assert response.status_code == 200, response.data
    assert response.get_json()["boolean"] is True


@pytest.mark.parametrize(
    "coding", ["compress", "x-compress", "exi", "aes128gcm", "gzip, exi", "*", "gzip;x", "gzip, gzip, gzip, gzip"]
)
def test_other_codings_are_refused_with_those_that_are_read(coding: str, client: FlaskClient) -> None:
    for method in ("POST", "QUERY"):
        headers = {"Content-Encoding": coding, "Content-Type": QUERY}
        response = client.open("/sparql", method=method, data=ASK, headers=headers)
        if coding == "gzip;x":
            assert response.status_code == 400, "this is not the name of a coding"
            continue
        assert response.status_code == 415
        assert response.headers["Accept-Encoding"] == "gzip, x-gzip, deflate, br, zstd"
        assert response.mimetype == "application/problem+json"
        assert response.headers["Access-Control-Allow-Origin"] == "*"


BROKEN: dict[str, Callable[[bytes], bytes]] = {
    "none of it": lambda _: b"",
    "something else": lambda _: b"ASK {}",
    "its beginning": lambda body: body[:-4],
    "half of it": lambda body: body[: len(body) // 2],
    "something after it": lambda body: body + b"ASK {}",
}


@pytest.mark.parametrize("damage", BROKEN)
@pytest.mark.parametrize("case", ["gzip", "deflate", "deflate without header", "br", "zstd", "gzip, then br"])
def test_a_body_that_is_not_in_its_coding_is_400(case: str, damage: str, client: FlaskClient) -> None:
    name, pack = CODED[case]
    headers = {"Content-Encoding": name, "Content-Type": QUERY}
    response = client.post("/sparql", data=BROKEN[damage](pack(ASK)), headers=headers)
    assert response.status_code == 400
    assert response.get_json()["title"] == "Bad Request"


@pytest.mark.parametrize("case", [name for name in CODED if name not in ("identity", "empty")])
def test_a_bomb_is_refused_before_it_is_unpacked(case: str, client: FlaskClient) -> None:
    name, pack = CODED[case]
    bomb = pack(b"SELECT" + b" " * 30_000_000)
    response = client.post("/sparql", data=bomb, headers={"Content-Encoding": name, "Content-Type": QUERY})
    assert response.status_code == 413
    assert response.get_json()["status"] == 413


@pytest.mark.parametrize("coding", DECODERS)
def test_a_decoder_makes_no_more_than_it_is_told(coding: str) -> None:
    pack = next(pack for name, pack in CODED.values() if name == coding)
    for length in (0, 1, 999, 1000, 1001, 2_000_000):
        body = pack(b"x" * length)
        assert len(DECODERS[coding](body, 1001)) == min(length, 1001)
        if length > 1000:
            with pytest.raises(TooLongError):
                decode(body, coding, 1000)
        else:
            assert decode(body, coding, 1000) == b"x" * length


def test_a_window_of_gigabytes_is_not_allocated() -> None:
    parameters = zstandard.ZstdCompressionParameters.from_level(19, window_log=27)
    made = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    body = made.compress(b"x" * 1000) + made.flush()
    with pytest.raises(UndecodableError):
        decode(body, "zstd", 10_000)


def test_what_reads_no_body_reads_no_coding(client: FlaskClient) -> None:
    headers = {"Content-Encoding": "exi"}
    assert client.get("/doc/state/avalon", headers=headers, data=b"x").status_code == 200
    assert client.get("/sparql?query=ASK{}", headers=headers, data=b"x").status_code == 200
    assert client.post("/doc/state/avalon", headers=headers, data=b"x").status_code == 405
    assert client.post("/nothing", headers=headers, data=b"x").status_code == 404


def test_over_a_socket_bodies_in_two_codings_are_two_questions(served: str) -> None:
    """The bytes of one body in another coding are another question, though the cached response is found by them."""
    with closing(http.client.HTTPConnection(urlsplit(served).netloc, timeout=PATIENCE)) as connection:
        for query, expected in ((b"ASK {}", "true"), (b"ASK { FILTER(false) }", "false")):
            for coding, body in (("gzip", gzip.compress(query)), ("", query), ("br", brotli.compress(query))):
                for method in ("POST", "QUERY", "QUERY"):
                    headers = {"Content-Type": QUERY, **({"Content-Encoding": coding} if coding else {})}
                    connection.request(method, "/sparql", body, headers)
                    response = connection.getresponse()
                    assert expected in response.read().decode()
        packed = gzip.compress(b"ASK {} # twice")
        for coding, status in (("gzip", 200), ("br", 400), ("gzip", 200), ("exi", 415)):
            connection.request("QUERY", "/sparql", packed, {"Content-Type": QUERY, "Content-Encoding": coding})
            response = connection.getresponse()
            response.read()
            assert response.status == status
        connection.request("POST", "/sparql", gzip.compress(b" " * 50_000_000), {"Content-Encoding": "gzip",
                           "Content-Type": QUERY})  # fmt: skip
        response = connection.getresponse()
        assert (response.status, response.getheader("Access-Control-Allow-Origin")) == (413, "*")
