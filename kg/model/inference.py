"""Inference: the rules of an ontology, compiled for look-ups by predicate, and what follows from one triple alone.

The bounds of dates are rules as well: the earliest and the latest xsd:date follow from every date, month and year.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Self

from pyoxigraph import BlankNode, Literal, NamedNode, Triple
from rdflib import Graph

from kg.model.literals import DATES, bounds
from kg.model.rules import Rule, rules
from kg.model.schema import Schema
from kg.names import XSD
from kg.sparql.engine import Term

Node = NamedNode | BlankNode

Statement = tuple[Node, NamedNode, Term]
"""A triple as a tuple, which is faster to make."""

DATE = NamedNode(XSD + "date")

SUBJECT = NamedNode("urn:subject")
"""The subject of a triple of which only the predicate and the object matter."""


@dataclass(frozen=True, slots=True)
class Chain:
    """A rule with several premises: `then` leads from the start to the end of each path of these `steps`."""

    rule: Rule
    then: NamedNode
    steps: tuple[NamedNode, ...]


class Inference:
    """The rules of an ontology, and the properties for the bounds of dates by the IRI of the date's property.

    It can be pickled. The subject of every conclusion is an IRI.
    """

    def __init__(self, ontology: Graph, bounds: Mapping[str, tuple[str, str]]) -> None:
        self.rules = rules(ontology)
        self.chains: list[Chain] = []
        """The rules with several premises."""
        self.chains_by_step: dict[NamedNode, list[tuple[Chain, int]]] = defaultdict(list)
        """The chains in which a predicate occurs, each with the index of its step."""
        self.chains_by_conclusion: dict[NamedNode, list[Chain]] = defaultdict(list)
        self._by_premise: dict[NamedNode, list[tuple[NamedNode, bool]]] = defaultdict(list)
        self._by_conclusion: dict[NamedNode, list[tuple[NamedNode, bool]]] = defaultdict(list)
        """The predicate on the other side of a rule, and whether subject and object change places."""
        self._by_value: dict[tuple[NamedNode, Term], list[tuple[NamedNode, Term]]] = defaultdict(list)
        self._by_concluded_value: dict[tuple[NamedNode, Term], list[tuple[NamedNode, Term]]] = defaultdict(list)
        """The predicate and object on the other side of a rule for one object, such as a class."""
        self.bounds = {NamedNode(iri): (NamedNode(first), NamedNode(last)) for iri, (first, last) in bounds.items()}
        self._dates: dict[NamedNode, list[tuple[NamedNode, int]]] = defaultdict(list)
        """The properties of dates by the properties of their bounds, with 0 for the earliest and 1 for the latest."""
        for date, ends in self.bounds.items():
            for index, end in enumerate(ends):
                self._dates[end].append((date, index))
        for rule in self.rules:
            self._add(rule)
        self._steps_before_others = frozenset(step for each in self.chains for step in each.steps[:-1])
        self._of_values: dict[tuple[NamedNode, Term], tuple[tuple[NamedNode, Term], ...] | None] = {}
        self._of_properties = self._closures()

    @classmethod
    def of(cls, schema: Schema) -> Self:
        """The rules and the bounds of dates of a schema."""
        return cls(schema.ontology, {p.iri: p.bounds for p in schema.properties.values() if p.bounds})

    def local(self, triples: Iterable[Triple]) -> Iterator[Triple]:
        """Everything that follows from some triples, each conclusion once, without the given triples themselves.

        If all asserted triples about a subject are given, then the conclusions about this subject are not asserted;
        a conclusion about another subject may be.
        """
        found = dict.fromkeys(triples)
        given = len(found)
        new = list(found)
        while new:
            known = len(found)
            for triple in new:
                found |= dict.fromkeys(Triple(*statement) for statement in self.follow_from(*triple))
            found |= dict.fromkeys(Triple(*statement) for statement in self._join(found))
            new = list(islice(found, known, None))
        return islice(found, given, None)

    def open_steps(self, triples: Iterable[Triple], subjects: Collection[Term]) -> set[NamedNode]:
        """The predicates with which some triples lead to a node of which not all triples are known to be among them.

        `subjects` are the nodes whose triples are all among these. A path of a chain can continue in other triples
        only after such a predicate.
        """
        steps = self._steps_before_others
        return {t.predicate for t in triples if t.predicate in steps and t.object not in subjects}

    def _join(self, triples: Iterable[Triple]) -> Iterator[Statement]:
        """What follows from some triples by one rule with several premises."""
        objects: dict[NamedNode, dict[Term, list[Term]]] = {step: defaultdict(list) for step in self.chains_by_step}
        for triple in triples:
            if triple.predicate in objects:
                objects[triple.predicate][triple.subject].append(triple.object)
        for each in self.chains:
            first, *others = (objects[step] for step in each.steps)
            for start, ends in first.items():
                for step in others:
                    ends = [after for end in ends for after in step.get(end, ())]
                if isinstance(start, NamedNode):
                    yield from ((start, each.then, end) for end in ends)

    def follow_from(self, subject: Node, predicate: NamedNode, object_: Term) -> Iterable[Statement]:
        """Everything that follows from one triple; the triple itself may be among it."""
        if predicate not in self._of_properties:
            return ()
        if isinstance(subject, NamedNode):
            of_property = self._of_properties[predicate]
            if of_property is None:
                of_value = self._follow_from_value(predicate, object_)
                if of_value is not None:
                    return [(subject, other, value) for other, value in of_value]
            elif isinstance(object_, NamedNode):
                return [
                    (object_, other, subject) if is_swapped else (subject, other, object_)
                    for other, is_swapped in of_property[True]
                ]
            else:
                return [(subject, other, object_) for other, _ in of_property[False]]
        return self._fixpoint((subject, predicate, object_))

    def conclusions(self, subject: Node, predicate: NamedNode, object_: Term) -> Iterator[Statement]:
        """What follows from a triple by one rule with one premise."""
        for other, is_swapped in self._by_premise.get(predicate, ()):
            if is_swapped and isinstance(object_, NamedNode):
                yield object_, other, subject
            elif not is_swapped and isinstance(subject, NamedNode):
                yield subject, other, object_
        if isinstance(subject, NamedNode):
            for other, value in self._by_value.get((predicate, object_), ()):
                yield subject, other, value
            if predicate in self.bounds and isinstance(object_, Literal) and object_.datatype.value in DATES:
                for other, day in zip(self.bounds[predicate], bounds(object_.value), strict=True):
                    yield subject, other, Literal(day, datatype=DATE)

    def premises(self, triple: Triple) -> Iterator[Triple]:
        """The triples from each of which a triple follows by one rule with one premise."""
        subject, predicate, object_ = triple
        if not isinstance(subject, NamedNode):
            return
        for other, is_swapped in self._by_conclusion.get(predicate, ()):
            if not is_swapped:
                yield Triple(subject, other, object_)
            elif not isinstance(object_, Literal):
                yield Triple(object_, other, subject)
        for other, value in self._by_concluded_value.get((predicate, object_), ()):
            yield Triple(subject, other, value)
        for other, end in self._dates.get(predicate, ()):
            if isinstance(object_, Literal) and object_.datatype == DATE:
                for date in dates_with_bound(object_.value, end):
                    yield Triple(subject, other, date)

    def _add(self, rule: Rule) -> None:
        _, predicate, value = rule.then
        then = node(predicate)
        if len(rule.when) > 1:
            chain = Chain(rule, then, tuple(node(step) for _, step, _ in rule.when))
            self.chains.append(chain)
            self.chains_by_conclusion[then].append(chain)
            for index, step in enumerate(chain.steps):
                self.chains_by_step[step].append((chain, index))
            return
        for subject, premise, object_ in rule.when:
            if object_.startswith("?"):
                self._by_premise[node(premise)].append((then, subject != "?s"))
                self._by_conclusion[then].append((node(premise), subject != "?s"))
            else:
                self._by_value[node(premise), node(object_)].append((then, node(value)))
                self._by_concluded_value[then, node(value)].append((node(premise), node(object_)))

    def _follow_from_value(self, predicate: NamedNode, object_: Term) -> tuple[tuple[NamedNode, Term], ...] | None:
        """The predicates and objects that follow for a subject; None if they depend on the subject."""
        key = predicate, object_
        if key not in self._of_values:
            found = self._fixpoint((SUBJECT, predicate, object_))
            is_same = all(subject == SUBJECT and value != SUBJECT for subject, _, value in found)
            self._of_values[key] = tuple((other, value) for _, other, value in found) if is_same else None
        return self._of_values[key]

    def _fixpoint(self, statement: Statement) -> list[Statement]:
        found = {statement: None}
        waiting = [statement]
        while waiting:
            new = [each for each in self.conclusions(*waiting.pop()) if each not in found]
            found |= dict.fromkeys(new)
            waiting += new
        return [each for each in found if each != statement]

    def _closures(self) -> dict[NamedNode, tuple[list[tuple[NamedNode, bool]], list[tuple[NamedNode, bool]]] | None]:
        """What follows from a predicate, for objects that are not IRIs and for IRIs; None if the object matters."""
        valued = {predicate for predicate, _ in self._by_value} | set(self.bounds)
        closures: dict[NamedNode, tuple[list[tuple[NamedNode, bool]], list[tuple[NamedNode, bool]]] | None] = {}
        for predicate in {*self._by_premise, *valued}:
            kept, all_ = self._reach(predicate, False), self._reach(predicate, True)
            depends = predicate in valued or any(other in valued for other, _ in all_)
            closures[predicate] = None if depends else (kept, all_)
        return closures

    def _reach(self, predicate: NamedNode, is_iri: bool) -> list[tuple[NamedNode, bool]]:
        """The predicates that follow from a predicate by rules of properties, and whether its triples are swapped."""
        start = (predicate, False)
        reached, waiting = {start: None}, [start]
        while waiting:
            current, swapped = waiting.pop()
            for other, is_swapped in self._by_premise.get(current, ()):
                after = (other, swapped != is_swapped)
                if after not in reached and (is_iri or not is_swapped):
                    reached[after] = None
                    waiting.append(after)
        return [each for each in reached if each != start]


def node(term: str) -> NamedNode:
    """An IRI in SPARQL as a node."""
    return NamedNode(term[1:-1])


def dates_with_bound(day: str, end: int) -> Iterator[Literal]:
    """The date, month and year whose earliest (0) or latest (1) day is a day."""
    for text, datatype in ((day, "date"), (day[:7], "gYearMonth"), (day[:4], "gYear")):
        if bounds(text)[end] == day:
            yield Literal(text, datatype=NamedNode(XSD + datatype))
