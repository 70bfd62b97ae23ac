"""Facets: what some things are told apart by, with how many have each value, as links that choose one.

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
"""How many values of a facet a page shows at once."""

MAX_VALUES = 60
"""Maximum number of values that it shows at all; those that fewest have are left out."""

MAX_FACETS = 8
"""Maximum number of facets of a page: those that tell most of the things apart."""

Address = Callable[[str, str], str]
"""Where the things are that also have a value of a facet."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A value that may be chosen: what to call it, how many things have it, and where these are."""

    label: str
    count: int
    href: str


@dataclass(frozen=True, slots=True)
class Facet:
    """A facet: what to call it, its values, and how many more there are."""

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
    """The facets of some things, but for those that are asked for already and those in which all are alike."""
    useful = [name for name, values in counts.items() if name not in chosen and any(n < total for n in values.values())]
    useful.sort(key=lambda name: (name != KIND, name != TYPE, -sum(counts[name].values()), name))
    return [facet_of(name, counts[name], address) for name in useful[:MAX_FACETS]]


def facet_of(name: str, counts: dict[str, int], address: Address) -> Facet:
    """A facet with the values that most things have, in the order of their numbers; of dates, the latest first."""
    values = list(counts)[:MAX_VALUES]
    if (property_ := property_of(name)) and property_.bounds:
        values.sort(reverse=True)
    called = labels_of(name, values)
    choices = [Choice(called[value], counts[value], address(name, value)) for value in values]
    return Facet(name, label_of(name), choices, len(counts) - len(values))


def property_of(name: str) -> Property | None:
    """The property of a facet, at the end of those that lead to it; None for kinds and classes."""
    return None if name in (KIND, TYPE) else site().schema.properties[name.rpartition(".")[2]]


def label_of(name: str) -> str:
    """What to call a facet, in the language of the page."""
    property_ = property_of(name)
    return label(property_.iri) if property_ else {KIND: _("Kind"), TYPE: _("Type")}[name]


def labels_of(name: str, values: list[str]) -> dict[str, str]:
    """What to call some values of a facet, in the language of the page; as they are, if they have no names."""
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
