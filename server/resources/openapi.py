"""OpenAPI 3.1: every route, with what shapes say of its parameters and answers (spec.openapis.org/oas/v3.1.0)."""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from werkzeug.routing import Rule

from kg.about import DESCRIPTION, LICENSE, TITLE
from kg.dataset import named_queries
from kg.dataset.layout import DUMPS
from kg.dataset.search_index import KIND
from kg.media import (
    ATOM,
    BOOLEAN,
    CSV,
    DOCUMENT,
    HTML,
    JSON,
    LANGUAGES,
    LINKSET,
    RDF,
    SOLUTIONS,
    TEXT,
    TSV,
    YAML,
    MediaType,
)
from kg.model.json_schema import document, node
from kg.model.schema import Class
from kg.names import NAME
from server.errors import PROBLEM
from server.pages import filters
from server.pictures.drawing import SEEN
from server.resources.collections import MAX_SIZE as MAX_MEMBERS
from server.resources.collections import sortable
from server.resources.search import MAX_QUERY_LENGTH, MAX_RESULTS, MAX_SIZE
from server.resources.sparql import OFFERED
from server.site import once, site

Json = dict[str, Any]

VARIANTS = [*(m.suffix for m in DOCUMENT), *(f"{language}.html" for language in LANGUAGES[1:]), LINKSET.suffix]
ANSWERS = tuple(dict.fromkeys((HTML, *RDF, *SOLUTIONS, *BOOLEAN, CSV, TSV)))

PRODUCES: dict[str, tuple[str, ...]] = {
    "discovery.api_catalog": (LINKSET.name,),
    "discovery.openapi": ("application/vnd.oai.openapi+json",),
    "discovery.sitemap": ("application/xml",),
    "discovery.sitemap_page": ("application/xml",),
    "discovery.robots": ("text/plain",),
    "discovery.llms": ("text/markdown",),
    "ontology.context": ("application/ld+json",),
    "ontology.schema": ("application/schema+json",),
    "quality.quality": (HTML.name,),
    "search.suggest": (JSON.name,),
    "status.status": ("application/json",),
    "terms.terms": ("application/json",),
    "catalogue.dump": ("application/gzip",),
    "catalogue.plain_dump": tuple(media.name for media in DUMPS),
    "sparql.sparql": tuple(m.name for m in ANSWERS),
    "graph_store.graph": tuple(m.name for m in RDF),
}
"""What the routes answer with that are no documents in every format."""

VALUES: dict[str, Callable[[], Json]] = {
    "kind": lambda: one_of(site().kinds),
    "name": lambda: {"type": "string", "pattern": f"^{NAME.pattern}$"},
    "suffix": lambda: one_of(VARIANTS),
    "version": lambda: one_of(sorted(site().contexts)),
    "number": lambda: {"type": "integer", "minimum": 1, "examples": [1]},
}
"""What the variables of a route may be."""


def description(rules: list[Rule], views: Mapping[str, Callable[..., Any]]) -> Json:
    """The description of the application whose routes and views these are."""
    dataset, names = site().dataset, site().names
    paths: Json = {}
    for rule in sorted(rules, key=lambda rule: rule.rule):
        if "." in rule.endpoint and not rule.endpoint.startswith("static"):
            for path, class_ in expanded(rule):
                paths[path] = {"get": operation(rule, path, views[rule.endpoint], class_)}
    paths["/sparql"]["post"] = {**paths["/sparql"]["get"], **posted()}
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


def expanded(rule: Rule) -> list[tuple[str, Class | None]]:
    """The paths of a route; one that takes a kind, or lists one, stands once for each kind."""
    path = re.sub(r"<(?:[^:<>]+:)?(\w+)>", r"{\1}", rule.rule)
    of_kinds = [(path.replace("{kind}", kind), kind, class_) for kind, class_ in site().kinds.items()]
    if path == "/doc/{file}":
        return [(f"/doc/{kind}{suffix}", class_) for _, kind, class_ in of_kinds for suffix in ("", ".{suffix}")]
    if path == "/doc/{kind}/{file}":
        names = ("{name}", "{name}.{suffix}")
        return [(each.replace("{file}", name), class_) for each, _, class_ in of_kinds for name in names]
    if "/{kind}/" in path:
        return [(each, class_) for each, _, class_ in of_kinds]
    if path in ("/ontology/schema/{file}", "/ontology/{version}/schema/{file}"):
        return [(path.replace("{file}", "{kind}.json"), None)]
    return [(path.replace("/ontology/{file}", "/ontology/{version}"), None)]


def operation(rule: Rule, path: str, view: Callable[..., Any], class_: Class | None) -> Json:
    """The GET of a path: what the view says it does, its parameters and its answers."""
    summary = re.split(r"[.;](?: |$)", re.sub(r"\s+", " ", view.__doc__ or "").strip())[0]
    return {
        "operationId": re.sub(r"\W+", "-", path).strip("-") or "home",
        "summary": summary + (f": {site().schema.label(class_.iri)}" if class_ else ""),
        "tags": [rule.endpoint.partition(".")[0]],
        "parameters": [*in_path(path, class_), *in_query(rule, path, class_), *in_header(rule, path)],
        "responses": {
            **(REDIRECTS.get(rule.endpoint) or resource(rule, path, class_)),
            "default": {
                "description": "An error: the request is wrong, or the thing has moved, is unknown or was withdrawn.",
                "content": {m.name: {} for m in (PROBLEM, HTML, TEXT)},
            },
        },
    }


def resource(rule: Rule, path: str, class_: Class | None) -> Json:
    """The answers of a resource that is there."""
    answer = {"description": "The resource.", "content": content(rule, path, class_)}
    if rule.endpoint == "status.status":
        return {"200": answer}
    validated: Json = {
        "200": {**answer, "headers": HEADERS},
        "304": {"description": "The client already has the current version."},
    }
    if rule.endpoint == "catalogue.dump":
        validated["206"] = {"description": "The requested range.", "content": answer["content"]}
        validated["416"] = {"description": "The requested range does not exist."}
    return validated


REDIRECTS: dict[str, Json] = {
    "things.kinds": {"303": {"description": "The home page, which lists all kinds."}},
    "things.things": {"303": {"description": "The collection of all things of this kind."}},
    "things.thing": {
        "303": {"description": "The document about the thing."},
        "301": {"description": "The current address of the thing."},
    },
    "sparql.question": {"303": {"description": "The query with the given values."}},
    "catalogue.void": {"303": {"description": "The description of the dataset."}},
}
"""The answers of routes that lead elsewhere."""

HEADERS: Json = {
    "ETag": {
        "description": "A hash of the media type, language, coding and content (RFC 9110, section 8.8.3).",
        "schema": {"type": "string"},
    },
    "Last-Modified": {"description": "The date of the last change of its sources.", "schema": {"type": "string"}},
}


def one_of(values: Iterable[str]) -> Json:
    """The schema of a text that is one of these; the server takes no other."""
    return {"type": "string", "enum": [*values]}


def in_path(path: str, class_: Class | None) -> list[Json]:
    """The parameters that stand in a path."""
    parameters = []
    for name in re.findall(r"{(\w+)}", path):
        known = VALUES[name]()
        if name == "version" and "schema" in path:
            known = one_of([site().schema.version])
        if name == "version" and path.startswith("/dump"):
            known = one_of([site().dataset.version])
        if name == "suffix" and path.startswith("/dump"):
            known = one_of(media.suffix for media in DUMPS)
        if name == "suffix" and path.startswith("/search"):
            known = one_of([*VARIANTS, JSON.suffix, CSV.suffix, ATOM.suffix])
        example = {"example": example_of(class_)} if name == "name" and class_ else {}
        parameters.append({"name": name, "in": "path", "required": True, "schema": known, **example})
    return parameters


def example_of(class_: Class) -> str:
    """The name of a thing of a kind, which is asked for once."""
    things = site().names.thing(f"{class_.kind}/")
    found = once(f"example of {class_.kind}", lambda: named_queries.first_member(site().engine, class_.iri, things))
    return found.removeprefix(things) if found else "none"


def asking() -> list[Json]:
    """The parameters of the endpoint: those of the SPARQL 1.1 Protocol (2.1), and ours."""
    graphs = {"in": "query", "schema": {"type": "array", "items": {"type": "string", "format": "iri"}}}
    formats = sorted({media.suffix for offered, _ in OFFERED.values() for media in offered})
    seconds: Json = {"type": "number", "minimum": 0}
    return [
        {"name": "query", "in": "query", "description": QUERY["description"], "schema": QUERY},
        {"name": "default-graph-uri", **graphs},
        {"name": "named-graph-uri", **graphs},
        {
            "name": "timeout",
            "in": "query",
            "description": "Maximum time for the query, in seconds; 0 for the limit of the server.",
            "schema": seconds,
        },
        {
            "name": "format",
            "in": "query",
            "description": "A suffix or media type, which takes precedence over `Accept`; unknown values are ignored.",
            "schema": {"type": "string", "examples": formats},
        },
        {
            "name": "view",
            "in": "query",
            "description": "The way in which the HTML page shows the result.",
            "schema": one_of(SEEN),
        },
    ]


def in_query(rule: Rule, path: str, class_: Class | None) -> list[Json]:
    """The parameters of a query string: profiles of documents, filters of collections, the query of the endpoint."""
    if rule.endpoint == "sparql.sparql":
        return asking()
    if rule.endpoint == "graph_store.graph":
        default = "Requests the default graph instead of `graph`."
        iri = {"type": "string", "format": "iri", "examples": [*site().names.graphs]}
        return [
            {"name": "graph", "in": "query", "description": "The IRI of the graph.", "schema": iri},
            {"name": "default", "in": "query", "description": default, "schema": {"type": "string"}},
        ]
    if rule.endpoint == "search.suggest":
        return [WORDS]
    if rule.endpoint in PRODUCES or rule.endpoint in REDIRECTS:
        return []
    profile = {"name": "_profile", "in": "query", "schema": one_of(site().profiles)}
    about = "`inline` includes the context in a JSON-LD document."
    inline = {"name": "context", "in": "query", "description": about, "schema": filters.TEXT}
    if rule.endpoint == "search.search":
        return [profile, inline, *searched()]
    if class_ is None or path != f"/doc/{class_.kind}":  # a variant by suffix takes the filters of its collection
        return [profile, inline]
    return [profile, inline, *of_collection(class_)]


def of_collection(class_: Class) -> list[Json]:
    """The filters, the order and the pages of a collection."""
    known = [
        {"name": each.name, "in": "query", "description": each.label, "schema": each.schema}
        for each in filters.parameters_of(class_)
    ]
    keys = list(sortable(class_))
    paging = [
        {
            "name": "sort",
            "in": "query",
            "description": "The key to sort by; with - before it, in descending order.",
            "schema": one_of([*keys, *(f"-{key}" for key in keys)]),
        },
        PAGE,
        {
            "name": "size",
            "in": "query",
            "description": f"Members on a page, at most {MAX_MEMBERS}; a higher value is reduced (header Note).",
            "schema": {"type": "integer", "minimum": 1},
        },
    ]
    return [*known, *paging]


PAGE: Json = {
    "name": "page",
    "in": "query",
    "description": "The cursor of a page, as in the link `next` of the previous page: the name of the member after "
    "which the page begins or, in a sorted collection, a token for that member. If the cursor does not name a member "
    "of the collection with these parameters, the answer is 400 with a link to the first page. There are no page "
    "numbers.",
    "schema": {"type": "string", "pattern": "^[A-Za-z0-9_-]+$"},
}

WORDS: Json = {
    "name": "q",
    "in": "query",
    "description": "Words in any of the languages of the pages.",
    "schema": {**filters.TEXT, "maxLength": MAX_QUERY_LENGTH},
}


def searched() -> list[Json]:
    """What a search takes: words, the values of facets, and a page."""
    facets = [name for name in site().finder.names if name != KIND]
    return [
        WORDS,
        {"name": KIND, "in": "query", "schema": one_of(site().kinds)},
        *({"name": name, "in": "query", "schema": taken_by(name)} for name in facets),
        *({"name": name, "in": "query", "description": text, "schema": taken_by(name)} for name, text in ranges()),
        {
            "name": "page",
            "in": "query",
            "schema": {"type": "integer", "minimum": 1, "maximum": MAX_RESULTS // MAX_SIZE},
        },
        {
            "name": "size",
            "in": "query",
            "description": f"Things on a page, at most {MAX_SIZE}; a higher value is reduced (header Note). As CSV, a "
            "request without page and size returns all results.",
            "schema": {"type": "integer", "minimum": 1, "maximum": 10**9 - 1},
        },
    ]


def ranges() -> list[tuple[str, str]]:
    """The bounds that collections take, such as `date.from`, which a search takes too, each with its label."""
    known = (each for class_ in site().kinds.values() for each in filters.parameters_of(class_))
    return sorted({each.name: each.label for each in known if each.is_range}.items())


def taken_by(name: str) -> Json:
    """The JSON Schema of a value of a facet: what the collections take that have a filter of its name."""
    parameters = [filters.parameters(site().schema, class_).get(name) for class_ in site().kinds.values()]
    schemas = [parameter.schema for parameter in parameters if parameter]
    if all("enum" in each for each in schemas):
        return {"type": "string", "enum": sorted({value for each in schemas for value in each["enum"]})}
    return schemas[0]


def in_header(rule: Rule, path: str) -> list[Json]:
    """The headers that a document is negotiated by."""
    if rule.endpoint == "catalogue.dump":
        return [{"name": "Range", "in": "header", "schema": {"type": "string"}, "example": "bytes=0-99"}]
    if rule.endpoint in PRODUCES or rule.endpoint in REDIRECTS or "{suffix}" in path:
        return []
    return [{"name": "Accept-Language", "in": "header", "schema": {"type": "string"}}]


def content(rule: Rule, path: str, class_: Class | None) -> Json:
    """What a resource is answered with, by media type."""
    if rule.endpoint in PRODUCES:
        return {name: {} for name in PRODUCES[rule.endpoint]}
    media: tuple[MediaType, ...] = (*DOCUMENT, LINKSET)
    if rule.endpoint == "search.search":
        return {m.name: {} for m in (*media, JSON, CSV, ATOM)}
    about_thing = class_ is not None and rule.endpoint == "things.document"
    if not about_thing or class_ is None:
        return {m.name: {} for m in media}
    shape = {"application/ld+json": {"schema": {"$ref": f"#/components/schemas/{class_.name}"}}}
    return {**{m.name: {} for m in (*media, YAML)}, **shape}


QUERY: Json = {
    "type": "string",
    "description": "A SPARQL 1.1 query.",
    "examples": ["SELECT ?s ?type WHERE { ?s a ?type } LIMIT 5", "ASK { ?s ?p ?o }"],
}


def posted() -> Json:
    """A query in the body of a request (SPARQL 1.1 Protocol, 2.1.2 and 2.1.3)."""
    parameters = {each["name"]: each["schema"] for each in asking()}
    form = {"type": "object", "required": ["query"], "properties": parameters}
    return {
        "operationId": "sparql-post",
        "parameters": [each for each in asking() if each["name"] != "query"],
        "requestBody": {
            "required": True,
            "content": {
                "application/x-www-form-urlencoded": {"schema": form},
                "application/sparql-query": {"schema": QUERY},
            },
        },
    }


def schemas() -> Json:
    """The JSON of the documents, by class: each key and its form, and where the whole JSON Schema is.

    One level deep, since a node holds nodes of every class, and tools unfold what a description refers to.
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
