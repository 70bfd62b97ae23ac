"""A proxy in front: Debian's nginx as it comes, with the real graph at a long base behind it."""

import http.client
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest
from flask.testing import FlaskClient

from kg.dataset.layout import Dataset
from kg.dataset.opening import open_engine
from kg.names import Names
from kg.pipeline import building, run
from kg.steps.build import Build
from kg.steps.results import Sources
from server.app import create_app
from server.http.links import MAX_HEADER_BYTES
from tests.places import ONTOLOGY, ROOT, SHAPES
from tests.sampling import drawn
from tests.serving import serving
from tests.waiting import PATIENCE

pytestmark = pytest.mark.slow

PATH = "knowledge-graphs/of-international-organizations/organization-for-security-and-co-operation-in-europe/public/"
VARIANTS = ("text/html", "text/turtle", "application/ld+json", "application/linkset+json")
LINE = 4096
"""How many bytes of a header block nginx reads, unless it is told otherwise (proxy_buffer_size)."""

CONFIGURATION = """daemon off; pid {prefix}/pid; error_log stderr crit; events {{}}
http {{ access_log off;
    client_body_temp_path {prefix}/body; proxy_temp_path {prefix}/proxy; fastcgi_temp_path {prefix}/fastcgi;
    uwsgi_temp_path {prefix}/uwsgi; scgi_temp_path {prefix}/scgi;
    server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass {behind}; }} }} }}
"""
"""Only what nginx needs to run as any user beside others; the rest is as it comes."""

CYRILLIC = "Свобода средств массовой информации"
FILTERS = "label=Совещание&occasion.note=x&date.from=1990&date.to=2030&issuedBy=institution/rfom&size=100&sort=-date"


@pytest.fixture(scope="module")
def far(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory where the real graph is published at a base with a long path."""
    published = tmp_path_factory.mktemp("far")
    sources = Sources((ROOT / "data",), ONTOLOGY, SHAPES)
    run(Build(sources, Names.at(f"https://data.example.org/{PATH}"), published), building(keep=1))
    return published


@pytest.fixture(scope="module")
def names(far: Path) -> list[str]:
    """The paths of all things, the longest first."""
    engine = open_engine(Dataset.current(far))
    query = f"SELECT DISTINCT ?doc {{ GRAPH <{engine.names.sources}> {{ ?doc prov:wasDerivedFrom ?source }} }}"
    found = (row["doc"].value.removeprefix(engine.names.base) for row in engine.select(query))
    return sorted(found, key=lambda path: (-len(path), path))


@pytest.fixture(scope="module")
def proxy(far: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The host and port of nginx in front of a real server."""
    nginx = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    assert nginx, "the Debian package nginx-light is missing"
    prefix = tmp_path_factory.mktemp("nginx")
    prefix.chmod(0o755)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with serving("--published", far) as (url, _):
        text = CONFIGURATION.format(prefix=prefix, port=port, behind=url.rstrip("/"))
        (prefix / "conf").write_text(text)
        process = subprocess.Popen([nginx, "-p", prefix, "-c", prefix / "conf", "-e", "stderr"])
        try:
            wait_for(port, process)
            yield f"127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(timeout=PATIENCE)


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    """Waits until somebody listens on a port."""
    while process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise OSError("nginx has ended")


def statuses(proxy: str, asked: list[tuple[str, str, dict[str, str]]]) -> dict[str, int]:
    """The statuses of the answers to requests, each a method, a path and headers, on one connection."""
    found = {}
    with closing(http.client.HTTPConnection(proxy, timeout=PATIENCE)) as connection:
        for method, path, headers in asked:
            connection.request(method, f"/{PATH}{path}", headers=headers)
            response = connection.getresponse()
            response.read()
            found[f"{method} {path} {headers}"] = response.status
    return found


def test_nginx_as_it_comes_passes_all_documents(proxy: str, names: list[str]) -> None:
    assert len(names) > 2500
    chosen = dict.fromkeys([*names[:20], *drawn(names, 40)])
    asked = [("HEAD", path, {"Accept": accept}) for path in chosen for accept in VARIANTS]
    found = statuses(proxy, asked)
    assert len(found) >= 4 * 50
    assert {request: status for request, status in found.items() if status != 200} == {}


def test_nginx_as_it_comes_passes_collections_with_many_filters_and_searches(proxy: str) -> None:
    paths = [
        "doc/release?" + quote(FILTERS, safe="=&"),
        *(f"doc/release.{suffix}?{quote(FILTERS, safe='=&')}" for suffix in ("ttl", "jsonld", "fr.html", "linkset")),
        *(f"doc/release?label={quote(letter * 300)}" for letter in "aЯ"),
        *(f"search?q={quote(text)}&lang=ru" for text in (CYRILLIC, CYRILLIC * 5, "Я" * 200)),
        *(f"search.{suffix}?q={quote(CYRILLIC * 5)}" for suffix in ("ttl", "json", "csv", "atom", "linkset")),
        f"doc/state/norway?utm_source={quote('Я' * 600)}",
        "sparql?query=" + quote(f"ASK {{ ?s ?p '{CYRILLIC * 20}' }}"),
        f"suggest?q={quote(CYRILLIC)}",
        *("", "doc/state", "ontology", "dataset", "shapes", "sparql", "quality", "openapi.json", "static/style.css"),
    ]
    asked = [(method, path, {"Accept": accept}) for path in paths for accept in ("text/html", "*/*") for method in
             ("GET", "HEAD")]  # fmt: skip
    found = statuses(proxy, asked)
    assert len(found) == len(asked)
    assert {request: status for request, status in found.items() if status != 200} == {}


def test_nginx_as_it_comes_passes_redirects_errors_and_304(proxy: str, names: list[str]) -> None:
    questions = sorted(file.stem for file in (ONTOLOGY / "questions").glob("*.rq"))
    long, name = quote("Я" * 600), names[0].removeprefix("doc/")
    expected = {
        **{("GET", f"sparql/{question}"): 303 for question in questions},
        ("GET", f"id/{name}"): 303,
        ("GET", f"doc/{name}/?lang=fr"): 301,
        ("GET", f"doc/{name}/?lang=fr&utm={long}"): 414,
        ("GET", f"search/?q={long}"): 414,
        ("GET", f"doc/state/{'x' * 3000}"): 404,
        ("PUT", f"doc/{name}"): 405,
        ("GET", f"doc/release?labl={long}"): 400,
        ("OPTIONS", f"doc/{name}"): 200,
    }
    found = {key: statuses(proxy, [(*key, {})]).popitem()[1] for key in expected}
    assert len(questions) == 50
    assert found == expected
    conditions = [{"If-None-Match": "*"}, {"If-Match": '"x"'}, {"Accept": "image/png"}]
    answers = statuses(proxy, [("GET", f"doc/{name}", condition) for condition in conditions])
    assert [*answers.values()] == [304, 412, 406]


# ── Without a proxy ──────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def client(far: Path) -> FlaskClient:
    """A client of the application on the real graph at the long base."""
    return create_app(Dataset.current(far)).test_client()


ROUTES = (
    ("doc/state/norway.ttl", "x"),
    ("doc/release.nt", "label"),
    ("search.csv", "q"),
    ("doc/state/norway.ttl/", "x"),
    ("sparql/", "query"),
    ("sparql.linkset", "x"),
    ("nothing", "x"),
    ("id/state", "x"),
)


@pytest.mark.parametrize(("path", "name"), ROUTES)
def test_the_header_block_is_bounded_whatever_the_length_of_what_is_asked(
    path: str, name: str, client: FlaskClient
) -> None:
    assert MAX_HEADER_BYTES < LINE - 500
    for length in (*range(0, 6000, 400), 10_000, 50_000):
        for accept in ("text/html", "*/*"):
            response = client.get(f"/{path}?{name}={'x' * length}", headers={"Accept": accept})
            assert sum(len(name) + len(value) + 4 for name, value in response.headers) < MAX_HEADER_BYTES + 100
            assert response.status_code < 500


def test_what_a_header_has_no_room_for_stands_in_the_link_set_that_it_names(client: FlaskClient) -> None:
    for path in ("/doc/state/norway.html", f"/search.ttl?q={quote(CYRILLIC)}", "/doc/state.nt?label=x"):
        header = client.head(path).headers["Link"]
        targets = {part.partition(">")[0]: part for part in header.split("<")[1:]}
        linkset = next(target for target, part in targets.items() if 'rel="linkset"' in part)
        context = client.get(urlsplit(linkset).path, query_string=urlsplit(linkset).query).get_json()["linkset"][0]
        listed = {each["href"] for links in context.values() if isinstance(links, list) for each in links}
        assert len(listed) > len(targets), "some were left out"
        whole = {f"https://data.example.org{t}" if t.startswith("/") else t for t in targets}
        assert len(whole & listed) >= len(whole) - 3, "but for the variant and the profile of this answer"
        relations = [part.partition('rel="')[2].partition('"')[0] for part in header.split("<")[1:]]
        assert relations[:2] == ["linkset", "canonical"]
        assert "license" in relations
