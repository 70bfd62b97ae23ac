"""The engine: the SPARQL store that answers for one published dataset.

Embedded Oxigraph, on the engine's own files where the build made them, else in memory from the dataset's files.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pyoxigraph import QueryBoolean, QuerySolutions, QueryTriples, RdfFormat, Store, Triple, parse

from kg.names import Names

ENGINE = ".engine"
"""The directory beside the versions that holds the engine's own files of each."""

Answer = QuerySolutions | QueryBoolean | QueryTriples


class NoDatasetError(Exception):
    """Raised when a directory holds no published dataset; the message says how to make one."""


@dataclass(frozen=True, slots=True)
class Dataset:
    """A published dataset: its directory, its manifest, and the names under its base."""

    directory: Path
    manifest: dict[str, Any]

    @classmethod
    def current(cls, published: Path) -> "Dataset":
        """The dataset that `current` points at; raises NoDatasetError."""
        directory = (published / "current").resolve()
        try:
            return cls(directory, json.loads((directory / "manifest.json").read_bytes()))
        except OSError as error:
            raise NoDatasetError(
                f"{published} holds no published dataset; run: kg build --published {published}"
            ) from error

    @property
    def version(self) -> str:
        return str(self.manifest["version"])

    @property
    def names(self) -> Names:
        return Names(str(self.manifest["base"]))

    def open(self) -> Store:
        """The engine with the dataset in it, for reading only."""
        files = self.directory.parent / ENGINE / self.version
        if files.is_dir():
            return Store.read_only(str(files))
        store = Store()
        load(store, self.directory)
        return store


def load(store: Store, directory: Path) -> None:
    """Loads the files of a version; blank nodes keep their canonical labels."""
    for name in ("data.nq", "catalogue.nq"):
        store.bulk_extend(parse(path=str(directory / name), format=RdfFormat.N_QUADS))


class Engine:
    """Answers SPARQL queries on one dataset; prefixes of the dataset are known to its own queries."""

    name = "oxigraph"

    def __init__(self, dataset: Dataset) -> None:
        self.dataset = dataset
        self.names = dataset.names
        self._store = dataset.open()
        self._prologue = "".join(f"PREFIX {prefix}: <{iri}>\n" for prefix, iri in self.names.prefixes.items())

    def query(self, query: str, **dataset: Any) -> Answer:
        """Any SPARQL 1.1 query as it stands; SyntaxError if it is none. `dataset`: default_graph, named_graphs."""
        return self._store.query(query, **dataset)

    def select(self, query: str) -> list[dict[str, Any]]:
        """The solutions of a query of ours, as terms by variable name; unbound variables are absent."""
        solutions = self.query(self._prologue + query)
        assert isinstance(solutions, QuerySolutions)
        names = [variable.value for variable in solutions.variables]
        return [{n: s[n] for n in names if s[n] is not None} for s in solutions]

    def construct(self, query: str) -> list[Triple]:
        """The triples of a query of ours, each once."""
        triples = self.query(self._prologue + query)
        assert isinstance(triples, QueryTriples)
        return list(dict.fromkeys(triples))
