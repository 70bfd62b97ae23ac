"""Provenance: the places of triples in the sources."""

from pyoxigraph import Literal, NamedNode, Triple
from yaml.nodes import MappingNode, Node, ScalarNode

from kg.model import literals
from kg.model.schema import Property, Schema, Values
from kg.names import RDF_TYPE, local_name
from kg.sources.nodes import first_of
from kg.sources.record import Record
from kg.sources.yaml_tree import scalars
from kg.steps.results import DataGraph, Model


def statement_of(model: Model, graph: DataGraph, triple: Triple) -> tuple[Record, Node] | None:
    """The record and the node of its tree that state a triple; None if no record states it.

    The place of a class that is given by the folder or the key is the first key of the record or part.
    """
    if not isinstance(triple.subject, NamedNode) or triple.subject.value not in graph.nodes:
        return None
    record, node = graph.nodes[triple.subject.value]
    value = triple.object.value if isinstance(triple.object, NamedNode | Literal) else ""
    if triple.predicate.value == RDF_TYPE:
        return record, next((given for key, given in node.value if key.value == "type"), first_of(node))
    property_ = model.schema.property_of(triple.predicate.value)
    if property_ is None or triple.predicate.value != property_.iri:
        return None
    if value in graph.nodes and graph.nodes[value][0] is record and "#" in value:
        return record, graph.nodes[value][1]
    language = triple.object.language if isinstance(triple.object, Literal) else None
    place = written_value(node, [property_], value, language, model.names.things)
    return (record, place) if place is not None else None


def written_value(
    node: MappingNode, properties: list[Property], value: str, language: str | None, things: str
) -> Node | None:
    """The scalar of a record or part that a value of one of some properties was written as."""
    for property_, written in values_of(node, properties):
        for item in scalars(written, language):
            if is_written(item, property_, value, things):
                return item
    return None


def values_of(node: MappingNode, properties: list[Property]) -> list[tuple[Property, Node]]:
    """The values of some properties in a record or part."""
    return [(p, value) for p in properties for key, value in node.value if key.value == p.key]


def is_written(node: ScalarNode, property_: Property, value: str, things: str) -> bool:
    """True if a value of the property was written as a scalar."""
    text = str(node.value)
    if property_.values is Values.SAME and local_name(value) == text:
        return True
    if property_.datatypes:
        try:
            return literals.typed(text, property_.datatypes)[0] == value
        except ValueError:
            return False
    return value in (text, things + text, property_.individuals.get(text))


def locate(node: MappingNode, schema: Schema, path: str, value: str, language: str | None, things: str) -> Node:
    """The place of a value of a property in a record or part; else the value of its key; else the first key.

    The place of an inferred value is that of the subproperty from which it follows.
    """
    properties = schema.subproperties(path)
    place = written_value(node, properties, value, language, things)
    return place or next((written for _, written in values_of(node, properties)), first_of(node))
