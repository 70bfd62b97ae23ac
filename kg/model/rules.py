"""Rules: the axioms of the ontology as rules, one for each axiom, so that each inferred triple has a reason.

The rules are those of OWL 2 RL (w3.org/TR/owl2-profiles, 4.3) for the axioms that the ontology uses: cax-sco, prp-spo1,
prp-inv, prp-symp, prp-trp and prp-spo2 (property chains).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from rdflib import Graph, URIRef
from rdflib.collection import Collection
from rdflib.namespace import OWL, RDF, RDFS
from rdflib.term import Node

from kg.names import RDF_TYPE

Pattern = tuple[str, str, str]
"""Subject, predicate and object, each a variable or an IRI in SPARQL."""

A = f"<{RDF_TYPE}>"


@dataclass(frozen=True, slots=True)
class Rule:
    """One axiom as a rule: its name, its conclusion and its premises as SPARQL triple patterns.

    All predicates are IRIs. The subject of the conclusion is `?s`; it must be an IRI. The object of a conclusion is
    `?o` or an IRI. Several premises are a path from `?s` to `?o`, in its order.
    """

    name: str
    then: Pattern
    when: tuple[Pattern, ...]


def sparql(*patterns: Pattern) -> str:
    """Triple patterns as SPARQL."""
    return " ".join(f"{' '.join(pattern)} ." for pattern in patterns)


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
