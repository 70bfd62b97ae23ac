"""SHACL: validation by pySHACL, and its results in one simple form (w3.org/TR/shacl, 3.6)."""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

from rdflib import Graph, URIRef
from rdflib.namespace import RDF, SH
from rdflib.term import Node

from kg.diagnostics.problems import Severity
from kg.model.patterns import is_pattern, matches
from kg.names import local_name
from kg.rdflib_graphs import copy_of
from kg.shacl.constraints import declarations
from kg.text.language_preference import in_language

SEVERITIES = {SH.Violation: Severity.ERROR, SH.Warning: Severity.WARNING, SH.Info: Severity.INFO}


class InvalidShapesError(ValueError):
    """Raised when shapes are not well-formed SHACL; the message names the shapes and the reasons."""


@dataclass(frozen=True, slots=True)
class ValidationResult:
    """One validation result: `component` is the local name of the constraint component, such as MinCount.

    `shape` is the shape whose constraint is violated. `constraint` is the constraint itself if it is SPARQL-based.
    """

    focus: str
    path: Node | None
    value: Node | None
    message: str
    severity: Severity
    component: str
    shape: Node | None = None
    constraint: Node | None = None


def validate(data: Graph, shapes: Graph) -> Iterator[ValidationResult]:
    """The results of validating a data graph, without inference. Raises InvalidShapesError."""
    import pyshacl  # here, since to load it takes a third of a start, and few programs validate

    logging.getLogger("pyshacl-validate").disabled = True  # it prints the exceptions that it raises
    try:
        known, meant = (copy_of(g, "default") for g in (data, shapes))  # the only graphs that pySHACL accepts
        keep_one_message(meant)
        with engine_patterns():
            _, report, text = pyshacl.validate(known, shacl_graph=meant, inference="none")
    except Exception as error:  # any error in a constraint, such as an invalid query
        raise InvalidShapesError(reason(error)) from error
    if not isinstance(report, Graph):
        raise InvalidShapesError(" ".join(str(text).split()))
    for result in report.subjects(RDF.type, SH.ValidationResult):
        component = local_name(str(report.value(result, SH.sourceConstraintComponent)))
        yield ValidationResult(
            focus=str(report.value(result, SH.focusNode)),
            path=report.value(result, SH.resultPath),
            value=report.value(result, SH.value),
            message=message_of(report, result, meant),
            severity=SEVERITIES.get(URIRef(str(report.value(result, SH.resultSeverity))), Severity.ERROR),
            component=component.removesuffix("ConstraintComponent"),
            shape=report.value(result, SH.sourceShape),
            constraint=report.value(result, SH.sourceConstraint),
        )


def keep_one_message(shapes: Graph) -> None:
    """Keeps one message for each shape and constraint, for terminals: pySHACL drops the languages of some messages."""
    for subject in set(shapes.subjects(SH.message)):
        if (message := in_language(shapes.objects(subject, SH.message))) is not None:
            shapes.set((subject, SH.message, message))


def message_of(report: Graph, result: Node, shapes: Graph) -> str:
    """The message of a result: that of the constraint, else that of the shape; pySHACL reports both."""
    messages = sorted(str(message) for message in report.objects(result, SH.resultMessage))
    constraint = report.value(result, SH.sourceConstraint)
    if len(messages) > 1 and (constraint, SH.message, None) in shapes:
        shape = report.value(result, SH.sourceShape)
        of_shape = {str(message) for message in shapes.objects(shape, SH.message)}
        messages = [message for message in messages if message not in of_shape] or messages
    return next(iter(messages), "")


@contextmanager
def engine_patterns() -> Iterator[None]:
    """Makes pySHACL evaluate sh:pattern by REGEX of the engine (see `patterns`) instead of by Python's `re`."""
    from pyshacl.constraints import CONSTRAINT_PARAMETERS_MAP
    from pyshacl.constraints.core.string_based_constraints import PatternConstraintComponent, StringBasedConstraintBase

    class EnginePattern(PatternConstraintComponent):
        def __init__(self, shape: Any) -> None:
            StringBasedConstraintBase.__init__(self, shape)
            self.string_rules = sorted(shape.objects(SH.pattern))
            self.flags = next(iter(sorted(shape.objects(SH.flags))), None)
            rules = {rule: CompiledPattern(str(rule), str(self.flags or "")) for rule in self.string_rules}
            self.compiled_cache = cast(Any, rules)

    before = CONSTRAINT_PARAMETERS_MAP[SH.pattern]
    CONSTRAINT_PARAMETERS_MAP[SH.pattern] = EnginePattern
    try:
        yield
    finally:
        CONSTRAINT_PARAMETERS_MAP[SH.pattern] = before


@dataclass(frozen=True, slots=True)
class CompiledPattern:
    """A pattern with its flags, and the methods that pySHACL calls. Raises ValueError if the pattern is invalid."""

    pattern: str
    flags: str

    def __post_init__(self) -> None:
        if not is_pattern(self.pattern, self.flags):
            raise ValueError(f"not a regular expression of SPARQL: {self.pattern}")

    def match(self, text: str) -> bool:
        return bool(matches(self.pattern, text, self.flags))

    search = match


def invalid_shapes(shapes: Graph) -> Iterator[tuple[Node, str]]:
    """The shapes that are ill-formed by themselves, and the reasons."""
    named = {*shapes.subjects(RDF.type, SH.NodeShape), *shapes.subjects(RDF.type, SH.PropertyShape)}
    for shape in sorted(named | set(shapes.objects(None, SH.property)), key=str):
        alone = shapes.cbd(shape)
        alone.remove((shape, SH.property, None))
        for constraint in shapes.objects(shape, SH.sparql):
            alone += shapes.cbd(constraint) + declarations(shapes, constraint)
        alone.add((shape, SH.targetNode, SH.Shape))  # without a focus node, pySHACL does not look at constraints
        try:
            list(validate(Graph(), alone))
        except InvalidShapesError as error:
            yield shape, str(error)


def reason(error: Exception) -> str:
    """The first line of pySHACL's message, without the name of the component."""
    first = str(error).split("For reference")[0]
    return re.sub(r"^\w+Component ", "", " ".join(first.split()))
