"""Quads: triples in a graph."""

from pyoxigraph import NamedNode, Quad, Triple


def in_default(triple: Triple) -> Quad:
    """A triple in the default graph."""
    return Quad(triple.subject, triple.predicate, triple.object)


def in_graph(graph: NamedNode, triple: Triple) -> Quad:
    """A triple in a named graph."""
    return Quad(triple.subject, triple.predicate, triple.object, graph)
