"""Footprint: the nodes whose validation results a difference of the data can change, and the triples these depend on.

Validating a node *f* reads the triples that match the triple patterns of the shapes and queries (`patterns.py`). The
patterns of a constraint have a rank, which begins at the focus node. A triple *t* is *relevant* to *f* for a pattern if
the patterns of lower rank in one alternative of its context, as far as they are connected with it by variables, have
a solution with *f* as the focus node in which *t* matches the pattern. For a path, the relevant triples are those on
the way from its *near* end, the end that is connected. What else matches the pattern belongs to no solution about *f*,
so the results for *f* are a function of the relevant triples alone.

Therefore: if the results for *f* differ between the old data and the new data, take the pattern with the lowest rank
for which the relevant triples differ, and a triple that is relevant in one of the two only. The patterns of lower rank
have the same relevant triples in both, so the solution that makes the triple relevant exists in the new data as well.
Thus the triple itself was removed or added, and `Footprint.reach` finds *f* if it looks, for every changed triple and
every pattern that it matches, for the solutions of the patterns of lower rank in the new data. On a path, the same is
true of the changed triple that is nearest to the near end: the way from there to it exists in the new data.

By the same reasoning, results are the same on any part of the data that contains all relevant triples, which
`Footprint.relevant` collects.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Generic, TypeVar, cast

from pyoxigraph import BlankNode, NamedNode, Store, Triple
from rdflib import Graph, URIRef, Variable
from rdflib.namespace import SH
from rdflib.plugins.sparql.parserutils import CompValue
from rdflib.term import Node

from kg.shacl.constraints import THIS, certain, open_to_all, parse
from kg.shacl.paths import EVERYTHING, NotUnderstoodError, PropertyPath, follow, inverted, name, steps
from kg.shacl.patterns import (
    Pattern,
    Patterns,
    Place,
    of_constraint,
    of_core,
    of_query,
    of_targets,
)
from kg.shacl.targets import Targets, shapes_with_targets
from kg.sparql.engine import Term

Bindings = dict[Variable, Term]
T = TypeVar("T")
K = TypeVar("K")


@dataclass(frozen=True, slots=True)
class Probe:
    """Finds focus nodes from a changed triple that matches a pattern.

    `near` and `far` are the ends of the pattern, and `before` the part of its path from the near end to the triple, if
    any. `far` is None if the triple does not determine it. `variable` is in the place of the predicate. `joins` are the
    patterns between the triple and the focus node, each connected with those before it. If none of them contains the
    focus node, every focus node is reached.
    """

    near: Place
    variable: Variable | None
    far: Variable | None
    before: PropertyPath | None
    joins: tuple[Pattern, ...]

    def focus_nodes(self, store: Store, triple: Triple, is_inverse: bool, root: Variable) -> set[Term | None]:
        """The focus nodes to which a triple is relevant; None for every focus node."""
        start, end = (triple.object, triple.subject) if is_inverse else (triple.subject, triple.object)
        bindings: Bindings = {} if self.variable is None else {self.variable: triple.predicate}
        found: set[Term | None] = set()
        if self.far is not None and bindings.setdefault(self.far, end) != end:
            return found
        for node in {start} if self.before is None else follow(store, inverted(self.before), start):
            if isinstance(self.near, NamedNode):
                if node == self.near:
                    solve(store, self.joins, bindings, root, found)
            elif bindings.get(self.near, node) == node:
                solve(store, self.joins, {**bindings, self.near: node}, root, found)
        return found

    def renamed(self, root: Variable) -> "Probe":
        """The same probe with other names of variables, so that equal probes of different shapes are equal."""
        names: dict[Variable, Variable] = {root: root}

        def new(place: T) -> T:
            return cast(T, names.setdefault(place, Variable(str(len(names))))) if isinstance(place, Variable) else place

        near, variable, far = new(self.near), new(self.variable), new(self.far)
        joins = [Pattern(new(each.subject), new(each.path), new(each.object)) for each in self.joins]
        return Probe(near, variable, far, self.before, (*joins,))


@dataclass(frozen=True, slots=True)
class Match:
    """How a changed triple matches a pattern: its predicate, its direction, and the path from it to the far end.

    `far` is the far end if it is an IRI. A predicate of None is any.
    """

    predicate: NamedNode | None
    is_inverse: bool
    after: PropertyPath | None
    far: NamedNode | None


class Plan:
    """The patterns of a constraint in the order of their ranks, and what follows from it."""

    def __init__(self, read: Patterns, root: Variable = THIS) -> None:
        self.read, self.root = read, root
        self.ranked: list[int] = []
        waiting = set(range(len(read.patterns)))
        while waiting:
            number = min(waiting, key=lambda number: (self._unbound(number), number))
            self.ranked.append(number)
            waiting.remove(number)

    def _before(self, number: int) -> Iterator[list[Pattern]]:
        """The patterns of lower rank in each alternative of the context of a pattern."""
        lower = self.ranked[: self.ranked.index(number)] if number in self.ranked else self.ranked
        for alternative in self.read.contexts[number]:
            yield [self.read.patterns[other] for other in lower if other in alternative]

    def _unbound(self, number: int) -> tuple[bool, int]:
        """Whether a pattern shares no variable with those of lower rank, and the number of its other variables."""
        own = self.read.patterns[number].variables
        unbound = [own - {self.root, *_variables(before)} for before in self._before(number)]
        return any(each == own for each in unbound), max(map(len, unbound))

    def known(self, number: int) -> frozenset[Variable]:
        """The variables that are bound by the patterns of lower rank in every alternative, and the focus node."""
        bound = [{self.root, *_variables(before)} for before in self._before(number)]
        return frozenset(set.intersection(*bound))

    def ends(self, number: int) -> tuple[PropertyPath | Variable, Place, Place]:
        """The path of a pattern from its near end, which is connected if there is one that is, to its far end."""
        pattern, known = self.read.patterns[number], self.known(number)
        if isinstance(pattern.path, Variable) or pattern.subject in known or pattern.object not in known:
            return pattern.path, pattern.subject, pattern.object
        return inverted(pattern.path), pattern.object, pattern.subject

    def probes(self) -> Iterator[tuple[Match, Probe]]:
        """The probes of all patterns, and the changed triples that each of them is for."""
        for number in self.ranked:
            path, near, far = self.ends(number)
            fixed, variable = (far, None) if isinstance(far, NamedNode) else (None, far)
            for before in self._before(number):
                if isinstance(path, Variable):
                    joins = connected(before, {place for place in (near, path, far) if isinstance(place, Variable)})
                    yield Match(None, False, None, fixed), Probe(near, path, variable, None, joins).renamed(self.root)
                    continue
                for step in steps(path):
                    end = variable if step.after is None else None
                    joins = connected(before, {place for place in (near, end) if isinstance(place, Variable)})
                    match = Match(step.predicate, step.is_inverse, step.after, fixed)
                    yield match, Probe(near, None, end, step.before, joins).renamed(self.root)

    def relevant(self, store: Store, nodes: Iterable[Term]) -> set[Triple]:
        """Triples of the default graph that contain all that are relevant to some focus nodes.

        Raises NotUnderstoodError if these cannot be told from others.
        """
        values: dict[Variable, set[Term]] = defaultdict(set)
        values[self.root] = set(nodes)
        triples: set[Triple] = set()
        for number in self.ranked:
            path, near, far = self.ends(number)
            known = self.known(number)
            starts = {near} if isinstance(near, NamedNode) else values[near] if near in known else None
            if isinstance(path, Variable):
                self._read_all(store, path, near, far, known, values, triples)
            elif starts is None:
                self._scan(store, path, near, far, values, triples)
            else:
                found = {(start, end) for start in set(starts) for end in follow(store, path, start, triples)}
                if isinstance(far, Variable):
                    reached = {end for _, end in found}
                    values[far] |= reached
        return triples

    def _read_all(
        self,
        store: Store,
        predicate: Variable,
        near: Place,
        far: Place,
        known: frozenset[Variable],
        values: dict[Variable, set[Term]],
        triples: set[Triple],
    ) -> None:
        """Collects the triples of a pattern whose predicate is a variable, and whose subject or object is known."""
        subjects = {near} if isinstance(near, NamedNode) else values[near] if near in known else None
        objects = {far} if isinstance(far, NamedNode) else values[far] if far in known else None
        if subjects is None and objects is None:
            raise NotUnderstoodError("a pattern that matches every triple")
        if subjects is not None:
            quads = [
                q for s in set(subjects) if isinstance(s, NamedNode | BlankNode) for q in _quads(store, s, None, None)
            ]
        else:
            quads = [quad for node in set(objects or ()) for quad in _quads(store, None, None, node)]
        triples.update(quads)
        for place, term in (
            *((near, triple.subject) for triple in quads),
            *((predicate, triple.predicate) for triple in quads),
            *((far, triple.object) for triple in quads),
        ):
            if isinstance(place, Variable) and place != self.root:
                values[place].add(term)

    def _scan(
        self,
        store: Store,
        path: PropertyPath,
        near: Place,
        far: Place,
        values: dict[Variable, set[Term]],
        triples: set[Triple],
    ) -> None:
        """Collects all triples of a property that is not connected with the focus node."""
        if not isinstance(path, URIRef):
            raise NotUnderstoodError(path)
        for triple in _quads(store, None, name(path), far if isinstance(far, NamedNode) else None):
            triples.add(triple)
            if isinstance(near, Variable):
                values[near].add(triple.subject)
            if isinstance(far, Variable):
                values[far].add(triple.object)


def _quads(
    store: Store, subject: NamedNode | BlankNode | None, predicate: NamedNode | None, value: Term | None
) -> list[Triple]:
    return [quad.triple for quad in store.quads_for_pattern(subject, predicate, value, EVERYTHING)]


def _variables(patterns: Iterable[Pattern]) -> set[Variable]:
    return {variable for pattern in patterns for variable in pattern.variables}


def connected(patterns: list[Pattern], bound: set[Variable]) -> tuple[Pattern, ...]:
    """The patterns that are connected with bound variables, each after one that binds a variable of it."""
    left, ordered, known = [*patterns], [], {*bound}
    while reached := [pattern for pattern in left if pattern.variables & known]:
        ordered.append(min(reached, key=lambda pattern: len(pattern.variables - known)))
        left.remove(ordered[-1])
        known |= ordered[-1].variables
    return (*ordered,)


def solve(
    store: Store, joins: tuple[Pattern, ...], bindings: Bindings, root: Variable, found: set[Term | None]
) -> None:
    """Adds the values of a variable in the solutions of some patterns; None if it is not bound in a solution."""
    if bindings.get(root) in found:
        return
    if not joins:
        found.add(bindings.get(root))
        return
    pattern, *rest = joins
    for more in extended(store, pattern, bindings):
        solve(store, (*rest,), more, root, found)


def extended(store: Store, pattern: Pattern, bindings: Bindings) -> Iterator[Bindings]:
    """Yields bindings extended by each match of a pattern that has a bound variable or an IRI."""
    subject, value = (bindings.get(p) if isinstance(p, Variable) else p for p in (pattern.subject, pattern.object))
    if isinstance(pattern.path, Variable | URIRef):
        predicate = bindings.get(pattern.path) if isinstance(pattern.path, Variable) else name(pattern.path)
        if not isinstance(subject, NamedNode | BlankNode | None) or not isinstance(predicate, NamedNode | None):
            return
        for triple in _quads(store, subject, predicate, value):
            yield from _consistent(pattern, bindings, triple.subject, triple.predicate, triple.object)
    elif subject is not None:
        for end in follow(store, pattern.path, subject):
            yield from _consistent(pattern, bindings, subject, None, end)
    elif value is not None:
        for start in follow(store, inverted(pattern.path), value):
            yield from _consistent(pattern, bindings, start, None, value)


def _consistent(
    pattern: Pattern, bindings: Bindings, subject: Term, predicate: Term | None, value: Term
) -> Iterator[Bindings]:
    """Yields the bindings with those of one match, if no variable would get two values."""
    more = dict(bindings)
    for place, term in ((pattern.subject, subject), (pattern.path, predicate), (pattern.object, value)):
        if isinstance(place, NamedNode):
            if place != term:
                return
        elif isinstance(place, Variable) and term is not None and more.setdefault(place, term) != term:
            return
    yield more


# ── Shapes ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Reach:
    """The nodes to validate again after a difference: for all others, the results are the same as before.

    If `is_everything` is true, all results may differ.
    """

    nodes: frozenset[Term]
    is_everything: bool = False

    def covers(self, focus: str) -> bool:
        """True if the results for a focus node, as `ValidationResult` names it, may differ."""
        return self.is_everything or focus in self._names

    @cached_property
    def _names(self) -> frozenset[str]:
        return frozenset(node.value for node in self.nodes if not isinstance(node, Triple))


Way = tuple[bool, PropertyPath | None, frozenset[NamedNode]]
"""The direction of a changed triple on a path, the path from it to the far end, and the predicates of that path."""


class Probes(Generic[K]):
    """The probes of some plans by what they are for; each with the keys, such as shapes, of its plans."""

    def __init__(self, root: Variable = THIS) -> None:
        self._root = root
        self._ways: dict[NamedNode | None, dict[Way, dict[NamedNode | None, dict[Probe, set[K]]]]] = {}

    def add(self, plan: Plan, key: K) -> None:
        for match, probe in plan.probes():
            after = frozenset(step.predicate for step in steps(match.after)) if match.after is not None else frozenset()
            ends = self._ways.setdefault(match.predicate, {}).setdefault((match.is_inverse, match.after, after), {})
            ends.setdefault(match.far, {}).setdefault(probe, set()).add(key)

    def reached(self, store: Store, changed: Collection[Triple]) -> tuple[set[Term], set[K]]:
        """The focus nodes to which some changed triples are relevant, and the keys of which all focus nodes are."""
        predicates = {triple.predicate for triple in changed}
        nodes: set[Term] = set()
        whole: set[K] = set()
        for triple in changed:
            for is_inverse, probe, keys in self._matching(store, triple, predicates):
                found = probe.focus_nodes(store, triple, is_inverse, self._root)
                if None in found:
                    whole |= keys
                nodes.update(node for node in found if node is not None)
        return nodes, whole

    def matches(self, store: Store, changed: Collection[Triple]) -> bool:
        """True if any of some changed triples matches a pattern."""
        predicates = {triple.predicate for triple in changed}
        return any(True for triple in changed for _ in self._matching(store, triple, predicates))

    def _matching(self, store: Store, triple: Triple, changed: set[NamedNode]) -> Iterator[tuple[bool, Probe, set[K]]]:
        """Yields the probes of the patterns that a triple matches. `changed` are all predicates that changed."""
        for predicate in (triple.predicate, None):
            for (is_inverse, after, later), ends in self._ways.get(predicate, {}).items():
                end = triple.subject if is_inverse else triple.object
                reached: Collection[Term]
                if after is None:
                    reached = (end,)
                elif later & changed:  # the old data may have had another way to the far end
                    reached = [far for far in ends if far is not None]
                else:
                    reached = follow(store, after, end)
                for far in (None, *reached):
                    for probe, keys in ends.get(far, {}).items() if far is None or isinstance(far, NamedNode) else ():
                        yield is_inverse, probe, keys


class Footprint:
    """The footprint of shapes. It is derived from the shapes graph alone, and may be used for any data."""

    def __init__(self, shapes: Graph) -> None:
        self.targets, self._probes = Targets(shapes), Probes[Node]()
        self.plans: dict[Node, Plan | None] = {}
        """For each shape with targets, and each SPARQL-based constraint of one; None if it is not understood."""
        self._whole: set[Node] = set()
        self._is_everything = False
        for shape in shapes_with_targets(shapes):
            self._probes.add(Plan(of_targets(shapes, shape)), shape)
            for part in (shape, *sorted(shapes.objects(shape, SH.sparql), key=str)):
                try:
                    plan = Plan(of_core(shapes, part) if part == shape else of_constraint(shapes, part))
                    self._probes.add(plan, shape)
                except NotUnderstoodError:
                    plan = None
                    self._whole.add(shape)
                    self._is_everything = self._is_everything or part == shape
                self.plans[part] = plan

    def reach(self, store: Store, removed: Iterable[Triple], added: Iterable[Triple]) -> Reach:
        """The nodes whose results may differ between the data before a difference and the default graph after it."""
        changed = {*removed, *added}
        if changed and self._is_everything:
            return Reach(frozenset(), is_everything=True)
        nodes, whole = self._probes.reached(store, changed)
        for shape in whole | (self._whole if changed else set()):
            nodes |= self.targets.focus_nodes(store, shape)
        return Reach(frozenset(nodes))

    def relevant(self, store: Store, part: Node, nodes: Iterable[Term]) -> set[Triple]:
        """Triples with which the results of a shape or constraint for some focus nodes are those with all data.

        Raises NotUnderstoodError if that may be all data.
        """
        plan = self.plans[part]
        if plan is None:
            raise NotUnderstoodError(part)
        return plan.relevant(store, nodes)


# ── Queries ──────────────────────────────────────────────────────────────────────────────────────────────────────────


class QueryFootprint:
    """The footprint of a SELECT query, which has no variables bound beforehand."""

    def __init__(self, query: str, variable: str) -> None:
        self._probes = Probes[None](Variable(variable))
        self.is_understood = self.is_separable = False
        """Whether the triples that it reads are known, and whether its rows can be asked for separately: whether the
        rows with a value of the variable are those of the query in which that value is bound beforehand."""
        try:
            algebra = parse(query, {})
            self._probes.add(Plan(of_query(algebra, Variable(variable)), Variable(variable)), None)
        except ValueError:
            return
        self.is_understood = True
        self.is_separable = is_separable(algebra, Variable(variable))

    def reach(self, store: Store, removed: Iterable[Triple], added: Iterable[Triple]) -> set[Term] | None:
        """The values of the variable whose rows may differ; None if any row may differ."""
        changed = {*removed, *added}
        if not changed:
            return set()
        if not self.is_understood:
            return None
        if not self.is_separable:
            return None if self._probes.matches(store, changed) else set()
        nodes, whole = self._probes.reached(store, changed)
        return None if whole else nodes


def is_separable(query: CompValue, variable: Variable) -> bool:
    """True if the rows of a query with a value of a variable are those of the query with that value bound beforehand.

    The variable must be a column that every solution binds, and by which aggregates group, without LIMIT.
    """
    part, grouped = query.p, False
    while part.name in ("Project", "Distinct", "Reduced", "OrderBy", "Extend", "Filter", "AggregateJoin", "Group"):
        if part.name == "Project" and variable not in part.PV and not grouped:
            return False
        if part.name == "Group":
            grouped = variable in (part.expr or ())
            if not grouped:
                return False
        part = part.p
    return part.name != "Slice" and certain(part, variable) and open_to_all(part, variable)
