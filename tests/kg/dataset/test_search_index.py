"""Search: the index finds things by what they are and were called, in six languages, however it is spelled."""

import pytest
from pyoxigraph import RdfFormat, Store

from kg.dataset.finder import Finder, Results
from kg.dataset.search_index import COLUMNS, Entry, columns_of, write_index
from kg.model.identifiers import identifies
from kg.names import DEFAULT_BASE, Names
from kg.text.words import stems, words
from tests.building import model
from tests.kg.dataset.parts import entries

WORLD = """
@prefix osce: <http://localhost:8000/ontology#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@base <http://localhost:8000/id/> .

<state/avalon> a osce:State, osce:Thing ; rdfs:label "Avalon"@en, "Авалон"@ru ; osce:isoCode "AV" ;
    osce:renamedFrom "ynys-afallon" ;
    osce:participation <state/avalon#participation-1999>, <state/avalon#participation-2004> .
<state/avalon#participation-1999> a osce:Participation ; osce:status osce:asianPartner .
<state/avalon#participation-2004> a osce:Participation ; osce:status osce:participating .
<place/camelot> a osce:Place ; rdfs:label "Camelot"@en ; osce:country <state/avalon> .
<person/lancelot> a osce:Person ; rdfs:label "Lancelot Ørsted-Łąka"@en ; osce:alsoKnownAs "Knight of the Cart" .
<structure/round-table> a osce:Structure ; rdfs:label "Round Table"@en ; osce:name <structure/round-table#name-1> ;
    osce:abbreviation "RT"@en ; osce:established "0450" .
<structure/round-table#name-1> a osce:Name ; osce:text "Council of Camelot"@en ; rdfs:label "Council of Camelot"@en .
<field-of-work/voting> a osce:FieldOfWork ; rdfs:label "Elections"@en, "Élections"@fr, "Wahlen"@de, "Elezioni"@it,
    "Выборы"@ru, "Elecciones"@es .
<release/1> a osce:PressRelease, osce:Release ; rdfs:label "Knights meet in Camelot"@en ;
    osce:title "Knights meet in Camelot"@en ; osce:date "2001-02-03" ; osce:place <place/camelot> ;
    osce:fieldOfWork <field-of-work/voting> .
<release/2> a osce:Release ; rdfs:label "Knights leave"@en ; osce:date "2002" ; osce:place <place/camelot> ;
    osce:note "Nobody stayed at the table."@en ; osce:itemNumber "54321" ; osce:webAddress <release/2#address-1> .
<release/2#address-1> a osce:WebAddress ; osce:url <https://www.camelot.example/en/press/54321.html?id=7> ;
    osce:language "en" .
"""


def store(turtle: str = WORLD) -> Store:
    found = Store()
    found.load(turtle, format=RdfFormat.TURTLE)
    return found


def world(turtle: str = WORLD) -> list[Entry]:
    """The entries of a world under the real model."""
    schema = model().schema
    assert schema is not None
    return list(entries(store(turtle), schema, Names(DEFAULT_BASE)))


@pytest.fixture(scope="module")
def finder(tmp_path_factory: pytest.TempPathFactory) -> Finder:
    """A finder on the index of the world."""
    file = tmp_path_factory.mktemp("search") / "search.sqlite"
    write_index(file, world())
    return Finder(file)


def asked(finder: Finder, query: str, language: str = "en", **filters: str) -> Results:
    chosen = {name.replace("__", "."): (value,) for name, value in filters.items()}
    return finder.find(query, dict.fromkeys((language, "en")), chosen, 0, 20)


def paths(found: Results) -> list[str]:
    return [hit.path for hit in found.hits]


def test_the_same_world_has_the_same_entries_in_whatever_order_it_is_told() -> None:
    prefixes, statements = WORLD.split("\n\n", 1)
    told = [f"{each}.\n" for each in statements.split(" .\n") if each.strip()]
    backwards = f"{prefixes}\n" + "".join(reversed(told))
    assert world(backwards) == world()


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ("council of camelot", "structure/round-table"),
        ("rt", "structure/round-table"),
        ("cart knight", "person/lancelot"),
        ("afallon", "state/avalon"),
        ("AV", "state/avalon"),
    ],
)
def test_a_thing_is_found_by_former_and_other_names(query: str, path: str, finder: Finder) -> None:
    assert paths(asked(finder, query))[0] == path


@pytest.mark.parametrize(
    ("query", "language"),
    [
        ("election", "en"),
        ("électionnes", "fr"),
        ("ELECTIONS", "fr"),
        ("wahl", "de"),
        ("elezione", "it"),
        ("выборов", "ru"),
        ("elección", "es"),
        ("Elections", "de"),
    ],
)
def test_a_word_is_found_by_its_stem_in_each_of_six_languages(query: str, language: str, finder: Finder) -> None:
    found = asked(finder, query, language)
    assert paths(found)[0] == "field-of-work/voting"


@pytest.mark.parametrize("query", ["orsted", "ØRSTED", "laka", "Łąka", "O\u0308rsted"])
def test_case_and_accents_do_not_matter(query: str, finder: Finder) -> None:
    assert paths(asked(finder, query)) == ["person/lancelot"]


def test_letters_with_strokes_are_folded_and_what_an_apostrophe_joins_is_left_out() -> None:
    assert words("Vollebæk Straße Łódź Đinđić Kırım İzmir Þórr") == (
        ["vollebaek", "strasse", "lodz", "dindic", "kirim", "izmir", "thorr"]
    )
    assert words("l’OSCE, Vienna's a_b") == ["osce", "vienna", "a", "b"]
    assert stems("elections", "xx") == {"elections"}


@pytest.mark.parametrize(
    ("query", "taken"), [("camlot", "camelot"), ("caemlot", "camelot"), ("lanselot", "lancelot"), ("авалан", "авалон")]
)
def test_a_typing_error_is_mended_and_told(query: str, taken: str, finder: Finder) -> None:
    reading = asked(finder, query).reading
    assert (reading.asked, reading.taken) == ((query,), (taken,))


def test_what_is_like_nothing_is_left_out_and_numbers_are_never_mended(finder: Finder) -> None:
    assert asked(finder, "qqqqqqqq camelot").reading.taken == ("camelot",)
    assert asked(finder, "qqqqqqqq").total == 0
    assert asked(finder, "02").total == 0


def test_words_that_stand_nowhere_together_are_looked_for_one_by_one(finder: Finder) -> None:
    assert not asked(finder, "knights camelot").reading.any
    found = asked(finder, "lancelot voting")
    assert found.reading.any
    assert sorted(paths(found)) == ["field-of-work/voting", "person/lancelot"]


def test_a_whole_name_comes_before_a_part_of_one_and_a_name_before_a_text(finder: Finder) -> None:
    assert paths(asked(finder, "camelot"))[0] == "place/camelot"
    assert paths(asked(finder, "table")) == ["structure/round-table", "release/2"]


def test_an_address_is_no_name() -> None:
    texts = [(0, "", "en", "osce.org/minsk/43444"), (0, "", "en", "PC.DEC/218")]
    columns = dict(zip(COLUMNS, columns_of(texts), strict=True))
    assert columns["label"] == "pc dec 218"
    assert columns["text"] == "osce org minsk 43444"


IDENTIFIED = {
    "release/2": (
        *(
            "https://www.camelot.example/en/press/54321.html?id=7",
            "HTTP://CAMELOT.example/en/press/54321.html?id=7#top",
        ),
        *(
            "camelot.example/en/press/54321.html",
            "www.camelot.example/press/54321.html/",
            "//camelot.example/en/press/54321.html",
        ),
        *(
            "https://www.camelot.example/fr/press/54321.html?utm_source=x",
            "<https://camelot.example/press/54321.html>.",
        ),
        *("https://www.camelot.example/en/press/%35%34321.html", "54321", "release/2", "/id/release/2", "(54321)"),
    ),
    "state/avalon": (
        *(
            "http://localhost:8000/id/state/avalon",
            "http://localhost:8000/doc/state/avalon.fr.html?lang=fr",
            "state/avalon",
        ),
        *("https://data.example/osce/doc/state/avalon#participation-1999", "/doc/state/avalon", "doc/state/avalon.ttl"),
        *("STATE/AVALON", "state/ynys-afallon", "http://localhost:8000/id/state/ynys-afallon", "id/state/avalon/"),
    ),
}
"""Queries that identify one thing: it is found, and nothing else."""


@pytest.mark.parametrize(
    ("path", "query"), [(path, query) for path, queries in IDENTIFIED.items() for query in queries]
)
def test_an_identifier_finds_what_it_identifies_alone_however_it_is_written(
    path: str, query: str, finder: Finder
) -> None:
    assert paths(asked(finder, query)) == [path]
    assert paths(finder.suggest(query, ("en",), 8)) == [path]
    assert asked(finder, query, kind="person").total == 0


@pytest.mark.parametrize("query", ["AV", "av", "Av"])
def test_a_code_that_may_be_a_word_comes_first_and_the_word_after_it(query: str, finder: Finder) -> None:
    assert paths(asked(finder, query))[0] == paths(finder.suggest(query, ("en",), 8))[0] == "state/avalon"


@pytest.mark.parametrize(
    "query",
    [
        *("https://www.camelot.example/press/54322.html", "camelot.example/press/1", "AV.DEC/1/10", "RT.DEC/54321"),
        *("http://localhost:8000/id/state/1", "2001/02/03"),
    ],
)
def test_an_identifier_of_nothing_finds_nothing_that_has_some_of_its_words(query: str, finder: Finder) -> None:
    assert asked(finder, query).total == 0


def test_the_beginning_of_an_identifier_suggests_what_has_it(finder: Finder) -> None:
    for query in ("https://www.camelot.example/pr", "camelot.example/press/5"):
        assert paths(finder.suggest(query, ("en",), 8)) == ["release/2"]


def test_identifiers_are_what_the_model_says() -> None:
    schema = model().schema
    assert schema is not None
    found = {property_.key for property_ in schema.properties.values() if identifies(property_, schema)}
    assert {"url", "website", "symbol", "itemNumber", "serial", "notation", "isoCode", "geonamesId"} <= found
    assert not found & {"language", "inLanguage", "key", "label", "address", "note", "nameAsWritten", "renamedFrom"}


def test_suggestions_begin_as_what_is_typed(finder: Finder) -> None:
    assert paths(finder.suggest("cam", ("en",), 8))[0] == "place/camelot"
    assert paths(finder.suggest("round t", ("en",), 8)) == ["structure/round-table"]
    assert paths(finder.suggest("knights me", ("en",), 8)) == ["release/1"]
    assert paths(finder.suggest("camelto", ("en",), 8))[0] == "place/camelot"
    assert finder.suggest("", ("en",), 8).total == 0


def test_facets_are_what_the_shapes_say_also_of_parts_and_dates_count_by_year(finder: Finder) -> None:
    counted = finder.counted(asked(finder, "").held)
    assert counted["place"] == {"place/camelot": 2}
    assert counted["date"] == {"2001": 1, "2002": 1}
    assert counted["type"]["PressRelease"] == 1
    assert counted["participation.status"] == {"asianPartner": 1, "participating": 1}
    assert counted["country"] == {"state/avalon": 1}
    assert not {"note", "renamedFrom", "isoCode"} & set(counted)
    assert finder.facets(["release/1", "nowhere/at-all"])["fieldOfWork"] == {"field-of-work/voting": 1}


def test_a_filter_leaves_as_many_as_its_facet_counts(finder: Finder) -> None:
    filtered_by = set()
    for query in ("", "knights", "camelot"):
        for name, values in finder.counted(asked(finder, query).held).items():
            for value, number in values.items():
                filtered = finder.find(query, ("en",), {name: (value,)}, 0, 20)
                assert filtered.total == len(filtered.hits) == number, (query, name, value)
                filtered_by.add((query, name))
    assert {query for query, _ in filtered_by} == {"", "knights", "camelot"}
    assert len(filtered_by) > 5


@pytest.mark.parametrize(
    "query",
    [
        *('"', "'", "*", "a*", "(((", "NEAR(a b)", "label : x", "{label} : x", "a AND", "OR", "NOT x", "-x", "^x"),
        *("\0", "x\0y", "'; DROP TABLE things; --", "+", "½", "\ud800", "word " * 100, "%", "_"),
    ],
)
def test_nothing_of_a_query_is_taken_for_syntax(query: str, finder: Finder) -> None:
    finder.suggest(query, ("en",), 8)
    assert asked(finder, query).total < 7
    assert asked(finder, "camelot").total == 3


def test_what_shapes_do_not_call_a_part_of_the_dataset_is_no_thing() -> None:
    assert [entry.path for entry in world()] == [
        "field-of-work/voting", "person/lancelot", "place/camelot", "release/1", "release/2", "state/avalon",
        "structure/round-table",
    ]  # fmt: skip
