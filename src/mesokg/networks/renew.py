"""Computes the layout of every view and writes the committed table: ``python -m mesokg.networks.renew [--build DIR]``.

Run on purpose, after the graph has changed much; everybody else reads the table. Needs numpy (``pip install
mesokg[layout]``). Forces are those of ForceAtlas2 (Jacomy 2014, doi:10.1371/journal.pone.0098679), from
a pivot MDS start (Brandes and Pich 2006), one component at a time; written here because the libraries that do this well
are GPL, and the permissive ones were slower or worse (benchmarks/networks.py).
"""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from mesokg.errors import MesokgError
from mesokg.networks.layout import LAYOUT
from mesokg.networks.measures import SEED, neighbours

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

    import networkx
    import numpy as np

__all__ = ["lay_out", "main", "renew_layout"]

ROUNDS = 220
"""Rounds of forces for a component of up to BIG nodes; fewer for larger ones."""

BIG = 1400
PUSH = 70.0
"""Push between two nodes of mass 1 at distance 1; with a pull of 1 per unit of length it sets how long links are."""

HOLD = 60.0
"""Pull of every node to the middle, per unit of mass, whatever its distance."""

BAND = 1 << 18
"""Distances held at once: a megabyte, which stays in the processor's cache."""

WORKERS = 2
"""Threads; numpy lets go of Python's lock."""

PIVOTS = 40
ROOM = 2.2
GAP = 4.0
"""Free space around each node, in the unit of sizes."""


def _components(near: list[dict[int, float]]) -> list[list[int]]:
    seen = [False] * len(near)
    found = []
    for start in range(len(near)):
        if seen[start]:
            continue
        seen[start] = True
        members, todo = [], [start]
        while todo:
            node = todo.pop()
            members.append(node)
            for other in near[node]:
                if not seen[other]:
                    seen[other] = True
                    todo.append(other)
        found.append(sorted(members))
    return sorted(found, key=lambda one: (-len(one), one[0]))


def _distances(near: list[list[int]], start: int) -> list[int]:
    depth = [-1] * len(near)
    depth[start] = 0
    todo = [start]
    while todo:
        after = []
        for node in todo:
            for other in near[node]:
                if depth[other] < 0:
                    depth[other] = depth[node] + 1
                    after.append(other)
        todo = after
    return depth


def _start(near: list[list[int]], random: np.random.Generator) -> np.ndarray:
    """Pivot MDS: pivots far from each other, distances to them double centred, the two strongest axes."""
    import numpy as np

    number = len(near)
    pivot, columns = 0, []
    nearest = np.full(number, np.inf)
    for _ in range(min(PIVOTS, number)):
        depth = np.array(_distances(near, pivot), dtype=float)
        columns.append(depth**2)
        nearest = np.minimum(nearest, depth)
        pivot = int(nearest.argmax())
    squares = np.stack(columns, axis=1)
    centred = -0.5 * (squares - squares.mean(0) - squares.mean(1, keepdims=True) + squares.mean())
    _, vectors = np.linalg.eigh(centred.T @ centred)
    place = centred @ vectors[:, [-1, -2]] if squares.shape[1] > 1 else np.zeros((number, 2))
    spread = place.std() or 1.0
    return place / spread * 10.0 * math.sqrt(number) + random.normal(size=(number, 2))


def _settle(near: list[dict[int, float]], sizes: np.ndarray, random: np.random.Generator, pool: ThreadPoolExecutor) -> np.ndarray:
    """Forces until the rounds are over: pull along links grows with their length, push falls with it."""
    import numpy as np

    number = len(near)
    if number == 1:
        return np.zeros((1, 2))
    place = _start([list(links) for links in near], random).astype(np.float32)
    pairs = np.array([(a, b) for a, links in enumerate(near) for b in links if a < b], dtype=np.intp)
    # weights count sources or shared things and vary a hundredfold; their root keeps strong pairs from collapsing
    pull = np.array([math.sqrt(near[a][b]) for a, b in pairs], dtype=np.float32)
    mass = np.array([[1.0 + len(links)] for links in near], dtype=np.float32)
    one = np.ones((number, 1), dtype=np.float32)
    push, hold, least = np.float32(PUSH), np.float32(HOLD), np.float32(4.0)
    speed = np.full((number, 1), 1.0, dtype=np.float32)
    before = np.zeros((number, 2), dtype=np.float32)
    rounds = max(70, min(ROUNDS, ROUNDS * BIG // number))
    band = max(1, BAND // number)
    lows = range(0, number, band)
    room = [np.empty((min(band, number), number), dtype=np.float32) for _ in range(WORKERS)]
    for turn in range(rounds):
        norm = (place * place).sum(1, keepdims=True)
        # a product of matrices gives squared distances, three more sum what they weigh, a band of rows at a time: the
        # whole matrix would be moved through memory again and again. What is added keeps nodes in one place from flying apart
        rows, columns = np.hstack([place, norm, one]), np.hstack([-2.0 * place, one, norm + least]).T
        weighed = np.ascontiguousarray((np.hstack([place, one]) * mass).T)
        pushed = np.empty((number, 3), dtype=np.float32)

        def push_bands(worker: int, rows: np.ndarray = rows, columns: np.ndarray = columns, weighed: np.ndarray = weighed, pushed: np.ndarray = pushed) -> None:
            for low in lows[worker::WORKERS]:
                square = np.matmul(rows[low : low + band], columns, out=room[worker][: min(band, number - low)])
                np.reciprocal(square, out=square)
                here = np.arange(len(square))
                square[here, low + here] = 0.0
                for side in range(3):
                    pushed[low : low + band, side] = square @ weighed[side]

        # each band has its own rows of the result, which is the same in whatever order they come
        list(pool.map(push_bands, range(WORKERS)) if len(lows) > WORKERS else map(push_bands, range(WORKERS)))
        force = push * mass * (place * pushed[:, 2:] - pushed[:, :2])
        across = place[pairs[:, 1]] - place[pairs[:, 0]]
        strength = pull[:, None] * across
        np.add.at(force, pairs[:, 0], strength)
        np.add.at(force, pairs[:, 1], -strength)
        force -= hold * mass * place / (np.sqrt(norm) + 1e-3)
        force /= mass
        swing = np.sqrt(((force - before) ** 2).sum(1, keepdims=True))
        along = np.sqrt(((force + before) ** 2).sum(1, keepdims=True))
        speed = np.clip(speed * np.where(swing > along, 0.7, 1.15), 0.02, 12.0)
        before = force
        step = force * speed
        reach = np.sqrt((step * step).sum(1, keepdims=True)) + 1e-6
        limit = 60.0 * (1.0 - turn / rounds) + 1.0
        place = place + step * np.minimum(1.0, limit / reach)
    return _part(_scale(place.astype(float), sizes), sizes)


def _scale(place: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Draw the picture together or apart until nodes stand ROOM diameters from their nearest neighbours."""
    import numpy as np

    nearest = []
    for node in range(len(place)):
        apart = ((place - place[node]) ** 2).sum(1)
        apart[node] = np.inf
        nearest.append(math.sqrt(float(apart.min())))
    middle = float(np.median(nearest))
    return place * (ROOM * float(np.median(sizes)) / middle) if middle > 0 else place


def _part(place: np.ndarray, sizes: np.ndarray, *, rounds: int = 60, fresh: int = 6) -> np.ndarray:
    """Push overlapping nodes apart. ``sizes`` are diameters; pairs near each other are looked up every ``fresh`` rounds."""
    import numpy as np

    number = len(place)
    reach, band = (sizes + GAP) / 2, max(1, BAND // number)
    one = other = np.zeros(0, dtype=np.intp)
    for turn in range(rounds):
        if turn % fresh == 0:
            spot, wide = place.astype(np.float32), (1.5 * reach).astype(np.float32)
            norm = (spot * spot).sum(1, keepdims=True)
            rows, columns = np.hstack([spot, norm, np.ones_like(norm)]), np.hstack([-2.0 * spot, np.ones_like(norm), norm]).T
            found = []
            for low in range(0, number, band):
                # only nodes that come later, so that a pair is found once
                near = rows[low : low + band] @ columns[:, low:] < (wide[low : low + band, None] + wide[low:]) ** 2
                found.append(np.argwhere(np.triu(near, 1)) + low)
            one, other = np.concatenate(found).T
        across = place[one] - place[other]
        distance = np.sqrt((across * across).sum(1))
        short = reach[one] + reach[other] - distance
        close = short > 0
        if not close.any():
            if turn % fresh == 0:
                break
            continue
        # two nodes in one point part along a line that depends on their order
        across[distance < 1e-6] = (1.0, 0.3)
        push = (0.35 * short / np.maximum(distance, 1e-6))[close, None] * across[close]
        np.add.at(place, one[close], push)
        np.add.at(place, other[close], -push)
    return place


def _turn(place: np.ndarray) -> np.ndarray:
    """The component with its longer side across, centred."""
    import numpy as np

    place = place - place.mean(0)
    if len(place) > 2:
        _, axes = np.linalg.eigh(np.cov(place.T))
        place = place @ axes[:, ::-1]
    return place


def lay_out(graph: networkx.MultiDiGraph, *, seed: int = SEED) -> dict[str, tuple[float, float]]:
    """Coordinates of all nodes: components settled one by one, packed in rows, single nodes in a block by kind.

    Node sizes are read from ``size``. The same seed gives the same picture on the same machine.
    """
    try:
        import numpy as np
        from threadpoolctl import threadpool_limits
    except ImportError as error:
        raise MesokgError("a layout needs numpy and threadpoolctl; run `pip install mesokg[layout]`") from error
    from concurrent.futures import ThreadPoolExecutor

    nodes = list(graph)
    near = neighbours(graph)
    sizes = np.array([float(data.get("size", 5.0)) for _, data in graph.nodes(data=True)])
    boxes: list[tuple[list[int], np.ndarray]] = []
    alone: list[int] = []
    # the threads of numpy's own library wait for each other longer than they compute where the machine has other work
    with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(WORKERS) as pool:
        for members in _components(near):
            if len(members) == 1:
                alone += members
                continue
            position = {node: number for number, node in enumerate(members)}
            inside = [{position[other]: weight for other, weight in near[node].items()} for node in members]
            boxes.append((members, _turn(_settle(inside, sizes[members], np.random.default_rng(seed), pool))))
    if alone:
        kinds = [graph.nodes[nodes[node]].get("kind", "") for node in alone]
        ordered = [node for _, node in sorted(zip(kinds, alone, strict=True))]
        across = max(1, math.ceil(math.sqrt(2.5 * len(ordered))))
        pitch = float(sizes[ordered].max()) + 2 * GAP
        grid = np.array([(number % across, -(number // across)) for number in range(len(ordered))], dtype=float) * pitch
        boxes.append((ordered, grid))
    return _pack(nodes, boxes, sizes)


def _pack(nodes: list[str], boxes: list[tuple[list[int], np.ndarray]], sizes: np.ndarray) -> dict[str, tuple[float, float]]:
    """Shelves below the largest box, each as wide as it."""
    import numpy as np

    if not boxes:
        return {}
    margin = 30.0
    bounds = []
    for members, place in boxes:
        half = sizes[members][:, None] / 2
        low, high = (place - half).min(0), (place + half).max(0)
        bounds.append((low, high - low))
    width = max(bounds[0][1][0], math.sqrt(sum(float(size[0] * size[1]) for _, size in bounds)) * 1.2)
    found: dict[str, tuple[float, float]] = {}
    left = top = height = 0.0
    for (members, place), (low, size) in zip(boxes, bounds, strict=True):
        # the largest stands alone, the others in rows below it
        if left and (left + size[0] > width or top == 0.0):
            left, top, height = 0.0, top + height + margin, 0.0
        for node, (x, y) in zip(members, place - low + np.array([left, 0.0]), strict=True):
            found[nodes[node]] = (float(x), float(-(top + size[1]) + y))
        left += float(size[0]) + margin
        height = max(height, float(size[1]))
    xs, ys = zip(*found.values(), strict=True)
    middle = ((min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2)
    return {node: (round(x - middle[0], 1) + 0.0, round(y - middle[1], 1) + 0.0) for node, (x, y) in found.items()}


def renew_layout(graphs: dict[str, networkx.MultiDiGraph], path: Path = LAYOUT) -> int:
    """Lay out each view and write the table; the number of its rows."""
    rows = [
        f"{view}\t{node}\t{x}\t{y}"
        for view, graph in sorted(graphs.items())
        for node, (x, y) in sorted(lay_out(graph).items())
    ]
    path.write_text("view\tnode\tx\ty\n" + "".join(row + "\n" for row in rows), encoding="utf-8", newline="\n")
    return len(rows)


def main(arguments: list[str] | None = None) -> None:
    """The command."""
    import argparse
    import time

    from mesokg.builds import find_build, load_build
    from mesokg.errors import UsageError
    from mesokg.networks import VIEWS, unplaced
    from mesokg.networks.facts import read_facts

    parser = argparse.ArgumentParser(prog="python -m mesokg.networks.renew", description=__doc__.split("\n")[0])
    parser.add_argument("--build", type=Path, metavar="DIR", help="the build to lay out")
    chosen = parser.parse_args(arguments)
    facts = read_facts(load_build(find_build(chosen.build)))
    graphs = {}
    for view in VIEWS:
        try:
            graphs[view] = unplaced(facts, view)
        except UsageError as error:
            print(f"{view}: left out: {error}", file=sys.stderr)
    begun = time.perf_counter()
    rows = renew_layout(graphs)
    print(f"{rows:,} places in {len(graphs)} views, {time.perf_counter() - begun:.1f} s: {LAYOUT}")


if __name__ == "__main__":
    main()
