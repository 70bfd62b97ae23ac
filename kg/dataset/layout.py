"""The published format: the files of a published dataset, their names and their contents, for writer and readers.

    published/current                   link to the version that is served
    published/<version>/manifest.json   version, base, counts, and every other file with its SHA-256 (Manifest)
    published/<version>/data.nq         default graph, inferred, ontology, shapes, withdrawn: what the version covers
    published/<version>/catalogue.nq    the catalogue
    published/<version>/sources.nq      the source of each document
    published/<version>/versions.nq     earlier versions of the ontology, each a named graph
    published/<version>/questions.nq    the competency questions as data
    published/<version>/questions.json  the same, as examples for the SPARQL page
    published/<version>/contexts.json   the JSON-LD context of each version of the ontology
    published/<version>/quality.json    what is missing, to be checked or disputed, for the page about quality
    published/<version>/search.sqlite   the index that words are looked up in, for the search (search.py)
    published/<version>/lines.sqlite    the lines of the sources on which facts stand, for pages (source_lines.py)
    published/<version>/schema-*.json   the JSON Schema of the records of each kind, for editors (.vscode/settings.json)
    published/<version>/data.*.gz       the dumps: all graphs as N-Quads; the default graph as Turtle and as JSON-LD
    published/.engine/<version>/        the engine's own files, made from the above, safe to delete

Nothing else names these files or the keys of the manifest. This module imports no step of the build.
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
"""The link beside the versions, to the one that is served."""

ENGINE = ".engine"
"""The directory beside the versions that holds the engine's own files of each."""

MANIFEST = "manifest.json"
DATA, CATALOGUE, SOURCES = "data.nq", "catalogue.nq", "sources.nq"
ONTOLOGY_VERSIONS, QUESTIONS_DATA = "versions.nq", "questions.nq"
CONTEXTS, QUESTIONS, QUALITY = "contexts.json", "questions.json", "quality.json"
SEARCH_INDEX, SOURCE_LINES = "search.sqlite", "lines.sqlite"

GRAPHS = (ONTOLOGY_VERSIONS, SOURCES, QUESTIONS_DATA, CATALOGUE, DATA)
"""The files, all N-Quads, that an engine loads: together they are the dataset that queries are asked of.

The data comes last: an engine in memory finds first what was loaded last, and most queries are about the data.
"""

DUMPS = (N_QUADS, TURTLE, JSON_LD)
"""The formats of the dumps."""


def dump_file(media: MediaType) -> str:
    """The name of the file with the dump in a format."""
    return f"data.{media.suffix}.gz"


def json_schema_file(kind: str) -> str:
    """The name of the file with the JSON Schema of a kind."""
    return f"schema-{kind}.json"


def as_json(content: Any) -> bytes:
    """A value as the JSON files of the format write it."""
    return json.dumps(content, indent=2, ensure_ascii=False).encode() + b"\n"


class NoDatasetError(Exception):
    """Raised when a directory holds no published dataset; the message says how to make one."""


@dataclass(frozen=True, slots=True)
class Counts:
    """How many records there are, how many triples in the default graph, and how many of these are inferred."""

    records: int
    triples: int
    inferred: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a version says of itself.

    `kinds` counts the records of each kind; `commit` and `time` (xsd:dateTime) are those of the sources, if known;
    `files` has the SHA-256 of every file but the manifest, in hexadecimal digits, by name.
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
        """The manifest in the directory of a version; raises NoDatasetError where it is missing or damaged."""
        try:
            content = json.loads((directory / MANIFEST).read_bytes())
            known = {name: content[name] for name in KEYS if name not in OPTIONAL or name in content}
            return cls(**{**known, "counts": Counts(**known["counts"])})
        except OSError as error:
            raise NoDatasetError(f"there is no {MANIFEST}") from error
        except (ValueError, KeyError, TypeError) as error:
            raise NoDatasetError(f"{MANIFEST} is damaged") from error

    def as_json(self) -> bytes:
        """The bytes of the file; what is not known is left out."""
        return as_json({name: value for name, value in asdict(self).items() if value is not None})


KEYS = tuple(each.name for each in fields(Manifest))
"""The keys of a manifest, in order."""

OPTIONAL = ("commit", "time")
"""The keys that a manifest may lack."""


@dataclass(frozen=True)
class Dataset:
    """A published dataset: the directory of a version, its manifest, and the contents of its other files."""

    directory: Path
    manifest: Manifest

    @classmethod
    def current(cls, published: Path) -> "Dataset":
        """The dataset that `current` points at; raises NoDatasetError, also where it has another format."""
        try:
            dataset = cls.at((published / CURRENT).resolve())
            if dataset.manifest.format != FORMAT:
                raise NoDatasetError(f"its format is number {dataset.manifest.format}, not {FORMAT}")
            return dataset
        except NoDatasetError as error:
            message = f"{published} holds no published dataset ({error}); run: kg build --published {published}"
            raise NoDatasetError(message) from error

    @classmethod
    def at(cls, directory: Path) -> "Dataset":
        """The dataset of one version's directory; raises NoDatasetError."""
        return cls(directory, Manifest.read(directory))

    @property
    def version(self) -> str:
        return self.manifest.version

    @cached_property
    def names(self) -> Names:
        return Names(self.manifest.base)

    def sibling(self, version: str) -> "Dataset":
        """Another version that is still kept beside this one; raises NoDatasetError."""
        return Dataset.at(self.directory.parent / version)

    @property
    def graphs(self) -> list[Path]:
        """The files, all N-Quads, that an engine loads, in order."""
        return [self.directory / name for name in GRAPHS]

    @property
    def ontology_versions(self) -> Path:
        """The file, N-Quads, with the earlier versions of the ontology, each a named graph."""
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
        """The directory of the engine's own files, which may be missing."""
        return self.directory.parent / ENGINE / self.version

    def dump(self, media: MediaType) -> Path:
        """The file, compressed by gzip, with the dump in a format."""
        return self.directory / dump_file(media)

    def digest(self, file: Path) -> str:
        """The SHA-256 of a file of this version, in hexadecimal digits."""
        return self.manifest.files[file.name]

    def questions(self) -> tuple[Question, ...]:
        """The competency questions."""
        return tuple(map(Question.of, self._json(QUESTIONS)))

    def contexts(self) -> dict[str, Any]:
        """The JSON-LD context of each version of the ontology."""
        found: dict[str, Any] = self._json(CONTEXTS)
        return found

    def quality(self) -> list[dict[str, Any]]:
        """The measures of quality: name, question, query, and findings, each with a text and perhaps a thing."""
        found: list[dict[str, Any]] = self._json(QUALITY)
        return found

    def _json(self, name: str) -> Any:
        return json.loads((self.directory / name).read_bytes())
