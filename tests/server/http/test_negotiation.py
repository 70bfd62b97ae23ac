"""Negotiation: the media type that a request gets."""

import pytest

from kg.media import (
    BOOLEAN,
    CSV,
    DOCUMENT,
    HTML,
    JSON_LD,
    N_QUADS,
    N_TRIPLES,
    RDF,
    RDF_XML,
    SOLUTIONS,
    SPARQL_JSON,
    SPARQL_XML,
    TRIG,
    TSV,
    TURTLE,
    MediaType,
)
from server.http.negotiation import negotiate, negotiate_coding, negotiate_language, negotiate_profile, weighted

FIREFOX = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"
BROWSERS = (
    FIREFOX,
    f"{FIREFOX},application/signed-exchange;v=b3;q=0.7",
    "application/xml,application/xhtml+xml,text/html;q=0.9,text/plain;q=0.8,image/png,*/*;q=0.5",
    "text/html, application/xhtml+xml, image/jxr, */*",
    "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "text/html, text/plain, text/sgml, text/css, application/xhtml+xml, */*;q=0.01",
    "application/xhtml+xml",
)
"""What browsers send: Firefox, Chromium, old and new ones of WebKit, Edge, lynx."""


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, TURTLE),
        ("", TURTLE),
        ("*/*", TURTLE),
        ("image/png, */*;q=0.1", TURTLE),
        (FIREFOX, HTML),
        ("text/html", HTML),
        ("text/*", TURTLE),
        ("application/*", JSON_LD),
        ("text/*, text/turtle;q=0", HTML),
        ("text/turtle", TURTLE),
        ("TEXT/Turtle", TURTLE),
        ("text/turtle;charset=utf-8", TURTLE),
        ("application/ld+json", JSON_LD),
        ('application/ld+json;profile="http://www.w3.org/ns/json-ld#compacted"', JSON_LD),
        ("application/json", JSON_LD),
        ("application/rdf+xml, text/html;q=0.5", RDF_XML),
        ("text/turtle;q=0.5, application/n-triples;q=0.9", N_TRIPLES),
        ("application/rdf+xml, text/turtle", TURTLE),
        ("text/turtle;q=0, */*", JSON_LD),
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


@pytest.mark.parametrize("accept", BROWSERS)
@pytest.mark.parametrize("offered", [DOCUMENT, (HTML, *RDF), (HTML, *SOLUTIONS), (HTML, *BOOLEAN)], ids=len)
def test_a_browser_gets_the_page(accept: str, offered: tuple[MediaType, ...]) -> None:
    assert negotiate(accept, offered, offered[1]) is HTML


@pytest.mark.parametrize(
    ("offered", "accept", "expected"),
    [
        *((RDF, name, TURTLE) for name in ("text/n3", "text/rdf+n3", "application/n3", "application/x-turtle")),
        *((RDF, name, N_TRIPLES) for name in ("text/plain", "text/ntriples", "text/plain; charset=us-ascii")),
        *((RDF, name, RDF_XML) for name in ("application/xml", "text/xml", "TEXT/XML;charset=utf-8")),
        *((RDF, name, TRIG) for name in ("application/x-trig", "text/trig")),
        *((RDF, name, N_QUADS) for name in ("text/x-nquads", "text/nquads", "application/nquads")),
        *((RDF, name, JSON_LD) for name in ("application/json", "application/x-json+ld")),
        *((SOLUTIONS, name, SPARQL_XML) for name in ("application/xml", "text/xml")),
        *((BOOLEAN, name, SPARQL_XML) for name in ("application/xml", "text/xml")),
        (SOLUTIONS, "application/json", SPARQL_JSON),
        (SOLUTIONS, "application/csv", CSV),
        (SOLUTIONS, "text/tsv", TSV),
        (SOLUTIONS, "text/*", CSV),
        (SOLUTIONS, "application/*", SPARQL_JSON),
        (BOOLEAN, "application/*", SPARQL_JSON),
        (BOOLEAN, "text/*", HTML),
        (RDF, "text/*", TURTLE),
        (RDF, "application/*", JSON_LD),
        (RDF, "text/*;q=0.5, application/*", JSON_LD),
        (RDF, "text/plain, */*;q=0.1", N_TRIPLES),
        (RDF, "application/xml;q=0.9, application/rdf+xml;q=0.1, text/turtle;q=0.5", RDF_XML),
        (RDF, "application/rdf+xml;q=0, application/xml, text/turtle;q=0.5", TURTLE),
        (SOLUTIONS, "text/turtle", None),
        (RDF, "text/csv", None),
    ],
)
def test_each_form_has_its_other_names_and_goes_before_the_page(
    offered: tuple[MediaType, ...], accept: str, expected: MediaType | None
) -> None:
    assert negotiate(accept, (HTML, *offered), offered[0]) is expected


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
