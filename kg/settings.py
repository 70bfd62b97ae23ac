"""Settings: one table of what can be set, with default and help, for flags, environment and docs alike."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from kg.names import DEFAULT_BASE


@dataclass(frozen=True, slots=True)
class Setting:
    """A flag `--name`, the environment variable `KG_NAME` that also sets it, its default and what it does."""

    name: str
    default: Any
    help: str
    type: Any = str
    multiple: bool = False

    @property
    def variable(self) -> str:
        return "KG_" + self.name.upper().replace("-", "_")


_DIRECTORY = click.Path(file_okay=False, path_type=Path)

SETTINGS = {
    setting.name: setting
    for setting in (
        Setting("data", ("data",), "Directory of records; several make a union.", _DIRECTORY, multiple=True),
        Setting("ontology", "ontology", "Directory of the ontology.", _DIRECTORY),
        Setting("shapes", "shapes", "Directory of the shapes.", _DIRECTORY),
        Setting("published", "published", "Directory of published datasets.", _DIRECTORY),
        Setting("base-uri", DEFAULT_BASE, "Where the dataset is published; every IRI starts with it."),
        Setting("keep", 5, "How many published versions are kept.", click.IntRange(min=1)),
        Setting("most", 20, "How many problems of a code are shown as text; 0 shows all.", click.IntRange(min=0)),
        Setting("host", "127.0.0.1", "Address to serve on."),
        Setting("port", 8000, "Port to serve on; 0 takes a free one.", click.IntRange(0, 65535)),
        Setting("workers", 2, "Processes that serve.", click.IntRange(min=1)),
        Setting("contact", "", "Address (mailto: or https:) that takes corrections; shown on the home page."),
        Setting("trusted-proxies", 0, "How many proxies in front are believed (X-Forwarded-…).", click.IntRange(min=0)),
        Setting("max-query-bytes", 100_000, "Longest SPARQL query and request body, in bytes.", click.IntRange(min=1)),
    )
}


def options(*names: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Gives a click command the flags for some settings."""

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        for name in reversed(names):
            setting = SETTINGS[name]
            command = click.option(
                f"--{setting.name}",
                envvar=setting.variable,
                default=setting.default,
                help=setting.help,
                type=setting.type,
                multiple=setting.multiple,
                show_default=True,
            )(command)
        return command

    return decorate
