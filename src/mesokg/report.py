"""The report of a validation: problems in order, as a table for people, as TSV or as JSON."""

from __future__ import annotations

import json
import shutil
import sys
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from mesokg.errors import Problem, ProblemsFound

if TYPE_CHECKING:
    from typing import TextIO

__all__ = ["Report", "print_report", "report_as_json", "report_as_tsv"]

_COLUMNS = tuple(field.name for field in fields(Problem))


@dataclass(frozen=True)
class Report:
    """All problems, sorted and without doubles, and notes on what was left out.

    >>> report = Report((Problem("data/arms.tsv", 3, "armOf", "arm-arm-of MinCount", "arm 1", "Fill armOf."),))
    >>> report.ok, report.summary
    (False, '1 error, 0 warnings')
    """

    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "problems", tuple(sorted(set(self.problems))))

    @classmethod
    def of(cls, error: ProblemsFound) -> Report:
        """What a stage found, with a note of what is not checked yet."""
        return cls(tuple(error.problems), (error.unchecked,) if error.unchecked else ())

    @property
    def errors(self) -> tuple[Problem, ...]:
        """The problems that stop a build."""
        return tuple(problem for problem in self.problems if problem.level == "error")

    @property
    def ok(self) -> bool:
        """Whether there is no error; warnings do not count."""
        return not self.errors

    @property
    def summary(self) -> str:
        """How many errors and warnings there are."""
        errors, warnings = len(self.errors), len(self.problems) - len(self.errors)
        return f"{errors} error{'' if errors == 1 else 's'}, {warnings} warning{'' if warnings == 1 else 's'}"

    def __add__(self, other: Report) -> Report:
        notes = self.notes + tuple(note for note in other.notes if note not in self.notes)
        return Report(self.problems + other.problems, notes)


def _visible(text: str) -> str:
    """The text with what a terminal would obey or hide spelt out: a cell may hold an escape sequence.

    >>> print(_visible("red\\x1b[31m and \\u202eturned"))
    red\\x1b[31m and \\u202eturned
    """
    return "".join(char if char.isprintable() or char == "\n" else char.encode("unicode_escape").decode() for char in text)


def print_report(report: Report, file: TextIO | None = None, *, width: int | None = None) -> None:
    """The report as a table, errors in red, then the notes and the summary.

    ``width`` is in characters; None takes the width of the terminal, or 220 where there is none. Below 140 characters
    each problem takes two lines, since folded columns cannot be read.
    """
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    if width is None:
        target = file or sys.stdout
        width = shutil.get_terminal_size().columns if target is not None and target.isatty() else 220
    console = Console(file=file, width=width, highlight=False)
    if width < 140:
        for problem in report.problems:
            style = "red" if problem.level == "error" else "yellow"
            place = f"{problem.file}:{problem.line}" if problem.line else problem.file
            head = f"{place} {problem.column} {problem.level}: {problem.rule}: {problem.value}"
            console.print(escape(_visible(head)), style=style, soft_wrap=True)
            console.print(escape(_visible(f"    {problem.fix}")), soft_wrap=True)
    elif report.problems:
        table = Table(show_lines=False, pad_edge=False, box=None)
        for column in ("place", "column", "level", "rule", "value", "how to fix"):
            table.add_column(column, overflow="fold")
        for problem in report.problems:
            place = f"{problem.file}:{problem.line}" if problem.line else problem.file
            cells = (place, problem.column, problem.level, problem.rule, problem.value, problem.fix)
            table.add_row(*(escape(_visible(cell)) for cell in cells), style="red" if problem.level == "error" else "yellow")
        console.print(table)
    for note in report.notes:
        console.print(f"note: {escape(note)}")
    console.print(report.summary)


def report_as_tsv(report: Report) -> str:
    """The report as tab-separated text with a header; tabs and line feeds in a cell become a space, other controls are spelt out.

    >>> report_as_tsv(Report())
    'file\\tline\\tcolumn\\trule\\tvalue\\tfix\\tlevel\\n'
    """
    rows = [_COLUMNS, *(tuple(problem.as_dict().values()) for problem in report.problems)]
    return "".join("\t".join(_visible(str(cell).replace("\t", " ").replace("\n", " ")) for cell in row) + "\n" for row in rows)


def report_as_json(report: Report) -> str:
    """The report as JSON: ``ok``, ``problems`` (one object each) and ``notes``.

    >>> report_as_json(Report())
    '{"ok": true, "problems": [], "notes": []}\\n'
    """
    body = {
        "ok": report.ok,
        "problems": [problem.as_dict() for problem in report.problems],
        "notes": list(report.notes),
    }
    return json.dumps(body, ensure_ascii=False, indent=2 if report.problems else None) + "\n"
