"""Processes: does one piece of work after another on all processors, in processes forked from this one."""

import gc
import os
import signal
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from typing import Any, TypeVar

T = TypeVar("T")
R = TypeVar("R")

_work: Callable[[Any], Any] | None = None
"""The function of the processes."""


@contextmanager
def forked(
    work: Callable[[T], R], begin: Callable[[], object] | None = None
) -> Iterator[Callable[[Iterable[T]], Iterator[R]]]:
    """Forks a process for each processor; yields a function that calls `work` for each argument, in order, like `map`.

    `work` may refer to anything that exists now. Each process calls `begin` first, if it is given. All have ended at
    the end of the context. No other thread may run in this process, and no store may be open on disk, when they are
    forked.
    """
    global _work
    _work = work
    gc.freeze()  # a child process must not copy the objects of this one by collecting garbage
    try:
        with get_context("fork").Pool(os.cpu_count(), _begin, (begin,)) as pool:
            yield lambda arguments: pool.imap(_call, arguments)
            pool.close()
            pool.join()
    finally:
        _work = None
        gc.unfreeze()


def _begin(begin: Callable[[], object] | None) -> None:
    """Begins a process, which its parent ends: by a signal if it must."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal also sends it to this process
    if begin is not None:
        begin()


def _call(argument: Any) -> Any:
    assert _work is not None
    result = _work(argument)
    gc.collect()  # a build runs without garbage collection
    return result
