"""Inference from nothing and after an edit equals the fixpoint that the engine computes by SPARQL updates.

Most ontologies and triples are random, with cycles of subclasses, subproperties and inverses, properties that are both
symmetric and transitive, chains of one to three steps, and all of these about rdf:type and about dates as well.
Those of the real graph are removed and added by record.
"""

import pickle
import random
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

import pytest
from pyoxigraph import BlankNode, DefaultGraph, Literal, NamedNode, Quad, RdfFormat, Store, Triple, parse
from rdflib import BNode, Graph, URIRef
from rdflib.collection import Collection
from rdflib.namespace import OWL, RDF, RDFS

from kg.dataset.layout import Dataset
from kg.model.inference import Inference
from kg.model.literals import DATES, bounds
from kg.model.rules import Rule, rules, sparql
from kg.names import RDF_TYPE, XSD
from kg.sparql.quads import in_default
from kg.steps.infer import Difference, difference, join, unknown
from tests.building import model
from tests.sampling import EVERYTHING, drawn

INFERRED = NamedNode("x:inferred")

CLASSES = [f"x:C{i}" for i in range(4)]
PROPERTIES = [f"x:p{i}" for i in range(5)]
DATED, FIRST, LAST = "x:date", "x:first", "x:last"
BOUNDS = {DATED: (FIRST, LAST)}

SEEDS = range(400 if EVERYTHING else 60)


def close(store: Store, inference: Inference, inferred: NamedNode) -> None:
    """Adds everything that follows from the triples of a store, all of which are asserted."""
    asserted = store.quads_for_pattern(None, None, None, DefaultGraph())
    conclusions = (each for s, p, o, _ in asserted for each in inference.follow_from(s, p, o))
    store.bulk_extend(unknown(store, inferred, conclusions))
    join(store, inference, inferred, inference.chains)


def update(
    store: Store,
    inference: Inference,
    inferred: NamedNode,
    removed: Iterable[Triple],
    added: Iterable[Triple],
    before: Inference | None = None,
) -> Difference:
    """Removes and adds asserted triples of a closed store so that it is closed again, and returns what that changed.

    A triple that is both removed and added is asserted afterwards. The store is closed under the rules of `before`.
    """
    changed = difference(store, inference, inferred, removed, added, before)
    for quad in changed.removed:
        store.remove(quad)
    store.extend(changed.added)
    return changed


def some_ontology(choose: random.Random) -> Graph:
    """A few axioms of each kind."""
    graph = Graph()
    named = [*map(URIRef, PROPERTIES)]
    rarely = [*named * 3, URIRef(DATED), URIRef(FIRST), RDF.type]
    for _ in range(choose.randint(0, 6)):
        graph.add((URIRef(choose.choice(CLASSES)), RDFS.subClassOf, URIRef(choose.choice(CLASSES))))
    for _ in range(choose.randint(0, 3)):
        graph.add((choose.choice(rarely), RDFS.subPropertyOf, choose.choice(rarely)))
    for _ in range(choose.randint(0, 2)):
        graph.add((choose.choice(rarely), OWL.inverseOf, choose.choice(named)))
    for characteristic in (OWL.SymmetricProperty, OWL.TransitiveProperty):
        for _ in range(choose.randint(0, 2)):
            graph.add((choose.choice(named), RDF.type, characteristic))
    for length in (1, 2, 3):
        for _ in range(choose.randint(0, 1)):
            head = BNode()
            Collection(graph, head, [choose.choice(rarely) for _ in range(length)])
            graph.add((choose.choice(rarely), OWL.propertyChainAxiom, head))
    return graph


def some_triple(choose: random.Random) -> Triple:
    things: list[NamedNode | BlankNode] = [
        *(NamedNode(f"x:n{i}") for i in range(5)),
        NamedNode(CLASSES[0]),
        BlankNode("b"),
    ]
    text, datatype = choose.choice([("1992", "gYear"), ("1992-02", "gYearMonth"), ("1992-01-01", "date")])
    dated = Literal(text, datatype=NamedNode(XSD + datatype))
    subject, other = choose.choice(things), choose.choice(things)
    return choose.choice(
        [
            *(Triple(subject, NamedNode(choose.choice(PROPERTIES)), other) for _ in range(5)),
            Triple(subject, NamedNode(choose.choice(PROPERTIES)), Literal("a")),
            Triple(subject, NamedNode(choose.choice(PROPERTIES)), dated),
            Triple(subject, NamedNode(RDF_TYPE), NamedNode(choose.choice(CLASSES))),
            Triple(subject, NamedNode(choose.choice([DATED, FIRST])), dated),
        ]
    )


def some_triples(choose: random.Random, number: int) -> set[Triple]:
    return {some_triple(choose) for _ in range(number)}


def stored(triples: set[Triple]) -> Store:
    store = Store()
    store.extend(Quad(triple.subject, triple.predicate, triple.object) for triple in triples)
    return store


def closed(triples: set[Triple], inference: Inference, inferred: NamedNode = INFERRED) -> Store:
    store = stored(triples)
    close(store, inference, inferred)
    return store


def sparql_update(rule: Rule) -> str:
    """A SPARQL update that adds the new conclusions of a rule to both graphs."""
    then = sparql(rule.then)
    return (
        f"INSERT {{ {then} GRAPH {INFERRED} {{ {then} }} }}\n"
        f"WHERE {{ {sparql(*rule.when)} FILTER(isIRI(?s)) FILTER NOT EXISTS {{ {then} }} }}"
    )


def closed_by_sparql(triples: set[Triple], ontology: Graph) -> Store:
    """The fixpoint of all rules and bounds of dates, one after the other, until nothing new follows."""
    store = stored(triples)
    size = -1
    while size != len(store):
        size = len(store)
        for rule in rules(ontology):
            store.update(sparql_update(rule))
        for quad in list(store.quads_for_pattern(None, NamedNode(DATED), None, DefaultGraph())):
            date = quad.object
            if isinstance(quad.subject, NamedNode) and isinstance(date, Literal) and date.datatype.value in DATES:
                for iri, day in zip(BOUNDS[DATED], bounds(date.value), strict=True):
                    bound = Quad(quad.subject, NamedNode(iri), Literal(day, datatype=NamedNode(XSD + "date")))
                    if bound not in store:
                        store.extend([bound, Quad(bound.subject, bound.predicate, bound.object, INFERRED)])
    return store


@pytest.mark.parametrize("seed", SEEDS)
def test_inference_from_nothing_equals_the_fixpoint(seed: int) -> None:
    choose = random.Random(seed)
    ontology, triples = some_ontology(choose), some_triples(choose, choose.randint(0, 20))
    inference = Inference(ontology, BOUNDS)
    assert set(closed(triples, inference)) == set(closed_by_sparql(triples, ontology))


def test_an_update_equals_inference_from_nothing() -> None:
    changes = rederived = 0
    for seed in SEEDS:
        choose = random.Random(seed)
        inference = Inference(some_ontology(choose), BOUNDS)
        asserted = some_triples(choose, 20)
        store = closed(asserted, inference)
        for _ in range(6):
            concluded = [quad.triple for quad in store.quads_for_pattern(None, None, None, INFERRED)]
            removed = set(choose.sample(sorted(asserted, key=str), min(len(asserted), choose.randint(0, 4))))
            removed |= some_triples(choose, 1)
            added = some_triples(choose, choose.randint(0, 3))
            added |= set(choose.sample(sorted(concluded, key=str), min(len(concluded), choose.randint(0, 2))))
            before, lost = set(store), asserted & removed - added
            asserted = asserted - removed | added
            foreseen = difference(store, inference, INFERRED, removed, added)
            assert set(store) == before
            changed = update(store, inference, INFERRED, removed, added)
            assert set(store) == set(closed(asserted, inference)), seed
            assert changed == Difference(frozenset(before - set(store)), frozenset(set(store) - before))
            assert changed == foreseen
            changes += bool(changed.removed and changed.added)
            rederived += sum(Quad(t.subject, t.predicate, t.object, INFERRED) in changed.added for t in lost)
    assert changes > 3 * len(SEEDS)
    assert rederived > len(SEEDS) / 2


def test_an_update_under_other_rules_equals_inference_from_nothing() -> None:
    changes = 0
    for seed in SEEDS:
        choose = random.Random(seed)
        ontology, dates = some_ontology(choose), BOUNDS
        inference, asserted = Inference(ontology, dates), some_triples(choose, 20)
        store = closed(asserted, inference)
        for change in ("added", "removed", "both"):
            other = ontology if change == "removed" else some_ontology(choose)
            if change == "removed":
                for axiom in sorted(ontology, key=str):
                    if axiom[1] not in (RDF.first, RDF.rest) and choose.random() < 0.4:
                        ontology.remove(axiom)
            ontology = ontology + other if change == "added" else other
            dates = choose.choice([BOUNDS, {}, {DATED: (LAST, FIRST)}])
            removed = set(choose.sample(sorted(asserted, key=str), choose.randint(0, 2)))
            added = some_triples(choose, choose.randint(0, 2))
            asserted = asserted - removed | added
            before, now = inference, Inference(ontology, dates)
            changed, inference = update(store, now, INFERRED, removed, added, before), now
            assert set(store) == set(closed(asserted, inference)), seed
            changes += bool(changed.removed and changed.added)
    assert changes > len(SEEDS)


@pytest.mark.parametrize("axiom", [OWL.SymmetricProperty, OWL.inverseOf])
def test_conclusions_do_not_support_each_other(axiom: URIRef) -> None:
    ontology = Graph()
    p, q = map(URIRef, PROPERTIES[:2])
    ontology.add((p, RDF.type, OWL.TransitiveProperty))
    ontology.add((p, RDF.type, axiom) if axiom == OWL.SymmetricProperty else (p, axiom, q))
    inference = Inference(ontology, {})
    nodes = [NamedNode(f"x:n{i}") for i in range(4)]
    triples = {Triple(a, NamedNode(p), b) for a, b in pairwise(nodes)}
    store = closed(triples, inference)
    assert len(store) > len(triples)
    update(store, inference, INFERRED, triples, ())
    assert not list(store)


def test_what_follows_from_single_triples_is_told_once_and_without_them() -> None:
    for seed in SEEDS:
        choose = random.Random(seed)
        ontology, triples = some_ontology(choose), some_triples(choose, 20)
        for head in list(ontology.subjects(OWL.propertyChainAxiom)):
            ontology.remove((head, OWL.propertyChainAxiom, None))
        for transitive in list(ontology.subjects(RDF.type, OWL.TransitiveProperty)):
            ontology.remove((transitive, RDF.type, OWL.TransitiveProperty))
        inference = pickle.loads(pickle.dumps(Inference(ontology, BOUNDS)))  # noqa: S301  # its own
        found = list(inference.local(sorted(triples, key=str)))
        concluded = closed_by_sparql(triples, ontology).quads_for_pattern(None, None, None, INFERRED)
        assert sorted(map(str, found)) == sorted(str(quad.triple) for quad in concluded)


def test_chains_are_joined_over_all_groups_of_triples_only_if_they_can_lead_from_one_to_another() -> None:
    spared = found = 0
    for seed in SEEDS:
        choose = random.Random(seed)
        inference, triples = Inference(some_ontology(choose), BOUNDS), some_triples(choose, choose.randint(2, 20))
        places = {subject: choose.randint(0, 2) for subject in sorted({t.subject for t in triples}, key=str)}
        steps, store = set[NamedNode](), Store()
        store.extend(map(in_default, triples))
        for place in range(3):
            group = sorted((triple for triple in triples if places[triple.subject] == place), key=str)
            subjects = {triple.subject for triple in group}
            conclusions = list(inference.local(group))
            store.extend(list(unknown(store, INFERRED, conclusions)))
            steps |= inference.open_steps([*group, *conclusions], subjects)
            steps |= {triple.predicate for triple in conclusions if triple.subject not in subjects}
        before = len(store)
        chains = [each for each in inference.chains if not steps.isdisjoint(each.steps)]
        join(store, inference, INFERRED, chains)
        assert set(store) == set(closed(triples, inference)), seed
        spared += len(inference.chains) - len(chains)
        found += len(store) > before
    assert spared > len(SEEDS) / 3, spared
    assert found > len(SEEDS) / 6, found


@pytest.fixture(scope="module")
def asserted(real: Path) -> dict[str, set[Triple]]:
    """The asserted triples of each record of the real graph by its path; those of the ontology under ""."""
    dataset = Dataset.current(real)
    quads = list(parse(path=str(dataset.directory / "data.nq"), format=RdfFormat.N_QUADS))
    inferred = {quad.triple for quad in quads if quad.graph_name == NamedNode(dataset.names.inferred)}
    things = defaultdict(set)
    for quad in quads:
        if quad.graph_name == DefaultGraph() and quad.triple not in inferred:
            assert isinstance(quad.subject, NamedNode)
            things[dataset.names.path(quad.subject.value) or ""].add(quad.triple)
    return things


def test_updates_of_the_real_graph_equal_inference_from_nothing(asserted: dict[str, set[Triple]]) -> None:
    inference, inferred = Inference.of(model().schema), NamedNode(model().names.inferred)
    everything = {triple for triples in asserted.values() for triple in triples}
    store = closed(everything, inference, inferred)
    before = set(store)
    kinds = defaultdict(list)
    for path in asserted:
        kinds[path.partition("/")[0]].append(path)
    edited = [path for kind, paths in kinds.items() if kind for path in drawn(paths, 2)]
    assert len(edited) > 24
    removed = {triple for path in edited for triple in asserted[path]}
    changed = update(store, inference, inferred, removed, ())
    assert set(store) == set(closed(everything - removed, inference, inferred))
    assert len(changed.removed) > len(removed)
    for path in edited:
        update(store, inference, inferred, (), asserted[path])
    assert set(store) == before


@dataclass
class Counting:
    """A store that counts what is read from it."""

    store: Store
    read: int = 0

    def __contains__(self, quad: Quad) -> bool:
        self.read += 1
        return quad in self.store

    def quads_for_pattern(self, *pattern: Any) -> Iterator[Quad]:
        for quad in self.store.quads_for_pattern(*pattern):
            self.read += 1
            yield quad


def test_an_edit_reads_as_much_from_a_larger_graph(asserted: dict[str, set[Triple]]) -> None:
    inference, inferred = Inference.of(model().schema), NamedNode(model().names.inferred)
    releases = model().names.thing("release/")

    def copied(term: Any) -> Any:
        """A release that is new, and any other term as it is."""
        is_release = isinstance(term, NamedNode) and term.value.startswith(releases)
        return NamedNode(term.value.replace(releases, releases + "copy-")) if is_release else term

    everything = {triple for triples in asserted.values() for triple in triples}
    copies = {Triple(copied(t.subject), t.predicate, copied(t.object)) for t in everything}
    assert len(copies - everything) > 2000
    paths = drawn((path for path in asserted if path.startswith("release/")), 30)
    reads: list[list[int]] = []
    for triples in (everything, everything | copies):
        counting = Counting(closed(triples, inference, inferred))
        reads.append([])
        for path in paths:
            counting.read = 0
            changed = difference(cast(Store, counting), inference, inferred, asserted[path], ())
            assert len(changed.removed) > len(asserted[path])
            reads[-1].append(counting.read)
    assert reads[0] == reads[1]
    assert max(reads[0]) < 5_000
