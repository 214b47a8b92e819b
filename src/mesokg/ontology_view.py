"""The ontology graph read once into memory, with what its pages and files ask of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from functools import cached_property
from html import escape
from typing import TYPE_CHECKING

from mesokg.identifiers import PREFIXES, compact, graph_iri

if TYPE_CHECKING:
    import pyoxigraph
    from pyoxigraph import Quad

__all__ = ["Nodes", "OntologyView"]

_OWL, _RDF, _RDFS, _OURS = (PREFIXES[n] for n in ("owl", "rdf", "rdfs", "mesokg"))
_TYPE, _LABEL = _RDF + "type", _RDFS + "label"
_KINDS = ("Class", "ObjectProperty", "DatatypeProperty", "AnnotationProperty", "NamedIndividual")


class Nodes:
    """Quads by subject and predicate."""

    def __init__(self, quads: Iterable[Quad]) -> None:
        self.triples: dict[object, dict[str, list[object]]] = defaultdict(lambda: defaultdict(list))
        for quad in quads:
            self.triples[quad.subject][quad.predicate.value].append(quad.object)

    def all(self, node: object, predicate: str) -> list[object]:
        found = self.triples.get(node)
        return found[predicate] if found is not None and predicate in found else []

    def words(self, node: object, predicate: str) -> list[str]:
        return sorted(value.value for value in self.all(node, predicate))  # type: ignore[attr-defined]

    def items(self, head: object) -> list[object]:
        """The members of an RDF list."""
        found = []
        while getattr(head, "value", "") != _RDF + "nil":
            found += self.all(head, _RDF + "first")
            head = self.all(head, _RDF + "rest")[0]
        return found


class OntologyView(Nodes):
    """The ontology graph of a store, read once, with what pages ask of it."""

    def __init__(self, store: pyoxigraph.Store) -> None:
        import pyoxigraph as ox

        super().__init__(store.quads_for_pattern(None, None, None, ox.NamedNode(graph_iri("ontology"))))
        self.store = store
        self.named = ox.NamedNode
        self.kind: dict[str, str] = {}
        for subject, found in self.triples.items():
            if not isinstance(subject, ox.NamedNode) or not subject.value.startswith(_OURS):
                continue
            types = {getattr(value, "value", "") for value in found.get(_TYPE, ())}
            for kind in _KINDS:
                if _OWL + kind in types:
                    self.kind[subject.value.removeprefix(_OURS)] = kind
                    break

    def of(self, name: str, predicate: str) -> list[object]:
        return self.all(self.named(_OURS + name), predicate)

    def words_of(self, name: str, predicate: str) -> list[str]:
        return self.words(self.named(_OURS + name), predicate)

    def label(self, iri: str) -> str:
        found = self.all(self.named(iri), _LABEL)
        return found[0].value if found else self.outside.get(iri, compact(iri))  # type: ignore[attr-defined]

    @cached_property
    def outside(self) -> dict[str, str]:
        """Labels of the outside terms that axioms name, as the facts give them."""
        wanted = {value for found in self.triples.values() for values in found.values() for value in values if isinstance(value, self.named)}
        label = self.named(_LABEL)
        found = {}
        for node in wanted:
            if not node.value.startswith(_OURS):
                for quad in self.store.quads_for_pattern(node, label, None, None):
                    found[node.value] = quad.object.value
        return found

    # class expressions in plain English

    def english(self, node: object, link: bool = True) -> str:
        """A class expression as HTML: "gene therapy product that uses vector some adenoviral vector"."""
        if isinstance(node, self.named):
            return self.link(node.value) if link else escape(self.label(node.value))
        if lists := self.all(node, _OWL + "intersectionOf"):
            parts = self.items(lists[0])
            genus = [self.english(p, link) for p in parts if isinstance(p, self.named)]
            rest = [self._clause(p, link) for p in parts if not isinstance(p, self.named)]
            head = " and also ".join(genus) or "thing"
            return head + (" that " + " and that ".join(rest) if rest else "")
        if lists := self.all(node, _OWL + "unionOf"):
            return " or ".join(self.english(p, link) for p in self.items(lists[0]))
        return "thing that " + self._clause(node, link)

    def _clause(self, node: object, link: bool) -> str:
        if lists := self.all(node, _OWL + "unionOf"):
            sides = [f"is {self.english(p, link)}" if isinstance(p, self.named) else self._clause(p, link) for p in self.items(lists[0])]
            return "(" + " or ".join(sides) + ")"
        if self.all(node, _OWL + "intersectionOf"):
            return f"is a {self.english(node, link)}"
        over = self.all(node, _OWL + "onProperty")
        name = self.english(over[0], link) if over else "?"
        if value := self.all(node, _OWL + "hasValue"):
            shown = self.english(value[0], link) if isinstance(value[0], self.named) else escape(value[0].value)  # type: ignore[attr-defined]
            return f"<i>{name}</i> {shown}"
        if filler := self.all(node, _OWL + "someValuesFrom"):
            inner = self.english(filler[0], link)
            if not isinstance(filler[0], self.named):
                inner = f"({inner})"
            return f"<i>{name}</i> some {inner}"
        return "has an axiom that these pages cannot tell"

    def link(self, iri: str) -> str:
        name = iri.removeprefix(_OURS)
        text = escape(self.label(iri))
        if name in self.kind:
            return f'<a href="{escape(self.address(name))}">{text}</a>'
        return f'<a href="{escape(iri)}">{text}</a>'

    def address(self, name: str) -> str:
        """The file of a term, with the place on it for a value."""
        if self.kind.get(name) == "NamedIndividual":
            for value in self.of(name, _TYPE):
                owner = value.value.removeprefix(_OURS)  # type: ignore[attr-defined]
                if self.kind.get(owner) == "Class":
                    return f"{owner}.html#{name}"
        return f"{name}.html"

    @cached_property
    def supers(self) -> dict[str, set[str]]:
        """The nearest named classes above each class, stated or found by HermiT."""
        found: dict[str, set[str]] = defaultdict(set)
        for name, kind in self.kind.items():
            if kind != "Class":
                continue
            found[name] |= {v.value.removeprefix(_OURS) for v in self.of(name, _RDFS + "subClassOf") if isinstance(v, self.named)}
            for expression in self.of(name, _OWL + "equivalentClass"):
                for lists in self.all(expression, _OWL + "intersectionOf"):
                    found[name] |= {v.value.removeprefix(_OURS) for v in self.items(lists) if isinstance(v, self.named)}
        inferred = self.named(graph_iri("inferred"))
        for quad in self.store.quads_for_pattern(None, self.named(_RDFS + "subClassOf"), None, inferred):
            found[quad.subject.value.removeprefix(_OURS)].add(quad.object.value.removeprefix(_OURS))  # type: ignore[union-attr]
        closed = {name: self._closure(name, found) for name in list(found)}
        nearest: dict[str, set[str]] = defaultdict(set)
        for name, over in found.items():
            further = {far for one in over for far in closed.get(one, set()) if one not in closed.get(far, set())}
            nearest[name] = over - further - {name}
        return nearest

    @staticmethod
    def _closure(name: str, over: dict[str, set[str]]) -> set[str]:
        seen: set[str] = set()
        todo = list(over.get(name, ()))
        while todo:
            if (one := todo.pop()) not in seen:
                seen.add(one)
                todo += over.get(one, ())
        return seen

    @cached_property
    def inverses(self) -> dict[str, list[object]]:
        """By the IRI of a property, those that are stated as its inverse."""
        found: dict[str, list[object]] = defaultdict(list)
        for subject, by_predicate in self.triples.items():
            for value in by_predicate.get(_OWL + "inverseOf", ()):
                found[value.value].append(subject)  # type: ignore[attr-defined]
        return found

    @cached_property
    def implied_by(self) -> dict[str, list[str]]:
        """By the name of a property, those of ours that imply it."""
        found: dict[str, list[str]] = defaultdict(list)
        for name in sorted(self.kind):
            for value in self.of(name, _RDFS + "subPropertyOf"):
                found[value.value.removeprefix(_OURS)].append(name)  # type: ignore[attr-defined]
        return found

    @cached_property
    def named_by(self) -> dict[str, list[str]]:
        """By the name of a term, the classes whose axioms name it inside an expression, and the properties whose chains do."""
        found: dict[str, set[str]] = defaultdict(set)
        for name in self.kind:
            for predicate in (_OWL + "equivalentClass", _RDFS + "subClassOf", _OWL + "propertyChainAxiom"):
                todo = [value for value in self.of(name, predicate) if not isinstance(value, self.named)]
                while todo:
                    for values in self.triples.get(todo.pop(), {}).values():
                        for value in values:
                            iri = getattr(value, "value", "")
                            if isinstance(value, self.named) and iri.startswith(_OURS):
                                found[iri.removeprefix(_OURS)].add(name)
                            elif value in self.triples and not isinstance(value, self.named):
                                todo.append(value)
        return {name: sorted(users - {name}) for name, users in found.items()}

    @cached_property
    def relations(self) -> dict[tuple[str, str], list[str]]:
        """By ``domain`` or ``range`` and the IRI of a class, the relations that start or end there."""
        found: dict[tuple[str, str], list[str]] = defaultdict(list)
        for name, kind in sorted(self.kind.items()):
            if kind == "ObjectProperty":
                for side in ("domain", "range"):
                    for iri in self.sides(name, _RDFS + side):
                        found[side, iri].append(name)
        return found

    def sides(self, name: str, predicate: str) -> list[str]:
        """The classes of a domain or range, unions read out."""
        found = []
        for node in self.of(name, predicate):
            lists = self.all(node, _OWL + "unionOf")
            found += self.items(lists[0]) if lists else [node]
        return [node.value for node in found]  # type: ignore[attr-defined]
