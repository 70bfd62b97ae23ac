"""Briefs: one line beside the name of a thing in a list, which distinguishes it from others of its kind.

The shapes define the properties of a brief (dash:propertyRole dash:KeyInfoRole).
"""

from collections import defaultdict
from collections.abc import Iterable
from operator import attrgetter

from pyoxigraph import Literal, NamedNode

from kg.dataset import named_queries
from kg.names import local_name
from server.pages.properties import Value, label, labels_of
from server.site import site

MAX_PROPERTIES = 3
"""Maximum number of properties whose values a brief has."""

MAX_VALUES = 2
"""Maximum number of values of a property in a brief; a property with more is left out."""


def briefs_of(iris: Iterable[str]) -> dict[str, list[Value]]:
    """The briefs of some things of the dataset by IRI, without values that all of them share."""
    properties = {iri: telling(iri) for iri in iris}
    rows = named_queries.values(
        site().engine, properties, {each for properties_of_class in properties.values() for each in properties_of_class}
    )
    stated: dict[str, dict[str, set[NamedNode | Literal]]] = defaultdict(lambda: defaultdict(set))
    for row in rows:
        stated[row["p"].value][row["s"].value].add(row["o"])
    shared = {
        property_
        for property_, values in stated.items()
        if len(values) == len(properties) > 1 and len(set(map(frozenset, values.values()))) == 1
    }
    named = labels_of({row["o"].value for row in rows if isinstance(row["o"], NamedNode)})
    briefs = {}
    for iri, properties_of_class in properties.items():
        texts = [stated[each][iri] for each in properties_of_class if each not in shared]
        few = [terms for terms in texts if 0 < len(terms) <= MAX_VALUES][:MAX_PROPERTIES]
        briefs[iri] = [
            value for terms in few for value in sorted((value_of(t, named) for t in terms), key=attrgetter("text"))
        ]
    return briefs


def telling(iri: str) -> list[str]:
    """The properties that distinguish things of a kind, in the order of a page."""
    class_ = site().schema.kinds[(site().names.path(iri) or "").partition("/")[0]]
    return [key.property.iri for key in site().schema.keys(class_).values() if key.is_key_info]


def value_of(term: NamedNode | Literal, named: dict[str, Value]) -> Value:
    """A value in a brief, without a link."""
    if isinstance(term, Literal):
        return Value(term.value, term.language, datatype=local_name(term.datatype.value))
    known = named.get(term.value)
    return Value(known.text, known.language) if known else Value(label(term.value))
