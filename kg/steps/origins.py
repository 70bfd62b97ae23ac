"""Origins: the source of each document, and the withdrawn things, as quads of two named graphs.

The line of the source on which each fact stands is no part of a graph (source_lines.py).
"""

import subprocess
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from pyoxigraph import Literal, NamedNode, Quad
from rdflib.namespace import DCTERMS, PROV, RDF, SKOS
from yaml.nodes import Node, SequenceNode

from kg.dataset.source_lines import Lines
from kg.media import YAML
from kg.model import literals
from kg.names import RDF_TYPE, RDFS_LABEL, XSD, Names
from kg.sources.nodes import first_of
from kg.sources.record import Record, Withdrawal
from kg.sources.yaml_tree import DOCUMENT_START, pieces
from kg.steps.results import Model

TOMBSTONE = "https://www.w3.org/ns/activitystreams#Tombstone"
DATES = (XSD + "date", XSD + "gYearMonth", XSD + "gYear")


def origins_of(model: Model, records: Iterable[Record]) -> list[Quad]:
    """The sources of the documents about the records, as quads."""
    known = {file: times for directory in model.sources.data for file, times in times_of_files(directory).items()}
    return [
        quad
        for record, text in texts(records)
        for quad in origin_of(model, record, text, known.get(record.file.resolve(), {}))
    ]


def texts(records: Iterable[Record]) -> Iterator[tuple[Record, str]]:
    """The records, each with the text of its YAML document."""
    by_file: dict[Path, list[Record]] = defaultdict(list)
    for record in records:
        by_file[record.file].append(record)
    for file, in_file in by_file.items():
        documents = list(pieces(file.read_text(encoding="utf-8-sig", errors="replace"), DOCUMENT_START))
        for record in in_file:
            line = first_of(record.node).start_mark.line
            yield record, next(text for start, text in reversed(documents) if start <= line)


def times_of_files(directory: Path) -> dict[Path, dict[str, int]]:
    """The times of the first and last commit of each file in a directory, in seconds; empty outside a repository."""
    git = ["git", "-C", str(directory), "log", "--format=%ct", "--name-only", "--relative", "--no-renames", "--", "."]
    try:
        logged = subprocess.run(git, capture_output=True, text=True, check=True).stdout.splitlines()  # noqa: S603
    except (OSError, subprocess.CalledProcessError):
        return {}
    by_file: dict[Path, dict[str, int]] = {}
    seconds = 0
    for line in filter(None, logged):
        if line.isdigit():
            seconds = int(line)
            continue
        times = by_file.setdefault((directory / line).resolve(), {"created": seconds, "modified": seconds})
        times["created"] = min(times["created"], seconds)
        times["modified"] = max(times["modified"], seconds)
    return by_file


def origin_of(model: Model, record: Record, text: str, times: dict[str, int]) -> Iterator[Quad]:
    """The source of the document about the thing of a record: file and line, text, and the times of the file (PROV-O).

    `times` are the seconds at which the file was created and last modified, if they are known.
    """
    names = model.names
    document = NamedNode(names.document(record.path))
    source = NamedNode(f"{names.document(record.path)}.{YAML.suffix}")
    place = f"{published_name(model, record.file)}:{first_of(record.node).start_mark.line + 1}"
    yield Quad(document, NamedNode(PROV.wasDerivedFrom), source, NamedNode(names.sources))
    statements: list[tuple[str, NamedNode | Literal]] = [
        (RDF_TYPE, NamedNode(PROV.Entity)),
        (RDFS_LABEL, Literal(place)),
        (DCTERMS.identifier, Literal(place)),
        (DCTERMS.format, Literal(YAML.name)),
        (RDF.value, Literal(text)),
        *((DCTERMS[name], stamp(seconds)) for name, seconds in times.items()),
    ]
    for predicate, value in statements:
        yield Quad(source, NamedNode(predicate), value, NamedNode(names.sources))


def lines_of(record: Record) -> Lines:
    """The line on which the value of each key of a record begins."""
    return {str(key.value): line_of(value) for key, value in record.node.value}


def line_of(value: Node) -> int:
    """The line, from 1, on which a value begins; of a list, that of its first item."""
    first: Node = value.value[0] if isinstance(value, SequenceNode) and value.value else value
    return int(first.start_mark.line) + 1


def stamp(seconds: int) -> Literal:
    """A time as xsd:dateTime."""
    text = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return Literal(text, datatype=NamedNode(XSD + "dateTime"))


def published_name(model: Model, file: Path) -> str:
    """The published name of a source file: its path from the data directory, wherever the project is."""
    directory = next(directory for directory in model.sources.data if file.is_relative_to(directory))
    return f"{directory.resolve().name}/{file.relative_to(directory).as_posix()}"


def tombstone(names: Names, withdrawal: Withdrawal) -> Iterator[Quad]:
    """The description of a withdrawn thing: date, reason and replacement (ActivityStreams 2.0 Tombstone)."""
    thing = NamedNode(names.thing(withdrawal.path))
    day, datatype = literals.typed(withdrawal.date, DATES)
    statements: list[tuple[str, NamedNode | Literal]] = [
        (RDF_TYPE, NamedNode(TOMBSTONE)),
        (RDFS_LABEL, Literal(withdrawal.path)),
        (DCTERMS.date, Literal(day, datatype=NamedNode(datatype))),
        (SKOS.changeNote, Literal(withdrawal.reason, language="en")),
    ]
    if withdrawal.replaced_by:
        statements.append((DCTERMS.isReplacedBy, NamedNode(names.thing(withdrawal.replaced_by))))
    for predicate, value in statements:
        yield Quad(thing, NamedNode(predicate), value, NamedNode(names.withdrawn))
