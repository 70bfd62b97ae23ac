"""Suspects: which things may break a SPARQL-based constraint (w3.org/TR/shacl, 5), asked of the engine at once.

A constraint is a query that pySHACL puts to each focus node by itself. Since such a query may hold neither MINUS nor
VALUES (5.2.1), what it finds of one node it also finds with the node left open, if it neither counts nor cuts what it
finds; so the engine is asked once for all, and pySHACL judges only the nodes that come back. Where that is not certain,
pySHACL is asked about every node.
"""

import re
from collections.abc import Iterator

from pyoxigraph import NamedNode, QuerySolutions, Store
from rdflib import Graph, URIRef
from rdflib.namespace import RDF, SH
from rdflib.term import Node

from kg.names import RDF_TYPE
from kg.shacl import declarations

ONE_BY_ONE = re.compile(
    r"[$?](PATH|shapesGraph|currentShape)\b|\b(?i:LIMIT|OFFSET|GROUP|HAVING|COUNT|SUM|AVG|MIN|MAX|SAMPLE|GROUP_CONCAT)\b"
)
"""What only pySHACL knows to put into a query, and what means another thing of one node than of all."""


def split(shapes: Graph, store: Store, whole: bool) -> tuple[Graph, Graph]:
    """The shapes without the constraints that the engine was asked about, and those constraints for the suspects.

    Where the data is not `whole`, since records with problems were left out, a constraint that something must exist is
    not asked: what is missing may be what was left out.
    """
    rest, judged = Graph(), Graph()
    rest += shapes
    for shape, constraint in sorted(shapes.subject_objects(SH.sparql), key=str):
        found = suspects(shapes, shape, constraint, store)
        needs_all = "NOT EXISTS" in str(shapes.value(constraint, SH.select)).upper()
        if found is None and (whole or not needs_all):
            continue
        rest.remove((shape, SH.sparql, constraint))
        if found and (whole or not needs_all):
            judged += shapes.cbd(constraint)
            judged += declarations(shapes, constraint)
            judged.add((shape, RDF.type, SH.NodeShape))
            judged.add((shape, SH.sparql, constraint))
            for severity in shapes.objects(shape, SH.severity):
                judged.add((shape, SH.severity, severity))
            for node in sorted(found):
                judged.add((shape, SH.targetNode, URIRef(node)))
    return rest, judged


def suspects(shapes: Graph, shape: Node, constraint: Node, store: Store) -> set[str] | None:
    """The focus nodes of a shape of which a constraint may not hold; None if pySHACL must look for itself."""
    select = str(shapes.value(constraint, SH.select) or "")
    classes = set(shapes.objects(shape, SH.targetClass))
    targets = {o for p in (SH.targetNode, SH.targetSubjectsOf, SH.targetObjectsOf) for o in shapes.objects(shape, p)}
    alone = classes and not targets and (None, None, shape) not in shapes
    if not select or not alone or ONE_BY_ONE.search(select):
        return None
    prefixes = "".join(f"PREFIX {prefix}: <{namespace}>\n" for prefix, namespace in prefixes_of(shapes, constraint))
    try:
        found = store.query(prefixes + select)
        rows = {row["this"].value for row in found} if isinstance(found, QuerySolutions) else None
    except (SyntaxError, OSError, KeyError, AttributeError):
        return None
    if rows is None:
        return None
    instances = {
        quad.subject.value
        for class_ in classes
        for quad in store.quads_for_pattern(None, NamedNode(RDF_TYPE), NamedNode(str(class_)), None)
        if isinstance(quad.subject, NamedNode)
    }
    return rows & instances


def prefixes_of(shapes: Graph, constraint: Node) -> Iterator[tuple[str, str]]:
    """The prefixes of a constraint, and their namespaces."""
    declared = declarations(shapes, constraint)
    for declaration in sorted(declared.objects(None, SH.declare), key=str):
        yield str(declared.value(declaration, SH.prefix)), str(declared.value(declaration, SH.namespace))
