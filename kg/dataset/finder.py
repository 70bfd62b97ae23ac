"""Finder: queries the search index of a dataset (kg/dataset/search_index.py) for the words of a request.

Untrusted words are passed to SQLite as parameters, each in quotation marks, so that they are never interpreted as query
syntax.
"""

import json
import sqlite3
import threading
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from heapq import nsmallest
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import quote

from kg.dataset.search_index import FIELDS, LABEL, STEMS, WHOLE
from kg.diagnostics.suggest import Choices
from kg.model.identifiers import ALONE, TOGETHER, keys_of
from kg.text.words import composed, plain, spans, stems

WEIGHTS = (10, 6, 2, 5, 3, 1, 40)
"""The weights of the columns: a label counts most, an exact word more than its stem, and a complete name most of all.
"""

COMMON = 10
"""A word is common if more than one in this number of things contain it; it is then optional beside other words."""

CACHED_WORDS = 4096
"""Maximum number of words whose frequency is kept in memory."""

MAX_WORDS = 16
"""Maximum number of words of a query that are used."""

ALL = "SELECT 0, -uses, path, facets FROM things WHERE TRUE"

MAX_SCORED = 3000
"""Maximum number of matches that are ranked by their words; the others follow, ordered by the number of things that
name them."""

MATCHING = (
    "SELECT {score}, -uses, path, facets FROM words CROSS JOIN things ON things.id = words.rowid WHERE words MATCH ?"
)
"""The things that match an FTS5 expression, with their scores; the best has the lowest score."""

MANY = f"SELECT 1 FROM words WHERE words MATCH ? LIMIT {MAX_SCORED + 1}"  # noqa: S608
UNSCORED = MATCHING.format(score="0")
SCORED = MATCHING.format(score=f"bm25(words, {', '.join(map(str, WEIGHTS))}) * (1 + ln(1 + uses))")
UP_TO = " AND (-uses, path) <= (?, ?)"
"""A condition that a thing is named by more others than another thing, or by as many; paths break ties."""

IDENTIFIED = "SELECT 0, -uses, path, facets FROM identifiers JOIN things ON things.id = thing WHERE key = ?"
BEGUN = """SELECT DISTINCT path, uses FROM identifiers JOIN things ON things.id = thing
    WHERE key >= ?1 AND key < ?1 || char(1114111) ORDER BY uses DESC, path LIMIT ?2"""
"""The things with an identifier, and those with an identifier that begins with a text."""

HELD = """ AND things.id IN (
    SELECT thing FROM holds JOIN facets ON facet = facets.id
    WHERE name = ? AND value IN (SELECT json_each.value FROM json_each(?))
)"""
"""A condition that a thing has one of the values of a facet."""

AMONG = " AND things.path IN (SELECT json_each.value FROM json_each(?))"
"""A condition that a thing is one of several, by path."""

PATHS = ""
"""The key of Filters for the paths of the things to which a search is restricted."""

NONE: frozenset[str] = frozenset()

Filters = Mapping[str, Sequence[str]]
"""The requested values by facet name; a thing must have one of them."""

Match = tuple[float, int, str, bytes]
"""A matching thing: its score, the number of facets that name it (negative), its path, and its facet values.

Matches are compared in this order; the best is the lowest.
"""

Facets = dict[str, dict[str, int]]
"""For each facet name, the values of some things and the number of things with each, most frequent first."""


def within(columns: Sequence[str], *phrases: str) -> str:
    """An FTS5 expression: some columns contain one of some phrases (sqlite.org/fts5.html, 3)."""
    return f"({{{' '.join(columns)}}} : ({' OR '.join(phrases)}))"


def held_of(filters: Filters) -> str:
    """The SQL conditions for filters."""
    return "".join(HELD if name else AMONG for name in filters)


def values_of(filters: Filters) -> list[str]:
    """The parameters of these conditions."""
    return [each for name, values in filters.items() for each in (name, json.dumps(list(values))) if each]


def written(query: str) -> dict[str, str]:
    """The words of a query that are used: the plain form of each, and the form as written."""
    plain_words = ((plain(match[0]), match[0]) for match in spans(composed(query)))
    return dict(islice((pair for pair in plain_words if pair[0]), MAX_WORDS))


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a search: its plain form, its stems, and whether it is only the beginning of words."""

    text: str
    stems: frozenset[str] = NONE
    begins: bool = False

    @classmethod
    def of(cls, written: str, languages: Iterable[str]) -> "Word":
        """A word as it was written, with its stems in some languages."""
        return cls(plain(written), frozenset(stem for language in languages for stem in stems(written, language)))

    @property
    def phrase(self) -> str:
        """The word in FTS5 syntax; it consists of letters and digits only."""
        return f'"{self.text}"*' if self.begins else f'"{self.text}"'

    @property
    def expression(self) -> str:
        """An expression for the word or one of its stems."""
        exact = within(FIELDS, self.phrase)
        stemmed = within(STEMS, *(f'"{stem}"' for stem in sorted(self.stems)))
        return f"({exact} OR {stemmed})" if self.stems else exact

    def matches(self, word: str, stems: Iterable[str]) -> bool:
        """True if a word of a text, or one of its stems, matches."""
        return word == self.text or (self.begins and word.startswith(self.text)) or not self.stems.isdisjoint(stems)


@dataclass(frozen=True, slots=True)
class ParsedQuery:
    """The interpretation of a query: its words, the words that are searched for, and how.

    `common` words are optional; with `any`, one word is enough; `together` words must be adjacent.
    """

    asked: tuple[str, ...]
    words: tuple[Word, ...]
    common: frozenset[str] = frozenset()
    any: bool = False
    together: bool = False

    @property
    def taken(self) -> tuple[str, ...]:
        """The words that are searched for, in order."""
        return tuple(word.text for word in self.words)

    @property
    def expression(self) -> str:
        """The query in FTS5 syntax; common words are optional, and raise the score of a thing that contains them."""
        if self.together:
            return within(FIELDS, f'"{" ".join(self.taken)}"')
        needed = [word.expression for word in self.words if word.text not in self.common]
        others = [word.expression for word in self.words if word.text in self.common]
        whole = within((WHOLE,), f'"{"".join(self.taken)}"')
        if self.any:
            return " OR ".join([*needed, *others])
        optional = [f"({' OR '.join([needed[0], *others])})"] if needed and others else others
        return f"{whole} OR ({' AND '.join([*needed, *optional])})"


@dataclass(frozen=True, slots=True)
class ThingText:
    """A text of a thing: its index in FIELDS, the IRI of its property, its language (or empty), and the text."""

    field: int
    property: str
    language: str
    text: str


@dataclass(frozen=True, slots=True)
class Hit:
    """A thing that was found: its path and its texts."""

    path: str
    texts: tuple[ThingText, ...]


@dataclass(frozen=True, slots=True)
class Results:
    """A search result: the interpretation of the query, the number of things, and some of them.

    `held` are the facet values of all of them, for counting.
    """

    reading: ParsedQuery
    total: int
    hits: list[Hit]
    held: bytes = b""


class Finder:
    """A read-only search index of one dataset; each thread has its own connection."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._local = threading.local()
        self._frequencies: dict[str, int] = {}

    def check(self) -> None:
        """Raises sqlite3.Error if the index is damaged."""
        self._rows("SELECT 1 FROM things, words LIMIT 1")

    @property
    def _database(self) -> sqlite3.Connection:
        if not hasattr(self._local, "database"):
            address = f"file:{quote(str(self._file.resolve()))}?mode=ro&immutable=1"
            self._local.database = sqlite3.connect(address, uri=True, isolation_level=None)
            self._local.database.execute("PRAGMA mmap_size = 268435456")
        return self._local.database  # type: ignore[no-any-return]

    # ── Words ────────────────────────────────────────────────────────────────────────────────────────────────────

    def read(self, query: str, languages: Iterable[str]) -> ParsedQuery:
        """The interpretation of a query by a user of some languages.

        An unknown word is the beginning of known words, or else is replaced by the most similar known word.
        """
        words = written(query)
        known_words = (self._known(Word.of(word, languages), languages) for word in words.values())
        known = tuple({word.text: word for word in known_words if word}.values())
        limit = self._count / COMMON
        common = frozenset(word.text for word in known if self._frequency(word.text) > limit)
        return ParsedQuery(tuple(words), known, common if len(common) < len(known) else frozenset())

    def _known(self, word: Word, languages: Iterable[str]) -> Word | None:
        if any(self._frequency(text) for text in (word.text, *word.stems)):
            return word
        if self._rows("SELECT 1 FROM words WHERE words MATCH ? LIMIT 1", replace(word, begins=True).expression):
            return replace(word, begins=True)
        if not word.text.isalpha():
            return None
        nearest = self._vocabulary.nearest(word.text, lambda near: self._frequency(near) / self._count / 100)
        return Word.of(nearest[0], languages) if nearest else None

    def _frequency(self, word: str) -> int:
        """The number of things with a word, in the field in which it is most frequent."""
        found = self._frequencies.get(word)
        if found is None:
            rows = self._rows("SELECT coalesce(max(doc), 0) FROM vocabulary WHERE term = ?", word)
            found = int(rows[0][0])
            if len(self._frequencies) >= CACHED_WORDS:
                self._frequencies.clear()
            self._frequencies[word] = found
        return found

    @cached_property
    def _vocabulary(self) -> Choices:
        """The words that a misspelled word may mean."""
        sql = "SELECT DISTINCT term FROM vocabulary WHERE col IN (SELECT value FROM json_each(?))"
        known = self._rows(sql, json.dumps(FIELDS))
        return Choices((word, word) for (word,) in known if word.isalpha())

    @cached_property
    def _count(self) -> int:
        return int(self._rows("SELECT count(*) FROM things")[0][0])

    # ── Things ───────────────────────────────────────────────────────────────────────────────────────────────────

    def find(self, query: str, languages: Iterable[str], filters: Filters, start: int, size: int) -> Results:
        """The things that a query identifies, else those with all its words, else those with some of them, best first.

        All of them satisfy the filters. An address, a symbol or a long number returns only the thing that it
        identifies; for other words, identified things come first. An empty query returns all things, and a query
        without any word returns none.
        """
        identified = self._identified(query, filters)
        if identified and ALONE.fullmatch(query):
            return self._found(ParsedQuery((), ()), identified, [], start, size)
        if TOGETHER.fullmatch(query):
            words = tuple(Word(text) for key in keys_of(query)[-1:] for text in written(key))
            reading = ParsedQuery(tuple(word.text for word in words), words, together=True)
            matches = self._matching(reading, filters) if words else []
            return self._found(reading, [], matches, start, size)
        reading = self.read(query, languages)
        matches = self._matching(reading, filters) if reading.words or not query.strip() else []
        if not matches and len(reading.words) > 1:
            reading = replace(reading, any=True)
            matches = self._matching(reading, filters)
        return self._found(reading, identified, matches, start, size)

    def _found(
        self, reading: ParsedQuery, identified: list[Match], matches: list[Match], start: int, size: int
    ) -> Results:
        """A section of the things that were found: first those that were identified, then the best matches."""
        first = [path for *_, path, _ in identified]
        others = [match for match in matches if match[2] not in first] if first else matches
        best = [path for *_, path, _ in nsmallest(max(start + size - len(first), 0), others)]
        held = b"".join(match[3] for match in (*identified, *others))
        return Results(reading, len(first) + len(others), self._hits([*first, *best][start : start + size]), held)

    def _identified(self, query: str, filters: Filters) -> list[Match]:
        """The things that a query identifies as it is written, or else by the next best of its keys."""
        if not query or not (ALONE.fullmatch(query) or query.isalnum()):
            return []
        matches = (self._rows(f"{IDENTIFIED}{held_of(filters)}", key, *values_of(filters)) for key in keys_of(query))
        return next((sorted(match) for match in matches if match), [])

    def _matching(self, reading: ParsedQuery, filters: Filters) -> list[Match]:
        """The things that match the words, if there are any, and the filters."""
        held, arguments = held_of(filters), values_of(filters)
        if not reading.words:
            return self._rows(f"{ALL}{held}", *arguments)
        if len(self._rows(MANY, reading.expression)) <= MAX_SCORED:
            return self._rows(f"{SCORED}{held}", reading.expression, *arguments)
        matches: list[Match] = self._rows(f"{UNSCORED}{held}", reading.expression, *arguments)
        if not matches:
            return []
        last = nsmallest(MAX_SCORED, matches)[-1]
        scored = self._rows(f"{SCORED}{held}{UP_TO}", reading.expression, *arguments, *last[1:3])
        return [*scored, *(match for match in matches if match > last)]

    def suggest(self, query: str, languages: Iterable[str], size: int) -> Results:
        """The things whose present or former names contain all words of a query, the last of which may be a beginning.

        Identified things come first, then names that begin with the query, then others; within each group, things that
        are named by most others come first. For an address or a symbol, the things with an identifier that begins with
        it are returned.
        """
        identified = [path for *_, path, _ in self._identified(query, {})]
        if not identified and TOGETHER.fullmatch(query):
            identified = [path for path, _ in self._rows(BEGUN, keys_of(query)[-1], size)]
        if identified and ALONE.fullmatch(query):
            return Results(ParsedQuery((), ()), len(identified), self._hits(identified[:size]))
        words = tuple(written(query))
        typed = ParsedQuery(words, tuple(Word(text, begins=text == words[-1]) for text in words))
        suggested = self._suggested(typed, size) or self._suggested(self.read(query, languages), size)
        if suggested and identified:
            first = self._hits(identified)
            hits = [*first, *(hit for hit in suggested.hits if hit not in first)]
            return replace(suggested, hits=hits[:size])
        return suggested or Results(typed, len(identified), self._hits(identified[:size]))

    def _suggested(self, reading: ParsedQuery, size: int) -> Results | None:
        """The things whose names contain all words of a query in this spelling."""
        if not reading.words:
            return None
        beginning = within((WHOLE,), f'"{"".join(reading.taken)}"*')
        inside = within(FIELDS[:2], " AND ".join(word.phrase for word in reading.words))
        first = self._first(beginning, size)
        paths = dict.fromkeys([*first, *(self._first(inside, size) if len(first) < size else ())])
        sql = "SELECT count(*) FROM words WHERE words MATCH ?"
        total = int(self._rows(sql, f"{beginning} OR {inside}")[0][0])
        return Results(reading, total, self._hits(islice(paths, size))) if paths else None

    def _first(self, expression: str, size: int) -> list[str]:
        """The things that match an expression; those that are named by most others come first."""
        sql = f"{UNSCORED} ORDER BY uses DESC, path LIMIT ?"
        return [path for *_, path, _ in self._rows(sql, expression, size)]

    def facets(self, paths: Iterable[str]) -> Facets:
        """The facets of some things, by path."""
        sql = "SELECT facets FROM json_each(?) CROSS JOIN things ON things.path = value"
        return self.counted(b"".join(held for (held,) in self._rows(sql, json.dumps(list(paths)))))

    def labels(self, paths: Iterable[str]) -> dict[str, dict[str, str]]:
        """The labels of some things, by path and language."""
        found = {
            hit.path: {text.language: text.text for text in hit.texts if text.field == LABEL}
            for hit in self._hits(paths)
        }
        return {path: labels for path, labels in found.items() if labels}

    @cached_property
    def _facets(self) -> dict[int, tuple[str, str]]:
        return {number: (name, value) for number, name, value in self._rows("SELECT id, name, value FROM facets")}

    @cached_property
    def _properties(self) -> dict[int, tuple[int, str]]:
        return {number: (field, iri) for number, field, iri in self._rows("SELECT id, field, iri FROM properties")}

    @cached_property
    def values(self) -> dict[str, set[str]]:
        """The values of each facet that has any, by name of the facet."""
        values: dict[str, set[str]] = defaultdict(set)
        for name, value in sorted(self._facets.values()):
            values[name].add(value)
        return values

    @property
    def names(self) -> list[str]:
        """The names of the facets that have values."""
        return list(self.values)

    def counted(self, held: bytes) -> Facets:
        """The number of things with each facet value, from the facet values of some things (32-bit integers)."""
        counts = Counter(memoryview(held).cast("I"))
        facets: Facets = defaultdict(dict)
        for number in sorted(counts, key=lambda number: (-counts[number], self._facets[number])):
            name, value = self._facets[number]
            facets[name][value] = counts[number]
        return facets

    def _hits(self, paths: Iterable[str]) -> list[Hit]:
        """Things with their texts, in the given order."""
        sql = (
            "SELECT things.path, texts FROM json_each(?) CROSS JOIN things ON things.path = value "
            "CROSS JOIN texts ON thing = things.id ORDER BY key"
        )
        return [
            Hit(path, tuple(ThingText(*self._properties[at], *text) for at, *text in json.loads(texts)))
            for path, texts in self._rows(sql, json.dumps(list(paths)))
        ]

    def _rows(self, sql: str, *arguments: str | int) -> list[Any]:
        return self._database.execute(sql, arguments).fetchall()
