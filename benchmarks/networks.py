"""The GEXF writer beside NetworkX's, and layouts beside each other: seconds, memory, quality.

    python benchmarks/networks.py             # all tables; about 10 minutes
    python benchmarks/networks.py --quick     # up to 125,000 edges, no slow layouts
    python benchmarks/networks.py --pictures  # layouts and communities alone

Layouts: networkx and numpy are there with mesokg[layout]; scikit-network, rustworkx, scipy and graspologic-native are
measured where installed. Every layout has one thread for linear algebra. The graph is that of ./build or $MESOKG_BUILD.
Quality: share of a node's neighbours in the network that are also its nearest in the picture (1 is best), share of links
that are longer than a quarter of the picture, and share of nodes that cover another.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SIZES = (62_500, 125_000, 250_000, 500_000)
RUNS = 3


def synthetic(edges: int):
    """A graph of our shape: a node for five edges, ten attributes on a node, eight on an edge."""
    import random

    import networkx

    random.seed(1)
    graph = networkx.MultiDiGraph()
    nodes = edges // 5
    kinds = ["therapy", "vector", "gene", "trial", "outcome", "publication"]
    predicates = ["usesVector", "targets", "engages", "hasArm", "reportsOn", "hasMeasurement"]
    for number in range(nodes):
        graph.add_node(
            f"mkg:thing-{number}", label=f"thing {number} & co", kind=kinds[number % 6], iri=f"https://w3id.org/mesokg/id/thing-{number}",
            description=f"a thing, the {number}th, described in so many words", publications=number % 7, inferred=False,
            pagerank=number / nodes, community=number % 40, first_year=1990 + number % 35, best_evidence="animal model",
            viz={"color": {"r": 213, "g": 94, "b": 0, "a": 1.0}, "size": 5.0, "position": {"x": float(number % 999), "y": float(number % 773), "z": 0.0}},
        )  # fmt: skip
    for number in range(edges):
        name = predicates[number % 6]
        graph.add_edge(
            f"mkg:thing-{random.randrange(nodes)}", f"mkg:thing-{random.randrange(nodes)}", key=f"{name}-{number}", kind=name, label=name,
            weight=1.0 + number % 4, inferred=number % 2 == 0, publications=number % 5, best_evidence="case report",
            sources=f"mkg:publication-{number % 5000}", first_year=2000 + number % 20,
        )  # fmt: skip
    return graph


def _peak() -> float:
    """Peak memory of this process in MB; 0 where the system does not tell (Windows)."""
    try:
        import resource
    except ImportError:
        return 0.0
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return kilobytes / (1024 if sys.platform != "darwin" else 1024 * 1024)


def measure_writer(which: str, edges: int) -> dict[str, float]:
    import networkx

    from mesokg.formats.gexf import write_gexf

    graph = synthetic(edges)
    before = _peak()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "graph.gexf"
        # seconds of the processor: both writers run in one thread, and other programs do not count
        begun = time.process_time()
        (write_gexf if which == "mesokg" else networkx.write_gexf)(graph, path)
        seconds = time.process_time() - begun
        size = path.stat().st_size / 1e6
    return {"seconds": seconds, "extra": _peak() - before, "peak": _peak(), "size": size}


def _child(*arguments: str) -> dict[str, float]:
    one = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "RAYON_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, __file__, *arguments], capture_output=True, text=True, check=False, env=one)
    if done.returncode:
        return {"error": done.stderr.strip().splitlines()[-1] if done.stderr.strip() else "failed"}  # type: ignore[dict-item]
    return json.loads(done.stdout)


def writers(sizes: tuple[int, ...]) -> None:
    print("| edges | mesokg, CPU s | NetworkX, CPU s | times faster | mesokg, MB beyond the graph | NetworkX, MB beyond the graph | ratio | mesokg, µs an edge |")
    print("|---|---|---|---|---|---|---|---|")
    for edges in sizes:
        found = {}
        for which in ("mesokg", "networkx"):
            runs = [_child("--writer", which, str(edges)) for _ in range(RUNS)]
            found[which] = {key: statistics.median(run[key] for run in runs) for key in runs[0]}
        ours, theirs = found["mesokg"], found["networkx"]
        memory = f"{ours['extra'] / theirs['extra']:.3f}" if theirs["extra"] else "not measured"
        print(
            f"| {edges:,} | {ours['seconds']:.2f} | {theirs['seconds']:.2f} | {theirs['seconds'] / ours['seconds']:.1f} | {ours['extra']:.0f} | "
            f"{theirs['extra']:.0f} | {memory} | {ours['seconds'] / edges * 1e6:.1f} |",
            flush=True,
        )


# ---------------------------------------------------------------- layouts


def _real():
    from mesokg.builds import find_build, load_build
    from mesokg.networks import network

    return network(load_build(find_build()), "full")


def _simple(graph):
    import networkx

    plain = networkx.Graph()
    plain.add_nodes_from(range(len(graph)))
    position = {node: number for number, node in enumerate(graph)}
    plain.add_edges_from((position[s], position[t]) for s, t in graph.edges() if s != t)
    return plain


def _lay_out(which: str, graph):
    """Coordinates in the order of the nodes."""
    if which == "mesokg":
        from mesokg.networks.renew import lay_out

        place = lay_out(graph)
        return [place[node] for node in graph]
    plain = _simple(graph)
    if which.startswith("networkx"):
        import networkx

        function = {"networkx spring": networkx.spring_layout, "networkx ForceAtlas2": networkx.forceatlas2_layout}[which]
        place = function(plain, seed=1)
        return [place[node] for node in plain]
    if which.startswith("rustworkx"):
        import rustworkx

        other = rustworkx.PyGraph()
        other.add_nodes_from(range(len(plain)))
        other.add_edges_from([(s, t, 1.0) for s, t in plain.edges()])
        place = rustworkx.spring_layout(other, seed=1, num_iter=300)
        return [place[node] for node in plain]
    import networkx
    from sknetwork import embedding

    matrix = networkx.to_scipy_sparse_array(plain, format="csr", dtype=float)
    from scipy.sparse import csr_matrix

    method = {
        "scikit-network ForceAtlas": lambda: embedding.ForceAtlas(),
        "scikit-network ForceAtlas, approximate": lambda: embedding.ForceAtlas(approx_radius=5.0),
        "scikit-network Spring": lambda: embedding.Spring(2),
    }[which]()
    return method.fit_transform(csr_matrix(matrix)).tolist()


def measure_layout(which: str) -> dict[str, float]:
    import numpy

    graph = _real()
    begun, used = time.perf_counter(), time.process_time()
    place = numpy.array(_lay_out(which, graph), dtype=float)
    seconds, processor = time.perf_counter() - begun, time.process_time() - used
    plain = _simple(graph)
    number = len(plain)
    square = ((place[:, None] - place[None]) ** 2).sum(2)
    numpy.fill_diagonal(square, numpy.inf)
    kept = []
    for node in plain:
        near = list(plain[node])
        if near:
            nearest = numpy.argpartition(square[node], len(near))[: len(near)]
            kept.append(len(set(near) & set(nearest.tolist())) / len(near))
    # sizes at the scale at which the picture has the room that ours has
    extent = float(numpy.ptp(place, axis=0).max())
    long = numpy.mean([square[s, t] ** 0.5 > extent / 4 for s, t in plain.edges()])
    sizes = numpy.array([data["size"] for _, data in graph.nodes(data=True)])
    scale = (number * (2.5 * float(numpy.median(sizes))) ** 2) ** 0.5 / max(float(numpy.ptp(place, axis=0).prod()) ** 0.5, 1e-9)
    covered = (numpy.sqrt(square) * scale < (sizes[:, None] + sizes[None, :]) / 2).any(1).mean()
    return {"seconds": seconds, "processor": processor, "kept": float(numpy.mean(kept)), "long": float(long), "covered": float(covered), "nodes": number, "edges": plain.number_of_edges()}


LICENCES = {"mesokg": "Apache-2.0", "rustworkx": "Apache-2.0", "scikit-network": "BSD-3-Clause", "networkx": "BSD-3-Clause", "graspologic-native": "MIT"}


def _rows(option: str, names: list[str], columns: tuple[str, ...], form: str) -> None:
    for name in names:
        found = _child(option, name)
        cells = [str(found["error"])] + [""] * (len(columns) - 1) if "error" in found else [format(found[column], form) for column in columns]
        print(f"| {name} | {LICENCES[name.split(' ')[0]]} | {' | '.join(cells)} |", flush=True)


def layouts(quick: bool) -> None:
    names = ["mesokg", "rustworkx spring, 300 rounds", "scikit-network ForceAtlas, approximate", "scikit-network Spring", "scikit-network ForceAtlas", "networkx spring"]
    if not quick:
        names.append("networkx ForceAtlas2")
    print("\n| layout of the view `full` | licence | seconds | CPU s | neighbours kept | long links | nodes covered at one scale |")
    print("|---|---|---|---|---|---|---|")
    _rows("--layout", names, ("seconds", "processor", "kept", "long", "covered"), ".2f")


# ---------------------------------------------------------------- communities


def _partition(which: str, near: list[dict[int, float]]) -> list[int]:
    """The community of each node."""
    if which == "networkx Louvain, in one piece each":
        from mesokg.networks.measures import _communities

        return _communities(near)
    if which == "graspologic-native Leiden":
        import graspologic_native

        edges = [(str(a), str(b), weight) for a, links in enumerate(near) for b, weight in links.items() if a < b]
        found = graspologic_native.leiden(edges, seed=1)[1]
        return [found.get(str(node), -1 - node) for node in range(len(near))]
    from scipy.sparse import csr_matrix
    from sknetwork import clustering

    ends = [(a, b, weight) for a, links in enumerate(near) for b, weight in links.items()]
    matrix = csr_matrix(([w for *_, w in ends], ([a for a, *_ in ends], [b for _, b, _ in ends])), shape=(len(near), len(near)))
    method = {"scikit-network Louvain": clustering.Louvain, "scikit-network Leiden": clustering.Leiden}[which](random_state=1)
    return method.fit_predict(matrix).tolist()


def measure_communities(which: str) -> dict[str, float]:
    import networkx

    from mesokg.networks.measures import neighbours

    near = neighbours(_real())
    begun = time.process_time()
    number_of = _partition(which, near)
    processor = time.process_time() - begun
    plain = networkx.Graph()
    plain.add_nodes_from(range(len(near)))
    plain.add_weighted_edges_from((a, b, weight) for a, links in enumerate(near) for b, weight in links.items() if a < b)
    groups: dict[int, set[int]] = {}
    for node, number in enumerate(number_of):
        groups.setdefault(number, set()).add(node)
    torn = sum(not networkx.is_connected(plain.subgraph(group)) for group in groups.values())
    linked = sum(len(group) > 1 for group in groups.values())
    return {"processor": processor, "modularity": networkx.community.modularity(plain, groups.values()), "linked": linked, "torn": torn}


def communities() -> None:
    print("\n| communities of the view `full` | licence | CPU s | modularity | communities of two or more | of these in several pieces |")
    print("|---|---|---|---|---|---|")
    names = ["networkx Louvain, in one piece each", "graspologic-native Leiden", "scikit-network Louvain", "scikit-network Leiden"]
    _rows("--communities", names, ("processor", "modularity", "linked", "torn"), ".3g")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--writer", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--layout", help=argparse.SUPPRESS)
    parser.add_argument("--communities", help=argparse.SUPPRESS)
    parser.add_argument("--pictures", action="store_true", help="only layouts and communities")
    chosen = parser.parse_args()
    sys.path.insert(0, str(ROOT / "src"))
    if chosen.writer:
        print(json.dumps(measure_writer(chosen.writer[0], int(chosen.writer[1]))))
    elif chosen.layout:
        print(json.dumps(measure_layout(chosen.layout)))
    elif chosen.communities:
        print(json.dumps(measure_communities(chosen.communities)))
    else:
        if not chosen.pictures:
            writers(SIZES[:2] if chosen.quick else SIZES)
        layouts(chosen.quick)
        communities()


if __name__ == "__main__":
    main()
