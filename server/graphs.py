"""Named graphs: the triples of one."""

from pyoxigraph import Triple

from server.site import kept, site


def triples_of(name: str) -> list[Triple]:
    """The triples of a named graph."""
    return [*kept(site().engine, name)]
