"""Home: what is here, and where to begin; as RDF, the description of the dataset."""

from flask import Blueprint, Response, render_template
from pyoxigraph import Triple

from kg.media import HTML
from server import catalogue, collections
from server.documents import respond
from server.site import site

blueprint = Blueprint("home", __name__)


def example() -> str:
    """The IRI of the thing that the catalogue gives as an example."""
    names = site().names
    found = site().engine.select(
        f"SELECT ?thing WHERE {{ GRAPH <{names.dataset}> {{ <{names.dataset}> void:exampleResource ?thing }} }}"
    )
    return str(found[0]["thing"].value)


@blueprint.get("/")
def home() -> Response:
    def page(_: list[Triple]) -> str:
        kinds = [(class_, collections.count(class_)) for class_ in site().schema.kinds.values()]
        present = sorted((pair for pair in kinds if pair[1]), key=lambda pair: pair[0].name)
        return render_template("home.html", kinds=present, questions=site().questions, example=example())

    return respond("", None, catalogue.description, page, root=site().names.dataset, default=HTML)
