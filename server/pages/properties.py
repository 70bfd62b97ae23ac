"""Pages: what a page shows of some triples, in the order and with the labels of the ontology and the shapes."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from pyoxigraph import Literal, NamedNode

from kg.dataset import named_queries
from kg.model.schema import Class
from kg.names import RDF_TYPE, RDFS_LABEL, local_name
from kg.text.language_preference import in_language
from server.languages import language
from server.pages.filters import parameters_of
from server.pages.triple_index import NOTHING, TripleIndex
from server.site import here, site

MAX_COLUMNS = 6
"""Maximum number of different properties of parts for showing the parts as a table."""

MAX_LINKS = 6
"""Maximum number of records on a page that link to the thing by one property; the others are in their collection."""


def label(iri: str) -> str:
    """The label of a term of the ontology, in the language of the page or else in English."""
    return site().schema.label(iri, language())


def labels_of_kinds() -> dict[str, str]:
    """The labels of all kinds that have things, in the language of the page or else in English."""
    return {kind: label(class_.iri) for kind, class_ in site().kinds.items()}


@dataclass(frozen=True, slots=True)
class Value:
    """A value in a row: its text, with its language if it has one; a link if it is an IRI; or a part."""

    text: str
    language: str | None = None
    iri: str | None = None
    part: "Description | None" = None
    datatype: str = ""
    """The local name of the datatype of a literal, which determines how it is written."""


@dataclass(frozen=True, slots=True)
class PropertyRow:
    """A property, its label, and its values."""

    iri: str
    label: str
    values: list[Value]
    group: str | None = None
    """The group in which it is shown."""

    @property
    def has_parts(self) -> bool:
        return any(value.part for value in self.values)


@dataclass(frozen=True, slots=True)
class PropertyGroup:
    """Rows that a page shows together, with their heading and order."""

    label: str
    order: float
    rows: list[PropertyRow]


@dataclass
class Description:
    """A thing or part as a page shows it: label, types, rows of our own properties, rows of standard terms."""

    iri: str
    about: TripleIndex
    """What is stated about the whole thing, its parts, and what they mention."""
    above: tuple[str, ...] = ()

    def values_of(self, property_: str) -> list[Value]:
        """The values of a property in its row."""
        return next((row.values for row in self.rows if row.iri == property_), [])

    @property
    def fragment(self) -> str:
        return self.iri.partition("#")[2]

    @property
    def name(self) -> Value:
        return self.name_of(self.iri)

    @property
    def label(self) -> str:
        return self.name.text

    def name_of(self, iri: str) -> Value:
        """The name of any resource, in the language of the page or else in English; the IRI if it has no other name."""
        schema = site().schema
        if name := in_language(self.about.literals(iri, RDFS_LABEL), language()):
            return Value(name.value, name.language, iri)
        if iri.startswith(site().names.vocabulary):
            return Value(label(iri), iri=iri)
        record, is_part, _ = iri.partition("#")
        if is_part and record in self.about:
            return replace(self.name_of(record), iri=iri)
        property_ = schema.property_of(iri)
        return Value(property_.key if property_ else site().names.compact(iri), iri=iri)

    @cached_property
    def classes(self) -> list[Class]:
        """The classes of the resource that are in our ontology, most specific first."""
        classes = [site().schema.classes.get(o.value) for o in self.about.objects(self.iri, RDF_TYPE)]
        return sorted((c for c in classes if c), key=lambda c: (-len(c.ancestors), c.name))

    @cached_property
    def rows(self) -> list[PropertyRow]:
        """The rows of our properties: the keys of the class in their order, then the inferred properties.

        A value of a property is omitted if a subproperty has the same value.
        """
        schema, names = site().schema, site().names
        classes = self.classes
        keys = schema.keys(classes[0]) if classes else {}
        order = [key.property.iri for key in keys.values()]
        hidden = {key.property.iri for key in keys.values() if key.is_hidden}
        bounds = {iri for p in schema.properties.values() if p.bounds for iri in p.bounds}
        stated = self.about.predicates(self.iri)
        others = sorted(p for p in stated if p.startswith(names.vocabulary) and p not in order)
        left_out = bounds | hidden
        wanted = [iri for iri in [*order, *others] if iri not in left_out and iri in stated]
        groups = {key.property.iri: key.group for key in keys.values()}
        rows = [PropertyRow(iri, label(iri), self._values(iri), groups.get(iri)) for iri in wanted]
        labels = {o.value for o in self.about.objects(self.iri, RDFS_LABEL)}
        repeated = [all(v.iri is None and v.text in labels for v in row.values) for row in rows]
        return [row for row, again in zip(rows, repeated, strict=True) if row.values and (self.above or not again)]

    @property
    def plain_rows(self) -> list[PropertyRow]:
        """The rows whose values are not parts."""
        return [row for row in self.rows if not row.has_parts]

    @property
    def groups(self) -> list[PropertyGroup]:
        """The rows by group; those without a group come first."""
        groups = [PropertyGroup("", 0, [row for row in self.rows if row.group not in site().schema.groups])]
        for iri, order in site().schema.groups.items():
            groups.append(PropertyGroup(label(iri), order, [row for row in self.rows if row.group == iri]))
        return [group for group in groups if group.rows]

    @property
    def names_in_languages(self) -> list[Value]:
        """The labels in languages other than that of the page."""
        labels = [o for o in self.about.literals(self.iri, RDFS_LABEL) if o.language != language()]
        return [Value(o.value, o.language) for o in sorted(labels, key=lambda o: o.language or "")]

    @property
    def standard_rows(self) -> list[PropertyRow]:
        """The other statements: standard terms, bounds of dates, and the document."""
        shown = {row.iri for row in self.rows} | {RDFS_LABEL, RDF_TYPE}
        others = sorted(iri for iri in self.about.predicates(self.iri) if iri not in shown)
        rows = [PropertyRow(iri, site().names.compact(iri), self._values(iri)) for iri in others]
        types = [o for o in self.about.objects(self.iri, RDF_TYPE) if o.value not in site().schema.classes]
        listed = [Value(site().names.compact(o.value), iri=o.value) for o in types if isinstance(o, NamedNode)]
        return [*([PropertyRow(RDF_TYPE, "rdf:type", listed)] if listed else []), *(row for row in rows if row.values)]

    def _values(self, property_: str) -> list[Value]:
        narrower = [p.iri for p in site().schema.subproperties(property_) if p.iri != property_]
        repeated = {o for iri in narrower for o in self.about.objects(self.iri, iri)} | {*map(NamedNode, self.above)}
        values = [self.term(o) for o in self.about.objects(self.iri, property_) if o not in repeated]
        return sorted(
            values, key=lambda v: (v.language != language(), v.language or "", v.part.order if v.part else (v.text,))
        )

    def term(self, term: NamedNode | Literal) -> Value:
        """A term as a value."""
        if isinstance(term, Literal):
            return Value(term.value, term.language, datatype=local_name(term.datatype.value))
        if term.value.startswith((self.iri + "#", self.iri + "/")) and term.value in self.about:
            return Value("", iri=term.value, part=self.part(term.value))
        return self.name_of(term.value)

    @property
    def kind(self) -> str:
        """The label of the most specific class of the resource."""
        return label(self.classes[0].iri) if self.classes else ""

    def part(self, iri: str) -> "Description":
        return Description(iri, self.about, (*self.above, self.iri))

    @property
    def order(self) -> tuple[str, ...]:
        """The sort key of a part: its earliest date, then its address."""
        earliest = [p.bounds[0] for p in site().schema.properties.values() if p.bounds]
        return *sorted(o.value for iri in earliest for o in self.about.objects(self.iri, iri)), self.iri


def columns(row: PropertyRow) -> list[PropertyRow]:
    """The properties of the parts in a row, if the parts fit into a table; else none.

    Properties whose values are parts are not columns; they are shown beside the row of the table.
    """
    parts = [value.part for value in row.values if value.part]
    if not parts or len(parts) < len(row.values):
        return []
    rows: dict[str, PropertyRow] = {}
    for part in parts:
        rows |= {inner.iri: inner for inner in part.plain_rows if inner.iri not in rows}
    keys = site().schema.keys(parts[0].classes[0]) if parts[0].classes else {}
    order = [key.property.iri for key in keys.values()]
    in_order = sorted(rows.values(), key=lambda r: order.index(r.iri) if r.iri in order else len(order))
    return in_order if len(in_order) <= MAX_COLUMNS else []


@dataclass(frozen=True, slots=True)
class Incoming:
    """The links to a thing from records of a kind by one property: the first ones, their number, and a link to all."""

    property: str
    class_: Class
    values: list[Value]
    total: int
    all: str | None


def incoming(iri: str, links: Mapping[str, list[str]], about: TripleIndex) -> list[Incoming]:
    """The links to a thing, by property and kind; a part that links to it is replaced by its record.

    `links` maps each property to the subjects that link to the thing by it, in order; `about` has the labels of most of
    them. A property is omitted if all of its subjects also link to the thing by subproperties.
    """
    names, schema = site().names, site().schema
    records: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    for property_, subjects in links.items():
        if not property_.startswith(names.vocabulary) or schema.has_inverse(property_):
            continue
        for subject in subjects:
            if path := names.path(subject):
                records[property_, path.partition("/")[0]].setdefault(names.thing(path), subject)
    for property_, kind in list(records):
        narrower = [records.get((p.iri, kind), {}) for p in schema.subproperties(property_) if p.iri != property_]
        if records[property_, kind].keys() <= {record for linking in narrower for record in linking}:
            del records[property_, kind]
    labels = labels_of({record for linking in records.values() for record in list(linking)[:MAX_LINKS]}, about)
    return [
        Incoming(
            property_,
            schema.kinds[kind],
            [replace(labels[record], iri=subject) for record, subject in list(linking.items())[:MAX_LINKS]],
            len(linking),
            collection(iri, property_, schema.kinds[kind]) if len(linking) > MAX_LINKS else None,
        )
        for (property_, kind), linking in records.items()
    ]


def collection(iri: str, property_: str, class_: Class) -> str | None:
    """The address of all things of a class that link to a thing by a property, directly or by a part."""
    names = (p.name for p in parameters_of(class_) if p.iri == property_ and not p.is_range)
    name, path = next(names, None), site().names.path(iri)
    return here(f"doc/{class_.kind}", **{name: path}) if name and path else None


def labels_of(subjects: Iterable[str], about: TripleIndex = NOTHING) -> dict[str, Value]:
    """The names of some subjects, in the language of the page or else in English.

    The engine is queried only for those that `about` has no labels of.
    """
    labels = {iri: about.literals(iri, RDFS_LABEL) for iri in subjects}
    if unknown := [iri for iri in labels if iri not in about]:
        labels |= named_queries.labels(site().engine, unknown)
    names = {iri: in_language(literals, language()) for iri, literals in labels.items()}
    return {iri: Value(name.value, name.language, iri) for iri, name in names.items() if name}
