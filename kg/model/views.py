"""Views: what the page of a thing shows in addition to its properties, each defined as data in shapes/views.ttl.

A view is a SELECT query about the things of a class (SHACL Advanced Features, 8.2), in which `$this` is the thing.
"""

from dataclasses import dataclass

from rdflib import Graph, URIRef
from rdflib.namespace import RDF, RDFS, SH
from rdflib.term import Literal, Node

from kg.media import LANGUAGES
from kg.names import PREFIXES, Names, local_name
from kg.sparql.query_text import QueryText

SORTS = ("map", "timeline", "chart", "tree", "line", "table")
"""The kinds of pictures; the viewer of a map is called MapViewer, and so on."""

MAX_ROWS = 200
"""Maximum number of rows that a picture shows."""

THIS = ("$this", "?this")


@dataclass(frozen=True, slots=True)
class View:
    """A view: its IRI, its labels by language, its class, the kind of its picture, its order, and its query.

    `most` is the maximum number of rows on a page.
    """

    iri: str
    labels: dict[str, str]
    about: str
    sort: str
    order: float
    most: int
    query: str

    @property
    def name(self) -> str:
        """The name of the view in the address of its place on a page."""
        return local_name(self.iri)

    def about_thing(self, iri: str, names: Names) -> str:
        """The query about one thing, complete for use elsewhere: with the thing for `$this`, and with its prefixes."""
        query = self.query
        for token in reversed(QueryText(query).tokens):
            if token.kind == "variable" and token.text in THIS:
                query = query[: token.start] + f"<{iri}>" + query[token.start + len(token.text) :]
        used = {token.text.partition(":")[0] for token in QueryText(query).tokens if token.kind == "name"}
        prologue = [
            f"PREFIX {prefix}: <{names.prefixes[prefix]}>" for prefix in sorted(used) if prefix in names.prefixes
        ]
        return "\n".join([*prologue, "", query])


DASH_VIEWER = URIRef(PREFIXES["dash"] + "viewer")
ABOUT = URIRef(PREFIXES["schema"] + "about")
LIMIT = URIRef(PREFIXES["hydra"] + "limit")
"""The properties of a view that are not SHACL properties."""


def views_in(shapes: Graph) -> tuple[View, ...]:
    """The views that a graph defines, in order, without those that no page can show (`presentation.py`)."""
    views = [view_of(shapes, iri) for iri in shapes.subjects(RDF.type, SH.SPARQLSelectExecutable)]
    return tuple(sorted((view for view in views if view), key=lambda view: (view.order, view.iri)))


def view_of(shapes: Graph, iri: Node) -> View | None:
    """A view as the shapes define it; None if it lacks something that a page needs."""
    sort = local_name(str(shapes.value(iri, DASH_VIEWER))).removesuffix("Viewer").lower()
    labels = {o.language: str(o) for o in shapes.objects(iri, RDFS.label) if isinstance(o, Literal) and o.language}
    query, about = shapes.value(iri, SH.select), shapes.value(iri, ABOUT)
    order, most = number(shapes.value(iri, SH.order), 0), number(shapes.value(iri, LIMIT), MAX_ROWS)
    if sort not in SORTS or LANGUAGES[0] not in labels or None in (query, about, order, most):
        return None
    return View(str(iri), labels, str(about), sort, float(order or 0), int(most or MAX_ROWS), str(query).strip())


def number(value: Node | None, default: int) -> float | None:
    """A literal as a number; the default if there is no literal; None if it is not a number."""
    try:
        return float(str(default if value is None else value))
    except ValueError:
        return None
