"""Status: whether the server works, and what it serves."""

from flask import Blueprint, Response, current_app, jsonify

from server.operations import documented
from server.site import site

blueprint = Blueprint("status", __name__)


@blueprint.get("/status")
@documented(produces=("application/json",), has_validators=False)
def status() -> Response:
    """Returns the status, the version of the dataset and the engine, for operators.

    If the current version cannot be served, so that an older one still is, `error` says why.
    """
    error = current_app.extensions["error"]
    more = {"error": error} if error else {}
    response = jsonify(status="ok", version=site().dataset.version, engine=site().engine.name, **more)
    response.headers["Cache-Control"] = "no-store"
    return response
