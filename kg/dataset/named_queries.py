"""Named queries: what the server and the command line ask an engine (kg/sparql/engine.py), one function per question.

Queries that depend on a single request are elsewhere: those of views and profiles in the shapes, the filters of a
collection in server/pages/filters.py. IRIs that are passed in are those of terms and things of a dataset; `names` are
the names of that dataset.
"""

from collections import defaultdict
from collections.abc import Iterable

from pyoxigraph import Literal, NamedNode, Triple

from kg.names import RDF, Names
from kg.sparql.engine import Engine, Solution


def listed(iris: Iterable[str]) -> str:
    """Some IRIs in order, as they are written after VALUES in a query."""
    return " ".join(f"<{iri}>" for iri in sorted(iris))


# ── Things ───────────────────────────────────────────────────────────────────────────────────────────────────────


def is_thing(engine: Engine, iri: str) -> bool:
    """True if the dataset has a thing of this IRI."""
    return engine.ask(f"ASK {{ <{iri}> a ?type }}")


def labels(engine: Engine, iris: Iterable[str]) -> dict[str, list[Literal]]:
    """The labels of some things or terms in every language, by IRI, ordered by text and then by language."""
    by_thing: dict[str, list[Literal]] = defaultdict(list)
    query = f"SELECT ?s ?label WHERE {{ VALUES ?s {{ {listed(set(iris))} }} ?s rdfs:label ?label }}"
    for subject, label in engine.select(query).rows:
        by_thing[subject.value].append(label)
    return {iri: sorted(each, key=lambda label: (label.value, label.language or "")) for iri, each in by_thing.items()}


def statements(engine: Engine, subjects: Iterable[str]) -> list[Triple]:
    """The triples about some subjects in the default graph, each once."""
    query = f"CONSTRUCT {{ ?s ?p ?o }} WHERE {{ VALUES ?s {{ {listed(subjects)} }} ?s ?p ?o }}"
    return list(dict.fromkeys(engine.construct(query)))


def values(engine: Engine, subjects: Iterable[str], properties: Iterable[str]) -> list[Solution]:
    """The values of some subjects for some properties: rows with s, p and o."""
    given = f"VALUES ?s {{ {listed(subjects)} }} VALUES ?p {{ {listed(properties)} }}"
    query = f"SELECT ?s ?p ?o WHERE {{ {given} ?s ?p ?o }}"
    return [*engine.select(query)]


def links_to(engine: Engine, iri: str) -> dict[str, list[str]]:
    """The subjects that link to a thing, except its own parts, by property; properties and subjects are in order."""
    query = f"SELECT ?p ?s WHERE {{ ?s ?p <{iri}> FILTER(!STRSTARTS(STR(?s), '{iri}#')) }}"
    sources: dict[str, list[str]] = defaultdict(list)
    for property_, subject in engine.select(query).rows:
        sources[property_.value].append(subject.value)
    return {property_: sorted(sources[property_]) for property_ in sorted(sources)}


def renamed_to(engine: Engine, names: Names, path: str) -> str | None:
    """The path of the thing that formerly had a path; a former name without a kind applies to the same kind."""
    kind, _, name = path.partition("/")
    query = f"""SELECT ?thing WHERE {{
        {{ ?thing <{names.renamed_from}> "{kind}/{name}" }} UNION
        {{ ?thing <{names.renamed_from}> "{name}" FILTER(STRSTARTS(STR(?thing), "{names.thing(kind)}/")) }}
        }} ORDER BY ?thing LIMIT 1"""
    return next((names.path(row["thing"].value) for row in engine.select(query)), None)


def withdrawal(engine: Engine, names: Names, path: str) -> Solution | None:
    """The date and the reason of the withdrawal of a thing, and its replacement (`by`), if any."""
    query = f"""SELECT ?date ?reason ?by WHERE {{ GRAPH <{names.withdrawn}> {{
        <{names.thing(path)}> dcterms:date ?date ; skos:changeNote ?reason
        OPTIONAL {{ <{names.thing(path)}> dcterms:isReplacedBy ?by }} }} }}"""
    return next(iter(engine.select(query)), None)


# ── Sources ──────────────────────────────────────────────────────────────────────────────────────────────────────


def text_of_source(engine: Engine, names: Names, source: str) -> str:
    """The text of a source, by its IRI."""
    query = f"SELECT ?text WHERE {{ GRAPH <{names.sources}> {{ <{source}> rdf:value ?text }} }}"
    text: str = next(iter(engine.select(query)))["text"].value
    return text


def origin(engine: Engine, names: Names, documents: Iterable[str]) -> list[Triple]:
    """The sources from which documents were derived (PROV-O): the triples about them except their text, each once."""
    query = (
        f"CONSTRUCT {{ ?s ?p ?o }} WHERE {{ GRAPH <{names.sources}> {{ VALUES ?s {{ {listed(documents)} }} "
        f"?s ?p ?o FILTER(?p != <{RDF}value>) }} }}"
    )
    return list(dict.fromkeys(engine.construct(query)))


def documents(engine: Engine, names: Names) -> list[Solution]:
    """The documents about things in order: rows with doc and, if it is known, the time of its source's last change."""
    query = (
        f"SELECT ?doc ?time WHERE {{ GRAPH <{names.sources}> {{ ?doc prov:wasDerivedFrom ?source "
        "OPTIONAL { ?source dcterms:modified ?time } } } ORDER BY ?doc"
    )
    return [*engine.select(query)]


def times(engine: Engine, names: Names, documents: Iterable[str]) -> list[Solution]:
    """The times of the first and last change of the sources of documents: rows with document, created and modified."""
    query = (
        f"SELECT ?document ?created ?modified WHERE {{ VALUES ?document {{ {listed(documents)} }} "
        f"GRAPH <{names.sources}> {{ ?document prov:wasDerivedFrom ?source . "
        "?source dcterms:created ?created ; dcterms:modified ?modified } }"
    )
    return [*engine.select(query)]


# ── Classes and their members ────────────────────────────────────────────────────────────────────────────────────


def members(engine: Engine, class_: str, where: str = "") -> list[str]:
    """The members of a class that match a pattern over ?s0, unordered."""
    return [row[0].value for row in engine.select(f"SELECT ?s0 WHERE {{ ?s0 a <{class_}> . {where} }}").rows]


def has_member(engine: Engine, class_: str, where: str) -> bool:
    """True if a member of a class matches a pattern over ?s0."""
    return engine.ask(f"ASK {{ ?s0 a <{class_}> . {where} }}")


def values_where(engine: Engine, where: str, property_: str) -> list[tuple[str, NamedNode | Literal]]:
    """The values of a property for the subjects that match a pattern over ?s0: subject and value, unordered."""
    query = f"SELECT ?s0 ?value WHERE {{ {where} ?s0 <{property_}> ?value }}"
    return [(subject.value, value) for subject, value in engine.select(query).rows]


def values_at(engine: Engine, class_: str, path: Iterable[str], most: int) -> list[NamedNode | Literal]:
    """At most `most` different values at the end of a path of properties from the members of a class."""
    steps = "/".join(f"<{iri}>" for iri in path)
    query = f"SELECT DISTINCT ?v {{ ?s0 a <{class_}> ; {steps} ?v }} LIMIT {most}"
    return [row[0] for row in engine.select(query).rows]


def first_member(engine: Engine, class_: str, beginning: str) -> str | None:
    """The first member of a class, by IRI, whose IRI begins with the given text."""
    query = f"SELECT ?s WHERE {{ ?s a <{class_}> FILTER(STRSTARTS(STR(?s), '{beginning}')) }} ORDER BY ?s LIMIT 1"
    return next((row["s"].value for row in engine.select(query)), None)


def counts(engine: Engine, classes: Iterable[str]) -> dict[str, tuple[int, str]]:
    """The number of members of each class that has any, and the first of them by IRI."""
    query = (
        "SELECT ?class (COUNT(*) AS ?count) (MIN(?each) AS ?thing) "
        f"{{ VALUES ?class {{ {listed(classes)} }} ?each a ?class }} GROUP BY ?class"
    )
    return {row["class"].value: (int(row["count"].value), row["thing"].value) for row in engine.select(query)}


def statements_of_first(engine: Engine, properties: Iterable[str]) -> list[Triple]:
    """For each property, the triples by which its first subject, by IRI, has it; each once."""
    query = (
        "CONSTRUCT { ?thing ?property ?value } "
        f"{{ {{ SELECT ?property (MIN(?each) AS ?thing) {{ VALUES ?property {{ {listed(properties)} }} "
        "?each ?property ?any } GROUP BY ?property } ?thing ?property ?value }"
    )
    return list(dict.fromkeys(engine.construct(query)))


# ── The dataset itself ───────────────────────────────────────────────────────────────────────────────────────────


def ontology_terms(engine: Engine, names: Names) -> list[str]:
    """The IRIs of the terms of the ontology."""
    query = f"SELECT DISTINCT ?s {{ GRAPH <{names.ontology}> {{ ?s a ?type }} FILTER(ISIRI(?s)) }}"
    return [row["s"].value for row in engine.select(query)]


def example(engine: Engine, names: Names) -> str:
    """The IRI of the thing that the catalogue gives as an example (w3.org/TR/void, 4.1)."""
    query = f"SELECT ?thing WHERE {{ GRAPH <{names.dataset}> {{ <{names.dataset}> void:exampleResource ?thing }} }}"
    return str(next(iter(engine.select(query)))["thing"].value)


def partitions(engine: Engine, names: Names, sort: str, count: str) -> list[tuple[str, int]]:
    """The terms by which the catalogue partitions the dataset (w3.org/TR/void, 4.5), the most frequent first.

    `sort` is `class` or `property`. `count` is the number that is returned with each term: `entities` or `triples`.
    """
    query = f"""SELECT ?term ?count {{ GRAPH <{names.dataset}> {{
        <{names.dataset}> void:{sort}Partition [ void:{sort} ?term ; void:{count} ?count ] }} }}
        ORDER BY DESC(?count) ?term"""
    return [(row["term"].value, int(row["count"].value)) for row in engine.select(query)]


def has_graph(engine: Engine, name: NamedNode) -> bool:
    """True if the dataset has a graph of this name."""
    return engine.ask(f"ASK {{ GRAPH {name} {{ ?s ?p ?o }} }}")


def graphs_described(engine: Engine, names: Names) -> list[Triple]:
    """The description of the graphs in the catalogue (SPARQL 1.1 Service Description), and the questions."""
    data = NamedNode(names.dataset)
    query = f"""CONSTRUCT {{ ?s ?p ?o }} WHERE {{ {{ GRAPH {data} {{
            {{ VALUES ?type {{ sd:Graph sd:NamedGraph }} ?s a ?type ; ?p ?o }}
            UNION {{ ?s ?p ?o FILTER(?s = {data} && STRSTARTS(STR(?p), STR(sd:))) }}
            UNION {{ ?s a sd:Dataset ; ?p ?o FILTER(?o = sd:Dataset) }} }} }}
            UNION {{ GRAPH <{names.questions}> {{ ?s ?p ?o }} }} }}"""
    return list(dict.fromkeys(engine.construct(query)))
