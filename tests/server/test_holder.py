"""Holder: a version can be read until it is let go, whatever happens to the published files."""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from pyoxigraph import Quad

from kg.dataset.layout import CATALOGUE, MANIFEST, PACKS, Dataset
from server.holder import Holder
from server.queries.difference import difference


@pytest.fixture
def published(sample: Path, tmp_path: Path) -> Path:
    """A copy of the published sample world, which may be changed."""
    return Path(shutil.copytree(sample, tmp_path / "published", symlinks=True))


def links_in(place: Path) -> set[str]:
    """The names of the packs that a holder has links to."""
    return {file.name for file in place.glob(f"held-*/{PACKS}/*")}


def test_a_held_version_has_all_files_of_a_version_that_was_removed(published: Path, tmp_path: Path) -> None:
    dataset = Dataset.current(published)
    lines = [*dataset.n_quads((*dataset.packs.data, *dataset.packs.sources))]
    held = Holder(tmp_path).hold(dataset)
    shutil.rmtree(published)
    assert held.identity == dataset.identity
    assert [*held.n_quads((*held.packs.data, *held.packs.sources))] == lines
    assert held.search_index.is_file()
    assert held.engine_files.is_dir()


def test_versions_share_their_packs_until_the_last_one_is_let_go(published: Path, tmp_path: Path) -> None:
    holder, dataset = Holder(tmp_path), Dataset.current(published)
    first, second = holder.hold(dataset), holder.hold(replace(dataset))
    assert first.directory != second.directory
    assert links_in(tmp_path) == dataset.packs.names
    links = first.directory.parent
    del first
    assert not links.exists()
    assert links_in(tmp_path) == dataset.packs.names
    del second
    assert links_in(tmp_path) == set()


def test_a_version_that_was_replaced_in_its_place_differs_by_its_packs_and_graphs(
    published: Path, tmp_path: Path
) -> None:
    old = Holder(tmp_path).hold(Dataset.current(published))
    directory = Dataset.current(published).directory
    catalogue = (directory / CATALOGUE).read_bytes().splitlines(keepends=True)
    (directory / CATALOGUE).unlink()  # the holder has a link to it
    (directory / CATALOGUE).write_bytes(b"".join(catalogue[1:]))
    manifest = json.loads((directory / MANIFEST).read_bytes())
    manifest["files"][CATALOGUE] = hashlib.sha256((directory / CATALOGUE).read_bytes()).hexdigest()
    (directory / MANIFEST).unlink()
    (directory / MANIFEST).write_text(json.dumps(manifest))

    def store() -> Iterator[Quad]:
        raise AssertionError("the whole store was read")
        yield

    removed, added = difference(old, Dataset.current(published), store())
    assert (len(list(removed)), len(list(added))) == (1, 0)


def test_a_forked_process_lets_nothing_go(published: Path, tmp_path: Path) -> None:
    dataset = Dataset.current(published)
    held = Holder(tmp_path).hold(dataset)
    process = os.fork()
    if process == 0:
        del held
        os._exit(0)
    os.waitpid(process, 0)
    assert held.search_index.is_file()
    assert links_in(tmp_path) == dataset.packs.names


def test_what_cannot_be_linked_is_not_held(published: Path, tmp_path: Path) -> None:
    dataset = Dataset.current(published)
    shutil.rmtree(published / PACKS)
    assert Holder(tmp_path).hold(dataset) is dataset
    assert links_in(tmp_path) == set()
