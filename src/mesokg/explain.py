"""Says why a triple holds, down to table rows and ontology axioms, or why it does not."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from mesokg.errors import IdentifierError, suggest
from mesokg.identifiers import PREFIXES, compact, expand, graph_iri, is_curie
from mesokg.patterns import RDF_TYPE, Atom, Rule, parse_term
from mesokg.proofs import (
    Assertion,
    Explanation,
    Proofs,
    View,
    bind,
    read_assertions,
    term_words,
    triple_words,
)
from mesokg.rules import compile_rules

if TYPE_CHECKING:
    import pyoxigraph

    from mesokg.tables import Tables

    Term = pyoxigraph.NamedNode | pyoxigraph.BlankNode | pyoxigraph.Literal | pyoxigraph.Triple
    Fact = tuple[Term, Term, Term]

__all__ = ["Assertion", "Explanation", "explain", "format_explanation", "labels_of", "term_words", "triple_words"]

_TYPE = RDF_TYPE[1:-1]
_SUBCLASS = PREFIXES["rdfs"] + "subClassOf"
_LABEL = PREFIXES["rdfs"] + "label"
_SHOWN_VALUES = 5
"""So many other values of a property are named when the asked one does not hold."""


# ---------------------------------------------------------------- asking


def _resource(value: str | Term) -> Term:
    import pyoxigraph as ox

    if not isinstance(value, str):
        return value
    if value == "a":
        return ox.NamedNode(_TYPE)
    text = value[1:-1] if value.startswith("<") and value.endswith(">") else value
    if is_curie(text) and text.split(":")[0] in PREFIXES:
        return ox.NamedNode(expand(text))
    if re.match(r"https?://\S+$", text):
        return ox.NamedNode(text)
    return ox.NamedNode(expand(text))  # raises IdentifierError, which names the prefix or the form


def _any_term(store: pyoxigraph.Store, subject: Term, predicate: Term, value: str | Term) -> Term:
    """A term from what somebody typed: a CURIE, an IRI, or the text of a literal of this subject."""
    import pyoxigraph as ox

    if not isinstance(value, str):
        return value
    if not isinstance(subject, ox.Literal):
        literals = sorted(
            (quad.object for quad in store.quads_for_pattern(subject, predicate, None, None)
             if isinstance(quad.object, ox.Literal) and quad.object.value == value), key=str,
        )  # fmt: skip
        if literals:
            return literals[0]
    try:
        return _resource(value)
    except IdentifierError:
        if is_curie(value):
            raise
        return ox.Literal(value)


def explain(
    store: pyoxigraph.Store,
    subject: str | Term,
    predicate: str | Term,
    object: str | Term,  # noqa: A002 - the words of RDF
    *,
    rules: Sequence[Rule] | None = None,
) -> Explanation:
    """Why a triple of the named graphs holds: a tree down to assertions and axioms.

    Terms are CURIEs, IRIs, ``a``, the text of a literal, or terms of pyoxigraph. ``rules`` are
    those that made the graph ``inferred``, those of the ontology of mesokg if not given. A triple
    that does not hold gives an Explanation of the kind ``absent``, whose notes name near misses.

    Raises IdentifierError if a CURIE is malformed or its prefix unknown.
    """
    import pyoxigraph as ox

    view = View(store, compile_rules() if rules is None else rules)
    s, p = _resource(subject), _resource(predicate)
    fact = (s, p, _any_term(store, s, p, object))
    if not view.stated_in(fact) and not view.inferred(fact):
        return Explanation(*fact, kind="absent", notes=tuple(_near_misses(view, fact)))
    if p.value == _SUBCLASS and view.inferred(fact) and isinstance(fact[2], ox.NamedNode):
        return _class_link(view, fact)
    proofs = Proofs(view)
    if not proofs.search(fact):
        # Only a graph made with other rules holds such a triple.
        return Explanation(*fact, kind="absent", notes=("it is in the graph inferred, but no rule gives it: build again",))
    return proofs.tree(fact)


def _class_link(view: View, fact: Fact) -> Explanation:
    sub, over = str(fact[0]), str(fact[2])
    rule = next(
        (rule for rule in view.rules.values()
         if rule.head is not None and rule.head.key == (RDF_TYPE, over) and len(rule.body) == 1
         and rule.body[0].key == (RDF_TYPE, sub)), None,
    )  # fmt: skip
    return Explanation(*fact, kind="classified", rule=rule)


def _near_misses(view: View, fact: Fact) -> Iterator[str]:
    """What is said instead: negated, outranked or missing values, other values, unmet conditions."""
    import pyoxigraph as ox

    subject, predicate, target = fact
    if isinstance(subject, ox.Literal):
        yield "a literal has no properties"
        return
    if not any(view.store.quads_for_pattern(subject, None, None, None)):
        yield f"nothing is said about {term_words(subject)}; {_similar(view, subject)}"
        return
    for found in read_assertions(view, subject, predicate, None):
        where = f"{', '.join('data/' + table for table in found.tables)}  {compact(found.id)}  {found.place()}"
        same = found.object == term_words(target)
        if found.status and found.object == "":
            yield f"{found.status}: {where}"
        elif same and found.negated:
            yield f"denied: {where}"
        elif same:
            yield f"outranked (rank {found.rank or 'not given'}{_as_of(found)}): {where}"
    others = sorted(
        {term_words(quad.object) for quad in view.store.quads_for_pattern(subject, predicate, None, None)}
    )
    if others:
        shown = ", ".join(others[:_SHOWN_VALUES]) + (", …" if len(others) > _SHOWN_VALUES else "")
        yield f"what holds instead: {term_words(subject)} {term_words(predicate)} {shown}"
    if any(view.store.quads_for_pattern(target, predicate, subject, None) if not isinstance(target, ox.Literal) else ()):
        yield f"it holds the other way round: {triple_words((target, predicate, subject))}"
    for rule in view.rules_for(fact):
        if rule.kind in ("definition", "chain") and (note := _unmet(view, rule, fact)):
            yield note


def _unmet(view: View, rule: Rule, fact: Fact) -> str:
    """The first condition of a rule that nothing meets."""
    bindings = bind(rule, fact)
    if bindings is None:
        return ""
    for number in range(1, len(rule.body) + 1):
        part = Rule(rule.id, rule.kind, rule.axiom, "", rule.body[:number])
        if not any(True for _ in view.select(part.premises_query(bindings))):
            met = " and ".join(_filled(atom, bindings) for atom in rule.body[: number - 1])
            missing = _filled(rule.body[number - 1], bindings)
            return f"{rule.axiom}: {'given ' + met + ', ' if met else ''}nothing meets: {missing}"
    return ""


def _filled(atom: Atom, bindings: Mapping[str, str]) -> str:
    parts = []
    for part in (atom.subject, atom.predicate, atom.object):
        text = bindings.get(part.removeprefix("?"), part) if part.startswith("?") else part
        parts.append(text if text.startswith("?") else term_words(parse_term(text)))
    return " ".join(parts)


def _as_of(found: Assertion) -> str:
    return f", as of {found.as_of[:10]}" if found.as_of else ""


def _similar(view: View, subject: Term) -> str:
    kind = compact(getattr(subject, "value", "")).split("-")[0]
    rows = view.store.query(f"SELECT DISTINCT ?s WHERE {{ GRAPH <{graph_iri('facts')}> {{ ?s {RDF_TYPE} ?c }} }}")
    known = [name for row in rows if (name := compact(row["s"].value)).startswith(kind)]
    return suggest(compact(getattr(subject, "value", "")), known)


# ---------------------------------------------------------------- words


def labels_of(store: pyoxigraph.Store, tree: Explanation) -> dict[str, str]:
    """The English labels of everything in an explanation, by IRI."""
    import pyoxigraph as ox

    nodes = {value for node in tree.walk() for value in node.triple if isinstance(value, ox.NamedNode)}
    found: dict[str, str] = {}
    for node in nodes:
        quads = store.quads_for_pattern(node, ox.NamedNode(_LABEL), None, None)
        texts = sorted((quad.object.language not in ("en", None), quad.object.value) for quad in quads)
        if texts:
            found[node.value] = texts[0][1]
    return found


def format_explanation(
    tree: Explanation,
    labels: Mapping[str, str] | Callable[[str], str | None] | None = None,
    tables: Tables | None = None,
) -> str:
    """An explanation as indented text: each triple, then the rule or the rows it rests on.

    ``labels`` gives the label of an IRI, as a mapping or a function; a triple of which a term has
    a label is repeated in words. :func:`labels_of` collects them. With ``tables`` the place of a
    row has its line number.
    """
    get = labels if callable(labels) else (labels or {}).get
    return "\n".join(_lines(tree, get, tables, 0)) + "\n"


def _rows(tree: Explanation, found: Assertion, tables: Tables | None) -> str:
    """Where the rows of an assertion stand: file and line, or the file alone."""
    if tables is not None:
        subject, predicate, value = (getattr(part, "value", "") for part in tree.triple)
        places = tables.rows_of(subject, predicate, found.source, found.locators, value)
        if places:
            return ", ".join(f"{file}:{line}" for file, line in places)
    return ", ".join(f"data/{table}" for table in found.tables) or "evidence"


def _lines(tree: Explanation, get: Callable[[str], str | None], tables: Tables | None, depth: int) -> Iterator[str]:
    indent, inner = "  " * depth, "  " * (depth + 1)
    named = [(get(getattr(value, "value", "")) or "") for value in tree.triple]
    words = ""
    if any(named):
        shown = [name or term_words(value) for name, value in zip(named, tree.triple, strict=True)]
        words = f"   ({' | '.join(shown)})"
    yield f"{indent}{triple_words(tree.triple)}{words}"
    match tree.kind:
        case "asserted":
            for found in tree.assertions:
                extra = [found.level, f"rank {found.rank}" if found.rank not in ("", "normal") else "",
                         _as_of(found).removeprefix(", "),
                         f"checked {found.checked_on[:10]}" if found.checked_on else ""]  # fmt: skip
                tail = "; ".join(part for part in extra if part)
                yield f"{inner}{_rows(tree, found, tables)}  {compact(found.id)}  {found.place()}{f'  [{tail}]' if tail else ''}"
        case "exempt":
            file, line = tables.place(getattr(tree.triple[0], "value", "")) if tables else ("", 0)
            where = f"{file}:{line}" if line else f"data/{tree.table}" if tree.table else "facts"
            yield f"{inner}{where}  stated; it is no claim and needs no source"
        case "ontology":
            yield f"{inner}ontology/mesokg.ttl  stated in the ontology"
        case "metadata":
            yield f"{inner}stated in the description of this release"
        case "classified":
            yield f"{inner}HermiT found it from the axioms of the ontology (ontology/hierarchy.tsv)"
            if tree.rule is not None:
                yield f"{inner}axiom: {tree.rule.axiom}"
        case "absent":
            yield f"{inner}does not hold in this graph; that does not make it false"
            for note in tree.notes:
                yield f"{inner}- {note}"
        case _ if tree.rule is not None:
            yield f"{inner}because {tree.rule.axiom}"
            yield f"{inner}that is, {tree.rule.description}"
            for premise in tree.premises:
                yield from _lines(premise, get, tables, depth + 1)
