"""Each constraint of each shape is broken once, alone; and pySHACL, the judge, agrees with our engine throughout.

``validation/base.ttl`` holds one valid thing per class. Each line of ``validation/shape_cases.tsv`` is an edit to a copy
of one of them: ``- p`` takes all values of a property away, ``+ p v`` adds one, ``= p v`` puts one in place of all,
``blank`` makes the thing a blank node. All copies stand in one graph, so that pySHACL needs to run once; the report of a
case is what is said of its copy.
"""

from __future__ import annotations

import csv
from pathlib import Path

import pyoxigraph as ox
import pytest
from validation.generated import make_store

from mesokg.errors import VocabularyError
from mesokg.identifiers import PREFIXES, entity, term
from mesokg.resources import folder
from mesokg.shacl import Result, compile_shapes, judge_with_pyshacl, read_shapes, run_constraints

HERE = Path(__file__).parent / "validation"
SH = PREFIXES["sh"]
TYPE = ox.NamedNode(PREFIXES["rdf"] + "type")
COUNTS = {"MinCount", "MaxCount"}
HEADER = "".join(f"@prefix {name}: <{iri}> .\n" for name, iri in PREFIXES.items()) + "@prefix obo: <http://purl.obolibrary.org/obo/> .\n"
# An arm needs an administration and an outcome a measurement, each pointing back at it.
SATELLITES = {"Arm": ("administration", "administrationIn"), "Outcome": ("outcome-measurement", "measurementOf")}
BASE_OF = {"Source": "publication", "Assertion": "assertion", "GeneProductForm": "gene-product-form"}


def read_cases() -> list[dict[str, str]]:
    with (HERE / "shape_cases.tsv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))


CASES = read_cases()


def read_turtle(text: str) -> list[ox.Triple]:
    return [quad.triple for quad in ox.parse(text, format=ox.RdfFormat.TURTLE)]


def property_of(name: str) -> ox.NamedNode:
    return ox.NamedNode(PREFIXES["rdfs"] + "label" if name == "rdfs:label" else term(name))


def read_value(text: str) -> ox.NamedNode | ox.Literal | ox.BlankNode:
    """The value as Oxigraph spells it once stored: 1.0 becomes 1, whatever its type."""
    store = ox.Store()
    store.load(f"{HEADER}<x:s> <x:p> {text} .", format=ox.RdfFormat.TURTLE)
    return next(iter(store)).object


def copy_of(number: int, case: dict[str, str], base: list[ox.Triple]) -> tuple[object, list[ox.Triple], str]:
    """The copy for one case after its edit, its triples, and the value that the report should name."""
    default = next((t.subject for t in base if t.predicate == TYPE and t.object.value == term(case["class"])), None)
    focus = ox.NamedNode(entity(BASE_OF[case["class"]], "").rstrip("-")) if case["class"] in BASE_OF else default
    copy: object = ox.BlankNode(f"case{number}") if case["edit"] == "blank" else ox.NamedNode(entity("case", str(number)))
    triples = [ox.Triple(copy, t.predicate, t.object) for t in base if t.subject == focus]
    if case["class"] in SATELLITES:
        name, link = SATELLITES[case["class"]]
        satellite, original = ox.NamedNode(entity("case", f"{number}-{name}")), ox.NamedNode(PREFIXES["mkg"] + name)
        triples += [
            ox.Triple(satellite, t.predicate, copy if t.predicate.value == term(link) else t.object)
            for t in base
            if t.subject == original
        ]
    value = str(copy) if case["constraint"] in ("NodeKind", "Or") else ""
    for edit in case["edit"].split(" ; ") if case["edit"] != "blank" else []:
        sign, name, *rest = edit.split(" ", 2)
        if name.startswith("^"):
            # What points back goes away whole, or it would break a rule of its own.
            gone = {t.subject for t in triples if t.predicate == property_of(name[1:]) and t.object == copy}
            triples = [t for t in triples if t.subject not in gone]
            continue
        if sign in "-=":
            triples = [t for t in triples if not (t.subject == copy and t.predicate == property_of(name))]
        if rest:
            added = read_value(rest[0])
            triples.append(ox.Triple(copy, property_of(name), added))
            value = "" if case["constraint"] in COUNTS else str(added)
    return copy, triples, value


@pytest.fixture(scope="module")
def shapes() -> ox.Store:
    return read_shapes()


@pytest.fixture(scope="module")
def broken(shapes: ox.Store) -> tuple[ox.Store, list[Result], list[tuple[str, str]]]:
    """The graph with all cases, what our engine finds in it, and focus and value per case."""
    base = read_turtle((HERE / "base.ttl").read_text(encoding="utf-8"))
    store = ox.Store()
    store.load(path=str(folder("ontology") / "mesokg.ttl"), format=ox.RdfFormat.TURTLE)
    quads = [ox.Quad(t.subject, t.predicate, t.object) for t in base]
    expected = []
    for number, case in enumerate(CASES):
        copy, triples, value = copy_of(number, case, base)
        quads += [ox.Quad(t.subject, t.predicate, t.object) for t in triples]
        expected.append((str(copy), value))
    store.extend(quads)
    return store, run_constraints(compile_shapes(shapes, store), store), expected


def bare(results: list[Result]) -> set[tuple[str, ...]]:
    """Results without the path, which pySHACL gives as a node."""
    return {(r.focus, r.shape, r.component, r.value, r.severity, r.message) for r in results}


def ids(case: dict[str, str]) -> str:
    return f"{case['shape']}-{case['constraint']}"


@pytest.mark.parametrize(("number", "case"), list(enumerate(CASES)), ids=[ids(case) for case in CASES])
def test_edit_breaks_only_its_constraint(number: int, case: dict[str, str], broken: tuple) -> None:
    _, results, expected = broken
    focus, value = expected[number]
    found = {(r.shape, r.component, r.value) for r in results if r.focus == focus}
    shape = f"{PREFIXES['mesokg'].removesuffix('ontology/')}shape/{case['shape']}"
    assert found == {(shape, case["constraint"] + "ConstraintComponent", value)}


def test_base_breaks_nothing(broken: tuple) -> None:
    _, results, expected = broken
    cases = {focus for focus, _ in expected}
    assert [r for r in results if r.focus not in cases] == []


def test_pyshacl_agrees_on_every_case(broken: tuple, shapes: ox.Store) -> None:
    store, results, _ = broken
    assert bare(judge_with_pyshacl(shapes, store)) == bare(results)


def test_every_constraint_has_a_case(shapes: ox.Store) -> None:
    ontology = ox.Store()
    ontology.load(path=str(folder("ontology") / "mesokg.ttl"), format=ox.RdfFormat.TURTLE)
    constraints = {
        (c.shape.rpartition("/")[2], c.component.removesuffix("ConstraintComponent")) for c in compile_shapes(shapes, ontology)
    }
    assert constraints == {(case["shape"], case["constraint"]) for case in CASES}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_pyshacl_agrees_on_random_damage(seed: int, shapes: ox.Store) -> None:
    import random

    dice = random.Random(seed)
    store = make_store(70, seed)
    facts = sorted((q for q in store if str(q.graph_name).endswith(("facts>", "evidence>"))), key=str)
    odd = [ox.Literal("x"), ox.Literal(-5), ox.Literal("2019-02-30", datatype=ox.NamedNode(PREFIXES["xsd"] + "dateTime")),
           ox.NamedNode(entity("nothing", "1")), ox.Literal("x", language="en"), ox.BlankNode("odd")]
    for quad in dice.sample(facts, 150):
        store.remove(quad)
        if dice.random() < 0.7:
            store.add(ox.Quad(quad.subject, quad.predicate, dice.choice(odd), quad.graph_name))
    results = run_constraints(compile_shapes(shapes, store), store)
    assert len(results) > 50
    assert bare(judge_with_pyshacl(shapes, store)) == bare(results)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_guards_hide_nothing(seed: int, shapes: ox.Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """In small classes constraints have no guard before them; here all have one that can."""
    store = make_store(seed)
    without = compile_shapes(shapes, store)
    monkeypatch.setattr("mesokg.shacl._MANY", 0)
    guarded = compile_shapes(shapes, store)
    assert not any(one.guard for one in without)
    assert sum(bool(one.guard) for one in guarded) > 400
    assert run_constraints(guarded, store) == run_constraints(without, store) != []


def test_guards_hide_nothing_of_the_cases(broken: tuple, shapes: ox.Store, monkeypatch: pytest.MonkeyPatch) -> None:
    store, results, *_ = broken
    monkeypatch.setattr("mesokg.shacl._MANY", 0)
    assert run_constraints(compile_shapes(shapes, store), store) == results


def test_scientific_notation_is_no_decimal(shapes: ox.Store) -> None:
    """XSD 1.1 part 2, section 3.3.3 knows no exponent; pySHACL lets it pass, so our engine is the stricter one."""
    store = ox.Store()
    dose = ox.Literal("1e9", datatype=ox.NamedNode(PREFIXES["xsd"] + "decimal"))
    node = ox.NamedNode(entity("administration", "1"))
    store.extend([ox.Quad(node, TYPE, ox.NamedNode(term("Administration"))), ox.Quad(node, ox.NamedNode(term("doseLow")), dose)])
    found = {(r.component, r.value) for r in run_constraints(compile_shapes(shapes, store), store) if r.shape.endswith("dose-low")}
    assert ("DatatypeConstraintComponent", str(dose)) in found


# ---------------------------------------------------------------- the shapes themselves


def shape_files() -> list[Path]:
    return sorted(folder("shapes").glob("*.ttl"))


@pytest.mark.parametrize("file", shape_files(), ids=lambda file: file.stem)
def test_shapes_are_described(file: Path) -> None:
    store = read_shapes(file)
    kinds = {ox.NamedNode(SH + "NodeShape"), ox.NamedNode(SH + "PropertyShape")}
    subjects = {q.subject for q in store.quads_for_pattern(None, TYPE, None, None) if q.object in kinds}
    assert subjects
    for subject in subjects:
        assert isinstance(subject, ox.NamedNode)
        assert subject.value.startswith("https://w3id.org/mesokg/shape/")
        for name in ("name", "description", "severity", "message"):
            assert len(list(store.quads_for_pattern(subject, ox.NamedNode(SH + name), None, None))) == 1, (subject, name)
    untyped = {q.subject for q in store if q.predicate.value == SH + "path"} - subjects
    assert untyped == set()


def ontology_rows(query: str) -> list[tuple[str, ...]]:
    store = ox.Store()
    store.load(path=str(folder("ontology") / "mesokg.ttl"), format=ox.RdfFormat.TURTLE)
    prefixes = "".join(f"PREFIX {name}: <{iri}>\n" for name, iri in PREFIXES.items())
    return [tuple(cell.value for cell in row) for row in store.query(prefixes + query)]


def shape_rows(shapes: ox.Store, query: str) -> list[tuple[str, ...]]:
    prefixes = "".join(f"PREFIX {name}: <{iri}>\n" for name, iri in PREFIXES.items())
    return [tuple(cell.value for cell in row) for row in shapes.query(prefixes + query)]


def test_every_class_with_a_table_has_a_shape(shapes: ox.Store) -> None:
    targets = {row[0] for row in shape_rows(shapes, "SELECT ?c { ?s sh:targetClass ?c }")}
    classes = {row[0] for row in ontology_rows("SELECT ?c { ?c mesokg:tableName ?t }")}
    assert classes | {term("Assertion"), term("OutcomeMeasurement"), term("Source")} == targets


def test_shapes_follow_ranges_and_functionality_of_the_ontology(shapes: ox.Store) -> None:
    """A property shape on one property asks for the range that the ontology states, and for one value if functional."""
    ranges: dict[str, set[str]] = {}
    for prop, kind in ontology_rows("SELECT ?p ?c { ?p rdfs:range/(owl:unionOf/rdf:rest*/rdf:first)? ?c FILTER(isIRI(?c)) }"):
        ranges.setdefault(prop, set()).add(kind)
    asked: dict[tuple[str, str], set[str]] = {}
    query = "SELECT ?s ?p ?k { ?s sh:path ?p . ?s (sh:or/rdf:rest*/rdf:first)?/(sh:class|sh:datatype) ?k FILTER(isIRI(?p)) }"
    for shape, prop, kind in shape_rows(shapes, query):
        if prop.startswith(PREFIXES["mesokg"]):
            asked.setdefault((shape, prop), set()).add(kind)
    assert {key: kinds for key, kinds in asked.items() if kinds != ranges.get(key[1], kinds)} == {}
    functional = {row[0] for row in ontology_rows("SELECT ?p { ?p a owl:FunctionalProperty }")}
    single = {row[0] for row in shape_rows(shapes, "SELECT ?p { ?s sh:path/(sh:alternativePath/rdf:rest*/rdf:first)? ?p ; sh:maxCount 1 }")}
    assert functional - single == set()


def test_unknown_constraint_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "odd.ttl"
    file.write_text(
        HEADER + "<https://w3id.org/mesokg/shape/odd> a sh:NodeShape ; sh:targetClass mesokg:Trial ; sh:closed true .", encoding="utf-8"
    )
    with pytest.raises(VocabularyError, match="closed"):
        compile_shapes(read_shapes(file), ox.Store())


def test_broken_turtle_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "odd.ttl").write_text("<a> <b>", encoding="utf-8")
    with pytest.raises(VocabularyError, match="not valid Turtle"):
        read_shapes(tmp_path)


def test_pyshacl_agrees_on_the_built_graph(shapes: ox.Store, real_build: Path) -> None:
    store = ox.Store()
    store.load(path=str(real_build / "mesokg.trig"), format=ox.RdfFormat.TRIG)
    assert bare(judge_with_pyshacl(shapes, store)) == bare(run_constraints(compile_shapes(shapes, store), store))
