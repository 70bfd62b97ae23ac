"""Describe: what is published beside the data: the catalogue, the origin of each document, earlier releases.

DCAT 3 (w3.org/TR/vocab-dcat-3), VoID (w3.org/TR/void), PROV-O (w3.org/TR/prov-o). Counts are of the default graph.
"""

import hashlib
import os
import re
import subprocess
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from pyoxigraph import Literal, NamedNode, Quad, QuerySolution, QuerySolutions, Store

from kg.build import Build, Sources
from kg.media import LANGUAGES, RDF, MediaType
from kg.names import PREFIXES, RDF_TYPE, RDFS_LABEL, XSD, Names, local_name
from kg.origins import trace
from kg.problems import errors
from kg.releases import read_releases

LICENSE = "https://creativecommons.org/licenses/by/4.0/"
TITLE = "OSCE knowledge graph"
DESCRIPTION = (
    "States, structures, fields of work and releases of the Organization for Security and Co-operation in Europe, "
    "compiled from public pages. Not a publication of the OSCE."
)

IANA = "https://www.iana.org/assignments/media-types/"
LOC_LANGUAGE = "http://id.loc.gov/vocabulary/iso639-1/"
FORMATS = "http://www.w3.org/ns/formats/"

CLASS_COUNTS = "SELECT ?class (COUNT(?s) AS ?n) WHERE { ?s a ?class } GROUP BY ?class ORDER BY ?class"
PROPERTY_COUNTS = "SELECT ?p (COUNT(*) AS ?n) WHERE { ?s ?p ?o } GROUP BY ?p ORDER BY ?p"
WITHIN_CLASSES = """SELECT ?class ?p (COUNT(*) AS ?n) WHERE {
  ?s a ?class ; ?p ?o FILTER(STRSTARTS(STR(?class), "$"))
  FILTER NOT EXISTS { GRAPH <#inferred> { ?s a ?class } }
} GROUP BY ?class ?p ORDER BY ?class ?p"""
OBJECT_CLASSES = """SELECT ?class ?p ?to (COUNT(*) AS ?n) WHERE {
  ?s a ?class ; ?p ?o . ?o a ?to
  FILTER(STRSTARTS(STR(?class), "$") && STRSTARTS(STR(?to), "$"))
  FILTER NOT EXISTS { GRAPH <#inferred> { ?s a ?class } } FILTER NOT EXISTS { GRAPH <#inferred> { ?o a ?to } }
} GROUP BY ?class ?p ?to ORDER BY ?class ?p ?to"""
DATATYPES = """SELECT ?class ?p ?to (COUNT(*) AS ?n) WHERE {
  ?s a ?class ; ?p ?o FILTER(STRSTARTS(STR(?class), "$") && ISLITERAL(?o))
  FILTER NOT EXISTS { GRAPH <#inferred> { ?s a ?class } } BIND(DATATYPE(?o) AS ?to)
} GROUP BY ?class ?p ?to ORDER BY ?class ?p ?to"""
"""The properties of our classes, and what they lead to, by the classes that are stated, not those that follow."""

VOID_EXT = "http://ldf.fi/void-ext#"
"""The extension of VoID for datatypes."""

TOTALS = """SELECT (COUNT(*) AS ?triples) (COUNT(DISTINCT ?s) AS ?subjects) (COUNT(DISTINCT ?o) AS ?objects)
WHERE { ?s ?p ?o }"""


ATTRIBUTION = "OSCE knowledge graph, compiled from public pages; each record names its references"

Statement = tuple[str, str, NamedNode | Literal]


def describe(build: Build) -> None:
    """Fills `catalogue` (all but what depends on the version), `origins`, `tombstones`, `releases` and `contexts`."""
    if build.schema is None or errors(build.problems):
        return
    trace(build)
    read_releases(build)
    names = build.names
    described = [*_dataset(build), *_partitions(build.store, names), *_origin(build), *_contact(names), *_graphs(build)]
    build.catalogue = in_catalogue(described, names)


def in_catalogue(statements: Iterable[Statement], names: Names) -> list[Quad]:
    """Statements as quads of the catalogue."""
    return [Quad(NamedNode(s), NamedNode(p), o, NamedNode(names.dataset)) for s, p, o in statements]


def distributions(names: Names, version: str, dumps: dict[MediaType, bytes]) -> Iterator[Statement]:
    """The version, and its dumps with size and checksum (DCAT 3, 6.8; spdx.org/rdf/terms)."""
    yield names.dataset, PREFIXES["dcat"] + "version", Literal(version)
    for media, content in dumps.items():
        dump = f"{names.dataset}#dump-{media.suffix}"
        label = _english(f"The dataset as {media.label}, compressed")
        yield from _about(names.dataset, dcat_distribution=dump, void_dataDump=names.dump(version, media.suffix))
        yield from _about(
            dump,
            a="dcat:Distribution",
            rdfs_label=label,
            dcterms_title=label,
            dcterms_license=LICENSE,
            dcat_accessURL=names.dataset,
            dcat_downloadURL=names.dump(version, media.suffix),
            dcat_mediaType=IANA + media.name,
            dcat_compressFormat=IANA + "application/gzip",
            dcat_byteSize=Literal(str(len(content)), datatype=NamedNode(XSD + "nonNegativeInteger")),
            spdx_checksum=dump + "-checksum",
        )
        yield from _about(
            dump + "-checksum",
            a="spdx:Checksum",
            rdfs_label=_english(f"SHA-256 of the dump as {media.label}"),
            spdx_algorithm=PREFIXES["spdx"] + "checksumAlgorithm_sha256",
            spdx_checksumValue=Literal(hashlib.sha256(content).hexdigest(), datatype=NamedNode(XSD + "hexBinary")),
        )


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
        dcterms_rights=_english(ATTRIBUTION),
        dcterms_language=[LOC_LANGUAGE + language for language in LANGUAGES],
        dcterms_conformsTo=[names.ontology, names.shapes],
        dcat_contactPoint=names.contact,
        dcat_keyword=[_english("OSCE"), _english("knowledge graph"), _english("security and co-operation in Europe")],
        dcat_landingPage=names.base,
        foaf_homepage=names.base,
        void_feature=[FORMATS + media.w3c for media in RDF],
        void_sparqlEndpoint=names.base + "sparql",
        void_uriSpace=Literal(names.things),
        void_vocabulary=names.ontology,
        void_exampleResource=names.thing(example),
        void_rootResource=[names.document(kind) for kind in sorted({record.kind for record in build.records})],
    )
    yield from _about(
        names.dataset + "#sparql",
        a="dcat:DataService",
        dcterms_title=_english("SPARQL endpoint"),
        rdfs_label=_english("SPARQL endpoint"),
        dcterms_conformsTo="http://www.w3.org/TR/sparql11-protocol/",
        dcterms_license=LICENSE,
        dcat_endpointURL=names.base + "sparql",
        dcat_endpointDescription=[names.base + "sparql", names.base + "openapi.json"],
        dcat_servesDataset=names.dataset,
    )


def _contact(names: Names) -> Iterator[Statement]:
    """The home page, and where on it corrections are asked for (vCard, w3.org/TR/vcard-rdf)."""
    label = _english("Corrections")
    home = _english(f"{TITLE}: home page")
    yield from _about(names.base, a="foaf:Document", rdfs_label=home, foaf_primaryTopic=names.dataset)
    yield from _about(names.base + "#corrections", rdfs_label=label, dcterms_isPartOf=names.base)
    yield from _about(
        names.contact, a="vcard:Kind", rdfs_label=label, vcard_fn=label, vcard_hasURL=names.base + "#corrections"
    )


def _graphs(build: Build) -> Iterator[Statement]:
    """The graphs of the dataset, as a SPARQL endpoint describes them (w3.org/TR/sparql11-service-description, 4.2)."""
    names = build.names
    default = names.dataset + "#default"
    everything = _english("Everything asserted and inferred, each triple once.")
    yield from _about(names.dataset, a="sd:Dataset", sd_defaultGraph=default)
    yield from _about(default, a="sd:Graph", rdfs_label=_english("the default graph"), dcterms_description=everything)
    earlier = {version for version in build.contexts if build.schema and version != build.schema.version}
    releases = {f"{names.ontology}/{version}": f"version {version} of the ontology" for version in sorted(earlier)}
    for graph, label in {**names.graphs, **releases}.items():
        node = f"{names.dataset}#graph-{re.sub('[/#]', '-', graph.removeprefix(names.base))}"
        yield from _about(names.dataset, sd_namedGraph=node)
        yield from _about(node, a="sd:NamedGraph", sd_name=graph, rdfs_label=_english(label))
        if "#" in graph:
            yield from _about(graph, a="sd:Graph", rdfs_label=_english(label))


def _partitions(store: Store, names: Names) -> Iterator[Statement]:
    totals = _rows(store, TOTALS)[0]
    yield from _about(
        names.dataset,
        void_triples=int(totals["triples"].value),
        void_distinctSubjects=int(totals["subjects"].value),
        void_distinctObjects=int(totals["objects"].value),
    )
    for query, sort, count in ((CLASS_COUNTS, "class", "void_entities"), (PROPERTY_COUNTS, "property", "void_triples")):
        for iri, number in _rows(store, query):
            yield from _partition(names, names.dataset, sort, iri.value, count, int(number.value))
    yield from _within_classes(store, names)


def _within_classes(store: Store, names: Names) -> Iterator[Statement]:
    """The properties of each class of ours, and the classes and datatypes they lead to, as editors ask for them."""

    def rows(query: str) -> list[QuerySolution]:
        return _rows(store, query.replace("$", names.vocabulary).replace("#inferred", names.inferred))

    for class_, property_, number in rows(WITHIN_CLASSES):
        parent = _partition_iri(names, names.dataset, "class", class_.value)
        yield from _partition(names, parent, "property", property_.value, "void_triples", int(number.value))
    for query, sort in ((OBJECT_CLASSES, "class"), (DATATYPES, "datatype")):
        for class_, property_, to, number in rows(query):
            parent = _partition_iri(names, names.dataset, "class", class_.value)
            parent = _partition_iri(names, parent, "property", property_.value)
            yield from _partition(names, parent, sort, to.value, "void_triples", int(number.value))


def _partition_iri(names: Names, parent: str, sort: str, iri: str) -> str:
    """The name of a part of the dataset or of a part of it."""
    name = f"{sort}-{re.sub(r'[^a-zA-Z0-9]+', '-', names.compact(iri))}"
    return f"{parent}-{name}" if "#" in parent else f"{parent}#{name}"


def _partition(names: Names, parent: str, sort: str, iri: str, count: str, number: int) -> Iterator[Statement]:
    """A part by class, property or datatype (VoID, 4.5; its extension for datatypes)."""
    void = VOID_EXT if sort == "datatype" else PREFIXES["void"]
    partition = _partition_iri(names, parent, sort, iri)
    yield parent, f"{void}{sort}Partition", NamedNode(partition)
    yield partition, void + sort, NamedNode(iri)
    yield from _about(partition, a="void:Dataset", **{count: number})
    yield partition, RDFS_LABEL, Literal(f"{local_name(iri)} in the dataset", language="en")


def _origin(build: Build) -> Iterator[Statement]:
    """How the dataset was made: by which commit of the sources, and when."""
    activity = build.names.dataset + "#build"
    commit, time = origin(build.sources)
    yield from _about(build.names.dataset, prov_wasGeneratedBy=activity)
    yield from _about(activity, a="prov:Activity", rdfs_label=Literal("Build of the dataset", language="en"))
    if commit:
        yield from _about(activity, dcterms_identifier=Literal(commit))
    if time:
        stamp = Literal(time, datatype=NamedNode(XSD + "dateTime"))
        yield from _about(activity, prov_endedAtTime=stamp)
        yield from _about(build.names.dataset, dcterms_modified=stamp)


def origin(sources: Sources) -> tuple[str | None, str | None]:
    """The commit that sources were taken from, and its time: SOURCE_DATE_EPOCH, else the commit's, else none.

    It is the last that changed data, ontology or shapes; where these are no part of the repository, the data alone.
    """
    of_data, of_model = [*sources.data], [sources.ontology, sources.shapes]
    commit, seconds = last_commit([*of_data, *of_model]) or last_commit(of_data) or (None, None)
    seconds = os.environ.get("SOURCE_DATE_EPOCH", seconds)
    if seconds is None or not re.fullmatch(r"[0-9]{1,11}", seconds):
        return commit, None
    return commit, datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def last_commit(directories: list[Path]) -> tuple[str, str] | None:
    """The last commit that changed some directories, and its time in seconds; None where one is not in a repository."""
    paths = [str(directory.resolve()) for directory in directories]
    git = ["git", "-C", paths[0], "log", "-1", "--format=%H %ct", "--", *paths]
    try:
        logged = subprocess.run(git, capture_output=True, text=True, check=True).stdout.split()  # noqa: S603
    except (OSError, subprocess.CalledProcessError):
        return None
    return (logged[0], logged[1]) if len(logged) == 2 else None
