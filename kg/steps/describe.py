"""Describe: the metadata that is published with the data: the catalogue, the sources of documents, ontology versions.

The catalogue uses DCAT 3 (w3.org/TR/vocab-dcat-3), VoID (w3.org/TR/void) and PROV-O (w3.org/TR/prov-o). All counts are
counts of the default graph.
"""

import hashlib
import os
import re
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pyoxigraph import DefaultGraph, Literal, NamedNode, Quad, Store
from rdflib import URIRef
from rdflib.namespace import DCTERMS, FOAF, PROV, RDFS, SKOS, VOID
from rdflib.namespace import RDF as RDF_TERMS

from kg.about import ATTRIBUTION, DESCRIPTION, KEYWORDS, LICENSE, TITLE
from kg.dataset.questions import read_questions
from kg.diagnostics.problems import Problem
from kg.media import FORMATS, LANGUAGES, RDF, MediaType
from kg.names import RDF_TYPE, RDFS_LABEL, XSD, Names, local_name
from kg.namespaces import DCAT, SD, SPDX, VCARD, VOID_EXT
from kg.sparql.oxigraph import select
from kg.steps.origins import lines_of, origins_of, tombstone
from kg.steps.results import Catalogue, DataGraph, Model, Records, Sources
from kg.steps.versions import read_contexts, read_ontology_versions

EU = "http://publications.europa.eu/resource/authority/"
"""The authority tables of the European Union, whose terms DCAT-AP 3 requires (semiceu.github.io/DCAT-AP)."""

THEMES = {
    "INTR": "International issues",
    "GOVE": "Government and public sector",
    "JUST": "Justice, legal system and public safety",
}
"""The subjects of the dataset, by the codes of the data themes of the European Union."""

EU_LANGUAGES = {"en": "ENG", "fr": "FRA", "de": "DEU", "it": "ITA", "ru": "RUS", "es": "SPA"}
EU_FILE_TYPES = {"nq": "RDF_N_QUADS", "ttl": "RDF_TURTLE", "jsonld": "JSON_LD"}
"""The codes of languages by tag, and of file types by suffix."""

IANA = "https://www.iana.org/assignments/media-types/"
LOC_LANGUAGE = "http://id.loc.gov/vocabulary/iso639-1/"

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
"""The properties of our classes, and the classes and datatypes of their values; inferred classes are not counted."""

TOTALS = """SELECT (COUNT(*) AS ?triples) (COUNT(DISTINCT ?s) AS ?subjects) (COUNT(DISTINCT ?o) AS ?objects)
WHERE { ?s ?p ?o }"""

Statement = tuple[str, str, NamedNode | Literal]


def describe(model: Model, records: Records, graph: DataGraph) -> Catalogue:
    """The catalogue, the sources of the documents, the withdrawn things, and the earlier versions of the ontology."""
    names, problems = model.names, list[Problem]()
    origins, contexts = origins_of(model, graph.records), read_contexts(model)
    questions = read_questions(model.sources.questions, names)
    described = [
        *_dataset(model, graph, _issued(origins)),
        *_partitions(graph.store, names),
        *_commit(model),
        *_contact(names),
        *_graphs(names, sorted({*contexts} - {model.schema.version})),
    ]
    return Catalogue(
        quads=in_catalogue([*described, *_foreign(names, described)], names),
        tombstones=[quad for withdrawal in records.withdrawn.values() for quad in tombstone(names, withdrawal)],
        origins=origins,
        source_lines={record.path: lines_of(record) for record in graph.records},
        ontology_versions=read_ontology_versions(model, problems),
        contexts=contexts,
        questions=questions,
        problems=problems,
        notes=[] if questions else [f"There are no questions in {model.sources.questions}, so pages have no examples."],
    )


def in_catalogue(statements: Iterable[Statement], names: Names) -> list[Quad]:
    """Statements as quads of the catalogue."""
    return [Quad(NamedNode(s), NamedNode(p), o, NamedNode(names.dataset)) for s, p, o in statements]


def distributions(
    names: Names, version: str, contents: dict[MediaType, bytes], dumps: dict[MediaType, bytes]
) -> Iterator[Statement]:
    """Yields statements about the version and its dumps, plain and compressed, with sizes and checksums (DCAT 3, 6.8).

    `contents` maps media types to the content of the dumps, and `dumps` to the compressed content. The terms for
    checksums are from spdx.org/rdf/terms.
    """
    yield names.dataset, str(DCAT.version), Literal(version)
    for media, content in contents.items():
        compressed = names.dump(version, media.suffix, compressed=True)
        yield names.dataset, str(VOID.dataDump), NamedNode(compressed)
        described = [
            *_distribution(names, names.dump(version, media.suffix), media, content, ""),
            *_distribution(names, compressed, media, dumps[media], ", compressed"),
        ]
        yield from described
        yield from _foreign(names, described)


def _distribution(names: Names, address: str, media: MediaType, content: bytes, how: str) -> Iterator[Statement]:
    """One file of the dataset."""
    dump = f"{names.dataset}#dump-{media.suffix}{'-gz' if how else ''}"
    label = _english(f"The dataset as {media.label}{how}")
    yield names.dataset, str(DCAT.distribution), NamedNode(dump)
    yield from _about(
        dump,
        {
            RDF_TERMS.type: DCAT.Distribution,
            RDFS.label: label,
            DCTERMS.title: label,
            DCTERMS.description: _english(f"{DUMPED[media.suffix]} in {media.label}{how}."),
            DCTERMS.license: LICENSE,
            DCTERMS.format: f"{EU}file-type/{EU_FILE_TYPES[media.suffix]}",
            DCAT.accessURL: names.dataset,
            DCAT.downloadURL: address,
            DCAT.mediaType: IANA + media.name,
            **({DCAT.compressFormat: IANA + "application/gzip"} if how else {}),
            DCAT.byteSize: len(content),
            SPDX.checksum: dump + "-checksum",
        },
    )
    yield from _about(
        dump + "-checksum",
        {
            RDF_TERMS.type: SPDX.Checksum,
            RDFS.label: _english(f"SHA-256 of the dataset as {media.label}{how}"),
            SPDX.algorithm: SPDX.checksumAlgorithm_sha256,
            SPDX.checksumValue: Literal(hashlib.sha256(content).hexdigest(), datatype=NamedNode(XSD + "hexBinary")),
        },
    )


DUMPED = {"nq": "All graphs", "ttl": "The default graph", "jsonld": "The default graph"}
"""The content of a dump, by its suffix."""


def _about(subject: str, values: Mapping[URIRef, object]) -> Iterator[Statement]:
    """Statements about a subject: by predicate a literal, a number, the text of an IRI, or a list of these."""
    for predicate, given in values.items():
        for value in given if isinstance(given, list) else [given]:
            if isinstance(value, int):
                yield subject, str(predicate), Literal(str(value), datatype=NamedNode(XSD + "integer"))
            elif isinstance(value, Literal | NamedNode):
                yield subject, str(predicate), value
            else:
                yield subject, str(predicate), NamedNode(str(value))


def _english(text: str) -> Literal:
    return Literal(text, language="en")


def _dataset(model: Model, graph: DataGraph, issued: dict[URIRef, Literal]) -> Iterator[Statement]:
    """The dataset, the catalogue that lists it, and its endpoint (DCAT 3; DCAT-AP 3)."""
    names = model.names
    publisher, endpoint, period = (f"{names.dataset}#{name}" for name in ("publisher", "sparql", "period"))
    described: dict[URIRef, object] = {
        DCTERMS.title: _english(TITLE),
        DCTERMS.description: _english(DESCRIPTION),
        DCTERMS.license: LICENSE,
        DCTERMS.publisher: publisher,
        DCTERMS.creator: publisher,
        DCTERMS.language: [
            *(LOC_LANGUAGE + language for language in LANGUAGES),
            *(f"{EU}language/{EU_LANGUAGES[language]}" for language in LANGUAGES),
        ],
        **issued,
    }
    example = min((record.path for record in graph.records), default="")
    yield from _about(
        names.dataset,
        {
            RDF_TERMS.type: [DCAT.Dataset, VOID.Dataset, PROV.Entity],
            RDFS.label: _english(TITLE),
            **described,
            DCTERMS.identifier: Literal(names.dataset),
            DCTERMS.rights: _english(ATTRIBUTION),
            DCTERMS.accessRights: f"{EU}access-right/PUBLIC",
            DCTERMS.accrualPeriodicity: f"{EU}frequency/IRREG",
            DCTERMS.temporal: period,
            DCAT.theme: [f"{EU}data-theme/{code}" for code in THEMES],
            DCTERMS.conformsTo: [names.ontology, names.shapes],
            DCAT.contactPoint: names.contact,
            DCAT.keyword: [_english(word) for word in KEYWORDS],
            DCAT.landingPage: names.base,
            FOAF.homepage: names.base,
            VOID.feature: [FORMATS + media.w3c for media in RDF],
            VOID.sparqlEndpoint: names.base + "sparql",
            VOID.uriSpace: Literal(names.things),
            VOID.vocabulary: names.ontology,
            VOID.exampleResource: names.thing(example),
            VOID.rootResource: [names.document(kind) for kind in sorted({record.kind for record in graph.records})],
        },
    )
    yield from _about(
        f"{names.dataset}#catalogue",
        {
            RDF_TERMS.type: DCAT.Catalog,
            RDFS.label: _english(f"{TITLE}: catalogue"),
            **described,
            DCAT.dataset: names.dataset,
            DCAT.service: endpoint,
            DCAT.themeTaxonomy: f"{EU}data-theme",
            DCAT.contactPoint: names.contact,
            FOAF.homepage: names.base,
            FOAF.primaryTopic: names.dataset,
        },
    )
    yield from _about(
        publisher,
        {
            RDF_TERMS.type: FOAF.Agent,
            RDFS.label: _english(f"{TITLE}: maintainers"),
            FOAF.name: _english(TITLE),
            FOAF.homepage: names.base,
        },
    )
    yield from _about(
        period,
        {RDF_TERMS.type: DCTERMS.PeriodOfTime, RDFS.label: _english("The period that the dates of the dataset cover")},
    )
    for bound, day in zip((DCAT.startDate, DCAT.endDate), _span(model, graph), strict=False):
        yield period, str(bound), Literal(day, datatype=NamedNode(XSD + "date"))
    for code, label in THEMES.items():
        theme = f"{EU}data-theme/{code}"
        named = _english(label)
        yield from _about(
            theme,
            {
                RDF_TERMS.type: SKOS.Concept,
                RDFS.label: named,
                SKOS.prefLabel: named,
                SKOS.inScheme: f"{EU}data-theme",
            },
        )
    themes = _english("Data themes of the European Union")
    yield from _about(
        f"{EU}data-theme",
        {
            RDF_TERMS.type: SKOS.ConceptScheme,
            RDFS.label: themes,
            DCTERMS.title: themes,
        },
    )
    yield from _about(
        endpoint,
        {
            RDF_TERMS.type: DCAT.DataService,
            DCTERMS.title: _english("SPARQL endpoint"),
            RDFS.label: _english("SPARQL endpoint"),
            DCTERMS.description: _english("Answers queries over all graphs of the dataset (SPARQL 1.1 Protocol)."),
            DCTERMS.publisher: publisher,
            DCTERMS.accessRights: f"{EU}access-right/PUBLIC",
            DCAT.contactPoint: names.contact,
            DCTERMS.conformsTo: "http://www.w3.org/TR/sparql11-protocol/",
            DCTERMS.license: LICENSE,
            DCAT.endpointURL: names.base + "sparql",
            DCAT.endpointDescription: [names.base + "sparql", names.base + "openapi.json"],
            DCAT.servesDataset: names.dataset,
        },
    )


def _foreign(names: Names, described: Iterable[Statement]) -> Iterator[Statement]:
    """The classes of the resources of other publishers that these statements mention, as DCAT-AP 3 requires them."""
    for _, predicate, value in described:
        class_ = RANGES.get(URIRef(predicate))
        if class_ is not None and isinstance(value, NamedNode) and not value.value.startswith(names.dataset):
            yield value.value, RDF_TYPE, NamedNode(class_)


RANGES = {
    DCTERMS.license: DCTERMS.LicenseDocument,
    DCTERMS.language: DCTERMS.LinguisticSystem,
    DCTERMS.accessRights: DCTERMS.RightsStatement,
    DCTERMS.accrualPeriodicity: DCTERMS.Frequency,
    DCTERMS.conformsTo: DCTERMS.Standard,
    DCTERMS.format: DCTERMS.MediaTypeOrExtent,
    DCAT.mediaType: DCTERMS.MediaType,
    DCAT.compressFormat: DCTERMS.MediaType,
}
"""By a property of Dublin Core or DCAT the class that its values are of, in Dublin Core."""


def _issued(origins: list[Quad]) -> dict[URIRef, Literal]:
    """The date on which the first record was created, if it is known."""
    created = NamedNode(DCTERMS.created)
    created_quads = (quad for quad in origins if quad.predicate == created)
    days = [quad.object.value[:10] for quad in created_quads if isinstance(quad.object, Literal)]
    return {DCTERMS.issued: Literal(min(days), datatype=NamedNode(XSD + "date"))} if days else {}


def _span(model: Model, graph: DataGraph) -> list[str]:
    """The first and the last day that the dates of the dataset can mean; empty if it has no dates."""
    bounds = [bound for property_ in model.schema.properties.values() for bound in property_.bounds or ()]
    days = [
        quad.object.value
        for bound in bounds
        for quad in graph.store.quads_for_pattern(None, NamedNode(bound), None, DefaultGraph())
        if isinstance(quad.object, Literal)
    ]
    return [min(days), max(days)] if days else []


def _contact(names: Names) -> Iterator[Statement]:
    """The home page, and its section about corrections (vCard, w3.org/TR/vcard-rdf)."""
    label = _english("Corrections")
    home = _english(f"{TITLE}: home page")
    yield from _about(
        names.base,
        {
            RDF_TERMS.type: FOAF.Document,
            RDFS.label: home,
            FOAF.primaryTopic: names.dataset,
        },
    )
    yield from _about(names.base + "#corrections", {RDFS.label: label, DCTERMS.isPartOf: names.base})
    yield from _about(
        names.contact,
        {
            RDF_TERMS.type: VCARD.Kind,
            RDFS.label: label,
            VCARD.fn: label,
            VCARD.hasURL: names.base + "#corrections",
        },
    )


def _graphs(names: Names, earlier: list[str]) -> Iterator[Statement]:
    """The graphs of the dataset, as a SPARQL endpoint describes them (w3.org/TR/sparql11-service-description, 4.2)."""
    default = names.dataset + "#default"
    everything = _english("All asserted and inferred triples, each once.")
    yield from _about(names.dataset, {RDF_TERMS.type: SD.Dataset, SD.defaultGraph: default})
    yield from _about(
        default,
        {
            RDF_TERMS.type: SD.Graph,
            RDFS.label: _english("the default graph"),
            DCTERMS.description: everything,
        },
    )
    versions = {f"{names.ontology}/{version}": f"version {version} of the ontology" for version in earlier}
    for graph, label in {**names.graphs, **versions}.items():
        node = f"{names.dataset}#graph-{re.sub('[/#]', '-', graph.removeprefix(names.base))}"
        yield from _about(names.dataset, {SD.namedGraph: node})
        yield from _about(
            node,
            {
                RDF_TERMS.type: SD.NamedGraph,
                SD.name: graph,
                RDFS.label: _english(label),
            },
        )
        if "#" in graph:
            yield from _about(graph, {RDF_TERMS.type: SD.Graph, RDFS.label: _english(label)})


def _partitions(store: Store, names: Names) -> Iterator[Statement]:
    totals = next(iter(select(store, TOTALS)))
    yield from _about(
        names.dataset,
        {
            VOID.triples: int(totals["triples"].value),
            VOID.distinctSubjects: int(totals["subjects"].value),
            VOID.distinctObjects: int(totals["objects"].value),
        },
    )
    for query, sort, count in ((CLASS_COUNTS, "class", VOID.entities), (PROPERTY_COUNTS, "property", VOID.triples)):
        for iri, number in select(store, query).rows:
            yield from _partition(names, names.dataset, sort, iri.value, count, int(number.value))
    yield from _within_classes(store, names)


def _within_classes(store: Store, names: Names) -> Iterator[Statement]:
    """The properties of each of our classes, with the classes and datatypes of their values, for query editors."""

    def rows(query: str) -> Iterator[Sequence[Any]]:
        return select(store, query.replace("$", names.vocabulary).replace("#inferred", names.inferred)).rows

    for class_, property_, number in rows(WITHIN_CLASSES):
        parent = _partition_iri(names, names.dataset, "class", class_.value)
        yield from _partition(names, parent, "property", property_.value, VOID.triples, int(number.value))
    for query, sort in ((OBJECT_CLASSES, "class"), (DATATYPES, "datatype")):
        for class_, property_, to, number in rows(query):
            parent = _partition_iri(names, names.dataset, "class", class_.value)
            parent = _partition_iri(names, parent, "property", property_.value)
            yield from _partition(names, parent, sort, to.value, VOID.triples, int(number.value))


def _partition_iri(names: Names, parent: str, sort: str, iri: str) -> str:
    """The IRI of a partition of the dataset or of another partition."""
    name = f"{sort}-{re.sub(r'[^a-zA-Z0-9]+', '-', names.compact(iri))}"
    return f"{parent}-{name}" if "#" in parent else f"{parent}#{name}"


def _partition(names: Names, parent: str, sort: str, iri: str, count: URIRef, number: int) -> Iterator[Statement]:
    """A partition by class, property or datatype (VoID, 4.5, and its extension for datatypes)."""
    void = VOID_EXT if sort == "datatype" else VOID
    partition = _partition_iri(names, parent, sort, iri)
    yield parent, str(void[f"{sort}Partition"]), NamedNode(partition)
    yield partition, str(void[sort]), NamedNode(iri)
    yield from _about(partition, {RDF_TERMS.type: VOID.Dataset, count: number})
    yield partition, RDFS_LABEL, Literal(f"{local_name(iri)} in the dataset", language="en")


def _commit(model: Model) -> Iterator[Statement]:
    """The build that made the dataset: the commit of the sources, and the time."""
    activity = model.names.dataset + "#build"
    commit, time = revision(model.sources)
    yield from _about(model.names.dataset, {PROV.wasGeneratedBy: activity})
    yield from _about(
        activity, {RDF_TERMS.type: PROV.Activity, RDFS.label: Literal("Build of the dataset", language="en")}
    )
    if commit:
        yield from _about(activity, {DCTERMS.identifier: Literal(commit)})
    if time:
        stamp = Literal(time, datatype=NamedNode(XSD + "dateTime"))
        yield from _about(activity, {PROV.endedAtTime: stamp})
        for resource in (model.names.dataset, f"{model.names.dataset}#catalogue"):
            yield from _about(resource, {DCTERMS.modified: stamp})


def revision(sources: Sources) -> tuple[str | None, str | None]:
    """The commit of the sources, and its time: SOURCE_DATE_EPOCH, else the time of the commit, else None.

    This is the last commit that changed data, ontology or shapes. If ontology and shapes are not in the same
    repository, only the data counts.
    """
    of_data, of_model = [*sources.data], [sources.ontology, sources.shapes]
    commit, seconds = last_commit([*of_data, *of_model]) or last_commit(of_data) or (None, None)
    seconds = os.environ.get("SOURCE_DATE_EPOCH", seconds)
    if seconds is None or not re.fullmatch(r"[0-9]{1,11}", seconds):
        return commit, None
    return commit, datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def last_commit(directories: list[Path]) -> tuple[str, str] | None:
    """The last commit that changed some directories, and its time in seconds; None if one is not in a repository."""
    paths = [str(directory.resolve()) for directory in directories]
    git = ["git", "-C", paths[0], "log", "-1", "--format=%H %ct", "--", *paths]
    try:
        logged = subprocess.run(git, capture_output=True, text=True, check=True).stdout.split()  # noqa: S603
    except (OSError, subprocess.CalledProcessError):
        return None
    return (logged[0], logged[1]) if len(logged) == 2 else None
