"""The ASGI application, which takes its settings and the dataset from the environment."""

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
"""The environment variables that name the directory of the served version, so that all workers serve the same version;
the address of the query host; and the directory of the response cache."""

MAX_OTHER_REQUESTS = 32
"""Maximum number of concurrent requests, in addition to queries."""


def application() -> Gateway:
    """The application for the settings of this process. `kg serve` ends the process, even if a terminal is closed."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    settings = {
        name: type(SETTINGS[name].default)(os.environ.get(SETTINGS[name].variable, SETTINGS[name].default))
        for name in SERVING
    }
    dataset = Dataset.at(Path(os.environ[DATASET]))
    app = create_app(dataset, settings, os.environ[QUERIES])
    gc.freeze()  # excludes permanent objects from garbage collection during requests
    cache = ResponseCache(Path(os.environ[CACHE]), settings["max-cache-bytes"])
    threads = settings["max-queries"] + settings["max-waiting"] * CROWD + MAX_OTHER_REQUESTS
    return Gateway(app, cache, dataset.version, threads, longest_body(settings["max-query-bytes"]), CutError)
