"""Reports: the same problems as text, SARIF and GitHub annotations."""

import json
import re
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator
from rich.cells import cell_len
from rich.console import Console

from kg.diagnostics.codes import codes
from kg.diagnostics.problems import Problem, Severity, errors
from kg.diagnostics.report import as_github, as_sarif, as_text
from kg.steps.build import Build
from tests.kg.steps.test_problems import BROKEN, PLACE, check_files

SCHEMA = json.loads((Path(__file__).parent / "sarif-2.1.0.json").read_text())
"""The JSON Schema that OASIS publishes with SARIF 2.1.0."""

Sarif = dict[str, Any]


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """The sample world with every broken source."""
    return check_files({case.path: case.source for case in BROKEN}, tmp_path_factory.mktemp("broken"))


def sarif(problems: list[Problem]) -> Sarif:
    log: Sarif = json.loads(as_sarif(problems))
    Draft7Validator(SCHEMA).validate(log)
    return log


def test_sarif_meets_its_schema_and_has_every_problem(broken: Build) -> None:
    run = sarif(broken.problems)["runs"][0]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert rules == sorted({problem.code for problem in broken.problems})
    places = [
        (
            result["ruleId"],
            result["locations"][0]["physicalLocation"]["region"]["startLine"],
            result["locations"][0]["physicalLocation"]["region"]["startColumn"],
        )
        for result in run["results"]
    ]
    assert places == [(p.code, p.line, p.column) for p in broken.problems]
    assert len(places) > 10
    assert all(rules[result["ruleIndex"]] == result["ruleId"] for result in run["results"])


def test_the_schema_refuses_what_is_not_sarif(broken: Build) -> None:
    log = sarif(broken.problems[:1])
    log["runs"][0]["results"][0]["level"] = "fatal"
    assert not Draft7Validator(SCHEMA).is_valid(log)


def test_sarif_without_problems_is_a_run_without_results() -> None:
    assert sarif([])["runs"][0]["results"] == []


def fingerprints(build: Build) -> list[str]:
    results = sarif(build.problems)["runs"][0]["results"]
    return [result["partialFingerprints"]["problem/v1"] for result in results]


def test_fingerprints_differ_and_stay_when_lines_move(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = PLACE + "country: state/avalom\nwebsite: [x, y]\nkeys: z\n"
    found = []
    for number, text in enumerate((source, f"# moved\n\n{source}")):
        directory = tmp_path / str(number)
        directory.mkdir()
        monkeypatch.chdir(directory)
        found.append(fingerprints(check_files({"place/x.yaml": text}, directory)))
    assert found[0] == found[1]
    assert len(set(found[0])) == 4


def test_levels_follow_severities(broken: Build) -> None:
    problem = broken.problems[0]
    assert errors([problem]) == 1
    levels = {}
    for severity in Severity:
        changed = Problem(problem.code, "m", problem.file, severity=severity)
        levels[severity] = sarif([changed])["runs"][0]["results"][0]["level"], as_github([changed]).split()[0]
    assert levels == {
        Severity.ERROR: ("error", "::error"),
        Severity.WARNING: ("warning", "::warning"),
        Severity.INFO: ("note", "::notice"),
    }


def test_an_annotation_is_one_line_and_breaks_nothing(broken: Build) -> None:
    lines = as_github(broken.problems).splitlines()
    assert len(lines) == len(broken.problems)
    for line, problem in zip(lines, broken.problems, strict=True):
        place = re.fullmatch(r"::error file=([^,]*),line=(\d+),col=(\d+),title=([^,:]*)::(.*)", line)
        assert place is not None, line
        assert (int(place[2]), int(place[3])) == (problem.line, problem.column)
        assert place[4].startswith(f"{problem.code}%3A ")


# ── For people ───────────────────────────────────────────────────────────────────────────────────────────────────


def told(problems: list[Problem], most: int = 0, **console: Any) -> str:
    out = StringIO()
    as_text(problems, Console(file=out, width=100, highlight=False, markup=False, **console), most)
    return out.getvalue()


def test_of_a_code_some_are_shown_and_the_rest_counted(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        f"place/p{i}.yaml": f"label:\n  en: Place {i}\ncountry: state/avalom\n" for i in range(30)
    }
    problems = check_files({**files, "place/q.yaml": PLACE + "keys: x\n"}, tmp_path).problems
    text = told(problems, 20)
    assert text.count("error[E204]") == 20
    assert text.count("error[E201]") == 1
    assert text.endswith(f"… and 10 more of E204 ({codes()['E204'].title}); --most 0 shows all\n\n")
    assert told(problems).count("error[E204]") == 30


def test_colours_and_links_are_for_terminals_alone(broken: Build) -> None:
    assert "\x1b" not in told(broken.problems)
    text = told(broken.problems[:3], force_terminal=True, color_system="standard")
    assert "\x1b[1;31m" in text or "\x1b[31m" in text or ";31" in text
    assert re.search(r"\x1b\]8;id=\d+;file:///[^\x1b]*\.yaml\x1b\\", text)
    assert re.search(r"\x1b\]8;id=\d+;file:///[^\x1b]*/docs/E\d+\.md\x1b\\", text)


def test_what_a_terminal_would_obey_is_not_sent_to_it(tmp_path: Path) -> None:
    source = 'label: {en: X}\n"a\\e]0;title\\a": y\nnote: {en: "\\u202eX"}\n# \x1b[2J\u2066\nwebsite: "\\e[31m"\n'
    text = told(check_files({"place/x.yaml": source}, tmp_path).problems)
    assert not set("\x1b\x07\u202e\u2066") & set(text)


def test_a_caret_stands_under_its_column_behind_wide_letters(tmp_path: Path) -> None:
    problems = check_files({"place/x.yaml": "{label: {en: A 亚瑟🐉}, keys: X}\n"}, tmp_path).problems
    _, line, caret, *_ = told(problems).splitlines()
    assert line == "1 | {label: {en: A 亚瑟🐉}, keys: X}"
    assert caret == "  | " + " " * (21 + 3) + "^^^^"


def test_of_a_long_line_what_is_near_is_shown(tmp_path: Path) -> None:
    source = f"label: {{en: {'x' * 5000}}}\nnote: {{en: {'y' * 500}, xx-: z, fr: {'z' * 5000}}}\n"
    problems = check_files({"place/x.yaml": source}, tmp_path).problems
    _, line, caret, *_ = told(problems).splitlines()
    assert len(line) < 200
    at = caret.index("^")
    assert line[at : at + caret.count("^")] == "xx-"


# ── On a terminal ────────────────────────────────────────────────────────────────────────────────────────────────

SOURCES = {
    "short": ("label: {en: Avalon}", "Avalon"),
    "long": ("note: " + "word " * 60 + "FAULT" + " word" * 60, "FAULT"),
    "long, at its end": ("note: " + "word " * 60 + "FAULT", "FAULT"),
    "long, at its beginning": ("FAULT" + " word" * 60, "FAULT"),
    "a long fault": ("note: " + "x" * 300, "x" * 300),
    "wide": ("note: " + "日本語" * 40 + "FAULT" + "日本語" * 40, "FAULT"),
    "combining": ("note: " + "e\u0301a\u0308" * 60 + "FAULT" + "e\u0301" * 60, "FAULT"),
    "a wide fault": ("note: " + "a" * 90 + "語語語" + "b" * 90, "語語語"),
}


def printed(problem: Problem, width: int, terminal: bool) -> list[str]:
    """The lines of a report, as text without colours."""
    out = StringIO()
    as_text([problem], Console(file=out, width=width, force_terminal=terminal, color_system=None))
    return [re.sub("\x1b\\][^\x1b]*\x1b\\\\", "", line) for line in out.getvalue().splitlines()]


def problem_at(source: str, marked: str, tmp_path: Path) -> Problem:
    file = tmp_path / "x.yaml"
    file.write_text(source, encoding="utf-8")
    message, hint = "this is not what is expected here, " * 4, "write something else, " * 9
    return Problem("E203", message.strip(), file, 1, source.index(marked) + 1, length=len(marked), hint=hint.strip())


@pytest.mark.parametrize("width", [30, 60, 80, 120, 200])
@pytest.mark.parametrize("name", SOURCES)
def test_a_report_fits_the_terminal_with_the_caret_under_the_fault(name: str, width: int, tmp_path: Path) -> None:
    source, marked = SOURCES[name]
    lines = printed(problem_at(source, marked, tmp_path), width, terminal=True)
    carets = next(n for n, line in enumerate(lines) if line.strip(" |") and not line.strip(" |^"))
    text, below = lines[carets - 1], lines[carets]
    indent, long = below.index("^"), below.count("^")
    assert cell_len(text) <= width
    places = [cell_len(text[:n]) for n in range(len(text) + 1)]
    shown = text[places.index(indent) : places.index(indent + long)]
    found = shown.strip("\u0301\u0308")
    assert found == marked if len(marked) < 300 else found.strip("x") == "" != found
    for line in lines[1 : carets - 1] + lines[carets + 1 :]:
        assert cell_len(line) <= width or " " not in line.strip()
        assert line == "" or line.startswith("  ")


@pytest.mark.parametrize("name", SOURCES)
def test_what_is_not_a_terminal_gets_whole_lines(name: str, tmp_path: Path) -> None:
    problem = problem_at(*SOURCES[name], tmp_path)
    lines = printed(problem, 30, terminal=False)
    assert lines[0].endswith(problem.message)
    assert f"  hint: {problem.hint}" in lines


def test_lines_that_are_wrapped_say_the_same_words(tmp_path: Path) -> None:
    problem = problem_at(*SOURCES["short"], tmp_path)
    whole, narrow = (" ".join(printed(problem, 40, t)).split() for t in (False, True))
    assert narrow == whole
