"""What the tests of rules, reasoning and explanations share."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

import pyoxigraph as ox
import pytest

from mesokg.hierarchy import has_java
from mesokg.identifiers import PREFIXES, graph_iri, term
from mesokg.axioms import ontology_file
from mesokg.patterns import Rule
from mesokg.rules import compile_rules

FOLDER = Path(__file__).parent
MEMBERS = FOLDER / "members.ttl"
EXPLAINED = FOLDER / "explained.trig"
TYPE = ox.NamedNode(PREFIXES["rdf"] + "type")
INFERRED = ox.NamedNode(graph_iri("inferred"))
TURTLE_PREFIXES = "".join(f"@prefix {name}: <{iri}> .\n" for name, iri in PREFIXES.items())


def need_java() -> None:
    """Skips without Java; fails instead where MESOKG_REQUIRE_TOOLS says that there must be one."""
    if has_java():
        return
    if os.environ.get("MESOKG_REQUIRE_TOOLS"):
        pytest.fail("MESOKG_REQUIRE_TOOLS is set, and there is no java on the PATH")
    pytest.skip("needs Java for HermiT: no java on the PATH")


@cache
def real_rules() -> tuple[Rule, ...]:
    return tuple(compile_rules())


def defined_classes() -> list[str]:
    """The local names of the classes that the ontology defines by equivalence."""
    return sorted({rule.id.split("/")[1].removeprefix("mesokg:") for rule in real_rules() if rule.kind == "definition"})


def make_store(*, facts: str = "", evidence: str = "", files: tuple[Path, ...] = (), ontology: bool = True) -> ox.Store:
    """A store with named graphs; ``facts`` and ``evidence`` are Turtle without prefixes."""
    store = ox.Store()
    if ontology:
        store.load(path=str(ontology_file()), format=ox.RdfFormat.TURTLE, to_graph=ox.NamedNode(graph_iri("ontology")))
    for path in files:
        if path.suffix == ".trig":
            store.load(path=str(path), format=ox.RdfFormat.TRIG)
        else:
            store.load(path=str(path), format=ox.RdfFormat.TURTLE, to_graph=ox.NamedNode(graph_iri("facts")))
    for name, text in (("facts", facts), ("evidence", evidence)):
        data = (TURTLE_PREFIXES + text).encode()
        store.load(data, ox.RdfFormat.TURTLE, to_graph=ox.NamedNode(graph_iri(name)))
    return store


def members(store: ox.Store, name: str) -> set[str]:
    """The local names of what is in a class, stated or inferred."""
    quads = store.quads_for_pattern(None, TYPE, ox.NamedNode(term(name)), None)
    return {quad.subject.value.removeprefix(PREFIXES["mkg"]) for quad in quads}


def inferred(store: ox.Store) -> set[tuple[str, str, str]]:
    """The graph ``inferred`` as strings."""
    return {(str(q.subject), str(q.predicate), str(q.object)) for q in store.quads_for_pattern(None, None, None, INFERRED)}


def everything(store: ox.Store) -> set[tuple[str, str, str]]:
    """All triples of all graphs as strings."""
    return {(str(q.subject), str(q.predicate), str(q.object)) for q in store}
