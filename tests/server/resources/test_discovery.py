"""Discovery: a machine that knows the address of the site alone finds all of it, with its licence and its version."""

import gc
import json
import re
import xml.etree.ElementTree as ET
import zlib
from pathlib import Path
from typing import Any

import hypothesis
import jsonschema
import pyshacl
import pytest
import schemathesis
from flask import Flask
from flask.testing import FlaskClient
from pyoxigraph import DefaultGraph, NamedNode, RdfFormat, parse
from rdflib import Graph, Literal, Namespace, URIRef
from rdflib.namespace import DCAT, DCTERMS, OWL, RDF, RDFS, SH, VOID, XSD
from schemathesis.core.result import Ok

from kg.dataset.layout import Dataset
from kg.dataset.opening import open_engine
from server.app import create_app
from server.operations import documented
from tests.sampling import EVERYTHING

BASE = "http://localhost:8000/"
SPDX = Namespace("http://spdx.org/rdf/terms#")
VERSION = URIRef("http://www.w3.org/ns/dcat#version")  # younger than rdflib's list
LICENSE = URIRef("https://creativecommons.org/licenses/by/4.0/")
EXAMPLES = 25 if EVERYTHING else 2
"""How many requests schemathesis makes up for each operation in each of its ways."""


def path_of(address: str) -> str:
    assert address.startswith(BASE), address
    return "/" + address.removeprefix(BASE)


@pytest.fixture
def catalogue(client: FlaskClient) -> Graph:
    """The description of the dataset."""
    return Graph().parse(data=client.get("/dataset.ttl").data, format="turtle")


def test_void_leads_to_the_description_of_the_dataset(client: FlaskClient) -> None:
    response = client.get("/.well-known/void")
    assert (response.status_code, response.headers["Location"]) == (303, "/dataset")


def test_the_catalogue_is_dcat_with_distributions_that_are_there(
    catalogue: Graph, client: FlaskClient, sample: Path
) -> None:
    dataset = URIRef(f"{BASE}dataset")
    assert {DCAT.Dataset, VOID.Dataset} <= set(catalogue.objects(dataset, RDF.type))
    for needed in (
        DCTERMS.title,
        DCTERMS.description,
        DCTERMS.license,
        DCTERMS.rights,
        DCAT.contactPoint,
        VERSION,
    ):
        assert list(catalogue.objects(dataset, needed)), needed
    assert str(catalogue.value(dataset, VERSION)) == Dataset.current(sample).version
    distributions = list(catalogue.objects(dataset, DCAT.distribution))
    assert len(distributions) == 6
    for each in distributions:
        body = client.get(path_of(str(catalogue.value(each, DCAT.downloadURL))), buffered=True).data
        size = Literal(str(len(body)), datatype=XSD.nonNegativeInteger)
        assert (each, DCAT.byteSize, size) in catalogue
        checksum = catalogue.value(each, SPDX.checksum)
        assert catalogue.value(checksum, SPDX.algorithm) == SPDX.checksumAlgorithm_adler32
        assert str(catalogue.value(checksum, SPDX.checksumValue)) == f"{zlib.adler32(body):08x}"
        packs = client.get(path_of(str(catalogue.value(each, RDFS.seeAlso))))
        assert packs.get_json()["rest"]["members"]
        assert (each, DCTERMS.license, LICENSE) in catalogue
    assert (dataset, VOID.sparqlEndpoint, URIRef(f"{BASE}sparql")) in catalogue


@pytest.mark.parametrize(
    "path",
    ["/", "/doc/state/avalon", "/doc/state", "/dataset", "/sparql", "/ontology", "/ontology/1.0.0", "/shapes"],
)
@pytest.mark.parametrize("profile", ["full", "labels", "schema"])
def test_every_rdf_document_says_its_licence_whom_to_name_and_where_corrections_go(
    path: str, profile: str, client: FlaskClient
) -> None:
    response = client.get(path, query_string={"_profile": profile}, headers={"Accept": "text/turtle"})
    graph = Graph().parse(data=response.data, format="turtle")
    document = URIRef(f"{BASE}dataset" if path == "/" else BASE + path.lstrip("/"))
    assert (document, DCTERMS.license, LICENSE) in graph
    assert "compiled from public pages" in str(graph.value(document, DCTERMS.rights, any=False))
    contact = graph.value(document, DCAT.contactPoint)
    assert (contact, URIRef("http://www.w3.org/2006/vcard/ns#hasURL"), URIRef(f"{BASE}#corrections")) in graph


def test_a_document_names_its_source_and_the_references_behind_it(client: FlaskClient) -> None:
    graph = Graph().parse(data=client.get("/doc/state/avalon.ttl").data, format="turtle")
    document, source = URIRef(f"{BASE}doc/state/avalon"), URIRef(f"{BASE}doc/state/avalon.yaml")
    assert (document, URIRef("http://www.w3.org/ns/prov#wasDerivedFrom"), source) in graph
    assert str(graph.value(source, DCTERMS.identifier)) == "data/state/avalon.yaml:1"
    assert len(str(graph.value(source, URIRef("http://www.w3.org/2002/07/owl#versionInfo")))) == 40
    assert (document, DCTERMS.source, URIRef(f"{BASE}id/reference/almanac")) in graph
    many = client.get("/doc/release/2000-01.ttl").get_data(as_text=True)
    assert "data/release/2000.yaml:" in many


def test_the_place_of_corrections_is_on_the_home_page(client: FlaskClient, sample: Path) -> None:
    assert 'id="corrections"' in client.get("/").get_data(as_text=True)
    app = create_app(Dataset.current(sample), {"contact": "mailto:corrections@example.org"})
    page = app.test_client().get("/").get_data(as_text=True)
    assert '<a href="mailto:corrections@example.org">corrections@example.org</a>' in page


def test_the_api_catalog_leads_to_interfaces_and_their_descriptions(client: FlaskClient) -> None:
    response = client.get("/.well-known/api-catalog")
    assert response.mimetype == "application/linkset+json"
    assert response.mimetype_params["profile"] == "https://www.rfc-editor.org/info/rfc9727"
    contexts = {context["anchor"]: context for context in response.get_json()["linkset"]}
    items = {item["href"] for item in contexts[f"{BASE}.well-known/api-catalog"]["item"]}
    assert f"{BASE}sparql" in items
    for anchor in items:
        for relation in ("service-desc", "service-doc", "service-meta", "status"):
            assert contexts[anchor][relation]
            for target in contexts[anchor][relation]:
                found = client.get(path_of(target["href"]))
                assert (found.status_code, found.mimetype) == (200, target["type"])


def test_the_sitemap_lists_every_document_and_robots_names_it(client: FlaskClient, sample: Path) -> None:
    assert f"Sitemap: {BASE}sitemap.xml" in client.get("/robots.txt").get_data(as_text=True)
    space = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
    index = ET.fromstring(client.get("/sitemap.xml").data)
    pages = [loc.text or "" for loc in index.iter(f"{space}loc")]
    found = [
        loc.text or "" for page in pages for loc in ET.fromstring(client.get(path_of(page)).data).iter(f"{space}loc")
    ]
    things = {q.subject.value for q in open_engine(Dataset.current(sample)).store if str(q.graph_name) == "DEFAULT"}
    things = {iri for iri in things if iri.startswith(f"{BASE}id/") and "#" not in iri}
    assert {iri.replace("/id/", "/doc/") for iri in things} <= set(found)
    for address in found:
        assert client.get(path_of(address)).status_code == 200, address


def test_llms_txt_leads_to_everything(client: FlaskClient, sample: Path) -> None:
    text = client.get("/llms.txt").get_data(as_text=True)
    assert text.startswith("# OSCE knowledge graph\n\n> ")
    assert Dataset.current(sample).version in text
    addresses = [part.partition(")")[0] for part in text.split("](")[1:]]
    assert len(addresses) > 20
    for address in addresses:
        assert client.get(path_of(address)).status_code == 200, address


@pytest.mark.parametrize(
    "path", ["/ontology", "/ontology/2.1.3", "/ontology/2.1.2", "/ontology/2.1.1", "/ontology/2.1.0", "/ontology/1.0.0"]
)
@pytest.mark.parametrize("profile", ["full", "labels", "schema"])
def test_the_header_of_the_ontology_is_of_owl_alone_and_what_annotates_is_declared(
    path: str, profile: str, client: FlaskClient
) -> None:
    graph = Graph().parse(data=client.get(f"{path}.ttl?_profile={profile}").data, format="turtle")
    documents = {URIRef(BASE + path[1:]), URIRef(f"{BASE}ontology")}
    assert {type_ for each in documents for type_ in graph.objects(each, RDF.type)} <= {OWL.Ontology}
    kinds = (OWL.AnnotationProperty, OWL.ObjectProperty, OWL.DatatypeProperty)
    declared = {each for kind in kinds for each in graph.subjects(RDF.type, kind)}
    above = set(graph.objects(None, RDFS.subPropertyOf))
    used = {each for each in graph.predicates() if not str(each).startswith((str(OWL), str(RDF), str(RDFS)))}
    assert DCAT.contactPoint in used
    assert used <= declared | above


def test_the_document_of_the_ontology_says_of_its_terms_what_the_dataset_says(
    client: FlaskClient, sample: Path
) -> None:
    described = {str(t) for t in parse(client.get("/ontology.nt").data, format=RdfFormat.N_TRIPLES)}
    stated = {
        str(quad)
        for quad in open_engine(Dataset.current(sample)).store.quads_for_pattern(None, None, None, DefaultGraph())
        if str(quad.subject).startswith(f"<{BASE}ontology#")
    }
    assert any("Concept" in each for each in stated)
    assert stated <= described


def test_the_catalogue_has_what_dcat_ap_demands_and_recommends(real_client: FlaskClient) -> None:
    catalogue = Graph()
    for subject, predicate, object_ in Graph().parse(data=real_client.get("/dataset.ttl").data, format="turtle"):
        is_count = str(predicate).startswith(str(VOID)) or object_ == VOID.Dataset  # of which there are many
        if not is_count and predicate != RDFS.label:
            catalogue.add((subject, predicate, object_))
    shapes = Graph().parse(Path(__file__).parent / "dcat_ap.ttl")
    conforms, _, report = pyshacl.validate(catalogue, shacl_graph=shapes)
    assert conforms, report
    for needed in set(shapes.objects(None, SH.targetClass)):
        assert (None, RDF.type, needed) in catalogue, needed
    missing = 0
    for subject, predicate in {
        (s, p) for s, p in catalogue.subject_predicates() if s == URIRef(f"{BASE}dataset#catalogue")
    }:
        poorer = Graph() + catalogue
        poorer.remove((subject, predicate, None))
        missing += not pyshacl.validate(poorer, shacl_graph=shapes)[0]
    assert missing == 11, "the shapes see what a catalogue lacks"


@pytest.mark.parametrize("path", ["/", "/index.fr.html", "/dataset", "/dataset.html", "/dataset.ru.html"])
def test_pages_tell_search_engines_of_the_dataset(path: str, real_client: FlaskClient) -> None:
    text = real_client.get(path, headers={"Accept": "text/html"}).get_data(as_text=True)
    (block,) = re.findall(r'<script type="application/ld\+json">(.*?)</script>', text, re.DOTALL)
    dataset = json.loads(block)
    assert dataset["@context"] == "https://schema.org/"
    assert dataset["@type"] == "Dataset"
    assert 50 <= len(dataset["description"]) <= 5000
    for needed in (
        "name",
        "url",
        "sameAs",
        "license",
        "creator",
        "publisher",
        "version",
        "dateModified",
        "datePublished",
    ):
        assert dataset[needed], needed
    assert dataset["isAccessibleForFree"] is True
    assert re.fullmatch(r"\d{4}-\d\d-\d\d/\d{4}-\d\d-\d\d", dataset["temporalCoverage"])
    assert len(dataset["distribution"]) == 6
    for each in dataset["distribution"]:
        response = real_client.get(path_of(each["contentUrl"]))
        assert (response.status_code, response.mimetype) == (200, each["encodingFormat"])
        response.close()


MAPPED = ("/search", "/search?q=avalon&page=1&size=2", "/doc/state", "/doc/release?sort=date", "/doc/field-operation")


@pytest.mark.parametrize("path", MAPPED)
def test_every_variable_of_a_template_is_mapped_to_a_property(path: str, client: FlaskClient) -> None:
    hydra = Namespace("http://www.w3.org/ns/hydra/core#")
    graph = Graph().parse(data=client.get(path, headers={"Accept": "text/turtle"}).data, format="turtle")
    mappings = set(graph.subjects(RDF.type, hydra.IriTemplateMapping))
    assert len(mappings) > 3
    for mapping in mappings:
        assert (None, hydra.mapping, mapping) in graph
        for needed in (hydra.variable, hydra.property, hydra.required):
            assert len(list(graph.objects(mapping, needed))) == 1, (mapping, needed)


@pytest.mark.parametrize("version", ["1.0.0", "1.1.0", "2.0.0"])
def test_an_earlier_version_of_the_ontology_stays_where_it_was(version: str, client: FlaskClient) -> None:
    triples = list(parse(client.get(f"/ontology/{version}").data, format=RdfFormat.TURTLE))
    info = NamedNode("http://www.w3.org/2002/07/owl#versionInfo")
    assert version in {quad.object.value for quad in triples if quad.predicate == info}
    assert client.get(f"/ontology/{version}.html").status_code == 200
    context = client.get(f"/ontology/{version}/context.jsonld")
    assert context.get_json(force=True)["@context"]["State"] == f"{BASE}ontology#State"


# ── OpenAPI ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def described(app: Flask) -> dict[str, Any]:
    """The OpenAPI description of the application on the sample world."""
    found: dict[str, Any] = app.test_client().get("/openapi.json").get_json()
    return found


def test_the_description_names_every_route(app: Flask, described: dict[str, Any]) -> None:
    tags = {tag for path in described["paths"].values() for tag in path["get"]["tags"]}
    blueprints = {rule.endpoint.partition(".")[0] for rule in app.url_map.iter_rules() if "." in rule.endpoint}
    assert tags == blueprints
    assert len(described["paths"]) > 60
    identifiers = [operation["operationId"] for path in described["paths"].values() for operation in path.values()]
    assert len(identifiers) == len(set(identifiers))


def test_a_new_route_is_described_by_what_stands_beside_it(sample: Path) -> None:
    app = create_app(Dataset.current(sample))
    taken = {"name": "day", "in": "query", "schema": {"type": "string"}}

    @documented(produces=("text/calendar",), path=lambda: {"year": {"type": "integer"}}, query=lambda *_: [taken])
    def view(year: int) -> str:
        """Returns the days of a year. It is a route of this test."""
        return str(year)

    app.add_url_rule("/days/<int:year>", "days.year", view)
    get = app.test_client().get("/openapi.json").get_json()["paths"]["/days/{year}"]["get"]
    assert get["summary"] == "Returns the days of a year"
    year = {"name": "year", "in": "path", "required": True, "schema": {"type": "integer"}}
    assert (get["tags"], get["parameters"]) == (["days"], [year, taken])
    assert get["responses"]["200"]["content"] == {"text/calendar": {}}


def test_the_shapes_of_documents_are_those_of_the_json_schemas(client: FlaskClient, described: dict[str, Any]) -> None:
    schema = described["components"]["schemas"]["State"]
    document = client.get("/doc/state/avalon.jsonld").get_json(force=True)
    jsonschema.Draft202012Validator(schema).validate(document)
    assert not jsonschema.Draft202012Validator(schema).is_valid({**document, "label": []})
    whole = client.get(path_of(schema["externalDocs"]["url"])).get_json()
    assert set(schema["properties"]) == set(whole["then"]["properties"])


def test_every_filter_of_the_description_is_taken(client: FlaskClient, described: dict[str, Any]) -> None:
    taken = 0
    for parameter in described["paths"]["/doc/state"]["get"]["parameters"]:
        examples = parameter["schema"].get("examples") or parameter["schema"].get("enum")
        if parameter["in"] == "query" and examples and "…" not in examples[0]:
            response = client.get("/doc/state", query_string={parameter["name"]: examples[0]})
            assert response.status_code == 200, parameter["name"]
            taken += 1
    assert taken > 10


@pytest.mark.parametrize("sort", ["", "sort=date&", "sort=-title&"])
def test_the_cursor_of_every_next_page_is_as_described(
    sort: str, client: FlaskClient, described: dict[str, Any]
) -> None:
    collections = [path for path in described["paths"] if re.fullmatch(r"/doc/[a-z-]+", path)]
    assert len(collections) > 10
    for path in collections:
        pages = [each for each in described["paths"][path]["get"]["parameters"] if each["name"] == "page"]
        assert [page["schema"]["type"] for page in pages] == ["string"]
        assert "400" in pages[0]["description"]
    response = client.get(f"/doc/release?{sort}size=1")
    cursor = re.search(r'[?&]page=([^&>]*)[^>]*>; rel="?next', response.headers["Link"])
    assert cursor
    parameters = {each["name"]: each for each in described["paths"]["/doc/release"]["get"]["parameters"]}
    jsonschema.validate(cursor[1], parameters["page"]["schema"])


SPARQL = ("SELECT ?s ?type WHERE { ?s a ?type } LIMIT 5", "ASK { ?s ?p ?o }")
GRAPH = "http://localhost:8000/ontology"


def written_down(case: Any) -> None:
    """Puts an example in the place of any query, since the description cannot say what text is one."""
    for place in (case.query, case.body):
        if isinstance(place, dict) and "query" in place:
            place["query"] = SPARQL[len(place["query"]) % 2]
    if isinstance(case.body, str):
        case.body = SPARQL[len(case.body) % 2]


def test_clients_can_send_any_query_graph_and_format(described: dict[str, Any]) -> None:
    endpoint = described["paths"]["/sparql"]
    given = {each["name"]: each["schema"] for each in endpoint["get"]["parameters"] if each["in"] == "query"}
    posted = endpoint["post"]["requestBody"]["content"]
    form = posted["application/x-www-form-urlencoded"]["schema"]["properties"]
    beside = {each["name"] for each in endpoint["post"]["parameters"]}
    assert set(given) == set(form) == {*beside, "query"}
    graph = next(e["schema"] for e in described["paths"]["/graph"]["get"]["parameters"] if e["name"] == "graph")
    free = (given["query"], given["format"], form["query"], posted["application/sparql-query"]["schema"], graph)
    for schema, text in zip(free, ("ASK {}", "text/csv", "ASK {}", "ASK {}", f"{GRAPH}/1.0.0"), strict=True):
        jsonschema.Draft202012Validator(schema).validate(text)
        assert schema["examples"]
    assert tuple(given["query"]["examples"]) == SPARQL


def test_what_is_an_enumeration_is_a_text_of_which_the_server_takes_no_other(
    client: FlaskClient, described: dict[str, Any]
) -> None:
    asked = 0
    for path in ("/doc/state", "/search"):
        for parameter in described["paths"][path]["get"]["parameters"]:
            if parameter["in"] == "query" and "enum" in parameter["schema"]:
                assert parameter["schema"]["type"] == "string"
                status = client.get(path, query_string={parameter["name"]: "none-of-these"}).status_code
                assert status == 400 or parameter["name"] == "_profile", parameter["name"]
                asked += 1
    assert asked > 5


@pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning",  # schemathesis leaves the files of dumps open
    "ignore::ResourceWarning",
)
def test_schemathesis_finds_no_failure(app: Flask) -> None:
    schema = schemathesis.openapi.from_wsgi("/openapi.json", app)
    operations = [found.ok() for found in schema.get_all_operations() if isinstance(found, Ok)]
    assert len(operations) > 60
    for operation in operations:

        @hypothesis.seed(6)
        @hypothesis.settings(
            max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(hypothesis.HealthCheck)
        )
        @hypothesis.given(case=operation.as_strategy())
        def check(case: Any) -> None:
            if case.path.startswith("/doc/"):
                case.query.pop("page", None)  # a cursor must come from the page before it
            if case.path == "/graph":  # exactly one of the two, and a graph that is there
                case.query = {"default": ""} if "default" in case.query else {"graph": GRAPH}
            if case.path == "/sparql":
                written_down(case)
            case.call_and_validate()

        check()
    gc.collect()
