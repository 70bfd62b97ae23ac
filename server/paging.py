"""Paged lists: the parts that all lists with pages share. Collections and searches are such lists.

These parts are the parameters of pages and their limits, the addresses of pages, notes for programs, and the list as
RDF in the Hydra Core Vocabulary (hydra-cg.com/spec/latest/core).
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from urllib.parse import quote

from flask import request
from pyoxigraph import Literal, NamedNode, Triple

from kg.names import RDF_TYPE, RDFS_LABEL
from kg.namespaces import HYDRA
from kg.serialize import NO_XML
from server.site import site

Pairs = list[tuple[str, str]]
"""Names and values in a query string."""

SHARED = ("context", "_profile", "lang")
"""Parameters that choose how a document is shown; links to other pages keep them."""

TOO_LARGE = "A page has at most {most} members; follow the link rel=next for the next page."
"""The note on a page whose `size` was reduced."""

MAX_DIGITS = 18
"""Maximum number of digits of a whole number that are read; every limit has fewer."""

MAX_SHOWN = 80
"""Maximum length of a text of the request that a message repeats, in characters."""

RELATIONS = {"first": "first", "prev": "previous", "next": "next"}
"""The link relations of pages, each with the local name of its property in Hydra."""


# ── Parameters ───────────────────────────────────────────────────────────────────────────────────────────────────


def shown(text: str) -> str:
    """A text of the request, quoted for a message."""
    return repr(text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 1] + "…")


def unwritable(given: Iterable[tuple[str, str]]) -> list[str]:
    """Errors about parameters whose names or values contain characters that XML does not allow.

    They are refused in every format, so that the same request has the same answer as Turtle and as RDF/XML.
    """
    matches = ((name, NO_XML.search(name) or NO_XML.search(value)) for name, value in given)
    return [
        f"{shown(name)} contains U+{ord(match[0]):04X}, a character that XML does not allow; remove it."
        for name, match in matches
        if match
    ]


def repeated(names: Iterable[str]) -> list[str]:
    """Errors about parameters that the current request must not repeat but does."""
    return [f"{name} must not be given more than once." for name in names if len(request.args.getlist(name)) > 1]


def whole_number(name: str, given: str, expected: str, max_length: float = inf) -> int:
    """The value of a parameter that is a whole number of at least 1; ValueError says what is expected."""
    digits = given.lstrip("0")
    if not (given.isascii() and given.isdigit() and digits) or len(given) > max_length:
        raise ValueError(f"{name} must be {expected}, not {shown(given)}.")
    return int(digits[:MAX_DIGITS])


@dataclass(frozen=True, slots=True)
class PageSize:
    """The number of members on a page; `is_cut` if the request asks for more than the maximum."""

    members: int
    is_cut: bool = False

    @classmethod
    def of(cls, wanted: int, most: int) -> "PageSize":
        return cls(min(wanted, most), wanted > most)


def query(pairs: Pairs) -> str:
    """A query string with its question mark, encoded as by RFC 6570; empty if there are no parameters."""
    return "?" + "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in pairs) if pairs else ""


def address(path: str, pairs: Pairs) -> str:
    """The path of a list, or of a page of it, on this host."""
    return f"{request.script_root}/{path}{query(pairs)}"


def shared() -> Pairs:
    """The parameters of the current request that choose how a document is shown."""
    return [(name, value) for name in SHARED for value in request.args.getlist(name)]


# ── A list ───────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class ActiveFilter:
    """A value that a list is filtered by: the label of its filter, its own, and the address of the list without it."""

    label: str
    value: str
    remove: str


@dataclass(frozen=True, slots=True)
class ListedThing:
    """A member of a list: its IRI, that of its class, and its labels."""

    iri: str
    class_: str
    labels: Sequence[Literal]


class PagedList(ABC):
    """A list, and the page of it that the current request asks for."""

    @property
    @abstractmethod
    def path(self) -> str:
        """The path of the list on this host, without parameters."""

    @property
    @abstractmethod
    def title(self) -> str:
        """The title of the list, in English."""

    @property
    @abstractmethod
    def pairs(self) -> Pairs:
        """The parameters that define the list, in canonical form and order, without those of the page."""

    @property
    @abstractmethod
    def pages(self) -> dict[str, Pairs]:
        """The parameters of this page (`self`), the first, and the previous and next if they exist, by relation."""

    @property
    @abstractmethod
    def total(self) -> int:
        """The number of members of the whole list."""

    @property
    @abstractmethod
    def listed(self) -> list[ListedThing]:
        """The members on this page, in order."""

    @property
    @abstractmethod
    def size(self) -> PageSize:
        """The size that the request asks for."""

    @property
    @abstractmethod
    def has_more(self) -> bool:
        """True if the list has members after this page."""

    @property
    @abstractmethod
    def messages(self) -> Iterable[str]:
        """The notes for programs about the filters of the list."""

    @property
    @abstractmethod
    def variables(self) -> Mapping[str, str]:
        """The parameters by which the list can be searched, each with the IRI of its property."""

    @property
    def iri(self) -> str:
        """The IRI of the list, without the parameters of the page."""
        return self.iri_of(self.pairs)

    def iri_of(self, pairs: Pairs) -> str:
        """The IRI of the list, or of a page of it, with some parameters."""
        return site().names.base + self.path + query(pairs)

    @property
    def is_cut(self) -> bool:
        """True if the requested page was larger, and would have contained more members."""
        return self.size.is_cut and self.has_more

    @property
    def notes(self) -> tuple[str, ...]:
        """The notes for programs about a page: a size that was reduced, and what the filters say."""
        cut = [TOO_LARGE.format(most=self.size.members)] if self.is_cut else []
        return (*cut, *self.messages)

    def statements(self) -> Iterator[Triple]:
        """The list and its page as RDF."""
        here = self.iri
        yield _link(here, RDF_TYPE, HYDRA.Collection)
        yield _text(here, RDFS_LABEL, Literal(self.title, language="en"))
        yield _text(here, HYDRA.totalItems, Literal(self.total))
        for member in self.listed:
            yield _link(here, HYDRA.member, member.iri)
            yield _link(member.iri, RDF_TYPE, member.class_)
            yield from (_text(member.iri, RDFS_LABEL, label) for label in member.labels)
        yield from self._view()
        yield from self._template()

    def _view(self) -> Iterator[Triple]:
        """The page within its list, unless it is the whole list (Hydra core, 5.1)."""
        pages = self.pages
        here = self.iri_of(pages["self"])
        if here == self.iri and "next" not in pages:
            return
        yield _link(self.iri, HYDRA.view, here)
        yield _link(here, RDF_TYPE, HYDRA.PartialCollectionView)
        for relation, property_ in RELATIONS.items():
            if relation in pages:
                yield _link(here, HYDRA[property_], self.iri_of(pages[relation]))

    def _template(self) -> Iterator[Triple]:
        """An IRI template for searches in the list (Hydra core, 4.3; RFC 6570)."""
        document = self.iri_of([])
        template = f"{document}#search"
        variables = {variable(name): iri for name, iri in self.variables.items()}
        yield _link(self.iri, HYDRA.search, template)
        yield _link(template, RDF_TYPE, HYDRA.IriTemplate)
        yield _text(template, HYDRA.template, Literal(f"{document}{{?{','.join(variables)}}}"))
        yield _link(template, HYDRA.variableRepresentation, HYDRA.BasicRepresentation)
        for name, iri in variables.items():
            mapping = f"{template}-{name}"
            yield _link(template, HYDRA.mapping, mapping)
            yield _link(mapping, RDF_TYPE, HYDRA.IriTemplateMapping)
            yield _text(mapping, HYDRA.variable, Literal(name))
            yield _link(mapping, HYDRA.property, iri)
            yield _text(mapping, HYDRA.required, Literal(False))


def variable(name: str) -> str:
    """The name of a parameter as a variable of a template (RFC 6570, 2.3): other characters are percent-encoded."""
    return re.sub(r"[^A-Za-z0-9_.]", lambda match: "".join(f"%{byte:02X}" for byte in match[0].encode()), name)


def _link(subject: str, predicate: str, value: str) -> Triple:
    return Triple(NamedNode(subject), NamedNode(predicate), NamedNode(value))


def _text(subject: str, predicate: str, value: Literal) -> Triple:
    return Triple(NamedNode(subject), NamedNode(predicate), value)
