"""Where each node stands: coordinates from a committed table, renewed on purpose (``mesokg.networks.renew``).

The table keeps pictures the same from build to build, whatever library and machine computed them. A node that is not
in the table yet is put beside its neighbours. A view of which the table knows too little (tables of one's own, a graph
that has grown much) gets a layout of its own, computed here, which is not the same on every machine: the log says so.
"""

from __future__ import annotations

import hashlib
import logging
import math
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from mesokg.errors import ResourceError

if TYPE_CHECKING:
    import networkx

__all__ = ["LAYOUT", "place_nodes", "read_layout"]

_log = logging.getLogger(__name__)

LAYOUT = Path(__file__).with_name("layout.tsv")

FEW = 0.2
"""The share of a view's nodes without a place from which on all of it is laid out anew."""

_AWAY = 25.0
"""How far a node without a place of its own stands from the middle of its neighbours."""

MOST = 10_000
"""Nodes up to which a layout is computed unasked, about half a minute for so many."""


@lru_cache(maxsize=1)
def read_layout() -> dict[str, dict[str, tuple[float, float]]]:
    """Coordinates by view and node. Raises ResourceError where the table is malformed."""
    found: dict[str, dict[str, tuple[float, float]]] = {}
    try:
        lines = LAYOUT.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return found
    for number, line in enumerate(lines[1:], start=2):
        try:
            view, node, x, y = line.split("\t")
            found.setdefault(view, {})[node] = (float(x), float(y))
        except ValueError as error:
            raise ResourceError(f"{LAYOUT}:{number}: four columns wanted, x and y numbers: {error}") from error
    return found


def _direction(node: str) -> tuple[float, float]:
    """A point on the unit circle that depends on the node's name alone."""
    angle = int.from_bytes(hashlib.sha256(node.encode()).digest()[:4], "big") / 2**32 * 2 * math.pi
    return math.cos(angle), math.sin(angle)


def _computed(graph: networkx.MultiDiGraph, missing: int) -> dict[str, tuple[float, float]]:
    """A layout of the whole graph, or none where that cannot be; a logged warning says which."""
    from mesokg.errors import MesokgError
    from mesokg.networks.renew import lay_out

    found: dict[str, tuple[float, float]] = {}
    apart, renew = "so they stand beside their neighbours, which shows little", "`python -m mesokg.networks.renew --build DIR` to renew the table"
    if len(graph) > MOST:
        told = f"{apart}: {len(graph):,} nodes take long to lay out; run {renew}"
    else:
        try:
            found = lay_out(graph)
            told = f"so all are laid out here, and may stand elsewhere on another machine; run {renew} and have the same places everywhere"
        except MesokgError as error:
            told = f"{apart}: {error}, and again what you ran, or {renew}"
    _log.warning("%s of %s nodes of %s have no place in the table of places, %s", f"{missing:,}", f"{len(graph):,}", graph.graph.get("view") or "the network", told)
    return found


def _beside(graph: networkx.MultiDiGraph, node: str) -> set[str]:
    return {*graph.successors(node), *graph.predecessors(node)} - {node}


class _Room:
    """Where discs stand, to find a place for another that covers none of them."""

    def __init__(self, widest: float) -> None:
        self._step = widest or 1.0
        self._discs: dict[tuple[int, int], list[tuple[float, float, float]]] = {}

    def _cell(self, x: float, y: float) -> tuple[int, int]:
        return math.floor(x / self._step), math.floor(y / self._step)

    def take(self, x: float, y: float, radius: float) -> None:
        self._discs.setdefault(self._cell(x, y), []).append((x, y, radius))

    def _is_free(self, x: float, y: float, radius: float) -> bool:
        column, row = self._cell(x, y)
        beside = (self._discs.get((column + i, row + j), ()) for i in (-1, 0, 1) for j in (-1, 0, 1))
        return all(math.dist((x, y), (other_x, other_y)) >= radius + other for discs in beside for other_x, other_y, other in discs)

    def beside(self, node: str, x: float, y: float, away: float, radius: float, *, rings: int = 4) -> tuple[float, float]:
        """The first free place around a point, so far away or some rings further; where none is free, the first of all."""
        across, up = _direction(node)
        around = ((away + _AWAY * ring, turn * math.pi / 6) for ring in range(rings) for turn in range(12))
        spots = [
            (x + far * (across * math.cos(turn) - up * math.sin(turn)), y + far * (across * math.sin(turn) + up * math.cos(turn)))
            for far, turn in around
        ]
        found = next((spot for spot in spots if self._is_free(*spot, radius)), spots[0])
        self.take(*found, radius)
        return found


def place_nodes(graph: networkx.MultiDiGraph, known: dict[str, tuple[float, float]], *, compute: bool = True) -> None:
    """Give every node ``x`` and ``y``, to one decimal.

    Where more than FEW of the nodes have no known place, all are laid out as ``mesokg.networks.renew`` does, and a
    logged warning says that other machines may place them elsewhere. Where that cannot be, for want of a library or
    because there are too many, the warning says what to do, and they stand beside their neighbours: without ``compute``
    at once, and unsaid.
    """
    placed = {node: known[node] for node in graph if node in known}
    if compute and len(graph) - len(placed) > FEW * len(graph):
        placed = _computed(graph, len(graph) - len(placed)) or placed
    radius = max((math.hypot(*at) for at in placed.values()), default=0.0) or 10.0 * math.sqrt(len(graph) + 1)
    radius_of = {node: data.get("size", 0.0) / 2 for node, data in graph.nodes(data=True)}
    room = _Room(2 * max(radius_of.values(), default=0.0))
    for node, at in placed.items():
        room.take(*at, radius_of[node])
    waiting = {node for node in graph if node not in placed}
    ready = {node for node in waiting if not placed.keys().isdisjoint(_beside(graph, node))}
    in_order = iter(list(graph))
    while waiting:
        # with nothing to stand beside, the next stands in the outer third, so that the picture does not grow
        ready = ready or {next(node for node in in_order if node in waiting)}
        found = {}
        for node in sorted(ready):
            near = sorted(other for other in _beside(graph, node) if other in placed)
            x, y = (sum(placed[other][part] for other in near) / max(1, len(near)) for part in (0, 1))
            found[node] = room.beside(node, x, y, _AWAY, radius_of[node]) if near else room.beside(node, 0.0, 0.0, 0.7 * radius, radius_of[node], rings=40)
        placed.update(found)
        waiting -= ready
        ready = {other for node in ready for other in _beside(graph, node) if other in waiting}
    for node, data in graph.nodes(data=True):
        data["x"], data["y"] = (round(part, 1) + 0.0 for part in placed[node])
