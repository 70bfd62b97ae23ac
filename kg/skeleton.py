"""Skeletons: a new record as YAML, from the shapes, with an example of each value from the records that there are."""

from collections.abc import Iterable, Iterator
from textwrap import wrap

from yaml.nodes import MappingNode, Node, SequenceNode

from kg.build import Record
from kg.schema import Class, Key, Schema, Values
from kg.tree import scalars

WIDTH = 100
"""Where a comment is broken."""

LONGEST = 60
"""Of an example, in characters; what is longer is cut."""


def skeleton(schema: Schema, class_: Class, path: str, records: Iterable[Record]) -> str:
    """The text of a new record: what it must have, empty, then what it may have, as comments."""
    sound = sorted((record for record in records if record.sound), key=lambda r: (r.kind != class_.kind, r.path))
    nodes = [record.node for record in sound]
    keys = schema.keys(class_)
    lines = [f"# {path}: {schema.definition(class_.iri)}", "# Fill in what is empty; uncomment what you know more."]
    subclasses = [c.name for c in schema.subclasses(class_.iri) if c is not class_]
    if subclasses:
        lines += ["", "# Remove the line if none of these fits:", f"# type: {' | '.join(subclasses)}"]
    for key in required_first(schema, keys):
        mark = "" if is_required(schema, key, keys) else "# "
        lines += ["", *(f"# {line}" for line in wrap(key.message, WIDTH - 2))]
        lines += [mark + line for line in entry(schema, key, examples(nodes, key))]
    return "\n".join(lines) + "\n"


def required_first(schema: Schema, keys: dict[str, Key]) -> list[Key]:
    return sorted(keys.values(), key=lambda key: not is_required(schema, key, keys))


def is_required(schema: Schema, key: Key, keys: dict[str, Key]) -> bool:
    """True for a key that a record must have, unless its values follow from those of another such key."""
    iri = key.property.iri
    others = [other.property.iri for other in keys.values() if other.least]
    return bool(key.least) and not any(iri in schema.superproperties(other) for other in others)


def entry(schema: Schema, key: Key, found: list[Node]) -> Iterator[str]:
    """A key with an empty value, as lines; each with an example, if a record has one."""
    name, property_ = key.property.key, key.property
    match property_.values:
        case Values.TEXT:
            yield f"{name}:"
            yield f"  en:{remark(found)}"
        case Values.PART:
            yield f"{name}:"
            class_ = schema.classes[property_.range or ""]
            parts = [part for node in found for part in items(node)]
            mark, others = "  - ", []
            for inner in required_first(schema, schema.keys(class_)):
                if inner.least or inner.property.iri in schema.part_key(class_):
                    first, *rest = entry(schema, inner, examples(parts, inner))
                    yield mark + first
                    yield from (f"    {line}" for line in rest)
                    mark = "    "
                else:
                    others.append(inner.property.key)
            types = [c.name for c in schema.subclasses(class_.iri) if c is not class_]
            if types:
                yield f"    # type: {' | '.join(types)}"
            if others:
                yield from (f"    # {line}" for line in wrap(f"It may also have {', '.join(others)}.", WIDTH - 6))
        case _:
            yield f"{name}:{remark(found)}"


def remark(found: list[Node]) -> str:
    """A comment with what another record has, if one has it."""
    written = (scalar.value for node in found for scalar in (*scalars(node, "en"), *scalars(node)))
    text = next((" ".join(value.split()) for value in written), None)
    if text is None:
        return ""
    return f" # such as {text if len(text) <= LONGEST else text[:LONGEST] + '…'}"


def examples(nodes: Iterable[Node], key: Key) -> list[Node]:
    """What some records or parts have under a key."""
    maps = [node for node in nodes if isinstance(node, MappingNode)]
    return [value for node in maps for name, value in node.value if name.value == key.property.key]


def items(node: Node) -> list[Node]:
    return list(node.value) if isinstance(node, SequenceNode) else [node]
