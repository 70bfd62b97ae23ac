"""The published format: the names and contents of the files of a published dataset, for the writer and all readers.

    published/current                   link to the version that is served
    published/<version>/manifest.json   version, base, counts, and every other file with its SHA-256 (Manifest)
    published/<version>/data.nq         the graphs that determine the version: default, inferred, ontology, shapes,
                                        withdrawn
    published/<version>/catalogue.nq    the catalogue
    published/<version>/sources.nq      the source of each document
    published/<version>/versions.nq     earlier versions of the ontology, each a named graph
    published/<version>/questions.nq    the competency questions as data
    published/<version>/questions.json  the same, as examples for the SPARQL page
    published/<version>/contexts.json   the JSON-LD context of each version of the ontology
    published/<version>/quality.json    what is missing, unverified or disputed, for the page about quality
    published/<version>/search.sqlite   the search index (search.py)
    published/<version>/lines.sqlite    the lines of the sources on which facts stand, for pages (source_lines.py)
    published/<version>/schema-*.json   the JSON Schema of the records of each kind, for editors (.vscode/settings.json)
    published/<version>/data.*.gz       the dumps: all graphs as N-Quads; the default graph as Turtle and as JSON-LD
    published/.engine/<version>/        the engine's own files, which are made from the others and can be deleted

No other module names these files or the keys of the manifest. This module imports no step of the build.
"""

import json
from dataclasses import asdict, dataclass, field, fields
from functools import cached_property
from pathlib import Path
from typing import Any

from kg.dataset.questions import Question
from kg.media import JSON_LD, N_QUADS, TURTLE, MediaType
from kg.names import Names

FORMAT = 8
"""The number of this format; a version in another format is made anew."""

CURRENT = "current"
"""The link that points to the current version."""

ENGINE = ".engine"
"""The directory, beside the versions, that contains the files of the engine for each version."""

MANIFEST = "manifest.json"
DATA, CATALOGUE, SOURCES = "data.nq", "catalogue.nq", "sources.nq"
ONTOLOGY_VERSIONS, QUESTIONS_DATA = "versions.nq", "questions.nq"
CONTEXTS, QUESTIONS, QUALITY = "contexts.json", "questions.json", "quality.json"
SEARCH_INDEX, SOURCE_LINES = "search.sqlite", "lines.sqlite"

GRAPHS = (ONTOLOGY_VERSIONS, SOURCES, QUESTIONS_DATA, CATALOGUE, DATA)
"""The N-Quads files that an engine loads. Together they are the dataset that queries are run on. The data comes last,
because an engine in memory is fastest for what was loaded last, and most queries are about the data."""

DUMPS = (N_QUADS, TURTLE, JSON_LD)
"""The formats of the dumps."""


def dump_file(media: MediaType) -> str:
    """The name of the dump file in a format."""
    return f"data.{media.suffix}.gz"


def json_schema_file(kind: str) -> str:
    """The name of the JSON Schema file of a kind."""
    return f"schema-{kind}.json"


def as_json(content: Any) -> bytes:
    """A value in the form in which the JSON files of the format are written."""
    return json.dumps(content, indent=2, ensure_ascii=False).encode() + b"\n"


class NoDatasetError(Exception):
    """Raised when a directory contains no published dataset; the message says how to build one."""


@dataclass(frozen=True, slots=True)
class Counts:
    """The number of records, of triples in the default graph, and of inferred triples among these."""

    records: int
    triples: int
    inferred: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """The description of a version.

    `kinds` counts the records of each kind; `commit` and `time` (xsd:dateTime) are those of the sources, if known;
    `files` maps the name of every file except the manifest to its SHA-256 in hexadecimal digits.
    """

    format: int
    version: str
    base: str
    ontology_version: str
    counts: Counts
    kinds: dict[str, int]
    commit: str | None = None
    time: str | None = None
    files: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, directory: Path) -> "Manifest":
        """The manifest in the directory of a version. Raises NoDatasetError if it is missing or damaged."""
        try:
            content = json.loads((directory / MANIFEST).read_bytes())
            known = {name: content[name] for name in KEYS if name not in OPTIONAL or name in content}
            return cls(**{**known, "counts": Counts(**known["counts"])})
        except OSError as error:
            raise NoDatasetError(f"there is no {MANIFEST}") from error
        except (ValueError, KeyError, TypeError) as error:
            raise NoDatasetError(f"{MANIFEST} is damaged") from error

    def as_json(self) -> bytes:
        """The bytes of the file, without members that are unknown."""
        return as_json({name: value for name, value in asdict(self).items() if value is not None})


KEYS = tuple(each.name for each in fields(Manifest))
"""The keys of a manifest, in order."""

OPTIONAL = ("commit", "time")
"""The keys that are optional in a manifest."""


@dataclass(frozen=True)
class Dataset:
    """A published dataset: the directory of a version, its manifest, and the contents of its other files."""

    directory: Path
    manifest: Manifest

    @classmethod
    def current(cls, published: Path) -> "Dataset":
        """The dataset that `current` points to. Raises NoDatasetError, also where it has another format."""
        try:
            dataset = cls.at((published / CURRENT).resolve())
            if dataset.manifest.format != FORMAT:
                raise NoDatasetError(f"its format is number {dataset.manifest.format}, not {FORMAT}")
            return dataset
        except NoDatasetError as error:
            message = f"{published} contains no published dataset ({error}); run: kg build --published {published}"
            raise NoDatasetError(message) from error

    @classmethod
    def at(cls, directory: Path) -> "Dataset":
        """The dataset in the directory of a version. Raises NoDatasetError."""
        return cls(directory, Manifest.read(directory))

    @property
    def version(self) -> str:
        return self.manifest.version

    @cached_property
    def names(self) -> Names:
        return Names(self.manifest.base)

    def sibling(self, version: str) -> "Dataset":
        """Another version that is stored beside this one. Raises NoDatasetError."""
        return Dataset.at(self.directory.parent / version)

    @property
    def graphs(self) -> list[Path]:
        """The N-Quads files that an engine loads, in order."""
        return [self.directory / name for name in GRAPHS]

    @property
    def ontology_versions(self) -> Path:
        """The N-Quads file of the earlier versions of the ontology, each in a named graph."""
        return self.directory / ONTOLOGY_VERSIONS

    @property
    def search_index(self) -> Path:
        return self.directory / SEARCH_INDEX

    @property
    def source_lines(self) -> Path:
        """The file with the lines of the sources on which facts stand (source_lines.py)."""
        return self.directory / SOURCE_LINES

    @property
    def engine_files(self) -> Path:
        """The directory of the engine's own files, which does not have to exist."""
        return self.directory.parent / ENGINE / self.version

    def dump(self, media: MediaType) -> Path:
        """The dump file in a format, compressed with gzip."""
        return self.directory / dump_file(media)

    def digest(self, file: Path) -> str:
        """The SHA-256 of a file of this version, in hexadecimal digits."""
        return self.manifest.files[file.name]

    def questions(self) -> tuple[Question, ...]:
        """The competency questions."""
        return tuple(map(Question.of, self._json(QUESTIONS)))

    def contexts(self) -> dict[str, Any]:
        """The JSON-LD context of each version of the ontology."""
        contexts: dict[str, Any] = self._json(CONTEXTS)
        return contexts

    def quality(self) -> list[dict[str, Any]]:
        """The quality measures: name, question, query, and findings, each with a text and, in some cases, a thing."""
        measures: list[dict[str, Any]] = self._json(QUALITY)
        return measures

    def _json(self, name: str) -> Any:
        return json.loads((self.directory / name).read_bytes())
