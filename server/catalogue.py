"""The catalogue: the dataset described (DCAT 3, VoID, PROV-O), and its dumps."""

from flask import Blueprint, Response, redirect, render_template, request, send_file
from pyoxigraph import Triple
from werkzeug.exceptions import NotFound

from server.documents import respond
from server.graphs import triples_of
from server.pages import Description
from server.site import site

blueprint = Blueprint("catalogue", __name__)


@blueprint.get("/dataset")
@blueprint.get("/dataset.<suffix>")
def dataset(suffix: str | None = None) -> Response:
    """The catalogue, negotiated or in one variant."""
    iri = site().names.dataset

    def page(triples: list[Triple]) -> str:
        return render_template("dataset.html", dataset=Description(iri, triples), manifest=site().dataset.manifest)

    return respond("dataset", suffix, description, page, root=iri)


def description() -> list[Triple]:
    return triples_of(site().names.dataset)


@blueprint.get("/.well-known/void")
def void() -> Response:
    """Where VoID says to look for the description of a dataset (w3.org/TR/void, 7.2)."""
    return redirect(f"{request.script_root}/dataset", 303)  # type: ignore[return-value]


@blueprint.get("/dump/<version>.nq.gz")
def dump(version: str) -> Response:
    """The data of the current version as one compressed file."""
    if version != site().dataset.version:
        raise NotFound(f"The dump of version {version} is not here; the current version is {site().dataset.version}.")
    file = site().dataset.directory / "data.nq.gz"
    if not file.is_file():
        raise NotFound(f"The dump of version {version} is no longer kept.")
    digest = site().dataset.manifest["files"]["data.nq.gz"]
    response = send_file(file, "application/gzip", etag=digest[:32], conditional=True)
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return response
