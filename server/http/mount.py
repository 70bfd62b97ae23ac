"""Mount: the path below a host at which the application is served."""

from collections.abc import Iterable
from urllib.parse import urlsplit
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment


class Mount:
    """Serves an application below the path of the dataset's base, so that its IRIs can be dereferenced.

    If a server or trusted proxy specifies the path (SCRIPT_NAME, X-Forwarded-Prefix), that path is used. Otherwise a
    request may contain the path of the base or not: the answer is the same, and its links contain the path.
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
        environ["PATH_INFO"] = path if path.startswith("/") else f"/{path}"  # else redirects contain the host
        return self._application(environ, start_response)
