"""Prints answers: aligned table, CSV, TSV, JSON, Turtle."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Sequence
from itertools import chain
from typing import TYPE_CHECKING

from mesokg.errors import UsageError, suggest

if TYPE_CHECKING:
    from mesokg.store import Answer

__all__ = ["ANSWER_FORMATS", "format_answer", "plain"]

ANSWER_FORMATS = ("table", "csv", "tsv", "json", "ttl")


def plain(term: object) -> str:
    """A term for people: CURIE, text of a literal, dates without midnight, empty where unbound."""
    from mesokg.identifiers import compact

    if term is None:
        return ""
    kind = type(term).__name__
    if kind == "NamedNode":
        return compact(term.value)  # type: ignore[attr-defined]
    if kind == "Literal":
        return term.value.removesuffix("T00:00:00Z")  # type: ignore[attr-defined]
    return str(term)


_GAP = "   "
_LEAST = 5
"""The fewest columns of a terminal for each column of a table; with fewer nobody could read what is folded."""
_BROKEN = re.compile(r"[\x00-\x1f\x7f]")


def _table(answer: Answer, width: int | None) -> str:
    from rich.cells import cell_len

    rows = [answer.variables, *([plain(term) for term in row] for row in answer.rows)]
    room = width or 160
    if answer.variables and not any(map(_BROKEN.search, chain.from_iterable(rows))):
        widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
        gaps = len(_GAP) * (len(widths) - 1)
        if sum(widths) + gaps <= room or room - gaps < _LEAST * len(widths):
            return _aligned(rows, widths)
    return _folded(rows, room)


def _aligned(rows: list[Sequence[str]], widths: list[int]) -> str:
    """Nothing has to be folded: the same text as that of :func:`_folded`, in a small part of the time."""
    from rich.cells import cell_len

    def line(row: Sequence[str]) -> str:
        return _GAP.join(text + " " * (width - cell_len(text)) for text, width in zip(row, widths, strict=True)).rstrip()

    rule = "─" * (sum(widths) + len(_GAP) * (len(widths) - 1))
    return "\n".join((line(rows[0]), rule, *map(line, rows[1:]), ""))


def _folded(rows: list[Sequence[str]], width: int) -> str:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for name in rows[0]:
        # an id that is cut short cannot be copied, so only texts are folded
        table.add_column(name, overflow="fold")
    for row in rows[1:]:
        table.add_row(*map(Text, row))
    out = io.StringIO()
    Console(file=out, width=width, color_system=None, legacy_windows=False).print(table)
    return "\n".join(line.rstrip() for line in out.getvalue().split("\n"))


def _rows(answer: Answer, dialect: str) -> str:
    out = io.StringIO()
    writer = csv.writer(out, delimiter="," if dialect == "csv" else "\t", lineterminator="\n")
    writer.writerow(answer.variables)
    writer.writerows([plain(term) for term in row] for row in answer.rows)
    return out.getvalue()


def _json(answer: Answer) -> str:
    """SPARQL 1.1 results in JSON (https://www.w3.org/TR/sparql11-results-json/)."""

    def value(term: object) -> dict[str, str]:
        kind = type(term).__name__
        if kind == "NamedNode":
            return {"type": "uri", "value": term.value}  # type: ignore[attr-defined]
        if kind == "BlankNode":
            return {"type": "bnode", "value": term.value}  # type: ignore[attr-defined]
        found = {"type": "literal", "value": term.value}  # type: ignore[attr-defined]
        if term.language:  # type: ignore[attr-defined]
            found["xml:lang"] = term.language  # type: ignore[attr-defined]
        elif not term.datatype.value.endswith("#string"):  # type: ignore[attr-defined]
            found["datatype"] = term.datatype.value  # type: ignore[attr-defined]
        return found

    if answer.kind == "boolean":
        return json.dumps({"head": {}, "boolean": answer.truth}) + "\n"
    bindings = [
        {name: value(term) for name, term in zip(answer.variables, row, strict=True) if term is not None}
        for row in answer.rows
    ]
    whole = {"head": {"vars": list(answer.variables)}, "results": {"bindings": bindings}}
    return json.dumps(whole, ensure_ascii=False, indent=1) + "\n"


def _turtle(answer: Answer) -> str:
    from pyoxigraph import Quad, RdfFormat, serialize

    from mesokg.rdf_files import used_prefixes

    triples = sorted(answer.triples, key=str)
    prefixes = used_prefixes([Quad(*triple) for triple in triples])
    return serialize(triples, format=RdfFormat.TURTLE, prefixes=prefixes).decode()


def format_answer(answer: Answer, style: str = "table", *, width: int | None = None) -> str:
    """The answer as text that ends with a line feed. ``width`` is that of the terminal in columns.

    Raises UsageError for an unknown style, or one that does not fit the kind of answer.
    """
    if style not in ANSWER_FORMATS:
        raise UsageError(f"there is no format {style!r}; {suggest(style, ANSWER_FORMATS)}")
    if answer.kind == "triples":
        if style not in ("table", "ttl"):
            raise UsageError(f"the query makes triples, which {style} cannot hold; use --format ttl")
        return _turtle(answer)
    if style == "ttl":
        raise UsageError("the query makes a table, which Turtle cannot hold; use table, csv, tsv or json")
    if style == "json":
        return _json(answer)
    if answer.kind == "boolean":
        return f"{'true' if answer.truth else 'false'}\n"
    return _table(answer, width) if style == "table" else _rows(answer, style)
