"""The graph store: each graph of the dataset by its IRI (SPARQL 1.1 Graph Store Protocol, 4.2 and 5.2; read-only)."""

from flask import Blueprint, Response, request
from pyoxigraph import NamedNode

from kg.dataset import named_queries
from kg.media import RDF, TURTLE
from kg.model.schema import Class
from server.errors import BadQueryError, NotAcceptableError
from server.http.negotiation import negotiate
from server.operations import Json, documented
from server.resources.sparql import evaluated, limits
from server.site import site

blueprint = Blueprint("graph_store", __name__)

ALL = "CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o }"


def naming(path: str, class_: Class | None) -> list[Json]:
    """The parameters that name a graph, for OpenAPI."""
    default = "Requests the default graph instead of `graph`."
    iri = {"type": "string", "format": "iri", "examples": [*site().names.graphs]}
    return [
        {"name": "graph", "in": "query", "description": "The IRI of the graph.", "schema": iri},
        {"name": "default", "in": "query", "description": default, "schema": {"type": "string"}},
    ]


@blueprint.get("/graph")
@documented(produces=tuple(media.name for media in RDF), query=naming)
def graph() -> Response:
    """Returns a graph of the dataset: `?default`, or `?graph=` followed by its IRI."""
    named = request.args.getlist("graph")
    if len(named) + ("default" in request.args) != 1:
        raise BadQueryError(400, "A request must name exactly one graph: ?default, or ?graph= followed by its IRI.")
    if named and not exists(named[0]):
        raise BadQueryError(
            404, f"There is no graph {named[0]} in this dataset; {site().names.base}sparql lists the graphs."
        )
    media = negotiate(request.headers.get("Accept"), RDF, TURTLE)
    if media is None:
        raise NotAcceptableError(RDF)
    return evaluated(ALL, {"triples": media}, {"default": named, "named": []}, limits().seconds)


def exists(name: str) -> bool:
    """True if the dataset has a graph with this IRI. Raises BadQueryError if it is not an absolute IRI."""
    try:
        graph = NamedNode(name)
    except ValueError as error:
        raise BadQueryError(400, f"{name!r} is not a valid IRI of a graph: {error}") from error
    return named_queries.has_graph(site().engine, graph)
