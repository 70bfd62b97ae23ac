"""Incomplete: decides which SHACL results are certain although some records have errors.

A record with an error is mapped without its invalid values. Problems that are found in the other values are certain. A
value that seems to be missing may only have been written wrongly, and that has already been reported.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

from rdflib import URIRef
from rdflib.namespace import SH
from rdflib.term import Node as RdfNode
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from kg.diagnostics.problems import Problem, Severity, counted
from kg.model.rules import rules
from kg.model.schema import Class, Schema, Values
from kg.names import RDF_TYPE
from kg.shacl.constraints import Missing, missing_of, prefixes
from kg.shacl.validate import ValidationResult
from kg.steps.results import DataGraph, Model, Records

TORN = ("E102", "E111")
"""The codes of problems after which the rest of a file may not have its intended meaning."""

MISSING = ("MinCount", "QualifiedMinCount", "HasValue")
"""The constraint components that report missing values."""

SEVERAL = ("Equals", "Or", "And", "Not", "Xone", "Node", "Property")
"""The constraint components that combine several constraints, any of which may be about a missing value."""


class Incomplete:
    """Information about the records with errors, once all records are mapped.

    `in_question` are the paths of the records that may have errors, and `problems` those that were found before.
    `waiting` are the SPARQL-based constraints that report something missing that may only have been left out.
    """

    def __init__(
        self, model: Model, records: Records, graph: DataGraph, in_question: set[str], problems: Iterable[Problem]
    ) -> None:
        self._model, self._nodes, self._unread_kinds = model, graph.nodes, records.unread
        thing = model.names.thing
        left_out = (in_question | records.unreadable) - graph.stated.keys()
        self._left_out = {thing(path) for path in left_out}
        self._unread = {thing(path) for path in left_out - records.identities.copies}
        with_errors = [path for path in sorted(in_question & graph.stated.keys()) if not graph.stated[path].sound]
        self._with_errors = {path: graph.nodes[thing(path)][0] for path in with_errors}
        self._problems: dict[Path, list[Problem]] = defaultdict(list)
        for problem in problems:
            if problem.severity is Severity.ERROR:
                self._problems[problem.file].append(problem)
        self._unsure: dict[RdfNode, Missing] = dict(self._constraints()) if self._unread or self._with_errors else {}

    @property
    def waiting(self) -> set[RdfNode]:
        return {constraint for constraint, missing in self._unsure.items() if missing.subjects is None}

    def notes(self) -> Iterator[str]:
        """What was not checked, as sentences."""
        if number := len(self._unread):
            yield f"{counted(number, 'record')} could not be read, so everything that depends on them was not checked."
        if number := len(self._with_errors):
            yield f"In {counted(number, 'record')} with errors, only the values without errors were checked."
        if number := len(self.waiting):
            constraints = counted(number, "constraint")
            yield f"{constraints} about missing values cannot be checked until these errors are corrected."

    def allows(self, result: ValidationResult, bound: Iterable[str]) -> bool:
        """True if a result would still be found after the errors are corrected.

        `bound` are the things that a SPARQL-based constraint binds in the solutions behind the result.
        """
        if {result.focus, str(result.value)} & self._left_out:
            return False
        if (self._model.names.path(str(result.value)) or "").partition("/")[0] in self._unread_kinds:
            return False
        if result.constraint is not None:
            return result.constraint not in self._unsure or all(map(self._is_sound, {result.focus, *bound}))
        if self._is_sound(result.focus) or result.focus not in self._nodes:
            return True
        record, node = self._nodes[result.focus]
        if result.component in MISSING:
            return not self._is_torn(record.file) and not self._explains_missing(result, record.file, node)
        if result.component in SEVERAL and result.value is None:
            return not self._is_torn(record.file) and not any(self._within(record.file, node))
        return True

    def _constraints(self) -> Iterator[tuple[RdfNode, Missing]]:
        """The SPARQL-based constraints that report something missing that may have been left out."""
        shapes, schema = self._model.shapes_graph, self._model.schema
        lost = follow(self._lost(), schema)
        for constraint in set(shapes.objects(None, SH.sparql)):
            missing = missing_of(str(shapes.value(constraint, SH.select) or ""), prefixes(shapes, constraint))
            if missing.predicates is None or missing.predicates & lost:
                yield constraint, missing

    def _lost(self) -> set[str]:
        """The properties of which statements may have been left out."""
        schema, lost = self._model.schema, set[str]()
        for path in self._unread | {
            self._model.names.thing(r.path) for r in self._with_errors.values() if self._is_torn(r.file)
        }:
            kind = schema.kinds.get((self._model.names.path(path) or "").partition("/")[0])
            lost |= {RDF_TYPE} | (properties_of(kind, schema) if kind else {p.iri for p in schema.properties.values()})
        for record in self._with_errors.values():
            for key, value in record.node.value:
                if any(self._within(record.file, key)) or any(self._within(record.file, value)):
                    written = {inner.value for inner in (key, *keys_in(value)) if isinstance(inner, ScalarNode)}
                    lost |= {p.iri for name, p in schema.properties.items() if name in written}
            for problem in self._problems.get(record.file, ()):
                lost |= {p.iri for name, p in schema.properties.items() if name in problem.keys}
        return lost

    def is_told(self, result: ValidationResult, problem: Problem) -> bool:
        """True if a result is about a value for which the sources already have an error."""
        if result.component in MISSING:
            return False
        place = problem.line, problem.column
        return any((earlier.line, earlier.column) == place for earlier in self._problems.get(problem.file, ()))

    def _is_sound(self, iri: str) -> bool:
        node = self._nodes.get(iri)
        return node is not None and node[0].sound

    def _is_torn(self, file: Path) -> bool:
        return any(problem.code in TORN for problem in self._problems.get(file, ()))

    def _explains_missing(self, result: ValidationResult, file: Path, node: MappingNode) -> bool:
        """True if an error in the sources explains why a value is missing from a record or part."""
        schema = self._model.schema
        if not isinstance(result.path, URIRef):
            return any(self._within(file, node))
        keys = {property_.key for property_ in schema.subproperties(str(result.path))}
        written = [value for key, value in node.value if key.value in keys]
        if written:
            return any(problem for value in written for problem in self._within(file, value))
        return any(problem.keys & keys for problem in self._within(file, node))

    def _within(self, file: Path, node: Node) -> Iterator[Problem]:
        """The errors in a node, or in the key before it."""
        start, end = (node.start_mark.line + 1, 0), (node.end_mark.line + 1, node.end_mark.column + 1)
        for problem in self._problems.get(file, ()):
            if start <= (problem.line, problem.column) <= end:
                yield problem


def keys_in(node: Node) -> Iterator[Node]:
    """The scalar keys of a tree, at every depth."""
    if isinstance(node, MappingNode):
        for key, value in node.value:
            if isinstance(key, ScalarNode):
                yield key
            yield from keys_in(value)
    elif isinstance(node, SequenceNode):
        for item in node.value:
            yield from keys_in(item)


def properties_of(class_: Class, schema: Schema) -> set[str]:
    """The properties that a record of a class, and its parts, may have."""
    iris: set[str] = set()
    waiting, seen = [class_.iri], {class_.iri}
    while waiting:
        for below in schema.subclasses(waiting.pop()):
            for key in schema.keys(below).values():
                iris.add(key.property.iri)
                if key.property.values is Values.PART and key.property.range and key.property.range not in seen:
                    seen.add(key.property.range)
                    waiting.append(key.property.range)
    return iris


def follow(properties: set[str], schema: Schema) -> set[str]:
    """The given properties, and those whose statements are inferred from theirs."""
    reached = set(properties)
    reached |= {bound for p in schema.properties.values() if p.iri in properties for bound in p.bounds or ()}
    steps = [
        (rule.then[1].strip("<>"), {premise[1].strip("<>") for premise in rule.when}) for rule in rules(schema.ontology)
    ]
    size = -1
    while size != len(reached):
        size = len(reached)
        reached |= {then for then, when in steps if when & reached}
    return reached
