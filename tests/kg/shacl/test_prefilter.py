"""The prefilter: validation with it gives the results of pySHACL alone, and leaves to it what cannot be translated."""

from collections.abc import Iterable
from pathlib import Path

import pytest
from pyoxigraph import DefaultGraph, RdfFormat, Store
from rdflib import Graph
from rdflib.namespace import SH

from kg.shacl.constraints import missing_of
from kg.shacl.prefilter import constraint_queries, validation_results
from kg.shacl.validate import ValidationResult, validate
from tests.shapes.test_shapes import BAD, QUERIES, check_examples

PREFIXES = """@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
@prefix : <https://example.org/> .
"""
DATA = """
:a a :Thing ; :part :b ; :size 1 .
:b a :Thing ; :size 2 , 3 .
:c a :Other ; :size 4 , 5 .
"""
SHAPE = """
:shape a sh:NodeShape ; %s ; sh:severity sh:Warning ; sh:sparql :constraint .
:constraint a sh:SPARQLConstraint ; sh:message "Wrong." ; sh:prefixes :prefixes ; sh:select '''%s''' .
:prefixes sh:declare [ sh:prefix "e" ; sh:namespace "https://example.org/"^^xsd:anyURI ] .
"""
TWO_SIZES = "SELECT $this ?value WHERE { $this e:size ?value , ?other . FILTER(?value < ?other) }"
NO_PART = "SELECT $this WHERE { $this e:size ?value FILTER NOT EXISTS { $this e:part ?part } }"


def world(shape: str) -> tuple[Graph, Graph, Store]:
    """Data, shapes, and the data in the engine."""
    store = Store()
    store.load(input=(PREFIXES + DATA).encode(), format=RdfFormat.TURTLE)
    data = Graph().parse(data=PREFIXES + DATA, format="turtle")
    return data, Graph().parse(data=PREFIXES + shape, format="turtle"), store


def told(results: Iterable[ValidationResult]) -> list[tuple[str, ...]]:
    return sorted((r.focus, str(r.value), r.message, r.severity.name, r.component) for r in results)


def candidates(shapes: Graph, store: Store) -> set[str] | None:
    """The candidates for the only constraint of some shapes; None if pySHACL validates every focus node."""
    [(shape, constraint)] = shapes.subject_objects(SH.sparql)
    asked = constraint_queries(shapes, shape, constraint)
    return None if asked is None else {str(node).strip("<>") for node in asked.candidates(store)}


@pytest.mark.parametrize("query", [TWO_SIZES, NO_PART], ids=["a comparison", "an absence"])
def test_the_results_for_the_candidates_are_those_of_pyshacl_alone(query: str) -> None:
    data, shapes, store = world(SHAPE % ("sh:targetClass :Thing", query))
    assert candidates(shapes, store) == {"https://example.org/b"}
    assert told(validation_results(shapes, store)) == told(validate(data, shapes)) != []


def test_where_there_are_no_candidates_nothing_is_left_to_validate() -> None:
    _, shapes, store = world(SHAPE % ("sh:targetClass :Thing", "SELECT $this WHERE { $this e:none ?value }"))
    assert candidates(shapes, store) == set()


def test_a_constraint_that_is_skipped_is_not_validated() -> None:
    _, shapes, store = world(SHAPE % ("sh:targetClass :Thing", NO_PART))
    assert not [*validation_results(shapes, store, set(shapes.objects(None, SH.sparql)))]


MISSING = {
    "SELECT $this WHERE { $this e:size ?s FILTER(?s > 3) }": (set(), set()),
    "SELECT $this WHERE { $this e:a ?s OPTIONAL { $this e:b ?t } FILTER(?s > ?t) }": (set(), set()),
    "SELECT $this WHERE { FILTER NOT EXISTS { $this e:a ?x } }": ({"a"}, {"this"}),
    "SELECT $this WHERE { FILTER(!EXISTS { $this e:a ?x }) }": ({"a"}, {"this"}),
    "SELECT $this ?value WHERE { $this e:p ?value OPTIONAL { ?value e:a ?x } FILTER(!BOUND(?x)) }": ({"a"}, {"value"}),
    "SELECT $this (?v AS ?other) WHERE { $this e:p ?v FILTER NOT EXISTS { ?v e:a ?x } }": ({"a"}, {"other"}),
    "SELECT $this WHERE { $this e:p ?y OPTIONAL { ?y e:b ?z } FILTER(COALESCE(?z, 1) = 1) }": ({"b"}, None),
    "SELECT $this WHERE { FILTER NOT EXISTS { ?x e:a $this } }": ({"a"}, None),
    "SELECT $this WHERE { FILTER NOT EXISTS { $this e:a/^e:b* ?x } }": ({"a", "b"}, None),
    "SELECT $this WHERE { FILTER NOT EXISTS { $this ?any ?x } }": (None, {"this"}),
    "SELECT $this WHERE {": (None, None),
}
"""Queries, with the predicates and the selected variables of what they find missing."""


@pytest.mark.parametrize(("query", "expected"), MISSING.items(), ids=MISSING)
def test_what_a_query_finds_missing_is_told_by_its_algebra(
    query: str, expected: tuple[set[str] | None, set[str] | None]
) -> None:
    found = missing_of(query, {"e": "http://e/"})
    predicates = None if found.predicates is None else {iri.removeprefix("http://e/") for iri in found.predicates}
    assert (predicates, found.subjects) == expected


@pytest.mark.parametrize(
    ("target", "query"),
    [
        ("sh:targetClass :Thing", "SELECT $this ?value WHERE { $this $PATH ?value }"),
        ("sh:targetClass :Thing", "SELECT $this (COUNT(?s) AS ?value) WHERE { $this e:size ?s } HAVING (?value > 1)"),
        ("sh:targetClass :Thing", "SELECT $this ?value WHERE { $this e:size ?value } limit 1"),
        ("sh:targetClass :Thing", "SELECT $this WHERE {"),
    ],
    ids=["$PATH", "a count", "a slice", "no query"],
)
def test_pyshacl_is_left_alone_with(target: str, query: str) -> None:
    _, shapes, store = world(SHAPE % (target, query))
    assert candidates(shapes, store) is None


def test_on_records_that_break_our_constraints_both_ways_agree(tmp_path: Path) -> None:
    broken = list({example.shape: example for example in BAD if example.code == "E314"}.values())
    assert {example.shape for example in broken} >= QUERIES
    build, _ = check_examples(broken, tmp_path)
    dump = build.graph.store.dump(format=RdfFormat.N_TRIPLES, from_graph=DefaultGraph()) or b""
    data = Graph().parse(data=dump, format="nt")
    shapes = build.model.shapes_graph
    found = told(validate(data, shapes))
    assert found
    assert told(validation_results(shapes, build.graph.store)) == found
