"""Errors: every error is a problem detail for programs (RFC 9457), a page for browsers, or plain text."""

import json
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from flask import Flask, Response, current_app, g, render_template, request
from werkzeug.exceptions import HTTPException, InternalServerError

from kg.media import HTML, LANGUAGES, TEXT, MediaType
from server.http.negotiation import negotiate
from server.languages import language

PROBLEM = MediaType("application/problem+json", "json", "problem details", also=("application/json",))


class ProblemError(HTTPException):
    """An error with a problem type and other members besides its status (RFC 9457, 3.1.1 and 3.2)."""

    type = "about:blank"
    more: dict[str, Any]


class NotAcceptableError(ProblemError):
    """Raised when no variant of a document matches Accept. The response lists the available variants."""

    code = 406

    def __init__(self, offered: tuple[MediaType, ...], path: str | None = None) -> None:
        super().__init__("This resource is not available in any of the media types that you accept.")
        variants = [
            {"type": m.name, **({"url": f"{request.script_root}/{path}.{m.suffix}"} if path else {})} for m in offered
        ]
        self.more = {"variants": variants}


class GoneError(ProblemError):
    """Raised when a thing was withdrawn. The response gives the date, the reason and the replacement."""

    code = 410

    def __init__(self, path: str, date: str, reason: str, replaced_by: str | None) -> None:
        by = f"{request.script_root}/doc/{replaced_by}" if replaced_by else None
        replacement = f" It was replaced by {replaced_by}." if by else ""
        super().__init__(f"{path} was withdrawn on {date}: {reason}.{replacement}")
        self.more = {"withdrawn": {"path": path, "date": date, "reason": reason, "replacedBy": by}}

    def get_headers(self, *arguments: Any) -> list[tuple[str, str]]:
        """The headers, with a link to the replacement of the thing (RFC 5829, 3.2)."""
        by = self.more["withdrawn"]["replacedBy"]
        return [*super().get_headers(*arguments), *([("Link", f'<{by}>; rel="successor-version"')] if by else [])]


class CursorError(ProblemError):
    """Raised when a cursor does not name a member of a collection. The response links to the first page (`first`)."""

    code = 400

    def __init__(self, detail: str, first: str) -> None:
        super().__init__(detail)
        self.more = {"first": f"{request.script_root}/{first}"}

    def get_headers(self, *arguments: Any) -> list[tuple[str, str]]:
        """The headers, with a link to the first page."""
        return [*super().get_headers(*arguments), ("Link", f'<{self.more["first"]}>; rel="first"')]


class BadQueryError(ProblemError):
    """Raised when a request violates the SPARQL 1.1 Protocol or its query is invalid; `code` is the HTTP status."""

    def __init__(self, code: int, detail: str, **more: Any) -> None:
        super().__init__(detail)
        self.code = code
        self.more = more


class LimitError(ProblemError):
    """Raised when a query exceeds a limit. The problem type is the address of the description of the limit.

    If the likely cause is known, `more` gives its place in the query and a cheaper way to write it. `after` is the
    number of seconds after which the client may try again.
    """

    code = 503

    def __init__(self, type_: str, detail: str, after: int, **more: Any) -> None:
        super().__init__(detail)
        self.type = type_
        self.more = more
        self.retry_after = after

    def get_headers(self, *arguments: Any) -> list[tuple[str, str]]:
        """The headers, with the seconds after which to try again (RFC 9110, 10.2.3)."""
        return [*super().get_headers(*arguments), ("Retry-After", str(self.retry_after))]


class UnknownCodingError(ProblemError):
    """Raised for a body in unsupported content codings. The response lists the supported ones (RFC 9110, 15.5.16)."""

    code = 415

    def __init__(self, codings: list[str], most: int, known: Iterable[str]) -> None:
        self.known = ", ".join(known)
        super().__init__(
            f"A body must be sent without a content coding or with at most {most} of {self.known}, "
            f"not with {', '.join(codings)}."
        )
        self.more = {}

    def get_headers(self, *arguments: Any) -> list[tuple[str, str]]:
        """The headers, with the supported codings."""
        return [*super().get_headers(*arguments), ("Accept-Encoding", self.known)]


def register(app: Flask) -> None:
    """Makes the app answer every error in one of these forms."""
    app.register_error_handler(HTTPException, answer)
    app.register_error_handler(Exception, fault)


def answer(error: HTTPException) -> Response:
    """The response for an HTTP error: a problem detail, a page or plain text, as the client accepts."""
    status = HTTPStatus(error.code or 500)
    detail = {
        "type": error.type if isinstance(error, ProblemError) else "about:blank",
        "title": status.phrase,
        "status": status.value,
        "detail": error.description or status.description,
    }
    detail |= error.more if isinstance(error, ProblemError) else {}
    g.links = []
    chosen = negotiate(request.headers.get("Accept"), (HTML, PROBLEM, TEXT), PROBLEM) or PROBLEM
    response = Response(written(detail, chosen), status, content_type=chosen.content_type)
    response.content_language.add(language() if chosen is HTML else LANGUAGES[0])
    for name, value in error.get_headers(request.environ):
        if name.lower() not in ("content-type", "content-length"):
            response.headers[name] = value
    response.vary.update(("Accept", "Accept-Language"))
    response.headers["Cache-Control"] = "no-store"
    return response


def written(detail: dict[str, Any], media: MediaType) -> str:
    """A problem detail as a page, as JSON or as plain text."""
    if media is HTML:
        return render_template("error.html", **detail)
    if media is PROBLEM:
        return json.dumps(detail, ensure_ascii=False, indent=2) + "\n"
    variants = [f"{v['type']} {v.get('url', '')}".rstrip() for v in detail.get("variants", ())]
    meant = [f"{each['label']} {each['href']}" for each in detail.get("suggestions", ())]
    return "\n".join([f"{detail['status']} {detail['title']}", detail["detail"], *variants, *meant]) + "\n"


def fault(error: Exception) -> Response:
    """The response for an unexpected exception. The log has the details; the response does not."""
    current_app.logger.exception("unhandled error", exc_info=error)
    return answer(InternalServerError("The server encountered an internal error, which has been logged."))
