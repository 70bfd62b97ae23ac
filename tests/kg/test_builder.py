"""The builder (kg/builder.py): what the server does not need is written by another process, which a build ends."""

import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from kg import builder as builders
from kg.builder import Builder
from kg.dataset.layout import CACHES, Dataset
from kg.names import DEFAULT_BASE
from tests.building import build_world
from tests.places import ONTOLOGY, SAMPLE, SHAPES


@contextmanager
def builder_of(data: Path, directory: Path) -> Iterator[Builder]:
    """A builder of some records, in a directory."""
    published, cache = directory / "published", directory / "cache"
    places = {"data": (data,), "ontology": ONTOLOGY, "shapes": SHAPES, "published": published, "cache": cache}
    builder = Builder(1, 3, base_uri=DEFAULT_BASE, **places)
    with closing(builder.build):
        yield builder


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """The directory of the records of the sample world, which a test changes."""
    return shutil.copytree(SAMPLE, tmp_path / "data")


def test_what_the_server_does_not_need_is_written_after_a_build(data: Path, tmp_path: Path) -> None:
    with builder_of(data, tmp_path) as builder:
        assert builder.rebuild()["errors"] == 0
        current = Dataset.current(tmp_path / "published")
        missing = [name for name in CACHES if not (current.directory / name).is_file()]
        assert missing
        shared = [builder.build.packed.search_index, builder.build.packed.source_lines]
        assert [file.stat().st_nlink for file in shared] == [2, 2]
        builder.prepare()
        assert [file.stat().st_nlink for file in shared] == [1, 1]
        builder.complete()
        assert builder.completing is not None
        builder.completing.join()
        assert builder.completing.exitcode == 0
    build_world(data, tmp_path / "at-once")
    expected = Dataset.current(tmp_path / "at-once").directory
    assert all((current.directory / name).read_bytes() == (expected / name).read_bytes() for name in missing)


def test_a_build_does_not_wait_for_what_the_server_does_not_need(data: Path, tmp_path: Path) -> None:
    with builder_of(data, tmp_path) as builder:
        first = builder.rebuild()["version"]
        builder.complete()
        completing = builder.completing
        assert completing is not None
        assert completing.pid is not None
        os.kill(completing.pid, signal.SIGSTOP)
        file = data / "state" / "avalon.yaml"
        file.write_text(file.read_text().replace("Avalon", "Lyonesse", 1))
        outcome = builder.rebuild()
        assert outcome["version"] not in (None, first)
        assert not completing.is_alive()


def test_the_databases_of_a_version_stay_when_the_next_build_changes_them(data: Path, tmp_path: Path) -> None:
    with builder_of(data, tmp_path) as builder:
        builder.rebuild()
        first = Dataset.current(tmp_path / "published")
        files = first.search_index, first.source_lines
        before = [file.read_bytes() for file in files]
        file = data / "state" / "avalon.yaml"
        file.write_text("# a comment\n" + file.read_text().replace("Avalon", "Lyonesse", 1))
        assert builder.rebuild()["version"] not in (None, first.version)
        assert [file.read_bytes() for file in files] == before


def test_a_version_can_be_built_in_its_place_again_and_again(data: Path, tmp_path: Path) -> None:
    with builder_of(data, tmp_path) as builder:
        version, file = builder.rebuild()["version"], data / "state" / "avalon.yaml"
        for number in range(3):  # the lines of the record change, but no fact
            file.write_text(f"# comment {number}\n{file.read_text()}")
            assert builder.rebuild() == {"version": version, "errors": 0, "problems": []}


def test_old_versions_are_removed_before_there_are_many(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(builders, "MANY", 3)
    with builder_of(data, tmp_path) as builder:
        file, found = data / "state" / "avalon.yaml", set[str | None]()
        text = file.read_text()
        for number in range(9):
            file.write_text(text.replace("Avalon", f"Lyonesse {number}", 1))
            found.add(builder.rebuild()["version"])
            builder.prepare()
        assert len(found) == 9
        assert len([version for version in found if (tmp_path / "published" / str(version)).is_dir()]) <= 4
