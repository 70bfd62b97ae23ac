"""An index that assumes: every thing that a record names exists and belongs to a right class.

With it, a record can be mapped before the other records are known. The references that were assumed to be right are
kept, so that they can be compared with the real index (index.py) afterwards.
"""

from collections.abc import Mapping

from kg.sources.index import Wanted
from kg.sources.record import Withdrawal

Reference = tuple[str, Wanted]
"""The path of a thing that a record names, and the classes that the thing must belong to."""


class AssumedIndex:
    """Answers like an Index that knows everything; `references` are the assumptions. It makes no suggestions."""

    withdrawn: Mapping[str, Withdrawal] = {}
    kinds: frozenset[str] = frozenset()

    def __init__(self) -> None:
        self.references: set[Reference] = set()

    def __contains__(self, path: object) -> bool:
        return True

    def fits(self, path: str, wanted: Wanted) -> bool:
        self.references.add((path, wanted))
        return True

    def class_of(self, path: str) -> None:
        return None

    def exactly(self, text: str, wanted: Wanted) -> list[str]:
        return []

    suggest = exactly
