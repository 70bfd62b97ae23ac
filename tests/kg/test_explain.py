"""Explain and new: where each triple comes from, what a line became, and a record to begin with."""

import re
import shutil
from pathlib import Path

import pytest
from pyoxigraph import DefaultGraph, NamedNode

from kg.diagnostics.codes import codes
from kg.explain import Explainer
from tests.building import check_world
from tests.kg.test_cli import MODEL, kg
from tests.places import ROOT, SAMPLE
from tests.sampling import drawn


def explain(what: object, data: Path = SAMPLE) -> list[str]:
    result = kg("explain", what, "--data", data, *MODEL)
    assert result.exit_code == 0, result.stderr
    return result.stdout.splitlines()


def test_every_triple_of_the_real_graph_has_a_place_or_a_rule_with_premises_that_have_one() -> None:
    build = check_world(ROOT / "data")
    explainer = Explainer(build.model, build.graph)
    things = set(drawn((node for node in build.graph.nodes if "#" not in node), 600))
    subjects = sorted(node for node in build.graph.nodes if node.partition("#")[0] in things)
    reasons = [reason for subject in subjects if "#" not in subject for reason in explainer.thing(subject)]
    told = [reason.triple for reason in reasons]
    stored = {
        quad.triple
        for iri in subjects
        for quad in build.graph.store.quads_for_pattern(NamedNode(iri), None, None, DefaultGraph())
    }
    assert set(told) == stored
    assert len(told) == len(stored) > 4000
    waiting = list(reasons)
    while waiting:
        reason = waiting.pop()
        assert (reason.place is None) == bool(reason.rule and reason.premises), reason
        assert reason.place is None or re.fullmatch(r".*data/.*\.yaml:\d+:\d+", reason.place), reason
        waiting += reason.premises


def test_a_thing_is_explained_with_its_parts() -> None:
    lines = explain("state/avalon")
    place = (SAMPLE / "state" / "avalon.yaml").relative_to(Path.cwd())
    assert lines[0] == "state/avalon"
    assert f"  a osce:State  ← {place}:1:1" in lines
    inferred = lines.index("  a schema:Country  ← osce:State is a subclass of schema:Country")
    assert lines[inferred + 1] == f"      state/avalon a osce:State  ← {place}:1:1"
    assert any(line.startswith("state/avalon#participation-") for line in lines)


def test_an_iri_and_a_path_are_explained_alike() -> None:
    assert explain("http://localhost:8000/id/state/avalon") == explain("state/avalon")
    assert explain("https://w3id.org/osce-kg/id/state/avalon") == explain("state/avalon")


@pytest.mark.parametrize("what", ["osce:State", "http://localhost:8000/ontology#State"])
def test_a_term_is_explained_by_the_ontology(what: str) -> None:
    first, *rest = explain(what)
    lines = (ROOT / "ontology" / "osce.ttl").read_text().splitlines()
    number = next(n for n, line in enumerate(lines, 1) if line.startswith("osce:State "))
    assert first == f"osce:State  ← {(ROOT / 'ontology' / 'osce.ttl').relative_to(Path.cwd())}:{number}:1"
    assert "  rdfs:subClassOf osce:Thing" in rest


def test_a_line_is_explained_by_what_it_states_and_what_follows(tmp_path: Path) -> None:
    shutil.copytree(SAMPLE, tmp_path / "data")
    file = tmp_path / "data" / "structure" / "x.yaml"
    file.write_text("# X\nlabel: {en: X}\nestablished: 1992-07\nseat: place/camelot\n")
    lines = explain(f"{file}:3", tmp_path / "data")
    assert lines[1].startswith('  osce:established "1992-07"^^xsd:gYearMonth  ← ')
    assert lines[2] == "Inferred from it:"
    assert [line.split()[1] for line in lines[4::2]] == ['"1992-07-01"^^xsd:date', '"1992-07-31"^^xsd:date']
    post = tmp_path / "data" / "post" / "x.yaml"
    post.write_text("label: {en: X}\npostIn: structure/x\ntenure:\n  holder: person/merlin\n  since: 1993\n")
    holds = "  org:holds post/x  ← org:holds is the chain of osce:holds and osce:tenureOf"
    assert holds in explain(f"{post}:4", tmp_path / "data")
    assert explain(f"{file}:1", tmp_path / "data") == [f"line 1 of {file} states no triples by itself"]


def test_a_line_of_a_record_with_problems_tells_them(tmp_path: Path) -> None:
    shutil.copytree(SAMPLE, tmp_path / "data")
    file = tmp_path / "data" / "place" / "x.yaml"
    file.write_text("label: {en: X}\ncounty: state/avalon\n")
    for what in (f"{file}:1", "place/x"):
        result = kg("explain", what, "--data", tmp_path / "data", *MODEL)
        assert (result.exit_code, result.stdout) == (1, "")
        assert "error[E201]" in result.stderr


@pytest.mark.parametrize("what", ["state/nowhere", "http://elsewhere.example/x", f"{ROOT}/README.md:1", "E999", "x:1"])
def test_what_is_unknown_exits_1(what: str) -> None:
    result = kg("explain", what, "--data", SAMPLE, *MODEL)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("Error: ")


@pytest.mark.parametrize("code", codes())
def test_a_code_is_explained(code: str) -> None:
    result = kg("explain", code)
    assert result.exit_code == 0
    assert result.stdout.startswith(f"# {code}: ")


# ── New records ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def world(tmp_path: Path) -> Path:
    shutil.copytree(SAMPLE, tmp_path / "data")
    return tmp_path / "data"


def test_a_new_record_begins_with_what_it_must_have(world: Path) -> None:
    result = kg("new", "state", "orkney", "--data", world, *MODEL)
    assert (result.exit_code, result.stdout) == (0, f"{world / 'state' / 'orkney.yaml'}\n")
    text = (world / "state" / "orkney.yaml").read_text()
    keys = [line.partition(":")[0] for line in text.splitlines() if re.match(r"(# )?\w+:( #.*)?$", line)]
    assert keys[:2] == ["participation", "label"]
    assert all(key.startswith("# ") for key in keys[2:])
    assert "  en: # such as Avalon" in text
    assert "# isoCode: # such as " in text


def test_a_new_record_says_what_is_to_be_filled_in(world: Path) -> None:
    for kind in ("state", "release", "field-of-work", "chairpersonship", "reference"):
        assert kg("new", kind, "orkney", "--data", world, *MODEL).exit_code == 0
    build = check_world(world)
    assert {problem.code for problem in build.problems} == {"E104"}
    assert {problem.file.parent.name for problem in build.problems} == {
        "state", "release", "field-of-work", "chairpersonship", "reference",
    }  # fmt: skip
    release = (world / "release" / "orkney.yaml").read_text(encoding="utf-8")
    assert "#     # type: Briefing | Talks | Visit\n" in release
    assert "#     # Other possible keys: place, note.\n" in release


def test_a_new_record_that_is_filled_in_and_uncommented_is_right(world: Path) -> None:
    kg("new", "state", "orkney", "--data", world, *MODEL)
    file = world / "state" / "orkney.yaml"
    text = re.sub(r" # such as (.*)", r" \1", file.read_text())
    text = re.sub(r"^# (isoCode: .*|reference: .*)$", r"\1", text, flags=re.MULTILINE)
    file.write_text(text.replace("isoCode: NO", "isoCode: OY"))  # the example is the code of another State
    assert check_world(world).problems == []


def test_a_new_record_of_every_kind_is_yaml(world: Path) -> None:
    build = check_world(world)
    for kind in build.model.schema.kinds:
        assert kg("new", kind, "something-new", "--data", world, *MODEL).exit_code == 0
    assert {problem.code for problem in check_world(world).problems} == {"E104"}


def test_nothing_is_overwritten(world: Path) -> None:
    file = world / "state" / "avalon.yaml"
    before = file.read_bytes()
    result = kg("new", "state", "avalon", "--data", world, *MODEL)
    assert (result.exit_code, result.stdout) == (1, "")
    assert file.read_bytes() == before


@pytest.mark.parametrize(
    ("kind", "name", "said"),
    [
        ("sate", "orkney", "did you mean 'state'?"),
        ("state", "Orkney Islands", "did you mean 'orkney-islands'?"),
        ("state", "../orkney", "did you mean 'orkney'?"),
        ("participation", "orkney", "is not a kind"),
    ],
)
def test_a_new_record_needs_a_kind_and_a_name(kind: str, name: str, said: str, world: Path) -> None:
    result = kg("new", kind, name, "--data", world, *MODEL)
    assert (result.exit_code, result.stdout) == (2, "")
    assert said in " ".join(result.stderr.split())
