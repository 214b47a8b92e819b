"""Trials compared with records of ClinicalTrials.gov, field by field; what a record says beyond ours becomes rows."""

from __future__ import annotations

from collections.abc import Iterable

from mesokg.errors import Problem
from mesokg.identifiers import compact, expand
from mesokg.registries.comparison import Comparison
from mesokg.registries.drift import Difference
from mesokg.registries.ours import Stated, coarser, earlier
from mesokg.registries.proposals import (
    CHANGING,
    Proposed,
    TableRow,
    propose,
    propose_arms,
    propose_identifiers,
    propose_publications,
    propose_results,
    record_row,
)
from mesokg.registries.records import Study

__all__ = ["TrialComparison"]

_SEVERITY = {
    "status": "high",
    "phase": "high",
    "allocation": "high",
    "sponsor": "medium",
    "enrolmentActual": "medium",
    "enrolmentPlanned": "medium",
    "startDate": "medium",
    "primaryCompletionDate": "medium",
    "completionDate": "medium",
    "stopReason": "medium",
    "country": "medium",
    "studies": "medium",
}
"""How much a difference matters; a property that is not here matters little."""

_OWN_WORDS = frozenset({"officialTitle", "stopReason", "acronym"})
"""Texts that our rows give in own words: another wording is no contradiction."""

_SINGLE_IN_RECORD = frozenset({"sponsor"})
"""Properties of which a record holds one value at a time, though we may hold several over time."""


class TrialComparison:
    """Compares studies with our trials and adds what differs to the comparison."""

    def __init__(self, found: Comparison) -> None:
        self.found = found
        self.ours = found.ours

    def compare(self, studies: Iterable[Study], wanted: dict[str, str]) -> tuple[set[str], int]:
        """Compare the studies that are ours; several versions of one record are its history.

        Returns the NCT numbers seen, and how many studies are none of ours.
        """
        versions: dict[str, list[Study]] = {}
        others: set[str] = set()
        for study in studies:
            known = study.nct if study.nct in wanted else next(
                (o.identifier for o in study.other_ids if o.kind == "ALIAS" and o.identifier in wanted), None
            )
            if known is None:
                others.add(study.nct)
            else:
                versions.setdefault(known, []).append(study)
        for number, found in versions.items():
            found.sort(key=lambda s: s.version_date)
            if found[-1].nct != number:
                self._merged(wanted[number], number, found[-1].nct)
            self._compare_study(found[-1], wanted[number])
            self._history(found, wanted[number])
        return set(versions), len(others)

    def _difference(self, study: Study, trial: str, kind: str, severity: str, name: str, **more: object) -> None:
        self.found.add(
            Difference(
                kind=kind,
                severity=severity,
                subject=trial,
                label=self.ours.tables.labels.get(trial, ""),
                property=name,
                their_source=f"ClinicalTrials.gov {study.nct}",
                their_date=study.version_date,
                **{"ours": "", "theirs": "", **more},  # type: ignore[arg-type]
            )
        )

    def _compare_study(self, study: Study, trial: str) -> None:
        for proposed in propose(study, self.ours):
            prop = self.ours.vocabulary.property(proposed.name)
            compare = self._compare_one if prop.functional else self._compare_many
            compare(study, trial, proposed)
        for registry, identifier, row in propose_identifiers(study, trial, self.ours):
            self._difference(
                study, trial, "missing here", "low", "registryIdentifier", theirs=f"{registry} {identifier}", new=True, rows=(row,)
            )
        for pmid, citation, row in propose_publications(study, trial, self.ours):
            rows = (*record_row(study.nct, trial, self.ours), self._sourced(row, study, f"reference {pmid}"))
            note = "read the publication before accepting: the label is made of the citation"
            self._difference(study, trial, "missing here", "medium", "publication", theirs=f"PMID {pmid}: {citation}"[:200], rows=rows, note=note)
        if study.arms and trial not in self.ours.trials_with_arms:
            self._missing_arms(study, trial)
        if study.has_results and (trial, self._record_iri(study)) not in self.ours.outcomes_by_source:
            self._results(study, trial)

    def _missing_arms(self, study: Study, trial: str) -> None:
        rows, unmatched = propose_arms(study, trial, self.ours)
        sourced = [self._sourced(row, study, "arms and interventions") for row in rows]
        note = f"none of our products: {', '.join(unmatched)}" if unmatched else ""
        shown = "; ".join(a.label for a in study.arms)
        all_rows = (*record_row(study.nct, trial, self.ours), *sourced)
        self._difference(study, trial, "missing here", "medium", "hasArm", theirs=shown, new=True, rows=all_rows, note=note)

    def _results(self, study: Study, trial: str) -> None:
        rows = [self._sourced(row, study, "results") for row in propose_results(study, trial, self.ours, self.found.problems)]
        measurements = sum(table == "outcomes" for table, _ in rows)
        self._difference(
            study,
            trial,
            "results posted",
            "high",
            "hasOutcome",
            theirs=f"{measurements} measurements, posted {study.results_posted or 'on a day not given'}",
            rests=self.ours.rests_on("hasOutcome", []),
            new=True,
            rows=(*record_row(study.nct, trial, self.ours), *rows),
        )

    def _merged(self, trial: str, number: str, now: str) -> None:
        self.found.add(
            Difference(
                "merged", "high", trial, self.ours.tables.labels.get(trial, ""), "registryIdentifier", number, now,
                "ClinicalTrials.gov", "", rests=self.ours.resting_on_source(trial),
                note="the registry has merged our number into another; keep both as identifiers of the trial",
            )  # fmt: skip
        )

    # one value

    def _compare_one(self, study: Study, trial: str, proposed: Proposed) -> None:
        ours = self.ours
        theirs = ours.term_of(proposed.name, proposed.cells[0])
        if theirs is None:
            self.found.problems.append(Problem(study.nct, 0, proposed.name, "no value of ours", proposed.cells[0], "the value fits no cell of this column; it was left out"))
            return
        known = ours.stated(trial, proposed.name)
        plain = next((s for s in known if s.plain), None)
        text = proposed.shown[0]
        remark = f"{text} ({proposed.remark})" if proposed.remark else text
        if plain is None and not known:
            rows = self._rows(study, trial, proposed, "")
            severity = "medium" if proposed.name in CHANGING else "low"
            rests = ours.rests_on(proposed.name, [theirs])
            self._difference(study, trial, "missing here", severity, proposed.name, theirs=remark, rests=rests, new=True, rows=rows)
            return
        if plain is None:
            plain = known[0]
        is_date = proposed.name.endswith("Date")
        if plain.value == theirs and not (is_date and plain.text != text and len(plain.text) < len(text)):
            self.found.agreed += 1
            return
        more = {
            "ours": plain.text,
            "our_source": plain.source_label,
            "our_date": plain.as_of or plain.date,
            "theirs": remark,
            "rests": ours.rests_on(proposed.name, [plain.value, theirs]),
        }
        if is_date and coarser(plain.text, text):
            rows, note = self._ranked_rows(study, trial, proposed, known)
            self._difference(study, trial, "more exact", "low", proposed.name, **more, rows=rows, note=note)
            return
        if any(s.value == theirs and s.text == text for s in known):
            # A curator has seen this value and ranked another before it.
            note = "we have this value too, ranked behind ours"
            self._difference(study, trial, "changed", "low", proposed.name, **more, note=note)
            return
        if earlier(study.version_date, plain.as_of or plain.date):
            note = "the version of the record is older than our source"
            self._difference(study, trial, "ours is newer", "low", proposed.name, **more, note=note)
            return
        rows, note = self._ranked_rows(study, trial, proposed, known)
        supersedes = proposed.name in CHANGING and bool(rows) and bool(plain.as_of) and plain.source == self._record_iri(study)
        self._difference(
            study, trial, "changed", _SEVERITY.get(proposed.name, "low"), proposed.name, **more, rows=rows, note=note, new=supersedes
        )

    def _record_iri(self, study: Study) -> str:
        return expand(self.ours.record_of.get(study.nct, f"mkg:record-{study.nct}"))

    def _ranked_rows(self, study: Study, trial: str, proposed: Proposed, known: list[Stated]) -> tuple[tuple[TableRow, ...], str]:
        """The rows of a new value beside older ones, with the rank it needs to stand before them."""
        live = [s for s in known if s.rank != "deprecated"]
        preferred = any(s.rank == "preferred" for s in live)
        # A dated value stands before earlier dated ones of its rank; beside undated ones it needs a higher rank.
        dated = proposed.name in CHANGING and bool(study.version_date)
        newest = dated and all(s.as_of and earlier(s.as_of, study.version_date) for s in live)
        if preferred and not (dated and all(s.as_of and earlier(s.as_of, study.version_date) for s in live if s.rank == "preferred")):
            return (), "one of our rows is preferred: a curator must rank the two by hand"
        rank = "preferred" if preferred else "" if newest or not live else "preferred"
        return self._rows(study, trial, proposed, rank), ""

    # several values

    def _compare_many(self, study: Study, trial: str, proposed: Proposed) -> None:
        ours = self.ours
        known = ours.stated(trial, proposed.name)
        have = {s.value for s in known}
        theirs = {cell: ours.term_of(proposed.name, cell) for cell in proposed.cells}
        own_words = proposed.name in _OWN_WORDS
        if own_words and known:
            normal = {" ".join(s.text.casefold().split()) for s in known}
            if " ".join(proposed.shown[0].casefold().split()) in normal:
                self.found.agreed += 1
                return
        missing = [cell for cell, value in theirs.items() if value is not None and value not in have]
        self.found.agreed += sum(value in have for value in theirs.values() if value is not None)
        record = self._record_iri(study)
        mine = [s for s in known if s.source == record]
        note = f"no row of ours: {', '.join(proposed.unresolved)}" if proposed.unresolved else ""
        our_text = "; ".join(dict.fromkeys(s.text for s in (mine or known)))
        shown = "; ".join(proposed.shown)
        if missing:
            kept = Proposed(proposed.name, tuple(missing), tuple(missing), proposed.remark, beside=proposed.beside)
            kind, severity = ("worded differently", "low") if own_words and known else ("missing here", "low")
            if proposed.name in _SINGLE_IN_RECORD and known:
                kind = "changed"
            if not own_words and known:
                severity = _SEVERITY.get(proposed.name, "low")
            self._difference(
                study,
                trial,
                kind,
                severity,
                proposed.name,
                ours=our_text,
                our_source=known[0].source_label if known else "",
                our_date=(known[0].as_of or known[0].date) if known else "",
                theirs=shown,
                rests=ours.rests_on(proposed.name, []) if kind != "worded differently" else "",
                note=note,
                new=not known or proposed.name in ("country", "collaborator", "studies"),
                rows=self._rows(study, trial, kept, ""),
            )
        elif proposed.unresolved and not known:
            self._difference(
                study, trial, "missing here", "low", proposed.name, theirs="; ".join(proposed.unresolved),
                note="none of these names is a label or synonym of ours; add it to its table first",
            )  # fmt: skip
        values = {v for v in theirs.values() if v is not None}
        gone = [s for s in mine if s.value not in values]
        if gone and not own_words and proposed.name not in ("sponsor", "studies") and not proposed.unresolved:
            self._difference(
                study, trial, "not in the record", "low", proposed.name,
                ours="; ".join(s.text for s in gone), our_source=gone[0].source_label, our_date=gone[0].as_of or gone[0].date,
                theirs=shown, note="our row names this record as source; the version read now does not say so",
            )  # fmt: skip

    # history

    def _history(self, versions: list[Study], trial: str) -> None:
        """Earlier versions of the record: a value of a changing property at its date, where we do not have it."""
        for name in ("status", "phase", "enrolmentActual", "enrolmentPlanned"):
            before = None
            for study in versions[:-1]:
                proposed = next((p for p in propose(study, self.ours) if p.name == name), None)
                if proposed is None or proposed.cells == before or not study.version_date:
                    continue
                before = proposed.cells
                value = self.ours.term_of(name, proposed.cells[0])
                known = self.ours.stated(trial, name)
                if value is None or any(s.value == value and s.as_of[: len(study.version_date)] == study.version_date for s in known):
                    continue
                if any(not s.as_of and s.rank == "normal" and s.value != value for s in known):
                    rows, note = (), "an undated row of ours says otherwise; date or rank it first"
                else:
                    rows, note = self._rows(study, trial, proposed, ""), ""
                self._difference(
                    study, trial, "history", "low", name, theirs=f"{proposed.shown[0]} on {study.version_date}",
                    new=bool(rows), rows=rows, note=note,
                )  # fmt: skip

    # rows

    def _sourced(self, row: TableRow, study: Study, place: str) -> TableRow:
        """The row with the record and its version date as source."""
        version = f" (version of {study.version_date})" if study.version_date else ""
        source = self.ours.record_of.get(study.nct, f"mkg:record-{study.nct}")
        return self.found.recorded(row, source, row[1].get("locator", place) + version, study.version_date)

    def _rows(self, study: Study, trial: str, proposed: Proposed, rank: str) -> tuple[TableRow, ...]:
        label = self.ours.tables.labels[trial]
        base = {"id": compact(trial), "label": label}
        dated = {"as_of": study.version_date} if proposed.name in CHANGING and study.version_date else {}
        comment = {"comment": proposed.remark} if proposed.remark else {}
        rows: list[TableRow] = [*record_row(study.nct, trial, self.ours), *proposed.beside]
        values = list(proposed.cells) if rank else ["|".join(proposed.cells)]
        for value in values:
            place = f"{proposed.name}, {value}" if rank and len(values) > 1 else proposed.name
            ranked = {"rank": rank, "comment": _because(proposed.remark)} if rank else comment
            rows.append(self._sourced(("trials", {**base, proposed.name: value, **dated, **ranked}), study, place))
        recorded = {"status": study.status_as_recorded, "phase": ", ".join(study.phases_as_recorded)}.get(proposed.name)
        if recorded:
            name = f"{proposed.name}AsReported"
            rows.append(self._sourced(("trials", {**base, name: recorded, **dated}), study, f"{proposed.name}, wording"))
        return tuple(rows)


def _because(remark: str) -> str:
    return "; ".join(filter(None, (remark, "later than the rows it stands before, which stay with their dates")))
