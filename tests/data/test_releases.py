"""Releases: of each quirk that the sources have, a release is drawn and asked what its source says."""

import re
from pathlib import Path

import pytest
from pyoxigraph import Literal, NamedNode

from kg.names import DEFAULT_BASE, Names
from kg.pipeline import CHECKING, run
from kg.sparql.oxigraph import Oxigraph
from kg.steps.build import Build
from kg.steps.results import Sources
from tests.places import ONTOLOGY, ROOT, SHAPES

PREFIXES = "PREFIX osce: <{0}ontology#> PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#> "
TROIKA = "1999-06-24-osce-ministerial-troika-holds-meeting-in-oslo"
CAMPAIGN = "2015-04-17-co-operation-matters-osce-interactive-campaign-seeks-global"
ADVISORY = "2024-11-25-media-opportunities-at-the-31st-osce-ministerial-council-in"
CHARTER = "1999-11-19-osce-summit-adopts-charter-for-european-security"
UN = "2011-02-15-co-ordinated-un-osce-action-key-to-addressing-regional"
VIRUS = "2020-03-25-coronavirus-response-should-not-curb-freedom-of-the-press-in"
UNDATED = "osce-mission-to-montenegro-supports-regional-efforts-in-combating"

QUIRKS: list[tuple[str, str, str, set[str]]] = [
    # What the source has, the release, a property path, and all its values.
    ("no date", "579721", "osce:date|osce:occasion/osce:since", set()),
    ("a date of publication and one of an event", "54105", "osce:date|osce:occasion/osce:since",
     {"2002-01-18", "2001-12-26"}),
    ("a dateline of the year before", "2009-01-23-osce-media-freedom-representative-warns-of-spiralling",
     "osce:date|osce:dateline/osce:date", {"2009-01-23", "2008-01-23"}),
    ("the day of an event alone", "484028", "osce:occasion/osce:since|osce:date", {"2021-04-20"}),
    ("the place of an event alone", "579721", "osce:occasion/osce:place|osce:place", {"place/belgrade"}),
    ("no place", "484028", "osce:place|osce:dateline", set()),
    ("a place in another spelling", "48811", "osce:dateline/osce:placeAsWritten", {"Ashgabad"}),
    ("the place that a spelling means", "48811", "osce:place", {"place/ashgabat"}),
    ("one dateline that means two places", "54105", "osce:place", {"place/dushanbe", "place/khujand"}),
    ("several datelines", "76021", "osce:place", {"place/vienna", "place/belgrade"}),
    ("the United Nations as a place", UN, "osce:dateline/osce:placeAsWritten|osce:place",
     {"United Nations", "place/new-york-city"}),
    ("no source", "50960", "osce:issuedBy|osce:attribution", set()),
    ("the name of then", "47206", "osce:attribution/osce:nameAsWritten", {"OSCE Centre in Almaty"}),
    ("the structure that lasts", "47206", "osce:issuedBy", {"field-operation/programme-office-in-astana"}),
    ("a structure by the mark of the page", TROIKA, "osce:attribution/osce:nameAsWritten",
     {"OSCE Presence in Albania", "Troika", "OSCE Office for Democratic Institutions and Human Rights",
      "OSCE Mission to Bosnia and Herzegovina", "OSCE Representative on Freedom of the Media",
      "OSCE Mission in Kosovo", "OSCE Project Co-ordinator in Ukraine (closed)"}),
    ("a sub-topic", "2018-09-04-osce-representative-on-freedom-of-the-media-condemns",
     "osce:fieldOfWork", {"field-of-work/safety-of-journalists"}),
    ("a kind that the text alone shows", ADVISORY, "osce:kindFromText|osce:titleFromAddress", {"true"}),
    ("an old serial", CHARTER, "osce:serial", {"1999-070-sg"}),
    ("an address of another site", CHARTER, "osce:webAddress/osce:url",
     {"https://fas.org/nuke/control/osce/news/1999-070-sg.htm"}),
    ("an address read in a feed", "562365", "osce:webAddress/osce:via", {"osce:feed"}),
    ("an address read on a mirror", "48157", "osce:webAddress/osce:via", {"osce:mirror"}),
    ("no address at all", CAMPAIGN, "osce:webAddress|osce:reference", {"reference/newsroom-listings"}),
    ("a letter of another alphabet", VIRUS, "osce:title",
     {"\u0421oronavirus response should not curb freedom of the press in Azerbaijan, "
      "says OSCE Media Freedom Representative"}),
    ("a State under its name of then", "52930", "osce:about/osce:subject",
     {"state/north-macedonia", "field-operation/mission-to-skopje", "institution/odihr"}),
    ("a person in another spelling", "52141", "osce:mention/osce:person", {
        "person/benita-ferrero-waldner", "person/stipe-mesic", "person/tonino-picula"}),
]  # fmt: skip


def written(engine: Oxigraph, term: object) -> str:
    if isinstance(term, Literal):
        return term.value
    assert isinstance(term, NamedNode)
    things = engine.names.thing("")
    return term.value.removeprefix(things) if term.value.startswith(things) else engine.names.compact(term.value)


def values(engine: Oxigraph, query: str) -> list[tuple[str, ...]]:
    found = engine.select(PREFIXES.format(engine.names.base) + query)
    return [tuple(written(engine, term) for term in row) for row in found.rows]


@pytest.mark.parametrize(("release", "path", "expected"), [q[1:] for q in QUIRKS], ids=[q[0] for q in QUIRKS])
def test_a_release_keeps(release: str, path: str, expected: set[str], engine: Oxigraph) -> None:
    iri = engine.names.thing(f"release/{release}")
    assert values(engine, f"SELECT ?label WHERE {{ <{iri}> rdfs:label ?label }}"), "there is no such release"
    assert {value for (value,) in values(engine, f"SELECT ?value WHERE {{ <{iri}> {path} ?value }}")} == expected


def test_the_releases_of_all_files_are_there(engine: Oxigraph) -> None:
    """882 records of the sources, three of which stand in two of them."""
    assert values(engine, "SELECT (COUNT(DISTINCT ?r) AS ?n) WHERE { ?r a osce:Release }") == [("879",)]


@pytest.mark.parametrize(
    ("class_", "number"),
    [("PressRelease", 251), ("NewsItem", 86), ("PressStatement", 62), ("MediaAdvisory", 6), ("Release", 879)],
)
def test_each_sort_of_release_has_as_many_as_the_sources(class_: str, number: int, engine: Oxigraph) -> None:
    counted = f"SELECT (COUNT(DISTINCT ?r) AS ?n) WHERE {{ ?r a osce:{class_} }}"
    assert values(engine, counted) == [(str(number),)]


def test_eighteen_structures_issue_one_release(engine: Oxigraph) -> None:
    iri = engine.names.thing(f"release/{CAMPAIGN}")
    assert len(values(engine, f"SELECT ?s WHERE {{ <{iri}> osce:issuedBy ?s }}")) == 18


def test_a_surname_alone_is_nobody(engine: Oxigraph) -> None:
    found = values(engine, 'SELECT ?m WHERE { ?m osce:nameAsWritten ?n . FILTER(?n IN ("Djikic", "Akmetalin")) }')
    assert len(found) == 2
    known = 'ASK { ?m osce:nameAsWritten ?n ; osce:person ?p . FILTER(?n IN ("Djikic", "Akmetalin")) }'
    assert not engine.ask(PREFIXES.format(engine.names.base) + known)


def test_each_name_of_a_person_in_a_release_is_one_of_that_person(engine: Oxigraph) -> None:
    """Whatever spelling a release has, the record of the person knows it."""
    unknown = """SELECT ?person ?name WHERE {
        ?mention osce:mentionedIn ?release ; osce:person ?person ; osce:nameAsWritten ?name .
        FILTER NOT EXISTS { ?person rdfs:label|osce:alsoKnownAs ?known FILTER(STR(?known) = ?name) }
    }"""
    assert values(engine, unknown) == []


def test_a_number_is_the_name_of_its_release(engine: Oxigraph) -> None:
    found = values(engine, "SELECT ?r ?n WHERE { ?r osce:itemNumber ?n }")
    assert len(found) == 380
    assert [pair for pair in found if pair[0] != f"release/{pair[1]}"] == []


def test_the_example_of_the_readme_is_a_right_record(tmp_path: Path) -> None:
    (example,) = re.findall("```yaml\n(.*?)```", (ROOT / "data" / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    (tmp_path / "release").mkdir()
    (tmp_path / "release" / "999999.yaml").write_text(example, encoding="utf-8")
    build = Build(Sources((ROOT / "data", tmp_path), ONTOLOGY, SHAPES), Names.at(DEFAULT_BASE), tmp_path)
    run(build, CHECKING)
    assert [problem for problem in build.problems if problem.file.is_relative_to(tmp_path)] == []
    assert build.names.thing("release/999999") in build.graph.nodes
