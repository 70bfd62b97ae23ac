"""Releases: the earlier versions of the ontology, kept so that what was published once stays where it was.

`ontology/releases/<version>.ttl` is a version as it was, `<version>.context.jsonld` the JSON-LD context that followed
from it. `python -m kg.releases` writes both of the version that the ontology now has; run it before raising that.
"""

import json
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


def write_release(ontology: Path, shapes: Path, directory: Path) -> str:
    """Writes the version that an ontology has as files of a directory, under the canonical namespace; its number."""
    build = Build(Sources((), ontology, shapes), Names(CANONICAL), directory)
    read_model(build)
    assert build.schema is not None, build.problems
    triples = [quad.triple for quad in sorted(build.ontology, key=str)]
    directory.mkdir(exist_ok=True)
    version = build.schema.version
    turtle = serialize_in_order(triples, RdfFormat.TURTLE, build.names.prefixes)
    (directory / f"{version}.ttl").write_bytes(turtle)
    (directory / f"{version}{CONTEXT}").write_bytes(as_document(context(build.schema, build.names)))
    return version


if __name__ == "__main__":
    print(write_release(Path("ontology"), Path("shapes"), Path("ontology/releases")))
