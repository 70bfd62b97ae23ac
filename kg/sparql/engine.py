"""The engine: the interface for answering SPARQL queries on a published dataset.

`Engine` answers the queries of this project (named_queries.py), and `UntrustedQueries` answers queries that anybody may
write. To add an engine, write a class with the members of `Engine`, and pass an instance to `create_app`
(server/app.py), which uses no other member of it. The engine in use is Oxigraph (oxigraph.py). Untrusted queries are
answered by separate processes (server/queries/).

All modules use the terms of pyoxigraph, in records, graphs and answers: NamedNode, BlankNode, Literal, Triple and Quad.
They are values that need no store, so another engine converts its own terms to them. Only the module of an engine knows
the result classes of that engine.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypedDict

from pyoxigraph import BlankNode, Literal, NamedNode, Triple

Term = NamedNode | BlankNode | Literal | Triple
"""A term of RDF, or a triple as a term (RDF 1.2 Concepts, 3.4)."""

Solution = dict[str, Any]
"""The terms of a solution by variable name without question mark; an unbound variable is absent. The values are of the
type Term, and declared as Any because the query determines which of them a variable has."""


@dataclass(frozen=True, slots=True)
class Solutions:
    """The solutions of a SELECT query: its variables in order, and an iterator of solutions, which can be read once.

    Iteration yields each solution as a Solution. `rows` yields each as its terms in the order of the variables, with
    None for an unbound variable, which is faster for many solutions.
    """

    variables: tuple[str, ...]
    rows: Iterator[Sequence[Any]]

    def __iter__(self) -> Iterator[Solution]:
        for row in self.rows:
            yield {name: term for name, term in zip(self.variables, row, strict=True) if term is not None}


class Engine(Protocol):
    """Answers the queries of this project on one dataset, which never changes.

    An engine guarantees the following:

    - It answers SPARQL 1.1 Query. Relative IRIs are resolved against the base of the dataset, and the prefixes of the
      dataset (`Names.prefixes`) are declared, unless a query declares them itself.
    - It contains the files of `dataset.GRAPHS`: a default graph with the asserted and the inferred triples, each once,
      and the named graphs, which are not part of the default graph.
    - A method raises SyntaxError, before it returns, for a text that is not a query. The message begins with
      `error at LINE:COLUMN: `, a place in the given text, if the engine knows the place.
    - A method raises TypeError, before it returns, for a query of another form than its own.
    - A failing evaluation raises ValueError, OSError or RuntimeError, also while the answer is being read.
    - An answer is computed while it is read, and does not have to be read to its end.
    - The columns of `SELECT *` are in the order in which the query first names the variables.
    - Blank nodes have the same labels in every answer as in the files.
    - Several threads may call it at the same time.
    - It is hashable, because caches of the server use it as part of their keys.

    It has no limits of time or memory. UntrustedQueries answers queries that anybody may write.
    """

    def __hash__(self) -> int: ...

    @property
    def name(self) -> str:
        """The name of the engine, in lower case, as `/status` shows it."""

    @property
    def version(self) -> str:
        """The version of its software."""

    def ask(self, query: str) -> bool:
        """The answer to an ASK query."""

    def select(self, query: str) -> Solutions:
        """The solutions of a SELECT query."""

    def construct(self, query: str) -> Iterator[Triple]:
        """The triples of a CONSTRUCT or DESCRIBE query; a triple may occur more than once."""

    def graph(self, name: str) -> Iterator[Triple]:
        """The triples of a named graph, each once; none if the dataset does not contain the graph."""


def syntax_error(engine: Engine, query: str) -> str:
    """The message of an engine about a text that is not a query; empty if the text is a query."""
    try:
        engine.ask(query)
    except SyntaxError as error:
        return str(error)
    except TypeError:  # a query of another form
        return ""
    return ""


# ── Untrusted queries ────────────────────────────────────────────────────────────────────────────────────────────


class UntrustedQuery(TypedDict):
    """A query that anybody may have written, with everything that its answer depends on.

    `version` distinguishes the dataset on which it is asked from others that the server publishes earlier or later.
    `base` and `prefixes` are those of the dataset: relative IRIs are resolved against the base; the prefixes shorten
    IRIs in answers and hints, and are not declared. `seconds` is the maximum time for the answer. `client`
    distinguishes the clients that share the engine. `media` maps each form of an answer (`solutions`, `boolean`,
    `triples`) to the name of its media type, or to None if the client accepts none. `default` and `named` are the IRIs
    of the graphs of the RDF dataset of the query (SPARQL 1.1 Protocol, 2.1.4); both are empty for the published
    dataset.
    """

    query: str
    version: str
    base: str
    prefixes: dict[str, str]
    seconds: float
    client: str
    media: dict[str, str | None]
    default: list[str]
    named: list[str]


class AnswerBody(Iterator[bytes], Protocol):
    """The body of an answer as a stream; iteration raises CutError if the answer is incomplete."""

    def close(self) -> None:
        """Ends the query if it is still running."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer: its form (`solutions`, `boolean` or `triples`), its media type, and its body, whole or as a stream."""

    form: str
    media: str
    body: bytes | AnswerBody


class UnansweredError(Exception):
    """Raised when a query gets no answer: the reason, and details.

    The reasons `timeout`, `busy`, `memory`, `rows` and `bytes` are exceeded limits; `nesting` is a query that is nested
    too deeply; `service` is a query of an endpoint that is not allowed; `version` is a query on a dataset that is no
    longer queried. The other reasons have details: `syntax` has message, detail, line, column and hint.
    `unacceptable`, an answer for which the client accepts no media type, and
    `unwritable`, an answer that its media type cannot represent, have the form. `evaluation`, and `fault`, which is an
    error of the engine, have a message.
    """

    def __init__(self, reason: str, more: dict[str, Any]) -> None:
        super().__init__(reason)
        self.reason, self.more = reason, more


class CutError(Exception):
    """Raised while the body of an answer is read, if the answer cannot be completed."""


class UntrustedQueries(Protocol):
    """Answers queries that anybody may write, on one dataset at a time, within limits of time, memory, rows and bytes.

    An implementation guarantees that a query changes nothing, reads no file, contacts only the endpoints that are
    allowed, and cannot prevent others from being answered.
    """

    def ask(self, question: UntrustedQuery, on_leave: Callable[[Callable[[], None]], None]) -> Answer:
        """The answer to a query. Raises UnansweredError. `on_leave` registers an action for when the client leaves."""

    def take_up(self, directory: Path) -> None:
        """Answers later queries on the dataset in another directory. Raises OSError if it cannot be opened."""
