"""Reads the curated tables ``data/*.tsv``: rows, typed and located.

A column is a property of the ontology, and its range says how a cell is read. A row is what one source says
of one thing at one place; see ``docs/tables.md``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from mesokg.cells import CellError, Moment, read_cell, read_moment
from mesokg.errors import IdentifierError, Problem, TableError, suggest
from mesokg.identifiers import PREFIXES, content_hash, entity, expand, term
from mesokg.sheets import Sheet, read_sheets

if TYPE_CHECKING:
    from pyoxigraph import Literal, NamedNode

    from mesokg.vocabulary import PropertyTerm, TableSpec, Vocabulary

__all__ = [
    "ALT_LABEL",
    "NAMING_COLUMNS",
    "PLAIN_TABLES",
    "PROVENANCE_COLUMNS",
    "Cell",
    "Row",
    "Tables",
    "column_of",
    "read_tables",
]

ALT_LABEL = PREFIXES["skos"] + "altLabel"
"""The property that the column ``synonyms`` states; every other column has the name of its property."""
NAMING_COLUMNS = ("id", "label", "type", "synonyms")
PROVENANCE_COLUMNS = (
    "source",
    "locator",
    "evidence",
    "record_date",
    "checked_on",
    "as_of",
    "rank",
    "negated",
    "comment",
)
LABEL_SUFFIX = "_label"
"""A column ``hasBroader_label`` repeats, for people, the labels of the ids in ``hasBroader``."""

PLAIN_TABLES: dict[str, tuple[str, ...]] = {
    "leads": ("lead", "what_is_missing", "where_looked"),
    "source_licences": ("publisher", "what", "licence", "how_used"),
}
"""Tables beside the graph: read for form, not exported."""

@dataclass(frozen=True)
class Cell:
    """What one cell says: a property, its values, or the ValueStatus that stands for an absence."""

    property: PropertyTerm
    values: tuple[NamedNode | Literal, ...]
    absent: str | None
    text: str


@dataclass(frozen=True)
class Row:
    """One row: what one source says of one thing at one place. IRIs throughout.

    ``subject`` is the thing; ``report`` is the node of the row itself where the table has a row class.
    """

    table: str
    line: int
    subject: str
    report: str | None
    label: str
    types: tuple[str, ...]
    synonyms: tuple[str, ...]
    cells: tuple[Cell, ...]
    source: str | None
    locator: str
    evidence: str | None
    record_date: Moment | None
    checked_on: Moment | None
    as_of: Moment | None
    rank: str
    negated: bool
    comment: str

    @property
    def file(self) -> str:
        return f"data/{self.table}.tsv"


@dataclass(frozen=True)
class Tables:
    """All rows, and where each thing is described first: IRI to (file, line)."""

    rows: tuple[Row, ...]
    labels: dict[str, str]
    types: dict[str, frozenset[str]]
    places: dict[str, tuple[str, int]] = field(repr=False)

    def place(self, iri: str) -> tuple[str, int]:
        """The file and line of the first row that describes the thing, or ("data", 0)."""
        return self.places.get(iri, ("data", 0))

    def locate(self, subject: str, predicate: str) -> tuple[str, int]:
        """The file and line of the row that states the property of the thing, else where the thing is described."""
        for row in self._rows_about.get(subject, ()):
            if any(cell.property.iri == predicate for cell in row.cells) or (predicate == ALT_LABEL and row.synonyms):
                return row.file, row.line
        return self.place(subject)

    def rows_of(self, subject: str, predicate: str, source: str, locators: Iterable[str], value: str = "") -> list[tuple[str, int]]:
        """File and line of each row in which the source states, at one of the places, the property of the thing.

        ``value`` is the IRI or the text of what the thing is said to have: a row that is a report of its own states
        that the thing has this report, and a row with synonyms that it has these names, and no cell says so.
        """
        wanted = set(locators)
        return [
            (row.file, row.line)
            for row in self._rows_about.get(subject, ())
            if row.source == source
            and row.locator in wanted
            and (row.report == value or any(predicate in _stated_by(cell) for cell in row.cells) or (predicate == ALT_LABEL and value in row.synonyms))
        ]

    @cached_property
    def _rows_about(self) -> dict[str, list[Row]]:
        found: dict[str, list[Row]] = defaultdict(list)
        for row in self.rows:
            found[row.subject].append(row)
            if row.report:
                found[row.report].append(row)
        return found


def column_of(prop: PropertyTerm) -> str:
    """The column of the tables in which values of the property stand."""
    return "synonyms" if prop.iri == ALT_LABEL else prop.name


def _stated_by(cell: Cell) -> tuple[str, ...]:
    """The properties that a cell states: its own, and how precise its date is."""
    return (cell.property.iri, cell.property.precision) if cell.property.precision else (cell.property.iri,)


# ---------------------------------------------------------------- sheets to rows


@dataclass
class _Draft:
    """A row whose names are read and whose property cells are still text."""

    sheet: Sheet
    spec: TableSpec
    line: int
    text: dict[str, str]
    subject: str = ""
    types: tuple[str, ...] = ()


class _Reader:
    """One reading of all sheets; gathers problems and never stops at the first."""

    def __init__(self, sheets: Iterable[Sheet], vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        self.problems: list[Problem] = []
        self.aliases: dict[str, str] = {}
        self.labels: dict[str, str] = {}
        self.label_lines: dict[str, tuple[str, int]] = {}
        self.types: dict[str, set[str]] = defaultdict(set)
        self.places: dict[str, tuple[str, int]] = {}
        self.sheets = list(sheets)
        # what could not be read, so that a reference to it is not reported as a second problem
        self.lost_things: set[str] = set()
        self.lost_classes: set[str] = set()
        self.lost_sources = False
        self.unknown_columns: dict[str, set[str]] = {}
        # things of which some row could not be read, and tables in which rows of any thing may be lost
        self.incomplete: set[str] = set()
        self.doubtful: set[str] = set()
        # every row with its cells and the columns that could not be read, whether or not the row is whole
        self.read: list[tuple[_Draft, list[Cell], set[str]]] = []

    def lose_table(self, name: str) -> None:
        """No row of this table is known."""
        if spec := self.vocabulary.tables.get(name):
            self.lost_classes.add(spec.class_iri)

    def _lose_things(self, curies: Iterable[str]) -> None:
        for curie in curies:
            with suppress(IdentifierError):
                self.lost_things.add(expand(curie))

    def _is_lost(self, iri: str, ranges: Iterable[str]) -> bool:
        """Whether a thing that no row describes may stand where reading failed."""
        is_a = self.vocabulary.is_a
        return iri in self.lost_things or any(is_a(c, r) or is_a(r, c) for c in self.lost_classes for r in ranges)

    def report(self, draft: _Draft, column: str, rule: str, value: str, fix: str) -> None:
        self.problems.append(Problem(draft.sheet.file, draft.line, column, rule, value, fix))

    # -- first pass: names, types, labels, aliases

    def drafts(self) -> list[_Draft]:
        found: list[_Draft] = []
        for sheet in self.sheets:
            if sheet.name in PLAIN_TABLES:
                self._check_plain(sheet)
                continue
            spec = self.vocabulary.tables.get(sheet.name)
            if spec is None:
                known = [*self.vocabulary.tables, *PLAIN_TABLES]
                fix = f"{suggest(sheet.name, known)}; or give a class of the ontology this tableName"
                self.problems.append(Problem(sheet.file, 0, "", "unknown table", sheet.name, fix))
                self._lose_things(cells[0] for _, cells in sheet.rows)
                continue
            self._lose_things(sheet.lost)
            # a lost row of publications may be what a PMID or DOI stands for
            self.lost_sources |= bool(sheet.lost) and any(p.alias for p in spec.columns.values())
            if not self._check_header(sheet, spec):
                self.lose_table(sheet.name)
            else:
                for line, cells in sheet.rows:
                    text = {name: cell for name, cell in zip(sheet.header, cells, strict=True) if cell}
                    found.append(_Draft(sheet, spec, line, text))
        for draft in found:
            self._name(draft)
        return found

    def _check_plain(self, sheet: Sheet) -> None:
        if sheet.header != PLAIN_TABLES[sheet.name]:
            fix = f"the columns are {', '.join(PLAIN_TABLES[sheet.name])}"
            self.problems.append(Problem(sheet.file, 1, "", "wrong header", ", ".join(sheet.header), fix))

    def _check_header(self, sheet: Sheet, spec: TableSpec) -> bool:
        naming = () if spec.row_class else NAMING_COLUMNS
        known = [*naming, *spec.columns, *PROVENANCE_COLUMNS]
        known_set = {*known, *(name + LABEL_SUFFIX for name, p in spec.columns.items() if p.kind == "object")}
        unknown = [name for name in sheet.header if name not in known_set]
        self.unknown_columns[sheet.name] = set(unknown)
        if unknown:
            self.doubtful.add(sheet.name)
        for name in unknown:
            elsewhere = [p for p in self.vocabulary.properties.values() if p.name == name]
            fix = (
                f"{name} is a property of {', '.join(d.rsplit('/', 1)[-1] for d in elsewhere[0].domains)}"
                if elsewhere
                else suggest(name, known)
            )
            self.problems.append(Problem(sheet.file, 1, name, "unknown column", name, fix))
        missing = [name for name in ("id", "label") if naming and name not in sheet.header]
        for name in missing:
            self.problems.append(Problem(sheet.file, 1, name, "missing column", name, "add it to the header"))
        return not missing

    def _name(self, draft: _Draft) -> None:
        if draft.spec.row_class:
            draft.types = (draft.spec.class_iri,)
            return
        curie = draft.text.get("id", "")
        try:
            draft.subject = expand(curie)
        except IdentifierError as error:
            self.report(draft, "id", "not an identifier", curie, str(error))
            self.doubtful.add(draft.sheet.name)
            return
        draft.types = self._read_types(draft)
        self.types[draft.subject].update(draft.types)
        place = (draft.sheet.file, draft.line)
        self.places.setdefault(draft.subject, place)
        label = draft.text.get("label", "")
        if not label:
            self.report(draft, "label", "missing label", "", "give the thing its name")
        elif label != label.strip():
            self.report(draft, "label", "padded label", label, "take the blanks out")
        elif self.labels.setdefault(draft.subject, label) != label:
            file, line = self.label_lines[draft.subject]
            self.report(draft, "label", "two labels for one id", label, f"{self.labels[draft.subject]!r} at {file}:{line}")
        self.label_lines.setdefault(draft.subject, place)
        for prop in draft.spec.columns.values():
            if prop.alias and (text := draft.text.get(prop.name)):
                for value in text.split("|"):
                    # PMC identifiers carry their prefix already
                    alias = value if value.startswith(prop.alias) else f"{prop.alias}:{value}"
                    other = self.aliases.setdefault(alias, draft.subject)
                    if other != draft.subject:
                        fix = f"{alias} already names the thing at {':'.join(map(str, self.places[other]))}"
                        self.report(draft, prop.name, "identifier of two things", value, fix)

    def _read_types(self, draft: _Draft) -> tuple[str, ...]:
        found: list[str] = []
        for name in filter(None, draft.text.get("type", "").split("|")):
            iri = term(name)
            if not self.vocabulary.is_a(iri, draft.spec.class_iri):
                known = [c.name for c in self.vocabulary.classes.values() if draft.spec.class_iri in c.supers]
                self.report(draft, "type", "type not of this table", name, suggest(name, known))
            else:
                found.append(iri)
        return tuple(found) or (draft.spec.class_iri,)

    # -- second pass: cells and provenance

    def rows(self) -> list[Row]:
        drafts = [draft for draft in self.drafts() if draft.subject or draft.spec.row_class]
        rows = [row for draft in drafts if (row := self._read_row(draft))]
        self._check_references()
        self._check_keys(rows)
        return rows

    def _read_cells(self, draft: _Draft) -> list[Cell]:
        cells: list[Cell] = []
        broken: set[str] = set()
        for name, prop in draft.spec.columns.items():
            text = draft.text.get(name)
            if text is None:
                continue
            if prop.domains and not self._fits_domain(draft, prop):
                names = ", ".join(d.rsplit("/", 1)[-1] for d in prop.domains)
                self.report(draft, name, "property of another class", text, f"only for {names}; set `type` or empty the cell")
            values, absent, errors = read_cell(text, prop, self.vocabulary, self.aliases)
            for part, error in errors:
                self.report(draft, name, error.rule, part, str(error))
                broken.add(name)
            if values or absent:
                cells.append(Cell(prop, tuple(values), absent, text))
        self.read.append((draft, cells, broken))
        return cells

    def _fits_domain(self, draft: _Draft, prop: PropertyTerm) -> bool:
        supers = {s for iri in draft.types for s in self.vocabulary.classes[iri].supers}
        if draft.spec.row_class:
            supers |= {draft.spec.class_iri, draft.spec.row_class}
        return bool(supers & set(prop.domains))

    def _check_padding(self, draft: _Draft) -> None:
        """Report cells of names and provenance that are blank or padded: a locator of one blank is no place."""
        for name in PROVENANCE_COLUMNS:
            text = draft.text.get(name, "")
            if text != text.strip():
                self.report(draft, name, "empty or padded value", text, "take out the blank")
        synonyms = draft.text["synonyms"].split("|") if "synonyms" in draft.text else []
        for number, synonym in enumerate(synonyms):
            if synonym != synonym.strip() or not synonym:
                self.report(draft, "synonyms", "empty or padded value", synonym, "take out the blank or the extra |")
            elif synonym in synonyms[:number]:
                self.report(draft, "synonyms", "value given twice", synonym, "name it once")

    def _read_row(self, draft: _Draft) -> Row | None:
        before = len(self.problems)
        self._check_padding(draft)
        cells = self._read_cells(draft)
        claims = [cell for cell in cells if not cell.property.exempt]
        moments = {name: self._moment(draft, name) for name in ("record_date", "checked_on", "as_of")}
        source = self._source(draft, needed=bool(claims))
        evidence = self._value(draft, "evidence", "EvidenceLevel")
        if source:
            for name, fix in (
                ("locator", "say where in the source, as `abstract` or `table 2`"),
                ("evidence", "name the kind of evidence, as `single-arm trial`"),
                ("checked_on", "say when the source was read, as 2026-11-24"),
            ):
                if name not in draft.text and not self._may_be_misspelt(draft, name):
                    self.report(draft, name, f"missing {name}", "", fix)
        rank = self._value(draft, "rank", "Rank") or self.vocabulary.value("Rank", "normal")
        negated = draft.text.get("negated", "")
        if negated not in ("", "true", "false"):
            self.report(draft, "negated", "not true or false", negated, "write true, or leave it empty")
        singled = "rank" in draft.text or negated == "true"
        whole = len(self.problems) == before
        # a statement in a column that is unknown or could not be read was reported there
        unread = draft.text.keys() & (self.unknown_columns[draft.sheet.name] | self.read[-1][2])
        synonyms = tuple(filter(None, draft.text.get("synonyms", "").split("|")))
        # a name without a source is no statement that could be ranked
        stated = (len(synonyms) if source else 0) + sum(max(len(c.values), 1) for c in claims)
        if whole and singled and not unread and not draft.spec.row_class and stated != 1:
            fix = "a row with rank or negated states exactly one value of one property; split it"
            self.report(draft, "rank", "rank over several statements", str(stated), fix)
        subject, report = draft.subject, None
        if draft.spec.row_class:
            subject, report = self._identify(draft, cells, source)
        if not cells and not synonyms and not unread and not draft.spec.row_class and draft.text.keys() & {"source", "locator"}:
            self.report(draft, "source", "source without statement", draft.text.get("source", ""), "fill a property or empty the source")
        if len(self.problems) > before or (unread and not cells):
            self.incomplete.add(subject)
            return None
        return Row(
            table=draft.sheet.name,
            line=draft.line,
            subject=subject,
            report=report,
            label=draft.text.get("label", ""),
            types=draft.types,
            synonyms=synonyms,
            cells=tuple(cells),
            source=source,
            locator=draft.text.get("locator", ""),
            evidence=evidence,
            rank=rank,
            negated=negated == "true",
            comment=draft.text.get("comment", ""),
            **moments,
        )

    def _may_be_misspelt(self, draft: _Draft, column: str) -> bool:
        """Whether a column that the table lacks may be one that was reported as unknown, in which this row has something."""
        return column not in draft.sheet.header and bool(draft.text.keys() & self.unknown_columns[draft.sheet.name])

    def _moment(self, draft: _Draft, name: str) -> Moment | None:
        text = draft.text.get(name)
        try:
            return read_moment(text) if text else None
        except CellError as error:
            self.report(draft, name, error.rule, text or "", str(error))
            return None

    def _value(self, draft: _Draft, column: str, class_name: str) -> str | None:
        text = draft.text.get(column)
        listed = self.vocabulary.values[term(class_name)]
        if text is None:
            return None
        if text not in listed:
            fix = f"{suggest(text, listed)} (the list: {'; '.join(listed)})"
            self.report(draft, column, "value not in list", text, fix)
        return listed.get(text)

    def _source(self, draft: _Draft, *, needed: bool) -> str | None:
        text = draft.text.get("source")
        if text is None:
            if needed and not self._may_be_misspelt(draft, "source"):
                self.report(draft, "source", "fact without source", "", "name the one source, as PMID:24579088")
            return None
        iri = self.aliases.get(text)
        if iri is None:
            if self.lost_sources or self._is_lost("", [term("Publication")]):
                return None
            try:
                iri = expand(text)
            except IdentifierError as error:
                prefix = text.partition(":")[0]
                known = any(p.alias == prefix for p in self.vocabulary.properties.values())
                fix = "no row has this identifier; add the publication to data/publications.tsv" if known else str(error)
                self.report(draft, "source", "dangling reference" if known else "not an identifier", text, fix)
                return None
        if iri not in self.types:
            if self._is_lost(iri, [term("Source")]):
                return None
            self.report(draft, "source", "dangling reference", text, "no row describes this source; add it to its table")
            return None
        if not any(self.vocabulary.is_a(t, term("Source")) for t in self.types[iri]):
            self.report(draft, "source", "not a source", text, "cite a publication, a registry record or a web page")
            return None
        return iri

    def _identify(self, draft: _Draft, cells: list[Cell], source: str | None) -> tuple[str, str]:
        """The ids of an outcome (what was measured) and of the measurement (what one source reports of it)."""
        by_name = {cell.property.name: cell for cell in cells}
        parts = [
            "|".join(str(v) for v in by_name[name].values) if name in by_name else "" for name in draft.spec.identity
        ]
        for name in ("outcomeOf", "measure"):
            if name in draft.spec.identity and name not in by_name and name not in draft.text:
                self.report(draft, name, "missing value", "", "an outcome is known by its trial and its measure")
        outcome = content_hash(*parts)
        subject = entity(draft.spec.class_iri.rsplit("/", 1)[-1].lower(), outcome)
        report = entity("measurement", content_hash(outcome, source or "", draft.text.get("locator", "")))
        self.types[subject].add(draft.spec.class_iri)
        self.places.setdefault(subject, (draft.sheet.file, draft.line))
        self.places.setdefault(report, (draft.sheet.file, draft.line))
        return subject, report

    def _check_references(self) -> None:
        """Report what no row describes and what is of the wrong kind, and labels that belong to other ids.

        Every row is looked at, so that another problem of a row hides none of these.
        """
        individuals = {iri for listed in self.vocabulary.values.values() for iri in listed.values()}
        for draft, cells, broken in self.read:
            for cell in cells:
                doubtful = cell.property.name in broken
                for value in dict.fromkeys(cell.values):
                    doubtful |= not self._check_reference(draft, cell.property, value, individuals)
                # the label of an id that is itself wrong tells nothing
                if not doubtful:
                    self._check_label(draft, cell)

    def _check_reference(self, draft: _Draft, prop: PropertyTerm, value: NamedNode | Literal, individuals: set[str]) -> bool:
        """Whether a value is a literal, one of a list, or a described thing of the right kind; reports it if not."""
        from pyoxigraph import NamedNode

        from mesokg.identifiers import compact

        if not isinstance(value, NamedNode) or value.value in individuals:
            return True
        known = self.types.get(value.value)
        is_a = self.vocabulary.is_a
        if known is None:
            if not self._is_lost(value.value, prop.ranges):
                self.report(draft, prop.name, "dangling reference", compact(value.value), "no row describes it; add it to its table, or mend the id")
            return False
        if prop.ranges and not any(is_a(t, r) or is_a(r, t) for t in known for r in prop.ranges):
            names = " or ".join(r.rsplit("/", 1)[-1] for r in prop.ranges)
            what = ", ".join(sorted(t.rsplit("/", 1)[-1] for t in known))
            self.report(draft, prop.name, "wrong kind of thing", compact(value.value), f"{prop.name} wants a {names}, this is a {what}")
            return False
        return True

    def _check_label(self, draft: _Draft, cell: Cell) -> None:
        column = cell.property.name + LABEL_SUFFIX
        given = draft.text.get(column)
        expected = "|".join(self.labels.get(v.value, v.value) for v in cell.values)
        if given is not None and given != expected:
            self.report(draft, column, "label does not match id", given, f"the label is {expected!r}")

    def _check_keys(self, rows: list[Row]) -> None:
        normal = self.vocabulary.value("Rank", "normal")
        seen: dict[tuple[str, ...], Row] = {}
        for row in rows:
            if row.source is None and not row.cells:
                key: tuple[str, ...] = (row.subject, row.table)
            else:
                key = (row.subject, row.source or "", row.locator)
            if not row.report and (row.rank != normal or row.negated):
                said = (ALT_LABEL, str(row.synonyms)) if row.synonyms else (row.cells[0].property.iri, str(row.cells[0].values))
                key += (*said, row.rank)
            first = seen.setdefault(key, row)
            if first is not row:
                fix = f"the same id, source and locator stand at {first.file}:{first.line}; merge them or name the place exactly"
                value = f"{row.label or row.locator}"
                self.problems.append(Problem(row.file, row.line, "id", "repeated key", value, fix))


def read_tables(data: Path | None = None, vocabulary: Vocabulary | None = None, *, problems: list[Problem] | None = None) -> Tables:
    """Read all curated tables of a folder (``data/`` unless told otherwise).

    Raises TableError with every problem found, ResourceError if there is nothing to read. With a list of ``problems``
    these are added to it instead, and the tables hold those things of which every row could be read.
    """
    from mesokg.vocabulary import read_vocabulary

    vocabulary = vocabulary or read_vocabulary()
    found: list[Problem] = []
    sheets = read_sheets(data, problems=found)
    reader = _Reader(sheets, vocabulary)
    for name in {Path(problem.file).stem for problem in found} - {sheet.name for sheet in sheets}:
        reader.lose_table(name)
    rows = reader.rows()
    found.extend(reader.problems)
    if any(problem.level == "error" for problem in found):
        if problems is None:
            raise TableError(found)
        problems.extend(found)
        wrong = {(problem.file, problem.line) for problem in found}
        left_out = reader.incomplete | reader.lost_things | {row.subject for row in rows if (row.file, row.line) in wrong}
        rows = [row for row in rows if row.subject not in left_out and row.table not in reader.doubtful]
    return Tables(
        rows=tuple(rows),
        labels=reader.labels,
        types={iri: frozenset(types) for iri, types in reader.types.items()},
        places=reader.places,
    )
