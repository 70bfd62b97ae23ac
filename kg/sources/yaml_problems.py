"""YAML problems: what is wrong in the tree of a record and in its texts, whatever its kind.

A value with a problem stays in its tree, marked by its tag: later steps skip it, and report only what is new.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice, pairwise
from pathlib import Path

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from kg.diagnostics.problems import Problem, errors
from kg.sources.files import Place
from kg.sources.nodes import describe, problem
from kg.sources.repair import COLONS, in_flow, listed, quoted
from kg.sources.texts import Flaw, at, decomposed, flaws, may_have_flaws, quoted_wholly
from kg.sources.yaml_tree import (
    CORE_TAGS,
    MAX_DEPTH,
    NULL,
    PROBLEM,
    STRING,
    TOO_DEEP,
    Fault,
    Source,
    cut_off,
    documents,
    written,
)
from kg.text.characters import REPLACED, code_point, unseen

MAX_NODES = 100_000
"""Maximum number of nodes in a record; an alias counts as the nodes that it repeats."""


LANGUAGE = re.compile(r"[a-z]{2,3}(-\w+)?")
"""The form of a key that is a language tag."""


MAX_FLAWS = 20
"""Maximum number of flaws that are reported for one text."""


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


def looked_at(text: str) -> Source | None:
    """A source whose texts must be checked one by one; None if none of them can have a flaw."""
    return Source(text) if may_have_flaws(text) else None


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
    check = TreeCheck(file, thing, hidden, source, sic)
    check.walk(node, ())
    return check.problems


@dataclass(slots=True)
class TreeCheck:
    """The check of the tree of one record, as far as it has come (check_tree)."""

    file: Path
    thing: str | None
    hidden: list[Place]
    source: Source | None
    sic: str
    problems: list[Problem] = field(default_factory=list)
    left: int = MAX_NODES

    def report(
        self,
        code: str,
        message: str,
        node: Node,
        expected: str | None = None,
        what: str | None = None,
        hint: str | None = None,
        keys: Iterable[str] = (),
    ) -> None:
        found = problem(code, message, self.file, node, self.thing, expected=expected, found=what, hint=hint, keys=keys)
        self.problems.append(found)
        node.tag = PROBLEM

    def walk(self, node: Node, above: tuple[int, ...], is_item: bool = False) -> None:
        self.left -= 1
        if id(node) in above:
            self.report("E106", "this value contains an alias of itself", node)
            return
        if self.left == 0:
            self.report(
                "E106",
                "the aliases of this record expand to too many values",
                node,
                expected=f"at most {MAX_NODES:,} values",
            )
        if self.left <= 0 or node.tag == PROBLEM:
            return
        if node.tag not in CORE_TAGS:
            plain = f"write {in_flow(node.value or node.tag)}" if isinstance(node, ScalarNode) else "remove the tag"
            self.report("E107", "YAML tags are not allowed here", node, what=node.tag, hint=plain)
        elif isinstance(node, ScalarNode):
            self.check_scalar(node)
        elif isinstance(node, MappingNode):
            self.walk_map(node, (*above, id(node)), is_item)
        elif isinstance(node, SequenceNode):
            for item in node.value:
                self.walk(item, (*above, id(node)), is_item=True)

    def check_scalar(self, node: ScalarNode) -> None:
        if self.hidden and within(self.hidden, node):
            node.tag = PROBLEM
        elif self.source and self.look(node):
            return
        elif node.tag == NULL:
            self.report(
                "E104",
                "a value is missing here",
                node,
                what=node.value or "nothing",
                hint="give a value, or remove the key",
            )

    def look(self, node: ScalarNode, is_key: bool = False) -> bool:
        """Reports the problems of a text; true if the text cannot be used."""
        assert self.source is not None
        wrong = [
            *lost_text(self.source, node, self.file, self.thing),
            *text_problems(self.source, node, self.file, self.thing, self.sic, is_key),
        ]
        self.problems += wrong
        if errors(wrong):
            node.tag = PROBLEM
        return node.tag == PROBLEM

    def walk_map(self, node: MappingNode, above: tuple[int, ...], is_item: bool) -> None:
        seen: dict[str, Node] = {}
        source = self.source
        if hint := as_items(node, is_item) if len(above) > 1 else None:
            first, *again = [key for key, _ in node.value if key.value == node.value[0][0].value]
            message, where = f"the key {first.value!r} occurs twice", f"first on line {first.start_mark.line + 1}"
            self.report("E103", message, again[0], what=where, hint=hint)
            return
        for key, value in node.value:
            if not isinstance(key, ScalarNode) or key.tag != STRING:
                if key.tag != PROBLEM:
                    self.report("E108", "a key must be text", key, what=describe(key))
                continue
            if self.hidden and within(self.hidden, key):
                key.tag = PROBLEM
                continue
            odd = re.match(r"[^\S\n]+", key.value) if source and not key.start_mark.column and not key.style else None
            if odd and source:
                row = source.text.splitlines()[key.start_mark.line]
                found_here = ", ".join(map(code_point, odd[0]))
                hint = f'write line {key.start_mark.line + 1} as "{" " * len(odd[0])}{row[len(odd[0]) :]}"'
                self.report(
                    "E117",
                    "this white space is not allowed in indentation: YAML accepts only spaces",
                    key,
                    "spaces",
                    found_here,
                    hint,
                    keys=[key.value.strip()],
                )
                continue
            if source and not (key.value.isascii() and key.value.isidentifier()) and self.look(key, is_key=True):
                continue
            if first := seen.get(key.value):
                where = f"first on line {first.start_mark.line + 1}"
                self.report(
                    "E103",
                    f"the key {key.value!r} occurs twice",
                    key,
                    what=where,
                    hint=f"remove this one, or that of line {first.start_mark.line + 1}",
                )
                continue
            seen[key.value] = key
            if source and isinstance(value, ScalarNode) and value.start_mark.line > key.end_mark.line:
                self.problems += lost_before(source, key, value, self.file, self.thing)
            self.walk(value, above)


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
    if node.flow_style or len(node.value) < 3 or all(key.value != node.value[0][0].value for key, _ in node.value[1:]):
        return None
    keys = [key for key, _ in node.value if isinstance(key, ScalarNode)]
    if len(keys) != len(node.value):
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
