"""Rows of a trial that a record of ClinicalTrials.gov gives: their source, their date, and the rank they need."""

from __future__ import annotations

from mesokg.identifiers import compact, expand
from mesokg.registries.comparison import Comparison
from mesokg.registries.ours import Stated, earlier
from mesokg.registries.proposals import CHANGING, Proposed, TableRow, record_row
from mesokg.registries.records import Study

__all__ = ["DATED", "DATES", "TrialRows", "behind", "dated_on", "newest"]

DATES = frozenset({"startDate", "primaryCompletionDate", "completionDate"})
DATED = CHANGING | DATES
"""Properties whose rows say by the version of the record at which day they held, so that a later version stands before."""

_ORDER = ("deprecated", "normal", "preferred")


def dated_on(one: Stated) -> str:
    """The day at which a value of ours held, else that of its source."""
    return one.as_of or one.date


def newest(known: list[Stated]) -> Stated | None:
    """The one that stands before the others: of the plain triple where there is one, by rank, then by date."""
    return max(known, key=lambda s: (s.plain, _ORDER.index(s.rank), s.as_of, s.date), default=None)


def behind(one: Stated, other: Stated) -> bool:
    """Whether the rank of the one lies behind that of the other."""
    return _ORDER.index(one.rank) < _ORDER.index(other.rank)


class TrialRows:
    """Makes rows out of what a record says, with the record and its version as source."""

    def __init__(self, found: Comparison) -> None:
        self.found = found
        self.ours = found.ours

    def record(self, study: Study) -> str:
        """The IRI of our registry record of the study."""
        return expand(self.ours.record_of.get(study.nct, f"mkg:record-{study.nct}"))

    def sourced(self, row: TableRow, study: Study, place: str) -> TableRow:
        """The row with the record and its version date as source."""
        version = f" (version of {study.version_date})" if study.version_date else ""
        source = self.ours.record_of.get(study.nct, f"mkg:record-{study.nct}")
        return self.found.recorded(row, source, row[1].get("locator", place) + version, study.version_date)

    def rows(self, study: Study, trial: str, proposed: Proposed, rank: str) -> tuple[TableRow, ...]:
        """The rows of a value, with the row of the record where we have none, and the wording beside a normal form."""
        label = self.ours.tables.labels[trial]
        base = {"id": compact(trial), "label": label}
        dated = {"as_of": study.version_date} if proposed.name in DATED and study.version_date else {}
        comment = {"comment": proposed.remark} if proposed.remark else {}
        rows: list[TableRow] = [*record_row(study.nct, trial, self.ours), *proposed.beside]
        values = list(proposed.cells) if rank else ["|".join(proposed.cells)]
        for value in values:
            place = f"{proposed.name}, {value}" if rank and len(values) > 1 else proposed.name
            ranked = {"rank": rank, "comment": _because(proposed.remark)} if rank else comment
            rows.append(self.sourced(("trials", {**base, proposed.name: value, **dated, **ranked}), study, place))
        recorded = {"status": study.status_as_recorded, "phase": ", ".join(study.phases_as_recorded)}.get(proposed.name)
        if recorded:
            name = f"{proposed.name}AsReported"
            rows.append(self.sourced(("trials", {**base, name: recorded, **dated}), study, f"{proposed.name}, wording"))
        return tuple(rows)

    def before(self, study: Study, trial: str, proposed: Proposed, known: list[Stated]) -> tuple[tuple[TableRow, ...], str]:
        """The rows of a value beside older ones, with the rank it needs to stand before them; none, and why, where a
        curator must rank them.
        """
        live = [s for s in known if s.rank != "deprecated"]
        preferred = [s for s in live if s.rank == "preferred"]
        dated = proposed.name in DATED and bool(study.version_date)

        def older(some: list[Stated]) -> bool:
            return dated and all(s.as_of and earlier(s.as_of, study.version_date) for s in some)

        if preferred and not older(preferred):
            return (), "one of our rows is preferred: a curator must rank the two by hand"
        # A dated value stands before earlier dated ones of its rank; beside undated ones it needs a higher rank.
        rank = "preferred" if preferred or not older(live) else ""
        return self.rows(study, trial, proposed, rank), ""


def _because(remark: str) -> str:
    return "; ".join(filter(None, (remark, "later than the rows it stands before, which stay with their dates")))
