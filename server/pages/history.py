"""The history of the ontology: what each published version added, removed and changed, by their graphs."""

import re
from collections import defaultdict
from dataclasses import dataclass

from pyoxigraph import BlankNode, Literal, NamedNode, RdfFormat, Triple, parse

from kg.names import PREFIXES
from server.derived import derived
from server.site import site, triples_of

ISSUED = PREFIXES["dcterms"] + "issued"

Statements = dict[str, set[tuple[str, str]]]
"""Of each term, predicate and object of what is said of it."""


@dataclass(frozen=True, slots=True)
class OntologyVersion:
    """A version, the day it was issued, and the terms by which it differs from the version before.

    `changed` has of each term the predicates of which there are other values.
    """

    version: str
    issued: str
    added: list[str]
    removed: list[str]
    changed: dict[str, list[str]]
    first: bool


@derived()
def history() -> list[OntologyVersion]:
    """Each version compared with the one before, newest first."""
    names, known = site().names, sorted(site().contexts, key=lambda v: [int(n) for n in re.findall(r"\d+", v)])
    graphs, versions = earlier(), list[OntologyVersion]()
    before: Statements = {}
    for version in known:
        current = version == site().schema.version
        triples = triples_of(names.ontology) if current else graphs[f"{names.ontology}/{version}"]
        dates = (t.object for t in triples if t.predicate.value == ISSUED)
        issued = next((date.value for date in dates if isinstance(date, Literal)), "")
        after = statements(triples, names.vocabulary)
        changed = {term: sorted({p for p, _ in before[term] ^ after[term]}) for term in sorted({*before} & {*after})}
        versions.append(
            OntologyVersion(
                version,
                issued,
                sorted({*after} - {*before}),
                sorted({*before} - {*after}),
                {term: predicates for term, predicates in changed.items() if predicates},
                not before,
            )
        )
        before = after
    return versions[::-1]


def earlier() -> dict[str, list[Triple]]:
    """The graphs of the earlier versions by name, from the file that has them all: read sooner than a store."""
    graphs: dict[str, list[Triple]] = defaultdict(list)
    for quad in parse(path=str(site().dataset.ontology_versions), format=RdfFormat.N_QUADS):
        graphs[str(quad.graph_name.value)].append(quad.triple)
    return graphs


def statements(triples: list[Triple], vocabulary: str) -> Statements:
    """What some triples say of each term of a vocabulary; a blank node as what is said of it, whatever its label."""
    about: dict[str, list[Triple]] = defaultdict(list)
    for triple in triples:
        about[str(triple.subject)].append(triple)

    def written(node: object) -> str:
        if not isinstance(node, BlankNode):
            return str(node)
        return "[" + "; ".join(sorted(f"{t.predicate} {written(t.object)}" for t in about[str(node)])) + "]"

    return {
        described[0].subject.value: {(t.predicate.value, written(t.object)) for t in described}
        for described in about.values()
        if isinstance(described[0].subject, NamedNode) and described[0].subject.value.startswith(vocabulary)
    }
