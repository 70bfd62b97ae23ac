"""Oxigraph: the embedded engine (engine.py), on its own files if the build made them, else in memory.

Besides the worker of untrusted queries (server/queries/worker.py), this is the only module that knows the results of
the engine. The steps of the build query their store by `select`; the server queries a published dataset by `Oxigraph`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar, Self

import pyoxigraph
from pyoxigraph import NamedNode, QueryBoolean, QuerySolutions, QueryTriples, Store, Triple

from kg.names import RDFS, Names
from kg.sparql.engine import Solutions, Term
from kg.sparql.query_plan import reordered
from kg.sparql.query_text import QueryText

QueryResult = QuerySolutions | QueryBoolean | QueryTriples


def open_files(directory: Path) -> Store:
    """The store on its own files. Raises OSError if they are missing or damaged."""
    if not directory.is_dir():
        raise FileNotFoundError(directory)
    try:
        store = Store.read_only(str(directory))
        next(iter(store.quads_for_pattern(None, None, None)))
    except (RuntimeError, StopIteration) as error:
        raise OSError(f"{directory} is damaged") from error
    return store


def evaluate(store: Store, query: str, **options: Any) -> QueryResult:
    """The result of a SPARQL 1.1 query on a store. Raises SyntaxError if the text is not a query.

    `options` are those of the store: base_iri, prefixes, default_graph, named_graphs, substitutions. The store
    evaluates an equivalent query, with the patterns of EXISTS in an order that is fast (query_plan.py), and with the
    columns of `SELECT *` in the order in which the query first names them.
    """
    text = QueryText(query)
    planned = QueryText(reordered(text.text))
    try:
        if planned.star and not planned.has_word("SERVICE"):  # which would be evaluated twice
            columns = text.in_order(variables(planned.text, options))
            planned = QueryText(planned.with_columns(columns))
        return store.query(planned.text, **options)
    except SyntaxError:  # the message must be about the query as it was written
        return store.query(text.text, **options)


def variables(query: str, options: dict[str, Any]) -> list[str]:
    """The names of the variables of a SELECT query; the engine knows them from a query on an empty store."""
    syntax = {name: options[name] for name in ("base_iri", "prefixes") if name in options}
    result = Store().query(query, **syntax)
    assert isinstance(result, QuerySolutions)
    return [variable.value for variable in result.variables]


def select(store: Store, query: str, **options: Any) -> Solutions:
    """The solutions of a SELECT query on a store, with the errors of `Engine` and the options of `evaluate`."""
    result = evaluate(store, query, **options)
    if not isinstance(result, QuerySolutions):
        raise TypeError("it is not a SELECT query")
    return Solutions(tuple(variable.value for variable in result.variables), map(tuple, result))


def ask(store: Store, query: str, **options: Any) -> bool:
    """The answer to an ASK query on a store, with the errors of `Engine` and the options of `evaluate`."""
    result = evaluate(store, query, **options)
    if not isinstance(result, QueryBoolean):
        raise TypeError("it is not an ASK query")
    return bool(result)


def construct(store: Store, query: str, **options: Any) -> Iterator[Triple]:
    """The triples of a CONSTRUCT or DESCRIBE query on a store, with the errors of `Engine` and `evaluate`'s options."""
    result = evaluate(store, query, **options)
    if not isinstance(result, QueryTriples):
        raise TypeError("it is not a CONSTRUCT or DESCRIBE query")
    return iter(result)


@dataclass(frozen=True, slots=True)
class NodeQuery:
    """A SELECT query for the values of one variable, which is planned once and may be evaluated for given values.

    The query contains GIVEN if it has to be evaluated for given IRIs. `text` is what the engine evaluates.
    """

    GIVEN: ClassVar[str] = "VALUES ?this { <urn:x-given> }"

    text: str

    @classmethod
    def of(cls, query: str) -> Self:
        """Plans a query. Raises SyntaxError if it is not a query."""
        return cls(text_of(query))

    def nodes(self, store: Store, given: Iterable[NamedNode] = ()) -> set[Term]:
        """The values of ?this in the solutions."""
        result = store.query(self.text.replace("<urn:x-given>", " ".join(map(str, given))))
        assert isinstance(result, QuerySolutions)
        return {solution[0] for solution in result}


@lru_cache(1024)  # most queries of shapes are the same after a change of the shapes
def text_of(query: str) -> str:
    """The text of a node query that the engine evaluates. Raises SyntaxError if it is not a query."""
    text = reordered(f"PREFIX rdfs: <{RDFS}> {query}")
    Store().query(text)
    return text


class Oxigraph:
    """An Engine with a dataset in its store, and the names under the base of the dataset."""

    name = "oxigraph"
    version = pyoxigraph.__version__

    def __init__(self, store: Store, names: Names) -> None:
        self.store, self.names = store, names
        self._options = {"base_iri": names.base, "prefixes": names.prefixes}

    def ask(self, query: str) -> bool:
        return ask(self.store, query, **self._options)

    def select(self, query: str) -> Solutions:
        return select(self.store, query, **self._options)

    def construct(self, query: str) -> Iterator[Triple]:
        return construct(self.store, query, **self._options)

    def graph(self, name: str) -> Iterator[Triple]:
        return self.construct(f"CONSTRUCT {{ ?s ?p ?o }} WHERE {{ GRAPH <{name}> {{ ?s ?p ?o }} }}")
