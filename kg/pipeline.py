"""The pipeline: from sources to a published dataset, as the list of its steps."""

import gc
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial

from kg.build import Build
from kg.check import check
from kg.describe import describe
from kg.identity import identify
from kg.infer import infer
from kg.map import map_records
from kg.presentation import check_presentation
from kg.problems import in_order
from kg.publish import publish
from kg.quality import measure
from kg.read import read

Step = tuple[str, Callable[[Build], None]]

READING: tuple[Step, ...] = (("read", read), ("identify", identify), ("map", map_records), ("infer", infer))
"""From sources to triples."""

CHECKING: tuple[Step, ...] = (
    *READING,
    ("check", check),
    ("present", check_presentation),
    ("measure", measure),
)
"""From sources to problems."""


def building(keep: int) -> tuple[Step, ...]:
    """All steps; `keep` is how many versions stay published."""
    return (*CHECKING, ("describe", describe), ("publish", partial(publish, keep=keep)))


def run(build: Build, steps: Iterable[Step]) -> None:
    """Runs the steps one after the other, and puts the problems in order."""
    with uncollected():
        for _, step in steps:
            step(build)
    build.problems = in_order(build.problems)


@contextmanager
def uncollected() -> Iterator[None]:
    """Looks for no garbage: a build keeps nearly all that it makes, and to look through it takes a fifth longer."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
