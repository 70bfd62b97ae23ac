"""Read: converts YAML files to records, and keeps the place of every value.

The format is the YAML 1.2 Core schema (yaml.org/spec/1.2.2, 10.3) with string keys and without duplicate keys, tags and
nulls; each document is one tree. A value with a problem stays in its tree and is marked, so that later steps skip it
and report only new problems.
"""

import os
import re
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice, pairwise
from pathlib import Path

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from kg.diagnostics.problems import Problem, Related, Severity, errors
from kg.diagnostics.suggest import did_you_mean, nearest
from kg.names import NAME, Names
from kg.sources.record import Record
from kg.sources.repair import COLONS, in_flow, listed, quoted
from kg.sources.texts import MEANT, Flaw, at, decomposed, flaws, may_have_flaws, not_composed, quoted_wholly
from kg.sources.yaml_tree import (
    CORE_TAGS,
    KEY_START,
    MAX_DEPTH,
    NULL,
    PROBLEM,
    STRING,
    TOO_DEEP,
    Fault,
    Source,
    YamlDocument,
    cut_off,
    documents,
    scalars,
    written,
)
from kg.steps.results import Model, Records, Sources
from kg.text.characters import REPLACED, as_latin, code_point, unseen
from kg.text.folding import as_name

MAX_BYTES = 4 * 1024 * 1024
"""Maximum size of a file, in bytes."""

MAX_NODES = 100_000
"""Maximum number of nodes in a record; an alias counts as the nodes that it repeats."""

LANGUAGE = re.compile(r"[a-z]{2,3}(-\w+)?")
"""The form of a key that is a language tag."""

WITHDRAWN = "withdrawn.yaml"
"""The file in a data directory that lists the withdrawn things instead of containing a record."""

MAX_UNSEEN = 100
"""Maximum number of such characters in a file that is still checked."""

MAX_FLAWS = 20
"""Maximum number of flaws that are reported for one text."""

Place = tuple[int, int]


@dataclass(slots=True)
class Reading:
    """The results of reading so far: the number of files, the named paths, the unreadable kinds, and the problems.

    `keys` are the keys that a record may have, by kind; None without a model.
    """

    names: Names
    keys: dict[str, frozenset[str]] | None
    files: int = 0
    paths: set[str] = field(default_factory=set)
    unread: set[str] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)


def read(model: Model) -> Records:
    """Returns the records of the data directories; unreadable files are reported as problems."""
    keys = {kind: frozenset(model.schema.keys(class_)) for kind, class_ in model.schema.kinds.items()}
    return read_all(model.sources, Reading(model.names, keys))


def read_without_model(sources: Sources, names: Names) -> Records:
    """The records of any kind, so that what is wrong in their YAML is reported although the model has errors."""
    return read_all(sources, Reading(names, None))


def read_all(sources: Sources, reading: Reading) -> Records:
    """The records of the data directories, and what is read besides."""
    records: list[Record] = []
    for directory in sources.data:
        for file in files(directory, reading):
            reading.files += 1
            records += read_file(file, file.parent.name, reading)
    paths, unread = frozenset(reading.paths), frozenset(reading.unread)
    return Records(records, paths, unread, reading.files, reading.problems)


YAML = r"ya?ml|json"
BACKUP = re.compile(r"#|[~]+|\.(?:bak|orig|sw[a-p]|tmp|old|save|rej|~\d+~)", re.IGNORECASE)
"""The suffixes and marks of backup files that editors create beside a file."""

PAGE = re.compile(r"[A-Z]+(?:[.].*)?|.*[.](?:md|html?|rst)")
"""The names of files that describe records but contain none."""


def files(directory: Path, reading: Reading) -> Iterator[Path]:
    """The source files of a data directory, in order: those directly in its folders. Other files are reported.

    Hidden folders are skipped. The kind of an unreadable folder is added to `unread`.
    """
    for here, folders, names in os.walk(directory):
        folder, depth = Path(here), len(Path(here).relative_to(directory).parts)
        for name in sorted(folders):
            wrong = None if name.startswith(".") else folder_problem(folder / name, depth)
            if wrong:
                reading.problems.append(wrong)
                reading.unread |= {name} if depth == 0 else set()
            if wrong or name.startswith("."):
                folders.remove(name)
        folders.sort()
        for file in (folder / name for name in sorted(names)):
            if depth == 0 and file.name == WITHDRAWN and is_regular(file):
                continue
            if depth != 1 or file.suffix != ".yaml" or file.name.startswith(".") or not is_regular(file):
                for problem_ in file_problem(file, depth):
                    reading.problems.append(problem_)
                    if depth == 1:  # references to it must not dangle
                        reading.paths.add(f"{folder.name}/{as_name(file.name.lstrip('.#').partition('.')[0])}")
            else:
                yield file


def is_regular(file: Path) -> bool:
    """True for a file or a link to one; false for a pipe, socket or device, which could block a reader indefinitely."""
    try:
        return stat.S_ISREG(file.stat().st_mode)
    except OSError:
        return False


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


def read_file(file: Path, kind: str, reading: Reading) -> Iterator[Record]:
    """The records of one file as far as they can be read, including those with problems, which are reported."""
    implied, kinds = f"{kind}/{file.stem}", reading.keys
    if kinds is not None and kind not in kinds:
        reading.problems.append(
            Problem(
                "E211",
                f"{kind!r} is not a kind: no class of the ontology has that name",
                file,
                expected="one of " + ", ".join(sorted(kinds)),
                found=with_points(kind),
                hint=did_you_mean(nearest(as_latin(kind), ((known, known) for known in kinds))),
                thing=implied,
            )
        )
        return
    content = bytes_of(file, implied, reading.problems)
    if content is None:
        reading.paths.add(implied)
        return
    if (read := text_of(content, file, implied, reading.problems)) is None:
        reading.paths.add(implied)
        return
    text, hidden = read
    reading.problems += not_composed(text, file, implied)
    keys = frozenset[str]() if kinds is None else kinds[kind]
    documents_read, source = documents(text, keys), looked_at(text)
    if not documents_read:
        reading.paths.add(implied)
        reading.problems.append(
            Problem("E105", "the file contains no record", file, hint="remove the file", thing=implied)
        )
    if any(document.node is None for document in documents_read):
        reading.paths |= named(text, implied)
    for document in documents_read:
        reading.problems += [fault_problem(fault, file, implied) for fault in document.faults]
        if document.node is not None and (
            record := read_document(document, file, kind, len(documents_read) > 1, hidden, source, reading)
        ):
            yield record


def fault_problem(fault: Fault, file: Path, thing: str | None) -> Problem:
    """A fault in the YAML of a file as a problem."""
    return Problem(
        fault.code,
        fault.message,
        file,
        fault.line,
        fault.column,
        expected=f"at most {MAX_DEPTH} levels" if fault.code == TOO_DEEP else None,
        found=fault.found,
        hint=fault.hint,
        thing=thing,
        length=max(1, len(fault.found or "")),
        keys=fault.keys,
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


def named(text: str, implied: str) -> set[str]:
    """The things that an unreadable file seems to describe, so that references to them do not dangle."""
    return set(re.findall(r"^id: *['\"]?([a-z0-9/-]+)", text, re.MULTILINE)) or {implied}


def line_and_column(text: str, offset: int) -> Place:
    """The line and column of an offset; both count from 1."""
    return text.count("\n", 0, offset) + 1, offset - (text.rfind("\n", 0, offset) + 1) + 1


def read_document(
    document: YamlDocument,
    file: Path,
    kind: str,
    many: bool,
    hidden: list[Place],
    source: Source | None,
    reading: Reading,
) -> Record | None:
    """The record of one document, or None if it has no valid name; every problem of its tree is reported."""
    implied, node = f"{kind}/{file.stem}", document.node
    assert node is not None
    if not isinstance(node, MappingNode):
        reading.paths.add(implied)
        reading.problems.append(
            problem(
                "E105",
                "a record must be a map of keys and values",
                file,
                node,
                implied,
                found=describe(node),
                hint=document.hint,
            )
        )
        return None
    given = next((value for key, value in node.value if key.value == "id"), None)
    reading.paths.add(implied if given is None else name_of(given))
    before = len(reading.problems)
    sic = as_published(node, reading.names.as_published.removeprefix(reading.names.vocabulary))
    problems = check_tree(node, file, implied if given is None else name_of(given), hidden, source, sic)
    reading.problems += problems
    if any(problem.code == "E106" for problem in problems) or (given is not None and given.tag == PROBLEM):
        reading.paths.add(implied)
        return None
    if given is None and many:
        if not document.faults:
            reading.problems.append(
                problem(
                    "E402",
                    "in a file of several records, each record must have an id",
                    file,
                    first_of(node),
                    implied,
                    expected=f"id: {kind}/…",
                    hint=f"add id: {kind}/{file.stem} as the first key",
                )
            )
        return None
    path = implied if given is None else name_of(given)
    where = node if given is None else given
    if given is not None and (path.partition("/")[0] != kind or (not many and path != implied)):
        reading.paths.add(implied)
        reading.problems.append(
            problem(
                "E402",
                "the id of a record must match its folder and file",
                file,
                where,
                implied,
                expected=implied if not many else f"{kind}/…",
                found=path,
                hint=None if many else f"write {implied}",
            )
        )
        return None
    if not NAME.fullmatch(path.removeprefix(f"{kind}/")):
        name = as_name(as_latin(path.removeprefix(f"{kind}/")))
        reading.problems.append(
            problem(
                "E212",
                "a name must consist of lower-case letters and digits, with single hyphens between them",
                file,
                where,
                path,
                expected="a name such as bosnia-and-herzegovina",
                found=with_points(path.removeprefix(f"{kind}/")),
                hint=(name_it(file, name) if given is None else f"write {kind}/{name}") if name else None,
            )
        )
        return None
    sound = not errors(reading.problems[before:]) and not document.faults and not hidden
    return Record(path, file, node, sound)


def name_it(file: Path, name: str) -> str:
    """A hint for the name of a file, even if another file has, or would get, the right name."""
    others = sorted(other.name for other in file.parent.iterdir() if other != file and other.suffix == file.suffix)
    same = [other for other in others if other == f"{name}.yaml"]
    same = same or [other for other in others if other < file.name and as_name(as_latin(Path(other).stem)) == name]
    return f"merge it into {same[0]}, and remove it" if same else f"name the file {name}.yaml"


def with_points(name: str) -> str:
    """A name, with the code points of its characters that are not in ASCII."""
    odd = [code_point(c) for c in dict.fromkeys(name) if not c.isascii() or c in "\t "]
    return f"{name}, with {', '.join(odd[:3])}" if odd else name


def as_published(node: MappingNode, key: str) -> str:
    """The words of a record that are reproduced as published, although they look like a mistake."""
    return " ".join(scalar.value for name, value in node.value if name.value == key for scalar in scalars(value))


def looked_at(text: str) -> Source | None:
    """A source whose texts must be checked one by one; None if none of them can have a flaw."""
    return Source(text) if may_have_flaws(text) else None


def name_of(given: Node) -> str:
    """The value of an `id`, if it is text."""
    return str(given.value) if isinstance(given, ScalarNode) else describe(given)


def first_of(node: MappingNode) -> Node:
    """The first key of a map, or the map if it is empty."""
    key: Node = next((key for key, _ in node.value), node)
    return key


def check_tree(
    node: MappingNode,
    file: Path,
    thing: str | None,
    hidden: list[Place],
    source: Source | None,
    sic: str = "",
) -> list[Problem]:
    """Returns everything that is not allowed in the YAML of one record, and marks the nodes with a problem.

    These are duplicate keys and keys that are not text, nulls, tags, endless or huge aliases, `hidden` and escaped
    invisible characters, and, if there is a `source`, the flaws of texts. The words of `sic` are accepted as they are.
    """
    left = MAX_NODES
    problems: list[Problem] = []

    def report(
        code: str,
        message: str,
        node: Node,
        expected: str | None = None,
        what: str | None = None,
        hint: str | None = None,
        keys: Iterable[str] = (),
    ) -> None:
        problems.append(problem(code, message, file, node, thing, expected=expected, found=what, hint=hint, keys=keys))
        node.tag = PROBLEM

    def walk(node: Node, above: tuple[int, ...], is_item: bool = False) -> None:
        nonlocal left
        left -= 1
        if id(node) in above:
            report("E106", "this value contains an alias of itself", node)
            return
        if left == 0:
            report(
                "E106",
                "the aliases of this record expand to too many values",
                node,
                expected=f"at most {MAX_NODES:,} values",
            )
        if left <= 0 or node.tag == PROBLEM:
            return
        if node.tag not in CORE_TAGS:
            plain = f"write {in_flow(node.value or node.tag)}" if isinstance(node, ScalarNode) else "remove the tag"
            report("E107", "YAML tags are not allowed here", node, what=node.tag, hint=plain)
        elif isinstance(node, ScalarNode):
            check_scalar(node)
        elif isinstance(node, MappingNode):
            walk_map(node, (*above, id(node)), is_item)
        elif isinstance(node, SequenceNode):
            for item in node.value:
                walk(item, (*above, id(node)), is_item=True)

    def check_scalar(node: ScalarNode) -> None:
        if within(hidden, node):
            node.tag = PROBLEM
        elif source and look(node):
            return
        elif node.tag == NULL:
            report(
                "E104",
                "a value is missing here",
                node,
                what=node.value or "nothing",
                hint="give a value, or remove the key",
            )

    def look(node: ScalarNode, is_key: bool = False) -> bool:
        """Reports the problems of a text; true if the text cannot be used."""
        assert source is not None
        wrong = [*lost_text(source, node, file, thing), *text_problems(source, node, file, thing, sic, is_key)]
        problems.extend(wrong)
        if errors(wrong):
            node.tag = PROBLEM
        return node.tag == PROBLEM

    def walk_map(node: MappingNode, above: tuple[int, ...], is_item: bool) -> None:
        seen: dict[str, Node] = {}
        if hint := as_items(node, is_item) if len(above) > 1 else None:
            first, *again = [key for key, _ in node.value if key.value == node.value[0][0].value]
            message, where = f"the key {first.value!r} occurs twice", f"first on line {first.start_mark.line + 1}"
            report("E103", message, again[0], what=where, hint=hint)
            return
        for key, value in node.value:
            if not isinstance(key, ScalarNode) or key.tag != STRING:
                if key.tag != PROBLEM:
                    report("E108", "a key must be text", key, what=describe(key))
                continue
            if within(hidden, key):
                key.tag = PROBLEM
                continue
            odd = re.match(r"[^\S\n]+", key.value) if source and not key.start_mark.column and not key.style else None
            if odd and source:
                row = source.text.splitlines()[key.start_mark.line]
                found_here = ", ".join(map(code_point, odd[0]))
                hint = f'write line {key.start_mark.line + 1} as "{" " * len(odd[0])}{row[len(odd[0]) :]}"'
                report(
                    "E117",
                    "this white space is not allowed in indentation: YAML accepts only spaces",
                    key,
                    "spaces",
                    found_here,
                    hint,
                    keys=[key.value.strip()],
                )
                continue
            if source and not (key.value.isascii() and key.value.isidentifier()) and look(key, is_key=True):
                continue
            if first := seen.get(key.value):
                where = f"first on line {first.start_mark.line + 1}"
                report(
                    "E103",
                    f"the key {key.value!r} occurs twice",
                    key,
                    what=where,
                    hint=f"remove this one, or that of line {first.start_mark.line + 1}",
                )
                continue
            seen[key.value] = key
            if source and isinstance(value, ScalarNode) and value.start_mark.line > key.end_mark.line:
                problems.extend(lost_before(source, key, value, file, thing))
            walk(value, above)

    walk(node, ())
    return problems


def lost_text(source: Source, node: ScalarNode, file: Path, thing: str | None) -> Iterator[Problem]:
    """A problem for a text that YAML cuts off at a hash, because a blank and a hash begin a comment."""
    if node.style or (node.tag not in (STRING, NULL)) or CERTAIN.fullmatch(node.value):
        return
    lost = cut_off(source, source.offset(node.end_mark))
    if lost is None:
        return
    start, end = source.offset(node.start_mark), source.offset(node.end_mark)
    whole = f"{source.text[start:end]}{lost}".strip()
    line, column = source.place(start if node.value else end + len(lost) - len(lost.lstrip()))
    hint, length = f"put it in quotes: {quoted(whole)}", len(whole)
    if "\n" in whole:
        line, column = source.place(end)
        first = source.text[start:end].partition("\n")[0].strip()
        hint = f"put the text of line {node.start_mark.line + 1} in quotes, from {quoted(first)[:-1]} to its end"
        length = len(lost)
    yield cut(file, line, column, lost, hint, length, thing)


def lost_before(source: Source, key: Node, value: Node, file: Path, thing: str | None) -> Iterator[Problem]:
    """A problem for a text that YAML takes for a comment between a key and the text on the next line."""
    colon = re.compile(r"[ \t]*:").match(source.text, source.offset(key.end_mark))
    lost = cut_off(source, colon.end()) if colon else None
    if colon and lost:
        line, column = source.place(colon.end() + len(lost) - len(lost.lstrip()))
        hint = f"put the text of line {line} in quotes, from {quoted(lost.strip())[:-1]} to its end"
        yield cut(file, line, column, lost, hint, len(lost.strip()), thing)
        value.tag = PROBLEM


def cut(file: Path, line: int, column: int, lost: str, hint: str, length: int, thing: str | None) -> Problem:
    """The problem of a text that is cut off at a hash."""
    message = "the text is cut at the hash: in YAML, a space and # begin a comment"
    expected = "text in quotes, or a space after # if it begins a comment"
    return Problem(
        "E115",
        message,
        file,
        line,
        column,
        expected=expected,
        found=lost.strip(),
        hint=hint,
        thing=thing,
        length=length,
    )


CERTAIN = re.compile(r"[a-z0-9-]+/[a-z0-9-]+|\d{4}(-\d\d){0,2}|https?://[^\s#]+")
"""A value that no further text can follow after a blank: a reference, a date or an address."""


def text_problems(
    source: Source, node: ScalarNode, file: Path, thing: str | None, sic: str = "", is_key: bool = False
) -> Iterator[Problem]:
    """The flaws in the text of a scalar, at their places in the source, with hints."""
    value, style = node.value, node.style or ""
    if not may_have_flaws(source.around(node)):
        return
    start, raw = source.offset(node.start_mark), source.slice(node)
    text_flaws = list(islice(flaws(value, laid_out=style == "|"), MAX_FLAWS))
    if style == '"':
        text_flaws += islice(decomposed(value), MAX_FLAWS) if "\\" in raw else ()
        for offset, code, message, hint in islice(unseen(value, has_replacements=REPLACED in raw), MAX_FLAWS):
            fix = {"remove it": "", "put a space in its place": " "}.get(hint or "")
            text_flaws.append(Flaw(offset, offset + 1, code, message, code_point(value[offset]), fix, hint))
    if not style and (colon := AS_KEY.match(value)):  # not a text but a map, which the step that reads keys reports
        text_flaws = [flaw for flaw in text_flaws if flaw.start >= colon.end() or flaw.end < colon.end()]
    if not style and (wrong := quoted_wholly(value)):
        text_flaws = [wrong]
    if not text_flaws:
        return
    places = written(raw, value, style)
    for flaw in text_flaws:
        if flaw.code in VISIBLE and value[flaw.start : flaw.end] in sic:
            continue
        first, last = places[flaw.start], places[flaw.end]
        mended = f"{value[: flaw.start]}{flaw.fix}{value[flaw.end :]}" if flaw.fix is not None else value
        fix = flaw.fix
        if fix is not None and flaw.code == "E217":
            fix = quoted(fix)
        elif fix is not None and not blank_only(fix):
            fix = fix.replace("'", "''") if style == "'" else fix
            fix = fix.replace("\\", r"\\").replace('"', r"\"") if style == '"' else fix
            if not style and "\n" not in raw and not is_plain(mended):
                first, last, fix = 0, len(raw), quoted(mended)
        length = last - first
        if "\n" in raw[first:last]:
            length, fix = len(raw[first:].partition("\n")[0]), None
            flaw = replace(flaw, fix=None, hint=None)
        flaw_problem = at(file, *source.place(start + first), replace(flaw, start=0, end=length), thing, fix)
        yield replace(flaw_problem, keys=frozenset({mended})) if is_key else flaw_problem


AS_KEY = re.compile(rf"{LANGUAGE.pattern}[{COLONS}]")
"""A text that begins like a language tag followed by something that looks like a colon."""

VISIBLE = {"E116", "E117", "E118", "E119"}
"""The codes of flaws that may be reproduced from a published text, because a reader sees them or is told."""


def blank_only(text: str) -> bool:
    return not text.strip(" ")


def is_plain(text: str) -> bool:
    """True if a text needs no quotes, even in brackets."""
    documents_read = documents(f"[{text}]")
    node = documents_read[0].node if len(documents_read) == 1 and not documents_read[0].faults else None
    return isinstance(node, SequenceNode) and [item.value for item in node.value] == [text]


def as_items(node: MappingNode, is_item: bool) -> str | None:
    """A hint for a map that combines several parts without hyphens: the keys that begin a part.

    A part begins where the first key occurs again; no key may occur twice between these places.
    """
    keys = [key for key, _ in node.value if isinstance(key, ScalarNode)]
    if node.flow_style or len(keys) != len(node.value) or len(keys) < 3:
        return None
    starts = [number for number, key in enumerate(keys) if key.value == keys[0].value]
    runs = [[key.value for key in keys[begin:end]] for begin, end in pairwise([*starts, len(keys)])]
    if len(starts) < 2 or LANGUAGE.fullmatch(keys[0].value) or any(len(run) != len(set(run)) for run in runs):
        return None
    column = keys[0].start_mark.column
    lines = [keys[number].start_mark.line + 1 for number in starts[is_item:]]
    if column < 2 or len({key.start_mark.line for key in keys}) < len(keys):
        return None
    return f'put "- " in place of the two spaces before the key in {listed(lines)}'


def within(places: list[Place], node: Node) -> bool:
    """True if one of some places is in a node."""
    start, end = node.start_mark, node.end_mark
    return any((start.line, start.column) <= (line - 1, column - 1) < (end.line, end.column) for line, column in places)


def describe(node: Node) -> str:
    """A YAML node in words, for a message."""
    if isinstance(node, MappingNode):
        return "a map"
    if isinstance(node, SequenceNode):
        return "a list"
    if not node.value:
        return "an empty text"
    return str(node.value) if len(node.value) <= 60 else f"{node.value[:60]}…"


def problem(
    code: str,
    message: str,
    file: Path,
    node: Node,
    thing: str | None,
    *,
    expected: str | None = None,
    found: str | None = None,
    hint: str | None = None,
    severity: Severity = Severity.ERROR,
    related: tuple[Related, ...] = (),
    keys: Iterable[str] = (),
) -> Problem:
    """A problem at a YAML node."""
    start, end = node.start_mark, node.end_mark
    length = end.column - start.column if end.line == start.line else 1
    return Problem(
        code,
        message,
        file,
        start.line + 1,
        start.column + 1,
        severity,
        expected=expected,
        found=found,
        hint=hint,
        thing=thing,
        length=max(length, 1),
        related=related,
        keys=frozenset(keys),
    )


def related_at(file: Path, node: Node, thing: str | None) -> Related:
    """A YAML node as another place that a problem is about."""
    return Related(file, node.start_mark.line + 1, node.start_mark.column + 1, thing)
