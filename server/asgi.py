"""The ASGI application, which takes its settings and the dataset from the environment."""

import gc
import os
from pathlib import Path

from kg.dataset.layout import Dataset
from kg.settings import SETTINGS
from kg.sparql.engine import CutError
from server.app import SERVING, create_app
from server.holder import Holder
from server.http.events import Events
from server.http.gateway import Gateway
from server.http.response_cache import ResponseCache
from server.queries.host import CROWD
from server.resources.sparql import longest_body
from server.site import Site
from server.state import State
from server.takeover import Follower

DATASET, QUERIES, CACHE, STATE = "KG_DATASET", "KG_QUERIES", "KG_RESPONSE_CACHE", "KG_STATE"
"""The environment variables that name the directory of the version that is served first, the address of the query host,
the directory of the response cache, and the file with the state of the server."""

MAX_OTHER_REQUESTS = 32
"""Maximum number of concurrent requests, in addition to queries."""


def application() -> Gateway:
    """The application for the settings of this process, which follows the current version of the dataset."""
    settings = {
        name: type(SETTINGS[name].default)(os.environ.get(SETTINGS[name].variable, SETTINGS[name].default))
        for name in SERVING
    }
    directory, events = Path(os.environ[DATASET]), Events()
    state_file = Path(os.environ[STATE])
    holder = Holder(state_file.parent)
    app = create_app(holder.hold(Dataset.at_or_current(directory)), settings, os.environ[QUERIES])

    def publish(site: Site, state: State) -> None:
        events.publish("version", {"version": site.dataset.version, "identity": site.identity})
        if state.check:
            events.publish("check", state.check)
        if state.is_ending:
            events.end()

    follower = Follower(app, directory.parent, state_file, holder, publish)
    gc.freeze()  # excludes permanent objects from garbage collection during requests
    follower.start()
    cache = ResponseCache(Path(os.environ[CACHE]), settings["max-cache-bytes"])
    threads = settings["max-queries"] + settings["max-waiting"] * CROWD + MAX_OTHER_REQUESTS
    most = longest_body(settings["max-query-bytes"])
    return Gateway(app, cache, lambda: app.extensions["site"], threads, most, CutError, events)
