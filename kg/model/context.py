"""The JSON-LD context that follows from the schema, and documents that use it.

The context follows JSON-LD 1.1 (w3.org/TR/json-ld11). A key is the local name of its property, so that the JSON looks
like the YAML source.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from pyoxigraph import Literal, NamedNode, Triple

from kg.model.schema import Property, Schema, Values
from kg.names import RDF_TYPE, XSD, Names
from kg.sparql.quads import PlainTriple, in_order

Json = dict[str, Any]


def context(schema: Schema, names: Names) -> Json:
    """The context for all keys, types and terms of a schema: the value of `@context`."""
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


def as_document(context: Json) -> bytes:
    """A context as the document that is published and stored."""
    return json.dumps({"@context": context}, ensure_ascii=False, indent=2).encode() + b"\n"


class Framing:
    """Writes the triples about a thing as one JSON-LD tree, with the keys and types of the context.

    A term without a key in the context keeps its prefixed name. The structure follows from the schema and never from
    the data:

    - The value of a property that may have several values is a list; texts are grouped by language; every node lists
      its types.
    - A link is an object with `id` and with what the triples state about its target: everything for a part, the labels
      for a thing.
    - An address is a string. A literal is a string, number or boolean, with `@type` if its property has several
      datatypes.
    - Subjects that link to the root are under `@reverse`; nodes that nothing links to are under `@included`.
    """

    def __init__(self, schema: Schema, names: Names) -> None:
        self._context = context(schema, names)
        self._properties = {p.iri: p for p in schema.properties.values()}
        self._single = schema.single
        self._types = {c.iri: c.name for c in schema.classes.values()}
        self._short = PrefixedNames(names.prefixes)
        self._keys = PrefixedNames(names.prefixes, {p.iri: p.key for p in schema.properties.values()})

    @property
    def context(self) -> Json:
        return self._context

    def rules(self, terms: Iterable[str]) -> list[Any]:
        """What decides how triples are written whose properties and types are these terms: equal rules, equal JSON."""
        found: list[Any] = []
        for term in sorted(terms):
            if property_ := self._properties.get(term):
                values, datatypes = property_.values.name, list(property_.datatypes)
                found.append([term, property_.key, values, datatypes, term in self._single])
            if name := self._types.get(term):
                found.append([term, name])
        return found

    def document(self, triples: Iterable[Triple], context: Any, root: str) -> Json:
        """The JSON-LD document of some triples, as a tree with the given root."""
        tree = Tree(in_order(triples), root)
        node = self._node(root, tree, ())
        if reverse := self._reverse(root, tree):
            node["@reverse"] = reverse
        if others := [self._node(subject, tree, ()) for subject in tree.about if subject not in tree.reached]:
            node["@included"] = others
        return {"@context": context, **node}

    def graph(self, triples: Iterable[Triple], context: Any) -> Json:
        """The JSON-LD document of a graph without a root: all of its nodes as a list."""
        return {"@context": context, "@graph": list(self.nodes(in_order(triples)))}

    def nodes(self, triples: Iterable[PlainTriple]) -> Iterator[Json]:
        """The nodes of a graph, each of which contains its parts. The types of each subject are its first triples."""
        tree = Tree(triples)
        for subject in sorted(tree.about, key=lambda subject: (subject.count("#"), len(subject))):
            if subject not in tree.reached:
                yield self._node(subject, tree, ())

    def _node(self, subject: str, tree: "Tree", above: tuple[str, ...]) -> Json:
        tree.reached.add(subject)
        node: Json = {"id": subject}
        for triple in tree.about.get(subject, ()):
            predicate, object_ = triple.predicate, triple.object
            if predicate == RDF_TYPE and isinstance(object_, NamedNode):
                node.setdefault("type", []).append(self._types.get(triple.value) or self._short[triple.value])
            elif isinstance(object_, Literal):
                self._add_literal(node, predicate, object_)
            else:
                self._add(node, predicate, self._link(triple.value, predicate, subject, tree, above))
        return node

    def _link(self, iri: str, predicate: str, subject: str, tree: "Tree", above: tuple[str, ...]) -> Json | str:
        property_ = self._properties.get(predicate)
        if property_ and property_.values is Values.ADDRESS:
            return iri
        if tree.is_inside(iri, subject, above):
            return self._node(iri, tree, (*above, subject))
        return {"id": iri}

    def _reverse(self, root: str, tree: "Tree") -> Json:
        """The links to the root: for each property, a list of the subjects with their labels."""
        reverse: Json = {}
        for triple in tree.incoming:
            reverse.setdefault(self._keys[triple.predicate], []).append(self._node(triple.subject, tree, ()))
        return reverse

    def _add_literal(self, node: Json, predicate: str, literal: Literal) -> None:
        property_ = self._properties.get(predicate)
        is_text = property_ is not None and property_.values is Values.TEXT
        texts = node.setdefault(self._keys[predicate], {}) if is_text and literal.language else {}
        if not is_text:
            self._add(node, predicate, self._value(literal, property_))
        elif literal.language and predicate not in self._single:
            texts.setdefault(literal.language, []).append(literal.value)
        elif literal.language and literal.language not in texts:
            texts[literal.language] = literal.value
        else:  # values that a language map cannot contain
            node.setdefault(self._short[predicate], []).append(self._value(literal, None))

    def _value(self, literal: Literal, property_: Property | None) -> Any:
        """A literal in the form from which the context restores it (JSON-LD 1.1, 4.2.1 and 4.2.3)."""
        datatype = literal.datatype.value
        if literal.language:
            return {"@value": literal.value, "@language": literal.language}
        expected = property_.datatypes if property_ else ()
        if expected == (datatype,) or (datatype == XSD + "string" and len(expected) < 2):
            return NATIVE.get(datatype, str)(literal.value) if expected else literal.value
        return {"@value": literal.value, "@type": datatype}

    def _add(self, node: Json, predicate: str, value: Any) -> None:
        """Adds a value, in a list if the property may have several; an excess value goes under the prefixed name."""
        key = self._keys[predicate]
        if predicate not in self._single:
            node.setdefault(key, []).append(value)
        elif key not in node:
            node[key] = value
        else:
            node.setdefault(self._short[predicate], []).append(value)


class PrefixedNames(dict[str, str]):
    """The names of IRIs: those that are given, else prefixed names, or the whole IRI if no prefix fits."""

    def __init__(self, prefixes: dict[str, str], given: Mapping[str, str] = MappingProxyType({})) -> None:
        super().__init__(given)
        self._prefixes = prefixes

    def __missing__(self, iri: str) -> str:
        for prefix, namespace in self._prefixes.items():
            name = iri.removeprefix(namespace)
            if name and name != iri and "/" not in name:
                return self.setdefault(iri, f"{prefix}:{name}")
        return self.setdefault(iri, iri)


class Tree:
    """The triples by subject, the subjects that link to the root, if there is one, and the subjects visited so far."""

    def __init__(self, triples: Iterable[PlainTriple], root: str | None = None) -> None:
        self._root = root
        self.about: dict[str, list[PlainTriple]] = defaultdict(list)
        self.reached: set[str] = set()
        self.incoming: list[PlainTriple] = []
        for triple in triples:
            if triple.value == root and isinstance(triple.object, NamedNode) and not is_part(triple.subject, root):
                self.incoming.append(triple)
            else:
                self.about[triple.subject].append(triple)

    def is_inside(self, iri: str, subject: str, above: tuple[str, ...]) -> bool:
        """True for a part of the subject and, below a root, for a node that is not part of an enclosing node."""
        if iri not in self.about or iri in above or iri == subject:
            return False
        return is_part(iri, subject) or bool(self._root and not is_part(iri, self._root))


def is_part(iri: str, owner: str) -> bool:
    """True for a node whose address begins with that of another: a part, or a part of a part."""
    return iri.startswith((owner + "#", owner + "/"))


NATIVE: dict[str, Callable[[str], Any]] = {XSD + "integer": int, XSD + "boolean": "true".__eq__}
"""How a literal is written in JSON, by datatype, if not as a string. A decimal is a string because JSON would make it a
double."""
