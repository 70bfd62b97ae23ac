"""Files: which files are sources, which seem to be meant as sources, and the text of a source."""

import os
import re
import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from kg.diagnostics.problems import Problem
from kg.sources.texts import MEANT
from kg.sources.yaml_tree import (
    KEY_START,
)
from kg.text.characters import REPLACED, code_point, unseen
from kg.text.folding import as_name

MAX_BYTES = 4 * 1024 * 1024
"""Maximum size of a file, in bytes."""


WITHDRAWN = "withdrawn.yaml"
"""The file in a data directory that lists the withdrawn things instead of containing a record."""


MAX_UNSEEN = 100
"""Maximum number of such characters in a file that is still checked."""


Place = tuple[int, int]


YAML = r"ya?ml|json"


BACKUP = re.compile(r"#|[~]+|\.(?:bak|orig|sw[a-p]|tmp|old|save|rej|~\d+~)", re.IGNORECASE)
"""The suffixes and marks of backup files that editors create beside a file."""


PAGE = re.compile(r"[A-Z]+(?:[.].*)?|.*[.](?:md|html?|rst)")
"""The names of files that describe records but contain none."""


def status_of(file: Path | str) -> os.stat_result | None:
    """The status of a file or of the target of a link; None for a pipe, socket or device, which could block a reader
    indefinitely, and for what cannot be found."""
    try:
        status = os.stat(file)
    except OSError:
        return None
    return status if stat.S_ISREG(status.st_mode) else None


def is_regular(file: Path) -> bool:
    """True for a file or a link to one; see `status_of`."""
    return status_of(file) is not None


def folder_problem(folder: Path, depth: int) -> Problem | None:
    """A problem for a folder whose content would be ignored."""
    if re.search(rf"\.({YAML})$", folder.name, re.IGNORECASE):
        hint = "remove it, and write the record as a file" if depth else "remove it, or give it the name of a kind"
        return Problem("E109", "this is not a file that can be read", folder, found="a directory", hint=hint)
    if folder.is_symlink():
        hint = "replace the link by the directory itself, or remove it"
        return Problem("E109", "links to directories are not followed", folder, found=os.readlink(folder), hint=hint)
    if not os.access(folder, os.R_OK | os.X_OK):
        hint = f"give yourself permission to read the directory: chmod u+rx {os.path.relpath(folder)}"
        return Problem("E109", "the directory cannot be read", folder, found="no permission", hint=hint)
    return None


def file_problem(file: Path, depth: int) -> Iterator[Problem]:
    """A problem for a file that would be ignored although it seems to contain a record."""
    hidden = re.fullmatch(rf"\.(?=[a-zA-Z0-9])(.+\.({YAML}))", file.name, re.IGNORECASE)
    match = re.fullmatch(rf"#?(?P<stem>[^.].*?)\.(?P<suffix>{YAML})(?P<rest>(?:\W.*)?)", file.name, re.IGNORECASE)
    if file.name.startswith(".") and not (hidden and depth and is_regular(file)):
        return
    if match is None and not hidden and (depth != 1 or PAGE.fullmatch(file.name) or not seems_a_record(file)):
        return
    stem = match["stem"] if match else file.stem.lstrip(".")
    name = f"{as_name(stem) or stem}.yaml"
    taken = (file.parent / name).exists() and name != file.name
    if match and BACKUP.fullmatch(match["rest"]) and taken:
        return
    if file.suffix == ".yaml" and not file.is_file():
        found = "a broken link" if file.is_symlink() and not file.exists() else "not a regular file"
        yield Problem("E109", "this is not a file that can be read", file, found=found, hint="remove it")
    elif file.suffix == ".yaml" and not hidden and depth != 1:
        message = "a record must be directly in the folder of its kind"
        place = "/".join(file.parts[-depth - 1 :])
        hint = f"move it to the folder of its kind, as <kind>/{file.name}"
        if stem.lower() == "withdrawn" and depth == 0:
            hint = f"name it {WITHDRAWN}"
        yield Problem("E109", message, file, expected="<kind>/<name>.yaml", found=place, hint=hint)
    else:
        hint = f"merge it into {name}, and remove it" if taken else f"name it {name}"
        found = file.name if hidden else file.suffix or file.name
        if match and not hidden:
            found = f".{match['suffix']}{match['rest']}"
        yield Problem("E109", "only .yaml files are read", file, expected=".yaml", found=with_points(found), hint=hint)


def seems_a_record(file: Path) -> bool:
    """True if the first line of a file that is not empty or a comment looks like a key of a record."""
    if not is_regular(file):
        return False
    try:
        with file.open(encoding="utf-8-sig", errors="replace") as lines:
            begin = lines.read(4096)
    except OSError:
        return False
    first = next((line for line in begin.splitlines() if line.strip() and not line.startswith(("#", "---"))), "")
    return re.match(r"(id|label|title|type)\s*:(\s|$)", first) is not None or bool(
        file.suffix in (".yaml", "") and KEY_START.match(first)
    )


def bytes_of(file: Path, thing: str | None, problems: list[Problem]) -> bytes | None:
    """The bytes of a file; None, and a problem, if it cannot be read or is too large."""
    try:
        size = file.stat().st_size
        content = file.read_bytes() if size <= MAX_BYTES else None
    except OSError as error:
        message = f"the file cannot be read: {error.strerror}"
        problems.append(Problem("E109", message, file, hint="give yourself permission to read the file", thing=thing))
        return None
    if content is None:
        found, expected = f"{size:,} bytes", f"at most {MAX_BYTES:,} bytes"
        problems.append(Problem("E113", "the file is too large", file, expected=expected, found=found, thing=thing))
        return None
    if content.startswith((b"\xff\xfe", b"\xfe\xff")) or content.count(0) > len(content) // 4:
        found, hint = "UTF-16, or not a text file", "save it as UTF-8"
        problems.append(Problem("E101", "the file is not UTF-8", file, found=found, hint=hint, thing=thing))
        return None
    return content


def text_of(content: bytes, file: Path, thing: str | None, problems: list[Problem]) -> tuple[str, list[Place]] | None:
    """A source as text, and the places (from 1) of replaced characters; None if there are too many of them."""
    reported: list[tuple[int, Problem]] = []
    replaced: list[int] = []
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        text = content.decode("utf-8-sig", "replace")
        replaced += [match.start() for match in re.finditer(REPLACED, text)]
        at, byte = len(error.object[: error.start].decode("utf-8-sig")), error.object[error.start]
        has_others = any(letter > "\x7f" and letter != REPLACED for letter in text)
        message, hint = "the file is not UTF-8", None if has_others else "save the file as UTF-8"
        reported.append((at, Problem("E101", message, file, found=f"byte 0x{byte:02x}", hint=hint, thing=thing)))
    letters = None
    for at, code, message, hint in unseen(text, has_replacements=bool(replaced)):
        replaced.append(at)
        found = code_point(text[at])
        expected = None if hint else MEANT.get(code)
        reported.append((at, Problem(code, message, file, expected=expected, found=found, hint=hint, thing=thing)))
        letters = letters or list(text)
        letters[at] = REPLACED
    text = text if letters is None else "".join(letters)
    reported.sort(key=lambda item: item[0])
    too_many = len(replaced) > MAX_UNSEEN
    for at, problem in reported[:1] if too_many else reported:
        line, column = line_and_column(text, at)
        more = f", and {len(replaced) - 1:,} more such places" if too_many else ""
        problems.append(replace(problem, line=line, column=column, found=f"{problem.found}{more}"))
    return None if too_many else (text, [line_and_column(text, at) for at in replaced])


def line_and_column(text: str, offset: int) -> Place:
    """The line and column of an offset; both count from 1."""
    return text.count("\n", 0, offset) + 1, offset - (text.rfind("\n", 0, offset) + 1) + 1


def with_points(name: str) -> str:
    """A name, with the code points of its characters that are not in ASCII."""
    odd = [code_point(c) for c in dict.fromkeys(name) if not c.isascii() or c in "\t "]
    return f"{name}, with {', '.join(odd[:3])}" if odd else name
