"""Compiles the axioms of the ontology into rules, one SPARQL query each.

The rules cover OWL 2 RL as far as the ontology uses it, and existentials on the left of an
axiom, which sort things into the defined classes. Four readings are worth knowing:

- An existential or a union on the right (``A SubClassOf: p some B``) asks for something that has
  no name, so no triple follows from it. What follows for the named classes is in
  ``ontology/hierarchy.tsv`` (see :mod:`mesokg.hierarchy`).
- A domain or range that is a union gives no type. It is a clash only if the thing is in a class
  disjoint with every member of the union.
- Every thing has one name: two different values of a functional property contradict each other,
  where OWL alone would merge the two.
- Of a thing that is *stated* to be in a defined class the rules know what the class implies by
  name, but not the nameless things it implies. Stated to be a cytokine gene therapy and a CAR-T
  therapy and nothing else, it is not found to be an armoured one, as HermiT would find. Tables
  state what a therapy is made of; the tests compare what follows from that with HermiT.

An axiom of a kind that is not known here is an error that names it; it is never skipped.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from mesokg.axioms import (
    CHARACTERISTICS,
    RDF_TYPE,
    Either,
    Expression,
    Named,
    Ontology,
    check_kinds,
    ontology_file,
    read_ontology,
)
from mesokg.errors import VocabularyError
from mesokg.identifiers import PREFIXES, compact
from mesokg.patterns import Atom, Rule, conditions, consequences, plain, with_new_names

if TYPE_CHECKING:
    import pyoxigraph

    Node = pyoxigraph.NamedNode | pyoxigraph.BlankNode
    Term = Node | pyoxigraph.Literal | pyoxigraph.Triple

__all__ = ["HIERARCHY", "compile_rules", "read_hierarchy"]

HIERARCHY = "hierarchy.tsv"
"""Name of the file beside the ontology that holds what HermiT found."""

_OWL, _RDF, _RDFS, _XSD = (PREFIXES[name] for name in ("owl", "rdf", "rdfs", "xsd"))
_SAME_AS = f"<{_OWL}sameAs>"
_CASTS = frozenset({_XSD + name for name in ("integer", "decimal", "boolean", "dateTime")})
"""Datatypes whose lexical forms SPARQL can check by casting."""

_INTEGERS = tuple(
    f"{_XSD}{name}"
    for name in ("integer", "long", "int", "short", "byte", "nonNegativeInteger", "positiveInteger",
                 "nonPositiveInteger", "negativeInteger", "unsignedLong", "unsignedInt", "unsignedShort",
                 "unsignedByte")
)  # fmt: skip


# ---------------------------------------------------------------- reading


def read_hierarchy(path: Path) -> list[tuple[str, str]]:
    """The pairs (subclass, superclass) of a hierarchy file, as IRIs; none if there is no file."""
    from mesokg.identifiers import expand

    if not path.is_file():
        return []
    lines = path.read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines if line and not line.startswith("#")]
    return [(expand(row[0]), expand(row[1])) for row in rows if row[0] != "subclass"]


# ---------------------------------------------------------------- compiling


class _Compiler:
    def __init__(self, ontology: Ontology) -> None:
        self.ontology = ontology
        self.rules: list[Rule] = []
        self.disjoint: dict[str, set[str]] = {}
        self.unions: list[tuple[str, str, str, Atom, str, list[str]]] = []

    def add(self, kind: str, about: str, axiom: str, body: Iterable[Atom], head: Atom | None,
            condition: str = "", description: str = "") -> None:  # fmt: skip
        atoms = tuple(body)
        if not condition:
            atoms, head = plain(atoms, head)
        if head in atoms:
            return  # a tautology, such as the first part of a union that holds the whole
        if not description:
            given = " and ".join(map(self.atom_words, atoms))
            description = f"if {given}, then {self.atom_words(head)}" if head else f"clash: {given}"
        self.rules.append(Rule(f"{kind}/{about}", kind, axiom, description, atoms, head, condition))

    def atom_words(self, atom: Atom) -> str:
        def part(text: str) -> str:
            return text.removeprefix("?") if text.startswith("?") else (
                self.ontology.label(text[1:-1]) if text.startswith("<") else text)  # fmt: skip

        if atom.predicate == RDF_TYPE:
            return f"{part(atom.subject)} is in '{part(atom.object)}'"
        return f"{part(atom.subject)} '{part(atom.predicate)}' {part(atom.object)}"

    def finish(self) -> list[Rule]:
        by_id: dict[str, dict[tuple[object, ...], Rule]] = {}
        for rule in self.rules:
            by_id.setdefault(rule.id, {})[(rule.axiom, rule.body, str(rule.head), rule.condition)] = rule
        numbered = []
        for same in by_id.values():
            ordered = [same[key] for key in sorted(same, key=str)]
            for number, rule in enumerate(ordered, 1):
                new = rule.id if len(ordered) == 1 else f"{rule.id}/{number}"
                numbered.append(Rule(new, rule.kind, rule.axiom, rule.description, rule.body, rule.head, rule.condition))
        return sorted(numbered, key=lambda rule: rule.id)

    # classes

    def subclass(self, kind: str, about: str, axiom: str, left: Expression, right: Expression) -> None:
        alternatives = conditions(left, "?x")
        if alternatives is None:
            if kind == "subclass":
                self.ontology.unknown(axiom, "only on the left")
            return  # the sufficient half of a definition by "only" can never be met
        for atoms in alternatives:
            for further, head in consequences(right, "?x"):
                renamed = with_new_names((*further, head), "?x", 99)
                self.add(kind, about, axiom, (*atoms, *renamed[:-1]), renamed[-1])

    def classes(self) -> None:
        for subject, by_predicate in self.ontology.triples.items():
            for predicate, kind, word in (
                (_RDFS + "subClassOf", "subclass", "SubClassOf:"),
                (_OWL + "equivalentClass", "definition", "EquivalentTo:"),
                (_OWL + "disjointWith", "disjoint", "DisjointWith:"),
            ):
                for value in by_predicate.get(predicate, ()):
                    place = compact(getattr(subject, "value", "")) or "[]"
                    left = self.ontology.expression(subject, f"{place} {word}")
                    right = self.ontology.expression(value, f"{place} {word}")
                    if left is None or right is None:
                        continue
                    axiom = f"{self.ontology.words(left)} {word} {self.ontology.words(right)}"
                    about = compact(left.iri) if isinstance(left, Named) else (
                        compact(right.iri) if isinstance(right, Named) else "expression")  # fmt: skip
                    if kind == "disjoint":
                        if isinstance(left, Named) and isinstance(right, Named):
                            self.disjoint_classes([left.iri, right.iri], axiom, about)
                        else:
                            self.ontology.unknown(axiom, "disjoint expressions")
                    elif kind == "definition":
                        self.subclass("definition", about, axiom, right, left)
                        self.subclass("necessary", about, axiom, left, right)
                    else:
                        self.subclass("subclass", about, axiom, left, right)

    def disjoint_classes(self, members: list[str], axiom: str, about: str) -> None:
        for member in members:
            self.disjoint.setdefault(member, set()).update(other for other in members if other != member)
        listed = ", ".join(f"<{member}>" for member in sorted(members))
        body = (Atom("?x", RDF_TYPE, "?first"), Atom("?x", RDF_TYPE, "?second"))
        self.add(
            "disjoint", about, axiom, body, None,
            f"?first != ?second && ?first IN ({listed}) && ?second IN ({listed}) && STR(?first) < STR(?second)",
            "nothing is in two of these classes",
        )  # fmt: skip

    def groups(self) -> None:
        for subject in sorted(self.ontology.of_type(_OWL + "AllDisjointClasses"), key=self._first_member):
            members = self._members(subject)
            words = ", ".join(self.ontology.name(member) for member in members)
            self.disjoint_classes(members, f"DisjointClasses: {words}", compact(min(members)))
        groups = [self._members(subject) for subject in self.ontology.of_type(_OWL + "AllDifferent")]
        for subject, by_predicate in self.ontology.triples.items():
            for value in by_predicate.get(_OWL + "differentFrom", ()):
                groups.append([subject.value, value.value])  # type: ignore[union-attr]
        for members in groups:
            listed = ", ".join(f"<{member}>" for member in sorted(members))
            words = ", ".join(self.ontology.name(member) for member in members)
            self.add(
                "different", compact(min(members)), f"DifferentIndividuals: {words}",
                (Atom("?x", _SAME_AS, "?y"),), None, f"?x != ?y && ?x IN ({listed}) && ?y IN ({listed})",
                "no two of these are the same",
            )  # fmt: skip

    def _members(self, subject: Term) -> list[str]:
        lists = self.ontology.values(subject, _OWL + "members") or self.ontology.values(subject, _OWL + "distinctMembers")
        members = [getattr(item, "value", "") for head in lists for item in self.ontology.items(head)]
        if len(members) < 2:
            self.ontology.unknown(f"a group of {len(members)}", "AllDisjointClasses or AllDifferent")
        return members or [""]

    def _first_member(self, subject: Term) -> str:
        return min(self._members(subject))

    # properties

    def properties(self) -> None:
        import pyoxigraph as ox

        ontology = self.ontology
        for iri in sorted(ontology.properties):
            by_predicate = ontology.triples[ox.NamedNode(iri)]
            name, about, p = ontology.name(iri), compact(iri), f"<{iri}>"
            for value in by_predicate.get(_RDFS + "domain", ()):
                self._domain_or_range("domain", iri, value)
            for value in by_predicate.get(_RDFS + "range", ()):
                self._domain_or_range("range", iri, value)
            for value in by_predicate.get(_RDFS + "subPropertyOf", ()):
                self._sub_property(iri, value, "SubPropertyOf:", "subproperty")
            for value in by_predicate.get(_OWL + "equivalentProperty", ()):
                self._sub_property(iri, value, "EquivalentTo:", "equivalent-property")
                if isinstance(value, ox.NamedNode):
                    self._sub_property(value.value, ox.NamedNode(iri), "EquivalentTo:", "equivalent-property")
            for value in by_predicate.get(_OWL + "inverseOf", ()):
                if not isinstance(value, ox.NamedNode):
                    ontology.unknown(f"{name} InverseOf: an expression", "owl:inverseOf")
                    continue
                axiom, other = f"{name} InverseOf: {ontology.name(value.value)}", f"<{value.value}>"
                self.add("inverse", about, axiom, (Atom("?x", p, "?y"),), Atom("?y", other, "?x"))
                self.add("inverse", about, axiom, (Atom("?x", other, "?y"),), Atom("?y", p, "?x"))
            for value in by_predicate.get(_OWL + "propertyChainAxiom", ()):
                items = self.ontology.items(value)
                steps = [step.value for step in items if isinstance(step, ox.NamedNode)]
                if not steps or len(steps) < len(items):
                    ontology.unknown(f"{name} SubPropertyChain: with an expression", "owl:propertyChainAxiom")
                    continue
                words = " o ".join(map(ontology.name, steps))
                atoms = [Atom(f"?v{n}", f"<{step}>", f"?v{n + 1}") for n, step in enumerate(steps)]
                self.add("chain", about, f"{name} SubPropertyChain: {words}", atoms, Atom("?v0", p, f"?v{len(steps)}"))
            for value in by_predicate.get(_RDF + "type", ()):
                if characteristic := CHARACTERISTICS.get(getattr(value, "value", "")):
                    self._characteristic(characteristic, iri)

    def _sub_property(self, sub: str, value: Term, word: str, kind: str) -> None:
        import pyoxigraph as ox

        if not isinstance(value, ox.NamedNode):
            self.ontology.unknown(f"{self.ontology.name(sub)} {word} an expression", "property expression")
            return
        axiom = f"{self.ontology.name(sub)} {word} {self.ontology.name(value.value)}"
        self.add(kind, compact(sub), axiom, (Atom("?x", f"<{sub}>", "?y"),), Atom("?x", f"<{value.value}>", "?y"))

    def _characteristic(self, characteristic: str, iri: str) -> None:
        name, about, p = self.ontology.name(iri), compact(iri), f"<{iri}>"
        axiom = f"{name} Characteristics: {characteristic.capitalize()}"
        forward, onward, back = Atom("?x", p, "?y"), Atom("?y", p, "?z"), Atom("?y", p, "?x")
        match characteristic:
            case "symmetric":
                self.add("symmetric", about, axiom, (forward,), back)
            case "transitive":
                self.add("transitive", about, axiom, (forward, onward), Atom("?x", p, "?z"))
            case "functional":
                # Equal numbers written in two ways (1.0 and 1.00) are one value.
                self.add(
                    "functional", about, axiom, (forward, Atom("?x", p, "?z")), None,
                    "!SAMETERM(?y, ?z) && STR(?y) <= STR(?z) && !COALESCE(?y = ?z, false)", "a thing has one value of it",
                )  # fmt: skip
            case "inversefunctional":
                self.add(
                    "inverse-functional", about, axiom, (forward, Atom("?z", p, "?y")), None,
                    "STR(?x) < STR(?z)", "a value belongs to one thing",
                )  # fmt: skip
            case "asymmetric":
                self.add("asymmetric", about, axiom, (forward, back), None, "STR(?x) <= STR(?y)", "it never holds both ways")
            case "irreflexive":
                self.add("irreflexive", about, axiom, (Atom("?x", p, "?y"),), None, "?x = ?y", "nothing has it to itself")

    def _domain_or_range(self, kind: str, iri: str, value: Term) -> None:
        import pyoxigraph as ox

        word = f"{kind.capitalize()}:"
        if kind == "range" and isinstance(value, ox.NamedNode) and (
            value.value.startswith(_XSD) or value.value in (_RDFS + "Literal", _RDF + "langString")
        ):  # fmt: skip
            self._datatype(iri, value.value)
            return
        expression = self.ontology.expression(value, f"{self.ontology.name(iri)} {word}")
        if expression is None:
            return
        axiom = f"{self.ontology.name(iri)} {word} {self.ontology.words(expression)}"
        used = Atom("?x", f"<{iri}>", "?y")
        thing = "?x" if kind == "domain" else "?y"
        if isinstance(expression, Either):
            members = [part.iri for part in expression.parts if isinstance(part, Named)]
            if len(members) == len(expression.parts):
                self.unions.append((kind, iri, axiom, used, thing, members))
                return
        for further, head in consequences(expression, thing):
            renamed = with_new_names((*further, head), thing, 99)
            self.add(kind, compact(iri), axiom, (used, *renamed[:-1]), renamed[-1])

    def _datatype(self, iri: str, datatype: str) -> None:
        if datatype == _RDFS + "Literal":
            return
        axiom = f"{self.ontology.name(iri)} Range: {compact(datatype)}"
        kinds = [datatype, *(_INTEGERS if datatype in (_XSD + "decimal", _XSD + "integer") else ())]
        listed = ", ".join(f"<{kind}>" for kind in dict.fromkeys(kinds))
        condition = f"!COALESCE(DATATYPE(?y) IN ({listed}), false)"
        if datatype in _CASTS:
            # The cast fails on a form that the datatype does not have, such as "ten"^^xsd:integer.
            condition += f" || !COALESCE(<{datatype}>(STR(?y)) = ?y, false)"
        self.add(
            "datatype", compact(iri), axiom, (Atom("?x", f"<{iri}>", "?y"),), None, condition,
            f"its values are well-formed {compact(datatype)}",
        )  # fmt: skip

    def union_clashes(self) -> None:
        for kind, iri, axiom, used, thing, members in self.unions:
            against = [self.disjoint.get(member, set()) for member in members]
            common = set.intersection(*against) if against else set()
            if not common:
                continue
            listed = ", ".join(f"<{item}>" for item in sorted(common))
            self.add(
                f"{kind}-clash", compact(iri), axiom, (used, Atom(thing, RDF_TYPE, "?class")), None,
                f"?class IN ({listed})", "a class that is disjoint with every member of the union",
            )  # fmt: skip

    def hierarchy(self, pairs: Iterable[tuple[str, str]]) -> None:
        known = {(rule.body, rule.head) for rule in self.rules if rule.kind in ("subclass", "necessary")}
        for sub, over in pairs:
            body, head = (Atom("?x", RDF_TYPE, f"<{sub}>"),), Atom("?x", RDF_TYPE, f"<{over}>")
            if (body, head) not in known:
                axiom = f"{self.ontology.name(sub)} SubClassOf: {self.ontology.name(over)} (found by HermiT)"
                self.add("hierarchy", f"{compact(sub)}/{compact(over)}", axiom, body, head)


def compile_rules(ontology: str | Path | None = None, *, hierarchy: str | Path | None = None) -> list[Rule]:
    """The rules of an ontology in Turtle, sorted by id.

    ``ontology`` is the ontology of mesokg if not given; ``hierarchy`` is the file
    ``hierarchy.tsv`` beside it, which may be missing.

    Raises VocabularyError naming each axiom of an unknown kind, and ResourceError if the file
    cannot be read. Rules follow OWL 2 RL (https://www.w3.org/TR/owl2-profiles/, section 4.3),
    with existentials on the left.

    >>> rules = {rule.id: rule for rule in compile_rules()}
    >>> rules["chain/mesokg:usesVector"].axiom
    'usesVector SubPropertyChain: involvesConstruct o hasBackbone'
    """
    path = Path(ontology) if ontology is not None else ontology_file()
    read = read_ontology(path)
    check_kinds(read)
    compiler = _Compiler(read)
    compiler.classes()
    compiler.groups()
    compiler.properties()
    compiler.union_clashes()
    compiler.hierarchy(read_hierarchy(Path(hierarchy) if hierarchy is not None else path.with_name(HIERARCHY)))
    if read.problems:
        raise VocabularyError(read.problems)
    return compiler.finish()
