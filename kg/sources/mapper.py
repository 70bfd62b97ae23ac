"""Mapper: converts a record to JSON-LD 1.1, with the context that follows from the schema.

Everything that a JSON-LD processor would silently drop or accept is reported before it is processed.
"""

import json
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from pyoxigraph import RdfFormat, Triple, parse
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from kg.diagnostics.problems import Problem, Related, Severity
from kg.diagnostics.suggest import did_you_mean, nearest, one_of
from kg.model import dates, literals
from kg.model.schema import Class, Key, Property, Schema, Values
from kg.names import NAME, XSD, kebab
from kg.sources import addresses
from kg.sources.assumed_index import AssumedIndex
from kg.sources.index import Index
from kg.sources.nodes import describe, first_of, problem, related_at
from kg.sources.record import Record
from kg.sources.repair import in_flow
from kg.sources.yaml_tree import PROBLEM, scalars
from kg.text.folding import as_part_name
from kg.text.languages import LANGUAGE_TAG, is_mistaken
from kg.text.languages import meant as language_meant

TAGGED = re.compile(r"(?:^|(?<=[\s,;]))([a-z]{2})\s*[:=\uff1a]\s*")
"""A language tag before a text."""

RESERVED = ("id", "type")

GIVE = "give a text"
"""The hint if only an editor knows the right value."""

Json = dict[str, Any]


def to_triples(documents: list[Json], ours: Json, base: str) -> list[Triple]:
    """The triples of JSON-LD documents under a context (JSON-LD 1.1 API, 8.1)."""
    text = json.dumps({"@context": ours, "@graph": documents})
    return [quad.triple for quad in parse(text, RdfFormat.JSON_LD, base_iri=base)]


@dataclass(slots=True)
class Mapped:
    """A record as JSON-LD: the document, the number of its statements, and the YAML map of each of its subjects."""

    document: Json = field(default_factory=dict)
    statements: int = 0
    nodes: dict[str, MappingNode] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


class Mapper:
    """Maps one record; `index` knows the things that a reference may name."""

    def __init__(self, schema: Schema, index: Index | AssumedIndex, record: Record) -> None:
        self.schema = schema
        self.index = index
        self.record = record
        self.result = Mapped()
        self._above: list[dict[str, Key]] = []
        """The keys of the record, and of each nested part down to the current one."""
        self._maps: list[MappingNode] = []
        """The map of the record, and of each nested part down to the current one."""

    def map(self) -> Mapped:
        class_ = self.schema.kinds[self.record.kind]
        self._warn_of(class_.iri, first_of(self.record.node))
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
        severity: Severity = Severity.ERROR,
        related: tuple[Related, ...] = (),
        keys: Iterable[str] = (),
    ) -> None:
        at = self.record
        details = {"expected": expected, "found": found, "hint": hint}
        self.result.problems.append(
            problem(code, message, at.file, node, at.path, **details, severity=severity, related=related, keys=keys)
        )

    def _warn_of(self, iri: str, node: Node) -> None:
        """Warns if a term of the ontology is deprecated."""
        if iri in self.schema.deprecated:
            message, hint = self.schema.deprecation(iri)
            self._problem("E216", message, node, hint=hint, severity=Severity.WARNING)

    def _subject(self, node: MappingNode, id_: str, class_: Class) -> Json:
        """A record or a part: its address, its type and the values of its keys."""
        class_ = self._type(node, class_)
        self.result.nodes[id_] = node
        self.result.statements += 1
        document: Json = {"id": id_, "type": class_.name}
        keys = self.schema.keys(class_)
        self._above.append(keys)
        self._maps.append(node)
        for key_node, value in node.value:
            name = key_node.value
            if PROBLEM in (key_node.tag, value.tag) or name in RESERVED:
                continue
            if name not in keys:
                self._unknown_key(key_node, node, class_, keys)
                continue
            key = keys[name]
            if other := self._meant_for(key, value, keys, node):
                message = f"the keys of this {name} belong to {other}"
                hint = f"write {other}"
                self._problem("E201", message, key_node, expected=other, found=name, hint=hint, keys=(name, other))
                continue
            self._warn_of(key.property.iri, key_node)
            if key.property.values is Values.TEXT:
                document[name] = self._texts(key, value)
            elif key.property.values is Values.PART:
                document[name] = self._parts(key.property, value, id_)
            elif key.property.values is Values.SAME:
                document[name] = self._same(key, value, node)
            else:
                document[name] = self._values(key, value, node)
        self._above.pop()
        self._maps.pop()
        return document

    def _type(self, node: MappingNode, class_: Class) -> Class:
        given = next((value for key, value in node.value if key.value == "type"), None)
        if given is None or given.tag == PROBLEM:
            return class_
        choices = {choice.name: choice for choice in self.schema.subclasses(class_.iri)}
        if isinstance(given, ScalarNode) and given.value in choices:
            self._warn_of(choices[given.value].iri, given)
            return choices[given.value]
        self._problem(
            "E213",
            f"{describe(given)!r} is not a type of {kebab(class_.name)}",
            given,
            expected="one of " + ", ".join(sorted(choices)),
            found=describe(given),
            hint=did_you_mean(
                nearest(
                    describe(given),
                    ((called, c.name) for c in choices.values() for called in self._called(c.name, c.iri)),
                )
            ),
        )
        return class_

    def _called(self, name: str, iri: str) -> list[str]:
        """The names of a term of the ontology: its local name, and its labels in every language."""
        return [name, *self.schema.labels(iri)]

    def _unknown_key(self, key: Node, map_: MappingNode, class_: Class, keys: dict[str, Key]) -> None:
        hint, meant = self._key_meant(key, map_, keys)
        told_by = f"`kg explain {self.schema.names.compact(class_.iri)}`"
        self._problem(
            "E201",
            f"{class_.name} has no key {key.value!r}",
            key,
            expected=None if hint else one_of(key.value, keys, told_by),
            found=key.value,
            hint=hint,
            keys=(key.value, *meant),
        )

    def _key_meant(self, key: Node, map_: MappingNode, keys: dict[str, Key]) -> tuple[str | None, list[str]]:
        """A hint for a key that is not known: where it belongs, or which is most like it; and the keys it names."""
        text = key.value
        if text == "<<":
            return "remove the key", []
        value = next(value for other, value in map_.value if other is key)
        if (bare := text.rstrip(":;,. ")) != text and bare in keys and takes_form(keys[bare], value):
            return did_you_mean([bare]), [bare]
        if re.search(r"[:={\[]", text):
            return None, []  # more than a key
        if inside := self._belongs_inside(key, map_, keys):
            return f"move it into {inside}", [inside]
        if len(self._above) > 1 and self._has_room(text, value, -2):
            return "move it out of here", []
        if other := self._taking(value, keys, map_):
            return f"write {other}", [other]
        named = ((called, name) for name, key in keys.items() for called in self._called(name, key.property.iri))
        free = set(keys) - {other.value for other, _ in map_.value}
        like = [name for name in nearest(text, named) if name in free]
        return did_you_mean(like), like

    def _belongs_inside(self, key: Node, map_: MappingNode, keys: dict[str, Key]) -> str | None:
        """The only key whose map can contain another key: the nearest one above it, else the only possible one."""
        value = next(value for other, value in map_.value if other is key)
        fitting = [name for name, each in keys.items() if self._has_place(each, key.value, value)]
        written = [other.value for other, _ in map_.value[: map_.value.index((key, value))] if other.value in fitting]
        beside = [other.value for other, _ in map_.value if other.value in fitting]
        choices = written[-1:] or (beside if len(beside) == 1 else [])
        choices = choices or [name for name in fitting if keys[name].least] or fitting
        if len(choices) != 1:
            return None
        there = next((each for other, each in map_.value if other.value == choices[0]), None)
        if isinstance(there, SequenceNode) and len(there.value) == 1:
            there = there.value[0]
        is_open = there is None or (isinstance(there, ScalarNode) and not there.value)
        is_free = isinstance(there, MappingNode) and key.value not in {other.value for other, _ in there.value}
        return choices[0] if is_open or is_free else None

    def _has_place(self, key: Key, name: str, value: Node) -> bool:
        """True if the map under a key may contain another key: a key of the part, or a language tag."""
        if is_of_parts(key):
            return name in self._keys_inside(key)
        return key.property.values is Values.TEXT and name in key.languages and not isinstance(value, MappingNode)

    def _has_room(self, name: str, value: Node, level: int) -> bool:
        """True if the map at a level may have a key with such a value, and does not have it yet."""
        key = self._above[level].get(name)
        return key is not None and takes_form(key, value) and name not in {k.value for k, _ in self._maps[level].value}

    def _meant_for(self, key: Key, node: Node, keys: dict[str, Key], map_: MappingNode) -> str | None:
        """The only other key whose parts have the keys of the given part, if the part does not belong to this key."""
        if key.property.values is not Values.PART or names_in(node) <= set(self._keys_inside(key)):
            return None
        return self._taking(node, keys, map_)

    def _taking(self, node: Node, keys: dict[str, Key], map_: MappingNode) -> str | None:
        """The only key, of those that are not in a map yet, whose parts have the keys of the given part."""
        names, there = names_in(node), {key.value for key, _ in map_.value}
        fitting = []
        for name, key in keys.items():
            inside = self._keys_inside(key)
            needed = {other for other, inner in inside.items() if inner.least and inner.lone}
            if name not in there and len(names) > 1 and needed <= names <= set(inside):
                fitting.append(name)
        return fitting[0] if len(fitting) == 1 else None

    def _keys_inside(self, key: Key) -> dict[str, Key]:
        """The keys of the parts that are values of a key; empty if its values are not parts."""
        return self.schema.keys(self.schema.classes[key.property.range or ""]) if is_of_parts(key) else {}

    # ── Values ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _items(self, node: Node) -> list[Node]:
        """A value as a list; a single value is a list of one."""
        if not isinstance(node, SequenceNode):
            return [node]
        if not node.value:
            self._problem("E104", "the list is empty", node, hint="give a value")
        return [item for item in node.value if item.tag != PROBLEM]

    def _values(self, key: Key, node: Node, map_: MappingNode) -> list[Any]:
        """The scalars of one property, each once; `map_` is the map that contains them."""
        property_ = key.property
        values: list[Any] = []
        for item in self._items(node):
            if not isinstance(item, ScalarNode):
                self._problem(
                    "E202",
                    f"{property_.key} must not be {describe(item)}",
                    item,
                    expected=self._expected(key),
                    found=describe(item),
                    hint=self._scalar_meant(key, item),
                )
                continue
            value = self._scalar(key, item, map_)
            if value is None:
                continue
            if value in values:
                self._problem("E210", f"{item.value!r} occurs twice in {property_.key}", item, hint="remove it")
                continue
            self.result.statements += 1
            values.append(value)
        return values

    def _scalar(self, key: Key, node: ScalarNode, map_: MappingNode) -> Any:
        """A scalar as a value of a key; None if it is not one, which is reported."""
        match key.property.values:
            case Values.LITERAL:
                return self._literal(key, node, map_)
            case Values.REFERENCE:
                return self._reference(key, node)
            case Values.TERM:
                return self._term(key, node)
        return self._address(key, node)

    def _scalar_meant(self, key: Key, node: Node) -> str | None:
        """A hint with the only scalar in a map or list, if a scalar is expected."""
        inner = [scalar.value for scalar in scalars(node)]
        if len(inner) != 1:
            return None
        match key.property.values:
            case Values.LITERAL:
                try:
                    literals.typed(inner[0], key.property.datatypes)
                except ValueError:
                    return None
                return f"write {key.property.key}: {in_flow(inner[0])}"
            case Values.TERM:
                return f"write {key.property.key}: {inner[0]}" if inner[0] in key.property.individuals else None
            case Values.REFERENCE:
                outer = [f"{k.value}/{inner[0]}" for k, _ in node.value] if isinstance(node, MappingNode) else []
                things = self.index.exactly(inner[0], key.classes) or self.index.exactly("".join(outer), key.classes)
                return f"write {key.property.key}: {things[0]}" if len(things) == 1 else None
        return None

    def _expected(self, key: Key) -> str:
        property_ = key.property
        match property_.values:
            case Values.LITERAL:
                return literals.expected(property_.datatypes)
            case Values.REFERENCE:
                return self._reference_to(key)
            case Values.TERM if property_.range not in self.schema.classes:
                return "the key of a property"
            case Values.TERM:
                return one_of("", key.terms or property_.individuals)
            case Values.ADDRESS:
                return "an http or https address"
            case Values.TEXT:
                return "text by language: {en: …}"
            case Values.PART:
                return "a map, or a list of maps"
            case Values.SAME:
                return "a value of the property that is named beside it"

    def _reference_to(self, key: Key) -> str:
        """A description of the references that a key takes, in the form in which they are written."""
        kinds = self.schema.kinds_for(key.classes)
        kinds = [kind for kind in kinds if kind in self.index.kinds] or kinds
        if len(kinds) <= 3:
            return "a reference: " + " or ".join(f"{kind}/name" for kind in kinds)
        return f"a reference such as {kinds[0]}/name or {kinds[1]}/name: kind/name of one of {len(kinds)} kinds"

    def _same(self, key: Key, node: Node, map_: MappingNode) -> list[Any]:
        """Values written in the form of the property that another key of the same map names."""
        names = self.schema.property_of(key.property.written_as or "")
        written = {k.value: v.value for k, v in map_.value if isinstance(v, ScalarNode)}
        meant = self.schema.properties.get(written.get(names.key, "")) if names else None
        if meant is None:
            return []  # the key that names the property has already been reported
        if meant.values in (Values.PART, Values.TEXT):
            meant = replace(meant, values=Values.LITERAL, datatypes=(XSD + "string",))
        return [self._explicit(meant, value) for value in self._values(replace(key, property=meant), node, map_)]

    def _explicit(self, property_: Property, value: Any) -> Json:
        """A value of a property with its type, if the context defines no type (JSON-LD 1.1, 4.2.1)."""
        if property_.values in (Values.REFERENCE, Values.ADDRESS):
            return {"@id": value}
        if property_.values is Values.TERM:
            return {"@id": property_.individuals[value]}
        if isinstance(value, dict):
            return value
        return {"@value": value, "@type": property_.datatypes[0] if len(property_.datatypes) == 1 else XSD + "string"}

    def _literal(self, key: Key, node: Node, map_: MappingNode) -> Any:
        property_ = key.property
        try:
            text, datatype = literals.typed(self.schema.names.rebase(node.value), property_.datatypes)
        except ValueError:
            why = literals.why_not(node.value) if property_.bounds else None
            mended = literals.mend(node.value, property_.datatypes)
            hint, other = (mended, []) if mended else self._span_meant(key, node.value, map_)
            self._problem(
                "E203",
                f"not a valid value for {property_.key}",
                node,
                expected=self._expected(key) + (f"; {why}" if why else ""),
                found=describe(node),
                hint=hint,
                keys=other,
            )
            return None
        if len(property_.datatypes) > 1 and datatype != XSD + "string":
            return {"@value": text, "@type": datatype}
        return text

    def _span_meant(self, key: Key, text: str, map_: MappingNode) -> tuple[str | None, list[str]]:
        """A hint for a period in place of a date, or for words that say that there is no date; and a key to add."""
        if not key.property.bounds:
            return None, []
        class_ = next((c for c in self.schema.classes.values() if self.schema.keys(c) is self._above[-1]), None)
        names = self.schema.naming_keys(class_)[0] if class_ else []
        if dates.is_unknown(text):
            return None if key.least or key.property.key in names else "remove the key", []
        span, ends = dates.span(text), class_ and self.schema.span_of(key.property, class_)
        if span is None or not ends:
            return None, []
        is_first = key.property is ends[0]
        here, other = span if is_first else (span[1], span[0])
        key_of_other = ends[1 if is_first else 0].key
        if key_of_other in {k.value for k, _ in map_.value}:
            return f"write {here}", []
        return f"write {here}, and add {key_of_other}: {other}", [key_of_other]

    def _reference(self, key: Key, node: Node) -> str | None:
        path: str = node.value
        kind, slash, name = path.partition("/")
        if not slash or not NAME.fullmatch(kind) or not NAME.fullmatch(name):
            self._problem(
                "E205",
                "this is not a reference",
                node,
                expected=self._reference_to(key),
                found=describe(node),
                hint=self._several_meant(key, path) or self._reference_meant(key, path),
            )
            return None
        if path not in self.index:
            self._problem(
                "E204",
                f"there is no {path}" + (" any more because it was withdrawn" if path in self.index.withdrawn else ""),
                node,
                expected=f"a record data/{kind}/{name}.yaml" if kind in self.schema.kinds else self._reference_to(key),
                found=path,
                hint=self._replaced(path, key) or self._reference_meant(key, path),
            )
            return None
        if not self.index.fits(path, key.classes):
            class_ = self.index.class_of(path) or self.schema.kinds.get(kind)
            what = class_.name if class_ else kind
            self._problem(
                "E215",
                f"{path} belongs to the class {what}, which is not allowed for {key.property.key}",
                node,
                expected=self._reference_to(key),
                found=f"{path}, of the class {what}",
                hint=did_you_mean(self.index.exactly(name, key.classes)[:3]),
            )
            return None
        return path

    def _reference_meant(self, key: Key, text: str) -> str | None:
        """A hint with the things that a text names, or else with those that have the most similar names."""
        return did_you_mean(self.index.exactly(text, key.classes)[:3] or self.index.suggest(text, key.classes))

    def _several_meant(self, key: Key, text: str) -> str | None:
        """A hint for several references in one text."""
        words = re.split(r"[,;|]\s*|\s+", text.strip().strip("-,;").strip())
        parts = [part.lstrip("-") for part in words if part.strip("-")]
        things = [self.index.exactly(part, key.classes) if "/" in part else [] for part in parts]
        if len(things) < 2 or any(len(each) != 1 for each in things):
            return None
        paths = list(dict.fromkeys(each[0] for each in things))
        return did_you_mean(paths) if key.most == 1 else f"write [{', '.join(paths)}]"

    def _replaced(self, path: str, key: Key) -> str | None:
        """A hint with the replacement of a withdrawn thing."""
        withdrawal = self.index.withdrawn.get(path)
        by = withdrawal and withdrawal.replaced_by
        return f"write {by}" if by and by in self.index and self.index.fits(by, key.classes) else None

    def _term(self, key: Key, node: Node) -> str | None:
        individuals = key.property.individuals
        if node.value in individuals:
            self._warn_of(individuals[node.value], node)
            return str(node.value)
        choices = {name: individuals[name] for name in key.terms or individuals}
        named = ((called, name) for name, iri in choices.items() for called in self._called(name, iri))
        self._problem(
            "E203",
            f"not a valid value for {key.property.key}",
            node,
            expected=self._expected(key),
            found=describe(node),
            hint=did_you_mean(nearest(node.value, named)),
        )
        return None

    def _address(self, key: Key, node: Node) -> str | None:
        text = self.schema.names.rebase(node.value)
        try:
            if addresses.are_several(text):
                raise ValueError(text)
            return literals.typed(text, (XSD + "anyURI",))[0]
        except ValueError:
            address = addresses.meant(text)
            several = key.most != 1 and f"write [{', '.join(map(in_flow, address))}]"
            self._problem(
                "E207",
                "this is not a web address",
                node,
                expected="an http or https address, such as https://www.osce.org/",
                found=describe(node),
                hint=f"write {address[0]}" if len(address) == 1 else (address and several) or did_you_mean(address[:3]),
            )
            return None

    def _texts(self, key: Key, node: Node) -> Json:
        """Text by language (JSON-LD 1.1, 4.6.2: language maps)."""
        name = key.property.key
        if not isinstance(node, MappingNode):
            self._problem(
                "E202",
                f"{name} must be text by language, not {form(node)}",
                node,
                expected=f"{name}: {{en: …}}",
                found=describe(node),
                hint=text_meant(node, key.languages),
            )
            return {}
        if not node.value:
            self._problem("E104", "the map is empty", node, hint=GIVE if key.least else f"remove the key, or {GIVE}")
        texts: Json = {}
        for tag, value in node.value:
            if PROBLEM in (tag.tag, value.tag):
                continue
            if not LANGUAGE_TAG.fullmatch(tag.value) or is_mistaken(tag.value):
                self._bad_language(key, tag, node)
                continue
            if tag.value.lower() in map(str.lower, texts):
                message = f"the language {tag.value} occurs twice: language tags are not case-sensitive"
                self._problem("E103", message, tag, found=tag.value, hint="remove this one, or the one above")
                continue
            texts[tag.value] = []
            for item in self._items(value):
                self._text(item, tag.value, texts[tag.value], alone=len(node.value) == 1)
        return texts

    def _bad_language(self, key: Key, tag: Node, map_: MappingNode) -> None:
        meant = language_meant(tag.value, key.languages)
        is_free = meant is not None and meant.lower() not in {other.value.lower() for other, _ in map_.value}
        belongs_above = self._has_room(tag.value, next(value for other, value in map_.value if other is tag), -1)
        hint = did_you_mean([meant]) if meant and is_free else "move it out of here" if belongs_above else None
        self._problem(
            "E206",
            f"{tag.value!r} is not a language tag",
            tag,
            expected="a tag such as " + ", ".join(key.languages or ("en",)),
            found=tag.value,
            hint=hint,
        )

    def _text(self, node: Node, tag: str, texts: list[str], alone: bool) -> None:
        if not isinstance(node, ScalarNode):
            inner = list(scalars(node))
            hint = f"write {tag}: {in_flow(inner[0].value)}" if len(inner) == 1 else None
            message = f"a text must be plain text, not {form(node)}"
            self._problem("E202", message, node, expected="text", found=describe(node), hint=hint)
        elif not node.value.strip():
            self._problem(
                "E104", "the text is empty", node, hint=GIVE if alone else "remove the language, or give a text"
            )
        elif node.value in texts:
            self._problem("E210", "the text occurs twice", node, hint="remove it")
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
                    f"{property_.key} must be a map or a list of maps, not {form(item)}",
                    item,
                    expected=f"a map with the keys of {class_.name}",
                    found=describe(item),
                    hint=self._part_meant(item, class_),
                )
                continue
            id_ = self._part_id(property_, item, class_, owner)
            if id_ is not None and id_ not in self.result.nodes:
                self.result.statements += 1
                parts.append(self._subject(item, id_, class_))
                continue
            before = len(self.result.problems)
            place = item.start_mark
            parts.append(self._subject(item, f"{owner}#{place.line}.{place.column}", class_))  # to find other errors
            if id_ is None:
                self._part_without_key(property_, item, class_, self.result.problems[before:])
                continue
            also = related_at(self.record.file, first_of(self.result.nodes[id_]), self.record.path)
            self._problem(
                "E209",
                f"this {property_.key} has the same key as another one",
                item,
                related=(also,),
                expected="another " + " or ".join(self.schema.naming_keys(class_)[0]),
            )
        return parts

    def _part_meant(self, node: Node, class_: Class) -> str | None:
        """A hint for a scalar in place of a part: the part with the only key that takes it, if no other is required."""
        keys = self.schema.keys(class_)
        if not isinstance(node, ScalarNode):
            return None
        taking = [name for name in self.schema.naming_keys(class_)[0] if self._is_value(keys[name], node.value)]
        needed = {name for name, key in keys.items() if key.least and key.lone}
        return f"write {{{taking[0]}: {node.value}}}" if len(taking) == 1 and needed <= set(taking) else None

    def _is_value(self, key: Key, text: str) -> bool:
        """True for a reference, an address or a date that is valid for a key."""
        match key.property.values:
            case Values.REFERENCE:
                return text in self.index and self.index.fits(text, key.classes)
            case Values.ADDRESS:
                return bool(addresses.meant(text) == [text])
            case Values.LITERAL:
                return bool(key.property.bounds) and dates.is_date(text)
        return False

    def _word(self, key: str, text: str) -> str:
        """The value of a key in the address of a part; for a reference, only the name."""
        match self.schema.properties[key].values:
            case Values.REFERENCE:
                return as_part_name(text.rpartition("/")[2])
            case Values.TERM:
                return as_part_name(kebab(text))
        return as_part_name(text)

    def _naming(self, key: Key, node: Node) -> list[ScalarNode]:
        """The scalars that identify a part: one, or all of a list; of text by language, the English or the first."""
        if key.property.values is Values.TEXT:
            return [text for language in ("en", None) for text in scalars(node, language)][:1]
        if isinstance(node, SequenceNode) and key.most != 1:
            return [item for item in node.value if isinstance(item, ScalarNode)]
        return [node] if isinstance(node, ScalarNode) else []

    def _part_id(self, property_: Property, node: MappingNode, class_: Class, owner: str) -> str | None:
        """The address of a part: the address of its owner, the name of the property, and the values of its key.

        If no value of the key is given, the values of the properties that identify the part are used instead.
        """
        keys = self.schema.keys(class_)
        for names in self.schema.naming_keys(class_):
            values = {key.value: value for key, value in node.value if key.value in names and value.tag != PROBLEM}
            words = [
                "-".join(sorted(self._word(name, scalar.value) for scalar in self._naming(keys[name], values[name])))
                for name in names
                if name in values
            ]
            if any(words):
                fragment = f"{kebab(property_.key)}-{'.'.join(filter(None, words))}"
                return f"{owner}/{fragment}" if "#" in owner else f"{owner}#{fragment}"
        return None

    def _hyphen_too_many(self, node: MappingNode) -> str | None:
        """A hint for two list items that are one item: each has what the other lacks, and no key occurs in both."""
        for list_ in self._lists(self.record.node):
            if node in list_.value[:-1] and list_.value:
                after = list_.value[list_.value.index(node) + 1]
                mine = {key.value for key, _ in node.value}
                other = {key.value for key, _ in after.value} if isinstance(after, MappingNode) else mine
                if not mine & other and node.start_mark.column == after.start_mark.column:
                    return f"put a space in place of the hyphen in line {after.start_mark.line + 1}"
        return None

    def _lists(self, node: Node) -> Iterator[SequenceNode]:
        """The block lists of a record."""
        if isinstance(node, SequenceNode):
            if not node.flow_style:
                yield node
            for item in node.value:
                yield from self._lists(item)
        elif isinstance(node, MappingNode):
            for _, value in node.value:
                yield from self._lists(value)

    def _part_without_key(self, property_: Property, node: MappingNode, class_: Class, reported: list[Problem]) -> None:
        """Reports a part without identifying values, unless an earlier problem explains why."""
        of_class, others = self.schema.naming_keys(class_)
        names = [*of_class, *others]
        given = [(key.value, value) for key, value in node.value if key.value in names]
        if any(value.tag == PROBLEM for _, value in given):
            return
        places = {(value.start_mark.line + 1, value.start_mark.column + 1) for _, value in given}
        if any((p.line, p.column) in places or any(repr(name) in (p.hint or "") for name in names) for p in reported):
            return
        if given:
            key, value = given[0]
            message = f"{key} identifies the {property_.key}, so it must be one value that contains letters or digits"
            self._problem("E202", message, value, expected="one value", found=describe(value))
            return
        self._problem(
            "E208",
            f"each {property_.key} is distinguished from the others by its {' or '.join(names)}",
            node,
            expected=" or ".join(names),
            found="neither" if len(names) > 1 else f"no {names[0]}",
            hint=self._hyphen_too_many(node) or f"add {names[0]}: …",
            keys=names,
        )


def form(node: Node) -> str:
    """The form of a YAML value: plain text, a list or a map."""
    return "plain text" if isinstance(node, ScalarNode) else describe(node)


def is_of_parts(key: Key) -> bool:
    """True for a key that takes parts."""
    return key.property.values is Values.PART


def takes_form(key: Key, node: Node) -> bool:
    """True if a value has the form that a key requires: a map for parts and texts, else a scalar or a list."""
    return isinstance(node, MappingNode) == (key.property.values in (Values.PART, Values.TEXT))


def names_in(node: Node) -> set[str]:
    """The keys of one part, or of several."""
    parts = node.value if isinstance(node, SequenceNode) else [node]
    return {key.value for part in parts if isinstance(part, MappingNode) for key, _ in part.value} - set(RESERVED)


def text_meant(node: Node, languages: tuple[str, ...]) -> str | None:
    """A hint for a value in place of text by language: its text, or texts, under their languages."""
    if isinstance(node, SequenceNode):
        pairs = [pair for item in node.value if isinstance(item, MappingNode) for pair in item.value]
        if pairs and len(pairs) == sum(len(item.value) for item in node.value if isinstance(item, MappingNode)):
            texts = {key.value: value.value for key, value in pairs if isinstance(value, ScalarNode)}
            if len(texts) == len(pairs) and all(isinstance(item, MappingNode) for item in node.value):
                return in_braces(texts)
        if len(node.value) != 1 or not isinstance(node.value[0], ScalarNode):
            return None
        node = node.value[0]
    cut = TAGGED.split(" ".join(node.value.split("\u00a0")).strip())
    texts = {tag: text.strip(" ,;") for tag, text in zip(cut[1::2], cut[2::2], strict=True)}
    if len(cut) > 1 and not cut[0] and all(texts.values()) and len(texts) == len(cut) // 2:
        return in_braces(texts) if set(texts) <= set(languages or texts) else None
    words = re.fullmatch(r"([a-z]{2}) (\S.*)", node.value)
    if words and words[1] in languages and words[1] == "en":
        return in_braces({words[1]: words[2]})
    if not node.value.strip():
        return None
    is_cyrillic = any(unicodedata.name(letter, "").startswith("CYRILLIC") for letter in node.value)
    return None if is_cyrillic else in_braces({"en": node.value})


def in_braces(texts: dict[str, str]) -> str:
    """A hint with texts by language in braces."""
    return "write {" + ", ".join(f"{tag}: {in_flow(' '.join(text.split()))}" for tag, text in texts.items()) + "}"
