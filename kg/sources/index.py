"""The index: every thing that the sources name, its class as far as it is known, and its names."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Set
from functools import cached_property
from urllib.parse import unquote

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from kg.diagnostics.suggest import Choices, Named
from kg.model.identifiers import AROUND, OURS, identifies
from kg.model.schema import Class, Schema, Values
from kg.names import CANONICAL
from kg.sources.record import Record, Withdrawal
from kg.sources.yaml_tree import PROBLEM, scalars
from kg.text.folding import as_name, fold

Wanted = tuple[tuple[str, ...], ...]
"""Required classes (IRIs) of a value: the value must belong to one class of each group."""

SAME_KIND = 0.04
"""The amount by which the kind of a reference raises the similarity of a thing."""


class Index:
    """The things of a build, by path.

    Things with broken records are included, so that references to them do not dangle. If the folder of a kind is
    `unread`, any name of that kind may exist.
    """

    def __init__(
        self,
        schema: Schema,
        paths: Set[str],
        records: Iterable[Record],
        withdrawn: dict[str, Withdrawal] | None = None,
        unread: Set[str] = frozenset(),
    ) -> None:
        self.withdrawn = withdrawn or {}
        self._unread = unread
        self._choices: dict[Wanted, Choices] = {}
        self._schema = schema
        self._paths = paths
        self._records = {record.path: record for record in records}

    def __contains__(self, path: object) -> bool:
        return path in self._paths or str(path).partition("/")[0] in self._unread

    @cached_property
    def kinds(self) -> set[str]:
        """The kinds that have records."""
        return {path.partition("/")[0] for path in self._paths}

    def class_of(self, path: str) -> Class | None:
        """The class of a thing, if its record determines it."""
        record = self._records.get(path)
        kind = self._schema.kinds.get(path.partition("/")[0])
        if record is None or kind is None:
            return None
        given = next((value for key, value in record.node.value if key.value == "type"), None)
        if given is None:
            return kind
        return next((c for c in self._schema.subclasses(kind.iri) if c.name == given.value), None)

    def fits(self, path: str, wanted: Wanted) -> bool:
        """True if a thing belongs, or may belong, to the required classes."""
        kind = self._schema.kinds.get(path.partition("/")[0])
        known = self.class_of(path)
        classes = [known] if known else self._schema.subclasses(kind.iri) if kind else []
        return any(all(set(group) & set(class_.ancestors) for group in wanted) for class_ in classes)

    def fitting(self, wanted: Wanted) -> Iterator[str]:
        """The paths of the things that belong to the required classes, in order."""
        return (path for path in sorted(self._paths) if self.fits(path, wanted))

    def suggest(self, text: str, wanted: Wanted) -> list[str]:
        """The things of the required classes that a text which does not name a thing may mean, best match first."""
        plain = text.strip().rstrip("/").removesuffix(".yaml").removeprefix(CANONICAL)
        kind, _, name = plain.rpartition("/")
        kind = kind.rpartition("/")[2]
        if wanted not in self._choices:
            self._choices[wanted] = Choices((called, path) for called, path in self._named if self.fits(path, wanted))
        return self._choices[wanted].nearest(name, lambda path: SAME_KIND if path.startswith(kind + "/") else 0.0)

    def exactly(self, text: str, wanted: Wanted) -> list[str]:
        """The things of the required classes that a text names by path, address, label, former name or code."""
        plain = unquote(text.strip().strip(AROUND + ".")).replace("\\", "/")
        ours = OURS.fullmatch(plain.partition("#")[0].partition("?")[0].lower())
        path = ours[1] if ours else re.sub(r"\.ya?ml$", "", plain.lower()).strip("/")
        path = re.sub(r"\s*[:/]\s*", "/", path) if re.fullmatch(r"[\w-]+\s*[:/]\s*[\w .-]+", path) else path
        tried = ["/".join(map(as_name, path.split("/")[-2:])), *self._former.get(path, ())]
        paths = [other for other in tried if other in self._paths]
        paths += self._exact.get(fold(plain), ()) or self._exact.get(fold(path.rpartition("/")[2]), ())
        return [other for other in dict.fromkeys(paths) if self.fits(other, wanted)]

    @cached_property
    def _exact(self) -> dict[str, list[str]]:
        """The things by their folded names and codes."""
        named: dict[str, list[str]] = defaultdict(list)
        for name, path in [*self._named, *self._codes]:
            if (folded := fold(name)) and path not in named[folded]:
                named[folded].append(path)
        return named

    @cached_property
    def _former(self) -> dict[str, list[str]]:
        """The things by their former paths."""
        former: dict[str, list[str]] = defaultdict(list)
        key = self._schema.names.renamed_from.removeprefix(self._schema.names.vocabulary)
        for path, record in self._records.items():
            for node in [n for k, value in record.node.value if k.value == key for n in scalars(value)]:
                former[node.value if "/" in node.value else f"{record.kind}/{node.value}"].append(path)
        return former

    @property
    def _codes(self) -> Iterator[Named]:
        """The values that identify a thing, except addresses: a code, a symbol."""
        codes = {
            key
            for key, p in self._schema.properties.items()
            if p.values is Values.LITERAL and identifies(p, self._schema)
        }
        for path, record in self._records.items():
            for key, value in record.node.value:
                if isinstance(key, ScalarNode) and key.value in codes and PROBLEM not in (key.tag, value.tag):
                    yield from ((node.value, path) for node in scalars(value))

    @cached_property
    def _named(self) -> list[Named]:
        names = [(path.partition("/")[2], path) for path in self._paths]
        return names + [
            (node.value.rpartition("/")[2], path)
            for path, record in self._records.items()
            for node in self.labels(record.node)
        ]

    def labels(self, node: Node) -> Iterator[ScalarNode]:
        """The names of a record and its parts in every language, including former paths."""
        for key, value in node.value if isinstance(node, MappingNode) else ():
            property_ = self._schema.properties.get(key.value) if isinstance(key, ScalarNode) else None
            if property_ is None or PROBLEM in (key.tag, value.tag):
                continue
            if property_.values is Values.PART:
                for part in value.value if isinstance(value, SequenceNode) else [value]:
                    yield from self.labels(part)
            elif self._schema.is_name(property_):
                yield from scalars(value)
