"""Addresses: finds the address of a web page in a text that does not spell it correctly (RFC 3986)."""

import re
from urllib.parse import quote

from kg.model.literals import DATATYPES
from kg.names import XSD

SCHEME = re.compile(r"(?i)^(?:h?t{1,2}ps?|https?)\s*(?:[:;]\s*/{1,3}|[:;]?\s*//+|[:;]\s*\\{1,2}|:(?=\w))\s*")
"""Misspellings of the scheme and the slashes after it."""

LINK = re.compile(r"\[[^\]]*\]\((\S+)\)")
"""A link in Markdown."""

AROUND = "<>()[]{}\"'“”„«»‘’ \t\r\n"
"""Characters that surround an address that was copied from a text."""


def are_several(text: str) -> bool:
    """True for several addresses with a separator between them, which would otherwise pass for one address."""
    return bool(re.search(r"[,;|]https?://", text))


def are_dotted(text: str) -> bool:
    """True for an address whose host has a comma in place of a dot."""
    return bool(re.match(r"(?i)https?://(?:[\w-]+[.,])+[^\W\d]{2,}(?:[/?#]|$)", text)) and "," in text


def meant(text: str) -> list[str]:
    """The addresses that a text probably means, in order; none if that is not certain."""
    plain = re.sub(r"(?i)^(?:https?:/*)+(?=https?://)", "", LINK.sub(r"\1", text.strip()))
    plain = re.sub(r"(?<=\w),(?=[\w.]+(?:/|$))", ".", plain, count=1) if are_dotted(plain) else plain
    if plain.strip(AROUND).count("://") + plain.count("www.") > 1:
        parts = [
            part.strip(AROUND + ",;.|")
            for part in re.split(r"[\s,;|]+(?:(?:and|und|et|e|y|и|-)\s+)?(?=\S*(?:://|www\.))|[\s,;|]+$", plain)
        ]
        addresses = [one(part) for part in parts if part]
        if len(addresses) > 1:
            return [] if None in addresses else list(dict.fromkeys(address for address in addresses if address))
    if prefixed := re.fullmatch(r"(?i)(?:url|website|web|see|www|link|site)\s*[:=]?\s+(\S+)", plain):
        plain = prefixed[1]
    address = one(plain)
    return [address] if address else []


def one(text: str) -> str | None:
    """The one address that a text probably means."""
    plain = text.strip(AROUND)
    if re.match(r"(?i)(?!https?:)[a-z]+:(?!/)", plain) and not SCHEME.match(plain):
        return None  # an address with another scheme: mailto, javascript, data
    secure = "http" if re.match(r"(?i)h?t+p\b(?!s)", plain) else "https"
    rest, replaced = SCHEME.subn("", plain, count=1)
    if not replaced:
        rest = re.sub(r"^//", "", plain)
    host = re.match(r"[^\s/?#]*", rest)
    if host is None or not re.fullmatch(r"(?:[\w-]+\.)+[^\W\d]{2,}(?::\d+)?|(?:[\w-]+\.)*[\w-]+(?::\d+)?", host[0]):
        return None
    is_scheme = bool(re.match(r"(?i)https?://[^/]", plain))
    if not is_scheme and not re.fullmatch(r"(?:[\w-]+\.)+[^\W\d]{2,}(?::\d+)?", host[0]):
        return None
    if re.match(r"[^/?#]*\s", rest):
        return None
    guess = f"{secure}://{rest}"
    guess = re.sub(r"%(?![0-9A-Fa-f]{2})", "%25", re.sub(r"[\s<>\"{}|\\^`]", lambda m: quote(m[0]), guess))
    try:
        return DATATYPES[XSD + "anyURI"].canonical(guess)
    except ValueError:
        return None
