"""Infer: what the ontology implies, as rules run in the engine until nothing new follows.

From the axioms of OWL 2 RL (w3.org/TR/owl2-profiles, 4.3) that the ontology uses: cax-sco, prp-spo1, prp-inv,
prp-symp, prp-trp and prp-spo2 (property chains). One rule an axiom, so that each inferred triple has a reason.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from pyoxigraph import DefaultGraph, Literal, NamedNode, Quad, Store
from rdflib import Graph, URIRef
from rdflib.collection import Collection
from rdflib.namespace import OWL, RDF, RDFS
from rdflib.term import Node

from kg.build import Build
from kg.literals import bounds
from kg.names import XSD, local_name


@dataclass(frozen=True, slots=True)
class Rule:
    """One axiom as a rule: its name, the triple that follows, and the pattern it follows from."""

    name: str
    then: str
    when: str

    def update(self, inferred: str) -> str:
        """SPARQL that adds what follows, and is not yet there, to the default and to the inferred graph."""
        return (
            f"INSERT {{ {self.then} GRAPH <{inferred}> {{ {self.then} }} }}\n"
            f"WHERE {{ {self.when} FILTER(isIRI(?s)) FILTER NOT EXISTS {{ {self.then} }} }}"
        )


def infer(build: Build) -> None:
    """Adds what follows to the default graph of `store`, and to its inferred graph."""
    if build.schema is None:
        return
    add_bounds(
        build.store, [(p.iri, p.bounds) for p in build.schema.properties.values() if p.bounds], build.names.inferred
    )
    updates = [rule.update(build.names.inferred) for rule in rules(build.schema.ontology)]
    size = -1
    while size != len(build.store):
        size = len(build.store)
        for update in updates:
            build.store.update(update)


def rules(ontology: Graph) -> list[Rule]:
    """The rules that the axioms of an ontology make, in a fixed order."""
    return sorted(set(_rules(ontology)), key=lambda rule: rule.name)


def _rules(ontology: Graph) -> Iterator[Rule]:
    for a, b in _pairs(ontology, RDFS.subClassOf):
        yield Rule(f"{local_name(a)} is a subclass of {b}", f"?s a <{b}> .", f"?s a <{a}> .")
    for a, b in _pairs(ontology, RDFS.subPropertyOf):
        yield Rule(f"{local_name(a)} is a subproperty of {b}", f"?s <{b}> ?o .", f"?s <{a}> ?o .")
    for a, b in _pairs(ontology, OWL.inverseOf):
        for p, q in ((a, b), (b, a)):
            yield Rule(f"{local_name(p)} is the inverse of {q}", f"?s <{q}> ?o .", f"?o <{p}> ?s .")
    for p in map(str, ontology.subjects(RDF.type, OWL.SymmetricProperty)):
        yield Rule(f"{local_name(p)} is symmetric", f"?s <{p}> ?o .", f"?o <{p}> ?s .")
    for p in map(str, ontology.subjects(RDF.type, OWL.TransitiveProperty)):
        yield Rule(f"{local_name(p)} is transitive", f"?s <{p}> ?o .", f"?s <{p}> ?m . ?m <{p}> ?o .")
    for chained, head in ontology.subject_objects(OWL.propertyChainAxiom):
        steps = [str(step) for step in Collection(ontology, head)]
        nodes = ["?s", *(f"?m{i}" for i in range(1, len(steps))), "?o"]
        chain = " ".join(f"{nodes[i]} <{step}> {nodes[i + 1]} ." for i, step in enumerate(steps))
        name = f"{local_name(str(chained))} is the chain of " + " and ".join(map(local_name, steps))
        yield Rule(name, f"?s <{chained}> ?o .", chain)


def _pairs(ontology: Graph, axiom: URIRef) -> Iterator[tuple[str, str]]:
    def named(node: Node) -> bool:
        return isinstance(node, URIRef)

    return ((str(a), str(b)) for a, b in ontology.subject_objects(axiom) if named(a) and named(b) and a != b)


def add_bounds(store: Store, properties: list[tuple[str, tuple[str, str]]], inferred: str) -> None:
    """Adds the earliest and latest xsd:date of every date, month and year."""
    found = [
        Quad(quad.subject, NamedNode(bound), Literal(day, datatype=NamedNode(XSD + "date")), graph)
        for iri, bound_iris in properties
        for quad in store.quads_for_pattern(None, NamedNode(iri), None, DefaultGraph())
        if isinstance(quad.object, Literal)
        for bound, day in zip(bound_iris, bounds(quad.object.value), strict=True)
        for graph in (DefaultGraph(), NamedNode(inferred))
    ]
    store.extend(found)
