"""SPARQL: the endpoint `/sparql` (SPARQL 1.1 Protocol, 2.1; queries only), its page and its service description.

A query is checked before the engine receives it, and then evaluated by a worker within its limits (server/queries).
"""

import hashlib
import json
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

from flask import Blueprint, Response, current_app, g, render_template, request
from pyoxigraph import Literal, NamedNode, Triple
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import InternalServerError, NotFound

from kg.dataset import named_queries
from kg.media import BOOLEAN, CSV, FORMATS, HTML, RDF, SOLUTIONS, SPARQL_JSON, TSV, TURTLE, MediaType
from kg.model.schema import Class
from kg.names import RDF_TYPE, RDFS_LABEL
from kg.namespaces import SD
from kg.sparql.engine import Answer, UnansweredError, UntrustedQueries, UntrustedQuery
from kg.sparql.query_plan import cause
from kg.sparql.query_text import QueryError, QueryText, resolved, unescaped
from server.documents import SHORT, Document, cached, compressed, moved, respond
from server.errors import BadQueryError, LimitError, NotAcceptableError
from server.http.gateway import ON_LEAVE
from server.http.links import link
from server.http.negotiation import negotiate, negotiate_coding
from server.operations import Json, documented, one_of
from server.pictures.drawing import SEEN, fitting, picture_of
from server.pictures.tables import Table, heading
from server.queries.limits import Limits
from server.site import renewed, site

blueprint = Blueprint("sparql", __name__)

FORM = "application/x-www-form-urlencoded"
QUERY = "application/sparql-query"
UPDATE = "application/sparql-update"

VERSIONS = ("1.0", "1.1", "1.2", "1.2-basic")
"""The versions of SPARQL that a request may declare (SPARQL 1.2 Protocol, `version`)."""

CHARSETS = {"utf-8": "utf-8", "us-ascii": "utf-8", "iso-8859-1": "iso-8859-1"}

OFFERED = {
    "solutions": (SOLUTIONS, SPARQL_JSON),
    "boolean": (BOOLEAN, SPARQL_JSON),
    "triples": (RDF, TURTLE),
}
"""The offered media types and the default, by form of an answer."""

LIMITS = {
    "timeout": ("The query was not answered within {seconds:g} seconds.", 60),
    "busy": ("Too many queries are waiting, so this one was refused.", 5),
    "memory": ("The query needs more than {memory} bytes of memory, the limit for one query.", 60),
    "rows": ("The answer has more than {rows} solutions or triples.", 60),
    "bytes": ("The answer has more than {answer} bytes.", 60),
}
"""The messages for exceeded limits, and the number of seconds after which the client may try again."""

UNSORTABLE = "total order"
"""Part of the engine's message if it fails because it cannot sort values of different types."""

ASKED = ("query", "default-graph-uri", "named-graph-uri", "timeout")
"""The parameters that determine the result, whatever its format."""

ANSWERS = tuple(dict.fromkeys((HTML, *RDF, *SOLUTIONS, *BOOLEAN, CSV, TSV)))
"""What an answer may be written as, whatever its form."""

SAFE = "/?:@!$'()*,;"
"""Characters that are allowed unescaped in a query string (RFC 3986, 3.4), which keeps addresses short."""


class Stream(Response):
    """A response whose body is streamed and never collected."""

    implicit_sequence_conversion = False


# ── As OpenAPI ───────────────────────────────────────────────────────────────────────────────────────────────────


QUERY_SCHEMA: Json = {
    "type": "string",
    "description": "A SPARQL 1.1 query.",
    "examples": ["SELECT ?s ?type WHERE { ?s a ?type } LIMIT 5", "ASK { ?s ?p ?o }"],
}


def asking(path: str, class_: Class | None) -> list[Json]:
    """The parameters of the endpoint: those of the SPARQL 1.1 Protocol (2.1), and our own."""
    graphs = {"in": "query", "schema": {"type": "array", "items": {"type": "string", "format": "iri"}}}
    formats = sorted({media.suffix for offered, _ in OFFERED.values() for media in offered})
    seconds: Json = {"type": "number", "minimum": 0}
    return [
        {"name": "query", "in": "query", "description": QUERY_SCHEMA["description"], "schema": QUERY_SCHEMA},
        {"name": "default-graph-uri", **graphs},
        {"name": "named-graph-uri", **graphs},
        {
            "name": "timeout",
            "in": "query",
            "description": "Maximum time for the query, in seconds; 0 for the limit of the server.",
            "schema": seconds,
        },
        {
            "name": "format",
            "in": "query",
            "description": "A suffix or media type, which takes precedence over `Accept`; unknown values are ignored.",
            "schema": {"type": "string", "examples": formats},
        },
        {
            "name": "view",
            "in": "query",
            "description": "The way in which the HTML page shows the result.",
            "schema": one_of(SEEN),
        },
    ]


def posted() -> Json:
    """A query in the body of a request (SPARQL 1.1 Protocol, 2.1.2 and 2.1.3)."""
    parameters = {each["name"]: each["schema"] for each in asking("/sparql", None)}
    form = {"type": "object", "required": ["query"], "properties": parameters}
    return {
        "operationId": "sparql-post",
        "parameters": [each for each in asking("/sparql", None) if each["name"] != "query"],
        "requestBody": {
            "required": True,
            "content": {
                "application/x-www-form-urlencoded": {"schema": form},
                "application/sparql-query": {"schema": QUERY_SCHEMA},
            },
        },
    }


# ── The routes ───────────────────────────────────────────────────────────────────────────────────────────────────


@blueprint.route("/sparql", methods=["GET", "POST", "QUERY"])
@documented(produces=tuple(media.name for media in ANSWERS), query=asking, post=posted)
def sparql() -> Response:
    """Answers a query; without one, returns a page to browsers and the service description to machines."""
    parameters = read_request()
    queries = parameters.getlist("query")
    if not queries and request.method in ("GET", "HEAD"):
        return introduction(None)
    if len(queries) != 1:
        raise BadQueryError(400, f"A request must contain exactly one query; this one contains {len(queries)}.")
    return answer(queries[0], parameters)


@blueprint.get("/sparql.<suffix>")
def variant(suffix: str) -> Response:
    """Returns the page or the service description in one format."""
    return introduction(suffix)


@blueprint.get("/sparql/<name>")
@documented(redirects={"303": "The query with the given values."})
def question(name: str) -> Response:
    """Redirects to the query of a question with the given values."""
    known_question = next((each for each in site().questions if each.name == name), None)
    if known_question is None:
        raise NotFound(f"There is no question {name}.")
    others = {key: value for key, value in request.args.items() if key in ("format", "timeout", "view", "lang")}
    values = {key: value for key, value in request.args.items() if key not in others}
    try:
        query = known_question.fill(values, site().names)
    except ValueError as error:
        raise BadQueryError(400, f"The question cannot be answered with these values: {error}.") from error
    return moved(f"/sparql?{urlencode({'query': query, **others}, safe=SAFE)}", 303)


# ── The request ──────────────────────────────────────────────────────────────────────────────────────────────────


def read_request() -> MultiDict[str, str]:
    """The parameters of a request in any of the forms of the protocol (2.1). Raises BadQueryError."""
    most = current_app.config["max-query-bytes"]
    if len(request.query_string) > most:
        raise BadQueryError(414, f"A query must not exceed {most} bytes.")
    parameters: MultiDict[str, str] = MultiDict(pairs(request.query_string.decode("latin-1")))
    if request.method in ("POST", "QUERY"):
        if request.mimetype not in (FORM, QUERY, UPDATE):
            given = request.mimetype or "nothing"
            raise BadQueryError(415, f"A query must be sent as {QUERY} or {FORM}, not as {given}.")
        text = body(longest_body(most))
        if request.mimetype == FORM:
            parameters.update(MultiDict(pairs(text)))
        else:
            parameters.add("query" if request.mimetype == QUERY else "update", text)
    if any(len(query.encode()) > most for query in parameters.getlist("query")):
        raise BadQueryError(413, f"A query must not exceed {most} bytes.")
    if "update" in parameters:
        raise no_updates()
    if (version := parameters.get("version", request.mimetype_params.get("version", "1.1"))) not in VERSIONS:
        raise BadQueryError(400, f"SPARQL {version} is not supported. Supported versions: {', '.join(VERSIONS)}.")
    return parameters


def no_updates() -> BadQueryError:
    return BadQueryError(403, "This endpoint is read-only: it answers queries and does not accept updates.")


def longest_body(most: int) -> int:
    """Maximum length of the body of a request, in bytes, so that a query of `most` bytes fits into it as a form.

    A byte of the query becomes up to three bytes in a form, and a form has other fields.
    """
    return 3 * most + 2**16


def body(most: int) -> str:
    """The body of a request, whatever its transfer encoding. Raises BadQueryError for more than `most` bytes."""
    data = request.environ["wsgi.input"].read(most + 1)
    if len(data) > most:
        raise BadQueryError(413, f"The body of a request must not exceed {most} bytes.")
    charset = request.mimetype_params.get("charset", "utf-8").lower()
    if charset not in CHARSETS:
        raise BadQueryError(415, f"A query must be sent in UTF-8, not in {charset}.")
    try:
        return str(data.decode(CHARSETS[charset]))
    except UnicodeDecodeError as error:
        raise BadQueryError(400, "The query is not valid UTF-8.") from error


def pairs(text: str) -> list[tuple[str, str]]:
    """The fields of a URL-encoded form."""
    try:
        return parse_qsl(text, keep_blank_values=True, errors="strict")
    except ValueError as error:
        raise BadQueryError(400, f"The parameters cannot be read: {error}") from error


def protocol_dataset(parameters: MultiDict[str, str]) -> dict[str, list[str]]:
    """The RDF dataset that the request names, which replaces that of the query (2.1.4).

    Empty fields, as forms send them, are ignored; relative IRIs are resolved against the base of the dataset.
    """
    base = site().names.base
    dataset = {
        name: [resolved(base, iri) for iri in parameters.getlist(f"{name}-graph-uri") if iri]
        for name in ("default", "named")
    }
    for iri in [*dataset["default"], *dataset["named"]]:
        try:
            NamedNode(iri)
        except ValueError as error:
            raise BadQueryError(400, f"The request names a graph with an invalid IRI: {error}") from error
    return dataset


def seconds(parameters: MultiDict[str, str]) -> float:
    """The maximum time for the query in seconds, or less if the request sets it; 0 and an empty value are ignored."""
    most = limits().seconds
    given = parameters.get("timeout", "").strip() or "0"
    try:
        wanted = float(given)
    except ValueError:
        wanted = -1
    if not wanted >= 0:
        hint = "omit timeout, or set it to a positive number of seconds, such as timeout=10"
        expected = f"timeout must be a number of seconds up to {most:g}, not {given[:40]!r}."
        raise BadQueryError(400, expected, hint=hint)
    return min(wanted or most, most)


def limits() -> Limits:
    current: Limits = current_app.extensions["limits"]
    return current


# ── The answer ───────────────────────────────────────────────────────────────────────────────────────────────────


def answer(query: str, parameters: MultiDict[str, str]) -> Response:
    """The answer to an untrusted query, in the negotiated media type."""
    text = QueryText(query)
    g.query = text.text
    g.asked = urlencode([pair for pair in parameters.items(multi=True) if pair[0] in ASKED], quote_via=quote)
    check(text)
    media = {form: chosen(form, parameters.get("format")) for form in OFFERED}
    return evaluated(text.text, media, protocol_dataset(parameters), seconds(parameters), not text.is_volatile())


def check(text: QueryText) -> None:
    """Refuses queries that the engine must not receive: updates, and queries that are nested too deeply."""
    if text.is_update() or QueryText(unescaped(text.text)).is_update():
        raise no_updates()
    try:
        text.check_characters()
        text.check_nesting()
    except QueryError as error:
        raise bad_query(error.message, str(error), error.line, error.column, error.hint) from error


def bad_query(message: str, detail: str, line: int, column: int, hint: str | None) -> BadQueryError:
    """The error about a query with a mistake at some place, which the detail shows."""
    return BadQueryError(400, detail, message=message, line=line, column=column, hint=hint)


def chosen(form: str, named: str | None) -> MediaType | None:
    """The media type for a form of answer: the one that `format` names, if it is offered, else the negotiated one."""
    offered, default = OFFERED[form]
    by_name = next((m for m in offered if named in (m.suffix, m.name, *m.also)), None)
    return by_name or negotiate(request.headers.get("Accept"), (HTML, *offered), default)


def evaluated(
    query: str, media: dict[str, MediaType | None], dataset: dict[str, list[str]], most: float, lasting: bool = True
) -> Response:
    """The response with the answer of a worker; `lasting` is true if the same query always has the same answer."""
    question: UntrustedQuery = {
        "query": query,
        "version": site().identity,
        "base": site().names.base,
        "prefixes": site().names.prefixes,
        "seconds": most,
        "client": request.remote_addr or "",
        "media": {form: chosen.name if chosen else None for form, chosen in media.items()},
        "default": dataset["default"],
        "named": dataset["named"],
    }
    try:
        answer = asked(question)
    except UnansweredError as error:
        raise unanswered(error, query, media, most) from error
    written = media[answer.form]
    assert written is not None
    is_whole = isinstance(answer.body, bytes)
    response = whole(answer, written) if is_whole else streamed(answer, written, question)
    response.vary.update(("Accept", "Accept-Language") if written is HTML else ("Accept",))
    if written is not HTML:
        name = f"osce-kg-{site().dataset.version}-results.{written.suffix}"
        response.headers["Content-Disposition"] = f'inline; filename="{name}"'
    if not lasting:
        response.headers["Cache-Control"] = "no-store"
        del response.headers["ETag"]
    return response


def asked(question: UntrustedQuery) -> Answer:
    """The answer of a worker. Raises UnansweredError.

    If the query host has taken up a newer version than this request, the query is asked again on the newer version,
    to which the whole response then belongs.
    """
    queries: UntrustedQueries = current_app.extensions["queries"]
    while True:
        try:
            return queries.ask(question, request.environ.get(ON_LEAVE, lambda _: None))
        except UnansweredError as error:
            if error.reason != "version":
                raise
        if not renewed():  # the query host has restarted
            queries.take_up(site().dataset.origin or site().dataset.directory)
        question = {**question, "version": site().identity}


def whole(answer: Answer, media: MediaType) -> Response:
    """A response with a complete answer."""
    assert isinstance(answer.body, bytes)
    body = result_page(answer.form, json.loads(answer.body)).encode() if media is HTML else answer.body
    return cached(compressed(body, media.content_type), SHORT)


def streamed(answer: Answer, media: MediaType, question: UntrustedQuery) -> Response:
    """A response with a streamed answer; its ETag is that of the dataset and the question."""
    assert not isinstance(answer.body, bytes)
    coding = negotiate_coding(request.headers.get("Accept-Encoding"))
    response = Stream(coding.stream(answer.body) if coding else answer.body, content_type=media.content_type)
    response.call_on_close(answer.body.close)
    response.vary.add("Accept-Encoding")
    if coding:
        response.content_encoding = coding.name
    identity = [site().dataset.version, question["query"], question["default"], question["named"], media.name]
    key = json.dumps([*identity, coding.name if coding else None])
    response.set_etag(hashlib.sha256(key.encode()).hexdigest()[:32], weak=True)  # blank nodes differ each time
    response.headers["Cache-Control"] = SHORT
    response.make_conditional(request)
    return response


def unanswered(error: UnansweredError, query: str, media: dict[str, MediaType | None], most: float) -> Exception:
    """The error that explains why a query has no answer."""
    more = error.more
    if error.reason in LIMITS:
        message, after = LIMITS[error.reason]
        type_ = f"{site().names.base}sparql#limit-{error.reason}"
        detail = message.format(**{**limits().as_dict(), "seconds": most})
        likely = cause(query) if error.reason in ("timeout", "memory") else None
        if likely is None:
            return LimitError(type_, detail, after)
        more = {"message": likely.message, "line": likely.line, "column": likely.column, "hint": likely.hint}
        return LimitError(type_, f"{detail} The likely cause is at\n{likely}", after, **more)
    if error.reason == "syntax":
        return bad_query(more["message"], more["detail"], more["line"], more["column"], more["hint"])
    if error.reason in ("unacceptable", "unwritable"):
        offered, _ = OFFERED[more["form"]]
        return NotAcceptableError(tuple(m for m in offered if m is not media[more["form"]]))
    if error.reason == "service":
        return BadQueryError(403, "This endpoint does not query other endpoints: SERVICE is not allowed.")
    if error.reason == "nesting":
        return BadQueryError(400, "The query is nested too deeply for the engine.")
    if error.reason == "evaluation":
        return BadQueryError(400, f"The query failed: {more['message']}")
    current_app.logger.error("a query was not answered: %s", more.get("message", error.reason))
    if UNSORTABLE in more.get("message", ""):
        hint = "order by values of one type, such as by STR(?x)"
        return BadQueryError(500, "The engine cannot sort these values because they have different types.", hint=hint)
    return InternalServerError("The engine failed to answer this query. The failure has been logged.")


def result_page(form: str, results: dict[str, Any]) -> str:
    """The HTML page with an answer: a table, a boolean, or Turtle; its other formats; and hints about the query."""
    names = site().names
    hints = [
        *QueryText(g.query, base=names.base).unknown_terms(
            names.vocabulary, named_queries.ontology_terms(site().engine, names)
        )
    ]
    formats, _ = OFFERED[form]
    return render_template(
        "result.html", query=g.query, asked=g.asked, formats=formats, hints=hints, **results, **pictured(results)
    )


def pictured(result: dict[str, Any]) -> dict[str, Any]:
    """The pictures that fit the solutions, the one that `view` requests, and the message about one that does not."""
    table = Table.of_json(result.get("variables", []), result.get("rows", []))
    views = fitting(table)
    wanted = request.values.get("view") or "table"
    return {
        "views": views,
        "picture": picture_of(wanted, table, result["more"]) if wanted in views else None,
        "misfit": wanted if wanted in SEEN and wanted not in views else None,
        "unknown_view": None if wanted in (*SEEN, "table") else wanted[:40],
    }


def introduction(suffix: str | None) -> Response:
    """The page with the examples, or the service description (w3.org/TR/sparql11-service-description)."""
    iri = site().names.base + "sparql"

    def page(_: list[Triple]) -> str:
        most = limits().as_dict()
        sentences = {name: text.format(**most) for name, (text, _) in LIMITS.items()}
        graphs = site().names.graphs
        return render_template(
            "sparql.html", questions=site().questions, limits=sentences, most=most, graphs=graphs, heading=heading
        )

    links = (link(iri, "cite-as"), link(site().names.dataset, "describedby"))
    return respond(Document("sparql", iri, service_description, page, root=iri, links=links), suffix)


def service_description() -> list[Triple]:
    """The capabilities of the endpoint, and the graphs of its dataset as the catalogue describes them."""
    names = site().names
    service, data = NamedNode(names.base + "sparql"), NamedNode(names.dataset)
    triples = [
        Triple(service, NamedNode(RDF_TYPE), NamedNode(SD.Service)),
        Triple(service, NamedNode(RDFS_LABEL), Literal("SPARQL endpoint", language="en")),
        Triple(service, NamedNode(SD.endpoint), service),
        Triple(service, NamedNode(SD.supportedLanguage), NamedNode(SD.SPARQL11Query)),
        Triple(service, NamedNode(SD.defaultDataset), data),
    ]
    formats = [NamedNode(FORMATS + media.w3c) for media in (*SOLUTIONS, *RDF)]
    triples += [Triple(service, NamedNode(SD.resultFormat), format_) for format_ in formats]
    return triples + named_queries.graphs_described(site().engine, names)
