"""Hooks of every request and every answer: CORS, names without sense, slashes at the end, preferences."""

import itertools
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from kg.dataset.layout import Dataset
from kg.media import DOCUMENT, LANGUAGES, N_QUADS, N_TRIPLES, TRIG, TURTLE

AVALON = "/doc/state/avalon"

# ── CORS ─────────────────────────────────────────────────────────────────────────────────────────────────────────

ANSWERS: dict[str, tuple[str, str, dict[str, str], int]] = {
    "a page": ("GET", AVALON, {"Accept": "text/html"}, 200),
    "a document by HEAD": ("HEAD", AVALON, {}, 200),
    "a file": ("GET", "/static/style.css", {}, 200),
    "the status": ("GET", "/status", {}, 200),
    "a query": ("GET", "/sparql?query=ASK{}", {}, 200),
    "a redirect": ("GET", "/id/state/avalon", {}, 303),
    "a former name": ("GET", "/id/state/lionesse", {}, 301),
    "a slash too much": ("GET", f"{AVALON}/", {}, 301),
    "a copy that is fresh": ("GET", AVALON, {"If-None-Match": "*"}, 304),
    "a broken query": ("GET", "/sparql?query=x", {}, 400),
    "an update": ("POST", "/sparql?update=x", {"Content-Type": "application/sparql-query"}, 403),
    "a name that is unknown": ("GET", "/doc/state/nowhere", {}, 404),
    "no route": ("GET", "/nothing", {}, 404),
    "a method": ("DELETE", AVALON, {}, 405),
    "a media type": ("GET", AVALON, {"Accept": "image/png"}, 406),
    "a tombstone": ("GET", "/doc/place/ys", {}, 410),
    "a condition": ("GET", AVALON, {"If-Match": '"x"'}, 412),
    "a redirect too long": ("GET", f"{AVALON}/?x={'y' * 5000}", {}, 414),
    "a type of a body": ("POST", "/sparql", {"Content-Type": "text/csv"}, 415),
    "options": ("OPTIONS", AVALON, {}, 200),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_pages_of_other_sites_may_read_every_answer(name: str, client: FlaskClient) -> None:
    method, path, headers, status = ANSWERS[name]
    response = client.open(path, method=method, headers={"Origin": "https://example.org", **headers}, buffered=True)
    assert response.status_code == status
    assert response.headers.getlist("Access-Control-Allow-Origin") == ["*"]
    assert "Access-Control-Allow-Credentials" not in response.headers
    exposed = response.headers["Access-Control-Expose-Headers"].split(", ")
    assert {"*", "Link", "ETag", "Content-Location", "Retry-After"} <= {*exposed}


@pytest.mark.parametrize("path", [AVALON, "/sparql", "/id/state/avalon", "/nothing", "/doc/state/nowhere", "/a/b/c/d"])
@pytest.mark.parametrize("method", ["GET", "POST", "QUERY", "DELETE", "FOO"])
def test_a_preflight_is_answered_wherever_it_asks_and_may_be_cached(
    path: str, method: str, client: FlaskClient
) -> None:
    asked = {
        "Origin": "https://example.org",
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "x-anything, authorization, content-type",
    }
    response = client.options(path, headers=asked)
    assert response.status_code == (204 if path in ("/nothing", "/a/b/c/d") else 200)
    assert {"*", "Authorization", "Content-Type"} <= {*response.headers["Access-Control-Allow-Headers"].split(", ")}
    assert response.headers["Access-Control-Allow-Methods"] == "GET, HEAD, POST, QUERY, OPTIONS"
    assert int(response.headers["Access-Control-Max-Age"]) >= 7200
    assert response.data == b""


def test_the_endpoint_says_what_a_QUERY_may_be(client: FlaskClient) -> None:  # noqa: N802
    answers = [
        client.get("/sparql", headers={"Accept": "text/turtle"}),
        client.get("/sparql?query=ASK{}"),
        client.options("/sparql"),
        client.open("/sparql", method="QUERY", data="x", content_type="text/plain"),
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 415]
    for answer in answers:
        types = answer.headers["Accept-Query"].split(", ")
        assert types == ["application/sparql-query", "application/x-www-form-urlencoded"]
        for media in types:
            body = {"application/sparql-query": "ASK {}"}.get(media, "query=ASK+%7B%7D")
            found = client.open("/sparql", method="QUERY", data=body, content_type=media)
            assert found.get_json()["boolean"] is True
    assert "Accept-Query" not in client.get(AVALON).headers


# ── Addresses ────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "path",
    [
        *(AVALON, f"{AVALON}.ttl", f"{AVALON}.fr.html", "/id/state/avalon", "/doc/state", "/doc/state.nt", "/id/state"),
        *("/doc", "/id", "/sparql", "/sparql.ttl", "/search", "/suggest", "/ontology", "/ontology/1.0.0", "/dataset"),
        *("/ontology/context.jsonld", "/ontology/schema/state.json", "/shapes", "/quality", "/status", "/terms"),
        *("/graph", "/static/style.css", "/robots.txt", "/.well-known/void", "/sitemap/1.xml", "/openapi.json"),
        *("/doc/state/lionesse", "/doc/place/ys", "/dump/{version}.nq.gz"),
    ],
)
@pytest.mark.parametrize("slashes", ["/", "//"])
def test_a_slash_too_much_leads_to_the_address_without(
    path: str, slashes: str, client: FlaskClient, sample: Path
) -> None:
    path = path.replace("{version}", Dataset.current(sample).version)
    response = client.get(f"{path}{slashes}?lang=fr&x=%D0%AF")
    assert (response.status_code, response.headers["Location"]) == (301, f"{path}?lang=fr&x=%D0%AF")
    assert client.head(path + slashes).status_code == 301
    takes_any_name = path.startswith(("/doc/state/", "/doc/place/", "/static/"))
    assert client.post(path + slashes).status_code == (405 if takes_any_name else 308)
    assert client.get(path, buffered=True).status_code != 404


@pytest.mark.parametrize(
    "path",
    ["/nothing", "/doc/state/nowhere", "/id/state/nowhere", "/doc/kingdom", "/id/kingdom", "/doc/kingdom/x",
     "/ontology/9.9.9", "/sparql/no-question", "/dump/0.nq.gz", "/static/no.css", "/doc/state/avalon.exe"],
)  # fmt: skip
def test_a_slash_after_what_is_unknown_is_404(path: str, client: FlaskClient) -> None:
    assert client.get(path).status_code == client.get(f"{path}/").status_code == 404


@pytest.mark.parametrize(
    ("path", "status", "location"),
    [
        ("//doc/", 301, "/doc"),
        ("//sparql//", 301, "/sparql"),
        ("//doc/state/avalon/", 301, "/doc/state/avalon"),
        ("///static/style.css/", 301, "/static/style.css"),
        ("//", 200, None),
        ("//x/", 404, None),
    ],
)
def test_a_slash_too_much_never_leads_to_another_host(
    path: str, status: int, location: str | None, client: FlaskClient
) -> None:
    response = client.get("/", environ_overrides={"PATH_INFO": path, "HTTP_HOST": "evil.example"})
    assert (response.status_code, response.headers.get("Location")) == (status, location)


def test_where_kinds_are_named_is_where_they_are_listed(client: FlaskClient, sample: Path) -> None:
    for path in ("/id", "/doc"):
        for method in ("GET", "HEAD"):
            response = client.open(path, method=method)
            assert (response.status_code, response.headers["Location"]) == (303, "/")
    kinds = [*Dataset.current(sample).manifest.kinds]
    assert len(kinds) > 10
    for kind in kinds:
        response = client.get(f"/id/{kind}")
        assert (response.status_code, response.headers["Location"]) == (303, f"/doc/{kind}")
    assert client.get("/id/state?label=x").headers["Location"] == "/doc/state"


SEGMENTS = (
    "a" * 300, "a" * 5000, "%00", "a%00b", "%2e%2e", "..", "..%2f..%2fetc%2fpasswd", "%ff%fe", "%c3%28", "%ed%a0%80",
    "%c0%af", "%F0%9F%98%80", "x.", "x..", "x...ttl", ".ttl", ".", "%0d%0aX:1", "%20", "%5c..%5c", "a/" * 200, "%",
    "%zz", "%25", "'", "<x>", "{{7*7}}", "0", "-1", "9" * 400, "a" * 300 + ".ttl", "a.fr.html", ".fr.html", "..html",
    "xx.html", "é", "*", "%2f", "//", "a" * 300 + ".gz", "0" * 300, "%7f", "norway." + "t" * 300,
)  # fmt: skip
PLACES = (
    "/id/{}", "/id/state/{}", "/doc/{}", "/doc/state/{}", "/doc/{}/avalon", "/ontology/{}", "/ontology/schema/{}",
    "/ontology/1.0.0/schema/{}", "/ontology/{}/context.jsonld", "/ontology/{}/schema/state.json", "/dataset.{}",
    "/sparql/{}", "/sparql.{}", "/dump/{}", "/dump/{}.nq.gz", "/shapes.{}", "/search.{}", "/search/{}", "/suggest/{}",
    "/static/{}", "/static/built/{}", "/sitemap/{}", "/sitemap/{}.xml", "/index.{}", "/.well-known/{}", "/graph/{}",
    "/{}",
)  # fmt: skip


LISTS = {
    place: 301
    for place in PLACES
    if place.removesuffix("/{}")
    in ("/id", "/id/state", "/doc", "/doc/state", "/ontology", "/sparql", "/search", "/suggest", "/graph")
} | {"/{}": 200}
"""The status where only slashes follow: those addresses lead to the one without, or are it."""


@pytest.mark.parametrize("place", PLACES)
def test_no_name_makes_a_fault(place: str, client: FlaskClient) -> None:
    for segment, accept, slash in itertools.product(SEGMENTS, ("text/html", "*/*"), ("", "/")):
        with client.get(place.format(segment) + slash, headers={"Accept": accept}) as response:
            expected = LISTS.get(place, 404) if segment in ("//", "%2f") else 404
            assert response.status_code == expected, (segment, response.status_code)


# ── Preferences ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("weight", [";q=.9", "; Q=0.9", ' ; q = "0.9"', ";q=0.90000", ";q=0,9", "; q=9e-1", ";q= 0.9"])
def test_weights_are_read_leniently_in_every_header(weight: str, client: FlaskClient) -> None:
    labels = client.get(f"{AVALON}.ttl?_profile=labels").headers["Content-Profile"]
    full = client.get(f"{AVALON}.ttl").headers["Content-Profile"]
    for order in (1, -1):

        def preferring(liked: str, other: str, order: int = order) -> str:
            return ", ".join([f"{other};q=0.5", liked + weight][::order])

        answer = client.get(AVALON, headers={"Accept": preferring("application/n-triples", "text/turtle")})
        assert answer.mimetype == "application/n-triples"
        spoken = {"Accept": "text/html", "Accept-Language": preferring("de", "fr")}
        assert client.get(AVALON, headers=spoken).headers["Content-Language"] == "de"
        coded = client.get(AVALON, headers={"Accept-Encoding": preferring("gzip", "br")})
        assert coded.headers["Content-Encoding"] == "gzip"
        profiled = client.get(AVALON, headers={"Accept-Profile": preferring(labels, full)})
        assert profiled.headers["Content-Profile"] == labels


# ── Validators ───────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("path", ["/index", AVALON, "/doc/state", "/ontology", "/shapes", "/dataset", "/sparql"])
def test_no_two_representations_of_a_document_have_the_same_strong_etag(path: str, client: FlaskClient) -> None:
    etags = {}
    suffixes = [*(media.suffix for media in DOCUMENT), *(f"{tag}.html" for tag in LANGUAGES[1:]), "linkset"]
    for suffix, coding in itertools.product(suffixes, ("identity", "gzip", "br", "zstd")):
        response = client.get(f"{path}.{suffix}", headers={"Accept-Encoding": coding})
        coded = response.headers.get("Content-Encoding")
        etags[suffix, coded] = response.headers["ETag"]
        assert not response.headers["ETag"].startswith("W/")
    assert len({*etags.values()}) == len(etags) > 12


@pytest.mark.parametrize(("one", "other"), [(TURTLE, TRIG), (N_TRIPLES, N_QUADS)])
def test_the_same_bytes_in_two_media_types_have_two_etags(one: object, other: object, client: FlaskClient) -> None:
    first, second = (client.get(f"{AVALON}.{media.suffix}") for media in (one, other))  # type: ignore[attr-defined]
    assert first.data == second.data
    assert first.headers["ETag"] != second.headers["ETag"]
    condition = {"If-None-Match": first.headers["ETag"], "Accept": second.mimetype}
    assert client.get(AVALON, headers=condition).status_code == 200
