"""Compares our tables with what registries and the literature say now, and writes what a curator accepts.

:func:`refresh` changes nothing. :func:`accept` writes the rows of the differences that were named: the old row stays
with its date and rank, the new one has the record and its version date as source. Everything is validated first, with
the whole pipeline, on a copy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from mesokg.errors import UsageError, suggest
from mesokg.registries import ctgov, pubmed, terms
from mesokg.registries.accepting import accept, finish_stopped
from mesokg.registries.cache import Cache, default_cache
from mesokg.registries.compare_publications import PublicationComparison, Wanted
from mesokg.registries.compare_terms import TermComparison
from mesokg.registries.compare_trials import TrialComparison
from mesokg.registries.comparison import Comparison
from mesokg.registries.drift import DriftReport
from mesokg.registries.files import kind_of, record_files
from mesokg.registries.ours import Ours
from mesokg.registries.outside import Use, by_prefix, outside_identifiers
from mesokg.registries.records import Study
from mesokg.registries.web import Client

__all__ = ["SOURCES", "Online", "accept", "finish_stopped", "refresh"]

SOURCES = ("ctgov", "pubmed", "terms")

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


@dataclass(frozen=True)
class _Ours:
    """What is to be compared: our trials by NCT number, our publications, our outside identifiers."""

    trials: dict[str, str]
    publications: Wanted
    terms: dict[str, list[Use]]


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
        _from_files(run, files, chosen, wanted)
    else:
        wanted = _wanted(run.ours, list(ids), "terms" in chosen)
        _from_services(run, online or Online(), chosen, wanted, progress)
    return run.report()


def _wanted(ours: Ours, named: list[str], with_terms: bool) -> _Ours:
    """All that is ours, or what was named of it. Outside identifiers are gathered only where they are needed."""
    outside = outside_identifiers(ours) if with_terms or named else {}
    if not named:
        return _Ours(dict(ours.trials), Wanted(ours), outside)
    iris: set[str] = set()
    curies: set[str] = set()
    for text in named:
        iri = ours.resolve(text)
        if iri is None and text not in outside:
            known = [*ours.trials, *(a for a in ours.aliases if a.startswith("PMID:")), *outside]
            raise UsageError(f"{text!r} is no trial, publication or outside identifier of ours; {suggest(text, known)}")
        iris.update([iri] if iri else [])
        curies.update([text] if text in outside else [])
    return _Ours(
        {n: i for n, i in ours.trials.items() if i in iris},
        Wanted(ours, frozenset(iris)),
        {c: uses for c, uses in outside.items() if c in curies or any(use.iri in iris for use in uses)},
    )


# ---------------------------------------------------------------- out of files


def _files_by_source(path: Path) -> dict[str, list[Path]]:
    files: dict[str, list[Path]] = {name: [] for name in SOURCES}
    for file in record_files(path):
        files[kind_of(file)].append(file)
    return files


def _from_files(run: Comparison, files: dict[str, list[Path]], chosen: tuple[str, ...], wanted: _Ours) -> None:
    read: list[str] = []
    if "ctgov" in chosen and files["ctgov"]:
        seen, others = TrialComparison(run).compare(ctgov.read_studies(files["ctgov"], run.problems), wanted.trials)
        read.append(f"{len(seen)} of our {len(wanted.trials)} registered trials are in these files")
        if others:
            run.notes.append(f"{_none_of(others, 'study', 'studies', 'our trials')}; `mesokg discover --from` ranks them")
    if "pubmed" in chosen and files["pubmed"]:
        articles = (a for f in files["pubmed"] for a in pubmed.read_articles(f, run.problems))
        found, others = PublicationComparison(run).compare(articles, wanted.publications)
        read.append(f"{len(found)} of our {len(wanted.publications)} publications with a PMID, DOI or PMCID are in these files")
        if others:
            run.notes.append(_none_of(others, "article", "articles", "our publications"))
    if "terms" in chosen and files["terms"]:
        records = (t for f in files["terms"] for t in terms.read_terms(f, run.problems))
        known, others = TermComparison(run).compare(records, wanted.terms)
        read.append(f"{len(known)} of our {len(wanted.terms)} outside identifiers are in these files")
        if others:
            run.notes.append(_none_of(others, "term", "terms", "those that we use"))
        _not_compared(run, [c for c in wanted.terms if c not in known], "no answer about them is in these files")
    run.notes[:0] = read
    for name in SOURCES:
        if files[name] and name not in chosen:
            run.notes.append(f"files for --source {name}, which was not asked for: {len(files[name])}")


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


def _counted(records, what: str, total: int, progress: Progress):  # noqa: ANN001, ANN202
    for number, record in enumerate(records, 1):
        progress(what, min(number, total), total)
        yield record


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
