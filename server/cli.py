"""`kg serve`: builds the dataset if necessary, and serves it."""

import multiprocessing
import os
import shlex
import signal
import socket
import sys
import threading
import time
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource
from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

from kg.cli import build_dataset, start
from kg.dataset.layout import Dataset, NoDatasetError
from kg.names import InvalidBaseError, Names
from kg.settings import SETTINGS, options
from server.app import SERVING
from server.asgi import CACHE, DATASET, QUERIES, STATE
from server.queries.client import HostProcess
from server.queries.limits import Limits
from server.state import StateFile
from server.watching import Builder, Watcher

LOGGING = {
    "handlers": {
        name: {"class": "logging.StreamHandler", "formatter": formatter, "stream": "ext://sys.stderr"}
        for name, formatter in (("console", "generic"), ("access", "access"))
    }
}
"""Logs are written to stderr; stdout contains only the URL."""

BUILDING = ("base-uri", "published", "data", "ontology", "shapes", "questions", "cache", "keep", "most")
"""The settings of a build."""

ENDING = {signal.SIGTERM, signal.SIGINT}
"""The signals that end the server."""

WAIT = 60
"""Seconds after which a server that has not answered is asked again."""


@click.command()
@options("host", "port", "workers", "max-stop-seconds", *SERVING, *BUILDING)
@click.pass_context
def serve(ctx: click.Context, /, host: str, port: int, workers: int, max_stop_seconds: float, **settings: Any) -> None:
    """Serve the published dataset, and take up each new version.

    The dataset is built first if there is none, or if sources are given. With --watch, it is built again whenever a
    source is saved.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # else the first process of a container ignores it
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})  # in all threads and processes, except where it is read
    serving = {name: settings.pop(name.replace("-", "_")) for name in SERVING}
    published: Path = settings["published"]
    named = any(
        ctx.get_parameter_source(source) is ParameterSource.COMMANDLINE
        for source in ("data", "ontology", "shapes", "questions")
    )
    is_at_base = ctx.get_parameter_source("base_uri") is not ParameterSource.DEFAULT
    must_build = named or not is_published(published)
    watcher = None
    if serving["watch"]:
        if not must_build and not is_at_base:
            settings["base_uri"] = Dataset.current(published).names.base
        watcher = watched(settings)
        must_build = must_build or Names.at(settings["base_uri"]).base != Dataset.current(published).names.base
        if must_build and watcher.first.result()["version"] is None:
            sys.exit(1)
    elif must_build:
        if build_dataset(**settings) is None:
            sys.exit(1)
    elif is_at_base:
        refuse_another_base(published, settings["base_uri"])
    port = free_port(host, port)
    dataset = Dataset.current(published)
    queries = HostProcess(dataset.directory, Limits.of(serving))
    state = StateFile(queries.directory / "state.json")
    paths = {DATASET: dataset.directory, QUERIES: queries.address, CACHE: queries.cache, STATE: state.file}
    os.environ.update({variable: str(path) for variable, path in paths.items()})
    os.environ.update(
        {SETTINGS[name].variable: "" if value is False else str(value) for name, value in serving.items()}
    )
    if watcher:
        watcher.report(lambda outcome: state.update(check=outcome))
    multiprocessing.set_start_method("spawn", force=True)  # this process has threads, which do not survive a fork
    threading.Thread(target=announce, args=(host, port), daemon=True).start()
    server = Granian(
        "server.asgi:application",
        factory=True,
        address=host,
        port=port,
        interface=Interfaces.ASGI,
        workers=workers,
        respawn_failed_workers=True,
        workers_kill_timeout=max_stop_seconds,  # type: ignore[arg-type]  # it also accepts fractions of a second
        log_dictconfig=LOGGING,
        log_level=LogLevels.warning,
    )
    server.on_startup(lambda: handle_signals(server, state))
    server.on_shutdown(lambda: forgive(server))
    server.serve()


def watched(settings: dict[str, Any]) -> Watcher:
    """Begins to watch the sources of a build. A missing directory or an invalid base is a usage error."""
    names = ("data", "ontology", "shapes", "base_uri", "questions", "published", "cache")
    build = start(**{name: settings[name] for name in names})
    given = build.sources
    directories = [*given.data, given.ontology, given.shapes, *([given.questions] if given.questions else [])]
    return Watcher(directories, Builder(settings))


def handle_signals(server: Any, state: StateFile) -> None:
    """Makes SIGTERM and SIGINT also end the streams of events, and SIGHUP an order to look at the current version."""

    def wait_for_orders() -> None:
        while True:
            signal.sigwait({signal.SIGHUP})
            state.order()

    def wait_for_end() -> None:
        while True:
            if not ENDING.isdisjoint(os.read(reader, 16)):
                state.update(is_ending=True)
                server.signal_handler_interrupt()

    # The main thread waits in Granian, and does not wake up if the system gives a signal to another thread. Any thread
    # that gets one writes its number to the pipe.
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    for number in ENDING:
        signal.signal(number, lambda *_: None)
    for wait in (wait_for_orders, wait_for_end):
        threading.Thread(target=wait, daemon=True).start()


def forgive(server: Any) -> None:
    """Does not count a worker as failed if it ended before it was told to, because it received the same signal."""
    if server.interrupt_signal:
        server.interrupt_children.clear()


def is_published(published: Path) -> bool:
    try:
        Dataset.current(published)
    except NoDatasetError:
        return False
    return True


def refuse_another_base(published: Path, base_uri: str) -> None:
    """Raises a usage error if the published dataset has another base than the requested one."""
    try:
        requested = Names.at(base_uri).base
    except InvalidBaseError as error:
        raise click.BadParameter(str(error), param_hint="--base-uri") from error
    built = Dataset.current(published).names.base
    if requested != built:
        command = shlex.join(["kg", "build", "--base-uri", requested, "--published", str(published)])
        raise click.BadParameter(
            f"the dataset in {published} was built for {built}, not for {requested}; to build it for "
            f"{requested}, run: {command}",
            param_hint="--base-uri",
        )


def free_port(host: str, port: int) -> int:
    """The port, or a free port for 0. A port that is in use is reported in one line."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise click.ClickException(f"cannot serve on {host}:{port}: {error.strerror}") from error
        return int(probe.getsockname()[1])


def announce(host: str, port: int) -> None:
    """Prints the URL on stdout once the server answers."""
    name = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
    url = f"http://{name}:{port}/"
    while True:
        try:
            connection = HTTPConnection(name.strip("[]"), port, timeout=WAIT)  # no proxy is used for this address
            connection.request("GET", "/status")
            connection.getresponse().read()
        except OSError:
            time.sleep(0.1)
        else:
            click.echo(url)
            return
