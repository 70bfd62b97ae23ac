"""Identify: one record a thing; names that are former or withdrawn stay free; what is perhaps one thing is told."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import combinations
from pathlib import Path

from rapidfuzz.distance import OSA
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from kg import literals
from kg.build import Build, Record, Withdrawal
from kg.index import Index
from kg.names import NAME, PREFIXES, XSD
from kg.problems import Problem, Severity
from kg.read import WITHDRAWN, bytes_of, check_tree, describe, fault_problem, first_of, problem, text_of
from kg.schema import Schema
from kg.suggest import did_you_mean, fold, nearest
from kg.tree import PROBLEM, documents, scalars

ALIKE = 0.88
"""How alike the names of two things must be, of 1, for them to be suspected to be one."""

ENTRY = {"path": True, "date": True, "reason": True, "replacedBy": False}
"""The keys of an entry of withdrawn.yaml, and whether it must have them."""


def identify(build: Build) -> None:
    """Reports things that stand twice and names that clash; fills `withdrawn`; a record's double is not sound."""
    first: dict[str, Record] = {}
    for number, record in enumerate(build.records):
        if before := first.setdefault(record.path, record) if record.path in first else None:
            where = f"also at {before.file}:{before.node.start_mark.line + 1}"
            message = f"{record.path} stands twice"
            expected = "one record, or another name for one of the two"
            found = problem("E401", message, record.file, record.node, record.path, expected=expected, found=where)
            build.problems.append(found)
            build.records[number] = replace(record, sound=False)
        else:
            first[record.path] = record
    if build.schema is None:
        return
    renamed = former_names(build, first.values())
    for directory in build.sources.data:
        if (file := directory / WITHDRAWN).is_file():
            build.problems += read_withdrawn(build, file, set(renamed))
    build.problems += suspects(build)


def former_names(build: Build, records: Iterable[Record]) -> dict[str, str]:
    """The path that each former path of a thing leads to; reports those that are taken, or former of two things."""
    key = build.names.renamed_from.removeprefix(build.names.vocabulary)
    leads: dict[str, str] = {}
    for record in records:
        for node in [n for k, value in record.node.value if k.value == key for n in scalars(value)]:
            path = node.value if "/" in node.value else f"{record.kind}/{node.value}"
            hint = "remove it"
            if path in build.paths:
                message = f"{path} is a thing, and not a former name of {record.path}"
                if path == record.path:
                    message = f"{path} is the name that the thing still has"
            elif path in leads:
                message = f"{path} is a former name of {leads[path]} already"
            else:
                leads[path] = record.path
                continue
            build.problems.append(problem("E403", message, record.file, node, record.path, found=path, hint=hint))
    return leads


def read_withdrawn(build: Build, file: Path, renamed: set[str]) -> Iterator[Problem]:
    """Reads a list of things that were taken back: path, date, reason, and what replaced it."""
    content = bytes_of(file, None, build.problems)
    if content is None:
        return
    if (read := text_of(content, file, None, build.problems)) is None:
        return
    text, hidden = read
    for document in documents(text):
        yield from (fault_problem(fault, file, None) for fault in document.faults)
        node = document.node
        if isinstance(node, SequenceNode) and all(isinstance(entry, MappingNode) for entry in node.value):
            for entry in node.value:
                problems = check_tree(entry, file, None, hidden)
                yield from problems or check_entry(build, entry, file, renamed)
        elif node is not None:
            message = "withdrawn.yaml is a list of maps"
            expected = "- path: kind/name, then " + ", ".join(list(ENTRY)[1:])
            yield problem("E105", message, file, node, None, expected=expected, found=describe(node))


def check_entry(build: Build, entry: MappingNode, file: Path, renamed: set[str]) -> Iterator[Problem]:
    """What is wrong in one entry of withdrawn.yaml; notes its path as withdrawn."""
    assert build.schema is not None
    values = {key.value: value for key, value in entry.value}
    for key, _ in entry.value:
        if key.value not in ENTRY:
            hint = did_you_mean(nearest(key.value, ((name, name) for name in ENTRY)))
            message = f"an entry has no key {key.value!r}"
            expected = "one of " + ", ".join(ENTRY)
            yield problem("E201", message, file, key, None, expected=expected, found=key.value, hint=hint)
    for name in [name for name, must in ENTRY.items() if must and name not in values]:
        yield problem("E301", f"an entry has one {name}", file, first_of(entry), None, hint=f"add {name}: …")
    day = values.get("date")
    if day is not None:
        datatypes = (XSD + "date", XSD + "gYearMonth", XSD + "gYear")
        try:
            literals.typed(str(day.value), datatypes)
        except ValueError:
            expected, hint = literals.expected(datatypes), literals.mend(str(day.value), datatypes)
            found = describe(day)
            yield problem(
                "E203", "this is no value of date", file, day, None, expected=expected, found=found, hint=hint
            )
    for name in [name for name in ("path", "replacedBy") if name in values]:
        kind, _, local = str(values[name].value).partition("/")
        if not (NAME.fullmatch(kind) and NAME.fullmatch(local)):
            expected, found = "a path: kind/name", describe(values[name])
            yield problem("E205", "this is not a path", file, values[name], None, expected=expected, found=found)
            return
    if "path" not in values:
        return
    path, by = str(values["path"].value), values.get("replacedBy")
    if by is not None and by.value not in build.paths:
        index = Index(build.schema, build.paths, build.records)
        hint = did_you_mean(index.suggest(str(by.value), ()))
        yield problem("E204", f"there is no {by.value}", file, by, None, found=str(by.value), hint=hint)
    if path in build.paths:
        where, hint = (
            next((str(r.file) for r in build.records if r.path == path), None),
            "remove the entry",
        )
        yield problem(
            "E404", f"{path} is withdrawn, and still there", file, values["path"], path, found=where, hint=hint
        )
    elif path in renamed or path in build.withdrawn:
        how = "renamed too" if path in renamed else "withdrawn twice"
        yield problem("E404", f"{path} is {how}", file, values["path"], path, hint="remove the entry")
    told = {key: str(value.value) for key, value in values.items() if isinstance(value, ScalarNode)}
    withdrawal = Withdrawal(path, told.get("date", ""), told.get("reason", ""), told.get("replacedBy"))
    build.withdrawn.setdefault(path, withdrawal)


def suspects(build: Build) -> Iterator[Problem]:
    """Warns of two things of a class whose names are spelled in several ways, if theirs are nearly the same."""
    assert build.schema is not None
    index = Index(build.schema, build.paths, build.records)
    called: dict[str, list[tuple[str, Node]]] = {}
    records = {record.path: record for record in build.records}
    blocks: dict[str, set[str]] = defaultdict(set)
    for path, record in records.items():
        class_ = index.class_of(path)
        if class_ is None or not build.schema.names_vary(class_):
            continue
        labels = [node for node in index.labels(record.node) if node.tag != PROBLEM]
        called[path] = [(name, node) for node in labels if (name := fold(node.value))]
        for name, _ in called[path]:
            for word in name.split():
                blocks[word].add(path)
    differ = different_keys(build.schema)
    pairs = {pair for block in blocks.values() for pair in combinations(sorted(block), 2)}
    for one, other in sorted(pairs):
        if other in stated(records[one], differ) or one in stated(records[other], differ):
            continue
        match = next(((a, node) for a, _ in called[one] for b, node in called[other] if alike(a, b)), None)
        if match is not None:
            yield problem(
                "E405",
                f"{other} is perhaps the same as {one}",
                records[other].file,
                match[1],
                other,
                found=f"{one} has nearly the same name",
                expected="one record, if the two are one",
                hint=f"add {differ[0]}: {one}" if differ else None,
                severity=Severity.WARNING,
            )


def different_keys(schema: Schema) -> list[str]:
    """The keys by which a record says that its thing is not another (owl:differentFrom)."""
    return [property_.key for property_ in schema.subproperties(PREFIXES["owl"] + "differentFrom")]


def stated(record: Record, keys: list[str]) -> set[str]:
    """What a record has under some keys."""
    return {node.value for key, value in record.node.value if key.value in keys for node in scalars(value)}


def alike(one: str, other: str) -> bool:
    """True if two names, folded and not empty, may be spellings of one: other order, few other letters, initials."""
    a, b = sorted(one.split()), sorted(other.split())
    if a == b or OSA.normalized_similarity(" ".join(a), " ".join(b)) >= ALIKE:
        return True
    *first, last = one.split()
    *second, same = other.split()
    abbreviated = any(len(word) == 1 for word in (*first, *second))
    return last == same and abbreviated and [w[0] for w in first] == [w[0] for w in second]
