"""Untrusted queries: answered in processes that can be ended at any time.

A host process, apart from those that serve, holds the dataset and forks workers from itself: they share its memory, so
that a worker costs milliseconds and no second copy, and each has limits of its own. `client` asks, `host` gives the
questions to workers and ends those that take too much, `worker` answers one at a time, `frames` is what they say.
"""
