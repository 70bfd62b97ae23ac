"""Validation: the SHACL results of the working store, of which an update asks again only about what has changed."""

from collections import defaultdict
from collections.abc import Iterable
from functools import lru_cache

from pyoxigraph import DefaultGraph, NamedNode, Store, Triple
from rdflib import Graph
from rdflib.namespace import OWL, RDF

from kg.cache.workspace import Workspace
from kg.progress import Progress
from kg.shacl.prefilter import Validator
from kg.shacl.validate import ValidationResult
from kg.steps.results import Model


class Validation:
    """The results of the default graph of a store by focus node, up to a position in the log of its workspace.

    `circles` are the nodes that an irreflexive property links with themselves, each with the nodes that it links with.
    """

    def __init__(self, model: Model, workspace: Workspace, progress: Progress) -> None:
        self._workspace, self._shapes, self._progress = workspace, model.shapes_graph, progress
        self._irreflexive = sorted(map(str, model.schema.ontology.subjects(RDF.type, OWL.IrreflexiveProperty)))
        self._position: int | None = None
        self._results: dict[str, list[ValidationResult]] = {}
        self.circles: dict[str, dict[str, set[str]]] = {}
        self.judged = 0
        """The number of focus nodes that the last difference has reached."""
        if kept := workspace.result("validation"):
            self._position, self._results, self.circles = kept

    @property
    def _validator(self) -> Validator:
        """The validator, which is made when it is first needed: not every command validates."""
        return validator(self._shapes)

    def update(self, store: Store) -> list[ValidationResult]:
        """The results of now. Raises InvalidShapesError."""
        position = self._workspace.position
        self.judged = 0
        if self._position is None:
            self._results = by_focus(self._validator.results(store, progress=self._progress))
            self.circles = {iri: circles(store, iri) for iri in self._irreflexive}
        elif position != self._position:
            differences = list(self._workspace.differences(self._position))
            removed = {q.triple for d in differences for q in d.removed if q.graph_name == DefaultGraph()}
            added = {q.triple for d in differences for q in d.added if q.graph_name == DefaultGraph()}
            self._update(store, removed, added)
        if position != self._position:
            self._position = position
            self._workspace.keep("validation", (position, self._results, self.circles))
            if self._workspace.result("packed") is None:  # the step `pack` will not read it
                self._workspace.forget(position)
        return [result for results in self._results.values() for result in results]

    def _update(self, store: Store, removed: set[Triple], added: set[Triple]) -> None:
        reach = self._validator.footprint.reach(store, removed, added)
        self.judged = len(reach.nodes)
        self._results = {focus: found for focus, found in self._results.items() if not reach.covers(focus)}
        self._results.update(by_focus(self._validator.results(store, reach=reach)))
        changed = {triple.predicate.value for triple in removed | added}
        self.circles |= {iri: circles(store, iri) for iri in self._irreflexive if iri in changed}


@lru_cache(2)
def validator(shapes: Graph) -> Validator:
    """The validator of a shapes graph; builds of one process often have the same shapes."""
    return Validator(shapes)


def by_focus(results: Iterable[ValidationResult]) -> dict[str, list[ValidationResult]]:
    found: dict[str, list[ValidationResult]] = defaultdict(list)
    for result in results:
        found[result.focus].append(result)
    return dict(found)


def circles(store: Store, irreflexive: str) -> dict[str, set[str]]:
    """The nodes that a property links with themselves (OWL 2 RL, prp-irp), each with the nodes that it links with."""
    follows: dict[str, set[str]] = defaultdict(set)
    for quad in store.quads_for_pattern(None, NamedNode(irreflexive), None, DefaultGraph()):
        if isinstance(quad.subject, NamedNode) and isinstance(quad.object, NamedNode):
            follows[quad.subject.value].add(quad.object.value)
    return {iri: others for iri, others in follows.items() if iri in others}
