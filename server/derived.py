"""Derived values: the cache in memory for values that are derived from the dataset, which never changes.

The cache belongs to the site, so it ends with it. A function with a limit discards the results that were used least
recently.
"""

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Any, ParamSpec, TypeVar

from flask import current_app

P = ParamSpec("P")
T = TypeVar("T")

Caches = dict[Callable[..., Any], Any]
"""The cached results of each function."""


def derived(most: int | None = None) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Caches the results of a function that derives them from the dataset of the current site and from its arguments.

    The arguments must be hashable. `most` is the maximum number of results; without it, all are kept.
    """

    def decorate(function: Callable[P, T]) -> Callable[P, T]:
        @wraps(function)
        def cached(*args: P.args, **kwargs: P.kwargs) -> T:
            caches: Caches = current_app.extensions["caches"]()
            if function not in caches:
                caches[function] = lru_cache(most)(function)
            result: T = caches[function](*args, **kwargs)
            return result

        return cached

    return decorate
