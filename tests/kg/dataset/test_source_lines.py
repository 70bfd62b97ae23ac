"""Source lines (kg/dataset/source_lines.py): the published dataset tells the line of each fact in its source."""

import re
import shutil
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from kg.dataset.layout import Dataset
from kg.dataset.source_lines import SourceLines, update_source_lines, write_source_lines
from tests.building import build_world
from tests.places import SAMPLE

RECORDS = {
    f"{file.parent.name}/{file.stem}": file
    for file in SAMPLE.glob("*/*.yaml")
    if "\nid: " not in f"\n{file.read_text()}"
}
"""The files of the sample world that hold one record each, by the path of its thing."""


@pytest.fixture
def lines(sample: Path) -> SourceLines:
    return SourceLines(Dataset.current(sample).source_lines)


def test_a_line_is_that_of_the_value_or_of_the_first_item_of_a_list(lines: SourceLines) -> None:
    keys = 0
    for path, file in RECORDS.items():
        text = file.read_text().splitlines()
        written = {match[1]: number for number, line in enumerate(text, 1) if (match := re.match(r"(\w+):", line))}
        published = lines.of(path)
        assert [*published] == [*written], path
        for key, line in published.items():
            below = text[written[key] - 1].rstrip().endswith(":")  # the value begins on a line of its own
            assert line == written[key] + below, (path, key)
            keys += 1
    assert len(RECORDS) > 20
    assert keys > 60


def test_records_that_share_a_file_have_lines_of_that_file(lines: SourceLines) -> None:
    text = (SAMPLE / "release" / "2000.yaml").read_text().splitlines()
    places = {line.removeprefix("id: "): number for number, line in enumerate(text, 1) if line.startswith("id: ")}
    assert len(places) > 1
    assert {path: lines.of(path)["id"] for path in places} == places


def test_what_there_is_not_has_no_lines(lines: SourceLines) -> None:
    assert lines.of("state/nowhere") == {}
    assert lines.of("' OR ''='") == {}


def test_updated_lines_are_those_that_are_written_from_nothing(tmp_path: Path) -> None:
    first = {"state/avalon": '{"label":1,"status":4}', "person/merlin": '{"label":1}'}
    write_source_lines(tmp_path / "lines", first.items())
    update_source_lines(tmp_path / "lines", {"state/avalon": None, "person/merlin": '{"label":2}', "release/1": "{}"})
    write_source_lines(tmp_path / "other", [("release/1", "{}"), ("person/merlin", '{"label":2}')])
    assert rows(tmp_path / "lines") == rows(tmp_path / "other") == {"person/merlin": '{"label":2}', "release/1": "{}"}


def rows(file: Path) -> dict[str, str]:
    with closing(sqlite3.connect(file)) as database:
        return dict(database.execute("SELECT path, lines FROM records"))


def test_many_threads_ask_at_the_same_time(lines: SourceLines) -> None:
    paths = [*RECORDS] * 20
    with ThreadPoolExecutor(8) as threads:
        assert [*threads.map(lines.of, paths)] == [lines.of(path) for path in paths]


def test_lines_are_answered_until_the_end_although_their_version_is_removed(tmp_path: Path) -> None:
    build_world(SAMPLE, tmp_path)
    lines = SourceLines(Dataset.current(tmp_path).source_lines)
    shutil.rmtree(tmp_path)
    assert lines.of("state/avalon")["label"] > 0
