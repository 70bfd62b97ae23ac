"""Validation: the SHACL results of the working store, of which an update asks again only about what has changed."""

from collections import defaultdict
from collections.abc import Iterable
from functools import lru_cache

from pyoxigraph import DefaultGraph, NamedNode, Store, Triple
from rdflib import BNode, Graph
from rdflib.namespace import OWL, RDF

from kg.cache.workspace import Workspace
from kg.progress import Progress
from kg.shacl.prefilter import Definitions, Validator, changed_sources, source_of
from kg.shacl.validate import ValidationResult
from kg.steps.results import Model


class Validation:
    """The results of the default graph of a store by focus node, up to a position in the log of its workspace.

    `circles` are the nodes that an irreflexive property links with themselves, each with the nodes that it links with.
    """

    def __init__(self, model: Model, workspace: Workspace, progress: Progress) -> None:
        self._workspace, self._model, self._progress = workspace, model, progress
        self._irreflexive = sorted(map(str, model.schema.ontology.subjects(RDF.type, OWL.IrreflexiveProperty)))
        self._position: int | None = None
        self._results: dict[str, list[ValidationResult]] = {}
        self.circles: dict[str, dict[str, set[str]]] = {}
        self.judged = 0
        """The number of focus nodes that the last difference has reached."""
        self.parts = 0
        """The number of parts of the shapes whose results were replaced, because they are defined in another way."""
        self._digest = ""
        """That of the model whose results these are."""
        self._definitions: Definitions = {}
        """What defines the parts of its shapes."""
        if kept := workspace.result("validation"):
            self._digest, self._definitions, self._position, self._results, self.circles = kept

    @property
    def _validator(self) -> Validator:
        """The validator, which is made when it is first needed: not every command validates."""
        return validator(self._model.shapes_graph)

    def prepare(self) -> None:
        """Makes the validator, so that the next update need not do it."""
        _ = self._validator

    def update(self, store: Store) -> list[ValidationResult]:
        """The results of now. Raises InvalidShapesError."""
        position, digest = self._workspace.position, self._model.digest
        definitions = self._definitions if digest == self._digest else self._validator.definitions
        removed, added = set[Triple](), set[Triple]()
        self.judged = self.parts = 0
        if self._position is None:
            self._results = by_focus(self._validator.results(store, progress=self._progress))
        else:
            for difference in self._workspace.differences(self._position):
                removed |= {quad.triple for quad in difference.removed if quad.graph_name == DefaultGraph()}
                added |= {quad.triple for quad in difference.added if quad.graph_name == DefaultGraph()}
            if removed or added:
                self._update(store, removed, added)
            if outdated := changed_sources(self._definitions, definitions):
                known = [r for found in self._results.values() for r in found if source_of(r) not in outdated]
                self.parts = sum(not sources.isdisjoint(outdated) for _, sources in definitions.values())
                self._results = by_focus((*known, *self._validator.results(store, only=outdated)))
        changed = {triple.predicate.value for triple in removed | added}
        known_circles = {iri: found for iri, found in self.circles.items() if iri not in changed}
        self.circles = {
            iri: known_circles[iri] if iri in known_circles else circles(store, iri) for iri in self._irreflexive
        }
        if (position, digest) != (self._position, self._digest):
            self._position, self._digest, self._definitions = position, digest, definitions
            self._keep()
            if self._workspace.result("packed") is None:  # the step `pack` will not read it
                self._workspace.forget(position)
        return [result for results in self._results.values() for result in results]

    def _update(self, store: Store, removed: set[Triple], added: set[Triple]) -> None:
        reach = self._validator.footprint.reach(store, removed, added)
        self.judged = len(reach.nodes)
        self._results = {focus: found for focus, found in self._results.items() if not reach.covers(focus)}
        self._results.update(by_focus(self._validator.results(store, reach=reach)))

    def _keep(self) -> None:
        """Keeps the results, unless they refer to blank nodes, which are others when the shapes are read again."""
        results = (result for found in self._results.values() for result in found)
        is_named = not any(isinstance(term, BNode) for each in results for term in (each.shape, each.constraint))
        kept = self._digest, self._definitions, self._position, self._results, self.circles
        self._workspace.keep("validation", kept if is_named else None)


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
