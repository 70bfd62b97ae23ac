"""The server: a Flask application that shows one published dataset. It reads, and never writes."""

from flask import Flask, Response

from kg.describe import LICENSE
from kg.engine import Dataset
from kg.media import RDF
from kg.settings import SETTINGS
from server import catalogue, collections, errors, home, ontology, quality, sparql, status, things
from server.pages import columns
from server.site import Site, href

EXPOSED = "Link, ETag, Content-Location, Vary"
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)


def create_app(dataset: Dataset, max_query_bytes: int = SETTINGS["max-query-bytes"].default) -> Flask:
    """The application for one published dataset."""
    app = Flask(__name__)
    app.extensions["site"] = Site.of(dataset)
    app.config["MAX_QUERY_BYTES"] = max_query_bytes
    app.url_map.merge_slashes = False  # a redirect would name a host, which is not ours to know
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals.update(href=href, columns=columns, site=app.extensions["site"], formats=RDF, license=LICENSE)
    for module in (home, things, collections, ontology, sparql, catalogue, quality, status):
        app.register_blueprint(module.blueprint)
    errors.register(app)
    app.after_request(with_common_headers)
    return app


def with_common_headers(response: Response) -> Response:
    """What every answer carries: CORS for all without credentials, and no leave to load anything from elsewhere."""
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Access-Control-Expose-Headers"] = EXPOSED
    response.headers["Access-Control-Allow-Methods"] = "GET, HEAD, POST, OPTIONS"
    response.headers["Access-Control-Allow-Headers"] = "Accept, Content-Type"
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "same-origin"
    return response
