"""The numbers in docs/coverage.md are those of the tables."""

from __future__ import annotations

import csv
import re
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from mesokg.resources import folder

PAGE = Path(__file__).parents[1] / "docs" / "coverage.md"
WORDS = dict(zip("none one two three four five six seven eight nine ten eleven twelve".split(), range(13), strict=True))

NO_VALUE = ("", "not_reported", "not_applicable")


def rows(table: str) -> list[dict[str, str]]:
    with (folder("data") / f"{table}.tsv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def things(table: str, kept=lambda row: True) -> set[str]:
    return {row["id"] for row in rows(table) if kept(row)}


def without(table: str, *columns: str) -> int:
    """How many things of a table have a value in none of these columns in any row."""
    return len(things(table) - things(table, lambda row: any(row[column] not in NO_VALUE for column in columns)))


def valued(table: str, column: str) -> set[str]:
    """The things of a table of which a row states a value in this column."""
    return things(table, lambda row: row[column] not in (*NO_VALUE, "not stated"))


def mechanisms() -> tuple[int, int, int, int]:
    """Mechanisms of our own without a GO process right above them and those in no step; all in a step, and those a step places in a cell."""
    above = {row["id"]: row["hasBroader"] for row in rows("mechanisms")}
    ours = {name for name in above if name.startswith("mkg:")}
    of_step: dict[str, set[str]] = defaultdict(set)
    for row in rows("mechanism_steps"):
        of_step[row["id"]] |= {name for column in ("showsMechanism", "claimsMechanism") for name in row[column].split("|") if name}
    stepped = set().union(*of_step.values())
    placed = set().union(*(of_step[step] for step in valued("mechanism_steps", "inCell")))
    return sum("GO:" not in above[name] for name in ours), len(ours - stepped), len(stepped), len(placed)


def genes_without_a_role() -> tuple[int, int]:
    """Of the genes without a role, those of which an alteration is told, and those that no other row names."""
    roleless = things("genes") - valued("genes", "geneRole")
    altered = {name for row in rows("gene_alterations") for name in row["alteredGene"].split("|")}
    told = {row["id"] for row in rows("genes") if row["source"]}
    tables = [path.stem for path in folder("data").glob("*.tsv") if path.stem not in ("leads", "genes")]
    named = {name for table in tables for row in rows(table) for cell in row.values() if cell for name in cell.split("|")}
    return len(roleless & altered), len(roleless - told - named)


def sharing() -> tuple[int, int]:
    """Publications that share patients with others as the tables say, and their pairs."""
    pairs = {frozenset((row["id"], name)) for row in rows("publications") for name in row["overlapsWith"].split("|") if name}
    return len(frozenset().union(*pairs)), len(pairs)


def pages_sharing() -> Counter[str]:
    """Pairs of reports of the same patients of which one is a web page, by what the other is: ``page`` or ``publication``."""
    pairs = {frozenset((row["id"], name)) for row in rows("web_pages") for name in row["overlapsWith"].split("|") if name}
    return Counter("page" if all(name.startswith("mkg:page-") for name in pair) else "publication" for pair in pairs)


SOURCED = [row for path in sorted(folder("data").glob("*.tsv")) if path.stem != "leads" for row in rows(path.stem) if row.get("source")]
EVIDENCE = Counter(row["evidence"] for row in SOURCED)
READ = Counter(row["checked_on"] for row in SOURCED)
MEASUREMENTS = rows("outcomes")
OF_A_THERAPY = things("administrations", lambda row: row["givesTherapy"])


def identified() -> tuple[int, int, int]:
    """Publications with a PMID or DOI, with a PubMed Central number alone, and without any."""
    found: dict[str, set[str]] = defaultdict(set)
    for row in rows("publications"):
        found[row["id"]] |= {name for name in ("pmid", "doi", "pmcid") if row[name]}
    first = sum(bool(names & {"pmid", "doi"}) for names in found.values())
    second = sum(names == {"pmcid"} for names in found.values())
    return first, second, len(found) - first - second


def reporting() -> tuple[int, int, int]:
    """Publications that say what they report on, those that have all else too, and those on which nothing rests."""
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for row in rows("publications"):
        found[row["id"]] |= {name: value for name, value in row.items() if value and value != "not_reported"}
    named = {name: id_ for id_, one in found.items() for name in (id_, f"PMID:{one.get('pmid')}", f"DOI:{one.get('doi')}")}
    tables = [path.stem for path in folder("data").glob("*.tsv") if path.stem not in ("leads", "publications")]
    cited = {named[source] for table in tables for row in rows(table) for source in row.get("source", "").split("|") if source in named}
    telling = {id_ for id_, one in found.items() if "reportsOn" in one}
    whole = [id_ for id_ in telling if found[id_].keys() & {"pmid", "doi"} and {"publicationYear", "journal", "publicationKind"} <= found[id_].keys()]
    return len(telling), len(whole), len(found.keys() - telling - cited)


def trials_by_number() -> tuple[int, int]:
    return tuple(sum(name.startswith(f"mkg:trial-{kind}") for name in things("trials")) for kind in ("NCT", "jRCT"))  # type: ignore[return-value]


TOLD = {
    r"from ([\d,]+) table rows": len(SOURCED),
    r"(\d+) of the \d+ trials name mesothelioma": len(things("trials", lambda row: "mesothelioma" in row["studies_label"])),
    r"(\d+) of the \d+ trials have an NCT number": trials_by_number()[0],
    r"have an NCT number, (\w+) a jRCT number": trials_by_number()[1],
    r"Of the (\d+) publications": len(things("publications")),
    r"publications (\d+) have a PMID or DOI": identified()[0],
    r"seen in a source, (\d+) more a PubMed Central number": identified()[1],
    r"PubMed Central number\. The other (\d+)": identified()[2],
    r"(\d+) say on\s+which trial": reporting()[0],
    r"therapy or cohort they report, (\d+) of them": reporting()[1],
    r"and (\d+) are listed only": reporting()[2],
    **{rf"{re.escape(kind)} (\d+)[,.]": number for kind, number in EVIDENCE.items()},
    **{rf"`{day}` \(([\d,]+)(?: rows)?\)": number for day, number in READ.items()},
    r"(\d+) rows are ranked": sum(bool(row.get("rank")) for row in SOURCED),
    r"has (\d+) leads": len(rows("leads")),
    r"Trials without a state: (\d+)": without("trials", "status"),
    r"without a start date: (\d+)": without("trials", "startDate"),
    r"without a phase: (\d+)": without("trials", "phase"),
    r"without a sponsor: (\d+)": without("trials", "sponsor"),
    r"without a stage of the disease: (\d+)": without("trials", "diseaseStage"),
    r"without a country: (\d+)": without("trials", "country"),
    r"without an allocation: (\d+)": without("trials", "allocation"),
    r"without a planned enrolment: (\d+)": without("trials", "enrolmentPlanned"),
    r"without an actual one: (\d+)": without("trials", "enrolmentActual"),
    r"with neither, nor a number of those treated: (\d+)": without("trials", "enrolmentPlanned", "enrolmentActual", "participantsTreated"),
    r"(\d+) trials lack the end of their primary phase": without("trials", "primaryCompletionDate"),
    r"primary phase, (\d+) their end": without("trials", "completionDate"),
    r"their end and (\d+) both": without("trials", "primaryCompletionDate", "completionDate"),
    r"actual enrolment are both known of (\w+)": len(valued("trials", "enrolmentPlanned") & valued("trials", "enrolmentActual")),
    r"(\w+) states have no date": sum(bool(row["status"]) and not row["as_of"] for row in rows("trials")),
    r"(\d+) of \d+ arms have no dose level": without("arms", "doseLevel"),
    r"of (\d+) arms have no dose level": len(things("arms")),
    r"(\d+) of the rows that cite pages": sum(row["source"].startswith("mkg:page-") and row["evidence"] not in ("expert statement", "curator inference") for row in SOURCED),
    r"(\d+) pages say nothing in `confirmedIn`": without("web_pages", "confirmedIn"),
    r"(\d+) of the \d+ of our own have no GO": mechanisms()[0],
    r"of the (\d+) of our own have no GO": len(things("mechanisms", lambda row: row["id"].startswith("mkg:"))),
    r"GO process right above .*?, (\d+) stand in no step": mechanisms()[1],
    r"and (\d+) mechanisms have a cell": mechanisms()[3],
    r"as (\d+) of \d+ steps": len(valued("mechanism_steps", "inCell")),
    r"\d+ of (\d+) steps name a cell": len(things("mechanism_steps")),
    r"Of the (\d+) steps \d+ name no cell": len(things("mechanism_steps")),
    r"Of the \d+ steps (\d+) name no cell": len(things("mechanism_steps") - valued("mechanism_steps", "inCell")),
    r"Of the (\d+) mechanisms that a step": mechanisms()[2],
    r"shows or claims, (\d+) have no cell": mechanisms()[2] - mechanisms()[3],
    r"Genes without a role: (\d+)": without("genes", "geneRole"),
    r"Genes without a role: \d+ of (\d+)": len(things("genes")),
    r"role: \d+ of \d+; (\d+) are from alteration studies": genes_without_a_role()[0],
    r"(\d+) stand in no other row": genes_without_a_role()[1],
    r"whether they replicate is not known for (\d+)": len(things("vectors") - valued("vectors", "replicationCompetence")),
    r"A serotype is named for (\d+)": len(valued("vectors", "serotype")),
    r"deletions for (\d+)": len(valued("vectors", "hasDeletion")),
    r"modification for (\d+)": len(valued("vectors", "hasModification")),
    r"entry receptor for (\d+)": len(valued("vectors", "entersVia")),
    r"what they are made from for (\d+)": len(valued("vectors", "derivedFrom")),
    r"(\d+) of \d+ rows have a time point": sum(row["timePoint"] not in (*NO_VALUE, "not stated") for row in MEASUREMENTS),
    r"of (\d+) rows have a time point": len(MEASUREMENTS),
    r"(\d+) have numerator and denominator": sum(bool(row["numerator"] and row["denominator"]) for row in MEASUREMENTS),
    r"(\d+) of them with the kind of the denominator": sum(bool(row["numerator"] and row["denominator"]) and row["denominatorKind"] not in (*NO_VALUE, "not stated") for row in MEASUREMENTS),
    r"Therapies without a developer: (\d+)": without("therapies", "developer"),
    r"without a developer: \d+; without a synonym: (\d+)": without("therapies", "synonyms"),
    r"Publications without a year: (\d+)": without("publications", "publicationYear"),
    r"year: \d+; without a journal: (\d+)": without("publications", "journal"),
    r"of no stated kind: (\d+)": without("publications", "publicationKind"),
    r"Of the (\d+) administrations of a therapy": len(OF_A_THERAPY),
    r"administrations of a therapy (\d+) have a dose": len(OF_A_THERAPY & things("administrations", lambda row: row["doseLow"] or row["doseHigh"])),
    r"have a dose and (\d+) a schedule": len(OF_A_THERAPY & things("administrations", lambda row: row["schedule"])),
    r"Routes of (\d+) administrations are not given": without("administrations", "route") + len(things("administrations", lambda row: row["route"] == "not stated")),
    r"(\d+) of them say \*not stated\*": len(things("administrations", lambda row: row["route"] == "not stated")),
    r"(\w+) trials name a histology": len(things("trials", lambda row: set(row["studies"].split("|")) & {"MONDO:0006377", "MONDO:0006378"})),
    r"and \*not stated\* for (\d+) rows": sum(row["criteria"] == "not stated" for row in MEASUREMENTS),
    r"(\w+) experiments are told to have led": len(valued("experiments", "ledTo")),
    r"(\d+) publications are marked as sharing": sharing()[0],
    r"sharing patients with another, in (\d+) pairs": sharing()[1],
    r"another, in \d+ pairs, (\d+) pairs of a page": pages_sharing()["publication"],
    r"of a page with a publication and (\d+) of two pages": pages_sharing()["page"],
    r"histology, (\w+) have an interval": sum(bool(row["lowerLimit"] or row["upperLimit"]) for row in MEASUREMENTS),
}


@pytest.mark.parametrize("pattern", TOLD)
def test_a_number_of_the_page_is_that_of_the_tables(pattern: str) -> None:
    found = re.findall(pattern, re.sub(r"\s+", " ", PAGE.read_text(encoding="utf-8")))
    assert found, f"docs/coverage.md no longer says {pattern}"
    numbers = {WORDS[text] if text in WORDS else int(text.replace(",", "")) for text in found}
    assert numbers == {TOLD[pattern]}


def test_the_table_of_kinds_is_that_of_the_build(real_build: Path) -> None:
    from mesokg.release import read_receipt

    receipt = read_receipt(real_build)
    assert receipt
    counts = {name.replace("_", " "): number for name, number in receipt.counts.items()}
    text = PAGE.read_text(encoding="utf-8")
    table = dict(re.findall(r"\| ([a-z][a-z ]+?)(?: \([^|]*\))? \| (\d+) (?=\|)", text.partition("All this is")[0]))
    assert len(table) == 24
    names = {"gene product forms": "forms", "preclinical experiments": "experiments", "measurements of them": "measurements", "determinants of delivery and resistance": "determinants"}
    assert {name: int(number) for name, number in table.items()} == {name: counts[names.get(name, name)] for name in table}
    assert int(re.search(r"All this is ([\d,]+) assertions", text)[1].replace(",", "")) == counts["assertions"]  # type: ignore[index]
    assert int(re.search(r"gives (\d+) warnings", text)[1]) == receipt.data["warnings"]  # type: ignore[index]
