"""State: what is known about all files of the sources, from one build to the next.

It is loaded from the workspace (kg/cache/workspace.py), and the steps `read`, `identify` and `map` bring it up to date.
"""

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from pyoxigraph import DefaultGraph, NamedNode, Quad, Store, Triple
from yaml.nodes import MappingNode

from kg.cache.filled_lines import FilledLines
from kg.cache.workspace import Workspace
from kg.diagnostics.problems import Problem
from kg.media import YAML
from kg.model.inference import Inference
from kg.model.schema import Schema
from kg.progress import Progress
from kg.sources.facts import Facts
from kg.sources.nodes import Span
from kg.sources.record import Record
from kg.sources.statements import FileStatements, Reader, RecordStatements
from kg.steps.basis import Basis
from kg.steps.commits import git, times_of_files
from kg.steps.identification import Identification
from kg.steps.results import FileTimes, Model, Stated
from kg.steps.validation import Validation

MOST = 0.5
"""Maximum share of the files that one process reads again; if it is more, several processes read all from nothing."""

MAX_TREES = 64
"""Maximum number of files whose trees are kept in memory."""


class State:
    """What is known about the sources under a model.

    `files` are what each file states. `stated` are the things that have triples in the store, by path. `uncertain` are
    the files whose records were mapped with the real index, with the problems that this found.
    """

    def __init__(self, model: Model, workspace: Workspace, progress: Progress | None = None) -> None:
        self.model, self.workspace, self.progress = model, workspace, progress or Progress()
        self.reader, self.inference = compiled(model.schema)
        self.identification = Identification(model, self.reader.roles)
        self.files: dict[Path, FileStatements] = {}
        self.stated: dict[str, Stated] = {}
        self.uncertain: dict[Path, list[Problem]] = {}
        self.times: dict[Path, FileTimes] = {}
        """The times of the files, where they are known."""
        self._heads: list[str | None] = []
        """The commits for which they are known."""
        self.trees = Trees(self)
        self.presentation: list[Problem] | None = None
        """The problems of what the shapes define for pages, if they are known."""
        self.packing: Any = None
        self.filled_lines: FilledLines | None = None
        """The lines with which the store was filled, until everything is packed from them."""
        self.before: Basis | None = None
        """The basis of the store, if it is that of another model."""
        self.outdated: frozenset[Path] = frozenset()
        """The files that may state something else under this model."""
        if not (workspace.is_filled and self._take_up()):
            self._start_anew()
        self.validation = Validation(model, workspace, self.progress)

    def _take_up(self) -> bool:
        """Loads what is known, and finds out what is outdated. False if that is most of it."""
        terms: set[str] | None = set()
        if self.workspace.result("model") != self.model.digest:
            before: Basis = self.workspace.result("basis")
            self.before, terms = before, before.changed_terms(self.basis)
        if terms is None:
            return False
        self._load()
        if self.before is not None:  # problems and their hints depend on the model
            using = (self.stated[path].file for path in self._using(terms) if path in self.stated)
            troubled = (file for file, statements in self.files.items() if statements.problems)
            self.outdated = frozenset((*using, *troubled, *self.uncertain))
        return len(self.outdated) <= MOST * len(self.files)

    def _start_anew(self) -> None:
        """Empties the workspace, and forgets what was known."""
        self.workspace.empty()
        self.before, self.outdated = None, frozenset()
        self.files, self.stated, self.uncertain = {}, {}, {}
        self.identification = Identification(self.model, self.reader.roles)

    def _load(self) -> None:
        self.files = {Path(name): statements for name, statements in self.workspace.statements()}
        self.uncertain, exceptions, unread = self.workspace.result("state")
        self.identification.update((), self.facts(self.files), self.unreadable, unread)
        for file, statements in self.files.items():
            for record in statements.records:
                self.stated[record.facts.path] = Stated(file, record.parts)
        self.restate(exceptions)

    def _using(self, terms: Iterable[str]) -> set[str]:
        """The paths of the things in whose triples some terms are properties or objects."""
        subjects = set[Any]()
        for term in map(NamedNode, terms):
            subjects.update(quad.subject for quad in self.store.quads_for_pattern(None, term, None, DefaultGraph()))
            subjects.update(quad.subject for quad in self.store.quads_for_pattern(None, None, term, DefaultGraph()))
        paths = (self.model.names.path(each.value) for each in subjects if isinstance(each, NamedNode))
        return {path for path in paths if path is not None}

    def save(self, unread: frozenset[str]) -> None:
        """Keeps what does not follow from the statements of the files alone."""
        exceptions = {
            path: self.stated.get(path)
            for file in self.uncertain
            for path in (record.facts.path for record in self.files[file].records)
        }
        self.workspace.keep("state", (self.uncertain, exceptions, unread))
        if self.workspace.result("model") != self.model.digest:
            self.workspace.keep("model", self.model.digest)
            self.workspace.keep("basis", self.basis)
        self.before, self.outdated = None, frozenset()
        if self._heads != self.workspace.result("heads"):
            self.workspace.keep("times", self.times)
            self.workspace.keep("heads", self._heads)

    @cached_property
    def basis(self) -> Basis:
        """What the store takes from the model."""
        return Basis.of(self.model, self.reader, self.inference)

    @property
    def store(self) -> Store:
        return self.workspace.store

    @property
    def unreadable(self) -> set[str]:
        """The paths of the things that the files name, but of which some record cannot be read."""
        return {path for file in self.files.values() for path in file.unreadable}

    @property
    def in_question(self) -> set[str]:
        """The paths of the things in files that were mapped with the index, among them all those with errors."""
        return {facts.path for facts in self.facts(self.uncertain)}

    @cached_property
    def inferred(self) -> NamedNode:
        return NamedNode(self.model.names.inferred)

    def facts(self, files: Iterable[Path]) -> Iterator[Facts]:
        """The facts of the records of some files."""
        return (record.facts for file in files if file in self.files for record in self.files[file].records)

    def record(self, facts: Facts) -> RecordStatements:
        """What the record with some facts states."""
        return next(record for record in self.files[facts.file].records if record.facts == facts)

    def update_times(self) -> set[Path]:
        """Reads the times of the files, and returns the files whose times are others than before."""
        heads = [git(directory, "rev-parse", "HEAD") for directory in self.model.sources.data]
        if heads == self._heads:
            return set()
        self._heads = heads
        before = self.workspace.result("times") or {}
        self.times = times_of_files(self.model.sources.data, self.workspace.directory)
        return {file for file in before.keys() | self.times.keys() if before.get(file) != self.times.get(file)}

    def discard_lines(self, paths: Iterable[str]) -> None:
        """Takes note that what the store contains about some things may not be what it was filled with."""
        if self.filled_lines is not None:
            self.filled_lines.discard(paths)

    def remove_lines(self) -> None:
        """Removes the filled lines, when everything has been packed from them."""
        if self.filled_lines is not None:
            self.filled_lines.remove()
            self.filled_lines = None

    def forget_references(self, files: Iterable[Path]) -> None:
        """Lets go of the references in some files, which have been compared with the index."""
        for file in files:
            known = self.files[file]
            records = tuple(record._replace(references=frozenset()) for record in known.records)
            self.files[file] = known._replace(records=records)

    def restate(self, changed: Mapping[str, Stated | None]) -> None:
        """Takes note of what the store contains about some things."""
        for path, stated in changed.items():
            if stated is None:
                self.stated.pop(path, None)
            else:
                self.stated[path] = stated

    def subjects(self, path: str) -> Iterator[NamedNode]:
        """A thing that has triples in the store, and its parts."""
        if path in self.stated:
            thing = self.model.names.thing(path)
            yield NamedNode(thing)
            for part in self.stated[path].parts:
                yield NamedNode(f"{thing}#{part}")

    def is_stated(self, record: Record) -> bool:
        """True if the record is the one of its thing whose triples are in the store."""
        stated, counted = self.stated.get(record.path), self.identification.identities.counted(record.path)
        is_counted = counted is not None and (counted.file, counted.span) == (record.file, Span.of(record.node))
        return stated is not None and is_counted

    def asserted(self, path: str) -> Iterator[Triple]:
        """The asserted triples about a thing and its parts in the store."""
        for subject in self.subjects(path):
            for quad in self.store.quads_for_pattern(subject, None, None, DefaultGraph()):
                if not self._is_inferred(quad):
                    yield quad.triple

    def lines(self, path: str) -> str:
        """The lines of the keys of the record of a thing, as JSON (source_lines.py)."""
        counted = self.identification.identities.counted(path)
        return self.record(counted).lines if counted else "{}"

    def origins(self, path: str, store: Store | None = None) -> Iterator[Quad]:
        """The origin of the document about a thing in the store, which is that of the workspace by default."""
        graph, document = NamedNode(self.model.names.sources), self.model.names.document(path)
        for subject in (NamedNode(document), NamedNode(f"{document}.{YAML.suffix}")):
            yield from (store or self.store).quads_for_pattern(subject, None, None, graph)

    def naming(self, paths: Iterable[str]) -> set[Path]:
        """The files of the other records that state links to some things."""
        files = set()
        for path in paths:
            thing = NamedNode(self.model.names.thing(path))
            for quad in self.store.quads_for_pattern(None, None, thing, DefaultGraph()):
                subject = self.model.names.path(quad.subject.value) if isinstance(quad.subject, NamedNode) else None
                if subject != path and subject in self.stated and not self._is_inferred(quad):
                    files.add(self.stated[subject].file)
        return files

    def _is_inferred(self, quad: Quad) -> bool:
        """True if the triple of a quad is inferred and not asserted."""
        return Quad(quad.subject, quad.predicate, quad.object, self.inferred) in self.store


class MostHasChangedError(Exception):
    """Raised when so many files have changed that it is faster to read all of them in parallel, from nothing."""


class ChangedWhileReadingError(Exception):
    """Raised when a file has changed since its statements were read, so that the steps must run again."""


class Trees(Mapping[str, tuple[Record, MappingNode]]):
    """The records and their parts by IRI: each with its record, and its map in the tree. Files are read when needed."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._names = state.model.names
        self._files: OrderedDict[Path, dict[str, tuple[Record, MappingNode]]] = OrderedDict()

    def __contains__(self, iri: object) -> bool:
        path = self._names.path(str(iri))
        stated = self._state.stated.get(path) if path else None
        part = str(iri).partition("#")[2]
        return stated is not None and (not part or part in stated.parts)

    def __getitem__(self, iri: str) -> tuple[Record, MappingNode]:
        if iri not in self:
            raise KeyError(iri)
        file = self._state.stated[self._names.path(iri) or ""].file
        if file not in self._files:
            self._files[file] = dict(self._read(file))
            if len(self._files) > MAX_TREES:
                self._files.popitem(last=False)
        self._files.move_to_end(file)
        if iri not in self._files[file]:
            raise ChangedWhileReadingError(file)
        return self._files[file][iri]

    def __iter__(self) -> Iterator[str]:
        for path in self._state.stated:
            yield from (subject.value for subject in self._state.subjects(path))

    def __len__(self) -> int:
        return sum(1 + len(stated.parts) for stated in self._state.stated.values())

    def forget(self, files: Iterable[Path]) -> None:
        """Lets go of the trees of files that have changed."""
        for file in files:
            self._files.pop(file, None)

    def _read(self, file: Path) -> Iterator[tuple[str, tuple[Record, MappingNode]]]:
        seen: set[str] = set()
        for record, nodes in self._state.reader.trees(file):
            stated = self._state.stated.get(record.path)
            if stated is not None and stated.file == file and record.path not in seen:
                seen.add(record.path)
                known = Record(record.path, record.file, record.node, stated.sound)
                for id_, node in nodes.items():
                    yield self._names.thing(id_), (known, node)


@lru_cache(2)
def compiled(schema: Schema) -> tuple[Reader, Inference]:
    """What follows from a schema alone; builds of one process often have the same schema."""
    return Reader(schema), Inference.of(schema)
