"""Media types: the one table of what a graph and a query's solutions can be written as.

The order is the order of preference where weights tie.
"""

from dataclasses import dataclass

from pyoxigraph import QueryResultsFormat, RdfFormat

FORMATS = "http://www.w3.org/ns/formats/"
"""The namespace of the W3C's list of formats."""

COMPACTED = "http://www.w3.org/ns/json-ld#compacted"
"""The form of our JSON-LD (w3.org/TR/json-ld11, iana.org registration of application/ld+json)."""


@dataclass(frozen=True, slots=True)
class MediaType:
    """A media type, the suffix of its variants, what to call it, and the engine's format (None for pages)."""

    name: str
    suffix: str
    label: str
    format: RdfFormat | QueryResultsFormat | None = None
    w3c: str = ""
    """The name of the format in the W3C's list (w3.org/ns/formats)."""
    also: tuple[str, ...] = ()
    """Other media types that ask for the same."""

    @property
    def parameters(self) -> dict[str, str]:
        """The parameters that a range may rightly give."""
        return {"charset": "utf-8", "profile": COMPACTED} if self.format is RdfFormat.JSON_LD else {"charset": "utf-8"}

    @property
    def content_type(self) -> str:
        """The value of Content-Type."""
        textual = self.name.startswith("text/")
        return f"{self.name}; charset=utf-8" if textual else self.name


LANGUAGES = ("en", "fr", "de", "it", "ru", "es")
"""The languages of pages; the first is that of readers who ask for none of them."""

XML_NAMES = ("application/xml", "text/xml")
"""Names that stand for any XML (RFC 7303): whichever of the XML formats is offered is meant."""

HTML = MediaType("text/html", "html", "HTML", also=("application/xhtml+xml",))
TURTLE = MediaType(
    "text/turtle",
    "ttl",
    "Turtle",
    RdfFormat.TURTLE,
    "Turtle",
    ("application/turtle", "application/x-turtle", "text/n3", "text/rdf+n3", "application/n3"),
)
"""Turtle; N3 is a superset of it, so that it also serves those who ask for N3."""
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
"""N-Triples; as text/plain before it had a name of its own (w3.org/TR/n-triples, 5)."""
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
"""Plain JSON, where it is another form than JSON-LD."""

ATOM = MediaType("application/atom+xml", "atom", "Atom")
"""A feed (RFC 4287)."""

TEXT = MediaType("text/plain", "txt", "plain text")
YAML = MediaType("application/yaml", "yaml", "YAML", also=("text/yaml", "application/x-yaml"))
"""A source (RFC 9512)."""

LINKSET = MediaType("application/linkset+json", "linkset", "link set")
"""The links of a resource (RFC 9264, 4.2)."""

RDF = (TURTLE, JSON_LD, N_TRIPLES, RDF_XML, TRIG, N_QUADS)
"""What a graph is written as."""

DOCUMENT = (HTML, *RDF)
"""What a document is offered as."""

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
"""What the solutions of SELECT are written as."""

BOOLEAN = (SPARQL_JSON, SPARQL_XML)
"""What the answer of ASK is written as (CSV and TSV have no form for it)."""


def by_suffix(suffix: str, offered: tuple[MediaType, ...]) -> MediaType | None:
    """The media type of a suffix, among those offered."""
    return next((media for media in offered if media.suffix == suffix), None)
