"""Commits: what git records about the sources: the commit of a build, and the times of each file."""

import hashlib
import json
import os
import re
import subprocess
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from kg.steps.results import FileTimes, Sources


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
    logged = (git(Path(paths[0]), "log", "-1", "--format=%H %ct", "--", *paths) or "").split()
    return (logged[0], logged[1]) if len(logged) == 2 else None


def times_of_files(directories: Iterable[Path], cache: Path | None) -> dict[Path, FileTimes]:
    """The times of the files in some directories, which have one of these as the beginning of their path.

    Files that are not in a commit have no times. `cache` is a directory in which the times are kept, so that only
    commits after the last one that is known are read.
    """
    return {
        directory / name: times
        for directory in directories
        for name, times in times_in(directory, cache / cached_name(directory) if cache else None).items()
    }


def cached_name(directory: Path) -> str:
    """The name of the file that keeps the times of the files in a directory."""
    return f"times-{hashlib.sha256(str(directory.resolve()).encode()).hexdigest()[:16]}.json"


def times_in(directory: Path, cached: Path | None) -> dict[str, FileTimes]:
    """The times of the files in a directory by their path from it; `cached` is the file that keeps them.

    If the last known commit is not an ancestor of the present one, the whole history is read again. The times from a
    shallow clone are not kept, because its first commit changes when more of the history is fetched.
    """
    head, shallow = (git(directory, "rev-parse", "HEAD", "--is-shallow-repository") or "\n").split("\n")[:2]
    if not head:
        return {}
    cached = None if shallow == "true" else cached
    known, times = read_times(cached) if cached else ("", {})
    if known == head:
        return times
    if known and git(directory, "merge-base", "--is-ancestor", known, head) is not None:
        add_times(times, git(directory, *LOG, f"{known}..{head}", "--", ".") or "")
    else:
        times = {}
        add_times(times, git(directory, *LOG, head, "--", ".") or "")
    if cached:
        write_times(cached, head, times)
    return times


LOG = ("log", "-z", "--format=/%ct", "--name-only", "--relative", "--no-renames", "--full-history")
"""The arguments for the times of commits, each after a slash, and for the paths of the files that they changed.

With the full history, the files of a range of commits do not depend on the commits outside of the range.
"""


def add_times(times: dict[str, FileTimes], logged: str) -> None:
    """Adds the commits of a log to the times of files."""
    seconds = 0
    for part in logged.split("\0"):
        entry = part.removeprefix("\n")
        if entry.startswith("/"):
            seconds = int(entry[1:])
        elif entry:
            created, modified = times.get(entry, (seconds, seconds))
            times[entry] = FileTimes(min(created, seconds), max(modified, seconds))


def read_times(file: Path) -> tuple[str, dict[str, FileTimes]]:
    """The last known commit, and the times of files until this commit; empty if they are not kept."""
    try:
        written = json.loads(file.read_bytes())
        return written["commit"], {name: FileTimes(*times) for name, times in written["times"].items()}
    except (OSError, ValueError, KeyError, TypeError):
        return "", {}


def write_times(file: Path, commit: str, times: dict[str, FileTimes]) -> None:
    """Keeps the times of files until a commit. It is no error if the file cannot be written."""
    written = file.with_name(f".{file.name}.{os.getpid()}")
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        written.write_text(json.dumps({"commit": commit, "times": times}, separators=(",", ":")), encoding="utf-8")
        written.replace(file)


def git(directory: Path, *arguments: str) -> str | None:
    """The output of a git command in a directory; None if it fails, as it does outside a repository."""
    command = ["git", "-C", str(directory), *arguments]
    try:
        return os.fsdecode(subprocess.run(command, capture_output=True, check=True).stdout)  # noqa: S603
    except (OSError, subprocess.CalledProcessError):
        return None
