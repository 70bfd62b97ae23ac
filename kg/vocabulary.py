"""Vocabulary: every term that ontology and shapes use is declared, by us or by the standard it belongs to."""

from collections.abc import Iterator

from rdflib import Graph, URIRef
from rdflib.namespace import OWL, RDF, RDFS, SH, SKOS, XSD, DefinedNamespace

from kg.names import Names, local_name
from kg.schema import Finding
from kg.suggest import nearest

STANDARDS: tuple[type[DefinedNamespace], ...] = (OWL, RDF, RDFS, SH, SKOS, XSD)
"""Vocabularies that are closed: a term that rdflib does not list is none."""


def unknown_terms(ontology: Graph, shapes: Graph, names: Names) -> Iterator[Finding]:
    """The terms that are used and nowhere declared."""
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
                yield Finding("E507", message, term, write(nearest(local_name(term), known)))
        elif term.startswith(names.vocabulary) and str(term) not in declared:
            known = [(local_name(iri), names.compact(iri)) for iri in ours]
            message = f"{names.compact(term)} is not declared in the ontology"
            hint = write(nearest(local_name(term), known)) or "declare it, with a label and a definition"
            yield Finding("E504", message, term, hint)


def write(choices: list[str]) -> str | None:
    return f"did you mean {' or '.join(choices)}?" if choices else None
