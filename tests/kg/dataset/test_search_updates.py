"""Search: an index that was updated many times is one that was written from nothing."""

import json
import random
import sqlite3
from array import array
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from kg.dataset.database import changing
from kg.dataset.finder import Finder
from kg.dataset.layout import Dataset
from kg.dataset.search_index import Entry, Index, columns_of, update_index, write_index
from kg.names import DEFAULT_BASE, Names
from kg.sparql.oxigraph import open_files
from tests.building import model
from tests.kg.dataset.parts import entries

UPDATES = 200


@pytest.fixture(scope="module")
def real_entries(real: Path) -> list[Entry]:
    """The entries of the real graph, by path."""
    schema = model().schema
    assert schema is not None
    return list(entries(open_files(Dataset.current(real).engine_files), schema, Names(DEFAULT_BASE)))


def content(file: Path) -> dict[str, Any]:
    """The content of an index in an order that depends on nothing else: whatever it holds, with paths in place of ids.

    The words are those that FTS5 holds, each with its places; `sizes` are the numbers of words by which it ranks.
    """
    with closing(sqlite3.connect(file)) as database:

        def rows(sql: str) -> list[Any]:
            return database.execute(sql).fetchall()

        facets = {number: (name, value) for number, name, value in rows("SELECT id, name, value FROM facets")}
        properties = {number: (field, iri) for number, field, iri in rows("SELECT id, field, iri FROM properties")}
        database.execute("CREATE VIRTUAL TABLE temp.instances USING fts5vocab(main, words, instance)")
        return {
            "things": {
                path: (
                    uses,
                    sorted(facets[each] for each in array("I", held)),
                    [(*properties[at], *text) for at, *text in json.loads(texts)],
                    json.loads(keys),
                )
                for path, uses, held, texts, keys in rows(
                    "SELECT path, uses, facets, texts, keys FROM things LEFT JOIN texts ON thing = id"
                )
            },
            "facets": sorted(rows("SELECT name, value, things FROM facets")),
            "holds": sorted(
                (facets[facet], path)
                for facet, path in rows("SELECT facet, path FROM holds LEFT JOIN things ON id = thing")
            ),
            "identifiers": sorted(rows("SELECT key, path FROM identifiers LEFT JOIN things ON id = thing")),
            "vocabulary": rows("SELECT * FROM vocabulary ORDER BY term, col"),
            "words": rows(
                "SELECT term, path, col, offset FROM instances LEFT JOIN things ON id = doc ORDER BY 1, 2, 3, 4"
            ),
            "sizes": rows("SELECT path, sz FROM words_docsize LEFT JOIN things USING (id) ORDER BY path"),
            "averages": rows("SELECT block FROM words_data WHERE id = 1"),
            "tables": sorted(rows("SELECT name, sql FROM sqlite_schema")),
        }


def answers(file: Path, queries: Iterable[str]) -> list[Any]:
    """What a finder answers on an index."""
    finder, languages = Finder(file), ("en", "fr")
    found: list[Any] = [finder.values, finder.names]
    for query in queries:
        for filters in ({}, {"kind": ("release", "person")}):
            for start in (0, 20):
                results = finder.find(query, languages, filters, start, 20)
                counts = [(name, list(values.items())) for name, values in finder.counted(results.held).items()]
                found.append((query, results.reading, results.total, results.hits, counts))
        found.append((query, finder.suggest(query, languages, 8)))
    return found


def mixed(rng: random.Random, entry: Entry, others: list[Entry]) -> Entry:
    """An entry with some of the texts, facets and keys of others, and some that name others."""
    one, two, three = rng.sample(others, 3)
    texts = {*rng.sample(entry.texts, rng.randint(1, len(entry.texts))), *rng.sample(one.texts, min(2, len(one.texts)))}
    facets = {*rng.sample(entry.facets, rng.randint(1, len(entry.facets))), ("place", two.path), ("about", three.path)}
    return Entry(entry.path, (kept := tuple(sorted(texts))), tuple(sorted(facets)), entry.keys[1:], columns_of(kept))


def test_two_hundred_updates_make_the_index_that_is_written_from_nothing(
    real_entries: list[Entry], tmp_path: Path
) -> None:
    rng = random.Random(21)
    now = {entry.path: entry for entry in real_entries if rng.random() < 0.6}
    assert len(now) > 1000
    write_index(tmp_path / "updated", (now[path] for path in sorted(now)))
    done = {"added": 0, "removed": 0, "changed": 0}
    for _ in range(UPDATES):
        changed: dict[str, Entry | None] = {}
        for entry in rng.sample(real_entries, rng.choice((1, 1, 1, 2, 5))):
            was, how = entry.path in now, rng.random()
            changed[entry.path] = None if how < 0.3 else entry if how < 0.6 else mixed(rng, entry, real_entries)
            done["removed"] += was and how < 0.3
            done["changed"] += was and how >= 0.3
            done["added"] += not was and how >= 0.3
        update_index(tmp_path / "updated", changed)
        now = {path: entry for path, entry in {**now, **changed}.items() if entry}
    assert min(done.values()) > 40, done
    write_index(tmp_path / "written", (now[path] for path in sorted(now)))
    updated, written = content(tmp_path / "updated"), content(tmp_path / "written")
    assert [name for name in written if updated[name] != written[name]] == []
    texts = [text[3] for entry in rng.sample(sorted(now.values()), 40) for text in entry.texts[:1]]
    queries = ["", "the", "osce", "security meeting", "electin", *(" ".join(text.split()[:2]) for text in texts)]
    queries += [key for entry in rng.sample(sorted(now.values()), 20) for key in entry.keys[:1]]
    assert answers(tmp_path / "updated", queries) == answers(tmp_path / "written", queries)


def test_an_update_writes_what_changed_and_not_what_there_is(real_entries: list[Entry], tmp_path: Path) -> None:
    file = tmp_path / "index"
    write_index(file, real_entries)
    uses = {path: thing[0] for path, thing in content(file)["things"].items()}
    named = max(real_entries, key=lambda entry: uses[entry.path])
    assert uses[named.path] > 200
    alone = min(real_entries, key=lambda entry: (uses[entry.path], entry.path))
    for entry in (named, alone):
        for change in (entry._replace(keys=entry.keys[1:]), None, entry):
            with changing(file) as database:
                Index(database).update({entry.path: change})
                assert database.total_changes < 300
    assert {path: thing[0] for path, thing in content(file)["things"].items()} == uses


def test_many_updates_leave_nearly_all_words_where_they_are(real_entries: list[Entry], tmp_path: Path) -> None:
    file = tmp_path / "index"
    write_index(file, real_entries)

    def blocks() -> dict[int, bytes]:
        with closing(sqlite3.connect(file)) as database:
            return dict(database.execute("SELECT id, block FROM words_data").fetchall())

    before = blocks()
    for entry in real_entries[:40]:
        update_index(file, {entry.path: entry._replace(columns=entry.columns[::-1])})
        update_index(file, {entry.path: entry})
    assert len(before.items() & blocks().items()) > 0.9 * len(before)


def test_the_uses_of_a_thing_fall_when_it_is_no_longer_named(real_entries: list[Entry], tmp_path: Path) -> None:
    file = tmp_path / "index"
    one, two, three = (entry._replace(facets=(("kind", "state"),)) for entry in real_entries[:3])
    write_index(file, [one, two._replace(facets=(("kind", "state"), ("place", one.path)))])

    def uses() -> dict[str, int]:
        return {path: thing[0] for path, thing in content(file)["things"].items()}

    assert uses() == {one.path: 1, two.path: 0}
    update_index(file, {three.path: three._replace(facets=(("about", one.path), ("place", one.path)))})
    assert uses() == {one.path: 3, two.path: 0, three.path: 0}
    update_index(file, {two.path: two, one.path: None})
    assert uses() == {two.path: 0, three.path: 0}
    update_index(file, {one.path: one, "nothing/here": None})
    assert uses() == {one.path: 2, two.path: 0, three.path: 0}
    update_index(file, {three.path: None})
    assert uses() == {one.path: 0, two.path: 0}
    assert Finder(file).values == {"kind": {"state"}}
