"""A triple index: the objects of some triples by subject and predicate, as pages look them up."""

from collections.abc import Iterable, Iterator

from pyoxigraph import Literal, NamedNode, Triple

Object = NamedNode | Literal


class TripleIndex:
    """The objects of triples by the IRIs of subject and predicate, in the order of the triples.

    Triples with a blank node or a quoted triple are left out; the data has none.
    """

    def __init__(self, triples: Iterable[Triple]) -> None:
        self._objects: dict[str, dict[str, list[Object]]] = {}
        for triple in triples:
            if isinstance(triple.subject, NamedNode) and isinstance(triple.object, NamedNode | Literal):
                predicates = self._objects.setdefault(triple.subject.value, {})
                predicates.setdefault(triple.predicate.value, []).append(triple.object)

    def __contains__(self, subject: str) -> bool:
        return subject in self._objects

    def __iter__(self) -> Iterator[str]:
        """The subjects."""
        return iter(self._objects)

    def predicates(self, subject: str) -> list[str]:
        """The predicates of a subject; none for a subject without triples."""
        return [*self._objects.get(subject, ())]

    def objects(self, subject: str, predicate: str) -> list[Object]:
        """The objects of a subject and a predicate; none if there is no such triple."""
        return [*self._objects.get(subject, {}).get(predicate, ())]

    def literals(self, subject: str, predicate: str) -> list[Literal]:
        """Those of the objects that are literals."""
        return [each for each in self.objects(subject, predicate) if isinstance(each, Literal)]


NOTHING = TripleIndex(())
"""The index of no triples."""
