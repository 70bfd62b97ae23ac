"""Content negotiation: which variant a request gets, by media type, language, encoding and profile (RFC 9110, 12)."""

import math
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import TypeVar

from kg.media import HTML, LANGUAGES, MediaType
from server.http.codings import CODINGS, Coding

Range = tuple[str, Mapping[str, str], float]
"""An element of a negotiation header, such as a media range: its value, its parameters, and its weight from 0 to 1."""

NAMED, ALIAS, GROUP, ANY, UNNAMED = 3, 2, 1, 0, -1
"""How specifically a range names a media type, with one more point for each of its parameters that matches."""

Choice = TypeVar("Choice")

ELEMENT = re.compile(r'(?:"[^"]*"|<[^<>]*>|[^,])+')
PARAMETER = re.compile(r'(?:"[^"]*"|<[^<>]*>|[^;])+')
DECIMAL_COMMA = re.compile(r"(;\s*q\s*=\s*[01]?),(\d+\s*(?=[,;]|$))", re.IGNORECASE)


@lru_cache(256)  # clients send the same few headers
def weighted(header: str | None) -> tuple[Range, ...]:
    """The elements of a negotiation header, each with its lower-case parameters and its weight.

    Weights are parsed leniently, so that no preference is lost: `q` may be in upper case, quoted, and surrounded by
    spaces; digits may be missing before or after the decimal point (`.9`, `1.`), there may be more than three of them,
    and a decimal comma is accepted. A weight outside 0 to 1 is set to the nearer bound; a weight that is not a number
    is 1.
    """
    elements = []
    for element in ELEMENT.findall(DECIMAL_COMMA.sub(r"\1.\2", header or "")):
        value, *rest = PARAMETER.findall(element) or [""]
        pairs = (each.partition("=") for each in rest)
        parameters = {name.strip().lower(): text.strip().strip('"') for name, _, text in pairs}
        weight = weight_of(parameters.pop("q", "1"))
        if value.strip():
            elements.append((value.strip(), parameters, weight))
    return tuple(elements)


def weight_of(text: str) -> float:
    """A weight from 0 to 1; 1 if it is not a number."""
    try:
        weight = float(text.replace(",", "."))
    except ValueError:
        return 1.0
    return 1.0 if math.isnan(weight) else min(max(weight, 0.0), 1.0)


@lru_cache(256)  # clients send the same few headers
def negotiate(accept: str | None, offered: tuple[MediaType, ...], default: MediaType) -> MediaType | None:
    """The acceptable media type with the highest weight, or None (RFC 9110, 12.5.1).

    Of equal weights, the most specific range wins, then the order of `offered`. If only a wildcard matches, the result
    is `default` if the wildcard includes it, else the first type that is not a page. A missing, empty or unreadable
    header results in `default`. A parameter chooses between several forms; a form that is not available does not make
    the type unacceptable: `application/ld+json;profile="…"` matches `application/ld+json`.
    """
    ranges = media_ranges(accept)
    if not ranges:
        return default
    weights = {media: _weight(media, ranges) for media in offered}
    best = max(weight for weight, _ in weights.values())
    if best <= 0:
        return None
    ties = [media for media, (weight, _) in weights.items() if weight == best]
    exactness = max(weights[media][1] for media in ties)
    exact = [media for media in ties if weights[media][1] == exactness]
    if exactness > GROUP:
        return exact[0]
    return default if default in exact else min(exact, key=lambda media: media is HTML)


def media_ranges(accept: str | None) -> list[Range]:
    """The media ranges of an Accept header; invalid ranges are ignored."""
    return [
        (value.lower(), parameters, weight) for value, parameters, weight in weighted(accept) if value.count("/") == 1
    ]


def _weight(media: MediaType, ranges: list[Range]) -> tuple[float, int]:
    """The weight of a media type, and how specifically it is named, by the most specific range that matches.

    Another name of a media type counts as much as its own name, unless its own name is refused.
    """
    applying = [(_exactness(media, range_), range_[2]) for range_ in ranges]
    exactness = max((exact for exact, _ in applying), default=UNNAMED)
    if exactness == UNNAMED:
        return 0.0, ANY
    weight = max(weight for exact, weight in applying if exact == exactness)
    if exactness >= NAMED and weight > 0:
        weight = max([weight, *(other for exact, other in applying if exact == ALIAS)])
    return weight, min(exactness, NAMED)


def _exactness(media: MediaType, range_: Range) -> int:
    name, parameters, weight = range_
    if name in media.also:
        return ALIAS
    if name == media.name:
        right = sum(parameters.get(key, "").lower() == value for key, value in media.parameters.items())
        wrong = len(parameters) - right
        return UNNAMED if wrong and weight == 0 else NAMED + right  # an unavailable form may be refused
    if name == f"{media.name.partition('/')[0]}/*":
        return GROUP
    return ANY if name == "*/*" else UNNAMED


def negotiate_language(accept: str | None, offered: tuple[str, ...] = LANGUAGES) -> str:
    """The language of a page by lookup (RFC 4647, 3.4): `de-AT` matches `de`; the first language is the default."""
    wanted = [(value.lower().replace("_", "-"), weight) for value, _, weight in weighted(accept)]
    refused = {value for value, weight in wanted if weight == 0}
    for value, weight in sorted(wanted, key=lambda pair: -pair[1]):
        if not weight:
            break
        if value == "*":
            return next((language for language in offered if language not in refused), offered[0])
        parts = value.split("-")
        for length in range(len(parts), 0, -1):
            if "-".join(parts[:length]) in offered and "-".join(parts[:length]) not in refused:
                return "-".join(parts[:length])
    return offered[0]


def negotiate_coding(accept: str | None) -> Coding | None:
    """The content coding with the highest weight (RFC 9110, 12.5.3); None for no coding, also without a header."""
    weights = {value.lower(): weight for value, _, weight in weighted(accept)}
    weights["gzip"] = weights.get("gzip", weights.get("x-gzip", weights.get("*", 0)))
    best = max(CODINGS, key=lambda coding: weights.get(coding.name, weights.get("*", 0)))
    weight = weights.get(best.name, weights.get("*", 0))
    return best if weight > 0 and weight >= weights.get("identity", 0) else None


def accepts_gzip(accept: str | None) -> bool:
    """True if the coding gzip is acceptable and has at least the weight of no coding (RFC 9110, 12.5.3)."""
    weights = {value.lower(): weight for value, _, weight in weighted(accept)}
    weight = weights.get("gzip", weights.get("x-gzip", weights.get("*", 0)))
    return bool(weight > 0 and weight >= weights.get("identity", 0))


def negotiate_profile(accept: str | None, offered: Iterable[tuple[str, Choice]]) -> Choice | None:
    """The profile with the highest weight (w3.org/TR/dx-prof-conneg, 7.2); None if the client requests none."""
    wanted = sorted(weighted(accept), key=lambda element: -element[2])
    known = dict(offered)
    return next((known[iri.strip("<>")] for iri, _, weight in wanted if weight and iri.strip("<>") in known), None)
