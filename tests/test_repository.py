"""The repository: what the READMEs and the changelog state is true."""

import ast
import importlib.util
import json
import re
import shlex
import subprocess
import tomllib
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient

from kg.cli import main
from kg.names import DEFAULT_BASE
from kg.pipeline import building
from kg.settings import SETTINGS, Setting
from tests.building import model
from tests.places import ONTOLOGY, ROOT, SHAPES

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


READMES = [file for file in tracked() if file.endswith("README.md")]

SUFFIXES = "css|html|js|json|jsonld|md|mjs|po|py|rq|toml|ttl|yaml"
"""The suffixes by which a README names a file."""

LATER = {"withdrawn.yaml", "map.json"}
"""Files that READMEs name and git does not hold: the one appears when a record is withdrawn, the other is built."""


def code(readme: str) -> list[str]:
    """The pieces of code in a README: code spans, and the lines of code blocks without comments."""
    text = (ROOT / readme).read_text(encoding="utf-8")
    fenced = re.findall(r"^```\w*\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    prose = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    indented = re.findall(r"^    (.*)$", prose, re.MULTILINE)
    lines = [line.partition("  #")[0] for line in (*indented, *"".join(fenced).splitlines())]
    return [*re.findall(r"`([^`]+)`", prose), *lines]


def named(pattern: str) -> list[tuple[str, str]]:
    """What a pattern finds in the code of all READMEs, each with its README."""
    return [(readme, found) for readme in READMES for piece in code(readme) for found in re.findall(pattern, piece)]


def commands() -> dict[str, click.Command]:
    """The commands of `kg` by name."""
    context = click.Context(main)
    found = {name: main.get_command(context, name) for name in main.list_commands(context)}
    return {name: command for name, command in found.items() if command is not None}


def help_of(*arguments: str) -> str:
    """The help of a command in a terminal of 80 columns, as one line."""
    result = CliRunner().invoke(main, [*arguments, "--help"], terminal_width=80)
    assert result.exit_code == 0
    assert all(len(line) <= 80 for line in result.stdout.splitlines())
    return " ".join(result.stdout.split())


def test_the_readme_is_short() -> None:
    lines = README.splitlines()
    assert len(lines) <= 120
    assert all(len(line) <= 120 for line in lines)


def test_the_readme_lists_every_folder_and_no_other() -> None:
    listed = re.findall(r"^\| (?:\[(\w+)/\]\(\1/README\.md\)|`(published)/`) \| ", README, re.MULTILINE)
    assert sorted("".join(row) for row in listed) == sorted(
        {name for name in TOP_LEVEL if (ROOT / name).is_dir()} | {"published"}
    )


@pytest.mark.parametrize("room", ["kg", "server"])
def test_the_readme_of_a_package_lists_every_folder_and_no_other(room: str) -> None:
    listed = re.findall(r"^\| `(\w+)/` \| ", (ROOT / room / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(listed) == sorted({file.split("/")[1] for file in tracked() if re.match(f"{room}/\\w+/", file)})


def test_every_module_says_what_it_does() -> None:
    modules = [file for file in tracked() if re.fullmatch(r"(kg|server)/.*(?<!/__init__)\.py", file)]
    assert len(modules) > 90
    for file in modules:
        text = ast.get_docstring(ast.parse((ROOT / file).read_text(encoding="utf-8")))
        assert text, file
        assert text.splitlines()[0].endswith((".", "?")), file


def test_the_readme_of_the_build_lists_its_steps_in_order() -> None:
    assert " → ".join(step.name for step in building(keep=5)) in code("kg/README.md")


@pytest.mark.parametrize("room", ["ontology", "shapes", "data", "kg", "server", "tests", "tests/sample"])
def test_every_room_has_a_readme(room: str) -> None:
    assert (ROOT / room / "README.md").is_file()


def test_help_lists_every_command_with_a_whole_sentence() -> None:
    text = help_of()
    assert len(commands()) > 6
    for name, command in commands().items():
        assert re.search(rf" {name} {re.escape(command.get_short_help_str(100))}(?= |$)", text), name
    assert "..." not in text.partition("Commands:")[2]


@pytest.mark.parametrize("setting", SETTINGS.values(), ids=SETTINGS)
def test_help_lists_every_setting_with_its_variable_and_default(setting: Setting) -> None:
    default = setting.default[0] if setting.multiple else setting.default
    is_flag = setting.type is bool
    shown = "" if is_flag else {None: "", "": '; default: ""'}.get(default, f"; default: {default}")
    variable = rf"\[env var: {setting.variable}{re.escape(shown)}[;\]]"
    line = re.compile(rf" --{setting.name} {'' if is_flag else '[A-Z ]+ '}{re.escape(setting.help)} {variable}")
    using = [name for name, command in commands().items() if any(p.name == key(setting) for p in command.params)]
    assert using
    for name in using:
        assert line.search(help_of(name)), name


def key(setting: Setting) -> str:
    """The name of the parameter of a command that a setting gives."""
    return setting.name.replace("-", "_")


def test_every_command_and_option_that_a_readme_names_exists() -> None:
    in_readmes = named(r"(?:^|[ /])kg ([a-z]+)\b")
    assert {"new", "check", "explain", "build", "serve"} <= {name for _, name in in_readmes}
    for readme, name in in_readmes:
        assert name in commands(), readme
    parameters = [parameter for command in commands().values() for parameter in command.params]
    known = {option for p in parameters if not getattr(p, "hidden", False) for option in p.opts} | {"--help"}
    flags = named(r"^(--[a-z][a-z-]+)") + named(r"\bkg .*?(?<= )(--[a-z][a-z-]+)")
    assert len(flags) > 15
    for readme, flag in flags:
        assert flag in known, readme
    for readme, variable in named(r"\bKG_\w+"):
        assert variable in {setting.variable for setting in SETTINGS.values()}, readme


def test_every_target_and_module_that_a_readme_names_exists() -> None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert {name for _, name in named(r"^make ([a-z-]+)")} >= {"serve", "test", "docs"}
    for readme, name in named(r"^make ([a-z-]+)"):
        assert name in targets, readme
    for readme, name in named(r"python -m ([\w.]+)"):
        assert importlib.util.find_spec(name), readme


def test_the_review_defends_every_term_of_the_ontology_once() -> None:
    terms = re.findall(r"^osce:(\w+) a ", (ROOT / "ontology" / "osce.ttl").read_text(encoding="utf-8"), re.MULTILINE)
    review = (ROOT / "ontology" / "REVIEW.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([\w, ]+) \| ", review, re.MULTILINE)
    defended = [term for row in rows if row != "term" for term in row.split(", ")]
    assert sorted(defended) == sorted(terms)


@pytest.mark.parametrize("readme", READMES)
def test_every_path_that_a_readme_names_exists(readme: str) -> None:
    """A path is relative to the README, as links are, or to the root."""
    here = (ROOT / readme).parent
    links = re.findall(r"\]\((?!https?:)([^)#]+)(?:#[\w-]+)?\)", (ROOT / readme).read_text(encoding="utf-8"))
    for link in links:
        assert (here / link).exists(), link
    paths = [piece for piece in code(readme) if re.fullmatch(rf"[\w-][\w./-]*(/|\.({SUFFIXES}))", piece)]
    for path in paths:
        built = path.startswith(("published/", "server/static/built/", "static/built/")) or path in LATER
        assert built or (here / path).exists() or (ROOT / path).exists(), path


def examples() -> Iterator[tuple[list[str], str]]:
    """The commands of the README that have an output, each as its arguments, with that output."""
    for block in re.findall(r"^```console\n\$ (.*?)^```", README, re.MULTILINE | re.DOTALL):
        lines = block.splitlines()
        last = next(n for n in range(1, len(lines) + 1) if "\n".join(lines[:n]).count("'") % 2 == 0)
        yield shlex.split("\n".join(lines[:last])), "\n".join(lines[last:])


def answer_to(curl: list[str], client: FlaskClient) -> str:
    """The answer that a command with curl gets: an address, -L, and at most one header and one field of a form."""
    (url,) = (argument for argument in curl if argument.startswith(DEFAULT_BASE))
    values = {flag: value for flag, value in pairwise(curl) if flag in ("-H", "--data-urlencode")}
    assert set(curl) == {"curl", url, *values, *values.values(), *({"-L"} & set(curl))}
    response = client.open(
        "/" + url.removeprefix(DEFAULT_BASE),
        method="POST" if "--data-urlencode" in values else "GET",
        headers=dict([values["-H"].split(": ", 1)]) if "-H" in values else None,
        data=dict([values["--data-urlencode"].split("=", 1)]) if "--data-urlencode" in values else None,
        follow_redirects="-L" in curl,
    )
    assert response.status_code == 200, url
    return response.get_data(as_text=True)


def test_every_address_of_the_readme_answers(real_client: FlaskClient) -> None:
    curls = re.findall(r"^    (curl .*)$", README, re.MULTILINE)
    assert len(curls) == 4
    for curl in curls:
        assert len(answer_to(shlex.split(curl), real_client).splitlines()) > 3, curl
    paths = re.findall(r"`(/[\w./-]+)`", README)
    assert len(paths) > 4
    for path in paths:
        assert real_client.get(path).status_code == 200, path


def test_the_outputs_in_the_readme_are_those_of_the_program(
    real_client: FlaskClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    turtle, solutions, report = examples()
    parts = turtle[1].split("…")
    assert len(parts) > 2
    assert all(part in answer_to(turtle[0], real_client) for part in parts)
    assert answer_to(solutions[0], real_client).replace("\r\n", "\n") == solutions[1] + "\n"
    program, *arguments = report[0]
    assert program == ".venv/bin/kg"
    monkeypatch.chdir(tmp_path)
    file = Path(arguments[-1])
    lines = (ROOT / file).read_text(encoding="utf-8").splitlines()
    lines[12] = lines[12][:-1]
    file.parent.mkdir(parents=True)
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    result = CliRunner().invoke(main, [*arguments, "--ontology", str(ONTOLOGY), "--shapes", str(SHAPES)])
    assert result.exit_code == 1
    assert report[1] in result.stdout


def test_the_newest_version_of_the_changelog_is_that_of_the_package() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    titles = re.findall(r"^## (.*)$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert titles[0] == "Unreleased"
    assert re.fullmatch(rf"{re.escape(project['version'])} - \d{{4}}-\d\d-\d\d", titles[1])


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
KNOW_RESULTS = {"kg/sparql/oxigraph.py", "server/queries/worker.py", "tests/kg/sparql/test_query_plan.py"}
"""The engine, the worker of untrusted queries, and the test that compares the engine with itself."""

KNOW_STORES = {
    *("kg/sparql/oxigraph.py", "kg/dataset/opening.py", "server/queries/holding.py", "server/queries/worker.py"),
    *(f"kg/steps/{step}.py" for step in ("fill", "infer", "model", "pack", "present", "publish", "results")),
    *(f"kg/steps/{module}.py" for module in ("state", "validation")),
    *("kg/cache/workspace.py", "kg/dataset/statistics.py", "kg/steps/measure.py"),
    *(f"kg/shacl/{module}.py" for module in ("footprint", "paths", "targets")),
    *("kg/shacl/prefilter.py", "kg/model/patterns.py", "kg/model/profiles.py"),
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
