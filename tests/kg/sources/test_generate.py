"""Generated records: they are right, they are marked as made up, and they are the same each time."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Set
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from kg.cli import main
from kg.diagnostics.problems import errors
from kg.model.schema import Values
from kg.names import DEFAULT_BASE, Names
from kg.pipeline import CHECKING, READING, run
from kg.sources.generate import Generator, plain
from kg.sources.record import Record
from kg.steps.build import Build
from kg.steps.results import Sources
from tests.kg.test_extension import RECORDS, extended
from tests.places import ONTOLOGY, ROOT, SAMPLE, SHAPES

pytestmark = pytest.mark.slow

MODEL = ["--ontology", str(ONTOLOGY), "--shapes", str(SHAPES)]
EACH = 20
"""How many records of each kind are generated."""

__all__ = ["extended"]  # a fixture


def generate(*arguments: object) -> Result:
    """Runs the command in this process, on the sample world."""
    told = [str(argument) for argument in arguments]
    return CliRunner().invoke(main, ["generate", *told, "--data", str(SAMPLE), *MODEL])


def begin(data: tuple[Path, ...], ontology: Path = ONTOLOGY, shapes: Path = SHAPES) -> Build:
    """A build of some records that is not published."""
    return Build(Sources(data, ontology, shapes), Names.at(DEFAULT_BASE), Path("unused"))


class Below(Set[str]):
    """The paths of the generated records of a kind whose number is below a limit."""

    def __init__(self, kind: str, limit: int) -> None:
        self.kind, self.limit = kind, limit

    def __contains__(self, path: object) -> bool:
        match = re.fullmatch(rf"{self.kind}/generated-(\d+)", str(path))
        return match is not None and int(match[1]) < self.limit

    def __iter__(self) -> Iterator[str]:
        return (f"{self.kind}/generated-{number}" for number in range(1, self.limit))

    def __len__(self) -> int:
        return self.limit - 1


def write(
    build: Build, records: list[Record], kind: str, number: int, out: Path, taken: Set[str] | None = None
) -> None:
    """Writes generated records after those of a build, or after those whose paths are taken."""
    (out / kind).mkdir(parents=True, exist_ok=True)
    taken = build.paths if taken is None else taken
    for name, text in Generator(build.model.schema, records, taken, kind, seed=1).files(number):
        (out / kind / name).write_text(text, encoding="utf-8")


@pytest.fixture(scope="module")
def learnt() -> Build:
    """The real records, read and mapped."""
    build = begin((ROOT / "data",))
    run(build, READING)
    return build


@pytest.fixture(scope="module")
def records(learnt: Build) -> list[Record]:
    """The real records with their trees, for which all files are read again."""
    return learnt.graph.records()


@pytest.fixture(scope="module")
def world(learnt: Build, records: list[Record], tmp_path_factory: pytest.TempPathFactory) -> Build:
    """The real records, some generated ones of every kind, and releases with numbers about 100,000, checked."""
    out = tmp_path_factory.mktemp("generated")
    for kind in sorted({record.kind for record in records}):
        write(learnt, records, kind, EACH, out)
    write(learnt, records, "release", EACH, out, taken=Below("release", 100_000 - EACH // 2))
    build = begin((ROOT / "data", out))
    run(build, CHECKING)
    return build


def test_records_of_every_kind_are_right_beside_the_real_ones(records: list[Record], world: Build) -> None:
    assert errors(world.problems) == 0
    kinds = {record.kind for record in records}
    assert len(world.graph.records()) == len(records) + EACH * (len(kinds) + 1)


def test_every_text_says_that_it_is_generated_and_every_address_leads_nowhere(
    learnt: Build, records: list[Record]
) -> None:
    seen = set()
    for kind in sorted({record.kind for record in records}):
        generator = Generator(learnt.model.schema, records, learnt.paths, kind, seed=1)
        for _, text in generator.files(EACH):
            for record in yaml.safe_load_all(text):
                assert re.fullmatch(rf"{kind}/generated-\d+", record["id"])
                for key, value in record.items():
                    for property_, _, scalar in generator.scalars(key, value):
                        seen.add(property_.values)
                        if property_.values is Values.TEXT:
                            assert re.match(r"Generated\d+ ", scalar)
                        elif property_.values is Values.ADDRESS:
                            assert scalar.startswith("https://example.org/")
    assert {Values.TEXT, Values.ADDRESS} <= seen


def test_identifiers_are_not_those_of_real_records_and_dates_spread_over_the_years(
    learnt: Build, records: list[Record]
) -> None:
    real = [plain(record.node) for record in records if record.kind == "release"]
    files = [text for _, text in Generator(learnt.model.schema, records, learnt.paths, "release", seed=1).files(300)]
    made = [record for text in files for record in yaml.safe_load_all(text)]
    numbers = [record["itemNumber"] for record in made if "itemNumber" in record]
    assert len(set(numbers)) == len(numbers) > 100
    assert not set(numbers) & {record.get("itemNumber") for record in real}
    years = {record["date"][:4] for record in made if "date" in record}
    assert len(years) > 20
    assert years <= {str(year) for year in range(1990, 2030)}


def test_records_above_a_hundred_thousand_are_as_right_as_the_first_ones(world: Build) -> None:
    made = {
        record.path: plain(record.node)
        for record in world.graph.records("release")
        if record.path.startswith("release/generated-")
    }
    assert sum(int(path.rpartition("-")[2]) >= 100_000 for path in made) == EACH // 2
    numbers = [values["itemNumber"] for values in made.values() if "itemNumber" in values]
    assert len(set(numbers)) == len(numbers) >= 10
    assert {len(number) for number in numbers} == {11}
    assert not [problem for problem in world.problems if problem.thing in made]


def test_as_many_keys_as_real_records_have(learnt: Build, records: list[Record]) -> None:
    real = [plain(record.node) for record in records if record.kind == "release"]
    made = [
        record
        for _, text in Generator(learnt.model.schema, records, learnt.paths, "release", 1).files(500)
        for record in yaml.safe_load_all(text)
    ]
    for key in ("title", "date", "mention", "fieldOfWork", "about"):
        share = [sum(key in record for record in records) / len(records) for records in (real, made)]
        assert abs(share[0] - share[1]) < 0.1, key


def test_a_class_that_python_does_not_know_is_generated_too(extended: Path, tmp_path: Path) -> None:
    data, model = extended / "data", (extended / "ontology", extended / "shapes")
    build = begin((data,), *model)
    run(build, READING)
    write(build, build.graph.records(), "dragon-sighting", 50, tmp_path / "out")
    union = begin((data, tmp_path / "out"), *model)
    run(union, CHECKING)
    assert errors(union.problems) == 0
    assert sum(record.kind == "dragon-sighting" for record in union.graph.records()) == 50 + len(RECORDS)
    assert any(
        "wing:" in text
        for _, text in Generator(build.model.schema, build.graph.records(), build.paths, "dragon-sighting", 1).files(50)
    )


def test_the_same_call_writes_the_same_bytes_whatever_the_hash_seed(tmp_path: Path) -> None:
    def written(hash_seed: str, seed: str) -> dict[str, bytes]:
        out = tmp_path / f"{hash_seed}-{seed}"
        call = [sys.executable, "-m", "kg", "generate", "person", "150", "--out", str(out), "--seed", seed]
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        subprocess.run(
            [*call, "--data", str(SAMPLE), *map(str, MODEL)], check=True, cwd=ROOT, env=environment, capture_output=True
        )
        return {str(file.relative_to(out)): file.read_bytes() for file in out.rglob("*.yaml")}

    first = written("1", "1")
    assert written("2", "1") == first
    assert written("1", "2") != first


def test_a_hundred_records_stand_in_a_file_and_stdout_is_the_directory(tmp_path: Path) -> None:
    result = generate("release", 201, "--out", tmp_path / "out")
    assert (result.exit_code, result.stdout) == (0, f"{tmp_path / 'out'}\n")
    assert "201 records of release" in result.stderr
    files = sorted((tmp_path / "out" / "release").iterdir())
    assert [file.name for file in files] == ["generated-1.yaml", "generated-101.yaml", "generated-201.yaml"]
    assert [file.read_text().count("id: release/generated-") for file in files] == [100, 100, 1]
    checked = CliRunner().invoke(main, ["check", "--data", str(SAMPLE), "--data", str(tmp_path / "out"), *MODEL])
    assert checked.exit_code == 0, checked.stdout


@pytest.mark.parametrize(
    ("kind", "number", "status", "message"),
    [
        ("relase", "1", 2, "'relase' is not a kind; did you mean 'release'?"),
        ("release", "0", 2, "0 is not in the range"),
        ("project", "1", 1, "there is no valid record of project to use as a model"),
    ],
)
def test_what_cannot_be_generated_is_said(kind: str, number: str, status: int, message: str, tmp_path: Path) -> None:
    result = generate(kind, number, "--out", tmp_path / "out")
    assert (result.exit_code, result.stdout) == (status, "")
    assert message in " ".join(result.stderr.split())
    assert not (tmp_path / "out").exists()


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("kept")
    result = generate("release", 1, "--out", tmp_path)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "is not empty" in result.stderr
    assert [file.name for file in tmp_path.iterdir()] == ["mine"]
