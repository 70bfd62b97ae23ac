"""HTTP: status, caching, compression, ranges, links and errors, for whatever has a URL (RFC 9110, 9111, 8288, 9457)."""

import base64
import gzip
import hashlib
import json
import re
from pathlib import Path
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from kg.dataset.layout import Dataset
from kg.media import DOCUMENT
from kg.names import Names
from kg.pipeline import building, run
from kg.steps.build import Build
from kg.steps.results import Sources
from server.app import create_app
from tests.places import ONTOLOGY, SAMPLE, SHAPES

pytestmark = pytest.mark.slow

AVALON = "/doc/state/avalon"
BASE = "http://localhost:8000/"
DOCUMENTS = (
    "/",
    AVALON,
    "/doc/state",
    "/doc/state?label=Avalon",
    "/ontology",
    "/shapes",
    "/dataset",
    "/sparql",
    "/search?q=avalon",
)
OTHERS = (
    "/quality", "/ontology/context.jsonld", "/ontology/schema/state.json", "/openapi.json", "/sitemap.xml",
    "/robots.txt", "/llms.txt", "/.well-known/api-catalog", "/ontology/1.0.0", f"{AVALON}.yaml", f"{AVALON}.linkset",
)  # fmt: skip


def links(response: TestResponse) -> list[tuple[str, str]]:
    """The targets and relations of the Link headers."""
    found = []
    for each in ",".join(response.headers.getlist("Link")).split(", <"):
        target, _, rest = each.lstrip("<").partition(">")
        found.append((rest.partition('rel="')[2].partition('"')[0], target))
    return found


def hash_of(response: TestResponse) -> str:
    """What a strong ETag is made of: media type, language, coding and bytes."""
    told = (response.headers.get(f"Content-{name}", "") for name in ("Type", "Language", "Encoding"))
    return hashlib.sha256("\n".join([*told, ""]).encode() + response.data).hexdigest()[:32]


# ── Status ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("/id/state/lionesse", "/id/state/lyonesse"),
        ("/id/place/lyonesse", "/id/state/lyonesse"),
        ("/doc/state/lionesse", "/doc/state/lyonesse"),
        ("/doc/state/lionesse.ttl", "/doc/state/lyonesse.ttl"),
        ("/doc/state/lionesse.fr.html", "/doc/state/lyonesse.fr.html"),
        ("/doc/state/lionesse?_profile=labels", "/doc/state/lyonesse?_profile=labels"),
    ],
)
def test_a_former_name_answers_301_with_the_new_one(old: str, new: str, client: FlaskClient) -> None:
    response = client.get(old)
    assert (response.status_code, response.headers["Location"]) == (301, new)
    assert client.head(old).status_code == 301


@pytest.mark.parametrize("path", ["/id/organization/lionesse", "/doc/state/lyoness", "/id/place/lionesse"])
def test_a_former_name_counts_in_its_kind_alone(path: str, client: FlaskClient) -> None:
    assert client.get(path).status_code == 404


@pytest.mark.parametrize("path", ["/id/place/ys", "/doc/place/ys", "/doc/place/ys.jsonld"])
def test_what_was_withdrawn_answers_410_with_its_tombstone(path: str, client: FlaskClient) -> None:
    response = client.get(path)
    assert response.status_code == 410
    assert response.mimetype == "application/problem+json"
    assert response.get_json()["withdrawn"] == {
        "path": "place/ys",
        "date": "2001-02",
        "reason": "it was entered twice, and sank",
        "replacedBy": "/doc/place/camelot",
    }
    assert ("successor-version", "/doc/place/camelot") in links(response)
    page = client.get(path, headers={"Accept": "text/html"}).get_data(as_text=True)
    assert "2001-02" in page
    assert 'href="/doc/place/camelot"' in page
    text = client.get(path, headers={"Accept": "text/plain"}).get_data(as_text=True)
    assert text.startswith("410 Gone\n")
    assert "it was entered twice, and sank" in text


def test_a_tombstone_without_successor_has_no_link(client: FlaskClient) -> None:
    response = client.get("/doc/person/nobody")
    assert response.status_code == 410
    assert response.get_json()["withdrawn"]["replacedBy"] is None
    assert "Link" not in response.headers


def test_tombstones_are_in_the_dataset(client: FlaskClient) -> None:
    ys = f"<{BASE}id/place/ys>"
    query = f"ASK {{ GRAPH <{BASE}dataset#withdrawn> {{ {ys} ?p ?o }} FILTER NOT EXISTS {{ {ys} ?q ?x }} }}"
    assert client.get("/sparql", query_string={"query": query}).get_json()["boolean"] is True


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize(
    "path", ["/", AVALON, "/id/state/avalon", "/doc/state", "/ontology", "/dataset", "/openapi.json"]
)
def test_other_methods_answer_405_with_those_that_are_allowed(path: str, method: str, client: FlaskClient) -> None:
    response = client.open(path, method=method)
    assert response.status_code == 405
    assert set(response.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}
    assert response.get_json()["status"] == 405


@pytest.mark.parametrize("path", DOCUMENTS)
def test_406_lists_every_variant_and_each_of_them_is_there(path: str, client: FlaskClient) -> None:
    response = client.get(path, headers={"Accept": "image/png"})
    assert response.status_code == 406
    assert response.vary.as_set() >= {"accept"}
    variants = response.get_json()["variants"]
    assert [v["type"] for v in variants][: len(DOCUMENT)] == [m.name for m in DOCUMENT]
    for variant in variants:
        found = client.get(variant["url"])
        assert (found.status_code, found.mimetype) == (200, variant["type"])


def test_language_encoding_and_profile_alone_never_make_406(client: FlaskClient) -> None:
    headers = {"Accept-Language": "zz, *;q=0", "Accept-Encoding": "identity;q=0, *;q=0", "Accept-Profile": "<urn:x>"}
    assert client.get(AVALON, headers=headers).status_code == 200


HOSTILE = [
    "/doc/../../etc/passwd", "/doc/%2e%2e/%2e%2e/etc/passwd", "/doc/state/..%2f..%2fetc%2fpasswd", "/static/../wsgi.py",
    "/static/%2e%2e/wsgi.py", "/static/..%5cwsgi.py", "/doc/state/avalon%00", "/doc/state/avalon%00.ttl", "/id/%00/x",
    "/doc/state/avalon%0d%0aX-Evil:1", "/doc/st%C3%A4te/x", "/doc/%ff%fe/x", "/doc/state/%ff", "/id/state/avalon/more",
    "/id/State/avalon", "/id/state/Avalon", "/id//avalon", "//evil.example/doc/x/y/",
    "/doc/state/avalon.", "/doc/state/avalon..ttl", "/doc/state/avalon.ttl.ttl", "/doc/state/.ttl", "/doc/.ttl",
    "/doc/state/avalon.en.html", "/doc/state/avalon.xx.html", "/doc/state/avalon.fr.ttl", "/doc/state.exe",
    "/doc/state/avalon.php", "/ontology/9.9.9", "/ontology/2.1.0.exe", "/ontology/9.9.9/context.jsonld",
    "/ontology/schema/x.json", "/ontology/schema/state.ttl", "/dump/x.nq.gz", "/dump/..%2f..%2fx.nq.gz",
    "/sitemap/0.xml",
    "/sitemap/99999999999999999999.xml", "/dump/0123456789abcdef.nq.gz", "/%", "/%zz", "/id/state/" + "a" * 65_536,
    "/doc/state/" + "%41" * 20_000, "/<script>alert(1)</script>", "/id/state/avalon'%20OR%201", "/id/state/a>%20<b",
    "/id/state/аvalon", "/doc/state/\u202eavalon", "/index.exe", "/.git/config", "/.well-known/x",
]  # fmt: skip


@pytest.mark.parametrize("path", HOSTILE, ids=lambda path: path[:40])
@pytest.mark.parametrize("accept", ["text/html", "*/*"])
def test_a_hostile_path_answers_4xx_and_is_escaped(path: str, accept: str, client: FlaskClient) -> None:
    response = client.get(path, headers={"Accept": accept})
    assert 400 <= response.status_code < 500, response.status_code
    assert b"<script>" not in response.data
    assert "X-Evil" not in response.headers
    assert len(response.data) < 200_000


@pytest.mark.parametrize(
    "headers",
    [
        {"Accept": "a" * 60_000},
        {"Accept": "text/turtle;q=x, ;;;,, \x80\xff"},
        {"Accept": ",".join(f"a/b{i}" for i in range(5000)) + ",text/turtle"},
        {"Accept": 'text/turtle;profile="'},
        {"Accept-Language": "-,;q=,*-*," + "a-" * 5000},
        {"Accept-Encoding": ";;;q=1,gzip;q=banana"},
        {"If-None-Match": 'W/"x", "y, z'},
        {"If-Modified-Since": "yesterday"},
        {"If-None-Match": "*" * 10_000},
        {"Range": "bytes=a-b"},
        {"Range": "bytes=" + ",".join("0-1" for _ in range(5000))},
        {"Accept-Profile": '<<>>;q=";"'},
        {"X-Forwarded-Prefix": "//evil.example", "X-Forwarded-Host": "evil.example"},
    ],
)
@pytest.mark.parametrize(("path", "status"), [(AVALON, 200), ("/sparql", 200), ("/id/state/avalon", 303)])
def test_a_hostile_header_is_ignored(path: str, status: int, headers: dict[str, str], client: FlaskClient) -> None:
    response = client.get(path, headers=headers)
    assert response.status_code == status
    assert "evil" not in response.headers.get("Location", "")


@pytest.mark.parametrize(
    ("path", "status"),
    [("/nothing", 404), ("/doc/place/ys", 410), ("/doc/state?size=x", 400), (AVALON + "?_profile=x", 400)],
)
@pytest.mark.parametrize("accept", ["text/html", "application/json", "text/plain", "text/turtle", None, "image/png"])
def test_every_error_has_one_shape(path: str, status: int, accept: str | None, client: FlaskClient) -> None:
    response = client.get(path, headers={"Accept": accept} if accept else {})
    is_unacceptable = accept == "image/png" and path.startswith(AVALON)  # the format is chosen before the profile
    assert response.status_code == (406 if is_unacceptable else status)
    known = {"text/html": "text/html", "text/plain": "text/plain"}
    assert response.mimetype == known.get(accept or "", "application/problem+json")
    assert str(response.status_code) in response.get_data(as_text=True)
    assert response.headers["Cache-Control"] == "no-store"
    assert "accept" in response.vary
    if response.is_json:
        assert set(response.get_json()) >= {"type", "title", "status", "detail"}


# ── Caching ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("path", [*DOCUMENTS, *OTHERS])
def test_head_equals_get_and_the_etag_is_the_hash_of_the_representation(path: str, client: FlaskClient) -> None:
    for encoding in ("identity", "gzip"):
        headers = {"Accept-Encoding": encoding}
        get, head = client.get(path, headers=headers), client.head(path, headers=headers)
        assert get.status_code == 200
        assert {**head.headers, "Date": ""} == {**get.headers, "Date": ""}
        assert head.data == b""
        assert get.headers["ETag"].strip('"') == hash_of(get)
        assert int(get.headers["Content-Length"]) == len(get.data)
        assert "Accept-Encoding" in get.vary


@pytest.mark.parametrize("path", [*DOCUMENTS, *OTHERS])
def test_304_carries_the_headers_of_200_and_no_body(path: str, client: FlaskClient) -> None:
    first = client.get(path, headers={"Accept-Language": "de"})
    for condition in ({"If-None-Match": first.headers["ETag"]}, {"If-None-Match": f'"x", W/{first.headers["ETag"]}'}):
        again = client.get(path, headers={"Accept-Language": "de", **condition})
        assert (again.status_code, again.data) == (304, b"")
        for name in ("ETag", "Vary", "Cache-Control", "Content-Location", "Last-Modified", "Link"):
            assert again.headers.get(name) == first.headers.get(name), name


def test_a_validator_of_another_variant_does_not_count(client: FlaskClient) -> None:
    plain = client.get(f"{AVALON}.ttl").headers["ETag"]
    headers = {"If-None-Match": plain, "Accept-Encoding": "gzip"}
    assert client.get(f"{AVALON}.ttl", headers=headers).status_code == 200
    assert client.get(f"{AVALON}.fr.html", headers={"If-None-Match": plain}).status_code == 200
    modified = {"If-Modified-Since": "Fri, 01 Jan 2100 00:00:00 GMT", "If-None-Match": '"other"'}
    assert client.get(f"{AVALON}.ttl", headers=modified).status_code == 200, "If-None-Match wins"


def test_what_changed_last_is_said_and_asked(client: FlaskClient) -> None:
    modified = client.get(AVALON).headers["Last-Modified"]
    assert client.get(AVALON, headers={"If-Modified-Since": modified}).status_code == 304
    early = {"If-Modified-Since": "Thu, 01 Jan 1970 00:00:01 GMT"}
    assert client.get(AVALON, headers=early).status_code == 200


def test_compressed_and_plain_are_the_same_content(client: FlaskClient) -> None:
    plain = client.get(f"{AVALON}.ttl")
    packed = client.get(f"{AVALON}.ttl", headers={"Accept-Encoding": "br;q=0.4, gzip;q=0.5"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == plain.data
    assert packed.headers["ETag"] != plain.headers["ETag"]
    assert "Content-Encoding" not in plain.headers
    for refused in ("gzip;q=0", "identity", "compress", "gzip;q=0, identity, *;q=0.5"):
        assert "Content-Encoding" not in client.get(AVALON, headers={"Accept-Encoding": refused}).headers


@pytest.mark.parametrize(
    ("path", "cache"),
    [
        (AVALON, "max-age=300"),
        (f"{AVALON}.ttl", "max-age=300"),
        ("/ontology/context.jsonld", "max-age=300"),
        ("/ontology/1.0.0/context.jsonld", "immutable"),
    ],
)
def test_what_has_its_version_in_its_address_is_immutable(path: str, cache: str, client: FlaskClient) -> None:
    assert cache in client.get(path).headers["Cache-Control"]


@pytest.mark.parametrize(
    ("suffix", "media"), [("nq", "application/n-quads"), ("ttl", "text/turtle"), ("jsonld", "application/ld+json")]
)
def test_a_dump_is_also_rdf_by_its_address_in_the_coding_that_a_client_takes(
    suffix: str, media: str, client: FlaskClient, sample: Path
) -> None:
    version = Dataset.current(sample).version
    path, file = f"/dump/{version}.{suffix}", client.get(f"/dump/{version}.{suffix}.gz", buffered=True).data
    tags = set()
    for accept, packed in {
        "": False, "identity": False, "br": False, "gzip;q=0": False, "gzip;q=0.2, identity": False, "*;q=0": False,
        "gzip": True, "x-gzip": True, "*": True, "deflate, GZIP;q=0.5": True,
    }.items():  # fmt: skip
        response = client.get(path, headers={"Accept-Encoding": accept}, buffered=True)
        assert response.status_code == 200
        assert response.mimetype == media
        assert response.headers.get("Content-Encoding") == ("gzip" if packed else None), accept
        assert response.data == (file if packed else gzip.decompress(file))
        assert response.headers["Content-Length"] == str(len(response.data))
        assert "Accept-Encoding" in response.vary
        assert response.headers["Content-Disposition"] == f"inline; filename=osce-kg-{version}.{suffix}"
        assert "immutable" in response.headers["Cache-Control"]
        tag = response.headers["ETag"]
        tags.add((tag, packed))
        headers = {"Accept-Encoding": accept, "If-None-Match": tag}
        assert client.get(path, headers=headers).status_code == 304
        assert client.head(path, headers={"Accept-Encoding": accept}).headers["ETag"] == tag
    assert len(tags) == 2
    whole = client.get(path, headers={"Range": "bytes=0-9"}, buffered=True)
    assert (whole.status_code, whole.headers["Accept-Ranges"]) == (200, "none")
    compressed = client.get(f"{path}.gz", buffered=True)
    assert compressed.headers["Content-Disposition"] == f"attachment; filename=osce-kg-{version}.{suffix}.gz"
    assert client.get(f"/dump/{version}.xml").status_code == 404


@pytest.mark.parametrize("suffix", ["nq", "ttl", "jsonld"])
def test_a_dump_comes_in_ranges_with_its_digest(suffix: str, client: FlaskClient, sample: Path) -> None:
    dataset = Dataset.current(sample)
    path = f"/dump/{dataset.version}.{suffix}.gz"
    whole = client.get(path, buffered=True, headers={"Accept-Encoding": "gzip"})
    assert (whole.mimetype, whole.headers["Accept-Ranges"]) == ("application/gzip", "bytes")
    assert "Content-Encoding" not in whole.headers
    assert "immutable" in whole.headers["Cache-Control"]
    digest = base64.b64encode(hashlib.sha256(whole.data).digest()).decode()
    assert whole.headers["Repr-Digest"] == f"sha-256=:{digest}:"
    assert len(gzip.decompress(whole.data)) > 1000
    part = client.get(path, buffered=True, headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.data) == (206, whole.data[10:20])
    assert part.headers["Content-Range"] == f"bytes 10-19/{len(whole.data)}"
    last = client.get(path, buffered=True, headers={"Range": "bytes=-5", "If-Range": whole.headers["ETag"]})
    assert last.data == whole.data[-5:]
    stale = client.get(path, buffered=True, headers={"Range": "bytes=-5", "If-Range": '"other"'})
    assert (stale.status_code, len(stale.data)) == (200, len(whole.data))
    assert client.get(path, buffered=True, headers={"Range": f"bytes={len(whole.data)}-"}).status_code == 416
    head = client.head(path, buffered=True)
    assert head.headers["Content-Length"] == str(len(whole.data))


# ── Variants and links ───────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("path", DOCUMENTS)
def test_the_variant_that_was_chosen_is_at_its_own_address(path: str, client: FlaskClient) -> None:
    for media in DOCUMENT:
        languages = (("fr-CA, fr;q=0.9", "fr"), ("pl", "en"), ("", "en"))
        for language, tag in languages if media.suffix == "html" else languages[:1]:
            negotiated = client.get(path, headers={"Accept": media.name, "Accept-Language": language})
            here = client.get(negotiated.headers["Content-Location"])
            assert here.data == negotiated.data
            assert here.headers["ETag"] == negotiated.headers["ETag"]
            assert "Accept" not in here.vary
            assert negotiated.headers.get("Content-Language") == (tag if media.suffix == "html" else None)


def test_a_page_speaks_the_language_that_is_asked_for(client: FlaskClient) -> None:
    german = client.get(AVALON, headers={"Accept": "text/html", "Accept-Language": "de-AT"}).get_data(as_text=True)
    assert '<html lang="de">' in german
    assert "Teilnehmerstaat" in german
    assert "<h1>Avallon</h1>" in client.get(f"{AVALON}.fr.html").get_data(as_text=True)
    assert '<h1 lang="en">Avalon' in client.get(f"{AVALON}.ru.html").get_data(as_text=True), "else English"


@pytest.mark.parametrize("path", [*DOCUMENTS, f"{AVALON}.html", f"{AVALON}.ttl"])
def test_links_name_canonical_alternates_licence_and_link_set(path: str, client: FlaskClient) -> None:
    response = client.get(path, headers={"Accept": "text/html"})
    found = links(response)
    relations = {relation for relation, _ in found}
    assert relations >= {"canonical", "alternate", "license", "linkset", "cite-as"} - (
        {"cite-as"} if path.startswith(("/doc/state", "/search")) and path.count("/") < 3 else set()
    )
    assert sum(relation == "canonical" for relation, _ in found) == 1
    for relation, target in found:
        if target.startswith("/") or target.startswith(BASE):
            answer = client.get(target.removeprefix(BASE.rstrip("/")), follow_redirects=True, buffered=True)
            assert answer.status_code == 200, (relation, target)


def test_a_thing_follows_fair_signposting_level_2(client: FlaskClient) -> None:
    found = links(client.get(AVALON, headers={"Accept": "text/html"}))
    assert ("cite-as", f"{BASE}id/state/avalon") in found
    assert ("describedby", f"{AVALON}.ttl") in found
    assert ("type", "https://schema.org/AboutPage") in found
    assert ("collection", "/doc/state") in found
    assert ("license", "https://creativecommons.org/licenses/by/4.0/") in found
    assert ("linkset", f"{AVALON}.linkset") in found
    linkset = client.get(f"{AVALON}.linkset")
    assert linkset.mimetype == "application/linkset+json"
    contexts = {context["anchor"]: context for context in linkset.get_json()["linkset"]}
    landing = contexts[f"{BASE}doc/state/avalon"]
    assert landing["cite-as"] == [{"href": f"{BASE}id/state/avalon"}]
    assert {"href": f"{BASE}doc/state/avalon.ttl", "type": "text/turtle"} in landing["describedby"]
    assert contexts[f"{BASE}doc/state/avalon.ttl"]["describes"][0]["href"] == f"{BASE}doc/state/avalon"
    page = client.get(f"{AVALON}.html").get_data(as_text=True)
    assert f'<link rel="cite-as" href="{BASE}id/state/avalon">' in page
    assert f'<link rel="describedby" href="{AVALON}.ttl" type="text/turtle">' in page


def test_a_collection_lists_its_items_in_its_link_set(client: FlaskClient) -> None:
    contexts = client.get("/doc/state.linkset").get_json()["linkset"]
    assert {"href": f"{BASE}id/state/avalon"} in contexts[0]["item"]


# ── Profiles ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_profile_is_chosen_by_parameter_or_by_header(client: FlaskClient) -> None:
    iri = f"{BASE}shapes#LabelsProfile"
    asked = client.get(f"{AVALON}.ttl?_profile=labels")
    negotiated = client.get(AVALON, headers={"Accept-Profile": f"<urn:other>, <{iri}>;q=0.5"})
    assert asked.data == negotiated.data
    assert negotiated.headers["Content-Location"] == f"{AVALON}.ttl?_profile=labels"
    for response in (asked, negotiated):
        assert response.headers["Content-Profile"] == f"<{iri}>"
        assert ("profile", iri) in links(response)
    full = client.get(f"{AVALON}.ttl")
    assert full.headers["Content-Profile"] == f"<{BASE}shapes#FullProfile>"
    assert len(asked.data) < len(full.data)
    assert "osce:participation" not in asked.get_data(as_text=True)


def test_the_profile_of_schema_org_has_its_terms_alone_about_the_thing(client: FlaskClient) -> None:
    text = client.get(f"{AVALON}.nt?_profile=schema").get_data(as_text=True)
    about = [line for line in text.splitlines() if line.startswith(f"<{BASE}id/state/avalon>")]
    assert about
    assert all("<https://schema.org/" in line for line in about)
    assert any('<https://schema.org/name> "Avalon"@en' in line for line in about)


# ── Where it lies ────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def below(tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    """A client of the sample world, built for a base with a path."""
    build = Build(Sources((SAMPLE,), ONTOLOGY, SHAPES), Names.at(f"{BASE}osce/"), tmp_path_factory.mktemp("below"))
    run(build, building(keep=1))
    return create_app(Dataset.current(build.published)).test_client()


@pytest.mark.parametrize("prefix", ["/osce", ""])
def test_below_the_path_of_its_base_every_address_answers_kept_or_stripped(prefix: str, below: FlaskClient) -> None:
    assert below.get(f"{prefix}/id/state/avalon").headers["Location"] == f"/osce{AVALON}"
    answer = below.get(f"{prefix}{AVALON}", headers={"Accept": "text/html"})
    assert answer.headers["Content-Location"] == f"/osce{AVALON}.html"
    assert ("canonical", f"{BASE}osce{AVALON}") in links(answer)
    inner = [part.partition('"')[0] for part in answer.get_data(as_text=True).split('href="/')[1:]]
    assert len(inner) > 20
    assert all(target.startswith("osce/") for target in inner)
    assert below.get(f"{prefix}/ontology/schema/state.json").status_code == 200
    assert "Disallow: /osce/sparql?" in below.get(f"{prefix}/robots.txt").get_data(as_text=True)
    assert BASE + "id/" not in below.get(f"{prefix}{AVALON}.nt").get_data(as_text=True)


def test_the_root_of_a_base_with_a_path_is_its_home(below: FlaskClient) -> None:
    for path in ("/osce", "/osce/", "/"):
        assert "The OSCE as a knowledge graph" in below.get(path).get_data(as_text=True)
    assert below.get("/oscelot/id/state/avalon").status_code == 404


def test_forwarded_headers_are_believed_of_trusted_proxies_alone(sample: Path) -> None:
    forwarded = {"X-Forwarded-Prefix": "/osce", "X-Forwarded-Host": "data.example", "X-Forwarded-Proto": "https"}
    dataset = Dataset.current(sample)
    trusting = create_app(dataset, {"trusted-proxies": 1}).test_client()
    assert trusting.get("/id/state/avalon", headers=forwarded).headers["Location"] == "/osce/doc/state/avalon"
    answer = trusting.get(AVALON, headers={**forwarded, "Accept": "text/html"})
    assert answer.headers["Content-Location"] == f"/osce{AVALON}.html"
    assert ("alternate", f"/osce{AVALON}.ttl") in links(answer)
    assert 'href="/osce/doc/reference/almanac"' in answer.get_data(as_text=True)
    other = create_app(dataset).test_client()
    assert other.get("/id/state/avalon", headers=forwarded).headers["Location"] == "/doc/state/avalon"


def test_options_says_what_is_allowed(client: FlaskClient) -> None:
    for path in (AVALON, "/sparql", "/openapi.json"):
        response = client.options(path)
        assert response.status_code == 200
        assert "GET" in response.headers["Allow"]
        assert response.headers["Access-Control-Allow-Origin"] == "*"


def test_the_source_of_a_thing_is_its_yaml(client: FlaskClient) -> None:
    response = client.get(f"{AVALON}.yaml")
    assert response.mimetype == "application/yaml"
    assert response.data == (SAMPLE / "state/avalon.yaml").read_bytes()
    assert client.get(AVALON, headers={"Accept": "application/yaml"}).data == response.data


def test_a_problem_detail_names_what_may_be_asked(client: FlaskClient) -> None:
    detail = json.loads(client.get(f"/doc/state?{quote('labl')}=x").data)["detail"]
    assert "did you mean 'label'?" in detail


# ── What reviewers found ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("headers", "status", "length"),
    [
        ({"Range": "bytes=0-9"}, 206, 10),
        ({"Range": "bytes=-99999999999"}, 206, None),
        ({"Range": "lines=0-1"}, 200, None),
        ({"Range": "bytes=0-0,5-6"}, 200, None),
        ({"Range": "bytes=0-9", "If-Range": "Fri, 01 Jan 2100 00:00:00 GMT"}, 200, None),
        ({"Range": "bytes=0-9", "If-Range": "W/{etag}"}, 200, None),
        ({"Range": "bytes=0-9", "If-Range": "{etag}"}, 206, 10),
        ({"Range": "bytes=0-9", "If-None-Match": "{etag}"}, 304, 0),
        ({"Range": "bytes=9-0"}, 200, None),
    ],
)
def test_a_range_counts_where_the_specification_says_so(
    headers: dict[str, str], status: int, length: int | None, client: FlaskClient, sample: Path
) -> None:
    path = f"/dump/{Dataset.current(sample).version}.ttl.gz"
    whole = client.get(path, buffered=True)
    given = {name: value.replace("{etag}", whole.headers["ETag"]) for name, value in headers.items()}
    response = client.get(path, headers=given, buffered=True)
    assert (response.status_code, len(response.data)) == (status, len(whole.data) if length is None else length)
    assert client.head(path, headers={"Range": "bytes=0-9"}, buffered=True).status_code == 200


def test_parameters_that_do_not_matter_are_in_no_link(client: FlaskClient) -> None:
    plain, tracked = client.get(f"{AVALON}.html"), client.get(f"{AVALON}.html?utm_source=x")
    assert tracked.data == plain.data
    assert tracked.headers["Link"] == plain.headers["Link"]
    labels = links(client.get(f"{AVALON}.ttl?_profile=labels&context=inline"))
    assert ("canonical", f"{BASE}doc/state/avalon") in labels
    assert ("alternate", f"{AVALON}.nt?_profile=labels&context=inline") in labels
    assert client.get("/doc/release.ttl?size=1&utm=x").status_code == 400, "each parameter of a collection counts"


def test_every_variant_is_linked_from_every_other_and_from_the_link_set(client: FlaskClient) -> None:
    suffixes = [*(media.suffix for media in DOCUMENT), "fr.html", "ru.html", "yaml"]
    for suffix in suffixes:
        alternates = {target for relation, target in links(client.get(f"{AVALON}.{suffix}")) if relation == "alternate"}
        if suffix == "jsonld":  # where only one is quoted, for PyLD
            text = client.get(f"{AVALON}.jsonld").headers["Link"]
            alternates = {
                part.partition(">")[0] for part in text.split("<") if "rel=alternate" in part.replace('"', "")
            }
        assert alternates >= {f"{AVALON}.{other}" for other in suffixes if other != suffix}
    context = client.get(f"{AVALON}.linkset").get_json()["linkset"][0]
    listed = {each["href"].removeprefix(BASE.rstrip("/")) for each in context["alternate"]}
    assert listed >= {f"{AVALON}.{suffix}" for suffix in suffixes} | {f"{AVALON}.nt?_profile=labels"}


def test_a_target_without_slash_makes_no_redirect_to_another_host(client: FlaskClient) -> None:
    for path, status in (("", 200), ("foo", 404), ("localhost:8000", 404)):
        response = client.get("/", environ_overrides={"PATH_INFO": path, "HTTP_HOST": "evil.example"})
        assert response.status_code == status
        assert "Location" not in response.headers


def test_a_coding_or_a_name_that_is_refused_is_not_sent(client: FlaskClient) -> None:
    identity = client.get(AVALON, headers={"Accept-Encoding": "identity;q=1, gzip;q=0.5"})
    assert "Content-Encoding" not in identity.headers
    refused = client.get(AVALON, headers={"Accept": "application/ld+json;q=0, application/json"})
    assert refused.status_code == 406


def test_the_dataset_is_no_part_of_itself_and_a_version_of_the_ontology_has_its_own(client: FlaskClient) -> None:
    dataset = client.get("/dataset.nt").get_data(as_text=True)
    assert f"<{BASE}dataset> <http://purl.org/dc/terms/isPartOf>" not in dataset
    version = client.get("/ontology/1.0.0.nt").get_data(as_text=True)
    assert '"1.0.0"' in version
    assert f"<{BASE}ontology/1.0.0> <http://www.w3.org/2002/07/owl#versionInfo>" not in version
    assert "immutable" in client.get("/ontology/1.0.0").headers["Cache-Control"]
    assert client.get("/ontology/1.0.0.").status_code == 404


def test_a_file_of_a_page_has_the_hash_of_its_bytes(client: FlaskClient) -> None:
    response = client.get("/static/style.css")
    assert response.mimetype == "text/css"
    assert response.headers["ETag"].strip('"') == hash_of(response)


@pytest.mark.parametrize("prefix", ["", "/osce"])
def test_the_icon_that_browsers_ask_for_is_that_of_the_pages(prefix: str, client: FlaskClient) -> None:
    at = {"SCRIPT_NAME": prefix}
    for method in ("GET", "HEAD"):
        moved = client.open("/favicon.ico", method=method, environ_overrides=at)
        assert (moved.status_code, moved.headers["Location"]) == (301, f"{prefix}/static/icon.svg")
    icon = client.get("/static/icon.svg")
    assert (icon.status_code, icon.mimetype) == (200, "image/svg+xml")
    for page in ("/", "/doc/state/avalon", "/sparql", "/doc/nothing/here"):
        html = client.get(page, headers={"Accept": "text/html"}, environ_overrides=at).text
        assert re.findall(r'<link rel="[^"]*icon[^"]*" href="([^"]*)"', html) == [f"{prefix}/static/icon.svg"]
    assert client.get("/apple-touch-icon.png").status_code == 404
