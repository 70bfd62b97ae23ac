"""Names: makes every IRI, and defines the table of prefixes."""

import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

CANONICAL = "https://w3id.org/osce-kg/"
"""The namespace in which the ontology and the shapes are written; the build rebases it to the address of publication.
"""

DEFAULT_BASE = "http://localhost:8000/"

NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
"""A valid kind, name of a thing or key of a part."""

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
RDFS = "http://www.w3.org/2000/01/rdf-schema#"
XSD = "http://www.w3.org/2001/XMLSchema#"

RDF_TYPE = RDF + "type"
RDFS_LABEL = RDFS + "label"

PREFIXES = {
    "dash": "http://datashapes.org/dash#",
    "dcat": "http://www.w3.org/ns/dcat#",
    "dcterms": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "geo": "http://www.w3.org/2003/01/geo/wgs84_pos#",
    "hydra": "http://www.w3.org/ns/hydra/core#",
    "org": "http://www.w3.org/ns/org#",
    "owl": "http://www.w3.org/2002/07/owl#",
    "prof": "http://www.w3.org/ns/dx/prof/",
    "prov": "http://www.w3.org/ns/prov#",
    "rdf": RDF,
    "rdfs": RDFS,
    "schema": "https://schema.org/",
    "sd": "http://www.w3.org/ns/sparql-service-description#",
    "sh": "http://www.w3.org/ns/shacl#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "spdx": "http://spdx.org/rdf/terms#",
    "time": "http://www.w3.org/2006/time#",
    "vcard": "http://www.w3.org/2006/vcard/ns#",
    "vann": "http://purl.org/vocab/vann/",
    "void": "http://rdfs.org/ns/void#",
    "vs": "http://www.w3.org/2003/06/sw-vocab-status/ns#",
    "xsd": XSD,
}
"""Prefixes of external namespaces, which every Turtle document, query and page uses."""


class InvalidBaseError(ValueError):
    """Raised when a base is not an absolute http(s) IRI to which paths can be appended."""


@dataclass(frozen=True, slots=True)
class Names:
    """Makes every IRI of a dataset from its base, which ends with a slash."""

    base: str

    @classmethod
    def at(cls, base: str) -> "Names":
        """Checks a base and adds the final slash. Raises InvalidBaseError."""
        try:
            parts = urlsplit(base)
            legal = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
        except ValueError:
            legal = False
        if not legal or re.search(r"[\s<>\"'{}|\\^`?#]", base):
            raise InvalidBaseError(f"expected an http or https address without query or fragment, found {base!r}")
        return cls(base if base.endswith("/") else base + "/")

    @property
    def things(self) -> str:
        return self.base + "id/"

    @property
    def ontology(self) -> str:
        """The IRI of the ontology and of the named graph that contains it."""
        return self.base + "ontology"

    @property
    def shapes(self) -> str:
        """The IRI of the shapes and of the named graph that contains them."""
        return self.base + "shapes"

    @property
    def dataset(self) -> str:
        """The IRI of the dataset and of the named graph that contains its catalogue."""
        return self.base + "dataset"

    @property
    def inferred(self) -> str:
        """The named graph of the inferred triples, which the default graph contains as well."""
        return self.dataset + "#inferred"

    @property
    def withdrawn(self) -> str:
        """The named graph of the withdrawn things."""
        return self.dataset + "#withdrawn"

    @property
    def sources(self) -> str:
        """The named graph that states the source of each document."""
        return self.dataset + "#sources"

    @property
    def questions(self) -> str:
        """The named graph of the competency questions."""
        return self.dataset + "#questions"

    @property
    def graphs(self) -> dict[str, str]:
        """The named graphs, each with a plain description of its content."""
        return {
            self.inferred: "the inferred triples",
            self.ontology: "the ontology",
            self.shapes: "the shapes",
            self.dataset: "the catalogue",
            self.sources: "the source of each document: file, line and text",
            self.withdrawn: "withdrawn things: when, why, and the replacement",
            self.questions: "example questions with their queries",
        }

    @property
    def vocabulary(self) -> str:
        """The namespace of the terms of the ontology."""
        return self.ontology + "#"

    @property
    def renamed_from(self) -> str:
        """The property whose values are the former names, or paths, of a thing."""
        return self.vocabulary + "renamedFrom"

    @property
    def as_published(self) -> str:
        """The property whose values are words that are reproduced as published, although they look like a mistake."""
        return self.vocabulary + "sic"

    @property
    def names_vary(self) -> str:
        """The annotation property that marks classes whose things have names that are spelled in several ways."""
        return self.vocabulary + "namesVary"

    @property
    def prefixes(self) -> dict[str, str]:
        return {**PREFIXES, "osce": self.vocabulary, "shapes": self.shapes + "#"}

    @property
    def contact(self) -> str:
        """The IRI of the contact for corrections."""
        return self.dataset + "#contact"

    def dump(self, version: str, suffix: str, *, compressed: bool = False) -> str:
        """A dump of a version of the dataset."""
        return f"{self.base}dump/{version}.{suffix}{'.gz' if compressed else ''}"

    def pack_list(self, version: str) -> str:
        """The list of the packs of a version of the dataset, with the SHA-256 of each member of its dumps."""
        return f"{self.base}dump/{version}/packs.json"

    def thing(self, path: str) -> str:
        return self.things + path

    def document(self, path: str) -> str:
        return f"{self.base}doc/{path}"

    def path(self, iri: str) -> str | None:
        """The path, `kind/name`, of the thing that has an IRI, or that has a part with this IRI."""
        return iri.removeprefix(self.things).partition("#")[0] if iri.startswith(self.things) else None

    def rebase(self, text: str) -> str:
        """Replaces the canonical base in a text (IRIs, literals, queries) by the base."""
        return text.replace(CANONICAL, self.base)

    def expand(self, name: str) -> str:
        """The IRI for a short name: the path of a thing, a prefixed name, or an IRI itself."""
        prefix, colon, local = name.partition(":")
        if "://" in name:
            return self.rebase(name)
        return self.prefixes[prefix] + local if colon and prefix in self.prefixes else self.thing(name)

    def compact(self, iri: str) -> str:
        """A short readable name: the path of a thing, a prefixed name, or the IRI if neither exists."""
        if iri.startswith(self.things):
            return iri.removeprefix(self.things)
        for prefix, namespace in self.prefixes.items():
            if iri.startswith(namespace) and re.fullmatch(r"[\w.-]+", iri[len(namespace) :]):
                return f"{prefix}:{iri[len(namespace) :]}"
        return iri


def local_name(iri: str) -> str:
    """The part of an IRI after its last `#` or `/`."""
    return re.split(r"[#/]", iri)[-1]


@lru_cache(1024)
def kebab(name: str) -> str:
    """The kind for the local name of a class: `field-operation` for `FieldOperation`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "-", name).lower()
