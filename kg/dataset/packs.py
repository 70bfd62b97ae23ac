"""Packs: makes the files that contain the parts of a dataset, and cuts a dataset into packs (layout.py).

The file of a pack has these parts, one after the other:

- the index, a line of JSON: the paths and the SHA-256 of its parts, the terms (properties and types) that they use, and
  the description of the pack (`Pack`) without its `index`;
- for a pack of data, three gzip members: canonical N-Quads, Turtle without prefixes, and the nodes of JSON-LD;
- for a pack of sources, two gzip members: canonical N-Quads, and for each record a line of JSON with its path and the
  lines of its source.

The name of a pack is a hash over all that its content depends on, so a pack that exists is never made again. Each
function here depends on its arguments only and takes one pack at a time, so processes can make packs in parallel.
"""

import gzip
import hashlib
import json
import os
import tempfile
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from pyoxigraph import DefaultGraph, NamedNode, Quad, RdfFormat, parse, serialize

from kg.dataset.dumps import Summary
from kg.dataset.layout import FORMAT, LINES, Pack
from kg.media import JSON_LD, N_QUADS, TURTLE
from kg.model.context import Framing
from kg.names import RDF_TYPE, Names
from kg.serialize import turtle_without_prefixes
from kg.sparql.quads import PlainTriple, types_first

MEAN = 64
"""The mean number of things in a pack."""

LEVEL = 6
"""The level at which gzip compresses packs, from 1 to 9."""

SHORT = 16
"""Number of hexadecimal digits of the version in paths."""

TEMPORARY = ".new-"
"""The beginning of the names of files that are being written."""


def cut(paths: Iterable[str]) -> Iterator[list[str]]:
    """The paths of things, sorted and cut into those of each pack.

    A pack ends after a path whose hash says so. Whether it does depends on no other path, so an added or removed thing
    changes one pack, or splits it in two, or combines two in one.
    """
    pack: list[str] = []
    for path in sorted(paths):
        pack.append(path)
        if is_last(path):
            yield pack
            pack = []
    if pack:
        yield pack


def is_last(path: str) -> bool:
    """True if a pack ends after the thing with this path."""
    return int.from_bytes(hashlib.sha256(path.encode()).digest()[:8]) % MEAN == 0


def cut_anew(
    packs: Sequence[Pack], touched: set[str], removed: set[str], paths_in: Callable[[Pack], Iterable[str]]
) -> Iterator[Pack | list[str]]:
    """The packs after a change, in order: a pack that stays as it is, or the paths of the things of a pack to make.

    `touched` are the paths of things that are new, changed or removed, and `removed` those of the last. The result has
    the same packs as if all paths were cut; `paths_in` is asked only about packs that the change affects.
    """
    firsts = [pack.first for pack in packs]
    by_pack: dict[int, set[str]] = defaultdict(set)
    for path in touched:
        by_pack[max(bisect_right(firsts, path) - 1, 0)].add(path)
    unended = by_pack[0] - removed if not packs else set()
    for number, pack in enumerate(packs):
        if number not in by_pack and not unended:
            yield pack
            continue
        groups = [*cut(({*paths_in(pack)} | by_pack[number] | unended) - removed)]
        unended = {*groups.pop()} if groups and not is_last(groups[-1][-1]) else set()
        yield from groups
    yield from cut(unended)


def version_of(base: str, digests: Iterable[str]) -> str:
    """The version of a dataset: the short SHA-256 over its base and the sorted SHA-256 of its parts."""
    return hashlib.sha256("\n".join([base, *sorted(digests)]).encode()).hexdigest()[:SHORT]


@dataclass(frozen=True, slots=True)
class Part:
    """A part: its path, the sorted lines of its quads in canonical N-Quads, and its triples in the default graph.

    `triples` are by subject, and the types of each subject are first; `inferred` is the number of inferred ones.
    """

    path: str
    lines: list[bytes]
    triples: list[PlainTriple]
    inferred: int

    @classmethod
    def of(cls, path: str, quads: list[Quad], names: Names) -> "Part":
        """The part that consists of these quads, each of which is given once."""
        return cls._of(path, sorted(zip(lines_of(quads), quads, strict=True)), names)

    @classmethod
    def of_lines(cls, path: str, lines: list[bytes], names: Names) -> "Part":
        """The part with these lines."""
        return cls._of(path, list(zip(lines, parse(b"".join(lines), format=RdfFormat.N_QUADS), strict=True)), names)

    @classmethod
    def _of(cls, path: str, in_order: list[tuple[bytes, Quad]], names: Names) -> "Part":
        lines, graph = [line for line, _ in in_order], f" <{names.inferred}> .\n".encode()
        inferred = {line.removesuffix(graph) for line in lines if line.endswith(graph)}
        triples = [
            PlainTriple.of(quad, line.removesuffix(b" .\n") in inferred)
            for line, quad in in_order
            if isinstance(quad.graph_name, DefaultGraph)
        ]
        return cls(path, lines, types_first(triples), len(inferred))

    @property
    def digest(self) -> str:
        """The SHA-256 of the lines, in hexadecimal digits."""
        return hashlib.sha256(b"".join(self.lines)).hexdigest()


def parts_in_pack(pack: Pack, directory: Path, names: Names) -> Iterator[Part]:
    """The parts about things in an existing pack. Raises OSError, EOFError or zlib.error if it is damaged."""
    lines = gzip.decompress(pack.member(N_QUADS.suffix, directory).read()).splitlines(keepends=True)
    by_path = groupby(lines, lambda line: names.path(line[1 : line.index(b">")].partition(b"#")[0].decode()))
    return (Part.of_lines(path, [*lines], names) for path, lines in by_path if path is not None)


def n_quads(quads: Iterable[Quad]) -> list[bytes]:
    """Canonical N-Quads lines, sorted (w3.org/TR/rdf-canon, canonical N-Quads)."""
    return sorted(lines_of(quads))


def lines_of(quads: Iterable[Quad]) -> list[bytes]:
    """Canonical N-Quads lines, one for each quad."""
    return (serialize(quads, format=RdfFormat.N_QUADS) or b"").splitlines(keepends=True)


def make_pack(directory: Path, parts: Sequence[Part], framing: Framing, names: Names) -> Pack:
    """Makes the pack of some parts, unless it exists, and returns its description.

    `parts` are in the order of paths. What is not about things has the IRI of its subject in place of a path, and is
    counted by no kind.
    """
    digests = [part.digest for part in parts]
    terms = sorted({term for part in parts for term in terms_of(part.triples)})
    name = name_of(digests, terms, framing, names)
    if kept := kept_pack(directory / name):
        return kept
    nodes = (node for part in parts for node in framing.nodes(part.triples))
    kinds = Counter(part.path.partition("/")[0] for part in parts if ":" not in part.path)
    return write_pack(
        directory / name,
        {
            N_QUADS.suffix: b"".join(line for part in parts for line in part.lines),
            TURTLE.suffix: turtle_without_prefixes([t.whole for part in parts for t in part.triples], names.prefixes),
            JSON_LD.suffix: ",\n".join(json.dumps(node, ensure_ascii=False) for node in nodes).encode(),
        },
        {"paths": [part.path for part in parts], "digests": digests, "terms": terms},
        kinds=dict(sorted(kinds.items())),
        triples=sum(len(part.triples) for part in parts),
        inferred=sum(part.inferred for part in parts),
    )


def terms_of(triples: Sequence[PlainTriple]) -> set[str]:
    """The properties and types of some triples."""
    types = {t.value for t in triples if t.predicate == RDF_TYPE and isinstance(t.object, NamedNode)}
    return {t.predicate for t in triples} | types


def name_of(digests: list[str], terms: Iterable[str], framing: Framing, names: Names) -> str:
    """The name of the pack with these parts; `terms` are the properties and types that the parts use."""
    return named([names.base, names.prefixes, digests, framing.rules(terms)])


def is_current(file: Path, framing: Framing, names: Names) -> bool:
    """True if the parts of an existing pack would be written in the same way today, under another model."""
    with file.open("rb") as stream:
        index = json.loads(stream.readline())
    return name_of(index["digests"], index["terms"], framing, names) == file.name


def make_source_pack(directory: Path, records: Iterable[tuple[str, list[Quad], str]]) -> Pack:
    """Makes the pack of the sources of some things, unless it exists, and returns its description.

    `records` are the path, the quads and the lines of the source of each, as JSON, in the order of paths.
    """
    paths, lines, facts = list[str](), list[bytes](), list[bytes]()
    for path, quads, lines_of_record in records:
        paths.append(path)
        lines += n_quads(quads)
        facts.append(f"[{json.dumps(path)},{lines_of_record}]\n".encode())
    contents = {N_QUADS.suffix: b"".join(lines), LINES: b"".join(facts)}
    name = named([hashlib.sha256(content).hexdigest() for content in contents.values()])
    kept = kept_pack(directory / name)
    return kept or write_pack(directory / name, contents, {"paths": paths}, kinds={}, triples=0, inferred=0)


def named(content: Any) -> str:
    """The name of a pack whose members follow from these values."""
    return hashlib.sha256(json.dumps([FORMAT, LEVEL, content]).encode()).hexdigest()[:32]


def kept_pack(file: Path) -> Pack | None:
    """The description of an existing pack; None if it is missing, or if its length shows that it is damaged."""
    try:
        with file.open("rb") as stream:
            index = stream.readline()
            size = os.fstat(stream.fileno()).st_size
        pack = Pack.of({**json.loads(index), "index": len(index)})
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return pack if pack.size == size else None


def write_pack(file: Path, contents: dict[str, bytes], index: dict[str, Any], **counts: Any) -> Pack:
    """Writes a pack to a temporary file, and moves it into place by a rename, without waiting for the disk."""
    packed = {name: gzip.compress(content, LEVEL, mtime=0) for name, content in contents.items()}
    members = {name: Summary.of(member, contents[name]) for name, member in packed.items()}
    pack = Pack(file.name, index["paths"][0], index=0, members=members, **counts)
    described = {name: value for name, value in asdict(pack).items() if name != "index"}
    first_line = json.dumps({**described, **index}, separators=(",", ":")).encode() + b"\n"
    descriptor, temporary = tempfile.mkstemp(prefix=TEMPORARY, dir=file.parent)
    os.fchmod(descriptor, 0o644)
    with os.fdopen(descriptor, "wb") as stream:
        stream.writelines([first_line, *packed.values()])
    os.replace(temporary, file)
    return Pack.of({**described, "index": len(first_line)})
