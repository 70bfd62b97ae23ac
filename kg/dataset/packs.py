"""Packs: makes the files that contain the parts of a dataset, and cuts a dataset into packs (layout.py).

The file of a pack has these parts, one after the other:

- the index, a line of JSON: the paths and the SHA-256 of its parts, the terms (properties and types) that they use, and
  the description of the pack (`Pack`) without its `index`; for a pack of data also what else `KeptPart` needs;
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
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pyoxigraph import DefaultGraph, NamedNode, Quad, RdfFormat, parse, serialize

from kg.dataset.dumps import Summary
from kg.dataset.layout import FORMAT, JSON_LD_SEPARATOR, LINES, Pack
from kg.media import JSON_LD, N_QUADS, TURTLE
from kg.model.context import Framing
from kg.names import RDF_TYPE, Names
from kg.serialize import LINE_END, turtle_without_prefixes
from kg.sparql.quads import PlainTriple, types_first

MEAN = 64
"""The mean number of things in a pack."""

LEVEL = 6
"""The level at which gzip compresses packs, from 1 to 9."""

SHORT = 16
"""Number of hexadecimal digits of the version in paths."""

SEPARATORS = {N_QUADS.suffix: b"", TURTLE.suffix: b"", JSON_LD.suffix: JSON_LD_SEPARATOR}
"""What stands between two parts in each member of a pack of data, by the suffix of the format."""

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
        in_order = sorted(zip(lines_of(quads), quads, strict=True))
        lines, graph = [line for line, _ in in_order], in_graph(names)
        inferred = {line.replace(graph, LINE_END) for line in lines if line.endswith(graph)}
        default = [(line, quad) for line, quad in in_order if isinstance(quad.graph_name, DefaultGraph)]
        return cls._of(path, lines, default, inferred)

    @classmethod
    def of_lines(cls, path: str, asserted: bytes, inferred: bytes, names: Names) -> "Part":
        """The part that consists of these asserted and inferred triples, which are canonical N-Triples."""
        follows, graph = inferred.splitlines(keepends=True), in_graph(names)
        default = sorted([*asserted.splitlines(keepends=True), *follows])
        lines = sorted([*default, *(line.replace(LINE_END, graph) for line in follows)])
        triples = parse(b"".join(default), RdfFormat.N_QUADS, lenient=True)
        return cls._of(path, lines, zip(default, triples, strict=True), {*follows})

    @classmethod
    def _of(
        cls, path: str, lines: list[bytes], default: Iterable[tuple[bytes, Quad]], inferred: Collection[bytes]
    ) -> "Part":
        """The part with some sorted lines; `default` are the quads of the default graph, each with its line."""
        triples = [PlainTriple.of(quad, line in inferred) for line, quad in default]
        return cls(path, lines, types_first(triples), len(inferred))

    @property
    def digest(self) -> str:
        """The SHA-256 of the lines, in hexadecimal digits."""
        return hashlib.sha256(b"".join(self.lines)).hexdigest()

    @property
    def terms(self) -> set[str]:
        """The properties and types of the triples."""
        types = {t.value for t in self.triples if t.predicate == RDF_TYPE and isinstance(t.object, NamedNode)}
        return {t.predicate for t in self.triples} | types

    @property
    def number(self) -> int:
        """The number of triples."""
        return len(self.triples)

    def kept(self, framing: Framing, names: Names) -> "KeptPart":
        """The part as a pack contains it."""
        contents = self.contents(framing, names)
        return KeptPart(self.path, self.digest, self.terms, self.number, self.inferred, contents)

    def contents(self, framing: Framing, names: Names) -> dict[str, bytes]:
        """What a pack contains of it, by the suffix of the format."""
        nodes = (json.dumps(node, ensure_ascii=False).encode() for node in framing.nodes(self.triples))
        return {
            N_QUADS.suffix: b"".join(self.lines),
            TURTLE.suffix: turtle_without_prefixes([triple.whole for triple in self.triples], names.prefixes),
            JSON_LD.suffix: JSON_LD_SEPARATOR.join(nodes),
        }


@dataclass(frozen=True, slots=True)
class KeptPart:
    """A part as an existing pack contains it. Its members are those of `Part`; `kept` are its contents."""

    path: str
    digest: str
    terms: set[str]
    number: int
    inferred: int
    kept: dict[str, bytes]

    def contents(self, framing: Framing, names: Names) -> dict[str, bytes]:
        """What a pack contains of it, which is the same as before as long as the pack is current."""
        return self.kept


def kept_parts(pack: Pack, directory: Path) -> Iterator[KeptPart]:
    """The parts in an existing pack of data.

    Raises OSError, EOFError, zlib.error, ValueError, KeyError or TypeError if it is missing or damaged.
    """
    with (directory / pack.name).open("rb") as stream:
        index = json.loads(stream.readline())
    members = {suffix: gzip.decompress(pack.member(suffix, directory).read()) for suffix in SEPARATORS}
    places = dict.fromkeys(SEPARATORS, 0)
    for path, digest, (uses, number, inferred, sizes) in zip(
        index["paths"], index["digests"], index["parts"], strict=True
    ):
        kept: dict[str, bytes] = {}
        for (suffix, separator), size in zip(SEPARATORS.items(), sizes, strict=True):
            kept[suffix] = members[suffix][places[suffix] : places[suffix] + size]
            places[suffix] += size + len(separator) if size else 0
        if hashlib.sha256(kept[N_QUADS.suffix]).hexdigest() != digest:
            raise ValueError(f"the index of pack {pack.name} is damaged")
        yield KeptPart(path, digest, {index["terms"][use] for use in uses}, number, inferred, kept)


def in_graph(names: Names) -> bytes:
    """The end of a line of N-Quads in the inferred graph."""
    return f" <{names.inferred}>".encode() + LINE_END


def n_quads(quads: Iterable[Quad]) -> list[bytes]:
    """Canonical N-Quads lines, sorted (w3.org/TR/rdf-canon, canonical N-Quads)."""
    return sorted(lines_of(quads))


def lines_of(quads: Iterable[Quad]) -> list[bytes]:
    """Canonical N-Quads lines, one for each quad."""
    return (serialize(quads, format=RdfFormat.N_QUADS) or b"").splitlines(keepends=True)


def make_pack(directory: Path, parts: Sequence[Part | KeptPart], framing: Framing, names: Names) -> Pack:
    """Makes the pack of some parts, unless it exists, and returns its description.

    `parts` are in the order of paths. What is not about things has the IRI of its subject in place of a path, and is
    counted by no kind.
    """
    digests, used = [part.digest for part in parts], [part.terms for part in parts]
    terms = sorted({term for each in used for term in each})
    name = name_of(digests, terms, framing, names)
    if kept := kept_pack(directory / name):
        return kept
    kinds = Counter(part.path.partition("/")[0] for part in parts if ":" not in part.path)
    contents, places = [part.contents(framing, names) for part in parts], {term: at for at, term in enumerate(terms)}
    described = [
        [sorted(map(places.__getitem__, uses)), part.number, part.inferred, [len(content[each]) for each in SEPARATORS]]
        for part, uses, content in zip(parts, used, contents, strict=True)
    ]
    return write_pack(
        directory / name,
        {each: separator.join(filter(None, (c[each] for c in contents))) for each, separator in SEPARATORS.items()},
        {"paths": [part.path for part in parts], "digests": digests, "terms": terms, "parts": described},
        kinds=dict(sorted(kinds.items())),
        triples=sum(part.number for part in parts),
        inferred=sum(part.inferred for part in parts),
    )


def name_of(digests: list[str], terms: Iterable[str], framing: Framing, names: Names) -> str:
    """The name of the pack with these parts; `terms` are the properties and types that the parts use."""
    return named([names.base, names.prefixes, digests, framing.rules(terms)])


def is_current(file: Path, framing: Framing, names: Names) -> bool:
    """True if the parts of an existing pack would be written in the same way today, under another model."""
    with file.open("rb") as stream:
        index = json.loads(stream.readline())
    return name_of(index["digests"], index["terms"], framing, names) == file.name


def make_source_pack(directory: Path, records: Iterable[tuple[str, list[bytes], str]]) -> Pack:
    """Makes the pack of the sources of some things, unless it exists, and returns its description.

    `records` are, in the order of paths, the path of each thing, the sorted lines of its origin as canonical N-Quads,
    and the lines of its source as JSON.
    """
    paths, lines, facts = list[str](), list[bytes](), list[bytes]()
    for path, origin, lines_of_record in records:
        paths.append(path)
        lines += origin
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
