"""Nodes: what is common to the nodes of YAML trees: their first key, their description, and problems at them."""

from collections.abc import Iterable
from pathlib import Path

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from kg.diagnostics.problems import Problem, Related, Severity


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
    node: Node,
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
    start, end = node.start_mark, node.end_mark
    length = end.column - start.column if end.line == start.line else 1
    return Problem(
        code,
        message,
        file,
        start.line + 1,
        start.column + 1,
        severity,
        expected=expected,
        found=found,
        hint=hint,
        thing=thing,
        length=max(length, 1),
        related=related,
        keys=frozenset(keys),
    )


def related_at(file: Path, node: Node, thing: str | None) -> Related:
    """A YAML node as another place that a problem is about."""
    return Related(file, node.start_mark.line + 1, node.start_mark.column + 1, thing)
