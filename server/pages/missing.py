"""Missing: suggestions for an address that does not exist, from a search for its words."""

import re

from flask import request
from werkzeug.exceptions import NotFound

from kg.dataset.finder import Filters, Hit, Results
from kg.dataset.search_index import KIND
from kg.diagnostics.suggest import nearest
from server.errors import ProblemError
from server.pages.properties import label
from server.pages.search_results import SearchResult, spoken
from server.site import site

MAX_SUGGESTIONS = 5
"""Maximum number of suggestions."""

MAX_LENGTH = 100
"""Maximum length of the part of an address that is searched for, in characters."""

SUFFIX = re.compile(r"(\.(fr|de|it|ru|es))?\.(html?|ttl|jsonld|json|nt|rdf|trig|nq|yaml|csv|atom|xml)$")


class MissingError(ProblemError):
    """Raised for an unknown address; `suggestions` are similar resources, and `words` the words of the address."""

    code = 404


def missing(error: NotFound) -> MissingError:
    """The same error, with suggestions."""
    missing_error = MissingError(error.description)
    steps = [step for step in SUFFIX.sub("", request.path).split("/") if step not in ("", "id", "doc")]
    words = [re.sub(r"[\W_]+", " ", step).strip()[:MAX_LENGTH] for step in steps]
    missing_error.more = {"suggestions": suggestions([each for each in words if each]), "words": " ".join(words)}
    return missing_error


def suggestions(steps: list[str]) -> list[dict[str, str]]:
    """The collection whose name is most similar to a single step, and the things that the steps of an address find."""
    if not steps:
        return []
    kinds = nearest(steps[0], ((name, kind) for kind in site().kinds for name in (kind, kind + "s")))
    if len(steps) == 1 and kinds:
        return [collection(kind) for kind in kinds]
    filters: Filters = {KIND: tuple(kinds)} if kinds and len(steps) > 1 else {}
    things: dict[str, dict[str, str]] = {}
    tries = [
        (steps[-1], filters, MAX_SUGGESTIONS // 2),
        (steps[-1], {}, MAX_SUGGESTIONS),
        (" ".join(steps), {}, MAX_SUGGESTIONS),
    ]
    for words, held, most in tries if filters else tries[1:]:
        results = site().finder.find(words, spoken(), held, 0, most)
        if not (things and results.reading.any):
            things |= {hit.path: suggested(hit, results) for hit in results.hits if hit.path not in things}
    return [*things.values()][:MAX_SUGGESTIONS]


def collection(kind: str) -> dict[str, str]:
    """A collection as a suggestion."""
    return {"href": f"{request.script_root}/doc/{kind}", "label": label(site().kinds[kind].iri), "kind": ""}


def suggested(hit: Hit, results: Results) -> dict[str, str]:
    """A thing as a suggestion."""
    result = SearchResult.of(hit, results)
    href = f"{request.script_root}/doc/{site().names.path(result.iri)}"
    return {"href": href, "label": result.label, "kind": label(site().kinds[result.kind].iri), "iri": result.iri}
