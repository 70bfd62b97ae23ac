"""The page about the quality of the data, on the real graph."""

import json
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from kg.engine import Dataset
from server.app import create_app


@pytest.fixture(scope="module")
def reader(real: Path) -> FlaskClient:
    """A client of the application on the real graph."""
    return create_app(Dataset.current(real)).test_client()


def test_the_page_links_each_finding_to_its_thing(reader: FlaskClient) -> None:
    page = reader.get("/quality").get_data(as_text=True)
    assert "On which values do references disagree?" in page
    assert '<a href="/doc/institution/odihr">References give 2 values for established of institution/odihr.</a>' in page


def test_the_page_shows_queries_that_the_endpoint_answers(reader: FlaskClient, real: Path) -> None:
    measures = json.loads((Dataset.current(real).directory / "quality.json").read_bytes())
    assert measures
    for measure in measures:
        answer = reader.get("/sparql", query_string={"query": measure["query"]}, headers={"Accept": "text/csv"})
        assert answer.get_data(as_text=True).count("\r\n") == len(measure["findings"]) + 1, measure["name"]


def test_the_page_has_an_etag_and_is_not_sent_twice(reader: FlaskClient) -> None:
    first = reader.get("/quality")
    again = reader.get("/quality", headers={"If-None-Match": first.headers["ETag"]})
    assert (first.status_code, again.status_code) == (200, 304)
