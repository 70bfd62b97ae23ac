"""Derived values (server/derived.py): what follows from the dataset is derived once for each application."""

from pathlib import Path

from flask import Flask

from kg.dataset.layout import Dataset
from server.app import create_app
from server.derived import derived
from server.site import site


def test_a_value_is_derived_once_for_each_application(app: Flask, sample: Path) -> None:
    calls = []

    @derived()
    def version(name: str) -> str:
        calls.append(name)
        return f"{name} {site().dataset.version}"

    for each in (app, create_app(Dataset.current(sample))):
        calls.clear()
        with each.app_context():
            assert [version("a"), version("b"), version("a")] == [version("a"), version("b"), version("a")]
        assert calls == ["a", "b"]


def test_a_limit_forgets_what_was_used_least_recently(app: Flask) -> None:
    calls = []

    @derived(2)
    def number(of: int) -> int:
        calls.append(of)
        return of

    with app.app_context():
        assert [number(1), number(2), number(1), number(3), number(1), number(2)] == [1, 2, 1, 3, 1, 2]
    assert calls == [1, 2, 3, 2]
