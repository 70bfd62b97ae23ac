"""Patterns: the triple patterns that a shape, a SPARQL-based constraint or a query reads, and which go together.

The *context* of a triple pattern is a set of alternatives. An alternative is a set of other patterns which certainly
match together with it: in a solution of the query, the pattern matches a triple only if all patterns of one of its
alternatives match too, with the same values of the variables. Two branches of a UNION are two alternatives; a pattern
of OPTIONAL, EXISTS or NOT EXISTS has the patterns around it in its context, but is not in theirs.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from pyoxigraph import NamedNode
from rdflib import BNode, Graph, URIRef, Variable
from rdflib.collection import Collection
from rdflib.namespace import RDF, SH
from rdflib.paths import Path
from rdflib.plugins.sparql.parserutils import CompValue
from rdflib.term import Node

from kg.shacl.constraints import BOUND_BEFOREHAND, EXISTENCE, THIS, parse, parts, prefixes
from kg.shacl.paths import INSTANCE_OF, NotUnderstoodError, PropertyPath, path_of
from kg.shacl.targets import targets_of

Place = Variable | NamedNode
"""The subject or object of a pattern: a variable or an IRI. A literal is read as a variable, as engines may compare it
in another form."""

Alternatives = tuple[frozenset[int], ...]

MAX_ALTERNATIVES = 64
"""Maximum number of alternatives in a context; a query with more is not understood."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """One triple pattern; `path` is a path, or the variable in the place of the predicate."""

    subject: Place
    path: PropertyPath | Variable
    object: Place

    @property
    def variables(self) -> frozenset[Variable]:
        return frozenset(place for place in (self.subject, self.path, self.object) if isinstance(place, Variable))


@dataclass(slots=True)
class Patterns:
    """The triple patterns that something reads, with their contexts; the same number is the same pattern."""

    patterns: list[Pattern] = field(default_factory=list)
    contexts: list[Alternatives] = field(default_factory=list)

    def add(self, pattern: Pattern, context: Alternatives = (frozenset(),)) -> int:
        self.patterns.append(pattern)
        self.contexts.append(context)
        return len(self.patterns) - 1

    def fresh(self) -> Variable:
        """A variable that occurs in no other pattern."""
        return Variable(f"#{len(self.patterns)}")


def both(one: Alternatives, other: Alternatives) -> Alternatives:
    """The alternatives of two sets of patterns that match together. Raises NotUnderstoodError if there are too many."""
    together = tuple(dict.fromkeys(a | b for a in one for b in other))
    if len(together) > MAX_ALTERNATIVES:
        raise NotUnderstoodError("too many alternatives")
    return together


# ── Shapes ───────────────────────────────────────────────────────────────────────────────────────────────────────────

LOCAL = {SH[name] for name in ("minCount", "maxCount", "datatype", "nodeKind", "pattern", "flags", "languageIn")}
LOCAL |= {SH[name] for name in ("minLength", "maxLength", "uniqueLang", "hasValue", "in")}
LOCAL |= {SH[name] for name in ("minInclusive", "maxInclusive", "minExclusive", "maxExclusive")}
LOCAL |= {SH[name] for name in ("qualifiedMinCount", "qualifiedMaxCount", "ignoredProperties", "deactivated")}
LOCAL |= {SH[name] for name in ("message", "severity", "name", "description", "order", "group", "defaultValue", "path")}
LOCAL |= {SH[name] for name in ("targetClass", "targetNode", "targetSubjectsOf", "targetObjectsOf", "declare")}
"""The parameters of a shape that read no triple besides those of its path."""

SHAPES = {SH.property, SH["not"], SH.qualifiedValueShape}
LISTS = {SH["and"], SH["or"], SH.xone}
"""The parameters whose values are shapes that validate the value nodes, and lists of such shapes."""

PAIRS = {SH.equals, SH.disjoint, SH.lessThan, SH.lessThanOrEquals}
"""The parameters whose values are properties of the focus node (4.5)."""


def of_targets(shapes: Graph, shape: Node) -> Patterns:
    """The patterns that decide which nodes are targets of a shape (2.1.3)."""
    read = Patterns()
    for kind, target in targets_of(shapes, shape):
        if kind == SH.targetClass:
            read.add(Pattern(THIS, INSTANCE_OF, constant(target) or read.fresh()))
        elif kind == SH.targetSubjectsOf:
            read.add(Pattern(THIS, property_of(target), read.fresh()))
        elif kind == SH.targetObjectsOf:
            read.add(Pattern(read.fresh(), property_of(target), THIS))
    return read


def of_core(shapes: Graph, shape: Node) -> Patterns:
    """The patterns of the constraints of SHACL Core of a shape with targets, and of the shapes below it.

    SPARQL-based constraints of the shape itself are left out, but not those of the shapes below it. Raises
    NotUnderstoodError.
    """
    if (None, RDF.type, SH.ConstraintComponent) in shapes:  # any predicate may be a parameter of such a component
        raise NotUnderstoodError(shape)
    read = Patterns()
    _shape(shapes, shape, THIS, frozenset(), read, (shape,))
    return read


def of_constraint(shapes: Graph, constraint: Node) -> Patterns:
    """The patterns of a SPARQL-based constraint. Raises NotUnderstoodError."""
    text = str(shapes.value(constraint, SH.select) or "")
    if not text or BOUND_BEFOREHAND.search(text):
        raise NotUnderstoodError(constraint)
    try:
        query = parse(text, prefixes(shapes, constraint))
    except ValueError as error:
        raise NotUnderstoodError(constraint) from error
    return of_query(query)


def _shape(
    shapes: Graph, shape: Node, node: Variable, chain: frozenset[int], read: Patterns, above: tuple[Node, ...]
) -> None:
    """Adds the patterns of a shape for the nodes in a variable, to which a chain of patterns leads."""
    values, to_values = node, chain
    if (path := shapes.value(shape, SH.path)) is not None:
        values = read.fresh()
        to_values = chain | {read.add(Pattern(node, path_of(shapes, path), values), (chain,))}
    for parameter, value in sorted(shapes.predicate_objects(shape), key=str):
        if parameter == SH.node or (parameter == SH.property and values != THIS):
            raise NotUnderstoodError(shape)  # whose results have another focus node
        if parameter in SHAPES or parameter in LISTS:
            for inner in Collection(shapes, value) if parameter in LISTS else [value]:
                if inner in above:
                    raise NotUnderstoodError(shape)  # a recursive shape (3.4.3)
                _shape(shapes, inner, values, to_values, read, (*above, inner))
        elif parameter == SH["class"]:
            read.add(Pattern(values, INSTANCE_OF, constant(value) or read.fresh()), (to_values,))
        elif parameter in PAIRS:
            read.add(Pattern(node, property_of(value), read.fresh()), (chain,))
        elif parameter == SH.closed:
            read.add(Pattern(values, Variable(f"{read.fresh()}p"), read.fresh()), (to_values,))
        elif parameter == SH.sparql:
            if len(above) > 1 or path is not None:
                raise NotUnderstoodError(shape)  # whose $this is not the focus node, or which has a $PATH
        elif parameter not in LOCAL and str(parameter).startswith(str(SH)):
            raise NotUnderstoodError(parameter)


def constant(term: Node) -> NamedNode | None:
    """An IRI as a term of the engine; None for another term."""
    return NamedNode(str(term)) if isinstance(term, URIRef) else None


def property_of(term: Node) -> URIRef:
    if not isinstance(term, URIRef):
        raise NotUnderstoodError(term)
    return term


# ── Queries ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def of_query(query: CompValue, root: Variable = THIS) -> Patterns:
    """The patterns of a SELECT query in which a variable is bound beforehand. Raises NotUnderstoodError."""
    if query.name != "SelectQuery" or query.datasetClause:
        raise NotUnderstoodError(query.name)
    reader = _Reader()
    reader.scope(query.p, lambda variable: variable)
    reader.visit(query.p, (frozenset(),), frozenset({root}))
    return reader.read


Naming = Callable[[Variable], Variable]
"""Distinguishes variables of the same name in different scopes (SPARQL 1.1, 18.2.1)."""

CONTAINERS = ("Distinct", "Reduced", "OrderBy", "Project", "Slice", "ToMultiSet", "Group", "AggregateJoin")
"""The parts of the algebra that contain one pattern, and no expression that could contain another one."""


class _Reader:
    """Reads the algebra of a query.

    A pattern is evaluated from the inside to the outside, so a variable of an inner pattern that is bound outside of
    it, but not certainly between the two, has more values than outside. A query in which this makes a difference, one
    that is not well-designed (Pérez et al., Semantics and Complexity of SPARQL, 2009), is not understood.
    """

    def __init__(self) -> None:
        self.read = Patterns()
        self._numbers: dict[int, frozenset[int]] = {}
        self._scopes: dict[int, Naming] = {}
        self._subselects = 0

    def scope(self, node: Any, naming: Naming) -> None:
        """Notes the naming of the variables of every basic graph pattern."""
        if isinstance(node, CompValue):
            if node.name == "BGP":
                self._scopes[id(node)] = naming
                return
            if node.name == "ToMultiSet" and isinstance(node.p, CompValue):
                naming = self._of_subselect(node.p, naming)
            children: Iterable[Any] = [node.graph] if node.name in EXISTENCE else node.values()
        else:
            children = node if isinstance(node, list | tuple) else ()
        for child in children:
            self.scope(child, naming)

    def _of_subselect(self, part: CompValue, naming: Naming) -> Naming:
        """The naming in a sub-select: only its columns, or those by which it groups, are variables outside of it."""
        columns: set[Variable] | None = None
        grouped = False
        for inner in _containers(part):
            if inner.name == "Slice":
                raise NotUnderstoodError("LIMIT in a sub-select")
            if inner.name == "Project" and columns is None:
                columns = set(inner.PV)
            if inner.name == "AggregateJoin":
                grouped = True
            if inner.name == "Group" and grouped:
                keys = {key for key in inner.expr or () if isinstance(key, Variable)}
                columns = keys & (columns or set())
        if columns is None:
            return naming
        visible, number = columns, self._subselects
        self._subselects += 1
        return lambda variable: naming(variable) if variable in visible else Variable(f"{variable}#{number}")

    def numbers(self, part: CompValue) -> frozenset[int]:
        """The numbers of the patterns of a basic graph pattern."""
        if id(part) not in self._numbers:
            naming = self._scopes[id(part)]
            added = [self.read.add(pattern) for pattern in self._patterns(part, naming)]
            self._numbers[id(part)] = frozenset(added)
        return self._numbers[id(part)]

    def _patterns(self, part: CompValue, naming: Naming) -> Iterator[Pattern]:
        for number, (subject, predicate, value) in enumerate(part.triples):
            name = f"#{len(self.read.patterns)}.{number}"
            places = [self._place(term, naming, name) for term in (subject, value)]
            if isinstance(predicate, URIRef | Path):
                yield Pattern(places[0], predicate, places[1])
            elif isinstance(predicate, Variable):
                yield Pattern(places[0], naming(predicate), places[1])
            else:
                raise NotUnderstoodError(predicate)

    def _place(self, term: Any, naming: Naming, fresh: str) -> Place:
        if isinstance(term, Variable):
            return naming(term)
        if isinstance(term, BNode):
            return Variable(f"_:{term}")
        return constant(term) or Variable(fresh)

    def certain(self, part: CompValue) -> Alternatives:
        """The alternatives of which all patterns match in every solution of a part."""
        match part.name:
            case "BGP":
                return (self.numbers(part),)
            case "Join":
                return both(self.certain(part.p1), self.certain(part.p2))
            case "Union":
                return tuple(dict.fromkeys(self.certain(part.p1) + self.certain(part.p2)))
            case "LeftJoin":
                return self.certain(part.p1)
            case "AggregateJoin" | "values":  # an aggregate of no solutions is a solution
                return (frozenset(),)
            case "Filter" | "Extend" | "Distinct" | "Reduced" | "OrderBy" | "Project" | "Slice" | "ToMultiSet":
                return self.certain(part.p)
        raise NotUnderstoodError(part.name)

    def bound(self, alternatives: Alternatives) -> frozenset[Variable]:
        """The variables that are bound by each of some alternatives."""
        return frozenset.intersection(*(self.variables(numbers) for numbers in alternatives))

    def variables(self, numbers: Iterable[int]) -> frozenset[Variable]:
        return frozenset[Variable]().union(*(self.read.patterns[number].variables for number in numbers))

    def visit(self, part: CompValue, outside: Alternatives, fixed: frozenset[Variable]) -> None:
        """Notes the contexts of all patterns of a part.

        `outside` are the patterns that certainly match around it, and `fixed` the variables for which EXISTS
        substitutes values (SPARQL 1.1, 18.6), as the validator does for the focus node.
        """
        match part.name:
            case "BGP":
                context = both(outside, (self.numbers(part),))
                for number in self.numbers(part):
                    self.read.contexts[number] = context
            case "Join":
                self.visit(part.p1, both(outside, self.certain(part.p2)), fixed)
                self.visit(part.p2, both(outside, self.certain(part.p1)), fixed)
            case "Union":
                self.visit(part.p1, outside, fixed)
                self.visit(part.p2, outside, fixed)
            case "LeftJoin":
                self._check(part.p2, outside, self.certain(part.p1), fixed)
                around = both(outside, self.certain(part.p1))
                self.visit(part.p1, outside, fixed)
                self.visit(part.p2, around, fixed)
                self._visit_tests(part.expr, around, both(self.certain(part.p1), self.certain(part.p2)), fixed)
            case "Filter" | "Extend":
                self.visit(part.p, outside, fixed)
                self._visit_tests(part.expr, outside, self.certain(part.p), fixed)
            case "values":
                pass
            case name if name in CONTAINERS:
                self._visit_container(part, outside, fixed)
            case _:
                raise NotUnderstoodError(part.name)

    def _visit_container(self, part: CompValue, outside: Alternatives, fixed: frozenset[Variable]) -> None:
        others = [value for key, value in part.items() if key != "p"]
        if any(inner.name in EXISTENCE for inner in parts(others)):
            raise NotUnderstoodError(part.name)  # such as EXISTS in ORDER BY or in an aggregate
        self.visit(part.p, outside, fixed)

    def _visit_tests(self, expr: Any, outside: Alternatives, own: Alternatives, fixed: frozenset[Variable]) -> None:
        """Notes the contexts of the patterns of each EXISTS in an expression."""
        for test in outermost_tests(expr):
            self._check(test.graph, outside, own, fixed)
            self.visit(test.graph, both(outside, own), fixed | self.bound(own))

    def _check(self, inner: CompValue, outside: Alternatives, own: Alternatives, fixed: frozenset[Variable]) -> None:
        """Raises NotUnderstoodError if a query is not well-designed."""
        within = self.variables(number for part in parts(inner) if part.name == "BGP" for number in self.numbers(part))
        around = frozenset[Variable]().union(*(self.variables(numbers) for numbers in outside))
        if (within & around) - self.bound(own) - fixed:
            raise NotUnderstoodError("not well-designed")


def outermost_tests(expression: Any) -> Iterator[CompValue]:
    """Each EXISTS and NOT EXISTS of an expression, except those within others."""
    if isinstance(expression, CompValue):
        if expression.name in EXISTENCE:
            yield expression
        else:
            for value in expression.values():
                yield from outermost_tests(value)
    elif isinstance(expression, list | tuple):
        for value in expression:
            yield from outermost_tests(value)


def _containers(part: CompValue) -> Iterator[CompValue]:
    """The modifiers of a sub-select, from the outside."""
    while part.name in (*CONTAINERS, "Extend", "Filter"):
        yield part
        if part.name == "Group" or not isinstance(part.p, CompValue):
            return
        part = part.p
