"""Nodes: what is common to the nodes of YAML trees: their first key, their description, and problems at them."""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple, Protocol

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from kg.diagnostics.problems import Problem, Related, Severity


class Mark(Protocol):
    """A place in a source; line and column count from 0."""

    @property
    def line(self) -> int: ...
    @property
    def column(self) -> int: ...


class Marked(Protocol):
    """What has a place in a source: a YAML node or its span."""

    @property
    def start_mark(self) -> Mark: ...
    @property
    def end_mark(self) -> Mark: ...


class Span(NamedTuple):
    """The place of a YAML node without the node: its first line and column, and the number of characters to underline.

    Line and column count from 0, as those of nodes do.
    """

    line: int
    column: int
    length: int

    @classmethod
    def of(cls, node: Marked) -> "Span":
        """The span of a node; one character of a node on several lines is underlined."""
        start, end = node.start_mark, node.end_mark
        return cls(start.line, start.column, max(end.column - start.column, 1) if end.line == start.line else 1)

    @property
    def start_mark(self) -> "Span":
        return self

    @property
    def end_mark(self) -> "Span":
        return Span(self.line, self.column + self.length, 0)


def name_of(given: Node) -> str:
    """The value of an `id`, if it is text."""
    return str(given.value) if isinstance(given, ScalarNode) else describe(given)


def first_of(node: MappingNode) -> Node:
    """The first key of a map, or the map if it is empty."""
    key: Node = next((key for key, _ in node.value), node)
    return key


def describe(node: Node) -> str:
    """A YAML node in words, for a message."""
    if isinstance(node, MappingNode):
        return "a map"
    if isinstance(node, SequenceNode):
        return "a list"
    if not node.value:
        return "an empty text"
    return str(node.value) if len(node.value) <= 60 else f"{node.value[:60]}…"


def problem(
    code: str,
    message: str,
    file: Path,
    node: Marked,
    thing: str | None,
    *,
    expected: str | None = None,
    found: str | None = None,
    hint: str | None = None,
    severity: Severity = Severity.ERROR,
    related: tuple[Related, ...] = (),
    keys: Iterable[str] = (),
) -> Problem:
    """A problem at a YAML node."""
    span = Span.of(node)
    return Problem(
        code,
        message,
        file,
        span.line + 1,
        span.column + 1,
        severity,
        expected=expected,
        found=found,
        hint=hint,
        thing=thing,
        length=span.length,
        related=related,
        keys=frozenset(keys),
    )


def related_at(file: Path, node: Marked, thing: str | None) -> Related:
    """A YAML node as another place that a problem is about."""
    return Related(file, node.start_mark.line + 1, node.start_mark.column + 1, thing)
