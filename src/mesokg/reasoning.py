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
from mesokg.patterns import RDF_TYPE, Atom, Rule, parse_term
from mesokg.rules import compile_rules

if TYPE_CHECKING:
    from collections.abc import Callable

    import pyoxigraph

    Locate = Callable[[str, str], tuple[str, int]]
    Term = pyoxigraph.NamedNode | pyoxigraph.BlankNode | pyoxigraph.Literal | pyoxigraph.Triple

__all__ = ["READ_GRAPHS", "Inference", "Rule", "compile_rules", "infer"]

READ_GRAPHS = ("ontology", "facts", "evidence")
"""The named graphs that rules read."""

_SUBCLASS = PREFIXES["rdfs"] + "subClassOf"
_TYPE = RDF_TYPE[1:-1]
# Rules whose outcome depends on one triple alone need no evidence triple twice over, only each
# distinct subject or object of a property.
_ONE_TRIPLE = frozenset({"domain", "range", "domain-clash", "range-clash", "datatype"})
_FUNCTIONAL = frozenset({"functional"})
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
        triples = store.dump(format=ox.RdfFormat.N_TRIPLES, from_graph=graphs["facts"]) or b""
        if b"_:" in triples:  # loading would give blank nodes other names
            facts = store.quads_for_pattern(None, None, None, graphs["facts"])
            work.bulk_extend(ox.Quad(*quad.triple) for quad in facts)
        elif triples:
            # Dumped and loaded rather than copied triple by triple in Python: four times faster.
            work.bulk_load(triples, ox.RdfFormat.N_TRIPLES)

    by_predicate: dict[str, set[str]] = {}
    classes: set[str] = set()
    for rule in rules:
        for atom in rule.body:
            if atom.predicate.startswith("<"):
                by_predicate.setdefault(atom.predicate, set()).add(rule.kind)
            if atom.predicate == RDF_TYPE and atom.object.startswith("<"):
                classes.add(atom.object[1:-1])
    for predicate in sorted(by_predicate):
        work.extend(_copies(store, graphs["ontology"], predicate))
    evidence = graphs["evidence"]
    present = sorted(
        predicate for predicate in by_predicate
        if any(True for _ in store.quads_for_pattern(None, ox.NamedNode(predicate[1:-1]), None, evidence))
    )  # fmt: skip
    # a functional property can clash only where a subject has two values, of which the facts or a rule may bring one
    brought = {rule.head.predicate for rule in rules if rule.head is not None}
    brought |= {p for p in present if any(True for _ in store.quads_for_pattern(None, ox.NamedNode(p[1:-1]), None, graphs["facts"]))}
    whole = [p for p in present if p != RDF_TYPE and not by_predicate[p] <= (_ONE_TRIPLE if p in brought else _ONE_TRIPLE | _FUNCTIONAL)]
    samples = [quad for p in whole for quad in _copies(store, evidence, p)]
    samples += [quad for p in present if p not in whole and _FUNCTIONAL <= by_predicate[p] for quad in _with_two_values(store, evidence, p)]
    samples += _samples(store, evidence, [p for p in present if p != RDF_TYPE and p not in whole], rules)
    work.extend(samples)
    if RDF_TYPE in present:
        work.extend(_evidence_types(store, graphs, rules, samples))


def _copies(store: pyoxigraph.Store, graph: pyoxigraph.NamedNode, predicate: str) -> Iterator[pyoxigraph.Quad]:
    import pyoxigraph as ox

    vocabulary = (PREFIXES["owl"], PREFIXES["rdfs"], PREFIXES["rdf"])
    for quad in store.quads_for_pattern(None, ox.NamedNode(predicate[1:-1]), None, graph):
        if predicate != RDF_TYPE or not quad.object.value.startswith(vocabulary):
            yield ox.Quad(quad.subject, quad.predicate, quad.object)


def _with_two_values(store: pyoxigraph.Store, graph: pyoxigraph.NamedNode, predicate: str) -> Iterator[pyoxigraph.Quad]:
    """The triples of a property in a graph whose subject has more than one of them."""
    import pyoxigraph as ox

    values = f"GRAPH {graph} {{ ?x {predicate} ?y }}"
    # the count tells in a tenth of the time that there are none
    counted = next(iter(store.query(f"SELECT (COUNT(*) AS ?all) (COUNT(DISTINCT ?x) AS ?subjects) WHERE {{ {values} }}")))
    if counted["all"] == counted["subjects"]:
        return
    for row in store.query(f"SELECT DISTINCT ?x ?y WHERE {{ {values} GRAPH {graph} {{ ?x {predicate} ?z }} FILTER(!SAMETERM(?y, ?z)) }}"):
        yield ox.Quad(row["x"], ox.NamedNode(predicate[1:-1]), row["y"])


def _evidence_types(
    store: pyoxigraph.Store,
    graphs: dict[str, pyoxigraph.NamedNode],
    rules: Sequence[Rule],
    samples: Sequence[pyoxigraph.Quad],
) -> Iterator[pyoxigraph.Quad]:
    """The types of evidence nodes from which something could follow, or that could clash.

    Assertions are many, and that a thing is one tells nothing more, unless the same node is found
    elsewhere: with a second type, in the facts, or in what was taken from the evidence.
    """
    import pyoxigraph as ox

    asked = {atom.key for rule in rules if rule.head is not None for atom in rule.body}
    elsewhere = {node for quad in samples for node in (quad.subject, quad.object)}
    seen: set[Term] = set()
    types = list(store.quads_for_pattern(None, ox.NamedNode(_TYPE), None, graphs["evidence"]))
    for quad in types:
        if quad.subject in seen:
            elsewhere.add(quad.subject)
        seen.add(quad.subject)
    for pattern in ("?x ?p ?o", "?s ?p ?x"):
        rows = store.query(
            f"SELECT DISTINCT ?x WHERE {{ GRAPH {graphs['facts']} {{ {pattern} }} "
            f"GRAPH {graphs['evidence']} {{ ?x {RDF_TYPE} ?c }} }}"
        )
        elsewhere |= {row["x"] for row in rows}
    for quad in types:
        if (RDF_TYPE, str(quad.object)) in asked or quad.subject in elsewhere:
            yield ox.Quad(quad.subject, quad.predicate, quad.object)


def _samples(
    store: pyoxigraph.Store, graph: pyoxigraph.NamedNode, predicates: Sequence[str], rules: Sequence[Rule]
) -> Iterator[pyoxigraph.Quad]:
    """Of the properties whose rules look at one triple alone, the triples that matter.

    One for each object, for the range; those with an ill-typed value; and those whose subject
    does not state its domain as type, for the domain.
    """
    import pyoxigraph as ox

    domains: dict[str, list[str]] = {}
    for rule in rules:
        predicate = rule.body[0].predicate
        if predicate not in predicates:
            continue
        match rule.kind:
            case "domain" if rule.head is not None:
                domains.setdefault(rule.head.object, []).append(predicate)
                continue
            case "datatype":
                wanted = f"SELECT ?x ?y WHERE {{ GRAPH {graph} {{ ?x {predicate} ?y }} FILTER({rule.condition}) }}"
            case "domain-clash":
                wanted = f"SELECT ?x (SAMPLE(?o) AS ?y) WHERE {{ GRAPH {graph} {{ ?x {predicate} ?o }} }} GROUP BY ?x"
            case _:
                wanted = f"SELECT (SAMPLE(?s) AS ?x) ?y WHERE {{ GRAPH {graph} {{ ?s {predicate} ?y }} }} GROUP BY ?y"
        for row in store.query(wanted):
            yield ox.Quad(row["x"], ox.NamedNode(predicate[1:-1]), row["y"])
    for stated, mine in domains.items():
        counted = f"SELECT (COUNT(DISTINCT ?s) AS ?n) WHERE {{ GRAPH {graph} {{ ?s "
        every, typed = (next(iter(store.query(f"{counted}{rest} }} }}")))["n"] for rest in ("?p ?o", f"{RDF_TYPE} {stated}"))
        if every == typed:
            continue
        # MINUS is joined by hash here, where NOT EXISTS looks up every triple.
        wanted = (
            f"SELECT ?s ?p ?o WHERE {{ GRAPH {graph} {{ ?s ?p ?o MINUS {{ ?s {RDF_TYPE} {stated} }} }} "
            f"FILTER(?p IN ({', '.join(mine)})) }}"
        )
        for row in store.query(wanted):
            yield ox.Quad(row["s"], row["p"], row["o"])


def _run(work: pyoxigraph.Store, rules: Sequence[Rule], keys: _Keys) -> tuple[list[pyoxigraph.Triple], dict[str, int]]:
    """Runs the rules until none finds anything; the new triples and how many each rule gave.

    A rule runs again only after a rule wrote what its body asks for.
    """
    import pyoxigraph as ox

    giving = [rule for rule in rules if rule.head is not None]
    waiting: dict[tuple[str, str], list[int]] = {}
    for number, rule in enumerate(giving):
        for atom in rule.body:
            waiting.setdefault(atom.key, []).append(number)
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
    store: pyoxigraph.Store,
    work: pyoxigraph.Store,
    rules: Sequence[Rule],
    new: Sequence[pyoxigraph.Triple],
    keys: _Keys,
    locate: Locate | None,
) -> list[Problem]:
    found: list[tuple[Rule, pyoxigraph.QuerySolution]] = []
    for rule in rules:
        if rule.head is None and keys.has(rule.body):
            found += [(rule, row) for row in work.query(rule.query)]
    if not found:
        return []
    from mesokg.proofs import View, asserted_leaves, find_table, triple_words

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
        told, table = next(((leaf, name) for leaf in leaves if (name := find_table(view, leaf))), (None, ""))
        file, line = (f"data/{table}", 0) if table else ("ontology", 0)
        if told and locate:
            place = locate(told[0].value, told[1].value)  # type: ignore[union-attr]
            file, line = place if place[1] else (file, line)
        problems.append(
            Problem(
                file=file,
                line=line,
                column=compact(premises[0][1].value).rpartition(":")[2],
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


def _not_elsewhere(store: pyoxigraph.Store, triples: Iterable[pyoxigraph.Triple]) -> list[pyoxigraph.Triple]:
    """The triples that are in no graph yet; graphs without the predicate or class are not searched."""
    import pyoxigraph as ox

    graphs = [ox.NamedNode(graph_iri(name)) for name in ("ontology", "evidence", "metadata")]  # all facts were read
    searched: dict[Term, list[ox.NamedNode]] = {}
    kept = []
    for triple in triples:
        typed = triple.predicate.value == _TYPE
        key = triple.object if typed else triple.predicate
        if (where := searched.get(key)) is None:
            wanted = triple.object if typed else None
            where = searched[key] = [
                graph
                for graph in graphs
                if any(True for _ in store.quads_for_pattern(None, triple.predicate, wanted, graph))
            ]
        if not any(ox.Quad(*triple, graph) in store for graph in where):
            kept.append(triple)
    return kept


def infer(store: pyoxigraph.Store, *, rules: Sequence[Rule] | None = None, locate: Locate | None = None) -> Inference:
    """Writes everything that follows, and is in no other graph, to the graph ``inferred``.

    ``store`` holds the named graphs; an earlier graph ``inferred`` is replaced. ``rules`` are
    those of the ontology of mesokg if not given. Links between classes are written where the
    store holds the ontology. That a thing is an ``owl:Thing`` or a named individual is not written.
    ``locate`` gives the file and line of a row from the IRIs of a thing and a property, for the place of a clash;
    without it that is the table alone.

    Raises ReasoningError if the facts contradict the ontology, with one problem for each clash:
    the facts, what they were inferred from, and the axiom. Then nothing is written.
    """
    import pyoxigraph as ox

    rules = compile_rules() if rules is None else rules
    target = ox.NamedNode(graph_iri("inferred"))
    work = ox.Store()
    _fill(work, store, rules)
    keys = _Keys(work)
    new, by_rule = _run(work, rules, keys)
    if problems := _clashes(store, work, rules, new, keys, locate):
        raise ReasoningError(problems)
    links = _class_links(store, rules)
    kept = _not_elsewhere(store, dict.fromkeys((*new, *links)))
    if store.contains_named_graph(target):
        store.clear_graph(target)
    store.bulk_extend(ox.Quad(*triple, target) for triple in kept)
    return Inference(triples=len(kept), by_rule=by_rule, class_links=len(links))
