"""Patterns: regular expressions of sh:pattern, in the one dialect that prefilter, validator and endpoint share.

sh:pattern is defined by REGEX of SPARQL (w3.org/TR/shacl, 4.4.3; SPARQL 1.1, 17.4.3.14), so the engine says what a
pattern means, wherever one is used. It takes Unicode classes such as `\\p{Lu}`; it has neither look-around nor
back-references.
"""

from functools import lru_cache

from pyoxigraph import Literal, Store

from kg.sparql.oxigraph import select


def matches(pattern: str, text: str, flags: str = "") -> bool | None:
    """Whether a text matches; None for a pattern, or flags, that REGEX does not take."""
    arguments = ", ".join(str(Literal(each)) for each in (text, pattern, flags))
    solution = next(iter(select(Store(), f"SELECT (REGEX({arguments}) AS ?matches) WHERE {{}}")))
    return solution["matches"].value == "true" if solution else None


@lru_cache(1024)
def is_pattern(pattern: str, flags: str = "") -> bool:
    """True of what REGEX takes."""
    return matches(pattern, "", flags) is not None
