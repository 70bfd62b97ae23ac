"""The engine: the interface of what answers SPARQL queries on a published dataset.

`Engine` answers the queries of this project (named_queries.py), `UntrustedQueries` those that anybody may write. To add
an engine, write a class with the members of `Engine`, and pass an instance to `create_app` (server/app.py), which uses
nothing else of it. The engine in use is Oxigraph (oxigraph.py); untrusted queries are answered by processes of their
own (server/queries/).

Terms are those of pyoxigraph everywhere, in records, graphs and answers: NamedNode, BlankNode, Literal, Triple and
Quad. They are values that need no store, so another engine converts its own terms to them. The result classes of an
engine are known to the module of that engine alone.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypedDict

from pyoxigraph import BlankNode, Literal, NamedNode, Triple

Term = NamedNode | BlankNode | Literal | Triple
"""A term of RDF, or a triple as a term (RDF 1.2 Concepts, 3.4)."""

Solution = dict[str, Any]
"""The terms of a solution by the names of its variables, without question mark; a variable without a value is absent.

They are of the type Term, and declared as Any, since a query decides which of them a variable has.
"""


@dataclass(frozen=True, slots=True)
class Solutions:
    """The solutions of a SELECT query: its variables in order, and the solutions as they come, which can be read once.

    Iteration gives each as a Solution. `rows` gives each as its terms in the order of the variables, None for no value,
    which is quicker where there are many.
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
    - It holds the files of `dataset.GRAPHS`: a default graph with the asserted and the inferred triples,
      each once, and the named graphs, which are no part of the default graph.
    - A method raises SyntaxError, before it returns, for a text that is not a query. The message begins with
      `error at LINE:COLUMN: `, a place in the text as it was given, if the engine knows the place.
    - A method raises TypeError, before it returns, for a query of another form than its own.
    - A failing evaluation raises ValueError, OSError or RuntimeError, also while the answer is being read.
    - An answer is computed while it is read, and may be left unread.
    - The columns of `SELECT *` stand in the order in which the query first names the variables.
    - Blank nodes have the labels that they have in the files, in every answer.
    - Several threads may call it at the same time.
    - It is hashable: caches of the server have it as a part of their keys.

    It has no limits of time or memory. Queries that anybody may write are for UntrustedQueries.
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
        """The triples of a CONSTRUCT or DESCRIBE query; a triple may come more than once."""

    def graph(self, name: str) -> Iterator[Triple]:
        """The triples of a named graph, each once; none for a graph that the dataset does not have."""


def syntax_error(engine: Engine, query: str) -> str:
    """The message of an engine about a text that is not a query; empty for a query."""
    try:
        engine.ask(query)
    except SyntaxError as error:
        return str(error)
    except TypeError:  # a query of another form
        return ""
    return ""


# ── Untrusted queries ────────────────────────────────────────────────────────────────────────────────────────────


class UntrustedQuery(TypedDict):
    """A query that anybody may have written, with all that its answer depends on.

    `base` and `prefixes` are those of the dataset: the first resolves relative IRIs, the second shorten IRIs in answers
    and hints, and are not declared. `seconds` is how long the answer may take; `client` tells clients apart, among whom
    the engine is shared. `media` has for each form of an answer (`solutions`, `boolean`, `triples`) the name of the
    media type that it is written in, None where the client takes none. `default` and `named` are the IRIs of the
    graphs that make the dataset of the query (SPARQL 1.1 Protocol, 2.1.4), empty where that is the published one.
    """

    query: str
    base: str
    prefixes: dict[str, str]
    seconds: float
    client: str
    media: dict[str, str | None]
    default: list[str]
    named: list[str]


class AnswerBody(Iterator[bytes], Protocol):
    """The body of an answer as it comes; iteration raises CutError where it does not come to its end."""

    def close(self) -> None:
        """Ends the query, if it still runs."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer: its form (`solutions`, `boolean` or `triples`), its media type, and its body, whole or as it comes."""

    form: str
    media: str
    body: bytes | AnswerBody


class UnansweredError(Exception):
    """Raised where a query gets no answer: the reason, and what more is told of it.

    The reasons `timeout`, `busy`, `memory`, `rows` and `bytes` are limits that are met; `nesting` is a query that nests
    too deeply, `service` one that asks an endpoint that is not allowed. The others come with more: `syntax` with
    message, detail, line, column and hint; `unacceptable`, an answer of which the client takes no media type, and
    `unwritable`, one that its media type cannot hold, with the form; `evaluation`, and `fault`, which is an error of
    the engine, with a message.
    """

    def __init__(self, reason: str, more: dict[str, Any]) -> None:
        super().__init__(reason)
        self.reason, self.more = reason, more


class CutError(Exception):
    """Raised within the body of an answer that does not come to its end."""


class UntrustedQueries(Protocol):
    """Answers queries that anybody may write, on one dataset, within limits of time, memory, rows and bytes.

    An implementation guarantees that a query changes nothing, reads no file, asks no other endpoint than those that are
    allowed, and that none can stop the others from being answered.
    """

    def ask(self, question: UntrustedQuery, on_leave: Callable[[Callable[[], None]], None]) -> Answer:
        """The answer to a query; raises UnansweredError. `on_leave` takes what to do should the client leave."""
