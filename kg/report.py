"""Reports: problems as text for people, in the manner of rustc, and as JSON for programs."""

import json
import os
from collections.abc import Callable, Iterable
from pathlib import Path

from rich.console import Console
from rich.text import Text

from kg.problems import Problem, Severity

COLORS = {Severity.ERROR: "bold red", Severity.WARNING: "bold yellow", Severity.INFO: "bold blue"}


def relative(file: Path) -> str:
    """A file as seen from the working directory."""
    return os.path.relpath(file)


def as_json(problems: Iterable[Problem], files: int, records: int, seconds: float) -> str:
    """One object: problems, files, records, seconds (the house contract, `kg check --format json`)."""
    listed = [
        {
            "code": problem.code,
            "severity": str(problem.severity),
            "message": problem.message,
            "file": relative(problem.file),
            "line": problem.line,
            "column": problem.column,
            "expected": problem.expected,
            "found": problem.found,
            "hint": problem.hint,
            "thing": problem.thing,
        }
        for problem in problems
    ]
    return json.dumps(
        {"problems": listed, "files": files, "records": records, "seconds": round(seconds, 3)},
        indent=2,
        ensure_ascii=False,
    )


def as_text(problems: Iterable[Problem], console: Console, read: Callable[[Path], list[str]] | None = None) -> None:
    """Prints each problem with its line and a caret under what it is about."""
    lines: dict[Path, list[str]] = {}
    for problem in problems:
        if problem.file not in lines:
            lines[problem.file] = (read or lines_of)(problem.file)
        console.print(text_of(problem, lines[problem.file]), soft_wrap=True)


def text_of(problem: Problem, lines: list[str]) -> Text:
    """One problem as text: place, code, message, line with caret, expected, found, hint."""
    text = Text()
    text.append(f"{relative(problem.file)}:{problem.line}:{problem.column}: ", "bold")
    text.append(f"{problem.severity}[{problem.code}]", COLORS[problem.severity])
    text.append(f" {problem.message}\n", "bold")
    if problem.line <= len(lines):
        number = str(problem.line)
        line = lines[problem.line - 1]
        before = "".join(c if c == "\t" else " " for c in line[: problem.column - 1])
        caret = "^" * max(1, min(problem.length, len(line) - problem.column + 1))
        text.append(f"{number} | ", "blue").append(line + "\n")
        text.append(f"{' ' * len(number)} | ", "blue").append(before)
        text.append(caret + "\n", COLORS[problem.severity])
    for word in ("expected", "found", "hint"):
        if value := getattr(problem, word):
            text.append(f"  {word}: ", "cyan").append(f"{value}\n")
    return text


def lines_of(file: Path) -> list[str]:
    """The lines of a source as an editor shows them; none if it cannot be read."""
    try:
        return file.read_bytes().decode("utf-8-sig", "replace").split("\n")
    except OSError:
        return []
