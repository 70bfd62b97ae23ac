"""Search: the search index of a dataset, with the words of all things and the values that distinguish them.

It is an SQLite database with the extension FTS5 (sqlite.org/fts5.html) and these tables:

    things (id, path, uses, facets)    the things; those that the facets of most others name have the lowest ids;
                                       `facets` are the ids of the facets of a thing, as 32-bit integers
    texts (thing, place, field, property, language, text)
                                       the names and other texts of a thing, in order
    words (COLUMNS)                    the words of the texts; its rowid is the id of the thing
    vocabulary (term, col, doc)        every word, and the number of things that contain it, by column
    facets (id, name, value)           the values of facets, as they are written in a query string
    holds (facet, thing)               the things that have a facet value
    identifiers (key, thing)           the keys of the identifiers of a thing (kg/model/identifiers.py)

The same triples result in the same bytes, as long as the version of SQLite is the same.
"""

import re
import sqlite3
from array import array
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from pyoxigraph import DefaultGraph, Literal, NamedNode, Store

from kg.model.identifiers import identifies, keys_of
from kg.model.schema import Class, Property, Schema, Values
from kg.names import RDF_TYPE, RDFS_LABEL, XSD, Names, local_name
from kg.text.words import composed, plain, stems_of, words

FIELDS = ("label", "name", "text")
"""The kinds of a text: a label, another present or former name, any other text."""

STEMS = tuple(f"{name}_stems" for name in FIELDS)

WHOLE = "whole"
"""The column in which each label and each other name is one word."""

COLUMNS = (*FIELDS, *STEMS, WHOLE)

ADDRESS = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+(/\S*)?")
"""The name of a web page that has no other name."""

LANGUAGE = "en"
"""The language of texts without a language tag."""

KIND, TYPE = "kind", "type"
"""The facets that are not properties: the kind of a thing, and its classes if the kind has several."""

TABLES = f"""
CREATE TABLE things (
    id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE, uses INTEGER NOT NULL, facets BLOB NOT NULL
);
CREATE TABLE texts (
    thing INTEGER NOT NULL, place INTEGER NOT NULL, field INTEGER NOT NULL, property TEXT NOT NULL,
    language TEXT NOT NULL, text TEXT NOT NULL, PRIMARY KEY (thing, place)
) WITHOUT ROWID;
CREATE VIRTUAL TABLE words USING fts5({", ".join(COLUMNS)}, content='', tokenize='ascii', prefix='1 2 3');
CREATE VIRTUAL TABLE vocabulary USING fts5vocab(words, col);
CREATE TABLE facets (id INTEGER PRIMARY KEY, name TEXT NOT NULL, value TEXT NOT NULL, UNIQUE (name, value));
CREATE TABLE identifiers (key TEXT NOT NULL, thing INTEGER NOT NULL, PRIMARY KEY (key, thing)) WITHOUT ROWID;
CREATE TABLE holds (facet INTEGER NOT NULL, thing INTEGER NOT NULL, PRIMARY KEY (facet, thing)) WITHOUT ROWID;
"""

INSERT_WORDS = f"INSERT INTO words (rowid, {', '.join(COLUMNS)}) VALUES (?{', ?' * len(COLUMNS)})"  # noqa: S608

Text = tuple[int, str, str, str]
"""A text: the number of its field, the IRI of its property, its language or an empty string, and the text itself."""

Object = NamedNode | Literal
"""The object of a triple; the data has no blank nodes."""

SubjectObject = tuple[str, Object]
"""The subject and the object of a triple."""

Facet = tuple[str, str]
"""The name of a facet, and a value."""


@dataclass(slots=True)
class Thing:
    """A thing in the index."""

    texts: set[Text] = field(default_factory=set)
    facets: set[Facet] = field(default_factory=set)
    keys: set[str] = field(default_factory=set)


def write_index(store: Store, schema: Schema, names: Names) -> bytes:
    """The index of the things in the default graph of a store."""
    database = sqlite3.connect(":memory:")
    try:
        fill(database, things_of(store, schema, names))
        return database.serialize()
    finally:
        database.close()


def fill(database: sqlite3.Connection, things: dict[str, Thing]) -> None:
    """Makes and fills the tables of an empty database, in an order that depends only on the things."""
    database.executescript(TABLES)
    uses = Counter(value for thing in things.values() for _, value in thing.facets)
    facets = sorted({facet for thing in things.values() for facet in thing.facets})
    numbers = {facet: number for number, facet in enumerate(facets, 1)}
    database.executemany("INSERT INTO facets VALUES (?, ?, ?)", ((numbers[facet], *facet) for facet in facets))
    for number, path in enumerate(sorted(things, key=lambda path: (-uses[path], path)), 1):
        thing = things[path]
        texts = sorted(thing.texts)
        held = array("I", (numbers[facet] for facet in sorted(thing.facets)))
        database.execute("INSERT INTO things VALUES (?, ?, ?, ?)", (number, path, uses[path], held.tobytes()))
        rows = ((number, place, *text) for place, text in enumerate(texts))
        database.executemany("INSERT INTO texts VALUES (?, ?, ?, ?, ?, ?)", rows)
        database.execute(INSERT_WORDS, (number, *columns_of(texts)))
        database.executemany("INSERT INTO holds VALUES (?, ?)", ((facet, number) for facet in held))
        database.executemany("INSERT INTO identifiers VALUES (?, ?)", ((key, number) for key in sorted(thing.keys)))
    database.execute("INSERT INTO words (words) VALUES ('optimize')")
    database.commit()
    database.executescript("ANALYZE; VACUUM;")


def columns_of(stated: list[Text]) -> Iterator[str]:
    """The words for each of COLUMNS; a web address is not a name, whatever its field is."""
    text_field = FIELDS.index("text")
    texts = [(text_field if ADDRESS.fullmatch(text) else at, iri, language, text) for at, iri, language, text in stated]
    for number in range(len(FIELDS)):
        yield " ".join(word for at, _, _, text in texts if at == number for word in words(text))
    for number in range(len(FIELDS)):
        stems = (stems_of(text, language or LANGUAGE) for at, _, language, text in texts if at == number)
        yield " ".join(stem for each in stems for stem in each)
    yield " ".join(dict.fromkeys(plain(text) for at, _, _, text in texts if at < FIELDS.index("text")))


# ── Statements about things ──────────────────────────────────────────────────────────────────────────────────────


def things_of(store: Store, schema: Schema, names: Names) -> dict[str, Thing]:
    """Every thing of the default graph, by path, with the texts and facets of the thing and of its parts."""

    def stated(property_: str) -> Iterator[SubjectObject]:
        for quad in store.quads_for_pattern(None, NamedNode(property_), None, DefaultGraph()):
            if isinstance(quad.subject, NamedNode) and isinstance(quad.object, NamedNode | Literal):
                yield quad.subject.value, quad.object

    classes = classes_of(stated(RDF_TYPE), schema)
    things = {path: Thing() for iri in classes if (path := path_of(iri, names))}
    for property_ in schema.properties.values():
        if is_text(property_):
            for iri, text in stated(property_.iri):
                add_text(things, iri, text, property_, schema, names)
        if identifies(property_, schema):
            for iri, value in stated(property_.iri):
                add_keys(things, iri, value, names)
    for iri, value in stated(names.renamed_from):
        add_former(things, iri, value, names)
    for path, thing in things.items():
        called = {(language, text) for at, _, language, text in thing.texts if at == 0}
        thing.texts = {each for each in thing.texts if each[0] == 0 or each[2:] not in called}
        kind, _, name = path.partition("/")
        thing.texts.add((FIELDS.index("text"), "", "", name))
        thing.keys.add(path)
        thing.facets |= {(KIND, kind), *type_of(classes[names.thing(path)], schema.kinds[kind], schema)}
    add_facets(things, classes, stated, schema, names)
    return things


def path_of(iri: str, names: Names) -> str | None:
    """The path of a thing; None for a part, or for anything else."""
    return names.path(iri) if "#" not in iri else None


def classes_of(types: Iterable[SubjectObject], schema: Schema) -> dict[str, Class]:
    """The most specific of our classes for each subject."""
    classes: dict[str, Class] = {}
    for iri, type_ in types:
        class_ = schema.classes.get(type_.value)
        if class_ and (iri not in classes or len(classes[iri].ancestors) < len(class_.ancestors)):
            classes[iri] = class_
    return classes


def type_of(class_: Class, kind: Class, schema: Schema) -> Iterator[Facet]:
    """The classes of a thing as facets: the subclasses of the class of its kind."""
    for iri in class_.ancestors:
        if iri in schema.classes and kind.iri in schema.classes[iri].ancestors and iri != kind.iri:
            yield TYPE, schema.classes[iri].name


def is_text(property_: Property) -> bool:
    """True for a property whose values are words."""
    return property_.values is Values.TEXT or property_.datatypes == (XSD + "string",)


def add_text(
    things: dict[str, Thing], iri: str, text: Object, property_: Property, schema: Schema, names: Names
) -> None:
    """Adds a text to its thing, directly or through a part. Labels of parts are skipped: they are names as well."""
    thing = things.get(names.path(iri) or "")
    if thing is None or not isinstance(text, Literal):
        return
    if property_.iri == RDFS_LABEL:
        where = "label" if "#" not in iri else None
    else:
        where = "name" if schema.is_name(property_) else "text"
    if where:
        thing.texts.add((FIELDS.index(where), property_.iri, text.language or "", composed(text.value)))


def add_keys(things: dict[str, Thing], iri: str, value: Object, names: Names) -> None:
    """Adds the keys of an identifying value to its thing, directly or through a part; IRIs of our things have none."""
    thing = things.get(names.path(iri) or "")
    if thing and not value.value.startswith(names.base):
        thing.keys.update(keys_of(value.value))


def add_former(things: dict[str, Thing], iri: str, value: Object, names: Names) -> None:
    """Adds the keys of a former path, or of a former name within the kind, to a thing."""
    path = names.path(iri) or ""
    if path in things:
        things[path].keys.add(value.value if "/" in value.value else f"{path.partition('/')[0]}/{value.value}")


# ── Facets ───────────────────────────────────────────────────────────────────────────────────────────────────────


def facet_paths(schema: Schema, class_: Class) -> list[tuple[Property, ...]]:
    """The facet properties of a class, each with the properties that lead to the part that has it."""
    return list(_facet_paths(schema, class_, (), (class_,)))


def _facet_paths(
    schema: Schema, class_: Class, path: tuple[Property, ...], above: tuple[Class, ...]
) -> Iterator[tuple[Property, ...]]:
    for key in schema.keys(class_).values():
        if key.property.values is not Values.PART:
            if key.is_key_info:
                yield (*path, key.property)
        elif (part := schema.classes[key.property.range or ""]) not in above:
            yield from _facet_paths(schema, part, (*path, key.property), (*above, part))


def add_facets(
    things: dict[str, Thing],
    classes: dict[str, Class],
    stated: Callable[[str], Iterator[SubjectObject]],
    schema: Schema,
    names: Names,
) -> None:
    """Adds its facet values to each thing."""
    paths = {class_: facet_paths(schema, class_) for class_ in set(classes.values())}
    objects: dict[tuple[str, str], list[str]] = defaultdict(list)
    for iri in sorted({step.iri for values in paths.values() for path in values for step in path}):
        for subject, value in stated(iri):
            objects[subject, iri].append(value.value)
    for path, thing in things.items():
        iri = names.thing(path)
        for steps in paths[classes[iri]]:
            values = [iri]
            for step in steps:
                values = [value for subject in values for value in objects.get((subject, step.iri), ())]
            name = ".".join(step.key for step in steps)
            thing.facets |= {(name, text) for each in values if (text := value_of(steps[-1], each, names))}


def value_of(property_: Property, text: str, names: Names) -> str | None:
    """A value as it is written in a query string: a thing as its path, a term as its name, a date as its year."""
    if property_.values is Values.REFERENCE:
        return names.path(text)
    if property_.values is Values.TERM:
        return local_name(text)
    return text[:4] if property_.bounds else text
