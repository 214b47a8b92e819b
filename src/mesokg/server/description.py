"""The service described in RDF (https://www.w3.org/TR/sparql11-service-description/)."""

from __future__ import annotations

from mesokg.identifiers import GRAPHS, PREFIXES, graph_iri
from mesokg.metadata import DATASET
from mesokg.server.settings import Settings

__all__ = ["describe_service"]

_SD = "http://www.w3.org/ns/sparql-service-description#"
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
        Triple(service, sd("feature"), sd("UnionDefaultGraph" if settings.read_only else "EmptyGraphs")),
        Triple(service, sd("defaultDataset"), dataset),
        Triple(dataset, a, sd("Dataset")),
        Triple(dataset, sd("defaultGraph"), default),
        Triple(default, a, sd("Graph")),
    ]
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
