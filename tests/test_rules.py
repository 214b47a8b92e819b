"""Each kind of axiom compiles to the rules it means; a kind that is not known is an error."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pyoxigraph as ox
import pytest
from reasoning.support import TURTLE_PREFIXES, real_rules

from mesokg.errors import ResourceError, VocabularyError
from mesokg.identifiers import PREFIXES
from mesokg.patterns import Rule
from mesokg.rules import compile_rules, read_hierarchy

BASE = PREFIXES["mesokg"]
CLASSES = "".join(f"mesokg:{name} a owl:Class .\n" for name in "ABCDE")
PROPERTIES = "".join(f"mesokg:{name} a owl:ObjectProperty .\n" for name in "pqr") + "mesokg:d a owl:DatatypeProperty .\n"


def write(folder: Path, axioms: str) -> Path:
    path = folder / "small.ttl"
    path.write_text(TURTLE_PREFIXES + CLASSES + PROPERTIES + axioms, encoding="utf-8")
    return path


def shown(rule: Rule) -> str:
    """A rule in short: ``x a A, x p y => x a B``."""
    text = f"{', '.join(map(str, rule.body))} => {rule.head or 'clash'}"
    for long, short in ((f"<{PREFIXES['rdf']}type>", "a"), (f"<{BASE}", ""), ("?", "")):
        text = text.replace(long, short)
    return text.replace("=>", "#").replace(">", "").replace("#", "=>")


GIVING = [
    ("mesokg:A rdfs:subClassOf mesokg:B .", ["x a A => x a B"]),
    ("mesokg:A rdfs:subClassOf [ owl:onProperty mesokg:p ; owl:hasValue mesokg:i ] .", ["x a A => x p i"]),
    ("mesokg:A rdfs:subClassOf [ owl:onProperty mesokg:p ; owl:allValuesFrom mesokg:B ] .", ["x a A, x p y => y a B"]),
    ("mesokg:A rdfs:subClassOf [ owl:onProperty mesokg:p ; owl:someValuesFrom mesokg:B ] .", []),
    ("mesokg:A rdfs:subClassOf [ owl:unionOf ( mesokg:B mesokg:C ) ] .", []),
    (
        "[] owl:onProperty mesokg:p ; owl:someValuesFrom mesokg:B ; rdfs:subClassOf mesokg:A .",
        ["x p y, y a B => x a A"],
    ),
    (
        "[] owl:onProperty mesokg:p ; owl:someValuesFrom owl:Thing ; rdfs:subClassOf mesokg:A .",
        ["x p y => x a A"],
    ),
    ("mesokg:A owl:equivalentClass mesokg:B .", ["x a A => x a B", "x a B => x a A"]),
    (
        "mesokg:A owl:equivalentClass [ owl:intersectionOf ( mesokg:B [ owl:onProperty mesokg:p ; owl:hasValue mesokg:i ] ) ] .",
        ["x a A => x a B", "x a A => x p i", "x a B, x p i => x a A"],
    ),
    (
        "mesokg:A owl:equivalentClass [ owl:intersectionOf ( mesokg:B [ owl:unionOf ( mesokg:C mesokg:D ) ] ) ] .",
        ["x a A => x a B", "x a B, x a C => x a A", "x a B, x a D => x a A"],
    ),
    (  # two existentials over one property may be met by two things
        "mesokg:A owl:equivalentClass [ owl:intersectionOf ( [ owl:onProperty mesokg:p ; owl:someValuesFrom mesokg:B ]"
        " [ owl:onProperty mesokg:p ; owl:someValuesFrom mesokg:C ] ) ] .",
        ["x p y, y a B, x p z, z a C => x a A"],
    ),
    (  # nested: one thing must meet both conditions of the inner intersection
        "mesokg:A owl:equivalentClass [ owl:onProperty mesokg:p ; owl:someValuesFrom [ owl:intersectionOf ( mesokg:B"
        " [ owl:onProperty mesokg:q ; owl:someValuesFrom mesokg:C ] ) ] ] .",
        ["x p y, y a B, y q z, z a C => x a A"],
    ),
    (
        "mesokg:A owl:equivalentClass [ owl:onProperty mesokg:p ; owl:allValuesFrom mesokg:B ] .",
        ["x a A, x p y => y a B"],
    ),
    ("mesokg:p rdfs:domain mesokg:A .", ["x p y => x a A"]),
    ("mesokg:p rdfs:range mesokg:A .", ["x p y => y a A"]),
    ("mesokg:p rdfs:domain [ owl:intersectionOf ( mesokg:A mesokg:B ) ] .", ["x p y => x a A", "x p y => x a B"]),
    ("mesokg:p rdfs:domain [ owl:unionOf ( mesokg:A mesokg:B ) ] .", []),
    ("mesokg:p rdfs:range [ owl:unionOf ( mesokg:A mesokg:B ) ] .", []),
    ("mesokg:p owl:inverseOf mesokg:q .", ["x p y => y q x", "x q y => y p x"]),
    ("mesokg:p a owl:SymmetricProperty .", ["x p y => y p x"]),
    ("mesokg:p a owl:TransitiveProperty .", ["x p y, y p z => x p z"]),
    ("mesokg:p rdfs:subPropertyOf mesokg:q .", ["x p y => x q y"]),
    ("mesokg:p owl:equivalentProperty mesokg:q .", ["x p y => x q y", "x q y => x p y"]),
    ("mesokg:r owl:propertyChainAxiom ( mesokg:p mesokg:q mesokg:p ) .", ["x p y, y q z, z p a => x r a"]),
    ("mesokg:p owl:propertyChainAxiom ( mesokg:p mesokg:q ) .", ["x p y, y q z => x p z"]),
    ("mesokg:note a owl:AnnotationProperty ; rdfs:comment 'x' . mesokg:A mesokg:note 'ignored' ; rdfs:label 'a' .", []),
    ("mesokg:i a owl:NamedIndividual, mesokg:A ; mesokg:p mesokg:j .", []),
]


@pytest.mark.parametrize(("axioms", "expected"), GIVING, ids=[axioms[:60] for axioms, _ in GIVING])
def test_axiom_compiles_to(tmp_path: Path, axioms: str, expected: list[str]) -> None:
    assert sorted(map(shown, compile_rules(write(tmp_path, axioms)))) == sorted(expected)


CLASHING = [
    ("mesokg:A owl:disjointWith mesokg:B .", "disjoint"),
    ("[] a owl:AllDisjointClasses ; owl:members ( mesokg:A mesokg:B mesokg:C ) .", "disjoint"),
    ("[] a owl:AllDifferent ; owl:distinctMembers ( mesokg:i mesokg:j ) .", "different"),
    ("mesokg:i owl:differentFrom mesokg:j .", "different"),
    ("mesokg:p a owl:FunctionalProperty .", "functional"),
    ("mesokg:p a owl:InverseFunctionalProperty .", "inverse-functional"),
    ("mesokg:p a owl:AsymmetricProperty .", "asymmetric"),
    ("mesokg:p a owl:IrreflexiveProperty .", "irreflexive"),
    ("mesokg:d rdfs:range xsd:decimal .", "datatype"),
]


@pytest.mark.parametrize(("axioms", "kind"), CLASHING, ids=[f"{kind}-{n}" for n, (_, kind) in enumerate(CLASHING)])
def test_axiom_compiles_to_a_clash(tmp_path: Path, axioms: str, kind: str) -> None:
    (rule,) = compile_rules(write(tmp_path, axioms))
    assert (rule.kind, rule.head) == (kind, None)


def test_union_domain_clashes_only_with_what_is_disjoint_from_every_member(tmp_path: Path) -> None:
    axioms = """
        [] a owl:AllDisjointClasses ; owl:members ( mesokg:A mesokg:B mesokg:C ) .
        mesokg:p rdfs:domain [ owl:unionOf ( mesokg:A mesokg:B ) ] .
    """
    rules = {rule.kind: rule for rule in compile_rules(write(tmp_path, axioms))}
    assert rules["domain-clash"].condition == f"?class IN (<{BASE}C>)"


UNKNOWN = [
    ("mesokg:A owl:hasKey ( mesokg:p ) .", "mesokg:A owl:hasKey"),
    ("mesokg:A owl:disjointUnionOf ( mesokg:B mesokg:C ) .", "owl:disjointUnionOf"),
    ("mesokg:A owl:equivalentClass [ owl:oneOf ( mesokg:i ) ] .", "owl:oneOf"),
    ("mesokg:A rdfs:subClassOf [ owl:complementOf mesokg:B ] .", "owl:complementOf"),
    ("mesokg:A rdfs:subClassOf [ owl:onProperty mesokg:p ; owl:maxCardinality 1 ] .", "owl:maxCardinality"),
    ("mesokg:A rdfs:subClassOf [ owl:onProperty mesokg:p ; owl:hasSelf true ] .", "owl:hasSelf"),
    ("mesokg:A rdfs:subClassOf [ owl:onProperty [ owl:inverseOf mesokg:p ] ; owl:someValuesFrom mesokg:B ] .", "mesokg:A"),
    ("[] owl:onProperty mesokg:p ; owl:allValuesFrom mesokg:B ; rdfs:subClassOf mesokg:A .", "p only B SubClassOf: A"),
    ("mesokg:p a owl:ReflexiveProperty .", "owl:ReflexiveProperty"),
    ("mesokg:p owl:propertyDisjointWith mesokg:q .", "owl:propertyDisjointWith"),
    ("mesokg:r owl:propertyChainAxiom ( mesokg:p [ owl:inverseOf mesokg:q ] ) .", "r SubPropertyChain"),
    ("mesokg:r owl:inverseOf [ owl:inverseOf mesokg:q ] .", "r InverseOf"),
    ("[] a owl:NegativePropertyAssertion ; owl:sourceIndividual mesokg:i .", "owl:NegativePropertyAssertion"),
    ("[] a owl:AllDisjointProperties ; owl:members ( mesokg:p mesokg:q ) .", "owl:AllDisjointProperties"),
    ("mesokg:i owl:sameAs mesokg:j .", "owl:sameAs"),
    ("mesokg:i a mesokg:Undeclared .", "mesokg:Undeclared"),
    ("mesokg:i mesokg:undeclared mesokg:j .", "mesokg:undeclared"),
    ("<https://w3id.org/mesokg/ontology> a owl:Ontology ; owl:imports <https://example.org/o> .", "owl:imports"),
]


@pytest.mark.parametrize(("axioms", "named"), UNKNOWN, ids=[axioms[:60] for axioms, _ in UNKNOWN])
def test_unknown_axiom_is_an_error_that_names_it(tmp_path: Path, axioms: str, named: str) -> None:
    with pytest.raises(VocabularyError) as caught:
        compile_rules(write(tmp_path, axioms))
    assert any(named in problem.value for problem in caught.value.problems), str(caught.value)
    assert {problem.file for problem in caught.value.problems} == {"ontology/small.ttl"}


def test_all_unknown_axioms_are_reported_at_once(tmp_path: Path) -> None:
    with pytest.raises(VocabularyError) as caught:
        compile_rules(write(tmp_path, "mesokg:p a owl:ReflexiveProperty . mesokg:i owl:sameAs mesokg:j ."))
    assert len(caught.value.problems) == 2  # noqa: PLR2004


def test_broken_or_missing_file(tmp_path: Path) -> None:
    with pytest.raises(VocabularyError, match="not Turtle"):
        compile_rules(write(tmp_path, "mesokg:A rdfs:subClassOf"))
    with pytest.raises(ResourceError, match=r"none\.ttl"):
        compile_rules(tmp_path / "none.ttl")


def test_hierarchy_beside_the_ontology_adds_links(tmp_path: Path) -> None:
    path = write(tmp_path, "mesokg:A rdfs:subClassOf mesokg:B .")
    text = "# a comment\nsubclass\tsuperclass\nmesokg:A\tmesokg:B\nmesokg:A\tmesokg:C\n"
    (tmp_path / "hierarchy.tsv").write_text(text, encoding="utf-8")
    assert read_hierarchy(tmp_path / "hierarchy.tsv") == [(BASE + "A", BASE + "B"), (BASE + "A", BASE + "C")]
    links = [shown(rule) for rule in compile_rules(path) if rule.kind == "hierarchy"]
    assert links == ["x a A => x a C"], "a link that the ontology states needs no second rule"


def test_rules_of_the_ontology_are_whole() -> None:
    rules = real_rules()
    assert [rule.id for rule in rules] == sorted({rule.id for rule in rules})
    empty = ox.Store()
    for rule in rules:
        assert rule.axiom
        assert rule.description
        assert not any(True for _ in empty.query(rule.query)), rule.id
        if rule.head is not None:
            heads = {part[1:] for part in (rule.head.subject, rule.head.object) if part.startswith("?")}
            assert heads <= set(rule.variables), rule.id


def test_same_rules_under_any_hash_seed() -> None:
    code = "from mesokg.rules import compile_rules; print(compile_rules())"
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code], env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2")
    }
    assert len(outputs) == 1
