"""Discovery: resources by which programs find everything on this site: well-known addresses, sitemap, llms.txt."""

import json
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Response, current_app, render_template
from werkzeug.exceptions import NotFound

from kg.about import DESCRIPTION, LICENSE, TITLE
from kg.dataset import named_queries
from kg.media import HTML, LINKSET, TURTLE, MediaType
from server.derived import derived
from server.documents import SHORT, cached, compressed
from server.http.links import Link, link, linkset, put
from server.operations import documented
from server.resources.openapi import description
from server.site import site

blueprint = Blueprint("discovery", __name__)

API_CATALOG = "https://www.rfc-editor.org/info/rfc9727"
OPENAPI = MediaType("application/vnd.oai.openapi+json", "json", "OpenAPI")
MARKDOWN = MediaType("text/markdown", "md", "Markdown")
PLAIN = MediaType("text/plain", "txt", "plain text")
XML = MediaType("application/xml", "xml", "XML")

MAX_ADDRESSES = 10_000
"""Maximum number of addresses in one sitemap; the protocol allows 50,000 (sitemaps.org/protocol)."""


def answer(body: str | bytes, content_type: str) -> Response:
    """A resource with one variant, and links to related resources."""
    response = compressed(body if isinstance(body, bytes) else body.encode(), content_type)
    put(response.headers, [link(LICENSE, "license"), link(site().names.dataset, "describedby")])
    return cached(response, SHORT)


@blueprint.get("/.well-known/api-catalog")
@documented(produces=(LINKSET.name,))
def api_catalog() -> Response:
    """Returns the interfaces of this site as a link set (RFC 9727)."""
    response = answer(linkset(catalogued()), f'{LINKSET.name}; profile="{API_CATALOG}"')
    response.headers.add("Link", str(link(site().names.base + ".well-known/api-catalog", "api-catalog")))
    return response


def catalogued() -> dict[str, list[Link]]:
    """The description of each interface."""
    base = site().names.base
    common = [
        link(base + "openapi.json", "service-desc", type=OPENAPI.name),
        link(base + "dataset", "service-meta", type=TURTLE.name),
        link(base + "status", "status", type="application/json"),
        link(LICENSE, "license"),
    ]
    documented = [link(base + "ontology.html", "service-doc", type=HTML.name)]
    sparql = [
        link(base + "sparql.ttl", "service-desc", type=TURTLE.name),
        link(base + "sparql.html", "service-doc", type=HTML.name),
    ]
    return {
        base + ".well-known/api-catalog": [link(base + "sparql", "item"), link(base, "item")],
        base + "sparql": [*sparql, *common],
        base: [*documented, *common],
    }


@blueprint.get("/openapi.json")
@documented(produces=(OPENAPI.name,))
def openapi() -> Response:
    """Returns the OpenAPI 3.1 description of this site, which is made from the routes and the shapes."""
    return answer(described(), f"{OPENAPI.name};version=3.1")


@derived()
def described() -> bytes:
    """The description of this application, which never changes."""
    content: dict[str, Any] = description(list(current_app.url_map.iter_rules()), current_app.view_functions)
    return json.dumps(content, ensure_ascii=False).encode() + b"\n"


@blueprint.get("/sitemap.xml")
@documented(produces=(XML.name,))
def sitemap() -> Response:
    """Returns the list of sitemaps for crawlers (sitemaps.org/protocol)."""
    pages = range(1, len(addresses()) // MAX_ADDRESSES + 2)
    return answer(render_template("sitemaps.xml", pages=pages, day=day()), XML.name)


@blueprint.get("/sitemap/<int:number>.xml")
@documented(produces=(XML.name,), path=lambda: {"number": {"type": "integer", "minimum": 1, "examples": [1]}})
def sitemap_page(number: int) -> Response:
    """Returns one sitemap, which lists the documents about things."""
    page = addresses()[(number - 1) * MAX_ADDRESSES : number * MAX_ADDRESSES] if number else []
    if not page:
        raise NotFound(f"There is no sitemap {number}.")
    return answer(render_template("sitemap.xml", addresses=page), XML.name)


def addresses() -> list[tuple[str, str | None]]:
    """The documents in order, each with the day of its last change; for a thing, that of its source, if it is known."""
    base = site().names.base
    fixed = ["", "dataset", "ontology", "shapes", "sparql", "quality"]
    kinds = [f"doc/{kind}" for kind in site().kinds]
    things = [
        (row["doc"].value, row["time"].value[:10] if "time" in row else day())
        for row in named_queries.documents(site().engine, site().names)
    ]
    return [*((base + path, day()) for path in (*fixed, *kinds)), *things]


def day() -> str | None:
    """The day of the dataset, if it is known."""
    modified: datetime | None = site().modified
    return modified.date().isoformat() if modified else None


@blueprint.get("/robots.txt")
@documented(produces=(PLAIN.name,))
def robots() -> Response:
    """Returns the rules for crawlers, which may read everything except queries and searches (RFC 9309)."""
    below = urlsplit(site().names.base).path
    refused = "".join(f"Disallow: {below}{path}?\n" for path in ("sparql", "search"))
    text = f"User-agent: *\n{refused}Allow: {below}\n\nSitemap: {site().names.base}sitemap.xml\n"
    return answer(text, PLAIN.content_type)


@blueprint.get("/llms.txt")
@documented(produces=(MARKDOWN.name,))
def llms() -> Response:
    """Returns a description of this site for language models (llmstxt.org)."""
    kinds = list(site().kinds.values())
    text = render_template("llms.txt", title=TITLE, description=DESCRIPTION, kinds=kinds, questions=site().questions)
    return answer(text, MARKDOWN.content_type)
