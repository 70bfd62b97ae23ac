"""Presentation: a view, profile or group that would break a page is told at its line, and the rest is still checked."""

import re
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from kg.diagnostics.problems import Problem
from tests.building import check_world
from tests.places import ONTOLOGY, SAMPLE, SHAPES

HEAD = """\
@prefix dcat: <http://www.w3.org/ns/dcat#> .
@prefix dash: <http://datashapes.org/dash#> .
@prefix hydra: <http://www.w3.org/ns/hydra/core#> .
@prefix osce: <https://w3id.org/osce-kg/ontology#> .
@prefix prof: <http://www.w3.org/ns/dx/prof/> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix schema: <https://schema.org/> .
@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix shapes: <https://w3id.org/osce-kg/shapes#> .
"""
FIRST = HEAD.count("\n") + 1
"""The line that a case begins on."""

SELECT = 'sh:select """\nSELECT ?place WHERE {\n  $this osce:capital ?place\n}\n"""'
VIEW = f"""\
shapes:StateXView a sh:SPARQLSelectExecutable ;
    rdfs:label "X"@en ;
    schema:about osce:State ;
    dash:viewer shapes:TableViewer ;
    {SELECT} .
"""
PROFILE = """\
shapes:XProfile a prof:Profile ;
    prof:hasToken "x" ;
    sh:construct "CONSTRUCT { ?s rdfs:label ?o } WHERE { ?s rdfs:label ?o }" .
"""
GROUPED = "shapes:State-capital sh:group shapes:XGroup .\n"
GROUP = 'shapes:XGroup a sh:PropertyGroup ; rdfs:label "X"@en ; sh:order 5 .\n'

Where = tuple[str, int, int]

WRONG: dict[str, tuple[str, Where]] = {
    "a query that ends too early": (VIEW.replace("?place\n}", "?place\n"), ("E513", 6, 21)),
    "a word that does not fit": (VIEW.replace("WHERE {", "WHERE WHERE {"), ("E513", 6, 21)),
    "a prefix that nobody declares": (VIEW.replace("osce:capital", "ocse:capital"), ("E513", 7, 9)),
    "a CONSTRUCT for a SELECT": (
        VIEW.replace("SELECT ?place WHERE {", "CONSTRUCT WHERE {"),
        ("E513", 6, 1),
    ),
    "a query that asks another endpoint": (
        VIEW.replace("$this osce:capital ?place", "SERVICE <http://example.org/> { ?s ?p ?place }"),
        ("E513", 7, 3),
    ),
    "a query in one line": (
        VIEW.replace(SELECT, 'sh:select "SELECT ?place WHERE { $this osce:capital ?place"'),
        ("E513", 5, 36),
    ),
    "a term that the ontology does not have": (VIEW.replace("osce:capital", "osce:capitol"), ("E504", 7, 9)),
    "no query": (VIEW.replace(SELECT, "sh:order 3"), ("E512", 1, 1)),
    "two queries": (VIEW.replace(SELECT, f'{SELECT}, "SELECT ?x WHERE {{ $this osce:capital ?x }}"'), ("E512", 5, 5)),
    "an unknown viewer": (VIEW.replace("TableViewer", "HologramViewer"), ("E512", 4, 5)),
    "no viewer": (VIEW.replace("    dash:viewer shapes:TableViewer ;\n", ""), ("E512", 1, 1)),
    "two viewers": (VIEW.replace("TableViewer", "TableViewer, shapes:MapViewer"), ("E512", 4, 5)),
    "no label": (VIEW.replace('    rdfs:label "X"@en ;\n', ""), ("E512", 1, 1)),
    "no English label": (VIEW.replace("@en", "@fr"), ("E512", 2, 5)),
    "about a class that is none": (VIEW.replace("about osce:State", "about osce:Stat"), ("E504", 3, 18)),
    "about a property": (VIEW.replace("about osce:State", "about osce:capital"), ("E512", 3, 5)),
    "about nothing": (VIEW.replace("    schema:about osce:State ;\n", ""), ("E512", 1, 1)),
    "a limit that is no number": (VIEW.replace(SELECT, f'hydra:limit "many" ; {SELECT}'), ("E512", 5, 5)),
    "a limit of nothing": (VIEW.replace(SELECT, f"hydra:limit 0 ; {SELECT}"), ("E512", 5, 5)),
    "an order that is no number": (VIEW.replace(SELECT, f'sh:order "first" ; {SELECT}'), ("E506", 5, 5)),
    "a profile with a broken query": (PROFILE.replace("?o }\"", "?o\""), ("E513", 3, 56)),
    "a profile that selects": (PROFILE.replace("CONSTRUCT { ?s rdfs:label ?o }", "SELECT ?s"), ("E513", 3, 19)),
    "a profile without token": (PROFILE.replace('    prof:hasToken "x" ;\n', ""), ("E512", 1, 1)),
    "a token that is taken": (PROFILE.replace('"x"', '"labels"'), ("E512", 2, 5)),
    "a token that is no word": (PROFILE.replace('"x"', '"x y"'), ("E512", 2, 5)),
    "a profile without query": (PROFILE.replace("sh:construct", "rdfs:comment"), ("E512", 1, 1)),
    "a group that is not declared": (GROUPED, ("E512", 1, 31)),
    "a group that is misspelt": (GROUPED.replace("XGroup", "NamesGroups"), ("E512", 1, 31)),
    "a group without label": (GROUP.replace('rdfs:label "X"@en ; ', ""), ("E512", 1, 1)),
    "a group whose order is a word": (GROUP.replace("sh:order 5", 'sh:order "last"'), ("E506", 1, 56)),
}  # fmt: skip


Find = Callable[[str], list[Problem]]


@pytest.fixture(scope="module")
def find(tmp_path_factory: pytest.TempPathFactory) -> Find:
    """Finds the problems of the sample world with a text in one more file of the shapes, once for each text."""
    shapes = tmp_path_factory.mktemp("presentation") / "shapes"
    shutil.copytree(SHAPES, shapes)

    @cache
    def problems(text: str) -> list[Problem]:
        (shapes / "x.ttl").write_text(text, encoding="utf-8")
        return check_world(SAMPLE, ONTOLOGY, shapes).problems

    return problems


@pytest.mark.parametrize("case", [VIEW, PROFILE, GROUP + GROUPED, VIEW.replace("osce:State", "dcat:Dataset", 1)])
def test_what_a_page_can_show_is_no_problem(case: str, find: Find) -> None:
    assert not find(HEAD + case)


@pytest.mark.parametrize(("case", "where"), WRONG.values(), ids=WRONG)
def test_what_would_break_a_page_is_told_at_its_place(case: str, where: Where, find: Find) -> None:
    [problem] = find(HEAD + case)
    assert problem.file.name == "x.ttl"
    assert (problem.code, problem.line - FIRST + 1, problem.column) == where
    assert problem.hint is None or case in HINTED.values() or problem.code in ("E513", "E504"), problem.hint


def test_a_view_that_fails_does_not_keep_the_data_from_being_checked(tmp_path: Path) -> None:
    shutil.copytree(SHAPES, tmp_path / "shapes")
    (tmp_path / "shapes" / "x.ttl").write_text(HEAD + WRONG["an unknown viewer"][0], encoding="utf-8")
    shutil.copytree(SAMPLE, tmp_path / "data")
    (tmp_path / "data" / "place" / "x.yaml").write_text("label: {en: X}\nxyz: 1\n", encoding="utf-8")
    build = check_world(tmp_path / "data", ONTOLOGY, tmp_path / "shapes")
    assert [problem.code for problem in build.problems] == ["E201", "E512"]


HINTED = {
    **{name: WRONG[name][0] for name in (
        "a prefix that nobody declares", "a term that the ontology does not have", "no label", "no English label",
        "a limit that is no number", "a limit of nothing", "an order that is no number", "a group that is not declared",
        "a group that is misspelt", "a group without label", "a group whose order is a word",
    )},
    "a prefix of the standards that is not declared": VIEW.replace("TableViewer ;", 'TableViewer ; skos:note "x" ;'),
    "a viewer that is misspelt": VIEW.replace("TableViewer", "TabelViewer"),
    "a term of SHACL that is misspelt": VIEW.replace("sh:select", "sh:selct"),
    "a prefix of a query that nobody declares": VIEW.replace("$this osce:capital", "$this owl2:capital"),
    "a class that is misspelt": VIEW.replace("osce:State", "osce:Sttate"),
    "a property of the ontology that is misspelt": GROUPED.replace("sh:group", "osce:captal"),
}  # fmt: skip


def followed(text: str, problem: Problem) -> str | None:
    """The text of a file after the hint of a problem has been followed literally; None for a hint of no known form."""
    hint = problem.hint or ""
    lines = text.split("\n")
    row, column = problem.line - 1, problem.column - 1
    if match := re.fullmatch(r"[Dd]id you mean '?([^' ]+)'?(?: or .*)?\?", hint):
        lines[row] = lines[row][:column] + re.sub(r"^[\w:-]+", match[1], lines[row][column:])
    elif match := re.fullmatch(r"declare it: (@prefix .*)|add the line: (.*)", hint):
        lines = [match[1], *lines] if match[1] else [*lines, match[2], ""]
    elif match := re.fullmatch(r"write (\S+) (\S+)", hint):
        lines[row] = lines[row][:column] + re.sub(r"^\S+ \S+", f"{match[1]} {match[2]}", lines[row][column:])
    elif match := re.fullmatch(r"add (\S+ \S+)", hint):
        lines[row] = re.sub(r"( a \S+)", rf"\1 ; {match[1]}", lines[row], count=1)
        if " a " not in lines[row]:
            lines[row] = f"{lines[row].rstrip(' ;')} ; {match[1]} ;"
    elif match := re.fullmatch(r"add this line at the top: (.*)", hint):
        start = max(number for number in range(row + 1) if '"""' in lines[number])
        lines.insert(start + 1, match[1])
    else:
        return None
    return "\n".join(lines)


@pytest.mark.parametrize("case", HINTED.values(), ids=HINTED)
def test_a_hint_about_the_model_that_is_followed_literally_mends_it(case: str, find: Find) -> None:
    before = find(HEAD + case)
    problem = before[0]
    text = followed(HEAD + case, problem)
    assert text is not None, problem.hint
    after = find(text)
    assert not [p for p in after if (p.code, p.message) == (problem.code, problem.message)]
    assert len(after) < len(before) or not after
