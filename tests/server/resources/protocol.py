"""The table of protocol.yaml: the behaviour of the endpoint, for the tests and for server/PROTOCOL.md.

`python -m tests.server.resources.protocol` writes that page.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.places import ROOT

HERE = Path(__file__).parent
PAGE = ROOT / "server" / "PROTOCOL.md"
BASE = "http://localhost:8000/"

TEXTS = {
    "$SELECT": f"SELECT ?s {{ ?s a <{BASE}ontology#State> }} ORDER BY ?s",
    "$ASK": "ASK { ?s ?p ?o }",
    "$CONSTRUCT": "CONSTRUCT { ?s a ?t } WHERE { ?s a ?t }",
    "$DESCRIBE": f"DESCRIBE <{BASE}id/state/avalon>",
    "$ORDERED": "SELECT DISTINCT ?s ?p { ?s ?p ?o } ORDER BY ?s ?p",
    "$ALL": "SELECT * { ?s ?p ?o } ORDER BY ?s ?p STR(?o)",
    "$GRAPHS": "SELECT DISTINCT ?g { GRAPH ?g { ?s ?p ?o } } ORDER BY ?g",
    "${BASE}": BASE,
    "${LONG}": "x" * 1_000_000,
    "${ADDRESS}": "x" * 100_000,
    "${DEEP}": "(" * 3000,
    "${PEED}": ")" * 3000,
}
"""The values of the names in the table."""

INTRODUCTION = """# The protocol of the endpoint

This page lists the behaviour of `/sparql` and `/graph` by the specifications that they implement. Each row is a test
(`tests/server/resources/test_protocol.py`), and `python -m tests.server.resources.protocol` generates this page from
the table of the tests. [queries/README.md](queries/README.md) describes the limits of queries and how they are
isolated.
"""


@dataclass(frozen=True, slots=True)
class Case:
    """A case: the specification and section, the behaviour, and the request and answer that show it."""

    section: str
    claim: str
    told: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.section}: {self.claim}"


def cases() -> Iterator[Case]:
    """All cases of the table."""
    text = (HERE / "protocol.yaml").read_text(encoding="utf-8")
    for section, rows in yaml.safe_load(text).items():
        for row in rows:
            yield Case(section, row["claim"], expanded(row))


def expanded(value: Any) -> Any:
    """A value of the table with all names replaced by their values."""
    text = json.dumps(value)
    for name, meant in TEXTS.items():
        text = text.replace(name, json.dumps(meant)[1:-1])
    return json.loads(text)


def page() -> str:
    """The page with all cases."""
    rows: dict[str, list[str]] = {}
    for case in cases():
        rows.setdefault(case.section, []).append(case.claim.replace("|", "\\|"))
    table = [
        f"| {section if number == 0 else ''} | {claim} |"
        for section, claims in rows.items()
        for number, claim in enumerate(claims)
    ]
    return "\n".join([INTRODUCTION, "| specification, section | behaviour |", "|---|---|", *table]) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
