"""Status: is the server well, and what does it serve?"""

from flask import Blueprint, Response, jsonify

from server.site import site

blueprint = Blueprint("status", __name__)


@blueprint.get("/status")
def status() -> Response:
    """Returns the status, the version of the dataset and the engine, for operators."""
    response = jsonify(status="ok", version=site().dataset.version, engine=site().engine.name)
    response.headers["Cache-Control"] = "no-store"
    return response
