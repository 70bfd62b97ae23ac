"""Consistency: an OWL 2 RL reasoner finds no contradiction in ontology and data (w3.org/TR/owl2-profiles, 4.3)."""

from collections import defaultdict
from pathlib import Path

import owlrl
import pytest
from pyoxigraph import Literal, RdfFormat, parse, serialize
from rdflib import Graph, URIRef
from rdflib.namespace import DCTERMS, OWL, RDF, RDFS, SKOS

from kg.dataset.layout import Dataset
from kg.names import PREFIXES
from tests.sampling import drawn

pytestmark = pytest.mark.slow

ERROR = URIRef("http://www.daml.org/2002/03/agents/agent-ont#error")
"""How owlrl marks a contradiction, as a triple whose object says what contradicts what."""

EACH = 40
"""How many things of each kind are reasoned about."""

ANNOTATIONS = tuple(str(space) for space in (RDFS.label, RDFS.comment, SKOS, DCTERMS, PREFIXES["vs"]))
"""How the properties begin whose texts no axiom speaks of; to reason about each of them takes most of the time."""

WRONG = {
    "a State is a place": ("id/state/avalon", RDF.type, "ontology#Place", "State and Place"),
    "an institution is a field operation": (
        "id/institution/grail-office",
        RDF.type,
        "ontology#FieldOperation",
        "Institution and FieldOperation",
    ),
    "a post is in a person": ("id/state/lyonesse", "ontology#postIn", "id/person/merlin", "Structure and Person"),
    "a part of itself": (
        "id/institution/grail-office",
        "ontology#partOf",
        "id/institution/grail-office",
        "Irreflexive property used on id/institution/grail-office",
    ),
}
"""A statement that contradicts others, and what the reasoner says of it."""


def merged(published: Path) -> Graph:
    """What the published dataset asserts of some things of each kind, and the ontology, as one graph without texts."""
    dataset = Dataset.current(published)
    left_out = {dataset.names.inferred, dataset.names.shapes}
    quads = parse(path=str(dataset.directory / "data.nq"), format=RdfFormat.N_QUADS)
    triples = [quad.triple for quad in quads if getattr(quad.graph_name, "value", "") not in left_out]
    triples = [t for t in triples if not (isinstance(t.object, Literal) and t.predicate.value.startswith(ANNOTATIONS))]
    kinds = defaultdict(set)
    for triple in triples:
        if path := dataset.names.path(getattr(triple.subject, "value", "")):
            kinds[path.partition("/")[0]].add(path)
    taken = {path for things in kinds.values() for path in drawn(things, EACH)}
    assert len(taken) > len(kinds) > 10

    def reasoned(iri: str) -> bool:
        path = dataset.names.path(iri)
        return path is None or path in taken

    triples = [t for t in triples if all(reasoned(getattr(node, "value", "")) for node in (t.subject, t.object))]
    return Graph().parse(data=serialize(triples, format=RdfFormat.N_TRIPLES) or b"", format="nt")


def contradictions(graph: Graph) -> list[str]:
    """What the reasoner says is wrong in a graph, which it expands.

    Keys are left out: owlrl 7 takes a key of several properties without the last of them (its prp-key), and would make
    two tenures of one holder the same. That a key tells two parts apart is what gives them their addresses.
    """
    graph.remove((None, OWL.hasKey, None))
    closure = owlrl.DeductiveClosure(owlrl.OWLRL_Semantics, axiomatic_triples=False, datatype_axioms=False)
    closure.expand(graph)
    return sorted(str(said) for said in graph.objects(None, ERROR))


def test_the_real_graph_contradicts_itself_nowhere_and_takes_no_two_things_for_one(real: Path) -> None:
    graph = merged(real)
    assert contradictions(graph) == []
    assert [
        (a, b) for a, b in graph.subject_objects(OWL.sameAs) if a != b and "/id/" in str(a) and "/id/" in str(b)
    ] == []


@pytest.fixture(scope="module")
def told(sample: Path) -> list[str]:
    """What the reasoner says of the sample world with every wrong statement."""
    base = Dataset.current(sample).names.base
    graph = merged(sample)
    for subject, predicate, object_, _ in WRONG.values():
        graph.add((URIRef(base + subject), URIRef(predicate, base), URIRef(base + object_)))
    return [said.replace(f"{base}ontology#", "").replace(base, "") for said in contradictions(graph)]


@pytest.mark.parametrize("claim", WRONG)
def test_the_reasoner_finds_that(claim: str, told: list[str]) -> None:
    *_, wrong = WRONG[claim]
    assert any(wrong in said for said in told), told
