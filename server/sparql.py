"""SPARQL: the endpoint `/sparql` (SPARQL 1.1 Protocol, 2.1; the read side alone), its page and its description."""

import hashlib
import re
import threading
from collections.abc import Callable
from concurrent.futures import Future
from traceback import clear_frames
from typing import Any, TypeVar
from urllib.parse import parse_qsl

from flask import Blueprint, Response, copy_current_request_context, current_app, render_template, request
from pyoxigraph import Literal, NamedNode, QueryBoolean, QuerySolutions, QueryTriples, RdfFormat, Triple
from werkzeug.datastructures import MultiDict

from kg.describe import FORMATS
from kg.media import BOOLEAN, HTML, RDF, SOLUTIONS, SPARQL_JSON, TURTLE, MediaType
from kg.names import PREFIXES, RDF_TYPE, RDFS_LABEL
from kg.serialize import serialize_in_order
from server.documents import SHORT, Document, respond
from server.errors import BadQueryError, NotAcceptableError
from server.links import link
from server.negotiation import negotiate
from server.site import site

blueprint = Blueprint("sparql", __name__)

Result = TypeVar("Result")

FORM = "application/x-www-form-urlencoded"
QUERY = "application/sparql-query"
NO_UPDATES = "This endpoint answers queries; it takes no updates."

LOCK = threading.Lock()
"""Held while a thread is started, since the size of its stack is a setting of the process."""

MOST_SHOWN = 1000
"""How many solutions the result page shows."""

SD = PREFIXES["sd"]

STACK = 512 * 2**20
"""Bytes of stack for the thread that evaluates a query: the engine recurses over it, and a long one needs room."""

GAP = r"(?:\s|\#[^\n\r]*[\n\r])*"
SERVICE = re.compile(
    rf"(?<![?$:])SERVICE{GAP}(?:SILENT{GAP})?(?:<|[?$]|[^\s<>(){{}}\[\]\"'/,;]*:)",
    re.IGNORECASE,
)
"""SERVICE and what may follow it. The engine has no tokens, so neither has this: where it stands does not matter."""

UPDATE = re.compile(
    rf"{GAP}(?:(?:PREFIX|BASE)[^<]*<[^>]*>{GAP})*(?:INSERT|DELETE|LOAD|CLEAR|DROP|CREATE|ADD|MOVE|COPY|WITH)\b",
    re.IGNORECASE,
)
"""The beginning of an update (SPARQL 1.1 Update)."""


@blueprint.route("/sparql", methods=["GET", "POST"])
def sparql() -> Response:
    """Answers a query; without one, a page for browsers and the service description for machines."""
    parameters = read_request()
    queries = parameters.getlist("query")
    if not queries and request.method != "POST":
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
    most = current_app.config["max-query-bytes"]
    if len(request.query_string) > most:
        raise BadQueryError(414, f"A query has at most {most} bytes.")
    parameters: MultiDict[str, str] = MultiDict(request.args)
    if request.method == "POST":
        if request.mimetype not in (FORM, QUERY, "application/sparql-update"):
            given = request.mimetype or "nothing"
            raise BadQueryError(415, f"A query is posted as {QUERY} or {FORM}, not as {given}.")
        text = body(most)
        if request.mimetype == FORM:
            parameters.update(MultiDict(form(text)))
        else:
            parameters.add("query" if request.mimetype == QUERY else "update", text)
    if "update" in parameters:
        raise BadQueryError(403, NO_UPDATES)
    return parameters


def body(most: int) -> str:
    """The body of a request, whatever its transfer encoding; raises BadQueryError for more than `most` bytes."""
    data = request.environ["wsgi.input"].read(most + 1)
    if len(data) > most:
        raise BadQueryError(413, f"A query has at most {most} bytes.")
    try:
        return str(data.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise BadQueryError(400, "The query is not UTF-8.") from error


def form(text: str) -> list[tuple[str, str]]:
    """The fields of a URL-encoded form."""
    try:
        return parse_qsl(text, keep_blank_values=True, errors="strict")
    except ValueError as error:
        raise BadQueryError(400, f"The form cannot be read: {error}") from error


def answer(query: str, parameters: MultiDict[str, str]) -> Response:
    """The answer to a query in the negotiated media type."""
    refuse_service(query)
    accept = request.headers.get("Accept")
    evaluated = copy_current_request_context(lambda: evaluate(query, parameters, accept))
    content, media = with_deep_stack(evaluated)
    response = Response(content, content_type=media.content_type)
    key = f"{site().dataset.version}\n{sorted(parameters.items(multi=True))}\n{media.name}"
    response.set_etag(hashlib.sha256(key.encode()).hexdigest()[:32])
    response.vary.add("Accept")
    response.headers["Cache-Control"] = SHORT
    return response if request.method == "POST" else response.make_conditional(request)  # type: ignore[return-value]


def evaluate(query: str, parameters: MultiDict[str, str], accept: str | None) -> tuple[str | bytes, MediaType]:
    """Runs a query, and writes its answer as the parameters and the Accept header ask for."""
    try:
        found: Any = site().engine.query(query, **protocol_dataset(parameters))
    except (SyntaxError, ValueError) as error:
        if UPDATE.match(query):
            raise BadQueryError(403, NO_UPDATES) from error
        raise BadQueryError(400, f"The query is not SPARQL: {error}") from error
    offered, default = offer(found)
    named = next((m for m in offered if parameters.get("format") in (m.suffix, m.name)), None)
    media = named or negotiate(accept, (HTML, *offered), default)
    if media is None:
        raise NotAcceptableError(offered)
    try:
        return (result_page(query, found) if media is HTML else found.serialize(format=media.format)), media
    except (OSError, ValueError, RuntimeError) as error:
        raise BadQueryError(400, f"The query fails: {error}") from error


def with_deep_stack(work: Callable[[], Result]) -> Result:
    """What some work returns or raises, done on a stack of STACK bytes."""
    outcome: Future[Result] = Future()

    def run() -> None:
        try:
            outcome.set_result(work())
        except BaseException as error:  # handed on to the request's own thread; what the engine gave stays in this one
            clear_frames(error.__traceback__)
            outcome.set_exception(error)

    with LOCK:
        before = threading.stack_size(STACK)
        thread = threading.Thread(target=run)
        thread.start()
        threading.stack_size(before)
    return outcome.result()


def refuse_service(query: str) -> None:
    """Refuses a query that asks another endpoint, however it is written (codepoint escapes: SPARQL 1.1, 19.2)."""
    plain = re.sub(
        r"\\u([0-9A-Fa-f]{4})|\\U([0-9A-Fa-f]{8})", lambda m: chr(min(int(m[1] or m[2], 16), 0x10FFFF)), query
    )
    if SERVICE.search(query) or SERVICE.search(plain):
        raise BadQueryError(403, "This endpoint asks no other endpoint: SERVICE is not allowed, nor a prefix service:.")


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

    links = (link(iri, "cite-as"), link(site().names.dataset, "describedby"))
    return respond(Document("sparql", iri, service_description, page, root=iri, links=links), suffix)


def service_description() -> list[Triple]:
    """What the endpoint can do, and the graphs of its dataset, as the catalogue has them."""
    names = site().names
    service, data = NamedNode(names.base + "sparql"), NamedNode(names.dataset)
    told = [
        Triple(service, NamedNode(RDF_TYPE), NamedNode(SD + "Service")),
        Triple(service, NamedNode(RDFS_LABEL), Literal("SPARQL endpoint", language="en")),
        Triple(service, NamedNode(SD + "endpoint"), service),
        Triple(service, NamedNode(SD + "supportedLanguage"), NamedNode(SD + "SPARQL11Query")),
        Triple(service, NamedNode(SD + "defaultDataset"), data),
    ]
    formats = [NamedNode(FORMATS + media.w3c) for media in (*SOLUTIONS, *RDF)]
    told += [Triple(service, NamedNode(SD + "resultFormat"), format_) for format_ in formats]
    return told + site().engine.construct(
        f"""CONSTRUCT {{ ?s ?p ?o }} WHERE {{ GRAPH {data} {{
            {{ VALUES ?type {{ sd:Graph sd:NamedGraph }} ?s a ?type ; ?p ?o }}
            UNION {{ ?s ?p ?o FILTER(?s = {data} && STRSTARTS(STR(?p), STR(sd:))) }}
            UNION {{ ?s a sd:Dataset ; ?p ?o FILTER(?o = sd:Dataset) }} }} }}"""
    )
