"""Content negotiation: which of the media types on offer a request gets (RFC 9110, 12.5.1)."""

from werkzeug.datastructures import MIMEAccept
from werkzeug.http import parse_accept_header

from kg.media import MediaType


def negotiate(accept: str | None, offered: tuple[MediaType, ...], default: MediaType) -> MediaType | None:
    """The acceptable media type of the greatest weight, or None.

    Ties go to what is named most exactly, then to the order of `offered`; what matches by `*/*` alone, and a header
    that is missing, empty or unreadable, get `default`.
    Parameters other than the weight are not asked for: `text/turtle;charset=utf-8` is `text/turtle`.
    """
    ranges = [
        (value.partition(";")[0].strip().lower(), weight) for value, weight in parse_accept_header(accept, MIMEAccept)
    ]
    if not ranges:
        return default
    weights = {media: _weight(media, ranges) for media in offered}
    best = max(weight for weight, _ in weights.values())
    if best <= 0:
        return None
    ties = [media for media, (weight, _) in weights.items() if weight == best]
    exactness = max(weights[media][1] for media in ties)
    exact = [media for media in ties if weights[media][1] == exactness]
    return default if exactness == 0 and default in exact else exact[0]


def _weight(media: MediaType, ranges: list[tuple[str, float]]) -> tuple[float, int]:
    """The weight of a media type and how exactly it was named: 2 by name, 1 by `type/*`, 0 by `*/*` or not at all."""
    exactness_of = {"*/*": 0, f"{media.name.partition('/')[0]}/*": 1, media.name: 2, **dict.fromkeys(media.also, 2)}
    found = [(exactness_of[value], weight) for value, weight in ranges if value in exactness_of]
    exactness = max((exactness for exactness, _ in found), default=0)
    return max((weight for e, weight in found if e == exactness), default=0.0), exactness
