"""Problems: what is wrong in a source, where, and how to mend it."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class Severity(StrEnum):
    """How bad a problem is; only errors keep a dataset from being published."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Related:
    """Another place that a problem is about, such as the other record that has the same number.

    `thing` is the path of the record there; of a place that is in no record, None.
    """

    file: Path
    line: int = 1
    column: int = 1
    thing: str | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong.

    `line` and `column` count from 1; `length` is how many characters the caret underlines; `thing` is the path,
    `kind/name`, of the record it is in; `related` are the other places that it is about; `keys` are keys that it names
    and whose values may be missing because of it.
    """

    code: str
    message: str
    file: Path
    line: int = 1
    column: int = 1
    severity: Severity = Severity.ERROR
    expected: str | None = None
    found: str | None = None
    hint: str | None = None
    thing: str | None = None
    length: int = 1
    related: tuple[Related, ...] = ()
    keys: frozenset[str] = frozenset()


def only_in(problems: Iterable[Problem], paths: Collection[Path]) -> list[Problem]:
    """The problems that are about a place in some files or directories; all problems if none is given."""
    wanted = [path.resolve() for path in paths]

    def is_asked(problem: Problem) -> bool:
        files = {problem.file.resolve(), *(other.file.resolve() for other in problem.related)}
        return any(file.is_relative_to(path) for file in files for path in wanted)

    return [problem for problem in problems if not wanted or is_asked(problem)]


def errors_by_file(problems: Iterable[Problem]) -> dict[Path, list[Problem]]:
    """The errors among the problems, by the files that have any, in order."""
    found: dict[Path, list[Problem]] = defaultdict(list)
    for problem in in_order(problems):
        if problem.severity is Severity.ERROR:
            found[problem.file].append(problem)
    return dict(found)


def errors(problems: Iterable[Problem]) -> int:
    """How many of the problems are errors."""
    return sum(problem.severity is Severity.ERROR for problem in problems)


def in_order(problems: Iterable[Problem]) -> list[Problem]:
    """The problems by file and place, each once."""
    return sorted(set(problems), key=lambda p: (str(p.file), p.line, p.column, p.code, p.message))


def counted(number: int, noun: str) -> str:
    """A number of something, in words."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
