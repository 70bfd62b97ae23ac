"""The history of the ontology: what each published version added, removed and changed, by their graphs."""

import re
from collections import defaultdict
from dataclasses import dataclass

from pyoxigraph import BlankNode, Literal, NamedNode, RdfFormat, Triple, parse

from kg.names import PREFIXES
from server.graphs import triples_of
from server.site import once, site

ISSUED = PREFIXES["dcterms"] + "issued"

Statements = dict[str, set[tuple[str, str]]]
"""Of each term, predicate and object of what is said of it."""


@dataclass(frozen=True, slots=True)
class Release:
    """A version, the day it was issued, and the terms by which it differs from the version before.

    `changed` has of each term the predicates of which there are other values.
    """

    version: str
    issued: str
    added: list[str]
    removed: list[str]
    changed: dict[str, list[str]]
    first: bool


def history() -> list[Release]:
    """The versions, newest first."""
    return once("history", compared)


def compared() -> list[Release]:
    """Each version compared with the one before, newest first."""
    names, known = site().names, sorted(site().contexts, key=lambda v: [int(n) for n in re.findall(r"\d+", v)])
    graphs, found = earlier(), list[Release]()
    before: Statements = {}
    for version in known:
        current = version == site().schema.version
        triples = triples_of(names.ontology) if current else graphs[f"{names.ontology}/{version}"]
        dates = (t.object for t in triples if t.predicate.value == ISSUED)
        issued = next((date.value for date in dates if isinstance(date, Literal)), "")
        after = statements(triples, names.vocabulary)
        changed = {term: sorted({p for p, _ in before[term] ^ after[term]}) for term in sorted({*before} & {*after})}
        found.append(
            Release(
                version,
                issued,
                sorted({*after} - {*before}),
                sorted({*before} - {*after}),
                {term: predicates for term, predicates in changed.items() if predicates},
                not before,
            )
        )
        before = after
    return found[::-1]


def earlier() -> dict[str, list[Triple]]:
    """The graphs of the earlier versions by name, from the file that has them all: read sooner than a store."""
    found: dict[str, list[Triple]] = defaultdict(list)
    for quad in parse(path=str(site().dataset.ontology_versions), format=RdfFormat.N_QUADS):
        found[str(quad.graph_name.value)].append(quad.triple)
    return found


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
        found[0].subject.value: {(t.predicate.value, written(t.object)) for t in found}
        for found in about.values()
        if isinstance(found[0].subject, NamedNode) and found[0].subject.value.startswith(vocabulary)
    }
