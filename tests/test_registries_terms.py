"""Outside identifiers: what each authority answers, every place where we use one, and what is not compared, by name."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from mesokg.errors import Problem
from mesokg.identifiers import expand
from mesokg.refresh import refresh
from mesokg.registries import terms
from mesokg.registries.authorities import TermRecord, read_answer
from mesokg.registries.cache import Cache
from mesokg.registries.compare_terms import TermComparison
from mesokg.registries.comparison import Comparison
from mesokg.registries.drift import DriftReport
from mesokg.registries.files import kind_of
from mesokg.registries.ours import Ours
from mesokg.registries.outside import Use, outside_identifiers
from mesokg.registries.terms import AUTHORITIES, NOT_ASKED, authority_of, read_terms
from mesokg.registries.web import Client, Policy
from registries.fake_registry import FakeRegistry, ok, serving
from registries.quick import Quick

DAY = date(2026, 11, 24)
CVCL: dict[str, Any] = {
    "Cellosaurus": {
        "cell-line-list": [
            {
                "accession-list": [{"type": "primary", "value": "CVCL_0001"}, {"type": "secondary", "value": "CVCL_0002"}],
                "name-list": [{"type": "identifier", "value": "EX-1"}, {"type": "synonym", "value": "Ex1"}],
                "comment-list": [{"category": "Problematic cell line", "value": "Contaminated. Is HeLa."}, {"category": "Group", "value": "x"}],
            }
        ]
    }
}
PROTEIN: dict[str, Any] = {
    "entryType": "UniProtKB reviewed (Swiss-Prot)",
    "primaryAccession": "P00001",
    "secondaryAccessions": ["P00002"],
    "proteinDescription": {
        "recommendedName": {"fullName": {"value": "Examplin"}, "shortNames": [{"value": "EXP"}]},
        "alternativeNames": [{"fullName": {"value": "Protein X"}}],
    },
    "genes": [{"geneName": {"value": "EXA1"}, "synonyms": [{"value": "EXAM"}]}],
    "entryAudit": {"lastAnnotationUpdateDate": "2026-08-13"},
}
MERGED = {"entryType": "Inactive", "primaryAccession": "P00009", "inactiveReason": {"inactiveReasonType": "MERGED", "mergeDemergeTo": ["P00001"]}}
GENES: dict[str, Any] = {
    "header": {"type": "esummary", "version": "0.3"},
    "result": {
        "uids": ["672", "5", "6", "7"],
        "672": {"uid": "672", "name": "BRCA1", "status": "", "currentid": "", "nomenclaturesymbol": "BRCA1", "otheraliases": "IRIS, PSCP"},
        "5": {"uid": "5", "name": "OLD1", "status": "1", "currentid": "672", "nomenclaturesymbol": "", "otheraliases": ""},
        "6": {"uid": "6", "error": "cannot get document summary"},
        "7": {"uid": "7", "name": "LIVE", "status": 0, "currentid": 0},
    },
}
HGNC = {
    "response": {
        "docs": [
            {
                "hgnc_id": "HGNC:7371", "symbol": "MSLN", "status": "Approved", "entrez_id": "10232", "uniprot_ids": ["Q13421"],
                "ensembl_gene_id": "ENSG00000102854", "date_modified": "2023-01-20T00:00:00Z",
            }
        ]
    }
}  # fmt: skip

HEADING: dict[str, Any] = {
    "@id": "http://id.nlm.nih.gov/mesh/D000001",
    "@type": "http://id.nlm.nih.gov/mesh/vocab#TopicalDescriptor",
    "http://id.nlm.nih.gov/mesh/vocab#active": True,
    "identifier": "D000001",
    "label": {"@language": "en", "@value": "Examples"},
    "dateRevised": "2020-07-08",
}
SCHEMA = """
@prefix biolink: <https://w3id.org/biolink/vocab/> .
@prefix fabio: <http://purl.org/spar/fabio/> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
<http://purl.org/spar/fabio> owl:versionIRI <http://purl.org/spar/fabio/2026-05-18> .
biolink:Cell a owl:Class ; rdfs:label "cell" ; skos:altLabel "a cell", "Zelle"@de ; skos:exactMatch <http://example.org/cell> .
biolink:Old a owl:Class ; rdfs:label "old" ; owl:deprecated true ; <http://purl.obolibrary.org/obo/IAO_0100001> biolink:Cell .
fabio:Letter a owl:Class ; rdfs:label "Brief"@de, "letter"@en ; rdfs:subClassOf [ a owl:Restriction ; rdfs:label "no term" ] .
<http://example.org/cell> rdfs:label "a cell of others" .
fabio:Unnamed a owl:Class .
"""


def _read(raw: object) -> tuple[dict[str, TermRecord], list[str]]:
    problems: list[Problem] = []
    return {r.curie: r for r in read_answer(raw, "here", problems)}, [p.rule for p in problems]


# ---------------------------------------------------------------- readers


def test_cellosaurus():
    found, problems = _read(CVCL)
    assert problems == []
    line, old = found["cellosaurus:CVCL_0001"], found["cellosaurus:CVCL_0002"]
    assert (line.label, line.synonyms, line.warning, line.obsolete) == ("EX-1", ("Ex1",), "Contaminated. Is HeLa.", False)
    assert (old.obsolete, old.replaced_by) == (True, "cellosaurus:CVCL_0001")


def test_uniprot_active_merged_and_demerged():
    found, problems = _read(PROTEIN)
    entry, old = found["UniProtKB:P00001"], found["UniProtKB:P00002"]
    assert problems == []
    assert (entry.label, entry.synonyms, entry.modified) == ("Examplin", ("EXA1", "EXAM", "Protein X", "EXP"), "2026-08-13")
    assert (old.obsolete, old.replaced_by) == (True, "UniProtKB:P00001"), "the registry led us from a merged accession to this entry"
    found, _ = _read({"results": [MERGED, {**MERGED, "primaryAccession": "P00008", "inactiveReason": {"inactiveReasonType": "DELETED"}}]})
    assert (found["UniProtKB:P00009"].obsolete, found["UniProtKB:P00009"].replaced_by) == (True, "UniProtKB:P00001")
    assert (found["UniProtKB:P00008"].obsolete, found["UniProtKB:P00008"].replaced_by) == (True, "")


def test_ncbi_gene():
    found, problems = _read(GENES)
    assert (found["NCBIGene:672"].label, found["NCBIGene:672"].synonyms, found["NCBIGene:672"].obsolete) == ("BRCA1", ("BRCA1", "IRIS", "PSCP"), False)
    assert (found["NCBIGene:5"].obsolete, found["NCBIGene:5"].replaced_by) == (True, "NCBIGene:672")
    assert found["NCBIGene:7"].obsolete is False
    assert problems == ["no gene"] and "NCBIGene:6" not in found


def test_mesh():
    found, problems = _read(HEADING)
    heading = found["MESH:D000001"]
    assert (heading.label, heading.obsolete, heading.modified, heading.source, problems) == ("Examples", False, "2020-07-08", "MeSH", [])
    labels = [{"@language": "de", "@value": "Beispiele"}, {"@language": "en", "@value": "Examples"}]
    found, _ = _read({**HEADING, "http://id.nlm.nih.gov/mesh/vocab#active": False, "label": labels})
    assert (found["MESH:D000001"].label, found["MESH:D000001"].obsolete) == ("Examples", True)


def test_schemas(tmp_path: Path):
    problems: list[Problem] = []
    (tmp_path / "a.ttl").write_text(SCHEMA)
    found = {r.curie: r for r in read_terms(tmp_path / "a.ttl", problems)}
    assert found == {
        "biolink:Cell": TermRecord("biolink:Cell", "cell", ("a cell",), modified="2026-05-18", source="Biolink Model"),
        "biolink:Old": TermRecord("biolink:Old", "old", obsolete=True, replaced_by="biolink:Cell", modified="2026-05-18", source="Biolink Model"),
        "fabio:Letter": TermRecord("fabio:Letter", "letter", modified="2026-05-18", source="FaBiO"),
    }
    assert problems == [] and kind_of(tmp_path / "a.ttl") == "terms"


@pytest.mark.parametrize(("text", "rule"), [("<a> <b>", "malformed RDF"), ("", "no term"), ("<http://a.org/b> <http://a.org/c> 'd' .", "no term")])
def test_a_schema_that_is_none_is_said(tmp_path: Path, text: str, rule: str):
    problems: list[Problem] = []
    (tmp_path / "a.ttl").write_text(text)
    assert list(read_terms(tmp_path / "a.ttl", problems)) == []
    assert [(p.file, p.rule) for p in problems] == [("a.ttl", rule)]


def test_hgnc_links():
    found, _ = _read(HGNC)
    assert found["HGNC:7371"].links == {"NCBIGene": ("10232",), "UniProtKB": ("Q13421",), "ENSEMBL": ("ENSG00000102854",)}


@pytest.mark.parametrize(
    "raw",
    [
        3, {}, {"Cellosaurus": {}}, {"Cellosaurus": {"cell-line-list": [{"name-list": 3}]}}, {"primaryAccession": 3}, {"results": [{}]},
        {"result": {"uids": {}}}, {"result": []}, {"response": 3}, {"response": {"docs": [{}]}}, {"_embedded": {"terms": [{}]}},
        {"@id": "http://id.nlm.nih.gov/mesh/D000001"}, {"@id": "http://id.nlm.nih.gov/mesh/"},
    ],
)  # fmt: skip
def test_answers_of_another_shape_are_said(raw: object):
    found, problems = _read(raw)
    assert found == {} and len(problems) == 1


def test_files_of_all_authorities_are_told_from_studies(tmp_path: Path):
    for number, raw in enumerate((CVCL, PROTEIN, GENES, HGNC, HEADING)):
        path = tmp_path / f"{number}.json.gz"
        path.write_bytes(gzip.compress(json.dumps(raw).encode()))
        assert kind_of(path) == "terms"
        assert list(read_terms(path, [])), raw


# ---------------------------------------------------------------- what we use


def test_every_prefix_that_we_use_is_asked_about_or_named_with_its_reason():
    used = {curie.partition(":")[0] for curie in outside_identifiers(Ours())}
    assert {"HGNC", "MONDO", "GO", "CL", "UBERON", "NCBITaxon", "CHEBI", "NCIT", "cellosaurus", "UniProtKB", "NCBIGene", "ECO", "DRUGBANK", "MESH", "biolink", "fabio"} <= used
    assert set(NOT_ASKED) == {"DRUGBANK", "ENSEMBL", "OMIM"}, "two that need a key, and one that another answers for"
    assert sorted(p for p in used if authority_of(p) is None and p not in NOT_ASKED) == []


def test_the_places_of_an_identifier():
    uses = outside_identifiers(Ours())
    assert [(u.place, u.named) for u in uses["HGNC:7371"]] == [("data/genes.tsv", True)]
    assert {u.place for u in uses["NCBIGene:10232"]} == {"data/genes.tsv ncbiGene", "ontology/mappings/genes.sssom.tsv"}
    assert not any(u.named for u in uses["NCBIGene:10232"]), "the number of a gene that we name by HGNC"
    assert uses["ECO:0000180"][0] == Use("ECO:0000180", expand("ECO:0000180"), "clinical study evidence", "ontology/imports/eco_terms.txt", named=True)


# ---------------------------------------------------------------- comparing


def _compare(tiny: Path, record: TermRecord, *uses: Use) -> DriftReport:
    run = Comparison(Ours(tiny), DAY)
    wanted = {use.curie: [u for u in uses if u.curie == use.curie] for use in uses}
    TermComparison(run).compare([record], wanted)
    return run.report()


THING = expand("HGNC:7371")


@pytest.mark.parametrize(
    ("record", "named", "expected"),
    [
        (TermRecord("X:1", "other", source="A"), True, [("renamed", "medium", "label")]),
        (TermRecord("X:1", "other", ("Our Label",), source="A"), True, [("renamed", "low", "label")]),
        (TermRecord("X:1", "other", ("Our Label",), source="A"), False, []),
        (TermRecord("X:1", "our-label", source="A"), True, []),
        (TermRecord("X:1", "obsolete our label", obsolete=True, replaced_by="X:2", source="A"), True, [("obsolete", "high", "id")]),
        (TermRecord("X:1", "our label", obsolete=True, source="A"), False, [("obsolete", "medium", "id")]),
        (TermRecord("X:1", "our label", warning="contaminated", source="A"), True, [("warning", "high", "id")]),
    ],
)
def test_label_obsolescence_and_warnings(tiny: Path, record: TermRecord, named: bool, expected: list):
    report = _compare(tiny, record, Use("X:1", THING, "our label", "data/x.tsv", named=named))
    assert [(d.kind, d.severity, d.property) for d in report.differences] == expected
    assert all(d.our_source == "data/x.tsv" for d in report.differences)


@pytest.mark.parametrize(("theirs", "expected"), [(("10232",), []), (("10232", "1"), []), (("999",), [("changed", "10232", "999")])])
def test_links_to_other_registries(tiny: Path, theirs: tuple[str, ...], expected: list):
    record = TermRecord("HGNC:7371", "MSLN", source="HGNC", links={"NCBIGene": theirs, "UniProtKB": ("Q1",)})
    uses = (Use("HGNC:7371", THING, "MSLN", "data/genes.tsv", named=True), Use("NCBIGene:10232", THING, "MSLN", "data/genes.tsv ncbiGene"))
    report = _compare(tiny, record, *uses)
    assert [(d.kind, d.ours, d.theirs) for d in report.differences] == expected, "and no word of UniProtKB, where we say nothing"


def test_from_files_each_prefix_without_an_answer_is_named(tmp_path: Path):
    (tmp_path / "a.json").write_text(json.dumps([HGNC, CVCL]))
    report = refresh(sources=["terms"], path=tmp_path, day=DAY)
    left = {n.split(" ")[2] for n in report.notes if n.startswith("not compared: ")}
    assert {"HGNC", "MONDO", "UniProtKB", "cellosaurus", "NCBIGene", "DRUGBANK", "ENSEMBL"} <= left
    assert any(n.startswith("not compared: DRUGBANK (") and n.endswith("its interface needs a key") for n in report.notes)
    assert report.agreed >= 2, "label and NCBI Gene number of MSLN"


# ---------------------------------------------------------------- over the network


@contextmanager
def _asking(url: str, folder: Path, problems: list[Problem]) -> Iterator[terms.Registry]:
    policy = Policy(interval=0.0, tries=2, timeout=2.0, deadline=2.0)
    with ExitStack() as stack:
        clients = {
            a.client: stack.enter_context(
                Client(a.client, url, cache=Cache(folder), policy=policy, accept="application/json", sleep=lambda seconds: None)
            )
            for a in AUTHORITIES
        }
        yield terms.Registry(clients, problems)


def test_schemas_and_headings_over_the_network(tmp_path: Path):
    def handler(path: str, query: dict[str, str], registry: FakeRegistry):
        if path.endswith(".ttl"):
            return 200, {"Content-Type": "text/plain"}, SCHEMA.encode()
        return ok(HEADING if path == "/D000001.json" else {})  # MeSH answers so about a number that it does not know

    problems: list[Problem] = []
    wanted = ["MESH:D000001", "MESH:D999999", "biolink:Cell", "biolink:Old", "biolink:Gone", "fabio:Letter"]
    with serving(handler) as server, _asking(server.url, tmp_path, problems) as registry:
        found = {r.curie: r.label for r in registry.by_curie(wanted)}
        assert [a.rpartition("/")[2] for a in server.asked] == ["D000001.json", "D999999.json", "biolink_model.owl.ttl", "fabio.ttl"]
    assert found == {"MESH:D000001": "Examples", "biolink:Cell": "cell", "biolink:Old": "old", "fabio:Letter": "letter"}
    assert (registry.missing, registry.outside, registry.unread, problems) == (["MESH:D999999", "biolink:Gone"], [], [], [])


def test_a_schema_that_cannot_be_read_takes_no_term_away(tmp_path: Path):
    problems: list[Problem] = []
    with serving(lambda path, query, registry: (200, {}, b"<a> <b>")) as server, _asking(server.url, tmp_path, problems) as registry:
        assert list(registry.by_curie(["biolink:Cell", "biolink:Gene"])) == []
    assert (registry.missing, registry.unread) == ([], ["biolink:Cell", "biolink:Gene"])
    assert [p.rule for p in problems] == ["registry not read"]


ANSWERS = {"/fetch/hgnc_id/7371": HGNC, "/uniprotkb/P00002.json": PROTEIN, "/cell-line/CVCL_0001": CVCL, "/esummary.fcgi": GENES}


def test_each_authority_is_asked_for_its_own_and_in_json(tmp_path: Path):
    accepted: set[str] = set()

    def handler(path: str, query: dict[str, str], registry: FakeRegistry):
        accepted.add(registry.raw.headers["Accept"])
        if path == "/terms":
            return ok({"page": {"totalElements": 0}})  # OLS leaves _embedded out where it knows no such term
        return ok(ANSWERS[path]) if path in ANSWERS else (404, {}, b"")

    problems: list[Problem] = []
    wanted = ["HGNC:7371", "MONDO:0000001", "UniProtKB:P00002", "cellosaurus:CVCL_0001", "cellosaurus:CVCL_9999", "NCBIGene:672", "NCBIGene:5", "DRUGBANK:DB1"]
    with serving(handler) as server, _asking(server.url, tmp_path, problems) as registry:
        found = {r.curie: r for r in registry.by_curie(wanted)}
        assert sum("esummary" in asked for asked in server.asked) == 1, "genes are asked for in one request"
    assert accepted == {"application/json"}
    assert set(found) == {"HGNC:7371", "UniProtKB:P00002", "cellosaurus:CVCL_0001", "NCBIGene:672", "NCBIGene:5"}
    assert found["UniProtKB:P00002"].replaced_by == "UniProtKB:P00001"
    assert (registry.missing, registry.outside, registry.unread) == (["MONDO:0000001", "cellosaurus:CVCL_9999"], ["DRUGBANK:DB1"], [])


def test_properties_and_individuals_of_an_ontology_are_found_by_their_iri(tmp_path: Path):
    part = {"obo_id": "RO:0001000", "label": "derives from", "ontology_name": "ro", "is_obsolete": False, "is_defining_ontology": True}

    def handler(path: str, query: dict[str, str], registry: FakeRegistry):
        if (path, query.get("iri")) == ("/properties", "http://purl.obolibrary.org/obo/RO_0001000"):
            return ok({"_embedded": {"properties": [part]}})
        return ok({"page": {"totalElements": 0}})

    problems: list[Problem] = []
    with serving(handler) as server, _asking(server.url, tmp_path, problems) as registry:
        assert [(r.curie, r.label) for r in registry.by_curie(["RO:0001000", "RO:0009999", "SIO:1"])] == [("RO:0001000", "derives from")]
    assert registry.missing == ["RO:0009999", "SIO:1"] and problems == []


def test_an_authority_that_is_down_is_asked_no_further_and_the_others_are_read(tmp_path: Path):
    def handler(path: str, query: dict[str, str], registry: FakeRegistry):
        return ok(HGNC) if path.startswith("/fetch") else (500, {}, b"")

    problems: list[Problem] = []
    with serving(handler) as server, _asking(server.url, tmp_path, problems) as registry:
        assert [r.curie for r in registry.by_curie(["GO:1", "CL:1", "HGNC:7371"])] == ["HGNC:7371"]
        assert sum(a.startswith("/terms") for a in server.asked) == 2, "two tries of the first, none of the second"
    assert registry.unread == ["GO:1", "CL:1"]
    assert [(p.file, p.rule) for p in problems] == [("OLS", "registry not read")]


def test_one_refused_identifier_does_not_hide_the_next_but_three_do(tmp_path: Path):
    def handler(path: str, query: dict[str, str], registry: FakeRegistry):
        return ok(HGNC) if path.endswith("/7371") else (400, {}, b"malformed id")

    problems: list[Problem] = []
    with serving(handler) as server, _asking(server.url, tmp_path, problems) as registry:
        wanted = ["HGNC:1", "HGNC:7371", "HGNC:2", "HGNC:3", "HGNC:4", "HGNC:5"]
        assert [r.curie for r in registry.by_curie(wanted)] == ["HGNC:7371"]
        assert len(server.asked) == 4
    assert registry.unread == ["HGNC:1", "HGNC:2", "HGNC:3", "HGNC:4", "HGNC:5"]


def test_a_refresh_of_terms_over_the_network_names_what_was_not_compared(tmp_path: Path):
    def handler(path: str, query: dict[str, str], registry: FakeRegistry):
        return ok(ANSWERS[path]) if path in ANSWERS else (404, {}, b"")

    with serving(handler) as server:
        online = Quick.at(server.url, tmp_path)
        report = refresh(sources=["terms"], ids=["HGNC:7371", "DRUGBANK:DB00441", "RO:0001000", "MONDO:0005112"], online=online, day=DAY)
    assert any(n.startswith("not compared: DRUGBANK (1): ") for n in report.notes)
    assert any(n.startswith("not compared: ENSEMBL (1): compared through HGNC") for n in report.notes)
    assert any(n.startswith("not compared: RO (1): OLS knows none") for n in report.notes)
    gone = {(d.ours, d.severity) for d in report.differences if d.kind == "record gone"}
    assert ("MONDO:0005112", "high") in gone and not any(ours.startswith("RO:") for ours, _ in gone)
    assert ("UniProtKB:Q13421", "medium") in gone, "its authority does not know it, and it is only our cross-reference"
