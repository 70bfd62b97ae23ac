"""Patterns: the regular expressions of sh:pattern, in the dialect that prefilter, validator and endpoint share.

SHACL defines sh:pattern by the function REGEX of SPARQL (w3.org/TR/shacl, 4.4.3; SPARQL 1.1, 17.4.3.14), so the engine
determines the meaning of a pattern everywhere. It supports Unicode classes such as `\\p{Lu}`, but neither look-around
nor back-references.
"""

from functools import lru_cache

from pyoxigraph import Literal, Store

from kg.sparql.oxigraph import select


def matches(pattern: str, text: str, flags: str = "") -> bool | None:
    """Whether a text matches a pattern; None if REGEX does not accept the pattern or the flags."""
    arguments = ", ".join(str(Literal(each)) for each in (text, pattern, flags))
    solution = next(iter(select(Store(), f"SELECT (REGEX({arguments}) AS ?matches) WHERE {{}}")))
    return solution["matches"].value == "true" if solution else None


@lru_cache(1024)
def is_pattern(pattern: str, flags: str = "") -> bool:
    """True if REGEX accepts the pattern and the flags."""
    return matches(pattern, "", flags) is not None
