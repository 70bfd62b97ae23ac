"""The index: every thing that the sources name, its class as far as it is known, and what it is called."""

from collections.abc import Iterable, Iterator
from functools import cached_property

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from kg.build import Record, Withdrawal
from kg.names import CANONICAL
from kg.read import PROBLEM
from kg.schema import Class, Schema, Values
from kg.suggest import Choices, Named
from kg.tree import scalars

Wanted = tuple[tuple[str, ...], ...]
"""Of what classes (IRIs) a value must be: of one of each group."""

SAME_KIND = 0.04
"""What the kind of a reference adds to the likeness of a thing."""


class Index:
    """The things of a build, by path; those of broken records too, so that references to them do not dangle."""

    def __init__(
        self, schema: Schema, paths: set[str], records: Iterable[Record], withdrawn: dict[str, Withdrawal] | None = None
    ) -> None:
        self.withdrawn = withdrawn or {}
        self._choices: dict[Wanted, Choices] = {}
        self._schema = schema
        self._paths = paths
        self._records = {record.path: record for record in records}

    def __contains__(self, path: object) -> bool:
        return path in self._paths

    @cached_property
    def kinds(self) -> set[str]:
        """The kinds of which there are records."""
        return {path.partition("/")[0] for path in self._paths}

    def class_of(self, path: str) -> Class | None:
        """The class of a thing, if its record says so."""
        record = self._records.get(path)
        kind = self._schema.kinds.get(path.partition("/")[0])
        if record is None or kind is None:
            return None
        given = next((value for key, value in record.node.value if key.value == "type"), None)
        if given is None:
            return kind
        return next((c for c in self._schema.subclasses(kind.iri) if c.name == given.value), None)

    def fits(self, path: str, wanted: Wanted) -> bool:
        """True if a thing is, or for all that is known may be, of the wanted classes."""
        kind = self._schema.kinds.get(path.partition("/")[0])
        known = self.class_of(path)
        classes = [known] if known else self._schema.subclasses(kind.iri) if kind else []
        return any(all(set(group) & set(class_.ancestors) for group in wanted) for class_ in classes)

    def fitting(self, wanted: Wanted) -> Iterator[str]:
        """The paths of the things that are of the wanted classes, in order."""
        return (path for path in sorted(self._paths) if self.fits(path, wanted))

    def suggest(self, text: str, wanted: Wanted) -> list[str]:
        """The things of the wanted classes that a text which names none may have meant, nearest first."""
        plain = text.strip().rstrip("/").removesuffix(".yaml").removeprefix(CANONICAL)
        kind, _, name = plain.rpartition("/")
        kind = kind.rpartition("/")[2]
        if wanted not in self._choices:
            self._choices[wanted] = Choices((called, path) for called, path in self._named if self.fits(path, wanted))
        return self._choices[wanted].nearest(name, lambda path: SAME_KIND if path.startswith(kind + "/") else 0.0)

    @cached_property
    def _named(self) -> list[Named]:
        names = [(path.partition("/")[2], path) for path in self._paths]
        return names + [
            (node.value.rpartition("/")[2], path)
            for path, record in self._records.items()
            for node in self.labels(record.node)
        ]

    def labels(self, node: Node) -> Iterator[ScalarNode]:
        """What a record and its parts are called, in every language; former paths among it."""
        for key, value in node.value if isinstance(node, MappingNode) else ():
            property_ = self._schema.properties.get(key.value) if isinstance(key, ScalarNode) else None
            if property_ is None or PROBLEM in (key.tag, value.tag):
                continue
            if property_.values is Values.PART:
                for part in value.value if isinstance(value, SequenceNode) else [value]:
                    yield from self.labels(part)
            elif self._schema.is_name(property_):
                yield from scalars(value)
