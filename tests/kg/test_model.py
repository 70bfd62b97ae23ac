"""The model: what is wrong in a file of ontology or shapes is told at its line, and hides nothing else."""

import shutil
from pathlib import Path

import pytest

from kg.problems import Problem
from tests.conftest import ONTOLOGY, SAMPLE, SHAPES, check_world
from tests.kg.test_extension import ANNOTATIONS, PREFIXES

FIRST = PREFIXES.count("\n") + 1
"""The line of the first statement of a file."""

SHAPE = (
    "shapes:X a sh:NodeShape ; sh:targetClass osce:Place ; sh:property shapes:X-a .\n"
    'shapes:X-a a sh:PropertyShape ; sh:path osce:country ; sh:message "X."@en ; sh:severity sh:Violation ; %s .\n'
)

WRONG: dict[str, tuple[str, str, list[tuple[str, int, int]]]] = {
    "a statement without end": ("ontology", "osce:a a owl:Class", [("E501", FIRST, 19)]),
    "a prefix that is not declared": ("ontology", "osce:a a foo:Class .", [("E501", FIRST, 10)]),
    "a relative IRI": ("ontology", "<a> a owl:Class .", [("E501", FIRST, 1)]),
    "a superclass that is none": (
        "ontology",
        f'osce:A a owl:Class ; rdfs:subClassOf osce:Thin ; rdfs:label "A"@en{ANNOTATIONS}',
        [("E504", FIRST, 38)],
    ),
    "a key that is no property": (
        "ontology",
        f'osce:A a owl:Class ; owl:hasKey ( osce:sinse ) ; rdfs:label "A"@en{ANNOTATIONS}',
        [("E504", FIRST, 35)],
    ),
    "a term of RDFS misspelt": (
        "ontology",
        f'osce:A a owl:Class ; rdfs:subclassOf osce:Thing ; rdfs:label "A"@en{ANNOTATIONS}',
        [("E507", FIRST, 22)],
    ),
    "a type of OWL misspelt": (
        "ontology",
        f'osce:a a owl:ObjectPropery ; rdfs:label "a"@en{ANNOTATIONS}',
        [("E507", FIRST, 10)],
    ),
    "a datatype misspelt": (
        "ontology",
        f'osce:a a owl:DatatypeProperty ; rdfs:range xsd:sting ; rdfs:label "a"@en{ANNOTATIONS}',
        [("E507", FIRST, 44)],
    ),
    "a datatype that engines change": (
        "ontology",
        f'osce:a a owl:DatatypeProperty ; rdfs:range xsd:nonNegativeInteger ; rdfs:label "a"@en{ANNOTATIONS}',
        [("E505", FIRST, 1)],
    ),
    "no label": ("ontology", f"osce:a a owl:ObjectProperty{ANNOTATIONS}", [("E502", FIRST, 1)]),
    "a key that is no list": (
        "ontology",
        f'osce:A a owl:Class ; owl:hasKey osce:since ; rdfs:label "A"@en{ANNOTATIONS}',
        [("E508", FIRST, 1)],
    ),
    "a choice that is no list": ("shapes", SHAPE % "sh:or [ sh:class osce:State ]", [("E508", FIRST + 1, 1)]),
    "a pattern that is none": ("shapes", SHAPE % 'sh:pattern "["', [("E506", FIRST + 1, 1)]),
    "a count that is no number": ("shapes", SHAPE % 'sh:minCount "one"', [("E506", FIRST + 1, 1)]),
    "two paths": ("shapes", SHAPE % "sh:path osce:note", [("E506", FIRST + 1, 1)]),
    "a term of SHACL misspelt": ("shapes", SHAPE % "sh:minCout 1", [("E507", FIRST + 1, 104)]),
    "a class that is none": ("shapes", SHAPE % "sh:class osce:Sate", [("E504", FIRST + 1, 113)]),
    "a property shape that is none": (
        "shapes",
        "shapes:X a sh:NodeShape ; sh:targetClass osce:Place ; sh:property shapes:X-a .\n",
        [("E506", FIRST, 67)],
    ),
    "a query that is none": (
        "shapes",
        'shapes:X a sh:NodeShape ; sh:targetClass osce:Place ; sh:sparql [ sh:message "X"@en ; sh:select "S" ] .\n',
        [("E506", FIRST, 1)],
    ),
}
"""Statements added to the model in a file of their own, and the problems that they make there."""


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """Copies of ontology and shapes."""
    shutil.copytree(ONTOLOGY, tmp_path / "ontology")
    shutil.copytree(SHAPES, tmp_path / "shapes")
    return tmp_path


def problems_of(model: Path, data: Path = SAMPLE) -> list[Problem]:
    return check_world(data, model / "ontology", model / "shapes").problems


@pytest.mark.parametrize("claim", WRONG)
def test_a_problem_of_the_model_is_at_its_line(claim: str, model: Path) -> None:
    room, text, expected = WRONG[claim]
    file = model / room / "added.ttl"
    file.write_text(PREFIXES + text)
    found = problems_of(model)
    assert [(p.file, p.code, p.line, p.column) for p in found] == [(file, *place) for place in expected]


def test_a_byte_order_mark_and_an_empty_file_are_right(model: Path) -> None:
    (model / "ontology" / "marked.ttl").write_bytes(b"\xef\xbb\xbf" + PREFIXES.encode())
    (model / "shapes" / "empty.ttl").write_text("")
    assert problems_of(model) == []


def test_bytes_that_are_not_utf_8_are_told_at_their_column(model: Path) -> None:
    (model / "ontology" / "x.ttl").write_bytes(b"# \xc3\xbc\n#  \xfc\n")
    assert [(p.code, p.line, p.column) for p in problems_of(model)] == [("E501", 2, 4)]


def test_an_ontology_without_header_is_told(model: Path) -> None:
    file = model / "ontology" / "osce.ttl"
    text = file.read_text()
    assert "a owl:Ontology ;" in text
    file.write_text(text.replace("a owl:Ontology ;", ""))
    [found] = problems_of(model)
    assert (found.code, found.file) == ("E502", file)
    assert "https://w3id.org/osce-kg/ontology" in found.message


def test_broken_files_of_the_model_hide_neither_each_other_nor_broken_yaml(model: Path, tmp_path: Path) -> None:
    (model / "ontology" / "x.ttl").write_text("x")
    (model / "shapes" / "y.ttl").write_text("y")
    shutil.copytree(SAMPLE, tmp_path / "data")
    (tmp_path / "data" / "place" / "z.yaml").write_text("label: {en: X\n")
    found = problems_of(model, tmp_path / "data")
    assert sorted((p.file.name, p.code) for p in found) == [("x.ttl", "E501"), ("y.ttl", "E501"), ("z.yaml", "E102")]


def test_a_shape_without_message_says_what_it_asks_for(model: Path) -> None:
    shape = (
        "shapes:X a sh:NodeShape ; sh:targetClass osce:Place ; sh:property [ sh:path osce:website ; sh:minCount 1 ] ."
    )
    (model / "shapes" / "x.ttl").write_text(PREFIXES + shape)
    assert {p.message for p in problems_of(model)} == {"website takes at least 1 value"}


OTHERS: dict[str, tuple[str, str]] = {
    "E303": ("sh:path osce:countryCount ; sh:datatype xsd:string", "place/counted.yaml"),
    "E304": ("sh:path osce:country ; sh:class osce:Person ; sh:severity sh:Warning", "place/camelot.yaml"),
    "E305": ("sh:path osce:country ; sh:nodeKind sh:Literal", "place/camelot.yaml"),
    "E309": ("sh:path osce:countryCount ; sh:minInclusive 2", "place/counted.yaml"),
    "E312": ("sh:path osce:country ; sh:not [ sh:nodeKind sh:IRI ]", "place/camelot.yaml"),
    "E313": (
        "sh:path osce:country ; sh:node [ sh:property [ sh:path osce:isoCode ; sh:minCount 9 ] ]",
        "place/camelot.yaml",
    ),
    "E399": ("sh:path osce:country ; sh:closed true", "place/camelot.yaml"),
    "E314": (
        'sh:path osce:country ; sh:sparql [ sh:select "SELECT $this ?value WHERE { $this $PATH ?value }" ]',
        "place/camelot.yaml",
    ),
}
"""The codes that no shape of ours brings about, each with a constraint that does, and a record that breaks it."""


@pytest.mark.parametrize("code", OTHERS)
def test_a_constraint_of_another_ontologist_has_its_code_and_line(code: str, model: Path, tmp_path: Path) -> None:
    constraint, path = OTHERS[code]
    shutil.copytree(SAMPLE, tmp_path / "data")
    shutil.rmtree(tmp_path / "data" / "place")
    (tmp_path / "data" / path).parent.mkdir()
    count = "countryCount: 1\n" if "countryCount" in constraint else ""
    (tmp_path / "data" / path).write_text(f"# X\nlabel: {{en: X}}\ncountry: state/avalon\n{count}")
    terms = f'osce:countryCount a owl:DatatypeProperty ; rdfs:range xsd:integer ; rdfs:label "count"@en{ANNOTATIONS}'
    shape = 'shapes:X a sh:NodeShape ; sh:targetClass osce:Place ; sh:property [ %s ; sh:message "X."@en ] .\n'
    (model / "ontology" / "x.ttl").write_text(PREFIXES + terms)
    known = shape.replace("shapes:X", "shapes:Y") % "sh:path osce:countryCount"
    (model / "shapes" / "x.ttl").write_text(PREFIXES + shape % constraint + known)
    found = [p for p in problems_of(model, tmp_path / "data") if p.file.name == Path(path).name]
    line = 4 if count else 2 if "sh:closed" in constraint else 3  # what is closed is the State, not a line of the place
    assert {(p.code, p.line, p.message) for p in found} == {(code, line, "X.")}
