"""Serialize: triples as bytes, the same bytes for the same triples."""

import re

from pyoxigraph import RdfFormat, Triple, serialize

NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""A character that XML cannot hold, not even as a reference (w3.org/TR/xml, 2.2)."""


def serialize_in_order(triples: list[Triple], format_: RdfFormat, prefixes: dict[str, str]) -> bytes:
    """Triples in the order given, under the prefixes in use; the engine alone would list these in random order."""
    plain = serialize(triples, format=RdfFormat.N_TRIPLES) or b""
    used = {prefix: iri for prefix, iri in prefixes.items() if b"<" + iri.encode() in plain}
    text = serialize(triples, format=format_, prefixes=used) or b""
    if format_ in (RdfFormat.TURTLE, RdfFormat.TRIG):
        header = text.splitlines(keepends=True)[: len(used)]
        return b"".join(sorted(header)) + b"\n" + text[sum(map(len, header)) :]
    if format_ is RdfFormat.RDF_XML:
        return re.sub(
            rb"(?: xmlns:[\w-]+=\"[^\"]*\")+", lambda m: b" " + b" ".join(sorted(m[0].split())), text, count=1
        )
    return text
