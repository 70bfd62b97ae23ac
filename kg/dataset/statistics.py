"""Statistics: counts of the triples of the default graph, from which the description of the dataset is made.

Each triple is counted by the classes of its subject, its property, and the classes or the datatype of its object. The
counts of two sets of triples can be added and subtracted, so the parts of a graph can be counted separately, and after
an edit only those triples are counted that the edit affects.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TypeVar

from pyoxigraph import BlankNode, DefaultGraph, Literal, NamedNode, Quad, Store, Triple

from kg.names import RDF_TYPE, Names
from kg.sparql.oxigraph import select
from kg.sparql.quads import PlainTriple

Term = NamedNode | BlankNode | Literal | Triple
T = TypeVar("T", bound=Term)

Classes = tuple[str, ...]
"""The IRIs of the classes of our vocabulary that a subject is asserted to have, in order; inferred ones are left out.
"""

ClassesOf = Callable[[str], Classes]
"""A function from the IRI of a subject to its classes; empty for any other resource."""

CACHED = 1 << 16
"""Number of subjects whose classes are kept in memory."""

TOTALS = "SELECT (COUNT(DISTINCT ?s) AS ?subjects) (COUNT(DISTINCT ?o) AS ?objects) WHERE { ?s ?p ?o }"

TYPE = NamedNode(RDF_TYPE)


@dataclass(slots=True)
class Statistics:
    """Counts of triples; those of a difference of two graphs can be negative.

    `subjects` and `objects` are the numbers of different ones. `instances` are counted by class, inferred classes
    included. `triples` are counted by the classes of the subject, the property, and the datatype of the object or its
    classes. `days` are the earliest and latest days of dates (xsd:date), counted by day.
    """

    subjects: int = 0
    objects: int = 0
    instances: Counter[str] = field(default_factory=Counter)
    triples: Counter[tuple[Classes, str, str | Classes]] = field(default_factory=Counter)
    days: Counter[str] = field(default_factory=Counter)

    def add(self, other: "Statistics") -> None:
        """Adds the counts of other triples."""
        self.subjects += other.subjects
        self.objects += other.objects
        self.instances.update(other.instances)
        self.triples.update(other.triples)
        self.days.update(other.days)

    def subtract(self, other: "Statistics") -> None:
        """Subtracts the counts of other triples."""
        self.subjects -= other.subjects
        self.objects -= other.objects
        self.instances.subtract(other.instances)
        self.triples.subtract(other.triples)
        self.days.subtract(other.days)

    @property
    def span(self) -> tuple[str, str] | None:
        """The first and the last day that the dates can mean; None if there are no dates."""
        days = [day for day, number in self.days.items() if number]
        return (min(days), max(days)) if days else None

    @property
    def terms(self) -> frozenset[str]:
        """The properties and the classes of the triples."""
        properties = {property_ for (_, property_, _), number in self.triples.items() if number}
        return frozenset(properties | {class_ for class_, number in self.instances.items() if number})

    def as_json(self) -> bytes:
        """The counts as JSON, in a fixed order and without zeros."""
        written = [
            self.subjects,
            self.objects,
            sorted((class_, number) for class_, number in self.instances.items() if number),
            sorted((*key, number) for key, number in self.triples.items() if number and isinstance(key[2], str)),
            sorted((*key, number) for key, number in self.triples.items() if number and isinstance(key[2], tuple)),
            sorted((day, number) for day, number in self.days.items() if number),
        ]
        return json.dumps(written, separators=(",", ":")).encode()

    @classmethod
    def from_json(cls, text: bytes) -> "Statistics":
        """The counts that `as_json` has written."""
        subjects, objects, instances, literals, resources, days = json.loads(text)
        triples: Counter[tuple[Classes, str, str | Classes]] = Counter()
        triples.update(
            {((*classes,), property_, datatype): number for classes, property_, datatype, number in literals}
        )
        triples.update({((*classes,), property_, (*of,)): number for classes, property_, of, number in resources})
        return cls(subjects, objects, Counter(dict(instances)), triples, Counter(dict(days)))


class Counting:
    """Counts triples; `bounds` are the IRIs of the properties for the earliest and the latest day of dates."""

    def __init__(self, names: Names, bounds: Iterable[str]) -> None:
        self._vocabulary, self._inferred, self.bounds = names.vocabulary, NamedNode(names.inferred), frozenset(bounds)

    def whole(self, store: Store) -> Statistics:
        """The statistics of the default graph of a store."""
        triples = [*map(PlainTriple.of, store.quads_for_pattern(None, None, None, DefaultGraph()))]
        counted = self.triples(triples, self.classes_in(store))
        [(subjects, objects)] = select(store, TOTALS).rows
        counted.subjects, counted.objects = int(subjects.value), int(objects.value)
        return counted

    def part(self, triples: Sequence[PlainTriple], elsewhere: ClassesOf) -> Statistics:
        """The statistics of some subjects, without `objects`, from all of their triples.

        `elsewhere` returns the classes of other subjects.
        """
        subjects = {triple.subject for triple in triples}
        classes = self._classes((t.subject, t.value) for t in triples if t.predicate == RDF_TYPE and not t.is_inferred)
        counted = self.triples(triples, lambda s: classes.get(s, ()) if s in subjects else elsewhere(s))
        counted.subjects = len(subjects)
        return counted

    def triples(self, triples: Sequence[PlainTriple], classes_of: ClassesOf) -> Statistics:
        """The statistics of some triples, without `subjects` and `objects`."""
        return Statistics(
            instances=Counter(t.value for t in triples if t.predicate == RDF_TYPE),
            triples=Counter(
                (
                    classes_of(subject),
                    predicate,
                    object_.datatype.value if isinstance(object_, Literal) else classes_of(value),
                )
                for subject, predicate, object_, value, *_ in triples
            ),
            days=Counter(t.value for t in triples if t.predicate in self.bounds),
        )

    def classes_in(self, store: Store) -> ClassesOf:
        """A function that returns the classes of a subject of a store, which must not change."""

        @lru_cache(CACHED)
        def classes_of(subject: str) -> Classes:
            def stated(graph: DefaultGraph | NamedNode) -> set[str]:
                return {iri(quad.object) for quad in store.quads_for_pattern(NamedNode(subject), TYPE, None, graph)}

            ours = {class_ for class_ in stated(DefaultGraph()) if class_.startswith(self._vocabulary)}
            return (*sorted(ours - stated(self._inferred)),) if ours else ()

        return classes_of

    def difference(self, store: Store, removed: Set[Quad], added: Set[Quad]) -> Statistics:
        """The statistics of the default graph after an edit minus those before it.

        `store` is the store after the edit. `removed` are the quads of the default graph and of the inferred graph that
        existed only before the edit, and `added` are those that exist only after it. If the edit changes the classes of
        a subject, all triples with this subject or object are counted again.
        """

        def of_subject(term: NamedNode | BlankNode | Triple) -> Iterator[Quad]:
            return store.quads_for_pattern(term, None, None, DefaultGraph())

        def of_object(term: Term) -> Iterator[Quad]:
            return store.quads_for_pattern(None, None, term, DefaultGraph())

        gone, new = ({quad for quad in quads if quad.graph_name == DefaultGraph()} for quads in (removed, added))
        classes_of, retyped = self.classes_in(store), self._retyped(store, removed, added)
        again = {quad for node in map(NamedNode, retyped) for quad in (*of_subject(node), *of_object(node))}
        counted = self.triples([*map(PlainTriple.of, again | new)], classes_of)
        before = [*map(PlainTriple.of, again - new | gone)]
        counted.subtract(self.triples(before, lambda s: retyped[s] if s in retyped else classes_of(s)))
        counted.subjects = gained({q.subject for q in gone}, {q.subject for q in new}, new, of_subject)
        counted.objects = gained({q.object for q in gone}, {q.object for q in new}, new, of_object)
        return counted

    def _retyped(self, store: Store, removed: Set[Quad], added: Set[Quad]) -> dict[str, Classes]:
        """The classes that each subject had before an edit, for the subjects whose classes the edit changes."""
        types = {quad for quad in removed if quad.predicate == TYPE}
        subjects = {quad.subject for quad in types} | {quad.subject for quad in added if quad.predicate == TYPE}
        after = {quad for subject in subjects for quad in self._types(store, subject)}
        classes_before, classes_after = self._asserted((after - added) | types), self._asserted(after)
        return {
            subject: classes_before.get(subject, ())
            for subject in map(iri, subjects)
            if classes_before.get(subject) != classes_after.get(subject)
        }

    def _types(self, store: Store, subject: NamedNode | BlankNode | Triple) -> Iterator[Quad]:
        """The quads that state the classes of a subject."""
        for graph in (DefaultGraph(), self._inferred):
            yield from store.quads_for_pattern(subject, TYPE, None, graph)

    def _asserted(self, types: Iterable[Quad]) -> dict[str, Classes]:
        """The classes of some subjects, from all quads that state them in the default graph or the inferred graph."""
        asserted, inferred = set[tuple[str, str]](), set[tuple[str, str]]()
        for quad in types:
            stated = inferred if quad.graph_name == self._inferred else asserted
            stated.add((iri(quad.subject), iri(quad.object)))
        return self._classes(asserted - inferred)

    def _classes(self, asserted: Iterable[tuple[str, str]]) -> dict[str, Classes]:
        """The classes of some subjects, from pairs of a subject and a class that it is asserted to have."""
        by_subject: dict[str, list[str]] = defaultdict(list)
        for subject, class_ in sorted(asserted):
            if class_.startswith(self._vocabulary):
                by_subject[subject].append(class_)
        return {subject: (*classes,) for subject, classes in by_subject.items()}


def gained(gone: Set[T], new: Set[T], added: Set[Quad], quads_of: Callable[[T], Iterable[Quad]]) -> int:
    """The number of different subjects or objects after an edit minus that before it.

    `gone` and `new` are those of the removed and of the added triples; `quads_of` returns the triples with one of them
    after the edit.
    """
    number = 0
    for term in gone | new:
        was, is_ = term in gone, False
        for quad in quads_of(term):
            is_ = True
            was = was or quad not in added
            if was:
                break
        number += is_ - was
    return number


def iri(term: Term) -> str:
    """The IRI of a subject or of an object that is not a literal; data has no blank nodes."""
    assert isinstance(term, NamedNode)
    return term.value
