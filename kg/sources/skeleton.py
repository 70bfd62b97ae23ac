"""Skeletons: a new record as YAML, from the shapes, with an example of each value from the records that there are."""

import re
from collections.abc import Iterable, Iterator
from textwrap import wrap

from rdflib.namespace import SH
from yaml.nodes import MappingNode, Node, SequenceNode

from kg.model.identifiers import identifies
from kg.model.schema import Class, Key, Schema, Values
from kg.sources.index import Index
from kg.sources.record import Record
from kg.sources.yaml_tree import scalars

WIDTH = 100
"""Where a comment is broken."""

MAX_LENGTH = 60
"""Maximum length of an example, in characters; what is longer is cut."""


IN_NAME = re.compile(r"(?P<number>[0-9]+)|(?P<date>[0-9]{4}(-[0-9]{2}){0,2})(-.*)?")
"""What a name may say of its thing: a number alone, or a date at its beginning."""

MIN_AGREEMENT = 0.95
"""Minimum share of records whose value is what their name says, for a new record to be given it."""


def skeleton(schema: Schema, class_: Class, path: str, records: Iterable[Record], index: Index) -> str:
    """The text of a new record: what it must have, empty, then what it may have, as comments.

    What the name says is filled in: the values of keys that are what the names say in the records of the kind.
    """
    sound = sorted((record for record in records if record.sound), key=lambda r: (r.kind != class_.kind, r.path))
    nodes = [record.node for record in sound]
    alike = [record for record in sound if record.kind == class_.kind]
    keys = schema.keys(class_)
    filled = from_name(schema, class_, path, alike)
    lines = [
        f"# {path}: {schema.definition(class_.iri)}",
        "# Fill in the empty values, and uncomment the keys for which you know a value.",
    ]
    subclasses = [c.name for c in schema.subclasses(class_.iri) if c is not class_]
    if subclasses:
        lines += ["", "# Remove the line if none of these fits:", f"# type: {' | '.join(subclasses)}"]
    for key in sorted(required_first(schema, keys), key=lambda key: key.property.key not in filled):
        name = key.property.key
        mark = "" if name in filled or schema.is_required(key, keys) else "# "
        lines += ["", *(f"# {line}" for line in wrap(key.message, WIDTH - 2))]
        if name in filled:
            lines.append(f"{name}: {filled[name]}")
        else:
            lines += [mark + with_number(line, path, index) for line in entry(schema, key, examples(nodes, key), index)]
    return "\n".join(lines) + "\n"


def with_number(line: str, path: str, index: Index) -> str:
    """A line whose example is a web address that ends in the number of its record, with the number of this one."""
    kind, _, name = path.partition("/")
    number = re.search(r"://.*/([0-9]+)$", line)
    is_own = number and name.isdigit() and f"{kind}/{number[1]}" in index
    return f"{line[: number.start(1)]}{name}" if number and is_own else line


def from_name(schema: Schema, class_: Class, path: str, alike: list[Record]) -> dict[str, str]:
    """The values that the name of a record says, by key: as the names of other records do, else as the shapes have it.

    Without such records, a number is the identifier whose pattern it has, and a day the first date of the class.
    """
    if not (said := said_by(path)):
        return {}
    kind, text = said
    others = [record for record in alike if (other := said_by(record.path)) and other[0] == kind]
    keys = [key for key in schema.keys(class_).values() if key.property.values is Values.LITERAL and key.single]
    found = [key for key in keys if agrees(key, others)]
    if not others and kind == "number":
        found = [k for k in keys if identifies(k.property, schema) and has_pattern(schema, class_, k, text)]
    if not others and kind == "day":
        found = sorted((key for key in keys if key.property.bounds), key=lambda key: key.order)
    return {key.property.key: text for key in found[:1]}


def agrees(key: Key, records: list[Record]) -> bool:
    """True if records have, nearly all, under a key what their names say."""
    agree = [
        (scalar.value == said[1])
        for record in records
        if (said := said_by(record.path))
        for node in examples([record.node], key)
        for scalar in scalars(node)
    ]
    return bool(agree) and sum(agree) >= MIN_AGREEMENT * len(agree)


def has_pattern(schema: Schema, class_: Class, key: Key, text: str) -> bool:
    """True if a shape gives the values of a key a pattern, and a text has it."""
    return any(
        re.search(str(pattern), text)
        for shape in schema.property_shapes(class_.iri)
        if schema.path_of(shape) == key.property.iri
        for pattern in schema.shapes.objects(shape, SH.pattern)
    )


def said_by(path: str) -> tuple[str, str] | None:
    """What the name in a path says, if anything: that it is a number, or a day, month or year at its beginning."""
    found = IN_NAME.fullmatch(path.partition("/")[2])
    if not found:
        return None
    if found["number"] and not re.fullmatch(r"(19|20)[0-9]{2}", found["number"]):
        return "number", found["number"]
    date = found["date"] or found["number"]
    return {4: "year", 7: "month", 10: "day"}[len(date)], date


def required_first(schema: Schema, keys: dict[str, Key]) -> list[Key]:
    return sorted(keys.values(), key=lambda key: not schema.is_required(key, keys))


def entry(schema: Schema, key: Key, found: list[Node], index: Index) -> Iterator[str]:
    """A key with an empty value, as lines; each with an example, if a record has one."""
    name, property_ = key.property.key, key.property
    match property_.values:
        case Values.TEXT:
            yield f"{name}:"
            yield f"  en:{remark(values(found), MAX_LENGTH)}"
        case Values.PART:
            yield f"{name}:"
            class_ = schema.classes[property_.range or ""]
            inner = required_first(schema, schema.keys(class_))
            shown = [key for key in inner if key.least or key.property.iri in schema.part_key(class_)]
            parts = [part for node in found for part in items(node)]
            parts.sort(
                key=lambda part: -sum(bool(examples([part], key)) for key in shown)
            )  # all from one, if it has all
            mark, others = "  - ", [key.property.key for key in inner if key not in shown]
            for key_ in shown:
                first, *rest = entry(schema, key_, examples(parts, key_), index)
                yield mark + first
                yield from (f"    {line}" for line in rest)
                mark = "    "
            types = [c.name for c in schema.subclasses(class_.iri) if c is not class_]
            if types:
                yield f"    # type: {' | '.join(types)}"
            if others:
                yield from (f"    # {line}" for line in wrap(f"It may also have {', '.join(others)}.", WIDTH - 6))
        case _:
            longest = MAX_LENGTH if property_.values is Values.LITERAL else None
            yield f"{name}:{remark(fitting(key, found, index), longest)}"


def values(found: list[Node]) -> Iterator[str]:
    """What some values are written as."""
    for node in found:
        yield from (scalar.value for scalar in (*scalars(node, "en"), *scalars(node)))


def fitting(key: Key, found: list[Node], index: Index) -> Iterator[str]:
    """Those of some values that the key takes, which other kinds may use otherwise."""
    match key.property.values:
        case Values.REFERENCE:
            yield from (path for path in values(found) if path in index and index.fits(path, key.classes))
            yield from index.fitting(key.classes)
        case Values.TERM:
            terms = key.terms or tuple(key.property.individuals)
            yield from (term for term in (*values(found), *terms) if term in terms)
        case _:
            yield from values(found)


def remark(texts: Iterator[str], longest: int | None) -> str:
    """A comment with an example of a value, if there is one; a text longer than `longest` is cut."""
    text = next((" ".join(text.split()) for text in texts), None)
    if text is None:
        return ""
    return f" # such as {text if longest is None or len(text) <= longest else text[:longest] + '…'}"


def examples(nodes: Iterable[Node], key: Key) -> list[Node]:
    """What some records or parts have under a key."""
    maps = [node for node in nodes if isinstance(node, MappingNode)]
    return [value for node in maps for name, value in node.value if name.value == key.property.key]


def items(node: Node) -> list[Node]:
    return list(node.value) if isinstance(node, SequenceNode) else [node]
