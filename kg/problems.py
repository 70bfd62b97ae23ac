"""Problems: what is wrong in a source, where, and how to mend it."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class Severity(StrEnum):
    """How bad a problem is; only errors keep a dataset from being published."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


CODES = {
    # E1xx: bytes and YAML
    "E101": "not UTF-8",
    "E102": "not YAML",
    "E103": "duplicate key",
    "E104": "no value",
    "E105": "not a record",
    "E106": "alias without end",
    "E107": "tag",
    "E108": "key is not text",
    "E109": "file is not read",
    "E110": "character that cannot be shown",
    "E111": "nested too deep",
    "E112": "change of direction",
    "E113": "file too large",
    # E2xx: keys, values and references
    "E201": "unknown key",
    "E202": "wrong kind of value",
    "E203": "value does not fit",
    "E204": "dangling reference",
    "E205": "not a reference",
    "E206": "bad language tag",
    "E207": "not an address",
    "E208": "part without its key",
    "E209": "part twice",
    "E210": "value twice",
    "E211": "unknown kind",
    "E212": "bad name",
    "E213": "unknown type",
    "E214": "statements lost",
    "E215": "reference to the wrong class",
    # E3xx: shapes
    "E301": "too few values",
    "E302": "too many values",
    "E303": "wrong datatype",
    "E304": "wrong class",
    "E305": "wrong sort of node",
    "E306": "does not match the pattern",
    "E307": "not in the list",
    "E308": "wrong length",
    "E309": "out of range",
    "E310": "wrong language",
    "E311": "values out of order",
    "E312": "combination not met",
    "E313": "shape not met",
    "E399": "constraint not met",
    # E4xx: identity
    "E401": "thing twice",
    "E402": "id does not fit its file",
    "E403": "former name in use",
    "E404": "withdrawn thing in use",
    "E405": "perhaps the same thing",
    "E406": "circle",
    # E5xx: ontology and shapes files
    "E501": "not Turtle",
    "E502": "rule for the ontology not met",
    "E503": "key with two meanings",
    "E504": "property not in the ontology",
    "E505": "range not supported",
    "E506": "not a SHACL shape",
}
"""Every code, and what it means in a few words."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong.

    `line` and `column` count from 1; `length` is how many characters the caret underlines; `thing` is the path,
    `kind/name`, of the record it is in.
    """

    code: str
    message: str
    file: Path
    line: int = 1
    column: int = 1
    severity: Severity = Severity.ERROR
    expected: str | None = None
    found: str | None = None
    hint: str | None = None
    thing: str | None = None
    length: int = 1


def errors(problems: Iterable[Problem]) -> int:
    """How many of the problems are errors."""
    return sum(problem.severity is Severity.ERROR for problem in problems)


def in_order(problems: Iterable[Problem]) -> list[Problem]:
    """The problems by file and place, each once."""
    return sorted(set(problems), key=lambda p: (str(p.file), p.line, p.column, p.code, p.message))
