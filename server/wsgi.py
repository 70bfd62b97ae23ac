"""The WSGI application, made where it is started: what it serves comes from the environment."""

import os
from pathlib import Path

from flask import Flask

from kg.engine import Dataset
from kg.settings import SETTINGS
from server import SERVING, create_app

DATASET = "KG_DATASET"
"""The variable that names the directory of the version to serve, so that all workers serve the same, always."""


def application() -> Flask:
    """The application for the settings of this process."""
    settings = {
        name: type(SETTINGS[name].default)(os.environ.get(SETTINGS[name].variable, SETTINGS[name].default))
        for name in SERVING
    }
    return create_app(Dataset.at(Path(os.environ[DATASET])), settings)
