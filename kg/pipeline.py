"""The pipeline: the list of steps from sources to a published dataset."""

import gc
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass

from kg.dataset.layout import PACKS
from kg.diagnostics.problems import Problem, errors
from kg.profile import Profile
from kg.steps.build import Build
from kg.steps.check import check
from kg.steps.describe import describe
from kg.steps.identify import identify
from kg.steps.infer import infer
from kg.steps.map import map_records
from kg.steps.measure import measure
from kg.steps.pack import pack
from kg.steps.present import check_presentation
from kg.steps.publish import Content, locked, publish
from kg.steps.read import read, read_without_model
from kg.steps.results import (
    Catalogue,
    Findings,
    Packed,
    Presentation,
    Read,
    Records,
    Restated,
    StepResult,
)
from kg.steps.state import ChangedWhileReadingError, MostHasChangedError


@dataclass(frozen=True, slots=True)
class Step:
    """A step: its name, the function that returns its result, and whether errors prevent it."""

    name: str
    run: Callable[[Build], StepResult]
    prevented_by_errors: bool = False


def identified(build: Build) -> Records:
    """The records of a build, after those of the files that have changed."""
    state, read = build.state, build.read
    removed = [record.facts for statements in read.before.values() for record in statements.records]
    return identify(state.identification, removed, state.facts(read.changed), read)


def before_check(build: Build) -> list[Problem]:
    """The problems of the records before they are validated."""
    return [*build.read.problems, *build.records.problems, *build.restated.problems]


def presented(build: Build) -> Presentation:
    """What the shapes define for pages, which is checked once for each model."""
    if build.state.presentation is None:
        build.state.presentation = check_presentation(build.model, build.graph)
    return Presentation(build.state.presentation)


READING = (
    Step("model", Build.read_model),
    Step("read", lambda build: read(build.state, build.is_packed)),
    Step("identify", identified),
    Step("map", lambda build: map_records(build.state, build.read, build.records)),
    Step("infer", lambda build: infer(build.state, build.read, build.restated)),
)
"""From sources to triples."""

WITHOUT_MODEL = Step("read", lambda build: read_without_model(build.sources, build.names))
"""The step that runs if there is no model: it checks the YAML of the records."""

CHECKING = (
    *READING,
    Step("check", lambda build: check(build.state, build.records, build.graph, before_check(build))),
    Step("present", presented),
    Step("measure", lambda build: measure(build.model)),
)
"""From sources to problems."""


def building(keep: int, whole: bool = True) -> tuple[Step, ...]:
    """All steps; `keep` is the number of published versions to keep, and `whole` is that of `publish`."""
    return (
        *CHECKING,
        Step("pack", packed, prevented_by_errors=True),
        Step("describe", described, prevented_by_errors=True),
        Step("publish", lambda b: publish(b.published, content_of(b), keep, whole), prevented_by_errors=True),
    )


def packed(build: Build) -> Packed:
    """The packs of a build, in its published directory."""
    with locked(build.published):
        return pack(build.state, build.published / PACKS, build.records)


def described(build: Build) -> Catalogue:
    """The metadata of a build."""
    state, packed = build.state, build.packed
    times = (state.times[file] for file in state.files if file in state.times)
    return describe(build.model, packed.packs, packed.statistics, times, build.model_files)


def content_of(build: Build) -> Content:
    """The results of the steps before the last one."""
    return Content(build.model, build.state.workspace, build.quality, build.packed, build.catalogue)


def run(build: Build, steps: Iterable[Step], profile: Profile | None = None) -> None:
    """Runs the steps one after the other, until errors prevent one. Without a model, only the YAML is checked.

    If a file changes meanwhile, or if most files have changed since the last run, the steps run again.
    """
    steps = tuple(steps)
    build.is_packed = any(step.run is packed for step in steps)
    with uncollected():
        while True:
            try:
                run_once(build, steps, profile)
                return
            except ChangedWhileReadingError:
                build.begin()
            except MostHasChangedError:
                build.forget()


def run_once(build: Build, steps: Iterable[Step], profile: Profile | None) -> None:
    """Runs the steps. Raises ChangedWhileReadingError if a file changes meanwhile, but not always."""
    for step in steps:
        if step.prevented_by_errors and errors(build.problems):
            return
        run_step(build, step, profile)
        if not build.has_model:
            run_step(build, WITHOUT_MODEL, profile)
            return


def run_step(build: Build, step: Step, profile: Profile | None) -> None:
    """Runs a step, and measures it if a profile is given."""
    build.progress.begin(step.name)
    with profile.measure(step.name, build.progress.counts[step.name]) if profile else nullcontext():
        result = step.run(build)
        build.add(result)
    for what, number in counts_of(result).items():
        build.progress.count(what, number)


def counts_of(result: StepResult) -> dict[str, int]:
    """The work that a step has done."""
    counts = {"problems found": len(result.problems)}
    match result:
        case Read():
            records = sum(len(statements.records) for statements in result.changed.values())
            counts |= {"files read": len(result.changed), "records read": records}
        case Restated():
            counts |= {"triples removed": len(result.removed), "triples added": len(result.added)}
        case Findings():
            counts |= {"nodes judged": result.judged, "parts of the shapes judged": result.parts}
        case Packed():
            counts |= {"packs made": result.made}
    return {what: number for what, number in counts.items() if number}


@contextmanager
def uncollected() -> Iterator[None]:
    """Disables garbage collection: a build keeps nearly all its objects, so that collecting takes a fifth longer."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
