"""SPARQL: the endpoint `/sparql` (SPARQL 1.1 Protocol, 2.1; the read side alone), its page and its description."""

import hashlib
import re
from collections.abc import Iterator
from typing import Any

from flask import Blueprint, Response, current_app, render_template, request
from pyoxigraph import Literal, NamedNode, QueryBoolean, QuerySolutions, QueryTriples, RdfFormat, Triple
from werkzeug.datastructures import MultiDict

from kg.media import BOOLEAN, HTML, RDF, SOLUTIONS, SPARQL_JSON, TURTLE, MediaType
from kg.names import PREFIXES, RDF_TYPE
from server.documents import CACHE, finish, respond, serialize_in_order
from server.errors import BadQueryError, NotAcceptableError
from server.negotiation import negotiate
from server.site import site

blueprint = Blueprint("sparql", __name__)

FORM = "application/x-www-form-urlencoded"
QUERY = "application/sparql-query"
UPDATE = "application/sparql-update"

MOST_SHOWN = 1000
"""How many solutions the result page shows."""

SD = PREFIXES["sd"]

TOKEN = re.compile(
    r"""(?P<skip>\#[^\n\r]*|<[^<>"{}|^`\\\x00-\x20]*>|\"{3}.*?(?<!\\)\"{3}|'{3}.*?(?<!\\)'{3}"""
    r"""|"(?:[^"\\\n\r]|\\.)*"|'(?:[^'\\\n\r]|\\.)*'|[?$]\w+|@[a-zA-Z-]+|\w[\w.-]*:[\w.%:\\-]*|:[\w.%:\\-]+)"""
    r"""|(?P<word>[A-Za-z]+)|(?P<open>[({\[])|(?P<close>[)}\]])|(?P<rest>.)""",
    re.DOTALL,
)
"""What a query is made of, to tell words of the language from what only looks like them (SPARQL 1.1, 19.8)."""

UPDATES = {"INSERT", "DELETE", "LOAD", "CLEAR", "DROP", "CREATE", "ADD", "MOVE", "COPY", "WITH"}
FORMS = {"SELECT", "ASK", "CONSTRUCT", "DESCRIBE"}


@blueprint.route("/sparql", methods=["GET", "POST"])
def sparql() -> Response:
    """Answers a query; without one, a page for browsers and the service description for machines."""
    parameters = read_request()
    queries = parameters.getlist("query")
    if not queries and request.method == "GET":
        return introduction(None)
    if len(queries) != 1:
        raise BadQueryError(400, f"A request carries exactly one query; this one carries {len(queries)}.")
    return answer(queries[0], parameters)


@blueprint.get("/sparql.<suffix>")
def variant(suffix: str) -> Response:
    """The page or the service description in one variant."""
    return introduction(suffix)


def read_request() -> MultiDict[str, str]:
    """The parameters of a request in any of the three forms of the protocol; raises BadQueryError."""
    parameters: MultiDict[str, str] = MultiDict(request.args)
    if request.method == "POST":
        match request.mimetype:
            case "application/x-www-form-urlencoded":
                parameters.update(request.form)
            case "application/sparql-query":
                parameters.add("query", body())
            case "application/sparql-update":
                parameters.add("update", body())
            case other:
                raise BadQueryError(415, f"A query is posted as {QUERY} or {FORM}, not as {other or 'nothing'}.")
    if "update" in parameters:
        raise BadQueryError(403, "This endpoint answers queries; it takes no updates.")
    if len(request.query_string) > current_app.config["MAX_QUERY_BYTES"]:
        raise BadQueryError(414, f"A query has at most {current_app.config['MAX_QUERY_BYTES']} bytes.")
    return parameters


def body() -> str:
    try:
        return request.get_data().decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadQueryError(400, "The query is not UTF-8.") from error


def answer(query: str, parameters: MultiDict[str, str]) -> Response:
    """The answer to a query in the negotiated media type."""
    refuse(query, current_app.config["DEPTH"])
    try:
        found: Any = site().engine.query(query, **protocol_dataset(parameters))
    except (SyntaxError, ValueError) as error:
        raise BadQueryError(400, f"The query is not SPARQL: {error}") from error
    offered, default = offer(found)
    chosen = negotiate(request.headers.get("Accept"), (HTML, *offered), default)
    named = next((m for m in offered if parameters.get("format") in (m.suffix, m.name)), None)
    media = named or chosen
    if media is None:
        raise NotAcceptableError(offered)
    try:
        content = result_page(query, found) if media is HTML else found.serialize(format=media.format)
    except (OSError, ValueError, RuntimeError) as error:
        raise BadQueryError(400, f"The query fails: {error}") from error
    response = Response(content, content_type=media.content_type)
    key = f"{site().dataset.version}\n{sorted(parameters.items(multi=True))}\n{media.name}"
    response.set_etag(hashlib.sha256(key.encode()).hexdigest()[:32])
    response.vary.add("Accept")
    response.headers["Cache-Control"] = CACHE
    return finish(response) if request.method == "GET" else response


def refuse(query: str, depth: int) -> None:
    """Refuses what no engine should be asked from outside: updates, SERVICE, and nesting without bound."""
    open_brackets, first = 0, None
    for sort, text in tokens(query):
        if sort == "word":
            word = text.upper()
            if word == "SERVICE":
                raise BadQueryError(403, "This endpoint asks no other endpoint: SERVICE is not allowed.")
            if first is None and word in UPDATES | FORMS:
                first = word
        elif sort == "open":
            open_brackets += 1
        elif sort == "close":
            open_brackets -= 1
        if open_brackets > depth:
            raise BadQueryError(400, f"The query nests deeper than {depth} brackets.")
    if first in UPDATES:
        raise BadQueryError(403, "This endpoint answers queries; it takes no updates.")


def tokens(query: str) -> Iterator[tuple[str, str]]:
    """The words and brackets of a query outside of comments, strings, IRIs, names and variables."""
    plain = re.sub(
        r"\\u([0-9A-Fa-f]{4})|\\U([0-9A-Fa-f]{8})",
        lambda m: chr(min(int(m[1] or m[2], 16), 0x10FFFF)),  # codepoint escapes come first (SPARQL 1.1, 19.2)
        query,
    )
    for match in TOKEN.finditer(plain):
        if match.lastgroup in ("word", "open", "close"):
            yield match.lastgroup, match[0]


def protocol_dataset(parameters: MultiDict[str, str]) -> dict[str, Any]:
    """The RDF dataset that the request names (SPARQL 1.1 Protocol, 2.1.4); nothing if it names none."""
    default, named = parameters.getlist("default-graph-uri"), parameters.getlist("named-graph-uri")
    if not default and not named:
        return {}
    try:
        return {
            "default_graph": [NamedNode(iri) for iri in default],
            "named_graphs": [NamedNode(iri) for iri in named],
        }
    except ValueError as error:
        raise BadQueryError(400, f"A graph of the request has no IRI: {error}") from error


def offer(found: Any) -> tuple[tuple[MediaType, ...], MediaType]:
    """What an answer of this form can be written as, and as what by default."""
    if isinstance(found, QueryTriples):
        return RDF, TURTLE
    return (BOOLEAN if isinstance(found, QueryBoolean) else SOLUTIONS), SPARQL_JSON


def result_page(query: str, found: Any) -> str:
    """The answer for people: a table, a word, or Turtle."""
    shown: dict[str, Any] = {"query": query, "most": MOST_SHOWN}
    if isinstance(found, QuerySolutions):
        shown["variables"] = [variable.value for variable in found.variables]
        shown["rows"] = [list(row) for row, _ in zip(found, range(MOST_SHOWN), strict=False)]
    elif isinstance(found, QueryBoolean):
        shown["boolean"] = bool(found)
    else:
        shown["turtle"] = serialize_in_order(list(found), RdfFormat.TURTLE, site().names.prefixes).decode()
    return render_template("result.html", **shown)


def introduction(suffix: str | None) -> Response:
    """The page with the examples, or the service description (w3.org/TR/sparql11-service-description)."""
    iri = site().names.base + "sparql"

    def page(_: list[Triple]) -> str:
        return render_template("sparql.html", questions=site().questions)

    return respond("sparql", suffix, service_description, page, root=iri)


def service_description() -> list[Triple]:
    names = site().names
    service, data = NamedNode(names.base + "sparql"), NamedNode(names.dataset)
    default = NamedNode(names.dataset + "#default")
    formats = [
        "SPARQL_Results_JSON", "SPARQL_Results_XML", "SPARQL_Results_CSV", "SPARQL_Results_TSV",
        "Turtle", "JSON-LD", "N-Triples", "RDF_XML", "TriG", "N-Quads",
    ]  # fmt: skip
    found = [
        Triple(service, NamedNode(RDF_TYPE), NamedNode(SD + "Service")),
        Triple(service, NamedNode(SD + "endpoint"), service),
        Triple(service, NamedNode(SD + "supportedLanguage"), NamedNode(SD + "SPARQL11Query")),
        Triple(service, NamedNode(SD + "defaultDataset"), data),
        Triple(data, NamedNode(RDF_TYPE), NamedNode(SD + "Dataset")),
        Triple(data, NamedNode(SD + "defaultGraph"), default),
        Triple(default, NamedNode(RDF_TYPE), NamedNode(SD + "Graph")),
        Triple(
            default,
            NamedNode(PREFIXES["dcterms"] + "description"),
            Literal("Everything asserted and inferred, each triple once.", language="en"),
        ),
    ]
    found += [
        Triple(service, NamedNode(SD + "resultFormat"), NamedNode("http://www.w3.org/ns/formats/" + name))
        for name in formats
    ]
    for graph in (names.inferred, names.ontology, names.shapes, names.dataset):
        node = NamedNode(
            f"{names.dataset}#graph-{graph.rpartition('/')[2].partition('#')[2] or graph.rpartition('/')[2]}"
        )
        found += [
            Triple(data, NamedNode(SD + "namedGraph"), node),
            Triple(node, NamedNode(RDF_TYPE), NamedNode(SD + "NamedGraph")),
            Triple(node, NamedNode(SD + "name"), NamedNode(graph)),
        ]
    return found
