"""Operations: what the OpenAPI description says of a route, written beside the route.

The rule and the docstring of a route say the rest. A route without `@documented` is a document in every format.
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
    """The parameters of a query string that takes none of its own."""
    return []


@dataclass(frozen=True, slots=True)
class Operation:
    """What OpenAPI says of the GET of a route (spec.openapis.org/oas/v3.1.0, 4.8.10)."""

    produces: tuple[str, ...] = ()
    """The media types of what is not a document; none for a document."""
    others: tuple[MediaType, ...] = ()
    """The media types that a document has besides those of every document."""
    redirects: Mapping[str, str] = field(default_factory=dict)
    """By status code the descriptions of redirects, of a route that only redirects."""
    files: tuple[str, ...] = ()
    """What the variable `file` of the rule stands for."""
    by_kind: bool = False
    """Whether the route is described once for each kind."""
    path: Callable[[], Mapping[str, Json]] = dict
    """The JSON Schemas of the variables of the path, of those that are not the same in every route."""
    query: Callable[[str, Class | None], list[Json]] = no_parameters
    """The parameters of the query string by the path and the class of its kind; of a document, its own ones."""
    has_schema: bool = False
    """Whether the JSON-LD is that of a thing of the class."""
    has_ranges: bool = False
    """Whether parts can be requested (RFC 9110, 14)."""
    has_validators: bool = True
    """Whether the answer has an ETag and a time."""
    post: Callable[[], Json] | None = None
    """What is different for POST; None for a route without POST."""


def documented(**facts: Any) -> Callable[[View], View]:
    """Notes what the OpenAPI description says of a route, with the fields of Operation as keywords."""
    operation = Operation(**facts)

    def noted(view: View) -> View:
        view.operation = operation  # type: ignore[attr-defined]  # Flask registers the function itself
        return view

    return noted


def operation_of(view: Callable[..., Any]) -> Operation:
    """What is noted of a route."""
    operation: Operation = getattr(view, "operation", Operation())
    return operation


def one_of(values: Iterable[str]) -> Json:
    """The JSON Schema of a text that is one of these values; the server accepts no others."""
    return {"type": "string", "enum": [*values]}
