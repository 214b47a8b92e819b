"""The drift report: where the graph and a registry disagree, for the terminal and as TSV; as a page in ``drift_page``."""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mesokg.errors import Problem
from mesokg.identifiers import compact, content_hash
from mesokg.registries.plain import one_line, plain, plain_problem
from mesokg.registries.proposals import TableRow

if TYPE_CHECKING:
    from typing import TextIO

__all__ = ["COLUMNS", "SEVERITIES", "Difference", "DriftReport", "drift_as_tsv", "print_drift"]

SEVERITIES = ("high", "medium", "low")
COLUMNS = (
    "key", "severity", "kind", "subject", "label", "property", "ours", "our_source", "our_date",
    "theirs", "their_source", "their_date", "rests_on_it", "acceptable", "note",
)


@dataclass(frozen=True)
class Difference:
    """One fact in which we and a registry differ.

    ``kind`` says how: ``changed``, ``missing here``, ``more exact``, ``not in the record``, ``worded differently``,
    ``ours is newer``, ``record gone``, ``merged``, ``results posted``, ``history``, ``retracted``, ``corrected``,
    ``obsolete``, ``renamed``. ``rows`` are what accepting would write; ``new`` says that they contradict nothing.
    """

    kind: str
    severity: str
    subject: str
    label: str
    property: str
    ours: str
    theirs: str
    their_source: str
    their_date: str
    our_source: str = ""
    our_date: str = ""
    rests: str = ""
    note: str = ""
    new: bool = False
    rows: tuple[TableRow, ...] = field(default=(), repr=False)

    @property
    def key(self) -> str:
        """Names the difference; the same as long as both sides say the same."""
        parts = (self.subject, self.property, self.kind, self.ours, self.theirs, self.their_source, self.their_date)
        return content_hash(*parts)[:8]

    def cells(self) -> tuple[str, ...]:
        """The difference as a line of the TSV report."""
        return (
            self.key, self.severity, self.kind, compact(self.subject), self.label, self.property, self.ours, self.our_source,
            self.our_date, self.theirs, self.their_source, self.their_date, self.rests,
            ("new" if self.new else "yes") if self.rows else "no", self.note,
        )  # fmt: skip


@dataclass(frozen=True)
class DriftReport:
    """All differences in order of severity, what went wrong on the way, and what was compared."""

    differences: tuple[Difference, ...] = ()
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()
    agreed: int = 0
    day: str = ""

    def __post_init__(self) -> None:
        order = {name: number for number, name in enumerate(SEVERITIES)}
        unique = {d.key: d for d in self.differences}
        ordered = sorted(unique.values(), key=lambda d: (order[d.severity], d.subject, d.property, d.theirs))
        object.__setattr__(self, "differences", tuple(ordered))
        object.__setattr__(self, "problems", tuple(sorted(set(map(plain_problem, self.problems)))))
        object.__setattr__(self, "notes", tuple(map(plain, self.notes)))

    @property
    def summary(self) -> str:
        """Counts in one line."""
        by = {s: sum(d.severity == s for d in self.differences) for s in SEVERITIES}
        parts = ", ".join(f"{number} {name}" for name, number in by.items())
        faults = f"; {len(self.problems)} problem{'' if len(self.problems) == 1 else 's'} on the way" if self.problems else ""
        number = len(self.differences)
        return f"{number} difference{'' if number == 1 else 's'} ({parts}), {self.agreed} values agree{faults}"


def print_drift(report: DriftReport, file: TextIO | None = None, *, width: int | None = None) -> None:
    """The report for the terminal: differences by thing, then problems, notes, what can be accepted, and the summary."""
    from rich.console import Console
    from rich.markup import escape

    if width is None:
        width = shutil.get_terminal_size().columns if (file or sys.stdout).isatty() else 10_000
    console = Console(file=file, width=width, highlight=False, emoji=False)
    styles = {"high": "bold red", "medium": "yellow", "low": ""}

    def show(text: str, style: str = "") -> None:
        console.print(escape(one_line(text)), style=style, soft_wrap=True)

    for one in report.differences:
        head = f"{one.key}  {one.severity}  {one.property} {one.kind}: {one.label} ({compact(one.subject)})"
        show(head, styles[one.severity])
        ours = f"{one.ours or '(nothing)'}" + (f"  [{one.our_source}{', ' + one.our_date if one.our_date else ''}]" if one.our_source else "")
        show(f"    ours    {ours}")
        show(f"    theirs  {one.theirs or '(nothing)'}  [{one.their_source}{', ' + one.their_date if one.their_date else ''}]")
        if one.rests:
            show(f"    on it   {one.rests}")
        if one.note:
            show(f"    note    {one.note}")
        if one.rows:
            show(f"    accept  --accept {one.key}{', or --all-new' if one.new else ''}")
    for problem in report.problems:
        show(f"problem: {problem}", "red" if problem.level == "error" else "yellow")
    for note in report.notes:
        show(f"note: {note}")
    if keys := [one for one in report.differences if one.rows]:
        show(f"{len(keys)} can be accepted, each with --accept KEY; --all-new takes {sum(one.new for one in keys)} of them")
    console.print(report.summary)


def _flat(text: str) -> str:
    return plain(" ".join(text.split()))


def drift_as_tsv(report: DriftReport) -> str:
    """The differences as tab-separated text with a header; the problems follow as lines of kind ``problem``."""
    lines = ["\t".join(COLUMNS)]
    lines += ["\t".join(map(_flat, one.cells())) for one in report.differences]
    for problem in report.problems:
        cells = {
            "severity": problem.level, "kind": "problem", "subject": problem.file, "property": problem.column,
            "theirs": problem.value, "acceptable": "no", "note": f"{problem.rule}: {problem.fix}",
        }  # fmt: skip
        lines.append("\t".join(_flat(cells.get(c, "")) for c in COLUMNS))
    return "\n".join(lines) + "\n"
