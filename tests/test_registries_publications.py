"""Publications: notices against them, their kind, their links, and the ones that we know by DOI only."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from mesokg.errors import Problem
from mesokg.refresh import accept, refresh
from mesokg.registries import pubmed
from mesokg.registries.compare_publications import kinds_of
from mesokg.registries.drift import Difference, DriftReport
from registries.fake_registry import FakeRegistry, ok, serving
from registries.quick import Quick
from test_registries_network import _client

DAY = date(2026, 11, 24)
ONE = "https://w3id.org/mesokg/id/publication-PMID1"
THREE = "https://w3id.org/mesokg/id/publication-3"


def _article(pmid: str = "1", *, kinds: tuple[str, ...] = ("Journal Article",), notices: str = "", doi: str = "", pmc: str = "", title: str = "A title") -> str:
    ids = "".join(f'<ArticleId IdType="{kind}">{value}</ArticleId>' for kind, value in (("doi", doi), ("pmc", pmc)) if value)
    types = "".join(f"<PublicationType>{kind}</PublicationType>" for kind in kinds)
    return (
        f"<PubmedArticle><MedlineCitation><PMID>{pmid}</PMID><DateRevised><Year>2024</Year><Month>05</Month><Day>06</Day></DateRevised>"
        f"<Article><Journal><JournalIssue><PubDate><Year>2000</Year></PubDate></JournalIssue></Journal><ArticleTitle>{title}</ArticleTitle>"
        f"<PublicationTypeList>{types}</PublicationTypeList></Article><CommentsCorrectionsList>{notices}</CommentsCorrectionsList>"
        f"</MedlineCitation><PubmedData><ArticleIdList>{ids}</ArticleIdList></PubmedData></PubmedArticle>"
    )


def _set(*articles: str) -> str:
    return f"<?xml version='1.0'?><PubmedArticleSet>{''.join(articles)}</PubmedArticleSet>"


def _notice(kind: str, pmid: str = "77") -> str:
    return f'<CommentsCorrections RefType="{kind}"><RefSource>J Ex. 2001;2:3</RefSource><PMID>{pmid}</PMID></CommentsCorrections>'


def _compare(data: Path, tmp_path: Path, *articles: str) -> list[Difference]:
    (tmp_path / "articles.xml").write_text(_set(*articles), encoding="utf-8")
    report = refresh(data, sources=["pubmed"], path=tmp_path / "articles.xml", day=DAY)
    assert report.problems == ()
    return list(report.differences)


def _only_doi(data: Path) -> None:
    """Give the tables a third publication, of which only the DOI is known."""
    path = data / "publications.tsv"
    head, *lines = path.read_text(encoding="utf-8").splitlines()
    row = {"id": "mkg:publication-3", "label": "Third 2000, Journal", "publicationYear": "2000", "doi": "10.1000/Third(1)"}
    names = [*head.split("\t"), "doi"]
    path.write_text(
        "\n".join(["\t".join(names), *(line + "\t" for line in lines), "\t".join(row.get(n, "") for n in names)]) + "\n", encoding="utf-8"
    )


# ---------------------------------------------------------------- notices


@pytest.mark.parametrize(
    ("reference", "kind", "severity"),
    [
        ("RetractionIn", "retracted", "high"),
        ("PartialRetractionIn", "retracted", "high"),
        ("RetractedandRepublishedIn", "retracted", "high"),
        ("ExpressionOfConcernIn", "concern", "high"),
        ("ErratumIn", "corrected", "high"),
        ("CorrectedandRepublishedIn", "corrected", "high"),
        ("UpdateIn", "updated", "medium"),
    ],
)
def test_a_notice_is_drift_and_says_what_rests_on_it(tiny: Path, tmp_path: Path, reference: str, kind: str, severity: str):
    found = _compare(tiny, tmp_path, _article(notices=_notice(reference)))
    (notice,) = [d for d in found if d.kind == kind]
    assert (notice.severity, notice.subject, notice.theirs, notice.rows) == (severity, ONE, "J Ex. 2001;2:3 PMID 77", ())
    assert "statements cite it" in notice.rests
    assert found[0] is notice, "what is worst stands first"


@pytest.mark.parametrize("reference", ["Cites", "CommentIn", "RetractionOf", "ReprintIn"])
def test_other_references_are_no_notice(tiny: Path, tmp_path: Path, reference: str):
    assert {d.kind for d in _compare(tiny, tmp_path, _article(notices=_notice(reference)))} <= {"changed", "missing here"}


def test_the_type_alone_tells_of_a_retraction_and_of_a_notice_that_we_cite(tiny: Path, tmp_path: Path):
    found = _compare(tiny, tmp_path, _article(kinds=("Journal Article", "Retracted Publication")), _article("2", kinds=("Published Erratum",), title="Another title"))
    assert {(d.kind, d.severity) for d in found if d.severity == "high"} == {("retracted", "high"), ("is a notice", "high")}


def test_a_notice_that_a_curator_dealt_with_is_low(tiny: Path, tmp_path: Path):
    path = tiny / "publications.tsv"
    head, *lines = path.read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("mkg:publication-PMID1\t")
    path.write_text("\n".join([head + "\tcomment", lines[0] + "\terratum PMID 77: a figure legend only", *(line + "\t" for line in lines[1:])]) + "\n", encoding="utf-8")
    seen, new = (_compare(tiny, tmp_path, _article(notices=_notice("ErratumIn", number))) for number in ("77", "78"))
    assert [(d.severity, d.note) for d in seen if d.kind == "corrected"] == [("low", "a comment of our rows names this notice already")]
    assert [d.severity for d in new if d.kind == "corrected"] == ["high"]


# ---------------------------------------------------------------- kind


@pytest.mark.parametrize(
    ("types", "kinds"),
    [
        (("Journal Article", "Multicenter Study", "Research Support, Non-U.S. Gov't"), set()),
        (("Clinical Trial, Phase III", "Randomized Controlled Trial"), {"trial result"}),
        (("clinical trial, phase i",), {"trial result"}),
        (("Clinical Trial Protocol",), {"trial protocol"}),
        (("Systematic Review", "Meta-Analysis"), {"review", "meta-analysis"}),
        (("Letter", "Comment"), {"letter or comment"}),
        (("Case Reports",), {"case report"}),
        (("Preprint",), {"preprint"}),
    ],
)
def test_types_name_our_kinds(types: tuple[str, ...], kinds: set[str]):
    assert kinds_of(types) == kinds


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        (("Clinical Trial, Phase I", "Journal Article"), []),
        (("Journal Article",), []),
        (("Journal Article", "Review"), [("changed", "medium", "trial result", "Review")]),
    ],
)
def test_the_kind_is_compared(tiny: Path, tmp_path: Path, kinds: tuple[str, ...], expected: list):
    found = _compare(tiny, tmp_path, _article(kinds=kinds))
    assert [(d.kind, d.severity, d.ours, d.theirs) for d in found if d.property == "publicationKind"] == expected


def test_a_kind_that_we_lack_can_be_accepted(tiny: Path, tmp_path: Path):
    path = tiny / "publications.tsv"
    path.write_text(path.read_text(encoding="utf-8").replace("\ttrial result\t", "\t\t"), encoding="utf-8")
    (kind,) = [d for d in _compare(tiny, tmp_path, _article(kinds=("Clinical Trial, Phase I",))) if d.property == "publicationKind"]
    (row,) = kind.rows
    assert (row[1]["publicationKind"], row[1]["source"]) == ("trial result", "PMID:1")
    accept(DriftReport((kind,)), [kind.key], data=tiny)
    assert [d for d in _compare(tiny, tmp_path, _article(kinds=("Clinical Trial, Phase I",))) if d.property == "publicationKind"] == []


# ---------------------------------------------------------------- links, and publications by DOI


def test_links_are_compared_and_can_be_accepted(tiny: Path, tmp_path: Path):
    found = {d.property: d for d in _compare(tiny, tmp_path, _article(doi="10.1000/x", pmc="PMC5"))}
    assert {n: (d.kind, d.theirs) for n, d in found.items() if n in ("doi", "pmcid")} == {
        "doi": ("missing here", "10.1000/x"), "pmcid": ("missing here", "PMC5"),
    }  # fmt: skip
    accept(DriftReport(tuple(found.values())), [found["doi"].key, found["pmcid"].key], data=tiny)
    again = {d.property: d for d in _compare(tiny, tmp_path, _article(doi="10.1000/OTHER", pmc="PMC5"))}
    assert (again["doi"].kind, again["doi"].severity, again["doi"].ours) == ("changed", "medium", "10.1000/x") and "pmcid" not in again


def test_a_publication_known_by_doi_only_is_found_in_files_whatever_the_case(tiny: Path, tmp_path: Path):
    _only_doi(tiny)
    found = {d.property: d for d in _compare(tiny, tmp_path, _article("333", doi="10.1000/third(1)", notices=_notice("RetractionIn")))}
    assert {d.subject for d in found.values()} == {THREE}
    assert found["retracted"].severity == "high"
    ((_, row),) = found["pmid"].rows
    assert (row["pmid"], row["source"]) == ("333", "mkg:publication-3"), "its own PMID names nothing before the row is there"
    accept(DriftReport((found["pmid"],)), [found["pmid"].key], data=tiny)
    assert "pmid" not in {d.property for d in _compare(tiny, tmp_path, _article("333", doi="10.1000/third(1)"))}


def test_europe_pmc_finds_by_doi_too(tiny: Path, tmp_path: Path):
    _only_doi(tiny)
    answer = {"resultList": {"result": [{"id": "PPR1", "source": "PPR", "doi": "10.1000/third(1)", "pubYear": "2000", "pubType": "preprint"}]}}
    (tmp_path / "a.json").write_text(json.dumps(answer))
    report = refresh(tiny, sources=["pubmed"], path=tmp_path / "a.json", day=DAY)
    assert [(d.subject, d.property, d.theirs) for d in report.differences] == [(THREE, "publicationKind", "preprint")]
    assert report.problems == ()


def _search_by_doi(tmp_path: Path, answers: dict[str, object], articles: str) -> tuple[list[str], pubmed.Registry, list[Problem], list[str]]:
    terms: list[str] = []

    def handler(path: str, query: dict[str, str], registry: FakeRegistry):
        if path == "/esearch.fcgi":
            assert (query["db"], query["retmode"]) == ("pubmed", "json")
            terms.append(query["term"])
            answer = answers[query["term"]]
            return answer if isinstance(answer, tuple) else ok(answer)
        return 200, {}, articles.encode()

    problems: list[Problem] = []
    with serving(handler) as server, _client(server.url, tmp_path) as client:
        registry = pubmed.Registry(client, problems)
        found = [a.pmid for a in registry.by_doi([term.removesuffix("[doi]") for term in answers])]
    return found, registry, problems, terms


def test_articles_are_searched_by_doi_and_must_have_it(tmp_path: Path):
    answers = {
        "10.1/good[doi]": {"esearchresult": {"count": "1", "idlist": ["11"]}},
        "10.1/none[doi]": {"esearchresult": {"count": "0", "idlist": [], "errorlist": {"phrasesnotfound": ["10.1/none"]}}},
        "10.1/two[doi]": {"esearchresult": {"count": "2", "idlist": ["12", "13"]}},
        "10.1/other[doi]": {"esearchresult": {"count": "1", "idlist": ["14"]}},
    }
    found, registry, problems, terms = _search_by_doi(tmp_path, answers, _set(_article("11", doi="10.1/GOOD"), _article("14", doi="10.1/unlike")))
    assert (found, terms, problems) == (["11"], list(answers), [])
    assert registry.unlisted == ["10.1/none", "10.1/two", "10.1/other"], "the article of another DOI is not taken for ours"


def test_one_search_that_is_refused_does_not_hide_the_others(tmp_path: Path):
    answers = {
        "10.1/bad[doi]": {"esearchresult": {"ERROR": "Invalid query"}},
        "10.1/good[doi]": {"esearchresult": {"idlist": ["11"]}},
    }
    found, registry, problems, _ = _search_by_doi(tmp_path, answers, _set(_article("11", doi="10.1/good")))
    assert (found, registry.unread) == (["11"], ["DOI:10.1/bad"])
    assert [p.rule for p in problems] == ["registry not read"]


def test_a_search_that_is_down_leaves_the_rest_to_the_next_time(tmp_path: Path):
    answers = {"10.1/a[doi]": {"esearchresult": {"idlist": ["11"]}}, "10.1/b[doi]": (500, {}, b""), "10.1/c[doi]": (500, {}, b"")}
    found, registry, problems, terms = _search_by_doi(tmp_path, answers, _set(_article("11", doi="10.1/a")))
    assert (found, registry.unread) == (["11"], ["DOI:10.1/b", "DOI:10.1/c"])
    assert "10.1/c[doi]" not in terms and len(problems) == 1


def test_a_refresh_asks_for_pmids_and_dois_and_says_what_pubmed_does_not_list(tiny: Path, tmp_path: Path):
    _only_doi(tiny)

    def handler(path: str, query: dict[str, str], registry: FakeRegistry):
        if path == "/esearch.fcgi":
            return ok({"esearchresult": {"idlist": []}})
        assert query["id"] == "1,2"
        return 200, {}, _set(_article("1", notices=_notice("ExpressionOfConcernIn"))).encode()

    with serving(handler) as server:
        report = refresh(tiny, sources=["pubmed"], online=Quick(cache=tmp_path, pubmed=server.url), day=DAY)
    assert ("concern", ONE) in {(d.kind, d.subject) for d in report.differences}
    assert ("record gone", "2") in {(d.kind, d.ours) for d in report.differences}
    assert "not compared: 10.1000/Third(1): PubMed lists no article with this DOI" in report.notes
