"""Every identifier of others that we use: in the tables, in the lists of imported terms, and in the mappings."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mesokg.errors import ResourceError
from mesokg.identifiers import PREFIXES, compact, expand, term
from mesokg.registries.ours import Ours
from mesokg.resources import folder

__all__ = ["Use", "by_prefix", "outside_identifiers"]

_CROSS_REFERENCES = {"ncbiGene": "NCBIGene", "uniprot": "UniProtKB"}
"""Columns whose texts are identifiers of others, with their prefix."""


@dataclass(frozen=True)
class Use:
    """One place where we use an identifier: the thing it is said of, our label there, and the file and column.

    ``named`` says that the identifier is the thing itself, so that our label must be the authority's.
    """

    curie: str
    iri: str
    label: str
    place: str
    named: bool = False


def outside_identifiers(ours: Ours) -> dict[str, list[Use]]:
    """CURIE to the places where it is used, in order of CURIE; the first place tells most."""
    found: dict[str, list[Use]] = defaultdict(list)
    for use in (*_in_tables(ours), *_in_imports(), *_in_mappings()):
        if not any(other.named and use.named for other in found[use.curie]):
            found[use.curie].append(use)
    return dict(sorted(found.items()))


def by_prefix(curies: list[str]) -> dict[str, list[str]]:
    """The identifiers by prefix."""
    found: dict[str, list[str]] = defaultdict(list)
    for curie in curies:
        found[curie.partition(":")[0]].append(curie)
    return dict(sorted(found.items()))


def _in_tables(ours: Ours) -> Iterator[Use]:
    own = (PREFIXES["mkg"], PREFIXES["mesokg"])
    for row in ours.tables.rows:
        if not row.subject.startswith(own):
            yield Use(compact(row.subject), row.subject, row.label, row.file, named=True)
    for row in ours.tables.rows:
        for cell in row.cells:
            if prefix := _CROSS_REFERENCES.get(cell.property.name):
                for value in cell.values:
                    yield Use(f"{prefix}:{value.value}", row.subject, row.label, f"{row.file} {cell.property.name}")


def _lines(path: Path) -> Iterator[str]:
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            yield line


def _in_imports() -> Iterator[Use]:
    """The lists ``ontology/imports/*_terms.txt``: lines of ``id # label < parents``."""
    for path in _files("imports", "*_terms.txt"):
        for line in _lines(path):
            curie, _, rest = (part.strip() for part in line.partition(" # "))
            yield Use(curie, _iri(curie), rest.partition(" < ")[0].strip(), f"ontology/imports/{path.name}", named=True)


def _in_mappings() -> Iterator[Use]:
    """The objects of the mapping sets ``ontology/mappings/*.sssom.tsv``."""
    for path in _files("mappings", "*.sssom.tsv"):
        lines = [line.split("\t") for line in _lines(path)]
        for cells in lines[1:]:
            row = dict(zip(lines[0], cells, strict=False))
            yield Use(row.get("object_id", ""), _iri(row.get("subject_id", "")), row.get("object_label", ""), f"ontology/mappings/{path.name}")


def _files(name: str, pattern: str) -> list[Path]:
    try:
        return sorted((folder("ontology") / name).glob(pattern))
    except ResourceError:
        return []


def _iri(curie: str) -> str:
    prefix, _, local = curie.partition(":")
    return expand(curie) if prefix in PREFIXES and local else term("unknown")
