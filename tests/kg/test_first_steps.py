"""First steps: `kg explain` takes what people have at hand, and `kg new` writes what they would have to look up."""

import re
import shutil
from pathlib import Path

import pytest

from kg.sources.skeleton import skeleton
from tests.building import check_world
from tests.kg.test_cli import MODEL, kg
from tests.kg.test_explain import explain
from tests.places import ROOT, SAMPLE

AVALON = SAMPLE / "state" / "avalon.yaml"

# ── Explain ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("after", ["", ":5", ":5:", ":5: error[E203] not a valid value for status", ": ", ":5: a\nb:7"])
@pytest.mark.parametrize("form", ["absolute", "relative", "dotted"])
def test_a_place_is_explained_as_reports_print_it(form: str, after: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(SAMPLE.parent)
    file = {"absolute": str(AVALON), "relative": "data/state/avalon.yaml", "dotted": "./data/state/avalon.yaml"}[form]
    number = next(n for n, line in enumerate(AVALON.read_text().splitlines(), 1) if "en: Avalon" in line)
    assert explain(f"{file}:{number}{after}") == explain(f"data/state/avalon.yaml:{number}")
    assert any('"Avalon"@en' in line for line in explain(f"{file}:{number}{after}"))


FORMS = ("data/state/avalon.yaml", "./data/state/avalon.yaml", "data/state/avalon", "state/avalon/", "id/state/avalon",
         "/doc/state/avalon", "doc/state/avalon.ttl", str(AVALON))  # fmt: skip


@pytest.mark.parametrize("what", FORMS)
def test_a_thing_is_explained_by_its_file_and_by_its_addresses(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(SAMPLE.parent)
    assert explain(what) == explain("state/avalon")


@pytest.mark.parametrize("what", ["e204", "E204", "error[E204]", "[E204]", "warning[e204]:", " E204 "])
def test_a_code_is_explained_however_it_is_written(what: str) -> None:
    assert kg("explain", what).stdout == kg("explain", "E204").stdout


@pytest.mark.parametrize(
    ("what", "term"),
    [
        *(("field-operation", "osce:FieldOperation"), ("FieldOperation", "osce:FieldOperation")),
        *(("data/field-operation", "osce:FieldOperation"), ("participation", "osce:participation")),
        *(("capital", "osce:capital"), ("osce:capital", "osce:capital")),
    ],
)
def test_a_kind_a_class_and_a_key_are_explained_by_the_ontology(
    what: str, term: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(SAMPLE.parent)
    assert any(line.startswith(f"{term}  ← ") for line in explain(what))


def test_a_name_of_a_kind_and_of_a_key_tells_both_and_each_message_of_the_key() -> None:
    lines = explain("place")
    assert [line.split()[0] for line in lines if "← " in line] == ["osce:Place", "osce:place"]
    assert any(re.match(r"  of (osce:\w+, )*osce:Release(, osce:\w+)*: ", line) for line in lines)


@pytest.mark.parametrize(
    ("what", "said"),
    [
        *(("capitol", "'capital'"), ("feild-operation", "'field-operation'"), ("state/avalom", "'state/avalon'")),
        *(("data/state/avalom.yaml", "'state/avalon'"), ("osce:Stat", "'State'"), ("avalom", "'state/avalon'")),
        *(
            ("e999", "available codes: E101"),
            (f"{ROOT}/README.md:1:1: error[E203] x", "to read about E203, run: kg explain E203"),
        ),
    ],
)
def test_what_is_unknown_exits_1_with_a_suggestion(what: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(SAMPLE.parent)
    result = kg("explain", what, "--data", SAMPLE, *MODEL)
    assert (result.exit_code, result.stdout) == (1, "")
    assert said in result.stderr


# ── New ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def world(tmp_path: Path) -> Path:
    """The sample world with a release that is named by its number, and many that are named by their dates."""
    data = shutil.copytree(SAMPLE, tmp_path / "data")
    address = "webAddress:\n  - url: https://www.osce.org/cio/123456\n"
    (data / "release" / "123456.yaml").write_text(f"title: {{en: A}}\nitemNumber: 123456\n{address}")
    for day in range(10, 32):
        (data / "release" / f"2018-05-{day}-a.yaml").write_text(f"title: {{en: B{day}}}\ndate: 2018-05-{day}\n")
    return data


@pytest.mark.parametrize(
    ("name", "filled"),
    [
        ("987654", {"itemNumber: 987654"}),
        ("2019-01-02-something", {"date: 2019-01-02"}),
        ("2019-02-something", set()),  # in the sample world, such names say something else
        ("something-2019", set()),
        ("1-2019-01-02", set()),
    ],
)
def test_a_new_record_has_what_its_name_says(name: str, filled: set[str], world: Path) -> None:
    assert kg("new", "release", name, "--data", world, *MODEL).exit_code == 0
    text = (world / "release" / f"{name}.yaml").read_text(encoding="utf-8")
    assert set(re.findall(r"^\w+: [^#\n]+$", text, re.MULTILINE)) == filled
    assert ("#   - url: # such as https://www.osce.org/cio/987654\n" in text) == name.isdigit()


@pytest.mark.parametrize(("name", "line"), [("987654", "itemNumber: 987654"), ("2019-01-02-title", "date: 2019-01-02")])
def test_a_name_says_what_the_shapes_say_where_no_record_has_such_a_name(name: str, line: str, tmp_path: Path) -> None:
    data = shutil.copytree(SAMPLE, tmp_path / "data")
    assert kg("new", "release", name, "--data", data, *MODEL).exit_code == 0
    assert f"\n{line}\n" in (data / "release" / f"{name}.yaml").read_text(encoding="utf-8")


def test_a_name_says_nothing_where_records_do_not_agree(world: Path) -> None:
    for day in range(10, 15):
        (world / "release" / f"2018-05-{day}-c.yaml").write_text(f"title: {{en: C{day}}}\ndate: 2001-01-01\n")
    kg("new", "release", "2019-01-02-something", "--data", world, *MODEL)
    assert "\ndate:" not in (world / "release" / "2019-01-02-something.yaml").read_text(encoding="utf-8")


def test_the_examples_of_every_kind_are_values_that_its_keys_take(world: Path) -> None:
    build = check_world(world)
    index = build.state.identification.index
    for kind, class_ in build.model.schema.kinds.items():
        text = skeleton(build.model.schema, class_, f"{kind}/something-new", build.graph.records(), index)
        text = re.sub(r"^# (?=\w+:( #.*)?$| +(- )?\w+:| +#)", "", text, flags=re.MULTILINE)
        text = re.sub(r": # such as (.*)$", lambda found: ": '" + found[1].replace("'", "''") + "'", text, flags=re.M)
        (world / kind).mkdir(exist_ok=True)
        (world / kind / "something-new.yaml").write_text(text, encoding="utf-8")
    problems = {(p.thing, p.code, p.message) for p in check_world(world).problems if p.code.startswith("E2")}
    assert problems == set()
    assert len(build.model.schema.kinds) > 20
