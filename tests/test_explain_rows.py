"""What sources say behind a row of an answer: on a world written by hand, and on the graph of the curated tables."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import pyoxigraph as ox
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent / "questions"))

import engines

from mesokg.answers import plain
from mesokg.explain_rows import Evidence
from mesokg.questions import ask, bind, evidence_behind, find_question
from mesokg.store import EmbeddedStore

MKG = "https://w3id.org/mesokg/id/"
Told = set[tuple[str, str, str, str]]


def told(rows: list[tuple[object, ...]]) -> Told:
    """Subject, property, value and source of what is behind a row, each as people read it."""
    return {tuple(plain(cell).removeprefix("mesokg:").removeprefix("mkg:") for cell in row[:4]) for row in rows}  # type: ignore[misc]


# ---------------------------------------------------------------- a world written by hand

_WORLD = """
@prefix mesokg: <https://w3id.org/mesokg/ontology/> .
@prefix mkg: <https://w3id.org/mesokg/id/> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .

mkg:trial-a a mesokg:Trial ; rdfs:label "trial A" ; mesokg:investigates mkg:therapy-x .
mkg:trial-b a mesokg:Trial ; rdfs:label "trial B" ; mesokg:investigates mkg:therapy-x .
mkg:therapy-x a mesokg:Therapy ; rdfs:label "X" .
mkg:arm-a a mesokg:Arm ; rdfs:label "arm A" ; mesokg:armOf mkg:trial-a .
mkg:arm-control a mesokg:Arm ; rdfs:label "control of A" ; mesokg:armOf mkg:trial-a .
mkg:arm-b a mesokg:Arm ; rdfs:label "arm B" ; mesokg:armOf mkg:trial-b .
mkg:paper a mesokg:Publication ; rdfs:label "Paper" .
mkg:review a mesokg:Publication ; rdfs:label "Review" .

# two responses of one arm, told by two sources; one of a control; and one of another trial with the same numbers
mkg:response-a a mesokg:Outcome ; mesokg:outcomeOf mkg:trial-a ; mesokg:inArm mkg:arm-a ; mesokg:measure mesokg:measureObjectiveResponseRate ;
  mesokg:hasMeasurement mkg:measured-a , mkg:measured-a-review .
mkg:measured-a a mesokg:OutcomeMeasurement ; mesokg:numerator 3 ; mesokg:denominator 7 .
mkg:measured-a-review a mesokg:OutcomeMeasurement ; mesokg:numerator 2 ; mesokg:denominator 7 .
mkg:survival-a a mesokg:Outcome ; mesokg:outcomeOf mkg:trial-a ; mesokg:inArm mkg:arm-a ; mesokg:measure mesokg:measureMedianOverallSurvival ;
  mesokg:subgroup "epithelioid" ; mesokg:hasMeasurement mkg:months-a .
mkg:months-a a mesokg:OutcomeMeasurement ; mesokg:value 14.0 .
mkg:survival-control a mesokg:Outcome ; mesokg:outcomeOf mkg:trial-a ; mesokg:inArm mkg:arm-control ; mesokg:measure mesokg:measureMedianOverallSurvival ;
  mesokg:subgroup "epithelioid" ; mesokg:hasMeasurement mkg:months-control .
mkg:months-control a mesokg:OutcomeMeasurement ; mesokg:value 10.0 .
mkg:response-b a mesokg:Outcome ; mesokg:outcomeOf mkg:trial-b ; mesokg:inArm mkg:arm-b ; mesokg:measure mesokg:measureObjectiveResponseRate ;
  mesokg:hasMeasurement mkg:measured-b .
mkg:measured-b a mesokg:OutcomeMeasurement ; mesokg:numerator 3 ; mesokg:denominator 7 .
mkg:tolerance-a a mesokg:Outcome ; mesokg:outcomeOf mkg:trial-a ; mesokg:inArm mkg:arm-a ; mesokg:measure mesokg:measureMaximumToleratedDose ;
  mesokg:hasMeasurement mkg:tolerated-a .
mkg:tolerated-a a mesokg:OutcomeMeasurement ; mesokg:valueText "not reached" .
"""

_CLAIMS = [
    ("arm-a", "armOf", "mkg:trial-a", "paper"), ("arm-b", "armOf", "mkg:trial-b", "paper"),
    ("response-a", "outcomeOf", "mkg:trial-a", "paper"), ("response-a", "inArm", "mkg:arm-a", "paper"), ("response-a", "measure", "mesokg:measureObjectiveResponseRate", "paper"),
    ("response-a", "hasMeasurement", "mkg:measured-a", "paper"), ("measured-a", "numerator", "3", "paper"), ("measured-a", "denominator", "7", "paper"),
    ("response-a", "hasMeasurement", "mkg:measured-a-review", "review"), ("measured-a-review", "numerator", "2", "review"), ("measured-a-review", "denominator", "7", "review"),
    ("survival-a", "hasMeasurement", "mkg:months-a", "paper"), ("months-a", "value", "14.0", "paper"), ("survival-a", "inArm", "mkg:arm-a", "paper"),
    ("survival-control", "hasMeasurement", "mkg:months-control", "paper"), ("months-control", "value", "10.0", "paper"), ("survival-control", "inArm", "mkg:arm-control", "paper"),
    ("response-b", "hasMeasurement", "mkg:measured-b", "paper"), ("measured-b", "numerator", "3", "paper"), ("measured-b", "denominator", "7", "paper"),
    ("tolerance-a", "hasMeasurement", "mkg:tolerated-a", "paper"), ("tolerated-a", "valueText", '"not reached"', "paper"),
    # what bare numbers and short words must not be taken for
    ("trial-a", "mesotheliomaParticipants", "7", "paper"), ("trial-b", "mesotheliomaParticipants", "7", "paper"), ("arm-a", "armSize", "7", "paper"),
    ("trial-a", "primaryEndpoint", '"maximum tolerated dose"', "paper"), ("trial-b", "enrolmentActual", "3", "review"), ("trial-a", "statusAsReported", '"yes"', "paper"),
]  # fmt: skip


@pytest.fixture(scope="module")
def world() -> EmbeddedStore:
    store = EmbeddedStore()
    store.load(engines.ROOT / "ontology" / "mesokg.ttl", graph=engines.GRAPH + "ontology")
    claims = "".join(
        f"mkg:claim-{number} a mesokg:Assertion ; mesokg:subject mkg:{subject} ; mesokg:predicate mesokg:{predicate} ; mesokg:object {value} ; mesokg:source mkg:{source} ;"
        ' mesokg:locator "table 1" ; mesokg:evidenceLevel mesokg:evidenceSingleArmTrial ; mesokg:negated false .\n'
        for number, (subject, predicate, value, source) in enumerate(_CLAIMS)
    )
    store.oxigraph.load(input=(_WORLD + claims).encode(), format=ox.RdfFormat.TURTLE, to_graph=ox.NamedNode(engines.GRAPH + "facts"))
    return store


def cells(*texts: object) -> list[object]:
    """Terms of a row: ids without prefix, numbers, and texts in quotation marks."""
    found: list[object] = []
    for text in texts:
        if isinstance(text, int | float):
            found.append(ox.Literal(text) if isinstance(text, int) else ox.Literal(str(text), datatype=ox.NamedNode("http://www.w3.org/2001/XMLSchema#decimal")))
        else:
            found.append(ox.Literal(str(text)[1:-1]) if str(text).startswith('"') else ox.NamedNode(MKG + str(text)))
    return found


_RATES = 'SELECT ?trial ?arm ?measure ?n ?of { ?o mesokg:outcomeOf ?trial ; mesokg:inArm ?arm ; mesokg:measure/skos:notation ?measure ; mesokg:hasMeasurement ?m . ?m mesokg:numerator ?n ; mesokg:denominator ?of }'


@pytest.mark.parametrize("sparql", ["", _RATES])
def test_numbers_of_a_row_are_those_of_the_outcome_between_its_things(world: EmbeddedStore, sparql: str) -> None:
    row = cells("trial-a", '"trial A"', "arm-a", '"objective response rate"', 3, 7, 42.9)
    assert told(evidence_behind(row, world, sparql).rows) == {
        ("arm-a", "armOf", "trial-a", "paper"), ("response-a", "outcomeOf", "trial-a", "paper"), ("response-a", "inArm", "arm-a", "paper"),
        ("response-a", "measure", "measureObjectiveResponseRate", "paper"), ("response-a", "hasMeasurement", "measured-a", "paper"),
        ("measured-a", "numerator", "3", "paper"), ("measured-a", "denominator", "7", "paper"),
    }  # fmt: skip


@pytest.mark.parametrize("sparql", ["", _RATES])
def test_a_row_with_a_source_rests_on_what_that_source_says(world: EmbeddedStore, sparql: str) -> None:
    row = cells("trial-a", "arm-a", '"objective response rate"', 2, 7, "review")
    assert told(evidence_behind(row, world, sparql).rows) == {
        # nobody else than the paper says whose arm it is
        ("arm-a", "armOf", "trial-a", "paper"),
        ("response-a", "hasMeasurement", "measured-a-review", "review"), ("measured-a-review", "numerator", "2", "review"), ("measured-a-review", "denominator", "7", "review"),
    }  # fmt: skip


def test_a_text_that_an_outcome_explains_is_not_looked_for_in_other_fields(world: EmbeddedStore) -> None:
    found = told(evidence_behind(cells("trial-a", "arm-a", '"maximum tolerated dose"', '"not reached"'), world).rows)
    assert ("tolerated-a", "valueText", "not reached", "paper") in found
    assert "primaryEndpoint" not in {one[1] for one in found}


def test_a_comparator_of_a_row_is_traced_too(world: EmbeddedStore) -> None:
    row = cells("trial-a", "arm-a", "arm-control", 10.0, '"epithelioid"', '"median overall survival"', 14.0)
    assert {(one[0], one[2]) for one in told(evidence_behind(row, world).rows) if one[1] == "value"} == {("months-a", "14"), ("months-control", "10")}


def test_a_claim_about_a_therapy_rests_on_the_outcomes_of_its_trials(world: EmbeddedStore) -> None:
    sparql = 'SELECT ?therapy ?claim (COUNT(?m) AS ?n) { VALUES (?measure ?claim) { (mesokg:measureObjectiveResponseRate "tumours that shrank") } ?o mesokg:measure ?measure }'
    row = cells("therapy-x", '"tumours that shrank"', 1)
    measured = {one[0] for one in told(evidence_behind(row, world, sparql).rows) if one[1] == "numerator"}
    assert measured == {"measured-a", "measured-a-review", "measured-b"}
    assert evidence_behind(row, world).rows == ()


@pytest.mark.parametrize("row", [("trial-b", '"nothing known of such events"'), ("therapy-x", 3, 7), ("trial-a", '"yes"'), ("paper", 7), ("trial-b", "paper", 3)])
def test_bare_numbers_and_short_words_prove_nothing(world: EmbeddedStore, row: tuple[object, ...]) -> None:
    assert told(evidence_behind(cells(*row), world).rows) == set()


def test_a_query_tells_which_number_is_meant(world: EmbeddedStore) -> None:
    row = cells("trial-a", 7)
    for name in ("mesotheliomaParticipants", "enrolmentActual"):
        found = told(evidence_behind(row, world, f"SELECT ?trial ?n {{ ?trial mesokg:{name} ?n }}").rows)
        assert found == ({("trial-a", name, "7", "paper")} if name == "mesotheliomaParticipants" else set())


@pytest.mark.parametrize(
    ("sparql", "asks"),
    [
        ("SELECT ?trial { ?trial mesokg:armSize ?n FILTER(!?n) ?trial mesokg:phase ?p }", False),
        ("SELECT ?trial { { SELECT DISTINCT ?trial ?n { ?trial mesokg:phase ?n } } }", False),
        ("SELECT ?trial { VALUES ?x { 1 } VALUES (?y ?z) { (1 2) } GRAPH ?g { ?trial a mesokg:Trial } BIND(1 AS ?w) }", False),
        ("SELECT ?trial { ?trial ?way ?n }", True),
        ("SELECT ?trial { ?trial a mesokg:Trial ; ?way ?n }", True),
        ("SELECT ?n { mkg:trial-a ?way ?n }", True),
        ("SELECT ?n { <https://w3id.org/mesokg/id/trial-a> ?way ?n }", True),
        ("SELECT ?n { ?claim mesokg:predicate ?way ; mesokg:object ?n }", True),
        ("SELECT ?n { ?claim mesokg:predicate $way ; mesokg:object ?n }", True),
        ("SELECT ?trial { $trial $way $n }", True),
        ("SELECT ?trial { ?trial mesokg:phase ?p FILTER(BOUND(?p)) ?trial ?way ?n }", True),
        ("SELECT ?trial { FILTER(true) <https://w3id.org/mesokg/id/trial-a> ?way ?n }", True),
        ("SELECT ?trial { _:any ?way ?n }", True),
        ("SELECT ?trial { [ ?way ?n ] mesokg:phase ?p }", True),
        ("SELECT (COUNT(?x) AS ?trial) ?m ?n WHERE { ?trial mesokg:phase ?n } GROUP BY (1 AS ?o) ?m ?n ?p ORDER BY DESC(?trial) ?m ?n ?p", False),
    ],
)
def test_a_query_that_asks_for_any_property_is_known(world: EmbeddedStore, sparql: str, asks: bool) -> None:
    found = told(Evidence(world, sparql).behind(cells("trial-a", 7)))
    assert found == ({("trial-a", "mesotheliomaParticipants", "7", "paper")} if asks else set())


def test_one_reader_of_evidence_serves_all_rows(world: EmbeddedStore) -> None:
    rows = [cells("trial-a", "arm-a", '"objective response rate"', 3, 7), cells("trial-b", "arm-b", '"objective response rate"', 3, 7), cells("trial-a", "arm-a", '"maximum tolerated dose"')]
    evidence = Evidence(world)
    assert [evidence.behind(row) for row in rows * 2] == [Evidence(world).behind(row) for row in rows * 2]


# ---------------------------------------------------------------- the small world of the questions


@pytest.fixture(scope="module")
def small() -> EmbeddedStore:
    return engines.small_world()


def test_the_evidence_behind_a_row(small: EmbeddedStore) -> None:
    question = find_question("what_is_the_chain_of_effects")
    answer = ask(question, small, engines.settings()[question.name])
    found = evidence_behind(answer.rows[0], small)
    assert [(row[3].value, row[5].value) for row in found] == [("https://w3id.org/mesokg/id/publication-1", "text")]  # type: ignore[union-attr]
    assert len(evidence_behind([None, ox.Literal("alone")], small)) == 0


def test_what_no_source_says_of_a_row_is_no_evidence(small: EmbeddedStore) -> None:
    """The trial's label reads like a value of the other trial; that is no evidence."""
    mkg = "https://w3id.org/mesokg/id/"
    row = [ox.NamedNode(mkg + "therapy-ad"), ox.NamedNode(mkg + "trial-1"), ox.Literal("first trial"), None]
    store = EmbeddedStore()
    store.oxigraph = ox.Store()
    store.oxigraph.extend(small.oxigraph)
    quads = {
        "subject": ox.NamedNode(mkg + "therapy-ad"), "predicate": ox.NamedNode("https://w3id.org/mesokg/ontology/therapyDescription"),
        "object": ox.Literal("first trial"), "source": ox.NamedNode(mkg + "publication-1"), "locator": ox.Literal("title"),
        "negated": ox.Literal(False), "evidenceLevel": ox.NamedNode("https://w3id.org/mesokg/ontology/evidenceReview"),
    }  # fmt: skip
    store.add(ox.Quad(ox.NamedNode(mkg + "assertion-x"), ox.NamedNode("https://w3id.org/mesokg/ontology/" + name), value) for name, value in quads.items())
    found = [tuple(term.value if term is not None else "" for term in one) for one in evidence_behind(row, store)]  # type: ignore[union-attr]
    assert found == [
        (mkg + "trial-1", "https://w3id.org/mesokg/ontology/investigates", mkg + "therapy-ad", "", "stated", "curated tables", "no source of its own", "false")
    ]
    # the same description beside no trial of that name is evidence
    assert [one[3].value for one in evidence_behind([row[0], row[2]], store)] == [mkg + "publication-1"]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("graph", "words"),
    [
        ("inferred", ["inferred", "mesokg explain", "shows its premises"]),
        ("facts", ["stated", "curated tables", "no source of its own"]),
        ("evidence", ["stated", "the assertion itself", "no source of its own"]),
        ("ontology", ["stated", "ontology", "no source of its own"]),
        ("metadata", ["stated", "description of the dataset", "no source of its own"]),
        ("", ["stated or inferred", "mesokg explain", "shows which"]),
    ],
)
def test_a_triple_without_a_source_is_called_what_its_graph_says(graph: str, words: list[str]) -> None:
    store = EmbeddedStore()
    one, other = cells("assertion-1", "publication-1")
    store.add([ox.Quad(one, ox.NamedNode("https://w3id.org/mesokg/ontology/source"), other, ox.NamedNode(engines.GRAPH + graph) if graph else ox.DefaultGraph())])  # type: ignore[arg-type]
    ((*_, source, label, place, level, _),) = evidence_behind([one, other], store).rows
    assert source is None and [plain(word) for word in (label, place, level)] == words


# ---------------------------------------------------------------- the curated tables


def _rows(name: str, store: EmbeddedStore) -> list[tuple[dict[str, str], list[tuple[object, ...]]]]:
    """The rows of a question with what is behind them."""
    question = find_question(name)
    answer, evidence = ask(question, store), Evidence(store, bind(question, {}, store).sparql)
    return [({name: plain(cell) for name, cell in zip(answer.variables, row, strict=True)}, evidence.behind(row)) for row in answer.rows]


@pytest.mark.parametrize(
    ("name", "numbers"),
    [
        ("what_response_rates_were_reported", ("numerator", "denominator", "lowerLimit", "valueText")),
        ("which_severe_events_were_reported", ("numerator", "denominator", "value", "valueText")),
        ("which_doses_can_be_compared", ("responders", "respondersOf", "diseaseControlled", "doseLimitingToxicities", "valueText")),
        ("how_long_did_patients_live_by_histology", ("value", "numerator", "lowerLimit", "comparatorValue", "valueText")),
        ("what_was_measured_in_which_trial", ("value", "numerator", "denominator", "lowerLimit", "valueText")),
    ],
)
def test_every_number_of_a_result_stands_behind_its_row(name: str, numbers: tuple[str, ...], real_store: EmbeddedStore) -> None:
    tested = 0
    for row, behind in _rows(name, real_store):
        measured = [one for one in behind if plain(one[0]).startswith("mkg:measurement-")]
        values = {plain(one[2]).removesuffix(".0") for one in measured}
        for number in numbers:
            if row[number]:
                assert row[number].removesuffix(".0") in values, (number, row)
                tested += 1
        if measured:
            assert any(plain(one[1]) == "mesokg:hasMeasurement" for one in behind), row
            assert {plain(one[3]) for one in measured} <= ({row["source"]} if row.get("source") else {plain(one[3]) for one in measured}), row
        trials = {row["trial"]}
        assert {plain(one[0]) for one in behind if plain(one[0]).startswith("mkg:trial-")} <= trials, row
        assert not {plain(one[1]) for one in behind} & {"mesokg:mesotheliomaParticipants", "mesokg:armSize", "mesokg:primaryEndpoint"}, row
    assert tested > 20


def test_a_claim_of_efficacy_shows_its_measurements_or_steps(real_store: EmbeddedStore) -> None:
    tested = Counter[str]()
    for row, behind in _rows("what_is_the_strongest_evidence", real_store):
        names = {plain(one[1]) for one in behind}
        if row["claim"].startswith("mechanism: "):
            tested["mechanism"] += 1
            assert "mesokg:showsMechanism" in names, row
            assert "mesokg:claimsMechanism" not in names, row
        elif row["claim"] and not row["claim"].endswith("longer than with the comparator"):
            tested["measurement"] += 1
            assert "mesokg:hasMeasurement" in names and names & {"mesokg:numerator", "mesokg:value"}, row
    assert min(tested["mechanism"], tested["measurement"]) > 20, tested


@pytest.mark.parametrize(
    ("name", "field"),
    [("how_many_mesothelioma_patients_in_basket_trials", "mesotheliomaParticipants"), ("which_genes_are_altered_how_often", "numerator"), ("which_trials_stopped_and_why", "stopReason")],
)
def test_what_is_said_of_a_thing_of_the_row_stands_behind_it(name: str, field: str, real_store: EmbeddedStore) -> None:
    found = [(row, behind) for row, behind in _rows(name, real_store) if row.get(field) and row.get("trial", "a gene")]
    assert found
    for row, behind in found:
        assert row[field] in {plain(one[2]) for one in behind if plain(one[1]) == f"mesokg:{field}"}, row


def test_an_outranked_statement_is_marked_as_such(real_store: EmbeddedStore) -> None:
    query = """SELECT ?outcome ?measurement ?rank {
        ?said mesokg:predicate mesokg:hasMeasurement ; mesokg:subject ?outcome ; mesokg:object ?measurement ; mesokg:rank ?rank .
        { ?said mesokg:rank mesokg:rankDeprecated } UNION { ?other mesokg:subject ?outcome ; mesokg:object ?measurement ; mesokg:rank mesokg:rankPreferred }
    } ORDER BY ?outcome ?measurement"""
    ranks = {rank.value.rpartition("rank")[2]: [outcome, measurement] for outcome, measurement, rank in real_store.query(query)}  # type: ignore[union-attr]
    assert set(ranks) >= {"Deprecated", "Preferred"}
    for rank, things in ranks.items():
        links = [one for one in evidence_behind(things, real_store).rows if one[2] == things[1]]
        assert links
        assert all(one[6].value.endswith(", outranked") == (rank == "Deprecated") for one in links)  # type: ignore[union-attr]
