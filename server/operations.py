"""Operations: the description of a route for OpenAPI, which is written beside the route.

OpenAPI takes everything else from the rule and the docstring of the route. A route without `@documented` returns a
document in every format.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from kg.media import DOCUMENT, LANGUAGES, LINKSET, MediaType
from kg.model.schema import Class

Json = dict[str, Any]

View = TypeVar("View", bound=Callable[..., Any])

VARIANTS = [*(m.suffix for m in DOCUMENT), *(f"{language}.html" for language in LANGUAGES[1:]), LINKSET.suffix]
"""The suffixes of a document."""


def no_parameters(path: str, class_: Class | None) -> list[Json]:
    """No parameters: the default of `Operation.query`."""
    return []


@dataclass(frozen=True, slots=True)
class Operation:
    """The GET operation of a route in OpenAPI (spec.openapis.org/oas/v3.1.0, 4.8.10)."""

    produces: tuple[str, ...] = ()
    """The media types of a response that is not a document; empty for a document."""
    others: tuple[MediaType, ...] = ()
    """The media types of a document in addition to those of every document."""
    redirects: Mapping[str, str] = field(default_factory=dict)
    """The descriptions of redirects by status code, for a route that only redirects."""
    files: tuple[str, ...] = ()
    """The forms of the variable `file` in the rule."""
    by_kind: bool = False
    """Whether the route is described once for each kind."""
    path: Callable[[], Mapping[str, Json]] = dict
    """The JSON Schemas of the variables in the path that differ from those of other routes."""
    query: Callable[[str, Class | None], list[Json]] = no_parameters
    """The parameters of the query string, for a path and the class of its kind; for a document, only its own."""
    has_schema: bool = False
    """Whether the JSON-LD is that of a thing of the class."""
    has_ranges: bool = False
    """Whether ranges can be requested (RFC 9110, 14)."""
    has_validators: bool = True
    """Whether the response has ETag and Last-Modified."""
    post: Callable[[], Json] | None = None
    """The differences of the POST operation; None for a route without POST."""


def documented(**facts: Any) -> Callable[[View], View]:
    """Describes a route for OpenAPI; the keywords are the fields of Operation."""
    operation = Operation(**facts)

    def noted(view: View) -> View:
        view.operation = operation  # type: ignore[attr-defined]  # Flask registers the function itself
        return view

    return noted


def operation_of(view: Callable[..., Any]) -> Operation:
    """The operation of a view; the default for a view without `@documented`."""
    operation: Operation = getattr(view, "operation", Operation())
    return operation


def one_of(values: Iterable[str]) -> Json:
    """The JSON Schema of a text that is one of these values; the server accepts no others."""
    return {"type": "string", "enum": [*values]}
