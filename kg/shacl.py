"""SHACL: validation by pySHACL, and its results in one plain form (w3.org/TR/shacl, 3.6)."""

import logging
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from pyoxigraph import BlankNode, Literal, NamedNode, RdfFormat, Triple, parse
from rdflib import BNode, Graph, URIRef
from rdflib import Literal as RdflibLiteral
from rdflib.namespace import RDF, SH, XSD
from rdflib.term import Node

from kg.names import local_name
from kg.problems import Severity

SEVERITIES = {SH.Violation: Severity.ERROR, SH.Warning: Severity.WARNING, SH.Info: Severity.INFO}


class InvalidShapesError(ValueError):
    """Raised when shapes are not well-formed SHACL; the message says which and why."""


@dataclass(frozen=True, slots=True)
class Result:
    """One validation result: `component` is the local name of the constraint component, such as MinCount.

    `shape` is the shape whose constraint is not met.
    """

    focus: str
    path: Node | None
    value: Node | None
    message: str
    severity: Severity
    component: str
    shape: Node | None = None


def to_graph(triples: Iterable[Triple]) -> Graph:
    """The same triples for rdflib and pySHACL, in a graph of the kind that is quickest to make and to ask."""
    graph, node = Graph(store="SimpleMemory"), cache(to_node)
    for triple in triples:
        graph.add((node(triple.subject), node(triple.predicate), node(triple.object)))
    return graph


def to_triples(graph: Graph) -> list[Triple]:
    """The same triples for the engine, with new blank nodes."""
    text = graph.serialize(format="nt")
    return [quad.triple for quad in parse(text, format=RdfFormat.N_TRIPLES, rename_blank_nodes=True)]


def copy_of(graph: Graph, store: str = "SimpleMemory") -> Graph:
    """The same triples in a graph that may be changed, of the kind that is quickest to make unless another is asked."""
    copied = Graph(store=store, bind_namespaces="none")
    for triple in graph:
        copied.add(triple)
    return copied


def to_node(term: NamedNode | BlankNode | Literal | Triple) -> Node:
    """The same term for rdflib, which tells plain literals from those of xsd:string: these are all plain."""
    assert not isinstance(term, Triple)
    if not isinstance(term, Literal):
        return URIRef(term.value) if isinstance(term, NamedNode) else BNode(term.value)
    datatype = URIRef(term.datatype.value)
    plain = term.language is not None or datatype == XSD.string
    return RdflibLiteral(term.value, term.language, None if plain else datatype)


def validate(data: Graph, shapes: Graph) -> Iterator[Result]:
    """The results of validating a data graph, without further inference; raises InvalidShapesError."""
    import pyshacl  # here, since to load it takes a third of a start, and few programs validate

    logging.getLogger("pyshacl-validate").disabled = True  # it prints what it raises
    try:
        known, meant = (copy_of(g, "default") for g in (data, shapes))  # pySHACL takes no other graphs
        _, report, text = pyshacl.validate(known, shacl_graph=meant, inference="none")
    except Exception as error:  # whatever a constraint brings about, such as a query that does not parse
        raise InvalidShapesError(reason(error)) from error
    if not isinstance(report, Graph):
        raise InvalidShapesError(" ".join(str(text).split()))
    for result in report.subjects(RDF.type, SH.ValidationResult):
        component = local_name(str(report.value(result, SH.sourceConstraintComponent)))
        yield Result(
            focus=str(report.value(result, SH.focusNode)),
            path=report.value(result, SH.resultPath),
            value=report.value(result, SH.value),
            message=str(report.value(result, SH.resultMessage)),
            severity=SEVERITIES.get(URIRef(str(report.value(result, SH.resultSeverity))), Severity.ERROR),
            component=component.removesuffix("ConstraintComponent"),
            shape=report.value(result, SH.sourceShape),
        )


def invalid_shapes(shapes: Graph) -> Iterator[tuple[str, str]]:
    """The shapes that are not well-formed by themselves: the IRI, and why."""
    import pyshacl

    named = {*shapes.subjects(RDF.type, SH.NodeShape), *shapes.subjects(RDF.type, SH.PropertyShape)}
    for shape in sorted(node for node in named | set(shapes.objects(None, SH.property)) if isinstance(node, URIRef)):
        alone = shapes.cbd(shape)
        alone.remove((shape, SH.property, None))
        for constraint in shapes.objects(shape, SH.sparql):
            alone += shapes.cbd(constraint) + declarations(shapes, constraint)
        alone.add((shape, SH.targetNode, shape))  # without a focus node, constraints are not looked at
        try:
            pyshacl.validate(Graph(), shacl_graph=alone, inference="none")
        except Exception as error:  # as above
            yield str(shape), reason(error)


def declarations(shapes: Graph, constraint: Node) -> Graph:
    """The triples that declare the prefixes of a SPARQL-based constraint (5.2.1)."""
    found = Graph(bind_namespaces="none")
    for owner in shapes.objects(constraint, SH.prefixes):
        for declaration in shapes.objects(owner, SH.declare):
            found.add((owner, SH.declare, declaration))
            found += shapes.cbd(declaration)
    return found


def reason(error: Exception) -> str:
    """The first line of what pySHACL says, without the name of the component."""
    first = str(error).split("For reference")[0]
    return re.sub(r"^\w+Component ", "", " ".join(first.split()))
