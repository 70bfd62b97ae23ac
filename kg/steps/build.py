"""The build: its sources, and the results that its steps pass on to each other."""

import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import Any, TypeVar, cast

from kg.cache.workspace import Workspace, directory_for, prune
from kg.diagnostics.problems import Problem, in_order
from kg.names import Names
from kg.progress import Progress
from kg.steps.commits import git
from kg.steps.model import read_model
from kg.steps.model_files import model_files
from kg.steps.publish import is_published
from kg.steps.read import signed
from kg.steps.results import (
    Catalogue,
    DataGraph,
    Findings,
    Model,
    ModelFiles,
    NoModel,
    Packed,
    Published,
    Quality,
    Read,
    Recalled,
    Records,
    Restated,
    Sources,
    StepResult,
)
from kg.steps.state import State

R = TypeVar("R", bound=StepResult)

Signature = tuple[tuple[str, str], ...]
"""The signatures of files."""


class Build:
    """A running build: its sources, and the results of the steps that have run.

    `cache` is the directory of what is kept for the next build; without it, nothing is kept.
    """

    def __init__(self, sources: Sources, names: Names, published: Path, cache: Path | None = None) -> None:
        self.sources, self.names, self.published, self.cache = sources, names, published, cache
        self.progress = Progress()
        self._state: State | None = None
        self._workspace: Workspace | None = None
        self._read_from: tuple[Sources, Names, Signature] | None = None
        """What the model was read from."""
        self._results: dict[type[Any], StepResult] = {}
        self.is_packed = False
        """True if a step of this run packs the dataset."""
        self._before = ""
        """The hash of the inputs before the run."""

    def begin(self) -> None:
        """Lets go of the results of an earlier run, which the steps of the next run need no more."""
        self._results = {type_: result for type_, result in self._results.items() if type_ is Model}

    def forget(self) -> None:
        """Lets go of everything that is known about the sources, so that all of them are read in parallel."""
        self.state.workspace.empty()
        self._state = None
        self.begin()

    @contextmanager
    def shared(self) -> Iterator[None]:
        """Leaves the workspace to other processes when this ends, and loads it anew if they have used it since."""
        if self._workspace is not None and not self._workspace.acquire():
            self.close()
            gc.collect()  # the parts of a state refer to each other
        try:
            yield
        finally:
            if self._workspace is not None:
                self._workspace.release()

    def close(self) -> None:
        """Closes the workspace."""
        if self._workspace is not None:
            self._workspace.close()
            self._workspace = self._state = None

    # ── The last run ─────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def is_loaded(self) -> bool:
        """True if what is known about the sources is in memory."""
        return self._state is not None

    def recall(self, publishes: bool) -> bool:
        """Takes the outcome of the last run that published, or did not, if nothing has changed since."""
        self._before = self._inputs()
        kept = self._open().result(self._name_of_run(publishes))
        if kept is None or kept[0] != self._before:
            return False
        recalled: Recalled = kept[1]
        if publishes and not (recalled.version and is_published(self.published, recalled.version)):
            return False
        self.add(recalled)
        return True

    def remember(self, publishes: bool) -> None:
        """Keeps the outcome of this run for `recall`, if it has found a model.

        A run that has published knows the outcome of a check as well, unless it has found more.
        """
        if self.has_model and self._before:
            outcome = Recalled(self.problems, self.notes, self.files, self.number_of_records, self.version)
            self._open().keep(self._name_of_run(publishes), (self._before, outcome))
            if publishes and self.version is not None and not (self.catalogue.notes or self.catalogue.problems):
                self._open().keep(self._name_of_run(False), (self._before, replace(outcome, version=None)))

    def _name_of_run(self, publishes: bool) -> str:
        return f"published in {self.published.resolve()}" if publishes else "checked"

    def _inputs(self) -> str:
        """A hash of the signatures of everything that the outcome depends on."""
        sources = self.sources
        digest = blake2b(os.environ.get("SOURCE_DATE_EPOCH", "").encode())
        for directory in (*sources.data, sources.ontology, sources.shapes, sources.questions):
            digest.update((git(directory, "rev-parse", "HEAD") or "").encode())
            for here, _, names in os.walk(directory):
                for path in (Path(here), *(Path(here, name) for name in names)):
                    digest.update(f"{path}\0{signed(path)}\0".encode())
        return digest.hexdigest()

    def add(self, result: StepResult) -> None:
        """Adds the result of a step; it replaces an earlier result of the same class, and NoModel an earlier model."""
        if isinstance(result, NoModel):
            self._results.pop(Model, None)
        self._results[type(result)] = result

    def _result(self, class_: type[R]) -> R:
        """The result of a class. Raises KeyError if its step has not run."""
        return cast(R, self._results[class_])

    @property
    def state(self) -> State:
        """What is known about the sources; it is loaded when it is first asked for, after the model."""
        if self._state is not None and self._state.model.schema is not self.model.schema:
            self._state = None
            gc.collect()  # the parts of a state refer to each other
        if self._state is None:
            self._state = State(self.model, self._open(), self.progress)
        return self._state

    def _open(self) -> Workspace:
        """The workspace of these sources; in memory if the cache directory cannot be written."""
        if self._workspace is None:
            try:
                self._workspace = Workspace(self.workspace)
                if self.cache is not None and self.workspace is not None:
                    prune(self.cache, self.workspace)
            except OSError:
                self._workspace = Workspace()
        return self._workspace

    def read_model(self) -> Model | NoModel:
        """The model: that of an earlier run in this process if no file of it has changed since."""
        sources = replace(self.sources, data=(), questions_in=self.sources.questions)
        directories = (sources.ontology, sources.shapes, sources.questions)
        entries = (entry for directory in directories for entry in sorted(directory.rglob("*")))
        self._read_from = sources, self.names, tuple((str(entry), signed(entry)) for entry in entries)
        model = model_of(*self._read_from)
        return replace(model, sources=self.sources) if isinstance(model, Model) else model

    @property
    def model_files(self) -> ModelFiles:
        """The files of the model: those of an earlier run in this process if no file of it has changed since."""
        assert self._read_from is not None
        return files_of(*self._read_from)

    @property
    def workspace(self) -> Path | None:
        """The directory of the workspace of these sources; None if nothing is kept."""
        if self.cache is None:
            return None
        sources = self.sources
        directories = (*sources.data, sources.ontology, sources.shapes, sources.questions)
        written = (f"{directory}\0{directory.resolve()}" for directory in directories)
        return directory_for(self.cache, (self.names.base, *written))

    @property
    def model(self) -> Model:
        return self._result(Model)

    @property
    def read(self) -> Read:
        return self._result(Read)

    @property
    def restated(self) -> Restated:
        return self._result(Restated)

    @property
    def records(self) -> Records:
        return self._result(Records)

    @property
    def graph(self) -> DataGraph:
        return self._result(DataGraph)

    @property
    def findings(self) -> Findings:
        return self._result(Findings)

    @property
    def quality(self) -> Quality:
        return self._result(Quality)

    @property
    def packed(self) -> Packed:
        return self._result(Packed)

    @property
    def catalogue(self) -> Catalogue:
        return self._result(Catalogue)

    @property
    def has_model(self) -> bool:
        """True if the ontology and the shapes have no errors."""
        return Model in self._results or Recalled in self._results

    @property
    def problems(self) -> list[Problem]:
        """The problems of all results, in order."""
        return in_order(problem for result in self._results.values() for problem in result.problems)

    @property
    def notes(self) -> list[str]:
        """Sentences about what was not checked or is not published."""
        if NoModel in self._results:
            return [
                "The ontology or the shapes have errors, so the values of the records were not checked. "
                "Correct these errors first."
            ]
        return [
            note
            for result in self._results.values()
            if isinstance(result, Findings | Catalogue | Recalled)
            for note in result.notes
        ]

    @property
    def files(self) -> int:
        """The number of files that were read."""
        return sum(
            result.files for result in self._results.values() if isinstance(result, Model | NoModel | Read | Recalled)
        )

    @property
    def paths(self) -> frozenset[str]:
        """The paths of all things that the sources name; empty if no records were read."""
        return frozenset(self.records.identities) if Records in self._results else frozenset()

    @property
    def number_of_records(self) -> int:
        """The number of things that the sources name."""
        if Recalled in self._results:
            return self._result(Recalled).records
        return len(self.records.identities) if Records in self._results else 0

    @property
    def version(self) -> str | None:
        """The version that was published, if any."""
        if Recalled in self._results:
            return self._result(Recalled).version
        return self._result(Published).version if Published in self._results else None


@lru_cache(2)
def model_of(sources: Sources, names: Names, signature: Signature) -> Model | NoModel:
    """The model of sources whose files have some signatures."""
    return read_model(sources, names)


@lru_cache(2)
def files_of(sources: Sources, names: Names, signature: Signature) -> ModelFiles:
    """The files of the model of sources whose files have some signatures."""
    model = model_of(sources, names, signature)
    assert isinstance(model, Model)
    return model_files(model)
