"""What the start page and the lists show: every trial with its strategy, vectors and payloads."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from mesokg.describe import Evidence
from mesokg.identifiers import PREFIXES
from mesokg.server.evidence import gather
from mesokg.server.look import Look

__all__ = ["PAYLOADS", "STRATEGIES", "VECTORS", "Overview", "TherapyLine", "TrialLine", "read_overview"]

STRATEGIES: tuple[tuple[str, str, str, tuple[str, ...]], ...] = (
    ("t-cells", "engineered T cells", "#9c60fc", ("ChimericAntigenReceptorTCellTherapy", "TCellReceptorFusionTherapy")),
    ("oncolytic", "oncolytic viruses", "#54900c", ("OncolyticVirotherapy",)),
    ("suicide", "suicide genes", "#f09c90", ("SuicideGeneTherapy",)),
    ("cytokine", "cytokine genes", "#54c0cc", ("CytokineGeneTherapy",)),
    ("suppressor", "tumour suppressors, microRNA", "#184884", ("TumourSuppressorReplacement", "MicroRNAReplacement", "GeneSilencingTherapy")),
    ("cells", "cell vaccines and bacteria", "#484824", ("DendriticCellTherapy", "BacterialVectorTherapy")),
    ("other", "other", "#906c78", ("Therapy",)),
)
"""Strategies with their colours and classes. No colour is like that of a kind of thing (``networks/styles.tsv``), and they
differ for the colour-blind too; ``explorer.css`` has the same. A therapy counts under the first that fits: a virus that replicates and carries a
cytokine is an oncolytic virus."""

VECTORS = (
    ("AdenoviralVector", "adenovirus"), ("LentiviralVector", "lentivirus"), ("GammaretroviralVector", "gammaretrovirus"),
    ("RetroviralVector", "retrovirus"),
    ("PoxviralVector", "poxvirus"), ("HerpesviralVector", "herpesvirus"), ("ParamyxoviralVector", "paramyxovirus"),
    ("RhabdoviralVector", "rhabdovirus"), ("AdenoAssociatedViralVector", "AAV"), ("BacterialVector", "bacteria"),
    ("MessengerRNAVector", "messenger RNA"), ("MinicellVector", "minicells"), ("PlasmidVector", "plasmid"),
    ("NonviralVector", "other non-viral"), ("ViralVector", "other viral"), ("", "not stated"),
)
PAYLOADS = (
    ("receptor", "antigen receptor"), ("enzyme", "prodrug enzyme"), ("cytokine", "cytokine"), ("suppressor", "tumour suppressor"),
    ("rna", "RNA"), ("antigen", "antigen"), ("protein", "other protein"), ("", "none or not stated"),
)
_P = PREFIXES["mesokg"]


@dataclass(frozen=True)
class TherapyLine:
    iri: str
    label: str
    strategy: str
    vectors: tuple[str, ...]
    payloads: tuple[str, ...]
    classes: tuple[str, ...]
    trials: int = 0
    sources: tuple[Evidence, ...] = ()


@dataclass(frozen=True)
class TrialLine:
    iri: str
    label: str
    year: int | None
    phase: str
    status: str
    enrolment: str
    strategies: tuple[str, ...]
    cells: tuple[tuple[str, str], ...]
    therapies: tuple[tuple[str, str], ...]
    results: bool
    sources: tuple[Evidence, ...] = ()


@dataclass(frozen=True)
class Overview:
    therapies: tuple[TherapyLine, ...]
    trials: tuple[TrialLine, ...]
    counts: dict[str, int]


_COUNTED = "Therapy Trial Vector Payload Gene Mechanism Disease Publication Assertion OutcomeMeasurement Experiment GeneAlteration RegistryRecord Outcome".split()


_OF_TRIAL = ("investigates", "startDate", "phase", "status", "enrolmentActual", "enrolmentPlanned")
_OF_MAKE = ("hasConstruct", "administersCells", "transducedWith", "hasBackbone", "carries")


def _evidence(look: Look, nodes: Mapping[str, Iterable[str]], predicates: Iterable[str]) -> dict[str, tuple[Evidence, ...]]:
    """What lines rest on: the evidence of these properties of their nodes, each source and place once."""
    said: dict[str, list[Evidence]] = defaultdict(list)
    for (subject, _), found in gather(look, (node for group in nodes.values() for node in group), predicates).items():
        said[subject] += [one for _, one in found if one.rank != "deprecated" and not one.negated]
    return {line: tuple({(one.source, one.locator, one.level): one for node in group for one in said[node]}.values()) for line, group in nodes.items()}


def _payload(kinds: set[str], classes: set[str]) -> str:
    if kinds & {"chimeric antigen receptor", "T-cell receptor fusion", "T-cell receptor"}:
        return "receptor"
    if "ProdrugConvertingEnzyme" in classes:
        return "enzyme"
    if "CytokineGene" in classes:
        return "cytokine"
    if "TumourSuppressorGene" in classes and "full length" in kinds:
        return "suppressor"
    if kinds & {"microRNA mimic", "interfering RNA", "antisense"}:
        return "rna"
    return "antigen" if "antigen" in kinds else "protein"


def read_overview(look: Look) -> Overview:
    """Read it in a few queries; the number of queries does not grow with the data."""

    def ask(sparql: str) -> list[dict[str, str]]:
        return look.rows(sparql)

    labels: dict[str, str] = {}
    classes: dict[str, set[str]] = defaultdict(set)
    for row in ask("SELECT DISTINCT ?t ?l ?c { ?t a mesokg:Therapy ; rdfs:label ?l ; a ?c }"):
        labels[row["t"]] = row["l"]
        classes[row["t"]].add(row["c"].removeprefix(_P))
    vectors: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for row in ask("SELECT DISTINCT ?t ?v ?c { ?t a mesokg:Therapy ; mesokg:usesVector ?v . ?v a ?c }"):
        vectors[row["t"]][row["v"]].add(row["c"].removeprefix(_P))
    forms: dict[str, dict[str, tuple[set[str], set[str]]]] = defaultdict(lambda: defaultdict(lambda: (set(), set())))
    for row in ask("""SELECT DISTINCT ?t ?p ?kind ?c { ?t a mesokg:Therapy ; mesokg:deliversPayload ?p .
            OPTIONAL { ?p mesokg:encodes ?f . OPTIONAL { ?f mesokg:formKind/skos:notation ?kind }
            OPTIONAL { { ?f a ?c } UNION { ?f mesokg:activeFormOf/rdf:type ?c } } } }"""):
        kinds, found = forms[row["t"]][row["p"]]
        kinds.add(row["kind"])
        found.add(row["c"].removeprefix(_P))
    investigated: dict[str, list[str]] = defaultdict(list)
    for row in ask("SELECT DISTINCT ?trial ?t { ?trial a mesokg:Trial ; mesokg:investigates ?t . ?t a mesokg:Therapy } ORDER BY ?trial ?t"):
        investigated[row["trial"]].append(row["t"])
    number: dict[str, int] = defaultdict(int)
    for found_therapies in investigated.values():
        for one in found_therapies:
            number[one] += 1

    # what vectors and payloads follow from: the therapy, its cells and its constructs
    makes: dict[str, list[str]] = {iri: [iri] for iri in labels}
    for row in ask("SELECT DISTINCT ?t ?x { ?t a mesokg:Therapy { ?t mesokg:hasConstruct ?x } UNION { ?t mesokg:administersCells ?x } UNION { ?t mesokg:administersCells/mesokg:transducedWith ?x } }"):
        makes.setdefault(row["t"], [row["t"]]).append(row["x"])
    made = _evidence(look, makes, _OF_MAKE)

    lines: dict[str, TherapyLine] = {}
    for iri, label in labels.items():
        strategy = next(key for key, _, _, wanted in STRATEGIES if classes[iri] & set(wanted) or key == "other")
        families = {next((key for key, _ in VECTORS if key in kinds), "") for kinds in vectors[iri].values()} or {""}
        payloads = {_payload(kinds, found) for kinds, found in forms[iri].values()} or {""}
        if payloads == {""} and strategy == "t-cells":
            payloads = {"receptor"}
        lines[iri] = TherapyLine(iri, label, strategy, tuple(sorted(families)), tuple(sorted(payloads)), tuple(sorted(classes[iri])), number[iri], made[iri])

    given: dict[str, list[str]] = {}
    for row in ask("SELECT DISTINCT ?t ?x { ?t a mesokg:Trial OPTIONAL { ?x mesokg:administrationIn/mesokg:armOf ?t } }"):
        given.setdefault(row["t"], []).append(row["x"])
    said = _evidence(look, {trial: [trial] for trial in given}, _OF_TRIAL)
    # that a trial tests a therapy may follow from what its arms are given
    said |= _evidence(look, {trial: nodes for trial, nodes in given.items() if not said[trial]}, ("givesTherapy",))
    trials: dict[str, TrialLine] = {}
    for row in ask("""SELECT ?t ?l (MIN(?start) AS ?s) (SAMPLE(?ph) AS ?phase) (SAMPLE(?st) AS ?status) (MAX(?ea) AS ?actual) (MAX(?ep) AS ?planned) (COUNT(?o) AS ?outcomes) {
            ?t a mesokg:Trial ; rdfs:label ?l . OPTIONAL { ?t mesokg:startDate ?start } OPTIONAL { ?t mesokg:phase/rdfs:label ?ph }
            OPTIONAL { ?t mesokg:status/rdfs:label ?st } OPTIONAL { ?t mesokg:enrolmentActual ?ea } OPTIONAL { ?t mesokg:enrolmentPlanned ?ep }
            OPTIONAL { ?t a mesokg:TrialWithResults BIND(1 AS ?o) } } GROUP BY ?t ?l"""):
        found_lines = [lines[t] for t in investigated[row["t"]] if t in lines]
        cells = {(vector, payload) for line in found_lines for vector in line.vectors for payload in line.payloads} or {("", "")}
        trials[row["t"]] = TrialLine(
            row["t"], row["l"], int(row["s"][:4]) if row["s"][:4].isdigit() else None, row["phase"], row["status"],
            row["actual"] or row["planned"], tuple(sorted({line.strategy for line in found_lines})) or ("other",),
            tuple(sorted(cells)), tuple((line.iri, line.label) for line in found_lines), row["outcomes"] not in ("0", ""), said[row["t"]],
        )
    values = " ".join(f"mesokg:{name}" for name in _COUNTED)
    counts = {row["c"].removeprefix(_P): int(row["n"]) for row in ask(f"SELECT ?c (COUNT(DISTINCT ?x) AS ?n) {{ VALUES ?c {{ {values} }} ?x a ?c }} GROUP BY ?c")}
    everything: Any = sorted(trials.values(), key=lambda line: (-(line.year or 0), line.label))
    return Overview(tuple(sorted(lines.values(), key=lambda line: line.label.lower())), tuple(everything), counts)
