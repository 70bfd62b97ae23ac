"""Records: the YAML documents of the sources, each of which describes one thing or withdraws it."""

from dataclasses import dataclass
from pathlib import Path

from yaml import MappingNode


@dataclass(frozen=True, slots=True)
class Record:
    """One YAML document: the path of its thing (`kind/name`), the file that contains it, and its tree with positions.

    A record that is not `sound` already has an error. Its valid values are mapped and checked nevertheless.
    """

    path: str
    file: Path
    node: MappingNode
    sound: bool = True

    @property
    def kind(self) -> str:
        return self.path.partition("/")[0]


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """A withdrawn thing: its path, the date (as written), the reason, and the path of the replacement, if any."""

    path: str
    date: str
    reason: str
    replaced_by: str | None = None
