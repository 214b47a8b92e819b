"""Readers of registry records: files of every form, every field, everything that can be wrong with a record."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from mesokg.errors import Problem, ResourceError
from mesokg.registries.ctgov import PHASES, STATUSES, read_studies, read_study
from mesokg.registries.direction import direction
from mesokg.registries.files import kind_of
from mesokg.registries.plain import one_line
from mesokg.registries.pubmed import read_articles
from mesokg.registries.records import DatedEvent, OtherId
from mesokg.registries.results import arm_id, outcome_rows, result_groups
from mesokg.registries.terms import read_terms
from registries.fake_registry import study

SAMPLES = Path(__file__).resolve().parent.parent.parent / "shared" / "samples"
samples = pytest.mark.skipif(not (SAMPLES / "ctgov").is_dir(), reason="real records are not beside this checkout (../shared/samples)")


def _read(raw: object) -> tuple[object, list[Problem]]:
    problems: list[Problem] = []
    return read_study(raw, "here", problems), problems


def _numbers(path: Path) -> tuple[list[str], list[Problem]]:
    problems: list[Problem] = []
    return [s.nct for s in read_studies(path, problems)], problems


# ---------------------------------------------------------------- fields


def test_every_field_is_mapped():
    read, problems = _read(study(results=True))
    assert problems == []
    assert (read.nct, read.phase, read.status, read.stop_reason) == ("NCT00000001", "1/2", "terminated", "Slow enrolment | no supply")
    assert read.other_ids == (
        OtherId("ORG", "TINY-1"), OtherId("EUDRACT_NUMBER", "2000-000001-12"), OtherId("OTHER", "HREC/13/99"),
    )  # fmt: skip
    assert (read.start, read.completion) == (DatedEvent("2000-03-15", "ACTUAL"), DatedEvent("2003-06", "ESTIMATED"))
    assert (read.enrolment, read.enrolment_kind, read.allocation) == (21, "ACTUAL", "non-randomised")
    assert (read.version_date, read.verified) == ("2003-02-12", "2003-02")
    assert (read.sponsor, read.collaborators, read.countries, read.sites) == (
        "Another Sponsor, Inc.", ("Example Hospital",), ("Atlantis", "United States"), 2,
    )  # fmt: skip
    assert read.arms[0].interventions == ("Biological: Ad.Example", "Drug: Unknownamab")
    assert read.interventions[0].other_names == ("AdEx",)
    assert [r.pmid for r in read.references] == ["7", "8"]
    assert read.design == (("intervention model", "SEQUENTIAL"), ("masking", "NONE"), ("primary purpose", "TREATMENT"))
    assert read.has_results


def test_a_record_with_nothing_but_its_number_is_read():
    read, problems = _read({"protocolSection": {"identificationModule": {"nctId": "NCT00000002"}}})
    assert problems == []
    assert (read.nct, read.phase, read.status, read.enrolment, read.start, read.arms, read.has_results) == (
        "NCT00000002", "", "", None, None, (), False,
    )  # fmt: skip


@pytest.mark.parametrize(("recorded", "ours"), PHASES.items())
def test_phases(recorded: tuple[str, ...], ours: str):
    read, problems = _read(study(designModule__phases=list(recorded)))
    assert (read.phase, read.phases_as_recorded, problems) == (ours, recorded, [])


@pytest.mark.parametrize(("recorded", "ours"), STATUSES.items())
def test_statuses(recorded: str, ours: str):
    read, problems = _read(study(statusModule__overallStatus=recorded))
    assert (read.status, read.status_as_recorded, problems) == (ours, recorded, [])


def test_a_study_of_unknown_status_keeps_the_last_known():
    read, _ = _read(study(statusModule__overallStatus="UNKNOWN", statusModule__lastKnownStatus="RECRUITING"))
    assert (read.status, read.last_known_status) == ("unknown", "recruiting")


def test_a_withdrawn_study_has_zero_participants_not_none():
    read, problems = _read(
        study(statusModule__overallStatus="WITHDRAWN", designModule__enrollmentInfo={"count": 0, "type": "ACTUAL"})
    )
    assert (read.status, read.enrolment, problems) == ("withdrawn", 0, [])


@pytest.mark.parametrize(
    ("changes", "column", "rule"),
    [
        ({"designModule__phases": ["PHASE9"]}, "designModule.phases", "unknown value"),
        ({"statusModule__overallStatus": "PAUSED"}, "statusModule.overallStatus", "unknown value"),
        ({"designModule__enrollmentInfo": {"count": 3, "type": "GUESSED"}}, "designModule.enrollmentInfo.type", "unknown value"),
        ({"designModule__phases": "PHASE1"}, "designModule.phases", "field changed type"),
        ({"designModule__enrollmentInfo": {"count": "21", "type": "ACTUAL"}}, "designModule.enrollmentInfo.count", "field changed type"),
        ({"designModule__enrollmentInfo": 21}, "designModule.enrollmentInfo", "field changed type"),
        ({"statusModule__startDateStruct": {"date": "March 2000"}}, "statusModule.startDateStruct.date", "field changed type"),
        ({"conditionsModule__conditions": [1, "Mesothelioma"]}, "conditionsModule.conditions", "field changed type"),
        ({"sponsorCollaboratorsModule": ["x"]}, "sponsorCollaboratorsModule", "field changed type"),
        ({"armsInterventionsModule__armGroups": {"label": "A"}}, "armsInterventionsModule.armGroups", "field changed type"),
    ],
)
def test_what_is_wrong_with_one_field_is_said_and_the_rest_is_read(changes: dict, column: str, rule: str):
    read, problems = _read(study(**changes))
    assert read is not None and read.title.startswith("Tiny Trial")
    assert [(p.file, p.column, p.rule) for p in problems] == [("NCT00000001", column, rule)]


def test_an_unknown_word_is_kept_as_recorded_without_a_normal_form():
    read, _ = _read(study(statusModule__overallStatus="PAUSED", designModule__phases=["PHASE9"]))
    assert (read.status, read.status_as_recorded, read.phase, read.phases_as_recorded) == ("", "PAUSED", "", ("PHASE9",))


@pytest.mark.parametrize("raw", [None, 3, [], {}, {"protocolSection": []}, {"protocolSection": {"identificationModule": {"nctId": "X"}}}])
def test_what_is_no_study_is_refused(raw: object):
    read, problems = _read(raw)
    assert read is None and len(problems) == 1


# ---------------------------------------------------------------- results


def _rows(change=None) -> list[dict[str, str]]:
    """The rows of the made-up results; ``change`` is given the first outcome measure of the record."""
    raw = study(results=True)
    if change is not None:
        change(raw["resultsSection"]["outcomeMeasuresModule"]["outcomeMeasures"][0])
    read, _ = _read(raw)
    arms = {title: arm_id(read.nct, title) for title in result_groups(read)}
    problems: list[Problem] = []
    rows = list(outcome_rows(read, "mkg:trial-NCT00000001", arms, problems))
    assert problems == []
    return rows


def _one(rows: list[dict[str, str]], locator: str) -> dict[str, str]:
    return next({k: v for k, v in row.items() if v} for row in rows if row["locator"] == locator)


def test_survival_keeps_unit_interval_and_denominator():
    row = _one(_rows(), "outcome 1, Low dose")
    assert row == {
        "outcomeOf": "mkg:trial-NCT00000001", "inArm": "mkg:arm-NCT00000001-low-dose", "population": "all treated",
        "measure": "median overall survival", "timePoint": "3 years", "resultUnit": "months", "value": "13.5",
        "denominator": "12", "lowerLimit": "9.1", "confidenceLevel": "95", "resultStatus": "reported",
        "resultNote": "median; not reached; upperLimit NA", "locator": "outcome 1, Low dose",
    }  # fmt: skip


def test_a_value_that_is_no_number_stays_a_text():
    assert _one(_rows(), "outcome 1, High dose")["valueText"] == "NA"


def _describe(text: str, **changes):
    def change(measure: dict) -> None:
        measure["analyses"][0].update({"groupDescription": text, **changes})

    return change


LOW, HIGH = "mkg:arm-NCT00000001-low-dose", "mkg:arm-NCT00000001-high-dose"


@pytest.mark.parametrize(
    ("said", "above", "below"),
    [
        ("hazard ratio low dose / high dose", LOW, HIGH),
        ("Hazard Ratio (high dose vs. low dose), stratified", HIGH, LOW),
        ("A Cox model with the low dose as the reference. The hazard ratio is adjusted.", HIGH, LOW),
        ("Hazard ratio from a Cox model with low dose as the reference", HIGH, LOW),
        ("Low dose and high dose were compared by the log-rank test", None, None),
        ("Hazard ratio and log-rank p-value for low dose vs high dose", None, None),
        ("A hazard ratio greater than 1 indicates longer survival for low dose compared with high dose", None, None),
        ("Hazard ratio > 1 favors low dose over high dose", None, None),
        ("HR > 1 indicates a better outcome for low dose relative to high dose", None, None),
        ("A better outcome for low dose relative to high dose gives a hazard ratio of more than 1", None, None),
        ("computed as 1/HR for low dose vs high dose", None, None),
        ("The inverse of the hazard ratio of low dose versus high dose", None, None),
        ("The hazard ratio of low dose versus high dose was inverted", None, None),
        ("The reciprocal of the hazard ratio, with low dose as the reference", None, None),
        ("Unfavourable hazard ratio: low dose over high dose", None, None),
        ("A hazard ratio over 1 means fewer years with low dose vs high dose", None, None),
        ("Hazard ratio smaller than 1 is a gain of low dose over high dose", None, None),
        ("Hazard ratio (high dose / low dose), where a value < 1 favors high dose over low dose", HIGH, LOW),
        ("", None, None),
    ],
)  # fmt: skip
def test_a_ratio_is_said_of_an_arm_only_where_the_record_says_of_which(said: str, above: str | None, below: str | None):
    for order in (["OG000", "OG001"], ["OG001", "OG000"]):
        row = _one(_rows(_describe(said, groupIds=order)), "outcome 1, analysis 1")
        assert (row.get("inArm"), row.get("comparedWithArm")) == (above, below), "whatever the order of the groups"
        assert said in row["resultNote"] and row["value"] == "0.71"
        if above is None:
            assert row["measure"] == "other", "it must not be read as the hazard ratio of the therapy"
            assert "Hazard Ratio (HR)" in row["event"] and "direction as in the source" in row["event"]
            assert "Low dose" in row["event"] and "High dose" in row["event"]
        else:
            assert row["measure"] == "hazard ratio for death" and "direction" not in row["resultNote"]


@pytest.mark.parametrize(
    ("said", "titles", "above"),
    [
        ("Hazard ratio for Durva/Treme adjusted for stage", ("Durva/Treme", "Durva"), None),
        ("Hazard ratio for A/B combination was computed", ("A / B combination", "A alone"), None),
        ("Hazard ratio: durva/treme vs durva", ("Durva/Treme", "Durva"), 0),
        ("Hazard ratio: Durva / Durva/Treme", ("Durva/Treme", "Durva"), 1),
        ("Odds ratio: Gem/Cis versus Cis/Pem", ("Cis/Pem", "Gem/Cis"), 1),
        ("Difference for High - vector", ("High - vector", "Low - vector"), None),
        ("Difference of High - vector minus Low - vector", ("High - vector", "Low - vector"), 0),
        ("Difference: Drug - Placebo", ("Placebo", "Drug"), 1),
    ],
)  # fmt: skip
def test_a_sign_inside_a_title_divides_nothing(said: str, titles: tuple[str, str], above: int | None):
    found = direction(said, titles, ratio="ratio" in said)
    assert found == (None if above is None else (above, 1 - above))


@pytest.mark.parametrize(
    ("parameter", "ratio"),
    [
        ("Hazard Ratio (HR)", True), ("Odds Ratio (OR)", True), ("Hazard Ratio, log", False), ("Odds Ratio, log", False), ("ln(hazard ratio)", False),
        ("log2 Risk Ratio", False), ("Logarithm of the Odds Ratio", False), ("Mean concentration", False),
        ("Odds Ratio (Cochran-Mantel-Haenszel, log-rank scores)", True),
    ],
)  # fmt: skip
def test_the_logarithm_of_a_ratio_is_no_ratio(parameter: str, ratio: bool):
    row = _one(_rows(_describe("hazard ratio: high dose / low dose", paramType=parameter, paramValue="-0.34")), "outcome 1, analysis 1")
    assert row["resultUnit" if ratio else "event"] == ("ratio" if ratio else f"median overall survival; {parameter}")
    assert (row["measure"] == "hazard ratio for death") is ("Hazard Ratio (HR)" == parameter) and row["inArm"] == HIGH
    assert ratio or "resultUnit" not in row


@pytest.mark.parametrize(
    ("ids", "named"),
    [
        (None, ""), ([], ""), (["OG008", "OG009"], ""), (["OG000"], "Low dose, "), (["OG000", "OG000"], "Low dose, "), (["OG000", "OG009"], "Low dose, "),
        (["OG000", ""], "Low dose, "), (["OG000", "OG001", "OG001"], "Low dose and High dose, "),
    ],
)  # fmt: skip
def test_a_ratio_without_two_known_groups_is_of_no_arm(ids: list[str] | None, named: str):
    said = "hazard ratio low dose / high dose"
    row = _one(_rows(_describe(said, groupIds=ids)), "outcome 1, analysis 1")
    assert (row["measure"], row.get("inArm"), row.get("comparedWithArm")) == ("other", None, None)
    assert row["event"] == f"median overall survival; Hazard Ratio (HR); {named}direction as in the source"


@pytest.mark.parametrize("parameter", ["Hazard Ratio (HR)", "Cox Proportional Hazard", "Relative Risk", "Mean Difference (Net)"])
def test_a_comparison_with_nothing_that_is_named_is_of_no_arm(parameter: str):
    row = _one(_rows(_describe("", groupIds=["OG000"], paramType=parameter)), "outcome 1, analysis 1")
    assert "inArm" not in row and row["event"].endswith(f"{parameter}; Low dose, direction as in the source")


def test_another_figure_of_one_group_is_of_its_arm():
    row = _one(_rows(_describe("", groupIds=["OG000"], paramType="Slope of the concentration")), "outcome 1, analysis 1")
    assert (row["inArm"], "comparedWithArm" in row, "direction" in row["event"]) == (LOW, False, False)


def test_the_roles_of_arms_tell_what_treatment_and_control_are():
    raw = study(results=True)
    arms = raw["protocolSection"]["armsInterventionsModule"]["armGroups"]
    arms.append({"label": "high dose", "type": "ACTIVE_COMPARATOR"})
    _describe("Hazard ratio, treatment / control")(raw["resultsSection"]["outcomeMeasuresModule"]["outcomeMeasures"][0])
    read, _ = _read(raw)
    ids = {title: arm_id(read.nct, title) for title in result_groups(read)}
    assert "high dose" in ids and "High dose" not in ids, "the label of the arm stands"
    row = _one(list(outcome_rows(read, "mkg:trial-x", ids, [])), "outcome 1, analysis 1")
    assert (row["inArm"], row["comparedWithArm"]) == (LOW, HIGH)


def test_a_difference_is_said_of_an_arm_only_where_the_record_says_of_which():
    for said, above, below in (("Difference: high dose minus low dose", HIGH, LOW), ("Difference between high dose and low dose", None, None)):
        row = _one(_rows(_describe(said, paramType="Median Difference (Final Values)")), "outcome 1, analysis 1")
        assert (row.get("inArm"), row.get("comparedWithArm")) == (above, below)


def test_a_test_without_estimate_has_no_direction():
    for order in (["OG000", "OG001"], ["OG001", "OG000"]):
        row = _one(_rows(_describe("log-rank", paramValue=None, paramType=None, groupIds=order)), "outcome 1, analysis 1")
        assert (row["inArm"], row["comparedWithArm"], row["valueText"]) == (HIGH, LOW, "p <0.0001"), "whatever the order of the groups"


@pytest.mark.parametrize("order", [["OG000", "OG001"], ["OG001", "OG000"]])
def test_a_test_without_estimate_names_the_comparator_second(order: list[str]):
    raw = study(results=True)
    raw["protocolSection"]["armsInterventionsModule"]["armGroups"].append({"label": "High dose", "type": "PLACEBO_COMPARATOR"})
    measure = raw["resultsSection"]["outcomeMeasuresModule"]["outcomeMeasures"][0]
    _describe("log-rank", paramValue=None, paramType=None, groupIds=order)(measure)
    read, _ = _read(raw)
    ids = {title: arm_id(read.nct, title) for title in result_groups(read)}
    row = _one(list(outcome_rows(read, "mkg:trial-x", ids, [])), "outcome 1, analysis 1")
    assert (row["inArm"], row["comparedWithArm"]) == (LOW, HIGH)


def test_an_analysis_of_more_than_two_groups_is_of_no_arm():
    row = _one(_rows(_describe("Hazard ratio per level", groupIds=["OG000", "OG001", "OG002"])), "outcome 1, analysis 1")
    assert "inArm" not in row and "3 groups" in row["resultNote"]


@pytest.mark.parametrize(
    ("recorded", "level", "note"),
    [
        ("95% Confidence Interval", "95", None),
        ("97.5% Confidence Interval", "97.5", None),
        ("CONFIDENCE_975", "97.5", None),
        ("CONFIDENCE_90", "90", None),
        ("Full Range", None, "full range"),
        ("Inter-Quartile Range", None, "inter-quartile range"),
        ("INTER_QUARTILE_RANGE", None, "inter quartile range"),
        (None, None, None),
    ],
)
def test_the_kind_of_an_interval_is_kept(recorded: str | None, level: str | None, note: str | None):
    row = _one(_rows(lambda measure: measure.update(dispersionType=recorded)), "outcome 1, Low dose")
    assert (row["lowerLimit"], row.get("confidenceLevel")) == ("9.1", level)
    assert row["resultNote"].partition("; median; ")[0] == (note or row["resultNote"])


def test_a_class_has_its_own_denominators():
    def change(measure: dict) -> None:
        (first,) = measure["classes"]
        counts = [{"groupId": "OG000", "value": "7"}]
        measure["classes"] = [
            {**first, "title": "first line", "denoms": [{"units": "Participants", "counts": counts}, {"units": "Lesions", "counts": [{"groupId": "OG000", "value": "70"}]}]},
            {**first, "title": "second line"},
        ]

    rows = _rows(change)
    found = {row["locator"]: row["denominator"] for row in rows if row["locator"].startswith("outcome 1, ") and "line" in row["locator"]}
    assert found == {
        "outcome 1, first line, Low dose": "7", "outcome 1, first line, High dose": "9",
        "outcome 1, second line, Low dose": "12", "outcome 1, second line, High dose": "9",
    }  # fmt: skip


LONG = "Intrapleural administration of Ad.IFN-alpha2b with gemcitabine, dose level "


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (LONG + "1", LONG + "2"), ("MSLN+ tumours", "MSLN- tumours"), ("IFN-α", "IFN-β"), ("高用量", "低用量"), ("dose 1.5", "dose 1-5"),
        ("3 x 10^12", "3 x 10 12"), (">5 mg", "<5 mg"),
    ],
)  # fmt: skip
def test_titles_that_say_different_things_have_different_ids(one: str, other: str):
    first, second = arm_id("NCT00000001", one), arm_id("NCT00000001", other)
    assert first != second and (first, second) == (arm_id("NCT00000001", one), arm_id("NCT00000001", f" {other} "))
    assert all(len(i) < 100 and i.isascii() for i in (first, second))


def test_titles_that_differ_in_case_and_punctuation_are_one_group():
    raw = study(results=True)
    raw["resultsSection"]["adverseEventsModule"]["eventGroups"][0]["title"] = "LOW  Dose."
    read, _ = _read(raw)
    assert list(result_groups(read)) == ["Low dose", "High dose"]
    rows = list(outcome_rows(read, "mkg:trial-x", {t: arm_id(read.nct, t) for t in result_groups(read)}, []))
    assert {row["inArm"] for row in rows if row["locator"].startswith("adverse events")} == {LOW}


@pytest.mark.parametrize("labels", [("A (B)", "(A) B"), ("A (B)",), ()])
def test_groups_that_one_module_tells_apart_stay_apart(labels: tuple[str, ...]):
    raw = study(results=True)
    arms = raw["protocolSection"]["armsInterventionsModule"]["armGroups"]
    arms += [{"label": label, "type": "ACTIVE_COMPARATOR" if label == "(A) B" else "EXPERIMENTAL"} for label in labels]
    measure = raw["resultsSection"]["outcomeMeasuresModule"]["outcomeMeasures"][0]
    measure["groups"] = [{"id": "OG000", "title": "A (B)"}, {"id": "OG001", "title": "(A) B"}]
    measure["analyses"][0].update(paramValue=None, paramType=None)
    raw["resultsSection"]["adverseEventsModule"]["eventGroups"][0]["title"] = "a b"
    read, _ = _read(raw)
    assert arm_id(read.nct, "A (B)") == arm_id(read.nct, "(A) B") == arm_id(read.nct, "a b")
    titles = list(result_groups(read))
    assert {"A (B)", "(A) B", "a b"} < set(titles)
    ids = {title: f"mkg:arm-{number}" for number, title in enumerate(titles)}
    rows = list(outcome_rows(read, "mkg:trial-x", ids, []))
    assert _one(rows, "outcome 1, A (B)")["inArm"] == ids["A (B)"] != _one(rows, "outcome 1, (A) B")["inArm"]
    test = _one(rows, "outcome 1, analysis 1")
    assert {test["inArm"], test["comparedWithArm"]} == {ids["A (B)"], ids["(A) B"]}
    if len(labels) == 2:
        assert test["comparedWithArm"] == ids["(A) B"], "the comparator by its exact label"


def test_a_title_between_two_labels_is_the_arm_of_neither():
    raw = study(results=True)
    raw["protocolSection"]["armsInterventionsModule"]["armGroups"] += [{"label": "A (B)"}, {"label": "(A) B"}]
    raw["resultsSection"]["adverseEventsModule"]["eventGroups"][0]["title"] = "a b"
    read, _ = _read(raw)
    rows = list(outcome_rows(read, "mkg:trial-x", {"A (B)": "mkg:arm-1", "(A) B": "mkg:arm-2"}, []))
    assert not any(row["inArm"] for row in rows if row["locator"].endswith(", a b"))


@pytest.mark.parametrize("part", ["word ", "hazard ratio ", "a / ", "reference is ", "relative to ", " ", "x", "< ", "1/"])
@pytest.mark.parametrize("size", [1_980, 200_000])
def test_long_texts_without_a_full_stop_are_read_at_once(part: str, size: int):
    text = "hazard ratio " + part * ((size - 13) // len(part))
    assert direction(text, ("Low dose", "High dose"), ratio=True) is None, "a search of cubic time would not end"


def test_long_titles_are_read_at_once():
    titles = ("x" * 200_000, "Low dose")
    assert direction("Hazard ratio of low dose to the other", titles, ratio=True) is None, "a search of quadratic time would take a quarter of an hour"


def test_long_white_space_becomes_one_line_at_once():
    assert one_line("a\n" + " " * 2_000_000 + "b\x1b\u2028c") == "a b\\x1b c"


def test_a_reference_after_a_long_clause_is_found():
    text = f"Hazard ratio from a model {'with one more term ' * 20} and low dose as the reference"
    assert direction(text, ("Low dose", "High dose"), ratio=True) == (1, 0)


def test_a_p_value_stays_as_recorded():
    row = _one(_rows(_describe("Hazard ratio: high dose / low dose")), "outcome 1, analysis 1")
    assert (row["pValue"], row["measure"], row["value"], row["lowerLimit"], row["upperLimit"], row["confidenceLevel"]) == (
        "<0.0001", "hazard ratio for death", "0.71", "0.55", "0.92", "95",
    )  # fmt: skip
    assert (row["inArm"], row["comparedWithArm"]) == ("mkg:arm-NCT00000001-high-dose", "mkg:arm-NCT00000001-low-dose")


def test_zero_of_twelve_is_a_number():
    row = _one(_rows(), "outcome 2, Low dose")
    assert (row["numerator"], row["denominator"], row["measure"], row["criteria"]) == ("0", "12", "objective response rate", "modified RECIST")


@pytest.mark.parametrize(
    ("recorded", "column", "ours"),
    [
        ("1,234", "numerator", "1234"), ("1,234,567", "numerator", "1234567"), ("12", "numerator", "12"), ("1,234.5", "value", "1234.5"),
        ("1,5", "valueText", "1,5"), ("0,123", "valueText", "0,123"), ("\uff11\uff12", "valueText", "\uff11\uff12"), ("12,34", "valueText", "12,34"), (",", "valueText", ","), ("NA", "valueText", "NA"),
    ],
)  # fmt: skip
def test_thousands_may_have_commas(recorded: str, column: str, ours: str):
    def change(measure: dict) -> None:
        measure["paramType"] = "COUNT_OF_PARTICIPANTS"
        measure["denoms"][0]["counts"][0]["value"] = "2,000,000"
        measure["classes"][0]["categories"][0]["measurements"][0]["value"] = recorded

    row = _one(_rows(change), "outcome 1, Low dose")
    assert {k: row[k] for k in ("numerator", "value", "valueText") if k in row} == {column: ours} and row["denominator"] == "2000000"


def test_what_was_not_posted_is_recorded_as_not_reported():
    assert _one(_rows(), "outcome 3")["resultStatus"] == "not_reported"


def test_flow_and_adverse_events_have_rows():
    rows = _rows()
    assert _one(rows, "participant flow, STARTED, Low dose")["measure"] == "participants enrolled"
    assert _one(rows, "participant flow, COMPLETED, Low dose")["value"] == "0"
    assert _one(rows, "participant flow, not completed: Death, High dose")["event"] == "not completed: Death"
    fever = _one(rows, "adverse events, serious, Fever (General disorders), Low dose")
    assert (fever["numerator"], fever["denominator"], fever["resultNote"]) == ("1", "12", "2 events")
    assert _one(rows, "adverse events, deaths, Low dose")["numerator"] == "0"


@pytest.mark.parametrize(
    "section",
    [
        {"outcomeMeasuresModule": []},
        {"outcomeMeasuresModule": {"outcomeMeasures": [7]}},
        {"participantFlowModule": {"periods": {"a": 1}}},
        {"adverseEventsModule": {"seriousEvents": [{"stats": "x"}]}},
    ],
)
def test_results_of_another_shape_are_said(section: dict):
    raw = study()
    raw["resultsSection"] = section
    read, _ = _read(raw)
    problems: list[Problem] = []
    assert list(outcome_rows(read, "mkg:trial-x", {}, problems)) == []
    assert [p.rule for p in problems] == ["field changed type"]


# ---------------------------------------------------------------- forms of files

FORMS = {
    "study.json": lambda: json.dumps(study()).encode(),
    "list.json": lambda: json.dumps([study()]).encode(),
    "page.json": lambda: json.dumps({"totalCount": 12, "studies": [study()], "nextPageToken": "x"}).encode(),
    "page-token-first.json": lambda: json.dumps({"nextPageToken": "x", "studies": [study()], "totalCount": 12}).encode(),
    "lines.jsonl": lambda: json.dumps(study()).encode() + b"\n",
    "study.json.gz": lambda: gzip.compress(json.dumps(study()).encode()),
    "bom.json": lambda: b"\xef\xbb\xbf" + json.dumps(study()).encode(),
    "pages.json": lambda: json.dumps({"studies": [study()]}).encode() + b"\n" + json.dumps({"studies": []}).encode(),
    "indented.json": lambda: json.dumps([study()], indent=3).encode(),
}


@pytest.mark.parametrize("name", FORMS)
def test_forms(tmp_path: Path, name: str):
    path = tmp_path / name
    path.write_bytes(FORMS[name]())
    assert _numbers(path) == (["NCT00000001"], [])


def test_a_folder_of_all_forms(tmp_path: Path):
    for name, make in FORMS.items():
        (tmp_path / name).write_bytes(make())
    numbers, problems = _numbers(tmp_path)
    assert (len(numbers), problems) == (len(FORMS), [])


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (b'{"FullStudiesResponse": {"APIVrs": "1.01.05"}}', "old API (v1) JSON"),
        (b'{\n  "StudyFieldsResponse":{}}', "old API (v1) JSON"),
        (b'{"Study": {"ProtocolSection": {}}}', "old API (v1) JSON"),
        (b'[{"Rank": 1, "Study": {}}]', "old API (v1) JSON"),
        (b'<?xml version="1.0"?>\n<clinical_study rank="4"></clinical_study>', "legacy XML of ClinicalTrials.gov"),
        (b"<search_results></search_results>", "legacy XML of ClinicalTrials.gov"),
        (b"NCT Number,Study Title\nNCT1,x\n", "CSV download"),
        (b'{"resourceType": "ResearchStudy"}', "FHIR JSON"),
        (b"openapi: 3.0.3\n", "description of the API, no study"),
        (b"PK\x03\x04rest", "zip archive"),
        (b"<html></html>", "XML or HTML"),
        (b"", "empty file"),
        (b"hello", "not JSON"),
    ],
)
def test_other_vintages_are_refused_by_name(tmp_path: Path, content: bytes, named: str):
    (tmp_path / "a.json").write_bytes(content)
    (tmp_path / "b.json").write_bytes(json.dumps(study()).encode())
    numbers, problems = _numbers(tmp_path)
    assert numbers == ["NCT00000001"], "the good file of the folder is read all the same"
    assert [(p.file, p.rule, p.value) for p in problems] == [("a.json", "refused", named)]


@pytest.mark.parametrize(
    ("damage", "rule"),
    [
        (lambda text: text[: len(text) * 3 // 4], "malformed JSON"),
        (lambda text: text.replace(b'"NCT00000003"', b'NCT00000003"', 1), "malformed JSON"),
        (lambda text: b"Tiny \xff".join(text.rsplit(b"Tiny", 1)), "not UTF-8"),
        (lambda text: gzip.compress(text)[:-2000], "damaged gzip"),
    ],
)
def test_the_studies_before_the_damage_are_kept(tmp_path: Path, damage, rule: str):
    import random

    noise = random.Random(1)
    many = [
        study(f"NCT{n:08}", descriptionModule__detailedDescription="".join(noise.choices("abcdefgh ", k=40_000))) for n in range(1, 41)
    ]
    many[2]["protocolSection"]["identificationModule"]["nctId"] = "NCT00000003"
    (tmp_path / "many.json").write_bytes(damage(json.dumps(many).encode()))
    numbers, problems = _numbers(tmp_path / "many.json")
    assert 1 < len(numbers) < 40
    assert [p.rule for p in problems] == [rule]
    assert "before it were read" in problems[0].fix


def _spoiled(content: bytes) -> bytes:
    """A gzip file with forty bytes in its middle turned over."""
    packed = bytearray(gzip.compress(content, mtime=0))
    middle = len(packed) // 2
    packed[middle : middle + 40] = bytes(255 - byte for byte in packed[middle : middle + 40])
    return bytes(packed)


def _noise(size: int) -> str:
    import random

    return "".join(random.Random(1).choices("abcdefgh ", k=size))


def test_a_spoiled_gzip_is_said_with_its_path_and_the_other_files_are_read(tmp_path: Path):
    (tmp_path / "a.json.gz").write_bytes(_spoiled(json.dumps(study(descriptionModule__detailedDescription=_noise(50_000))).encode()))
    (tmp_path / "b.json").write_bytes(json.dumps(study("NCT00000002")).encode())
    numbers, problems = _numbers(tmp_path)
    assert numbers == ["NCT00000002"]
    assert [(p.file, p.rule) for p in problems] == [("a.json.gz", "damaged gzip")]
    assert str(tmp_path / "a.json.gz") in problems[0].fix and "fetch" in problems[0].fix


@pytest.mark.parametrize("size", [200, 50_000])
@pytest.mark.parametrize(("name", "kind"), [("a.xml.gz", "pubmed"), ("a.json.gz", "ctgov")])
def test_a_gzip_spoiled_from_its_beginning_has_a_reader(tmp_path: Path, name: str, kind: str, size: int):
    (tmp_path / name).write_bytes(gzip.compress(b"x")[:10] + b"\xff" * size)
    assert kind_of(tmp_path / name) == kind


@pytest.mark.parametrize("read", [read_articles, read_terms])
def test_a_spoiled_gzip_of_publications_or_terms_is_said(tmp_path: Path, read):
    path = tmp_path / "a.gz"
    path.write_bytes(_spoiled(_noise(50_000).encode()))
    problems: list[Problem] = []
    assert list(read(path, problems)) == []
    assert [(p.file, p.rule) for p in problems] == [("a.gz", "damaged gzip")] and str(path) in problems[0].fix


@pytest.mark.parametrize("read", [read_articles, read_terms])
def test_deep_nesting_of_publications_or_terms_ends_in_words(tmp_path: Path, read):
    (tmp_path / "a.json").write_text('{"resultList": ' + "[" * 200_000)
    problems: list[Problem] = []
    assert list(read(tmp_path / "a.json", problems)) == []
    assert [p.rule for p in problems] == ["malformed JSON"]


@pytest.mark.parametrize("page", ['{"studies": {"a": 1}, "totalCount": 7}', '{"totalCount": 7}', '{"studies": null}', '{"nextPageToken": "x", "studies": "none"}'])
def test_a_page_without_a_list_of_studies_is_refused(tmp_path: Path, page: str):
    (tmp_path / "a.json").write_text(page)
    numbers, problems = _numbers(tmp_path)
    assert numbers == [] and [(p.file, p.rule) for p in problems] == [("a.json", "refused")]
    assert "studies" in problems[0].value


def test_half_of_a_surrogate_pair_is_said_and_the_rest_is_read():
    broken = "Bad \ud800 title"
    read, problems = _read(
        study(identificationModule__briefTitle=broken, conditionsModule__keywords=[broken, "gene therapy"], designModule__phases={"x": broken})
    )
    assert (read.title, read.keywords, read.status) == ("", ("gene therapy",), "terminated")
    assert [(p.column, p.rule) for p in problems] == [
        ("designModule.phases", "field changed type"),
        ("identificationModule.briefTitle", "broken character"),
        ("conditionsModule.keywords", "broken character"),
    ]
    assert all(str(p).encode() for p in problems)


def test_half_of_a_surrogate_pair_in_results_is_said():
    raw = study(results=True)
    raw["resultsSection"]["outcomeMeasuresModule"]["outcomeMeasures"][0]["populationDescription"] = "all \udfff treated"
    read, _ = _read(raw)
    problems: list[Problem] = []
    rows = list(outcome_rows(read, "mkg:trial-x", {}, problems))
    assert rows and all(value.encode() is not None for row in rows for value in row.values())
    assert [(p.rule, p.column) for p in problems] == [("broken character", "resultsSection.populationDescription")]


def test_half_of_a_surrogate_pair_in_publications_and_terms_can_be_shown(tmp_path: Path):
    (tmp_path / "a.json").write_text('{"resultList": {"result": [{"pmid": "1", "title": "Bad \\ud800 title"}]}}')
    (tmp_path / "t.json").write_text('{"response": {"docs": [{"hgnc_id": "HGNC:1", "symbol": "A\\ud800", "prev_symbol": ["B\\ud800"]}]}}')
    problems: list[Problem] = []
    (article,), (gene,) = read_articles(tmp_path / "a.json", problems), read_terms(tmp_path / "t.json", problems)
    assert (article.title, gene.label, gene.synonyms) == ("Bad \ufffd title", "A\ufffd", ("B\ufffd",))


def test_half_of_a_surrogate_pair_is_no_cell():
    from mesokg.cells import CellError, read_value
    from mesokg.vocabulary import read_vocabulary

    vocabulary = read_vocabulary()
    for name in ("officialTitle", "sponsor"):
        with pytest.raises(CellError, match="surrogate") as found:
            read_value("mkg:bad-\ud800", vocabulary.property(name), vocabulary, {})
        assert found.value.rule == "broken character"


def test_a_record_of_60_mb_is_read(tmp_path: Path):
    path = tmp_path / "big.json.gz"
    text = json.dumps([study(descriptionModule__detailedDescription="word " * 12_000_000), study("NCT00000002")])
    path.write_bytes(gzip.compress(text.encode(), 1))
    problems: list[Problem] = []
    sizes = {s.nct: len(s.description) for s in read_studies(path, problems)}
    assert (sizes, problems) == ({"NCT00000001": 60_000_000, "NCT00000002": 0}, [])


def test_deep_nesting_ends_in_words(tmp_path: Path):
    (tmp_path / "deep.json").write_text('{"studies": [' + "[" * 100_000)
    numbers, problems = _numbers(tmp_path)
    assert numbers == [] and [p.rule for p in problems] == ["malformed JSON"]


def test_nothing_to_read_is_an_error(tmp_path: Path):
    with pytest.raises(ResourceError, match="does not exist"):
        _numbers(tmp_path / "none")
    with pytest.raises(ResourceError, match="holds no records"):
        _numbers(tmp_path)


# ---------------------------------------------------------------- publications and terms

PUBMED = """<?xml version="1.0" ?>
<!DOCTYPE PubmedArticleSet PUBLIC "-//NLM//DTD PubMedArticle, 1st January 2025//EN" "https://dtd.nlm.nih.gov/ncbi/pubmed/out/pubmed_250101.dtd">
<PubmedArticleSet><PubmedArticle><MedlineCitation><PMID Version="1">1</PMID>
<DateRevised><Year>2024</Year><Month>5</Month><Day>06</Day></DateRevised>
<Article><Journal><JournalIssue><PubDate><MedlineDate>2000 Nov-Dec</MedlineDate></PubDate></JournalIssue><ISOAbbreviation>J Ex</ISOAbbreviation></Journal>
<ArticleTitle>A tiny <i>trial</i> of H<sub>2</sub>O.</ArticleTitle>
<AuthorList><Author><LastName>Example</LastName><Initials>AB</Initials></Author></AuthorList>
<DataBankList><DataBank><DataBankName>ClinicalTrials.gov</DataBankName><AccessionNumberList><AccessionNumber>NCT00000001</AccessionNumber></AccessionNumberList></DataBank></DataBankList>
<PublicationTypeList><PublicationType UI="x">Journal Article</PublicationType><PublicationType UI="y">Retracted Publication</PublicationType></PublicationTypeList></Article>
<CommentsCorrectionsList>
<CommentsCorrections RefType="Cites"><RefSource>other</RefSource><PMID>99</PMID></CommentsCorrections>
<CommentsCorrections RefType="RetractionIn"><RefSource>J Ex. 2001;2:3</RefSource><PMID>5</PMID></CommentsCorrections>
<CommentsCorrections RefType="ErratumIn"><RefSource>J Ex. 2000;1:9</RefSource></CommentsCorrections>
</CommentsCorrectionsList></MedlineCitation>
<PubmedData><ArticleIdList><ArticleId IdType="doi">10.1/ex</ArticleId><ArticleId IdType="pmc">PMC123</ArticleId></ArticleIdList>
<ReferenceList><Reference><ArticleIdList><ArticleId IdType="doi">10.9/other</ArticleId></ArticleIdList></Reference></ReferenceList></PubmedData></PubmedArticle></PubmedArticleSet>
"""


def test_pubmed_metadata_kinds_and_notices(tmp_path: Path):
    (tmp_path / "a.xml").write_text(PUBMED, encoding="utf-8")
    problems: list[Problem] = []
    (article,) = read_articles(tmp_path / "a.xml", problems)
    assert problems == []
    assert (article.pmid, article.doi, article.pmcid, article.year, article.revised) == ("1", "10.1/ex", "PMC123", "2000", "2024-05-06")
    assert (article.title, article.first_author, article.registry_numbers) == ("A tiny trial of H2O.", "Example AB", ("NCT00000001",))
    assert [(n.kind, n.pmid) for n in article.notices] == [("retracted", "5"), ("corrected", "")]
    assert article.retracted


def test_europe_pmc_and_its_gaps(tmp_path: Path):
    answer = {"resultList": {"result": [{"pmid": "1", "doi": "10.1/ex", "pubYear": "2000", "pubType": "journal article; retracted publication"}, {"id": "PPR1"}]}}
    (tmp_path / "a.json").write_text(json.dumps(answer))
    problems: list[Problem] = []
    (article,) = read_articles(tmp_path / "a.json", problems)
    assert article.retracted and article.source == "Europe PMC"
    assert [p.rule for p in problems] == ["no PMID, no DOI"]


@pytest.mark.parametrize("content", ["<PubmedArticleSet><PubmedArticle>", "<html/>", "{", '{"a": 1}'])
def test_what_is_no_publication_is_said(tmp_path: Path, content: str):
    (tmp_path / "a").write_text(content)
    problems: list[Problem] = []
    assert list(read_articles(tmp_path / "a", problems)) == [] and len(problems) == 1


HGNC = {"response": {"docs": [{"hgnc_id": "HGNC:7371", "symbol": "MSLN", "status": "Approved", "prev_symbol": ["MPF"], "date_modified": "2023-01-20T00:00:00Z"}]}}
WITHDRAWN = {"response": {"docs": [{"hgnc_id": "HGNC:1", "symbol": "OLD", "status": "Entry Withdrawn", "name": "symbol withdrawn, see [HGNC:2](/x)"}]}}
OLS = {
    "_embedded": {
        "terms": [
            {"obo_id": "MONDO:0005112", "label": "other copy", "is_defining_ontology": False, "ontology_name": "efo"},
            {
                "obo_id": "MONDO:0005112", "label": "pleural mesothelioma", "synonyms": ["malignant pleural mesothelioma"],
                "is_obsolete": True, "term_replaced_by": "http://purl.obolibrary.org/obo/MONDO_0005065",
                "is_defining_ontology": True, "ontology_name": "mondo",
            },
        ]
    }
}  # fmt: skip


def test_terms_of_hgnc_and_ols(tmp_path: Path):
    (tmp_path / "t.json").write_text(json.dumps([HGNC, WITHDRAWN, OLS]))
    problems: list[Problem] = []
    gene, old, disease = read_terms(tmp_path / "t.json", problems)
    assert problems == []
    assert (gene.curie, gene.label, gene.synonyms, gene.obsolete, gene.modified) == ("HGNC:7371", "MSLN", ("MPF",), False, "2023-01-20")
    assert (old.obsolete, old.replaced_by) == (True, "HGNC:2")
    assert (disease.label, disease.obsolete, disease.replaced_by, disease.source) == ("pleural mesothelioma", True, "MONDO:0005065", "MONDO")


def test_files_go_to_their_reader(tmp_path: Path):
    for name, content, kind in (
        ("a.xml", PUBMED, "pubmed"), ("b.json", json.dumps(HGNC), "terms"), ("c.json", json.dumps(OLS), "terms"),
        ("d.json", json.dumps(study()), "ctgov"), ("e.json", '{"resultList": {}}', "pubmed"),
    ):  # fmt: skip
        (tmp_path / name).write_text(content, encoding="utf-8")
        assert kind_of(tmp_path / name) == kind


# ---------------------------------------------------------------- real records


@samples
def test_real_records_are_read_without_a_problem_but_the_two_that_are_none():
    problems: list[Problem] = []
    found = {s.nct: s for s in read_studies(SAMPLES / "ctgov", problems)}
    assert len(found) == 26
    assert {(p.file.rsplit(".", 1)[-1], p.value) for p in problems} == {
        ("xml", "legacy XML of ClinicalTrials.gov"), ("yaml", "description of the API, no study"),
    }  # fmt: skip
    assert found["NCT02576665"].phase == "1" and found["NCT02576665"].version_date == ""


@samples
def test_real_results_become_rows():
    problems: list[Problem] = []
    rows = {
        s.nct: list(outcome_rows(s, "mkg:trial-x", {t: arm_id(s.nct, t) for t in result_groups(s)}, problems))
        for s in read_studies(SAMPLES / "ctgov", problems)
        if s.has_results
    }
    assert {nct: len(found) for nct, found in rows.items()} == {"NCT00763412": 42, "NCT02552212": 405}
    ratio = next(r for r in rows["NCT02552212"] if r.get("pValue"))
    assert (ratio["pValue"], ratio["value"], ratio["lowerLimit"], ratio["upperLimit"]) == ("<0.001", "15.231", "7.336", "31.623")
    assert (ratio["inArm"], ratio["comparedWithArm"]) == (arm_id("NCT02552212", "CZP 200 mg Q2W (FAS)"), arm_id("NCT02552212", "Placebo (FAS)"))
    differences = [r for r in rows["NCT02552212"] if r.get("pValue") and "Difference" in r["resultNote"]]
    assert len(differences) == 7 and not any(r["inArm"] for r in differences), "which minus which is not said"
    for nct, number, words in (("NCT02552212", 12, ""), ("NCT00763412", 30, "full range")):
        limits = [r for r in rows[nct] if "lowerLimit" in r and "pValue" not in r]
        assert len(limits) == number
        assert all(r.get("confidenceLevel") == "95" if not words else r["resultNote"].startswith(words) for r in limits)


@samples
def test_real_publications_are_read():
    problems: list[Problem] = []
    found = [a for f in sorted((SAMPLES / "pubmed").iterdir()) for a in read_articles(f, problems)]
    assert problems == []
    assert {(a.pmid, a.source) for a in found} == {("28775130", "PubMed"), ("22663011", "PubMed"), ("22663011", "Europe PMC")}
    assert len({a.doi.casefold() for a in found if a.pmid == "22663011"}) == 1
