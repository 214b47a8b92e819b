"""Every question on Oxigraph, rdflib and Jena ARQ in one run: ``python benchmarks/questions.py [--copies N] [--rounds N]``.

Prints the median seconds of each question per engine, then totals, in processor time of the asking thread, so that a busy
machine changes little. Each engine holds one merged graph in memory and is
asked every question once before the clock starts. ``--copies`` multiplies facts, inferred triples and evidence under new
names, for a graph of the same shape that is N times as large; rdflib is left out past two copies, as it would take hours.
Jena ARQ comes from Maven Central; without Java or Maven it is left out, and the reason printed.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import pyoxigraph as ox

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "questions"))

import engines  # noqa: E402

from mesokg.identifiers import NAMESPACE, graph_iri
from mesokg.questions import read_questions
from mesokg.release import assemble
from mesokg.store import EmbeddedStore

_THINGS = NAMESPACE + "id/"


def enlarge(store: EmbeddedStore, copies: int) -> None:
    """Add copies of all that is said of things of ours, each under names of its own; terms of authorities are shared."""
    kept = [quad for quad in store.oxigraph if quad.graph_name.value in {graph_iri(name) for name in ("facts", "inferred", "evidence")}]

    def renamed(term: ox.NamedNode | ox.Literal, number: int) -> ox.NamedNode | ox.Literal:
        ours = isinstance(term, ox.NamedNode) and term.value.startswith(_THINGS)
        return ox.NamedNode(f"{term.value}-copy{number}") if ours else term

    for number in range(1, copies):
        store.add(ox.Quad(renamed(q.subject, number), q.predicate, renamed(q.object, number), q.graph_name) for q in kept)


def seconds(run: Callable[[], object], rounds: int) -> float:
    run()
    spent = []
    for _ in range(rounds):
        begun = time.thread_time()
        run()
        spent.append(time.thread_time() - begun)
    return median(spent)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--copies", type=int, default=1, help="how many times the graph is to be held")
    parser.add_argument("--rounds", type=int, default=5, help="how often each question is timed")
    wanted = parser.parse_args()
    store = EmbeddedStore()
    store.oxigraph = assemble(validate=False).store
    enlarge(store, wanted.copies)
    questions = list(read_questions().values())
    print(f"{len(store.oxigraph):,} triples, {len(questions)} questions, median of {wanted.rounds} rounds, seconds of processor time", flush=True)
    measured: dict[str, dict[str, float]] = {}
    measured["Oxigraph"] = {q.name: seconds(lambda q=q: store.query(q.sparql), wanted.rounds) for q in questions}
    if wanted.copies <= 2:
        rdflib = engines.Rdflib(store, union=False)
        measured["rdflib"] = {q.name: seconds(lambda q=q: list(rdflib.graph.query(q.sparql)), min(wanted.rounds, 3)) for q in questions}
    with tempfile.TemporaryDirectory() as folder:
        jars = engines.jena_jars(Path(folder) / "jars")
        if isinstance(jars, str):
            print(f"Jena ARQ left out: {jars}")
        else:
            measured["Jena ARQ"] = engines.jena_rows(questions, store, jars, Path(folder) / "jena", union=False, rounds=wanted.rounds + 1)[1]
    print("\t".join(["question", *measured]))
    for question in sorted(questions, key=lambda q: -measured["Oxigraph"][q.name]):
        print("\t".join([question.name, *(f"{spent[question.name]:.4f}" for spent in measured.values())]))
    for name, spent in measured.items():
        ordered = sorted(spent.values())
        ratio = median(spent[q.name] / measured["Oxigraph"][q.name] for q in questions)
        print(
            f"{name}: median {median(ordered):.4f}, slowest {ordered[-1]:.4f}, under 0.05 s {sum(x < 0.05 for x in ordered)} of {len(ordered)}, "
            f"{ratio:.1f} times the time of Oxigraph in the median"
        )


if __name__ == "__main__":
    main()
