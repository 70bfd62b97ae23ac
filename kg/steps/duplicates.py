"""Duplicates: pairs of things with nearly the same name, kept while records come and go.

Each name is compared with the names of about its length of the things that share a word with its own thing. The library
compares one name with many at once, and only a new or changed record is compared.
"""

from collections import defaultdict
from collections.abc import Iterator

from rapidfuzz import process
from rapidfuzz.distance import OSA

from kg.diagnostics.problems import Problem, Severity
from kg.sources.facts import Facts
from kg.sources.nodes import Span, problem, related_at

ALIKE = 0.88
"""Minimum similarity of the names of two things, from 0 to 1, for reporting them as possible duplicates."""


class Duplicates:
    """The things whose names are spelled in several ways, and the pairs of them that may be the same.

    `compared` is the number of comparisons of two names so far.
    """

    def __init__(self) -> None:
        self.compared = 0
        self._facts: dict[str, Facts] = {}
        self._matches: dict[str, dict[str, tuple[Span, Span]]] = defaultdict(dict)
        """For each thing, the later ones of nearly the same name, with the places of the two names."""
        self._earlier: dict[str, set[str]] = defaultdict(set)
        self._blocks: dict[tuple[str, int], dict[str, set[str]]] = defaultdict(dict)
        """The things that share a word, by each of their names in order; for each length of such a name."""
        self._initials: dict[tuple[bool, tuple[str, ...]], set[str]] = defaultdict(set)
        """The things by the last word and the initials of a name, and by whether it has an abbreviated word."""

    def __contains__(self, path: object) -> bool:
        return path in self._facts

    def add(self, facts: Facts) -> None:
        """Adds a thing, and compares its names with those of the others."""
        texts, words = in_words(facts)
        for path in self._alike(facts, texts, words):
            one, other = sorted((facts, self._facts[path]), key=lambda facts: facts.path)
            pairs = ((x, y) for a, x in one.spelled for b, y in other.spelled if self._are_alike(a, b))
            if match := next(pairs, None):
                self._matches[one.path][other.path] = match
                self._earlier[other.path].add(one.path)
        self._facts[facts.path] = facts
        for text in texts:
            for word in words:
                self._blocks[word, len(text)].setdefault(text, set()).add(facts.path)
        for name, _ in facts.spelled:
            self._initials[initials_of(name)].add(facts.path)

    def remove(self, path: str) -> None:
        """Removes a thing."""
        facts = self._facts.pop(path)
        texts, words = in_words(facts)
        for text in texts:
            for word in words:
                block = self._blocks[word, len(text)]
                block[text].discard(path)
                if not block[text]:
                    del block[text]
        for name, _ in facts.spelled:
            self._initials[initials_of(name)].discard(path)
        for other in self._matches.pop(path, ()):
            self._earlier[other].discard(path)
        for one in self._earlier.pop(path, ()):
            del self._matches[one][path]

    def problems(self, different: str | None) -> Iterator[Problem]:
        """Warns about each pair; `different` is the key by which a record states that it is not the other thing."""
        for first, matches in self._matches.items():
            for second, (place, other_place) in matches.items():
                one, other = self._facts[first], self._facts[second]
                if second in one.different or first in other.different:
                    continue
                yield problem(
                    "E405",
                    f"{second} may be the same as {first}",
                    other.file,
                    other_place,
                    second,
                    found=f"{first} has almost the same name",
                    expected="one record, if they are the same thing",
                    related=(related_at(one.file, place, first),),
                    hint=f"add {different}: {first}" if different else None,
                    severity=Severity.WARNING,
                )

    def _alike(self, facts: Facts, texts: set[str], words: set[str]) -> set[str]:
        """The things that share a word with a thing, and of which one name may be alike to one of its own."""
        found: set[str] = set()
        for text in texts:
            for length in range(int(len(text) * ALIKE), int(len(text) / ALIKE) + 2):
                for word in words:
                    if block := self._blocks.get((word, length)):
                        self.compared += len(block)
                        matches = process.extract(
                            text, block.keys(), scorer=OSA.normalized_similarity, score_cutoff=ALIKE, limit=None
                        )
                        found.update(path for name, _, _ in matches for path in block[name])
        for name, _ in facts.spelled:
            is_abbreviated, initials = initials_of(name)
            found |= self._initials.get((True, initials), set())
            if is_abbreviated:
                found |= self._initials.get((False, initials), set())
        return found

    def _are_alike(self, one: str, other: str) -> bool:
        self.compared += 1
        return alike(one, other)


def in_words(facts: Facts) -> tuple[set[str], set[str]]:
    """The names of a thing with their words in order, and the words."""
    names = [sorted(name.split()) for name, _ in facts.spelled]
    return {" ".join(words) for words in names}, {word for words in names for word in words}


def alike(one: str, other: str) -> bool:
    """True if two folded, non-empty names may be spellings of one name: other order, few other letters, or initials."""
    a, b = sorted(one.split()), sorted(other.split())
    if a == b or OSA.normalized_similarity(" ".join(a), " ".join(b)) >= ALIKE:
        return True
    return initials_of(one)[1] == initials_of(other)[1] and (initials_of(one)[0] or initials_of(other)[0])


def initials_of(name: str) -> tuple[bool, tuple[str, ...]]:
    """Whether a folded name has an abbreviated word before the last one; the last word, and the initials before it."""
    *first, last = name.split()
    return any(len(word) == 1 for word in first), (last, *(word[0] for word in first))
