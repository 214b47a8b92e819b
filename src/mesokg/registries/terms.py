"""Is each outside identifier that we use still current? Asks the authority of its prefix, or reads kept answers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from mesokg.errors import Problem
from mesokg.identifiers import PREFIXES, expand
from mesokg.registries.authorities import TermRecord, read_answer
from mesokg.registries.faults import NotFound, Refused, RegistryError, fault
from mesokg.registries.files import read_whole
from mesokg.registries.schemas import SCHEMAS, SUFFIXES, read_schema, read_schema_file
from mesokg.registries.web import Client, Policy

__all__ = ["AUTHORITIES", "CELLOSAURUS", "HGNC", "MESH", "NOT_ASKED", "OLS", "POLICY", "SCHEMA_FILES", "UNIPROT", "Authority", "Registry", "authority_of", "read_terms"]

HGNC = "https://rest.genenames.org"
OLS = "https://www.ebi.ac.uk/ols4/api"
UNIPROT = "https://rest.uniprot.org"
CELLOSAURUS = "https://api.cellosaurus.org"
MESH = "https://id.nlm.nih.gov/mesh"
SCHEMA_FILES = "https://raw.githubusercontent.com"
POLICY = Policy(interval=0.3)
"""HGNC allows ten requests a second; the others name no limit."""

_REFUSALS = 3
"""So many refused requests mean that the authority refuses us, not one identifier."""


@dataclass(frozen=True)
class Authority:
    """Who knows the identifiers of some prefixes: the client that asks it, and how many it takes in one request."""

    name: str
    client: str
    prefixes: tuple[str, ...]
    ask: Callable[[tuple[str, ...]], tuple[str, dict[str, str]]]
    batch: int = 1
    rdf: bool = False
    """One file in Turtle has the answers to all."""


AUTHORITIES = (
    Authority("HGNC", "hgnc", ("HGNC",), lambda ids: (f"/fetch/hgnc_id/{ids[0]}", {})),
    Authority(
        "OLS",
        "ols",
        (
            "BFO", "BTO", "CHEBI", "CL", "CLO", "CTO", "DOID", "ECO", "EFO", "GO", "IAO", "MAXO", "MONDO", "NCBITaxon", "NCIT", "OAE",
            "OBI", "Orphanet", "RO", "SIO", "SO", "UBERON", "VO",
        ),
        # a term that many ontologies import stands in as many entries; the one that defines it may be the last
        lambda ids: ("/terms", {"obo_id": ids[0], "size": "500"}),
    ),  # fmt: skip
    Authority("UniProt", "uniprot", ("UniProtKB",), lambda ids: (f"/uniprotkb/{ids[0]}.json", {})),
    Authority("Cellosaurus", "cellosaurus", ("cellosaurus",), lambda ids: (f"/cell-line/{ids[0]}", {"fields": "id,sy,ac,problematic", "format": "json"})),
    Authority("NCBI Gene", "gene", ("NCBIGene",), lambda ids: ("/esummary.fcgi", {"db": "gene", "id": ",".join(ids), "retmode": "json", "tool": "mesokg"}), 100),
    Authority("MeSH", "mesh", ("MESH",), lambda ids: (f"/{ids[0]}.json", {})),
    Authority(SCHEMAS["biolink"], "schemas", ("biolink",), lambda ids: ("/biolink/biolink-model/HEAD/project/owl/biolink_model.owl.ttl", {}), 10_000, rdf=True),
    Authority(SCHEMAS["fabio"], "schemas", ("fabio",), lambda ids: ("/SPAROntologies/fabio/HEAD/docs/current/fabio.ttl", {}), 10_000, rdf=True),
)

NOT_ASKED = {
    "DRUGBANK": "its interface needs a key",
    "ENSEMBL": "compared through HGNC, which names the Ensembl gene of each of its own",
    "OMIM": "its interface needs a key",
}
"""Prefixes that we use and ask no authority about, with the reason."""


def authority_of(prefix: str) -> Authority | None:
    """Who is asked about identifiers with this prefix."""
    return next((a for a in AUTHORITIES if prefix in a.prefixes), None)


def read_terms(path: Path, problems: list[Problem]) -> Iterator[TermRecord]:
    """The terms of one file: an answer of one of the authorities, a list of such answers, or the RDF of a schema."""
    if path.suffix.lower() in SUFFIXES:
        yield from read_schema_file(path, problems)
        return
    raw = read_whole(path, problems)
    if raw is None:
        return
    try:
        answer = json.loads(raw)
    except (ValueError, RecursionError) as error:
        problems.append(fault(path.name, "malformed JSON", str(error), "fetch the file again"))
        return
    for one in answer if isinstance(answer, list) else [answer]:
        yield from read_answer(one, path.name, problems)


class Registry:
    """Terms by CURIE. ``clients`` are by the name that each authority gives; ``missing`` gathers what an authority
    does not know, ``outside`` what none is asked about, ``unread`` what a fault left unread.
    """

    def __init__(self, clients: Mapping[str, Client], problems: list[Problem]) -> None:
        self.clients = clients
        self.problems = problems
        self.missing: list[str] = []
        self.outside: list[str] = []
        self.unread: list[str] = []

    def by_curie(self, curies: Iterable[str]) -> Iterator[TermRecord]:
        """What the authorities say of these identifiers."""
        by_authority: dict[str, list[str]] = {}
        for curie in dict.fromkeys(curies):
            authority = authority_of(curie.partition(":")[0])
            if authority is None or authority.client not in self.clients:
                self.outside.append(curie)
            else:
                by_authority.setdefault(authority.name, []).append(curie)
        for authority in AUTHORITIES:
            wanted = by_authority.get(authority.name, [])
            refused = 0
            for first in range(0, len(wanted), authority.batch):
                batch = wanted[first : first + authority.batch]
                try:
                    found = self._ask(authority, batch)
                except RegistryError as error:
                    # one refusal may be about one identifier; more, or no answer after all tries: ask it no further now
                    refused += isinstance(error, Refused)
                    left = batch if isinstance(error, Refused) and refused < _REFUSALS else wanted[first:]
                    self.unread.extend(left)
                    fix = f"{error}. Run the same command again to go on"
                    self.problems.append(fault(authority.name, "registry not read", ", ".join(left[:3]), fix))
                    if left is batch:
                        continue
                    break
                self.missing.extend(c for c in batch if c not in found)
                yield from found.values()

    def _ask(self, authority: Authority, batch: list[str]) -> dict[str, TermRecord]:
        local = tuple(c if authority.name == "OLS" else c.partition(":")[2] for c in batch)
        found = self._answer(authority, *authority.ask(local), batch)
        prefix = batch[0].partition(":")[0]
        if authority.name == "OLS" and not found and prefix in PREFIXES:
            # OLS keeps classes, properties and individuals apart, and finds the latter two by IRI
            for kind in ("/properties", "/individuals"):
                if found := self._answer(authority, kind, {"iri": expand(batch[0])}, batch):
                    break
        return found

    def _answer(self, authority: Authority, path: str, parameters: dict[str, str], batch: list[str]) -> dict[str, TermRecord]:
        try:
            answer = self.clients[authority.client].get(path, parameters, check=_check_schema if authority.rdf else _check)
        except NotFound:
            return {}
        if authority.rdf:
            return {r.curie: r for r in read_schema(answer.body, answer.url, self.problems) if r.curie in batch}
        raw = json.loads(answer.body)
        if not raw:  # so MeSH answers about a number that it does not know
            return {}
        if authority.name == "OLS" and "_embedded" not in raw:  # left out where it knows no such term
            return {}
        return {r.curie: r for r in read_answer(raw, answer.url[:120], self.problems) if r.curie in batch}


def _check(body: bytes) -> None:
    if not isinstance(json.loads(body), dict):
        raise ValueError("no object")


def _check_schema(body: bytes) -> None:
    found: list[Problem] = []
    if not list(read_schema(body, "answer", found)):
        raise ValueError("; ".join(p.value for p in found))
