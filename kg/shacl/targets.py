"""Targets: which nodes of the data a shape validates (w3.org/TR/shacl, 2.1.3)."""

from collections import defaultdict

from pyoxigraph import BlankNode, NamedNode, Store
from rdflib import Graph, URIRef
from rdflib.namespace import RDF, RDFS, SH
from rdflib.term import Node

from kg.shacl.paths import EVERYTHING, INSTANCE_OF, follow, inverted
from kg.sparql.engine import Term

TARGETS = {
    SH.targetClass: "?this a/rdfs:subClassOf* %s",
    SH.targetNode: "VALUES ?this { %s }",
    SH.targetSubjectsOf: "?this %s ?any",
    SH.targetObjectsOf: "?any %s ?this",
}
"""Each kind of target, and its focus nodes in SPARQL."""


def targets_of(shapes: Graph, shape: Node) -> list[tuple[URIRef, Node]]:
    """The targets of a shape, each with its kind. A shape that is a class is a target of its own."""
    found = [(kind, target) for kind in TARGETS for target in sorted(shapes.objects(shape, kind), key=str)]
    if (shape, RDF.type, SH.NodeShape) in shapes and (shape, RDF.type, RDFS.Class) in shapes:
        found.append((SH.targetClass, shape))
    return [*dict.fromkeys(found)]


def shapes_with_targets(shapes: Graph) -> list[Node]:
    """The shapes that have targets, in order."""
    declared = {shape for kind in TARGETS for shape in shapes.subjects(kind)}
    declared |= {shape for shape in shapes.subjects(RDF.type, RDFS.Class) if targets_of(shapes, shape)}
    return sorted(declared, key=str)


class Targets:
    """The targets of all shapes."""

    def __init__(self, shapes: Graph) -> None:
        self._by_shape: dict[Node, list[tuple[URIRef, NamedNode]]] = defaultdict(list)
        self._by_target: dict[tuple[URIRef, NamedNode], set[Node]] = defaultdict(set)
        for shape in shapes_with_targets(shapes):
            for kind, target in targets_of(shapes, shape):
                if isinstance(target, URIRef):  # a blank node of the shapes is no node of the data
                    self._by_shape[shape].append((kind, NamedNode(str(target))))
                    self._by_target[kind, NamedNode(str(target))].add(shape)
        self._others = [
            (kind, term) for kind, term in self._by_target if kind in (SH.targetSubjectsOf, SH.targetObjectsOf)
        ]

    def focus_nodes(self, store: Store, shape: Node) -> set[Term]:
        """The focus nodes of a shape in the default graph."""
        nodes: set[Term] = set()
        for kind, term in self._by_shape[shape]:
            if kind == SH.targetNode:
                nodes.add(term)
            elif kind == SH.targetClass:
                nodes |= follow(store, inverted(INSTANCE_OF), term)
            elif kind == SH.targetSubjectsOf:
                nodes |= {quad.subject for quad in store.quads_for_pattern(None, term, None, EVERYTHING)}
            else:
                nodes |= {quad.object for quad in store.quads_for_pattern(None, term, None, EVERYTHING)}
        return nodes

    def shapes(self, store: Store, node: Term) -> set[Node]:
        """The shapes that validate a node."""
        found: set[Node] = set()
        if isinstance(node, NamedNode):
            found |= self._by_target.get((SH.targetNode, node), set())
        for class_ in follow(store, INSTANCE_OF, node):
            if isinstance(class_, NamedNode) and (SH.targetClass, class_) in self._by_target:
                found |= self._by_target[SH.targetClass, class_]
        for kind, term in self._others:
            subject, value = (node, None) if kind == SH.targetSubjectsOf else (None, node)
            if not isinstance(subject, NamedNode | BlankNode | None):
                continue
            if any(True for _ in store.quads_for_pattern(subject, term, value, EVERYTHING)):
                found |= self._by_target[kind, term]
        return found
