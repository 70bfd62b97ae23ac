"""Query plans: reorders patterns that the engine would evaluate slowly, and reports other slow forms.

The engine evaluates the pattern of an EXISTS for each solution, with its triple patterns in the order in which they are
written. If the first of them shares no variable with the enclosing query, all of its matches are evaluated each time. A
group of triple patterns is a set (SPARQL 1.1 Query, 18.1.4 and 18.2.2.5), and a filter applies to its whole group, so
another order has the same meaning. `reordered` begins with the patterns that are bound outside and continues from
there.

`cause` finds what cannot be reordered, and other slow forms, and suggests a faster form.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field

from kg.sparql.query_text import BRACKETS, ESCAPE, QueryError, QueryText, Token

EXISTS = re.compile(r"\bEXISTS\b", re.IGNORECASE)

MAX_QUERY_LENGTH = 100_000
"""Maximum length of a query that is reordered or explained, in characters."""

VALUES = ("iri", "name", "variable")
"""The kinds of tokens that are terms by themselves, besides literals."""


class UnreadableError(Exception):
    """Raised when a text does not consist of triple patterns and filters only, or contains something unsupported."""


@dataclass(frozen=True, slots=True)
class TriplePattern:
    """A triple pattern or path: its text, the variables of subject, predicate and object, and its place."""

    text: str
    variables: tuple[str, ...]
    subject: str
    """The variable that is its subject; empty if the subject is another term."""
    first: Token
    verb: Token
    has_path: bool
    """Whether its predicate is a path of any length."""


@dataclass(slots=True)
class GroupPattern:
    """A group in braces that consists of triple patterns and filters, with the text of each filter."""

    patterns: list[TriplePattern] = field(default_factory=list)
    filters: list[tuple[int, int]] = field(default_factory=list)
    """The numbers of the first token of each filter and of the token after it."""


class Reader:
    """Reads the groups of a query."""

    def __init__(self, text: QueryText) -> None:
        self.text, self.tokens = text.text, text.tokens
        self.closing = closing_brackets(self.tokens)
        self._blank = "b"
        while f"?{self._blank}" in self.text or f"${self._blank}" in self.text:
            self._blank += "b"
        self._blanks = 0
        self._group = GroupPattern()
        self._at = self._end = 0

    def group(self, start: int, end: int) -> GroupPattern:
        """The group of the tokens from `start` to before `end`. Raises UnreadableError."""
        group = self._begin(start, end)
        while self._at < end:
            if self.word() == "FILTER":
                self.filter()
            else:
                self.triples()
                if self._at < end and self.next in (".", "FILTER"):
                    self._at += self.next == "."
                elif self._at < end and self.word() != "FILTER":
                    raise UnreadableError
        return group

    def leading(self, start: int, end: int) -> list[TriplePattern]:
        """The patterns with which a group begins, whatever follows them."""
        with suppress(UnreadableError):
            self.group(start, end)
        return self._group.patterns

    def _begin(self, start: int, end: int) -> GroupPattern:
        self._at, self._end, self._group = start, end, GroupPattern()
        return self._group

    @property
    def next(self) -> str:
        """The text of the next token; empty at the end."""
        return self.tokens[self._at].text if self._at < self._end else ""

    def word(self) -> str:
        """The next token as an upper-case keyword; empty if it is not a word."""
        is_word = self._at < self._end and self.tokens[self._at].kind == "word"
        return self.next.upper() if is_word else ""

    def filter(self) -> None:
        """Skips a filter, which ends with the bracket that closes its first bracket."""
        start = self._at
        while self._at < self._end and self.next not in BRACKETS:
            self._at += 1
        if self._at == self._end or self._at not in self.closing:
            raise UnreadableError
        self._at = self.closing[self._at] + 1
        self._group.filters.append((start, self._at))
        self._at += self.next == "."

    def triples(self) -> None:
        """Reads all triples of one subject."""
        first = self.tokens[self._at]
        if self.next == "[":
            is_empty = self.tokens[self._at + 1].text == "]"
            subject = self.blank()
            if (not is_empty and self.next in (".", "", "}")) or self.word() == "FILTER":
                return
        else:
            subject = self.term()
        self.properties(subject, first)

    def properties(self, subject: str, first: Token) -> None:
        """Reads the predicates and objects of a subject; `first` is the token of the subject."""
        while True:
            start = self._at
            predicate, has_path = self.verb()
            while True:
                value = self.blank() if self.next == "[" else self.term()
                names = [each[1:] for each in (subject, predicate, value) if each[0] in "?$"]
                text = f"{subject} {predicate} {value}"
                own = subject[1:] if subject[0] in "?$" else ""
                self._group.patterns.append(TriplePattern(text, (*names,), own, first, self.tokens[start], has_path))
                if self.next != ",":
                    break
                self._at += 1
            if self.next != ";":
                return
            while self.next == ";":
                self._at += 1
            if self.next in (".", "", "]", "}") or self.word() == "FILTER":
                return

    def blank(self) -> str:
        """Reads a blank node as a variable with a new name."""
        self._at += 1
        self._blanks += 1
        name = f"?{self._blank}{self._blanks}"
        if self.next != "]":
            self.properties(name, self.tokens[self._at - 1])
        if self.next != "]":
            raise UnreadableError
        self._at += 1
        return name

    def term(self) -> str:
        """Reads an IRI, a variable or a literal without a sign."""
        if self._at >= self._end:
            raise UnreadableError
        token = self.tokens[self._at]
        self._at += 1
        if token.kind in VALUES or token.text in ("true", "false"):
            return token.text
        if token.kind == "number" and re.fullmatch(r"\d+(\.\d+)?", token.text):
            return token.text
        if token.kind != "string":
            raise UnreadableError
        if self.next.startswith("@"):
            self._at += 1
            return token.text + self.tokens[self._at - 1].text
        if self.next == "^^":
            self._at += 1
            return f"{token.text}^^{self.datatype()}"
        return token.text

    def datatype(self) -> str:
        """Reads the IRI of a datatype."""
        if self._at >= self._end or self.tokens[self._at].kind not in ("iri", "name"):
            raise UnreadableError
        self._at += 1
        return self.tokens[self._at - 1].text

    def verb(self) -> tuple[str, bool]:
        """Reads a predicate: a variable, or a path; returns also whether the path is of any length."""
        start = self._at
        if self._at < self._end and self.tokens[self._at].kind == "variable":
            self._at += 1
            return self.tokens[start].text, False
        depth, repeats = 0, False
        while True:
            while self.next in ("^", "!", "("):
                depth += self.next == "("
                self._at += 1
            if self._at >= self._end:
                raise UnreadableError
            token = self.tokens[self._at]
            if token.kind not in ("iri", "name") and token.text != "a":
                raise UnreadableError
            self._at += 1
            while self.next in ("*", "+", "?", ")"):
                depth -= self.next == ")"
                repeats = repeats or self.next in "*+"
                self._at += 1
            if self.next not in ("/", "|"):
                break
            self._at += 1
        last = self.tokens[self._at - 1]
        if depth or (last.text in "+?" and self._at < self._end and self.tokens[self._at].kind == "number"):
            raise UnreadableError  # `+1` is a number
        return self.text[self.tokens[start].start : last.start + len(last.text)], repeats


def closing_brackets(tokens: list[Token]) -> dict[int, int]:
    """For the number of each token that is an opening bracket, the number of the closing bracket."""
    closing: dict[int, int] = {}
    stack: list[int] = []
    for number, token in enumerate(tokens):
        if token.text in BRACKETS:
            stack.append(number)
        elif token.text in BRACKETS.values() and stack:
            closing[stack.pop()] = number
    return closing


def reordered(query: str) -> str:
    """The query with the patterns in each EXISTS reordered to begin with what is bound outside of it."""
    if len(query) > MAX_QUERY_LENGTH or not EXISTS.search(query) or ESCAPE.search(query):
        return query
    text = QueryText(query)
    return Reordering(Reader(text)).of(0, len(text.tokens), frozenset())


@dataclass(frozen=True, slots=True)
class Reordering:
    """Writes a query with reordered patterns, part by part."""

    reader: Reader

    def of(self, start: int, end: int, outside: frozenset[str], is_inside: bool = False) -> str:
        """The text of the tokens from `start` to before `end`; `outside` are the variables bound outside an EXISTS.

        Outside an EXISTS, only the patterns of EXISTS are reordered; inside an EXISTS, all groups are.
        """
        tokens, text = self.reader.tokens, self.reader.text
        bound = outside | variables(self.reader, start, end, is_inside)
        parts: list[str] = []
        done = tokens[start].start if start and start < len(tokens) else 0
        for opening in opened(self.reader, start, end, is_inside):
            closing = self.reader.closing[opening]
            parts += [text[done : tokens[opening].start + 1], self.group(opening + 1, closing, bound)]
            done = tokens[closing].start
        return "".join([*parts, text[done : tokens[end].start if end < len(tokens) else len(text)]])

    def group(self, start: int, end: int, bound: frozenset[str]) -> str:
        """The text of a group in an EXISTS; a sub-select is unchanged, because it may count its solutions."""
        if start < end and self.reader.tokens[start].text.upper() == "SELECT":
            return self.of(start, end, bound)
        try:
            group = self.reader.group(start, end)
        except UnreadableError:
            return self.of(start, end, bound, is_inside=True)
        ordered = in_order(group.patterns, bound)
        if ordered == group.patterns:
            return self.of(start, end, bound)
        own = bound | {name for pattern in ordered for name in pattern.variables}
        lines = [f"{pattern.text} ." for pattern in ordered]
        lines += [self.of(first, last, own) for first, last in group.filters]
        return "\n".join(["", *lines, ""])


def opened(reader: Reader, start: int, end: int, is_inside: bool) -> Iterator[int]:
    """The numbers of the brackets that open the outermost patterns of EXISTS, or all groups, among some tokens."""
    tokens = reader.tokens
    number = start
    while number < end:
        before = tokens[number - 1] if number else None
        is_exists = before is not None and before.kind == "word" and before.text.upper() == "EXISTS"
        if tokens[number].text == "{" and (is_exists or is_inside) and number in reader.closing:
            yield number
            number = reader.closing[number]
        number += 1


def variables(reader: Reader, start: int, end: int, is_inside: bool) -> frozenset[str]:
    """The variables among some tokens, except those within the brackets that `opened` finds."""
    names, number = set(), start
    inside = {opening: reader.closing[opening] for opening in opened(reader, start, end, is_inside)}
    while number < end:
        if reader.tokens[number].kind == "variable":
            names.add(reader.tokens[number].text[1:])
        number = inside.get(number, number) + 1
    return frozenset(names)


def in_order(patterns: list[TriplePattern], bound: frozenset[str]) -> list[TriplePattern]:
    """The patterns unchanged if each has a variable that is bound before it; else in a better order.

    The pattern with the fewest unbound variables comes first; a bound subject is preferred to a bound object.
    """
    if are_connected(patterns, bound) or not any(bound.intersection(pattern.variables) for pattern in patterns):
        return patterns
    known, left, ordered = set(bound), [*patterns], []
    while left:

        def cost(pattern: TriplePattern) -> tuple[bool, int, bool, bool]:
            unknown = {*pattern.variables} - known
            stray = bool(unknown) and len(unknown) == len({*pattern.variables})
            return stray, len(unknown), pattern.has_path, pattern.subject in unknown

        ordered.append(min(left, key=cost))
        left.remove(ordered[-1])
        known.update(ordered[-1].variables)
    return ordered


def are_connected(patterns: Iterable[TriplePattern], bound: Iterable[str]) -> bool:
    """True if each pattern, in order, has no variables or one that is bound before it."""
    known = set(bound)
    for pattern in patterns:
        if pattern.variables and not known.intersection(pattern.variables):
            return False
        known.update(pattern.variables)
    return True


# ── Slow forms ───────────────────────────────────────────────────────────────────────────────────────────────────


def cause(query: str) -> QueryError | None:
    """The most likely cause of a slow query, with its place and a faster form as a hint; None if unknown."""
    if len(query) > MAX_QUERY_LENGTH:
        return None
    reader = Reader(QueryText(query))
    looks = (strange_exists, product, open_path, early_optional, search_by_filter, sorting)
    return next((error for look in looks for error in look(reader)), None)


def groups(reader: Reader) -> Iterator[tuple[int, list[TriplePattern]]]:
    """The groups of a query, except the template of CONSTRUCT: the opening bracket and the first patterns of each."""
    for opening, closing in sorted(reader.closing.items()):
        before = reader.tokens[opening - 1].text.upper() if opening else ""
        if reader.tokens[opening].text == "{" and before != "CONSTRUCT":
            yield opening, reader.leading(opening + 1, closing)


def strange_exists(reader: Reader) -> Iterator[QueryError]:
    """Each EXISTS whose pattern begins with variables that are not bound outside, and that could not be reordered."""
    tokens = reader.tokens
    for opening, patterns in groups(reader):
        if opening == 0 or tokens[opening - 1].text.upper() != "EXISTS":
            continue
        closing = reader.closing[opening]
        outside = {t.text[1:] for t in (*tokens[:opening], *tokens[closing:]) if t.kind == "variable"}
        inside = {token.text[1:] for token in tokens[opening:closing] if token.kind == "variable"}
        if not patterns or are_connected(in_order(patterns, frozenset(outside)), outside):
            continue
        known = " or ".join(f"?{name}" for name in sorted(inside & outside)) or "a variable of the query around it"
        negated = opening > 1 and tokens[opening - 2].text.upper() == "NOT"
        other = "MINUS { … } with the same patterns" if negated else "a sub-select with DISTINCT in place of EXISTS"
        yield at(
            reader,
            patterns[0].first,
            "the pattern of this EXISTS is evaluated for each solution, but begins with a variable not bound outside",
            f"begin the pattern with {known}, and continue from there; or write {other}",
        )


def product(reader: Reader) -> Iterator[QueryError]:
    """Each pattern that shares no variable with the patterns before it in its group."""
    for _, patterns in groups(reader):
        parts: list[tuple[TriplePattern, set[str]]] = []
        for pattern in patterns:
            joined = [part for part in parts if part[1].intersection(pattern.variables)]
            parts = [part for part in parts if part not in joined]
            names = set(pattern.variables).union(*(names for _, names in joined))
            parts.append((joined[0][0] if joined else pattern, names))
        stray = [first for first, names in parts if names]
        if len(stray) > 1:
            yield at(
                reader,
                max((pattern.first for pattern in stray), key=lambda token: token.start),
                "this pattern shares no variable with the patterns before it, so all their matches are combined",
                "connect the patterns by a common variable, or write two queries",
            )


def open_path(reader: Reader) -> Iterator[QueryError]:
    """Each path of any length between two variables."""
    for _, patterns in groups(reader):
        for pattern in patterns:
            if pattern.has_path and len({*pattern.variables}) == 2:
                yield at(
                    reader,
                    pattern.verb,
                    "this path of any length has a variable at both ends, so it is followed from every node",
                    "use an IRI at one of its ends, or bind one of them first, with VALUES ?x { … } or a sub-select",
                )


def early_optional(reader: Reader) -> Iterator[QueryError]:
    """Each OPTIONAL that is followed by patterns that could restrict the solutions before it."""
    for number, token in enumerate(reader.tokens):
        if token.kind == "word" and token.text.upper() == "OPTIONAL" and number + 1 in reader.closing:
            after = reader.tokens[reader.closing[number + 1] + 1 :][:2]
            rest = [each for each in after if each.text != "."][:1]
            if rest and (rest[0].kind in VALUES or rest[0].text == "["):
                yield at(
                    reader,
                    token,
                    "this OPTIONAL is followed by patterns that would narrow down the solutions if they came first",
                    "move OPTIONAL { … } to the end of its group",
                )


def search_by_filter(reader: Reader) -> Iterator[QueryError]:
    """Each function that searches texts one by one."""
    for token in reader.tokens:
        if token.kind == "word" and token.text.upper() in ("REGEX", "CONTAINS", "STRSTARTS", "STRENDS", "REPLACE"):
            yield at(
                reader,
                token,
                f"{token.text.upper()} searches the text of every solution without an index",
                "restrict the pattern to a class and a property, or search for words with /search?q=…",
            )


def sorting(reader: Reader) -> Iterator[QueryError]:
    """Each keyword that needs all solutions before it can return the first one."""
    for token in reader.tokens:
        if token.kind == "word" and token.text.upper() in ("ORDER", "GROUP", "DISTINCT"):
            yield at(
                reader,
                token,
                f"{token.text.upper()} needs all solutions before it can return the first one",
                f"restrict the pattern, or remove {token.text.upper()}",
            )


def at(reader: Reader, token: Token, message: str, hint: str) -> QueryError:
    """A cause of slowness at the place of a token."""
    return QueryError(message, reader.text, token.start, len(token.text), hint)
