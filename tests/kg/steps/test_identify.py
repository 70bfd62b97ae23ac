"""Identity: one record a thing, former and withdrawn names, possible duplicates, circles; and files too large."""

from pathlib import Path

import pytest

from kg.diagnostics.problems import Severity
from kg.names import DEFAULT_BASE, Names
from kg.pipeline import CHECKING, run
from kg.sources.files import MAX_BYTES
from kg.steps.build import Build
from kg.steps.results import Sources
from tests.kg.steps.test_problems import PLACE, RELEASE, STATE, check_files
from tests.places import ONTOLOGY, SHAPES

pytestmark = pytest.mark.slow

Found = list[tuple[str, str, int, int]]
"""File, code, line and column of each problem."""


def found_in(build: Build) -> Found:
    root = build.sources.data[0]
    return [(p.file.relative_to(root).as_posix(), p.code, p.line, p.column) for p in build.problems]


ENTRY = "- path: state/logres\n  date: 1999\n  reason: merged\n"
PERSON = "label:\n  en: {}\n"
GROUP = "label:\n  en: Order of {}\npartOf: structure/{}\n"

WORLDS: dict[str, tuple[dict[str, str | bytes], Found]] = {
    "a former name that is a thing": (
        {"state/orkney.yaml": STATE + "renamedFrom: avalon\n"},
        [("state/orkney.yaml", "E403", 6, 14)],
    ),
    "a former path that is a thing, in a list": (
        {"state/orkney.yaml": STATE + "renamedFrom:\n  - logres\n  - place/camelot\n"},
        [("state/orkney.yaml", "E403", 8, 5)],
    ),
    "a former name that it still has": (
        {"state/orkney.yaml": STATE + "renamedFrom: orkney\n"},
        [("state/orkney.yaml", "E403", 6, 14)],
    ),
    "a former name of two things": (
        {f"state/{name}.yaml": STATE.replace("Orkney", name) + "renamedFrom: logres\n" for name in ("gorre", "orkney")},
        [("state/orkney.yaml", "E403", 6, 14)],
    ),
    "a former name that nothing has": ({"state/orkney.yaml": STATE + "renamedFrom: [logres, place/orkney]\n"}, []),
    "a withdrawn thing that is there": (
        {"withdrawn.yaml": ENTRY + ENTRY.replace("logres", "avalon")},
        [("withdrawn.yaml", "E404", 4, 9)],
    ),
    "a thing withdrawn twice": ({"withdrawn.yaml": ENTRY + ENTRY}, [("withdrawn.yaml", "E404", 4, 9)]),
    "a thing withdrawn and renamed": (
        {"withdrawn.yaml": ENTRY, "state/orkney.yaml": STATE + "renamedFrom: logres\n"},
        [("withdrawn.yaml", "E404", 1, 9)],
    ),
    "a thing withdrawn with what replaced it": ({"withdrawn.yaml": ENTRY + "  replacedBy: state/avalon\n"}, []),
    "a thing replaced by nothing that there is": (
        {"withdrawn.yaml": ENTRY + "  replacedBy: state/avalom\n"},
        [("withdrawn.yaml", "E204", 4, 15)],
    ),
    "an entry with an unknown key": (
        {"withdrawn.yaml": ENTRY + "  replaced_by: state/avalon\n"},
        [("withdrawn.yaml", "E201", 4, 3)],
    ),
    "an entry without reason": (
        {"withdrawn.yaml": "- path: state/logres\n  date: 1999\n"},
        [("withdrawn.yaml", "E301", 1, 3)],
    ),
    "an entry on an impossible day": (
        {"withdrawn.yaml": ENTRY.replace("1999", "1999-02-29")},
        [("withdrawn.yaml", "E203", 2, 9)],
    ),
    "an entry of what has no path": (
        {"withdrawn.yaml": ENTRY.replace("state/logres", "Logres")},
        [("withdrawn.yaml", "E205", 1, 9)],
    ),
    "a map for the list of what is withdrawn": (
        {"withdrawn.yaml": "path: state/logres\n"},
        [("withdrawn.yaml", "E105", 1, 1)],
    ),
    "YAML that is broken in the list of what is withdrawn": (
        {"withdrawn.yaml": ENTRY + "\t- path: x\n"},
        [("withdrawn.yaml", "E102", 4, 1)],
    ),
    "a reference to a withdrawn thing": (
        {"withdrawn.yaml": ENTRY + "  replacedBy: state/avalon\n", "place/x.yaml": PLACE + "country: state/logres\n"},
        [("place/x.yaml", "E204", 3, 10)],
    ),
    "a person in another spelling": (
        {"person/morgana-le-fay.yaml": PERSON.format("Morgana le Fay")},
        [("person/morgana-le-fay.yaml", "E405", 2, 7)],
    ),
    "a person with the names in another order": (
        {"person/x.yaml": PERSON.format("LE FAY, Morgan")},
        [("person/x.yaml", "E405", 2, 7)],
    ),
    "a person with an initial": (
        {"person/a.yaml": PERSON.format("Igor Pellinore"), "person/b.yaml": PERSON.format("I. Pellinore")},
        [("person/b.yaml", "E405", 2, 7)],
    ),
    "a person who is said to be another": (
        {"person/x.yaml": PERSON.format("Morgan Le Fay") + "differentFrom: person/morgan-le-fay\n"},
        [],
    ),
    "a person with a name of no letters": (
        {"person/x.yaml": "label:\n  en: Morgan Tud\n  ru: '???'\nofficialName: {en: '—'}\n"},
        [],
    ),
    "a double with the same former name": (
        {"release/x.yaml": "\n---\n".join([f"id: release/y\n{RELEASE}renamedFrom: z"] * 2)},
        [("release/x.yaml", "E401", 6, 1)],
    ),
    "people of one family": (
        {"person/a.yaml": PERSON.format("Arthur Pendragon"), "person/b.yaml": PERSON.format("Uther Pendragon")},
        [],
    ),
    "places of nearly the same name": (
        {"place/x.yaml": "label:\n  en: Camelott\n"},
        [],
    ),
    "a structure that is part of itself": (
        {"structure/a.yaml": GROUP.format("Iron", "a")},
        [("structure/a.yaml", "E406", 3, 9)],
    ),
    "two releases that correct each other": (
        {
            f"release/{one}.yaml": f"title:\n  en: Quest {one}\ncorrects: release/{other}\n"
            for one, other in (("a", "b"), ("b", "a"))
        },
        [("release/a.yaml", "E406", 3, 11), ("release/b.yaml", "E406", 3, 11)],
    ),
    "three structures in a circle, and one beside it": (
        {
            "structure/a.yaml": GROUP.format("Iron", "b"),
            "structure/b.yaml": GROUP.format("Bronze", "c"),
            "structure/c.yaml": GROUP.format("Silver", "a"),
            "structure/d.yaml": GROUP.format("Gold", "a"),
        },
        [(f"structure/{name}.yaml", "E406", 3, 9) for name in "abc"],
    ),
    "a file that is too large": (
        {"place/x.yaml": b"label:\n  en: X\n# " + b"x" * MAX_BYTES, "release/r.yaml": RELEASE + "place: place/x\n"},
        [("place/x.yaml", "E113", 1, 1)],
    ),
    "a file of bytes": ({"place/x.yaml": bytes(range(128, 256)) * 9}, [("place/x.yaml", "E101", 1, 1)]),
    "a file of controls": ({"place/x.yaml": "# ab\n" + "\x01" * 999}, [("place/x.yaml", "E110", 2, 1)]),
    "a double of a record that is broken": (
        {"release/x.yaml": f"id: release/y\n{RELEASE}county: x\n---\nid: release/y\n{RELEASE}dat: 2000\n"},
        [("release/x.yaml", "E201", 4, 1), ("release/x.yaml", "E401", 6, 1), ("release/x.yaml", "E201", 9, 1)],
    ),
}
"""Sources added to the sample world, and the problems that they make."""


@pytest.mark.parametrize("claim", WORLDS)
def test_exactly_these_problems_are_reported_for(claim: str, tmp_path: Path) -> None:
    files, expected = WORLDS[claim]
    build = check_files(files, tmp_path)
    assert found_in(build) == expected
    doubles = [problem.severity is Severity.WARNING for problem in build.problems if problem.code == "E405"]
    assert all(doubles)


def test_the_worlds_are_as_many_as_were_written() -> None:
    assert len(WORLDS) == 32


HINTS: dict[str, tuple[dict[str, str | bytes], str | None]] = {
    "the former name": (
        {"state/orkney.yaml": STATE + "renamedFrom: lothian\n", "place/x.yaml": PLACE + "country: state/lothian\n"},
        "did you mean 'state/orkney'?",
    ),
    "what replaced a thing": (
        {"withdrawn.yaml": ENTRY + "  replacedBy: state/avalon\n", "place/x.yaml": PLACE + "country: state/logres\n"},
        "write state/avalon",
    ),
    "a label in Russian": (
        {
            "state/orkney.yaml": STATE.replace("Orkney", "Orkney\n  ru: Оркни"),
            "place/x.yaml": PLACE + "country: Оркни\n",
        },
        "did you mean 'state/orkney'?",
    ),
    "an official name": (
        {
            "state/orkney.yaml": STATE + "officialName: {en: Kingdom of Lot}\n",
            "place/x.yaml": PLACE + "country: state/kingdom-of-lott\n",
        },
        "did you mean 'state/orkney'?",
    ),
    "the right kind": ({"place/x.yaml": PLACE + "country: place/avalon\n"}, "did you mean 'state/avalon'?"),
    "one without its folder": ({"place/x.yaml": PLACE + "country: avalon\n"}, "did you mean 'state/avalon'?"),
    "one with its file": (
        {"place/x.yaml": PLACE + "country: data/state/avalon.yaml\n"},
        "did you mean 'state/avalon'?",
    ),
    "one with letters swapped": ({"place/x.yaml": PLACE + "country: state/avaoln\n"}, "did you mean 'state/avalon'?"),
    "two that are as near": (
        {
            "state/orkney-a.yaml": STATE,
            "state/orkney-b.yaml": STATE.replace("Orkney", "Orcades"),
            "place/x.yaml": PLACE + "country: state/orkney-c\n",
        },
        "did you mean 'state/orkney-a' or 'state/orkney-b'?",
    ),
    "a key misspelt": ({"place/x.yaml": PLACE + "contry: state/avalon\n"}, "did you mean 'country'?"),
    "a key in French": ({"place/x.yaml": PLACE + "site web: https://a.example/\n"}, "did you mean 'website'?"),
    "the part a key belongs in": (
        {"state/x.yaml": STATE + "until: 1974\n"},
        "move it into participation",
    ),
    "a type misspelt": ({"release/x.yaml": RELEASE + "type: PresRelease\n"}, "did you mean 'PressRelease'?"),
    "a type in French": ({"release/x.yaml": RELEASE + "type: Communiqué de presse\n"}, "did you mean 'PressRelease'?"),
    "a term by its label": (
        {"state/x.yaml": STATE.replace("participating", "participating State")},
        "did you mean 'participating'?",
    ),
    "a kind": ({"sate/x.yaml": STATE}, "did you mean 'state'?"),
    "a day in words": ({"structure/x.yaml": PLACE + "established: 9 July 1992\n"}, "write 1992-07-09"),
    "a day with dots": ({"structure/x.yaml": PLACE + "established: 9.7.1992\n"}, "write 1992-07-09"),
    "a month of one digit": ({"structure/x.yaml": PLACE + "established: 1992-7\n"}, "write 1992-07"),
    "how long February is": ({"structure/x.yaml": PLACE + "established: 2018-02-30\n"}, None),
    "an address with its scheme": (
        {"place/x.yaml": PLACE + "website: www.a.example/b\n"},
        "write https://www.a.example/b",
    ),
    "an address with its blank": (
        {"place/x.yaml": PLACE + "website: https://a.example/b c\n"},
        "write https://a.example/b%20c",
    ),
    "a language tag with a hyphen": ({"place/x.yaml": "label: {en: X, en_GB: Y}\n"}, "did you mean 'en-GB'?"),
    "a language by its name": ({"place/x.yaml": "label: {en: X, french: Y}\n"}, "did you mean 'fr'?"),
    "text with its language": ({"place/x.yaml": "label: Camelot\n"}, "write {en: Camelot}"),
    "quotes": ({"place/x.yaml": "label:\n  en: Place: Camelot\n"}, "write line 2 as \"  en: 'Place: Camelot'\""),
    "a blank behind a colon": (
        {"place/x.yaml": PLACE + "country:state/avalon\n"},
        'write line 3 as "country: state/avalon"',
    ),
    "what is missing": ({"state/x.yaml": "label: {en: X}\n"}, "add participation: {status: …, since: …}"),
    "a boolean": (
        {"release/x.yaml": RELEASE + "engagement:\n  key: a\n  initiator: post/seneschal\n  planned: NO\n"},
        "write false",
    ),
    "a name without capitals": ({"place/Tintagel Castle.yaml": PLACE}, "name the file tintagel-castle.yaml"),
}
"""Sources with one mistake each, and the hint that mends it."""


@pytest.mark.parametrize("meant", HINTS)
def test_the_hint_names(meant: str, tmp_path: Path) -> None:
    files, hint = HINTS[meant]
    [problem] = check_files(files, tmp_path).problems
    assert problem.hint == hint


def test_the_first_of_two_records_of_a_thing_is_named(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name / "place").mkdir(parents=True)
        (tmp_path / name / "place" / "both.yaml").write_text(f"# {name}\n{PLACE}keys: x\n")
    build = Build(Sources((tmp_path / "a", tmp_path / "b"), ONTOLOGY, SHAPES), Names.at(DEFAULT_BASE), tmp_path)
    run(build, CHECKING)
    assert [(p.file.parent.parent.name, p.code) for p in build.problems] == [
        ("a", "E201"),
        ("b", "E401"),
        ("b", "E201"),
    ]
    [also] = build.problems[1].related
    assert (also.file, also.line) == (tmp_path / "a" / "place" / "both.yaml", 2)


def test_every_mark_of_a_conflict_of_versions_is_told(tmp_path: Path) -> None:
    lines = ["label:", "  en: X", "<<<<<<< HEAD", "country: state/avalon", "=======", "country: state/lyonesse"]
    build = check_files({"place/x.yaml": "\n".join([*lines, ">>>>>>> branch"])}, tmp_path)
    assert [(p.code, p.line, p.message.split()[-1]) for p in build.problems if p.code == "E102"] == [
        ("E102", 3, "conflict"),
        ("E102", 5, "conflict"),
        ("E102", 7, "conflict"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "k: [\n" * 100_000,
        "---\nid: place/x\nlabel: {\n" * 10_000,
        "a: 'b\n" * 200_000,
        "k\n" * 500_000,
        "- " * 500_000,
        "label: {en: &a X}\n" + "note: *a\n" * 100_000 + "\t",
    ],
    ids=["brackets", "documents", "quotes", "lines", "hyphens", "aliases"],
)
def test_a_large_file_that_is_not_yaml_is_told(text: str, tmp_path: Path) -> None:
    assert check_files({"place/x.yaml": text}, tmp_path).problems
