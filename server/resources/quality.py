"""Quality: the page about values that are missing, unverified or disputed, as the build found them."""

from flask import Blueprint, Response, render_template
from werkzeug.exceptions import ServiceUnavailable

from kg.media import HTML
from server.documents import SHORT, cached, compressed
from server.languages import language
from server.operations import documented
from server.site import site

blueprint = Blueprint("quality", __name__)

RETRY = 10
"""Seconds after which the measures may be asked for again."""


@blueprint.get("/quality")
@documented(produces=(HTML.name,))
def quality() -> Response:
    """Returns the quality measures, each with its question, its findings and its query."""
    try:
        content = site().dataset.quality()
    except FileNotFoundError as error:
        message = "The measures of this version have not been answered yet; try again soon."
        raise ServiceUnavailable(message, retry_after=RETRY) from error
    response = compressed(render_template("quality.html", measures=content).encode(), HTML.content_type)
    response.vary.add("Accept-Language")
    response.content_language.add(language())
    return cached(response, SHORT)
