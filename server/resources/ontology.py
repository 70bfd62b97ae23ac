"""The ontology and the shapes: as RDF, as reference pages, and as the derived context and JSON Schemas."""

import json
from typing import Any

from flask import Blueprint, Response, render_template
from pyoxigraph import NamedNode, Triple
from rdflib import Graph
from werkzeug.exceptions import NotFound

from kg.dataset import named_queries
from kg.media import JSON_LD, MediaType
from kg.model.context import as_document
from kg.model.json_schema import json_schema
from kg.model.schema import Schema
from kg.names import PREFIXES, RDF, RDF_TYPE, RDFS
from kg.rdflib_graphs import to_graph
from server.derived import derived
from server.documents import LONG, SHORT, Document, cached, compressed, respond, split
from server.http.links import link, put
from server.operations import documented, one_of
from server.pages.history import history
from server.pages.reference import Reference
from server.pages.shapes import groups, others
from server.pictures.diagram import circle
from server.site import site, triples_of

blueprint = Blueprint("ontology", __name__)

JSON_SCHEMA = MediaType("application/schema+json", "json", "JSON Schema")


@blueprint.get("/ontology")
@blueprint.get("/ontology.<suffix>")
def ontology(suffix: str | None = None) -> Response:
    """Returns the ontology. The address of a term is `/ontology#Term`."""
    return respond(reference("ontology", site().schema.version), suffix)


@blueprint.get("/ontology/<file>")
@documented(files=("{version}",))
def version(file: str) -> Response:
    """Returns the current version of the ontology or an earlier one."""
    known = next((v for v in site().contexts if file == v or file.startswith(f"{v}.")), None)
    if known is None:
        raise NotFound(
            f"There is no version {file} of the ontology. Available versions: {', '.join(sorted(site().contexts))}."
        )
    suffix = None if file == known else file.removeprefix(f"{known}.")
    return respond(reference(f"ontology/{known}", known), suffix)


def reference(path: str, version: str) -> Document:
    """A version of the ontology as a document; an earlier version never changes and is in its own graph."""
    names, current = site().names, version == site().schema.version
    iri = f"{names.ontology}/{version}"
    name = names.ontology if current else iri

    def page(triples: list[Triple]) -> str:
        schema = site().schema if current else Schema(to_graph(triples), Graph(), names)
        shown = Reference(schema, live=current)
        points = circle({each: {*others} for each, others in shown.map.items()})
        return render_template("ontology.html", ref=shown, points=points, versions=history(), path=path)

    return Document(
        path,
        names.base + path,
        lambda: [*triples_of(name), *(concluded() if current else ())],
        page,
        links=(link(iri, "cite-as"), link(f"{iri}/context.jsonld", "describedby")),
        finish=as_owl,
        dated=False,
        cache=SHORT if current else LONG,
    )


@derived()
def concluded() -> list[Triple]:
    """The statements of the dataset about terms that are not in the graph of the ontology: inferred triples."""
    names = site().names
    stated = triples_of(names.ontology)
    terms = {t.subject.value for t in stated if isinstance(t.subject, NamedNode)}
    ours = [term for term in terms if term.startswith(names.vocabulary)]
    everything = named_queries.statements(site().engine, ours)
    return sorted({*everything} - {*stated}, key=str)


def as_owl(triples: list[Triple]) -> list[Triple]:
    """The triples of an ontology's document in the form that OWL tools read (w3.org/TR/owl2-mapping-to-rdf, 3.1.2).

    The ontology header has no class except owl:Ontology. External properties that annotate the ontology or its terms
    are declared as annotation properties, except those that have subproperties in this ontology.
    """
    document = NamedNode(PREFIXES["foaf"] + "Document")
    kept = [t for t in triples if (t.predicate.value, t.object) != (RDF_TYPE, document)]
    declared = {t.subject for t in kept if t.predicate.value == RDF_TYPE}
    above = {t.object for t in kept if t.predicate.value == RDFS + "subPropertyOf"}
    used = {t.predicate for t in kept if not t.predicate.value.startswith((RDF, RDFS, PREFIXES["owl"]))}
    annotation = NamedNode(PREFIXES["owl"] + "AnnotationProperty")
    return [*kept, *(Triple(each, NamedNode(RDF_TYPE), annotation) for each in used - declared - above)]


@blueprint.get("/ontology/context.jsonld")
@blueprint.get("/ontology/<version>/context.jsonld")
@documented(produces=(JSON_LD.name,))
def context(version: str | None = None) -> Response:
    """Returns the context of the JSON-LD documents of this dataset. The context of a version never changes."""
    return implied(as_document(at_version(version)), JSON_LD, version)


@blueprint.get("/ontology/schema/<file>")
@blueprint.get("/ontology/<version>/schema/<file>")
@documented(
    produces=(JSON_SCHEMA.name,),
    files=("{kind}.json",),
    path=lambda: {"version": one_of([site().schema.version])},
)
def schema(file: str, version: str | None = None) -> Response:
    """Returns the JSON Schema of the documents and sources about the things of a kind."""
    kind, suffix = split(file)
    class_ = site().schema.kinds.get(kind)
    if class_ is None or suffix != JSON_SCHEMA.suffix or version not in (None, site().schema.version):
        raise NotFound(f"There is no JSON Schema {file}. Available kinds: {', '.join(site().schema.kinds)}.")
    schema = json_schema(class_, site().schema, site().names)
    return implied(json.dumps(schema, ensure_ascii=False, indent=2).encode() + b"\n", JSON_SCHEMA, None)


def at_version(version: str | None) -> Any:
    """The context of a version of the ontology. Raises NotFound."""
    context = site().contexts.get(version or site().schema.version)
    if context is None:
        raise NotFound(
            f"There is no version {version} of the context. Available versions: {', '.join(sorted(site().contexts))}."
        )
    return context


def implied(body: bytes, media: MediaType, version: str | None) -> Response:
    """A response with a resource that is derived from the ontology."""
    response = compressed(body, content_type=media.content_type)
    put(response.headers, [link(site().names.ontology, "describedby")])
    return cached(response, SHORT if version is None else LONG)


@blueprint.get("/shapes")
@blueprint.get("/shapes.<suffix>")
def shapes(suffix: str | None = None) -> Response:
    """Returns the shapes that every record satisfies. The address of a shape is `/shapes#Shape`."""
    names = site().names

    def page(_: list[Triple]) -> str:
        schema = site().schema
        return render_template("shapes.html", groups=groups(schema), others=others(schema))

    links = (link(names.shapes, "cite-as"),)
    return respond(Document("shapes", names.shapes, lambda: triples_of(names.shapes), page, links=links), suffix)
