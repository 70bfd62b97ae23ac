"""Origins: the source of each document, and the withdrawn things, as quads of two named graphs.

The line of the source on which each fact stands is no part of a graph (source_lines.py).
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from pyoxigraph import Literal, NamedNode, Quad
from rdflib.namespace import DCTERMS, PROV, RDF, SKOS

from kg.media import YAML
from kg.model import literals
from kg.names import RDF_TYPE, RDFS_LABEL, XSD, Names
from kg.sources.nodes import first_of
from kg.sources.record import Record, Withdrawal
from kg.steps.results import FileTimes, Model

TOMBSTONE = "https://www.w3.org/ns/activitystreams#Tombstone"
CACHED = 16
"""Number of files whose names are kept in memory, for records that are in the same file."""

DATES = (XSD + "date", XSD + "gYearMonth", XSD + "gYear")


def origin_of(model: Model, record: Record, text: str, times: FileTimes | None) -> Iterator[Quad]:
    """The source of the document about the thing of a record: file and line, text, and the times of the file (PROV-O).

    `times` are those of the file, if they are known.
    """
    names = model.names
    document = NamedNode(names.document(record.path))
    source = NamedNode(f"{names.document(record.path)}.{YAML.suffix}")
    place = f"{published_name(model.sources.data, record.file)}:{first_of(record.node).start_mark.line + 1}"
    yield Quad(document, NamedNode(PROV.wasDerivedFrom), source, NamedNode(names.sources))
    statements: list[tuple[str, NamedNode | Literal]] = [
        (RDF_TYPE, NamedNode(PROV.Entity)),
        (RDFS_LABEL, Literal(place)),
        (DCTERMS.identifier, Literal(place)),
        (DCTERMS.format, Literal(YAML.name)),
        (RDF.value, Literal(text)),
        *((DCTERMS[name], stamp(seconds)) for name, seconds in (times._asdict().items() if times else ())),
    ]
    for predicate, value in statements:
        yield Quad(source, NamedNode(predicate), value, NamedNode(names.sources))


def stamp(seconds: int) -> Literal:
    """A time as xsd:dateTime."""
    text = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return Literal(text, datatype=NamedNode(XSD + "dateTime"))


@lru_cache(CACHED)
def published_name(directories: tuple[Path, ...], file: Path) -> str:
    """The published name of a source file: its path from the data directory, wherever the project is."""
    directory = next(directory for directory in directories if file.is_relative_to(directory))
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
