"""Search: `/search` finds things by words in all languages, and `/suggest` suggests things while a user types.

Results can be narrowed by facets; their values are parameters with the same names as the filters of collections.
"""

import csv
import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from flask import Blueprint, Response, g, render_template, request
from pyoxigraph import Triple
from werkzeug.exceptions import BadRequest

from kg.dataset import named_queries
from kg.dataset.finder import PATHS, Results
from kg.dataset.search_index import KIND
from kg.diagnostics.suggest import did_you_mean, nearest
from kg.media import ATOM, CSV, HTML, JSON
from kg.model.schema import Class
from kg.names import RDF_TYPE
from kg.namespaces import HYDRA, SDO
from server import paging
from server.documents import SHORT, Document, cached, compressed, respond, variant_of
from server.http.links import link
from server.operations import VARIANTS, Json, documented, one_of
from server.pages.briefs import briefs_of
from server.pages.facets import Facet, facets_of, label_of, labels_of
from server.pages.filters import TEXT, parameters, parameters_of, pattern
from server.pages.filters import read as read_filters
from server.pages.search_results import SearchResult, spoken
from server.paging import (
    SHARED,
    ActiveFilter,
    ListedThing,
    PagedList,
    PageSize,
    Pairs,
    repeated,
    shared,
    shown,
    unwritable,
    whole_number,
)
from server.resources.collections import Order, Unmatched, members, unmatched
from server.site import site

blueprint = Blueprint("search", __name__)

OWN = ("q", "page", "size", *SHARED)
"""Parameters that are not facets."""

MAX_QUERY_LENGTH = 2000
"""Maximum length of a query, in characters."""

SIZE, MAX_SIZE = 20, 100
"""The default and the maximum number of results on a page; a higher `size` is reduced to the maximum."""

MAX_RESULTS = 1000
"""Maximum number of results on all pages; for more, clients narrow the search or request a collection."""

MAX_NUMBER_LENGTH = 9
"""Maximum length of `page` and `size`, in digits."""

MAX_SUGGESTIONS = 8
"""Maximum number of suggestions."""

VARIABLES = {"q": HYDRA.freetextQuery, KIND: RDF_TYPE, "page": HYDRA.pageIndex, "size": HYDRA.limit}
"""The variables of the search template, each with its property."""

RESULTS_PAGE = str(SDO.SearchResultsPage)


# ── The request ──────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class SearchParameters:
    """The parameters of a request: words, facet values by name, the page (from 1) and its size.

    `others` are filters of collections that are not facets, such as ranges, and `among` are the paths of the things
    that match them. `unmatched` are the values that no thing has.
    """

    query: str
    filters: dict[str, tuple[str, ...]]
    page: int
    size: PageSize
    others: tuple[tuple[str, str], ...] = ()
    among: tuple[str, ...] = ()
    unmatched: tuple[Unmatched, ...] = ()

    @property
    def start(self) -> int:
        return (self.page - 1) * self.size.members

    @property
    def pairs(self) -> Pairs:
        """The parameters that determine the search, in canonical form and order."""
        chosen = [(name, value) for name, values in self.filters.items() for value in values]
        return [*([("q", self.query)] if self.query else []), *chosen, *self.others]

    @property
    def held(self) -> dict[str, tuple[str, ...]]:
        """The conditions for the finder besides the words."""
        return {**self.filters, **({PATHS: self.among} if self.others else {})}

    def at(self, page: int) -> Pairs:
        """The parameters for a page."""
        size = [("size", str(self.size.members))] if self.size.members != SIZE else []
        return [*self.pairs, *size, *([("page", str(page))] if page > 1 else [])]

    def narrowed(self, name: str, value: str) -> Pairs:
        """The parameters with another facet value."""
        return [*self.pairs, (name, value)]

    def widened(self, name: str, value: str) -> Pairs:
        """The parameters without a facet value."""
        return [pair for pair in self.pairs if pair != (name, value)]


def read() -> SearchParameters:
    """The parameters of the current request. Raises BadRequest with all errors."""
    filters: dict[str, list[str]] = {}
    others: Pairs = []
    problems = [*unwritable(request.args.items(multi=True)), *repeated(OWN[:3])]
    for name, value in request.args.items(multi=True):
        if name in OWN:
            continue
        if name == KIND and value not in site().kinds:
            hint = did_you_mean(nearest(value, ((kind, kind) for kind in site().kinds)))
            problems.append(f"There is no kind {shown(value)}" + (f"; {hint}" if hint else "."))
        elif value in site().finder.values.get(name, ()):
            filters.setdefault(name, []).append(value)
        else:
            others.append((name, value))
    for name in {name for name, _ in others} & filters.keys():  # the values of one name must be handled together
        others += [(name, value) for value in filters.pop(name)]
    among, unmatched = left_by(others, filters.get(KIND, ()), problems)
    size = PageSize.of(number("size", SIZE, problems), MAX_SIZE)
    page = number("page", 1, problems)
    if page > 1 and page * size.members > MAX_RESULTS:
        problems.append(
            f"Only the first {MAX_RESULTS} results are available page by page, and this page would end after them. "
            "Narrow the search, or request all results as CSV from /search.csv without page and size."
        )
    query = words(problems)
    if problems:
        raise BadRequest(" ".join(problems))
    held = {name: tuple(sorted(set(filters[name]))) for name in sorted(filters)}
    return SearchParameters(query, held, page, size, tuple(sorted(set(others))), among, unmatched)


def left_by(given: Pairs, kinds: Iterable[str], problems: list[str]) -> tuple[tuple[str, ...], tuple[Unmatched, ...]]:
    """The paths of the things of some or all kinds that match filters of collections, and the values that none has."""
    if not given:
        return (), ()
    schema = site().schema
    classes = [site().kinds[kind] for kind in kinds] or list(site().kinds.values())
    known = {name for class_ in site().kinds.values() for name in parameters(schema, class_)}
    if strange := [name for name, _ in given if name not in known]:
        for name in dict.fromkeys(strange):
            hint = did_you_mean(nearest(name, ((other, other) for other in (*known, *site().finder.names, *OWN[:3]))))
            problems.append(f"There is no parameter {shown(name)}" + (f"; {hint}" if hint else "."))
        return (), ()
    fitting = [class_ for class_ in classes if all(name in parameters(schema, class_) for name, _ in given)]
    if not fitting:
        names = ", ".join(dict.fromkeys(name for name, _ in given))
        return (), (Unmatched(None, names, []),)
    readings = [(class_, *read_filters(class_, given)) for class_ in fitting]
    read = [(class_, wanted) for class_, wanted, wrong in readings if not wrong]
    if not read:
        wrong = [problem for *_, all_wrong in readings for problem in all_wrong]
        hints = [problem for problem in wrong if "did you mean" in problem]
        problems += dict.fromkeys(hints or wrong[: len(given)])
    engine = site().engine
    paths = [
        f"{class_.kind}/{row.name}"
        for class_, wanted in read
        for row in members(engine, class_, pattern(wanted), Order())
    ]
    missed = [{each.message.partition(";")[0]: each for each in unmatched(*pair)} for pair in read]
    everywhere = set.intersection(*map(set, missed)) if missed else set()
    return tuple(paths), tuple(missed[0][key] for key in sorted(everywhere))


def words(problems: list[str]) -> str:
    """The words of the current request; a text that is too long is a problem."""
    query = " ".join(request.args.get("q", "").split())
    if len(query) > MAX_QUERY_LENGTH:
        problems.append(f"A query must have at most {MAX_QUERY_LENGTH} characters.")
    return query


def number(name: str, default: int, problems: list[str]) -> int:
    """A parameter that must be a whole number of at least 1; anything else is a problem."""
    given = request.args.get(name, str(default))
    try:
        return whole_number(name, given, "a whole number of at least 1", MAX_NUMBER_LENGTH)
    except ValueError as error:
        problems.append(str(error))
        return default


# ── The results ──────────────────────────────────────────────────────────────────────────────────────────────────


def as_json(search_results: Results, **more: Any) -> bytes:
    """Search results as JSON: `total`, and for each result `iri`, `label`, `kind` and `snippet` (HTML).

    If there are more results, `next` is the address of the next page, or `all` the address of all results as CSV.
    `notes` name deviations from the request.
    """
    results = [SearchResult.of(hit, search_results).json for hit in search_results.hits]
    content = {
        "total": search_results.total,
        "results": results,
        **{name: value for name, value in more.items() if value},
    }
    return json.dumps(content, ensure_ascii=False, indent=2).encode() + b"\n"


class SearchPage(PagedList):
    """A page of search results, in the language of the request."""

    path = "search"
    variables = VARIABLES

    def __init__(self, parameters: SearchParameters) -> None:
        self.parameters = parameters

    @cached_property
    def found(self) -> Results:
        parameters = self.parameters
        size = parameters.size.members
        return site().finder.find(parameters.query, spoken(), parameters.held, parameters.start, size)

    @cached_property
    def results(self) -> list[SearchResult]:
        return [SearchResult.of(hit, self.found) for hit in self.found.hits]

    @property
    def title(self) -> str:
        return f"Search ({'; '.join(' '.join(pair) for pair in self.pairs)})"

    @property
    def pairs(self) -> Pairs:
        return self.parameters.pairs

    @property
    def pages(self) -> dict[str, Pairs]:
        page = self.parameters.page
        numbers = {"self": page, "first": 1, "prev": page - 1, "next": self.next or 0}
        return {relation: self.parameters.at(number) for relation, number in numbers.items() if number}

    @property
    def total(self) -> int:
        return self.found.total

    @property
    def listed(self) -> list[ListedThing]:
        kinds = site().schema.kinds
        return [ListedThing(result.iri, kinds[result.kind].iri, result.labels) for result in self.results]

    @property
    def size(self) -> PageSize:
        return self.parameters.size

    @property
    def end(self) -> int:
        """The number of results on this page and those before it."""
        return self.parameters.start + self.size.members

    @property
    def has_more(self) -> bool:
        return self.end < self.total

    @property
    def messages(self) -> list[str]:
        return [each.message for each in self.parameters.unmatched]

    @property
    def next(self) -> int | None:
        """The number of the next page, if there is one."""
        within = self.end + self.size.members <= MAX_RESULTS
        return self.parameters.page + 1 if self.has_more and within else None

    @property
    def all(self) -> str | None:
        """The address of all results as CSV, if the pages do not include all of them."""
        return address("search.csv", self.pairs) if self.has_more and not self.next else None

    @property
    def missing(self) -> bool:
        """True if a word was not found and was replaced or omitted."""
        return self.found.reading.asked != self.found.reading.taken

    def facets(self, file: str) -> list[Facet]:
        """The facets of all results, with links to narrower searches."""
        counts = site().finder.counted(self.found.held)

        def narrower(name: str, value: str) -> str:
            return address(file, self.parameters.narrowed(name, value))

        return facets_of(counts, self.found.total, self.parameters.filters, narrower)

    def active(self, file: str) -> Iterator[ActiveFilter]:
        """Each value that the search is narrowed by."""
        for name, values in self.parameters.filters.items():
            labels = labels_of(name, list(values))
            for value in values:
                remove = address(file, self.parameters.widened(name, value))
                yield ActiveFilter(label_of(name), labels[value], remove)
        for name, value in self.parameters.others:
            yield ActiveFilter(name, value, address(file, self.parameters.widened(name, value)))


# ── As OpenAPI ───────────────────────────────────────────────────────────────────────────────────────────────────


WORDS: Json = {
    "name": "q",
    "in": "query",
    "description": "Words in any of the languages of the pages.",
    "schema": {**TEXT, "maxLength": MAX_QUERY_LENGTH},
}


def asking(path: str, class_: Class | None) -> list[Json]:
    """The parameters of a search: words, facet values, and a page."""
    facets = [name for name in site().finder.names if name != KIND]
    return [
        WORDS,
        {"name": KIND, "in": "query", "schema": one_of(site().kinds)},
        *({"name": name, "in": "query", "schema": taken_by(name)} for name in facets),
        *({"name": name, "in": "query", "description": text, "schema": taken_by(name)} for name, text in ranges()),
        {
            "name": "page",
            "in": "query",
            "schema": {"type": "integer", "minimum": 1, "maximum": MAX_RESULTS // MAX_SIZE},
        },
        {
            "name": "size",
            "in": "query",
            "description": f"Things on a page, at most {MAX_SIZE}; a higher value is reduced (header Note). As CSV, a "
            "request without page and size returns all results.",
            "schema": {"type": "integer", "minimum": 1, "maximum": 10**9 - 1},
        },
    ]


def ranges() -> list[tuple[str, str]]:
    """The bounds of collections, such as `date.from`, which a search accepts as well, each with its label."""
    known = (each for class_ in site().kinds.values() for each in parameters_of(class_))
    return sorted({each.name: each.label for each in known if each.is_range}.items())


def taken_by(name: str) -> Json:
    """The JSON Schema of a facet value: that of the filters with the same name."""
    known = (parameters(site().schema, class_).get(name) for class_ in site().kinds.values())
    schemas = [parameter.schema for parameter in known if parameter]
    if all("enum" in each for each in schemas):
        return {"type": "string", "enum": sorted({value for each in schemas for value in each["enum"]})}
    return schemas[0]


def suffixes() -> dict[str, Json]:
    """The suffixes of a search."""
    return {"suffix": one_of([*VARIANTS, JSON.suffix, CSV.suffix, ATOM.suffix])}


# ── The routes ───────────────────────────────────────────────────────────────────────────────────────────────────


@blueprint.get("/search")
@blueprint.get("/search.<suffix>")
@documented(others=(JSON, CSV, ATOM), path=suffixes, query=asking)
def search(suffix: str | None = None) -> Response:
    """Returns the things that contain all words of a query in any language, best first; without a query, all things."""
    page = SearchPage(read())
    file = "search" if suffix is None or suffix.endswith(HTML.suffix) else f"search.{suffix}"
    links: dict[str, str] = {}

    def html(_: list[Triple]) -> str:
        briefs = briefs_of(result.iri for result in page.results)
        return render_template(
            "search.html", page=page, links=links, facets=page.facets(file), active=page.active(file), briefs=briefs
        )

    document = Document(
        "search",
        page.iri,
        lambda: list(page.statements()),
        html,
        root=page.iri,
        default=JSON,
        others={
            JSON: lambda: as_json(page.found, next=links.get("next"), all=page.all, notes=page.notes),
            CSV: lambda: as_csv(page),
            ATOM: lambda: as_feed(page, links),
        },
        filtered=True,
    )
    variant = variant_of(document, suffix)
    g.language = variant.language  # the results, and the address of the next page, depend on the language
    if variant.media is CSV and not {"page", "size"} & {*request.args}:
        page = SearchPage(replace(page.parameters, size=PageSize(max(SIZE, page.total))))
        return respond(replace(document, links=(link(RESULTS_PAGE, "type"),), notes=page.notes), suffix)
    links |= {relation: address(file, pairs) for relation, pairs in page.pages.items() if relation != "self"}
    page_links = (link(RESULTS_PAGE, "type"), *(link(target, relation) for relation, target in links.items()))
    return respond(replace(document, links=page_links, notes=page.notes), suffix)


@blueprint.get("/suggest")
@documented(produces=(JSON.name,), query=lambda path, class_: [WORDS])
def suggest() -> Response:
    """Returns the things whose names begin with a query or contain its words, as JSON."""
    problems = unwritable(request.args.items(multi=True))
    query = words(problems)
    if problems:
        raise BadRequest(" ".join(problems))
    response = compressed(as_json(site().finder.suggest(query, spoken(), MAX_SUGGESTIONS)), JSON.content_type)
    response.vary.add("Accept-Language")
    return cached(response, SHORT)


def address(file: str, pairs: Pairs) -> str:
    """The path of a search on this host, in the variant and with the display parameters of the current request."""
    return paging.address(file, [*pairs, *shared()])


# ── Formats ──────────────────────────────────────────────────────────────────────────────────────────────────────


def as_csv(page: SearchPage) -> bytes:
    """A page as a table (RFC 4180), with the same content as the JSON and the snippet as plain text."""
    written = io.StringIO()
    rows = ((result.iri, result.label, result.kind, result.snippet.text) for result in page.results)
    csv.writer(written).writerows([("iri", "label", "kind", "snippet"), *rows])
    return written.getvalue().encode()


UNKNOWN = "1970-01-01T00:00:00Z"
"""The time of a change that is unknown: a feed must contain a time, and readers treat this one as old."""


def as_feed(page: SearchPage, links: dict[str, str]) -> bytes:
    """A page as a feed (RFC 4287), in which the time of an entry is that of the last change of its source."""
    base, here = site().names.base, f"{request.script_root}/"
    relations = {"self": address(f"search.{ATOM.suffix}", page.pages["self"]), **links}
    whole = {relation: base + target.removeprefix(here) for relation, target in relations.items()}
    times = times_of([result.iri for result in page.results])
    updated = max((each["modified"] for each in times.values() if "modified" in each), default=UNKNOWN)
    feed = render_template("feed.xml", page=page, links=whole, times=times, updated=updated, unknown=UNKNOWN)
    return feed.encode()


def times_of(iris: list[str]) -> dict[str, dict[str, str]]:
    """The times at which the sources of some things were `created` and `modified`, if they are known, by IRI."""
    names = site().names
    documents = {names.document(names.path(iri) or ""): iri for iri in iris}
    rows = named_queries.times(site().engine, names, documents)
    return {documents[row.pop("document").value]: {name: time.value for name, time in row.items()} for row in rows}
