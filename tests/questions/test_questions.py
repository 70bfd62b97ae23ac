"""Competency questions: each .rq file of `ontology/questions/` is a question to the real graph.

checks.yaml says what its answer must hold.
"""

import re
from functools import cache
from itertools import takewhile
from pathlib import Path
from typing import Any

import pytest
import yaml
from pyoxigraph import Literal, NamedNode
from rdflib import Variable
from rdflib.plugins.sparql import prepareQuery
from rdflib.plugins.sparql.algebra import traverse
from rdflib.plugins.sparql.sparql import Query

from kg.names import CANONICAL
from kg.sparql.oxigraph import Oxigraph
from tests.places import ONTOLOGY

HERE, FILES = Path(__file__).parent, ONTOLOGY / "questions"
QUESTIONS = {file.stem: file.read_text(encoding="utf-8") for file in sorted(FILES.glob("*.rq"))}
CHECKS: dict[str, dict[str, Any]] = yaml.load(
    (HERE / "checks.yaml").read_text(encoding="utf-8"),
    yaml.BaseLoader,  # noqa: S506 (it makes texts only)
)
"""By name of the question: rows (how many), or atLeast or atMost where new records change the number; has and hasNot
(maps from variable to value); inOrder (true if the rows of has come in their order). All scalars are text."""

A_THING = re.compile("[a-z-]+/")
"""How the path of a thing begins; symbols (PC.DEC/836) and addresses have a slash as well."""

Solution = dict[str, str]

IN_ORDER = [name for name in QUESTIONS if CHECKS[name].get("inOrder") == "true"]

WITHOUT_THINGS = {"field-operations-by-region", "general-knowledge-by-property", "status-of-a-state-over-time"}
"""The questions whose answers hold terms of the ontology, parts and literals only."""

each_question = pytest.mark.parametrize("name", QUESTIONS)


@cache
def solutions(engine: Oxigraph, query: str) -> list[dict[str, Any]]:
    """The terms of each solution of a query by variable, in order, with None for no value; each query is asked once."""
    found = engine.select(engine.names.rebase(query))
    return [dict(zip(found.variables, row, strict=True)) for row in found.rows]


def rows(engine: Oxigraph, query: str) -> list[Solution]:
    """The same with the terms as checks.yaml writes them."""
    return [{name: written(engine, term) for name, term in solution.items()} for solution in solutions(engine, query)]


def written(engine: Oxigraph, term: Any) -> str:
    """A term as checks.yaml writes it: path, prefixed name or lexical form, and the empty text for no value."""
    if term is None:
        return ""
    assert isinstance(term, NamedNode | Literal)
    if isinstance(term, Literal):
        return term.value
    things = engine.names.thing("")
    return term.value.removeprefix(things) if term.value.startswith(things) else engine.names.compact(term.value)


def holds(found: list[Solution], expected: Solution) -> bool:
    """True if one of the rows holds all the expected values."""
    return any(expected.items() <= row.items() for row in found)


def is_known(engine: Oxigraph, path: str) -> bool:
    """True if the graph says anything about the thing."""
    return engine.ask(f"ASK {{ <{engine.names.thing(path)}> ?property ?value }}")


@cache
def prepared(query: str) -> Query:
    """A query as rdflib reads it."""
    return prepareQuery(query)


def order_keys(query: str) -> set[str]:
    """The variables that the outermost ORDER BY sorts by, none if there is no ORDER BY."""
    node = prepared(query).algebra
    while node is not None and node.name != "OrderBy":
        node = node.p
    keys: set[str] = set()
    if node is not None:
        traverse(node.expr, visitPre=lambda term: keys.add(str(term)) if isinstance(term, Variable) else None)
    return keys


def test_fifty_questions_are_collected() -> None:
    assert len(QUESTIONS) == 50


def test_every_question_has_a_check_and_every_check_a_question() -> None:
    assert set(CHECKS) == set(QUESTIONS)


@each_question
def test_question_starts_with_a_question_in_english(name: str) -> None:
    lines = takewhile(lambda line: line.startswith("# "), QUESTIONS[name].splitlines())
    question = " ".join(line.removeprefix("# ") for line in lines)
    assert question[:1].isupper()
    assert question.endswith("?")


@each_question
def test_question_is_standard_sparql(name: str) -> None:
    prepared(QUESTIONS[name])


@each_question
def test_question_is_written_in_the_canonical_namespace(name: str) -> None:
    assert f"PREFIX osce: <{CANONICAL}ontology#>" in QUESTIONS[name]


@each_question
def test_question_takes_its_parameters_on_top(name: str) -> None:
    _, _, body = QUESTIONS[name].partition("WHERE {")
    statements = [line.strip() for line in body.splitlines() if line.strip() and not line.strip().startswith("#")]
    assert statements[0].startswith(("VALUES", "BIND"))


@each_question
def test_answer_is_never_empty(engine: Oxigraph, name: str) -> None:
    assert rows(engine, QUESTIONS[name])


@each_question
def test_every_check_says_how_many_rows_which_and_which_not(name: str) -> None:
    check = CHECKS[name]
    assert set(check) <= {"rows", "atLeast", "atMost", "has", "hasNot", "inOrder"}
    assert len(check.keys() & {"rows", "atLeast", "atMost"}) == 1
    assert check["has"]
    assert check["hasNot"]
    assert all([*check["has"], *check["hasNot"]]), "a map without a value would match every row"


@each_question
def test_answer_has_as_many_rows_as_the_facts(engine: Oxigraph, name: str) -> None:
    found, check = len(rows(engine, QUESTIONS[name])), CHECKS[name]
    assert int(check.get("rows", check.get("atLeast", 1))) <= found
    assert found <= int(check.get("rows", check.get("atMost", found)))


@each_question
def test_answer_has_what_its_check_expects(engine: Oxigraph, name: str) -> None:
    found = rows(engine, QUESTIONS[name])
    assert [expected for expected in CHECKS[name]["has"] if not holds(found, expected)] == []


def test_nine_checks_are_about_order() -> None:
    assert len(IN_ORDER) == 9


@pytest.mark.parametrize("name", IN_ORDER)
def test_answer_has_its_rows_in_the_order_of_its_check(engine: Oxigraph, name: str) -> None:
    found = rows(engine, QUESTIONS[name])
    places = [[expected.items() <= row.items() for row in found].index(True) for expected in CHECKS[name]["has"]]
    assert len(places) > 1
    assert places == sorted(places)


@each_question
def test_answer_has_nothing_that_its_check_excludes(engine: Oxigraph, name: str) -> None:
    found = rows(engine, QUESTIONS[name])
    assert [excluded for excluded in CHECKS[name]["hasNot"] if holds(found, excluded)] == []


@each_question
def test_check_speaks_of_variables_and_things_that_exist(engine: Oxigraph, name: str) -> None:
    """A slip of the pen in hasNot would let anything pass."""
    columns = set(rows(engine, QUESTIONS[name])[0])
    for row in [*CHECKS[name]["has"], *CHECKS[name]["hasNot"]]:
        assert set(row) <= columns
        for path in filter(A_THING.match, row.values()):
            assert is_known(engine, path), path


@each_question
def test_answer_is_the_same_when_asked_twice(engine: Oxigraph, name: str) -> None:
    assert solutions.__wrapped__(engine, QUESTIONS[name]) == solutions(engine, QUESTIONS[name])


@each_question
def test_answer_has_a_total_order(engine: Oxigraph, name: str) -> None:
    """No two rows agree in all that they are sorted by."""
    found = rows(engine, QUESTIONS[name])
    keys = sorted(order_keys(QUESTIONS[name]) & set(found[0]))
    assert keys
    assert len({tuple(row[key] for key in keys) for row in found}) == len(found)


@each_question
def test_things_come_with_an_english_label(engine: Oxigraph, name: str) -> None:
    """Parts, such as a participation, have no label of their own."""
    things = engine.names.thing("")
    labels = [
        (variable, solution.get(f"{variable}Label", solution.get("label")))
        for solution in solutions(engine, QUESTIONS[name])
        for variable, term in solution.items()
        if isinstance(term, NamedNode) and term.value.startswith(things) and "#" not in term.value
    ]
    assert bool(labels) is (name not in WITHOUT_THINGS)
    assert [variable for variable, label in labels if not (isinstance(label, Literal) and label.language == "en")] == []
