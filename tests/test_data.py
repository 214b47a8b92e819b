"""The curated tables, row by row: one case per row, so that all bad rows show at once."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from mesokg.resources import folder
from mesokg.sheets import Sheet, read_sheets
from mesokg.tables import PLAIN_TABLES, Row, read_tables
from mesokg.tidy import needs_labels, tidy_sheet
from mesokg.vocabulary import read_vocabulary

VOCABULARY = read_vocabulary()
TABLES = read_tables(folder("data"), VOCABULARY)
SHEETS = read_sheets(folder("data"))

KIND = {
    "administrations": "administration", "antigens": "antigen", "arms": "arm", "cell_products": "cells", "cohorts": "cohort",
    "components": "component", "construct_parts": "part", "constructs": "construct", "countries": "country",
    "determinants": "determinant", "drugs": "drug", "experiments": "experiment", "forms": "form", "gene_alterations": "alteration",
    "mechanism_steps": "step", "mechanisms": "mechanism", "model_systems": "model", "organisations": "organisation",
    "payloads": "payload", "publications": "publication", "registry_records": "record", "therapies": "therapy", "trials": "trial",
    "vectors": "vector", "web_pages": "page", "diseases": "disease", "genes": "gene", "taxa": "taxon", "cell_types": "cell-type",
    "anatomical_sites": "site",
}  # fmt: skip
"""How the id of a minted thing begins, by table."""

PATTERNS = {
    "pmid": r"[1-9]\d{0,7}",
    "pmcid": r"PMC[1-9]\d{4,8}",
    "doi": r"10\.\d{4,9}/\S+",
    "countryCode": r"[A-Z]{2}",
    "ncbiGene": r"[1-9]\d*",
    "uniprot": r"[OPQ]\d[A-Z0-9]{3}\d|[A-NR-Z]\d([A-Z][A-Z0-9]{2}\d){1,2}",
    "publicationYear": r"(19[5-9]|20[0-2])\d",
    "pValue": r"([<>=≤]\s*)?\d.*|not significant|NS|ns",
}
OUTSIDE = {
    "HGNC": r"\d+", "MONDO": r"\d{7}", "GO": r"\d{7}", "CL": r"\d{7}", "UBERON": r"\d{7}", "NCBITaxon": r"\d+", "CHEBI": r"\d+",
    "NCIT": r"C\d+", "DRUGBANK": r"DB\d{5}", "cellosaurus": r"CVCL_[A-Z0-9]{4}", "UniProtKB": PATTERNS["uniprot"],
    "NCBIGene": r"\d+",
}  # fmt: skip

COPY_WORDS = {
    "dev", "development", "staging", "stage", "test", "mirror", "proxy", "cache", "webcache", "translate", "mobile", "m", "rss",
    "board", "bbs", "message",
}  # fmt: skip
"""Words of a host or a path that stand for a copy, a trial version of a site, a feed or a message board."""
COPYING_SITES = (
    "capedge.com", "finance.yahoo.co.jp", "mail.inurol.kiev.ua", "medworm.com", "rd.springer.com",
    "4-traders.com", "advfn.com", "ai-analytics.org", "cancerterminology.com", "cytotargetdb.ca", "doaj.org", "grantindex.ai",
    "grantome.com", "iozk.de", "katalog.lib.cas.cz", "koreamed.org", "marketscreener.com", "mesothelioma-line.com",
    "neovisionconsulting.blogspot.com", "prcross.net", "researcher.life", "sciencedaily.com", "scilit.net", "thestreet.com",
    "virginiacancerspecialists.com", "zhihuiya.com",
)  # fmt: skip
"""Sites whose copies are cited by what they copy: filings, releases, news, articles, abstracts, grants and definitions."""
COPYING_FOLDERS = ("github.com/biopragmatics/biomappings", "mesotheliomacenter.org/treatments/gene-therapy-articles")
"""Likewise parts of sites that have pages of their own as well."""


def is_of_a_copy(address: str) -> bool:
    """Whether an address is of a copy of a page that has, or had, an address of its own."""
    parts = urlsplit(address)
    words = {*re.split(r"[.-]", parts.netloc), *parts.path.lower().split("/")}
    folder = f"{parts.netloc.removeprefix('www.')}{parts.path}/"
    return (
        bool(words & COPY_WORDS)
        or f".{parts.netloc}".endswith(tuple(f".{site}" for site in COPYING_SITES))
        or folder.startswith(tuple(f"{known}/" for known in COPYING_FOLDERS))
    )


def case(row: Row) -> str:
    return f"{row.table}:{row.line}"


@pytest.mark.parametrize("row", TABLES.rows, ids=case)
def test_row(row: Row) -> None:
    cells = {cell.property.name: cell for cell in row.cells}
    curie = next(s for s in SHEETS if s.name == row.table).rows[row.line - 2][1][0] if row.report is None else ""
    prefix, _, local = curie.partition(":")
    if prefix == "mkg":
        assert local.startswith(KIND[row.table] + "-"), f"{curie} should begin with mkg:{KIND[row.table]}-"
    elif curie:
        assert re.fullmatch(OUTSIDE[prefix], local), f"{curie} is not an identifier of {prefix}"
    for name, pattern in PATTERNS.items():
        for value in cells[name].values if name in cells else ():
            assert re.fullmatch(pattern, value.value), f"{name} {value.value!r}"
    numbers = {n: float(cells[n].values[0].value) for n in ("numerator", "denominator", "value", "lowerLimit", "upperLimit") if n in cells and cells[n].values}
    if {"numerator", "denominator"} <= numbers.keys():
        assert 0 <= numbers["numerator"] <= numbers["denominator"]
        percent = "resultUnit" in cells and any(v.value.endswith("/resultUnitPercent") for v in cells["resultUnit"].values)
        if percent and numbers["denominator"] and "value" in numbers:
            number, of = int(numbers["numerator"]), int(numbers["denominator"])
            places = len(cells["value"].values[0].value.partition(".")[2])
            # half a unit of the last digit, and a little for sources that cut digits off
            if abs(numbers["value"] - 100 * number / of) > 0.6 * 10**-places:
                notes = [v.value for v in cells["resultNote"].values] if "resultNote" in cells else []
                assert any("printed as" in note and f"{number} of {of} is {100 * number / of:.0f}%" in note for note in notes), "a percentage that is not that of its counts says so"
    if {"lowerLimit", "upperLimit"} <= numbers.keys():
        assert numbers["lowerLimit"] <= numbers["upperLimit"]
    for moment in (row.record_date, row.checked_on, row.as_of):
        if moment:
            assert 1950 <= moment.first_day.year <= 2026
    if row.record_date and row.checked_on:
        assert row.record_date.first_day <= row.checked_on.first_day or row.record_date.first_day.year == row.checked_on.first_day.year
    if row.source:
        assert row.checked_on
        assert row.evidence
        assert row.locator
    hosts = [v.value for cell in row.cells if cell.property.name == "url" for v in cell.values]
    assert not [host for host in hosts if re.search(r"localhost|127\.0\.0\.1|/mirror", host)]
    assert not [host for host in hosts if is_of_a_copy(host)]


@pytest.mark.parametrize(
    "address",
    [
        "https://dev.example.org/speaker?id=1", "https://index.web-dev.example.org/1", "https://m.example.org/news", "http://rss.example.org/de/1",
        "https://example.org/cm/message/1", "https://example.org/proxy/1", "https://www.capedge.com/filing/1",
        "https://discovery.researcher.life/article/1", "https://mesotheliomacenter.org/treatments/gene-therapy-articles/",
        "https://github.com/biopragmatics/biomappings/blob/1/notebooks/sample_info.csv",
    ],
)  # fmt: skip
def test_address_of_a_copy_is_seen(address: str) -> None:
    assert is_of_a_copy(address)
    assert not is_of_a_copy("https://www.mt-gene.com/en/information/detail.php?id=51&page=m")
    assert not is_of_a_copy("https://github.com/IARCbioinfo/MESOMICS_data")


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda sheet: sheet.name)
def test_sheet_is_in_form(sheet: Sheet) -> None:
    """`mesokg tidy` brings a table into its form: order of rows and columns, labels beside outside identifiers."""
    tidied = tidy_sheet(sheet, TABLES, VOCABULARY)
    assert sheet.header == tidied.header
    assert [cells for _, cells in sheet.rows] == [cells for _, cells in tidied.rows]


@pytest.mark.parametrize("sheet", [s for s in SHEETS if s.name not in PLAIN_TABLES], ids=lambda sheet: sheet.name)
def test_every_column_reaches_the_graph(sheet: Sheet, real_build: Path) -> None:
    text = (real_build / "mesokg.ttl").read_text(encoding="utf-8")
    spec = VOCABULARY.tables[sheet.name]
    columns = [name for name in sheet.header if name in spec.columns]
    assert columns or sheet.name in ("organisations", "drugs", "mechanisms", "cell_types", "components")
    assert [name for name in columns if f"mesokg:{name}" not in text] == []


def test_outside_identifiers_stand_beside_labels() -> None:
    for sheet in SHEETS:
        spec = VOCABULARY.tables.get(sheet.name)
        for index, name in enumerate(sheet.header):
            if spec and needs_labels(name, [cells[index] for _, cells in sheet.rows], spec):
                assert name + "_label" in sheet.header, f"{sheet.name}.{name}"


def test_one_label_names_one_thing_in_a_table() -> None:
    seen: dict[tuple[str, str], str] = {}
    for row in TABLES.rows:
        if row.report is None:
            assert seen.setdefault((row.table, row.label.casefold()), row.subject) == row.subject, row.label


def test_every_trial_has_a_source_and_every_therapy_a_vector_or_a_reason(real_store) -> None:
    lost = real_store.query(
        "SELECT ?trial WHERE { ?trial a mesokg:Trial FILTER NOT EXISTS { ?a mesokg:subject ?trial ; mesokg:source ?s } }"
    )
    assert lost.rows == ()
    bare = real_store.query(
        "SELECT ?t WHERE { ?t a mesokg:Therapy FILTER NOT EXISTS { ?t mesokg:usesVector ?v } FILTER NOT EXISTS { ?t mesokg:vectorAbsenceReason ?r } }"
    )
    assert [row[0].value for row in bare.rows] == []


OTHER_TUMOUR = re.compile(
    r"ovarian|lung|breast|pancreatic|cervical|thymic|oesophageal|colorectal|melanoma|cholangiocarcinoma|glioblastoma|peritoneal cancer"
    r"|carcinomatosis|(metastatic|or malignant) pleural effusion"
)
"""Other tumours, or effusions and carcinomatosis of other tumours, as `population` names them."""

UNNAMED = re.compile(r"tumours|cancers|pleural disease|effusion|mesothelioma of \d")
"""Words for more than mesothelioma that name no tumour."""

TUMOURS_NOT_SEEN = {
    ("mkg:trial-NCT01598129", "solid tumours refractory to available treatments"): "the abstract names none",
    ("mkg:trial-NCT01598129", "advanced solid tumours"): "told of the same trial in the abstract of a later one, which names mesothelioma only",
    ("mkg:trial-ad5d24gmcsf-atap", "advanced solid tumours, 2 of 20 mesothelioma"): "the review tells the share of mesothelioma only",
}


def test_outcomes_of_mixed_trials_say_which_tumours() -> None:
    """Of a trial that studies more than mesothelioma, each population is mesothelioma alone or names another tumour."""
    cells = {s.name: [dict(zip(s.header, row, strict=True)) for _, row in s.rows] for s in SHEETS if s.name in ("trials", "outcomes")}
    mixed = {t["id"] for t in cells["trials"] if t["tumourScope"] == "mixed" or any("mesothelioma" not in d for d in t["studies_label"].split("|") if d)}
    told = {(o["outcomeOf"], o["population"]) for o in cells["outcomes"] if o["outcomeOf"] in mixed}
    silent = {(t, p) for t, p in told if not OTHER_TUMOUR.search(p) and ("mesothelioma" not in p or UNNAMED.search(p))}
    assert silent == TUMOURS_NOT_SEEN.keys()


def test_names_without_an_assertion_say_where_they_were_seen() -> None:
    """The other names of a thing are asserted with their source, or the row that lists them says in which list, record or publication they stand."""
    missing = []
    for sheet in SHEETS:
        if "synonyms" not in sheet.header:
            continue
        for line, cells in sheet.rows:
            row = dict(zip(sheet.header, cells, strict=True))
            if row["synonyms"] and not row.get("source") and not row.get("namedIn") and not row.get("confirmedIn"):
                missing.append(f"{sheet.name}:{line} {row['synonyms']}")
    assert not missing
