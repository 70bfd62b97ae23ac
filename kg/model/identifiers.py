"""Identifiers: texts that name exactly one thing, or few: web addresses, symbols, numbers, codes, and paths of things.

Indexed texts and queries are converted to keys in the same way, so that the spelling of an identifier does not matter:
its case, and whether it has a scheme, `www.`, a language, a final slash, a query or a fragment.
"""

import re
from collections.abc import Iterator
from urllib.parse import unquote

from rdflib.namespace import DCTERMS, SH, SKOS

from kg.media import LANGUAGES
from kg.model.schema import Property, Schema, Values
from kg.names import NAME, XSD
from kg.text.words import composed

AROUND = " \t\r\n<>\"'“”„«»()[],;"
"""Characters that surround an identifier that was copied from a text."""

SCHEME = re.compile(r"(?:https?:)?//(?:www\.)?|www\.")
LANGUAGE = re.compile(rf"(?<=[^/])/(?:{'|'.join(LANGUAGES)})(?=/|$)")
"""The first step of the path of an address, if it is a language."""

OURS = re.compile(rf"(?:^|.*/)(?:id|doc)/({NAME.pattern}/{NAME.pattern})(?:\.[a-z]+)*/?")
"""The address of a thing or of its document, on any host, with the path of the thing."""

ALONE = re.compile(r"(?=\S*([./:]|\d{5}))\S+")
"""A query that only an identifier can answer, because it is not a word: an address, a symbol or a long number."""

TOGETHER = re.compile(r"(?=(https?:)?//|www\.|\S*\d)(?=\S*[./])\S+")
"""A query whose words must be adjacent, because it is an address or a symbol, or the beginning of one."""


def keys_of(text: str) -> list[str]:
    """The keys of an identifier, the most exact one first."""
    return list(dict.fromkeys(key for key in _keys_of(text) if key))


def _keys_of(text: str) -> Iterator[str]:
    bare = composed(text).strip(AROUND).rstrip(f"{AROUND}.").casefold()
    bare = unquote(SCHEME.sub("", "".join(bare.split()), count=1).partition("#")[0])
    path = bare.partition("?")[0]
    for each in (bare, path):
        key = each.strip("/")
        yield key
        yield LANGUAGE.sub("", key, count=1)
    if ours := OURS.fullmatch(path):
        yield ours[1]


def identifies(property_: Property, schema: Schema) -> bool:
    """True for a property whose values identify their subjects.

    These are web addresses, values of subproperties of dcterms:identifier and skos:notation, and codes: strings with a
    pattern in their shape (sh:pattern), of which a thing has at most one.
    """
    if property_.values is Values.ADDRESS or {str(DCTERMS.identifier), str(SKOS.notation)} & {
        *schema.superproperties(property_.iri)
    }:
        return True
    return property_.datatypes == (XSD + "string",) and any(
        str(shape_path) == property_.iri
        for kind in schema.kinds.values()
        for class_ in schema.subclasses(kind.iri)
        for shape in schema.property_shapes(class_.iri)
        if (shape, SH.pattern, None) in schema.shapes and str(schema.shapes.value(shape, SH.maxCount)) == "1"
        for shape_path in schema.shapes.objects(shape, SH.path)
    )
