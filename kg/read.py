"""Read: YAML files to records, with every value's place kept.

YAML 1.2 Core schema (yaml.org/spec/1.2.2, 10.3): string keys, no duplicates, no tags, no nulls, one tree a document.
A value with a problem stays in its tree, marked: the steps that follow pass over it, and report only what is new.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from kg.build import Build, Record
from kg.model import read_model
from kg.names import NAME
from kg.problems import Problem, Severity
from kg.repair import in_flow, listed
from kg.suggest import did_you_mean, nearest
from kg.texts import not_composed
from kg.tree import CORE_TAGS, MOST_DEPTH, NULL, PROBLEM, STRING, TOO_DEEP, Document, Fault, documents

MOST_BYTES = 4 * 1024 * 1024
"""How large a file may be."""

MOST_NODES = 100_000
"""How many nodes a record may have, each alias counted as what it stands for."""

LANGUAGE = re.compile(r"[a-z]{2,3}(-\w+)?")
"""What a key is like that is the tag of a language."""

WITHDRAWN = "withdrawn.yaml"
"""The file of a data directory that holds no records: the things that were taken back."""

CONTROL = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f"
HIDDEN = re.compile(rf"[{CONTROL}\x80-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
"""Line breaks of YAML 1.1 that are none in 1.2, what XML 1.0 cannot carry (w3.org/TR/xml, 2.2), and inner BOMs."""

DIRECTION = re.compile(r"[\u202a-\u202e\u2066-\u2069]")
"""Controls that make a text read otherwise than it is stored (unicode.org/reports/tr9, 2)."""

UNSEEN = (
    (
        HIDDEN,
        "E110",
        "this character cannot be seen, and programs differ over it",
        "remove it, or put a space or a line break in its place",
    ),
    (DIRECTION, "E112", "this character changes the direction of what follows", "remove it"),
)
"""What must not stand in a text, each with its code, the message and the hint."""

MOST_UNSEEN = 100
"""How many such characters a file may hold and still be looked at."""

REPLACED = "\ufffd"
"""What stands in the parsed text for a byte or character that is reported."""

Place = tuple[int, int]


def read(build: Build) -> None:
    """Fills the model, `records` and `paths`, and reports what cannot be read."""
    read_model(build)
    for directory in build.sources.data:
        for file in files(directory, build.problems):
            build.files += 1
            build.records += read_file(file, file.parent.name, build)


def files(directory: Path, problems: list[Problem]) -> Iterator[Path]:
    """The source files of a data directory, in order: those in the folders directly under it; others are reported."""
    for file in sorted(directory.rglob("*")):
        place = file.relative_to(directory)
        if not file.is_file() or any(part.startswith(".") for part in place.parts) or str(place) == WITHDRAWN:
            continue
        if file.suffix.lower() in (".yml", ".yaml", ".json") and file.suffix != ".yaml":
            hint = f"name it {file.stem}.yaml"
            problems.append(Problem("E109", "only .yaml files are read", file, found=file.suffix, hint=hint))
        elif file.suffix == ".yaml" and len(place.parts) != 2:
            message = "a record lies directly in the folder of its kind"
            hint = f"move it to the folder of its kind, as <kind>/{file.name}"
            problems.append(Problem("E109", message, file, expected="<kind>/<name>.yaml", found=str(place), hint=hint))
        elif file.suffix == ".yaml":
            yield file


def read_file(file: Path, kind: str, build: Build) -> Iterator[Record]:
    """The records of one file, also those with problems, as far as they can be read; reports what is wrong."""
    implied = f"{kind}/{file.stem}"
    if build.schema is not None and kind not in build.schema.kinds:
        build.problems.append(
            Problem(
                "E211",
                f"{kind!r} is not a kind: no class of the ontology has that name",
                file,
                expected="one of " + ", ".join(sorted(build.schema.kinds)),
                found=kind,
                hint=did_you_mean(nearest(kind, ((known, known) for known in build.schema.kinds))),
                thing=implied,
            )
        )
        return
    content = bytes_of(file, implied, build.problems)
    if content is None:
        build.paths.add(implied)
        return
    if (read := text_of(content, file, implied, build.problems)) is None:
        build.paths.add(implied)
        return
    text, hidden = read
    build.problems += not_composed(text, file, implied)
    keys = build.schema.keys(build.schema.kinds[kind]) if build.schema is not None else {}
    found = documents(text, frozenset(keys))
    if not found:
        build.paths.add(implied)
        build.problems.append(Problem("E105", "the file holds no record", file, hint="remove the file", thing=implied))
    if any(document.node is None for document in found):
        build.paths |= named(text, implied)
    for document in found:
        build.problems += [fault_problem(fault, file, implied) for fault in document.faults]
        if document.node is not None and (record := read_document(document, file, kind, len(found) > 1, hidden, build)):
            yield record


def fault_problem(fault: Fault, file: Path, thing: str | None) -> Problem:
    """A fault of the YAML of a file as a problem."""
    return Problem(
        fault.code,
        fault.message,
        file,
        fault.line,
        fault.column,
        expected=f"at most {MOST_DEPTH} levels" if fault.code == TOO_DEEP else None,
        found=fault.found,
        hint=fault.hint,
        thing=thing,
        length=max(1, len(fault.found or "")),
    )


def bytes_of(file: Path, thing: str | None, problems: list[Problem]) -> bytes | None:
    """The bytes of a file; None, and a problem, where it cannot be read or is too large to be a source."""
    try:
        size = file.stat().st_size
        content = file.read_bytes() if size <= MOST_BYTES else None
    except OSError as error:
        message = f"the file cannot be read: {error.strerror}"
        problems.append(Problem("E109", message, file, hint="make it a file that you may read", thing=thing))
        return None
    if content is None:
        found, expected = f"{size:,} bytes", f"at most {MOST_BYTES:,} bytes"
        problems.append(Problem("E113", "the file is too large", file, expected=expected, found=found, thing=thing))
        return None
    if content.startswith((b"\xff\xfe", b"\xfe\xff")) or content.count(0) > len(content) // 4:
        found, hint = "UTF-16, or no text at all", "save it as UTF-8"
        problems.append(Problem("E101", "the file is not UTF-8", file, found=found, hint=hint, thing=thing))
        return None
    return content


def text_of(content: bytes, file: Path, thing: str | None, problems: list[Problem]) -> tuple[str, list[Place]] | None:
    """A source as text, and the places (from 1) of what is reported and replaced in it; None if that is too much."""
    reported: list[tuple[int, Problem]] = []
    unseen: list[int] = []
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        text = content.decode("utf-8-sig", "replace")
        unseen += [match.start() for match in re.finditer(REPLACED, text)]
        at, byte = len(error.object[: error.start].decode("utf-8-sig")), error.object[error.start]
        has_others = any(letter > "\x7f" and letter != REPLACED for letter in text)
        message, hint = "this is not UTF-8", None if has_others else "save the file as UTF-8"
        reported.append((at, Problem("E101", message, file, found=f"byte 0x{byte:02x}", hint=hint, thing=thing)))
    for pattern, code, message, hint in UNSEEN:
        for match in pattern.finditer(text):
            unseen.append(match.start())
            found = f"U+{ord(match[0]):04X}"
            reported.append((match.start(), Problem(code, message, file, found=found, hint=hint, thing=thing)))
        text = pattern.sub(REPLACED, text)
    reported.sort(key=lambda item: item[0])
    too_many = len(unseen) > MOST_UNSEEN
    for at, problem in reported[:1] if too_many else reported:
        line, column = line_and_column(text, at)
        more = f", and {len(unseen) - 1:,} more such places" if too_many else ""
        problems.append(replace(problem, line=line, column=column, found=f"{problem.found}{more}"))
    return None if too_many else (text, [line_and_column(text, at) for at in unseen])


def named(text: str, implied: str) -> set[str]:
    """The things that a file which cannot be read seems to be about, so that references to them do not dangle."""
    return set(re.findall(r"^id: *['\"]?([a-z0-9/-]+)", text, re.MULTILINE)) or {implied}


def line_and_column(text: str, offset: int) -> Place:
    """The line and column, from 1, of an offset."""
    return text.count("\n", 0, offset) + 1, offset - (text.rfind("\n", 0, offset) + 1) + 1


def read_document(
    document: Document, file: Path, kind: str, many: bool, hidden: list[Place], build: Build
) -> Record | None:
    """The record of one document, or None where it has no usable name; every problem of its tree is reported."""
    implied, node = f"{kind}/{file.stem}", document.node
    assert node is not None
    if not isinstance(node, MappingNode):
        build.paths.add(implied)
        build.problems.append(
            problem(
                "E105",
                "a record is a map of keys and values",
                file,
                node,
                implied,
                found=describe(node),
                hint=document.hint,
            )
        )
        return None
    given = next((value for key, value in node.value if key.value == "id"), None)
    build.paths.add(implied if given is None else name_of(given))
    before = len(build.problems)
    found = check_tree(node, file, implied if given is None else name_of(given), hidden)
    build.problems += found
    if any(problem.code == "E106" for problem in found) or (given is not None and given.tag == PROBLEM):
        build.paths.add(implied)
        return None
    if given is None and many:
        if not document.faults:
            build.problems.append(
                problem(
                    "E402",
                    "a file of several records gives each its id",
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
        build.paths.add(implied)
        build.problems.append(
            problem(
                "E402",
                "the id of a record names its folder and file",
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
        name = slug(path.removeprefix(f"{kind}/"))
        build.problems.append(
            problem(
                "E212",
                "a name is lower-case letters and digits, with single hyphens between",
                file,
                where,
                path,
                expected="a name such as bosnia-and-herzegovina",
                found=path.removeprefix(f"{kind}/"),
                hint=(f"name the file {name}.yaml" if given is None else f"write {kind}/{name}") if name else None,
            )
        )
        return None
    sound = len(build.problems) == before and not document.faults and not hidden
    return Record(path, file, node, sound)


def slug(text: str) -> str:
    """A text as a name: lower case, ASCII where it can be, hyphens between words."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")


def name_of(given: Node) -> str:
    """What an `id` says, if it is text."""
    return str(given.value) if isinstance(given, ScalarNode) else describe(given)


def first_of(node: MappingNode) -> Node:
    """The first key of a map, or the map where it has none."""
    key: Node = next((key for key, _ in node.value), node)
    return key


def check_tree(node: MappingNode, file: Path, thing: str | None, hidden: list[Place]) -> list[Problem]:
    """What the YAML of one record must not have; marks the nodes with a problem.

    Duplicate or non-text keys, nulls, tags, endless or huge aliases, characters that `hidden` or escapes bring in.
    """
    left = MOST_NODES
    found: list[Problem] = []

    def report(
        code: str,
        message: str,
        node: Node,
        expected: str | None = None,
        what: str | None = None,
        hint: str | None = None,
    ) -> None:
        found.append(problem(code, message, file, node, thing, expected=expected, found=what, hint=hint))
        node.tag = PROBLEM

    def walk(node: Node, above: tuple[int, ...], is_item: bool = False) -> None:
        nonlocal left
        left -= 1
        if id(node) in above:
            report("E106", "this holds an alias of itself", node)
            return
        if left == 0:
            report(
                "E106",
                "the aliases of this record stand for too much",
                node,
                expected=f"at most {MOST_NODES:,} values",
            )
        if left <= 0 or node.tag == PROBLEM:
            return
        if node.tag not in CORE_TAGS:
            plain = f"write {in_flow(node.value or node.tag)}" if isinstance(node, ScalarNode) else "remove the tag"
            report("E107", "tags are not used here", node, what=node.tag, hint=plain)
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
        elif node.tag == NULL:
            report(
                "E104",
                "there is no value here",
                node,
                what=node.value or "nothing",
                hint="give a value, or remove the key",
            )
        elif unseen := hidden_in(node.value):
            report(*unseen, node, hint="remove it")

    def walk_map(node: MappingNode, above: tuple[int, ...], is_item: bool) -> None:
        seen: dict[str, Node] = {}
        if hint := as_items(node, is_item) if len(above) > 1 else None:
            first, *again = [key for key, _ in node.value if key.value == node.value[0][0].value]
            message, where = f"the key {first.value!r} stands twice", f"first on line {first.start_mark.line + 1}"
            report("E103", message, again[0], what=where, hint=hint)
            return
        for key, value in node.value:
            if not isinstance(key, ScalarNode) or key.tag != STRING:
                if key.tag != PROBLEM:
                    report("E108", "a key is text", key, what=describe(key))
                continue
            if within(hidden, key):
                key.tag = PROBLEM
                continue
            if unseen := hidden_in(key.value):
                report(*unseen, key, hint="remove it")
                continue
            if first := seen.get(key.value):
                where = f"first on line {first.start_mark.line + 1}"
                report(
                    "E103",
                    f"the key {key.value!r} stands twice",
                    key,
                    what=where,
                    hint=f"remove this one, or that of line {first.start_mark.line + 1}",
                )
                continue
            seen[key.value] = key
            walk(value, above)

    walk(node, ())
    return found


def as_items(node: MappingNode, is_item: bool) -> str | None:
    """A hint for a map in which several parts stand one below the other: which keys begin one, without a hyphen.

    Parts are told by their first key, which comes again, and nothing between comes twice.
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


def hidden_in(text: str) -> tuple[str, str] | None:
    """The code and the message for a character that an escape brings into a text."""
    if match := HIDDEN.search(text):
        return "E110", f"this holds U+{ord(match[0]):04X}, a character that cannot be seen"
    if match := DIRECTION.search(text):
        return "E112", f"this holds U+{ord(match[0]):04X}, which changes the direction of what follows"
    return None


def within(places: list[Place], node: Node) -> bool:
    """True if one of some places lies in a node."""
    start, end = node.start_mark, node.end_mark
    return any((start.line, start.column) <= (line - 1, column - 1) < (end.line, end.column) for line, column in places)


def describe(node: Node) -> str:
    """What a YAML node is, in words for a message."""
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
    )
