"""Reports on graphs and files: places, values, levels, notes, and the three ways to write them."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pyoxigraph as ox
import pytest
from validation.generated import make_store

from mesokg.errors import Problem, ResourceError, UsageError
from mesokg.identifiers import PREFIXES, entity, graph_iri, term
from mesokg.report import Report, print_report, report_as_json, report_as_tsv
from mesokg.validation import run_checks, run_shapes, validate_file, validate_graph

BASE = Path(__file__).parent / "validation" / "base.ttl"
ENDINGS = {
    ".ttl": ox.RdfFormat.TURTLE, ".nt": ox.RdfFormat.N_TRIPLES, ".rdf": ox.RdfFormat.RDF_XML,
    ".owl": ox.RdfFormat.RDF_XML, ".jsonld": ox.RdfFormat.JSON_LD, ".trig": ox.RdfFormat.TRIG, ".nq": ox.RdfFormat.N_QUADS,
}


def write_file(path: Path, *changes: tuple[str, str]) -> Path:
    """The base graph, with texts replaced, in the syntax of the path's ending."""
    text = BASE.read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    triples = (quad.triple for quad in ox.parse(text, format=ox.RdfFormat.TURTLE))
    ox.serialize(triples, str(path), format=ENDINGS[path.suffix])
    return path


BREAK_ARM = ('mesokg:armOf mkg:trial ;\n    mesokg:armRole mesokg:armRoleActiveComparator ;\n    mesokg:armSize 3 ;\n    mesokg:doseLevel "text" .\n\nmkg:cell-product',
             'mesokg:armOf mkg:trial ;\n    mesokg:armRole mesokg:armRoleActiveComparator ;\n    mesokg:armSize -3 ;\n    mesokg:doseLevel "text" .\n\nmkg:cell-product')


@pytest.mark.parametrize("ending", ENDINGS)
def test_file_of_any_syntax_gives_the_same_report(ending: str, tmp_path: Path) -> None:
    path = write_file(tmp_path / f"graph{ending}", BREAK_ARM)
    report = validate_file(path)
    negative = [problem for problem in report.problems if problem.rule.startswith("arm-arm-size")]
    fix = "Write armSize as a whole number, 0 or more, one value at most; where sources differ, rank them."
    assert negative == [Problem(str(path), 0, "armSize", "arm-arm-size MinInclusive", "trial arm (mkg:arm) = -3", fix)]
    assert not report.ok
    assert any("fact_without_assertion" in note for note in report.notes)
    assert any("holds no ontology" in note for note in report.notes)


def test_file_with_named_graphs_runs_every_rule(tmp_path: Path) -> None:
    store = make_store(70)
    fact = ox.Quad(ox.NamedNode(entity("trial", "0")), ox.NamedNode(term("acronym")), ox.Literal("new"), ox.NamedNode(graph_iri("facts")))
    store.add(fact)
    path = tmp_path / "graph.trig"
    store.dump(str(path), format=ox.RdfFormat.TRIG)
    report = validate_file(path)
    assert report.notes == ()
    assert [p.value for p in report.problems if p.rule == "fact_without_assertion"] == ["trial-0 (mkg:trial-0) = new"]


def test_file_with_all_in_one_graph_is_sorted_apart(tmp_path: Path) -> None:
    store = make_store(70)
    path = tmp_path / "graph.nt"
    ox.serialize((quad.triple for quad in store), str(path), format=ox.RdfFormat.N_TRIPLES)
    flat, apart = validate_file(path), validate_graph(store)
    assert {(p.rule, p.value, p.column) for p in flat.problems} == {(p.rule, p.value, p.column) for p in apart.problems}
    assert [note for note in flat.notes if "holds no ontology" in note] == []


def test_file_with_blank_nodes_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "graph.ttl"
    path.write_text(f"<{entity('trial', '1')}> <{term('country')}> [] .", encoding="utf-8")
    assert "blank_node_in_data" in {problem.rule for problem in validate_file(path).problems}


def test_compressed_file(tmp_path: Path) -> None:
    import gzip

    plain = write_file(tmp_path / "graph.nq", BREAK_ARM)
    packed = tmp_path / "graph.nq.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    assert [p.rule for p in validate_file(packed).problems] == [p.rule for p in validate_file(plain).problems]


def test_malformed_file_is_a_problem_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "graph.ttl"
    path.write_text("<x:a> <x:b> <x:c> .\n<x:a> <x:b> oops .\n", encoding="utf-8")
    (problem,) = validate_file(path).problems
    assert (problem.file, problem.line, problem.rule) == (str(path), 2, "not valid RDF")


ODD = {
    "a triple as a class and as a value": ("ttl", "mkg:trial-1 a <<( mkg:a mkg:b mkg:c )>> ; mesokg:sponsor <<( mkg:a mkg:b mkg:c )>> .", set()),
    "a statement about a triple": ("ttl", "<< mkg:a mkg:b mkg:c >> mesokg:source mkg:d .", {"dangling_reference", "blank_node_in_data"}),
    "an assertion about texts": ("ttl", 'mkg:x a mesokg:Assertion ; mesokg:subject "x y<>" ; mesokg:predicate "<x y>" .', {"assertion-subject NodeKind"}),
    "an assertion about a blank node": ("ttl", "_:x a mesokg:Assertion ; mesokg:subject _:y .", {"blank_node_in_data"}),
    "texts in place of numbers": ("ttl", 'mkg:x a mesokg:Arm ; mesokg:armSize "ten"^^xsd:integer, "1", "a\\"b\\n<c> . d"@en .', {"arm-arm-size Datatype"}),
    "a list in a list": ("ttl", f"mkg:x mesokg:hasArm {'(' * 500}{')' * 500} .", {"blank_node_in_data"}),
    "an ending in capitals": ("TTL", "mkg:x a mesokg:Arm .", {"arm-arm-of MinCount"}),
    "a mark of byte order": ("ttl", "\ufeff<x:a> <x:b> <x:c> .", {"not valid RDF"}),
}


@pytest.mark.parametrize("what", ODD)
def test_odd_file_gets_a_report(what: str, tmp_path: Path) -> None:
    ending, text, rules = ODD[what]
    heads = "".join(f"@prefix {name}: <{PREFIXES[name]}> .\n" for name in ("mesokg", "mkg", "xsd"))
    path = tmp_path / f"odd.{ending}"
    path.write_text(text if text[0] == "\ufeff" else heads + text, encoding="utf-8")
    report = validate_file(path)
    assert rules <= {problem.rule for problem in report.problems}
    assert report.ok == (not rules)
    assert report_as_tsv(report).count("\n") == 1 + len(report.problems)


def test_a_file_that_is_not_about_us_says_so(tmp_path: Path) -> None:
    path = tmp_path / "other.nt"
    path.write_text("<http://a.example/b> <http://a.example/c> <http://a.example/d> .\n", encoding="utf-8")
    assert any("nothing to check" in note for note in validate_file(path).notes)
    path.write_text(f"<http://a.example/b> <{term('sponsor')}> <http://a.example/d> .\n", encoding="utf-8")
    assert not any("nothing to check" in note for note in validate_file(path).notes)


@pytest.mark.parametrize("damage", ["no gzip", "cut off", "overwritten"])
def test_damaged_compressed_file_is_an_error(damage: str, tmp_path: Path) -> None:
    import gzip

    whole = gzip.compress(b"<x:a> <x:b> <x:c> .\n" * 50)
    path = tmp_path / "graph.nt.gz"
    path.write_bytes({"no gzip": b"plain", "cut off": whole[:-12], "overwritten": whole[:10] + b"\xff" * 12 + whole[22:]}[damage])
    with pytest.raises(ResourceError, match="cannot be read"):
        validate_file(path)


@pytest.mark.parametrize(("name", "error"), [("missing.ttl", ResourceError), ("graph.docx", UsageError)])
def test_unusable_file_is_an_error(name: str, error: type[Exception], tmp_path: Path) -> None:
    (tmp_path / "graph.docx").write_bytes(b"")
    with pytest.raises(error, match=name):
        validate_file(tmp_path / name)


@pytest.fixture(scope="module")
def damaged() -> ox.Store:
    """A generated graph in which one fact has lost its assertion and one arm its trial."""
    store = make_store(70)
    facts = ox.NamedNode(graph_iri("facts"))
    store.add(ox.Quad(ox.NamedNode(entity("trial", "0")), ox.NamedNode(term("acronym")), ox.Literal("new"), facts))
    for quad in list(store.quads_for_pattern(ox.NamedNode(entity("arm", "0")), ox.NamedNode(term("armOf")), None, facts)):
        store.remove(quad)
    return store


def test_place_is_the_table_that_an_assertion_names(damaged: ox.Store) -> None:
    (problem,) = [p for p in run_shapes(damaged) if p.rule == "arm-arm-of MinCount"]
    # The generated assertions all name trials.tsv, and that of the lost fact is still there.
    assert (problem.file, problem.line, problem.column, problem.value, problem.level) == (
        "data/trials.tsv", 0, "armOf", "arm-0 (mkg:arm-0)", "error",
    )


def test_place_is_the_table_of_the_class_where_no_assertion_is(damaged: ox.Store) -> None:
    missing = [p for p in run_shapes(damaged) if p.rule == "arm-has-administration-missing MinCount"]
    assert {p.file for p in missing} <= {"data/arms.tsv"}


def test_caller_can_locate_rows(damaged: ox.Store) -> None:
    asked = []

    def locate(subject: str, predicate: str) -> tuple[str, int]:
        asked.append((subject, predicate))
        return "data/arms.tsv", 7

    problems = run_checks(damaged, locate=locate)
    assert {(p.file, p.line) for p in problems} == {("data/arms.tsv", 7)}
    assert (entity("trial", "0"), term("acronym")) in asked


def test_problems_about_assertions_are_located_by_what_they_are_about(damaged: ox.Store) -> None:
    store = ox.Store()
    store.extend(damaged)
    node = ox.NamedNode(entity("assertion", "odd"))
    evidence = ox.NamedNode(graph_iri("evidence"))
    for name, value in (("subject", entity("trial", "0")), ("predicate", term("acronym"))):
        store.add(ox.Quad(node, ox.NamedNode(term(name)), ox.NamedNode(value), evidence))
    store.add(ox.Quad(node, ox.NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#type"), ox.NamedNode(term("Assertion")), evidence))
    asked = []
    run_checks(store, locate=lambda s, p: asked.append((s, p)) or ("x", 1))
    assert (entity("trial", "0"), term("acronym")) in asked


def test_validation_is_deterministic(damaged: ox.Store) -> None:
    assert validate_graph(damaged) == validate_graph(damaged)


ERROR = Problem("data/arms.tsv", 3, "armOf", "arm-arm-of MinCount", "arm [1]", "Fill armOf.")
WARNING = Problem("data/arms.tsv", 2, "armRole", "arm-arm-role-missing MinCount", "arm\t2", "Fill armRole.", "warning")


def test_report_is_sorted_without_doubles_and_only_errors_count() -> None:
    assert Report((ERROR, WARNING, ERROR)).problems == (WARNING, ERROR)
    assert (Report((WARNING,)).ok, Report((ERROR,)).ok) == (True, False)
    assert (Report((WARNING,), ("a",)) + Report((ERROR,), ("a", "b"))) == Report((WARNING, ERROR), ("a", "b"))


def test_report_as_tsv_keeps_one_line_per_problem() -> None:
    assert report_as_tsv(Report((ERROR, WARNING))).splitlines() == [
        "file\tline\tcolumn\trule\tvalue\tfix\tlevel",
        "data/arms.tsv\t2\tarmRole\tarm-arm-role-missing MinCount\tarm 2\tFill armRole.\twarning",
        "data/arms.tsv\t3\tarmOf\tarm-arm-of MinCount\tarm [1]\tFill armOf.\terror",
    ]


@pytest.mark.parametrize("width", [100, 160], ids=["narrow", "wide"])
def test_a_cell_cannot_steer_the_terminal(width: int) -> None:
    hostile = Problem("data/arms.tsv", 3, "arm\x00Of", "rule", "\x1b[2Jgone \u202ehidden", "mend \x9b it")
    text = io.StringIO()
    print_report(Report((hostile,)), text, width=width)
    for told in (text.getvalue(), report_as_tsv(Report((hostile,)))):
        assert not set(told) & set("\x00\x1b\x9b\u202e")
        assert all(spelt in told for spelt in (r"arm\x00Of", r"\x1b[2Jgone \u202ehidden", r"\x9b"))


def test_report_as_json_reads_back() -> None:
    body = json.loads(report_as_json(Report((ERROR,), ("left out",))))
    assert body == {"ok": False, "problems": [ERROR.as_dict()], "notes": ["left out"]}


def test_report_as_table_shows_place_value_and_fix() -> None:
    text = io.StringIO()
    print_report(Report((ERROR,), ("left out",)), text, width=160)
    words = " ".join(text.getvalue().split())
    assert words.endswith("data/arms.tsv:3 armOf error arm-arm-of MinCount arm [1] Fill armOf. note: left out 1 error, 0 warnings")
