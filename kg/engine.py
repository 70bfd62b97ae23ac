"""The engine: the SPARQL store that answers for one published dataset.

Embedded Oxigraph, on the engine's own files where the build made them, else in memory from the dataset's files.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pyoxigraph import QueryBoolean, QuerySolutions, QueryTriples, RdfFormat, Store, Triple, parse

from kg.names import Names
from kg.query_plan import reordered
from kg.query_text import QueryText

ENGINE = ".engine"
"""The directory beside the versions that holds the engine's own files of each."""

Answer = QuerySolutions | QueryBoolean | QueryTriples


class NoDatasetError(Exception):
    """Raised when a directory contains no published dataset; the message says how to make one."""


@dataclass(frozen=True, slots=True)
class Dataset:
    """A published dataset: its directory, its manifest, and the names under its base."""

    directory: Path
    manifest: dict[str, Any]

    @classmethod
    def current(cls, published: Path) -> "Dataset":
        """The dataset that `current` points at; raises NoDatasetError."""
        try:
            return cls.at((published / "current").resolve())
        except NoDatasetError as error:
            message = f"{published} contains no published dataset ({error}); run: kg build --published {published}"
            raise NoDatasetError(message) from error

    @classmethod
    def at(cls, directory: Path) -> "Dataset":
        """The dataset of one version's directory; raises NoDatasetError."""
        try:
            manifest = json.loads((directory / "manifest.json").read_bytes())
            return cls(directory, {**manifest, "version": str(manifest["version"]), "base": str(manifest["base"])})
        except OSError as error:
            raise NoDatasetError("there is no manifest.json") from error
        except (ValueError, KeyError, TypeError) as error:
            raise NoDatasetError("manifest.json is damaged") from error

    @property
    def version(self) -> str:
        return str(self.manifest["version"])

    @property
    def names(self) -> Names:
        return Names(str(self.manifest["base"]))

    def open(self) -> Store:
        """The engine with the dataset in it, for reading only; in memory where its own files are missing or damaged."""
        try:
            return open_files(self.directory.parent / ENGINE / self.version)
        except OSError:
            store = Store()
            load(store, self.directory)
            return store


def open_files(directory: Path) -> Store:
    """The engine on its own files; OSError where they are missing or damaged."""
    if not directory.is_dir():
        raise FileNotFoundError(directory)
    try:
        store = Store.read_only(str(directory))
        next(iter(store.quads_for_pattern(None, None, None)))
    except (RuntimeError, StopIteration) as error:
        raise OSError(f"{directory} is damaged") from error
    return store


ONTOLOGY_VERSIONS = "releases.nq"
"""The file with the earlier versions of the ontology, each a named graph."""

FILES = (ONTOLOGY_VERSIONS, "sources.nq", "questions.nq", "catalogue.nq", "data.nq")
"""What is loaded, the data last: the engine in memory finds first what came last, and most queries are about it."""


def load(store: Store, directory: Path) -> None:
    """Loads the files of a version; blank nodes keep their canonical labels."""
    for name in FILES:
        store.bulk_extend(parse(path=str(directory / name), format=RdfFormat.N_QUADS))


def ask(store: Store, query: str, **options: Any) -> Answer:
    """The answer of a store to a SPARQL 1.1 query; SyntaxError if it is none.

    `options` are those of the engine: base_iri, prefixes, default_graph, named_graphs. The engine reads a query that
    means the same, with the patterns of EXISTS in an order that it is quick with (query_plan.py), and with the columns
    of `SELECT *` in the order in which the query first names them.
    """
    text = QueryText(query)
    planned = QueryText(reordered(text.text))
    try:
        if planned.star and not planned.has_word("SERVICE"):  # which would be asked twice
            columns = text.in_order(variables(planned.text, options))
            planned = QueryText(planned.with_columns(columns))
        return store.query(planned.text, **options)
    except SyntaxError:  # which is told of the query as it was written
        return store.query(text.text, **options)


def variables(query: str, options: dict[str, Any]) -> list[str]:
    """The names of the variables that a SELECT answers; the engine says so of a query to a store without data."""
    syntax = {name: options[name] for name in ("base_iri", "prefixes") if name in options}
    found = Store().query(query, **syntax)
    assert isinstance(found, QuerySolutions)
    return [variable.value for variable in found.variables]


def listed(iris: Iterable[str]) -> str:
    """Some IRIs as a query lists them, in order: after VALUES, within braces."""
    return " ".join(f"<{iri}>" for iri in sorted(iris))


class Engine:
    """Answers SPARQL queries on one dataset; prefixes of the dataset are known to its own queries."""

    name = "oxigraph"

    def __init__(self, dataset: Dataset) -> None:
        self.dataset = dataset
        self.names = dataset.names
        self._store = dataset.open()
        self._prologue = "".join(f"PREFIX {prefix}: <{iri}>\n" for prefix, iri in self.names.prefixes.items())

    def query(self, query: str, **options: Any) -> Answer:
        """Any SPARQL 1.1 query, relative to the base of the dataset; SyntaxError if it is none. `options` as `ask`."""
        return ask(self._store, query, **{"base_iri": self.names.base, **options})

    def syntax_error(self, query: str) -> str:
        """What the engine says against a query, in which the dataset's prefixes are declared; empty if nothing."""
        try:
            self.query(query, prefixes=self.names.prefixes)
        except SyntaxError as error:
            return str(error)
        return ""

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

    def graph(self, name: str) -> list[Triple]:
        """The triples of a named graph."""
        return self.construct(f"CONSTRUCT {{ ?s ?p ?o }} WHERE {{ GRAPH <{name}> {{ ?s ?p ?o }} }}")

    def terms(self) -> list[str]:
        """The IRIs of the terms of the ontology."""
        found = f"SELECT DISTINCT ?s {{ GRAPH <{self.names.ontology}> {{ ?s a ?type }} FILTER(ISIRI(?s)) }}"
        return [row["s"].value for row in self.select(found)]
