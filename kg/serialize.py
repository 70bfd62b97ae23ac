"""Serialize: triples as bytes, the same bytes for the same triples."""

import re

from pyoxigraph import RdfFormat, Triple, serialize

NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""A character that XML cannot hold, not even as a reference (w3.org/TR/xml, 2.2)."""

HEADER = {
    RdfFormat.TURTLE: re.compile(rb"(?:@prefix [^\n]*\n)*"),
    RdfFormat.TRIG: re.compile(rb"(?:@prefix [^\n]*\n)*"),
    RdfFormat.RDF_XML: re.compile(rb"<\?xml[^>]*>\s*<rdf:RDF[^>]*>"),
}
"""What stands on top of what the engine writes, in the formats whose prefixes can be told from the rest."""

DECLARATION = re.compile(rb"@prefix (?P<turtle>[\w-]+): [^\n]*\n| xmlns:(?P<xml>[\w-]+)=\"[^\"]*\"")


def prefixes_used(triples: list[Triple], format_: RdfFormat, prefixes: dict[str, str]) -> dict[str, str]:
    """The prefixes that these triples are written with."""
    plain = serialize(triples, format=RdfFormat.N_TRIPLES) or b""
    candidates = {prefix: iri for prefix, iri in prefixes.items() if b"<" + iri.encode() in plain}
    if format_ not in HEADER:
        return candidates
    text = HEADER[format_].sub(b"", serialize(triples, format=format_, prefixes=candidates) or b"", count=1)
    return {prefix: iri for prefix, iri in candidates.items() if is_used(prefix.encode(), text)}


def is_used(prefix: bytes, text: bytes) -> bool:
    """True if a name in a text may have this prefix."""
    return bool(re.search(rb"(?<![\w-])%b:" % re.escape(prefix), text))


def serialize_in_order(triples: list[Triple], format_: RdfFormat, prefixes: dict[str, str]) -> bytes:
    """Triples in the order given, under the prefixes in use; the engine alone would list these in random order."""
    text = serialize(triples, format=format_, prefixes=prefixes) or b""
    if format_ not in HEADER:
        return text
    found = HEADER[format_].match(text)
    header = found[0] if found else b""
    body = text[len(header) :]
    declared = {each[0]: each["turtle"] or each["xml"] for each in DECLARATION.finditer(header)}
    is_xml = format_ is RdfFormat.RDF_XML
    lines = b"".join(sorted(line for line, p in declared.items() if is_used(p, body) or (is_xml and p == b"rdf")))
    if is_xml:
        return re.sub(rb"(?: xmlns:[\w-]+=\"[^\"]*\")+", lambda _: lines, header, count=1) + body
    return lines + b"\n" + body
