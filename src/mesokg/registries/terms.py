"""HGNC and the Ontology Lookup Service (OLS4): is each outside identifier that we use still current?

Reads HGNC answers (``response.docs``) and OLS answers (``_embedded.terms``), from files or from the services.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mesokg.errors import Problem
from mesokg.identifiers import PREFIXES
from mesokg.registries.faults import NotFound, RegistryError, fault
from mesokg.registries.web import Client, Policy

__all__ = ["HGNC", "OLS", "OLS_PREFIXES", "POLICY", "Registry", "TermRecord", "read_terms"]

HGNC = "https://rest.genenames.org"
OLS = "https://www.ebi.ac.uk/ols4/api"
POLICY = Policy(interval=0.15)
"""HGNC allows ten requests a second."""

OLS_PREFIXES = ("CHEBI", "CL", "ECO", "GO", "MONDO", "NCBITaxon", "NCIT", "SO", "UBERON")
"""The prefixes that we ask OLS about. Cellosaurus, UniProtKB and DrugBank are in neither service."""


@dataclass(frozen=True)
class TermRecord:
    """What an authority says of one identifier. ``modified`` is the record's date where it gives one."""

    curie: str
    label: str
    synonyms: tuple[str, ...] = ()
    obsolete: bool = False
    replaced_by: str = ""
    modified: str = ""
    source: str = ""


def _curie(text: str) -> str:
    """A CURIE from the several forms in which OLS names a replacement."""
    for prefix in OLS_PREFIXES:
        if text.startswith(PREFIXES[prefix]):
            return f"{prefix}:{text.removeprefix(PREFIXES[prefix])}"
    return re.sub(r"^([A-Za-z]+)_", r"\1:", text)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(v for v in value if isinstance(v, str)) if isinstance(value, list) else ()


def read_hgnc(raw: dict[str, Any], place: str, problems: list[Problem]) -> Iterator[TermRecord]:
    """The genes of an HGNC answer."""
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
        yield TermRecord(
            curie=doc["hgnc_id"],
            label=_text(doc.get("symbol")),
            synonyms=(*_texts(doc.get("prev_symbol")), *_texts(doc.get("alias_symbol"))),
            obsolete=withdrawn,
            replaced_by=merged[0] if withdrawn and merged else "",
            modified=_text(doc.get("date_modified"))[:10],
            source="HGNC",
        )


def read_ols(raw: dict[str, Any], place: str, problems: list[Problem]) -> Iterator[TermRecord]:
    """The terms of an OLS answer; where several ontologies carry one, the one that defines it."""
    embedded = raw.get("_embedded")
    terms = embedded.get("terms") if isinstance(embedded, dict) else None
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


def read_terms(path: Path, problems: list[Problem]) -> Iterator[TermRecord]:
    """The terms of one file: an answer of HGNC or of OLS, or a list of such answers."""
    try:
        raw = path.read_bytes()
        answer = json.loads(gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw)
    except (OSError, EOFError) as error:
        problems.append(fault(path.name, "unreadable file", str(error), "fetch the file again"))
        return
    except ValueError as error:
        problems.append(fault(path.name, "malformed JSON", str(error), "fetch the file again"))
        return
    for one in answer if isinstance(answer, list) else [answer]:
        if not isinstance(one, dict):
            problems.append(fault(path.name, "no term", str(one)[:80], "give answers of HGNC or OLS"))
        elif "response" in one:
            yield from read_hgnc(one, path.name, problems)
        else:
            yield from read_ols(one, path.name, problems)


class Registry:
    """Terms by CURIE, one request each; ``missing`` gathers what an authority does not know, ``outside`` what
    neither service covers.
    """

    def __init__(self, hgnc: Client, ols: Client, problems: list[Problem]) -> None:
        self.hgnc = hgnc
        self.ols = ols
        self.problems = problems
        self.missing: list[str] = []
        self.outside: list[str] = []
        self.unread: list[str] = []

    def by_curie(self, curies: Iterable[str]) -> Iterator[TermRecord]:
        """What the authorities say of these identifiers."""
        down: set[str] = set()
        for curie in dict.fromkeys(curies):
            prefix = curie.partition(":")[0]
            service = "HGNC" if prefix == "HGNC" else "OLS" if prefix in OLS_PREFIXES else ""
            if not service:
                self.outside.append(curie)
                continue
            if service in down:  # it did not answer after all tries: ask it no further this time
                self.unread.append(curie)
                continue
            try:
                found = list(self._one(curie, service))
            except NotFound:
                found = []
            except RegistryError as error:
                down.add(service)
                self.unread.append(curie)
                self.problems.append(fault(service, "registry not read", curie, f"{error}. Run the same command again to go on"))
                continue
            if not any(record.curie == curie for record in found):
                self.missing.append(curie)
            yield from (record for record in found if record.curie == curie)

    def _one(self, curie: str, service: str) -> Iterator[TermRecord]:
        if service == "HGNC":
            number = curie.removeprefix("HGNC:")
            answer = self.hgnc.get(f"/fetch/hgnc_id/{number}", {"format": "json"}, check=_check)
            yield from read_hgnc(json.loads(answer.body), answer.url, self.problems)
        else:
            answer = self.ols.get("/terms", {"obo_id": curie}, check=_check)
            raw = json.loads(answer.body)
            if "_embedded" in raw:  # OLS leaves it out where it knows no such term
                yield from read_ols(raw, answer.url, self.problems)


def _check(body: bytes) -> None:
    if not isinstance(json.loads(body), dict):
        raise ValueError("no object")
