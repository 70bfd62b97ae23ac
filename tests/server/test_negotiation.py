"""Negotiation: the media type that a request gets."""

import pytest

from kg.media import DOCUMENT, HTML, JSON_LD, N_TRIPLES, RDF_XML, TURTLE, MediaType
from server.negotiation import negotiate

FIREFOX = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, TURTLE),
        ("", TURTLE),
        ("*/*", TURTLE),
        ("image/png, */*;q=0.1", TURTLE),
        (FIREFOX, HTML),
        ("text/html", HTML),
        ("text/*", HTML),
        ("text/turtle", TURTLE),
        ("TEXT/Turtle", TURTLE),
        ("text/turtle;charset=utf-8", TURTLE),
        ("application/ld+json", JSON_LD),
        ('application/ld+json;profile="http://www.w3.org/ns/json-ld#compacted"', JSON_LD),
        ("application/json", JSON_LD),
        ("application/rdf+xml, text/html;q=0.5", RDF_XML),
        ("text/turtle;q=0.5, application/n-triples;q=0.9", N_TRIPLES),
        ("application/rdf+xml, text/turtle", TURTLE),
        ("text/turtle;q=0, */*", HTML),
        ("*/*;q=0.5, text/html;q=0", TURTLE),
        ("application/json, text/plain, */*", JSON_LD),
        ("text/turtle, */*", TURTLE),
        ("image/png", None),
        ("text/turtle;q=0", None),
        ("*/*;q=0", None),
    ],
)
def test_accept_chooses(accept: str | None, expected: MediaType | None) -> None:
    assert negotiate(accept, DOCUMENT, TURTLE) is expected
