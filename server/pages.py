"""Pages: what a page shows of some triples, in the order and the words of ontology and shapes."""

from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property

from pyoxigraph import Literal, NamedNode, Triple

from kg.media import LANGUAGES
from kg.names import RDF_TYPE, RDFS_LABEL, local_name
from kg.schema import Class
from server.languages import language
from server.site import site

WIDEST = 6
"""How many properties parts may have between them to be listed as a table."""

MOST_INCOMING = 50
"""How many incoming links of one property a page lists; the rest are counted."""


def label(iri: str) -> str:
    """What to call a term of ours, in the language of the page or else in English."""
    return site().schema.label(iri, language())


@dataclass(frozen=True, slots=True)
class Value:
    """One value of a row: its text, in a language if it has one; a link if it is an IRI; or a part."""

    text: str
    language: str | None = None
    iri: str | None = None
    part: "Description | None" = None


@dataclass(frozen=True, slots=True)
class Row:
    """A property, what to call it, and its values."""

    property: str
    label: str
    values: list[Value]


@dataclass
class Description:
    """A thing or part as a page shows it: label, types, rows of our own properties, rows of standard terms."""

    iri: str
    triples: list[Triple]
    above: tuple[str, ...] = ()
    about: dict[str, dict[str, list[NamedNode | Literal]]] = field(default_factory=dict)
    """The objects of the triples by subject and predicate; a part is given those of the whole."""

    def __post_init__(self) -> None:
        if self.about:
            return
        self.about = defaultdict(lambda: defaultdict(list))
        for triple in self.triples:
            if isinstance(triple.subject, NamedNode) and isinstance(triple.object, NamedNode | Literal):
                self.about[triple.subject.value][triple.predicate.value].append(triple.object)

    def values_of(self, property_: str) -> list[Value]:
        """The values of a property, as its row lists them."""
        return next((row.values for row in self.rows if row.property == property_), [])

    @property
    def fragment(self) -> str:
        return self.iri.partition("#")[2]

    @property
    def label(self) -> str:
        return self.label_of(self.iri)

    def label_of(self, iri: str) -> str:
        """The label of anything, in the language of the page or else in English; an IRI if it has no other name."""
        labels = {o.language: o.value for o in self.about[iri][RDFS_LABEL] if isinstance(o, Literal)}
        schema = site().schema
        if labels:
            return labels.get(language()) or labels.get(LANGUAGES[0]) or next(iter(labels.values()))
        if iri.startswith(site().names.vocabulary):
            return label(iri)
        property_ = schema.property_of(iri)
        return property_.key if property_ else site().names.compact(iri)

    @cached_property
    def classes(self) -> list[Class]:
        """Our own classes of it, most specific first."""
        found = [site().schema.classes.get(o.value) for o in self.about[self.iri][RDF_TYPE]]
        return sorted((c for c in found if c), key=lambda c: (-len(c.ancestors), c.name))

    @cached_property
    def rows(self) -> list[Row]:
        """The properties of ours that state something: the keys of its class in their order, then what is inferred."""
        schema, names = site().schema, site().names
        classes = self.classes
        keys = schema.keys(classes[0]) if classes else {}
        order = [key.property.iri for key in keys.values()]
        bounds = {iri for p in schema.properties.values() if p.bounds for iri in p.bounds}
        others = sorted(p for p in self.about[self.iri] if p.startswith(names.vocabulary) and p not in order)
        wanted = [iri for iri in [*order, *others] if iri not in bounds and iri in self.about[self.iri]]
        rows = [Row(iri, label(iri), self._values(iri)) for iri in wanted]
        labels = {o.value for o in self.about[self.iri][RDFS_LABEL]}
        repeated = [all(v.iri is None and v.text in labels for v in row.values) for row in rows]
        return [row for row, again in zip(rows, repeated, strict=True) if row.values and (self.above or not again)]

    @property
    def names_in_languages(self) -> list[Value]:
        """The labels in languages other than that of the page."""
        labels = [o for o in self.about[self.iri][RDFS_LABEL] if isinstance(o, Literal) and o.language != language()]
        return [Value(o.value, o.language) for o in sorted(labels, key=lambda o: o.language or "")]

    @property
    def standard_rows(self) -> list[Row]:
        """What else the triples say: standard terms, bounds of dates, and the document."""
        shown = {row.property for row in self.rows} | {RDFS_LABEL, RDF_TYPE}
        others = sorted(iri for iri in self.about[self.iri] if iri not in shown)
        rows = [Row(iri, site().names.compact(iri), self._values(iri)) for iri in others]
        types = [o for o in self.about[self.iri][RDF_TYPE] if o.value not in site().schema.classes]
        listed = [Value(site().names.compact(o.value), iri=o.value) for o in types if isinstance(o, NamedNode)]
        return [*([Row(RDF_TYPE, "rdf:type", listed)] if listed else []), *(row for row in rows if row.values)]

    def _values(self, property_: str) -> list[Value]:
        values = [self._value(o) for o in self.about[self.iri][property_] if o.value not in self.above]
        return sorted(
            values, key=lambda v: (v.language != language(), v.language or "", v.part.order if v.part else (v.text,))
        )

    def _value(self, term: NamedNode | Literal) -> Value:
        if isinstance(term, Literal):
            return Value(term.value, term.language)
        if term.value.startswith((self.iri + "#", self.iri + "/")) and term.value in self.about:
            return Value("", iri=term.value, part=self.part(term.value))
        return Value(self.label_of(term.value), iri=term.value)

    @property
    def kind(self) -> str:
        """What it is called what it is: the label of its most specific class."""
        return label(self.classes[0].iri) if self.classes else ""

    def part(self, iri: str) -> "Description":
        return Description(iri, self.triples, (*self.above, self.iri), self.about)

    @property
    def order(self) -> tuple[str, ...]:
        """Parts go by the earliest of their dates, then by their address."""
        earliest = [p.bounds[0] for p in site().schema.properties.values() if p.bounds]
        return *sorted(o.value for iri in earliest for o in self.about[self.iri][iri]), self.iri


def columns(row: Row) -> list[Row]:
    """The properties of the values of a row, where these are parts that fit into a table; else none."""
    parts = [value.part for value in row.values if value.part]
    if not parts or len(parts) < len(row.values):
        return []
    found: dict[str, Row] = {}
    for part in parts:
        found |= {inner.property: inner for inner in part.rows if inner.property not in found}
    keys = site().schema.keys(parts[0].classes[0]) if parts[0].classes else {}
    order = [key.property.iri for key in keys.values()]
    in_order = sorted(found.values(), key=lambda r: order.index(r.property) if r.property in order else len(order))
    return in_order if len(in_order) <= WIDEST else []


def incoming(iri: str) -> list[Row]:
    """What links to a thing, by property of ours; a part that links stands under the label of its record."""
    names, schema = site().names, site().schema
    solutions = site().engine.select(
        f"SELECT ?s ?p WHERE {{ ?s ?p <{iri}> FILTER(STRSTARTS(STR(?p), '{names.vocabulary}')) "
        f"FILTER(!STRSTARTS(STR(?s), '{iri}#')) }} ORDER BY ?p ?s"
    )
    subjects: dict[str, list[str]] = defaultdict(list)
    for solution in solutions:
        subjects[solution["p"].value].append(solution["s"].value)
    owners = {s.partition("#")[0] for listed in subjects.values() for s in listed}
    labels = labels_of(owners)
    rows = []
    for property_, listed in subjects.items():
        if schema.has_inverse(property_):
            continue
        shown = list(dict.fromkeys(listed))[:MOST_INCOMING]
        values = [Value(labels.get(s.partition("#")[0]) or local_name(s), iri=s) for s in shown]
        if len(listed) > len(shown):
            values.append(Value(f"and {len(listed) - len(shown)} more"))
        rows.append(Row(property_, label(property_), values))
    return rows


def labels_of(subjects: set[str]) -> dict[str, str]:
    """The label of each of some subjects, in the language of the page if there is one."""
    listed = " ".join(f"<{iri}>" for iri in sorted(subjects))
    solutions = site().engine.select(
        f"SELECT ?s ?label WHERE {{ VALUES ?s {{ {listed} }} ?s rdfs:label ?label }} ORDER BY ?s ?label"
    )
    found: dict[str, str] = {}
    preferred = (language(), LANGUAGES[0])
    for solution in sorted(solutions, key=lambda s: [s["label"].language == each for each in preferred]):
        found[solution["s"].value] = solution["label"].value
    return found
