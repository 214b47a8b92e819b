"""Tables corrupted at random: every corruption is reported at its row, or provably changes nothing it should not.

Harmless means: facts and evidence are the same set of triples.
"""

from __future__ import annotations

import random
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import TINY
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mesokg.errors import TableError
from mesokg.graph import build_graph
from mesokg.tables import read_tables

Rows = list[list[str]]
TABLES = sorted(path.stem for path in TINY.glob("*.tsv"))


def _pick(rng: random.Random, rows: Rows, *, filled: bool = True) -> tuple[int, int]:
    """A data row and a column of it, by index; filled cells only unless told otherwise."""
    spots = [(r, c) for r, row in enumerate(rows) if r for c, cell in enumerate(row) if cell or not filled]
    return rng.choice(spots)


def _column(rows: Rows, name: str) -> int | None:
    return rows[0].index(name) if name in rows[0] else None


def swap_prefix(rng: random.Random, rows: Rows) -> tuple[int, str]:
    r = rng.randrange(1, len(rows))
    if rows[0][0] != "id":
        return delete_source(rng, rows)
    rows[r][0] = "nosuch:" + rows[r][0].partition(":")[2]
    return r, "reported"


def lose_reference(rng: random.Random, rows: Rows) -> tuple[int, str]:
    spots = [(r, c) for r, row in enumerate(rows) if r for c, cell in enumerate(row) if cell.startswith("mkg:") and c > 0]
    if not spots:
        return swap_prefix(rng, rows)
    r, c = rng.choice(spots)
    rows[r][c] += "-lost"
    return r, "reported"


def delete_source(rng: random.Random, rows: Rows) -> tuple[int, str]:
    c = _column(rows, "source")
    spots = [r for r, row in enumerate(rows) if r and c is not None and row[c]]
    if not spots:
        return add_control_character(rng, rows)
    r = rng.choice(spots)
    rows[r][c] = ""  # type: ignore[index]
    return r, "reported"


def add_control_character(rng: random.Random, rows: Rows) -> tuple[int, str]:
    r, c = _pick(rng, rows)
    rows[r][c] += rng.choice("\x00\x01\x0b\x1b\x7f\x85")
    return r, "reported"


def add_tab(rng: random.Random, rows: Rows) -> tuple[int, str]:
    r, c = _pick(rng, rows)
    rows[r][c] += "\t"
    return r, "reported"


def drop_cell(rng: random.Random, rows: Rows) -> tuple[int, str]:
    r, c = _pick(rng, rows, filled=False)
    del rows[r][c]
    return r, "reported"


def rename_column(rng: random.Random, rows: Rows) -> tuple[int, str]:
    c = rng.randrange(len(rows[0]))
    rows[0][c] += "x"
    return 0, "reported"


def repeat_row(rng: random.Random, rows: Rows) -> tuple[int, str]:
    r = rng.randrange(1, len(rows))
    rows.append([*rows[r]])
    return len(rows) - 1, "reported"


def spoil_typed_cell(rng: random.Random, rows: Rows) -> tuple[int, str]:
    typed = ("startDate", "enrolmentPlanned", "doseLow", "armSize", "numerator", "phase", "status", "route", "checked_on", "evidence", "publicationYear", "replicationCompetence", "resultStatus", "formKind", "geneRole", "registry")
    spots = [(r, c) for r, row in enumerate(rows) if r for c, cell in enumerate(row) if cell and rows[0][c] in typed]
    if not spots:
        return swap_prefix(rng, rows)
    r, c = rng.choice(spots)
    rows[r][c] = rng.choice(["banana", "12 or 13", "-", "2000-99", "NaN"])
    return r, "reported"


def pad_value(rng: random.Random, rows: Rows) -> tuple[int, str]:
    spots = [(r, c) for r, row in enumerate(rows) if r for c, cell in enumerate(row) if cell and rows[0][c] not in ("locator", "comment", "synonyms", "type")]
    r, c = rng.choice(spots)
    rows[r][c] = f" {rows[r][c]}"
    return r, "reported"


def shuffle_rows(rng: random.Random, rows: Rows) -> tuple[int, str]:
    body = rows[1:]
    rng.shuffle(body)
    rows[1:] = body
    return 0, "same graph"


def shuffle_columns(rng: random.Random, rows: Rows) -> tuple[int, str]:
    order = list(range(len(rows[0])))
    rng.shuffle(order)
    rows[:] = [[row[i] for i in order] for row in rows]
    return 0, "same graph"


def add_empty_column(rng: random.Random, rows: Rows) -> tuple[int, str]:
    if "reportedIn" in rows[0]:
        return shuffle_rows(rng, rows)
    for number, row in enumerate(rows):
        row.append("" if number else "reportedIn")
    return 0, "same graph"


CORRUPTIONS: list[Callable[[random.Random, Rows], tuple[int, str]]] = [
    swap_prefix, lose_reference, delete_source, add_control_character, add_tab, drop_cell, rename_column, repeat_row,
    spoil_typed_cell, pad_value, shuffle_rows, shuffle_columns, add_empty_column,
]  # fmt: skip


@pytest.fixture(scope="module")
def whole() -> frozenset[object]:
    return _graph(TINY)


def _graph(data: Path) -> frozenset[object]:
    made = build_graph(read_tables(data))
    return frozenset([*made.facts, *made.evidence])


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(corrupt=st.sampled_from(CORRUPTIONS), table=st.sampled_from(TABLES), seed=st.integers(0, 2**32))
def test_corruptions_are_reported_or_harmless(whole: frozenset[object], corrupt: Callable[[random.Random, Rows], tuple[int, str]], table: str, seed: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        data = Path(shutil.copytree(TINY, Path(folder) / "data"))
        path = data / f"{table}.tsv"
        rows = [line.split("\t") for line in path.read_text(encoding="utf-8").removesuffix("\n").split("\n")]
        row, expected = corrupt(random.Random(seed), rows)
        path.write_text("".join("\t".join(cells) + "\n" for cells in rows), encoding="utf-8", newline="\n")
        if expected == "same graph":
            assert _graph(data) == whole
            return
        with pytest.raises(TableError) as caught:
            build_graph(read_tables(data))
        places = [(p.file, p.line) for p in caught.value.problems]
        assert (f"data/{table}.tsv", row + 1) in places, caught.value


def test_every_corruption_is_tried_on_every_table(whole: frozenset[object]) -> None:
    """The random test samples; this one makes sure that no kind is left to chance."""
    for corrupt in CORRUPTIONS:
        for number, table in enumerate(TABLES):
            test_corruptions_are_reported_or_harmless.hypothesis.inner_test(whole, corrupt, table, number)
