"""Query texts: where a query is wrong, what it nests, whom it asks, and what it misspells."""

import pytest
from pyoxigraph import Store

from kg.sparql.query_text import MAX_DEPTH, QueryError, QueryText, unescaped


def syntax_error(text: str) -> str:
    """What the engine says against a text."""
    try:
        Store().query(text)
    except SyntaxError as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    ("query", "line", "column", "message"),
    [
        ("SELECT *\nWHERE { ?s osce:foo ?o }", 2, 12, "the prefix osce: is not declared"),
        ("SELECT * { ?s a ex:Foo . ?s a ey:Foo }", 1, 17, "the prefix ex: is not declared"),
        ("SELECT * WHERE {\n ?s ?p ?o .\n FILTER(?x >)\n} ORDER BY ?s", 3, 13, ") is not allowed here"),
        ("SELECT ?s WHERE { ?s ?p } \nLIMIT 3", 1, 25, "} is not allowed here"),
        ("SELECT (COUNT(*) ?n) { ?s ?p ?o }", 1, 20, ") is not allowed here"),
        ("SELEC ?s {?s ?p ?o}", 1, 1, "SELEC is not allowed here"),
        ("SELECT * { ?s ?p 'abc }\n", 1, 18, "' has no '"),
        ("SELECT * { ?s ?p ?o", 1, 10, "{ has no }"),
        ("SELECT * { ?s ?p ?o }}", 1, 22, "} has no opening bracket"),
        ("SELECT * { ?s ?p (1 ] }", 1, 21, "] has no opening bracket"),
        ("PREFIX foo: http://x SELECT * {}", 1, 13, "http: is not allowed here"),
        ("SELECT * { ?s ?p ?o } LIMIT x", 1, 29, "x is not allowed here"),
        ("SELECT * { ?s ?p ?o } ORDER ?s", 1, 29, "?s is not allowed here"),
        ("SELECT ?x { ?s ?p ?o } GROUP BY ?s", 1, 35, "The SELECT contains"),
        ("", 1, 1, "the query ends unexpectedly"),
        ("\t\tSELECT * { ?s }", 1, 17, "} is not allowed here"),
        ("SELECT * { ?été ?p }", 1, 20, "} is not allowed here"),
    ],
)
def test_a_fault_is_told_at_its_place(query: str, line: int, column: int, message: str) -> None:
    error = QueryText(query).explain(syntax_error, {"osce": "http://x/"})
    assert (error.line, error.column) == (line, column)
    assert error.message.startswith(message)
    row, carets = error.excerpt.split("\n")
    assert row.startswith(f"{line} | ")
    assert carets.index("^") == len(f"{line} | ") + column - 1


def test_a_missing_prefix_comes_with_the_line_that_declares_it() -> None:
    error = QueryText("ASK { ?s osce:foo ?o }").explain(syntax_error, {"osce": "http://x/ontology#"})
    assert error.hint == "add this line at the top: PREFIX osce: <http://x/ontology#>"


@pytest.mark.parametrize(
    ("query", "hints"),
    [
        ("ASK { ?s o:lable ?x }", ["there is no o:lable; did you mean o:label?"]),
        ("ASK { ?s <http://l/#datt> 3 }", ["there is no <http://l/#datt>; did you mean <http://l/#date>?"]),
        ("ASK { ?s o:label 'o:lable' } # o:lable", []),
        ("ASK { ?s o:xyzzy ?x }", ["there is no o:xyzzy"]),
        ("ASK { ?s other:lable ?x }", []),
    ],
)
def test_a_misspelled_term_of_ours_is_told_with_what_may_be_meant(query: str, hints: list[str]) -> None:
    text = QueryText("PREFIX o: <http://l/#> PREFIX other: <http://m/#> " + query)
    assert [*text.unknown_terms("http://l/#", ["http://l/#label", "http://l/#date"])] == hints


@pytest.mark.parametrize("brackets", ["()", "{}", "[]"])
def test_nesting_is_bounded_and_told_where(brackets: str) -> None:
    opening, closing = tuple(brackets)
    QueryText(opening * MAX_DEPTH + closing * MAX_DEPTH).check_nesting()
    QueryText(f"'{opening * 999}' # {opening * 999}").check_nesting()
    with pytest.raises(QueryError) as found:
        QueryText("ASK \n" + opening * (MAX_DEPTH + 1)).check_nesting()
    assert (found.value.line, found.value.column) == (2, MAX_DEPTH + 1)


@pytest.mark.parametrize(
    ("query", "is_update"),
    [
        ("CLEAR ALL", True),
        ("# SELECT\nPREFIX a: <b:> BASE <c:> with <x:y> DELETE {}", True),
        ("PREFIX load: <x:> SELECT * { ?s load:it ?o }", False),
        ("ASK { ?insert <x:delete> 'DROP' }", False),
        (unescaped("\\u0043LEAR ALL"), True),
    ],
)
def test_an_update_is_known_by_its_first_word(query: str, is_update: bool) -> None:
    assert QueryText(query).is_update() is is_update


@pytest.mark.parametrize(
    ("query", "is_volatile"),
    [
        ("SELECT (NOW() AS ?n) {}", True),
        ("ASK { FILTER(1<rand ( )) }", True),
        ("ASK { ?now ?p 'UUID()' }", False),
    ],
)
def test_what_differs_each_time_is_known(query: str, is_volatile: bool) -> None:
    assert QueryText(query).is_volatile() is is_volatile


SPACES = "\u00a0\u000b\u000c\u0085\u1680\u2002\u2028\u2029\u202f\u3000"
INVISIBLE = "\0\u0007\u00ad\u180e\u200b\u2060\ufeff"


@pytest.mark.parametrize("character", [*SPACES, *INVISIBLE], ids=lambda c: f"U+{ord(c):04X}")
@pytest.mark.parametrize(
    "query", ["SELECT *\n {X ?s ?p ?o }", "SELECT *\n {?sX ?p ?o }", "ASK {\n  }X", "ASK\n\n{ aX:b :c 1 }"]
)
def test_a_character_that_belongs_to_no_query_is_named_at_its_place(query: str, character: str) -> None:
    with pytest.raises(QueryError) as found:
        QueryText(query.replace("X", character)).check_characters()
    before = query[: query.index("X")]
    assert (found.value.line, found.value.column) == (before.count("\n") + 1, len(before.rpartition("\n")[2]) + 1)
    assert f"U+{ord(character):04X} " in found.value.message
    assert found.value.hint == ("replace it with a space" if character in SPACES else "remove it")


@pytest.mark.parametrize(
    ("character", "name", "meant"),
    [
        ("\u00a0", "NO-BREAK SPACE", "a space"),
        ("\u000b", "VERTICAL TABULATION", "a space"),
        ("\u201c", "LEFT DOUBLE QUOTATION MARK", '"'),
        ("\u201d", "RIGHT DOUBLE QUOTATION MARK", '"'),
        ("\u201e", "DOUBLE LOW-9 QUOTATION MARK", '"'),
        ("\u2019", "RIGHT SINGLE QUOTATION MARK", "'"),
        ("\u00ab", "LEFT-POINTING DOUBLE ANGLE QUOTATION MARK", '"'),
        ("\u2013", "EN DASH", "-"),
        ("\u2212", "MINUS SIGN", "-"),
    ],
)
def test_a_character_of_a_word_processor_is_told_with_what_is_meant(character: str, name: str, meant: str) -> None:
    with pytest.raises(QueryError) as found:
        QueryText(f"ASK {{ ?s ?p {character}a }}").check_characters()
    assert name in found.value.message
    assert found.value.hint == f"replace it with {meant}"


@pytest.mark.parametrize(
    "query",
    [
        "ASK { ?s ?p 'X' }",
        'ASK { ?s ?p """X\n"""@fr }',
        "ASK {} # X",
        "ASK { ?s <x:X> ?o }",
        "\ufeffASK { ?s ?p 'a' }",
        "BASE <x:> prefix : <x:> ASK { ?été :país-é ?Ж . ?名 a :ü }",
        "ASK { ?a\u0301 ?b\u200d ?c\u00b7 }",
    ],
)
def test_in_strings_iris_and_comments_any_character_may_stand(query: str) -> None:
    for character in "\u00a0\u200b\u201c\ufeff":
        text = QueryText(query.replace("X", character))
        text.check_characters()
        Store().query(text.text)


@pytest.mark.parametrize(
    ("query", "hints"),
    [
        ("ASK { ?s <ontology#lable> ?x }", ["there is no <ontology#lable>; did you mean <ontology#label>?"]),
        ("BASE <ontology> ASK { ?s <#lable> ?x }", ["there is no <#lable>; did you mean <#label>?"]),
        ("PREFIX o: <ontology#> ASK { ?s o:lable ?x }", ["there is no o:lable; did you mean o:label?"]),
        ("BASE <http://m/> ASK { ?s <ontology#lable> ?x }", []),
        ("ASK { ?s <../../ontology#label> ?x }", []),
        ("ASK { ?s <//[x/ontology#label> ?x }", []),
    ],
)
def test_a_relative_iri_is_read_under_the_base(query: str, hints: list[str]) -> None:
    text = QueryText(query, base="http://l/")
    assert [*text.unknown_terms("http://l/ontology#", ["http://l/ontology#label"])] == hints


@pytest.mark.parametrize(
    "query",
    [
        "ASK { VALUES ?x { " + "<http://x/y> " * 75_000 + "} }",
        "ASK { VALUES ?x { " + "'it is' " * 120_000 + "} }",
        "ASK { " + "'" * 999_999,
        "ASK { " + '"""a ' * 200_000,
        "ASK { " + "a." * 100_000,
        "SELECT" + " #\n" * 330_000 + "* { ?x ?y ?z }",
        "SELECT " * 70_000,
    ],
    ids=len,
)
def test_a_query_of_up_to_a_million_bytes_is_read_in_one_go(query: str) -> None:
    text = QueryText(query)
    text.check_characters()
    text.check_nesting()
    assert not text.is_update()
    assert text.in_order(["x"]) == ["x"]
    assert text.explain(lambda _: "error at 1:20: expected", {}).line
