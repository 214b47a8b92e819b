"""Describes the dataset in VoID and DCAT: what it is, its version and licence, and how much of what it holds.

A class has a partition for each property of its things, and that one for each class and each datatype
(http://ldf.fi/void-ext#) of the values. From these SIB's editor (https://github.com/sib-swiss/sparql-editor) knows what
may follow. Things have all their classes in it, stated and inferred; values those that are stated, without OWL's own.
"""

from __future__ import annotations

from collections import Counter
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from mesokg import __version__
from mesokg.identifiers import NAMESPACE, PREFIXES, compact, graph_iri, term

if TYPE_CHECKING:
    from pyoxigraph import Quad, Store

__all__ = ["DATASET", "EvidenceCounts", "count_evidence", "describe_dataset"]

DATASET = NAMESPACE + "dataset"
_DATA_LICENCE = "https://creativecommons.org/licenses/by/4.0/"


class EvidenceCounts(NamedTuple):
    """Of the evidence graph: its triples by property and datatype of the value (None if an IRI), and each property with each IRI."""

    triples: Counter[tuple[str, str | None]]
    values: frozenset[tuple[str, str]]


def count_evidence(store: Store) -> EvidenceCounts:
    """What :func:`describe_dataset` asks of the evidence, for which it need not wait until all else is known."""
    graph = f"GRAPH <{graph_iri('evidence')}>"
    counted = store.query(f"SELECT ?p ?d (COUNT(*) AS ?n) {{ {graph} {{ ?s ?p ?o }} BIND(DATATYPE(?o) AS ?d) }} GROUP BY ?p ?d")
    triples = Counter({(p.value, d.value if d is not None else None): int(n.value) for p, d, n in counted})  # type: ignore[misc]
    values = store.query(f"SELECT DISTINCT ?p ?o {{ {graph} {{ ?s ?p ?o FILTER(isIRI(?o)) }} }}")
    return EvidenceCounts(triples, frozenset((p.value, o.value) for p, o in values))  # type: ignore[misc]


def describe_dataset(store: Store, version_date: str, evidence: EvidenceCounts | None = None) -> list[Quad]:
    """The quads of the metadata graph for the other named graphs, which the store holds.

    ``version_date`` is the ontology's version (ISO date); there is no clock in it. ``evidence`` is what
    :func:`count_evidence` says of the store, where that is known.
    """
    from pyoxigraph import Literal, NamedNode, Quad

    graph = NamedNode(graph_iri("metadata"))
    dataset = NamedNode(DATASET)
    a, integer = NamedNode(PREFIXES["rdf"] + "type"), NamedNode(PREFIXES["xsd"] + "integer")
    found: list[Quad] = []

    @cache
    def iri(prefix: str, local: str) -> NamedNode:
        return NamedNode(PREFIXES[prefix] + local)

    def add(subject: NamedNode, prefix: str, local: str, value: NamedNode | Literal) -> None:
        found.append(Quad(subject, iri(prefix, local), value, graph))

    counts = _count(store, evidence or count_evidence(store))
    for prefix, local in (("void", "Dataset"), ("dcat", "Dataset")):
        found.append(Quad(dataset, a, iri(prefix, local), graph))
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
        ("triples", counts.graphs.total()),
        ("distinctSubjects", counts.subjects),
        ("properties", len(counts.properties)),
        ("classes", len(counts.classes)),
    ):
        add(dataset, "void", local, Literal(str(number), datatype=integer))
    for name, number in sorted(counts.graphs.items()):
        part = NamedNode(name)
        add(dataset, "void", "subset", part)
        found.append(Quad(part, a, iri("void", "Dataset"), graph))
        add(part, "void", "triples", Literal(str(number), datatype=integer))
    for kind, link, counter, number_of in (
        ("class", "classPartition", counts.classes, "entities"),
        ("property", "propertyPartition", counts.properties, "triples"),
    ):
        for name, number in sorted(counter.items()):
            part = NamedNode(f"{DATASET}/{kind}/{_local(name)}")
            add(dataset, "void", link, part)
            add(part, "void", kind, NamedNode(name))
            add(part, "void", number_of, Literal(str(number), datatype=integer))
    for (name, property_), number in sorted(counts.uses.items()):
        class_part = NamedNode(f"{DATASET}/class/{_local(name)}")
        part = NamedNode(f"{class_part.value}/property/{_local(property_)}")
        add(class_part, "void", "propertyPartition", part)
        add(part, "void", "property", NamedNode(property_))
        add(part, "void", "triples", Literal(str(number), datatype=integer))
        for prefix, kind, told in (("void", "class", counts.value_classes), ("voidext", "datatype", counts.datatypes)):
            for value in sorted(told.get((name, property_), ())):
                value_part = NamedNode(f"{part.value}/{kind}/{_local(value)}")
                add(part, prefix, f"{kind}Partition", value_part)
                add(value_part, prefix, kind, NamedNode(value))
    return found


@cache
def _local(iri: str) -> str:
    return compact(iri).replace(":", "-").replace("/", "-")


class _Counts(NamedTuple):
    subjects: int
    graphs: Counter[str]
    properties: Counter[str]
    classes: Counter[str]
    uses: Counter[tuple[str, str]]
    """Triples by a class of the subject and the property; of one triple as often as its subject has classes."""
    value_classes: dict[tuple[str, str], set[str]]
    datatypes: dict[tuple[str, str], set[str]]


def _count(store: Store, counted: EvidenceCounts) -> _Counts:
    """A triple stands in one graph only. Subjects of the evidence graph are assertions, nothing else and in no other graph,
    so the store counts these four fifths of all triples by property alone.
    """
    from pyoxigraph import Literal, NamedNode

    type_, owl = PREFIXES["rdf"] + "type", PREFIXES["owl"]
    found = _Counts(0, Counter(), Counter(), Counter(), Counter(), {}, {})
    classes_of: dict[str, list[str]] = {}
    stated: dict[str, list[str]] = {}
    triples: list[tuple[str, str, str | Literal]] = []
    for name in ("ontology", "facts", "inferred"):
        graph, before = NamedNode(graph_iri(name)), len(triples)
        for quad in store.quads_for_pattern(None, None, None, graph):
            subject, property_, value = quad.subject.value, quad.predicate.value, quad.object
            triples.append((subject, property_, value if isinstance(value, Literal) else value.value))  # type: ignore[union-attr]
            if property_ == type_ and isinstance(value, NamedNode):
                classes_of.setdefault(subject, []).append(value.value)
                if name != "inferred" and not value.value.startswith(owl):
                    stated.setdefault(subject, []).append(value.value)
        if len(triples) > before:
            found.graphs[graph.value] = len(triples) - before
    # Far fewer different ones than triples: things of the same classes, values of the same classes or datatype.
    alike: Counter[tuple[tuple[str, ...], str, tuple[str, ...] | str]] = Counter()
    for subject, property_, value in triples:
        kind = value.datatype.value if isinstance(value, Literal) else tuple(stated.get(value, ()))
        alike[tuple(classes_of.get(subject, ())), property_, kind] += 1
    assertion = term("Assertion")
    for (property_, datatype), number in counted.triples.items():
        alike[(assertion,), property_, datatype or ()] += number
    if counted.triples:
        found.graphs[graph_iri("evidence")] = counted.triples.total()
    for property_, value in counted.values:
        found.value_classes.setdefault((assertion, property_), set()).update(stated.get(value, ()))
    for (classes, property_, kind), number in alike.items():
        found.properties[property_] += number
        for name in classes:
            found.uses[name, property_] += number
            if isinstance(kind, str):
                found.datatypes.setdefault((name, property_), set()).add(kind)
            else:
                found.value_classes.setdefault((name, property_), set()).update(kind)
    for names in classes_of.values():
        found.classes.update(names)
    if assertions := found.uses[assertion, type_]:
        found.classes[assertion] = assertions
    return found._replace(subjects=len({subject for subject, _, _ in triples}) + assertions)
