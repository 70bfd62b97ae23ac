"""Building: the real model, which is read once per process, and functions that check or publish records."""

from functools import cache
from pathlib import Path

from kg.names import DEFAULT_BASE, Names
from kg.pipeline import CHECKING, building, run
from kg.steps.build import Build
from kg.steps.results import Model, Sources
from tests.places import ONTOLOGY, SHAPES


@cache
def model(base: str = DEFAULT_BASE) -> Model:
    """The real model, which no test changes."""
    found = Build(Sources((), ONTOLOGY, SHAPES), Names.at(base), Path("unused")).read_model()
    assert isinstance(found, Model)
    return found


def build_world(data: Path, published: Path, ontology: Path = ONTOLOGY, shapes: Path = SHAPES) -> Build:
    """Builds and publishes the records of one data directory under a model; the real one by default."""
    sources = Sources((data,), ontology, shapes, ONTOLOGY / "questions")
    build = Build(sources, Names.at(DEFAULT_BASE), published)
    run(build, building(keep=5))
    return build


def check_world(data: Path, ontology: Path = ONTOLOGY, shapes: Path = SHAPES) -> Build:
    """Checks the records of one data directory without publishing; the build then holds the problems."""
    build = Build(Sources((data,), ontology, shapes), Names.at(DEFAULT_BASE), Path("unused"))
    run(build, CHECKING)
    return build
