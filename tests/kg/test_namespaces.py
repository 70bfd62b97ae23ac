"""Namespaces (kg/namespaces.py): statements can be written with terms that exist, and with no others."""

import pytest
from rdflib.namespace import DCTERMS, FOAF, OWL, PROV, RDF, RDFS, SH, SKOS, VOID, DefinedNamespace

from kg.names import PREFIXES
from kg.namespaces import DCAT, HYDRA, SD, SDO, SPDX, VCARD, VOID_EXT

NAMESPACES = [DCAT, DCTERMS, FOAF, HYDRA, OWL, PROV, RDF, RDFS, SD, SDO, SH, SKOS, SPDX, VCARD, VOID, VOID_EXT]


@pytest.mark.parametrize("namespace", NAMESPACES, ids=lambda namespace: str(namespace.__name__))
def test_a_term_that_does_not_exist_cannot_be_written(namespace: type[DefinedNamespace]) -> None:
    with pytest.raises(AttributeError, match="noSuchTerm"):
        _ = namespace.noSuchTerm
    with pytest.raises(AttributeError, match="noSuchTerm"):
        _ = namespace["noSuchTerm"]


@pytest.mark.parametrize(
    ("term", "iri"),
    [
        (DCAT.version, PREFIXES["dcat"] + "version"),
        (DCAT.byteSize, PREFIXES["dcat"] + "byteSize"),
        (SDO.AboutPage, PREFIXES["schema"] + "AboutPage"),
        (SD.name, PREFIXES["sd"] + "name"),
        (SPDX.checksumAlgorithm_adler32, PREFIXES["spdx"] + "checksumAlgorithm_adler32"),
        (VCARD.fn, PREFIXES["vcard"] + "fn"),
        (HYDRA.next, PREFIXES["hydra"] + "next"),
        (VOID_EXT.datatype, "http://ldf.fi/void-ext#datatype"),
    ],
)
def test_a_term_has_its_iri(term: str, iri: str) -> None:
    assert str(term) == iri
