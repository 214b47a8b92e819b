"""The kept hierarchy is what HermiT finds, and the ontology is OWL 2 DL to every checker at hand."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pyoxigraph as ox
import pytest
from reasoning.support import FOLDER, TURTLE_PREFIXES, need_java

from mesokg import hierarchy
from mesokg.errors import ResourceError, VocabularyError
from mesokg.identifiers import term
from mesokg.axioms import ontology_file
from mesokg.rules import HIERARCHY, read_hierarchy


@pytest.fixture(scope="module")
def rdf_xml(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("profile") / "mesokg.owl"
    triples = (quad.triple for quad in ox.parse(path=str(ontology_file()), format=ox.RdfFormat.TURTLE))
    ox.serialize(triples, str(path), format=ox.RdfFormat.RDF_XML)
    return path


def test_kept_hierarchy_is_what_hermit_finds() -> None:
    need_java()
    kept = set(read_hierarchy(ontology_file().with_name(HIERARCHY)))
    assert hierarchy.classify() == kept, "renew it: python -m mesokg.hierarchy"


def test_kept_hierarchy_is_sorted_and_whole() -> None:
    path = ontology_file().with_name(HIERARCHY)
    rows = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    assert rows[0] == "subclass\tsuperclass"
    assert rows[1:] == sorted(set(rows[1:]))
    pairs = set(read_hierarchy(path))
    assert (term("OncolyticVirotherapy"), term("InVivoGeneTherapy")) in pairs
    assert all((sub, top) in pairs for sub, over in pairs for low, top in pairs if low == over)


def test_renewing_writes_the_links_beside_the_ontology(tmp_path: Path) -> None:
    need_java()
    path = tmp_path / "small.ttl"
    text = "".join(f"mesokg:{name} a owl:Class .\n" for name in "ABC")
    text += "mesokg:A rdfs:subClassOf mesokg:B . mesokg:B owl:equivalentClass mesokg:C ."
    path.write_text(TURTLE_PREFIXES + text, encoding="utf-8")
    assert hierarchy.main([str(path)]) == 0
    found = {(sub[-1], over[-1]) for sub, over in read_hierarchy(tmp_path / HIERARCHY)}
    assert found == {("A", "C"), ("B", "C"), ("C", "B")}, "A below B is stated, and not repeated"


def test_class_without_possible_members_is_an_error(tmp_path: Path) -> None:
    need_java()
    path = tmp_path / "small.ttl"
    text = "mesokg:A a owl:Class . mesokg:B a owl:Class ; owl:disjointWith mesokg:A ; rdfs:subClassOf mesokg:A ."
    path.write_text(TURTLE_PREFIXES + text, encoding="utf-8")
    with pytest.raises(VocabularyError, match="mesokg:B"):
        hierarchy.classify(path)


def test_contradiction_is_told_by_both_ways_of_asking(tmp_path: Path) -> None:
    need_java()
    path = tmp_path / "clash.ttl"
    path.write_text(TURTLE_PREFIXES + "mkg:t a mesokg:Trial, mesokg:Gene .", encoding="utf-8")
    assert not hierarchy.is_consistent(ontology_file(), path)
    with pytest.raises(VocabularyError, match="inconsistent"), hierarchy.hermit(ontology_file(), path):
        pass


def test_datatype_outside_owl_2_is_told(tmp_path: Path) -> None:
    need_java()
    path = tmp_path / "date.ttl"
    text = "mesokg:day a owl:DatatypeProperty . mkg:t mesokg:day '2020-01-01'^^xsd:date ."
    path.write_text(TURTLE_PREFIXES + text, encoding="utf-8")
    with pytest.raises(VocabularyError, match="refused by HermiT"):
        hierarchy.is_consistent(path)


def test_without_java_the_error_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hierarchy, "which", lambda _: None)
    with pytest.raises(ResourceError, match="needs Java"):
        hierarchy.classify()


def test_horned_owl_finds_owl_2_dl(rdf_xml: Path) -> None:
    horned = pytest.importorskip("pyhornedowl")
    from pyhornedowl import profile

    report = profile.check_profile(horned.open_ontology_from_file(str(rdf_xml), "rdf"), "DL")
    assert [str(violation) for violation in report.violations] == []


def test_owl_api_finds_owl_2_dl(rdf_xml: Path) -> None:
    need_java()
    import owlready2

    # HermiT's archive carries the OWL API.
    archive = Path(owlready2.__file__).parent / "hermit" / "HermiT.jar"
    command = ["java", "-cp", str(archive), str(FOLDER / "Profile.java"), str(rdf_xml)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    if "jdk.compiler" in run.stderr:
        pytest.skip("needs a Java with its compiler to run Profile.java")
    assert run.returncode == 0, run.stderr
    lines = run.stdout.splitlines()
    assert lines[0].startswith("axioms ")
    assert lines[1:] == []
