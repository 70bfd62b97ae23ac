"""Finder: asks the search index of a dataset (kg/dataset/search_index.py) with nothing of a request but whole words.

Untrusted words reach SQLite as parameters, each in quotation marks, so that no syntax of a query is ever in them.
"""

import json
import sqlite3
import threading
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import quote

from kg.dataset.search_index import FIELDS, STEMS, WHOLE
from kg.diagnostics.suggest import Choices
from kg.model.identifiers import ALONE, TOGETHER, keys_of
from kg.text.words import composed, plain, spans, stems

WEIGHTS = (10, 6, 2, 5, 3, 1, 40)
"""What a word is worth in each of COLUMNS: in a label most, itself more than its stem, a whole name above all."""

COMMON = 10
"""A word that more than one in so many things have need not be there, if another word is."""

MAX_WORDS = 16
"""Maximum number of words of a query that are looked up."""

ALL = "SELECT id, id, facets FROM things WHERE TRUE"

MAX_SCORED = 3000
"""Maximum number of matches that are compared by their words; others follow, those first that most others name."""

MATCHING = (
    "SELECT {score}, things.id, facets FROM words CROSS JOIN things ON things.id = words.rowid WHERE words MATCH ?"
)
"""The things that an expression of FTS5 matches: their score, the least for the best."""

BEST = MATCHING.format(score=f"bm25(words, {', '.join(map(str, WEIGHTS))}) * (1 + ln(1 + uses))")
OTHERS = MATCHING.format(score="0") + " AND words.rowid > ?"

IDENTIFIED = "SELECT 0, things.id, facets FROM identifiers JOIN things ON things.id = thing WHERE key = ?"
BEGUN = "SELECT DISTINCT thing FROM identifiers WHERE key >= ?1 AND key < ?1 || char(1114111) ORDER BY thing LIMIT ?2"
"""The things with an identifier, and those with one that begins so."""

HELD = """ AND things.id IN (
    SELECT thing FROM holds JOIN facets ON facet = facets.id
    WHERE name = ? AND value IN (SELECT json_each.value FROM json_each(?))
)"""
"""That a thing has one of the values of a facet."""

AMONG = " AND things.path IN (SELECT json_each.value FROM json_each(?))"
"""That a thing is one of some, by their paths."""

PATHS = ""
"""The name under which filters hold the paths of the things among which others are looked for."""

NONE: frozenset[str] = frozenset()

Filters = Mapping[str, Sequence[str]]
"""By the name of a facet the values asked for, of which a thing has one."""

Match = tuple[float, int, bytes]
"""A thing that matches: its score, its id, and the facets that it holds."""

Facets = dict[str, dict[str, int]]
"""By the name of a facet the values that some things have, and how many of them have each, most first."""


def within(columns: Sequence[str], *phrases: str) -> str:
    """That some columns have one of some phrases (sqlite.org/fts5.html, 3)."""
    return f"({{{' '.join(columns)}}} : ({' OR '.join(phrases)}))"


def held_of(filters: Filters) -> str:
    """That a thing has what filters ask for, in SQL."""
    return "".join(HELD if name else AMONG for name in filters)


def values_of(filters: Filters) -> list[str]:
    """The arguments of that SQL."""
    return [each for name, values in filters.items() for each in (name, json.dumps(list(values))) if each]


def written(query: str) -> dict[str, str]:
    """The words of a query that count, plain, each as it was written."""
    plain_words = ((plain(match[0]), match[0]) for match in spans(composed(query)))
    return dict(islice((pair for pair in plain_words if pair[0]), MAX_WORDS))


@dataclass(frozen=True, slots=True)
class Word:
    """A word that is looked for: as it was typed, its stems, and whether it is a beginning only."""

    text: str
    stems: frozenset[str] = NONE
    begins: bool = False

    @classmethod
    def of(cls, written: str, languages: Iterable[str]) -> "Word":
        """A word as it was written, in any of some languages."""
        return cls(plain(written), frozenset(stem for language in languages for stem in stems(written, language)))

    @property
    def phrase(self) -> str:
        """The word as it is, in the syntax of FTS5; it has letters and digits alone."""
        return f'"{self.text}"*' if self.begins else f'"{self.text}"'

    @property
    def expression(self) -> str:
        """The word or one of its stems."""
        exact = within(FIELDS, self.phrase)
        stemmed = within(STEMS, *(f'"{stem}"' for stem in sorted(self.stems)))
        return f"({exact} OR {stemmed})" if self.stems else exact

    def matches(self, word: str, stems: Iterable[str]) -> bool:
        """True if a word of a text, or one of its stems, is what is looked for."""
        return word == self.text or (self.begins and word.startswith(self.text)) or not self.stems.isdisjoint(stems)


@dataclass(frozen=True, slots=True)
class ParsedQuery:
    """What is made of a query: the words that it has, those that are looked for, and how.

    Of `common` words none need be there; with `any` one word is enough; `together` words follow one another.
    """

    asked: tuple[str, ...]
    words: tuple[Word, ...]
    common: frozenset[str] = frozenset()
    any: bool = False
    together: bool = False

    @property
    def taken(self) -> tuple[str, ...]:
        """The words that are looked for, in their order."""
        return tuple(word.text for word in self.words)

    @property
    def expression(self) -> str:
        """The query in the syntax of FTS5; words that are common need not be there, and count where they are."""
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
    """A text of a thing: its place among FIELDS, the IRI of its property, its language if it has one, and itself."""

    field: int
    property: str
    language: str
    text: str


@dataclass(frozen=True, slots=True)
class Hit:
    """A thing that was found, by its path, with its texts."""

    path: str
    texts: tuple[ThingText, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """What was found: how the query was read, how many things there are, and some of them.

    `held` are the facets that all of them hold, to be counted.
    """

    reading: ParsedQuery
    total: int
    hits: list[Hit]
    held: bytes = b""


class Finder:
    """The index of one dataset, open for reading; each thread has a connection of its own."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._local = threading.local()

    @property
    def _database(self) -> sqlite3.Connection:
        if not hasattr(self._local, "database"):
            address = f"file:{quote(str(self._file.resolve()))}?mode=ro&immutable=1"
            self._local.database = sqlite3.connect(address, uri=True, isolation_level=None)
            self._local.database.execute("PRAGMA mmap_size = 268435456")
        return self._local.database  # type: ignore[no-any-return]

    # ── Words ────────────────────────────────────────────────────────────────────────────────────────────────────

    def read(self, query: str, languages: Iterable[str]) -> ParsedQuery:
        """What is looked for by a query of somebody who speaks some languages.

        A word that is not known is the beginning of words that are, or else the known word most like it.
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
        """How many things have a word, in the field where most do."""
        return int(self._rows("SELECT coalesce(max(doc), 0) FROM vocabulary WHERE term = ?", word)[0][0])

    @cached_property
    def _vocabulary(self) -> Choices:
        """The words that a typing error may stand for."""
        sql = "SELECT DISTINCT term FROM vocabulary WHERE col IN (SELECT value FROM json_each(?))"
        known = self._rows(sql, json.dumps(FIELDS))
        return Choices((word, word) for (word,) in known if word.isalpha())

    @cached_property
    def _count(self) -> int:
        return int(self._rows("SELECT count(*) FROM things")[0][0])

    # ── Things ───────────────────────────────────────────────────────────────────────────────────────────────────

    def find(self, query: str, languages: Iterable[str], filters: Filters, start: int, size: int) -> Found:
        """The things that a query identifies, else those that have all its words, else some, best first.

        The filters hold for all of them. What an address, a symbol or a long number identifies is found alone; what any
        other word identifies comes first. Of a query without anything in it all things are found; of one without a
        word, none.
        """
        identified = self._identified(query, filters)
        if identified and ALONE.fullmatch(query):
            return self._found(ParsedQuery((), ()), identified, start, size)
        if TOGETHER.fullmatch(query):
            words = tuple(Word(text) for key in keys_of(query)[-1:] for text in written(key))
            reading = ParsedQuery(tuple(word.text for word in words), words, together=True)
            matches = self._matching(reading, filters) if words else []
            return self._found(reading, sorted(matches), start, size)
        reading = self.read(query, languages)
        matches = self._matching(reading, filters) if reading.words or not query.strip() else []
        if not matches and len(reading.words) > 1:
            reading = replace(reading, any=True)
            matches = self._matching(reading, filters)
        first = {thing for _, thing, _ in identified}
        return self._found(
            reading, [*identified, *sorted(match for match in matches if match[1] not in first)], start, size
        )

    def _found(self, reading: ParsedQuery, matches: list[Match], start: int, size: int) -> Found:
        """Some of the things that were found, in their order."""
        hits = self._hits(thing for _, thing, _ in matches[start : start + size])
        return Found(reading, len(matches), hits, b"".join(held for *_, held in matches))

    def _identified(self, query: str, filters: Filters) -> list[Match]:
        """The things that a query identifies as it is written, or by the next best of its keys."""
        if not query or not (ALONE.fullmatch(query) or query.isalnum()):
            return []
        matches = (self._rows(f"{IDENTIFIED}{held_of(filters)}", key, *values_of(filters)) for key in keys_of(query))
        return next(filter(None, matches), [])

    def _matching(self, reading: ParsedQuery, filters: Filters) -> list[Match]:
        """The things that have what is looked for, if anything is, and what the filters ask."""
        held, arguments = held_of(filters), values_of(filters)
        if not reading.words:
            return self._rows(f"{ALL}{held}", *arguments)
        best = f"{BEST}{held} ORDER BY words.rowid LIMIT {MAX_SCORED}"
        matches = self._rows(best, reading.expression, *arguments)
        if len(matches) == MAX_SCORED:
            matches += self._rows(f"{OTHERS}{held}", reading.expression, matches[-1][1], *arguments)
        return matches

    def suggest(self, query: str, languages: Iterable[str], size: int) -> Found:
        """The things that are, or were, called by all words of a query, of which the last may be a beginning.

        First come those that it identifies, then those whose name begins so, then others; of each those that most
        others name. Of an address or a symbol, all that have one which begins so.
        """
        identified = [thing for _, thing, _ in self._identified(query, {})]
        if not identified and TOGETHER.fullmatch(query):
            identified = [thing for (thing,) in self._rows(BEGUN, keys_of(query)[-1], size)]
        if identified and ALONE.fullmatch(query):
            return Found(ParsedQuery((), ()), len(identified), self._hits(identified[:size]))
        words = tuple(written(query))
        typed = ParsedQuery(words, tuple(Word(text, begins=text == words[-1]) for text in words))
        suggested = self._suggested(typed, size) or self._suggested(self.read(query, languages), size)
        if suggested and identified:
            first = self._hits(identified)
            hits = [*first, *(hit for hit in suggested.hits if hit not in first)]
            return replace(suggested, hits=hits[:size])
        return suggested or Found(typed, len(identified), self._hits(identified[:size]))

    def _suggested(self, reading: ParsedQuery, size: int) -> Found | None:
        """The things that are called by all words of a query as these are spelled, if there is any."""
        if not reading.words:
            return None
        beginning = within((WHOLE,), f'"{"".join(reading.taken)}"*')
        inside = within(FIELDS[:2], " AND ".join(word.phrase for word in reading.words))
        first = self._first(beginning, size)
        things = dict.fromkeys([*first, *(self._first(inside, size) if len(first) < size else ())])
        sql = "SELECT count(*) FROM words WHERE words MATCH ?"
        total = int(self._rows(sql, f"{beginning} OR {inside}")[0][0])
        return Found(reading, total, self._hits(islice(things, size))) if things else None

    def _first(self, expression: str, size: int) -> list[int]:
        """The things that match an expression, those that most others name."""
        sql = "SELECT rowid FROM words WHERE words MATCH ? ORDER BY rowid LIMIT ?"
        return [thing for (thing,) in self._rows(sql, expression, size)]

    def facets(self, paths: Iterable[str]) -> Facets:
        """The facets of some things, by their paths."""
        sql = "SELECT facets FROM json_each(?) CROSS JOIN things ON things.path = value"
        return self.counted(b"".join(held for (held,) in self._rows(sql, json.dumps(list(paths)))))

    def labels(self, paths: Iterable[str]) -> dict[str, dict[str, str]]:
        """What some things are called, by path and language."""
        sql = (
            "SELECT things.path, language, text FROM json_each(?) CROSS JOIN things ON things.path = value "
            "JOIN texts ON thing = things.id WHERE field = 0"
        )
        labels: dict[str, dict[str, str]] = defaultdict(dict)
        for path, language, text in self._rows(sql, json.dumps(list(paths))):
            labels[path][language] = text
        return labels

    @cached_property
    def _facets(self) -> dict[int, tuple[str, str]]:
        return {number: (name, value) for number, name, value in self._rows("SELECT id, name, value FROM facets")}

    @cached_property
    def values(self) -> dict[str, set[str]]:
        """By the name of each facet of which there is a value, its values."""
        values: dict[str, set[str]] = defaultdict(set)
        for name, value in self._facets.values():
            values[name].add(value)
        return values

    @property
    def names(self) -> list[str]:
        """The names of the facets of which there is a value."""
        return list(self.values)

    def counted(self, held: bytes) -> Facets:
        """How many of some things have each facet, by what these hold (32-bit integers)."""
        counts = Counter(memoryview(held).cast("I"))
        facets: Facets = defaultdict(dict)
        for number in sorted(counts, key=lambda number: (-counts[number], self._facets[number])):
            name, value = self._facets[number]
            facets[name][value] = counts[number]
        return facets

    def _hits(self, things: Iterable[int]) -> list[Hit]:
        """Things with their texts, in the order given."""
        texts = "SELECT field, property, language, text FROM texts WHERE thing = ? ORDER BY place"
        return [
            Hit(path, tuple(ThingText(*row) for row in self._rows(texts, thing)))
            for thing in things
            for (path,) in self._rows("SELECT path FROM things WHERE id = ?", thing)
        ]

    def _rows(self, sql: str, *arguments: str | int) -> list[Any]:
        return self._database.execute(sql, arguments).fetchall()
