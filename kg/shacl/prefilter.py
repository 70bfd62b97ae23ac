"""The prefilter: the engine finds the focus nodes that may violate a shape, and pySHACL validates only those.

Each node shape of SHACL Core becomes one query (`violations.py`), and so does each SPARQL-based constraint
(`constraints.py`). Both find at least the focus nodes for which pySHACL would report a result. If that is not certain,
pySHACL validates every focus node.
"""

from collections.abc import Collection, Iterator

from pyoxigraph import BlankNode, DefaultGraph, NamedNode, Store
from pyoxigraph import Literal as EngineLiteral
from rdflib import Graph, Literal, URIRef
from rdflib.namespace import RDF, RDFS, SH
from rdflib.term import Node

from kg.names import RDF_TYPE
from kg.rdflib_graphs import copy_of, to_graph
from kg.shacl.constraints import Untranslatable, candidates_query, declarations, prefixes
from kg.shacl.to_sparql import violation
from kg.shacl.validate import ValidationResult, validate
from kg.sparql.oxigraph import ask, select

RDFS_PREFIX = f"PREFIX rdfs: <{RDFS}>"


def validation_results(shapes: Graph, store: Store, skipped: Collection[Node] = ()) -> Iterator[ValidationResult]:
    """Yields the results of validating the default graph, as pySHACL reports them. Raises InvalidShapesError.

    SPARQL-based constraints that are `skipped` are not validated.
    """
    core, constraints = prefilter_constraints(shapes, store, skipped)
    core, candidates = prefilter_shapes(core, store)
    if candidates is None or len(constraints):
        data = to_graph(quad.triple for quad in store.quads_for_pattern(None, None, None, DefaultGraph()))
        for graph in (core, constraints):
            yield from validate(data, graph)
    elif candidates:
        yield from validate(data_for(store, candidates), core)


def prefilter_constraints(shapes: Graph, store: Store, skipped: Collection[Node] = ()) -> tuple[Graph, Graph]:
    """Returns the shapes without the translated SPARQL-based constraints, and these with candidates as their targets.

    Constraints that are `skipped`, or that have no candidates, are in neither.
    """
    rest, constraints = copy_of(shapes), Graph()
    for shape, constraint in sorted(shapes.subject_objects(SH.sparql), key=str):
        candidates = set() if constraint in skipped else candidate_focus_nodes(shapes, shape, constraint, store)
        if candidates is None:
            continue
        rest.remove((shape, SH.sparql, constraint))
        if candidates:
            constraints += shapes.cbd(constraint)
            constraints += declarations(shapes, constraint)
            constraints.add((shape, RDF.type, SH.NodeShape))
            constraints.add((shape, SH.sparql, constraint))
            for predicate in (SH.severity, SH.message, SH.deactivated):
                for value in shapes.objects(shape, predicate):
                    constraints.add((shape, predicate, value))
            for node in sorted(candidates):
                constraints.add((shape, SH.targetNode, URIRef(node)))
    return rest, constraints


TARGETS = {
    SH.targetClass: "?this a/rdfs:subClassOf* %s",
    SH.targetNode: "VALUES ?this { %s }",
    SH.targetSubjectsOf: "?this %s ?any",
    SH.targetObjectsOf: "?any %s ?this",
}
"""The focus nodes of each kind of target (2.1.3)."""


def prefilter_shapes(shapes: Graph, store: Store) -> tuple[Graph, set[str] | None]:
    """Returns the shapes with candidates as their targets, and the candidates; None if pySHACL must validate all data.

    A shape without candidates has no target, and is left out if all shapes are translated. A shape that is not
    translated keeps its targets.
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
            candidates = [solution["this"] for solution in select(store, query)]
            nodes = {node.value for node in candidates if isinstance(node, NamedNode)}
            if len(nodes) < len(candidates):  # a blank node cannot be a target
                whole = True
                continue
            replaced.append((shape, kind, target, nodes))
    with_candidates = {shape for shape, *_, nodes in replaced if nodes}
    narrowed = copy_of(shapes) if whole else reachable(shapes, with_candidates | untranslated)
    for shape, kind, target, nodes in replaced:
        narrowed.remove((shape, kind, target))
        for node in nodes:
            narrowed.add((shape, SH.targetNode, URIRef(node)))
    return narrowed, None if whole else {node for *_, nodes in replaced for node in nodes}


def reachable(graph: Graph, nodes: set[Node]) -> Graph:
    """The triples of some nodes, and of all nodes that can be reached from them."""
    subgraph, queue, seen = Graph(), list(nodes), set(nodes)
    while queue:
        for triple in graph.triples((queue.pop(), None, None)):
            subgraph.add(triple)
            if triple[2] not in seen:
                seen.add(triple[2])
                queue.append(triple[2])
    return subgraph


def data_for(store: Store, nodes: set[str]) -> Graph:
    """The data that pySHACL needs to validate some focus nodes: their triples, the classes of their objects, and all
    subclasses.
    """
    quads = {quad for node in nodes for quad in store.quads_for_pattern(NamedNode(node), None, None, DefaultGraph())}
    others = {quad.object for quad in quads if isinstance(quad.object, NamedNode)}
    quads |= {
        quad for node in others for quad in store.quads_for_pattern(node, NamedNode(RDF_TYPE), None, DefaultGraph())
    }
    quads |= set(store.quads_for_pattern(None, NamedNode(str(RDFS.subClassOf)), None, DefaultGraph()))
    return to_graph(quad.triple for quad in quads)


def candidate_focus_nodes(shapes: Graph, shape: Node, constraint: Node, store: Store) -> set[str] | None:
    """The focus nodes of a shape that may violate a SPARQL-based constraint; None if pySHACL must validate all."""
    query = str(shapes.value(constraint, SH.select) or "")
    targets = [pattern % target.n3() for kind, pattern in TARGETS.items() for target in shapes.objects(shape, kind)]
    if not query or not targets or (None, None, shape) in shapes or (shape, SH.path, None) in shapes:
        return None
    if any((node, SH.deactivated, Literal(True)) in shapes for node in (shape, constraint)):
        return set()
    nodes: list[NamedNode | BlankNode | EngineLiteral] = []
    try:
        known = prefixes(shapes, constraint)
        for target in sorted(targets):
            solutions = select(store, candidates_query(query, known, target), prefixes={"rdfs": str(RDFS)})
            nodes += [solution["this"] for solution in solutions]
    except (Untranslatable, SyntaxError, OSError):
        return None
    named = {node.value for node in nodes if isinstance(node, NamedNode)}
    return named if all(isinstance(node, NamedNode) for node in nodes) else None  # a blank node cannot be a target
