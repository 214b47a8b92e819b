"""Says why a triple holds, down to table rows and ontology axioms, or why it does not.

Proofs are found again when asked for, so that a build stores none. The proof given is the one
with the fewest levels, and among those the one with the fewest triples.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mesokg.errors import IdentifierError, suggest
from mesokg.identifiers import PREFIXES, compact, expand, graph_iri, is_curie, term
from mesokg.rules import RDF_TYPE, Atom, Rule, compile_rules

if TYPE_CHECKING:
    import pyoxigraph

    Term = pyoxigraph.NamedNode | pyoxigraph.BlankNode | pyoxigraph.Literal | pyoxigraph.Triple
    Fact = tuple[Term, Term, Term]

__all__ = [
    "Assertion",
    "Explanation",
    "View",
    "asserted_leaves",
    "explain",
    "find_table",
    "format_explanation",
    "labels_of",
    "triple_words",
]

_TYPE = RDF_TYPE[1:-1]
_SUBCLASS = PREFIXES["rdfs"] + "subClassOf"
_LABEL = PREFIXES["rdfs"] + "label"
_DEEPEST = 40
"""Levels of inference after which the search for a proof ends; real proofs have under ten."""
_SHOWN_VALUES = 5
"""So many other values of a property are named when the asked one does not hold."""


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
            bindings = _bind(rule, fact)
            if bindings is None:
                continue
            for row in self.select(rule.premises_query(bindings)):
                yield rule, tuple(
                    tuple(_value(part, bindings, row) for part in (atom.subject, atom.predicate, atom.object))
                    for atom in rule.body
                )  # type: ignore[misc]


def _bind(rule: Rule, fact: Fact) -> dict[str, str] | None:
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
    from mesokg.reasoning import parse_term

    if not part.startswith("?"):
        return parse_term(part)
    name = part[1:]
    return parse_term(bindings[name]) if name in bindings else row[name]


# ---------------------------------------------------------------- proofs


class _Proofs:
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
    proofs = _Proofs(view)
    if not proofs.search(fact):
        return [fact]
    return [node.triple for node in proofs.tree(fact).walk() if node.kind != "inferred"]


def _stated(view: View, fact: Fact) -> Explanation:
    graph = view.stated_in(fact)
    if graph in ("ontology", "metadata"):
        return Explanation(*fact, kind=graph)
    assertions = tuple(a for a in _assertions(view, fact[0], fact[1], fact[2]) if not a.negated)
    table = find_table(view, fact)
    return Explanation(*fact, kind="asserted" if assertions else "exempt", assertions=assertions, table=table)


# ---------------------------------------------------------------- assertions


def _assertions(view: View, subject: Term, predicate: Term, target: Term | None) -> list[Assertion]:
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
    tables = [table for found in _assertions(view, *fact) if not found.negated for table in found.tables]
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
    proofs = _Proofs(view)
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
    for found in _assertions(view, subject, predicate, None):
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
    bindings = _bind(rule, fact)
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
    from mesokg.reasoning import parse_term

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
    tree: Explanation, labels: Mapping[str, str] | Callable[[str], str | None] | None = None
) -> str:
    """An explanation as indented text: each triple, then the rule or the rows it rests on.

    ``labels`` gives the label of an IRI, as a mapping or a function; a triple of which a term has
    a label is repeated in words. :func:`labels_of` collects them.
    """
    get = labels if callable(labels) else (labels or {}).get
    return "\n".join(_lines(tree, get, 0)) + "\n"


def _lines(tree: Explanation, get: Callable[[str], str | None], depth: int) -> Iterator[str]:
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
                tables = ", ".join(f"data/{table}" for table in found.tables) or "evidence"
                extra = [found.level, f"rank {found.rank}" if found.rank not in ("", "normal") else "",
                         _as_of(found).removeprefix(", "),
                         f"checked {found.checked_on[:10]}" if found.checked_on else ""]  # fmt: skip
                tail = "; ".join(part for part in extra if part)
                yield f"{inner}{tables}  {compact(found.id)}  {found.place()}{f'  [{tail}]' if tail else ''}"
        case "exempt":
            yield f"{inner}{'data/' + tree.table if tree.table else 'facts'}  stated; it is no claim and needs no source"
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
                yield from _lines(premise, get, depth + 1)
