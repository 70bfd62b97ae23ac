"""Home: the home page, which is also the description of the dataset as RDF."""

from flask import Blueprint, Response, render_template, request
from pyoxigraph import Triple

from kg.dataset import named_queries
from kg.media import HTML, TURTLE
from kg.namespaces import DCAT
from server.documents import Document, respond
from server.http.links import Link, link
from server.pictures.drawing import views_of
from server.resources import catalogue
from server.site import site

blueprint = Blueprint("home", __name__)

DATASET = str(DCAT.Dataset)
"""The class of the dataset, whose views the home page shows."""


@blueprint.get("/")
@blueprint.get("/index.<suffix>")
def home(suffix: str | None = None) -> Response:
    """Returns the home page. Its other variants are those of /index, because / has no suffix."""
    names = site().names

    def page(_: list[Triple]) -> str:
        counts = site().dataset.manifest.kinds
        kinds = [(class_, counts[kind]) for kind, class_ in site().kinds.items()]
        present = sorted(kinds, key=lambda pair: pair[0].name)
        views = views_of(names.dataset, [DATASET])
        return render_template(
            "home.html",
            kinds=present,
            questions=site().questions,
            example=named_queries.example(site().engine, names),
            views=views,
            embedded=catalogue.embedded(),
        )

    return respond(
        Document(
            "index",
            names.dataset,
            catalogue.description,
            page,
            root=names.dataset,
            default=HTML,
            home="",
            links=tuple(discovery()),
        ),
        suffix,
    )


def discovery() -> list[Link]:
    """Links to the other resources of the site, for programs."""
    here = request.script_root
    return [
        link(site().names.dataset, "cite-as"),
        link(f"{here}/.well-known/api-catalog", "api-catalog", type="application/linkset+json"),
        link(f"{here}/openapi.json", "service-desc", type="application/vnd.oai.openapi+json;version=3.1"),
        link(f"{here}/sparql", "service"),
        link(f"{here}/dataset", "describedby", type=TURTLE.name),
        link(f"{here}/.well-known/void", "describedby", type=TURTLE.name),
        link(f"{here}/ontology", "describedby", type=TURTLE.name),
        link(f"{here}/sitemap.xml", "sitemap", type="application/xml"),
        link(f"{here}/llms.txt", "alternate", type="text/markdown"),
        link(f"{here}/status", "status", type="application/json"),
    ]
