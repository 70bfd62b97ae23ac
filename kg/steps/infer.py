"""Infer: the triples that follow from the ontology, by rules that run in the engine until nothing new follows.

The rules are those of OWL 2 RL (w3.org/TR/owl2-profiles, 4.3) for the axioms that the ontology uses: cax-sco, prp-spo1,
prp-inv, prp-symp, prp-trp and prp-spo2 (property chains). There is one rule for each axiom, so that each inferred
triple has a reason.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from pyoxigraph import DefaultGraph, Literal, NamedNode, Quad, Store
from rdflib import Graph, URIRef
from rdflib.collection import Collection
from rdflib.namespace import OWL, RDF, RDFS
from rdflib.term import Node

from kg.model.literals import bounds
from kg.names import RDF_TYPE, XSD
from kg.steps.results import DataGraph, Model

Pattern = tuple[str, str, str]
"""Subject, predicate and object, each a variable or an IRI in SPARQL."""

A = f"<{RDF_TYPE}>"


@dataclass(frozen=True, slots=True)
class Rule:
    """One axiom as a rule: its name, its conclusion and its premises as SPARQL triple patterns."""

    name: str
    then: Pattern
    when: tuple[Pattern, ...]

    def update(self, inferred: str) -> str:
        """A SPARQL update that adds the new conclusions to the default graph and to the inferred graph."""
        then = sparql(self.then)
        return (
            f"INSERT {{ {then} GRAPH <{inferred}> {{ {then} }} }}\n"
            f"WHERE {{ {sparql(*self.when)} FILTER(isIRI(?s)) FILTER NOT EXISTS {{ {then} }} }}"
        )


def sparql(*patterns: Pattern) -> str:
    """Triple patterns as SPARQL."""
    return " ".join(f"{' '.join(pattern)} ." for pattern in patterns)


def infer(model: Model, graph: DataGraph) -> DataGraph:
    """Returns the same graph with the inferred triples in the default graph of its store, and in its inferred graph."""
    store, inferred = graph.store, model.names.inferred
    add_bounds(store, [(p.iri, p.bounds) for p in model.schema.properties.values() if p.bounds], inferred)
    updates = [rule.update(inferred) for rule in rules(model.schema.ontology)]
    size = -1
    while size != len(store):
        size = len(store)
        for update in updates:
            store.update(update)
    return graph


def rules(ontology: Graph) -> list[Rule]:
    """The rules for the axioms of an ontology, in a fixed order."""
    return sorted(set(_rules(ontology)), key=lambda rule: rule.name)


def _rules(ontology: Graph) -> Iterator[Rule]:
    for a, b in _pairs(ontology, RDFS.subClassOf):
        yield Rule(f"<{a}> is a subclass of <{b}>", ("?s", A, f"<{b}>"), (("?s", A, f"<{a}>"),))
    for a, b in _pairs(ontology, RDFS.subPropertyOf):
        yield Rule(f"<{a}> is a subproperty of <{b}>", ("?s", f"<{b}>", "?o"), (("?s", f"<{a}>", "?o"),))
    for a, b in _pairs(ontology, OWL.inverseOf):
        for p, q in ((a, b), (b, a)):
            yield Rule(f"<{p}> is the inverse of <{q}>", ("?s", f"<{q}>", "?o"), (("?o", f"<{p}>", "?s"),))
    for p in map(str, ontology.subjects(RDF.type, OWL.SymmetricProperty)):
        yield Rule(f"<{p}> is symmetric", ("?s", f"<{p}>", "?o"), (("?o", f"<{p}>", "?s"),))
    for p in map(str, ontology.subjects(RDF.type, OWL.TransitiveProperty)):
        twice = (("?s", f"<{p}>", "?m"), ("?m", f"<{p}>", "?o"))
        yield Rule(f"<{p}> is transitive", ("?s", f"<{p}>", "?o"), twice)
    for chained, head in ontology.subject_objects(OWL.propertyChainAxiom):
        chain = [f"<{step}>" for step in Collection(ontology, head)]
        nodes = ["?s", *(f"?m{i}" for i in range(1, len(chain))), "?o"]
        steps = tuple((nodes[i], step, nodes[i + 1]) for i, step in enumerate(chain))
        yield Rule(f"<{chained}> is the chain of " + " and ".join(chain), ("?s", f"<{chained}>", "?o"), steps)


def _pairs(ontology: Graph, axiom: URIRef) -> Iterator[tuple[str, str]]:
    def named(node: Node) -> bool:
        return isinstance(node, URIRef)

    return ((str(a), str(b)) for a, b in ontology.subject_objects(axiom) if named(a) and named(b) and a != b)


def add_bounds(store: Store, properties: list[tuple[str, tuple[str, str]]], inferred: str) -> None:
    """Adds the earliest and latest xsd:date of every date, month and year."""
    triples = [
        Quad(quad.subject, NamedNode(bound), Literal(day, datatype=NamedNode(XSD + "date")), graph)
        for iri, bound_iris in properties
        for quad in store.quads_for_pattern(None, NamedNode(iri), None, DefaultGraph())
        if isinstance(quad.object, Literal)
        for bound, day in zip(bound_iris, bounds(quad.object.value), strict=True)
        for graph in (DefaultGraph(), NamedNode(inferred))
    ]
    store.extend(triples)
