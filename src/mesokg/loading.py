"""Puts the graph of a build into any SPARQL 1.1 server by the Graph Store Protocol."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from mesokg.errors import StoreError
from mesokg.identifiers import GRAPHS, graph_iri

if TYPE_CHECKING:
    from mesokg.store import EmbeddedStore, RemoteStore

__all__ = ["load_server"]


def load_server(
    store: EmbeddedStore,
    remote: RemoteStore,
    *,
    keep_graphs: bool = False,
    say: Callable[[str], None] = lambda text: None,
) -> int:
    """Fill the server and check by counting; returns the number of triples.

    Without ``keep_graphs`` everything goes into the default graph, so that queries without ``GRAPH`` see it on every
    server. Raises StoreError if the server holds another number of triples afterwards.
    """
    from pyoxigraph import NamedNode

    parts = {graph_iri(name): list(store.oxigraph.quads_for_pattern(None, None, None, NamedNode(graph_iri(name)))) for name in GRAPHS}
    total = sum(map(len, parts.values()))
    if keep_graphs:
        for iri, quads in parts.items():
            say(f"{iri}: {len(quads):,} triples")
            remote.replace_graph(quads, iri)
        counted = remote.query(f"SELECT (COUNT(*) AS ?n) WHERE {{ VALUES ?g {{ {' '.join(f'<{iri}>' for iri in parts)} }} GRAPH ?g {{ ?s ?p ?o }} }}")
    else:
        say(f"default graph: {total:,} triples")
        remote.replace_graph((quad for quads in parts.values() for quad in quads), None)
        counted = remote.query("SELECT (COUNT(*) AS ?n) WHERE { ?s ?p ?o }")
    number = int(counted.rows[0][0].value)  # type: ignore[union-attr]
    if number < total:
        raise StoreError(f"{remote.url} holds {number:,} triples after loading {total:,}; load it again")
    return total
