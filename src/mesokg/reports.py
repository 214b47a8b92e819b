"""Prints problems as one table: file, line, column, level, rule, value, how to fix."""

from __future__ import annotations

import json
from collections.abc import Sequence

from mesokg.errors import Problem

__all__ = ["COLUMNS", "format_problems"]

COLUMNS = ("file", "line", "column", "level", "rule", "value", "fix")


def format_problems(problems: Sequence[Problem], style: str = "table") -> str:
    """The problems as ``table``, ``tsv`` or ``json``; ends with a line feed unless there are none.

    >>> print(format_problems([Problem("data/trials.tsv", 2, "phase", "value not in list", "3b", "use 3")], "tsv"), end="")
    file	line	column	level	rule	value	fix
    data/trials.tsv	2	phase	error	value not in list	3b	use 3
    """
    rows = [[str(problem.as_dict()[name]) for name in COLUMNS] for problem in problems]
    if style == "json":
        return json.dumps([problem.as_dict() for problem in problems], ensure_ascii=False, indent=1) + "\n"
    if style == "tsv":
        clean = [[cell.replace("\t", " ").replace("\n", " ") for cell in row] for row in rows]
        return "".join("\t".join(row) + "\n" for row in [list(COLUMNS), *clean])
    if not problems:
        return ""
    return _table(rows)


def _table(rows: list[list[str]]) -> str:
    import io
    import shutil
    import sys

    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for name in COLUMNS:
        table.add_column(name, overflow="fold", ratio=4 if name == "fix" else None)
    for row in rows:
        table.add_row(*map(Text, row))
    out = io.StringIO()
    width = shutil.get_terminal_size().columns if sys.stderr.isatty() else 400
    Console(file=out, width=max(width, 80), color_system=None, legacy_windows=False).print(table)
    return "\n".join(line.rstrip() for line in out.getvalue().split("\n"))
