"""Compares our tables with what registries and the literature say now, and writes what a curator accepts.

:func:`refresh` changes nothing. :func:`accept` writes the rows of the differences that were named: the old row stays
with its date and rank, the new one has the record and its version date as source. Everything is validated first, with
the whole pipeline, on a copy.
"""

from __future__ import annotations

import difflib
import re
import shutil
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from mesokg.errors import ExportError, Problem, UsageError, suggest
from mesokg.identifiers import compact
from mesokg.registries import ctgov, pubmed, terms
from mesokg.registries.cache import Cache, default_cache
from mesokg.registries.drift import Difference, DriftReport
from mesokg.registries.files import kind_of, record_files
from mesokg.registries.ours import Ours, Stated, coarser, earlier
from mesokg.registries.proposals import (
    CHANGING,
    Proposed,
    TableRow,
    propose,
    propose_arms,
    propose_identifiers,
    propose_publications,
    propose_results,
    record_row,
)
from mesokg.registries.records import Study
from mesokg.registries.web import Client

if TYPE_CHECKING:
    from mesokg.sheets import Sheet

__all__ = ["SOURCES", "Online", "Refresh", "accept", "refresh"]

SOURCES = ("ctgov", "pubmed", "terms")

_SEVERITY = {
    "status": "high",
    "phase": "high",
    "allocation": "high",
    "sponsor": "medium",
    "enrolmentActual": "medium",
    "enrolmentPlanned": "medium",
    "startDate": "medium",
    "primaryCompletionDate": "medium",
    "completionDate": "medium",
    "stopReason": "medium",
    "country": "medium",
    "studies": "medium",
}
"""How much a difference matters; a property that is not here matters little."""

_OWN_WORDS = frozenset({"officialTitle", "stopReason", "acronym"})
"""Texts that our rows give in own words: another wording is no contradiction."""

_SINGLE_IN_RECORD = frozenset({"sponsor"})
"""Properties of which a record holds one value at a time, though we may hold several over time."""


@dataclass(frozen=True)
class Online:
    """How to reach the services. The addresses can be changed, for tests and mirrors."""

    cache: Path = field(default_factory=default_cache)
    contact: str = ""
    offline: bool = False
    max_age: int | None = 1
    ctgov: str = ctgov.API
    pubmed: str = pubmed.API
    hgnc: str = terms.HGNC
    ols: str = terms.OLS
    say: Callable[[str], None] = lambda text: None

    def client(self, name: str) -> Client:
        """A client of ``ctgov``, ``pubmed``, ``hgnc`` or ``ols``."""
        policy = {"ctgov": ctgov.POLICY, "pubmed": pubmed.POLICY}.get(name, terms.POLICY)
        cache = Cache(self.cache, max_age=self.max_age)
        return Client(name, getattr(self, name), cache=cache, contact=self.contact, offline=self.offline, policy=policy, say=self.say)


@dataclass
class Refresh:
    """One comparison under way: our side, what has been found, and the day of reading."""

    ours: Ours
    day: date
    differences: list[Difference] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    agreed: int = 0

    # -- trials

    def compare_studies(self, studies: Iterable[Study], wanted: dict[str, str]) -> tuple[set[str], int]:
        """Compare the studies that are ours; several versions of one record are its history.

        Returns the NCT numbers seen, and how many studies are none of ours.
        """
        versions: dict[str, list[Study]] = {}
        others: set[str] = set()
        for study in studies:
            known = study.nct if study.nct in wanted else next(
                (o.identifier for o in study.other_ids if o.kind == "ALIAS" and o.identifier in wanted), None
            )
            if known is None:
                others.add(study.nct)
            else:
                versions.setdefault(known, []).append(study)
        for number, found in versions.items():
            found.sort(key=lambda s: s.version_date)
            if found[-1].nct != number:
                self._merged(wanted[number], number, found[-1].nct)
            self._compare_study(found[-1], wanted[number])
            self._history(found, wanted[number])
        return set(versions), len(others)

    def _difference(self, study: Study, trial: str, kind: str, severity: str, name: str, **more: object) -> None:
        self.differences.append(
            Difference(
                kind=kind,
                severity=severity,
                subject=trial,
                label=self.ours.tables.labels.get(trial, ""),
                property=name,
                their_source=f"ClinicalTrials.gov {study.nct}",
                their_date=study.version_date,
                **{"ours": "", "theirs": "", **more},  # type: ignore[arg-type]
            )
        )

    def _compare_study(self, study: Study, trial: str) -> None:
        for proposed in propose(study, self.ours):
            prop = self.ours.vocabulary.property(proposed.name)
            compare = self._compare_one if prop.functional else self._compare_many
            compare(study, trial, proposed)
        for registry, identifier, row in propose_identifiers(study, trial, self.ours):
            self._difference(
                study, trial, "missing here", "low", "registryIdentifier", theirs=f"{registry} {identifier}", new=True, rows=(row,)
            )
        for pmid, citation, row in propose_publications(study, trial, self.ours):
            rows = (*record_row(study.nct, trial, self.ours), self._sourced(row, study, f"reference {pmid}"))
            note = "read the publication before accepting: the label is made of the citation"
            self._difference(study, trial, "missing here", "medium", "publication", theirs=f"PMID {pmid}: {citation}"[:200], rows=rows, note=note)
        if study.arms and trial not in self.ours.trials_with_arms:
            self._missing_arms(study, trial)
        if study.has_results and (trial, self._record_iri(study)) not in self.ours.outcomes_by_source:
            self._results(study, trial)

    def _missing_arms(self, study: Study, trial: str) -> None:
        rows, unmatched = propose_arms(study, trial, self.ours)
        sourced = [self._sourced(row, study, "arms and interventions") for row in rows]
        note = f"none of our products: {', '.join(unmatched)}" if unmatched else ""
        shown = "; ".join(a.label for a in study.arms)
        all_rows = (*record_row(study.nct, trial, self.ours), *sourced)
        self._difference(study, trial, "missing here", "medium", "hasArm", theirs=shown, new=True, rows=all_rows, note=note)

    def _results(self, study: Study, trial: str) -> None:
        rows = [self._sourced(row, study, "results") for row in propose_results(study, trial, self.ours, self.problems)]
        measurements = sum(table == "outcomes" for table, _ in rows)
        self._difference(
            study,
            trial,
            "results posted",
            "high",
            "hasOutcome",
            theirs=f"{measurements} measurements, posted {study.results_posted or 'on a day not given'}",
            rests=self.ours.rests_on("hasOutcome", []),
            new=True,
            rows=(*record_row(study.nct, trial, self.ours), *rows),
        )

    def _merged(self, trial: str, number: str, now: str) -> None:
        self.differences.append(
            Difference(
                "merged", "high", trial, self.ours.tables.labels.get(trial, ""), "registryIdentifier", number, now,
                "ClinicalTrials.gov", "", rests=self.ours.resting_on_source(trial),
                note="the registry has merged our number into another; keep both as identifiers of the trial",
            )  # fmt: skip
        )

    # one value

    def _compare_one(self, study: Study, trial: str, proposed: Proposed) -> None:
        ours = self.ours
        theirs = ours.term_of(proposed.name, proposed.cells[0])
        if theirs is None:
            self.problems.append(Problem(study.nct, 0, proposed.name, "no value of ours", proposed.cells[0], "the value fits no cell of this column; it was left out"))
            return
        known = ours.stated(trial, proposed.name)
        plain = next((s for s in known if s.plain), None)
        text = proposed.shown[0]
        remark = f"{text} ({proposed.remark})" if proposed.remark else text
        if plain is None and not known:
            rows = self._rows(study, trial, proposed, "")
            severity = "medium" if proposed.name in CHANGING else "low"
            rests = ours.rests_on(proposed.name, [theirs])
            self._difference(study, trial, "missing here", severity, proposed.name, theirs=remark, rests=rests, new=True, rows=rows)
            return
        if plain is None:
            plain = known[0]
        is_date = proposed.name.endswith("Date")
        if plain.value == theirs and not (is_date and plain.text != text and len(plain.text) < len(text)):
            self.agreed += 1
            return
        more = {
            "ours": plain.text,
            "our_source": plain.source_label,
            "our_date": plain.as_of or plain.date,
            "theirs": remark,
            "rests": ours.rests_on(proposed.name, [plain.value, theirs]),
        }
        if is_date and coarser(plain.text, text):
            rows, note = self._ranked_rows(study, trial, proposed, known)
            self._difference(study, trial, "more exact", "low", proposed.name, **more, rows=rows, note=note)
            return
        if any(s.value == theirs and s.text == text for s in known):
            # A curator has seen this value and ranked another before it.
            note = "we have this value too, ranked behind ours"
            self._difference(study, trial, "changed", "low", proposed.name, **more, note=note)
            return
        if earlier(study.version_date, plain.as_of or plain.date):
            note = "the version of the record is older than our source"
            self._difference(study, trial, "ours is newer", "low", proposed.name, **more, note=note)
            return
        rows, note = self._ranked_rows(study, trial, proposed, known)
        supersedes = proposed.name in CHANGING and bool(rows) and bool(plain.as_of) and plain.source == self._record_iri(study)
        self._difference(
            study, trial, "changed", _SEVERITY.get(proposed.name, "low"), proposed.name, **more, rows=rows, note=note, new=supersedes
        )

    def _record_iri(self, study: Study) -> str:
        from mesokg.identifiers import expand

        return expand(self.ours.record_of.get(study.nct, f"mkg:record-{study.nct}"))

    def _ranked_rows(self, study: Study, trial: str, proposed: Proposed, known: list[Stated]) -> tuple[tuple[TableRow, ...], str]:
        """The rows of a new value beside older ones, with the rank it needs to stand before them."""
        live = [s for s in known if s.rank != "deprecated"]
        preferred = any(s.rank == "preferred" for s in live)
        # A dated value stands before earlier dated ones of its rank; beside undated ones it needs a higher rank.
        dated = proposed.name in CHANGING and bool(study.version_date)
        newest = dated and all(s.as_of and earlier(s.as_of, study.version_date) for s in live)
        if preferred and not (dated and all(s.as_of and earlier(s.as_of, study.version_date) for s in live if s.rank == "preferred")):
            return (), "one of our rows is preferred: a curator must rank the two by hand"
        rank = "preferred" if preferred else "" if newest or not live else "preferred"
        return self._rows(study, trial, proposed, rank), ""

    # several values

    def _compare_many(self, study: Study, trial: str, proposed: Proposed) -> None:
        ours = self.ours
        known = ours.stated(trial, proposed.name)
        have = {s.value for s in known}
        theirs = {cell: ours.term_of(proposed.name, cell) for cell in proposed.cells}
        own_words = proposed.name in _OWN_WORDS
        if own_words and known:
            normal = {" ".join(s.text.casefold().split()) for s in known}
            if " ".join(proposed.shown[0].casefold().split()) in normal:
                self.agreed += 1
                return
        missing = [cell for cell, value in theirs.items() if value is not None and value not in have]
        self.agreed += sum(value in have for value in theirs.values() if value is not None)
        record = self._record_iri(study)
        mine = [s for s in known if s.source == record]
        note = f"no row of ours: {', '.join(proposed.unresolved)}" if proposed.unresolved else ""
        our_text = "; ".join(dict.fromkeys(s.text for s in (mine or known)))
        shown = "; ".join(proposed.shown)
        if missing:
            kept = Proposed(proposed.name, tuple(missing), tuple(missing), proposed.remark, beside=proposed.beside)
            kind, severity = ("worded differently", "low") if own_words and known else ("missing here", "low")
            if proposed.name in _SINGLE_IN_RECORD and known:
                kind = "changed"
            if not own_words and known:
                severity = _SEVERITY.get(proposed.name, "low")
            self._difference(
                study,
                trial,
                kind,
                severity,
                proposed.name,
                ours=our_text,
                our_source=known[0].source_label if known else "",
                our_date=(known[0].as_of or known[0].date) if known else "",
                theirs=shown,
                rests=ours.rests_on(proposed.name, []) if not own_words else "",
                note=note,
                new=not known or proposed.name in ("country", "collaborator", "studies"),
                rows=self._rows(study, trial, kept, ""),
            )
        elif proposed.unresolved and not known:
            self._difference(
                study, trial, "missing here", "low", proposed.name, theirs="; ".join(proposed.unresolved),
                note="none of these names is a label or synonym of ours; add it to its table first",
            )  # fmt: skip
        values = {v for v in theirs.values() if v is not None}
        gone = [s for s in mine if s.value not in values]
        if gone and not own_words and proposed.name not in ("sponsor", "studies") and not proposed.unresolved:
            self._difference(
                study, trial, "not in the record", "low", proposed.name,
                ours="; ".join(s.text for s in gone), our_source=gone[0].source_label, our_date=gone[0].as_of or gone[0].date,
                theirs=shown, note="our row names this record as source; the version read now does not say so",
            )  # fmt: skip

    # history

    def _history(self, versions: list[Study], trial: str) -> None:
        """Earlier versions of the record: a value of a changing property at its date, where we do not have it."""
        for name in ("status", "phase", "enrolmentActual", "enrolmentPlanned"):
            before = None
            for study in versions[:-1]:
                proposed = next((p for p in propose(study, self.ours) if p.name == name), None)
                if proposed is None or proposed.cells == before or not study.version_date:
                    continue
                before = proposed.cells
                value = self.ours.term_of(name, proposed.cells[0])
                known = self.ours.stated(trial, name)
                if value is None or any(s.value == value and s.as_of[: len(study.version_date)] == study.version_date for s in known):
                    continue
                if any(not s.as_of and s.rank == "normal" and s.value != value for s in known):
                    rows, note = (), "an undated row of ours says otherwise; date or rank it first"
                else:
                    rows, note = self._rows(study, trial, proposed, ""), ""
                self._difference(
                    study, trial, "history", "low", name, theirs=f"{proposed.shown[0]} on {study.version_date}",
                    new=bool(rows), rows=rows, note=note,
                )  # fmt: skip

    # rows

    def _sourced(self, row: TableRow, study: Study, place: str) -> TableRow:
        """The row with the record and its version date as source."""
        table, cells = row
        version = f" (version of {study.version_date})" if study.version_date else ""
        more = {
            "source": self.ours.record_of.get(study.nct, f"mkg:record-{study.nct}"),
            "locator": cells.get("locator", place) + version,
            "evidence": "registry record",
            "record_date": study.version_date,
            "checked_on": self.day.isoformat(),
        }
        return table, {**cells, **more}

    def _rows(self, study: Study, trial: str, proposed: Proposed, rank: str) -> tuple[TableRow, ...]:
        label = self.ours.tables.labels[trial]
        base = {"id": compact(trial), "label": label}
        dated = {"as_of": study.version_date} if proposed.name in CHANGING and study.version_date else {}
        comment = {"comment": proposed.remark} if proposed.remark else {}
        rows: list[TableRow] = [*record_row(study.nct, trial, self.ours), *proposed.beside]
        values = list(proposed.cells) if rank else ["|".join(proposed.cells)]
        for value in values:
            place = f"{proposed.name}, {value}" if rank and len(values) > 1 else proposed.name
            ranked = {"rank": rank, "comment": _because(proposed.remark)} if rank else comment
            rows.append(self._sourced(("trials", {**base, proposed.name: value, **dated, **ranked}), study, place))
        recorded = {"status": study.status_as_recorded, "phase": ", ".join(study.phases_as_recorded)}.get(proposed.name)
        if recorded:
            name = f"{proposed.name}AsReported"
            rows.append(self._sourced(("trials", {**base, name: recorded, **dated}), study, f"{proposed.name}, wording"))
        return tuple(rows)

    # -- publications

    def compare_articles(self, articles: Iterable[pubmed.Article], wanted: dict[str, str]) -> tuple[set[str], int]:
        """Compare publications by PMID; returns the PMIDs seen and how many articles are none of ours."""
        seen: set[str] = set()
        others: set[str] = set()
        for article in articles:
            if article.pmid in wanted:
                seen.add(article.pmid)
                self._compare_article(article, wanted[article.pmid])
            else:
                others.add(article.pmid)
        return seen, len(others)

    def _article_difference(self, article: pubmed.Article, iri: str, kind: str, severity: str, name: str, **more: object) -> None:
        self.differences.append(
            Difference(
                kind=kind,
                severity=severity,
                subject=iri,
                label=self.ours.tables.labels.get(iri, ""),
                property=name,
                their_source=f"{article.source} {article.pmid}",
                their_date=article.revised,
                **{"ours": "", "theirs": "", **more},  # type: ignore[arg-type]
            )
        )

    def _compare_article(self, article: pubmed.Article, iri: str) -> None:
        resting = self.ours.resting_on_source(iri)
        if article.retracted and not any(n.kind == "retracted" for n in article.notices):
            self._article_difference(
                article, iri, "retracted", "high", "retraction", theirs="retracted publication", rests=resting,
                note="rank what rests on it deprecated, and say why",
            )  # fmt: skip
        for notice in article.notices:
            bad = notice.kind in ("retracted", "partly retracted", "retracted and republished", "expression of concern")
            self._article_difference(
                article, iri, "retracted" if bad else "corrected", "high" if bad else "medium", notice.kind,
                theirs=" ".join(filter(None, (notice.reference, f"PMID {notice.pmid}" if notice.pmid else ""))), rests=resting,
                note="rank what rests on it deprecated, and say why" if bad else "read the notice and compare the figures we took",
            )  # fmt: skip
        for name, theirs in (("doi", article.doi), ("pmcid", article.pmcid), ("publicationYear", article.year)):
            ours = self.ours.values(iri, name)
            if not theirs:
                continue
            if theirs.casefold() in (o.casefold() for o in ours):
                self.agreed += 1
            elif ours:
                severity = "medium" if name != "publicationYear" or not _near(ours, theirs) else "low"
                self._article_difference(article, iri, "changed", severity, name, ours="; ".join(ours), theirs=theirs, rests=resting)
            else:
                cells = {
                    "id": compact(iri), "label": self.ours.tables.labels[iri], name: theirs, "source": f"PMID:{article.pmid}",
                    "locator": f"{article.source} record, {name}", "evidence": "registry record",
                    "record_date": article.revised, "checked_on": self.day.isoformat(),
                }  # fmt: skip
                self._article_difference(article, iri, "missing here", "low", name, theirs=theirs, new=True, rows=(("publications", cells),))
        title = self.ours.values(iri, "shortTitle")
        if title and article.title and not _same_title(title[0], article.title):
            note = "check that the PMID belongs to this publication"
            self._article_difference(article, iri, "changed", "medium", "shortTitle", ours=title[0], theirs=article.title, rests=resting, note=note)

    # -- terms

    def compare_terms(self, records: Iterable[terms.TermRecord], wanted: Iterable[str]) -> tuple[set[str], int]:
        """Compare outside identifiers; returns those seen and how many records are none of ours."""
        ours = set(wanted)
        seen: set[str] = set()
        others = 0
        for record in records:
            if record.curie not in ours:
                others += 1
                continue
            seen.add(record.curie)
            self._compare_term(record)
        return seen, others

    def _compare_term(self, record: terms.TermRecord) -> None:
        rows = self.ours.outside[record.curie]
        iri, label = rows[0].subject, rows[0].label
        uses = self.ours.uses.get(iri, 0)
        rests = f"{uses} cell{'' if uses == 1 else 's'} of our tables refer to it"
        base = {"subject": iri, "label": label, "their_source": f"{record.source} {record.curie}", "their_date": record.modified, "rests": rests}
        if record.obsolete:
            replaced = f"obsolete, replaced by {record.replaced_by}" if record.replaced_by else "obsolete, no replacement named"
            note = "use the replacement in new rows; keep the old id with a deprecation"
            self.differences.append(Difference("obsolete", "high", property="id", ours=record.curie, theirs=replaced, note=note, **base))
        if not record.label or record.label.casefold() == label.casefold():
            self.agreed += 1
            return
        known = label.casefold() in (s.casefold() for s in record.synonyms)
        kind, severity = ("renamed", "low") if known else ("renamed", "medium")
        note = "our label is one of its synonyms" if known else "our label is none of its names: check that the id is meant"
        self.differences.append(Difference(kind, severity, property="label", ours=label, theirs=record.label, note=note, **base))

    def gone(self, iris: Iterable[tuple[str, str]], registry: str) -> None:
        """Identifiers that a registry does not know (any more), as (identifier, IRI)."""
        for identifier, iri in iris:
            self.differences.append(
                Difference(
                    "record gone", "high", iri, self.ours.tables.labels.get(iri, ""), "registryIdentifier", identifier, "",
                    registry, "", rests=self.ours.resting_on_source(iri), note="check the identifier; the registry does not know it",
                )  # fmt: skip
            )

    def report(self) -> DriftReport:
        """What was found."""
        return DriftReport(tuple(self.differences), tuple(self.problems), tuple(self.notes), self.agreed, self.day.isoformat())


def _because(remark: str) -> str:
    return "; ".join(filter(None, (remark, "later than the rows it stands before, which stay with their dates")))


def _near(ours: list[str], theirs: str) -> bool:
    return any(o.isdigit() and theirs.isdigit() and abs(int(o) - int(theirs)) <= 1 for o in ours)


def _same_title(ours: str, theirs: str) -> bool:
    """Whether two titles are one, shortened or with other punctuation."""

    def words(text: str) -> list[str]:
        return re.findall(r"\w+", text.casefold())

    a, b = words(ours), words(theirs)
    common = len(set(a) & set(b))
    return common >= 0.6 * min(len(set(a)), len(set(b)) or 1)


# ---------------------------------------------------------------- the whole comparison


def _wanted(ours: Ours, ids: Iterable[str], online: Online | None) -> tuple[dict[str, str], dict[str, str], list[str]]:
    """Our trials, publications and outside terms, or those of them that were named."""
    trials = dict(ours.trials)
    pmids = {a.removeprefix("PMID:"): iri for a, iri in ours.aliases.items() if a.startswith("PMID:")}
    outside = list(ours.outside)
    named = list(ids)
    if not named:
        return trials, dict(sorted(pmids.items())), outside
    wanted: set[str] = set()
    for text in named:
        iri = ours.resolve(text)
        if iri is None:
            known = [*trials, *(f"PMID:{p}" for p in pmids), *outside]
            raise UsageError(f"{text!r} is no trial, publication or outside identifier of ours; {suggest(text, known)}")
        wanted.add(iri)
    return (
        {n: i for n, i in trials.items() if i in wanted},
        {p: i for p, i in pmids.items() if i in wanted},
        [c for c in outside if ours.outside[c][0].subject in wanted],
    )


def refresh(
    data: Path | None = None,
    *,
    sources: Iterable[str] = (),
    path: Path | None = None,
    ids: Iterable[str] = (),
    online: Online | None = None,
    day: date | None = None,
    progress: Callable[[str, int, int], None] = lambda what, done, total: None,
) -> DriftReport:
    """Compare our tables with files (``path``) or with the services, and report where they differ.

    ``sources`` are among ``ctgov``, ``pubmed`` and ``terms``; none means all. ``ids`` restricts it to some trials,
    publications or terms. ``day`` is the day of reading, today unless told. Nothing is written. What goes wrong with
    single records, files or services is in the report; raises only where our own tables cannot be read.
    """
    chosen = tuple(sources) or SOURCES
    for name in chosen:
        if name not in SOURCES:
            raise UsageError(f"there is no source {name!r}; {suggest(name, SOURCES)}")
    run = Refresh(Ours(data), day or date.today())
    trials, pmids, outside = _wanted(run.ours, ids, online)
    if path is not None:
        _from_files(run, path, chosen, trials, pmids, outside)
    else:
        _from_services(run, online or Online(), chosen, trials, pmids, outside, progress)
    return run.report()


def _from_files(
    run: Refresh, path: Path, chosen: tuple[str, ...], trials: dict[str, str], pmids: dict[str, str], outside: list[str]
) -> None:
    files: dict[str, list[Path]] = {name: [] for name in SOURCES}
    for file in record_files(path):
        files[kind_of(file)].append(file)
    read: list[str] = []
    if "ctgov" in chosen and files["ctgov"]:
        seen, others = run.compare_studies(ctgov.read_studies(files["ctgov"], run.problems), trials)
        read.append(f"{len(seen)} of our {len(trials)} registered trials are in these files")
        if others:
            run.notes.append(f"{others} studies in the files are none of our trials; `mesokg discover --from` ranks them")
    if "pubmed" in chosen and files["pubmed"]:
        articles = (a for f in files["pubmed"] for a in pubmed.read_articles(f, run.problems))
        seen, others = run.compare_articles(articles, pmids)
        read.append(f"{len(seen)} of our {len(pmids)} publications with a PMID are in these files")
        if others:
            run.notes.append(f"{others} articles in the files are none of our publications")
    if "terms" in chosen and files["terms"]:
        records = (t for f in files["terms"] for t in terms.read_terms(f, run.problems))
        seen, others = run.compare_terms(records, outside)
        read.append(f"{len(seen)} of our {len(outside)} outside identifiers are in these files")
        if others:
            run.notes.append(f"{others} terms in the files are none that we use")
    run.notes[:0] = read
    for name in SOURCES:
        if files[name] and name not in chosen:
            run.notes.append(f"{len(files[name])} files for --source {name} were not asked for")


def _from_services(
    run: Refresh,
    online: Online,
    chosen: tuple[str, ...],
    trials: dict[str, str],
    pmids: dict[str, str],
    outside: list[str],
    progress: Callable[[str, int, int], None],
) -> None:
    if "ctgov" in chosen and trials:
        with online.client("ctgov") as client:
            registry = ctgov.Registry(client, run.problems)
            found = _counted(registry.by_number(trials), "ClinicalTrials.gov", len(trials), progress)
            seen, _ = run.compare_studies(_with_history(found, client.cache, run), trials)
        run.gone(((n, trials[n]) for n in registry.missing), "ClinicalTrials.gov")
        run.notes.append(f"{len(seen)} of our {len(trials)} registered trials were read from ClinicalTrials.gov")
        _note_unread(run, registry.unread, "trials")
    if "pubmed" in chosen and pmids:
        with online.client("pubmed") as client:
            articles = pubmed.Registry(client, run.problems)
            seen, _ = run.compare_articles(_counted(articles.by_pmid(pmids), "PubMed", len(pmids), progress), pmids)
        run.gone(((p, pmids[p]) for p in articles.missing), "PubMed")
        run.notes.append(f"{len(seen)} of our {len(pmids)} publications with a PMID were read from PubMed")
        _note_unread(run, articles.unread, "publications")
    if "terms" in chosen and outside:
        with online.client("hgnc") as hgnc, online.client("ols") as ols:
            authority = terms.Registry(hgnc, ols, run.problems)
            seen, _ = run.compare_terms(_counted(authority.by_curie(outside), "HGNC and OLS", len(outside), progress), outside)
        run.gone(((c, run.ours.outside[c][0].subject) for c in authority.missing), "HGNC or OLS")
        run.notes.append(f"{len(seen)} of our {len(outside)} outside identifiers were read from HGNC and OLS")
        if authority.outside:
            run.notes.append(f"{len(authority.outside)} identifiers are of authorities that neither service covers (Cellosaurus, UniProt, DrugBank)")
        _note_unread(run, authority.unread, "identifiers")


def _with_history(studies: Iterable[Study], cache: Cache, run: Refresh) -> Iterable[Study]:
    """Each study with the earlier versions of it that the cache keeps."""
    for study in studies:
        for raw in cache.versions("ctgov", study.nct):
            old = ctgov.read_study(raw, "cache", [])
            if old is not None and old.version_date < study.version_date:
                yield old
        yield study


def _counted(records, what: str, total: int, progress: Callable[[str, int, int], None]):  # noqa: ANN001, ANN202
    for number, record in enumerate(records, 1):
        progress(what, min(number, total), total)
        yield record


def _note_unread(run: Refresh, unread: list[str], what: str) -> None:
    if unread:
        shown = ", ".join(unread[:5]) + (", …" if len(unread) > 5 else "")
        run.notes.append(f"{len(unread)} {what} were not read ({shown}); the same command goes on with them")


# ---------------------------------------------------------------- accepting

_ORDER = ("registry_records", "organisations", "publications", "trials", "arms", "administrations", "outcomes")
"""Tables in the order in which they are put in place: what is referred to first, so that a stop between two leaves
tables that read without a problem."""


def accept(
    report: DriftReport,
    keys: Iterable[str] = (),
    *,
    all_new: bool = False,
    data: Path | None = None,
    dry_run: bool = False,
    validate: Callable[[Path], object] | None = None,
) -> tuple[str, int]:
    """Write the rows of the differences with these keys, or of all that contradict nothing; returns the change as a
    unified diff, and how many rows are new.

    The new tables are validated with the whole pipeline on a copy before one byte is written; ``dry_run`` stops there.
    Raises UsageError for unknown keys and for differences that cannot be accepted, TableError or CheckFailed where the
    new rows would break a rule, ExportError where a table changed meanwhile or cannot be written.
    """
    from mesokg.resources import folder
    from mesokg.sheets import read_sheets

    root = data or folder("data")
    rows = _chosen_rows(report, list(keys), all_new)
    before = {sheet.name: sheet for sheet in read_sheets(root)}
    texts = {name: (root / f"{name}.tsv").read_bytes() for name in before}
    with tempfile.TemporaryDirectory(prefix="mesokg-accept-") as folder_name:
        copy = Path(folder_name) / "data"
        copy.mkdir()
        for path in sorted(root.glob("*.tsv")):
            shutil.copyfile(path, copy / path.name)
        written = _write_rows(copy, before, rows)
        if not written:
            return "", 0
        (validate or _validate)(copy)
        changed = sorted(written, key=lambda n: (_ORDER.index(n) if n in _ORDER else len(_ORDER), n))
        fresh = {name: (copy / f"{name}.tsv").read_bytes() for name in changed}
    diff = "".join(_diff(name, texts.get(name, b""), fresh[name]) for name in changed)
    number = sum(line.startswith("+") and not line.startswith("+++") for line in diff.splitlines()) - sum(
        line.startswith("-") and not line.startswith("---") for line in diff.splitlines()
    )
    if dry_run:
        return diff, number
    for name in changed:
        path = root / f"{name}.tsv"
        if (path.read_bytes() if path.exists() else b"") != texts.get(name, b""):
            raise ExportError(f"{path} changed while the new rows were checked; nothing was written to it, run the command again")
    for name in changed:
        path = root / f"{name}.tsv"
        beside = path.with_name(path.name + ".new")
        try:
            beside.write_bytes(fresh[name])
            beside.replace(path)
        except OSError as error:
            beside.unlink(missing_ok=True)
            raise ExportError(f"{path}: cannot be written: {error.strerror}; the tables before it hold whole new rows") from error
    return diff, number


def _chosen_rows(report: DriftReport, keys: list[str], all_new: bool) -> list[TableRow]:
    by_key = {one.key: one for one in report.differences}
    chosen: list[Difference] = []
    for key in keys:
        one = by_key.get(key)
        if one is None:
            raise UsageError(f"there is no difference {key!r} in this report; {suggest(key, by_key)}")
        if not one.rows:
            raise UsageError(f"{key} ({one.label}, {one.property}) cannot be accepted: {one.note or 'there is nothing to write'}")
        chosen.append(one)
    if all_new:
        chosen += [one for one in report.differences if one.new and one.rows and one not in chosen]
    return list({(table, tuple(sorted(cells.items()))): (table, cells) for one in chosen for table, cells in one.rows}.values())


def _write_rows(copy: Path, before: dict[str, Sheet], rows: list[TableRow]) -> set[str]:
    """Add the rows to the tables of the copy, in the form of ``mesokg tidy`` where a table had it."""
    from mesokg.sheets import Sheet, read_sheets, write_sheet
    from mesokg.tables import read_tables
    from mesokg.tidy import tidy_sheet
    from mesokg.vocabulary import read_vocabulary

    vocabulary = read_vocabulary()
    by_table: dict[str, list[dict[str, str]]] = {}
    for table, cells in rows:
        by_table.setdefault(table, []).append({k: v for k, v in cells.items() if v})
    old = read_tables(copy, vocabulary)
    tidy = {name for name in by_table if name in before and _same(tidy_sheet(before[name], old, vocabulary), before[name])}
    changed: set[str] = set()
    for table, added in by_table.items():
        sheet = before.get(table) or Sheet(table, (), ())
        header = list(dict.fromkeys([*sheet.header, *(name for cells in added for name in cells)]))
        existing = {tuple(sorted((h, c) for h, c in zip(sheet.header, cells, strict=True) if c)) for _, cells in sheet.rows}
        fresh = [cells for cells in added if tuple(sorted(cells.items())) not in existing and not _known_thing(cells, sheet)]
        if not fresh:
            continue
        width = len(header) - len(sheet.header)
        body = [cells + ("",) * width for _, cells in sheet.rows] + [tuple(cells.get(h, "") for h in header) for cells in fresh]
        write_sheet(Sheet(table, tuple(header), tuple(enumerate(body, 2))), copy / f"{table}.tsv")
        changed.add(table)
    if changed:
        new = read_tables(copy, vocabulary)
        for name in sorted(changed & (tidy | (set(by_table) - set(before)))):
            sheet = next(s for s in read_sheets(copy) if s.name == name)
            write_sheet(tidy_sheet(sheet, new, vocabulary), copy / f"{name}.tsv")
    return changed


def _known_thing(cells: dict[str, str], sheet: Sheet) -> bool:
    """Whether a row only names a thing (no source) that the table has already."""
    if "source" in cells or "id" not in sheet.header:
        return False
    place = sheet.header.index("id")
    return any(row[place] == cells.get("id") for _, row in sheet.rows)


def _same(one: Sheet, other: Sheet) -> bool:
    return one.header == other.header and [c for _, c in one.rows] == [c for _, c in other.rows]


def _validate(data: Path) -> None:
    from mesokg.release import assemble

    assemble(data)


def _diff(name: str, old: bytes, new: bytes) -> str:
    """The change as a unified diff. Where the table gained a column, its old rows are laid out in the new ones first,
    so that the diff shows what was added, not every row.
    """
    a, b = (text.decode("utf-8").splitlines(keepends=True) for text in (old, new))
    if a and a[0] != b[0]:
        before, after = (line.rstrip("\n").split("\t") for line in (a[0], b[0]))
        if set(before) <= set(after):
            rows = [dict(zip(before, line.rstrip("\n").split("\t"), strict=True)) for line in a[1:]]
            a = [a[0], *("\t".join(row.get(column, "") for column in after) + "\n" for row in rows)]
    return "".join(difflib.unified_diff(a, b, f"data/{name}.tsv", f"data/{name}.tsv (accepted)", n=0))


