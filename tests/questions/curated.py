"""The curated tables read without RDF, reasoner or SPARQL, for answers computed once more beside those of the queries."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Callable, Iterable
from functools import lru_cache
from pathlib import Path

import engines

DATA = engines.ROOT / "data"
Row = dict[str, str]
Pairs = set[tuple[str, ...]]
ABSENT = ("", "not_reported", "not_applicable")
COUNTS = {"participants enrolled", "participants treated", "participants evaluable"}
MADE_FROM = {
    "AdenoAssociatedViral": "NCBITaxon:10803", "Adenoviral": "NCBITaxon:10508", "Bacterial": "NCBITaxon:2", "Gammaretroviral": "NCBITaxon:153135",
    "Herpesviral": "NCBITaxon:10292", "Lentiviral": "NCBITaxon:11646", "Paramyxoviral": "NCBITaxon:11158", "Poxviral": "NCBITaxon:10240",
    "Retroviral": "NCBITaxon:11632", "Rhabdoviral": "NCBITaxon:11270",
}  # fmt: skip
RANKS = {"deprecated": 0, "": 1, "normal": 1, "preferred": 2}


@lru_cache
def table(name: str) -> tuple[Row, ...]:
    """The rows of a table; cells hold no quotes."""
    with (DATA / f"{name}.tsv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))
    assert not any(row.get("negated") for row in rows), "what is denied wants a rule here"
    return tuple(rows)


def split(cell: str) -> list[str]:
    return [part.strip() for part in cell.split("|") if part.strip() not in ABSENT]


def every(name: str, column: str) -> dict[str, set[str]]:
    """All values that no source of rank deprecated alone gives, by thing."""
    found: dict[str, set[str]] = defaultdict(set)
    for row in table(name):
        if row.get("rank", "") != "deprecated":
            found[row["id"]].update(split(row[column]))
    return found


def one(name: str, column: str) -> dict[str, str]:
    """The one value of each thing: of the best rank, then of the latest date."""
    found: dict[str, list[Row]] = defaultdict(list)
    for row in table(name):
        if row[column] not in ABSENT and row.get("rank", "") != "deprecated":
            found[row["id"]].append(row)
    chosen = {}
    for thing, rows in found.items():
        best = max(RANKS[row.get("rank", "")] for row in rows)
        rows = [row for row in rows if RANKS[row.get("rank", "")] == best]
        dated = [row for row in rows if row.get("as_of")]
        chosen[thing] = max(dated, key=lambda row: day(row["as_of"]))[column] if dated else rows[0][column]
    return chosen


def day(date: str) -> str:
    """The first day of a date known to the day, month or year."""
    return date + "-01-01"[len(date) - 4 :] if date else ""


def things(name: str) -> set[str]:
    return {row["id"] for row in table(name)}


def labels(name: str) -> dict[str, str]:
    return {row["id"]: row["label"] for row in table(name)}


def number(text: str) -> str:
    return engines.cell(str(float(text))) if text else ""


# ---------------------------------------------------------------- what several answers need


def given() -> dict[str, Pairs]:
    """Therapies and drugs by arm, with the purpose."""
    therapies, drugs = every("administrations", "givesTherapy"), every("administrations", "givesDrug")
    purposes = one("administrations", "purpose")
    found: dict[str, Pairs] = defaultdict(set)
    for administration, arms in every("administrations", "administrationIn").items():
        for arm in arms:
            for what in therapies[administration] | drugs[administration]:
                found[arm].add((what, purposes.get(administration, "")))
    return found


def trial_of() -> dict[str, str]:
    return one("arms", "armOf")


def investigated() -> Pairs:
    """Trials and the therapies given in one of their arms."""
    trials = trial_of()
    return {(trials[arm], what) for arm, pairs in given().items() for what, _ in pairs if what.startswith("mkg:therapy")}


def constructs_of() -> dict[str, set[str]]:
    """The constructs of a therapy: its own, and those of the cells it administers."""
    own, cells, inside = every("therapies", "hasConstruct"), every("therapies", "administersCells"), every("cell_products", "transducedWith")
    return {therapy: own[therapy] | {construct for cell in cells[therapy] for construct in inside[cell]} for therapy in things("therapies")}


def vectors_of() -> dict[str, set[str]]:
    backbone = every("constructs", "hasBackbone")
    return {therapy: {vector for construct in found for vector in backbone[construct]} for therapy, found in constructs_of().items()}


def forms_of() -> dict[str, set[str]]:
    carried, encoded = every("constructs", "carries"), every("payloads", "encodes")
    return {
        therapy: {form for construct in found for payload in carried[construct] for form in encoded[payload]}
        for therapy, found in constructs_of().items()
    }


def bound_by() -> dict[str, set[str]]:
    """What a part of a construct of the therapy binds."""
    binds, component, joined = every("components", "bindsTarget"), every("construct_parts", "component"), defaultdict(set)
    for part, found in every("construct_parts", "partOfConstruct").items():
        for construct in found:
            joined[construct] |= {target for one in component[part] for target in binds[one]}
    return {therapy: {target for construct in found for target in joined[construct]} for therapy, found in constructs_of().items()}


def trials_of() -> dict[str, set[str]]:
    trials: dict[str, set[str]] = defaultdict(set)
    for trial, therapy in investigated():
        trials[therapy].add(trial)
    return trials


def mechanism_kinds() -> dict[str, set[str]]:
    """The classes of a mechanism, its own and those of the broader ones."""
    types, above = every("mechanisms", "type"), broader("mechanisms")
    return {mechanism: {kind for one_above in above(mechanism) for kind in types[one_above]} for mechanism in things("mechanisms")}


def taxa_of() -> dict[str, set[str]]:
    """All taxa a vector is made from, the broader ones too."""
    above = broader("taxa")
    return {vector: {taxon for named in found for taxon in above(named)} for vector, found in every("vectors", "derivedFrom").items()}


def vector_classes() -> dict[str, set[str]]:
    """The classes of the vectors of a therapy, in words; a lentiviral vector is not counted as retroviral too."""
    taxa, types, found = taxa_of(), every("vectors", "type"), {}
    for vector in things("vectors"):
        named = {name for name, taxon in MADE_FROM.items() if taxon in taxa[vector]} - {"Gammaretroviral"}
        named -= {"Retroviral"} if "Lentiviral" in named else set()
        found[vector] = {f"{name.lower()} vector" for name in named} | ({"non-viral vector"} if types[vector] else set())
    return {therapy: {name for vector in vectors for name in found[vector]} for therapy, vectors in vectors_of().items()}


def measured(measures: set[str]) -> list[Row]:
    return [row for row in table("outcomes") if row["measure"] in measures and row["rank"] != "deprecated"]


def broader(name: str) -> Callable[[str], set[str]]:
    up = every(name, "hasBroader")

    def all_above(thing: str) -> set[str]:
        return {thing}.union(*(all_above(other) for other in up[thing]))

    return all_above


# ---------------------------------------------------------------- the comparison


def answered(name: str, columns: Iterable[str]) -> Pairs:
    head, rows = engines.read_rows(Path(engines.EXPECTED_BUILD) / f"{name}.tsv")
    places = [head.index(column) for column in columns]
    return {tuple(row[place] for place in places) for row in rows}


def differences(name: str, columns: Iterable[str], computed: Pairs) -> tuple[list[tuple[str, ...]], list[tuple[str, ...]]]:
    """What was computed and is not among the expected rows, in these columns, and the other way round."""
    assert computed, "an empty answer tests nothing"
    found, wanted = answered(name, columns), {tuple(engines.cell(cell) for cell in row) for row in computed}
    return sorted(wanted - found), sorted(found - wanted)
