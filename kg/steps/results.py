"""The build: its sources, and the results that its steps pass on to each other.

A step takes the results that it needs and returns one result: a new one, or an earlier one with additions. Later steps
do not change a result, with one exception: `infer` adds triples to the store of the data graph.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar, cast

from pyoxigraph import Quad, Store
from rdflib import Graph
from yaml import MappingNode

from kg.dataset.questions import Question
from kg.dataset.source_lines import Lines
from kg.diagnostics.problems import Problem, in_order
from kg.model.schema import Schema
from kg.names import Names
from kg.sources.record import Record, Withdrawal
from kg.sparql.engine import Solution


@dataclass(frozen=True, slots=True)
class Sources:
    """The directories that a dataset is built from; several directories of `data` are combined.

    `questions_in` is the directory of the competency questions if it is not the one in `ontology`.
    """

    data: tuple[Path, ...]
    ontology: Path
    shapes: Path
    questions_in: Path | None = None

    @property
    def questions(self) -> Path:
        """The directory of the competency questions, which does not have to exist."""
        return self.questions_in or self.ontology / "questions"


@dataclass(frozen=True, slots=True)
class Measure:
    """A quality measure: a question, a sentence template for the findings, the query, and its solutions."""

    name: str
    question: str
    sentence: str
    query: str
    rows: list[Solution]


@dataclass(frozen=True, slots=True)
class Model:
    """What the ontology and the shapes define (step `model`).

    `ontology` and `shapes` are canonical quads. `shapes_graph` contains the shapes for data, without the rules for the
    ontology itself.
    """

    sources: Sources
    names: Names
    schema: Schema
    ontology: list[Quad]
    shapes: list[Quad]
    shapes_graph: Graph
    files: int
    problems: list[Problem]


@dataclass(frozen=True, slots=True)
class NoModel:
    """What the step `model` returns where the ontology and the shapes cannot be built on."""

    files: int
    problems: list[Problem]


@dataclass(frozen=True, slots=True)
class Records:
    """The records of the sources (step `read`), and the withdrawn things by path (step `identify`).

    `paths` are the paths of all things that the sources name, including those whose records cannot be read. `unread`
    are the kinds whose folders cannot be read; `copies` are the paths of records that have the same content as
    an earlier one (step `identify`).
    """

    records: list[Record]
    paths: frozenset[str]
    unread: frozenset[str]
    files: int
    problems: list[Problem]
    withdrawn: dict[str, Withdrawal] = field(default_factory=dict)
    copies: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class DataGraph:
    """The triples of the records (steps `map` and `infer`).

    The default graph of `store` contains the asserted and the inferred triples, and its inferred graph only the
    inferred ones. `nodes` maps each subject to its record and its YAML map. `records` are the records that have
    triples.
    """

    store: Store
    nodes: dict[str, tuple[Record, MappingNode]]
    records: list[Record]
    problems: list[Problem]


@dataclass(frozen=True, slots=True)
class Findings:
    """The problems that were found (steps `check` and `present`), and sentences about what was not checked."""

    problems: list[Problem]
    notes: list[str]


@dataclass(frozen=True, slots=True)
class Quality:
    """The quality measures with their findings (step `measure`)."""

    measures: list[Measure]
    problems: list[Problem]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The metadata that is published with the data (step `describe`).

    `quads` describe the dataset, without what depends on its version; `tombstones`, what was withdrawn; `origins`, the
    source of each document; `source_lines`, the lines of each source, by path; `ontology_versions`, the earlier ones;
    `contexts` are those of JSON-LD, by version of the ontology; `questions` are the competency questions.
    """

    quads: list[Quad]
    tombstones: list[Quad]
    origins: list[Quad]
    source_lines: dict[str, Lines]
    ontology_versions: list[Quad]
    contexts: dict[str, dict[str, Any]]
    questions: list[Question]
    problems: list[Problem]
    notes: list[str]


@dataclass(frozen=True, slots=True)
class Published:
    """The version that was published (step `publish`); None if a problem prevented publication."""

    version: str | None
    problems: list[Problem]


StepResult = Model | NoModel | Records | DataGraph | Findings | Quality | Catalogue | Published
R = TypeVar("R", bound=StepResult)


class Build:
    """A running build: its sources, and the results of the steps that have run."""

    def __init__(self, sources: Sources, names: Names, published: Path) -> None:
        self.sources, self.names, self.published = sources, names, published
        self._results: dict[type[Any], StepResult] = {}

    def add(self, result: StepResult) -> None:
        """Adds the result of a step; it replaces an earlier result of the same class."""
        self._results[type(result)] = result

    def _result(self, class_: type[R]) -> R:
        """The result of a class. Raises KeyError if its step has not run."""
        return cast(R, self._results[class_])

    @property
    def model(self) -> Model:
        return self._result(Model)

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
    def catalogue(self) -> Catalogue:
        return self._result(Catalogue)

    @property
    def has_model(self) -> bool:
        """True if the ontology and the shapes have no errors."""
        return Model in self._results

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
            if isinstance(result, Findings | Catalogue)
            for note in result.notes
        ]

    @property
    def files(self) -> int:
        """The number of files that were read."""
        return sum(result.files for result in self._results.values() if isinstance(result, Model | NoModel | Records))

    @property
    def paths(self) -> frozenset[str]:
        """The paths of all things that the sources name; empty if no records were read."""
        return self.records.paths if Records in self._results else frozenset()

    @property
    def version(self) -> str | None:
        """The version that was published, if any."""
        return self._result(Published).version if Published in self._results else None
