"""Publish: writes the dataset to a directory named after its content, and replaces the current version by one rename.

The files are those of the published format (layout.py). What is not about single things is written for each version;
the packs of things are shared by all versions, and only those that do not exist are made.
"""

import fcntl
import hashlib
import json
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from pyoxigraph import NamedNode, Quad, RdfFormat, Store, parse
from rdflib.namespace import OWL

from kg.cache.workspace import Workspace
from kg.dataset.layout import (
    CACHES,
    CATALOGUE,
    CONTEXTS,
    CURRENT,
    DATA,
    DUMPS,
    ENGINE,
    FORMAT,
    MANIFEST,
    PACK_LIST,
    PACKS,
    QUALITY,
    Counts,
    Dataset,
    Manifest,
    NoDatasetError,
    Packs,
    as_json,
)
from kg.dataset.opening import load
from kg.dataset.packs import TEMPORARY, n_quads, version_of
from kg.diagnostics.problems import Problem
from kg.media import N_QUADS
from kg.sparql.oxigraph import open_files
from kg.steps.describe import distributions, in_catalogue
from kg.steps.measure import report
from kg.steps.model import at_term
from kg.steps.results import Catalogue, Model, ModelFiles, Packed, Published, Quality


@dataclass(frozen=True, slots=True)
class Content:
    """The content of a version: the results of the steps before this one."""

    model: Model
    workspace: Workspace
    quality: Quality
    packed: Packed
    catalogue: Catalogue


def publish(published: Path, content: Content, keep: int, whole: bool = True) -> Published:
    """Writes the dataset and makes it current, unless a context has changed; keeps the `keep` newest versions.

    If it is not to be `whole`, the caches that the server does not need are left to `complete`, and old versions to
    `prune`.
    """
    with locked(published):
        if problems := list(changed_contexts(published, content.model, content.catalogue.model)):
            return Published(None, problems)
        version = publish_version(published, content, keep, whole)
    return Published(version, [])


def publish_version(published: Path, content: Content, keep: int, whole: bool) -> str:
    """Publishes the version that consists of the packs, and makes it current; returns the version."""
    names = content.model.names
    version = version_of(names.base, content.packed.digests)
    directory = published / version
    if not is_current_version(directory, content):
        replace_version(published, content, version)
    write_caches(directory, content)
    try:
        open_files(published / ENGINE / version)
    except OSError:
        write_engine(published, version, content)
    if whole:
        complete(published, version, content.model, content.quality)
    make_current(published, version)
    if whole:
        prune(published, keep)
    return version


def is_current_version(directory: Path, content: Content) -> bool:
    """True if the directory of a version is whole, and was written with the same model and the same packs."""
    if not is_whole(directory):
        return False
    dataset, packs = Dataset.at(directory), content.packed.packs
    files = dataset.manifest.files
    return dataset.packs == packs and all(
        files.get(name) == is_ for name, is_ in content.catalogue.model.digests.items()
    )


def complete(published: Path, version: str, model: Model, quality: Quality) -> None:
    """Writes the caches of a published version that the server does not need, and that are missing or damaged."""
    directory = published / version
    dataset = Dataset.at(directory)
    size = sum(pack.members[N_QUADS.suffix].content_size for pack in dataset.packs.data)
    if not has_size(directory / DATA, size):
        write_cache(directory / DATA, dataset.n_quads(dataset.packs.data))
    if not is_json(directory / QUALITY):
        write_cache(directory / QUALITY, [as_json(report(model, quality, open_files(published / ENGINE / version)))])


def changed_contexts(published: Path, model: Model, files: ModelFiles) -> Iterator[Problem]:
    """Reports a JSON-LD context that differs from the published one of the same version of the ontology."""
    version, contexts = model.schema.version, files.contexts
    for directory in sorted(published.iterdir()):
        try:
            dataset = Dataset.at(directory)
            if dataset.manifest.files[CONTEXTS] == files.digests[CONTEXTS]:
                continue
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


def is_whole(directory: Path) -> bool:
    """True if a version has this format, the files of its manifest are undamaged, and its packs have their lengths.

    The packs are not read: a reader detects a damaged pack by the checksum of its gzip members.
    """
    try:
        dataset = Dataset.at(directory)
        packs = dataset.packs
        return (
            dataset.manifest.format == FORMAT
            and all(sha256(directory / name) == digest for name, digest in dataset.manifest.files.items())
            and all(dataset.pack_file(pack).stat().st_size == pack.size for pack in (*packs.data, *packs.sources))
        )
    except (NoDatasetError, OSError, TypeError, AttributeError):
        return False


def is_published(published: Path, version: str) -> bool:
    """True if a version is current and whole, with all its caches."""
    directory = published / version
    return (
        (published / CURRENT).is_symlink()
        and os.readlink(published / CURRENT) == version
        and is_whole(directory)
        and all((directory / name).is_file() for name in CACHES)
        and (published / ENGINE / version).is_dir()
    )


def replace_version(published: Path, content: Content, version: str) -> None:
    """Writes a version to a temporary directory, and moves it into place by renames."""
    packs = content.packed.packs
    aside = Path(tempfile.mkdtemp(prefix=TEMPORARY, dir=published))
    aside.chmod(0o755)
    model = content.catalogue.model
    for name, written in model.files.items():
        if has_digest(published / CURRENT / name, model.digests[name]):
            os.link(published / CURRENT / name, aside / name)
        else:
            write(aside / name, written)
    pack_list = packs.as_json()
    write(aside / PACK_LIST, pack_list)
    manifest = describe_version(content, version)
    dumps = {media: Dataset(aside, manifest).dump(media, packs) for media in DUMPS}
    described = distributions(content.model.names, version, dumps)
    catalogue = b"".join(sorted({*content.catalogue.lines, *in_catalogue(described, content.model.names)}))
    write(aside / CATALOGUE, catalogue)
    named = {CATALOGUE: _digest(catalogue), PACK_LIST: _digest(pack_list), **model.digests}
    write(aside / MANIFEST, replace(manifest, files=dict(sorted(named.items()))).as_json())
    write_caches(aside, content)
    for pack in new_packs(published, packs):
        sync(published / PACKS / pack)
    sync(published / PACKS)
    shutil.rmtree(published / ENGINE / version, ignore_errors=True)
    target, old = published / version, published / f".old-{version}"
    if target.exists():
        shutil.rmtree(old, ignore_errors=True)
        target.rename(old)
    aside.rename(target)
    sync(published)


def has_digest(file: Path, digest: str) -> bool:
    """True if a file exists and has this SHA-256."""
    return file.is_file() and sha256(file) == digest


def new_packs(published: Path, packs: Packs) -> set[str]:
    """The names of the packs that the current version does not have."""
    try:
        return packs.names - Packs.read(published / CURRENT).names
    except NoDatasetError:
        return packs.names


def describe_version(content: Content, version: str) -> Manifest:
    """The manifest of a version, without its files."""
    model, packs = content.model, content.packed.packs
    kinds = Counter[str]()
    for pack in packs.things:
        kinds.update(pack.kinds)
    triples, inferred = (sum(getattr(pack, count) for pack in packs.data) for count in ("triples", "inferred"))
    return Manifest(
        format=FORMAT,
        version=version,
        base=model.names.base,
        ontology_version=model.schema.version,
        model=model.digest,
        counts=Counts(records=kinds.total(), triples=triples, inferred=inferred),
        kinds=dict(sorted(kinds.items())),
        commit=content.catalogue.commit,
        time=content.catalogue.time,
    )


def write_caches(directory: Path, content: Content) -> None:
    """Writes the caches in the directory of a version that are missing or damaged."""
    dataset = Dataset.at(directory)
    packed = content.packed
    for kept, file in ((packed.search_index, dataset.search_index), (packed.source_lines, dataset.source_lines)):
        if not is_database(file):
            aside = file.with_name(TEMPORARY + file.name)
            aside.unlink(missing_ok=True)
            try:
                os.link(kept, aside)  # whoever changes the kept file makes it a file of its own first
            except OSError:  # another file system
                shutil.copyfile(kept, aside)
            aside.rename(file)


def write_cache(file: Path, parts: Iterable[bytes]) -> None:
    """Writes a file to a temporary file, and moves it into place by a rename."""
    aside = file.with_name(TEMPORARY + file.name)
    with aside.open("wb") as stream:
        stream.writelines(parts)
    aside.rename(file)


def has_size(file: Path, size: int) -> bool:
    """True if a file exists and has this length, in bytes."""
    return file.is_file() and file.stat().st_size == size


def is_json(file: Path) -> bool:
    """True if a file contains JSON."""
    try:
        json.loads(file.read_bytes())
    except (OSError, ValueError):
        return False
    return True


def is_database(file: Path) -> bool:
    """True if a file is an SQLite database of the length that its header states (sqlite.org/fileformat, 1.3)."""
    try:
        with file.open("rb") as stream:
            header = stream.read(100)
    except OSError:
        return False
    page = int.from_bytes(header[16:18])
    size = (65536 if page == 1 else page) * int.from_bytes(header[28:32])
    return header.startswith(b"SQLite format 3\0") and has_size(file, size)


def write_engine(published: Path, version: str, content: Content) -> None:
    """Makes the engine's own files, and moves them into place by a rename.

    They are a copy of the working store that shares its files, after the graphs of the version that are not about
    things have been brought up to date in it. A store in memory has no files, so the version is loaded anew.
    """
    aside = Path(tempfile.mkdtemp(prefix=".engine-", dir=published)) / "store"
    dataset = Dataset.at(published / version)
    if content.workspace.directory is None:
        store = Store(str(aside))
        load(store, dataset)
        store.flush()
        del store
    else:
        update_graphs(content.workspace, content, dataset, published / CURRENT)
        content.workspace.store.backup(str(aside))
    (published / ENGINE).mkdir(exist_ok=True)
    shutil.rmtree(published / ENGINE / version, ignore_errors=True)
    aside.rename(published / ENGINE / version)
    aside.parent.rmdir()


def update_graphs(workspace: Workspace, content: Content, dataset: Dataset, current: Path) -> None:
    """Replaces the graphs in the working store that are not about things by those of a version, if they differ.

    Of a file that is also in the `current` directory, as the store knows it, only the lines that differ are read.
    """
    known: dict[str, tuple[str, list[str]]] = workspace.result("graphs") or {}
    model, tombstones = content.model, content.packed.tombstones
    withdrawn = _digest(b"".join(n_quads(tombstones)))
    for name, digest, found in (
        ("model", model.digest, [*model.ontology, *model.shapes]),
        ("withdrawn", withdrawn, tombstones),
    ):
        before, graphs = known.get(name, ("", []))
        if before != digest:
            known[name] = digest, replace_graphs(workspace.store, set(found), graphs)
    for file in dataset.graphs:
        before, graphs = known.get(file.name, ("", []))
        digest = dataset.digest(file)
        if before == digest:
            continue
        if has_digest(current / file.name, before):
            removed, added = differing_quads(current / file.name, file)
            for quad in removed:
                workspace.store.remove(quad)
            workspace.store.extend(added)
            graphs = sorted({*graphs, *names_of_graphs(added)})
        else:
            quads = set(parse(path=str(file), format=RdfFormat.N_QUADS))
            graphs = replace_graphs(workspace.store, quads, graphs)
        known[file.name] = digest, graphs
    workspace.keep("graphs", known)


def replace_graphs(store: Store, quads: set[Quad], graphs: list[str]) -> list[str]:
    """Replaces some named graphs in a store by those of some quads; returns the names of these."""
    new = names_of_graphs(quads)
    there = {quad for name in {*graphs, *new} for quad in store.quads_for_pattern(None, None, None, NamedNode(name))}
    for quad in there - quads:
        store.remove(quad)
    store.extend(quads - there)
    return new


def names_of_graphs(quads: Iterable[Quad]) -> list[str]:
    """The IRIs of the graphs of some quads, in order."""
    return sorted({quad.graph_name.value for quad in quads if isinstance(quad.graph_name, NamedNode)})


def differing_quads(before: Path, after: Path) -> tuple[list[Quad], list[Quad]]:
    """The quads that only the first of two canonical N-Quads files has, and those that only the second one has."""
    old, new = (set(file.read_bytes().splitlines(keepends=True)) for file in (before, after))
    removed, added = (list(parse(b"".join(lines), format=RdfFormat.N_QUADS)) for lines in (old - new, new - old))
    return removed, added


def make_current(published: Path, version: str) -> None:
    """Makes `current` point to a version, atomically."""
    link = published / ".current"
    link.unlink(missing_ok=True)
    link.symlink_to(version)
    os.replace(link, published / CURRENT)
    sync(published)


def versions_in(published: Path) -> list[Path]:
    """The directories of all published versions."""
    return [d for d in published.iterdir() if (d / MANIFEST).is_file() and not d.is_symlink() and d.name[0] != "."]


def prune(published: Path, keep: int) -> None:
    """Removes the remains of aborted builds, all versions but the current one and the newest ones, and their packs."""
    current = os.readlink(published / CURRENT)
    versions = versions_in(published)
    versions.sort(key=lambda d: (d.name == current, d.stat().st_mtime_ns), reverse=True)
    kept = {directory.name for directory in versions[: max(keep, 1)]}
    stale = [d for d in versions if d.name not in kept]
    stale += [d for d in published.iterdir() if d.name.startswith((".new-", ".old-", ".engine-"))]
    stale += [d for d in (published / ENGINE).glob("*") if d.name not in kept]
    for directory in stale:
        shutil.rmtree(directory)
    named = set[str]()
    for version in kept:
        with suppress(NoDatasetError):  # it has an earlier format
            named |= Packs.read(published / version).names
    for file in (published / PACKS).iterdir():
        if file.name not in named:
            file.unlink()


@contextmanager
def locked(published: Path) -> Iterator[None]:
    """Locks the directory against concurrent builds; makes it and that of the packs if they do not exist."""
    (published / PACKS).mkdir(parents=True, exist_ok=True)
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
