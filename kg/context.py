"""The JSON-LD context that the schema implies, and documents in it.

JSON-LD 1.1 (w3.org/TR/json-ld11). A key is the local name of its property, so that JSON reads like the YAML source.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any

from pyoxigraph import Literal, NamedNode, Triple

from kg.names import RDF_TYPE, RDFS_LABEL, XSD, Names
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

    What the context has no key for keeps a prefixed name. The shape follows from the schema and never from the data:
    a property that may have several values has a list, a part and a label stand wherever they are linked from.
    """

    def __init__(self, schema: Schema, names: Names) -> None:
        self._names = names
        self._context = context(schema, names)
        self._keys: dict[str, str] = {p.iri: p.key for p in schema.properties.values()}
        self._single = schema.single
        self._types = {c.iri: c.name for c in schema.classes.values()}
        self._terms = {iri: name for p in schema.properties.values() for name, iri in p.individuals.items()}

    @property
    def context(self) -> Json:
        return self._context

    def document(self, triples: Iterable[Triple], context: Any, root: str) -> Json:
        """The JSON-LD of some triples as a tree from `root`; what it does not reach stands beside it in @graph."""
        tree = Tree(triples)
        nodes = [self._node(root, tree, ())] if root in tree.about else []
        for subject in tree.about:
            if subject not in tree.reached:
                nodes.append(self._node(subject, tree, ()))
        return {"@context": context, **nodes[0]} if len(nodes) == 1 else {"@context": context, "@graph": nodes}

    def _node(self, subject: str, tree: "Tree", above: tuple[str, ...]) -> Json:
        tree.reached.add(subject)
        node: Json = {"id": subject}
        for triple in tree.about[subject]:
            predicate, object_ = triple.predicate.value, triple.object
            if predicate == RDF_TYPE and isinstance(object_, NamedNode):
                type_ = self._types.get(object_.value) or self._names.compact(object_.value)
                node.setdefault("type", []).append(type_)
                continue
            key = self._keys.get(predicate) or self._names.compact(predicate)
            term = self._context.get(key) or {}
            if isinstance(object_, Literal):
                self._add_literal(node, predicate, key, term, object_)
                continue
            iri = _id(object_)
            if tree.is_inside(iri, subject, above):
                self._add(node, predicate, key, self._node(iri, tree, (*above, subject)))
            elif term.get("@type") == "@vocab" and iri in self._terms:
                self._add(node, predicate, key, self._terms[iri])
            else:
                self._add(node, predicate, key, iri if term.get("@type") in ("@id", "@vocab") else {"id": iri})
        return node

    def _add_literal(self, node: Json, predicate: str, key: str, term: Json, literal: Literal) -> None:
        is_map = term.get("@container") == "@language"
        if is_map and literal.language:
            texts = node.setdefault(key, {})
            if predicate in self._single and literal.language not in texts:
                texts[literal.language] = literal.value
            else:
                texts[literal.language] = [*_list(texts.get(literal.language, [])), literal.value]
        elif literal.language:
            self._add(node, predicate, key, {"@value": literal.value, "@language": literal.language})
        elif is_map:  # text without a language has no place in a map by language
            self._add(node, predicate, self._names.compact(predicate), literal.value)
        elif term.get("@type", XSD + "string") == literal.datatype.value:
            self._add(node, predicate, key, literal.value)
        else:
            self._add(node, predicate, key, {"@value": literal.value, "@type": literal.datatype.value})

    def _add(self, node: Json, predicate: str, key: str, value: Any) -> None:
        """A property that may have several values always has a list, whatever the data."""
        if predicate in self._single and key not in node:
            node[key] = value
        else:
            node[key] = [*_list(node.get(key, [])), value]


class Tree:
    """Triples by subject, and which of the subjects stand inside another where a link leads to them."""

    def __init__(self, triples: Iterable[Triple]) -> None:
        self.about: dict[str, list[Triple]] = defaultdict(list)
        self.reached: set[str] = set()
        links: Counter[str] = Counter()
        for triple in sorted(triples, key=lambda t: (str(t.subject), _id(t.predicate) != RDF_TYPE, str(t))):
            self.about[_id(triple.subject)].append(triple)
            links[_id(triple.object)] += 1
        labelled = {
            subject for subject, found in self.about.items() if all(_id(t.predicate) == RDFS_LABEL for t in found)
        }
        self._inside = labelled | {subject for subject in self.about if links[subject] == 1}

    def is_inside(self, iri: str, subject: str, above: tuple[str, ...]) -> bool:
        """True for a part of the subject, for what is only labelled, and for what nothing else links to."""
        if iri not in self.about or iri in above or iri == subject:
            return False
        return iri in self._inside or ("#" in iri and iri.startswith((subject + "#", subject + "/")))


def _id(term: Any) -> str:
    """The IRI of a node, or the label of a blank one."""
    return term.value if isinstance(term, NamedNode) else str(term)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
