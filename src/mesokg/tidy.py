"""Brings the curated tables into their one form, so that a change shows as the lines that changed.

Columns: names, properties in alphabetical order, where a fact comes from. Rows: by id, then source and place.
A column of outside identifiers is followed by a ``…_label`` column for people.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mesokg.identifiers import PREFIXES, expand
from mesokg.sheets import Sheet, read_sheets, write_sheet
from mesokg.tables import (
    LABEL_SUFFIX,
    NAMING_COLUMNS,
    PLAIN_TABLES,
    PROVENANCE_COLUMNS,
    Tables,
    read_tables,
)

if TYPE_CHECKING:
    from mesokg.vocabulary import TableSpec, Vocabulary

__all__ = ["needs_labels", "tidy_sheet", "tidy_tables"]

_OUTSIDE = frozenset(PREFIXES) - {"mkg", "mesokg"}


def needs_labels(column: str, cells: list[str], spec: TableSpec) -> bool:
    """Whether a column refers to things by outside identifiers, which say nothing to people."""
    prop = spec.columns.get(column)
    if prop is None or prop.kind != "object":
        return False
    return any(part.partition(":")[0] in _OUTSIDE for cell in cells for part in cell.split("|") if ":" in part)


def _labels(cell: str, tables: Tables) -> str:
    def label(part: str) -> str:
        return tables.labels.get(expand(part), part)

    return "|".join(label(part) for part in cell.split("|")) if ":" in cell else ""


def tidy_sheet(sheet: Sheet, tables: Tables, vocabulary: Vocabulary) -> Sheet:
    """The sheet in its one form; what it says is unchanged."""
    rows = [dict(zip(sheet.header, cells, strict=True)) for _, cells in sheet.rows]
    if sheet.name in PLAIN_TABLES:
        header = sheet.header
    else:
        spec = vocabulary.tables[sheet.name]
        used = {name for row in rows for name, cell in row.items() if cell and not name.endswith(LABEL_SUFFIX)}
        columns: list[str] = []
        for name in sorted(spec.columns):
            if name in used:
                columns.append(name)
                if needs_labels(name, [row.get(name, "") for row in rows], spec):
                    columns.append(name + LABEL_SUFFIX)
                    for row in rows:
                        row[name + LABEL_SUFFIX] = _labels(row.get(name, ""), tables)
        naming = [] if spec.row_class else [n for n in NAMING_COLUMNS if n in used or n in ("id", "label")]
        if spec.row_class:
            columns.sort(key=lambda n: spec.identity.index(n) if n in spec.identity else len(spec.identity))
        header = (*naming, *columns, *(n for n in PROVENANCE_COLUMNS if n in used))
    leading = [n for n in ("id", "outcomeOf", "inArm", "measure", "source", "locator") if n in header]
    rows.sort(key=lambda row: ([row.get(n, "") for n in leading], [row.get(n, "") for n in header]))
    return Sheet(sheet.name, tuple(header), tuple((i, tuple(row.get(n, "") for n in header)) for i, row in enumerate(rows, 2)))


def tidy_tables(data: Path | None = None) -> list[str]:
    """Rewrite every table that is not in its form; the names of those that changed.

    Nothing is written unless all tables are read without a problem. Raises TableError otherwise.
    """
    from mesokg.resources import folder
    from mesokg.vocabulary import read_vocabulary

    root = data or folder("data")
    vocabulary = read_vocabulary()
    tables = read_tables(root, vocabulary)
    changed: list[str] = []
    for sheet in read_sheets(root):
        tidied = tidy_sheet(sheet, tables, vocabulary)
        if (tidied.header, [c for _, c in tidied.rows]) != (sheet.header, [c for _, c in sheet.rows]):
            write_sheet(tidied, root / f"{sheet.name}.tsv")
            changed.append(sheet.name)
    return changed
