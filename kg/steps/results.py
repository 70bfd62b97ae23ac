"""The build: its sources, and the results that its steps pass on to each other.

A step takes the results that it needs and returns one result: a new one, or an earlier one with additions. Later steps
do not change a result, with one exception: `infer` adds triples to the store of the data graph.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from pyoxigraph import NamedNode, Quad, Store, Triple
from rdflib import Graph
from yaml import MappingNode

from kg.cache.workspace import Workspace
from kg.dataset.layout import Packs
from kg.dataset.statistics import Statistics
from kg.diagnostics.problems import Problem
from kg.model.schema import Schema
from kg.names import Names
from kg.sources.record import Record, Withdrawal
from kg.sources.statements import Document, FileStatements
from kg.steps.identities import Identities


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


class FileTimes(NamedTuple):
    """The times of the first and of the last commit that changed a file, in seconds since 1970."""

    created: int
    modified: int


@dataclass(frozen=True, slots=True)
class Measure:
    """A quality measure: a question, a sentence template for the findings, and the query."""

    name: str
    question: str
    sentence: str
    query: str


@dataclass(frozen=True, slots=True)
class Model:
    """What the ontology and the shapes define (step `model`).

    `ontology` and `shapes` are canonical quads, and `digest` is a hash of them. `shapes_graph` contains the shapes for
    data, without the rules for the ontology itself.
    """

    sources: Sources
    names: Names
    schema: Schema
    ontology: list[Quad]
    shapes: list[Quad]
    shapes_graph: Graph
    digest: str
    files: int
    problems: list[Problem]


@dataclass(frozen=True, slots=True)
class NoModel:
    """What the step `model` returns where the ontology and the shapes cannot be built on."""

    files: int
    problems: list[Problem]


@dataclass(frozen=True, slots=True)
class Read:
    """The files of the sources (step `read`), and what has changed since they were read before.

    `before` are the statements of the files that changed or went, `changed` those of the files that changed or came.
    `triples` are those of the certain records in changed files by the path of the thing, and `texts` the texts of their
    YAML documents. If the store was filled from nothing, it contains the triples of all certain records, and `triples`
    and `texts` are empty; `contested` are then triples that follow from those of one record and are about another one,
    which may state them, as N-Triples, and `open_steps` the predicates with which the path of a rule can lead from one
    file to another. `retimed` are the files that are the same, but have other times.

    `unreadable` are the paths of the things that the sources name, but of which some record cannot be read; `unread`
    are the kinds whose folders cannot be read. `problems` are those of all files.
    """

    before: dict[Path, FileStatements]
    changed: dict[Path, FileStatements]
    signatures: dict[Path, str]
    triples: dict[str, list[Triple]]
    texts: dict[str, Document]
    filled: bool
    contested: list[bytes]
    open_steps: frozenset[NamedNode]
    retimed: frozenset[Path]
    unreadable: frozenset[str]
    unread: frozenset[str]
    files: int
    problems: list[Problem]


@dataclass(frozen=True, slots=True)
class Changes:
    """What a change of records means for other records.

    `records` are the paths of the things whose counted record came, went or changed. `things` are those that mean
    something else to records that name them: those that came or went, whose class is another one, or whose entry in
    the list of withdrawn things came, went or changed.
    """

    records: frozenset[str]
    things: frozenset[str]


@dataclass(frozen=True, slots=True)
class Records:
    """What is known about the identity of the records (step `identify`).

    `changes` says what the changes of files mean for other records. `unreadable` and `unread` are those of `Read`.
    """

    changes: Changes
    identities: Identities
    unreadable: frozenset[str]
    unread: frozenset[str]
    withdrawn: dict[str, Withdrawal]
    problems: list[Problem]


@dataclass(frozen=True, slots=True)
class Stated:
    """What the store contains about a thing: the file of its record, the fragments of its parts, and if it is sound."""

    file: Path
    parts: tuple[str, ...]
    sound: bool = True


@dataclass(frozen=True, slots=True)
class Restated:
    """The triples that the records do not state any more, those that they state now (step `map`), and their origins.

    `problems` are those of all records.
    """

    removed: set[Triple]
    added: set[Triple]
    origins_removed: set[Quad]
    origins_added: set[Quad]
    problems: list[Problem]


@dataclass(frozen=True, slots=True)
class DataGraph:
    """The triples of the records (step `infer`).

    The default graph of `store` contains the asserted and the inferred triples, and its inferred graph only the
    inferred ones. `nodes` maps each subject to its record and its YAML map. `stated` are the things that have triples,
    by path.
    """

    names: Names
    workspace: Workspace
    nodes: Mapping[str, tuple[Record, MappingNode]]
    stated: Mapping[str, Stated]
    problems: list[Problem]

    @property
    def store(self) -> Store:
        return self.workspace.store

    def parts(self, thing: str) -> list[str]:
        """The IRIs of the parts of a thing; none for any other IRI."""
        stated = self.stated.get(self.names.path(thing) or "") if "#" not in thing else None
        return [f"{thing}#{part}" for part in stated.parts] if stated else []

    def records(self, kind: str | None = None) -> list[Record]:
        """The records of the things that have triples, of one kind or of all kinds, in the order of files."""
        paths = [path for path in self.stated if kind is None or path.startswith(f"{kind}/")]
        return list(map(self.record, sorted(paths, key=lambda path: (self.stated[path].file, path))))

    def in_file(self, file: Path) -> list[str]:
        """The paths of the things whose records are in a file."""
        here = file.resolve()
        files = {stated.file for stated in self.stated.values()}
        same = {each for each in files if each.name == here.name and each.resolve() == here}
        return [path for path, stated in self.stated.items() if stated.file in same]

    def record(self, path: str) -> Record:
        """The record of a thing. Raises KeyError if it has no triples."""
        return self.nodes[self.names.thing(path)][0]


@dataclass(frozen=True, slots=True)
class Findings:
    """The problems that were found (step `check`), and sentences about what was not checked.

    `judged` is the number of focus nodes that were validated again after a difference, and `parts` the number of parts
    of the shapes for which all focus nodes were, because they are defined in another way.
    """

    problems: list[Problem]
    notes: list[str]
    judged: int = 0
    parts: int = 0


@dataclass(frozen=True, slots=True)
class Presentation:
    """The problems of what the shapes define for pages (step `present`)."""

    problems: list[Problem]


@dataclass(frozen=True, slots=True)
class Quality:
    """The quality measures (step `measure`)."""

    measures: list[Measure]
    problems: list[Problem]


@dataclass(frozen=True, slots=True)
class Packed:
    """The packs of the dataset (step `pack`), the sorted SHA-256 of their parts, and the statistics of their triples.

    `search_index` and `source_lines` are files that the version gets copies of. `tombstones` are the quads about
    withdrawn things. `made` is the number of slots of packs that were made, or looked at again.
    """

    packs: Packs
    digests: list[str]
    statistics: Statistics
    search_index: Path
    source_lines: Path
    tombstones: list[Quad]
    made: int
    problems: list[Problem]


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """What is published of a model: the files, by name, and their SHA-256.

    `contexts` are those of JSON-LD, by version of the ontology.
    """

    files: dict[str, bytes]
    digests: dict[str, str]
    contexts: dict[str, dict[str, Any]]
    problems: list[Problem]
    notes: list[str]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The metadata that is published with the data (step `describe`).

    `lines` describe the dataset in canonical N-Quads, without what depends on its version. `commit` and `time` are
    those of the sources.
    """

    lines: list[bytes]
    commit: str | None
    time: str | None
    model: ModelFiles

    @property
    def problems(self) -> list[Problem]:
        return self.model.problems

    @property
    def notes(self) -> list[str]:
        return self.model.notes


@dataclass(frozen=True, slots=True)
class Published:
    """The version that was published (step `publish`); None if a problem prevented publication."""

    version: str | None
    problems: list[Problem]


@dataclass(frozen=True, slots=True)
class Recalled:
    """The outcome of the last run, if nothing has changed since: see the properties of `Build` with these names."""

    problems: list[Problem]
    notes: list[str]
    files: int
    records: int
    version: str | None


OfSources = Model | NoModel | Read | Records | Restated | DataGraph
StepResult = OfSources | Findings | Presentation | Quality | Packed | Catalogue | Published | Recalled
