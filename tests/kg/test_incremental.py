"""A build that knows the last one equals a build from nothing: problems, version, files and caches.

The edits are random (tests/edits.py), mistakes included. `make test-all` makes 300 of them, of the model as well.
"""

import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from kg.dataset.layout import DATA, QUALITY, SEARCH_INDEX, SOURCE_LINES, Dataset
from kg.names import DEFAULT_BASE, Names
from kg.pipeline import READING, building, run
from kg.sparql.oxigraph import open_files
from kg.steps import read
from kg.steps.build import Build
from kg.steps.pack import Packer
from kg.steps.results import Sources
from tests.edits import EDITS, OF_MODEL, Edit, Editor, copy_of
from tests.places import ONTOLOGY, ROOT, SAMPLE, SHAPES
from tests.sampling import EVERYTHING

pytestmark = pytest.mark.slow

OF_DATA = tuple(edit for edit in EDITS if edit not in OF_MODEL)
NUMBER = 300 if EVERYTHING else 10
SEEDS = (1, 2) if EVERYTHING else (1,)

TABLES = {
    SEARCH_INDEX: (
        "SELECT path, uses FROM things ORDER BY path",
        "SELECT name, value, things FROM facets WHERE things > 0 ORDER BY name, value",
        "SELECT term, col, doc FROM vocabulary ORDER BY term, col",
        "SELECT key, path FROM identifiers JOIN things ON things.id = thing ORDER BY key, path",
    ),
    SOURCE_LINES: ("SELECT path, lines FROM records ORDER BY path",),
}
"""Queries for the content of the caches that are databases."""


def built(build: Build) -> Build:
    """Runs a build again."""
    build.begin()
    run(build, building(keep=2))
    return build


def content_of(published: Path, version: str) -> dict[str, object]:
    """The content of a published version: its files, and the contents of its caches."""
    dataset = Dataset.at(published / version)
    names = (*dataset.manifest.files, DATA, QUALITY)
    content: dict[str, object] = {name: (dataset.directory / name).read_bytes() for name in names}
    content |= {
        pack.name: dataset.pack_file(pack).read_bytes() for pack in (*dataset.packs.data, *dataset.packs.sources)
    }
    content["manifest"] = dataset.manifest
    content["engine"] = sorted(map(str, open_files(dataset.engine_files)))
    for name, queries in TABLES.items():
        database = sqlite3.connect(dataset.directory / name)
        content[name] = [database.execute(query).fetchall() for query in queries]
        database.close()
    return content


@pytest.mark.parametrize("seed", SEEDS)
def test_after_any_edits_a_build_equals_one_from_nothing(seed: int, tmp_path: Path) -> None:
    sources = copy_of(Sources((SAMPLE,), ONTOLOGY, SHAPES), tmp_path)
    if not EVERYTHING:  # the real model is read only once
        sources = Sources(sources.data, ONTOLOGY, SHAPES)
    names, told = Names.at(DEFAULT_BASE), list[str]()

    def known() -> Build:
        return Build(sources, names, tmp_path / "published", tmp_path / "cache")

    editor, build, compared = Editor(sources, seed), known(), 0
    for number in range(NUMBER):
        if number % 5 == 4:  # another process goes on
            build.close()
            build = known()
        built(build)
        whole = built(Build(sources, names, tmp_path / "whole"))
        assert build.problems == whole.problems, told
        assert (build.notes, build.version) == (whole.notes, whole.version), told
        if build.version:
            compared += 1
            ours, theirs = (content_of(tmp_path / each, build.version) for each in ("published", "whole"))
            assert [name for name in ours.keys() | theirs.keys() if ours.get(name) != theirs.get(name)] == [], told
        elif any(problem.code == "E510" for problem in build.problems):  # the ontology has changed
            told.append(editor.edit((Editor.raise_version,)))
            continue
        elif editor.random.random() < 0.6:  # otherwise nothing would be published any more
            editor.undo()
        told.append(editor.edit(EDITS if EVERYTHING else OF_DATA))
    build.close()
    assert compared > NUMBER // 4


def test_an_edit_costs_what_it_changes(tmp_path: Path) -> None:
    sources = Sources(copy_of(Sources((SAMPLE,), ONTOLOGY, SHAPES), tmp_path).data, ONTOLOGY, SHAPES)
    build = built(Build(sources, Names.at(DEFAULT_BASE), tmp_path / "published", tmp_path / "cache"))
    packs = set((tmp_path / "published" / ".packs").iterdir())
    build.progress.counts.clear()
    file = sources.data[0] / "person" / "merlin.yaml"
    file.write_text(file.read_text().replace("Merlin", "Merlin Ambrosius"))
    built(build)
    counts = {step: dict(found) for step, found in build.progress.counts.items() if found}
    assert counts["read"] == {"files read": 1, "records read": 1}
    assert counts["map"]["triples added"] <= 3
    assert counts["check"]["nodes judged"] <= 5
    assert counts["pack"] == {"packs made": 1}
    assert len(set((tmp_path / "published" / ".packs").iterdir()) - packs) <= 2
    assert "records mapped with the index" not in counts["map"]
    build.progress.counts.clear()
    built(build)
    assert not any(build.progress.counts.values())
    build.close()


def test_a_deleted_record_makes_no_other_record_be_mapped_with_the_index(tmp_path: Path) -> None:
    sources = Sources(copy_of(Sources((SAMPLE,), ONTOLOGY, SHAPES), tmp_path).data, ONTOLOGY, SHAPES)
    file = sources.data[0] / "release" / "2000.yaml"
    build = built(Build(sources, Names.at(DEFAULT_BASE), tmp_path / "published", tmp_path / "cache"))
    assert build.version is not None, build.problems
    build.progress.counts.clear()
    *others, last = file.read_text().split("---\n")
    assert "release/2000-03" in last
    file.write_text("---\n".join(others))
    built(build)
    assert build.version is not None, build.problems
    counts = build.progress.counts["map"]
    assert counts["triples removed"] > 3
    assert "records mapped with the index" not in counts
    build.close()


def test_two_records_of_a_thing_that_come_at_once_are_not_mixed(tmp_path: Path) -> None:
    sources = Sources(copy_of(Sources((SAMPLE,), ONTOLOGY, SHAPES), tmp_path).data, ONTOLOGY, SHAPES)
    build = built(Build(sources, Names.at(DEFAULT_BASE), tmp_path / "published", tmp_path / "cache"))
    version = build.version
    first, second = (sources.data[0] / "release" / name for name in ("2000.yaml", "zzz.yaml"))
    text = first.read_text()
    changed = text.replace("Quest Group opens again", "Quest Group opens once more")
    first.write_text(changed)
    record = "id: release/{0}\ntitle:\n  en: {1}\n"
    second.write_text("---\n".join((record.format("2000-03", "Second"), record.format("third", "Third"))))
    assert [problem.code for problem in built(build).problems] == ["E401"]
    second.unlink()
    between = built(build).version
    first.write_text(text)
    assert (built(build).version, build.problems) == (version, [])
    first.write_text(changed)
    build.forget()
    assert built(build).version == between
    build.close()


def test_a_change_of_the_model_costs_what_it_changes(tmp_path: Path) -> None:
    sources = copy_of(Sources((SAMPLE,), ONTOLOGY, SHAPES), tmp_path)
    build = built(Build(sources, Names.at(DEFAULT_BASE), tmp_path / "published", tmp_path / "cache"))
    editor, counts = Editor(sources, seed=1), build.progress.counts

    def work(*edits: Edit) -> dict[str, dict[str, int]]:
        """What a build does after some edits, apart from the problems that it finds."""
        for edit in edits:
            assert edit(editor)
        counts.clear()
        built(build)
        return {
            step: done
            for step, found in counts.items()
            if (done := {what: number for what, number in found.items() if what != "problems found"})
        }

    assert work(Editor.declare_property, Editor.raise_version) == {}
    assert build.version is not None
    assert work(Editor.change_ontology) == {}
    assert work(Editor.change_question) == {}
    one_shape = {"check": {"parts of the shapes judged": 1}}
    assert work(Editor.add_property, Editor.raise_version) == one_shape
    assert work(Editor.remove_property, Editor.raise_version) in ({}, one_shape)
    assert work(Editor.add_constraint)["check"] == one_shape["check"]
    used = work(Editor.use_property)
    assert used["read"]["files read"] == 1
    assert used["map"] == {"triples added": 1}
    build.close()


def test_when_most_files_have_changed_all_are_read_from_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read, "FEW", 0)
    sources = Sources(copy_of(Sources((SAMPLE,), ONTOLOGY, SHAPES), tmp_path).data, ONTOLOGY, SHAPES)
    build = built(Build(sources, Names.at(DEFAULT_BASE), tmp_path / "published", tmp_path / "cache"))
    files = sorted(sources.data[0].glob("*/*.yaml"))
    for changed in (len(files) // 3, len(files) * 2 // 3):
        for file in files[:changed]:
            file.write_text(f"# {changed}\n{file.read_text()}")
        built(build)
        assert build.read.filled == (changed > len(files) // 2)
        assert len(build.read.changed) == (len(files) if build.read.filled else changed)
        whole = built(Build(sources, Names.at(DEFAULT_BASE), tmp_path / "whole"))
        assert (build.problems, build.version) == (whole.problems, whole.version)
    build.close()


def test_a_model_with_errors_replaces_an_earlier_one(tmp_path: Path) -> None:
    sources = copy_of(Sources((SAMPLE,), ONTOLOGY, SHAPES), tmp_path)
    build = built(Build(sources, Names.at(DEFAULT_BASE), tmp_path / "published", tmp_path / "cache"))
    version, editor = build.version, Editor(sources, seed=1)
    wrong = sources.ontology / "wrong.ttl"
    wrong.write_text("osce:")
    assert editor.edit((Editor.change_text,))
    built(build)
    assert not build.has_model
    assert {problem.code for problem in build.problems} == {"E501"}
    wrong.unlink()
    editor.undo()
    assert built(build).version == version
    build.close()


def test_a_check_after_a_build_of_the_same_sources_takes_its_outcome(tmp_path: Path) -> None:
    sources = Sources((SAMPLE,), ONTOLOGY, SHAPES, ONTOLOGY / "questions")

    def known() -> Build:
        return Build(sources, Names.at(DEFAULT_BASE), tmp_path / "published", tmp_path / "cache")

    build = known()
    assert not build.recall(publishes=True)
    built(build).remember(publishes=True)
    build.close()
    check = known()
    assert check.recall(publishes=False)
    assert (check.problems, check.notes, check.files, check.version) == (build.problems, [], build.files, None)
    check.close()


IN_PROCESSES = """
import sys
from kg.cli import main
from kg.steps import fill, pack
fill.FEW = pack.FEW = 0
fill.CHUNK = 1
main(sys.argv[1:])
"""
"""`kg`, which reads each file and makes each pack in a process of its own pool, however few there are."""


def test_several_processes_build_what_one_builds(tmp_path: Path) -> None:
    model = ["--data", SAMPLE, "--ontology", ONTOLOGY, "--shapes", SHAPES, "--questions", ONTOLOGY / "questions"]
    places = ["--cache", tmp_path / "cache", "--published", tmp_path / "published"]
    command = [sys.executable, "-c", IN_PROCESSES, "build", *map(str, (*model, *places))]
    version = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()
    sources = Sources((SAMPLE,), ONTOLOGY, SHAPES, ONTOLOGY / "questions")
    whole = built(Build(sources, Names.at(DEFAULT_BASE), tmp_path / "whole"))
    assert version == whole.version
    ours, theirs = (content_of(tmp_path / each, version) for each in ("published", "whole"))
    assert [name for name in ours.keys() | theirs.keys() if ours.get(name) != theirs.get(name)] == []


@pytest.mark.parametrize("seed", SEEDS)
def test_the_filled_lines_of_things_are_what_the_store_contains(seed: int, tmp_path: Path) -> None:
    sources = Sources(copy_of(Sources((SAMPLE,), ONTOLOGY, SHAPES), tmp_path).data, ONTOLOGY, SHAPES)
    editor = Editor(sources, seed)
    for _ in range(5):
        editor.edit(OF_DATA)
    build = Build(sources, Names.at(DEFAULT_BASE), tmp_path / "published", tmp_path / "cache")
    build.is_packed = True
    for step in READING:
        build.add(step.run(build))
    lines, packer = build.state.filled_lines, Packer(build.state, tmp_path)
    assert lines is not None
    known = {path: place for path in build.state.stated if (place := lines.place(path))}
    assert len(known) > len(build.state.stated) / 2
    for path, place in known.items():
        thing, filled = packer.thing(path), lines.read(place)
        assert packer.part(build.graph.store, thing, filled) == packer.part(build.graph.store, thing), path
        origin = packer.origin(build.graph.store, thing, {})
        assert packer.origin(build.graph.store, thing, {path: filled}) == origin, path
    build.close()


@pytest.mark.parametrize("part", ["", "store", "state.sqlite"])
def test_what_a_build_keeps_can_be_deleted_at_any_time(part: str, tmp_path: Path) -> None:
    sources = Sources((SAMPLE,), ONTOLOGY, SHAPES)
    build = Build(sources, Names.at(DEFAULT_BASE), tmp_path / "published", tmp_path / "cache")
    with build.shared():
        version = built(build).version
    assert build.workspace is not None
    if part == "store":
        shutil.rmtree(build.workspace / part)
    elif part:
        (build.workspace / part).unlink()
    else:
        shutil.rmtree(tmp_path / "cache")
    if part == "store":  # a process that begins notices that it is missing
        build.close()
    with build.shared():
        again = built(build)
    assert (again.version, again.problems) == (version, [])
    assert again.workspace is not None
    assert len(again.graph.store) > 0
    build.close()
