"""The published format: the names and contents of the files of a published dataset, for the writer and all readers.

    published/current                   link to the version that is served
    published/<version>/manifest.json   version, base, counts, and the other files with their SHA-256 (Manifest)
    published/<version>/packs.json      the packs of the version, in order (Packs)
    published/<version>/catalogue.nq    the catalogue
    published/<version>/versions.nq     earlier versions of the ontology, each a named graph
    published/<version>/questions.nq    the competency questions as data
    published/<version>/questions.json  the same, as examples for the SPARQL page
    published/<version>/contexts.json   the JSON-LD context of each version of the ontology
    published/<version>/measures.json   the quality measures: questions, sentences and queries
    published/<version>/schema-*.json   the JSON Schema of the records of each kind, for editors (.vscode/settings.json)
    published/<version>/opening.*       the first lines of the dumps as Turtle and as JSON-LD
    published/.packs/<name>             the packs, which versions share

These files are caches: they are made from the others, are not in the manifest, and can be deleted.

    published/<version>/data.nq         the graphs that determine the version, for programs that read a file
    published/<version>/quality.json    the answers to the quality measures, for the page about quality
    published/<version>/search.sqlite   the search index (search_index.py)
    published/<version>/lines.sqlite    the lines of the sources on which facts stand, for pages (source_lines.py)
    published/.engine/<version>/        the engine's own files

A **part** is all quads about one thing, in the default and the inferred graph: their subjects are the IRI of the thing
and the IRIs of its parts. What is not about a thing (ontology, shapes, withdrawn things, terms) is in parts as well,
one for each subject without its fragment. A part is named by the SHA-256 of its sorted lines in canonical N-Quads, and
the version by the SHA-256 over the sorted names of all parts.

A **pack** is a file that contains some parts in three formats, and never changes (packs.py). The things are sorted by
path and cut into packs where the hash of a path says so, so that an edit affects one pack only. One more pack contains
the parts that are not about things. The sources of the documents are in packs of the same things, which are not part of
the version. A dump is a concatenation of members of packs (dumps.py).

No other module names these files or the keys of the manifest. This module imports no step of the build.
"""

import gzip
import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field, fields
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from kg.dataset.dumps import Dump, Member, PlainMember, StoredMember, Summary
from kg.dataset.questions import Question
from kg.media import JSON_LD, N_QUADS, TURTLE, MediaType
from kg.names import Names

FORMAT = 10
"""The number of this format; a version in another format is made anew."""

CURRENT = "current"
"""The link that points to the current version."""

ENGINE = ".engine"
"""The directory, beside the versions, that contains the files of the engine for each version."""

PACKS = ".packs"
"""The directory, beside the versions, that contains the packs of all versions."""

MANIFEST, PACK_LIST = "manifest.json", "packs.json"
CATALOGUE = "catalogue.nq"
ONTOLOGY_VERSIONS, QUESTIONS_DATA = "versions.nq", "questions.nq"
CONTEXTS, QUESTIONS, MEASURES = "contexts.json", "questions.json", "measures.json"
TURTLE_OPENING, JSON_LD_OPENING = "opening.ttl", "opening.jsonld"
DATA, QUALITY, SEARCH_INDEX, SOURCE_LINES = "data.nq", "quality.json", "search.sqlite", "lines.sqlite"

GRAPHS = (ONTOLOGY_VERSIONS, QUESTIONS_DATA, CATALOGUE)
"""The N-Quads files that an engine loads, before the sources and the data in packs. Together they are the dataset that
queries are run on. The data comes last, because an engine in memory is fastest for what was loaded last, and most
queries are about the data."""

CACHES = (DATA, QUALITY, SEARCH_INDEX, SOURCE_LINES)
"""The files in the directory of a version that are made from the others."""

DUMPS = (N_QUADS, TURTLE, JSON_LD)
"""The formats of the dumps."""

CACHED = 1 << 17
"""Number of descriptions of packs that are kept in memory."""

LINES = "source-lines"
"""The name of the member of a pack of sources that contains the lines on which facts stand."""

JSON_LD_SEPARATOR, JSON_LD_END = b",\n", b"\n]}\n"
"""What stands between the nodes of two packs in a dump as JSON-LD, and what stands after the last."""


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

    `model` is the SHA-256 of the ontology and the shapes; `kinds` counts the records of each kind; `commit` and `time`
    (xsd:dateTime) are those of the sources, if known;
    `files` maps the name of every file except the manifest to its SHA-256 in hexadecimal digits.
    """

    format: int
    version: str
    base: str
    ontology_version: str
    model: str
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
class Pack:
    """The description of a pack.

    `first` is the path of its first thing; `kinds` counts its things by kind; `triples` counts those of the default
    graph, and `inferred` the inferred ones among these. `index` is the length of the index at the start of the file, in
    bytes. `members` are the gzip members that follow.
    """

    name: str
    first: str
    kinds: dict[str, int]
    triples: int
    inferred: int
    index: int
    members: dict[str, Summary]

    @classmethod
    @lru_cache(CACHED)
    def of_line(cls, line: bytes) -> "Pack":
        """A description from a line of the list of packs, most of which two versions have in common.

        Raises ValueError, KeyError and TypeError.
        """
        return cls.of(json.loads(line))

    @classmethod
    def of(cls, content: dict[str, Any]) -> "Pack":
        """A description from JSON. Raises KeyError and TypeError."""
        known = {name: content[name] for name in PACK_KEYS}
        members = {name: Summary(*summary) for name, summary in content["members"].items()}
        return cls(**{**known, "members": members})

    @cached_property
    def line(self) -> str:
        """The description in JSON, on one line."""
        return json.dumps({name: getattr(self, name) for name in PACK_KEYS}, separators=(",", ":"))

    @property
    def size(self) -> int:
        """The length of the file, in bytes."""
        return self.index + sum(summary.size for summary in self.members.values())

    def member(self, name: str, directory: Path) -> StoredMember:
        """A member of the pack, whose file is in a directory."""
        start = self.index
        for each, summary in self.members.items():
            if each == name:
                return StoredMember(directory, self.name, start, summary)
            start += summary.size
        raise KeyError(name)


PACK_KEYS = tuple(each.name for each in fields(Pack))
"""The keys of the description of a pack, in order."""


LISTS = re.compile(rb'\{\n"rest": (.*),\n"things": \[\n(.*)\n\],\n"sources": \[\n(.*)\n\]\n\}\n', re.DOTALL)
"""The list of packs as `Packs.as_json` writes it."""


@dataclass(frozen=True, slots=True)
class Packs:
    """The packs of a version: that of what is not about a thing, those of the things, and those of their sources."""

    rest: Pack
    things: tuple[Pack, ...]
    sources: tuple[Pack, ...]

    @property
    def data(self) -> tuple[Pack, ...]:
        """The packs that determine the version."""
        return (self.rest, *self.things)

    @property
    def names(self) -> set[str]:
        """The names of all packs."""
        return {pack.name for pack in (*self.data, *self.sources)}

    @classmethod
    def read(cls, directory: Path) -> "Packs":
        """The packs in the directory of a version. Raises NoDatasetError if their list is missing or damaged."""
        try:
            rest, things, sources = LISTS.fullmatch((directory / PACK_LIST).read_bytes()).groups()  # type: ignore[union-attr]
            of_lines = (tuple(map(Pack.of_line, lines.split(b",\n"))) if lines else () for lines in (things, sources))
            return cls(Pack.of_line(rest), *of_lines)
        except OSError as error:
            raise NoDatasetError(f"there is no {PACK_LIST}") from error
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise NoDatasetError(f"{PACK_LIST} is damaged") from error

    def as_json(self) -> bytes:
        """The bytes of the file, with each pack on a line of its own."""

        def listed(packs: Iterable[Pack]) -> str:
            return "[\n" + ",\n".join(pack.line for pack in packs) + "\n]"

        content = {
            "rest": self.rest.line,
            "things": listed(self.things),
            "sources": listed(self.sources),
        }
        return ("{\n" + ",\n".join(f'"{key}": {value}' for key, value in content.items()) + "\n}\n").encode()


@dataclass(frozen=True, slots=True)
class Difference:
    """The paths of the things that a later version has and an earlier one has not, and so on."""

    added: frozenset[str]
    removed: frozenset[str]
    changed: frozenset[str]


@dataclass(frozen=True)
class Dataset:
    """A published dataset: the directory of a version, its manifest, and the contents of its other files."""

    directory: Path
    manifest: Manifest
    origin: Path | None = None
    """The directory that the build wrote, if this one contains hard links to its files."""

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

    @classmethod
    def at_or_current(cls, directory: Path) -> "Dataset":
        """The dataset in the directory of a version, or the current one if that has been removed meanwhile.

        Raises NoDatasetError.
        """
        try:
            return cls.at(directory)
        except NoDatasetError:
            return cls.current(directory.parent)

    @property
    def version(self) -> str:
        return self.manifest.version

    @cached_property
    def identity(self) -> str:
        """The version and a hash of the manifest, which differs if any file of the version differs."""
        return f"{self.version}-{hashlib.sha256(self.manifest.as_json()).hexdigest()[:8]}"

    @cached_property
    def names(self) -> Names:
        return Names(self.manifest.base)

    def sibling(self, version: str) -> "Dataset":
        """Another version that is stored beside this one. Raises NoDatasetError."""
        return Dataset.at((self.origin or self.directory).parent / version)

    @cached_property
    def packs(self) -> Packs:
        """The packs of this version. Raises NoDatasetError if their list is missing or damaged."""
        return Packs.read(self.directory)

    @cached_property
    def packs_directory(self) -> Path:
        """The directory that contains the packs of all versions."""
        return self.directory.parent / PACKS

    def pack_file(self, pack: Pack) -> Path:
        """The file of a pack."""
        return self.packs_directory / pack.name

    def parts(self, packs: Iterable[Pack]) -> dict[str, str]:
        """The SHA-256 of each part in some packs, by path; what is not about a thing has an IRI in place of a path."""
        return {path: digest for pack in packs for path, digest in zip(*parts_in(self.pack_file(pack)), strict=True)}

    @property
    def graphs(self) -> list[Path]:
        """The N-Quads files that an engine loads, besides the packs, in order."""
        return [self.directory / name for name in GRAPHS]

    def n_quads(self, packs: Iterable[Pack]) -> Iterator[bytes]:
        """The lines of some packs in N-Quads, pack by pack."""
        for pack in packs:
            yield gzip.decompress(pack.member(N_QUADS.suffix, self.packs_directory).read())

    def difference(self, later: "Dataset") -> Difference:
        """The things that differ between this version and a later one, which reads the index of packs that differ."""
        before, after = ({pack.name: pack for pack in dataset.packs.things} for dataset in (self, later))
        old = self.parts(pack for name, pack in before.items() if name not in after)
        new = later.parts(pack for name, pack in after.items() if name not in before)
        return Difference(
            added=frozenset(new.keys() - old.keys()),
            removed=frozenset(old.keys() - new.keys()),
            changed=frozenset(path for path in old.keys() & new.keys() if old[path] != new[path]),
        )

    def digest(self, file: Path) -> str:
        """The SHA-256 of a file of this version that is not a cache, in hexadecimal digits."""
        return self.manifest.files[file.name]

    @property
    def pack_list(self) -> Path:
        """The file with the list of the packs."""
        return self.directory / PACK_LIST

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

    def dump(self, media: MediaType, packs: Packs | None = None) -> Dump:
        """The dump in a format: as N-Quads all graphs of the data, else the default graph.

        `packs` are those of this version, if they are known already.
        """
        stored = [pack.member(media.suffix, self.packs_directory) for pack in (packs or self.packs).data]
        return Dump(tuple(self._members(media, [member for member in stored if member.summary.content_size])))

    def _members(self, media: MediaType, stored: list[StoredMember]) -> Iterator[Member]:
        """The members of a dump: those of packs, and what stands before, between and after them."""
        match media:
            case _ if media == TURTLE:
                yield PlainMember((self.directory / TURTLE_OPENING).read_bytes())
                yield from stored
            case _ if media == JSON_LD:
                separator = PlainMember(JSON_LD_SEPARATOR)
                yield PlainMember((self.directory / JSON_LD_OPENING).read_bytes())
                for number, member in enumerate(stored):
                    yield from (separator, member) if number else (member,)
                yield PlainMember(JSON_LD_END)
            case _:
                yield from stored

    def questions(self) -> tuple[Question, ...]:
        """The competency questions."""
        return tuple(map(Question.of, self._json(QUESTIONS)))

    def contexts(self) -> dict[str, Any]:
        """The JSON-LD context of each version of the ontology."""
        contexts: dict[str, Any] = self._json(CONTEXTS)
        return contexts

    def quality(self) -> list[dict[str, Any]]:
        """The quality measures: name, question, query, and findings, each with a text and, in some cases, a thing.

        Raises FileNotFoundError if they have not been answered yet.
        """
        measures: list[dict[str, Any]] = self._json(QUALITY)
        return measures

    def _json(self, name: str) -> Any:
        return json.loads((self.directory / name).read_bytes())


def parts_in(file: Path) -> tuple[list[str], list[str]]:
    """The paths of the parts in the file of a pack, in order, and the SHA-256 of each. Raises OSError, ValueError."""
    with file.open("rb") as stream:
        index = json.loads(stream.readline())
    return index["paths"], index["digests"]
