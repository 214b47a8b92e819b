"""What authorities answer about identifiers: HGNC, OLS, UniProt, Cellosaurus, NCBI Gene and MeSH, each as records.

===============  ==========================================  =====================================================
authority        answer                                      what says that an identifier is no longer current
===============  ==========================================  =====================================================
HGNC             ``response.docs``                           a ``status`` other than Approved
OLS              ``_embedded.terms``, or properties …        ``is_obsolete``, ``term_replaced_by``
UniProt          one entry, or ``results``                   ``entryType`` Inactive with ``inactiveReason``
Cellosaurus      ``Cellosaurus.cell-line-list``              the accession is a secondary one
NCBI Gene        ``result`` with ``uids`` (ESummary)         ``status`` or ``currentid`` is filled
MeSH             one resource, its ``@id`` at NLM            ``active`` is false
===============  ==========================================  =====================================================
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from mesokg.errors import Problem
from mesokg.identifiers import PREFIXES
from mesokg.registries.faults import fault
from mesokg.registries.plain import whole

__all__ = ["TermRecord", "read_answer"]


@dataclass(frozen=True)
class TermRecord:
    """What an authority says of one identifier. ``modified`` is the record's date where it gives one, ``links`` the
    identifiers of the same thing elsewhere by prefix, ``warning`` what the authority warns of.
    """

    curie: str
    label: str
    synonyms: tuple[str, ...] = ()
    obsolete: bool = False
    replaced_by: str = ""
    modified: str = ""
    source: str = ""
    warning: str = ""
    links: dict[str, tuple[str, ...]] = field(default_factory=dict, compare=False)


_MESH = re.compile(r"https?://id\.nlm\.nih\.gov/mesh/([A-Z]\d+)$")
_ACTIVE = "http://id.nlm.nih.gov/mesh/vocab#active"


def _text(value: Any) -> str:
    return whole(value) if isinstance(value, str) else ""


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(whole(v) for v in value if isinstance(v, str)) if isinstance(value, list) else ()


def _objects(value: Any) -> list[dict[str, Any]]:
    return [v for v in value if isinstance(v, dict)] if isinstance(value, list) else []


def read_answer(raw: Any, place: str, problems: list[Problem]) -> Iterator[TermRecord]:
    """The records of one answer of any of the authorities, told apart by its form."""
    if not isinstance(raw, dict):
        problems.append(fault(place, "no term", str(raw)[:80], "give answers of HGNC, OLS, UniProt, Cellosaurus, NCBI Gene or MeSH"))
    elif "Cellosaurus" in raw:
        yield from _cellosaurus(raw, place, problems)
    elif "primaryAccession" in raw or "results" in raw:
        yield from _uniprot(raw, place, problems)
    elif "response" in raw:
        yield from _hgnc(raw, place, problems)
    elif "result" in raw:
        yield from _ncbi_gene(raw, place, problems)
    elif _MESH.match(_text(raw.get("@id"))):
        yield from _mesh(raw, place, problems)
    else:
        yield from _ols(raw, place, problems)


def _hgnc(raw: dict[str, Any], place: str, problems: list[Problem]) -> Iterator[TermRecord]:
    response = raw.get("response")
    docs = response.get("docs") if isinstance(response, dict) else None
    if not isinstance(docs, list):
        problems.append(fault(place, "no gene", str(raw)[:80], "an answer of HGNC has response.docs"))
        return
    for doc in docs:
        if not isinstance(doc, dict) or not re.fullmatch(r"HGNC:\d+", _text(doc.get("hgnc_id"))):
            problems.append(fault(place, "no HGNC id", str(doc)[:80], "the gene was left out"))
            continue
        withdrawn = _text(doc.get("status")) not in ("Approved", "")
        merged = re.search(r"HGNC:\d+", " ".join((_text(doc.get("name")), *_texts(doc.get("merged_into_report")))))
        links = {
            "NCBIGene": tuple(filter(None, (_text(doc.get("entrez_id")),))),
            "UniProtKB": _texts(doc.get("uniprot_ids")),
            "ENSEMBL": tuple(filter(None, (_text(doc.get("ensembl_gene_id")),))),
        }
        yield TermRecord(
            curie=doc["hgnc_id"],
            label=_text(doc.get("symbol")),
            synonyms=(*_texts(doc.get("prev_symbol")), *_texts(doc.get("alias_symbol"))),
            obsolete=withdrawn,
            replaced_by=merged[0] if withdrawn and merged else "",
            modified=_text(doc.get("date_modified"))[:10],
            source="HGNC",
            links={prefix: found for prefix, found in links.items() if found},
        )


def _curie(text: str) -> str:
    """A CURIE from the several forms in which OLS names a replacement."""
    for prefix, iri in PREFIXES.items():
        if text.startswith(iri):
            return f"{prefix}:{text.removeprefix(iri)}"
    return re.sub(r"^([A-Za-z]+)_", r"\1:", text)


def _ols(raw: dict[str, Any], place: str, problems: list[Problem]) -> Iterator[TermRecord]:
    """Where several ontologies carry a term, the record is that of the one that defines it."""
    embedded = raw.get("_embedded")
    kinds = ("terms", "properties", "individuals")
    terms = next((embedded[kind] for kind in kinds if kind in embedded), None) if isinstance(embedded, dict) else None
    if not isinstance(terms, list):
        problems.append(fault(place, "no term", str(raw)[:80], "an answer of OLS has _embedded.terms"))
        return
    best: dict[str, dict[str, Any]] = {}
    for one in terms:
        curie = _text(one.get("obo_id")) if isinstance(one, dict) else ""
        if not curie:
            problems.append(fault(place, "no term id", str(one)[:80], "the term was left out"))
        elif curie not in best or one.get("is_defining_ontology") is True:
            best[curie] = one
    for curie, one in best.items():
        yield TermRecord(
            curie=curie,
            label=_text(one.get("label")),
            synonyms=_texts(one.get("synonyms")),
            obsolete=one.get("is_obsolete") is True,
            replaced_by=_curie(_text(one.get("term_replaced_by"))),
            source=_text(one.get("ontology_name")).upper() or "OLS",
        )


def _name(value: Any) -> str:
    """``fullName.value`` and its like."""
    return _text(value.get("value")) if isinstance(value, dict) else ""


def _uniprot(raw: dict[str, Any], place: str, problems: list[Problem]) -> Iterator[TermRecord]:
    for entry in _objects(raw["results"]) if "results" in raw else [raw]:
        accession = _text(entry.get("primaryAccession"))
        if not accession:
            problems.append(fault(place, "no accession", str(entry)[:80], "the entry was left out"))
            continue
        description = entry.get("proteinDescription")
        names = description if isinstance(description, dict) else {}
        recommended = names.get("recommendedName") if isinstance(names.get("recommendedName"), dict) else {}
        alternative = [*_objects(names.get("alternativeNames")), *_objects(names.get("submissionNames"))]
        genes = [n for g in _objects(entry.get("genes")) for n in (g.get("geneName"), *_objects(g.get("synonyms")))]
        reason = entry.get("inactiveReason") if isinstance(entry.get("inactiveReason"), dict) else {}
        audit = entry.get("entryAudit") if isinstance(entry.get("entryAudit"), dict) else {}
        more = [_name(a.get("fullName")) for a in alternative]
        more += [_name(s) for a in (recommended, *alternative) for s in _objects(a.get("shortNames"))]
        modified = _text(audit.get("lastAnnotationUpdateDate"))
        yield TermRecord(
            curie=f"UniProtKB:{accession}",
            label=_name(recommended.get("fullName")),
            synonyms=tuple(filter(None, (*map(_name, genes), *more))),
            obsolete=_text(entry.get("entryType")) == "Inactive",
            replaced_by=", ".join(f"UniProtKB:{a}" for a in _texts(reason.get("mergeDemergeTo"))),
            modified=modified,
            source="UniProt",
        )
        # an accession that was merged into this entry stays among its secondary ones
        for old in _texts(entry.get("secondaryAccessions")):
            yield TermRecord(f"UniProtKB:{old}", "", obsolete=True, replaced_by=f"UniProtKB:{accession}", modified=modified, source="UniProt")


def _cellosaurus(raw: dict[str, Any], place: str, problems: list[Problem]) -> Iterator[TermRecord]:
    whole = raw["Cellosaurus"]
    lines = whole.get("cell-line-list") if isinstance(whole, dict) else None
    if not isinstance(lines, list):
        problems.append(fault(place, "no cell line", str(raw)[:80], "an answer of Cellosaurus has Cellosaurus.cell-line-list"))
        return
    for line in lines:
        accessions = _objects(line.get("accession-list")) if isinstance(line, dict) else []
        primary = next((_text(a.get("value")) for a in accessions if a.get("type") == "primary"), "")
        if not primary:
            problems.append(fault(place, "no accession", str(line)[:80], "the cell line was left out"))
            continue
        names = [(_text(n.get("type")), _text(n.get("value"))) for n in _objects(line.get("name-list"))]
        warnings = [_text(c.get("value")) for c in _objects(line.get("comment-list")) if c.get("category") == "Problematic cell line"]
        yield TermRecord(
            curie=f"cellosaurus:{primary}",
            label=next((value for kind, value in names if kind == "identifier"), ""),
            synonyms=tuple(value for kind, value in names if kind != "identifier"),
            source="Cellosaurus",
            warning="; ".join(filter(None, warnings)),
        )
        for old in (_text(a.get("value")) for a in accessions if a.get("type") == "secondary"):
            yield TermRecord(f"cellosaurus:{old}", "", obsolete=True, replaced_by=f"cellosaurus:{primary}", source="Cellosaurus")


def _ncbi_gene(raw: dict[str, Any], place: str, problems: list[Problem]) -> Iterator[TermRecord]:
    result = raw["result"]
    uids = result.get("uids") if isinstance(result, dict) else None
    if not isinstance(uids, list):
        problems.append(fault(place, "no gene", str(raw)[:80], "an answer of ESummary has result.uids"))
        return
    for uid in _texts(uids):
        one = result.get(uid)
        if not isinstance(one, dict) or "error" in one or not _text(one.get("name")):
            problems.append(fault(place, "no gene", f"NCBIGene:{uid}", "NCBI Gene gives no summary of it; the gene was left out"))
            continue
        current = str(one.get("currentid") or "").strip("0")
        status = str(one.get("status") or "").strip("0")
        symbol = _text(one.get("nomenclaturesymbol"))
        aliases = tuple(a.strip() for a in _text(one.get("otheraliases")).split(",") if a.strip())
        yield TermRecord(
            curie=f"NCBIGene:{uid}",
            label=symbol or one["name"],
            synonyms=(one["name"], *aliases) if symbol else aliases,
            obsolete=bool(current or status),
            replaced_by=f"NCBIGene:{one['currentid']}" if current else "",
            source="NCBI Gene",
        )


def _english(value: Any) -> str:
    """A text, or the English one of texts with languages."""
    found = value if isinstance(value, list) else [value]
    texts = [_text(v.get("@value")) for v in _objects(found) if v.get("@language", "en") == "en"]
    return next(filter(None, (*map(_text, found), *texts)), "")


def _mesh(raw: dict[str, Any], place: str, problems: list[Problem]) -> Iterator[TermRecord]:
    curie = "MESH:" + _MESH.match(raw["@id"])[1]  # type: ignore[index]
    label = _english(raw.get("label"))
    if not label:
        problems.append(fault(place, "no label", curie, "the resource was left out"))
        return
    yield TermRecord(curie, label, obsolete=raw.get(_ACTIVE, raw.get("active", True)) is False, modified=_text(raw.get("dateRevised"))[:10], source="MeSH")
