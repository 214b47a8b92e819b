"""Publications compared with PubMed and Europe PMC: notices against them, kind, links, year and title."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from mesokg.identifiers import compact
from mesokg.registries.comparison import Comparison
from mesokg.registries.drift import Difference
from mesokg.registries.pubmed import Notice

if TYPE_CHECKING:
    from mesokg.registries.ours import Ours
    from mesokg.registries.pubmed import Article

__all__ = ["PublicationComparison", "Wanted", "kinds_of"]

_AGAINST = {
    "retracted": "retracted",
    "partly retracted": "retracted",
    "retracted and republished": "retracted",
    "expression of concern": "concern",
    "corrected": "corrected",
    "corrected and republished": "corrected",
}
"""The notices that touch what we took from an article, and the kind of difference that each is."""

_ADVICE = {
    "retracted": "rank what rests on it deprecated, and say why",
    "concern": "read the notice; rank what rests on it with that in mind",
    "corrected": "read the notice and compare the figures we took",
}
_OWN_NOTICE = frozenset({"retraction of publication", "published erratum", "expression of concern"})
"""Types of articles that are themselves notices about another one."""

_KINDS = {
    "review": "review",
    "systematic review": "review",
    "meta-analysis": "meta-analysis",
    "case reports": "case report",
    "letter": "letter or comment",
    "comment": "letter or comment",
    "editorial": "letter or comment",
    "preprint": "preprint",
    "clinical trial protocol": "trial protocol",
    "clinical trial": "trial result",
    "controlled clinical trial": "trial result",
    "randomized controlled trial": "trial result",
    "pragmatic clinical trial": "trial result",
}
"""Publication types of PubMed, in lower case, that name one kind of ours. ``Journal Article`` and the like name none."""


def kinds_of(types: Iterable[str]) -> frozenset[str]:
    """Our kinds of publication that PubMed's types name.

    >>> sorted(kinds_of(("Journal Article", "Clinical Trial, Phase II", "Multicenter Study")))
    ['trial result']
    """
    lower = [t.casefold() for t in types]
    found = {_KINDS[t] for t in lower if t in _KINDS}
    if any(re.fullmatch(r"clinical trial, phase \w+", t) for t in lower):
        found.add("trial result")
    return frozenset(found)


class Wanted:
    """Our publications by the identifiers that we have of them; each article is looked up by all of its own."""

    def __init__(self, ours: Ours, only: frozenset[str] | None = None) -> None:
        named = {a: i for a, i in sorted(ours.aliases.items()) if a.startswith(("PMID:", "DOI:", "PMC")) and (only is None or i in only)}
        self.by_alias = {alias.casefold(): iri for alias, iri in named.items()}
        self.pmids = {a.removeprefix("PMID:"): i for a, i in named.items() if a.startswith("PMID:")}
        known = set(self.pmids.values())
        self.dois = {a.removeprefix("DOI:"): i for a, i in named.items() if a.startswith("DOI:") and i not in known}
        known |= set(self.dois.values())
        self.pmcids = {a: i for a, i in named.items() if a.startswith("PMC") and i not in known}

    def __len__(self) -> int:
        return len(set(self.by_alias.values()))

    def find(self, article: Article) -> str | None:
        """The IRI of our publication that the article is, by PMID, else DOI, else PMCID."""
        for alias in (f"pmid:{article.pmid}", f"doi:{article.doi}", article.pmcid):
            if iri := self.by_alias.get(alias.casefold()):
                return iri
        return None


class PublicationComparison:
    """Compares articles with our publications and adds what differs to the comparison."""

    def __init__(self, found: Comparison) -> None:
        self.found = found
        self.ours = found.ours

    def compare(self, articles: Iterable[Article], wanted: Wanted) -> tuple[set[str], int]:
        """Compare the articles that are ours; returns their IRIs and how many articles are none of ours."""
        seen: set[str] = set()
        others: set[str] = set()
        for article in articles:
            iri = wanted.find(article)
            if iri is None:
                others.add(article.pmid or article.doi)
            else:
                seen.add(iri)
                self._compare(article, iri)
        return seen, len(others)

    def _difference(self, article: Article, iri: str, kind: str, severity: str, name: str, **more: object) -> None:
        self.found.add(
            Difference(
                kind=kind,
                severity=severity,
                subject=iri,
                label=self.ours.tables.labels.get(iri, ""),
                property=name,
                their_source=f"{article.source} {article.pmid or article.doi}",
                their_date=article.revised,
                **{"ours": "", "theirs": "", **more},  # type: ignore[arg-type]
            )
        )

    def _compare(self, article: Article, iri: str) -> None:
        self._notices(article, iri)
        self._kind(article, iri)
        for name, theirs in (("pmid", article.pmid), ("doi", article.doi), ("pmcid", article.pmcid), ("publicationYear", article.year)):
            self._value(article, iri, name, theirs)
        title = self.ours.values(iri, "shortTitle")
        if title and article.title and not _same_title(title[0], article.title):
            self._difference(
                article, iri, "changed", "medium", "shortTitle", ours=title[0], theirs=article.title,
                rests=self.ours.resting_on_source(iri), note="check that the identifiers belong to this publication",
            )  # fmt: skip

    # -- notices

    def _notices(self, article: Article, iri: str) -> None:
        notices = list(article.notices)
        if article.retracted and not any(_AGAINST.get(n.kind) == "retracted" for n in notices):
            notices.append(Notice("retracted", "retracted publication", ""))
        for notice in notices:
            self._notice(article, iri, notice)
        own = [t for t in article.kinds if t.casefold() in _OWN_NOTICE]
        if own:
            self._difference(
                article, iri, "is a notice", "high", "publicationKind", theirs=", ".join(own), rests=self.ours.resting_on_source(iri),
                note="what we cite is a notice about another article; cite the article too, and compare",
            )  # fmt: skip

    def _notice(self, article: Article, iri: str, notice: Notice) -> None:
        kind = _AGAINST.get(notice.kind, "updated")
        severity, note = ("high", _ADVICE[kind]) if kind != "updated" else ("medium", "read the newer version and compare the figures we took")
        live, cited = self.ours.live_statements(iri)
        if cited and not live and kind != "updated":
            severity, note = "low", "every statement that rests on it is ranked deprecated already"
        elif notice.pmid and self.ours.commented(iri, notice.pmid):
            severity, note = "low", "a comment of our rows names this notice already"
        theirs = " ".join(filter(None, (notice.reference, f"PMID {notice.pmid}" if notice.pmid else "")))
        self._difference(article, iri, kind, severity, notice.kind, theirs=theirs, rests=self.ours.resting_on_source(iri), note=note)

    # -- kind, links, year

    def _kind(self, article: Article, iri: str) -> None:
        theirs = kinds_of(article.kinds)
        if not theirs:
            return
        ours = self.ours.values(iri, "publicationKind")
        shown = [self.ours.show_iri(value) for value in ours]
        if theirs & set(shown):
            self.found.agreed += 1
            return
        types = ", ".join(t for t in article.kinds if kinds_of((t,)))
        if shown:
            self._difference(
                article, iri, "changed", "medium", "publicationKind", ours="; ".join(dict.fromkeys(shown)), theirs=types,
                rests=self.ours.rests_on("publicationKind", []), note=f"we would say: {' or '.join(sorted(theirs))}",
            )  # fmt: skip
        elif len(theirs) == 1:
            self._missing(article, iri, "publicationKind", next(iter(theirs)), types)

    def _value(self, article: Article, iri: str, name: str, theirs: str) -> None:
        if not theirs:
            return
        ours = self.ours.values(iri, name)
        if theirs.casefold() in (o.casefold() for o in ours):
            self.found.agreed += 1
        elif ours:
            severity = "medium" if name != "publicationYear" or not _near(ours, theirs) else "low"
            rests = self.ours.resting_on_source(iri)
            self._difference(article, iri, "changed", severity, name, ours="; ".join(ours), theirs=theirs, rests=rests)
        else:
            self._missing(article, iri, name, theirs, theirs)

    def _missing(self, article: Article, iri: str, name: str, cell: str, shown: str) -> None:
        # cite it by an identifier that our rows have: one that this very row brings names nothing yet
        source = next((a for a in (f"PMID:{article.pmid}", f"DOI:{article.doi}") if self.ours.aliases.get(a) == iri), compact(iri))
        row = ("publications", {"id": compact(iri), "label": self.ours.tables.labels[iri], name: cell})
        row = self.found.recorded(row, source, f"{article.source} record, {name}", article.revised)
        self._difference(article, iri, "missing here", "low", name, theirs=shown, new=True, rows=(row,))


def _near(ours: list[str], theirs: str) -> bool:
    return any(o.isdigit() and theirs.isdigit() and abs(int(o) - int(theirs)) <= 1 for o in ours)


def _same_title(ours: str, theirs: str) -> bool:
    """Whether two titles are one, shortened or with other punctuation."""

    def words(text: str) -> list[str]:
        return re.findall(r"\w+", text.casefold())

    a, b = words(ours), words(theirs)
    common = len(set(a) & set(b))
    return common >= 0.6 * min(len(set(a)), len(set(b)) or 1)
