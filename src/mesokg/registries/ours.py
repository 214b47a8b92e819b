"""What our tables say, in the shape that comparing with a registry needs. Reads; never writes."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from mesokg.cells import CellError, read_moment, read_value
from mesokg.identifiers import PREFIXES, compact, expand, term
from mesokg.registries.ctgov import NCT
from mesokg.resources import folder

if TYPE_CHECKING:
    from pyoxigraph import Literal, NamedNode

    from mesokg.graph import Assertion
    from mesokg.tables import Row

__all__ = ["Ours", "Stated", "slug"]


def slug(text: str) -> str:
    """A name as the local part of an id.

    >>> slug("Ferring Ventures, Ltd.")
    'ferring-ventures-ltd'
    """
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:60].strip("-") or "unnamed"


def _fold(text: str) -> str:
    """A name without case, punctuation and company form, for looking it up."""
    words = re.sub(r"[^\w+]+", " ", text.casefold()).split()
    while words and words[-1] in {"inc", "ltd", "llc", "limited", "gmbh", "co", "corp", "corporation", "plc", "ag", "sa"}:
        words.pop()
    return " ".join(words)


def _blanks(text: str) -> str:
    return " ".join(text.casefold().split())


@dataclass(frozen=True)
class Stated:
    """One of our values: the term, the text of its cell, its source and dates, and whether it is the plain triple."""

    value: NamedNode | Literal
    text: str
    source: str
    source_label: str
    date: str
    as_of: str
    rank: str
    plain: bool
    comment: str = ""

    @property
    def kind(self) -> str:
        """``actual`` or ``estimated``, where a comment says so of a date as the registry does."""
        parts = {part.strip() for part in re.split(r"[;\n]", self.comment)}
        return next((kind for kind in ("actual", "estimated") if kind in parts), "")


class Ours:
    """Our tables, read and turned into assertions once.

    Raises what reading the tables raises: nothing is compared with tables that are not in order.
    """

    def __init__(self, data: Path | None = None) -> None:
        from mesokg.graph import build_graph
        from mesokg.sheets import read_sheets
        from mesokg.tables import read_tables
        from mesokg.vocabulary import read_vocabulary

        self.data = data or folder("data")
        self.vocabulary = read_vocabulary()
        self.sheets = {sheet.name: sheet for sheet in read_sheets(self.data)}
        self.tables = read_tables(self.data, self.vocabulary)
        self.graph = build_graph(self.tables, self.vocabulary, evidence=False)

    # -- finding things

    @cached_property
    def rows_of(self) -> dict[str, list[Row]]:
        found: dict[str, list[Row]] = defaultdict(list)
        for row in self.tables.rows:
            found[row.subject].append(row)
        return found

    @cached_property
    def names(self) -> dict[str, dict[str, str]]:
        """By table: name without case and punctuation to IRI; labels before synonyms."""
        found: dict[str, dict[str, str]] = defaultdict(dict)
        for row in self.tables.rows:
            found[row.table].setdefault(_fold(row.label), row.subject)
        for row in self.tables.rows:
            for synonym in row.synonyms:
                found[row.table].setdefault(_fold(synonym), row.subject)
        return found

    def find(self, table: str, name: str) -> str | None:
        """The IRI of the thing of this table with this label or synonym."""
        return self.names[table].get(_fold(name)) if _fold(name) else None

    @cached_property
    def trials(self) -> dict[str, str]:
        """NCT number to trial IRI, from records of ClinicalTrials.gov and from ids of trials."""
        found: dict[str, str] = {}
        for row in self.tables.rows:
            if row.table == "trials" and (match := re.fullmatch(r"trial-(NCT\d{8})", row.subject.rsplit("/", 1)[-1])):
                found.setdefault(match[1], row.subject)
            elif row.table == "registry_records":
                values = {c.property.name: c.values for c in row.cells}
                for number in values.get("registryIdentifier", ()):
                    if NCT.fullmatch(number.value) and values.get("recordOf"):
                        found[number.value] = values["recordOf"][0].value
        return dict(sorted(found.items()))

    @cached_property
    def record_of(self) -> dict[str, str]:
        """Registry identifier, or its parts where the record names several, to the CURIE of our registry record."""
        return {
            number.value: compact(row.subject)
            for row in self.tables.rows
            if row.table == "registry_records"
            for cell in row.cells
            if cell.property.name == "registryIdentifier"
            for number in cell.values
        }

    def values(self, subject: str, name: str) -> list[str]:
        """The values of a property in all rows of a thing, as text."""
        return [
            value.value
            for row in self.rows_of.get(subject, ())
            for cell in row.cells
            if cell.property.name == name
            for value in cell.values
        ]

    @cached_property
    def excluded(self) -> dict[str, str]:
        """NCT numbers that were looked at and left out, with the reason, from ``leads.tsv``."""
        found: dict[str, str] = {}
        sheet = self.sheets.get("leads")
        for _, cells in sheet.rows if sheet else ():
            for number in NCT.findall(cells[0]):
                if number not in self.trials:
                    found.setdefault(number, cells[1])
        return found

    @cached_property
    def arms_of(self) -> dict[str, dict[str, str]]:
        """The arms of each trial: name, in lower case and with single blanks, to IRI; labels before synonyms.

        Nothing else is folded: arms may differ by a sign alone, as "age < 65" and "age ≥ 65".
        """
        found: dict[str, dict[str, str]] = defaultdict(dict)
        rows = [row for row in self.tables.rows if row.table == "arms"]
        trial_of = {r.subject: c.values[0].value for r in rows for c in r.cells if c.property.name == "armOf" and c.values}
        for names in (lambda row: (row.label,), lambda row: row.synonyms):
            for row in rows:
                for name in names(row):
                    found[trial_of.get(row.subject, "")].setdefault(_blanks(name), row.subject)
        return found

    def find_arm(self, trial: str, *names: str) -> str | None:
        """The IRI of the arm of this trial with one of these names."""
        arms = self.arms_of.get(trial, {})
        return next((arms[_blanks(name)] for name in names if _blanks(name) in arms), None)

    @cached_property
    def outcomes_by_source(self) -> dict[tuple[str, str], list[Row]]:
        """The rows of outcomes in our tables by trial and source."""
        found: dict[tuple[str, str], list[Row]] = defaultdict(list)
        for row in self.tables.rows:
            if row.table == "outcomes" and row.source:
                for cell in row.cells:
                    if cell.property.name == "outcomeOf":
                        for value in cell.values:
                            found[value.value, row.source].append(row)
        return found

    # -- what is stated

    @cached_property
    def _plain(self) -> frozenset[tuple[str, str, object]]:
        return frozenset((q.subject.value, q.predicate.value, q.object) for q in self.graph.facts)

    @cached_property
    def _asserted(self) -> dict[tuple[str, str], list[Assertion]]:
        found: dict[tuple[str, str], list[Assertion]] = defaultdict(list)
        for one in self.graph.assertions.values():
            if one.object is not None and not one.negated:
                found[one.subject, one.property.name].append(one)
        return found

    def _state(self, one: Assertion, plain: bool) -> Stated:
        row = one.rows[0]
        text = next(
            (c.text for r in one.rows for c in r.cells if c.property.iri == one.property.iri and one.object in c.values), ""
        )
        if "|" in text or one.property.kind == "object":
            text = self.show(one.object)  # type: ignore[arg-type]
        dates = [r.record_date for r in one.rows if r.record_date]
        latest = max((d.first_day.isoformat() for d in dates), default="")
        return Stated(
            value=one.object,  # type: ignore[arg-type]
            text=text,
            source=one.source,
            source_label=self.tables.labels.get(one.source, compact(one.source)) + (f", {row.locator}" if row.locator else ""),
            date=latest,
            as_of=one.as_of.first_day.isoformat() if one.as_of else "",
            rank=next(n for n, iri in self.vocabulary.values[term("Rank")].items() if iri == one.rank),
            plain=plain,
            comment="\n".join(r.comment for r in one.rows if r.comment),
        )

    def stated(self, subject: str, name: str) -> list[Stated]:
        """Our values of a property, whatever their rank; denied ones left out."""
        return [
            self._state(one, (one.subject, one.property.iri, one.object) in self._plain)
            for one in self._asserted.get((subject, name), ())
        ]

    def show(self, value: NamedNode | Literal) -> str:
        """A value for people: label, notation of a listed value, or text."""
        return self.show_iri(value.value)

    def show_iri(self, value: str) -> str:
        """The same for a value as text."""
        if value in self._notations:
            return self._notations[value]
        return self.tables.labels.get(value, compact(value) if "://" in value else value)

    @cached_property
    def _notations(self) -> dict[str, str]:
        return {iri: notation for listed in self.vocabulary.values.values() for notation, iri in listed.items()}

    def term_of(self, name: str, text: str) -> NamedNode | Literal | None:
        """The RDF term of a cell text in a column, or None where the column does not take it."""
        try:
            return read_value(text, self.vocabulary.property(name), self.vocabulary, self.aliases)
        except CellError:
            return None

    @cached_property
    def aliases(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for row in self.tables.rows:
            for cell in row.cells:
                if alias := cell.property.alias:
                    for value in cell.values:
                        text = value.value if value.value.startswith(alias) else f"{alias}:{value.value}"
                        found[text] = row.subject
        return found

    @cached_property
    def uses(self) -> dict[str, int]:
        """How many cells refer to each thing."""
        found: dict[str, int] = defaultdict(int)
        for row in self.tables.rows:
            for cell in row.cells:
                for value in cell.values:
                    found[value.value] += 1
        return found

    # -- what rests on a fact

    @cached_property
    def _definitions(self) -> list[tuple[str, str]]:
        """(label, text) of every class that the ontology defines by what things are."""
        text = self.vocabulary.path.read_text(encoding="utf-8")
        found = []
        for block in re.split(r"\n\n(?=\S)", text):
            name = re.match(r"mesokg:(\S+) a owl:Class", block)
            if name and "owl:equivalentClass" in block:
                found.append((self.vocabulary.labels.get(term(name[1]), name[1]), block))
        return found

    @cached_property
    def _inverses(self) -> dict[str, set[str]]:
        """By property: those that the ontology calls its inverse; a question may read either."""
        found: dict[str, set[str]] = defaultdict(set)
        for block in re.split(r"\n\n(?=\S)", self.vocabulary.path.read_text(encoding="utf-8")):
            name = re.match(r"mesokg:(\S+) a owl:", block)
            for other in re.findall(r"owl:inverseOf mesokg:([\w-]+)", block) if name and "ObjectProperty" in block else ():
                found[name[1]].add(other)
                found[other].add(name[1])
        return found

    @cached_property
    def _questions(self) -> list[tuple[str, str]]:
        try:
            paths = sorted((folder("queries") / "questions").glob("*.rq"))
        except Exception:  # noqa: BLE001 - the report is whole without the questions
            return []
        return [(path.stem, path.read_text(encoding="utf-8")) for path in paths]

    def rests_on(self, name: str, values: list[NamedNode | Literal]) -> str:
        """In words: the classes that a changed value moves a thing into or out of, and the questions that read it."""
        iris = frozenset("mesokg:" + v.value.rsplit("/", 1)[-1] for v in values if v.value.startswith(PREFIXES["mesokg"]))
        key = (name, iris)
        if key not in self._rests:
            self._rests[key] = self._find_rests(name, iris)
        return self._rests[key]

    @cached_property
    def _rests(self) -> dict[tuple[str, frozenset[str]], str]:
        return {}

    def _find_rests(self, name: str, iris: frozenset[str]) -> str:
        names = "|".join(map(re.escape, (name, *sorted(self._inverses[name]))))
        mentions = re.compile(rf"mesokg:(?:{names})\b(?![-\w])")
        classes = [
            label
            for label, block in self._definitions
            if mentions.search(block)
            and ("owl:hasValue" not in block or not iris or any(re.search(re.escape(i) + r"(?![-\w])", block) for i in iris))
        ]
        questions = [stem for stem, text in self._questions if mentions.search(text)]
        parts = []
        if classes:
            parts.append(("class " if len(classes) == 1 else "classes ") + ", ".join(classes[:4]) + (f" and {len(classes) - 4} more" if len(classes) > 4 else ""))
        if questions:
            parts.append(f"{len(questions)} question{'s' if len(questions) > 1 else ''} ({questions[0]}{', …' if len(questions) > 1 else ''})")
        return "; ".join(parts)

    def resting_on_source(self, iri: str) -> str:
        """In words: how many statements have this source, and how many have no other."""
        by_statement: dict[tuple[str, str, object], set[str]] = self._sources_by_statement
        cited = [k for k, sources in by_statement.items() if iri in sources]
        alone = [k for k in cited if len(by_statement[k]) == 1]
        return f"{len(cited)} statements cite it, {len(alone)} have no other source" if cited else "no statement cites it"

    def live_statements(self, iri: str) -> tuple[int, int]:
        """How many assertions with this source are not deprecated, and how many there are."""
        cited = self._by_source.get(iri, [])
        deprecated = self.vocabulary.values[term("Rank")]["deprecated"]
        return sum(one.rank != deprecated for one in cited), len(cited)

    @cached_property
    def _by_source(self) -> dict[str, list[Assertion]]:
        found: dict[str, list[Assertion]] = defaultdict(list)
        for one in self.graph.assertions.values():
            found[one.source].append(one)
        return found

    def commented(self, iri: str, number: str) -> bool:
        """Whether a comment of a row of this thing names the number."""
        return any(re.search(rf"\b{re.escape(number)}\b", row.comment) for row in self.rows_of.get(iri, ()))

    @cached_property
    def _sources_by_statement(self) -> dict[tuple[str, str, object], set[str]]:
        found: dict[tuple[str, str, object], set[str]] = defaultdict(set)
        for one in self.graph.assertions.values():
            found[one.subject, one.property.iri, one.object].add(one.source)
        return found

    def resolve(self, text: str) -> str | None:
        """An IRI for an id as people type it: NCT number, CURIE, alias, label of a trial."""
        if text in self.trials:
            return self.trials[text]
        if text in self.aliases:
            return self.aliases[text]
        if text.isdigit() and f"PMID:{text}" in self.aliases:
            return self.aliases[f"PMID:{text}"]
        if text in self.record_of:
            return expand(self.record_of[text])
        try:
            iri = expand(text)
        except Exception:  # noqa: BLE001 - not a CURIE: maybe a label
            iri = ""
        if iri in self.tables.types:
            return iri
        return self.find("trials", text)


def earlier(ours: str, theirs: str) -> bool:
    """Whether the date ``ours`` lies before ``theirs``, as far as both are known."""
    return bool(ours) and bool(theirs) and ours[: len(theirs)] < theirs[: len(ours)]


def coarser(ours: str, theirs: str) -> bool:
    """Whether ``ours`` is ``theirs`` less exactly, as 2019 is 2019-03."""
    try:
        read_moment(ours), read_moment(theirs)
    except CellError:
        return False
    return len(ours) < len(theirs) and theirs.startswith(ours)
