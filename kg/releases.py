"""Releases: the earlier versions of the ontology, kept so that what was published once stays where it was.

`ontology/releases/<version>.ttl` is a version as it was, `<version>.context.jsonld` the JSON-LD context that followed
from it. `python -m kg.releases` writes both of the version that the ontology now has; run it before raising that. It
never writes over a version that is kept.
"""

import json
import sys
from pathlib import Path

from pyoxigraph import RdfFormat

from kg.build import Build, Sources
from kg.context import Json, context
from kg.model import RELEASES, canonical, read_model, read_turtle
from kg.names import CANONICAL, Names
from kg.serialize import serialize_in_order

CONTEXT = ".context.jsonld"


def read_releases(build: Build) -> None:
    """Fills `releases` (each version in the named graph that is its IRI) and `contexts`, with that of this version."""
    assert build.schema is not None
    directory = build.sources.ontology / RELEASES
    graphs = {
        f"{build.names.ontology}/{file.stem}": read_turtle(build, file) for file in sorted(directory.glob("*.ttl"))
    }
    build.releases = canonical(graphs) if graphs else []
    build.contexts = {
        file.name.removesuffix(CONTEXT): json.loads(build.names.rebase(file.read_text(encoding="utf-8")))["@context"]
        for file in sorted(directory.glob(f"*{CONTEXT}"))
    }
    build.contexts[build.schema.version] = context(build.schema, build.names)


def as_document(context: Json) -> bytes:
    """A context as the document that is served and kept."""
    return json.dumps({"@context": context}, ensure_ascii=False, indent=2).encode() + b"\n"


class KeptVersionError(Exception):
    """Raised when a version of the ontology is kept already, and the ontology now says something else."""


def write_release(ontology: Path, shapes: Path, directory: Path) -> str:
    """Writes the version that an ontology has as files of a directory, under the canonical namespace; its number.

    Raises KeptVersionError, and writes nothing, where a file of this version is there with other content.
    """
    build = Build(Sources((), ontology, shapes), Names(CANONICAL), directory)
    read_model(build)
    assert build.schema is not None, build.problems
    triples = [quad.triple for quad in sorted(build.ontology, key=str)]
    directory.mkdir(exist_ok=True)
    version = build.schema.version
    kept = {
        directory / f"{version}.ttl": serialize_in_order(triples, RdfFormat.TURTLE, build.names.prefixes),
        directory / f"{version}{CONTEXT}": as_document(context(build.schema, build.names)),
    }
    for file, content in kept.items():
        if file.exists() and file.read_bytes() != content:
            raise KeptVersionError(
                f"{file} contains version {version} as it was published, but the ontology has changed since then; "
                "give it a new owl:versionInfo and owl:versionIRI first"
            )
    for file, content in kept.items():
        file.write_bytes(content)
    return version


if __name__ == "__main__":
    try:
        print(write_release(Path("ontology"), Path("shapes"), Path("ontology/releases")))
    except KeptVersionError as error:
        sys.exit(str(error))
