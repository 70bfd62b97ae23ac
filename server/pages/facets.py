"""Facets: the values that distinguish some things, with the number of things for each, as links that select one.

The shapes say which properties are facets (dash:propertyRole dash:KeyInfoRole); their values are in the search index
(kg/dataset/search_index.py).
"""

from collections.abc import Callable, Container
from dataclasses import dataclass

from kg.dataset.finder import Facets
from kg.dataset.search_index import KIND, TYPE
from kg.model.schema import Property, Values
from kg.text.language_preference import best_tag
from server.languages import gettext as _
from server.languages import language
from server.pages.properties import label
from server.site import site

SHOWN = 8
"""Number of values of a facet that a page shows at first."""

MAX_VALUES = 60
"""Maximum number of values that a page shows; the least frequent values are left out."""

MAX_FACETS = 8
"""Maximum number of facets on a page; the facets with values for most things are shown."""

Address = Callable[[str, str], str]
"""A function that returns the address of the things that also have a value of a facet."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A value that can be selected: its label, the number of things with it, and the address of these things."""

    label: str
    count: int
    href: str


@dataclass(frozen=True, slots=True)
class Facet:
    """A facet: its label, its values, and the number of values that are left out."""

    name: str
    label: str
    choices: list[Choice]
    more: int

    @property
    def shown(self) -> list[Choice]:
        return self.choices[:SHOWN]

    @property
    def others(self) -> list[Choice]:
        return self.choices[SHOWN:]


def facets_of(counts: Facets, total: int, chosen: Container[str], address: Address) -> list[Facet]:
    """The facets of some things, without those that are already selected and those with the same value everywhere."""
    useful = [name for name, values in counts.items() if name not in chosen and any(n < total for n in values.values())]
    useful.sort(key=lambda name: (name != KIND, name != TYPE, -sum(counts[name].values()), name))
    return [facet_of(name, counts[name], address) for name in useful[:MAX_FACETS]]


def facet_of(name: str, counts: dict[str, int], address: Address) -> Facet:
    """A facet with its most frequent values, ordered by frequency; dates are ordered by date, latest first."""
    values = list(counts)[:MAX_VALUES]
    if (property_ := property_of(name)) and property_.bounds:
        values.sort(reverse=True)
    called = labels_of(name, values)
    choices = [Choice(called[value], counts[value], address(name, value)) for value in values]
    return Facet(name, label_of(name), choices, len(counts) - len(values))


def property_of(name: str) -> Property | None:
    """The property of a facet, at the end of a path of properties; None for kinds and classes."""
    return None if name in (KIND, TYPE) else site().schema.properties[name.rpartition(".")[2]]


def label_of(name: str) -> str:
    """The label of a facet in the language of the page."""
    property_ = property_of(name)
    return label(property_.iri) if property_ else {KIND: _("Kind"), TYPE: _("Type")}[name]


def labels_of(name: str, values: list[str]) -> dict[str, str]:
    """The labels of some values of a facet in the language of the page; values without labels stay as they are."""
    schema, property_ = site().schema, property_of(name)
    terms: dict[str, str] = property_.individuals if property_ else {}
    if name == KIND:
        terms = {kind: class_.iri for kind, class_ in schema.kinds.items()}
    if name == TYPE:
        terms = {class_.name: class_.iri for class_ in schema.classes.values()}
    names = {value: label(terms[value]) if value in terms else value for value in values}
    if property_ and property_.values is Values.REFERENCE:
        labels = site().finder.labels(values)
        names |= {path: labels[path][best_tag(labels[path], language())] for path in values if path in labels}
    return names
