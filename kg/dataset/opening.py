"""Opening: a published dataset in the engine, from the files of the engine or into memory."""

from pathlib import Path

from pyoxigraph import RdfFormat, Store, parse

from kg.dataset.layout import GRAPHS, Dataset
from kg.sparql.oxigraph import Oxigraph, open_files


def load(store: Store, directory: Path) -> None:
    """Loads the files of a version; blank nodes keep their canonical labels."""
    for name in GRAPHS:
        store.bulk_extend(parse(path=str(directory / name), format=RdfFormat.N_QUADS))


def open_engine(dataset: Dataset) -> Oxigraph:
    """A read-only engine with a dataset; it is in memory if its own files are missing or damaged."""
    try:
        store = open_files(dataset.engine_files)
    except OSError:
        store = Store()
        load(store, dataset.directory)
    return Oxigraph(store, dataset.names)
