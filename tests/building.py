"""Building: the real model, which is read once per process, and functions that check or publish records."""

from dataclasses import replace
from functools import cache
from pathlib import Path

from kg.names import DEFAULT_BASE, Names
from kg.pipeline import CHECKING, Step, building, run
from kg.steps.build import Build
from kg.steps.model import read_model
from kg.steps.results import Model, Sources
from tests.places import ONTOLOGY, SHAPES


@cache
def model(base: str = DEFAULT_BASE) -> Model:
    """The real model, which no test changes."""
    found = read_model(Sources((), ONTOLOGY, SHAPES), Names.at(base))
    assert isinstance(found, Model)
    return found


def run_steps(build: Build, steps: tuple[Step, ...]) -> None:
    """Runs the steps of a build; the real model is read once, for all builds in this process."""
    if (build.sources.ontology.resolve(), build.sources.shapes.resolve()) == (ONTOLOGY, SHAPES):
        if not build.has_model:
            build.add(replace(model(build.names.base), sources=build.sources))
        steps = steps[1:]
    run(build, steps)


def build_world(data: Path, published: Path, ontology: Path = ONTOLOGY, shapes: Path = SHAPES) -> Build:
    """Builds and publishes the records of one data directory under a model; the real one by default."""
    sources = Sources((data,), ontology, shapes, ONTOLOGY / "questions")
    build = Build(sources, Names.at(DEFAULT_BASE), published)
    run_steps(build, building(keep=5))
    return build


def check_world(data: Path, ontology: Path = ONTOLOGY, shapes: Path = SHAPES) -> Build:
    """Checks the records of one data directory without publishing; the build then holds the problems."""
    build = Build(Sources((data,), ontology, shapes), Names.at(DEFAULT_BASE), Path("unused"))
    run_steps(build, CHECKING)
    return build
