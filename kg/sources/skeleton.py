"""Skeletons: new records as YAML, made from the shapes, with example values from existing records."""

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
"""Maximum width of a comment, in characters."""

MAX_LENGTH = 60
"""Maximum length of an example, in characters; a longer example is cut."""


IN_NAME = re.compile(r"(?P<number>[0-9]+)|(?P<date>[0-9]{4}(-[0-9]{2}){0,2})(-.*)?")
"""What a name may contain about its thing: only a number, or a date at its beginning."""

MIN_AGREEMENT = 0.95
"""Minimum share of records whose value agrees with their name, for filling in this value in a new record."""


def skeleton(schema: Schema, class_: Class, path: str, records: Iterable[Record], index: Index) -> str:
    """The text of a new record: the required keys with empty values, followed by the other keys as comments.

    Values that follow from the name are filled in, if the names of other records of the kind agree with these values.
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
    """A line with an example address in which the number of the example's record is replaced by that of the new one."""
    kind, _, name = path.partition("/")
    number = re.search(r"://.*/([0-9]+)$", line)
    is_own = number and name.isdigit() and f"{kind}/{number[1]}" in index
    return f"{line[: number.start(1)]}{name}" if number and is_own else line


def from_name(schema: Schema, class_: Class, path: str, alike: list[Record]) -> dict[str, str]:
    """The values that follow from the name of a record, by key: as in other records, else according to the shapes.

    Without such records, a number is the identifier whose pattern it matches, and a day is the first date of the class.
    """
    if not (words := words_of_name(path)):
        return {}
    kind, text = words
    others = [record for record in alike if (other := words_of_name(record.path)) and other[0] == kind]
    keys = [key for key in schema.keys(class_).values() if key.property.values is Values.LITERAL and key.single]
    fitting_keys = [key for key in keys if agrees(key, others)]
    if not others and kind == "number":
        fitting_keys = [k for k in keys if identifies(k.property, schema) and has_pattern(schema, class_, k, text)]
    if not others and kind == "day":
        fitting_keys = sorted((key for key in keys if key.property.bounds), key=lambda key: key.order)
    return {key.property.key: text for key in fitting_keys[:1]}


def agrees(key: Key, records: list[Record]) -> bool:
    """True if nearly all records have the value under a key that their name contains."""
    agree = [
        (scalar.value == words[1])
        for record in records
        if (words := words_of_name(record.path))
        for node in examples([record.node], key)
        for scalar in scalars(node)
    ]
    return bool(agree) and sum(agree) >= MIN_AGREEMENT * len(agree)


def has_pattern(schema: Schema, class_: Class, key: Key, text: str) -> bool:
    """True if a shape has a pattern for the values of a key, and a text matches it."""
    return any(
        re.search(str(pattern), text)
        for shape in schema.property_shapes(class_.iri)
        if schema.path_of(shape) == key.property.iri
        for pattern in schema.shapes.objects(shape, SH.pattern)
    )


def words_of_name(path: str) -> tuple[str, str] | None:
    """What the name in a path contains: a number, or a day, month or year at its beginning; None for anything else."""
    match = IN_NAME.fullmatch(path.partition("/")[2])
    if not match:
        return None
    if match["number"] and not re.fullmatch(r"(19|20)[0-9]{2}", match["number"]):
        return "number", match["number"]
    date = match["date"] or match["number"]
    return {4: "year", 7: "month", 10: "day"}[len(date)], date


def required_first(schema: Schema, keys: dict[str, Key]) -> list[Key]:
    return sorted(keys.values(), key=lambda key: not schema.is_required(key, keys))


def entry(schema: Schema, key: Key, nodes: list[Node], index: Index) -> Iterator[str]:
    """A key with an empty value, as lines, with examples from records, if there are any."""
    name, property_ = key.property.key, key.property
    match property_.values:
        case Values.TEXT:
            yield f"{name}:"
            yield f"  en:{remark(values(nodes), MAX_LENGTH)}"
        case Values.PART:
            yield f"{name}:"
            class_ = schema.classes[property_.range or ""]
            inner = required_first(schema, schema.keys(class_))
            shown = [key for key in inner if key.least or key.property.iri in schema.part_key(class_)]
            parts = [part for node in nodes for part in items(node)]
            parts.sort(
                key=lambda part: -sum(bool(examples([part], key)) for key in shown)
            )  # preferably all from one part
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
                yield from (f"    # {line}" for line in wrap(f"Other possible keys: {', '.join(others)}.", WIDTH - 6))
        case _:
            longest = MAX_LENGTH if property_.values is Values.LITERAL else None
            yield f"{name}:{remark(fitting(key, nodes, index), longest)}"


def values(nodes: list[Node]) -> Iterator[str]:
    """The written forms of some values."""
    for node in nodes:
        yield from (scalar.value for scalar in (*scalars(node, "en"), *scalars(node)))


def fitting(key: Key, nodes: list[Node], index: Index) -> Iterator[str]:
    """The values that are valid for the key; other kinds may use the key differently."""
    match key.property.values:
        case Values.REFERENCE:
            yield from (path for path in values(nodes) if path in index and index.fits(path, key.classes))
            yield from index.fitting(key.classes)
        case Values.TERM:
            terms = key.terms or tuple(key.property.individuals)
            yield from (term for term in (*values(nodes), *terms) if term in terms)
        case _:
            yield from values(nodes)


def remark(texts: Iterator[str], longest: int | None) -> str:
    """A comment with an example value, if there is one; a text longer than `longest` is cut."""
    text = next((" ".join(text.split()) for text in texts), None)
    if text is None:
        return ""
    return f" # such as {text if longest is None or len(text) <= longest else text[:longest] + '…'}"


def examples(nodes: Iterable[Node], key: Key) -> list[Node]:
    """The values of some records or parts for a key."""
    maps = [node for node in nodes if isinstance(node, MappingNode)]
    return [value for node in maps for name, value in node.value if name.value == key.property.key]


def items(node: Node) -> list[Node]:
    return list(node.value) if isinstance(node, SequenceNode) else [node]
