"""Codes: every code has its page, and its examples are what they say."""

import re
import shutil
from collections import defaultdict
from pathlib import Path

import pytest

from kg.diagnostics.codes import Code, codes, contents, page
from tests.building import check_world
from tests.places import ONTOLOGY, ROOT, SAMPLE, SHAPES

pytestmark = pytest.mark.slow

TABLE = list(codes().values())
IN_DATA = [code for code in TABLE if code.wrong is not None and code.file.startswith("data/")]
IN_MODEL = [code for code in TABLE if code.wrong is not None and not code.file.startswith("data/")]


def codes_by_file(root: Path) -> dict[str, set[str]]:
    """The codes that are reported of each file of a project."""
    build = check_world(root / "data", root / "ontology", root / "shapes")
    found: dict[str, set[str]] = defaultdict(set)
    for problem in build.problems:
        found[problem.file.relative_to(root).as_posix()].add(problem.code)
    return found


def write(root: Path, path: str, text: str, encoding: str = "utf-8") -> None:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_bytes(text.encode(encoding))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the sample world and the real model."""
    shutil.copytree(ONTOLOGY, tmp_path / "ontology")
    shutil.copytree(SHAPES, tmp_path / "shapes")
    shutil.copytree(SAMPLE, tmp_path / "data")
    return tmp_path


def use_real_data(root: Path) -> None:
    shutil.rmtree(root / "data")
    shutil.copytree(ROOT / "data", root / "data")


def test_the_wrong_examples_of_data_bring_about_their_codes_alone(project: Path) -> None:
    use_real_data(project)
    for code in IN_DATA:
        write(project, code.file, code.wrong or "", code.encoding)
        for path, text in code.also.items():
            write(project, path, text)
    found = codes_by_file(project)
    assert {code.file: found.get(code.file) for code in IN_DATA} == {code.file: {code.code} for code in IN_DATA}
    assert set(found) <= {code.file for code in IN_DATA} | {path for code in IN_DATA for path in code.also}


def test_the_right_examples_of_data_bring_about_nothing(project: Path) -> None:
    use_real_data(project)
    for code in IN_DATA:
        if code.right is not None:
            write(project, code.file.replace(".yml", ".yaml"), code.right)
        for path, text in code.also.items():
            write(project, path, text)
    assert codes_by_file(project) == {}


@pytest.mark.parametrize("code", IN_MODEL, ids=lambda code: code.code)
def test_the_examples_of_the_model_are_what_they_say(code: Code, project: Path) -> None:
    write(project, code.file, code.wrong or "", code.encoding)
    assert codes_by_file(project).get(code.file) == {code.code}
    write(project, code.file, code.right or "")
    assert codes_by_file(project) == {}


@pytest.mark.parametrize("code", TABLE, ids=lambda code: code.code)
def test_a_page_is_complete_and_generated(code: Code) -> None:
    assert len(code.means) > 60
    assert "TODO" not in code.means
    assert code.right is not None or code.wrong is None
    assert (ROOT / "kg" / "diagnostics" / "docs" / f"{code.code}.md").read_text() == page(code)


def test_the_pages_are_those_of_the_table_and_no_others() -> None:
    assert (ROOT / "kg" / "diagnostics" / "docs" / "README.md").read_text() == contents()
    assert {file.stem for file in (ROOT / "kg" / "diagnostics" / "docs").iterdir()} == {"README", *codes()}
    assert list(codes()) == sorted(codes())


def test_every_code_that_is_reported_anywhere_is_in_the_table() -> None:
    sources = "".join(file.read_text() for file in sorted((ROOT / "kg").rglob("*.py")))
    assert set(re.findall(r'"(E\d{3})"', sources)) == set(codes())
