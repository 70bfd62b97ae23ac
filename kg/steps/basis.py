"""Basis: what the working store takes from a model, so that a change of the model costs what it changes.

A workspace keeps the basis of its store. When the model is another one, the two are compared: which files must be read
again, which rules of inference came and went, and which triples of the ontology are part of the data.
"""

from dataclasses import dataclass

from pyoxigraph import BlankNode, NamedNode, Triple

from kg.model.inference import Inference
from kg.sources.definitions import EVERY, Definitions, changed_terms
from kg.sources.statements import Reader
from kg.steps.results import Model


@dataclass(frozen=True, slots=True)
class Basis:
    """What the files state depends on `definitions`, what follows on `inference`; `individuals` are triples of both."""

    definitions: Definitions
    inference: Inference
    individuals: frozenset[Triple]

    @classmethod
    def of(cls, model: Model, reader: Reader, inference: Inference) -> "Basis":
        """The basis of a store under a model."""
        return cls(reader.definitions, inference, frozenset(individuals(model)))

    def changed_terms(self, now: "Basis") -> set[str] | None:
        """The terms that are defined in another way on another basis; None if every file may be concerned."""
        terms = changed_terms(self.definitions, now.definitions)
        different = self.individuals ^ now.individuals
        has_blank_nodes = any(isinstance(triple.object, BlankNode) for triple in different)  # labelled anew in a store
        return None if EVERY in terms or has_blank_nodes else terms


def individuals(model: Model) -> list[Triple]:
    """The triples about the individuals of schemes, which are part of the data and of the ontology."""
    terms = [p for p in model.schema.properties.values() if p.range in model.schema.classes]
    iris = {iri for p in terms for iri in p.individuals.values()}
    return [q.triple for q in model.ontology if isinstance(q.subject, NamedNode) and q.subject.value in iris]
