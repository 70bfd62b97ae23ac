"""Consistency: an OWL 2 RL reasoner finds no contradiction in ontology and data (w3.org/TR/owl2-profiles, 4.3)."""

from pathlib import Path

import owlrl
import pytest
from pyoxigraph import RdfFormat, parse, serialize
from rdflib import Graph, URIRef
from rdflib.namespace import OWL

from kg.engine import Dataset
from tests.conftest import drawn

ERROR = URIRef("http://www.daml.org/2002/03/agents/agent-ont#error")
"""How owlrl marks a contradiction, as a triple whose object says what contradicts what."""


def merged(published: Path) -> Graph:
    """What the published dataset asserts, of the releases a sample, and the ontology, as one graph."""
    dataset = Dataset.current(published)
    left_out = {dataset.names.inferred, dataset.names.shapes}
    quads = parse(path=str(dataset.directory / "data.nq"), format=RdfFormat.N_QUADS)
    triples = [quad.triple for quad in quads if getattr(quad.graph_name, "value", "") not in left_out]
    releases = dataset.names.thing("release/")
    things = {
        t.subject.value.partition("#")[0] for t in triples if getattr(t.subject, "value", "").startswith(releases)
    }
    taken = drawn(things, 40)
    assert len(taken) > 2

    def reasoned(iri: str) -> bool:
        return not iri.startswith(releases) or iri.partition("#")[0] in taken

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
    assert [(a, b) for a, b in graph.subject_objects(OWL.sameAs) if a != b and "/id/" in a and "/id/" in b] == []


@pytest.mark.parametrize(
    ("subject", "predicate", "object_"),
    [
        ("id/state/avalon", "http://www.w3.org/1999/02/22-rdf-syntax-ns#type", "ontology#Place"),
        ("id/institution/grail-office", "http://www.w3.org/1999/02/22-rdf-syntax-ns#type", "ontology#FieldOperation"),
        ("id/state/avalon", "ontology#postIn", "id/person/merlin"),
        ("id/institution/grail-office", "ontology#partOf", "id/institution/grail-office"),
    ],
    ids=["a State is a place", "an institution is a field operation", "a post is in a person", "a part of itself"],
)
def test_the_reasoner_finds_that(sample: Path, subject: str, predicate: str, object_: str) -> None:
    base = Dataset.current(sample).names.base
    graph = merged(sample)
    predicate = predicate if predicate.startswith("http") else base + predicate
    graph.add((URIRef(base + subject), URIRef(predicate), URIRef(base + object_)))
    assert contradictions(graph)
