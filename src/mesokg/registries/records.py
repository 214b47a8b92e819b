"""What one study record says, typed; nothing is edited, and what is absent stays absent."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

__all__ = ["ArmRecord", "DatedEvent", "InterventionRecord", "OtherId", "Reference", "Study"]


@dataclass(frozen=True)
class DatedEvent:
    """A date as recorded (``2019``, ``2019-03``, ``2019-03-12``) and ``ACTUAL``, ``ESTIMATED`` or nothing."""

    date: str
    kind: str = ""


@dataclass(frozen=True)
class OtherId:
    """An identifier of the study elsewhere: its type or registry as recorded, and the identifier."""

    kind: str
    identifier: str


@dataclass(frozen=True)
class ArmRecord:
    """An arm group; ``interventions`` as the record names them, type before the colon."""

    label: str
    kind: str
    description: str
    interventions: tuple[str, ...]


@dataclass(frozen=True)
class InterventionRecord:
    """An intervention; ``arms`` are the labels of the arm groups that receive it."""

    name: str
    kind: str
    description: str
    other_names: tuple[str, ...]
    arms: tuple[str, ...]


@dataclass(frozen=True)
class Reference:
    """A citation of the record; ``kind`` is BACKGROUND, RESULT or DERIVED."""

    pmid: str
    kind: str
    citation: str


@dataclass(frozen=True)
class Study:
    """One version of one record of ClinicalTrials.gov.

    ``phase`` and ``status`` are in our normal form, empty where the registry's word is unknown to us or absent; the
    words as recorded stand beside them. ``version_date`` is the day of the last update. ``results`` is the results
    section as recorded.
    """

    nct: str
    place: str = field(compare=False)
    other_ids: tuple[OtherId, ...] = ()
    title: str = ""
    official_title: str = ""
    acronym: str = ""
    study_type: str = ""
    phase: str = ""
    phases_as_recorded: tuple[str, ...] = ()
    status: str = ""
    status_as_recorded: str = ""
    last_known_status: str = ""
    stop_reason: str = ""
    version_date: str = ""
    verified: str = ""
    first_posted: str = ""
    results_posted: str = ""
    start: DatedEvent | None = None
    primary_completion: DatedEvent | None = None
    completion: DatedEvent | None = None
    enrolment: int | None = None
    enrolment_kind: str = ""
    allocation: str = ""
    design: tuple[tuple[str, str], ...] = ()
    conditions: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    arms: tuple[ArmRecord, ...] = ()
    interventions: tuple[InterventionRecord, ...] = ()
    sponsor: str = ""
    collaborators: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    sites: int = 0
    primary_outcomes: tuple[str, ...] = ()
    references: tuple[Reference, ...] = ()
    summary: str = field(default="", repr=False)
    description: str = field(default="", repr=False)
    eligibility: str = field(default="", repr=False)
    results: dict[str, Any] | None = field(default=None, repr=False, compare=False)

    @property
    def has_results(self) -> bool:
        """Whether results are posted."""
        return bool(self.results)
