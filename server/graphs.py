"""Named graphs: the triples of one."""

from pyoxigraph import Triple

from server.site import site


def triples_of(name: str) -> list[Triple]:
    """The triples of a named graph."""
    return site().engine.construct(f"CONSTRUCT {{ ?s ?p ?o }} WHERE {{ GRAPH <{name}> {{ ?s ?p ?o }} }}")
