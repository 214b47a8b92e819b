"""The package as a whole: public names, layers, and nothing heavy or forbidden."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
import subprocess
from pathlib import Path

import pytest

import mesokg
from mesokg.resources import checkout

SOURCE = Path(mesokg.__file__).parent
MODULES = sorted(m.name for m in pkgutil.walk_packages([str(SOURCE)], "mesokg.") if not m.name.endswith("__main__"))

ORDER = [
    "errors", "forking", "beside", "exchange", "collector", "identifiers", "resources", "locks", "gate", "store", "vocabulary", "cells", "sheets", "tables", "columns", "tidy", "graph",
    "axioms", "patterns", "rules", "reasoning", "hierarchy", "proofs", "explain", "shacl", "checks", "report", "validation",
    "rdf_files", "packed", "metadata", "answers", "explain_rows", "questions", "completion", "pictures", "questions_rdf", "describe", "networks", "formats",
    "ontology_view", "ontology_products", "ontology_pages", "release", "builds", "loading", "registries", "discover", "refresh", "server", "api",
    "export_command", "cli",
]  # fmt: skip
"""Ground floor first, as in docs/architecture.md: a module imports at its top only from below."""


@pytest.mark.parametrize("name", MODULES)
def test_public_names_are_declared_and_exist(name: str) -> None:
    module = importlib.import_module(name)
    declared = getattr(module, "__all__", None)
    if name.rsplit(".", 1)[-1] in ("cli", "commands", "command"):
        return
    assert declared is not None, f"{name} has no __all__"
    assert all(hasattr(module, public) for public in declared)
    assert module.__doc__


def test_every_module_has_its_floor() -> None:
    found = {path.stem for path in SOURCE.glob("*.py")} | {path.parent.name for path in SOURCE.glob("*/__init__.py")}
    assert found - {"__init__", "__main__"} == set(ORDER)


@pytest.mark.parametrize("name", ORDER)
def test_imports_run_one_way(name: str) -> None:
    path = SOURCE / f"{name}.py" if (SOURCE / f"{name}.py").is_file() else SOURCE / name / "__init__.py"
    tree = ast.parse(path.read_text(encoding="utf-8"))
    top = [node for node in tree.body if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("mesokg.")]
    below = ORDER[: ORDER.index(name) + 1]
    for node in top:
        imported = (node.module or "").split(".")[1]
        assert imported in below, f"{name} imports {imported}, which stands above it"


def test_nothing_of_this_machine_or_of_a_registry_is_tracked() -> None:
    root = checkout()
    if root is None or not (root / ".git").exists():
        pytest.skip("not a git checkout")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, text=True, check=True).stdout.split("\0")
    forbidden = re.compile(r'"resolved": *"http|orcid\.org/\d|files\.pythonhosted|registry\.npmjs|repo1\.maven|/root/|/home/\w+/')
    found = []
    for name in filter(None, listed):
        path = root / name
        if name == "tests/test_package.py" or not path.is_file():
            continue
        text = path.read_text(encoding="utf-8", errors="ignore")
        found += [f"{name}: {m[0]}" for m in forbidden.finditer(text)]
    assert found == []
