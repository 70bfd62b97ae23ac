"""Things: `/id/…` names them, `/doc/…` describes them."""

from flask import Blueprint, Response, render_template, request
from markupsafe import Markup
from pyoxigraph import Literal, NamedNode, RdfFormat, Triple
from werkzeug.exceptions import NotFound

from kg.context import is_part
from kg.engine import listed
from kg.media import YAML
from kg.names import NAME, PREFIXES, RDF, RDFS_LABEL
from kg.profiles import FULL
from kg.schema import Class
from kg.serialize import serialize_in_order
from server.documents import Document, moved, respond, split
from server.errors import GoneError
from server.links import Link, link
from server.origins import Origins
from server.pages import Description, incoming
from server.pictures import views_of
from server.site import site

blueprint = Blueprint("things", __name__)

MAX_INCOMING = 1000
"""Maximum number of links to a thing by one property in its description; what follows is in the collections."""

SCHEMA_ORG = "schema"
"""The token of the profile that a page embeds."""

ABOUT_PAGE = PREFIXES["schema"] + "AboutPage"


@blueprint.get("/id")
@blueprint.get("/doc")
def kinds() -> Response:
    """Redirects with 303 to the home page, which lists the kinds of things."""
    return moved("/", 303)


@blueprint.get("/id/<kind>")
def things(kind: str) -> Response:
    """Redirects with 303 to the collection of a kind."""
    if kind not in site().schema.kinds:
        raise NotFound(f"There is no kind {kind} in this dataset.")
    return moved(f"/doc/{kind}", 303)


@blueprint.get("/id/<kind>/<name>")
def thing(kind: str, name: str) -> Response:
    """Redirects with 303 to the document about a thing (httpRange-14), and with 301 from a former name."""
    path = f"{kind}/{name}"
    if exists(path):
        return moved(f"/doc/{path}", 303)
    return moved(f"/id/{renamed(path)}", 301)


@blueprint.get("/doc/<kind>/<path:file>")
def document(kind: str, file: str) -> Response:
    """Returns the document about a thing; redirects with 301 from a former name."""
    name, suffix = split(file)
    path = f"{kind}/{name}"
    if not exists(path):
        return moved(f"/doc/{renamed(path)}" + (f".{suffix}" if suffix else ""), 301)
    names = site().names
    iri = names.thing(path)

    def page(triples: list[Triple]) -> str:
        thing = Description(iri, triples)
        views = views_of(iri, thing.classes[0].ancestors if thing.classes else ())
        return render_template(
            "thing.html",
            path=path,
            thing=thing,
            sections=sorted([*thing.groups, *views], key=lambda section: section.order),
            incoming=incoming(iri),
            origins=origins(path, triples),
            query=f"SELECT ?property ?value WHERE {{\n  <{iri}> ?property ?value .\n}}\nORDER BY ?property ?value",
            embedded=embedded(iri, triples),
        )

    return respond(
        Document(
            f"doc/{path}",
            names.document(path),
            lambda: describe(path),
            page,
            root=iri,
            others={YAML: lambda: source(path)[0].encode()},
            links=tuple(links_of(path)),
        ),
        suffix,
    )


def exists(path: str) -> bool:
    """True if the dataset has a thing of this path."""
    kind, _, name = path.partition("/")
    named = NAME.fullmatch(kind) and NAME.fullmatch(name)
    return bool(named and site().engine.query(f"ASK {{ <{site().names.thing(path)}> a ?type }}"))


def renamed(path: str) -> str:
    """The path that a former one leads to; raises GoneError for a thing withdrawn, NotFound for what never was."""
    kind, _, name = path.partition("/")
    if NAME.fullmatch(kind) and NAME.fullmatch(name):
        if (new := new_path(kind, name)) is not None:
            return new
        withdrawn(path)
    raise NotFound(f"There is no {path} in this dataset.")


def new_path(kind: str, name: str) -> str | None:
    """The path of the thing that once had a name of a kind."""
    names = site().names
    query = f"""SELECT ?thing WHERE {{
        {{ ?thing <{names.renamed_from}> "{kind}/{name}" }} UNION
        {{ ?thing <{names.renamed_from}> "{name}" FILTER(STRSTARTS(STR(?thing), "{names.thing(kind)}/")) }} }}"""
    found = site().engine.select(query + " ORDER BY ?thing LIMIT 1")
    return names.path(found[0]["thing"].value) if found else None


def withdrawn(path: str) -> None:
    """Raises GoneError, with the tombstone, if the thing of a path was withdrawn."""
    names = site().names
    query = f"""SELECT ?date ?reason ?by WHERE {{ GRAPH <{names.withdrawn}> {{
        <{names.thing(path)}> dcterms:date ?date ; skos:changeNote ?reason
        OPTIONAL {{ <{names.thing(path)}> dcterms:isReplacedBy ?by }} }} }}"""
    for row in site().engine.select(query):
        by = names.path(row["by"].value) if "by" in row else None
        raise GoneError(path, row["date"].value, row["reason"].value, by)


def links_of(path: str) -> list[Link]:
    """What a document says of its thing: its name, its types, its collection."""
    iri = site().names.thing(path)
    types = site().engine.select(f"SELECT ?type WHERE {{ <{iri}> a ?type }} ORDER BY ?type")
    collection = f"{request.script_root}/doc/{path.partition('/')[0]}"
    return [
        link(iri, "cite-as"),
        link(iri, "describes"),
        link(ABOUT_PAGE, "type"),
        *(link(row["type"].value, "type") for row in types),
        link(collection, "collection"),
    ]


def source(path: str) -> tuple[str, str]:
    """The source of a thing: the YAML of its record, and where it begins, as file:line."""
    names = site().names
    query = f"""SELECT ?text ?place WHERE {{ GRAPH <{names.sources}> {{
        <{names.document(path)}.{YAML.suffix}> rdf:value ?text ; dcterms:identifier ?place }} }}"""
    found = site().engine.select(query)[0]
    return str(found["text"].value), str(found["place"].value)


def origins(path: str, triples: list[Triple]) -> Origins:
    """Where each fact of a thing comes from."""
    text, place = source(path)
    file, _, line = place.rpartition(":")
    return Origins(site().names.thing(path), triples, file, int(line), text)


def embedded(iri: str, triples: list[Triple]) -> Markup:
    """What the description says in terms of schema.org, for crawlers: JSON-LD that may stand in a page."""
    told = site().profiles.get(SCHEMA_ORG, FULL).of(triples, site().names)
    own = sorted((t for t in told if t.subject == NamedNode(iri)), key=str)
    json_ld = serialize_in_order(own, RdfFormat.JSON_LD, {"schema": PREFIXES["schema"]}).decode()
    return Markup(json_ld.replace("<", "\\u003c"))  # noqa: S704  # no markup can stand in it any more


# ── The description ──────────────────────────────────────────────────────────────────────────────────────────────


def describe(path: str) -> list[Triple]:
    """The symmetric concise bounded description of a thing (w3.org/submissions/CBD), and where it comes from.

    What the dataset states about the thing and its parts, what links to it, the labels of all that these mention, the
    source of its document and the references behind its facts.
    """
    names = site().names
    iri, document = NamedNode(names.thing(path)), NamedNode(names.document(path))
    triples = [*outgoing([iri.value]), *linking(iri.value)]
    told = [
        Triple(iri, NamedNode(PREFIXES["foaf"] + "isPrimaryTopicOf"), document),
        *source_of_document(path),
        *references(path, triples),
    ]
    mentioned = {n.value for t in [*triples, *told] for n in (t.subject, t.object) if isinstance(n, NamedNode)}
    whole = {part.partition("#")[0] for part in mentioned if part.startswith(names.things)}
    return list(dict.fromkeys([*triples, *labels(mentioned | whole), *told]))


def outgoing(subjects: list[str]) -> list[Triple]:
    """The triples about some subjects and, step by step, about their parts."""
    found: list[Triple] = []
    seen: set[str] = set()
    while subjects:
        seen |= set(subjects)
        step = site().engine.construct(
            f"CONSTRUCT {{ ?s ?p ?o }} WHERE {{ VALUES ?s {{ {listed(subjects)} }} ?s ?p ?o }}"
        )
        found += step
        linked = {(t.subject.value, t.object.value) for t in step if isinstance(t.object, NamedNode)}  # type: ignore[union-attr]
        subjects = sorted({o for s, o in linked if o not in seen and is_part(o, s.partition("#")[0])})
    return found


def linking(iri: str) -> list[Triple]:
    """The triples that link to a thing from others; of one property MAX_INCOMING, and where to find the rest."""
    found: list[Triple] = []
    about = f"?s ?p <{iri}> FILTER(!STRSTARTS(STR(?s), '{iri}#'))"
    for row in site().engine.select(f"SELECT ?p (COUNT(*) AS ?n) WHERE {{ {about} }} GROUP BY ?p ORDER BY ?p"):
        property_ = row["p"].value
        found += site().engine.construct(
            f"CONSTRUCT {{ ?s <{property_}> <{iri}> }} WHERE {{ ?s <{property_}> <{iri}> "
            f"FILTER(!STRSTARTS(STR(?s), '{iri}#')) }} ORDER BY ?s LIMIT {MAX_INCOMING}"
        )
        if int(row["n"].value) > MAX_INCOMING:
            found += [Triple(NamedNode(iri), NamedNode(SEE_ALSO), NamedNode(rest)) for rest in rest_of(property_, iri)]
    return found


SEE_ALSO = PREFIXES["rdfs"] + "seeAlso"


def rest_of(property_: str, iri: str) -> list[str]:
    """The collections of all that links to a thing by a property."""
    names, schema = site().names, site().schema
    key = schema.property_of(property_)
    kinds: list[Class] = [c for c in schema.kinds.values() if key and key.key in schema.keys(c)]
    return [f"{names.document(c.kind)}?{key.key}={names.path(iri)}" for c in kinds if key]


def source_of_document(path: str) -> list[Triple]:
    """From which source the document about a thing was derived: file, line, commit (PROV-O)."""
    names, manifest = site().names, site().dataset.manifest
    document, source = names.document(path), f"{names.document(path)}.{YAML.suffix}"
    found = site().engine.construct(
        f"CONSTRUCT {{ ?s ?p ?o }} WHERE {{ GRAPH <{names.sources}> {{ VALUES ?s {{ {listed([document, source])} }} "
        f"?s ?p ?o FILTER(?p != <{RDF}value>) }} }}"
    )
    if "commit" in manifest:
        found.append(Triple(NamedNode(source), NamedNode(PREFIXES["owl"] + "versionInfo"), Literal(manifest["commit"])))
    return found


def references(path: str, triples: list[Triple]) -> list[Triple]:
    """The references behind the facts of a document, as its sources."""
    iri = site().names.thing(path)
    behind = NamedNode(PREFIXES["dcterms"] + "isReferencedBy")
    references = {
        t.object for t in triples
        if t.predicate == behind and isinstance(t.subject, NamedNode) and is_part(t.subject.value + "#", iri)
    }  # fmt: skip
    document = NamedNode(site().names.document(path))
    source = NamedNode(PREFIXES["dcterms"] + "source")
    return [Triple(document, source, reference) for reference in sorted(references, key=str)]


def labels(subjects: set[str]) -> list[Triple]:
    """The labels of some subjects, in every language."""
    return site().engine.construct(
        f"CONSTRUCT {{ ?s <{RDFS_LABEL}> ?o }} WHERE {{ VALUES ?s {{ {listed(subjects)} }} ?s <{RDFS_LABEL}> ?o }}"
    )
