"""How long the stages of a build take, and how much memory, beside rdflib, owlrl and pySHACL.

Every measurement runs in a process of its own, five times; the table gives medians of seconds and of peak memory.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RUNS = 5
SIZES = {"20k": 20_000, "200k": 200_000, "2M": 2_000_000}

# ---------------------------------------------------------------- generated data


def generate(target: int, path: Path) -> int:
    """Write about ``target`` triples as N-Quads: the tiny tables' facts and assertions, repeated with new ids."""
    sys.path.insert(0, str(ROOT / "src"))
    import pyoxigraph

    from mesokg.graph import build_graph
    from mesokg.identifiers import PREFIXES
    from mesokg.tables import read_tables

    graph = build_graph(read_tables(ROOT / "tests" / "tiny"))
    quads = [*graph.facts, *graph.evidence]
    lines = pyoxigraph.serialize(quads, format=pyoxigraph.RdfFormat.N_QUADS).decode().splitlines()
    base = PREFIXES["mkg"]
    labels = '"tiny'
    copies = max(1, round(target / len(lines)))
    with path.open("w", encoding="utf-8") as file:
        for copy in range(copies):
            for line in lines:
                file.write(line.replace(f"<{base}", f"<{base}c{copy}-").replace(labels, f'"tiny {copy} ') + "\n")
    return copies * len(lines)


# ---------------------------------------------------------------- one measurement, run in a process of its own


def _store(path: str, *, ontology: bool = True):
    import pyoxigraph

    from mesokg.release import _ontology_quads
    from mesokg.vocabulary import read_vocabulary

    store = pyoxigraph.Store()
    store.bulk_load(path=path, format=pyoxigraph.RdfFormat.N_QUADS, lenient=True)
    if ontology:
        store.bulk_extend(_ontology_quads(read_vocabulary().path))
    return store


def _rdflib(path: str):
    import rdflib

    graph = rdflib.Graph()
    dataset = rdflib.Dataset(default_union=True)
    dataset.parse(path, format="nquads")
    for quad in dataset.quads():
        graph.add(quad[:3])
    return graph


def load_ours(path: str) -> Callable[[], object]:
    import pyoxigraph

    store = pyoxigraph.Store()
    return lambda: store.bulk_load(path=path, format=pyoxigraph.RdfFormat.N_QUADS, lenient=True)


def load_rdflib(path: str) -> Callable[[], object]:
    import rdflib

    return lambda: rdflib.Dataset().parse(path, format="nquads")


def write_ours(path: str) -> Callable[[], object]:
    import pyoxigraph

    from mesokg.rdf_files import sorted_quads, write_rdf

    store = _store(path, ontology=False)
    target = Path(tempfile.mkdtemp()) / "out.ttl"
    return lambda: write_rdf(sorted_quads(store), target, pyoxigraph.RdfFormat.TURTLE)


def write_rdflib(path: str) -> Callable[[], object]:
    graph = _rdflib(path)
    target = Path(tempfile.mkdtemp()) / "out.ttl"
    return lambda: graph.serialize(target, format="turtle")


def products_ours(path: str) -> Callable[[], object]:
    """The RDF products as the build writes them: sorted once, then Turtle, RDF/XML, JSON-LD, TriG and N-Quads."""
    import pyoxigraph

    from mesokg.identifiers import GRAPHS
    from mesokg.packed import write_packed
    from mesokg.rdf_files import sorted_graphs, used_prefixes, write_rdf

    store, out, formats = _store(path, ontology=False), Path(tempfile.mkdtemp()), pyoxigraph.RdfFormat

    def run() -> None:
        by_graph, ordered = sorted_graphs(store, GRAPHS, GRAPHS)
        prefixes = used_prefixes(ordered)
        for name, syntax in (("a.ttl", formats.TURTLE), ("a.rdf", formats.RDF_XML), ("a.jsonld", formats.JSON_LD)):
            write_rdf(ordered, out / name, syntax, prefixes=prefixes)
        write_rdf(ordered, out / "a.trig", formats.TRIG, prefixes=prefixes, keep_graphs=True)
        write_packed(by_graph, out / "a.nq.gz")

    return run


def products_rdflib(path: str) -> Callable[[], object]:
    import rdflib

    dataset = rdflib.Dataset(default_union=True)
    dataset.parse(path, format="nquads")
    graph, out = _rdflib(path), Path(tempfile.mkdtemp())

    def run() -> None:
        for name, syntax in (("a.ttl", "turtle"), ("a.rdf", "xml"), ("a.jsonld", "json-ld")):
            graph.serialize(out / name, format=syntax)
        dataset.serialize(out / "a.trig", format="trig")
        dataset.serialize(out / "a.nq", format="nquads")

    return run


def reason_ours(path: str) -> Callable[[], object]:
    from mesokg.reasoning import infer

    store = _store(path)
    return lambda: infer(store)


def reason_owlrl(path: str) -> Callable[[], object]:
    import owlrl

    graph = _rdflib(path)
    graph.parse(ROOT / "ontology" / "mesokg.ttl")
    return lambda: owlrl.DeductiveClosure(owlrl.OWLRL_Semantics).expand(graph)


def validate_ours(path: str) -> Callable[[], object]:
    from mesokg.reasoning import infer
    from mesokg.validation import validate_graph

    store = _store(path)
    infer(store)
    return lambda: validate_graph(store)


def validate_pyshacl(path: str) -> Callable[[], object]:
    import pyshacl
    import rdflib

    graph = _rdflib(path)
    shapes = rdflib.Graph()
    for file in sorted((ROOT / "shapes").glob("*.ttl")):
        shapes.parse(file)
    ontology = rdflib.Graph().parse(ROOT / "ontology" / "mesokg.ttl")
    return lambda: pyshacl.validate(graph, shacl_graph=shapes, ont_graph=ontology, inference="none")


def build_real(path: str) -> Callable[[], object]:
    from mesokg.release import build

    return lambda: build(Path(tempfile.mkdtemp()) / "build")


TASKS = {f.__name__: f for f in (load_ours, load_rdflib, write_ours, write_rdflib, products_ours, products_rdflib, reason_ours, reason_owlrl, validate_ours, validate_pyshacl, build_real)}


def _measure(task: str, path: str) -> None:
    import gc
    import resource
    import time

    sys.path.insert(0, str(ROOT / "src"))
    run = TASKS[task](path)
    gc.collect()
    begun = time.perf_counter()
    result = run()
    seconds = time.perf_counter() - begun
    stages = result[0].seconds if task == "build_real" else {}  # type: ignore[index]
    # the second process of a build is a copy of the first, so that much of what is counted for it is shared
    first, second = (resource.getrusage(who).ru_maxrss / 1024 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    print(json.dumps({"seconds": seconds, "mb": first, "mb of the second": second, "stages": stages}))


def measure(task: str, path: str = "", runs: int = RUNS) -> dict[str, object]:
    """Medians over the runs."""
    found = []
    for _ in range(runs):
        done = subprocess.run([sys.executable, __file__, "--task", task, "--path", path], capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{task}: {done.stderr}")
        found.append(json.loads(done.stdout.splitlines()[-1]))
    names = found[0]["stages"]
    return {
        "seconds": statistics.median(r["seconds"] for r in found),
        "mb": statistics.median(r["mb"] for r in found),
        "mb of the second": statistics.median(r["mb of the second"] for r in found),
        "stages": {name: statistics.median(r["stages"][name] for r in found) for name in names},
    }


# ---------------------------------------------------------------- the table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="leave out the 2M size")
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--task", help=argparse.SUPPRESS)
    parser.add_argument("--path", default="", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.task:
        _measure(arguments.task, arguments.path)
        return
    runs = arguments.runs
    real = measure("build_real", runs=runs)
    print(f"median of {runs} runs\n\n| real build | seconds |\n|---|---|")
    for name, seconds in real["stages"].items():  # type: ignore[attr-defined]
        print(f"| {name} | {seconds:.2f} |")
    print(f"| **whole, cold** | **{real['seconds']:.2f}** (peak {real['mb']:.0f} MB, in the second process {real['mb of the second']:.0f} MB) |\n")
    print("| stage | triples | ours, s | ours, MB | µs per triple | peer | peer, s | peer, MB | ratio |\n|---|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for size, target in SIZES.items():
            if arguments.quick and size == "2M":
                continue
            path = str(Path(folder) / f"{size}.nq")
            number = generate(target, Path(path))
            for stage, peer, limit in (("load", "rdflib", 200_000), ("write", "rdflib", 200_000), ("products", "rdflib", 200_000), ("reason", "owlrl", 20_000), ("validate", "pyshacl", 200_000)):
                ours = measure(f"{stage}_ours", path, runs)
                row = f"| {stage} | {number:,} | {ours['seconds']:.2f} | {ours['mb']:.0f} | {ours['seconds'] / number * 1e6:.1f} |"  # type: ignore[operator]
                if target <= limit or (stage in ("load", "write") and target <= 2_000_000):
                    theirs = measure(f"{stage}_{peer}", path, 1 if target >= 2_000_000 else min(runs, 3) if target == 200_000 else runs)
                    row += f" {peer} | {theirs['seconds']:.2f} | {theirs['mb']:.0f} | {theirs['seconds'] / ours['seconds']:.1f} |"  # type: ignore[operator]
                else:
                    row += " – | – | – | – |"
                print(row, flush=True)


if __name__ == "__main__":
    main()
