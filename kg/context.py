"""The JSON-LD context that the schema implies, and documents in it.

JSON-LD 1.1 (w3.org/TR/json-ld11). A key is the local name of its property, so that JSON reads like the YAML source.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from pyoxigraph import Literal, NamedNode, Triple

from kg.names import RDF_TYPE, XSD, Names
from kg.schema import Schema, Values

Json = dict[str, Any]


def context(schema: Schema, names: Names) -> Json:
    """The context for all keys, types and terms of a schema; the value of `@context`."""
    terms: Json = {"@version": 1.1, **names.prefixes, "id": "@id", "type": "@type"}
    for class_ in schema.classes.values():
        terms[class_.name] = class_.iri
    for property_ in sorted(schema.properties.values(), key=lambda p: p.key):
        for name, iri in property_.individuals.items():
            terms.setdefault(name, iri)
        term: Json = {"@id": property_.iri}
        match property_.values:
            case Values.TEXT:
                term["@container"] = "@language"
            case Values.LITERAL:
                if len(property_.datatypes) == 1 and property_.datatypes != (XSD + "string",):
                    term["@type"] = property_.datatypes[0]
            case Values.TERM:
                term["@type"] = "@vocab"
            case Values.REFERENCE | Values.ADDRESS | Values.PART:
                term["@type"] = "@id"
        terms[property_.key] = term
    return terms


class Framing:
    """Writes triples about a thing as one JSON-LD tree, with keys and types of the schema's context.

    What the context has no key for keeps a prefixed name; the tree holds every triple exactly once.
    """

    def __init__(self, schema: Schema, names: Names) -> None:
        self._names = names
        self._context = context(schema, names)
        self._keys: dict[str, str] = {p.iri: p.key for p in schema.properties.values()}
        self._types = {c.iri: c.name for c in schema.classes.values()}
        self._terms = {iri: name for p in schema.properties.values() for name, iri in p.individuals.items()}

    @property
    def context(self) -> Json:
        return self._context

    def document(self, triples: Iterable[Triple], context: Any) -> Json:
        """The JSON-LD of some triples: a node for each subject, parts inside their owner."""
        about: dict[str, list[Triple]] = defaultdict(list)
        for triple in sorted(triples, key=lambda t: (str(t.subject), str(t.predicate), str(t.object))):
            about[self._id(triple.subject)].append(triple)
        inside: set[str] = set()
        nodes = [self._node(subject, about, inside) for subject in self._roots(about)]
        return {"@context": context, **nodes[0]} if len(nodes) == 1 else {"@context": context, "@graph": nodes}

    def _roots(self, about: dict[str, list[Triple]]) -> list[str]:
        """Subjects that stand at the top: all but parts whose owner, or owning part, links to them."""
        linked = {
            self._id(t.object)
            for subject, triples in about.items()
            for t in triples
            if isinstance(t.object, NamedNode) and self._owns(subject, t.object.value)
        }
        return [subject for subject in about if subject not in linked]

    def _owns(self, subject: str, object_: str) -> bool:
        return object_.startswith((subject + "#", subject + "/")) and "#" in object_

    def _node(self, subject: str, about: dict[str, list[Triple]], inside: set[str]) -> Json:
        node: Json = {"id": subject}
        for triple in about[subject]:
            predicate = triple.predicate.value
            if predicate == RDF_TYPE and isinstance(triple.object, NamedNode):
                key, value = "type", self._types.get(triple.object.value) or self._names.compact(triple.object.value)
            else:
                key = self._keys.get(predicate) or self._names.compact(predicate)
                value = self._object(subject, key, triple, about, inside)
            self._add(node, key, value)
        return node

    def _object(self, subject: str, key: str, triple: Triple, about: dict[str, list[Triple]], inside: set[str]) -> Any:
        object_ = triple.object
        term = self._context.get(key) or {}
        if isinstance(object_, Literal):
            return self._literal(object_, term)
        iri = self._id(object_)
        if self._owns(subject, iri) and iri in about and iri not in inside:
            inside.add(iri)
            return self._node(iri, about, inside)
        if term.get("@type") == "@vocab" and iri in self._terms:
            return self._terms[iri]
        return iri if term.get("@type") in ("@id", "@vocab") else {"id": iri}

    def _literal(self, literal: Literal, term: Json) -> Any:
        if literal.language:
            if term.get("@container") == "@language":
                return {literal.language: literal.value}
            return {"@value": literal.value, "@language": literal.language}
        datatype = literal.datatype.value
        if term.get("@type", XSD + "string") == datatype and term.get("@container") != "@language":
            return literal.value
        return {"@value": literal.value, "@type": datatype}

    def _add(self, node: Json, key: str, value: Any) -> None:
        term = self._context.get(key) or {}
        if isinstance(term, dict) and term.get("@container") == "@language" and isinstance(value, dict):
            texts = node.setdefault(key, {})
            for tag, text in value.items():
                texts[tag] = text if tag not in texts else [*_list(texts[tag]), text]
        elif key in node:
            node[key] = [*_list(node[key]), value]
        else:
            node[key] = value

    def _id(self, term: Any) -> str:
        return term.value if isinstance(term, NamedNode) else str(term)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
