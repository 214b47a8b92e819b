"""The question library: its files, its answers by value, on three engines, and bad input."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pyoxigraph as ox
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).resolve().parent / "questions"))

import engines  # noqa: E402

from mesokg.errors import ProblemsFound, QueryError, UsageError
from mesokg.identifiers import PREFIXES, entity, expand, term
from mesokg.questions import (
    KEYWORDS,
    Question,
    ask,
    bind,
    complete_question,
    complete_setting,
    find_question,
    lint_question,
    located,
    read_question,
    read_questions,
    unknown_terms,
)
from mesokg.store import EmbeddedStore

QUESTIONS = read_questions()
NAMES = sorted(QUESTIONS)
SETTINGS = engines.settings()
TERMS = frozenset(re.findall(r"^mesokg:([\w-]+)", (engines.ROOT / "ontology" / "mesokg.ttl").read_text(encoding="utf-8"), re.MULTILINE))


@pytest.fixture(scope="module")
def small() -> EmbeddedStore:
    return engines.small_world()


@pytest.fixture(scope="module")
def built() -> EmbeddedStore:
    """The graph of the curated tables."""
    from mesokg.release import assemble

    store = EmbeddedStore()
    store.oxigraph = assemble(validate=False).store
    return store


def asked(question: Question, store: EmbeddedStore) -> Question:
    """The question as the small world is asked it."""
    return bind(question, SETTINGS.get(question.name, {}), store)


# ---------------------------------------------------------------- the files


@pytest.mark.parametrize("name", NAMES)
def test_the_linter_finds_nothing(name: str) -> None:
    assert lint_question(QUESTIONS[name], TERMS) == []


@pytest.mark.parametrize("name", NAMES)
def test_each_question_has_rows_on_both_graphs(name: str) -> None:
    columns, rows = engines.read_rows(engines.EXPECTED / f"{name}.tsv")
    assert rows, "a question that the small world cannot answer is not tested"
    assert set(columns) == set(engines.read_rows(engines.EXPECTED_BUILD / f"{name}.tsv")[0])


def test_no_rows_are_left_of_questions_that_are_gone() -> None:
    for folder in (engines.EXPECTED, engines.EXPECTED_BUILD):
        assert sorted(path.stem for path in folder.glob("*.tsv")) == NAMES


def test_fifty_questions_and_every_keyword_used() -> None:
    assert len(NAMES) >= 50
    assert {word for question in QUESTIONS.values() for word in question.keywords} == set(KEYWORDS)


def test_titles_differ() -> None:
    assert len({question.title.casefold() for question in QUESTIONS.values()}) == len(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_rdflib_parses_each_question(name: str) -> None:
    from rdflib.plugins.sparql import prepareQuery

    prepareQuery(QUESTIONS[name].sparql)


_GOOD = """#+ title: Which trials are there?
#+ summary: One row per trial.
#+ keywords: trial
#+ graph: facts
#+ expects: tests/questions/expected/good.tsv
#+ param: phase (text): a phase
#+ complete: phase: ?trial mesokg:phase/skos:notation ?value

PREFIX mesokg: <https://w3id.org/mesokg/ontology/>
PREFIX skos: <http://www.w3.org/2004/02/skos/core#>

SELECT ?trial WHERE {
  VALUES ?phase { "1" }
  ?trial mesokg:phase/skos:notation ?phase .
} ORDER BY ?trial
"""


def _written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "good.rq"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_smallest_question_is_clean(tmp_path: Path) -> None:
    question = read_question(_written(tmp_path, _GOOD))
    assert lint_question(question, TERMS) == []
    assert question.parameters[0].default == '"1"'


@pytest.mark.parametrize(
    ("old", "new", "line", "rule"),
    [
        ("#+ title: Which trials are there?", "#+ title: All trials", 1, "title is not a question"),
        ("#+ summary: One row per trial.\n", "", 1, "missing front matter"),
        ("#+ keywords: trial", "#+ keywords: trail", 3, "unknown keyword"),
        ("#+ keywords: trial", "#+ keywords:", 3, "missing front matter"),
        ("#+ graph: facts", "#+ graph: fact", 4, "unknown graph"),
        ("#+ graph: facts", "#+ grahp: facts", 4, "unknown front matter"),
        ("#+ graph: facts", "#+ graph: facts\n#+ graph: inferred", 5, "front matter given twice"),
        ("#+ expects: tests/questions/expected/good.tsv\n", "", 1, "missing front matter"),
        ("#+ graph: facts", "#+ graph: evidence\n#+ statements: some", 5, "unknown statements"),
        ("#+ graph: facts", "#+ graph: facts\n#+ statements: named", 5, "no statements asked for"),
        ("#+ graph: facts", "#+ graph: facts\n#+ statements: source = phase", 5, "no statements asked for"),
        ("#+ graph: facts", "#+ graph: evidence\n#+ statements: source = phase", 5, "statements of no thing"),
        ("#+ graph: facts", "#+ graph: evidence\n#+ statements: source = paper", 5, "statements of no thing"),
        ("phase (text): a phase", "phase (words): a phase", 6, "unreadable parameter"),
        ("phase (text): a phase", "stage (text): a stage", 6, "parameter without one default"),
        ("  VALUES ?phase", '  VALUES ?phase { "2" }\n  VALUES ?phase', 6, "parameter without one default"),
        ("#+ complete: phase", "#+ complete: stage", 7, "unreadable completion"),
    ],
)
def test_a_broken_file_is_reported_with_line_and_rule(tmp_path: Path, old: str, new: str, line: int, rule: str) -> None:
    path = _written(tmp_path, _GOOD.replace(old, new, 1))
    with pytest.raises(ProblemsFound) as caught:
        read_question(path)
    assert (line, rule) in {(problem.line, problem.rule) for problem in caught.value.problems}
    assert all(problem.file.endswith("good.rq") and problem.fix for problem in caught.value.problems)


def test_a_title_below_another_field_is_reported_where_it_stands(tmp_path: Path) -> None:
    title, summary = _GOOD.split("\n")[:2]
    path = _written(tmp_path, _GOOD.replace(f"{title}\n{summary}", f"{summary}\n#+ title: All trials"))
    with pytest.raises(ProblemsFound) as caught:
        read_question(path)
    assert [(problem.file, problem.line, problem.rule) for problem in caught.value.problems] == [(str(path), 2, "title is not a question")]


@pytest.mark.parametrize(
    ("old", "new", "place", "rule"),
    [
        ("  ?trial mesokg:phase/skos:notation ?phase .", "  ?trial mesokg:phase/skos:notation .", (14, 38), "not valid SPARQL"),
        ("skos:notation ?phase", "skoss:notation ?phase", (14, 23), "prefix not declared"),
        ("  ?trial mesokg", "  SERVICE <http://example.org/> { } ?trial mesokg", (14, 3), "query refused"),
    ],
)
@pytest.mark.parametrize("setting", [{}, {"phase": "2"}])
def test_a_query_that_cannot_run_is_reported_with_path_line_column_and_rule(
    tmp_path: Path, small: EmbeddedStore, setting: dict[str, str], old: str, new: str, place: tuple[int, int], rule: str
) -> None:
    path = _written(tmp_path, _GOOD.replace(old, new))
    with pytest.raises(QueryError) as caught:
        ask(read_question(path), small, setting)
    line, column = place
    assert str(caught.value).startswith(f"{path}:{line}:{column}: {rule}: "), str(caught.value)


def test_a_default_of_several_lines_leaves_the_lines_below_where_they_are(tmp_path: Path, small: EmbeddedStore) -> None:
    text = _GOOD.replace('{ "1" }', '{\n    "1"\n  }').replace("?phase .\n}", "?phase .\n  ?trial mesokg:status .\n}")
    path = _written(tmp_path, text)
    with pytest.raises(QueryError, match=rf"{re.escape(str(path))}:17:\d+: not valid SPARQL"):
        ask(read_question(path), small, {"phase": "2"})


def test_files_of_the_library_are_named_from_its_folder_on(small: EmbeddedStore) -> None:
    assert QUESTIONS["which_countries_run_trials"].place == "queries/questions/which_countries_run_trials.rq"
    assert str(located(QueryError("the store is gone"), Path("/elsewhere/x.rq"))) == "/elsewhere/x.rq: the store is gone"


def test_terms_that_the_ontology_does_not_have_are_told(small: EmbeddedStore) -> None:
    sparql = """PREFIX mesokg: <https://w3id.org/mesokg/ontology/>
        # mesokg:Comment is no term, and need not be one
        SELECT ?trial WHERE { ?trial a mesokg:Trail ; mesokg:phase ?phase ; mesokg:fase "mesokg:Text" . ?other a mesokg:Trail }"""
    found = [(problem.file, problem.line, problem.column, problem.value, problem.fix, problem.level) for problem in unknown_terms(sparql, small, "my.rq")]
    assert [one[:4] + one[5:] for one in found] == [("my.rq", 3, "column 40", "mesokg:Trail", "warning"), ("my.rq", 3, "column 77", "mesokg:fase", "warning")]
    assert "did you mean Trial" in found[0][4] and "did you mean phase" in found[1][4]
    # nor is there anything to compare in a query that means another vocabulary by our prefix
    assert unknown_terms(sparql.replace("w3id.org/mesokg", "example.org"), small, "my.rq") == []
    # a server without the ontology has nothing to compare with
    assert unknown_terms(sparql, EmbeddedStore(), "my.rq") == []


@pytest.mark.parametrize("name", NAMES)
def test_the_library_names_no_unknown_term(name: str, small: EmbeddedStore) -> None:
    assert unknown_terms(QUESTIONS[name].sparql, small) == []


def test_a_file_that_is_not_utf_8_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "good.rq"
    path.write_bytes(_GOOD.replace("per trial", "par \xe9tude").encode("latin-1"))
    with pytest.raises(ProblemsFound) as caught:
        read_question(path)
    assert [(problem.line, problem.rule) for problem in caught.value.problems] == [(2, "not UTF-8")]


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        ("ontology/>", "ontologie/>", "prefix not as everywhere"),
        ("skos/core#>\n", "skos/core#>\nPREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>\n", "prefix not used"),
        ("PREFIX skos: <http://www.w3.org/2004/02/skos/core#>\n", "", "prefix not declared"),
        ("mesokg:phase/skos:notation ?phase .", "mesokg:fase/skos:notation ?phase .", "unknown term"),
        ("  ?trial mesokg", "  GRAPH ?trial { } ?trial mesokg", "engine specific or unstable"),
        ("ORDER BY ?trial", "ORDER BY ?trial LIMIT 3", "engine specific or unstable"),
        (" ORDER BY ?trial", "", "not ordered"),
        ("SELECT ?trial WHERE", "SELECT * WHERE", "not a SELECT of named variables"),
        ("?trial", "?t1", "variable not in words"),
        ("SELECT ?trial WHERE", "SELECT ?trial ?vectorLabel WHERE", "label without its thing"),
        ("expected/good.tsv", "expected/bad.tsv", "expected rows elsewhere"),
    ],
)
def test_the_linter_reports_each_rule(tmp_path: Path, old: str, new: str, rule: str) -> None:
    question = read_question(_written(tmp_path, _GOOD.replace(old, new)))
    assert {problem.rule for problem in lint_question(question, TERMS)} == {rule}


@pytest.mark.parametrize(
    ("pattern", "rules"),
    [
        ("?one mesokg:subject ?trial ; mesokg:predicate ?property .", {"property not named"}),
        ("?one mesokg:predicate ?other , ?property . FILTER(?property IN (mesokg:phase))", {"property not named"}),
        ("?one mesokg:subject ?trial ; mesokg:predicate ?property . FILTER(?property IN (mesokg:phase))", set()),
        ("VALUES ?property { mesokg:phase } ?one mesokg:subject ?trial ; mesokg:predicate ?property .", set()),
        ("?one mesokg:subject ?trial ; mesokg:predicate mesokg:phase .", set()),
    ],
)
def test_statements_said_to_be_named_are_named(tmp_path: Path, pattern: str, rules: set[str]) -> None:
    text = _GOOD.replace("#+ graph: facts", "#+ graph: evidence\n#+ statements: named").replace("  ?trial mesokg", f"  {pattern} ?trial mesokg")
    question = read_question(_written(tmp_path, text))
    assert question.named
    assert {problem.rule for problem in lint_question(question, TERMS | {"subject", "predicate"})} == rules


@pytest.mark.parametrize(
    ("pattern", "clean"),
    [
        ("?one mesokg:rank ?rank ; mesokg:subject ?thing .", False),
        ("?one mesokg:subject ?thing ; mesokg:rank ?rank . OPTIONAL { ?one mesokg:object ?value }", True),
        ("?one mesokg:subject ?thing . ?other mesokg:rank ?rank .", False),
        ("?one mesokg:subject ?thing . ?trial mesokg:phase ?any ; ^mesokg:object ?other .", False),
        ("?one mesokg:subject ?thing OPTIONAL { ?other mesokg:source ?source }", False),
        ("?one mesokg:subject ?other .", False),
        ("?one mesokg:source ?thing .", False),
    ],
)
def test_statements_said_to_be_of_one_thing_are_of_one(tmp_path: Path, pattern: str, clean: bool) -> None:
    text = _GOOD.replace("#+ graph: facts", "#+ graph: evidence\n#+ statements: subject = thing").replace("phase (text)", "thing (thing)").replace("complete: phase", "complete: thing")
    text = text.replace('VALUES ?phase { "1" }', "VALUES ?thing { mkg:trial-NCT03710876 }").replace("PREFIX skos", f"PREFIX mkg: <{PREFIXES['mkg']}>\nPREFIX skos", 1)
    question = read_question(_written(tmp_path, text.replace("  ?trial mesokg", f"  {pattern} ?trial mesokg")))
    assert question.chosen == (term("subject"), PREFIXES["mkg"] + "trial-NCT03710876")
    assert {problem.rule for problem in lint_question(question)} == (set() if clean else {"statements not of one thing"})


# ---------------------------------------------------------------- answers by value


@pytest.mark.parametrize("name", NAMES)
def test_rows_of_the_small_world(name: str, small: EmbeddedStore) -> None:
    columns, rows = engines.read_rows(engines.EXPECTED / f"{name}.tsv")
    question = QUESTIONS[name]
    assert ask(question, small, SETTINGS.get(name)).variables == columns
    assert engines.oxigraph_rows(question, small, SETTINGS.get(name, {})) == rows


@pytest.mark.parametrize("name", NAMES)
def test_rows_of_the_built_graph(name: str, built: EmbeddedStore) -> None:
    columns, rows = engines.read_rows(engines.EXPECTED_BUILD / f"{name}.tsv")
    assert ask(QUESTIONS[name], built).variables == columns
    assert sorted(engines.oxigraph_rows(QUESTIONS[name], built)) == sorted(rows), (
        "if facts changed, run `python tests/questions/engines.py`, look at the difference and commit it with the reason"
    )


# an assertion has no name of its own: its thing, field and value stand beside it
_WITHOUT_A_NAME = {("which_assertions_are_superseded_or_disputed", "assertion")}


@pytest.mark.parametrize("graph", ["small", "built"])
@pytest.mark.parametrize("name", NAMES)
def test_a_name_stands_beside_each_thing(name: str, graph: str, request: pytest.FixtureRequest) -> None:
    """A column with ids has a column with their labels, or with the symbols of genes."""
    answer = ask(QUESTIONS[name], request.getfixturevalue(graph), SETTINGS.get(name) if graph == "small" else None)
    things = {column for place, column in enumerate(answer.variables) if any(isinstance(row[place], ox.NamedNode) for row in answer.rows)}
    named = {column for column in things if {f"{column}Label", f"{column}Symbol"} & set(answer.variables)}
    assert {(name, column) for column in things - named} <= _WITHOUT_A_NAME


@pytest.mark.parametrize("graph", ["small", "built"])
@pytest.mark.parametrize("name", NAMES)
def test_no_two_rows_tie_in_the_ordering(name: str, graph: str, request: pytest.FixtureRequest) -> None:
    """Rows that compare alike may stand in any order, so an answer would differ from engine to engine."""
    store = request.getfixturevalue(graph)
    question = asked(QUESTIONS[name], store) if graph == "small" else QUESTIONS[name]
    head, _, body = question.sparql.partition("SELECT")
    columns, _, rest = body.partition("WHERE")
    ordering = list(dict.fromkeys(re.findall(r"\?\w+", body.rpartition("ORDER BY")[2])))
    rows = store.query(f"{head}SELECT {columns} {' '.join(word for word in ordering if word not in columns.split())} WHERE{rest}")
    places = [rows.variables.index(word[1:]) for word in ordering]
    keys = [tuple(engines.cell(str(row[place])) for place in places) for row in rows.rows]
    assert [key for key in set(keys) if keys.count(key) > 1] == []


# ---------------------------------------------------------------- three engines


@pytest.mark.parametrize("name", NAMES)
def test_oxigraph_answers_alike_over_one_merged_graph(name: str, small: EmbeddedStore) -> None:
    question = asked(QUESTIONS[name], small)
    assert engines.oxigraph_rows(question, engines.merged(small)) == engines.oxigraph_rows(question, small)


def test_oxigraph_answers_alike_over_one_merged_graph_of_the_build(built: EmbeddedStore) -> None:
    whole = engines.merged(built)
    for name in NAMES:
        # rows that compare alike may stand in any order
        assert sorted(engines.oxigraph_rows(QUESTIONS[name], whole)) == sorted(engines.oxigraph_rows(QUESTIONS[name], built)), name


# rdflib's own parser still uses a name that rdflib deprecates
@pytest.mark.filterwarnings("ignore:Dataset.default_context:DeprecationWarning")
@pytest.mark.parametrize("union", [True, False], ids=["union", "merged"])
@pytest.mark.parametrize("graph", ["small", "built"])
def test_rdflib_agrees(graph: str, union: bool, request: pytest.FixtureRequest) -> None:
    """Two to three minutes for each layout of the built graph on two busy cores: 10 s to load it, the rest for the questions."""
    store = request.getfixturevalue(graph)
    rdflib = engines.Rdflib(store, union=union)
    for name in NAMES:
        question = asked(QUESTIONS[name], store) if graph == "small" else QUESTIONS[name]
        assert sorted(rdflib.rows(question)) == sorted(engines.oxigraph_rows(question, store)), name


@pytest.fixture(scope="module")
def jars(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    found = engines.jena_jars(tmp_path_factory.mktemp("jena"))
    if isinstance(found, str):
        if os.environ.get("MESOKG_REQUIRE_TOOLS") == "1":
            pytest.fail(f"Jena ARQ is required: {found}")
        pytest.skip(f"not verified with Jena ARQ: {found}")
    return found


@pytest.mark.parametrize("union", [True, False], ids=["union", "merged"])
@pytest.mark.parametrize("graph", ["small", "built"])
def test_jena_agrees(graph: str, union: bool, jars: list[Path], request: pytest.FixtureRequest, tmp_path: Path) -> None:
    store = request.getfixturevalue(graph)
    questions = [asked(QUESTIONS[name], store) if graph == "small" else QUESTIONS[name] for name in NAMES]
    rows, _ = engines.jena_rows(questions, store, jars, tmp_path / "jena", union=union)
    for question in questions:
        assert sorted(rows[question.name]) == sorted(engines.oxigraph_rows(question, store)), question.name


@pytest.mark.parametrize(
    ("therapy", "missing"),
    [
        # delivery into the pleura is no entry into cells
        ("mkg:therapy-tk", ["no entry of the vector is known"]),
        ("mkg:therapy-car", ["no entry of the vector is known", "no step of an anti-tumour effect is known"]),
        ("mkg:therapy-hsv", []),
    ],
)
def test_a_chain_without_a_beginning_or_an_end_says_so(therapy: str, missing: list[str], small: EmbeddedStore) -> None:
    rows = engines.oxigraph_rows(QUESTIONS["what_is_the_chain_of_effects"], small, {"therapy": therapy})
    assert sorted(row[-1] for row in rows if not row[1]) == missing


def test_a_chain_begins_with_what_lets_the_vector_in(small: EmbeddedStore) -> None:
    columns, rows = QUESTIONS["what_is_the_chain_of_effects"], engines.oxigraph_rows(QUESTIONS["what_is_the_chain_of_effects"], small, {"therapy": "mkg:therapy-hsv"})
    names = ask(columns, small).variables
    entry = dict(zip(names, rows[0], strict=True))
    assert [row[0] for row in rows].count("0") == 1 and entry["position"] == "0"
    assert (entry["step"], entry["standing"], entry["mechanism"], entry["mechanismLabel"], entry["source"], entry["evidenceLevel"]) == (
        "mkg:vector-hsv", "enters via", "HGNC:9706", "NECTIN1", "mkg:publication-3", "cell culture",
    )  # fmt: skip


def test_a_pair_of_receptors_that_differs_in_one_part_only_comes_first() -> None:
    small, question = engines.small_world(), QUESTIONS["which_cars_differ_only_in_costimulation_or_switch"]
    therapy, ours, graph = ox.NamedNode(entity("therapy", "car-28")), "https://w3id.org/mesokg/ontology/", ox.NamedNode(engines.GRAPH + "facts")
    facts = [
        ("http://www.w3.org/1999/02/22-rdf-syntax-ns#type", ox.NamedNode(ours + "ChimericAntigenReceptorTCellTherapy")),
        ("http://www.w3.org/2000/01/rdf-schema#label", ox.Literal("CAR T with CD28")),
        (ours + "recognisesAntigen", ox.NamedNode("http://identifiers.org/hgnc/7371")),
        (ours + "hasTherapyComponent", ox.NamedNode(entity("component", "binder"))),
        (ours + "hasTherapyComponent", ox.NamedNode(entity("component", "cd28"))),
    ]
    small.add([ox.Quad(therapy, ox.NamedNode(predicate), value, graph) for predicate, value in facts])
    names = ask(question, small).variables
    rows = [dict(zip(names, row, strict=True)) for row in engines.oxigraph_rows(question, small)]
    assert [(row["carLabel"], row["partLabel"], row["otherCarLabel"], row["otherPartLabel"]) for row in rows if row["difference"].startswith("1")] == [
        ("CAR T", "4-1BB", "CAR T with CD28", "CD28")
    ]
    # beside the switch and the signalling domain that are named for one only, the costimulation is known to differ
    assert [row["difference"] for row in rows if {row["carLabel"], row["otherCarLabel"]} == {"CAR T with switch", "CAR T with CD28"} and row["partLabel"] == "suicide switch"] == [
        "3 known to differ in more"
    ]


def test_a_receptor_that_was_described_whole_lacks_what_it_does_not_name() -> None:
    small = engines.small_world()
    whole = ox.NamedNode("https://w3id.org/mesokg/ontology/compositionComplete")
    small.add([ox.Quad(ox.NamedNode("https://w3id.org/mesokg/id/construct-car"), whole, ox.Literal(True), ox.NamedNode(engines.GRAPH + "facts"))])
    rows = engines.oxigraph_rows(QUESTIONS["which_parts_of_receptors_does_no_source_name"], small)
    assert {(row[0], row[-1]) for row in rows} == {("mkg:construct-car", "lacks it"), ("mkg:construct-car-switch", "not described")}


def test_a_kind_of_vector_counts_as_tried_once_a_trial_tests_one() -> None:
    ours, things = "https://w3id.org/mesokg/ontology/", "https://w3id.org/mesokg/id/"
    small, graph = engines.small_world(), ox.NamedNode(engines.GRAPH + "facts")

    def state(subject: str, predicate: str, target: str) -> dict[str, tuple[str, ...]]:
        small.add([ox.Quad(ox.NamedNode(things + subject), ox.NamedNode(predicate), ox.NamedNode(target), graph)])
        return {row[0]: row[3:5] for row in engines.oxigraph_rows(QUESTIONS["which_kinds_of_therapy_were_never_tried"], small)}

    kind, is_a = "mesokg:PlasmidVector", "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
    kinds = state("vector-naked", is_a, ours + "PlasmidVector")
    assert kinds[kind] == ("1", "0"), "known, and in no experiment"
    state("construct-naked", ours + "hasBackbone", things + "vector-naked")
    kinds = state("experiment-naked", ours + "experimentTests", things + "construct-naked")
    assert kinds[kind] == ("1", "1"), "in one experiment"
    kinds = state("trial-naked", ours + "testsVector", things + "vector-naked")
    assert kind not in kinds, "in a trial"


_PREFIXES = "".join(f"@prefix {prefix}: <{iri}> .\n" for prefix, iri in (("mesokg", term("")), ("mkg", entity("x", "y").removesuffix("x-y")), ("xsd", "http://www.w3.org/2001/XMLSchema#")))
_SAID = "mesokg:rank mesokg:rankNormal ; mesokg:negated false ; mesokg:evidenceLevel mesokg:evidenceSingleArmTrial ; mesokg:source mkg:publication-1"


def rows_with(facts: str, name: str, **values: str) -> list[dict[str, str]]:
    """The rows of a question on the small world with more facts in it."""
    small = engines.small_world()
    small.oxigraph.load(input=(_PREFIXES + facts).encode(), format=ox.RdfFormat.TURTLE, to_graph=ox.NamedNode(engines.GRAPH + "facts"))
    names = ask(QUESTIONS[name], small, values).variables
    return [dict(zip(names, row, strict=True)) for row in engines.oxigraph_rows(QUESTIONS[name], small, values)]


def test_what_two_registries_call_a_trial_is_no_difference() -> None:
    facts = "".join(
        f"""mkg:assertion-name-{number} a mesokg:Assertion ; mesokg:subject mkg:trial-1 ; mesokg:predicate <http://www.w3.org/2004/02/skos/core#altLabel> ; mesokg:object "name {number}" ;
          mesokg:rank mesokg:rankNormal ; mesokg:negated false ; mesokg:source mkg:record-1{record} .\n"""
        for number, record in enumerate(("", "-eu"))
    )
    assert rows_with(facts, "where_do_registries_disagree") == rows_with("", "where_do_registries_disagree") != []


def test_a_field_of_several_values_is_disputed_where_one_is_outranked() -> None:
    said = """mkg:assertion-{0} a mesokg:Assertion ; mesokg:subject mkg:trial-2 ; mesokg:predicate mesokg:sponsor ; mesokg:object mkg:organisation-{0} ;
      mesokg:rank mesokg:rank{1} ; mesokg:negated false ; mesokg:source mkg:publication-{2} .\n"""
    before = rows_with("", "where_do_sources_disagree")
    assert rows_with(said.format("one", "Normal", 1) + said.format("two", "Preferred", 2), "where_do_sources_disagree") == before
    facts = said.format("one", "Normal", 1) + said.format("two", "Deprecated", 2) + said.format("three", "Deprecated", 3)
    more = [row for row in rows_with(facts, "where_do_sources_disagree") if row not in before]
    found = [(row["thing"], row["field"], row["value"], row["rank"], row["otherValue"], row["otherRank"]) for row in more]
    assert found == [
        ("mkg:trial-2", "mesokg:sponsor", "mkg:organisation-one", "normal", "mkg:organisation-three", "deprecated"),
        ("mkg:trial-2", "mesokg:sponsor", "mkg:organisation-one", "normal", "mkg:organisation-two", "deprecated"),
    ]


def test_forms_of_other_species_say_that_no_human_form_is_known() -> None:
    facts = """mkg:form-r a mesokg:GeneProductForm ; <http://www.w3.org/2000/01/rdf-schema#label> "r" ; mesokg:formOf <http://identifiers.org/hgnc/950> ; mesokg:fromTaxon <http://purl.obolibrary.org/obo/NCBITaxon_10090> .
      mkg:form-u a mesokg:GeneProductForm ; <http://www.w3.org/2000/01/rdf-schema#label> "u" ; mesokg:formOf <http://identifiers.org/hgnc/950> .
      mkg:form-v a mesokg:GeneProductForm ; <http://www.w3.org/2000/01/rdf-schema#label> "v" ; mesokg:formOf <http://purl.uniprot.org/uniprot/P03176> ; mesokg:fromTaxon <http://purl.obolibrary.org/obo/NCBITaxon_10298> ."""
    notes = {row["form"]: row["note"] for row in rows_with(facts, "which_forms_of_genes_are_delivered")}
    assert "no human form of this gene is recorded; the species of another form is not stated" in notes["mkg:form-r"]
    assert not any("human form" in notes[form] for form in ("mkg:form-u", "mkg:form-v"))


def test_all_later_steps_rest_on_a_claim() -> None:
    facts = "mkg:step-regional mesokg:precedesStep mkg:step-last . mkg:step-last a mesokg:MechanismStep ."
    rows = rows_with(facts, "which_assertions_are_superseded_or_disputed")
    assert {row["resting"] for row in rows if row["restsBy"] == "later step of the chain"} == {"mkg:step-regional", "mkg:step-last"}


def test_a_superseded_measurement_in_words_stands_with_its_words() -> None:
    facts = f"""
        mkg:assertion-superseded-words mesokg:subject mkg:outcome-tolerance ; mesokg:predicate mesokg:hasMeasurement ; mesokg:object mkg:measurement-wording ;
          mesokg:rank mesokg:rankDeprecated ; mesokg:negated false ; mesokg:source mkg:publication-1 .
        mkg:assertion-wording mesokg:subject mkg:measurement-wording ; mesokg:predicate mesokg:valueText ; mesokg:object "not defined" ; {_SAID} ."""
    rows = rows_with(facts, "which_assertions_are_superseded_or_disputed")
    assert [(row["valueLabel"], row["valueThatStandsLabel"]) for row in rows if row["assertion"] == "mkg:assertion-superseded-words"] == [("not defined", "not reached")]


def test_a_tolerated_dose_in_another_unit_says_so() -> None:
    facts = "mkg:measurement-tolerance mesokg:value 500.0 ; mesokg:resultUnit mesokg:resultUnit{} ."
    for unit, words, differs in (("ViralParticles", "viral particles", False), ("PlaqueFormingUnits", "plaque-forming units", True)):
        (row,) = (row for row in rows_with(facts.format(unit), "which_doses_can_be_compared") if row["measure"] == "maximum tolerated dose")
        assert (row["unit"], row["maximumTolerated"], row["toleratedUnit"], "is in another unit" in row["note"]) == ("viral particles", "500", words, differs)


def test_doses_are_compared_by_one_route_each_and_with_a_known_vector_only() -> None:
    def comparable(facts: str) -> dict[str, set[tuple[str, str]]]:
        found: dict[str, set[tuple[str, str]]] = {}
        for row in rows_with(facts, "which_doses_can_be_compared"):
            found.setdefault(row["arm"], set()).add((row["comparable"], row["note"].partition(";")[0]))
        return found

    before = comparable("")
    assert {told for told, _ in before["mkg:arm-1"] | before["mkg:arm-2"]} == {"true"}
    assert comparable("mkg:administration-2 mesokg:route mesokg:routeNotStated .").keys() == before.keys()
    pooled = comparable("mkg:administration-2 mesokg:route mesokg:routeIntravenous .")
    assert pooled["mkg:arm-2"] == {("false", "not comparable: this administration pools several routes")}
    assert {told for told, _ in pooled["mkg:arm-1"]} == {"false"}, "a dose that pools routes is nothing to compare with"
    without = comparable(
        "".join(
            f"""mkg:arm-{trial} a mesokg:Arm ; <http://www.w3.org/2000/01/rdf-schema#label> "arm {trial}" ; mesokg:armOf mkg:trial-{trial} .
            mkg:administration-{trial} mesokg:administrationIn mkg:arm-{trial} ; mesokg:givesTherapy mkg:therapy-dc ; mesokg:route mesokg:routeIntradermal ;
              mesokg:doseLow 5.0 ; mesokg:doseUnit mesokg:unitViralParticles .\n"""
            for trial in (5, 6)
        )
    )
    assert without["mkg:arm-5"] == without["mkg:arm-6"] == {("false", "not comparable: no vector is known")}


def test_a_gene_that_only_an_experiment_took_up_has_a_row() -> None:
    facts = """
        mkg:payload-p16 mesokg:encodes mkg:form-against . mkg:form-against mesokg:formOf mkg:gene-unknown . mkg:gene-unknown mesokg:symbol "UNKNOWN" .
        mkg:payload-car mesokg:encodes mkg:form-part . mkg:form-part mesokg:formOf mkg:gene-part . mkg:gene-part mesokg:symbol "PART" ."""
    facts += " mkg:experiment-car mesokg:experimentTests mkg:construct-car ."
    rows = [row for row in rows_with(facts, "which_targeted_genes_are_altered") if row["geneSymbol"] in ("UNKNOWN", "PART")]
    # a part of a receptor is not what the therapy delivers
    assert [(row["group"], row["construct"], row["how"]) for row in rows] == [
        ("attempted in models only, neither known", "mkg:construct-p16", "other form of the gene, or against it")
    ]


def test_a_target_of_which_normal_mesothelium_is_not_known_says_so() -> None:
    facts = """
        mkg:therapy-dc mesokg:targets mkg:gene-a . mkg:gene-a <http://www.w3.org/2000/01/rdf-schema#label> "WT1" .
        mkg:therapy-car-switch mesokg:targets mkg:gene-b . mkg:gene-b <http://www.w3.org/2000/01/rdf-schema#label> "FAP" .
        mkg:therapy-car-switch mesokg:targets mkg:gene-c ; mesokg:silences mkg:gene-c . mkg:gene-c <http://www.w3.org/2000/01/rdf-schema#label> "B2M" ."""
    rows = rows_with(facts, "which_targets_are_on_normal_mesothelium")
    # what is silenced in the cells that are given is no target on them
    assert [(row["targetLabel"], row["note"]) for row in rows if row["group"] == "2 expression on normal mesothelium not known"] == [
        ("WT1", "therapies that aim at it: 1, trials of them: 2"),
        ("FAP", "therapies that aim at it: 1, trials of them: 0"),
    ]


def test_a_trial_that_several_records_call_stopped_has_one_row() -> None:
    facts = f"mkg:assertion-ended mesokg:subject mkg:trial-6 ; mesokg:predicate mesokg:status ; mesokg:object mesokg:statusTerminated ; {_SAID} ."
    notes = [row["note"] for row in rows_with(facts, "which_trials_stopped_and_why") if row["trial"] == "mkg:trial-6"]
    assert notes == ["suspended in NCT5, as of 2013-04-05; terminated in Paper 1; reason not reported; no successor recorded here"]


def test_a_record_that_calls_a_trial_stopped_twice_is_named_once() -> None:
    facts = f"""
        mkg:assertion-worded-suspended mesokg:subject mkg:trial-6 ; mesokg:predicate mesokg:statusAsReported ; mesokg:object "Suspended" ;
          mesokg:rank mesokg:rankNormal ; mesokg:negated false ; mesokg:source mkg:record-5 .
        mkg:assertion-worded-withdrawn mesokg:subject mkg:trial-6 ; mesokg:predicate mesokg:statusAsReported ; mesokg:object "Withdrawn (Dutch entry)" ; {_SAID} .
        mkg:assertion-worded-never mesokg:subject mkg:trial-3 ; mesokg:predicate mesokg:statusAsReported ; mesokg:object "was never suspended" ; {_SAID} ."""
    rows = rows_with(facts, "which_trials_stopped_and_why")
    assert "mkg:trial-3" not in {row["trial"] for row in rows}
    assert [row["note"] for row in rows if row["trial"] == "mkg:trial-6"] == [
        "Withdrawn (Dutch entry) in Paper 1; suspended in NCT5, as of 2013-04-05; reason not reported; no successor recorded here"
    ]


def test_a_therapy_of_several_constructs_is_described_whole_where_each_is() -> None:
    facts = """
        mkg:therapy-car mesokg:involvesConstruct mkg:construct-second .
        mkg:construct-car mesokg:compositionComplete true . mkg:construct-car-switch mesokg:compositionComplete true ."""
    for whole in (True, False):
        rows = rows_with(facts + f"mkg:construct-second mesokg:compositionComplete {str(whole).lower()} .", "which_cars_differ_only_in_costimulation_or_switch")
        (row,) = (row for row in rows if row["otherCar"] == "mkg:therapy-car")
        assert ("composition not known to be complete" in row["note"]) != whole


def test_receptors_that_one_experiment_tests_are_a_pair() -> None:
    facts = """
        mkg:experiment-both mesokg:experimentTests mkg:construct-28 , mkg:construct-bb ; <http://www.w3.org/2000/01/rdf-schema#label> "both in mice" ; mesokg:effect "4-1BB lasted longer" .
        mkg:construct-28 a mesokg:ChimericAntigenReceptorConstruct ; <http://www.w3.org/2000/01/rdf-schema#label> "28" ; mesokg:hasComponent mkg:component-cd28 .
        mkg:construct-bb a mesokg:ChimericAntigenReceptorConstruct ; <http://www.w3.org/2000/01/rdf-schema#label> "bb" ; mesokg:hasComponent mkg:component-41bb ."""

    def pairs(more: str = "") -> list[tuple[str, ...]]:
        rows = rows_with(facts + more, "which_cars_differ_only_in_costimulation_or_switch")
        return [tuple(row[name] for name in ("difference", "target", "car", "partLabel", "outcomes", "otherCar", "otherPartLabel", "otherOutcomes", "note")) for row in rows if row["experiment"]]

    lasted, told = "4-1BB lasted longer", "receptors in one experiment, of which the outcome is that of both"
    pair = ("mkg:construct-28", "CD28", lasted, "mkg:construct-bb", "4-1BB", lasted)
    assert pairs() == [("2 in this part, whether in more is not known", "", *pair, f"{told}; antigen not named among the parts; composition not known to be complete")]
    binder = "mkg:construct-28 mesokg:hasComponent mkg:component-binder ."
    assert pairs(binder) == []
    whole = "mkg:construct-28 mesokg:compositionComplete true . mkg:construct-bb mesokg:compositionComplete true ; mesokg:hasComponent mkg:component-binder ."
    assert pairs(binder + whole) == [("1 only in this part", "HGNC:7371", *pair, told)]


def test_outcomes_of_receptors_tell_survival_and_serious_events() -> None:
    facts = """
        mkg:outcome-car-survival mesokg:outcomeOf mkg:trial-3 ; mesokg:inArm mkg:arm-3 ; mesokg:measure mesokg:measureMedianOverallSurvival ; mesokg:hasMeasurement mkg:measurement-car-survival .
        mkg:measurement-car-survival mesokg:value 23.9 ; mesokg:resultUnit mesokg:resultUnitMonths .
        mkg:outcome-car-death mesokg:outcomeOf mkg:trial-3 ; mesokg:measure mesokg:measureSeriousAdverseEvent ; mesokg:event "death" ; mesokg:timePoint "day 5" ; mesokg:population "treated" ;
          mesokg:hasMeasurement mkg:measurement-car-death .
        mkg:measurement-car-death mesokg:numerator 1 .
        mkg:outcome-car-limit mesokg:outcomeOf mkg:trial-3 ; mesokg:measure mesokg:measureDoseLimitingToxicity ; mesokg:hasMeasurement mkg:measurement-car-limit .
        mkg:measurement-car-limit mesokg:valueText "none" ."""
    rows = rows_with(facts, "which_cars_differ_only_in_costimulation_or_switch")
    assert {row["otherOutcomes"] for row in rows if row["otherCar"] == "mkg:therapy-car"} == {
        "dose-limiting toxicity none | median overall survival 23.9 months | serious adverse event 1 of a number not stated, death, day 5 (treated)"
    }


def test_a_therapy_of_no_known_vector_stands_beside_those_that_share_its_mechanism() -> None:
    rows = rows_with("mkg:therapy-dc mesokg:engages mkg:mechanism-immune , mkg:mechanism-growth .", "which_mechanisms_do_unrelated_vectors_share")
    assert [(row["mechanism"], row["therapy"], row["note"].split(":")[0]) for row in rows] == [
        ("mkg:mechanism-immune", "mkg:therapy-ad", ""), ("mkg:mechanism-immune", "mkg:therapy-dc", "vector not known"), ("mkg:mechanism-immune", "mkg:therapy-hsv", ""),
    ]  # fmt: skip


def test_an_empty_search_for_contradicted_claims_says_so() -> None:
    small, question = engines.small_world(), QUESTIONS["which_mechanism_claims_are_contradicted"]

    def notes(update: str = "") -> list[str]:
        small.oxigraph.update(f"PREFIX mesokg: <{term('')}> PREFIX mkg: <{entity('x', 'y').removesuffix('x-y')}> {update}")
        return [row[-1] for row in engines.oxigraph_rows(question, small)]

    nothing, unclaimed = "no recorded claim is contradicted", "the claim itself is not recorded, only what refutes it"
    assert notes() == ["", ""]
    assert notes("DELETE WHERE { GRAPH ?facts { mkg:step-death mesokg:claimsMechanism ?claimed } }") == [unclaimed, ""]
    assert notes("DELETE WHERE { GRAPH ?facts { mkg:assertion-growth-denied mesokg:negated ?denied } }") == [nothing, unclaimed]
    lacking = "mkg:experiment-route mesokg:observesMechanism mkg:mechanism-immune . mkg:assertion-lacking mesokg:subject mkg:experiment-route ; mesokg:predicate mesokg:effectDirection ; mesokg:source mkg:publication-3 ."
    # an experiment without effect on the construct of a therapy of which the mechanism is claimed
    assert notes(f"INSERT DATA {{ {lacking} }}") == ["", unclaimed]


def test_an_experiment_of_no_named_vector_says_that_nothing_can_be_compared() -> None:
    label = "<http://www.w3.org/2000/01/rdf-schema#label>"
    facts = f"""
        mkg:experiment-unnamed mesokg:experimentTests mkg:construct-unnamed ; {label} "unnamed in mice" ; mesokg:route mesokg:routeIntrapleural .
        mkg:construct-unnamed mesokg:carries mkg:payload-ifn , mkg:payload-p16 .
        mkg:experiment-cells mesokg:experimentTests mkg:construct-unnamed ; {label} "unnamed in cells" ; mesokg:route mesokg:routeInVitro ."""
    rows = rows_with(facts, "which_combinations_never_reached_a_trial")
    told = "vector not named, so it is not known whether the combination reached a registered trial"
    assert [(row["experiment"], row["vector"], row["payload"], row["note"]) for row in rows[-2:]] == [
        ("mkg:experiment-unnamed", "", "mkg:payload-ifn", f"{told}; the payload did; the payload was given in a trial without a known registry record"),
        ("mkg:experiment-unnamed", "", "mkg:payload-p16", told),
    ]
    assert all(row["vector"] and row["experiment"] != "mkg:experiment-cells" for row in rows[:-2])


def test_a_form_of_no_recorded_gene_stands_last() -> None:
    facts = 'mkg:form-car a mesokg:GeneProductForm ; <http://www.w3.org/2000/01/rdf-schema#label> "CAR" ; mesokg:fromTaxon <http://purl.obolibrary.org/obo/NCBITaxon_9606> .'
    row = rows_with(facts, "which_forms_of_genes_are_delivered")[-1]
    assert (row["gene"], row["form"], row["species"], row["otherForm"], row["note"]) == ("", "mkg:form-car", "human", "", "gene not recorded; kind of form not stated")


def test_families_and_genera_are_known_by_their_names() -> None:
    taxa = {"family": "Somethingviridae", "subfamily": "Somethingvirinae", "genus": "Somethingvirus", "species": "Somethingvirus exemplum"}
    label = "<http://www.w3.org/2000/01/rdf-schema#label>"
    facts = "".join(f'mkg:taxon-{rank} {label} "{name}" . mkg:vector-lenti mesokg:derivedFrom mkg:taxon-{rank} .\n' for rank, name in taxa.items())
    facts += "".join(f"mkg:taxon-species mesokg:hasBroader mkg:taxon-{rank} .\n" for rank in taxa if rank != "species")
    rows = [row for row in rows_with(facts, "which_replication_deficient_vectors_reached_patients") if row["vector"] == "mkg:vector-lenti" and row["taxon"] == "mkg:taxon-species"]
    assert [(row["family"], row["genus"], row["note"]) for row in rows] == [("Somethingviridae", "Somethingvirus", "deleted regions not known")]


def test_what_one_source_reads_out_of_a_step_stands_in_one_row() -> None:
    said = f"mesokg:subject mkg:step-immune ; {_SAID}"
    facts = f"""
        mkg:assertion-seen-too {said} ; mesokg:predicate mesokg:readOut ; mesokg:object "antibodies in 2 of 4" .
        mkg:assertion-cell {said} ; mesokg:predicate mesokg:inCell ; mesokg:object mkg:cell-b . mkg:cell-b <http://www.w3.org/2000/01/rdf-schema#label> "B cell" .
        mkg:assertion-other-cell {said} ; mesokg:predicate mesokg:inCell ; mesokg:object mkg:cell-a . mkg:cell-a <http://www.w3.org/2000/01/rdf-schema#label> "A cell" ."""
    rows = rows_with(facts, "what_is_the_chain_of_effects", therapy="mkg:therapy-ad")
    assert [(row["setting"], row["cell"], row["readOut"]) for row in rows if row["step"] == "mkg:step-immune" and row["source"] == "mkg:publication-1"] == [
        ("patients", "A cell | B cell", "T cells in 3 of 4 | antibodies in 2 of 4")
    ]


def test_a_step_that_is_linked_with_no_other_has_no_position_and_stands_last() -> None:
    facts = f"""
        mkg:step-alone mesokg:stepOf mkg:therapy-ad ; <http://www.w3.org/2000/01/rdf-schema#label> "Ad-IFN raises antibodies" .
        mkg:assertion-alone mesokg:subject mkg:step-alone ; mesokg:predicate mesokg:showsMechanism ; mesokg:object mkg:mechanism-immune ; {_SAID} ."""
    rows = rows_with(facts, "what_is_the_chain_of_effects", therapy="mkg:therapy-ad")
    assert [(row["position"], row["step"], row["note"]) for row in rows] == [
        ("1", "mkg:step-entry", "claimed without a read-out"), ("2", "mkg:step-immune", ""), ("2", "mkg:step-immune", ""), ("", "mkg:step-alone", "place in the chain not known"),
    ]  # fmt: skip


def test_no_years_lead_to_results_of_another_trial_whose_start_is_not_known() -> None:
    facts = f"""
        mkg:trial-4 mesokg:hasOutcome mkg:outcome-retro . mkg:outcome-retro mesokg:outcomeOf mkg:trial-4 ; mesokg:measure mesokg:measureStableDisease .
        mkg:measurement-retro mesokg:resultStatus mesokg:reported .
        mkg:assertion-retro mesokg:subject mkg:outcome-retro ; mesokg:predicate mesokg:hasMeasurement ; mesokg:object mkg:measurement-retro ; {_SAID} ;
          mesokg:recordDate "2013-06-01T00:00:00Z"^^xsd:dateTime ; mesokg:recordDatePrecision mesokg:precisionMonth ."""
    (row,) = (row for row in rows_with(facts, "how_long_from_start_to_first_results") if row["therapy"] == "mkg:therapy-retro")
    assert (row["startDate"], row["firstResult"], row["resultTrial"], row["years"], row["months"]) == ("2012-03", "2013-06", "mkg:trial-4", "", "")
    assert row["note"].endswith("first results are of another trial, whose start is not known")


def test_results_of_a_trial_that_are_older_than_its_start_say_so() -> None:
    facts = f"""
        mkg:assertion-early mesokg:subject mkg:outcome-response ; mesokg:predicate mesokg:hasMeasurement ; mesokg:object mkg:measurement-response ; {_SAID} ;
          mesokg:recordDate "2000-06-01T00:00:00Z"^^xsd:dateTime ; mesokg:recordDatePrecision mesokg:precisionMonth ."""
    (row,) = (row for row in rows_with(facts, "how_long_from_start_to_first_results") if row["therapy"] == "mkg:therapy-ad")
    assert (row["startDate"], row["firstResult"], row["years"], row["months"]) == ("2001-02", "2000-06", "", "")
    assert "first results are dated before this start" in row["note"]


# ---------------------------------------------------------------- parameters and bad input


def test_an_unknown_question_offers_the_nearest() -> None:
    with pytest.raises(UsageError, match="did you mean which_therapies_target_gene"):
        find_question("which_therapy_targets_gene")


@pytest.mark.parametrize(
    ("asked", "offered"),
    [
        ("which_cars", "did you mean which_cars_differ_only_in_costimulation_or_switch?"),
        ("which_carz", "did you mean which_cars_differ_only_in_costimulation_or_switch?"),
        ("CARs", "did you mean which_cars_differ_only_in_costimulation_or_switch?"),
        ("dose", "did you mean which_doses_can_be_compared?"),
        ("doses", "did you mean which_doses_can_be_compared?"),
        ("severe_event", "did you mean which_severe_events_were_reported?"),
        ("survivl", "did you mean did_therapies_improve_survival?"),
        ("which_countrys_run_trials", "did you mean which_countries_run_trials"),
        ("xyz", "no name is like it; `mesokg query --list` shows all"),
        ("x", "no name is like it; `mesokg query --list` shows all"),
        ("", "there is no question without a name; `mesokg query --list` shows all"),
        ("which" * 100_000, "there is no question 'whichwhich"),
    ],
)
def test_questions_are_offered_by_their_words_and_beginnings(asked: str, offered: str) -> None:
    with pytest.raises(UsageError) as caught:
        find_question(asked)
    assert offered in str(caught.value) and len(str(caught.value)) < 500
    assert "known: " not in str(caught.value)


@pytest.mark.parametrize("name", ["", "../checks/cycle", "which therapies", "a/b", "which_therapies_target_gene.rq"])
def test_a_name_is_never_a_path(name: str) -> None:
    with pytest.raises(UsageError, match="there is no question"):
        find_question(name)


@pytest.mark.parametrize(
    ("question", "values", "message"),
    [
        ("which_therapies_target_gene", {"gene": "MSLN"}, "has no parameter 'gene'; known: target"),
        ("which_therapies_target_gene", {"targt": "MSLN"}, "did you mean target"),
        ("which_countries_run_trials", {"country": "US"}, "it has no parameters"),
        ("which_therapies_target_gene", {"target": "no such gene"}, "nothing is called 'no such gene'"),
        ("what_was_known_of_trials_on", {"day": "yesterday"}, "'yesterday' is not a date"),
        ("what_was_known_of_trials_on", {"day": "2020-13-01"}, "'2020-13-01' is not a date"),
        ("which_therapies_target_gene", {"target": "http://example.org/> } DELETE {"}, "is not an IRI"),
        ("which_therapies_target_gene", {"target": "MSLM"}, "nothing is called 'MSLM'; did you mean MSLN?"),
        ("which_therapies_target_gene", {"target": "mkg:trial-1"}, "'mkg:trial-1' (first trial, trial) is none of the values that this question has an answer for (a gene or antigen); there are MSLN"),
        ("which_therapies_target_gene", {"target": "first trial"}, "'first trial' (mkg:trial-1, trial) is none of the values"),
        ("which_therapies_target_gene", {"target": "HGNC:99999999"}, "'HGNC:99999999' is not in this graph, and is none of the values"),
        ("which_therapies_target_gene", {"target": "https://example.org/nothing"}, "is not in this graph"),
        ("what_does_source_say", {"source": "mkg:trial-1"}, "is none of the values that this question has an answer for (a publication, registry record or web page)"),
        ("what_does_source_say", {"source": "PMID:999"}, "nothing is called 'PMID:999'"),
        ("what_is_the_chain_of_effects", {"therapy": "mkg:therapie-ad"}, "is not in this graph, and is none of the values that this question has an answer for (a therapy); did you mean mkg:therapy-ad"),
        ("what_is_the_chain_of_effects", {"therapy": entity("therapie", "ad")}, "is not in this graph, and is none of the values that this question has an answer for (a therapy); did you mean mkg:therapy-ad"),
        ("which_therapies_target_gene", {"target": None}, "None is no value; leave the parameter out"),
        ("which_therapies_target_gene", {"target": "MSLN\udcff"}, "'MSLN\\udcff' holds a character that is not text"),
    ],
)
def test_a_bad_parameter_is_explained(question: str, values: dict[str, str | None], message: str, small: EmbeddedStore) -> None:
    with pytest.raises(UsageError, match=re.escape(message)):
        ask(find_question(question), small, values)


def test_a_thing_of_the_right_kind_without_an_answer_is_told_where_no_row_comes(small: EmbeddedStore) -> None:
    told: list[str] = []
    question = find_question("which_therapies_target_gene")
    assert len(ask(question, small, {"target": "IFNB1"}, told.append)) == 0
    assert len(told) == 1 and "'IFNB1' (HGNC:5434, gene of interest) is none of the values" in told[0] and "there are MSLN" in told[0]
    with pytest.warns(UserWarning, match="is none of the values"):
        ask(question, small, {"target": "IFNB1"})
    told.clear()
    # this question has a row that says what is missing
    assert len(ask(find_question("what_is_the_chain_of_effects"), small, {"therapy": "mkg:therapy-car"}, told.append)) > 0
    assert told == []


def test_a_text_that_the_graph_does_not_have_is_told_where_no_row_comes(tmp_path: Path, small: EmbeddedStore) -> None:
    question, told = read_question(_written(tmp_path, _GOOD)), []
    assert len(ask(question, small, {"phase": "2"}, told.append)) == 1 and told == []
    assert len(ask(question, small, {"phase": "9"}, told.append)) == 0
    assert len(told) == 1 and "parameter phase: '9' is none of the values that this question has an answer for (a phase); there are 1" in told[0]


@pytest.mark.parametrize("text", ["PMID:1", "pmid: 1", "1", "https://pubmed.ncbi.nlm.nih.gov/1/", "mkg:publication-1", "10.1000/AB.1", "doi:10.1000/ab.1", "https://doi.org/10.1000/ab.1"])
def test_a_source_may_be_named_by_its_number(text: str, small: EmbeddedStore) -> None:
    store = EmbeddedStore()
    store.add([*small.oxigraph, ox.Quad(ox.NamedNode(entity("publication", "1")), ox.NamedNode(term("doi")), ox.Literal("10.1000/ab.1"))])
    assert f"<{entity('publication', '1')}>" in bind(QUESTIONS["what_does_source_say"], {"source": text}, store).sparql


def test_a_number_of_a_publication_is_none_of_another_kind(small: EmbeddedStore) -> None:
    with pytest.raises(UsageError, match=r"'PMID:1' \(mkg:publication-1, Paper 1, .*\) is none of the values"):
        bind(QUESTIONS["which_therapies_target_gene"], {"target": "PMID:1"}, small)


def test_a_value_may_be_an_id_a_symbol_or_a_label(small: EmbeddedStore) -> None:
    question = find_question("which_therapies_target_gene")
    answers = [ask(question, small, {"target": value}).rows for value in ("HGNC:7371", "MSLN", "msln", "http://identifiers.org/hgnc/7371")]
    assert answers[0] and all(rows == answers[0] for rows in answers)


@pytest.mark.parametrize("number", ["NCT1", "nct1", "EU 1"])
def test_a_registry_number_names_the_trial_or_its_record_as_the_question_asks(number: str, small: EmbeddedStore) -> None:
    by_number, by_id = (ask(QUESTIONS["what_did_trial_report"], small, {"trial": one}).rows for one in (number, "mkg:trial-1"))
    assert by_number and by_number == by_id
    record = "mkg:record-1-eu" if number == "EU 1" else "mkg:record-1"
    cites = ox.Quad(ox.NamedNode(entity("assertion", "1")), ox.NamedNode(term("source")), ox.NamedNode(expand(record)))
    store = EmbeddedStore()
    store.add([*small.oxigraph, cites])
    by_number, by_id = (bind(QUESTIONS["what_does_source_say"], {"source": one}, store).sparql for one in (number, record))
    assert by_number == by_id


def test_a_number_of_a_record_of_no_trial_names_the_record() -> None:
    store = EmbeddedStore()
    record = ox.NamedNode(entity("record", "lonely"))
    store.add([ox.Quad(record, ox.NamedNode(term("registryIdentifier")), ox.Literal("NCT77"))])
    assert str(record) in bind(QUESTIONS["what_does_source_say"], {"source": "NCT77"}, store).sparql


def test_a_name_of_a_gene_and_of_its_product_means_what_the_question_asks_for() -> None:
    name, form_of = ox.NamedNode("http://www.w3.org/2000/01/rdf-schema#label"), ox.NamedNode("https://w3id.org/mesokg/ontology/formOf")
    gene, form = ox.NamedNode("http://identifiers.org/hgnc/1050"), ox.NamedNode("https://w3id.org/mesokg/id/form-bid")
    store = EmbeddedStore()
    store.add([ox.Quad(gene, name, ox.Literal("BID")), ox.Quad(form, name, ox.Literal("BID")), ox.Quad(form, form_of, gene)])
    assert "HGNC:1050" in bind(find_question("what_did_experiments_show_of_gene"), {"gene": "BID"}, store).sparql.replace(f"<{gene.value}>", "HGNC:1050")
    store.add([ox.Quad(form, form_of, form)])
    with pytest.raises(UsageError, match="'BID' names 2 things"):
        bind(find_question("what_did_experiments_show_of_gene"), {"gene": "BID"}, store)


def test_every_block_of_a_parameter_is_replaced(tmp_path: Path, small: EmbeddedStore) -> None:
    text = _GOOD.replace("} ORDER", '  { SELECT ?trial WHERE { VALUES ?phase { "1" } ?trial mesokg:phase/skos:notation ?phase } }\n} ORDER')
    question = bind(read_question(_written(tmp_path, text)), {"phase": "2"}, small)
    assert question.sparql.count('VALUES ?phase { "2" }') == 2


_CRAFTED = ['" } } INSERT DATA { <a:b> <a:b> <a:b> } #', "\\", '\\"', "'''", '"""', "\n} UNION { ?s ?p ?o", "\\u0022 }", "{}", "}}", "?trial", "\x07", "1\\g<0>", "\\1"]


@given(st.one_of(st.sampled_from(_CRAFTED), st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=60)))
@example('" } } DELETE WHERE { ?s ?p ?o } #')
def test_a_text_value_is_bound_as_a_term_whatever_it_holds(value: str) -> None:
    store = EmbeddedStore()
    store.add([ox.Quad(ox.NamedNode("http://example.org/hit"), ox.NamedNode("http://example.org/says"), ox.Literal(value))])
    store.add([ox.Quad(ox.NamedNode("http://example.org/other"), ox.NamedNode("http://example.org/says"), ox.Literal(value + "x"))])
    sparql = 'SELECT ?thing ?words WHERE { VALUES ?words { "none" } ?thing <http://example.org/says> ?words } ORDER BY ?thing'
    parameter = QUESTIONS["which_therapies_target_gene"].parameters[0]
    question = Question("q", "?", "", (), "facts", (type(parameter)("words", "text", "", '"none"'),), sparql, Path("q.rq"))
    assert [(row[0].value, row[1].value) for row in ask(question, store, {"words": value})] == [("http://example.org/hit", value)]  # type: ignore[union-attr]
    assert len(store.oxigraph) == 2


_VALUE = st.one_of(
    st.sampled_from([
        "VALUES ?second { }", "VALUES ?second {  }", 'VALUES ?third { "x" }', ' } ?thing ?anyp ?anyo VALUES ?z { ', '" } ?thing ?anyp ?anyo VALUES ?z { "',
        "VALUES ?first { VALUES ?second { } }", *_CRAFTED,
    ]),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=40),
)  # fmt: skip


def _with_texts(*names: str) -> tuple[Question, EmbeddedStore]:
    """A question that gives back its parameters, each beside a thing that says none of them."""
    parameter = type(QUESTIONS["which_therapies_target_gene"].parameters[0])
    blocks = " ".join(f'VALUES ?{name} {{ "none" }}' for name in names)
    again = f'{{ SELECT ?{names[0]} WHERE {{ VALUES ?{names[0]} {{ "none" }} }} }}'
    sparql = f"SELECT {' '.join('?' + name for name in names)} WHERE {{ {blocks} {again} }} ORDER BY ?{names[0]}"
    store = EmbeddedStore()
    store.add([ox.Quad(ox.NamedNode("http://example.org/secret"), ox.NamedNode("http://example.org/says"), ox.Literal("secret"))])
    return Question("q", "?", "", (), "facts", tuple(parameter(name, "text", "", '"none"') for name in names), sparql, Path("q.rq")), store


@settings(deadline=None)
@given(st.lists(_VALUE, min_size=2, max_size=3))
@example(["VALUES ?second { }", " } ?thing ?anyp ?anyo VALUES ?z { "])
@example(["VALUES ?third { }", "VALUES ?first { }", " } ?thing ?anyp ?anyo VALUES ?z { "])
@example([' } ?thing ?anyp ?anyo VALUES ?z { ', "VALUES ?first { }"])
def test_no_value_escapes_into_the_place_of_another(values: list[str]) -> None:
    names = ("first", "second", "third")[: len(values)]
    question, store = _with_texts(*names)
    for order in (names, names[::-1]):
        setting = {name: values[names.index(name)] for name in order}
        answer = ask(question, store, setting)
        assert [tuple(cell.value for cell in row) for row in answer.rows] == [tuple(values)]  # type: ignore[union-attr]


@settings(deadline=None)
@given(_VALUE, _VALUE, _VALUE)
@example("VALUES ?second { }", " } ?thing ?anyp ?anyo VALUES ?z { ", "x")
def test_a_bound_question_may_be_bound_again(one: str, two: str, three: str) -> None:
    question, store = _with_texts("first", "second")
    again = bind(bind(bind(question, {"first": one}, store), {"second": two}, store), {"first": three}, store)
    assert [tuple(cell.value for cell in row) for row in store.query(again.sparql)] == [(three, two)]  # type: ignore[union-attr]


def test_a_default_may_hold_brackets_and_a_comment_holds_none(tmp_path: Path, small: EmbeddedStore) -> None:
    text = _GOOD.replace('VALUES ?phase { "1" }', 'VALUES ?phase { "}{" } # not VALUES ?phase { "3" }')
    question = read_question(_written(tmp_path, text))
    assert question.parameters[0].default == '"}{"'
    assert 'VALUES ?phase { "2" } # not VALUES ?phase { "3" }' in bind(question, {"phase": "2"}, small).sparql


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=60), st.sampled_from(["integer", "decimal", "date", "thing"]))
def test_a_typed_value_fits_or_is_refused(value: str, kind: str) -> None:
    parameter = QUESTIONS["which_therapies_target_gene"].parameters[0]
    sparql = "SELECT ?words WHERE { VALUES ?words { 1 } } ORDER BY ?words"
    question = Question("q", "?", "", (), "facts", (type(parameter)("words", kind, "", "1"),), sparql, Path("q.rq"))
    try:
        found = ask(question, EmbeddedStore(), {"words": value})
    except (UsageError, QueryError):
        return
    assert len(found) == 1


# ---------------------------------------------------------------- completion


def test_names_are_completed() -> None:
    assert complete_question("which_therapies_t") == ["which_therapies_target_gene", "which_therapies_trigger_cell_death"]
    assert complete_question("zzz") == []


def test_parameters_and_values_are_completed(small: EmbeddedStore) -> None:
    question = find_question("which_therapies_target_gene")
    assert complete_setting(question, "ta") == [("target=", "a gene or antigen")]
    assert complete_setting(question, "target=m", small) == [("target=MSLN", "MSLN")]
    assert complete_setting(question, "target=HGNC:7", small) == [("target=HGNC:7371", "MSLN")]
    assert complete_setting(find_question("which_trials_study_disease"), "kind=Pleural", small) == [("kind=MONDO:0005112", "pleural mesothelioma")]
    assert complete_setting(question, "target=m") == []
    assert complete_setting(question, "other=", small) == []


@pytest.mark.parametrize("name", [name for name in NAMES if QUESTIONS[name].parameters])
def test_every_parameter_but_dates_can_be_completed(name: str, small: EmbeddedStore) -> None:
    for parameter in QUESTIONS[name].parameters:
        assert parameter.type == "date" or complete_setting(QUESTIONS[name], f"{parameter.name}=", small)


@pytest.mark.parametrize("name", [name for name in NAMES if QUESTIONS[name].parameters])
def test_every_value_that_is_offered_is_taken(name: str, built: EmbeddedStore) -> None:
    """A gene and its product may bear one symbol; then their ids are offered."""
    for parameter in QUESTIONS[name].parameters:
        for offered, _ in complete_setting(QUESTIONS[name], f"{parameter.name}=", built):
            bind(QUESTIONS[name], {parameter.name: offered.partition("=")[2]}, built)


# ---------------------------------------------------------------- Python and publishing


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ox.Store]:
    from mesokg.questions_rdf import write_queries

    path = tmp_path_factory.mktemp("published") / "queries.ttl"
    write_queries(path)
    store = ox.Store()
    store.load(path=str(path), format=ox.RdfFormat.TURTLE)
    yield store


def test_the_library_is_published_with_every_query(published: ox.Store) -> None:
    rows = published.query(
        """PREFIX sh: <http://www.w3.org/ns/shacl#> PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#> PREFIX schema: <https://schema.org/>
        SELECT ?query ?comment (COUNT(?keyword) AS ?keywords) WHERE {
          ?example a sh:SPARQLExecutable , sh:SPARQLSelectExecutable ; sh:prefixes ?prefixes ; sh:select ?query ; rdfs:comment ?comment ;
                   schema:keywords ?keyword ; schema:target ?target .
        } GROUP BY ?query ?comment"""
    )
    assert {row["query"].value for row in rows} == {re.sub(r"^(#\+.*\n)*\n", "", question.sparql) for question in QUESTIONS.values()}


def test_published_prefixes_make_queries_run(published: ox.Store) -> None:
    rows = published.query(
        """PREFIX sh: <http://www.w3.org/ns/shacl#>
        SELECT DISTINCT ?prefix ?namespace WHERE { ?any sh:prefixes/sh:declare ?one . ?one sh:prefix ?prefix ; sh:namespace ?namespace }"""
    )
    declared = {row["prefix"].value: row["namespace"].value for row in rows}
    assert declared["mesokg"] == "https://w3id.org/mesokg/ontology/"


_FORM = r"""
@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
@prefix schema: <https://schema.org/> .

[] a sh:NodeShape ; sh:targetClass sh:SPARQLExecutable ;
  sh:property [ sh:path [ sh:alternativePath ( sh:select sh:ask sh:construct ) ] ; sh:minCount 1 ; sh:maxCount 1 ; sh:datatype xsd:string ] ,
    [ sh:path rdfs:comment ; sh:minCount 1 ; sh:maxCount 1 ; sh:datatype rdf:langString ] ,
    [ sh:path schema:target ; sh:minCount 1 ; sh:nodeKind sh:IRI ] ,
    [ sh:path schema:keywords ; sh:minCount 1 ; sh:datatype xsd:string ; sh:pattern "^\\S.*\\S$" ] ,
    [ sh:path sh:prefixes ; sh:minCount 1 ; sh:maxCount 1 ; sh:nodeKind sh:IRI ] ,
    [ sh:path rdf:type ; sh:hasValue sh:SPARQLSelectExecutable ] .

[] a sh:NodeShape ; sh:targetObjectsOf sh:prefixes ; sh:property [ sh:path sh:declare ; sh:minCount 1 ] .
[] a sh:NodeShape ; sh:targetObjectsOf sh:declare ;
  sh:property [ sh:path sh:prefix ; sh:minCount 1 ; sh:maxCount 1 ; sh:datatype xsd:string ] ,
    [ sh:path sh:namespace ; sh:minCount 1 ; sh:maxCount 1 ; sh:datatype xsd:anyURI ] .
"""
"""What SIB's tools and editor ask of a collection of examples, in words of our own."""


def _conforms(text: str) -> bool:
    import pyshacl
    import rdflib

    shapes = rdflib.Graph().parse(data=_FORM, format="turtle")
    return pyshacl.validate(rdflib.Graph().parse(data=text, format="turtle"), shacl_graph=shapes)[0]


def test_the_library_has_the_form_of_sib(tmp_path: Path) -> None:
    from mesokg.questions_rdf import write_queries

    write_queries(tmp_path / "queries.ttl")
    text = (tmp_path / "queries.ttl").read_text(encoding="utf-8")
    assert _conforms(text)
    for wrong in (("schema:keywords", "schema:keyword"), ("rdfs:comment", "dcterms:comment"), ("schema:target", "schema:url"), ("sh:namespace", "sh:name")):
        assert wrong[0] in text
        assert not _conforms(text.replace(*wrong)), wrong


def test_an_editor_finds_examples_and_prefixes(published: ox.Store) -> None:
    """The two queries with which SIB's editor fills its list of examples and its prefixes."""
    head = "PREFIX sh: <http://www.w3.org/ns/shacl#> PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#> "
    examples = published.query(head + "SELECT ?sq ?comment ?query WHERE { ?sq a sh:SPARQLExecutable ; rdfs:comment ?comment ; sh:select|sh:ask|sh:construct ?query } ORDER BY ?sq")
    assert sorted(row["comment"].value for row in examples) == sorted(question.title for question in QUESTIONS.values())
    prefixes = [row["prefix"].value for row in published.query(head + "SELECT ?prefix ?namespace WHERE { ?one sh:namespace ?namespace ; sh:prefix ?prefix } ORDER BY ?prefix")]
    assert len(prefixes) == len(set(prefixes))
    used = {prefix for question in QUESTIONS.values() for prefix in re.findall(r"^PREFIX (\w+):", question.sparql, re.MULTILINE)}
    assert used <= set(prefixes)


def test_publishing_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    from mesokg.questions_rdf import write_queries

    write_queries(tmp_path / "a.ttl")
    write_queries(tmp_path / "b.ttl")
    assert (tmp_path / "a.ttl").read_bytes() == (tmp_path / "b.ttl").read_bytes()


def test_void_counts_every_class_and_property(real_store: EmbeddedStore) -> None:
    """Editors complete classes and properties from the partitions: each is there, with its number in all graphs but this one."""
    metadata = ox.NamedNode(engines.GRAPH + "metadata")
    wanted: dict[tuple[str, str], int] = {}
    for quad in real_store.oxigraph:
        if quad.graph_name != metadata:
            names = [("property", quad.predicate)] + [("class", quad.object)] * (quad.predicate.value.endswith("22-rdf-syntax-ns#type"))
            for kind, name in names:
                if isinstance(name, ox.NamedNode):
                    wanted[kind, name.value] = wanted.get((kind, name.value), 0) + 1
    told = real_store.query(
        """PREFIX void: <http://rdfs.org/ns/void#> SELECT ?class ?property ?number WHERE {
          { ?dataset a void:Dataset ; void:classPartition ?part . ?part void:class ?class ; void:entities ?number }
          UNION { ?dataset a void:Dataset ; void:propertyPartition ?part . ?part void:property ?property ; void:triples ?number }
        }"""
    )
    found = {("class", c.value) if c is not None else ("property", p.value): int(n.value) for c, p, n in told}  # type: ignore[union-attr]
    assert found == wanted


def test_a_page_per_question(tmp_path: Path, small: EmbeddedStore) -> None:
    from mesokg.questions_rdf import write_pages

    write_pages(tmp_path, small)
    assert sorted(path.stem for path in tmp_path.glob("*.html")) == sorted([*NAMES, "index"])
    page = (tmp_path / "which_therapies_target_gene.html").read_text(encoding="utf-8")
    assert "<svg" in page and "CAR T" in page and "SELECT DISTINCT" in page


def test_a_notebook_is_told_of_values_that_have_no_answer(small: EmbeddedStore) -> None:
    from mesokg.api import KnowledgeGraph

    graph = KnowledgeGraph(small)
    assert len(graph.query("which_therapies_target_gene", target="MSLN"))
    for value, message in ((None, "None is no value"), ("mkg:trial-1", "is none of the values"), ("HGNC:99999999", "is not in this graph")):
        with pytest.raises(UsageError, match=message):
            graph.query("which_therapies_target_gene", target=value)


def test_a_notebook_is_warned_at_its_own_line(small: EmbeddedStore) -> None:
    from mesokg.api import KnowledgeGraph

    name, values = "which_therapies_target_gene", {"target": "IFNB1"}
    for asking in (lambda: KnowledgeGraph(small).query(name, **values), lambda: ask(QUESTIONS[name], small, values)):
        with pytest.warns(UserWarning, match="is none of the values") as caught:
            asking()
        assert [warning.filename for warning in caught] == [__file__]


def test_an_answer_in_a_notebook_and_as_a_frame(small: EmbeddedStore) -> None:
    from mesokg.api import KnowledgeGraph

    table = KnowledgeGraph(small).query("what_response_rates_were_reported")
    assert "<caption>What response and disease control rates" in table._repr_html_()
    frame = table.to_pandas()
    rates = frame[frame["measure"] == "objective response rate"]
    assert (22.2, 2) in set(zip(rates["percent"], rates["numerator"], strict=True))
