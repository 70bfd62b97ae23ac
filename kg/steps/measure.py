"""Quality: measures of what is missing, unverified or disputed, answered from the graph.

Each `*.rq` in `quality/` beside the shapes is one measure. Its first line is a question, and its second line a sentence
with the variables of the query in braces, which is filled in for each row. A new measure needs no Python code.
"""

import os
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from pyoxigraph import NamedNode, Store

from kg.diagnostics.problems import Problem, Severity
from kg.model.schema import Schema
from kg.names import Names
from kg.sources.nodes import first_of, problem
from kg.sparql.engine import Solution
from kg.sparql.oxigraph import select
from kg.steps.locate import locate
from kg.steps.model import at_term, query_files
from kg.steps.results import DataGraph, Measure, Model, Quality

CODE = "E315"


def measure(model: Model) -> Quality:
    """The measures, which are answered when they are needed; an invalid measure is a problem."""
    measures, problems = list[Measure](), list[Problem]()
    for file in query_files(model.sources.shapes / "quality"):
        lines = model.names.rebase(file.read_text(encoding="utf-8", errors="replace")).splitlines()
        question, sentence = (line.removeprefix("#").strip() for line in (*lines, "", "")[:2])
        query = "\n".join(lines[2:]).strip()
        try:
            select(Store(), query)
        except (SyntaxError, OSError, TypeError) as error:
            hint = "write a question, a sentence and a SELECT query"
            problems.append(Problem("E509", f"this quality measure is not valid: {error}", file, hint=hint))
            continue
        measures.append(Measure(file.stem, question, sentence, query))
    return Quality(measures, problems)


def answers(quality: Quality, store: Store) -> Iterator[tuple[Measure, list[Solution]]]:
    """The measures, each with the solutions of its query on the default graph; several are answered at once."""
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        found = threads.map(lambda measure: [*select(store, measure.query)], quality.measures)
        yield from zip(quality.measures, found, strict=True)


def sentence_of(sentence: str, row: Solution, schema: Schema, names: Names) -> str:
    """A sentence filled in with the values of a row: classes by label, properties by key, things by path."""

    def word(match: re.Match[str]) -> str:
        term = row.get(match[1])
        if not isinstance(term, NamedNode):
            return term.value if term else "…"
        if term.value in schema.classes:
            return schema.label(term.value)
        property_ = schema.property_of(term.value)
        return property_.key if property_ else names.compact(term.value)

    return re.sub(r"\{(\w+)\}", word, sentence)


def gaps(model: Model, graph: DataGraph, quality: Quality) -> Iterator[Problem]:
    """The findings of the measures as problems of severity info: at the thing, else at the class or property."""
    for measure, rows in answers(quality, graph.store):
        for row in rows:
            message = sentence_of(measure.sentence, row, model.schema, model.names)
            thing = row["thing"].value if "thing" in row else ""
            if thing not in graph.nodes:
                term = row.get("class") or row.get("property") or NamedNode(model.names.ontology)
                yield at_term(model.sources, model.names, term.value, CODE, message, severity=Severity.INFO)
                continue
            record, node = graph.nodes[thing]
            path = row["property"].value if "property" in row else ""
            place = locate(node, model.schema, path, "", None, model.names.things) if path else first_of(node)
            yield problem(CODE, message, record.file, place, record.path, severity=Severity.INFO)


def report(model: Model, quality: Quality, store: Store) -> list[dict[str, Any]]:
    """The measures for the page: question, query, and for each row the sentence and the IRI of its thing, if any."""
    return [
        {
            "name": measure.name,
            "question": measure.question,
            "query": measure.query,
            "findings": [
                {
                    "text": sentence_of(measure.sentence, row, model.schema, model.names),
                    **({"thing": row["thing"].value} if "thing" in row else {}),
                }
                for row in rows
            ],
        }
        for measure, rows in answers(quality, store)
    ]
