"""The history of the ontology: the terms that each published version added, removed and changed."""

import re
from collections import defaultdict
from dataclasses import dataclass

from pyoxigraph import BlankNode, Literal, NamedNode, RdfFormat, Triple, parse

from kg.names import PREFIXES
from server.derived import derived
from server.site import site, triples_of

ISSUED = PREFIXES["dcterms"] + "issued"

Statements = dict[str, set[tuple[str, str]]]
"""The statements about each term: predicates and objects."""


@dataclass(frozen=True, slots=True)
class OntologyVersion:
    """A version, the day on which it was issued, and its differences from the previous version.

    `changed` maps each changed term to the predicates whose values differ.
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
    """The graphs of the earlier versions by name, read from their file, which is faster than a store."""
    graphs: dict[str, list[Triple]] = defaultdict(list)
    for quad in parse(path=str(site().dataset.ontology_versions), format=RdfFormat.N_QUADS):
        graphs[str(quad.graph_name.value)].append(quad.triple)
    return graphs


def statements(triples: list[Triple], vocabulary: str) -> Statements:
    """The statements about each term of a vocabulary; a blank node is represented by its own statements."""
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
