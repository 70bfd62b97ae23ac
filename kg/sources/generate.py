"""Generate: synthetic records of a kind for load tests, modelled on the real ones; the seed determines everything.

Each record has the keys of one real record. Each key takes the value of another record, unless a shape ties it to other
keys. Texts, addresses, identifiers and dates are new; dates stay within the range of years of their key. If two records
of a kind must not overlap in time, each has only the year in which it begins, so that no overlap is certain.
"""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Set
from itertools import count, islice
from random import Random
from typing import Any

from rdflib import OWL, RDF, SH, URIRef
from rdflib.term import Node as Term
from yaml.nodes import MappingNode, Node, SequenceNode

from kg.model import literals
from kg.model.patterns import matches
from kg.model.schema import Class, Key, Property, Schema, Values
from kg.names import XSD
from kg.sources.record import Record
from kg.sources.texts import flaws

PER_FILE = 100
"""Number of records in one file."""

ADDRESS = "https://example.org/generated-{0}/{1}"
"""The new address {1} of record {0}; it leads nowhere (RFC 2606)."""

IDENTIFIERS = "Generated{0} {1}", "generated-{0}-{1}", "9{0:07}{1:03}"
"""Possible forms of the new identifier {1} of record {0}; the first one that is valid is used. The length of
the third one is the same for every record below ten million."""

EITHER = "< STR($this)"
"""A condition in a query that compares each pair of records and reports only one of the two."""

as_json = json.JSONEncoder(ensure_ascii=False).encode

PAIRS = SH.lessThan, SH.lessThanOrEquals, SH.equals, SH.disjoint
DATES = {XSD + name for name in ("date", "gYearMonth", "gYear", "dateTime")}


class Generator:
    """Makes records of a kind that are modelled on those of a data graph. Raises ValueError if it has none of the kind.

    `taken` are the paths that new records must not have.
    """

    def __init__(self, schema: Schema, records: Iterable[Record], taken: Set[str], kind: str, seed: int) -> None:
        self.schema, self.kind, self.taken = schema, kind, taken
        self.random = Random(seed)  # noqa: S311  # nothing here is secret
        self.words: dict[tuple[str, str], list[str]] = defaultdict(list)  # by key and language
        self.strings: dict[str, list[str]] = defaultdict(list)  # by key, of records and of parts
        self.years: dict[str, tuple[int, int]] = {}  # first and last, by key of records
        self.donors: dict[tuple[str, str], list[Any]] = defaultdict(list)  # values by class and key
        self.takes: dict[tuple[str, str], bool] = {}
        self.named_classes: dict[tuple[str, str | None], Class] = {}  # by superclass and the value of `type`
        self.records: list[tuple[Class, dict[str, Any]]] = []
        for record in sorted((r for r in records if r.sound), key=lambda record: record.path):
            if record.kind == kind:
                self._learn(plain(record.node))
        if not self.records:
            raise ValueError(f"there is no valid record of {kind} to use as a model")
        classes = {class_.iri: class_ for class_, _ in self.records}
        queries = {iri: list(self._queries(class_, set())) for iri, class_ in classes.items()}
        self.tied = {iri: self._tied(class_, queries[iri]) for iri, class_ in classes.items()}
        self.forms = self._forms({query for own in queries.values() for query in own})
        self.successive = {iri for iri, own in queries.items() if any(map(self._is_successive, own))}
        self.known = {key: set(texts) for key, texts in self.strings.items()}
        self.number = self.serial = 0

    def files(self, most: int) -> Iterator[tuple[str, str]]:
        """The names and texts of the files for the given number of records."""
        free = (number for number in count(1) if f"{self.kind}/generated-{number}" not in self.taken)
        numbers = islice(free, most)
        while batch := list(islice(numbers, PER_FILE)):
            yield f"generated-{batch[0]}.yaml", "---\n".join(map(self._record, batch))

    # ── Learning from the real records ───────────────────────────────────────────────────────────────────────────

    def _learn(self, values: dict[str, Any]) -> None:
        class_ = self._class(self.schema.kinds[self.kind], values)
        kept = {key: value for key, value in values.items() if key == "type" or self._may_take(class_, key)}
        self.records.append((class_, kept))
        for key, value in kept.items():
            self.donors[class_.iri, key].append(value)
            for property_, language, text in self.scalars(key, value):
                if property_.values is Values.TEXT:
                    words = re.findall(r"[^\W\d_]+(?:-[^\W\d_]+)*", text)
                    self.words[property_.key, language] += [word for word in words if not any(flaws(word))]
                elif is_date(property_):
                    year = int(text[:4])
                    first, last = self.years.get(key, (year, year))
                    self.years[key] = min(first, year), max(last, year)
                elif property_.values is Values.LITERAL:
                    self.strings[property_.key].append(text)

    def _may_take(self, class_: Class, key: str) -> bool:
        """False for values that another record must not have: former names, and values that refer to other keys."""
        if (class_.iri, key) not in self.takes:
            known = self.schema.keys(class_).get(key)
            self.takes[class_.iri, key] = known is not None and not (
                known.property.iri == self.schema.names.renamed_from
                or known.property.range == str(RDF.Property)
                or known.property.values is Values.SAME
                or any(key.least and key.property.range == str(RDF.Property) for key in self._inner(known.property))
            )
        return self.takes[class_.iri, key]

    def _class(self, class_: Class, values: dict[str, Any]) -> Class:
        name = values.get("type")
        if (class_.iri, name) not in self.named_classes:
            found = next((c for c in self.schema.subclasses(class_.iri) if c.name == name), class_)
            self.named_classes[class_.iri, name] = found
        return self.named_classes[class_.iri, name]

    def _parts(self, property_: Property) -> list[Class]:
        """The classes that the parts under a key may be of."""
        return self.schema.subclasses(property_.range or "") if property_.values is Values.PART else []

    def _inner(self, property_: Property) -> list[Key]:
        """The keys of the parts under a key."""
        return [key for part in self._parts(property_) for key in self.schema.keys(part).values()]

    def scalars(self, key: str, value: Any, language: str = "") -> Iterator[tuple[Property, str, str]]:
        """Every scalar under a key, including those within parts, with its property and its language."""
        property_ = self.schema.properties.get(key)
        if isinstance(value, list):
            for item in value:
                yield from self.scalars(key, item, language)
        elif property_ is not None and isinstance(value, dict):
            for name, inner in value.items():
                is_text = property_.values is Values.TEXT
                yield from self.scalars(key if is_text else name, inner, name if is_text else "")
        elif property_ is not None:
            yield property_, language, value

    def _targets(self, class_: Class) -> list[Term]:
        """The node shapes of a class."""
        return [shape for iri in class_.ancestors for shape in self.schema.shapes.subjects(SH.targetClass, URIRef(iri))]

    def _queries(self, class_: Class, seen: set[str]) -> Iterator[str]:
        """The queries (SHACL-SPARQL) that find errors in things of a class, or in their parts."""
        seen.add(class_.iri)
        shapes = self.schema.shapes
        for target in self._targets(class_):
            if shapes.value(target, SH.severity) in (None, SH.Violation):
                yield from (str(shapes.value(query, SH.select)) for query in shapes.objects(target, SH.sparql))
        for key in self.schema.keys(class_).values():
            for part in self._parts(key.property) if self._may_take(class_, key.property.key) else ():
                if part.iri not in seen:
                    yield from self._queries(part, seen)

    def _tied(self, class_: Class, queries: list[str]) -> set[str]:
        """The keys that shapes compare with others. Their values are taken together from one real record."""
        schema, shapes = self.schema, self.schema.shapes
        compared = {iri for query in queries for iri in self._named(query)}
        for shape in (shape for target in self._targets(class_) for shape in shapes.objects(target, SH.property)):
            for other in (other for pair in PAIRS for other in shapes.objects(shape, pair)):
                compared |= {schema.path_of(shape), str(other)}
        tied = {property_.iri for iri in compared if (property_ := schema.property_of(iri))}
        anywhere = {iri for query in shapes.objects(None, SH.select) for iri in self._named(str(query))}

        def is_tied(property_: Property) -> bool:
            above = {property_.iri, *schema.superproperties(property_.iri)}
            ends = {str(end) for iri in above for end in schema.ontology.objects(URIRef(iri), OWL.inverseOf)}
            ends |= {str(end) for iri in above for end in schema.ontology.subjects(OWL.inverseOf, URIRef(iri))}
            return bool(tied & {*above, *(key.property.iri for key in self._inner(property_))} or anywhere & ends)

        return {name for name, key in schema.keys(class_).items() if is_tied(key.property)}

    def _named(self, query: str) -> set[str]:
        """The IRIs that a query names."""
        return set(map(self.schema.names.expand, re.findall(r"\w+:\w+", query)))

    def _forms(self, queries: set[str]) -> dict[str, str]:
        """The form of new values for each key whose values must be unique, by a query or in the data; "" for none."""
        shared = {query: self._shared(query) for query in queries}
        compared = {iri for iris in shared.values() for iri in iris}
        unique = [iris for query, iris in shared.items() if EITHER in query and iris == self._twice(query)]
        alone = {iri for iris in unique if len(iris) == 1 for iri in iris}
        forms = {key: "" for _, key in self.donors if self._refers_alone(key, alone)}
        for key, texts in self.strings.items():
            property_ = self.schema.properties[key]
            all_differ = property_.datatypes == (XSD + "string",) and len(set(texts)) == len(texts)
            if all_differ or property_.iri in compared:
                forms[key] = next((form for form in IDENTIFIERS if self._admits(property_, form.format(1, 1))), "")
        return forms

    def _shared(self, query: str) -> set[str]:
        """The IRIs of the properties for which a query matches the same value in two things."""
        pairs = Counter(re.findall(r"(\w+:\w+)\s+(\?\w+)", query))
        return {self.schema.names.expand(name) for (name, _), times in pairs.items() if times > 1}

    def _twice(self, query: str) -> set[str]:
        """The IRIs that a query contains more than once."""
        names = Counter(re.findall(r"\w+:\w+", query))
        return {self.schema.names.expand(name) for name, times in names.items() if times > 1}

    def _refers_alone(self, key: str, alone: set[str]) -> bool:
        """True if no two things may refer to the same thing under a key."""
        property_ = self.schema.properties.get(key)
        return property_ is not None and property_.values is Values.REFERENCE and property_.iri in alone

    def _is_successive(self, query: str) -> bool:
        """True if a query requires that no two records of a kind overlap in time, whatever their other values."""
        twice = map(self.schema.property_of, self._twice(query))
        dates = any(property_ is not None and is_date(property_) for property_ in twice)
        return dates and EITHER in query and not self._shared(query)

    def _admits(self, property_: Property, text: str) -> bool:
        """True if a text is valid for a property according to its datatypes and shapes."""
        shapes = self.schema.shapes
        about = list(shapes.subjects(SH.path, URIRef(property_.iri)))
        patterns = [str(pattern) for shape in about for pattern in shapes.objects(shape, SH.pattern)]
        try:
            literals.typed(text, property_.datatypes)
        except ValueError:
            return False
        listed = any(shapes.value(shape, SH["in"]) for shape in about)
        return not listed and all(matches(pattern, text) for pattern in patterns)

    # ── Making new records ───────────────────────────────────────────────────────────────────────────────────────

    def _record(self, number: int) -> str:
        """A record as YAML, with one key on each line and the values as JSON."""
        self.number, self.serial = number, 0
        class_, base = self.random.choice(self.records)
        lines = [f"id: {self.kind}/generated-{number}\n"]
        for key, value in base.items():
            made = value
            if key in self.tied[class_.iri]:
                made = self._fresh(class_, key, value, 0)
                made = self._vague(class_, key, made) if class_.iri in self.successive else made
            elif key != "type":
                donated = self.random.choice(self.donors[class_.iri, key])
                made = self._fresh(class_, key, donated, self._shift(key, donated))
            if made:
                lines.append(f"{key}: {as_json(made)}\n")
        return "".join(lines)

    def _shift(self, key: str, value: Any) -> int:
        """The number of years by which to move the dates of a value, so that they stay within the years of the key."""
        known = self.years.get(key)
        years = (
            [int(text[:4]) for property_, _, text in self.scalars(key, value) if is_date(property_)] if known else []
        )
        return self.random.randint(known[0] - min(years), known[1] - max(years)) if known and years else 0

    def _vague(self, class_: Class, key: str, value: Any) -> Any:
        """A date as its year, or None if it is optional; any other value unchanged."""
        key_ = self.schema.keys(class_)[key]
        if not is_date(key_.property):
            return value
        return value[:4] if key_.least else None

    def _fresh(self, class_: Class, key: str, value: Any, shift: int) -> Any:
        """A value with new texts, addresses, identifiers and dates; None if it must be left out."""
        key_ = self.schema.keys(class_).get(key)
        if key_ is None:
            return value
        property_ = key_.property
        if isinstance(value, list):
            return [made for item in value if (made := self._fresh(class_, key, item, shift)) is not None]
        if property_.values is Values.TEXT and isinstance(value, dict):
            return {language: self._texts(key, language, text) for language, text in value.items()}
        if isinstance(value, dict):
            part = self._class(self.schema.classes[property_.range or ""], value)
            kept = {name: item for name, item in value.items() if name == "type" or self._may_take(part, name)}
            inner = {name: self._fresh(part, name, item, shift) for name, item in kept.items()}
            return {name: made for name, made in inner.items() if made}
        self.serial += 1
        if property_.values is Values.ADDRESS or property_.datatypes == (XSD + "anyURI",):
            return ADDRESS.format(self.number, self.serial)
        if is_date(property_):
            return f"{int(value[:4]) + shift:04}{value[4:].replace('-02-29', '-02-28') if shift else value[4:]}"
        form = self.forms.get(key)
        if form is None:
            return value
        if not form and key_.least:
            return self._counted(property_, value)
        return form.format(self.number, self.serial) or None

    def _counted(self, property_: Property, text: str) -> str:
        """A text with other digits at its end that no record has yet; the text itself if all are taken."""
        end = re.findall(r"\d*$", text)[0]
        free = (f"{text.removesuffix(end)}{n:0{len(end)}}" for n in range(10 ** len(end))) if end else iter(())
        known = self.known.setdefault(property_.key, set())
        made = next((new for new in free if new not in known and self._admits(property_, new)), text)
        known.add(made)
        return made

    def _texts(self, key: str, language: str, value: Any) -> Any:
        """New texts of the same number, each with the same number of words of the same key and language."""
        if isinstance(value, list):
            return [self._texts(key, language, item) for item in value]
        self.serial += 1
        words = self.words[key, language]
        drawn = self.random.choices(words, k=len(value.split())) if words else []
        return " ".join([f"Generated{self.number}", *drawn, str(self.serial)])


def is_date(property_: Property) -> bool:
    return not DATES.isdisjoint(property_.datatypes)


def plain(node: Node) -> Any:
    """A YAML tree as Python values, with every scalar as it is written."""
    if isinstance(node, MappingNode):
        return {key.value: plain(value) for key, value in node.value}
    return [plain(item) for item in node.value] if isinstance(node, SequenceNode) else node.value
