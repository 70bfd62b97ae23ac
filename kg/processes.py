"""Processes: does one piece of work after another on all processors, in processes forked from this one."""

import gc
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from typing import Any, TypeVar

T = TypeVar("T")
R = TypeVar("R")

AHEAD = 2
"""Number of pieces of work for each processor that are handed out before their results are taken."""

PAUSE = 1
"""Time in seconds after which a process looks again whether its parent is there."""

_work: Callable[[Any], Any] | None = None
"""The function of the processes."""


@contextmanager
def forked(
    work: Callable[[T], R], begin: Callable[[], object] | None = None
) -> Iterator[Callable[[Iterable[T]], Iterator[R]]]:
    """Forks a process for each processor; yields a function that calls `work` for each argument, in order, like `map`.

    `work` may refer to anything that exists now. Each process calls `begin` first, if it is given. All have ended at
    the end of the context. No other thread may run in this process, and no store may be open on disk, when they are
    forked. The function raises BrokenProcessPool if a process has been killed, for example because memory ran out.
    """
    global _work
    _work = work
    gc.freeze()  # a child process must not copy the objects of this one by collecting garbage
    number = os.cpu_count() or 1
    pool = ProcessPoolExecutor(number, get_context("fork"), _begin, (begin, os.getpid()))

    def each(arguments: Iterable[T]) -> Iterator[R]:
        waiting: deque[Future[R]] = deque()
        for argument in arguments:
            waiting.append(pool.submit(_call, argument))
            if len(waiting) > AHEAD * number:
                yield waiting.popleft().result()
        for future in waiting:
            yield future.result()

    try:
        pool.submit(os.getpid).result()  # which forks all of them
        yield each
    finally:
        pool.shutdown(cancel_futures=True)
        _work = None
        gc.unfreeze()


def _begin(begin: Callable[[], object] | None, parent: int) -> None:
    """Begins a process, which its parent ends: by a signal if it must."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal also sends it to this process
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    if begin is not None:
        begin()


def _end_with(parent: int) -> None:
    """Ends this process after its parent has been killed."""
    while os.getppid() == parent:
        time.sleep(PAUSE)
    os._exit(1)


def _call(argument: Any) -> Any:
    assert _work is not None
    result = _work(argument)
    gc.collect(1)  # a build runs without garbage collection, and what was kept before need not be looked at again
    return result
