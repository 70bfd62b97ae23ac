"""Incomplete: which results of SHACL are certain although some records have errors of their own.

A record with an error is mapped without the values that are wrong. What is found in the rest of it is true; what is
found missing may only be missing because it was written wrongly, and that has been told already.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator
from pathlib import Path

from rdflib import URIRef
from rdflib.namespace import SH
from rdflib.term import Node as RdfNode
from yaml.nodes import MappingNode, Node

from kg.build import Build
from kg.constraints import missing_of, prefixes
from kg.problems import Problem, Severity, counted
from kg.shacl import Result

TORN = ("E102", "E111")
"""The codes of problems after which the rest of a file may be read otherwise than it was meant."""

MISSING = ("MinCount", "QualifiedMinCount", "HasValue")
"""The components that find a value missing."""

SEVERAL = ("Equals", "Or", "And", "Not", "Xone", "Node", "Property")
"""The components that look at several constraints at once, any of which may be about what is missing."""


class Incomplete:
    """What is known of the records with errors, once all records are mapped."""

    def __init__(self, build: Build) -> None:
        self._build = build
        self._left_out = {build.names.thing(path) for path in build.paths} - set(build.nodes)
        copies = {build.names.thing(p.thing) for p in build.problems if p.code == "E407" and p.thing}
        self._unread = self._left_out - copies
        self._with_errors = {record.path for record, _ in build.nodes.values() if not record.sound}
        self._problems: dict[Path, list[Problem]] = defaultdict(list)
        for problem in build.problems:
            if problem.severity is Severity.ERROR:
                self._problems[problem.file].append(problem)

    @property
    def is_empty(self) -> bool:
        """True if every record is in the graph, whole."""
        return not self._unread and not self._with_errors

    def notes(self) -> Iterator[str]:
        """What was not checked, as sentences."""
        if self.is_empty:
            return
        if number := len(self._unread):
            yield f"{counted(number, 'record')} could not be read, so nothing was checked that depends on them."
        if number := len(self._with_errors):
            yield f"In {counted(number, 'record')} with errors, only the other values were checked."
        constraints = set(self._build.shapes_graph.objects(None, SH.sparql))
        if number := sum(self._missing_of(constraint) is None for constraint in constraints):
            yield f"{counted(number, 'constraint')} about what is missing must wait until these errors are corrected."

    def allows(self, result: Result, others: Collection[str]) -> bool:
        """True if a result would still be found after the errors are corrected; `others` are things it is about."""
        if {result.focus, str(result.value)} & self._left_out:
            return False
        if result.component == "SPARQL":
            about = {result.focus, *others} | ({str(result.value)} & set(self._build.nodes))
            return not self._missing_of(result.constraint) or all(self._is_sound(iri) for iri in about)
        if self._is_sound(result.focus) or result.focus not in self._build.nodes:
            return True
        record, node = self._build.nodes[result.focus]
        if result.component in MISSING:
            return not self._is_torn(record.file) and not self._explains_missing(result, record.file, node)
        if result.component in SEVERAL and result.value is None:
            return not self._is_torn(record.file) and not any(self._within(record.file, node))
        return True

    def is_told(self, result: Result, problem: Problem) -> bool:
        """True if the problem of a result is about a value of which the sources have an error already."""
        if result.component in MISSING:
            return False
        place = problem.line, problem.column
        return any((earlier.line, earlier.column) == place for earlier in self._problems.get(problem.file, ()))

    def _is_sound(self, iri: str) -> bool:
        found = self._build.nodes.get(iri)
        return found is not None and found[0].sound

    def _is_torn(self, file: Path) -> bool:
        return any(problem.code in TORN for problem in self._problems.get(file, ()))

    def _missing_of(self, constraint: RdfNode | None) -> set[str] | None:
        shapes = self._build.shapes_graph
        if constraint is None:
            return None
        return missing_of(str(shapes.value(constraint, SH.select) or ""), prefixes(shapes, constraint))

    def _explains_missing(self, result: Result, file: Path, node: MappingNode) -> bool:
        """True if an error of the sources explains why a value is missing from a record or part."""
        schema = self._build.schema
        if schema is None or not isinstance(result.path, URIRef):
            return any(self._within(file, node))
        keys = {property_.key for property_ in schema.subproperties(str(result.path))}
        written = [value for key, value in node.value if key.value in keys]
        if written:
            return any(problem for value in written for problem in self._within(file, value))
        return any(names(problem, key) for problem in self._within(file, node) for key in keys)

    def _within(self, file: Path, node: Node) -> Iterator[Problem]:
        """The errors that stand in a node, or in the key before it."""
        start, end = (node.start_mark.line + 1, 0), (node.end_mark.line + 1, node.end_mark.column + 1)
        for problem in self._problems.get(file, ()):
            if start <= (problem.line, problem.column) <= end:
                yield problem


def names(problem: Problem, key: str) -> bool:
    """True if a problem is about a key, or its hint says that the key was meant."""
    said = f" {problem.message} {problem.hint or ''} "
    return any(f"{before}{key}{after}" in said for before in " '\"" for after in " ':\"?,")
