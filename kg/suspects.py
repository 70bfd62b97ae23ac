"""Suspects: which things may not conform to a shape, asked of the engine at once, so that pySHACL judges those alone.

Of SHACL core, each node shape is one query (`violations.py`); so is each SPARQL-based constraint (`constraints.py`).
Both find at least what pySHACL would find. Where that is not certain, pySHACL is asked about every node.
"""

from collections.abc import Collection, Iterator

from pyoxigraph import BlankNode, DefaultGraph, NamedNode, Store
from pyoxigraph import Literal as EngineLiteral
from rdflib import Graph, Literal, URIRef
from rdflib.namespace import RDF, RDFS, SH
from rdflib.term import Node

from kg.constraints import Untranslatable, candidates, declarations, prefixes
from kg.names import RDF_TYPE
from kg.oxigraph import ask, select
from kg.shacl import Result, copy_of, to_graph, validate
from kg.violations import violation

RDFS_PREFIX = f"PREFIX rdfs: <{RDFS}>"


def judge(shapes: Graph, store: Store, waiting: Collection[Node] = ()) -> Iterator[Result]:
    """What pySHACL finds of the suspects, which is what it would find of all; raises InvalidShapesError.

    SPARQL-based constraints that are `waiting` are left out.
    """
    core, constraints = split(shapes, store, waiting)
    core, found = narrow(core, store)
    if found is None or len(constraints):
        data = to_graph(quad.triple for quad in store.quads_for_pattern(None, None, None, DefaultGraph()))
        for graph in (core, constraints):
            yield from validate(data, graph)
    elif found:
        yield from validate(around(store, found), core)


def split(shapes: Graph, store: Store, waiting: Collection[Node] = ()) -> tuple[Graph, Graph]:
    """The shapes without the constraints that the engine was asked about, and those constraints for the suspects.

    Constraints that are `waiting` are in neither.
    """
    rest, judged = copy_of(shapes), Graph()
    for shape, constraint in sorted(shapes.subject_objects(SH.sparql), key=str):
        found = set() if constraint in waiting else suspects(shapes, shape, constraint, store)
        if found is None:
            continue
        rest.remove((shape, SH.sparql, constraint))
        if found:
            judged += shapes.cbd(constraint)
            judged += declarations(shapes, constraint)
            judged.add((shape, RDF.type, SH.NodeShape))
            judged.add((shape, SH.sparql, constraint))
            for told in (SH.severity, SH.message, SH.deactivated):
                for value in shapes.objects(shape, told):
                    judged.add((shape, told, value))
            for node in sorted(found):
                judged.add((shape, SH.targetNode, URIRef(node)))
    return rest, judged


TARGETS = {
    SH.targetClass: "?this a/rdfs:subClassOf* %s",
    SH.targetNode: "VALUES ?this { %s }",
    SH.targetSubjectsOf: "?this %s ?any",
    SH.targetObjectsOf: "?any %s ?this",
}
"""The focus nodes of each kind of target (2.1.3)."""


def narrow(shapes: Graph, store: Store) -> tuple[Graph, set[str] | None]:
    """The shapes with the suspects as their targets, and these; None instead if pySHACL must see all of the data.

    A shape of which nothing is suspected has no target left, and is left out where all shapes are translated; one that
    is not translated keeps its targets.
    """
    replaced: list[tuple[Node, URIRef, Node, set[str]]] = []
    untranslated: set[Node] = set()
    whole = False
    for kind, pattern in TARGETS.items():
        for shape, target in sorted(shapes.subject_objects(kind), key=str):
            focus = pattern % target.n3()
            try:
                expression = violation(shapes, shape)
            except Untranslatable:
                untranslated.add(shape)
                whole = whole or ask(store, f"{RDFS_PREFIX} ASK {{ {focus} }}")
                continue
            query = f"{RDFS_PREFIX} SELECT DISTINCT ?this WHERE {{ {focus} FILTER({expression}) }}"
            suspected = [solution["this"] for solution in select(store, query)]
            nodes = {node.value for node in suspected if isinstance(node, NamedNode)}
            if len(nodes) < len(suspected):  # a blank node has no name to target
                whole = True
                continue
            replaced.append((shape, kind, target, nodes))
    suspected_of = {shape for shape, *_, nodes in replaced if nodes}
    narrowed = copy_of(shapes) if whole else reachable(shapes, suspected_of | untranslated)
    for shape, kind, target, nodes in replaced:
        narrowed.remove((shape, kind, target))
        for node in nodes:
            narrowed.add((shape, SH.targetNode, URIRef(node)))
    return narrowed, None if whole else {node for *_, nodes in replaced for node in nodes}


def reachable(graph: Graph, nodes: set[Node]) -> Graph:
    """What a graph says of some nodes, and of whatever that speaks of."""
    found, waiting, seen = Graph(), list(nodes), set(nodes)
    while waiting:
        for triple in graph.triples((waiting.pop(), None, None)):
            found.add(triple)
            if triple[2] not in seen:
                seen.add(triple[2])
                waiting.append(triple[2])
    return found


def around(store: Store, nodes: set[str]) -> Graph:
    """What is said of some things, the classes of what they speak of, and what is a subclass of what."""
    quads = {quad for node in nodes for quad in store.quads_for_pattern(NamedNode(node), None, None, DefaultGraph())}
    others = {quad.object for quad in quads if isinstance(quad.object, NamedNode)}
    quads |= {
        quad for node in others for quad in store.quads_for_pattern(node, NamedNode(RDF_TYPE), None, DefaultGraph())
    }
    quads |= set(store.quads_for_pattern(None, NamedNode(str(RDFS.subClassOf)), None, DefaultGraph()))
    return to_graph(quad.triple for quad in quads)


def suspects(shapes: Graph, shape: Node, constraint: Node, store: Store) -> set[str] | None:
    """The focus nodes of a shape of which a constraint may not hold; None if pySHACL must look for itself."""
    query = str(shapes.value(constraint, SH.select) or "")
    targets = [pattern % target.n3() for kind, pattern in TARGETS.items() for target in shapes.objects(shape, kind)]
    if not query or not targets or (None, None, shape) in shapes or (shape, SH.path, None) in shapes:
        return None
    if any((node, SH.deactivated, Literal(True)) in shapes for node in (shape, constraint)):
        return set()
    found: list[NamedNode | BlankNode | EngineLiteral] = []
    try:
        known = prefixes(shapes, constraint)
        for target in sorted(targets):
            solutions = select(store, candidates(query, known, target), prefixes={"rdfs": str(RDFS)})
            found += [solution["this"] for solution in solutions]
    except (Untranslatable, SyntaxError, OSError):
        return None
    named = {node.value for node in found if isinstance(node, NamedNode)}
    return named if all(isinstance(node, NamedNode) for node in found) else None  # a blank node cannot be a target
