"""Describes the dataset in VoID and DCAT: what it is, its version and licence, and how much of what it holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mesokg import __version__
from mesokg.identifiers import NAMESPACE, PREFIXES, compact, graph_iri

if TYPE_CHECKING:
    from pyoxigraph import Quad, Store

__all__ = ["DATASET", "describe_dataset"]

DATASET = NAMESPACE + "dataset"
_DATA_LICENCE = "https://creativecommons.org/licenses/by/4.0/"


def describe_dataset(store: Store, version_date: str) -> list[Quad]:
    """The quads of the metadata graph for the other named graphs, which the store holds.

    ``version_date`` is the ontology's version (ISO date); there is no clock in it.
    """
    from pyoxigraph import Literal, NamedNode, Quad

    graph = NamedNode(graph_iri("metadata"))
    dataset = NamedNode(DATASET)
    integer = NamedNode(PREFIXES["xsd"] + "integer")
    found: list[Quad] = []

    def iri(prefix: str, local: str) -> NamedNode:
        return NamedNode(PREFIXES[prefix] + local)

    def add(subject: NamedNode, prefix: str, local: str, value: NamedNode | Literal) -> None:
        found.append(Quad(subject, iri(prefix, local), value, graph))

    def count(key: str, pattern: str) -> dict[str, int]:
        rows = store.query(f"SELECT ?{key} (COUNT(*) AS ?number) WHERE {{ GRAPH ?g {{ {pattern} }} }} GROUP BY ?{key}")
        return {row[key].value: int(row["number"].value) for row in rows}

    type_ = PREFIXES["rdf"] + "type"
    properties = count("p", "?s ?p ?o")
    classes = count("o", f"?s <{type_}> ?o FILTER(isIRI(?o))")
    per_graph = count("g", "?s ?p ?o")
    subjects = next(iter(store.query("SELECT (COUNT(DISTINCT ?s) AS ?number) WHERE { GRAPH ?g { ?s ?p ?o } }")))["number"].value
    for prefix, local in (("void", "Dataset"), ("dcat", "Dataset")):
        found.append(Quad(dataset, NamedNode(type_), iri(prefix, local), graph))
    add(dataset, "dcterms", "title", Literal("mesokg", language="en"))
    text = "An open knowledge graph of gene therapy for mesothelioma: therapies, vectors, payloads, targets, mechanisms, trials and outcomes, each statement with its source."
    add(dataset, "dcterms", "description", Literal(text, language="en"))
    add(dataset, "dcterms", "license", NamedNode(_DATA_LICENCE))
    add(dataset, "dcterms", "creator", Literal("mesokg contributors"))
    add(dataset, "dcat", "version", Literal(__version__))
    add(dataset, "dcterms", "issued", Literal(f"{version_date}T00:00:00Z", datatype=iri("xsd", "dateTime")))
    add(dataset, "void", "uriSpace", Literal(PREFIXES["mkg"]))
    add(dataset, "void", "vocabulary", NamedNode(PREFIXES["mesokg"]))
    add(dataset, "void", "exampleResource", NamedNode(PREFIXES["mkg"] + "trial-NCT03710876"))
    for local, number in (
        ("triples", sum(per_graph.values())),
        ("distinctSubjects", int(subjects)),
        ("properties", len(properties)),
        ("classes", len(classes)),
    ):
        add(dataset, "void", local, Literal(str(number), datatype=integer))
    for name, number in sorted(per_graph.items()):
        part = NamedNode(name)
        add(dataset, "void", "subset", part)
        found.append(Quad(part, NamedNode(type_), iri("void", "Dataset"), graph))
        add(part, "void", "triples", Literal(str(number), datatype=integer))
    for kind, link, counter, count in (
        ("class", "classPartition", classes, "entities"),
        ("property", "propertyPartition", properties, "triples"),
    ):
        for name, number in sorted(counter.items()):
            local = compact(name).replace(":", "-").replace("/", "-")
            part = NamedNode(f"{DATASET}/{kind}/{local}")
            add(dataset, "void", link, part)
            add(part, "void", kind, NamedNode(name))
            add(part, "void", count, Literal(str(number), datatype=integer))
    return found
