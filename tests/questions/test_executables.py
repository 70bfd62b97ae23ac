"""Questions as data: what editors find, and what is filled in."""

from pathlib import Path

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient

from kg.cli import main
from kg.dataset.layout import Dataset
from kg.dataset.questions import Question, parameters, read_questions
from kg.names import CANONICAL
from kg.namespaces import VOID_EXT
from kg.sparql.oxigraph import Oxigraph
from kg.sparql.query_text import QueryText
from tests.questions.test_questions import FILES, QUESTIONS

EXAMPLES = """SELECT ?name ?comment ?query ?endpoint { GRAPH <G> {
  ?q a sh:SPARQLExecutable ; rdfs:comment ?comment ; schema:target ?endpoint ; dcterms:identifier ?name ;
     sh:select|sh:ask|sh:construct|sh:describe ?query } } ORDER BY ?name"""
"""What SPARQL editors ask for examples by."""

AUTOCOMPLETION = """SELECT DISTINCT ?class ?property ?to ?datatype { GRAPH <G> {
  ?part void:class ?class ; void:propertyPartition ?inner . ?inner void:property ?property .
  OPTIONAL { { ?inner void:classPartition [ void:class ?to ] }
             UNION { ?inner <EXTdatatypePartition> [ <EXTdatatype> ?datatype ] } }
} } ORDER BY ?class ?property ?to ?datatype""".replace("EXT", str(VOID_EXT._NS))
"""What SPARQL editors ask for classes and properties by."""


@pytest.fixture(scope="session")
def questions(real: Path) -> dict[str, Question]:
    return {question.name: question for question in Dataset.current(real).questions()}


def lines(engine: Oxigraph, query: str) -> list[str]:
    """The solutions of a query, in their order."""
    return [str([str(term) for term in row]) for row in engine.select(query).rows]


def test_every_question_is_found_by_editors_and_runs_as_it_is(engine: Oxigraph) -> None:
    found = [*engine.select(EXAMPLES.replace("<G>", f"<{engine.names.questions}>"))]
    assert [row["name"].value for row in found] == sorted(QUESTIONS)
    for row in found:
        assert lines(engine, row["query"].value) == lines(engine, engine.names.rebase(QUESTIONS[row["name"].value]))
        assert row["endpoint"].value == engine.names.base + "sparql"


def test_most_questions_take_a_value(questions: dict[str, Question]) -> None:
    assert sum(bool(question.parameters) for question in questions.values()) >= 30


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * WHERE { VALUES ?x { } }",
        "SELECT * WHERE { VALUES ?x { none:such } }",
        "SELECT * WHERE { VALUES (?x) { (1) } }",
        "SELECT * WHERE { VALUES ?x { 1 2 } }",
        "SELECT * WHERE",
        "nonsense {",
    ],
)
def test_what_is_no_single_term_is_no_parameter(query: str) -> None:
    assert [*parameters(QueryText(query))] == []


def test_the_defaults_give_the_answer_of_the_question(questions: dict[str, Question], engine: Oxigraph) -> None:
    assert set(questions) == set(QUESTIONS)
    for question in questions.values():
        defaults = {parameter.name: parameter.default for parameter in question.parameters}
        assert lines(engine, question.fill(defaults, engine.names)) == lines(engine, question.query), question.name


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("events-of-a-year", {"year": "1994"}),
        ("field-operations-on-a-day", {"day": "2010-01-01"}),
        ("documents-of-a-meeting", {"meeting": "meeting/helsinki-summit-1975"}),
    ],
)
def test_another_value_gives_another_answer(
    name: str, values: dict[str, str], questions: dict[str, Question], engine: Oxigraph
) -> None:
    other = lines(engine, questions[name].fill(values, engine.names))
    assert other != lines(engine, questions[name].query)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("events-of-a-year", {"year": "nineteen"}),
        ("events-of-a-year", {"year": "1999 } DELETE { ?s ?p ?o"}),
        ("documents-of-a-meeting", {"meeting": "http://example.org/> } #"}),
        ("field-operations-on-a-day", {"day": '2010-01-01"'}),
        ("documents-of-a-meeting", {"meeting": ""}),
        ("documents-of-a-meeting", {"meeting": "nonsense"}),
        ("meetings-not-held", {"held": "perhaps"}),
        ("events-of-a-year", {"yaer": "1999"}),
    ],
)
def test_what_is_no_value_is_refused(
    name: str, values: dict[str, str], questions: dict[str, Question], engine: Oxigraph
) -> None:
    with pytest.raises(ValueError, match=r"is not a valid value for|there is no parameter"):
        questions[name].fill(values, engine.names)


def test_a_text_is_quoted_whatever_it_holds(questions: dict[str, Question], engine: Oxigraph) -> None:
    hostile = 'x" } # \\ \n } UNION { ?s ?p ?o'
    assert lines(engine, questions["closed-without-consensus"].fill({"word": hostile}, engine.names)) == []


def test_questions_are_the_same_each_time(engine: Oxigraph) -> None:
    first, again = read_questions(FILES, engine.names), read_questions(FILES, engine.names)
    assert first == again
    assert CANONICAL not in str(first)


def test_editors_can_complete_properties_and_what_they_lead_to(engine: Oxigraph) -> None:
    names = engine.names
    found = [
        tuple(names.compact(row[key].value) if key in row else "" for key in ("class", "property", "to", "datatype"))
        for row in engine.select(AUTOCOMPLETION.replace("<G>", f"<{names.dataset}>"))
    ]
    assert ("osce:State", "osce:participation", "osce:Participation", "") in found
    assert ("osce:State", "rdfs:label", "", "rdf:langString") in found
    assert len(found) > 500


def test_answers_and_their_order_are_the_same_over_http_and_by_command(
    real: Path, real_client: FlaskClient, engine: Oxigraph
) -> None:
    for name, text in QUESTIONS.items():
        asked = {"query": engine.names.rebase(text)}
        over_http = real_client.get("/sparql", query_string=asked, headers={"Accept": "text/csv"}).get_data()
        command = ["query", "--published", str(real), "--format", "csv", text]
        assert CliRunner().invoke(main, command).stdout_bytes == over_http, name
