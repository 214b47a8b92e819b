"""Puts the graph of a build into any SPARQL 1.1 server, by the Graph Store Protocol or, where there is none, by SPARQL Update."""

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
    server; what was inferred stands in its named graph too, so that pages can mark it. Raises StoreError if afterwards
    a named graph holds another number of triples than was sent, or the default graph fewer: a server may count its
    named graphs with it.
    """
    from pyoxigraph import NamedNode

    parts = {graph_iri(name): list(store.oxigraph.quads_for_pattern(None, None, None, NamedNode(graph_iri(name)))) for name in GRAPHS}
    total = sum(map(len, parts.values()))
    inferred = graph_iri("inferred")
    if keep_graphs:
        named = parts
    else:
        say(f"default graph: {total:,} triples")
        remote.replace_graph((quad for quads in parts.values() for quad in quads), None, say=say)
        number = _count(remote, "?s ?p ?o")
        if number < total:
            raise StoreError(f"{remote.url} holds {number:,} triples after loading {total:,}; load it again")
        named = {inferred: parts[inferred]}
    for iri, quads in named.items():
        say(f"{iri}: {len(quads):,} triples")
        remote.replace_graph(quads, iri, say=say)
        number = _count(remote, f"GRAPH <{iri}> {{ ?s ?p ?o }}")
        if number != len(quads):
            raise StoreError(f"{remote.url} holds {number:,} triples in {iri} after loading {len(quads):,}; load it again")
    return total


def _count(remote: RemoteStore, pattern: str) -> int:
    return int(remote.query(f"SELECT (COUNT(*) AS ?n) WHERE {{ {pattern} }}").rows[0][0].value)  # type: ignore[union-attr]
