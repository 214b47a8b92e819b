"""Trials compared with records of ClinicalTrials.gov, field by field; what a record says beyond ours becomes rows."""

from __future__ import annotations

from collections.abc import Iterable

from mesokg.errors import Problem
from mesokg.registries.compare_results import ResultsComparison
from mesokg.registries.comparison import Comparison
from mesokg.registries.drift import Difference
from mesokg.registries.faults import fault
from mesokg.registries.ours import Stated, coarser, earlier
from mesokg.registries.proposals import (
    CHANGING,
    NewIds,
    Proposed,
    named_elsewhere,
    propose,
    propose_identifiers,
    propose_publications,
    record_row,
)
from mesokg.registries.records import Study
from mesokg.registries.trial_rows import (
    DATED,
    DATES,
    TrialRows,
    behind,
    dated_on,
    newest,
)

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
        self.ids = NewIds(found.ours)
        self.rows = TrialRows(found)
        self.results = ResultsComparison(found, self.rows, self.ids, self._difference)
        self.elsewhere: dict[str, set[str]] = {}

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
        ordered = {number: _versions(found) for number, found in versions.items()}
        self.elsewhere = named_elsewhere({wanted[number]: found[-1] for number, found in ordered.items()})
        for number, found in ordered.items():
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
        for proposed in propose(study, self.ours, self.ids):
            prop = self.ours.vocabulary.property(proposed.name)
            compare = self._compare_one if prop.functional else self._compare_many
            compare(study, trial, proposed)
        self._enrolment_of_no_kind(study, trial)
        for registry, identifier, row in propose_identifiers(study, trial, self.ours):
            others = [self.ours.tables.labels.get(t, t) for t in self.elsewhere[identifier] if t != trial]
            note = f"the record of another trial of ours names it too ({', '.join(others)}): a curator must say whose it is" if others else ""
            self._difference(
                study, trial, "missing here", "low", "registryIdentifier", theirs=f"{registry} {identifier}",
                new=not others, rows=() if others else (row,), note=note,
            )  # fmt: skip
        for pmid, citation, row in propose_publications(study, trial, self.ours):
            rows = (*record_row(study.nct, trial, self.ours), self.rows.sourced(row, study, f"reference {pmid}"))
            note = "read the publication before accepting: the label is made of the citation"
            self._difference(study, trial, "missing here", "medium", "publication", theirs=f"PMID {pmid}: {citation}"[:200], rows=rows, note=note)
        self.results.compare(study, trial)

    def _enrolment_of_no_kind(self, study: Study, trial: str) -> None:
        """A number of participants of which the record does not say whether it is planned or actual."""
        if study.enrolment is None or study.enrolment_kind:
            return
        known = {s.text for name in ("enrolmentActual", "enrolmentPlanned") for s in self.ours.stated(trial, name)}
        if str(study.enrolment) in known:
            self.found.agreed += 1
            return
        ours = f"ours {'are' if len(known) > 1 else 'is'} {', '.join(sorted(known))}" if known else "we have none"
        fix = f"the record does not say whether it is planned or actual, and {ours}; it was left out"
        self.found.problems.append(fault(study.nct, "enrolment of no kind", str(study.enrolment), fix, column="enrollmentInfo", level="warning"))

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
        theirs = self.ours.term_of(proposed.name, proposed.cells[0])
        if theirs is None:
            self.found.problems.append(Problem(study.nct, 0, proposed.name, "no value of ours", proposed.cells[0], "the value fits no cell of this column; it was left out"))
            return
        known = self.ours.stated(trial, proposed.name)
        ours = newest(known)
        text = proposed.shown[0]
        remark = f"{text} ({proposed.remark})" if proposed.remark else text
        if ours is None:
            rows = self.rows.rows(study, trial, proposed, "")
            severity = "medium" if proposed.name in CHANGING else "low"
            rests = self.ours.rests_on(proposed.name, [theirs])
            self._difference(study, trial, "missing here", severity, proposed.name, theirs=remark, rests=rests, new=True, rows=rows)
            return
        is_date = proposed.name in DATES
        our_kind = ours.kind if is_date and ours.source == self.rows.record(study) else ""
        other_kind = bool(our_kind) and bool(proposed.remark) and our_kind != proposed.remark
        same = ours.value == theirs and not (is_date and ours.text != text and len(ours.text) < len(text))
        if same and not other_kind:
            self.found.agreed += 1
            return
        more = {
            "ours": f"{ours.text} ({our_kind})" if our_kind else ours.text,
            "our_source": ours.source_label,
            "our_date": dated_on(ours),
            "theirs": remark,
            "rests": self.ours.rests_on(proposed.name, [ours.value, theirs]),
        }
        if same and earlier(study.version_date, dated_on(ours)):
            self.found.agreed += 1
            return
        if earlier(study.version_date, dated_on(ours)):
            note = "the version of the record is older than our source"
            self._difference(study, trial, "ours is newer", "low", proposed.name, **more, note=note)
            return
        exact = is_date and not other_kind and coarser(ours.text, text)
        rows, note = self.rows.before(study, trial, proposed, known)
        # a later version of the same record contradicts nothing: each value held at its date
        later = proposed.name in DATED and bool(rows) and ours.source == self.rows.record(study) and bool(ours.as_of or same)
        if same:
            self._difference(study, trial, "changed", "low", proposed.name, **more, rows=rows, note=note, new=later)
            return
        if exact:
            self._difference(study, trial, "more exact", "low", proposed.name, **more, rows=rows, note=note)
            return
        severity = _SEVERITY.get(proposed.name, "low")
        if any(self._judged(s, ours, study, severity) for s in known if s.value == theirs and s.text == text):
            note = "we have this value too, ranked behind ours"
            self._difference(study, trial, "changed", "low", proposed.name, **more, note=note)
            return
        self._difference(study, trial, "changed", severity, proposed.name, **more, rows=rows, note=note, new=later)

    def _judged(self, one: Stated, ours: Stated, study: Study, severity: str) -> bool:
        """Whether a curator has seen this value and ranked ours before it.

        What was seen before this version of the record says nothing of a return to it, and what matters much is only
        judged where the row ranked behind cites this version or a later one.
        """
        if not behind(one, ours) or earlier(one.as_of, study.version_date):
            return False
        if severity != "high":
            return True
        return one.source == self.rows.record(study) and bool(dated_on(one)) and not earlier(dated_on(one), study.version_date)

    # several values

    def _compare_many(self, study: Study, trial: str, proposed: Proposed) -> None:
        ours = self.ours
        known = ours.stated(trial, proposed.name)
        have = {s.value for s in known}
        theirs = {cell: ours.term_of(proposed.name, cell) for cell in proposed.cells}
        own_words = proposed.name in _OWN_WORDS
        single = proposed.name in _SINGLE_IN_RECORD
        if own_words and known:
            normal = {" ".join(s.text.casefold().split()) for s in known}
            if " ".join(proposed.shown[0].casefold().split()) in normal:
                self.found.agreed += 1
                return
        missing = [cell for cell, value in theirs.items() if value is not None and value not in have]
        self.found.agreed += sum(value in have for value in theirs.values() if value is not None)
        record = self.rows.record(study)
        mine = [s for s in known if s.source == record]
        compared = mine or known
        shown = "; ".join(proposed.shown)
        if missing:
            note = f"no row of ours: {', '.join(proposed.unresolved)}" if proposed.unresolved else ""
            more = {**_beside(compared), "theirs": shown}
            # a value that replaces another is compared with all of ours, one beside others with those of the record
            if any(earlier(study.version_date, dated_on(s)) for s in (known if single or own_words else mine)):
                note = "the version of the record is older than our source"
                self._difference(study, trial, "ours is newer", "low", proposed.name, **more, note=note)
                return
            kept = Proposed(proposed.name, tuple(missing), tuple(missing), proposed.remark, beside=proposed.beside)
            kind, severity = ("worded differently", "low") if own_words and known else ("missing here", "low")
            if single and known:
                kind = "changed"
            if not own_words and known:
                severity = _SEVERITY.get(proposed.name, "low")
            self._difference(
                study,
                trial,
                kind,
                severity,
                proposed.name,
                **more,
                rests=ours.rests_on(proposed.name, []) if kind != "worded differently" else "",
                note=note,
                new=not known or proposed.name in ("country", "collaborator", "studies"),
                rows=self.rows.rows(study, trial, kept, ""),
            )
        elif proposed.unresolved and not known:
            self._difference(
                study, trial, "missing here", "low", proposed.name, theirs="; ".join(proposed.unresolved),
                note="none of these names is a label or synonym of ours; add it to its table first",
            )  # fmt: skip
        values = {v for v in theirs.values() if v is not None}
        gone = [s for s in mine if s.value not in values and not earlier(study.version_date, dated_on(s))]
        if gone and not own_words and proposed.name not in ("sponsor", "studies") and not proposed.unresolved:
            self._difference(
                study, trial, "not in the record", "low", proposed.name, **_beside(gone),
                theirs=shown, note="our row names this record as source; the version read now does not say so",
            )  # fmt: skip

    # history

    def _history(self, versions: list[Study], trial: str) -> None:
        """Earlier versions of the record: a value of a changing property at its date, where we do not have it."""
        for name in ("status", "phase", "enrolmentActual", "enrolmentPlanned"):
            before = None
            for study in versions[:-1]:
                proposed = next((p for p in propose(study, self.ours, self.ids) if p.name == name), None)
                if proposed is None or proposed.cells == before or not study.version_date:
                    continue
                before = proposed.cells
                value = self.ours.term_of(name, proposed.cells[0])
                known = self.ours.stated(trial, name)
                if value is None or any(s.value == value and s.as_of[: len(study.version_date)] == study.version_date for s in known):
                    continue
                against = [s for s in known if s.rank != "deprecated" and s.value != value]
                rows, note = (), ""
                if any(not s.as_of for s in against):
                    note = "an undated row of ours says otherwise; date or rank it first"
                elif any(s.rank == "preferred" and earlier(s.as_of, study.version_date) for s in against):
                    rows, note = self.rows.before(study, trial, proposed, known)
                else:
                    rows = self.rows.rows(study, trial, proposed, "")
                self._difference(
                    study, trial, "history", "low", name, theirs=f"{proposed.shown[0]} on {study.version_date}",
                    new=bool(rows), rows=rows, note=note,
                )  # fmt: skip


def _versions(found: list[Study]) -> list[Study]:
    """The versions of one record in order of date; the same version twice is one."""
    ordered = sorted(found, key=lambda s: (s.version_date, s.has_results))
    return list({s.version_date: s for s in ordered}.values())


def _beside(compared: list[Stated]) -> dict[str, str]:
    """Our side of a difference: the values compared, and the sources and the latest date of just these."""
    return {
        "ours": "; ".join(dict.fromkeys(s.text for s in compared)),
        "our_source": "; ".join(dict.fromkeys(s.source_label for s in compared)),
        "our_date": max((dated_on(s) for s in compared), default=""),
    }
