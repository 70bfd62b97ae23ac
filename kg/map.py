"""Map: records to triples, through JSON-LD 1.1 with the context that the schema implies.

Whatever a JSON-LD processor would drop or accept in silence is a problem before it gets there, and the statements
that come back are counted against those that went in.
"""

import json
import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from pyoxigraph import NamedNode, Quad, RdfFormat, parse
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from kg import literals
from kg.build import Build, Record
from kg.context import context
from kg.model import in_graph
from kg.names import NAME, XSD, kebab
from kg.problems import Problem
from kg.read import describe, problem
from kg.schema import Class, Property, Schema, Values

BATCH = 100
"""How many records go to the JSON-LD processor at once."""

LANGUAGE_TAG = re.compile(r"[a-zA-Z]{2,8}(-[a-zA-Z0-9]{1,8})*")
"""What the engine takes for a BCP 47 tag (RFC 5646, 2.1, without grandfathered tags)."""

RESERVED = ("id", "type")

Json = dict[str, Any]


def map_records(build: Build) -> None:
    """Fills the default graph of `store` with what the records state, and `nodes`; drops records with problems."""
    if build.schema is None:
        return
    mapped: list[tuple[Record, Mapped]] = []
    for record in build.records:
        result = Mapper(build.schema, build.paths, record).map()
        build.problems += result.problems
        if not result.problems:
            mapped.append((record, result))
    build.records = [record for record, _ in mapped]
    ours = context(build.schema, build.names)
    for start in range(0, len(mapped), BATCH):
        batch = mapped[start : start + BATCH]
        quads = to_quads([result.document for _, result in batch], ours, build.names.things)
        if len(quads) != sum(result.statements for _, result in batch):
            build.problems += lost_statements(batch, ours, build.names.things)
        build.store.extend(quads)
        for record, result in batch:
            build.nodes |= {build.names.thing(id_): (record, node) for id_, node in result.nodes.items()}
    schemes = {iri for p in build.schema.properties.values() for iri in p.individuals.values()}
    build.store.extend(in_graph(quad for quad in build.ontology if is_about(quad, schemes)))


def is_about(quad: Quad, individuals: set[str]) -> bool:
    """True for a triple about an individual of a scheme: such individuals are data as well as ontology."""
    return isinstance(quad.subject, NamedNode) and quad.subject.value in individuals


def to_quads(documents: list[Json], ours: Json, base: str) -> list[Quad]:
    """The triples of JSON-LD documents under a context (JSON-LD 1.1 API, 8.1)."""
    return list(parse(json.dumps({"@context": ours, "@graph": documents}), RdfFormat.JSON_LD, base_iri=base))


def lost_statements(batch: "list[tuple[Record, Mapped]]", ours: Json, base: str) -> Iterator[Problem]:
    """The records of a batch of which fewer, or other, statements came back than went in."""
    for record, result in batch:
        count = len(to_quads([result.document], ours, base))
        if count != result.statements:
            yield problem(
                "E214",
                "some of this record would be lost in RDF",
                record.file,
                record.node,
                record.path,
                expected=f"{result.statements} statements",
                found=f"{count} statements",
            )


@dataclass(slots=True)
class Mapped:
    """A record as JSON-LD: the document, how many statements it makes, and the YAML map of each of its subjects."""

    document: Json = field(default_factory=dict)
    statements: int = 0
    nodes: dict[str, MappingNode] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


class Mapper:
    """Maps one record; `paths` are the things that a reference may name."""

    def __init__(self, schema: Schema, paths: set[str], record: Record) -> None:
        self.schema = schema
        self.paths = paths
        self.record = record
        self.result = Mapped()
        self._value: dict[Values, Callable[[Property, Node], Any]] = {
            Values.LITERAL: self._literal,
            Values.REFERENCE: self._reference,
            Values.TERM: self._term,
            Values.ADDRESS: self._address,
        }

    def map(self) -> Mapped:
        class_ = self.schema.kinds[self.record.kind]
        self.result.document = self._subject(self.record.node, self.record.path, class_)
        return self.result

    def _problem(
        self,
        code: str,
        message: str,
        node: Node,
        expected: str | None = None,
        found: str | None = None,
        hint: str | None = None,
    ) -> None:
        at = self.record
        found_here = problem(code, message, at.file, node, at.path, expected=expected, found=found, hint=hint)
        self.result.problems.append(found_here)

    def _subject(self, node: MappingNode, id_: str, class_: Class) -> Json:
        """A record or a part: its address, its type and the values of its keys."""
        class_ = self._type(node, class_)
        self.result.nodes[id_] = node
        self.result.statements += 1
        document: Json = {"id": id_, "type": class_.name}
        keys = self.schema.keys(class_)
        for key_node, value in node.value:
            key = key_node.value
            if key in RESERVED:
                continue
            if key not in keys:
                self._unknown_key(key_node, class_, list(keys))
                continue
            property_ = keys[key].property
            if property_.values is Values.TEXT:
                document[key] = self._texts(property_, value)
            elif property_.values is Values.PART:
                document[key] = self._parts(property_, value, id_)
            else:
                document[key] = self._values(property_, value)
        return document

    def _type(self, node: MappingNode, class_: Class) -> Class:
        given = next((value for key, value in node.value if key.value == "type"), None)
        if given is None:
            return class_
        choices = {choice.name: choice for choice in self.schema.subclasses(class_.iri)}
        if isinstance(given, ScalarNode) and given.value in choices:
            return choices[given.value]
        self._problem(
            "E213",
            f"{describe(given)!r} is not a type of {kebab(class_.name)}",
            given,
            expected="one of " + ", ".join(sorted(choices)),
            found=describe(given),
            hint=nearest(describe(given), choices),
        )
        return class_

    def _unknown_key(self, key: Node, class_: Class, keys: list[str]) -> None:
        self._problem(
            "E201",
            f"{class_.name} has no key {key.value!r}",
            key,
            expected="one of " + ", ".join(sorted(keys)),
            found=key.value,
            hint=nearest(key.value, keys),
        )

    # ── Values ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _items(self, node: Node) -> list[Node]:
        """A value as the list that it is, or stands for."""
        if not isinstance(node, SequenceNode):
            return [node]
        if not node.value:
            self._problem("E104", "the list is empty", node, hint="give a value, or remove the key")
        return list(node.value)

    def _values(self, property_: Property, node: Node) -> list[Any]:
        """Scalars of one property, each once."""
        values: list[Any] = []
        for item in self._items(node):
            if not isinstance(item, ScalarNode):
                self._problem(
                    "E202",
                    f"{property_.key} takes {self._expected(property_)}",
                    item,
                    expected=self._expected(property_),
                    found=describe(item),
                )
                continue
            value = self._value[property_.values](property_, item)
            if value is None:
                continue
            if value in values:
                self._problem("E210", f"{item.value!r} stands twice in {property_.key}", item, hint="remove the second")
                continue
            self.result.statements += 1
            values.append(value)
        return values

    def _expected(self, property_: Property) -> str:
        match property_.values:
            case Values.LITERAL:
                return literals.expected(property_.datatypes)
            case Values.REFERENCE:
                kinds = [class_.kind for class_ in self.schema.subclasses(property_.range or "")]
                kind = kinds[0] if len(kinds) == 1 else "kind"
                return f"a reference: {kind}/name"
            case Values.TERM:
                return "one of " + ", ".join(property_.individuals)
            case Values.ADDRESS:
                return "an http or https address"
            case Values.TEXT:
                return "text by language: {en: …}"
            case Values.PART:
                return "a map, or a list of maps"

    def _literal(self, property_: Property, node: Node) -> Any:
        try:
            text, datatype = literals.typed(self.schema.names.rebase(node.value), property_.datatypes)
        except ValueError:
            self._problem(
                "E203",
                f"{property_.key} takes {self._expected(property_)}",
                node,
                expected=self._expected(property_),
                found=describe(node),
            )
            return None
        if len(property_.datatypes) > 1 and datatype != XSD + "string":
            return {"@value": text, "@type": datatype}
        return text

    def _reference(self, property_: Property, node: Node) -> str | None:
        path: str = node.value
        kind, slash, name = path.partition("/")
        if not slash or not NAME.fullmatch(kind) or not NAME.fullmatch(name):
            self._problem(
                "E205",
                f"{property_.key} takes {self._expected(property_)}",
                node,
                expected=self._expected(property_),
                found=describe(node),
                hint=nearest(f"{kind}/{kebab(name)}" if slash else path, self.paths),
            )
            return None
        if path not in self.paths:
            self._problem(
                "E204",
                f"there is no {path}",
                node,
                expected=f"a record data/{kind}/{name}.yaml",
                found=path,
                hint=nearest(path, [known for known in self.paths if known.startswith(kind + "/")] or self.paths),
            )
            return None
        return path

    def _term(self, property_: Property, node: Node) -> str | None:
        if node.value in property_.individuals:
            return str(node.value)
        self._problem(
            "E203",
            f"{property_.key} takes one of the terms that the ontology lists",
            node,
            expected=self._expected(property_),
            found=describe(node),
            hint=nearest(node.value, property_.individuals),
        )
        return None

    def _address(self, property_: Property, node: Node) -> str | None:
        try:
            return literals.typed(self.schema.names.rebase(node.value), (XSD + "anyURI",))[0]
        except ValueError:
            self._problem(
                "E207",
                f"{property_.key} takes an http or https address",
                node,
                expected="an http or https address, such as https://www.osce.org/",
                found=describe(node),
                hint="percent-encode spaces and quotes",
            )
            return None

    def _texts(self, property_: Property, node: Node) -> Json:
        """Text by language (JSON-LD 1.1, 4.6.2: language maps)."""
        if not isinstance(node, MappingNode):
            self._problem(
                "E202",
                f"{property_.key} takes text by language",
                node,
                expected=f"{property_.key}: {{en: …}}",
                found=describe(node),
                hint=f"{property_.key}: {{en: {node.value}}}" if isinstance(node, ScalarNode) else None,
            )
            return {}
        if not node.value:
            self._problem("E104", "the map is empty", node, hint="give a text, or remove the key")
        texts: Json = {}
        for tag, value in node.value:
            if not LANGUAGE_TAG.fullmatch(tag.value):
                self._problem(
                    "E206",
                    f"{tag.value!r} is not a language tag",
                    tag,
                    expected="a tag such as en, fr, de, it, ru or es",
                    found=tag.value,
                )
                continue
            texts[tag.value] = []
            for item in self._items(value):
                self._text(item, texts[tag.value])
        return texts

    def _text(self, node: Node, texts: list[str]) -> None:
        if not isinstance(node, ScalarNode):
            self._problem("E202", "a text is a scalar", node, expected="text", found=describe(node))
        elif not node.value.strip():
            self._problem("E104", "the text is empty", node, hint="give a text, or remove the language")
        elif node.value in texts:
            self._problem("E210", "the text stands twice", node, hint="remove the second")
        else:
            self.result.statements += 1
            texts.append(self.schema.names.rebase(node.value))

    # ── Parts ────────────────────────────────────────────────────────────────────────────────────────────────────

    def _parts(self, property_: Property, node: Node, owner: str) -> list[Json]:
        class_ = self.schema.classes[property_.range or ""]
        parts: list[Json] = []
        for item in self._items(node):
            if not isinstance(item, MappingNode):
                self._problem(
                    "E202",
                    f"{property_.key} takes a map, or a list of maps",
                    item,
                    expected=f"a map with the keys of {class_.name}",
                    found=describe(item),
                )
                continue
            id_ = self._part_id(property_, item, class_, owner)
            if id_ is None:
                continue
            if id_ in self.result.nodes:
                first = self.result.nodes[id_].start_mark.line + 1
                self._problem(
                    "E209",
                    f"this {property_.key} has the same key as another",
                    item,
                    found=f"the key of line {first}",
                    hint="they differ in " + " or ".join(self._key_names(class_)),
                )
                continue
            self.result.statements += 1
            parts.append(self._subject(item, id_, class_))
        return parts

    def _key_names(self, class_: Class) -> list[str]:
        """The keys whose values name a part; its owner is known from where it stands."""
        keys = self.schema.keys(class_)
        names = [p.key for iri in self.schema.part_key(class_) if (p := self.schema.property_of(iri))]
        return [name for name in names if name in keys]

    def _word(self, key: str, text: str) -> str:
        """The value of a key in the address of a part; of a reference, the name alone."""
        is_reference = self.schema.properties[key].values is Values.REFERENCE
        return slug(text.rpartition("/")[2] if is_reference else text)

    def _part_id(self, property_: Property, node: MappingNode, class_: Class, owner: str) -> str | None:
        """The address of a part: that of its owner, the name of the property, and the values of its key."""
        names = self._key_names(class_)
        values = {key.value: value for key, value in node.value if key.value in names}
        words = [self._word(name, values[name].value) for name in names if isinstance(values.get(name), ScalarNode)]
        if not any(words) and values:
            key, value = next(iter(values.items()))
            message = f"{key} names the {property_.key}, so it takes one value with letters or digits"
            self._problem("E202", message, value, expected="one value", found=describe(value))
            return None
        if not any(words):
            self._problem(
                "E208",
                f"a {property_.key} is told from others by its {' or '.join(names)}",
                node,
                expected=" or ".join(names),
                found="neither" if len(names) > 1 else f"no {names[0]}",
            )
            return None
        fragment = f"{kebab(property_.key)}-{'.'.join(filter(None, words))}"
        return f"{owner}/{fragment}" if "#" in owner else f"{owner}#{fragment}"


def slug(text: str) -> str:
    """A value as part of an address: lower case, without accents, hyphens between words."""
    letters = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return re.sub(r"[\W_]+", "-", plain).strip("-")


def nearest(text: str, choices: Any) -> str | None:
    """A hint with the choice that is most like a text, if one is like it at all."""
    matches = get_close_matches(text, sorted(choices), n=1, cutoff=0.7)
    return f"did you mean {matches[0]!r}?" if matches else None
