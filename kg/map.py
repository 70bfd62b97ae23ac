"""Map: records to triples, through JSON-LD 1.1 with the context that the schema implies.

Whatever a JSON-LD processor would drop or accept in silence is a problem before it gets there, and the statements
that come back are counted against those that went in.
"""

import json
import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote

from pyoxigraph import NamedNode, Quad, RdfFormat, parse
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from kg import literals
from kg.build import Build, Record
from kg.context import context
from kg.index import Index
from kg.model import in_graph
from kg.names import NAME, XSD, kebab
from kg.problems import Problem, Related, Severity, errors
from kg.read import PROBLEM, describe, first_of, problem, related_at
from kg.schema import Class, Key, Property, Schema, Values
from kg.suggest import did_you_mean, nearest
from kg.tree import scalars

BATCH = 100
"""How many records go to the JSON-LD processor at once."""

LANGUAGE_TAG = re.compile(r"[a-zA-Z]{2,3}(-[a-zA-Z0-9]{1,8})*")
"""A BCP 47 tag (RFC 5646, 2.1) whose language is a code of ISO 639; no longer one is registered."""

RESERVED = ("id", "type")

Json = dict[str, Any]


def map_records(build: Build) -> None:
    """Fills the default graph of `store` with what the records state, and `nodes`.

    Of a record with errors, that is what is right of it. A record is dropped whose class or whose path is not certain.
    """
    if build.schema is None:
        return
    mapped: list[tuple[Record, Mapped]] = []
    incomplete: list[tuple[Record, Mapped]] = []
    index = Index(build.schema, build.paths, build.records, build.withdrawn)
    taken = {problem.thing for problem in build.problems if problem.code == "E407"}  # a copy says nothing of its own
    for record in build.records:
        result = Mapper(build.schema, index, record).map()
        build.problems += result.problems
        if record.sound and not errors(result.problems):
            mapped.append((record, result))
        elif record.path not in taken and not any(problem.code == "E213" for problem in result.problems):
            incomplete.append((replace(record, sound=False), result))
        taken.add(record.path)
    build.records = [record for record, _ in (*mapped, *incomplete)]
    ours = context(build.schema, build.names)
    for record, result in incomplete:
        build.store.extend(to_quads([result.document], ours, build.names.things))
        build.nodes |= {build.names.thing(id_): (record, node) for id_, node in result.nodes.items()}
    for start in range(0, len(mapped), BATCH):
        batch = mapped[start : start + BATCH]
        quads = to_quads([result.document for _, result in batch], ours, build.names.things)
        if len(quads) != sum(result.statements for _, result in batch):
            build.problems += lost_statements(batch, ours, build.names.things)
        build.store.extend(quads)
        for record, result in batch:
            build.nodes |= {build.names.thing(id_): (record, node) for id_, node in result.nodes.items()}
    terms = [p for p in build.schema.properties.values() if p.range in build.schema.classes]
    schemes = {iri for p in terms for iri in p.individuals.values()}
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
    """Maps one record; `index` knows the things that a reference may name."""

    def __init__(self, schema: Schema, index: Index, record: Record) -> None:
        self.schema = schema
        self.index = index
        self.record = record
        self.result = Mapped()
        self._value: dict[Values, Callable[[Key, Node], Any]] = {
            Values.LITERAL: self._literal,
            Values.REFERENCE: self._reference,
            Values.TERM: self._term,
            Values.ADDRESS: self._address,
        }

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
    ) -> None:
        at = self.record
        details = {"expected": expected, "found": found, "hint": hint}
        self.result.problems.append(
            problem(code, message, at.file, node, at.path, **details, severity=severity, related=related)
        )

    def _warn_of(self, iri: str, node: Node) -> None:
        """Warns where a term of the ontology is deprecated."""
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
        for key_node, value in node.value:
            name = key_node.value
            if PROBLEM in (key_node.tag, value.tag) or name in RESERVED:
                continue
            if name not in keys:
                self._unknown_key(key_node, class_, keys)
                continue
            key = keys[name]
            self._warn_of(key.property.iri, key_node)
            if key.property.values is Values.TEXT:
                document[name] = self._texts(key, value)
            elif key.property.values is Values.PART:
                document[name] = self._parts(key.property, value, id_)
            elif key.property.values is Values.SAME:
                document[name] = self._same(key, value, node)
            else:
                document[name] = self._values(key, value)
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
        """What a term of the ontology is called: its name, and its labels in every language."""
        return [name, *self.schema.labels(iri)]

    def _unknown_key(self, key: Node, class_: Class, keys: dict[str, Key]) -> None:
        self._problem(
            "E201",
            f"{class_.name} has no key {key.value!r}",
            key,
            expected="one of " + ", ".join(sorted(keys)),
            found=key.value,
            hint=self._key_meant(key.value, keys),
        )

    def _key_meant(self, text: str, keys: dict[str, Key]) -> str | None:
        """A hint for a key that is not known: where it belongs, or which is most like it."""
        if text == "<<":
            return "there are no merge keys; write the keys out"
        inside = [
            name
            for name, key in keys.items()
            if key.property.values is Values.PART
            and text in self.schema.keys(self.schema.classes[key.property.range or ""])
        ]
        if inside:
            return f"it belongs inside {' or '.join(inside)}"
        named = ((called, name) for name, key in keys.items() for called in self._called(name, key.property.iri))
        return did_you_mean(nearest(text, named))

    # ── Values ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _items(self, node: Node) -> list[Node]:
        """A value as the list that it is, or stands for."""
        if not isinstance(node, SequenceNode):
            return [node]
        if not node.value:
            self._problem("E104", "the list is empty", node, hint="give a value, or remove the key")
        return [item for item in node.value if item.tag != PROBLEM]

    def _values(self, key: Key, node: Node) -> list[Any]:
        """Scalars of one property, each once."""
        property_ = key.property
        values: list[Any] = []
        for item in self._items(node):
            if not isinstance(item, ScalarNode):
                inner = [scalar.value for scalar in scalars(item)]
                self._problem(
                    "E202",
                    f"{property_.key} does not take {describe(item)}",
                    item,
                    expected=self._expected(key),
                    found=describe(item),
                    hint=f"write {property_.key}: {inner[0]}" if len(inner) == 1 else None,
                )
                continue
            value = self._value[property_.values](key, item)
            if value is None:
                continue
            if value in values:
                self._problem("E210", f"{item.value!r} stands twice in {property_.key}", item, hint="remove the second")
                continue
            self.result.statements += 1
            values.append(value)
        return values

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
                return "one of " + ", ".join(key.terms or property_.individuals)
            case Values.ADDRESS:
                return "an http or https address"
            case Values.TEXT:
                return "text by language: {en: …}"
            case Values.PART:
                return "a map, or a list of maps"
            case Values.SAME:
                return "a value of the property named beside it"

    def _reference_to(self, key: Key) -> str:
        """What a reference may name, in the form in which it is written."""
        kinds = [
            kind
            for kind, class_ in self.schema.kinds.items()
            if any(
                all(set(group) & set(below.ancestors) for group in key.classes)
                for below in self.schema.subclasses(class_.iri)
            )
        ]
        kinds = [kind for kind in kinds if kind in self.index.kinds] or kinds
        if len(kinds) <= 3:
            return "a reference: " + " or ".join(f"{kind}/name" for kind in kinds)
        classes = [self.schema.classes[iri].name for iri in (key.classes or ((),))[-1] if iri in self.schema.classes]
        return f"a reference to a {' or '.join(classes) or 'thing'}: kind/name"

    def _same(self, key: Key, node: Node, map_: MappingNode) -> list[Any]:
        """Values written as the property takes them that another key of the same map names."""
        names = self.schema.property_of(key.property.written_as or "")
        written = {k.value: v.value for k, v in map_.value if isinstance(v, ScalarNode)}
        meant = self.schema.properties.get(written.get(names.key, "")) if names else None
        if meant is None:
            return []  # told already of the key that names it
        if meant.values in (Values.PART, Values.TEXT):
            meant = replace(meant, values=Values.LITERAL, datatypes=(XSD + "string",))
        return [self._explicit(meant, value) for value in self._values(replace(key, property=meant), node)]

    def _explicit(self, property_: Property, value: Any) -> Json:
        """A value of a property with its type, where the context knows none (JSON-LD 1.1, 4.2.1)."""
        if property_.values in (Values.REFERENCE, Values.ADDRESS):
            return {"@id": value}
        if property_.values is Values.TERM:
            return {"@id": property_.individuals[value]}
        if isinstance(value, dict):
            return value
        return {"@value": value, "@type": property_.datatypes[0] if len(property_.datatypes) == 1 else XSD + "string"}

    def _literal(self, key: Key, node: Node) -> Any:
        property_ = key.property
        try:
            text, datatype = literals.typed(self.schema.names.rebase(node.value), property_.datatypes)
        except ValueError:
            self._problem(
                "E203",
                f"this is no value of {property_.key}",
                node,
                expected=self._expected(key),
                found=describe(node),
                hint=literals.mend(node.value, property_.datatypes),
            )
            return None
        if len(property_.datatypes) > 1 and datatype != XSD + "string":
            return {"@value": text, "@type": datatype}
        return text

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
                hint=did_you_mean(self.index.suggest(path, key.classes)),
            )
            return None
        if path not in self.index:
            self._problem(
                "E204",
                f"there is no {path}" + (" any more: it was withdrawn" if path in self.index.withdrawn else ""),
                node,
                expected=f"a record data/{kind}/{name}.yaml" if kind in self.schema.kinds else self._reference_to(key),
                found=path,
                hint=self._replaced(path) or did_you_mean(self.index.suggest(path, key.classes)),
            )
            return None
        if not self.index.fits(path, key.classes):
            class_ = self.index.class_of(path) or self.schema.kinds.get(kind)
            what = class_.name if class_ else kind
            self._problem(
                "E215",
                f"{path} is of the class {what}, which {key.property.key} does not take",
                node,
                expected=self._reference_to(key),
                found=f"{path}, of the class {what}",
                hint=did_you_mean(self.index.suggest(path, key.classes)),
            )
            return None
        return path

    def _replaced(self, path: str) -> str | None:
        """A hint with what took the place of a withdrawn thing."""
        withdrawal = self.index.withdrawn.get(path)
        by = withdrawal and withdrawal.replaced_by
        return f"write {by}, which replaced it" if by else None

    def _term(self, key: Key, node: Node) -> str | None:
        individuals = key.property.individuals
        if node.value in individuals:
            self._warn_of(individuals[node.value], node)
            return str(node.value)
        choices = {name: individuals[name] for name in key.terms or individuals}
        named = ((called, name) for name, iri in choices.items() for called in self._called(name, iri))
        self._problem(
            "E203",
            f"this is no value of {key.property.key}",
            node,
            expected=self._expected(key),
            found=describe(node),
            hint=did_you_mean(nearest(node.value, named)),
        )
        return None

    def _address(self, key: Key, node: Node) -> str | None:
        text = self.schema.names.rebase(node.value)
        try:
            return literals.typed(text, (XSD + "anyURI",))[0]
        except ValueError:
            self._problem(
                "E207",
                "this is not an address of the web",
                node,
                expected="an http or https address, such as https://www.osce.org/",
                found=describe(node),
                hint=mend_address(text),
            )
            return None

    def _texts(self, key: Key, node: Node) -> Json:
        """Text by language (JSON-LD 1.1, 4.6.2: language maps)."""
        name = key.property.key
        if not isinstance(node, MappingNode):
            self._problem(
                "E202",
                f"{name} takes text by language, not {form(node)}",
                node,
                expected=f"{name}: {{en: …}}",
                found=describe(node),
                hint=f"write {name}: {{en: {node.value}}}"
                if isinstance(node, ScalarNode)
                else f"write {name}: {{en: …}}",
            )
            return {}
        if not node.value:
            self._problem("E104", "the map is empty", node, hint="give a text, or remove the key")
        texts: Json = {}
        for tag, value in node.value:
            if PROBLEM in (tag.tag, value.tag):
                continue
            if not LANGUAGE_TAG.fullmatch(tag.value):
                self._bad_language(key, tag)
                continue
            if tag.value.lower() in map(str.lower, texts):
                message = f"the language {tag.value} stands twice: capitals make no difference"
                self._problem("E103", message, tag, found=tag.value, hint="keep one, or make its value a list")
                continue
            texts[tag.value] = []
            for item in self._items(value):
                self._text(item, texts[tag.value])
        return texts

    def _bad_language(self, key: Key, tag: Node) -> None:
        languages = key.languages or ("en",)
        mended = tag.value.replace("_", "-")
        meant = (
            [mended]
            if LANGUAGE_TAG.fullmatch(mended)
            else [lang for lang in languages if tag.value.lower()[:2] == lang]
        )
        self._problem(
            "E206",
            f"{tag.value!r} is not a language tag",
            tag,
            expected="a tag such as " + ", ".join(languages),
            found=tag.value,
            hint=did_you_mean(meant),
        )

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
                    f"{property_.key} takes maps, not {form(item)}",
                    item,
                    expected=f"a map with the keys of {class_.name}",
                    found=describe(item),
                )
                continue
            id_ = self._part_id(property_, item, class_, owner)
            if id_ is not None and id_ not in self.result.nodes:
                self.result.statements += 1
                parts.append(self._subject(item, id_, class_))
                continue
            before = len(self.result.problems)
            place = item.start_mark
            parts.append(self._subject(item, f"{owner}#{place.line}.{place.column}", class_))  # for what else is wrong
            if id_ is None:
                self._part_without_key(property_, item, class_, self.result.problems[before:])
                continue
            also = related_at(self.record.file, first_of(self.result.nodes[id_]), self.record.path)
            self._problem(
                "E209",
                f"this {property_.key} has the same key as another",
                item,
                related=(also,),
                hint="they differ in " + " or ".join(self._key_names(class_)),
            )
        return parts

    def _key_names(self, class_: Class) -> list[str]:
        """The keys whose values name a part; its owner is known from where it stands."""
        keys = self.schema.keys(class_)
        names = [p.key for iri in self.schema.part_key(class_) if (p := self.schema.property_of(iri))]
        return [name for name in names if name in keys]

    def _word(self, key: str, text: str) -> str:
        """The value of a key in the address of a part; of a reference, the name alone."""
        match self.schema.properties[key].values:
            case Values.REFERENCE:
                return slug(text.rpartition("/")[2])
            case Values.TERM:
                return slug(kebab(text))
        return slug(text)

    def _naming(self, key: Key, node: Node) -> list[ScalarNode]:
        """What names a part: a scalar, or all of several; of text by language the English one, else the first."""
        if key.property.values is Values.TEXT:
            return [text for language in ("en", None) for text in scalars(node, language)][:1]
        if isinstance(node, SequenceNode) and key.most != 1:
            return [item for item in node.value if isinstance(item, ScalarNode)]
        return [node] if isinstance(node, ScalarNode) else []

    def _id_names(self, class_: Class) -> list[str]:
        """The keys whose values name a part that has no value of its key."""
        return [name for name, key in self.schema.keys(class_).items() if key.is_id]

    def _part_id(self, property_: Property, node: MappingNode, class_: Class, owner: str) -> str | None:
        """The address of a part: that of its owner, the name of the property, and the values of its key.

        Where no value of the key is given, the values of the properties that identify the part stand for it.
        """
        keys = self.schema.keys(class_)
        for names in (self._key_names(class_), self._id_names(class_)):
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

    def _part_without_key(self, property_: Property, node: MappingNode, class_: Class, told: list[Problem]) -> None:
        """Reports a part that cannot be named, unless an earlier problem says why."""
        names = [*self._key_names(class_), *self._id_names(class_)]
        given = [(key.value, value) for key, value in node.value if key.value in names]
        if any(value.tag == PROBLEM for _, value in given):
            return
        places = {(value.start_mark.line + 1, value.start_mark.column + 1) for _, value in given}
        if any((p.line, p.column) in places or any(repr(name) in (p.hint or "") for name in names) for p in told):
            return
        if given:
            key, value = given[0]
            message = f"{key} names the {property_.key}, so it takes one value with letters or digits"
            self._problem("E202", message, value, expected="one value", found=describe(value))
            return
        self._problem(
            "E208",
            f"each {property_.key} is told from the others by its {' or '.join(names)}",
            node,
            expected=" or ".join(names),
            found="neither" if len(names) > 1 else f"no {names[0]}",
            hint=f"add {names[0]}: …",
        )


def slug(text: str) -> str:
    """A value as part of an address: lower case, without accents, hyphens between words."""
    letters = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return re.sub(r"[\W_]+", "-", plain).strip("-")


def form(node: Node) -> str:
    """What a value is in YAML: plain text, a list or a map."""
    return "plain text" if isinstance(node, ScalarNode) else describe(node)


def mend_address(text: str) -> str | None:
    """A hint with the address that a text may be meant for, if it can be made one."""
    guess = re.sub(r"%(?![0-9A-Fa-f]{2})", "%25", re.sub(r"[\s<>\"{}|\\^`]", lambda m: quote(m[0]), text.strip()))
    if re.fullmatch(r"[\w-]+(\.[\w-]+)+([/?#].*)?", guess):
        guess = f"https://{guess}"
    try:
        return f"write {literals.typed(guess, (XSD + 'anyURI',))[0]}"
    except ValueError:
        return None
