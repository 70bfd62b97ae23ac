"""The parts of the things in a store, found by going through all of it."""

from collections import defaultdict
from collections.abc import Iterator

from pyoxigraph import DefaultGraph, NamedNode, Quad, Store

from kg.dataset.packs import Part
from kg.dataset.search_index import Analyzer, Entry
from kg.model.schema import Schema
from kg.names import Names


def parts(store: Store, names: Names) -> dict[str, list[Quad]]:
    """The quads of the default and the inferred graph about each thing and its parts, by path, in order."""
    found: dict[str, list[Quad]] = defaultdict(list)
    for graph in (DefaultGraph(), NamedNode(names.inferred)):
        for quad in store.quads_for_pattern(None, None, None, graph):
            if isinstance(quad.subject, NamedNode) and (path := names.path(quad.subject.value)):
                found[path].append(quad)
    return dict(sorted(found.items()))


def entries(store: Store, schema: Schema, names: Names) -> Iterator[Entry]:
    """The entries of the search index for all things."""
    analyzer = Analyzer(schema, names)
    for path, quads in parts(store, names).items():
        if entry := analyzer.entry(path, Part.of(path, quads, names).triples):
            yield entry
