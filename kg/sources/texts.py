"""Texts: finds flaws in texts that look right, for sources in all formats.

Texts must be in Unicode normalization form C (w3.org/TR/charmod-norm, 3.1; unicode.org/reports/tr15), and plain,
without HTML and Markdown.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html import unescape
from html.entities import html5
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote_to_bytes

from kg.diagnostics.problems import Problem, Severity
from kg.text.characters import (
    CYRILLIC_ALIKE,
    IDEOGRAPH,
    IN_SCRIPT,
    LATIN,
    MIXED,
    SCRIPTS,
    SPACES,
    TO_LATIN,
    code_point,
    in_one_script,
    scripts,
    unseen,
)

WORD = r"[^\s!-&(-,./:-@\[-`{-~]+"
"""A run of characters other than white space and ASCII punctuation, except hyphens and apostrophes."""

LETTERS = re.compile(r"[^\W\d_]+")

COMPATIBLE = (
    "\ufb00-\ufb06\ufb13-\ufb17\uff01-\uff5e\u2160-\u217f\u24b6-\u24e9\U0001d400-\U0001d7ff\U0001f130-\U0001f149"
)
"""Ligatures, full-width letters, and mathematical letters and digits, which stand for ordinary characters."""

CONTINUED = "\u0080-\u00bf\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc\u2013-\u203a\u20ac\u2122"
"""The characters for the bytes 0x80 to 0xBF in Windows-1252."""

CONTINUED_CYRILLIC = "\u0402-\u040f\u0452-\u045f\u00a0-\u00bf\u0490\u0491\u2013-\u203a\u20ac\u2116\u2122"
"""The characters for the bytes 0x80 to 0xBF in Windows-1251."""

GARBLED = re.compile(
    f"[\u00c2-\u00d4\u00d8-\u00df\u00e2-\u00ef][{CONTINUED}]|\u00e2\u20ac|[РС][{CONTINUED_CYRILLIC}]"
    "|[\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u00ff]{4}"
)
"""A place at which a text may have been decoded with the wrong encoding."""

MARK = "\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20df\ufe20-\ufe2f"
LONE_MARK = re.compile(rf"(?:^|(?<=\s))[{MARK}]+")

ELEMENTS = (
    "a|abbr|b|blockquote|br|center|cite|code|del|div|em|font|h[1-6]|hr|i|iframe|img|ins|li|mark|ol|p|pre|q|s|script"
    "|small|span|strike|strong|style|sub|sup|table|tbody|td|th|thead|tr|tt|u|ul"
)
TAG = re.compile(rf"<!--.{{0,2000}}?-->|</?(?:{ELEMENTS})(?:\s[^<>]*)?/?>", re.IGNORECASE | re.DOTALL)
BREAK = re.compile(r"</?(?:br|p|div|hr|li|h[1-6]|tr|td)\b", re.IGNORECASE)
ENTITY = re.compile(r"&(?:#[0-9]{1,7};|#[xX][0-9a-fA-F]{1,6};|[A-Za-z][A-Za-z0-9]{1,31};|(?:nbsp|amp|quot|lt|gt)\b)")
MARKDOWN = re.compile(
    r"\*\*(?=[^\s*])([^*\n]+)(?<=\S)\*\*|(?<!\w)__(?=[^\s_])([^\n]{1,200}?)(?<=[^\s_])__(?!\w)"
    r"|\[([^\[\]\n]+)\]\([^\s()]*\)|(?<!\w)`([^`\n]+)`(?!\w)|^#{1,6} +(?=\S)()",
    re.MULTILINE,
)
ENCODED = re.compile(r"(?<!\S)[^\s%]*(?:%[0-9A-Fa-f]{2}[^\s%]*)+")
ADDRESS = re.compile(r"[A-Za-z][\w+.-]*://\S")

ODD_SPACES = re.compile(rf"[ \t{SPACES}]{{2,}}|[\t{SPACES}]")
NO_BREAK = "\u00a0\u202f\u2007\u2009\u200a"
BEFORE, BEHIND = "«‹„“§№#°.–—&\u2212+×/", ":;!?»›%‰°–—…€$£”*×/=<>\u2212+"
"""The punctuation marks before or after which a no-break space is allowed."""

QUOTES = ("“”", "„“", "„”", "””", "‘’", "‚‘", "‚’", "’’", "«»", "»«", "»»", "‹›", "›‹", "´´", "`´", "＂＂")
QUOTED = re.compile("|".join(f"{pair[0]}[^{pair}]+{pair[1]}" for pair in QUOTES))

MAY_HAVE_FLAWS = re.compile(
    r"(?<=\S)[ \t]{2,}(?=[^\s#])|\S\t"
    r"|(?:^|[\s\[{,])[\"'][ \t]|[ \t][\"'](?=[ \t]*(?:[\r\n,\]}:]|\Z| #))"
    r"|[ \t]#[^\s#]|&(?:#|[A-Za-z]\w*;|(?:nbsp|amp|quot|lt|gt)\b)|<[!/A-Za-z]|\*\*|__|\]\(|`|['\"]#"
    r"|(?<!\S)(?!https?://)[^\s%]*%[0-9A-Fa-f]{2}"
)
"""Signs of possible flaws in an ASCII source; without them, none of its texts is checked."""

SIGNS = ("\t", " #", "'#", '"#', "&", "<", "**", "__", "](", "`", "%", " ' ", ' " ', "[' ", '[" ')
ENDS = tuple(f" {quote}{end}" for quote in "'\"" for end in ("\n", "\r", ",", "]", "}", ":", " #"))
"""The same for a single text: inside it, and at its end in quotes."""

DOUBLED = re.compile(r"  (?<=[^\s]  )")
UNUSUAL = re.compile(f"[{SPACES}{COMPATIBLE}{MARK}]|[\\s\\[{{,][“„”‘‚’«»‹›´＂]|{GARBLED.pattern}")
OTHER_SCRIPT = re.compile("[\u0370-\u058f]")
ALIKE = re.compile(f"(?<![{SCRIPTS['Cyrillic']}])[{CYRILLIC_ALIKE}]+(?![{SCRIPTS['Cyrillic']}])")


def may_have_flaws(text: str) -> bool:
    """True if a source, or a text with the characters around it, must be checked; fast, because this is rare."""
    if "\\" in text:
        return True
    signs = any(sign in text for sign in (*SIGNS, *ENDS)) or DOUBLED.search(text) or text.endswith((" '", ' "'))
    if signs and MAY_HAVE_FLAWS.search(text):
        return True
    if text.isascii():
        return False
    if UNUSUAL.search(text):
        return True
    return OTHER_SCRIPT.search(text) is not None and (MIXED.search(text) or ALIKE.search(text)) is not None


@dataclass(frozen=True, slots=True)
class Flaw:
    """A flaw in a text from `start` to `end`; `fix` is the replacement, if it is certain."""

    start: int
    end: int
    code: str
    message: str
    found: str
    fix: str | None = None
    hint: str | None = None
    severity: Severity = Severity.ERROR


MEANT = {
    "E116": "letters of one script, without look-alike characters",
    "E117": "one space",
    "E118": "the text without markup",
    "E119": "the letters in the original text",
}
"""The expected value for a flaw without a certain edit, by code."""


# ── In a text ────────────────────────────────────────────────────────────────────────────────────────────────────


def flaws(text: str, *, laid_out: bool = False) -> Iterator[Flaw]:
    """The flaws of one text; if it is `laid_out` on several lines, its blanks are intended."""
    if ADDRESS.match(text):
        yield from (flaw for flaw in entities(text) if flaw.found.endswith(";"))
        return
    yield from markup(text)
    if not laid_out:
        yield from spaces(text)
    if not text.isascii():
        yield from garbled(text)
        yield from look_alikes(text)
    if "%" in text:
        yield from encoded(text)


def look_alikes(text: str) -> Iterator[Flaw]:
    """Words with letters of two scripts, words of another script that look Latin, and compatibility characters."""
    letters = scripts(text) if MIXED.search(text) else {}
    for match in LETTERS.finditer(text) if letters else ():
        if not MIXED.search(match[0]):
            continue
        own = scripts(match[0])
        rest = {name: count - own.get(name, 0) for name, count in letters.items()}
        around = sorted((name for name, count in rest.items() if count), key=lambda name: -rest[name])
        fixed, severity = in_one_script(match[0], around), Severity.ERROR
        most = next(iter(around), None)
        foreign = re.fullmatch(f"[{LATIN}]{{2,}}[а-яё]{{1,4}}", match[0])
        if foreign and (most == "Cyrillic" or fixed is None):
            continue  # a foreign word with a Russian ending
        if fixed is None:
            severity = Severity.WARNING
        odd = [c for c, new in zip(match[0], fixed or match[0], strict=True) if c != new] or [match[0][-1]]
        message = "this word contains letters of two scripts"
        yield Flaw(*match.span(), "E116", message, and_points(match[0], odd), fixed, None, severity)
    cyrillic = IN_SCRIPT["Cyrillic"].findall(text)
    if cyrillic and IN_SCRIPT["Latin"].search(text) and not set(cyrillic) - set(CYRILLIC_ALIKE):
        for match in re.finditer(f"(?<![{LATIN}])[{CYRILLIC_ALIKE}]+(?![{LATIN}])", text):
            sentence, latin = "these Cyrillic letters look like Latin ones", match[0].translate(TO_LATIN)
            severity = Severity.ERROR if re.fullmatch(r"\S+/\S+", text) else Severity.WARNING
            found = and_points(match[0], match[0])
            yield Flaw(*match.span(), "E116", sentence, found, latin, None, severity)
    if re.search(f"[{IDEOGRAPH}]", text):
        return
    for match in re.finditer(rf"(?<!\S)\S*?[{COMPATIBLE}]\S*", text):
        odd = re.findall(f"[{COMPATIBLE}]", match[0])
        fixed = re.sub(f"[{COMPATIBLE}]", lambda m: unicodedata.normalize("NFKC", m[0]), match[0])
        sentence = "this word contains compatibility characters instead of ordinary letters"
        yield Flaw(*match.span(), "E116", sentence, and_points(match[0], odd), fixed)


def and_points(word: str, odd: Iterable[str]) -> str:
    """A word, and the code points of its unusual characters, at most three of them."""
    points = list(dict.fromkeys(map(code_point, odd)))
    return f"{word}, with {', '.join(points[:3])}" + (f" and {len(points) - 3} more" if len(points) > 3 else "")


def spaces(text: str) -> Iterator[Flaw]:
    """White space at the ends, repeated spaces, tabs, and unusual spaces that nothing requires."""
    if not text.strip():
        return
    first, last = len(text) - len(text.lstrip()), len(text.rstrip())
    for start, end in ((0, first), (last, len(text))):
        if (blank := text[start:end].replace("\n", "")) and (start == 0 or not text.endswith("\n")):
            where = "begins" if start == 0 else "ends"
            yield Flaw(start, end, "E117", f"the text {where} with white space", points(blank), "")
    for match in ODD_SPACES.finditer(text, first, last):
        before, behind = text[match.start() - 1], text[match.end()]
        if "\n" in (before, behind):
            continue
        if len(match[0]) > 1:
            message = "several spaces instead of one"
        elif is_kept(text[max(0, match.start() - 2) : match.start()], match[0], behind):
            continue
        else:
            message = "this white space character is not an ordinary space"
        yield Flaw(*match.span(), "E117", message, points(match[0]), " ", None, Severity.WARNING)


def points(blanks: str) -> str:
    """The code points of white space, or its length if it consists of ordinary spaces."""
    return f"{len(blanks)} × U+0020 SPACE" if set(blanks) == {" "} else ", ".join(map(code_point, blanks[:4]))


def is_kept(before: str, space: str, behind: str) -> bool:
    """True if a no-break or thin space keeps together a number, a punctuation mark or an initial and its neighbour."""
    if space == "\u3000":
        return bool(re.match(f"[{IDEOGRAPH}]", before[-1]) or re.match(f"[{IDEOGRAPH}]", behind))
    if space not in NO_BREAK:
        return False
    initial = re.search(r"(?:^|[\s(«“„])\w$", before)
    return before[-1].isdigit() or behind.isdigit() or before[-1] in BEFORE or behind in BEHIND or bool(initial)


def entities(text: str) -> Iterator[Flaw]:
    """HTML character references."""
    for match in ENTITY.finditer(text):
        if (meant := meant_by(match[0])) is not None:
            yield Flaw(*match.span(), "E118", "HTML is not allowed: texts are plain", match[0], meant)


def meant_by(entity: str) -> str | None:
    """The character that an HTML reference stands for, a space for an invisible one; None if it is not a reference."""
    if entity[1] != "#" and f"{entity[1:].rstrip(';')};" not in html5:
        return None
    character = unescape(entity if entity.endswith(";") else f"{entity};")
    hidden = re.fullmatch(rf"[\s{SPACES}]", character) or any(True for _ in unseen(character))
    return " " if hidden and character.isspace() else "" if hidden else character


def markup(text: str) -> Iterator[Flaw]:
    """HTML and Markdown; the HTML of a line is one flaw, from the first mark to the last."""
    marks = [(m.start(), m.end()) for m in TAG.finditer(text)] if "<" in text else []
    if "&" in text:
        marks = sorted([*marks, *((flaw.start, flaw.end) for flaw in entities(text))])
    spans: list[tuple[int, int]] = []
    for start, end in marks:
        joined = spans and "\n" not in text[spans[-1][1] : end]
        spans[-1:] = [(spans[-1][0], end)] if joined else [*spans[-1:], (start, end)]
    for start, end in spans:
        fix = plain(text, start, end)
        if not fix and text[end : end + 1].isspace() and (start == 0 or text[start - 1].isspace()):
            end += 1  # remove also one of the two blanks around it
        yield Flaw(start, end, "E118", "HTML is not allowed: texts are plain", text[start:end], fix)
    for match in MARKDOWN.finditer(text):
        inner = next((group for group in match.groups() if group), "")
        message = "Markdown is not supported: texts are plain"
        yield Flaw(*match.span(), "E118", message, match[0], inner, None, Severity.WARNING)


def plain(text: str, start: int, end: int) -> str:
    """Part of a text without HTML; a line break becomes a blank."""
    inner = TAG.sub(lambda match: " " if BREAK.match(match[0]) else "", text[start:end])
    inner = re.sub(r"\s+", " ", ENTITY.sub(lambda match: match[0] if (m := meant_by(match[0])) is None else m, inner))
    if start == 0 or text[start - 1].isspace():
        inner = inner.lstrip()
    return inner.rstrip() if end == len(text) or text[end].isspace() else inner


def garbled(text: str) -> Iterator[Flaw]:
    """Words that were decoded with the wrong encoding, and combining accents without a letter."""
    for match in LONE_MARK.finditer(text):
        yield Flaw(*match.span(), "E119", "this combining accent has no letter", code_point(match[0][0]))
    if not GARBLED.search(text):
        return
    for match in re.finditer(r"[^ \t\n]+", text):
        if not GARBLED.search(match[0]):
            continue
        meant = decoded(match[0])
        if meant != match[0] and (meant is not None or "\u00e2\u20ac" in match[0]):
            message = "these letters were decoded with the wrong encoding"
            yield Flaw(*match.span(), "E119", message, match[0], meant)


def decoded(word: str) -> str | None:
    """The original of a garbled word; the word itself if it is not garbled."""
    for encoding in ("cp1252", "cp1251"):
        try:
            meant = b"".join(byte_of(letter, encoding) for letter in word).decode()
        except UnicodeError:
            continue
        if encoding == "cp1252" or (len(meant) > 2 and list(scripts(meant)) == ["Cyrillic"]):
            return decoded(meant) if GARBLED.search(meant) else meant
    if re.fullmatch(r"[\u00c0-\u00ff]{4,}\W*", word):
        return word.encode("cp1252", "replace").decode("cp1251")
    return None if "\u00e2\u20ac" in word else word


def byte_of(letter: str, encoding: str) -> bytes:
    """The byte of a letter in an encoding, even if the encoding leaves it undefined. Raises UnicodeError."""
    return bytes([ord(letter)]) if 0x80 <= ord(letter) < 0xA0 else letter.encode(encoding)


def encoded(text: str) -> Iterator[Flaw]:
    """Percent-encoded letters (RFC 3986, 2.1)."""
    for match in ENCODED.finditer(text):
        if "://" in match[0] or re.match(r"[\w-]+(\.[\w-]+)+/", match[0]):
            continue  # an address, complete or without its scheme
        try:
            meant = unquote_to_bytes(match[0]).decode()
        except UnicodeDecodeError:
            continue
        if meant.isprintable() and not (meant.isascii() and "%20" not in match[0]):
            yield Flaw(*match.span(), "E119", "these letters are percent-encoded, as in an address", match[0], meant)


def quoted_wholly(text: str) -> Flaw | None:
    """A text in quotes that YAML does not treat as quotes."""
    if not QUOTED.fullmatch(text):
        return None
    found = f"{code_point(text[0])} and {code_point(text[-1])}"
    return Flaw(
        0,
        len(text),
        "E217",
        "YAML does not treat these as quotes, so they are part of the text",
        found,
        text[1:-1].strip(),
    )


# ── In a file ────────────────────────────────────────────────────────────────────────────────────────────────────


def not_composed(text: str, file: Path, thing: str | None = None) -> Iterator[Problem]:
    """A warning for each word that is not in NFC: it looks the same, but a search for what people type misses it."""
    if unicodedata.is_normalized("NFC", text):
        return
    for number, line in enumerate(text.split("\n"), 1):
        for flaw in decomposed(line):
            yield at(file, number, flaw.start + 1, flaw, thing)


def decomposed(text: str) -> Iterator[Flaw]:
    """The words of a text that are not in NFC."""
    if unicodedata.is_normalized("NFC", text):
        return
    for match in re.finditer(WORD, text):
        if (composed := unicodedata.normalize("NFC", match[0])) != match[0]:
            odd = {c for c in match[0] if c not in composed or unicodedata.combining(c)}
            found = f"{match[0]}, with {', '.join(sorted(map(code_point, odd)))}"
            message = "this word is not in Unicode normalization form C"
            yield Flaw(*match.span(), "E114", message, found, composed, None, Severity.WARNING)


def at(file: Path, line: int, column: int, flaw: Flaw, thing: str | None = None, fix: str | None = None) -> Problem:
    """A flaw as a problem; `fix` is the replacement in the form in which the file contains it."""
    fix = flaw.fix if fix is None else fix
    blank = {"": "remove it", " ": "put one space in its place"}
    hint = flaw.hint if fix is None else blank.get(fix, f"write {fix}")
    length = max(1, flaw.end - flaw.start)
    expected = fix if fix and fix.strip() else None if hint else MEANT.get(flaw.code)
    return Problem(
        flaw.code, flaw.message, file, line, column, flaw.severity, expected, flaw.found, hint, thing, length
    )


LITERAL = re.compile(r'"((?:[^"\\\n]|\\.)+)"(?=@[A-Za-z])')
"""A text with a language, as Turtle writes it on one line (w3.org/TR/turtle, 6.4)."""


def flaws_of_turtle(text: str, file: Path) -> Iterator[Problem]:
    """The flaws of the texts with a language in a Turtle file."""
    if not may_have_flaws(text) and not any(True for _ in unseen(text)):
        return
    starts = [0, *(match.end() for match in re.finditer("\n", text))]
    for number, (start, end) in enumerate(pairwise([*starts, len(text) + 1]), 1):
        line = text[start : end - 1]
        for literal in LITERAL.finditer(line) if not line.lstrip().startswith("#") else ():
            literal_flaws = [
                flaw for flaw in flaws(literal[1]) if flaw.code != "E118" or flaw.severity is Severity.ERROR
            ]
            for offset, code, message, hint in unseen(literal[1]):
                point = code_point(literal[1][offset])
                literal_flaws.append(Flaw(offset, offset + 1, code, message, point, None, hint))
            for flaw in literal_flaws:
                yield at(file, number, literal.start(1) + flaw.start + 1, flaw)
