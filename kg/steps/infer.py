"""Infer: the triples that follow from the ontology, from nothing or after an edit.

A store is closed if its default graph contains the asserted triples and everything that follows from them, and its
inferred graph those of these that are not asserted.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import chain

from pyoxigraph import DefaultGraph, Literal, NamedNode, Quad, RdfFormat, Store, Triple, parse

from kg.model.inference import Chain, Inference, Statement, node
from kg.model.rules import Rule, sparql
from kg.sparql.engine import Term
from kg.sparql.oxigraph import select
from kg.sparql.quads import in_default, in_graph
from kg.steps.results import DataGraph, Read, Restated
from kg.steps.state import State


def infer(state: State, read: Read, restated: Restated) -> DataGraph:
    """Brings the working store to what the records state now, and returns it."""
    workspace, inference, inferred = state.workspace, state.inference, state.inferred
    if read.filled:
        contested = (quad.triple for part in read.contested for quad in parse(part, RdfFormat.N_TRIPLES))
        subjects = set[Term]()
        state.store.bulk_extend(noting_subjects(unknown(state.store, inferred, contested), subjects))
        subjects |= join(state.store, inference, inferred, open_chains(state, read))
        state.discard_lines(paths_of(state, subjects))
    removed, added, before = restated.removed, restated.added, None
    if state.before is not None:
        before = state.before.inference
        removed = removed | (state.before.individuals - state.basis.individuals)
        added = added | (state.basis.individuals - state.before.individuals)
    changed = difference(state.store, inference, inferred, removed, added, before)
    state.discard_lines(paths_of(state, {quad.subject for quad in chain(changed.removed, changed.added)}))
    with workspace.transaction():
        rows = ((str(file), read.signatures[file], state.files[file]) for file in read.changed)
        workspace.set_files(rows, (str(file) for file in read.before if file not in read.changed))
        state.save(read.unread)
        if read.filled:
            workspace.keep("filled", True)
        workspace.log(chain(changed.removed, restated.origins_removed), chain(changed.added, restated.origins_added))
    workspace.apply()
    return DataGraph(state.model.names, workspace, state.trees, state.stated, [])


def paths_of(state: State, subjects: Iterable[Term]) -> Iterator[str]:
    """The paths of those subjects that are things or parts of things."""
    for subject in subjects:
        path = state.model.names.path(subject.value) if isinstance(subject, NamedNode) else None
        if path is not None:
            yield path


def open_chains(state: State, read: Read) -> list[Chain]:
    """The rules with several premises by which more follows from all files than from each group of files alone.

    If several records are about the same thing, this is any of them.
    """
    is_sure = not state.identification.identities.twice
    return [each for each in state.inference.chains if not (is_sure and read.open_steps.isdisjoint(each.steps))]


def unknown(store: Store, inferred: NamedNode, conclusions: Iterable[Statement | Triple]) -> Iterator[Quad]:
    """The quads, in both graphs, of those conclusions that the default graph does not contain.

    The default graph must contain all asserted triples already.
    """
    for subject, predicate, object_ in conclusions:
        quad = Quad(subject, predicate, object_)
        if quad not in store:
            yield quad
            yield Quad(subject, predicate, object_, inferred)


def noting_subjects(quads: Iterable[Quad], subjects: set[Term]) -> Iterator[Quad]:
    """The same quads, whose subjects are added to a set."""
    for quad in quads:
        subjects.add(quad.subject)
        yield quad


def join(store: Store, inference: Inference, inferred: NamedNode, chains: list[Chain]) -> set[Term]:
    """Adds what follows by some rules with several premises, and everything that follows from that by any rule.

    Returns the subjects of what is added.

    The store must contain all asserted triples and what follows from each of them alone; it may contain more. A rule is
    evaluated again only if there are new triples of one of its premises. Nothing is held in memory but the subjects and
    the predicates of what is added.
    """
    subjects = set[Term]()
    while chains:
        new: set[NamedNode] = set()
        store.bulk_extend(noting_subjects(_joined(store, inference, inferred, chains, new), subjects))
        chains = [each for each in inference.chains if not new.isdisjoint(each.steps)]
    return subjects


def _joined(
    store: Store, inference: Inference, inferred: NamedNode, chains: list[Chain], new: set[NamedNode]
) -> Iterator[Quad]:
    """The quads that follow by some chains; their predicates are added to `new`."""
    found = (statement for each in chains for statement in concluded(store, each.rule, MISSING))
    conclusions = (each for statement in found for each in (statement, *inference.follow_from(*statement)))
    for quad in unknown(store, inferred, conclusions):
        new.add(quad.predicate)
        yield quad


MISSING = "FILTER NOT EXISTS"
"""What selects the conclusions that a store does not contain."""


def concluded(store: Store, rule: Rule, where: str) -> Iterator[Statement]:
    """The conclusions of a rule for which `where`, a prefix of a group in SPARQL, holds."""
    premises, conclusion = sparql(*rule.when), sparql(rule.then)
    query = f"SELECT ?s ?o WHERE {{ {premises} FILTER(isIRI(?s)) {where} {{ {conclusion} }} }}"
    _, predicate, value = rule.then
    for start, end in select(store, query).rows:
        yield start, node(predicate), node(value) if end is None else end


def lost(store: Store, inferred: NamedNode, before: Inference, now: Inference) -> Iterator[Triple]:
    """The inferred triples of a store that follow by rules of `before` that do not exist now."""
    for rule in set(before.rules) - set(now.rules):
        yield from (Triple(*statement) for statement in concluded(store, rule, f"GRAPH {inferred}"))
    for triple in bounds_of(store, before, now):
        if in_graph(inferred, triple) in store:
            yield triple


def gained(store: Store, before: Inference, now: Inference) -> Iterator[Triple]:
    """The triples that a store does not contain and that follow from it by rules that did not exist `before`."""
    for rule in set(now.rules) - set(before.rules):
        yield from (Triple(*statement) for statement in concluded(store, rule, MISSING))
    for triple in bounds_of(store, now, before):
        if in_default(triple) not in store:
            yield triple


def bounds_of(store: Store, inference: Inference, other: Inference) -> Iterator[Triple]:
    """What follows by one rule from the dates whose bounds are others in another inference, or are missing there."""
    for date, ends in inference.bounds.items():
        if other.bounds.get(date) != ends:
            for quad in store.quads_for_pattern(None, date, None, DefaultGraph()):
                yield from (Triple(*statement) for statement in inference.conclusions(*quad.triple))


@dataclass(frozen=True, slots=True)
class Difference:
    """The quads that an edit removes from the default and the inferred graph, and those that it adds."""

    removed: frozenset[Quad]
    added: frozenset[Quad]


class View:
    """The default graph of a store without some triples, and with those that are added to the view."""

    def __init__(self, store: Store, without: Iterable[Triple] = ()) -> None:
        self._store, self._without = store, frozenset(without)
        self._added: set[Triple] = set()
        self._objects: dict[tuple[Term, NamedNode], list[Term]] = defaultdict(list)
        self._subjects: dict[tuple[NamedNode, Term], list[Term]] = defaultdict(list)

    @property
    def added(self) -> frozenset[Triple]:
        """The triples that were added to the view."""
        return frozenset(self._added)

    def __contains__(self, triple: Triple) -> bool:
        return triple in self._added or (triple not in self._without and in_default(triple) in self._store)

    def add(self, triple: Triple) -> None:
        """Adds a triple that the view does not contain."""
        subject, predicate, object_ = triple
        self._added.add(triple)
        self._objects[subject, predicate].append(object_)
        self._subjects[predicate, object_].append(subject)

    def objects(self, subject: Term, predicate: NamedNode) -> Iterator[Term]:
        """The objects of a subject, which is not a literal, by a predicate."""
        for quad in self._store.quads_for_pattern(subject, predicate, None, DefaultGraph()):  # type: ignore[arg-type]
            if quad.triple not in self._without:
                yield quad.object
        yield from self._objects.get((subject, predicate), ())

    def subjects(self, predicate: NamedNode, object_: Term) -> Iterator[Term]:
        """The subjects of an object by a predicate."""
        for quad in self._store.quads_for_pattern(None, predicate, object_, DefaultGraph()):
            if quad.triple not in self._without:
                yield quad.subject
        yield from self._subjects.get((predicate, object_), ())

    def ends(self, start: Term, steps: Iterable[NamedNode]) -> set[Term]:
        """Where the paths of some steps from a node end."""
        nodes = {start}
        for step in steps:
            nodes = {end for node in nodes if not isinstance(node, Literal) for end in self.objects(node, step)}
        return nodes

    def starts(self, steps: tuple[NamedNode, ...], end: Term) -> set[Term]:
        """Where the paths of some steps to a node start."""
        nodes = {end}
        for step in reversed(steps):
            nodes = {start for node in nodes for start in self.subjects(step, node)}
        return nodes

    def has_path(self, start: Term, steps: tuple[NamedNode, ...], end: Term) -> bool:
        """True if there is a path of some steps between two nodes.

        It is sought from both ends in turn, so that it reads about twice as many triples as the end with fewer has.
        """
        if len(steps) == 1:
            return not isinstance(start, Literal) and Triple(start, steps[0], end) in self
        if isinstance(start, Literal):
            return False
        forward, backward = self.objects(start, steps[0]), self.subjects(steps[-1], end)
        ahead: list[Term] = []
        behind: list[Term] = []
        while True:
            if (node := next(forward, None)) is None:
                return any(self.has_path(node, steps[1:], end) for node in ahead)
            ahead.append(node)
            if (node := next(backward, None)) is None:
                return any(self.has_path(start, steps[:-1], node) for node in behind)
            behind.append(node)


def difference(
    store: Store,
    inference: Inference,
    inferred: NamedNode,
    removed: Iterable[Triple],
    added: Iterable[Triple],
    before: Inference | None = None,
) -> Difference:
    """What must change in a closed store so that it is closed after some asserted triples were removed and added.

    It is found by delete and rederive (Gupta, Mumick and Subrahmanian, SIGMOD 1993). A triple that is both removed and
    added is asserted afterwards. If the store is closed under other rules, these are the ones of `before`.
    """
    former = before or inference

    def is_asserted(triple: Triple) -> bool:
        return in_graph(inferred, triple) not in store and in_default(triple) in store

    stated = frozenset(added)
    withdrawn = {triple for triple in removed if triple not in stated and is_asserted(triple)}
    stated = frozenset(triple for triple in stated if not is_asserted(triple))
    gone = withdrawn | (set(lost(store, inferred, former, inference)) - stated)
    whole, waiting = View(store), list(gone)
    while waiting:
        for triple in follow_from(waiting.pop(), whole, former):
            if triple not in gone and triple not in stated and not is_asserted(triple):
                gone.add(triple)
                waiting.append(triple)
    after = View(store, gone)
    inferred_before = {triple for triple in stated if triple in after} | (gone - withdrawn)
    waiting = [triple for triple in gone if follows(triple, after, inference)]
    waiting += stated - inferred_before
    new = set(gained(store, former, inference)) - stated
    waiting += (triple for triple in new if not gone or follows(triple, after, inference))
    for triple in waiting:
        after.add(triple)
    while waiting:
        for triple in follow_from(waiting.pop(), after, inference):
            if triple not in after:
                after.add(triple)
                waiting.append(triple)
    inferred_after = after.added - stated
    in_inferred = partial(in_graph, inferred)
    return Difference(
        removed=frozenset(
            chain(map(in_default, gone - after.added), map(in_inferred, inferred_before - inferred_after))
        ),
        added=frozenset(chain(map(in_default, after.added - gone), map(in_inferred, inferred_after - inferred_before))),
    )


def follow_from(triple: Triple, view: View, inference: Inference) -> list[Triple]:
    """What follows by one rule from a triple, and from it and others of a view."""
    found = [Triple(*statement) for statement in inference.conclusions(*triple)]
    for each, index in inference.chains_by_step.get(triple.predicate, ()):
        starts = view.starts(each.steps[:index], triple.subject)
        ends = view.ends(triple.object, each.steps[index + 1 :]) if starts else ()
        found += [Triple(start, each.then, end) for end in ends for start in starts if isinstance(start, NamedNode)]
    return found


def follows(triple: Triple, view: View, inference: Inference) -> bool:
    """True if a triple follows from those of a view by one rule."""
    return any(premise in view for premise in inference.premises(triple)) or any(
        isinstance(triple.subject, NamedNode) and view.has_path(triple.subject, each.steps, triple.object)
        for each in inference.chains_by_conclusion.get(triple.predicate, ())
    )
