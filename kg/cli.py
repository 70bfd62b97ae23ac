"""The command line: parses, calls, prints. Machine output alone on stdout, all else on stderr."""

import sys
import time
from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import click
from pyoxigraph import NamedNode, QueryBoolean, QueryResultsFormat, QuerySolutions, QueryTriples
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Column, Table

from kg import media
from kg.build import Build, Sources
from kg.check import only_in
from kg.engine import Dataset, Engine, NoDatasetError
from kg.names import InvalidBaseError, Names
from kg.pipeline import CHECKING, Step, building, run
from kg.problems import Problem, Severity, errors
from kg.report import as_json, as_text
from kg.settings import options

messages = Console(stderr=True, highlight=False, markup=False)
QUERY_FORMATS = {m.suffix: m for m in (*media.SOLUTIONS, *media.RDF)}


class Commands(click.Group):
    """The commands of this package, and those that other packages contribute as entry points of `kg.commands`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*super().list_commands(ctx), *(point.name for point in entry_points(group="kg.commands"))})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        for point in entry_points(group="kg.commands", name=cmd_name):
            command: click.Command = point.load()
            return command
        return super().get_command(ctx, cmd_name)


@click.group(cls=Commands)
@click.version_option(package_name="osce-kg")
def main() -> None:
    """Build, check, query and serve the OSCE knowledge graph."""


def start(
    data: tuple[Path, ...], ontology: Path, shapes: Path, base_uri: str, published: Path = Path("published")
) -> Build:
    """A build of some sources; a base that is none, or a directory that is not there, is a usage error."""
    for name, directory in (*(("data", d) for d in data), ("ontology", ontology), ("shapes", shapes)):
        if not directory.is_dir():
            raise click.BadParameter(f"there is no directory {directory}", param_hint=f"--{name}")
    try:
        names = Names.at(base_uri)
    except InvalidBaseError as error:
        raise click.BadParameter(str(error), param_hint="--base-uri") from error
    return Build(Sources(data, ontology, shapes), names, published)


def run_with_progress(build: Build, steps: tuple[Step, ...]) -> None:
    """Runs the steps, with a bar on a terminal."""
    with Progress(
        TextColumn("{task.description:10}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=messages,
        transient=True,
        disable=not messages.is_terminal,
    ) as progress:
        bar = progress.add_task("start", total=len(steps))

        def shown(name: str, step: Callable[[Build], None]) -> Step:
            def with_name(build: Build) -> None:
                progress.update(bar, description=name)
                step(build)
                progress.advance(bar)

            return name, with_name

        run(build, [shown(name, step) for name, step in steps])


def summary(problems: list[Problem], records: int, seconds: float) -> str:
    """The last line of a check: how much was read, and what was found."""
    found = errors(problems)
    warnings = sum(problem.severity is Severity.WARNING for problem in problems)
    return f"{records} records, {count(found, 'error')}, {count(warnings, 'warning')}, {seconds:.1f} s"


def count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


@main.command()
@click.argument("paths", nargs=-1, type=click.Path(exists=True, path_type=Path))
@options("data", "ontology", "shapes", "base-uri")
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True)
def check(paths: tuple[Path, ...], format_: str, **sources: Any) -> None:
    """Read and validate everything, and print the problems: those of PATHS only, if given."""
    began = time.monotonic()
    build = start(**sources)
    roots = [root.resolve() for root in (*build.sources.data, build.sources.ontology, build.sources.shapes)]
    for path in paths:
        if not any(path.resolve().is_relative_to(root) for root in roots):
            raise click.BadParameter(f"{path} lies in none of the source directories", param_hint="PATHS")
    run_with_progress(build, CHECKING)
    problems = only_in(build.problems, paths if build.schema else ())  # without a model, nothing else was checked
    seconds = time.monotonic() - began
    if format_ == "json":
        click.echo(as_json(problems, build.files, len(build.paths), seconds))
    else:
        as_text(problems, Console(highlight=False))
        messages.print(summary(problems, len(build.paths), seconds))
    sys.exit(1 if errors(problems) else 0)


@main.command("build")
@options("data", "ontology", "shapes", "base-uri", "published", "keep")
def build_(keep: int, **sources: Any) -> None:
    """Check the sources, then publish them as a dataset; print its version."""
    if version := build_dataset(keep, **sources):
        click.echo(version)
    else:
        sys.exit(1)


def build_dataset(keep: int, **sources: Any) -> str | None:
    """Builds and publishes; prints problems to stderr. None if there were errors, and nothing was published."""
    began = time.monotonic()
    build = start(**sources)
    try:
        run_with_progress(build, building(keep))
    except OSError as error:
        messages.print(f"error: cannot publish to {build.published}: {error}")
        return None
    as_text(build.problems, messages)
    messages.print(summary(build.problems, len(build.paths), time.monotonic() - began))
    if build.version is None:
        messages.print("nothing was published")
    return build.version


@main.command()
@click.argument("query")
@options("published")
@click.option("--format", "format_", type=click.Choice(["table", *QUERY_FORMATS]), default="table", show_default=True)
def query(query: str, published: Path, format_: str) -> None:
    """Ask the published dataset a SPARQL query: a file of that name, or the text itself."""
    try:
        text = query_text(query)
        engine = Engine(Dataset.current(published))
        answer = engine.query(engine.names.rebase(text), prefixes=engine.names.prefixes)
        print_answer(answer, format_, engine.names)
    except NoDatasetError as error:
        raise click.ClickException(str(error)) from error
    except (SyntaxError, ValueError, OSError) as error:
        raise click.ClickException(f"the query fails: {error}") from error


def query_text(query: str) -> str:
    """The text of a query: that of the file of this name, if there is one, else itself."""
    try:
        is_file = Path(query).is_file()
    except (OSError, ValueError):  # too long, or otherwise no name of a file
        is_file = False
    return Path(query).read_text(encoding="utf-8") if is_file else query


def print_answer(answer: Any, format_: str, names: Names) -> None:
    """Prints solutions, a boolean or triples; a format that does not fit the answer is a ValueError."""
    if format_ == "table":
        if isinstance(answer, QuerySolutions):
            print_table(answer, names)
        elif isinstance(answer, QueryBoolean):
            click.echo(str(bool(answer)).lower())
        else:
            click.echo(answer.serialize(format=media.TURTLE.format), nl=False)
        return
    chosen = QUERY_FORMATS[format_].format
    if isinstance(answer, QueryTriples) == isinstance(chosen, QueryResultsFormat):
        raise ValueError(f"an answer of this form is not written as {format_}")
    click.echo(answer.serialize(format=chosen), nl=False)


def print_table(solutions: QuerySolutions, names: Names) -> None:
    """Prints solutions as a table: a thing as its path, another IRI under its prefix, a literal as its text."""

    def cell(term: object) -> str:
        if isinstance(term, NamedNode):
            return names.compact(term.value)
        return "" if term is None else str(getattr(term, "value", term))

    table = Table(*(Column(variable.value, overflow="fold") for variable in solutions.variables))
    for solution in solutions:
        table.add_row(*map(cell, solution))
    Console(highlight=False, markup=False).print(table)
