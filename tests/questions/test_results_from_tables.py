"""When, at which dose and how strongly therapies showed results, computed from the tables as ``test_from_tables`` does."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable

import pytest
from curated import (
    COUNTS,
    Pairs,
    Row,
    answered,
    day,
    differences,
    every,
    given,
    investigated,
    labels,
    measured,
    mechanism_kinds,
    number,
    one,
    split,
    table,
    things,
    trial_of,
    trials_of,
    vector_classes,
    vectors_of,
)
from statements import sources

LEVELS = (
    "randomised trial", "single-arm trial", "case report", "patient sample", "animal model", "cell culture", "registry record", "review",
    "expert statement", "curator inference",
)  # fmt: skip
NO_VECTOR = "no vector, or not known"
AGAINST_THE_TUMOUR = {"AntiangiogenicMechanism", "CellDeathMechanism", "GrowthSuppressionMechanism", "ImmuneMechanism"}
LONGER = {"median overall survival", "median progression-free survival"}
CLAIMS = {
    "objective response rate": "objective responses", "complete response": "objective responses", "partial response": "objective responses",
    "complete metabolic response": "complete metabolic responses", "disease control rate": "disease control", "stable disease": "disease control",
    "clinical benefit rate": "clinical benefit",
}  # fmt: skip


def first_results() -> Pairs:
    """The first dated trial of each therapy, and the first dated result of any of its trials that no review tells; how long it took, and how many wait.

    Of several trials without a date it is not computed which one stands for the therapy; the notes are not computed.
    """
    start, kind, trials, classes = one("trials", "startDate"), one("publications", "publicationKind"), trials_of(), vector_classes()
    results: dict[str, list[tuple[str, str, bool]]] = defaultdict(list)
    for row in table("outcomes"):
        if row["resultStatus"] == "reported" and row["rank"] != "deprecated" and row["measure"] not in COUNTS:
            source = sources().get(row["source"].lower(), row["source"])
            review = row["evidence"] == "review" or kind.get(source) == "review"
            results[row["outcomeOf"]].append((row["record_date"], row["outcomeOf"], review))
    rows: Pairs = set()
    having: Counter[tuple[str, bool]] = Counter()
    for therapy, those in trials.items():
        dated = sorted((trial for trial in those if trial in start), key=lambda trial: day(start[trial]))
        known = [result for trial in those for result in results[trial]]
        own = sorted((result for result in known if result[0] and not result[2]), key=lambda result: day(result[0]))
        state = (
            "results" if own else "open: no results known" if not known
            else "results, known from reviews only" if all(result[2] for result in known) else "results, not dated"
        )  # fmt: skip
        begun, (ended, where, _) = start.get(dated[0], "") if dated else "", own[0] if own else ("", "", False)
        counts = begun and where in start
        years = str(int(ended[:4]) - int(begun[:4])) if counts else ""
        exact = counts and len(begun) > 4 and len(ended) > 4
        months = str(int(years) * 12 + int(ended[5:7]) - int(begun[5:7])) if exact else ""
        for name in classes[therapy] or {NO_VECTOR}:
            having[name, bool(known)] += 1
            rows.add((name, therapy, begun, ended, where, years, months, state))
    return {(*row, str(having[row[0], True]), str(having[row[0], False])) for row in rows}


def doses() -> Pairs:
    """Arms of therapies by dose and route, with each response, disease control, limiting toxicity or tolerated dose, or with none.

    A dose is comparable with one of another trial of the vector class, which is known, in its unit and by its route, both known, of a vector that replicates alike
    or of the same cells; one that pools several routes is comparable with none.
    """
    unit, low, high = (one("administrations", column) for column in ("doseUnit", "doseLow", "doseHigh"))
    routes, therapies, arms = (every("administrations", column) for column in ("route", "givesTherapy", "administrationIn"))
    results, classes = defaultdict(set), vector_classes()
    for row in measured({*CLAIMS, "dose-limiting toxicity", "maximum tolerated dose"} - {"stable disease"}):
        if row["resultStatus"] == "reported":
            source, counted = sources().get(row["source"].lower(), row["source"]), [row["numerator"], row["denominator"]]
            percent = number(row["value"]) if row["resultUnit"] == "percent" else ""
            cells = {
                "objective responses": [*counted, percent, "", "", "", "", ""],
                "complete metabolic responses": [*counted, percent, "", "", "", "", ""],
                "disease control": ["", "", "", *counted, percent, "", ""],
                "clinical benefit": ["", "", "", *counted, percent, "", ""],
                "dose-limiting toxicity": ["", "", "", "", "", "", *counted],
            }.get(CLAIMS.get(row["measure"], row["measure"]), [""] * 8)
            results[row["inArm"]].add((*(row[c] for c in ("population", "subgroup", "measure", "event", "criteria", "timePoint")), *cells, source))
    trials, kinds = trial_of(), every("cell_products", "cellType")
    cells, vectors, competence = every("therapies", "administersCells"), vectors_of(), one("vectors", "replicationCompetence")
    alike = {
        therapy: {kind for product in cells[therapy] for kind in kinds[product]} or {competence.get(vector, "") for vector in vectors[therapy]} - {"", "not stated"}
        for therapy in things("therapies")
    }
    given_doses = {
        (name, unit.get(a, ""), route, therapy, trials[arm], a, arm)
        for a in things("administrations")
        for therapy in therapies[a]
        for name in classes[therapy] or {NO_VECTOR}
        for route in routes[a] or {""}
        for arm in arms[a]
    }

    by_one_route = {row for row in given_doses if row[0] != NO_VECTOR and row[1] and routes[row[5]] - {"not stated"} == {row[2]}}

    def comparable(row: tuple[str, ...]) -> bool:
        return row in by_one_route and any(other[:3] == row[:3] and other[4] != row[4] and alike[other[3]] & alike[row[3]] for other in by_one_route)

    return {
        (
            name, in_unit, low.get(a, ""), high.get(a, ""), route, arm, trial, therapy, *result,
            "true" if comparable((name, in_unit, route, therapy, trial, a, arm)) else "false",
        )
        for name, in_unit, route, therapy, trial, a, arm in given_doses
        for result in results[arm] or {("",) * 15}
    }  # fmt: skip


def strongest() -> Pairs:
    """Each mechanism shown that acts against the tumour, and each result above none in figures, with its best evidence, sources and newest date.

    An arm that got nothing of its own pools the others, and stands for all therapies of the trial. Independent sources, which ask who shares patients,
    and what sources say of significance are not computed.
    """
    names, therapies, kinds = labels("mechanisms"), every("mechanism_steps", "stepOf"), mechanism_kinds()
    found: dict[tuple[str, str], set[tuple[int, str, str]]] = defaultdict(set)

    def add(therapy: str, claim: str, row: Row) -> None:
        found[therapy, claim].add((LEVELS.index(row["evidence"]), sources().get(row["source"].lower(), row["source"]), row["record_date"]))

    for row in table("mechanism_steps"):
        for mechanism in split(row["showsMechanism"]):
            for therapy in therapies[row["id"]] if kinds[mechanism] & AGAINST_THE_TUMOUR else ():
                add(therapy, f"mechanism: {names[mechanism]}", row)
    there, everywhere, role = given(), defaultdict(set), one("arms", "armRole")
    for trial, therapy in investigated():
        everywhere[trial].add(therapy)
    for row in measured(set(CLAIMS)):
        if float(row["numerator"] or row["value"] or 0) > 0:
            for therapy in {what for what, _ in there[row["inArm"]]} & things("therapies") if there[row["inArm"]] else everywhere[row["outcomeOf"]]:
                add(therapy, CLAIMS[row["measure"]], row)
    # of two medians of one source, in one group, the longer one
    alike = ("outcomeOf", "measure", "population", "subgroup", "timePoint", "resultUnit", "source")
    medians = [row for row in measured(set(LONGER)) if row["value"]]
    for row in medians:
        for other in medians:
            against = role.get(other["inArm"]) in ("active comparator", "placebo comparator", "no intervention")
            if against and all(row[column] == other[column] for column in alike) and float(row["value"]) > float(other["value"]):
                for therapy in {what for what, _ in there[row["inArm"]]} & things("therapies"):
                    add(therapy, f"{row['measure']} longer than with the comparator", row)
    return {
        (
            therapy, claim, LEVELS[min(level for level, _, _ in those)], str(len({source for _, source, _ in those})),
            max((date for _, _, date in those), key=lambda date: (day(date), len(date))),
        )
        for (therapy, claim), those in found.items()
    }  # fmt: skip


FROM_TABLES: dict[str, tuple[tuple[str, ...], Callable[[], Pairs]]] = {
    "which_doses_can_be_compared": (
        (
            "vectorClass", "unit", "doseLow", "doseHigh", "route", "arm", "trial", "therapy", "population", "subgroup", "measure", "event", "criteria",
            "timePoint", "responders", "respondersOf", "responsePercent", "diseaseControlled", "diseaseControlledOf", "controlPercent",
            "doseLimitingToxicities", "toxicitiesOf", "source", "comparable",
        ),
        doses,
    ),
    "what_is_the_strongest_evidence": (("therapy", "claim", "strongest", "sources", "newestSource"), strongest),
    "how_long_from_start_to_first_results": (
        ("vectorClass", "therapy", "startDate", "firstResult", "resultTrial", "years", "months", "state", "classWithResults", "classOpen"),
        first_results,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FROM_TABLES)
def test_the_tables_give_the_same_answer(name: str) -> None:
    columns, compute = FROM_TABLES[name]
    missing, invented = differences(name, columns, compute())
    assert missing == [], "in the tables, not in the answer"
    assert invented == [], "in the answer, not in the tables"


def test_no_response_is_called_unknown_that_a_source_reports() -> None:
    responses = {measure for measure, claim in CLAIMS.items() if claim in ("objective responses", "complete metabolic responses")}
    known = {row["inArm"] for row in measured(responses) if row["resultStatus"] == "reported"}
    silent = {arm for arm, note in answered("which_doses_can_be_compared", ("arm", "note")) if "response not known" in note}
    assert sorted(silent & known) == []
