"""Holder: holds versions of the dataset by hard links, so that a build may remove or replace their files."""

import os
import shutil
import tempfile
import threading
import weakref
from collections import Counter
from collections.abc import Set
from dataclasses import replace
from pathlib import Path

from kg.dataset.layout import PACKS, Dataset


class Holder:
    """Holds versions in a directory; `place` is the directory in which it is made.

    Versions share the links to their packs, because two versions have nearly all packs in common.
    """

    def __init__(self, place: Path) -> None:
        self._directory = Path(tempfile.mkdtemp(prefix="held-", dir=place))
        self._packs = self._directory / PACKS
        self._packs.mkdir()
        self._numbers: Counter[str] = Counter()
        """The number of held versions that have a pack, by its name."""
        self._process = os.getpid()
        self._lock = threading.RLock()  # a version may be freed while another one is taken up in the same thread

    def hold(self, dataset: Dataset) -> Dataset:
        """A dataset by hard links that exist as long as the returned object.

        On another file system, where there can be no links, the dataset itself is returned.
        """
        links = Path(tempfile.mkdtemp(dir=self._directory))
        held = replace(dataset, directory=links / dataset.directory.name, origin=dataset.directory)
        names: set[str] = set()
        weakref.finalize(held, self._let_go, links, names)
        try:
            for directory, target in ((dataset.directory, held.directory), (dataset.engine_files, held.engine_files)):
                target.mkdir(parents=True)
                for file in directory.iterdir() if directory.is_dir() else ():
                    os.link(file, target / file.name)
            (links / PACKS).symlink_to(self._packs)
            with self._lock:
                for name in dataset.packs.names:
                    if not self._numbers[name]:
                        os.link(dataset.packs_directory / name, self._packs / name)
                    self._numbers[name] += 1
                    names.add(name)
        except OSError:
            return dataset
        return held

    def _let_go(self, links: Path, names: Set[str]) -> None:
        """Removes the links of a version, and those of the packs that no other held version has."""
        if os.getpid() != self._process:  # a forked process has copies of the held versions
            return
        shutil.rmtree(links, ignore_errors=True)
        with self._lock:
            self._numbers.subtract(names)
            for name in [name for name in names if not self._numbers[name]]:
                del self._numbers[name]
                (self._packs / name).unlink(missing_ok=True)
