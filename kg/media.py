"""Media types: the table of all formats in which graphs and query results can be written.

The order is the order of preference among types of equal weight.
"""

from dataclasses import dataclass

from pyoxigraph import QueryResultsFormat, RdfFormat

FORMATS = "http://www.w3.org/ns/formats/"
"""The namespace of the W3C's list of formats."""

COMPACTED = "http://www.w3.org/ns/json-ld#compacted"
"""The document form of our JSON-LD (w3.org/TR/json-ld11, IANA registration of application/ld+json)."""


@dataclass(frozen=True, slots=True)
class MediaType:
    """A media type, its suffix, its label, and the format of the engine (None for pages)."""

    name: str
    suffix: str
    label: str
    format: RdfFormat | QueryResultsFormat | None = None
    w3c: str = ""
    """The name of the format in the list of the W3C (w3.org/ns/formats)."""
    also: tuple[str, ...] = ()
    """Other media types that request the same format."""

    @property
    def parameters(self) -> dict[str, str]:
        """The parameters that a media range may contain."""
        return {"charset": "utf-8", "profile": COMPACTED} if self.format is RdfFormat.JSON_LD else {"charset": "utf-8"}

    @property
    def content_type(self) -> str:
        """The value of Content-Type."""
        textual = self.name.startswith("text/")
        return f"{self.name}; charset=utf-8" if textual else self.name


LANGUAGES = ("en", "fr", "de", "it", "ru", "es")
"""The languages of pages; the first is the default."""

XML_NAMES = ("application/xml", "text/xml")
"""Names for any XML (RFC 7303); they match whichever XML format is offered."""

HTML = MediaType("text/html", "html", "HTML", also=("application/xhtml+xml",))
TURTLE = MediaType(
    "text/turtle",
    "ttl",
    "Turtle",
    RdfFormat.TURTLE,
    "Turtle",
    ("application/turtle", "application/x-turtle", "text/n3", "text/rdf+n3", "application/n3"),
)
"""Turtle, which is also returned for N3, because N3 is a superset of it."""
JSON_LD = MediaType(
    "application/ld+json",
    "jsonld",
    "JSON-LD",
    RdfFormat.JSON_LD,
    "JSON-LD",
    ("application/json", "application/x-json+ld"),
)
N_TRIPLES = MediaType(
    "application/n-triples",
    "nt",
    "N-Triples",
    RdfFormat.N_TRIPLES,
    "N-Triples",
    ("text/plain", "text/ntriples", "application/ntriples"),
)
"""N-Triples, also as text/plain, its media type before it had its own (w3.org/TR/n-triples, 5)."""
RDF_XML = MediaType("application/rdf+xml", "rdf", "RDF/XML", RdfFormat.RDF_XML, "RDF_XML", XML_NAMES)
TRIG = MediaType("application/trig", "trig", "TriG", RdfFormat.TRIG, "TriG", ("application/x-trig", "text/trig"))
N_QUADS = MediaType(
    "application/n-quads",
    "nq",
    "N-Quads",
    RdfFormat.N_QUADS,
    "N-Quads",
    ("text/x-nquads", "text/nquads", "text/n-quads", "application/nquads", "application/x-nquads"),
)

JSON = MediaType("application/json", "json", "JSON")
"""Plain JSON, for resources whose JSON is not JSON-LD."""

ATOM = MediaType("application/atom+xml", "atom", "Atom")
"""A feed (RFC 4287)."""

TEXT = MediaType("text/plain", "txt", "plain text")
YAML = MediaType("application/yaml", "yaml", "YAML", also=("text/yaml", "application/x-yaml"))
"""A YAML source (RFC 9512)."""

LINKSET = MediaType("application/linkset+json", "linkset", "link set")
"""The links of a resource (RFC 9264, 4.2)."""

RDF = (TURTLE, JSON_LD, N_TRIPLES, RDF_XML, TRIG, N_QUADS)
"""The formats of a graph."""

DOCUMENT = (HTML, *RDF)
"""The formats of a document."""

SPARQL_JSON = MediaType(
    "application/sparql-results+json",
    "json",
    "JSON",
    QueryResultsFormat.JSON,
    "SPARQL_Results_JSON",
    ("application/json",),
)
SPARQL_XML = MediaType(
    "application/sparql-results+xml", "xml", "XML", QueryResultsFormat.XML, "SPARQL_Results_XML", XML_NAMES
)
CSV = MediaType("text/csv", "csv", "CSV", QueryResultsFormat.CSV, "SPARQL_Results_CSV", ("application/csv",))
TSV = MediaType("text/tab-separated-values", "tsv", "TSV", QueryResultsFormat.TSV, "SPARQL_Results_TSV", ("text/tsv",))

SOLUTIONS = (SPARQL_JSON, SPARQL_XML, CSV, TSV)
"""The formats of the solutions of SELECT."""

BOOLEAN = (SPARQL_JSON, SPARQL_XML)
"""The formats of the answer to ASK (CSV and TSV have no form for it)."""


def by_suffix(suffix: str, offered: tuple[MediaType, ...]) -> MediaType | None:
    """The media type with a suffix, among those offered."""
    return next((media for media in offered if media.suffix == suffix), None)
