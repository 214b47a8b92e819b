"""Compares our tables with what registries and the literature say now, and writes what a curator accepts.

:func:`refresh` changes nothing. :func:`accept` writes the rows of the differences that were named: the old row stays
with its date and rank, the new one has the record and its version date as source. Everything is validated first, with
the whole pipeline, on a copy.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TypeVar

from mesokg.errors import UsageError, suggest
from mesokg.registries import ctgov, pubmed, terms
from mesokg.registries.accepting import accept, finish_stopped
from mesokg.registries.cache import Cache, default_cache
from mesokg.registries.compare_publications import PublicationComparison, Wanted
from mesokg.registries.compare_terms import TermComparison
from mesokg.registries.compare_trials import TrialComparison
from mesokg.registries.comparison import Comparison
from mesokg.registries.drift import DriftReport
from mesokg.registries.faults import fault
from mesokg.registries.files import kind_of, record_files
from mesokg.registries.ours import Ours
from mesokg.registries.outside import Use, by_prefix, outside_identifiers
from mesokg.registries.records import Study
from mesokg.registries.web import Client

__all__ = ["SOURCES", "Online", "accept", "finish_stopped", "refresh"]

SOURCES = ("ctgov", "pubmed", "terms")

_T = TypeVar("_T")
Progress = Callable[[str, int, int], None]
"""Told what is read, how many of it have been, and how many there are."""


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
    uniprot: str = terms.UNIPROT
    cellosaurus: str = terms.CELLOSAURUS
    mesh: str = terms.MESH
    schemas: str = terms.SCHEMA_FILES
    say: Callable[[str], None] = lambda text: None

    def client(self, name: str) -> Client:
        """A client of ``ctgov``, ``pubmed``, ``gene`` (NCBI Gene), ``hgnc``, ``ols``, ``uniprot``, ``cellosaurus``, ``mesh``
        or ``schemas`` (the RDF files of the Biolink Model and FaBiO).
        """
        ncbi = name in ("pubmed", "gene")
        policy = ctgov.POLICY if name == "ctgov" else pubmed.POLICY if ncbi else terms.POLICY
        return Client(
            name,
            self.pubmed if ncbi else getattr(self, name),
            cache=Cache(self.cache, max_age=self.max_age),
            contact=self.contact,
            offline=self.offline,
            policy=policy,
            say=self.say,
            accept="*/*" if name in ("pubmed", "schemas") else "application/json",
        )


_PATIENCE = 1.0
"""Files that are read within so many seconds show no progress."""


@dataclass(frozen=True)
class _Ours:
    """What is to be compared: our trials by NCT number, our publications, our outside identifiers. Where only some are,
    ``named`` are the ids as typed, each with the thing it names, and ``everything`` is all that is ours.
    """

    trials: dict[str, str]
    publications: Wanted
    terms: dict[str, list[Use]]
    named: dict[str, str] = field(default_factory=dict)
    everything: _Ours | None = None

    def things(self, source: str, seen: Collection[str] | None = None) -> set[str]:
        """What a source can be compared with, or what was seen of it, by IRI and, for terms, by CURIE."""
        if source == "ctgov":
            return {iri for number, iri in self.trials.items() if seen is None or number in seen}
        if source == "pubmed":
            return set(self.publications.by_alias.values()) if seen is None else set(seen)
        curies = [c for c in self.terms if seen is None or c in seen]
        return {*curies, *(use.iri for c in curies for use in self.terms[c])}


def refresh(
    data: Path | None = None,
    *,
    sources: Iterable[str] = (),
    path: Path | None = None,
    ids: Iterable[str] = (),
    online: Online | None = None,
    day: date | None = None,
    progress: Progress = lambda what, done, total: None,
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
    run = Comparison(Ours(data), day or date.today())
    if path is not None:
        files = _files_by_source(path)
        wanted = _wanted(run.ours, list(ids), "terms" in chosen and bool(files["terms"]))
        seen = _from_files(run, files, chosen, wanted, _unhurried(progress))
        _not_found(run, chosen, wanted, seen)
    else:
        wanted = _wanted(run.ours, list(ids), "terms" in chosen)
        _from_services(run, online or Online(), chosen, wanted, progress)
        _not_found(run, chosen, wanted, None)
    return run.report()


def _wanted(ours: Ours, named: list[str], with_terms: bool) -> _Ours:
    """All that is ours, or what was named of it. Outside identifiers are gathered only where they are needed."""
    outside = outside_identifiers(ours) if with_terms or named else {}
    everything = _Ours(dict(ours.trials), Wanted(ours), outside)
    if not named:
        return everything
    things: dict[str, str] = {}
    for text in named:
        iri = ours.resolve(text)
        if iri is None and text not in outside:
            known = [*ours.trials, *(a for a in ours.aliases if a.startswith("PMID:")), *outside]
            raise UsageError(f"{text!r} is no trial, publication or outside identifier of ours; {suggest(text, known)}")
        things[text] = iri or text
    iris = frozenset(things.values())
    return _Ours(
        {n: i for n, i in ours.trials.items() if i in iris},
        Wanted(ours, iris),
        {c: uses for c, uses in outside.items() if c in things or any(use.iri in iris for use in uses)},
        things,
        everything,
    )


def _not_found(run: Comparison, chosen: tuple[str, ...], wanted: _Ours, seen: set[str] | None) -> None:
    """A problem for every id that was typed and not compared; ``seen`` is what files held."""
    possible = {thing for source in chosen for thing in wanted.things(source)}
    for text, thing in wanted.named.items():
        if thing not in possible and text not in possible:
            fix = f"it has nothing that --source {' or '.join(chosen)} knows: no NCT number, PMID, DOI or outside identifier"
            run.problems.append(fault(text, "not compared", ", ".join(chosen), fix))
        elif seen is not None and thing not in seen and text not in seen:
            run.problems.append(fault(text, "not compared", ", ".join(chosen), "no record of it is in these files"))


# ---------------------------------------------------------------- out of files


def _files_by_source(path: Path) -> dict[str, list[Path]]:
    files: dict[str, list[Path]] = {name: [] for name in SOURCES}
    for file in record_files(path):
        files[kind_of(file)].append(file)
    return files


def _from_files(run: Comparison, files: dict[str, list[Path]], chosen: tuple[str, ...], wanted: _Ours, progress: Progress) -> set[str]:
    """Compare what is in the files; returns what was seen of ours, by IRI and CURIE."""
    read: list[str] = []
    compared: set[str] = set()
    unasked: set[str] = set()

    def done(source: str, seen: set[str], total: int, what: str) -> None:
        compared.update(wanted.things(source, seen))
        if wanted.named and total:
            read.append(f"{len(seen)} of the {total} {what} asked for {'is' if len(seen) == 1 else 'are'} in these files")
        elif not wanted.named:
            read.append(f"{len(seen)} of our {total} {what} are in these files")

    if "ctgov" in chosen and files["ctgov"]:
        studies = _counted(ctgov.read_studies(files["ctgov"], run.problems), "studies", 0, progress)
        seen, others = TrialComparison(run).compare(_asked_for(studies, wanted, _is_trial_of, unasked), wanted.trials)
        done("ctgov", seen, len(wanted.trials), "registered trials")
        if others:
            run.notes.append(f"{_none_of(others, 'study', 'studies', 'our trials')}; `mesokg discover --from` ranks them")
    if "pubmed" in chosen and files["pubmed"]:
        articles = _counted((a for f in files["pubmed"] for a in pubmed.read_articles(f, run.problems)), "articles", 0, progress)
        found, others = PublicationComparison(run).compare(
            _asked_for(articles, wanted, lambda article, some: some.publications.find(article), unasked), wanted.publications
        )
        done("pubmed", found, len(wanted.publications), "publications with a PMID, DOI or PMCID")
        if others:
            run.notes.append(_none_of(others, "article", "articles", "our publications"))
    if "terms" in chosen and files["terms"]:
        records = _counted((t for f in files["terms"] for t in terms.read_terms(f, run.problems)), "terms", 0, progress)
        known, others = TermComparison(run).compare(
            _asked_for(records, wanted, lambda record, some: record.curie if record.curie in some.terms else None, unasked), wanted.terms
        )
        done("terms", known, len(wanted.terms), "outside identifiers")
        if others:
            run.notes.append(_none_of(others, "term", "terms", "those that we use"))
        _not_compared(run, [c for c in wanted.terms if c not in known], "no answer about them is in these files")
    run.notes[:0] = read
    if unasked:
        run.notes.append(f"{len(unasked)} of ours in the files {'was' if len(unasked) == 1 else 'were'} not asked for")
    for name in SOURCES:
        if files[name] and name not in chosen:
            run.notes.append(f"files for --source {name}, which was not asked for: {len(files[name])}")
    return compared


def _is_trial_of(study: Study, some: _Ours) -> str | None:
    """The trial of these that a study is, by its number or one that was merged into it."""
    numbers = (study.nct, *(o.identifier for o in study.other_ids if o.kind == "ALIAS"))
    return next((some.trials[n] for n in numbers if n in some.trials), None)


def _asked_for(records: Iterable[_T], wanted: _Ours, find: Callable[[_T, _Ours], str | None], unasked: set[str]) -> Iterator[_T]:
    """The records without those that are ours and were not asked for, which ``unasked`` gathers."""
    for record in records:
        if wanted.everything is not None and find(record, wanted) is None and (known := find(record, wanted.everything)):
            unasked.add(known)
        else:
            yield record


def _none_of(number: int, one: str, many: str, ours: str) -> str:
    return f"{number} {one} in the files is none of {ours}" if number == 1 else f"{number} {many} in the files are none of {ours}"


# ---------------------------------------------------------------- over the network


def _from_services(run: Comparison, online: Online, chosen: tuple[str, ...], wanted: _Ours, progress: Progress) -> None:
    if "ctgov" in chosen and wanted.trials:
        _ask_for_trials(run, online, wanted.trials, progress)
    if "pubmed" in chosen and len(wanted.publications):
        _ask_for_publications(run, online, wanted.publications, progress)
    if "terms" in chosen and wanted.terms:
        _ask_for_terms(run, online, wanted.terms, progress)


def _ask_for_trials(run: Comparison, online: Online, trials: dict[str, str], progress: Progress) -> None:
    with online.client("ctgov") as client:
        registry = ctgov.Registry(client, run.problems)
        found = _counted(registry.by_number(trials), "ClinicalTrials.gov", len(trials), progress)
        seen, _ = TrialComparison(run).compare(_with_history(found, client.cache), trials)
    run.gone(((n, trials[n]) for n in registry.missing), "ClinicalTrials.gov")
    run.notes.append(f"{len(seen)} of our {len(trials)} registered trials were read from ClinicalTrials.gov")
    _note_unread(run, registry.unread, "trials")


def _ask_for_publications(run: Comparison, online: Online, wanted: Wanted, progress: Progress) -> None:
    with online.client("pubmed") as client:
        registry = pubmed.Registry(client, run.problems)
        articles = (a for found in (registry.by_pmid(wanted.pmids), registry.by_doi(wanted.dois)) for a in found)
        total = len(wanted.pmids) + len(wanted.dois)
        seen, _ = PublicationComparison(run).compare(_counted(articles, "PubMed", total, progress), wanted)
    run.gone(((p, wanted.pmids[p]) for p in registry.missing), "PubMed")
    run.notes.append(f"{len(seen)} of our {len(wanted)} publications with a PMID, DOI or PMCID were read from PubMed")
    if registry.unlisted:
        run.notes.append(f"not compared: {_listed(registry.unlisted)}: PubMed lists no article with this DOI")
    if wanted.pmcids:
        run.notes.append(f"not compared: {_listed(list(wanted.pmcids))}: a PMCID alone is compared from files only")
    _note_unread(run, registry.unread, "publications")


def _ask_for_terms(run: Comparison, online: Online, wanted: dict[str, list[Use]], progress: Progress) -> None:
    with ExitStack() as stack:
        clients = {a.client: stack.enter_context(online.client(a.client)) for a in terms.AUTHORITIES}
        registry = terms.Registry(clients, run.problems)
        comparison = TermComparison(run)
        seen, _ = comparison.compare(_counted(registry.by_curie(wanted), "identifiers", len(wanted), progress), wanted)
    names = {prefix: a.name for a in terms.AUTHORITIES for prefix in a.prefixes}
    # a term of a mapping may be of a kind that OLS does not find by its id; our own ids must be known
    unfound = [c for c in registry.missing if names[c.partition(":")[0]] == "OLS" and not wanted[c][0].named]
    comparison.gone((c for c in registry.missing if c not in unfound), wanted, names)
    run.notes.append(f"{len(seen)} of our {len(wanted)} outside identifiers were read from their authorities")
    _not_compared(run, unfound, "OLS knows none of them by this id")
    _not_compared(run, registry.outside, "we know no authority to ask")
    _note_unread(run, registry.unread, "identifiers")


def _with_history(studies: Iterable[Study], cache: Cache) -> Iterable[Study]:
    """Each study with the earlier versions of it that the cache keeps."""
    for study in studies:
        for raw in cache.versions("ctgov", study.nct):
            old = ctgov.read_study(raw, "cache", [])
            if old is not None and old.version_date < study.version_date:
                yield old
        yield study


def _counted(records: Iterable[_T], what: str, total: int, progress: Progress) -> Iterator[_T]:
    """The records, counted; a total of 0 is not known."""
    for number, record in enumerate(records, 1):
        progress(what, min(number, total) if total else number, total)
        yield record


def _unhurried(progress: Progress, clock: Callable[[], float] = time.monotonic) -> Progress:
    """Tells of every fiftieth record only, and nothing before some time has passed: most files are read at once."""
    begun = clock()

    def tell(what: str, done: int, total: int) -> None:
        if done % 50 == 0 and clock() - begun >= _PATIENCE:
            progress(what, done, total)

    return tell


# ---------------------------------------------------------------- what was left out


def _not_compared(run: Comparison, curies: list[str], otherwise: str) -> None:
    """One note per prefix whose identifiers were not compared, with the reason."""
    for prefix, listed in by_prefix(curies).items():
        run.notes.append(f"not compared: {prefix} ({len(listed)}): {terms.NOT_ASKED.get(prefix, otherwise)}")


def _note_unread(run: Comparison, unread: list[str], what: str) -> None:
    if unread:
        run.notes.append(f"{len(unread)} {what} were not read ({_listed(unread)}); the same command goes on with them")


def _listed(names: list[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
