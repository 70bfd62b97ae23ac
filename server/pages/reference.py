"""The reference: the definitions of all terms in a version of the ontology and its shapes, prepared for a page.

Everything is read from the graphs, so a class or property that is added there has its entry automatically.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import chain

from markupsafe import Markup, escape
from rdflib import Literal, URIRef
from rdflib.collection import Collection
from rdflib.namespace import DCTERMS, OWL, RDF, RDFS, SH, SKOS
from rdflib.term import Node

from kg.model.schema import Class, Key, Property, Schema
from kg.names import PREFIXES, local_name
from kg.text.language_preference import best_tag
from server.languages import language
from server.pages import examples
from server.pages.examples import Example, Members
from server.pages.shapes import fragment_of
from server.site import here, href

STATUS = URIRef(PREFIXES["vs"] + "term_status")
ALIGNMENTS = (
    *(RDFS.subClassOf, RDFS.subPropertyOf, OWL.equivalentClass, OWL.equivalentProperty),
    *(SKOS.exactMatch, SKOS.closeMatch, SKOS.broadMatch, SKOS.narrowMatch, SKOS.relatedMatch, RDFS.seeAlso),
)
"""The relations to terms of other vocabularies, the strictest first."""

PROPERTIES = OWL.ObjectProperty, OWL.DatatypeProperty, RDF.Property
BELOW = RDFS.subClassOf, RDFS.subPropertyOf
TRAITS = {
    *(OWL.SymmetricProperty, OWL.TransitiveProperty, OWL.ReflexiveProperty, OWL.IrreflexiveProperty),
    *(OWL.AsymmetricProperty, OWL.FunctionalProperty, OWL.InverseFunctionalProperty),
}


@dataclass(frozen=True, slots=True)
class LocalizedText:
    """A text and its language."""

    value: str
    language: str


@dataclass(frozen=True, slots=True)
class Term:
    """The common content of all entries; `aligned` maps the IRIs of relations to the IRIs of external terms."""

    iri: str
    name: str
    label: LocalizedText
    others: list[LocalizedText]
    definition: LocalizedText | None
    examples: list[LocalizedText]
    status: str
    deprecated: bool
    replaced_by: list[str]
    above: list[str]
    below: list[str]
    aligned: dict[str, list[str]]


@dataclass(frozen=True, slots=True)
class Use:
    """A key of a class: the most specific class whose shapes mention it, and the IRIs of these shapes."""

    class_: str
    key: Key
    takes: tuple[str, ...]
    shapes: list[str]


@dataclass(frozen=True, slots=True)
class ClassEntry:
    """A class: its own and inherited keys, its other rules (shape, message), and its links.

    `incoming` and `outgoing` map the class at the other end to the linking properties. `required` are the keys at the
    beginning of a record.
    """

    term: Term
    class_: Class
    keys: list[Use]
    inherited: dict[str, list[str]]
    rules: list[tuple[str, str]]
    shapes: list[str]
    incoming: dict[str, list[str]]
    outgoing: dict[str, list[str]]
    required: list[Key]
    terms: list[str]
    members: Members | None


@dataclass(frozen=True, slots=True)
class PropertyEntry:
    """A property: its values, the classes that use it, grouped by their use, and the properties from which it follows.

    `chains` are lists of properties that together imply it. `bound_of` is the date property whose first or last day it
    gives.
    """

    term: Term
    property: Property | None
    takes: tuple[str, ...]
    domains: list[str]
    uses: list[tuple[Use, list[str]]]
    inverse: list[str]
    traits: list[str]
    chains: list[list[str]]
    bound_of: str | None
    example: Example | None


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The terms of a class with their schemes; without a class, the terms that belong to none."""

    class_: str | None
    schemes: list[Term]
    terms: list[Term]


@dataclass(frozen=True, slots=True)
class Branch:
    """A class in the tree, with its subclasses."""

    iri: str
    below: list["Branch"]


class Reference:
    """A version of the ontology as its page shows it; `live` is true for the version that the data uses."""

    def __init__(self, schema: Schema, live: bool) -> None:
        self.schema = schema
        self.live = live
        self.names = schema.names
        self.language = language()
        self._texts: dict[tuple[str, Node], list[LocalizedText]] = defaultdict(list)
        self._objects: dict[tuple[str, Node], list[str]] = defaultdict(list)
        self._subjects: dict[tuple[Node, str], list[str]] = defaultdict(list)
        self._links: dict[str, Markup] = {}
        for s, p, o in sorted(schema.ontology, key=lambda triple: [*map(str, triple)]):
            if isinstance(o, Literal):
                self._texts[str(s), p].append(LocalizedText(str(o), o.language or "en"))
            elif isinstance(s, URIRef) and isinstance(o, URIRef):
                self._objects[str(s), p].append(str(o))
                self._subjects[p, str(o)].append(str(s))

    # ── Texts and links ──────────────────────────────────────────────────────────────────────────────────────────

    def texts(self, iri: str, *properties: URIRef) -> list[LocalizedText]:
        """The texts of some properties of a term, all in the language that a reader of the page prefers."""
        texts = [text for p in properties for text in self._texts.get((iri, p), ())]
        spoken = best_tag({text.language for text in texts}, self.language) if texts else None
        return [text for text in texts if text.language == spoken]

    def text(self, iri: str, *properties: URIRef) -> LocalizedText | None:
        return next(iter(self.texts(iri, *properties)), None)

    def label(self, iri: str) -> LocalizedText:
        """The label of a term, or the prefixed name of an external term without a label."""
        return self.text(iri, RDFS.label) or LocalizedText(self.names.compact(iri), self.language)

    def lang(self, text: LocalizedText) -> Markup:
        """The attribute for the language of a text, if it differs from that of the page."""
        return Markup("") if text.language == self.language else Markup(' lang="{}"').format(text.language)

    def link(self, iri: str) -> Markup:
        """A link to a term, with its label."""
        if iri not in self._links:
            label = self.label(iri)
            text = label.value if iri in self.anchors else Markup("<code>{}</code>").format(label.value)
            self._links[iri] = Markup('<a href="{}"{}>{}</a>').format(self.href(iri), self.lang(label), text)
        return self._links[iri]

    def links(self, iris: Iterable[str], between: str = ", ") -> Markup:
        """Links to some terms."""
        return escape(between).join(map(self.link, iris))

    def shape(self, iri: str) -> str:
        """The link to a shape; empty for a shape without an IRI."""
        return f"{self._shapes}#{fragment_of(iri)}" if fragment_of(iri) else ""

    @cached_property
    def _shapes(self) -> str:
        return here("shapes")

    @cached_property
    def anchors(self) -> set[str]:
        """The IRIs of the terms on the page."""
        return {*self.schema.classes, *self.schema.declared_properties, *self.schema.individuals}

    def href(self, iri: str) -> str:
        """The link for an IRI: for a term on this page, its entry."""
        return f"#{local_name(iri)}" if iri in self.anchors else href(iri)

    @property
    def about(self) -> dict[str, str]:
        """The statements of the ontology about itself, by the local name of the property."""
        statements = self.schema.ontology.predicate_objects(URIRef(self.names.ontology))
        return {local_name(str(p)): str(o) for p, o in sorted(statements) if p != RDF.type}

    # ── Terms ────────────────────────────────────────────────────────────────────────────────────────────────────

    def term(self, iri: str) -> Term:
        related = {
            str(p): [o for o in self._objects[iri, p] if o not in self.anchors]
            for p in ALIGNMENTS
            if (iri, p) in self._objects
        }
        return Term(
            iri,
            local_name(iri),
            self.label(iri),
            [text for text in self.texts(iri, SKOS.altLabel) if text != self.label(iri)],
            self.text(iri, SKOS.definition, RDFS.comment),
            self.texts(iri, SKOS.example),
            next((text.value for text in self._texts.get((iri, STATUS), ())), ""),
            LocalizedText("true", "en") in self._texts.get((iri, OWL.deprecated), ()),
            self._objects[iri, DCTERMS.isReplacedBy],
            self._here(o for p in BELOW for o in self._objects[iri, p]),
            self._here(s for p in BELOW for s in self._subjects[p, iri]),
            {relation: others for relation, others in related.items() if others},
        )

    def _here(self, iris: Iterable[str]) -> list[str]:
        """The terms among some IRIs that are on the page, ordered by name."""
        return sorted(set(iris) & self.anchors, key=lambda iri: local_name(iri).lower())

    def _of(self, *types: URIRef) -> list[str]:
        return self._here(s for type_ in types for s in self._subjects[RDF.type, str(type_)])

    def _lists(self, subject: Node | None, predicate: URIRef) -> list[list[str]]:
        """The lists that are values of a property."""
        heads = [] if subject is None else self.schema.ontology.objects(subject, predicate)
        return sorted([str(member) for member in Collection(self.schema.ontology, head)] for head in heads)

    @property
    def datatypes(self) -> list[tuple[Term, list[str]]]:
        """The datatypes of the ontology, each with the members of its union."""
        same = {iri: self.schema.ontology.value(URIRef(iri), OWL.equivalentClass) for iri in self._of(RDFS.Datatype)}
        return [(self.term(iri), [*chain(*self._lists(node, OWL.unionOf))]) for iri, node in same.items()]

    @property
    def annotations(self) -> list[tuple[Term, list[str]]]:
        """The annotation properties, each with the terms that use it."""
        return [
            (self.term(iri), self._here(map(str, self.schema.ontology.subjects(URIRef(iri)))))
            for iri in self._of(OWL.AnnotationProperty)
        ]

    @property
    def vocabularies(self) -> list[Vocabulary]:
        """The individuals by class, with the concept schemes of each class."""
        vocabularies, left = [], set(self.schema.individuals)
        for class_ in self.schema.classes:
            terms = sorted(left & set(self._subjects[RDF.type, class_]))
            held = {scheme for iri in terms for scheme in self._objects[iri, SKOS.inScheme]}
            schemes = sorted(held & left - set(terms))
            left -= {*terms, *schemes}
            if terms:
                vocabularies.append(Vocabulary(class_, [*map(self.term, schemes)], [*map(self.term, terms)]))
        return [*vocabularies, Vocabulary(None, [], [*map(self.term, sorted(left))])] if left else vocabularies

    @property
    def disjoint(self) -> list[list[str]]:
        """The sets of disjoint classes."""
        axioms = self.schema.ontology.subjects(RDF.type, OWL.AllDisjointClasses)
        return sorted(members for axiom in axioms for members in self._lists(axiom, OWL.members))

    # ── Classes ──────────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def tree(self) -> list[Branch]:
        """The tree of classes; classes that have subclasses come first."""

        def grown(iri: str, path: tuple[str, ...]) -> Branch:
            below = [grown(child, (*path, child)) for child in below_of[iri] if child not in path]
            return Branch(iri, sorted(below, key=lambda branch: not branch.below))

        below_of: dict[str, list[str]] = defaultdict(list)
        for iri in self.schema.classes:
            for parent in [a for a in self._objects[iri, RDFS.subClassOf] if a in self.schema.classes] or [""]:
                below_of[parent].append(iri)
        return grown("", ()).below

    @cached_property
    def uses(self) -> dict[str, list[Use]]:
        """The keys of each class, by the IRI of the class, in the order of the shapes."""
        keys = self.schema.keys
        return {iri: [self._use(c, key) for key in keys(c).values()] for iri, c in self.schema.classes.items()}

    def _use(self, class_: Class, key: Key) -> Use:
        nearest = next(iri for iri in class_.ancestors if key.property.iri in self._speaking.get(iri, ()))
        return Use(nearest, key, self._takes(key.property, key), self._speaking[nearest][key.property.iri])

    @cached_property
    def _speaking(self) -> dict[str, dict[str, list[str]]]:
        """The IRIs of the property shapes of each class, except inherited ones, by the property of the shape."""
        shapes: dict[str, dict[str, list[str]]] = {}
        for iri in {a for class_ in self.schema.classes.values() for a in class_.ancestors}:
            shapes[iri] = defaultdict(list)
            for shape in self.schema.property_shapes(iri):
                shapes[iri][self.schema.path_of(shape)].append(str(shape))
        return shapes

    def _takes(self, property_: Property | None, key: Key | None = None) -> tuple[str, ...]:
        """The IRIs of the classes, terms or datatypes of the values; empty for texts and addresses."""
        if property_ is None:
            return ()
        narrowed = [group for group in (key.classes if key else ()) if group != (property_.range or "",)]
        if key and key.terms:
            return tuple(property_.individuals[name] for name in key.terms)
        if narrowed:
            return narrowed[0]
        declared = tuple(self._objects[property_.iri, RDFS.range])
        return declared or ((property_.range,) if property_.range else property_.datatypes)

    @cached_property
    def _leads(self) -> list[tuple[str, str, str]]:
        """Class, property, class: each link that a class has by its own shapes, with the class of its values."""
        return [
            (iri, use.key.property.iri, taken)
            for iri, uses in self.uses.items()
            for use in uses
            if use.class_ == iri
            for taken in use.takes
            if taken in self.schema.classes
        ]

    @cached_property
    def map(self) -> dict[str, dict[str, list[str]]]:
        """The links between the main classes, their parts and subclasses: for each, the others and the properties.

        Main are the classes of records that are below no other; what all of them say is left out.
        """
        kinds = {class_.iri: class_ for class_ in self.schema.kinds.values()}
        main = {iri: c for iri, c in kinds.items() if not any(a in kinds for a in c.ancestors[1:])}
        common = set.intersection(*({*self.schema.keys(class_)} for class_ in main.values())) if main else set()
        links: dict[str, dict[str, list[str]]] = {iri: defaultdict(list) for iri in main}
        for iri in main:
            for class_ in self.schema.subclasses(iri):
                for use in self._reached(class_, common):
                    for taken in use.takes:
                        for other in main.keys() & set(self._above(taken)):
                            if use.key.property.iri not in links[iri][other]:
                                links[iri][other].append(use.key.property.iri)
        reached = {other for others in links.values() for other in others}
        return {iri: dict(sorted(others.items())) for iri, others in sorted(links.items()) if others or iri in reached}

    def _above(self, iri: str) -> tuple[str, ...]:
        """The IRIs of a class of ours and its superclasses."""
        return self.schema.classes[iri].ancestors if iri in self.schema.classes else ()

    def _reached(self, class_: Class, common: set[str]) -> Iterable[Use]:
        """The keys of a class and of its parts, except some common keys."""
        queue, seen = [class_], {class_.iri}
        while queue:
            for use in self.uses[queue.pop().iri]:
                part = self.schema.classes.get(use.key.property.range or "")
                if use.key.property.key in common:
                    continue
                if part and self.schema.is_part(part) and part.iri not in seen:
                    seen.add(part.iri)
                    queue.append(part)
                yield use

    @cached_property
    def classes(self) -> list[ClassEntry]:
        """The classes, ordered by name."""
        members = examples.things() if self.live else {}
        entries = []
        for class_ in sorted(self.schema.classes.values(), key=lambda c: c.name):
            uses, keys = self.uses[class_.iri], self.schema.keys(class_)
            shapes = self.schema.node_shapes(class_.iri)
            entries.append(
                ClassEntry(
                    self.term(class_.iri),
                    class_,
                    [use for use in uses if use.class_ == class_.iri],
                    grouped((use.class_, use.key.property.iri) for use in uses if use.class_ != class_.iri),
                    self._rules(class_, shapes),
                    [str(shape) for shape in shapes if isinstance(shape, URIRef)],
                    grouped((a, p) for a, p, b in self._leads if b == class_.iri),
                    grouped((b, p) for a, p, b in self._leads if a == class_.iri),
                    [u.key for u in uses if self.schema.is_required(u.key, keys)],
                    self._of(URIRef(class_.iri)),
                    members.get(class_.iri),
                )
            )
        return entries

    def _rules(self, class_: Class, shapes: list[Node]) -> list[tuple[str, str]]:
        """The rules in the shapes of a class that are not about its keys: the shape and its message."""
        graph, keys = self.schema.shapes, {key.property.iri for key in self.schema.keys(class_).values()}
        others = [s for s in self.schema.property_shapes(class_.iri) if self.schema.path_of(s) not in keys]
        queries = sorted((q for shape in shapes for q in graph.objects(shape, SH.sparql)), key=str)
        return [(str(s), str(graph.value(s, SH.message) or "")) for s in [*others, *queries]]

    # ── Properties ───────────────────────────────────────────────────────────────────────────────────────────────

    @cached_property
    def properties(self) -> list[PropertyEntry]:
        """The properties, ordered by name, without annotation properties."""
        users: dict[str, dict[tuple[object, ...], list[Use]]] = defaultdict(lambda: defaultdict(list))
        for iri, uses in self.uses.items():
            for use in uses:
                if use.class_ == iri:
                    alike = use.key.least, use.key.most, use.key.single, use.takes
                    users[use.key.property.iri][alike].append(use)
        values = examples.values() if self.live else {}
        own = {p.iri: p for p in self.schema.properties.values()}
        bounded = {bound: p.iri for p in own.values() for bound in p.bounds or ()}
        entries = []
        for iri in self._of(*PROPERTIES):
            entries.append(
                PropertyEntry(
                    self.term(iri),
                    own.get(iri),
                    self._takes(own.get(iri)),
                    self._objects[iri, RDFS.domain],
                    [(users_of[0], [use.class_ for use in users_of]) for users_of in users[iri].values()],
                    sorted({*self._objects[iri, OWL.inverseOf], *self._subjects[OWL.inverseOf, iri]}),
                    [local_name(type_) for type_ in self._objects[iri, RDF.type] if type_ in TRAITS],
                    self._lists(URIRef(iri), OWL.propertyChainAxiom),
                    bounded.get(iri),
                    values.get(iri),
                )
            )
        return entries

    @property
    def followed(self) -> list[tuple[str, list[str]]]:
        """The external properties that follow from a chain, each with the chain."""
        subjects = {s for s in self.schema.ontology.subjects(OWL.propertyChainAxiom) if str(s) not in self.anchors}
        return sorted((str(s), steps) for s in subjects for steps in self._lists(s, OWL.propertyChainAxiom))


def grouped(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """The second items of some pairs by the first item, each once, in order."""
    groups: dict[str, dict[str, None]] = defaultdict(dict)
    for first, second in pairs:
        groups[first][second] = None
    return {first: [*groups[first]] for first in sorted(groups)}
