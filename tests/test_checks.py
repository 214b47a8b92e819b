"""Each whole-graph rule holds in a small graph and is broken alone by a small edit.

Edits, one per line: ``+ s p o`` adds a fact with its assertion, ``- s p o`` takes both away; ``+facts``, ``+inferred``,
``+ontology``, ``+evidence`` and ``-facts``, ``-evidence`` touch one graph; ``+claim s p o key=value …`` adds an assertion
alone, with other fields than the usual ones; ``?claim s p o`` stands for the node of the usual assertion.
"""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pyoxigraph as ox
import pytest

from mesokg.checks import Finding, find_breaches, read_checks
from mesokg.errors import VocabularyError
from mesokg.identifiers import PREFIXES, compact, content_hash, entity, graph_iri, term
from mesokg.resources import folder
from mesokg.vocabulary import read_vocabulary

BASE = Path(__file__).parent / "validation" / "rules_base.ttl"
HEADER = "".join(f"@prefix {name}: <{iri}> .\n" for name, iri in PREFIXES.items())
DAY = '"2019-03-01T00:00:00Z"^^xsd:dateTime'
USUAL = {
    "source": "mkg:publication-1", "rank": "mesokg:rankNormal", "negated": "false", "valueStatus": "mesokg:reported",
    "recordDate": DAY, "recordDatePrecision": "mesokg:precisionDay", "checkedOn": DAY, "checkedOnPrecision": "mesokg:precisionDay",
    "asOf": DAY, "asOfPrecision": "mesokg:precisionDay",
}

SHARED_CASES = """
outranked_assertion_emitted | +claim mkg:trial-1 mesokg:enrolmentActual 54 rank=mesokg:rankPreferred | mkg:trial-1 mesokg:enrolmentActual 53
outranked_assertion_emitted | +claim mkg:therapy-1 mesokg:hasConstruct mkg:construct-1 negated=true rank=mesokg:rankPreferred source=mkg:record-1 | mkg:therapy-1 mesokg:hasConstruct mkg:construct-1
"""
"""As CASES, of edits that break other rules too."""

# rule | edits | entity property value, as CURIEs; * stands for an assertion that the edit made
CASES = """
fact_without_assertion | +facts mkg:trial-1 mesokg:acronym "x" | mkg:trial-1 mesokg:acronym "x"
fact_without_assertion | -claims mkg:therapy-1 mesokg:hasConstruct mkg:construct-1 | mkg:therapy-1 mesokg:hasConstruct mkg:construct-1
fact_without_assertion | +facts mkg:therapy-1 skos:altLabel "x" | mkg:therapy-1 skos:altLabel "x"
assertion_without_source | + mkg:trial-1 mesokg:acronym "x" source= | * mesokg:source
assertion_with_two_sources | + mkg:trial-1 mesokg:acronym "x" source=mkg:publication-1,mkg:record-1 | * mesokg:source mkg:publication-1
best_ranked_assertion_not_emitted | +claim mkg:trial-1 mesokg:acronym "x" | mkg:trial-1 mesokg:acronym "x"
best_ranked_assertion_not_emitted | -facts mkg:trial-1 mesokg:enrolmentActual 53 | mkg:trial-1 mesokg:enrolmentActual 53
best_ranked_assertion_not_emitted | -facts mkg:trial-1 mesokg:enrolmentActual 53 ; + mkg:trial-1 mesokg:enrolmentActual 50 rank=mesokg:rankNormal ; -facts mkg:trial-1 mesokg:enrolmentActual 50 ; +facts mkg:trial-1 mesokg:enrolmentActual 53 | mkg:trial-1 mesokg:enrolmentActual 50
outranked_assertion_emitted | + mkg:trial-1 mesokg:acronym "x" rank=mesokg:rankDeprecated | mkg:trial-1 mesokg:acronym "x"
outranked_assertion_emitted | +claim mkg:trial-1 mesokg:enrolmentActual 53 rank=mesokg:rankDeprecated source=mkg:record-1 ; -claims mkg:trial-1 mesokg:enrolmentActual 53 ; +claim mkg:trial-1 mesokg:enrolmentActual 53 rank=mesokg:rankDeprecated source=mkg:record-1 | mkg:trial-1 mesokg:enrolmentActual 53
equal_ranks_for_and_against | +claim mkg:therapy-1 mesokg:hasConstruct mkg:construct-1 negated=true source=mkg:record-1 | mkg:therapy-1 mesokg:hasConstruct mkg:construct-1
denied_statement_holds | +claim mkg:therapy-1 mesokg:usesVector mkg:vector-1 negated=true ; +inferred mkg:therapy-1 mesokg:usesVector mkg:vector-1 | mkg:therapy-1 mesokg:usesVector mkg:vector-1
functional_property_with_two_values | +inferred mkg:construct-1 mesokg:hasBackbone mkg:mechanism-1 | mkg:construct-1 mesokg:hasBackbone mkg:vector-1
functional_property_with_two_values | + mkg:trial-1 mesokg:armSize 1 ; + mkg:trial-1 mesokg:armSize 2 | mkg:trial-1 mesokg:armSize 2
dangling_reference | + mkg:trial-1 mesokg:studies MONDO:0006292 | mkg:trial-1 mesokg:studies MONDO:0006292
dangling_reference | + mkg:trial-1 mesokg:acronym "x" source=mkg:publication-9 | * mesokg:source mkg:publication-9
assertion_about_nothing | + mkg:trial-9 mesokg:acronym "x" | * mesokg:subject mkg:trial-9
duplicate_label | +facts mkg:vector-2 a mesokg:Vector ; +facts mkg:vector-2 rdfs:label "Adenovirus 5" | mkg:vector-1 rdfs:label "adenovirus 5" ; mkg:vector-2 rdfs:label "Adenovirus 5"
cycle | + mkg:step-1 mesokg:precedesStep mkg:step-2 ; + mkg:step-2 mesokg:precedesStep mkg:step-1 | mkg:step-1 mesokg:precedesStep mkg:step-2 ; mkg:step-2 mesokg:precedesStep mkg:step-1
cycle | + mkg:trial-1 mesokg:follows mkg:trial-1 | mkg:trial-1 mesokg:follows mkg:trial-1
cycle | + mkg:therapy-1 mesokg:succeeds mkg:therapy-2 ; + mkg:therapy-1 mesokg:succeededBy mkg:therapy-2 | mkg:therapy-1 mesokg:succeeds mkg:therapy-2 ; mkg:therapy-2 mesokg:succeeds mkg:therapy-1
cycle | + mkg:vector-1 mesokg:hasBroader mkg:vector-1 | mkg:vector-1 mesokg:hasBroader mkg:vector-1
numerator_above_denominator | - mkg:measurement-1 mesokg:numerator 3 ; + mkg:measurement-1 mesokg:numerator 13 | mkg:measurement-1 mesokg:numerator 13
limits_reversed | - mkg:measurement-1 mesokg:lowerLimit 5.0 ; + mkg:measurement-1 mesokg:lowerLimit 60.0 | mkg:measurement-1 mesokg:lowerLimit 60.0
doses_reversed | - mkg:administration-1 mesokg:doseLow 1.0 ; + mkg:administration-1 mesokg:doseLow 4.0 | mkg:administration-1 mesokg:doseLow 4.0
value_outside_interval | - mkg:measurement-1 mesokg:lowerLimit 5.0 ; + mkg:measurement-1 mesokg:lowerLimit 26.0 | mkg:measurement-1 mesokg:value 25.0
value_outside_interval | - mkg:measurement-1 mesokg:upperLimit 57.0 ; + mkg:measurement-1 mesokg:upperLimit 24.9 | mkg:measurement-1 mesokg:value 25.0
percent_not_matching_counts | - mkg:measurement-1 mesokg:value 25.0 ; + mkg:measurement-1 mesokg:value 26.0 | mkg:measurement-1 mesokg:value 26.0
percent_not_matching_counts | - mkg:measurement-1 mesokg:value 25.0 ; + mkg:measurement-1 mesokg:value 25.1 | mkg:measurement-1 mesokg:value 25.1
dates_out_of_order | - mkg:trial-1 mesokg:completionDate "2019-01-01T00:00:00Z"^^xsd:dateTime ; + mkg:trial-1 mesokg:completionDate "2018-01-01T00:00:00Z"^^xsd:dateTime | mkg:trial-1 mesokg:completionDate "2018-01-01T00:00:00Z"^^xsd:dateTime
denominator_above_enrolment | - mkg:trial-1 mesokg:enrolmentActual 53 ; + mkg:trial-1 mesokg:enrolmentActual 11 | mkg:measurement-1 mesokg:denominator 12
status_without_date | - mkg:trial-1 mesokg:status mesokg:statusCompleted ; + mkg:trial-1 mesokg:status mesokg:statusCompleted asOf= asOfPrecision= | mkg:trial-1 mesokg:status mesokg:statusCompleted
therapy_without_vector | - mkg:therapy-2 mesokg:vectorAbsenceReason "no source names it" | mkg:therapy-2 mesokg:vectorAbsenceReason
therapy_without_vector | - mkg:construct-1 mesokg:hasBackbone mkg:vector-1 | mkg:therapy-1 mesokg:vectorAbsenceReason
trial_without_therapy | - mkg:trial-2 mesokg:investigates mkg:therapy-1 | mkg:trial-2 mesokg:investigates
trial_without_therapy | - mkg:administration-1 mesokg:givesTherapy mkg:therapy-1 | mkg:trial-1 mesokg:investigates
trial_without_source | -facts mkg:record-1 mesokg:recordOf mkg:trial-1 | mkg:trial-1 mesokg:registeredAs
source_without_record_date | + mkg:trial-1 mesokg:acronym "x" source=mkg:record-1 recordDate= recordDatePrecision= | mkg:record-1 mesokg:recordDate
identifier_shared | +facts mkg:publication-2 a mesokg:Publication ; +facts mkg:publication-2 mesokg:pmid "24579088" | mkg:publication-1 mesokg:pmid "24579088" ; mkg:publication-2 mesokg:pmid "24579088"
registry_identifier_malformed | -facts mkg:record-1 mesokg:registryIdentifier "NCT03710876" ; +facts mkg:record-1 mesokg:registryIdentifier "NCT3710876" | mkg:record-1 mesokg:registryIdentifier "NCT3710876"
complete_construct_without_parts | + mkg:construct-1 mesokg:compositionComplete true | mkg:construct-1 mesokg:compositionComplete true
graphs_not_disjoint | +inferred mkg:vector-1 a mesokg:Vector | mkg:vector-1 rdf:type mesokg:Vector
graphs_not_disjoint | +ontology mkg:vector-1 a mesokg:Vector | mkg:vector-1 rdf:type mesokg:Vector
blank_node_in_data | +inferred mkg:vector-1 mesokg:hasModification _:b | mkg:vector-1 mesokg:hasModification _:b
predicate_not_a_property | + mkg:trial-1 mesokg:fase 3 | * mesokg:predicate mesokg:fase
step_shown_and_refuted | + mkg:step-1 mesokg:refutesMechanism mkg:mechanism-1 | mkg:step-1 mesokg:refutesMechanism mkg:mechanism-1
date_without_precision | - mkg:trial-1 mesokg:startDatePrecision mesokg:precisionMonth | mkg:trial-1 mesokg:startDate "2019-03-01T00:00:00Z"^^xsd:dateTime
date_without_precision | + mkg:trial-1 mesokg:acronym "x" recordDatePrecision= | * mesokg:recordDate "2019-03-01T00:00:00Z"^^xsd:dateTime
date_without_precision | + mkg:trial-1 mesokg:acronym "x" checkedOnPrecision= | * mesokg:checkedOn "2019-03-01T00:00:00Z"^^xsd:dateTime
date_without_precision | + mkg:trial-1 mesokg:acronym "x" asOfPrecision= | * mesokg:asOf "2019-03-01T00:00:00Z"^^xsd:dateTime
date_finer_than_precision | - mkg:trial-1 mesokg:startDatePrecision mesokg:precisionMonth ; + mkg:trial-1 mesokg:startDatePrecision mesokg:precisionYear | mkg:trial-1 mesokg:startDate "2019-03-01T00:00:00Z"^^xsd:dateTime
outcome_in_arm_of_another_trial | + mkg:outcome-1 mesokg:comparedWithArm mkg:arm-2 | mkg:outcome-1 mesokg:comparedWithArm mkg:arm-2
stopped_trial_without_reason | - mkg:trial-1 mesokg:status mesokg:statusCompleted ; + mkg:trial-1 mesokg:status mesokg:statusTerminated | mkg:trial-1 mesokg:status mesokg:statusTerminated
reported_without_result | - mkg:measurement-2 mesokg:resultStatus mesokg:notReported ; + mkg:measurement-2 mesokg:resultStatus mesokg:reported | mkg:measurement-2 mesokg:resultStatus
result_marked_not_reported | + mkg:measurement-2 mesokg:numerator 0 | mkg:measurement-2 mesokg:numerator 0
"""

# Near misses: edits that look like a breach and are none.
HARMLESS = """
a denial that a better-ranked source outweighs | +claim mkg:therapy-1 mesokg:developer mkg:vector-1 rank=mesokg:rankPreferred ; +facts mkg:therapy-1 mesokg:developer mkg:vector-1 ; +claim mkg:therapy-1 mesokg:developer mkg:vector-1 negated=true source=mkg:record-1
a denial of nothing that holds | +claim mkg:therapy-1 mesokg:developer mkg:vector-1 negated=true
a deprecated assertion that is not emitted | +claim mkg:trial-1 mesokg:acronym "x" rank=mesokg:rankDeprecated
an earlier value of a functional property | +claim mkg:trial-1 mesokg:enrolmentActual 50 asOf="2018-03-01T00:00:00Z"^^xsd:dateTime
an outranked value of a functional property | - mkg:trial-1 mesokg:enrolmentActual 53 ; + mkg:trial-1 mesokg:enrolmentActual 53 rank=mesokg:rankPreferred ; +claim mkg:trial-1 mesokg:enrolmentActual 50
a fact that two sources state | +claim mkg:therapy-1 mesokg:hasConstruct mkg:construct-1 source=mkg:record-1
events that outnumber participants | - mkg:measurement-1 mesokg:resultUnit mesokg:resultUnitPercent ; + mkg:measurement-1 mesokg:resultUnit mesokg:resultUnitEvents ; - mkg:measurement-1 mesokg:numerator 3 ; + mkg:measurement-1 mesokg:numerator 90
a percentage rounded to whole numbers | - mkg:measurement-1 mesokg:numerator 3 ; + mkg:measurement-1 mesokg:numerator 1 ; - mkg:measurement-1 mesokg:value 25.0 ; + mkg:measurement-1 mesokg:value 8.0
a stopped trial with its reason | - mkg:trial-1 mesokg:status mesokg:statusCompleted ; + mkg:trial-1 mesokg:status mesokg:statusTerminated ; + mkg:trial-1 mesokg:stopReason "slow accrual"
the same label in two classes | +facts mkg:component-1 a mesokg:Component ; +facts mkg:component-1 rdfs:label "adenovirus 5"
steps in order | + mkg:step-1 mesokg:precedesStep mkg:step-2
another name of a listed thing | +facts mkg:mechanism-1 skos:altLabel "x"
another name that a source gives | + mkg:therapy-1 skos:altLabel "x"
a label in another graph for what a fact points at | + mkg:trial-1 mesokg:studies MONDO:0006292 ; +ontology MONDO:0006292 rdfs:label "malignant mesothelioma"
one source shows what another refutes | + mkg:step-1 mesokg:refutesMechanism mkg:mechanism-1 source=mkg:record-1
"""


def split_lines(text: str) -> list[list[str]]:
    return [[part.strip() for part in line.split(" | ")] for line in text.strip().splitlines()]


def nodes(text: str) -> list:
    """Terms of a space-separated statement in Turtle; a missing object is left out."""
    words = re.findall(r'"[^"]*"\S*|\S+', text)
    triple = words if len(words) > 2 else [*words, "true"]
    found = next(iter(ox.parse(f"{HEADER}{' '.join(triple)} .", format=ox.RdfFormat.TURTLE)))
    return [found.subject, found.predicate, found.object][: len(words)]


class Editor:
    """A store with the base graph, changed by edits."""

    def __init__(self, ontology: list[ox.Quad], exempt: set[str]) -> None:
        self.store = ox.Store()
        self.store.extend(ontology)
        self.exempt = exempt
        self.last: str = ""
        for quad in ox.parse(BASE.read_bytes(), format=ox.RdfFormat.TURTLE):
            self.put("facts", quad.subject, quad.predicate, quad.object)
            if quad.predicate.value.startswith(PREFIXES["mesokg"]) and quad.predicate.value not in exempt:
                self.claim(quad.subject, quad.predicate, quad.object, {})

    def put(self, graph: str, *triple: object) -> None:
        self.store.add(ox.Quad(*triple, ox.NamedNode(graph_iri(graph))))

    def claim(self, subject: ox.NamedNode, predicate: ox.NamedNode, value: object, fields: dict[str, str]) -> None:
        parts = {**USUAL, **fields}
        iri = entity("assertion", content_hash(str(subject), str(predicate), str(value), *sorted(parts.values())))
        node = ox.NamedNode(iri)
        self.last = iri
        self.put("evidence", node, ox.NamedNode(PREFIXES["rdf"] + "type"), ox.NamedNode(term("Assertion")))
        for name, object_ in (("subject", subject), ("predicate", predicate), ("object", value)):
            self.put("evidence", node, ox.NamedNode(term(name)), object_)
        for name, texts in parts.items():
            for text in filter(None, texts.split(",")):
                self.put("evidence", node, ox.NamedNode(term(name)), nodes(f"mkg:x mkg:y {text}")[2])

    def drop_claims(self, subject: object, predicate: object, value: object) -> None:
        query = f"SELECT ?a {{ GRAPH ?g {{ ?a <{term('subject')}> {subject} ; <{term('predicate')}> {predicate} ; <{term('object')}> {value} }} }}"
        for row in list(self.store.query(query)):
            for quad in list(self.store.quads_for_pattern(row["a"], None, None, None)):
                self.store.remove(quad)

    def edit(self, text: str) -> None:
        sign, rest = text.split(" ", 1)
        fields = dict(re.findall(r"(?<= )(\w+)=(\S*)", rest))
        triple = nodes(re.sub(r"(?<= )\w+=\S*", "", rest))
        if sign in ("-", "-claims"):
            self.drop_claims(*triple)
        if sign in ("-", "-facts"):
            self.store.remove(ox.Quad(*triple, ox.NamedNode(graph_iri("facts"))))
        if sign in ("+", "+claim") and triple[1].value not in self.exempt:
            self.claim(*triple, fields)
        if sign == "+":
            self.put("facts", *triple)
        elif sign in ("+facts", "+inferred", "+ontology"):
            self.put(sign[1:], *triple)


@pytest.fixture(scope="module")
def ontology() -> list[ox.Quad]:
    store = ox.Store()
    graph = ox.NamedNode(graph_iri("ontology"))
    store.load(path=str(folder("ontology") / "mesokg.ttl"), format=ox.RdfFormat.TURTLE, to_graph=graph)
    return list(store)


@pytest.fixture
def editor(ontology: list[ox.Quad]) -> Editor:
    exempt = {q.subject.value for q in ontology if q.predicate.value == term("exemptFromEvidence")}
    return Editor(ontology, exempt)


def show(finding: Finding) -> tuple[str, ...]:
    return (finding.rule, finding.entity, finding.property, re.sub("^_:.*", "_:b", finding.value))


def stored(value: object) -> str:
    """A term as Oxigraph spells it once stored."""
    store = ox.Store()
    store.add(ox.Quad(ox.NamedNode("x:s"), ox.NamedNode("x:p"), value))
    return str(next(iter(store)).object)


def broken(editor: Editor, rule: str, edits: str, expected: str) -> tuple[set[tuple[str, ...]], set[tuple[str, ...]]]:
    """What the edits break, and what of it is expected of the rule."""
    for edit in re.split(r" ; (?=[+-])", edits):
        editor.edit(edit)
    wanted = set()
    for line in expected.split(" ; "):
        words = nodes(line.replace("* ", f"{compact(editor.last)} ", 1))
        value = stored(words[2]) if len(words) > 2 else ""
        wanted.add((rule, str(words[0]), str(words[1]), "_:b" if value.startswith("_:") else value))
    return {show(finding) for finding in find_breaches(read_checks(), editor.store)}, wanted


@pytest.mark.parametrize(("rule", "edits", "expected"), split_lines(CASES))
def test_edit_breaks_only_its_rule(rule: str, edits: str, expected: str, editor: Editor) -> None:
    found, wanted = broken(editor, rule, edits, expected)
    assert found == wanted


@pytest.mark.parametrize(("rule", "edits", "expected"), split_lines(SHARED_CASES))
def test_edit_breaks_its_rule_among_others(rule: str, edits: str, expected: str, editor: Editor) -> None:
    found, wanted = broken(editor, rule, edits, expected)
    assert {finding for finding in found if finding[0] == rule} == wanted


def test_base_breaks_nothing(editor: Editor) -> None:
    assert find_breaches(read_checks(), editor.store) == []


@pytest.mark.parametrize(("what", "edits"), split_lines(HARMLESS))
def test_near_miss_breaks_nothing(what: str, edits: str, editor: Editor) -> None:
    for edit in re.split(r" ; (?=[+-])", edits):
        editor.edit(edit)
    assert find_breaches(read_checks(), editor.store) == []


def test_every_rule_has_a_case() -> None:
    assert {check.name for check in read_checks()} == {case[0] for case in split_lines(CASES)}


def test_rdflib_parses_every_rule() -> None:
    from rdflib.plugins.sparql import prepareQuery

    for check in read_checks():
        prepareQuery(check.query)


def test_rules_return_entity_property_and_value() -> None:
    for check in read_checks():
        variables = [variable.value for variable in ox.Store().query(check.query).variables]
        assert variables == ["entity", "property", "value"], check.name


def test_missing_heading_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "odd.rq").write_text("#+ problem: x\n#+ level: fatal\nSELECT * {}", encoding="utf-8")
    with pytest.raises(VocabularyError) as caught:
        read_checks(tmp_path)
    assert [problem.column for problem in caught.value.problems] == ["level", "principle", "solution"]


def test_things_that_are_only_listed_are_those_of_tables_with_rows_without_a_source() -> None:
    """The list in ``fact_without_assertion`` is that of the tables: a class more would hide facts without a source."""
    query = next(check.query for check in read_checks() if check.name == "fact_without_assertion")
    listed = {term(name) for name in re.findall(r"mesokg:(\w+)", re.search(r"VALUES \?listed \{(.*?)\}", query, re.DOTALL)[1])}  # type: ignore[index]
    tables = read_vocabulary().tables
    without = set()
    for path in folder("data").glob("*.tsv"):
        with path.open(encoding="utf-8", newline="") as stream:
            if path.stem in tables and any(not row.get("source") for row in csv.DictReader(stream, delimiter="\t")):
                without.add(tables[path.stem].class_iri)
    assert listed == without
