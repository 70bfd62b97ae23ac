"""The holding: the dataset that the host holds, in memory or on disk, and how another version takes its place."""

import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import IO

from pyoxigraph import RdfFormat, Store, parse, serialize

from kg.dataset.layout import Dataset, NoDatasetError
from kg.dataset.opening import load
from kg.sparql.oxigraph import open_files
from server.holder import Holder
from server.queries.difference import difference

BATCH = 5000
"""Number of quads that are removed or added at once, so that queries are not kept waiting."""

MAX_REASON_BYTES = 2**12
"""Maximum length of the reason why a version cannot be taken up, in bytes."""


@dataclass(frozen=True, slots=True)
class Difference:
    """The difference of the version that is held and another one, which a child process is writing.

    `process` is that process, and `report` the descriptor that becomes readable when it ends.
    """

    dataset: Dataset
    process: int
    report: int
    removed: IO[bytes]
    added: IO[bytes]

    def check(self) -> None:
        """Waits for the process to end. Raises NoDatasetError if it failed."""
        with open(self.report, "rb") as report:
            reason = report.read().decode(errors="replace")
        _, status = os.waitpid(self.process, 0)
        if status:
            raise NoDatasetError(reason or f"the process that reads it ended with {status}")


class Holding:
    """A dataset in memory if it has at most `most` triples, and else on disk; once it is on disk, it stays there."""

    def __init__(self, dataset: Dataset, most: int, holder: Holder) -> None:
        dataset = holder.hold(dataset)
        self.dataset, self._most, self._holder = dataset, most, holder
        self.store: Store | None = None
        if dataset.manifest.counts.triples <= most:
            self.store = Store()
            load(self.store, dataset)
        else:
            open_files(dataset.engine_files)

    def open(self) -> tuple[Store, int]:
        """The store, and the number of files that it may open later. A worker opens the files of a store on disk."""
        if self.store is not None:
            return self.store, 0
        directory = self.dataset.engine_files
        return open_files(directory), len(os.listdir(directory))

    def difference(self, dataset: Dataset) -> Difference | None:
        """Begins to find the difference from another version; None if that one is opened on disk.

        Raises OSError if its files cannot be opened.
        """
        if self.store is None or dataset.manifest.counts.triples > self._most:
            open_files(dataset.engine_files)
            return None
        dataset = self._holder.hold(dataset)
        removed, added = tempfile.TemporaryFile(), tempfile.TemporaryFile()  # noqa: SIM115  # apply closes them
        report, theirs = os.pipe()
        process = os.fork()
        if process == 0:
            write_difference(self.dataset, dataset, self.store, (removed, added), theirs)
        os.close(theirs)
        return Difference(dataset, process, report, removed, added)

    def apply(self, change: Difference) -> Iterator[None]:
        """Changes the store, one batch for each step."""
        assert self.store is not None
        for file, is_added in ((change.removed, False), (change.added, True)):
            with file:
                file.seek(0)
                quads = parse(file, format=RdfFormat.N_QUADS)
                while batch := list(islice(quads, BATCH)):
                    if is_added:
                        self.store.extend(batch)
                    else:
                        for quad in batch:
                            self.store.remove(quad)
                    yield
        self.dataset = change.dataset

    def move(self, dataset: Dataset) -> None:
        """Holds another version on disk."""
        self.dataset, self.store = self._holder.hold(dataset), None


def write_difference(old: Dataset, new: Dataset, store: Store, files: tuple[IO[bytes], IO[bytes]], report: int) -> None:
    """Writes the difference of two versions to files, as N-Quads, and ends this process; `report` gets the reason."""
    try:
        for quads, file in zip(difference(old, new, store), files, strict=True):
            serialize(quads, file, format=RdfFormat.N_QUADS)
            file.flush()
    except BaseException as error:
        os.write(report, f"{error}".encode()[:MAX_REASON_BYTES])
        os._exit(1)
    os._exit(0)
