"""Identities: the records of each thing, and the conflicts between what they state about identity.

They are told which facts went and which came, and work only for these.
"""

from bisect import insort
from collections import Counter
from collections.abc import Iterable, Iterator, Set
from pathlib import Path
from typing import TypeVar

from kg.diagnostics.problems import Problem, Related
from kg.sources.facts import Facts, take_out
from kg.sources.nodes import problem, related_at
from kg.steps.duplicates import Duplicates

K = TypeVar("K")


class Identities:
    """The facts of all records.

    Records are in the order of the data directories, files and lines. `different` is the key by which a record states
    that its thing is not another one, if there is such a key. `copies` are the paths of the records with the same
    content as an earlier one, and `twice` the paths of several records.
    """

    def __init__(self, directories: Iterable[Path], different: str | None) -> None:
        self.copies: set[str] = set()
        self.twice: set[str] = set()
        self.duplicates = Duplicates()
        self._different = different
        self._directories = {directory: number for number, directory in enumerate(directories)}
        self._named: Set[str] = frozenset()
        self._records: dict[str, list[Facts]] = {}
        self._contents: dict[bytes, list[Facts]] = {}
        self._claims: dict[str, list[Facts]] = {}
        """The records of things with a former name, by this name."""
        self._files: Counter[Path] = Counter()
        """The number of records in each file."""
        self._copied: set[bytes] = set()
        """The contents of several records."""

    def __contains__(self, path: object) -> bool:
        return path in self._records or path in self._named

    def __iter__(self) -> Iterator[str]:
        """The paths of all things that the sources name."""
        yield from self._records
        yield from self._named - self._records.keys()

    def __len__(self) -> int:
        return len(self._records) + len(self._named - self._records.keys())

    def records(self, path: str) -> list[Facts]:
        """The facts of the records of a thing, in order."""
        return self._records.get(path, [])

    def counted(self, path: str) -> Facts | None:
        """The record of a thing whose statements count: the first one, unless it is a copy of another record."""
        return self._records[path][0] if path in self._records and path not in self.copies else None

    def is_former(self, path: str) -> bool:
        """True for a former name of a thing that is not in use."""
        return path in self._claims and path not in self

    def update(self, removed: Iterable[Facts], added: Iterable[Facts], named: Set[str]) -> frozenset[str]:
        """Takes note that records went and came. Returns the paths whose counted record came, went or changed.

        `named` are the paths that the sources name now, at least those without a record. Raises KeyError or ValueError
        if a removed record is not there.
        """
        removed, added = list(removed), list(added)
        paths = {facts.path for facts in (*removed, *added)}
        counted = {path: self.counted(path) for path in paths}
        contents = {facts.content for path in paths for facts in self.records(path)}
        contents |= {facts.content for facts in added}
        copies = self._copies_of(contents)
        self._named = named
        for path in paths & self._records.keys():
            self._let_go(self._records[path][0])
        for facts in removed:
            take_out(self._records, facts.path, facts)
        for facts in added:
            self._put_in(self._records, facts.path, facts)
        for path in paths & self._records.keys():
            self._take_up(self._records[path][0])
        self._files.update(facts.file for facts in added)
        self._files.subtract(facts.file for facts in removed)
        self.twice = (self.twice - paths) | {path for path in paths if len(self.records(path)) > 1}
        self._copied = (self._copied - contents) | {c for c in contents if c and len(self._contents.get(c, ())) > 1}
        changed_copies = copies ^ (now := self._copies_of(contents))
        self.copies = (self.copies - copies) | now
        for path in sorted(paths | changed_copies):
            self._search_duplicates(path)
        return frozenset({path for path in paths if self.counted(path) != counted[path]} | (changed_copies - paths))

    def problems(self) -> Iterator[Problem]:
        """The problems of the records: those that occur twice or are copies, conflicting former names, duplicates."""
        for path in self.twice:
            first, *others = self._records[path]
            also = (related_at(first.file, first.span, path),)
            message, expected = f"{path} occurs twice", "one record, or different names"
            for facts in others:
                yield problem("E401", message, facts.file, facts.span, path, expected=expected, related=also)
        for content in self._copied:
            first, *others = self._contents[content]
            yield from (self._copy(facts, first) for facts in others)
        for path in self._claims:
            yield from self._conflicts(path)
        yield from self.duplicates.problems(self._different)

    def _copy(self, facts: Facts, before: Facts) -> Problem:
        """Reports a record with the same content as an earlier one of its kind."""
        edits = [
            *["remove the file"][: self._files[facts.file] == 1],
            *([f"add {self._different}: {before.path}"] if self._different else []),
        ]
        return problem(
            "E407",
            f"{facts.path} has the same content as {before.path}",
            facts.file,
            facts.span,
            facts.path,
            expected="one record, or values that distinguish the two",
            hint=", or ".join(edits) or None,
            related=(related_at(before.file, before.span, before.path),),
        )

    def _conflicts(self, path: str) -> Iterator[Problem]:
        """Reports a former name that is in use, or that a thing before has too."""
        lead: Related | None = None
        for facts in self._claims[path]:
            for span in [span for name, span in facts.former if name == path]:
                other = None
                if path == facts.path:
                    message = f"{path} is still the name of the thing"
                elif path in self:
                    message = f"{path} is a thing of its own, not a former name of {facts.path}"
                    other = next((related_at(own.file, own.span, path) for own in self.records(path)[-1:]), None)
                elif lead:
                    message, other = f"{path} is already a former name of {lead.thing}", lead
                else:
                    lead = related_at(facts.file, span, facts.path)
                    continue
                also = (other,) if other else ()
                yield problem("E403", message, facts.file, span, facts.path, found=path, hint="remove it", related=also)

    def _copies_of(self, contents: Iterable[bytes | None]) -> set[str]:
        """The paths of the records with some contents, without the first one of each content."""
        return {facts.path for content in contents if content for facts in self._contents.get(content, ())[1:]}

    def _take_up(self, facts: Facts) -> None:
        """Adds what the first record of a thing states."""
        if facts.content:
            self._put_in(self._contents, facts.content, facts)
        for name in dict(facts.former):
            self._put_in(self._claims, name, facts)

    def _let_go(self, facts: Facts) -> None:
        """Removes what the first record of a thing states."""
        if facts.content:
            take_out(self._contents, facts.content, facts)
        for name in dict(facts.former):
            take_out(self._claims, name, facts)

    def _put_in(self, lists: dict[K, list[Facts]], key: K, facts: Facts) -> None:
        if key in lists:
            insort(lists[key], facts, key=self._order)
        else:
            lists[key] = [facts]

    def _order(self, facts: Facts) -> tuple[int, str, str, int]:
        folder = facts.file.parent
        return self._directories[folder.parent], folder.name, facts.file.name, facts.span.line

    def _search_duplicates(self, path: str) -> None:
        """Compares the names of a thing, unless it was reported as a copy."""
        if path in self.duplicates:
            self.duplicates.remove(path)
        if (records := self.records(path)) and records[-1].spelled and path not in self.copies:
            self.duplicates.add(records[-1])
