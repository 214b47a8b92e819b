"""The ontology as ontologists would judge it: names, definitions, order, use, traps, products and pages."""

from __future__ import annotations

import csv
import json
import os
import re
import sys
from collections import Counter, defaultdict
from html.parser import HTMLParser
from itertools import combinations, pairwise
from pathlib import Path

import pytest
import rdflib
from rdflib.collection import Collection
from rdflib.namespace import OWL, RDF, RDFS

from mesokg.errors import ReasoningError, VocabularyError
from mesokg.hierarchy import hermit, is_consistent
from mesokg.identifiers import GRAPHS, PREFIXES, compact
from mesokg.ontology_pages import DIAGRAM, ROUTES, write_ontology_pages
from mesokg.ontology_products import import_lists, outside_terms, write_ontology_products
from mesokg.rdf_files import sorted_graphs
from mesokg.reasoning import infer
from mesokg.resources import folder
from mesokg.rules import HIERARCHY, read_hierarchy
from mesokg.vocabulary import read_vocabulary

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT / "tests" / "ontology"), str(ROOT / "tests" / "reasoning")]
import gates  # noqa: E402
from support import TURTLE_PREFIXES, make_store, need_java, real_rules  # noqa: E402

OURS = PREFIXES["mesokg"]
DEFINITION = rdflib.URIRef(PREFIXES["IAO"] + "0000115")
SOURCE = rdflib.URIRef(PREFIXES["IAO"] + "0000119")
SYNONYMS = [rdflib.URIRef(PREFIXES["oboInOwl"] + f"has{kind}Synonym") for kind in ("Exact", "Broad", "Narrow", "Related")]
GRAPH = rdflib.Graph().parse(folder("ontology") / "mesokg.ttl")
KINDS = (OWL.Class, OWL.ObjectProperty, OWL.DatatypeProperty, OWL.AnnotationProperty, OWL.NamedIndividual)


def terms(*kinds: rdflib.URIRef) -> list[rdflib.URIRef]:
    """Our own terms of these kinds, sorted."""
    return sorted({s for kind in kinds or KINDS for s in GRAPH.subjects(RDF.type, kind) if str(s).startswith(OURS)})


def local(iri: object) -> str:
    return str(iri).removeprefix(OURS)


# ---------------------------------------------------------------- names and definitions


def test_every_term_has_one_label_one_definition_and_a_source() -> None:
    wrong = []
    for one in terms():
        if len(list(GRAPH.objects(one, RDFS.label))) != 1 or len(list(GRAPH.objects(one, DEFINITION))) != 1:
            wrong.append(local(one))
        if (one, RDF.type, OWL.NamedIndividual) not in GRAPH and not list(GRAPH.objects(one, SOURCE)):
            wrong.append(local(one))
    assert wrong == []


def test_labels_and_definitions_are_unique_ignoring_case() -> None:
    for predicate in (RDFS.label, DEFINITION):
        found = defaultdict(set)
        for subject, value in GRAPH.subject_objects(predicate):
            found[str(value).casefold()].add(str(subject))
        assert {text: names for text, names in found.items() if len(names) > 1} == {}


def test_definitions_begin_with_a_genus_and_end_as_a_sentence() -> None:
    bad = [
        (local(one), str(text)) for one in terms() for text in GRAPH.objects(one, DEFINITION)
        if not re.match(r"(An?|The) [\w-]", str(text)) or not str(text).endswith(".")
    ]  # fmt: skip
    assert bad == []


def test_no_definition_explains_a_term_by_itself() -> None:
    """The genus of a definition is another term: not "A genetic construct in which ..." for "genetic construct"."""
    circular = [
        (local(one), str(text)) for one in terms() for text in GRAPH.objects(one, DEFINITION)
        if re.match(rf"(an?|the) {re.escape(str(GRAPH.value(one, RDFS.label)).casefold())}\b", str(text).casefold())
    ]  # fmt: skip
    assert circular == []


def test_genus_in_words_is_the_genus_of_the_axioms() -> None:
    """The first words of a definition end with the last word of the label of a class above."""
    above = defaultdict(set)
    for low, high in read_hierarchy(folder("ontology") / HIERARCHY):
        above[low].add(high)
    for low, _, high in GRAPH.triples((None, RDFS.subClassOf, None)):
        above[str(low)].add(str(high))
    wrong = []
    for one in terms(OWL.Class):
        genera = {str(GRAPH.value(rdflib.URIRef(high), RDFS.label)).split(" of ")[0].split()[-1] for high in above[str(one)] if high.startswith(OURS)}
        text = str(GRAPH.value(one, DEFINITION))
        opening = re.split(r" (?:that|which|whose|in which|for which|from which|by which|with the role|made|when|of a|of early|of the)\b", text)[0]
        if genera and not any(re.search(rf"\b{re.escape(genus)}$", opening) for genus in genera):
            wrong.append((local(one), text, sorted(genera)))
    assert wrong == []


def test_definition_sources_are_ours_or_can_be_looked_up() -> None:
    """A definition that follows somebody names him: an ontology term, a paper or a page; never bare words."""
    form = r"mesokg contributors|(BFO|IAO|OBI|RO|SO|VO|MESH|NCIT|GO):[A-Z0-9]+|PMID:\d+|PMC:PMC\d+|DOI:10\.\d+/\S+|https://\S+"
    sources = [(local(s), str(o)) for s, o in GRAPH.subject_objects(SOURCE)]
    assert [pair for pair in sources if not re.fullmatch(form, pair[1])] == []
    assert len({name for name, value in sources if value != "mesokg contributors"}) >= 60


def test_iris_follow_one_pattern() -> None:
    for one in terms(OWL.Class):
        assert re.fullmatch(r"[A-Z][A-Za-z0-9]+", local(one)), one
    for one in terms(OWL.ObjectProperty, OWL.DatatypeProperty, OWL.AnnotationProperty, OWL.NamedIndividual):
        assert re.fullmatch(r"[a-z][A-Za-z0-9-]+", local(one)), one


def test_synonyms_are_typed_and_are_not_labels() -> None:
    labels = {str(value).casefold() for value in GRAPH.objects(None, RDFS.label)}
    exact = Counter(str(value).casefold() for value in GRAPH.objects(None, SYNONYMS[0]))
    assert sum(len(list(GRAPH.subject_objects(kind))) for kind in SYNONYMS) > 100
    assert [text for text, count in exact.items() if count > 1] == []
    for kind in SYNONYMS:
        assert [str(value) for value in GRAPH.objects(None, kind) if str(value).casefold() in labels] == []


def test_header_says_what_a_registry_asks_first() -> None:
    header = rdflib.URIRef("https://w3id.org/mesokg/ontology")
    dcterms = rdflib.Namespace(PREFIXES["dcterms"])
    for predicate in (dcterms.title, dcterms.description, dcterms.license, dcterms.creator, OWL.versionInfo, OWL.versionIRI):
        assert GRAPH.value(header, predicate), predicate
    version = str(GRAPH.value(header, OWL.versionInfo))
    assert re.fullmatch(r"\d{4}-\d{2}-\d{2}", version)
    assert str(GRAPH.value(header, OWL.versionIRI)).endswith(version)
    assert str(GRAPH.value(header, dcterms.license)) == "https://creativecommons.org/licenses/by/4.0/"


# ---------------------------------------------------------------- order and use


def test_hierarchies_have_no_cycle() -> None:
    for predicate in (RDFS.subClassOf, RDFS.subPropertyOf):
        for one in terms():
            above = {far for near in GRAPH.objects(one, predicate) for far in GRAPH.transitive_objects(near, predicate)}
            assert one not in above, local(one)


def test_nothing_named_is_undeclared() -> None:
    declared = {s for kind in KINDS for s in GRAPH.subjects(RDF.type, kind)}
    standard = (str(OWL), str(RDF), str(RDFS), PREFIXES["xsd"], OURS + "2026", "https://creativecommons.org/", "https://w3id.org/mesokg/ontology")
    used = {node for triple in GRAPH for node in triple if isinstance(node, rdflib.URIRef)} - declared
    outside = {str(n) for n in used if not str(n).startswith(standard)}
    ours = {str(n) for n in used if str(n).startswith(OURS) and not str(n).removeprefix(OURS).startswith("2")}
    assert ours == set()
    known = {curie for found in outside_terms().values() for curie, (label, _) in found.items() if label}
    assert {iri for iri in outside if compact(iri) not in known} == set()


def test_no_term_of_an_earlier_release_is_lost() -> None:
    lists = sorted((folder("ontology") / "releases").glob("terms-*.txt"))
    assert lists
    now = {local(one) for one in terms()}
    for path in lists:
        then = {line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#")}
        assert then - now - {local(s) for s in GRAPH.subjects(RDF.type, None)} == set(), path.name


def test_every_column_is_a_term_and_every_term_is_used() -> None:
    vocabulary = read_vocabulary()
    columns: set[str] = set()
    for path in folder("data").glob("*.tsv"):
        if path.stem in vocabulary.tables:
            with path.open(encoding="utf-8") as stream:
                columns |= set(stream.readline().rstrip("\n").split("\t"))
    plain = {"id", "label", "type", "synonyms", "source", "locator", "evidence", "record_date", "checked_on", "as_of", "rank", "negated", "comment"}
    names = {c for c in columns if c not in plain and not c.endswith("_label")}
    assert names - {local(one) for one in terms()} == set()
    text = "".join(p.read_text(encoding="utf-8") for pattern in ("shapes/*.ttl", "queries/*/*.rq") for p in ROOT.glob(pattern))
    text += "".join(p.read_text(encoding="utf-8") for p in ROOT.glob("src/mesokg/**/*.py"))
    words = set(re.findall(r"[A-Za-z][\w-]*", text))
    axioms = {node for s, p, o in GRAPH if p not in (RDF.type, DEFINITION) for node in (p, o) if isinstance(node, rdflib.URIRef)}
    axioms |= {s for s in GRAPH.subjects(OWL.equivalentClass, None)} | {s for s in GRAPH.subjects(OWL.propertyChainAxiom, None)}
    tables = {local(i) for i in vocabulary.classes if vocabulary.classes[i].table or i in vocabulary.table_of}
    allowed = columns | words | tables | {n for spec in vocabulary.tables.values() for n in spec.columns}
    unused = [local(one) for one in terms(*KINDS[:4]) if local(one) not in allowed and one not in axioms]
    assert unused == []


def test_the_decision_on_the_number_of_properties_counts_them() -> None:
    """The table of docs/decisions/0005 is that of the ontology and the tables as they stand."""
    columns: set[str] = set()
    for path in folder("data").glob("*.tsv"):
        with path.open(encoding="utf-8") as stream:
            columns |= set(stream.readline().rstrip("\n").split("\t"))
    named = rdflib.Namespace(OURS)
    precisions = set(GRAPH.objects(None, named.precisionProperty))
    found_otherwise = set(GRAPH.subjects(OWL.propertyChainAxiom, None)) | set(GRAPH.objects(None, RDFS.subPropertyOf))
    found_otherwise |= {side for pair in GRAPH.subject_objects(OWL.inverseOf) for side in pair}
    counts: Counter[str] = Counter()
    for one in terms(OWL.ObjectProperty, OWL.DatatypeProperty):
        if one in precisions:
            role = "precision of dates"
        elif GRAPH.value(one, RDFS.domain) == named.Assertion:
            role = "on assertions"
        elif local(one) in columns and (one, named.exemptFromEvidence, None) in GRAPH:
            role = "columns that identify or cite"
        elif local(one) in columns and (one, RDF.type, OWL.ObjectProperty) in GRAPH:
            role = "columns that link things"
        elif local(one) in columns:
            words = GRAPH.value(one, RDFS.range) == rdflib.XSD.string
            role = "columns of words" if words else "columns of numbers, dates and yes or no"
        else:
            role = "inferred, never typed" if one in found_otherwise else "columns that no row fills yet"
        counts[role] += 1
    text = (ROOT / "docs/decisions/0005-a-column-is-a-property.md").read_text(encoding="utf-8")
    told = {role: int(count) for role, count in re.findall(r"^\| ([a-z][^|]+) \| (\d+) \|", text, re.MULTILINE)}
    assert told.pop("all") == counts.total()
    assert told == dict(counts)


# ---------------------------------------------------------------- disjointness: a clash for each pair of neighbours

GROUPS = sorted(
    ([local(item) for item in Collection(GRAPH, head)] for head in GRAPH.objects(None, OWL.members)), key=lambda members: members[0]
)


def test_value_lists_are_known_to_differ() -> None:
    groups = [set(Collection(GRAPH, head)) for head in GRAPH.objects(None, OWL.distinctMembers)]
    by_class = defaultdict(set)
    for one in terms(OWL.NamedIndividual):
        for kind in GRAPH.objects(one, RDF.type):
            if kind != OWL.NamedIndividual:
                by_class[kind].add(one)
    for kind, values in by_class.items():
        assert any(values <= group for group in groups), local(kind)


@pytest.mark.parametrize("first, second", [pair for members in GROUPS for pair in pairwise(members)])
def test_disjoint_neighbours_clash_with_an_explanation(first: str, second: str) -> None:
    store = make_store(facts=f"mkg:thing a mesokg:{first}, mesokg:{second} .")
    rules = [rule for rule in real_rules() if rule.kind in ("disjoint", "subclass", "necessary", "hierarchy")]
    with pytest.raises(ReasoningError) as caught:
        infer(store, rules=rules)
    assert any("disjoint" in problem.rule and "DisjointClasses: " in problem.fix for problem in caught.value.problems)


CHARACTERISTICS = sorted(
    (local(one), kind) for one in terms(OWL.ObjectProperty)
    for kind, iri in (("functional", OWL.FunctionalProperty), ("asymmetric", OWL.AsymmetricProperty), ("irreflexive", OWL.IrreflexiveProperty))
    if (one, RDF.type, iri) in GRAPH
)  # fmt: skip
AGAINST = {
    "functional": "mkg:a mesokg:{0} mkg:b, mkg:c . mkg:b owl:differentFrom mkg:c .",
    "asymmetric": "mkg:a mesokg:{0} mkg:b . mkg:b mesokg:{0} mkg:a .",
    "irreflexive": "mkg:a mesokg:{0} mkg:a .",
}
"""What no property of that kind may say."""


@pytest.mark.parametrize("name, kind", CHARACTERISTICS)
def test_characteristics_forbid_with_an_explanation(name: str, kind: str) -> None:
    with pytest.raises(ReasoningError) as caught:
        infer(make_store(facts=AGAINST[kind].format(name)), rules=[rule for rule in real_rules() if rule.kind in AGAINST])
    assert any(kind in problem.rule and name in problem.fix for problem in caught.value.problems)


def test_hermit_agrees_that_each_characteristic_forbids(tmp_path: Path) -> None:
    """One property of each kind; which properties are of a kind is read from the same file."""
    need_java()
    for kind in AGAINST:
        name = next(name for name, found in CHARACTERISTICS if found == kind)
        (tmp_path / "against.ttl").write_text(TURTLE_PREFIXES + AGAINST[kind].format(name), encoding="utf-8")
        assert not is_consistent(folder("ontology") / "mesokg.ttl", tmp_path / "against.ttl"), kind


def test_hermit_finds_every_disjoint_pair_empty(tmp_path: Path) -> None:
    """A class below both of two disjoint ones can have no member: one class per pair, all judged in one run."""
    need_java()
    pairs = sorted(pair for members in GROUPS for pair in combinations(sorted(members), 2))
    assert len(pairs) > 100
    both = tmp_path / "both.ttl"
    axioms = "".join(f"mesokg:Both{n} a owl:Class ; rdfs:subClassOf mesokg:{a}, mesokg:{b} .\n" for n, (a, b) in enumerate(pairs))
    both.write_text(TURTLE_PREFIXES + axioms, encoding="utf-8")
    with pytest.raises(VocabularyError) as caught, hermit(folder("ontology") / "mesokg.ttl", both):
        pass
    found = {problem.value for problem in caught.value.problems}
    assert found == {f"mesokg:Both{n}" for n in range(len(pairs))}


def test_defined_classes_are_many() -> None:
    assert len(set(GRAPH.subjects(OWL.equivalentClass, None))) >= 100


# ---------------------------------------------------------------- mappings and outside terms


def _rows(path: Path) -> list[dict[str, str]]:
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    return list(csv.DictReader(lines, delimiter="\t"))


MAPPINGS = sorted((folder("ontology") / "mappings").glob("*.sssom.tsv"))


@pytest.mark.parametrize("path", MAPPINGS, ids=lambda path: path.name)
def test_mapping_set_is_whole(path: Path) -> None:
    head = [line for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("#")]
    for field in ("mapping_set_id", "license", "curie_map", "mapping_set_version"):
        assert any(line.startswith(f"#{field}:") for line in head), field
    rows = _rows(path)
    assert len({(r["subject_id"], r["predicate_id"], r["object_id"]) for r in rows}) == len(rows)
    for row in rows:
        assert row["mapping_justification"].startswith("semapv:")
        if row["subject_id"].startswith("mesokg:"):
            label = GRAPH.value(rdflib.URIRef(OURS + row["subject_id"].removeprefix("mesokg:")), RDFS.label)
            assert str(label) == row["subject_label"], row["subject_id"]


def test_mappings_and_alignment_say_the_same() -> None:
    """Where the alignment places a term below another, the mapping says broader, or the same; and something is compared."""
    alignment = rdflib.Graph().parse(folder("ontology") / "alignment.ttl")
    placed = {
        (compact(str(s)), compact(str(o))) for p in (RDFS.subClassOf, RDFS.subPropertyOf)
        for s, o in alignment.subject_objects(p) if str(s).startswith(OURS)
    }  # fmt: skip
    rows = [row for path in MAPPINGS for row in _rows(path) if (row["subject_id"], row["object_id"]) in placed]
    assert len(rows) > 15
    assert [row for row in rows if row["predicate_id"] not in ("skos:broadMatch", "skos:exactMatch")] == []


def test_alignment_holds_beside_what_the_owners_say_of_their_relations(tmp_path: Path) -> None:
    """With the domains, ranges and disjointness of RO and BFO the graph stays consistent; a wrong placement does not."""
    need_java()
    alignment, others = folder("ontology") / "alignment.ttl", ROOT / "tests" / "ontology" / "others" / "relations.ttl"
    aligned = tmp_path / "alignment.ttl"
    rdflib.Graph().parse(alignment).remove((None, OWL.imports, None)).serialize(aligned, format="turtle")
    steps = tmp_path / "steps.ttl"
    facts = "mkg:one a mesokg:MechanismStep ; mesokg:precedesStep mkg:two . mkg:report a mesokg:Publication ; mesokg:reportsOn mkg:trial ."
    facts += "mkg:trial a mesokg:Trial . mkg:gene a mesokg:Gene ; mesokg:expressedIn mkg:cell . mkg:cell a mesokg:CellType ."
    steps.write_text(TURTLE_PREFIXES + facts, encoding="utf-8")
    graphs = (folder("ontology") / "mesokg.ttl", aligned, others, steps, ROOT / "tests" / "reasoning" / "members.ttl")
    assert is_consistent(*graphs)
    wrong = tmp_path / "wrong.ttl"
    wrong.write_text(TURTLE_PREFIXES + "mesokg:precedesStep rdfs:subPropertyOf BFO:0000063 .", encoding="utf-8")
    assert not is_consistent(*graphs, wrong)


def test_one_outside_term_is_exactly_one_of_ours() -> None:
    exact = Counter(
        row["object_id"] for path in MAPPINGS if path.name != "biolink.sssom.tsv" for row in _rows(path)
        if row["predicate_id"] == "skos:exactMatch" and row["subject_id"].startswith("mesokg:")
    )  # fmt: skip
    assert {one: count for one, count in exact.items() if count > 1} == {}
    assert sum(len(_rows(path)) for path in MAPPINGS) >= 150
    traps = {"DOID:2645", "MONDO:0003308", "NCIT:C8704", "NCIT:C32141", "CL:0000493", "SO:0000602"}
    wrong = [r for path in MAPPINGS for r in _rows(path) if r["object_id"] in traps and r["predicate_id"] == "skos:exactMatch"]
    assert wrong == []


def test_kgx_files_and_biolink_mappings_agree() -> None:
    mapped = {(row["subject_id"].removeprefix("mesokg:"), row["object_id"].removeprefix("biolink:")) for row in _rows(folder("ontology") / "mappings" / "biolink.sssom.tsv")}
    lines = (ROOT / "src/mesokg/formats/biolink.tsv").read_text(encoding="utf-8").splitlines()[1:]
    used = {(name, biolink) for _, name, biolink in (line.split("\t") for line in lines)}
    assert used - mapped == set()
    with_table = {local(spec.class_iri) for spec in read_vocabulary().tables.values()}
    assert with_table - {name for name, _ in mapped} == set()


def test_lists_of_outside_terms_are_those_in_use() -> None:
    here = folder("ontology") / "imports"
    wanted = import_lists()
    stale = {name for name, text in wanted.items() if not (here / name).is_file() or (here / name).read_text(encoding="utf-8") != text}
    assert stale == set(), "renew them with: python -m mesokg.ontology_products"
    assert {path.name for path in here.glob("*_terms.txt")} == set(wanted)
    for text in wanted.values():
        assert not [line for line in text.splitlines() if not line.startswith("#") and (line.endswith("# ") or " #  <" in line)]


# ---------------------------------------------------------------- traps, each with the gates that catch it

TRAPS = ROOT / "tests" / "ontology" / "traps"


def _tools() -> None:
    """Skips without the tools; where MESOKG_REQUIRE_TOOLS is set they are fetched, or the test fails."""
    required = os.environ.get("MESOKG_REQUIRE_TOOLS") == "1"
    try:
        gates.robot_jars(fetch=required)
        gates.sssom_program(fetch=required)
    except gates.ToolMissing as missing:
        if required:
            pytest.fail(str(missing))
        pytest.skip(str(missing))


def test_traps_are_caught_by_the_gates_that_should(tmp_path: Path) -> None:
    pytest.importorskip("pyhornedowl")
    _tools()
    with (TRAPS / "expected.tsv").open(encoding="utf-8", newline="") as stream:
        expected = {row.pop("trap"): row for row in csv.DictReader(stream, delimiter="\t")}
    files = sorted(TRAPS.glob("*.ttl"))
    assert {path.stem for path in files} == set(expected)
    findings = gates.java_gates("profiles,hermit", files)
    for path in files:
        rdflib.Graph().parse(path).serialize(tmp_path / "trap.owl", format="xml")
        own = [one for one in findings if one.file == path.name]
        judged = {
            "horned": bool(gates.horned_violations(tmp_path / "trap.owl")),
            "owlapi": any(one.measure == "OWL 2 DL violations" and one.value != "0" for one in own),
            "hermit": any(one.measure == "refused" or (one.measure == "consistent" and one.value == "false") for one in own),
        }
        assert {tool: "caught" if caught else "passed" for tool, caught in judged.items()} == expected[path.stem], path.name


# ---------------------------------------------------------------- products, judged by the real tools


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory):
    """The store of the real tables and the ontology products made from it."""
    from mesokg.release import assemble

    out = tmp_path_factory.mktemp("ontology")
    store = assemble(validate=False).store
    return store, out, write_ontology_products(sorted_graphs(store, GRAPHS)[0], out)


def test_all_gates_pass(built) -> None:
    _tools()
    _, out, _ = built
    here = out / "ontology"
    findings = gates.java_gates("load,profiles,hermit,elk,robot", (here / "mesokg-base.owl", here / "mesokg-full.owl", here / "mesokg.json"))
    told = {(one.file, one.gate, one.measure): one.value for one in findings}
    for name in ("mesokg-base.owl", "mesokg-full.owl"):
        assert told[name, "load", "triples not understood"] == "0"
        assert told[name, "owlapi", "OWL 2 DL violations"] == "0"
        for reasoner in ("hermit", "elk"):
            assert told[name, reasoner, "consistent"] == "true"
            assert told[name, reasoner, "classes without possible members"] == "0"
        assert told[name, "hermit", "subclass links"] == told[name, "elk", "subclass links"]
        assert gates.horned_violations(here / name) == []
    assert told["mesokg-base.owl", "robot", "ERROR"] == "0"
    assert gates.unexplained(findings) == []
    assert int(told["mesokg.json", "obograph", "nodes"]) >= len(terms())


@pytest.mark.parametrize("path", MAPPINGS, ids=lambda path: path.name)
def test_mapping_set_is_valid_sssom(path: Path) -> None:
    _tools()
    assert gates.sssom_errors(path) == ""


def test_sssom_refuses_a_broken_set(tmp_path: Path) -> None:
    _tools()
    text = MAPPINGS[0].read_text(encoding="utf-8").replace("predicate_id", "no_such_field", 1)
    (tmp_path / "broken.sssom.tsv").write_text(text, encoding="utf-8")
    assert gates.sssom_errors(tmp_path / "broken.sssom.tsv") != ""


def test_products_are_the_same_bytes_again(built, tmp_path: Path) -> None:
    store, out, files = built
    again = write_ontology_products(sorted_graphs(store, GRAPHS)[0], tmp_path)
    assert [p.relative_to(tmp_path) for p in again] == [p.relative_to(out) for p in files]
    for first, second in zip(files, again, strict=True):
        assert first.read_bytes() == second.read_bytes(), first.name


def test_full_holds_base_alignment_outside_terms_and_hierarchy(built) -> None:
    _, out, _ = built
    full = rdflib.Graph().parse(out / "ontology" / "mesokg-full.ttl")
    trial = rdflib.URIRef(OURS + "Trial")
    assert (trial, RDFS.subClassOf, rdflib.URIRef(PREFIXES["OBI"] + "0003699")) in full
    assert (rdflib.URIRef(OURS + "OncolyticVirotherapy"), RDFS.subClassOf, rdflib.URIRef(OURS + "InVivoGeneTherapy")) in full
    assert full.value(rdflib.URIRef(PREFIXES["MONDO"] + "0005112"), RDFS.label)
    assert len(list(full.subjects(RDF.type, OWL.Ontology))) == 1


def test_obo_graph_tells_labels_definitions_and_synonyms(built) -> None:
    _, out, _ = built
    graph = json.loads((out / "ontology" / "mesokg.json").read_text(encoding="utf-8"))["graphs"][0]
    node = next(one for one in graph["nodes"] if one["id"] == OURS + "OncolyticVirotherapy")
    assert node["lbl"] == "oncolytic virotherapy"
    assert {"pred": "hasExactSynonym", "val": "oncolytic virus therapy"} in node["meta"]["synonyms"]
    ids = {one["id"] for one in graph["nodes"]}
    assert {edge["sub"] for edge in graph["edges"]} <= ids


def test_examples_are_true(built) -> None:
    """An example of a class names a member, an example of a relation a statement; renew it in the ontology when the facts change."""
    import pyoxigraph as ox

    store, _, _ = built
    label, example = ox.NamedNode(str(RDFS.label)), ox.NamedNode(PREFIXES["IAO"] + "0000112")
    named: dict[str, set[object]] = defaultdict(set)
    for quad in store.quads_for_pattern(None, label, None, None):
        named[quad.object.value].add(quad.subject)
    wrong = []
    for term, text in ((quad.subject, quad.object.value) for quad in store.quads_for_pattern(None, example, None, None)):
        if (rdflib.URIRef(term.value), RDF.type, OWL.Class) in GRAPH:
            true = any(list(store.quads_for_pattern(one, ox.NamedNode(str(RDF.type)), term, None)) for one in named[text])
        else:
            between = f"' {GRAPH.value(rdflib.URIRef(term.value), RDFS.label)} "
            start, _, end = text[1:].partition(between)
            objects = {quad.object for one in named[start] for quad in store.quads_for_pattern(one, term, None, None)}
            things = bool(objects & named[end[1:-1]])
            true = things or any(isinstance(o, ox.Literal) and (o.value == end[1:-1] or o.value == f"{end[1:-1]}T00:00:00Z") for o in objects)
        if not true:
            wrong.append((local(term.value), text))
    assert wrong == []


# ---------------------------------------------------------------- pages


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.fetched: list[str] = []
        self.ids: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "a" and given.get("href"):
            self.links.append(given["href"] or "")
        if tag in ("script", "link", "img", "iframe") or given.get("src"):
            self.fetched.append(tag)
        if given.get("id"):
            self.ids.add(given["id"] or "")


def test_pages_stand_alone_and_lead_to_each_other(built, tmp_path: Path) -> None:
    store, _, _ = built
    files = write_ontology_pages(store, tmp_path)
    pages = {}
    for path in files:
        parser = _Links()
        parser.feed(path.read_text(encoding="utf-8"))
        pages[path] = parser
        assert parser.fetched == [], path.name
    assert {path.stem for path in files if path.parent.name == "terms"} == {local(one) for one in terms(*KINDS[:4])}
    for path, parser in pages.items():
        for link in parser.links:
            if link.startswith("http"):
                continue
            file, _, place = link.partition("#")
            target = (path.parent / file).resolve()
            assert target in pages, f"{path.name}: {link}"
            assert not place or place in pages[target].ids, f"{path.name}: {link}"


def test_labels_are_escaped_in_pages(tmp_path: Path) -> None:
    store = make_store(facts="mkg:t a mesokg:Therapy ; rdfs:label \"<script>alert('x')</script> & more\"@en .")
    write_ontology_pages(store, tmp_path)
    text = (tmp_path / "ontology" / "terms" / "Therapy.html").read_text(encoding="utf-8")
    assert "<script" not in text
    assert "&lt;script&gt;" in text


def test_picture_of_the_model_says_what_the_ontology_says() -> None:
    for start, prop, end, _ in ROUTES:
        iri = rdflib.URIRef(OURS + prop)
        for side, name in ((RDFS.domain, start), (RDFS.range, end)):
            stated = GRAPH.value(iri, side)
            union = GRAPH.value(stated, OWL.unionOf)
            sides = {local(x) for x in (Collection(GRAPH, union) if union else [stated])}
            assert name in sides, (prop, name)
    assert {name for route in ROUTES for name in (route[0], route[2])} <= set(DIAGRAM)


def test_pictures_and_lists_leave_nothing_out(built, tmp_path: Path) -> None:
    """What a picture has no room for is counted in it and listed below it; a relation has a picture of its ends."""
    store, _, _ = built
    write_ontology_pages(store, tmp_path)
    text = {name: (tmp_path / "ontology" / "terms" / f"{name}.html").read_text(encoding="utf-8") for name in ("Therapy", "targets", "startDate")}
    more = re.search(r"and (\d+) more below", text["Therapy"])
    below = re.search(r"<h2>Below it \((\d+)\)</h2><ul>(.*?)</ul>", text["Therapy"])
    assert more and below
    assert int(more[1]) + 8 == int(below[1]) == below[2].count("<li>")
    assert "Relations that start here (" in text["Therapy"]
    for name in ("counteracts", "deliversTo", "immunisesAgainst", "recognisesAntigen", "restores", "silences"):
        assert f'<a href="{name}.html">' in text["targets"]
    for name, ends in (("targets", ("Therapy", "Antigen", "Gene")), ("startDate", ("Trial",))):
        picture = text[name].partition("<svg")[2].partition("</svg>")[0]
        assert all(f'<a href="{end}.html">' in picture for end in ends), name
    assert "xsd:dateTime" in text["startDate"]
