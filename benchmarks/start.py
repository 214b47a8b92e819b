"""How fast commands start: `mesokg --help` and a question, cold processes, median of nine."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def seconds(*arguments: str) -> float:
    times = []
    for _ in range(9):
        begun = time.perf_counter()
        subprocess.run([sys.executable, "-m", "mesokg", *arguments], check=True, capture_output=True)
        times.append(time.perf_counter() - begun)
    return statistics.median(times)


def main() -> None:
    build = str(Path(tempfile.mkdtemp()) / "build")
    subprocess.run([sys.executable, "-m", "mesokg", "build", "-o", build], check=True, capture_output=True)
    question = sorted((ROOT / "queries" / "questions").glob("*.rq"))[0].stem
    print("| command | seconds |\n|---|---|")
    print(f"| `mesokg --help` | {seconds('--help'):.3f} |")
    print(f"| `mesokg query {question}` | {seconds('query', question, '--build', build):.3f} |")
    print(f"| `mesokg show INFINITE` | {seconds('show', 'INFINITE', '--build', build):.3f} |")


if __name__ == "__main__":
    main()
