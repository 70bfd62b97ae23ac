"""Conditions: conditional requests, which depend on whether the client's copy is current (RFC 9110, 13)."""

from wsgiref.types import WSGIEnvironment

from flask import Response
from werkzeug.datastructures import Headers
from werkzeug.http import parse_date, parse_etags, unquote_etag

SAFE = ("GET", "HEAD", "QUERY")
"""The methods whose conditions are evaluated, because they request a representation (13.2.1; for QUERY, RFC 10008)."""


class DatedResponse(Response):
    """A response whose 304 includes Last-Modified, which Werkzeug omits (RFC 9110, 15.4.5)."""

    def get_wsgi_headers(self, environ: WSGIEnvironment) -> Headers:
        headers = super().get_wsgi_headers(environ)
        if self.status_code == 304 and self.last_modified:
            headers["Last-Modified"] = self.headers["Last-Modified"]
        return headers


def outcome(environ: WSGIEnvironment, headers: Headers) -> int:
    """The status of a response with these headers: 200, 304 or 412, by the order of precedence (13.2.2).

    If-Match uses the strong comparison (13.1.1), If-None-Match the weak one (13.1.2). Invalid dates are ignored, and so
    are conditions on a time if the response has none.
    """
    if environ["REQUEST_METHOD"] not in SAFE:
        return 200
    etag, weak = unquote_etag(headers.get("ETag"))
    modified = parse_date(headers.get("Last-Modified"))
    if "HTTP_IF_MATCH" in environ:
        wanted = parse_etags(environ["HTTP_IF_MATCH"])
        if not wanted.star_tag and (weak or etag is None or not wanted.is_strong(etag)):
            return 412
    elif modified and (date := parse_date(environ.get("HTTP_IF_UNMODIFIED_SINCE"))) and modified > date:
        return 412
    if "HTTP_IF_NONE_MATCH" in environ:
        known = parse_etags(environ["HTTP_IF_NONE_MATCH"])
        return 304 if known.star_tag or (etag is not None and known.contains_weak(etag)) else 200
    date = parse_date(environ.get("HTTP_IF_MODIFIED_SINCE"))
    return 304 if modified and date and modified <= date else 200


def wanted_range(environ: WSGIEnvironment, headers: Headers) -> str | None:
    """The Range of a request if it applies: for GET only, if If-Range allows it (13.1.5) and no condition fails.

    If-Range is a strong validator, or the very date of Last-Modified; our dates are those of sources, long past.
    """
    condition = environ.get("HTTP_IF_RANGE")
    if environ["REQUEST_METHOD"] != "GET" or outcome(environ, headers) != 200:
        return None
    fresh = condition is None or condition in (headers.get("ETag"), headers.get("Last-Modified"))
    return environ.get("HTTP_RANGE") if fresh and not (condition or "").startswith("W/") else None
