"""Importance and communities of the nodes of a network, as node attributes; the same on every machine."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import networkx

__all__ = ["measure_nodes", "neighbours", "pagerank"]

SEED = 20260101
"""For Louvain's order of visits and for the pivots of betweenness."""

PIVOTS = 48
"""Shortest paths are counted from this many nodes; from all where there are fewer."""


def neighbours(graph: networkx.MultiDiGraph) -> list[dict[int, float]]:
    """Neighbours of each node by position, undirected, parallel edges summed, loops left out."""
    position = {node: number for number, node in enumerate(graph)}
    near: list[dict[int, float]] = [{} for _ in position]
    for source, target, weight in graph.edges(data="weight", default=1.0):
        one, other = position[source], position[target]
        if one != other:
            near[one][other] = near[one].get(other, 0.0) + weight
            near[other][one] = near[other].get(one, 0.0) + weight
    return near


def pagerank(near: list[dict[int, float]], *, damping: float = 0.85, rounds: int = 60) -> list[float]:
    """PageRank on undirected links (Brin and Page 1998, doi:10.1016/S0169-7552(98)00110-X), by power iteration."""
    number = len(near)
    strength = [sum(links.values()) for links in near]
    links_of = [sorted(links.items()) for links in near]
    rank = [1.0 / number] * number
    for _ in range(rounds):
        lost = math.fsum(rank[node] for node in range(number) if not strength[node])
        least = (1.0 - damping + damping * lost) / number
        share = [damping * rank[node] / strength[node] if strength[node] else 0.0 for node in range(number)]
        fresh = []
        for links in links_of:
            # one after the other: the sum of Python 3.12 and later rounds otherwise than that of 3.11
            total = least
            for other, weight in links:
                total += share[other] * weight
            fresh.append(total)
        moved = sum(abs(a - b) for a, b in zip(rank, fresh, strict=True))
        rank = fresh
        if moved < 1e-9:
            break
    return rank


def _betweenness(near: list[dict[int, float]]) -> list[float]:
    """Share of shortest paths through each node (Brandes 2001, doi:10.1080/0022250X.2001.9990249), from seeded pivots."""
    import random

    number = len(near)
    pivots = range(number) if number <= PIVOTS else sorted(random.Random(SEED).sample(range(number), PIVOTS))
    score = [0.0] * number
    links = [list(found) for found in near]
    for start in pivots:
        order: list[int] = []
        before: list[list[int]] = [[] for _ in range(number)]
        paths = [0.0] * number
        depth = [-1] * number
        paths[start], depth[start] = 1.0, 0
        todo = [start]
        while todo:
            after: list[int] = []
            for node in todo:
                order.append(node)
                deeper = depth[node] + 1
                for other in links[node]:
                    if depth[other] < 0:
                        depth[other] = deeper
                        after.append(other)
                    if depth[other] == deeper:
                        paths[other] += paths[node]
                        before[other].append(node)
            todo = after
        credit = [0.0] * number
        for node in reversed(order):
            share = (1.0 + credit[node]) / paths[node]
            for other in before[node]:
                credit[other] += paths[other] * share
            if node != start:
                score[node] += credit[node]
    scale = len(pivots) * max(1, number - 2)
    return [value / scale for value in score]


def _communities(near: list[dict[int, float]]) -> list[int]:
    """Louvain communities (Blondel 2008, doi:10.1088/1742-5468/2008/10/P10008), each in one piece, 0 the largest."""
    import networkx

    plain = networkx.Graph()
    plain.add_nodes_from(range(len(near)))
    plain.add_weighted_edges_from(
        (node, other, weight) for node, links in enumerate(near) for other, weight in sorted(links.items()) if node < other
    )
    # Louvain may leave a community whose pieces do not touch (Traag 2019, doi:10.1038/s41598-019-41695-z)
    found = [piece for group in networkx.community.louvain_communities(plain, seed=SEED) for piece in _pieces(group, near)]
    number_of = [0] * len(near)
    for number, members in enumerate(sorted(found, key=lambda one: (-len(one), min(one)))):
        for node in members:
            number_of[node] = number
    return number_of


def _pieces(group: set[int], near: list[dict[int, float]]) -> Iterator[list[int]]:
    """The parts of a group between which there is no link within it."""
    left = set(group)
    while left:
        piece = [left.pop()]
        for node in piece:
            beside = left.intersection(near[node])
            left -= beside
            piece += beside
        yield piece


def measure_nodes(graph: networkx.MultiDiGraph) -> None:
    """Add ``degree``, ``pagerank``, ``betweenness`` and ``community``."""
    if not len(graph):
        return
    near = neighbours(graph)
    degree: dict[str, int] = defaultdict(int)
    for source, target in graph.edges():
        degree[source] += 1
        degree[target] += 1
    for (node, data), rank, between, community in zip(
        graph.nodes(data=True), pagerank(near), _betweenness(near), _communities(near), strict=True
    ):
        data["degree"] = degree[node]
        data["pagerank"] = float(f"{rank:.6g}")
        data["betweenness"] = float(f"{between:.6g}")
        data["community"] = community
