"""Presentation: checks what the shapes define for pages and documents: views, profiles, and groups of properties.

The query of each view or profile is run before publication, so that it cannot break a page. A problem is reported at
its line or, if it is in a query, at its place within the query.
"""

from collections.abc import Iterator
from dataclasses import replace

from pyoxigraph import DefaultGraph, NamedNode, Store
from rdflib import Graph, URIRef
from rdflib.namespace import DCAT, RDF, RDFS, SH
from rdflib.term import Literal, Node

from kg.diagnostics.problems import Problem
from kg.diagnostics.suggest import did_you_mean, nearest
from kg.media import LANGUAGES
from kg.model.profiles import FULL, PROF, Profile
from kg.model.views import ABOUT, DASH_VIEWER, LIMIT, MAX_ROWS, SORTS, number, view_of
from kg.names import PREFIXES, RDF_TYPE, local_name
from kg.sparql.oxigraph import select
from kg.sparql.query_text import QueryError, QueryText
from kg.steps.model import at_term, turtle_files
from kg.steps.results import DataGraph, Model
from kg.steps.vocabulary import owner

TOKEN = URIRef(PROF + "hasToken")

SELECT, CONSTRUCT = "SELECT", "CONSTRUCT"

Said = tuple[str, str | None, URIRef | None]
"""A problem with a view, profile or group: a message, a hint, and the property that it is about."""


def check_presentation(model: Model, graph: DataGraph) -> list[Problem]:
    """Returns a problem for everything that would break a page or document, or hide data."""
    problems: list[Problem] = []
    shapes = model.shapes_graph
    views = sorted(shapes.subjects(RDF.type, SH.SPARQLSelectExecutable), key=str)
    profiles = sorted(shapes.subjects(RDF.type, URIRef(PROF + "Profile")), key=str)
    groups = sorted(shapes.subjects(RDF.type, SH.PropertyGroup), key=str)
    tokens = {FULL.token: URIRef(f"{model.names.shapes}#FullProfile")}
    flaws = [(view, each) for view in views for each in wrong_view(model, view)]
    flaws += [(profile, each) for profile in profiles for each in wrong_profile(shapes, profile, tokens)]
    flaws += [(group, each) for group in groups for each in without_label(shapes, group)]
    for shape, group in sorted(shapes.subject_objects(SH.group), key=str):
        flaws += [(shape, each) for each in wrong_group(shapes, group)]
    for node, (message, hint, part) in flaws:
        where = owner(shapes, node)
        part_iri = str(part) if part else None
        problems.append(at_term(model.sources, model.names, where, "E512", message, hint=hint, part=part_iri))
    queries = [(view, SH.select, SELECT) for view in views] + [
        (profile, SH.construct, CONSTRUCT) for profile in profiles
    ]
    declared = [str(term) for term in model.schema.ontology.subjects(unique=True) if isinstance(term, URIRef)]
    for node, property_, form in queries:
        for query in shapes.objects(node, property_):
            problems += failures(model, graph, node, str(query), form, declared)
    return problems


# ── Definitions ──────────────────────────────────────────────────────────────────────────────────────────────────────


def wrong_view(model: Model, view: Node) -> Iterator[Said]:
    """Yields what a view lacks that a page needs (shapes/README.md)."""
    shapes, schema = model.shapes_graph, model.schema
    if not isinstance(view, URIRef):
        yield "a view must have an IRI, because pages link to it", None, None
    viewers = {local_name(str(v)): str(v) for v in shapes.objects(view, DASH_VIEWER)}
    known = {f"{sort.capitalize()}Viewer" for sort in SORTS}
    if len(viewers) != 1 or not set(viewers) <= known:
        found = ", ".join(sorted(viewers)) or "none"
        guess = (
            did_you_mean(nearest(found, ((name, f"shapes:{name}") for name in known))) if len(viewers) == 1 else None
        )
        expected = "one dash:viewer of " + ", ".join(sorted(known))
        yield f"a view must have {expected}, not {found}", guess, URIRef(viewers[found]) if guess else DASH_VIEWER
    yield from without_label(shapes, view)
    about = list(shapes.objects(view, ABOUT))
    if len(about) != 1 or not (str(about[0]) in schema.classes or about[0] == DCAT.Dataset):
        names = ", ".join(sorted(model.names.compact(str(iri)) for iri in about)) or "nothing"
        classes = ((class_.name, model.names.compact(iri)) for iri, class_ in schema.classes.items())
        guess = did_you_mean(nearest(local_name(names), classes)) if len(about) == 1 else None
        yield (
            f"schema:about must name one class of the ontology or dcat:Dataset, not {names}",
            guess,
            URIRef(str(about[0])) if guess else ABOUT,
        )
    for value in shapes.objects(view, LIMIT):
        given = number(value, MAX_ROWS)
        if given is None or given < 1 or given != int(given):
            yield (
                f"hydra:limit must be a whole number of at least 1, not {value}",
                f"write hydra:limit {MAX_ROWS}",
                LIMIT,
            )
    yield from one_query(shapes, view, SH.select)


def wrong_profile(shapes: Graph, profile: Node, tokens: dict[str, URIRef]) -> Iterator[Said]:
    """Yields the problems of a profile, and adds its token to those in use."""
    if not isinstance(profile, URIRef):
        yield "a profile must have an IRI, by which clients request it", None, None
    given = [str(token) for token in shapes.objects(profile, TOKEN)]
    if len(given) != 1 or not given[0].replace("-", "").isalnum() or not given[0].isascii():
        found = ", ".join(sorted(given)) or "none"
        yield f"a profile must have one token of letters, digits and hyphens, not {found}", None, TOKEN
    for token in given:
        if tokens.setdefault(token, URIRef(str(profile))) != profile:
            yield f"the token {token!r} is already used by {local_name(tokens[token])}", None, TOKEN
    if given != [FULL.token]:
        yield from one_query(shapes, profile, SH.construct)


def one_query(shapes: Graph, node: Node, form: URIRef) -> Iterator[Said]:
    """Checks that a view or profile has one query, as a plain string."""
    queries = list(shapes.objects(node, form))
    if len(queries) != 1 or not isinstance(queries[0], Literal) or not isinstance(queries[0].value, str):
        name = f"sh:{local_name(str(form))}"
        yield f"there must be exactly one query, as a string under {name}", None, form


def wrong_group(shapes: Graph, group: Node) -> Iterator[Said]:
    """Checks that a property is shown in a group that is declared."""
    known = [
        (local_name(str(iri)), f"shapes:{local_name(str(iri))}") for iri in shapes.subjects(RDF.type, SH.PropertyGroup)
    ]
    if (group, RDF.type, SH.PropertyGroup) not in shapes:
        name = local_name(str(group))
        hint = (
            did_you_mean(nearest(name, known))
            or f'add the line: shapes:{name} a sh:PropertyGroup ; rdfs:label "{name}"@en .'
        )
        yield f"{name} is not declared as a group of properties", hint, URIRef(str(group))


def without_label(shapes: Graph, node: Node) -> Iterator[Said]:
    """Checks that a heading of a page has an English text, which is used for languages without a translation."""
    languages = {label.language for label in shapes.objects(node, RDFS.label) if isinstance(label, Literal)}
    if LANGUAGES[0] not in languages:
        yield (
            "a heading of a page must have a label in English",
            f'add rdfs:label "{local_name(str(node))}"@en',
            RDFS.label,
        )


# ── Queries ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def failures(
    model: Model, graph: DataGraph, node: Node, query: str, form: str, declared: list[str]
) -> Iterator[Problem]:
    """Yields the problems of the query of a view or profile, which is run on a thing of the data.

    `declared` are the IRIs of the terms of the ontology.
    """
    text = QueryText(query, model.names.prefixes)

    def reason(query: str) -> str:
        try:
            Store().query(query, prefixes=model.names.prefixes)
        except SyntaxError as error:
            return str(error)
        return ""

    try:
        text.check_characters()
        text.check_nesting()
        if reason(query):
            raise text.explain(reason, PREFIXES)
        if (form_found := text.form) != form:
            first = next(token for token in text.tokens if token.text.upper() == form_found)
            raise QueryError(f"this must be a {form} query, not {form_found}", query, first.start, len(form_found))
        for token in text.tokens:
            if token.kind == "word" and token.text.upper() == "SERVICE":
                raise QueryError(
                    "the query of a page must not call another endpoint", query, token.start, len(token.text)
                )
    except QueryError as error:
        yield in_query(model, node, query, error)
        return
    for message in text.unknown_terms(model.names.vocabulary, declared):
        written = message.removeprefix("there is no ").partition(";")[0]
        start = next(token.start for token in text.tokens if token.text == written)
        sentence, _, guess = message.partition("; ")
        hint = f"{guess[0].upper()}{guess[1:]}" if guess else None
        yield in_query(model, node, query, QueryError(sentence, query, start, len(written), hint), "E504")
    try:
        tried(model, graph, node, query, form)
    except (SyntaxError, ValueError, OSError, RuntimeError) as error:
        yield in_query(model, node, query, QueryError(f"the query failed: {error}", query, 0))


def tried(model: Model, graph: DataGraph, node: Node, query: str, form: str) -> None:
    """Runs the query of a view on a thing that has the view, or of a profile on one thing.

    A view is run on what the store states about this thing alone, so that the size of the store does not matter.
    """
    if form == CONSTRUCT:
        thing = model.names.thing(min(graph.stated)) if graph.stated else model.names.dataset
        triples = [quad.triple for quad in graph.store.quads_for_pattern(NamedNode(thing), None, None, DefaultGraph())]
        Profile(str(node), query=query).of(triples, model.names)
        return
    view = view_of(model.shapes_graph, node)
    if view is None:
        return
    of_class = graph.store.quads_for_pattern(None, NamedNode(RDF_TYPE), NamedNode(view.about), DefaultGraph())
    things = (quad.subject.value for quad in of_class if isinstance(quad.subject, NamedNode))
    thing, alone = next(things, model.names.dataset), Store()
    alone.extend(graph.store.quads_for_pattern(NamedNode(thing), None, None, DefaultGraph()))
    next(select(alone, view.about_thing(thing, model.names)).rows, None)


def in_query(model: Model, node: Node, query: str, error: QueryError, code: str = "E513") -> Problem:
    """A problem at its place within a query, in the file that contains the query."""
    problem = at_term(model.sources, model.names, owner(model.shapes_graph, node), code, error.message, hint=error.hint)
    for file in turtle_files(model.sources.shapes):
        text = model.names.rebase(file.read_text(encoding="utf-8", errors="replace"))
        if (start := text.find(query)) >= 0:
            before = text[:start]
            column = error.column + (len(before) - before.rfind("\n") - 1 if error.line == 1 else 0)
            return replace(problem, file=file, line=before.count("\n") + error.line, column=column, length=1)
    return problem
