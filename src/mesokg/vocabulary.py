"""What the ontology says about tables: classes, properties, ranges, labels and lists of values."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from mesokg.errors import Problem, VocabularyError
from mesokg.identifiers import PREFIXES, term
from mesokg.resources import folder

__all__ = ["ClassTerm", "PropertyTerm", "TableSpec", "Vocabulary", "read_vocabulary"]

_OWL, _RDF, _RDFS, _SKOS = (PREFIXES[name] for name in ("owl", "rdf", "rdfs", "skos"))
_TYPE = _RDF + "type"
_DEFINITION = PREFIXES["IAO"] + "0000115"


def _local(iri: str) -> str:
    return iri.rsplit("/", 1)[-1].rsplit("#", 1)[-1]


@dataclass(frozen=True)
class ClassTerm:
    """A class of the ontology; IRIs throughout. ``supers`` are all named superclasses, itself included."""

    iri: str
    label: str
    definition: str
    supers: frozenset[str]
    table: str | None

    @property
    def name(self) -> str:
        return _local(self.iri)


@dataclass(frozen=True)
class PropertyTerm:
    """A property of the ontology; IRIs throughout.

    ``kind`` is ``object``, ``data`` or ``annotation``. ``domains`` and ``ranges`` list the members of a
    union; empty means any. ``exempt`` properties need no assertion (they are not claims).
    ``precision`` is the property that holds how precisely a date is known.
    ``alias`` is the CURIE prefix under which a value of this property may name its subject.
    """

    iri: str
    kind: str
    label: str
    definition: str
    domains: tuple[str, ...]
    ranges: tuple[str, ...]
    functional: bool
    exempt: bool
    precision: str | None
    alias: str | None

    @property
    def name(self) -> str:
        return _local(self.iri)


@dataclass(frozen=True)
class TableSpec:
    """One curated table: what its rows describe and which property columns it may have.

    Where ``row_class`` is set, a row is a report of its own (an OutcomeMeasurement) and the thing described
    (an Outcome) is identified by the values of ``identity``, joined to the row by ``row_link``.
    """

    name: str
    class_iri: str
    columns: dict[str, PropertyTerm]
    row_class: str | None = None
    row_link: PropertyTerm | None = None
    identity: tuple[str, ...] = ()


@dataclass(frozen=True)
class Vocabulary:
    """The ontology as tables and graph need it. ``values[class][notation]`` is an individual's IRI."""

    classes: dict[str, ClassTerm]
    properties: dict[str, PropertyTerm]
    values: dict[str, dict[str, str]]
    evidence_codes: dict[str, str]
    tables: dict[str, TableSpec]
    labels: dict[str, str] = field(repr=False)
    path: Path = field(repr=False)

    def property(self, name: str) -> PropertyTerm:
        """The property with this local name; KeyError if there is none."""
        return self.properties[term(name)]

    def is_a(self, class_iri: str, ancestor: str) -> bool:
        """Whether the class is the ancestor or one of its named subclasses."""
        known = self.classes.get(class_iri)
        return known is not None and ancestor in known.supers

    def value(self, class_name: str, notation: str) -> str:
        """The IRI of a value such as ``("Rank", "preferred")``; KeyError if there is none."""
        return self.values[term(class_name)][notation]

    @cached_property
    def table_of(self) -> dict[str, TableSpec]:
        """The table of each class that has one, by class IRI; subclasses included."""
        direct = {spec.class_iri: spec for spec in self.tables.values()}
        return {
            iri: direct[ancestor]
            for iri, known in self.classes.items()
            for ancestor in known.supers
            if ancestor in direct
        }


class _Triples:
    """The ontology's triples by subject, with the RDF lists of unions read out."""

    def __init__(self, path: Path) -> None:
        from pyoxigraph import parse

        self.by_subject: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        try:
            for quad in parse(path=str(path)):
                node = quad.object
                # literals and IRIs have .value, blank nodes too; str() keeps "_:" so that they stay apart
                value = str(node) if str(node).startswith("_:") else node.value
                subject = quad.subject
                key = str(subject) if str(subject).startswith("_:") else subject.value
                self.by_subject[key][quad.predicate.value].append(value)
        except (OSError, SyntaxError, ValueError) as error:
            line = getattr(error, "lineno", None) or 0
            raise VocabularyError(
                [Problem(str(path), line, "", "unreadable ontology", str(error), "mend the Turtle syntax")]
            ) from error

    def all(self, subject: str, predicate: str) -> list[str]:
        return self.by_subject[subject][predicate] if subject in self.by_subject else []

    def one(self, subject: str, predicate: str, default: str | None = None) -> str | None:
        found = self.all(subject, predicate)
        return found[0] if found else default

    def typed(self, class_iri: str) -> Iterator[str]:
        return (s for s, po in list(self.by_subject.items()) if class_iri in po.get(_TYPE, ()) and s[:2] != "_:")

    def members(self, head: str | None) -> Iterator[str]:
        while head and head != _RDF + "nil":
            yield from self.all(head, _RDF + "first")
            head = self.one(head, _RDF + "rest")

    def named(self, nodes: Iterable[str]) -> tuple[str, ...]:
        """The nodes, with each union replaced by its members."""
        found: list[str] = []
        for node in nodes:
            union = self.one(node, _OWL + "unionOf")
            found.extend(self.members(union) if union else [node])
        return tuple(dict.fromkeys(found))


def _supers(triples: _Triples) -> dict[str, frozenset[str]]:
    direct: dict[str, set[str]] = defaultdict(set)
    for iri in triples.typed(_OWL + "Class"):
        direct[iri].update(s for s in triples.all(iri, _RDFS + "subClassOf") if s[:2] != "_:")
        for definition in triples.all(iri, _OWL + "equivalentClass"):
            genus = triples.members(triples.one(definition, _OWL + "intersectionOf"))
            direct[iri].update(node for node in genus if node[:2] != "_:")
    closed: dict[str, frozenset[str]] = {}
    for iri in direct:
        seen, todo = {iri}, list(direct[iri])
        while todo:
            if (nxt := todo.pop()) not in seen:
                seen.add(nxt)
                todo.extend(direct.get(nxt, ()))
        closed[iri] = frozenset(seen)
    return closed


def _read_properties(triples: _Triples) -> dict[str, PropertyTerm]:
    found: dict[str, PropertyTerm] = {}
    for kind, owl_class in (
        ("object", "ObjectProperty"),
        ("data", "DatatypeProperty"),
        ("annotation", "AnnotationProperty"),
    ):
        for iri in triples.typed(_OWL + owl_class):
            found[iri] = PropertyTerm(
                iri=iri,
                kind=kind,
                label=triples.one(iri, _RDFS + "label", _local(iri)) or "",
                definition=triples.one(iri, _DEFINITION, "") or "",
                domains=triples.named(triples.all(iri, _RDFS + "domain")),
                ranges=triples.named(triples.all(iri, _RDFS + "range")),
                functional=_OWL + "FunctionalProperty" in triples.all(iri, _TYPE),
                exempt=triples.one(iri, term("exemptFromEvidence")) == "true",
                precision=triples.one(iri, term("precisionProperty")),
                alias=triples.one(iri, term("aliasPrefix")),
            )
    return found


def _read_tables(
    triples: _Triples, supers: dict[str, frozenset[str]], properties: dict[str, PropertyTerm]
) -> dict[str, TableSpec]:
    precisions = {p.precision for p in properties.values() if p.precision}
    specs: dict[str, TableSpec] = {}
    for iri in supers:
        name = triples.one(iri, term("tableName"))
        if name is None:
            continue
        row_class = triples.one(iri, term("rowClass"))
        fits = set(supers[iri]) | ({row_class} if row_class else set())
        # A column of a subclass (silencesGene of RegulatoryRNA) belongs to the table of its superclass.
        fits |= {sub for sub, ancestors in supers.items() if iri in ancestors}
        columns = {
            p.name: p
            for p in sorted(properties.values(), key=lambda p: p.name)
            if p.kind != "annotation"
            and p.iri not in precisions
            and p.iri.startswith(PREFIXES["mesokg"])
            and (not p.domains or fits & set(p.domains))
        }
        link = triples.one(iri, term("rowLink"))
        # "03:population": the number orders the properties in the hash for ever
        identity = tuple(_local(v.split(":", 1)[1]) for v in sorted(triples.all(iri, term("identityProperty"))))
        specs[name] = TableSpec(name, iri, columns, row_class, properties[link] if link else None, identity)
    return dict(sorted(specs.items()))


def read_vocabulary(path: Path | None = None) -> Vocabulary:
    """Read the ontology (``ontology/mesokg.ttl`` unless told otherwise).

    Raises VocabularyError where the file is not readable Turtle.
    """
    path = path or folder("ontology") / "mesokg.ttl"
    triples = _Triples(path)
    supers = _supers(triples)
    properties = _read_properties(triples)
    values: dict[str, dict[str, str]] = defaultdict(dict)
    codes: dict[str, str] = {}
    for iri in triples.typed(_OWL + "NamedIndividual"):
        notation = triples.one(iri, _SKOS + "notation")
        if notation is None:
            continue
        for class_iri in triples.all(iri, _TYPE):
            values[class_iri][notation] = iri
        if code := triples.one(iri, term("evidenceCode")):
            codes[iri] = code
    classes = {
        iri: ClassTerm(
            iri=iri,
            label=triples.one(iri, _RDFS + "label", _local(iri)) or "",
            definition=triples.one(iri, _DEFINITION, "") or "",
            supers=ancestors,
            table=triples.one(iri, term("tableName")),
        )
        for iri, ancestors in supers.items()
    }
    labels = {
        subject: po[_RDFS + "label"][0]
        for subject, po in triples.by_subject.items()
        if subject[:2] != "_:" and _RDFS + "label" in po
    }
    return Vocabulary(
        classes=classes,
        properties=properties,
        values={iri: dict(sorted(found.items())) for iri, found in values.items()},
        evidence_codes=codes,
        tables=_read_tables(triples, supers, properties),
        labels=labels,
        path=path,
    )
