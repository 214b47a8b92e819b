"""Validation: the shapes and the whole-graph rules over a built graph or over any RDF file, in one report.

A shape judges one node (:mod:`mesokg.shacl`), a rule the whole graph (:mod:`mesokg.checks`).
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from mesokg.checks import Check, find_breaches, read_checks
from mesokg.errors import Problem, ResourceError, UsageError, suggest
from mesokg.identifiers import GRAPHS, ONTOLOGY_IRI, PREFIXES, compact, graph_iri, term
from mesokg.report import Report
from mesokg.resources import folder
from mesokg.shacl import compile_shapes, read_shapes, run_constraints
from mesokg.tables import ALT_LABEL

if TYPE_CHECKING:
    import pyoxigraph

    Locate = Callable[[str, str], tuple[str, int]]

__all__ = ["run_checks", "run_shapes", "validate_file", "validate_graph"]

_TYPE = PREFIXES["rdf"] + "type"
_NEEDS_GRAPHS = "named graphs"
_ANYWHERE = "graph"
"""The place of a problem about a thing that no table describes."""


def validate_graph(store: pyoxigraph.Store, *, locate: Locate | None = None) -> Report:
    """Everything that the shapes and the rules find in a store with our named graphs.

    ``locate`` gives the file and line of a row from the IRIs of a thing and a property, each possibly empty.
    Without it the file is the table that the assertion names, and the line 0.
    """
    return Report((*run_shapes(store, locate=locate), *run_checks(store, locate=locate)))


def run_shapes(
    store: pyoxigraph.Store, *, locate: Locate | None = None, shapes: Path | None = None, file: str = ""
) -> list[Problem]:
    """What breaks the shapes in the union of the named graphs.

    ``shapes`` is a folder or a file in place of our own; ``file`` names the file of every problem.
    """
    writer = _ProblemWriter(store, locate, file)
    return sorted(
        writer.problem(
            result.focus,
            _first_iri(result.path),
            rule=f"{result.shape.rpartition('/')[2]} {result.component.removesuffix('ConstraintComponent')}",
            value=result.value if result.value != result.focus else "",
            fix=result.message,
            level="error" if result.severity == "Violation" else "warning",
        )
        for result in run_constraints(compile_shapes(read_shapes(shapes), store), store)
    )


def run_checks(
    store: pyoxigraph.Store,
    *,
    locate: Locate | None = None,
    checks: Iterable[Check] | None = None,
    file: str = "",
) -> list[Problem]:
    """What breaks the whole-graph rules; ``checks`` are some of them in place of all."""
    chosen = list(read_checks() if checks is None else checks)
    rules = {check.name: check for check in chosen}
    writer = _ProblemWriter(store, locate, file)
    return sorted(
        writer.problem(
            finding.entity,
            finding.property.strip("<>"),
            rule=finding.rule,
            value=finding.value,
            fix=f"{rules[finding.rule].problem} {rules[finding.rule].solution}",
            level=rules[finding.rule].level,
        )
        for finding in find_breaches(chosen, store)
    )


def validate_file(path: Path, *, say: Callable[[str], None] = lambda text: None) -> Report:
    """The report on an RDF file in any syntax that its name tells: Turtle, N-Triples, RDF/XML, JSON-LD, TriG, N-Quads.

    A file without our named graphs is sorted into ontology, evidence and facts by what its triples are about; the rules
    that need the graphs apart are then left out, with a note. Where the ontology is missing, ours is used. ``say`` is told
    the file and what is done with it as that begins: a file as big as our whole graph takes several seconds.

    Raises ResourceError if the file cannot be read, UsageError if its name tells no syntax.
    """
    import pyoxigraph as ox

    path = Path(path)
    say(f"{path}: reading")
    content = _read(path)
    try:
        quads = list(ox.parse(content, format=_syntax(path), base_iri=path.resolve().as_uri()))
    except SyntaxError as error:
        problem = Problem(str(path), error.lineno or 0, "", "not valid RDF", "", f"mend the file: {error.msg}")
        return Report((problem,))
    if not quads:
        return Report((Problem(str(path), 0, "", "empty file", "", "the file holds no triple; was it cut off, or is it the wrong one?"),))
    named = {graph_iri(name) for name in GRAPHS}
    notes: list[str] = []
    if not any(_is_ours(quad) for quad in quads):
        notes.append(f"{path}: says nothing of a class or property of this ontology, so there was nothing to check")
    split = any(getattr(quad.graph_name, "value", "") in named for quad in quads)
    store = ox.Store()
    store.bulk_extend(quads if split else _into_graphs(quads))
    checks = read_checks()
    if not split:
        left_out = [check.name for check in checks if _NEEDS_GRAPHS in check.needs]
        checks = [check for check in checks if check.name not in left_out]
        notes.append(f"{path}: has no named graphs of ours, so these rules were left out: {', '.join(left_out)}")
    ontology = ox.NamedNode(graph_iri("ontology"))
    defined = ox.Quad(ox.NamedNode(term("Trial")), ox.NamedNode(_TYPE), ox.NamedNode(PREFIXES["owl"] + "Class"), ontology)
    if defined not in store:
        store.load(path=str(folder("ontology") / "mesokg.ttl"), format=ox.RdfFormat.TURTLE, to_graph=ontology)
        notes.append(f"{path}: holds no ontology, so it was checked against the one of this release")
    name = str(path)
    say(f"{path}: shapes")
    problems = run_shapes(store, file=name)
    say(f"{path}: rules")
    problems += run_checks(store, checks=checks, file=name)
    return Report(tuple(problems), tuple(notes))


def _read(path: Path) -> bytes:
    try:
        content = path.read_bytes()
        return gzip.decompress(content) if path.suffix.lower() == ".gz" else content
    except (OSError, EOFError, zlib.error) as error:
        raise ResourceError(f"{path} cannot be read: {error}") from error


def _syntax(path: Path) -> pyoxigraph.RdfFormat:
    import pyoxigraph as ox

    suffix = path.suffix.lower()
    ending = path.with_suffix("").suffix.lower() if suffix == ".gz" else suffix
    known = {
        ".ttl": ox.RdfFormat.TURTLE, ".nt": ox.RdfFormat.N_TRIPLES, ".rdf": ox.RdfFormat.RDF_XML,
        ".owl": ox.RdfFormat.RDF_XML, ".xml": ox.RdfFormat.RDF_XML, ".jsonld": ox.RdfFormat.JSON_LD,
        ".json": ox.RdfFormat.JSON_LD, ".trig": ox.RdfFormat.TRIG, ".nq": ox.RdfFormat.N_QUADS,
    }
    if ending not in known:
        raise UsageError(f"{path}: {ending or 'no ending'} names no RDF syntax; {suggest(ending, known)}")
    return known[ending]


def _is_ours(quad: pyoxigraph.Quad) -> bool:
    """Whether the quad uses or describes a term of our ontology."""
    used = (quad.subject, quad.predicate, quad.object)
    return any(getattr(node, "value", "").startswith((PREFIXES["mesokg"], ONTOLOGY_IRI)) for node in used)


def _into_graphs(quads: list[pyoxigraph.Quad]) -> list[pyoxigraph.Quad]:
    """The quads in our named graphs, by what they are about: terms of ours, assertions, or else facts."""
    import pyoxigraph as ox

    blank_of: dict[object, set[object]] = {}
    terms: set[object] = set()
    assertions: set[object] = set()
    for quad in quads:
        if isinstance(quad.object, ox.BlankNode):
            blank_of.setdefault(quad.subject, set()).add(quad.object)
        name = quad.subject.value if isinstance(quad.subject, ox.NamedNode) else ""
        # the object may be a triple, which has no value
        kind = getattr(quad.object, "value", "") if quad.predicate.value == _TYPE else ""
        if name.startswith((PREFIXES["mesokg"], ONTOLOGY_IRI)) or kind.startswith(PREFIXES["owl"]):
            terms.add(quad.subject)
        elif kind == term("Assertion"):
            assertions.add(quad.subject)
    # Class expressions and lists hang on terms by blank nodes.
    todo = list(terms)
    while todo:
        new = blank_of.get(todo.pop(), set()) - terms
        terms |= new
        todo += new
    graphs = {name: ox.NamedNode(graph_iri(name)) for name in ("ontology", "evidence", "facts")}

    def place(subject: object) -> ox.NamedNode:
        return graphs["ontology" if subject in terms else "evidence" if subject in assertions else "facts"]

    return [ox.Quad(quad.subject, quad.predicate, quad.object, place(quad.subject)) for quad in quads]


def _first_iri(path: str) -> str:
    """The first property of a path in SPARQL syntax.

    >>> _first_iri("(<http://a.example/armOf>|^<http://a.example/hasArm>)")
    'http://a.example/armOf'
    """
    return path.partition("<")[2].partition(">")[0]


def _is_iri(text: str) -> bool:
    """Whether a term in N-Triples syntax is an IRI; a triple begins like one."""
    return text.startswith("<") and " " not in text


class _ProblemWriter:
    """Turns what an engine found into problems that name a row and a thing."""

    def __init__(self, store: pyoxigraph.Store, locate: Locate | None, file: str) -> None:
        self._store = store
        self._locate = locate
        self._file = file

    def problem(self, entity: str, property_iri: str, *, rule: str, value: str, fix: str, level: str) -> Problem:
        iri = entity[1:-1] if _is_iri(entity) else entity
        about, said = self._about(iri, property_iri)
        file, line = self._place(about, said)
        shown = self._show(iri) + (f" = {self._show_term(value)}" if value else "")
        column = "synonyms" if property_iri == ALT_LABEL else property_iri.rpartition("/")[2].rpartition("#")[2]
        return Problem(file, line, column, rule, shown, fix, level)

    def _values(self, subject: str, predicate: str) -> list[str]:
        import pyoxigraph as ox

        try:
            node = ox.NamedNode(subject)
        except ValueError:
            return []  # a blank node, a text or a triple where an IRI belongs
        found = self._store.quads_for_pattern(node, ox.NamedNode(predicate), None, None)
        return sorted(quad.object.value for quad in found if not isinstance(quad.object, ox.Triple))

    def _about(self, iri: str, property_iri: str) -> tuple[str, str]:
        """What an assertion is about, else the thing itself."""
        subjects, predicates = (self._values(iri, term(name)) for name in ("subject", "predicate"))
        return (subjects[0], predicates[0]) if subjects and predicates else (iri, property_iri)

    def _place(self, iri: str, property_iri: str) -> tuple[str, int]:
        if self._file:
            return self._file, 0
        if self._locate:
            return self._locate(iri, property_iri)
        tables = self._tables_of_assertions(iri, property_iri) or [
            f"{name}.tsv" for kind in self._values(iri, _TYPE) for name in self._values(kind, term("tableName"))
        ]
        return (f"data/{tables[0]}", 0) if tables else (_ANYWHERE, 0)

    def _tables_of_assertions(self, iri: str, property_iri: str) -> list[str]:
        import pyoxigraph as ox

        try:
            about = ox.NamedNode(iri)
        except ValueError:
            return []
        nodes = self._store.quads_for_pattern(None, ox.NamedNode(term("subject")), about, None)
        return sorted(
            table
            for node in {quad.subject.value for quad in nodes}
            if property_iri in self._values(node, term("predicate"))
            for table in self._values(node, term("inTable"))
        )

    def _show(self, iri: str) -> str:
        """Label and CURIE of a thing; for an assertion those of what it is about."""
        if iri.startswith("_:"):
            return f"blank node {iri}"
        about = self._values(iri, term("subject"))
        label = next(iter(self._values(about[0] if about else iri, PREFIXES["rdfs"] + "label")), "")
        return f"{label} ({compact(iri)})" if label else compact(iri)

    def _show_term(self, value: str) -> str:
        if _is_iri(value):
            return self._show(value[1:-1])
        # A literal in N-Triples syntax: what stands between the first and the last quotation mark.
        return value[1 : value.rindex('"')] if value.startswith('"') else value
