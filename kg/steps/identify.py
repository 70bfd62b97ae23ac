"""Identify: checks that each thing has one record and that former and withdrawn names are free; finds duplicates."""

import re
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import combinations
from pathlib import Path

from rapidfuzz.distance import OSA
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from kg.diagnostics.problems import Problem, Related, Severity, errors
from kg.diagnostics.suggest import did_you_mean, nearest
from kg.model import literals
from kg.model.schema import Schema
from kg.names import NAME, PREFIXES, XSD
from kg.sources.files import WITHDRAWN, bytes_of, is_regular, text_of
from kg.sources.index import Index
from kg.sources.nodes import describe, first_of, problem, related_at
from kg.sources.record import Record, Withdrawal
from kg.sources.repair import quoted
from kg.sources.texts import not_composed
from kg.sources.yaml_problems import check_tree, fault_problem, is_plain, looked_at
from kg.sources.yaml_tree import PROBLEM, STRING, documents, scalars
from kg.steps.results import Model, Records
from kg.text.folding import fold

ALIKE = 0.88
"""Minimum similarity of the names of two things, from 0 to 1, for reporting them as possible duplicates."""

ENTRY = {"path": True, "date": True, "reason": True, "replacedBy": False}
"""The keys of an entry of withdrawn.yaml, and whether they are required."""


@dataclass(slots=True)
class Identification:
    """What is known about the identity of things: the records that were read, and the things that were withdrawn."""

    model: Model
    records: list[Record]
    paths: frozenset[str]
    withdrawn: dict[str, Withdrawal] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def identify(model: Model, records: Records) -> Records:
    """Returns the same records with the withdrawn things; the second record of a thing is not sound.

    Duplicate records, copies and conflicting names are added to the problems.
    """
    records = distinguish(records, different_keys(model.schema))
    known = Identification(model, records.records, records.paths)
    first: dict[str, Record] = {}
    for record in known.records:
        first.setdefault(record.path, record)
    renamed = former_names(known, first.values())
    for directory in model.sources.data:
        if is_regular(file := directory / WITHDRAWN):
            known.problems += read_withdrawn(known, file, renamed)
    known.problems += possible_duplicates(known, records.copies)
    return replace(records, withdrawn=known.withdrawn, problems=[*records.problems, *known.problems])


def distinguish(records: Records, differ: list[str]) -> Records:
    """The same records; those that occur twice or are copies are reported, and are not sound any more.

    With the keys of `differ`, a record states that its thing is different from another.
    """
    checked, problems = [*records.records], [*records.problems]
    first: dict[str, Record] = {}
    for number, record in enumerate(checked):
        if before := first.setdefault(record.path, record) if record.path in first else None:
            message = f"{record.path} occurs twice"
            expected = "one record, or different names"
            also = (related_at(before.file, before.node, before.path),)
            duplicate = problem("E401", message, record.file, record.node, record.path, expected=expected, related=also)
            problems.append(duplicate)
            checked[number] = replace(record, sound=False)
        else:
            first[record.path] = record
    copied = list(copies(checked, differ))
    paths = frozenset(problem.thing for problem in copied if problem.thing)
    checked = [replace(record, sound=record.sound and record.path not in paths) for record in checked]
    return replace(records, records=checked, copies=paths, problems=[*problems, *copied])


def copies(records: list[Record], differ: list[str]) -> Iterator[Problem]:
    """Reports each record with the same content as another one of its kind, unless the content is only a name."""
    first: dict[tuple[str, Hashable], Record] = {}
    files = Counter(record.file for record in records)
    for record in [record for record in records if record.sound]:
        before = first.setdefault((record.kind, content(record.node)), record)
        keys = [key.value for key, _ in record.node.value if key.value not in ("id", "type")]
        if before.path != record.path and len(keys) > 1:
            edits = [
                *["remove the file"][: files[record.file] == 1],
                *(f"add {key}: {before.path}" for key in differ[:1]),
            ]
            hint = ", or ".join(edits) or None
            yield problem(
                "E407",
                f"{record.path} has the same content as {before.path}",
                record.file,
                record.node,
                record.path,
                expected="one record, or values that distinguish the two",
                hint=hint,
                related=(related_at(before.file, before.node, before.path),),
            )


def content(node: Node) -> Hashable:
    """The content of a record or value, without its name and the order of its keys."""
    if isinstance(node, MappingNode):
        return frozenset((content(key), content(value)) for key, value in node.value if key.value != "id")
    if isinstance(node, SequenceNode):
        return tuple(map(content, node.value))
    return str(node.value)


def former_names(known: Identification, records: Iterable[Record]) -> set[str]:
    """The former paths of things. Reports those that are in use, or that two things claim."""
    key = known.model.names.renamed_from.removeprefix(known.model.names.vocabulary)
    leads: dict[str, Related] = {}
    there = {record.path: related_at(record.file, record.node, record.path) for record in known.records}
    for record in records:
        for node in [n for k, value in record.node.value if k.value == key for n in scalars(value)]:
            path = node.value if "/" in node.value else f"{record.kind}/{node.value}"
            hint, other = "remove it", None
            if path == record.path:
                message = f"{path} is still the name of the thing"
            elif path in known.paths:
                message = f"{path} is a thing of its own, not a former name of {record.path}"
                other = there.get(path)
            elif other := leads.get(path):
                message = f"{path} is already a former name of {other.thing}"
            else:
                leads[path] = related_at(record.file, node, record.path)
                continue
            also = (other,) if other else ()
            wrong_name = problem("E403", message, record.file, node, record.path, found=path, hint=hint, related=also)
            known.problems.append(wrong_name)
    return set(leads)


def read_withdrawn(known: Identification, file: Path, renamed: set[str]) -> Iterator[Problem]:
    """Reads a list of withdrawn things: path, date, reason, and replacement."""
    content = bytes_of(file, None, known.problems)
    if content is None:
        return
    if (read := text_of(content, file, None, known.problems)) is None:
        return
    text, hidden = read
    source = looked_at(text)
    expected = "- path: kind/name, then " + ", ".join(list(ENTRY)[1:])
    yield from not_composed(text, file)
    for document in documents(text):
        yield from (fault_problem(fault, file, None) for fault in document.faults)
        node = document.node
        if node is not None and not isinstance(node, SequenceNode):
            hint = "begin each entry with a hyphen: - path: …"
            message = "withdrawn.yaml must be a list of maps"
            yield problem("E105", message, file, node, None, expected=expected, found=describe(node), hint=hint)
        for entry in node.value if isinstance(node, SequenceNode) else ():
            if isinstance(entry, MappingNode):
                problems = check_tree(entry, file, None, hidden, source)
                yield from problems
                if not errors(problems) and all(PROBLEM not in (key.tag, value.tag) for key, value in entry.value):
                    yield from check_entry(known, entry, file, renamed)
            else:
                message, hint = "an entry of withdrawn.yaml must be a map", f"write - path: {describe(entry)}"
                hint = hint if isinstance(entry, ScalarNode) else "write - path: …, and the other keys below it"
                yield problem("E105", message, file, entry, None, expected=expected, found=describe(entry), hint=hint)


def check_entry(known: Identification, entry: MappingNode, file: Path, renamed: set[str]) -> Iterator[Problem]:
    """Checks one entry of withdrawn.yaml, and adds its path to the withdrawn things."""
    values = {key.value: value for key, value in entry.value}
    for key, _ in entry.value:
        if key.value not in ENTRY:
            hint = did_you_mean(nearest(key.value, ((name, name) for name in ENTRY)))
            message = f"an entry has no key {key.value!r}"
            expected = "one of " + ", ".join(ENTRY)
            yield problem("E201", message, file, key, None, expected=expected, found=key.value, hint=hint)
    formless = [value for key, value in values.items() if key in ENTRY and not isinstance(value, ScalarNode)]
    for key, value in values.items():
        if key in ENTRY:
            yield from check_form(key, value, file)
    for name in [name for name, must in ENTRY.items() if must and name not in values]:
        yield problem(
            "E301", f"an entry must have exactly one {name}", file, first_of(entry), None, hint=f"add {name}: …"
        )
    if formless:
        return
    day = values.get("date")
    if day is not None and str(day.value).strip():
        datatypes = (XSD + "date", XSD + "gYearMonth", XSD + "gYear")
        try:
            literals.typed(str(day.value), datatypes)
        except ValueError:
            expected, hint = literals.expected(datatypes), literals.mend(str(day.value), datatypes)
            found = describe(day)
            yield problem(
                "E203", "not a valid value for date", file, day, None, expected=expected, found=found, hint=hint
            )
    for name in [name for name in ("path", "replacedBy") if name in values]:
        kind, _, local = str(values[name].value).partition("/")
        if not (NAME.fullmatch(kind) and NAME.fullmatch(local)):
            expected, found = "a path: kind/name", describe(values[name])
            hint = did_you_mean(
                Index(known.model.schema, known.paths, known.records).suggest(str(values[name].value), ())
            )
            if str(values[name].value).strip():
                yield problem(
                    "E205", "this is not a path", file, values[name], None, expected=expected, found=found, hint=hint
                )
            return
        if kind not in known.model.schema.kinds:
            message = f"{kind!r} is not a kind: no class of the ontology has that name"
            hint = did_you_mean(nearest(kind, ((known, known) for known in known.model.schema.kinds)))
            expected = "one of " + ", ".join(sorted(known.model.schema.kinds))
            yield problem("E211", message, file, values[name], None, expected=expected, found=kind, hint=hint)
            return
    if "path" not in values:
        return
    path, by = str(values["path"].value), values.get("replacedBy")
    if by is not None and by.value not in known.paths:
        index = Index(known.model.schema, known.paths, known.records)
        hint = did_you_mean(index.suggest(str(by.value), ()))
        yield problem("E204", f"there is no {by.value}", file, by, None, found=str(by.value), hint=hint)
    if path in known.paths:
        also = tuple(related_at(r.file, r.node, path) for r in known.records if r.path == path)
        message, hint = f"{path} is withdrawn but still has a record", "remove the entry"
        yield problem("E404", message, file, values["path"], path, hint=hint, related=also[:1])
    elif path in renamed or path in known.withdrawn:
        how = "renamed too" if path in renamed else "withdrawn twice"
        yield problem("E404", f"{path} is {how}", file, values["path"], path, hint="remove the entry")
    texts = {key: str(value.value) for key, value in values.items() if isinstance(value, ScalarNode)}
    withdrawal = Withdrawal(path, texts.get("date", ""), texts.get("reason", ""), texts.get("replacedBy"))
    known.withdrawn.setdefault(path, withdrawal)


def check_form(key: str, value: Node, file: Path) -> Iterator[Problem]:
    """Checks the form of a value in withdrawn.yaml: each value is one text, and a reason contains words."""
    if not isinstance(value, ScalarNode):
        texts = [text.value for text in scalars(value)]
        hint = f"write {key}: {texts[0] if is_plain(texts[0]) else quoted(texts[0])}" if len(texts) == 1 else None
        hint = hint or f"write {key}: …"
        message, found = f"{key} must have exactly one value, not {describe(value)}", describe(value)
        yield problem("E202", message, file, value, None, expected=f"{key}: …", found=found, hint=hint)
    elif not value.value.strip():
        yield problem("E104", "the text is empty", file, value, None, hint=f"write the {key}, or remove the entry")
    elif key == "reason" and (value.tag != STRING or not re.search(r"[^\W\d_]{2}", value.value)):
        sentence, expected = "this is not a reason", "words that give the reason, such as: it was entered twice"
        yield problem("E203", sentence, file, value, None, expected=expected, found=describe(value), hint="give a text")


def possible_duplicates(known: Identification, reported: frozenset[str]) -> Iterator[Problem]:
    """Warns about two things with nearly the same name, if their class has names that are spelled in several ways.

    Things that were already reported as copies (`reported`) are left out.
    """
    index = Index(known.model.schema, known.paths, known.records)
    called: dict[str, list[tuple[str, Node]]] = {}
    records = {record.path: record for record in known.records if record.path not in reported}
    blocks: dict[str, set[str]] = defaultdict(set)
    for path, record in records.items():
        class_ = index.class_of(path)
        if class_ is None or not known.model.schema.names_vary(class_):
            continue
        labels = [node for node in index.labels(record.node) if node.tag != PROBLEM]
        called[path] = [(name, node) for node in labels if (name := fold(node.value))]
        for name, _ in called[path]:
            for word in name.split():
                blocks[word].add(path)
    differ = different_keys(known.model.schema)
    pairs = {pair for block in blocks.values() for pair in combinations(sorted(block), 2)}
    for one, other in sorted(pairs):
        if other in stated(records[one], differ) or one in stated(records[other], differ):
            continue
        match = next(((x, y) for a, x in called[one] for b, y in called[other] if alike(a, b)), None)
        if match is not None:
            yield problem(
                "E405",
                f"{other} may be the same as {one}",
                records[other].file,
                match[1],
                other,
                found=f"{one} has almost the same name",
                expected="one record, if they are the same thing",
                related=(related_at(records[one].file, match[0], one),),
                hint=f"add {differ[0]}: {one}" if differ else None,
                severity=Severity.WARNING,
            )


def different_keys(schema: Schema) -> list[str]:
    """The keys by which a record states that its thing is different from another (owl:differentFrom)."""
    return [property_.key for property_ in schema.subproperties(PREFIXES["owl"] + "differentFrom")]


def stated(record: Record, keys: list[str]) -> set[str]:
    """The values that a record has under some keys."""
    return {node.value for key, value in record.node.value if key.value in keys for node in scalars(value)}


def alike(one: str, other: str) -> bool:
    """True if two folded, non-empty names may be spellings of one name: other order, few other letters, or initials."""
    a, b = sorted(one.split()), sorted(other.split())
    if a == b or OSA.normalized_similarity(" ".join(a), " ".join(b)) >= ALIKE:
        return True
    *first, last = one.split()
    *second, same = other.split()
    abbreviated = any(len(word) == 1 for word in (*first, *second))
    return last == same and abbreviated and [w[0] for w in first] == [w[0] for w in second]
