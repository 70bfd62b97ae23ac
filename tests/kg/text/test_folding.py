"""Folding: one folding for what is compared, for names of things and for names of parts."""

from pathlib import Path

import pytest

from kg.text.folding import as_name, as_part_name, fold
from tests.kg.steps.test_problems import check_files

FOLDED = {
    "Łódź": "lodz",
    "Ørsted": "orsted",
    "Đakovo": "dakovo",
    "Straße": "strasse",
    "Skopje, 2018": "skopje-2018",
    "O’Brien & Co.": "o-brien-co",
    "ﬁeld": "field",
    "İzmir": "izmir",
}


@pytest.mark.parametrize(("text", "name"), FOLDED.items())
def test_a_text_becomes_a_name_as_it_is_compared(text: str, name: str) -> None:
    assert as_name(text) == fold(text).replace(" ", "-") == name


def test_names_of_parts_keep_letters_with_strokes_and_of_other_scripts() -> None:
    assert (as_part_name("Łódź, 2018"), as_part_name("Вена")) == ("łodz-2018", "вена")
    assert as_name("Вена") == ""


@pytest.mark.parametrize(("text", "name"), FOLDED.items())
def test_the_name_of_a_file_is_mended_by_the_same_folding(text: str, name: str, tmp_path: Path) -> None:
    build = check_files({f"place/{text}.yaml": "label: {en: X}\ncountry: state/avalon\n"}, tmp_path)
    assert [problem.hint for problem in build.problems if problem.code == "E212"] == [f"name the file {name}.yaml"]
