"""Identification: what is known about the identity of things, with the lists of withdrawn things."""

import re
from collections.abc import Iterable, Iterator, Set
from pathlib import Path

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from kg.diagnostics.problems import Problem, errors
from kg.diagnostics.suggest import did_you_mean, nearest
from kg.model import literals
from kg.names import NAME, XSD
from kg.sources.facts import Facts, Roles
from kg.sources.files import WITHDRAWN, bytes_of, is_regular, text_of
from kg.sources.index import Index
from kg.sources.nodes import describe, first_of, problem, related_at
from kg.sources.record import Withdrawal
from kg.sources.repair import quoted
from kg.sources.texts import not_composed
from kg.sources.yaml_problems import check_tree, fault_problem, is_plain, looked_at
from kg.sources.yaml_tree import PROBLEM, STRING, documents, scalars
from kg.steps.identities import Identities
from kg.steps.results import Changes, Model

ENTRY = {"path": True, "date": True, "reason": True, "replacedBy": False}
"""The keys of an entry of withdrawn.yaml, and whether they are required."""


class Identification:
    """What is known about the identity of things: their records, what they are called, and what was withdrawn.

    It is kept while records come and go; `problems` are those of all records of now.
    """

    def __init__(self, model: Model, roles: Roles) -> None:
        self.model = model
        self.identities = Identities(model.sources.data, next(iter(roles.different), None))
        self.index = Index(model.schema)
        self.withdrawn: dict[str, Withdrawal] = {}
        self.problems: list[Problem] = []

    def update(
        self, removed: Iterable[Facts], added: Iterable[Facts], named: Set[str], unread: Set[str] = frozenset()
    ) -> Changes:
        """Takes note that records went and came, and reads the lists of withdrawn things again.

        `named` are the paths that the sources name now, at least those without a record, and `unread` the kinds whose
        folders cannot be read now. Raises KeyError or ValueError if a removed record is not there.
        """
        removed, added = list(removed), list(added)
        records = self.identities.update(removed, added, named)
        paths = {facts.path for facts in (*removed, *added)}
        lasts = {path: next(reversed(self.identities.records(path)), None) for path in paths}
        things = self.index.update(lasts, named, unread)
        before, self.withdrawn = self.withdrawn, {}
        self.problems = list(self.identities.problems())
        for directory in self.model.sources.data:
            if is_regular(file := directory / WITHDRAWN):
                self.problems += read_withdrawn(self, file)
        self.index.withdrawn = self.withdrawn
        either = before.keys() | self.withdrawn.keys()
        return Changes(records, things | {path for path in either if before.get(path) != self.withdrawn.get(path)})


def read_withdrawn(known: Identification, file: Path) -> Iterator[Problem]:
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
                    yield from check_entry(known, entry, file)
            else:
                message, hint = "an entry of withdrawn.yaml must be a map", f"write - path: {describe(entry)}"
                hint = hint if isinstance(entry, ScalarNode) else "write - path: …, and the other keys below it"
                yield problem("E105", message, file, entry, None, expected=expected, found=describe(entry), hint=hint)


def check_entry(known: Identification, entry: MappingNode, file: Path) -> Iterator[Problem]:
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
            hint = did_you_mean(known.index.suggest(str(values[name].value), ()))
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
    if by is not None and by.value not in known.identities:
        hint = did_you_mean(known.index.suggest(str(by.value), ()))
        yield problem("E204", f"there is no {by.value}", file, by, None, found=str(by.value), hint=hint)
    if path in known.identities:
        also = tuple(related_at(facts.file, facts.span, path) for facts in known.identities.records(path))
        message, hint = f"{path} is withdrawn but still has a record", "remove the entry"
        yield problem("E404", message, file, values["path"], path, hint=hint, related=also[:1])
    elif (is_renamed := known.identities.is_former(path)) or path in known.withdrawn:
        how = "renamed too" if is_renamed else "withdrawn twice"
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
