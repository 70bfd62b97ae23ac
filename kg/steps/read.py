"""Read: finds the files of the sources that have changed, and reads them.

If nothing is known yet, all files are read, in parallel, and the store is filled with the triples of their certain
records (fill.py).
"""

import os
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from pyoxigraph import NamedNode, Triple

from kg.names import Names
from kg.sources.facts import Roles, facts_of
from kg.sources.reading import Reading, files, read_file
from kg.sources.record import Record
from kg.sources.statements import Document, digest_of
from kg.steps.fill import FEW, fill, size_of
from kg.steps.identities import Identities
from kg.steps.results import Changes, Read, Records, Sources
from kg.steps.state import MOST, MostHasChangedError, State

RECENT = 50_000_000
"""Number of nanoseconds within which a file may change twice without a change of its times."""


def read(state: State, is_packed: bool = False) -> Read:
    """Returns what the files state that have changed; unreadable files are reported as problems.

    `is_packed` says that the dataset is packed afterwards: if the store is filled from nothing, its lines are kept.
    Raises MostHasChangedError if all files should be read instead.
    """
    workspace, names = state.workspace, state.model.names
    listing = Reading(names, None)
    listed = (each for directory in state.model.sources.data for each in files(directory, listing))
    found = {name: signature(status) for name, status in listed}
    known = workspace.signatures() if state.files else {}
    candidates = [Path(name) for name, text in found.items() if known.get(name) != text]
    digests = {file: state.files[file].digest for file in candidates if file in state.files}
    same = {file for file, digest in digests.items() if digest is not None and digest == digest_of(file)}
    workspace.sign((str(file), found[str(file)]) for file in sorted(same))
    changed = [file for file in candidates if file not in same]
    gone = [file for file in state.files if str(file) not in found]
    if gone or changed:  # the hints of some problems depend on the names of other files
        troubled = [f for f, statements in state.files.items() if statements.problems and str(f) in found]
        changed = list(dict.fromkeys([*changed, *troubled]))
    changed = list(dict.fromkeys([*changed, *sorted(file for file in state.outdated if str(file) in found)]))
    if workspace.is_filled and len(changed) > MOST * len(found) and sum(map(size_of, changed)) > FEW:
        raise MostHasChangedError
    retimed = state.update_times()
    before = {file: state.files.pop(file) for file in (*gone, *changed) if file in state.files}
    filled = not workspace.is_filled
    if filled:
        state.filled_lines = workspace.filled_lines() if is_packed else None
        statements, opened = fill(state, changed)
        triples: dict[str, list[Triple]] = {}
        texts: dict[str, Document] = {}
    else:
        read_now, stated, documents = state.reader.read(changed)
        statements, opened = dict(zip(changed, read_now, strict=True)), []
        triples = by_path(stated, names)
        texts = {document.record.path: document for document in documents}
    state.files.update(statements)
    state.trees.forget(before)
    return Read(
        before,
        statements,
        {file: found[str(file)] for file in changed},
        triples,
        texts,
        filled,
        [each.contested for each in opened],
        frozenset[NamedNode]().union(*(each.steps for each in opened)),
        frozenset(file for file in retimed if file in state.files and file not in statements),
        frozenset(state.unreadable | listing.paths),
        frozenset(listing.unread),
        len(found),
        [*listing.problems, *(problem for statements in state.files.values() for problem in statements.problems)],
    )


def by_path(triples: Iterable[Triple], names: Names) -> dict[str, list[Triple]]:
    """The triples of records by the path of the thing."""
    found: dict[str, list[Triple]] = {}
    for triple in triples:
        assert isinstance(triple.subject, NamedNode)
        found.setdefault(names.path(triple.subject.value) or "", []).append(triple)
    return found


def signature(status: os.stat_result) -> str:
    """The size and the times of a file as text, which change with its content.

    The signature of a file that has just changed is not the same again.
    """
    text = f"{status.st_size} {status.st_mtime_ns} {status.st_ctime_ns} {status.st_ino}"
    now = time.time_ns()
    return text if now - max(status.st_mtime_ns, status.st_ctime_ns) > RECENT else f"{text} {now}"


def signed(file: Path) -> str:
    """The signature of a file; empty if it cannot be read."""
    try:
        return signature(file.stat())
    except OSError:
        return ""


def read_without_model(sources: Sources, names: Names) -> Records:
    """Checks the YAML of the records of any kind, so that its errors are reported even if the model has errors."""
    reading, identities = Reading(names, None), Identities(sources.data, None)
    records = list(_records(sources, reading))
    identities.update((), [facts_of(record, Roles()) for record in records], reading.paths)
    problems = [*reading.problems, *identities.problems()]
    nothing: frozenset[str] = frozenset()
    return Records(Changes(nothing, nothing), identities, nothing, nothing, {}, problems)


def _records(sources: Sources, reading: Reading) -> Iterator[Record]:
    for directory in sources.data:
        for file in (Path(name) for name, _ in files(directory, reading)):
            reading.files += 1
            yield from read_file(file, file.parent.name, reading)
