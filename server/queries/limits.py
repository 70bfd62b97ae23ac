"""Limits: what untrusted queries may take."""

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
"""The setting of each limit."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What queries may take: times in seconds, memory of a query beyond the dataset and its answer in bytes."""

    seconds: float
    memory: int
    rows: int
    answer: int
    running: int
    waiting: int
    triples: int
    """Up to how many triples the dataset is held in memory."""
    services: tuple[str, ...]
    """The endpoints that SERVICE may ask."""

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> "Limits":
        """The limits that settings give, by the names of SETTINGS_OF_LIMITS."""
        given = {field: settings[name] for name, field in SETTINGS_OF_LIMITS.items()}
        return cls(**{**given, "services": tuple(given["services"].split())})

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def long(self) -> int:
        """How many of the running queries may be long ones: the rest of the places is kept for short ones."""
        return max(1, self.running - max(1, self.running // 3))
