"""The prefilter: the engine finds the focus nodes that may violate a shape, and pySHACL validates only those.

Each node shape of SHACL Core becomes one query (`to_sparql.py`), and so does each SPARQL-based constraint
(`constraints.py`). Both find at least the focus nodes for which pySHACL would report a result. If that is not certain,
pySHACL validates every focus node.

After a difference of the data, only the nodes that it reaches (`footprint.py`) are asked about.
"""

import hashlib
import os
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Set
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, cached_property

from pyoxigraph import CanonicalizationAlgorithm, Dataset, DefaultGraph, NamedNode, Quad, Store, Triple
from rdflib import Graph, Literal, URIRef
from rdflib.namespace import RDF, RDFS, SH, SKOS
from rdflib.term import Node

from kg.progress import Progress
from kg.rdflib_graphs import copy_of, to_graph, to_triples
from kg.shacl.constraints import Untranslatable, declarations, prefixes, translated
from kg.shacl.footprint import Footprint, Reach
from kg.shacl.paths import NotUnderstoodError
from kg.shacl.targets import TARGETS, shapes_with_targets, targets_of
from kg.shacl.to_sparql import violations
from kg.shacl.validate import ValidationResult, validate
from kg.sparql.engine import Term
from kg.sparql.oxigraph import NodeQuery

MAX_NAMED = 1000
"""Maximum number of nodes that a query names; to find candidates among more nodes, all targets are asked about."""


def validation_results(shapes: Graph, store: Store, skipped: Collection[Node] = ()) -> Iterator[ValidationResult]:
    """Yields the results of validating the default graph. Raises InvalidShapesError. See `Validator.results`."""
    return Validator(shapes).results(store, skipped)


@dataclass(frozen=True, slots=True)
class Queries:
    """The queries for what may violate a part of the shapes.

    `searches` find the nodes that may violate it if they are focus nodes, which `focus` finds; several parts often have
    the same ones. `others` find focus nodes that may violate it. `among` finds the candidates among given focus nodes.
    """

    searches: tuple[NodeQuery, ...]
    others: tuple[NodeQuery, ...]
    focus: NodeQuery
    among: NodeQuery

    @property
    def all(self) -> tuple[NodeQuery, ...]:
        return *self.searches, *self.others

    def candidates(self, store: Store, ask: Callable[[NodeQuery, Store], set[Term]] = NodeQuery.nodes) -> set[Term]:
        """All focus nodes that may violate it; `ask` returns the nodes that a query finds."""
        found = {node for query in self.searches for node in ask(query, store)}
        if found:
            found &= ask(self.focus, store)
        return found.union(*(ask(query, store) for query in self.others))


@dataclass(frozen=True, slots=True)
class Part:
    """What is validated together: the constraints of SHACL Core of a shape with targets, or a SPARQL-based constraint.

    `graph` are the triples of the shapes that define it, without targets. `queries` are None if it cannot be
    translated, so that every focus node is a candidate. `origins` are its keys in the plans of the footprint.
    """

    shape: Node
    constraint: Node | None
    graph: Graph
    queries: Queries | None
    origins: tuple[Node, ...]

    @property
    def sources(self) -> frozenset[Node]:
        """The shapes and constraints with IRIs that its results can name as their source, and its shape.

        Other parts may have some of them.
        """
        if self.constraint is not None:
            return frozenset({self.constraint})
        constrained = {s for s, p, _ in self.graph if str(p).startswith(str(SH)) and p not in DESCRIPTIONS}
        return frozenset({self.shape, *(shape for shape in constrained if isinstance(shape, URIRef))})


DESCRIPTIONS = frozenset(
    (
        *(RDFS.label, RDFS.comment, RDFS.seeAlso, RDFS.isDefinedBy, SKOS.definition, SKOS.example),
        *(SH.name, SH.description, SH.order, SH.group, SH.declare, SH.prefix, SH.namespace),
    )
)
"""The properties in a part on which no result depends: those for readers (w3.org/TR/shacl, 2.3.2), and declarations."""

Definitions = dict[str, tuple[str, frozenset[Node]]]
"""By part, a hash of what defines it, and its sources."""


def source_of(result: ValidationResult) -> Node | None:
    """The constraint whose result it is if it is SPARQL-based, else the shape."""
    return result.shape if result.constraint is None else result.constraint


def changed_sources(before: Definitions, now: Definitions) -> set[Node]:
    """The sources of the parts that are not defined as before, and of all parts that have a source in common with them.

    So the results of each part have changed sources only, or none.
    """
    changed = {source for _, (_, sources) in before.items() ^ now.items() for source in sources}
    while more := {s for _, sources in now.values() if not sources.isdisjoint(changed) for s in sources} - changed:
        changed |= more
    return changed


class Validator:
    """Validates data under shapes. What follows from the shapes alone is prepared once."""

    def __init__(self, shapes: Graph) -> None:
        self.footprint = Footprint(shapes)
        self._shapes = shapes
        self._parts = [*parts_of(shapes)]

    @cached_property
    def definitions(self) -> Definitions:
        """What defines each part."""
        declared = Graph()
        for owner, _, declaration in self._shapes.triples((None, SH.declare, None)):
            declared += self._shapes.cbd(declaration)
            declared.add((owner, SH.declare, declaration))
        found: Definitions = {}
        for part in self._parts:
            graph = part.graph + declared
            for triple in [triple for triple in part.graph if triple[1] in DESCRIPTIONS and triple not in declared]:
                graph.remove(triple)
            for kind, target in targets_of(self._shapes, part.shape):
                graph.add((part.shape, kind, target))
            found[f"{part.shape} {part.constraint}"] = digest_of(graph), part.sources
        return found

    def results(
        self,
        store: Store,
        skipped: Collection[Node] = (),
        reach: Reach | None = None,
        only: Set[Node] | None = None,
        progress: Progress | None = None,
    ) -> Iterator[ValidationResult]:
        """Yields the results of validating the default graph, as pySHACL reports them. Raises InvalidShapesError.

        SPARQL-based constraints that are `skipped` are not validated. If `reach` is given, the results are those for
        its nodes only; if `only` is given, those of the parts that have one of these sources.
        """
        reach = None if reach is None or reach.is_everything else reach
        parts = [part for part in self._parts if part.constraint is None or part.constraint not in skipped]
        parts = [part for part in parts if only is None or not part.sources.isdisjoint(only)]
        if reach is None:
            found = self._all_candidates(parts, store, progress or Progress())
        elif len(reach.nodes) > MAX_NAMED:
            found = [each & reach.nodes for each in self._all_candidates(parts, store, Progress())]
        else:
            reached: dict[Node, set[Term]] = defaultdict(set)
            for node in reach.nodes:
                for shape in self.footprint.targets.shapes(store, node):
                    reached[shape].add(node)
            data = self._data(store, [(part, reached[part.shape]) for part in parts])
            small = store if data is None else store_of(data)  # in which queries take no longer if there is more data
            found = [candidates_among(part, small, reached[part.shape]) for part in parts]
        for is_core in (True, False):
            focus: dict[Node, set[Term]] = defaultdict(set)
            selected = [(p, c) for p, c in zip(parts, found, strict=True) if c and (p.constraint is None) is is_core]
            for part, candidates in selected:
                focus[part.shape] |= candidates  # pySHACL validates each of them for all parts of the shape
            for result in self._judged(store, [(part, focus[part.shape]) for part, _ in selected]):
                if reach is None or reach.covers(result.focus):
                    yield result

    def _all_candidates(self, parts: list[Part], store: Store, progress: Progress) -> list[set[Term]]:
        """The focus nodes that may violate each part. A query that several parts have is evaluated once."""
        queries = [*dict.fromkeys(query for part in parts if part.queries for query in part.queries.all)]
        progress.expect("queries of the shapes", len(queries))
        ask = cache(NodeQuery.nodes)
        with ThreadPoolExecutor(os.cpu_count()) as threads:
            for _ in threads.map(lambda query: ask(query, store), queries):
                progress.advance()
        return [
            part.queries.candidates(store, ask)
            if part.queries
            else self.footprint.targets.focus_nodes(store, part.shape)
            for part in parts
        ]

    def _judged(self, store: Store, found: list[tuple[Part, set[Term]]]) -> Iterator[ValidationResult]:
        """The results of pySHACL for the candidates of some parts."""
        if not found:
            return
        shapes, data = Graph(), self._data(store, found)
        is_whole = False
        for part, nodes in found:
            shapes += part.graph
            named = [URIRef(node.value) for node in nodes if isinstance(node, NamedNode)]
            if len(named) == len(nodes):
                for node in named:
                    shapes.add((part.shape, SH.targetNode, node))
            else:  # a blank node cannot be a target
                is_whole = True
                for kind, target in targets_of(self._shapes, part.shape):
                    shapes.add((part.shape, kind, target))
        if data is None or is_whole:
            data = {quad.triple for quad in store.quads_for_pattern(None, None, None, DefaultGraph())}
        yield from validate(to_graph(data), shapes)

    def _data(self, store: Store, found: list[tuple[Part, set[Term]]]) -> set[Triple] | None:
        """The data that pySHACL needs to validate some candidates; None for all data."""
        data: set[Triple] = set()
        try:
            for part, nodes in found:
                for origin in part.origins if nodes else ():
                    data |= self.footprint.relevant(store, origin, nodes)
        except NotUnderstoodError:
            return None
        return data


def digest_of(graph: Graph) -> str:
    """A hash of a graph, whatever the labels of its blank nodes are."""
    dataset = Dataset(Quad(*triple) for triple in to_triples(graph))
    dataset.canonicalize(CanonicalizationAlgorithm.RDFC_1_0)
    return hashlib.sha256("\n".join(sorted(map(str, dataset))).encode()).hexdigest()


def store_of(triples: Iterable[Triple]) -> Store:
    """A store in memory with some triples."""
    store = Store()
    store.extend(Quad(*triple) for triple in triples)
    return store


def candidates_among(part: Part, store: Store, nodes: set[Term]) -> set[Term]:
    """Those of some focus nodes that may violate a part."""
    named = {node for node in nodes if isinstance(node, NamedNode)}
    if part.queries is None or not named:
        return nodes
    return part.queries.among.nodes(store, named) | (nodes - named)


def parts_of(shapes: Graph) -> Iterator[Part]:
    """The parts of shapes that are validated separately."""
    rest = copy_of(shapes)
    separate: dict[Node, list[Node]] = {}
    for shape in shapes_with_targets(shapes):
        constraints = sorted(shapes.objects(shape, SH.sparql), key=str)
        if (None, None, shape) in shapes or (shape, SH.path, None) in shapes:
            constraints = []
        separate[shape] = [each for each in constraints if (each, SH.select, None) in shapes]
        for constraint in separate[shape]:
            rest.remove((shape, SH.sparql, constraint))
        for kind in TARGETS:
            rest.remove((shape, kind, None))
        rest.remove((shape, RDF.type, RDFS.Class))
    for shape, constraints in separate.items():
        kept = sorted(rest.objects(shape, SH.sparql), key=str)
        yield Part(shape, None, reachable(rest, {shape}), core_queries(shapes, rest, shape), (shape, *kept))
        for constraint in constraints:
            if (shape, SH.deactivated, Literal(True)) in shapes or (
                constraint,
                SH.deactivated,
                Literal(True),
            ) in shapes:
                continue
            graph, queries = constraint_graph(shapes, shape, constraint), constraint_queries(shapes, shape, constraint)
            yield Part(shape, constraint, graph, queries, (constraint,))


def core_queries(shapes: Graph, rest: Graph, shape: Node) -> Queries | None:
    """The queries for the constraints of a shape, as far as it is in `rest`; None if it cannot be translated."""
    try:
        found = violations(rest, shape)
    except Untranslatable:
        return None
    searches = (NodeQuery.of(f"{SELECT} {{ {each.search or each.pattern} }}") for each in found if not each.is_missing)
    missing = " || ".join(each.expression for each in found if each.is_missing)
    expression = " || ".join(each.expression for each in found) or "false"
    focus = focus_nodes(shapes, shape)
    return Queries(
        searches=tuple(searches),
        others=(NodeQuery.of(f"{SELECT} {{ {focus} FILTER({missing}) }}"),) if missing else (),
        focus=NodeQuery.of(f"{SELECT} {focus}"),
        among=NodeQuery.of(f"{SELECT} {{ {NodeQuery.GIVEN} FILTER({expression}) }}"),
    )


def constraint_queries(shapes: Graph, shape: Node, constraint: Node) -> Queries | None:
    """The queries for a SPARQL-based constraint; None if it cannot be translated."""
    try:
        known = translated(str(shapes.value(constraint, SH.select)), prefixes(shapes, constraint))
        among = NodeQuery.of(f"{SELECT} {{ {NodeQuery.GIVEN} FILTER EXISTS {{ {known.pattern} }} }}")
    except (Untranslatable, SyntaxError):
        return None
    focus = NodeQuery.of(f"{SELECT} {focus_nodes(shapes, shape)}")
    if known.is_open:
        return Queries((NodeQuery.of(f"{SELECT} {{ {known.pattern} }}"),), (), focus, among)
    query = f"{SELECT} {{ {focus_nodes(shapes, shape)} FILTER EXISTS {{ {known.pattern} }} }}"
    return Queries((), (NodeQuery.of(query),), focus, among)


def focus_nodes(shapes: Graph, shape: Node) -> str:
    """A pattern in SPARQL that finds each focus node of a shape once."""
    found = (f"{{ {TARGETS[kind] % target.n3()} }}" for kind, target in targets_of(shapes, shape))
    return f"{{ {SELECT} {{ {' UNION '.join(found)} }} }}"


SELECT = "SELECT DISTINCT ?this WHERE"


def constraint_graph(shapes: Graph, shape: Node, constraint: Node) -> Graph:
    """The triples of the shapes that define a SPARQL-based constraint of a shape."""
    graph = declarations(shapes, constraint)
    graph += shapes.cbd(constraint)
    graph.add((shape, RDF.type, SH.NodeShape))
    graph.add((shape, SH.sparql, constraint))
    for predicate in (SH.severity, SH.message):
        for value in shapes.objects(shape, predicate):
            graph.add((shape, predicate, value))
    return graph


def reachable(graph: Graph, nodes: Iterable[Node]) -> Graph:
    """The triples of some nodes, and of all nodes that can be reached from them."""
    subgraph, queue = Graph(store="SimpleMemory", bind_namespaces="none"), [*nodes]
    seen = set(queue)
    while queue:
        for triple in graph.triples((queue.pop(), None, None)):
            subgraph.add(triple)
            if triple[2] not in seen:
                seen.add(triple[2])
                queue.append(triple[2])
    return subgraph
