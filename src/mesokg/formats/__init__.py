"""Network formats, one module each, and the register of what can be exported.

>>> sorted(EXPORTS)
['csv', 'cx2', 'cyjs', 'cytoscape', 'gexf', 'gexf-history', 'gexf-timeline', 'graphml', 'kgx', 'parquet', 'svg']
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mesokg.errors import UsageError, suggest

if TYPE_CHECKING:
    import networkx
    import pyoxigraph

    from mesokg.formats.output import Target
    from mesokg.store import Store

__all__ = ["EXPORTS", "Export", "find_export", "write_network_products"]


@dataclass(frozen=True)
class Export:
    """One format: what it is for, how its files end (``""`` for a folder of files), and where its writer is."""

    name: str
    extension: str
    description: str
    module: str
    function: str
    timeline: bool = False
    history: bool = False

    @property
    def folder(self) -> bool:
        return not self.extension

    def write(self, graph: networkx.Graph, path: Target) -> None:
        """Write any NetworkX graph to ``path``; ``-`` is standard output. Raises ExportError."""
        from importlib import import_module

        if self.timeline and "timeformat" not in graph.graph:
            from mesokg.networks.timeline import add_times

            graph = add_times(graph, history=self.history)
        getattr(import_module(self.module), self.function)(graph, path)


_EXPORTS = (
    Export("gexf", ".gexf", "GEXF 1.3 for Gephi and Gephi Lite", "mesokg.formats.gexf", "write_gexf"),
    Export("gexf-timeline", ".gexf", "GEXF 1.3 with dates that drive Gephi's timeline", "mesokg.formats.gexf", "write_gexf", True),
    Export("gexf-history", ".gexf", "the timeline with status, phase and enrolment as they changed, for Gephi", "mesokg.formats.gexf", "write_gexf", True, True),
    Export("graphml", ".graphml", "GraphML for Cytoscape, Gephi, yEd, igraph", "mesokg.formats.graphml", "write_graphml"),
    Export("cx2", ".cx2", "CX2 for Cytoscape and NDEx, with style", "mesokg.formats.cytoscape", "write_cx2"),
    Export("cytoscape", ".cx2", "the same as cx2", "mesokg.formats.cytoscape", "write_cx2"),
    Export("cyjs", ".cyjs", "JSON for Cytoscape.js, with style", "mesokg.formats.cytoscape", "write_cyjs"),
    Export("kgx", "", "folder of KGX node and edge tables with Biolink terms", "mesokg.formats.kgx", "write_kgx"),
    Export("csv", "", "folder of node and edge tables for Neo4j's importer", "mesokg.formats.columns", "write_csv"),
    Export("parquet", "", "folder of node and edge tables for Spark and DuckDB", "mesokg.formats.columns", "write_parquet"),
    Export("svg", ".svg", "a picture", "mesokg.formats.svg", "write_svg"),
)  # fmt: skip

EXPORTS: dict[str, Export] = {export.name: export for export in _EXPORTS}
"""Every format by name."""


def find_export(name: str) -> Export:
    """The format of this name. Raises UsageError that offers the nearest names."""
    if name not in EXPORTS:
        raise UsageError(f"there is no format {name!r}; {suggest(name, EXPORTS)}")
    return EXPORTS[name]


def write_network_products(store: Store | pyoxigraph.Store, out: Path) -> None:
    """Write the networks of a build into the folder ``out``: the view ``full`` in every format that needs no extra.

    ``mesokg.gexf``, ``mesokg-timeline.gexf``, ``mesokg.graphml``, ``mesokg.cx2``, ``kgx/nodes.tsv``, ``kgx/edges.tsv``,
    ``tables/nodes.csv``, ``tables/edges.csv``. Same store, same bytes, while the table of places knows its nodes: where it
    knows less than four in five, they are laid out here, not the same on every machine, and a logged warning says so.
    Nothing is written where the store is empty of things. Raises ExportError where a file cannot be written.
    """
    import gc

    from mesokg.networks import network

    # no cycles are made here, and the collector would walk the whole graph again and again: a third of the time
    collecting = gc.isenabled()
    gc.disable()
    try:
        _write_products(network(store, "full"), out)
    finally:
        if collecting:
            gc.enable()


def _write_products(graph: networkx.Graph, out: Path) -> None:
    for name, file in (
        ("gexf", "mesokg.gexf"),
        ("gexf-timeline", "mesokg-timeline.gexf"),
        ("graphml", "mesokg.graphml"),
        ("cx2", "mesokg.cx2"),
        ("kgx", "kgx"),
        ("csv", "tables"),
    ):
        EXPORTS[name].write(graph, out / file)
