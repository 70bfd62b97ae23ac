"""All at once: one run tells every error, also of records that have errors already, and of a pair both places."""

import shutil
from pathlib import Path

import pytest

from kg.diagnostics.problems import errors_by_file, only_in
from kg.steps.build import Build
from tests.building import check_world
from tests.kg.steps.test_problems import PLACE, RELEASE, STATE, check_files
from tests.places import ONTOLOGY, SAMPLE, SHAPES

Place = tuple[str, int, int]


def place(build: Build, file: Path, line: int, column: int) -> Place:
    return file.relative_to(build.sources.data[0]).as_posix(), line, column


def found_in(build: Build) -> list[tuple[str, Place, list[Place]]]:
    """Code, place and other places of each problem."""
    return [
        (
            problem.code,
            place(build, problem.file, problem.line, problem.column),
            [place(build, other.file, other.line, other.column) for other in problem.related],
        )
        for problem in build.problems
    ]


BAD_CODE = "isoCode: xx\n"

ONE_RECORD = {
    "no-break spaces that do not indent, and a value that breaks a shape": (
        STATE.replace("  en:", "\u00a0\u00a0en:") + BAD_CODE,
        ["E104", "E117", "E306"],
    ),
    "a key twice, and a value that breaks a shape": (
        STATE + "isoCode: OR\n" + BAD_CODE.replace("isoCode", "isoAlpha3Code") + "isoCode: OR\n",
        ["E201", "E103"],
    ),
    "no value, and a value that breaks a shape": (STATE + "capital:\n" + BAD_CODE, ["E104", "E306"]),
    "an unknown key, and a value that breaks a shape": (STATE + "xyz: 1\n" + BAD_CODE, ["E201", "E306"]),
    "a value of the wrong form, and one that breaks a shape": (STATE + "capital: [{}]\n" + BAD_CODE, ["E202", "E306"]),
    "a dangling reference, and a value that breaks a shape": (
        STATE + "capital: place/x\n" + BAD_CODE,
        ["E204", "E306"],
    ),
    "YAML that is broken, and a value that breaks a shape": (STATE + BAD_CODE + "capital: : x\n", ["E306", "E102"]),
    "an unknown key, and no label": ("xyz: 1\n" + STATE.partition("\n  en: Orkney\n")[2], ["E201", "E301"]),
    "a key that is missing since it is misspelt": (STATE.replace("label:", "lable:"), ["E201"]),
    "a key with a look-alike letter": (STATE.replace("label:", "l\u0430bel:"), ["E116"]),
    "a key in a map below the one that lacks it": (
        "participation:\n- status: participating\n  since: 1973\n  label: {en: Orkney}\n",
        ["E201"],
    ),
    "a pair without a space, and no other key is missing": (
        "label: {en: Orkney}\nparticipation: {status:participating, since: 1973}\n",
        ["E104"],
    ),
    "a part without what distinguishes it": (
        "label: {en: Orkney}\nparticipation:\n- status: participating\n",
        ["E208"],
    ),
    "a value that is missing since it is wrong": (STATE.replace("\n  en: Orkney", " Orkney"), ["E202"]),
    "nothing is missing of what cannot be read": (STATE.replace("label:", "label: : x"), ["E102"]),
}


@pytest.mark.parametrize(("source", "codes"), ONE_RECORD.values(), ids=ONE_RECORD)
def test_of_one_record_everything_is_told_once(source: str, codes: list[str], tmp_path: Path) -> None:
    build = check_files({"state/orkney.yaml": source}, tmp_path)
    assert [problem.code for problem in build.problems] == codes


def test_a_record_with_errors_is_not_published_and_the_check_says_that_it_has_them(tmp_path: Path) -> None:
    build = check_files({"state/orkney.yaml": STATE + "xyz: 1\n"}, tmp_path)
    assert build.notes[0] == "In 1 record with errors, only the values without errors were checked."


NUMBER = RELEASE + "itemNumber: 77\n"


def test_a_pair_is_one_problem_that_names_both_places(tmp_path: Path) -> None:
    build = check_files(
        {"release/a.yaml": NUMBER, "release/b.yaml": "# B\n" + NUMBER.replace("en: ", "en: B ")}, tmp_path
    )
    assert found_in(build) == [("E314", ("release/b.yaml", 4, 13), [("release/a.yaml", 3, 13)])]
    assert build.problems[0].related[0].thing == "release/a"


def test_of_three_the_second_and_the_third_are_told(tmp_path: Path) -> None:
    files = {f"release/{name}.yaml": NUMBER.replace("en: ", f"en: {name} ") for name in "abc"}
    places = {name: (f"release/{name}.yaml", 3, 13) for name in "abc"}
    assert found_in(check_files(files, tmp_path)) == [
        ("E314", places["b"], [places["a"]]),
        ("E314", places["c"], [places["a"], places["b"]]),
    ]


def test_a_pair_is_told_although_another_record_has_an_error(tmp_path: Path) -> None:
    files = {"release/a.yaml": NUMBER, "release/b.yaml": NUMBER.replace("en: ", "en: B "), "place/x.yaml": "xyz: 1\n"}
    assert [code for code, *_ in found_in(check_files(files, tmp_path))] == ["E201", "E301", "E314"]


CHAIRED = """\
series: meeting-series/ministerial-council-meetings
since: 1999-06
chairedBy: state/avalon
"""


@pytest.mark.parametrize(
    ("other", "source", "is_told"),
    [
        ("place/x.yaml", "label: {en: X}\ncountry: avalon\n", True),
        ("chairpersonship/x.yaml", "label: {en: X}\nheldBy: avalon\nsince: 1999-06\n", False),
        ("chairpersonship/x.yaml", "label: {en: X\n", False),
    ],
)
def test_what_is_missing_is_told_unless_it_may_be_what_could_not_be_read(
    other: str, source: str, is_told: bool, tmp_path: Path
) -> None:
    files = {
        "meeting-series/ministerial-council-meetings.yaml": "label: {en: Ministerial Council}\n",
        "meeting/x.yaml": f"label: {{en: Joust of the councils}}\n{CHAIRED}",
        other: source,
    }
    build = check_files(files, tmp_path)
    assert [p.code for p in build.problems if p.thing == "meeting/x"] == ["E314"] * is_told
    assert is_told or any(
        "about missing values cannot be checked until these errors are corrected" in note for note in build.notes
    )


def test_possible_duplicates_name_both_places(tmp_path: Path) -> None:
    build = check_files({"person/morgana-le-fay.yaml": "label:\n  en: Morgana le Fay\n"}, tmp_path)
    [problem] = build.problems
    assert (problem.code, [other.thing for other in problem.related]) == ("E405", ["person/morgan-le-fay"])
    line = problem.related[0].file.read_text().splitlines()[problem.related[0].line - 1]
    assert "Morgan le Fay" in line[problem.related[0].column - 1 :]


def test_a_path_shows_the_problems_that_are_about_it_wherever_they_are_told(tmp_path: Path) -> None:
    build = check_files(
        {"release/a.yaml": NUMBER, "release/b.yaml": NUMBER, "place/x.yaml": PLACE + "xyz: 1\n"}, tmp_path
    )
    data = build.sources.data[0]
    shown = only_in(build.problems, [data / "release" / "a.yaml"])
    assert {problem.file for problem in shown} == {data / "release" / "b.yaml"}
    elsewhere = errors_by_file(set(build.problems) - set(shown))
    assert {file: len(errors) for file, errors in elsewhere.items()} == {data / "place" / "x.yaml": 1}


def test_without_a_model_the_check_says_that_values_were_not_checked(tmp_path: Path) -> None:
    shutil.copytree(SHAPES, tmp_path / "shapes")
    (tmp_path / "shapes" / "new.ttl").write_text("a b c .", encoding="utf-8")
    build = check_world(SAMPLE, ONTOLOGY, tmp_path / "shapes")
    assert {problem.code for problem in build.problems} == {"E501"}
    assert build.notes == [
        "The ontology or the shapes have errors, so the values of the records were not checked. "
        "Correct these errors first."
    ]
