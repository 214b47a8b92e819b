"""Runs the rules of the ontology over the named graphs, to a fixpoint.

The rules see the union of the graphs ``ontology``, ``facts`` and ``evidence`` and write what is
new to the graph ``inferred``. They run in a store of their own, so that nothing is written when
the facts contradict the ontology.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mesokg.errors import Problem, ReasoningError
from mesokg.identifiers import PREFIXES, compact, graph_iri
from mesokg.rules import RDF_TYPE, Atom, Rule, compile_rules

if TYPE_CHECKING:
    import pyoxigraph

    Term = pyoxigraph.NamedNode | pyoxigraph.BlankNode | pyoxigraph.Literal | pyoxigraph.Triple

__all__ = ["READ_GRAPHS", "Inference", "Rule", "compile_rules", "infer", "parse_term"]

READ_GRAPHS = ("ontology", "facts", "evidence")
"""The named graphs that rules read."""

_SUBCLASS = PREFIXES["rdfs"] + "subClassOf"
_TYPE = RDF_TYPE[1:-1]
# Rules whose outcome depends on one triple alone need no evidence triple twice over, only each
# distinct subject or object of a property.
_ONE_TRIPLE = frozenset({"domain", "range", "domain-clash", "range-clash", "datatype"})
_SHOWN_CLASHES = 200
"""So many clashes are explained; one wrong class can make thousands."""


@dataclass(frozen=True)
class Inference:
    """What a run found: new triples in all, per rule id, and links between classes."""

    triples: int
    by_rule: dict[str, int]
    class_links: int


class _Keys:
    """How many triples there are per predicate and per class, so that rules without any are left out."""

    def __init__(self, work: pyoxigraph.Store) -> None:
        self.counts: Counter[tuple[str, str]] = Counter()
        for row in work.query("SELECT ?p (COUNT(*) AS ?n) WHERE { ?s ?p ?o } GROUP BY ?p"):
            self.counts[(str(row["p"]), "")] = int(row["n"].value)
        for row in work.query(f"SELECT ?c (COUNT(*) AS ?n) WHERE {{ ?s {RDF_TYPE} ?c }} GROUP BY ?c"):
            self.counts[(RDF_TYPE, str(row["c"]))] = int(row["n"].value)

    def has(self, body: Iterable[Atom]) -> bool:
        return all(self.counts[atom.key] for atom in body)

    def add(self, head: Atom, number: int) -> None:
        self.counts[head.key] += number
        if head.key[1]:
            self.counts[(head.predicate, "")] += number


def _text(part: str, row: pyoxigraph.QuerySolution) -> str:
    return str(row[part[1:]]) if part.startswith("?") else part


def _fill(work: pyoxigraph.Store, store: pyoxigraph.Store, rules: Sequence[Rule]) -> None:
    """Copies what rules can use into the working store: all facts, the rest as far as it matters."""
    import pyoxigraph as ox

    graphs = {name: ox.NamedNode(graph_iri(name)) for name in READ_GRAPHS}
    if store.contains_named_graph(graphs["facts"]):
        # Dumped and loaded rather than copied triple by triple in Python: four times faster.
        triples = store.dump(format=ox.RdfFormat.N_TRIPLES, from_graph=graphs["facts"])
        if triples:
            work.bulk_load(triples, ox.RdfFormat.N_TRIPLES)

    by_predicate: dict[str, set[str]] = {}
    classes: set[str] = set()
    for rule in rules:
        for atom in rule.body:
            if atom.predicate.startswith("<"):
                by_predicate.setdefault(atom.predicate, set()).add(rule.kind)
            if atom.predicate == RDF_TYPE and atom.object.startswith("<"):
                classes.add(atom.object[1:-1])
    vocabulary = (PREFIXES["owl"], PREFIXES["rdfs"], PREFIXES["rdf"])

    def copy(name: str, predicate: str) -> Iterator[ox.Quad]:
        for quad in store.quads_for_pattern(None, ox.NamedNode(predicate[1:-1]), None, graphs[name]):
            if predicate != RDF_TYPE or not quad.object.value.startswith(vocabulary):
                yield ox.Quad(quad.subject, quad.predicate, quad.object)

    for predicate in sorted(by_predicate):
        work.extend(copy("ontology", predicate))
    present = store.query(f"SELECT DISTINCT ?p WHERE {{ GRAPH {graphs['evidence']} {{ ?s ?p ?o }} }}")
    for predicate in sorted({str(row["p"]) for row in present} & set(by_predicate)):
        if predicate != RDF_TYPE and by_predicate[predicate] <= _ONE_TRIPLE:
            work.extend(_samples(store, graphs["evidence"], predicate, rules))
        else:
            work.extend(copy("evidence", predicate))


def _samples(
    store: pyoxigraph.Store, graph: pyoxigraph.NamedNode, predicate: str, rules: Sequence[Rule]
) -> Iterator[pyoxigraph.Quad]:
    """One triple for each object, and one for each subject that does not state its domain as type.

    Assertions are many and say what they are, so that nothing new follows from them by domain.
    """
    import pyoxigraph as ox

    node = ox.NamedNode(predicate[1:-1])
    mine = [rule for rule in rules if any(atom.predicate == predicate for atom in rule.body)]
    if any(rule.kind == "datatype" for rule in mine):
        # A clash of datatypes concerns the values; a source has few of them twice.
        clash = next(rule for rule in mine if rule.kind == "datatype")
        wanted = f"SELECT ?x ?y WHERE {{ GRAPH {graph} {{ ?x {predicate} ?y }} FILTER({clash.condition}) }}"
        for row in store.query(wanted):
            yield ox.Quad(row["x"], node, row["y"])
    elif any(rule.kind.startswith("range") for rule in mine):
        objects = f"SELECT (SAMPLE(?s) AS ?x) ?o WHERE {{ GRAPH {graph} {{ ?s {predicate} ?o }} }} GROUP BY ?o"
        for row in store.query(objects):
            yield ox.Quad(row["x"], node, row["o"])
    for rule in mine:
        if rule.kind == "domain" and rule.head is not None:
            untyped = (
                f"SELECT ?s (SAMPLE(?o) AS ?y) WHERE {{ GRAPH {graph} {{ ?s {predicate} ?o }} "
                f"FILTER NOT EXISTS {{ GRAPH {graph} {{ ?s {RDF_TYPE} {rule.head.object} }} }} }} GROUP BY ?s"
            )
        elif rule.kind == "domain-clash":
            untyped = f"SELECT ?s (SAMPLE(?o) AS ?y) WHERE {{ GRAPH {graph} {{ ?s {predicate} ?o }} }} GROUP BY ?s"
        else:
            continue
        for row in store.query(untyped):
            yield ox.Quad(row["s"], node, row["y"])


def _run(work: pyoxigraph.Store, rules: Sequence[Rule]) -> tuple[list[pyoxigraph.Triple], dict[str, int]]:
    """Runs the rules until none finds anything; the new triples and how many each rule gave.

    A rule runs again only after a rule wrote what its body asks for.
    """
    import pyoxigraph as ox

    giving = [rule for rule in rules if rule.head is not None]
    waiting: dict[tuple[str, str], list[int]] = {}
    for number, rule in enumerate(giving):
        for atom in rule.body:
            waiting.setdefault(atom.key, []).append(number)
    keys = _Keys(work)
    due = set(range(len(giving)))
    new: list[ox.Triple] = []
    counts: Counter[str] = Counter()
    while due:
        for number in sorted(due):
            if number not in due:
                continue
            due.discard(number)
            rule = giving[number]
            head = rule.head
            if head is None or not keys.has(rule.body):
                continue
            fixed = _fixed(head)
            found = [
                ox.Triple(fixed[0] or row[head.subject[1:]], fixed[1], fixed[2] or row[head.object[1:]])
                for row in work.query(rule.query)
            ]
            # An inverse or a range could make a literal the subject; RDF has no such triple.
            found = [triple for triple in found if not isinstance(triple.subject, ox.Literal)]
            if not found:
                continue
            work.extend(ox.Quad(*triple) for triple in found)
            new.extend(found)
            counts[rule.id] += len(found)
            keys.add(head, len(found))
            due.update(waiting.get(head.key, ()))
            if head.key[1]:
                due.update(waiting.get((head.predicate, ""), ()))
    return new, dict(sorted(counts.items()))


def _fixed(head: Atom) -> tuple[pyoxigraph.NamedNode | None, pyoxigraph.NamedNode, Term | None]:
    import pyoxigraph as ox

    subject = None if head.subject.startswith("?") else ox.NamedNode(head.subject[1:-1])
    target = None if head.object.startswith("?") else parse_term(head.object)
    return subject, ox.NamedNode(head.predicate[1:-1]), target


def parse_term(text: str) -> Term:
    """The term that a piece of N-Triples says."""
    import pyoxigraph as ox

    if text.startswith("<"):
        return ox.NamedNode(text[1:-1])
    line = f"<x:s> <x:p> {text} ."
    return next(iter(ox.parse(line.encode(), format=ox.RdfFormat.N_TRIPLES))).object


def _class_links(store: pyoxigraph.Store, rules: Sequence[Rule]) -> list[pyoxigraph.Triple]:
    """The subclass links that HermiT found and the ontology does not state."""
    import pyoxigraph as ox

    if not store.contains_named_graph(ox.NamedNode(graph_iri("ontology"))):
        return []
    return [
        ox.Triple(ox.NamedNode(rule.body[0].object[1:-1]), ox.NamedNode(_SUBCLASS), ox.NamedNode(rule.head.object[1:-1]))
        for rule in rules
        if rule.kind in ("hierarchy", "necessary")
        and rule.head is not None
        and len(rule.body) == 1
        and rule.head.predicate == RDF_TYPE
        and rule.body[0].predicate == RDF_TYPE
    ]


def _clashes(
    store: pyoxigraph.Store, work: pyoxigraph.Store, rules: Sequence[Rule], new: Sequence[pyoxigraph.Triple]
) -> list[Problem]:
    found: list[tuple[Rule, pyoxigraph.QuerySolution]] = []
    keys = _Keys(work)
    for rule in rules:
        if rule.head is None and keys.has(rule.body):
            found += [(rule, row) for row in work.query(rule.query)]
    if not found:
        return []
    from mesokg.explain import View, asserted_leaves, find_table, triple_words

    view = View(store, rules, work=work, inferred=new)
    problems = []
    shown = sorted(found, key=lambda pair: (pair[0].id, *map(str, pair[1])))
    for rule, row in shown[:_SHOWN_CLASHES]:
        premises = [
            tuple(parse_term(_text(part, row)) for part in (atom.subject, atom.predicate, atom.object))
            for atom in rule.body
        ]
        parts, leaves = [], []
        for premise in dict.fromkeys(premises):
            mine = asserted_leaves(view, premise)
            because = [leaf for leaf in mine if leaf != premise]
            reason = f" (inferred from {'; '.join(triple_words(leaf) for leaf in because)})" if because else ""
            parts.append(triple_words(premise) + reason)
            leaves += mine
        table = next((name for leaf in leaves if (name := find_table(view, leaf))), "")
        problems.append(
            Problem(
                file=f"data/{table}" if table else "ontology",
                line=0,
                column=compact(premises[0][1].value),
                rule=f"contradiction ({rule.kind})",
                value=" AND ".join(parts),
                fix=f"one of these must go: the ontology says {rule.axiom!r}: {rule.description}",
            )
        )
    if len(found) > len(shown[:_SHOWN_CLASHES]):
        problems.append(
            Problem("ontology", 0, "", "more contradictions", str(len(found) - _SHOWN_CLASHES), "mend the others first")
        )
    return problems


def infer(store: pyoxigraph.Store, *, rules: Sequence[Rule] | None = None) -> Inference:
    """Writes everything that follows, and is in no other graph, to the graph ``inferred``.

    ``store`` holds the named graphs; an earlier graph ``inferred`` is replaced. ``rules`` are
    those of the ontology of mesokg if not given. Links between classes are written where the
    store holds the ontology. That a thing is an ``owl:Thing`` or a named individual is not written.

    Raises ReasoningError if the facts contradict the ontology, with one problem for each clash:
    the facts, what they were inferred from, and the axiom. Then nothing is written.
    """
    import pyoxigraph as ox

    rules = compile_rules() if rules is None else rules
    target = ox.NamedNode(graph_iri("inferred"))
    work = ox.Store()
    _fill(work, store, rules)
    new, by_rule = _run(work, rules)
    if problems := _clashes(store, work, rules, new):
        raise ReasoningError(problems)
    links = _class_links(store, rules)
    others = [ox.NamedNode(graph_iri(name)) for name in ("ontology", "evidence", "metadata")]
    others = [name for name in others if store.contains_named_graph(name)]

    def elsewhere(triple: ox.Triple) -> bool:
        return any(ox.Quad(*triple, name) in store for name in others)

    kept = [triple for triple in new if not elsewhere(triple)]
    links = [triple for triple in dict.fromkeys(links) if not elsewhere(triple)]
    if store.contains_named_graph(target):
        store.clear_graph(target)
    store.bulk_extend(ox.Quad(*triple, target) for triple in (*kept, *links))
    return Inference(triples=len(kept) + len(links), by_rule=by_rule, class_links=len(links))
