"""Describe: the metadata that is published with the data: the catalogue, the sources of documents, ontology versions.

The catalogue uses DCAT 3 (w3.org/TR/vocab-dcat-3), VoID (w3.org/TR/void) and PROV-O (w3.org/TR/prov-o). All counts are
counts of the default graph.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

from pyoxigraph import Literal, NamedNode, Quad
from rdflib import URIRef
from rdflib.namespace import DCTERMS, FOAF, PROV, RDFS, SKOS, VOID
from rdflib.namespace import RDF as RDF_TERMS

from kg.about import ATTRIBUTION, DESCRIPTION, KEYWORDS, LICENSE, TITLE
from kg.dataset.dumps import Dump
from kg.dataset.layout import Packs
from kg.dataset.packs import lines_of
from kg.dataset.statistics import Counting, Statistics
from kg.media import FORMATS, LANGUAGES, RDF, MediaType
from kg.names import RDF_TYPE, RDFS_LABEL, XSD, Names, local_name
from kg.namespaces import DCAT, SD, SPDX, VCARD, VOID_EXT
from kg.steps.commits import revision
from kg.steps.origins import stamp
from kg.steps.results import Catalogue, FileTimes, Model, ModelFiles

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

CACHED = 1 << 14
"""Number of partitions that are kept in memory, because an edit changes few of them."""

Statement = tuple[str, str, NamedNode | Literal]


def describe(
    model: Model, packs: Packs, statistics: Statistics, times: Iterable[FileTimes], files: ModelFiles
) -> Catalogue:
    """The catalogue.

    `statistics` are those of the default graph, `times` those of the files of the records, where they are known, and
    `files` those of the model.
    """
    names, (commit, time) = model.names, revision(model.sources)
    described = [
        *_dataset(names, packs, _issued(times), statistics.span),
        *_build(names, commit, time),
        *_contact(names),
        *_graphs(names, sorted({*files.contexts} - {model.schema.version})),
    ]
    lines = [*in_catalogue([*described, *_foreign(names, described)], names), *_partitions(statistics, names)]
    return Catalogue(lines, commit, time, files)


def counting(model: Model) -> Counting:
    """The counting of the triples of a model's data."""
    properties = model.schema.properties.values()
    return Counting(model.names, (bound for property_ in properties for bound in property_.bounds or ()))


def in_catalogue(statements: Iterable[Statement], names: Names) -> list[bytes]:
    """Statements as lines of the catalogue, in canonical N-Quads."""
    graph = NamedNode(names.dataset)
    return lines_of(Quad(NamedNode(subject), NamedNode(predicate), o, graph) for subject, predicate, o in statements)


def distributions(names: Names, version: str, dumps: Mapping[MediaType, Dump]) -> Iterator[Statement]:
    """Yields statements about the version and its dumps, plain and compressed, with their sizes (DCAT 3, 6.8).

    The checksums are Adler-32, because that of a dump follows from those of its members; a SHA-256 would need all of
    the dump. The list of packs, to which the distributions refer, has the SHA-256 of each member. The terms for
    checksums are from spdx.org/rdf/terms.
    """
    yield names.dataset, str(DCAT.version), Literal(version)
    for media, dump in dumps.items():
        yield names.dataset, str(VOID.dataDump), NamedNode(names.dump(version, media.suffix, compressed=True))
        described = [
            *_distribution(names, version, media, "", dump.content_size, dump.content_adler32),
            *_distribution(names, version, media, ", compressed", dump.size, dump.adler32),
        ]
        yield from described
        yield from _foreign(names, described)


def _distribution(
    names: Names, version: str, media: MediaType, how: str, size: int, adler32: int
) -> Iterator[Statement]:
    """One file of the dataset; `size` is its length in bytes."""
    dump = f"{names.dataset}#dump-{media.suffix}{'-gz' if how else ''}"
    label = _english(f"The dataset as {media.label}{how}")
    yield names.dataset, str(DCAT.distribution), NamedNode(dump)
    yield from _about(
        dump,
        {
            RDF_TERMS.type: DCAT.Distribution,
            RDFS.label: label,
            RDFS.seeAlso: names.pack_list(version),
            DCTERMS.title: label,
            DCTERMS.description: _english(f"{DUMPED[media.suffix]} in {media.label}{how}."),
            DCTERMS.license: LICENSE,
            DCTERMS.format: f"{EU}file-type/{EU_FILE_TYPES[media.suffix]}",
            DCAT.accessURL: names.dataset,
            DCAT.downloadURL: names.dump(version, media.suffix, compressed=bool(how)),
            DCAT.mediaType: IANA + media.name,
            **({DCAT.compressFormat: IANA + "application/gzip"} if how else {}),
            DCAT.byteSize: size,
            SPDX.checksum: dump + "-checksum",
        },
    )
    yield from _about(
        dump + "-checksum",
        {
            RDF_TERMS.type: SPDX.Checksum,
            RDFS.label: _english(f"Adler-32 of the dataset as {media.label}{how}"),
            SPDX.algorithm: SPDX.checksumAlgorithm_adler32,
            SPDX.checksumValue: Literal(f"{adler32:08x}", datatype=NamedNode(XSD + "hexBinary")),
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


def _dataset(
    names: Names, packs: Packs, issued: dict[URIRef, Literal], span: tuple[str, str] | None
) -> Iterator[Statement]:
    """The dataset, the catalogue that lists it, and its endpoint (DCAT 3; DCAT-AP 3).

    `packs` are those of the things, and `span` the first and the last day that the dates of the dataset can mean.
    """
    kinds = {kind for pack in packs.things for kind in pack.kinds}
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
            VOID.exampleResource: names.thing(packs.things[0].first if packs.things else ""),
            VOID.rootResource: [names.document(kind) for kind in sorted(kinds)],
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
    for bound, day in zip((DCAT.startDate, DCAT.endDate), span or (), strict=False):
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


def _issued(times: Iterable[FileTimes]) -> dict[URIRef, Literal]:
    """The date on which the first file of records was created, if it is known."""
    seconds = min((each.created for each in times), default=None)
    if seconds is None:
        return {}
    return {DCTERMS.issued: Literal(stamp(seconds).value[:10], datatype=NamedNode(XSD + "date"))}


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


def _partitions(statistics: Statistics, names: Names) -> Iterator[bytes]:
    """Lines about the number of triples of the dataset, and of its parts by class and by property (VoID, 4)."""
    by_property = Counter[str]()
    for (_, property_, _), number in statistics.triples.items():
        by_property[property_] += number
    totals = {
        VOID.triples: by_property.total(),
        VOID.distinctSubjects: statistics.subjects,
        VOID.distinctObjects: statistics.objects,
    }
    yield from in_catalogue(_about(names.dataset, totals), names)
    for class_, number in sorted((+statistics.instances).items()):
        yield from _partition(names, names.dataset, "class", class_, VOID.entities, number)
    for property_, number in sorted((+by_property).items()):
        yield from _partition(names, names.dataset, "property", property_, VOID.triples, number)
    yield from _within_classes(statistics, names)


def _within_classes(statistics: Statistics, names: Names) -> Iterator[bytes]:
    """Lines about the properties of each of our classes, with the classes and datatypes of their values.

    They are for query editors. A triple is counted for each asserted class of its subject, and of its object.
    """
    by_property, by_value = Counter[tuple[str, str]](), Counter[tuple[str, str, str, str]]()
    for (classes, property_, kind), number in statistics.triples.items():
        values = [("datatype", kind)] if isinstance(kind, str) else [("class", to) for to in kind]
        for class_ in classes:
            by_property[class_, property_] += number
            for sort, to in values:
                by_value[sort, class_, property_, to] += number
    for (class_, property_), number in sorted((+by_property).items()):
        parent = _partition_iri(names, names.dataset, "class", class_)
        yield from _partition(names, parent, "property", property_, VOID.triples, number)
    for (sort, class_, property_, to), number in sorted((+by_value).items()):
        parent = _partition_iri(names, names.dataset, "class", class_)
        parent = _partition_iri(names, parent, "property", property_)
        yield from _partition(names, parent, sort, to, VOID.triples, number)


@lru_cache(CACHED)
def _partition_iri(names: Names, parent: str, sort: str, iri: str) -> str:
    """The IRI of a partition of the dataset or of another partition."""
    name = f"{sort}-{re.sub(r'[^a-zA-Z0-9]+', '-', names.compact(iri))}"
    return f"{parent}-{name}" if "#" in parent else f"{parent}#{name}"


@lru_cache(CACHED)
def _partition(names: Names, parent: str, sort: str, iri: str, count: URIRef, number: int) -> list[bytes]:
    """Lines about a partition by class, property or datatype (VoID, 4.5, and its extension for datatypes)."""
    void = VOID_EXT if sort == "datatype" else VOID
    partition = _partition_iri(names, parent, sort, iri)
    statements = [
        (parent, str(void[f"{sort}Partition"]), NamedNode(partition)),
        (partition, str(void[sort]), NamedNode(iri)),
        *_about(partition, {RDF_TERMS.type: VOID.Dataset, count: number}),
        (partition, RDFS_LABEL, Literal(f"{local_name(iri)} in the dataset", language="en")),
    ]
    return in_catalogue(statements, names)


def _build(names: Names, commit: str | None, time: str | None) -> Iterator[Statement]:
    """The build that made the dataset: the commit of the sources, and the time."""
    activity = names.dataset + "#build"
    yield from _about(names.dataset, {PROV.wasGeneratedBy: activity})
    yield from _about(
        activity, {RDF_TERMS.type: PROV.Activity, RDFS.label: Literal("Build of the dataset", language="en")}
    )
    if commit:
        yield from _about(activity, {DCTERMS.identifier: Literal(commit)})
    if time:
        stamp = Literal(time, datatype=NamedNode(XSD + "dateTime"))
        yield from _about(activity, {PROV.endedAtTime: stamp})
        for resource in (names.dataset, f"{names.dataset}#catalogue"):
            yield from _about(resource, {DCTERMS.modified: stamp})
