"""Quality: the page of what is missing, what is to be checked and what is disputed, as the build found it."""

import json

from flask import Blueprint, Response, render_template

from kg.media import HTML
from server.documents import CACHE, finish, with_etag
from server.site import site

blueprint = Blueprint("quality", __name__)


@blueprint.get("/quality")
def quality() -> Response:
    """The measures of shapes/quality/, each with its question, its findings and its query."""
    content = json.loads((site().dataset.directory / "quality.json").read_bytes())
    response = Response(render_template("quality.html", measures=content), content_type=HTML.content_type)
    response.headers["Cache-Control"] = CACHE
    return finish(with_etag(response))
