"""Events: a stream of server-sent events about the dataset and, if its sources are watched, about their problems."""

from flask import Blueprint, Response, request
from werkzeug.exceptions import ServiceUnavailable

from server.http.events import EVENTS, MEDIA_TYPE, Events
from server.operations import documented

blueprint = Blueprint("events", __name__)

RETRY_AFTER = 30
"""Seconds after which a client that is refused may try again."""


class EventStream(Response):
    """A response whose body is a stream of events."""

    implicit_sequence_conversion = False


@blueprint.get("/events")
@documented(produces=(MEDIA_TYPE,), has_validators=False)
def events() -> Response:
    """Streams an event `version` when the dataset changes, and `check` when the watched sources were checked."""
    current: Events = request.environ.get(EVENTS) or Events()
    if current.is_full:
        raise ServiceUnavailable("Too many clients follow the events of this server.", retry_after=RETRY_AFTER)
    response = EventStream(iter([current.current]), content_type=MEDIA_TYPE)
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Accel-Buffering"] = "no"  # a proxy must not wait for more (nginx.org, proxy_buffering)
    return response
