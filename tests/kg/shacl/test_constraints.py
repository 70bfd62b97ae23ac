"""Constraints: of SPARQL-based constraints in every form, the candidates are at least what pySHACL finds."""

from collections import Counter

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pyoxigraph import RdfFormat, Store, Triple
from rdflib import Graph
from rdflib.namespace import SH

from kg.shacl.prefilter import constraint_queries, validation_results
from kg.shacl.validate import InvalidShapesError, ValidationResult, validate
from tests.sampling import EVERYTHING

PREFIXES = """@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
@prefix : <https://example.org/> .
"""
SHAPE = """
:shape a sh:NodeShape ; %s ; sh:sparql :constraint .
:constraint a sh:SPARQLConstraint ; sh:message "Wrong." ; sh:prefixes :prefixes ; sh:select '''%s''' .
:prefixes sh:declare [ sh:prefix "" ; sh:namespace "https://example.org/"^^xsd:anyURI ] ,
    [ sh:prefix "xsd" ; sh:namespace "http://www.w3.org/2001/XMLSchema#"^^xsd:anyURI ] .
"""

VARIABLES = ["$this", "?x", "?y"]
CONSTANTS = [":a", "1", '"a"', '"1993-05"^^xsd:gYearMonth']
VALUES = [
    ":a",
    ":b",
    "1",
    "2",
    '"a"',
    '"a"@en',
    '"1992"^^xsd:gYear',
    '"1993-05"^^xsd:gYearMonth',
    '"1993-05-01"^^xsd:date',
]

triples = st.tuples(
    st.sampled_from(VARIABLES),
    st.sampled_from([":p", ":q", "^:p", ":p/:q", ":p|:q", ":p/:q*", "a"]),
    st.sampled_from([*VARIABLES, ":a", ":Thing", "1"]),
).map(lambda triple: " ".join(triple) + " .")
basic = st.lists(triples, min_size=1, max_size=2).map(" ".join)
operands = st.sampled_from([*VARIABLES, *CONSTANTS, "STR($this)", "STR(?x)", "COALESCE(?x, ?y)", "LANG(?y)"])
tests = st.one_of(
    st.tuples(operands, st.sampled_from(["=", "!=", "<", "<=", ">", ">="]), operands).map(" ".join),
    st.sampled_from(VARIABLES).map("BOUND({})".format),
    st.sampled_from(VARIABLES).map("isIRI({})".format),
    st.sampled_from(['REGEX(STR($this), "a$")', 'STRSTARTS(STR(?x), "a")', "?x IN (1, :a)", "$this NOT IN (:a)"]),
    st.sampled_from(
        ["STRLEN(STR(?x)) + 1 > 2", "IF(BOUND(?x), ?x = 1, true)", "YEAR(?x) = 1992", "xsd:integer(?x) = 1"]
    ),
)
conditions = st.recursive(
    tests,
    lambda inner: st.one_of(
        inner.map("!({})".format),
        st.tuples(inner, st.sampled_from(["&&", "||"]), inner).map(lambda three: f"({' '.join(three)})"),
    ),
    max_leaves=3,
)
filters = conditions.map("FILTER({})".format)


def elements(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """What a group graph pattern may hold, besides triples."""
    return st.one_of(
        inner.map("OPTIONAL {{ {} }}".format),
        inner.map("FILTER NOT EXISTS {{ {} }}".format),
        inner.map("FILTER EXISTS {{ {} }}".format),
        st.tuples(inner, inner).map(lambda two: f"{{ {two[0]} }} UNION {{ {two[1]} }}"),
        inner.map("{{ {} }}".format),
        inner.map("{{ SELECT $this ?x WHERE {{ {} }} }}".format),
        filters,
    )


groups = st.recursive(
    st.one_of(basic, filters, st.tuples(basic, filters).map(" ".join), st.sampled_from(["BIND($this AS ?z)", ""])),
    lambda inner: st.lists(st.one_of(basic, elements(inner)), min_size=1, max_size=3).map(" ".join),
    max_leaves=4,
)
queries = groups.map("SELECT $this WHERE {{ {} }}".format)
data = st.lists(
    st.one_of(
        st.tuples(st.sampled_from([":a", ":b", ":c"]), st.just("a"), st.sampled_from([":Thing", ":Other"])),
        st.tuples(st.sampled_from([":a", ":b", ":c"]), st.sampled_from([":p", ":q"]), st.sampled_from(VALUES)),
    ),
    max_size=8,
).map(lambda triples: "\n".join(f"{' '.join(triple)} ." for triple in [(":a", "a", ":Thing"), *triples]))
TARGETS = ["sh:targetClass :Thing", "sh:targetNode :a , :c", "sh:targetSubjectsOf :p", "sh:targetObjectsOf :q"]

FORMS = {
    "a filter alone": "{ FILTER NOT EXISTS { $this :q ?c } }",
    "OPTIONAL first": "{ OPTIONAL { $this :q ?c } FILTER(!BOUND(?c)) }",
    "OPTIONAL with a condition": "{ OPTIONAL { $this :p ?c FILTER(?c != $this) } FILTER(!BOUND(?c)) }",
    "BIND": "{ BIND($this AS ?x) FILTER NOT EXISTS { ?x :q ?c } }",
    "BIND of an expression": "{ BIND(STR($this) AS ?x) FILTER(STRENDS(?x, 'a')) }",
    "UNION": "{ { $this :p ?x } UNION { FILTER NOT EXISTS { $this :q ?c } } }",
    "UNION of what is bound elsewhere": "{ { ?x :p ?y } UNION { $this :q ?y } FILTER($this != ?y) }",
    "a sub-select": "{ { SELECT $this WHERE { FILTER NOT EXISTS { $this :q ?c } } } }",
    "a sub-select that counts": "{ { SELECT $this (COUNT(?x) AS ?n) { $this :p ?x } GROUP BY $this } FILTER(?n < 2) }",
    "$this in a filter only": "{ ?x :p ?y FILTER(?x = $this) }",
    "$this in a nested filter": "{ ?x :p ?y { FILTER(isIRI($this)) } }",
    "$this as object": "{ FILTER NOT EXISTS { ?x :p $this } }",
    "EXISTS within a condition": "{ FILTER(false || NOT EXISTS { $this :q ?c }) }",
    "NOT EXISTS twice": "{ FILTER NOT EXISTS { $this :p ?x FILTER NOT EXISTS { ?x :q $this } } }",
    "dates of two sorts": "{ $this :since ?x ; :until ?y FILTER(?y < ?x) }",
    "dates within NOT EXISTS": "{ FILTER NOT EXISTS { $this :since ?x ; :until ?y FILTER(?x <= ?y) } }",
    "a path that takes no step": "{ $this :p* ?x FILTER NOT EXISTS { ?x :q ?c } }",
    "a slice": "{ $this :p ?x } LIMIT 1",
    "a count": "{ $this :p ?x } GROUP BY $this HAVING(COUNT(?x) > 0)",
}
"""The forms of a pattern, each violated by some node of WORLD while another is fine."""

WORLD = """
:a a :Thing ; :p :b ; :since "1993-05"^^xsd:gYearMonth ; :until "1992"^^xsd:gYear .
:b a :Thing ; :q 1 ; :p :c .
:c a :Thing ; :since "1994-01-01"^^xsd:date ; :until "1993-01-01"^^xsd:date ; :q :b .
"""


def told(results: list[ValidationResult]) -> list[tuple[str, ...]]:
    return sorted((r.focus, str(r.path), str(r.value), r.component, r.message) for r in results)


def world(text: str, target: str, query: str) -> tuple[Graph, Graph, Store]:
    """Data and shapes for pySHACL, and the data in the engine."""
    store = Store()
    store.load(input=(PREFIXES + text).encode(), format=RdfFormat.TURTLE)
    shapes = Graph().parse(data=PREFIXES + SHAPE % (target, query.replace("'", "\\'")), format="turtle")
    return Graph().parse(data=PREFIXES + text, format="turtle"), shapes, store


@pytest.mark.parametrize("form", FORMS)
def test_of_every_form_both_ways_say_the_same(form: str) -> None:
    graph, shapes, store = world(WORLD, "sh:targetClass :Thing", f"SELECT $this WHERE {FORMS[form]}")
    alone = told(list(validate(graph, shapes)))
    assert alone
    assert told(list(validation_results(shapes, store))) == alone


@pytest.mark.parametrize("target", [*TARGETS, "sh:targetClass :Thing ; sh:targetNode :c"])
def test_of_every_target_both_ways_say_the_same(target: str) -> None:
    query = "SELECT $this WHERE { FILTER NOT EXISTS { $this :none ?c } FILTER EXISTS { ?any a :Thing } ?any :since ?x }"
    graph, shapes, store = world(WORLD, target, query)
    alone = told(list(validate(graph, shapes)))
    assert alone
    assert told(list(validation_results(shapes, store))) == alone


def test_the_candidates_hold_all_that_pyshacl_finds() -> None:
    """Of constraints that are made up from all parts of a pattern; what pySHACL itself refuses does not count."""
    seen: Counter[str] = Counter()

    @settings(
        max_examples=8000 if EVERYTHING else 250,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(text=data, target=st.sampled_from(TARGETS), query=queries)
    def check(text: str, target: str, query: str) -> None:
        graph, shapes, store = world(text, target, query)
        try:
            violating = {result.focus for result in validate(graph, shapes)}
        except InvalidShapesError:
            return
        [(shape, constraint)] = shapes.subject_objects(SH.sparql)
        asked = constraint_queries(shapes, shape, constraint)
        candidates = (
            None if asked is None else {node.value for node in asked.candidates(store) if not isinstance(node, Triple)}
        )
        seen["left to pySHACL" if candidates is None else "asked of the engine"] += 1
        seen["violations asked of the engine"] += candidates is not None and bool(violating)
        seen["spared"] += candidates is not None and not candidates
        assert candidates is None or violating <= candidates, query

    check()
    assert seen["asked of the engine"] > 100, seen
    assert seen["violations asked of the engine"] > 20, seen
    assert seen["spared"] > 50, seen
