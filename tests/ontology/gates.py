"""Runs every gate of the ontology with the real tools and prints a table of them.

    python tests/ontology/gates.py [--fetch] [--whole]

``--fetch`` brings the tools that are missing from the package registries: ROBOT 1.9.8 with the OWL API, HermiT, ELK
and the OBO graph reader (Maven), sssom (PyPI, in an environment of its own). They are kept in a cache; ``MESOKG_ROBOT``
and ``MESOKG_SSSOM`` name a folder of jars and a program instead. ``--whole`` judges the whole graph too, with all facts
and assertions. Exit code 1 if a gate fails, 2 if a tool is missing.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from shutil import which

FOLDER = Path(__file__).parent
ROBOT_VERSION, SSSOM_VERSION = "1.9.8", "0.4.21"
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "mesokg-tests"

EXPLAINED = {
    "missing_definition": "terms of others (annotation properties, and in the full ontology the parents from BFO, IAO, OBI, "
    "SO and RO) are defined by their owners; restating their definitions here could only go stale",
}
"""Why each finding of ROBOT that is allowed may stand. Nothing else is allowed."""

OUTSIDE = ("BFO:", "IAO:", "OBI:", "RO:", "SO:", "dc:", "skos:", "oboInOwl:", "http://purl.org/")


@dataclass(frozen=True)
class Finding:
    """One line of a tool."""

    file: str
    gate: str
    measure: str
    value: str
    detail: str = ""


class ToolMissing(Exception):
    """A tool is neither there nor may be fetched."""


def robot_jars(*, fetch: bool = False) -> Path:
    """The folder of ROBOT's jars."""
    folder = Path(os.environ.get("MESOKG_ROBOT", CACHE / f"robot-{ROBOT_VERSION}"))
    if not any(folder.glob("robot-core-*.jar")):
        if not fetch or which("mvn") is None or which("java") is None:
            raise ToolMissing("ROBOT needs Java and Maven; fetch it with: python tests/ontology/gates.py --fetch")
        command = ["mvn", "-q", "-B", "-f", str(FOLDER / "pom.xml"), "dependency:copy-dependencies", f"-DoutputDirectory={folder}"]
        run = subprocess.run(command, capture_output=True, text=True, check=False)
        if run.returncode:
            raise ToolMissing(f"Maven could not fetch ROBOT: {run.stdout[-500:]}")
    if which("java") is None:
        raise ToolMissing("there is no java on the PATH")
    return folder


def sssom_program(*, fetch: bool = False) -> Path:
    """The program ``sssom``."""
    found = os.environ.get("MESOKG_SSSOM")
    place = CACHE / f"sssom-{SSSOM_VERSION}"
    program = Path(found) if found else place / "bin" / "sssom"
    if not program.is_file():
        if not fetch:
            raise ToolMissing("sssom is missing; fetch it with: python tests/ontology/gates.py --fetch")
        subprocess.run([sys.executable, "-m", "venv", str(place)], check=True)
        subprocess.run([str(place / "bin" / "pip"), "install", "-q", f"sssom=={SSSOM_VERSION}"], check=True)
    return program


def java_gates(gates: str, files: Iterable[Path], *, fetch: bool = False) -> list[Finding]:
    """What ``Gates.java`` finds in the files; ``gates`` joined by commas."""
    jars = robot_jars(fetch=fetch)
    command = ["java", "-Xmx3g", "-cp", f"{jars}{os.sep}*", str(FOLDER / "Gates.java"), gates, *map(str, files)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    if run.returncode:
        raise RuntimeError(run.stderr[-3000:])
    return [Finding(*(line.split("\t") + [""])[:5]) for line in run.stdout.splitlines() if line.count("\t") >= 3]


def horned_violations(path: Path) -> list[str]:
    """What py-horned-owl says keeps an RDF/XML file out of OWL 2 DL."""
    import pyhornedowl
    from pyhornedowl import profile

    report = profile.check_profile(pyhornedowl.open_ontology_from_file(str(path), "rdf"), "DL")
    return [str(violation) for violation in report.violations]


def sssom_errors(path: Path, *, fetch: bool = False) -> str:
    """What ``sssom validate`` says against a mapping set; empty if it is valid."""
    run = subprocess.run([str(sssom_program(fetch=fetch)), "validate", str(path)], capture_output=True, text=True, check=False)
    said = (run.stdout + run.stderr).strip()
    return said if run.returncode or "ERROR" in said or "error" in said.lower() else ""


def unexplained(findings: Iterable[Finding]) -> list[Finding]:
    """The errors and warnings of ROBOT that :data:`EXPLAINED` does not cover."""
    left = []
    for one in findings:
        if one.gate != "robot" or one.measure not in ("error", "warn"):
            continue
        ours = not one.detail.startswith(OUTSIDE)
        if one.value == "missing_definition" and not ours:
            continue
        left.append(one)
    return left


def products(out: Path) -> tuple[Path, Path, Path, Path]:
    """Base, full, OBO graph and whole graph, made from the tables as they stand."""
    import pyoxigraph

    from mesokg.identifiers import GRAPHS
    from mesokg.ontology_products import write_ontology_products
    from mesokg.rdf_files import sorted_graphs, used_prefixes, write_rdf
    from mesokg.release import assemble

    store = assemble(validate=False).store
    by_graph, quads = sorted_graphs(store, GRAPHS, frozenset(GRAPHS) - {"metadata"})
    write_ontology_products(by_graph, out)
    write_rdf(quads, out / "mesokg.owl", pyoxigraph.RdfFormat.RDF_XML, prefixes=used_prefixes(quads))
    here = out / "ontology"
    return here / "mesokg-base.owl", here / "mesokg-full.owl", here / "mesokg.json", out / "mesokg.owl"


def all_gates(out: Path, *, fetch: bool, whole: bool) -> list[tuple[str, str, str, bool]]:
    """Every gate as tool, what was judged, result and verdict."""
    base, full, graph, everything = products(out)
    rows: list[tuple[str, str, str, bool]] = []
    for path in (base, full):
        found = horned_violations(path)
        rows.append(("py-horned-owl", f"{path.name}: OWL 2 DL", f"{len(found)} violations", not found))
    findings = java_gates("load,profiles,hermit,elk,robot", (base, full, graph), fetch=fetch)
    if whole:
        findings += java_gates("load,profiles,hermit,elk,consistency-only", (everything,), fetch=fetch)
    links: dict[str, set[str]] = {}
    for one in findings:
        match one.gate, one.measure:
            case "load", "triples not understood":
                rows.append(("OWL API", f"{one.file}: loads", f"{one.value} triples not understood", one.value == "0"))
            case "load", _:
                rows.append(("OWL API", f"{one.file}: loads", f"{one.value} {one.measure}", True))
            case "owlapi", "OWL 2 DL violations":
                rows.append(("OWL API", f"{one.file}: OWL 2 DL", f"{one.value} violations", one.value == "0"))
            case "owlapi", measure if measure.endswith("violations"):
                rows.append(("OWL API", f"{one.file}: {measure.removesuffix(' violations')}", f"{one.value} violations (for information)", True))
            case ("hermit" | "elk") as tool, "consistent":
                rows.append((tool, f"{one.file}: consistent", one.value, one.value == "true"))
            case ("hermit" | "elk") as tool, "classes without possible members":
                rows.append((tool, f"{one.file}: unsatisfiable classes", one.value, one.value == "0"))
            case ("hermit" | "elk") as tool, "subclass links":
                links.setdefault(one.file, set()).add(one.value)
                rows.append((tool, f"{one.file}: subclass links", one.value, True))
            case ("hermit" | "elk") as tool, "refused":
                rows.append((tool, one.file, f"refused: {one.detail}", False))
            case "obograph", measure:
                rows.append(("obographs", f"{one.file}: {measure}", one.value, one.value != "0"))
            case "robot", ("rules" | "ERROR" | "WARN" | "INFO") as level:
                rows.append(("ROBOT report", f"{one.file}: {level}", one.value, True))
    left = unexplained(findings)
    rows.append(("ROBOT report", "errors and warnings without explanation", str(len(left)), not left))
    rows += [("ROBOT report", f"{one.file}: {one.value}", one.detail, False) for one in left]
    for name, found in links.items():
        rows.append(("hermit, elk", f"{name}: the same hierarchy", "yes" if len(found) == 1 else "no", len(found) == 1))
    sets = sorted((out / "ontology" / "mappings").glob("*.sssom.tsv"))
    count = sum(sum(1 for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#")) - 1 for path in sets)
    wrong = [path.name for path in sets if sssom_errors(path, fetch=fetch)]
    rows.append(("sssom validate", f"{len(sets)} mapping sets, {count} mappings", f"{len(wrong)} invalid {' '.join(wrong)}".strip(), not wrong))
    return rows


def main(arguments: list[str]) -> int:
    with tempfile.TemporaryDirectory() as scratch:
        try:
            rows = all_gates(Path(scratch), fetch="--fetch" in arguments, whole="--whole" in arguments)
        except ToolMissing as error:
            sys.stderr.write(f"{error}\n")
            return 2
    widths = [max(len(row[n]) for row in rows) for n in range(3)]
    for tool, what, result, good in rows:
        print(f"{'pass' if good else 'FAIL'}  {tool:{widths[0]}}  {what:{widths[1]}}  {result}")
    failed = sum(not row[3] for row in rows)
    print(f"{len(rows)} gates, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
