"""Identify: checks that each thing has one record and that former and withdrawn names are free; finds duplicates."""

from collections.abc import Iterable

from kg.sources.facts import Facts
from kg.steps.identification import Identification
from kg.steps.results import Read, Records


def identify(known: Identification, removed: Iterable[Facts], added: Iterable[Facts], read: Read) -> Records:
    """Takes note of changed records, and reports duplicate records, copies and conflicting names."""
    changes = known.update(removed, added, read.unreadable, read.unread)
    problems = list(known.problems)
    return Records(changes, known.identities, read.unreadable, read.unread, known.withdrawn, problems)
