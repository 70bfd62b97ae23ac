"""Named graphs: the triples of one."""

from functools import lru_cache

from pyoxigraph import Triple

from kg.engine import Engine
from server.site import site

KEPT = 8
"""How many named graphs a process keeps: those that are documents, and earlier ontologies that were read last."""


def triples_of(name: str) -> list[Triple]:
    """The triples of a named graph."""
    return [*kept(site().engine, name)]


@lru_cache(maxsize=KEPT)
def kept(engine: Engine, name: str) -> tuple[Triple, ...]:
    """The triples of a named graph, which never change."""
    return tuple(engine.graph(name))
