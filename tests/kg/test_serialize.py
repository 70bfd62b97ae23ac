"""Serialisation: the results of queries are written alike, whichever engine they come from."""

import pytest
from pyoxigraph import QueryResultsFormat, RdfFormat, Store

from kg.serialize import serialize_boolean, serialize_solutions
from kg.sparql.oxigraph import ask, select

TERMS = r"""@prefix : <http://example.org/> .
_:b :p "x", "x"@en, "x"@en-GB, "x"@ar--rtl, "a\n\"b\"\t\u0007", "", "1"^^:t, 5, 5.0, true ;
    :p <http://example.org/a?b=c&d> ;
    :q <<( :a :b "c"@en )>>, _:c . _:c :p "<é>", "\U0001F600" ."""

FORMATS = [
    getattr(QueryResultsFormat, name)
    for name in dir(QueryResultsFormat)
    if isinstance(getattr(QueryResultsFormat, name), QueryResultsFormat)
]


@pytest.fixture(scope="module")
def store() -> Store:
    found = Store()
    found.load(TERMS.encode(), format=RdfFormat.TURTLE)
    return found


def test_there_are_four_formats() -> None:
    assert len(FORMATS) == 4


@pytest.mark.parametrize("format_", FORMATS, ids=str)
@pytest.mark.parametrize(
    "query",
    [
        "SELECT ?none ?s ?p ?o { ?s ?p ?o OPTIONAL { ?o <x:y> ?none } } ORDER BY ?s ?p STR(?o)",
        "SELECT ?b ?a { VALUES (?a ?b) { (UNDEF 1) (2 UNDEF) (UNDEF UNDEF) } }",
        "SELECT ?x { FILTER(false) }",
        "SELECT * {}",
    ],
)
def test_solutions_are_written_as_the_engine_writes_them(query: str, format_: QueryResultsFormat, store: Store) -> None:
    assert serialize_solutions(select(store, query), format_) == store.query(query).serialize(format=format_)  # type: ignore[arg-type]


@pytest.mark.parametrize("query", ["ASK { ?s ?p ?o }", "ASK { ?s <x:y> ?o }"])
@pytest.mark.parametrize("format_", FORMATS, ids=str)
def test_a_boolean_is_written_as_the_engine_writes_it(query: str, format_: QueryResultsFormat, store: Store) -> None:
    assert serialize_boolean(ask(store, query), format_) == store.query(query).serialize(format=format_)  # type: ignore[arg-type]
