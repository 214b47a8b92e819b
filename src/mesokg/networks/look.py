"""Puts the look on a network: colour and shape by kind, size by importance."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from mesokg.networks.styles import CLAIMS, DENIALS, LINKS, Style, mix, read_styles

if TYPE_CHECKING:
    import networkx

__all__ = ["colour_edges", "paint_nodes"]

GROWTH = 3.0
"""The most important node of a view has this many times the size of its kind's smallest."""

_OTHER = Style("", "other", "other", "#999999", "disc", 5.0)


def _styles() -> dict[str, Style]:
    return {style.kind: style for style in read_styles().values()}


def paint_nodes(graph: networkx.MultiDiGraph) -> None:
    """Give each node ``color``, ``shape`` and ``size``; the area of a node grows with its PageRank."""
    styles = _styles()
    highest = max((data.get("pagerank", 0.0) for _, data in graph.nodes(data=True)), default=0.0) or 1.0
    for _, data in graph.nodes(data=True):
        style = styles.get(data.get("kind", ""), _OTHER)
        share = math.sqrt(data.get("pagerank", 0.0) / highest)
        data["color"], data["shape"] = style.colour, style.shape
        data["size"] = round(style.size * (1.0 + (GROWTH - 1.0) * share), 1)


def colour_edges(graph: networkx.MultiDiGraph) -> None:
    """Give each edge the colour between its ends, or its own (``LINKS``), paler; denied or failed is red, only claimed grey."""
    own = {name: read_styles()[class_name].colour for name, class_name in LINKS.items()}
    for source, target, key, data in graph.edges(keys=True, data=True):
        colour = own.get(key) or mix(graph.nodes[source]["color"], graph.nodes[target]["color"], 0.5)
        data["color"] = "#CC3311" if key in DENIALS else "#ADADAD" if key in CLAIMS else mix(colour, "#FFFFFF", 0.35)
