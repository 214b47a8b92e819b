"""Turns rows into triples: assertions for the evidence graph, best-ranked plain triples for the facts graph."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from operator import attrgetter
from typing import TYPE_CHECKING

from mesokg.cells import Moment
from mesokg.errors import Problem, TableError
from mesokg.identifiers import PREFIXES, compact, content_hash, entity, graph_iri, term
from mesokg.tables import ALT_LABEL, column_of

if TYPE_CHECKING:
    from pyoxigraph import Literal, NamedNode, Quad

    from mesokg.tables import Row, Tables
    from mesokg.vocabulary import PropertyTerm, Vocabulary

__all__ = ["Assertion", "Graph", "assertions", "build_graph"]

_TYPE = PREFIXES["rdf"] + "type"
_LABEL = PREFIXES["rdfs"] + "label"


@dataclass
class Assertion:
    """What one source says for or against one statement, gathered from all rows that say it.

    ``object`` is None where the source reports no value; ``status`` is then the ValueStatus.
    """

    subject: str
    property: PropertyTerm
    object: NamedNode | Literal | None
    status: str
    source: str
    negated: bool
    as_of: Moment | None
    evidence: str
    rank: str
    rows: list[Row] = field(default_factory=list)
    ranked: bool = True

    @property
    def key(self) -> tuple[str, ...]:
        """The parts of the identity: place, rank, comment and dates of reading stay outside."""
        as_of = f"{self.as_of.first_day}/{self.as_of.precision}" if self.as_of else ""
        value = str(self.object) if self.object is not None else f"absent {self.status}"
        return (self.subject, self.property.iri, value, self.source, str(self.negated), as_of)

    @property
    def iri(self) -> str:
        return entity("assertion", content_hash(*self.key))

    @property
    def place(self) -> tuple[str, int, str]:
        return (self.rows[0].file, self.rows[0].line, column_of(self.property))


@dataclass(frozen=True)
class Graph:
    """The two curated graphs as quads, ``evidence`` in the order of files, and the assertions behind them by IRI, each with its rows."""

    facts: list[Quad]
    evidence: list[Quad]
    assertions: dict[str, Assertion]


def _claims(row: Row, vocabulary: Vocabulary) -> Iterator[tuple[str, PropertyTerm, NamedNode | Literal | None, str, bool]]:
    """Every statement of a row, its synonyms among them: subject, property, value or None, ValueStatus, and whether ranks apply to it."""
    from pyoxigraph import Literal, NamedNode

    spec = vocabulary.tables[row.table]
    reported = vocabulary.value("ValueStatus", "reported")
    for synonym in row.synonyms:
        yield row.subject, vocabulary.properties[ALT_LABEL], Literal(synonym), reported, True
    if row.report and spec.row_link:
        yield row.subject, spec.row_link, NamedNode(row.report), reported, True
    for cell in row.cells:
        # In a table with a row class, what identifies the thing describes the thing, the rest describes the report.
        subject = row.report if row.report and cell.property.name not in spec.identity else row.subject
        # A rank judges a report as a whole, never what was measured.
        ranked = row.report is None or subject == row.report
        if cell.absent:
            yield subject, cell.property, None, cell.absent, ranked
        for value in cell.values:
            yield subject, cell.property, value, reported, ranked
            if cell.property.precision:
                moment = _precision(cell.text, value)
                prop = vocabulary.properties[cell.property.precision]
                yield subject, prop, NamedNode(vocabulary.value("DatePrecision", moment)), reported, ranked


def _precision(text: str, value: object) -> str:
    from mesokg.cells import read_moment

    for part in text.split("|"):
        moment = read_moment(part)
        if moment.literal == value:
            return moment.precision
    raise AssertionError(f"{value} was not read from {text!r}")


def assertions(tables: Tables, vocabulary: Vocabulary) -> tuple[dict[str, Assertion], list[Problem]]:
    """Gather the assertions of all rows by IRI, with the problems of rows that give one assertion two ranks or two kinds of evidence."""
    found: dict[str, Assertion] = {}
    problems: list[Problem] = []
    normal = vocabulary.value("Rank", "normal")
    for row in tables.rows:
        if row.source is None or row.evidence is None:
            continue
        for subject, prop, value, status, ranked in _claims(row, vocabulary):
            if prop.exempt:
                continue
            made = Assertion(
                subject=subject,
                property=prop,
                object=value,
                status=status,
                source=row.source,
                negated=row.negated and ranked,
                as_of=row.as_of,
                evidence=row.evidence,
                rank=row.rank if ranked else normal,
                ranked=ranked,
            )
            known = found.setdefault(made.iri, made)
            if known.rank != made.rank:
                file, line, _ = known.place
                fix = f"{file}:{line} ranks the same statement of the same source differently; keep one rank"
                problems.append(Problem(row.file, row.line, column_of(prop), "two ranks", compact(row.rank), fix))
            if known.evidence != made.evidence:
                file, line, _ = known.place
                fix = f"{file}:{line} has another evidence for the same statement of the same source; say it in one row, with the evidence it has there"
                problems.append(Problem(row.file, row.line, column_of(prop), "two kinds of evidence", compact(row.evidence), fix))
            known.rows.append(row)
    return found, problems


# ---------------------------------------------------------------- which assertions become plain triples


class _Ranking:
    """Ranks as numbers: a higher one wins; deprecated assertions never become plain triples."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.order = {
            vocabulary.value("Rank", name): number for number, name in enumerate(("deprecated", "normal", "preferred"))
        }

    def best(self, group: list[Assertion]) -> int:
        return max((self.order[a.rank] for a in group), default=0)


def _choose_functional(group: list[Assertion], ranking: _Ranking) -> tuple[list[Assertion], list[Problem]]:
    """The one value of a functional property: best rank first, then the latest date at which it held."""
    top = ranking.best(group)
    if top == 0:
        return [], []
    candidates = [a for a in group if ranking.order[a.rank] == top]
    dated = [a for a in candidates if a.as_of]
    if dated:
        latest = max(a.as_of.first_day for a in dated if a.as_of)
        chosen = [a for a in dated if a.as_of and a.as_of.first_day == latest] + [a for a in candidates if not a.as_of]
    else:
        chosen = candidates
    if len({a.object for a in chosen}) == 1:
        return chosen[:1], []
    problems = []
    for one in chosen:
        others = ", ".join(
            f"{_show(o.object)} at {o.place[0]}:{o.place[1]}" for o in chosen if o.object != one.object
        )
        fix = f"sources disagree ({others}); give one value a row of its own with rank preferred and the reason as comment"
        problems.append(Problem(*one.place, "two values of equal rank", _show(one.object), fix))
    return [], problems


def _and_where(said: dict[NamedNode | Literal, Row]) -> str:
    return " and ".join(f"{_show(value)} at {row.file}:{row.line}" for value, row in said.items())


def _show(value: NamedNode | Literal | None) -> str:
    return compact(value.value) if value is not None else ""


def _choose(group: list[Assertion], ranking: _Ranking) -> tuple[list[Assertion], list[Problem]]:
    """The assertions of one (subject, property) that become plain triples."""
    if len(group) == 1:
        # as nearly all: nothing to choose from
        (one,) = group
        return [one] if one.object is not None and not one.negated and ranking.best(group) else [], []
    told = [a for a in group if a.object is not None]
    for_, against = [a for a in told if not a.negated], [a for a in told if a.negated]
    problems: list[Problem] = []
    if not for_:
        return [], []
    if for_[0].property.functional and for_[0].ranked:
        chosen, problems = _choose_functional(for_, ranking)
        pool = chosen
    else:
        pool = for_
    kept: dict[NamedNode | Literal, Assertion] = {}
    for one in pool:
        same = [a for a in for_ if a.object == one.object]
        denied = [a for a in against if a.object == one.object]
        yes, no = ranking.best(same), ranking.best(denied)
        if yes == 0 or no > yes or one.object is None:
            continue
        if denied and no == yes:
            file, line, _ = denied[0].place
            fix = f"{file}:{line} denies it with equal rank; rank one of the two and give the reason as comment"
            problems.append(Problem(*one.place, "affirmed and denied", _show(one.object), fix))
            continue
        kept.setdefault(one.object, one)
    return list(kept.values()), problems


# ---------------------------------------------------------------- quads


_OF_ASSERTION = (
    "asOf", "asOfPrecision", "checkedOn", "checkedOnPrecision", "comment", "evidence", "evidenceLevel", "inTable", "locator",
    "negated", "object", "predicate", "rank", "recordDate", "recordDatePrecision", "source", "subject", "valueStatus",
)  # fmt: skip


def _evidence_quads(found: dict[str, Assertion], vocabulary: Vocabulary) -> list[Quad]:
    """The quads of all assertions, in the order of the files that hold them: nobody has to sort four fifths of the graph."""
    from pyoxigraph import Literal, NamedNode, Quad

    graph, type_, assertion = NamedNode(graph_iri("evidence")), NamedNode(_TYPE), NamedNode(term("Assertion"))
    # half a million nodes, of some ten thousand
    prop = {name: NamedNode(term(name)) for name in _OF_ASSERTION}
    node = cache(NamedNode)
    literal = cache(Literal)
    date_of = cache(attrgetter("literal"))
    truth = {value: Literal(value) for value in (True, False)}
    precision = {name: NamedNode(iri) for name, iri in vocabulary.values[term("DatePrecision")].items()}
    quads: list[Quad] = []

    def dated(name: str, moment: Moment | None) -> tuple[tuple[str, NamedNode | Literal], ...]:
        return ((name, date_of(moment)), (f"{name}Precision", precision[moment.precision])) if moment else ()

    def said(name: str, rows: list[Row], text_of: Callable[[Row], str]) -> list[tuple[str, Literal]]:
        texts = {text for row in rows if (text := text_of(row))}
        return [(name, literal(text)) for text in (sorted(texts, key=lambda text: str(literal(text))) if len(texts) > 1 else texts)]

    for iri in sorted(found):
        one, subject = found[iri], node(iri)
        rows = one.rows
        quads.append(Quad(subject, type_, assertion, graph))
        for name, value in (
            *dated("asOf", one.as_of),
            *dated("checkedOn", _latest([row.checked_on for row in rows])),
            *said("comment", rows, attrgetter("comment")),
            ("evidence", node(vocabulary.evidence_codes[one.evidence])),
            ("evidenceLevel", node(one.evidence)),
            *said("inTable", rows, lambda row: f"{row.table}.tsv"),
            *said("locator", rows, attrgetter("locator")),
            ("negated", truth[one.negated]),
            *((("object", one.object),) if one.object is not None else ()),
            ("predicate", node(one.property.iri)),
            ("rank", node(one.rank)),
            *dated("recordDate", _latest([row.record_date for row in rows])),
            ("source", node(one.source)),
            ("subject", node(one.subject)),
            ("valueStatus", node(one.status)),
        ):
            quads.append(Quad(subject, prop[name], value, graph))
    return quads


def _latest(moments: Iterable[Moment | None]) -> Moment | None:
    """The latest of the dates; of the same first day, the one known most precisely."""
    order = ("year", "month", "day")
    known = [m for m in moments if m]
    if len(known) < 2:
        return known[0] if known else None
    return max(known, key=lambda m: (m.first_day, order.index(m.precision)))


def _label_of(row: Row, tables: Tables, vocabulary: Vocabulary, notations: dict[str, str]) -> tuple[str, str]:
    """Labels for an outcome and its report, made of what identifies them; ``notations`` are those of listed values by IRI."""
    spec = vocabulary.tables[row.table]
    by_name = {cell.property.name: cell for cell in row.cells}

    def text(name: str) -> str:
        cell = by_name.get(name)
        if cell is None:
            return ""
        return ", ".join(tables.labels.get(v.value, notations.get(v.value, v.value)) for v in cell.values)

    first = ["measure", "event", "minimumGrade"]
    rest = [name for name in spec.identity if name not in (*first, "outcomeOf")]
    shown = [text(name) if name != "minimumGrade" else f"grade {text(name)} or more" for name in first if name in by_name]
    shown += [f"against {text(n)}" if n == "comparedWithArm" else text(n) for n in rest if n in by_name]
    label = "; ".join([*shown, text("outcomeOf")])
    source = tables.labels.get(row.source or "", "")
    return label, f"{label}; as reported in {source}, {row.locator}"


def _fact_quads(
    tables: Tables, vocabulary: Vocabulary, found: dict[str, Assertion]
) -> tuple[list[Quad], list[Problem]]:
    from pyoxigraph import Literal, NamedNode, Quad

    graph = NamedNode(graph_iri("facts"))
    type_, label = NamedNode(_TYPE), NamedNode(_LABEL)
    quads: dict[Quad, None] = {}
    # what needs no source has no rank either, so nothing chooses between two values of it
    single: dict[tuple[str, str], dict[NamedNode | Literal, Row]] = defaultdict(dict)
    deprecated = vocabulary.value("Rank", "deprecated")
    notations = {iri: notation for listed in vocabulary.values.values() for notation, iri in listed.items()}
    node = cache(NamedNode)

    def add(subject: str, predicate: NamedNode, value: NamedNode | Literal) -> None:
        quads[Quad(node(subject), predicate, value, graph)] = None

    for row in tables.rows:
        for iri in row.types:
            add(row.subject, type_, NamedNode(iri))
        if row.report:
            thing, report = _label_of(row, tables, vocabulary, notations)
            add(row.subject, label, Literal(thing))
            if row.rank != deprecated and not row.negated:
                add(row.report, type_, NamedNode(vocabulary.tables[row.table].row_class or ""))
                add(row.report, label, Literal(report))
        else:
            add(row.subject, label, Literal(row.label))
        for subject, prop, value, _, _ in _claims(row, vocabulary):
            # a name in a row without a source is no claim of anybody, and stands beside the label
            if (prop.exempt or (prop.iri == ALT_LABEL and row.source is None)) and value is not None:
                add(subject, NamedNode(prop.iri), value)
                if prop.functional:
                    single[subject, prop.iri].setdefault(value, row)
    groups: dict[tuple[str, str], list[Assertion]] = defaultdict(list)
    for one in found.values():
        groups[one.subject, one.property.iri].append(one)
    ranking = _Ranking(vocabulary)
    precisions = {p.precision for p in vocabulary.properties.values() if p.precision}
    problems = [
        Problem(row.file, row.line, vocabulary.properties[iri].name, "two values", _show(value), f"a thing has one, and rows say {_and_where(said)}; keep one")
        for (_, iri), said in single.items()
        if len(said) > 1 and iri not in precisions
        for value, row in said.items()
    ]
    dated: dict[tuple[str, str], Assertion] = {}
    for (subject, iri), group in groups.items():
        if iri in precisions:
            continue
        chosen, wrong = _choose(group, ranking)
        problems.extend(wrong)
        for one in chosen:
            if one.object is not None:
                add(subject, node(iri), one.object)
                if one.property.precision:
                    dated[subject, one.property.precision] = one
    # The precision of a date goes with the date that was chosen, never with another source's.
    for (subject, iri), date_ in dated.items():
        for one in groups[subject, iri]:
            if one.source == date_.source and one.as_of == date_.as_of and one.object is not None:
                add(subject, NamedNode(iri), one.object)
                break
    return list(quads), problems


def build_graph(tables: Tables, vocabulary: Vocabulary | None = None, *, evidence: bool = True) -> Graph:
    """Make the facts and evidence graphs of all rows; without ``evidence`` its quads are left out, not its assertions.

    Raises TableError where sources contradict each other without ranks that say which to prefer.
    """
    from mesokg.vocabulary import read_vocabulary

    vocabulary = vocabulary or read_vocabulary()
    found, problems = assertions(tables, vocabulary)
    facts, wrong = _fact_quads(tables, vocabulary, found)
    problems.extend(wrong)
    if problems:
        raise TableError(problems)
    return Graph(facts, _evidence_quads(found, vocabulary) if evidence else [], found)
