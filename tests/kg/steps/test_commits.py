"""Commits (kg/steps/commits.py): the times of files are those of git, and known commits are not read again."""

import json
import subprocess
from pathlib import Path

import pytest

from kg.steps.commits import times_of_files
from kg.steps.results import FileTimes


class Repository:
    """A repository with the data directory `data`, whose commits are one day apart."""

    def __init__(self, directory: Path) -> None:
        self.directory, self.day = directory, 0
        self.data = directory / "data"
        self.data.mkdir(parents=True)
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *command: str) -> str:
        date = f"{FIRST + self.day * DAY} +0000"
        who = {f"GIT_{role}_{key}": value for role in ("AUTHOR", "COMMITTER") for key, value in WHO.items()}
        environment = {**who, "GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date, "GIT_CONFIG_GLOBAL": "/dev/null"}
        done = subprocess.run(
            ["git", "-C", self.directory, *command], env=environment, check=True, capture_output=True, text=True
        )
        return done.stdout

    def commit(self, *names: str, amend: bool = False) -> None:
        """Changes files of `data` and commits them on the next day."""
        self.day += 1
        for name in names:
            (self.data / name).parent.mkdir(exist_ok=True)
            (self.data / name).write_text(f"day {self.day}\n")
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message=day", *(["--amend"] if amend else []))

    def times(self, cache: Path | None = None) -> dict[str, tuple[int, int]]:
        """The days of the first and the last commit of each file."""
        found = times_of_files([self.data], cache)
        return {
            file.relative_to(self.data).as_posix(): ((times.created - FIRST) // DAY, (times.modified - FIRST) // DAY)
            for file, times in found.items()
        }


FIRST, DAY = 1_577_836_800, 86_400
"""The beginning of 2020, and the length of a day, in seconds."""

WHO = {"NAME": "Ada", "EMAIL": "ada@example.org"}


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """A repository with three commits."""
    made = Repository(tmp_path / "repository")
    made.commit("state/a.yaml", "state/ä b.yaml", "../README.md")
    made.commit("state/b.yaml")
    made.commit("state/a.yaml")
    return made


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """The directory of the cache, which does not exist yet."""
    return tmp_path / "cache"


def mark(cache: Path) -> None:
    """Gives the kept times a file that is not in the repository, so that a test sees whether they are used."""
    [file] = cache.iterdir()
    kept = json.loads(file.read_text())
    file.write_text(json.dumps({**kept, "times": {**kept["times"], "mark": [FIRST, FIRST]}}))


def test_a_file_has_the_times_of_its_first_and_last_commit(repository: Repository) -> None:
    assert repository.times() == {"state/a.yaml": (1, 3), "state/b.yaml": (2, 2), "state/ä b.yaml": (1, 1)}
    assert times_of_files([repository.data], None)[repository.data / "state" / "b.yaml"] == FileTimes(
        FIRST + 2 * DAY, FIRST + 2 * DAY
    )


def test_a_renamed_file_begins_with_its_renaming(repository: Repository, cache: Path) -> None:
    repository.times(cache)
    repository.git("mv", "data/state/a.yaml", "data/state/c.yaml")
    repository.commit()
    assert repository.times(cache) == repository.times()
    assert repository.times()["state/c.yaml"] == (4, 4)


def test_known_commits_are_not_read_again(repository: Repository, cache: Path) -> None:
    repository.times(cache)
    mark(cache)
    assert repository.times(cache) == {**repository.times(), "mark": (0, 0)}
    repository.commit("state/a.yaml", "state/d.yaml")
    assert repository.times(cache) == {**repository.times(), "mark": (0, 0)}
    assert repository.times(cache)["state/a.yaml"] == (1, 4)


def test_a_rewritten_history_is_read_anew(repository: Repository, cache: Path) -> None:
    repository.times(cache)
    mark(cache)
    repository.commit("state/e.yaml", amend=True)
    assert repository.times(cache) == repository.times()
    assert repository.times()["state/a.yaml"] == (1, 4)


def test_a_merge_that_discards_a_side_is_read_as_the_whole_history_is(repository: Repository, cache: Path) -> None:
    repository.git("branch", "side")
    repository.commit("state/b.yaml")
    repository.git("checkout", "--quiet", "side")
    repository.commit("state/b.yaml", "state/s.yaml")
    repository.times(cache)
    mark(cache)
    repository.git("checkout", "--quiet", "main")
    repository.git("merge", "--quiet", "--strategy=ours", "--message=ours", "side")
    assert repository.times(cache) == {**repository.times(), "mark": (0, 0)}
    assert repository.times()["state/b.yaml"] == (2, 5)


@pytest.mark.parametrize("damaged", ["", "{", "[]", '{"commit": 1}', '{"commit": "", "times": {"a": 1}}'])
def test_damaged_times_are_read_anew(damaged: str, repository: Repository, cache: Path) -> None:
    repository.times(cache)
    [file] = cache.iterdir()
    file.write_text(damaged)
    assert repository.times(cache) == repository.times()


def test_the_times_of_a_shallow_clone_are_not_kept(repository: Repository, cache: Path, tmp_path: Path) -> None:
    clone = Repository(tmp_path / "clone")
    clone.git("fetch", "--quiet", "--depth=1", repository.directory.as_uri(), "main")
    clone.git("reset", "--quiet", "--hard", "FETCH_HEAD")
    assert {*clone.times(cache).values()} == {(3, 3)}
    clone.git("fetch", "--quiet", "--unshallow", repository.directory.as_uri(), "main")
    assert clone.times(cache) == repository.times()


def test_files_outside_a_repository_have_no_times(tmp_path: Path, cache: Path) -> None:
    assert times_of_files([tmp_path], cache) == {}
    assert not cache.exists()
