"""Links: what a resource says of its neighbours, as a `Link` header, as HTML and as a link set.

Web Linking (RFC 8288), link relations of the IANA registry, FAIR Signposting level 2 (signposting.org/FAIR), and
`application/linkset+json` (RFC 9264, 4.2).
"""

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Link:
    """A link of the resource at hand: its target, its relation, and what else is said (type, hreflang)."""

    href: str
    rel: str
    attributes: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        told = "".join(f'; {name}="{value}"' for name, value in self.attributes.items())
        return f'<{self.href}>; rel="{self.rel}"{told}'


def link(href: str, rel: str, **attributes: str) -> Link:
    """A link, with its attributes as keywords."""
    return Link(href, rel, attributes)


def header(links: Iterable[Link]) -> str:
    """The value of the `Link` header."""
    return ", ".join(map(str, links))


def header_for_json(links: Iterable[Link]) -> str:
    """Likewise, with the relation of all alternates but the first as a token, which says the same (RFC 8288, 3).

    PyLD loads JSON-LD by this header, and breaks where it understands that there are several.
    """
    first, *others = header(links).split('rel="alternate"')
    return first + 'rel="alternate"'.join(["", *others[:1]]) + "".join(f"rel=alternate{rest}" for rest in others[1:])


def linkset(contexts: dict[str, list[Link]]) -> bytes:
    """The links of each anchor as a link set in JSON."""
    found = []
    for anchor, links in contexts.items():
        targets: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for each in links:
            attributes = {k: [v] if k == "hreflang" else v for k, v in each.attributes.items()}
            targets[each.rel].append({"href": each.href, **attributes})
        found.append({"anchor": anchor, **targets})
    return json.dumps({"linkset": found}, ensure_ascii=False, indent=2).encode() + b"\n"
