"""Suggestions: the name that was probably meant, by edit distance from all names of things or keys."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator

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


MAX_MATCHES = 20
"""Maximum number of similar names from which the suggestions are chosen."""


class Choices:
    """Names to choose from, folded and sorted by length and name once for many searches."""

    def __init__(self, named: Iterable[Named]) -> None:
        self._named: dict[int, list[Named]] = defaultdict(list)
        self._names: dict[int, list[str]] = {}
        """The names of each length that was searched for, sorted as those in `_named` are."""
        for each in {(folded, write) for name, write in named if (folded := fold(name))}:
            self._named[len(each[0])].append(each)

    @classmethod
    def of_folded(cls, named: Iterable[Named]) -> "Choices":
        """Choices of names that are folded, not empty and all different."""
        choices = cls(())
        for each in named:
            choices._named[len(each[0])].append(each)
        return choices

    def add(self, named: Iterable[Named]) -> None:
        """Adds folded names that are not empty and not there yet."""
        for each in named:
            length = len(each[0])
            if length in self._names:
                place = bisect_left(self._named[length], each)
                self._named[length].insert(place, each)
                self._names[length].insert(place, each[0])
            else:
                self._named[length].append(each)

    def remove(self, named: Iterable[Named]) -> None:
        """Removes folded names that are there."""
        for each in named:
            length = len(each[0])
            if length in self._names:
                place = bisect_left(self._named[length], each)
                del self._named[length][place], self._names[length][place]
            else:
                self._named[length].remove(each)

    def matches(self, folded: str) -> Iterator[tuple[float, str, str]]:
        """The names that are similar to a folded text: the negated similarity, the name, and what to suggest.

        Names of each length are limited to the most similar ones.
        """
        for length in range(int(len(folded) * CLOSE), int(len(folded) / CLOSE) + 2):
            if length in self._named:
                if length not in self._names:
                    self._named[length].sort()
                    self._names[length] = [name for name, _ in self._named[length]]
                scorer, names = OSA.normalized_similarity, self._names[length]
                found = process.extract(folded, names, scorer=scorer, score_cutoff=CLOSE, limit=MAX_MATCHES)
                yield from ((-score, *self._named[length][place]) for _, score, place in found)

    def nearest(self, text: str, favour: Callable[[str], float] = lambda _: 0.0) -> list[str]:
        """The suggestions for the names that are most similar to a text, best first; `favour` is that of `best`."""
        return best(text, [self], favour)


def best(text: str, choices: Iterable[Choices], favour: Callable[[str], float] = lambda _: 0.0) -> list[str]:
    """The suggestions of all choices for the names that are most similar to a text, best first.

    `favour` adds to the similarity of a suggestion, in hundredths; it only breaks ties.
    """
    folded = fold(text)
    matches = sorted(match for each in choices for match in each.matches(folded))
    scores: dict[str, float] = {}
    for negated, _, write in matches[:MAX_MATCHES]:
        scores[write] = max(scores.get(write, 0.0), favour(write) - negated)
    most = max(scores.values(), default=0.0)
    ordered = sorted(scores, key=lambda write: (-scores[write], write))
    return [write for write in ordered if scores[write] >= most - AS_CLOSE][:MAX_SUGGESTIONS]


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
