"""How fast commands start, in processes of their own: `mesokg --help`, every question, `mesokg show`."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
AIM = 0.7
"""Seconds for a question."""
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
"""Modules are compiled once, as for whoever installs the package, and not at each start."""


def seconds(*arguments: str, runs: int) -> float:
    """The median of so many runs."""
    times = []
    for _ in range(runs):
        begun = time.perf_counter()
        subprocess.run([sys.executable, "-m", "mesokg", *arguments], check=True, capture_output=True, env=ENVIRONMENT)
        times.append(time.perf_counter() - begun)
    return statistics.median(times)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        build = ("--build", str(Path(folder) / "build"))
        subprocess.run([sys.executable, "-m", "mesokg", "build", "-o", build[1]], check=True, capture_output=True)
        names = [path.stem for path in sorted((ROOT / "queries" / "questions").glob("*.rq"))]
        questions = {name: seconds("query", name, *build, runs=3) for name in names}
        print("| command | seconds |\n|---|---|")
        print(f"| `mesokg --help` | {seconds('--help', runs=9):.3f} |")
        print(f"| `mesokg query`, median of {len(questions)} questions | {statistics.median(questions.values()):.3f} |")
        slowest = sorted(questions.items(), key=lambda item: -item[1])
        for place, (name, found) in enumerate(slowest):
            if found >= AIM or place == 0:
                print(f"| `mesokg query {name}` | {found:.3f} |")
        print(f"| `mesokg show INFINITE` | {seconds('show', 'INFINITE', *build, runs=9):.3f} |")
    print(f"\n{sum(found < AIM for found in questions.values())} of {len(questions)} questions in less than {AIM} s, each the median of three; the others of nine.")


if __name__ == "__main__":
    main()
