"""Rules and the triple patterns they are made of, and class expressions as patterns.

A rule is one SPARQL query. What axioms become which rules is in :mod:`mesokg.rules`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

from mesokg.axioms import RDF_TYPE, Both, Either, Expression, Named, Only, Some, Value
from mesokg.identifiers import PREFIXES

if TYPE_CHECKING:
    import pyoxigraph

    Term = pyoxigraph.NamedNode | pyoxigraph.BlankNode | pyoxigraph.Literal | pyoxigraph.Triple

__all__ = ["RDF_TYPE", "Atom", "Rule", "conditions", "consequences", "parse_term", "plain", "with_new_names"]

_OWL = PREFIXES["owl"]
_VARIABLE = re.compile(r"\?([A-Za-z_]\w*)")


@dataclass(frozen=True, order=True)
class Atom:
    """A triple pattern; each part is a ``?variable`` or a term as SPARQL writes it."""

    subject: str
    predicate: str
    object: str

    def __str__(self) -> str:
        return f"{self.subject} {self.predicate} {self.object}"

    @property
    def key(self) -> tuple[str, str]:
        """What must change for the pattern to match anew: a predicate, and the class of a type.

        >>> Atom("?x", RDF_TYPE, "<http://example.org/Gene>").key[1]
        '<http://example.org/Gene>'
        """
        if self.predicate == RDF_TYPE and not self.object.startswith("?"):
            return (RDF_TYPE, self.object)
        return (self.predicate, "")


@dataclass(frozen=True, order=True)
class Rule:
    """One rule: whatever matches the body and the condition gives the head, or is a clash.

    ``id`` names the axiom and, where it gives several rules, counts them; ``axiom`` is the axiom
    in Manchester words; ``description`` says it for readers. ``head`` is None for a clash.
    """

    id: str
    kind: str
    axiom: str
    description: str
    body: tuple[Atom, ...]
    head: Atom | None = None
    condition: str = ""

    @property
    def variables(self) -> tuple[str, ...]:
        """The variables of the body, in order of appearance, without question marks."""
        return tuple(dict.fromkeys(_VARIABLE.findall(" ".join(map(str, self.body)))))

    @property
    def query(self) -> str:
        """The SELECT that finds the new triples of the rule, or the clashes.

        >>> rule = Rule("r", "domain", "p Domain: C", "", (Atom("?x", "<p>", "?y"),), Atom("?x", "a", "<C>"))
        >>> rule.query
        'SELECT DISTINCT ?x WHERE { ?x <p> ?y FILTER NOT EXISTS { ?x a <C> } }'
        """
        body = " . ".join(map(str, self.body))
        condition = f" FILTER({self.condition})" if self.condition else ""
        if self.head is None:
            wanted = " ".join(f"?{name}" for name in self.variables)
            return f"SELECT DISTINCT {wanted} WHERE {{ {body}{condition} }}"
        wanted = " ".join(f"?{name}" for name in dict.fromkeys(_VARIABLE.findall(str(self.head))))
        return f"SELECT DISTINCT {wanted} WHERE {{ {body}{condition} FILTER NOT EXISTS {{ {self.head} }} }}"

    def premises_query(self, bindings: dict[str, str]) -> str:
        """The SELECT that finds all matches of the body once some variables have a value."""
        text = " . ".join(map(str, self.body)) + (f" FILTER({self.condition})" if self.condition else "")
        names = [name for name in self.variables if name not in bindings]
        filled = _VARIABLE.sub(lambda match: bindings.get(match[1], match[0]), text)
        if not names:
            return f"SELECT (1 AS ?found) WHERE {{ {filled} }} LIMIT 1"
        return f"SELECT DISTINCT {' '.join(f'?{name}' for name in names)} WHERE {{ {filled} }}"


def parse_term(text: str) -> Term:
    """The term that a piece of N-Triples says."""
    import pyoxigraph as ox

    if text.startswith("<"):
        return ox.NamedNode(text[1:-1])
    line = f"<x:s> <x:p> {text} ."
    return next(iter(ox.parse(line.encode(), format=ox.RdfFormat.N_TRIPLES))).object


# ---------------------------------------------------------------- expressions to patterns


def conditions(expression: Expression, variable: str) -> list[tuple[Atom, ...]] | None:
    """What a thing must show to be in a class: one tuple of patterns for each alternative.

    None for ``only``, which the open world never lets anybody observe.
    """
    match expression:
        case Named(iri):
            return [()] if iri == _OWL + "Thing" else [(Atom(variable, RDF_TYPE, f"<{iri}>"),)]
        case Value(over, value):
            return [(Atom(variable, f"<{over}>", value),)]
        case Some(over, filler):
            further = f"{variable}1" if variable[-1].isdigit() else f"{variable}_1"
            inner = conditions(filler, further)
            return inner and [(Atom(variable, f"<{over}>", further), *atoms) for atoms in inner]
        case Either(parts):
            sides = [conditions(part, variable) for part in parts]
            return None if None in sides else [atoms for side in sides for atoms in side or ()]
        case Both(parts):
            # Each part gets variables of its own: two "some" may be met by two things.
            sides = [conditions(part, variable) for part in parts]
            if None in sides:
                return None
            chosen = product(*[[with_new_names(a, variable, n) for a in side or ()] for n, side in enumerate(sides, 1)])
            return [tuple(dict.fromkeys(atom for atoms in choice for atom in atoms)) for choice in chosen]
        case Only():
            return None


def with_new_names(atoms: tuple[Atom, ...], keep: str, number: int) -> tuple[Atom, ...]:
    def new(text: str) -> str:
        return f"{keep}_{number}{text.removeprefix(keep)}" if text.startswith("?") and text != keep else text

    return tuple(Atom(new(atom.subject), atom.predicate, new(atom.object)) for atom in atoms)


def plain(atoms: tuple[Atom, ...], head: Atom | None = None) -> tuple[tuple[Atom, ...], Atom | None]:
    """The same patterns with the variables x, y, z, a, b … in order of appearance."""
    names = dict.fromkeys(_VARIABLE.findall(" ".join(map(str, (*atoms, *([head] if head else []))))))
    letters = [*"xyzabcdefghijklmnopqrstuvw"]
    new = {f"?{old}": f"?{letter}" for old, letter in zip(names, letters, strict=False)}

    def mapped(atom: Atom) -> Atom:
        return Atom(*(new.get(text, text) for text in (atom.subject, atom.predicate, atom.object)))

    return tuple(map(mapped, atoms)), mapped(head) if head else None


def consequences(expression: Expression, variable: str) -> Iterator[tuple[tuple[Atom, ...], Atom]]:
    """What follows for a thing in a class: further patterns and the triple they give.

    Existentials and unions give nothing: what they ask for has no name.
    """
    match expression:
        case Named(iri):
            if iri != _OWL + "Thing":
                yield (), Atom(variable, RDF_TYPE, f"<{iri}>")
        case Value(over, value):
            yield (), Atom(variable, f"<{over}>", value)
        case Both(parts):
            for part in parts:
                yield from consequences(part, variable)
        case Only(over, filler):
            further = f"{variable}_1"
            for atoms, head in consequences(filler, further):
                yield (Atom(variable, f"<{over}>", further), *atoms), head
        case Some() | Either():
            return
