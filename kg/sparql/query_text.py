"""Query texts: everything that the tokens of a SPARQL query show, without or before parsing by the engine.

The engine parses and evaluates queries. This module finds what the engine does not report or must be protected from:
the depth of nesting, updates, the place of an error, and misspelled terms. The tokens are those of SPARQL 1.1 Query,
19.8 (terminals); codepoint escapes are those of 19.2.
"""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from urllib.parse import urljoin

from kg.diagnostics.suggest import nearest

MAX_DEPTH = 200
"""Maximum depth of nested brackets in a query; the engine is recursive."""

MAX_WIDTH = 120
"""Maximum number of characters of a line that are shown around a place."""

PAD = 16
"""Maximum number of characters that the engine looks ahead: more than its longest keyword."""

TOKEN = re.compile(
    r"""
    (?P<comment> \#[^\r\n]* )
    | (?P<string> \"{3} (?: \"{0,2} (?: [^"\\] | \\. ) )* \"{3} | '{3} (?: '{0,2} (?: [^'\\] | \\. ) )* '{3}
                | " (?: [^"\\\r\n] | \\. )* " | ' (?: [^'\\\r\n] | \\. )* ' )
    | (?P<iri> < [^<>"{}|^`\\\x00-\x20]* > )
    | (?P<variable> [?$] \w+ )
    | (?P<blank> _:[\w.-]+ )
    | (?P<name> (?: [^\W\d_] [\w.-]{0,99} )? : (?: [\w:%-] | \.(?=[\w:%\\-]) | \\. )* )
    | (?P<word> @? [^\W\d] [\w-]* )
    | (?P<number> \d [\w.]* )
    | (?P<mark> \\. | \^\^ | \|\| | && | [!<>]= | \S )
    """,
    re.VERBOSE | re.DOTALL,
)

OPAQUE = re.compile(
    rf"(?= [^\W\d] | [\#\"'<?$:@\\] ) (?: {TOKEN.pattern.partition('| (?P<number>')[0]} | \\. )", TOKEN.flags
)
"""The tokens in which brackets and words have no meaning, and words themselves."""

UPDATE = re.compile(r"(?:INSERT|DELETE|LOAD|CLEAR|DROP|CREATE|ADD|MOVE|COPY|WITH)", re.IGNORECASE)
"""The first word of an update after its prologue (SPARQL 1.1 Update, 3)."""

FORMS = ("SELECT", "CONSTRUCT", "ASK", "DESCRIBE")
"""The forms of a query (SPARQL 1.1 Query, 16)."""

VOLATILE = re.compile(r"(?:NOW|RAND|UUID|BNODE)\s*\(", re.IGNORECASE)
"""Functions that return a different value each time."""

ESCAPE = re.compile(r"\\u([0-9A-Fa-f]{4})|\\U([0-9A-Fa-f]{8})")
"""Codepoint escapes (SPARQL 1.1 Query, 19.2)."""

BYTE_ORDER_MARK = "\ufeff"

STRAY = re.compile(
    "[^\t\n\r\x20-\x7e\xb7\xc0-\xd6\xd8-\xf6\xf8-\u037d\u037f-\u167f\u1681-\u180d\u180f-\u1fff\u200c\u200d\u203f\u2040\u2070-\u218f"
    "\u2c00-\u2fef\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufefe\uff00-\ufffd\U00010000-\U000effff]"
)
"""Characters that are only allowed in strings, IRIs and comments, because they are not PN_CHARS (SPARQL 1.1 Query,
19.8). U+1680, U+180E and U+FEFF are included although names may contain them, because nobody means a name with a blank.
"""

MEANT = {
    "\u2018": "'",
    "\u2019": "'",
    "\u201a": "'",
    "\u201c": '"',
    "\u201d": '"',
    "\u201e": '"',
    "\xab": '"',
    "\xbb": '"',
}
MEANT |= {
    "\u2010": "-",
    "\u2011": "-",
    "\u2012": "-",
    "\u2013": "-",
    "\u2014": "-",
    "\u2212": "-",
    "\xd7": "*",
    "\u2026": "...",
}
"""The intended characters for those that word processors insert."""

CONTROLS = {"\0": "NULL", "\v": "VERTICAL TABULATION", "\f": "FORM FEED", "\x7f": "DELETE", "\x85": "NEXT LINE"}
"""Names of control characters, which have no name in Unicode."""

STAR = re.compile(r"SELECT\b (?: \s | \#[^\r\n]* | DISTINCT\b | REDUCED\b )* \*", re.VERBOSE | re.IGNORECASE)
"""The beginning of a SELECT of all variables."""

MAX_HINTS = 10
"""Maximum number of unknown terms that are reported for a query."""

BRACKETS = {"(": ")", "[": "]", "{": "}"}
CLOSING = {**BRACKETS, "'": "'", '"': '"'}


@dataclass(frozen=True, slots=True)
class Token:
    """A token of a query: its kind (a group of TOKEN), its text, and its start, in characters from 0."""

    kind: str
    text: str
    start: int


class QueryError(Exception):
    """An error in a query, and its place.

    `line` and `column` count from 1. `excerpt` is the line with a caret below the place. `hint` says how to correct the
    error.
    """

    def __init__(self, message: str, text: str, start: int, length: int = 1, hint: str | None = None) -> None:
        before = text[:start]
        self.message, self.hint = message, hint
        self.line = before.count("\n") + 1
        self.column = start - (before.rfind("\n") + 1) + 1
        first = max(0, self.column - 1 - MAX_WIDTH // 2)
        row = text.split("\n")[self.line - 1].replace("\t", " ")[first : first + MAX_WIDTH].rstrip()
        gutter, place = f"{self.line} | ", self.column - 1 - first
        carets = "^" * max(1, min(length, len(row) - place))
        self.excerpt = f"{gutter}{row}\n{' ' * (len(gutter) + place)}{carets}"
        lines = [f"{self.line}:{self.column}: {message}", self.excerpt]
        super().__init__("\n".join([*lines, f"hint: {hint}"] if hint else lines))


class QueryText:
    """The text of a query without a byte order mark, and its tokens without comments.

    `prefixes` do not have to be declared in the query; `base` is the IRI against which its relative IRIs are resolved.
    """

    def __init__(self, text: str, prefixes: Mapping[str, str] | None = None, base: str = "") -> None:
        self.text = text.removeprefix(BYTE_ORDER_MARK)
        self._known = prefixes or {}
        self._base = base

    @cached_property
    def tokens(self) -> list[Token]:
        return [token for token in tokens(self.text) if token.kind != "comment"]

    @cached_property
    def bare(self) -> str:
        """The text with blanks in place of opaque tokens; places stay the same."""
        return OPAQUE.sub(blank, self.text)

    def check_nesting(self) -> None:
        """Raises QueryError if brackets are nested deeper than MAX_DEPTH."""
        depth = 0
        for match in re.finditer(r"[(\[{]|[)\]}]", self.bare):
            depth += 1 if match[0] in BRACKETS else -1
            if depth > MAX_DEPTH:
                raise QueryError(f"the query is nested more than {MAX_DEPTH} brackets deep", self.text, match.start())

    def check_characters(self) -> None:
        """Raises QueryError for a character that is not allowed outside of strings, IRIs and comments."""
        if not STRAY.search(self.text):
            return
        opaque = OPAQUE.sub(lambda match: blank(match, ("string", "iri", "comment")), self.text)
        if stray_character := STRAY.search(opaque):
            raise stray(stray_character[0], self.text, stray_character.start())

    def is_update(self) -> bool:
        """True if the first word after the prologue begins an update."""
        words = (t.text for t in tokens(self.text) if t.kind == "word" and t.text.upper() not in ("PREFIX", "BASE"))
        return bool(UPDATE.fullmatch(next(words, "")))

    def has_word(self, word: str) -> bool:
        """True if a keyword, in capitals, occurs in the query."""
        may_have = word in self.text.upper()
        return may_have and any(token.kind == "word" and token.text.upper() == word for token in self.tokens)

    @property
    def form(self) -> str:
        """The form (SPARQL 1.1 Query, 16), in capitals: the first word after the prologue; empty if there is none."""
        words = (token.text.upper() for token in tokens(unescaped(self.text)) if token.kind == "word")
        return next((word for word in words if word in FORMS), "")

    def is_volatile(self) -> bool:
        """True if the answer may differ each time, on the same data."""
        return bool(VOLATILE.search(self.bare))

    @cached_property
    def _prologue(self) -> tuple[str, dict[str, str]]:
        """The base and the prefixes (without colon) of the query (SPARQL 1.1 Query, 4.1)."""
        base, declared = self._base, dict(self._known)
        for word, first, second in zip(self.tokens, self.tokens[1:], self.tokens[2:], strict=False):
            if (word.text.upper(), first.kind) == ("BASE", "iri"):
                base = resolved(base, first.text[1:-1])
            if (word.text.upper(), first.kind, second.kind) == ("PREFIX", "name", "iri"):
                declared[first.text[:-1]] = resolved(base, second.text[1:-1])
        return base, declared

    @property
    def prefixes(self) -> dict[str, str]:
        """The prefixes of the query, without colon."""
        return self._prologue[1]

    def iri(self, token: Token) -> str:
        """The IRI that a token stands for; empty if its prefix is not declared."""
        if token.kind == "iri":
            return resolved(self._prologue[0], token.text[1:-1])
        prefix, _, local = token.text.partition(":")
        return self.prefixes[prefix] + local if prefix in self.prefixes else ""

    def in_order(self, variables: Iterable[str]) -> list[str]:
        """Some variables, by name, in the order in which the query first names them."""
        left, ordered = set(variables), []
        for token in tokens(self.text):
            if token.kind == "variable" and token.text[1:] in left:
                left.remove(token.text[1:])
                ordered.append(token.text[1:])
            if not left:
                break
        return [*ordered, *sorted(left)]

    def with_columns(self, variables: Iterable[str]) -> str:
        """The query with these variables in place of the star of its SELECT."""
        listed = "".join(f" ?{name}" for name in variables)
        if not listed or self.star is None:
            return self.text
        return f"{self.text[: self.star.start]}{listed} {self.text[self.star.start + 1 :]}"

    @cached_property
    def star(self) -> Token | None:
        """The star of a query that selects all its variables; None for any other query."""
        if not STAR.search(self.text) or ESCAPE.search(self.text):
            return None
        head = (token for token in tokens(self.text) if token.kind != "comment")
        for token in head:
            if token.text in BRACKETS:
                return None
            if token.kind == "word" and token.text.upper() == "SELECT":
                rest = (each for each in head if each.text.upper() not in ("DISTINCT", "REDUCED"))
                first = next(rest, None)
                return first if first and first.text == "*" else None
        return None

    def explain(self, parse: Callable[[str], str], known: Mapping[str, str]) -> QueryError:
        """The error in a query that the engine rejects.

        `parse` returns the message of the engine for a text; `known` are prefixes that a hint may name. The engine
        looks up to PAD characters ahead of the error, so the query is parsed again with more space between the tokens.
        """
        spaced, starts = self._spaced()
        error = re.match(r"error at (\d+):(\d+): (.*)", message := parse(spaced), re.DOTALL)
        place = offset(spaced, int(error[1]), int(error[2])) if error else len(spaced)
        index = bisect_right(starts, place) - 1
        if "Prefix not found" in message and (stray := self._undeclared(index)):
            prefix = stray.text.partition(":")[0]
            hint = f"add this line at the top: PREFIX {prefix}: <{known.get(prefix, 'http://example.org/…')}>"
            return QueryError(f"the prefix {prefix}: is not declared", self.text, stray.start, len(stray.text), hint)
        if lone := self._lone():
            other = f"has no {CLOSING[lone.text]}" if lone.text in CLOSING else "has no opening bracket"
            return QueryError(f"{lone.text} {other}", self.text, lone.start)
        expectations = phrases(message)
        reason = ": " + "; ".join(expectations) if expectations else ""
        if index < 0 or place > starts[index] + len(self.tokens[index].text) + PAD:
            explanation = "; ".join(expectations) or "the query ends unexpectedly"
            return QueryError(explanation, self.text, len(self.text.rstrip()))
        here = self.tokens[index]
        return QueryError(f"{here.text[:40]} is not allowed here{reason}", self.text, here.start, len(here.text))

    def _spaced(self) -> tuple[str, list[int]]:
        """The query with PAD blanks for each blank, and the start of each token in it."""
        parts: list[str] = []
        starts: list[int] = []
        length = end = 0
        for token in self.tokens:
            gap = " " * PAD if token.start > end else ""
            parts += [gap, token.text]
            starts.append(length + len(gap))
            length, end = starts[-1] + len(token.text), token.start + len(token.text)
        return "".join(parts) + " " * 2 * PAD, starts

    def _undeclared(self, index: int) -> Token | None:
        """The last name before a token whose prefix is not declared."""
        names = (token for token in reversed(self.tokens[: index + 1]) if token.kind == "name")
        return next((token for token in names if token.text.partition(":")[0] not in self.prefixes), None)

    def _lone(self) -> Token | None:
        """The first quotation mark, or else bracket, without a counterpart."""
        stack: list[Token] = []
        for token in self.tokens:
            if token.text in ("'", '"'):
                return token
            if token.text in BRACKETS:
                stack.append(token)
            elif token.text in BRACKETS.values():
                if not stack or BRACKETS[stack[-1].text] != token.text:
                    return token
                stack.pop()
        return stack[-1] if stack else None

    def unknown_terms(self, namespace: str, known: Iterable[str]) -> Iterator[str]:
        """A hint for each term in one of our namespaces that is not among the `known` IRIs."""
        declared = {iri.removeprefix(namespace) for iri in known}
        written: dict[str, str] = {}
        for token in self.tokens:
            if token.kind in ("iri", "name") and (iri := self.iri(token)).startswith(namespace):
                written.setdefault(iri.removeprefix(namespace), token.text)
        unknown = ((name, text) for name, text in written.items() if name and name not in declared)
        for name, text in islice(unknown, MAX_HINTS):
            if text.removesuffix(">").endswith(name):
                start = text.removesuffix(">").removesuffix(name)
                end = text[len(start) + len(name) :]
                meant = [start + guess + end for guess in nearest(name, ((each, each) for each in declared))]
                yield f"there is no {text}" + (f"; did you mean {' or '.join(meant)}?" if meant else "")


def tokens(text: str) -> Iterator[Token]:
    """The tokens of a text, including comments; blanks are skipped."""
    for match in TOKEN.finditer(text):
        assert match.lastgroup is not None
        yield Token(match.lastgroup, match[0], match.start())


def stray(character: str, text: str, start: int) -> QueryError:
    """The error about a character that is not allowed in a query."""
    name = CONTROLS.get(character) or unicodedata.name(character, "a character without a name")
    is_blank = character.isspace()
    meant = MEANT.get(character)
    hint = f"replace it with {meant}" if meant else "replace it with a space" if is_blank else "remove it"
    message = f"U+{ord(character):04X} {name} is not allowed outside of strings, IRIs and comments"
    return QueryError(message, text, start, hint=hint)


def blank(match: re.Match[str], kinds: tuple[str, ...] = ()) -> str:
    """A token with blanks in place of its opaque parts; only for the given kinds of tokens, if any are given."""
    token = match[0]
    if kinds and match.lastgroup not in kinds:
        return token
    match match.lastgroup:
        case "string" | "iri":
            return token[0] + " " * (len(token) - 2) + token[-1]
        case "name":
            return token[: token.index(":") + 1].ljust(len(token))
        case "variable":
            return token[0].ljust(len(token))
        case "comment" | "blank":
            return " " * len(token)
        case _:
            return " " * len(token) if token[0] == "@" else token


def resolved(base: str, iri: str) -> str:
    """An IRI resolved against a base if it is relative (RFC 3986, 5.2); a malformed IRI is unchanged."""
    try:
        whole = iri if re.match(r"[A-Za-z][\w+.-]*:", iri) else urljoin(base, iri)
    except ValueError:
        return iri
    return f"{whole}#" if iri.endswith("#") and not whole.endswith("#") else whole  # which urljoin drops


def unescaped(text: str) -> str:
    """A text with its codepoint escapes replaced (SPARQL 1.1 Query, 19.2)."""
    return ESCAPE.sub(lambda m: chr(min(int(m[1] or m[2], 16), 0x10FFFF)), text)


def offset(text: str, line: int, column: int) -> int:
    """The offset, in characters from 0, of a line and column, which count from 1, in a text."""
    lines = text.split("\n")
    return min(sum(len(each) + 1 for each in lines[: line - 1]) + column - 1, len(text))


def phrases(expected: str) -> list[str]:
    """The words in the engine's message about the tokens that it expected."""
    parts = re.split(r",\s|expected one of |expected ", expected)
    return [part for part in parts if re.fullmatch(r"[A-Z][\w ]*[a-z][\w ,.]*", part) and " " in part]
