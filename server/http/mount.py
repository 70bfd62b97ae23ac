"""Mount: where below a host the application lies."""

from collections.abc import Iterable
from urllib.parse import urlsplit
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment


class Mount:
    """Serves an application below the path of the dataset's base, so that its IRIs dereference.

    A server or trusted proxy that says where it is mounted (SCRIPT_NAME, X-Forwarded-Prefix) is believed. Otherwise a
    request may carry the path of the base or have been stripped of it: the answer is the same, and its links carry it.
    """

    def __init__(self, application: WSGIApplication, base: str) -> None:
        self._application = application
        self._prefix = urlsplit(base).path.rstrip("/")

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if self._prefix and not environ.get("SCRIPT_NAME"):
            environ["SCRIPT_NAME"] = self._prefix
            if path == self._prefix or path.startswith(self._prefix + "/"):
                path = path.removeprefix(self._prefix)
        environ["PATH_INFO"] = path if path.startswith("/") else f"/{path}"  # else a redirect would name the host
        return self._application(environ, start_response)
