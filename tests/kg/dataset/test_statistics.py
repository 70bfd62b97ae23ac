"""Statistics (kg/dataset/statistics.py): what is added up equals what SPARQL counts, also after edits."""

import json
from collections import Counter, defaultdict
from pathlib import Path
from random import Random

import pytest
from pyoxigraph import DefaultGraph, NamedNode, Quad, Store

from kg.dataset.layout import Dataset
from kg.dataset.opening import open_engine
from kg.dataset.packs import Part
from kg.dataset.statistics import Counting, Statistics
from kg.names import RDF_TYPE, Names
from kg.sparql.oxigraph import Oxigraph
from kg.steps.describe import counting
from tests.building import model

NAMES = Names("http://localhost:8000/")
GRAPHS = (DefaultGraph(), NamedNode(NAMES.inferred))
OURS = f'FILTER(STRSTARTS(STR(?class), "{NAMES.vocabulary}"))'
ASSERTED = f"FILTER NOT EXISTS {{ GRAPH <{NAMES.inferred}> {{ ?s a ?class }} }}"

COUNTED = {
    "void:triples ?n": "SELECT (COUNT(*) AS ?n) WHERE { ?s ?p ?o }",
    "void:distinctSubjects ?n": "SELECT (COUNT(DISTINCT ?s) AS ?n) WHERE { ?s ?p ?o }",
    "void:distinctObjects ?n": "SELECT (COUNT(DISTINCT ?o) AS ?n) WHERE { ?s ?p ?o }",
    "void:classPartition [ void:class ?class ; void:entities ?n ]": """
        SELECT ?class (COUNT(?s) AS ?n) WHERE { ?s a ?class } GROUP BY ?class""",
    "void:propertyPartition [ void:property ?p ; void:triples ?n ]": """
        SELECT ?p (COUNT(*) AS ?n) WHERE { ?s ?p ?o } GROUP BY ?p""",
    "void:classPartition [ void:class ?class ; void:propertyPartition [ void:property ?p ; void:triples ?n ] ]": f"""
        SELECT ?class ?p (COUNT(*) AS ?n) WHERE {{ ?s a ?class ; ?p ?o {OURS} {ASSERTED} }} GROUP BY ?class ?p""",
    "void:classPartition [ void:class ?class ; void:propertyPartition [ void:property ?p ; void:classPartition [ "
    "void:class ?to ; void:triples ?n ] ] ]": f"""
        SELECT ?class ?p ?to (COUNT(*) AS ?n) WHERE {{
            ?s a ?class ; ?p ?o . ?o a ?to {OURS} {ASSERTED} FILTER(STRSTARTS(STR(?to), "{NAMES.vocabulary}"))
            FILTER NOT EXISTS {{ GRAPH <{NAMES.inferred}> {{ ?o a ?to }} }}
        }} GROUP BY ?class ?p ?to""",
    "void:classPartition [ void:class ?class ; void:propertyPartition [ void:property ?p ; "
    "<http://ldf.fi/void-ext#datatypePartition> [ <http://ldf.fi/void-ext#datatype> ?to ; void:triples ?n ] ] ]": f"""
        SELECT ?class ?p ?to (COUNT(*) AS ?n) WHERE {{
            ?s a ?class ; ?p ?o {OURS} {ASSERTED} FILTER(ISLITERAL(?o)) BIND(DATATYPE(?o) AS ?to)
        }} GROUP BY ?class ?p ?to""",
    "dcterms:temporal [ dcat:startDate ?first ; dcat:endDate ?last ]": """
        SELECT (MIN(?day) AS ?first) (MAX(?day) AS ?last) WHERE { ?s $bounds ?day }""",
}
"""By a pattern of the catalogue, whose subject is the dataset, the query that counts the same."""


def bounds() -> list[str]:
    return [iri for property_ in model().schema.properties.values() for iri in property_.bounds or ()]


def in_memory(engine: Oxigraph) -> Store:
    """The default graph and the inferred graph of an engine, in memory."""
    store = Store()
    for graph in GRAPHS:
        store.bulk_extend(engine.store.quads_for_pattern(None, None, None, graph))
    return store


@pytest.fixture(scope="module")
def world(sample: Path) -> Store:
    """The triples of the sample world."""
    return in_memory(open_engine(Dataset.current(sample)))


@pytest.fixture(scope="module")
def real_store(engine: Oxigraph) -> Store:
    """The triples of the real graph."""
    return in_memory(engine)


@pytest.fixture(scope="module")
def counted() -> Counting:
    """The counting of the real model."""
    return counting(model())


@pytest.mark.parametrize("pattern", COUNTED, ids=lambda pattern: pattern.replace("void:", "")[:60])
def test_the_catalogue_has_the_counts_that_sparql_counts(pattern: str, engine: Oxigraph, real_store: Store) -> None:
    query = COUNTED[pattern].replace("$bounds", "|".join(f"<{iri}>" for iri in bounds()))
    expected = Oxigraph(real_store, NAMES).select(query)
    columns = " ".join(f"?{name}" for name in expected.variables)
    stated = engine.select(f"SELECT {columns} WHERE {{ GRAPH <{NAMES.dataset}> {{ <{NAMES.dataset}> {pattern} }} }}")
    expected_rows = Counter(tuple(str(term) for term in row) for row in expected.rows)
    assert expected_rows
    assert Counter(tuple(str(term) for term in row) for row in stated.rows) == expected_rows


def test_the_statistics_of_parts_add_up_to_those_of_the_whole(real_store: Store, counted: Counting) -> None:
    parts: dict[str, list[Quad]] = defaultdict(list)
    for quad in real_store:
        assert isinstance(quad.subject, NamedNode)
        parts[NAMES.path(quad.subject.value) or ""].append(quad)
    whole, total = counted.whole(real_store), Statistics()
    classes_of = counted.classes_in(real_store)
    for quads in parts.values():
        total.add(counted.part(Part.of("", quads, NAMES).triples, classes_of))
    total.objects = whole.objects
    assert len(parts) > 2_500
    assert total == whole


def state_of(store: Store, quad: Quad) -> int:
    """The number of graphs that contain a triple: none, the default graph, or the inferred graph as well."""
    return sum(Quad(quad.subject, quad.predicate, quad.object, graph) in store for graph in GRAPHS)


def edit(store: Store, states: dict[Quad, int]) -> tuple[set[Quad], set[Quad]]:
    """Gives triples other states in a store; returns the removed and the added quads."""
    removed, added = set[Quad](), set[Quad]()
    for quad, state in states.items():
        before = state_of(store, quad)
        quads = [Quad(quad.subject, quad.predicate, quad.object, graph) for graph in GRAPHS]
        removed |= {*quads[state:before]}
        added |= {*quads[before:state]}
    for quad in removed:
        store.remove(quad)
    store.extend(added)
    return removed, added


def drawn_edit(random: Random, triples: list[Quad]) -> dict[Quad, int]:
    """A random edit: all triples of some subjects disappear or come back, or some change their states one by one."""
    if random.random() < 0.5:
        return {quad: random.randrange(3) for quad in random.sample(triples, random.randint(1, 30))}
    subjects, state = {quad.subject for quad in random.sample(triples, random.randint(1, 3))}, random.randrange(2)
    return {quad: state for quad in triples if quad.subject in subjects}


def test_an_edit_changes_the_statistics_as_counting_everything_again(world: Store, counted: Counting) -> None:
    store, random = Store(), Random(21)
    store.extend(world)
    triples = sorted(store.quads_for_pattern(None, None, None, DefaultGraph()), key=str)
    classes = sorted({quad.object for quad in triples if quad.predicate == NamedNode(RDF_TYPE)}, key=str)
    triples += [Quad(quad.subject, NamedNode(RDF_TYPE), random.choice(classes)) for quad in random.sample(triples, 300)]
    total, kinds = counted.whole(store), Counter[bool]()
    for number in range(300):
        difference = counted.difference(store, *edit(store, drawn_edit(random, triples)))
        total.add(difference)
        kinds[difference == Statistics()] += 1
        if number % 6 == 0:
            assert total == counted.whole(store)
    assert total == counted.whole(store)
    assert kinds[False] > 250


def test_a_subject_with_another_class_is_counted_again_where_it_is_linked(world: Store, counted: Counting) -> None:
    store = Store()
    store.extend(world)
    state = NamedNode(NAMES.thing("state/avalon"))
    links = [*store.quads_for_pattern(None, None, state, DefaultGraph())]
    own = [*store.quads_for_pattern(state, None, None, DefaultGraph())]
    assert len(links) == 4
    statistics = counted.whole(store)
    difference = counted.difference(
        store, *edit(store, {Quad(state, NamedNode(RDF_TYPE), NamedNode(NAMES.vocabulary + "State")): 0})
    )
    assert sum(abs(number) for number in difference.triples.values()) == 2 * len({*links, *own}) - 1
    statistics.add(difference)
    assert statistics == counted.whole(store)


def test_statistics_are_read_as_they_were_written(world: Store, counted: Counting) -> None:
    statistics = counted.whole(world)
    again = Statistics.from_json(statistics.as_json())
    assert again == statistics
    again.subtract(statistics)
    assert again == Statistics()
    assert json.loads(again.as_json()) == [0, 0, [], [], [], []]
    assert again.span is None
