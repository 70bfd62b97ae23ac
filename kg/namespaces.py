"""Closed namespaces for the statements that the code writes: a term that does not exist raises AttributeError.

Other namespaces, which rdflib has and closes itself, are imported from rdflib.namespace. Both give URIRefs, which equal
no plain string: they are for NamedNode, and `str` makes a plain string of one. A namespace that rdflib does not have
lists the terms that are in use here.
"""

from rdflib import namespace
from rdflib.namespace import DefinedNamespace, Namespace

from kg.names import PREFIXES


class DCAT(namespace.DCAT):
    """DCAT 3 (w3.org/TR/vocab-dcat-3), of which rdflib has the terms of DCAT 2."""

    _fail = True
    _extras = ("version",)


class SDO(namespace.SDO):
    """schema.org."""

    _fail = True


class SD(DefinedNamespace):
    """SPARQL 1.1 Service Description (w3.org/TR/sparql11-service-description)."""

    _fail = True
    _NS = Namespace(PREFIXES["sd"])
    _extras = (
        *("Dataset", "Graph", "NamedGraph", "SPARQL11Query", "Service", "defaultDataset", "defaultGraph", "endpoint"),
        *("name", "namedGraph", "resultFormat", "supportedLanguage"),
    )


class SPDX(DefinedNamespace):
    """Checksums (spdx.org/rdf/terms)."""

    _fail = True
    _NS = Namespace(PREFIXES["spdx"])
    _extras = ("Checksum", "algorithm", "checksum", "checksumAlgorithm_adler32", "checksumValue")


class VCARD(DefinedNamespace):
    """Contacts (w3.org/TR/vcard-rdf)."""

    _fail = True
    _NS = Namespace(PREFIXES["vcard"])
    _extras = ("Kind", "fn", "hasURL")


class VOID_EXT(DefinedNamespace):  # noqa: N801  # written like the namespaces of rdflib
    """The extension of VoID for datatypes (ldf.fi/void-ext)."""

    _fail = True
    _NS = Namespace("http://ldf.fi/void-ext#")
    _extras = ("datatype", "datatypePartition")


class HYDRA(DefinedNamespace):
    """The Hydra core vocabulary (hydra-cg.com/spec/latest/core)."""

    _fail = True
    _NS = Namespace(PREFIXES["hydra"])
    _extras = (
        *("BasicRepresentation", "Collection", "IriTemplate", "IriTemplateMapping", "PartialCollectionView", "first"),
        *("freetextQuery", "limit", "mapping", "member", "next", "pageIndex", "previous", "property", "required"),
        *("search", "template", "totalItems", "variable", "variableRepresentation", "view"),
    )
