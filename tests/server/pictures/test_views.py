"""Views: what the page of a thing shows besides its properties is data, and follows its class."""

import re
import shutil
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from pyshacl.shapes_graph import ShapesGraph
from rdflib import Graph

from kg.dataset.layout import Dataset
from kg.media import LANGUAGES
from kg.model.views import SORTS, views_in
from kg.rdflib_graphs import copy_of
from kg.sparql.engine import syntax_error
from server.app import create_app
from server.pictures.drawing import DRAWN
from server.site import Site
from tests.building import build_world
from tests.places import ONTOLOGY, SAMPLE, SHAPES

ADDED = '''
@prefix dash: <http://datashapes.org/dash#> .
@prefix osce: <https://w3id.org/osce-kg/ontology#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix schema: <https://schema.org/> .
@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix shapes: <https://w3id.org/osce-kg/shapes#> .

shapes:ThingLinkingView a sh:SPARQLSelectExecutable ;
    rdfs:label "Who points here"@en, "Wer hierher zeigt"@de ;
    schema:about osce:Thing ; dash:viewer shapes:TableViewer ; sh:order 0 ;
    sh:select """SELECT DISTINCT ?thing ('$this' AS ?literal) { ?thing ?property $this FILTER(?thing != $this) # $this
    }""" .
'''


@pytest.fixture(scope="module")
def extended(tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    """A client of the sample world under shapes with one view more, of all things."""
    root = tmp_path_factory.mktemp("views")
    shutil.copytree(SHAPES, root / "shapes")
    (root / "shapes" / "more.ttl").write_text(ADDED)
    build = build_world(SAMPLE, root / "published", ONTOLOGY, root / "shapes")
    assert build.version
    assert build.problems == []
    return create_app(Dataset.current(root / "published")).test_client()


def site_of(app: Flask) -> Site:
    found: Site = app.extensions["site"]
    return found


def figure(page: str, name: str) -> str:
    """The figure of a view on a page."""
    match = re.search(rf'<figure[^>]* id="{name}">.*?</figure>', page, re.DOTALL)
    return match[0] if match else ""


def test_a_view_that_is_added_to_the_shapes_appears_on_the_pages_of_all_classes_below_its_own(
    extended: FlaskClient,
) -> None:
    for path in ("state/avalon", "organization/round-table", "person/merlin"):
        shown = figure(extended.get(f"/doc/{path}.html").get_data(as_text=True), "ThingLinkingView")
        assert ">Who points here</figcaption>" in shown, path
    german = extended.get("/doc/state/avalon.de.html").get_data(as_text=True)
    assert ">Wer hierher zeigt</figcaption>" in figure(german, "ThingLinkingView")


def test_the_query_of_a_view_can_be_asked_as_it_is_and_this_is_a_term_alone(extended: FlaskClient) -> None:
    shown = figure(extended.get("/doc/state/avalon.html").get_data(as_text=True), "ThingLinkingView")
    address = re.findall(r'href="(/sparql\?[^"]+)"', shown)[0]
    query = parse_qs(urlsplit(address).query)["query"][0]
    assert query.count("<http://localhost:8000/id/state/avalon>") == 2
    assert "'$this'" in query
    answer = extended.get(address, headers={"Accept": "text/csv"})
    assert answer.status_code == 200
    assert "http://localhost:8000/id/place/camelot,$this" in answer.get_data(as_text=True)


def test_a_view_of_structures_is_on_the_page_of_an_institution_with_labels_and_without_the_views_of_others(
    client: FlaskClient,
) -> None:
    page = client.get("/doc/institution/grail-office.html").get_data(as_text=True)
    tree = figure(page, "StructurePlaceView")
    assert re.search(r'<a href="/doc/institution/grail-office" aria-current="page">Grail Office</a>', tree)
    assert "StateRolesView" not in page


def test_a_view_without_rows_is_not_shown(client: FlaskClient) -> None:
    assert "StructureHeadsView" not in client.get("/doc/institution/grail-office.html").get_data(as_text=True)


def test_every_view_is_called_something_in_each_language_and_can_be_drawn(app: Flask) -> None:
    assert set(SORTS) == set(DRAWN)
    views = site_of(app).views
    assert len(views) > 20
    for view in views:
        assert set(view.labels) == set(LANGUAGES), view.iri
        assert view.sort in SORTS


def test_every_view_is_a_query_that_the_engine_takes_and_that_gives_its_rows_in_one_order(app: Flask) -> None:
    site = site_of(app)
    for view in site.views:
        query = view.about_thing(site.names.thing("state/avalon"), site.names)
        assert syntax_error(site.engine, query) == "", view.iri
        assert "ORDER BY" in query or view.name == "PlaceMapView", view.iri


def test_a_view_is_about_a_class_that_there_is(app: Flask) -> None:
    site = site_of(app)
    ours = {view.about for view in site.views if view.about.startswith(site.names.vocabulary)}
    assert ours <= set(site.schema.classes)


def test_a_line_has_what_came_before_also_where_that_only_began_to_work(real_client: FlaskClient) -> None:
    line = figure(real_client.get("/doc/organization/osce.html").get_data(as_text=True), "StructureLineView")
    steps = re.findall(r"<li><a[^>]*>([^<]*)</a> ?(?:<small>([^<]*)</small>)?</li>", line)
    assert [name for name, _ in steps] == [
        "Conference on Security and Co-operation in Europe",
        "Organization for Security and Co-operation in Europe",
    ]
    assert steps[0][1] == "1973–1994"


def test_shacl_takes_no_view_for_a_shape(app: Flask) -> None:
    shapes = copy_of(site_of(app).schema.shapes, "default")  # pySHACL adds to what it is given
    views = {view.iri for view in site_of(app).views}
    assert not views & {str(shape.node) for shape in ShapesGraph(shapes).shapes}


def test_the_page_of_the_shapes_lists_views_under_their_class(client: FlaskClient) -> None:
    page = client.get("/shapes.html").get_data(as_text=True)
    assert 'id="StateRolesView"' in page


def test_a_view_that_fails_is_an_error_in_its_place_and_the_rest_of_the_page_is_there(app: Flask) -> None:
    site = site_of(app)
    [view, *others] = [view for view in site.views if view.about.endswith("#State")]
    failing = replace(view, query="SELECT ?x WHERE { $this ?property")
    app.extensions["site"] = replace(site, views=(failing, *others))
    try:
        answer = app.test_client().get("/doc/state/avalon.html")
    finally:
        app.extensions["site"] = site
    page = answer.get_data(as_text=True)
    assert answer.status_code == 200
    assert "its query fails" in figure(page, view.name)
    assert "What links here" in page


def test_a_view_that_no_page_can_show_is_left_out() -> None:
    graph = Graph().parse(data=ADDED, format="turtle")
    [view] = views_in(graph)
    assert view.name == "ThingLinkingView"
    assert not views_in(Graph().parse(data=ADDED.replace("TableViewer", "HologramViewer"), format="turtle"))
    assert not views_in(Graph().parse(data=ADDED.replace('"Who points here"@en, ', ""), format="turtle"))


def test_two_numbers_are_told_by_a_table_and_more_are_drawn(real_client: FlaskClient) -> None:
    two = figure(real_client.get("/doc/state/austria.html").get_data(as_text=True), "StateReleasesView")
    assert two.count("<tr>") == 1 + 2 + 1, "the last row counts what has no date"
    assert len(re.findall(r'data-label="date" class="date"><span>\d{4}<', two)) == 2
    assert "<svg" not in two
    page = real_client.get("/doc/field-of-work/elections.html").get_data(as_text=True)
    assert "<svg" in figure(page, "FieldOfWorkReleasesView")
