"""Asks the library of three engines and brings their answers to one form that can be compared."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
from decimal import Decimal, InvalidOperation
from pathlib import Path

import pyoxigraph as ox

from mesokg.answers import plain
from mesokg.questions import Question, ask
from mesokg.store import EmbeddedStore

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
EXPECTED = HERE / "expected"
EXPECTED_BUILD = HERE / "expected_build"
GRAPH = "https://w3id.org/mesokg/graph/"
Rows = list[tuple[str, ...]]


def settings() -> dict[str, dict[str, str]]:
    """The parameters for asking the small world, per question."""
    found: dict[str, dict[str, str]] = {}
    with (HERE / "settings.tsv").open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines, delimiter="\t"):
            found.setdefault(row["question"], {})[row["parameter"]] = row["value"]
    return found


def cell(text: str) -> str:
    """A cell by value: a number without trailing zeros, a list in order, anything else as it is."""
    if " | " in text:
        return " | ".join(sorted(text.split(" | ")))
    if text[:1].isdigit() or text[:1] == "-":
        try:
            number = Decimal(text).normalize()
        except InvalidOperation:
            return text
        return format(number, "f")
    return text


def read_rows(path: Path) -> tuple[tuple[str, ...], Rows]:
    """Columns and rows of a table of expected rows, in the order they stand."""
    head, *lines = path.read_text(encoding="utf-8").removesuffix("\n").split("\n")
    return tuple(head.split("\t")), [tuple(map(cell, line.split("\t"))) for line in lines]


def small_world() -> EmbeddedStore:
    """The ontology and the world written by hand, as two named graphs."""
    store = EmbeddedStore()
    store.load(ROOT / "ontology" / "mesokg.ttl", graph=GRAPH + "ontology")
    store.load(HERE / "fixture.ttl", graph=GRAPH + "facts")
    return store


def merged(store: EmbeddedStore) -> EmbeddedStore:
    """The same triples in the default graph alone."""
    one = EmbeddedStore()
    one.add(ox.Quad(*triple) for triple in {quad.triple for quad in store.oxigraph})
    return one


def oxigraph_rows(question: Question, store: EmbeddedStore, values: dict[str, str] | None = None) -> Rows:
    return [tuple(cell(plain(term).replace("\t", " ").replace("\n", " ")) for term in row) for row in ask(question, store, values)]


class Rdflib:
    """rdflib over the union of the graphs, or over one merged default graph."""

    def __init__(self, store: EmbeddedStore, *, union: bool) -> None:
        import rdflib

        if union:
            self.graph: rdflib.Graph = rdflib.Dataset(default_union=True)
            self.graph.parse(data=ox.serialize(store.oxigraph, format=ox.RdfFormat.N_QUADS), format="nquads")
        else:
            self.graph = rdflib.Graph()
            triples = {quad.triple for quad in store.oxigraph}
            self.graph.parse(data=ox.serialize(triples, format=ox.RdfFormat.N_TRIPLES), format="nt")

    def rows(self, question: Question) -> Rows:
        import rdflib

        def term(value: object) -> object:
            if value is None:
                return None
            if isinstance(value, rdflib.Literal):
                if value.datatype == rdflib.XSD.dateTime:
                    # MIN and MAX write the zone as an offset
                    return ox.Literal(str(value).replace("+00:00", "Z"), datatype=ox.NamedNode(str(value.datatype)))
                return ox.Literal(str(value), datatype=ox.NamedNode(str(value.datatype))) if value.datatype else ox.Literal(str(value))
            return ox.NamedNode(str(value))

        found = self.graph.query(question.sparql)
        return [tuple(cell(plain(term(value)).replace("\t", " ").replace("\n", " ")) for value in row) for row in found]  # type: ignore[union-attr]


def jena_jars(folder: Path) -> list[Path] | str:
    """The jars of Jena ARQ from Maven Central, or why they cannot be had."""
    for tool in ("java", "mvn"):
        if shutil.which(tool) is None:
            return f"{tool} is not installed"
    command = ["mvn", "-q", "-B", "-f", str(HERE / "jena" / "pom.xml"), "dependency:copy-dependencies", f"-DoutputDirectory={folder}"]
    fetched = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    jars = sorted(folder.glob("*.jar"))
    return jars if fetched.returncode == 0 and jars else f"Maven could not fetch Jena ARQ: {fetched.stdout[-300:]}{fetched.stderr[-300:]}"


def jena_rows(
    questions: list[Question], store: EmbeddedStore, jars: list[Path], folder: Path, *, union: bool, rounds: int = 1
) -> tuple[dict[str, Rows], dict[str, float]]:
    """The rows of all questions and the median seconds of each, asked in one Java process."""
    folder.mkdir(parents=True)
    (folder / "questions").mkdir()
    (folder / "answers").mkdir()
    for question in questions:
        (folder / "questions" / f"{question.name}.rq").write_text(question.sparql, encoding="utf-8", newline="\n")
    graph = folder / ("graph.nq" if union else "graph.nt")
    if union:
        graph.write_bytes(ox.serialize(store.oxigraph, format=ox.RdfFormat.N_QUADS))
    else:
        graph.write_bytes(ox.serialize({quad.triple for quad in store.oxigraph}, format=ox.RdfFormat.N_TRIPLES))
    command = ["java", "-cp", os.pathsep.join(map(str, jars)), str(HERE / "jena" / "Ask.java"), str(graph), str(folder / "questions"), str(folder / "answers"), str(rounds)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    seconds = {name: float(spent) for name, spent in (line.split("\t") for line in done.stdout.splitlines())}
    rows: dict[str, Rows] = {}
    for question in questions:
        answer = json.loads((folder / "answers" / f"{question.name}.json").read_text(encoding="utf-8"))
        columns = answer["head"]["vars"]

        def term(value: dict[str, str] | None) -> object:
            if value is None:
                return None
            if value["type"] == "uri":
                return ox.NamedNode(value["value"])
            return ox.Literal(value["value"], datatype=ox.NamedNode(value["datatype"])) if "datatype" in value else ox.Literal(value["value"])

        rows[question.name] = [
            tuple(cell(plain(term(row.get(column))).replace("\t", " ").replace("\n", " ")) for column in columns)
            for row in answer["results"]["bindings"]
        ]
    return rows, seconds


def main() -> None:
    """Writes the expected rows of the built graph anew: ``python tests/questions/engines.py`` in the checkout.

    Look at ``git diff tests/questions/expected_build`` afterwards: every changed row needs a changed fact as its reason.
    """
    from mesokg.questions import read_questions
    from mesokg.release import assemble

    built = assemble(validate=False)
    store = EmbeddedStore()
    store.oxigraph = built.store
    EXPECTED_BUILD.mkdir(exist_ok=True)
    for name, question in read_questions().items():
        answer = ask(question, store)
        lines = ["\t".join(answer.variables), *("\t".join(row) for row in oxigraph_rows(question, store))]
        (EXPECTED_BUILD / f"{name}.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")
    for path in EXPECTED_BUILD.glob("*.tsv"):
        if path.stem not in read_questions():
            path.unlink()


if __name__ == "__main__":
    main()
