"""Quality: the page about values that are missing, unverified or disputed, as the build found them."""

from flask import Blueprint, Response, render_template

from kg.media import HTML
from server.documents import SHORT, cached, compressed
from server.languages import language
from server.operations import documented
from server.site import site

blueprint = Blueprint("quality", __name__)


@blueprint.get("/quality")
@documented(produces=(HTML.name,))
def quality() -> Response:
    """Returns the quality measures, each with its question, its findings and its query."""
    content = site().dataset.quality()
    response = compressed(render_template("quality.html", measures=content).encode(), HTML.content_type)
    response.vary.add("Accept-Language")
    response.content_language.add(language())
    return cached(response, SHORT)
