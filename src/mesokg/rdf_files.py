"""Writes RDF files that are the same bytes for the same triples.

Sorted, with prefixes, and with blank nodes (only the ontology has any) named in the order of the ontology's file.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Container, Iterable
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from mesokg.collector import paused_collector
from mesokg.identifiers import PREFIXES, graph_iri

if TYPE_CHECKING:
    from pyoxigraph import BlankNode, Quad, RdfFormat, Store, Triple

__all__ = ["name_blank_nodes", "sorted_graphs", "sorted_quads", "used_prefixes", "write_rdf"]

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


def _sort(quads: Iterable[Quad]) -> tuple[list[Quad], list[str]]:
    """The quads in order, and the text of each that they are sorted by."""
    found = list(quads)
    keys = [_key(quad) for quad in found]
    order = sorted(range(len(keys)), key=keys.__getitem__)
    return [found[i] for i in order], [keys[i] for i in order]


@paused_collector()
def sorted_quads(quads: Iterable[Quad]) -> list[Quad]:
    """The quads by subject, predicate (type and label first) and object."""
    return _sort(quads)[0]


@paused_collector()
def sorted_graphs(
    store: Store, names: Iterable[str], *selections: Container[str], evidence: list[Quad] | None = None
) -> tuple[dict[str, list[Quad]], *tuple[list[Quad], ...]]:
    """The quads of each named graph, by its short name, and those of each selection of graphs together, all sorted.

    The same as sorting each by :func:`sorted_quads`, but with one sort. No triple may stand in two graphs, nor outside them.
    ``evidence`` is that graph, in order, where it is known: the store is not asked for it then.
    """
    from pyoxigraph import NamedNode

    by_graph: dict[str, list[Quad]] = {name: [] for name in names}
    chosen: list[tuple[list[Quad], list[str]]] = [([], []) for _ in selections]
    sought = [name for name in by_graph if name != "evidence" or evidence is None]
    # one look-up per quad says every list that it belongs to
    lists = {
        graph_iri(name): (by_graph[name], [kept for kept, selection in zip(chosen, selections, strict=True) if name in selection]) for name in sought
    }
    rest = chain.from_iterable(store.quads_for_pattern(None, None, None, NamedNode(graph_iri(name))) for name in sought)
    for quad, key in zip(*_sort(rest), strict=True):
        alone, together = lists[quad.graph_name.value]
        alone.append(quad)
        for quads, keys in together:
            quads.append(quad)
            keys.append(key)
    if evidence is None or "evidence" not in by_graph:
        return by_graph, *(quads for quads, _ in chosen)
    by_graph["evidence"] = evidence
    return by_graph, *(
        _merged(quads, keys, evidence) if "evidence" in selection else quads for (quads, keys), selection in zip(chosen, selections, strict=True)
    )


def _merged(quads: list[Quad], keys: list[str], more: list[Quad]) -> list[Quad]:
    """Both lists in one order; as a rule no quad of the first stands between two of the other, of which no text is made then."""
    if not more:
        return quads
    begin, end = bisect_left(keys, _key(more[0])), bisect_right(keys, _key(more[-1]))
    between = sorted_quads([*quads[begin:end], *more]) if begin < end else more
    return [*quads[:begin], *between, *quads[end:]]


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
