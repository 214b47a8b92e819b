"""Outside identifiers compared with their authorities: label, obsolescence, replacement, warnings, links to others."""

from __future__ import annotations

import re
from collections.abc import Iterable

from mesokg.registries.authorities import TermRecord
from mesokg.registries.comparison import Comparison
from mesokg.registries.drift import Difference
from mesokg.registries.outside import Use

__all__ = ["TermComparison"]


class TermComparison:
    """Compares records of authorities with the places where we use their identifiers."""

    def __init__(self, found: Comparison) -> None:
        self.found = found
        self.ours = found.ours

    def compare(self, records: Iterable[TermRecord], wanted: dict[str, list[Use]]) -> tuple[set[str], int]:
        """Compare the records that are ours; returns the CURIEs seen and how many records are none of ours."""
        seen: set[str] = set()
        others: set[str] = set()
        linked = _links(wanted)
        for record in records:
            uses = wanted.get(record.curie)
            if uses is None:
                others.add(record.curie)
                continue
            seen.add(record.curie)
            self._current(record, uses[0])
            for use in uses:
                self._label(record, use)
            for prefix, theirs in record.links.items():
                self._link(record, uses[0], prefix, theirs, linked.get((uses[0].iri, prefix), {}))
        return seen, len(others)

    def gone(self, curies: Iterable[str], wanted: dict[str, list[Use]], name_of: dict[str, str]) -> None:
        """Identifiers that their authority does not know; ``name_of`` gives the authority by prefix."""
        for curie in curies:
            use = wanted[curie][0]
            severity = "high" if use.named else "medium"
            authority = name_of[curie.partition(":")[0]]
            self._difference(curie, use, "record gone", severity, "id", curie, "", authority, "", "check the identifier; its authority does not know it")

    def _difference(
        self, curie: str, use: Use, kind: str, severity: str, name: str, ours: str, theirs: str, source: str, day: str, note: str
    ) -> None:
        uses = self.ours.uses.get(use.iri, 0)
        rests = f"{uses} cell{'' if uses == 1 else 's'} of our tables refer to it" if use.named and uses else f"used in {use.place}"
        label = use.label or self.ours.tables.labels.get(use.iri, "")
        self.found.add(
            Difference(kind, severity, use.iri, label, name, ours, theirs, f"{source} {curie}", day, our_source=use.place, rests=rests, note=note)
        )

    def _current(self, record: TermRecord, use: Use) -> None:
        if record.obsolete:
            replaced = f"obsolete, replaced by {record.replaced_by}" if record.replaced_by else "obsolete, no replacement named"
            note = "use the replacement in new rows; keep the old id with a deprecation" if use.named else "put the replacement in its place"
            severity = "high" if use.named else "medium"
            self._difference(record.curie, use, "obsolete", severity, "id", record.curie, replaced, record.source, record.modified, note)
        if record.warning:
            note = "say so where results rest on this cell line"
            self._difference(record.curie, use, "warning", "high", "id", record.curie, record.warning, record.source, record.modified, note)

    def _label(self, record: TermRecord, use: Use) -> None:
        if not record.label or not use.label or record.obsolete:
            return  # nothing to compare; the labels of obsolete terms say "obsolete …"
        if _fold(record.label) == _fold(use.label):
            self.found.agreed += 1
            return
        known = _fold(use.label) in map(_fold, record.synonyms)
        if known and not use.named:
            self.found.agreed += 1  # a gene's symbol where the entry is named after its protein
            return
        severity = "low" if known else "medium"
        note = "our label is one of its synonyms" if known else "our label is none of its names: check that the id is meant"
        self._difference(record.curie, use, "renamed", severity, "label", use.label, record.label, record.source, record.modified, note)

    def _link(self, record: TermRecord, use: Use, prefix: str, theirs: tuple[str, ...], ours: dict[str, str]) -> None:
        """What an authority says is the same thing elsewhere, against what we say; where we say nothing, nothing."""
        if not ours:
            return
        if set(ours) & set(theirs):
            self.found.agreed += 1
            return
        place = Use(use.curie, use.iri, use.label, next(iter(ours.values())))
        self._difference(
            record.curie, place, "changed", "medium", prefix, "; ".join(sorted(ours)), "; ".join(theirs), record.source, record.modified,
            "the authority links it to another record: check which one is meant",
        )  # fmt: skip


def _links(wanted: dict[str, list[Use]]) -> dict[tuple[str, str], dict[str, str]]:
    """(thing, prefix) to the identifiers with this prefix that we give it, each with its place."""
    found: dict[tuple[str, str], dict[str, str]] = {}
    for curie, uses in wanted.items():
        prefix, _, local = curie.partition(":")
        for use in uses:
            if not use.named:
                found.setdefault((use.iri, prefix), {})[local] = use.place
    return found


def _fold(text: str) -> str:
    return " ".join(re.findall(r"[^\W_]+", text.casefold()))
