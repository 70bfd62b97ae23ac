"""The ASGI application, made where it is started: what it serves comes from the environment."""

import gc
import os
import signal
from pathlib import Path

from kg.dataset.layout import Dataset
from kg.settings import SETTINGS
from kg.sparql.engine import CutError
from server.app import SERVING, create_app
from server.http.gateway import Gateway
from server.http.response_cache import ResponseCache
from server.queries.host import CROWD
from server.resources.sparql import longest_body

DATASET, QUERIES, CACHE = "KG_DATASET", "KG_QUERIES", "KG_CACHE"
"""The variables that name the directory of the version to serve, so that all workers serve the same, always; the
address of the host of queries; and the directory of the response cache."""

MAX_OTHER_REQUESTS = 32
"""Maximum number of requests that an application works on at once, besides queries."""


def application() -> Gateway:
    """The application for the settings of this process, which `kg serve` ends, also when a terminal closes."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    settings = {
        name: type(SETTINGS[name].default)(os.environ.get(SETTINGS[name].variable, SETTINGS[name].default))
        for name in SERVING
    }
    dataset = Dataset.at(Path(os.environ[DATASET]))
    app = create_app(dataset, settings, os.environ[QUERIES])
    gc.freeze()  # what lives as long as the process is not looked through for garbage while somebody waits
    cache = ResponseCache(Path(os.environ[CACHE]), settings["max-cache-bytes"])
    threads = settings["max-queries"] + settings["max-waiting"] * CROWD + MAX_OTHER_REQUESTS
    return Gateway(app, cache, dataset.version, threads, longest_body(settings["max-query-bytes"]), CutError)
