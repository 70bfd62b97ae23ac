"""Collections: `/doc/<kind>` lists the things of a kind, a page at a time."""

from flask import Blueprint, Response, render_template, request
from pyoxigraph import Literal, NamedNode, Triple
from werkzeug.exceptions import NotFound

from kg.names import NAME, PREFIXES, RDF_TYPE, RDFS_LABEL, XSD
from kg.schema import Class
from server.documents import respond
from server.pages import LANGUAGE
from server.site import site

blueprint = Blueprint("collections", __name__)

SIZE = 100
"""Members of a page, unless `size` asks for other."""

MOST = 1000
"""Members of the largest page that `size` can ask for."""

HYDRA = PREFIXES["hydra"]


@blueprint.get("/doc/<file>")
def collection(file: str) -> Response:
    """The things of a kind, from the cursor on: `page` is the name after which it begins, `size` how many."""
    kind, dot, suffix = file.partition(".")
    class_ = site().schema.kinds.get(kind)
    if class_ is None:
        raise NotFound(f"This dataset has no kind {kind}.")
    after, size = cursor(), page_size()
    iri = site().names.document(kind)
    members, following = page_of(class_, after, size)
    total = count(class_)

    def triples() -> list[Triple]:
        return list(statements(iri, class_, members, total, following, size))

    def page(_: list[Triple]) -> str:
        return render_template(
            "collection.html", class_=class_, kind=kind, members=members, total=total, following=following, size=size
        )

    links = [f'<{request.script_root}/doc/{kind}?page={following}&size={size}>; rel="next"'] if following else []
    return respond(f"doc/{kind}", suffix if dot else None, triples, page, root=iri, links=links)


def cursor() -> str:
    """The `page` parameter: a name, or nothing for the first page."""
    given = request.args.get("page", "")
    return given if NAME.fullmatch(given) else ""


def page_size() -> int:
    given = request.args.get("size", "")
    return max(1, min(int(given), MOST)) if given.isascii() and given.isdigit() and len(given) < 6 else SIZE


def page_of(class_: Class, after: str, size: int) -> tuple[list[tuple[str, list[Literal]]], str | None]:
    """The members of a page, IRI and labels each, and the cursor of the next page."""
    things = site().names.thing(f"{class_.kind}/")
    found = site().engine.select(
        f"SELECT DISTINCT ?s WHERE {{ ?s a <{class_.iri}> FILTER(STRSTARTS(STR(?s), '{things}')) "
        f"FILTER(STR(?s) > '{things}{after}') }} ORDER BY ?s LIMIT {size + 1}"
    )
    iris = [solution["s"].value for solution in found]
    labels: dict[str, list[Literal]] = {iri: [] for iri in iris[:size]}
    listed = " ".join(f"<{iri}>" for iri in labels)
    for solution in site().engine.select(
        f"SELECT ?s ?label WHERE {{ VALUES ?s {{ {listed} }} ?s rdfs:label ?label }} ORDER BY ?s ?label"
    ):
        labels[solution["s"].value].append(solution["label"])
    following = iris[size - 1].rpartition("/")[2] if len(iris) > size else None
    for each in labels.values():
        each.sort(key=lambda label: label.language != LANGUAGE)
    return list(labels.items()), following


def count(class_: Class) -> int:
    """How many things of a kind there are."""
    things = site().names.thing(f"{class_.kind}/")
    query = f"SELECT (COUNT(DISTINCT ?s) AS ?n) WHERE {{ ?s a <{class_.iri}> FILTER(STRSTARTS(STR(?s), '{things}')) }}"
    return int(site().engine.select(query)[0]["n"].value)


def statements(
    iri: str, class_: Class, members: list[tuple[str, list[Literal]]], total: int, following: str | None, size: int
) -> list[Triple]:
    """A page as RDF, in the Hydra core vocabulary (hydra-cg.com/spec/latest/core)."""
    here = NamedNode(iri)
    found = [
        Triple(here, NamedNode(RDF_TYPE), NamedNode(HYDRA + "Collection")),
        Triple(here, NamedNode(RDFS_LABEL), Literal(class_.name, language="en")),
        Triple(here, NamedNode(HYDRA + "totalItems"), Literal(str(total), datatype=NamedNode(XSD + "integer"))),
    ]
    if following:
        next_page = NamedNode(f"{iri}?page={following}&size={size}")
        found.append(Triple(here, NamedNode(HYDRA + "next"), next_page))
    for member, labels in members:
        found.append(Triple(here, NamedNode(HYDRA + "member"), NamedNode(member)))
        found.append(Triple(NamedNode(member), NamedNode(RDF_TYPE), NamedNode(class_.iri)))
        found += [Triple(NamedNode(member), NamedNode(RDFS_LABEL), label) for label in labels]
    return found
