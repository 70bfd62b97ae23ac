"""The site: one published dataset, open for reading, with the schema that its own graphs hold."""

import json
from dataclasses import dataclass
from typing import Any

from flask import current_app, request
from rdflib import Graph

from kg.context import Framing
from kg.engine import Dataset, Engine
from kg.names import Names
from kg.schema import Schema


@dataclass(frozen=True, slots=True)
class Site:
    """What every view asks: the engine, the schema, and the framing of JSON-LD; none of it ever changes."""

    engine: Engine
    schema: Schema
    framing: Framing
    questions: tuple[dict[str, str], ...]

    @classmethod
    def of(cls, dataset: Dataset) -> "Site":
        engine = Engine(dataset)
        names = dataset.names
        schema = Schema(_graph(engine, names.ontology), _graph(engine, names.shapes), names)
        questions = json.loads((dataset.directory / "questions.json").read_bytes())
        return cls(engine, schema, Framing(schema, names), tuple(questions))

    @property
    def names(self) -> Names:
        return self.engine.names

    @property
    def dataset(self) -> Dataset:
        return self.engine.dataset


def _graph(engine: Engine, name: str) -> Graph:
    answer: Any = engine.query(f"CONSTRUCT {{ ?s ?p ?o }} WHERE {{ GRAPH <{name}> {{ ?s ?p ?o }} }}")
    return Graph().parse(data="".join(f"{triple} .\n" for triple in answer), format="nt")


def site() -> Site:
    """The site of the current application."""
    found: Site = current_app.extensions["site"]
    return found


def href(iri: str) -> str:
    """Where a page links to for an IRI: for ours a path on this host, of a thing its document; else the web."""
    names = site().names
    if not iri.startswith(names.base):
        return iri if iri.startswith(("http://", "https://")) else ""
    path = iri.removeprefix(names.base)
    return f"{request.script_root}/{'doc/' + path.removeprefix('id/') if path.startswith('id/') else path}"
