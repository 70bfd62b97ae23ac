"""Shapes: every property shape lets a right record pass, and finds a wrong one at its place."""

import itertools
import re
import shutil
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import pytest
import yaml
from pyoxigraph import DefaultGraph, NamedNode
from rdflib import Graph, URIRef
from rdflib.collection import Collection
from rdflib.namespace import RDF, SH
from rdflib.term import Literal, Node

from kg.diagnostics.problems import Problem, Severity
from kg.model.schema import ROLE
from kg.names import CANONICAL, RDF_TYPE, local_name
from kg.steps.build import Build
from kg.steps.model import RULES
from tests.building import check_world
from tests.places import SAMPLE, SHAPES

pytestmark = pytest.mark.slow

SEVERITIES = {SH.Violation: Severity.ERROR, SH.Warning: Severity.WARNING, SH.Info: Severity.INFO}
"""The severities of SHACL as the contract maps them."""

EXAMPLES = Path(__file__).parent / "examples"
REFUSED_EARLIER = {
    "Organization-partOf",  # a key that may not stand at all is unknown
    "Person-abbreviation",
    "Participation-since",  # a part has no address without its key
    "Reference-url",  # an address that is none is not mapped
    "Thing-website",
    "Release-mention",  # a part is of the class that its key names
    "Release-engagement",
    "Milestone-since",
    "Statement-property",
    "Vacancy-since",
    "Session-since",
    "FieldOffice-place",
    "Figures-asOf",
    "Mandate-decision",
    "Signature-document",  # what names a part is one value
    "Attribution-nameAsWritten",
    "SubjectMatter-nameAsWritten",
    "WebAddress-url",
    "Tenure-inOfficeOn",
    "Tenure-reappointed",  # a date that is none is not mapped
}
"""The shapes that no mapped record can break: reader or mapper refuse what would, with a code of E2xx."""

FILES = sorted(
    file.stem for file in SHAPES.glob("*.ttl") if file.name not in (RULES, "groups.ttl", "profiles.ttl", "views.ttl")
)
"""The shape files that speak of records."""

WORLDS = 5
"""In how many worlds the bad examples stand: so many that those of one file do not meet those of another."""


@dataclass(frozen=True, slots=True)
class Good:
    """A record that meets every shape."""

    path: str
    source: str


@dataclass(frozen=True, slots=True)
class Bad:
    """A record that breaks one shape, in one place; beside it may stand others, which are right, by their path."""

    stem: str
    path: str
    shape: str
    claim: str
    source: str
    code: str
    line: int
    column: int
    beside: dict[str, str] = field(default_factory=dict)


def called(source: str, number: int) -> str:
    """A record with a label of its own, so that no two examples have one."""
    return re.sub(r"(?m)^(label:\n  en: [^\[\n]+)$", rf"\1 {number}", source, count=1)


def examples() -> Iterator[Good | Bad]:
    """Every example of every file, each with a path and a label of its own; a bad one may have a name.

    The label is as it is written where an example says `called: true`.
    """
    numbers = count(1)
    for file in sorted(EXAMPLES.glob("*.yaml")):
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
        for number, source in enumerate(content["good"], 1):
            yield Good(f"{content['kind']}/{file.stem}-good-{number}", called(source, next(numbers)))
        for number, example in enumerate(content["bad"], 1):
            name = example.pop("name", f"{file.stem}-bad-{number}")
            if not example.pop("called", False):
                example["source"] = called(example["source"], next(numbers))
            yield Bad(file.stem, f"{content['kind']}/{name}", **example)


GOOD = [example for example in examples() if isinstance(example, Good)]
BAD = [example for example in examples() if isinstance(example, Bad)]


def parse(files: list[str]) -> Graph:
    """Shape files as one graph, as they are written."""
    graph = Graph()
    for stem in files:
        graph.parse(SHAPES / f"{stem}.ttl", format="turtle")
    return graph


SHAPES_GRAPH = parse(FILES)
EVERY_SHAPE = parse([*FILES, Path(RULES).stem])


def property_shapes(graph: Graph) -> list[Node]:
    """Everything that is used or declared as a property shape."""
    return sorted({*graph.objects(None, SH.property), *graph.subjects(RDF.type, SH.PropertyShape)}, key=str)


QUERIES = {local_name(str(s)) for s in SHAPES_GRAPH.subjects(RDF.type, SH.SPARQLConstraint)}
"""The constraints that are SPARQL queries."""


def speaks_of_class_alone(shape: Node) -> bool:
    """True for a shape that asks for nothing but a class of values, which the mapper knows of every reference."""
    said = set(SHAPES_GRAPH.predicates(shape)) - {RDF.type, SH.path, SH.order, SH.group, SH.message, SH.severity, ROLE}
    choices = {
        p
        for head in SHAPES_GRAPH.objects(shape, SH["or"])
        for c in Collection(SHAPES_GRAPH, head)
        for p in SHAPES_GRAPH.predicates(c)
    }
    return said <= {SH["class"], SH["or"]} and choices <= {SH["class"]}


def check_examples(examples: list[Good] | list[Bad], directory: Path) -> tuple[Build, dict[str, list[Problem]]]:
    """Checks the sample world with some examples added; gives the build and the problems by `kind/file`."""
    data = directory / "data"
    shutil.copytree(SAMPLE, data)
    for example in examples:
        others = example.beside if isinstance(example, Bad) else {}
        for path, source in {**others, example.path: example.source}.items():
            file = data / f"{path}.yaml"
            file.parent.mkdir(exist_ok=True)
            file.write_text(source, encoding="utf-8")
    build = check_world(data)
    problems: dict[str, list[Problem]] = defaultdict(list)
    for problem in build.problems:
        problems[str(problem.file.relative_to(data).with_suffix(""))].append(problem)
    return build, problems


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> tuple[Build, dict[str, list[Problem]]]:
    """The sample world with all good examples."""
    return check_examples(GOOD, tmp_path_factory.mktemp("good"))


@pytest.fixture(scope="module")
def bad(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Problem]]:
    """The problems of the bad examples, in a few worlds of several shape files each.

    What breaks a query stands in worlds of its own: queries are held back where records are left out.
    """
    problems: dict[str, list[Problem]] = {}
    for number, breaks_query in itertools.product(range(WORLDS), (True, False)):
        stems = FILES[number::WORLDS]
        among = [each for each in BAD if each.stem in stems and (each.shape in QUERIES) is breaks_query]
        assert among
        _, found = check_examples(among, tmp_path_factory.mktemp("bad"))
        assert not problems.keys() & found.keys()
        problems |= found
    return problems


def test_every_shape_file_has_its_examples() -> None:
    assert sorted(file.stem for file in EXAMPLES.iterdir()) == FILES
    assert (len(FILES), len(property_shapes(SHAPES_GRAPH)), len(GOOD), len(BAD)) == (41, 262, 60, 374)


@pytest.mark.parametrize("shape", property_shapes(EVERY_SHAPE), ids=lambda s: local_name(str(s)))
def test_a_property_shape_has_an_iri_one_message_and_one_severity(shape: Node) -> None:
    graph = EVERY_SHAPE
    assert isinstance(shape, URIRef)
    assert shape.startswith(f"{CANONICAL}shapes#")
    messages = list(graph.objects(shape, SH.message))
    assert [message.language for message in messages if isinstance(message, Literal)] == ["en"]
    assert len(list(graph.objects(shape, SH.severity))) == 1
    assert graph.value(shape, SH.severity) in SEVERITIES


def test_a_query_has_an_iri_and_one_message_in_english() -> None:
    for constraint in SHAPES_GRAPH.objects(None, SH.sparql):
        assert isinstance(constraint, URIRef)
        assert [m.language for m in SHAPES_GRAPH.objects(constraint, SH.message) if isinstance(m, Literal)] == ["en"]


@pytest.mark.parametrize("example", GOOD, ids=lambda example: example.path)
def test_a_good_example_has_no_problem(example: Good, good: tuple[Build, dict[str, list[Problem]]]) -> None:
    build, problems = good
    assert problems.get(example.path, []) == []
    assert build.names.thing(example.path) in build.graph.nodes


def test_good_examples_raise_no_problem_in_the_sample_world(good: tuple[Build, dict[str, list[Problem]]]) -> None:
    build, _ = good
    assert build.problems == []


@pytest.mark.parametrize("shape", property_shapes(SHAPES_GRAPH), ids=lambda s: local_name(str(s)))
def test_a_good_example_exercises(shape: Node, good: tuple[Build, dict[str, list[Problem]]]) -> None:
    build, _ = good
    used = {SH.path, SH.lessThanOrEquals, SH.lessThan}
    paths = [o for p in used for o in SHAPES_GRAPH.objects(shape, p)]
    forbidden = SHAPES_GRAPH.value(shape, SH.maxCount) == Literal(0)
    classes = [
        c for node in SHAPES_GRAPH.subjects(SH.property, shape) for c in SHAPES_GRAPH.objects(node, SH.targetClass)
    ]

    def has(subject: NamedNode, predicate: Node) -> bool:
        iri = NamedNode(build.names.rebase(str(predicate)))
        return any(build.graph.store.quads_for_pattern(subject, iri, None, DefaultGraph()))

    def has_any(subject: NamedNode, path: Node) -> bool:
        head = SHAPES_GRAPH.value(path, SH.alternativePath)
        return any(has(subject, p) for p in ([path] if head is None else Collection(SHAPES_GRAPH, head)))

    def instances(class_: Node) -> Iterator[NamedNode]:
        type_ = NamedNode(build.names.rebase(str(class_)))
        for quad in build.graph.store.quads_for_pattern(None, NamedNode(RDF_TYPE), type_, DefaultGraph()):
            if isinstance(quad.subject, NamedNode) and "-good-" in quad.subject.value:
                yield quad.subject

    assert classes
    for class_ in classes:
        exercised = [s for s in instances(class_) if all(has_any(s, path) for path in paths) != forbidden]
        assert exercised, f"no good example of {local_name(str(class_))} exercises this shape"


@pytest.mark.parametrize("example", BAD, ids=lambda example: f"{example.shape}: {example.claim}")
def test_a_bad_example_has_one_problem_at_its_place(example: Bad, bad: dict[str, list[Problem]]) -> None:
    shape = URIRef(f"{CANONICAL}shapes#{example.shape}")
    from_shape = example.code.startswith("E3")
    stated = SHAPES_GRAPH.value(SHAPES_GRAPH.value(None, SH.sparql, shape, default=shape), SH.severity)
    severity = SEVERITIES[URIRef(str(stated))] if from_shape and stated is not None else Severity.ERROR
    found = [
        (p.code, p.line, p.column, p.severity, p.thing, p.file.name, p.message if from_shape else "")
        for p in bad.get(example.path, [])
    ]
    message = str(SHAPES_GRAPH.value(shape, SH.message)) if from_shape else ""
    if from_shape and found:  # a message that names other things is told with their names
        template = re.sub(r"\\{\\[?$]\w+\\}|\{\\[?$]\w+\}", ".+", re.escape(message))
        message = found[0][-1] if re.fullmatch(template, found[0][-1]) else message
    name = f"{example.path.partition('/')[2]}.yaml"
    assert found == [(example.code, example.line, example.column, severity, example.path, name, message)]


def test_bad_examples_raise_no_problem_elsewhere(bad: dict[str, list[Problem]]) -> None:
    assert set(bad) == {example.path for example in BAD}


def test_every_property_shape_is_broken_by_a_bad_example() -> None:
    codes = defaultdict(set)
    for example in BAD:
        codes[example.shape].add(example.code[:2])
    assert set(codes) == {local_name(str(shape)) for shape in property_shapes(SHAPES_GRAPH)} | QUERIES
    assert all(codes[query] == {"E3"} for query in QUERIES)
    of_class = {local_name(str(s)) for s in property_shapes(SHAPES_GRAPH) if speaks_of_class_alone(s)}
    assert {shape for shape, found in codes.items() if "E3" not in found} == REFUSED_EARLIER | of_class
