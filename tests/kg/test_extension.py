"""The ontology drives everything: a class with properties, a part and records needs files only, and no Python."""

import shutil
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from kg.dataset.layout import Dataset
from server.app import create_app
from tests.building import build_world, check_world
from tests.places import ONTOLOGY, SAMPLE, SHAPES

PREFIXES = "".join(
    f"@prefix {prefix}: <{iri}> .\n"
    for prefix, iri in {
        "osce": "https://w3id.org/osce-kg/ontology#",
        "owl": "http://www.w3.org/2002/07/owl#",
        "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
        "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
        "sh": "http://www.w3.org/ns/shacl#",
        "shapes": "https://w3id.org/osce-kg/shapes#",
        "skos": "http://www.w3.org/2004/02/skos/core#",
        "vs": "http://www.w3.org/2003/06/sw-vocab-status/ns#",
        "xsd": "http://www.w3.org/2001/XMLSchema#",
    }.items()
)
ANNOTATIONS = """ ; skos:definition "Made up for a test."@en ; skos:example "none"@en ;
    rdfs:isDefinedBy <https://w3id.org/osce-kg/ontology> ; vs:term_status "testing" .
"""
TERMS = """
osce:DragonSighting a owl:Class ; rdfs:subClassOf osce:Thing ; rdfs:label "Dragon Sighting"@en, "Drachensichtung"@de %
osce:Wing a owl:Class ; owl:hasKey ( osce:wingOf osce:side ) ; rdfs:label "Wing"@en %
osce:heads a owl:DatatypeProperty ; rdfs:range xsd:integer ; rdfs:label "heads"@en %
osce:seenOn a owl:DatatypeProperty ; rdfs:range osce:PartialDate ; rdfs:label "seen on"@en %
osce:wing a owl:ObjectProperty ; rdfs:range osce:Wing ; owl:inverseOf osce:wingOf ; rdfs:label "wing"@en %
osce:wingOf a owl:ObjectProperty ; rdfs:label "wing of"@en %
osce:side a owl:DatatypeProperty ; rdfs:range xsd:string ; rdfs:label "side"@en %
osce:doubted a owl:ObjectProperty ; rdfs:range rdf:Property ; rdfs:label "doubted"@en %
osce:insteadOf a rdf:Property ; osce:writtenAs osce:doubted ; rdfs:label "instead of"@en %
""".replace(" %", ANNOTATIONS)
RULES = """
shapes:DragonSighting a sh:NodeShape ; sh:targetClass osce:DragonSighting ;
    sh:property shapes:DragonSighting-heads, shapes:DragonSighting-seenOn, shapes:DragonSighting-wing .
shapes:DragonSighting-heads a sh:PropertyShape ; sh:path osce:heads ; sh:minCount 1 ; sh:minInclusive 1 ;
    sh:message "A dragon has at least one head."@en ; sh:severity sh:Violation .
shapes:DragonSighting-seenOn a sh:PropertyShape ; sh:path osce:seenOn ; sh:maxCount 1 ;
    sh:message "A sighting has one date."@en ; sh:severity sh:Violation .
shapes:DragonSighting-wing a sh:PropertyShape ; sh:path osce:wing ; sh:class osce:Wing ;
    sh:message "A wing is a map with its side."@en ; sh:severity sh:Violation .
shapes:Wing a sh:NodeShape ; sh:targetClass osce:Wing ;
    sh:property shapes:Wing-side, shapes:Wing-doubted, shapes:Wing-insteadOf .
shapes:Wing-doubted a sh:PropertyShape ; sh:path osce:doubted ;
    sh:message "What is doubted is a property."@en ; sh:severity sh:Violation .
shapes:Wing-insteadOf a sh:PropertyShape ; sh:path osce:insteadOf ;
    sh:message "Another value is written like the one that is doubted."@en ; sh:severity sh:Violation .
shapes:Wing-side a sh:PropertyShape ; sh:path osce:side ; sh:minCount 1 ; sh:in ( "left" "right" ) ;
    sh:message "A wing is left or right."@en ; sh:severity sh:Violation .
"""
RECORDS = {
    "red": "label: {en: Red dragon}\nheads: 1\nseenOn: 1485-08\nwing:\n  - side: left\n  - side: right\n",
    "hydra": "label: {en: Hydra}\nheads: 010\nseenOn: 1480\n",
    "wyrm": "label: {en: Wyrm}\nheads: 1\n",
    "drake": (
        "label: {en: Drake}\nheads: 1\nwing:\n"
        "  - {side: left, doubted: seenOn, insteadOf: 1485-08}\n"
        "  - {side: right, doubted: country, insteadOf: state/avalon}\n"
    ),
}


@pytest.fixture(scope="module")
def extended(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copies of ontology, shapes and sample data, with the new class in all three."""
    root = tmp_path_factory.mktemp("extended")
    for name, source in (("ontology", ONTOLOGY), ("shapes", SHAPES), ("data", SAMPLE)):
        shutil.copytree(source, root / name)
    (root / "ontology" / "dragons.ttl").write_text(PREFIXES + TERMS)
    (root / "shapes" / "dragon-sighting.ttl").write_text(PREFIXES + RULES)
    (root / "data" / "dragon-sighting").mkdir()
    for name, text in RECORDS.items():
        (root / "data" / "dragon-sighting" / f"{name}.yaml").write_text(text)
    build = build_world(root / "data", root / "published", root / "ontology", root / "shapes")
    assert build.version
    assert build.problems == []
    return root


@pytest.fixture(scope="module")
def dragons(extended: Path) -> FlaskClient:
    """A client of the server on the extended world."""
    return create_app(Dataset.current(extended / "published")).test_client()


@pytest.mark.parametrize(
    ("key", "mended", "code", "line"),
    [
        ("heads: 1", "heads: 0", "E309", 2),
        ("heads: 1", "heads: two", "E203", 2),
        ("seenOn: 1485-08", "seenOn: 1485-13", "E203", 3),
        ("side: right", "side: top", "E307", 6),
        ("side: right", "side: left", "E209", 6),
        ("heads: 1", "haeds: 1", "E201", 2),
    ],
)
def test_records_of_a_new_class_are_validated(
    key: str, mended: str, code: str, line: int, extended: Path, tmp_path: Path
) -> None:
    shutil.copytree(extended / "data", tmp_path / "data")
    file = tmp_path / "data" / "dragon-sighting" / "red.yaml"
    assert key in file.read_text()
    file.write_text(file.read_text().replace(key, mended, 1))
    problems = check_world(tmp_path / "data", extended / "ontology", extended / "shapes").problems
    assert [(problem.code, problem.file, problem.line) for problem in problems] == [(code, file, line)]


def test_the_context_has_the_new_terms(dragons: FlaskClient) -> None:
    context = dragons.get("/ontology/context.jsonld").get_json(force=True)["@context"]
    assert context["DragonSighting"] == "http://localhost:8000/ontology#DragonSighting"
    assert context["heads"]["@type"] == "http://www.w3.org/2001/XMLSchema#integer"
    assert "seenOnEarliest" in context


def test_things_of_the_new_class_have_pages_and_documents(dragons: FlaskClient) -> None:
    page = dragons.get("/doc/dragon-sighting/red.html").get_data(as_text=True)
    for text in ("Dragon Sighting", "Red dragon", "seen on", "1485-08", 'id="wing-left"'):
        assert text in page, text
    assert "Wyrm" in dragons.get("/doc/dragon-sighting.html").get_data(as_text=True)
    assert 'href="/doc/dragon-sighting"' in dragons.get("/").get_data(as_text=True)
    hydra = dragons.get("/doc/dragon-sighting/hydra.jsonld").get_json(force=True)
    assert hydra["heads"] == [10]
    assert hydra["seenOnLatest"] == "1480-12-31"
    red = dragons.get("/doc/dragon-sighting/red.jsonld").get_json(force=True)
    assert [wing["side"] for wing in red["wing"]] == [["left"], ["right"]]
    assert "osce:wing" in dragons.get("/doc/dragon-sighting/red").get_data(as_text=True)


def test_a_value_may_be_written_as_another_property_takes_it(dragons: FlaskClient) -> None:
    drake = dragons.get("/doc/dragon-sighting/drake.jsonld").get_json(force=True)
    left, right = (wing["insteadOf"] for wing in drake["wing"])
    assert left == [{"@type": "http://www.w3.org/2001/XMLSchema#gYearMonth", "@value": "1485-08"}]
    assert [value["id"] for value in right] == ["http://localhost:8000/id/state/avalon"]


@pytest.mark.parametrize(
    ("wing", "code"),
    [
        ("{side: left, doubted: seenOn, insteadOf: soon}", "E203"),
        ("{side: left, doubted: country, insteadOf: state/nowhere}", "E204"),
        ("{side: left, doubted: colour, insteadOf: red}", "E203"),
    ],
    ids=["no date", "no such State", "no such property"],
)
def test_a_value_written_as_another_property_takes_it_is_checked_as_that(
    wing: str, code: str, extended: Path, tmp_path: Path
) -> None:
    shutil.copytree(extended / "data", tmp_path / "data")
    file = tmp_path / "data" / "dragon-sighting" / "drake.yaml"
    file.write_text(f"label: {{en: Drake}}\nheads: 1\nwing: {wing}\n")
    problems = check_world(tmp_path / "data", extended / "ontology", extended / "shapes").problems
    assert [(problem.code, problem.file, problem.line) for problem in problems] == [(code, file, 3)]


def test_the_reference_documents_the_new_terms(dragons: FlaskClient) -> None:
    page = dragons.get("/ontology.html").get_data(as_text=True)
    for text in ('id="DragonSighting"', 'id="heads"', "data/dragon-sighting/", 'id="seenOnEarliest"', 'href="#heads"'):
        assert text in page, text
    sighting = page.partition('id="DragonSighting"')[2].partition('<section class="term"')[0]
    for text in (">Drake</a>", "#DragonSighting-heads", "1 or more", '<a href="#Wing">Wing</a>', "heads: …"):
        assert text in sighting, text
    assert '<span class="mark">testing</span>' in sighting
    assert "A dragon has at least one head." in dragons.get("/shapes.html").get_data(as_text=True)


def test_a_query_finds_the_new_records(dragons: FlaskClient) -> None:
    query = "SELECT ?s { ?s a <http://localhost:8000/ontology#DragonSighting> }"
    answer = dragons.get("/sparql", query_string={"query": query}).get_json(force=True)
    assert len(answer["results"]["bindings"]) == len(RECORDS)


@pytest.mark.parametrize(
    ("file", "text", "code"),
    [
        ("ontology/dragons.ttl", "osce:tail a owl:DatatypeProperty", "E501"),
        ("ontology/dragons.ttl", "osce:tail a owl:DatatypeProperty .", "E502"),
        (
            "ontology/dragons.ttl",
            'osce:tail a owl:DatatypeProperty ; rdfs:label "x"@en ; rdfs:range xsd:byte .',
            "E502",
        ),
        ("shapes/dragon-sighting.ttl", "shapes:Wing sh:property [ sh:path osce:nothing ] .", "E504"),
        ("ontology/dragons.ttl", 'osce:time a owl:ObjectProperty ; rdfs:label "time"@en .', "E503"),
        ("ontology/dragons.ttl", 'osce:id a owl:DatatypeProperty ; rdfs:label "id"@en .', "E503"),
        ("ontology/dragons.ttl", 'osce:hot skos:inScheme osce:heat ; rdfs:label "hot" .', "E502"),
    ],
)
def test_what_is_wrong_in_the_model_is_a_problem_at_its_line(
    file: str, text: str, code: str, extended: Path, tmp_path: Path
) -> None:
    for name in ("ontology", "shapes", "data"):
        shutil.copytree(extended / name, tmp_path / name)
    broken = tmp_path / file
    broken.write_text(broken.read_text() + text + "\n")
    build = check_world(tmp_path / "data", tmp_path / "ontology", tmp_path / "shapes")
    assert code in {problem.code for problem in build.problems}
    assert {problem.file for problem in build.problems} == {broken}
    assert min(problem.line for problem in build.problems) > 1


def test_our_own_ontology_meets_every_rule_without_a_warning() -> None:
    assert check_world(SAMPLE).problems == []


def test_a_shape_that_is_not_shacl_is_a_problem(extended: Path, tmp_path: Path) -> None:
    shutil.copytree(extended / "shapes", tmp_path / "shapes")
    file = tmp_path / "shapes" / "dragon-sighting.ttl"
    file.write_text(file.read_text() + 'shapes:Wing-side sh:minCount "several" .\n')
    build = check_world(extended / "data", extended / "ontology", tmp_path / "shapes")
    assert [problem.code for problem in build.problems] == ["E506"]
