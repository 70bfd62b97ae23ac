"""The pipeline: the list of steps from sources to a published dataset."""

import gc
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from kg.diagnostics.problems import errors
from kg.steps.check import check
from kg.steps.describe import describe
from kg.steps.identify import distinguish, identify
from kg.steps.infer import infer
from kg.steps.map import map_records
from kg.steps.measure import measure
from kg.steps.model import read_model
from kg.steps.present import check_presentation
from kg.steps.publish import Content, publish
from kg.steps.read import read, read_without_model
from kg.steps.results import Build, NoModel, StepResult


@dataclass(frozen=True, slots=True)
class Step:
    """A step: its name, the function that returns its result, and whether errors prevent it."""

    name: str
    run: Callable[[Build], StepResult]
    prevented_by_errors: bool = False


READING = (
    Step("model", lambda build: read_model(build.sources, build.names)),
    Step("read", lambda build: read(build.model)),
    Step("identify", lambda build: identify(build.model, build.records)),
    Step("map", lambda build: map_records(build.model, build.records)),
    Step("infer", lambda build: infer(build.model, build.graph)),
)
"""From sources to triples."""

WITHOUT_MODEL = Step("read", lambda build: distinguish(read_without_model(build.sources, build.names), []))
"""The step that runs if there is no model: it checks the YAML of the records."""

CHECKING = (
    *READING,
    Step("check", lambda build: check(build.model, build.records, build.graph)),
    Step("present", lambda build: check_presentation(build.model, build.graph, build.findings)),
    Step("measure", lambda build: measure(build.model, build.graph)),
)
"""From sources to problems."""


def building(keep: int) -> tuple[Step, ...]:
    """All steps; `keep` is the number of published versions to keep."""
    return (
        *CHECKING,
        Step("describe", lambda build: describe(build.model, build.records, build.graph), prevented_by_errors=True),
        Step("publish", lambda build: publish(build.published, content_of(build), keep), prevented_by_errors=True),
    )


def content_of(build: Build) -> Content:
    """The results of the steps before the last one."""
    return Content(build.model, build.graph, build.quality, build.catalogue)


def run(build: Build, steps: Iterable[Step]) -> None:
    """Runs the steps one after the other, until errors prevent one. Without a model, only the YAML is checked."""
    with uncollected():
        for step in steps:
            if step.prevented_by_errors and errors(build.problems):
                return
            result = step.run(build)
            build.add(result)
            if isinstance(result, NoModel):
                build.add(WITHOUT_MODEL.run(build))
                return


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
