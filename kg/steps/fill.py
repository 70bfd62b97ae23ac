"""Fill: reads all files in parallel, and fills an empty store with the triples of their certain records.

Each process reads some files at a time, and writes N-Quads: the asserted triples, what follows from them within these
files, and the origins of the documents. The store loads them from a pipe while other files are read. If packs are made
afterwards, the lines of each thing are also written to a file (kg/cache/filled_lines.py).
"""

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext, suppress
from functools import partial
from itertools import chain
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

from pyoxigraph import NamedNode, Quad, RdfFormat, Store, Triple, serialize

from kg.cache.filled_lines import Lines, Place
from kg.names import Names
from kg.processes import forked
from kg.serialize import LINE_END
from kg.sources.statements import Document, FileStatements, chunks
from kg.steps.basis import individuals
from kg.steps.origins import origin_of
from kg.steps.state import State

CHUNK = 250_000
"""Number of bytes of source files that a process reads at a time."""

FEW = 4_000_000
"""Number of bytes of source files that one process reads as fast as several."""


class Open(NamedTuple):
    """What concerns other files than those that state it.

    `contested` are the triples, as N-Triples, that follow from these files and are about a thing of another one, which
    may state them. `steps` are the predicates with which the path of a rule can lead from these files to others.
    """

    contested: bytes
    steps: frozenset[NamedNode]


class Closed(NamedTuple):
    """Some asserted triples, what follows from them about the same subjects, both as N-Triples, and what is open."""

    asserted: bytes
    inferred: bytes
    open: Open

    def quads(self, inferred: NamedNode) -> bytes:
        """All quads; `inferred` is the graph of the inferred triples."""
        return self.asserted + self.inferred + self.inferred.replace(LINE_END, f" {inferred}".encode() + LINE_END)


class Filling(NamedTuple):
    """What some files state, what of it is open, and the places of the lines of their things, if these are written."""

    statements: list[FileStatements]
    open: Open
    places: dict[str, Place]


class Filler:
    """Reads files in a process."""

    def __init__(self, state: State) -> None:
        self.model, self.reader, self.inference, self.times = state.model, state.reader, state.inference, state.times
        self.inferred = state.inferred
        self.reader.prepare()

    def fill(self, files: list[Path]) -> tuple[list[FileStatements], Closed, list[tuple[str, bytes]]]:
        """What some files state, its triples, and the origin of each document as N-Quads, by the path of its thing."""
        found, triples, documents = self.reader.read(files)
        origins = [
            (document.record.path, serialize(self.origins([document]), format=RdfFormat.N_QUADS) or b"")
            for document in documents
        ]
        return found, self.closed(triples), origins

    def closed(self, triples: list[Triple]) -> Closed:
        """All asserted triples about some subjects, and what follows from them."""
        subjects = {triple.subject for triple in triples}
        conclusions, contested = list[Triple](), list[Triple]()
        for triple in self.inference.local(triples):
            (conclusions if triple.subject in subjects else contested).append(triple)
        steps = self.inference.open_steps(chain(triples, conclusions), subjects) | {t.predicate for t in contested}
        return Closed(n_triples(triples), n_triples(conclusions), Open(n_triples(contested), frozenset(steps)))

    def origins(self, documents: Iterable[Document]) -> Iterator[Quad]:
        """The origins of some documents."""
        for document in documents:
            yield from origin_of(self.model, document.record, document.text, self.times.get(document.record.file))


def n_triples(triples: list[Triple]) -> bytes:
    """Triples as N-Triples, which are N-Quads of the default graph; a line contains `LINE_END` at its end only."""
    return serialize(triples, format=RdfFormat.N_TRIPLES) or b""


def by_thing(closed: Closed, origins: list[tuple[str, bytes]], names: Names) -> dict[str, Lines]:
    """The lines of each of some things, which have the given origins."""
    asserted, inferred = by_subject(closed.asserted), by_subject(closed.inferred)
    found: dict[str, Lines] = {}
    for path, origin in origins:
        thing = f"<{names.thing(path)}".encode()
        found[path] = Lines(b"".join(asserted[thing]), b"".join(inferred[thing]), origin)
    return found


def by_subject(lines: bytes) -> dict[bytes, list[bytes]]:
    """Lines by the beginning of their subject, up to the end of its IRI or to the fragment of a part."""
    found: dict[bytes, list[bytes]] = defaultdict(list)
    for line in lines.splitlines(keepends=True):
        found[line[: line.index(b">")].partition(b"#")[0]].append(line)
    return found


def fill(state: State, files: list[Path]) -> tuple[dict[Path, FileStatements], list[Open]]:
    """Fills the empty store of a state from all files; returns what they state, and what is open."""
    filler, statements = Filler(state), dict[Path, FileStatements]()
    first = filler.closed(individuals(state.model))
    opened = [first.open]
    sizes = {file: size_of(file) for file in files}
    groups = list(chunks(sizes.items(), CHUNK))
    state.progress.expect("kB", sum(sizes.values()) // 1000)
    with filled(state, filler, groups, first.quads(state.inferred)) as results:
        for group, filling in zip(groups, results, strict=True):
            statements.update(zip(group, filling.statements, strict=True))
            opened.append(filling.open)
            if state.filled_lines is not None:
                state.filled_lines.add(filling.places)
            state.progress.advance(sum(map(sizes.__getitem__, group)) // 1000)
    return statements, opened


@contextmanager
def filled(state: State, filler: Filler, groups: list[list[Path]], first: bytes) -> Iterator[Iterator[Filling]]:
    """What the groups of files state, in order, while their quads are loaded into the store of a state, after `first`.

    They are read by as many processes as there are processors if it is much. Each writes its quads into a pipe, from
    whose other end the store reads.
    """
    source, target = os.pipe()
    lock = get_context("fork").Lock()

    lines, names = state.filled_lines, state.model.names

    def read(files: list[Path]) -> Filling:
        statements, closed, origins = filler.fill(files)
        things = by_thing(closed, origins, names) if lines is not None else {}
        compressed = {path: each.compressed for path, each in things.items()}
        with lock:
            write(target, closed.quads(state.inferred) + b"".join(content for _, content in origins))
            places = lines.write(compressed) if lines is not None else {}
        return Filling(statements, closed.open, places)

    many = len(groups) * CHUNK > FEW
    over = forked(read, partial(os.close, source)) if many else nullcontext(partial(map, read))
    with ThreadPoolExecutor(1) as thread, suppress(BrokenPipeError), over as each:  # the thread starts after the fork
        loading = thread.submit(load, state.store, source)
        try:
            write(target, first)
            yield each(groups)
        finally:
            os.close(target)
    loading.result()  # raises the reason why the pipe broke, if it did


def load(store: Store, source: int) -> None:
    """Loads our own N-Quads from a pipe into a store, and closes the pipe."""
    try:
        store.bulk_load(path=f"/dev/fd/{source}", format=RdfFormat.N_QUADS, lenient=True)
    finally:
        os.close(source)


def write(target: int, content: bytes) -> None:
    """Writes all of some bytes to a file descriptor."""
    with os.fdopen(target, "wb", closefd=False) as stream:
        stream.write(content)


def size_of(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0
