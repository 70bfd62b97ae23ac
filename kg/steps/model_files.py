"""Model files: the files of a version that depend on the ontology, the shapes and the questions only."""

import hashlib
import json
from dataclasses import asdict

from kg.dataset.layout import (
    CONTEXTS,
    JSON_LD_OPENING,
    MEASURES,
    ONTOLOGY_VERSIONS,
    QUESTIONS,
    QUESTIONS_DATA,
    TURTLE_OPENING,
    as_json,
    json_schema_file,
)
from kg.dataset.packs import n_quads
from kg.dataset.questions import as_quads, read_questions
from kg.diagnostics.problems import Problem
from kg.model.json_schema import json_schema
from kg.serialize import declarations
from kg.steps.measure import measure
from kg.steps.results import Model, ModelFiles
from kg.steps.versions import read_contexts, read_ontology_versions


def model_files(model: Model) -> ModelFiles:
    """The files of a model."""
    names, schema, problems = model.names, model.schema, list[Problem]()
    contexts, questions = read_contexts(model), read_questions(model.sources.questions, names)
    context = json.dumps(contexts[schema.version], ensure_ascii=False)
    files = {
        QUESTIONS: as_json([asdict(question) for question in questions]),
        QUESTIONS_DATA: b"".join(n_quads(set(as_quads(questions, names)))),
        ONTOLOGY_VERSIONS: b"".join(n_quads(set(read_ontology_versions(model, problems)))),
        CONTEXTS: as_json(contexts),
        MEASURES: as_json([asdict(each) for each in measure(model).measures]),
        TURTLE_OPENING: declarations(names.prefixes),
        JSON_LD_OPENING: f'{{"@context": {context}, "@graph": [\n'.encode(),
        **{
            json_schema_file(kind): json.dumps(json_schema(class_, schema, names)).encode()
            for kind, class_ in schema.kinds.items()
        },
    }
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    notes = [] if questions else [f"There are no questions in {model.sources.questions}, so pages have no examples."]
    return ModelFiles(files, digests, contexts, problems, notes)
