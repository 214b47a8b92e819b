"""Arms and posted results of a record compared with ours: what we lack, and what a later version says otherwise."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable
from typing import TYPE_CHECKING

from mesokg.cells import read_cell
from mesokg.identifiers import content_hash, entity
from mesokg.registries.comparison import Comparison
from mesokg.registries.ours import earlier
from mesokg.registries.proposals import (
    NewIds,
    TableRow,
    propose_arms,
    propose_results,
    record_row,
)
from mesokg.registries.records import Study
from mesokg.registries.trial_rows import TrialRows

if TYPE_CHECKING:
    from pyoxigraph import Literal, NamedNode

    from mesokg.tables import Row

__all__ = ["ResultsComparison"]

_REPORTED = (
    "value", "valueText", "numerator", "denominator", "lowerLimit", "upperLimit", "confidenceLevel", "pValue", "resultUnit",
    "resultStatus",
)  # fmt: skip
"""What a record says of an outcome and may say otherwise later."""

_ARMS = "arms and interventions"
"""The place in a record of its arms; those of its results are groups, which may have other names."""

_VERSION = re.compile(r" \(version of [^)]*\)$")


class ResultsComparison:
    """Compares arms and results of studies; what differs is told as other differences of the trial are."""

    def __init__(self, found: Comparison, rows: TrialRows, ids: NewIds, tell: Callable[..., None]) -> None:
        self.found = found
        self.ours = found.ours
        self.rows = rows
        self.ids = ids
        self.tell = tell

    def compare(self, study: Study, trial: str) -> None:
        """Compare what the study says of arms and results with ours."""
        self._arms(study, trial)
        if study.has_results:
            self._results(study, trial)

    # -- arms

    def _arms(self, study: Study, trial: str) -> None:
        rows, unmatched = propose_arms(study, trial, self.ours, self.ids)
        new = [cells["label"].removesuffix(f" ({study.nct})") for table, cells in rows if table == "arms"]
        self.found.agreed += len(study.arms) - len(new)
        if not new:
            return
        known = set(self.ours.arms_of.get(trial, {}).values())
        # where none of the arms that we named has a name of the record, they may be the same arms; groups of its results are none of ours
        ours = [self.ours.show_iri(iri) for iri in known]
        named = {iri for iri in known if not self.ours.tables.labels[iri].endswith(f"({study.nct})")}
        taken = any(row.locator.startswith(_ARMS) for iri in known for row in self.ours.rows_of[iri])
        own_names = bool(named) and not taken and not any(self.ours.find_arm(trial, arm.label) in named for arm in study.arms)
        notes = [f"none of our products: {', '.join(unmatched)}"] if unmatched else []
        if own_names:
            notes.insert(0, "our arms have names of their own: where one is the same, give it the name as a synonym")
        self.tell(
            study, trial, "missing here", "low" if own_names else "medium", "hasArm",
            ours="; ".join(sorted(ours)), theirs="; ".join(new), new=not own_names,
            rows=(*record_row(study.nct, trial, self.ours), *(self.rows.sourced(row, study, _ARMS) for row in rows)),
            note="; ".join(notes),
        )  # fmt: skip

    # -- results

    def _results(self, study: Study, trial: str) -> None:
        ours = self.ours.outcomes_by_source.get((trial, self.rows.record(study)), [])
        proposed = propose_results(study, trial, self.ours, self.ids, self.found.problems)
        known = _newest(ours)
        theirs: dict[str, list[dict[str, str]]] = defaultdict(list)
        for table, cells in proposed:
            if table == "outcomes":
                theirs[self._subject(cells)].append(cells)
        matched = [pair for subject, measured in theirs.items() if subject in known for pair in self._matched(measured, known[subject])]
        matched += self._titled(
            [cells for subject, measured in theirs.items() if subject not in known for cells in measured],
            [row for subject, rows in known.items() if subject not in theirs for row in rows.values()],
        )
        for cells, row in matched:
            if row is not None:
                self._changed(study, trial, cells, row)
        new: list[TableRow] = [("outcomes", cells) for cells, row in matched if row is None]
        found = len(matched) - len(new)
        if new:
            self._posted(study, trial, new, [row for row in proposed if row[0] == "arms"], own_words=bool(ours) and not found)

    def _posted(self, study: Study, trial: str, new: list[TableRow], arms: list[TableRow], *, own_words: bool) -> None:
        needed = {cells.get(name) for _, cells in new for name in ("inArm", "comparedWithArm")}
        rows = [*(row for row in arms if row[1]["id"] in needed), *new]
        number = f"{len(new)} measurement{'' if len(new) == 1 else 's'}"
        self.tell(
            study, trial, "results posted", "high", "hasOutcome",
            theirs=f"{number}, posted {study.results_posted or 'on a day not given'}", rests=self.ours.rests_on("hasOutcome", []),
            new=not own_words, rows=(*record_row(study.nct, trial, self.ours), *(self.rows.sourced(row, study, "results") for row in rows)),
            note="we have outcomes from this record in words of our own: compare them before accepting" if own_words else "",
        )  # fmt: skip

    def _subject(self, cells: dict[str, str]) -> str:
        """The IRI of the outcome that a row of these cells is about: a hash of what was measured."""
        names = self.ours.vocabulary.tables["outcomes"].identity
        return entity("outcome", content_hash(*("|".join(map(str, self._values(n, cells.get(n, "")))) for n in names)))

    def _values(self, name: str, text: str) -> tuple[NamedNode | Literal, ...]:
        """The values of a cell as reading it from its table gives them."""
        return tuple(read_cell(text, self.ours.vocabulary.property(name), self.ours.vocabulary, self.ours.aliases)[0]) if text else ()

    def _about(self, given: dict[str, str] | Row) -> tuple[tuple[object, ...], bool]:
        """What an outcome is of but for its event, and whether it has one: of cells of a record, or of a row of ours."""
        names = self.ours.vocabulary.tables["outcomes"].identity
        if isinstance(given, dict):
            values = {name: self._values(name, given.get(name, "")) for name in names}
        else:
            values = {cell.property.name: tuple(cell.values) for cell in given.cells}
        return tuple(values.get(name, ()) for name in names if name != "event"), bool(values.get("event"))

    def _titled(self, measured: list[dict[str, str]], left: list[Row]) -> list[tuple[dict[str, str], Row | None]]:
        """What the record says of outcomes that we do not have, each with our row that one version names by a title, as
        another measure is of the same, and another version does not.
        """
        ours: dict[tuple[tuple[object, ...], bool], dict[str, Row]] = defaultdict(dict)
        for row in left:
            ours[self._about(row)][_VERSION.sub("", row.locator)] = row
        theirs: dict[tuple[tuple[object, ...], bool], list[dict[str, str]]] = defaultdict(list)
        for cells in measured:
            about, titled = self._about(cells)
            theirs[about, not titled].append(cells)
        found: list[tuple[dict[str, str], Row | None]] = []
        for about, some in theirs.items():
            for cells, row in self._matched(some, ours.get(about, {}), moved=True):
                event = next((c.text for c in row.cells if c.property.name == "event"), "") if row else cells.get("event", "")
                found.append(({**{k: v for k, v in cells.items() if k != "event"}, **({"event": event} if event else {})}, row))
        return found

    def _matched(self, measured: list[dict[str, str]], known: dict[str, Row], *, moved: bool = False) -> list[tuple[dict[str, str], Row | None]]:
        """What the record says of one outcome, each with our row of it.

        By place and value, then by value where the record says all that we have (it may have moved it), then by place; at
        last the only one of ours, wherever it stands. Where it has ``moved`` for certain, by value in any case, and by
        nothing but value and place.
        """
        left = dict(known)
        row_of: dict[int, Row] = {}
        said = [self._said(cells) for cells in measured]
        ours = {place: self._said_by(row) for place, row in known.items()}

        def match(where: Callable[[int], str | None]) -> None:
            for n in range(len(measured)):
                if n not in row_of and (place := where(n)) is not None and place in left:
                    row_of[n] = left.pop(place)

        match(lambda n: place if ours.get(place := measured[n]["locator"]) == said[n] else None)
        if moved or not Counter(ours.values()) - Counter(said):
            places: dict[object, list[str]] = defaultdict(list)
            for place in reversed(left):
                places[ours[place]].append(place)
            match(lambda n: places[said[n]].pop() if places[said[n]] else None)
        match(lambda n: measured[n]["locator"])
        if len(known) == 1 and not moved:
            match(lambda n: next(iter(known)))
        return [(cells, row_of.get(n)) for n, cells in enumerate(measured)]

    def _said(self, cells: dict[str, str]) -> tuple[object, ...]:
        """What a record says of an outcome, for comparing it with ours: the values, and the numbers of the note."""
        return (*(self._values(name, cells.get(name, "")) for name in _REPORTED), tuple(_numbers(cells.get("resultNote", ""))))

    @staticmethod
    def _said_by(row: Row) -> tuple[object, ...]:
        """The same of a row of ours."""
        ours = {cell.property.name: cell for cell in row.cells}
        note = ours["resultNote"].text if "resultNote" in ours else ""
        return (*(ours[name].values if name in ours else () for name in _REPORTED), tuple(_numbers(note)))

    def _changed(self, study: Study, trial: str, cells: dict[str, str], row: Row) -> None:
        """A measurement that we have from this record, and that the version read now gives otherwise."""
        date = row.record_date.first_day.isoformat() if row.record_date else ""
        ours = {cell.property.name: cell for cell in row.cells}
        before: list[str] = []
        after: list[str] = []
        for name in _REPORTED:
            mine, text = ours.get(name), cells.get(name, "")
            if (mine.values if mine else ()) != self._values(name, text):
                before += [f"{name} {mine.text}"] if mine else []
                after += [f"{name} {text}"] if text else []
        spread = [_numbers(note) for note in (ours["resultNote"].text if "resultNote" in ours else "", cells.get("resultNote", ""))]
        if spread[0] != spread[1] and not before and not after:
            before.append(ours["resultNote"].text if "resultNote" in ours else "no note")
            after.append(cells.get("resultNote", "") or "no note")
        if not before and not after:
            self.found.agreed += 1
            return
        what = ", ".join(filter(None, (self._name(cells), cells.get("timePoint", ""))))
        more = {
            "ours": ", ".join(before) or "nothing of it",
            "our_source": f"{self.ours.tables.labels.get(row.source or '', '')}, {row.locator}",
            "our_date": date,
            "theirs": f"{', '.join(after) or 'nothing of it'}: {what}",
        }
        if earlier(study.version_date, date):
            self.tell(study, trial, "ours is newer", "low", "hasOutcome", **more, note="the version of the record is older than our source")
            return
        note = "the old measurement stays with its date; rank it deprecated where the record corrects it"
        rows = (self.rows.sourced(("outcomes", cells), study, "results"),)
        self.tell(
            study, trial, "changed", "high", "hasOutcome", **more, rests=self.ours.rests_on("hasOutcome", []),
            rows=rows, note=note,
        )  # fmt: skip

    def _name(self, cells: dict[str, str]) -> str:
        measure = "" if cells.get("measure") == "other" else cells.get("measure")
        arm = self.ours.term_of("inArm", cells["inArm"]) if cells.get("inArm") else None
        named = (measure, cells.get("event"), cells.get("subgroup"), self.ours.show(arm) if arm is not None else "", cells.get("population"))
        return ", ".join(filter(None, named))


def _newest(rows: list[Row]) -> dict[str, dict[str, Row]]:
    """Our rows of outcomes from one record by what was measured and at which place: the newest of each."""
    found: dict[str, dict[str, Row]] = defaultdict(dict)
    for row in sorted(rows, key=lambda r: r.record_date.first_day.isoformat() if r.record_date else ""):
        found[row.subject][_VERSION.sub("", row.locator)] = row
    return found


def _numbers(text: str) -> list[str]:
    return re.findall(r"\d[\d.]*", text)
