"""State: what the first process of a server tells all others, in a file that it replaces atomically."""

import json
import os
import threading
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class State:
    """The state of a server.

    `orders` counts how often it was told to look at the current version of the dataset. `check` is the outcome of the
    last check of the sources (server/watching.py), if they are watched and have been checked.
    """

    orders: int = 0
    is_ending: bool = False
    check: dict[str, Any] | None = None

    @classmethod
    def read(cls, file: Path) -> "State":
        return cls(**json.loads(file.read_bytes()))


class StateFile:
    """The file with the state of a server, for the process that changes it; several threads may do so."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._lock = threading.RLock()  # the handler of a signal may interrupt that of another
        self._state = State()
        self.update()

    def update(self, **changes: Any) -> None:
        """Changes some members of the state."""
        with self._lock:
            self._state = replace(self._state, **changes)
            aside = self.file.with_suffix(".new")
            aside.write_text(json.dumps(asdict(self._state)), encoding="utf-8")
            os.replace(aside, self.file)

    def order(self) -> None:
        """Tells all processes to look at the current version of the dataset."""
        with self._lock:
            self.update(orders=self._state.orders + 1)
