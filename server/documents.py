"""Documents: the response for every resource, whatever it is about.

This is the only implementation of variants, ETag, Last-Modified, Vary, Link and compression (RFC 9110: 8.4, 8.8, 12;
RFC 8288) for everything that has a URL; conditions.py decides on 304 and 412.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

from flask import Response, current_app, g, redirect, request
from pyoxigraph import Literal, NamedNode, RdfFormat, Triple
from rdflib.namespace import DCTERMS, FOAF, OWL, RDFS
from werkzeug.exceptions import BadRequest, NotFound

from kg.about import ATTRIBUTION, LICENSE, TITLE
from kg.media import DOCUMENT, HTML, JSON_LD, LANGUAGES, LINKSET, RDF, RDF_XML, TURTLE, MediaType, by_suffix
from kg.model.context import is_part
from kg.model.profiles import FULL, Profile
from kg.names import RDF_TYPE, RDFS_LABEL, XSD
from kg.namespaces import DCAT, VCARD
from kg.serialize import NO_XML, serialize_in_order
from server.errors import NotAcceptableError
from server.http.codings import MIN_BYTES_TO_COMPRESS
from server.http.conditional import DatedResponse
from server.http.links import Link, link, linkset, put
from server.http.negotiation import negotiate, negotiate_coding, negotiate_language, negotiate_profile
from server.languages import chosen_language
from server.site import site

SHORT = "public, max-age=300"
"""The Cache-Control of resources that the next dataset may change."""

WATCHED = "public, no-cache"
"""The Cache-Control of the same resources while the sources are watched, so that browsers show each change."""

LONG = "public, max-age=31536000, immutable"
"""The Cache-Control of resources whose address contains their version."""

SUFFIX = re.compile(rf"(?P<name>.*?)(?:\.(?P<suffix>(?:(?:{'|'.join(LANGUAGES)})\.)?[a-z]+))?")


@dataclass(frozen=True, slots=True)
class Document:
    """A document: its path, its subject, and how to write it.

    `path` is the path of its variants without a suffix. `triples` returns its content, and `page` writes it as HTML.
    `root` is the IRI from which its JSON-LD starts; None for a graph without a main subject. `about` is the IRI of the
    document itself, for statements about its licence and origin. `others` are media types that only this document has.
    """

    path: str
    about: str
    triples: Callable[[], list[Triple]]
    page: Callable[[list[Triple]], str]
    root: str | None = None
    default: MediaType = TURTLE
    others: dict[MediaType, Callable[[], bytes]] = field(default_factory=dict)
    links: tuple[Link, ...] = ()
    items: tuple[Link, ...] = ()
    """Links that are too many for a header and are only in the link set."""
    cache: str = SHORT
    home: str | None = None
    """The path of the document itself, if it differs from that of its variants."""
    dated: bool = True
    """Whether its version and time are those of the dataset."""
    finish: Callable[[list[Triple]], list[Triple]] = list
    """A function that is applied to the content and metadata before they are written as RDF."""
    filtered: bool = False
    """Whether query parameters, except those that choose a variant, identify another document."""
    notes: tuple[str, ...] = ()
    """Notes about the response in English, for the header Note and, in RDF, as comments on the root."""

    @property
    def offered(self) -> tuple[MediaType, ...]:
        return (*DOCUMENT, *self.others, LINKSET)


@dataclass(frozen=True, slots=True)
class Variant:
    """A variant of a document."""

    media: MediaType
    language: str = LANGUAGES[0]
    profile: Profile = FULL

    @property
    def suffix(self) -> str:
        """The suffix of the variant, with its language if that is not the first language."""
        translated = self.media is HTML and self.language != LANGUAGES[0]
        return f"{self.language}.{self.media.suffix}" if translated else self.media.suffix


def split(file: str) -> tuple[str, str | None]:
    """A file name split into its name and its suffix (`fr.html` or `ttl`), if it has one."""
    match = SUFFIX.fullmatch(file)
    return (match["name"], match["suffix"]) if match else (file, None)


def respond(document: Document, suffix: str | None) -> Response:
    """The variant that the suffix names, or else the variant that the request negotiates.

    Raises NotFound for a suffix that is not offered, NotAcceptableError if no variant matches Accept, and BadRequest
    for an unknown profile.
    """
    variant = variant_of(document, suffix)
    g.language = variant.language
    g.address = (document.path if document.home is None else document.home) + query_for(document)
    g.links = links_of(document, variant)
    response = compressed(body_of(document, variant), content_type=variant.media.content_type)
    if suffix is None:
        response.headers["Content-Location"] = address(document, variant)
        response.vary.update(("Accept", "Accept-Language", "Accept-Profile"))
    if variant.media is HTML:
        response.content_language.add(variant.language)
    if variant.media in RDF:
        response.headers["Content-Profile"] = f"<{variant.profile.iri}>"
    if document.notes:
        response.headers["Note"] = ascii(" ".join(document.notes))[1:-1][:MAX_NOTE_LENGTH]
    put(response.headers, g.links, json=variant.media is JSON_LD)
    return cached(response, document.cache)


def variant_of(document: Document, suffix: str | None) -> Variant:
    """The variant that the suffix names, or else the negotiated variant; raises the same errors as `respond`."""
    return negotiated(document) if suffix is None else named(document, suffix)


def negotiated(document: Document) -> Variant:
    """The variant that the headers of the request, and its `_profile`, negotiate."""
    media = negotiate(request.headers.get("Accept"), document.offered, document.default)
    if media is None:
        raise NotAcceptableError(document.offered, document.path)
    profiles = site().profiles
    by_header = negotiate_profile(request.headers.get("Accept-Profile"), ((p.iri, p) for p in profiles.values()))
    spoken = negotiate_language(request.headers.get("Accept-Language")) if media is HTML else LANGUAGES[0]
    return Variant(media, chosen_language() or spoken, asked_profile() or by_header or profiles[FULL.token])


def named(document: Document, suffix: str) -> Variant:
    """The variant that a suffix names."""
    translation, dot, kind = suffix.rpartition(".")
    media = by_suffix(kind, document.offered)
    if media is None or (dot and (media is not HTML or translation not in LANGUAGES[1:])):
        there = ", ".join(m.suffix for m in document.offered)
        raise NotFound(f"There is no variant .{suffix} of this document. Available variants: {there}.")
    language = translation or chosen_language() or LANGUAGES[0]
    return Variant(media, language, asked_profile() or site().profiles[FULL.token])


def asked_profile() -> Profile | None:
    """The profile that `_profile` names (w3.org/TR/dx-prof-conneg, 8.3). Raises BadRequest if it does not exist."""
    token = request.args.get("_profile")
    profiles = site().profiles
    if token is not None and token not in profiles:
        raise BadRequest(f"There is no profile {token!r}. Available profiles: {', '.join(profiles)}.")
    return profiles[token] if token is not None else None


def moved(path: str, code: int) -> Response:
    """A redirect to a path on this host, without the name of the host."""
    query = f"?{request.query_string.decode('ascii', 'ignore')}" if request.query_string and code in (301, 308) else ""
    response = redirect(f"{request.script_root}{path}{query}", code)
    response.autocorrect_location_header = False
    response.headers["Cache-Control"] = SHORT
    return response  # type: ignore[return-value]  # Flask's redirect is typed as werkzeug's


# ── Content ──────────────────────────────────────────────────────────────────────────────────────────────────────


def body_of(document: Document, variant: Variant) -> bytes:
    """The bytes of a variant."""
    media = variant.media
    if media in document.others:
        return document.others[media]()
    if media is LINKSET:
        return linkset(link_contexts(document))
    triples = document.triples()
    if media is HTML:
        return document.page(triples).encode()
    chosen = variant.profile.of(triples, site().names)
    notes = (Literal(note, language=LANGUAGES[0]) for note in document.notes)
    noted = [Triple(NamedNode(document.root or document.about), NamedNode(RDFS.comment), note) for note in notes]
    return write(document.finish([*chosen, *noted, *statements_about(document, chosen)]), media, document.root)


def write(triples: list[Triple], media: MediaType, root: str | None) -> bytes:
    """Triples in a media type; the same triples give the same bytes.

    Raises NotAcceptableError if RDF/XML cannot represent a text.
    """
    names, framing = site().names, site().framing
    if media is JSON_LD:
        inline = request.args.get("context") == "inline"
        context = framing.context if inline else f"{names.ontology}/{site().schema.version}/context.jsonld"
        tree = framing.document(triples, context, root) if root else framing.graph(triples, context)
        return json.dumps(tree, ensure_ascii=False, indent=2).encode() + b"\n"
    assert isinstance(media.format, RdfFormat)
    ordered = sorted(set(triples), key=lambda triple: in_order(triple, root or ""))
    text = serialize_in_order(ordered, media.format, names.prefixes)
    if media is RDF_XML and NO_XML.search(text.decode()):
        raise NotAcceptableError(tuple(other for other in DOCUMENT if other is not RDF_XML))
    return text


def in_order(triple: Triple, root: str) -> tuple[Any, ...]:
    """The triples in order: the root first, then its parts, then the rest; the types of each subject come first."""
    subject, predicate = str(triple.subject), str(triple.predicate)
    about = triple.subject.value if isinstance(triple.subject, NamedNode) else ""
    return about != root, not is_part(about, root), subject, predicate != f"<{RDF_TYPE}>", predicate, str(triple.object)


def statements_about(document: Document, triples: list[Triple]) -> list[Triple]:
    """The statements of every document about itself: licence, attribution, contact for corrections, and dataset."""
    names, manifest = site().names, site().dataset.manifest
    about: list[tuple[str, str, Any]] = [
        (document.about, RDF_TYPE, NamedNode(FOAF.Document)),
        (document.about, DCTERMS.license, NamedNode(LICENSE)),
        (document.about, DCTERMS.rights, Literal(ATTRIBUTION, language="en")),
        (document.about, DCTERMS.isPartOf, NamedNode(names.dataset)),
        (document.about, DCAT.contactPoint, NamedNode(names.contact)),
        (names.contact, RDFS_LABEL, Literal("Corrections", language="en")),
        (names.contact, VCARD.hasURL, NamedNode(names.base + "#corrections")),
        (names.dataset, RDFS_LABEL, Literal(TITLE, language="en")),
    ]
    if document.dated:
        about.append((document.about, OWL.versionInfo, Literal(site().dataset.version)))
    if document.dated and manifest.time and document.about != names.dataset:
        stamp = Literal(manifest.time, datatype=NamedNode(XSD + "dateTime"))
        about.append((document.about, DCTERMS.modified, stamp))
    known = set(triples)
    statements = [Triple(NamedNode(s), NamedNode(p), o) for s, p, o in about if s != o.value]
    return [triple for triple in statements if triple not in known]


# ── Links ────────────────────────────────────────────────────────────────────────────────────────────────────────


MAX_NOTE_LENGTH = 300
"""Maximum length of the header Note, in characters."""

VARYING = ("_profile", "context", "lang")
"""The parameters of a query string that choose another variant of the same document."""


def address(document: Document, variant: Variant) -> str:
    """The path of a variant on this host, with the query string of the request."""
    token = variant.profile.token
    chosen = [("_profile", token)] if token != FULL.token and "_profile" not in request.args else []
    return f"{request.script_root}/{document.path}.{variant.suffix}{query_for(document, VARYING, chosen)}"


def query_for(document: Document, varying: tuple[str, ...] = (), more: Iterable[tuple[str, str]] = ()) -> str:
    """The query string of the request, without parameters that do not affect the document or the variant."""
    parameters = [
        (k, v) for k, v in request.args.items(multi=True) if k in varying or (document.filtered and k not in VARYING)
    ]
    query = urlencode([*parameters, *more], safe="/", quote_via=quote)
    return f"?{query}" if query else ""


def canonical(document: Document) -> str:
    """The canonical address of a document, for all of its variants (RFC 6596)."""
    path = document.path if document.home is None else document.home
    return site().names.base + path + query_for(document)


def links_of(document: Document, variant: Variant) -> list[Link]:
    """The links of a document in one of its variants."""
    here, query = f"{request.script_root}/{document.path}", query_for(document, VARYING)
    links = [link(canonical(document), "canonical")]
    for media in document.offered:
        if media not in (variant.media, HTML, LINKSET):
            links.append(link(f"{here}.{media.suffix}{query}", "alternate", type=media.name))
    for language in LANGUAGES:
        page = Variant(HTML, language)
        if (variant.media, variant.language) != (HTML, language):
            links.append(link(f"{here}.{page.suffix}{query}", "alternate", type=HTML.name, hreflang=language))
    for media in (TURTLE, JSON_LD):
        if variant.media in (HTML, LINKSET):
            links.append(link(f"{here}.{media.suffix}{query}", "describedby", type=media.name))
    links.append(link(f"{here}.{LINKSET.suffix}{query_for(document)}", "linkset", type=LINKSET.name))
    links += [link(LICENSE, "license"), *document.links]
    if variant.media in RDF:
        links += [link(variant.profile.iri, "profile"), link(canonical(document), "describes", type=HTML.name)]
    return links


def link_contexts(document: Document) -> dict[str, list[Link]]:
    """The links of a document, and those of its metadata back to it (FAIR Signposting, level 2), by full address."""
    base, script, home = site().names.base, f"{request.script_root}/", canonical(document)
    contexts = {home: [*links_of(document, Variant(LINKSET)), *profiled(document), *document.items]}
    for media in RDF:
        described = [link(home, "describes", type=HTML.name), link(LICENSE, "license")]
        contexts[f"{base}{document.path}.{media.suffix}{query_for(document)}"] = described

    def whole(each: Link) -> Link:
        href = each.href.removeprefix(script)
        return each if href == each.href else Link(base + href, each.rel, each.attributes)

    return {anchor: [whole(each) for each in links] for anchor, links in contexts.items()}


def profiled(document: Document) -> list[Link]:
    """The variants of a document in the profiles that omit triples."""
    here = f"{request.script_root}/{document.path}"
    return [
        link(
            f"{here}.{media.suffix}{query_for(document, (), [('_profile', token)])}",
            "alternate",
            type=media.name,
            profile=p.iri,
        )
        for token, p in site().profiles.items()
        if token != FULL.token
        for media in RDF
    ]


# ── Caching ──────────────────────────────────────────────────────────────────────────────────────────────────────


def compressed(body: bytes, content_type: str) -> Response:
    """A response with a body in the coding that the client prefers."""
    response = DatedResponse(content_type=content_type)
    response.vary.add("Accept-Encoding")
    if len(body) >= MIN_BYTES_TO_COMPRESS and (coding := negotiate_coding(request.headers.get("Accept-Encoding"))):
        response.content_encoding = coding.name
        body = coding.compress(body)
    response.set_data(body)
    return response


def cached(response: Response, cache: str) -> Response:
    """Adds a strong ETag and the time to a response; conditions.py later makes it 304 or 412 if necessary."""
    variant_headers = (
        response.headers.get(name, "") for name in ("Content-Type", "Content-Language", "Content-Encoding")
    )
    response.set_etag(validator(response.get_data(), *variant_headers))
    response.last_modified = site().modified
    response.headers["Cache-Control"] = WATCHED if cache == SHORT and current_app.config["watch"] else cache
    return response


def validator(content: bytes, content_type: str, language: str = "", coding: str = "") -> str:
    """The strong ETag of a representation; no other has the same one, even with equal bytes (RFC 9110, 8.8.3)."""
    variant = "\n".join((content_type, language, coding, ""))
    return hashlib.sha256(variant.encode() + content).hexdigest()[:32]
