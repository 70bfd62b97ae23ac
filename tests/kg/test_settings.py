"""Settings: a setting that has been renamed is still set by its former name for one version, with a warning."""

from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from kg.settings import SETTINGS, Setting, options, variable
from tests.places import ROOT

RENAMED = [setting for setting in SETTINGS.values() if setting.former]

EXAMPLES = {
    "a number": (Setting("new-name", 5, "A number.", click.IntRange(min=1), former="old-name"), ["7"], 7),
    "a fraction": (Setting("new-name", 5.0, "A number.", click.FloatRange(min=0), former="old-name"), ["0.5"], 0.5),
    "a text": (Setting("new-name", "", "A text.", former="old-name"), ["a b"], "a b"),
    "a path": (Setting("new-name", "a", "A path.", click.Path(path_type=Path), former="old-name"), ["b"], Path("b")),
    "two paths": (
        Setting("new-name", ("a",), "Paths.", click.Path(path_type=Path), multiple=True, former="old-name"),
        ["b", "c"],
        (Path("b"), Path("c")),
    ),
}
"""A renamed setting of each type, values for its flag, and what the command is given."""


def run(setting: Setting, *arguments: str, **environment: str) -> tuple[Result, list[Any]]:
    """Runs a command that has one setting; returns the values that the command was called with, too."""
    received: list[Any] = []

    @click.command()
    @options(setting.name)
    def command(**values: Any) -> None:
        received.append(values)

    return CliRunner().invoke(command, [*arguments], env=environment), received


@pytest.fixture
def example(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> tuple[Setting, list[str], Any]:
    example: tuple[Setting, list[str], Any] = EXAMPLES[request.param]
    monkeypatch.setitem(SETTINGS, example[0].name, example[0])
    return example


@pytest.mark.parametrize("example", EXAMPLES, indirect=True)
def test_the_former_flag_sets_a_setting_and_warns(example: tuple[Setting, list[str], Any]) -> None:
    setting, given, expected = example
    result, received = run(setting, *(part for value in given for part in ("--old-name", value)))
    assert (received, result.stdout) == ([{"new_name": expected}], "")
    assert (
        result.stderr == "warning: --old-name is now called --new-name; the next version will not accept the old name\n"
    )


@pytest.mark.parametrize("example", EXAMPLES, indirect=True)
def test_the_former_variable_sets_a_setting_and_warns(example: tuple[Setting, list[str], Any]) -> None:
    setting, given, expected = example
    result, received = run(setting, KG_OLD_NAME=" ".join(given) if not setting.multiple else ":".join(given))
    assert (received, result.stdout) == ([{"new_name": expected}], "")
    assert result.stderr.startswith("warning: KG_OLD_NAME is now called KG_NEW_NAME; ")


@pytest.mark.parametrize("example", EXAMPLES, indirect=True)
def test_the_new_name_needs_no_warning_and_goes_before_the_former(example: tuple[Setting, list[str], Any]) -> None:
    setting, given, expected = example
    flags = [part for value in given for part in ("--new-name", value)]
    result, received = run(setting, *flags)
    assert (received, result.output) == ([{"new_name": expected}], "")
    _, received = run(setting, *flags, "--old-name", "1", KG_OLD_NAME="2")
    assert received == [{"new_name": expected}]
    _, received = run(setting, "--old-name", "1", KG_NEW_NAME=":".join(given))
    assert received == [{"new_name": expected}]
    result, received = run(setting)
    assert (len(received), result.output) == (1, "")


def test_a_wrong_value_under_the_former_name_is_a_usage_error(monkeypatch: pytest.MonkeyPatch) -> None:
    setting, _, _ = EXAMPLES["a number"]
    monkeypatch.setitem(SETTINGS, setting.name, setting)
    for result, received in (run(setting, "--old-name", "0"), run(setting, KG_OLD_NAME="many")):
        assert (result.exit_code, received) == (2, [])
        assert "--old-name" in result.stderr


@pytest.mark.parametrize("setting", RENAMED, ids=lambda setting: setting.name)
def test_a_former_name_is_in_no_help_and_no_table(setting: Setting) -> None:
    result, _ = run(setting, "--help")
    assert setting.name in result.stdout
    assert str(setting.former) not in result.stdout
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"`--{setting.former}`" not in readme
    assert setting.former not in SETTINGS
    assert variable(str(setting.former)) not in readme


def test_the_size_of_the_response_cache_is_such_a_setting() -> None:
    assert [(setting.name, setting.former) for setting in RENAMED] == [("max-cache-bytes", "max-kept-bytes")]
    result, received = run(SETTINGS["max-cache-bytes"], "--max-kept-bytes", "1000")
    assert received == [{"max_cache_bytes": 1000}]
    assert "--max-cache-bytes" in result.stderr
