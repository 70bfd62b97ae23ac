"""Records: the YAML documents of the sources, each of which describes one thing or withdraws it."""

from dataclasses import dataclass
from pathlib import Path

from yaml import MappingNode


@dataclass(frozen=True, slots=True)
class Record:
    """One YAML document: the path of its thing (`kind/name`), the file it stands in, and its tree with positions.

    A record that is not `sound` has an error already: what of it is right is mapped all the same, and checked.
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
    """A thing that was taken back: its path, the day (as written), why, and the path of what replaced it if any."""

    path: str
    date: str
    reason: str
    replaced_by: str | None = None
