"""Characters: which of them are invisible, are unusual spaces, or look like letters of another script.

The Unicode Standard (unicode.org/versions/latest, 23) and its emoji report (unicode.org/reports/tr51, 2) define which
characters are invisible or join others. Look-alikes are taken from unicode.org/reports/tr39, 4, for the scripts below.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator

REPLACED = "\ufffd"
"""The character that replaces a reported byte or character in the parsed text."""

CONTROL = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"
NONCHARACTER = "\ufdd0-\ufdef" + "".join(
    f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0, 0x110000, 0x10000)
)
BLANK = "\x0b\x0c\x85\u115f\u1160\u2028\u2029\u2800\u3164\uffa0"
"""Characters without a glyph that stand for a space."""

INVISIBLE = "\u00ad\u034f\u17b4\u17b5\u200b\u2060-\u2065\u206a-\u206f\ufeff\ufff0-\ufffb"
INVISIBLE += "\U0001d173-\U0001d17a\U000e0000-\U000e001f\U000e0080-\U000e00ff\U000e01f0-\U000e0fff"

JOINING = "\u0600-\u07ff\u0840-\u0dff\u1000-\u109f\u1700-\u18af\u1a20-\u1aaf\u1b00-\u1bff\ufb50-\ufdcf\ufdf0-\ufdff"
JOINING += "\ufe70-\ufefc\U00010a00-\U00011fff"
"""Letters of scripts in which a zero-width joiner or non-joiner determines how letters connect."""

EMOJI = "\u00a9\u00ae\u203c\u2049\u2122\u2139\u2190-\u21ff\u2300-\u23ff\u2460-\u24ff\u25a0-\u27bf\u2900-\u297f"
EMOJI += "\u2b00-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff"
IDEOGRAPH = "\u2e80-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003fffd"

HIDDEN = re.compile(
    f"[{CONTROL}{NONCHARACTER}{BLANK}{INVISIBLE}]"
    f"|(?<![\u1820-\u18aa])[\u180b-\u180f]"  # variants and the vowel separator of Mongolian
    f"|(?<![{JOINING}])\u200c|\u200c(?![{JOINING}])"
    f"|(?<![{JOINING}{EMOJI}\ufe0f])\u200d(?![{JOINING}])|(?<=[{EMOJI}\ufe0f])\u200d(?![{EMOJI}])"
    f"|(?<![{EMOJI}0-9#*])[\ufe0e\ufe0f]|(?<![\u1000-\u109f\u2200-\u2bff\ua840-\ua87f{IDEOGRAPH}])[\ufe00-\ufe0d]"
    f"|(?<![{IDEOGRAPH}])[\U000e0100-\U000e01ef]"
    f"|(?<![\U0001f3f4\U000e0020-\U000e007e])[\U000e0020-\U000e007f]"  # tags make flags of regions
)
"""Invisible characters: control characters, line breaks that only YAML 1.1 knows, characters that XML 1.0 does not
allow (w3.org/TR/xml, 2.2), and joiners, variation selectors and tags without a character to join or select."""

TURN = "\u202a-\u202e\u2066-\u2069"
MARK = "\u061c\u200e\u200f"
RIGHT_TO_LEFT = re.compile(
    "[\u0590-\u061b\u061d-\u08ff\ufb1d-\ufdcf\ufdf0-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]"
)
DIRECTION = re.compile(f"[{TURN}{MARK}]")
"""Control characters that change the direction of text (unicode.org/reports/tr9, 2)."""

LOST = re.compile(f"[{REPLACED}\ue000-\uf8ff\U000f0000-\U000ffffd\U00100000-\U0010fffd]")
"""The replacement character, and characters that programs display in different ways."""

SPACES = "\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000"
"""Spaces that look like the ordinary space."""

SHOWN = re.compile(f"[\ue000-\uf8ff\U000f0000-\U0010ffff{TURN}{MARK}]|{HIDDEN.pattern}")
"""Characters that a report must show by their code points."""

UNNAMED = {"Cc": "control character", "Co": "private use character", "Cn": "undefined character"}


ASCII_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
HALF = re.compile("[\u00c2-\u00f4\u20ac][\x80-\x9f]")
"""The result of reading a UTF-8 letter as Latin-1 if no letter corresponds to its second byte."""

PLAIN = {
    chr(number)
    for start, end in ((0x20, 0x7F), (0xA0, 0x2C8), (0x391, 0x3CA), (0x400, 0x460), (0x2013, 0x201F))
    for number in range(start, end)
    if unicodedata.category(chr(number)) not in ("Cn", "Cf")
} | set("\t\r\n…€№")
"""Characters that are never reported, for a quick check."""


def unseen(text: str, *, has_replacements: bool = False) -> Iterator[tuple[int, str, str, str | None]]:
    """Yields each character that a text must not contain: its offset, the problem code, the message and a hint, if any.

    If invalid bytes have been reported (`has_replacements`), their replacement characters are skipped.
    """
    if not (ASCII_CONTROL.search(text) if text.isascii() else set(text) - PLAIN):
        return
    for match in HIDDEN.finditer(text):
        if HALF.search(text, max(0, match.start() - 1), match.end()):
            message = "this letter was decoded with the wrong encoding"
            yield match.start(), "E119", message, None
            continue
        message = "this character is invisible, and programs treat it in different ways"
        yield match.start(), "E110", message, "put a space in its place" if match[0] in BLANK else "remove it"
    end, is_right = -1, False
    for match in DIRECTION.finditer(text):
        if match.start() > end:
            end = text.find("\n", match.start()) % (len(text) + 1)
            is_right = RIGHT_TO_LEFT.search(text, text.rfind("\n", 0, match.start()) + 1, end) is not None
        if match[0] in MARK and is_right:
            continue
        yield match.start(), "E112", "this character changes the direction of the characters after it", "remove it"
    undefined = {c for c in set(text) - PLAIN if unicodedata.category(c) == "Cn"}
    for match in re.finditer(f"[{re.escape(''.join(undefined))}]", text) if undefined else ():
        if not HIDDEN.match(match[0]) and not re.match(f"[{EMOJI}]", match[0]):
            yield match.start(), "E119", "Unicode does not define this character", None
    for match in LOST.finditer(text):
        if match[0] != REPLACED:
            yield match.start(), "E119", "programs display this character in different ways", None
        elif not has_replacements:
            yield match.start(), "E119", "this character replaces a letter that was lost", None


def code_point(character: str) -> str:
    """A character as `U+200B ZERO WIDTH SPACE`."""
    name = unicodedata.name(character, "") or f"({UNNAMED.get(unicodedata.category(character), 'no character')})"
    return f"U+{ord(character):04X} {name}"


def visible(text: str, *, spaces: bool = True) -> str:
    """A text with invisible and control characters, and unusual `spaces` if asked for, written as ⟨U+200B⟩."""
    if text.isascii() and text.isprintable():
        return text
    shown = SHOWN.sub(lambda match: f"⟨U+{ord(match[0]):04X}⟩", text)
    return re.sub(f"[{SPACES}]", lambda match: f"⟨U+{ord(match[0]):04X}⟩", shown) if spaces else shown


# ── Scripts ──────────────────────────────────────────────────────────────────────────────────────────────────────

LATIN = "A-Za-z\u00aa\u00ba\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02af\u1e00-\u1eff"
SCRIPTS = {
    "Latin": LATIN,
    "Cyrillic": "\u0400-\u0481\u048a-\u052f",
    "Greek": "\u0370-\u03ff",
    "Armenian": "\u0531-\u0587",
}
IN_SCRIPT = {name: re.compile(f"[{letters}]") for name, letters in SCRIPTS.items()}

LOOK_ALIKE = {
    "Cyrillic": ("АВЕЅІЈКМНОРСТУХЬаеѕіјорсухһԁԛԝѐѓӏ", "ABESIJKMHOPCTYXbaesijopcyxhdqwèŕl"),
    "Greek": ("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧαικνορυχϲ", "ABEZHIKMNOPTYXaikvopuxc"),
    "Armenian": ("ՍՏՕԼհոսցօ", "USOLhnugo"),
}
"""The letters of other scripts that look like Latin ones, and these Latin letters."""

TO_LATIN = str.maketrans({a: b for pair in LOOK_ALIKE.values() for a, b in zip(*pair, strict=True)})
FROM_LATIN = {
    name: str.maketrans({b: a for a, b in zip(*pair, strict=True) if a not in "ЅІЈЬѕіјһԁԛԝѐѓӏ"})
    for name, pair in LOOK_ALIKE.items()
}
CYRILLIC_ALIKE = LOOK_ALIKE["Cyrillic"][0]
GREEK_ALIKE = LOOK_ALIKE["Greek"][0].replace("α", "")  # TNFα is a word

_OTHER = f"{SCRIPTS['Cyrillic']}{GREEK_ALIKE}{SCRIPTS['Armenian']}"
MIXED = re.compile(
    f"[{LATIN}][{_OTHER}]|[{_OTHER}][{LATIN}]|[{LATIN}]α[{LATIN}]"
    f"|[{SCRIPTS['Greek']}]{{2}}[{LATIN}]|[{LATIN}][{SCRIPTS['Greek']}]{{2}}"
    f"|[{SCRIPTS['Cyrillic']}][{SCRIPTS['Greek']}{SCRIPTS['Armenian']}]"
    f"|[{SCRIPTS['Greek']}{SCRIPTS['Armenian']}][{SCRIPTS['Cyrillic']}]"
)
"""A place at which a word changes from one script to another."""


def scripts(text: str) -> dict[str, int]:
    """The number of letters of each script in a text, the most frequent script first."""
    counts = {name: len(letters.findall(text)) for name, letters in IN_SCRIPT.items()}
    return dict(sorted(((n, c) for n, c in counts.items() if c), key=lambda item: -item[1]))


def in_one_script(word: str, around: Iterable[str]) -> str | None:
    """A word of two scripts in only one, if replacing look-alikes is enough; scripts of `around` are tried first."""
    for script in dict.fromkeys([*around, *scripts(word)]):
        latin = word.translate(TO_LATIN)
        same = latin if script == "Latin" else word.translate(FROM_LATIN.get(script, {}))
        if list(scripts(same)) == [script]:
            return same
    return None


def as_latin(text: str) -> str:
    """A text with Latin letters in place of look-alikes, and without invisible characters."""
    return HIDDEN.sub("", text).translate(TO_LATIN)
