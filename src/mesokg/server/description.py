"""The service and its files described in RDF.

The service after https://www.w3.org/TR/sparql11-service-description/, the files after https://www.w3.org/TR/vocab-dcat-3/.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from mesokg.identifiers import GRAPHS, PREFIXES, graph_iri
from mesokg.metadata import DATASET
from mesokg.server.settings import Settings

if TYPE_CHECKING:
    from pyoxigraph import Triple

__all__ = ["Download", "describe_downloads", "describe_service"]

_SD = "http://www.w3.org/ns/sparql-service-description#"
_MEDIA_TYPE = "https://www.iana.org/assignments/media-types/"
_FORMATS = (
    "SPARQL_Results_JSON", "SPARQL_Results_XML", "SPARQL_Results_CSV", "SPARQL_Results_TSV", "Turtle", "N-Triples",
    "RDF_XML", "JSON-LD", "TriG", "N-Quads",
)


def describe_service(address: str, settings: Settings, name: str) -> bytes:
    """The description of the endpoint at ``address``, in one of our graph formats."""
    from pyoxigraph import Literal, NamedNode, Triple

    from mesokg.server.results import write_triples

    a = NamedNode(PREFIXES["rdf"] + "type")
    service = NamedNode(address + "#service")
    dataset = NamedNode(address + "#dataset")
    default = NamedNode(address + "#default-graph")

    def sd(local: str) -> NamedNode:
        return NamedNode(_SD + local)

    found = [
        Triple(service, a, sd("Service")),
        Triple(service, sd("endpoint"), NamedNode(address)),
        Triple(service, sd("supportedLanguage"), sd("SPARQL11Query")),
        Triple(service, sd("defaultDataset"), dataset),
        Triple(dataset, a, sd("Dataset")),
        Triple(dataset, sd("defaultGraph"), default),
        Triple(default, a, sd("Graph")),
    ]
    if settings.endpoint is None:
        # whether the default graph of a server behind is a union is not known here
        found.append(Triple(service, sd("feature"), sd("UnionDefaultGraph" if settings.read_only else "EmptyGraphs")))
    found += [Triple(service, sd("resultFormat"), NamedNode("http://www.w3.org/ns/formats/" + one)) for one in _FORMATS]
    if settings.allow_update:
        found.append(Triple(service, sd("supportedLanguage"), sd("SPARQL11Update")))
    elif settings.endpoint is None:
        void = PREFIXES["void"]
        found += [
            Triple(dataset, a, NamedNode(void + "Dataset")),
            Triple(dataset, NamedNode(PREFIXES["dcterms"] + "title"), Literal("mesokg", language="en")),
            Triple(dataset, NamedNode(PREFIXES["dcterms"] + "isVersionOf"), NamedNode(DATASET)),
            Triple(dataset, NamedNode(void + "sparqlEndpoint"), NamedNode(address)),
        ]
        for graph in GRAPHS:
            node = NamedNode(f"{address}#graph-{graph}")
            found += [
                Triple(dataset, sd("namedGraph"), node),
                Triple(node, a, sd("NamedGraph")),
                Triple(node, sd("name"), NamedNode(graph_iri(graph))),
                Triple(node, sd("graph"), NamedNode(graph_iri(graph))),
                Triple(NamedNode(graph_iri(graph)), a, sd("Graph")),
            ]
    return write_triples(found, name, {**PREFIXES, "sd": _SD})


class Download(NamedTuple):
    """A file that is served: its address, what it is in words, its media type without parameters, its size in bytes."""

    address: str
    title: str
    media_type: str
    size: int


def describe_downloads(downloads: Iterable[Download], licence: str) -> list[Triple]:
    """Each file as a dcat:Distribution of the dataset."""
    from pyoxigraph import Literal, NamedNode, Triple

    def dcat(local: str) -> NamedNode:
        return NamedNode(PREFIXES["dcat"] + local)

    size_type = NamedNode(PREFIXES["xsd"] + "nonNegativeInteger")
    found: list[Triple] = []
    for one in downloads:
        node, file = NamedNode(one.address + "#distribution"), NamedNode(one.address)
        found += [
            Triple(NamedNode(DATASET), dcat("distribution"), node),
            Triple(node, NamedNode(PREFIXES["rdf"] + "type"), dcat("Distribution")),
            Triple(node, NamedNode(PREFIXES["dcterms"] + "title"), Literal(one.title, language="en")),
            Triple(node, NamedNode(PREFIXES["dcterms"] + "license"), NamedNode(licence)),
            Triple(node, dcat("accessURL"), file),
            Triple(node, dcat("downloadURL"), file),
            Triple(node, dcat("mediaType"), NamedNode(_MEDIA_TYPE + one.media_type)),
            Triple(node, dcat("byteSize"), Literal(str(one.size), datatype=size_type)),
        ]
    return found
