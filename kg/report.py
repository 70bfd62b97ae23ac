"""Reports: problems as text for people, in the manner of rustc, and as JSON, SARIF and GitHub annotations."""

import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterable
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import quote

from rich.cells import cell_len
from rich.console import Console
from rich.style import Style
from rich.text import Text

from kg.characters import visible
from kg.codes import codes, page
from kg.problems import Problem, Severity

COLORS = {Severity.ERROR: "bold red", Severity.WARNING: "bold yellow", Severity.INFO: "bold blue"}
LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
"""The levels of SARIF."""

ANNOTATIONS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}
"""The annotations of GitHub."""

WIDEST = 160
"""How many characters of a line are shown at most."""

DETAILS = ("expected", "found", "hint")

SARIF_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def relative(file: Path) -> str:
    """A file as seen from the working directory."""
    return os.path.relpath(file)


# ── For programs ─────────────────────────────────────────────────────────────────────────────────────────────────


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


def as_sarif(problems: Iterable[Problem]) -> str:
    """One SARIF log (docs.oasis-open.org/sarif/sarif/v2.1.0) with a rule for each code.

    The fingerprint of a result does not change when its line moves.
    """
    found = list(problems)
    used = sorted({problem.code for problem in found})
    seen: Counter[str] = Counter()
    results = []
    for problem in found:
        identity = "\n".join((problem.code, relative(problem.file), problem.thing or "", problem.message))
        seen[identity] += 1
        fingerprint = hashlib.sha256(f"{identity}\n{seen[identity]}".encode()).hexdigest()
        results.append(
            {
                "ruleId": problem.code,
                "ruleIndex": used.index(problem.code),
                "level": LEVELS[problem.severity],
                "message": {"text": in_full(problem)},
                "locations": [{"physicalLocation": location(problem)}],
                "partialFingerprints": {"problem/v1": fingerprint},
            }
        )
    driver = {"name": "kg", "version": version("osce-kg"), "rules": [rule(code) for code in used]}
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return json.dumps({"$schema": SARIF_SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=False)


def rule(code: str) -> dict[str, Any]:
    """A code as a reporting descriptor (SARIF 2.1.0, 3.49)."""
    about = codes()[code]
    return {
        "id": code,
        "shortDescription": {"text": about.title},
        "fullDescription": {"text": " ".join(about.means.split())},
        "help": {"text": about.means.strip(), "markdown": page(about)},
    }


def location(problem: Problem) -> dict[str, Any]:
    """Where a problem is, as a physical location (SARIF 2.1.0, 3.29)."""
    region = {"startLine": problem.line, "startColumn": problem.column, "endColumn": problem.column + problem.length}
    return {"artifactLocation": {"uri": quote(Path(relative(problem.file)).as_posix())}, "region": region}


def as_github(problems: Iterable[Problem]) -> str:
    """A line for each problem that GitHub Actions shows beside the source (workflow commands)."""

    def escaped(text: str, also: str = "") -> str:
        return "".join(f"%{ord(c):02X}" if c in "%\r\n" + also else c for c in text)

    lines = []
    for problem in problems:
        place = f"file={escaped(relative(problem.file), ':,')},line={problem.line},col={problem.column}"
        title = escaped(f"{problem.code}: {codes()[problem.code].title}", ":,")
        kind = ANNOTATIONS[problem.severity]
        lines.append(f"::{kind} {place},title={title}::{escaped(in_full(problem))}\n")
    return "".join(lines)


def in_full(problem: Problem) -> str:
    """The message of a problem with what was expected and found, and the hint."""
    details = [f"{word}: {value}" for word in DETAILS if (value := getattr(problem, word))]
    return "\n".join([problem.message, *details])


# ── For people ───────────────────────────────────────────────────────────────────────────────────────────────────


def as_text(
    problems: Iterable[Problem],
    console: Console,
    most: int = 0,
) -> None:
    """Prints each problem with its line and a caret under what it is about.

    Of a code, at most `most` are shown, and the others counted; 0 shows all.
    """
    lines: dict[Path, list[str]] = {}
    shown: Counter[str] = Counter()
    for problem in problems:
        shown[problem.code] += 1
        if most and shown[problem.code] > most:
            continue
        if problem.file not in lines:
            lines[problem.file] = lines_of(problem.file)
        console.print(text_of(problem, lines[problem.file]), soft_wrap=True)
    for code, number in sorted(shown.items()):
        if most and number > most:
            console.print(f"… and {number - most} more of {code} ({codes()[code].title}); --most 0 shows all\n")


def text_of(problem: Problem, lines: list[str]) -> Text:
    """One problem as text: place, code, message, line with caret, expected, found, hint."""
    color = COLORS[problem.severity]
    text = Text()
    place = f"{visible(relative(problem.file))}:{problem.line}:{problem.column}: "
    text.append(place, linked("bold", problem.file.absolute()))
    text.append(f"{problem.severity}[{problem.code}]", linked(color, page_of(problem.code)))
    text.append(f" {visible(problem.message)}\n", "bold")
    if problem.line <= len(lines) and lines[problem.line - 1].strip():
        number = str(problem.line)
        before, marked, after = excerpt(lines[problem.line - 1], problem.column, problem.length)
        blank = "".join(c if c == "\t" else " " * cell_len(c) for c in before)
        text.append(f"{number} | ", "blue").append(f"{before}{marked}{after}\n")
        text.append(f"{' ' * len(number)} | ", "blue").append(blank)
        text.append("^" * max(1, cell_len(marked)) + "\n", color)
    for word in DETAILS:
        if value := getattr(problem, word):
            text.append(f"  {word}: ", "cyan").append(f"{visible(value, spaces=word == 'found')}\n")
    return text


def excerpt(line: str, column: int, length: int) -> tuple[str, str, str]:
    """A line as what stands before the marked part, that part, and the rest; of a long line, what is near."""
    line = line.rstrip("\r")
    start, end = column - 1, min(column - 1 + length, len(line))
    first, last = 0, len(line)
    if len(line) > WIDEST:
        first = max(0, start - WIDEST // 3)
        last = first + WIDEST
    end = min(end, last)
    before, marked, after = (visible(part) for part in (line[first:start], line[start:end], line[end:last]))
    return ("…" if first else "") + before, marked, after + ("…" if last < len(line) else "")


def linked(style: str, file: Path) -> Style:
    """A style that makes a text a link to a file, where the terminal knows links."""
    return Style.parse(style) + Style(link=file.as_uri())


def page_of(code: str) -> Path:
    """The page that explains a code."""
    return Path(str(files("kg"))) / "docs" / f"{code}.md"


def lines_of(file: Path) -> list[str]:
    """The lines of a source as an editor shows them; none if it cannot be read."""
    try:
        return file.read_bytes().decode("utf-8-sig", "replace").split("\n")
    except OSError:
        return []
