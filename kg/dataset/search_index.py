"""Search: the search index of a dataset, with the words of all things and the values that distinguish them.

The entry of a thing is a function of the triples of the thing and its parts. The index is an SQLite database with the
extension FTS5 (sqlite.org/fts5.html) and these tables:

    things (id, path, uses, facets)    the things; `uses` is the number of facets of other things that name a thing, and
                                       `facets` are the ids of its own facets, as 32-bit integers
    texts (thing, texts, keys)         the names and other texts of a thing, in order, and its keys, as JSON;
                                       each text has the id of its property, its language, and the text itself
    words (COLUMNS)                    the words of the texts; its rowid is the id of the thing
    vocabulary (term, col, doc)        every word, and the number of things that contain it, by column
    properties (id, field, iri)        the properties of the texts
    facets (id, name, value, things)   the values of facets, as they are written in a query string, and the number of
                                       things that have them
    holds (facet, thing)               the things that have a facet value
    identifiers (key, thing)           the keys of the identifiers of a thing (kg/model/identifiers.py)

The index can be updated. After any updates it gives the same answers as an index that is written from nothing,
although its ids and its bytes may differ.
"""

import json
import re
import sqlite3
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from pyoxigraph import Literal

from kg.dataset.database import changing
from kg.model.identifiers import identifies, keys_of
from kg.model.schema import Class, Property, Schema, Values
from kg.names import RDF_TYPE, RDFS_LABEL, XSD, Names, local_name
from kg.sparql.quads import PlainTriple
from kg.text.words import composed, plain, stems, tokens

FIELDS = ("label", "name", "text")
"""The kinds of a text: a label, another present or former name, any other text."""

LABEL, NAME, TEXT = range(len(FIELDS))

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

Text = tuple[int, str, str, str]
"""A text: the number of its field, the IRI of its property, its language or an empty string, and the text itself."""

Facet = tuple[str, str]
"""The name of a facet, and a value."""


class Entry(NamedTuple):
    """What the index holds about a thing: its path, and its texts, facets and keys of identifiers, each sorted.

    `columns` are the words of the texts for each of COLUMNS.
    """

    path: str
    texts: tuple[Text, ...]
    facets: tuple[Facet, ...]
    keys: tuple[str, ...]
    columns: tuple[str, ...]


TABLES = f"""
CREATE TABLE things (
    id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE, uses INTEGER NOT NULL, facets BLOB NOT NULL
);
CREATE TABLE texts (thing INTEGER PRIMARY KEY, texts TEXT NOT NULL, keys TEXT NOT NULL);
CREATE VIRTUAL TABLE words USING fts5({", ".join(COLUMNS)}, content='', tokenize='ascii', prefix='1 2 3');
CREATE VIRTUAL TABLE vocabulary USING fts5vocab(words, col);
CREATE TABLE properties (id INTEGER PRIMARY KEY, field INTEGER NOT NULL, iri TEXT NOT NULL, UNIQUE (iri, field));
CREATE TABLE facets (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, value TEXT NOT NULL, things INTEGER NOT NULL DEFAULT 0,
    UNIQUE (value, name)
);
CREATE TABLE holds (facet INTEGER NOT NULL, thing INTEGER NOT NULL, PRIMARY KEY (facet, thing)) WITHOUT ROWID;
CREATE TABLE identifiers (key TEXT NOT NULL, thing INTEGER NOT NULL, PRIMARY KEY (key, thing)) WITHOUT ROWID;
"""

WHILE_WRITING = "INSERT INTO words (words, rank) VALUES ('hashsize', 16777216), ('automerge', 0)"
WRITTEN = "INSERT INTO words (words, rank) VALUES ('optimize', NULL)"
"""While an index is written, FTS5 collects words in 16 MiB of memory, and merges all of them once, at the end. What an
update writes is merged with what other updates wrote, after 16 of them, and not with the large rest
(sqlite.org/fts5.html, 6)."""

INSERT_WORDS = f"INSERT INTO words (rowid, {', '.join(COLUMNS)}) VALUES (?{', ?' * len(COLUMNS)})"  # noqa: S608
DELETE_WORDS = INSERT_WORDS.replace("(rowid", "(words, rowid").replace("(?", "('delete', ?")
"""A table without content removes the words of a row that are given again (sqlite.org/fts5.html, 6.3)."""

IDS = "SELECT things.path, things.id FROM json_each(?) CROSS JOIN things ON things.path = value"

BATCH = 1000
"""Number of entries that are written at once."""


# ── Entries ──────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Use:
    """How the index uses the values of a property.

    `of_thing` and `of_part` are the numbers of their fields as texts of a thing or of a part, or None; `identifies` is
    true if they identify a thing; `is_step` if they are values of a facet, or lead to a part that has a facet.
    """

    of_thing: int | None
    of_part: int | None
    identifies: bool
    is_step: bool


class Analyzer:
    """Makes the entries of things under a schema."""

    def __init__(self, schema: Schema, names: Names) -> None:
        self.names = names
        self.classes = schema.classes
        self.facets = {
            class_.iri: [(".".join(step.key for step in steps), steps) for steps in facet_paths(schema, class_)]
            for class_ in schema.classes.values()
        }
        self.types = {
            (kind, class_.iri): tuple(types_of(class_, top, schema))
            for kind, top in schema.kinds.items()
            for class_ in schema.classes.values()
        }
        self.kinds = {kind: [class_.iri for class_ in schema.subclasses(top.iri)] for kind, top in schema.kinds.items()}
        steps = {step.iri for paths in self.facets.values() for _, path in paths for step in path}
        uses = {property_.iri: use_of(property_, schema, steps) for property_ in schema.properties.values()}
        self.uses = {iri: use for iri, use in uses.items() if use != Use(None, None, False, False)}

    def rules(self, kind: str, terms: frozenset[str]) -> list[Any]:
        """What decides the entries of things of a kind whose properties and types are these terms: equal rules, equal
        entries."""
        found: list[Any] = [(iri, u.of_thing, u.of_part, u.identifies) for iri, u in self.uses.items() if iri in terms]
        for iri in terms.intersection(self.kinds[kind]):
            facets = [
                (name, [step.iri for step in steps], steps[-1].values.name, steps[-1].bounds is None)
                for name, steps in self.facets[iri]
                if terms.issuperset(step.iri for step in steps)
            ]
            found.append((iri, depth(self.classes[iri]), self.types[kind, iri], sorted(facets)))
        return sorted(found, key=lambda rule: rule[0])

    def entry(self, path: str, triples: Iterable[PlainTriple]) -> Entry | None:
        """The entry of a thing, from all triples about the thing and its parts; None if it has none of our classes."""
        thing, renamed_from = self.names.thing(path), self.names.renamed_from
        kind, _, name = path.partition("/")
        class_: Class | None = None
        texts: set[Text] = {(TEXT, "", "", name)}
        keys = {path}
        objects: dict[tuple[str, str], list[str]] = defaultdict(list)
        for triple in triples:
            subject, property_, object_, value = triple.subject, triple.predicate, triple.object, triple.value
            use = self.uses.get(property_)
            if property_ == RDF_TYPE and subject == thing:
                class_ = max(class_, self.classes.get(value), key=depth)
            if property_ == renamed_from:
                keys.add(value if "/" in value else f"{kind}/{value}")
            if use is None:
                continue
            field = use.of_thing if subject == thing else use.of_part
            if field is not None and isinstance(object_, Literal):
                texts.add((field, property_, object_.language or "", composed(value)))
            if use.identifies and not value.startswith(self.names.base):
                keys.update(keys_of(value))
            if use.is_step:
                objects[subject, property_].append(value)
        if class_ is None:
            return None
        called = {text[2:] for text in texts if text[0] == LABEL}
        kept = sorted(text for text in texts if text[0] == LABEL or text[2:] not in called)
        facets = {(KIND, kind), *self.types[kind, class_.iri], *self._facets(thing, class_, objects)}
        return Entry(path, tuple(kept), tuple(sorted(facets)), tuple(sorted(keys)), columns_of(kept))

    def _facets(self, thing: str, class_: Class, objects: dict[tuple[str, str], list[str]]) -> Iterator[Facet]:
        """The facets of a thing, from the values of properties of the thing and its parts."""
        for name, steps in self.facets[class_.iri]:
            values = [thing]
            for step in steps:
                values = [value for subject in values for value in objects.get((subject, step.iri), ())]
            for value in values:
                if text := value_of(steps[-1], value, self.names):
                    yield name, text


def depth(class_: Class | None) -> tuple[int, str]:
    """The order in which the classes of a thing are more specific."""
    return (len(class_.ancestors), class_.iri) if class_ else (0, "")


def types_of(class_: Class, kind: Class, schema: Schema) -> Iterator[Facet]:
    """The classes of a thing as facets: the subclasses of the class of its kind."""
    for iri in class_.ancestors:
        if iri in schema.classes and kind.iri in schema.classes[iri].ancestors and iri != kind.iri:
            yield TYPE, schema.classes[iri].name


def use_of(property_: Property, schema: Schema, steps: set[str]) -> Use:
    """The use of a property; `steps` are the properties of facets. A label of a part is one of its names as well."""
    field = None
    if property_.values is Values.TEXT or property_.datatypes == (XSD + "string",):
        field = NAME if schema.is_name(property_) else TEXT
    is_label = field is not None and property_.iri == RDFS_LABEL
    return Use(
        LABEL if is_label else field,
        None if is_label else field,
        identifies(property_, schema),
        property_.iri in steps,
    )


def columns_of(texts: Iterable[Text]) -> tuple[str, ...]:
    """The words for each of COLUMNS; a web address is not a name, whatever its field is."""
    words: list[list[str]] = [[] for _ in (*FIELDS, *STEMS)]
    whole: dict[str, None] = {}
    for stated_field, _, language, text in texts:
        field = TEXT if ADDRESS.fullmatch(text) else stated_field
        for token in tokens(text):
            words[field].append(plain(token))
            words[len(FIELDS) + field] += sorted(stems(token, language or LANGUAGE))
        if field != TEXT:
            whole[plain(text)] = None
    return tuple(" ".join(filter(None, column)) for column in (*words, whole))


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


def value_of(property_: Property, text: str, names: Names) -> str | None:
    """A value as it is written in a query string: a thing as its path, a term as its name, a date as its year."""
    if property_.values is Values.REFERENCE:
        return names.path(text)
    if property_.values is Values.TERM:
        return local_name(text)
    return text[:4] if property_.bounds else text


# ── The file ─────────────────────────────────────────────────────────────────────────────────────────────────────


def write_index(file: Path, entries: Iterable[Entry]) -> None:
    """Writes the entries of different things to a new file."""
    numbered = enumerate(entries, 1)
    with changing(file) as database:
        for statement in (*TABLES.split(";"), WHILE_WRITING):
            database.execute(statement)
        index = Index(database)
        while batch := list(islice(numbered, BATCH)):
            index.add(batch)
        index.count()
        database.execute(WRITTEN)


def update_index(file: Path, changed: Mapping[str, Entry | None]) -> None:
    """Replaces, adds or removes (None) the entries of some things, by path, in a file that no one reads meanwhile.

    The file must have been written by the same rules for words: the words of an old entry are derived from its texts.
    """
    with changing(file) as database:
        Index(database).update(changed)


class Numbers(dict[tuple[str | int, str], int]):
    """The ids of the rows of a table by the values of two columns; a missing row is inserted."""

    def __init__(self, database: sqlite3.Connection, table: str, first: str, second: str) -> None:
        self.database = database
        self.select = f"SELECT id FROM {table} WHERE {first} = ? AND {second} = ?"  # noqa: S608
        self.insert = f"INSERT INTO {table} ({first}, {second}) VALUES (?, ?) RETURNING id"  # noqa: S608

    def __missing__(self, key: tuple[str | int, str]) -> int:
        row = self.database.execute(self.select, key).fetchone() or self.database.execute(self.insert, key).fetchone()
        number = self[key] = int(row[0])
        return number


class Index:
    """An index that is open for changes. `count` must be called after `add` and `remove`."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self.database = database
        self.facets = Numbers(database, "facets", "name", "value")
        self.properties = Numbers(database, "properties", "field", "iri")
        self.holders: Counter[int] = Counter()  # id of a facet → by how much the number of things that have it changes

    def update(self, changed: Mapping[str, Entry | None]) -> None:
        """Replaces, adds or removes the entries of some things."""
        ids = dict(self.database.execute(IDS, (as_json([*changed]),)).fetchall())
        (last,) = self.database.execute("SELECT coalesce(max(id), 0) FROM things").fetchone()
        numbered = sorted((ids.get(path, last + place), path) for place, path in enumerate(sorted(changed), 1))
        for number, path in numbered:  # in ascending order, so that FTS5 writes the words of all of them at once
            if path in ids:
                self.remove(number)
            if entry := changed[path]:
                self.add([(number, entry)])
        self.count()

    def add(self, entries: list[tuple[int, Entry]]) -> None:
        """Adds the entries of things that are not in the index, each with an id."""
        held = {number: [self.facets[facet] for facet in entry.facets] for number, entry in entries}
        uses = "(SELECT coalesce(sum(things), 0) FROM facets WHERE value = ?2)"
        self.database.executemany(
            f"INSERT INTO things VALUES (?1, ?2, {uses}, ?3)",  # noqa: S608
            ((number, entry.path, array("I", held[number]).tobytes()) for number, entry in entries),
        )
        self.database.executemany(
            "INSERT INTO texts VALUES (?, ?, ?)",
            (
                (number, as_json([(self.properties[text[:2]], *text[2:]) for text in entry.texts]), as_json(entry.keys))
                for number, entry in entries
            ),
        )
        self.database.executemany(INSERT_WORDS, ((number, *entry.columns) for number, entry in entries))
        self.database.executemany(
            "INSERT INTO holds VALUES (?, ?)", ((facet, number) for number, facets in held.items() for facet in facets)
        )
        self.database.executemany(
            "INSERT INTO identifiers VALUES (?, ?)", ((key, number) for number, entry in entries for key in entry.keys)
        )
        self.holders.update(facet for facets in held.values() for facet in facets)

    def remove(self, number: int) -> None:
        """Removes the entry of a thing."""
        facets, texts, keys = self.database.execute(
            "SELECT facets, texts, keys FROM things JOIN texts ON thing = id WHERE id = ?", (number,)
        ).fetchone()
        held = array("I", facets)
        stated = [(*self.property(at), language, text) for at, language, text in json.loads(texts)]
        self.database.execute(DELETE_WORDS, (number, *columns_of(stated)))
        self.database.executemany("DELETE FROM holds WHERE facet = ? AND thing = ?", ((each, number) for each in held))
        self.database.executemany(
            "DELETE FROM identifiers WHERE key = ? AND thing = ?", ((key, number) for key in json.loads(keys))
        )
        self.database.execute("DELETE FROM texts WHERE thing = ?", (number,))
        self.database.execute("DELETE FROM things WHERE id = ?", (number,))
        self.holders.subtract(held)

    def property(self, number: int) -> tuple[int, str]:
        """The field and the IRI of a property."""
        field, iri = self.database.execute("SELECT field, iri FROM properties WHERE id = ?", (number,)).fetchone()
        return field, iri

    def count(self) -> None:
        """Updates the numbers of things that have facets, and of facets that name things."""
        changes = [(change, facet) for facet, change in self.holders.items() if change]
        self.database.executemany("UPDATE facets SET things = things + ? WHERE id = ?", changes)
        self.database.executemany(
            "UPDATE things SET uses = (SELECT sum(facets.things) FROM facets WHERE value = path) "
            "WHERE path = (SELECT value FROM facets WHERE id = ?)",
            ((facet,) for _, facet in changes),
        )
        self.database.executemany("DELETE FROM facets WHERE id = ? AND things = 0", ((facet,) for _, facet in changes))
        self.holders.clear()
        self.facets.clear()  # some of its rows may have been removed


def as_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
