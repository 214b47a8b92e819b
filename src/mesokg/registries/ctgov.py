"""ClinicalTrials.gov, API version 2: reads records, from files or from the registry.

The reader takes what is there: optional modules really are absent in many records. A field of the wrong type is left
out and reported, a word that is not on our list is kept as recorded and reported; the rest of the record is used.
Source of the fields: the registry's own description of API v2 (OpenAPI document of 2024 and later).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from mesokg.errors import Problem
from mesokg.registries.faults import BadRequest, NotFound, RegistryError, fault
from mesokg.registries.files import read_raw_studies
from mesokg.registries.plain import broken, whole
from mesokg.registries.records import ArmRecord, DatedEvent, InterventionRecord, OtherId, Reference, Study
from mesokg.registries.web import Client, Policy

__all__ = ["API", "NCT", "POLICY", "Registry", "read_studies", "read_study"]

API = "https://clinicaltrials.gov/api/v2"
POLICY = Policy(interval=1.3)
"""The registry allows about 50 requests a minute from one address."""

NCT = re.compile(r"NCT\d{8}")
_DATE = re.compile(r"\d{4}(-\d{2}(-\d{2})?)?")
_BATCH = 50
_PAGE = 100

PHASES: dict[tuple[str, ...], str] = {
    ("EARLY_PHASE1",): "early 1",
    ("PHASE1",): "1",
    ("PHASE1", "PHASE2"): "1/2",
    ("PHASE2",): "2",
    ("PHASE2", "PHASE3"): "2/3",
    ("PHASE3",): "3",
    ("PHASE4",): "4",
    ("NA",): "not applicable",
}
STATUSES = {
    "ACTIVE_NOT_RECRUITING": "active, not recruiting",
    "COMPLETED": "completed",
    "ENROLLING_BY_INVITATION": "enrolling by invitation",
    "NOT_YET_RECRUITING": "not yet recruiting",
    "RECRUITING": "recruiting",
    "SUSPENDED": "suspended",
    "TERMINATED": "terminated",
    "UNKNOWN": "unknown",
    "WITHDRAWN": "withdrawn",
}
EXPANDED_ACCESS = frozenset(
    {"AVAILABLE", "NO_LONGER_AVAILABLE", "TEMPORARILY_NOT_AVAILABLE", "APPROVED_FOR_MARKETING", "WITHHELD"}
)
"""Words for expanded access and withheld records: no status of a trial, kept as recorded without a report."""

ALLOCATIONS = {"RANDOMIZED": "randomised", "NON_RANDOMIZED": "non-randomised"}
ARM_KINDS = frozenset(
    {"EXPERIMENTAL", "ACTIVE_COMPARATOR", "PLACEBO_COMPARATOR", "SHAM_COMPARATOR", "NO_INTERVENTION", "OTHER"}
)
INTERVENTION_KINDS = frozenset(
    "BEHAVIORAL BIOLOGICAL COMBINATION_PRODUCT DEVICE DIAGNOSTIC_TEST DIETARY_SUPPLEMENT DRUG GENETIC PROCEDURE RADIATION OTHER".split()
)


class _Fields:
    """One object of a record: reads fields by name and type, and reports those of another type."""

    __slots__ = ("_data", "_nct", "_path", "_problems")

    def __init__(self, data: dict[str, Any], nct: str, path: str, problems: list[Problem]) -> None:
        self._data, self._nct, self._path, self._problems = data, nct, path, problems

    def _wrong(self, key: str, value: object, wanted: str) -> None:
        shown = whole(json.dumps(value, ensure_ascii=False, default=str))
        fix = f"{wanted} was expected; the field was left out, the rest of the record is used"
        self._problems.append(fault(self._nct, "field changed type", shown, fix, column=f"{self._path}{key}"))

    def text(self, key: str) -> str:
        value = self._data.get(key)
        if value is None:
            return ""
        if not isinstance(value, str):
            self._wrong(key, value, "text")
            return ""
        return "" if broken(value) and self._broken(key, value) else value

    def _broken(self, key: str, value: str) -> bool:
        fix = "half of a surrogate pair, which no file can hold; the text was left out, the rest of the record is used"
        self._problems.append(fault(self._nct, "broken character", whole(value), fix, column=f"{self._path}{key}"))
        return True

    def number(self, key: str) -> int | None:
        value = self._data.get(key)
        if value is None:
            return None
        if not isinstance(value, int) or isinstance(value, bool):
            self._wrong(key, value, "a whole number")
            return None
        return value

    def date(self, key: str) -> str:
        value = self.text(key)
        if value and not _DATE.fullmatch(value):
            self._wrong(key, value, "a date such as 2019-03")
            return ""
        return value

    def part(self, key: str) -> _Fields:
        value = self._data.get(key)
        if value is not None and not isinstance(value, dict):
            self._wrong(key, value, "an object")
            value = None
        return _Fields(value or {}, self._nct, f"{self._path}{key}.", self._problems)

    def parts(self, key: str) -> list[_Fields]:
        found = []
        for value in self._list(key):
            if isinstance(value, dict):
                found.append(_Fields(value, self._nct, f"{self._path}{key}.", self._problems))
            else:
                self._wrong(key, value, "a list of objects")
        return found

    def texts(self, key: str) -> tuple[str, ...]:
        found = []
        for value in self._list(key):
            if not isinstance(value, str):
                self._wrong(key, value, "a list of texts")
            elif not (broken(value) and self._broken(key, value)):
                found.append(value)
        return tuple(found)

    def _list(self, key: str) -> list[Any]:
        value = self._data.get(key)
        if value is None:
            return []
        if not isinstance(value, list):
            self._wrong(key, value, "a list")
            return []
        return value

    def listed(self, key: str, known: Iterable[str]) -> str:
        """A word; reported where it is not known, and kept all the same."""
        value = self.text(key)
        if value and value not in known:
            self.unknown(key, value)
        return value

    def unknown(self, key: str, value: str) -> None:
        fix = "a word this version of mesokg does not know; kept as recorded, without a normal form"
        self._problems.append(fault(self._nct, "unknown value", value, fix, column=f"{self._path}{key}", level="warning"))

    def dated(self, key: str) -> DatedEvent | None:
        part = self.part(key)
        day = part.date("date")
        return DatedEvent(day, part.text("type")) if day else None


def _phase(design: _Fields) -> tuple[str, tuple[str, ...]]:
    recorded = design.texts("phases")
    normal = PHASES.get(tuple(sorted(recorded)), "")
    if recorded and not normal:
        design.unknown("phases", ", ".join(recorded))
    return normal, recorded


def _status(module: _Fields, key: str) -> tuple[str, str]:
    recorded = module.text(key)
    if recorded and recorded not in STATUSES and recorded not in EXPANDED_ACCESS:
        module.unknown(key, recorded)
    return STATUSES.get(recorded, ""), recorded


def _allocation(design: _Fields) -> str:
    info = design.part("designInfo")
    recorded = info.text("allocation")
    if recorded in ALLOCATIONS:
        return ALLOCATIONS[recorded]
    if recorded not in ("", "NA"):
        info.unknown("allocation", recorded)
    return "single group" if info.text("interventionModel") == "SINGLE_GROUP" else ""


def read_study(raw: object, place: str, problems: list[Problem]) -> Study | None:
    """What one record says; None, with a problem, where it is no study of API v2.

    ``place`` says where the record was found. Problems of single fields are appended and the rest is read.
    """
    if not isinstance(raw, dict) or not isinstance(raw.get("protocolSection"), dict):
        old = isinstance(raw, dict) and any(k in raw for k in ("ProtocolSection", "Study", "FullStudy"))
        fix = "fetch the study again from API v2" if old else "a study has a protocolSection"
        problems.append(fault(place, "refused", "old API (v1) JSON" if old else "no study of API v2", fix))
        return None
    identification = raw["protocolSection"].get("identificationModule")
    nct = identification.get("nctId") if isinstance(identification, dict) else None
    if not isinstance(nct, str) or not NCT.fullmatch(nct):
        problems.append(fault(place, "no NCT number", json.dumps(nct), "the record was left out; it names no study", column="nctId"))
        return None
    protocol = _Fields(raw["protocolSection"], nct, "", problems)
    ident, status, design = (protocol.part(k) for k in ("identificationModule", "statusModule", "designModule"))
    sponsors, arms = protocol.part("sponsorCollaboratorsModule"), protocol.part("armsInterventionsModule")
    conditions, outcomes = protocol.part("conditionsModule"), protocol.part("outcomesModule")
    texts, sites = protocol.part("descriptionModule"), protocol.part("contactsLocationsModule").parts("locations")
    phase, phases = _phase(design)
    state, state_recorded = _status(status, "overallStatus")
    info, enrolment = design.part("designInfo"), design.part("enrollmentInfo")
    results = raw.get("resultsSection")
    if results is not None and not isinstance(results, dict):
        problems.append(fault(nct, "field changed type", "resultsSection", "an object was expected; results were left out"))
        results = None
    return Study(
        nct=nct,
        place=place,
        other_ids=_other_ids(ident),
        title=ident.text("briefTitle"),
        official_title=ident.text("officialTitle"),
        acronym=ident.text("acronym"),
        study_type=design.text("studyType"),
        phase=phase,
        phases_as_recorded=phases,
        status=state,
        status_as_recorded=state_recorded,
        last_known_status=_status(status, "lastKnownStatus")[0],
        stop_reason=status.text("whyStopped"),
        version_date=status.part("lastUpdatePostDateStruct").date("date") or status.date("lastUpdateSubmitDate") or status.date("statusVerifiedDate"),
        verified=status.date("statusVerifiedDate"),
        first_posted=status.part("studyFirstPostDateStruct").date("date"),
        results_posted=status.part("resultsFirstPostDateStruct").date("date"),
        start=status.dated("startDateStruct"),
        primary_completion=status.dated("primaryCompletionDateStruct"),
        completion=status.dated("completionDateStruct"),
        enrolment=enrolment.number("count"),
        enrolment_kind=enrolment.listed("type", ("ACTUAL", "ESTIMATED")),
        allocation=_allocation(design),
        design=tuple(
            (name, value)
            for name, value in (
                ("intervention model", info.text("interventionModel")),
                ("masking", info.part("maskingInfo").text("masking")),
                ("primary purpose", info.text("primaryPurpose")),
                ("observational model", info.text("observationalModel")),
            )
            if value
        ),
        conditions=conditions.texts("conditions"),
        keywords=conditions.texts("keywords"),
        arms=tuple(
            ArmRecord(a.text("label"), a.listed("type", ARM_KINDS), a.text("description"), a.texts("interventionNames"))
            for a in arms.parts("armGroups")
        ),
        interventions=tuple(
            InterventionRecord(
                i.text("name"), i.listed("type", INTERVENTION_KINDS), i.text("description"), i.texts("otherNames"), i.texts("armGroupLabels")
            )
            for i in arms.parts("interventions")
        ),
        sponsor=sponsors.part("leadSponsor").text("name"),
        collaborators=tuple(filter(None, (c.text("name") for c in sponsors.parts("collaborators")))),
        countries=tuple(sorted({c for site in sites if (c := site.text("country"))})),
        sites=len(sites),
        primary_outcomes=tuple(filter(None, (o.text("measure") for o in outcomes.parts("primaryOutcomes")))),
        references=tuple(
            Reference(r.text("pmid"), r.text("type"), r.text("citation"))
            for r in protocol.part("referencesModule").parts("references")
        ),
        summary=texts.text("briefSummary"),
        description=texts.text("detailedDescription"),
        eligibility=protocol.part("eligibilityModule").text("eligibilityCriteria"),
        results=results,
    )


def _other_ids(ident: _Fields) -> tuple[OtherId, ...]:
    found = [OtherId("ORG", ident.part("orgStudyIdInfo").text("id"))]
    found += [OtherId("ALIAS", alias) for alias in ident.texts("nctIdAliases")]
    found += [OtherId(s.text("type") or s.text("domain"), s.text("id")) for s in ident.parts("secondaryIdInfos")]
    return tuple(one for one in found if one.identifier)


def read_studies(path: Path | list[Path], problems: list[Problem]) -> Iterator[Study]:
    """The studies of a file, a folder or a list of files as a stream; what is wrong is appended to ``problems``."""
    for place, raw in read_raw_studies(path, problems):
        study = read_study(raw, place, problems)
        if study is not None:
            yield study


# ---------------------------------------------------------------- the registry itself


class Registry:
    """Studies by NCT number or by condition and term, page by page, each kept with its version date.

    A fault ends in a problem that says what was read; what came before is used, and the same command goes on
    from the kept pages. Where a kept page leads to a token that the registry takes no more, the pages are asked for
    again from the first.
    """

    def __init__(self, client: Client, problems: list[Problem], *, say: Callable[[int], None] = lambda number: None) -> None:
        self.client = client
        self.problems = problems
        self.say = say
        self.missing: list[str] = []
        self.aliases: dict[str, str] = {}
        self.unread: list[str] = []

    def by_number(self, numbers: Iterable[str]) -> Iterator[Study]:
        """The studies with these NCT numbers; ``missing`` gathers those the registry does not know, ``aliases`` the
        numbers that have been merged into another, ``unread`` those that a fault left unread.
        """
        wanted = list(dict.fromkeys(numbers))
        for first in range(0, len(wanted), _BATCH):
            batch = wanted[first : first + _BATCH]
            seen: set[str] = set()
            faults = len(self.problems)
            for study in self._pages({"filter.ids": ",".join(batch)}):
                seen.add(study.nct)
                for other in study.other_ids:
                    if other.kind == "ALIAS" and other.identifier in batch:
                        self.aliases[other.identifier] = study.nct
                        seen.add(other.identifier)
                yield study
            left = [n for n in batch if n not in seen]
            if any(p.rule == "registry not read" for p in self.problems[faults:]):
                self.unread.extend(left)
                continue
            for number in left:
                yield from self._single(number)

    def _single(self, number: str) -> Iterator[Study]:
        try:
            answer = self.client.get(f"/studies/{number}", {"format": "json"}, check=_check_object)
        except NotFound:
            self.missing.append(number)
            return
        except RegistryError as error:
            self._not_read(str(error), number)
            self.unread.append(number)
            return
        study = self._read(json.loads(answer.body), answer.url)
        if study is not None:
            if study.nct != number:
                self.aliases[number] = study.nct
            yield study

    def search(self, *, condition: str = "", term: str = "", limit: int | None = None) -> Iterator[Study]:
        """The studies that match a condition and a term, all pages."""
        parameters = {k: v for k, v in (("query.cond", condition), ("query.term", term)) if v}
        for number, study in enumerate(self._pages(parameters)):
            if limit is not None and number >= limit:
                return
            yield study

    def _pages(self, parameters: dict[str, str]) -> Iterator[Study]:
        token = ""
        tokens: set[str] = set()
        asked: list[dict[str, str]] = []
        seen: set[str] = set()
        met: set[str] = set()  # the same since the first page was last asked for
        kept = False  # whether a page came from the cache
        while True:
            query = {**parameters, "pageSize": str(_PAGE), "format": "json"} | ({"pageToken": token} if token else {})
            before = self.client.asked
            try:
                answer = self.client.get("/studies", query, check=_check_page)
            except RegistryError as error:
                if kept and token and isinstance(error, BadRequest):
                    self._forget(asked)
                    token, kept = "", False
                    tokens, met, asked = set(), set(), []
                    continue
                self._not_read(f"{_studies(len(seen))} read before: {error}", ", ".join(parameters.values())[:80])
                return
            asked.append(query)
            kept = kept or self.client.asked == before
            page = json.loads(answer.body)
            fresh = 0
            for number, raw in enumerate(page["studies"], 1):
                study = self._read(raw, f"{answer.url}#{number}")
                if study is None or study.nct in met:
                    continue
                met.add(study.nct)
                fresh += 1
                if study.nct not in seen:
                    seen.add(study.nct)
                    yield study
            self.say(len(seen))
            token = page.get("nextPageToken") or ""
            if not token:
                return
            if token in tokens or (page["studies"] and not fresh):
                self._not_read(
                    f"the pages loop: page token {token[:20]} leads back; {_studies(len(seen))} read", ", ".join(parameters.values())[:80]
                )
                self._forget(asked)  # nobody knows which of them is wrong
                return
            tokens.add(token)

    def _forget(self, queries: list[dict[str, str]]) -> None:
        for one in queries:
            self.client.forget("/studies", one)

    def _read(self, raw: object, place: str) -> Study | None:
        study = read_study(raw, place, self.problems)
        if study is not None:
            self.client.cache.keep_version("ctgov", study.nct, study.version_date, raw)
        return study

    def _not_read(self, why: str, what: str) -> None:
        fix = f"{why}. The report holds what was read; run the same command again to go on"
        self.problems.append(fault("ClinicalTrials.gov", "registry not read", what, fix))


def _studies(number: int) -> str:
    return "1 study was" if number == 1 else f"{number} studies were"


def _check_object(body: bytes) -> None:
    if not isinstance(json.loads(body), dict):
        raise ValueError("no object")


def _check_page(body: bytes) -> None:
    page = json.loads(body)
    if not isinstance(page, dict) or not isinstance(page.get("studies"), list):
        raise ValueError("no page of studies")
    if not isinstance(page.get("nextPageToken", ""), str):
        raise ValueError("nextPageToken is no text")
