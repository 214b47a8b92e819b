"""Writes the rows that a curator accepts: shown as a diff, validated with the whole pipeline, all or none.

The new tables are first written whole beside the old ones, then a list of them, then each is renamed to its place.
Whoever stops between two renames leaves tables that read, and :func:`finish_stopped` puts the others in place.
"""

from __future__ import annotations

import difflib
import hashlib
import shutil
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from mesokg.beside import put_in_place, write_beside
from mesokg.errors import ExportError, ProblemsFound, UsageError, suggest
from mesokg.registries.drift import Difference, DriftReport
from mesokg.registries.proposals import TableRow
from mesokg.registries.refusals import Refusal, named, writable

if TYPE_CHECKING:
    from mesokg.sheets import Sheet

__all__ = ["accept", "finish_stopped", "refuse_while_waiting"]

_ORDER = ("registry_records", "organisations", "publications", "trials", "arms", "administrations", "outcomes")
"""Tables in the order in which they are put in place: what is referred to first, so that a stop between two leaves
tables that read without a problem."""

_WAITING = ".accepted"
"""Ends the names of new tables that wait to be put in place."""

_LIST = ".accepted-tables"
"""The file that names the tables that wait, each with the hashes of the table it was made from and of the new one;
written when all of them are whole."""


def accept(
    report: DriftReport,
    keys: Iterable[str] = (),
    *,
    all_new: bool = False,
    data: Path | None = None,
    dry_run: bool = False,
    validate: Callable[[Path], object] | None = None,
    refused: list[Refusal] | None = None,
) -> tuple[str, int]:
    """Write the rows of the differences with these keys, or of all that contradict nothing; returns the change as a
    unified diff, and how many rows are new.

    The new tables are validated with the whole pipeline on a copy before one byte is written; ``dry_run`` stops there.
    Where a rule breaks, nothing is written; with a list ``refused`` and ``all_new`` what breaks rules is appended to it
    and the rest is written. Raises UsageError for unknown keys and for differences that cannot be accepted, TableError
    or CheckFailed where the new rows would break a rule, ExportError where a table changed meanwhile or cannot be
    written, and where an earlier accept was stopped and cannot be finished.
    """
    from mesokg.resources import folder
    from mesokg.sheets import read_sheets

    root = data or folder("data")
    if dry_run:
        refuse_while_waiting(root)
    else:
        finish_stopped(root)
    chosen, must = _chosen(report, list(keys), all_new)
    before = {sheet.name: sheet for sheet in read_sheets(root)}
    texts = {name: (root / f"{name}.tsv").read_bytes() for name in before}
    with tempfile.TemporaryDirectory(prefix="mesokg-accept-") as folder_name:
        copy = Path(folder_name) / "data"

        def check(some: list[Difference]) -> dict[str, bytes]:
            """The new tables by name, written to the copy and validated."""
            shutil.rmtree(copy, ignore_errors=True)
            copy.mkdir()
            for path in sorted(root.glob("*.tsv")):
                shutil.copyfile(path, copy / path.name)
            try:
                written = _write_rows(copy, before, _rows_of(some))
                if written or not some:
                    (validate or _validate)(copy)
            except ProblemsFound as error:
                error.rows_of_copy = _rows_by_line(copy)  # type: ignore[attr-defined]
                raise
            return {name: (copy / f"{name}.tsv").read_bytes() for name in written}

        try:
            fresh = check(chosen)
        except ProblemsFound as error:
            try:
                check([])
            except ProblemsFound as before_all:  # the tables were not in order before
                raise named(before_all, []) from None
            if refused is None or not all_new:
                raise named(error, chosen) from None
            kept, bad = writable(chosen, check, must)
            refused.extend(bad)
            fresh = check(kept) if kept else {}
    if not fresh:
        return "", 0
    fresh = {name: fresh[name] for name in sorted(fresh, key=lambda n: (_ORDER.index(n) if n in _ORDER else len(_ORDER), n))}
    diff = "".join(_diff(name, texts.get(name, b""), fresh[name]) for name in fresh)
    number = sum(line.startswith("+") and not line.startswith("+++") for line in diff.splitlines()) - sum(
        line.startswith("-") and not line.startswith("---") for line in diff.splitlines()
    )
    if not dry_run:
        _put(root, texts, fresh)
    return diff, number


def _put(root: Path, old: dict[str, bytes], fresh: dict[str, bytes]) -> None:
    """Put all new tables in place of the old ones."""
    for name in fresh:
        path = root / f"{name}.tsv"
        if (path.read_bytes() if path.exists() else b"") != old.get(name, b""):
            raise ExportError(f"{path} changed while the new rows were checked; nothing was written, run the command again")
    try:
        for name, content in fresh.items():
            write_beside(root / f"{name}.tsv{_WAITING}", content)
    except ExportError:
        for name in fresh:
            (root / f"{name}.tsv{_WAITING}").unlink(missing_ok=True)
        raise
    write_beside(root / _LIST, "".join(f"{name}\t{_hash(old.get(name))}\t{_hash(fresh[name])}\n" for name in fresh))
    finish_stopped(root)


def _hash(content: bytes | None) -> str:
    return hashlib.sha256(content).hexdigest() if content is not None else "none"


def _hash_of(path: Path) -> str:
    return _hash(path.read_bytes() if path.exists() else None)


def finish_stopped(data: Path | None = None) -> list[str]:
    """Put in place the new tables that an accept left waiting when it was stopped; returns their names.

    All of them are whole: their list is written last. New tables without a list are removed, since nothing says that
    they were all written. Raises ExportError, and puts none in place, where a table is no longer the one from which
    its new one was made: what was typed since stays.
    """
    from mesokg.resources import folder

    root = data or folder("data")
    waiting = root / _LIST
    if not waiting.exists():
        for path in root.glob(f"*.tsv{_WAITING}"):
            path.unlink(missing_ok=True)
        return []
    listed = [(line.split("\t") + ["", ""])[:3] for line in waiting.read_text(encoding="utf-8").splitlines()]
    left: list[str] = []
    for name, old, new in listed:
        table, beside = root / f"{name}.tsv", root / f"{name}.tsv{_WAITING}"
        if not beside.exists():
            continue  # in place already
        if _hash_of(beside) != new or _hash_of(table) not in (old, new):
            raise ExportError(
                f"{table} was changed after the --accept that was stopped, so its new rows were not put in its place; they "
                f"wait in {beside}. Copy those that you want into {table}, delete {beside}, and run the command again"
            )
        left.append(name)
    for name in left:
        put_in_place(root / f"{name}.tsv{_WAITING}", root / f"{name}.tsv")
    waiting.unlink()
    return [name for name, _, _ in listed]


def refuse_while_waiting(data: Path | None = None) -> None:
    """Raise ExportError where an accept was stopped: nothing can be shown of tables that are half new."""
    from mesokg.resources import folder

    root = data or folder("data")
    if (root / _LIST).exists():
        names = ", ".join(sorted(path.name for path in root.glob(f"*.tsv{_WAITING}")))
        raise ExportError(f"an earlier --accept was stopped half way, and {names or 'its list'} waits in {root}; run the command without --dry-run once, which puts it in place")


def _chosen(report: DriftReport, keys: list[str], all_new: bool) -> tuple[list[Difference], frozenset[str]]:
    """The differences to be written, and the keys of those that were named."""
    by_key = {one.key: one for one in report.differences}
    chosen: list[Difference] = []
    for key in keys:
        one = by_key.get(key)
        if one is None:
            raise UsageError(f"there is no difference {key!r} in this report; {suggest(key, by_key)}")
        if not one.rows:
            raise UsageError(f"{key} ({one.label}, {one.property}) cannot be accepted: {one.note or 'there is nothing to write'}")
        chosen.append(one)
    if all_new:
        chosen += [one for one in report.differences if one.new and one.rows and one not in chosen]
    return chosen, frozenset(keys)


def _rows_of(chosen: list[Difference]) -> list[TableRow]:
    return list({(table, tuple(sorted(cells.items()))): (table, cells) for one in chosen for table, cells in one.rows}.values())


def _rows_by_line(copy: Path) -> dict[str, dict[int, dict[str, str]]]:
    """The rows of the copy by table and line; nothing of what cannot be read."""
    found: dict[str, dict[int, dict[str, str]]] = {}
    for path in copy.glob("*.tsv"):
        head, *lines = path.read_text(encoding="utf-8").split("\n")
        names = head.split("\t")
        found[path.stem] = {n: {k: v for k, v in zip(names, line.split("\t"), strict=False) if v} for n, line in enumerate(lines, 2)}
    return found


def _write_rows(copy: Path, before: dict[str, Sheet], rows: list[TableRow]) -> set[str]:
    """Add the rows to the tables of the copy, in the form of ``mesokg tidy`` where a table had it."""
    from mesokg.sheets import Sheet, read_sheets, write_sheet
    from mesokg.tables import read_tables
    from mesokg.tidy import tidy_sheet
    from mesokg.vocabulary import read_vocabulary

    vocabulary = read_vocabulary()
    by_table: dict[str, list[dict[str, str]]] = {}
    for table, cells in rows:
        by_table.setdefault(table, []).append({k: v for k, v in cells.items() if v})
    old = read_tables(copy, vocabulary)
    tidy = {name for name in by_table if name in before and _same(tidy_sheet(before[name], old, vocabulary), before[name])}
    changed: set[str] = set()
    for table, added in by_table.items():
        sheet = before.get(table) or Sheet(table, (), ())
        header = list(dict.fromkeys([*sheet.header, *(name for cells in added for name in cells)]))
        existing = {tuple(sorted((h, c) for h, c in zip(sheet.header, cells, strict=True) if c)) for _, cells in sheet.rows}
        fresh = [cells for cells in added if tuple(sorted(cells.items())) not in existing and not _known_thing(cells, sheet)]
        if not fresh:
            continue
        width = len(header) - len(sheet.header)
        body = [cells + ("",) * width for _, cells in sheet.rows] + [tuple(cells.get(h, "") for h in header) for cells in fresh]
        write_sheet(Sheet(table, tuple(header), tuple(enumerate(body, 2))), copy / f"{table}.tsv")
        changed.add(table)
    if changed:
        new = read_tables(copy, vocabulary)
        for name in sorted(changed & (tidy | (set(by_table) - set(before)))):
            sheet = next(s for s in read_sheets(copy) if s.name == name)
            write_sheet(tidy_sheet(sheet, new, vocabulary), copy / f"{name}.tsv")
    return changed


def _known_thing(cells: dict[str, str], sheet: Sheet) -> bool:
    """Whether a row only names a thing (no source) that the table has already."""
    if "source" in cells or "id" not in sheet.header:
        return False
    place = sheet.header.index("id")
    return any(row[place] == cells.get("id") for _, row in sheet.rows)


def _same(one: Sheet, other: Sheet) -> bool:
    return one.header == other.header and [c for _, c in one.rows] == [c for _, c in other.rows]


def _validate(data: Path) -> None:
    from mesokg.release import assemble

    assemble(data)


def _diff(name: str, old: bytes, new: bytes) -> str:
    """The change as a unified diff. Where the table gained a column, its old rows are laid out in the new ones first,
    so that the diff shows what was added, not every row.
    """
    a, b = (text.decode("utf-8").splitlines(keepends=True) for text in (old, new))
    if a and a[0] != b[0]:
        before, after = (line.rstrip("\n").split("\t") for line in (a[0], b[0]))
        if set(before) <= set(after):
            rows = [dict(zip(before, line.rstrip("\n").split("\t"), strict=True)) for line in a[1:]]
            a = [a[0], *("\t".join(row.get(column, "") for column in after) + "\n" for row in rows)]
    return "".join(difflib.unified_diff(a, b, f"data/{name}.tsv", f"data/{name}.tsv (accepted)", n=0))
