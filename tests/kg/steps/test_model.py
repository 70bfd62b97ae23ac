"""The model: what is wrong in a file of ontology or shapes is told at its line, and hides nothing else."""

import shutil
from collections import defaultdict
from pathlib import Path

import pytest

from kg.diagnostics.problems import Problem, Severity
from kg.names import DEFAULT_BASE, Names
from kg.pipeline import CHECKING, READING, run
from kg.steps.build import Build
from kg.steps.results import Model, Sources
from kg.steps.validation import validator
from tests.building import check_world
from tests.kg.test_extension import ANNOTATIONS, PREFIXES
from tests.places import ONTOLOGY, ROOT, SAMPLE, SHAPES

pytestmark = pytest.mark.slow

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
    "a pattern that is none": ("shapes", SHAPE % 'sh:pattern "["', [("E506", FIRST + 1, 104)]),
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
        [("E506", FIRST, 87)],
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


def build_of(model: Path) -> Build:
    """A build of the sample world under the model in a directory."""
    return Build(Sources((SAMPLE,), model / "ontology", model / "shapes"), Names.at(DEFAULT_BASE), Path("unused"))


def test_builds_of_one_process_share_a_model_until_a_file_of_it_changes(model: Path) -> None:
    one, other = build_of(ROOT).read_model(), build_of(ROOT).read_model()
    assert isinstance(one, Model)
    assert isinstance(other, Model)
    assert one.schema is other.schema
    build = build_of(model)
    before = build.read_model()
    (model / "shapes" / "x.ttl").write_text(PREFIXES + SHAPE % "sh:minCount 0")
    after = build.read_model()
    assert isinstance(before, Model)
    assert isinstance(after, Model)
    assert one.digest == before.digest != after.digest


def test_what_does_not_validate_makes_no_validator(model: Path) -> None:
    (model / "shapes" / "x.ttl").write_text(PREFIXES + SHAPE % "sh:minCount 0")
    build, made = build_of(model), validator.cache_info().misses
    run(build, READING)
    assert validator.cache_info().misses == made
    run(build, CHECKING)
    assert validator.cache_info().misses == made + 1


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
    assert {p.message for p in problems_of(model)} == {"website must have at least 1 value"}


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


# ── SHACL that is not supported, or ill-formed ───────────────────────────────────────────────────────────────────────

NOT_SUPPORTED = {
    "a SPARQL target": 'sh:target [ a sh:SPARQLTarget ; sh:select "SELECT ?this { ?this a ?x }" ]',
    "a rule": "sh:rule [ a sh:TripleRule ; sh:subject sh:this ; sh:predicate osce:note ; sh:object osce:Place ]",
    "an expression": "sh:expression [ sh:path osce:country ]",
    "computed values": "sh:values [ sh:path osce:country ]",
    "JavaScript": 'sh:js [ a sh:JSConstraint ; sh:jsFunctionName "f" ]',
    "an entailment regime": "sh:entailment <http://www.w3.org/ns/entailment/RDFS>",
}


@pytest.mark.parametrize(
    ("room", "head"),
    [("shapes", "shapes:X a sh:NodeShape ;"), ("ontology", "shapes:X a sh:NodeShape ;"), ("ontology", "osce:Place")],
)
@pytest.mark.parametrize("claim", NOT_SUPPORTED)
def test_what_is_not_supported_of_shacl_is_told_at_its_line(claim: str, room: str, head: str, model: Path) -> None:
    file = model / room / "added.ttl"
    file.write_text(PREFIXES + f"{head}\n  sh:targetClass osce:Place ;\n  {NOT_SUPPORTED[claim]} .\n")
    found = [p for p in problems_of(model) if p.code == "E506"]
    assert [(p.file, p.line, p.column) for p in found if "not supported" in p.message][:1] == [(file, FIRST + 2, 3)]


@pytest.mark.parametrize("type_", ["SPARQLFunction", "SPARQLRule", "SPARQLTarget", "JSFunction", "SPARQLTargetType"])
@pytest.mark.parametrize("room", ["shapes", "ontology"])
def test_what_is_of_a_type_that_is_not_supported_is_told(type_: str, room: str, model: Path) -> None:
    (model / room / "added.ttl").write_text(PREFIXES + f"shapes:X a sh:{type_} .\n")
    found = [(p.code, p.file.name, p.line) for p in problems_of(model) if "not supported" in p.message]
    assert found == [("E506", "added.ttl", FIRST)]


ILL_FORMED = {
    "MINUS": "SELECT $this { $this osce:country ?x MINUS { $this osce:note ?y } }",
    "MINUS within NOT EXISTS": "SELECT $this { FILTER NOT EXISTS { $this osce:note ?y MINUS { ?y ?z 1 } } }",
    "VALUES": "SELECT $this { VALUES ?x { 1 } $this osce:note ?x }",
    "VALUES behind the pattern": "SELECT $this { $this osce:note ?x } VALUES ?x { 1 }",
    "SERVICE": "SELECT $this { SERVICE <http://example.org/> { $this osce:note ?x } }",
    "AS $this": "SELECT (?x AS $this) { $this osce:country ?x }",
    "BIND AS $this": "SELECT $this { $this osce:country ?x BIND(1 AS $this) }",
    "a sub-select without $this": "SELECT $this { { SELECT ?x { $this osce:country ?x } } }",
    "ASK": "ASK { $this osce:country ?x }",
    "CONSTRUCT": "CONSTRUCT { $this ?x ?y } { $this ?x ?y }",
    "an update": "DELETE WHERE { $this ?x ?y }",
    "no $this": "SELECT ?x { ?x a osce:Place }",
    "a brace that is missing": "SELECT $this { $this ?x ?y",
    "a prefix that is not declared": "SELECT $this { $this foo:bar ?y }",
    "nothing": "",
}


@pytest.mark.parametrize("claim", ILL_FORMED)
def test_an_ill_formed_constraint_is_told_at_its_query(claim: str, model: Path) -> None:
    file = model / "shapes" / "added.ttl"
    shape = (
        'shapes:X a sh:NodeShape ; sh:targetClass osce:Place ; sh:sparql [ sh:message "X."@en ;\n'
        '  sh:prefixes <https://w3id.org/osce-kg/shapes> ;\n  sh:select """%s""" ] .\n'
    )
    file.write_text(PREFIXES + shape % ILL_FORMED[claim])
    found = problems_of(model)
    assert [(p.code, p.file, p.line, p.column) for p in found] == [("E506", file, FIRST + 2, 3)]


@pytest.mark.parametrize(
    ("pattern", "accepted"),
    [
        ("^\\\\p{Lu}{2}$", True),
        ("^[\\\\p{L}\\\\p{M}' -]+$", True),
        ("^\\\\P{Cc}*$", True),
        ("^a(?!b)", False),
        ("(?<=a)b", False),
        ("^(a)\\\\1$", False),
        ("[", False),
        ("a{2,1}", False),
        ("(?P<x>a)(?P=x)", False),
        ("\\\\Za", False),
    ],
)
def test_a_pattern_is_one_of_sparql(pattern: str, accepted: bool, model: Path) -> None:
    (model / "shapes" / "added.ttl").write_text(PREFIXES + SHAPE % f'sh:pattern "{pattern}" ; sh:severity sh:Info')
    found = [p for p in problems_of(model) if p.code == "E506" and "sh:pattern" in p.message]
    assert [(p.line, p.hint is not None) for p in found] == ([] if accepted else [(FIRST + 1, True)])


# ── A class that is a shape ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("room", "text"),
    [
        ("ontology", "osce:Place sh:node shapes:X ; sh:message 'A.'@en . shapes:X sh:property shapes:X-a ."),
        ("shapes", "osce:Place sh:node shapes:X ; sh:message 'A.'@en . shapes:X sh:property shapes:X-a ."),
        ("shapes", "osce:Place a owl:Class, sh:NodeShape ; sh:property shapes:X-a ."),
        ("ontology", "osce:Place a sh:NodeShape ; sh:property shapes:X-a ."),
        ("ontology", "osce:Place sh:property shapes:X-a ."),
        ("shapes", "osce:Place a rdfs:Class, sh:NodeShape ; sh:sparql shapes:X-b ."),
        ("ontology", "osce:Place a sh:NodeShape ; sh:sparql shapes:X-b ."),
        ("ontology", "shapes:X a sh:NodeShape ; sh:targetClass osce:Place ; sh:property shapes:X-a ."),
    ],
)
def test_a_class_that_is_a_shape_is_its_own_target(room: str, text: str, model: Path) -> None:
    constraints = (
        "shapes:X-a a sh:PropertyShape ; sh:path osce:website ; sh:minCount 1 ; sh:message 'A.'@en .\n"
        "shapes:X-b a sh:SPARQLConstraint ; sh:prefixes <https://w3id.org/osce-kg/shapes> ; sh:message 'B.'@en ;\n"
        "  sh:select 'SELECT $this { FILTER NOT EXISTS { $this osce:website ?x } }' .\n"
    )
    (model / room / "added.ttl").write_text(PREFIXES + text + "\n" + (constraints if room == "shapes" else ""))
    if room == "ontology":
        (model / "shapes" / "added.ttl").write_text(PREFIXES + constraints)
    found = problems_of(model)
    assert {p.thing for p in found} == {f"place/{file.stem}" for file in (SAMPLE / "place").glob("*.yaml")}
    assert {p.message for p in found} == {"A." if "X-a" in text else "B."}


# ── Messages ─────────────────────────────────────────────────────────────────────────────────────────────────────────

MISSING = 'sh:sparql [ %s sh:select "SELECT $this { FILTER NOT EXISTS { $this rdfs:seeAlso ?x } }" ]'


@pytest.mark.parametrize(
    ("shape", "constraint", "message"),
    [
        ('sh:message "S."@en ;', "", "S."),
        ('sh:message "S."@en ;', 'sh:message "C."@en ;', "C."),
        ("", 'sh:message "Ru."@ru , "De."@de , "En."@en ;', "En."),
        ("", 'sh:message "Ru."@ru , "De."@de , "Plain." ;', "Plain."),
        ("", 'sh:message "Ru."@ru , "De."@de , "It."@it ;', "De."),
        ('sh:message "Ru."@ru , "En."@en-GB ;', "", "En."),
    ],
)
def test_a_message_is_that_of_the_constraint_else_of_the_shape_and_in_english(
    shape: str, constraint: str, message: str, model: Path
) -> None:
    text = f"shapes:X a sh:NodeShape ; sh:targetClass osce:Place ; {shape} {MISSING % constraint} .\n"
    (model / "shapes" / "added.ttl").write_text(PREFIXES + text)
    assert {p.message for p in problems_of(model)} == {message}


@pytest.mark.parametrize("where", ["shape", "constraint"])
@pytest.mark.parametrize("kind", [MISSING % "%s", "sh:property [ %s sh:path osce:website ; sh:minCount 1 ]"])
def test_what_is_deactivated_finds_nothing(where: str, kind: str, model: Path) -> None:
    off = "sh:deactivated true ;"
    inner = kind % (off if where == "constraint" else "")
    text = f"shapes:X a sh:NodeShape ; sh:targetClass osce:Place ; {off if where == 'shape' else ''} {inner} .\n"
    (model / "shapes" / "added.ttl").write_text(PREFIXES + text)
    assert problems_of(model) == []


# ── What lies beside the sources ─────────────────────────────────────────────────────────────────────────────────────

ROOMS = ["ontology", "shapes", "shapes/quality"]


@pytest.mark.parametrize("room", ROOMS)
def test_what_editors_leave_behind_is_passed_over(room: str, model: Path) -> None:
    (model / room / ".#osce.ttl").symlink_to("user@host.1234:1700000000")
    for name in (".osce.ttl", "._osce.ttl", ".osce.ttl.swp", "osce.ttl~", "#osce.ttl#", "osce.ttl.orig"):
        (model / room / name).write_text("this is not Turtle")
    for name in (".q.rq", "._q.rq"):
        (model / room / name).write_text("this is no query")
    (model / room / ".#q.rq").symlink_to("user@host.1234:1700000000")
    (model / room / ".git").mkdir()
    (model / room / ".git" / "x.ttl").write_text("this is not Turtle")
    assert problems_of(model) == []


PASSED_OVER = ("x.TTL", "x.rdf", "x.jsonld", "osce.owl", "x.nt", "x.turtle", "x.trig", "x.RQ", "x.sparql")


@pytest.fixture(scope="module")
def passed_over(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Problem]]:
    """The problems of a model with each of these files in each directory, by the path of the file."""
    root = tmp_path_factory.mktemp("passed-over")
    shutil.copytree(ONTOLOGY, root / "ontology")
    shutil.copytree(SHAPES, root / "shapes")
    for room in ROOMS:
        for name in PASSED_OVER:
            (root / room / name).write_text("")
    found: dict[str, list[Problem]] = defaultdict(list)
    for problem in problems_of(root):
        found[problem.file.relative_to(root).as_posix()].append(problem)
    assert len(found) == len(ROOMS) * len(PASSED_OVER)
    return found


@pytest.mark.parametrize("room", ROOMS)
@pytest.mark.parametrize("name", PASSED_OVER)
def test_a_file_that_would_be_passed_over_is_told(name: str, room: str, passed_over: dict[str, list[Problem]]) -> None:
    [found] = passed_over[f"{room}/{name}"]
    suffix = ".rq" if name.lower().endswith(("rq", "sparql")) else ".ttl"
    assert (found.code, found.found) == ("E109", Path(name).suffix)
    assert found.hint is not None
    assert found.hint.endswith(f"{Path(name).stem}{suffix}")


@pytest.mark.parametrize("room", ROOMS)
def test_what_is_called_a_source_and_is_no_file_is_told(room: str, model: Path) -> None:
    (model / room / "folder.ttl").mkdir()
    (model / room / "link.ttl").symlink_to("nowhere.ttl")
    found = problems_of(model)
    assert [(p.code, p.file.name, p.found) for p in found] == [
        ("E109", "folder.ttl", "a directory"),
        ("E109", "link.ttl", "a broken link"),
    ]


# ── Normalization form and deprecated terms ──────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("word", "composed"),
    [
        ("Gene\u0300ve", "Gen\u00e8ve"),
        ("\u0438\u0306", "\u0439"),
        ("\u212bland", "\u00c5land"),
        ("a\u0323\u0302b", "\u1eadb"),
    ],
)
def test_a_word_that_is_not_in_normalization_form_c_is_a_warning_with_the_fix(
    word: str, composed: str, model: Path, tmp_path: Path
) -> None:
    shutil.copytree(SAMPLE, tmp_path / "data")
    yaml, turtle = tmp_path / "data" / "place" / "x.yaml", model / "ontology" / "x.ttl"
    yaml.write_text(f"label:\n  en: X ({word})\ncountry: state/avalon\n")
    turtle.write_text(f"# X\n# {word} is a word.\n")
    found = problems_of(model, tmp_path / "data")
    assert [(p.code, p.severity, p.file, p.line, p.column) for p in found] == [
        ("E114", Severity.WARNING, yaml, 2, 10),
        ("E114", Severity.WARNING, turtle, 2, 3),
    ]
    assert {(p.expected, p.hint) for p in found} == {(composed, f"write {composed}")}
    assert all(p.found and "U+" in p.found for p in found)


def test_a_warning_in_turtle_does_not_keep_the_records_from_being_checked(model: Path, tmp_path: Path) -> None:
    (model / "ontology" / "x.ttl").write_text("# Gene\u0300ve\n")
    shutil.copytree(SAMPLE, tmp_path / "data")
    (tmp_path / "data" / "place" / "x.yaml").write_text("label: {en: X}\ncountry: state/nowhere\n")
    assert sorted(p.code for p in problems_of(model, tmp_path / "data")) == ["E114", "E204"]


def test_deprecated_terms_are_warnings_where_they_are_used(model: Path, tmp_path: Path) -> None:
    shutil.copytree(SAMPLE, tmp_path / "data")
    (model / "ontology" / "x.ttl").write_text(
        f"{PREFIXES}@prefix dcterms: <http://purl.org/dc/terms/> .\n"
        'osce:former a owl:DatatypeProperty ; rdfs:range xsd:integer ; rdfs:label "former"@en ; owl:deprecated true ;\n'
        f"  dcterms:isReplacedBy osce:number {ANNOTATIONS}"
    )
    shape = "shapes:X a sh:NodeShape ; sh:targetClass osce:Place ; sh:property [ sh:path osce:former ] .\n"
    (model / "shapes" / "x.ttl").write_text(PREFIXES + shape)
    measure = "# Which?\n# {x} is.\nSELECT ?x { ?x <https://w3id.org/osce-kg/ontology#former> 9 }\n"
    (model / "shapes" / "quality" / "x.rq").write_text(measure)
    (tmp_path / "data" / "place" / "x.yaml").write_text("label: {en: X}\ncountry: state/avalon\nformer: 1\n")
    found = problems_of(model, tmp_path / "data")
    assert [(p.file.name, p.code, p.line, p.column) for p in found] == [
        ("x.yaml", "E216", 3, 1),
        ("x.rq", "E511", 3, 16),
        ("x.ttl", "E511", FIRST, 77),
    ]
    assert {(p.severity, p.message, p.hint) for p in found} == {
        (Severity.WARNING, "former is deprecated", "use number")
    }
