"""Describe: what is published beside the data: the catalogue, the origin of each document, ontology versions.

DCAT 3 (w3.org/TR/vocab-dcat-3), VoID (w3.org/TR/void), PROV-O (w3.org/TR/prov-o). Counts are of the default graph.
"""

import hashlib
import os
import re
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pyoxigraph import DefaultGraph, Literal, NamedNode, Quad, Store

from kg.about import ATTRIBUTION, DESCRIPTION, KEYWORDS, LICENSE, TITLE
from kg.dataset.questions import read_questions
from kg.diagnostics.problems import Problem
from kg.media import FORMATS, LANGUAGES, RDF, MediaType
from kg.names import PREFIXES, RDF_TYPE, RDFS_LABEL, XSD, Names, local_name
from kg.sparql.oxigraph import select
from kg.steps.origins import lines_of, origins_of, tombstone
from kg.steps.results import Catalogue, DataGraph, Model, Records, Sources
from kg.steps.versions import read_contexts, read_ontology_versions

EU = "http://publications.europa.eu/resource/authority/"
"""The authority tables of the European Union, whose terms DCAT-AP 3 asks for (semiceu.github.io/DCAT-AP)."""

THEMES = {
    "INTR": "International issues",
    "GOVE": "Government and public sector",
    "JUST": "Justice, legal system and public safety",
}
"""What the dataset is about, by the codes of the data themes of the European Union."""

EU_LANGUAGES = {"en": "ENG", "fr": "FRA", "de": "DEU", "it": "ITA", "ru": "RUS", "es": "SPA"}
EU_FILE_TYPES = {"nq": "RDF_N_QUADS", "ttl": "RDF_TURTLE", "jsonld": "JSON_LD"}
"""The codes of languages and of file types, by tag and by suffix."""

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
"""The properties of our classes, and what they lead to, by the classes that are stated, not those that follow."""

VOID_EXT = "http://ldf.fi/void-ext#"
"""The extension of VoID for datatypes."""

TOTALS = """SELECT (COUNT(*) AS ?triples) (COUNT(DISTINCT ?s) AS ?subjects) (COUNT(DISTINCT ?o) AS ?objects)
WHERE { ?s ?p ?o }"""

Statement = tuple[str, str, NamedNode | Literal]


def describe(model: Model, records: Records, graph: DataGraph) -> Catalogue:
    """The catalogue, the source of each document, what was withdrawn, and the earlier versions of the ontology."""
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
    """The version, and its dumps, as they are and compressed, with sizes and checksums (DCAT 3, 6.8).

    `contents` are those of the dumps, by media type, and `dumps` the same compressed; for checksums see
    spdx.org/rdf/terms.
    """
    yield names.dataset, PREFIXES["dcat"] + "version", Literal(version)
    for media, content in contents.items():
        compressed = names.dump(version, media.suffix, compressed=True)
        yield names.dataset, PREFIXES["void"] + "dataDump", NamedNode(compressed)
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
    yield names.dataset, PREFIXES["dcat"] + "distribution", NamedNode(dump)
    yield from _about(
        dump,
        a="dcat:Distribution",
        rdfs_label=label,
        dcterms_title=label,
        dcterms_description=_english(f"{DUMPED[media.suffix]} in {media.label}{how}."),
        dcterms_license=LICENSE,
        dcterms_format=f"{EU}file-type/{EU_FILE_TYPES[media.suffix]}",
        dcat_accessURL=names.dataset,
        dcat_downloadURL=address,
        dcat_mediaType=IANA + media.name,
        **({"dcat_compressFormat": IANA + "application/gzip"} if how else {}),
        dcat_byteSize=len(content),
        spdx_checksum=dump + "-checksum",
    )
    yield from _about(
        dump + "-checksum",
        a="spdx:Checksum",
        rdfs_label=_english(f"SHA-256 of the dataset as {media.label}{how}"),
        spdx_algorithm=PREFIXES["spdx"] + "checksumAlgorithm_sha256",
        spdx_checksumValue=Literal(hashlib.sha256(content).hexdigest(), datatype=NamedNode(XSD + "hexBinary")),
    )


DUMPED = {"nq": "All graphs", "ttl": "The default graph", "jsonld": "The default graph"}
"""What a dump holds, by its suffix."""


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


def _dataset(model: Model, graph: DataGraph, issued: dict[str, Literal]) -> Iterator[Statement]:
    """The dataset, the catalogue that lists it, and its endpoint (DCAT 3; DCAT-AP 3)."""
    names = model.names
    publisher, endpoint, period = (f"{names.dataset}#{name}" for name in ("publisher", "sparql", "period"))
    described = {
        "dcterms_title": _english(TITLE),
        "dcterms_description": _english(DESCRIPTION),
        "dcterms_license": LICENSE,
        "dcterms_publisher": publisher,
        "dcterms_creator": publisher,
        "dcterms_language": [
            *(LOC_LANGUAGE + language for language in LANGUAGES),
            *(f"{EU}language/{EU_LANGUAGES[language]}" for language in LANGUAGES),
        ],
        **issued,
    }
    example = min((record.path for record in graph.records), default="")
    yield from _about(
        names.dataset,
        a=["dcat:Dataset", "void:Dataset", "prov:Entity"],
        rdfs_label=_english(TITLE),
        **described,
        dcterms_identifier=Literal(names.dataset),
        dcterms_rights=_english(ATTRIBUTION),
        dcterms_accessRights=f"{EU}access-right/PUBLIC",
        dcterms_accrualPeriodicity=f"{EU}frequency/IRREG",
        dcterms_temporal=period,
        dcat_theme=[f"{EU}data-theme/{code}" for code in THEMES],
        dcterms_conformsTo=[names.ontology, names.shapes],
        dcat_contactPoint=names.contact,
        dcat_keyword=[_english(word) for word in KEYWORDS],
        dcat_landingPage=names.base,
        foaf_homepage=names.base,
        void_feature=[FORMATS + media.w3c for media in RDF],
        void_sparqlEndpoint=names.base + "sparql",
        void_uriSpace=Literal(names.things),
        void_vocabulary=names.ontology,
        void_exampleResource=names.thing(example),
        void_rootResource=[names.document(kind) for kind in sorted({record.kind for record in graph.records})],
    )
    yield from _about(
        f"{names.dataset}#catalogue",
        a="dcat:Catalog",
        rdfs_label=_english(f"{TITLE}: catalogue"),
        **described,
        dcat_dataset=names.dataset,
        dcat_service=endpoint,
        dcat_themeTaxonomy=f"{EU}data-theme",
        dcat_contactPoint=names.contact,
        foaf_homepage=names.base,
        foaf_primaryTopic=names.dataset,
    )
    yield from _about(
        publisher,
        a="foaf:Agent",
        rdfs_label=_english(f"{TITLE}: maintainers"),
        foaf_name=_english(TITLE),
        foaf_homepage=names.base,
    )
    yield from _about(
        period, a="dcterms:PeriodOfTime", rdfs_label=_english("The period that the dates of the dataset cover")
    )
    for bound, day in zip(("startDate", "endDate"), _span(model, graph), strict=False):
        yield period, PREFIXES["dcat"] + bound, Literal(day, datatype=NamedNode(XSD + "date"))
    for code, label in THEMES.items():
        theme = f"{EU}data-theme/{code}"
        named = _english(label)
        yield from _about(
            theme, a="skos:Concept", rdfs_label=named, skos_prefLabel=named, skos_inScheme=f"{EU}data-theme"
        )
    themes = _english("Data themes of the European Union")
    yield from _about(f"{EU}data-theme", a="skos:ConceptScheme", rdfs_label=themes, dcterms_title=themes)
    yield from _about(
        endpoint,
        a="dcat:DataService",
        dcterms_title=_english("SPARQL endpoint"),
        rdfs_label=_english("SPARQL endpoint"),
        dcterms_description=_english("Answers queries over all graphs of the dataset (SPARQL 1.1 Protocol)."),
        dcterms_publisher=publisher,
        dcterms_accessRights=f"{EU}access-right/PUBLIC",
        dcat_contactPoint=names.contact,
        dcterms_conformsTo="http://www.w3.org/TR/sparql11-protocol/",
        dcterms_license=LICENSE,
        dcat_endpointURL=names.base + "sparql",
        dcat_endpointDescription=[names.base + "sparql", names.base + "openapi.json"],
        dcat_servesDataset=names.dataset,
    )


def _foreign(names: Names, described: Iterable[Statement]) -> Iterator[Statement]:
    """The classes of what others publish, and statements name, as DCAT-AP 3 expects them to be told."""
    for _, predicate, value in described:
        class_ = RANGES.get(predicate.removeprefix(PREFIXES["dcterms"]).removeprefix(PREFIXES["dcat"]))
        if class_ and isinstance(value, NamedNode) and not value.value.startswith(names.dataset):
            yield value.value, RDF_TYPE, NamedNode(PREFIXES["dcterms"] + class_)


RANGES = {
    "license": "LicenseDocument",
    "language": "LinguisticSystem",
    "accessRights": "RightsStatement",
    "accrualPeriodicity": "Frequency",
    "conformsTo": "Standard",
    "format": "MediaTypeOrExtent",
    "mediaType": "MediaType",
    "compressFormat": "MediaType",
}
"""By the local name of a property of Dublin Core or DCAT the class that its values are of, in Dublin Core."""


def _issued(origins: list[Quad]) -> dict[str, Literal]:
    """When the first of the records was written, if that is known."""
    created = PREFIXES["dcterms"] + "created"
    created_quads = (quad for quad in origins if quad.predicate.value == created)
    days = [quad.object.value[:10] for quad in created_quads if isinstance(quad.object, Literal)]
    return {"dcterms_issued": Literal(min(days), datatype=NamedNode(XSD + "date"))} if days else {}


def _span(model: Model, graph: DataGraph) -> list[str]:
    """The first and the last day that the dates of the dataset can mean; none without a date."""
    bounds = [bound for property_ in model.schema.properties.values() for bound in property_.bounds or ()]
    days = [
        quad.object.value
        for bound in bounds
        for quad in graph.store.quads_for_pattern(None, NamedNode(bound), None, DefaultGraph())
        if isinstance(quad.object, Literal)
    ]
    return [min(days), max(days)] if days else []


def _contact(names: Names) -> Iterator[Statement]:
    """The home page, and where on it corrections are asked for (vCard, w3.org/TR/vcard-rdf)."""
    label = _english("Corrections")
    home = _english(f"{TITLE}: home page")
    yield from _about(names.base, a="foaf:Document", rdfs_label=home, foaf_primaryTopic=names.dataset)
    yield from _about(names.base + "#corrections", rdfs_label=label, dcterms_isPartOf=names.base)
    yield from _about(
        names.contact, a="vcard:Kind", rdfs_label=label, vcard_fn=label, vcard_hasURL=names.base + "#corrections"
    )


def _graphs(names: Names, earlier: list[str]) -> Iterator[Statement]:
    """The graphs of the dataset, as a SPARQL endpoint describes them (w3.org/TR/sparql11-service-description, 4.2)."""
    default = names.dataset + "#default"
    everything = _english("All asserted and inferred triples, each of them once.")
    yield from _about(names.dataset, a="sd:Dataset", sd_defaultGraph=default)
    yield from _about(default, a="sd:Graph", rdfs_label=_english("the default graph"), dcterms_description=everything)
    versions = {f"{names.ontology}/{version}": f"version {version} of the ontology" for version in earlier}
    for graph, label in {**names.graphs, **versions}.items():
        node = f"{names.dataset}#graph-{re.sub('[/#]', '-', graph.removeprefix(names.base))}"
        yield from _about(names.dataset, sd_namedGraph=node)
        yield from _about(node, a="sd:NamedGraph", sd_name=graph, rdfs_label=_english(label))
        if "#" in graph:
            yield from _about(graph, a="sd:Graph", rdfs_label=_english(label))


def _partitions(store: Store, names: Names) -> Iterator[Statement]:
    totals = next(iter(select(store, TOTALS)))
    yield from _about(
        names.dataset,
        void_triples=int(totals["triples"].value),
        void_distinctSubjects=int(totals["subjects"].value),
        void_distinctObjects=int(totals["objects"].value),
    )
    for query, sort, count in ((CLASS_COUNTS, "class", "void_entities"), (PROPERTY_COUNTS, "property", "void_triples")):
        for iri, number in select(store, query).rows:
            yield from _partition(names, names.dataset, sort, iri.value, count, int(number.value))
    yield from _within_classes(store, names)


def _within_classes(store: Store, names: Names) -> Iterator[Statement]:
    """The properties of each class of ours, and the classes and datatypes they lead to, as editors ask for them."""

    def rows(query: str) -> Iterator[Sequence[Any]]:
        return select(store, query.replace("$", names.vocabulary).replace("#inferred", names.inferred)).rows

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


def _commit(model: Model) -> Iterator[Statement]:
    """How the dataset was made: by which commit of the sources, and when."""
    activity = model.names.dataset + "#build"
    commit, time = revision(model.sources)
    yield from _about(model.names.dataset, prov_wasGeneratedBy=activity)
    yield from _about(activity, a="prov:Activity", rdfs_label=Literal("Build of the dataset", language="en"))
    if commit:
        yield from _about(activity, dcterms_identifier=Literal(commit))
    if time:
        stamp = Literal(time, datatype=NamedNode(XSD + "dateTime"))
        yield from _about(activity, prov_endedAtTime=stamp)
        for resource in (model.names.dataset, f"{model.names.dataset}#catalogue"):
            yield from _about(resource, dcterms_modified=stamp)


def revision(sources: Sources) -> tuple[str | None, str | None]:
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
