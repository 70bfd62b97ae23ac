"""The catalogue: the description of the dataset (DCAT 3, VoID, PROV-O), and its dumps."""

import base64
import json
import re
from typing import Any

from flask import Blueprint, Response, render_template, request
from markupsafe import Markup
from pyoxigraph import Literal, NamedNode, Triple
from rdflib.namespace import DCTERMS
from werkzeug.exceptions import NotFound, RequestedRangeNotSatisfiable
from werkzeug.wsgi import FileWrapper

from kg.about import DESCRIPTION, KEYWORDS, LICENSE, TITLE
from kg.dataset.dumps import Dump
from kg.dataset.layout import DUMPS, Dataset, NoDatasetError
from kg.media import JSON, LANGUAGES, MediaType, by_suffix
from kg.names import XSD
from kg.namespaces import DCAT
from server.derived import derived
from server.documents import LONG, Document, moved, respond, validator
from server.http.conditional import DatedResponse, wanted_range
from server.http.links import link, put
from server.http.negotiation import accepts_gzip
from server.operations import Json, documented, one_of
from server.pages.properties import Description
from server.pages.triple_index import TripleIndex
from server.site import site, triples_of

blueprint = Blueprint("catalogue", __name__)

GZIP = "application/gzip"

SPAN = (str(DCAT.startDate), str(DCAT.endDate))

PART = 2**16
"""Number of bytes of a dump that are sent at once."""

KEPT_DIGESTS = 16
"""Maximum number of dumps whose digests are cached."""


@blueprint.get("/dataset")
@blueprint.get("/dataset.<suffix>")
def dataset(suffix: str | None = None) -> Response:
    """Returns the catalogue of the dataset."""
    iri = site().names.dataset

    def page(triples: list[Triple]) -> str:
        manifest = site().dataset.manifest
        return render_template(
            "dataset.html",
            dataset=Description(iri, TripleIndex(triples)),
            manifest=manifest,
            dumps={media: digest(site().dataset.dump(media)) for media in DUMPS},
            embedded=embedded(),
        )

    dumps = [
        link(f"{request.script_root}/dump/{site().dataset.version}.{media.suffix}.gz", "item", type=GZIP)
        for media in DUMPS
    ]
    links = (link(iri, "cite-as"), link("https://schema.org/Dataset", "type"), *dumps)
    return respond(Document("dataset", iri, description, page, root=iri, links=links), suffix)


@derived()
def description() -> list[Triple]:
    """The triples of the catalogue, with the datatype that DCAT 3 (6.8.9) requires for sizes.

    The engine would convert this datatype to xsd:integer, so the dataset contains the same number as xsd:integer.
    """
    return [with_size(triple) for triple in triples_of(site().names.dataset)]


def with_size(triple: Triple) -> Triple:
    """A triple; its object is xsd:nonNegativeInteger if it is a size in bytes."""
    if triple.predicate != NamedNode(DCAT.byteSize) or not isinstance(triple.object, Literal):
        return triple
    size = Literal(triple.object.value, datatype=NamedNode(XSD + "nonNegativeInteger"))
    return Triple(triple.subject, triple.predicate, size)


def embedded() -> Markup:
    """The dataset in schema.org terms, for dataset search engines: JSON-LD that can be embedded in a page."""
    names, manifest = site().names, site().dataset.manifest
    about = TripleIndex(description())
    issued = next((each.value for each in about.literals(names.dataset, str(DCTERMS.issued))), None)
    span = [each.value for bound in SPAN for each in about.literals(f"{names.dataset}#period", bound)]
    compiler = {"@type": "Organization", "@id": f"{names.dataset}#publisher", "name": TITLE, "url": names.base}
    dataset: dict[str, Any] = {
        "@context": "https://schema.org/",
        "@type": "Dataset",
        "@id": names.dataset,
        "name": TITLE,
        "description": DESCRIPTION,
        "url": names.base,
        "sameAs": names.dataset,
        "identifier": names.dataset,
        "license": LICENSE,
        "isAccessibleForFree": True,
        "creator": compiler,
        "publisher": compiler,
        "version": manifest.version,
        "keywords": list(KEYWORDS),
        "inLanguage": list(LANGUAGES),
        **({"datePublished": issued} if issued else {}),
        **({"dateModified": manifest.time} if manifest.time else {}),
        **({"temporalCoverage": "/".join(span)} if span else {}),
        "includedInDataCatalog": {"@type": "DataCatalog", "@id": f"{names.dataset}#catalogue", "url": names.dataset},
        "distribution": [
            {
                "@type": "DataDownload",
                "name": f"{TITLE}: {media.label}",
                "contentUrl": names.dump(manifest.version, media.suffix, compressed=compressed),
                "encodingFormat": GZIP if compressed else media.name,
            }
            for media in DUMPS
            for compressed in (False, True)
        ],
    }
    text = json.dumps(dataset, ensure_ascii=False).replace("<", "\\u003c")
    return Markup(text)  # noqa: S704  # no markup is left in the text


@blueprint.get("/.well-known/void")
@documented(redirects={"303": "The description of the dataset."})
def void() -> Response:
    """Redirects from the address that VoID defines for the description of a dataset (w3.org/TR/void, 7.2)."""
    return moved("/dataset", 303)


def variables() -> dict[str, Json]:
    """The variables in the path of a dump, for OpenAPI."""
    return {**versions(), "suffix": one_of(media.suffix for media in DUMPS)}


def versions() -> dict[str, Json]:
    """The variable in the path of a version, for OpenAPI."""
    return {"version": one_of([site().dataset.version])}


@blueprint.get("/dump/<version>.<suffix>.gz")
@documented(produces=(GZIP,), path=variables, has_ranges=True)
def dump(version: str, suffix: str) -> Response:
    """Returns a version of the dataset as a compressed file, with ranges (RFC 9110, 14) and its digest (RFC 9530)."""
    found, media = dumped(version, suffix)
    response = DatedResponse(FileWrapper(found.open(), PART), content_type=GZIP, direct_passthrough=True)
    response.content_length = found.size
    response.set_etag(validator(found.tag.encode(), GZIP))
    response.last_modified = site().modified
    name = f"osce-kg-{version}.{media.suffix}.gz"
    response.headers.set("Content-Disposition", "attachment", filename=name)
    in_range(response, found.size)
    response.headers["Repr-Digest"] = f"sha-256=:{base64.b64encode(bytes.fromhex(digest(found))).decode()}:"
    return described(response)


@derived(KEPT_DIGESTS)
def digest(found: Dump) -> str:
    """The SHA-256 of a dump, which is read once for it."""
    return found.digest()


@blueprint.get("/dump/<version>/packs.json")
@documented(produces=(JSON.name,), path=versions)
def pack_list(version: str) -> Response:
    """Returns the packs that a version consists of, with the SHA-256 of each gzip member of its dumps."""
    kept = at_version(version)
    content = kept.pack_list.read_bytes()
    response = DatedResponse(content, content_type=JSON.name)
    response.set_etag(validator(content, JSON.name))
    response.last_modified = site().modified
    return described(response)


@blueprint.get("/dump/<version>.<any(nq,ttl,jsonld):suffix>")
@documented(produces=tuple(media.name for media in DUMPS), path=variables)
def plain_dump(version: str, suffix: str) -> Response:
    """Returns the same file as RDF, with the content coding gzip if the client accepts it, and else uncompressed."""
    found, media = dumped(version, suffix)
    packed = accepts_gzip(request.headers.get("Accept-Encoding"))
    body = found.compressed() if packed else found.content()
    response = DatedResponse(body, content_type=media.content_type, direct_passthrough=True)
    response.content_length = found.size if packed else found.content_size
    if packed:
        response.content_encoding = "gzip"
    response.set_etag(validator(found.tag.encode(), media.content_type, coding="gzip" if packed else ""))
    response.last_modified = site().modified
    response.vary.add("Accept-Encoding")
    response.headers["Accept-Ranges"] = "none"
    response.headers.set("Content-Disposition", "inline", filename=f"osce-kg-{version}.{media.suffix}")
    return described(response)


def dumped(version: str, suffix: str) -> tuple[Dump, MediaType]:
    """The dump of a published version, and its media type; raises NotFound."""
    kept, media = at_version(version), by_suffix(suffix, DUMPS)
    if media is None:
        raise NotFound(
            f"There is no dump .{suffix}.gz. Available dumps: {', '.join(f'.{m.suffix}.gz' for m in DUMPS)}."
        )
    try:
        found = kept.dump(media)
    except (NoDatasetError, OSError) as error:
        raise unavailable(version) from error
    if not found.is_there:
        raise unavailable(version)
    return found, media


def described(response: Response) -> Response:
    """Adds the headers that every dump has: it never changes, its licence, and the catalogue that lists it."""
    response.headers["Cache-Control"] = LONG
    collection = link(f"{request.script_root}/dataset", "collection")
    put(response.headers, [link(LICENSE, "license"), collection])
    return response


def in_range(response: Response, size: int) -> None:
    """Reduces a response to the range that the request asks for (RFC 9110, 14.2); `size` is the whole length in bytes.

    Other units and several ranges are ignored, as RFC 9110 allows; a suffix longer than the whole is the whole.
    """
    requested = re.fullmatch(
        r"bytes=(?=\d|-\d)([0-9]{0,18})-([0-9]{0,18})", wanted_range(request.environ, response.headers) or ""
    )
    given = {"REQUEST_METHOD": request.method}
    if requested and not (requested[1] and requested[2] and int(requested[1]) > int(requested[2])):
        whole = not requested[1] and int(requested[2]) > size
        given["HTTP_RANGE"] = "bytes=0-" if whole else requested[0]
    try:
        response.make_conditional(given, accept_ranges=True, complete_length=size)
    except RequestedRangeNotSatisfiable:
        response.close()
        raise


def at_version(version: str) -> Dataset:
    """A published version, current or earlier. Raises NotFound."""
    current = site().dataset
    if version == current.version:
        return current
    try:
        if not re.fullmatch(r"[0-9a-f]+", version):
            raise NoDatasetError(version)
        return current.sibling(version)
    except NoDatasetError as error:
        raise unavailable(version) from error


def unavailable(version: str) -> NotFound:
    """The error for a version that is not published, or no longer."""
    message = f"The dump of version {version} is not available. The current version is {site().dataset.version}."
    return NotFound(message)
