"""Inference: what the ontology implies, and no more."""

from pathlib import Path

import pytest
from pyoxigraph import Literal, NamedNode, Quad, Store

from kg.dataset.layout import Dataset
from kg.dataset.opening import open_engine
from kg.model.literals import DATATYPES, bounds, typed
from kg.sparql.oxigraph import Oxigraph


@pytest.fixture(scope="module")
def sampled(sample: Path) -> Oxigraph:
    """The engine on the sample world."""
    return open_engine(Dataset.current(sample))


@pytest.mark.parametrize(
    ("axiom", "pattern"),
    [
        ("a subclass", "<structure/quest-group> a org:Organization"),
        ("a subclass of a subclass", "<institution/grail-office> a osce:Thing"),
        ("a subproperty", "<field-of-work/quests> osce:involvedStructure <institution/grail-office>"),
        ("a subproperty of another vocabulary", "<field-of-work/quests> skos:broader osce:human"),
        ("an inverse", "<state/lyonesse#participation-1973-06-25> osce:participationOf <state/lyonesse>"),
        ("a transitive property", "<structure/quest-group> org:transitiveSubOrganizationOf <organization/round-table>"),
        ("a property chain", "<organization/round-table> org:hasMember <person/merlin>"),
        ("a title as a label", '<release/2000-02> rdfs:label "Quest Group closes"@en'),
        ("the first day of a year", '<state/avalon#participation-1999> osce:sinceEarliest "1999-01-01"^^xsd:date'),
        ("the last day of a leap month", '<state/avalon#participation-1999> osce:untilLatest "2004-02-29"^^xsd:date'),
    ],
)
def test_the_graph_holds_what_follows_from(axiom: str, pattern: str, sampled: Oxigraph) -> None:
    query = f"ASK {{ GRAPH <{sampled.names.inferred}> {{ {pattern} }} }}"
    assert sampled.ask(f"BASE <{sampled.names.things}> {query}"), axiom


def test_nothing_is_inferred_that_is_asserted(sample: Path) -> None:
    engine = open_engine(Dataset.current(sample))
    asserted = "<institution/grail-office> osce:partOf <organization/round-table>"
    query = f"ASK {{ GRAPH <{engine.names.inferred}> {{ {asserted} }} }}"
    assert not engine.ask(f"BASE <{engine.names.things}> {query}")


@pytest.mark.parametrize(
    ("date", "first", "last"),
    [
        ("1992", "1992-01-01", "1992-12-31"),
        ("1992-02", "1992-02-01", "1992-02-29"),
        ("1900-02", "1900-02-01", "1900-02-28"),
        ("1992-07-09", "1992-07-09", "1992-07-09"),
    ],
)
def test_a_partial_date_has_a_first_and_a_last_day(date: str, first: str, last: str) -> None:
    assert bounds(date) == (first, last)


WRITTEN = {
    "string": ["010", " a "],
    "boolean": ["TRUE", "false"],
    "integer": ["+07", "-0", "0x1F", "0o17", "12345678901234567890"],
    "decimal": ["1.0", "-0.0", ".5", "+048.2100", "100"],
    "date": ["1992-02-29"],
    "dateTime": ["1992-07-09T10:00:00+00:00", "1992-07-09T10:00:00.500Z", "1992-07-09T10:00:00"],
    "gYearMonth": ["1992-07"],
    "gYear": ["0044"],
    "anyURI": ["https://a.example/%20?x#y"],
}


def test_canonical_literals_are_those_that_the_engine_keeps() -> None:
    assert {iri.partition("#")[2] for iri in DATATYPES} == set(WRITTEN)
    for iri, datatype in DATATYPES.items():
        for text in WRITTEN[datatype.name]:
            literal = Literal(typed(text, (iri,))[0], datatype=NamedNode(iri))
            store = Store()
            store.add(Quad(NamedNode("x:s"), NamedNode("x:p"), literal))
            assert next(iter(store)).object == literal, text
