"""Problems: every mistake in a source has its code and its place, and nothing right is taken for a mistake."""

import io
import json
import os
import shutil
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest
from pyoxigraph import DefaultGraph, Literal, NamedNode
from rich.cells import cell_len
from rich.console import Console

from kg.diagnostics.codes import codes
from kg.diagnostics.problems import Problem, Severity, errors
from kg.diagnostics.report import as_json, as_text
from kg.names import DEFAULT_BASE, RDFS_LABEL, Names
from kg.pipeline import CHECKING, run
from kg.sources.statements import lost_statements
from kg.steps.build import Build
from kg.steps.results import Sources
from tests.building import check_world
from tests.places import ONTOLOGY, ROOT, SAMPLE, SHAPES
from tests.waiting import PATIENCE

UNREACHABLE = {
    "E214": "a safety net: the mapper refuses all that is known to be lost",
    "E304": "the mapper knows the class of every thing, and reports E215",
    "E114": "it is a warning, which keeps nothing from being published; tested in test_model.py",
    "E216": "no term of ours is deprecated; tested in test_model.py",
    "E303": "the mapper types every literal by the range of its property, or reports E203",
    "E305": "the mapper makes no blank node, and no literal where a thing is wanted",
    "E313": "no shape of ours refers to another by sh:node",
    "E315": "it is told only when asked for; tested in test_quality.py",
    "E399": "no shape of ours has a constraint of another sort",
}
"""The codes that no YAML source can bring about under our ontology and shapes, and why."""

OF_SEVERAL = {"E113", "E403", "E404", "E405", "E406"}
"""The codes that take more than one small file, tested in test_identity.py and test_read.py."""

OF_TEXTS = {"E115", "E116", "E117", "E118", "E119", "E217"}
"""The codes that are about what is written in a text, tested in test_unseen.py."""

OF_THE_MODEL = {code for code in codes() if code.startswith("E5")}
"""The codes that are about ontology and shapes files."""

PLACE = "label:\n  en: Camelot\n"
"""The first two lines of many a place, person or structure."""

STATE = "label:\n  en: Orkney\nparticipation:\n  status: participating\n  since: 1973\n"
"""The first five lines of many a State."""

MEETING = "label:\n  en: Tourney\nsince: 1999\n"
"""The first three lines of many a meeting."""

RELEASE = "title:\n  en: Quest ends\n"
"""The first two lines of many a release."""

WORDS = """
NO no on off Yes y true False 010 0x1F 1e3 12:30 1_000 +1 .5 -0 1992-07-09 1992 .inf .NaN
<< = a:b a#b -x Ünï <b&c; it's
"""
"""Words that are text where text is wanted, whatever else YAML or HTML could take them for."""


@dataclass(frozen=True, slots=True)
class Broken:
    """A source with one mistake, and the problem that it makes.

    The file is named after the claim, unless `file` says otherwise; `thing` is its path, unless said otherwise.
    """

    claim: str
    kind: str
    source: str | bytes
    code: str
    line: int
    column: int
    file: str = ""
    thing: str | None = ""

    @property
    def path(self) -> str:
        return self.file or f"{self.kind}/{slug(self.claim)}.yaml"

    @property
    def about(self) -> str | None:
        return self.path.removesuffix(".yaml") if self.thing == "" else self.thing


@dataclass(frozen=True, slots=True)
class Right:
    """A source that looks wrong and is not: its thing, and the English label that must come out."""

    claim: str
    kind: str
    source: str | bytes
    label: str

    @property
    def path(self) -> str:
        return f"{self.kind}/{slug(self.claim)}.yaml"


def slug(claim: str) -> str:
    """A claim as the name of a file."""
    return "-".join("".join(c if c.isascii() and c.isalnum() else " " for c in claim.lower()).split())


BROKEN = [
    # Bytes
    Broken("latin 1 is not UTF-8", "place", b"label:\n  en: Z\xfcrich\n", "E101", 2, 8),
    Broken("UTF-16 is not UTF-8", "place", "label:\n  en: X\n".encode("utf-16"), "E101", 1, 1),
    Broken("half a letter after whole ones", "place", "label:\n  ru: Поиск".encode() + b"\xd0\n", "E101", 2, 12),
    # YAML
    Broken("a tab indents", "place", "label:\n\ten: X\n", "E102", 2, 1),
    Broken("a quote is not closed", "place", "label:\n  en: 'X\ncountry: state/avalon\n", "E102", 2, 7),
    Broken("a brace is not closed", "place", "label: {en: X\n", "E102", 1, 8),
    Broken("an alias has no anchor", "place", "label: *camelot\n", "E102", 1, 8),
    Broken("a line is indented by one", "place", PLACE + " country: state/avalon\n", "E102", 3, 2),
    Broken("a colon in plain text", "place", "label:\n  en: Place: Camelot\n", "E102", 2, 12),
    Broken("a text begins with an at sign", "place", "label:\n  en: @home\n", "E102", 2, 7),
    Broken("a control character", "place", PLACE + "note:\n  en: a\x07b\n", "E110", 4, 8),
    Broken("a control character behind an escape", "place", 'label:\n  en: "a\\0b"\n', "E110", 2, 9),
    Broken("a key without colon", "place", "label:\n  en: X\ncountry\n\n", "E102", 3, 1),
    Broken("a tag handle that is not declared", "place", "label:\n  en: !e!foo X\n", "E102", 2, 7),
    Broken("a text begins with a grave accent", "place", "label:\n  en: `home`\n", "E102", 2, 7),
    Broken("a text begins with a percent sign", "place", "label:\n  en: %home\n", "E102", 2, 7),
    Broken("a text goes on behind its quote", "place", "label:\n  en: 'King's Rest'\n", "E102", 2, 13),
    Broken("an escape that is none", "place", 'label:\n  en: "C:\\quest"\n', "E102", 2, 10),
    Broken("a list on the line of its key", "place", PLACE + "reference: - reference/almanac\n", "E102", 3, 12),
    Broken("a bracket is not closed", "place", PLACE + "reference: [reference/almanac\n", "E102", 3, 12),
    Broken("a bracket too many", "place", PLACE + "reference: [reference/almanac]]\n", "E102", 3, 31),
    Broken(
        "an item outdented", "place", PLACE + "reference:\n  - reference/almanac\n - reference/hearsay\n", "E102", 5, 2
    ),
    Broken("an anchor twice", "place", "label:\n  en: &a X\n  fr: &a Y\n", "E102", 3, 7),
    Broken("a tab behind blanks", "place", "label:\n  en: X\n \tfr: Y\n", "E102", 3, 2),
    Broken("an override of direction", "place", "label:\n  en: a\u202eb\n", "E112", 2, 8),
    Broken("an isolate of direction in a comment", "place", "# a\u2066b\n" + PLACE, "E112", 1, 4),
    Broken("an embedding of direction behind an escape", "place", 'label:\n  en: "a\\u202ab"\n', "E112", 2, 9),
    Broken("a byte order mark inside", "place", "label:\n  en: a\ufeffb\n", "E110", 2, 8),
    Broken("a control character in a key", "place", PLACE + "no\x01te:\n  en: X\n", "E110", 3, 3),
    Broken("a control character in a comment", "place", PLACE + "# a\x02\n", "E110", 3, 4),
    Broken("UTF-16 without its mark", "place", "label".encode("utf-16-be"), "E101", 1, 1),
    Broken("no blank behind a colon", "place", PLACE + "country:state/avalon\n", "E102", 3, 1),
    Broken("a part indented by one less", "state", STATE.replace("  since", " since"), "E102", 5, 2),
    # Duplicate keys
    Broken("a key twice", "place", "label:\n  en: X\nnote:\n  en: Y\nlabel:\n  en: Z\n", "E103", 5, 1),
    Broken("a key twice in other quotes", "place", "label:\n  en: X\n'label':\n  en: Z\n", "E103", 3, 1),
    Broken("a language twice", "place", "label:\n  en: X\n  de: Y\n  en: X\n", "E103", 4, 3),
    Broken("a key twice in flow style", "place", "label: {en: X, de: Y, en: Z}\n", "E103", 1, 23),
    Broken("a key twice in a part", "state", STATE + "  since: 1974\n", "E103", 6, 3),
    Broken("a language twice in other capitals", "place", "label:\n  en: X\n  EN: X\n", "E103", 3, 3),
    # No value
    Broken("the word null", "state", STATE + "isoCode: null\n", "E104", 6, 10),
    Broken("a tilde", "state", STATE + "isoCode: ~\n", "E104", 6, 10),
    Broken("nothing after a colon", "state", STATE + "isoCode:\n", "E104", 6, 9),
    Broken("nothing after a language", "place", "label:\n  en: X\n  fr:\n", "E104", 3, 6),
    Broken("nothing after a hyphen", "place", PLACE + "reference:\n  - reference/almanac\n  -\n", "E104", 5, 4),
    Broken("nothing in a part", "state", STATE.replace("1973", ""), "E104", 5, 9),
    Broken("an empty list", "place", PLACE + "reference: []\n", "E104", 3, 12),
    Broken("an empty list of parts", "state", "label:\n  en: X\nparticipation: []\n", "E104", 3, 16),
    Broken("an empty list of texts", "place", "label:\n  en: []\n", "E104", 2, 7),
    Broken("an empty map of texts", "place", "label: {}\n", "E104", 1, 8),
    Broken("an empty text", "place", "label:\n  en: ''\n", "E104", 2, 7),
    Broken("a blank text", "place", "label:\n  en: X\n  fr: '  '\n", "E104", 3, 7),
    # Not a record
    Broken("an empty file", "place", "", "E105", 1, 1),
    Broken("comments alone", "place", "# to do\n\n# later\n", "E105", 1, 1),
    Broken("a list of records", "place", "# to do\n- label:\n    en: X\n", "E105", 2, 1),
    Broken("a line of text", "place", "Camelot\n", "E105", 1, 1),
    # Aliases
    Broken("a map that holds itself", "place", "label: &a {en: *a}\n", "E106", 1, 8),
    Broken("a list that holds itself", "place", "label:\n  en: &a\n    - X\n    - *a\n", "E106", 2, 7),
    Broken("a record that holds itself", "place", "&a\nlabel: *a\n", "E106", 1, 1),
    Broken(
        "ten aliases to the power of five",
        "place",
        "a: &a X\n" + "".join(f"{b}: &{b} [{', '.join([f'*{a}'] * 10)}]\n" for a, b in pairwise("abcdef")),
        "E106",
        1,
        4,
    ),
    # Tags and keys
    Broken("a tag on a map", "place", "label: !text {en: X}\n", "E107", 1, 8),
    Broken("a tag that makes objects", "place", "label:\n  en: !!python/object:os.system X\n", "E107", 2, 7),
    Broken("a tag of YAML 1-1", "release", RELEASE + "date: !!timestamp 2000-01-01\n", "E107", 3, 7),
    Broken("a number as key", "place", PLACE + "1: X\n", "E108", 3, 1),
    Broken("a boolean as key", "place", "label: {en: X, true: Y}\n", "E108", 1, 16),
    Broken("a null as key", "place", PLACE + "~: X\n", "E108", 3, 1),
    Broken("a list as key", "place", PLACE + "? [a]\n: X\n", "E108", 3, 3),
    # Files that are not read
    Broken("a yml file", "state", STATE, "E109", 1, 1, "state/orkney.yml", None),
    Broken("a json file", "state", "{}", "E109", 1, 1, "state/lothian.json", None),
    Broken("an upper-case suffix", "state", STATE, "E109", 1, 1, "state/gorre.YAML", None),
    Broken("a folder in a folder", "state", STATE, "E109", 1, 1, "state/islands/thule.yaml", None),
    # Unknown keys
    Broken("a key misspelt", "place", PLACE + "county: state/avalon\n", "E201", 3, 1),
    Broken("a key in capitals", "place", PLACE + "Country: state/avalon\n", "E201", 3, 1),
    Broken("a key of another kind", "place", PLACE + "isoCode: NO\n", "E201", 3, 1),
    Broken("a key that a subclass may not have", "organization", PLACE + "partOf: x/y\n", "E201", 3, 1),
    Broken("a merge key", "place", "label: &l\n  en: X\nnote:\n  en: Y\n<<: *l\n", "E201", 5, 1),
    Broken("a keyword of JSON-LD", "place", PLACE + "'@id': https://elsewhere.example/\n", "E201", 3, 1),
    Broken("an empty key", "place", PLACE + "'': X\n", "E201", 3, 1),
    Broken("an unknown key in a part", "state", STATE + "  untill: 1974\n", "E201", 6, 3),
    Broken(
        "an unknown key in the second part",
        "release",
        RELEASE + "mention: [{roleAsWritten: a}, {roleAsWritten: b, role: c}]\n",
        "E201",
        3,
        50,
    ),
    Broken("an unknown key after a byte order mark", "place", b"\xef\xbb\xbfen: X\nlabel: {en: X}\n", "E201", 1, 1),
    Broken(
        "an unknown key after a carriage return", "place", "label:\r\n  en: X\r\nlabels:\r\n  - X\r\n", "E201", 3, 1
    ),
    Broken("an unknown key after wide characters", "place", "{label: {en: 🐉é}, keys: X}\n", "E201", 1, 19),
    Broken("a line separator, which only YAML 1.1 breaks at", "place", "label:\n  en: 'a\u2028b'\n", "E110", 2, 9),
    Broken("a next-line character", "place", "label:\n  en: 'a\u0085b'\n", "E110", 2, 9),
    Broken("lists in lists in lists", "place", PLACE + "note: " + "[" * 60 + "]" * 60 + "\n", "E111", 3, 56),
    Broken("a key in German", "place", PLACE + "Staat: state/avalon\n", "E201", 3, 1),
    Broken("a key of a part one level up", "state", STATE + "until: 1974\n", "E201", 6, 1),
    Broken(
        "the key of a part misspelt",
        "state",
        "label: {en: X}\nparticipation:\n  status: participating\n  sinse: 1973\n",
        "E201",
        4,
        3,
    ),
    Broken("a key with a capital inside", "release", RELEASE + "placeaswritten: Camelot\n", "E201", 3, 1),
    # Wrong kind of value
    Broken("text without language", "place", "label: Camelot\n", "E202", 1, 8),
    Broken("a list for a map of texts", "place", "label:\n  - Camelot\n", "E202", 2, 3),
    Broken("a map for a text", "place", "label:\n  en: {text: X}\n", "E202", 2, 7),
    Broken("a map for a scalar", "state", STATE + "isoCode:\n  en: NO\n", "E202", 7, 3),
    Broken("a map for a reference", "place", PLACE + "country: {state: avalon}\n", "E202", 3, 10),
    Broken("a list in a list", "place", PLACE + "reference: [[reference/almanac]]\n", "E202", 3, 13),
    Broken("a scalar for a part", "state", "label: {en: X}\nparticipation: participating\n", "E202", 2, 16),
    Broken("a reference for a part", "release", RELEASE + "mention:\n  - person/morgan-le-fay\n", "E202", 4, 5),
    # Values that do not fit
    Broken("a day that February never has", "structure", PLACE + "established: 2018-02-30\n", "E203", 3, 14),
    Broken("a day that February had not", "structure", PLACE + "established: 1900-02-29\n", "E203", 3, 14),
    Broken("a thirteenth month", "structure", PLACE + "established: 1992-13\n", "E203", 3, 14),
    Broken("a year of two digits", "structure", PLACE + "established: 92\n", "E203", 3, 14),
    Broken("a year that was not", "structure", PLACE + "established: '0000'\n", "E203", 3, 14),
    Broken("a day of one digit", "structure", PLACE + "established: 2018-2-3\n", "E203", 3, 14),
    Broken("a date as people write it", "structure", PLACE + "established: 30.01.1992\n", "E203", 3, 14),
    Broken("a date with a time", "structure", PLACE + "established: 1992-01-30T00:00:00Z\n", "E203", 3, 14),
    Broken("an impossible date in a list", "structure", PLACE + "closed:\n  - 1992-04-31\n", "E203", 4, 5),
    Broken(
        "a boolean of YAML 1-1",
        "release",
        RELEASE + "engagement:\n  - key: a\n    initiator: post/seneschal\n    planned: yes\n",
        "E203",
        6,
        14,
    ),
    Broken("a term that is none", "field-of-work", PLACE + "notation: '04'\ndimension: humane\n", "E203", 4, 12),
    Broken("a month of one digit", "structure", PLACE + "established: 2018-7\n", "E203", 3, 14),
    Broken("a month that is none", "structure", PLACE + "established: 2018-00\n", "E203", 3, 14),
    Broken("a day that is none", "structure", PLACE + "established: 2018-07-00\n", "E203", 3, 14),
    Broken("a date in words", "structure", PLACE + "established: 9 July 1992\n", "E203", 3, 14),
    Broken("a date with slashes", "structure", PLACE + "established: 1992/07/09\n", "E203", 3, 14),
    Broken("a time", "structure", PLACE + "established: 12:30\n", "E203", 3, 14),
    Broken("a number with an exponent for a date", "structure", PLACE + "established: 1e3\n", "E203", 3, 14),
    Broken("a year with a leading zero too many", "structure", PLACE + "established: 01992\n", "E203", 3, 14),
    Broken("a year before our era", "structure", PLACE + "established: -0500\n", "E203", 3, 14),
    Broken("a span for a date", "structure", PLACE + "established: 1992/1993\n", "E203", 3, 14),
    Broken("a term in another form", "state", STATE.replace("participating", "Participating"), "E203", 4, 11),
    # References
    Broken("a reference to nothing", "place", PLACE + "country: state/avalom\n", "E204", 3, 10),
    Broken(
        "a reference to nothing in a list",
        "place",
        PLACE + "reference:\n  - reference/almanac\n  - reference/rumour\n",
        "E204",
        5,
        5,
    ),
    Broken(
        "a reference to nothing in flow style", "place", PLACE + "reference: [reference/almanac, a/b]\n", "E204", 3, 32
    ),
    Broken(
        "a reference to nothing in a part",
        "release",
        RELEASE + "mention:\n  - roleAsWritten: a\n    person: person/arthur\n",
        "E204",
        5,
        13,
    ),
    Broken("a reference upwards", "place", PLACE + "country: ../state/avalon\n", "E205", 3, 10),
    Broken("a reference upwards inside", "place", PLACE + "country: state/../state/avalon\n", "E205", 3, 10),
    Broken("a reference with a space", "place", PLACE + "country: state/isle of avalon\n", "E205", 3, 10),
    Broken("a reference that is a script", "place", PLACE + "country: javascript:alert(1)\n", "E205", 3, 10),
    Broken("a reference that is an IRI", "place", PLACE + "country: https://a.example/b\n", "E205", 3, 10),
    Broken("a reference in capitals", "place", PLACE + "country: state/Avalon\n", "E205", 3, 10),
    Broken("a reference without kind", "place", PLACE + "country: avalon\n", "E205", 3, 10),
    Broken("a reference with a slash before", "place", PLACE + "country: /state/avalon\n", "E205", 3, 10),
    Broken("a reference with a suffix", "place", PLACE + "country: state/avalon.yaml\n", "E205", 3, 10),
    Broken("a reference to a part", "place", PLACE + "country: state/avalon#participation-1999\n", "E205", 3, 10),
    Broken("an empty reference", "place", PLACE + "country: ''\n", "E205", 3, 10),
    Broken(
        "a reference of the wrong kind that is right otherwise",
        "place",
        PLACE + "country: place/lyonesse\n",
        "E204",
        3,
        10,
    ),
    Broken("a reference to a kind that is none", "place", PLACE + "country: sate/avalon\n", "E204", 3, 10),
    Broken("a reference with a query", "place", PLACE + "country: state/avalon?x\n", "E205", 3, 10),
    Broken("a reference to another host", "place", PLACE + "country: //elsewhere.example/avalon\n", "E205", 3, 10),
    Broken("a reference with half an escape", "place", PLACE + "country: state/%2e%2e\n", "E205", 3, 10),
    Broken("a reference in a subfolder", "place", PLACE + "country: state/a/b\n", "E205", 3, 10),
    Broken("a person where a structure is wanted", "structure", PLACE + "partOf: person/morgan-le-fay\n", "E215", 3, 9),
    Broken(
        "a part of a release is in the wrong class of place",
        "release",
        RELEASE + "engagement:\n  key: a\n  initiator: post/seneschal\n  place: state/avalon\n",
        "E215",
        6,
        10,
    ),
    # Languages and addresses
    Broken("a language with an underscore", "place", "label:\n  en: X\n  en_GB: Y\n", "E206", 3, 3),
    Broken("one of the languages one letter", "place", "label:\n  en: X\n  f: Y\n", "E206", 3, 3),
    Broken("a language by its name", "place", "label:\n  en: X\n  french: Y\n", "E206", 3, 3),
    Broken("a language with a blank region", "place", "label:\n  en: X\n  fr-: Y\n", "E206", 3, 3),
    Broken("an address of data", "place", PLACE + "website: 'data:text/html,x'\n", "E207", 3, 10),
    Broken("an address with quotes", "place", PLACE + 'website: https://a.example/"b"\n', "E207", 3, 10),
    Broken("an address without host", "place", PLACE + "website: https:///a\n", "E207", 3, 10),
    Broken("a relative address", "place", PLACE + "website: ../a\n", "E207", 3, 10),
    Broken("a language in words", "place", "label: {en: X, old english: Y}\n", "E206", 1, 16),
    Broken("no language, as JSON-LD has it", "place", "label:\n  '@none': X\n  en: X\n", "E206", 2, 3),
    Broken("an address that is a script", "place", PLACE + "website: javascript:alert(1)\n", "E207", 3, 10),
    Broken("an address of files", "place", PLACE + "website: ftp://a.example/\n", "E207", 3, 10),
    Broken("an address without scheme", "place", PLACE + "website: www.a.example\n", "E207", 3, 10),
    Broken("an address with a space", "place", PLACE + "website: https://a.example/a b\n", "E207", 3, 10),
    Broken("an address with half a host", "place", PLACE + "website: https://[a.example/\n", "E207", 3, 10),
    Broken("an address with a port in words", "place", PLACE + "website: https://a.example:web/\n", "E207", 3, 10),
    Broken("an address with half an escape", "place", PLACE + "website: https://a.example/100%\n", "E207", 3, 10),
    Broken("an empty address", "place", PLACE + "website: ''\n", "E207", 3, 10),
    # Parts
    Broken(
        "a part without its key", "state", "label: {en: X}\nparticipation:\n  - status: participating\n", "E208", 3, 5
    ),
    Broken("an empty part", "release", RELEASE + "mention: {}\n", "E208", 3, 10),
    Broken(
        "the second part without its key",
        "release",
        RELEASE + "mention: [{roleAsWritten: a}, {representing: state/avalon}]\n",
        "E208",
        3,
        31,
    ),
    Broken(
        "a part twice",
        "state",
        "label: {en: X}\nparticipation:\n  - {status: participating, since: 1973}\n"
        "  - {status: asianPartner, since: 1973}\n",
        "E209",
        4,
        5,
    ),
    # Values twice
    Broken("a reference twice", "place", PLACE + "reference: [reference/almanac, reference/almanac]\n", "E210", 3, 32),
    Broken("a text twice", "place", PLACE + "note:\n  en:\n    - Y\n    - Y\n", "E210", 6, 7),
    Broken(
        "an address twice", "reference", PLACE + "url:\n  - https://a.example/\n  - https://a.example/\n", "E210", 5, 5
    ),
    Broken(
        "a boolean twice in two spellings",
        "release",
        RELEASE + "engagement:\n  key: a\n  initiator: post/seneschal\n  planned: [true, TRUE]\n",
        "E210",
        6,
        19,
    ),
    # Kinds, names and types
    Broken("a folder that is no kind", "castle", PLACE, "E211", 1, 1),
    Broken("a folder that is a class of parts", "participation", PLACE, "E211", 1, 1),
    Broken("a file name in capitals", "place", PLACE, "E212", 1, 1, "place/Camelot_2.yaml"),
    Broken("a file name with two hyphens", "place", "# two\n" + PLACE, "E212", 2, 1, "place/a--b.yaml"),
    Broken(
        "an id with a space",
        "release",
        f"id: release/s1\n{RELEASE}---\nid: release/s 2\n{RELEASE}",
        "E212",
        5,
        5,
        thing="release/s 2",
    ),
    Broken("a type that is none", "release", RELEASE + "type: PresRelease\n", "E213", 3, 7),
    Broken("a type of another kind", "release", RELEASE + "type: Person\n", "E213", 3, 7),
    Broken("a type above the kind", "release", RELEASE + "type: Thing\n", "E213", 3, 7),
    Broken("two types", "release", RELEASE + "type: [Release, PressRelease]\n", "E213", 3, 7),
    Broken(
        "a type that no part has",
        "release",
        RELEASE + "engagement:\n  key: a\n  type: Feast\n  initiator: post/seneschal\n",
        "E213",
        5,
        9,
    ),
    # Shapes
    Broken("a record without what it must have", "state", "# Orkney\n\nlabel:\n  en: Orkney\n", "E301", 3, 1),
    Broken("a record behind a document mark", "state", "# Orkney\n---\nlabel:\n  en: Orkney\n", "E301", 3, 1),
    Broken("a record in flow style", "place", "{ country: state/avalon }\n", "E301", 1, 3),
    Broken(
        "a part without what it must have",
        "state",
        "label: {en: X}\nparticipation:\n"
        "  - status: participating\n    since: 1973\n    until: 1974\n  - since: 1974\n    until: 1975\n",
        "E301",
        6,
        5,
    ),
    Broken("too many values", "state", STATE + "isoCode: [FI, OK]\n", "E302", 6, 10),
    Broken(
        "too many values in a list of lines",
        "place",
        PLACE + "country:\n  - state/avalon\n  - state/lyonesse\n",
        "E302",
        4,
        3,
    ),
    Broken("a thing of the wrong class", "place", PLACE + "country: person/morgan-le-fay\n", "E215", 3, 10),
    Broken(
        "a thing of the wrong class in a list",
        "place",
        PLACE + "reference:\n  - reference/almanac\n  - place/camelot\n",
        "E215",
        5,
        5,
    ),
    Broken("a text that breaks the pattern", "state", STATE + "isoCode: NOR\n", "E306", 6, 10),
    Broken(
        "a key of a part that breaks the pattern",
        "release",
        RELEASE + "engagement:\n  - key: A\n    initiator: post/seneschal\n",
        "E306",
        4,
        10,
    ),
    Broken(
        "a text that is not in the list",
        "place",
        PLACE + "statement:\n  property: label\n  inLanguage: nl\n  reference: reference/hearsay\n",
        "E307",
        5,
        15,
    ),
    Broken("a scalar that is empty text", "release", RELEASE + "serial: ''\n", "E308", 3, 9),
    Broken("a number below the first", "meeting", MEETING + "number: 0\n", "E309", 4, 9),
    Broken("a label in another language", "place", "label:\n  en: X\n  la: X\n", "E310", 3, 3),
    Broken("a label in letters of another script", "place", "label:\n  en: Камелот\n", "E312", 2, 7),
    Broken("two labels in one language", "place", "label:\n  de: X\n  en: [Y, Z]\n", "E310", 3, 7),
    Broken(
        "an end before the beginning", "structure", PLACE + "closed: 1992-06\nestablished: 1992-07\n", "E311", 4, 14
    ),
    Broken(
        "two participations at once",
        "state",
        "label:\n  en: Orkney\nparticipation:\n"
        "  - {status: asianPartner, since: 1973, until: 1981}\n  - {status: participating, since: 1980}\n",
        "E314",
        5,
        6,
    ),
    Broken("the code of another State", "state", STATE + "isoCode: 'NO'\n", "E314", 6, 10),
    Broken("a release about itself", "release", RELEASE + "subject: release/a-release-about-itself\n", "E314", 3, 10),
    Broken("an end before the beginning in a part", "state", STATE + "  until: 1972-12-31\n", "E311", 5, 10),
    Broken(
        "a thing of none of two classes", "secretariat-unit", PLACE + "partOf: structure/quest-group\n", "E215", 3, 9
    ),
    Broken("a former name with capitals", "place", PLACE + "renamedFrom: Camelot\n", "E306", 3, 14),
    # Identity
    Broken(
        "a record twice in a file",
        "release",
        f"id: release/t1\n{RELEASE}---\nid: release/t1\n{RELEASE}",
        "E401",
        5,
        1,
        thing="release/t1",
    ),
    Broken("the copy of a record", "place", PLACE + "country: state/avalon\n", "E407", 1, 1),
    Broken("an id that is not the file", "place", "id: place/avalon\n" + PLACE, "E402", 1, 5),
    Broken("an id of another kind", "place", PLACE + "id: state/camelot\n", "E402", 3, 5),
    Broken("an id without kind", "place", PLACE + "id: an-id-without-kind\n", "E402", 3, 5),
    Broken("one of several records without id", "release", f"id: release/u1\n{RELEASE}---\n{RELEASE}", "E402", 5, 1),
]

DATES = {
    "a date in quotes": "established: '1992-07-09'",
    "a plain date": "established: 1992-07-09",
    "a leap day": "established: 2000-02-29",
    "a month": "established: 1992-07",
    "a year in quotes": 'established: "1992"',
    "an end in the year of the beginning": "established: 1992-07\nclosed: 1992",
}
"""The dates of structures that look wrong and are not; each structure has a name of its own."""

RIGHT = [
    Right("a code of two letters is not a boolean", "state", STATE + "isoCode: ON\n", "Orkney"),
    *(
        Right(f"{word} is text {number}", "place", f"label:\n  en: {word}\n", word)
        for number, word in enumerate(WORDS.split())
    ),
    Right("a quoted null is text", "place", "label:\n  en: 'null'\n", "null"),
    Right("a quoted tilde is text", "place", 'label:\n  en: "~"\n', "~"),
    Right("a keyword of JSON-LD is text", "place", "label:\n  en: '@id'\n", "@id"),
    Right("a hash and a colon in quotes", "place", "label:\n  en: 'a: b # c'\n", "a: b # c"),
    Right("blanks of a text of lines are kept", "place", "label:\n  en: |-\n    a  b\n      c\n", "a  b\n  c"),
    *(
        Right(claim, "structure", f"label:\n  en: Order of {year}\n{dates}\n", f"Order of {year}")
        for year, (claim, dates) in enumerate(DATES.items(), 500)
    ),
    Right("a folded text", "place", "label:\n  en: >-\n    Camelot\n    Castle\n", "Camelot Castle"),
    Right("a folded text with its line end", "place", "label:\n  en: >\n    Camelot\n    Castle\n", "Camelot Castle\n"),
    Right("a literal text", "place", "label:\n  en: |-\n    Camelot: # no\n      Castle\n", "Camelot: # no\n  Castle"),
    Right("a plain text of two lines", "place", "label:\n  en: Camelot\n    Castle\n", "Camelot Castle"),
    Right("escapes in double quotes", "place", 'label:\n  en: "\\u0416-\\x42 \\"\\\\"\n', 'Ж-B "\\'),
    Right("an alias for a text", "place", "label:\n  en: &name Camelot\n  fr: *name\n", "Camelot"),
    Right("an alias for a map", "place", "label: &names {en: Camelot}\nofficialName: *names\n", "Camelot"),
    Right(
        "an alias for a list",
        "place",
        "label: {en: A}\nreference: &r [reference/almanac]\nnote: {en: &n [B], fr: *n}\n",
        "A",
    ),
    Right("flow style", "place", "{label: {en: Camelot, fr: Camelot}, country: state/avalon}\n", "Camelot"),
    Right("JSON is YAML", "place", '{"label": {"en": "Camelot"},\n "country": "state/lyonesse"}', "Camelot"),
    Right("comments everywhere", "place", "# a\nlabel: # b\n  # c\n  en: Camelot # d\n# e\n", "Camelot"),
    Right("a byte order mark", "place", b"\xef\xbb\xbflabel:\n  en: Camelot\n", "Camelot"),
    Right("carriage returns", "place", "label:\r\n  en: >-\r\n    Camelot\r\n    Castle\r\n", "Camelot Castle"),
    Right("no line end at the end", "place", "label:\n  en: Camelot", "Camelot"),
    Right("blanks at line ends", "place", "label:   \n  en: Camelot  \n   \n", "Camelot"),
    Right("tabs that separate", "place", "label:\t{en:\tCamelot}\n", "Camelot"),
    Right("a document between its marks", "place", "---\nlabel:\n  en: Camelot\n...\n", "Camelot"),
    Right("a directive", "place", "%YAML 1.1\n---\nlabel:\n  en: Camelot\n", "Camelot"),
    Right("empty documents around a record", "place", "---\n---\nlabel:\n  en: Camelot\n---\n", "Camelot"),
    Right(
        "several records",
        "release",
        "id: release/r1\ntitle: {en: A}\nsubject: release/r2\n---\n"
        "title: {en: B}\nid: release/r2\n...\n---\nid: release/several-records\ntitle: {en: C}\n",
        "C",
    ),
    Right("an id that fits", "place", "id: place/an-id-that-fits\n" + PLACE, "Camelot"),
    Right("the type that it has anyway", "place", "type: Place\n" + PLACE, "Camelot"),
    Right(
        "labels in all scripts", "place", "label:\n  en: Zürich 🐉 کاملوت 亚瑟\n  ru: Ёлка\n", "Zürich 🐉 کاملوت 亚瑟"
    ),
    Right("a letter that has no single character", "place", "label:\n  en: M\u0304ara\n", "M\u0304ara"),
    Right("keys in quotes", "place", "\"label\":\n  'en': Camelot\n", "Camelot"),
    Right("a list of one for one", "place", PLACE + "country: [state/avalon]\n", "Camelot"),
    Right("one for a list of one", "place", "label:\n  en:\n    - Camelot\nreference: reference/almanac\n", "Camelot"),
    Right("one part without a list", "state", STATE, "Orkney"),
    Right("the same text in two languages", "place", "label: {en: Tintagel, fr: Tintagel}\n", "Tintagel"),
    Right("several notes in one language", "place", PLACE + "note:\n  en: [A, B]\n", "Camelot"),
    Right("a region in a language tag", "place", "label:\n  en: Camelot\n  fr-CH: Camelot\n", "Camelot"),
    Right("a language tag in capitals", "place", "label:\n  EN: Camelot\n", "Camelot"),
    Right(
        "an address with letters of every script",
        "place",
        PLACE + "website: https://ru.example/ОБСЕ?a=b&c#d\n",
        "Camelot",
    ),
    Right("an address with a scheme in capitals", "place", PLACE + "website: HTTPS://a.example/B\n", "Camelot"),
    Right("a tab behind a colon", "place", "label:\n  en:\tCamelot\n", "Camelot"),
    Right("a no-break space in a text", "place", "label:\n  en: a\u00a05\n", "a\u00a05"),
    Right("a zero-width joiner in a text", "place", "label:\n  en: 👩\u200d🚀\n", "👩\u200d🚀"),
    Right("carriage returns alone", "place", "label:\r  en: Camelot\r", "Camelot"),
    Right("an anchor that nothing uses", "place", "label:\n  en: &a Camelot\n", "Camelot"),
    Right("a tag of the core schema", "place", "label:\n  en: !!str 010\n", "010"),
    Right("a comment at the very end", "place", "label:\n  en: Camelot\n# end", "Camelot"),
    Right("a former name that is free", "place", PLACE + "renamedFrom: [camulodunum, state/camelot]\n", "Camelot"),
    Right("an address of a machine", "place", PLACE + "website: http://[2001:db8::1]:8080/%20\n", "Camelot"),
    Right(
        "a boolean in capitals",
        "release",
        "title: {en: A}\nengagement: {key: k, initiator: post/seneschal, planned: TRUE}\n",
        "A",
    ),
    Right("a role in Cyrillic", "release", "title: {en: A}\nmention:\n  roleAsWritten: Посланник\n", "A"),
    Right(
        "two names in Cyrillic",
        "release",
        "title: {en: A}\nmention:\n  - {nameAsWritten: Иванов, roleAsWritten: MP}\n"
        "  - {nameAsWritten: Петров, roleAsWritten: MP}\n",
        "A",
    ),
    Right(
        "a title in one language and a label in English",
        "release",
        "title: {fr: Bonjour}\nlabel: {en: Hello}\n",
        "Hello",
    ),
    Right(
        "two releases about each other",
        "release",
        "id: release/v1\ntitle: {en: A}\nsubject: release/two-releases-about-each-other\n---\n"
        "id: release/two-releases-about-each-other\ntitle: {en: B}\nsubject: release/v1\n",
        "B",
    ),
]


def check_files(files: Mapping[str, str | bytes], directory: Path) -> Build:
    """Checks the sample world with some files added."""
    data = directory / "data"
    shutil.copytree(SAMPLE, data)
    for path, source in files.items():
        file = data / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(source if isinstance(source, bytes) else source.encode())
    return check_world(data)


def by_file(build: Build) -> dict[str, list[Problem]]:
    """The problems of a build by the path of their file in the data directory."""
    found: dict[str, list[Problem]] = defaultdict(list)
    for problem in build.problems:
        found[problem.file.relative_to(build.sources.data[0]).as_posix()].append(problem)
    return found


def places(problems: Iterable[Problem]) -> list[tuple[str, int, int]]:
    """Code, line and column of problems."""
    return [(problem.code, problem.line, problem.column) for problem in problems]


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """The sample world with every broken source, checked in one run."""
    return check_files({case.path: case.source for case in BROKEN}, tmp_path_factory.mktemp("broken"))


@pytest.fixture(scope="module")
def right(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """The sample world with every source that only looks broken."""
    return check_files({case.path: case.source for case in RIGHT}, tmp_path_factory.mktemp("right"))


# ── What is wrong ────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("case", BROKEN, ids=lambda case: case.claim)
def test_one_problem_is_reported_for(case: Broken, broken: Build) -> None:
    found = by_file(broken).get(case.path, [])
    assert places(found) == [(case.code, case.line, case.column)]
    assert (found[0].thing, found[0].severity) == (case.about, Severity.ERROR)


def test_every_code_of_sources_is_covered() -> None:
    assert len(BROKEN) == len({case.path for case in BROKEN}) == 207
    reported = {case.code for case in BROKEN}
    assert reported | set(UNREACHABLE) == {code for code in codes() if code not in OF_THE_MODEL | OF_SEVERAL | OF_TEXTS}
    assert not reported & set(UNREACHABLE)


def test_the_problems_of_all_broken_files_are_reported_in_one_run(broken: Build) -> None:
    assert set(by_file(broken)) == {case.path for case in BROKEN}
    assert errors(broken.problems) == len(broken.problems) >= len(BROKEN)


def test_all_problems_of_one_file_are_reported_in_one_run(tmp_path: Path) -> None:
    source = "label: X\ncounty: state/avalon\ncountry: state/avalom\nwebsite: ftp://a.example\nreference: []\n"
    found = check_files({"place/many.yaml": source}, tmp_path).problems
    assert places(found) == [("E202", 1, 8), ("E201", 2, 1), ("E204", 3, 10), ("E207", 4, 10), ("E104", 5, 12)]


MISTAKES: dict[str, tuple[str, str]] = {
    "text too short and without the pattern": ("state/x.yaml", STATE + "isoCode: ''\n"),
    "the wrong class for a property and the one above it": (
        "field-of-work/x.yaml",
        PLACE + "notation: '04'\ndimension: human\nresponsibleStructure: person/morgan-le-fay\n",
    ),
    "the wrong class for a kind and the one above it": ("institution/x.yaml", PLACE + "partOf: place/camelot\n"),
    "a title that is a label too in Dutch": ("release/x.yaml", RELEASE + "  nl: Queeste\n"),
    "two titles that are labels too": ("release/y.yaml", "title:\n  en: [Quest, Question]\n"),
}
"""Sources with one mistake that two shapes, or two constraints of a shape, find."""


@pytest.fixture(scope="module")
def mistaken(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """The sample world with every such source."""
    return check_files(dict(MISTAKES.values()), tmp_path_factory.mktemp("mistaken"))


@pytest.mark.parametrize("mistake", MISTAKES)
def test_one_mistake_is_one_problem(mistake: str, mistaken: Build) -> None:
    found = by_file(mistaken)[MISTAKES[mistake][0]]
    assert len(found) == 1, [(problem.code, problem.line, problem.message) for problem in found]


def test_a_thing_in_two_data_directories_stands_twice(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name / "place").mkdir(parents=True)
        (tmp_path / name / "place" / f"only-{name}.yaml").write_text(PLACE)
        (tmp_path / name / "place" / "both.yaml").write_text(f"# {name}\n{PLACE}")
    sources = Sources((tmp_path / "a", tmp_path / "b"), ONTOLOGY, SHAPES)
    build = Build(sources, Names.at(DEFAULT_BASE), tmp_path)
    run(build, CHECKING)
    assert places(build.problems) == [("E401", 2, 1)]
    assert build.problems[0].file == tmp_path / "b" / "place" / "both.yaml"
    assert build.problems[0].thing == "place/both"
    assert build.problems[0].related[0].file == tmp_path / "a" / "place" / "both.yaml"
    assert {record.path for record in build.graph.records()} == {"place/both", "place/only-a", "place/only-b"}


def test_statements_that_are_lost_on_the_way_are_counted(right: Build) -> None:
    record, reader = right.graph.records()[0], right.state.reader
    mapped, triples = reader.map(record, right.state.identification.index)
    assert mapped.problems == []
    assert len(triples) == mapped.statements
    found = lost_statements(record, mapped.statements + 1, len(triples))
    assert (found.code, found.file, found.thing) == ("E214", record.file, record.path)


# ── What is not wrong ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("case", RIGHT, ids=lambda case: case.claim)
def test_no_problem_is_reported_for(case: Right, right: Build) -> None:
    assert by_file(right).get(case.path, []) == []
    thing = NamedNode(right.names.thing(case.path.removesuffix(".yaml")))
    quads = right.graph.store.quads_for_pattern(thing, NamedNode(RDFS_LABEL), None, DefaultGraph())
    labels = [quad.object.value for quad in quads if isinstance(quad.object, Literal) and quad.object.language == "en"]
    assert labels == [case.label]


def test_right_sources_are_many_and_raise_no_problem_elsewhere(right: Build) -> None:
    assert len(RIGHT) == len({case.path for case in RIGHT}) == 88
    assert set(by_file(right)) <= {case.path for case in RIGHT}


UNUSABLE: dict[str, tuple[str, str | bytes, str]] = {
    "bytes": ("state/x.yaml", b"label:\n  en: \xff\n", "E101"),
    "YAML": ("state/x.yaml", "label: {en: X\n", "E102"),
    "a duplicate key": ("state/x.yaml", STATE + "label:\n  en: X\n", "E103"),
    "nothing in the file": ("state/x.yaml", "", "E105"),
    "a list for a record": ("state/x.yaml", "- a\n", "E105"),
    "an unknown key": ("state/x.yaml", STATE + "key: a\n", "E201"),
    "an impossible date": ("state/x.yaml", STATE.replace("1973", "1973-13"), "E203"),
    "a value too many": ("state/x.yaml", STATE + "isoCode: [FI, OK]\n", "E302"),
    "an id that does not fit": ("state/x.yaml", "id: state/y\n" + STATE, "E402"),
    "YAML behind it in its file": ("state/xs.yaml", f"id: state/x\n{STATE}---\nlabel: {{\n", "E102"),
    "YAML before it in its file": ("state/xs.yaml", f"id: state/w\nlabel: 'a'b\n---\nid: state/x\n{STATE}", "E102"),
}
"""Sources of state/x that cannot be used, by what is wrong, each with its code."""


@pytest.mark.parametrize("wrong", UNUSABLE)
def test_a_broken_record_breaks_none_that_refers_to_it(wrong: str, tmp_path: Path) -> None:
    path, source, code = UNUSABLE[wrong]
    refers = {
        "place/p.yaml": PLACE + "country: state/x\n",
        "release/r.yaml": RELEASE + "subject: [state/avalon, state/x]\n",
        "institution/i.yaml": PLACE + "partOf: organization/round-table\nseat: place/p\n",
    }
    found = by_file(check_files({path: source, **refers}, tmp_path))
    assert {file: {problem.code for problem in problems} for file, problems in found.items()} == {path: {code}}


# ── What must not stop a check ───────────────────────────────────────────────────────────────────────────────────


def test_values_nested_too_deep_are_problems_and_no_crash(tmp_path: Path) -> None:
    (tmp_path / "place").mkdir()
    for depth in (1_000, 2_000, 100_000):
        text = f"label:\n  en: {'[' * depth}X{']' * depth}\n"
        (tmp_path / "place" / f"deep-{depth}.yaml").write_text(text)
    command = [sys.executable, "-m", "kg", "check", "--data", str(tmp_path), "--format", "json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 1, done.stderr[-300:]
    problems = json.loads(done.stdout)["problems"]
    assert [problem["thing"] for problem in problems] == ["place/deep-1000", "place/deep-100000", "place/deep-2000"]


def test_the_lock_file_of_an_editor_is_passed_over(tmp_path: Path) -> None:
    shutil.copytree(SAMPLE, tmp_path / "data")
    (tmp_path / "data" / "state" / ".#avalon.yaml").symlink_to("editor@machine.1234:1700000000")
    assert check_world(tmp_path / "data").problems == []


def test_a_link_to_nothing_is_no_crash(tmp_path: Path) -> None:
    shutil.copytree(SAMPLE, tmp_path / "data")
    (tmp_path / "data" / "state" / "gorre.yaml").symlink_to("moved.yaml")
    assert {problem.thing for problem in check_world(tmp_path / "data").problems} <= {"state/gorre", None}


def test_a_directory_named_like_a_source_is_no_crash(tmp_path: Path) -> None:
    shutil.copytree(SAMPLE, tmp_path / "data")
    (tmp_path / "data" / "state" / "gorre.yaml").mkdir()
    assert {problem.thing for problem in check_world(tmp_path / "data").problems} <= {"state/gorre", None}


# ── How it is told ───────────────────────────────────────────────────────────────────────────────────────────────


def test_problems_are_in_the_order_of_files_and_places(broken: Build) -> None:
    order = [(str(p.file), p.line, p.column) for p in broken.problems]
    assert order == sorted(order)


def test_the_json_form_has_exactly_the_fields_of_the_contract(broken: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    data = broken.sources.data[0]
    monkeypatch.chdir(data.parent)
    answer = json.loads(as_json(broken.problems, {}, [], broken.files, len(broken.paths), 0.25))
    assert set(answer) == {"problems", "elsewhere", "notes", "files", "records", "seconds"}
    assert (answer["files"], answer["records"], answer["seconds"]) == (broken.files, len(broken.paths), 0.25)
    assert len(answer["problems"]) == len(broken.problems)
    fields = {
        "code", "severity", "message", "file", "line", "column", "expected", "found", "hint", "thing", "related",
    }  # fmt: skip
    files = {case.path for case in BROKEN}
    for found in answer["problems"]:
        assert set(found) == fields
        assert found["file"].removeprefix(f"data{os.sep}") in files
        assert found["severity"] in {"error", "warning", "info"}
        assert found["code"] in codes()
        assert all(isinstance(found[name], int) and found[name] >= 1 for name in ("line", "column"))
        assert isinstance(found["message"], str)
        assert found["message"]
        assert all(
            found[name] is None or isinstance(found[name], str) for name in ("expected", "found", "hint", "thing")
        )
    nothing: dict[str, object] = {"problems": [], "elsewhere": [], "notes": [], "files": 0, "records": 0}
    assert json.loads(as_json([], {}, [], 0, 0, 1.23456)) == {**nothing, "seconds": 1.235}


def told(problems: Iterable[Problem], width: int = 80) -> str:
    """The text form of problems, as a terminal of some width gets it."""
    out = io.StringIO()
    as_text(problems, Console(file=out, width=width, highlight=False, color_system=None))
    return out.getvalue()


@pytest.mark.parametrize("width", [20, 80])
def test_the_text_form_shows_the_line_and_a_caret_under_the_column(
    broken: Build, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(broken.sources.data[0])
    shown = 0
    for problem in broken.problems:
        source = problem.file.read_bytes().decode("utf-8-sig", "replace").split("\n")
        first, *rest = told([problem], width).split("\n")
        place = f"{problem.file.relative_to(Path.cwd())}:{problem.line}:{problem.column}"
        assert first == f"{place}: error[{problem.code}] {problem.message}"
        line = source[problem.line - 1].rstrip("\r")
        if "\t" in line or not line.isprintable() or not line.strip():
            continue
        gutter = f"{problem.line} | "
        assert rest[0] == gutter + line
        assert rest[1].index("^") == len(gutter) + cell_len(line[: problem.column - 1])
        assert set(rest[1].strip(" |")) == {"^"}
        assert len(rest[1]) <= max(len(rest[0]), rest[1].index("^") + 1)
        shown += 1
    assert shown > 140


def test_a_caret_stands_under_its_column_behind_a_tab(tmp_path: Path) -> None:
    build = check_files({"place/tab.yaml": "{label:\t{en: X},\tkeys: Y}\n"}, tmp_path)
    assert places(build.problems) == [("E201", 1, 18)]
    _, line, caret, *_ = told(build.problems).split("\n")
    assert line.expandtabs(8).index("keys") == caret.expandtabs(8).index("^")


def test_the_text_form_says_what_was_expected_and_found_and_what_was_meant(tmp_path: Path) -> None:
    build = check_files({"place/x.yaml": PLACE + "country: state/avalom\n"}, tmp_path)
    lines = told(build.problems).rstrip("\n").split("\n")
    assert lines[1:4] == ["3 | country: state/avalom", "  |          ^^^^^^^^^^^^", lines[3]]
    assert [line.partition(":")[0].strip() for line in lines[3:]] == ["expected", "found", "hint"]
    assert lines[-1] == "  hint: did you mean 'state/avalon'?"


def test_marks_of_the_terminal_library_in_a_source_are_text(tmp_path: Path) -> None:
    build = check_files({"place/x.yaml": PLACE + "'[bold]x[/bold] :dragon:': y\n"}, tmp_path)
    assert "3 | '[bold]x[/bold] :dragon:': y\n" in told(build.problems)


def test_each_missing_value_is_a_problem_of_its_own(tmp_path: Path) -> None:
    found = check_files({"field-of-work/bare.yaml": "note:\n  en: X\n"}, tmp_path).problems
    assert places(found) == [("E301", 1, 1)] * 3
    assert sorted(word for p in found for word in ("label", "notation", "dimension") if f"one {word}" in p.message) == [
        "dimension",
        "label",
        "notation",
    ]


def test_a_release_without_title_is_told_so_once(tmp_path: Path) -> None:
    [found] = check_files({"release/2000-09.yaml": "date: 2000\n"}, tmp_path).problems
    assert found.message.startswith("A release must have a title")
