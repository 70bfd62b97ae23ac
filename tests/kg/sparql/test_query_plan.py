"""Query plans: another order means the same; what takes long is told at its place, with a cheap form."""

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyoxigraph import NamedNode, Quad, QuerySolutions, Store

from kg.sparql.oxigraph import Oxigraph, evaluate, select
from kg.sparql.query_plan import cause, reordered

NODES = [NamedNode(f"http://x/{name}") for name in "abcd"]
PROPERTIES = [NamedNode(f"http://x/{name}") for name in "pq"]
PROLOGUE = "PREFIX : <http://x/> "

stores = st.lists(
    st.builds(Quad, st.sampled_from(NODES), st.sampled_from(PROPERTIES), st.sampled_from(NODES)), max_size=12
)


@st.composite
def terms(draw: st.DrawFn) -> str:
    return draw(st.sampled_from(["?x", "?y", "$z", "?w", ":a", "<http://x/b>", "?b1", '"s"@en', "3"]))


@st.composite
def objects(draw: st.DrawFn, depth: int) -> str:
    inner = depth < 2 and draw(st.integers(0, 4)) == 0
    return f"[ {draw(properties(depth + 1))} ]" if inner else draw(terms())


@st.composite
def properties(draw: st.DrawFn, depth: int) -> str:
    verbs = st.sampled_from([":p", ":q", "?v", ":p*", "^:q", ":p/:q", "(:p|^:q)+", "!(:p|^a)", ":p?", "a"])
    found = [
        f"{draw(verbs)} {' , '.join(draw(st.lists(objects(depth), min_size=1, max_size=2)))}"
        for _ in range(draw(st.integers(1, 2)))
    ]
    return " ; ".join(found) + draw(st.sampled_from(["", " ;"]))


@st.composite
def groups(draw: st.DrawFn, depth: int = 0) -> str:
    """The inside of a group: mostly triple patterns, and whatever else may stand there."""
    parts = []
    for _ in range(draw(st.integers(1, 3))):
        subject = draw(st.sampled_from(["?x", "?y", "?z", "$w", "[]", ":a"]))
        parts.append(f"{subject} {draw(properties(0))} .")
    if depth < 2 and draw(st.booleans()):
        inner, other = draw(groups(depth + 1)), draw(groups(depth + 1))
        parts.insert(
            draw(st.integers(0, len(parts))),
            draw(
                st.sampled_from(
                    [
                        f"FILTER NOT EXISTS {{ {inner} }}",
                        f"FILTER(EXISTS {{ {inner} }} || ?x = :a)",
                        f"OPTIONAL {{ {inner} }}",
                        f"{{ {inner} }} UNION {{ {other} }}",
                        f"MINUS {{ {inner} }}",
                        f"{{ SELECT * {{ {inner} }} LIMIT 1 OFFSET 1 }}",
                        "VALUES ?y { :a :b }",
                        "BIND(:a AS ?bound)",
                        "FILTER(?x != ?y) # EXISTS { ?y ?x",
                        "FILTER regex(str(?y), 'a.} EXISTS {')",
                    ]
                )
            ),
        )
    return "\n".join(parts)


def answers(store: Store, query: str, **options: Any) -> tuple[set[str], list[list[str]]]:
    """The variables of an answer, and its solutions in an order of their own."""
    found = store.query(query, **options)
    assert isinstance(found, QuerySolutions)
    names = sorted(variable.value for variable in found.variables)
    return {*names}, sorted([str(solution[name]) for name in names] for solution in found)


CHANGED: list[str] = []


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(stores, groups(2), st.sampled_from(["EXISTS", "NOT EXISTS"]), groups())
def test_another_order_gives_the_same_answers(quads: list[Quad], around: str, negation: str, group: str) -> None:
    store = Store()
    store.extend(quads)
    query = f"{PROLOGUE}SELECT * {{ {around} FILTER {negation} {{ {group} }} }}"
    try:
        expected = answers(store, query)
    except SyntaxError:  # such as BIND of a variable that is bound already
        return
    changed = reordered(query)
    CHANGED.extend([changed] if changed.split() != query.split() else [])
    assert answers(store, changed) == expected


def test_many_of_the_queries_that_were_tried_had_another_order() -> None:
    assert len(CHANGED) >= 30


@settings(max_examples=150, deadline=None, derandomize=True, database=None)
@given(stores, groups(), st.sampled_from(["SELECT *", "select distinct *", "SELECT # no ?q\n REDUCED*"]))
def test_columns_come_in_order_of_appearance_and_are_the_same(quads: list[Quad], group: str, head: str) -> None:
    store = Store()
    store.extend(quads)
    query = f"{PROLOGUE}{head} {{ {group} }}"
    try:
        expected = answers(store, query)
    except SyntaxError:
        return
    found = select(store, query)
    names = [*found.variables]
    assert sorted([str(solution.get(name)) for name in sorted(names)] for solution in found) == expected[1]
    assert {*names} == expected[0]
    first = {name: min(m.start() for m in re.finditer(rf"[?$]{name}\b", remarkless(query))) for name in names}
    assert names == sorted(names, key=lambda name: first[name])


def remarkless(query: str) -> str:
    """A query of these tests with blanks for its remarks."""
    return re.sub(r"# [^\n]*", lambda match: " " * len(match[0]), query)


@pytest.mark.parametrize(
    ("query", "columns"),
    [
        ("SELECT * { ?z ?y ?x }", "zyx"),
        ("SELECT*{?z ?y ?x}", "zyx"),
        ("SELECT DISTINCT * WHERE { OPTIONAL { ?b ?a ?c } GRAPH ?g { ?d ?a ?e } }", "bacgde"),
        ("SELECT * { { SELECT ?b ?a { ?c ?b ?a } } ?a ?d ?b }", "bad"),
        ("SELECT * { { SELECT * { ?c ?b ?a } } BIND(1 AS ?A) }", "cbaA"),
        ("SELECT * { FILTER(?z > ?y) ?x ?y ?z MINUS { ?m ?n ?o } FILTER NOT EXISTS { ?x ?k ?l } }", "zyx"),
        ("SELECT * { VALUES (?v $u) { (1 2) } } VALUES ?t { 3 }", "vut"),
        ("SELECT * { [] ?p [ ?q ?a ] ; <x:a>/<x:b>* ?o }", "pqao"),
        ("SELECT ?x ?a ?p { ?a ?p ?x }", "xap"),
        ("SELECT * { ?e ?p 'SELECT * ?c' . # ?f\n ?d ?c ?p ; <x:?f> ?f }", "epdcf"),
        ("SELECT * {}", ""),
    ],
)
def test_a_select_of_all_has_its_columns_in_order_of_appearance(query: str, columns: str) -> None:
    assert select(Store(), query).variables == (*columns,)


@pytest.mark.parametrize(
    ("group", "ordered"),
    [
        ("?y a :R ; :m ?m . ?m :p ?x", ["?m :p ?x", "?y :m ?m", "?y a :R"]),
        ("?y a :R . ?y :m ?m . ?m :p $x .", ["?m :p $x", "?y :m ?m", "?y a :R"]),
        ("[] a :R ; :m [ :p ?x ]", ["?b2 :p ?x", "?b1 :m ?b2", "?b1 a :R"]),
        ("?y a :R FILTER(?y != ?x) ?y :m/:p ?x", ["?y :m/:p ?x", "?y a :R", "FILTER(?y != ?x)"]),
        ("?y a :R, :S . ?x ^:p* ?y", ["?x ^:p* ?y", "?y a :R", "?y a :S"]),
        ("?y :q 3.5 ; :r 'a'@en , 'b'^^:d . ?x ?any ?y", ["?x ?any ?y", "?y :q 3.5", "?y :r 'a'@en", "?y :r 'b'^^:d"]),
    ],
)
@pytest.mark.parametrize("form", ["FILTER EXISTS { G }", "FILTER(!(NOT EXISTS{G}))", "BIND(EXISTS { G } AS ?e)"])
def test_a_pattern_begins_with_what_is_bound_outside(group: str, ordered: list[str], form: str) -> None:
    found = reordered(f"ASK {{ ?x a :P {form.replace('G', group)} }}")
    assert [line.strip().removesuffix(" .") for line in found.splitlines()[1:-1]] == ordered


@pytest.mark.parametrize(
    "query",
    [
        "ASK { ?x a :P FILTER EXISTS { ?x :p ?y . ?y a :R } }",
        "ASK { ?x a :P FILTER EXISTS { ?y a :R . ?y :p ?z } }",
        "ASK { ?x a :P FILTER EXISTS { ?y a :R . _:b :p ?y , ?x } }",
        "ASK { ?x a :P FILTER EXISTS { ?y a :R . ?y :p +1 , ?x } }",
        "ASK { ?x a :P FILTER EXISTS { ?y a :R . ?y :p (1 2) . ?y :q ?x } }",
        "ASK { ?x a :P FILTER EXISTS { { SELECT * { ?y a :R . ?y :p ?x } OFFSET 1 } } }",
        "ASK { ?x a :P } # FILTER EXISTS { ?y a :R . ?y :p ?x }",
        "ASK { ?x a ' FILTER EXISTS { ?y a :R . ?y :p ?x }' }",
        "ASK { ?x a :\\u0050 FILTER EXISTS { ?y a :R . ?y :p ?x } }",
        "ASK { ?x a :P FILTER EXISTS { ?y a :R . ?y :p ?x ",
        "ASK { ?y a :R . ?y :p ?x }",
    ],
)
def test_what_is_in_order_or_not_plainly_a_set_of_patterns_stays(query: str) -> None:
    assert "".join(reordered(query).split()) == "".join(query.split())


def test_a_fault_is_told_of_the_query_as_it_was_written() -> None:
    query = "ASK {\n ?x a <x:P> FILTER EXISTS { ?y a <x:R> ; <x:m> ?x }\n FILTER(?x >) }"
    with pytest.raises(SyntaxError, match="3:"):
        evaluate(Store(), query)


def test_who_is_named_in_no_release_is_the_same_by_exists_and_by_minus(engine: Oxigraph) -> None:
    prologue = f"PREFIX o: <{engine.names.vocabulary}> "
    pattern = "{ ?y a o:Release ; o:mention ?m . ?m o:person ?x }"
    exists, minus = (
        engine.select(f"{prologue} SELECT ?x {{ ?x a o:Person {negation} {pattern} }} ORDER BY ?x")
        for negation in ("FILTER NOT EXISTS", "MINUS")
    )
    found = [solution["x"] for solution in exists]
    assert found == [solution["x"] for solution in minus]
    assert found


@pytest.mark.parametrize(
    ("query", "place", "message", "hint"),
    [
        ("ASK { ?x a :P FILTER NOT EXISTS { ?y a :R OPTIONAL { ?y :q ?z } ?y :p ?x } }", (1, 35), "EXISTS", "MINUS"),
        ("ASK { ?x a :P\n FILTER EXISTS { ?y a :R . BIND(1 AS ?z) } }", (2, 18), "EXISTS", "sub-select"),
        ("ASK { ?a ?b ?c . ?d ?e ?f }", (1, 18), "shares no variable", "two queries"),
        ("ASK { ?a ?b ?c . ?d ?e ?f . ?f ?g ?a . ?k a :P FILTER(?k = ?a) }", (1, 40), "shares no variable", "variable"),
        ("ASK { OPTIONAL { ?a ?b ?c . ?d :p ?f } }", (1, 29), "shares no variable", "variable"),
        ("ASK { ?a (:p|:q)* ?b }", (1, 10), "at both ends", "VALUES"),
        ("ASK { ?a a :P ; :q+ ?b }", (1, 17), "at both ends", "VALUES"),
        ("ASK { OPTIONAL { ?x :p ?y } ?x a :P }", (1, 7), "OPTIONAL", "to the end"),
        ("ASK { ?x ?p ?o OPTIONAL { ?x :p ?y } . [] a ?x }", (1, 16), "OPTIONAL", "to the end"),
        ("ASK { ?x ?p ?o FILTER(regex(?o, 'a')) }", (1, 23), "REGEX", "/search"),
        ("ASK { ?x ?p ?o FILTER(CONTAINS(LCASE(?o), 'a')) }", (1, 23), "CONTAINS", "/search"),
        ("SELECT * { ?x ?p ?o } ORDER BY ?o", (1, 23), "ORDER", "restrict the pattern, or remove ORDER"),
        ("SELECT DISTINCT ?o { ?x ?p ?o }", (1, 8), "DISTINCT", "restrict the pattern, or remove DISTINCT"),
        ("SELECT (COUNT(*) AS ?n) { ?x ?p ?o } GROUP BY ?p", (1, 38), "GROUP", "restrict the pattern, or remove GROUP"),
    ],
)
def test_what_takes_long_is_told_at_its_place(query: str, place: tuple[int, int], message: str, hint: str) -> None:
    found = cause(query)
    assert found
    assert (found.line, found.column) == place
    assert message in found.message
    assert hint in str(found.hint)


@pytest.mark.parametrize(
    "query",
    [
        "SELECT ?x { ?x a :P ; :p ?y . ?y :q ?z } LIMIT 5",
        "CONSTRUCT { ?x a :A . ?y a :B } WHERE { ?x :p ?y }",
        "ASK { ?x a :P OPTIONAL { ?x :p ?y } OPTIONAL { ?x :q ?z } }",
        "ASK { <x:a> :p* ?y . ?y :q 'REGEX(' } # ORDER BY",
        "ASK { ?x a :P FILTER NOT EXISTS { ?y a :R . ?y :p ?x } }",
        "ASK {",
        "",
    ],
)
def test_of_what_is_cheap_nothing_is_told(query: str) -> None:
    assert cause(query) is None
