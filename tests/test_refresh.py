"""Comparing with registries, the drift report in its three forms, and what accepting writes."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner

from mesokg.errors import CheckFailed, ExportError, ProblemsFound, UsageError
from mesokg.refresh import accept, refresh
from mesokg.registries.commands import refresh as command
from mesokg.registries.drift import COLUMNS, DriftReport, drift_as_tsv, print_drift
from mesokg.registries.drift_page import drift_as_html
from registries.fake_registry import FakeRegistry, page, serving, study
from registries.quick import Quick
from test_registries import HGNC, OLS, PUBMED, SAMPLES, samples

DAY = date(2026, 11, 24)
TRIAL = "https://w3id.org/mesokg/id/trial-NCT00000001"


def _compare(tiny: Path, tmp_path: Path, *records: dict, **more) -> DriftReport:
    folder = tmp_path / "records"
    folder.mkdir(exist_ok=True)
    (folder / "page.json").write_text(json.dumps({"studies": list(records)}))
    return refresh(tiny, path=folder, day=DAY, **more)


def _by_property(report: DriftReport) -> dict[str, object]:
    return {d.property: d for d in report.differences if d.kind != "history"}


def _lines(data: Path) -> dict[str, list[str]]:
    return {p.name: p.read_text(encoding="utf-8").splitlines() for p in data.glob("*.tsv")}


# ---------------------------------------------------------------- what is found


def test_each_field_is_compared(tiny: Path, tmp_path: Path):
    report = _compare(tiny, tmp_path, study(results=True))
    assert report.problems == ()
    found = {(d.property, d.kind, d.severity) for d in report.differences}
    assert found == {
        ("status", "changed", "high"),
        ("phase", "changed", "high"),
        ("allocation", "changed", "high"),
        ("hasOutcome", "results posted", "high"),
        ("enrolmentActual", "changed", "medium"),
        ("sponsor", "changed", "medium"),
        ("publication", "missing here", "medium"),
        ("startDate", "more exact", "low"),
        ("primaryCompletionDate", "missing here", "low"),
        ("completionDate", "missing here", "low"),
        ("collaborator", "missing here", "low"),
        ("officialTitle", "missing here", "low"),
        ("stopReason", "missing here", "low"),
        ("registryIdentifier", "missing here", "low"),
        ("hasArm", "missing here", "low"),
    }
    assert [d.severity for d in report.differences] == sorted((d.severity for d in report.differences), key=["high", "medium", "low"].index)


def test_a_difference_says_both_sides_their_dates_and_what_rests_on_it(tiny: Path, tmp_path: Path):
    status = _by_property(_compare(tiny, tmp_path, study()))["status"]
    assert (status.subject, status.ours, status.our_date) == (TRIAL, "completed", "2001-02-01")
    assert status.our_source == "ClinicalTrials.gov NCT00000001, status at the end"
    assert (status.theirs, status.their_source, status.their_date) == ("terminated", "ClinicalTrials.gov NCT00000001", "2003-02-12")
    assert "completed trial" in status.rests and "stopped trial" in status.rests and "question" in status.rests


def test_a_value_we_have_ranked_behind_another_is_no_news(tiny: Path, tmp_path: Path):
    enrolled = _by_property(_compare(tiny, tmp_path, study(designModule__enrollmentInfo={"count": 18, "type": "ACTUAL"})))["enrolmentActual"]
    assert (enrolled.severity, enrolled.rows, enrolled.note) == ("low", (), "we have this value too, ranked behind ours")


def test_a_record_older_than_our_source_changes_nothing(tiny: Path, tmp_path: Path):
    old = study(statusModule__overallStatus="SUSPENDED", statusModule__lastUpdatePostDateStruct={"date": "1999-01-01"})
    status = _by_property(_compare(tiny, tmp_path, old))["status"]
    assert (status.kind, status.severity, status.rows) == ("ours is newer", "low", ())


def test_the_same_values_agree(tiny: Path, tmp_path: Path):
    same = study(
        statusModule__overallStatus="COMPLETED", designModule__phases=["PHASE1"], statusModule__startDateStruct={"date": "2000-03"},
        designModule__designInfo={"interventionModel": "SINGLE_GROUP", "allocation": "NA"},
        designModule__enrollmentInfo={"count": 20, "type": "ESTIMATED"},
    )  # fmt: skip
    report = _compare(tiny, tmp_path, same)
    assert not {"status", "phase", "startDate", "allocation", "enrolmentPlanned", "acronym", "studies", "country"} & _by_property(report).keys()
    assert report.agreed >= 8


def test_a_withdrawn_study_is_high_and_keeps_its_zero(tiny: Path, tmp_path: Path):
    gone = study(statusModule__overallStatus="WITHDRAWN", designModule__enrollmentInfo={"count": 0, "type": "ACTUAL"})
    found = _by_property(_compare(tiny, tmp_path, gone))
    assert (found["status"].theirs, found["status"].severity, found["enrolmentActual"].theirs) == ("withdrawn", "high", "0")


def test_names_that_are_none_of_ours_are_said_not_guessed(tiny: Path, tmp_path: Path):
    found = _by_property(_compare(tiny, tmp_path, study(conditionsModule__conditions=["Something Rare"], contactsLocationsModule__locations=[{"country": "Atlantis"}])))
    assert "studies" not in found and "country" not in found, "we name others; the record's names are no contradiction"
    trials = tiny / "trials.tsv"
    trials.write_text(trials.read_text().replace("MONDO:0005112", "").replace("mkg:country-us", ""))
    found = _by_property(_compare(tiny, tmp_path, study(conditionsModule__conditions=["Something Rare"], contactsLocationsModule__locations=[{"country": "Atlantis"}])))
    assert (found["studies"].theirs, found["studies"].rows) == ("Something Rare", ())
    assert (found["country"].theirs, found["country"].rows) == ("Atlantis", ())


def test_versions_of_one_record_are_its_history(tiny: Path, tmp_path: Path):
    older = study(statusModule__overallStatus="RECRUITING", statusModule__lastUpdatePostDateStruct={"date": "2002-05-01"})
    report = _compare(tiny, tmp_path, study(), older)
    (past,) = [d for d in report.differences if d.kind == "history" and d.property == "status"]
    assert past.theirs == "recruiting on 2002-05-01"
    ((_, row), (_, wording)) = past.rows
    assert (row["status"], row["as_of"], row["record_date"], wording["statusAsReported"]) == ("recruiting", "2002-05-01", "2002-05-01", "RECRUITING")


def test_a_merged_number_is_found_by_its_alias(tiny: Path, tmp_path: Path):
    merged = study("NCT00000077", identificationModule__nctIdAliases=["NCT00000001"])
    report = _compare(tiny, tmp_path, merged)
    assert [(d.ours, d.theirs) for d in report.differences if d.kind == "merged"] == [("NCT00000001", "NCT00000077")]


def test_a_bad_field_is_a_problem_and_the_others_are_compared(tiny: Path, tmp_path: Path):
    report = _compare(tiny, tmp_path, study(designModule__phases=["PHASE9"], designModule__enrollmentInfo={"count": "many", "type": "ACTUAL"}))
    assert {p.rule for p in report.problems} == {"unknown value", "field changed type"}
    assert "status" in _by_property(report) and "phase" not in _by_property(report)


def test_only_the_named_are_compared(tiny: Path, tmp_path: Path):
    assert _compare(tiny, tmp_path, study(), ids=["NCT00000001"]).differences
    assert _compare(tiny, tmp_path, study(), ids=["tiny trial"]).differences
    assert not _compare(tiny, tmp_path, study(), ids=["PMID:1"]).differences
    with pytest.raises(UsageError, match="did you mean NCT00000001"):
        _compare(tiny, tmp_path, study(), ids=["NCT00000011"])
    with pytest.raises(UsageError, match="did you mean pubmed"):
        _compare(tiny, tmp_path, study(), sources=["pubmd"])


# ---------------------------------------------------------------- publications and terms


def test_a_retraction_and_a_correction_are_found(tiny: Path, tmp_path: Path):
    (tmp_path / "a.xml").write_text(PUBMED, encoding="utf-8")
    report = refresh(tiny, path=tmp_path / "a.xml", day=DAY)
    found = {(d.kind, d.severity, d.theirs) for d in report.differences}
    assert ("retracted", "high", "J Ex. 2001;2:3 PMID 5") in found
    assert ("corrected", "high", "J Ex. 2000;1:9") in found
    retracted = next(d for d in report.differences if d.kind == "retracted")
    assert re.fullmatch(r"\d+ statements cite it, \d+ have no other source", retracted.rests)
    assert ("missing here", "low", "PMC123") in found


def test_renamed_and_obsolete_terms_are_found(tiny: Path, tmp_path: Path):
    renamed = json.loads(json.dumps(HGNC).replace('"MSLN"', '"MSLN2"').replace('"MPF"', '"MSLN"'))
    (tmp_path / "t.json").write_text(json.dumps([renamed, OLS]))
    report = refresh(tiny, path=tmp_path / "t.json", day=DAY)
    found = {(d.kind, d.severity, d.label, d.theirs) for d in report.differences}
    labels = {row[1] for row in (line.split("\t") for line in (tiny / "genes.tsv").read_text().splitlines()) if row[0] == "HGNC:7371"}
    assert not labels or ("renamed", "low", "MSLN", "MSLN2") in found
    assert any(kind == "obsolete" and severity == "high" and theirs.endswith("replaced by MONDO:0005065") for kind, severity, _, theirs in found)
    assert all("refer to it" in d.rests or "used in" in d.rests for d in report.differences)


# ---------------------------------------------------------------- forms of the report


def test_tsv_has_a_line_per_difference_and_problem(tiny: Path, tmp_path: Path):
    report = _compare(tiny, tmp_path, study(results=True, designModule__phases=["PHASE9"]))
    lines = [line.split("\t") for line in drift_as_tsv(report).splitlines()]
    assert lines[0] == list(COLUMNS)
    assert all(len(line) == len(COLUMNS) for line in lines)
    assert len(lines) == 1 + len(report.differences) + len(report.problems)


def test_html_is_one_page_and_escapes(tiny: Path, tmp_path: Path):
    report = _compare(tiny, tmp_path, study(statusModule__whyStopped="<script>alert(1)</script> & more"))
    page_ = drift_as_html(report)
    assert "<script>" not in page_ and "&lt;script&gt;" in page_
    assert page_.count("<tr class=") == len(report.differences)
    assert not re.search(r'(src|href)="http|url\(', page_)


def test_html_has_a_section_for_each_severity_and_none_for_nothing(tiny: Path, tmp_path: Path):
    report = _compare(tiny, tmp_path, study(results=True))
    sections = re.findall(r"<summary>(\w+) \((\d+)\)", drift_as_html(report))
    assert sections == [(s, str(sum(d.severity == s for d in report.differences))) for s in ("high", "medium", "low")]
    assert "--accept KEY" in drift_as_html(report)
    nothing = drift_as_html(DriftReport(notes=("see `mesokg discover --from`",), day="2026-11-24"))
    assert "<table" not in nothing and "--accept" not in nothing and "see <code>mesokg discover --from</code>" in nothing


def test_the_terminal_shows_every_key(tiny: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    report = _compare(tiny, tmp_path, study())
    print_drift(report)
    shown = capsys.readouterr().out
    assert all(d.key in shown for d in report.differences)
    assert shown.rstrip().endswith(report.summary)


def test_the_report_is_the_same_twice(tiny: Path, tmp_path: Path):
    one, two = (_compare(tiny, tmp_path, study(results=True)) for _ in range(2))
    assert drift_as_tsv(one) == drift_as_tsv(two) and drift_as_html(one) == drift_as_html(two)
    assert len({d.key for d in one.differences}) == len(one.differences)


# ---------------------------------------------------------------- accepting


def test_refresh_writes_nothing(tiny: Path, tmp_path: Path):
    before = _lines(tiny)
    _compare(tiny, tmp_path, study(results=True))
    assert _lines(tiny) == before


def test_accepting_a_status_adds_a_dated_row_and_keeps_the_old(tiny: Path, tmp_path: Path):
    report = _compare(tiny, tmp_path, study())
    before = _lines(tiny)
    diff, number = accept(report, [_by_property(report)["status"].key], data=tiny)
    after = _lines(tiny)
    assert number == 2 and all(line in diff for line in ("+++ data/trials.tsv (accepted)", "terminated"))
    added = [dict(zip(after["trials.tsv"][0].split("\t"), line.split("\t"), strict=True)) for line in after["trials.tsv"][1:]]
    (row,) = [r for r in added if r["status"] == "terminated"]
    assert (row["source"], row["record_date"], row["as_of"], row["evidence"], row["checked_on"], row["rank"]) == (
        "mkg:record-NCT00000001", "2003-02-12", "2003-02-12", "registry record", "2026-11-24", "",
    )  # fmt: skip
    assert [r for r in added if r["status"] == "completed"][0]["as_of"] == "2001-02"
    assert {n: lines for n, lines in after.items() if n != "trials.tsv"} == {n: lines for n, lines in before.items() if n != "trials.tsv"}
    again = _compare(tiny, tmp_path, study())
    assert "status" not in _by_property(again), "what was accepted agrees"


def test_what_was_known_on_a_day_stays_answerable(tiny: Path, tmp_path: Path):
    from mesokg.graph import build_graph
    from mesokg.tables import read_tables

    report = _compare(tiny, tmp_path, study())
    accept(report, [_by_property(report)["status"].key], data=tiny)
    graph = build_graph(read_tables(tiny))
    dated = {
        (a.as_of.first_day.isoformat(), a.object.value.rsplit("/", 1)[-1])
        for a in graph.assertions.values()
        if a.property.name == "status" and a.subject == TRIAL
    }
    assert {("2000-05-01", "statusRecruiting"), ("2001-02-01", "statusCompleted"), ("2003-02-12", "statusTerminated")} <= dated
    plain = {q.object.value.rsplit("/", 1)[-1] for q in graph.facts if q.predicate.value.endswith("/status") and q.subject.value == TRIAL}
    assert plain == {"statusTerminated"}


def test_beside_an_undated_row_the_new_one_is_preferred_with_a_reason(tiny: Path, tmp_path: Path):
    report = _compare(tiny, tmp_path, study())
    accept(report, [_by_property(report)["phase"].key], data=tiny)
    head, *lines = (line.split("\t") for line in (tiny / "trials.tsv").read_text().splitlines())
    rows = [dict(zip(head, line, strict=True)) for line in lines]
    assert [(r["rank"], bool(r["comment"])) for r in rows if r["phase"] == "1/2"] == [("preferred", True)]
    assert [r["rank"] for r in rows if r["phase"] == "1"] == [""]


def test_all_new_adds_results_arms_and_sources_and_is_idempotent(tiny: Path, tmp_path: Path):
    report = _compare(tiny, tmp_path, study(results=True))
    diff, number = accept(report, all_new=True, data=tiny)
    assert number > 20 and "data/outcomes.tsv" in diff and "<0.0001" in diff
    assert accept(report, all_new=True, data=tiny) == ("", 0)
    left = {d.property for d in _compare(tiny, tmp_path, study(results=True)).differences}
    assert "hasOutcome" not in left and "stopReason" not in left and "phase" in left


def test_a_dry_run_writes_nothing(tiny: Path, tmp_path: Path):
    before = _lines(tiny)
    _, number = accept(_compare(tiny, tmp_path, study(results=True)), all_new=True, data=tiny, dry_run=True)
    assert number > 20 and _lines(tiny) == before


def test_rows_that_break_a_rule_are_not_written(tiny: Path, tmp_path: Path):
    from dataclasses import replace

    report = _compare(tiny, tmp_path, study())
    status = _by_property(report)["status"]
    (table, cells), *_ = status.rows
    bad = replace(status, rows=((table, {**cells, "status": "paused"}),))
    before = _lines(tiny)
    with pytest.raises(ProblemsFound, match="paused"):
        accept(replace(report, differences=(bad,)), [bad.key], data=tiny)
    assert _lines(tiny) == before and not list(tiny.glob("*.new"))


def test_a_check_that_fails_writes_nothing(tiny: Path, tmp_path: Path):
    def refuse(data: Path) -> None:
        raise CheckFailed([])

    report = _compare(tiny, tmp_path, study())
    before = _lines(tiny)
    with pytest.raises(CheckFailed):
        accept(report, all_new=True, data=tiny, validate=refuse)
    assert _lines(tiny) == before


def test_a_table_that_changes_meanwhile_is_not_overwritten(tiny: Path, tmp_path: Path):
    trials = tiny / "trials.tsv"

    def meddle(data: Path) -> None:
        trials.write_text(trials.read_text().replace("TINY", "TEENY"))

    report = _compare(tiny, tmp_path, study())
    with pytest.raises(ExportError, match="changed while"):
        accept(report, [_by_property(report)["status"].key], data=tiny, validate=meddle)
    assert "terminated" not in trials.read_text()


def test_unknown_and_unacceptable_keys_are_refused(tiny: Path, tmp_path: Path):
    report = _compare(tiny, tmp_path, study())
    with pytest.raises(UsageError, match="no difference 'nothing'"):
        accept(report, ["nothing"], data=tiny)
    with pytest.raises(UsageError, match="a curator must rank"):
        accept(report, [_by_property(report)["enrolmentActual"].key], data=tiny)


def test_arms_and_administrations_of_a_trial_without_arms(tiny: Path, tmp_path: Path):
    beside = _by_property(_compare(tiny, tmp_path, study()))["hasArm"]
    assert (beside.ours, beside.theirs, beside.new) == ("tiny trial, all", "Low dose", False) and "as a synonym" in beside.note
    for name in ("arms", "administrations", "outcomes"):
        (tiny / f"{name}.tsv").unlink()
    therapy = next(line.split("\t")[1] for line in (tiny / "therapies.tsv").read_text().splitlines()[1:])
    with_ours = study(armsInterventionsModule__interventions=[{"type": "BIOLOGICAL", "name": "Code 7", "otherNames": [therapy], "armGroupLabels": ["Low dose"]}, {"type": "DRUG", "name": "Unknownamab", "armGroupLabels": ["Low dose"]}])
    arms = _by_property(_compare(tiny, tmp_path, with_ours))["hasArm"]
    assert [table for table, _ in arms.rows] == ["arms", "administrations"] and "Unknownamab" in arms.note
    assert arms.rows[1][1]["givesTherapy"].startswith("mkg:therapy-")


# ---------------------------------------------------------------- the command and the services


def test_the_command_ends_with_one_where_anything_differs(tiny: Path, tmp_path: Path):
    (tmp_path / "a.json").write_text(json.dumps(study()))
    run = CliRunner().invoke(command, ["--from", str(tmp_path / "a.json"), "--data", str(tiny), "--tsv", str(tmp_path / "d.tsv"), "--html", str(tmp_path / "d.html")])
    assert run.exit_code == 1 and "terminated" in run.output
    assert (tmp_path / "d.tsv").read_text().startswith("key\t") and (tmp_path / "d.html").read_text().startswith("<!doctype html>")
    key = next(line.split("\t")[0] for line in (tmp_path / "d.tsv").read_text().splitlines() if "\tstatus\t" in line)
    run = CliRunner().invoke(command, ["--from", str(tmp_path / "a.json"), "--data", str(tiny), "--accept", key])
    assert run.exit_code == 0 and "2 new rows written" in run.output and "terminated" in (tiny / "trials.tsv").read_text()


def test_a_refresh_from_the_services_with_one_down(tiny: Path, tmp_path: Path):
    def handler(path: str, query: dict[str, str], registry: FakeRegistry):
        return page(study()) if path == "/studies" else (403, {}, b"closed today")

    with serving(handler) as registry:
        online = Quick.at(registry.url, tmp_path / "cache")
        report = refresh(tiny, online=online, day=DAY)
        assert "status" in _by_property(report), "the report of the service that answered is whole"
        assert {p.rule for p in report.problems} == {"registry not read"}
        assert any("were not read" in note for note in report.notes)
    offline = refresh(tiny, sources=["ctgov"], online=Quick.at(registry.url, tmp_path / "cache", offline=True), day=DAY)
    assert [d.key for d in offline.differences] == [d.key for d in report.differences if d.their_source.startswith("Clinical")]


def test_a_number_that_is_gone_from_the_registry_is_high(tiny: Path, tmp_path: Path):
    def handler(path: str, query: dict[str, str], registry: FakeRegistry):
        return page() if path == "/studies" else (404, {}, b"")

    with serving(handler) as registry:
        report = refresh(tiny, sources=["ctgov"], online=Quick.at(registry.url, tmp_path / "c"), day=DAY)
    assert [(d.kind, d.severity, d.ours) for d in report.differences] == [("record gone", "high", "NCT00000001")]


def test_versions_in_the_cache_become_history(tiny: Path, tmp_path: Path):
    state = [study(statusModule__overallStatus="SUSPENDED", statusModule__lastUpdatePostDateStruct={"date": "2002-05-01"})]
    with serving(lambda path, query, registry: page(state[0])) as registry:
        online = Quick.at(registry.url, tmp_path / "c", max_age=0)
        refresh(tiny, sources=["ctgov"], online=online, day=DAY)
        for path in (tmp_path / "c" / "ctgov" / "answers").rglob("*.gz"):
            path.unlink()  # as if a day had passed
        state[0] = study()
        report = refresh(tiny, sources=["ctgov"], online=online, day=DAY)
    assert any(d.kind == "history" and d.theirs == "suspended on 2002-05-01" for d in report.differences)


@samples
def test_real_records_give_a_report_of_none_of_our_trials():
    report = refresh(path=SAMPLES / "ctgov", day=DAY)
    assert report.differences == ()
    assert [p.rule for p in report.problems] == ["refused", "refused"]
    assert any("26 studies in the files are none of our trials" in note for note in report.notes)


def test_a_refresh_of_all_our_trials_asks_once_for_what_rests_on_a_value(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    from mesokg.registries.ours import Ours

    asked: list[tuple[str, frozenset[str]]] = []
    find = Ours._find_rests

    def counted(self: Ours, name: str, iris: frozenset[str]) -> str:
        asked.append((name, iris))
        return find(self, name, iris)

    monkeypatch.setattr(Ours, "_find_rests", counted)
    numbers = list(Ours().trials)
    (tmp_path / "ours.json").write_text(json.dumps([study(n) for n in numbers]))
    report = refresh(path=tmp_path, day=DAY)
    assert len({d.subject for d in report.differences}) >= len(numbers) * 0.9
    assert len(asked) == len(set(asked)) < len(report.differences) / 3
