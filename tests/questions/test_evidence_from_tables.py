"""What sources say, when, how strongly and against whom, computed from the tables as ``test_from_tables`` does."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

import pytest
from curated import Pairs, day, differences, things
from statements import Statement, statements, terms

FIGURES = ("numerator", "denominator", "value", "lowerLimit", "upperLimit")


def by_level() -> Pairs:
    levels: dict[str, list[Statement]] = defaultdict(list)
    for said in statements():
        levels[said.evidence].append(said)
    return {(level, str(len(those)), str(len({said.thing for said in those})), str(len({said.source for said in those})), "0") for level, those in levels.items()}


def of_source() -> Pairs:
    return {
        (said.thing, terms()[said.column].label, said.value, said.rank, row["locator"], day(said.latest("checked_on")))
        for said in statements()
        if said.source == "mkg:publication-PMID23484132"
        for row in said.rows
    }


def of_thing() -> Pairs:
    return {
        (
            terms()[said.column].label, said.value, said.status, said.rank, said.evidence, day(said.as_of),
            day(said.latest("record_date")), day(said.latest("checked_on")), said.source,
        )
        for said in statements()
        if said.thing == "mkg:trial-NCT03710876"
    }  # fmt: skip


def known_by() -> Pairs:
    """The newest values of each field of every trial that were dated by that day, with the date as exact as it is known; else a row without any."""
    fields, found = ("phase", "status", "enrolmentPlanned", "enrolmentActual"), defaultdict(list)
    for said in statements():
        if said.column in fields and said.value and said.rank != "deprecated" and said.date and day(said.date) <= "2020-01-01":
            found[said.thing, said.column].append(said)
    rows: Pairs = set()
    for trial in things("trials"):
        for column in fields:
            newest = max((day(said.date) for said in found[trial, column]), default="")
            those = {(word(said.value), said.date, said.source) for said in found[trial, column] if day(said.date) == newest}
            rows |= {(trial, terms()[column].label, *row) for row in those or {("", "", "")}}
    return rows


def word(value: str) -> str:
    """The word for a value of a list, any other value as it is."""
    term = terms().get(value.removeprefix("mesokg:"))
    return term.notation if term and value.startswith("mesokg:") else value


def disagreeing() -> Pairs:
    """Pairs of sources with different values of a field that has one value, of one date, and of registry records with themselves; whatever their ranks.

    Results of one outcome stand under the outcome; their figures are compared, their words and what a count is of are not.
    """
    outcome = {said.value: said.thing for said in statements() if said.column == "hasMeasurement"}
    found: dict[tuple[str, ...], list[Statement]] = defaultdict(list)
    for said in statements():
        one_value = said.column in FIGURES if said.thing in outcome else terms()[said.column].functional
        if said.value and one_value and not said.column.endswith("Precision"):
            found[outcome.get(said.thing, said.thing), said.column, said.as_of].append(said)
    return {
        (thing, f"mesokg:{column}", one.value, one.source, one.rank, other.value, other.source, other.rank)
        for (thing, column, _), those in found.items()
        for one in those
        for other in those
        if (one.thing, one.value) < (other.thing, other.value)
        and one.value != other.value
        and (one.source != other.source or one.source.startswith("mkg:record-"))
    }


FROM_TABLES: dict[str, tuple[tuple[str, ...], Callable[[], Pairs]]] = {
    "how_many_statements_rest_on_which_evidence": (("evidenceLevel", "assertions", "things", "sources", "denials"), by_level),
    "what_does_source_say": (("thing", "field", "value", "rank", "locator", "checkedOn"), of_source),
    "what_evidence_is_behind_thing": (
        ("field", "value", "valueStatus", "rank", "evidenceLevel", "asOf", "recordDate", "checkedOn", "source"), of_thing,
    ),
    "what_was_known_of_trials_on": (("trial", "field", "value", "knownOn", "source"), known_by),
    "where_do_sources_disagree": (("thing", "field", "value", "source", "rank", "otherValue", "otherSource", "otherRank"), disagreeing),
}  # fmt: skip


@pytest.mark.parametrize("name", FROM_TABLES)
def test_the_tables_give_the_same_answer(name: str) -> None:
    columns, compute = FROM_TABLES[name]
    missing, invented = differences(name, columns, compute())
    assert missing == [], "in the tables, not in the answer"
    assert invented == [], "in the answer, not in the tables"
