"""Reads the axioms of the ontology: class expressions, their words, and what is of no known kind.

What follows from the axioms is in :mod:`mesokg.rules`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from mesokg.errors import Problem, ResourceError, VocabularyError
from mesokg.identifiers import PREFIXES, compact
from mesokg.resources import folder

if TYPE_CHECKING:
    import pyoxigraph

    Node = pyoxigraph.NamedNode | pyoxigraph.BlankNode
    Term = Node | pyoxigraph.Literal | pyoxigraph.Triple

__all__ = [
    "CHARACTERISTICS",
    "RDF_TYPE",
    "Both",
    "Either",
    "Expression",
    "Named",
    "Only",
    "Ontology",
    "Some",
    "Value",
    "check_kinds",
    "ontology_file",
    "read_ontology",
]

_OWL, _RDF, _RDFS = (PREFIXES[name] for name in ("owl", "rdf", "rdfs"))
RDF_TYPE = f"<{_RDF}type>"

_BUILT_IN_ANNOTATIONS = frozenset(
    {_RDFS + name for name in ("label", "comment", "isDefinedBy", "seeAlso")}
    | {_OWL + name for name in ("deprecated", "versionInfo", "priorVersion", "versionIRI",
                                "backwardCompatibleWith", "incompatibleWith")}
)  # fmt: skip
_DECLARATIONS = frozenset(
    {_OWL + name for name in ("Class", "ObjectProperty", "DatatypeProperty", "AnnotationProperty",
                              "NamedIndividual", "Ontology", "Restriction")}
    | {_RDFS + "Datatype"}
)  # fmt: skip
_AXIOM_PREDICATES = frozenset(
    {_RDFS + name for name in ("subClassOf", "subPropertyOf", "domain", "range")}
    | {_OWL + name for name in ("equivalentClass", "equivalentProperty", "disjointWith", "inverseOf",
                                "propertyChainAxiom", "differentFrom")}
)  # fmt: skip
_EXPRESSION_PREDICATES = frozenset(
    {_OWL + name for name in ("intersectionOf", "unionOf", "onProperty", "someValuesFrom",
                              "hasValue", "allValuesFrom", "members", "distinctMembers")}
    | {_RDF + "first", _RDF + "rest"}
)  # fmt: skip
CHARACTERISTICS = {
    _OWL + name: name.removesuffix("Property").lower()
    for name in ("FunctionalProperty", "InverseFunctionalProperty", "SymmetricProperty", "TransitiveProperty",
                 "AsymmetricProperty", "IrreflexiveProperty")
}  # fmt: skip


@dataclass(frozen=True)
class Named:
    """A class by its name."""

    iri: str


@dataclass(frozen=True)
class Both:
    """An intersection."""

    parts: tuple[Expression, ...]


@dataclass(frozen=True)
class Either:
    """A union."""

    parts: tuple[Expression, ...]


@dataclass(frozen=True)
class Some:
    """What has at least one value of a property in the filler."""

    over: str
    filler: Expression


@dataclass(frozen=True)
class Only:
    """What has values of a property in the filler alone."""

    over: str
    filler: Expression


@dataclass(frozen=True)
class Value:
    """What has one given value of a property; the value as SPARQL writes it."""

    over: str
    value: str


Expression = Named | Both | Either | Some | Only | Value


@dataclass
class Ontology:
    """The triples of an ontology by subject and predicate, and the problems found in reading it."""

    file: str
    triples: dict[Node, dict[str, list[Term]]]
    annotations: set[str]
    properties: set[str]
    classes: set[str]
    labels: dict[str, str]
    problems: list[Problem] = field(default_factory=list)

    def values(self, subject: Term, predicate: str) -> list[Term]:
        return self.triples.get(subject, {}).get(predicate, [])  # type: ignore[arg-type]

    def of_type(self, iri: str) -> list[Node]:
        return [
            subject
            for subject, by_predicate in self.triples.items()
            if any(getattr(value, "value", "") == iri for value in by_predicate.get(_RDF + "type", ()))
        ]

    def unknown(self, words: str, what: str) -> None:
        self.problems.append(
            Problem(
                self.file, 0, what, "axiom that the rules do not know", words,
                "say it with the axioms that mesokg.rules knows, or teach mesokg.rules this kind",
            )
        )  # fmt: skip

    def items(self, head: Term) -> list[Term]:
        found: list[Term] = []
        while getattr(head, "value", "") != _RDF + "nil":
            first, rest = self.values(head, _RDF + "first"), self.values(head, _RDF + "rest")
            if len(first) != 1 or len(rest) != 1:
                self.unknown(str(head), "list")
                return found
            found.append(first[0])
            head = rest[0]
        return found

    def name(self, iri: str) -> str:
        """How axioms write a term: our terms by local name, others as CURIE with their label."""
        if iri.startswith(PREFIXES["mesokg"]):
            return iri.removeprefix(PREFIXES["mesokg"])
        label = self.labels.get(iri)
        return f"{compact(iri)} ({label})" if label else compact(iri)

    def label(self, iri: str) -> str:
        return self.labels.get(iri) or compact(iri)

    def expression(self, node: Term, axiom: str) -> Expression | None:
        """The class expression at a node, or None, with a problem, if it has an unknown form."""
        import pyoxigraph as ox

        if isinstance(node, ox.NamedNode):
            return Named(node.value)
        for predicate, kind in ((_OWL + "intersectionOf", Both), (_OWL + "unionOf", Either)):
            if lists := self.values(node, predicate):
                parts = [self.expression(item, axiom) for item in self.items(lists[0])]
                return None if None in parts else kind(tuple(part for part in parts if part is not None))
        over = self.values(node, _OWL + "onProperty")
        if len(over) == 1 and isinstance(over[0], ox.NamedNode):
            if value := self.values(node, _OWL + "hasValue"):
                return Value(over[0].value, str(value[0]))
            for predicate, kind in ((_OWL + "someValuesFrom", Some), (_OWL + "allValuesFrom", Only)):
                if filler := self.values(node, predicate):
                    inner = self.expression(filler[0], axiom)
                    return None if inner is None else kind(over[0].value, inner)
        known = _EXPRESSION_PREDICATES | {_RDF + "type"}
        kinds = sorted(compact(p) for p in self.triples.get(node, {}) if p not in known)  # type: ignore[call-overload]
        self.unknown(f"{axiom} [{', '.join(kinds) or 'an expression of unknown form'}]", "class expression")
        return None

    def words(self, expression: Expression, *, nested: bool = False) -> str:
        match expression:
            case Named(iri):
                return self.name(iri)
            case Both(parts) | Either(parts):
                joint = " and " if isinstance(expression, Both) else " or "
                text = joint.join(self.words(part, nested=True) for part in parts)
            case Some(over, filler):
                text = f"{self.name(over)} some {self.words(filler, nested=True)}"
            case Only(over, filler):
                text = f"{self.name(over)} only {self.words(filler, nested=True)}"
            case Value(over, value):
                text = f"{self.name(over)} value {self.value_words(value)}"
        return f"({text})" if nested else text

    def value_words(self, value: str) -> str:
        return self.name(value[1:-1]) if value.startswith("<") else value


def ontology_file() -> Path:
    """The ontology of the checkout or of the wheel."""
    return folder("ontology") / "mesokg.ttl"


def read_ontology(path: Path) -> Ontology:
    import pyoxigraph as ox

    triples: dict[Node, dict[str, list[Term]]] = {}
    try:
        for quad in ox.parse(path=str(path), format=ox.RdfFormat.TURTLE):
            triples.setdefault(quad.subject, {}).setdefault(quad.predicate.value, []).append(quad.object)
    except OSError as error:
        raise ResourceError(f"the ontology {path} cannot be read: {error}") from error
    except SyntaxError as error:
        problem = Problem(path.name, 0, "", "not Turtle", "", f"mend the file: {error}")
        raise VocabularyError([problem]) from error
    ontology = Ontology(f"ontology/{path.name}", triples, set(), set(), set(), {})
    ontology.annotations = {s.value for s in ontology.of_type(_OWL + "AnnotationProperty")} | _BUILT_IN_ANNOTATIONS
    ontology.properties = {
        s.value for kind in ("ObjectProperty", "DatatypeProperty") for s in ontology.of_type(_OWL + kind)
    }
    ontology.classes = {s.value for s in ontology.of_type(_OWL + "Class") if isinstance(s, ox.NamedNode)}
    for subject, by_predicate in triples.items():
        for value in sorted(by_predicate.get(_RDFS + "label", ()), key=str):
            ontology.labels.setdefault(getattr(subject, "value", ""), getattr(value, "value", ""))
    return ontology


def check_kinds(ontology: Ontology) -> None:
    """Reports every triple that is neither annotation, nor fact, nor an axiom of a known kind."""
    import pyoxigraph as ox

    allowed = _AXIOM_PREDICATES | _EXPRESSION_PREDICATES | ontology.annotations | ontology.properties
    for subject, by_predicate in ontology.triples.items():
        words = compact(subject.value) if isinstance(subject, ox.NamedNode) else "[]"
        for predicate, values in by_predicate.items():
            if predicate == _RDF + "type":
                for value in values:
                    iri = getattr(value, "value", "")
                    if not isinstance(value, ox.NamedNode) or (
                        iri not in _DECLARATIONS
                        and iri not in CHARACTERISTICS
                        and iri not in ontology.classes
                        and iri not in (_OWL + "AllDisjointClasses", _OWL + "AllDifferent")
                    ):
                        ontology.unknown(f"{words} rdf:type {compact(iri)}", "rdf:type")
            elif predicate not in allowed:
                for value in values:
                    shown = compact(value.value) if isinstance(value, ox.NamedNode) else "…"
                    ontology.unknown(f"{words} {compact(predicate)} {shown}", compact(predicate))
