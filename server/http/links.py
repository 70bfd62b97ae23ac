"""Links: the links of a resource, as a `Link` header, as HTML and as a link set.

The standards are Web Linking (RFC 8288), the link relations of the IANA registry, FAIR Signposting level 2
(signposting.org/FAIR), and `application/linkset+json` (RFC 9264, 4.2).
"""

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from werkzeug.datastructures import Headers

MAX_HEADER_BYTES = 3_400
"""Maximum size of the headers of a response, in bytes, without those that the server and proxies add. A proxy such as
nginx reads 4096 bytes, including the status line, and responds with 502 to longer headers."""

UNCOUNTED = ("content-length", "content-range", "date")
"""Headers that depend on method and status; MAX_HEADER_BYTES leaves space for them."""


@dataclass(frozen=True, slots=True)
class Link:
    """A link of the current resource: its target, its relation, and other attributes (type, hreflang)."""

    href: str
    rel: str
    attributes: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        attributes = "".join(f'; {name}="{value}"' for name, value in self.attributes.items())
        return f'<{self.href}>; rel="{self.rel}"{attributes}'


def link(href: str, rel: str, **attributes: str) -> Link:
    """A link, with its attributes as keyword arguments."""
    return Link(href, rel, attributes)


ORDER = ("linkset", "canonical", "cite-as", "license", "describedby")
"""The relations that come first in a header, in this order; `alternate` comes last."""


def in_order(links: Iterable[Link]) -> list[Link]:
    """Links in the order of their importance for a header."""

    def place(each: Link) -> int:
        return ORDER.index(each.rel) if each.rel in ORDER else len(ORDER) + (each.rel == "alternate")

    return sorted(links, key=place)


def put(headers: Headers, links: Iterable[Link], *, json: bool = False) -> None:
    """Adds links to the headers of a response, one line each; `fit` joins those that fit into one header.

    With `json`, the relation of all alternates except the first is a token, which has the same meaning (RFC 8288, 3),
    because PyLD loads JSON-LD by this header and fails if it recognizes several alternates.
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
    """Removes links, and Content-Location, that exceed the limit of the header block; false if that is not enough.

    The removed links are in the link set, whose address is the first link.
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
    """The number of bytes of a header."""
    return len(name) + len(value) + len(": \r\n")
