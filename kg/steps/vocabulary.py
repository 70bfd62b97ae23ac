"""Vocabulary: checks that ontology and shapes are well-formed, and that all of their terms are declared."""

from collections.abc import Iterator

from rdflib import BNode, Graph, URIRef
from rdflib.namespace import OWL, RDF, RDFS, SH, SKOS, XSD, DefinedNamespace
from rdflib.term import Literal, Node

from kg.diagnostics.suggest import did_you_mean, nearest
from kg.model.patterns import is_pattern
from kg.model.schema import NUMBERS, Finding
from kg.names import Names, local_name
from kg.shacl.constraints import objections

STANDARDS: tuple[type[DefinedNamespace], ...] = (OWL, RDF, RDFS, SH, SKOS, XSD)
"""Closed vocabularies: a term in their namespaces that rdflib does not list does not exist."""


LISTS = (
    *(OWL.hasKey, OWL.unionOf, OWL.intersectionOf, OWL.oneOf, OWL.propertyChainAxiom),
    *(SH["in"], SH["or"], SH["and"], SH.xone, SH.languageIn, SH.ignoredProperties),
)
"""The properties whose values must be lists."""


INSTEAD_OF_INFERENCE = "declare an axiom in ontology/ instead"
SH_VALUES = URIRef(str(SH) + "values")
NOT_SUPPORTED = {
    SH.target: "use sh:targetClass, sh:targetNode, sh:targetSubjectsOf or sh:targetObjectsOf",
    SH.rule: INSTEAD_OF_INFERENCE,
    SH_VALUES: INSTEAD_OF_INFERENCE,
    SH.expression: "write a SPARQL-based constraint: sh:sparql",
    SH.js: "write a SPARQL-based constraint: sh:sparql",
    SH.entailment: "remove it: the data already contains everything that the ontology implies",
}
NOT_SUPPORTED_TYPES = (
    *(SH.SPARQLFunction, SH.JSFunction, SH.SPARQLTargetType, SH.JSTargetType),
    *(SH.SPARQLTarget, SH.JSTarget, SH.SPARQLRule, SH.TripleRule, SH.JSRule),
)
"""Terms that are defined outside SHACL Core and SHACL-SPARQL (w3.org/TR/shacl-af, w3.org/TR/shacl-js)."""


def findings(ontology: Graph, shapes: Graph, names: Names) -> Iterator[Finding]:
    """Everything that is ill-formed in the ontology and the shapes."""
    if (URIRef(names.ontology), RDF.type, OWL.Ontology) not in ontology:
        message = f"the ontology has no header: <{names.ontology}> a owl:Ontology"
        yield Finding("E502", message, names.ontology, "declare it, with owl:versionInfo")
    yield from unknown_terms(ontology, shapes, names)
    for graph in (ontology, shapes):
        yield from no_lists(graph, names)
    yield from wrong_patterns(shapes)
    yield from not_supported(shapes, names)
    for subject, order in sorted(shapes.subject_objects(SH.order), key=str):
        if not (isinstance(order, Literal) and isinstance(order.value, NUMBERS)):
            yield Finding(
                "E506",
                f"sh:order must be a number, not {order}",
                owner(shapes, subject),
                "write sh:order 1",
                str(SH.order),
            )
    for subject, constraint in sorted(shapes.subject_objects(SH.sparql), key=str):
        for message, hint in objections(shapes, constraint):
            named = constraint if isinstance(constraint, URIRef) else subject
            yield Finding("E506", message, owner(shapes, named), hint, str(SH.select))


def wrong_patterns(shapes: Graph) -> Iterator[Finding]:
    """The patterns, and flags, that REGEX of SPARQL does not accept (w3.org/TR/shacl, 4.4.3)."""
    for subject, pattern in sorted(shapes.subject_objects(SH.pattern), key=str):
        flags = str(shapes.value(subject, SH.flags) or "")
        if not is_pattern(str(pattern)):
            message = f"sh:pattern is not a valid regular expression for REGEX in SPARQL: {pattern}"
            hint = "correct it; look-around and back-references are not supported"
            yield Finding("E506", message, owner(shapes, subject), hint, str(SH.pattern))
        elif not is_pattern(str(pattern), flags):
            message = f"sh:flags must consist of letters from smixq, not {flags!r}"
            yield Finding("E506", message, owner(shapes, subject), "remove the others", str(SH.flags))


def not_supported(shapes: Graph, names: Names) -> Iterator[Finding]:
    """The uses of SHACL Advanced Features and SHACL JavaScript, which would have no effect."""
    for property_, instead in NOT_SUPPORTED.items():
        for subject in sorted(set(shapes.subjects(property_)), key=str):
            message = f"{names.compact(property_)} is not supported, so this would have no effect"
            yield Finding("E506", message, owner(shapes, subject), instead, str(property_))
    for type_ in NOT_SUPPORTED_TYPES:
        values = {value for property_ in NOT_SUPPORTED for value in shapes.objects(None, property_)}
        for subject in sorted(set(shapes.subjects(RDF.type, type_)) - values, key=str):
            message = f"{names.compact(type_)} is not supported, so this would have no effect"
            yield Finding("E506", message, owner(shapes, subject), "remove it", str(type_))


def no_lists(graph: Graph, names: Names) -> Iterator[Finding]:
    """The values that must be lists and are not (w3.org/TR/rdf11-mt, D.3)."""
    for property_ in LISTS:
        for subject, value in sorted(graph.subject_objects(property_), key=str):
            if value != RDF.nil and (isinstance(value, Literal) or not graph.value(value, RDF.rest)):
                name = names.compact(property_)
                yield Finding(
                    "E508", f"the value of {name} must be a list", owner(graph, subject), f"write {name} ( … )"
                )


def owner(graph: Graph, node: Node) -> str:
    """The IRI of a node; for a blank node, that of the subject to which it belongs."""
    seen: set[Node] = set()
    while isinstance(node, BNode) and node not in seen:
        seen.add(node)
        node = next(iter(sorted(graph.subjects(None, node), key=str)), node)
    return str(node)


def unknown_terms(ontology: Graph, shapes: Graph, names: Names) -> Iterator[Finding]:
    """The terms that are used and declared nowhere."""
    used = {
        term
        for graph in (ontology, shapes)
        for triple in graph
        for term in triple
        if isinstance(term, URIRef) and "#" in term
    }
    declared = {str(subject) for subject in ontology.subjects() if isinstance(subject, URIRef)}
    ours = sorted(iri for iri in declared if iri.startswith(names.vocabulary))
    for term in sorted(used):
        namespace = next((n for n in STANDARDS if term.startswith(str(n))), None)
        if namespace is not None:
            if term not in namespace and not local_name(term).startswith("_"):
                known = [
                    (local_name(str(t)), names.compact(str(t))) for t in dir(namespace) if str(t).startswith("http")
                ]
                message = f"{names.compact(term)} is not a term of its vocabulary"
                yield Finding("E507", message, term, did_you_mean(nearest(local_name(term), known)))
        elif term.startswith(names.vocabulary) and str(term) not in declared:
            known = [(local_name(iri), names.compact(iri)) for iri in ours]
            message = f"{names.compact(term)} is not declared in the ontology"
            hint = did_you_mean(nearest(local_name(term), known)) or "declare it, with a label and a definition"
            yield Finding("E504", message, term, hint)
