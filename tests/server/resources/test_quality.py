"""Quality: the page about the quality of the data, on the real graph."""

import json
from pathlib import Path

from flask.testing import FlaskClient

from kg.dataset.layout import Dataset


def test_the_page_links_each_finding_to_its_thing(real_client: FlaskClient) -> None:
    page = real_client.get("/quality").get_data(as_text=True)
    assert "About which values do references disagree?" in page
    assert '<a href="/doc/institution/odihr">References give 2 values for established of institution/odihr.</a>' in page


def test_the_page_shows_queries_that_the_endpoint_answers(real_client: FlaskClient, real: Path) -> None:
    measures = json.loads((Dataset.current(real).directory / "quality.json").read_bytes())
    assert measures
    for measure in measures:
        answer = real_client.get("/sparql", query_string={"query": measure["query"]}, headers={"Accept": "text/csv"})
        assert answer.get_data(as_text=True).count("\r\n") == len(measure["findings"]) + 1, measure["name"]


def test_the_page_has_an_etag_and_is_not_sent_twice(real_client: FlaskClient) -> None:
    first = real_client.get("/quality")
    again = real_client.get("/quality", headers={"If-None-Match": first.headers["ETag"]})
    assert (first.status_code, again.status_code) == (200, 304)
