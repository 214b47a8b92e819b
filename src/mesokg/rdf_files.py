"""Writes RDF files that are the same bytes for the same triples.

Sorted, with prefixes, and with blank nodes (only the ontology has any) named in the order of the ontology's file.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from mesokg.collector import paused_collector
from mesokg.identifiers import PREFIXES, graph_iri

if TYPE_CHECKING:
    from pyoxigraph import BlankNode, Quad, RdfFormat, Store, Triple

__all__ = ["Sorted", "name_blank_nodes", "sort_quads", "sorted_graphs", "sorted_quads", "used_prefixes", "write_rdf"]

_TYPE = f" <{PREFIXES['rdf']}type> "
_LABEL = f" <{PREFIXES['rdfs']}label> "


def name_blank_nodes(quads: Iterable[Quad]) -> list[Quad]:
    """The quads, their blank nodes named b0001, b0002 … in the order in which they come."""
    from pyoxigraph import BlankNode, Quad

    names: dict[BlankNode, BlankNode] = {}

    def renamed(node: object) -> object:
        if not isinstance(node, BlankNode):
            return node
        if node not in names:
            names[node] = BlankNode(f"b{len(names) + 1:04}")
        return names[node]

    return [Quad(renamed(q.subject), q.predicate, renamed(q.object), q.graph_name) for q in quads]  # type: ignore[arg-type]


def _key(quad: Quad) -> str:
    # the quad as a line of N-Quads, which no control character can stand in, so that these come before all else
    return str(quad).replace(_TYPE, " \x01 ", 1).replace(_LABEL, " \x02 ", 1)


class Sorted(NamedTuple):
    """Quads by subject, predicate (type and label first) and object, each with the text that it is sorted by."""

    quads: list[Quad]
    keys: list[str]


@paused_collector()
def sort_quads(*parts: Iterable[Quad] | Sorted) -> Sorted:
    """All the quads in order; parts that are in order already are merged, which takes a fraction of the time."""
    quads: list[Quad] = []
    keys: list[str] = []
    for part in parts:
        found, texts = part if isinstance(part, Sorted) else (part, None)
        begin = len(quads)
        quads.extend(found)
        keys.extend(map(_key, quads[begin:]) if texts is None else texts)
    order = sorted(range(len(keys)), key=keys.__getitem__)
    return Sorted([quads[i] for i in order], [keys[i] for i in order])


def sorted_quads(quads: Iterable[Quad]) -> list[Quad]:
    """The quads by subject, predicate (type and label first) and object."""
    return sort_quads(quads).quads


@paused_collector()
def sorted_graphs(
    store: Store, names: Iterable[str], *selections: Container[str], known: Mapping[str, Sorted] | None = None
) -> tuple[dict[str, list[Quad]], *tuple[list[Quad], ...]]:
    """The quads of each named graph, by its short name, and those of each selection of graphs together, all sorted.

    The same as sorting each by :func:`sorted_quads`, but with one sort. No triple may stand in two graphs, nor outside them.
    ``known`` are whole graphs, by their short name, that were sorted before.
    """
    from pyoxigraph import NamedNode

    known = known or {}
    by_graph: dict[str, list[Quad]] = {name: [] for name in names}
    chosen: list[list[Quad]] = [[] for _ in selections]
    # one look-up per quad says every list that it belongs to
    lists = {
        graph_iri(name): [found, *(kept for kept, selection in zip(chosen, selections, strict=True) if name in selection)]
        for name, found in by_graph.items()
    }
    rest = chain.from_iterable(store.quads_for_pattern(None, None, None, NamedNode(graph_iri(name))) for name in by_graph if name not in known)
    for quad in sort_quads(rest, *(found for name, found in known.items() if name in by_graph)).quads:
        for found in lists[quad.graph_name.value]:
            found.append(quad)
    return by_graph, *chosen


@paused_collector()
def used_prefixes(quads: Iterable[Quad]) -> dict[str, str]:
    """The declared prefixes that some IRI of the quads begins with."""
    from pyoxigraph import Literal, NamedNode

    nodes: set[object] = set(chain.from_iterable(quads))
    iris = {node.datatype.value if isinstance(node, Literal) else node.value for node in nodes if isinstance(node, NamedNode | Literal)}
    stems: set[str] = set()
    for iri in iris:
        cut = max(iri.rfind("/"), iri.rfind("#")) + 1
        stems.add(iri[:cut])
        # OBO identifiers break at the underscore
        if "_" in iri[cut:]:
            stems.add(iri[: iri.rindex("_") + 1])
    return {name: iri for name, iri in PREFIXES.items() if iri in stems}


@paused_collector()
def write_rdf(
    quads: Iterable[Quad],
    path: Path,
    syntax: RdfFormat,
    *,
    prefixes: dict[str, str] | None = None,
    keep_graphs: bool = False,
) -> None:
    """Write quads, in the order given, in any syntax; without ``keep_graphs`` as triples of one graph."""
    from pyoxigraph import serialize

    found = quads if isinstance(quads, list) else list(quads)
    # one triple at a time: a list of them all would cost a third of the whole
    statements: Iterable[Quad | Triple] = found if keep_graphs else (quad.triple for quad in found)
    path.parent.mkdir(parents=True, exist_ok=True)
    serialize(statements, str(path), format=syntax, prefixes=used_prefixes(found) if prefixes is None else prefixes)
