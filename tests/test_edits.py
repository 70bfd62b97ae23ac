"""Random edits: each seed gives its own, every kind occurs, and what they leave can be checked."""

import hashlib
from pathlib import Path

import pytest

from kg.diagnostics.problems import errors
from kg.names import DEFAULT_BASE, Names
from kg.pipeline import CHECKING, READING, run
from kg.sources.generate import Generator
from kg.steps.build import Build
from kg.steps.results import Sources
from tests.edits import EDITS, SOUND, Edit, Editor, copy_of, is_made_up
from tests.places import ONTOLOGY, SAMPLE, SHAPES

WORLD = Sources((SAMPLE,), ONTOLOGY, SHAPES)
NUMBER = 120
"""How many edits are made."""


def digest(directory: Path) -> str:
    """A hash of the names and contents of all files in a directory."""
    files = sorted(file for file in directory.rglob("*") if file.is_file())
    return hashlib.sha256(b"".join(str(f.relative_to(directory)).encode() + f.read_bytes() for f in files)).hexdigest()


def checked(sources: Sources) -> Build:
    build = Build(sources, Names.at(DEFAULT_BASE), Path("unused"))
    run(build, CHECKING)
    return build


def edited(directory: Path, seed: int) -> list[str]:
    """What some edits of a copy of the sample world have done."""
    editor = Editor(copy_of(WORLD, directory), seed)
    return [editor.edit() for _ in range(NUMBER)]


def test_a_seed_determines_all_edits(tmp_path: Path) -> None:
    told = [edited(tmp_path / name, seed) for name, seed in (("a", 1), ("b", 1), ("c", 2))]
    digests = [digest(tmp_path / name) for name in ("a", "b", "c")]
    assert (told[0], digests[0]) == (told[1], digests[1])
    assert (told[0], digests[0]) != (told[2], digests[2])


@pytest.mark.parametrize("edit", dict.fromkeys(EDITS), ids=[edit.__name__ for edit in dict.fromkeys(EDITS)])
def test_each_edit_changes_files_and_can_be_taken_back(edit: Edit, tmp_path: Path) -> None:
    editor = Editor(copy_of(WORLD, tmp_path), seed=3)
    undone = {Editor.mend: Editor.make_mistake, Editor.remove_property: Editor.declare_property}
    if edit in undone:
        editor.edit((undone[edit],))
    before = digest(tmp_path)
    assert editor.edit((edit,))
    assert digest(tmp_path) != before
    editor.undo()
    assert digest(tmp_path) == before


def test_whatever_the_edits_leave_can_be_checked(tmp_path: Path) -> None:
    sources = copy_of(WORLD, tmp_path)
    editor = Editor(sources, seed=4)
    for _ in range(NUMBER):
        editor.edit()
    assert len({problem.code for problem in checked(sources).problems}) >= 3


def test_sound_edits_of_records_that_nothing_refers_to_lead_to_no_errors(tmp_path: Path) -> None:
    learnt = Build(WORLD, Names.at(DEFAULT_BASE), Path("unused"))
    run(learnt, READING)
    made = tmp_path / "made"
    (made / "release").mkdir(parents=True)
    for name, text in Generator(learnt.model.schema, learnt.graph.records(), learnt.paths, "release", 1).files(130):
        (made / "release" / name).write_text(text, encoding="utf-8")
    sources = copy_of(Sources((SAMPLE, made), ONTOLOGY, SHAPES), tmp_path)
    editor = Editor(sources, 5, is_made_up)
    for _ in range(60):
        editor.edit(SOUND)
    assert errors(checked(sources).problems) == 0
