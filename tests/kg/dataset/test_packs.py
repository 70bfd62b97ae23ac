"""Packs (kg/dataset/packs.py): an edit affects one pack, and packs together are the dataset."""

import gzip
import hashlib
import io
import pickle
import random
import shutil
import zlib
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyoxigraph import NamedNode, Quad, RdfFormat, Store, parse

from kg.dataset.layout import CACHES, DUMPS, PACKS, Dataset, Pack
from kg.dataset.opening import changes, open_engine, quads_in
from kg.dataset.packs import (
    MEAN,
    Part,
    cut,
    cut_anew,
    is_current,
    is_last,
    kept_pack,
    kept_parts,
    make_pack,
    version_of,
)
from kg.media import JSON_LD, N_QUADS, TURTLE, MediaType
from kg.model.context import Framing
from kg.model.schema import Schema
from kg.names import DEFAULT_BASE, RDFS_LABEL, Names
from kg.rdflib_graphs import to_graph
from kg.steps.publish import is_whole
from tests.building import build_world, model
from tests.kg.dataset.parts import parts
from tests.places import SAMPLE

NAMES = Names.at(DEFAULT_BASE)
EVERY = [f"release/{number}" for number in range(5000)]
ENDS = [path for path in EVERY if is_last(path)]
PATHS = st.builds(
    lambda chance, number: {*chance.sample(EVERY, number)}, st.randoms(use_true_random=False), st.integers(0, 600)
)
PATH = st.sampled_from(EVERY) | st.sampled_from(ENDS)
"""Any path, and often one after which a pack ends."""


@pytest.fixture
def published(sample: Path, tmp_path: Path) -> Path:
    """The sample world as it was published, to be changed."""
    return shutil.copytree(sample, tmp_path / "published", symlinks=True)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """The sources of the sample world, to be changed."""
    return shutil.copytree(SAMPLE, tmp_path / "data")


def packs_of(paths: Iterable[str]) -> set[tuple[str, ...]]:
    return {tuple(pack) for pack in cut(paths)}


@settings(max_examples=40)
@given(PATHS, PATH)
def test_a_thing_more_or_less_changes_one_pack_or_splits_it(paths: set[str], path: str) -> None:
    without, with_it = packs_of(paths - {path}), packs_of(paths | {path})
    assert len(with_it - without) <= 2
    assert len(without - with_it) <= 2
    assert sorted(each for pack in with_it for each in pack) == sorted(paths | {path})


@settings(max_examples=40)
@given(PATHS, st.sets(PATH, max_size=6), st.sets(PATH, max_size=6))
def test_packs_that_are_cut_anew_after_a_change_are_those_of_all_paths(
    before: set[str], changed: set[str], removed: set[str]
) -> None:
    before, changed = before | removed, changed - removed
    packs = {tuple(paths): described(paths) for paths in cut(before)}
    paths_in = {pack.name: paths for paths, pack in packs.items()}
    asked: list[Pack] = []

    def paths_of(pack: Pack) -> tuple[str, ...]:
        asked.append(pack)
        return paths_in[pack.name]

    found = [*cut_anew([*packs.values()], changed | removed, removed, paths_of)]
    kept = [paths_in[each.name] for each in found if isinstance(each, Pack)]
    after = [[*paths_in[each.name]] if isinstance(each, Pack) else each for each in found]
    assert after == [*cut((before | changed) - removed)]
    assert len(asked) <= 2 * len(changed | removed)
    assert not (changed | removed) & {path for paths in kept for path in paths}


def described(paths: list[str]) -> Pack:
    return Pack(paths[0], paths[0], kinds={}, triples=0, inferred=0, index=0, members={})


def test_packs_have_about_the_same_number_of_things_whatever_the_paths() -> None:
    packs = [*cut(f"release/{number}" for number in range(20_000))]
    assert 0.8 * MEAN < 20_000 / len(packs) < 1.25 * MEAN
    assert max(map(len, packs)) < 12 * MEAN


def test_an_edit_writes_one_pack_and_one_of_the_sources(data: Path, published: Path) -> None:
    before = Dataset.current(published)
    (data / "person" / "morgan-le-fay.yaml").write_text("label:\n  en: Morgan the Fair\n")
    build_world(data, published)
    after = Dataset.current(published)
    assert len(after.packs.names - before.packs.names) == 2
    assert after.packs.rest == before.packs.rest
    difference = before.difference(after)
    assert difference.changed == {"person/morgan-le-fay"}
    assert not difference.added | difference.removed


def test_a_build_of_the_same_sources_writes_no_pack(sample: Path) -> None:
    def written() -> dict[str, int]:
        return {file.name: file.stat().st_mtime_ns for file in (sample / PACKS).iterdir()}

    before = written()
    build_world(SAMPLE, sample)
    assert written() == before


def test_the_difference_of_two_versions_is_that_of_their_things_and_of_their_quads(data: Path, published: Path) -> None:
    before = Dataset.current(published)
    (data / "document" / "edict-2.yaml").unlink()
    (data / "person" / "elaine.yaml").write_text("label:\n  en: Elaine\n")
    (data / "place" / "camelot.yaml").write_text("label:\n  en: New Camelot\ncountry: state/lyonesse\n")
    assert build_world(data, published).problems == []
    after = Dataset.current(published)
    difference = before.difference(after)
    parts = [dataset.parts(dataset.packs.things) for dataset in (before, after)]
    assert difference.added == parts[1].keys() - parts[0].keys() == {"person/elaine"}
    assert difference.removed == parts[0].keys() - parts[1].keys() == {"document/edict-2"}
    assert "place/camelot" in difference.changed
    both = parts[0].keys() & parts[1].keys()
    assert difference.changed == {path for path in both if parts[0][path] != parts[1][path]}
    old, new = ({*open_engine(dataset).store} for dataset in (before, after))
    removed, added = changes(before, after)
    assert (removed, added) == (old - new, new - old)
    assert removed
    assert added
    assert changes(after, after) == (set(), set())


def test_a_dump_contains_the_dataset_in_each_format(sample: Path) -> None:
    dataset = Dataset.current(sample)
    store = open_engine(dataset).store
    default = {str(quad.triple) for quad in store.quads_for_pattern(None, None, None, None) if is_default(quad)}
    turtle, json_ld = (b"".join(dataset.dump(media).content()) for media in (TURTLE, JSON_LD))
    assert sorted(str(quad.triple) for quad in parse(turtle, format=RdfFormat.TURTLE)) == sorted(default)
    assert {str(quad.triple) for quad in parse(json_ld, format=RdfFormat.JSON_LD)} == default
    lines = b"".join(dataset.dump(N_QUADS).content())
    assert lines == (dataset.directory / "data.nq").read_bytes() == b"".join(dataset.n_quads(dataset.packs.data))
    assert len({*lines.splitlines()}) == len(lines.splitlines())
    graphs = {dataset.names.inferred, dataset.names.ontology, dataset.names.shapes, dataset.names.withdrawn}
    in_store = {quad for quad in store if is_default(quad) or getattr(quad.graph_name, "value", "") in graphs}
    assert {*parse(lines, format=RdfFormat.N_QUADS)} == in_store


def is_default(quad: Quad) -> bool:
    return not isinstance(quad.graph_name, NamedNode)


@pytest.mark.parametrize("media", DUMPS, ids=lambda media: media.suffix)
def test_a_dump_is_one_gzip_file_that_is_read_from_any_position(media: MediaType, sample: Path) -> None:
    dump = Dataset.current(sample).dump(media)
    whole = b"".join(dump.compressed())
    assert (len(whole), len(gzip.decompress(whole))) == (dump.size, dump.content_size)
    with gzip.open(io.BytesIO(whole)) as members:
        assert members.read() == b"".join(dump.content())
    stream = dump.open()
    assert stream.read() == whole
    for position in (0, 1, len(whole) - 1, *random.Random(9).sample(range(len(whole)), 20)):
        stream.seek(position)
        assert stream.tell() == position
        assert stream.read(50) == whole[position : position + 50]
        assert b"".join(dump.compressed(position)) == whole[position:]
    assert b"".join(dump.compressed(len(whole))) == b""
    assert dump.digest() == hashlib.sha256(whole).hexdigest()
    assert (dump.adler32, dump.content_adler32) == (zlib.adler32(whole), zlib.adler32(gzip.decompress(whole)))


def test_the_version_follows_from_the_parts(sample: Path) -> None:
    dataset = Dataset.current(sample)
    parts = dataset.parts(dataset.packs.data)
    assert version_of(dataset.names.base, parts.values()) == dataset.version
    by_subject: dict[bytes, list[bytes]] = defaultdict(list)
    for line in sorted((dataset.directory / "data.nq").read_bytes().splitlines(keepends=True)):
        subject = line.split(b" ", 1)[0]
        by_subject[subject.partition(b"#")[0].rstrip(b">") if subject.startswith(b"<") else b"_:"].append(line)
    digests = [hashlib.sha256(b"".join(lines)).hexdigest() for lines in by_subject.values()]
    assert sorted(digests) == sorted(parts.values())


@pytest.fixture(scope="module")
def framing() -> Framing:
    return Framing(model().schema, NAMES)


def things_in(sample: Path) -> dict[str, list[Quad]]:
    """The quads of the things of the sample world, by path."""
    dataset, store = Dataset.current(sample), Store()
    store.extend(quads_in(dataset, dataset.packs.things))
    return parts(store, NAMES)


def test_a_pack_depends_on_its_quads_and_not_on_their_order(sample: Path, tmp_path: Path, framing: Framing) -> None:
    things = things_in(sample)
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    made = make_pack(first, [Part.of(path, quads, NAMES) for path, quads in things.items()], framing, NAMES)
    shuffled = [Part.of(path, random.Random(path).sample(quads, len(quads)), NAMES) for path, quads in things.items()]
    again = make_pack(second, shuffled, pickle.loads(pickle.dumps(framing)), NAMES)  # noqa: S301  # our own
    assert made == again == kept_pack(first / made.name)
    assert (first / made.name).read_bytes() == (second / made.name).read_bytes()
    assert made.kinds.keys() == {path.partition("/")[0] for path in things}


def test_a_pack_made_of_the_parts_of_another_one_is_one_made_of_their_quads(
    sample: Path, tmp_path: Path, framing: Framing
) -> None:
    dataset = Dataset.current(sample)
    packs, things = dataset.packs, things_in(sample)
    for pack in packs.data:
        kept = [*kept_parts(pack, dataset.packs_directory)]
        assert make_pack(tmp_path, kept, framing, NAMES) == pack
        assert (tmp_path / pack.name).read_bytes() == dataset.pack_file(pack).read_bytes()
    some = [part for pack in packs.things for part in kept_parts(pack, dataset.packs_directory)][1::2]
    made = make_pack(tmp_path, some, framing, NAMES)
    (tmp_path / made.name).rename(tmp_path / "of-kept")
    assert make_pack(tmp_path, [Part.of(part.path, things[part.path], NAMES) for part in some], framing, NAMES) == made
    assert (tmp_path / made.name).read_bytes() == (tmp_path / "of-kept").read_bytes()


def test_no_part_is_kept_from_a_pack_whose_index_is_damaged(sample: Path, tmp_path: Path) -> None:
    dataset = Dataset.current(sample)
    pack = dataset.packs.things[0]
    content = dataset.pack_file(pack).read_bytes()
    for old, new in ((b'"digests":["', b'"digests":["0'), (b'"parts":[[', b'"parts":[[['), (b'"paths":[', b'"path":[')):
        assert old in content
        (tmp_path / pack.name).write_bytes(content.replace(old, new, 1)[: len(content)])
        with pytest.raises((OSError, EOFError, zlib.error, ValueError, KeyError, TypeError)):
            list(kept_parts(pack, tmp_path))


def test_another_model_makes_only_the_packs_anew_that_it_writes_differently(
    sample: Path, framing: Framing, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = Dataset.current(sample)
    files = [dataset.pack_file(pack) for pack in dataset.packs.data]
    assert all(is_current(file, framing, NAMES) for file in files)
    label = framing.rules([RDFS_LABEL])
    assert label
    schema = Schema(to_graph([quad.triple for quad in model().ontology]), to_graph([]), NAMES)
    assert Framing(schema, NAMES).rules([RDFS_LABEL]) != label
    assert not all(is_current(file, Framing(schema, NAMES), NAMES) for file in files)


def test_damaged_packs_and_caches_are_made_anew(published: Path) -> None:
    dataset = Dataset.current(published)
    directory, packs = dataset.directory.resolve(), dataset.packs
    harmed = [dataset.pack_file(pack) for pack in (packs.rest, packs.things[0], packs.sources[0])]
    caches = [directory / name for name in CACHES]
    before = {file: file.read_bytes() for file in (*harmed, *caches)}
    for removed, cut_off, emptied, *_ in (harmed, caches):
        removed.unlink()
        cut_off.write_bytes(before[cut_off][: len(before[cut_off]) // 2])
        emptied.write_bytes(b"")
    assert not is_whole(directory)
    build_world(SAMPLE, published)
    assert is_whole(directory)
    assert {file: file.read_bytes() for file in before} == before


def test_a_damaged_cache_alone_is_made_anew(published: Path) -> None:
    directory = (published / "current").resolve()
    before = {name: (directory / name).read_bytes() for name in CACHES}
    for name in CACHES:
        (directory / name).write_bytes(before[name][:200])
    assert is_whole(directory)
    build_world(SAMPLE, published)
    assert {name: (directory / name).read_bytes() for name in CACHES} == before


@pytest.mark.parametrize("start", [20, 200, -10])
def test_a_pack_whose_bytes_changed_is_not_read(start: int, published: Path) -> None:
    dataset = Dataset.current(published)
    file = dataset.pack_file(dataset.packs.things[0])
    content = bytearray(file.read_bytes())
    member = dataset.packs.things[0].member(N_QUADS.suffix, dataset.packs_directory)
    place = member.start + (start if start > 0 else member.summary.size + start)
    content[place] ^= 0xFF
    file.write_bytes(content)
    with pytest.raises((OSError, EOFError, zlib.error)):
        [*dataset.n_quads(dataset.packs.things)]


def test_versions_share_the_packs_that_did_not_change(real: Path) -> None:
    packs = Dataset.current(real).packs
    assert 20 < len(packs.things) < 80
    assert [pack.first for pack in packs.things] == sorted(pack.first for pack in packs.things)

    def smaller(pack: Pack) -> bool:
        return sum(summary.size for summary in pack.members.values()) < 400_000

    assert all(map(smaller, packs.things))
