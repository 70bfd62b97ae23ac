"""Origins: the source of each fact of a thing: its line in the YAML source, its references, and disputed values.

The statements of references about a property are reified in the dataset (RDF 1.1 Semantics, D.1). The classes and
properties of the dataset for this purpose are subclasses and subproperties of RDF terms, so no names are needed here.
"""

from collections import defaultdict
from dataclasses import dataclass, field

from pyoxigraph import Literal, NamedNode

from kg.dataset.source_lines import Lines
from kg.names import PREFIXES, RDF
from server.pages.triple_index import TripleIndex
from server.site import site

REFERENCED_BY = PREFIXES["dcterms"] + "isReferencedBy"


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim of references about a property: the value, if it is stated, and other details."""

    references: tuple[str, ...]
    value: NamedNode | Literal | None = None
    details: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Origin:
    """The origin of the values of a property: lines of the source, empty if the values were inferred; and claims."""

    lines: tuple[int, ...] = ()
    claims: tuple[Claim, ...] = ()

    @property
    def is_disputed(self) -> bool:
        """True if references state different values."""
        return len({claim.value for claim in self.claims if claim.value is not None}) > 1


@dataclass
class Origins:
    """The origins of the facts of a thing, from the triples of its description and the lines of its source.

    `file` is the name of the source, and `first` the line on which the record begins.
    """

    iri: str
    about: TripleIndex
    file: str
    first: int
    lines: Lines
    _claims: dict[str, list[Claim]] = field(default_factory=lambda: defaultdict(list))

    def __post_init__(self) -> None:
        vocabulary = site().names.vocabulary
        for statement in sorted(self.about):
            if not any(subject.value == self.iri for subject in self.about.objects(statement, RDF + "subject")):
                continue
            references = tuple(sorted(each.value for each in self.about.objects(statement, REFERENCED_BY)))
            values = self.about.objects(statement, RDF + "object")
            own = (p for p in self.about.predicates(statement) if p.startswith(vocabulary))
            ours = {value for property_ in own for value in self.about.objects(statement, property_)}
            details = tuple(sorted(o.value for o in ours if isinstance(o, Literal) and o not in values))
            value = values[0] if values else None
            for property_ in self.about.objects(statement, RDF + "predicate"):
                self._claims[property_.value].append(Claim(references, value, details))

    def of(self, property_: str) -> Origin:
        """The origin of the values of a property."""
        key = site().schema.property_of(property_)
        lines = (self.lines[key.key],) if key and key.key in self.lines else ()
        return Origin(lines, tuple(self._claims.get(property_, ())))
