"""How fast registry records are read and mapped, in how much memory, and how long a refresh and a discovery take.

    python benchmarks/registries.py            # 6,250 to 100,000 studies
    python benchmarks/registries.py --quick    # up to 25,000

The studies vary real records where they lie beside the checkout, and made-up ones of the same shape elsewhere. Every
measurement runs in a process of its own, five times (the largest three); the table gives medians. ``cpu s`` is the
processor time of the whole process, which a busy machine does not stretch; ``read MB`` is what came from the disk and
``pushed out`` how often another process took the processor, so that a long time is seen to be load or reading.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SAMPLES = ROOT.parent / "shared" / "samples" / "ctgov"
sys.path[0] = str(ROOT / "tests")  # in place of this folder, where this file would stand for tests/registries

COUNTRIES = ("United States", "Japan", "France", "Italy", "Australia")
STATUSES = ("RECRUITING", "COMPLETED", "TERMINATED", "UNKNOWN", "WITHDRAWN", "ACTIVE_NOT_RECRUITING")
PHASES = (["PHASE1"], ["PHASE1", "PHASE2"], ["PHASE2"], ["PHASE3"], ["NA"], [])


def shapes() -> tuple[list[dict[str, Any]], str]:
    """Whole records to vary, and where they come from."""
    from registries.fake_registry import study

    found: list[dict[str, Any]] = []
    for path in sorted(SAMPLES.glob("*.json")) if SAMPLES.is_dir() else ():
        raw = json.loads(path.read_text(encoding="utf-8"))
        found += raw if isinstance(raw, list) else raw.get("studies", [raw])
    if found:
        return found, "real records"
    return [study(), study(results=True), study(contactsLocationsModule__locations=[{"country": c} for c in COUNTRIES] * 40)], "made-up records"


def generate(number: int, path: Path) -> int:
    """Write a gzipped JSON list of studies with new numbers, states, phases, counts and optional modules; its size in bytes."""
    chance = random.Random(7)
    models, _ = shapes()
    # one in ten records with results keeps them, as in the registry about one in seven has any
    texts = [json.dumps(m) for m in models]
    size = 2
    with gzip.open(path, "wt", compresslevel=1, encoding="utf-8") as file:
        file.write("[")
        for n in range(number):
            made = json.loads(chance.choice(texts))
            protocol = made["protocolSection"]
            protocol["identificationModule"]["nctId"] = f"NCT{n:08}"
            protocol.setdefault("statusModule", {})["overallStatus"] = chance.choice(STATUSES)
            protocol.setdefault("designModule", {})["phases"] = chance.choice(PHASES)
            protocol["designModule"]["enrollmentInfo"] = {"count": chance.randrange(900), "type": chance.choice(("ACTUAL", "ESTIMATED"))}
            for optional in ("outcomesModule", "referencesModule", "contactsLocationsModule", "eligibilityModule"):
                if chance.random() < 0.15:
                    protocol.pop(optional, None)
            if chance.random() < 0.5:
                made.pop("resultsSection", None)
            text = json.dumps(made)
            size += len(text) + 1
            file.write(("," if n else "") + text)
        file.write("]")
    return size


# ---------------------------------------------------------------- one measurement, in a process of its own


def read(path: Path) -> dict[str, float]:
    """Read and map every study, results included."""
    from mesokg.registries.ctgov import read_studies
    from mesokg.registries.results import arm_id, outcome_rows, result_groups

    begun = time.perf_counter()
    problems: list[Any] = []
    studies = rows = 0
    for study in read_studies(path, problems):
        studies += 1
        if study.has_results:
            arms = {title: arm_id(study.nct, title) for title in result_groups(study)}
            rows += sum(1 for _ in outcome_rows(study, f"mkg:trial-{study.nct}", arms, problems))
    return {"seconds": time.perf_counter() - begun, "studies": studies, "rows": rows, "problems": len(problems)}


def refresh_ours(path: Path) -> dict[str, float]:
    """A refresh of all our registered trials from a file that disagrees in every field."""
    from registries.fake_registry import study

    from mesokg.refresh import refresh
    from mesokg.registries.ours import Ours

    numbers = list(Ours().trials)
    path.write_text(json.dumps([study(n, results=True) for n in numbers]), encoding="utf-8")
    begun = time.perf_counter()
    report = refresh(path=path)
    return {"seconds": time.perf_counter() - begun, "studies": len(numbers), "rows": len(report.differences), "problems": len(report.problems)}


def judge(path: Path) -> dict[str, float]:
    """Discovery over a file."""
    from mesokg.discover import discover

    begun = time.perf_counter()
    found = discover(path=path)
    return {"seconds": time.perf_counter() - begun, "studies": len(found.candidates), "rows": len(found.select().candidates), "problems": len(found.problems)}


JOBS = {"read": read, "refresh": refresh_ours, "discover": judge}


def measure(job: str, path: Path, runs: int) -> dict[str, float]:
    """The medians of some runs."""
    results = []
    for _ in range(runs):
        out = subprocess.run([sys.executable, __file__, "--job", job, "--path", str(path)], check=True, capture_output=True, text=True)
        results.append(json.loads(out.stdout))
    return {key: statistics.median(r[key] for r in results) for key in results[0]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--job", choices=JOBS)
    parser.add_argument("--path", type=Path)
    options = parser.parse_args()
    if options.job:
        result = JOBS[options.job](options.path)
        result["cpu"] = time.process_time()
        used = resource.getrusage(resource.RUSAGE_SELF)
        result |= {"mb": used.ru_maxrss / 1024, "disk": used.ru_inblock * 512 / 1e6, "pushed": used.ru_nivcsw}
        print(json.dumps(result))
        return
    sizes = [6_250, 25_000] if options.quick else [6_250, 25_000, 100_000]
    print(f"varied from {shapes()[1]}; medians; {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f} at the start")
    print(f"{'job':10} {'studies':>8} {'JSON MB':>8} {'seconds':>8} {'cpu s':>7} {'studies/s':>10} {'us/study':>9} {'rows':>9} {'peak MB':>8} {'read MB':>8} {'pushed out':>11}")

    def line(job: str, size: float, result: dict[str, float]) -> None:
        rate = result["studies"] / result["seconds"]
        print(
            f"{job:10} {result['studies']:8,.0f} {size:8,.0f} {result['seconds']:8.2f} {result['cpu']:7.2f} {rate:10,.0f} {1e6 / rate:9,.0f} "
            f"{result['rows']:9,.0f} {result['mb']:8,.0f} {result['disk']:8,.0f} {result['pushed']:11,.0f}",
            flush=True,
        )

    with tempfile.TemporaryDirectory() as folder:
        for number in sizes:
            path = Path(folder) / f"{number}.json.gz"
            size = generate(number, path) / 1e6
            line("read", size, measure("read", path, 5 if number < 100_000 else 3))
            if number == sizes[0]:
                line("discover", size, measure("discover", path, 3))
            path.unlink()
        line("refresh", 0, measure("refresh", Path(folder) / "ours.json", 5))
    print(f"load {os.getloadavg()[0]:.1f} at the end")


if __name__ == "__main__":
    main()
