"""The table of all settings with defaults and help texts. Flags, environment variables and documentation use it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from kg.names import DEFAULT_BASE


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting: the flag `--name`, the environment variable `KG_NAME`, the default and the help text."""

    name: str
    default: Any
    help: str
    type: Any = str
    multiple: bool = False
    former: str | None = None
    """The name of the setting in the previous version. It still works if the new name is not used."""

    @property
    def variable(self) -> str:
        return variable(self.name)


def variable(name: str) -> str:
    """The environment variable of a setting."""
    return "KG_" + name.upper().replace("-", "_")


_DIRECTORY = click.Path(file_okay=False, path_type=Path)

SETTINGS = {
    setting.name: setting
    for setting in (
        Setting(
            "data",
            ("data",),
            "Directory of records; repeat the option, or write : between paths in the variable, to combine several.",
            _DIRECTORY,
            multiple=True,
        ),
        Setting("ontology", "ontology", "Directory of the ontology.", _DIRECTORY),
        Setting("shapes", "shapes", "Directory of the shapes.", _DIRECTORY),
        Setting(
            "questions",
            None,
            "Directory of the competency questions; by default, questions/ in the ontology directory.",
            _DIRECTORY,
        ),
        Setting("published", "published", "Directory of the published datasets.", _DIRECTORY),
        Setting("base-uri", DEFAULT_BASE, "Address at which the dataset is published; every IRI starts with it."),
        Setting(
            "cache",
            ".kg-cache",
            "Directory in which a build keeps what the next one needs; it can be deleted at any time.",
            _DIRECTORY,
        ),
        Setting("keep", 5, "Number of published versions to keep.", click.IntRange(min=1)),
        Setting(
            "most", 20, "Maximum number of problems of each code to show as text; 0 shows all.", click.IntRange(min=0)
        ),
        Setting("host", "127.0.0.1", "Address to listen on."),
        Setting("port", 8000, "Port to listen on; 0 selects a free port.", click.IntRange(0, 65535)),
        Setting("watch", False, "Build again whenever a source is saved, and show its problems on open pages.", bool),
        Setting("workers", 2, "Number of server processes.", click.IntRange(min=1)),
        Setting(
            "max-stop-seconds",
            5.0,
            "Maximum time to wait for running answers when the server is stopped, in seconds.",
            click.FloatRange(min=0.1),
        ),
        Setting("contact", "", "Address (mailto: or https:) for corrections, shown on the home page."),
        Setting(
            "trusted-proxies",
            0,
            "Number of proxies in front of the server whose X-Forwarded-… headers are trusted.",
            click.IntRange(min=0),
        ),
        Setting("max-query-bytes", 1_000_000, "Maximum length of a SPARQL query, in bytes.", click.IntRange(min=1)),
        Setting("max-query-seconds", 30.0, "Maximum time for a query, in seconds.", click.FloatRange(min=0.1)),
        Setting("max-query-memory", 512 * 2**20, "Maximum memory for a query, in bytes.", click.IntRange(min=2**24)),
        Setting("max-rows", 2_000_000, "Maximum number of solutions or triples in an answer.", click.IntRange(min=1)),
        Setting("max-answer-bytes", 2**30, "Maximum length of an answer to a query, in bytes.", click.IntRange(min=1)),
        Setting("max-queries", 6, "Maximum number of queries that run at the same time.", click.IntRange(min=2)),
        Setting(
            "max-waiting",
            64,
            "Maximum number of queries that wait; further queries are refused.",
            click.IntRange(min=1),
        ),
        Setting(
            "max-cache-bytes",
            2**28,
            "Maximum total size of the files in the response cache, in bytes.",
            click.IntRange(min=0),
            former="max-kept-bytes",
        ),
        Setting(
            "max-triples-in-memory",
            5_000_000,
            "Maximum number of triples in a dataset that is held in memory; a larger dataset is queried on disk.",
            click.IntRange(min=0),
        ),
        Setting("allowed-services", "", "Endpoints that SERVICE may query, separated by spaces."),
    )
}


def options(*names: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Adds the flags of some settings to a click command."""

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        for name in reversed(names):
            setting = SETTINGS[name]
            command = click.option(
                f"--{setting.name}",
                envvar=setting.variable,
                default=setting.default,
                help=setting.help,
                type=setting.type,
                is_flag=setting.type is bool,
                multiple=setting.multiple,
                show_default=True,
                show_envvar=True,
            )(command)
            if setting.former:
                command = former_option(setting, setting.former)(command)
        return command

    return decorate


def former_option(setting: Setting, former: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A hidden flag with the former name of a setting. Its value becomes the default, and a warning is printed."""

    def use(ctx: click.Context, param: click.Parameter, value: Any) -> None:
        source = ctx.get_parameter_source(param.name or "")
        if source is ParameterSource.COMMANDLINE:
            old, new = f"--{former}", f"--{setting.name}"
        elif source is ParameterSource.ENVIRONMENT:
            old, new = variable(former), setting.variable
        else:
            return
        click.echo(f"warning: {old} is now called {new}; the next version will not accept the old name", err=True)
        ctx.default_map = {**(ctx.default_map or {}), setting.name.replace("-", "_"): value}

    return click.option(
        f"--{former}",
        envvar=variable(former),
        type=setting.type,
        multiple=setting.multiple,
        hidden=True,
        is_eager=True,
        expose_value=False,
        callback=use,
    )
