"""Fetches the programs that the tests read our network files with: ``python tests/readers/install.py``.

Gephi Toolkit from Maven Central (Java and Maven wanted), graphology and Cytoscape.js from npm (Node wanted), kgx into an
environment of its own. Each stands in this folder, is ignored by git, and is left out with a word where its installer is
missing, unless MESOKG_REQUIRE_TOOLS is 1. Runs on Linux, macOS and Windows.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
KGX = ["kgx==2.6.0", "bmt==1.5.0", "biolink-model==4.4.6"]


def python_of(environment: Path) -> Path:
    return environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def run(name: str, *command: str, where: Path) -> None:
    program = shutil.which(command[0]) or command[0]
    print(f"{name}: {' '.join(command)}", flush=True)
    subprocess.run([program, *command[1:]], cwd=where, check=True)


def main() -> None:
    required = os.environ.get("MESOKG_REQUIRE_TOOLS") == "1"
    for name, tools in (("gephi", ("java", "mvn")), ("node", ("node", "npm"))):
        missing = [tool for tool in tools if shutil.which(tool) is None]
        if missing:
            print(f"{name}: left out, {' and '.join(missing)} not found")
            if required:
                sys.exit(1)
        elif name == "gephi":
            if not list((HERE / "gephi" / "target").glob("*.jar")):
                run(name, "mvn", "-q", "-B", "dependency:copy-dependencies", "-DoutputDirectory=target", where=HERE / "gephi")
        elif not (HERE / "node" / "node_modules" / "cytoscape").is_dir():
            run(name, "npm", "install", "--no-package-lock", "--no-audit", "--no-fund", where=HERE / "node")
    environment = HERE / "kgx-environment"
    if not python_of(environment).exists():
        venv.create(environment, with_pip=True)
        run("kgx", str(python_of(environment)), "-m", "pip", "install", "--quiet", *KGX, where=HERE)


if __name__ == "__main__":
    main()
