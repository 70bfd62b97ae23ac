"""Documents: how every negotiated resource is answered, whatever it is about.

One implementation of negotiation, variants, ETag, Vary, Link and 304 (RFC 9110: 8.8, 12, 13, 15.4.5; RFC 8288).
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import quote

from flask import Response, request
from pyoxigraph import NamedNode, RdfFormat, Triple, serialize
from werkzeug.exceptions import NotFound

from kg.describe import LICENSE
from kg.media import DOCUMENT, HTML, JSON_LD, TURTLE, MediaType, by_suffix
from kg.names import RDF_TYPE
from server.errors import NotAcceptableError
from server.negotiation import negotiate
from server.site import site

CACHE = "public, max-age=300"


def respond(
    path: str,
    suffix: str | None,
    triples: Callable[[], list[Triple]],
    page: Callable[[list[Triple]], str],
    *,
    root: str,
    offered: tuple[MediaType, ...] = DOCUMENT,
    default: MediaType = TURTLE,
    links: Iterable[str] = (),
) -> Response:
    """The document at `path` (without suffix) in the variant asked for by suffix or by Accept.

    `triples` gives its content; `page` writes them as HTML; `root` is the IRI that its JSON-LD starts from.
    Raises NotFound for a suffix that is not offered, NotAcceptableError where Accept leaves nothing.
    """
    if suffix is not None:
        media = by_suffix(suffix, offered)
        if media is None:
            raise NotFound(f"there is no variant .{suffix} here; there are: {', '.join(m.suffix for m in offered)}")
    else:
        media = negotiate(request.headers.get("Accept"), offered, default)
        if media is None:
            raise NotAcceptableError(offered, path)
    body = page(triples()).encode() if media is HTML else write(triples(), media, root)
    response = with_etag(Response(body, content_type=media.content_type))
    here = f"{request.script_root}/{path}"
    asked = f"?{quote(request.query_string, safe='=&%+')}" if request.query_string else ""
    if suffix is None:
        response.headers["Content-Location"] = f"{here}.{media.suffix}{asked}" if path else here
        response.vary.add("Accept")
    response.headers["Cache-Control"] = CACHE
    others = [
        f'<{here}.{m.suffix}{asked}>; rel="alternate"; type="{m.name}"' for m in offered if m is not media and path
    ]
    response.headers["Link"] = ", ".join([*others, f'<{LICENSE}>; rel="license"', *links])
    return finish(response)


def with_etag(response: Response) -> Response:
    """Gives a response the strong ETag that is the hash of its bytes."""
    response.set_etag(hashlib.sha256(response.get_data()).hexdigest()[:32])
    return response


def finish(response: Response) -> Response:
    """Turns a response into 304 where the client has it already; decided last, on the negotiated variant."""
    response.make_conditional(request)
    return response


def write(triples: list[Triple], media: MediaType, root: str) -> bytes:
    """Triples in a media type; the same bytes for the same triples."""
    names = site().names
    if media is JSON_LD:
        framing = site().framing
        inline = request.args.get("context") == "inline"
        context = framing.context if inline else f"{names.ontology}/context.jsonld"
        return json.dumps(framing.document(triples, context, root), ensure_ascii=False, indent=2).encode() + b"\n"
    assert isinstance(media.format, RdfFormat)
    return serialize_in_order(sorted(triples, key=lambda t: _order(t, root)), media.format, names.prefixes)


def serialize_in_order(triples: list[Triple], format_: RdfFormat, prefixes: dict[str, str]) -> bytes:
    """Triples in the order given, under the prefixes in use; the engine alone would list these in random order."""
    plain = serialize(triples, format=RdfFormat.N_TRIPLES) or b""
    used = {prefix: iri for prefix, iri in prefixes.items() if b"<" + iri.encode() in plain}
    text = serialize(triples, format=format_, prefixes=used) or b""
    if format_ in (RdfFormat.TURTLE, RdfFormat.TRIG):
        header = text.splitlines(keepends=True)[: len(used)]
        return b"".join(sorted(header)) + b"\n" + text[sum(map(len, header)) :]
    if format_ is RdfFormat.RDF_XML:
        return re.sub(
            rb"(?: xmlns:[\w-]+=\"[^\"]*\")+", lambda m: b" " + b" ".join(sorted(m[0].split())), text, count=1
        )
    return text


def _order(triple: Triple, root: str) -> tuple[Any, ...]:
    """The root first, then its parts, then the rest; of each subject its types first."""
    subject, predicate = str(triple.subject), str(triple.predicate)
    about = isinstance(triple.subject, NamedNode) and triple.subject.value
    return (
        about != root,
        not (about and about.startswith(root)),
        subject,
        predicate != f"<{RDF_TYPE}>",
        predicate,
        str(triple.object),
    )
