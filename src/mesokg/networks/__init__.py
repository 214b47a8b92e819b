"""RDF to networks: views, evidence on every edge, communities, layout and look.

>>> sorted(VIEWS)[:3]
['constructs', 'evidence', 'full']
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mesokg.networks.views import VIEWS, View, find_view

if TYPE_CHECKING:
    import networkx
    import pyoxigraph

    from mesokg.networks.facts import Facts
    from mesokg.store import Store

__all__ = ["VIEWS", "View", "find_view", "network", "network_of", "unplaced"]


def network(store: Store | pyoxigraph.Store, view: str = "therapies") -> networkx.MultiDiGraph:
    """One view of the graph in a store, laid out and coloured.

    Nodes are CURIEs, edge keys names of properties. Node attributes: ``label``, ``iri``, ``kind``, ``family``,
    ``classes``, ``description``, ``inferred``, ``publications``, ``sources``, ``denials``, ``denied_by``,
    ``best_evidence``, ``first_year``, ``last_year``, ``degree``, ``pagerank``, ``betweenness``, ``community``, ``x``, ``y``, ``size``,
    ``color``, ``shape``, and values such as ``phase``. Edge attributes: ``label``, ``kind``, ``description``, ``iri``,
    ``inferred``, ``weight``, ``counts`` (what the weight counts), evidence as for nodes, ``color``. What is missing is left out.

    Raises UsageError for an unknown view, and for a view in which nothing stands.
    """
    from mesokg.networks.facts import read_facts

    find_view(view)
    return network_of(read_facts(store), view)


def network_of(facts: Facts, view: str) -> networkx.MultiDiGraph:
    """As :func:`network`, from facts already read: several views cost one reading."""
    from mesokg.networks.layout import place_nodes, read_layout

    graph = unplaced(facts, view)
    place_nodes(graph, read_layout().get(view, {}))
    return graph


def unplaced(facts: Facts, view: str) -> networkx.MultiDiGraph:
    """As :func:`network_of`, without ``x`` and ``y``."""
    from mesokg.errors import UsageError
    from mesokg.networks.build import build_network
    from mesokg.networks.look import colour_edges, paint_nodes
    from mesokg.networks.measures import measure_nodes

    chosen = find_view(view)
    graph = build_network(facts, chosen)
    if not len(graph):
        wanted = ", ".join(sorted(chosen.kinds)) if chosen.kinds else "anything"
        raise UsageError(f"the view {view!r} is empty: the graph holds no linked {wanted}; was it built from your tables?")
    measure_nodes(graph)
    paint_nodes(graph)
    colour_edges(graph)
    return graph
