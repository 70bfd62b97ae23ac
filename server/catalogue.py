"""The catalogue: the dataset described (DCAT 3, VoID, PROV-O), and its dumps."""

import base64
import re

from flask import Blueprint, Response, render_template, request, send_file
from pyoxigraph import RdfFormat, Triple, parse
from werkzeug.exceptions import NotFound

from kg.describe import LICENSE
from kg.engine import CATALOGUE, Dataset, NoDatasetError
from kg.media import JSON_LD, N_QUADS, TURTLE, by_suffix
from server.documents import LONG, Document, moved, respond
from server.links import header, link
from server.pages import Description
from server.site import once, site

blueprint = Blueprint("catalogue", __name__)

DUMPS = (N_QUADS, TURTLE, JSON_LD)
"""What the dataset is dumped as."""

GZIP = "application/gzip"


@blueprint.get("/dataset")
@blueprint.get("/dataset.<suffix>")
def dataset(suffix: str | None = None) -> Response:
    """The catalogue, negotiated or in one variant."""
    iri = site().names.dataset

    def page(triples: list[Triple]) -> str:
        manifest = site().dataset.manifest
        return render_template("dataset.html", dataset=Description(iri, triples), manifest=manifest, dumps=DUMPS)

    dumps = [
        link(f"{request.script_root}/dump/{site().dataset.version}.{media.suffix}.gz", "item", type=GZIP)
        for media in DUMPS
    ]
    links = (link(iri, "cite-as"), link("https://schema.org/Dataset", "type"), *dumps)
    return respond(Document("dataset", iri, description, page, root=iri, links=links), suffix)


def description() -> list[Triple]:
    """The triples of the catalogue, as its file has them: the engine makes xsd:integer of the datatype of a size."""
    file = site().dataset.directory / CATALOGUE
    return once("catalogue", lambda: [quad.triple for quad in parse(path=str(file), format=RdfFormat.N_QUADS)])


@blueprint.get("/.well-known/void")
def void() -> Response:
    """Where VoID says to look for the description of a dataset (w3.org/TR/void, 7.2)."""
    return moved("/dataset", 303)


@blueprint.get("/dump/<version>.<suffix>.gz")
def dump(version: str, suffix: str) -> Response:
    """A version of the dataset as one compressed file, whole or in ranges (RFC 9110, 14); its digest: RFC 9530."""
    kept, media = at_version(version), by_suffix(suffix, DUMPS)
    file = kept.directory / f"data.{suffix}.gz"
    if media is None or not file.is_file():
        raise NotFound(f"There is no dump .{suffix}.gz; there are: {', '.join(f'.{m.suffix}.gz' for m in DUMPS)}.")
    digest = kept.manifest["files"][file.name]
    settle_range(file.stat().st_size, digest[:32])
    response = send_file(
        file, GZIP, etag=digest[:32], conditional=True, last_modified=site().modified, max_age=365 * 24 * 3600
    )
    response.headers["Cache-Control"] = LONG
    response.headers["Accept-Ranges"] = "bytes"
    response.headers["Repr-Digest"] = f"sha-256=:{base64.b64encode(bytes.fromhex(digest)).decode()}:"
    collection = link(f"{request.script_root}/dataset", "collection")
    response.headers["Link"] = header([link(LICENSE, "license"), collection])
    return response


def settle_range(size: int, etag: str) -> None:
    """Leaves of the request's Range what counts (RFC 9110, 13.1.5, 13.2.2, 14.2), where Werkzeug counts too much.

    Range is of GET alone; it yields to If-None-Match, and needs an If-Range that is the strong validator itself; other
    units, and several ranges, which may be ignored, are; a suffix longer than the whole is the whole.
    """
    asked = re.fullmatch(r"bytes=(?=\d|-\d)([0-9]{0,18})-([0-9]{0,18})", request.headers.get("Range", ""))
    backwards = asked and asked[1] and asked[2] and int(asked[1]) > int(asked[2])
    stale = request.headers.get("If-Range", f'"{etag}"') != f'"{etag}"'
    if request.method != "GET" or asked is None or backwards or stale or request.if_none_match.contains(etag):
        request.environ.pop("HTTP_RANGE", None)
    elif not asked[1] and asked[2] and int(asked[2]) > size:
        request.environ["HTTP_RANGE"] = "bytes=0-"
    request.environ.pop("HTTP_IF_RANGE", None)


def at_version(version: str) -> Dataset:
    """A published version, this one or one that is still kept; raises NotFound."""
    current = site().dataset
    if version == current.version:
        return current
    try:
        if not re.fullmatch(r"[0-9a-f]+", version):
            raise NoDatasetError(version)
        return Dataset.at(current.directory.parent / version)
    except NoDatasetError as error:
        message = f"The dump of version {version} is not here; the current version is {current.version}."
        raise NotFound(message) from error
