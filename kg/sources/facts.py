"""Facts: the little about a record that the checks of other records need, so that its tree does not have to be kept."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple, TypeVar

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from kg.model.identifiers import identifies
from kg.model.schema import Schema, Values
from kg.names import PREFIXES
from kg.sources.nodes import Span, first_of
from kg.sources.record import Record
from kg.sources.yaml_tree import PROBLEM, scalars
from kg.text.folding import fold

K = TypeVar("K")
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Roles:
    """The roles of keys and classes in a schema, as far as facts depend on them; there are none without a model.

    `names` are the keys of names, `parts` those of parts, `codes` those of literals that identify a thing, `former`
    that of former names, and `different` those by which a record states that its thing is not another one. `classes`
    has the IRIs of the classes of each kind by `type`, and that of the kind itself by None. `varying` are the classes
    (IRIs) whose things have names that are spelled in several ways.
    """

    names: frozenset[str] = frozenset()
    parts: frozenset[str] = frozenset()
    codes: frozenset[str] = frozenset()
    former: str | None = None
    different: tuple[str, ...] = ()
    classes: Mapping[str, Mapping[str | None, str]] = field(default_factory=dict)
    varying: frozenset[str] = frozenset()

    @classmethod
    def of(cls, schema: Schema) -> "Roles":
        """The roles in a schema."""
        properties = schema.properties.items()
        literals = [(key, property_) for key, property_ in properties if property_.values is Values.LITERAL]
        return cls(
            frozenset(key for key, p in properties if p.values is not Values.PART and schema.is_name(p)),
            frozenset(key for key, p in properties if p.values is Values.PART),
            frozenset(key for key, property_ in literals if identifies(property_, schema)),
            schema.names.renamed_from.removeprefix(schema.names.vocabulary),
            tuple(property_.key for property_ in schema.subproperties(PREFIXES["owl"] + "differentFrom")),
            {
                kind: {None: class_.iri, **{below.name: below.iri for below in schema.subclasses(class_.iri)}}
                for kind, class_ in schema.kinds.items()
            },
            frozenset(class_.iri for class_ in schema.classes.values() if schema.names_vary(class_)),
        )


class Facts(NamedTuple):
    """What other records' checks need to know about a record.

    `class_` is the IRI of its class, None if the record does not determine it. `span` and `first` are the places of its
    map and of the first key. `names` are the folded names: that in the path, followed by those of the record and its
    parts in every language; `codes`, the folded values that identify the thing. `spelled` are the names to search for
    duplicates, and `former` the former paths, both with their places. `different` are the paths of the things that the
    record states to be others. `content` is a hash of what it states, without its name and the order of its keys;
    None if it states nothing or has an error.
    """

    path: str
    file: Path
    sound: bool
    class_: str | None
    span: Span
    first: Span
    content: bytes | None
    names: tuple[str, ...]
    codes: tuple[str, ...] = ()
    spelled: tuple[tuple[str, Span], ...] = ()
    former: tuple[tuple[str, Span], ...] = ()
    different: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        return self.path.partition("/")[0]


def facts_of(record: Record, roles: Roles) -> Facts:
    """The facts of a record."""
    kind, type_ = record.kind, None
    codes: list[str] = []
    former: list[tuple[str, Span]] = []
    different: list[str] = []
    for key, value in record.node.value:
        if not isinstance(key, ScalarNode):
            continue
        if key.value == "type" and type_ is None:
            type_ = value.value if isinstance(value, ScalarNode) else PROBLEM
        elif key.value == roles.former:
            written = [(node.value, Span.of(node)) for node in scalars(value)]
            former += [(name if "/" in name else f"{kind}/{name}", span) for name, span in written]
        elif key.value in roles.different:
            different += [node.value for node in scalars(value)]
        if key.value in roles.codes and PROBLEM not in (key.tag, value.tag):
            codes += [fold(node.value) for node in scalars(value)]
    class_ = roles.classes.get(kind, {}).get(type_)
    labels = list(labels_of(record.node, roles))
    names = [folded_name(record.path), *(fold(label.value.rpartition("/")[2]) for label in labels)]
    names = list(dict.fromkeys(name for name in names if name))
    return Facts(
        record.path,
        record.file,
        record.sound,
        class_,
        Span.of(record.node),
        Span.of(first_of(record.node)),
        content_of(record),
        tuple(names),
        tuple(code for code in dict.fromkeys(codes) if code and code not in names),
        tuple(spelled(labels)) if class_ in roles.varying else (),
        tuple(former),
        tuple(dict.fromkeys(different)),
    )


def folded_name(path: str) -> str:
    """The name in a path, folded."""
    return fold(path.partition("/")[2])


def labels_of(node: Node, roles: Roles) -> Iterator[ScalarNode]:
    """The names of a record and its parts in every language, including former ones."""
    for key, value in node.value if isinstance(node, MappingNode) else ():
        if not isinstance(key, ScalarNode) or PROBLEM in (key.tag, value.tag):
            continue
        if key.value in roles.parts:
            for part in value.value if isinstance(value, SequenceNode) else [value]:
                yield from labels_of(part, roles)
        elif key.value in roles.names:
            yield from scalars(value)


def spelled(labels: list[ScalarNode]) -> Iterator[tuple[str, Span]]:
    """The folded names without problems, with their places."""
    for label in labels:
        if label.tag != PROBLEM and (name := fold(label.value)):
            yield name, Span.of(label)


def content_of(record: Record) -> bytes | None:
    """A hash of the kind and the content of a sound record that has more than a name, the same in every process."""
    if not record.sound or sum(key.value not in ("id", "type") for key, _ in record.node.value) < 2:
        return None
    return blake2b(f"{record.kind}/{canonical(record.node)}".encode(), digest_size=16).digest()


def canonical(node: Node) -> str:
    """The content of a record or value as a text: without `id`, and with sorted keys."""
    if isinstance(node, ScalarNode):
        return repr(node.value)
    if isinstance(node, SequenceNode):
        return "[" + ",".join(map(canonical, node.value)) + "]"
    pairs = {canonical(key) + ":" + canonical(value) for key, value in node.value if key.value != "id"}
    return "{" + ",".join(sorted(pairs)) + "}"


def take_out(lists: dict[K, list[V]], key: K, value: V) -> None:
    """Removes a value from the list of a key, and the list if it is empty then. Raises KeyError or ValueError."""
    lists[key].remove(value)
    if not lists[key]:
        del lists[key]
