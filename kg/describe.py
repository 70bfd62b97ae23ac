"""Describe: the catalogue of the dataset, in DCAT 3, VoID and PROV-O.

w3.org/TR/vocab-dcat-3, w3.org/TR/void, w3.org/TR/prov-o. Counts are of the default graph.
"""

import os
import re
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from pyoxigraph import Literal, NamedNode, Quad, QuerySolution, QuerySolutions, Store

from kg.build import Build
from kg.names import PREFIXES, RDF_TYPE, RDFS_LABEL, XSD, Names, local_name

LICENSE = "https://creativecommons.org/licenses/by/4.0/"
TITLE = "OSCE knowledge graph"
DESCRIPTION = (
    "States, structures, fields of work and releases of the Organization for Security and Co-operation in Europe, "
    "compiled from public pages. Not a publication of the OSCE."
)

CLASS_COUNTS = "SELECT ?class (COUNT(?s) AS ?n) WHERE { ?s a ?class } GROUP BY ?class ORDER BY ?class"
PROPERTY_COUNTS = "SELECT ?p (COUNT(*) AS ?n) WHERE { ?s ?p ?o } GROUP BY ?p ORDER BY ?p"
TOTALS = """SELECT (COUNT(*) AS ?triples) (COUNT(DISTINCT ?s) AS ?subjects) (COUNT(DISTINCT ?o) AS ?objects)
WHERE { ?s ?p ?o }"""


def describe(build: Build) -> None:
    """Fills `catalogue`, all but what depends on the version."""
    if build.schema is not None:
        graph = NamedNode(build.names.dataset)
        build.catalogue = [
            Quad(NamedNode(s), NamedNode(p), o, graph)
            for s, p, o in [*_dataset(build), *_partitions(build.store, build.names), *_origin(build)]
        ]


Statement = tuple[str, str, NamedNode | Literal]


def _term(name: str) -> str:
    prefix, _, local = name.partition(":")
    return (PREFIXES[prefix]) + local


def _iri(iri: str) -> NamedNode:
    return NamedNode(_term(iri) if iri.partition(":")[0] in PREFIXES else iri)


def _about(subject: str, **values: object) -> Iterator[Statement]:
    """Statements about a subject; a name such as dcat_title is dcat:title, a str value starting with http an IRI."""
    for name, given in values.items():
        predicate = RDF_TYPE if name == "a" else _term(name.replace("_", ":", 1))
        for value in given if isinstance(given, list) else [given]:
            if isinstance(value, int):
                yield subject, predicate, Literal(str(value), datatype=NamedNode(XSD + "integer"))
            elif isinstance(value, Literal | NamedNode):
                yield subject, predicate, value
            else:
                yield subject, predicate, _iri(str(value))


def _english(text: str) -> Literal:
    return Literal(text, language="en")


def _rows(store: Store, query: str) -> list[QuerySolution]:
    solutions = store.query(query)
    assert isinstance(solutions, QuerySolutions)
    return list(solutions)


def _dataset(build: Build) -> Iterator[Statement]:
    names = build.names
    example = min((record.path for record in build.records), default="")
    yield from _about(
        names.dataset,
        a=["dcat:Dataset", "void:Dataset", "prov:Entity"],
        rdfs_label=_english(TITLE),
        dcterms_title=_english(TITLE),
        dcterms_description=_english(DESCRIPTION),
        dcterms_license=LICENSE,
        dcterms_conformsTo=[names.ontology, names.shapes],
        dcat_landingPage=names.base,
        void_sparqlEndpoint=names.base + "sparql",
        void_uriSpace=Literal(names.things),
        void_vocabulary=names.ontology,
        void_exampleResource=names.thing(example),
    )
    yield from _about(
        names.dataset + "#sparql",
        a="dcat:DataService",
        dcterms_title=_english("SPARQL endpoint"),
        rdfs_label=_english("SPARQL endpoint"),
        dcterms_conformsTo="http://www.w3.org/TR/sparql11-protocol/",
        dcat_endpointURL=names.base + "sparql",
        dcat_servesDataset=names.dataset,
    )


def _partitions(store: Store, names: Names) -> Iterator[Statement]:
    totals = _rows(store, TOTALS)[0]
    yield from _about(
        names.dataset,
        void_triples=int(totals["triples"].value),
        void_distinctSubjects=int(totals["subjects"].value),
        void_distinctObjects=int(totals["objects"].value),
    )
    partitions = (
        ("class", CLASS_COUNTS, "void_classPartition", "void_class", "void_entities"),
        ("property", PROPERTY_COUNTS, "void_propertyPartition", "void_property", "void_triples"),
    )
    for sort, query, relation, what, count in partitions:
        for row in _rows(store, query):
            iri = row[0].value
            partition = f"{names.dataset}#{sort}-{re.sub(r'[^a-zA-Z0-9]+', '-', names.compact(iri))}"
            yield from _about(names.dataset, **{relation: NamedNode(partition)})
            yield from _about(partition, a="void:Dataset", **{what: NamedNode(iri), count: int(row[1].value)})
            yield partition, RDFS_LABEL, Literal(f"{local_name(iri)} in the dataset", language="en")


def _origin(build: Build) -> Iterator[Statement]:
    """How the dataset was made: by which commit of the sources, and when."""
    activity = build.names.dataset + "#build"
    commit, time = origin(build.sources.data[0])
    yield from _about(build.names.dataset, prov_wasGeneratedBy=activity)
    yield from _about(activity, a="prov:Activity", rdfs_label=Literal("Build of the dataset", language="en"))
    if commit:
        yield from _about(activity, dcterms_identifier=Literal(commit))
    if time:
        stamp = Literal(time, datatype=NamedNode(XSD + "dateTime"))
        yield from _about(activity, prov_endedAtTime=stamp)
        yield from _about(build.names.dataset, dcterms_modified=stamp)


def origin(directory: Path) -> tuple[str | None, str | None]:
    """The commit that sources were taken from, and its time: SOURCE_DATE_EPOCH, else the commit's, else none."""
    git = ["git", "-C", str(directory), "log", "-1", "--format=%H %ct", "--", "."]
    try:
        logged = subprocess.run(git, capture_output=True, text=True, check=True).stdout.split()  # noqa: S603
    except (OSError, subprocess.CalledProcessError):
        logged = []
    commit, seconds = logged if len(logged) == 2 else (None, None)
    seconds = os.environ.get("SOURCE_DATE_EPOCH", seconds)
    if seconds is None or not re.fullmatch(r"[0-9]{1,11}", seconds):
        return commit, None
    return commit, datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
