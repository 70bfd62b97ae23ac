"""Fill: reads all files in parallel, and fills an empty store with the triples of their certain records.

Each process reads some files at a time, and writes N-Quads: the asserted triples, what follows from them alone, and the
origins of the documents. They are loaded into the store while other files are read.
"""

import gc
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from io import RawIOBase
from multiprocessing import get_context
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import IO, cast

from pyoxigraph import Quad, RdfFormat, Store, Triple, serialize

from kg.sources.statements import Document, FileStatements, chunks
from kg.sparql.quads import in_default, in_graph
from kg.steps.basis import individuals
from kg.steps.origins import origin_of
from kg.steps.state import State

CHUNK = 250_000
"""Number of bytes of source files that a process reads at a time."""

FEW = 4_000_000
"""Number of bytes of source files that one process reads as fast as several."""

Filling = tuple[list[FileStatements], bytes, bytes]
"""What some files state, and their quads and contested triples as N-Quads and N-Triples."""


class Stream(RawIOBase):
    """A stream of bytes that one thread writes and another one reads."""

    def __init__(self) -> None:
        super().__init__()
        self._queue: SimpleQueue[bytes] = SimpleQueue()
        self._rest = b""
        self._ended = False

    def put(self, content: bytes) -> None:
        """Writes bytes."""
        if content:
            self._queue.put(content)

    def end(self) -> None:
        """Ends the stream."""
        self._queue.put(b"")

    def read(self, size: int | None = -1) -> bytes:
        """The next bytes, at most `size`; no bytes at the end."""
        if not self._rest and not self._ended:
            self._rest = self._queue.get()
            self._ended = not self._rest
        cut = len(self._rest) if size is None or size < 0 else size
        content, self._rest = self._rest[:cut], self._rest[cut:]
        return content


class Filler:
    """Reads files in a process."""

    def __init__(self, state: State) -> None:
        self.model, self.reader, self.inference, self.times = state.model, state.reader, state.inference, state.times
        self.inferred = state.inferred
        self.reader.prepare()

    def fill(self, files: list[Path]) -> Filling:
        """What some files state."""
        found, triples, documents = self.reader.read(files)
        quads, contested = self.quads(triples)
        return found, nquads((*quads, *self.origins(documents))), contested

    def quads(self, triples: list[Triple]) -> tuple[list[Quad], bytes]:
        """The quads of all asserted triples about some subjects and of what follows, and the contested triples."""
        subjects = {triple.subject for triple in triples}
        conclusions, contested = list[Triple](), list[Triple]()
        for triple in self.inference.local(triples):
            (conclusions if triple.subject in subjects else contested).append(triple)
        quads = [in_default(triple) for triple in triples]
        quads += [quad for each in conclusions for quad in (in_default(each), in_graph(self.inferred, each))]
        return quads, serialize(contested, format=RdfFormat.N_TRIPLES) or b""

    def origins(self, documents: Iterable[Document]) -> Iterator[Quad]:
        """The origins of some documents."""
        for document in documents:
            yield from origin_of(self.model, document.record, document.text, self.times.get(document.record.file))


def nquads(quads: Iterable[Quad]) -> bytes:
    return serialize(quads, format=RdfFormat.N_QUADS) or b""


_filler: Filler | None = None
"""That of this worker process."""


def _fill(files: list[Path]) -> Filling:
    assert _filler is not None
    return _filler.fill(files)


def fill(state: State, files: list[Path]) -> tuple[dict[Path, FileStatements], list[bytes]]:
    """Fills the empty store of a state from all files; returns what they state, and the contested triples."""
    filler, statements = Filler(state), dict[Path, FileStatements]()
    first, others = filler.quads(individuals(state.model))
    contested = [others]
    groups = list(chunks(((file, size_of(file)) for file in files), CHUNK))
    with filled(filler, groups) as results:  # the processes are forked before the store has threads
        stream = Stream()
        stream.put(nquads(first))
        loading = Loading(state.store, stream)
        loading.start()
        try:
            for group, (found, quads, others) in zip(groups, results, strict=True):
                statements.update(zip(group, found, strict=True))
                stream.put(quads)
                contested.append(others)
        finally:
            stream.end()
            loading.join()
    if loading.error:
        raise loading.error
    return statements, contested


class Loading(Thread):
    """Loads a stream of N-Quads into a store; `error` is the reason if this fails."""

    def __init__(self, store: Store, stream: Stream) -> None:
        super().__init__(daemon=True)
        self._store, self._stream = store, stream
        self.error: Exception | None = None

    def run(self) -> None:
        try:
            self._store.bulk_load(cast(IO[bytes], self._stream), format=RdfFormat.N_QUADS)
        except Exception as error:
            self.error = error
            while self._stream.read():  # the writer must not wait
                pass


@contextmanager
def filled(filler: Filler, groups: list[list[Path]]) -> Iterator[Iterator[Filling]]:
    """What the groups of files state, in order; read by as many processes as there are processors if it is much."""
    global _filler
    if len(groups) * CHUNK <= FEW:
        yield map(filler.fill, groups)
        return
    _filler = filler
    gc.freeze()  # a child process must not copy the objects of this one by collecting garbage
    try:
        with get_context("fork").Pool(os.cpu_count()) as pool:
            yield pool.imap(_fill, groups)
    finally:
        _filler = None
        gc.unfreeze()


def size_of(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0
