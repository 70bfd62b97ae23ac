"""Suggestions: which name was meant, by edit distance over all that a thing or a key is called."""

from collections.abc import Callable, Iterable

from rapidfuzz import process
from rapidfuzz.distance import OSA

from kg.text.folding import fold

CLOSE = 0.6
"""How alike two names must be at least, of 1: edits (insert, delete, replace, swap) for their length."""

AS_CLOSE = 0.04
"""How much less alike than the best another name may be and still be named."""

MAX_SUGGESTIONS = 3
"""Maximum number of names that are suggested."""

Named = tuple[str, str]
"""A name, and what to write for it."""


class Choices:
    """Names to choose from, folded once for many questions."""

    def __init__(self, named: Iterable[Named]) -> None:
        self._candidates = sorted({(folded, write) for name, write in named if (folded := fold(name))})
        self._names = [name for name, _ in self._candidates]

    def nearest(self, text: str, favour: Callable[[str], float] = lambda _: 0.0) -> list[str]:
        """What to write for the names most like a text, best first.

        `favour` adds to the likeness of what would be written, in hundredths: it breaks ties, and no more.
        """
        scorer = OSA.normalized_similarity
        found = process.extract(fold(text), self._names, scorer=scorer, score_cutoff=CLOSE, limit=20)
        scores: dict[str, float] = {}
        for _, score, index in found:
            write = self._candidates[index][1]
            scores[write] = max(scores.get(write, 0.0), score + favour(write))
        best = max(scores.values(), default=0.0)
        ordered = sorted(scores, key=lambda write: (-scores[write], write))
        return [write for write in ordered if scores[write] >= best - AS_CLOSE][:MAX_SUGGESTIONS]


def nearest(text: str, named: Iterable[Named]) -> list[str]:
    """What to write for the names most like a text, best first."""
    return Choices(named).nearest(text)


def did_you_mean(choices: list[str]) -> str | None:
    """A hint that names what may have been meant, if anything."""
    return f"did you mean {' or '.join(map(repr, choices))}?" if choices else None


MAX_LISTED = 8
"""Maximum number of existing names that a problem lists."""


def one_of(text: str, names: Iterable[str], told_by: str = "") -> str:
    """The names that there are, nearest to a text first; of many, some, and the command that lists them."""
    candidates = sorted(set(names))
    if len(candidates) <= MAX_LISTED:
        return "one of " + ", ".join(candidates)
    folded = fold(text)
    by_likeness = sorted(candidates, key=lambda name: (-OSA.normalized_similarity(folded, fold(name)), name))
    more = f", and {len(candidates) - MAX_LISTED} more" + (f"; {told_by} lists them" if told_by else "")
    return "one of " + ", ".join(by_likeness[:MAX_LISTED]) + more
