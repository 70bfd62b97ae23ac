"""Errors: one shape for all, a problem detail for machines (RFC 9457) and a readable page for browsers."""

import json
from http import HTTPStatus

from flask import Flask, Response, current_app, render_template, request
from werkzeug.exceptions import HTTPException, InternalServerError

from kg.media import HTML, MediaType
from server.negotiation import negotiate

PROBLEM = MediaType("application/problem+json", "json", "problem details", also=("application/json",))


class NotAcceptableError(HTTPException):
    """Raised when Accept leaves no variant of a document; the answer lists what there is."""

    code = 406

    def __init__(self, offered: tuple[MediaType, ...], path: str | None = None) -> None:
        super().__init__("None of the media types you accept is offered here.")
        self.variants = [
            {"type": m.name, **({"url": f"{request.script_root}/{path}.{m.suffix}"} if path else {})} for m in offered
        ]


class BadQueryError(HTTPException):
    """Raised when a request does not follow the SPARQL 1.1 Protocol, or its query is none; `code` is set by case."""

    def __init__(self, code: int, detail: str) -> None:
        super().__init__(detail)
        self.code = code


def register(app: Flask) -> None:
    """Makes the app answer every error in this shape."""
    app.register_error_handler(HTTPException, answer)
    app.register_error_handler(Exception, fault)


def answer(error: HTTPException) -> Response:
    """An HTTP error as a problem detail or as a page, by what the client accepts."""
    status = HTTPStatus(error.code or 500)
    detail = {
        "type": "about:blank",
        "title": status.phrase,
        "status": status.value,
        "detail": error.description or status.description,
    }
    variants = getattr(error, "variants", None)
    if variants:
        detail["variants"] = variants
    chosen = negotiate(request.headers.get("Accept"), (HTML, PROBLEM), PROBLEM) or PROBLEM
    if chosen is HTML:
        response = Response(render_template("error.html", **detail), status, content_type=HTML.content_type)
    else:
        body = json.dumps(detail, ensure_ascii=False, indent=2) + "\n"
        response = Response(body, status, content_type=PROBLEM.name)
    for name, value in error.get_headers(request.environ):
        if name.lower() not in ("content-type", "content-length"):
            response.headers[name] = value
    response.vary.add("Accept")
    response.headers["Cache-Control"] = "no-store"
    return response


def fault(error: Exception) -> Response:
    """A fault of ours: logged in full, told in general."""
    current_app.logger.exception("unhandled error", exc_info=error)
    return answer(InternalServerError("The server has a fault; it has been logged."))
