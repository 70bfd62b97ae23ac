"""Sampling: `make test` uses a random sample of some inputs, and `make test-all` uses all of them."""

import os
import random
from collections.abc import Iterable

EVERYTHING = "EVERYTHING" in os.environ
"""True in `make test-all`, which uses all inputs."""


def drawn(items: Iterable[str], number: int) -> list[str]:
    """A random sample of some items, with a fixed seed and in order; all of them in `make test-all`."""
    everything = sorted(set(items))
    return everything if EVERYTHING else sorted(random.Random(5).sample(everything, min(number, len(everything))))
