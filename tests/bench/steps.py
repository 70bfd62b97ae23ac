"""Steps of the build, and a question, each beside a named peer."""

import io
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import yaml
from pyoxigraph import DefaultGraph, RdfFormat
from rdflib import Graph
from rich.console import Console
from rich.table import Table

from kg.dataset.layout import Dataset
from kg.dataset.opening import open_engine
from kg.model.context import context
from kg.sources.mapper import to_triples
from kg.sources.statements import BATCH
from kg.sources.yaml_tree import compose
from tests.building import build_world
from tests.places import ROOT

RECORDS = 2000
ROUNDS = 5


def best(work: Callable[[], object]) -> float:
    """The shortest of some runs, in seconds."""
    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return min(times)


def measure() -> None:
    """Prints a table: ours, the peer's, and how many times faster ours is."""
    table = Table("what", "ours (ms)", "peer", "peer (ms)", "ratio")

    def row(what: str, ours: Callable[[], object], peer: str, theirs: Callable[[], object]) -> None:
        a, b = best(ours), best(theirs)
        table.add_row(what, f"{a * 1000:.1f}", peer, f"{b * 1000:.1f}", f"{b / a:.1f}")

    with tempfile.TemporaryDirectory() as published:
        build = build_world(ROOT / "data", Path(published))
        record = (ROOT / "data" / "state" / "mongolia.yaml").read_text()
        text = "---\n".join([record] * RECORDS)
        row(
            f"read {RECORDS} records",
            lambda: sum(1 for _ in compose(text)),
            "PyYAML CSafeLoader",
            lambda: sum(1 for _ in yaml.load_all(io.StringIO(text), yaml.CSafeLoader)),
        )
        terms, base = context(build.model.schema, build.names), build.names.things
        documents = [
            {"id": f"state/s{n}", "type": "State", "label": {"en": [f"S{n}"]}, "isoCode": ["SS"]} for n in range(BATCH)
        ]
        whole = json.dumps({"@context": terms, "@graph": documents})
        row(
            f"map {BATCH} records",
            lambda: to_triples(documents, terms, base),
            "rdflib JSON-LD",
            lambda: Graph().parse(data=whole, format="json-ld", base=base),
        )
        engine = open_engine(Dataset.current(Path(published)))
        copy = Graph().parse(
            data=build.graph.store.dump(format=RdfFormat.N_TRIPLES, from_graph=DefaultGraph()) or b"", format="nt"
        )
        question = engine.names.rebase((ROOT / "ontology/questions/states-taking-part-on-a-day.rq").read_text())
        row(
            "answer a question",
            lambda: list(engine.select(question)),
            "rdflib SPARQL",
            lambda: list(copy.query(question)),
        )
    Console().print(table)
