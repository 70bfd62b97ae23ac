"""After a difference of the data or of the shapes, validating what it reaches, and keeping the rest, is enough."""

import random
from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pyoxigraph import DefaultGraph, Literal, NamedNode, Quad, RdfFormat, Store, Triple, Variable
from rdflib import Graph

from kg.names import RDF_TYPE
from kg.shacl.footprint import Footprint, QueryFootprint
from kg.shacl.prefilter import Validator, changed_sources, source_of
from kg.shacl.validate import InvalidShapesError, ValidationResult
from kg.sparql.oxigraph import select
from tests.building import check_world, model
from tests.kg.shacl.test_constraints import FORMS, PREFIXES, SHAPE, TARGETS, VALUES, data, queries
from tests.places import SAMPLE
from tests.sampling import EVERYTHING

CORE = [
    "sh:property [ sh:path :p ; sh:minCount 1 ]",
    "sh:property [ sh:path [ sh:inversePath :p ] ; sh:maxCount 1 ]",
    "sh:property [ sh:path ( :p :q ) ; sh:maxCount 0 ]",
    "sh:property [ sh:path ( :p [ sh:inversePath :q ] ) ; sh:maxCount 1 ]",
    "sh:property [ sh:path [ sh:alternativePath ( :p :q ) ] ; sh:minCount 1 ]",
    "sh:property [ sh:path [ sh:zeroOrMorePath :p ] ; sh:class :Thing ]",
    "sh:property [ sh:path ( [ sh:oneOrMorePath :p ] :q ) ; sh:maxCount 0 ]",
    "sh:property [ sh:path [ sh:zeroOrOnePath :p ] ; sh:nodeKind sh:IRI ]",
    "sh:property [ sh:path :p ; sh:class :Wider ]",
    "sh:property [ sh:path :p ; sh:equals :q ]",
    "sh:property [ sh:path :p ; sh:disjoint :q ]",
    "sh:property [ sh:path :p ; sh:node [ sh:property [ sh:path :q ; sh:minCount 1 ] ] ]",
    "sh:property [ sh:path :p ; sh:property [ sh:path :q ; sh:minCount 1 ] ]",
    "sh:property [ sh:path :p ; sh:not [ sh:class :Other ] ]",
    "sh:property [ sh:path :p ; sh:or ( [ sh:class :Thing ] [ sh:property [ sh:path :q ; sh:minCount 1 ] ] ) ]",
    "sh:property [ sh:path :p ; sh:qualifiedValueShape [ sh:class :Thing ] ; sh:qualifiedMinCount 1 ]",
    "sh:closed true ; sh:property [ sh:path :p ]",
    "sh:xone ( [ sh:property [ sh:path :p ; sh:minCount 1 ] ] [ sh:property [ sh:path :q ; sh:minCount 1 ] ] )",
]
"""Constraints of SHACL Core that read the data in every way."""

CONNECTED = {
    "two things with the same value": "{ $this :p ?x . ?y :p ?x FILTER(?y != $this) }",
    "a chain of three": "{ $this :p ?x . ?x :p ?y . ?y :q ?z }",
    "a chain in OPTIONAL": "{ $this :p ?x OPTIONAL { ?x :q ?y } FILTER(!BOUND(?y)) }",
    "a path of any length": "{ $this :p+ ?x . ?x :q ?y }",
    "a path that leads to the focus node": "{ ?x :p+ $this . ?x :q ?y }",
    "a path with an alternative": "{ $this (:p|^:q)/:p ?x }",
    "a variable predicate": "{ $this ?x :a }",
    "a predicate that another pattern binds": "{ $this :p ?x FILTER NOT EXISTS { ?y ?any ?x . ?y :q $this } }",
    "a pattern that is not connected": "{ $this :p ?x . ?y :q ?z FILTER(?y != $this) }",
    "an inner OPTIONAL of a name outside": "{ $this :p ?x OPTIONAL { $this :q ?y OPTIONAL { ?z :q ?x } } }",
    "a sub-select with an inner variable": "{ $this :p ?x { SELECT $this ?y { $this :q ?y . ?x :p ?y } } }",
    "a group after OPTIONAL": "{ OPTIONAL { ?x :q ?y } $this :p ?x FILTER(BOUND(?y)) }",
}


def store_of(text: str) -> Store:
    store = Store()
    store.load(input=(PREFIXES + text).encode(), format=RdfFormat.TURTLE)
    return store


def triples(store: Store) -> set[Triple]:
    return {quad.triple for quad in store.quads_for_pattern(None, None, None, DefaultGraph())}


def told(results: list[ValidationResult]) -> Counter[tuple[str, ...]]:
    return Counter((r.focus, str(r.path), str(r.value), r.component, str(r.constraint)) for r in results)


def updated(validator: Validator, old: list[ValidationResult], before: Store, after: Store) -> list[ValidationResult]:
    """The results for `before` brought up to date: only what the difference reaches is validated."""
    reach = validator.footprint.reach(after, triples(before) - triples(after), triples(after) - triples(before))
    kept = [result for result in old if not reach.covers(result.focus)]
    return [*kept, *validator.results(after, reach=reach)]


def agrees(shapes: Graph, *worlds: str) -> int:
    """Whether results are brought up to date from each world to the next one; the number of changes of results."""
    validator, stores = Validator(shapes), [store_of(world) for world in worlds]
    results = [*validator.results(stores[0])]
    changes = 0
    for before, after in pairwise(stores):
        everything = [*validator.results(after)]
        assert told(updated(validator, results, before, after)) == told(everything), shapes.serialize()
        changes += told(everything) != told(results)
        results = everything
    return changes


def worlds(number: int, seed: str) -> list[str]:
    """Random small data: from each world to the next one, some triples are removed, added or changed."""
    draw = random.Random(seed)
    nodes, statements, made = [":a", ":b", ":c"], {":a a :Thing", ":b a :Thing", ":a :p :b", ":c :q :b"}, list[str]()
    for _ in range(number):
        made.append(":Thing rdfs:subClassOf :Wider . " + " ".join(f"{each} ." for each in sorted(statements)))
        for _ in range(draw.randint(1, 4)):
            if draw.random() < 0.3 and statements:
                statements.discard(draw.choice(sorted(statements)))
            elif draw.random() < 0.2:
                kind = draw.choice([f"{draw.choice(nodes)} a :Thing", f"{draw.choice(nodes)} a :Other"])
                statements.add(draw.choice([kind, kind, ":Other rdfs:subClassOf :Thing"]))
            else:
                value = draw.choice([*nodes, *nodes, *VALUES])
                statements.add(f"{draw.choice(nodes)} {draw.choice([':p', ':q'])} {value}")
    return made


@pytest.mark.parametrize("constraint", CORE)
def test_of_shacl_core_every_way_to_read_the_data_is_followed(constraint: str) -> None:
    changes = 0
    for target in TARGETS[:1] if not EVERYTHING else TARGETS:
        shape = f"{PREFIXES} :shape a sh:NodeShape ; {target} ; {constraint} ."
        for seed in ("1", "2"):
            changes += agrees(Graph().parse(data=shape, format="turtle"), *worlds(9, constraint + seed))
    assert changes


@pytest.mark.parametrize("form", [name for name in FORMS if "slice" not in name] + [*CONNECTED])
def test_of_queries_every_form_is_followed(form: str) -> None:
    query = f"SELECT $this WHERE {({**FORMS, **CONNECTED})[form]}".replace("'", "\\'")
    shapes = Graph().parse(data=PREFIXES + SHAPE % (TARGETS[0], query), format="turtle")
    agrees(shapes, *worlds(6, form))


@pytest.mark.parametrize("target", TARGETS)
def test_a_node_that_becomes_a_target_or_is_none_any_more_is_reached(target: str) -> None:
    shapes = Graph().parse(data=PREFIXES + SHAPE % (target, "SELECT $this { $this :p ?x }"), format="turtle")
    assert agrees(shapes, *worlds(8, target))


def test_queries_that_are_made_up_are_followed() -> None:
    changes = Counter[bool]()

    @settings(
        max_examples=5000 if EVERYTHING else 15,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(before=data, after=data, target=st.sampled_from(TARGETS), query=queries)
    def check(before: str, after: str, target: str, query: str) -> None:
        text = query.replace("'", "\\'")
        shapes = Graph().parse(data=PREFIXES + SHAPE % (target, text), format="turtle")
        try:
            changes[agrees(shapes, before, after) > 0] += 1
        except InvalidShapesError:
            return

    check()
    assert changes[True], changes


# ── The shapes of this project ───────────────────────────────────────────────────────────────────────────────────────


def copy_of(store: Store) -> Store:
    copied = Store()
    copied.extend(store.quads_for_pattern(None, None, None, DefaultGraph()))
    return copied


def changed(store: Store, draw: random.Random) -> Store:
    """A copy of a store in which some triples are removed, or have another value or another subject."""
    copied, known = copy_of(store), sorted(triples(store), key=str)
    for triple in draw.sample(known, draw.randint(1, 4)):
        other = draw.choice(known)
        same = draw.choice([each for each in known if each.predicate == triple.predicate])
        if draw.random() < 0.7:
            copied.remove(Quad(*triple))
        if draw.random() < 0.7:
            copied.add(Quad(triple.subject, same.predicate, draw.choice([same.object, other.object])))
    return copied


def test_of_our_shapes_all_results_are_brought_up_to_date() -> None:
    """The sample world and random changes of it, each on top of the others."""
    store, draw = check_world(SAMPLE).graph.store, random.Random(21)
    validator = Validator(model().shapes_graph)
    results, changes = [*validator.results(store)], 0
    for _ in range(300 if EVERYTHING else 4):
        after = changed(store, draw)
        everything = [*validator.results(after)]
        assert told(updated(validator, results, store, after)) == told(everything)
        changes += told(everything) != told(results)
        store, results = after, everything
    assert changes


def test_of_our_shapes_every_constraint_is_understood() -> None:
    footprint = Footprint(model().shapes_graph)
    assert len(footprint.plans) > 80
    assert None not in footprint.plans.values()


def test_a_change_reaches_as_many_nodes_in_a_large_graph_as_in_a_small_one() -> None:
    """An edit of the title of a release, among 10 and among 200 others on other days and with other titles."""
    names = model().names
    footprint = Footprint(model().shapes_graph)

    def release(number: int) -> list[Quad]:
        subject = NamedNode(names.thing(f"release/{number}"))
        day = Literal(f"{1990 + number % 30}-01-01", datatype=NamedNode("http://www.w3.org/2001/XMLSchema#date"))
        values = {"title": Literal(f"Title {number}", language="en"), "date": day, "dateEarliest": day}
        quads = [Quad(subject, NamedNode(f"{names.ontology}#{key}"), value) for key, value in values.items()]
        types = [
            Quad(subject, NamedNode(RDF_TYPE), NamedNode(f"{names.ontology}#{each}")) for each in ("Thing", "Release")
        ]
        return [*quads, *types]

    reached = []
    for number in (10, 200):
        store = Store()
        store.extend(quad for each in range(number) for quad in release(each))
        reached.append(footprint.reach(store, [], [quad.triple for quad in release(5)]).nodes)
    assert reached == [{NamedNode(names.thing("release/5"))}] * 2


# ── Queries ──────────────────────────────────────────────────────────────────────────────────────────────────────────

P = "PREFIX : <https://example.org/> "
SEPARABLE = [
    P + "SELECT ?x ?y { ?x :p ?y FILTER NOT EXISTS { ?y :q ?z } }",
    P + "SELECT ?x (COUNT(?y) AS ?n) { ?x :p ?y . ?y :q ?z } GROUP BY ?x HAVING(COUNT(?y) > 0)",
    P + "SELECT DISTINCT ?x { ?y :p ?x OPTIONAL { ?x :q ?z } FILTER(!BOUND(?z)) } ORDER BY ?x",
]
INSEPARABLE = [
    P + "SELECT ?y (COUNT(?x) AS ?n) { ?x :p ?y } GROUP BY ?y",
    P + "SELECT ?x ?y { ?x :p ?y } LIMIT 1",
    P + "SELECT ?x ?y { ?y :p ?z OPTIONAL { ?x :q ?y } }",
    P + "SELECT ?x { ?y :p ?z MINUS { ?y :q ?x } }",
]


@pytest.mark.parametrize("query", SEPARABLE)
def test_the_rows_of_a_query_are_asked_again_only_for_what_is_reached(query: str) -> None:
    footprint, stores = QueryFootprint(query, "x"), [store_of(text) for text in worlds(30, query)]
    assert footprint.is_separable
    changes = 0
    for before, after in pairwise(stores):
        reached = footprint.reach(after, triples(before) - triples(after), triples(after) - triples(before))
        assert reached is not None
        rows = [[*select(store, query).rows] for store in (before, after)]
        kept = [row for row in rows[0] if row[0] not in reached]
        again = [row for node in reached for row in select(after, query, substitutions={Variable("x"): node}).rows]
        assert Counter(map(str, kept + again)) == Counter(map(str, rows[1]))
        changes += rows[0] != rows[1]
    assert changes > 3


@pytest.mark.parametrize("query", INSEPARABLE)
def test_all_rows_of_another_query_are_asked_again_if_one_of_its_patterns_matches(query: str) -> None:
    footprint, store = QueryFootprint(query, "x"), store_of(":a :p :b .")
    assert not footprint.is_separable
    assert footprint.reach(store, [], triples(store)) is None
    assert footprint.reach(store, [], []) == set()


def test_the_measures_of_things_are_separable() -> None:
    separable = {}
    for file in sorted((model().sources.shapes / "quality").glob("*.rq")):
        separable[file.stem] = QueryFootprint(model().names.rebase(file.read_text()), "thing").is_separable
    assert [name for name, is_separable in separable.items() if is_separable] == [
        "4-general-knowledge-alone",
        "5-disputed-values",
    ]


# ── Changed shapes ───────────────────────────────────────────────────────────────────────────────────────────────────

CONSTRAINTS = (
    "sh:path :p ; sh:minCount 1",
    "sh:path :p ; sh:maxCount 0",
    "sh:path [ sh:inversePath :p ] ; sh:maxCount 0",
    "sh:path :q ; sh:class :Wider",
    "sh:path :q ; sh:or ( [ sh:class :Thing ] [ sh:nodeKind sh:Literal ] )",
)
SELECTED = "$this :p ?x", "$this :q ?x FILTER NOT EXISTS { ?x :p ?y }"


def some_shapes(choose: random.Random) -> list[str]:
    """Three node shapes, two of which have a property shape in common, and what describes them."""
    of_first, shared, of_third = (f"{choose.choice(CONSTRAINTS)} ; sh:message 'Wrong.'" for _ in range(3))
    return [
        f":first a sh:NodeShape ; sh:targetClass :Thing ; sh:property :of-first , :shared . :of-first {of_first} .",
        SHAPE % ("sh:targetSubjectsOf :p ; sh:property :shared", f"SELECT $this {{ {choose.choice(SELECTED)} }}"),
        f":shared {shared} .",
        f":third a sh:NodeShape ; {choose.choice(TARGETS)} ; sh:property :of-third . :of-third {of_third} .",
        f":first rdfs:label '{choose.random()}' . :of-third sh:order {choose.randint(1, 9)} .",
    ]


def sources(results: list[ValidationResult]) -> Counter[tuple[str, ...]]:
    return Counter((r.focus, str(r.value), r.component, r.message, str(source_of(r))) for r in results)


def test_after_a_change_of_the_shapes_only_the_parts_that_have_changed_are_validated() -> None:
    choose, partly = random.Random(1), 0
    for _ in range(60 if EVERYTHING else 12):
        statements, old = ":a a :Thing ; :p :b . :c :q :a , 1 ; :p :c . :b a :Thing ; :q 'a' .", some_shapes(choose)
        store, other = store_of(statements), some_shapes(choose)
        new = [*(choose.choice(pair) for pair in zip(old[:-1], other[:-1], strict=True)), other[-1]]
        before, after = (Validator(Graph().parse(data=PREFIXES + "\n".join(t), format="turtle")) for t in (old, new))
        changed = changed_sources(before.definitions, after.definitions)
        assert bool(changed) == (old[:-1] != new[:-1])
        kept = [result for result in before.results(store) if source_of(result) not in changed]
        again = [*after.results(store, only=changed)] if changed else []
        expected = [*after.results(store)]
        assert sources(kept + again) == sources(expected)
        partly += bool(kept and again)
    assert partly
