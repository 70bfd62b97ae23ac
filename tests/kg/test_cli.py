"""The command line: what goes to stdout, what to stderr, and how it exits."""

import json
import os
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from kg.cli import main
from tests.places import ROOT, SAMPLE

MODEL = ["--ontology", str(ROOT / "ontology"), "--shapes", str(ROOT / "shapes")]


def kg(*arguments: object) -> Result:
    """Runs the command line in this process."""
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """A copy of the sample world with an error in one record."""
    data = tmp_path / "data"
    shutil.copytree(SAMPLE, data)
    (data / "place" / "camelot.yaml").write_text("label:\n  en: Camelot\ncountry: state/avallon\n")
    return data


def test_check_of_what_is_right_exits_0_with_nothing_on_stdout() -> None:
    result = kg("check", "--data", SAMPLE, *MODEL)
    assert (result.exit_code, result.stdout) == (0, "")
    assert "24 records, 0 errors" in result.stderr


def test_check_shows_the_line_the_caret_and_the_cure(broken: Path) -> None:
    result = kg("check", "--data", broken, *MODEL)
    assert result.exit_code == 1
    assert "camelot.yaml:3:10: error[E204] there is no state/avallon" in result.stdout
    assert "3 | country: state/avallon\n  |          ^^^^^^^^^^^^^" in result.stdout
    assert "hint: did you mean 'state/avalon'?" in result.stdout


def test_check_as_json_is_one_object_with_the_fields_of_the_contract(broken: Path) -> None:
    result = kg("check", "--data", broken, *MODEL, "--format", "json")
    report = json.loads(result.stdout)
    assert set(report) == {"problems", "elsewhere", "notes", "files", "records", "seconds"}
    assert report["records"] == 24
    [problem] = report["problems"]
    assert set(problem) == {
        "code", "severity", "message", "file", "line", "column", "expected", "found", "hint", "thing", "related",
    }  # fmt: skip
    assert (problem["code"], problem["severity"], problem["line"], problem["column"]) == ("E204", "error", 3, 10)
    assert problem["thing"] == "place/camelot"
    assert (Path.cwd() / problem["file"]).samefile(broken / "place" / "camelot.yaml")


def test_check_of_a_path_shows_its_problems_and_counts_the_errors_of_other_files(broken: Path) -> None:
    elsewhere = kg("check", "--data", broken, *MODEL, broken / "state")
    assert elsewhere.exit_code == 1
    assert elsewhere.stdout == ""
    assert (
        "1 error elsewhere:\n  " + os.path.relpath(broken / "place" / "camelot.yaml") + ":3:10: 1 error"
        in elsewhere.stderr
    )
    there = kg("check", "--data", broken, *MODEL, broken / "place" / "camelot.yaml")
    assert there.exit_code == 1
    assert "E204" in there.stdout
    assert "elsewhere" not in there.stderr


@pytest.mark.parametrize("form", ["json", "sarif", "github"])
def test_errors_of_other_files_make_the_exit_code_in_every_format(form: str, broken: Path) -> None:
    result = kg("check", "--data", broken, *MODEL, "--format", form, broken / "state")
    assert result.exit_code == 1
    assert "E204" not in result.stdout
    if form == "json":
        file = os.path.relpath(broken / "place" / "camelot.yaml")
        assert json.loads(result.stdout)["elsewhere"] == [{"file": file, "line": 3, "errors": 1}]
    else:
        assert "1 error elsewhere:" in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["check", "--data", "nowhere"],
        ["check", "--format", "xml"],
        ["check", "--data", str(SAMPLE), *MODEL, __file__],
        ["build", "--keep", "0"],
        ["build", "--base-uri", "x"],
        ["nonsense"],
    ],
)
def test_a_call_that_cannot_be_taken_exits_2(arguments: list[str]) -> None:
    result = kg(*arguments)
    assert result.exit_code == 2
    assert result.stdout == ""


def test_several_data_directories_make_a_union(tmp_path: Path) -> None:
    (tmp_path / "person").mkdir()
    (tmp_path / "person" / "gawain.yaml").write_text("label: {en: Gawain}\nreference: reference/almanac\n")
    assert kg("check", "--data", SAMPLE, "--data", tmp_path, *MODEL).exit_code == 0
    assert kg("check", "--data", tmp_path, *MODEL).exit_code == 1


def test_build_prints_the_version_alone(tmp_path: Path) -> None:
    result = kg("build", "--data", SAMPLE, *MODEL, "--published", tmp_path)
    assert result.exit_code == 0
    assert (tmp_path / result.stdout.strip() / "data.nq").is_file()


def test_the_environment_sets_what_a_flag_sets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KG_PUBLISHED", str(tmp_path))
    assert kg("build", "--data", SAMPLE, *MODEL).exit_code == 0
    assert (tmp_path / "current").is_symlink()


def test_query_takes_a_text_or_a_file_and_prints_the_answer(sample: Path, tmp_path: Path) -> None:
    text = "SELECT ?s { ?s a osce:State } ORDER BY ?s"
    file = tmp_path / "states.rq"
    file.write_text("PREFIX osce: <https://w3id.org/osce-kg/ontology#>\n" + text)
    for query in (text, file):
        result = kg("query", query, "--published", sample, "--format", "csv")
        assert result.exit_code == 0, result.stderr
        assert [line.rpartition("/")[2] for line in result.stdout.split()[1:]] == ["avalon", "lyonesse"]
    assert "state/avalon" in kg("query", text, "--published", sample).stdout


def test_query_resolves_relative_iris_against_the_base_and_keeps_the_order_of_columns(sample: Path) -> None:
    query = "SELECT * { ?thing a <ontology#State> ; rdfs:label ?label . FILTER(?thing = <id/state/avalon>) }"
    result = kg("query", query, "--published", sample, "--format", "csv")
    assert result.exit_code == 0, result.stderr
    assert result.stdout.splitlines()[0] == "thing,label"
    table = kg("query", query, "--published", sample).stdout
    assert table.index("thing") < table.index("label")


def test_query_tells_what_a_relative_term_may_have_meant(sample: Path) -> None:
    result = kg("query", "ASK { ?s a <ontology#Stat> }", "--published", sample)
    assert "did you mean <ontology#State>?" in result.stderr


def test_query_passes_over_a_byte_order_mark_and_names_other_characters(sample: Path, tmp_path: Path) -> None:
    file = tmp_path / "states.rq"
    file.write_bytes(b"\xef\xbb\xbfASK { ?s a osce:State }")
    assert kg("query", file, "--published", sample).stdout == "true\n"
    file.write_bytes("ASK {\n ?s\u00a0a osce:State }".encode())
    result = kg("query", file, "--published", sample)
    assert result.exit_code == 1
    assert "2:4: U+00A0 NO-BREAK SPACE" in result.stderr
    assert "hint: replace it with a space" in result.stderr


@pytest.mark.parametrize(
    ("query", "format_", "status", "output"),
    [
        ("ASK { <x:> <x:> <x:> }", "json", 0, "false"),
        ("ASK { ?s ?p ?o }", "table", 0, "true"),
        ("CONSTRUCT { ?s a osce:State } WHERE { ?s a osce:State }", "nt", 0, "state/avalon> <http"),
        ("CONSTRUCT { ?s a osce:State } WHERE { ?s a osce:State }", "csv", 1, ""),
        ("SELECT * { ?s ?p ?o }", "ttl", 1, ""),
        ("SELECT nonsense", "table", 1, ""),
        ("ASK { ?s ?p '" + "x" * 300 + "' }", "table", 0, "false"),
    ],
)
def test_query_answers_each_form(query: str, format_: str, status: int, output: str, sample: Path) -> None:
    result = kg("query", query, "--published", sample, "--format", format_)
    assert result.exit_code == status
    assert output in result.stdout


def test_query_without_a_dataset_says_how_to_make_one(tmp_path: Path) -> None:
    result = kg("query", "ASK {}", "--published", tmp_path)
    assert result.exit_code == 1
    assert "kg build" in result.stderr
