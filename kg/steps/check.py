"""Check: SHACL validation of asserted and inferred triples; each result is located at the line that caused it."""

import re
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import replace
from itertools import chain

from pyoxigraph import DefaultGraph, NamedNode, Quad, Variable
from rdflib import URIRef
from rdflib.collection import Collection
from rdflib.namespace import SH
from rdflib.term import Literal, Node
from yaml.nodes import MappingNode, ScalarNode, SequenceNode
from yaml.nodes import Node as YamlNode

from kg.diagnostics.problems import Problem, Related, counted
from kg.diagnostics.suggest import did_you_mean, nearest, one_of
from kg.model.patterns import matches
from kg.model.schema import Key, Schema, Values
from kg.names import local_name
from kg.shacl.constraints import prefixes
from kg.shacl.validate import InvalidShapesError, ValidationResult
from kg.sources.nodes import describe, first_of, problem, related_at
from kg.sparql.oxigraph import select
from kg.steps.incomplete import Incomplete
from kg.steps.locate import locate, written_value
from kg.steps.model import at_term, not_shacl
from kg.steps.results import DataGraph, Findings, Model, Records
from kg.steps.state import State
from kg.text.folding import as_name
from kg.text.language_preference import in_language
from kg.text.languages import meant as language_meant

COMPONENTS = {
    "MinCount": "E301",
    "QualifiedMinCount": "E301",
    "HasValue": "E301",
    "MaxCount": "E302",
    "QualifiedMaxCount": "E302",
    "Datatype": "E303",
    "Class": "E304",
    "NodeKind": "E305",
    "Pattern": "E306",
    "In": "E307",
    "MinLength": "E308",
    "MaxLength": "E308",
    "MinInclusive": "E309",
    "MaxInclusive": "E309",
    "MinExclusive": "E309",
    "MaxExclusive": "E309",
    "UniqueLang": "E310",
    "LanguageIn": "E310",
    "LessThan": "E311",
    "LessThanOrEquals": "E311",
    "Equals": "E312",
    "Disjoint": "E312",
    "Or": "E312",
    "And": "E312",
    "Not": "E312",
    "Xone": "E312",
    "Node": "E313",
    "Property": "E313",
    "SPARQL": "E314",
}
"""The code for each constraint component of SHACL Core (w3.org/TR/shacl, 4)."""


def check(state: State, records: Records, graph: DataGraph, before: Iterable[Problem]) -> Findings:
    """Returns a problem for each SHACL result, except for those that a problem found `before` already explains."""
    model = state.model
    incomplete = Incomplete(model, records, graph, state.in_question, before)
    notes, problems = list(incomplete.notes()), list[Problem]()
    try:
        validated = state.validation.update(graph.store)
    except InvalidShapesError as error:
        return Findings(not_shacl(model.sources, model.names, model.shapes_graph, str(error)), notes)
    results = [result for result in validated if result.constraint not in incomplete.waiting]
    reported: set[tuple[object, ...]] = {key for result in results for key in echoes(model.schema, result)}
    results.sort(key=lambda r: (r.focus, str(r.path), str(r.value), r.component, r.message))
    bound = [(result, bound_by(model, graph, result)) for result in results]
    findings = [(r, things.get("other", [])) for r, things in bound if incomplete.allows(r, chain(*things.values()))]
    pairs = {(result.constraint, result.focus, other) for result, others in findings for other in others}
    for result, others in findings:
        shown = [o for o in others if o < result.focus or (result.constraint, o, result.focus) not in pairs]
        if finding(result, result.path) in reported or (
            others and not shown
        ):  # of a pair, only the second one is reported
            continue
        written = where_written(model, graph, result)
        seen = [result.focus if other == written.focus else other for other in shown]
        about = replace(to_problem(model, graph, written), related=tuple(places_of(model, graph, written, seen)))
        same = about.message, about.file, about.line, about.column  # one shape may find a mistake in two ways
        if same not in reported and not incomplete.is_told(result, about):
            problems.append(about)
        reported |= {same, finding(result, result.path)}
    problems += circles(model, graph, state.validation.circles)
    return Findings(problems, notes, state.validation.judged, state.validation.parts)


def bound_by(model: Model, graph: DataGraph, result: ValidationResult) -> dict[str, list[str]]:
    """The things that a SPARQL-based constraint selects in addition to the focus node, by variable, in order."""
    shapes, constraint = model.shapes_graph, result.constraint
    if constraint is None:
        return {}
    solutions = select(
        graph.store,
        str(shapes.value(constraint, SH.select) or ""),
        prefixes=prefixes(shapes, constraint),
        substitutions={Variable("this"): NamedNode(result.focus)},
    )
    names = solutions.variables
    values = {"path": str(result.path), "value": str(result.value)}
    bound: dict[str, set[str]] = {name: set() for name in names if name not in ("this", "path")}
    for row in solutions:
        if all(getattr(row.get(name), "value", values[name]) == values[name] for name in values if name in names):
            for name in bound:
                if isinstance(row.get(name), NamedNode) and row[name].value.startswith(model.names.things):
                    bound[name].add(row[name].value)
    return {name: sorted(iris - {result.focus}) for name, iris in bound.items()}


def places_of(model: Model, graph: DataGraph, result: ValidationResult, others: list[str]) -> Iterator[Related]:
    """The places of the same value in some other things, or else of their records."""
    properties = model.schema.subproperties(str(result.path))
    for other in [other for other in others if other in graph.nodes]:
        record, node = graph.nodes[other]
        parts = [node, *(graph.nodes[part][1] for part in graph.parts(other))]
        nodes = (written_value(each, properties, str(result.value), None, model.names.things) for each in parts)
        yield related_at(record.file, next(filter(None, nodes), first_of(node)), record.path)


def finding(result: ValidationResult, path: Node | str | None) -> tuple[str, ...]:
    """A key that is equal for results about the same mistake in the same value, whichever shape reports it."""
    return result.focus, str(path), str(result.value), code_of(result)


def echoes(schema: Schema, result: ValidationResult) -> Iterator[tuple[str, ...]]:
    """The findings that repeat this one: the same mistake reported for the superproperties."""
    for path in schema.superproperties(str(result.path)):
        yield finding(result, path)


def code_of(result: ValidationResult) -> str:
    return COMPONENTS.get(result.component, "E399")


def to_problem(model: Model, graph: DataGraph, result: ValidationResult) -> Problem:
    """A SHACL result as a problem at the line that caused it, in a record or in the ontology."""
    if result.focus not in graph.nodes:
        return at_term(model.sources, model.names, result.focus, "E502", result.message, severity=result.severity)
    record, node = graph.nodes[result.focus]
    place = place_in(model, graph, node, result)
    return problem(
        code_of(result),
        message(model, result),
        record.file,
        place,
        record.path,
        expected=expected(model, result),
        found=describe(place) if isinstance(place, ScalarNode) and place is not first_of(node) else None,
        hint=hint(model, graph, result, place),
        severity=result.severity,
    )


def where_written(model: Model, graph: DataGraph, result: ValidationResult) -> ValidationResult:
    """The same result for the record that states the link, if the focus node has it only as the inverse of another."""
    other = str(result.value)
    if other not in graph.nodes or not isinstance(result.path, URIRef):
        return result
    link = NamedNode(str(result.path))
    if Quad(NamedNode(result.focus), link, NamedNode(other), NamedNode(model.names.inferred)) not in graph.store:
        return result
    if written_value(
        graph.nodes[result.focus][1], model.schema.subproperties(link.value), other, None, model.names.things
    ):
        return result
    for inverse in model.schema.inverses(link.value):
        properties = model.schema.subproperties(inverse)
        if written_value(graph.nodes[other][1], properties, result.focus, None, model.names.things):
            return replace(result, focus=other, path=URIRef(inverse), value=URIRef(result.focus))
    return result


def message(model: Model, result: ValidationResult) -> str:
    """The message of the shape, with things named as in a source; without a message, the value that is required."""
    property_ = model.schema.property_of(str(result.path))
    expectation = expected(model, result)
    if (result.shape, SH.message, None) in model.shapes_graph or not property_ or not expectation:
        return result.message.replace(model.names.things, "")
    return f"{property_.key} must have {expectation}"


def place_in(model: Model, graph: DataGraph, node: MappingNode, result: ValidationResult) -> YamlNode:
    """The place in a record or part where the value of a result is written, or the first key if a value is missing."""
    language = result.value.language if isinstance(result.value, Literal) else None
    path = str(result.path) if result.path is not None else ""
    inner = graph.nodes.get(str(result.value))
    if inner and inner[0] is graph.nodes[result.focus][0] and inner[1] is not graph.nodes[result.focus][1]:
        return first_of(inner[1])
    place = locate(node, model.schema, path, str(result.value), language, model.names.things)
    if result.component == "LanguageIn" and language and (tag := tag_of(node, place)) is not None:
        return tag
    if result.component == "UniqueLang" and isinstance(place, MappingNode):
        return next((texts for _, texts in place.value if isinstance(texts, SequenceNode)), place)
    return place


def tag_of(node: YamlNode, text: YamlNode) -> YamlNode | None:
    """The language tag under which a text is written in a record or part."""
    for key, value in node.value if isinstance(node, MappingNode) else ():
        if value is text or (isinstance(value, SequenceNode) and text in value.value):
            return None if isinstance(value, SequenceNode) and not isinstance(node, MappingNode) else key
        tag = tag_of(value, text)
        if tag is not None:
            return tag
    return None


def expected(model: Model, result: ValidationResult) -> str | None:
    """What the violated constraint requires (w3.org/TR/shacl, 4), in the terms of the sources."""

    def parameter(name: str) -> str:
        return str(model.shapes_graph.value(result.shape, SH[name]))

    def number(name: str) -> int:
        return int(parameter(name))

    match result.component:
        case "MinCount" | "QualifiedMinCount":
            return f"at least {counted(number(lower_first(result.component)), 'value')}"
        case "MaxCount" | "QualifiedMaxCount":
            return f"at most {counted(number(lower_first(result.component)), 'value')}"
        case "In":
            return one_of(str(result.value), members(model, result, SH["in"]))
        case "LanguageIn":
            return "one of the languages " + ", ".join(members(model, result, SH.languageIn))
        case "UniqueLang":
            return "one text per language"
        case "Pattern":
            return pattern_in_words(model, result)
        case "MinLength":
            return f"at least {counted(number('minLength'), 'character')}"
        case "MaxLength":
            return f"at most {counted(number('maxLength'), 'character')}"
        case "MinInclusive" | "MaxInclusive" | "MinExclusive" | "MaxExclusive":
            words = {"MinInclusive": "at least", "MaxInclusive": "at most", "MinExclusive": "more than"}
            return f"{words.get(result.component, 'less than')} {parameter(lower_first(result.component))}"
        case "LessThan" | "LessThanOrEquals":
            other = model.schema.property_of(parameter(lower_first(result.component)))
            return f"not {'after' if other.bounds else 'more than'} {other.key}" if other else None
    return None


def hint(model: Model, graph: DataGraph, result: ValidationResult, place: YamlNode) -> str | None:
    """A hint that says how to satisfy a constraint, if that is certain."""
    property_ = model.schema.property_of(model.schema.path_of(result.shape))
    match result.component:
        case "MinCount" | "QualifiedMinCount" if (
            property_ and result.shape is not None and (key := model.schema.key_of(result.shape))
        ):
            return missing(model, graph, result, key)
        case "MaxCount" | "QualifiedMaxCount":
            most = str(model.shapes_graph.value(result.shape, SH.maxCount))
            return f"keep {most} of the values" if most.isdigit() and most != "0" else None
        case "In" if isinstance(place, ScalarNode):
            choices = members(model, result, SH["in"])
            language = language_meant(place.value, tuple(choices))
            named = zip(choices, choices, strict=True)
            return did_you_mean([language] if language else nearest(place.value, named))
        case "Pattern" if isinstance(place, ScalarNode):
            return pattern_meant(model, result, place.value)
    return None


def missing(model: Model, graph: DataGraph, result: ValidationResult, key: Key) -> str | None:
    """A hint that says what to add; None if the key is already there, unless only an English text is missing."""
    node = graph.nodes[result.focus][1]
    there = next((value for name, value in node.value if name.value == key.property.key), None)
    if there is None:
        return f"add {key.property.key}: {model.schema.example(key)}"
    if key.property.values is Values.TEXT and isinstance(there, MappingNode):
        return "add en: …"
    return None


def pattern_in_words(model: Model, result: ValidationResult) -> str | None:
    """What a pattern requires: the sh:description of its shape, else the message of the shape."""
    words = in_language(model.shapes_graph.objects(result.shape, SH.description))
    if words is not None:
        return str(words)
    if (result.shape, SH.message, None) in model.shapes_graph:
        return None  # the message describes it
    return f"text that matches {model.shapes_graph.value(result.shape, SH.pattern)}"


def pattern_meant(model: Model, result: ValidationResult, text: str) -> str | None:
    """A hint with a spelling that matches the pattern: without punctuation, in other capitals, or as a name."""
    pattern = str(model.shapes_graph.value(result.shape, SH.pattern))
    flags = str(model.shapes_graph.value(result.shape, SH.flags) or "")
    if matches(pattern, "sr-Latn", flags):  # the tag of a language
        guesses = [language_meant(text) or "", text.strip()]
    else:
        guesses = [text.strip(), text.strip().upper(), text.strip().lower()]
        guesses += [] if re.search("[,;]", text) else ["/".join(map(as_name, text.split("/", 1)))]
        if re.fullmatch(r"\d{1,3}([., ' ’\u00a0\u202f]\d{3})+|(\S*[/:#]\s*)?\d+\W*", text):
            digits = "".join(re.findall(r"\d+", text))
            guesses += [digits, digits.lstrip("0"), digits.zfill(2)]
    fitting = [guess for guess in dict.fromkeys(guesses) if guess and matches(pattern, guess, flags)]
    if fitting:
        return f"write {fitting[0]}"
    parts = [part for part in re.split(r"[,;\s]+", text) if part]
    is_list = len(parts) > 1 and (result.shape, SH.maxCount, None) not in model.shapes_graph
    return f"write [{', '.join(parts)}]" if is_list and all(matches(pattern, part, flags) for part in parts) else None


def members(model: Model, result: ValidationResult, list_: URIRef) -> list[str]:
    """The members of a list in a shape, as they are written in a source."""
    head = model.shapes_graph.value(result.shape, list_)
    names = [str(member) for member in Collection(model.shapes_graph, head)] if head is not None else []
    return [local_name(n) if n.startswith(model.names.vocabulary) else model.names.compact(n) for n in names]


def lower_first(name: str) -> str:
    return name[0].lower() + name[1:]


def circles(model: Model, graph: DataGraph, links: Mapping[str, Mapping[str, Set[str]]]) -> Iterator[Problem]:
    """The statements that link a thing back to itself by an irreflexive property (OWL 2 RL, prp-irp)."""
    inferred = NamedNode(model.names.inferred)
    for irreflexive, follows in sorted(links.items()):
        looped = sorted(iri for iri in follows if iri in graph.nodes)
        for iri in looped:
            record, tree = graph.nodes[iri]
            for property_ in model.schema.subproperties(irreflexive):
                for quad in graph.store.quads_for_pattern(
                    NamedNode(iri), NamedNode(property_.iri), None, DefaultGraph()
                ):
                    if not isinstance(quad.object, NamedNode) or iri not in follows.get(quad.object.value, ()):
                        continue
                    if Quad(quad.subject, quad.predicate, quad.object, inferred) in graph.store:
                        continue  # what is inferred from a link is reported for the link
                    others = [model.names.compact(other) for other in looped if other in follows[iri] and other != iri]
                    way = " and ".join(others) if others else "nothing else"
                    yield problem(
                        "E406",
                        f"the links {property_.key} lead from {record.path} back to itself",
                        record.file,
                        locate(tree, model.schema, property_.iri, quad.object.value, None, model.names.things),
                        record.path,
                        found=f"a circle through {way}",
                    )
