"""Questions: the competency questions as examples for people, as data for SPARQL editors, and as queries with values.

As data they are SPARQL executables of SHACL (SHACL Advanced Features, 6 and 8.2): editors find `sh:SPARQLExecutable`
with a comment and a query. The parameters of a question are at its top: each `VALUES ?name { a term }` with which its
WHERE begins.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any

from pyoxigraph import Literal, NamedNode, Quad
from rdflib.namespace import DCTERMS, RDF, RDFS, SH

from kg.model.literals import typed
from kg.names import RDF_TYPE, RDFS_LABEL, XSD, Names
from kg.namespaces import SDO
from kg.sparql.query_text import QueryText, Token

FORMS = {"SELECT": "Select", "ASK": "Ask", "CONSTRUCT": "Construct", "DESCRIBE": "Describe"}
"""The class of SHACL for the first word of a query, without the prefix SPARQL and the suffix Executable."""


@dataclass(frozen=True, slots=True)
class QuestionParameter:
    """A parameter: its name, default value, datatype (an IRI; empty for an IRI), and place in the query."""

    name: str
    default: str
    datatype: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Question:
    """A question: the name of its file, its English text, and its query, with its first word and parameters."""

    name: str
    question: str
    query: str
    form: str
    parameters: tuple[QuestionParameter, ...]

    @classmethod
    def of(cls, statement: Mapping[str, Any]) -> "Question":
        """A question from its JSON."""
        return cls(**{**statement, "parameters": tuple(QuestionParameter(**each) for each in statement["parameters"])})

    def fill(self, values: Mapping[str, str], names: Names) -> str:
        """The query with other values of its parameters. Raises ValueError for an invalid value or an unknown name.

        A value is written as in YAML: an IRI, the path of a thing, or a literal that is valid for the datatype.
        """
        if unknown := {*values} - {parameter.name for parameter in self.parameters}:
            known = ", ".join(parameter.name for parameter in self.parameters) or "none"
            raise ValueError(f"there is no parameter {min(unknown)}; available parameters: {known}")
        query = self.query
        for parameter in reversed(self.parameters):
            if parameter.name in values:
                written = term(values[parameter.name], parameter, names)
                query = query[: parameter.start] + written + query[parameter.end :]
        return query


def term(value: str, parameter: QuestionParameter, names: Names) -> str:
    """A value as a term of SPARQL. Raises ValueError if it is invalid."""
    try:
        if not parameter.datatype:
            if ":" not in value and "/" not in value.strip("/"):
                raise ValueError(value)
            return str(NamedNode(names.expand(value)))
        canonical, datatype = typed(value, (parameter.datatype,))
        return str(Literal(canonical, datatype=NamedNode(datatype)))
    except (ValueError, KeyError) as error:
        raise ValueError(
            f"{value!r} is not a valid value for {parameter.name}, such as {parameter.default!r}"
        ) from error


def read_questions(directory: Path, names: Names) -> list[Question]:
    """The questions of a directory, one in each file, under the base."""
    questions = []
    for file in sorted(directory.glob("*.rq")):
        lines = names.rebase(file.read_text(encoding="utf-8", errors="replace")).splitlines()
        comment = [line.removeprefix("#").strip() for line in takewhile(lambda line: line.startswith("#"), lines)]
        query = "\n".join(lines[len(comment) :]).strip()
        text = QueryText(query, base=names.base)
        form = next((t.text.upper() for t in text.tokens if t.kind == "word" and t.text.upper() in FORMS), "SELECT")
        questions.append(Question(file.stem, " ".join(comment), query, form, tuple(parameters(text))))
    return questions


def parameters(text: QueryText) -> Iterator[QuestionParameter]:
    """The parameters at the top of a query."""
    tokens = text.tokens
    words = [token.text.upper() for token in tokens]
    place = words.index("WHERE") + 2 if "WHERE" in words else len(words)
    while words[place : place + 1] == ["VALUES"] and tokens[place + 1].kind == "variable":
        end = words.index("}", place)
        value = tokens[place + 3 : end]
        if parameter := parameter_of(tokens[place + 1].text[1:], value, text):
            yield parameter
        place = end + 1


def parameter_of(name: str, value: list[Token], text: QueryText) -> QuestionParameter | None:
    """The parameter whose default is one term, an IRI or a literal without language; None for anything else."""
    if not value or any(token.kind == "name" and not text.iri(token) for token in value):
        return None
    start, end = value[0].start, value[-1].start + len(value[-1].text)
    match [token.kind for token in value]:
        case ["iri"] | ["name"]:
            return QuestionParameter(name, text.iri(value[0]), "", start, end)
        case ["word"] if value[0].text in ("true", "false"):
            return QuestionParameter(name, value[0].text, XSD + "boolean", start, end)
        case ["number"]:
            datatype = XSD + ("decimal" if "." in value[0].text else "integer")
            return QuestionParameter(name, value[0].text, datatype, start, end)
        case ["string"]:
            return QuestionParameter(name, value[0].text[1:-1], XSD + "string", start, end)
        case ["string", "mark", "iri" | "name"]:
            return QuestionParameter(name, value[0].text[1:-1], text.iri(value[2]), start, end)
    return None


def as_quads(questions: list[Question], names: Names) -> Iterator[Quad]:
    """The questions as data, in their own graph."""
    endpoint = NamedNode(names.base + "sparql")

    def about(subject: str, *statements: tuple[str, NamedNode | Literal]) -> Iterator[Quad]:
        for predicate, value in statements:
            yield Quad(NamedNode(subject), NamedNode(predicate), value, NamedNode(names.questions))

    for question in questions:
        iri, english = f"{endpoint.value}#{question.name}", Literal(question.question, language="en")
        class_ = FORMS[question.form]
        yield from about(
            iri,
            (RDF_TYPE, NamedNode(SH.SPARQLExecutable)),
            (RDF_TYPE, NamedNode(SH[f"SPARQL{class_}Executable"])),
            (RDFS_LABEL, english),
            (RDFS.comment, english),
            (DCTERMS.identifier, Literal(question.name)),
            (SH[class_.lower()], Literal(question.query)),
            (SDO.target, endpoint),
        )
        for parameter in question.parameters:
            node, path = f"{iri}-{parameter.name}", f"{endpoint.value}#parameter-{parameter.name}"
            label = Literal(parameter.name, language="en")
            is_iri = not parameter.datatype
            value = (
                NamedNode(parameter.default)
                if is_iri
                else Literal(parameter.default, datatype=NamedNode(parameter.datatype))
            )
            yield from about(iri, (SH.parameter, NamedNode(node)))
            yield from about(path, (RDF_TYPE, NamedNode(RDF.Property)), (RDFS_LABEL, label))
            yield from about(
                node,
                (RDF_TYPE, NamedNode(SH.Parameter)),
                (RDFS_LABEL, label),
                (SH.path, NamedNode(path)),
                (SH.defaultValue, value),
                (SH.nodeKind, NamedNode(SH.IRI)) if is_iri else (SH.datatype, NamedNode(parameter.datatype)),
            )
