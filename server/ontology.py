"""The ontology and the shapes: as RDF, as reference pages, and as the JSON-LD context that they imply."""

import json
from typing import Any

from flask import Blueprint, Response, render_template
from pyoxigraph import Triple
from werkzeug.exceptions import NotFound

from server.documents import finish, respond, with_etag
from server.graphs import triples_of
from server.site import site

blueprint = Blueprint("ontology", __name__)


@blueprint.get("/ontology")
@blueprint.get("/ontology.<suffix>")
def ontology(suffix: str | None = None) -> Response:
    """The ontology, negotiated or in one variant; a term is `/ontology#Term`."""
    names = site().names

    def page(_: list[Triple]) -> str:
        return render_template("ontology.html", schema=site().schema, names=names)

    return respond("ontology", suffix, lambda: triples_of(names.ontology), page, root=names.ontology)


@blueprint.get("/ontology/<version>")
def version(version: str) -> Response:
    """A version of the ontology; only that of the dataset is here."""
    if version != site().schema.version:
        raise NotFound(f"Version {version} of the ontology is not here; the current one is {site().schema.version}.")
    return ontology()


@blueprint.get("/ontology/context.jsonld")
@blueprint.get("/ontology/<version>/context.jsonld")
def context(version: str | None = None) -> Response:
    """The context of every JSON-LD document of this dataset."""
    if version not in (None, site().schema.version):
        raise NotFound(f"Version {version} of the context is not here; the current one is {site().schema.version}.")
    body = json.dumps({"@context": site().framing.context}, ensure_ascii=False, indent=2) + "\n"
    response = with_etag(Response(body, content_type="application/ld+json"))
    response.headers["Cache-Control"] = (
        "public, max-age=3600" if version is None else "public, max-age=31536000, immutable"
    )
    return finish(response)


@blueprint.get("/shapes")
@blueprint.get("/shapes.<suffix>")
def shapes(suffix: str | None = None) -> Response:
    """The shapes that every record meets, negotiated or in one variant; a shape is `/shapes#Shape`."""
    names = site().names

    def page(_: list[Triple]) -> str:
        return render_template("shapes.html", shapes=listed())

    return respond("shapes", suffix, lambda: triples_of(names.shapes), page, root=names.shapes)


def listed() -> list[dict[str, Any]]:
    """Every shape with an IRI: its fragment, the IRIs that it is about, and its message."""
    query = f"""SELECT ?shape ?about ?message WHERE {{ GRAPH <{site().names.shapes}> {{
        VALUES ?type {{ sh:NodeShape sh:PropertyShape sh:SPARQLConstraint }}
        ?shape a ?type FILTER(isIRI(?shape))
        OPTIONAL {{ ?shape sh:targetClass|sh:targetSubjectsOf|sh:path|(^sh:sparql/sh:targetClass) ?about
            FILTER(isIRI(?about)) }}
        OPTIONAL {{ ?shape sh:message ?message }} }} }} ORDER BY ?shape ?about"""
    found: dict[str, dict[str, Any]] = {}
    for row in site().engine.select(query):
        fragment = row["shape"].value.partition("#")[2]
        message = row["message"].value if "message" in row else ""
        shape = found.setdefault(fragment, {"fragment": fragment, "about": [], "message": message})
        shape["about"] += [row["about"].value] if "about" in row else []
    return list(found.values())
