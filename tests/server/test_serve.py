"""`kg serve`: the real server, asked by real clients over a real socket."""

import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from pyld import jsonld
from rdflib import Graph, URIRef
from rdflib.namespace import RDFS
from SPARQLWrapper import JSON, POST, SPARQLWrapper

from tests.places import ROOT
from tests.waiting import PATIENCE, patient

pytestmark = pytest.mark.slow

RELEASE = "Minsk Group Co-Chairs meet Foreign Ministers of Armenia and Azerbaijan on margins of UN General Assembly"


def start(*arguments: object) -> subprocess.Popen[str]:
    """Starts `kg serve` in a process of its own."""
    command = [sys.executable, "-m", "kg", "serve", *map(str, arguments)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def unused_port() -> int:
    """A port that stays unused until a server takes it: none of those that clients are given meanwhile."""
    lowest = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    for port in random.sample(range(lowest // 2, lowest), 100):
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise OSError("no port is free")


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server of the real graph, built for that address."""
    port = unused_port()
    address = f"http://127.0.0.1:{port}/"
    published = tmp_path_factory.mktemp("served")
    process = start("--published", published, "--port", port, "--base-uri", address)
    assert process.stdout is not None
    try:
        assert process.stdout.readline().strip() == address
        yield address
    finally:
        process.send_signal(signal.SIGTERM)
        output, errors = process.communicate(timeout=PATIENCE)
    assert output == "", "the address alone stands on stdout"
    assert "Traceback" not in errors


def fetch(address: str, accept: str) -> tuple[str, str]:
    """The body and the media type that an address answers with, redirects followed."""
    with urllib.request.urlopen(
        urllib.request.Request(address, headers={"Accept": accept}), timeout=PATIENCE
    ) as answer:
        return answer.read().decode(), answer.headers.get_content_type()


def test_a_client_fetches_any_format_of_a_thing(url: str) -> None:
    for accept in ("text/turtle", "application/ld+json", "application/n-triples", "application/rdf+xml", "text/html"):
        body, media_type = fetch(url + "id/state/norway", accept)
        assert media_type == accept
        assert "Norway" in body


def test_rdflib_reads_a_thing_by_its_address_and_its_json_ld_by_its_remote_context(url: str) -> None:
    thing = URIRef(url + "id/institution/odihr")
    from_turtle = Graph().parse(url + "id/institution/odihr", format="turtle")
    from_json = Graph().parse(url + "doc/institution/odihr.jsonld", format="json-ld")
    assert len({*from_turtle.objects(thing, RDFS.label)}) == 6
    assert set(from_json) == set(from_turtle)


def test_pyld_loads_a_thing_by_its_address_and_its_context_by_the_address_in_it(url: str) -> None:
    load = jsonld.requests_document_loader()
    quads = jsonld.to_rdf(url + "id/state/norway", {"documentLoader": load, "format": "application/n-quads"})
    expected = fetch(url + "doc/state/norway", "application/n-triples")[0]
    assert set(quads.splitlines()) == set(expected.splitlines())


@pytest.mark.parametrize("method", ["GET", POST])
def test_sparqlwrapper_asks_a_question(method: str, url: str) -> None:
    client = SPARQLWrapper(url + "sparql")
    client.setMethod(method)
    client.setReturnFormat(JSON)
    client.setQuery(f"""PREFIX osce: <{url}ontology#>
        SELECT (COUNT(DISTINCT ?state) AS ?n) WHERE {{
            ?state osce:participation ?participation . ?participation osce:status osce:participating
            FILTER NOT EXISTS {{ ?participation osce:until ?end }} }}""")
    answer = client.queryAndConvert()
    assert isinstance(answer, dict)
    assert answer["results"]["bindings"][0]["n"]["value"] == "57"


def test_a_reader_follows_links_from_the_home_page_to_a_release_and_asks_a_question(browser: Browser, url: str) -> None:
    page = patient(browser.new_page())
    requested: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: requested.append(request.url))
    page.on("console", lambda message: complaints.append(message.text))
    page.goto(url)
    page.get_by_role("link", name=re.compile(r"^State \d+$")).click()
    page.get_by_role("link", name="Armenia").click()
    assert page.get_by_role("heading", level=1).inner_text() == "Armenia"
    page.get_by_role("link", name=RELEASE).first.click()
    assert page.get_by_role("heading", level=1).inner_text().startswith(RELEASE)
    page.get_by_role("link", name="Igor Popov").first.click()
    assert page.get_by_role("heading", level=1).inner_text() == "Igor Popov"
    page.get_by_role("link", name="SPARQL").click()
    page.get_by_text("runs the query").wait_for()
    page.get_by_label("Query").press("Control+a")
    page.keyboard.insert_text("ASK { ?s ?p ?o }")
    page.get_by_role("button", name="Run", exact=True).click()
    page.get_by_text("yes (true)").wait_for()
    page.close()
    assert complaints == []
    assert {address.partition("/doc")[0].startswith(url.rstrip("/")) for address in requested} == {True}


def test_a_server_that_has_a_dataset_serves_it_unchanged_whatever_the_port(sample: Path) -> None:
    process = start("--published", sample, "--port", 0)
    assert process.stdout is not None
    try:
        address = process.stdout.readline().strip()
        status = json.loads(fetch(address + "status", "*/*")[0])
        assert status["version"] == os.readlink(sample / "current")
        assert "<http://localhost:8000/id/state/avalon>" in fetch(address + "doc/state/avalon", "text/turtle")[0]
    finally:
        process.terminate()
        process.communicate(timeout=PATIENCE)


def test_a_port_in_use_is_one_clear_line(sample: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        process = start("--published", sample, "--port", taken.getsockname()[1])
        output, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert output == ""
    assert len(errors.splitlines()) == 1
    assert "cannot serve on 127.0.0.1:" in errors


def test_serve_refuses_to_serve_what_is_invalid(tmp_path: Path) -> None:
    (tmp_path / "data" / "state").mkdir(parents=True)
    (tmp_path / "data" / "state" / "x.yaml").write_text("label: {en: X}\n")
    process = start("--published", tmp_path / "published", "--port", 0, "--data", tmp_path / "data")
    output, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert output == ""
    assert "E301" in errors
