"""A study as rows of our tables: what a curator would type from the record, with the record as source.

Only what can be mapped without judging is mapped. Names of organisations, countries, conditions and products are
looked up among our labels and synonyms; what is not found is said, never guessed.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field

from mesokg.cells import read_cell
from mesokg.errors import Problem
from mesokg.identifiers import compact, expand
from mesokg.registries.faults import fault
from mesokg.registries.ours import Ours, slug
from mesokg.registries.records import Study
from mesokg.registries.results import arm_id, outcome_rows, result_groups, shared_ids

__all__ = [
    "CHANGING", "NewIds", "Proposed", "TableRow", "named_elsewhere", "propose", "propose_arms", "propose_identifiers",
    "propose_publications", "propose_results", "record_row",
]  # fmt: skip

TableRow = tuple[str, dict[str, str]]
"""A row to be written: the table's name and the cells by column."""

CHANGING = frozenset({"status", "phase", "enrolmentActual", "enrolmentPlanned", "statusAsReported", "phaseAsReported"})
"""Properties that change over time: their rows carry the date at which they held."""

_ARM_ROLES = {
    "EXPERIMENTAL": "experimental",
    "ACTIVE_COMPARATOR": "active comparator",
    "PLACEBO_COMPARATOR": "placebo comparator",
    "SHAM_COMPARATOR": "placebo comparator",
    "NO_INTERVENTION": "no intervention",
}
_COUNTRY_NAMES = {"Russia": "Russian Federation", "Republic of Korea": "South Korea", "Türkiye": "Turkey", "Turkey (Türkiye)": "Turkey"}
_REGISTRIES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"20\d\d-5\d{5}-\d\d(-\d\d)?"), "CTIS"),
    (re.compile(r"(?:EudraCT[ :]*)?(\d{4}-\d{6}-\d\d)"), "EU Clinical Trials Register"),
    (re.compile(r"jRCTs?\d{9,11}"), "jRCT"),
    (re.compile(r"ACTRN\d{14}p?"), "ANZCTR"),
    (re.compile(r"ISRCTN\d{8}"), "ISRCTN"),
    (re.compile(r"ChiCTR[-\w]*\d{8,}"), "ChiCTR"),
    (re.compile(r"UMIN\d{9}"), "UMIN-CTR"),
    (re.compile(r"NTR\d{3,5}"), "NTR"),
)


_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\xad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufffe\uffff]")
"""Characters that no cell of a table can hold."""


@dataclass(frozen=True)
class Proposed:
    """What the record says of one property: cell texts, the same for people, a remark, and rows needed beside it."""

    name: str
    cells: tuple[str, ...]
    shown: tuple[str, ...]
    remark: str = ""
    unresolved: tuple[str, ...] = ()
    beside: tuple[TableRow, ...] = field(default=(), repr=False)


class NewIds:
    """Gives ids to new things: one that stands for another thing, in our tables or given before, is never given again."""

    def __init__(self, ours: Ours) -> None:
        self._taken = {compact(iri): label for iri, label in ours.tables.labels.items()}
        self._named: dict[str, list[str]] = defaultdict(list)
        for curie, label in self._taken.items():
            self._named[label].append(curie)
        self._next: dict[str, int] = {}

    def of(self, wanted: str, label: str) -> str:
        """The id, or the next free one of the kind ``…-2``, under which the thing with this label can stand."""
        same = re.compile(rf"{re.escape(wanted)}(?:-(\d+))?")
        standing = [(int(match[1] or 1), curie) for curie in self._named.get(label, ()) if (match := same.fullmatch(curie))]
        if standing:
            return min(standing)[1]
        number = self._next.get(wanted, 1)
        while (curie := wanted if number == 1 else f"{wanted}-{number}") in self._taken:
            number += 1
        self._next[wanted] = number + 1
        self._taken[curie] = label
        self._named[label].append(curie)
        return curie


def _plain(name: str, text: str, remark: str = "") -> Proposed:
    clean = " ".join(text.split())
    return Proposed(name, (clean.replace("|", "/"),), (clean,), remark)


def _label(text: str) -> str:
    return " ".join(text.split()).replace("|", "/")


def propose(study: Study, ours: Ours, ids: NewIds) -> list[Proposed]:
    """What a record says, property by property; properties that the record leaves out are left out."""
    found: list[Proposed] = []
    if study.status:
        remark = f"last known status: {study.last_known_status}" if study.last_known_status else ""
        found.append(_plain("status", study.status, remark))
    if study.phase:
        found.append(_plain("phase", study.phase))
    if study.enrolment is not None and study.enrolment_kind in ("ACTUAL", "ESTIMATED"):
        name = "enrolmentActual" if study.enrolment_kind == "ACTUAL" else "enrolmentPlanned"
        found.append(_plain(name, str(study.enrolment)))
    for name, event in (
        ("startDate", study.start),
        ("primaryCompletionDate", study.primary_completion),
        ("completionDate", study.completion),
    ):
        if event:
            found.append(_plain(name, event.date, event.kind.lower()))
    if study.allocation:
        found.append(_plain("allocation", study.allocation))
    if study.stop_reason:
        found.append(_plain("stopReason", study.stop_reason))
    if study.official_title or study.title:
        found.append(_plain("officialTitle", study.official_title or study.title))
    if study.acronym:
        found.append(_plain("acronym", study.acronym))
    if study.sponsor:
        found.append(_organisations("sponsor", (study.sponsor,), ours, ids))
    if study.collaborators:
        found.append(_organisations("collaborator", study.collaborators, ours, ids))
    if study.countries:
        found.append(_looked_up("country", "countries", tuple(_COUNTRY_NAMES.get(c, c) for c in study.countries), ours))
    if study.conditions:
        found.append(_looked_up("studies", "diseases", study.conditions, ours))
    return found


def _looked_up(name: str, table: str, names: tuple[str, ...], ours: Ours) -> Proposed:
    cells, shown, unresolved = [], [], []
    for one in names:
        iri = ours.find(table, one)
        if iri is None:
            unresolved.append(one)
        elif compact(iri) not in cells:
            cells.append(compact(iri))
            shown.append(ours.tables.labels.get(iri, one))
    return Proposed(name, tuple(cells), tuple(shown), unresolved=tuple(unresolved))


def _organisations(name: str, names: tuple[str, ...], ours: Ours, ids: NewIds) -> Proposed:
    cells, shown, beside = [], [], []
    for one in dict.fromkeys(names):
        iri = ours.find("organisations", one)
        label = _label(one)
        curie = compact(iri) if iri else ids.of(f"mkg:organisation-{slug(one)}", label)
        if iri is None:
            beside.append(("organisations", {"id": curie, "label": label}))
        if curie not in cells:
            cells.append(curie)
            shown.append(ours.tables.labels.get(iri, one) if iri else one)
    return Proposed(name, tuple(cells), tuple(shown), beside=tuple(beside))


def record_row(nct: str, trial: str, ours: Ours) -> list[TableRow]:
    """The row of the registry record itself, where we have none."""
    if nct in ours.record_of:
        return []
    return [
        (
            "registry_records",
            {
                "id": f"mkg:record-{nct}",
                "label": f"ClinicalTrials.gov {nct}",
                "recordOf": compact(trial),
                "registry": "ClinicalTrials.gov",
                "registryIdentifier": nct,
                "url": f"https://clinicaltrials.gov/study/{nct}",
            },
        )
    ]


def _identifiers(study: Study) -> list[tuple[str, str]]:
    """(registry, identifier) of the study in other registries."""
    found = []
    for other in study.other_ids:
        for pattern, registry in _REGISTRIES:
            match = pattern.fullmatch(other.identifier.strip())
            if match:
                found.append((registry, match[1] if pattern.groups and match.lastindex and registry.startswith("EU") else match[0]))
                break
    return list(dict.fromkeys(found))


def named_elsewhere(studies: dict[str, Study]) -> dict[str, set[str]]:
    """By identifier in another registry: the trials whose records name it."""
    found: dict[str, set[str]] = defaultdict(set)
    for trial, study in studies.items():
        for _, identifier in _identifiers(study):
            found[identifier].add(trial)
    return found


def propose_identifiers(study: Study, trial: str, ours: Ours) -> list[tuple[str, str, TableRow]]:
    """Identifiers in other registries that we do not have: (registry, identifier, row)."""
    found = []
    for registry, identifier in _identifiers(study):
        if identifier not in ours.record_of:
            row = {
                "id": f"mkg:record-{identifier}",
                "label": f"{registry} {identifier}",
                "recordOf": compact(trial),
                "registry": registry,
                "registryIdentifier": identifier,
                "confirmedIn": "secondary identifier in the ClinicalTrials.gov record",
            }
            found.append((registry, identifier, ("registry_records", row)))
    return found


def propose_publications(study: Study, trial: str, ours: Ours) -> list[tuple[str, str, TableRow]]:
    """Publications of results that the record cites and we do not have: (PMID, citation, row)."""
    found = []
    for reference in study.references:
        if not reference.pmid.isdigit() or reference.kind == "BACKGROUND" or f"PMID:{reference.pmid}" in ours.aliases:
            continue
        author = re.match(r"[^\W\d_][\w'’-]*", reference.citation)
        year = re.search(r"\b(?:19|20)\d\d\b", reference.citation)
        label = " ".join(filter(None, (author[0] if author else "", year[0] if year else ""))) or f"PMID {reference.pmid}"
        row = {
            "id": f"mkg:publication-PMID{reference.pmid}",
            "label": f"{label}, PMID {reference.pmid}",
            "pmid": reference.pmid,
            "confirmedIn": "reference in the ClinicalTrials.gov record",
            "reportsOn": compact(trial),
        }
        if year:
            row["publicationYear"] = year[0]
        found.append((reference.pmid, reference.citation, ("publications", row)))
    return found


def _arm_names(study: Study, title: str) -> tuple[str, str]:
    """The label that we give an arm of the record, and its name alone."""
    return f"{_label(title)} ({study.nct})", _label(title)


def _known_arm(study: Study, trial: str, title: str, ours: Ours, shared: frozenset[str]) -> str | None:
    """The IRI of our arm with this title, else of the one that has the id of this title and was given it by a title that
    differs in case and punctuation only; not where the record tells two arms apart by these.
    """
    if found := ours.find_arm(trial, *_arm_names(study, title)):
        return found
    curie = arm_id(study.nct, title)
    if curie in shared:
        return None
    iri = expand(curie)
    label = ours.tables.labels.get(iri, "").removesuffix(f" ({study.nct})")
    return iri if label and iri in ours.arms_of.get(trial, {}).values() and arm_id(study.nct, label) == curie else None


def propose_arms(study: Study, trial: str, ours: Ours, ids: NewIds) -> tuple[list[TableRow], list[str]]:
    """The arms that are none of ours yet and, where product names are ours, administrations; and the names that match
    none of our products.
    """
    rows: list[TableRow] = []
    unmatched: list[str] = []
    shared = shared_ids(study)
    for arm in study.arms:
        names = _arm_names(study, arm.label)
        if _known_arm(study, trial, arm.label, ours, shared):
            continue
        curie = ids.of(arm_id(study.nct, arm.label), names[0])
        cells = {
            "id": curie,
            "label": names[0],
            "armOf": compact(trial),
            "armRole": _ARM_ROLES.get(arm.kind, ""),
            "armDescription": _label(arm.description),
        }
        rows.append(("arms", cells))
        for intervention in study.interventions:
            named = any(n.partition(": ")[2] == intervention.name for n in arm.interventions)
            if arm.label not in intervention.arms and not named:
                continue
            product = _product(intervention.name, intervention.other_names, ours)
            if product is None:
                if intervention.name not in unmatched:
                    unmatched.append(intervention.name)
                continue
            column, iri = product
            label = f"{ours.tables.labels[iri]} in {_label(arm.label)} ({study.nct})"
            wanted = f"mkg:administration-{curie.removeprefix('mkg:arm-')}-{slug(intervention.name)}"
            row = {"id": ids.of(wanted, label), "label": label, "administrationIn": curie, column: compact(iri)}
            rows.append(("administrations", row))
    return rows, unmatched


def _product(name: str, others: tuple[str, ...], ours: Ours) -> tuple[str, str] | None:
    for one in (name, *others):
        for table, column in (("therapies", "givesTherapy"), ("drugs", "givesDrug")):
            if iri := ours.find(table, one):
                return column, iri
    return None


def propose_results(study: Study, trial: str, ours: Ours, ids: NewIds, problems: list[Problem]) -> list[TableRow]:
    """Arms for the groups of the results that are none of ours yet, and one row per measurement.

    A row that fits no table is left out with a problem, and so are the measurements in an arm that cannot be written.
    """
    arms: dict[str, str] = {}
    made: dict[str, TableRow] = {}
    shared = shared_ids(study)
    for title, description in result_groups(study).items():
        names = _arm_names(study, title)
        known = _known_arm(study, trial, title, ours, shared)
        arms[title] = compact(known) if known else ids.of(arm_id(study.nct, title), names[0])
        if known is None and arms[title] not in made:
            cells = {
                "id": arms[title],
                "label": names[0],
                "armOf": compact(trial),
                "armDescription": _label(description),
                "locator": f"results, group {_label(title)}",
            }
            made[arms[title]] = ("arms", cells)
    rows = [*made.values()]
    used: dict[str, int] = {}
    for row in outcome_rows(study, compact(trial), arms, problems):
        place = row["locator"]
        used[place] = used.get(place, 0) + 1
        if used[place] > 1:
            row = {**row, "locator": f"{place} ({used[place]})"}
        rows.append(("outcomes", {k: _unsplit(k, v, ours) for k, v in row.items() if v}))
    return _fitting(study, rows, ours, problems)


def _fitting(study: Study, rows: list[TableRow], ours: Ours, problems: list[Problem]) -> list[TableRow]:
    """The rows that fit their tables; what does not is a problem, one for each arm and one for each row of others."""
    kept: list[TableRow] = []
    lost: set[str] = set()
    for table, cells in rows:
        if lost & {cells.get("inArm", ""), cells.get("comparedWithArm", "")}:
            continue
        if wrong := next((name for name, text in cells.items() if not _fits(name, text, ours)), ""):
            fix = "a cell cannot hold it; the arm and its results were left out" if table == "arms" else "a cell cannot hold it; this result was left out"
            shown = cells[wrong].encode("unicode_escape").decode("ascii")
            problems.append(fault(study.nct, "fits no table", shown, f"{fix}, the others are used", column=f"{cells.get('locator', '')}, {wrong}"))
            lost |= {cells["id"]} if table == "arms" else set()
            continue
        kept.append((table, cells))
    return kept


def _unsplit(name: str, text: str, ours: Ours) -> str:
    """A text of the record as one value of its column, where ``|`` would make it several."""
    if name == "locator" or "|" not in text or ours.vocabulary.property(name).functional:
        return text
    return text.replace("|", "/")


def _fits(name: str, text: str, ours: Ours) -> bool:
    if _CONTROL.search(text) or text != text.strip():
        return False
    if name in ("id", "label", "locator"):
        return bool(text)
    return not text or not read_cell(text, ours.vocabulary.property(name), ours.vocabulary, ours.aliases)[2]
