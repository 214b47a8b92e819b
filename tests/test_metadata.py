"""The description of the dataset: from it editors know which properties the things of a class have, and with what values."""

from __future__ import annotations

from collections import Counter, defaultdict

import pyoxigraph as ox
import pytest

from mesokg.identifiers import GRAPHS, PREFIXES, graph_iri, term
from mesokg.metadata import DATASET, describe_dataset
from mesokg.store import EmbeddedStore

TYPE = PREFIXES["rdf"] + "type"

# What SIB's editor asks an endpoint for, to complete classes and properties (in words of our own, with the same columns).
COMPLETION = """
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#> PREFIX sd: <http://www.w3.org/ns/sparql-service-description#>
PREFIX void: <http://rdfs.org/ns/void#> PREFIX void-ext: <http://ldf.fi/void-ext#>
SELECT DISTINCT ?graph ?subjectClass ?prop ?objectClass ?objectDatatype ?triples ?subjectClassLabel ?objectClassLabel ?propLabel WHERE {
  {
    OPTIONAL { ?graph sd:graph ?description . ?description void:classPartition ?things }
    ?things void:class ?subjectClass ; void:propertyPartition ?uses .
    OPTIONAL { ?subjectClass rdfs:label ?subjectClassLabel }
    ?uses void:property ?prop .
    OPTIONAL { ?uses void:triples ?triples }
    OPTIONAL { ?prop rdfs:label ?propLabel }
    OPTIONAL {
      { ?uses void:classPartition [ void:class ?objectClass ] . OPTIONAL { ?objectClass rdfs:label ?objectClassLabel } }
      UNION { ?uses void-ext:datatypePartition [ void-ext:datatype ?objectDatatype ] }
    }
  } UNION {
    ?links void:subjectsTarget [ void:class ?subjectClass ] ; void:linkPredicate ?prop ; void:objectsTarget [ void:class ?objectClass ] .
  }
} ORDER BY ?subjectClass ?objectClass ?objectDatatype ?graph ?triples
"""


def _said(store: ox.Store) -> tuple[dict[tuple[str, str], int], set[tuple[str, str, str]], set[tuple[str, str, str]]]:
    """Triples by class and property, and which classes and datatypes values have, as the editor reads them."""
    numbers, classes, datatypes = {}, set(), set()
    for row in store.query(COMPLETION, use_default_graph_as_union=True):
        key = row["subjectClass"].value, row["prop"].value
        assert numbers.setdefault(key, int(row["triples"].value)) == int(row["triples"].value), "one partition per class and property"
        if row["objectClass"] is not None:
            classes.add((*key, row["objectClass"].value))
        if row["objectDatatype"] is not None:
            datatypes.add((*key, row["objectDatatype"].value))
    return numbers, classes, datatypes


def _counted(store: ox.Store) -> tuple[dict[tuple[str, str], int], set[tuple[str, str, str]], set[tuple[str, str, str]]]:
    """The same from every single triple."""
    quads = [quad for quad in store if quad.graph_name.value != graph_iri("metadata")]
    kinds, stated = defaultdict(set), defaultdict(set)
    for quad in quads:
        if quad.predicate.value == TYPE and isinstance(quad.object, ox.NamedNode):
            kinds[quad.subject].add(quad.object.value)
            if quad.graph_name.value in (graph_iri("facts"), graph_iri("ontology")) and not quad.object.value.startswith(PREFIXES["owl"]):
                stated[quad.subject].add(quad.object.value)
    numbers, classes, datatypes = Counter(), set(), set()
    for quad in quads:
        for name in kinds[quad.subject]:
            key = name, quad.predicate.value
            numbers[key] += 1
            if isinstance(quad.object, ox.Literal):
                datatypes.add((*key, quad.object.datatype.value))
            else:
                classes |= {(*key, one) for one in stated[quad.object]}
    return dict(numbers), classes, datatypes


def test_an_editor_finds_what_may_follow_a_class(real_store: EmbeddedStore) -> None:
    """The third query of SIB's editor, for its completion, gives each use of each class with its number, checked triple by triple."""
    numbers, classes, datatypes = _said(real_store.oxigraph)
    wanted_numbers, wanted_classes, wanted_datatypes = _counted(real_store.oxigraph)
    assert numbers == wanted_numbers
    assert classes == wanted_classes
    assert datatypes == wanted_datatypes
    trial, assertion = term("Trial"), term("Assertion")
    assert {(trial, term("investigates"), term("Therapy")), (assertion, term("source"), term("Publication"))} <= classes
    assert (assertion, term("locator"), PREFIXES["xsd"] + "string") in datatypes
    assert (term("StoppedTrial"), term("stopReason")) in numbers, "a class that only the reasoner gives"


def test_an_editor_shows_names_beside_what_it_completes(real_store: EmbeddedStore) -> None:
    rows = list(real_store.oxigraph.query(COMPLETION, use_default_graph_as_union=True))
    ours = [row for row in rows if row["prop"].value.startswith(PREFIXES["mesokg"])]
    assert len(ours) > 3000
    assert all(row["subjectClassLabel"] and row["propLabel"] for row in ours if row["subjectClass"].value.startswith(PREFIXES["mesokg"]))


def _store(text: str) -> ox.Store:
    store = ox.Store()
    prefixes = f"PREFIX : <{PREFIXES['mesokg']}> PREFIX mkg: <{PREFIXES['mkg']}> PREFIX mkgg: <{PREFIXES['mkgg']}> PREFIX owl: <{PREFIXES['owl']}>"
    store.update(f"{prefixes} INSERT DATA {{ {text} }}")
    return store


SMALL = """
GRAPH mkgg:ontology { :phase1 a owl:NamedIndividual , :Phase }
GRAPH mkgg:facts { mkg:t a :Trial ; :phase :phase1 ; :enrolment 5 , 6 ; :investigates mkg:x . mkg:x a :Therapy . mkg:untyped :enrolment 7 }
GRAPH mkgg:inferred { mkg:t a :SmallTrial . mkg:x a :CellTherapy ; :investigatedIn mkg:t }
GRAPH mkgg:evidence { mkg:a a :Assertion ; :subject mkg:t ; :object "5" }
"""


def test_partitions_of_a_small_dataset_by_hand() -> None:
    store = _store(SMALL)
    store.extend(describe_dataset(store, "2026-01-01"))
    numbers, classes, datatypes = _said(store)

    def short(name: str) -> str:
        return name.replace(PREFIXES["mesokg"], "").replace(TYPE, "a").rpartition("#")[2]

    assert {(short(c), short(p)): n for (c, p), n in numbers.items() if c.startswith(PREFIXES["mesokg"])} == {
        ("Trial", "a"): 2, ("Trial", "phase"): 1, ("Trial", "enrolment"): 2, ("Trial", "investigates"): 1,
        ("SmallTrial", "a"): 2, ("SmallTrial", "phase"): 1, ("SmallTrial", "enrolment"): 2, ("SmallTrial", "investigates"): 1,
        ("Therapy", "a"): 2, ("Therapy", "investigatedIn"): 1, ("CellTherapy", "a"): 2, ("CellTherapy", "investigatedIn"): 1,
        ("Phase", "a"): 2, ("Assertion", "a"): 1, ("Assertion", "subject"): 1, ("Assertion", "object"): 1,
    }  # fmt: skip
    assert {tuple(map(short, one)) for one in classes} == {
        ("Trial", "phase", "Phase"), ("SmallTrial", "phase", "Phase"), ("Trial", "investigates", "Therapy"), ("SmallTrial", "investigates", "Therapy"),
        ("Therapy", "investigatedIn", "Trial"), ("CellTherapy", "investigatedIn", "Trial"), ("Assertion", "subject", "Trial"),
    }  # fmt: skip
    assert {tuple(map(short, one)) for one in datatypes} == {
        ("Trial", "enrolment", "integer"), ("SmallTrial", "enrolment", "integer"), ("Assertion", "object", "string")
    }  # fmt: skip
    (whole,) = store.query(
        f"""PREFIX void: <{PREFIXES['void']}> SELECT ?t ?s ?p ?c {{
          <{DATASET}> void:triples ?t ; void:distinctSubjects ?s ; void:properties ?p ; void:classes ?c }}""", use_default_graph_as_union=True
    )  # fmt: skip
    assert [int(cell.value) for cell in whole] == [15, 5, 7, 7]


@pytest.mark.parametrize("missing", [name for name in GRAPHS if name != "metadata"])
def test_a_dataset_without_one_of_its_graphs(missing: str) -> None:
    store = _store(SMALL)
    store.remove_graph(ox.NamedNode(graph_iri(missing)))
    before = len(store)
    quads = describe_dataset(store, "2026-01-01")
    subsets = {quad.subject.value: int(quad.object.value) for quad in quads if quad.predicate.value.endswith("#triples") and "/graph/" in quad.subject.value}
    assert graph_iri(missing) not in subsets
    assert sum(subsets.values()) == before
    assert len(quads) == len(set(quads))
    assert {quad.graph_name.value for quad in quads} == {graph_iri("metadata")}
