"""Terms: the classes and properties that the dataset uses, for completion in query editors."""

import json
from typing import Any

from flask import Blueprint, Response

from kg.dataset import named_queries
from server.documents import SHORT, cached, compressed
from server.languages import language
from server.operations import documented
from server.site import site

blueprint = Blueprint("terms", __name__)


@blueprint.get("/terms")
@documented(produces=("application/json",))
def terms() -> Response:
    """Returns the prefixes, and the classes and properties of the dataset from its VoID partitions, most used first."""
    completions = {"prefixes": site().names.prefixes, "class": used("class"), "property": used("property")}
    response = compressed(json.dumps(completions, ensure_ascii=False).encode(), "application/json")
    response.vary.add("Accept-Language")
    response.content_language.add(language())
    return cached(response, SHORT)


def used(sort: str) -> list[dict[str, Any]]:
    """The classes or properties that partition the dataset (w3.org/TR/void, 4.5): label, definition and count."""
    names, schema = site().names, site().schema
    count = {"class": "entities", "property": "triples"}[sort]
    return [
        {
            "iri": iri,
            "label": schema.label(iri, language()),
            "definition": schema.definition(iri),
            "count": number,
        }
        for iri, number in named_queries.partitions(site().engine, names, sort, count)
    ]
