"""The site: one published dataset, open for reading, with the schema from its own graphs.

A server may take up another version while it runs (server/takeover.py). A request keeps the site with which it began.
"""

import time
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode

from flask import current_app, g, has_request_context, request
from pyoxigraph import Triple
from rdflib import Graph

from kg.dataset.finder import Finder
from kg.dataset.layout import Dataset
from kg.dataset.questions import Question
from kg.dataset.source_lines import SourceLines
from kg.model.context import Framing
from kg.model.profiles import Profile, profiles_of
from kg.model.schema import Class, Schema
from kg.model.views import View, views_in
from kg.names import Names
from kg.rdflib_graphs import to_graph
from kg.sparql.engine import Engine
from server.derived import Caches, derived
from server.http.gateway import SERVED
from server.languages import chosen_language

MAX_CACHED_GRAPHS = 8
"""Maximum number of cached named graphs: those that are documents, and recently read earlier ontologies."""

PAUSE, MAX_WAIT = 0.01, 2.0
"""The time in seconds after which a request looks for a newer site again, and after which it stops looking."""

MAX_PATH_LENGTH = 8_000
"""Maximum length of a path with its query string that a page repeats in its links, in characters."""


@dataclass(frozen=True, slots=True)
class Site:
    """The objects that all pages use and that never change: dataset, engine, schema, framing, profiles, views, …"""

    dataset: Dataset
    engine: Engine
    schema: Schema
    framing: Framing
    questions: tuple[Question, ...]
    contexts: dict[str, Any]
    profiles: dict[str, Profile]
    finder: Finder
    source_lines: SourceLines
    views: tuple[View, ...]
    caches: Caches = field(default_factory=dict, repr=False)
    """The values that are derived from this dataset (server/derived.py)."""

    @classmethod
    def of(cls, dataset: Dataset, engine: Engine, before: "Site | None" = None) -> "Site":
        """The site of a dataset.

        Everything that depends only on the ontology and the shapes is taken from `before`, a site of another version
        with the same base, if both have the same model.
        """
        names = dataset.names
        if before and before.dataset.manifest.model == dataset.manifest.model:
            schema, framing, profiles, views = before.schema, before.framing, before.profiles, before.views
        else:
            schema = Schema(graph(engine, names.ontology), graph(engine, names.shapes), names)
            framing, profiles, views = Framing(schema, names), profiles_of(schema.shapes), views_in(schema.shapes)
        return cls(
            dataset,
            engine,
            schema,
            framing,
            dataset.questions(),
            dataset.contexts(),
            profiles,
            Finder(dataset.search_index),
            SourceLines(dataset.source_lines),
            views,
        )

    @property
    def identity(self) -> str:
        """The text that distinguishes this dataset from all others."""
        return self.dataset.identity

    @property
    def names(self) -> Names:
        return self.dataset.names

    @property
    def kinds(self) -> dict[str, Class]:
        """The kinds that have things, each with its class."""
        return {kind: self.schema.kinds[kind] for kind in self.dataset.manifest.kinds}

    @property
    def modified(self) -> datetime | None:
        """The time of the last change of the dataset's sources, if it is known."""
        time = self.dataset.manifest.time
        return datetime.fromisoformat(time) if time else None


def graph(engine: Engine, name: str) -> Graph:
    """A named graph as an rdflib graph."""
    return to_graph([*engine.graph(name)])


@derived(MAX_CACHED_GRAPHS)
def triples_of_graph(engine: Engine, name: str) -> tuple[Triple, ...]:
    """The triples of a named graph, which never change."""
    return tuple(engine.graph(name))


def triples_of(name: str) -> list[Triple]:
    """The triples of a named graph of the current dataset."""
    return [*triples_of_graph(site().engine, name)]


def site() -> Site:
    """The site of the current request, which is that of the application when the request began."""
    newest: Site = current_app.extensions["site"]
    if not has_request_context():
        return newest
    current: Site = request.environ.setdefault(SERVED, newest)
    return current


def renewed() -> bool:
    """Waits until the application has a newer site than this request, which then continues with it; False if never."""
    began = site()
    for _ in range(round(MAX_WAIT / PAUSE)):
        if current_app.extensions["site"] is not began:
            request.environ[SERVED] = current_app.extensions["site"]
            return True
        time.sleep(PAUSE)
    return False


def caches() -> Caches:
    """The derived values of the site of the current request."""
    return site().caches


def href(iri: str) -> str:
    """The link of a page for an IRI: a path on this host for our IRIs (for a thing, its document); else the IRI."""
    names = site().names
    if not iri.startswith(names.base):
        return iri if iri.startswith(("http://", "https://")) else ""
    path = iri.removeprefix(names.base)
    return here(f"doc/{path.removeprefix('id/')}" if path.startswith("id/") else path)


def here(path: str, **parameters: str) -> str:
    """A path on this host for a path of the site, with parameters, and with the language that the reader chose."""
    language = chosen_language()
    chosen = {"lang": language} if language and "lang" not in parameters else {}
    path, _, fragment = path.partition("#")
    return (
        f"{request.script_root}/{with_parameters(path, {**parameters, **chosen})}{f'#{fragment}' if fragment else ''}"
    )


def with_parameters(path: str, parameters: dict[str, str]) -> str:
    """A path, which may have a query string already, with more parameters."""
    query = urlencode(parameters, quote_via=quote)
    return f"{path}{'&' if '?' in path else '?'}{query}" if query else path


def page_in(language: str) -> str:
    """The path of the current page in another language; the home page if the address is very long."""
    parameters = urlencode([pair for pair in request.args.items(multi=True) if pair[0] != "lang"], quote_via=quote)
    path = g.get("address", f"{request.path.lstrip('/')}?{parameters}".rstrip("?"))
    return f"{request.script_root}/" + with_parameters(path if len(path) < MAX_PATH_LENGTH else "", {"lang": language})
