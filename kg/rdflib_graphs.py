"""Graphs of rdflib: conversion between the triples of the engine and graphs for libraries that use rdflib."""

from collections.abc import Iterable
from functools import cache

from pyoxigraph import BlankNode, Literal, NamedNode, RdfFormat, Triple, parse
from rdflib import BNode, Graph, URIRef
from rdflib import Literal as RdflibLiteral
from rdflib.namespace import XSD
from rdflib.term import Node


def to_graph(triples: Iterable[Triple]) -> Graph:
    """The same triples as a graph for rdflib and pySHACL, in the store that is fastest to fill and to query."""
    graph, node = Graph(store="SimpleMemory"), cache(to_node)
    for triple in triples:
        graph.add((node(triple.subject), node(triple.predicate), node(triple.object)))
    return graph


def to_triples(graph: Graph) -> list[Triple]:
    """The same triples as terms of the engine, with new blank nodes."""
    text = graph.serialize(format="nt")
    return [quad.triple for quad in parse(text, format=RdfFormat.N_TRIPLES, rename_blank_nodes=True)]


def copy_of(graph: Graph, store: str = "SimpleMemory") -> Graph:
    """A modifiable copy of a graph, in the store that is fastest to fill unless another one is given."""
    copied = Graph(store=store, bind_namespaces="none")
    for triple in graph:
        copied.add(triple)
    return copied


def to_node(term: NamedNode | BlankNode | Literal | Triple) -> Node:
    """The same term for rdflib, which distinguishes plain literals from those of xsd:string; these are all plain."""
    assert not isinstance(term, Triple)
    if not isinstance(term, Literal):
        return URIRef(term.value) if isinstance(term, NamedNode) else BNode(term.value)
    datatype = URIRef(term.datatype.value)
    plain = term.language is not None or datatype == XSD.string
    return RdflibLiteral(term.value, term.language, None if plain else datatype)
