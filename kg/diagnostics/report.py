"""Reports: problems as text for people, in the style of rustc, and as JSON, SARIF and GitHub annotations."""

import hashlib
import json
import os
import re
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

from kg.diagnostics.codes import codes, page
from kg.diagnostics.problems import Problem, Related, Severity
from kg.text.characters import visible

COLORS = {Severity.ERROR: "bold red", Severity.WARNING: "bold yellow", Severity.INFO: "bold blue"}
LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
"""The levels of SARIF."""

ANNOTATIONS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}
"""The annotations of GitHub."""

MAX_WIDTH = 160
"""Maximum number of terminal cells of a source line that are shown."""

MIN_WIDTH = 20
"""Minimum width of a text on a terminal, in cells."""

INDENT = " " * 4
"""The indentation of continuation lines."""

DETAILS = ("expected", "found", "hint")

SARIF_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def relative(file: Path) -> str:
    """A file relative to the working directory."""
    return os.path.relpath(file)


# ── For programs ─────────────────────────────────────────────────────────────────────────────────────────────────


def as_json(
    problems: Iterable[Problem],
    elsewhere: dict[Path, list[Problem]],
    notes: list[str],
    files: int,
    records: int,
    seconds: float,
) -> str:
    """One JSON object: problems, elsewhere, notes, files, records, seconds.

    `elsewhere` has the number of errors and the line of the first error for each file outside the request; `notes` say
    what was not checked.
    """
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
            "related": [
                {"file": relative(other.file), "line": other.line, "column": other.column, "thing": other.thing}
                for other in problem.related
            ],
        }
        for problem in problems
    ]
    others = [
        {"file": relative(file), "line": errors[0].line, "errors": len(errors)} for file, errors in elsewhere.items()
    ]
    document = {"problems": listed, "elsewhere": others, "notes": notes}
    return json.dumps(
        {**document, "files": files, "records": records, "seconds": round(seconds, 3)}, indent=2, ensure_ascii=False
    )


def as_data(problem: Problem) -> dict[str, Any]:
    """A problem for a page: its members, its place in the printed form, and its text as a terminal shows it."""
    return {
        "code": problem.code,
        "severity": str(problem.severity),
        "message": problem.message,
        "place": place_text(problem),
        "hint": problem.hint,
        "thing": problem.thing,
        "text": text_of(problem, lines_of(problem.file), None).plain,
    }


def as_sarif(problems: Iterable[Problem]) -> str:
    """One SARIF log (docs.oasis-open.org/sarif/sarif/v2.1.0) with a rule for each code.

    The fingerprint of a result does not change when its line moves.
    """
    listed = list(problems)
    used = sorted({problem.code for problem in listed})
    seen: Counter[str] = Counter()
    results = []
    for problem in listed:
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
                "relatedLocations": [{"physicalLocation": location(other)} for other in problem.related],
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


def location(problem: Problem | Related) -> dict[str, Any]:
    """The place of a problem, or another place that it is about, as a physical location (SARIF 2.1.0, 3.29)."""
    region = {"startLine": problem.line, "startColumn": problem.column}
    if isinstance(problem, Problem):
        region["endColumn"] = problem.column + problem.length
    return {"artifactLocation": {"uri": quote(Path(relative(problem.file)).as_posix())}, "region": region}


def as_github(problems: Iterable[Problem]) -> str:
    """A workflow command for each problem, which GitHub Actions shows beside the source."""

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
    """The message of a problem with the expected and the found value, the hint, and related places."""
    details = [f"{word}: {value}" for word in DETAILS if (value := getattr(problem, word))]
    return "\n".join([problem.message, *details, *(f"see: {place_text(other)}" for other in problem.related)])


def place_text(place: Problem | Related) -> str:
    """A place in the printed form that editors recognize, file:line:column, and the record at that place."""
    thing = f" ({place.thing})" if isinstance(place, Related) and place.thing else ""
    return f"{relative(place.file)}:{place.line}:{place.column}{thing}"


# ── For people ───────────────────────────────────────────────────────────────────────────────────────────────────


def as_text(
    problems: Iterable[Problem],
    console: Console,
    most: int = 0,
) -> None:
    """Prints each problem with its source line and a caret under the marked part.

    At most `most` problems of each code are shown, and the others are counted; 0 shows all.
    """
    lines: dict[Path, list[str]] = {}
    shown: Counter[str] = Counter()
    for problem in problems:
        shown[problem.code] += 1
        if most and shown[problem.code] > most:
            continue
        if problem.file not in lines:
            lines[problem.file] = lines_of(problem.file)
        room = console.width if console.is_terminal else None
        console.print(text_of(problem, lines[problem.file], room), soft_wrap=True)
    for code, number in sorted(shown.items()):
        if most and number > most:
            console.print(f"… and {number - most} more of {code} ({codes()[code].title}); --most 0 shows all\n")


def text_of(problem: Problem, lines: list[str], room: int | None) -> Text:
    """One problem as text: place, code, message, source line with caret, expected, found, hint.

    `room` is the width of the terminal in cells: longer lines are wrapped between words, and the source line is cut.
    """
    color = COLORS[problem.severity]
    text = Text()
    text.append(f"{visible(place_text(problem))}: ", linked("bold", problem.file.absolute()))
    text.append(f"{problem.severity}[{problem.code}]", linked(color, page_of(problem.code)))
    text.append(f" {visible(problem.message)}", "bold")
    text = wrapped(text, room).append("\n")
    if problem.line <= len(lines) and lines[problem.line - 1].strip():
        number = str(problem.line)
        widest = min(MAX_WIDTH, max(MIN_WIDTH, room - len(number) - 3)) if room else MAX_WIDTH
        before, marked, after = excerpt(lines[problem.line - 1], problem.column, problem.length, widest)
        blank = "".join(c if c == "\t" else " " * cell_len(c) for c in before)
        text.append(f"{number} | ", "blue").append(f"{before}{marked}{after}\n")
        text.append(f"{' ' * len(number)} | ", "blue").append(blank)
        text.append("^" * max(1, cell_len(marked)) + "\n", color)
    for word in DETAILS:
        if value := getattr(problem, word):
            detail = Text().append(f"  {word}: ", "cyan").append(visible(value, spaces=word == "found"))
            text.append(wrapped(detail, room)).append("\n")
    for other in problem.related:
        text.append("  see: ", "cyan").append(visible(place_text(other)), linked("", other.file.absolute())).append(
            "\n"
        )
    return text


def wrapped(text: Text, room: int | None) -> Text:
    """A line wrapped between words if it is longer than the room; each line after the first is indented."""
    if room is None or text.cell_len <= room:
        return text
    most, used, breaks = max(MIN_WIDTH, room - len(INDENT)), 0, []
    for word in re.finditer(r"\s*\S+\s*", text.plain):
        if used and used + cell_len(word[0].rstrip()) > most:  # a word that is longer than the room is not broken
            breaks.append(word.start())
            used = 0
        used += cell_len(word[0])
    lines = text.divide(breaks)
    for line in lines:
        line.rstrip()
    return Text(f"\n{INDENT}").join(lines)


def excerpt(line: str, column: int, length: int, widest: int) -> tuple[str, str, str]:
    """A line in three parts: before the marked part, that part, and the rest; a line too wide is cut around it."""
    line = line.rstrip("\r")
    start, end = column - 1, min(column - 1 + length, len(line))
    first, last = 0, len(line)
    if cells(line) > widest:
        room, first = widest - 2, min(start, len(line))
        while first and cells(line[first - 1 : start]) <= room // 3:
            first -= 1
        last = first
        while last < len(line) and cells(line[first : last + 1]) <= room:
            last += 1
        while first and cells(line[first - 1 : last]) <= room:  # the line ends before the available width
            first -= 1
        while first < start and not cells(line[first]):  # combining characters without their base character
            first += 1
        end = min(end, last)
    before, marked, after = (visible(part) for part in (line[first:start], line[start:end], line[end:last]))
    return ("…" if first else "") + before, marked, after + ("…" if last < len(line) else "")


def cells(text: str) -> int:
    """The width of a text on a terminal in cells, with the maximum width of a tab."""
    return sum(8 if character == "\t" else cell_len(visible(character)) for character in text)


def linked(style: str, file: Path) -> Style:
    """A style that makes a text a link to a file, if the terminal supports links."""
    return Style.parse(style) + Style(link=file.as_uri())


def page_of(code: str) -> Path:
    """The page that explains a code."""
    return Path(str(files("kg.diagnostics"))) / "docs" / f"{code}.md"


def lines_of(file: Path) -> list[str]:
    """The lines of a source as an editor counts them; empty if it cannot be read."""
    try:
        return file.read_bytes().decode("utf-8-sig", "replace").split("\n")
    except OSError:
        return []
