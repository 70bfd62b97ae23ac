"""Limits: the limits of untrusted queries."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

SETTINGS_OF_LIMITS = {
    "max-query-seconds": "seconds",
    "max-query-memory": "memory",
    "max-rows": "rows",
    "max-answer-bytes": "answer",
    "max-queries": "running",
    "max-waiting": "waiting",
    "max-triples-in-memory": "triples",
    "allowed-services": "services",
}
"""The setting for each limit."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of queries: times in seconds, memory per query in bytes, without the dataset and the answer."""

    seconds: float
    memory: int
    rows: int
    answer: int
    running: int
    waiting: int
    triples: int
    """Maximum number of triples in a dataset that is held in memory."""
    services: tuple[str, ...]
    """The endpoints that SERVICE may query."""

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> "Limits":
        """The limits from settings, by the names in SETTINGS_OF_LIMITS."""
        given = {field: settings[name] for name, field in SETTINGS_OF_LIMITS.items()}
        return cls(**{**given, "services": tuple(given["services"].split())})

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def long(self) -> int:
        """Maximum number of long queries that run at the same time; the other places are reserved for short queries."""
        return max(1, self.running - max(1, self.running // 3))
