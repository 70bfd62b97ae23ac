"""The build: what it is made from, and what its steps hand on to each other."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pyoxigraph import Literal, NamedNode, Quad, Store
from rdflib import Graph
from yaml import MappingNode

from kg.names import Names
from kg.problems import Problem
from kg.schema import Schema


@dataclass(frozen=True, slots=True)
class Sources:
    """The directories that a dataset is built from; of `data`, several make a union; `questions` may be absent."""

    data: tuple[Path, ...]
    ontology: Path
    shapes: Path
    questions: Path = Path("tests/questions")


@dataclass(frozen=True, slots=True)
class Record:
    """One YAML document: the path of its thing (`kind/name`), the file it stands in, and its tree with positions.

    A record that is not `sound` has an error already: what of it is right is mapped all the same, and checked.
    """

    path: str
    file: Path
    node: MappingNode
    sound: bool = True

    @property
    def kind(self) -> str:
        return self.path.partition("/")[0]


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """A thing that was taken back: its path, the day (as written), why, and the path of what replaced it if any."""

    path: str
    date: str
    reason: str
    replaced_by: str | None = None


Solution = dict[str, NamedNode | Literal]
"""One solution of a query: terms by variable, without those that are unbound."""


@dataclass(frozen=True, slots=True)
class Measure:
    """A question about the quality of the data, a sentence that says one finding, the query, and its solutions."""

    name: str
    question: str
    sentence: str
    query: str
    rows: list[Solution]


@dataclass(slots=True)
class Build:
    """A build under way. Each step reads what the steps before it have filled in, and fills in its own.

    read: `ontology`, `shapes` (canonical quads), `shapes_graph`, `schema`, `records`, `paths` (every thing that the
    sources name, those of broken records too), `unread` (the kinds whose folder cannot be read), `files`. identify:
    `withdrawn` (by path). map: `store` (default graph: asserted), `nodes` (the YAML map of each subject: record, map
    node). infer: `store` (default graph: asserted and inferred; inferred graph). check: `notes` (sentences about what
    was not checked). measure: `quality`. describe: `catalogue`, `tombstones` (what was withdrawn), `origins` (of each
    document: its source), `ontology_versions` (the earlier ones), `contexts` (JSON-LD, by version of the
    ontology). publish: `version`.
    """

    sources: Sources
    names: Names
    published: Path
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    files: int = 0
    ontology: list[Quad] = field(default_factory=list)
    shapes: list[Quad] = field(default_factory=list)
    shapes_graph: Graph = field(default_factory=Graph)
    ontology_shapes: Graph = field(default_factory=Graph)
    schema: Schema | None = None
    records: list[Record] = field(default_factory=list)
    paths: set[str] = field(default_factory=set)
    unread: set[str] = field(default_factory=set)
    withdrawn: dict[str, Withdrawal] = field(default_factory=dict)
    store: Store = field(default_factory=Store)
    nodes: dict[str, tuple[Record, MappingNode]] = field(default_factory=dict)
    quality: list[Measure] = field(default_factory=list)
    catalogue: list[Quad] = field(default_factory=list)
    tombstones: list[Quad] = field(default_factory=list)
    origins: list[Quad] = field(default_factory=list)
    ontology_versions: list[Quad] = field(default_factory=list)
    contexts: dict[str, dict[str, Any]] = field(default_factory=dict)
    version: str | None = None
