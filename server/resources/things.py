"""Things: `/id/…` identifies them, and `/doc/…` describes them."""

from collections.abc import Mapping

from flask import Blueprint, Response, render_template, request
from markupsafe import Markup
from pyoxigraph import Literal, NamedNode, RdfFormat, Triple
from rdflib.namespace import DCTERMS, FOAF, OWL, RDFS
from werkzeug.exceptions import NotFound

from kg.dataset import named_queries
from kg.media import YAML
from kg.model.context import is_part
from kg.model.profiles import FULL
from kg.model.schema import Class
from kg.names import NAME, PREFIXES, RDF_TYPE, RDFS_LABEL
from kg.namespaces import SDO
from kg.serialize import serialize_in_order
from server.documents import Document, moved, respond, split
from server.errors import GoneError
from server.http.links import Link, link
from server.operations import documented
from server.pages.origins import Origins
from server.pages.properties import Description, incoming
from server.pages.triple_index import TripleIndex
from server.pictures.drawing import views_of
from server.site import site

blueprint = Blueprint("things", __name__)

MAX_INCOMING = 1000
"""Maximum number of links to a thing by one property in its description; the others are in the collections."""

SCHEMA_ORG = "schema"
"""The token of the profile of the data that a page embeds."""

ABOUT_PAGE = str(SDO.AboutPage)


@blueprint.get("/id")
@blueprint.get("/doc")
@documented(redirects={"303": "The home page, which lists all kinds."})
def kinds() -> Response:
    """Redirects with 303 to the home page, which lists the kinds of things."""
    return moved("/", 303)


@blueprint.get("/id/<kind>")
@documented(redirects={"303": "The collection of all things of this kind."})
def things(kind: str) -> Response:
    """Redirects with 303 to the collection of a kind."""
    if kind not in site().schema.kinds:
        raise NotFound(f"There is no kind {kind} in this dataset.")
    return moved(f"/doc/{kind}", 303)


@blueprint.get("/id/<kind>/<name>")
@documented(
    by_kind=True, redirects={"303": "The document about the thing.", "301": "The current address of the thing."}
)
def thing(kind: str, name: str) -> Response:
    """Redirects with 303 to the document about a thing (httpRange-14), and with 301 from a former name."""
    path = f"{kind}/{name}"
    if is_path(path) and named_queries.is_thing(site().engine, site().names.thing(path)):
        return moved(f"/doc/{path}", 303)
    return moved(f"/id/{renamed(path)}", 301)


@blueprint.get("/doc/<kind>/<path:file>")
@documented(by_kind=True, files=("{name}", "{name}.{suffix}"), others=(YAML,), has_schema=True)
def document(kind: str, file: str) -> Response:
    """Returns the document about a thing; redirects with 301 from a former name."""
    name, suffix = split(file)
    path = f"{kind}/{name}"
    stated = statements_of(path)
    types = sorted(t.object.value for t in stated if t.predicate.value == RDF_TYPE and isinstance(t.object, NamedNode))
    if not types:
        return moved(f"/doc/{renamed(path)}" + (f".{suffix}" if suffix else ""), 301)
    names = site().names
    iri = names.thing(path)
    links: dict[str, list[str]] = {}

    def description() -> list[Triple]:
        links.update(named_queries.links_to(site().engine, iri))
        return describe(path, stated, links)

    def page(triples: list[Triple]) -> str:
        about = TripleIndex(triples)
        thing = Description(iri, about)
        views = views_of(iri, thing.classes[0].ancestors if thing.classes else (), about)
        return render_template(
            "thing.html",
            path=path,
            thing=thing,
            sections=sorted([*thing.groups, *views], key=lambda section: section.order),
            incoming=incoming(iri, links, about),
            origins=origins(path, about),
            query=f"SELECT ?property ?value WHERE {{\n  <{iri}> ?property ?value .\n}}\nORDER BY ?property ?value",
            embedded=embedded(iri, triples),
        )

    return respond(
        Document(
            f"doc/{path}",
            names.document(path),
            description,
            page,
            root=iri,
            others={YAML: lambda: named_queries.text_of_source(site().engine, names, source_of(path)).encode()},
            links=tuple(links_of(path, types)),
        ),
        suffix,
    )


def is_path(path: str) -> bool:
    """True if a thing may have this path."""
    kind, _, name = path.partition("/")
    return bool(NAME.fullmatch(kind) and NAME.fullmatch(name))


def statements_of(path: str) -> list[Triple]:
    """The triples about the thing of a path, without those about its parts; none if the dataset has no such thing."""
    return named_queries.statements(site().engine, [site().names.thing(path)]) if is_path(path) else []


def renamed(path: str) -> str:
    """The current path for a former path. Raises GoneError for a withdrawn thing, and NotFound for an unknown one."""
    if is_path(path):
        if (new := named_queries.renamed_to(site().engine, site().names, path)) is not None:
            return new
        withdrawn(path)
    raise NotFound(f"There is no {path} in this dataset.")


def withdrawn(path: str) -> None:
    """Raises GoneError if the thing with a path was withdrawn."""
    names = site().names
    if withdrawal := named_queries.withdrawal(site().engine, names, path):
        by = names.path(withdrawal["by"].value) if "by" in withdrawal else None
        raise GoneError(path, withdrawal["date"].value, withdrawal["reason"].value, by)


def links_of(path: str, types: list[str]) -> list[Link]:
    """The links of a document about its thing: its name, its types, its collection."""
    iri = site().names.thing(path)
    collection = f"{request.script_root}/doc/{path.partition('/')[0]}"
    return [
        link(iri, "cite-as"),
        link(iri, "describes"),
        link(ABOUT_PAGE, "type"),
        *(link(each, "type") for each in types),
        link(collection, "collection"),
    ]


def source_of(path: str) -> str:
    """The IRI of the source of a thing, which is the YAML of its record."""
    return f"{site().names.document(path)}.{YAML.suffix}"


def origins(path: str, about: TripleIndex) -> Origins:
    """The origins of the facts of a thing; the source is identified by the place where it begins, as file:line."""
    (place,) = about.literals(source_of(path), str(DCTERMS.identifier))
    file, _, line = place.value.rpartition(":")
    return Origins(site().names.thing(path), about, file, int(line), site().source_lines.of(path))


def embedded(iri: str, triples: list[Triple]) -> Markup:
    """The description in schema.org terms, for crawlers: JSON-LD that can be embedded in a page."""
    triples_in_schema_org = site().profiles.get(SCHEMA_ORG, FULL).of(triples, site().names)
    own = sorted((t for t in triples_in_schema_org if t.subject == NamedNode(iri)), key=str)
    json_ld = serialize_in_order(own, RdfFormat.JSON_LD, {"schema": PREFIXES["schema"]}).decode()
    return Markup(json_ld.replace("<", "\\u003c"))  # noqa: S704  # no markup can stand in it any more


# ── The description ──────────────────────────────────────────────────────────────────────────────────────────────


def describe(path: str, stated: list[Triple], links: Mapping[str, list[str]]) -> list[Triple]:
    """The symmetric concise bounded description of a thing (w3.org/submissions/CBD), and its origin.

    What the dataset states about the thing and its parts, what links to it, the labels of all that these mention, the
    source of its document and the references behind its facts. `stated` are the triples about the thing itself, `links`
    what links to it, by property.
    """
    names = site().names
    iri, document = NamedNode(names.thing(path)), NamedNode(names.document(path))
    triples = [*outgoing(iri.value, stated), *linking(iri.value, links)]
    statements = [
        Triple(iri, NamedNode(FOAF.isPrimaryTopicOf), document),
        *source_of_document(path),
        *references(path, triples),
    ]
    mentioned = {n.value for t in [*triples, *statements] for n in (t.subject, t.object) if isinstance(n, NamedNode)}
    whole = {part.partition("#")[0] for part in mentioned if part.startswith(names.things)}
    return list(dict.fromkeys([*triples, *labels(mentioned | whole), *statements]))


def outgoing(iri: str, stated: list[Triple]) -> list[Triple]:
    """The triples about a thing, which are given, and, recursively, about its parts."""
    triples: list[Triple] = []
    seen = {iri}
    step = stated
    while step:
        triples += step
        linked = {(t.subject.value, t.object.value) for t in step if isinstance(t.object, NamedNode)}  # type: ignore[union-attr]
        subjects = sorted({o for s, o in linked if o not in seen and is_part(o, s.partition("#")[0])})
        seen |= set(subjects)
        step = named_queries.statements(site().engine, subjects) if subjects else []
    return triples


def linking(iri: str, links: Mapping[str, list[str]]) -> list[Triple]:
    """The triples that link to a thing from others: for each property MAX_INCOMING, and the address of the others."""
    triples: list[Triple] = []
    thing = NamedNode(iri)
    for property_, subjects in links.items():
        predicate = NamedNode(property_)
        triples += [Triple(NamedNode(subject), predicate, thing) for subject in subjects[:MAX_INCOMING]]
        if len(subjects) > MAX_INCOMING:
            triples += [
                Triple(NamedNode(iri), NamedNode(RDFS.seeAlso), NamedNode(rest)) for rest in rest_of(property_, iri)
            ]
    return triples


def rest_of(property_: str, iri: str) -> list[str]:
    """The collections of all things that link to a thing by a property."""
    names, schema = site().names, site().schema
    key = schema.property_of(property_)
    kinds: list[Class] = [c for c in schema.kinds.values() if key and key.key in schema.keys(c)]
    return [f"{names.document(c.kind)}?{key.key}={names.path(iri)}" for c in kinds if key]


def source_of_document(path: str) -> list[Triple]:
    """The source from which the document about a thing was derived: file, line, commit (PROV-O)."""
    names, manifest = site().names, site().dataset.manifest
    document, source = names.document(path), f"{names.document(path)}.{YAML.suffix}"
    triples = named_queries.origin(site().engine, names, [document, source])
    if manifest.commit:
        triples.append(Triple(NamedNode(source), NamedNode(OWL.versionInfo), Literal(manifest.commit)))
    return triples


def references(path: str, triples: list[Triple]) -> list[Triple]:
    """The references for the facts in a document, as its sources."""
    iri = site().names.thing(path)
    behind = NamedNode(DCTERMS.isReferencedBy)
    references = {
        t.object for t in triples
        if t.predicate == behind and isinstance(t.subject, NamedNode) and is_part(t.subject.value + "#", iri)
    }  # fmt: skip
    document = NamedNode(site().names.document(path))
    source = NamedNode(DCTERMS.source)
    return [Triple(document, source, reference) for reference in sorted(references, key=str)]


def labels(subjects: set[str]) -> list[Triple]:
    """The labels of some subjects, in every language."""
    named = named_queries.labels(site().engine, subjects)
    return [
        Triple(NamedNode(iri), NamedNode(RDFS_LABEL), label) for iri, literals in named.items() for label in literals
    ]
