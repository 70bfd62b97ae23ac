"""Pack: makes the packs of a dataset, the entries of its search index, and its statistics, or those that have changed.

Which things have changed follows from the log of differences in the workspace. From nothing, several processes make
packs in parallel.
"""

import zlib
from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

from pyoxigraph import DefaultGraph, NamedNode, Quad, Store

from kg.cache.filled_lines import Lines, Place
from kg.cache.workspace import STORE
from kg.dataset.layout import SEARCH_INDEX, SOURCE_LINES, Pack, Packs, parts_in
from kg.dataset.packs import (
    KeptPart,
    Part,
    cut,
    cut_anew,
    is_current,
    kept_pack,
    kept_parts,
    make_pack,
    make_source_pack,
    n_quads,
)
from kg.dataset.search_index import Analyzer, Entry, update_index, write_index
from kg.dataset.source_lines import update_source_lines, write_source_lines
from kg.dataset.statistics import ClassesOf, Statistics
from kg.model.context import Framing
from kg.processes import forked
from kg.sparql.oxigraph import select
from kg.steps.describe import counting
from kg.steps.origins import tombstone
from kg.steps.results import Packed, Records
from kg.steps.state import State

FEW = 40
"""Number of packs that one process makes as fast as several."""

OTHERS = "SELECT ?s { ?s ?p ?o } GROUP BY ?s HAVING(!STRSTARTS(STR(?s), '$'))"
OBJECTS = "SELECT (COUNT(DISTINCT ?o) AS ?n) { ?s ?p ?o }"
"""The subjects that are not things, and the number of different objects."""


@dataclass(slots=True)
class Slot:
    """The packs of consecutive things: their paths, the packs of data and of sources, and the SHA-256 of the parts."""

    paths: list[str]
    data: Pack
    sources: Pack
    digests: list[str]


class Thing(NamedTuple):
    """What is known about a thing: its path, the fragments of its parts, and the lines of its keys as JSON.

    `place` is that of its filled lines, if these are what the store contains.
    """

    path: str
    parts: tuple[str, ...]
    lines: str
    place: Place | None = None


@dataclass(slots=True)
class Made:
    """What a process has made of some things: their slot, their entries, and their statistics without `objects`."""

    slot: Slot
    entries: list[Entry]
    statistics: Statistics


@dataclass(slots=True)
class Outdated:
    """What was packed under another model and would be something else under this one.

    `parts` are the paths of the things whose packs, and `entries` those whose entries in the search index are outdated.
    """

    parts: set[str] = field(default_factory=set)
    entries: set[str] = field(default_factory=set)
    statistics: bool = False

    def __bool__(self) -> bool:
        return bool(self.parts or self.entries or self.statistics)


class Packer:
    """Makes packs of the things of a store; `directory` is that of the packs."""

    def __init__(self, state: State, directory: Path) -> None:
        self.state, self.directory, self.names = state, directory, state.model.names
        self.framing = Framing(state.model.schema, self.names)
        self.analyzer = Analyzer(state.model.schema, self.names)
        self.counting = counting(state.model)
        self.inferred = state.inferred

    def thing(self, path: str) -> Thing:
        """What is known about the thing with a path."""
        filled = self.state.filled_lines
        return Thing(
            path, self.state.stated[path].parts, self.state.lines(path), filled.place(path) if filled else None
        )

    def part(self, store: Store, thing: Thing, filled: Lines | None = None) -> Part:
        """The part of a thing; `filled` are its filled lines, if these are what the store contains."""
        if filled is not None:
            return Part.of_lines(thing.path, filled.asserted, filled.inferred, self.names)
        iri = self.names.thing(thing.path)
        subjects = [iri, *(f"{iri}#{part}" for part in thing.parts)]
        return Part.of(thing.path, self.quads(store, subjects), self.names)

    def quads(self, store: Store, subjects: Iterable[str]) -> list[Quad]:
        """The quads of some subjects in the default graph and in the inferred graph."""
        return [
            quad
            for subject in map(NamedNode, subjects)
            for graph in (DefaultGraph(), self.inferred)
            for quad in store.quads_for_pattern(subject, None, None, graph)
        ]

    def data(self, parts: Sequence[Part | KeptPart]) -> tuple[Pack, list[str]]:
        """The pack of some parts, and their SHA-256."""
        pack = make_pack(self.directory, parts, self.framing, self.names)
        return pack, parts_in(self.directory / pack.name)[1]

    def sources(self, store: Store, things: list[Thing], filled: Mapping[str, Lines]) -> Pack:
        """The pack of the sources of some things; `filled` are the filled lines of some, by path."""
        return make_source_pack(self.directory, ((t.path, self.origin(store, t, filled), t.lines) for t in things))

    def origin(self, store: Store, thing: Thing, filled: Mapping[str, Lines]) -> list[bytes]:
        """The lines of the origin of a thing, sorted."""
        if thing.path in filled:
            return sorted(filled[thing.path].origin.splitlines(keepends=True))
        return n_quads(self.state.origins(thing.path, store))

    def make(self, store: Store, classes_of: ClassesOf, things: list[Thing]) -> Made:
        """Everything about some things; `classes_of` are the classes of the subjects in the store."""
        file = self.state.filled_lines
        filled = {thing.path: file.read(thing.place) for thing in things if file and thing.place}
        parts = [self.part(store, thing, filled.get(thing.path)) for thing in things]
        counted = self.counting.part([triple for part in parts for triple in part.triples], classes_of)
        data, digests = self.data(parts)
        sources = self.sources(store, things, filled)
        entries = [entry for part in parts if (entry := self.entry(part))]
        return Made(Slot([part.path for part in parts], data, sources, digests), entries, counted)

    def entry(self, part: Part) -> Entry | None:
        """The entry of a thing in the search index."""
        return self.analyzer.entry(part.path, part.triples)


def pack(state: State, directory: Path, records: Records) -> Packed:
    """Brings the packs in a directory, the search index, the source lines and the statistics up to date."""
    packing: Packing | None = state.packing
    if packing is None or packing.packer.directory != directory:
        packing = state.packing = Packing(state, directory)
    return packing.update(records)


class Packing:
    """The packs of the things, and what else is kept about them in the workspace, up to a position in its log."""

    def __init__(self, state: State, directory: Path) -> None:
        self.state, self.workspace = state, state.workspace
        self.packer = Packer(state, directory)
        self.slots: list[Slot] = []
        self.others: set[str] = set()
        """The subjects that are not things."""
        self.rest: Pack | None = None
        self.rest_digests: list[str] = []
        self._rest_parts: dict[str, tuple[list[Quad], KeptPart]] = {}
        """The parts of the pack of the rest with their quads, by the IRI of their subject."""
        self.withdrawn: list[Quad] = []
        self._touched_others = False
        self._outdated = Outdated()
        self.statistics = Statistics()
        self.digests: list[str] = []
        """The SHA-256 of the parts of all things, sorted."""
        self.made = 0
        """The number of slots that the last update has made."""
        self.position: int | None = None
        self.files = self.workspace.directory or directory.parent
        self.index, self.lines = self.files / SEARCH_INDEX, self.files / SOURCE_LINES
        self._load()

    def update(self, records: Records) -> Packed:
        """Makes what has changed."""
        position, self.made = self.workspace.position, 0
        self.workspace.keep("packed", None)  # the files are incomplete until this ends
        tombstones = [quad for each in records.withdrawn.values() for quad in tombstone(self.state.model.names, each)]
        if self.position is None:
            self._make_all()
        elif position != self.position or self._outdated:
            self._make_changed(self.position)
        others_changed = self.rest is None or tombstones != self.withdrawn or self._touched_others
        if others_changed:
            self._make_rest(tombstones)
        self.position, self.withdrawn, self._touched_others = position, tombstones, False
        self._save()
        self.workspace.forget(position)  # the step `check` has read it before
        assert self.rest is not None
        packs = Packs(self.rest, tuple(s.data for s in self.slots), tuple(s.sources for s in self.slots))
        return Packed(
            packs,
            [*self.digests, *self.rest_digests],
            self.statistics,
            self.index,
            self.lines,
            tombstones,
            self.made,
            [],
        )

    # ── From nothing ─────────────────────────────────────────────────────────────────────────────────────────────

    def _make_all(self) -> None:
        groups = list(cut(self.state.stated))
        self.slots, self.statistics, self._outdated = [], Statistics(), Outdated()
        for file in (self.index, self.lines):
            file.unlink(missing_ok=True)
        self.state.progress.expect("records", len(self.state.stated))

        def entries(all_made: Iterable[Made]) -> Iterator[Entry]:
            for made in all_made:
                self.slots.append(made.slot)
                self.made += 1
                self.statistics.add(made.statistics)
                self.state.progress.advance(len(made.slot.paths))
                yield from made.entries

        with making(self.packer, groups) as all_made:
            write_index(self.index, entries(all_made))
        self.state.remove_lines()
        write_source_lines(self.lines, ((path, self.state.lines(path)) for path in self.state.stated))
        self.digests = sorted(digest for slot in self.slots for digest in slot.digests)
        store = self.state.store
        things = self.state.model.names.things
        self.others = {s.value for (s,) in select(store, OTHERS.replace("$", things)).rows}
        rest = Part.of("", self._others_quads(store), self.state.model.names)
        self.statistics.add(self.packer.counting.part(rest.triples, self.packer.counting.classes_in(store)))
        [(number,)] = select(store, OBJECTS).rows
        self.statistics.objects = int(number.value)
        self._touched_others = True

    # ── What has changed ─────────────────────────────────────────────────────────────────────────────────────────

    def _make_changed(self, position: int) -> None:
        names, store = self.state.model.names, self.state.store
        removed, added = set[Quad](), set[Quad]()
        for difference in self.workspace.differences(position):
            for quads, others, these in ((difference.removed, added, removed), (difference.added, removed, added)):
                for quad in quads:
                    if quad in others:
                        others.remove(quad)
                    else:
                        these.add(quad)
        things, documents = set[str](), set[str]()
        for quad in chain(removed, added):
            subject = quad.subject.value if isinstance(quad.subject, NamedNode) else ""
            if quad.graph_name == NamedNode(names.sources):
                documents.add(subject.removeprefix(names.document("")).partition(".")[0])
            elif (path := names.path(subject)) is not None:
                things.add(path)
            else:
                self.others.add(subject)
                self._touched_others = True
        data = {quad for quad in removed if quad.graph_name != NamedNode(names.sources)}
        new = {quad for quad in added if quad.graph_name != NamedNode(names.sources)}
        counting, outdated, self._outdated = self.packer.counting, self._outdated, Outdated()
        if self._is_most(things | documents):
            self._make_all()
            return
        if outdated.statistics:
            self.statistics = counting.whole(store)
        else:
            self.statistics.add(counting.difference(store, data, new))
        stated = self.state.stated
        entries = {
            path: self.packer.entry(self.packer.part(store, self.packer.thing(path))) if path in stated else None
            for path in things | outdated.entries
        }
        update_index(self.index, entries)
        update_source_lines(self.lines, {p: self.state.lines(p) if p in stated else None for p in documents})
        self._recut(things | outdated.parts, documents)

    def _recut(self, things: set[str], documents: set[str]) -> None:
        """Makes the packs again of which a thing has changed, come or gone."""
        stated, store = self.state.stated, self.state.store
        before, slots = self.slots, {slot.data.name: slot for slot in self.slots}
        changed = things | documents
        removed = {path for path in changed if path not in stated}
        packs = [slot.data for slot in self.slots]
        self.slots = []
        kept = set[str]()
        for pack in cut_anew(packs, changed, removed, lambda pack: slots[pack.name].paths):
            if isinstance(pack, Pack):
                self.slots.append(slots[pack.name])
                kept.add(pack.name)
            else:
                self.slots.append(self._slot(store, pack, before, things, documents))
                self.made += 1
        for slot in [slot for name, slot in slots.items() if name not in kept]:
            for digest in slot.digests:
                del self.digests[bisect_left(self.digests, digest)]
        for slot in [slot for slot in self.slots if slot.data.name not in kept]:
            for digest in slot.digests:
                insort(self.digests, digest)

    def _slot(self, store: Store, paths: list[str], old: list[Slot], things: set[str], documents: set[str]) -> Slot:
        """The slot of some things; its packs are those of an old slot of the same things if these have not changed.

        The old slots are in order.
        """
        first, last = (bisect_right(old, path, key=lambda slot: slot.data.first) for path in (paths[0], paths[-1]))
        old = old[max(first - 1, 0) : last]
        same = next((slot for slot in old if slot.paths == paths), None)
        known = [*map(self.packer.thing, paths)]
        if same is not None and things.isdisjoint(paths):
            data, digests = same.data, same.digests
        else:
            kept = self._kept(old, set(paths) - things)
            data, digests = self.packer.data(
                [kept.get(thing.path) or self.packer.part(store, thing) for thing in known]
            )
        if same is not None and documents.isdisjoint(paths):
            sources = same.sources
        else:
            sources = self.packer.sources(store, known, {})
        return Slot(paths, data, sources, digests)

    def _kept(self, slots: list[Slot], paths: set[str]) -> dict[str, KeptPart]:
        """The parts of some things that are the same as in old slots, by path, as far as these can be read."""
        kept: dict[str, KeptPart] = {}
        for slot in slots:
            with suppress(OSError, EOFError, zlib.error, ValueError, KeyError, TypeError):
                parts = kept_parts(slot.data, self.packer.directory)
                kept.update({part.path: part for part in parts if part.path in paths})
        return kept

    # ── What is not about things ─────────────────────────────────────────────────────────────────────────────────

    def _others_quads(self, store: Store) -> list[Quad]:
        return self.packer.quads(store, sorted(self.others))

    def _make_rest(self, tombstones: list[Quad]) -> None:
        model = self.state.model
        quads = chain(self._others_quads(self.state.store), model.ontology, model.shapes, tombstones)
        known, self._rest_parts = self._rest_parts, {}
        for iri, about in by_subject(quads):
            before = known.get(iri)
            if before is None or before[0] != about:
                before = about, Part.of(iri, about, model.names).kept(self.packer.framing, model.names)
            self._rest_parts[iri] = before
        self.rest, self.rest_digests = self.packer.data([part for _, part in self._rest_parts.values()])

    # ── What is kept ─────────────────────────────────────────────────────────────────────────────────────────────

    def _save(self) -> None:
        names = [(slot.data.name, slot.sources.name) for slot in self.slots]
        kept = (self.position, names, self.others, self.statistics.as_json(), *self._rules(self.statistics.terms))
        self.workspace.keep("packed", kept)

    def _rules(self, terms: frozenset[str]) -> tuple[dict[str, list[Any]], frozenset[str]]:
        """What decides the entries of the things of each kind, and which properties are bounds of dates."""
        analyzer, bounds = self.packer.analyzer, self.packer.counting.bounds
        return {kind: analyzer.rules(kind, terms) for kind in analyzer.kinds}, bounds & terms

    def _load(self) -> None:
        kept = self.workspace.result("packed")
        if kept is None or not (self.index.is_file() and self.lines.is_file()):
            return
        position, names, self.others, statistics, *rules_before = kept
        directory, outdated = self.packer.directory, self._outdated
        for data, sources in names:
            packs = kept_pack(directory / data), kept_pack(directory / sources)
            if packs[0] is None or packs[1] is None:
                return
            paths, digests = parts_in(directory / data)
            self.slots.append(Slot(paths, packs[0], packs[1], digests))
            if not is_current(directory / data, self.packer.framing, self.packer.names):
                outdated.parts.update(paths)
        self.digests = sorted(digest for slot in self.slots for digest in slot.digests)
        self.statistics = Statistics.from_json(statistics)
        before, bounds_before = rules_before
        rules, bounds = self._rules(self.statistics.terms)
        outdated.statistics = bounds != bounds_before
        kinds = {kind for kind, rule in rules.items() if rule != before.get(kind)}
        outdated.entries.update(path for path in self.state.stated if path.partition("/")[0] in kinds)
        if not (self._is_most(outdated.parts) or self._is_most(outdated.entries)):
            self.position = position

    def _is_most(self, paths: set[str]) -> bool:
        """True for so many things that it is faster to make everything about all things in several processes."""
        return 2 * len(paths) > len(self.state.stated)


# ── Several processes ────────────────────────────────────────────────────────────────────────────────────────────────


@contextmanager
def making(packer: Packer, groups: list[list[str]]) -> Iterator[Iterator[Made]]:
    """Everything about some groups of things, in order; made by as many processes as there are processors if many.

    The processes are given what is known about the things, because to use the state would copy its memory.
    """
    workspace = packer.state.workspace
    tasks = ([*map(packer.thing, group)] for group in groups)
    if len(groups) <= FEW or workspace.directory is None:
        classes_of = packer.counting.classes_in(workspace.store)
        yield (packer.make(workspace.store, classes_of, things) for things in tasks)
        return
    workspace.close_store()
    place = str(workspace.directory / STORE)

    @cache
    def opened() -> tuple[Store, ClassesOf]:
        """The store, which each process opens for itself, and the classes of its subjects."""
        store = Store.read_only(place)
        return store, packer.counting.classes_in(store)

    def make(things: list[Thing]) -> Made:
        return packer.make(*opened(), things)

    with forked(make) as each:
        yield each(tasks)


def by_subject(quads: Iterable[Quad]) -> list[tuple[str, list[Quad]]]:
    """Quads, each once, by the IRI of their subject without its fragment; those of blank nodes are together."""
    groups: dict[str, dict[Quad, None]] = defaultdict(dict)
    for quad in quads:
        subject = quad.subject
        groups[subject.value.partition("#")[0] if isinstance(subject, NamedNode) else "_:"][quad] = None
    return [(iri, [*groups[iri]]) for iri in sorted(groups)]
