"""One comparison under way: our side, what has been found so far, and the day of reading."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from mesokg.errors import Problem
from mesokg.registries.drift import Difference, DriftReport
from mesokg.registries.ours import Ours
from mesokg.registries.proposals import TableRow

__all__ = ["Comparison"]


@dataclass
class Comparison:
    """What is ours, and what was found to differ from it. ``agreed`` counts the values that do not."""

    ours: Ours
    day: date
    differences: list[Difference] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    agreed: int = 0

    def add(self, difference: Difference) -> None:
        """Take one difference into the report."""
        self.differences.append(difference)

    def gone(self, named: Iterable[tuple[str, str]], registry: str) -> None:
        """Identifiers that a registry does not know (any more), as (identifier, IRI)."""
        for identifier, iri in named:
            self.add(
                Difference(
                    "record gone", "high", iri, self.ours.tables.labels.get(iri, ""), "registryIdentifier", identifier, "",
                    registry, "", rests=self.ours.resting_on_source(iri), note="check the identifier; the registry does not know it",
                )  # fmt: skip
            )

    def recorded(self, row: TableRow, source: str, place: str, version: str) -> TableRow:
        """The row with a registry's record as its source; ``version`` is the record's date."""
        table, cells = row
        more = {"source": source, "locator": place, "evidence": "registry record", "record_date": version, "checked_on": self.day.isoformat()}
        return table, {**cells, **more}

    def report(self) -> DriftReport:
        """What was found."""
        return DriftReport(tuple(self.differences), tuple(self.problems), tuple(self.notes), self.agreed, self.day.isoformat())
