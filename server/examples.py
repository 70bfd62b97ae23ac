"""Examples: what the data has of each class and each property, a few of each, for the reference."""

from collections.abc import Iterable
from dataclasses import dataclass

from pyoxigraph import Literal, NamedNode

from server.pages import label, labels_of
from server.site import once, site

FEW = 3
"""How many things of a class are shown."""

SEEN = 12
"""Among how many things, or values, these are chosen: the first that the engine comes upon."""


@dataclass(frozen=True, slots=True)
class Example:
    """A thing or part, and what it has for a property: a text, in a language if it has one, or an IRI."""

    thing: str
    name: str
    text: str = ""
    iri: str | None = None
    language: str | None = None


def counts() -> dict[str, int]:
    """How many things there are of each class of ours."""
    listed = " ".join(f"<{iri}>" for iri in site().schema.classes)
    rows = site().engine.select(
        f"SELECT ?class (COUNT(*) AS ?number) {{ VALUES ?class {{ {listed} }} ?thing a ?class }} GROUP BY ?class"
    )
    return {row["class"].value: int(row["number"].value) for row in rows}


def things() -> dict[str, list[Example]]:
    """A few things of each class of ours, those with the shortest addresses first."""
    found = once("things", seen_things)
    names = names_of(thing for few in found.values() for thing in few)
    return {iri: [Example(thing, names[thing]) for thing in few] for iri, few in found.items()}


def seen_things() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for iri in site().schema.classes:
        rows = site().engine.select(f"SELECT ?thing {{ ?thing a <{iri}> }} LIMIT {SEEN}")
        found[iri] = sorted((row["thing"].value for row in rows), key=lambda thing: (len(thing), thing))[:FEW]
    return found


def values() -> dict[str, Example]:
    """A thing and its value for each property of ours that has one, the shortest of those seen."""
    found = once("values", seen_values)
    links = (value.value for _, value in found.values() if isinstance(value, NamedNode))
    names = names_of((*links, *(thing for thing, _ in found.values())))
    return {
        iri: Example(thing, names[thing], names[value.value], value.value)
        if isinstance(value, NamedNode)
        else Example(thing, names[thing], value.value, None, value.language)
        for iri, (thing, value) in found.items()
    }


def seen_values() -> dict[str, tuple[str, NamedNode | Literal]]:
    found: dict[str, tuple[str, NamedNode | Literal]] = {}
    for iri in site().schema.declared_properties:
        rows = site().engine.select(f"SELECT ?thing ?value {{ ?thing <{iri}> ?value }} LIMIT {SEEN}")
        pairs = [(row["thing"].value, row["value"]) for row in rows]
        if pairs:
            found[iri] = min(pairs, key=lambda pair: (len(pair[0] + pair[1].value), pair[0], pair[1].value))
    return found


def names_of(iris: Iterable[str]) -> dict[str, str]:
    """What to call each of some IRIs; a part after its thing."""
    names = site().names
    wholes = {iri: iri.partition("#")[0] if iri.startswith(names.things) else iri for iri in iris}
    labels = labels_of(set(wholes.values()))

    def called(iri: str, whole: str) -> str:
        if iri.startswith(names.vocabulary):
            return label(iri)
        part = iri.removeprefix(whole)
        named = labels[whole].text if whole in labels else names.compact(whole)
        return f"{named} {part}" if part else named

    return {iri: called(iri, whole) for iri, whole in wholes.items()}
