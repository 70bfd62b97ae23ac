"""The WSGI application, made where it is started: settings come from the environment."""

import os
from pathlib import Path

from flask import Flask

from kg.settings import SETTINGS
from server import create_app


def application() -> Flask:
    """The application for the settings of this process."""

    def value(name: str) -> str:
        setting = SETTINGS[name]
        return os.environ.get(setting.variable, str(setting.default))

    return create_app(Path(value("published")), int(value("max-query-bytes")), int(value("depth")))
