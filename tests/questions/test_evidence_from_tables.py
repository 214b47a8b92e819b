"""What sources say, when, how strongly and against whom, computed from the tables as ``test_from_tables`` does."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

import pytest
from curated import Pairs, day, differences, every, things, vectors_of
from statements import Statement, statements, terms

FIGURES = ("numerator", "denominator", "value", "lowerLimit", "upperLimit")


def by_level() -> Pairs:
    levels: dict[str, list[Statement]] = defaultdict(list)
    for said in statements():
        levels[said.evidence].append(said)
    return {(level, str(len(those)), str(len({said.thing for said in those})), str(len({said.source for said in those})), "0") for level, those in levels.items()}


def of_source() -> Pairs:
    return {
        (said.thing, terms()[said.column].label, said.value, said.rank, row["locator"], said.latest("checked_on"))
        for said in statements()
        if said.source == "mkg:publication-PMID23484132"
        for row in said.rows
    }


def of_thing() -> Pairs:
    return {
        (
            terms()[said.column].label, said.value, said.status, said.rank, said.evidence, said.as_of,
            said.latest("record_date"), said.latest("checked_on"), said.source,
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
    """Pairs of sources with different values of one field, of one date, and of registry records with themselves.

    Where a field has one value, whatever their ranks; where it may have several, only what is outranked and what stands.

    Results of one outcome stand under the outcome; their figures are compared, their words and what a count is of are not.
    """
    outcome = {said.value: said.thing for said in statements() if said.column == "hasMeasurement"}
    found: dict[tuple[str, ...], list[Statement]] = defaultdict(list)
    for said in statements():
        compared = said.column in FIGURES if said.thing in outcome else said.column != "hasMeasurement"
        if said.value and compared and not said.column.endswith("Precision"):
            found[outcome.get(said.thing, said.thing), said.column, said.as_of].append(said)
    return {
        (thing, f"mesokg:{column}", one.value, one.source, one.rank, other.value, other.source, other.rank)
        for (thing, column, _), those in found.items()
        for one in those
        for other in those
        if (one.thing, one.value) < (other.thing, other.value)
        and one.value != other.value
        and (one.thing in outcome or terms()[column].functional or (one.rank == "deprecated") != (other.rank == "deprecated"))
        and (one.source != other.source or one.source.startswith("mkg:record-"))
    }


def stands(thing_column: list[Statement]) -> set[str]:
    """The values of one field of one thing that are plain facts: all that are not deprecated; of a field with one value the best ranked, then the latest."""
    those = [said for said in thing_column if said.value and said.rank != "deprecated"]
    if those and terms()[those[0].column].functional:
        those = [said for said in those if said.rank == "preferred"] or those
        latest = max(day(said.as_of) for said in those)
        those = [said for said in those if day(said.as_of) == latest]
    return {said.value for said in those}


def superseded() -> Pairs:
    """Deprecated statements, and those of a field with one value that another of the same date outranks; what rests on them is not computed."""
    fields: dict[tuple[str, str], list[Statement]] = defaultdict(list)
    measurements = {said.value for said in statements() if said.column == "hasMeasurement"}
    for said in statements():
        if said.thing not in measurements and not said.column.endswith("Precision"):
            fields[said.thing, said.column].append(said)
    rows: Pairs = set()
    for (thing, column), those in fields.items():
        kept = stands(those)
        best = {(said.value, said.as_of) for said in those if said.rank == "preferred"}
        for said in those:
            outranked = said.rank == "normal" and any(value != said.value and as_of == said.as_of for value, as_of in best)
            standing = "superseded" if said.rank == "deprecated" else "outranked" if outranked and terms()[column].functional else ""
            agreeing = {other.source for other in those if other.value == said.value and other.source != said.source and other.rank != "deprecated"}
            rows |= {
                (thing, terms()[column].label, said.value, said.source, standing, value, "true" if said.value in kept else "false", other, row["comment"])
                for value in kept - {said.value} or {""}
                for other in agreeing or {""}
                for row in said.rows
                if standing
            }
    return rows


def chain() -> Pairs:
    """Entry of the vector at 0; then every claim of a step and source, with what else that source says of the step; steps in no order have no position."""
    therapy = "mkg:therapy-ad-ifn-alpha2b"
    before: dict[str, set[str]] = defaultdict(set)
    for step, following in every("mechanism_steps", "precedesStep").items():
        for other in following:
            before[other].add(step)

    def position(step: str) -> int:
        return 1 + max((position(other) for other in before[step]), default=0)

    enters, levels = every("vectors", "entersVia"), defaultdict(set)
    for said in statements():
        if said.column == "entersVia":
            levels[said.thing, said.value].add((said.evidence, said.source))
    rows = {
        ("0", "", gene, "", "", "", "", *by) for vector in vectors_of()[therapy] for gene in enters[vector] for by in levels[vector, gene]
    } or {("",) * 9}
    placed = {step for step, following in every("mechanism_steps", "precedesStep").items() if following} | set(before)
    of_source: dict[tuple[str, ...], set[str]] = defaultdict(set)
    for said in statements():
        if said.rank != "deprecated":
            of_source[said.thing, said.source, said.column].add(word(said.value))
    for said in statements():
        standing = {"claimsMechanism": "claimed", "showsMechanism": "shown", "refutesMechanism": "refuted"}.get(said.column)
        if standing and therapy in every("mechanism_steps", "stepOf")[said.thing]:
            beside = (" | ".join(sorted(of_source[said.thing, said.source, column])) for column in ("setting", "inCell", "readOut"))
            place = str(position(said.thing)) if said.thing in placed else ""
            rows.add((place, said.thing, said.value, standing, *beside, said.evidence, said.source))
    return rows


FROM_TABLES: dict[str, tuple[tuple[str, ...], Callable[[], Pairs]]] = {
    "how_many_statements_rest_on_which_evidence": (("evidenceLevel", "assertions", "things", "sources", "denials"), by_level),
    "what_does_source_say": (("thing", "field", "value", "rank", "locator", "checkedOn"), of_source),
    "what_evidence_is_behind_thing": (
        ("field", "value", "valueStatus", "rank", "evidenceLevel", "asOf", "recordDate", "checkedOn", "source"), of_thing,
    ),
    "what_was_known_of_trials_on": (("trial", "field", "value", "knownOn", "source"), known_by),
    "what_is_the_chain_of_effects": (
        ("position", "step", "mechanism", "standing", "setting", "cell", "readOut", "evidenceLevel", "source"), chain,
    ),
    "which_assertions_are_superseded_or_disputed": (
        ("thing", "field", "value", "source", "standing", "valueThatStands", "stillInGraph", "alsoSaidBy", "comment"), superseded,
    ),
    "where_do_sources_disagree": (("thing", "field", "value", "source", "rank", "otherValue", "otherSource", "otherRank"), disagreeing),
}  # fmt: skip


@pytest.mark.parametrize("name", FROM_TABLES)
def test_the_tables_give_the_same_answer(name: str) -> None:
    columns, compute = FROM_TABLES[name]
    missing, invented = differences(name, columns, compute())
    assert missing == [], "in the tables, not in the answer"
    assert invented == [], "in the answer, not in the tables"
