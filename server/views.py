"""Views: what the page of a thing shows besides its properties, each defined as data in shapes/views.ttl.

A view is a SELECT query about the things of a class (SHACL Advanced Features, 8.2), with `$this` as the thing.
"""

from dataclasses import dataclass

from rdflib import Graph, URIRef
from rdflib.namespace import RDF, RDFS, SH
from rdflib.term import Literal, Node

from kg.media import LANGUAGES
from kg.names import PREFIXES, Names, local_name
from kg.query_text import QueryText
from server.languages import language

SORTS = ("map", "timeline", "chart", "tree", "line", "table")
"""The sorts of pictures; the viewer of a map is called MapViewer, and so on."""

MOST = 200
"""How many rows a picture shows at most."""

THIS = ("$this", "?this")


@dataclass(frozen=True, slots=True)
class View:
    """A view: its IRI, its labels by language, the class it is about, the sort of its picture, its place, its query.

    `most` is how many of its rows a page shows.
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
        """What a page calls its place."""
        return local_name(self.iri)

    @property
    def label(self) -> str:
        """What to call it in the language of the page, or else in English."""
        return self.labels.get(language()) or self.labels[LANGUAGES[0]]

    def about_thing(self, iri: str, names: Names) -> str:
        """The query about one thing, as anybody can ask it: with that for `$this`, and with the prefixes it needs."""
        query = self.query
        for token in reversed(QueryText(query).tokens):
            if token.kind == "variable" and token.text in THIS:
                query = query[: token.start] + f"<{iri}>" + query[token.start + len(token.text) :]
        used = {token.text.partition(":")[0] for token in QueryText(query).tokens if token.kind == "name"}
        prologue = [f"PREFIX {prefix}: <{names.prefixes[prefix]}>" for prefix in sorted(used)]
        return "\n".join([*prologue, "", query])


def views_in(shapes: Graph) -> tuple[View, ...]:
    """The views that a graph defines, in their order; ValueError for one that cannot be drawn."""
    found = shapes.subjects(RDF.type, SH.SPARQLSelectExecutable)
    return tuple(sorted((view_of(shapes, iri) for iri in found), key=lambda view: (view.order, view.iri)))


def view_of(shapes: Graph, iri: Node) -> View:
    """A view as the shapes define it."""
    viewer = str(shapes.value(iri, URIRef(PREFIXES["dash"] + "viewer")))
    sort = local_name(viewer).removesuffix("Viewer").lower()
    if sort not in SORTS:
        raise ValueError(f"{iri} has no dash:viewer that there is; there are: {', '.join(SORTS)}")
    labels = {o.language: str(o) for o in shapes.objects(iri, RDFS.label) if isinstance(o, Literal) and o.language}
    return View(
        str(iri),
        labels,
        str(shapes.value(iri, URIRef(PREFIXES["schema"] + "about"))),
        sort,
        float(str(shapes.value(iri, SH.order) or 0)),
        int(str(shapes.value(iri, URIRef(PREFIXES["hydra"] + "limit")) or MOST)),
        str(shapes.value(iri, SH.select)).strip(),
    )
