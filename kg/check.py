"""Check: SHACL over asserted and inferred triples, each result brought back to the line that it is about."""

from collections.abc import Iterator
from pathlib import Path

from pyoxigraph import DefaultGraph, RdfFormat
from rdflib import Graph
from rdflib.term import Literal, Node
from yaml.nodes import MappingNode, ScalarNode, SequenceNode
from yaml.nodes import Node as YamlNode

from kg import literals
from kg.build import Build
from kg.model import place_of
from kg.problems import Problem
from kg.read import problem
from kg.schema import Property, Schema
from kg.shacl import InvalidShapesError, Result, validate

COMPONENTS = {
    "MinCount": "E301",
    "QualifiedMinCount": "E301",
    "HasValue": "E301",
    "MaxCount": "E302",
    "QualifiedMaxCount": "E302",
    "Datatype": "E303",
    "Class": "E304",
    "NodeKind": "E305",
    "Pattern": "E306",
    "In": "E307",
    "MinLength": "E308",
    "MaxLength": "E308",
    "MinInclusive": "E309",
    "MaxInclusive": "E309",
    "MinExclusive": "E309",
    "MaxExclusive": "E309",
    "UniqueLang": "E310",
    "LanguageIn": "E310",
    "LessThan": "E311",
    "LessThanOrEquals": "E311",
    "Equals": "E312",
    "Disjoint": "E312",
    "Or": "E312",
    "And": "E312",
    "Not": "E312",
    "Xone": "E312",
    "Node": "E313",
    "Property": "E313",
}
"""The code for each constraint component of SHACL core (w3.org/TR/shacl, 4)."""


def check(build: Build) -> None:
    """Adds a problem for every SHACL result, except those that an earlier problem already explains."""
    if build.schema is None:
        return
    data = Graph().parse(
        data=build.store.dump(format=RdfFormat.N_TRIPLES, from_graph=DefaultGraph()) or b"", format="nt"
    )
    left_out = {build.names.thing(path) for path in build.paths} - set(build.nodes)
    try:
        results = list(validate(data, build.shapes_graph))
    except InvalidShapesError as error:
        build.problems.append(Problem("E506", f"the shapes are not SHACL: {error}", build.sources.shapes))
        return
    told: set[tuple[object, ...]] = {key for result in results for key in echoes(build.schema, result)}
    for result in sorted(results, key=lambda r: (r.focus, str(r.path), str(r.value), r.component, r.message)):
        if {result.focus, str(result.value)} & left_out or finding(result, result.path) in told:
            continue
        about = to_problem(build, result)
        same = about.message, about.file, about.line, about.column  # one shape may notice a mistake in two ways
        if same not in told:
            build.problems.append(about)
        told |= {same, finding(result, result.path)}


def finding(result: Result, path: Node | str | None) -> tuple[str, ...]:
    """What is wrong with which value of a property, whichever shape says so."""
    return result.focus, str(path), str(result.value), code_of(result)


def echoes(schema: Schema, result: Result) -> Iterator[tuple[str, ...]]:
    """The findings that only repeat one: what is wrong of a property is wrong of the properties above it."""
    for path in schema.superproperties(str(result.path)):
        yield finding(result, path)


def code_of(result: Result) -> str:
    return COMPONENTS.get(result.component, "E399")


def to_problem(build: Build, result: Result) -> Problem:
    """A SHACL result as a problem, at the line that it is about: of a record, or of a term of the ontology."""
    assert build.schema is not None
    if result.focus not in build.nodes:
        return Problem("E502", result.message, *place_of(build, result.focus), severity=result.severity)
    record, node = build.nodes[result.focus]
    return problem(
        code_of(result),
        result.message,
        record.file,
        locate(node, build.schema, result, build.names.things),
        record.path,
        found=describe_value(build, result.value),
        severity=result.severity,
    )


def describe_value(build: Build, value: Node | None) -> str | None:
    """A value as the editor wrote it."""
    if value is None:
        return None
    text = str(value)
    if isinstance(value, Literal):
        return f"{text} ({value.language})" if value.language else text
    return build.names.compact(text)


def locate(node: MappingNode, schema: Schema, result: Result, things: str) -> YamlNode:
    """Where the value of a result stands in a record or part; else the value of its key; else the first key.

    A value that is inferred stands where the subproperty that it follows from is written.
    """
    properties = schema.subproperties(str(result.path)) if result.path is not None else []
    written: list[tuple[Property, YamlNode]] = [
        (p, value) for p in properties for key, value in node.value if key.value == p.key
    ]
    for property_, value in written:
        for item in scalars(value, result.value):
            if is_written(item, property_, result.value, things):
                return item
    for _, value in written:
        if result.component == "UniqueLang" and isinstance(value, MappingNode):
            several: list[YamlNode] = [texts for _, texts in value.value if isinstance(texts, SequenceNode)]
            return several[0] if several else value
        return value
    return first_of(node)


def first_of(node: MappingNode) -> YamlNode:
    """The first key of a map, or the map where it has none."""
    key: YamlNode = next((key for key, _ in node.value), node)
    return key


def scalars(node: YamlNode, value: Node | None) -> Iterator[YamlNode]:
    """The scalars of a value; in a language map, those of the language of `value`."""
    match node:
        case SequenceNode():
            for item in node.value:
                yield from scalars(item, value)
        case MappingNode():
            language = value.language if isinstance(value, Literal) else None
            for key, item in node.value:
                if language is None or key.value.lower() == language:
                    yield from scalars(item, value)
        case ScalarNode():
            yield node


def is_written(node: YamlNode, property_: Property, value: Node | None, things: str) -> bool:
    """True if a scalar is how the value of a property was written."""
    text = str(node.value)
    if isinstance(value, Literal) and property_.datatypes:
        try:
            return literals.typed(text, property_.datatypes)[0] == str(value)
        except ValueError:
            return False
    return str(value) in (text, things + text, property_.individuals.get(text))


def only_in(problems: list[Problem], paths: tuple[Path, ...]) -> list[Problem]:
    """The problems of some files or directories; all problems if none is named."""
    wanted = [path.resolve() for path in paths]
    return [
        found for found in problems if not wanted or any(found.file.resolve().is_relative_to(path) for path in wanted)
    ]
