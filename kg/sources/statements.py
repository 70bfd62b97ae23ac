"""Statements: what a source file states, as a function of its content and of the schema alone.

The other files are not needed: each thing that a record names is assumed to exist and to belong to a right class
(assumed_index.py), and these references are compared with the real index afterwards. So several processes read files
in parallel, and a file is not read again until it changes.
"""

import json
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

from pyoxigraph import Triple
from yaml.nodes import MappingNode, Node, SequenceNode

from kg.diagnostics.problems import Problem
from kg.model.context import context
from kg.model.schema import Schema
from kg.sources.assumed_index import AssumedIndex, Reference
from kg.sources.definitions import Definitions, definitions
from kg.sources.facts import Facts, Roles, facts_of
from kg.sources.index import Index
from kg.sources.mapper import Json, Mapped, Mapper, to_triples
from kg.sources.nodes import problem
from kg.sources.reading import Reading, read_file
from kg.sources.record import Record
from kg.sources.yaml_tree import DOCUMENT_START, pieces

BATCH = 100
"""Number of records that are given to the JSON-LD processor at once."""


class RecordStatements(NamedTuple):
    """What a record states, apart from its triples.

    `parts` are the fragments of the IRIs of its parts, `lines` the lines of its keys as JSON, and `references` the
    things that it names. A record that is not `certain` has a problem; it has no triples until it is mapped with the
    real index.
    """

    facts: Facts
    parts: tuple[str, ...]
    lines: str
    references: frozenset[Reference]
    certain: bool


class FileStatements(NamedTuple):
    """What a file states, apart from its triples: its records, and the problems of reading.

    `digest` is a hash of its content; None if it cannot be read. `unreadable` are the paths of the things that it
    names, but whose records cannot be read.
    """

    digest: bytes | None
    records: tuple[RecordStatements, ...]
    unreadable: frozenset[str]
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """A record with its tree, and the text of its YAML document."""

    record: Record
    text: str


@dataclass(frozen=True)
class Reader:
    """Reads source files under a schema, and maps their records."""

    schema: Schema

    @cached_property
    def _keys(self) -> dict[str, frozenset[str]]:
        return {kind: frozenset(self.schema.keys(class_)) for kind, class_ in self.schema.kinds.items()}

    @cached_property
    def roles(self) -> Roles:
        """The roles of keys and classes."""
        return Roles.of(self.schema)

    @cached_property
    def _context(self) -> Json:
        return context(self.schema, self.schema.names)

    @cached_property
    def definitions(self) -> Definitions:
        """What the statements of files take from the schema."""
        return definitions(self.schema, self.roles, self._context)

    def prepare(self) -> None:
        """Computes what all files need, before the process is forked."""
        _ = self._keys, self.roles, self._context

    def records(self, file: Path) -> tuple[list[Record], Reading]:
        """The records of a file with their trees, and the results of reading it."""
        reading = Reading(self.schema.names, self._keys)
        return list(read_file(file, file.parent.name, reading)), reading

    def read(self, files: Iterable[Path]) -> tuple[list[FileStatements], list[Triple], list[Document]]:
        """What some files state, in order; the triples of their certain records; and these records."""
        found: list[FileStatements] = []
        certain: list[tuple[Record, Mapped]] = []
        for file in files:
            digest = digest_of(file)
            records, reading = self.records(file)
            stated: list[RecordStatements] = []
            for record in records:
                index = AssumedIndex()
                mapped = Mapper(self.schema, index, record).map()
                is_certain = record.sound and not mapped.problems
                if is_certain:
                    certain.append((record, mapped))
                facts, lines = facts_of(record, self.roles), lines_of(record)
                references = frozenset(index.references)
                stated.append(RecordStatements(facts, parts_of(mapped), lines, references, is_certain))
            unreadable = frozenset(reading.paths.difference(record.path for record in records))
            found.append(FileStatements(digest, tuple(stated), unreadable, tuple(reading.problems)))
        triples = self.triples([mapped for _, mapped in certain])
        if len(triples) == sum(mapped.statements for _, mapped in certain):
            return found, triples, list(texts(record for record, _ in certain))
        uncertain = [f._replace(records=tuple(r._replace(certain=False) for r in f.records)) for f in found]
        return uncertain, [], []

    def trees(self, file: Path) -> Iterator[tuple[Record, dict[str, MappingNode]]]:
        """The records of a file, with the map of each of their subjects."""
        for record in self.records(file)[0]:
            yield record, Mapper(self.schema, AssumedIndex(), record).map().nodes

    def triples(self, records: list[Mapped]) -> list[Triple]:
        """The triples of mapped records."""
        batches = (records[start : start + BATCH] for start in range(0, len(records), BATCH))
        return [
            triple
            for batch in batches
            for triple in to_triples([mapped.document for mapped in batch], self._context, self.schema.names.things)
        ]

    def assumed(self, records: Iterable[Record]) -> list[Triple]:
        """The triples of some records if all things that they name exist and belong to right classes."""
        return self.triples([Mapper(self.schema, AssumedIndex(), record).map() for record in records])

    def map(self, record: Record, index: Index, is_counted: bool = True) -> tuple[Mapped, list[Triple]]:
        """A record mapped with the real index: its problems, and the triples of its valid values.

        There are no triples if the record has problems and is not counted, because they are not needed.
        """
        mapped = Mapper(self.schema, index, record).map()
        is_right = record.sound and not mapped.problems
        triples = self.triples([mapped]) if is_right or is_counted else []
        if is_right and len(triples) != mapped.statements:
            mapped.problems.append(lost_statements(record, mapped.statements, len(triples)))
        return mapped, triples


def lost_statements(record: Record, expected: int, found: int) -> Problem:
    """Reports a record that resulted in another number of statements than expected."""
    return problem(
        "E214",
        "part of this record would be lost in RDF",
        record.file,
        record.node,
        record.path,
        expected=f"{expected} statements",
        found=f"{found} statements",
    )


def parts_of(mapped: Mapped) -> tuple[str, ...]:
    """The fragments of the IRIs of the parts of a record."""
    return tuple(id_.partition("#")[2] for id_ in mapped.nodes if "#" in id_)


def lines_of(record: Record) -> str:
    """The line on which the value of each key of a record begins, as a JSON object."""
    return json.dumps({str(key.value): line_of(value) for key, value in record.node.value}, separators=(",", ":"))


def line_of(value: Node) -> int:
    """The line, from 1, on which a value begins; of a list, that of its first item."""
    first: Node = value.value[0] if isinstance(value, SequenceNode) and value.value else value
    return int(first.start_mark.line) + 1


def texts(records: Iterable[Record]) -> Iterator[Document]:
    """The records, each with the text of its YAML document; the records of one file follow each other."""
    file: Path | None = None
    starts: list[int] = []
    documents: list[str] = []
    for record in records:
        if record.file != file:
            file = record.file
            cut = list(pieces(file.read_text(encoding="utf-8-sig", errors="replace"), DOCUMENT_START))
            starts, documents = [start for start, _ in cut], [text for _, text in cut]
        yield Document(record, documents[bisect_right(starts, record.node.start_mark.line) - 1])


def digest_of(file: Path) -> bytes | None:
    """A hash of the content of a file; None if it cannot be read."""
    try:
        return blake2b(file.read_bytes(), digest_size=16).digest()
    except OSError:
        return None


def chunks(files: Iterable[tuple[Path, int]], most: int) -> Iterator[list[Path]]:
    """Files, given with their sizes, in groups of about as many bytes."""
    chunk: list[Path] = []
    size = 0
    for file, length in files:
        chunk.append(file)
        size += length
        if size >= most:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk
