"""Links: what a resource says of its neighbours, as a `Link` header, as HTML and as a link set.

Web Linking (RFC 8288), link relations of the IANA registry, FAIR Signposting level 2 (signposting.org/FAIR), and
`application/linkset+json` (RFC 9264, 4.2).
"""

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from werkzeug.datastructures import Headers

MAX_HEADER_BYTES = 3_400
"""Maximum size of the headers of an answer, in bytes, besides those that the server and proxies add.

A proxy such as nginx reads 4096 bytes of them, with the status line, and answers 502 where there are more.
"""

UNCOUNTED = ("content-length", "content-range", "date")
"""Headers that are there or not by method and status, whose few bytes are in what MAX_HEADER_BYTES leaves free."""


@dataclass(frozen=True, slots=True)
class Link:
    """A link of the resource at hand: its target, its relation, and what else is said (type, hreflang)."""

    href: str
    rel: str
    attributes: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        attributes = "".join(f'; {name}="{value}"' for name, value in self.attributes.items())
        return f'<{self.href}>; rel="{self.rel}"{attributes}'


def link(href: str, rel: str, **attributes: str) -> Link:
    """A link, with its attributes as keywords."""
    return Link(href, rel, attributes)


ORDER = ("linkset", "canonical", "cite-as", "license", "describedby")
"""The relations that a header has first, which come to those that are left out; `alternate` is the last of all."""


def in_order(links: Iterable[Link]) -> list[Link]:
    """Links in the order in which a header has room for them."""

    def place(each: Link) -> int:
        return ORDER.index(each.rel) if each.rel in ORDER else len(ORDER) + (each.rel == "alternate")

    return sorted(links, key=place)


def put(headers: Headers, links: Iterable[Link], *, json: bool = False) -> None:
    """Puts links into the headers of an answer, a line each; `fit` makes one of those for which there is room.

    With `json` the relation of all alternates but the first is a token, which says the same (RFC 8288, 3): PyLD loads
    JSON-LD by this header, and breaks where it understands that there are several.
    """
    lines = [*map(str, in_order(links))]
    others = [place for place, line in enumerate(lines) if 'rel="alternate"' in line][1:] if json else []
    for place in others:
        lines[place] = lines[place].replace('rel="alternate"', "rel=alternate")
    headers.setlist("Link", lines)


def linkset(contexts: dict[str, list[Link]]) -> bytes:
    """The links of each anchor as a link set in JSON."""
    anchors = []
    for anchor, links in contexts.items():
        targets: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for each in links:
            attributes = {k: [v] if k == "hreflang" else v for k, v in each.attributes.items()}
            targets[each.rel].append({"href": each.href, **attributes})
        anchors.append({"anchor": anchor, **targets})
    return json.dumps({"linkset": anchors}, ensure_ascii=False, indent=2).encode() + b"\n"


def fit(headers: Headers) -> bool:
    """Leaves of the links, and of Content-Location, what the header block has room for; False if that is not enough.

    Whatever is left out stands in the link set, whose address is the first of the links.
    """
    links = headers.getlist("Link")
    location = headers.get("Content-Location")
    del headers["Link"], headers["Content-Location"]
    room = MAX_HEADER_BYTES - sum(cost(name, value) for name, value in headers if name.lower() not in UNCOUNTED)
    wanted = [("Link", each) for each in links]
    wanted[1:1] = [("Content-Location", location)] if location is not None else []
    fitting = []
    for name, value in wanted:
        if cost(name, value) <= room:
            room -= cost(name, value)
            fitting.append((name, value))
    if fitting_links := [value for name, value in fitting if name == "Link"]:
        headers["Link"] = ", ".join(fitting_links)
    if location is not None and ("Content-Location", location) in fitting:
        headers["Content-Location"] = location
    return room >= 0


def cost(name: str, value: str) -> int:
    """How many bytes a header takes."""
    return len(name) + len(value) + len(": \r\n")
