"""Explain: where each triple of a thing comes from, and which triples a line states."""

import os
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from pyoxigraph import BlankNode, DefaultGraph, Literal, NamedNode, Quad, Triple, Variable
from yaml.nodes import Node

from kg.diagnostics.report import relative
from kg.model.rules import Pattern, Rule, rules, sparql
from kg.names import RDF_TYPE, XSD, Names
from kg.sources.record import Record
from kg.sparql.oxigraph import select
from kg.steps.locate import statement_of
from kg.steps.model import place_of
from kg.steps.results import DataGraph, Model, Sources


@dataclass(frozen=True, slots=True)
class Reason:
    """The reason why a triple holds: the `place` where a source states it, or a rule and its premises."""

    triple: Triple
    place: str | None = None
    rule: str | None = None
    premises: tuple["Reason", ...] = ()

    def rests_on(self, triples: set[Triple]) -> bool:
        """True if this is one of some triples, or follows from one of them."""
        return self.triple in triples or any(premise.rests_on(triples) for premise in self.premises)


@dataclass
class Explainer:
    """Finds the reasons of the triples of a data graph."""

    model: Model
    graph: DataGraph
    _known: dict[Triple, Reason] = field(default_factory=dict)

    def thing(self, iri: str) -> list[Reason]:
        """The reasons of all triples about a thing or part, and about the parts of it, in order."""
        subjects = [*([iri] if iri in self.graph.nodes else []), *sorted(self.graph.parts(iri))]
        return [self.reason(triple) for subject in subjects for triple in self._about(subject)]

    def line(self, file: Path, line: int) -> tuple[list[Reason], list[Reason]]:
        """The triples that a line of a source states, and those that follow from them."""
        things = [self.model.names.thing(path) for path in self.graph.in_file(file) if self.graph.stated[path].sound]
        subjects = [subject for thing in things for subject in (thing, *self.graph.parts(thing))]
        stated: list[Triple] = []
        for subject in subjects:
            for triple in self._about(subject):
                place = statement_of(self.model, self.graph, triple) if self._is_asserted(triple) else None
                if place is not None and is_on(place[1], line):
                    stated.append(triple)
        near = {triple.subject.value for triple in stated if isinstance(triple.subject, NamedNode)}
        near |= {triple.object.value for triple in stated if isinstance(triple.object, NamedNode)}
        on_line = set(stated)
        follow = [
            reason
            for subject in sorted(iri for iri in near if iri in self.graph.nodes)
            for triple in self._about(subject)
            if not self._is_asserted(triple) and (reason := self.reason(triple)).rests_on(on_line)
        ]
        return [self.reason(triple) for triple in stated], follow

    def reason(self, triple: Triple, above: tuple[Triple, ...] = ()) -> Reason:
        """The reason why a triple holds; if there are several derivations, preferably one from stated triples."""
        if triple in self._known:
            return self._known[triple]
        if self._is_asserted(triple):
            reason = Reason(triple, place=self._place(triple))
        else:
            reason = self._derivation(triple, (*above, triple))
        if not above:
            self._known[triple] = reason
        return reason

    @cached_property
    def _rules(self) -> dict[str, list[Rule]]:
        """The rules by the predicate of their conclusion."""
        rules_by_property: dict[str, list[Rule]] = defaultdict(list)
        for rule in rules(self.model.schema.ontology):
            rules_by_property[rule.then[1]].append(rule)
        return rules_by_property

    def _about(self, subject: str) -> list[Triple]:
        quads = self.graph.store.quads_for_pattern(NamedNode(subject), None, None, DefaultGraph())
        return sorted((quad.triple for quad in quads), key=lambda t: (t.predicate.value != RDF_TYPE, str(t)))

    def _is_asserted(self, triple: Triple) -> bool:
        graph = NamedNode(self.model.names.inferred)
        return Quad(triple.subject, triple.predicate, triple.object, graph) not in self.graph.store

    def _place(self, triple: Triple) -> str:
        statement = statement_of(self.model, self.graph, triple)
        if statement is None:
            return "the ontology"
        return place(*statement)

    def _derivation(self, triple: Triple, above: tuple[Triple, ...]) -> Reason:
        if (bound := self._bound(triple)) is not None:
            return bound
        fallback = Reason(triple, rule="a rule of the ontology")
        for rule in self._rules.get(str(triple.predicate), ()):
            for premises in self._premises(rule, triple):
                if set(premises) & set(above):
                    continue
                reason = Reason(triple, None, rule.name, tuple(self.reason(premise, above) for premise in premises))
                if all(self._is_asserted(premise) for premise in premises):
                    return reason
                fallback = reason if not fallback.premises else fallback
        return fallback

    def _premises(self, rule: Rule, triple: Triple) -> Iterator[tuple[Triple, ...]]:
        """The premises of a triple by a rule, for each possible derivation."""
        bound: dict[str, NamedNode | Literal] = {}
        for pattern, term in zip(rule.then, (triple.subject, triple.predicate, triple.object), strict=True):
            if not isinstance(term, NamedNode | Literal):
                return
            if pattern.startswith("?"):
                bound[pattern] = term
            elif pattern != str(term):
                return
        given: dict[Variable, NamedNode | BlankNode | Literal | Triple] = {Variable(n[1:]): t for n, t in bound.items()}
        for solution in select(self.graph.store, f"SELECT * WHERE {{ {sparql(*rule.when)} }}", substitutions=given):
            terms = {**bound, **{f"?{name}": term for name, term in solution.items()}}
            yield tuple(filled(pattern, terms) for pattern in rule.when)

    def _bound(self, triple: Triple) -> Reason | None:
        """The reason of the earliest or latest day of a date."""
        property_ = self.model.schema.property_of(triple.predicate.value)
        if property_ is None or triple.predicate.value == property_.iri or not property_.bounds:
            return None
        end = "first" if triple.predicate.value == property_.bounds[0] else "last"
        dates = self.graph.store.quads_for_pattern(triple.subject, NamedNode(property_.iri), None, DefaultGraph())
        premises = tuple(self.reason(quad.triple) for quad in dates)
        return Reason(triple, None, f"the {end} day that <{property_.iri}> can mean", premises)


def filled(pattern: Pattern, terms: dict[str, object]) -> Triple:
    """A triple pattern with its variables replaced by terms."""
    subject, predicate, object_ = (terms[p] if p.startswith("?") else NamedNode(p[1:-1]) for p in pattern)
    return Triple(subject, predicate, object_)  # type: ignore[arg-type]  # the store holds no other terms


def place(record: Record, node: Node) -> str:
    """The place of a node, in the form on which an editor or terminal can be clicked."""
    return f"{relative(record.file)}:{node.start_mark.line + 1}:{node.start_mark.column + 1}"


def is_on(node: Node, line: int) -> bool:
    """True if a value is on a line (from 1); a map or list is on the line on which it begins."""
    first, last = node.start_mark.line + 1, node.end_mark.line + 1
    if node.end_mark.column == 0 and last > first:
        last -= 1
    return first <= line <= last if isinstance(node.value, str) else first == line


def describe_term(model: Model, iri: str) -> list[str]:
    """What the ontology says about one of its terms, as lines of text after the place of its declaration."""
    statements = sorted(
        str(quad.predicate.value) + "\t" + short(model.names, quad.object)
        for quad in model.ontology
        if quad.subject == NamedNode(iri) and not isinstance(quad.object, BlankNode)
    )
    if not statements or not iri.startswith(model.names.vocabulary):
        return []
    file, line, column, _ = place_of(model.sources, model.names, iri)
    lines = (line.split("\t", 1) for line in statements)
    return [
        f"{model.names.compact(iri)}  ← {relative(file)}:{line}:{column}",
        *(f"  {short(model.names, NamedNode(predicate))} {object_}" for predicate, object_ in lines),
    ]


def describe_key(model: Model, name: str) -> list[str]:
    """What the ontology says about the property of a key, and the messages that kinds and parts have for it."""
    schema = model.schema
    if name not in schema.properties:
        return []
    messages: dict[str, list[str]] = {}
    for class_ in sorted(schema.classes.values(), key=lambda class_: class_.name):
        key = schema.keys(class_).get(name)
        if key and not class_.abstract:
            messages.setdefault(key.message, []).append(model.names.compact(class_.iri))
    lines = [f"  of {', '.join(classes)}: {message}".removesuffix(": ") for message, classes in messages.items()]
    return [*describe_term(model, schema.properties[name].iri), *lines]


def named_class(model: Model, name: str) -> str | None:
    """The IRI of the class whose kind or name is `name`."""
    iris = (class_.iri for class_ in model.schema.classes.values() if name in (class_.kind, class_.name))
    return next(iris, None)


def path_in_data(sources: Sources, what: str) -> str | None:
    """The path of the thing or kind of a file or folder of the data, with or without suffix: `state/norway`, `state`.

    None if it is not in a data directory.
    """
    file = Path(os.path.abspath(what))
    for root in sources.data:
        if file != (root := Path(os.path.abspath(root))) and file.is_relative_to(root):
            return file.relative_to(root).as_posix().removesuffix(".yaml").removesuffix(".yml")
    return None


def tell(names: Names, reasons: list[Reason]) -> Iterator[str]:
    """Reasons as lines of text: the triple, its place or its rule, and, indented, the premises."""
    subject = None
    for reason in reasons:
        if reason.triple.subject != subject:
            subject = reason.triple.subject
            yield short(names, subject)
        yield from tell_one(names, reason, "  ", False)


def tell_one(names: Names, reason: Reason, indent: str, with_subject: bool) -> Iterator[str]:
    terms = [reason.triple.predicate, reason.triple.object]
    words = [short(names, term) for term in ([reason.triple.subject, *terms] if with_subject else terms)]
    if reason.place is not None:
        yield f"{indent}{' '.join(words)}  ← {reason.place}"
        return
    rule = " ".join(names.compact(w[1:-1]) if w.startswith("<") else w for w in str(reason.rule).split())
    yield f"{indent}{' '.join(words)}  ← {rule}"
    for premise in reason.premises:
        yield from tell_one(names, premise, indent + "    ", True)


def short(names: Names, term: object) -> str:
    """A term in a readable form."""
    if isinstance(term, NamedNode):
        return "a" if term.value == RDF_TYPE else names.compact(term.value)
    if isinstance(term, Literal):
        if term.language or term.datatype.value == XSD + "string":
            return str(term)
        return f'"{term.value}"^^{names.compact(term.datatype.value)}'
    return str(term)
