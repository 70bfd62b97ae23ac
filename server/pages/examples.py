"""Examples: some examples of each class and each property from the data, for the reference.

The examples do not depend on the order in which an engine finds things: the first ones by address are used.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from pyoxigraph import Literal, NamedNode

from kg.dataset import named_queries
from kg.text.language_preference import preference
from server.derived import derived
from server.languages import language
from server.pages.properties import label, labels_of
from server.site import site

MAX_LENGTH = 40
"""Maximum length of a name or a value, in characters; longer ones are cut at a word."""


@dataclass(frozen=True, slots=True)
class Example:
    """A thing or part, and its value for a property as a text, with the language if that is not the page's."""

    thing: str
    name: str
    text: str = ""
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Members:
    """The number of things of a class, and one of them."""

    count: int
    example: Example


def things() -> dict[str, Members]:
    """The number of things of each of our classes, with an example."""
    counts = counted()
    names = names_of(thing for _, thing in counts.values())
    return {iri: Members(count, Example(thing, names[thing])) for iri, (count, thing) in counts.items()}


@derived()
def counted() -> dict[str, tuple[int, str]]:
    """The number of things of each of our classes, and the first of them."""
    return named_queries.counts(site().engine, site().schema.classes)


def values() -> dict[str, Example]:
    """A thing and its value for each of our properties that has one."""
    examples = {iri: (thing, min(all_, key=preferred)) for iri, (thing, all_) in seen_values().items()}
    links = (value.value for _, value in examples.values() if isinstance(value, NamedNode))
    names = names_of((*links, *(thing for thing, _ in examples.values())))

    def example(thing: str, value: NamedNode | Literal) -> Example:
        if isinstance(value, Literal):
            return Example(thing, names[thing], shortened(value.value), spoken(value))
        is_part = value.value.startswith((f"{thing}#", f"{thing}/"))
        return Example(thing, names[thing], value.value.removeprefix(thing) if is_part else names[value.value])

    return {iri: example(thing, value) for iri, (thing, value) in examples.items()}


def spoken(value: NamedNode | Literal) -> str | None:
    """The language of a value, if it differs from the language of the page."""
    tag = value.language if isinstance(value, Literal) else None
    return None if tag == language() else tag


def preferred(value: NamedNode | Literal) -> tuple[object, ...]:
    """A sort key for the values of a property: the one that a reader of the page prefers comes first."""
    tag = value.language if isinstance(value, Literal) else None
    return preference(tag, language()), value.value, str(value)


@derived()
def seen_values() -> dict[str, tuple[str, list[NamedNode | Literal]]]:
    """The first thing with each property, and all its values; things that are examples of classes are preferred."""
    known = {thing for _, thing in counted().values()}
    wanted = {*site().schema.declared_properties} - {
        bound for property_ in site().schema.properties.values() for bound in property_.bounds or ()
    }
    stated = named_queries.statements(site().engine, known)
    left = wanted - {triple.predicate.value for triple in stated}
    stated += named_queries.statements_of_first(site().engine, left)
    values: dict[str, tuple[str, list[NamedNode | Literal]]] = {}
    for triple in sorted(stated, key=lambda triple: triple.subject.value):  # type: ignore[union-attr]
        thing, property_ = triple.subject.value, triple.predicate.value  # type: ignore[union-attr]
        if property_ in wanted and values.setdefault(property_, (thing, []))[0] == thing:
            values[property_][1].append(triple.object)  # type: ignore[arg-type]
    return values


def names_of(iris: Iterable[str]) -> dict[str, str]:
    """The names of some IRIs; a part has the name of its thing before its own."""
    names = site().names
    wholes = {iri: iri.partition("#")[0] if iri.startswith(names.things) else iri for iri in iris}
    labels = labels_of(set(wholes.values()))

    def called(iri: str, whole: str) -> str:
        if iri.startswith(names.vocabulary):
            return label(iri)
        part = iri.removeprefix(whole)
        named = shortened(labels[whole].text if whole in labels else names.compact(whole))
        return f"{named} {part}" if part else named

    return {iri: called(iri, whole) for iri, whole in wholes.items()}


def shortened(text: str) -> str:
    """A text, shortened to its first words if necessary."""
    return text if len(text) <= MAX_LENGTH else text[:MAX_LENGTH].rsplit(" ", 1)[0].rstrip(",:;") + "…"
