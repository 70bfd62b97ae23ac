"""Paths: property paths of SHACL and SPARQL (w3.org/TR/shacl, 2.3.1; SPARQL 1.1, 9), followed triple by triple."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Literal

from pyoxigraph import BlankNode, DefaultGraph, NamedNode, Store, Triple
from rdflib import Graph, URIRef
from rdflib.collection import Collection
from rdflib.namespace import RDF, RDFS, SH
from rdflib.paths import AlternativePath, InvPath, MulPath, Path, SequencePath
from rdflib.term import Node

from kg.sparql.engine import Term

PropertyPath = URIRef | Path

EVERYTHING = DefaultGraph()

INSTANCE_OF = SequencePath(RDF.type, MulPath(RDFS.subClassOf, "*"))
"""The path from an instance to its classes, as pySHACL follows it (w3.org/TR/shacl, 1.1)."""

REPEATED: dict[URIRef, Literal["*", "+", "?"]] = {SH.zeroOrMorePath: "*", SH.oneOrMorePath: "+", SH.zeroOrOnePath: "?"}


class NotUnderstoodError(ValueError):
    """Raised for a path, a constraint or a query of which the triples that it reads are not known."""


def path_of(shapes: Graph, path: Node) -> PropertyPath:
    """The path that a value of sh:path describes. Raises NotUnderstoodError."""
    if isinstance(path, URIRef):
        return path
    if (path, SH.inversePath, None) in shapes:
        return inverted(path_of(shapes, only(shapes, path, SH.inversePath)))
    if (path, SH.alternativePath, None) in shapes:
        members = Collection(shapes, only(shapes, path, SH.alternativePath))
        return AlternativePath(*(path_of(shapes, member) for member in members))
    for predicate, modifier in REPEATED.items():
        if (path, predicate, None) in shapes:
            return MulPath(path_of(shapes, only(shapes, path, predicate)), modifier)
    members = Collection(shapes, path)
    if not len(members):
        raise NotUnderstoodError(path)
    return SequencePath(*(path_of(shapes, member) for member in members))


def only(shapes: Graph, subject: Node, predicate: Node) -> Node:
    """The value of a predicate that has one value. Raises NotUnderstoodError."""
    values = list(shapes.objects(subject, predicate))
    if len(values) != 1:
        raise NotUnderstoodError(subject)
    return values[0]


def inverted(path: PropertyPath) -> PropertyPath:
    """The same path from its end to its beginning. Raises NotUnderstoodError for a negated property set."""
    match path:
        case URIRef():
            return InvPath(path)
        case InvPath():
            return known(path.arg)
        case SequencePath():
            return SequencePath(*(inverted(step) for step in reversed(path.args)))
        case AlternativePath():
            return AlternativePath(*map(inverted, path.args))
        case MulPath():
            return MulPath(inverted(known(path.path)), path.mod)
    raise NotUnderstoodError(path)


def known(path: object) -> PropertyPath:
    """A part of a path. Raises NotUnderstoodError for anything else."""
    if not isinstance(path, URIRef | Path):
        raise NotUnderstoodError(path)
    return path


@dataclass(frozen=True, slots=True)
class Step:
    """One triple of a path: its predicate, and the parts of the path before and after it, None if there are none.

    `is_inverse` is true if the path leads from the object of the triple to its subject.
    """

    before: PropertyPath | None
    predicate: NamedNode
    is_inverse: bool
    after: PropertyPath | None


def steps(path: PropertyPath) -> Iterator[Step]:
    """Every step of a path. Raises NotUnderstoodError for a negated property set."""
    match path:
        case URIRef():
            yield Step(None, NamedNode(str(path)), False, None)
        case InvPath() if isinstance(path.arg, URIRef):
            yield Step(None, NamedNode(str(path.arg)), True, None)
        case InvPath():
            yield from steps(inverted(known(path.arg)))
        case SequencePath():
            for number, part in enumerate(path.args):
                for step in steps(part):
                    before, after = sequence(*path.args[:number]), sequence(*path.args[number + 1 :])
                    yield Step(joined(before, step.before), step.predicate, step.is_inverse, joined(step.after, after))
        case AlternativePath():
            for part in path.args:
                yield from steps(part)
        case MulPath():
            again = MulPath(path.path, "*") if path.more else None
            for step in steps(known(path.path)):
                yield Step(joined(again, step.before), step.predicate, step.is_inverse, joined(step.after, again))
        case _:
            raise NotUnderstoodError(path)


def sequence(*parts: PropertyPath) -> PropertyPath | None:
    """Some paths one after the other; None if there are none."""
    return SequencePath(*parts) if len(parts) > 1 else next(iter(parts), None)


def joined(first: PropertyPath | None, second: PropertyPath | None) -> PropertyPath | None:
    """Two paths one after the other, each of which may be None."""
    return sequence(*(part for part in (first, second) if part is not None))


@cache
def name(iri: URIRef) -> NamedNode:
    return NamedNode(str(iri))


def follow(store: Store, path: PropertyPath, node: Term, read: set[Triple] | None = None) -> set[Term]:
    """The nodes that a path leads to from a node, in the default graph. The triples on the way are added to `read`."""
    match path:
        case URIRef():
            if not isinstance(node, NamedNode | BlankNode):
                return set()
            found = [*store.quads_for_pattern(node, name(path), None, EVERYTHING)]
            ends: set[Term] = {quad.object for quad in found}
        case InvPath() if isinstance(path.arg, URIRef):
            found = [*store.quads_for_pattern(None, name(path.arg), node, EVERYTHING)]
            ends = {quad.subject for quad in found}
        case InvPath():
            return follow(store, inverted(known(path.arg)), node, read)
        case SequencePath():
            ends = {node}
            for part in path.args:
                ends = {end for start in ends for end in follow(store, part, start, read)}
            return ends
        case AlternativePath():
            return {end for part in path.args for end in follow(store, part, node, read)}
        case MulPath():
            return repeated(store, path, node, read)
        case _:
            raise NotUnderstoodError(path)
    if read is not None:
        read.update(quad.triple for quad in found)
    return ends


def repeated(store: Store, path: MulPath, node: Term, read: set[Triple] | None) -> set[Term]:
    """The nodes that a path of any length leads to from a node."""
    reached: set[Term] = set()
    waiting = [node]
    while waiting:
        for end in follow(store, known(path.path), waiting.pop(), read) - reached:
            reached.add(end)
            if path.more:
                waiting.append(end)
    return reached | {node} if path.zero else reached
