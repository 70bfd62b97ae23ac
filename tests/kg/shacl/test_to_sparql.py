"""Violations: the candidates that the engine finds under SHACL core hold all that pySHACL finds."""

from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pyoxigraph import DefaultGraph, RdfFormat, Store
from rdflib import Graph
from rdflib.namespace import SH

from kg.rdflib_graphs import copy_of
from kg.shacl.constraints import Untranslatable
from kg.shacl.prefilter import core_queries, validation_results
from kg.shacl.to_sparql import violations
from kg.shacl.validate import ValidationResult, validate
from tests.sampling import drawn
from tests.shapes.test_shapes import BAD, Bad, check_examples

pytestmark = pytest.mark.slow

PREFIXES = """@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
@prefix : <https://example.org/> .
"""

CONSTRAINTS = [
    "sh:minCount 1",
    "sh:minCount 2",
    "sh:maxCount 0",
    "sh:maxCount 1",
    "sh:maxCount 2",
    "sh:datatype xsd:integer",
    "sh:datatype xsd:date",
    "sh:datatype rdf:langString",
    "sh:class :Thing",
    "sh:class :Wider",
    "sh:nodeKind sh:IRI",
    "sh:nodeKind sh:Literal",
    'sh:pattern "^[ab]+$"',
    'sh:pattern "^A" ; sh:flags "i"',
    "sh:minLength 2",
    "sh:maxLength 1",
    "sh:minInclusive 2",
    "sh:maxInclusive 2",
    "sh:minExclusive 2",
    "sh:maxExclusive 2",
    'sh:in ( :a 2 "a" "b"@en )',
    'sh:languageIn ( "en" "fr" )',
    "sh:uniqueLang true",
    "sh:lessThan :q",
    "sh:lessThanOrEquals :q",
    "sh:or ( [ sh:datatype xsd:date ] [ sh:datatype xsd:integer ] )",
    "sh:or ( [ sh:class :Thing ] [ sh:class :Other ] )",
    'sh:qualifiedValueShape [ sh:languageIn ( "en" ) ] ; sh:qualifiedMinCount 1',
]
"""Each constraint that is translated, at least once."""

SHAPES = [
    *(f":shape a sh:NodeShape ; sh:targetClass :Thing ; sh:property [ sh:path :p ; {each} ] ." for each in CONSTRAINTS),
    ":shape a sh:NodeShape ; sh:targetClass :Thing ; sh:property [ sh:path [ sh:alternativePath ( :p :q ) ] ; "
    "sh:minCount 1 ] .",
    ":shape a sh:NodeShape ; sh:targetSubjectsOf :p ; sh:property [ sh:path :q ; sh:minCount 1 ] .",
    ":shape a sh:NodeShape ; sh:targetObjectsOf :p ; sh:property [ sh:path :q ; sh:minCount 1 ] .",
    ":shape a sh:NodeShape ; sh:targetNode :a ; sh:property [ sh:path :p ; sh:maxCount 0 ] .",
    ":shape a sh:NodeShape ; sh:targetClass :Wider ; sh:property [ sh:path :p ; sh:maxCount 0 ] .",
]
UNTRANSLATED = [
    "sh:minCount 9",
    "sh:datatype 1",
    'sh:minLength "a"',
    "sh:in ()",
    "sh:node :shape",
    "sh:equals :q",
    "sh:property [ sh:path :q ; sh:minCount 1 ]",
    "sh:or ( [ sh:path :q ; sh:datatype xsd:date ] )",
    "sh:qualifiedValueShape [ sh:path :q ; sh:datatype xsd:date ] ; sh:qualifiedMinCount 1",
    "sh:hasValue :a",
    "sh:qualifiedValueShape [ sh:class :Thing ] ; sh:qualifiedMinCount 2",
]

TERMS = [
    ":a", ":b", '"a"', '"ab"', '"Ab"@en', '"b"@en', '"b"@fr', '"b"@en-GB', "1", "2", "3", "2.5",
    '"2020-01-01"^^xsd:date', '"2021-01-01"^^xsd:date', '"2021"^^xsd:gYear', "true", '""',
]  # fmt: skip
TRIPLES = st.one_of(
    st.tuples(st.sampled_from([":a", ":b", ":c"]), st.just("a"), st.sampled_from([":Thing", ":Other"])),
    st.tuples(st.sampled_from([":a", ":b", ":c"]), st.sampled_from([":p", ":q"]), st.sampled_from(TERMS)),
)


def told(results: list[ValidationResult]) -> list[tuple[str, ...]]:
    return sorted((r.focus, str(r.path), str(r.value), r.component) for r in results)


def both_ways(data: str, shape: str) -> tuple[list[tuple[str, ...]], list[tuple[str, ...]]]:
    """What pySHACL says of all, and what it says where the engine is asked first."""
    text, shapes = PREFIXES + data, Graph().parse(data=PREFIXES + shape, format="turtle")
    store = Store()
    store.load(input=text.encode(), format=RdfFormat.TURTLE)
    alone = list(validate(Graph().parse(data=text, format="turtle"), shapes))
    return told(alone), told(list(validation_results(shapes, store)))


@pytest.mark.parametrize("shape", SHAPES)
@settings(max_examples=30, deadline=None, derandomize=True)
@given(triples=st.lists(TRIPLES, max_size=10))
@example(triples=[(":a", "a", ":Thing"), *((":a", ":p", term) for term in TERMS)])
@example(triples=[(":a", "a", ":Thing"), *((":a", ":q", term) for term in TERMS), (":a", ":p", "2")])
def test_the_engine_first_finds_what_pyshacl_finds_alone(shape: str, triples: list[tuple[str, ...]]) -> None:
    data = ":Thing rdfs:subClassOf :Wider .\n" + "\n".join(f"{' '.join(triple)} ." for triple in triples)
    alone, first = both_ways(data, shape)
    assert first == alone


@pytest.mark.parametrize("datatype", ["integer", "decimal", "double", "date", "dateTime", "boolean"])
def test_a_literal_that_is_not_well_formed_is_a_candidate(datatype: str) -> None:
    shape = ":shape a sh:NodeShape ; sh:targetClass :Thing ; sh:property [ sh:path :p ; sh:datatype xsd:%s ] ."
    alone, first = both_ways(f':a a :Thing ; :p "2020-13-45x"^^xsd:{datatype} .', shape % datatype)
    assert first == alone != []


@pytest.mark.parametrize("shape", SHAPES)
def test_where_all_is_well_there_are_no_candidates(shape: str) -> None:
    """Otherwise pySHACL would validate everything. (It lets 2 <= "a" pass; that is a candidate.)"""
    fine = [':a a :Thing ; :p 2 , "2020-01-01"^^xsd:date .', ':a a :Thing ; :p "a" .', ':a a :Thing ; :p "b"@en .']
    fine += [":a a :Thing ; :p 1 ; :q 2 .", ":a a :Thing ; :p :b . :b a :Thing ; :p :a .", ":a a :Thing .", ""]
    fine += [":a a :Thing ; :p 2 , 3 .", ":a a :Thing ; :p 2 .", ":a a :Thing ; :p 3 .", ":a a :Thing ; :p 1 ."]
    fine += [':a a :Thing ; :p "2020-01-01"^^xsd:date .', ':a a :Thing ; :p "ab" .', ":b :p :a . :a :q 1 ."]
    fine += [":a :p :a ; :q 1 ."]
    graph = Graph().parse(data=PREFIXES + shape, format="turtle")
    free = []
    for text in fine:
        store = Store()
        store.load(input=(PREFIXES + text).encode(), format=RdfFormat.TURTLE)
        alone, _ = both_ways(text, shape)
        if not alone and text:
            asked = core_queries(graph, graph, next(graph.subjects(SH.property)))
            assert asked is not None
            free.append(asked.candidates(store))
    assert set() in free


@pytest.mark.parametrize("constraint", UNTRANSLATED)
def test_what_is_not_translated_is_left_to_pyshacl(constraint: str) -> None:
    shape = f":shape a sh:NodeShape ; sh:targetClass :Thing ; sh:property [ sh:path :p ; {constraint} ] ."
    graph = Graph().parse(data=PREFIXES + shape, format="turtle")
    with pytest.raises(Untranslatable):
        violations(graph, next(graph.subjects(SH.targetClass)))
    assert core_queries(graph, graph, next(graph.subjects(SH.targetClass))) is None


def test_on_records_that_break_our_shapes_both_ways_agree(tmp_path: Path) -> None:
    found = {bad.path: bad for bad in BAD if bad.code.startswith("E3")}
    broken: list[Bad] = [found[path] for path in drawn(found, 40)]
    build, _ = check_examples(broken, tmp_path)
    dump = build.graph.store.dump(format=RdfFormat.N_TRIPLES, from_graph=DefaultGraph()) or b""
    alone = told(list(validate(Graph().parse(data=dump, format="nt"), build.model.shapes_graph)))
    assert alone
    assert told(list(validation_results(build.model.shapes_graph, build.graph.store))) == alone


def test_of_our_shapes_every_constraint_is_translated(tmp_path: Path) -> None:
    build, _ = check_examples([], tmp_path)
    core = copy_of(build.model.shapes_graph)
    core.remove((None, SH.sparql, None))
    shapes = sorted(core.subjects(SH.targetClass), key=str)
    assert len(shapes) > 20
    assert sum(len(violations(core, shape)) for shape in shapes) > 200
