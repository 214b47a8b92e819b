"""Reads from a store what networks are made of: things, links, and the evidence for each.

Works on any store that answers SPARQL 1.1, with or without named graphs.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from mesokg.identifiers import PREFIXES

if TYPE_CHECKING:
    import pyoxigraph

    from mesokg.store import Store

__all__ = ["Facts", "Link", "Support", "Thing", "read_facts", "snake"]

_OURS = PREFIXES["mesokg"]

DESCRIPTIONS = (
    "therapyDescription", "vectorDescription", "payloadDescription", "formDescription", "componentDescription",
    "antigenDescription", "modelDescription", "armDescription", "cohortDescription", "determinantDescription",
    "officialTitle", "effect", "readOut", "geneName", "resultNote", "population", "shortTitle",
)
"""Data properties that describe a thing in words; the first that a thing has is its description. One that has none is
described by what it is linked to (``build.py``): texts of other ontologies are not ours to copy."""


def snake(name: str) -> str:
    """A property name as an attribute name.

    >>> snake("enrolmentActual"), snake("hlaRestriction"), snake("doi")
    ('enrolment_actual', 'hla_restriction', 'doi')
    """
    return re.sub(r"(?<=[a-z0-9])([A-Z])", lambda found: "_" + found[1].lower(), name)


@dataclass
class Support:
    """The evidence for a thing or a link: sources by IRI, evidence levels by order (1 is best), years of publication.

    What a source denies, or said before it was superseded, is no evidence for a thing.
    """

    sources: set[str] = field(default_factory=set)
    levels: set[int] = field(default_factory=set)
    years: set[int] = field(default_factory=set)

    def add(self, other: Support) -> None:
        self.sources |= other.sources
        self.levels |= other.levels
        self.years |= other.years


@dataclass
class Thing:
    """One entity: ``class_name`` is the class of its table, ``classes`` the labels of the classes it was sorted into.

    ``support`` is the evidence of statements of it that are affirmed and not deprecated, ``denied`` of those denied.
    """

    iri: str
    class_name: str
    label: str
    classes: list[str]
    values: dict[str, list[str]]
    support: Support
    denied: Support = field(default_factory=Support)


@dataclass(frozen=True)
class Link:
    """One triple between two things."""

    source: str
    name: str
    target: str
    inferred: bool


@dataclass
class Facts:
    """All things and links of a graph, sorted; ``support`` and ``denied`` by (subject, property name, object).

    ``statements`` has for a thing and a source the evidence level of each statement, by order: of those that the source
    affirms, and of those that it denies. ``labels`` is by IRI, ``definitions`` by the name of a property of ours.
    """

    things: dict[str, Thing]
    links: list[Link]
    support: dict[tuple[str, str, str], Support]
    denied: dict[tuple[str, str, str], Support]
    statements: dict[tuple[str, str], tuple[list[int], list[int]]]
    labels: dict[str, str]
    levels: dict[int, str]
    published: dict[str, int]
    over_time: dict[str, dict[str, list[tuple[str, str]]]] = field(default_factory=dict)
    """Thing to property to (day from which it held, value), in order of day, for what changes over time."""
    definitions: dict[str, str] = field(default_factory=dict)

    def supported(self, link: Link) -> Support:
        return self.support.get((link.source, link.name, link.target), Support())

    def by_name(self, name: str) -> Iterator[Link]:
        return (link for link in self.links if link.name == name)


def _rows(store: Store | pyoxigraph.Store, sparql: str) -> Iterator[tuple[Any, ...]]:
    """The solutions with IRIs and literals as plain text, None where unbound."""
    import pyoxigraph

    if isinstance(store, pyoxigraph.Store):
        solutions: Any = store.query(sparql, prefixes=PREFIXES, use_default_graph_as_union=True)
    else:
        solutions = store.query(sparql).rows
    for solution in solutions:
        yield tuple(term.value if term is not None else None for term in solution)


@lru_cache(maxsize=1000)
def _local(iri: str) -> str:
    return iri[len(_OURS):] if iri.startswith(_OURS) else iri.rsplit("/", 1)[-1].rsplit("#", 1)[-1]


# what is left out is looked for once for a class, not for each of its things
_KINDS = """SELECT DISTINCT ?thing ?class WHERE {
  { SELECT DISTINCT ?class WHERE { ?class mesokg:tableName|^mesokg:rowClass ?table } } ?thing a ?class MINUS { ?thing a owl:Class } }"""
_CLASSES = """SELECT DISTINCT ?thing ?class ?label WHERE {
  { SELECT ?class ?label WHERE { ?class a owl:Class ; rdfs:label ?label FILTER(?class != mesokg:Assertion)
    MINUS { ?class mesokg:tableName ?table } } } ?thing a ?class }"""
_LABELS = "SELECT ?thing ?label WHERE { ?thing rdfs:label ?label }"
_DEFINITIONS = """SELECT ?p ?text WHERE { ?p a owl:ObjectProperty ; <http://purl.obolibrary.org/obo/IAO_0000115> ?text }"""
_NOTATIONS = "SELECT ?value ?notation WHERE { ?value skos:notation ?notation }"
_LEVELS = "SELECT ?level ?order ?label WHERE { ?level mesokg:evidenceOrder ?order ; rdfs:label ?label }"
_OBJECTS = """SELECT DISTINCT ?s ?p ?o WHERE { ?p a owl:ObjectProperty .
  FILTER NOT EXISTS { ?p rdfs:domain mesokg:Assertion } ?s ?p ?o FILTER(isIRI(?o)) }"""
_DATA = """SELECT DISTINCT ?s ?p ?o WHERE { ?p a owl:DatatypeProperty .
  FILTER NOT EXISTS { ?p rdfs:domain mesokg:Assertion } ?s ?p ?o }"""
_INFERRED = """SELECT ?s ?p ?o WHERE { ?p a owl:ObjectProperty . GRAPH mkgg:inferred { ?s ?p ?o } }"""
_EXEMPT = "SELECT ?p WHERE { ?p mesokg:exemptFromEvidence true }"
_ASSERTIONS = """SELECT ?s ?p ?o ?source ?level ?negated ?rank WHERE { ?a a mesokg:Assertion ; mesokg:subject ?s ;
  mesokg:predicate ?p ; mesokg:source ?source ; mesokg:evidenceLevel ?level ; mesokg:negated ?negated .
  OPTIONAL { ?a mesokg:object ?o } OPTIONAL { ?a mesokg:rank ?rank } }"""
_DATED = """SELECT DISTINCT ?s ?p ?day ?rank ?o WHERE {
  VALUES ?p { mesokg:status mesokg:phase mesokg:enrolmentActual mesokg:enrolmentPlanned }
  ?a mesokg:predicate ?p ; mesokg:subject ?s ; mesokg:object ?o ; mesokg:negated ?negated ; mesokg:rank ?rank .
  OPTIONAL { ?a mesokg:asOf ?asOf } OPTIONAL { ?a mesokg:recordDate ?recordDate }
  BIND(COALESCE(?asOf, ?recordDate) AS ?day) FILTER(BOUND(?day) && !?negated && ?rank != mesokg:rankDeprecated) }"""
_INVERSES = """SELECT ?p ?q WHERE { { ?p owl:inverseOf ?q . FILTER(isIRI(?p) && isIRI(?q)) }
  UNION { ?p a owl:SymmetricProperty . BIND(?p AS ?q) } }"""
_CHAINS = """SELECT ?p ?a ?b ?c ?more WHERE { ?p owl:propertyChainAxiom ?list . ?list rdf:first ?a ; rdf:rest ?second .
  ?second rdf:first ?b ; rdf:rest ?third . OPTIONAL { ?third rdf:first ?c ; rdf:rest ?fourth .
  OPTIONAL { ?fourth rdf:first ?more } } }"""
_SUPERS = "SELECT ?p ?q WHERE { ?p rdfs:subPropertyOf+ ?q . FILTER(?p != ?q) }"


def read_facts(store: Store | pyoxigraph.Store) -> Facts:
    """Read the whole graph once; all views are made from the result.

    An inferred link that only repeats a more exact one is left out: the inverse of an asserted link, a link by a
    super-property, to a broader disease or taxon, or over two steps of ``hasBroader``.
    """
    kind: dict[str, str] = {}
    for thing, class_iri in sorted(_rows(store, _KINDS)):
        # Publication before Source and CellLine before ModelSystem cannot meet here: tables are disjoint
        kind.setdefault(thing, _local(class_iri))
    classes: dict[str, list[str]] = defaultdict(list)
    for thing, class_iri, label in sorted(_rows(store, _CLASSES)):
        if thing in kind and _local(class_iri) != kind[thing]:
            classes[thing].append(label)
    labels: dict[str, str] = {}
    for thing, label in sorted(_rows(store, _LABELS)):
        labels.setdefault(thing, label)
    notations = dict(sorted(_rows(store, _NOTATIONS)))
    orders: dict[str, int] = {}
    levels: dict[int, str] = {}
    for level, order, label in _rows(store, _LEVELS):
        orders[level], levels[int(order)] = int(order), label

    objects = sorted(_rows(store, _OBJECTS))
    values: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    triples: list[tuple[str, str, str]] = []
    for s, p, o in objects:
        if s not in kind:
            continue
        if o in kind:
            triples.append((s, _local(p), o))
        else:
            values[s][_local(p)].append(notations.get(o) or labels.get(o) or o)
    for s, p, o in sorted(_rows(store, _DATA)):
        if s in kind:
            values[s][_local(p)].append(o)

    published = {s: int(found["publicationYear"][0]) for s, found in values.items() if "publicationYear" in found}
    support, denied, about, against, statements = _evidence(store, kind, orders, published)
    inferred = {(s, _local(p), o) for s, p, o in _rows(store, _INFERRED)}
    exempt = {_local(p) for (p,) in _rows(store, _EXEMPT)}
    links = [
        Link(s, name, o, (s, name, o) in inferred or (name not in exempt and (s, name, o) not in support))
        for s, name, o in triples
    ]
    things = {
        iri: Thing(iri, kind[iri], labels.get(iri, ""), sorted(set(classes[iri])), dict(values[iri]), about[iri], against[iri])
        for iri in sorted(kind)
    }
    over_time = _over_time(store, kind, lambda value: notations.get(value) or labels.get(value) or value)
    kept = _exact(store, links)
    derivation = _Derivation(store, links, support)
    for link in kept:
        if link.inferred:
            found = derivation.support(link.source, link.name, link.target)
            if found is not None:
                support[link.source, link.name, link.target] = found
    definitions = {_local(p): text for p, text in sorted(_rows(store, _DEFINITIONS)) if p.startswith(_OURS)}
    return Facts(things, kept, support, denied, statements, labels, levels, published, over_time, definitions)


def _over_time(
    store: Store | pyoxigraph.Store, kind: dict[str, str], show: Callable[[str], str]
) -> dict[str, dict[str, list[tuple[str, str]]]]:
    """What each thing was from which day on: on each day the preferred values, else all that are stated."""
    stated: dict[tuple[str, str], dict[str, dict[bool, set[str]]]] = defaultdict(lambda: defaultdict(lambda: defaultdict(set)))
    for s, p, day, rank, o in _rows(store, _DATED):
        if s in kind:
            stated[s, _local(p)][day[:10]][_local(rank) == "rankPreferred"].add(show(o))
    found: dict[str, dict[str, list[tuple[str, str]]]] = defaultdict(dict)
    for (s, name), days in sorted(stated.items()):
        found[s][name] = [(day, "; ".join(sorted(values.get(True) or values[False]))) for day, values in sorted(days.items())]
    return dict(found)


class _Derivation:
    """The evidence of inferred links: that of the asserted links they follow from.

    Follows chains, sub-properties and inverses of the ontology. A derivation is as good as its weakest statement, a
    link as its best derivation; sources and years are those of all derivations.
    """

    DEEPEST = 6
    """Steps from a link down to what was asserted; the longest way in the ontology takes five."""

    def __init__(
        self, store: Store | pyoxigraph.Store, links: list[Link], support: dict[tuple[str, str, str], Support]
    ) -> None:
        self.asserted = support
        self.leads: dict[tuple[str, str], list[str]] = defaultdict(list)
        self.inferred: set[tuple[str, str, str]] = set()
        for link in links:
            self.leads[link.source, link.name].append(link.target)
            if link.inferred:
                self.inferred.add((link.source, link.name, link.target))
        self.chains: dict[str, list[tuple[str, ...]]] = defaultdict(list)
        for p, *steps in sorted(_rows(store, _CHAINS), key=str):
            # a chain of more than three has not been needed; its links then show no evidence of their own
            if steps[3] is None:
                self.chains[_local(p)].append(tuple(_local(step) for step in steps[:3] if step))
        self.below: dict[str, list[str]] = defaultdict(list)
        for p, q in sorted(_rows(store, _SUPERS)):
            self.below[_local(q)].append(_local(p))
        self.inverse: dict[str, list[str]] = defaultdict(list)
        for p, q in sorted(_rows(store, _INVERSES)):
            self.inverse[_local(p)].append(_local(q))
            self.inverse[_local(q)].append(_local(p))
        self.known: dict[tuple[str, str, str], Support | None] = {}

    def support(self, s: str, p: str, o: str, depth: int = 0) -> Support | None:
        """The evidence of one link, or None where it neither was asserted nor follows within the depth."""
        key = (s, p, o)
        if key not in self.inferred:
            return self.asserted.get(key, Support()) if o in self.leads.get((s, p), ()) else None
        if key in self.known:
            return self.known[key]
        if depth >= self.DEEPEST:
            return None
        self.known[key] = None  # a link does not prove itself
        found: Support | None = None
        ways = [self.support(s, below, o, depth + 1) for below in self.below.get(p, ())]
        ways += [self.support(o, inverse, s, depth + 1) for inverse in self.inverse.get(p, ())]
        for steps in self.chains.get(p, ()):
            ways += self._walk(s, steps, o, depth + 1)
        for way in ways:
            if way is not None:
                found = found or Support()
                found.add(way)
        self.known[key] = found
        return found

    def _walk(self, s: str, steps: tuple[str, ...], o: str, depth: int) -> Iterator[Support]:
        """One Support for each way along the steps from s to o, its level the weakest on the way."""
        if len(steps) == 1:
            last = self.support(s, steps[0], o, depth)
            if last is not None:
                yield last
            return
        for between in self.leads.get((s, steps[0]), ()):
            for rest in self._walk(between, steps[1:], o, depth):
                first = self.support(s, steps[0], between, depth)
                if first is not None:
                    levels = [min(one.levels) for one in (first, rest) if one.levels]
                    yield Support(
                        first.sources | rest.sources, {max(levels)} if levels else set(), first.years | rest.years
                    )


def _evidence(
    store: Store | pyoxigraph.Store, kind: dict[str, str], orders: dict[str, int], published: dict[str, int]
) -> tuple[
    dict[tuple[str, str, str], Support],
    dict[tuple[str, str, str], Support],
    dict[str, Support],
    dict[str, Support],
    dict[tuple[str, str], tuple[list[int], list[int]]],
]:
    """Evidence for links and against them, for things and against them, and levels of statements by thing and source.

    A statement of deprecated rank counts nowhere; its link stays one that was stated.
    """
    support: dict[tuple[str, str, str], Support] = defaultdict(Support)
    denied: dict[tuple[str, str, str], Support] = defaultdict(Support)
    about: dict[str, Support] = defaultdict(Support)
    against: dict[str, Support] = defaultdict(Support)
    stated: dict[tuple[str, str], tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
    for s, p, o, source, level, negated, rank in _rows(store, _ASSERTIONS):
        no = negated in ("true", "1")
        if o is not None and not no:
            support[s, _local(p), o]  # this is asserted, whatever its evidence
        if rank is not None and _local(rank) == "rankDeprecated":
            continue
        order = orders.get(level, 99)
        stated[s, source][no].append(order)
        year = published.get(source)
        of_things = against if no else about
        touched = [of_things[s]]
        if o in kind:
            touched += [of_things[o], (denied if no else support)[s, _local(p), o]]
        for one in touched:
            one.sources.add(source)
            one.levels.add(order)
            if year is not None:
                one.years.add(year)
    return support, denied, about, against, dict(sorted(stated.items()))


def _exact(store: Store | pyoxigraph.Store, links: list[Link]) -> list[Link]:
    inverse: dict[str, set[str]] = defaultdict(set)
    for p, q in _rows(store, _INVERSES):
        inverse[_local(p)].add(_local(q))
        inverse[_local(q)].add(_local(p))
    supers: dict[str, set[str]] = defaultdict(set)
    for p, q in _rows(store, _SUPERS):
        supers[_local(p)].add(_local(q))
    here = {(link.source, link.name, link.target): link for link in links}
    broader: dict[str, set[str]] = defaultdict(set)
    reached: dict[tuple[str, str], set[str]] = defaultdict(set)
    general: set[tuple[str, str, str]] = set()
    for link in links:
        if link.name == "hasBroader":
            broader[link.source].add(link.target)
        reached[link.source, link.name].add(link.target)
        general.update((link.source, name, link.target) for name in supers[link.name])
    kept = []
    for link in links:
        if link.name == "hasBroader":
            if any(link.target in broader[between] for between in broader[link.source] if between not in (link.source, link.target)):
                continue
        elif link.inferred:
            if (link.source, link.name, link.target) in general:
                continue
            if any((link.target, name, link.source) in here and not here[link.target, name, link.source].inferred for name in inverse[link.name]):
                continue
            if any(link.target in broader[other] for other in reached[link.source, link.name] if other != link.target):
                continue
        kept.append(link)
    return kept
