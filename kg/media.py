"""Media types: the one table of what a graph and a query's solutions can be written as.

The order is the order of preference where weights tie.
"""

from dataclasses import dataclass

from pyoxigraph import QueryResultsFormat, RdfFormat


@dataclass(frozen=True, slots=True)
class MediaType:
    """A media type, the suffix of its variants, what to call it, and the engine's format (None for pages)."""

    name: str
    suffix: str
    label: str
    format: RdfFormat | QueryResultsFormat | None = None
    also: tuple[str, ...] = ()
    """Other media types that ask for the same."""

    @property
    def content_type(self) -> str:
        """The value of Content-Type."""
        textual = self.name.startswith("text/")
        return f"{self.name}; charset=utf-8" if textual else self.name


HTML = MediaType("text/html", "html", "HTML")
TURTLE = MediaType("text/turtle", "ttl", "Turtle", RdfFormat.TURTLE)
JSON_LD = MediaType("application/ld+json", "jsonld", "JSON-LD", RdfFormat.JSON_LD, ("application/json",))
N_TRIPLES = MediaType("application/n-triples", "nt", "N-Triples", RdfFormat.N_TRIPLES)
RDF_XML = MediaType("application/rdf+xml", "rdf", "RDF/XML", RdfFormat.RDF_XML)
TRIG = MediaType("application/trig", "trig", "TriG", RdfFormat.TRIG)
N_QUADS = MediaType("application/n-quads", "nq", "N-Quads", RdfFormat.N_QUADS)

RDF = (TURTLE, JSON_LD, N_TRIPLES, RDF_XML, TRIG, N_QUADS)
"""What a graph is written as."""

DOCUMENT = (HTML, *RDF)
"""What a document is offered as."""

SPARQL_JSON = MediaType(
    "application/sparql-results+json", "json", "JSON", QueryResultsFormat.JSON, ("application/json",)
)
SPARQL_XML = MediaType("application/sparql-results+xml", "xml", "XML", QueryResultsFormat.XML)
CSV = MediaType("text/csv", "csv", "CSV", QueryResultsFormat.CSV)
TSV = MediaType("text/tab-separated-values", "tsv", "TSV", QueryResultsFormat.TSV)

SOLUTIONS = (SPARQL_JSON, SPARQL_XML, CSV, TSV)
"""What the solutions of SELECT are written as."""

BOOLEAN = (SPARQL_JSON, SPARQL_XML)
"""What the answer of ASK is written as (CSV and TSV have no form for it)."""


def by_suffix(suffix: str, offered: tuple[MediaType, ...]) -> MediaType | None:
    """The media type of a suffix, among those offered."""
    return next((media for media in offered if media.suffix == suffix), None)
