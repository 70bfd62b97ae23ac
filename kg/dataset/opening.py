"""Opening: a published dataset in the engine, from the files of the engine or into memory."""

import io
from collections.abc import Iterable, Iterator

from pyoxigraph import Quad, RdfFormat, Store, parse

from kg.dataset.dumps import Stream
from kg.dataset.layout import Dataset, Pack
from kg.sparql.oxigraph import Oxigraph, open_files


def load(store: Store, dataset: Dataset) -> None:
    """Loads a dataset; blank nodes keep their canonical labels."""
    packs = dataset.packs
    for file in dataset.graphs:
        store.bulk_extend(parse(path=str(file), format=RdfFormat.N_QUADS))
    store.bulk_extend(quads_in(dataset, [packs.rest]))
    for about_things in (packs.sources, packs.things):  # where no node is blank
        lines = Stream(dataset.n_quads(about_things))
        store.bulk_load(io.BufferedReader(lines), RdfFormat.N_QUADS)


def quads_in(dataset: Dataset, packs: Iterable[Pack]) -> Iterator[Quad]:
    """The quads of some packs of a dataset."""
    for lines in dataset.n_quads(packs):
        yield from parse(lines, format=RdfFormat.N_QUADS)


def changes(before: Dataset, after: Dataset) -> tuple[set[Quad], set[Quad]]:
    """The quads of all graphs that a later version no longer has, and those that it has in addition.

    It reads the packs and the files that differ, and compares their lines, which are canonical: after a change of most
    packs, loading the later version anew is cheaper.
    """

    def read(dataset: Dataset, other: Dataset) -> set[bytes]:
        packs, known = dataset.packs, other.packs.names
        contents = [*dataset.n_quads(p for p in (*packs.data, *packs.sources) if p.name not in known)]
        for file, same in zip(dataset.graphs, other.graphs, strict=True):
            if dataset.digest(file) != other.digest(same):
                contents.append(file.read_bytes())
        return {line for content in contents for line in content.splitlines(keepends=True)}

    old, new = read(before, after), read(after, before)
    return parsed(old - new), parsed(new - old)


def parsed(lines: Iterable[bytes]) -> set[Quad]:
    """The quads of some lines of N-Quads."""
    return set(parse(b"".join(lines), format=RdfFormat.N_QUADS))


def open_engine(dataset: Dataset) -> Oxigraph:
    """A read-only engine with a dataset; it is in memory if its own files are missing or damaged."""
    try:
        store = open_files(dataset.engine_files)
    except OSError:
        store = Store()
        load(store, dataset)
    return Oxigraph(store, dataset.names)
