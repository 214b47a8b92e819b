"""What sources say behind one row of an answer: the assertions about its things, and those of the records that join them.

A row names things and, beside them, texts and numbers. Most numbers belong to none of its things but to a record between
them: an outcome of a trial in an arm with its measurement, an administration, a step, a finding. So a record counts as
behind the row where it is linked to the row's things and holds what the row says; of several, those that hold most of it.
A text or number alone proves nothing: it counts for a thing of the row or for such a record, never for anything else, and
where the row names its source, only as that source states it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from mesokg.identifiers import PREFIXES, is_curie
from mesokg.identifiers import term as iri_of

if TYPE_CHECKING:
    from mesokg.store import Answer, Store

__all__ = ["COLUMNS", "Evidence", "evidence_behind"]

COLUMNS = ("subject", "predicate", "object", "source", "sourceLabel", "locator", "level", "negated")

_OURS = PREFIXES["mesokg"]
_OUTCOME, _THERAPY = iri_of("Outcome"), iri_of("Therapy")
_RECORDS = ("Outcome", "Administration", "Arm", "ConstructPart", "Determinant", "Experiment", "GeneAlteration", "MechanismStep")
"""Classes whose members say something about other things, and stand beside them in few tables."""
_VALUES = frozenset(map(iri_of, ("numerator", "denominator", "value", "lowerLimit", "upperLimit", "valueText", "resultUnit", "valueQualifier")))
"""What a measurement is there for."""
_TELLING = frozenset(map(iri_of, ("event", "population", "subgroup", "timePoint", "comparedWithArm", "inArm", "minimumGrade", "criteria")))
"""What tells one outcome from another of the same measure."""
_MEASURES, _HOLDS = iri_of("measure"), iri_of("hasMeasurement")
_WORDS, _TEXT = 4, 12
"""A text of so many letters may be looked for among the statements about a thing of the row; one of so many finds a record."""
_NOTHING = {"", "not stated"}
"""Texts that say nothing of anything."""
_BATCH = 400

_KINDS = " ".join("mesokg:" + name for name in _RECORDS)

_THINGS = f"""SELECT DISTINCT ?thing ?label ?cites ?kind WHERE {{
  VALUES ?thing {{ %s }} OPTIONAL {{ ?thing rdfs:label ?label }} OPTIONAL {{ VALUES ?kind {{ mesokg:Therapy {_KINDS} }} ?thing a ?kind }}
  BIND(EXISTS {{ ?any mesokg:source ?thing }} AS ?cites)
}}"""

_LINKED = f"""SELECT DISTINCT ?thing ?record ?kind WHERE {{
  VALUES ?thing {{ %s }} VALUES ?kind {{ {_KINDS} }}
  {{ ?record ?way ?thing }} UNION {{ ?thing ?way ?record }}
  ?record a ?kind .
}}"""

# an arm that pools others has no administration of its own: the therapies of the trial stand for it
_REACHED = """SELECT DISTINCT ?thing ?record WHERE {
  VALUES ?thing { %s }
  { ?record mesokg:inArm/mesokg:hasAdministration/mesokg:givesTherapy ?thing }
  UNION { ?trial mesokg:investigates ?thing . ?record mesokg:outcomeOf ?trial OPTIONAL { ?record mesokg:inArm/mesokg:hasAdministration ?given } FILTER(!BOUND(?given)) }
}"""

_SAID = """SELECT DISTINCT ?subject ?predicate ?object ?source ?sourceLabel ?locator ?level ?negated ?notation ?label ?field WHERE {
  VALUES ?subject { %s }
  ?assertion mesokg:subject ?subject ; mesokg:predicate ?predicate ; mesokg:object ?object ; mesokg:source ?source ;
             mesokg:locator ?locator ; mesokg:negated ?negated ; mesokg:evidenceLevel/skos:notation ?kind .
  OPTIONAL { ?assertion mesokg:rank ?rank FILTER(?rank = mesokg:rankDeprecated) }
  BIND(IF(BOUND(?rank), CONCAT(STR(?kind), ", outranked"), STR(?kind)) AS ?level)
  OPTIONAL { ?source rdfs:label ?sourceLabel }
  OPTIONAL { ?object skos:notation ?notation }
  OPTIONAL { ?object rdfs:label ?label }
  OPTIONAL { ?predicate rdfs:label ?field }
} ORDER BY ?subject ?predicate STR(?object) ?source ?locator"""

_FACTS = """SELECT DISTINCT ?subject ?predicate ?object ?notation ?label WHERE {
  VALUES ?subject { %s }
  ?subject ?predicate ?object .
  FILTER(?predicate NOT IN (rdf:type, rdfs:label, skos:altLabel))
  OPTIONAL { ?object skos:notation ?notation }
  OPTIONAL { ?object rdfs:label ?label }
}"""

_JOINED = """SELECT DISTINCT ?subject ?predicate ?object ?graph WHERE {
  VALUES ?subject { %s }
  VALUES ?object { %s }
  ?subject ?predicate ?object .
  FILTER(?subject != ?object)
  FILTER NOT EXISTS { ?narrower rdfs:subPropertyOf ?predicate . ?subject ?narrower ?object . FILTER(?narrower != ?predicate) }
  OPTIONAL { GRAPH ?graph { ?subject ?predicate ?object } }
} ORDER BY ?predicate ?subject ?object ?graph"""

_UNSOURCED = {
    "": ("stated or inferred", "mesokg explain", "shows which"),
    "inferred": ("inferred", "mesokg explain", "shows its premises"),
    "facts": ("stated", "curated tables", "no source of its own"),
    "evidence": ("stated", "the assertion itself", "no source of its own"),
    "ontology": ("stated", "ontology", "no source of its own"),
    "metadata": ("stated", "description of the dataset", "no source of its own"),
}
"""What stands for the source of a triple that no assertion is about, by its graph; first for a server with one graph only."""


@dataclass(frozen=True)
class _Said:
    """What is said of one thing, by a source or as a plain triple; ``row`` is what is shown of it."""

    predicate: str
    target: Any
    names: frozenset[str]
    source: str = ""
    field: str = ""
    row: tuple[Any, ...] = ()


@dataclass
class _Row:
    """The cells of a row: things, and what stands beside them."""

    things: frozenset[str]
    sources: frozenset[str]
    texts: frozenset[str]
    numbers: frozenset[Decimal]
    others: frozenset[str]
    meant: frozenset[str]
    """IRIs for which the query writes a text of the row."""


@dataclass
class _Found:
    """A record that may be behind the row: an outcome with one measurement, or any other record alone."""

    record: str
    measurement: str
    links: frozenset[str]
    said: list[_Said]
    held: frozenset[object] = frozenset()
    """The cells of the row that it holds."""
    beyond: int = 0
    """How many of its values the row does not have, though it would show them."""
    told: list[_Said] = field(default_factory=list)


def _number(text: str) -> Decimal | None:
    try:
        return Decimal(text).normalize()
    except InvalidOperation:
        return None


def _kind(term: Any) -> str:
    """How a term compares: iri, number, text, or other (dates and truth values)."""
    if type(term).__name__ != "Literal":
        return "iri" if type(term).__name__ == "NamedNode" else "other"
    kind = term.datatype.value.rsplit("#", 1)[-1]
    if kind in ("integer", "decimal", "double", "float"):
        return "number"
    return "text" if kind in ("string", "langString") else "other"


def _plural(word: str) -> str:
    return word[:-1] if len(word) > _WORDS and word.endswith("s") and not word.endswith("ss") else word


def _like(name: str, text: str) -> bool:
    """Whether a text of the row is about what has this name: it begins or ends with the name, or has only words of it."""
    if text.endswith(f": {name}"):
        return True
    if len(name) >= _TEXT and re.search(rf"^{re.escape(name)}\b|\b{re.escape(name)}$", text):
        return True
    words, wanted = ({_plural(word) for word in re.findall(r"\w+", one)} for one in (name, text))
    return len(wanted) > 1 and wanted <= words


_ONE_VALUE = re.compile(r'VALUES \?\w+ \{\s*(<[^<>"{}|^`\\\s]*>|[A-Za-z]\w*:[\w.:%-]+)\s*\}')
"""A block with one thing in it, as a parameter has."""

_ANY_PROPERTY = re.compile(
    r"mesokg:predicate\s+[?$]"
    r"|[{}.)]\s*(?:[?$]\w+|[A-Za-z_]\w*:[\w.-]*)\s+[?$]\w+\s+[^\s{]"
    r"|[{}.)]\s*[?$]\w+\s+[?$]\w+\s*[};.]"
    r"|[;\[\]]\s*[?$]\w+\s+[^\s{]"
)
"""A variable in the place of a property, in a query whose IRIs in angle brackets are blanked."""

_LISTS = re.compile(r"(?<![?$:\w])(?:SELECT|GROUP\s+BY|HAVING|ORDER\s+BY)\b[^{}]*", re.IGNORECASE)
"""Where variables stand one after the other without being a pattern."""


def _named(text: str) -> str:
    """The IRI that a term of a query stands for; empty where it is none of ours or of the outside things that we know."""
    if text.startswith("<") and text.endswith(">"):
        return text[1:-1]
    prefix, _, local = text.partition(":")
    return PREFIXES[prefix] + local if is_curie(text) and prefix in PREFIXES else ""


class _Query:
    """What the text of a query tells of its answers: which properties it asks for, which one thing it asks about, and
    which words it puts for which thing."""

    def __init__(self, sparql: str) -> None:
        from mesokg.gate import blank_quoted
        from mesokg.packed import asked_of

        bare = blank_quoted(sparql)
        self.names = None if not sparql or _ANY_PROPERTY.search(_LISTS.sub(" ", bare)) else asked_of(sparql)
        self.things = {thing for block in _ONE_VALUE.findall(sparql) if (thing := _named(block)) and not thing.startswith(_OURS)}
        self.meant: dict[str, set[str]] = defaultdict(set)
        for local, text in re.findall(r'\(\s*mesokg:(\w+)\s+"([^"\\]*)"\s*\)', sparql):
            self.meant[text.casefold()].add(_OURS + local)

    def asks(self, predicate: str, unknown: bool = True) -> bool:
        """Whether it asks for the property; ``unknown`` where any may be meant."""
        return unknown if self.names is None else predicate.rpartition("/")[2].rpartition("#")[2] in self.names


class _Groups:
    """Which things of a row are joined with one another, straight or through others of the row."""

    def __init__(self, pairs: Iterable[frozenset[str]]) -> None:
        self._group: dict[str, set[str]] = {}
        for pair in pairs:
            whole = set(pair).union(*(self._group.get(thing, ()) for thing in pair))
            for thing in whole:
                self._group[thing] = whole

    def apart(self, things: set[str]) -> bool:
        first = next(iter(things))
        return not things <= self._group.get(first, {first})


class Evidence:
    """What sources say, looked up for one row after the other; what was read for one row is kept for the next."""

    def __init__(self, store: Store, sparql: str = "") -> None:
        self._store = store
        self._query = _Query(sparql)
        self._labels: dict[str, set[str]] = {}
        self._sources: set[str] = set()
        self._kinds: dict[str, str] = {}
        self._said: dict[str, list[_Said]] = {}
        self._facts: dict[str, list[_Said]] = {}
        self._linked: dict[str, dict[str, str]] = {}
        self._reached: dict[str, set[str]] = {}

    # ------------------------------------------------------------ reading

    def _new(self, iris: Iterable[str], known: dict[str, Any], empty: Callable[[], Any], query: str) -> Iterator[tuple[Any, ...]]:
        wanted = sorted({iri for iri in iris if iri not in known})
        for iri in wanted:
            known[iri] = empty()
        for start in range(0, len(wanted), _BATCH):
            some = wanted[start : start + _BATCH]
            yield from self._store.query(query % " ".join(f"<{iri}>" for iri in some))

    def _look_at(self, things: Iterable[str]) -> None:
        for thing, label, cites, kind in self._new(things, self._labels, set, _THINGS):
            if label is not None:
                self._labels[thing.value].add(label.value.casefold())
            if cites is not None and cites.value == "true":
                self._sources.add(thing.value)
            if kind is not None:
                self._kinds[thing.value] = kind.value

    def _statements(self, iris: Iterable[str]) -> None:
        """Read what is said of things, by sources and as plain triples."""
        iris = list(iris)
        merged: dict[tuple[Any, ...], set[str]] = defaultdict(set)
        for *shown, notation, label, name in self._new(iris, self._said, list, _SAID):
            merged[(*shown, name.value.casefold() if name is not None else "")] |= {one.value.casefold() for one in (notation, label) if one is not None}
        for (*shown, name), names in merged.items():
            subject, predicate, target, source = shown[:4]
            self._said[subject.value].append(_Said(predicate.value, target, frozenset(names), source.value, name, tuple(shown)))
        merged.clear()
        for *triple, notation, label in self._new(iris, self._facts, list, _FACTS):
            merged[tuple(triple)] |= {one.value.casefold() for one in (notation, label) if one is not None}
        for (subject, predicate, target), names in merged.items():
            self._facts[subject.value].append(_Said(predicate.value, target, frozenset(names)))

    def _records(self, things: Iterable[str]) -> dict[str, tuple[str, set[str]]]:
        """The records linked with things: the class of each, and the things."""
        things = list(things)
        for thing, record, kind in self._new(things, self._linked, dict, _LINKED):
            self._linked[thing.value][record.value] = kind.value
        found: dict[str, tuple[str, set[str]]] = {}
        for thing in things:
            for record, kind in self._linked[thing].items():
                found.setdefault(record, (kind, set()))[1].add(thing)
        return found

    # ------------------------------------------------------------ comparing

    def _cell(self, said: _Said, row: _Row, *, loose: bool = False, numbers: bool = True) -> object | None:
        """The cell of the row that says the same, as text, number or IRI; None where there is none."""
        kind = _kind(said.target)
        if kind == "iri":
            if said.target.value in row.things or said.target.value in row.meant:
                return said.target.value
        elif kind == "number":
            number = _number(said.target.value)
            return number if numbers and number in row.numbers else None
        elif kind == "other":
            return said.target.value if said.target.value in row.others and self._query.asks(said.predicate, said.target.value not in ("true", "false")) else None
        names = said.names if kind == "iri" else {said.target.value.casefold()}
        if (name := min(names & row.texts, default=None)) is not None:
            return name
        if loose:
            return next((text for name in sorted(names) for text in sorted(row.texts) if _like(name, text)), None)
        return None

    def _cites(self, said: _Said, row: _Row) -> bool:
        return not row.sources or said.source in row.sources

    # ------------------------------------------------------------ records

    def _outcomes(self, row: _Row) -> tuple[list[_Found], bool]:
        """The outcomes, each with the measurement, that the row is about; and whether they are those of its own trial or arm."""
        linked = {thing: {thing} for thing in row.things if self._kinds.get(thing) == _OUTCOME}
        if not linked and (row.texts or row.meant):
            linked = {record: links for record, (kind, links) in self._records(self._ends(row)).items() if kind == _OUTCOME}
        direct = bool(linked)
        if not direct:
            therapies = [thing for thing in sorted(row.things) if self._kinds.get(thing) == _THERAPY]
            for thing, record in self._new(therapies, self._reached, set, _REACHED):
                self._reached[thing.value].add(record.value)
            for thing in therapies:
                for record in self._reached[thing]:
                    linked.setdefault(record, set()).add(thing)
        self._statements(linked)
        candidates = [(record, links) for record, links in linked.items() if record in row.things or self._measured(record, row, loose=not direct and not row.meant)]
        if direct and candidates:
            most = max(len(links) for _, links in candidates)
            candidates = [(record, links) for record, links in candidates if len(links) == most]
        measurements = {record: self._measurements(record) for record, _ in candidates}
        self._statements({one for many in measurements.values() for one in many})
        found: list[_Found] = []
        for record, links in candidates:
            for measurement in sorted(measurements[record]) or [""]:
                if measurement not in (row.things & measurements[record] or {measurement}):
                    continue
                said = self._said[record] + self._said.get(measurement, [])
                one = _Found(record, measurement, frozenset(links), said)
                holding = [s for s in said if s.predicate == _HOLDS and s.target.value == measurement]
                if row.sources and not any(self._cites(s, row) for s in holding or said):
                    continue
                if direct:
                    self._weigh(one, row)
                found.append(one)
        return (self._best(found, row) if direct else found), direct

    def _ends(self, row: _Row) -> list[str]:
        return sorted(thing for thing in row.things - row.sources if not thing.startswith(_OURS))

    def _measured(self, record: str, row: _Row, *, loose: bool) -> bool:
        return any(self._cell(said, row, loose=loose) is not None for said in self._facts[record] + self._said[record] if said.predicate == _MEASURES)

    def _measurements(self, record: str) -> set[str]:
        return {said.target.value for said in self._facts[record] + self._said[record] if said.predicate == _HOLDS and _kind(said.target) == "iri"}

    def _weigh(self, one: _Found, row: _Row) -> None:
        """Count what an outcome and the row share, and what only the outcome has."""
        values = self._facts[one.record] + self._facts.get(one.measurement, []) + [s for s in one.said if self._cites(s, row)]
        cells = {(said.predicate, str(said.target)): self._cell(said, row) for said in values if said.predicate not in (_HOLDS,)}
        one.held = frozenset(cell for cell in cells.values() if cell is not None)
        one.beyond = sum(cell is None and predicate in (_TELLING | _VALUES) and self._query.asks(predicate, predicate in _TELLING) for (predicate, _), cell in cells.items())

    def _best(self, found: list[_Found], row: _Row) -> list[_Found]:
        """Those outcomes that hold most of the row; and of another arm those that hold numbers beside."""
        groups: dict[frozenset[str], list[_Found]] = defaultdict(list)
        for one in found:
            groups[one.links].append(one)

        def weight(one: _Found) -> tuple[int, int]:
            return len(one.held), -one.beyond

        best = {links: max(map(weight, group)) for links, group in groups.items()}
        first = max(best.values(), default=(0, 0))
        kept: list[_Found] = []
        seen: set[object] = set()
        for links in sorted(groups, key=lambda links: (best[links], sorted(links)), reverse=True):
            alike = [one for one in groups[links] if weight(one) == best[links]]
            if best[links] == first or any(isinstance(cell, Decimal) and cell not in seen for one in alike for cell in one.held):
                kept += alike
                seen.update(*(one.held for one in alike))
        return kept

    def _tell_outcome(self, one: _Found, row: _Row) -> None:
        # another source of the same outcome, with a measurement of its own, is not behind this one
        holders = {said.source for said in one.said if said.predicate == _HOLDS and said.target.value == one.measurement}
        for said in one.said:
            if holders and said.source not in holders:
                continue
            value = said.row[0].value == one.measurement and said.predicate in _VALUES
            holds = said.predicate == _HOLDS and said.target.value == one.measurement
            if (value or holds or (said.predicate != _HOLDS and self._cell(said, row, loose=said.predicate == _MEASURES) is not None)) and self._cites(said, row):
                one.told.append(said)

    def _others(self, row: _Row, joined: _Groups, *, alone: bool) -> list[_Found]:
        """Records of other kinds that join things of the row which nothing else does; ``alone``: else those that hold a text of it."""
        linked = {record: one for record, one in self._records(self._ends(row)).items() if one[0] != _OUTCOME and record not in row.things}
        joining = {record for record, (_, links) in linked.items() if joined.apart(links)}
        found = self._holding(row, {record: linked[record] for record in joining}, several=True)
        if found or not alone or not any(len(text) >= _TEXT for text in row.texts):
            return found
        return self._holding(row, linked, several=False)

    def _holding(self, row: _Row, linked: dict[str, tuple[str, set[str]]], *, several: bool) -> list[_Found]:
        """Of these records, for each class and each set of things that they are linked with, those that hold most of the row."""
        self._statements(linked)
        groups: dict[tuple[str, frozenset[str]], list[_Found]] = defaultdict(list)
        for record, (kind, links) in linked.items():
            one = _Found(record, "", frozenset(links), self._said[record])
            held: set[object] = set()
            found = several
            for said in one.said:
                ours = _kind(said.target) == "iri" and said.target.value.startswith(_OURS)
                cell = self._cell(said, row, loose=_kind(said.target) == "iri" and not ours)
                if cell is None or not self._cites(said, row):
                    continue
                thing = cell in row.things
                if thing or self._query.asks(said.predicate):
                    one.told.append(said)
                    held |= set() if thing else {cell}
                    # a value of a list, as the setting "cell culture", stands in too many records to find one
                    found = found or (not thing and not ours and isinstance(cell, str) and len(cell) >= _TEXT)
            one.held = frozenset(held)
            if one.told and found:
                groups[kind, one.links].append(one)
        return [one for group in groups.values() for one in group if len(one.held) == max(len(other.held) for other in group)]

    # ------------------------------------------------------------ one row

    def _read(self, cells: Iterable[Any]) -> _Row:
        terms = [cell for cell in cells if cell is not None]
        shown = {term.value for term in terms if _kind(term) == "iri"}
        things = frozenset(shown | self._query.things)
        self._look_at(things)
        # a thing stands beside its label, which says nothing where it happens to be a value of another thing
        labels = {label for thing in shown for label in self._labels[thing]}
        texts = {term.value.casefold() for term in terms if _kind(term) == "text"} - labels
        texts |= {part.strip() for text in texts for part in text.split(" | ")} - labels
        meant = {iri for text in texts for iri in self._query.meant.get(text, ())}
        numbers = {number for term in terms if _kind(term) == "number" and (number := _number(term.value)) is not None}
        others = {term.value for term in terms if _kind(term) == "other" and hasattr(term, "value")}
        return _Row(things, frozenset(things & self._sources), frozenset(texts) - _NOTHING, frozenset(numbers), frozenset(others), frozenset(meant))

    def behind(self, cells: Iterable[Any]) -> list[tuple[Any, ...]]:
        """The assertions behind a row, and below them the triples that join two of its things without one."""
        row = self._read(cells)
        if not row.things:
            return []
        self._statements(row.things)
        about = {thing: self._said[thing] for thing in sorted(row.things)}
        joins = [said for many in about.values() for said in many if _kind(said.target) == "iri" and said.target.value in row.things - {said.row[0].value}]
        cited = {_pair(said) for said in joins if self._cites(said, row)}
        shown = [said for said in joins if self._cites(said, row) or _pair(said) not in cited]
        # a row that names the field of a value is about that field alone
        fields = {said.field for many in about.values() for said in many if said.field and (said.field in row.texts or said.predicate in row.things)}
        outcomes, direct = self._outcomes(row) if not fields else ([], False)
        for one in outcomes:
            self._tell_outcome(one, row)
        outcomes = [one for one in outcomes if one.told]
        alone = not (outcomes and direct) and not any(self._kinds.get(thing, _THERAPY) != _THERAPY for thing in row.things)
        others = self._others(row, _Groups(map(_pair, joins)), alone=alone) if not fields else []
        shown += self._direct(row, about, fields, outcomes, others)
        for one in sorted(others + outcomes, key=lambda one: (one.record, one.measurement)):
            shown += one.told
        rows = list(dict.fromkeys(said.row for said in shown))
        return rows + self._unsourced(row, rows)

    def _direct(self, row: _Row, about: dict[str, list[_Said]], fields: set[str], outcomes: list[_Found], others: list[_Found]) -> list[_Said]:
        """What is said of the row's own things and stands in it as text, number or date."""
        taken = {cell for one in outcomes + others for cell in one.held}
        found = []
        for thing, many in about.items():
            for said in many:
                if fields and said.field not in fields or not (self._cites(said, row) or thing in row.sources):
                    continue
                cell = self._cell(said, row, numbers=not outcomes)
                short = isinstance(cell, str) and len(cell) < _WORDS and _kind(said.target) == "text"
                if cell is None or cell in row.things or cell in taken or (short and not fields and not self._query.asks(said.predicate, unknown=False)):
                    continue
                if fields or self._query.asks(said.predicate):
                    found.append(said)
        return found

    def _unsourced(self, row: _Row, shown: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
        from pyoxigraph import Literal

        joined = {frozenset((one[0].value, getattr(one[2], "value", ""))) for one in shown}
        things = " ".join(f"<{thing}>" for thing in sorted(row.things))
        rows: list[tuple[Any, ...]] = []
        for subject, predicate, value, graph in self._store.query(_JOINED % (things, things)):
            pair = frozenset((subject.value, value.value))  # type: ignore[union-attr]
            if pair not in joined:
                joined.add(pair)
                place = graph.value.rpartition("/")[2] if graph is not None else ""  # type: ignore[union-attr]
                words = map(Literal, _UNSOURCED.get(place, _UNSOURCED[""]))
                rows.append((subject, predicate, value, None, *words, Literal(False)))
        return rows


def _pair(said: _Said) -> frozenset[str]:
    return frozenset((said.row[0].value, said.target.value))


def evidence_behind(row: Iterable[object], store: Store, sparql: str = "") -> Answer:
    """The assertions behind a row of an answer: one row each, with source, place and evidence level, marked where outranked.

    ``row`` holds terms as an :class:`~mesokg.store.Answer` gives them; ``sparql``, the query it answers, tells which
    properties it is about. Two things that no assertion joins but a triple does have a row without a source, with
    the label ``inferred`` or ``stated``, as its graph tells: ``mesokg explain`` shows the premises of what is inferred. For many rows of one answer, use :class:`Evidence`.
    """
    from mesokg.store import Answer

    return Answer("bindings", COLUMNS, tuple(Evidence(store, sparql).behind(row)))
