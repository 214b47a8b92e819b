"""The whole-graph rules: one SELECT per file in ``queries/checks/``, each finding what breaks it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mesokg.errors import Problem, VocabularyError
from mesokg.resources import folder

if TYPE_CHECKING:
    import pyoxigraph

__all__ = ["Check", "Finding", "find_breaches", "read_checks"]

_REQUIRED = ("problem", "principle", "solution", "level")
LEVELS = ("error", "warning")


@dataclass(frozen=True, order=True)
class Check:
    """One rule. ``needs`` names what the data must have for the rule to make sense, or is empty."""

    name: str
    problem: str
    principle: str
    solution: str
    level: str
    needs: str
    query: str


@dataclass(frozen=True, order=True)
class Finding:
    """One breach of a rule. Terms are in N-Triples syntax; ``value`` is empty where none is wrong."""

    rule: str
    entity: str
    property: str = ""
    value: str = ""


def read_checks(path: Path | None = None) -> list[Check]:
    """The rules of a folder, sorted by name.

    Raises VocabularyError if a file lacks a heading or has a level that is none.
    """
    checks, problems = [], []
    for file in sorted((path or folder("queries") / "checks").glob("*.rq")):
        text = file.read_text(encoding="utf-8")
        heads = dict(
            line.removeprefix("#+ ").split(": ", 1)
            for line in text.splitlines()
            if line.startswith("#+ ") and ": " in line
        )
        place = f"queries/checks/{file.name}"
        for missing in (key for key in _REQUIRED if not heads.get(key)):
            problems.append(Problem(place, 1, missing, "heading missing", "", f"begin the file with #+ {missing}: …"))
        if heads.get("level") and heads["level"] not in LEVELS:
            problems.append(Problem(place, 1, "level", "not a level", heads["level"], f"use {' or '.join(LEVELS)}"))
        checks.append(Check(file.stem, *(heads.get(key, "") for key in (*_REQUIRED, "needs")), text))
    if problems:
        raise VocabularyError(problems)
    return checks


def find_breaches(checks: Iterable[Check], store: pyoxigraph.Store) -> list[Finding]:
    """Everything that breaks the rules, sorted by rule and entity.

    Oxigraph lets go of Python's lock during a query, hence two threads on two cores.
    """
    from concurrent.futures import ThreadPoolExecutor

    def run(check: Check) -> list[Finding]:
        try:
            rows = store.query(check.query)
        except SyntaxError as error:
            place = f"queries/checks/{check.name}.rq"
            raise VocabularyError([Problem(place, 0, "", "not valid SPARQL", "", str(error))]) from error
        return [
            Finding(check.name, *(str(row[name]) if row[name] is not None else "" for name in ("entity", "property", "value")))
            for row in rows
        ]

    with ThreadPoolExecutor(max_workers=2) as pool:
        return sorted({finding for found in pool.map(run, checks) for finding in found})
