"""Finds studies that look like gene therapy including mesothelioma and that we do not have, with reasons in words.

The registry's type field is no guide (CAR-T products are typed BIOLOGICAL, sequencing assays GENETIC) and is not
used. What counts are the names in :mod:`mesokg.registries.lexicon`, and where in the record they stand.
"""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from mesokg.errors import Problem
from mesokg.registries import ctgov
from mesokg.registries.ctgov import NCT
from mesokg.registries.files import kind_of, record_files
from mesokg.registries.lexicon import Hit, Lexicon, disease_lexicon, therapy_lexicon
from mesokg.registries.ours import Ours
from mesokg.registries.plain import one_line, plain, plain_problem
from mesokg.registries.records import Study

if TYPE_CHECKING:
    from typing import TextIO

    from mesokg.refresh import Online

__all__ = ["Candidate", "Discovery", "Judge", "candidates_as_tsv", "discover", "print_candidates"]

GENE_THERAPY = 3.0
"""From this weight of names on, a study is called gene therapy."""

MAYBE_GENE_THERAPY = 1.5
NAMED = 2.0
"""The weight of a disease that is named in the record as one of those studied."""

_BASKET = re.compile(
    r"\b(advanced|metastatic|refractory|recurrent|solid|thoracic|pleural)\b[^.;]{0,40}\b(solid )?(tumou?rs?|malignanc\w+|cancers?|neoplasms?)\b"
    r"|\bsolid tumou?rs?\b|\bpleural (effusion|malignanc)",
    re.IGNORECASE,
)
_EXCLUSION = re.compile(r"(?im)^.{0,20}\bexclusion criteria\b")


@dataclass(frozen=True)
class Candidate:
    """A study with what was made of it. ``level`` is likely, possible or unlikely; ``excluded`` is the reason why the
    study is on our list of exclusions, if it is.
    """

    nct: str
    title: str
    level: str
    score: float
    gene_therapy: tuple[str, ...]
    mesothelioma: tuple[str, ...]
    status: str
    phase: str
    sponsor: str
    excluded: str = ""
    is_gene_therapy: bool = False

    @property
    def reasons(self) -> tuple[str, ...]:
        """All reasons, in words."""
        return self.gene_therapy + self.mesothelioma


@dataclass(frozen=True)
class Discovery:
    """All studies that were judged, best first, and what went wrong on the way."""

    candidates: tuple[Candidate, ...]
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()
    hidden: int = 0

    def select(self, *, everything: bool = False, limit: int | None = None) -> Discovery:
        """The likely and possible ones that are not excluded, or everything; at most ``limit``."""
        shown = tuple(c for c in self.candidates if everything or (c.level != "unlikely" and not c.excluded))
        cut = shown[:limit] if limit else shown
        return replace(self, candidates=cut, hidden=len(self.candidates) - len(cut))


@dataclass
class Judge:
    """Judges studies by our names. Build it once, use it for many."""

    therapies: Lexicon
    diseases: Lexicon
    antigens: Lexicon
    excluded: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, ours: Ours) -> Judge:
        """The judge with the names of our ontology and tables."""
        return cls(therapy_lexicon(ours), *disease_lexicon(ours), excluded=ours.excluded)

    def judge(self, study: Study) -> Candidate:
        """What is made of one study."""
        gene, gene_reasons = self._gene_therapy(study)
        disease, disease_reasons = self._mesothelioma(study)
        if study.study_type == "OBSERVATIONAL" and gene >= MAYBE_GENE_THERAPY:
            gene = min(gene, MAYBE_GENE_THERAPY)
            gene_reasons.append("but it is an observational study, which gives no product")
        if gene >= GENE_THERAPY and disease >= NAMED:
            level = "likely"
        elif (gene >= MAYBE_GENE_THERAPY and disease >= NAMED) or (gene >= GENE_THERAPY and disease > 0):
            level = "possible"
        else:
            level = "unlikely"
        return Candidate(
            nct=study.nct,
            title=study.title or study.official_title,
            level=level,
            score=round(min(gene, 10.0) * disease, 2),
            gene_therapy=tuple(gene_reasons) or ("no name of a vector, gene product or strategy of gene therapy",),
            mesothelioma=tuple(disease_reasons) or ("mesothelioma is not named, nor solid tumours in general",),
            status=study.status or study.status_as_recorded,
            phase=study.phase,
            sponsor=study.sponsor,
            excluded=self.excluded.get(study.nct, ""),
            is_gene_therapy=gene >= GENE_THERAPY,
        )

    def _gene_therapy(self, study: Study) -> tuple[float, list[str]]:
        """Weight and reasons. Criteria of entry are not read: they name earlier therapies."""
        texts = [
            ("the title", 1.0, (study.title, study.official_title, study.acronym)),
            ("an intervention", 1.0, (t for i in study.interventions for t in (i.name, *i.other_names, i.description))),
            ("an arm", 1.0, (t for a in study.arms for t in (a.label, a.description, *a.interventions))),
            ("the keywords", 1.0, study.keywords),
            ("the summary", 0.6, (study.summary,)),
            ("the description", 0.5, (study.description,)),
        ]
        best: dict[str, tuple[float, Hit, str]] = {}
        for place, factor, parts in texts:
            for part in parts:
                for hit in self.therapies.find(part):
                    weight = hit.entry.weight * factor
                    if weight > best.get(hit.entry.meaning, (0.0,))[0]:
                        best[hit.entry.meaning] = (weight, hit, place)
        ordered = sorted(best.values(), key=lambda found: (-found[0], found[1].entry.meaning))
        reasons = [f"{_quote(hit)} in {place}" for _, hit, place in ordered[:4]]
        return sum(weight for weight, _, _ in ordered[:4]), reasons

    def _mesothelioma(self, study: Study) -> tuple[float, list[str]]:
        criteria = study.eligibility
        cut = _EXCLUSION.search(criteria)
        entry, exclusion = (criteria[: cut.start()], criteria[cut.start() :]) if cut else (criteria, "")
        for place, weight, parts in (
            ("a condition", 3.0, study.conditions),
            ("the title", 3.0, (study.title, study.official_title)),
            ("the keywords", 2.5, study.keywords),
            ("the criteria of entry", 2.0, (entry,)),
            ("the summary", 2.0, (study.summary, *(t for a in study.arms for t in (a.label, a.description)))),
            ("the description", 2.0, (study.description,)),
        ):
            for part in parts:
                for hit in self.diseases.find(part):
                    return weight, [f'"{hit.found}" in {place}']
        if any(True for _ in self.diseases.find(exclusion)):
            return 0.0, ["mesothelioma stands among the criteria of exclusion"]
        return self._basket(study)

    def _basket(self, study: Study) -> tuple[float, list[str]]:
        """Mesothelioma is not named: an antigen of mesothelioma, or tumours in general, leave it possible."""
        target = next(
            (hit for part in (study.title, study.official_title, *study.conditions, *study.keywords, *(i.name for i in study.interventions), study.summary) for hit in self.antigens.find(part)),
            None,
        )
        basket = next((m for part in (*study.conditions, study.title, study.official_title) if (m := _BASKET.search(part))), None)
        if basket is None:
            return 0.0, [f'"{target.found}" is aimed at, but the tumours are named and mesothelioma is none of them'] if target else []
        reasons = [f'"{basket[0]}": mesothelioma is not named, and may be included']
        if target:
            return 1.0, [*reasons, f'"{target.found}" is a target that therapies of mesothelioma share']
        return 0.5, reasons


def _quote(hit: Hit) -> str:
    same = hit.found.casefold() == hit.entry.meaning.casefold()
    return f'"{hit.found}"' + ("" if same else f" ({hit.entry.meaning})")


def _parts(identifier: str) -> tuple[str, ...]:
    """A number as a record writes it, and its parts: "EudraCT 2000-000001-12" holds the number of that registry."""
    return (identifier.strip(), *re.split(r"[\s:;,()]+", identifier))


def _other_numbers(study: Study) -> Iterator[str]:
    """The numbers of the study elsewhere, and the NCT numbers that were merged into its own: another NCT number is that
    of another study, as its parent.
    """
    for other in study.other_ids:
        if other.kind == "ALIAS":
            yield other.identifier.strip()
        yield from (part for part in _parts(other.identifier) if not NCT.fullmatch(part))


def _rank(candidates: Iterable[Candidate]) -> tuple[Candidate, ...]:
    order = {"likely": 0, "possible": 1, "unlikely": 2}
    return tuple(sorted(candidates, key=lambda c: (order[c.level], -c.score, c.nct)))


def discover(
    data: Path | None = None,
    *,
    path: Path | None = None,
    online: Online | None = None,
    condition: str = "mesothelioma",
    term: str = "",
    progress: Callable[[str, int, int], None] = lambda what, done, total: None,
) -> Discovery:
    """Judge the studies of files (``path``) or of a search in the registry that are not in our graph."""
    from mesokg.refresh import Online

    ours = Ours(data)
    judge = Judge.of(ours)
    problems: list[Problem] = []
    notes: list[str] = []
    known: set[str] = set()
    found: dict[str, Candidate] = {}

    numbers = ours.trials.keys() | ours.record_of.keys()

    def take(studies: Iterable[Study]) -> None:
        for study in studies:
            if numbers & {study.nct, *_other_numbers(study)}:
                known.add(study.nct)
            else:
                found[study.nct] = judge.judge(study)
            progress("studies", len(found) + len(known), 0)

    if path is not None:
        files = [file for file in record_files(path) if kind_of(file) == "ctgov"]
        take(ctgov.read_studies(files, problems))
    else:
        with (online or Online()).client("ctgov") as client:
            take(ctgov.Registry(client, problems).search(condition=condition, term=term))
    ranked = _rank(found.values())
    counts = {level: sum(c.level == level and not c.excluded for c in ranked) for level in ("likely", "possible", "unlikely")}
    excluded = sum(bool(c.excluded) for c in ranked)
    notes.append(
        f"{len(ranked) + len(known)} studies read: {len(known)} in the graph, {excluded} on the list of exclusions, "
        f"{counts['likely']} likely, {counts['possible']} possible, {counts['unlikely']} unlikely"
    )
    notes.append(f"{len(judge.therapies)} names of therapies and vectors, {len(judge.diseases)} of mesothelioma, {len(judge.antigens)} of antigens were looked for")
    return Discovery(ranked, tuple(sorted(set(map(plain_problem, problems)))), tuple(notes))


# ---------------------------------------------------------------- the list for people


def print_candidates(found: Discovery, file: TextIO | None = None, *, width: int | None = None) -> None:
    """The candidates for the terminal, best first."""
    from rich.console import Console
    from rich.markup import escape

    if width is None:
        width = shutil.get_terminal_size().columns if (file or sys.stdout).isatty() else 10_000
    console = Console(file=file, width=width, highlight=False, emoji=False)

    def show(text: str, style: str = "") -> None:
        console.print(escape(one_line(text)), style=style, soft_wrap=True)

    styles = {"likely": "bold green", "possible": "yellow", "unlikely": "dim"}
    for one in found.candidates:
        state = ", ".join(filter(None, (f"phase {one.phase}" if one.phase else "", one.status, one.sponsor)))
        show(f"{one.nct}  {one.level} ({one.score:g})  {one.title}", styles[one.level])
        if state:
            show(f"    {state}")
        show(f"    gene therapy: {'; '.join(one.gene_therapy)}")
        show(f"    mesothelioma: {'; '.join(one.mesothelioma)}")
        if one.excluded:
            show(f"    excluded: {one.excluded}")
    for problem in found.problems:
        show(f"problem: {problem}", "red" if problem.level == "error" else "yellow")
    for note in found.notes:
        show(f"note: {note}")
    if found.hidden:
        show(f"note: {found.hidden} studies not shown; --all shows them")


_COLUMNS = ("nct", "level", "score", "title", "phase", "status", "sponsor", "gene_therapy", "mesothelioma", "excluded")


def candidates_as_tsv(found: Discovery) -> str:
    """The candidates as tab-separated text with a header."""
    lines = ["\t".join(_COLUMNS)]
    for one in found.candidates:
        cells = (
            one.nct, one.level, f"{one.score:g}", one.title, one.phase, one.status, one.sponsor,
            "; ".join(one.gene_therapy), "; ".join(one.mesothelioma), one.excluded,
        )  # fmt: skip
        lines.append("\t".join(plain(" ".join(cell.split())) for cell in cells))
    return "\n".join(lines) + "\n"
