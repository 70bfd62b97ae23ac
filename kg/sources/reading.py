"""Reading: converts a YAML file to records, and keeps the place of every value.

The format is the YAML 1.2 Core schema (yaml.org/spec/1.2.2, 10.3) with string keys and without duplicate keys, tags and
nulls; each document is one tree. A value with a problem stays in its tree and is marked, so that later steps skip it
and report only new problems.
"""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from yaml.nodes import MappingNode

from kg.diagnostics.problems import Problem, errors
from kg.diagnostics.suggest import did_you_mean, nearest
from kg.names import NAME, Names
from kg.sources.files import (
    WITHDRAWN,
    Place,
    bytes_of,
    file_problem,
    folder_problem,
    is_regular,
    status_of,
    text_of,
    with_points,
)
from kg.sources.nodes import describe, first_of, name_of, problem
from kg.sources.record import Record
from kg.sources.texts import not_composed
from kg.sources.yaml_problems import (
    check_tree,
    fault_problem,
    looked_at,
)
from kg.sources.yaml_tree import (
    PROBLEM,
    Source,
    YamlDocument,
    documents,
    scalars,
)
from kg.text.characters import as_latin
from kg.text.folding import as_name


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


def files(directory: Path, reading: Reading) -> Iterator[tuple[str, os.stat_result]]:
    """The source files of a data directory, in order, each with its status: those directly in its folders.

    Other files are reported. Nothing is made for a source file but its name, because there are many of them.
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
        for name in sorted(names):
            if depth == 1 and name.endswith(".yaml") and not name.startswith("."):
                source = f"{folder}/{name}"
                if status := status_of(source):
                    yield source, status
                    continue
            file = folder / name
            if depth == 0 and name == WITHDRAWN and is_regular(file):
                continue
            for problem_ in file_problem(file, depth):
                reading.problems.append(problem_)
                if depth == 1:  # references to it must not dangle
                    reading.paths.add(f"{folder.name}/{as_name(name.lstrip('.#').partition('.')[0])}")


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


def named(text: str, implied: str) -> set[str]:
    """The things that an unreadable file seems to describe, so that references to them do not dangle."""
    return set(re.findall(r"^id: *['\"]?([a-z0-9/-]+)", text, re.MULTILINE)) or {implied}


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


def as_published(node: MappingNode, key: str) -> str:
    """The words of a record that are reproduced as published, although they look like a mistake."""
    return " ".join(scalar.value for name, value in node.value if name.value == key for scalar in scalars(value))
