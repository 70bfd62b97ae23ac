"""Ontology versions: the earlier versions of the ontology, stored so that their addresses remain available.

`ontology/versions/<version>.ttl` is a version as it was published, and `<version>.context.jsonld` is its JSON-LD
context. `python -m kg.steps.versions` writes both for the current version; run it before you raise the version. It
never overwrites a stored version.
"""

import json
import sys
from pathlib import Path

from pyoxigraph import Quad, RdfFormat

from kg.diagnostics.problems import Problem
from kg.model.context import Json, as_document, context
from kg.names import CANONICAL, Names
from kg.serialize import serialize_in_order
from kg.steps.model import ONTOLOGY_VERSIONS, canonical, read_model, read_turtle
from kg.steps.results import Model, Sources

CONTEXT = ".context.jsonld"


def read_ontology_versions(model: Model, problems: list[Problem]) -> list[Quad]:
    """The earlier versions of the ontology, each in the named graph that is its IRI. Adds problems of their files."""
    files = sorted((model.sources.ontology / ONTOLOGY_VERSIONS).glob("*.ttl"))
    graphs = {f"{model.names.ontology}/{file.stem}": read_turtle(file, model.names, problems) for file in files}
    return canonical(graphs) if graphs else []


def read_contexts(model: Model) -> dict[str, Json]:
    """The JSON-LD contexts of the earlier versions and of the current version of the ontology, by version."""
    contexts = {
        file.name.removesuffix(CONTEXT): json.loads(model.names.rebase(file.read_text(encoding="utf-8")))["@context"]
        for file in sorted((model.sources.ontology / ONTOLOGY_VERSIONS).glob(f"*{CONTEXT}"))
    }
    return {**contexts, model.schema.version: context(model.schema, model.names)}


class ChangedVersionError(Exception):
    """Raised when a version of the ontology is already stored and the ontology has changed since."""


def write_ontology_version(ontology: Path, shapes: Path, directory: Path) -> str:
    """Writes the current version of an ontology to a directory, under the canonical namespace, and returns its number.

    Raises ChangedVersionError, and writes nothing, if a file of this version exists with other content.
    """
    model = read_model(Sources((), ontology, shapes), Names(CANONICAL))
    assert isinstance(model, Model), model.problems
    triples = [quad.triple for quad in sorted(model.ontology, key=str)]
    directory.mkdir(exist_ok=True)
    version = model.schema.version
    files = {
        directory / f"{version}.ttl": serialize_in_order(triples, RdfFormat.TURTLE, model.names.prefixes),
        directory / f"{version}{CONTEXT}": as_document(context(model.schema, model.names)),
    }
    for file, content in files.items():
        if file.exists() and file.read_bytes() != content:
            raise ChangedVersionError(
                f"{file} contains version {version} as it was published, and the ontology has changed since; "
                "give the ontology a new owl:versionInfo and owl:versionIRI first"
            )
    for file, content in files.items():
        file.write_bytes(content)
    return version


if __name__ == "__main__":
    try:
        print(write_ontology_version(Path("ontology"), Path("shapes"), Path("ontology/versions")))
    except ChangedVersionError as error:
        sys.exit(str(error))
