"""The command line: parses arguments, calls the build and prints. Only machine-readable output goes to stdout."""

import re
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import partial
from importlib.metadata import entry_points
from itertools import islice
from pathlib import Path
from typing import Any

import click
from pyoxigraph import NamedNode, QueryResultsFormat, RdfFormat, Triple, serialize
from rich.console import Console
from rich.markdown import Markdown
from rich.progress import BarColumn, ProgressColumn, Task, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as ProgressBar
from rich.table import Column, Table
from rich.text import Text

from kg import media
from kg.dataset import named_queries
from kg.dataset.layout import Dataset, NoDatasetError
from kg.dataset.opening import open_engine
from kg.diagnostics.codes import codes, page
from kg.diagnostics.problems import Problem, Severity, counted, errors, errors_by_file, in_order, only_in
from kg.diagnostics.report import as_github, as_json, as_sarif, as_text, place_text
from kg.diagnostics.suggest import did_you_mean, nearest
from kg.explain import Explainer, describe_key, describe_term, named_class, path_in_data, tell
from kg.model.identifiers import OURS
from kg.names import NAME, InvalidBaseError, Names
from kg.pipeline import CHECKING, READING, Step, building, run
from kg.profile import Profile
from kg.progress import Progress
from kg.serialize import serialize_boolean, serialize_solutions
from kg.settings import options
from kg.sources.generate import PER_FILE, Generator
from kg.sources.skeleton import skeleton
from kg.sparql.engine import Engine, Solutions, syntax_error
from kg.sparql.query_text import QueryError, QueryText
from kg.steps.build import Build
from kg.steps.measure import gaps
from kg.steps.results import Sources
from kg.text.folding import as_name

messages = Console(stderr=True, highlight=False, markup=False)
REPORTS = ("json", "sarif", "github")
MAX_FILES = 10
"""Maximum number of other files with errors that a report names."""

MAX_WIDTH = 160
"""Number of columns of the table of a profile where there is no terminal."""

QUERY_FORMATS = {m.suffix: m for m in (*media.SOLUTIONS, *media.RDF)}


CODE = re.compile(r"(?:error|warning|info)?\[?([A-Za-z]\d{3})\]?:?")
"""A problem code, alone or in the form in which reports print it."""

CODE_IN_REPORT = re.compile(r"\[([A-Z]\d{3})\]")

PLACE = re.compile(r"^(?P<file>.+?):(?P<line>\d+)(?=:|\s|$)")
"""A place in a source, alone or in the form in which reports print it, possibly followed by other text."""


class Commands(click.Group):
    """The commands of this package and of the packages that contribute entry points of `kg.commands`."""

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
    """Build, check, query and serve the OSCE knowledge graph.

    Run kg COMMAND --help for the options of a command. An option that is not given is taken from its environment
    variable (env var), if that is set.

    The exit code is 0 for success, 1 for problems of severity error and for failures, and 2 for invalid arguments.
    """


def start(
    data: tuple[Path, ...],
    ontology: Path,
    shapes: Path,
    base_uri: str,
    cache: Path,
    questions: Path | None = None,
    published: Path = Path("published"),
) -> Build:
    """Returns a build of the given sources. An invalid base URI or a missing directory is a usage error."""
    given = [*(("data", d) for d in data), ("ontology", ontology), ("shapes", shapes)]
    for name, directory in [*given, ("questions", questions)] if questions else given:
        if not directory.is_dir():
            raise click.BadParameter(f"there is no directory {directory}", param_hint=f"--{name}")
    try:
        names = Names.at(base_uri)
    except InvalidBaseError as error:
        raise click.BadParameter(str(error), param_hint="--base-uri") from error
    build = Build(Sources(data, ontology, shapes, questions), names, published, cache)
    if context := click.get_current_context(silent=True):
        context.call_on_close(build.close)
    return build


class WorkColumn(ProgressColumn):
    """How many units of its work a step has done, of how many, and how many in a second."""

    def render(self, task: Task) -> Text:
        done = f"{task.completed:,.0f}" + (f"/{task.total:,.0f}" if task.total is not None else "")
        rate = f", {task.speed:,.0f}/s" if task.speed else ""
        return Text(f"{done} {task.fields['unit']}{rate}" if task.fields["unit"] else "")


def run_with_progress(build: Build, steps: tuple[Step, ...], profile: Profile | None = None) -> None:
    """Runs the steps. On a terminal, a bar shows how much work the running step has done, its rate, and the time left.

    The profile, if any, is printed at the end.
    """
    with progress_bar(build.progress, [step.name for step in steps]):
        try:
            run(build, steps, profile)
        except BrokenProcessPool as error:
            reason = "one of its processes was killed, for example because memory ran out"
            cure = "Run it again; if it is killed again, give it more memory. What was published is still whole."
            raise click.ClickException(f"the command has ended: {reason}. {cure}") from error
    if profile:
        console = messages if messages.is_terminal else Console(stderr=True, highlight=False, width=MAX_WIDTH)
        console.print(profile_table(profile))


@contextmanager
def progress_bar(progress: Progress, steps: Sequence[str]) -> Iterator[None]:
    """Shows the progress of the named steps, if there is a terminal."""
    if not messages.is_terminal:
        yield
        return
    columns = (
        TextColumn("{task.description:>14}"),
        BarColumn(),
        WorkColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with ProgressBar(*columns, console=messages, transient=True) as shown:
        positions = {step: f"{position}/{len(steps)}" for position, step in enumerate(steps, 1)}
        bar = shown.add_task("", total=None, unit="")

        def show(progress: Progress) -> None:
            if progress.done == 0:  # the rate and the time left are those of this work alone
                description = f"{progress.step} {positions.get(progress.step, '')}"
                shown.reset(bar, total=progress.total, description=description, unit=progress.unit)
            else:
                shown.update(bar, completed=progress.done)

        progress.show = show
        yield


def profile_table(profile: Profile) -> Table:
    """The rows of a profile, with seconds and megabytes, and their total."""
    table = Table("step", box=None, pad_edge=False)
    for column in ("wall s", "cpu s", "of children", "peak MB", "of a child"):
        table.add_column(column, justify="right")
    table.add_column("counted", overflow="fold")
    for row in (*profile.rows, profile.total()):
        usage = row.usage
        seconds = (f"{each:.2f}" for each in (usage.seconds, usage.own, usage.children))
        peaks = (f"{each / 1e6:,.0f}" for each in (usage.peak, usage.peak_of_children))
        counted_ = ", ".join(f"{number:,} {what}" for what, number in row.counts.items())
        table.add_row(row.step, *seconds, *peaks, counted_)
    return table


profile_option = click.option(
    "--profile", is_flag=True, help="Print the time, processor time, peak memory and counters of each step to stderr."
)


def summary(problems: list[Problem], records: int, seconds: float, elsewhere: int = 0) -> str:
    """The last line of a check: the number of records, problems and seconds. `elsewhere` counts errors not shown."""
    counts = counted(errors(problems), "error") + (f" and {elsewhere} elsewhere" if elsewhere else "")
    warnings = sum(problem.severity is Severity.WARNING for problem in problems)
    return f"{records} records, {counts}, {counted(warnings, 'warning')}, {seconds:.1f} s"


@main.command(short_help="Check the sources and print the problems.")
@click.argument("paths", nargs=-1, type=click.Path(exists=True, path_type=Path))
@options("data", "ontology", "shapes", "questions", "base-uri", "cache", "most")
@click.option(
    "--format",
    "format_",
    type=click.Choice(["text", *REPORTS]),
    default="text",
    show_default=True,
    help="Format of the report.",
)
@profile_option
@click.option("--quality", is_flag=True, help="Also report what is missing, unverified or disputed, as info.")
def check(paths: tuple[Path, ...], format_: str, most: int, quality: bool, profile: bool, **sources: Any) -> None:
    """Read and validate everything, and print the problems.

    If PATHS are given, the problems in these files and directories are printed, and the errors in other files are
    counted, because a mistake in one file can cause an error in another.
    """
    began = time.monotonic()
    build = start(**sources)
    roots = [root.resolve() for root in (*build.sources.data, build.sources.ontology, build.sources.shapes)]
    for path in paths:
        if not any(path.resolve().is_relative_to(root) for root in roots):
            raise click.BadParameter(f"{path} is not in any of the source directories", param_hint="PATHS")
    if profile or quality or not build.recall(publishes=False):
        run_with_progress(build, CHECKING, Profile() if profile else None)
        build.remember(publishes=False)
    all_problems = build.problems
    if quality and build.has_model:
        all_problems = in_order([*all_problems, *gaps(build.model, build.graph, build.quality)])
    problems = only_in(all_problems, paths if build.has_model else ())  # without a model, nothing else was checked
    elsewhere = errors_by_file(set(all_problems) - set(problems))
    seconds = time.monotonic() - began
    if format_ == "json":
        click.echo(as_json(problems, elsewhere, build.notes, build.files, build.number_of_records, seconds))
    elif format_ == "sarif":
        click.echo(as_sarif(problems))
    elif format_ == "github":
        click.echo(as_github(problems), nl=False)
    else:
        as_text(problems, Console(highlight=False, markup=False), most)
    if format_ != "json":
        for sentence in (*build.notes, *others(elsewhere)):
            messages.print(sentence, soft_wrap=True)
    if format_ == "text":
        messages.print(summary(problems, build.number_of_records, seconds, sum(map(len, elsewhere.values()))))
    sys.exit(1 if errors(all_problems) else 0)


def others(elsewhere: dict[Path, list[Problem]]) -> Iterator[str]:
    """Lines about the errors in files outside PATHS: the number for each file, and the command that shows them."""
    if not elsewhere:
        return
    yield f"{counted(sum(map(len, elsewhere.values())), 'error')} elsewhere:"
    for problem in islice(elsewhere.values(), MAX_FILES):
        yield f"  {place_text(problem[0])}: {counted(len(problem), 'error')}"
    if (more := len(elsewhere) - MAX_FILES) > 0:
        yield f"  … and {counted(more, 'more file')}"
    yield "Run kg check without PATHS to see them."


@main.command("build", short_help="Check the sources and publish them as a dataset.")
@options("data", "ontology", "shapes", "questions", "base-uri", "published", "cache", "keep", "most")
@profile_option
def build_(keep: int, most: int, profile: bool, **sources: Any) -> None:
    """Check the sources, publish them as a dataset, and print its version."""
    if version := build_dataset(keep, most, profile=Profile() if profile else None, **sources):
        click.echo(version)
    else:
        sys.exit(1)


def build_dataset(keep: int, most: int, profile: Profile | None = None, **sources: Any) -> str | None:
    """Builds and publishes a dataset, prints problems to stderr, and returns the version; None if there were errors."""
    build = start(**sources)
    try:
        return build.version if publish(build, keep, most, profile) else None
    finally:
        build.close()


def publish(build: Build, keep: int, most: int, profile: Profile | None = None, whole: bool = True) -> bool:
    """Runs a build, publishes a dataset unless there are errors, and prints the problems to stderr.

    False if the directory cannot be written.
    """
    began = time.monotonic()
    try:
        if profile or build.is_loaded:
            run_with_progress(build, building(keep, whole), profile)
        elif not build.recall(publishes=True):
            run_with_progress(build, building(keep, whole))
            build.remember(publishes=True)
    except OSError as error:
        messages.print(f"error: cannot publish to {build.published}: {error}")
        return False
    as_text(build.problems, messages, most)
    for sentence in build.notes:
        messages.print(sentence, soft_wrap=True)
    messages.print(summary(build.problems, build.number_of_records, time.monotonic() - began))
    if build.version is None:
        messages.print("nothing was published")
    return True


@main.command(short_help="Explain a thing, a line of a file, a term or a problem code.")
@click.argument("what")
@options("data", "ontology", "shapes", "base-uri", "cache")
def explain(what: str, **sources: Any) -> None:
    """Explain where each triple of a thing comes from, which triples a line states, or what a problem code means.

    WHAT is an IRI, the path of a thing or of its file, a term such as osce:State, a kind or a key, FILE:LINE or
    FILE:LINE:COLUMN (or a whole line copied from a report), or a code such as E204.
    """
    what = what.strip()
    if code := CODE.fullmatch(what):
        explain_code(code[1].upper())
        return
    build = start(**sources)
    run_with_progress(build, READING)
    if not build.has_model:
        as_text(build.problems, messages)
        raise click.ClickException("the ontology or the shapes have errors, so nothing can be explained")
    place = next((match for match in PLACE.finditer(what) if Path(match["file"]).is_file()), None)
    if place:
        code = CODE_IN_REPORT.search(what)
        explain_line(build, Path(place["file"]), int(place["line"]), code and code[1])
    else:
        explain_thing(build, what)


def explain_code(name: str) -> None:
    """Prints the page that explains a code."""
    if name not in codes():
        raise click.ClickException(f"there is no code {name}; available codes: {', '.join(codes())}")
    text = page(codes()[name])
    console = Console(highlight=False)
    if console.is_terminal:
        console.print(Markdown(text))
    else:
        click.echo(text, nl=False)


def explain_line(build: Build, file: Path, line: int, code: str | None) -> None:
    """Prints the triples that a line states and those inferred from them, or else the problems of its record."""
    names = build.names
    stated, follow = Explainer(build.model, build.graph).line(file, line)
    here = [problem for problem in build.problems if problem.file.resolve() == file.resolve()]
    if stated:
        click.echo("\n".join(tell(names, stated)))
    if follow:
        click.echo("Inferred from it:\n" + "\n".join(tell(names, follow)))
    if stated:
        return
    as_text(here, messages)
    if here:
        raise click.ClickException(f"{file} has problems, so no triples were made from line {line}")
    if not build.graph.in_file(file):
        more = f"; to read about {code}, run: kg explain {code}" if code else ""
        raise click.ClickException(f"{file} is not a record in these directories{more}")
    click.echo(f"line {line} of {file} states no triples by itself")


def explain_thing(build: Build, what: str) -> None:
    """Prints where each triple of a thing or part comes from, or how the ontology defines a term, a kind or a key."""
    schema, nodes = build.model.schema, build.graph.nodes
    name = path_in_data(build.sources, what) or what.rstrip("/")
    if ours := OURS.fullmatch(name):
        name = ours[1]
    iri = build.names.expand(name)
    term = describe_term(build.model, named_class(build.model, name) or iri) + describe_key(build.model, name)
    if term and iri not in nodes:
        click.echo("\n".join(term))
        return
    if iri in nodes and nodes[iri][0].sound:
        click.echo("\n".join(tell(build.names, Explainer(build.model, build.graph).thing(iri))))
        return
    path = build.names.path(iri)
    here = [problem for problem in build.problems if problem.thing == path]
    as_text(here, messages)
    if here:
        raise click.ClickException(f"{path} has problems, so it is not in the graph")
    index = build.state.identification.index
    things = index.suggest(path or name, ()) if "/" in name else []
    known = [*schema.kinds, *schema.properties, *(c.name for c in schema.classes.values())]
    local = name.rpartition(":")[2]
    terms = nearest(local, ((each, each) for each in known)) if "/" not in local else []
    guess = did_you_mean((things or terms or index.suggest(name, ()))[:3])
    raise click.ClickException(f"there is no {what}" + (f"; {guess}" if guess else ""))


def read_for(kind: str, steps: tuple[Step, ...], **sources: Any) -> Build:
    """Runs the given steps and returns the build, for writing records of a kind. An unknown kind is a usage error."""
    build = start(**sources)
    run_with_progress(build, steps)
    if not build.has_model:
        as_text(build.problems, messages)
        raise click.ClickException("the ontology or the shapes have errors, so no record can be written")
    kinds = build.model.schema.kinds
    if kind not in kinds:
        guess = did_you_mean(nearest(kind, ((known, known) for known in kinds)))
        known = guess or "it is one of " + ", ".join(sorted(kinds))
        raise click.BadParameter(f"{kind!r} is not a kind; {known}", param_hint="KIND")
    return build


@main.command(short_help="Write a new record to fill in.")
@click.argument("kind")
@click.argument("name")
@options("data", "ontology", "shapes", "base-uri", "cache")
def new(kind: str, name: str, **sources: Any) -> None:
    """Write the skeleton of a new record, with the required keys first, and print the path of its file."""
    build = read_for(kind, READING, **sources)
    schema = build.model.schema
    if not NAME.fullmatch(name):
        guess = did_you_mean([as_name(name)] if as_name(name) else [])
        wanted = "a name must consist of lower-case letters and digits, with single hyphens between them"
        raise click.BadParameter(f"{wanted}; {guess or f'found {name!r}'}", param_hint="NAME")
    file = build.sources.data[0] / kind / f"{name}.yaml"
    if f"{kind}/{name}" in build.paths:
        raise click.ClickException(f"{kind}/{name} already exists")
    index = build.state.identification.index
    text = skeleton(schema, schema.kinds[kind], f"{kind}/{name}", build.graph.records(), index)
    try:
        file.parent.mkdir(exist_ok=True)
        with file.open("x", encoding="utf-8") as stream:
            stream.write(text)
    except OSError as error:
        raise click.ClickException(f"cannot write {file}: {error.strerror}") from error
    click.echo(file)


@main.command(short_help="Write synthetic records for load tests.")
@click.argument("kind")
@click.argument("number", metavar="N", type=click.IntRange(min=1))
@click.option(
    "--out",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Output directory; it must be new or empty.",
)
@click.option(
    "--seed", default=1, show_default=True, help="Seed of the random numbers; the same seed gives the same records."
)
@options("data", "ontology", "shapes", "base-uri", "cache")
def generate(kind: str, number: int, out: Path, seed: int, **sources: Any) -> None:
    """Write N synthetic records of a kind, modelled on the real ones, for load tests, and print their directory."""
    if out.is_dir() and any(out.iterdir()):
        raise click.BadParameter(f"{out} is not empty", param_hint="--out")
    build = read_for(kind, READING, **sources)
    try:
        generator = Generator(build.model.schema, build.graph.records(kind), build.paths, kind, seed)
        (out / kind).mkdir(parents=True)
        with progress_bar(build.progress, ["write"]):
            build.progress.begin("write")
            build.progress.expect("records", number)
            for name, text in generator.files(number):
                (out / kind / name).write_text(text, encoding="utf-8")
                build.progress.advance(PER_FILE)
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    except OSError as error:
        raise click.ClickException(f"cannot write to {out}: {error.strerror}") from error
    messages.print(f"{counted(number, 'record')} of {kind}")
    click.echo(out)


@main.command(short_help="Run a SPARQL query on the published dataset.")
@click.argument("query")
@options("published")
@click.option(
    "--format",
    "format_",
    type=click.Choice(["table", *QUERY_FORMATS]),
    default="table",
    show_default=True,
    help="Format of the answer.",
)
def query(query: str, published: Path, format_: str) -> None:
    """Run a SPARQL query on the published dataset. QUERY is the name of a file, or the query itself."""
    try:
        dataset = Dataset.current(published)
        engine, names = open_engine(dataset), dataset.names
        text = QueryText(names.rebase(query_text(query)), names.prefixes, names.base)
        text.check_characters()
        text.check_nesting()
        try:
            answer = answer_of(engine, text)
        except SyntaxError as error:
            raise text.explain(partial(syntax_error, engine), {}) from error
        for hint in text.unknown_terms(names.vocabulary, named_queries.ontology_terms(engine, names)):
            click.echo(f"note: {hint}", err=True)
        print_answer(answer, format_, names)
    except NoDatasetError as error:
        raise click.ClickException(str(error)) from error
    except (QueryError, ValueError, OSError, RuntimeError) as error:
        raise click.ClickException(f"the query failed: {error}") from error


def query_text(query: str) -> str:
    """The text of a query: the content of the file with this name if there is one, else the argument itself."""
    try:
        is_file = Path(query).is_file()
    except (OSError, ValueError):  # too long, or for another reason not the name of a file
        is_file = False
    return Path(query).read_text(encoding="utf-8") if is_file else query


def answer_of(engine: Engine, query: QueryText) -> Solutions | bool | Iterator[Triple]:
    """The answer to a query of any form. Raises SyntaxError if the text is not a query."""
    if query.form == "ASK":
        return engine.ask(query.text)
    return engine.construct(query.text) if query.form in ("CONSTRUCT", "DESCRIBE") else engine.select(query.text)


def print_answer(answer: Solutions | bool | Iterator[Triple], format_: str, names: Names) -> None:
    """Prints solutions, a boolean or triples. Raises ValueError if the answer cannot be written in the format."""
    if format_ == "table" and isinstance(answer, Solutions):
        print_table(answer, names)
        return
    if format_ == "table" and isinstance(answer, bool):
        click.echo(str(answer).lower())
        return
    chosen = (media.TURTLE if format_ == "table" else QUERY_FORMATS[format_]).format
    if isinstance(answer, Solutions) and isinstance(chosen, QueryResultsFormat):
        written = serialize_solutions(answer, chosen)
    elif isinstance(answer, bool) and isinstance(chosen, QueryResultsFormat):
        written = serialize_boolean(answer, chosen)
    elif not isinstance(answer, Solutions | bool) and isinstance(chosen, RdfFormat):
        written = serialize(answer, format=chosen) or b""
    else:
        raise ValueError(f"an answer of this form cannot be written as {format_}")
    click.echo(written, nl=False)


def print_table(solutions: Solutions, names: Names) -> None:
    """Prints solutions as a table, with things as paths, other IRIs as prefixed names and literals as plain text."""

    def cell(term: object) -> str:
        if isinstance(term, NamedNode):
            return names.compact(term.value)
        return "" if term is None else str(getattr(term, "value", term))

    table = Table(*(Column(variable, overflow="fold") for variable in solutions.variables))
    for row in solutions.rows:
        table.add_row(*map(cell, row))
    Console(highlight=False, markup=False).print(table)
