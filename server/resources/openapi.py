"""OpenAPI 3.1: every route, with parameters and responses as the shapes define them (spec.openapis.org/oas/v3.1.0).

The description of a single route is beside the route (`@documented`, operations.py).
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from werkzeug.routing import Rule

from kg.about import DESCRIPTION, LICENSE, TITLE
from kg.dataset import named_queries
from kg.media import DOCUMENT, HTML, JSON_LD, LINKSET, TEXT
from kg.model.json_schema import document, node
from kg.model.schema import Class
from kg.names import NAME
from server.derived import derived
from server.errors import PROBLEM
from server.operations import VARIANTS, Json, Operation, one_of, operation_of
from server.pages import filters
from server.site import site

VALUES: dict[str, Callable[[], Json]] = {
    "kind": lambda: one_of(site().kinds),
    "name": lambda: {"type": "string", "pattern": f"^{NAME.pattern}$"},
    "suffix": lambda: one_of(VARIANTS),
    "version": lambda: one_of(sorted(site().contexts)),
}
"""The JSON Schemas of the variables of routes, unless a route defines its own."""


def description(rules: list[Rule], views: Mapping[str, Callable[..., Any]]) -> Json:
    """The OpenAPI description of the application with these routes and views."""
    dataset, names = site().dataset, site().names
    paths: Json = {}
    for rule in sorted(rules, key=lambda rule: rule.rule):
        if "." in rule.endpoint and not rule.endpoint.startswith("static"):
            view = views[rule.endpoint]
            noted = operation_of(view)
            for path, class_ in expanded(rule, noted):
                get = operation(rule, path, view, class_)
                paths[path] = {"get": get, **({"post": {**get, **noted.post()}} if noted.post else {})}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": TITLE,
            "description": f"{DESCRIPTION} Dataset {dataset.version}.",
            "version": site().schema.version,
            "license": {"name": "CC BY 4.0", "url": LICENSE},
            "contact": {"name": "Corrections", "url": names.base + "#corrections"},
        },
        "externalDocs": {"description": "The ontology", "url": names.ontology},
        "servers": [{"url": names.base.rstrip("/")}],
        "paths": paths,
        "components": {"schemas": schemas()},
    }


def expanded(rule: Rule, noted: Operation) -> list[tuple[str, Class | None]]:
    """The paths of a route, for each kind if it is described by kind, with the class of the kind."""
    path = re.sub(r"<(?:[^:<>]+:)?(\w+)>", r"{\1}", rule.rule)
    paths = [path.replace("{file}", file) for file in noted.files] if "{file}" in path else [path]
    if not noted.by_kind:
        return [(each, None) for each in paths]
    return [(each.replace("{kind}", kind), class_) for kind, class_ in site().kinds.items() for each in paths]


def operation(rule: Rule, path: str, view: Callable[..., Any], class_: Class | None) -> Json:
    """The GET operation of a path: the docstring of its view, its parameters and its responses."""
    noted = operation_of(view)
    summary = re.split(r"[.;](?: |$)", re.sub(r"\s+", " ", view.__doc__ or "").strip())[0]
    return {
        "operationId": re.sub(r"\W+", "-", path).strip("-") or "home",
        "summary": summary + (f": {site().schema.label(class_.iri)}" if class_ else ""),
        "tags": [rule.endpoint.partition(".")[0]],
        "parameters": [*in_path(path, noted, class_), *in_query(path, noted, class_), *in_header(path, noted)],
        "responses": {
            **({code: {"description": text} for code, text in noted.redirects.items()} or resource(noted, class_)),
            "default": {
                "description": "An error: the request is invalid, or the thing was moved, is unknown or was withdrawn.",
                "content": {m.name: {} for m in (PROBLEM, HTML, TEXT)},
            },
        },
    }


def resource(noted: Operation, class_: Class | None) -> Json:
    """The responses of an existing resource."""
    answer = {"description": "The resource.", "content": content(noted, class_)}
    if not noted.has_validators:
        return {"200": answer}
    validated: Json = {
        "200": {**answer, "headers": HEADERS},
        "304": {"description": "The client already has the current version."},
    }
    if noted.has_ranges:
        validated["206"] = {"description": "The requested range.", "content": answer["content"]}
        validated["416"] = {"description": "The requested range does not exist."}
    return validated


HEADERS: Json = {
    "ETag": {
        "description": "A hash of the media type, language, coding and content (RFC 9110, section 8.8.3).",
        "schema": {"type": "string"},
    },
    "Last-Modified": {"description": "The date of the last change of its sources.", "schema": {"type": "string"}},
}


def in_path(path: str, noted: Operation, class_: Class | None) -> list[Json]:
    """The parameters in a path."""
    known = {**{name: schema() for name, schema in VALUES.items()}, **noted.path()}
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": known[name],
            **({"example": example_of(class_)} if name == "name" and class_ else {}),
        }
        for name in re.findall(r"{(\w+)}", path)
    ]


@derived()
def example_of(class_: Class) -> str:
    """The name of a thing of a kind."""
    things = site().names.thing(f"{class_.kind}/")
    member = named_queries.first_member(site().engine, class_.iri, things)
    return member.removeprefix(things) if member else "none"


def in_query(path: str, noted: Operation, class_: Class | None) -> list[Json]:
    """The parameters of a query string: of documents, the profile and the context, and what the route takes."""
    if noted.redirects:
        return []
    own = noted.query(path, class_)
    if noted.produces:
        return own
    profile = {"name": "_profile", "in": "query", "schema": one_of(site().profiles)}
    about = "`inline` includes the context in a JSON-LD document."
    return [profile, {"name": "context", "in": "query", "description": about, "schema": filters.TEXT}, *own]


def in_header(path: str, noted: Operation) -> list[Json]:
    """The request headers for content negotiation."""
    if noted.has_ranges:
        return [{"name": "Range", "in": "header", "schema": {"type": "string"}, "example": "bytes=0-99"}]
    if noted.produces or noted.redirects or "{suffix}" in path:
        return []
    return [{"name": "Accept-Language", "in": "header", "schema": {"type": "string"}}]


def content(noted: Operation, class_: Class | None) -> Json:
    """The content of the responses of a resource, by media type."""
    if noted.produces:
        return {name: {} for name in noted.produces}
    media: Json = {m.name: {} for m in (*DOCUMENT, LINKSET, *noted.others)}
    if noted.has_schema and class_:
        media[JSON_LD.name] = {"schema": {"$ref": f"#/components/schemas/{class_.name}"}}
    return media


def schemas() -> Json:
    """The JSON of the documents by class: each key with its form, and the address of the complete JSON Schema.

    It has only one level, because a node contains nodes of every class, and tools expand all references in a
    description.
    """
    return {class_.name: outline(class_) for class_ in site().kinds.values()}


def outline(class_: Class) -> Json:
    """The keys of the documents about things of a class."""
    schema, names = site().schema, site().names
    json_schema = document(class_, schema, names)
    forms = node(schema)["properties"]
    text = json.dumps(
        {name: {**forms[name], **schema_of_key} for name, schema_of_key in json_schema["properties"].items()}
    )
    outlined = re.sub(r'"\$ref": "#/\$defs/[^"]*"', '"type": "object"', text)
    return {
        "type": "object",
        "required": json_schema["required"],
        "properties": json.loads(outlined),
        "externalDocs": {"url": f"{names.ontology}/schema/{class_.kind}.json"},
    }
