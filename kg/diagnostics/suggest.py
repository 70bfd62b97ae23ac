"""Suggestions: the name that was probably meant, by edit distance from all names of things or keys."""

from collections.abc import Callable, Iterable

from rapidfuzz import process
from rapidfuzz.distance import OSA

from kg.text.folding import fold

CLOSE = 0.6
"""Minimum similarity of two names, from 0 to 1: edits (insert, delete, replace, swap) in relation to their length."""

AS_CLOSE = 0.04
"""Maximum difference in similarity between the best suggestion and any other one."""

MAX_SUGGESTIONS = 3
"""Maximum number of names that are suggested."""

Named = tuple[str, str]
"""A name, and the text to suggest for it."""


class Choices:
    """Names to choose from, folded once for many searches."""

    def __init__(self, named: Iterable[Named]) -> None:
        self._candidates = sorted({(folded, write) for name, write in named if (folded := fold(name))})
        self._names = [name for name, _ in self._candidates]

    def nearest(self, text: str, favour: Callable[[str], float] = lambda _: 0.0) -> list[str]:
        """The suggestions for the names that are most similar to a text, best first.

        `favour` adds to the similarity of a suggestion, in hundredths; it only breaks ties.
        """
        scorer = OSA.normalized_similarity
        matches = process.extract(fold(text), self._names, scorer=scorer, score_cutoff=CLOSE, limit=20)
        scores: dict[str, float] = {}
        for _, score, index in matches:
            write = self._candidates[index][1]
            scores[write] = max(scores.get(write, 0.0), score + favour(write))
        best = max(scores.values(), default=0.0)
        ordered = sorted(scores, key=lambda write: (-scores[write], write))
        return [write for write in ordered if scores[write] >= best - AS_CLOSE][:MAX_SUGGESTIONS]


def nearest(text: str, named: Iterable[Named]) -> list[str]:
    """The suggestions for the names that are most similar to a text, best first."""
    return Choices(named).nearest(text)


def did_you_mean(choices: list[str]) -> str | None:
    """A hint that names what was probably meant, if anything."""
    return f"did you mean {' or '.join(map(repr, choices))}?" if choices else None


MAX_LISTED = 8
"""Maximum number of existing names that a problem lists."""


def one_of(text: str, names: Iterable[str], told_by: str = "") -> str:
    """The existing names, the most similar to a text first; of many, some, and the command that lists them."""
    candidates = sorted(set(names))
    if len(candidates) <= MAX_LISTED:
        return "one of " + ", ".join(candidates)
    folded = fold(text)
    by_likeness = sorted(candidates, key=lambda name: (-OSA.normalized_similarity(folded, fold(name)), name))
    more = f", and {len(candidates) - MAX_LISTED} more" + (f"; {told_by} lists them" if told_by else "")
    return "one of " + ", ".join(by_likeness[:MAX_LISTED]) + more
