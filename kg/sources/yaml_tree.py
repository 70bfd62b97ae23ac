"""Trees: parses YAML text to nodes with positions, by the YAML 1.2 Core schema (yaml.org/spec/1.2.2, 10.3).

If a text cannot be parsed as a whole, each document, and each key at the left edge of a document, is parsed separately.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from html import unescape
from itertools import pairwise, takewhile

import yaml
from yaml.cyaml import CParser  # type: ignore[attr-defined]  # the C parser has no types
from yaml.error import Mark
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from yaml.resolver import BaseResolver

from kg.sources.repair import bare_pairs, in_flow, is_bare, quoted, repair, without_tabs

MAX_DEPTH = 50
"""Maximum depth of the nested lists and maps of a record."""

MAX_SALVAGED = 1_000
"""Maximum number of keys at the left edge of an invalid document, for parsing them one by one."""

MAX_JOINED = 50
"""Maximum number of keys at the left edge within one bracket, in an invalid text."""

STRING = "tag:yaml.org,2002:str"
NULL = "tag:yaml.org,2002:null"
PROBLEM = "!problem"
"""The tag of a node for which a problem was reported."""

MAP = "tag:yaml.org,2002:map"
SEQUENCE = "tag:yaml.org,2002:seq"


class CoreLoader(CParser, BaseResolver):
    """Composes YAML with the scalars of the 1.2 Core schema instead of those of PyYAML's 1.1."""

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
CORE_TAGS = {STRING, MAP, SEQUENCE, *(f"tag:yaml.org,2002:{name}" for name in ("null", "bool", "int", "float"))}


@dataclass(frozen=True, slots=True)
class Fault:
    """A reason why a text is not valid YAML: the place (from 1), the message, what was found, and a hint.

    `keys` are the keys that were meant there and that YAML does not see.
    """

    line: int
    column: int
    message: str
    found: str | None = None
    hint: str | None = None
    code: str = "E102"
    keys: frozenset[str] = frozenset()


@dataclass(slots=True)
class YamlDocument:
    """One YAML document: its tree, which is None if nothing could be parsed, and its faults."""

    node: Node | None
    faults: list[Fault] = field(default_factory=list)
    hint: str | None = None
    """How to make a map of a text that is not a map."""


class NestingError(yaml.YAMLError):
    """Raised when a YAML text is nested deeper than MAX_DEPTH; `place` is the line and column."""

    def __init__(self, place: tuple[int, int]) -> None:
        super().__init__("nested too deeply")
        self.place = place


def documents(text: str, keys: frozenset[str] = frozenset()) -> list[YamlDocument]:
    """The documents of a YAML text, without empty ones; `keys` are those that a record may have, if they are known."""
    try:
        return [parsed(node, text, keys) for node in compose(text) if node is not None]
    except NestingError as error:
        return [YamlDocument(None, [fault(error, text)])]
    except yaml.YAMLError:
        cut = pieces(text, DOCUMENT_START)
        return [document for start, part in cut for document in parse_document(part, start, keys)]


def parsed(node: Node, text: str, keys: frozenset[str], before: int = 0) -> YamlDocument:
    """A document of a text that is valid YAML, with faults for what was probably not intended."""
    document = YamlDocument(node, list(unmeant(node, text, before)))
    if isinstance(node, ScalarNode) and not node.style and (line := next(starts(text, node), None)) is not None:
        edit = repair(text, line, partial(record_of, keys=keys), keys)
        document.hint = edit.hint(before) if edit else None
    return document


def starts(text: str, node: Node) -> Iterator[int]:
    """The line, from 0, on which a node starts, if the node is on that line only."""
    if node.start_mark.line == node.end_mark.line or not text[node.start_mark.index :].strip().count("\n"):
        yield node.start_mark.line


def map_of(text: str) -> Node:
    """The only map in a text. Raises yaml.YAMLError if the text is anything else."""
    nodes = [node for node in compose(text) if node is not None]
    if len(nodes) != 1 or not isinstance(nodes[0], MappingNode):
        raise yaml.YAMLError("this is not one map")
    return nodes[0]


def record_of(text: str, keys: frozenset[str]) -> Node:
    """The same, if each key has a value and, if the keys of records are known, is one of them."""
    node = map_of(text)
    if any(value.tag == NULL or (keys and key.value not in keys) for key, value in node.value):
        raise yaml.YAMLError("this is not a record")
    return node


def unmeant(root: Node, text: str, before: int) -> Iterator[Fault]:
    """Valid YAML that was probably not intended: a comma in a text in braces, or an & before a text."""
    bare = list(bare_pairs(root))
    lines = text.split("\n") if bare else []
    for map_, place in bare:
        run = [key for key, _ in takewhile(lambda pair: is_bare(*pair), map_.value[place:])]
        last = run[-1]
        first, value = map_.value[place - 1] if place else (run[0], run[0])
        for key, nothing in map_.value[place : place + len(run)]:
            key.tag = nothing.tag = PROBLEM
        start = value.start_mark
        number, line = start.line, lines[start.line]
        start_of_text = lines[run[0].start_mark.line][run[0].start_mark.column :][: len(run[0].value)]
        at = run[0].start_mark.line + before + 1, run[0].start_mark.column + 1
        message, hint, keys = "a comma ends a text in braces, so a value is missing here", None, frozenset[str]()
        if not place:
            message = "a pair in braces must have a key and a value"
        elif first.start_mark.line == last.end_mark.line and isinstance(value, ScalarNode):
            whole = line[start.column : last.end_mark.column]
            whole = whole if value.style is None else value.value + whole[value.end_mark.column - start.column :]
            mended = f"{line[: start.column]}{quoted(whole)}{line[last.end_mark.column :]}"
            hint = f'write line {number + before + 1} as "{mended}"'
        if match := re.fullmatch(r"([\w-]+)(?::|\s*=\s*)(\S.*)", run[0].value):
            message, keys = "a colon and a space are missing between key and value", frozenset({match[1]})
            row, column = run[0].start_mark.line, run[0].start_mark.column
            mended = f"{lines[row][:column]}{match[1]}: {in_flow(match[2])}{lines[row][run[0].end_mark.column :]}"
            hint = f'write line {row + before + 1} as "{mended}"'
        yield Fault(*at, message, start_of_text, hint, "E104", keys)


DOCUMENT_START = re.compile(r"^---(?=[ \t\r\n]|\Z)", re.MULTILINE)
KEY_START = re.compile(r"^(?:[\w@$][^\s:#]*|\"[^\"\n]*\"|'[^'\n]*')[ \t]*:(?=[ \t\r\n]|\Z)", re.MULTILINE)
"""A key of a block map at the left edge."""


def pieces(text: str, start: re.Pattern[str]) -> Iterator[tuple[int, str]]:
    """The pieces of a text, split before each match of `start`, with the number of lines before each piece."""
    lines = 0
    for begin, end in pairwise(sorted({0, *(match.start() for match in start.finditer(text)), len(text)})):
        yield lines, text[begin:end]
        lines += text.count("\n", begin, end)


def parse_document(text: str, before: int, keys: frozenset[str]) -> Iterator[YamlDocument]:
    """The documents of one piece of a text with `before` lines above it, as far as they can be parsed."""
    try:
        for node in [node for node in compose(text) if node is not None]:
            document = parsed(node, text, keys, before)
            shifted(node, before)
            yield document
    except yaml.YAMLError as error:
        yield salvage(text, before, fault(error, text, before, keys), keys)


def shifted(root: Node, lines: int) -> Node:
    """A tree with its lines moved down by a number of lines."""
    waiting, seen = [root], set()
    while waiting:
        node = waiting.pop()
        if id(node) in seen or not lines:
            continue
        seen.add(id(node))
        for end in ("start_mark", "end_mark"):
            mark = getattr(node, end)
            setattr(node, end, Mark(mark.name, mark.index, mark.line + lines, mark.column, None, 0))
        if isinstance(node, MappingNode):
            waiting += [child for pair in node.value for child in pair]
        elif isinstance(node, SequenceNode):
            waiting += node.value
    return root


def salvage(text: str, before: int, first: Fault, keys: frozenset[str]) -> YamlDocument:
    """The part of an invalid document that can be parsed: the keys at its left edge that are valid by themselves."""
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith(("#", "---", "%"))]
    if first.code == TOO_DEEP or not lines or not KEY_START.match(lines[0]):
        return YamlDocument(None, [first])
    pairs: list[tuple[Node, Node]] = []
    faults: list[Fault] = []
    waiting = list(pieces(text, KEY_START))
    if len(waiting) > MAX_SALVAGED:
        return YamlDocument(None, [first])
    while waiting:
        nodes, taken, problems_of_key = salvage_key(waiting[:MAX_JOINED], before, keys)
        anchor = problems_of_key and re.match(r"\*([\w-]+)", str(problems_of_key.found))
        if problems_of_key and not (anchor and f"&{anchor[1]}" in text):
            faults.append(problems_of_key)
        pairs += [pair for node in nodes if isinstance(node, MappingNode) for pair in node.value]
        waiting = waiting[taken:]
    if not pairs:
        return YamlDocument(None, faults or [first])
    node = MappingNode(MAP, pairs, pairs[0][0].start_mark, pairs[-1][1].end_mark)
    return YamlDocument(node, faults or [first])


def salvage_key(
    waiting: list[tuple[int, str]], before: int, keys: frozenset[str]
) -> tuple[list[Node], int, Fault | None]:
    """The trees of the first piece, the number of pieces in them, and the fault, if any.

    Lines at the left edge inside brackets look like keys, so pieces are joined until the bracket is closed.
    """
    above, text = before + waiting[0][0], ""
    fault_of_first: Fault | None = None
    for taken, (_, piece) in enumerate(waiting, 1):
        text += piece
        try:
            return [shifted(node, above) for node in compose(text) if node is not None], taken, None
        except yaml.YAMLError as error:
            fault_of_first = fault_of_first or fault(error, text, above, keys)
            if not str(getattr(error, "context", None)).startswith("while parsing a flow"):
                break
    return [], 1, fault_of_first


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
    """Raises NestingError if a text is nested too deeply, because the parser is recursive and its stack is limited."""
    brackets = max(part.count("[") + part.count("{") for _, part in pieces(text, DOCUMENT_START)) if text else 0
    if brackets + max(map(len, re.findall(r"^[ \t?:-]*", text, re.MULTILINE)), default=0) <= MAX_DEPTH:
        return
    depth = 0
    for event in yaml.parse(text, yaml.CLoader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH and (mark := event.start_mark):
                raise NestingError((mark.line + 1, mark.column + 1))
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


TOO_DEEP = "E111"


def fault(error: yaml.YAMLError, text: str, before: int = 0, keys: frozenset[str] = frozenset()) -> Fault:
    """The YAML parser's error about a text with `before` lines above it, in plain words and at a helpful place."""
    if isinstance(error, NestingError):
        line, column = error.place
        return Fault(line + before, column, "this is nested too deeply", code=TOO_DEEP)
    if not isinstance(error, yaml.MarkedYAMLError):
        return Fault(1 + before, 1, f"invalid YAML: {str(error).splitlines()[0]}")
    mark, began = error.problem_mark or error.context_mark, error.context_mark
    at_end = mark is None or mark.line >= text.rstrip().count("\n") + 1
    if began and (at_end or error.context in ("while scanning a simple key", "while scanning a quoted scalar")):
        mark = began  # the beginning says more than the place where the parser gave up
    line, column = (mark.line, mark.column) if mark else (0, 0)
    lines = [line.rstrip("\r") for line in text.split("\n")]
    if line >= len(lines) or not any(map(str.strip, lines[line:])):  # after the end: use the last letter
        line = max((n for n, written in enumerate(lines) if written.strip()), default=0)
        column = max(len(lines[line].rstrip()) - 1, 0)
    here = lines[line]
    column = min(column, len(here))
    yaml_message, context = str(error.problem or ""), str(error.context or "")
    for number in (line, line - 1):
        if number >= 0 and "cannot start" not in yaml_message and (lost := text_with_hash(lines[number])):
            begin, whole = lost
            message = "the text is cut at the hash: in YAML, a space and # begin a comment"
            hint = f"put it in quotes: {quoted(whole)}"
            if number < line:
                top = next(
                    (n for n in range(number, -1, -1) if re.match(r" *(?:- +)*[\w-]+: +\S| *- ", lines[n])), number
                )
                text_above = re.sub(r"^ *(?:- +)*(?:[\w-]+: +)?", "", lines[top]).rstrip()
                first = quoted(whole if top == number else text_above)[:-1]
                hint = f"put the text of line {top + before + 1} in quotes, from {first} to its end"
            return Fault(number + 1 + before, begin + 1, message, whole, hint)
    explained = explain(yaml_message, context, here, line + before + 1, column + 1)
    if explained.message == TAB:
        return replace(explained, hint=without_tabs(text, before, map_of))
    if explained.hint is not None or (edit := repair(text, line, map_of, keys)) is None:
        return explained
    if edit.line != line:
        above = lines[edit.line]
        place = edit.line + before + 1, len(above) - len(above.lstrip()) + 1
        explained = Fault(*place, edit.message or explained.message, above.strip())
    return replace(explained, message=edit.message or explained.message, hint=edit.hint(before))


TAB = "tabs are not allowed in indentation"


HASH = r"#(?![\s#=*~_-])"
"""A hash that probably does not begin a comment, because no blank follows it."""


def text_with_hash(line: str) -> tuple[int, str] | None:
    """A text without quotes that YAML cuts off at a hash: its start in a line, and the whole text."""
    lost = re.search(rf"[ \t]{HASH}", line)
    if lost is None or "'" in line[: lost.start()] or '"' in line[: lost.start()]:
        return None
    opened = max(line.rfind(sign, 0, lost.start()) for sign in ",[{")
    in_brackets = re.search(r"[\[{]", line[: lost.start()]) is not None
    key = re.compile(r"\s*(?:-\s+)*(?:[\w-]+:\s+)?").match(line, opened + 1 if in_brackets else 0)
    start = key.end() if key else 0
    end = re.search(r"[,\]}]|$" if in_brackets else r"$", line[lost.end() :])
    text = line[start : lost.end() + (end.start() if end else 0)].rstrip()
    if not in_brackets and not line[:start].strip(" -") and (key := re.match(r"[^:]*(?=:(?:\s|$))", text)):
        text = key[0]
    return (start, text) if start < lost.end() - 1 else None


def explain(yaml_message: str, context: str, here: str, line: int, column: int) -> Fault:
    """The explanation of a message of the parser, for the line `here`."""
    at = here[column - 1 : column]
    rest = here[column - 1 :].strip()
    if "\t" in here[: column + 1] and not here[:column].strip():
        return Fault(line, column, TAB, "a tab")
    if here.startswith(("<<<<<<<", "=======", ">>>>>>>")):
        return Fault(line, 1, "this is an unresolved merge conflict", here, "remove this line")
    if yaml_message == "did not find expected alphabetic or numeric character" and here.rfind("&", 0, column) >= 0:
        column = here.rfind("&", 0, column) + 1
        rest = here[column - 1 :].strip()
        hint = f"put it in quotes: {quoted(unescape(rest).strip())}"
        return Fault(line, column, "a text without quotes must not begin with &", rest, hint)
    unlike = "the indentation of this line does not match the lines above it"
    match yaml_message:
        case "found character that cannot start any token":
            return Fault(line, column, f"a text without quotes must not begin with {at}", rest)
        case "mapping values are not allowed in this context":
            return Fault(line, column, "a text without quotes must not contain a colon followed by a space", rest)
        case "could not find expected ':'" if re.fullmatch(r"[\w-]+:\S.*", rest):
            return Fault(line, column, "a space is missing after the colon", rest)
        case "could not find expected ':'":
            return Fault(line, column, "a colon is missing after the key", rest)
        case "found unexpected end of stream" | "found unexpected document indicator" if "quoted" in context:
            return Fault(line, column, "this quote is not closed", rest)
        case "did not find expected key" if at in "]}" and at:
            return Fault(line, column, f"this {at} has no opening bracket", rest)
        case "found undefined tag handle":
            return Fault(line, column, "YAML tags are not allowed here", rest)
        case "block sequence entries are not allowed in this context":
            return Fault(line, column, "a list must begin on a new line", rest)
        case "did not find expected '-' indicator" if KEY_START.match(rest):
            return Fault(line, column, unlike, rest)
        case "did not find expected '-' indicator":
            return Fault(line, column, "an item of the list is expected here", rest)
        case "found unknown escape character":
            return Fault(line, column, "this is not a valid escape sequence in double quotes", rest)
        case "did not find expected key" if here[: column - 1].rstrip().endswith(("'", '"')):
            return Fault(line, column, "the text continues after its closing quote", rest)
        case "did not find expected key" if KEY_START.match(rest) or rest.startswith("- "):
            return Fault(line, column, unlike, rest)
        case "did not find expected key":
            return Fault(line, column, "a key is expected here", rest)
        case "did not find expected comment or line break" | "mapping keys are not allowed in this context":
            return Fault(line, column, "a text that begins with a YAML indicator must be in quotes", rest)
    if yaml_message == "did not find expected node content":
        return Fault(line, column, "a value is expected here", rest or None)
    if yaml_message.startswith("did not find expected ',' or"):
        opening = "{" if yaml_message[-2] == "}" else "["
        return Fault(line, column, f"this {opening} is not closed, or a comma or quotes are missing", rest)
    if yaml_message.startswith("found undefined alias"):
        name = (re.match(r"\*[\w-]*", rest) or [rest])[0]
        return Fault(line, column, f"there is no anchor &{name[1:]} above", name)
    if context.startswith("found duplicate anchor"):
        return Fault(line, column, "this anchor is defined twice in the document", rest)
    return Fault(line, column, f"invalid YAML: {yaml_message or context}", rest or None)


def scalars(node: Node, language: str | None = None) -> Iterator[ScalarNode]:
    """The scalars of a value, in any maps and lists; of text by language, those of one language if it is given."""
    match node:
        case ScalarNode():
            yield node
        case SequenceNode():
            for item in node.value:
                yield from scalars(item, language)
        case MappingNode():
            for key, item in node.value:
                if language is None or key.value.lower() == language:
                    yield from scalars(item, language)


class Source:
    """The text of a source, with the correspondence between places in its tree and offsets."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.starts = [0, *(match.end() for match in re.finditer(r"\r\n?|\n", text))]

    def offset(self, mark: Mark) -> int:
        """The offset of a mark."""
        return min(self.starts[min(mark.line, len(self.starts) - 1)] + mark.column, len(self.text))

    def place(self, offset: int) -> tuple[int, int]:
        """The line and column, from 1, of an offset."""
        line = bisect_right(self.starts, offset)
        return line, offset - self.starts[line - 1] + 1

    def slice(self, node: Node) -> str:
        """A node as it is written in the source."""
        return self.text[self.offset(node.start_mark) : self.offset(node.end_mark)]

    def around(self, node: Node) -> str:
        """A node as it is written, with the characters before and after it."""
        return self.text[max(0, self.offset(node.start_mark) - 1) : self.offset(node.end_mark) + 1]


LOST = re.compile(rf"[ \t]+{HASH}(?:(?![ \t]#(?:[ \t]|$))[^\r\n])*")


def cut_off(source: Source, offset: int) -> str | None:
    """Text that YAML takes for a comment although it probably is not one, because no blank follows the hash."""
    match = LOST.match(source.text, offset)
    return match[0].rstrip() if match else None


ESCAPE = re.compile(r"\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|\r?\n|.)")


def written(raw: str, value: str, style: str) -> list[int]:
    """The offset in `raw`, the scalar as written, of each character of its value, and of the end.

    `style` is the quote or block indicator, or empty. Blanks that result from folding have the offset of the line end.
    """
    properties = re.match(r"(?:[&!]\S*\s+)*", raw)
    at, last = properties.end() if properties else 0, len(raw.rstrip())
    if style in ("|", ">"):
        at = raw.find("\n", at) + 1
    elif style:
        at += 1
    places = []
    for character in value:
        while at < len(raw) and raw[at] != character and not (style == '"' and raw[at] == "\\"):
            if not raw[at].isspace() or (character in " \n" and at >= last):
                break
            at += 1
        if style == '"' and (escape := ESCAPE.match(raw, at)):
            while escape and escape[0].endswith("\n"):
                at = escape.end() + len(raw[escape.end() :]) - len(raw[escape.end() :].lstrip(" \t"))
                escape = ESCAPE.match(raw, at)
        else:
            escape = None
        places.append(at)
        if escape:
            at = escape.end()
        elif at < len(raw) and (raw[at] == character or raw[at].isspace()):
            at += 2 if style == "'" and character == "'" else 1
    return [*places, at]
