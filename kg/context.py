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
About = dict[str, list[Triple]]


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

    What the context has no key for keeps a prefixed name. A node stands wherever it is linked from, parts and labels
    with it, so that code that reads a link finds the same there always; only a link back up the tree is an IRI alone.
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

    def document(self, triples: Iterable[Triple], context: Any, root: str) -> Json:
        """The JSON-LD of some triples as a tree from `root`; what it does not reach stands beside it in @graph."""
        about: dict[str, list[Triple]] = defaultdict(list)
        for triple in sorted(triples, key=lambda t: (str(t.subject), _id(t.predicate) != RDF_TYPE, str(t))):
            about[_id(triple.subject)].append(triple)
        reached: set[str] = set()
        nodes = [self._node(root, about, reached, ())] if root in about else []
        for subject in about:
            if subject not in reached:
                nodes.append(self._node(subject, about, reached, ()))
        return {"@context": context, **nodes[0]} if len(nodes) == 1 else {"@context": context, "@graph": nodes}

    def _node(self, subject: str, about: About, reached: set[str], above: tuple[str, ...]) -> Json:
        reached.add(subject)
        node: Json = {"id": subject}
        for triple in about[subject]:
            predicate, object_ = triple.predicate.value, triple.object
            if predicate == RDF_TYPE and isinstance(object_, NamedNode):
                self._add(node, "type", self._types.get(object_.value) or self._names.compact(object_.value))
                continue
            key = self._keys.get(predicate) or self._names.compact(predicate)
            term = self._context.get(key) or {}
            if isinstance(object_, Literal):
                self._add(node, key, self._literal(object_, term))
                continue
            iri = _id(object_)
            if iri in about and iri not in above and iri != subject:
                self._add(node, key, self._node(iri, about, reached, (*above, subject)))
            elif term.get("@type") == "@vocab" and iri in self._terms:
                self._add(node, key, self._terms[iri])
            else:
                self._add(node, key, iri if term.get("@type") in ("@id", "@vocab") else {"id": iri})
        return node

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


def _id(term: Any) -> str:
    """The IRI of a node, or the label of a blank one."""
    return term.value if isinstance(term, NamedNode) else str(term)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
