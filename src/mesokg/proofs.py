"""Finds why a triple holds: the shortest proof from stated triples, and the assertions that state them.

Proofs are found again when asked for, so that a build stores none. The proof given is the one
with the fewest levels, and among those the one with the fewest triples.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mesokg.identifiers import PREFIXES, compact, graph_iri, term
from mesokg.patterns import RDF_TYPE, Rule, parse_term

if TYPE_CHECKING:
    import pyoxigraph

    Term = pyoxigraph.NamedNode | pyoxigraph.BlankNode | pyoxigraph.Literal | pyoxigraph.Triple
    Fact = tuple[Term, Term, Term]

__all__ = [
    "Assertion",
    "Explanation",
    "Proofs",
    "View",
    "asserted_leaves",
    "bind",
    "find_table",
    "read_assertions",
    "term_words",
    "triple_words",
]

_TYPE = RDF_TYPE[1:-1]
_LABEL = PREFIXES["rdfs"] + "label"
_DEEPEST = 40
"""Levels of inference after which the search for a proof ends; real proofs have under ten."""


@dataclass(frozen=True, order=True)
class Assertion:
    """What one source says: an assertion node of the graph ``evidence``, with its place.

    ``source_name`` is the PMID, DOI or registry number of the source where it has one. Dates have
    the form of the graph, ``2024-05-01T00:00:00Z``.
    """

    id: str
    source: str
    source_name: str
    locators: tuple[str, ...]
    tables: tuple[str, ...]
    level: str
    rank: str
    negated: bool
    status: str
    as_of: str
    checked_on: str
    object: str

    def place(self) -> str:
        """Where it was read, in words: source, then place in it."""
        return f"source {', '.join((self.source_name, *self.locators))}"


@dataclass(frozen=True)
class Explanation:
    """Why a triple holds.

    ``kind`` is ``asserted`` (by ``assertions``), ``exempt`` (stated in ``table`` and not a claim),
    ``ontology`` or ``metadata`` (stated there), ``classified`` (a link between classes that HermiT
    found), ``inferred`` (by ``rule`` from ``premises``) or ``absent`` (``notes`` name near misses).
    """

    subject: Term
    predicate: Term
    object: Term
    kind: str
    assertions: tuple[Assertion, ...] = ()
    table: str = ""
    rule: Rule | None = None
    premises: tuple[Explanation, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        return self.kind != "absent"

    @property
    def triple(self) -> Fact:
        return (self.subject, self.predicate, self.object)

    def walk(self) -> Iterator[Explanation]:
        """This explanation and all below it, premises in order."""
        yield self
        for premise in self.premises:
            yield from premise.walk()


class View:
    """What is stated and what is inferred, for one search.

    Reads the named graphs of ``store``; or, while facts are still being judged, the triples of
    ``work`` of which ``inferred`` are new.
    """

    def __init__(
        self,
        store: pyoxigraph.Store,
        rules: Sequence[Rule],
        *,
        work: pyoxigraph.Store | None = None,
        inferred: Iterable[Fact | pyoxigraph.Triple] = (),
    ) -> None:
        import pyoxigraph as ox

        self.store = store
        self.rules = {rule.id: rule for rule in rules}
        self.work = work
        self._new = {tuple(triple) for triple in inferred}
        self._graphs = {
            name: ox.NamedNode(graph_iri(name)) for name in ("facts", "ontology", "evidence", "metadata", "inferred")
        }
        self._by_head: dict[tuple[str, str], list[Rule]] = {}
        for rule in rules:
            if rule.head is not None:
                self._by_head.setdefault(rule.head.key, []).append(rule)
        self._above: dict[str, set[str]] = {}
        self._matches: dict[Fact, list[tuple[Rule, tuple[Fact, ...]]]] = {}

    def select(self, query: str) -> Iterable[pyoxigraph.QuerySolution]:
        if self.work is not None:
            return self.work.query(query)  # type: ignore[return-value]
        return self.store.query(query, use_default_graph_as_union=True)  # type: ignore[return-value]

    def stated_in(self, fact: Fact) -> str:
        """The named graph other than ``inferred`` that holds the triple, or an empty string."""
        import pyoxigraph as ox

        if isinstance(fact[0], ox.Literal):
            return ""
        return next(
            (name for name, graph in self._graphs.items()
             if name != "inferred" and ox.Quad(*fact, graph) in self.store), "",
        )  # fmt: skip

    def inferred(self, fact: Fact) -> bool:
        import pyoxigraph as ox

        if self.work is not None:
            return fact in self._new
        return not isinstance(fact[0], ox.Literal) and ox.Quad(*fact, self._graphs["inferred"]) in self.store

    def matches(self, fact: Fact) -> list[tuple[Rule, tuple[Fact, ...]]]:
        """Every rule that gives the triple, with the premises it gives it from."""
        if fact not in self._matches:
            self._matches[fact] = list(self._find(fact))
        return self._matches[fact]

    def rules_for(self, fact: Fact) -> list[Rule]:
        """The rules whose head has the form of the triple."""
        key = (RDF_TYPE, str(fact[2])) if fact[1].value == _TYPE else (str(fact[1]), "")
        return self._by_head.get(key, [])

    def superclasses(self, name: str) -> set[str]:
        """A class and all classes above it."""
        if not self._above:
            for rule in self.rules.values():
                if rule.head is not None and len(rule.body) == 1 and rule.head.predicate == rule.body[0].predicate == RDF_TYPE:
                    self._above.setdefault(rule.body[0].object[1:-1], set()).add(rule.head.object[1:-1])
        found, waiting = {name}, [name]
        while waiting:
            waiting += (more := self._above.get(waiting.pop(), set()) - found)
            found |= more
        return found

    def _find(self, fact: Fact) -> Iterator[tuple[Rule, tuple[Fact, ...]]]:
        for rule in self.rules_for(fact):
            bindings = bind(rule, fact)
            if bindings is None:
                continue
            for row in self.select(rule.premises_query(bindings)):
                yield rule, tuple(
                    tuple(_value(part, bindings, row) for part in (atom.subject, atom.predicate, atom.object))
                    for atom in rule.body
                )  # type: ignore[misc]


def bind(rule: Rule, fact: Fact) -> dict[str, str] | None:
    bindings: dict[str, str] = {}
    if rule.head is None:
        return None
    for part, value in zip((rule.head.subject, rule.head.object), (fact[0], fact[2]), strict=True):
        text = str(value)
        if part.startswith("?"):
            if bindings.setdefault(part[1:], text) != text:
                return None
        elif part != text:
            return None
    # A literal has no properties, so a rule that asks for one cannot match.
    for atom in rule.body:
        if bindings.get(atom.subject.removeprefix("?"), "<").startswith('"'):
            return None
    return bindings


def _value(part: str, bindings: Mapping[str, str], row: pyoxigraph.QuerySolution) -> Term:
    if not part.startswith("?"):
        return parse_term(part)
    name = part[1:]
    return parse_term(bindings[name]) if name in bindings else row[name]


# ---------------------------------------------------------------- proofs


class Proofs:
    """Proofs of at most a given number of levels; what was tried is remembered."""

    def __init__(self, view: View) -> None:
        self.view = view
        self.failed: dict[Fact, int] = {}
        self.found: dict[Fact, tuple[int, int, Rule | None, tuple[Fact, ...]]] = {}

    def search(self, fact: Fact) -> bool:
        """Whether there is a proof; afterwards ``tree`` gives the one with the fewest levels."""
        return self.prove(fact, _DEEPEST)

    def prove(self, fact: Fact, limit: int) -> bool:
        if fact in self.found:
            return self.found[fact][0] <= limit
        if self.view.stated_in(fact):
            self.found[fact] = (0, 1, None, ())
            return True
        if not self.view.inferred(fact):
            return False
        # Level by level, so that a fact that is being tried is known to have no shorter proof:
        # a proof never needs its own conclusion.
        for level in range(self.failed.get(fact, -1) + 1, limit + 1):
            self.failed[fact] = level
            if self._prove_within(fact, level):
                return True
        return False

    def _prove_within(self, fact: Fact, level: int) -> bool:
        best: tuple[int, str, tuple[str, ...]] | None = None
        for rule, premises in self.view.matches(fact) if level else ():
            if all(self.prove(premise, level - 1) for premise in premises):
                size = 1 + sum(self.found[premise][1] for premise in premises)
                key = (size, rule.id, tuple(map(str, premises)))
                if best is None or key < best:
                    best = key
                    self.found[fact] = (level, size, rule, premises)
        return best is not None

    def tree(self, fact: Fact) -> Explanation:
        _, _, rule, premises = self.found[fact]
        if rule is None:
            return _stated(self.view, fact)
        return Explanation(*fact, kind="inferred", rule=rule, premises=tuple(map(self.tree, premises)))


def asserted_leaves(view: View, fact: Fact) -> list[Fact]:
    """The stated triples that a triple follows from, itself if it is stated."""
    proofs = Proofs(view)
    if not proofs.search(fact):
        return [fact]
    return [node.triple for node in proofs.tree(fact).walk() if node.kind != "inferred"]


def _stated(view: View, fact: Fact) -> Explanation:
    graph = view.stated_in(fact)
    if graph in ("ontology", "metadata"):
        return Explanation(*fact, kind=graph)
    assertions = tuple(a for a in read_assertions(view, fact[0], fact[1], fact[2]) if not a.negated)
    table = _table_of_assertion(view, fact[0]) if graph == "evidence" else find_table(view, fact)
    return Explanation(*fact, kind="asserted" if assertions else "exempt", assertions=assertions, table=table)


# ---------------------------------------------------------------- assertions


def read_assertions(view: View, subject: Term, predicate: Term, target: Term | None) -> list[Assertion]:
    """The assertion nodes about a subject and predicate, and an object if one is given."""
    wanted = f" ; <{term('object')}> {target}" if target is not None else ""
    nodes = view.store.query(
        f"SELECT ?a WHERE {{ GRAPH <{graph_iri('evidence')}> "
        f"{{ ?a <{term('subject')}> {subject} ; <{term('predicate')}> {predicate}{wanted} }} }}"
    )
    return sorted(_read_assertion(view, row["a"]) for row in nodes)


def _read_assertion(view: View, node: pyoxigraph.NamedNode) -> Assertion:
    import pyoxigraph as ox

    fields: dict[str, list[str]] = {}
    shown = ""
    for quad in view.store.quads_for_pattern(node, None, None, ox.NamedNode(graph_iri("evidence"))):
        name = quad.predicate.value.removeprefix(PREFIXES["mesokg"])
        fields.setdefault(name, []).append(quad.object.value)
        if name == "object":
            shown = term_words(quad.object)

    def first(name: str) -> str:
        return min(fields.get(name, [""]))

    def individual(name: str) -> str:
        iri = first(name)
        labels = view.store.quads_for_pattern(ox.NamedNode(iri), ox.NamedNode(_LABEL), None, None) if iri else ()
        return min((quad.object.value for quad in labels), default=iri.removeprefix(PREFIXES["mesokg"]))

    return Assertion(
        id=node.value,
        source=first("source"),
        source_name=_source_name(view, first("source")),
        locators=tuple(sorted(fields.get("locator", []))),
        tables=tuple(sorted(fields.get("inTable", []))),
        level=individual("evidenceLevel"),
        rank=individual("rank"),
        negated=first("negated") == "true",
        status=individual("valueStatus"),
        as_of=first("asOf"),
        checked_on=first("checkedOn"),
        object=shown,
    )


def _source_name(view: View, iri: str) -> str:
    import pyoxigraph as ox

    for name, prefix in (("pmid", "PMID:"), ("doi", "DOI:"), ("pmcid", "PMC:"), ("registryIdentifier", ""), ("url", "")):
        found = sorted(
            quad.object.value
            for quad in view.store.quads_for_pattern(ox.NamedNode(iri or "x:"), ox.NamedNode(term(name)), None, None)
        )
        if found:
            return prefix + found[0].removeprefix(prefix)
    return compact(iri)


def find_table(view: View, fact: Fact) -> str:
    """The name of the table that states a triple, such as ``trials.tsv``, or an empty string.

    An assertion says its table; for what needs none, it is the table of the class of the subject.
    """
    import pyoxigraph as ox

    if isinstance(fact[0], ox.Literal) or view.stated_in(fact) != "facts":
        return ""
    tables = [table for found in read_assertions(view, *fact) if not found.negated for table in found.tables]
    if tables:
        return min(tables)
    facts, tables_of = ox.NamedNode(graph_iri("facts")), ox.NamedNode(term("tableName"))
    stated = [quad.object.value for quad in view.store.quads_for_pattern(fact[0], ox.NamedNode(_TYPE), None, facts)]
    names = {
        quad.object.value
        for kind in {above for name in stated for above in view.superclasses(name)}
        for quad in view.store.quads_for_pattern(ox.NamedNode(kind), tables_of, None, None)
    }
    return f"{min(names)}.tsv" if names else ""


def _table_of_assertion(view: View, node: Term) -> str:
    import pyoxigraph as ox

    named = view.store.quads_for_pattern(node, ox.NamedNode(term("inTable")), None, None)
    return min((quad.object.value for quad in named), default="")


# ---------------------------------------------------------------- words


def term_words(value: Term) -> str:
    """A term as people write it: CURIE, or literal as Turtle writes it; ``a`` for the type."""
    import pyoxigraph as ox

    if isinstance(value, ox.NamedNode):
        return "a" if value.value == _TYPE else compact(value.value)
    if isinstance(value, ox.Literal) and value.language is None:
        kind = compact(value.datatype.value)
        return value.value if kind in ("xsd:integer", "xsd:decimal", "xsd:boolean") else (
            f'"{value.value}"' if kind == "xsd:string" else f'"{value.value}"^^{kind}')  # fmt: skip
    return str(value)


def triple_words(fact: Iterable[Term]) -> str:
    """A triple as CURIEs and literals."""
    return " ".join(map(term_words, fact))
