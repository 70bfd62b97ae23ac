"""Hooks: functions that run before and after every request."""

import io

from flask import Flask, Response, abort, current_app, request
from werkzeug.exceptions import HTTPException, NotFound, PreconditionFailed, RequestURITooLarge

from server import errors
from server.documents import moved
from server.errors import BadQueryError, UnknownCodingError
from server.http import conditional as conditions
from server.http.codings import DECODERS, MAX_CODINGS, TooLongError, UndecodableError, decode
from server.http.gateway import REFUSED
from server.http.links import fit
from server.http.negotiation import weighted
from server.pages.missing import missing
from server.resources.sparql import longest_body

CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, HEAD, POST, QUERY, OPTIONS",
    "Access-Control-Allow-Headers": "*, Authorization, Content-Type, Content-Encoding, Accept-Profile, If-None-Match",
    "Access-Control-Expose-Headers": "*, Link, ETag, Content-Location, Content-Profile, Vary, Retry-After",
    "Access-Control-Max-Age": "86400",
}
"""Permissions for pages of other sites: everything that needs no credentials (fetch.spec.whatwg.org, CORS protocol).

`*` does not include Authorization, and older browsers take it for a name, so some names are listed as well. Max-Age is
a day, in seconds.
"""

POLICY = (
    "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; font-src 'self'; "
    "img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

QUERIES = "application/sparql-query, application/x-www-form-urlencoded"
"""The value of Accept-Query: the media types of the body of a QUERY request (RFC 10008)."""

ENDPOINT = "sparql.sparql"
"""The endpoint that accepts queries by the method QUERY."""


def register(app: Flask) -> None:
    """Registers these functions with the app."""
    app.before_request(admit)
    app.register_error_handler(NotFound, without_slash)
    app.after_request(finish)


# ── Before ───────────────────────────────────────────────────────────────────────────────────────────────────────


def admit() -> Response | None:
    """Refuses malformed requests, answers preflight requests for every address, and decodes bodies."""
    if refused := request.environ.get(REFUSED):
        abort(*refused)
    if request.method == "OPTIONS" and request.routing_exception is not None:
        asks = "Access-Control-Request-Method" in request.headers or request.path == "/*"
        return Response(status=204, mimetype="") if asks else None
    if request.method in ("POST", "QUERY") and request.routing_exception is None:
        decode_body(longest_body(current_app.config["max-query-bytes"]))
    return None


def decode_body(most: int) -> None:
    """Removes the content codings from the body of the request, which has at most `most` bytes (RFC 9110, 8.4).

    Raises UnknownCodingError, or BadQueryError for a body that is invalid in its coding or too long.
    """
    codings = [value.lower() for value, _, _ in weighted(request.headers.get("Content-Encoding"))]
    if not codings:
        return
    if len(codings) > MAX_CODINGS or not {*codings} <= {"identity", *DECODERS}:
        raise UnknownCodingError(codings, MAX_CODINGS, DECODERS)
    try:
        body = request.environ["wsgi.input"].read(most + 1)
        for coding in ("identity", *reversed(codings)):
            body = decode(body, coding, most)
    except TooLongError as error:
        raise BadQueryError(413, f"The body of a request must not exceed {most} bytes, even after decoding.") from error
    except UndecodableError as error:
        raise BadQueryError(
            400, f"The body is not valid {', '.join(codings)}, which Content-Encoding declares: {error}."
        ) from error
    request.environ["wsgi.input"] = io.BytesIO(body)


def without_slash(error: NotFound) -> Response:
    """A redirect to the address without trailing slashes if it exists; else the error, with suggestions."""
    path = f"/{request.path.strip('/')}"  # with two slashes at its start, it would be the address of another host
    if request.path.endswith("/") and exists(path):
        return moved(path, 301 if request.method in ("GET", "HEAD") else 308)
    return errors.answer(missing(error))


def exists(path: str) -> bool:
    """True if a path exists, even if its resource cannot be returned as this request requires."""
    try:
        adapter = current_app.url_map.bind_to_environ(request.environ)
        endpoint, values = adapter.match(path, request.method)
        if values:  # a route without values always exists
            current_app.ensure_sync(current_app.view_functions[endpoint])(**values).close()
    except NotFound:
        return False
    except HTTPException:
        pass
    return True


# ── After ────────────────────────────────────────────────────────────────────────────────────────────────────────


def finish(response: Response) -> Response:
    """Completes a response: conditions, common headers, and a header block within the size limit."""
    response = with_common_headers(under_conditions(response))
    if not fit(response.headers):
        response.close()
        detail = "The address of the redirect is too long for a header. Send a long query to /sparql by POST."
        response = with_common_headers(errors.answer(RequestURITooLarge(detail)))
    return response


def under_conditions(response: Response) -> Response:
    """The response, or a 304 or 412 if the conditions of the request require it."""
    if response.status_code not in (200, 206):
        return response
    status = conditions.outcome(request.environ, response.headers)
    if status == 304:
        response.status_code = 304
    if status == 412:
        response.close()
        detail = "The resource does not meet the conditions of the request (If-Match, If-Unmodified-Since)."
        return errors.answer(PreconditionFailed(detail))
    return response


def with_common_headers(response: Response) -> Response:
    """Adds the headers of all responses: CORS without credentials, and a policy against loading external content."""
    response.headers.update(CORS)
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "same-origin"
    if request.endpoint == ENDPOINT:
        response.headers["Accept-Query"] = QUERIES
    return response
