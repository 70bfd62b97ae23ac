"""The shapes as a page shows them: grouped by class, with each constraint as a word and its values."""

from dataclasses import dataclass, field
from textwrap import dedent

from rdflib import Graph, URIRef
from rdflib.collection import Collection
from rdflib.namespace import RDF, RDFS, SH
from rdflib.term import BNode, Node

from kg.model.schema import Schema
from kg.names import PREFIXES, local_name
from kg.text.language_preference import in_language
from server.languages import language

TARGETS = (SH.targetClass, SH.targetSubjectsOf, SH.targetObjectsOf, SH.targetNode)
COUNTS = {"count": (SH.minCount, SH.maxCount), "qualifiedCount": (SH.qualifiedMinCount, SH.qualifiedMaxCount)}
"""How a page describes the number of values, by the parameters for the minimum and the maximum."""

QUERIES = (SH.select, SH.ask, SH.construct)
SAID_ELSEWHERE = {
    *(RDF.type, RDFS.label, RDFS.comment, SH.path, SH.message, SH.severity, SH.order, SH.group, SH.name),
    *(SH.description, SH.property, SH.sparql, SH.prefixes, *TARGETS, *QUERIES),
}
OTHERS = (
    str(SH.PropertyGroup),
    str(SH.SPARQLSelectExecutable),
    PREFIXES["dash"] + "MultiViewer",
    PREFIXES["prof"] + "Profile",
)
"""The types of resources that are not shapes: groups of properties, views and their viewers, and profiles."""


@dataclass(frozen=True, slots=True)
class ParameterValue:
    """A value of a parameter: an IRI, a text, or the constraints of a blank shape."""

    text: str
    is_iri: bool = False
    inner: list["Constraint"] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Constraint:
    """A SHACL parameter by its local name, and its values; for COUNTS, minimum and maximum, empty for no limit."""

    parameter: str
    values: list[ParameterValue]


@dataclass(frozen=True, slots=True)
class Shape:
    """A shape: its fragment (empty if it has no IRI), the properties of its path, and its other statements."""

    fragment: str
    path: list[str]
    message: str
    severity: str
    constraints: list[Constraint]
    query: str


@dataclass(frozen=True, slots=True)
class ShapeGroup:
    """A node shape with its property shapes and queries; `shared` are the fragments of those listed elsewhere."""

    node: Shape
    about: list[str]
    shapes: list[Shape]
    shared: list[str]


def fragment_of(shape: Node | str) -> str:
    """The part of the IRI of a shape after `#`; empty for a blank node."""
    return str(shape).partition("#")[2]


def groups(schema: Schema) -> list[ShapeGroup]:
    """The node shapes by name; a shape that several include is listed under the first of them."""
    graph, listed, groups = schema.shapes, set[Node](), []
    for node in sorted(graph.subjects(RDF.type, SH.NodeShape), key=str):
        held = {o for relation in (SH.property, SH.sparql) for o in graph.objects(node, relation)}
        inner = sorted(held, key=lambda s: (float(str(graph.value(s, SH.order) or "inf")), str(s)))
        groups.append(
            ShapeGroup(
                shape_of(schema, node),
                sorted(str(o) for target in TARGETS for o in graph.objects(node, target)),
                [shape_of(schema, shape) for shape in inner if shape not in listed],
                [fragment_of(shape) for shape in inner if shape in listed],
            )
        )
        listed.update(inner)
    return groups


def others(schema: Schema) -> dict[str, list[tuple[str, str, Shape]]]:
    """The other definitions in the shapes, by the local name of their type: label, comment, and query, if any."""
    graph = schema.shapes
    return {
        local_name(type_): [
            (schema.label(str(iri), language()), str(graph.value(iri, RDFS.comment) or ""), shape_of(schema, iri))
            for iri in sorted(graph.subjects(RDF.type, URIRef(type_)), key=str)
        ]
        for type_ in OTHERS
    }


def shape_of(schema: Schema, node: Node) -> Shape:
    """A shape, query, view or profile with its statements."""
    graph = schema.shapes
    path = graph.value(node, SH.path)
    alternatives = graph.value(path, SH.alternativePath)
    paths = [path] if alternatives is None else Collection(graph, alternatives)
    query = next((str(o) for p in QUERIES for o in graph.objects(node, p)), "")
    return Shape(
        fragment_of(node),
        [str(p) for p in paths if p is not None],
        str(in_language(graph.objects(node, SH.message), language()) or ""),
        local_name(str(graph.value(node, SH.severity) or SH.Violation)),
        constraints_of(graph, node),
        dedent(query).strip(),
    )


def constraints_of(graph: Graph, node: Node) -> list[Constraint]:
    """The constraints of a shape: the number of values, then the others ordered by the names of their parameters."""
    parameters = {str(p) for p in graph.predicates(node) if p not in SAID_ELSEWHERE}
    counts = []
    for name, ends in COUNTS.items():
        if parameters & {*map(str, ends)}:
            parameters -= {*map(str, ends)}
            least, most = (str(graph.value(node, end) or "") for end in ends)
            counts.append(Constraint(name, [ParameterValue(least or "0"), ParameterValue(most)]))
    others = [
        Constraint(
            local_name(p), [v for o in sorted(graph.objects(node, URIRef(p)), key=str) for v in values_of(graph, o)]
        )
        for p in sorted(parameters)
        if p.startswith(str(SH))
    ]
    return [*counts, *others]


def values_of(graph: Graph, node: Node) -> list[ParameterValue]:
    """The value of a parameter; for a list, each of its members."""
    if graph.value(node, RDF.first) is not None:
        return [value for member in Collection(graph, node) for value in values_of(graph, member)]
    if isinstance(node, BNode):
        return [ParameterValue("", inner=constraints_of(graph, node))]
    return [ParameterValue(str(node), isinstance(node, URIRef))]
