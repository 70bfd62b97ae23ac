"""Map: decides which triples the records state now, and how these differ from those in the store.

The triples of a certain record are known since it was read, if the things that it names exist and belong to right
classes. Any other record is mapped again with the index, which finds its problems. For a record with errors, its
triples are those of its valid values. A record whose class or path is uncertain has none.
"""

from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from pyoxigraph import Quad, Triple

from kg.diagnostics.problems import Problem, errors
from kg.sources.facts import Facts
from kg.sources.statements import RecordStatements, parts_of, texts
from kg.sparql.quads import in_graph
from kg.steps.fill import Filler
from kg.steps.results import Read, Records, Restated, Stated
from kg.steps.state import State

NO_CLASS = "E213"
"""The code of a problem because of which the class of a record is uncertain."""


@dataclass(slots=True)
class Now:
    """What is stated now about some things: that they are stated, their triples, and the origins of their documents."""

    stated: dict[str, Stated] = field(default_factory=dict)
    triples: dict[str, list[Triple]] = field(default_factory=dict)
    origins: dict[str, list[Quad]] = field(default_factory=dict)


def map_records(state: State, read: Read, records: Records) -> Restated:
    """Returns the triples that are not stated any more, and those that are stated now."""
    now, filler = Now(), Filler(state)
    again = files_to_map(state, read, records)
    same = unchanged(state, read, again)
    for file in (*read.before, *again):
        state.uncertain.pop(file, None)
    for file in sorted(again):
        map_file(state, filler, read, file, now)
    certain = {
        record.facts.path: Stated(file, record.parts)
        for file, statements in read.changed.items()
        if file not in again
        for record in statements.records
    }
    paths = {facts.path for facts in state.facts(again)} | records.changes.records
    if read.filled:
        state.restate(loaded(read))
        untangle(state, again)
        paths -= certain.keys()
    else:
        paths |= {record.facts.path for statements in read.before.values() for record in statements.records}
        paths |= certain.keys()
        now.stated |= certain
        now.triples |= {path: read.triples.get(path, []) for path in certain}
        now.origins |= {path: [*filler.origins([read.texts[path]])] for path in certain}
    state.discard_lines(paths)
    restated = Restated(set(), set(), set(), set(), [p for found in state.uncertain.values() for p in found])
    for path in paths:
        counted = state.identification.identities.counted(path)
        if counted and counted.file not in again and counted.file not in read.changed:
            continue  # it is stated by another record, which has not changed
        if path not in same:
            before, after = set(state.asserted(path)), set(now.triples.get(path, ()))
            restated.removed.update(before - after)
            restated.added.update(after - before)
        origins_before, origins_after = set(state.origins(path)), set(now.origins.get(path, ()))
        restated.origins_removed.update(origins_before - origins_after)
        restated.origins_added.update(origins_after - origins_before)
        state.restate({path: now.stated.get(path)})
    for file in read.retimed:
        for document in texts(record for record in state.reader.records(file)[0] if state.is_stated(record)):
            state.discard_lines([document.record.path])
            known, right = set(state.origins(document.record.path)), set(filler.origins([document]))
            restated.origins_removed.update(known - right)
            restated.origins_added.update(right - known)
    state.forget_references(read.changed)
    return restated


def unchanged(state: State, read: Read, again: set[Path]) -> set[str]:
    """The things whose record is another one in its file now, but states the same as before."""
    same = set[str]()
    for file in read.before.keys() & read.changed.keys() - again - state.uncertain.keys() - state.outdated:
        before = {record.facts.path: record.facts.content for record in read.before[file].records if record.certain}
        for record in read.changed[file].records:
            if record.facts.content is not None and record.facts.content == before.get(record.facts.path):
                same.add(record.facts.path)
    return same


def files_to_map(state: State, read: Read, records: Records) -> set[Path]:
    """The files with a record that is mapped with the index: those of now that changed, or that a change concerns."""
    identities, changes, right = state.identification.identities, records.changes, partial(is_right, state)
    again = {file for file, statements in read.changed.items() if not all(map(right, statements.records))}
    if read.before or read.changed or changes.things:  # the hints of problems depend on the other records
        again |= state.uncertain.keys() & state.files.keys()
    if read.filled:
        again |= {facts.file for path in identities.twice for facts in identities.records(path)}
    else:
        again |= state.naming(changes.things) & state.files.keys()
    counted = (identities.counted(path) for path in changes.records)
    return again | {facts.file for facts in counted if facts and facts.file not in read.changed}


def is_right(state: State, record: RecordStatements) -> bool:
    """True if the triples of a record in a changed file are those that were assumed when it was read."""
    identities, index = state.identification.identities, state.identification.index
    return (
        record.certain
        and record.facts.path not in identities.twice
        and identities.counted(record.facts.path) == record.facts
        and all(path in index and index.fits(path, wanted) for path, wanted in record.references)
    )


def loaded(read: Read) -> dict[str, Stated]:
    """What a store contains that was filled from nothing: the statements of all certain records."""
    found: dict[str, Stated] = {}
    for file, statements in read.changed.items():
        for record in [record for record in statements.records if record.certain]:
            path = record.facts.path
            others = found[path].parts if path in found else ()
            found[path] = Stated(file, tuple(dict.fromkeys((*others, *record.parts))))
    return found


def untangle(state: State, files: set[Path]) -> None:
    """Removes from the inferred graph what one record of a thing states and follows from another record of it."""
    for file in files:
        records = state.reader.records(file)[0]
        for triple in state.reader.assumed(r for r in records if r.path in state.identification.identities.twice):
            state.store.remove(in_graph(state.inferred, triple))


def map_file(state: State, filler: Filler, read: Read, file: Path, now: Now) -> None:
    """Takes note of what those records of a file state that count.

    Those that may have problems are mapped with the index.
    """
    identities = state.identification.identities
    problems: list[Problem] = []
    uncertain = False
    records, _ = state.reader.records(file)
    documents = {id(document.record): document for document in texts(records)}
    for record, statements in zip(records, state.files[file].records, strict=True):
        facts: Facts = statements.facts
        if file in read.changed and not read.filled and is_right(state, statements):
            now.stated[record.path] = Stated(file, statements.parts)
            now.triples[record.path] = read.triples.get(record.path, [])
            now.origins[record.path] = [*filler.origins([documents[id(record)]])]
            continue
        state.progress.count("records mapped with the index")
        counts = identities.counted(record.path) == facts
        mapped, triples = state.reader.map(record, state.identification.index, counts)
        problems += mapped.problems
        uncertain = uncertain or bool(mapped.problems) or not record.sound or not counts
        if counts and not any(problem.code == NO_CLASS for problem in mapped.problems):
            sound = record.sound and not errors(mapped.problems)
            now.stated[record.path] = Stated(file, parts_of(mapped), sound)
            now.triples[record.path] = triples
            now.origins[record.path] = [*filler.origins([documents[id(record)]])]
    if uncertain:
        state.uncertain[file] = problems
