"""Named graphs: the triples of one."""

from pyoxigraph import Triple

from server.site import site, triples_of_graph


def triples_of(name: str) -> list[Triple]:
    """The triples of a named graph."""
    return [*triples_of_graph(site().engine, name)]
