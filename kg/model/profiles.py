"""Profiles: the profiles of a document, each defined as data in shapes/profiles.ttl (w3.org/TR/dx-prof)."""

from dataclasses import dataclass

from pyoxigraph import Quad, Store, Triple
from rdflib import Graph, URIRef
from rdflib.namespace import RDF, RDFS, SH

from kg.names import PREFIXES, Names
from kg.sparql.oxigraph import construct

PROF = PREFIXES["prof"]


@dataclass(frozen=True, slots=True)
class Profile:
    """A profile: its token, its IRI, its label, and the CONSTRUCT query that selects its triples from all triples."""

    token: str
    iri: str = ""
    label: str = ""
    query: str | None = None

    def of(self, triples: list[Triple], names: Names) -> list[Triple]:
        """The triples that belong to this profile."""
        if self.query is None:
            return triples
        store = Store()
        store.extend(Quad(t.subject, t.predicate, t.object) for t in triples)
        prologue = "".join(f"PREFIX {prefix}: <{iri}>\n" for prefix, iri in names.prefixes.items())
        return list(dict.fromkeys(construct(store, prologue + self.query)))


FULL = Profile("full")
"""The default profile of a document: all triples."""


def profiles_of(shapes: Graph) -> dict[str, Profile]:
    """The profiles that a graph defines, by token; FULL is always the first."""
    profiles = {FULL.token: FULL}
    for iri in sorted(shapes.subjects(RDF.type, URIRef(PROF + "Profile")), key=str):
        token = str(shapes.value(iri, URIRef(PROF + "hasToken")))
        query = shapes.value(iri, SH.construct)
        label = str(shapes.value(iri, RDFS.label) or token)
        profiles[token] = Profile(token, str(iri), label, str(query) if query is not None else None)
    return profiles
