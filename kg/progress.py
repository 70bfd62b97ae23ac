"""Progress: what a build has counted so far, for the bar on a terminal, for `--profile`, and for tests."""

from collections import Counter
from collections.abc import Callable


def show_nothing(_: "Progress") -> None:
    """The default display."""


class Progress:
    """What the steps of a build report about their work.

    `step` is the name of the running step. If the step takes long, `done` units of its work are done of a `total`,
    which is None if it is not known. `counts` holds the numbers that each step has counted, by step and name; they do
    not depend on `done` and `total`.
    """

    def __init__(self) -> None:
        self.step, self.unit, self.done = "", "", 0
        self.total: int | None = None
        self.counts: dict[str, Counter[str]] = {}
        self.show: Callable[[Progress], None] = show_nothing
        """The display, which is called after each change of the work that is done."""

    def begin(self, step: str) -> None:
        """Names the step that begins now."""
        self.step = step
        self.counts.setdefault(step, Counter())
        self.expect("")

    def expect(self, unit: str, total: int | None = None) -> None:
        """Announces the work of the step, or of its next phase: so many units, such as records, as far as is known."""
        self.unit, self.done, self.total = unit, 0, total
        self.show(self)

    def advance(self, number: int = 1) -> None:
        """Reports that some more units are done. A step calls it for each batch rather than for each unit."""
        self.done += number
        self.show(self)

    def count(self, what: str, number: int = 1) -> None:
        """Adds to one of the counters of the step; `what` is a plural, such as "records mapped"."""
        self.counts.setdefault(self.step, Counter())[what] += number
