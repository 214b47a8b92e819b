"""Every statement of the curated tables: what one source says of one thing, read without the graph, its reasoner or SPARQL."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from functools import lru_cache

import engines
import pyoxigraph as ox
from curated import DATA, Row, day, table

from mesokg.identifiers import compact, content_hash, entity, expand

ABOUT_ROWS = {"source", "locator", "evidence", "record_date", "checked_on", "as_of", "rank", "negated", "comment"}
COLUMNS = {"skos:altLabel": "synonyms"}
ABSENT = {"not_reported": "not reported", "not_applicable": "not applicable"}
MEASURED = ("outcomeOf", "inArm", "comparedWithArm", "population", "measure", "criteria", "timePoint", "subgroup", "event", "minimumGrade")


@dataclass(frozen=True)
class Term:
    """A property, or a value of a list, as the text of the ontology describes it."""

    label: str
    types: tuple[str, ...] = ()
    range: str = ""
    notation: str = ""
    exempt: bool = False
    dated: bool = False
    functional: bool = False


@dataclass
class Statement:
    """What a source says; ``value`` is empty where it gives none, and ``status`` then says so."""

    thing: str
    column: str
    value: str
    status: str
    source: str
    as_of: str
    evidence: str
    rank: str
    rows: list[Row] = field(default_factory=list)

    def latest(self, column: str) -> str:
        """The latest date of the rows that say it; of the same first day, the one known most precisely."""
        return max((row[column] for row in self.rows if row.get(column)), key=lambda date: (day(date), len(date)), default="")

    @property
    def date(self) -> str:
        """When it held, or else the date of the record or publication."""
        return self.as_of or self.latest("record_date")


@lru_cache
def terms() -> dict[str, Term]:
    """What the ontology says of its terms, by local name, and of the property of the column of other names."""
    said: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for quad in ox.parse(path=str(engines.ROOT / "ontology" / "mesokg.ttl")):
        name = compact(quad.subject.value) if isinstance(quad.subject, ox.NamedNode) else ""
        if name.startswith("mesokg:") or name in COLUMNS:
            value = compact(quad.object.value) if isinstance(quad.object, ox.NamedNode) else getattr(quad.object, "value", "")
            said[COLUMNS.get(name, name.removeprefix("mesokg:"))][compact(quad.predicate.value)].append(value)
    return {
        name: Term(
            one["rdfs:label"][0],
            tuple(one["rdf:type"]),
            one["rdfs:range"][0].rpartition(":")[2] if one["rdfs:range"] else "",
            one["skos:notation"][0] if one["skos:notation"] else "",
            one["mesokg:exemptFromEvidence"] == ["true"],
            bool(one["mesokg:precisionProperty"]),
            "owl:FunctionalProperty" in one["rdf:type"],
        )
        for name, one in said.items()
        if one["rdfs:label"]
    }


@lru_cache
def listed() -> dict[tuple[str, str], str]:
    """The value of a list behind a word, by its class."""
    return {(type_.removeprefix("mesokg:"), term.notation): f"mesokg:{name}" for name, term in terms().items() if term.notation for type_ in term.types}


@lru_cache
def sources() -> dict[str, str]:
    """Publications by the other identifiers under which a row may cite them."""
    prefixes = {"pmid": "PMID", "doi": "DOI", "pmcid": "PMC"}
    return {f"{prefix}:{row[column]}".lower(): row["id"] for row in table("publications") for column, prefix in prefixes.items() if row[column]}


def _value(column: str, part: str) -> str:
    kind = terms()[column].range
    if kind in ("decimal", "integer"):
        return engines.cell(part)
    return listed().get((kind, part), day(part) if kind == "dateTime" else part)


def measured_as(row: Row) -> tuple[str, str]:
    """The ids of what was measured and of what this row reports of it."""
    parts = []
    for column in MEASURED:
        value = _value(column, row[column])
        if value.startswith(("mkg:", "mesokg:")):
            value = f"<{expand(value)}>"
        elif value:
            value = f'"{value}"' + (f"^^<{expand('xsd:integer')}>" if column == "minimumGrade" else "")
        parts.append(value)
    outcome = content_hash(*parts)
    source = expand(sources().get(row["source"].lower(), row["source"]))
    return compact(entity("outcome", outcome)), compact(entity("measurement", content_hash(outcome, source, row["locator"])))


@lru_cache
def statements() -> tuple[Statement, ...]:
    """Of all tables: rows that say the same of one source are one statement, and the precision of a date is one beside it."""
    found: dict[tuple[str, ...], Statement] = {}
    for path in sorted(DATA.glob("*.tsv")):
        for row in table(path.stem):
            if not row.get("source"):
                continue
            source, rank = sources().get(row["source"].lower(), row["source"]), row.get("rank") or "normal"
            thing, report = measured_as(row) if path.stem == "outcomes" else (row["id"], "")
            said = [(thing, "hasMeasurement", report, "reported", rank)] if report else []
            for column, cell in row.items():
                if not cell or column in ABOUT_ROWS or column not in terms() or terms()[column].exempt:
                    continue
                about, judged = (report, rank) if report and column not in MEASURED else (thing, "normal" if report else rank)
                for part in cell.split("|"):
                    part = part.strip()
                    said.append((about, column, "" if part in ABSENT else _value(column, part), ABSENT.get(part, "reported"), judged))
                    if terms()[column].dated and part not in ABSENT:
                        precision = ("year", "month", "day")[part.count("-")]
                        said.append((about, f"{column}Precision", listed()["DatePrecision", precision], "reported", judged))
            for about, column, value, status, judged in said:
                as_of = row.get("as_of", "")
                made = Statement(about, column, value, status, source, as_of, row["evidence"], judged)
                found.setdefault((about, column, value, status, source, as_of), made).rows.append(row)
    return tuple(found.values())
