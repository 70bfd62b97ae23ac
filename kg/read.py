"""Read: YAML files to records, with every value's place kept.

YAML 1.2 Core schema (yaml.org/spec/1.2.2, 10.3): string keys, no duplicates, no tags, no nulls, one tree a document.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import yaml
from yaml.cyaml import CParser  # type: ignore[attr-defined]  # the C parser has no types
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from yaml.resolver import BaseResolver

from kg.build import Build, Record
from kg.model import read_model
from kg.names import NAME
from kg.problems import Problem, Severity

MOST_NODES = 100_000
"""How many nodes a record may have, each alias counted as what it stands for."""

OTHER_FILES = ("withdrawn.yaml",)
"""Files of a data directory that hold no records."""

MOST_DEPTH = 50
"""How deep the lists and maps of a record may nest."""

HIDDEN = re.compile(r"[\x85\u2028\u2029\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]")
"""Line breaks of YAML 1.1 that are none in 1.2, and what XML 1.0 cannot carry (w3.org/TR/xml, 2.2)."""

STRING = "tag:yaml.org,2002:str"
NULL = "tag:yaml.org,2002:null"
COLLECTIONS = ("tag:yaml.org,2002:map", "tag:yaml.org,2002:seq")


class CoreLoader(CParser, BaseResolver):
    """Composes YAML with the scalars of the 1.2 Core schema instead of PyYAML's 1.1."""

    def __init__(self, stream: str) -> None:
        CParser.__init__(self, stream)
        BaseResolver.__init__(self)


for _tag, _pattern, _first in (
    ("null", r"~|null|Null|NULL|", "~nN\0"),
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", "-+0123456789"),
    (
        "float",
        r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
        "-+.0123456789",
    ),
):
    CoreLoader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_pattern})$"), [c.replace("\0", "") for c in _first]
    )
CORE_TAGS = {STRING, *COLLECTIONS, *(f"tag:yaml.org,2002:{name}" for name in ("null", "bool", "int", "float"))}


def read(build: Build) -> None:
    """Fills the model, `records` and `paths`, and reports what cannot be read."""
    read_model(build)
    if build.schema is None:
        return
    seen: dict[str, Record] = {}
    for directory in build.sources.data:
        for file in files(directory, build.problems):
            build.files += 1
            for record in read_file(file, file.parent.name, build):
                build.paths.add(record.path)
                if first := seen.get(record.path):
                    where = f"{first.file}:{first.node.start_mark.line + 1}"
                    build.problems.append(
                        problem(
                            "E401",
                            f"{record.path} stands twice",
                            record.file,
                            record.node,
                            record.path,
                            found=f"also at {where}",
                            hint="merge the two records, or give one another name",
                        )
                    )
                    continue
                seen[record.path] = record
                build.records.append(record)


def files(directory: Path, problems: list[Problem]) -> Iterator[Path]:
    """The source files of a data directory, in order: those in the folders directly under it; others are reported."""
    for file in sorted(directory.rglob("*")):
        place = file.relative_to(directory)
        if not file.is_file() or any(part.startswith(".") for part in place.parts) or str(place) in OTHER_FILES:
            continue
        if file.suffix.lower() in (".yml", ".yaml", ".json") and file.suffix != ".yaml":
            hint = f"name it {file.stem}.yaml"
            problems.append(Problem("E109", "only .yaml files are read", file, found=file.suffix, hint=hint))
        elif file.suffix == ".yaml" and len(place.parts) != 2:
            message = "a record lies directly in the folder of its kind"
            problems.append(Problem("E109", message, file, expected="<kind>/<name>.yaml", found=str(place)))
        elif file.suffix == ".yaml":
            yield file


def read_file(file: Path, kind: str, build: Build) -> Iterator[Record]:
    """The records of one file; reports what is not UTF-8, not YAML, or not a record."""
    implied = f"{kind}/{file.stem}"
    assert build.schema is not None
    if kind not in build.schema.kinds:
        build.problems.append(
            Problem(
                "E211",
                f"{kind!r} is not a kind: no class of the ontology has that name",
                file,
                expected="one of " + ", ".join(sorted(build.schema.kinds)),
                thing=implied,
            )
        )
        return
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except OSError as error:
        build.paths.add(implied)
        build.problems.append(Problem("E109", f"the file cannot be read: {error.strerror}", file, thing=implied))
        return
    except UnicodeDecodeError as error:
        build.paths.add(implied)
        before = error.object[: error.start]
        line, column = before.count(b"\n") + 1, len(before.rpartition(b"\n")[2].decode("utf-8", "replace")) + 1
        build.problems.append(
            Problem(
                "E101",
                "the file is not UTF-8",
                file,
                line,
                column,
                found=f"byte 0x{error.object[error.start]:02x}",
                hint="save it as UTF-8",
                thing=implied,
            )
        )
        return
    if hidden := HIDDEN.search(text):
        build.paths.update(named(text, implied))
        line, column = line_and_column(text, hidden.start())
        build.problems.append(
            Problem(
                "E110",
                "this character cannot be shown, and programs take it for different things",
                file,
                line,
                column,
                found=f"U+{ord(hidden[0]):04X}",
                hint="remove it, or put a space or a line break in its place",
                thing=implied,
            )
        )
        return
    try:
        documents = [node for node in compose(text) if node is not None]
    except yaml.YAMLError as error:
        build.paths.update(named(text, implied))
        build.problems.append(syntax_problem(error, text, file, implied))
        return
    if not documents:
        build.paths.add(implied)
        build.problems.append(Problem("E105", "the file holds no record", file, thing=implied))
    for node in documents:
        if record := read_document(node, file, kind, len(documents) > 1, build):
            yield record


def named(text: str, implied: str) -> set[str]:
    """The things that a file which cannot be read seems to be about, so that references to them do not dangle."""
    return set(re.findall(r"^id: *['\"]?([a-z0-9/-]+)", text, re.MULTILINE)) or {implied}


def line_and_column(text: str, offset: int) -> tuple[int, int]:
    """The line and column, from 1, of an offset."""
    before = text[:offset]
    return before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1


def syntax_problem(error: yaml.YAMLError, text: str, file: Path, thing: str) -> Problem:
    """What the YAML parser says, at the place where the editor must look."""
    if isinstance(error, NestingError):
        expected = f"at most {MOST_DEPTH} levels"
        return Problem("E111", "this nests too deep", file, *error.place, expected=expected, thing=thing)
    if not isinstance(error, yaml.MarkedYAMLError):
        return Problem("E102", f"this is not YAML: {str(error).splitlines()[0]}", file, thing=thing)
    mark = error.problem_mark or error.context_mark
    at_end = mark is None or mark.line >= text.rstrip().count("\n") + 1
    began = error.context_mark
    if began and (at_end or error.context in ("while scanning a simple key", "while scanning a quoted scalar")):
        mark = began  # where it began says more than where the parser gave up
    place = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    return Problem("E102", f"this is not YAML: {error.problem or error.context}", file, *place, thing=thing)


class NestingError(yaml.YAMLError):
    """Raised when a YAML text nests deeper than MOST_DEPTH; `place` is the line and column where it does."""

    def __init__(self, place: tuple[int, int]) -> None:
        super().__init__("nested too deep")
        self.place = place


def compose(text: str) -> Iterator[Node | None]:
    """The trees of the documents of a YAML text; an empty document is None. Raises yaml.YAMLError."""
    bound_depth(text)
    loader = CoreLoader(text)
    try:
        while loader.check_node():
            node = loader.get_node()
            empty = isinstance(node, ScalarNode) and node.tag == NULL and not node.value
            yield None if empty else node
    finally:
        loader.dispose()


def bound_depth(text: str) -> None:
    """Raises NestingError where a text nests too deep: the parser's composer recurses, and its stack is not ours."""
    brackets = text.count("[") + text.count("{")
    if brackets + max(map(len, re.findall(r"^[ \t?:-]*", text, re.MULTILINE)), default=0) <= MOST_DEPTH:
        return
    depth = 0
    for event in yaml.parse(text, yaml.CLoader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MOST_DEPTH and (mark := event.start_mark):
                raise NestingError((mark.line + 1, mark.column + 1))
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def read_document(node: Node, file: Path, kind: str, many: bool, build: Build) -> Record | None:
    """The record of one document, or None where it has no usable name; every problem of its tree is reported."""
    implied = f"{kind}/{file.stem}"
    if not isinstance(node, MappingNode):
        build.paths.add(implied)
        build.problems.append(
            problem("E105", "a record is a map of keys and values", file, node, implied, found=describe(node))
        )
        return None
    given = next((value for key, value in node.value if key.value == "id"), None)
    build.paths.add(implied if given is None else name_of(given))
    if given is None and many:
        build.problems.append(
            problem(
                "E402",
                "a file of several records gives each its id",
                file,
                node,
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
            )
        )
        return None
    if not NAME.fullmatch(path.removeprefix(f"{kind}/")):
        build.problems.append(
            problem(
                "E212",
                "a name is lower-case letters and digits, with single hyphens between",
                file,
                where,
                path,
                expected="a name such as bosnia-and-herzegovina",
                found=path.removeprefix(f"{kind}/"),
            )
        )
        return None
    found = list(check_tree(node, file, path))
    if found:
        build.problems += found
        return None
    return Record(path, file, node)


def name_of(given: Node) -> str:
    """What an `id` says, if it is text."""
    return str(given.value) if isinstance(given, ScalarNode) else describe(given)


def check_tree(node: MappingNode, file: Path, thing: str) -> Iterator[Problem]:
    """What the YAML of one record must not have: duplicate or non-text keys, nulls, tags, endless or huge aliases."""
    left = MOST_NODES

    def walk(node: Node, above: tuple[int, ...]) -> Iterator[Problem]:
        nonlocal left
        left -= 1
        if id(node) in above:
            yield problem("E106", "an alias stands for something that holds the alias itself", file, node, thing)
            return
        if left == 0:
            yield problem(
                "E106",
                "the aliases of this record stand for too much",
                file,
                node,
                thing,
                expected=f"at most {MOST_NODES} values",
            )
        if left <= 0:
            return
        if node.tag not in CORE_TAGS:
            yield problem("E107", "tags are not used here", file, node, thing, found=node.tag, hint="remove the tag")
        elif isinstance(node, ScalarNode) and HIDDEN.search(node.value):
            yield problem("E110", "a character of this text cannot be shown", file, node, thing, hint="remove it")
        elif node.tag == NULL:
            yield problem(
                "E104",
                "there is no value here",
                file,
                node,
                thing,
                found=node.value or "nothing",
                hint="give a value, or remove the key",
            )
        elif isinstance(node, MappingNode):
            yield from walk_map(node, (*above, id(node)))
        elif isinstance(node, SequenceNode):
            for item in node.value:
                yield from walk(item, (*above, id(node)))

    def walk_map(node: MappingNode, above: tuple[int, ...]) -> Iterator[Problem]:
        seen: dict[str, Node] = {}
        for key, value in node.value:
            if not isinstance(key, ScalarNode) or key.tag != STRING:
                yield problem(
                    "E108",
                    "a key is text",
                    file,
                    key,
                    thing,
                    found=describe(key),
                    hint="quote it if it is meant as text",
                )
                continue
            if first := seen.get(key.value):
                yield problem(
                    "E103",
                    f"the key {key.value!r} stands twice",
                    file,
                    key,
                    thing,
                    found=f"first on line {first.start_mark.line + 1}",
                    hint="keep one, or make its value a list",
                )
            seen.setdefault(key.value, key)
            yield from walk(value, above)

    yield from walk(node, ())


def describe(node: Node) -> str:
    """What a YAML node is, in words for a message."""
    if isinstance(node, MappingNode):
        return "a map"
    if isinstance(node, SequenceNode):
        return "a list"
    return str(node.value) if len(node.value) <= 60 else f"{node.value[:60]}…"


def problem(
    code: str,
    message: str,
    file: Path,
    node: Node,
    thing: str,
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
