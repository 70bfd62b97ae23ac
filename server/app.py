"""The application: a Flask application that shows one published dataset and is read-only."""

import mimetypes
from collections.abc import Mapping
from os.path import isfile
from pathlib import Path
from typing import Any

from flask import Flask, Response, g
from werkzeug.exceptions import NotFound
from werkzeug.local import LocalProxy
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.security import safe_join

from kg.about import LICENSE
from kg.dataset.layout import Dataset
from kg.dataset.opening import open_engine
from kg.media import ATOM, CSV, DOCUMENT, JSON, LINKSET, YAML
from kg.settings import SETTINGS
from kg.sparql.engine import Engine, UntrustedQueries
from server import errors, hooks, languages
from server.documents import SHORT, cached, compressed, moved
from server.http.conditional import DatedResponse
from server.http.mount import Mount
from server.pages.properties import columns, label, labels_of_kinds
from server.pictures.maps import has_outlines
from server.queries.client import Queries
from server.queries.limits import SETTINGS_OF_LIMITS, Limits
from server.resources import (
    catalogue,
    collections,
    discovery,
    events,
    graph_store,
    home,
    ontology,
    quality,
    search,
    sparql,
    status,
    terms,
    things,
)
from server.site import Site, caches, here, href, page_in, site

MODULES = (
    *(home, things, collections, ontology, sparql, graph_store, catalogue, discovery, quality, search, status),
    *(events, terms),
)

STATIC = Path(__file__).parent / "static"
"""The files that pages load; `built/` contains those that `make install` builds from `frontend/`."""

SERVING = ("watch", "max-query-bytes", "contact", "trusted-proxies", "max-cache-bytes", *SETTINGS_OF_LIMITS)
"""The settings of an application."""


def create_app(
    dataset: Dataset,
    settings: Mapping[str, Any] | None = None,
    queries: str | None = None,
    engine: Engine | None = None,
) -> Flask:
    """Returns the application for one published dataset.

    `settings` are the settings of SERVING that differ from their defaults. `queries` is the address of a query host;
    without it, the application starts a host for the first query. `engine` contains the dataset; by default it is
    Oxigraph.
    """
    app = Flask("server", static_folder=None)
    app.add_url_rule("/static/<path:filename>", "static", asset)
    app.add_url_rule("/favicon.ico", "favicon", favicon)
    app.response_class = DatedResponse
    app.extensions["site"] = Site.of(dataset, engine or open_engine(dataset))
    app.extensions["caches"] = caches
    app.extensions["error"] = None
    for name in SERVING:
        app.config[name] = (settings or {}).get(name, SETTINGS[name].default)
    app.extensions["limits"] = Limits.of(app.config)
    untrusted: UntrustedQueries = Queries(dataset, app.extensions["limits"], queries)
    app.extensions["queries"] = untrusted
    app.url_map.merge_slashes = False  # a redirect would contain a host name, which is unknown here
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals.update(
        href=href,
        here=here,
        page_in=page_in,
        is_built=is_built,
        has_outlines=has_outlines,
        columns=columns,
        label=label,
        labels_of_kinds=labels_of_kinds,
        document_links=lambda: g.get("links", []),
        labels_of_media={media.name: media.label for media in (*DOCUMENT, YAML, JSON, CSV, ATOM, LINKSET)},
        site=LocalProxy(site),
        license=LICENSE,
        contact=app.config["contact"],
        is_watched=app.config["watch"],
    )
    languages.register(app)
    for module in MODULES:
        app.register_blueprint(module.blueprint)
    errors.register(app)
    hooks.register(app)
    mounted = Mount(app.wsgi_app, dataset.names.base)
    proxies = app.config["trusted-proxies"]
    trusted = ProxyFix(mounted, x_for=proxies, x_proto=proxies, x_host=proxies, x_prefix=proxies)
    app.wsgi_app = trusted if proxies else mounted  # type: ignore[method-assign]
    return app


def is_built(filename: str) -> bool:
    """True if the file was built; pages work without it."""
    return (STATIC / "built" / filename).is_file()


def favicon() -> Response:
    """A redirect to the icon, for browsers that request it before a page has named it."""
    return moved("/static/icon.svg", 301)


def asset(filename: str) -> Response:
    """A file that pages need: style sheet, script, icon."""
    path = safe_join(str(STATIC), filename)
    if path is None or filename.endswith("/") or not isfile(path):
        raise NotFound(f"There is no file {filename}.")
    media_type = mimetypes.guess_type(path)[0] or "application/octet-stream"
    return cached(compressed(Path(path).read_bytes(), media_type), SHORT)
