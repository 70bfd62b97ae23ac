"""The repository: what the README says is so."""

import ast
import json
import re
import subprocess
import tomllib
from functools import cache
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from kg.cli import main
from kg.settings import SETTINGS
from server.app import create_app  # noqa: F401  # the command `serve` comes from this package
from tests.conftest import ROOT, model

README = (ROOT / "README.md").read_text(encoding="utf-8")
SCHEMAS = json.loads((ROOT / ".vscode" / "settings.json").read_text(encoding="utf-8"))["yaml.schemas"]
TOP_LEVEL = {
    "pyproject.toml", "README.md", "ontology", "data", "shapes", "kg", "server", "tests", "CHANGELOG.md", "LICENSE",
    "Makefile",
}  # fmt: skip


def tracked() -> list[str]:
    """The files that git tracks."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    return listed.stdout.splitlines()


def test_the_top_level_is_what_was_agreed() -> None:
    assert {name for file in tracked() if not (name := file.partition("/")[0]).startswith(".")} == TOP_LEVEL


def test_the_tree_of_the_readme_is_the_tree() -> None:
    tree = README.partition("## The tree")[2].partition("## Commands")[0]
    rooms = re.findall(r"^    (\w+)/ ", tree, re.MULTILINE)
    assert set(rooms) == {name for name in TOP_LEVEL if (ROOT / name).is_dir()} | {"published"}
    modules = set(re.findall(r"(\w+\.py)\b", tree.partition("In `kg/`:")[2]))
    unlisted = {"__init__.py", "__main__.py", "cli.py", "build.py"}
    assert modules == {file.name for file in (ROOT / "kg").glob("*.py")} - unlisted


@pytest.mark.parametrize("room", ["ontology", "shapes", "data", "kg", "server", "tests", "tests/sample"])
def test_every_room_has_a_readme(room: str) -> None:
    assert (ROOT / room / "README.md").is_file()


def test_the_readme_lists_every_command_and_no_other() -> None:
    documented = set(re.findall(r"^\| `kg (\w+)", README, re.MULTILINE))
    assert documented == set(main.list_commands(None))  # type: ignore[arg-type]


def test_the_readme_lists_every_setting_with_its_default_and_help() -> None:
    rows = {
        row[0]: row[1:] for row in re.findall(r"^\| `--([\w-]+)` \| `(\w+)` \| `([^`]*)` \| (.*) \|$", README, re.M)
    }
    for setting in SETTINGS.values():
        default = setting.default[0] if setting.multiple else setting.default
        assert rows.pop(setting.name) == (setting.variable, "" if default is None else str(default), setting.help)
    assert rows == {}


def test_the_review_defends_every_term_of_the_ontology_once() -> None:
    terms = re.findall(r"^osce:(\w+) a ", (ROOT / "ontology" / "osce.ttl").read_text(encoding="utf-8"), re.MULTILINE)
    review = (ROOT / "ontology" / "REVIEW.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([\w, ]+) \| ", review, re.MULTILINE)
    defended = [term for row in rows if row != "term" for term in row.split(", ")]
    assert sorted(defended) == sorted(terms)


def test_every_path_that_the_readme_names_is_there() -> None:
    for path in re.findall(r"\]\(([\w./]+)\)|query (tests/[\w./-]+)", README):
        assert (ROOT / "".join(path)).exists(), path


def test_ci_runs_make_test_in_under_30_lines() -> None:
    script = (ROOT / ".ci" / "run").read_text()
    assert "make test" in script
    assert len(script.splitlines()) < 30


def test_every_dependency_is_pinned() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = [*project["project"]["dependencies"], *project["project"]["optional-dependencies"]["test"]]
    pinned = {line.partition("==")[0].lower() for line in (ROOT / ".ci" / "constraints.txt").read_text().splitlines()}
    assert {re.split(r"[<>=\[]", name)[0].lower() for name in wanted} <= pinned


def test_data_and_server_never_spell_the_canonical_namespace() -> None:
    for file in tracked():
        text = (ROOT / file).read_text(encoding="utf-8", errors="replace")
        assert "w3id.org" not in text or not file.startswith(("data/", "server/")), file


RESULTS = {"QueryBoolean", "QuerySolution", "QuerySolutions", "QueryTriples"}
KNOW_RESULTS = {"kg/sparql/oxigraph.py", "server/queries/worker.py", "tests/kg/test_query_plan.py"}
"""The engine, the worker of untrusted queries, and the test that compares the engine with itself."""

KNOW_STORES = {
    *("kg/sparql/oxigraph.py", "kg/dataset/opening.py", "server/queries/host.py", "server/queries/worker.py"),
    *(f"kg/steps/{step}.py" for step in ("results", "model", "map", "infer", "present", "describe", "publish")),
    *("kg/dataset/search_index.py", "kg/shacl/prefilter.py", "kg/model/patterns.py", "kg/model/profiles.py"),
}
"""The engine, who holds the dataset for untrusted queries, and the steps that build a graph or ask one of their own."""


@cache
def imported(file: str) -> set[str]:
    """What a module imports by name from the package of the engine; `import pyoxigraph` counts as `pyoxigraph`."""
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    whole = {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    named = {
        name.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "pyoxigraph"
        for name in node.names
    }
    return named | (whole & {"pyoxigraph"})


@pytest.mark.parametrize(
    ("names", "known"),
    [(RESULTS, KNOW_RESULTS), ({"Store"}, KNOW_STORES), ({"pyoxigraph", "*"}, {"kg/sparql/oxigraph.py"})],
    ids=["results", "stores", "everything"],
)
def test_the_engine_alone_knows_its_own(names: set[str], known: set[str]) -> None:
    rooms = ("kg/", "server/", "tests/") if names == RESULTS else ("kg/", "server/")
    modules = [file for file in tracked() if file.endswith(".py") and file.startswith(rooms)]
    assert len(modules) > 100
    assert {file for file in modules if imported(file) & names} == known


def test_editors_have_the_json_schema_of_every_kind(sample: Path, client: FlaskClient) -> None:
    schema = model().schema
    assert schema is not None
    assert {f"published/current/schema-{kind}.json": [f"data/{kind}/*.yaml"] for kind in schema.kinds} == SCHEMAS
    for file in SCHEMAS:
        written = json.loads((sample / Path(file).relative_to("published")).read_bytes())
        assert written == client.get(f"/ontology/schema/{Path(file).name.removeprefix('schema-')}").get_json()
        assert json.dumps(written).count('"$ref": "http') == 0, "an editor fetches nothing"


def test_every_folder_of_records_has_its_json_schema() -> None:
    mapped = {Path(glob).parent.name for globs in SCHEMAS.values() for glob in globs}
    assert {folder.name for folder in (ROOT / "data").iterdir() if folder.is_dir()} <= mapped
