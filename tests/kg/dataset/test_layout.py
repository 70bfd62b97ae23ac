"""The published format: a module names its files, and reads what the build writes."""

import ast
import json
from pathlib import Path

import pytest

from kg.dataset import layout as published_format
from kg.dataset.layout import (
    CACHES,
    DUMPS,
    FORMAT,
    MANIFEST,
    PACKS,
    Dataset,
    Manifest,
    NoDatasetError,
    json_schema_file,
)
from kg.model.schema import Schema
from tests.building import build_world, model
from tests.places import ROOT, SAMPLE


def test_a_manifest_is_written_as_it_was_read(sample: Path) -> None:
    directory = Dataset.current(sample).directory
    assert Manifest.read(directory).as_json() == (directory / MANIFEST).read_bytes()
    assert Manifest.read(directory).format == FORMAT


@pytest.mark.parametrize("key", ["format", "version", "base", "ontology_version", "model", "counts", "kinds", "files"])
def test_a_manifest_without_a_key_is_damaged(key: str, sample: Path, tmp_path: Path) -> None:
    content = json.loads((sample / "current" / MANIFEST).read_bytes())
    del content[key]
    (tmp_path / MANIFEST).write_text(json.dumps(content))
    with pytest.raises(NoDatasetError, match="damaged"):
        Manifest.read(tmp_path)


@pytest.mark.parametrize("key", ["commit", "time"])
def test_a_manifest_may_lack_where_its_sources_come_from(key: str, sample: Path, tmp_path: Path) -> None:
    content = {
        **json.loads((sample / "current" / MANIFEST).read_bytes()),
        "commit": "c0ffee",
        "time": "2026-01-01T00:00:00Z",
    }
    (tmp_path / MANIFEST).write_text(json.dumps({name: value for name, value in content.items() if name != key}))
    manifest = Manifest.read(tmp_path)
    assert getattr(manifest, key) is None
    assert key not in json.loads(manifest.as_json())


@pytest.mark.parametrize("number", [FORMAT - 1, FORMAT + 1])
def test_a_dataset_in_another_format_is_not_read_and_is_made_anew(number: int, tmp_path: Path) -> None:
    build_world(SAMPLE, tmp_path)
    file = tmp_path / "current" / MANIFEST
    file.write_text(json.dumps({**json.loads(file.read_bytes()), "format": number}))
    with pytest.raises(NoDatasetError, match=rf"its format is number {number}, not {FORMAT}.*; run: kg build"):
        Dataset.current(tmp_path)
    build_world(SAMPLE, tmp_path)
    assert Dataset.current(tmp_path).manifest.format == FORMAT


def test_a_key_that_a_later_format_adds_is_passed_over(sample: Path, tmp_path: Path) -> None:
    content = json.loads((sample / "current" / MANIFEST).read_bytes())
    (tmp_path / MANIFEST).write_text(json.dumps({**content, "more": 1}))
    assert Manifest.read(tmp_path) == Manifest.read(Dataset.current(sample).directory)


def test_the_directory_of_a_version_holds_the_files_of_the_format_and_no_other(sample: Path) -> None:
    found = Dataset.current(sample)
    schema: Schema | None = model().schema
    assert schema is not None
    names = {value for name, value in vars(published_format).items() if name.isupper() and isinstance(value, str)}
    files = {name for name in names if "." in name[1:]} | {*map(json_schema_file, schema.kinds)}
    assert {file.name for file in found.directory.iterdir()} == files
    assert {*found.manifest.files} == files - {MANIFEST, *CACHES}
    assert {file.name for file in (sample / PACKS).iterdir()} == found.packs.names
    assert found.engine_files.is_dir()
    assert found.search_index.is_file()
    assert found.source_lines.is_file()


def test_what_readers_are_given_is_what_the_files_hold(sample: Path) -> None:
    found = Dataset.current(sample)
    assert [question.name for question in found.questions()]
    assert [*found.contexts()]
    assert {"name", "question", "query", "findings"} == {key for measure in found.quality() for key in measure}
    assert all(file.is_file() for file in (*found.graphs, found.ontology_versions, found.pack_list))
    assert all(found.dump(media).is_there for media in DUMPS)
    assert found.sibling(found.version) == found


NAMED = {
    value: name
    for name, value in vars(published_format).items()
    if name.isupper() and isinstance(value, str) and name not in ("CURRENT",)
}
"""The names of the format, each with that of its constant; `current` is a word of other meanings as well."""


@pytest.mark.parametrize(
    "module",
    sorted(
        str(file.relative_to(ROOT))
        for package in ("kg", "server")
        for file in (ROOT / package).rglob("*.py")
        if file.name != "layout.py" and "node_modules" not in file.parts
    ),
)
def test_no_other_module_spells_a_name_of_the_format(module: str) -> None:
    tree = ast.parse((ROOT / module).read_text(encoding="utf-8"))
    texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    assert {text: NAMED[text] for text in texts if text in NAMED} == {}
