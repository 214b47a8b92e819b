"""PubMed and Europe PMC: metadata, kinds, links, and notices of retraction and correction of publications.

Reads PubMed XML (``PubmedArticleSet``) and Europe PMC search answers (JSON). Titles with markup are read as text.
Source of the notice kinds: the CommentsCorrections element of the NLM PubMed DTD of 2025.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from mesokg.errors import Problem
from mesokg.registries.faults import Refused, RegistryError, fault
from mesokg.registries.files import read_whole
from mesokg.registries.plain import whole
from mesokg.registries.web import Client, Policy

__all__ = ["API", "POLICY", "Article", "Notice", "Registry", "read_articles", "read_europe_pmc", "read_pubmed_xml"]

API = "https://eutils.ncbi.nlm.nih.gov/entrez/eutils"
POLICY = Policy(interval=0.4)
"""NCBI allows three requests a second without a key."""

_BATCH = 100
_NOTICES = {
    "RetractionIn": "retracted",
    "RetractionOf": "",
    "PartialRetractionIn": "partly retracted",
    "RetractedandRepublishedIn": "retracted and republished",
    "ErratumIn": "corrected",
    "CorrectedandRepublishedIn": "corrected and republished",
    "ExpressionOfConcernIn": "expression of concern",
    "UpdateIn": "updated",
    "ReprintIn": "",
    "RepublishedIn": "republished",
}
"""What each kind of notice says of the article; nothing where it says nothing against it."""


@dataclass(frozen=True)
class Notice:
    """A notice about an article: what it says, where it stands, and its PMID."""

    kind: str
    reference: str
    pmid: str


@dataclass(frozen=True)
class Article:
    """What PubMed or Europe PMC says of one publication; absent fields are empty. ``revised`` is the record's date."""

    pmid: str
    doi: str = ""
    pmcid: str = ""
    title: str = ""
    journal: str = ""
    year: str = ""
    first_author: str = ""
    kinds: tuple[str, ...] = ()
    notices: tuple[Notice, ...] = ()
    registry_numbers: tuple[str, ...] = ()
    revised: str = ""
    source: str = "PubMed"

    @property
    def retracted(self) -> bool:
        """Whether the article is retracted, by its own type or by a notice."""
        return "retracted publication" in (k.lower() for k in self.kinds) or any(n.kind == "retracted" for n in self.notices)


def _text(node: ElementTree.Element | None) -> str:
    return " ".join("".join(node.itertext()).split()) if node is not None else ""


def _day(node: ElementTree.Element | None) -> str:
    if node is None or not _text(node.find("Year")):
        return ""
    parts = [_text(node.find(name)) for name in ("Year", "Month", "Day")]
    return "-".join(p.zfill(2) for p in parts if p.isdigit())


def read_pubmed_xml(text: bytes, place: str, problems: list[Problem]) -> Iterator[Article]:
    """The articles of a PubMed answer. Malformed XML becomes a problem; external entities are never read."""
    parser = ElementTree.XMLPullParser(("end",))
    try:
        # The DTD is named in the file and never fetched; entities that it would declare are an error of the parser.
        parser.feed(text)
        parser.close()
        failure: ElementTree.ParseError | None = None
    except ElementTree.ParseError as error:
        failure = error
    number = 0
    try:
        for _, node in parser.read_events():  # type: ignore[misc]
            if node.tag == "PubmedArticle":
                number += 1
                article = _article(node)
                if article is None:
                    problems.append(fault(f"{place}#{number}", "no PMID", "", "the article was left out"))
                else:
                    yield article
    except ElementTree.ParseError as error:
        failure = error
    if failure is not None:
        problems.append(fault(place, "malformed XML", str(failure), f"{number} articles before it were read; fetch it again"))
    elif number == 0:
        problems.append(fault(place, "no article", text[:80].decode("utf-8", "replace"), "the answer holds no PubmedArticle"))


def _article(node: ElementTree.Element) -> Article | None:
    citation = node.find("MedlineCitation")
    pmid = _text(citation.find("PMID")) if citation is not None else ""
    if citation is None or not pmid.isdigit():
        return None
    # ids of the article itself; those of its references stand deeper, under ReferenceList
    ids = {i.get("IdType"): _text(i) for i in node.findall("PubmedData/ArticleIdList/ArticleId")}
    doi = ids.get("doi") or next((_text(e) for e in citation.findall("Article/ELocationID[@EIdType='doi']") if e.get("ValidYN") != "N"), "")
    dates = [citation.find(p) for p in ("Article/Journal/JournalIssue/PubDate", "Article/ArticleDate")]
    medline = _text(citation.find("Article/Journal/JournalIssue/PubDate/MedlineDate"))
    year = next((y for d in dates if d is not None and (y := _text(d.find("Year")))), "") or (m[0] if (m := re.search(r"\d{4}", medline)) else "")
    author = citation.find("Article/AuthorList/Author")
    last = _text(author.find("LastName")) or _text(author.find("CollectiveName")) if author is not None else ""
    initials = _text(author.find("Initials")) if author is not None else ""
    notices = []
    for one in citation.findall("CommentsCorrectionsList/CommentsCorrections"):
        says = _NOTICES.get(one.get("RefType", ""), "")
        if says:
            notices.append(Notice(says, _text(one.find("RefSource")), _text(one.find("PMID"))))
    banks = citation.findall("Article/DataBankList/DataBank/AccessionNumberList/AccessionNumber")
    return Article(
        pmid=pmid,
        doi=doi,
        pmcid=ids.get("pmc", "") or "",
        title=_text(citation.find("Article/ArticleTitle")),
        journal=_text(citation.find("Article/Journal/ISOAbbreviation")) or _text(citation.find("MedlineJournalInfo/MedlineTA")),
        year=year,
        first_author=f"{last} {initials}".strip(),
        kinds=tuple(_text(t) for t in citation.findall("Article/PublicationTypeList/PublicationType")),
        notices=tuple(notices),
        registry_numbers=tuple(n for b in banks if re.fullmatch(r"NCT\d{8}", n := _text(b))),
        revised=_day(citation.find("DateRevised")),
    )


def read_europe_pmc(raw: Any, place: str, problems: list[Problem]) -> Iterator[Article]:
    """The articles of a Europe PMC search answer. Its short form has no retraction notices, only publication types."""
    listed = raw.get("resultList", {}) if isinstance(raw, dict) else {}
    results = listed.get("result") if isinstance(listed, dict) else None
    if not isinstance(results, list):
        problems.append(fault(place, "no article", str(raw)[:80], "the answer holds no resultList"))
        return
    for number, one in enumerate(results, 1):
        pmid = one.get("pmid") if isinstance(one, dict) else None
        if not isinstance(pmid, str) and not (isinstance(one, dict) and isinstance(one.get("doi"), str)):
            problems.append(fault(f"{place}#{number}", "no PMID, no DOI", "", "the article was left out", level="warning"))
            continue

        def text(key: str, one: dict[str, Any] = one) -> str:
            value = one.get(key)
            return whole(value) if isinstance(value, str) else ""

        yield Article(
            pmid=text("pmid"),
            doi=text("doi"),
            pmcid=text("pmcid"),
            title=text("title"),
            journal=text("journalTitle"),
            year=text("pubYear"),
            first_author=text("authorString").partition(",")[0],
            kinds=tuple(k.strip() for k in text("pubType").split(";") if k.strip()),
            revised=text("firstPublicationDate"),
            source="Europe PMC",
        )


def read_articles(path: Path, problems: list[Problem]) -> Iterator[Article]:
    """The articles of one file, PubMed XML or Europe PMC JSON, gzip or not."""
    raw = read_whole(path, problems)
    if raw is None:
        return
    if raw.lstrip(b"\xef\xbb\xbf \r\n\t")[:1] == b"{":
        try:
            answer = json.loads(raw)
        except (ValueError, RecursionError) as error:
            problems.append(fault(path.name, "malformed JSON", str(error), "fetch the file again"))
            return
        yield from read_europe_pmc(answer, path.name, problems)
    else:
        yield from read_pubmed_xml(raw, path.name, problems)


class Registry:
    """Articles by PMID, in batches, and by DOI, one search each; ``missing`` gathers the PMIDs that PubMed does not
    return, ``unlisted`` the DOIs that it has no article of, ``unread`` what a fault left unread.
    """

    def __init__(self, client: Client, problems: list[Problem]) -> None:
        self.client = client
        self.problems = problems
        self.missing: list[str] = []
        self.unlisted: list[str] = []
        self.unread: list[str] = []

    def by_pmid(self, pmids: Iterable[str]) -> Iterator[Article]:
        """The articles with these PMIDs."""
        for article, wanted in self._fetch(pmids):
            if article is None:
                self.missing.append(wanted)
            else:
                yield article

    def by_doi(self, dois: Iterable[str]) -> Iterator[Article]:
        """The articles with these DOIs. An article counts only where its own DOI is the one that was searched for:
        PubMed leaves out of a search what it does not know.
        """
        found: dict[str, str] = {}
        wanted = list(dict.fromkeys(dois))
        for place, doi in enumerate(wanted):
            try:
                pmids = self._search(f"{doi}[doi]")
            except Refused as error:  # this one search; the next may be fine
                self._not_read(doi, error)
                self.unread.append(f"DOI:{doi}")
                continue
            except RegistryError as error:
                self._not_read(f"{len(wanted) - place} DOIs", error)
                self.unread.extend(f"DOI:{left}" for left in wanted[place:])
                break
            if len(pmids) == 1:
                found[pmids[0]] = doi
            else:
                self.unlisted.append(doi)
        for article, pmid in self._fetch(found):
            if article is None:
                self.unlisted.append(found[pmid])
            elif article.doi.casefold() != found.get(article.pmid, "").casefold():
                self.unlisted.append(found.get(article.pmid, article.doi))
            else:
                yield article

    def _parameters(self, **more: str) -> dict[str, str]:
        parameters = {"db": "pubmed", "tool": "mesokg", **more}
        return parameters | ({"email": self.client.contact} if self.client.contact else {})

    def _search(self, term: str) -> list[str]:
        answer = self.client.get("/esearch.fcgi", self._parameters(term=term, retmode="json"), check=_check_search)
        return [pmid for pmid in json.loads(answer.body)["esearchresult"]["idlist"] if isinstance(pmid, str) and pmid.isdigit()]

    def _fetch(self, pmids: Iterable[str]) -> Iterator[tuple[Article | None, str]]:
        """Each article with its PMID, then (None, PMID) for each that was not returned."""
        wanted = list(dict.fromkeys(pmids))
        for first in range(0, len(wanted), _BATCH):
            batch = wanted[first : first + _BATCH]
            try:
                answer = self.client.get("/efetch.fcgi", self._parameters(retmode="xml", id=",".join(batch)), check=_check_xml)
            except RegistryError as error:
                self._not_read(f"{len(batch)} publications", error)
                self.unread.extend(batch)
                continue
            seen = set()
            for article in read_pubmed_xml(answer.body, answer.url[:120], self.problems):
                seen.add(article.pmid)
                yield article, article.pmid
            yield from ((None, pmid) for pmid in batch if pmid not in seen)

    def _not_read(self, what: str, error: RegistryError) -> None:
        self.problems.append(fault("PubMed", "registry not read", what, f"{error}. Run the same command again to go on"))


def _check_search(body: bytes) -> None:
    answer = json.loads(body)
    result = answer.get("esearchresult") if isinstance(answer, dict) else None
    if not isinstance(result, dict) or not isinstance(result.get("idlist"), list):
        raise ValueError("no esearchresult.idlist")


def _check_xml(body: bytes) -> None:
    try:
        ElementTree.fromstring(body)
    except ElementTree.ParseError as error:
        raise ValueError(str(error)) from error
