"""Publish: writes the dataset to a directory named after its content, and replaces the current version by one rename.

The files are those of the published format (dataset.py).
"""

import fcntl
import gzip
import hashlib
import json
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Any

from pyoxigraph import DefaultGraph, NamedNode, Quad, RdfFormat, Store, serialize
from rdflib.namespace import OWL

from kg.dataset.layout import (
    CATALOGUE,
    CONTEXTS,
    CURRENT,
    DATA,
    ENGINE,
    FORMAT,
    MANIFEST,
    ONTOLOGY_VERSIONS,
    QUALITY,
    QUESTIONS,
    QUESTIONS_DATA,
    SEARCH_INDEX,
    SOURCE_LINES,
    SOURCES,
    Counts,
    Dataset,
    Manifest,
    NoDatasetError,
    as_json,
    dump_file,
    json_schema_file,
)
from kg.dataset.opening import load
from kg.dataset.questions import as_quads
from kg.dataset.search_index import write_index
from kg.dataset.source_lines import write_source_lines
from kg.diagnostics.problems import Problem
from kg.media import JSON_LD, N_QUADS, TURTLE, MediaType
from kg.model.context import Framing
from kg.model.json_schema import json_schema
from kg.names import RDF_TYPE, Names
from kg.serialize import serialize_in_order
from kg.sparql.oxigraph import open_files
from kg.steps.describe import distributions, in_catalogue, revision
from kg.steps.measure import report
from kg.steps.model import at_term
from kg.steps.results import Catalogue, DataGraph, Model, Published, Quality

SHORT = 16
"""Number of hexadecimal digits of the version in paths."""


@dataclass(frozen=True, slots=True)
class Content:
    """The content of a version: the results of the steps before this one."""

    model: Model
    graph: DataGraph
    quality: Quality
    catalogue: Catalogue


def publish(published: Path, content: Content, keep: int) -> Published:
    """Writes the dataset and makes it current, unless a context has changed; keeps the `keep` newest versions."""
    model, graph, catalogue = content.model, content.graph, content.catalogue
    names, schema = model.names, model.schema
    published.mkdir(parents=True, exist_ok=True)
    with locked(published):
        if problems := list(changed_contexts(published, model, catalogue.contexts)):
            return Published(None, problems)
        lines = n_quads([*graph.store, *model.ontology, *model.shapes, *catalogue.tombstones])
        version = version_of(lines, names)
        files = {
            QUESTIONS: as_json([asdict(question) for question in catalogue.questions]),
            QUESTIONS_DATA: b"".join(n_quads(as_quads(catalogue.questions, names))),
            QUALITY: as_json(report(model, content.quality)),
            SOURCES: b"".join(n_quads(catalogue.origins)),
            ONTOLOGY_VERSIONS: b"".join(n_quads(catalogue.ontology_versions)),
            CONTEXTS: as_json(catalogue.contexts),
            SEARCH_INDEX: write_index(graph.store, schema, names),
            SOURCE_LINES: write_source_lines(catalogue.source_lines),
            **{
                json_schema_file(kind): json.dumps(json_schema(class_, schema, names)).encode()
                for kind, class_ in schema.kinds.items()
            },
        }
        directory = published / version
        if not is_whole(directory) or any(
            (directory / name).read_bytes() != written for name, written in files.items()
        ):
            replace_version(published, content, version, lines, files)
        try:
            open_files(published / ENGINE / version)
        except OSError:
            write_engine(published, version)
        make_current(published, version)
        prune(published, keep)
    return Published(version, [])


def changed_contexts(published: Path, model: Model, contexts: dict[str, dict[str, Any]]) -> Iterator[Problem]:
    """Reports a JSON-LD context that differs from the published one of the same version of the ontology."""
    version = model.schema.version
    for directory in sorted(published.iterdir()):
        try:
            dataset = Dataset.at(directory)
            before = dataset.contexts()[version]
        except (NoDatasetError, OSError, ValueError, KeyError, TypeError):
            continue
        if dataset.names.base == model.names.base and before != contexts[version]:
            terms = sorted(t for t in {*before, *contexts[version]} if before.get(t) != contexts[version].get(t))
            yield at_term(
                model.sources,
                model.names,
                model.names.ontology,
                "E510",
                f"the JSON-LD context of version {version} has changed since it was published: {', '.join(terms)}",
                hint=f"write {following(version, set(before) - set(contexts[version]))} in place of {version} "
                "in owl:versionInfo and owl:versionIRI",
                part=str(OWL.versionInfo),
            )
            return


def following(version: str, removed: set[str]) -> str:
    """The next version number: a major version if terms were removed, else a minor version (semver.org)."""
    major, minor, _ = (int(number) for number in version.split("."))
    return f"{major + 1}.0.0" if removed else f"{major}.{minor + 1}.0"


def n_quads(quads: Iterable[Quad]) -> list[bytes]:
    """Canonical N-Quads lines, sorted (w3.org/TR/rdf-canon, canonical N-Quads)."""
    return sorted(set((serialize(quads, format=RdfFormat.N_QUADS) or b"").splitlines(keepends=True)))


def version_of(lines: list[bytes], names: Names) -> str:
    """The short SHA-256 over the sorted hashes of the parts: the lines about each thing, and each of the rest."""

    def part(line: bytes) -> bytes:
        subject = line.split(b" ", 1)[0]
        return subject.partition(b"#")[0].rstrip(b">") if subject.startswith(b"<") else b"_:"

    hashes = [hashlib.sha256(b"".join(group)).hexdigest() for _, group in groupby(sorted(lines, key=part), part)]
    whole = hashlib.sha256("\n".join([names.base, *sorted(hashes)]).encode())
    return whole.hexdigest()[:SHORT]


def is_whole(directory: Path) -> bool:
    """True if the directory of a version has this format, and all files of its manifest are undamaged."""
    try:
        manifest = Manifest.read(directory)
        return manifest.format == FORMAT and all(
            sha256(directory / name) == digest for name, digest in manifest.files.items()
        )
    except (NoDatasetError, OSError, TypeError, AttributeError):
        return False


def replace_version(
    published: Path, content: Content, version: str, lines: list[bytes], files: dict[str, bytes]
) -> None:
    """Writes a version to a temporary directory, and moves it into place by renames."""
    aside = Path(tempfile.mkdtemp(prefix=".new-", dir=published))
    aside.chmod(0o755)
    data = b"".join(lines)
    whole = dumped(content, data)
    dumps = {media: gzip.compress(dump, 6, mtime=0) for media, dump in whole.items()}
    described = in_catalogue(distributions(content.model.names, version, whole, dumps), content.model.names)
    contents = {
        CATALOGUE: b"".join(n_quads([*content.catalogue.quads, *described])),
        DATA: data,
        **{dump_file(media): dump for media, dump in dumps.items()},
        **files,
    }
    manifest = replace(describe_version(content, version), files={n: _digest(c) for n, c in contents.items()})
    contents[MANIFEST] = manifest.as_json()
    for name, written in contents.items():
        write(aside / name, written)
    shutil.rmtree(published / ENGINE / version, ignore_errors=True)
    target = published / version
    if target.exists():
        target.rename(published / f".old-{version}")
    aside.rename(target)
    sync(published)


def dumped(content: Content, data: bytes) -> dict[MediaType, bytes]:
    """The dataset in each format of the dumps."""
    names = content.model.names
    triples = [quad.triple for quad in content.graph.store.quads_for_pattern(None, None, None, DefaultGraph())]
    framing = Framing(content.model.schema, names)
    nodes = {"@context": framing.context, "@graph": list(framing.nodes(triples))}
    ordered = sorted(triples, key=lambda t: (str(t.subject), t.predicate.value != RDF_TYPE, str(t)))
    return {
        N_QUADS: data,
        TURTLE: serialize_in_order(ordered, RdfFormat.TURTLE, names.prefixes),
        JSON_LD: json.dumps(nodes, ensure_ascii=False).encode() + b"\n",
    }


def describe_version(content: Content, version: str) -> Manifest:
    """The manifest of a version, without its files."""
    model, store, records = content.model, content.graph.store, content.graph.records
    commit, time = revision(model.sources)
    inferred = sum(1 for _ in store.quads_for_pattern(None, None, None, NamedNode(model.names.inferred)))
    return Manifest(
        format=FORMAT,
        version=version,
        base=model.names.base,
        ontology_version=model.schema.version,
        counts=Counts(records=len(records), triples=len(store) - inferred, inferred=inferred),
        kinds=dict(sorted(Counter(record.kind for record in records).items())),
        commit=commit or None,
        time=time or None,
    )


def write_engine(published: Path, version: str) -> None:
    """Makes the engine's own files from those of a version, and moves them into place by a rename."""
    aside = Path(tempfile.mkdtemp(prefix=".engine-", dir=published))
    store = Store(str(aside))
    load(store, published / version)
    store.flush()
    del store
    (published / ENGINE).mkdir(exist_ok=True)
    shutil.rmtree(published / ENGINE / version, ignore_errors=True)
    aside.rename(published / ENGINE / version)


def make_current(published: Path, version: str) -> None:
    """Makes `current` point to a version, atomically."""
    link = published / ".current"
    link.unlink(missing_ok=True)
    link.symlink_to(version)
    os.replace(link, published / CURRENT)
    sync(published)


def prune(published: Path, keep: int) -> None:
    """Removes the remains of aborted builds, and all versions except the current one and the newest ones."""
    current = os.readlink(published / CURRENT)
    versions = sorted(
        (d for d in published.iterdir() if (d / MANIFEST).is_file() and not d.is_symlink() and d.name[0] != "."),
        key=lambda d: (d.name == current, d.stat().st_mtime_ns),
        reverse=True,
    )
    kept = {directory.name for directory in versions[: max(keep, 1)]}
    stale = [d for d in versions if d.name not in kept]
    stale += [d for d in published.iterdir() if d.name.startswith((".new-", ".old-", ".engine-"))]
    stale += [d for d in (published / ENGINE).glob("*") if d.name not in kept]
    for directory in stale:
        shutil.rmtree(directory)


@contextmanager
def locked(published: Path) -> Iterator[None]:
    """Locks the directory against concurrent builds."""
    with (published / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def write(file: Path, content: bytes) -> None:
    with file.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


def sync(directory: Path) -> None:
    """Makes renames in a directory durable, so that they survive a power failure."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sha256(file: Path) -> str:
    return _digest(file.read_bytes())


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
