"""The model: the Turtle files of `ontology/` and `shapes/`, read, rebased and checked by the rules for the ontology."""

import hashlib
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from pyoxigraph import (
    CanonicalizationAlgorithm,
    Dataset,
    DefaultGraph,
    NamedNode,
    Quad,
    RdfFormat,
    Store,
    Triple,
    parse,
    serialize,
)
from rdflib import BNode, Graph, URIRef
from rdflib.collection import Collection
from rdflib.namespace import OWL, RDF, RDFS, SH, SKOS, XSD
from rdflib.term import Literal

from kg.diagnostics.problems import Problem, Severity, errors
from kg.model.schema import Schema
from kg.names import CANONICAL, PREFIXES, Names, local_name
from kg.rdflib_graphs import copy_of, to_graph, to_triples
from kg.shacl.prefilter import validation_results
from kg.shacl.validate import InvalidShapesError, invalid_shapes
from kg.sources.texts import flaws_of_turtle, not_composed
from kg.steps.results import Model, NoModel, Sources
from kg.steps.vocabulary import findings, owner
from kg.text.language_preference import in_language

ONTOLOGY_VERSIONS = "versions"
"""The directory in `ontology/` that contains earlier versions."""

RULES = "ontology.ttl"
"""The file in `shapes/` that contains the rules for the ontology itself."""

TURTLE, QUERY = ".ttl", ".rq"
QUERIES = (QUERY, ".sparql")
SUFFIXES = (
    *QUERIES,
    TURTLE,
    ".turtle",
    ".n3",
    ".nt",
    ".nq",
    ".trig",
    ".rdf",
    ".owl",
    ".xml",
    ".jsonld",
    ".json",
    ".ofn",
)
"""The suffixes, in lower case, of files that define parts of a model."""


def read_model(sources: Sources, names: Names) -> Model | NoModel:
    """Returns the model of the Turtle files of two directories, or NoModel if they have errors."""
    problems = [problem for directory in (sources.ontology, sources.shapes) for problem in not_read(directory)]
    ontology_files, shape_files = turtle_files(sources.ontology), turtle_files(sources.shapes)
    files, before = len(ontology_files) + len(shape_files), len(problems)

    def graph(files: Iterable[Path]) -> Graph:
        return to_graph(triple for file in files for triple in read_turtle(file, names, problems))

    ontology = graph(ontology_files)
    rules = graph(file for file in shape_files if file.name == RULES)
    shapes = graph(file for file in shape_files if file.name != RULES)
    if errors(problems[before:]):
        return NoModel(files, problems)
    declare_bounds(ontology, names.vocabulary)
    shapes += shapes_within(ontology)
    declare_targets(ontology, shapes)
    declare_targets(ontology, rules)
    schema = Schema(ontology, shapes, names)
    all_shapes = copy_of(shapes)
    all_shapes += rules
    wrong = [*schema.findings, *findings(ontology, all_shapes, names)]
    problems += [at_term(sources, names, f.term, f.code, f.message, hint=f.hint, part=f.part) for f in wrong]
    usable = not wrong
    problems += deprecated_terms(sources, names, schema)
    quads = canonical({names.ontology: to_triples(ontology), names.shapes: to_triples(all_shapes)})
    in_ontology = [quad for quad in quads if quad.graph_name == NamedNode(names.ontology)]
    in_shapes = [quad for quad in quads if quad.graph_name == NamedNode(names.shapes)]
    try:
        problems += check_ontology(sources, names, in_ontology, rules)
    except InvalidShapesError as error:
        problems += not_shacl(sources, names, rules, str(error))
        usable = False
    if not usable:
        return NoModel(files, problems)
    digest = digest_of(quads)
    return Model(sources, names, schema, in_ontology, in_shapes, shapes, digest, files, problems)


def turtle_files(directory: Path) -> list[Path]:
    """The Turtle files of the ontology or the shapes."""
    return [file for file in entries(directory) if file.suffix == TURTLE and file.is_file()]


def query_files(directory: Path) -> list[Path]:
    """The files of a directory that contain queries."""
    return [file for file in entries(directory) if file.suffix == QUERY and file.is_file()]


def entries(directory: Path) -> list[Path]:
    """The entries of the ontology or shapes directory, in order, without earlier versions and hidden files."""
    readable = (file for file in sorted(directory.rglob("*")) if os.access(file.parent, os.X_OK))
    places = [(file, file.relative_to(directory).parts) for file in readable]
    return [
        f for f, parts in places if parts[0] != ONTOLOGY_VERSIONS and not any(part.startswith(".") for part in parts)
    ]


def not_read(directory: Path) -> Iterator[Problem]:
    """Reports everything that looks like a file of RDF or a query and would be silently ignored."""
    for file in entries(directory):
        suffix = file.suffix.lower()
        if file.is_dir() and not os.access(file, os.R_OK | os.X_OK):
            hint = f"give yourself permission to read the directory: chmod u+rx {os.path.relpath(file)}"
            yield Problem("E109", "the directory cannot be read", file, found="no permission", hint=hint)
            continue
        if file.is_dir() and file.is_symlink() and suffix not in SUFFIXES:
            hint = "replace the link by the directory itself, or remove it"
            yield Problem("E109", "links to directories are not followed", file, found=os.readlink(file), hint=hint)
        if suffix not in SUFFIXES or (file.suffix in (TURTLE, QUERY) and file.is_file()):
            continue
        if file.suffix in (TURTLE, QUERY):
            found = "a directory" if file.is_dir() else "a broken link" if file.is_symlink() else "not a file"
            yield Problem("E109", "this is not a file that can be read", file, found=found, hint="remove it")
        elif not file.is_dir():
            right = QUERY if suffix in QUERIES else TURTLE
            hint = f"name it {file.stem}{right}" if suffix in (TURTLE, QUERY) else f"save it as {file.stem}{right}"
            yield Problem("E109", f"only {right} files are read here", file, found=file.suffix, hint=hint)


def read_turtle(file: Path, names: Names, problems: list[Problem]) -> Iterable[Triple]:
    """The triples of one Turtle file, rebased; errors in it are added to the problems with their places."""
    try:
        text = names.rebase(file.read_bytes().decode("utf-8-sig"))
        problems += [*not_composed(text, file), *flaws_of_turtle(text, file)]
        return [quad.triple for quad in parse(text, format=RdfFormat.TURTLE, rename_blank_nodes=True)]
    except OSError as error:
        sentence = f"the file cannot be read: {error.strerror}"
        problems.append(Problem("E109", sentence, file, hint="give yourself permission to read the file"))
        return []
    except UnicodeDecodeError as error:
        before = error.object[: error.start].decode("utf-8", "replace")
        line, column = before.count("\n") + 1, len(before.rpartition("\n")[2]) + 1
        problems.append(Problem("E501", "the file is not UTF-8", file, line, column, hint="save the file as UTF-8"))
        return []
    except SyntaxError as error:
        message = re.sub(r"^Parser error at line .*?: ", "", str(error.msg))
        prefix = re.search(r"prefix (\w*):? ", message)
        namespace = prefix and {**PREFIXES, "osce": CANONICAL + "ontology#"}.get(prefix[1])
        hint = f"declare it: @prefix {prefix[1]}: <{namespace}> ." if prefix and namespace else None
        place = error.lineno or 1, error.offset or 1
        problems.append(Problem("E501", f"invalid Turtle: {message}", file, *place, hint=hint))
        return []


def canonical(graphs: dict[str, Iterable[Triple]]) -> list[Quad]:
    """The triples of named graphs as the quads of one dataset, with blank nodes labelled by RDFC-1.0."""
    dataset = Dataset(
        Quad(triple.subject, triple.predicate, triple.object, NamedNode(name))
        for name, triples in graphs.items()
        for triple in triples
    )
    dataset.canonicalize(CanonicalizationAlgorithm.RDFC_1_0)
    return list(dataset)


def digest_of(quads: Iterable[Quad]) -> str:
    """A hash of some quads, whatever their order."""
    lines = (serialize(quads, format=RdfFormat.N_QUADS) or b"").splitlines()
    return hashlib.sha256(b"\n".join(sorted(lines))).hexdigest()


def declare_bounds(ontology: Graph, vocabulary: str) -> None:
    """Declares the two bound properties of each property whose range is a union of date datatypes.

    A gYear cannot be compared with a date in SPARQL; `…Earliest` and `…Latest` are always xsd:date.
    """
    dates = {XSD.date, XSD.gYear, XSD.gYearMonth}
    for property_, range_ in sorted(ontology.subject_objects(RDFS.range)):
        heads = [
            h for node in ontology.objects(range_, OWL.equivalentClass) for h in ontology.objects(node, OWL.unionOf)
        ]
        if not any(set(Collection(ontology, head)) == dates for head in heads):
            continue
        label = str(in_language(ontology.objects(property_, RDFS.label)) or local_name(str(property_)))
        for end, day, annotation in (("Earliest", "first", "earliestBound"), ("Latest", "last", "latestBound")):
            bound = URIRef(f"{property_}{end}")
            for predicate, value in (
                (RDF.type, OWL.DatatypeProperty),
                (RDFS.range, XSD.date),
                (RDFS.label, Literal(f"{label} ({end.lower()})", "en")),
                (SKOS.definition, Literal(f"The {day} day that the value of “{label}” can mean.", "en")),
                (SKOS.example, Literal(f"1992-07-{'01' if end == 'Earliest' else '31'} for 1992-07", "en")),
                (URIRef(PREFIXES["vs"] + "term_status"), Literal("stable")),
            ):
                ontology.add((bound, predicate, value))
            for defined_by in ontology.objects(property_, RDFS.isDefinedBy):
                ontology.add((bound, RDFS.isDefinedBy, defined_by))
            ontology.add((property_, URIRef(vocabulary + annotation), bound))


def shapes_within(ontology: Graph) -> Graph:
    """The SHACL triples of the ontology, such as those of a class that is also a shape (w3.org/TR/shacl, 2.1.3.3)."""
    declared = {
        subject
        for subject, predicate, value in ontology
        if str(value if predicate == RDF.type else predicate).startswith(str(SH))
    }
    graph = Graph(bind_namespaces="none")
    waiting, seen = list(declared), set(declared)
    while waiting:
        for subject, predicate, value in ontology.triples((waiting.pop(), None, None)):
            graph.add((subject, predicate, value))
            if isinstance(value, BNode) and value not in seen:
                seen.add(value)
                waiting.append(value)
    return graph


SAYS_NOTHING = {SH[name] for name in ("declare", "prefix", "namespace", "order", "group", "name", "description")}
"""The terms of SHACL that do not make their subject a shape."""


def declare_targets(ontology: Graph, shapes: Graph) -> None:
    """Declares each class that is also a shape as its own target (w3.org/TR/shacl, 2.1.3.3)."""
    declared = set(shapes.subjects(RDF.type, SH.NodeShape))
    declared |= {s for s, p, _ in shapes if str(p).startswith(str(SH)) and p not in SAYS_NOTHING}
    for shape in declared:
        types = {*ontology.objects(shape, RDF.type), *shapes.objects(shape, RDF.type)}
        if types & {OWL.Class, RDFS.Class}:
            shapes.add((shape, SH.targetClass, shape))


def check_ontology(sources: Sources, names: Names, quads: Iterable[Quad], rules: Graph) -> Iterable[Problem]:
    """The rules for the ontology that its own terms violate."""
    ontology = Store()
    ontology.extend(in_graph(quads))
    for result in validation_results(rules, ontology):
        if result.focus.startswith(names.base):
            message = f"{local_name(result.focus)}: {result.message}"
            yield at_term(sources, names, result.focus, "E502", message, severity=result.severity)


def not_shacl(sources: Sources, names: Names, shapes: Graph, why: str) -> list[Problem]:
    """Reports each ill-formed shape, or all shapes together if none is ill-formed by itself."""
    invalid = list(invalid_shapes(shapes))
    problems = [
        at_term(sources, names, owner(shapes, shape), "E506", f"invalid SHACL: {reason}") for shape, reason in invalid
    ]
    if problems:
        return problems
    if named := re.search(re.escape(names.base) + r"[\w#/-]+", why):
        return [at_term(sources, names, named[0], "E506", f"invalid SHACL: {why}")]
    return [Problem("E506", f"the shapes are not valid SHACL: {why}", sources.shapes)]


def at_term(
    sources: Sources,
    names: Names,
    iri: str,
    code: str,
    message: str,
    severity: Severity = Severity.ERROR,
    hint: str | None = None,
    part: str | None = None,
) -> Problem:
    """A problem at the place of a term or shape: where it is a subject, else where it is first named; or at `part`."""
    places = places_of(sources, names, iri)
    file, line, column, length = places[0]
    part = part and part.replace(names.base, CANONICAL)
    inner = ((where, part_of(where, row, part)) for where, row, *_ in places if part and where.is_file())
    for where, place in inner:
        if place:
            file, (line, column, length) = where, place
            break
    text = message.replace(names.base, CANONICAL)  # as the files write it
    return Problem(code, text, file, line, column, severity, hint=hint, length=length)


def place_of(sources: Sources, names: Names, iri: str) -> tuple[Path, int, int, int]:
    """File, line, column and length of the declaration of a term or shape, else of its first use or mention."""
    return places_of(sources, names, iri)[0]


def places_of(sources: Sources, names: Names, iri: str) -> list[tuple[Path, int, int, int]]:
    """The same for all lines that name it, in this order; for a term that no line names, of the ontology header."""
    canonical_iri = iri.replace(names.base, CANONICAL)
    places = [
        (match.start() > 0, not line[match.end() :].startswith(" a "), file, number, match.start() + 1, len(match[0]))
        for directory in (sources.ontology, sources.shapes)
        for file in turtle_files(directory)
        for text in [file.read_text(encoding="utf-8", errors="replace")]
        for term in [written(canonical_iri, text)]
        for number, line in enumerate(text.splitlines(), 1)
        if not line.startswith("#") and (match := term.search(line))
    ]
    named = [place[2:] for place in sorted(places, key=lambda place: place[:2])]
    return named or [(sources.ontology, 1, 1, 1)]


def part_of(file: Path, line: int, iri: str) -> tuple[int, int, int] | None:
    """Line, column and length of the first mention of a property or class, starting at a line of a file."""
    text = file.read_text(encoding="utf-8", errors="replace")
    term = written(iri, text)
    for number, row in enumerate(text.splitlines()[line - 1 :], line):
        if not row.startswith("#") and (match := term.search(row)):
            return number, match.start() + 1, len(match[0])
    return None


def deprecated_terms(sources: Sources, names: Names, schema: Schema) -> Iterator[Problem]:
    """A warning for each line of the shapes and the questions that uses a deprecated term of the ontology."""
    if not schema.deprecated:
        return
    queries = [*query_files(sources.shapes), *query_files(sources.questions)]
    for file in (*turtle_files(sources.shapes), *queries):
        text = file.read_text(encoding="utf-8", errors="replace")
        for iri in schema.deprecated:
            term = written(iri.replace(names.base, CANONICAL), text)
            message, hint = schema.deprecation(iri)
            for number, row in enumerate(text.splitlines(), 1):
                for match in () if row.lstrip().startswith("#") else term.finditer(row):
                    place, length = (number, match.start() + 1), len(match[0])
                    yield Problem("E511", message, file, *place, Severity.WARNING, hint=hint, length=length)


def written(iri: str, text: str) -> re.Pattern[str]:
    """The forms of an IRI in Turtle or SPARQL: in full, or with a prefix that the text declares, or with ours."""
    prefixes = re.findall(r"(?i)^\s*@?prefix\s+([\w-]*):\s*<([^>]*)>", text, re.MULTILINE)
    prefixes.append(("osce", CANONICAL + "ontology#"))
    names = [re.escape(f"{prefix}:{iri.removeprefix(space)}") for prefix, space in prefixes if iri.startswith(space)]
    return re.compile(rf"(?<![\w:-])(?:{'|'.join([*names, re.escape(f'<{iri}>')])})(?![\w-])")


def in_graph(quads: Iterable[Quad]) -> list[Quad]:
    """The same triples in the default graph."""
    return [Quad(quad.subject, quad.predicate, quad.object, DefaultGraph()) for quad in quads]
