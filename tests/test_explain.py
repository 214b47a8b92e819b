"""Every triple can be explained, down to rows and axioms, by its shortest proof."""

from __future__ import annotations

import re

import pyoxigraph as ox
import pytest
from conftest import TINY
from reasoning.support import EXPLAINED, INFERRED, MEMBERS, TYPE, make_store, real_rules

from mesokg.errors import IdentifierError
from mesokg.explain import Explanation, explain, format_explanation, labels_of
from mesokg.identifiers import PREFIXES, term
from mesokg.reasoning import infer
from mesokg.release import Build, assemble


@pytest.fixture(scope="module")
def store() -> ox.Store:
    made = make_store(files=(EXPLAINED,))
    infer(made, rules=real_rules())
    return made


def ask(store: ox.Store, subject: str, predicate: str, target: str) -> Explanation:
    return explain(store, subject, predicate, target, rules=real_rules())


WHOLE = """\
mkg:therapy-a a mesokg:AdenoviralTherapy   (therapy A | a | adenoviral gene therapy)
  because AdenoviralTherapy EquivalentTo: Therapy and (usesVector some AdenoviralVector)
  that is, if x is in 'gene therapy product' and x 'uses vector' y and y is in 'adenoviral vector', then x is in 'adenoviral gene therapy'
  mkg:therapy-a a mesokg:Therapy   (therapy A | a | gene therapy product)
    data/therapies.tsv  stated; it is no claim and needs no source
  mkg:therapy-a mesokg:usesVector mkg:vector-a   (therapy A | uses vector | mkg:vector-a)
    because usesVector SubPropertyChain: involvesConstruct o hasBackbone
    that is, if x 'involves construct' y and y 'has backbone' z, then x 'uses vector' z
    mkg:therapy-a mesokg:involvesConstruct mkg:construct-a   (therapy A | involves construct | mkg:construct-a)
      because hasConstruct SubPropertyOf: involvesConstruct
      that is, if x 'has construct' y, then x 'involves construct' y
      mkg:therapy-a mesokg:hasConstruct mkg:construct-a   (therapy A | has construct | mkg:construct-a)
        data/therapies.tsv  mkg:assertion-1  source PMID:11111111, methods  [single-arm trial; checked 2026-01-02]
    mkg:construct-a mesokg:hasBackbone mkg:vector-a   (mkg:construct-a | has backbone | mkg:vector-a)
      data/constructs.tsv  mkg:assertion-2  source PMID:11111111, figure 1
  mkg:vector-a a mesokg:AdenoviralVector   (mkg:vector-a | a | adenoviral vector)
    because AdenoviralVector EquivalentTo: Vector and (derivedFrom value NCBITaxon:10508)
    that is, if x is in 'vector' and x 'derived from' NCBITaxon:10508, then x is in 'adenoviral vector'
    mkg:vector-a a mesokg:Vector   (mkg:vector-a | a | vector)
      data/vectors.tsv  stated; it is no claim and needs no source
    mkg:vector-a mesokg:derivedFrom NCBITaxon:10508   (mkg:vector-a | derived from | NCBITaxon:10508)
      because derivedFrom SubPropertyChain: derivedFrom o hasBroader
      that is, if x 'derived from' y and y 'has broader' z, then x 'derived from' z
      mkg:vector-a mesokg:derivedFrom NCBITaxon:28285   (mkg:vector-a | derived from | NCBITaxon:28285)
        data/vectors.tsv  mkg:assertion-3  source PMID:11111111, methods
      NCBITaxon:28285 mesokg:hasBroader NCBITaxon:10508   (NCBITaxon:28285 | has broader | NCBITaxon:10508)
        data/taxa.tsv  stated; it is no claim and needs no source
"""


def test_whole_explanation(store: ox.Store) -> None:
    tree = ask(store, "mkg:therapy-a", "a", "mesokg:AdenoviralTherapy")
    assert format_explanation(tree, labels_of(store, tree)) == WHOLE
    without = format_explanation(tree)
    assert without.splitlines()[0] == "mkg:therapy-a a mesokg:AdenoviralTherapy"
    assert format_explanation(tree, labels_of(store, tree).get) == WHOLE, "labels may be a function"


KINDS = [
    ("mkg:trial-a", "mesokg:status", "mesokg:statusCompleted", "asserted", "PMID:11111111, abstract  [rank preferred]"),
    ("mkg:trial-a", "mesokg:enrolmentActual", "12", "asserted", "data/trials.tsv  mkg:assertion-8"),
    ("mkg:therapy-a", "a", "mesokg:Therapy", "exempt", "data/therapies.tsv  stated"),
    ("HGNC:7371", "mesokg:symbol", "MSLN", "exempt", "data/genes.tsv  stated"),
    ("mkg:therapy-a", "rdfs:label", "therapy A", "exempt", "data/therapies.tsv  stated"),
    ("mesokg:usesVector", "rdfs:range", "mesokg:Vector", "ontology", "stated in the ontology"),
    ("https://w3id.org/mesokg", "rdfs:label", "mesokg", "metadata", "description of this release"),
    ("mesokg:OncolyticVirotherapy", "rdfs:subClassOf", "mesokg:InVivoGeneTherapy", "classified", "HermiT found it"),
    ("mkg:therapy-a", "mesokg:succeededBy", "mkg:therapy-b", "inferred", "because succeeds InverseOf: succeededBy"),
    ("<https://w3id.org/mesokg/id/therapy-a>", "a", "mesokg:InVivoGeneTherapy", "inferred", "because InVivoGeneTherapy"),
]


@pytest.mark.parametrize(("subject", "predicate", "target", "kind", "words"), KINDS)
def test_kinds(store: ox.Store, subject: str, predicate: str, target: str, kind: str, words: str) -> None:
    tree = ask(store, subject, predicate, target)
    assert (tree.kind, tree.holds) == (kind, True)
    assert words in format_explanation(tree)


ABSENT = [
    ("mkg:therapy-a", "mesokg:targets", "HGNC:7371", "denied: data/therapies.tsv  mkg:assertion-6  source PMID:11111111, discussion"),
    ("mkg:trial-a", "mesokg:status", "mesokg:statusTerminated", "outranked (rank normal): data/trials.tsv  mkg:assertion-5"),
    ("mkg:trial-a", "mesokg:status", "mesokg:statusTerminated", "what holds instead: mkg:trial-a mesokg:status mesokg:statusCompleted"),
    ("mkg:trial-a", "mesokg:phase", "mesokg:phase1", "not reported: data/trials.tsv  mkg:assertion-7"),
    ("mkg:trial-a", "mesokg:enrolmentActual", "13", "what holds instead: mkg:trial-a mesokg:enrolmentActual 12"),
    ("mkg:therapy-a", "mesokg:succeeds", "mkg:therapy-b", "it holds the other way round: mkg:therapy-b mesokg:succeeds mkg:therapy-a"),
    (
        "mkg:therapy-a", "a", "mesokg:CytokineGeneTherapy",
        "given mkg:therapy-a a mesokg:Therapy, nothing meets: mkg:therapy-a mesokg:deliversGene ?y",
    ),
    (
        "mkg:vector-a", "a", "mesokg:ReplicatingViralVector",
        "nothing meets: mkg:vector-a mesokg:replicationCompetence mesokg:replicationConditional",
    ),
    ("mkg:therapy-b", "mesokg:usesVector", "mkg:vector-a", "nothing meets: mkg:therapy-b mesokg:involvesConstruct ?y"),
    ("mkg:therapy-aa", "a", "mesokg:Therapy", "nothing is said about mkg:therapy-aa; did you mean mkg:therapy-a, mkg:therapy-b?"),
]  # fmt: skip


@pytest.mark.parametrize(("subject", "predicate", "target", "words"), ABSENT)
def test_near_misses(store: ox.Store, subject: str, predicate: str, target: str, words: str) -> None:
    tree = ask(store, subject, predicate, target)
    assert (tree.kind, tree.holds) == ("absent", False)
    assert words in "\n".join(tree.notes)
    assert "does not hold in this graph" in format_explanation(tree)


@pytest.mark.parametrize("wrong", ["nope:x", "no curie at all"])
def test_malformed_subject_is_an_error(store: ox.Store, wrong: str) -> None:
    with pytest.raises(IdentifierError):
        ask(store, wrong, "a", "mesokg:Therapy")


def test_every_inferred_triple_has_a_proof_without_circles() -> None:
    store = make_store(files=(MEMBERS,))
    infer(store, rules=real_rules())
    quads = sorted(store.quads_for_pattern(None, None, None, INFERRED), key=str)
    kinds = set()
    for quad in quads:
        if quad.predicate != TYPE and quad.subject.value.startswith(PREFIXES["mesokg"]):
            continue  # links between classes, see the kinds above
        tree = explain(store, *quad.triple, rules=real_rules())
        assert tree.kind == "inferred", quad
        kinds |= {node.kind for node in tree.walk()}
        check_path(tree, ())
    assert kinds == {"inferred", "exempt", "ontology"}, "this graph has no assertions"


def check_path(tree: Explanation, above: tuple[object, ...]) -> None:
    assert tree.triple not in above, "a triple explains itself"
    assert (tree.kind == "inferred") == bool(tree.premises)
    for premise in tree.premises:
        check_path(premise, (*above, tree.triple))


def test_shortest_proof_is_given() -> None:
    # The type follows by the range of hasConstruct, or by three steps from the other end.
    facts = """
        mkg:t mesokg:hasConstruct mkg:c .
        mkg:k mesokg:transducedWith mkg:d . mkg:d mesokg:carries mkg:p . mkg:u mesokg:administersCells mkg:k .
    """
    store = make_store(facts=facts)
    infer(store, rules=real_rules())
    tree = ask(store, "mkg:c", "a", "mesokg:Construct")
    assert [node.kind for node in tree.walk()] == ["inferred", "exempt"]
    tree = ask(store, "mkg:u", "mesokg:deliversPayload", "mkg:p")
    assert max_levels(tree) == 2  # noqa: PLR2004


def max_levels(tree: Explanation) -> int:
    return (1 + max(map(max_levels, tree.premises))) if tree.premises else 0


def test_symmetric_and_transitive_do_not_go_in_circles() -> None:
    facts = """
        mkg:p1 a mesokg:Publication ; mesokg:overlapsWith mkg:p2 .
        mkg:x0 mesokg:hasBroader mkg:x1 . mkg:x1 mesokg:hasBroader mkg:x2 . mkg:x2 mesokg:hasBroader mkg:x3 .
        mkg:x3 mesokg:hasBroader mkg:x0 .
    """
    store = make_store(facts=facts)
    infer(store, rules=real_rules())
    check_path(ask(store, "mkg:p2", "mesokg:overlapsWith", "mkg:p1"), ())
    tree = ask(store, "mkg:x0", "mesokg:hasBroader", "mkg:x0")
    check_path(tree, ())
    assert max_levels(tree) == 2  # noqa: PLR2004


def test_a_triple_of_other_rules_says_that_the_build_is_old(store: ox.Store) -> None:
    stale = ox.Quad(ox.NamedNode(PREFIXES["mkg"] + "trial-a"), TYPE, ox.NamedNode(term("StoppedTrial")), INFERRED)
    store.add(stale)
    try:
        assert "no rule gives it" in ask(store, "mkg:trial-a", "a", "mesokg:StoppedTrial").notes[0]
    finally:
        store.remove(stale)


# ---------------------------------------------------------------- down to rows


@pytest.fixture(scope="module")
def tiny_world() -> Build:
    return assemble(TINY)


ROW = r"data/[a-z_]+\.tsv:[1-9][0-9]*"
LAST_WORDS = {
    # each row of an assertion with its line, then the source and the place in it
    "asserted": rf"{ROW}(, {ROW})*  mkg:assertion-\w+  source \S.*, \S.*  \[.*checked \d{{4}}-\d\d-\d\d\]",
    # an assertion is itself no thing that a row describes: its table is named
    "exempt": rf"({ROW}|data/[a-z_]+\.tsv)  stated; it is no claim and needs no source",
    "ontology": r"ontology/mesokg\.ttl  stated in the ontology",
    "classified": r"HermiT found it from the axioms of the ontology \(ontology/hierarchy\.tsv\)",
}


def test_every_inferred_triple_of_a_build_goes_down_to_rows_with_lines(tiny_world: Build) -> None:
    """As `mesokg explain` tells it, leaf by leaf; the words of a leaf are read, and the rows are looked up in the files."""
    store, tables = tiny_world.store, tiny_world.tables
    quads = sorted(store.quads_for_pattern(None, None, None, INFERRED), key=str)
    assert len(quads) == tiny_world.inferred > 0
    lines = {f"data/{path.name}": path.read_text(encoding="utf-8").splitlines() for path in TINY.glob("*.tsv")}
    seen = set()
    for quad in quads:
        tree = explain(store, *quad.triple, rules=real_rules())
        about_classes = quad.predicate.value == PREFIXES["rdfs"] + "subClassOf"
        assert tree.kind == ("classified" if about_classes else "inferred"), quad
        check_path(tree, ())
        leaves = [node for node in tree.walk() if not node.premises]
        if not quad.subject.value.startswith(PREFIXES["mesokg"]):
            assert {node.kind for node in leaves} & {"asserted", "exempt"}, f"{quad} rests on no row"
        for leaf in leaves:
            seen.add(leaf.kind)
            assert leaf.kind in LAST_WORDS, leaf
            told = format_explanation(leaf, None, tables).splitlines()[1:]
            if leaf.kind == "classified":
                told = told[:1]
            assert len(told) == max(1, len(leaf.assertions)), leaf
            assert all(re.fullmatch(LAST_WORDS[leaf.kind], line.strip()) for line in told), told
            if leaf.kind == "exempt" and not leaf.subject.value.startswith(PREFIXES["mkg"] + "assertion-"):
                assert re.match(ROW, told[0].strip()), told
            for found, line in zip(leaf.assertions, told, strict=leaf.kind == "asserted"):
                for file, number in re.findall(r"(data/[a-z_]+\.tsv):(\d+)", line):
                    cells = lines[file][int(number) - 1].split("\t")
                    assert {found.source_name, *found.locators} <= set(names_of(cells)), (leaf, line)
    assert seen == LAST_WORDS.keys()


def names_of(cells: list[str]) -> list[str]:
    """The cells, and of a source in them the name that an explanation gives."""
    return [*cells, *(cell.removeprefix("mkg:record-") for cell in cells)]


def test_another_name_is_explained_by_its_row(tiny_world: Build) -> None:
    store, tables = tiny_world.store, tiny_world.tables
    told = explain(store, "mkg:therapy-tiny", "skos:altLabel", "tIFN", rules=real_rules())
    first, row, *more = format_explanation(told, labels_of(store, told), tables).splitlines()
    assert first == 'mkg:therapy-tiny skos:altLabel "tIFN"   (tiny interferon vector | also called | "tIFN")'
    assert re.fullmatch(r"  data/therapies\.tsv:2  mkg:assertion-\w+  source PMID:1, abstract  \[single-arm trial; checked 2026-11-24\]", row)
    assert not more


def test_a_date_and_a_report_are_explained_by_their_row(tiny_world: Build) -> None:
    store, tables = tiny_world.store, tiny_world.tables
    precision = ask(store, "mkg:trial-NCT00000001", "mesokg:startDatePrecision", "mesokg:precisionMonth")
    assert format_explanation(precision, None, tables).splitlines()[1].startswith("  data/trials.tsv:2  ")
    links = list(store.quads_for_pattern(None, ox.NamedNode(term("hasMeasurement")), None, None))
    told = [format_explanation(explain(store, *quad.triple, rules=real_rules()), None, tables).splitlines()[1].split()[0] for quad in links]
    # each row of outcomes.tsv is a report of its own
    assert sorted(told) == [f"data/outcomes.tsv:{line}" for line in range(2, 2 + len(links))]
