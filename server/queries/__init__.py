"""Untrusted queries: answered by processes that can be terminated at any time.

A host process, separate from the web processes, holds the dataset and forks workers. Workers share its memory, so that
a worker starts in milliseconds without a second copy of the dataset, and each worker has its own limits. `client` sends
queries to the host, `host` assigns them to workers and terminates those that exceed a limit, `worker` answers one query
at a time, and `frames` defines the messages between them.
"""
