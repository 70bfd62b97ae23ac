"""Search results: the things that a search has found, as pages and JSON show them."""

from dataclasses import dataclass

from markupsafe import Markup
from pyoxigraph import Literal

from kg.dataset.finder import Hit, Results
from kg.media import LANGUAGES
from server.languages import language
from server.pages.snippets import Snippet, called, snippet_of
from server.site import site


def spoken() -> tuple[str, ...]:
    """The languages in which words are searched: that of the page, and English."""
    return tuple(dict.fromkeys((language(), LANGUAGES[0])))


@dataclass(frozen=True, slots=True)
class SearchResult:
    """A search result: its IRI, label and kind, a text that shows why it was found, and all of its labels."""

    iri: str
    label: str
    language: str
    kind: str
    snippet: Snippet
    labels: tuple[Literal, ...]

    @classmethod
    def of(cls, hit: Hit, results: Results) -> "SearchResult":
        label, kind = called(hit, language()), hit.path.partition("/")[0]
        snippet = snippet_of(hit, results.reading.words, language())
        labels = tuple(Literal(text.text, language=text.language or None) for text in hit.texts if text.field == 0)
        return cls(site().names.thing(hit.path), label.text, label.language, kind, snippet, labels)

    @property
    def title(self) -> str | Markup:
        """The label, with marked words if it is the snippet."""
        return self.snippet.marked if self.snippet.text == self.label else self.label

    @property
    def json(self) -> dict[str, str]:
        return {"iri": self.iri, "label": self.label, "kind": self.kind, "snippet": str(self.snippet.marked)}
