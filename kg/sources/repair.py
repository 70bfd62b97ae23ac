"""Repairs: the edit of one line that makes a text valid YAML, found by trying the edits for common mistakes.

An edit becomes a hint only if the text with the edit can be parsed, so that a hint can be followed literally.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

MAX_LENGTH = 20_000
"""Maximum length of a text for which repairs are tried, in characters."""

KEY = r"[^\W\d][\w-]*"
START = r" *(?:- +)?"
"""What may precede a key: spaces, and the hyphen of an item."""

SPACES = "\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000"
"""White space that is not a space in YAML, for a character class."""

COLONS = "\uff1a\ufe55\u2236\ufe13\ua789"
"""Characters that look like a colon, for a character class."""

OPENING, CLOSING = "\u201c\u201d\u201e\u00ab\u2018\u2019\u201a", "\u201c\u201d\u00bb\u2018\u2019"
"""Typographic quotation marks, for a character class."""

TAG = r"[a-z]{2,3}(?:-\w+)?"
"""A text that looks like a language tag."""


@dataclass(frozen=True, slots=True)
class Edit:
    """The replacement of one line (from 0), and a description of the error if it is more precise than the parser's."""

    line: int
    instead: tuple[str, ...]
    message: str | None = None

    def hint(self, before: int) -> str:
        """The edit in words, for a text that has `before` lines above it."""
        written = " and ".join(f'"{line}"' for line in self.instead)
        return f"write line {self.line + before + 1} as {'two lines: ' if len(self.instead) > 1 else ''}{written}"


Parse = Callable[[str], object]
"""Parses a text. Raises yaml.YAMLError if it is not valid YAML."""


def repair(text: str, at: int, parse: Parse, keys: frozenset[str] = frozenset()) -> Edit | None:
    """The first edit of a line (from 0), of the line above it or of the first line that makes a text valid YAML.

    `keys` are the keys that a record may have; if they are known, no other key is moved to the left edge.
    """
    if len(text) > MAX_LENGTH:
        return None
    lines = [line.rstrip("\r") for line in text.split("\n")]
    above = [number for number in reversed(range(at)) if lines[number].strip()]
    near = list(dict.fromkeys([at, *above[:1], *above[-1:]]))
    for edits in (written_otherwise, bracketed, quoted_values, hyphened, indented, unhyphened, with_colon):
        for number in near:
            for edit in edits(lines, number, keys):
                if edit.instead != (lines[number],) and mends(lines, edit, parse):
                    return edit
    return None


def mends(lines: list[str], edit: Edit, parse: Parse) -> bool:
    """True if a text can be parsed with an edit."""
    try:
        parse("\n".join([*lines[: edit.line], *edit.instead, *lines[edit.line + 1 :]]))
    except yaml.YAMLError:
        return False
    return True


def written_otherwise(lines: list[str], number: int, keys: frozenset[str]) -> Iterator[Edit]:
    """A key and its value with the missing or misspelled colon and space between them."""
    for pattern, message in (
        (f"[ {SPACES}]*([{COLONS}])\\s*", "this is {} instead of a colon"),
        (f":([{SPACES}]+) *", "{} follows the colon instead of a space"),
        (r" *(=>|:=|=) *", "a colon is missing between key and value"),
        (r":(?=[^\s/:])()", "a space is missing after the colon"),
    ):
        if match := re.match(rf"({START}{KEY}){pattern}(.*)$", lines[number]):
            odd = f"U+{ord(match[2][0]):04X}" if match[2] else ""
            yield Edit(number, (f"{match[1]}: {match[3]}".rstrip(),), message.format(odd))


def bracketed(lines: list[str], number: int, keys: frozenset[str]) -> Iterator[Edit]:
    """A value in brackets, with matching brackets and quotes around its texts."""
    match = re.match(rf"({START}{KEY}: +)([\[{{].*?)\s*$", lines[number])
    if match is None:
        return
    before, value = match.groups()
    closing = "}" if value[0] == "{" else "]"
    if value.count(value[0]) > value.count(closing):
        yield Edit(number, (before + value + closing,))
    if value[-1] in "]}":
        yield Edit(number, (before + value[:-1],))
        yield Edit(number, (before + value[:-1] + closing,))
        yield Edit(number, (before + value[:-1] + ("]" if value[0] == "{" else "}") + value[-1],))
    if value[0] == "{" and (inner := flow_map(value.strip("{} "))):
        yield Edit(number, (before + inner,))


def flow_map(text: str) -> str | None:
    """A map in braces, with quotes around the texts that need them; None if it contains no key."""
    pieces = re.split(rf"(?:^|, *|(?<=\s))({KEY})[:=] *", text)
    if len(pieces) < 3 or pieces[0].strip():
        return None
    if len(pieces) > 3 and not all(re.fullmatch(TAG, key) for key in pieces[1::2]):
        pieces = re.split(rf"(?:^|, *)({KEY}): ", text)
    pairs = [(key, value.strip().rstrip(",;")) for key, value in zip(pieces[1::2], pieces[2::2], strict=True)]
    if any(not value for _, value in pairs):
        return None
    return "{" + ", ".join(f"{key}: {in_flow(unquoted(value))}" for key, value in pairs) + "}"


def unquoted(text: str) -> str:
    """A text without its surrounding quotes, if it has any."""
    if (
        len(text) > 1
        and text[0] == text[-1]
        and text[0] in "'\""
        and not re.match(rf"{text[0]}[^{text[0]}]*\w{text[0]}\W", text[:-1])
    ):
        return text[1:-1].replace("''", "'") if text[0] == "'" else text[1:-1]
    return text


def quoted_values(lines: list[str], number: int, keys: frozenset[str]) -> Iterator[Edit]:
    """The value of a key, or an item, in quotes; text by language in braces; an item on a line of its own."""
    line = lines[number]
    if match := re.match(rf"({START}{KEY}: +)(\S.*?)\s*$", line):
        before, value = match.groups()
        inside = value[1:-1] if value[0] + value[-1] in ("()", "<>") else value.removeprefix("- ")
        if re.match(rf"{TAG}: ", inside) and (inner := flow_map(inside)):
            yield Edit(number, (before + inner,), "text by language must be in braces or on separate lines")
        if value.startswith("- "):
            indent = " " * (len(line) - len(line.lstrip()) + 2)
            yield Edit(number, (f"{before}[{in_flow(value[2:].strip())}]",))
            yield Edit(number, (before.rstrip(), indent + value))
        is_text = re.fullmatch(rf"{TAG}:", before.split("- ")[-1].strip())
        is_map = re.match(rf"[\[{{<(*{OPENING}]", value) and (value[0] == "*" or re.search(r"\w\W?: ", value))
        if is_text or not is_map:
            yield from (Edit(number, (before + quotes,)) for quotes in in_quotes(value))
    elif line.lstrip()[:1] in ("'", '"') and line.count(line.lstrip()[0]) == 1:
        yield Edit(number, (line.replace(line.lstrip()[0], ""),))
    elif match := re.match(r"( *- +)(\S.*?)\s*$", line):
        yield from (Edit(number, (match[1] + quotes,)) for quotes in in_quotes(match[2]))


def in_quotes(value: str) -> Iterator[str]:
    """A value in quotes, without its present quotes, and with a comment after it."""
    if re.fullmatch(r"''[^'].*[^']''", value):
        yield value[2:-2]
    elif value[0] in "'\"":
        if value[-1] != value[0] or len(value) == 1:
            yield value + value[0]
        elif len(value) > 2 and unquoted(value) != value:
            yield quoted(unquoted(value))
    if re.fullmatch(rf"[{OPENING}].*[{CLOSING}]", value):
        yield quoted(value[1:-1])
    if re.fullmatch(r"`[^`]+`", value):
        yield quoted(value[1:-1])
    text, hash_, comment = value.partition(" # ")
    yield quoted(text.rstrip()) + (f" # {comment}" if hash_ else "")


def hyphened(lines: list[str], number: int, keys: frozenset[str]) -> Iterator[Edit]:
    """An item with its missing hyphen and space."""
    line = lines[number]
    bare = line.strip()
    above = next((other for other in reversed(lines[:number]) if re.match(" *- ", other)), None)
    if re.match(r" *-[^\s-]", line):
        space = len(line) - len(line.lstrip())
        yield Edit(number, (f"{line[:space]}- {bare[1:]}",), "a space is missing after the hyphen")
    elif above is not None and bare and not bare.startswith("-"):
        key = re.match(rf"{KEY}:(?=\s|$)", bare)
        item = lines[max(n for n, other in enumerate(lines[:number]) if other == above) : number]
        if key and not any(re.match(rf"{START}{re.escape(key[0])}", other) for other in item):
            return  # another key of the item above
        indent = " " * (len(above) - len(above.lstrip()))
        yield Edit(number, (f"{indent}- {bare}",), "an item of a list must begin with a hyphen")


def unhyphened(lines: list[str], number: int, keys: frozenset[str]) -> Iterator[Edit]:
    """A key without its unnecessary hyphen."""
    if match := re.match(rf"( *)- +({KEY}:(?: .*)?)$", lines[number]):
        yield Edit(number, (match[1] + match[2],), "a hyphen begins an item of a list, but there is no list here")


def indented(lines: list[str], number: int, keys: frozenset[str]) -> Iterator[Edit]:
    """The line with the indentation of a line near it; nothing if two indentations are possible."""
    line = lines[number]
    bare, space = line.strip(), len(line) - len(line.lstrip(" "))
    above = next((other for other in reversed(lines[:number]) if other.strip()), "")
    key = re.match(rf"({KEY}):(?:\s|$)", bare)
    if re.match(r" *-[^\s-]", above):
        return
    if not above:
        yield Edit(number, (bare,))
        return
    value = re.sub(rf"^{START}(?:{KEY}:(?:\s|$))?", "", above).strip()
    is_text = not key and not bare.startswith("-") and bool(value)
    if is_text and " " not in value and value[0] not in "|>":
        return  # a line after a single word is rarely its continuation
    width = len(above) - len(above.lstrip(" "))
    inside = len(above) - len(re.sub(r"^ *(?:- +)?", "", above))
    choices = sorted({0, width, inside, width + 2} - {space}, key=lambda choice: (abs(choice - space), -choice))
    if key and keys:
        siblings = re.match(rf" *(?:- +)?({KEY}):", above)
        with_tags = bool(siblings and re.fullmatch(TAG, siblings[1]))
        is_item = bool(re.match(" *- ", above)) and not siblings
        if key[1] in keys and (is_item or not width) and not above.rstrip().endswith(":"):
            choices = [choice for choice in choices if not choice]
        elif (key[1] in keys) == bool(re.fullmatch(TAG, key[1])):
            choices = [choice for choice in choices if (choice > 0) != (key[1] in keys)]
        elif with_tags != bool(re.fullmatch(TAG, key[1])):
            choices = [choice for choice in choices if choice == 0]
        else:
            choices = [choice for choice in choices if choice > 0]
    yield from (Edit(number, (" " * choice + bare,)) for choice in choices if is_text or abs(choice - space) <= 2)


def with_colon(lines: list[str], number: int, keys: frozenset[str]) -> Iterator[Edit]:
    """A key with its missing colon."""
    if match := re.match(rf"({START}{KEY})(?:[;,.]|\s*$|\s+(?=\S))(.*)$", lines[number]):
        key = match[1].split()[-1]
        below = next((line for line in lines[number + 1 :] if line.strip()), "")
        if not match[2] and not re.match(rf" {{{len(lines[number]) - len(lines[number].lstrip()) + 1},}}|-", below):
            return  # a key without a value would still be wrong
        is_tag = lines[number][0] == " " and re.fullmatch(TAG, key)
        if not keys or key in keys or is_tag or not match[2]:
            yield Edit(number, (f"{match[1]}: {match[2]}".rstrip(),), "a colon is missing after the key")


def without_tabs(text: str, before: int, parse: Parse) -> str | None:
    """A hint for a text that is indented with tabs: the number of spaces in place of each tab, and the lines."""
    lines = [line.rstrip("\r") for line in text.split("\n")]
    tabbed = [number for number, line in enumerate(lines) if re.match(r" *\t", line) and line.strip()]
    if len(text) > MAX_LENGTH:
        return None
    for width in (2, 4):
        try:
            parse("\n".join(untabbed(line, width) for line in lines))
        except yaml.YAMLError:
            continue
        numbers = listed([number + before + 1 for number in tabbed])
        return f"put {width} spaces in place of each tab at the start of {numbers}"
    for number in tabbed[:1]:
        above = [line for line in reversed(lines[:number]) if line.strip()]
        for indent in dict.fromkeys(len(line) - len(line.lstrip(" ")) for line in above):
            edit = Edit(number, (" " * indent + lines[number].strip(),))
            if len(tabbed) == 1 and mends(lines, edit, parse):
                return edit.hint(before)
    return None


def untabbed(line: str, width: int) -> str:
    """A line with `width` spaces in place of each tab at its start."""
    bare = line.lstrip(" \t")
    return line[: len(line) - len(bare)].replace("\t", " " * width) + bare


def listed(numbers: list[int]) -> str:
    """Line numbers as a hint writes them."""
    *first, last = map(str, numbers)
    return f"lines {', '.join(first)} and {last}" if first else f"line {last}"


def quoted(text: str) -> str:
    """A text in single quotes, as it is written in YAML."""
    return "'" + text.replace("'", "''") + "'"


def in_flow(text: str) -> str:
    """A text as an item in brackets, in quotes if it needs them."""
    try:
        node: Node | None = yaml.compose(f"[{text}]", yaml.CSafeLoader)
    except yaml.YAMLError:
        return quoted(text)
    items = node.value if isinstance(node, SequenceNode) else []
    is_same = len(items) == 1 and isinstance(items[0], ScalarNode) and items[0].value == text and not items[0].style
    return text if is_same else quoted(text)


def is_bare(key: Node, value: Node) -> bool:
    """True for a pair of a map in braces that is only a text after a comma, without a colon."""
    nothing = isinstance(value, ScalarNode) and not value.value and value.start_mark.index == value.end_mark.index
    return nothing and isinstance(key, ScalarNode) and value.start_mark.index == key.end_mark.index


def bare_pairs(root: Node) -> Iterator[tuple[MappingNode, int]]:
    """The first of each run of bare pairs in the maps in braces below a node: the map, and the index in it."""
    waiting, seen = [root], set()
    while waiting:
        node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, SequenceNode):
            waiting += node.value
        elif isinstance(node, MappingNode):
            for place, (key, value) in enumerate(node.value):
                waiting.append(value)
                if node.flow_style and is_bare(key, value) and (not place or not is_bare(*node.value[place - 1])):
                    yield node, place
