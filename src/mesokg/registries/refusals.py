"""Which differences a rule refuses, found by the rows that its problems name, so that the others can be written."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from mesokg.errors import Problem, ProblemsFound

if TYPE_CHECKING:
    from mesokg.registries.drift import Difference

__all__ = ["Refusal", "named", "writable"]

_SHOWN = 5
"""Problems of one difference that are shown; the others are counted."""

_PLACE = re.compile(r"data/(\w+)\.tsv:(\d+)")


@dataclass(frozen=True)
class Refusal:
    """A difference whose rows break a rule, and the problems that say which."""

    difference: Difference
    problems: tuple[Problem, ...]

    def __str__(self) -> str:
        one = self.difference
        more = f" (and {len(self.problems) - 1} more)" if len(self.problems) > 1 else ""
        first = self.problems[0] if self.problems else None
        why = f"{first.column} {first.rule}: {first.value!r}; {first.fix}" if first else "a rule refuses it together with the others"
        return f"{one.key} ({one.label}, {one.property} {one.kind}): {why.strip()}{more}"


def writable(
    chosen: list[Difference], check: Callable[[list[Difference]], object], must: frozenset[str] = frozenset()
) -> tuple[list[Difference], list[Refusal]]:
    """The differences whose rows break no rule together, and those that do.

    ``check`` writes the rows of some differences into a copy of the tables, and raises what validating it raises, with
    the rows of the copy by table and line as ``rows_of_copy``, since the problems name lines of the copy. Differences
    with a key in ``must`` are never left out: what they break is raised.
    """
    kept, refused = list(chosen), []
    while True:
        try:
            check(kept)
            return kept, refused
        except ProblemsFound as error:
            guilty = _guilty(error, kept)
            if any(one.key in must for one, _ in guilty):
                raise named(error, kept) from None
            if not guilty:
                break
        gone = {one.key for one, _ in guilty}
        kept = [one for one in kept if one.key not in gone]
        refused += [Refusal(one, problems) for one, problems in guilty]
    good = [one for one in kept if one.key in must]
    if good:
        _try(check, good)
    rest = [one for one in kept if one.key not in must]
    good, bad = _halves(check, good, rest)
    return good, refused + bad


def _try(check: Callable[[list[Difference]], object], some: list[Difference]) -> None:
    try:
        check(some)
    except ProblemsFound as error:
        raise named(error, some) from None


def _halves(
    check: Callable[[list[Difference]], object], good: list[Difference], some: list[Difference]
) -> tuple[list[Difference], list[Refusal]]:
    """What of ``some`` can be written beside ``good``, tried in halves."""
    if not some:
        return good, []
    try:
        check([*good, *some])
        return [*good, *some], []
    except ProblemsFound as error:
        if len(some) == 1:
            return good, [Refusal(some[0], tuple(p for p in error.problems if p.level == "error"))]
    middle = len(some) // 2
    good, first = _halves(check, good, some[:middle])
    good, second = _halves(check, good, some[middle:])
    return good, first + second


def named(error: ProblemsFound, chosen: list[Difference]) -> ProblemsFound:
    """The error with its errors only, each named by the key of the difference whose row it is about, a few of each."""
    errors = [p for p in error.problems if p.level == "error"]
    owners = _owners(error)
    by_place: dict[str, list[Problem]] = {}
    for problem in errors:
        keys = [one for one in chosen if any(_owns(one, problem.file, row) for row in owners(problem))]
        # what is said of an old row comes of the new ones; a line of the copy tells nobody where
        keys = keys or (chosen if len(chosen) == 1 else [])
        place = f"{keys[0].key} ({keys[0].label}, {keys[0].property})" if keys else problem.file
        line = 0 if chosen else problem.line
        by_place.setdefault(place, []).append(replace(problem, file=place, line=line, fix=_without_lines(problem.fix)))
    shown: list[Problem] = []
    for place, problems in by_place.items():
        problems = sorted(set(problems))
        shown += problems[:_SHOWN]
        if len(problems) > _SHOWN:
            shown.append(Problem(place, 0, "", "more problems", f"{len(problems) - _SHOWN}", "those shown come first"))
    return type(error)(shown)


def _guilty(error: ProblemsFound, chosen: list[Difference]) -> list[tuple[Difference, tuple[Problem, ...]]]:
    """The differences whose rows stand where the errors are; else those whose rows the errors name in words."""
    owners = _owners(error)
    found: dict[str, tuple[Difference, list[Problem]]] = {}
    for problem in (p for p in error.problems if p.level == "error"):
        for rows, file in ((owners(problem), problem.file), *((owners(problem, m), m[0]) for m in _PLACE.finditer(problem.fix))):
            mine = [one for one in chosen if any(_owns(one, file, row) for row in rows)]
            if mine:
                told = replace(problem, fix=_without_lines(problem.fix))
                for one in mine:
                    found.setdefault(one.key, (one, []))[1].append(told)
                break
    return [(one, tuple(problems)) for one, problems in found.values()]


def _owners(error: ProblemsFound) -> Callable[..., list[dict[str, str]]]:
    """Gives the cells of the row of the copy that a problem is about, or that its words name."""
    tables: dict[str, dict[int, dict[str, str]]] = getattr(error, "rows_of_copy", {})

    def rows(problem: Problem, place: re.Match[str] | None = None) -> list[dict[str, str]]:
        name, line = (place[1], int(place[2])) if place else (Path(problem.file).stem, problem.line)
        row = tables.get(name, {}).get(line)
        return [row] if row else []

    return rows


def _owns(one: Difference, file: str, row: dict[str, str]) -> bool:
    name = Path(file.partition(":")[0]).stem
    return any(table == name and {k: v for k, v in cells.items() if v}.items() <= row.items() for table, cells in one.rows)


def _without_lines(text: str) -> str:
    """A text without lines of the copy, which nobody else can see."""
    return _PLACE.sub(r"data/\1.tsv", text)

