"""Damage: whatever happens to real records, the build is right or says what is wrong, in the files it is in."""

import random
import shutil
from collections import Counter
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from pyoxigraph import DefaultGraph, NamedNode

from kg.diagnostics.codes import codes
from kg.diagnostics.problems import Severity
from kg.names import RDF_TYPE
from kg.steps.build import Build
from tests.building import check_world
from tests.places import ROOT, SAMPLE
from tests.sampling import EVERYTHING

pytestmark = pytest.mark.slow

EXAMPLES = 1000 if EVERYTHING else 24
"""How many damaged records are checked, of which a world has up to eight."""

REAL = sorted((ROOT / "data").rglob("*.yaml"))
SNIPPETS = [
    "\t", " ", "\n", "  ", ": ", ":", "- ", "-", "#", " #", "'",
    '"', "[", "]", "{", "}", ",", "&a ", "*a", "!", "!!str ",
    "|", ">", "%", "@", "`", "?", "? ", "---\n", "...\n",
    "~", "null", "NO", "010", "1e3", "12:30", "\\", "\0", "\x07",
    "\u202e", "\ufeff", "\u2028", "é", "亚", "🐉", "<<: *a\n", "id: x/y\n", "type: Thing\n", "label: {}\n",
    "2018-02-30", "../", "javascript:", "https://[", "osce:", "@id", "@context", "state/austria",
    "en:", "reference/seed",
]  # fmt: skip
"""What editors and accidents put into a text."""


@st.composite
def damages(draw: st.DrawFn) -> tuple[Path, bytes]:
    """A real record's file, and its bytes with one to four things put in, taken out or moved."""
    file = draw(st.sampled_from(REAL))
    content = file.read_bytes()
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(content)))
        length = draw(st.integers(0, 12))
        match draw(st.sampled_from(("insert", "delete", "replace", "line", "lines", "bit"))):
            case "insert":
                content = content[:at] + draw(st.sampled_from(SNIPPETS)).encode() + content[at:]
            case "delete":
                content = content[:at] + content[at + length :]
            case "replace":
                content = content[:at] + draw(st.sampled_from(SNIPPETS)).encode() + content[at + length :]
            case "line":
                lines = content.splitlines(keepends=True)
                content = b"".join(lines + lines[at % max(len(lines), 1) :][:1])
            case "lines":
                lines = content.splitlines(keepends=True)
                random.Random(at).shuffle(lines)
                content = b"".join(lines)
            case "bit" if content:
                i = at % len(content)
                content = content[:i] + bytes([content[i] ^ (1 << length % 8)]) + content[i + 1 :]
    return file, content


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the real data."""
    data = tmp_path_factory.mktemp("damage") / "data"
    shutil.copytree(ROOT / "data", data)
    return data


def assert_told_well(build: Build, files: set[Path]) -> None:
    """Problems are where they can be seen, of known codes, and not about files that were not touched."""
    for problem in build.problems:
        assert problem.code in codes()
        assert problem.message
        lines = problem.file.read_bytes().decode("utf-8-sig", "replace").split("\n")
        assert 1 <= problem.line <= len(lines)
        assert 1 <= problem.column <= len(lines[problem.line - 1]) + 1
        if problem.file not in files:  # what refers to the damaged thing may dangle, or be of another class now
            contradicts = problem.code == "E314" and files & {related.file for related in problem.related}
            assert contradicts or problem.code in ("E204", "E215", "E401", "E403", "E405", "E406"), problem


def assert_no_record_is_lost(build: Build, data: Path, files: set[Path]) -> None:
    """Each file, damaged or not, has an error of its own, or every record in it has triples in the graph."""
    rows = build.graph.store.quads_for_pattern(None, NamedNode(RDF_TYPE), None, DefaultGraph())
    things = {row.subject.value for row in rows if isinstance(row.subject, NamedNode)}
    mapped = Counter(record.file for record in build.graph.records() if build.names.thing(record.path) in things)
    wrong = {problem.file for problem in build.problems if problem.severity is Severity.ERROR}
    assert set(data.glob("*/*.yaml")) - wrong - set(mapped) == set()
    for file in files - wrong:
        assert mapped[file] == len(list(yaml.compose_all(file.read_bytes(), yaml.CSafeLoader)))


@seed(20260927)
@settings(max_examples=EXAMPLES // 8, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(damaged=st.lists(damages(), min_size=1, max_size=8, unique_by=lambda damage: damage[0]))
def test_damaged_records_are_told_or_are_right(damaged: list[tuple[Path, bytes]], world: Path) -> None:
    files = {world / original.relative_to(ROOT / "data"): original for original, _ in damaged}
    try:
        for file, (_, content) in zip(files, damaged, strict=True):
            file.write_bytes(content)
        build = check_world(world)
        assert_told_well(build, set(files))
        assert_no_record_is_lost(build, world, set(files))
    finally:
        for file, original in files.items():
            file.write_bytes(original.read_bytes())


@seed(19750801)
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(text=st.text(alphabet=st.sampled_from("ab:-#'\"[]{},&*!|>%@`? \n\t\\~\u202e\x00é"), max_size=80))
def test_any_text_is_told_or_is_right(text: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    data = tmp_path_factory.mktemp("text")
    shutil.copytree(SAMPLE / "reference", data / "reference")
    (data / "place").mkdir()
    file = data / "place" / "x.yaml"
    file.write_text(text, encoding="utf-8", newline="")
    build = check_world(data)
    assert_told_well(build, {file})
    assert_no_record_is_lost(build, data, {file})
    assert any(problem.file == file for problem in build.problems)
