"""Quality: measures are files; what they find is told where it stands, and only to who asks."""

import json
import re
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from kg.cli import main
from kg.diagnostics.problems import Problem, Severity
from kg.steps.build import Build
from kg.steps.measure import answers, gaps
from tests.building import check_world
from tests.places import ROOT, SAMPLE, SHAPES

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def graph() -> Build:
    """The real graph, checked."""
    return check_world(ROOT / "data")


@pytest.fixture(scope="module")
def found(graph: Build) -> list[Problem]:
    """What the measures found of it."""
    return [*gaps(graph.model, graph.graph, graph.quality)]


def world_with(tmp_path: Path, measure: str) -> Build:
    """The sample world under the real shapes, with one measure alone."""
    shapes = tmp_path / "shapes"
    shutil.copytree(SHAPES, shapes)
    shutil.rmtree(shapes / "quality")
    (shapes / "quality").mkdir()
    (shapes / "quality" / "mine.rq").write_text(measure, encoding="utf-8")
    return check_world(SAMPLE, shapes=shapes)


def told(build: Build) -> list[tuple[str, str, int]]:
    """The gaps of a build: message, file and line."""
    return [(gap.message, gap.file.name, gap.line) for gap in gaps(build.model, build.graph, build.quality)]


MEASURE = """# Which States have which code?
# {state} has the {property} {code}.
PREFIX osce: <https://w3id.org/osce-kg/ontology#>
SELECT (?state AS ?thing) ?state ?property ?code WHERE {
  BIND(osce:isoCode AS ?property)
  ?state a osce:State ; ?property ?code .
} ORDER BY ?state
"""


def test_a_measure_is_a_question_a_sentence_and_a_query(tmp_path: Path) -> None:
    build = world_with(tmp_path, MEASURE)
    [measure] = build.quality.measures
    assert (measure.name, measure.question) == ("mine", "Which States have which code?")
    lines = (SAMPLE / "state" / "avalon.yaml").read_text(encoding="utf-8").splitlines()
    line = next(number for number, text in enumerate(lines, 1) if text.startswith("isoCode"))
    code = lines[line - 1].partition(": ")[2].strip("'")
    assert (f"state/avalon has the isoCode {code}.", "avalon.yaml", line) in told(build)


def test_a_finding_about_a_class_stands_where_the_class_is_declared(tmp_path: Path) -> None:
    query = """# How many are there of each class?
# There are {number} of the class {class}.
SELECT ?class (COUNT(?s) AS ?number) WHERE { ?s a ?class FILTER(STRENDS(STR(?class), "#Place")) } GROUP BY ?class
"""
    [(message, file, line)] = told(world_with(tmp_path, query))
    assert re.fullmatch(r"There are \d+ of the class Place\.", message)
    declared = (ROOT / "ontology" / "osce.ttl").read_text(encoding="utf-8").splitlines()[line - 1]
    assert (file, declared.split()[0]) == ("osce.ttl", "osce:Place")


@pytest.mark.parametrize("query", ["SELECT ?s WHERE {", "ASK { ?s ?p ?o }", "", "SELECT ?s WHERE { ?s no:such ?o }"])
def test_a_measure_that_cannot_be_asked_is_an_error_in_its_file(tmp_path: Path, query: str) -> None:
    build = world_with(tmp_path, f"# What?\n# That.\n{query}")
    assert [(p.code, p.severity, p.file.name) for p in build.problems] == [("E509", Severity.ERROR, "mine.rq")]


def test_a_row_without_a_variable_of_the_sentence_shows_an_ellipsis(tmp_path: Path) -> None:
    build = world_with(tmp_path, "# What?\n# {thing} has {nothing}.\nSELECT ?thing { ?thing a ?c } LIMIT 1")
    ((message, _, _),) = told(build)
    assert message.endswith(" has ….")


def test_a_check_tells_of_quality_only_when_asked() -> None:
    plain = CliRunner().invoke(main, ["check", "--data", str(SAMPLE), "--format", "json"])
    asked = CliRunner().invoke(main, ["check", "--data", str(SAMPLE), "--format", "json", "--quality"])
    assert (plain.exit_code, asked.exit_code) == (0, 0)
    assert json.loads(plain.output)["problems"] == []
    found = json.loads(asked.output)["problems"]
    assert {(p["code"], p["severity"]) for p in found} == {("E315", "info")}


def test_each_measure_of_ours_finds_something_and_says_it_whole(graph: Build) -> None:
    assert len(graph.quality.measures) == 5
    for measure, rows in answers(graph.quality, graph.graph.store):
        assert measure.question.endswith("?")
        assert rows
        assert all(set(re.findall(r"\{(\w+)\}", measure.sentence)) <= set(row) for row in rows)


def gap(found: list[Problem], message: str) -> Problem:
    return next(each for each in found if each.message == message)


def test_a_disputed_value_is_told_at_the_value(found: list[Problem]) -> None:
    disputed = gap(found, "References give 2 values for established of institution/odihr.")
    assert disputed.file.read_text(encoding="utf-8").splitlines()[disputed.line - 1] == "established: 1991"


def test_what_rests_on_general_knowledge_alone_is_told_at_the_record(found: list[Problem]) -> None:
    known = gap(found, "All facts about chairpersonship/1994 are based on general knowledge.")
    assert (known.thing, known.line, known.severity) == ("chairpersonship/1994", 1, Severity.INFO)


def test_labels_are_counted_by_language(found: list[Problem]) -> None:
    said = [each.message for each in found if each.message.endswith("in Spanish.")]
    assert any(
        message.startswith("Of 36 things of the class Field Operation, 36 have a label in English") for message in said
    )
