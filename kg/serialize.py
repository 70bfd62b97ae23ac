"""Serialize: writes triples and solutions as bytes; the same triples give the same bytes."""

import json
import re
from typing import Any

from pyoxigraph import Literal, NamedNode, Quad, QueryResultsFormat, RdfFormat, Triple, parse_query_results, serialize

from kg.sparql.engine import Solutions, Term

NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""A character that XML cannot contain, not even as a reference (w3.org/TR/xml, 2.2)."""

HEADER = {
    RdfFormat.TURTLE: re.compile(rb"(?:@prefix [^\n]*\n)*"),
    RdfFormat.TRIG: re.compile(rb"(?:@prefix [^\n]*\n)*"),
    RdfFormat.RDF_XML: re.compile(rb"<\?xml[^>]*>\s*<rdf:RDF[^>]*>"),
}
"""The prefix declarations at the top of the engine's output, in the formats in which they can be separated."""

LINE_END = b" .\n"
"""The end of each line of canonical N-Triples and N-Quads, which occurs nowhere else."""

DECLARATION = re.compile(rb"@prefix (?P<turtle>[\w-]+): [^\n]*\n| xmlns:(?P<xml>[\w-]+)=\"[^\"]*\"")


def prefixes_used(triples: list[Triple], format_: RdfFormat, prefixes: dict[str, str]) -> dict[str, str]:
    """The prefixes that are used by these triples."""
    plain = serialize(triples, format=RdfFormat.N_TRIPLES) or b""
    candidates = {prefix: iri for prefix, iri in prefixes.items() if b"<" + iri.encode() in plain}
    if format_ not in HEADER:
        return candidates
    text = HEADER[format_].sub(b"", serialize(triples, format=format_, prefixes=candidates) or b"", count=1)
    return {prefix: iri for prefix, iri in candidates.items() if is_used(prefix.encode(), text)}


def is_used(prefix: bytes, text: bytes) -> bool:
    """True if a name in a text may have this prefix."""
    name = re.escape(prefix)
    return bool(re.search(rb"%b:(?<![\w-]%b:)" % (name, name), text))  # what begins with letters is found fastest


def serialize_in_order(triples: list[Triple], format_: RdfFormat, prefixes: dict[str, str]) -> bytes:
    """Triples in the given order, with the prefixes in use, which the engine alone would write in random order."""
    text = serialize(triples, format=format_, prefixes=prefixes) or b""
    if format_ not in HEADER:
        return text
    matched = HEADER[format_].match(text)
    header = matched[0] if matched else b""
    body = text[len(header) :]
    declared = {each[0]: each["turtle"] or each["xml"] for each in DECLARATION.finditer(header)}
    is_xml = format_ is RdfFormat.RDF_XML
    lines = b"".join(sorted(line for line, p in declared.items() if is_used(p, body) or (is_xml and p == b"rdf")))
    if is_xml:
        return re.sub(rb"(?: xmlns:[\w-]+=\"[^\"]*\")+", lambda _: lines, header, count=1) + body
    return lines + b"\n" + body


def turtle_without_prefixes(triples: list[Triple] | list[Quad], prefixes: dict[str, str]) -> bytes:
    """Triples in the given order as Turtle, without the declarations of the prefixes, any of which may be used."""
    text = serialize(triples, format=RdfFormat.TURTLE, prefixes=prefixes) or b""
    matched = HEADER[RdfFormat.TURTLE].match(text)
    return text[matched.end() :] if matched else text


def declarations(prefixes: dict[str, str]) -> bytes:
    """The declarations of prefixes in Turtle, sorted by prefix."""
    return "".join(f"@prefix {prefix}: <{iri}> .\n" for prefix, iri in sorted(prefixes.items())).encode()


def serialize_solutions(solutions: Solutions, format_: QueryResultsFormat) -> bytes:
    """The solutions of a query in a results format, whichever engine they come from."""
    bindings = [{name: as_json(term) for name, term in solution.items()} for solution in solutions]
    document = {"head": {"vars": solutions.variables}, "results": {"bindings": bindings}}
    return _converted(document, format_)


def serialize_boolean(answer: bool, format_: QueryResultsFormat) -> bytes:
    """The answer to an ASK query in a results format. Raises ValueError for CSV, which cannot represent it."""
    return _converted({"head": {}, "boolean": answer}, format_)


def _converted(results: dict[str, Any], format_: QueryResultsFormat) -> bytes:
    """Converts query results in JSON (SPARQL 1.1 Query Results JSON) to another format, as bytes."""
    parsed = parse_query_results(json.dumps(results).encode(), QueryResultsFormat.JSON)
    return parsed.serialize(format=format_) or b""


def as_json(term: Term) -> dict[str, Any]:
    """A term in the JSON format of query results (SPARQL 1.2 Query Results JSON, 3.2.2)."""
    if isinstance(term, Triple):
        value = {"subject": as_json(term.subject), "predicate": as_json(term.predicate), "object": as_json(term.object)}
        return {"type": "triple", "value": value}
    if not isinstance(term, Literal):
        return {"type": "uri" if isinstance(term, NamedNode) else "bnode", "value": term.value}
    direction = {"its:dir": term.direction.value} if term.direction else {}
    language = {"xml:lang": term.language} if term.language else {"datatype": term.datatype.value}
    return {"type": "literal", "value": term.value, **language, **direction}
