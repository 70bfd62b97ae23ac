"""The schema: what ontology and shapes define for each class and key, in the form that every other step uses.

This module knows no class or property by name: to add one, change only `ontology/` and `shapes/`.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import Enum, auto
from functools import cached_property

from rdflib import Graph, URIRef
from rdflib.collection import Collection
from rdflib.namespace import DCTERMS, OWL, RDF, RDFS, SH, SKOS
from rdflib.namespace import XSD as XSD_TERMS
from rdflib.term import Literal, Node

from kg.model.literals import DATATYPES, LANG_STRING
from kg.names import PREFIXES, XSD, Names, kebab, local_name
from kg.text.language_preference import ENGLISH, best_tag, in_language

NUMBERS = (int, Decimal, float)
"""The Python types of rdflib's numeric literals."""

UNORDERED = 50
"""The order of a key without sh:order."""

ABSTRACT, HIDDEN, ROLE, KEY_INFO, ID = (
    URIRef(PREFIXES["dash"] + name) for name in ("abstract", "hidden", "propertyRole", "KeyInfoRole", "IDRole")
)


class Values(Enum):
    """The sort of values of a property, which determines how YAML writes them."""

    TEXT = auto()
    """Text by language: a map from language tag to text or list of texts."""
    LITERAL = auto()
    """A scalar whose datatype is the range."""
    REFERENCE = auto()
    """A reference to a thing: `kind/name`."""
    TERM = auto()
    """The local name of an individual that the ontology declares."""
    ADDRESS = auto()
    """An http(s) address."""
    PART = auto()
    """A map that becomes a node of its own, with an address below the record."""
    SAME = auto()
    """A value in the form of the property that another key of the same map names (`written_as`)."""


@dataclass(frozen=True, slots=True)
class Property:
    """A property that may be a key.

    `datatypes` are IRIs, for LITERAL; `range` is the IRI of a class, for REFERENCE, TERM and PART; `individuals`
    maps local names to IRIs, for TERM; `bounds` are the IRIs of the properties for the earliest and the latest date;
    `written_as` is the IRI of the property that names how to write a value, for SAME.
    """

    iri: str
    key: str
    values: Values
    datatypes: tuple[str, ...] = ()
    range: str | None = None
    individuals: dict[str, str] = field(default_factory=dict)
    bounds: tuple[str, str] | None = None
    written_as: str | None = None


@dataclass(frozen=True, slots=True)
class Key:
    """A property as it is used by a class: the number of values (no maximum if `most` is None), and its order."""

    property: Property
    least: int
    most: int | None
    order: float
    single: bool
    """True if there is at most one value or, for text, at most one in each language."""
    classes: tuple[tuple[str, ...], ...] = ()
    """Required classes (IRIs) of a value: it must belong to one class of each group."""
    languages: tuple[str, ...] = ()
    """The languages of a text, if the shapes list them."""
    terms: tuple[str, ...] = ()
    """The allowed terms, if the shapes list them."""
    lone: bool = True
    """False if another key may be used instead (sh:alternativePath)."""
    message: str = ""
    """The message of the shape that is nearest to the class."""
    group: str | None = None
    """The IRI of the group in which it is shown (sh:group)."""
    is_key_info: bool = False
    """True if the values distinguish things and therefore become a facet (dash:propertyRole dash:KeyInfoRole)."""
    is_hidden: bool = False
    """True if pages do not show it (dash:hidden)."""
    is_id: bool = False
    """True if the values identify a part that has no value of its key (dash:propertyRole dash:IDRole)."""


@dataclass(frozen=True, slots=True)
class Class:
    """A class of the ontology: its IRI, its name, and the IRIs of itself and its superclasses, nearest first."""

    iri: str
    name: str
    ancestors: tuple[str, ...]
    abstract: bool
    part_key: tuple[str, ...]
    """The properties whose values identify a part within its record (owl:hasKey); empty for other classes."""

    @property
    def kind(self) -> str:
        return kebab(self.name)


@dataclass(frozen=True, slots=True)
class Finding:
    """An error in ontology or shapes: a code E5xx, a message, and the IRI of the term that it is about."""

    code: str
    message: str
    term: str
    hint: str | None = None
    part: str | None = None
    """The IRI of the property that the finding is about, if the term has several statements."""


class Schema:
    """Classes, properties and keys, derived from an ontology graph and a shapes graph.

    `findings` are the errors that were found; a schema with findings is not used for a build.
    """

    def __init__(self, ontology: Graph, shapes: Graph, names: Names) -> None:
        self.ontology = ontology
        self.shapes = shapes
        self.names = names
        self.findings: list[Finding] = []
        self._use: dict[str, list[Node]] = defaultdict(list)  # property IRI → its property shapes
        self.classes = {str(iri): self._class(iri) for iri in sorted(self._ours(OWL.Class, RDFS.Class))}
        for iri in self.classes:
            for shape in self.property_shapes(iri):
                path = shapes.value(shape, SH.path)
                if isinstance(path, URIRef):
                    self._use[str(path)].append(shape)
        self.properties = self._properties()
        self._find_unsupported()

    # ── Classes ──────────────────────────────────────────────────────────────────────────────────────────────────

    def _ours(self, *types: URIRef) -> set[URIRef]:
        return {
            subject
            for type_ in types
            for subject in self.ontology.subjects(RDF.type, type_)
            if isinstance(subject, URIRef) and subject.startswith(self.names.base)
        }

    def _class(self, iri: URIRef) -> Class:
        keys = [str(p) for head in self.ontology.objects(iri, OWL.hasKey) for p in Collection(self.ontology, head)]
        return Class(
            iri=str(iri),
            name=local_name(iri),
            ancestors=tuple(self._ancestors(iri, RDFS.subClassOf)),
            abstract=(iri, ABSTRACT, Literal(True)) in self.ontology,
            part_key=tuple(keys),
        )

    def _ancestors(self, iri: URIRef, relation: URIRef) -> Iterator[str]:
        """The IRI and its ancestors by a relation, breadth first."""
        seen, queue = {iri}, [iri]
        while queue:
            current = queue.pop(0)
            yield str(current)
            for parent in sorted(p for p in self.ontology.objects(current, relation) if isinstance(p, URIRef)):
                if parent not in seen:
                    seen.add(parent)
                    queue.append(parent)

    def is_part(self, class_: Class) -> bool:
        return bool(self.part_key(class_))

    def part_key(self, class_: Class) -> tuple[str, ...]:
        """The key of a class of parts: its own key, or that of the nearest superclass that has one."""
        keys = (self.classes[iri].part_key for iri in class_.ancestors if iri in self.classes)
        return next((key for key in keys if key), ())

    def naming_keys(self, class_: Class) -> tuple[list[str], list[str]]:
        """The keys whose values identify a part within its owner, and those that do so if none of them is given.

        The first are those of the key of its class (owl:hasKey).
        """
        if class_.iri not in self._naming_keys:
            keys = self.keys(class_)
            of_class = [p.key for iri in self.part_key(class_) if (p := self.property_of(iri)) and p.key in keys]
            self._naming_keys[class_.iri] = of_class, [name for name, key in keys.items() if key.is_id]
        return self._naming_keys[class_.iri]

    @cached_property
    def _naming_keys(self) -> dict[str, tuple[list[str], list[str]]]:
        return {}

    @cached_property
    def kinds(self) -> dict[str, Class]:
        """The classes of records by kind: classes of things, not of parts or terms."""
        values = {p.range for p in self.properties.values() if p.values is Values.TERM}
        return {
            class_.kind: class_
            for class_ in self.classes.values()
            if not class_.abstract and not self.is_part(class_) and not values & set(class_.ancestors)
        }

    def subclasses(self, iri: str) -> list[Class]:
        """A class and all of its subclasses that can have direct instances."""
        return [class_ for class_ in self.classes.values() if iri in class_.ancestors and not class_.abstract]

    # ── Properties ───────────────────────────────────────────────────────────────────────────────────────────────

    def _properties(self) -> dict[str, Property]:
        declared = self._ours(OWL.ObjectProperty, OWL.DatatypeProperty, RDF.Property)
        used = {URIRef(iri) for iri in self._use}
        properties: dict[str, Property] = {}
        for iri in sorted(declared | used):
            property_ = self._property(iri)
            if property_.key in properties:
                message = f"the key {property_.key!r} is used for both {iri} and {properties[property_.key].iri}"
                self.findings.append(Finding("E503", message, iri, "rename one of them"))
            properties[property_.key] = property_
        names = {key: property_.iri for key, property_ in properties.items()}
        return {
            key: replace(p, individuals=names) if p.range == str(RDF.Property) else p for key, p in properties.items()
        }

    def _property(self, iri: URIRef) -> Property:
        bounds = self.names.vocabulary + "earliestBound", self.names.vocabulary + "latestBound"
        bound = [str(o) for b in bounds for o in self.ontology.objects(iri, URIRef(b))]
        both = (bound[0], bound[1]) if len(bound) == 2 else None
        if written_as := self.ontology.value(iri, URIRef(self.names.vocabulary + "writtenAs")):
            return Property(str(iri), local_name(iri), Values.SAME, written_as=str(written_as))
        for range_ in self._ranges(iri):
            if range_ == RDF.Property:
                return Property(str(iri), local_name(iri), Values.TERM, range=str(range_))
            if datatypes := self._datatypes(range_):
                if datatypes == (LANG_STRING,):
                    return Property(str(iri), local_name(iri), Values.TEXT)
                return Property(str(iri), local_name(iri), Values.LITERAL, datatypes, bounds=both)
            if class_ := self.classes.get(str(range_)):
                individuals = self._individuals(class_)
                values = Values.PART if self.is_part(class_) else Values.TERM if individuals else Values.REFERENCE
                return Property(str(iri), local_name(iri), values, range=class_.iri, individuals=individuals)
        is_literal = (iri, RDF.type, OWL.DatatypeProperty) in self.ontology
        if is_literal:
            return Property(str(iri), local_name(iri), Values.LITERAL, (XSD + "string",), bounds=both)
        return Property(str(iri), local_name(iri), Values.ADDRESS)

    def _ranges(self, iri: URIRef) -> Iterator[Node]:
        """The ranges of a property and its superproperties, followed by the classes and datatypes in its shapes."""
        for ancestor in self._ancestors(iri, RDFS.subPropertyOf):
            yield from sorted(self.ontology.objects(URIRef(ancestor), RDFS.range), key=str)
        for shape in sorted(self._use[str(iri)], key=str):
            for relation in (SH["class"], SH.datatype):
                yield from sorted(self.shapes.objects(shape, relation), key=str)
            for node in sorted(self.shapes.objects(shape, SH.node), key=str):
                yield from sorted(self.shapes.objects(node, SH.targetClass), key=str)

    def _datatypes(self, range_: Node) -> tuple[str, ...]:
        """The datatypes in a range: the range itself, or the members of a union (OWL 2 Structural, 7.2)."""
        if str(range_) in DATATYPES or str(range_) == LANG_STRING:
            return (str(range_),)
        for node in (range_, *self.ontology.objects(range_, OWL.equivalentClass)):
            for head in self.ontology.objects(node, OWL.unionOf):
                return tuple(str(member) for member in Collection(self.ontology, head))
        in_xsd = str(range_).startswith(PREFIXES["xsd"])
        return (str(range_),) if in_xsd or (range_, RDF.type, RDFS.Datatype) in self.ontology else ()

    def _individuals(self, class_: Class) -> dict[str, str]:
        of_class = {c.iri for c in self.classes.values() if class_.iri in c.ancestors}
        individuals = sorted({str(s) for iri in of_class for s in self.ontology.subjects(RDF.type, URIRef(iri))})
        return {local_name(iri): iri for iri in individuals}

    def _find_unsupported(self) -> None:
        for property_ in self.properties.values():
            for datatype in property_.datatypes:
                unknown = datatype.startswith(PREFIXES["xsd"]) and URIRef(datatype) not in XSD_TERMS  # reported as E507
                if datatype not in DATATYPES and not unknown:
                    self.findings.append(
                        Finding(
                            "E505",
                            f"{local_name(property_.iri)} has the range {self.names.compact(datatype)}",
                            property_.iri,
                            "use one of these ranges: " + ", ".join(self.names.compact(iri) for iri in DATATYPES),
                        )
                    )
        for name, iris in sorted(self._names().items()):
            if len(iris) > 1:
                message = f"the name {name!r} is used for all of these: " + " and ".join(sorted(iris))
                term = next(iri for iri in sorted(iris) if iri.startswith(self.names.vocabulary))
                self.findings.append(Finding("E503", message, term, "rename the term in the ontology of this project"))

    def _names(self) -> dict[str, set[str]]:
        """The meanings of each name in the JSON-LD context; a name with several meanings is a conflict."""
        names = {prefix: {iri} for prefix, iri in self.names.prefixes.items()}
        names |= {"id": {"@id"}, "type": {"@type"}}
        terms = [(class_.name, class_.iri) for class_ in self.classes.values()]
        terms += [(property_.key, property_.iri) for property_ in self.properties.values()]
        terms += [pair for property_ in self.properties.values() for pair in property_.individuals.items()]
        for name, iri in terms:
            names.setdefault(name, set()).add(iri)
        return names

    # ── Keys ─────────────────────────────────────────────────────────────────────────────────────────────────────

    @cached_property
    def _by_iri(self) -> dict[str, Property]:
        return {property_.iri: property_ for property_ in self.properties.values()}

    @cached_property
    def _bounds(self) -> dict[str, Property]:
        """The property to which a derived bound property belongs."""
        return {iri: p for p in self.properties.values() if p.bounds for iri in p.bounds}

    def is_name(self, property_: Property) -> bool:
        """True for a property whose values are names of a thing, such as labels."""
        labels = {str(RDFS.label), str(SKOS.prefLabel), str(SKOS.altLabel), str(SKOS.hiddenLabel)}
        return bool(labels & {property_.iri, *self.superproperties(property_.iri)})

    def names_vary(self, class_: Class) -> bool:
        """True for a class whose things have names that are spelled in several ways, or for a subclass of one."""
        vary = URIRef(self.names.names_vary)
        return any((URIRef(iri), vary, Literal(True)) in self.ontology for iri in class_.ancestors)

    def labels(self, iri: str) -> list[str]:
        """The labels of a term in every language."""
        return sorted(str(label) for label in self.ontology.objects(URIRef(iri), RDFS.label))

    @cached_property
    def deprecated(self) -> dict[str, tuple[str, ...]]:
        """Our deprecated terms (OWL 2 Structural, 5.5), each with the IRIs of its replacements."""
        terms = (term for term in self.ontology.subjects(OWL.deprecated, Literal(True)) if isinstance(term, URIRef))
        return {
            str(term): tuple(sorted(str(other) for other in self.ontology.objects(term, DCTERMS.isReplacedBy)))
            for term in sorted(terms)
            if term.startswith(self.names.vocabulary)
        }

    def deprecation(self, iri: str) -> tuple[str, str]:
        """The message and the hint about the use of a deprecated term."""
        instead = " or ".join(map(local_name, self.deprecated[iri]))
        return (
            f"{local_name(iri)} is deprecated",
            f"use {instead}" if instead else "see its definition for a replacement",
        )

    def property_of(self, iri: str) -> Property | None:
        """The property with an IRI; for the bound of a date, the property of that date."""
        return self._bounds.get(iri) or self._by_iri.get(iri)

    def superproperties(self, iri: str) -> list[str]:
        """The IRIs of all properties that follow from a property, without the property itself."""
        return list(self._ancestors(URIRef(iri), RDFS.subPropertyOf))[1:]

    def subproperties(self, iri: str) -> list[Property]:
        """The property with an IRI (for a bound, the property of that date), followed by all of its subproperties."""
        property_ = self.property_of(iri)
        return [*([property_] if property_ else []), *(p for p in self._below.get(iri, ()) if p is not property_)]

    @cached_property
    def _below(self) -> dict[str, list[Property]]:
        """The subproperties of each property by IRI."""
        properties: dict[str, list[Property]] = defaultdict(list)
        for property_ in self.properties.values():
            for above in self._ancestors(URIRef(property_.iri), RDFS.subPropertyOf):
                properties[above].append(property_)
        return properties

    def inverses(self, iri: str) -> list[str]:
        """The IRIs of the properties that the ontology declares as inverses of a property."""
        property_ = URIRef(iri)
        ends = {*self.ontology.objects(property_, OWL.inverseOf), *self.ontology.subjects(OWL.inverseOf, property_)}
        return sorted(str(end) for end in ends if isinstance(end, URIRef))

    def has_inverse(self, iri: str) -> bool:
        """True if the ontology declares an inverse of a property, so that every link is stated in both directions."""
        term = URIRef(iri)
        symmetric = (term, RDF.type, OWL.SymmetricProperty) in self.ontology
        named = (term, OWL.inverseOf, None) in self.ontology or (None, OWL.inverseOf, term) in self.ontology
        return symmetric or named

    def keys(self, class_: Class) -> dict[str, Key]:
        """The keys that the shapes of a class and its superclasses allow in a record, in the order of display."""
        if class_.iri not in self._keys:
            self._keys[class_.iri] = self._derive_keys(class_)
        return self._keys[class_.iri]

    @cached_property
    def _keys(self) -> dict[str, dict[str, Key]]:
        return {}

    def is_required(self, key: Key, keys: dict[str, Key]) -> bool:
        """True for a key that a record must have, unless its values follow from those of another such key."""
        iri = key.property.iri
        others = [other.property.iri for other in keys.values() if other.least]
        return bool(key.least) and not any(iri in self.superproperties(other) for other in others)

    def example(self, key: Key) -> str:
        """The form of a value of a key in YAML, with … for the part that only an editor knows."""
        property_ = key.property
        match property_.values:
            case Values.TEXT:
                return "{en: …}"
            case Values.REFERENCE:
                kinds = self.kinds_for(key.classes)
                return f"{kinds[0]}/…" if len(kinds) == 1 else "…"
            case Values.ADDRESS:
                return "https://…"
            case Values.PART:
                class_ = self.classes[property_.range or ""]
                needed = [inner for inner in self.keys(class_).values() if inner.least]
                if not needed:
                    names = [self.property_of(iri) for iri in self.part_key(class_)]
                    needed = [self.keys(class_)[p.key] for p in names if p and p.key in self.keys(class_)][:1]
                return "{" + ", ".join(f"{inner.property.key}: {self.example(inner)}" for inner in needed) + "}"
            case Values.LITERAL | Values.TERM | Values.SAME:
                return "…"

    def kinds_for(self, classes: tuple[tuple[str, ...], ...]) -> list[str]:
        """The kinds of the things that belong to one class (IRI) of each group."""
        return [
            kind
            for kind, class_ in self.kinds.items()
            if any(all(set(group) & set(below.ancestors) for group in classes) for below in self.subclasses(class_.iri))
        ]

    def key_of(self, shape: Node) -> Key | None:
        """The key of a property shape, as it is used by the class that has the shape."""
        property_ = self.property_of(self.path_of(shape))
        for class_ in self.classes.values() if property_ else ():
            if property_ and property_.key in self.keys(class_) and shape in set(self.property_shapes(class_.iri)):
                return self.keys(class_)[property_.key]
        return None

    def span_of(self, property_: Property, class_: Class) -> tuple[Property, Property] | None:
        """The properties for the first and the last day of a period, for the class that has a pair with this property.

        A pair that encloses another pair is not used: for example, a structure is closed before it is wound up.
        """
        bounds = {
            (first.key, last.key)
            for iri in class_.ancestors
            for shape in self.property_shapes(iri)
            for other in self.shapes.objects(shape, SH.lessThanOrEquals)
            if (first := self.property_of(self.path_of(shape))) and (last := self.property_of(str(other)))
        }
        nearest = {(a, c) for a, c in bounds if not any((a, b) in bounds and (b, c) in bounds for b, _ in bounds)}
        pairs = [pair for pair in nearest if property_.key in pair]
        return (self.properties[pairs[0][0]], self.properties[pairs[0][1]]) if len(pairs) == 1 else None

    def _derive_keys(self, class_: Class) -> dict[str, Key]:
        keys: dict[str, Key] = {}
        shapes = (shape for iri in class_.ancestors for shape in self.property_shapes(iri))
        for shape in shapes:
            path = self.path_of(shape)
            property_ = self._by_iri.get(path)
            if property_ is None or path in self._bounds:
                continue
            least = self._count(shape, SH.minCount) or self._count(shape, SH.qualifiedMinCount)
            most = self._count(shape, SH.maxCount)
            group = self.shapes.value(shape, SH.group)
            known = keys.get(property_.key)
            keys[property_.key] = Key(
                property_,
                max(least or 0, known.least if known else 0),
                min((m for m in (most, known.most if known else None) if m is not None), default=None),
                known.order if known else self._order(shape),
                (known is not None and known.single) or most == 1 or self._is_true(shape, SH.uniqueLang),
                (*(known.classes if known else ()), *self._value_classes(property_, shape)),
                self._languages(shape) or (known.languages if known else ()),
                self._terms(property_, shape) or (known.terms if known else ()),
                isinstance(self.shapes.value(shape, SH.path), URIRef) and (known is None or known.lone),
                known.message if known else str(in_language(self.shapes.objects(shape, SH.message)) or ""),
                (known.group if known else None) or (str(group) if group is not None else None),
                (known is not None and known.is_key_info) or (shape, ROLE, KEY_INFO) in self.shapes,
                (known is not None and known.is_hidden) or self._is_true(shape, HIDDEN),
                (known is not None and known.is_id) or (shape, ROLE, ID) in self.shapes,
            )
        allowed = {name: key for name, key in keys.items() if key.most != 0}
        return dict(sorted(allowed.items(), key=lambda item: (item[1].order, item[0])))

    def path_of(self, shape: Node | None) -> str:
        """The property of a property shape; for alternative paths, the first (SHACL 2.3.1.3)."""
        path = self.shapes.value(shape, SH.path)
        head = self.shapes.value(path, SH.alternativePath)
        return str(path if head is None else next(iter(Collection(self.shapes, head))))

    def _value_classes(self, property_: Property, shape: Node) -> Iterator[tuple[str, ...]]:
        """The classes that range, sh:class and sh:or of sh:class require of a value, without those that only warn."""
        if property_.values is not Values.REFERENCE:
            return
        yield (property_.range or "",)
        if self.shapes.value(shape, SH.severity) not in (None, SH.Violation):
            return
        for class_ in sorted(self.shapes.objects(shape, SH["class"]), key=str):
            yield (str(class_),)
        for head in sorted(self.shapes.objects(shape, SH["or"]), key=str):
            choices = [self.shapes.value(choice, SH["class"]) for choice in Collection(self.shapes, head)]
            if all(choices):
                yield tuple(map(str, choices))

    def _terms(self, property_: Property, shape: Node) -> tuple[str, ...]:
        head = self.shapes.value(shape, SH["in"])
        listed = {str(member) for member in Collection(self.shapes, head)} if head is not None else set()
        return tuple(name for name, iri in property_.individuals.items() if iri in listed)

    def _languages(self, shape: Node) -> tuple[str, ...]:
        head = self.shapes.value(shape, SH.languageIn)
        return tuple(str(language) for language in Collection(self.shapes, head)) if head is not None else ()

    def node_shapes(self, iri: str) -> list[Node]:
        """The node shapes that target a class, and the node shapes that these include (SHACL 2.1.3)."""
        node = URIRef(iri)
        shapes = set(self.shapes.subjects(SH.targetClass, node))
        if (node, RDF.type, SH.NodeShape) in self.shapes:
            shapes.add(node)
        shapes |= {other for shape in shapes for other in self.shapes.objects(shape, SH.node)}
        return sorted(shapes, key=str)

    def property_shapes(self, iri: str) -> Iterator[Node]:
        """The property shapes of the node shapes of a class."""
        for shape in self.node_shapes(iri):
            yield from sorted(self.shapes.objects(shape, SH.property), key=str)

    def _count(self, shape: Node, parameter: URIRef) -> int | None:
        value = self.shapes.value(shape, parameter)
        return int(str(value)) if str(value).isdigit() else None

    def _order(self, shape: Node) -> float:
        """The value of sh:order; the order of keys without it if it is missing or not a number."""
        value = self.shapes.value(shape, SH.order)
        return float(value) if isinstance(value, Literal) and isinstance(value.value, NUMBERS) else UNORDERED

    def _is_true(self, shape: Node, parameter: URIRef) -> bool:
        return (shape, parameter, Literal(True)) in self.shapes

    @cached_property
    def single(self) -> set[str]:
        """The properties, and the bounds of dates, that have at most one value in every class."""
        keys = [key for class_ in self.classes.values() for key in self.keys(class_).values()]
        several = {key.property.iri for key in keys if not key.single}
        once = {key.property.iri: key.property for key in keys if key.property.iri not in several}
        return set(once) | {bound for property_ in once.values() for bound in property_.bounds or ()}

    @property
    def version(self) -> str:
        """The owl:versionInfo of the ontology."""
        return str(self.ontology.value(URIRef(self.names.ontology), OWL.versionInfo) or "")

    @cached_property
    def declared_properties(self) -> list[str]:
        """Every property of the ontology, including those that are not keys, ordered by name."""
        types = OWL.ObjectProperty, OWL.DatatypeProperty, OWL.AnnotationProperty, RDF.Property, RDFS.Datatype
        return sorted(str(iri) for iri in self._ours(*types))

    @cached_property
    def individuals(self) -> list[str]:
        """Every term of the ontology that is neither a class nor a property: the terms of the vocabularies."""
        ours = {
            str(s) for s in self.ontology.subjects() if isinstance(s, URIRef) and s.startswith(self.names.vocabulary)
        }
        return sorted(ours - set(self.classes) - set(self.declared_properties))

    def definition(self, iri: str) -> str:
        """The English definition of a term."""
        term = URIRef(iri)
        definitions = [*self.ontology.objects(term, SKOS.definition), *self.ontology.objects(term, RDFS.comment)]
        english = [o for o in definitions if isinstance(o, Literal) and (o.language or "en") == "en"]
        return str(next(iter(sorted(english)), ""))

    @cached_property
    def groups(self) -> dict[str, float]:
        """The groups in which properties are shown (SHACL 2.3.2.3), each with its order."""
        groups = self.shapes.subjects(RDF.type, SH.PropertyGroup)
        return {str(iri): self._order(iri) for iri in sorted(groups, key=str)}

    def label(self, iri: str, language: str = ENGLISH) -> str:
        """The label of a term or group that a reader of a language prefers; else its local name."""
        labels = self._labels.get(iri)
        return labels[best_tag(labels, language)] if labels else local_name(iri)

    @cached_property
    def _labels(self) -> dict[str, dict[str | None, str]]:
        """The labels of each term, and of what the shapes define, by language."""
        labels: dict[str, dict[str | None, str]] = defaultdict(dict)
        for graph in (self.shapes, self.ontology):
            for term, label in graph.subject_objects(RDFS.label):
                if isinstance(label, Literal):
                    labels[str(term)][label.language] = str(label)
        return labels
