"""Definitions: a file without problems states the same under another model, unless it uses a term that has changed."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from pyoxigraph import NamedNode, Triple

from kg.names import DEFAULT_BASE, Names
from kg.sources.definitions import EVERY, changed_terms
from kg.sources.statements import FileStatements, Reader
from kg.steps.model import read_model
from kg.steps.results import Model, Sources
from tests.edits import OF_MODEL, Editor, copy_of
from tests.places import ONTOLOGY, SAMPLE, SHAPES
from tests.sampling import EVERYTHING

NAMES = Names.at(DEFAULT_BASE)

FEW = Editor.change_range, Editor.add_axiom, Editor.add_property
MANY = tuple(edit for edit in OF_MODEL if edit not in (Editor.use_property, Editor.change_question))
EDITS, NUMBER = (MANY, 300) if EVERYTHING else (FEW, 5)


class Stated(NamedTuple):
    """What a file states, and its triples."""

    statements: FileStatements
    triples: frozenset[Triple]


def stated(reader: Reader, files: Iterable[Path]) -> Iterator[Stated]:
    """What each file states."""
    for file in files:
        [statements], triples, _ = reader.read([file])
        yield Stated(statements, frozenset(triples))


def terms_in(triples: Iterable[Triple]) -> set[str]:
    """The properties and the objects of some triples."""
    return {term.value for t in triples for term in (t.predicate, t.object) if isinstance(term, NamedNode)}


def reader_of(sources: Sources) -> Reader | None:
    """A reader of files under the model of some sources; None if the model has errors."""
    model = read_model(sources, NAMES)
    return Reader(model.schema) if isinstance(model, Model) else None


@pytest.mark.slow
def test_a_file_that_uses_no_changed_term_states_the_same(tmp_path: Path) -> None:
    sources = copy_of(Sources((SAMPLE,), ONTOLOGY, SHAPES), tmp_path)
    files, editor = sorted(sources.data[0].glob("*/*.yaml")), Editor(sources, seed=1)
    reader = reader_of(sources)
    assert reader
    before = [*stated(reader, files)]
    kept = outdated = 0
    for _ in range(NUMBER):
        told = editor.edit(EDITS)
        now = reader_of(sources)
        if now is None:
            editor.undo()
            continue
        terms, after = changed_terms(reader.definitions, now.definitions), [*stated(now, files)]
        for old, new in zip(before, after, strict=True):
            is_sound = not old.statements.problems and all(record.certain for record in old.statements.records)
            if is_sound and EVERY not in terms and terms.isdisjoint(terms_in(old.triples)):
                assert new == old, told
                kept += 1
            outdated += is_sound and new != old
        reader, before = now, after
    assert kept > 5 * NUMBER
    assert outdated
