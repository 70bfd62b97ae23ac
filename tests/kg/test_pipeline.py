"""The build: deterministic, atomic, and whole."""

import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from pyoxigraph import BlankNode, DefaultGraph, NamedNode, RdfFormat, Store, parse, serialize

from kg.dataset.layout import DUMPS, PACKS, Dataset, NoDatasetError, Pack
from kg.dataset.opening import load, open_engine, quads_in
from kg.dataset.source_lines import SourceLines
from kg.names import CANONICAL, RDF_TYPE, RDFS_LABEL, Names
from kg.sparql.oxigraph import open_files
from kg.steps.publish import is_whole
from kg.steps.versions import ChangedVersionError, write_ontology_version
from tests.building import build_world
from tests.kg.test_cli import kg
from tests.places import ONTOLOGY, ROOT, SAMPLE, SHAPES
from tests.waiting import PATIENCE

pytestmark = pytest.mark.slow

KILLS = 3

KILLED = """
import os, signal, sys
from kg.cli import main
published, *arguments, moment = sys.argv[1:]
touches = 0
def touched(event, given):
    global touches
    writes = event == "open" and given[2] & (os.O_WRONLY | os.O_RDWR) or event.startswith(("os.", "shutil."))
    if writes and any(str(each).startswith(published) for each in given):
        touches += 1
        if touches == int(moment):
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(touched)
try:
    main(arguments)
finally:
    print(touches)
"""
"""`kg`, killed when it is about to touch a directory for the given time; 0 only counts how often it does."""


def kg_apart(*arguments: object, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs the command line in a process of its own."""
    command = [sys.executable, "-m", "kg", *map(str, arguments)]
    env = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, timeout=PATIENCE)


@pytest.fixture
def published(sample: Path, tmp_path: Path) -> Path:
    """The sample world as it was published, to be changed."""
    return shutil.copytree(sample, tmp_path / "published", symlinks=True)


def contents(directory: Path) -> dict[str, bytes]:
    """The files of a published version, by name."""
    return {file.name: file.read_bytes() for file in (directory / "current").resolve().iterdir()}


def test_two_hash_seeds_and_two_directories_give_the_same_version_and_bytes(tmp_path: Path) -> None:
    copied = tmp_path / "elsewhere"
    for name, source in (("data", SAMPLE), ("ontology", ONTOLOGY), ("shapes", SHAPES)):
        shutil.copytree(source, copied / name)
    fixed = {"SOURCE_DATE_EPOCH": "1500000000", "GIT_CEILING_DIRECTORIES": str(ROOT), "GIT_DIR": str(tmp_path)}
    sources = ["--data", SAMPLE, "--ontology", ONTOLOGY, "--shapes", SHAPES]
    here = kg_apart("build", *sources, "--published", tmp_path / "a", PYTHONHASHSEED="1", **fixed, cwd=tmp_path)
    there = kg_apart("build", "--published", tmp_path / "b", PYTHONHASHSEED="2", **fixed, cwd=copied)
    assert here.returncode == there.returncode == 0, here.stderr + there.stderr
    assert here.stdout == there.stdout
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


def test_current_is_whole_whenever_a_build_is_killed(published: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    shutil.copytree(SAMPLE, data)
    command = [sys.executable, "-c", KILLED, str(published), "build", "--data", str(data)]
    command += ["--published", str(published)]
    told = subprocess.run([*command, "0"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    touches = int(told.splitlines()[-1])
    assert touches > KILLS
    for number, moment in enumerate(sorted(random.Random(2018).sample(range(1, touches + 1), KILLS))):
        (data / "person" / "morgan-le-fay.yaml").write_text(f"label:\n  en: Morgan {number}\n")
        ended = subprocess.run([*command, str(moment)], cwd=ROOT, capture_output=True)
        assert ended.returncode == -signal.SIGKILL
        assert is_whole((published / "current").resolve())
        assert len(open_engine(Dataset.current(published)).store) > 0
    version = build_world(data, published).version
    assert os.readlink(published / "current") == version
    assert not [file.name for file in published.iterdir() if file.name.startswith((".new", ".old", ".engine-"))]


def test_an_invalid_source_never_replaces_what_is_published(published: Path, tmp_path: Path) -> None:
    data, before = tmp_path / "data", os.readlink(published / "current")
    shutil.copytree(SAMPLE, data)
    (data / "state" / "avalon.yaml").write_text("label:\n  en: Avalon\n")
    refused = kg("build", "--data", data, "--published", published)
    assert refused.exit_code == 1
    assert refused.stdout == ""
    assert "E301" in refused.stderr
    assert os.readlink(published / "current") == before


def test_a_later_build_of_the_same_sources_leaves_the_version_alone(sample: Path) -> None:
    directory = (sample / "current").resolve()
    before = directory.stat().st_mtime_ns
    build_world(SAMPLE, sample)
    assert (sample / "current").resolve() == directory
    assert directory.stat().st_mtime_ns == before


def test_a_damaged_version_is_made_anew(published: Path) -> None:
    (published / "current" / "data.nq").write_text("")
    build_world(SAMPLE, published)
    assert is_whole((published / "current").resolve())


def test_a_version_whose_questions_or_measures_were_edited_is_made_anew(tmp_path: Path) -> None:
    shapes = tmp_path / "shapes"
    shutil.copytree(SHAPES, shapes)
    version = build_world(SAMPLE, tmp_path / "published", shapes=shapes).version
    measure = shapes / "quality" / "5-disputed-values.rq"
    _, *rest = measure.read_text(encoding="utf-8").splitlines(keepends=True)
    measure.write_text("".join(["# What is new?\n", *rest]), encoding="utf-8")
    assert build_world(SAMPLE, tmp_path / "published", shapes=shapes).version == version
    assert b"What is new?" in contents(tmp_path / "published")["quality.json"]
    assert is_whole((tmp_path / "published" / "current").resolve())


def test_a_build_publishes_the_questions_of_a_directory_and_says_when_there_are_none(tmp_path: Path) -> None:
    questions = tmp_path / "questions"
    questions.mkdir()
    sources = ("--data", SAMPLE, "--published", tmp_path / "published")
    without = kg("build", *sources, "--questions", questions)
    assert without.exit_code == 0
    assert f"There are no questions in {questions}" in " ".join(without.stderr.split())
    (questions / "states.rq").write_text("# Which States are there?\nSELECT ?state { ?state a osce:State }\n")
    done = kg("build", *sources, "--questions", questions)
    assert (done.stdout, "no questions" in done.stderr) == (without.stdout, False)
    assert [each["name"] for each in json.loads(contents(tmp_path / "published")["questions.json"])] == ["states"]
    missing = kg("build", *sources, "--questions", tmp_path / "none")
    assert (missing.exit_code, "there is no directory" in missing.stderr) == (2, True)


def test_only_the_newest_versions_are_kept(tmp_path: Path) -> None:
    data = tmp_path / "data"
    shutil.copytree(SAMPLE, data)
    versions = []
    for number in range(3):
        (data / "person" / "morgan-le-fay.yaml").write_text(f"label:\n  en: Morgan {number}\n")
        done = kg("build", "--data", data, "--published", tmp_path / "published", "--keep", "2")
        versions.append(done.stdout.strip())
    kept = {file.name for file in (tmp_path / "published").iterdir() if not file.name.startswith(".")}
    assert kept == {"current", *versions[1:]}
    named = {name for version in versions[1:] for name in Dataset.at(tmp_path / "published" / version).packs.names}
    assert {file.name for file in (tmp_path / "published" / PACKS).iterdir()} == named


def test_nothing_canonical_survives_another_base(tmp_path: Path) -> None:
    done = kg("build", "--data", SAMPLE, "--base-uri", "https://data.example/osce", "--published", tmp_path)
    assert done.exit_code == 0, done.stderr
    for name, content in contents(tmp_path).items():
        assert CANONICAL.encode() not in content, name
    dataset = Dataset.current(tmp_path)
    for dump in map(dataset.dump, DUMPS):
        assert CANONICAL.encode() not in b"".join(dump.content())
    assert CANONICAL.encode() not in b"".join(dataset.n_quads(every_pack(dataset)))
    assert b"<https://data.example/osce/id/state/avalon>" in contents(tmp_path)["data.nq"]


@pytest.mark.parametrize("base", ["ftp://data.example/", "data.example", "http://x/?q", "http://x/#f", "http://a b/"])
def test_a_base_that_is_none_is_a_usage_error(base: str, tmp_path: Path) -> None:
    assert kg("build", "--base-uri", base, "--published", tmp_path).exit_code == 2
    assert not list(tmp_path.iterdir())


def test_the_default_graph_is_asserted_and_inferred_each_triple_once(sample: Path) -> None:
    dataset = Dataset.current(sample)
    quads = list(parse(path=str(dataset.directory / "data.nq"), format=RdfFormat.N_QUADS))
    assert len(quads) == len(set(quads))
    inferred = {quad.triple for quad in quads if quad.graph_name == NamedNode(dataset.names.inferred)}
    merged = {quad.triple for quad in quads if quad.graph_name == DefaultGraph()}
    assert inferred < merged
    assert dataset.manifest.counts.triples == len(merged)
    assert dataset.manifest.counts.inferred == len(inferred)
    assert not [t for t in merged if isinstance(t.subject, BlankNode) or isinstance(t.object, BlankNode)]


def test_every_thing_has_a_type_and_a_label_in_the_default_graph(sample: Path) -> None:
    dataset = Dataset.current(sample)
    store = open_engine(dataset).store
    things = {
        quad.subject.value
        for quad in store.quads_for_pattern(None, NamedNode(RDF_TYPE), None, DefaultGraph())
        if isinstance(quad.subject, NamedNode)
        and quad.subject.value.startswith(dataset.names.things)
        and "#" not in quad.subject.value
    }
    assert len(things) == dataset.manifest.counts.records == 24
    for thing in things:
        assert any(store.quads_for_pattern(NamedNode(thing), NamedNode(RDFS_LABEL), None, DefaultGraph())), thing


def test_the_snapshot_and_the_files_hold_the_same_quads(sample: Path) -> None:
    dataset = Dataset.current(sample)
    quads = {quad for file in dataset.graphs for quad in parse(path=str(file), format=RdfFormat.N_QUADS)}
    assert set(open_engine(dataset).store) == quads | {*quads_in(dataset, every_pack(dataset))}


def every_pack(dataset: Dataset) -> tuple[Pack, ...]:
    """The packs of the data and of the sources."""
    return (*dataset.packs.data, *dataset.packs.sources)


def test_the_manifest_names_what_the_contract_asks_for(sample: Path) -> None:
    manifest = json.loads((sample / "current" / "manifest.json").read_text())
    assert {"version", "base", "ontology_version", "counts", "files"} <= set(manifest)
    assert manifest["version"] == os.readlink(sample / "current")
    assert (sample / "current" / "data.nq").is_file()


def test_a_part_is_named_by_its_key_and_not_by_its_place(sample: Path, tmp_path: Path) -> None:
    data, before = tmp_path / "data", os.readlink(sample / "current")
    shutil.copytree(SAMPLE, data)
    file = data / "state" / "avalon.yaml"
    first = "  - status: asianPartner\n    since: 1999\n    until: 2004-02\n"
    second = "  - status: participating\n    since: 2004-02-29\n"
    assert first + second in file.read_text()
    file.write_text(file.read_text().replace(first + second, second + first))
    assert build_world(data, tmp_path / "published").version == before


def test_names_mint_every_iri_under_the_base() -> None:
    names = Names.at("https://data.example/osce")
    assert names.thing("state/avalon") == "https://data.example/osce/id/state/avalon"
    assert names.path(names.thing("state/avalon") + "#part") == "state/avalon"
    assert names.compact(names.vocabulary + "State") == "osce:State"


@pytest.mark.parametrize("harm", ["remove", "empty", "garble"])
def test_a_damaged_engine_is_made_anew_and_until_then_the_files_serve(harm: str, published: Path) -> None:
    directory = published / ".engine" / os.readlink(published / "current")
    if harm == "remove":
        shutil.rmtree(directory)
    else:
        for file in directory.iterdir():
            file.write_bytes(b"" if harm == "empty" else b"x" * 100)
    assert len(open_engine(Dataset.current(published)).store) > 1000
    build_world(SAMPLE, published)
    assert len(open_files(directory)) > 1000


@pytest.mark.parametrize("manifest", ["", "[]", "{}", "null", '{"version": "x"}'])
def test_a_damaged_manifest_is_no_dataset_and_is_made_anew(manifest: str, published: Path) -> None:
    (published / "current" / "manifest.json").write_text(manifest)
    with pytest.raises(NoDatasetError):
        Dataset.current(published)
    build_world(SAMPLE, published)
    assert is_whole((published / "current").resolve())


@pytest.fixture
def widened(tmp_path: Path) -> Path:
    """A copy of the ontology with one key more."""
    ontology = tmp_path / "ontology"
    shutil.copytree(ONTOLOGY, ontology)
    text = (ontology / "osce.ttl").read_text()
    new = """
osce:motto a owl:DatatypeProperty ; rdfs:label "motto"@en ; rdfs:range rdf:langString ;
    skos:definition "What a State says of itself."@en ; skos:example "Dieu et mon droit"@fr ;
    rdfs:isDefinedBy <https://w3id.org/osce-kg/ontology> ; vs:term_status "stable" .
"""
    (ontology / "osce.ttl").write_text(text + new)
    return ontology


def test_a_published_context_never_changes_under_its_version(widened: Path, published: Path) -> None:
    before = contents(published)
    build = build_world(SAMPLE, published, widened)
    (found,) = build.problems
    assert (found.code, found.file.name) == ("E510", "osce.ttl")
    assert "motto" in found.message
    assert "owl:versionInfo" in (found.hint or "")
    assert build.version is None
    assert contents(published) == before
    elsewhere = kg("build", "--data", SAMPLE, "--ontology", widened, "--published", published)
    assert (elsewhere.exit_code, elsewhere.stdout) == (1, "")
    assert "E510" in elsewhere.stderr


def stored_versions(ontology: Path) -> dict[str, bytes]:
    """The files of the earlier versions of an ontology, by name."""
    return {file.name: file.read_bytes() for file in (ontology / "versions").iterdir()}


def test_the_hint_about_a_changed_context_is_followed_and_no_stored_version_changes(
    widened: Path, published: Path
) -> None:
    write_ontology_version(ONTOLOGY, SHAPES, widened / "versions")
    stored = stored_versions(widened)
    (found,) = build_world(SAMPLE, published, widened).problems
    follow = re.fullmatch(r"write (\S+) in place of (\S+) in owl:versionInfo and owl:versionIRI", found.hint or "")
    assert follow is not None
    lines = found.file.read_text().splitlines(keepends=True)
    assert "owl:versionInfo" in lines[found.line - 1]
    for number, line in enumerate(lines):
        if "owl:versionInfo" in line or "owl:versionIRI" in line:
            lines[number] = line.replace(follow[2], follow[1])
    found.file.write_text("".join(lines))
    assert build_world(SAMPLE, published, widened).problems == []
    assert stored_versions(widened) == stored


def test_a_stored_version_is_never_overwritten(widened: Path) -> None:
    write_ontology_version(ONTOLOGY, SHAPES, widened / "versions")
    stored = stored_versions(widened)
    write_ontology_version(ONTOLOGY, SHAPES, widened / "versions")
    with pytest.raises(ChangedVersionError, match="owl:versionInfo"):
        write_ontology_version(widened, SHAPES, widened / "versions")
    assert stored_versions(widened) == stored


def test_a_new_version_has_its_own_context_and_the_old_one_stays(widened: Path, published: Path) -> None:
    text = (widened / "osce.ttl").read_text()
    version = re.search(r'owl:versionInfo "([^"]*)"', text)[1]  # type: ignore[index]
    stored = write_ontology_version(ONTOLOGY, SHAPES, widened / "versions")
    assert stored == version
    (widened / "osce.ttl").write_text(text.replace(f'"{version}"', '"99.0.0"').replace(f"/{version}>", "/99.0.0>"))
    build = build_world(SAMPLE, published, widened)
    assert build.problems == []
    contexts = json.loads(contents(published)["contexts.json"])
    assert "motto" in contexts["99.0.0"]
    assert "motto" not in contexts[version]


def test_what_was_withdrawn_changes_the_version(published: Path, tmp_path: Path) -> None:
    data, before = tmp_path / "data", os.readlink(published / "current")
    shutil.copytree(SAMPLE, data)
    withdrawn = data / "withdrawn.yaml"
    withdrawn.write_text(withdrawn.read_text().replace("nobody was meant", "nobody was there"))
    assert build_world(data, published).version != before
    assert b"nobody was there" in contents(published)["data.nq"]


def test_where_a_record_stands_is_published_anew_without_another_version(published: Path, tmp_path: Path) -> None:
    data, before = tmp_path / "data", os.readlink(published / "current")
    shutil.copytree(SAMPLE, data)
    file = data / "state" / "avalon.yaml"
    lines = SourceLines(Dataset.current(published).source_lines).of("state/avalon")
    file.write_text("# moved down\n\n" + file.read_text())
    assert build_world(data, published).version == before
    dataset = Dataset.current(published)
    assert b"data/state/avalon.yaml:3" in b"".join(dataset.n_quads(dataset.packs.sources))
    moved = SourceLines(Dataset.current(published).source_lines).of("state/avalon")
    assert moved == {key: line + 2 for key, line in lines.items()}


@pytest.mark.parametrize("file", sorted((ONTOLOGY / "versions").glob("*.ttl")), ids=lambda file: file.stem)
def test_an_ontology_version_has_its_number_and_its_context(file: Path) -> None:
    assert f'owl:versionInfo "{file.stem}"' in file.read_text()
    context = json.loads(file.with_name(f"{file.stem}.context.jsonld").read_text())["@context"]
    assert context["osce"] == CANONICAL + "ontology#"
    assert f"## {file.stem}" in (ONTOLOGY / "CHANGES.md").read_text()


def test_every_engine_gives_back_every_quad_as_it_was_published(real: Path) -> None:
    dataset = Dataset.current(real)
    lines = {line for file in dataset.graphs for line in file.read_bytes().splitlines()}
    lines.update(line for part in dataset.n_quads(every_pack(dataset)) for line in part.splitlines())
    memory = Store()
    load(memory, dataset)
    for store in (memory, open_engine(dataset).store):
        given_back = serialize(store, format=RdfFormat.N_QUADS) or b""
        assert {*given_back.splitlines()} == lines
    assert len(lines) > 150_000
