"""JSON-LD: the documents are what their context says, read by other people's processors, and of one shape."""

import gzip
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from flask.testing import FlaskClient
from pyld import jsonld
from pyoxigraph import NamedNode, RdfFormat, parse
from rdflib import Graph

from kg.dataset.layout import Dataset
from kg.dataset.opening import open_engine
from kg.model.context import Framing
from kg.sparql.oxigraph import Oxigraph
from server.site import Site
from tests.places import SAMPLE
from tests.sampling import drawn

BASE = "http://localhost:8000/"
ABOUT = ("/doc/state/avalon", "/doc/release/2000-01", "/doc/person/morgan-le-fay", "/doc/reference/almanac")
DOCUMENTS = (*ABOUT, "/doc/state", "/dataset", "/sparql", "/shapes", "/ontology", "/ontology/1.1.0")


class CoreLoader(yaml.SafeLoader):
    """YAML as an editor's language server reads it: a date stays text."""


CoreLoader.yaml_implicit_resolvers = {
    first: [pair for pair in pairs if not pair[0].endswith(":timestamp")]
    for first, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def loader(client: FlaskClient) -> Any:
    """How PyLD fetches a context, from the application and with the headers that PyLD sends."""

    def load(url: str, options: dict[str, Any]) -> dict[str, Any]:
        assert url.startswith(BASE), "no third party is asked"
        headers = options.get("headers", {"Accept": "application/ld+json, application/json"})
        response = client.get(url.removeprefix(BASE.rstrip("/")), headers=headers)
        assert response.mimetype == "application/ld+json"
        assert response.headers["Access-Control-Allow-Origin"] == "*"
        return {"contextUrl": None, "documentUrl": url, "document": response.get_json(force=True)}

    return load


def n_triples(quads: str) -> set[str]:
    """The canonical lines of a dataset (RDFC-1.0), by PyLD."""
    options = {"inputFormat": "application/n-quads", "format": "application/n-quads", "algorithm": "URDNA2015"}
    return set(jsonld.normalize(quads, options).splitlines())


@pytest.mark.parametrize(
    ("path", "query"), [*((path, "") for path in DOCUMENTS), *((path, "?context=inline") for path in ABOUT)]
)
def test_a_processor_reads_the_triples_of_the_other_formats(path: str, query: str, client: FlaskClient) -> None:
    document = client.get(f"{path}.jsonld{query}").get_json(force=True)
    assert isinstance(document["@context"], dict if query else str)
    quads = jsonld.to_rdf(document, {"documentLoader": loader(client), "format": "application/n-quads"})
    expected = client.get(f"{path}.nt{query}").get_data(as_text=True)
    if "_:" in expected:  # PyLD's own canonicalization tells blank nodes apart
        assert len(quads.splitlines()) == len(expected.splitlines())
    else:
        assert n_triples(quads) == n_triples(expected)


@pytest.mark.parametrize("path", ABOUT)
def test_other_parsers_agree(path: str, client: FlaskClient) -> None:
    text = client.get(f"{path}.jsonld?context=inline").get_data(as_text=True)
    expected = set(client.get(f"{path}.nt?context=inline").get_data(as_text=True).splitlines())
    by_oxigraph = {f"{quad.triple} ." for quad in parse(text, format=RdfFormat.JSON_LD)}
    by_rdflib = Graph().parse(data=text, format="json-ld").serialize(format="nt").strip().splitlines()
    assert by_oxigraph == expected
    assert len(by_rdflib) == len(expected)


def test_the_context_is_named_by_its_version_and_cached_for_ever(client: FlaskClient) -> None:
    context = client.get("/doc/state/avalon.jsonld").get_json(force=True)["@context"]
    version = context.removeprefix(f"{BASE}ontology/").removesuffix("/context.jsonld")
    assert version.count(".") == 2
    response = client.get(f"/ontology/{version}/context.jsonld")
    assert "immutable" in response.headers["Cache-Control"]
    assert response.data == client.get("/ontology/context.jsonld").data


def test_what_links_to_a_thing_stands_under_reverse(client: FlaskClient) -> None:
    reverse = client.get("/doc/reference/almanac.jsonld").get_json(force=True)["@reverse"]
    linking = {each["id"] for each in reverse["reference"]}
    assert f"{BASE}id/state/avalon" in linking
    labelled = next(each for each in reverse["reference"] if each["id"] == f"{BASE}id/state/avalon")
    assert labelled["label"]["en"] == "Avalon"


def test_every_document_is_of_the_shape_that_its_class_has(real_client: FlaskClient, engine: Oxigraph) -> None:
    things = [row["s"].value for row in engine.select("SELECT DISTINCT ?s WHERE { ?s a osce:Thing }")]
    validators: dict[str, Any] = {}
    defined: dict[str, Any] = {}
    paths = drawn((iri.removeprefix(f"{BASE}id/") for iri in things if "#" not in iri), 150)
    kinds = {path.partition("/")[0] for path in paths}
    assert len(kinds) > 10
    for path in paths:
        kind = path.partition("/")[0]
        if kind not in validators:
            schema = real_client.get(f"/ontology/schema/{kind}.json").get_json()
            new = {name: each for name, each in schema["$defs"].items() if defined.get(name) != each}
            jsonschema.Draft202012Validator.check_schema({**schema, "$defs": new})  # what all define, once
            defined |= new
            validators[kind] = jsonschema.Draft202012Validator(schema)
        document = real_client.get(f"/doc/{path}.jsonld").get_json(force=True)
        problems = [f"{error.json_path}: {error.message[:200]}" for error in validators[kind].iter_errors(document)]
        assert problems == [], path


def test_the_schema_of_a_class_refuses_another_shape(client: FlaskClient) -> None:
    validator = jsonschema.Draft202012Validator(client.get("/ontology/schema/state.json").get_json())
    document = client.get("/doc/state/avalon.jsonld").get_json(force=True)
    assert validator.is_valid(document)
    for wrong in (
        {"participation": document["participation"][0]},
        {"label": {"en": ["Avalon"]}},
        {"type": "State"},
        {"isoCode": ["NO"]},
        {"unknownKey": "x"},
        {"id": f"{BASE}id/place/avalon"},
    ):
        assert not validator.is_valid({**document, **wrong}), wrong


def test_sources_are_of_the_shape_that_editors_are_shown(client: FlaskClient) -> None:
    files = sorted(SAMPLE.glob("*/*.yaml"))
    assert len(files) > 20
    for file in files:
        schema = client.get(f"/ontology/schema/{file.parent.name}.json").get_json()
        for record in yaml.load_all(file.read_text(), Loader=CoreLoader):
            errors = jsonschema.Draft202012Validator(schema).iter_errors(record)
            assert [error.message for error in errors] == [], file


def test_no_triple_is_lost_where_data_have_more_than_the_shapes_allow(sample: Path) -> None:
    dataset = Dataset.current(sample)
    site = Site.of(dataset, open_engine(dataset))
    framing = Framing(site.schema, site.names)
    thing = NamedNode(f"{BASE}id/state/x")
    single = sorted(iri for iri in site.schema.single if iri.startswith(site.names.vocabulary))
    lines = [f'{thing} <{iri}> "{text}"@en .' for iri in single for text in "ab"]
    lines += [f"{thing} <{iri}> <urn:{text}> ." for iri in single for text in "ab"]
    triples = [quad.triple for quad in parse("\n".join(lines), format=RdfFormat.N_TRIPLES)]
    document = framing.document(triples, framing.context, thing.value)
    read = {quad.triple for quad in parse(json.dumps(document), format=RdfFormat.JSON_LD)}
    assert read == set(triples)


def test_the_dump_is_read_by_a_processor(client: FlaskClient, sample: Path) -> None:
    version = Dataset.current(sample).version
    packed = client.get(f"/dump/{version}.jsonld.gz", buffered=True).data
    found = {str(quad.triple) for quad in parse(gzip.decompress(packed), format=RdfFormat.JSON_LD)}
    turtle = gzip.decompress(client.get(f"/dump/{version}.ttl.gz", buffered=True).data)
    assert found == {str(quad.triple) for quad in parse(turtle, format=RdfFormat.TURTLE)}
    assert len(found) > 300
