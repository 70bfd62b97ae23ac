"""The difference of two versions: the quads that the query host removes from its store and adds to it."""

from collections.abc import Iterable
from itertools import chain

from pyoxigraph import Quad, RdfFormat, parse

from kg.dataset.layout import Dataset, NoDatasetError
from kg.dataset.opening import changes, quads_in


def difference(old: Dataset, new: Dataset, store: Iterable[Quad]) -> tuple[Iterable[Quad], Iterable[Quad]]:
    """The quads to remove from a store with the old version, and those to add, so that it contains the new version.

    If the files of the old version have been removed or replaced, its quads are read from the store. Raises OSError or
    SyntaxError if the files of the new version are missing or damaged.
    """
    if is_there(old, new):
        return changes(old, new)
    files = (parse(path=str(file), format=RdfFormat.N_QUADS) for file in new.graphs)
    before, after = set(store), {*chain.from_iterable(files), *quads_in(new, (*new.packs.data, *new.packs.sources))}
    return before - after, after - before


def is_there(dataset: Dataset, other: Dataset) -> bool:
    """True if the directory of a dataset still contains it, with the packs that another dataset does not have."""
    try:
        packs, known = dataset.packs, other.packs.names
        is_same = Dataset.at(dataset.directory).identity == dataset.identity
    except NoDatasetError:
        return False
    different = (pack for pack in (*packs.data, *packs.sources) if pack.name not in known)
    return is_same and all(dataset.pack_file(pack).is_file() for pack in different)
