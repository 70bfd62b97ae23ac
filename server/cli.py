"""`kg serve`: builds if it must, then serves."""

import multiprocessing
import os
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

from kg.cli import build_dataset
from kg.engine import Dataset, NoDatasetError
from kg.settings import SETTINGS, options
from server.app import SERVING
from server.asgi import DATASET, QUERIES, SHELF
from server.queries.client import HostProcess
from server.queries.limits import Limits

LOGGING = {
    "handlers": {
        name: {"class": "logging.StreamHandler", "formatter": formatter, "stream": "ext://sys.stderr"}
        for name, formatter in (("console", "generic"), ("access", "access"))
    }
}
"""Logs go to stderr; stdout is for the URL alone."""

WAIT = 60
"""Seconds after which a server that has not answered is asked again whether it is ready."""


@click.command()
@options("host", "port", "workers", "base-uri", "published", "data", "ontology", "shapes", "keep", "most", *SERVING)
@click.pass_context
def serve(ctx: click.Context, /, host: str, port: int, workers: int, **settings: Any) -> None:
    """Serve the published dataset; build it first where there is none, or where sources are named."""
    serving = {name: settings.pop(name.replace("-", "_")) for name in SERVING}
    published: Path = settings["published"]
    named = any(
        ctx.get_parameter_source(source) is ParameterSource.COMMANDLINE for source in ("data", "ontology", "shapes")
    )
    if (named or not is_published(published)) and build_dataset(**settings) is None:
        sys.exit(1)
    port = free_port(host, port)
    dataset = Dataset.current(published)
    queries = HostProcess(dataset, Limits.of(serving))
    os.environ.update({DATASET: str(dataset.directory), QUERIES: queries.address, SHELF: str(queries.shelf)})
    os.environ.update({SETTINGS[name].variable: str(value) for name, value in serving.items()})
    multiprocessing.set_start_method("spawn", force=True)  # this process has threads, and they do not survive a fork
    threading.Thread(target=announce, args=(host, port), daemon=True).start()
    Granian(
        "server.asgi:application",
        factory=True,
        address=host,
        port=port,
        interface=Interfaces.ASGI,
        workers=workers,
        respawn_failed_workers=True,
        log_dictconfig=LOGGING,
        log_level=LogLevels.warning,
    ).serve()


def is_published(published: Path) -> bool:
    try:
        Dataset.current(published)
    except NoDatasetError:
        return False
    return True


def free_port(host: str, port: int) -> int:
    """The port itself, or a free one for 0; a port in use is one clear line."""
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
            connection = HTTPConnection(name.strip("[]"), port, timeout=WAIT)  # no proxy stands before our own address
            connection.request("GET", "/status")
            connection.getresponse().read()
        except OSError:
            time.sleep(0.1)
        else:
            click.echo(url)
            return
