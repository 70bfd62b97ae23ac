"""Collections: `/doc/<kind>` lists the things of a kind, filtered, sorted, and divided into pages.

A page begins after the member that its cursor names, never at an offset, so that additions and removals before it do
not move it. A cursor that does not, or no longer, name a member is an error (400) with the address of the first page.
Members are sorted here and not by the engine, whose ORDER BY reads both terms from disk for each comparison. The
dataset never changes, so an order is cached for the following pages.
"""

import base64
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum, auto
from typing import Any

from flask import Blueprint, Response, render_template, request
from pyoxigraph import Literal, NamedNode, Triple
from rdflib.namespace import RDFS
from werkzeug.exceptions import BadRequest, NotFound

from kg.dataset import named_queries
from kg.dataset.search_index import KIND
from kg.diagnostics.suggest import did_you_mean, nearest
from kg.media import HTML
from kg.model import literals
from kg.model.schema import Class, Property, Values
from kg.names import NAME, XSD
from kg.namespaces import SDO
from kg.sparql.engine import Engine
from kg.text.language_preference import best_tag, in_language, preference
from server import paging
from server.derived import derived
from server.documents import Document, respond, split
from server.errors import CursorError
from server.http.links import link
from server.languages import language
from server.operations import Json, documented, one_of
from server.pages import filters
from server.pages.briefs import briefs_of
from server.pages.facets import Facet, facets_of
from server.pages.filters import RESERVED, CollectionParameter, Filter
from server.pages.properties import Value
from server.paging import (
    ActiveFilter,
    ListedThing,
    PagedList,
    PageSize,
    Pairs,
    query,
    repeated,
    shared,
    shown,
    unwritable,
    whole_number,
)
from server.site import site

blueprint = Blueprint("collections", __name__)

SIZE = 100
"""Number of members on a page, unless `size` is given."""

MAX_SIZE = 1000
"""Maximum number of members on a page; a higher `size` is reduced to it."""

MAX_COMPARED = 5000
"""Maximum number of values of a property that are compared with a value that no thing has."""

MAX_CACHED_ORDERS = 16
"""Maximum number of orders of members that a process caches: one string for each member, two if the order is sorted."""

MAX_KEY_LENGTH = 200
"""Maximum length of a text that is compared for sorting, in characters, so that a cursor fits into an address."""

COLLECTION_PAGE = str(SDO.CollectionPage)


# ── The request ──────────────────────────────────────────────────────────────────────────────────────────────────


class Form(Enum):
    """How the values of a key are compared."""

    NAME = auto()
    """The values are not compared, only the names of the things."""
    TEXT = auto()
    """By code point, in English, else in the first of their languages."""
    PLAIN = auto()
    """By code point, whether literals or IRIs."""
    DATE = auto()
    """By the first day that a date can mean."""
    NUMBER = auto()
    TIME = auto()


DATATYPES = {
    Form.DATE: (XSD + "date",),
    Form.NUMBER: (XSD + "integer", XSD + "decimal"),
    Form.TIME: (XSD + "dateTime",),
}
"""The datatypes of the texts that are compared, for forms that do not accept every text."""


@dataclass(frozen=True, slots=True)
class Order:
    """An order by the values of a property (`iri`) and then by name; things without a value come last.

    Of several values, the least one is used, or the greatest one in descending order.
    """

    form: Form = Form.NAME
    iri: str = ""
    descending: bool = False

    @classmethod
    def by(cls, property_: Property, descending: bool) -> "Order":
        return cls(form_of(property_), property_.iri, descending)

    def place(self, values: list[NamedNode | Literal]) -> str:
        """The text of the value that is used, in the form that `rank` accepts."""
        values = self._speaking(values)
        texts = [literals.bounds(v.value)[0] for v in values] if self.form is Form.DATE else [v.value for v in values]
        return (max if self.descending else min)(texts, key=self.rank)[:MAX_KEY_LENGTH]

    def _speaking(self, values: list[NamedNode | Literal]) -> list[NamedNode | Literal]:
        if self.form is not Form.TEXT or len(values) == 1:
            return values
        tags = [v.language if isinstance(v, Literal) else None for v in values]
        spoken = best_tag(tags)
        return [v for v, tag in zip(values, tags, strict=True) if tag == spoken]

    def rank(self, text: str) -> Any:
        """The key for comparing the text of a value."""
        match self.form:
            case Form.NUMBER:
                return Decimal(text)
            case Form.TIME:
                moment = datetime.fromisoformat(text)
                return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
            case _:
                return text

    def check(self, text: str) -> None:
        """Raises ValueError for a text that cannot be the value of a member."""
        datatypes = DATATYPES.get(self.form)
        if datatypes and literals.typed(text, datatypes)[0] != text:
            raise ValueError(text)


def form_of(property_: Property) -> Form:
    if property_.values is Values.TEXT:
        return Form.TEXT
    forms = {Form.DATE: filters.is_date, Form.NUMBER: filters.is_number, Form.TIME: filters.is_time}
    return next((form for form, fits in forms.items() if fits(property_)), Form.PLAIN)


def sortable(class_: Class) -> dict[str, Property]:
    """The keys by which a collection of a class can be sorted; `-` before a key sorts in descending order."""
    keys = filters.keys_of(site().schema, class_).values()
    return {k.property.key: k.property for k in keys if k.property.values not in (Values.PART, Values.SAME)}


@dataclass(frozen=True, slots=True)
class Member:
    """A member: its name, and the text of its value in the order; None if it has no value or the order is by name."""

    name: str
    place: str | None = None

    def follows(self, cursor: "Member", order: Order) -> bool:
        """True if the member comes after a cursor."""
        if self.place == cursor.place:
            return self.name > cursor.name
        if self.place is None or cursor.place is None:
            return self.place is None
        here, there = order.rank(self.place), order.rank(cursor.place)
        return self.name > cursor.name if here == there else bool(here > there) != order.descending

    def token(self, order: Order) -> str:
        """The cursor of the page after this member: its name or, in a sorted collection, an opaque token."""
        if order.form is Form.NAME:
            return self.name
        text = self.name if self.place is None else f"{self.name} {self.place}"
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    @classmethod
    def read(cls, token: str, order: Order) -> "Member":
        """The member that a cursor names. Raises ValueError if it is not a cursor of this order."""
        if order.form is Form.NAME:
            name, place = token, None
        else:
            text = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True).decode()
            name, space, rest = text.partition(" ")
            place = rest if space else None
        if not NAME.fullmatch(name):
            raise ValueError(token)
        if place is not None:
            order.check(place)
        return cls(name, place)


@dataclass(frozen=True, slots=True)
class CollectionParameters:
    """What a request asks of a collection."""

    class_: Class
    filters: list[Filter]
    sort: str
    order: Order
    cursor: Member | None
    size: PageSize

    @property
    def pairs(self) -> Pairs:
        """The parameters that determine the collection, in canonical form and order: the filters, then the sort."""
        pairs = [(each.parameter.name, value.text) for each in self.filters for value in each.values]
        return [*pairs, *([("sort", self.sort)] if self.sort else [])]

    def page(self, last: Member | None) -> Pairs:
        """The parameters of the page after a member, or of the first page."""
        return [*self.pairs, *([("page", last.token(self.order))] if last else []), ("size", str(self.size.members))]


def read(class_: Class) -> CollectionParameters:
    """The parameters of the current request for the collection of a class. Raises BadRequest with all errors."""
    given = list(request.args.items(multi=True))
    wanted, problems = filters.read(class_, (pair for pair in given if pair[0] not in RESERVED))
    problems = [*unwritable(given), *problems, *repeated(RESERVED[:3])]
    sort, order = request.args.get("sort", ""), Order()
    cursor, size = None, PageSize(SIZE)
    try:
        order = read_order(class_, sort)
        cursor = read_cursor(request.args.get("page"), order)
    except ValueError as error:
        problems.append(str(error))
    try:
        size = read_size(request.args.get("size"))
    except ValueError as error:
        problems.append(str(error))
    if problems:
        raise BadRequest(" ".join(problems))
    return CollectionParameters(class_, wanted, sort, order, cursor, size)


def read_order(class_: Class, sort: str) -> Order:
    """The order that `sort` requests. The message of a ValueError lists the valid values."""
    keys = sortable(class_)
    name = sort.removeprefix("-")
    if name in keys:
        return Order.by(keys[name], descending=sort.startswith("-"))
    if "sort" not in request.args:
        return Order()
    hint = did_you_mean(nearest(name, ((key, key) for key in keys)))
    choices = f"sort must be one of {', '.join(keys)}, optionally preceded by -, not {shown(sort)}"
    raise ValueError(f"{choices}; {hint}" if hint else f"{choices}.")


def read_cursor(given: str | None, order: Order) -> Member | None:
    """The member that `page` names. The message of a ValueError says what is valid."""
    try:
        return None if given is None else Member.read(given, order)
    except ValueError:
        raise ValueError(f"page must be {cursor_of(order)}, not {shown(given or '')}.") from None


def cursor_of(order: Order) -> str:
    """The valid values of `page` in an order, as a message describes them."""
    if order.form is Form.NAME:
        return "the name of the member after which the page begins, as in the link to the next page"
    return "a cursor for the same sort order, as in the link to the next page"


def read_size(given: str | None) -> PageSize:
    """The number of members that `size` requests, reduced to the maximum. Raises ValueError if it is invalid."""
    if given is None:
        return PageSize(SIZE)
    return PageSize.of(whole_number("size", given, f"a whole number from 1 to {MAX_SIZE}"), MAX_SIZE)


# ── The members ──────────────────────────────────────────────────────────────────────────────────────────────────


@derived(MAX_CACHED_ORDERS)
def members(engine: Engine, class_: Class, where: str, order: Order) -> list[Member]:
    """All things of a kind that match a pattern over ?s0, in order."""
    things = site().names.thing(f"{class_.kind}/")
    iris = named_queries.members(engine, class_.iri, where)
    names = sorted(iri.removeprefix(things) for iri in iris if iri.startswith(things))
    if order.form is Form.NAME:
        return [Member(name) for name in names]
    values: dict[str, list[NamedNode | Literal]] = defaultdict(list)
    for iri, value in named_queries.values_where(engine, where, order.iri):
        values[iri.removeprefix(things)].append(value)
    placed = [Member(name, order.place(values[name])) for name in names if name in values]
    placed.sort(key=lambda row: order.rank(str(row.place)), reverse=order.descending)
    return [*placed, *(Member(name) for name in names if name not in values)]


def labels_of(iris: list[str]) -> dict[str, list[Literal]]:
    """The labels of some things, English first, then by language."""
    labels: dict[str, list[Literal]] = {iri: [] for iri in iris} | named_queries.labels(site().engine, iris)
    for each in labels.values():
        each.sort(key=lambda label: (preference(label.language), label.value))
    return labels


@dataclass(frozen=True, slots=True)
class Unmatched:
    """A value of a filter that no thing has: the filter, the value, and the most similar values.

    Without a filter, the value is the names of filters that no kind of things has together.
    """

    parameter: CollectionParameter | None
    value: str
    near: list[str]

    @property
    def message(self) -> str:
        if self.parameter is None:
            return f"No kind of thing has all of these properties: {self.value}."
        hint = did_you_mean(self.near)
        return f"There is nothing here with {self.parameter.name} {shown(self.value)}" + (f"; {hint}" if hint else ".")


def unmatched(class_: Class, applied: list[Filter]) -> list[Unmatched]:
    """The values of filters that, each by itself, no thing of a class has."""
    engine = site().engine
    unmatched_values = []
    for each in applied:
        for value in each.values:
            pattern = filters.pattern([Filter(each.parameter, (value,))])
            if not named_queries.has_member(engine, class_.iri, pattern):
                unmatched_values.append(Unmatched(each.parameter, value.text, near(class_, each.parameter, value.text)))
    return unmatched_values


def near(class_: Class, parameter: CollectionParameter, text: str) -> list[str]:
    """The existing values of a parameter that are most similar to a text; none for a range."""
    if parameter.is_range:
        return []
    path = (*parameter.path, parameter.iri)
    terms = named_queries.values_at(site().engine, class_.iri, path, MAX_COMPARED)
    texts = (filters.path_of(term.value) if isinstance(term, NamedNode) else term.value for term in terms)
    named = [(each, each) for each in texts]
    short = [(each.rpartition("/")[2], each) for each, _ in named]
    name = text.rpartition("/")[2]
    same = sorted(each for other, each in short if other == name)
    return same or nearest(text, named) or nearest(name, short)


@dataclass(frozen=True)
class CollectionPage(PagedList):
    """A page of a collection: all members of the collection, and those on the page, in order.

    `labels` are those of the members on the page and of the things that the filters name. `last` is the last member on
    the page if there is another page.
    """

    parameters: CollectionParameters
    all: list[Member]
    members: list[str]
    labels: dict[str, list[Literal]]
    last: Member | None
    unmatched: list[Unmatched]

    @classmethod
    def of(cls, parameters: CollectionParameters) -> "CollectionPage":
        """The requested page. Raises CursorError for a cursor that does not name a member of the collection."""
        rows = members(site().engine, parameters.class_, filters.pattern(parameters.filters), parameters.order)
        cursor, order = parameters.cursor, parameters.order
        start = bisect_right(rows, False, key=lambda row: row.follows(cursor, order)) if cursor else 0
        if cursor and (start == 0 or rows[start - 1] != cursor):
            raise no_member(parameters)
        size = parameters.size.members
        shown_rows = rows[start : start + size]
        iris = [site().names.thing(f"{parameters.class_.kind}/{row.name}") for row in shown_rows]
        named = [value.iri for each in parameters.filters for value in each.values if value.iri]
        last = shown_rows[-1] if start + size < len(rows) else None
        return cls(
            parameters, rows, iris, labels_of([*iris, *named]), last, unmatched(parameters.class_, parameters.filters)
        )

    @property
    def total(self) -> int:
        return len(self.all)

    @property
    def path(self) -> str:
        return f"doc/{self.parameters.class_.kind}"

    @property
    def title(self) -> str:
        """The label of the class, and what the collection is filtered and sorted by."""
        parameters = "; ".join(f"{name} {value}" for name, value in self.pairs)
        return site().schema.label(self.parameters.class_.iri) + (f" ({parameters})" if parameters else "")

    @property
    def pairs(self) -> Pairs:
        return self.parameters.pairs

    @property
    def pages(self) -> dict[str, Pairs]:
        page = self.parameters.page
        following = {"next": page(self.last)} if self.last else {}
        return {"self": page(self.parameters.cursor), "first": page(None), **following}

    @property
    def listed(self) -> list[ListedThing]:
        return [ListedThing(iri, self.parameters.class_.iri, self.labels[iri]) for iri in self.members]

    @property
    def size(self) -> PageSize:
        return self.parameters.size

    @property
    def has_more(self) -> bool:
        return self.last is not None

    @property
    def messages(self) -> list[str]:
        return [each.message for each in self.unmatched]

    @property
    def variables(self) -> dict[str, str]:
        """The keys of the things themselves, without those of their parts."""
        return {each.name: each.iri for each in filters.parameters_of(self.parameters.class_) if not each.path}

    def statements(self) -> Iterator[Triple]:
        """The page as RDF; a collection that is not filtered names its class."""
        yield from super().statements()
        if not self.pairs:
            class_ = NamedNode(self.parameters.class_.iri)
            yield Triple(NamedNode(self.iri), NamedNode(RDFS.seeAlso), class_)

    @property
    def search(self) -> str:
        """The query string of the search that finds the same things."""
        values = [(each.parameter.name, value.text) for each in self.parameters.filters for value in each.values]
        return query([(KIND, self.parameters.class_.kind), *values])

    def facets(self, file: str) -> list[Facet]:
        """The facets of the things in the collection, with links to narrower collections."""
        counts = site().finder.facets(f"{self.parameters.class_.kind}/{row.name}" for row in self.all)
        chosen = [KIND, *(each.parameter.name for each in self.parameters.filters)]
        return facets_of(counts, self.total, chosen, lambda *pair: address(file, [pair, *self.parameters.page(None)]))

    def value_of(self, iri: str) -> Value:
        """A thing or a term on the page, with its label in the language of the page if it has one."""
        name = in_language(self.labels.get(iri, []), language())
        return Value(name.value, name.language, iri) if name else Value(filters.path_of(iri), iri=iri)


def no_member(parameters: CollectionParameters) -> CursorError:
    """The error about a cursor that does not name a member, with the address of the first page."""
    first = f"doc/{parameters.class_.kind}{query(parameters.page(None))}"
    among = " with these parameters" if parameters.pairs else ""
    return CursorError(
        f"page must be {cursor_of(parameters.order)}; {shown(request.args['page'])} is not (or no longer) a member of "
        f"this collection{among}. Start again at /{first} and follow the links to the next page.",
        first,
    )


# ── As OpenAPI ───────────────────────────────────────────────────────────────────────────────────────────────────


PAGE: Json = {
    "name": "page",
    "in": "query",
    "description": "The cursor of a page, as in the link `next` of the previous page: the name of the member after "
    "which the page begins or, in a sorted collection, a token for that member. If the cursor does not name a member "
    "of the collection with these parameters, the answer is 400 with a link to the first page. There are no page "
    "numbers.",
    "schema": {"type": "string", "pattern": "^[A-Za-z0-9_-]+$"},
}


def asking(path: str, class_: Class | None) -> list[Json]:
    """The filters, the order and the pages of a collection; a variant by suffix takes those of its collection."""
    if class_ is None or path != f"/doc/{class_.kind}":
        return []
    known = [
        {"name": each.name, "in": "query", "description": each.label, "schema": each.schema}
        for each in filters.parameters_of(class_)
    ]
    keys = list(sortable(class_))
    paging = [
        {
            "name": "sort",
            "in": "query",
            "description": "The key to sort by; with - before it, in descending order.",
            "schema": one_of([*keys, *(f"-{key}" for key in keys)]),
        },
        PAGE,
        {
            "name": "size",
            "in": "query",
            "description": f"Members on a page, at most {MAX_SIZE}; a higher value is reduced (header Note).",
            "schema": {"type": "integer", "minimum": 1},
        },
    ]
    return [*known, *paging]


# ── The response ─────────────────────────────────────────────────────────────────────────────────────────────────


@blueprint.get("/doc/<file>")
@documented(by_kind=True, files=("{kind}", "{kind}.{suffix}"), query=asking)
def collection(file: str) -> Response:
    """Returns a page of the things of a kind that match the filters; raises BadRequest for invalid parameters."""
    kind, suffix = split(file)
    class_ = site().schema.kinds.get(kind)
    if class_ is None:
        raise NotFound(f"There is no kind {kind} in this dataset.")
    page = CollectionPage.of(read(class_))
    if suffix and suffix.endswith(HTML.suffix):
        file = kind  # links on a page lead to the negotiated variant
    links = {relation: address(file, pairs) for relation, pairs in page.pages.items() if relation != "self"}

    def html(_: list[Triple]) -> str:
        active = list(removable(file, page))
        choices = filters.parameters_of(class_)
        return render_template(
            "collection.html",
            page=page,
            kind=kind,
            links=links,
            active=active,
            parameters=choices,
            orders=sortable(class_),
            facets=page.facets(file),
            briefs=briefs_of(page.members),
        )

    return respond(
        Document(
            f"doc/{kind}",
            page.iri,
            lambda: list(page.statements()),
            html,
            root=page.iri,
            links=(link(COLLECTION_PAGE, "type"), *(link(target, relation) for relation, target in links.items())),
            items=tuple(link(member, "item") for member in page.members),
            filtered=True,
            notes=page.notes,
        ),
        suffix,
    )


def address(file: str, pairs: Pairs) -> str:
    """The path of a page on this host, in the variant and with the display parameters of the current request."""
    return paging.address(f"doc/{file}", [*shared(), *pairs])


def removable(file: str, page: CollectionPage) -> Iterator[ActiveFilter]:
    """Each value that the collection is filtered by."""
    for each in page.parameters.filters:
        for value in each.values:
            pair = (each.parameter.name, value.text)
            without = [other for other in page.parameters.page(None) if other != pair]
            name = page.value_of(value.iri).text if value.iri else value.text
            yield ActiveFilter(each.parameter.label, name, address(file, without))
