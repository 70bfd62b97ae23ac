"""The reference of ontology and shapes: complete, in six languages, true to the shapes, with live examples, light."""

import re
from html import unescape
from pathlib import Path
from random import Random

import pytest
from flask import Flask
from flask.testing import FlaskClient
from pyoxigraph import Store
from rdflib import Graph, URIRef
from rdflib.namespace import SH

from kg.dataset.layout import Dataset
from kg.dataset.opening import open_engine
from kg.media import LANGUAGES
from kg.model.schema import Key, Schema
from kg.names import CANONICAL, local_name
from kg.sparql.oxigraph import Oxigraph
from server.app import create_app
from tests.places import ONTOLOGY
from tests.sampling import drawn

MAX_PAGE_BYTES = 60_000
"""Of the page as a browser gets it, in bytes, whatever the coding."""

HEADING = re.compile(r"<h[34][^>]*><a [^>]*>(.*?)</a></h[34]>")


@pytest.fixture(scope="module")
def schema(app: Flask) -> Schema:
    """The schema that the application shows."""
    found: Schema = app.extensions["site"].schema
    return found


@pytest.fixture(scope="module")
def page(app: Flask) -> str:
    """The page of the ontology in English."""
    return app.test_client().get("/ontology.html").get_data(as_text=True)


def entry(page: str, name: str) -> str:
    """What the page says of one term."""
    found = re.search(
        rf'<section class="term[^"]*" id="{name}">(.*?)(?=<section class="term|</section>\s*</section>|\Z)', page, re.S
    )
    assert found, name
    return found[1]


def terms(schema: Schema) -> list[str]:
    return [*schema.classes, *schema.declared_properties, *schema.individuals]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_term_has_an_entry_with_its_label_in_each_language(
    language: str, client: FlaskClient, schema: Schema
) -> None:
    page = client.get(f"/ontology.html?lang={language}").get_data(as_text=True)
    assert len(terms(schema)) > 250
    for iri in terms(schema):
        heading = HEADING.search(shown := entry(page, local_name(iri)))
        assert heading
        assert unescape(heading[1]) == schema.label(iri, language)
        assert f"<code>{iri}</code>" in shown
    assert sorted(set(ids := re.findall(r' id="([^"]+)"', page))) == sorted(ids)


def test_a_text_that_is_not_in_the_language_of_the_page_says_in_which_it_is(client: FlaskClient) -> None:
    page = client.get("/ontology.fr.html").get_data(as_text=True)
    definitions = re.findall(r'<p class="definition"([^>]*)>', page)
    assert len(definitions) > 200
    assert set(definitions) == {' lang="en"'}
    assert '<p class="definition">' in client.get("/ontology.html").get_data(as_text=True)


def in_words(key: Key) -> str:
    if key.most is None:
        return f"{key.least} or more"
    return str(key.most) if key.most == key.least else f"{key.least} to {key.most}"


def test_a_key_takes_as_many_values_as_its_shapes_say(page: str, schema: Schema) -> None:
    row = re.compile(r'<tr><th scope="row"><a [^>]*><code>(\w+)</code></a></th><td>.*?</td><td><a [^>]*>(.*?)</a>')
    compared = 0
    for class_ in schema.classes.values():
        keys = schema.keys(class_)
        shown = dict(row.findall(entry(page, class_.name)))
        own = {local_name(schema.path_of(shape)) for shape in schema.property_shapes(class_.iri)} & keys.keys()
        assert shown == {name: in_words(keys[name]) for name in own}, class_.name
        others = re.findall(r"<dt>Keys of .*?</dt><dd><code>(.*?)</code></dd>", entry(page, class_.name))
        assert {*filter(None, ", ".join(others).split(", "))} == keys.keys() - own, class_.name
        compared += len(shown)
    assert compared > 200


def test_the_number_of_values_of_a_key_leads_to_a_shape_that_speaks_of_it(page: str, schema: Schema) -> None:
    links = re.findall(
        r'<th scope="row"><a [^>]*><code>(\w+)</code></a></th><td>.*?</td><td><a href="/shapes#([^"]+)"', page
    )
    assert len(links) > 200
    for key, shape in links:
        assert local_name(schema.path_of(URIRef(f"{schema.names.shapes}#{shape}"))) == key


def test_every_shape_stands_with_its_message_under_its_anchor(client: FlaskClient, schema: Schema) -> None:
    page = client.get("/shapes.html").get_data(as_text=True)
    messages = [str(message) for message in schema.shapes.objects(None, SH.message)]
    assert len(messages) > 250
    for message in messages:
        assert message in unescape(page)
    named = {iri for iri in schema.shapes.subjects() if isinstance(iri, URIRef) and "#" in iri}
    assert {f' id="{local_name(iri)}"' for iri in named} <= set(re.findall(r' id="[^"]+"', page))
    assert "SELECT $this" in page


@pytest.mark.parametrize("path", ["/ontology.html", "/ontology/2.1.0.html", "/ontology/1.0.0.html", "/shapes.html"])
def test_every_link_within_the_page_leads_to_something(path: str, client: FlaskClient) -> None:
    page = client.get(path).get_data(as_text=True)
    links = set(re.findall(r'href="#([^"]+)"', page))
    assert len(links) > 40
    assert links <= set(re.findall(r' id="([^"]+)"', page))


def test_examples_lead_to_things_and_shapes(page: str, client: FlaskClient) -> None:
    rows = "".join(re.findall(r"<dt>(?:In the data|A record|Validated by|Used by)</dt>(?:<dd.*?</dd>)+", page, re.S))
    links = {unescape(link).partition("#")[0] for link in re.findall(r'href="(/[^"]+)"', rows)}
    assert {"/doc/state", "/ontology/schema/state.json", "/shapes"} <= links
    assert len(links) > 30
    for link in drawn(links, 30):
        assert client.get(link).status_code == 200, link


def test_a_version_is_told_by_what_it_added_and_removed(client: FlaskClient, page: str) -> None:
    told = dict(re.findall(r"<summary>([\d.]+) .*?</summary>(.*?)</details>", page, re.S))
    graphs = {file.stem: Graph().parse(file) for file in sorted((ONTOLOGY / "versions").glob("*.ttl"))}
    known = {
        version: {local_name(s) for s in map(str, graph.subjects()) if s.startswith(f"{CANONICAL}ontology#")}
        for version, graph in graphs.items()
    }
    assert len(known) >= 4
    for before, after in zip(known, [*known][1:], strict=False):
        added = re.search(r"<dt>Added</dt>(.*?)</dd>", told[after], re.S)
        names = re.findall(r">(\w+)</a>", added[1]) if added else []
        assert set(names) == known[after] - known[before], after
        assert f'href="/ontology/{after}"' in told[after]
    assert "skos:" not in told["2.0.0"]
    assert re.search(r'<a href="#since">since</a> <small>\([^)]*definition', told["2.0.0"])
    assert "no term has changed" in page


def test_an_earlier_version_has_no_examples_and_says_so_that_it_is_earlier(client: FlaskClient) -> None:
    page = client.get("/ontology/1.0.0.html").get_data(as_text=True)
    assert "This is an earlier version." in page
    assert "<summary>1.1.0" not in page
    for text in ("In the data", "Validated by", "/shapes#"):
        assert text not in page


def test_the_page_is_light_in_every_language(real: Path) -> None:
    client = create_app(Dataset.current(real)).test_client()
    for language in LANGUAGES:
        for coding in ("gzip", "br", "zstd"):
            answer = client.get(f"/ontology.html?lang={language}", headers={"Accept-Encoding": coding})
            assert answer.headers["Content-Encoding"] == coding
            assert len(answer.data) < MAX_PAGE_BYTES, (language, coding)


def test_examples_are_the_same_whatever_the_order_of_the_store(real: Path) -> None:
    dataset = Dataset.current(real)
    engine, store = open_engine(dataset), Store()
    quads = [*engine.store]
    store.extend(Random(1).sample(quads, len(quads)))
    known, shuffled = (create_app(dataset, engine=each) for each in (engine, Oxigraph(store, dataset.names)))
    pages = [app.test_client().get("/ontology.html?lang=ru").get_data(as_text=True) for app in (known, shuffled)]
    rows = [re.findall(r"<dt>В данных</dt><dd>.*?</dd>", each) for each in pages]
    assert len(rows[0]) > 150
    assert rows[0] == rows[1]


def test_a_shape_says_in_one_line_how_many_values_there_are(client: FlaskClient) -> None:
    page = client.get("/shapes.html").get_data(as_text=True)
    counts = re.findall(r"<li>number of values: (.*?)</li>", page)
    assert {"1", "0 to 1", "1 or more"} <= {*counts}
    assert "at least" not in "".join(counts)
    assert not re.search(r"<li>number of values: [^<]*</li><li>number of values", page)
