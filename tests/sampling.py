"""Samples: what `make test` takes of many inputs, of which `make test-all` takes all."""

import os
import random
from collections.abc import Iterable

EVERYTHING = "EVERYTHING" in os.environ
"""True in `make test-all`, where nothing is drawn."""


def drawn(items: Iterable[str], number: int) -> list[str]:
    """So many of some items, with a fixed seed and in order; all of them in `make test-all`."""
    everything = sorted(set(items))
    return everything if EVERYTHING else sorted(random.Random(5).sample(everything, min(number, len(everything))))
