"""Things: `/id/…` names them, `/doc/…` describes them."""

from flask import Blueprint, Response, redirect, render_template, request
from pyoxigraph import Literal, NamedNode, Triple
from werkzeug.exceptions import NotFound

from kg.describe import LICENSE
from kg.names import NAME, PREFIXES, RDF_TYPE, RDFS_LABEL
from server.documents import respond
from server.pages import Description, incoming
from server.site import site

blueprint = Blueprint("things", __name__)


@blueprint.get("/id/<kind>/<name>")
def thing(kind: str, name: str) -> Response:
    """A thing is not a document: 303 to the one that describes it (httpRange-14)."""
    path = known(kind, name)
    response = redirect(f"{request.script_root}/doc/{path}", 303)
    response.autocorrect_location_header = False
    return response  # type: ignore[return-value]  # Flask's redirect is typed as werkzeug's


@blueprint.get("/doc/<kind>/<path:file>")
def document(kind: str, file: str) -> Response:
    """The document about a thing, negotiated or in the variant of its suffix."""
    name, dot, suffix = file.partition(".")
    path = known(kind, name)
    iri = site().names.thing(path)

    def page(triples: list[Triple]) -> str:
        description = Description(iri, triples)
        return render_template("thing.html", path=path, thing=description, incoming=incoming(iri))

    about = f'<{iri}>; rel="describes"'
    return respond(f"doc/{path}", suffix if dot else None, lambda: describe(path), page, root=iri, links=[about])


def known(kind: str, name: str) -> str:
    """The path of a thing of the dataset; raises NotFound."""
    path = f"{kind}/{name}"
    names = site().names
    exists = NAME.fullmatch(kind) and NAME.fullmatch(name)
    if exists and bool(site().engine.query(f"ASK {{ <{names.thing(path)}> a ?type }}")):
        return path
    raise NotFound(f"This dataset has no {path}.")


def describe(path: str) -> list[Triple]:
    """What the dataset states about a thing and its parts, labels of what that mentions, and about the document."""
    names = site().names
    iri, document = NamedNode(names.thing(path)), NamedNode(names.document(path))
    triples = outgoing([iri.value])
    mentioned = {t.object.value for t in triples if isinstance(t.object, NamedNode)}
    mentioned -= {t.subject.value for t in triples if isinstance(t.subject, NamedNode)}
    return [
        *triples,
        *labels(mentioned),
        Triple(iri, NamedNode(PREFIXES["foaf"] + "isPrimaryTopicOf"), document),
        Triple(document, NamedNode(RDF_TYPE), NamedNode(PREFIXES["foaf"] + "Document")),
        Triple(document, NamedNode(PREFIXES["dcterms"] + "license"), NamedNode(LICENSE)),
        Triple(document, NamedNode(PREFIXES["dcterms"] + "isPartOf"), NamedNode(names.dataset)),
        Triple(document, NamedNode(PREFIXES["owl"] + "versionInfo"), Literal(site().dataset.version)),
    ]


def outgoing(subjects: list[str]) -> list[Triple]:
    """The triples about some subjects and, step by step, about their parts."""
    found: list[Triple] = []
    seen: set[str] = set()
    while subjects:
        seen |= set(subjects)
        step = site().engine.construct(
            f"CONSTRUCT {{ ?s ?p ?o }} WHERE {{ VALUES ?s {{ {iris(subjects)} }} ?s ?p ?o }}"
        )
        found += step
        linked = {(t.subject.value, t.object.value) for t in step if isinstance(t.object, NamedNode)}  # type: ignore[union-attr]
        subjects = sorted({o for s, o in linked if o not in seen and is_part(o, s)})
    return found


def is_part(iri: str, owner: str) -> bool:
    return iri.startswith(owner.partition("#")[0] + "#")


def labels(subjects: set[str]) -> list[Triple]:
    """The labels of some subjects, in every language."""
    return site().engine.construct(
        f"CONSTRUCT {{ ?s <{RDFS_LABEL}> ?o }} "
        f"WHERE {{ VALUES ?s {{ {iris(sorted(subjects))} }} ?s <{RDFS_LABEL}> ?o }}"
    )


def iris(values: list[str]) -> str:
    return " ".join(f"<{value}>" for value in values)
