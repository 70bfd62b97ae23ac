"""Quads: triples in a graph, and triples that have been taken apart."""

from collections.abc import Iterable
from itertools import groupby
from operator import attrgetter
from typing import Any, NamedTuple

from pyoxigraph import BlankNode, Literal, NamedNode, Quad, Triple

from kg.names import RDF_TYPE


class PlainTriple(NamedTuple):
    """A triple with plain strings: each access to an attribute of a triple makes a new object.

    `subject`, `predicate` and `value` are IRIs, except that `value` is the text of an object that is a literal. Other
    terms are written as in N-Triples. `whole` is the Triple or Quad itself. `is_inferred` is true if the inferred graph
    also contains the triple.
    """

    subject: str
    predicate: str
    object: NamedNode | BlankNode | Literal | Triple
    value: str
    whole: Any
    is_inferred: bool = False

    @classmethod
    def of(cls, triple: Triple | Quad, is_inferred: bool = False) -> "PlainTriple":
        subject, object_ = triple.subject, triple.object
        return cls(
            subject.value if isinstance(subject, NamedNode) else str(subject),
            triple.predicate.value,
            object_,
            object_.value if isinstance(object_, NamedNode | Literal) else str(object_),
            triple,
            is_inferred,
        )


def in_order(triples: Iterable[Triple]) -> list[PlainTriple]:
    """Triples by subject, and the types of each subject first."""
    return types_first(map(PlainTriple.of, sorted(triples, key=str)))


def types_first(triples: Iterable[PlainTriple]) -> list[PlainTriple]:
    """Triples that are sorted by subject, with the types of each subject first."""
    by_subject = groupby(triples, key=attrgetter("subject"))
    return [t for _, group in by_subject for t in sorted(group, key=lambda t: t.predicate != RDF_TYPE)]


def in_default(triple: Triple) -> Quad:
    """A triple in the default graph."""
    return Quad(triple.subject, triple.predicate, triple.object)


def in_graph(graph: NamedNode, triple: Triple) -> Quad:
    """A triple in a named graph."""
    return Quad(triple.subject, triple.predicate, triple.object, graph)
