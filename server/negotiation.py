"""Content negotiation: which variant a request gets, by media type, language, encoding and profile (RFC 9110, 12)."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import TypeVar

from werkzeug.datastructures import Accept
from werkzeug.http import parse_accept_header, parse_options_header

from kg.media import LANGUAGES, MediaType
from server.codings import CODINGS, Coding

Range = tuple[str, Mapping[str, str], float]
"""A media range: `type/subtype` in small letters, its parameters, its weight from 0 to 1."""

NAMED, ALIAS, GROUP, ANY, UNNAMED = 3, 2, 1, 0, -1
"""How exactly a range names a media type; one point more for each parameter that it rightly gives."""

Choice = TypeVar("Choice")


@lru_cache(256)  # clients send the same few headers
def negotiate(accept: str | None, offered: tuple[MediaType, ...], default: MediaType) -> MediaType | None:
    """The acceptable media type of the greatest weight, or None (RFC 9110, 12.5.1).

    Ties go to what is named most exactly, then to the order of `offered`; what matches by `*/*` alone, and a header
    that is missing, empty or unreadable, get `default`. A parameter says which of several forms is wanted; a form that
    is not there does not make the type unacceptable: `application/ld+json;profile="…"` is `application/ld+json`.
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
    return default if exactness == ANY and default in exact else exact[0]


def media_ranges(accept: str | None) -> list[Range]:
    """The media ranges of an Accept header; what is none is passed over."""
    found: list[Range] = []
    for value, weight in parse_accept_header(accept, Accept):
        name, parameters = parse_options_header(value)
        if name.count("/") == 1:
            found.append((name.strip().lower(), parameters, weight))
    return found


def _weight(media: MediaType, ranges: list[Range]) -> tuple[float, int]:
    """The weight of a media type and how exactly it was named: the most exact range that applies counts."""
    applying = [(_exactness(media, range_), range_[2]) for range_ in ranges]
    exactness = max((exact for exact, _ in applying), default=UNNAMED)
    if exactness == UNNAMED:
        return 0.0, ANY
    return max(weight for exact, weight in applying if exact == exactness), min(exactness, NAMED)


def _exactness(media: MediaType, range_: Range) -> int:
    name, parameters, weight = range_
    if name in media.also:
        return ALIAS
    if name == media.name:
        right = sum(parameters.get(key, "").lower() == value for key, value in media.parameters.items())
        wrong = len(parameters) - right
        return UNNAMED if wrong and weight == 0 else NAMED + right  # a form that is not offered may be refused
    if name == f"{media.name.partition('/')[0]}/*":
        return GROUP
    return ANY if name == "*/*" else UNNAMED


def negotiate_language(accept: str | None, offered: tuple[str, ...] = LANGUAGES) -> str:
    """The language of a page, by lookup (RFC 4647, 3.4): `de-AT` gets `de`; never none, the first is the fallback."""
    wanted = [(value.lower().replace("_", "-"), weight) for value, weight in parse_accept_header(accept, Accept)]
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
    """The content coding of the greatest weight, None for none (RFC 9110, 12.5.3); without a header, none."""
    weights = {value.lower(): weight for value, weight in parse_accept_header(accept, Accept)}
    weights["gzip"] = weights.get("gzip", weights.get("x-gzip", weights.get("*", 0)))
    best = max(CODINGS, key=lambda coding: weights.get(coding.name, weights.get("*", 0)))
    weight = weights.get(best.name, weights.get("*", 0))
    return best if weight > 0 and weight >= weights.get("identity", 0) else None


def accepts_gzip(accept: str | None) -> bool:
    """True if the coding gzip is taken, and no less gladly than none (RFC 9110, 12.5.3)."""
    weights = {value.lower(): weight for value, weight in parse_accept_header(accept, Accept)}
    weight = weights.get("gzip", weights.get("x-gzip", weights.get("*", 0)))
    return bool(weight > 0 and weight >= weights.get("identity", 0))


def negotiate_profile(accept: str | None, offered: Iterable[tuple[str, Choice]]) -> Choice | None:
    """The profile of the greatest weight, by IRI (w3.org/TR/dx-prof-conneg, 7.2); None where none is asked for."""
    wanted = sorted(parse_accept_header(accept, Accept), key=lambda pair: -pair[1])
    known = dict(offered)
    return next((known[iri.strip("<>")] for iri, weight in wanted if weight and iri.strip("<>") in known), None)
