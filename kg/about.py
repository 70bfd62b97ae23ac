"""About: what the dataset says of itself as a whole, in English: its title, description, licence and attribution."""

LICENSE = "https://creativecommons.org/licenses/by/4.0/"

TITLE = "OSCE knowledge graph"

DESCRIPTION = (
    "States, structures, fields of work and releases of the Organization for Security and Co-operation in Europe, "
    "compiled from public pages. Not a publication of the OSCE."
)

KEYWORDS = ("OSCE", "knowledge graph", "security and co-operation in Europe", "linked data")

ATTRIBUTION = "OSCE knowledge graph, compiled from public pages; each record names its references"
