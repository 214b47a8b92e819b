"""The words by which a study shows that it is gene therapy, or that it includes mesothelioma.

They come from the ontology (labels and exact synonyms of classes of therapies, vectors, constructs and cell products)
and from our tables (products, constructs, vectors, the viruses they derive from, diseases, antigens). A new synonym or
row there improves discovery; there is no word list here, only the few words that mean nothing alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from mesokg.identifiers import PREFIXES, expand, term
from mesokg.registries.ours import Ours

__all__ = ["Entry", "Hit", "Lexicon", "disease_lexicon", "therapy_lexicon", "tokens"]

_MESOTHELIOMA = "MONDO:0005065"
_ROOTS = ("Therapy", "Vector", "Construct", "CellProduct")
_HEADS = frozenset({"product", "therapy", "vector", "construct", "cell", "agent", "replacement", "virotherapy"})
"""Heads that records leave out: "chimeric antigen receptor T-cell therapy" is written "chimeric antigen receptor"."""

_EMPTY = frozenset(
    "gene therapy product cell t treatment trial construct vir dna rna genetic allogeneic autologous in vivo ex of and "
    "with a the to for patient agent tumor cancer vaccine not stated non human mouse murine vector cancers donor "
    "study arm dose level 1 2 3 4 5".split()
)
"""Words that say nothing of gene therapy by themselves."""

_WORD = re.compile(r"[^\W_]+")


@lru_cache(maxsize=1 << 16)  # the same words come again and again
def _normal(word: str) -> str:
    word = word.casefold().replace("tumour", "tumor").replace("armoured", "armored")
    word = re.sub(r"vir(us|uses|al)$", "vir", word)
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-1]
    return word


def tokens(text: str) -> list[tuple[str, str]]:
    """The words of a text as (normal form, as written): no case, no plural, one spelling, virus for viral.

    >>> [normal for normal, _ in tokens("Oncolytic adenoviruses, CAR-T cells")]
    ['oncolytic', 'adenovir', 'car', 't', 'cell']
    """
    return [(_normal(word), word) for word in _WORD.findall(text)]


@dataclass(frozen=True)
class Entry:
    """A name to look for: as written in its source, what it names, how much it says, and where it comes from."""

    words: tuple[str, ...]
    written: str
    meaning: str
    weight: float
    origin: str
    iri: str = ""

    @property
    def as_written(self) -> bool:
        """Whether the name is a short word with capitals (MVA, rAd, AdV), which must be found as it is written."""
        return len(self.words) == 1 and len(self.written) <= 5 and any(letter.isupper() for letter in self.written[1:])

    @property
    def prefix(self) -> bool:
        """Whether the name is an abbreviation so short that it counts only joined to a name (Ad.HSVtk, Ad-SGE-REIC)."""
        return len(self.words) == 1 and len(self.written) == 2


@dataclass(frozen=True)
class Hit:
    """An entry found in a text, as the text writes it."""

    entry: Entry
    found: str


class Lexicon:
    """Entries by their first word; the longest name at a place is the one that is found."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self.by_first: dict[str, list[Entry]] = {}
        best: dict[tuple[str, ...], Entry] = {}
        for entry in entries:
            known = best.get(entry.words)
            if known is None or entry.weight > known.weight:
                best[entry.words] = entry
        for entry in best.values():
            self.by_first.setdefault(entry.words[0], []).append(entry)
        for listed in self.by_first.values():
            listed.sort(key=lambda e: (-len(e.words), e.words))

    def __len__(self) -> int:
        return sum(map(len, self.by_first.values()))

    def without(self, iris: Iterable[str]) -> Lexicon:
        """The lexicon without the names of these things, for measuring it on trials that gave it their names."""
        left = frozenset(iris)
        return Lexicon(e for listed in self.by_first.values() for e in listed if e.iri not in left)

    def find(self, text: str) -> Iterator[Hit]:
        """The entries in a text, in order, not overlapping."""
        words = tokens(text)
        at = 0
        while at < len(words):
            step = 1
            for entry in self.by_first.get(words[at][0], ()):
                size = len(entry.words)
                if tuple(w for w, _ in words[at : at + size]) != entry.words:
                    continue
                written = " ".join(as_written for _, as_written in words[at : at + size])
                if entry.as_written and written != entry.written:
                    continue
                if entry.prefix:
                    joined = re.search(rf"\b{re.escape(entry.written)}[.-](?=\w*[A-Z\d])[\w.-]*\w", text)
                    if joined is None:
                        continue
                    written = joined[0]
                yield Hit(entry, written)
                step = size
                break
            at += step


def _says_something(words: tuple[str, ...]) -> bool:
    if not words or len("".join(words)) < 2 or (len(words) > 1 and len("".join(words)) < 3):
        return False
    known = set(words)
    if "gene" in known and known & {"therapy", "transfer"}:
        return True
    if "vector" in known and len(words) > 1:
        return True
    return bool(known - _EMPTY) and not all(w.isdigit() or len(w) == 1 for w in known - _EMPTY)


def _names(text: str, *, vector: bool = False) -> Iterator[tuple[tuple[str, ...], bool]]:
    """A name and the shorter forms that records use, each with whether it was shortened.

    One word alone counts where it names a kind of virus, or of a vector ("plasmid", "minicell").
    """
    words = tuple(normal for normal, _ in tokens(text))
    yield words, False
    while len(words) > 1 and words[-1] in _HEADS | {"gene", "t"}:
        words = words[:-1]
        if len(words) > 1 or vector or re.search(r"(vir|lytic)$", words[0]):
            yield words, True


def _class_synonyms(ours: Ours) -> Iterator[tuple[str, str, str]]:
    """(class IRI, label, label or exact synonym) of every class below the roots."""
    from pyoxigraph import parse

    wanted = {
        iri
        for iri, known in ours.vocabulary.classes.items()
        if any(term(root) in known.supers for root in _ROOTS)
    }
    naming = {
        PREFIXES["rdfs"] + "label",
        PREFIXES["skos"] + "altLabel",
        PREFIXES["oboInOwl"] + "hasExactSynonym",
        PREFIXES["oboInOwl"] + "hasNarrowSynonym",
    }
    for quad in parse(path=str(ours.vocabulary.path)):
        subject = getattr(quad.subject, "value", "")
        if subject in wanted and quad.predicate.value in naming:
            yield subject, ours.vocabulary.classes[subject].label, quad.object.value


def _enzymes(ours: Ours) -> list[str]:
    """Genes of viruses and bacteria whose product converts a prodrug: no patient has one but by gene transfer."""
    role = ours.vocabulary.value("GeneRole", "prodrug-converting enzyme")
    return sorted(
        iri for iri, rows in ours.rows_of.items() if rows[0].table == "genes" and not iri.startswith(PREFIXES["HGNC"]) and role in ours.values(iri, "geneRole")
    )


def therapy_lexicon(ours: Ours) -> Lexicon:
    """The names that speak for gene therapy.

    Weights: a product of ours 4; a strategy or vector in full 3; a construct 3; an enzyme of a virus or bacterium that
    converts a prodrug 3; a shortened name 2; a vector of ours or the virus it derives from 2; a payload 1.5. From
    three on, a study is called gene therapy.
    """
    entries: list[Entry] = []

    def add(
        text: str, meaning: str, weight: float, origin: str, iri: str, *, shorten: bool = False, vector: bool = False
    ) -> None:
        for words, short in _names(text, vector=vector):
            if short and not shorten:
                break
            if _says_something(words) and len(words) <= 10:
                whole = not short or words[0] == "chimeric" or ("gene" in words and {"therapy", "transfer"} & set(words))
                entries.append(Entry(words, text, meaning, weight if whole else min(weight, 2.0), origin, iri))

    for iri, label, name in _class_synonyms(ours):
        add(name, label, 3.0, "ontology", iri, shorten=True, vector=ours.vocabulary.is_a(iri, term("Vector")))
    for table, weight in (("therapies", 4.0), ("constructs", 3.0), ("cell_products", 3.0), ("vectors", 2.0), ("payloads", 1.5)):
        for row in ours.tables.rows:
            if row.table != table:
                continue
            for name in (row.label, *row.synonyms):
                if table == "payloads" and len(_WORD.findall(name)) < 2:
                    continue  # a bare gene symbol says nothing of gene therapy
                add(re.sub(r"\s*\([^)]*\)$", "", name), row.label, weight, f"data/{table}.tsv", row.subject)
    for iri in _enzymes(ours):
        for row in ours.rows_of[iri]:
            for name in (row.label, *row.synonyms):
                add(name, f"{row.label}, which converts a prodrug", 3.0, "data/genes.tsv", iri)
    sources = {v for row in ours.tables.rows if row.table == "vectors" for c in row.cells if c.property.name == "derivedFrom" for v in c.values}
    for value in sources:
        for row in ours.rows_of.get(value.value, ()):
            for name in (row.label, *row.synonyms):
                add(name, f"{row.label}, from which vectors are made", 2.0, "data/taxa.tsv", row.subject)
    return Lexicon(entries)


def disease_lexicon(ours: Ours) -> tuple[Lexicon, Lexicon]:
    """The names of mesothelioma and its kinds, and the antigens that our therapies aim at.

    Short acronyms are left out: MM is also multiple myeloma.
    """
    root = expand(_MESOTHELIOMA)
    diseases, antigens = [], []
    for row in ours.tables.rows:
        if row.table == "diseases" and (row.subject == root or root in ours.values(row.subject, "hasBroader")):
            diseases += [
                Entry(tuple(n for n, _ in tokens(name)), name, row.label, 3.0, "data/diseases.tsv", row.subject)
                for name in (row.label, *row.synonyms)
                if len(name) > 4
            ]
    aimed = {
        v.value
        for row in ours.tables.rows
        if row.table == "therapies"
        for c in row.cells
        if c.property.name in ("recognisesAntigen", "immunisesAgainst", "deliversTo")
        for v in c.values
    }
    for iri in sorted(aimed):
        for row in ours.rows_of.get(iri, ()):
            antigens += [
                Entry(tuple(n for n, _ in tokens(name)), name, row.label, 1.0, f"data/{row.table}.tsv", iri)
                for name in (row.label, *row.synonyms)
                if len(name) >= 4 and tokens(name)
            ]
    return Lexicon(diseases), Lexicon(antigens)
