"""The order of the files, by whichever way a list comes to it."""

from __future__ import annotations

import random
from collections.abc import Callable

import pyoxigraph as ox
import pytest
from pyoxigraph import Quad

from mesokg.graph import build_graph
from mesokg.identifiers import GRAPHS, PREFIXES, graph_iri
from mesokg.rdf_files import sorted_graphs, sorted_quads
from mesokg.tables import read_tables

ALL = frozenset(GRAPHS)


def quad(subject: str, graph: str, predicate: str = "p", value: str = "v") -> Quad:
    iri = ox.NamedNode(PREFIXES["rdf"] + "type") if predicate == "a" else ox.NamedNode(f"urn:{predicate}")
    return Quad(ox.NamedNode(f"urn:{subject}"), iri, ox.Literal(value), ox.NamedNode(graph_iri(graph)))


def test_assertions_come_in_the_order_of_the_files() -> None:
    graph = build_graph(read_tables())
    mixed = list(graph.evidence)
    random.Random(1).shuffle(mixed)
    assert sorted_quads(mixed) == graph.evidence
    texts = [quad for quad in graph.evidence if quad.predicate.value == PREFIXES["mesokg"] + "locator"]
    assert len(texts) > len({quad.subject for quad in texts}), "no assertion has two locators, whose order could be wrong"


@pytest.mark.parametrize(
    "subject_of",
    [lambda i: f"m{i:02}", lambda i: f"a{i:02}", lambda i: f"z{i:02}", lambda i: f"{'abz'[i % 3]}{i:02}"],
    ids=["amid all others", "before them", "after them", "among them"],
)
def test_evidence_in_order_is_put_where_a_sort_would_put_it(subject_of: Callable[[int], str]) -> None:
    evidence = sorted_quads(quad(subject_of(i), "evidence", predicate) for i in range(12) for predicate in ("a", "b", "zz"))
    others = [quad(f"{letter}{i:02}", graph, predicate) for letter in "bmy" for i in range(9) for predicate, graph in (("a", "facts"), ("c", "inferred"))]
    others += [quad("b00", "ontology", "d"), quad("y00", "metadata", "d")]
    store = ox.Store()
    store.bulk_extend([*evidence, *others])
    asked = sorted_graphs(store, GRAPHS, ALL, ALL - {"evidence"}, {"evidence", "facts"})
    assert sorted_graphs(store, GRAPHS, ALL, ALL - {"evidence"}, {"evidence", "facts"}, evidence=evidence) == asked
    assert asked[1] == sorted_quads(store)
    by_graph, together = sorted_graphs(store, GRAPHS, ALL, evidence=[])
    assert by_graph["evidence"] == []
    assert together == sorted_quads(others)


def test_a_graph_that_is_not_asked_for_stays_out() -> None:
    store = ox.Store()
    store.bulk_extend([quad("b", "facts"), quad("a", "evidence")])
    assert sorted_graphs(store, ["facts"], ALL, evidence=[quad("a", "evidence")]) == ({"facts": [quad("b", "facts")]}, [quad("b", "facts")])
