"""Problems: what is wrong in a source, the place, and how to correct it."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class Severity(StrEnum):
    """The severity of a problem; only errors prevent publication."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Related:
    """Another place that a problem is about, such as another record with the same number.

    `thing` is the path of the record at that place; None if the place is not in a record.
    """

    file: Path
    line: int = 1
    column: int = 1
    thing: str | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem in a source.

    `line` and `column` count from 1. `length` is the number of characters that the caret underlines. `thing` is the
    path, `kind/name`, of the record that contains the place. `related` are other places that the problem is about;
    `keys` are the keys that it names, whose values may be missing because of it.
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
    """The problems at a place in some files or directories; all problems if none is given."""
    wanted = [path.resolve() for path in paths]

    def is_asked(problem: Problem) -> bool:
        files = {problem.file.resolve(), *(other.file.resolve() for other in problem.related)}
        return any(file.is_relative_to(path) for file in files for path in wanted)

    return [problem for problem in problems if not wanted or is_asked(problem)]


def errors_by_file(problems: Iterable[Problem]) -> dict[Path, list[Problem]]:
    """The errors among the problems by file, in order."""
    by_file: dict[Path, list[Problem]] = defaultdict(list)
    for problem in in_order(problems):
        if problem.severity is Severity.ERROR:
            by_file[problem.file].append(problem)
    return dict(by_file)


def errors(problems: Iterable[Problem]) -> int:
    """The number of errors among the problems."""
    return sum(problem.severity is Severity.ERROR for problem in problems)


def in_order(problems: Iterable[Problem]) -> list[Problem]:
    """The problems in the order of files and places, each once."""
    return sorted(set(problems), key=lambda p: (str(p.file), p.line, p.column, p.code, p.message))


def counted(number: int, noun: str) -> str:
    """A number with its noun, in the singular or plural."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
