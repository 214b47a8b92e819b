"""Records that come again: later versions, values that return, results that change, and what cannot be written."""

from __future__ import annotations

import json
from copy import deepcopy
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from registries.fake_registry import study

from mesokg.errors import CheckFailed, ExportError, Problem, ProblemsFound
from mesokg.refresh import accept, finish_stopped, refresh
from mesokg.registries.commands import refresh as command
from mesokg.registries.drift import Difference, DriftReport
from mesokg.registries.ours import Ours
from mesokg.registries.proposals import NewIds
from mesokg.registries.refusals import Refusal
from mesokg.tables import read_tables

DAY = date(2026, 11, 24)


def _record(day: str, *, results: bool = False, **changes: Any) -> dict[str, Any]:
    """A version of the record that says, but for the changes, what the tiny tables say."""
    same = {
        "statusModule__overallStatus": "COMPLETED", "statusModule__whyStopped": None, "statusModule__startDateStruct": {"date": "2000-03"},
        "statusModule__primaryCompletionDateStruct": None, "statusModule__completionDateStruct": None,
        "identificationModule__secondaryIdInfos": [], "sponsorCollaboratorsModule": {}, "referencesModule": {},
        "armsInterventionsModule": {}, "designModule__phases": ["PHASE1"], "designModule__enrollmentInfo": {},
        "designModule__designInfo": {"interventionModel": "SINGLE_GROUP", "allocation": "NA"},
        "identificationModule__officialTitle": None, "identificationModule__briefTitle": None,
        "contactsLocationsModule": {}, "conditionsModule": {},
    }  # fmt: skip
    return study(results=results, **{**same, "statusModule__lastUpdatePostDateStruct": {"date": day}, **changes})


def _compare(tiny: Path, tmp_path: Path, *records: dict[str, Any]) -> DriftReport:
    files = tmp_path / "records"
    files.mkdir(exist_ok=True)
    (files / "page.json").write_text(json.dumps({"studies": list(records)}))
    return refresh(tiny, sources=["ctgov"], path=files, day=DAY)


def _one(report: DriftReport, name: str) -> Difference:
    (found,) = [d for d in report.differences if d.property == name]
    return found


def _take(tiny: Path, one: Difference) -> int:
    return accept(DriftReport((one,)), [one.key], data=tiny)[1]


# ---------------------------------------------------------------- values that return


def test_a_status_that_returns_is_news_and_can_be_accepted(tiny: Path, tmp_path: Path):
    for day, status in (("2003-01-01", "RECRUITING"), ("2003-03-01", "SUSPENDED"), ("2003-05-01", "RECRUITING")):
        record = _record(day, statusModule__overallStatus=status)
        one = _one(_compare(tiny, tmp_path, record), "status")
        assert (one.kind, one.severity, one.note, one.new) == ("changed", "high", "", True)
        assert _take(tiny, one) == 2
        assert not [d for d in _compare(tiny, tmp_path, record).differences if d.property == "status"]
    older = _record("2003-03-01", statusModule__overallStatus="SUSPENDED")
    assert _one(_compare(tiny, tmp_path, older), "status").kind == "ours is newer"


def _preferred_status(tiny: Path) -> None:
    """Our last status preferred and without a date, as a curator writes who saw a page without one."""
    trials = tiny / "trials.tsv"
    lines = trials.read_text().splitlines()
    head = lines[0].split("\t")
    number = next(n for n, line in enumerate(lines) if "\tcompleted\t" in line)
    cells = dict(zip(head, lines[number].split("\t"), strict=True)) | {"as_of": "", "record_date": "", "rank": "preferred", "comment": "seen last"}
    lines[number] = "\t".join(cells[h] for h in head)
    trials.write_text("\n".join(lines) + "\n")


def test_history_beside_an_undated_preferred_row_is_shown_and_hides_nothing(tiny: Path, tmp_path: Path):
    _preferred_status(tiny)
    versions = [_record(day, statusModule__overallStatus="TERMINATED") for day in ("2003-05-01", "2003-06-01")]
    report = _compare(tiny, tmp_path, *versions)
    past, now = sorted((d for d in report.differences if d.property == "status"), key=lambda d: d.kind, reverse=True)
    assert (past.kind, past.rows, past.new) == ("history", (), False) and "undated row" in past.note
    assert (now.kind, now.severity) == ("changed", "high") and "a curator must rank" in now.note


def test_a_row_ranked_behind_from_an_earlier_version_does_not_hide_a_later_one(tiny: Path, tmp_path: Path):
    _preferred_status(tiny)
    trials = tiny / "trials.tsv"
    behind = next(line for line in trials.read_text().splitlines() if "\trecruiting\t" in line)
    trials.write_text(trials.read_text() + behind.replace("recruiting", "terminated").replace("\tstatus\t", "\tstatus (version of 2003-05-01)\t").replace("2000-05", "2003-05-01") + "\n")
    later, same = (_one(_compare(tiny, tmp_path, _record(day, statusModule__overallStatus="TERMINATED")), "status") for day in ("2003-06-01", "2003-05-01"))
    assert (later.kind, later.severity) == ("changed", "high")
    assert (same.severity, same.note) == ("low", "we have this value too, ranked behind ours"), "this very version was judged"


def test_the_same_version_twice_is_no_history(tiny: Path, tmp_path: Path):
    record = _record("2003-05-01", statusModule__overallStatus="TERMINATED")
    assert [d.kind for d in _compare(tiny, tmp_path, record, record).differences if d.property == "status"] == ["changed"]


# ---------------------------------------------------------------- dates


def test_a_date_that_moves_can_be_accepted_each_time(tiny: Path, tmp_path: Path):
    for day, done, kind in (("2003-01-01", "2004-01", "ESTIMATED"), ("2003-03-01", "2004-06", "ESTIMATED"), ("2003-05-01", "2004-09", "ESTIMATED")):
        record = _record(day, statusModule__completionDateStruct={"date": done, "type": kind})
        one = _one(_compare(tiny, tmp_path, record), "completionDate")
        assert _take(tiny, one) == 1
        assert not [d for d in _compare(tiny, tmp_path, record).differences if d.property == "completionDate"]
    assert (one.ours, one.our_date, one.theirs, one.new) == ("2004-06 (estimated)", "2003-03-01", "2004-09 (estimated)", True)
    assert all(done in (tiny / "trials.tsv").read_text() for done in ("2004-01", "2004-06", "2004-09"))


def test_a_date_of_a_row_without_as_of_can_be_moved(tiny: Path, tmp_path: Path):
    one = _one(_compare(tiny, tmp_path, _record("2003-05-01", statusModule__startDateStruct={"date": "2000-09", "type": "ACTUAL"})), "startDate")
    assert (one.kind, one.severity, one.new) == ("changed", "medium", False)
    assert _take(tiny, one) == 1 and "preferred" in (tiny / "trials.tsv").read_text()


def test_an_estimated_date_that_becomes_actual_is_a_difference(tiny: Path, tmp_path: Path):
    planned, done = (_record(day, statusModule__completionDateStruct={"date": "2004-01", "type": kind}) for day, kind in (("2003-01-01", "ESTIMATED"), ("2004-02-01", "ACTUAL")))
    _take(tiny, _one(_compare(tiny, tmp_path, planned), "completionDate"))
    one = _one(_compare(tiny, tmp_path, done), "completionDate")
    assert (one.kind, one.severity, one.ours, one.theirs, one.new) == ("changed", "low", "2004-01 (estimated)", "2004-01 (actual)", True)
    _take(tiny, one)
    for record in (planned, done):
        assert not [d for d in _compare(tiny, tmp_path, record).differences if d.property == "completionDate"]


@pytest.mark.parametrize(
    ("day", "done", "kind", "found"),
    [
        ("2005-07-01", "2004-01-15", "ACTUAL", "more exact"), ("2003-01-01", "2004-01-15", "ACTUAL", "ours is newer"),
        ("2003-01-01", "2004-01-15", "ESTIMATED", "ours is newer"), ("2005-07-01", "2004-01-15", "ESTIMATED", "changed"),
    ],
)  # fmt: skip
def test_a_more_exact_date_of_an_older_version_or_another_kind_is_not_called_so(tiny: Path, tmp_path: Path, day: str, done: str, kind: str, found: str):
    ours, theirs = (
        _record(version, statusModule__completionDateStruct={"date": of, "type": what})
        for version, of, what in (("2005-06-01", "2004-01", "ACTUAL"), (day, done, kind))
    )
    _take(tiny, _one(_compare(tiny, tmp_path, ours), "completionDate"))
    one = _one(_compare(tiny, tmp_path, theirs), "completionDate")
    assert (one.kind, bool(one.rows)) == (found, found != "ours is newer")


# ---------------------------------------------------------------- which row is compared


def _sponsors(tiny: Path) -> None:
    """Two more sponsors: one from the record in 2002, one from a paper."""
    with (tiny / "organisations.tsv").open("a") as file:
        width = (tiny / "organisations.tsv").read_text().split("\n")[0].count("\t") - 1
        for name in ("Later Co", "Paper Co"):
            file.write(f"mkg:organisation-{name.lower().replace(' ', '-')}\t{name}" + "\t" * width + "\n")
    head = (tiny / "trials.tsv").read_text().split("\n")[0].split("\t")
    base = {"id": "mkg:trial-NCT00000001", "label": "tiny trial", "checked_on": "2026-11-24", "evidence": "registry record"}
    rows = (
        {"sponsor": "mkg:organisation-paper-co", "source": "PMID:1", "locator": "first page", "record_date": "2000", "evidence": "single-arm trial"},
        {"sponsor": "mkg:organisation-later-co", "source": "mkg:record-NCT00000001", "locator": "sponsor", "record_date": "2002-05-01"},
    )
    with (tiny / "trials.tsv").open("a") as file:
        for row in rows:
            file.write("\t".join({**base, **row}.get(h, "") for h in head) + "\n")


def _france(tiny: Path) -> None:
    """One more country, from the record in 2002."""
    with (tiny / "countries.tsv").open("a") as file:
        file.write("mkg:country-fr\tFrance\tFR" + "\t" * ((tiny / "countries.tsv").read_text().split("\n")[0].count("\t") - 2) + "\n")
    head = (tiny / "trials.tsv").read_text().split("\n")[0].split("\t")
    row = {
        "id": "mkg:trial-NCT00000001", "label": "tiny trial", "country": "mkg:country-fr", "checked_on": "2026-11-24",
        "evidence": "registry record", "source": "mkg:record-NCT00000001", "locator": "places", "record_date": "2002-05-01",
    }  # fmt: skip
    with (tiny / "trials.tsv").open("a") as file:
        file.write("\t".join(row.get(h, "") for h in head) + "\n")


def test_our_source_and_date_are_those_of_the_rows_compared(tiny: Path, tmp_path: Path):
    _sponsors(tiny)
    one = _one(_compare(tiny, tmp_path, _record("2003-05-01", sponsorCollaboratorsModule={"leadSponsor": {"name": "New Inc"}})), "sponsor")
    assert "Paper Co" not in one.ours and "Later Co" in one.ours
    assert "first page" not in one.our_source and "NCT00000001, sponsor" in one.our_source and one.our_date == "2002-05-01"


def test_a_record_older_than_our_rows_is_said_to_be(tiny: Path, tmp_path: Path):
    _sponsors(tiny)
    old = _record("2001-05-01", sponsorCollaboratorsModule={"leadSponsor": {"name": "New Inc"}}, contactsLocationsModule={"locations": [{"country": "France"}]})
    report = _compare(tiny, tmp_path, old)
    sponsor = _one(report, "sponsor")
    assert (sponsor.kind, sponsor.severity, sponsor.rows) == ("ours is newer", "low", ())
    _france(tiny)
    for day, kinds in (("1999-01-01", []), ("2003-05-01", ["not in the record"])):
        report = _compare(tiny, tmp_path, _record(day, contactsLocationsModule={"locations": [{"country": "United States"}]}))
        found = [d for d in report.differences if d.property == "country"]
        assert [d.kind for d in found] == kinds and all((d.ours, d.theirs, d.our_date) == ("France", "United States", "2002-05-01") for d in found)


def test_a_number_of_participants_of_no_kind_is_said_or_agrees(tiny: Path, tmp_path: Path):
    problem, = _compare(tiny, tmp_path, _record("2003-05-01", designModule__enrollmentInfo={"count": 99})).problems  # fmt: skip
    assert (problem.rule, problem.value, problem.level) == ("enrolment of no kind", "99", "warning") and "17, 18, 20" in problem.fix
    assert _compare(tiny, tmp_path, _record("2003-05-01", designModule__enrollmentInfo={"count": 20})).problems == ()


# ---------------------------------------------------------------- arms and results


def _results(day: str, *groups: str, value: str = "10") -> dict[str, Any]:
    made = _record(day)
    measure = {
        "title": "Median Overall Survival", "paramType": "MEDIAN", "unitOfMeasure": "months", "timeFrame": "3 years",
        "groups": [{"id": f"OG{n:03}", "title": title} for n, title in enumerate(groups)],
        "classes": [{"categories": [{"measurements": [{"groupId": f"OG{n:03}", "value": value} for n, _ in enumerate(groups)]}]}],
    }  # fmt: skip
    made["resultsSection"] = {"outcomeMeasuresModule": {"outcomeMeasures": [measure]}}
    return made


def _arm(tiny: Path, curie: str, label: str, trial: str = "mkg:trial-NCT00000001") -> None:
    head, first = (tiny / "arms.tsv").read_text().splitlines()[:2]
    cells = dict(zip(head.split("\t"), first.split("\t"), strict=True)) | {"id": curie, "label": label, "armOf": trial, "armSize": ""}
    with (tiny / "arms.tsv").open("a") as file:
        file.write("\t".join(cells.values()) + "\n")


def test_an_id_of_another_arm_is_not_given_again(tiny: Path, tmp_path: Path):
    _arm(tiny, "mkg:arm-NCT00000001-control", "tiny trial, without vector")
    one = _one(_compare(tiny, tmp_path, _results("2003-05-01", "Control", "Vector")), "hasOutcome")
    assert [c["id"] for t, c in one.rows if t == "arms"] == ["mkg:arm-NCT00000001-control-2", "mkg:arm-NCT00000001-vector"]
    assert {c["inArm"] for t, c in one.rows if t == "outcomes"} == {"mkg:arm-NCT00000001-control-2", "mkg:arm-NCT00000001-vector"}
    assert _take(tiny, one) == 4
    assert not _compare(tiny, tmp_path, _results("2003-05-01", "Control", "Vector")).differences


def test_ids_of_many_names_of_one_slug_are_given_once_each(tiny: Path):
    ids = NewIds(Ours(tiny))
    us = "mkg:country-us"
    assert [ids.of(us, label) for label in ("United States", "Us", "U.S.", "Us")] == [us, f"{us}-2", f"{us}-3", f"{us}-2"]
    assert ids.of(f"{us}-4", "Us 4") == f"{us}-4" and [ids.of(us, label) for label in ("Us 4", "u s")] == [f"{us}-4", f"{us}-5"]
    looked_up: list[str] = []

    class Taken(dict[str, str]):
        def __contains__(self, curie: object) -> bool:
            looked_up.append(str(curie))
            return super().__contains__(curie)

    ids._taken = Taken(ids._taken)
    many = [f"U,{n}" for n in range(2_000)]
    given = [ids.of(us, label) for label in many]
    assert len(set(given)) == len(many) and given[-1] == f"{us}-{len(many) + 5}"
    assert len(looked_up) < 2 * len(many), "each is given without trying all before it"


def test_an_arm_of_another_trial_is_none_of_this_one(tiny: Path, tmp_path: Path):
    head, first = (tiny / "trials.tsv").read_text().splitlines()[:2]
    other = dict(zip(head.split("\t"), first.split("\t"), strict=True)) | {"id": "mkg:trial-other", "label": "other trial", "acronym": ""}
    with (tiny / "trials.tsv").open("a") as file:
        file.write("\t".join(other.values()) + "\n")
    _arm(tiny, "mkg:arm-other-high", "High dose", "mkg:trial-other")
    one = _one(_compare(tiny, tmp_path, _results("2003-05-01", "High dose")), "hasOutcome")
    assert {c["inArm"] for t, c in one.rows if t == "outcomes"} == {"mkg:arm-NCT00000001-high-dose"}
    assert accept(DriftReport((one,)), [one.key], data=tiny, validate=read_tables)[1] == 2


def test_an_arm_that_no_cell_can_hold_does_not_block_the_others(tiny: Path, tmp_path: Path):
    report = _compare(tiny, tmp_path, _results("2003-05-01", "Vector", "\x1b[31mred"))
    assert [(p.rule, "left out" in p.fix) for p in report.problems] == [("fits no table", True)]
    one = _one(report, "hasOutcome")
    assert [t for t, _ in one.rows] == ["arms", "outcomes"] and _take(tiny, one) == 2


def test_results_are_compared_again_on_a_later_version(tiny: Path, tmp_path: Path):
    _take(tiny, _one(_compare(tiny, tmp_path, _results("2003-05-01", "Vector")), "hasOutcome"))
    again = _compare(tiny, tmp_path, _results("2003-06-01", "Vector"))
    assert not again.differences and again.agreed
    changed = _one(_compare(tiny, tmp_path, _results("2003-07-01", "Vector", value="3.1")), "hasOutcome")
    assert (changed.kind, changed.severity, changed.new) == ("changed", "high", False)
    assert (changed.ours, changed.our_date) == ("value 10", "2003-05-01") and changed.theirs.startswith("value 3.1: median overall survival, Vector")
    more = _one(_compare(tiny, tmp_path, _results("2003-07-01", "Vector", "Another")), "hasOutcome")
    assert (more.kind, more.new, [t for t, _ in more.rows]) == ("results posted", True, ["arms", "outcomes"])
    assert more.theirs.startswith("1 measurement,")
    assert _take(tiny, changed) == 1
    assert not _compare(tiny, tmp_path, _results("2003-07-01", "Vector", value="3.1")).differences
    assert _one(_compare(tiny, tmp_path, _results("2003-06-01", "Vector")), "hasOutcome").kind == "ours is newer"


def _measured(day: str, measure: dict[str, str] | None = None, *comments: str) -> dict[str, Any]:
    """A record of one measure in as many groups as there are comments on their measurements."""
    made = _results(day, *(f"Group {n}" for n, _ in enumerate(comments)))
    (one,) = made["resultsSection"]["outcomeMeasuresModule"]["outcomeMeasures"]
    one.update(measure or {})
    for measurement, comment in zip(one["classes"][0]["categories"][0]["measurements"], comments, strict=True):
        measurement["comment"] = comment
    return made


@pytest.mark.parametrize("comment", ["Pr(>|t|) = 0.04", "grade 1 | grade 2", "|x|"])
def test_a_bar_in_a_note_is_a_stroke_and_blocks_nothing(tiny: Path, tmp_path: Path, comment: str):
    record = _measured("2003-05-01", None, "plain", comment)
    one = _one(_compare(tiny, tmp_path, record), "hasOutcome")
    assert accept(DriftReport((one,)), [one.key], data=tiny, validate=read_tables)[1] == 4
    notes = [v.value for row in read_tables(tiny).rows for cell in row.cells if cell.property.name == "resultNote" for v in cell.values]
    assert f"median; {comment.replace('|', '/')}" in notes
    report = _compare(tiny, tmp_path, record)
    assert not report.differences and not report.problems


@pytest.mark.parametrize("text", ["1|2 years", "not_applicable", "not_reported"])
@pytest.mark.parametrize("key", ["timeFrame", "populationDescription"])
def test_what_was_accepted_agrees_whatever_its_texts_mean_in_a_cell(tiny: Path, tmp_path: Path, key: str, text: str):
    record = _measured("2003-05-01", {key: text}, "")
    one = _one(_compare(tiny, tmp_path, record), "hasOutcome")
    assert accept(DriftReport((one,)), [one.key], data=tiny, validate=read_tables)[1] == 2
    assert not _compare(tiny, tmp_path, record).differences


def test_a_new_arm_of_a_later_version_is_shown(tiny: Path, tmp_path: Path):
    def arms(day: str, *labels: str) -> dict[str, Any]:
        return _record(day, armsInterventionsModule={"armGroups": [{"label": label, "type": "EXPERIMENTAL"} for label in labels]})

    _take(tiny, _one(_compare(tiny, tmp_path, arms("2003-05-01", "Low dose")), "hasArm"))
    assert not _compare(tiny, tmp_path, arms("2003-06-01", "Low dose")).differences
    new = _one(_compare(tiny, tmp_path, arms("2003-07-01", "Low dose", "Brand new arm")), "hasArm")
    assert (new.theirs, new.severity, new.new, [c["label"] for _, c in new.rows]) == ("Brand new arm", "medium", True, ["Brand new arm (NCT00000001)"])


def test_arms_of_a_record_stay_beside_own_names_though_its_results_were_taken(tiny: Path, tmp_path: Path):
    _arm(tiny, "mkg:arm-NCT00000001-whole", "tiny trial, everybody")
    record = _results("2003-05-01", "Control", "Vector")
    record["protocolSection"]["armsInterventionsModule"] = {"armGroups": [{"label": t, "type": "EXPERIMENTAL"} for t in ("Control", "Vector in full")]}
    first = _compare(tiny, tmp_path, record)
    assert [(d.property, d.new) for d in first.differences] == [("hasOutcome", True), ("hasArm", False)]
    assert accept(first, all_new=True, data=tiny, validate=read_tables)[1] == 4
    again = _compare(tiny, tmp_path, record)
    assert [(d.property, d.theirs, d.new) for d in again.differences] == [("hasArm", "Vector in full", False)]
    assert accept(again, all_new=True, data=tiny, validate=read_tables) == ("", 0), "the second time, nothing is new"


def _several(day: str, *values: str) -> dict[str, Any]:
    """A record that gives one outcome as several measures, each with another value."""
    made = _results(day, "Vector")
    measures = made["resultsSection"]["outcomeMeasuresModule"]["outcomeMeasures"]
    measures[:] = [deepcopy(measures[0]) for _ in values]
    for measure, value in zip(measures, values, strict=True):
        measure["classes"][0]["categories"][0]["measurements"][0]["value"] = value
    return made


@pytest.mark.parametrize(
    ("later", "found"),
    [
        (("10", "20"), []), (("20", "10"), []), (("5", "10", "20"), [("results posted", "", "1 measurement")]),
        (("10", "30"), [("changed", "value 20", "value 30")]), (("20", "20"), [("changed", "value 10", "value 20")]),
        (("20",), [("changed", "value 10", "value 20")]),
    ],
)  # fmt: skip
def test_an_outcome_that_several_measures_give_is_compared_by_all_of_them(tiny: Path, tmp_path: Path, later: tuple[str, ...], found: list[tuple[str, str, str]]):
    one = _one(_compare(tiny, tmp_path, _several("2003-05-01", "10", "20")), "hasOutcome")
    assert _take(tiny, one) == 3
    report = _compare(tiny, tmp_path, _several("2003-06-01", *later))
    shown = [(d.kind, d.ours, d.theirs) for d in report.differences]
    assert [(kind, ours) for kind, ours, _ in shown] == [(kind, ours) for kind, ours, _ in found]
    assert all(theirs.startswith(said) for (_, _, theirs), (_, _, said) in zip(shown, found, strict=True))


def test_an_arm_whose_title_changes_in_punctuation_only_is_the_same(tiny: Path, tmp_path: Path):
    def record(day: str, title: str, *others: str) -> dict[str, Any]:
        made = _results(day, title, *others)
        made["protocolSection"]["armsInterventionsModule"] = {"armGroups": [{"label": t, "type": "EXPERIMENTAL"} for t in (title, *others)]}
        return made

    report = _compare(tiny, tmp_path, record("2003-05-01", "Low-dose"))
    accept(report, all_new=True, data=tiny, validate=read_tables)
    assert not _compare(tiny, tmp_path, record("2003-06-01", "Low dose")).differences
    new = _one(_compare(tiny, tmp_path, record("2003-07-01", "Low dose", "Low dose+")), "hasArm")
    assert new.theirs == "Low dose+", "a sign tells arms apart"
    apart = record("2003-08-01", "Low-dose", "Low dose")
    new = _one(DriftReport(tuple(d for d in _compare(tiny, tmp_path, apart).differences if d.property == "hasArm")), "hasArm")
    assert (new.theirs, [c["id"] for t, c in new.rows if t == "arms"]) == ("Low dose", ["mkg:arm-NCT00000001-low-dose-2"]), "and so does the record itself"
    assert accept(_compare(tiny, tmp_path, apart), all_new=True, data=tiny, validate=read_tables)[1] == 2
    assert not _compare(tiny, tmp_path, apart).differences


def _titled(day: str, **value_of: str) -> dict[str, Any]:
    """A record of measures of one group with these titles and values, in this order."""
    made = _several(day, *value_of.values())
    for measure, title in zip(made["resultsSection"]["outcomeMeasuresModule"]["outcomeMeasures"], value_of, strict=True):
        measure.update(title=title.replace("_", " "), paramType="NUMBER", unitOfMeasure="Percentage of participants")
    return made


def test_measures_that_only_their_titles_tell_apart_are_outcomes_of_their_own(tiny: Path, tmp_path: Path):
    def compare(**value_of: str) -> list[tuple[str, str, str]]:
        return [(d.kind, d.ours, d.theirs) for d in _compare(tiny, tmp_path, _titled("2003-06-01", **value_of)).differences]

    alone = _one(_compare(tiny, tmp_path, _titled("2003-05-01", Response_rate_ORR="10")), "hasOutcome")
    assert [c.get("event") for t, c in alone.rows if t == "outcomes"] == [None] and _take(tiny, alone) == 2
    ((kind, _, theirs),) = compare(Response_rate_ORR="10", ORR_after_surgery="40")
    assert (kind, theirs) == ("results posted", "1 measurement, posted on a day not given"), "the first is the one that we have"
    ((kind, _, theirs),) = compare(ORR_after_surgery="40", Response_rate_ORR="10")
    assert (kind, theirs[:13]) == ("results posted", "1 measurement"), "whatever the order"
    assert ("changed", "value 10", "value 12: objective response rate, Vector (NCT00000001), 3 years") in compare(Response_rate_ORR="12", ORR_after_surgery="40")
    both = _one(_compare(tiny, tmp_path, _titled("2003-06-01", Response_rate_ORR="10", ORR_after_surgery="40")), "hasOutcome")
    assert [c["event"] for t, c in both.rows if t == "outcomes"] == ["ORR after surgery"] and _take(tiny, both) == 1
    assert not compare(Response_rate_ORR="10", ORR_after_surgery="40") and not compare(ORR_after_surgery="40", Response_rate_ORR="10")
    assert not compare(Response_rate_ORR="10"), "alone again, it is still known"


def test_each_kind_of_event_is_an_outcome_of_its_own(tiny: Path, tmp_path: Path):
    titles = {"Adverse_events_of_any_grade": "90", "Adverse_events_that_led_to_withdrawal": "2", "Serious_adverse_events": "9"}
    one = _one(_compare(tiny, tmp_path, _titled("2003-05-01", **titles)), "hasOutcome")
    assert {c["event"]: c["value"] for t, c in one.rows if t == "outcomes"} == {title.replace("_", " "): v for title, v in titles.items()}
    assert _take(tiny, one) == 4
    turned = dict(reversed(titles.items()))
    assert not _compare(tiny, tmp_path, _titled("2003-06-01", **turned)).differences
    report = _compare(tiny, tmp_path, _titled("2003-06-01", **{**titles, "Adverse_events_of_any_grade": "91", "Adverse_events_that_led_to_withdrawal": "3"}))
    assert [d.ours for d in report.differences] == ["value 2", "value 90"]


def test_two_events_that_change_alike_are_two_differences(tiny: Path, tmp_path: Path):
    def record(day: str, affected: int) -> dict[str, Any]:
        made = _record(day)
        stats = [{"groupId": "EG000", "numAffected": affected, "numAtRisk": 12}]
        events = [{"term": term, "organSystem": "General disorders", "stats": stats} for term in ("Fever", "Chills")]
        made["resultsSection"] = {"adverseEventsModule": {"timeFrame": "1 year", "eventGroups": [{"id": "EG000", "title": "Vector"}], "otherEvents": events}}
        return made

    accept(_compare(tiny, tmp_path, record("2003-05-01", 1)), all_new=True, data=tiny, validate=read_tables)
    found = _compare(tiny, tmp_path, record("2003-06-01", 2)).differences
    assert [(d.kind, d.ours) for d in found] == [("changed", "numerator 1")] * 2
    assert sorted(d.theirs for d in found) == [f"numerator 2: adverse event, {term}, Vector (NCT00000001), 1 year" for term in ("Chills", "Fever")]


# ---------------------------------------------------------------- what is refused


def _two(tiny: Path, tmp_path: Path) -> DriftReport:
    """A good difference and one whose row no table takes, both new."""
    record = _record("2003-05-01", statusModule__whyStopped="no funds", statusModule__completionDateStruct={"date": "2004-01"})
    report = _compare(tiny, tmp_path, record)
    bad = next(d for d in report.differences if d.property == "completionDate")
    (table, cells), = bad.rows  # fmt: skip
    return replace(report, differences=(*(d for d in report.differences if d is not bad), replace(bad, rows=((table, {**cells, "completionDate": "soon"}),))))


def test_what_breaks_a_rule_is_refused_by_its_key_and_the_rest_is_written(tiny: Path, tmp_path: Path):
    report = _two(tiny, tmp_path)
    refused: list[Refusal] = []
    _, number = accept(report, all_new=True, data=tiny, refused=refused)
    assert number == 1 and "no funds" in (tiny / "trials.tsv").read_text()
    (one,) = refused
    assert one.difference.property == "completionDate" and one.difference.key in str(one) and "'soon'" in str(one)


def test_a_rule_that_names_no_row_is_found_by_trying(tiny: Path, tmp_path: Path):
    report = _compare(tiny, tmp_path, _record("2003-05-01", statusModule__whyStopped="no funds", statusModule__completionDateStruct={"date": "2004-01"}, identificationModule__acronym="TEENY"))

    def judge(data: Path) -> None:
        if "2004-01" in (data / "trials.tsv").read_text():
            raise CheckFailed([Problem("graph", 0, "", "some rule", "", "mend it"), *(Problem("graph", n, "", "w", "", "x", "warning") for n in range(900))])

    refused: list[Refusal] = []
    _, number = accept(report, all_new=True, data=tiny, validate=judge, refused=refused)
    assert number == 1 and [(r.difference.property, len(r.problems)) for r in refused] == [("completionDate", 1)]


def test_an_error_names_the_key_and_leaves_out_the_warnings(tiny: Path, tmp_path: Path):
    report = _two(tiny, tmp_path)
    bad = next(d for d in report.differences if d.property == "completionDate")
    good = next(d for d in report.differences if d.property == "stopReason")
    with pytest.raises(ProblemsFound) as caught:
        accept(report, [bad.key], data=tiny)
    assert all(bad.key in line for line in str(caught.value).splitlines()[1:]) and "'soon'" in str(caught.value)

    def judge(data: Path) -> None:
        if "no funds" not in (data / "trials.tsv").read_text():
            return
        raise CheckFailed([Problem(f"data/x{n}.tsv", 1, "", "w", "", "x", "warning") for n in range(900)] + [Problem("graph", 0, "", "rule", str(n), "fix") for n in range(40)])

    with pytest.raises(ProblemsFound) as caught:
        accept(report, [good.key], data=tiny, validate=judge)
    assert len(caught.value.problems) == 6, "five, and how many more"
    assert all(good.key in str(p) for p in caught.value.problems)


def test_a_rule_that_our_tables_break_already_is_no_fault_of_a_difference(tiny: Path, tmp_path: Path):
    report = _two(tiny, tmp_path)

    def judge(data: Path) -> None:
        raise CheckFailed([Problem("data/trials.tsv", 2, "phase", "rule", "", "fix")])

    refused: list[Refusal] = []
    with pytest.raises(CheckFailed, match="data/trials.tsv:2 phase: rule"):
        accept(report, all_new=True, data=tiny, validate=judge, refused=refused)
    assert refused == []


def test_the_command_says_what_was_refused_and_ends_with_one(tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    report = _two(tiny, tmp_path)
    monkeypatch.setattr("mesokg.refresh.refresh", lambda *a, **k: report)
    run = CliRunner().invoke(command, ["--from", str(tmp_path), "--data", str(tiny), "--all-new"])
    bad = next(d for d in report.differences if d.property == "completionDate")
    assert run.exit_code == 1 and f"refused: {bad.key}" in run.output and "1 new row written" in run.output


def test_a_number_that_two_of_our_records_name_is_left_to_a_curator(tiny: Path, tmp_path: Path):
    head, first = (tiny / "trials.tsv").read_text().splitlines()[:2]
    other = dict(zip(head.split("\t"), first.split("\t"), strict=True)) | {"id": "mkg:trial-NCT00000002", "label": "other trial", "acronym": ""}
    with (tiny / "trials.tsv").open("a") as file:
        file.write("\t".join(other.values()) + "\n")
    one = _record("2003-05-01", identificationModule__secondaryIdInfos=[{"id": "2099-000001-12", "type": "EUDRACT_NUMBER"}])
    two = deepcopy(one)
    two["protocolSection"]["identificationModule"]["nctId"] = "NCT00000002"
    found = [d for d in _compare(tiny, tmp_path, one, two).differences if d.property == "registryIdentifier" and "2099" in d.theirs]
    assert [(d.rows, d.new) for d in found] == [((), False)] * 2 and "other trial" in found[0].note + found[1].note
    assert [d.new for d in _compare(tiny, tmp_path, one).differences if "2099" in d.theirs] == [True]


# ---------------------------------------------------------------- stopped, and changed since


def _stopped(tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DriftReport:
    """An accept that was stopped when its table was whole and its list written."""
    from mesokg.registries import accepting

    report = _compare(tiny, tmp_path, _record("2003-05-01", statusModule__whyStopped="no funds"))

    def stop(beside: Path, path: Path) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(accepting, "put_in_place", stop)
        with pytest.raises(KeyboardInterrupt):
            accept(report, all_new=True, data=tiny)
    return report


def test_finishing_never_overwrites_what_was_typed_since(tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    report = _stopped(tiny, tmp_path, monkeypatch)
    trials = tiny / "trials.tsv"
    typed = trials.read_text().replace("TINY", "TEENY")
    trials.write_text(typed)
    for _ in range(2):
        with pytest.raises(ExportError, match=r"trials.tsv was changed after .* wait in .*trials.tsv.accepted\. Copy those"):
            accept(report, all_new=True, data=tiny)
    assert trials.read_text() == typed and (tiny / "trials.tsv.accepted").exists()
    (tiny / "trials.tsv.accepted").unlink()
    assert accept(report, all_new=True, data=tiny)[1] == 1 and "TEENY" in trials.read_text()


def test_a_dry_run_does_not_finish_what_was_stopped(tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    report = _stopped(tiny, tmp_path, monkeypatch)
    before = {p.name: p.read_bytes() for p in tiny.iterdir()}
    arguments = ["--from", str(tmp_path / "records"), "--data", str(tiny), "--all-new", "--dry-run"]
    run = CliRunner().invoke(command, arguments)
    assert isinstance(run.exception, ExportError) and "without --dry-run" in str(run.exception)
    with pytest.raises(ExportError, match="trials.tsv.accepted waits"):
        accept(report, all_new=True, data=tiny, dry_run=True)
    assert {p.name: p.read_bytes() for p in tiny.iterdir()} == before
    assert finish_stopped(tiny) == ["trials"] and "no funds" in (tiny / "trials.tsv").read_text()
