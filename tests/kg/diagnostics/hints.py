"""An interpreter of hints: it does to a source, literally, what a hint says, as kg/README.md documents the forms."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from kg.diagnostics.problems import Problem
from kg.sources.yaml_tree import MAP, NULL, SEQUENCE, STRING, compose

FILL = {
    "en": "X",
    "reference": "reference/almanac",
    "status": "participating",
    "since": "1973",
    "notation": "'09'",
    "dimension": "human",
    "date": "2000",
    "reason": "Entered twice",
    "placeAsWritten": "CAMELOT",
    "property": "label",
    "nameAsWritten": "Seneschal",
    "key": "feast",
    "text": "{en: Orcades}",
    "note": "{en: It began}",
    "participation": "{status: participating, since: 1973}",
}
"""What an editor knows and a hint leaves open with …, by key."""


OF_TEXTS = {"E110", "E112", "E114", "E115", "E116", "E117", "E118", "E119", "E217"}
"""The codes of problems about a part of a text, which the caret underlines."""


@dataclass(frozen=True, slots=True)
class Form:
    """One form of a hint: its pattern, and what it does to a source."""

    pattern: re.Pattern[str]
    follow: "Callable[[Source, re.Match[str]], None]"


class Source:
    """A source with a problem: its text, its trees, and the place of the problem in them."""

    def __init__(self, file: Path, problem: Problem) -> None:
        self.file = file
        self.text = file.read_bytes().decode("utf-8-sig", "replace")
        self.lines = self.text.split("\n")
        self.problem = problem
        self._trees: list[Node] | None = None

    @property
    def trees(self) -> list[Node]:
        if self._trees is None:
            self._trees = [node for node in compose(self.text) if node is not None]
        return self._trees

    # ── Places ───────────────────────────────────────────────────────────────────────────────────────────────────

    def is_here(self, node: Node) -> bool:
        mark = node.start_mark
        return (mark.line + 1, mark.column + 1) == (self.problem.line, self.problem.column)

    def entries(self) -> Iterator[tuple[Node | None, MappingNode | SequenceNode, int]]:
        """Every entry of a map and item of a list, innermost first: what holds the collection, it, and the place."""

        def walk(node: Node, above: Node | None) -> Iterator[tuple[Node | None, MappingNode | SequenceNode, int]]:
            if isinstance(node, MappingNode):
                for place, (_, value) in enumerate(node.value):
                    yield from walk(value, node)
                    yield above, node, place
            elif isinstance(node, SequenceNode):
                for place, item in enumerate(node.value):
                    yield from walk(item, node)
                    yield above, node, place

        for tree in self.trees:
            yield from walk(tree, None)

    def here(self) -> tuple[Node | None, MappingNode | SequenceNode, int, bool]:
        """The innermost entry or item at the place of the problem, and whether its key is meant."""
        for above, holder, place in self.entries():
            if isinstance(holder, SequenceNode):
                if self.is_here(holder.value[place]):
                    return above, holder, place, False
            elif self.is_here(holder.value[place][0]) or self.is_here(holder.value[place][1]):
                return above, holder, place, self.is_here(holder.value[place][0])
        raise AssertionError(f"nothing stands at {self.problem}")

    def map_here(self) -> MappingNode:
        """The map that begins at the place of the problem, or whose key or value stands there."""
        _, holder, place, _ = self.here()
        if isinstance(holder, SequenceNode):
            item = holder.value[place]
            assert isinstance(item, MappingNode)
            return item
        if isinstance(holder.value[place][1], MappingNode) and self.is_here(holder.value[place][1]):
            return holder.value[place][1]  # type: ignore[no-any-return]
        return holder

    # ── Edits ────────────────────────────────────────────────────────────────────────────────────────────────────

    def write_lines(self) -> None:
        self.file.write_text("\n".join(self.lines), encoding="utf-8", newline="")

    def write_trees(self) -> None:
        """Writes the trees as YAML in which every scalar is text."""
        waiting, seen = list(self.trees), set()
        while waiting:
            node = waiting.pop()
            if id(node) in seen:
                continue
            seen.add(id(node))
            if isinstance(node, ScalarNode):
                node.tag = NULL if node.tag == NULL else STRING
            else:
                waiting += [n for each in node.value for n in (each if isinstance(each, tuple) else (each,))]
        self.file.write_text(yaml.serialize_all(self.trees, allow_unicode=True), encoding="utf-8")

    def replace(self, written: str) -> None:
        """Puts something in place of the key or the value at the place of the problem."""
        new = node_of(written)
        for number, tree in enumerate(self.trees):
            if self.is_here(tree) and not isinstance(tree, MappingNode):
                self.trees[number] = new
                self.write_trees()
                return
        _, holder, place, is_key = self.here()
        if isinstance(holder, SequenceNode):
            holder.value[place] = new
        elif is_key:
            holder.value[place] = (new, holder.value[place][1])
        else:
            holder.value[place] = (holder.value[place][0], new)
        self.write_trees()

    def replace_text(self, written: str) -> None:
        """Puts something in place of what the caret of the problem underlines."""
        line, column = self.problem.line - 1, self.problem.column - 1
        there = self.lines[line]
        self.lines[line] = there[:column] + written + there[column + self.problem.length :]
        self.write_lines()

    def add(self, key: str, value: str, map_: MappingNode, first: bool = False) -> None:
        pair = (node_of(key), node_of(self.filled(key, value)))
        map_.value.insert(0 if first else len(map_.value), pair)
        self.write_trees()

    def filled(self, key: str, value: str) -> str:
        """A value with what an editor knows in place of each …"""
        if value == "…":
            return FILL[key]
        value = re.sub(r"(\w+): …", lambda m: f"{m[1]}: {FILL.get(m[1], 'X')}", value)
        for kind in re.findall(r"([a-z-]+)/…", value):
            name = sorted((self.file.parent.parent / kind).glob("*.yaml"))[0].stem
            value = value.replace(f"{kind}/…", f"{kind}/{name}")
        return value.replace("https://…", "https://a.example/")

    def remove(self) -> None:
        """Removes the entry or item at the place of the problem."""
        _, holder, place, _ = self.here()
        holder.value.pop(place)
        self.write_trees()

    def move_into(self, key: str) -> None:
        _, holder, place, _ = self.here()
        assert isinstance(holder, MappingNode)
        pair = holder.value.pop(place)
        for number, (name, value) in enumerate(holder.value):
            if name.value == key:
                inner = value.value[0] if isinstance(value, SequenceNode) and len(value.value) == 1 else value
                if not isinstance(inner, MappingNode):
                    assert not inner.value
                    inner = node_of("{}")
                    holder.value[number] = (name, inner)
                inner.value.append(pair)
                self.write_trees()
                return
        new = node_of("{}")
        new.value.append(pair)
        holder.value.append((node_of(key), new))
        self.write_trees()

    def move_out(self) -> None:
        above, holder, place, _ = self.here()
        if isinstance(above, SequenceNode):
            above = next(outer for outer, node, _ in self.entries() if node is above)
        assert isinstance(above, MappingNode)
        above.value.append(holder.value.pop(place))
        self.write_trees()

    def keep(self, number: int) -> None:
        """Keeps the first values of the property at the place of the problem."""
        above, holder, place, _ = self.here()
        node = holder if isinstance(holder, SequenceNode) else holder.value[place][1]
        assert isinstance(node, SequenceNode), above
        del node.value[number:]
        self.write_trees()

    def rename(self, to: str) -> None:
        target = self.file.parent / to
        target.parent.mkdir(parents=True, exist_ok=True)
        self.file.rename(target)


def node_of(text: str) -> Node:
    """The YAML node that a text is written for; of plain text that is none, the text."""
    try:
        (node,) = compose(text)
    except (yaml.YAMLError, ValueError):
        node = None
    return node if node is not None else ScalarNode(STRING, text)


def numbers(text: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", text)]


def write_line(source: Source, match: re.Match[str]) -> None:
    written = match[3].split('" and "') if match[2] else [match[3]]
    source.lines[int(match[1]) - 1 : int(match[1])] = written
    source.write_lines()


def begin_items(source: Source, match: re.Match[str]) -> None:
    for number in numbers(match[1]):
        source.lines[number - 1] = re.sub(r"^( *)  (?=\S)", r"\1- ", source.lines[number - 1])
    source.write_lines()


def untab(source: Source, match: re.Match[str]) -> None:
    for number in numbers(match[2]):
        line = source.lines[number - 1]
        bare = line.lstrip(" \t")
        source.lines[number - 1] = line[: len(line) - len(bare)].replace("\t", " " * int(match[1])) + bare
    source.write_lines()


def unhyphen(source: Source, match: re.Match[str]) -> None:
    number = int(match[1]) - 1
    source.lines[number] = re.sub(r"^( *)-", r"\1 ", source.lines[number])
    source.write_lines()


def remove_line(source: Source, match: re.Match[str]) -> None:
    del source.lines[source.problem.line - 1]
    source.write_lines()


def untag(source: Source, match: re.Match[str]) -> None:
    _, holder, place, _ = source.here()
    node = holder.value[place] if isinstance(holder, SequenceNode) else holder.value[place][1]
    node.tag = MAP if isinstance(node, MappingNode) else SEQUENCE
    source.write_trees()


def write_and_add(source: Source, match: re.Match[str]) -> None:
    _, holder, _, _ = source.here()
    assert isinstance(holder, MappingNode)
    source.replace(match[1])
    source.add(match[2], match[3], holder)


def add(source: Source, match: re.Match[str]) -> None:
    source.add(match[1], match[2], source.map_here())


def write_entry(source: Source, match: re.Match[str]) -> None:
    """Writes the value of a key that has another at the place of the problem."""
    for _, holder, place in source.entries():
        if isinstance(holder, MappingNode) and holder.value[place][0].value == match[1]:
            key, value = holder.value[place]
            items = value.value if isinstance(value, SequenceNode) else []
            if source.is_here(value) or any(source.is_here(item) for item in items):
                holder.value[place] = (key, node_of(match[2]))
                return source.write_trees()
    raise AssertionError(f"no {match[1]} has a value at {source.problem}")


def give(source: Source, match: re.Match[str]) -> None:
    """Gives a value that an editor knows."""
    _, holder, place, _ = source.here()
    key = holder.value[place][0].value if isinstance(holder, MappingNode) else ""
    source.replace(FILL.get(key, "X" if len(key) == 2 else "{en: X}"))


def give_or_remove(source: Source, match: re.Match[str]) -> None:
    _, holder, place, _ = source.here()
    is_known = isinstance(holder, MappingNode) and holder.value[place][0].value in FILL
    return give(source, match) if is_known else source.remove()


def save_as_utf_8(source: Source, match: re.Match[str]) -> None:
    content = source.file.read_bytes()
    utf_16 = content.startswith((b"\xff\xfe", b"\xfe\xff")) or content.count(0) > len(content) // 4
    encoding = ("utf-16" if content[:1] in b"\xff\xfe" else "utf-16-be") if utf_16 else "latin-1"
    source.file.write_text(content.decode(encoding), encoding="utf-8")


def take_out(source: Source, match: re.Match[str]) -> None:
    """Removes what is at the place: what is underlined in a text, or else the entry or item."""
    if source.problem.code in OF_TEXTS:
        source.replace_text("")
    else:
        source.remove()


def quote_lines(source: Source, match: re.Match[str]) -> None:
    """Puts a text of several lines in quotes: to the last line that is indented further than its key."""
    first = last = int(match[1]) - 1
    indent = re.match(" *", source.lines[first])
    assert indent is not None
    while re.match(rf"{indent[0]} +\S", source.lines[last + 1]):
        last += 1
    begin = source.lines[first].index(match[2].replace("''", "'"))
    lines = source.lines[first : last + 1]
    head, text = lines[0][:begin], "\n".join([lines[0][begin:], *lines[1:]])
    source.lines[first : last + 1] = (f"{head}'" + text.rstrip().replace("'", "''") + "'").split("\n")
    source.write_lines()


FORMS = [
    Form(re.compile(pattern), follow)
    for pattern, follow in (
        (r'write line (\d+) as (two lines: )?"(.*)"', write_line),
        (r'put "- " in place of the two spaces before the key in (lines? .*)', begin_items),
        (r"put (\d) spaces in place of each tab at the start of (lines? .*)", untab),
        (r"put a space in place of the hyphen in line (\d+)", unhyphen),
        (r"put it in quotes: ('.*')", lambda source, match: source.replace_text(match[1])),
        (r"put the text of line (\d+) in quotes, from '(.*) to its end", quote_lines),
        (r"put (?:a|one) space in its place", lambda source, match: source.replace_text(" ")),
        (r"write (\S+), and add (\w+): (\S+)", write_and_add),
        (r"write (\w+): (.*)", write_entry),
        (r"write (.*[^…])", lambda source, match: source.replace(match[1])),
        (r"did you mean '([^']*)'\?", lambda source, match: source.replace(match[1])),
        (r"add (id): (\S+) as the first key", lambda s, m: s.add(m[1], m[2], s.map_here(), first=True)),
        (r"add (\w+): (.*?)", add),
        (r"move it into (\w+)", lambda source, match: source.move_into(match[1])),
        (r"move it out of here", lambda source, match: source.move_out()),
        (r"remove this line", remove_line),
        (r"remove the tag", untag),
        (r"remove (?:it|the key|the entry|this one, or (?:that of line \d+|the one above))", take_out),
        (r"(give) a (value|text)", give),
        (r"give a (?:value|text), or remove the (?:key|language)", give_or_remove),
        (r"remove the (?:key|language), or give a text", take_out),
        (r"(?:remove the file|merge it into (?:\S+), and remove it)", lambda source, match: source.file.unlink()),
        (r"keep (\d+) of the values", lambda source, match: source.keep(int(match[1]))),
        (r"name (?:it|the file) (\S+)", lambda source, match: source.rename(match[1])),
        (r"move it to the folder of its kind, as <kind>/(\S+)", lambda s, m: s.rename(f"../../state/{m[1]}")),
        (r"save (?:it|the file) as UTF-8", save_as_utf_8),
    )
]
"""The forms that hints about sources have."""


def alternatives(hint: str) -> list[str]:
    """A hint as hints that each name one thing, where it names several."""
    if hint.startswith("remove the file, or "):
        return hint.split(", or ")
    if not hint.startswith("did you mean "):
        return [hint]
    return [f"did you mean '{name}'?" for name in re.findall(r"'([^']*)'", hint)]


def form_of(hint: str) -> tuple[Form, re.Match[str]] | None:
    """The form that a hint has, and how it matches."""
    return next(((form, match) for form in FORMS if (match := form.pattern.fullmatch(hint))), None)


def follow(hint: str, file: Path, problem: Problem) -> None:
    """Does to a file what a hint about a problem in it says."""
    found = form_of(hint)
    assert found is not None, f"a hint of no form: {hint}"
    form, match = found
    source = Source(file, problem)
    if problem.code in OF_TEXTS and hint.startswith("write "):
        return source.replace_text(hint.removeprefix("write "))
    return form.follow(source, match)
