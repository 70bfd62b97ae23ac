"""Violations: constraints of SHACL Core (w3.org/TR/shacl, 4) as SPARQL patterns that find possible violations.

The patterns are about the focus node ?this. One of them finds every node for which pySHACL would report a result, and
they may find others, because pySHACL validates the candidates. What cannot be translated, or is ill-formed, is
Untranslatable.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

from rdflib import BNode, Graph, Literal, URIRef
from rdflib.collection import Collection
from rdflib.namespace import DCTERMS, RDF, RDFS, SH, XSD
from rdflib.term import Node

from kg.model.schema import HIDDEN, ROLE
from kg.shacl.constraints import Untranslatable

SILENT = {RDF.type, RDFS.label, RDFS.comment, DCTERMS.description, HIDDEN, ROLE}
SILENT |= {SH[name] for name in ("path", "order", "message", "severity", "name", "description", "group")}
SILENT |= {SH[name] for name in ("defaultValue", "flags", "qualifiedMinCount")}
SILENT |= {SH[name] for name in ("targetClass", "targetNode", "targetSubjectsOf", "targetObjectsOf")}
"""The parameters that validate nothing by themselves."""

MAX_PAIRED = 3
"""Maximum number of values that are compared in pairs."""


@dataclass(frozen=True, slots=True)
class Violation:
    """A pattern in SPARQL about ?this that matches if a shape may be violated; or, if `is_missing`, if it is not.

    Each pattern is evaluated on its own, so that all of them use the same names of variables, and equal constraints of
    several shapes are equal patterns.
    """

    pattern: str
    is_missing: bool = False
    search: str = ""
    """A pattern that finds at least the same nodes, and is faster if ?this is not bound."""

    @property
    def expression(self) -> str:
        return f"{'NOT ' if self.is_missing else ''}EXISTS {{ {self.pattern} }}"


def violations(shapes: Graph, shape: Node) -> list[Violation]:
    """The patterns of which one finds each ?this that may violate a shape. Raises Untranslatable."""
    return [*_violations(shapes, shape)]


def _violations(shapes: Graph, shape: Node) -> Iterator[Violation]:
    """The patterns of each constraint of a node shape or property shape."""
    path, kept = _path(shapes, shape), list[str]()
    for parameter, value in sorted(shapes.predicate_objects(shape), key=str):
        if parameter in SILENT:
            continue
        if parameter == SH.property and path is None:  # after a path it would be about the values
            if (value, SH.path, None) not in shapes:
                raise Untranslatable(value)
            yield from _violations(shapes, value)
        elif path is None:
            raise Untranslatable(parameter)
        elif parameter == SH.minCount:
            if (number := _number(value)) > 0:
                yield Violation(_several(path, number), is_missing=True)
        elif parameter == SH.maxCount:
            number = _number(value)
            yield Violation(_several(path, number + 1), search=_more_than(number, path) if number else "")
        elif parameter in ORDERS:
            wrong = f"!COALESCE(?one {ORDERS[parameter]} ?other, false)"
            yield Violation(f"?this {path} ?one ; {_iri(value)} ?other FILTER({wrong})")
        elif parameter == SH.uniqueLang:
            wrong = "!sameTerm(?one, ?other) && LANG(?one) != '' && LCASE(LANG(?one)) = LCASE(LANG(?other))"
            pattern = f"?this {path} ?one , ?other FILTER({wrong})"
            yield Violation(pattern, search=f"{_more_than(1, path)} {pattern}")
        elif parameter == SH.qualifiedValueShape:
            yield Violation(_qualified(shapes, shape, path, value), is_missing=True)
        else:
            kept.append(_keeps(shapes, shape, parameter, value, "?value"))
    if kept:
        wrong = f"!COALESCE({' && '.join(kept)}, false)"
        wrong_values = f"{{ SELECT ?value WHERE {{ ?any {path} ?value }} GROUP BY ?value HAVING({wrong}) }}"
        yield Violation(f"?this {path} ?value FILTER({wrong})", search=f"{wrong_values} ?this {path} ?value")


def _path(shapes: Graph, shape: Node) -> str | None:
    """The property path (2.3.1) in SPARQL: one property, or alternative properties; None for a node shape."""
    paths = list(shapes.objects(shape, SH.path))
    if len(paths) > 1:
        raise Untranslatable(shape)
    if not paths or isinstance(paths[0], URIRef):
        return paths[0].n3() if paths else None
    return "|".join(_iri(member) for member in _members(shapes, shapes.value(paths[0], SH.alternativePath)))


def _iri(value: Node) -> str:
    if not isinstance(value, URIRef):
        raise Untranslatable(value)
    return value.n3()


def _literal(value: Node) -> str:
    if not isinstance(value, Literal) or value.ill_typed:
        raise Untranslatable(value)
    return value.n3()


def _number(value: Node) -> int:
    if not isinstance(value, Literal) or not isinstance(value.value, int) or isinstance(value.value, bool):
        raise Untranslatable(value)
    return value.value


def _members(shapes: Graph, head: Node | None) -> list[Node]:
    members = list(Collection(shapes, head)) if isinstance(head, BNode) else []
    if not members:
        raise Untranslatable(head)
    return members


# ── Number of values (4.2, 4.7.3) ────────────────────────────────────────────────────────────────────────────────────


def _more_than(number: int, path: str) -> str:
    """A pattern that finds the nodes with more than `number` values, and that reads the property only once."""
    return f"{{ SELECT ?this WHERE {{ ?this {path} ?any }} GROUP BY ?this HAVING(COUNT(*) > {number}) }}"


def _several(path: str, number: int) -> str:
    """A pattern that matches if there are at least `number` values."""
    if number > MAX_PAIRED:
        raise Untranslatable(number)
    variables = [f"?v{index}" for index in range(number)]
    apart = " && ".join(f"!sameTerm({a}, {b})" for a, b in combinations(variables, 2))
    return f"?this {path} {' , '.join(variables)} {f'FILTER({apart})' if apart else ''}"


def _qualified(shapes: Graph, shape: Node, path: str, value: Node) -> str:
    """A pattern that does not match if too few values satisfy a qualified shape."""
    if shapes.value(shape, SH.qualifiedMinCount) != Literal(1):
        raise Untranslatable(value)
    return f"?this {path} ?value FILTER({_all(shapes, value, '?value')})"


ORDERS: dict[Node, str] = {SH.lessThan: "<", SH.lessThanOrEquals: "<="}
"""The relations between two values of a node (4.5)."""


# ── One value (4.1, 4.3, 4.4, 4.6, 4.8) ──────────────────────────────────────────────────────────────────────────────


BOUNDS: dict[Node, str] = {
    SH.minInclusive: ">=",
    SH.maxInclusive: "<=",
    SH.minExclusive: ">",
    SH.maxExclusive: "<",
}
LENGTHS: dict[Node, str] = {SH.minLength: ">=", SH.maxLength: "<="}
"""The relations of a value, or its length, to the value of a constraint (4.3, 4.4)."""


CASTS = {XSD.integer, XSD.decimal, XSD.double, XSD.float, XSD.boolean, XSD.date, XSD.dateTime, XSD.time}
"""The datatypes whose literals pySHACL parses: an ill-formed literal violates sh:datatype (4.1.2)."""


def _keeps(shapes: Graph, shape: Node, parameter: Node, value: Node, variable: str) -> str:
    """An expression that is true for a value that satisfies one constraint."""
    match parameter:
        case SH.datatype:
            is_typed = f"DATATYPE({variable}) = {_iri(value)}"
            well_formed = f" && DATATYPE({_iri(value)}(STR({variable}))) = {_iri(value)}" if value in CASTS else ""
            return is_typed + well_formed
        case SH.nodeKind if value == SH.IRI:
            return f"isIRI({variable})"
        case SH.nodeKind if value == SH.Literal:
            return f"isLiteral({variable})"
        case SH.pattern:
            flags = shapes.value(shape, SH.flags)
            return f"REGEX(STR({variable}), {_literal(value)}{f', {_literal(flags)}' if flags is not None else ''})"
        case SH.languageIn:
            ranges = [f"langMatches(LANG({variable}), {_literal(member)})" for member in _members(shapes, value)]
            return f"({' || '.join(ranges)})"
    if parameter in LENGTHS:
        return f"STRLEN(STR({variable})) {LENGTHS[parameter]} {_number(value)}"
    if parameter in BOUNDS:
        return f"{variable} {BOUNDS[parameter]} {_literal(value)}"
    if parameter == SH["class"]:
        return f"EXISTS {{ {variable} a {_iri(value)} }}"
    if parameter == SH["in"]:
        return f"({' || '.join(f'sameTerm({variable}, {_term(member)})' for member in _members(shapes, value))})"
    if parameter == SH["or"]:
        return "(" + " || ".join(_all(shapes, member, variable) for member in _members(shapes, value)) + ")"
    if parameter == SH["not"] and set(shapes.predicates(value)) == {SH.languageIn}:  # on this, both always agree
        return f"!{_keeps(shapes, value, SH.languageIn, shapes.value(value, SH.languageIn) or value, variable)}"
    raise Untranslatable(parameter)


def _all(shapes: Graph, shape: Node, variable: str) -> str:
    """An expression that is true for a value that satisfies a shape without a path."""
    if (shape, SH.path, None) in shapes:
        raise Untranslatable(shape)
    kept = [_keeps(shapes, shape, p, o, variable) for p, o in shapes.predicate_objects(shape) if p not in SILENT]
    return f"COALESCE({' && '.join(kept) or 'true'}, false)"


def _term(value: Node) -> str:
    return _literal(value) if isinstance(value, Literal) else _iri(value)
