"""Negotiation: the media type that a request gets."""

import pytest

from kg.media import DOCUMENT, HTML, JSON_LD, N_TRIPLES, RDF_XML, TURTLE, MediaType
from server.negotiation import negotiate, negotiate_coding, negotiate_language, negotiate_profile, weighted

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


@pytest.mark.parametrize(
    ("written", "weight"),
    [
        ("", 1), (";q=1", 1), (";q=0", 0), (";q=.9", 0.9), (";q=1.", 1), (";q=0.", 0), (";q=0.12345", 0.12345),
        (";Q=0.5", 0.5), (" ; q = 0.5 ", 0.5), (';q="0.5"', 0.5), (";q=0,5", 0.5), (';q="0,5"', 0.5), (";q=,5", 0.5),
        (";q=1,0", 1), (";q=5e-1", 0.5), (";q=+0.5", 0.5), (";q=2", 1), (";q=1.5", 1), (";q=99999", 1), (";q=-1", 0),
        (";q=-0.0", 0), (";q=", 1), (";q", 1), (";q=x", 1), (";q=nan", 1), (";q=inf", 1), (";q=0.5.5", 1), (";", 1),
        (";;q=0.5", 0.5), (";x=y;q=0.5", 0.5), (";q=0.5;x=y", 0.5), (';x=";q=0.1";q=0.5', 0.5), (";q=0.0001", 0.0001),
    ],
)  # fmt: skip
def test_a_weight_is_read_leniently(written: str, weight: float) -> None:
    for value in ("text/turtle", "de", "gzip", "<https://example.org/a,b;q=0>", "*"):
        for header in (value + written, f"{value}{written}, x/y;q=0.3", f"x/y;q=0.3,{value}{written}"):
            found = {name: found for name, _, found in weighted(header)}
            assert found == ({value: weight} if header == value + written else {value: weight, "x/y": 0.3})


def test_what_weighs_nothing_is_refused_and_the_rest_is_in_order() -> None:
    assert negotiate("text/turtle;q=.1, application/n-triples;q=.2", DOCUMENT, TURTLE) is N_TRIPLES
    assert negotiate("text/turtle;q=-1", DOCUMENT, TURTLE) is None
    assert negotiate_language("de;q=.1, fr;q=.2") == "fr"
    assert negotiate_language("de;q=0.0, *;q=.5", ("de", "fr")) == "fr"
    coding = negotiate_coding("gzip;q=.1, br;q=.2")
    assert coding is not None
    assert coding.name == "br"
    assert negotiate_coding("gzip;q=.0") is None
    assert negotiate_profile("<a>;q=.1, <b>;q=.2", [("a", 1), ("b", 2)]) == 2


@pytest.mark.parametrize("text", ['"', "<", '\\"', ";", ",", "a;q=0", ";q=0,1", '"<', "a;q=", " ", "; q"])
def test_a_header_without_sense_is_read_at_once(text: str) -> None:
    assert len(weighted(text * 50_000)) <= 50_001
