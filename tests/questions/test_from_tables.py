"""The expected answers of the built graph, computed once more from the tables, without RDF, reasoner or SPARQL.

Each function below reads ``data/*.tsv`` and says what the columns named must hold; a query that drops or invents a row
fails here even if its expected rows were renewed with it.
"""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from collections.abc import Callable

import engines
import pytest
from curated import (
    COUNTS,
    Pairs,
    Row,
    bound_by,
    broader,
    constructs_of,
    day,
    differences,
    every,
    forms_of,
    given,
    investigated,
    labels,
    measured,
    mechanism_kinds,
    number,
    one,
    split,
    table,
    things,
    trial_of,
    trials_of,
    vectors_of,
)

RESPONSES = {
    "objective response rate", "disease control rate", "clinical benefit rate", "complete response", "partial response", "stable disease",
    "complete metabolic response",
}  # fmt: skip
SURVIVAL = {"median overall survival", "overall survival rate", "overall survival", "hazard ratio for death", "long-term survivors"}


def countries() -> Pairs:
    placed = every("trials", "country")
    counted = Counter(country for found in placed.values() for country in found)
    nowhere = sum(not placed.get(trial) for trial in things("trials"))
    return {(country, str(trials)) for country, trials in counted.items()} | {("", str(nowhere))}


def phases() -> Pairs:
    phase, status, start = (one("trials", column) for column in ("phase", "status", "startDate"))
    return {(trial, phase.get(trial, ""), status.get(trial, ""), start.get(trial, "")) for trial in things("trials")}


def stopped() -> Pairs:
    """Trials that ended early; and, in a second group, those with another status but a reason, or with such a status, coded or in words, in any one row."""
    ends, status, reasons = ("terminated", "withdrawn", "suspended"), one("trials", "status"), every("trials", "stopReason")
    words = (*ends, "prematurely ended", "temporarily halted")
    said = {
        row["id"]
        for row in table("trials")
        if row.get("rank", "") != "deprecated" and (row["status"] in ends or row["statusAsReported"].lower().startswith(words))
    }
    shown = {trial for trial in things("trials") if status.get(trial) in ends or reasons[trial] or trial in said}
    return {
        ("1 ended early" if status.get(trial) in ends else "2 a reason or one source says so, the status does not", trial, status.get(trial, "not known"), reason)
        for trial in shown
        for reason in reasons[trial] or {""}
    }


def baskets() -> Pairs:
    scope = one("trials", "tumourScope")
    columns = [one("trials", name) for name in ("mesotheliomaParticipants", "participantsTreated", "enrolmentActual", "enrolmentPlanned")]
    found = {(trial, *(column.get(trial, "") for column in columns)) for trial in things("trials") if scope.get(trial) == "mixed"}
    return found | {("", str(sum(int(row[1]) for row in found if row[1])), "", "", "")}


def registered() -> Pairs:
    record_of, identifier, version = (one("registry_records", c) for c in ("recordOf", "registryIdentifier", "recordVersionDate"))
    found = {(trial, identifier[record], record, day(version.get(record, ""))) for record, trial in record_of.items()}
    return found | {(trial, "", "", "") for trial in things("trials") - {row[0] for row in found}}


def two_registries() -> Pairs:
    record_of, registry = one("registry_records", "recordOf"), one("registry_records", "registry")
    return {
        (record_of[a], a, b) for a in record_of for b in record_of if a < b and record_of[a] == record_of[b] and registry[a] != registry[b]
    }


def selecting() -> Pairs:
    limits = {"antigenThreshold": "antigen on the tumour", "neutralisingAntibodyLimit": "neutralising antibody", "hlaRestriction": "HLA type"}
    return {(words, trial, text) for column, words in limits.items() for trial, found in every("trials", column).items() for text in found}


def without_results() -> Pairs:
    reported = {
        row["outcomeOf"]
        for row in table("outcomes")
        if row["resultStatus"] == "reported" and row["rank"] != "deprecated" and row["measure"] not in COUNTS
    }
    return {(trial,) for trial in things("trials") - reported}


def studying() -> Pairs:
    """A trial of a disease studies every broader one too, here as far as mesothelioma."""
    above = broader("diseases")
    return {
        (trial, disease)
        for trial, found in every("trials", "studies").items()
        for named in found
        for disease in above(named)
        if "MONDO:0006292" in above(disease)
    }


def staged() -> Pairs:
    stages = every("trials", "diseaseStage")
    return {(trial, stage) for trial in things("trials") for stage in stages[trial] or {""}}


def vector_choice() -> Pairs:
    """Every trial, with the vectors of its therapies or without any."""
    vectors, sponsors, start, tested = vectors_of(), every("trials", "sponsor"), one("trials", "startDate"), defaultdict(set)
    for trial, therapy in investigated():
        tested[trial] |= vectors[therapy]
    return {
        (sponsor, start.get(trial, "")[:4], trial, vector)
        for trial in things("trials")
        for vector in tested[trial] or {""}
        for sponsor in sponsors[trial] or {""}
    }


def vectors_tested() -> Pairs:
    vectors, phase = vectors_of(), one("trials", "phase")
    return {(vector, therapy, trial, phase.get(trial, "")) for trial, therapy in investigated() for vector in vectors[therapy]}


def deficient_vectors() -> Pairs:
    """Vectors that cannot replicate, and those of which no source says whether they can; then therapies of which none names a vector."""
    vectors, competence, carried = vectors_of(), one("vectors", "replicationCompetence"), defaultdict(set)
    backbone, carries = every("constructs", "hasBackbone"), every("constructs", "carries")
    for therapy, found in constructs_of().items():
        for construct in found:
            for vector in backbone[construct] or {""}:
                carried[therapy, vector] |= carries[construct]
    groups = {"deficient": "1 replication-deficient", "not stated": "2 competence to replicate not stated", "": "3 no vector, or not known"}
    kinds = {vector: competence.get(vector, "not stated") for vector in things("vectors")} | {"": ""}
    return {
        (groups[kinds[vector]], vector, payload, therapy, trial)
        for trial, therapy in investigated()
        for vector in vectors[therapy] or {""}
        if kinds[vector] in groups
        for payload in carried[therapy, vector] or {""}
    }


def prodrugs() -> Pairs:
    forms, converts = forms_of(), every("forms", "convertsProdrug")
    return {(therapy, form, drug) for therapy, found in forms.items() for form in found for drug in converts[form]}


def delivered_forms() -> Pairs:
    """Forms by gene, with what is not known of them; genes of man are named by HGNC, and of a form from elsewhere a human one is looked for."""
    species, kinds, gene, human = every("forms", "fromTaxon"), every("forms", "formKind"), defaultdict(set), "NCBITaxon:9606"
    for column in ("formOf", "activeFormOf", "alteredFormOf"):
        for form, found in every("forms", column).items():
            gene[form] |= found
    names = labels("taxa")

    def note(form: str, g: str, taxon: str) -> str:
        of_gene = [species[other] for other in things("forms") if g in gene[other]]
        foreign = g.startswith("HGNC:") and taxon not in ("", human) and not any(human in found for found in of_gene)
        said = {
            "gene not recorded": not g,
            "kind of form not stated": not kinds[form],
            "species not stated": not taxon,
            "another species in other studies": taxon and any(found - {taxon} for found in of_gene),
            "no human form of this gene is recorded": foreign,
            "the species of another form is not stated": foreign and not all(of_gene),
        }
        return "; ".join(words for words, true in said.items() if true)

    return {(g, form, names.get(taxon, ""), note(form, g, taxon)) for form in things("forms") for g in gene[form] or {""} for taxon in species[form] or {""}}


def accompanying() -> Pairs:
    trials = trial_of()
    return {
        (drug, purpose, therapy, trials[arm])
        for arm, pairs in given().items()
        for drug, purpose in pairs
        for therapy, _ in pairs
        if not drug.startswith("mkg:therapy") and therapy.startswith("mkg:therapy")
    }


def combined() -> Pairs:
    trials = trial_of()
    return {
        (trials[arm], arm, therapy, drug)
        for arm, pairs in given().items()
        for drug, purpose in pairs
        for therapy, _ in pairs
        if purpose == "combination" and not drug.startswith("mkg:therapy") and therapy.startswith("mkg:therapy")
    }


def randomised() -> Pairs:
    allocation, size, pairs = one("trials", "allocation"), one("arms", "armSize"), given()
    return {
        (trial, arm, size.get(arm, ""), what, purpose)
        for arm, trial in trial_of().items()
        if allocation.get(trial) == "randomised"
        for what, purpose in pairs[arm] or {("", "")}
    }


def developers() -> Pairs:
    developer, sponsor, trials = every("therapies", "developer"), every("trials", "sponsor"), trials_of()
    return {
        (therapy, who, trial, payer)
        for therapy in things("therapies")
        for who in developer[therapy] or {""}
        for trial in trials[therapy] or {""}
        for payer in (sponsor[trial] if trial else ()) or {""}
    }


def successions() -> Pairs:
    return {(therapy, other) for therapy, found in every("therapies", "succeeds").items() for other in found}


def led_to() -> Pairs:
    return {(experiment, result) for experiment, found in every("experiments", "ledTo").items() for result in found}


def alterations() -> Pairs:
    gene, disease, numerator, denominator = (one("gene_alterations", c) for c in ("alteredGene", "inDisease", "numerator", "denominator"))
    above = broader("diseases")
    return {
        (gene[a], a, disease[a], numerator.get(a, ""), denominator.get(a, ""))
        for a in things("gene_alterations")
        if a in gene and "MONDO:0006292" in above(disease.get(a, ""))
    }


def determinants() -> Pairs:
    kind, effect = one("determinants", "determinantKind"), one("determinants", "determinantEffect")
    vectors, therapies = every("determinants", "affectsVector"), every("determinants", "affectsTherapy")
    return {(kind.get(d, ""), effect.get(d, ""), d, what) for d in things("determinants") for what in vectors[d] | therapies[d] or {""}}


def mechanisms() -> Pairs:
    therapies, found = every("mechanism_steps", "stepOf"), set()
    for row in table("mechanism_steps"):
        for column, standing in (("claimsMechanism", "claimed"), ("showsMechanism", "shown"), ("refutesMechanism", "refuted")):
            for mechanism in split(row[column]) if row.get("rank", "") != "deprecated" else ():
                found |= {(therapy, mechanism, standing) for therapy in therapies[row["id"]]}
    return found


def same_patients() -> Pairs:
    marked = [*every("publications", "overlapsWith").items(), *every("web_pages", "overlapsWith").items()]
    overlaps = {tuple(sorted((one, other))) for one, found in marked for other in found}
    restates = {("restates", one, other) for one, found in every("publications", "restates").items() for other in found}
    return {("overlaps with", *pair) for pair in overlaps} | restates


def reports() -> Pairs:
    return {(p,) for p, found in every("publications", "reportsOn").items() if "mkg:trial-NCT01119664" in found}


def responses() -> Pairs:
    return {
        (row["outcomeOf"], row["inArm"], row["population"], row["measure"], row["numerator"], row["denominator"])
        for row in measured(RESPONSES)
        if row["resultStatus"] == "reported"
    }


def survival() -> Pairs:
    return {
        (row["outcomeOf"], row["inArm"], row["measure"], row["timePoint"], number(row["value"]), row["numerator"], row["denominator"])
        for row in measured(SURVIVAL)
        if row["resultStatus"] == "reported"
    }


def judged() -> dict[tuple[str, ...], bool]:
    """Whether an event without a grade of 3 or more is severe, serious or fatal by its words: read by a person, row by row."""
    with (engines.HERE / "harms_read.tsv").open(encoding="utf-8", newline="") as lines:
        return {tuple(row[:-1]): row[-1] == "yes" for row in list(csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))[1:]}


def severe() -> Pairs:
    """Severe, serious, fatal or dose-limiting events, and events not reported; and each arm with a therapy in a trial of which none of these is known."""
    kinds = {"serious adverse event", "treatment-related death", "dose-limiting toxicity"}
    harms = {"adverse event", "cytokine release syndrome", "other"}
    events = harms - {"other"}
    by_words = judged()

    def is_severe(row: Row) -> bool:
        if row["minimumGrade"].isdigit() and int(row["minimumGrade"]) >= 3:
            return True
        if row["measure"] not in harms:
            return row["measure"] in kinds
        if row["measure"] in events and row["resultStatus"] != "reported":
            return True
        read = (row["outcomeOf"], row["measure"], row["event"], row["valueText"])
        assert read in by_words, f"read this event and say in {engines.HERE / 'harms_read.tsv'} whether it is severe: {read}"
        return by_words[read]

    rows = [row for row in table("outcomes") if row["rank"] != "deprecated" and is_severe(row)]
    known, trials = {row["outcomeOf"] for row in rows}, trial_of()
    silent = {(trials[arm], arm) for arm, pairs in given().items() if trials[arm] not in known and any(what.startswith("mkg:therapy") for what, _ in pairs)}
    return {(row["outcomeOf"], row["inArm"], row["measure"], row["event"], row["minimumGrade"], row["numerator"]) for row in rows} | {
        (trial, arm, "", "", "", "") for trial, arm in silent
    }


def of_one_trial() -> Pairs:
    arms = labels("arms")
    return {
        (arms.get(row["inArm"], ""), row["measure"], row["event"], row["numerator"], row["denominator"], row["resultStatus"])
        for row in table("outcomes")
        if row["outcomeOf"] == "mkg:trial-NCT00299962" and row["rank"] != "deprecated"
    }


def all_measured() -> Pairs:
    return {
        (row["outcomeOf"], row["inArm"], row["measure"], row["event"], row["numerator"], row["denominator"], row["resultStatus"])
        for row in table("outcomes")
        if row["rank"] != "deprecated"
    }


def receptor_targets() -> Pairs:
    """Every therapy that recognises, silences, restores … mesothelin, or carries a part that binds it; with its trials."""
    columns = ("recognisesAntigen", "silences", "restores", "counteracts", "deliversTo", "immunisesAgainst", "targets")
    wanted = {t for column in columns for t, found in every("therapies", column).items() if "HGNC:7371" in found}
    wanted |= {therapy for therapy, found in bound_by().items() if "HGNC:7371" in found}
    trials = trials_of()
    return {(therapy, trial) for therapy in wanted for trial in trials[therapy] or {""}}


def of_kind(kind: str) -> Callable[[], Pairs]:
    """Mechanisms of a kind by agent: steps that show one, or claim what no step of the agent shows; and experiments with a good effect."""

    def compute() -> Pairs:
        wanted = {mechanism for mechanism, kinds in mechanism_kinds().items() if kind in kinds}
        stepped = {step for step in mechanisms_by_step() if step[1] in wanted}
        shown = {(agent, mechanism) for agent, mechanism, _, standing in stepped if standing == "shown"}
        found = {(agent, mechanism, step, "") for agent, mechanism, step, standing in stepped if standing == "shown"}
        found |= {(agent, mechanism, step, "") for agent, mechanism, step, standing in stepped if standing == "claimed" and (agent, mechanism) not in shown}
        effect, tested, observed = one("experiments", "effectDirection"), every("experiments", "experimentTests"), every("experiments", "observesMechanism")
        good = {e for e in things("experiments") if effect.get(e) == "beneficial"}
        return found | {(agent, mechanism, "", e) for e in good for agent in tested[e] for mechanism in observed[e] & wanted}

    return compute


def mechanisms_by_step() -> Pairs:
    therapies, found = every("mechanism_steps", "stepOf"), set()
    for column, standing in (("claimsMechanism", "claimed"), ("showsMechanism", "shown"), ("refutesMechanism", "refuted")):
        for step, said in every("mechanism_steps", column).items():
            found |= {(therapy, mechanism, step, standing) for therapy in therapies[step] for mechanism in said}
    return found


def refuted() -> Pairs:
    """Read-outs against a mechanism, which the steps tell, and experiments without effect on one that a step of the therapy has."""
    said, constructs = mechanisms_by_step(), constructs_of()
    effect, tested, observed = one("experiments", "effectDirection"), every("experiments", "experimentTests"), every("experiments", "observesMechanism")
    idle = {
        (therapy, mechanism, "an experiment without effect")
        for e in things("experiments")
        if effect.get(e) == "none"
        for therapy, mechanism, _, _ in said
        if mechanism in observed[e] and tested[e] & ({therapy} | constructs[therapy])
    }
    return {(therapy, mechanism, "a read-out against it") for therapy, mechanism, _, standing in said if standing == "refuted"} | idle | {("", "", "")}


def shown_of_interferon_beta() -> Pairs:
    """Experiments with a form of the gene, whole or altered, by the construct or therapy that has it."""
    forms = {f for column in ("formOf", "activeFormOf", "alteredFormOf") for f, genes in every("forms", column).items() if "HGNC:5434" in genes}
    carried, encoded = every("constructs", "carries"), every("payloads", "encodes")
    has = {construct: {form for payload in found for form in encoded[payload]} for construct, found in carried.items()} | forms_of()
    models, effect = every("experiments", "inModel"), one("experiments", "effectDirection")
    return {
        (e, agent, form, model, effect.get(e, ""))
        for e, agents in every("experiments", "experimentTests").items()
        for agent in agents
        for form in has.get(agent, set()) & forms
        for model in models[e] or {""}
    }


def improved() -> Pairs:
    """Survival of all arms but those that only served to compare."""
    role = one("arms", "armRole")
    measures = SURVIVAL - {"long-term survivors"} | {"median progression-free survival", "progression-free survival rate", "hazard ratio for progression or death"}
    return {
        (row["outcomeOf"], row["measure"], row["inArm"], row["timePoint"], row["valueQualifier"], number(row["value"]))
        for row in measured(measures)
        if role.get(row["inArm"]) not in ("active comparator", "placebo comparator", "no intervention")
    }


def receptor_constructs(form_kind: str, domain: str) -> set[str]:
    """Constructs that encode a receptor of this kind, or join a part that binds an antigen with a domain that signals."""
    kind, carried, encoded = every("forms", "formKind"), every("constructs", "carries"), every("payloads", "encodes")
    types, component, joined = every("components", "type"), one("construct_parts", "component"), defaultdict(set)
    for part, found in every("construct_parts", "partOfConstruct").items():
        for construct in found:
            joined[construct] |= types[component[part]]
    coding = {c for c, found in carried.items() if any(form_kind in kind[form] for payload in found for form in encoded[payload])}
    return coding | {c for c, found in joined.items() if {"AntigenBinder", domain} <= found}


def receptor_parts() -> Pairs:
    component, order, binds = one("construct_parts", "component"), one("construct_parts", "partOrder"), every("components", "bindsTarget")
    wanted = receptor_constructs("chimeric antigen receptor", "SignallingDomain") | receptor_constructs("T-cell receptor fusion", "TCellReceptorSubunit")
    inside = every("construct_parts", "partOfConstruct")
    return {(c, order.get(p, ""), component[p], t) for p, found in inside.items() for c in found & wanted for t in binds[component[p]] or {""}}


def receptor_gaps() -> Pairs:
    """What a receptor wants and no part of the construct is; one that signals through DAP12 wants no costimulation."""
    types, component, gene = every("components", "type"), one("construct_parts", "component"), every("components", "componentFromGene")
    parts = defaultdict(set)
    for part, found in every("construct_parts", "partOfConstruct").items():
        for construct in found:
            parts[construct].add(component[part])
    gaps: Pairs = set()
    for construct in receptor_constructs("chimeric antigen receptor", "SignallingDomain"):
        wanted = {"AntigenBinder", "Hinge", "TransmembraneDomain", "CostimulatoryDomain", "SignallingDomain"}
        wanted -= {kind for part in parts[construct] for kind in types[part]}
        if any("HGNC:12449" in gene[part] for part in parts[construct]):
            wanted -= {"CostimulatoryDomain"}
        gaps |= {(construct, f"mesokg:{kind}") for kind in wanted}
    return gaps


def own_t_cells() -> Pairs:
    """T cells with a chimeric antigen receptor, of the patient or of a source that is not named, and the trials of the therapy."""
    source, kinds, above = one("cell_products", "cellSource"), every("cell_products", "cellType"), broader("cell_types")
    receptors, inside = receptor_constructs("chimeric antigen receptor", "SignallingDomain"), every("cell_products", "transducedWith")
    trials = trials_of()
    return {
        (therapy, cells, source.get(cells, ""), trial)
        for therapy, found in every("therapies", "administersCells").items()
        for cells in found
        if inside[cells] & receptors and source.get(cells, "autologous") == "autologous" and any("CL:0000084" in above(kind) for kind in kinds[cells])
        for trial in trials[therapy] or {""}
    }


FROM_TABLES: dict[str, tuple[tuple[str, ...], Callable[[], Pairs]]] = {
    "which_countries_run_trials": (("country", "trials"), countries),
    "which_trials_have_which_phase_and_status": (("trial", "phase", "status", "startDate"), phases),
    "which_trials_stopped_and_why": (("group", "trial", "status", "stopReason"), stopped),
    "how_many_mesothelioma_patients_in_basket_trials": (
        ("trial", "mesotheliomaParticipants", "participantsTreated", "enrolmentActual", "enrolmentPlanned"), baskets,
    ),
    "where_is_trial_registered": (("trial", "identifier", "record", "recordVersionDate"), registered),
    "where_do_registries_disagree": (("trial", "record", "otherRecord"), two_registries),
    "which_trials_select_by_antigen_antibody_or_hla": (("limit", "trial", "wording"), selecting),
    "which_trials_have_no_results": (("trial",), without_results),
    "which_trials_study_disease": (("trial", "disease"), studying),
    "which_trials_treat_advanced_disease": (("trial", "stage"), staged),
    "how_did_vector_choice_change_over_time": (("sponsor", "year", "trial", "vector"), vector_choice),
    "which_vectors_were_tested_in_patients": (("vector", "therapy", "trial", "phase"), vectors_tested),
    "which_replication_deficient_vectors_reached_patients": (("group", "vector", "payload", "therapy", "trial"), deficient_vectors),
    "which_prodrugs_activate_suicide_genes": (("therapy", "enzyme", "prodrug"), prodrugs),
    "which_forms_of_genes_are_delivered": (("gene", "form", "species", "note"), delivered_forms),
    "which_drugs_accompany_therapies": (("drug", "purpose", "therapy", "trial"), accompanying),
    "which_trials_combine_with_checkpoint_or_chemotherapy": (("trial", "arm", "therapy", "drug"), combined),
    "which_randomised_arms_have_which_comparators": (("trial", "arm", "armSize", "given", "purpose"), randomised),
    "who_developed_and_sponsored_therapies": (("therapy", "developer", "trial", "sponsor"), developers),
    "which_therapies_succeed_which": (("therapy", "predecessor"), successions),
    "which_experiments_led_to_trials": (("experiment", "result"), led_to),
    "which_genes_are_altered_how_often": (("gene", "alteration", "disease", "numerator", "denominator"), alterations),
    "which_determinants_limit_or_enable_therapies": (("kind", "effect", "determinant", "affected"), determinants),
    "which_mechanisms_are_claimed_and_which_shown": (("therapy", "mechanism", "standing"), mechanisms),
    "which_publications_report_the_same_patients": (("relation", "publication", "other"), same_patients),
    "which_publications_report_on_trial": (("publication",), reports),
    "what_response_rates_were_reported": (("trial", "arm", "population", "measure", "numerator", "denominator"), responses),
    "how_long_did_patients_live_by_histology": (("trial", "arm", "measure", "timePoint", "value", "numerator", "denominator"), survival),
    "what_was_measured_in_which_trial": (("trial", "arm", "measure", "event", "numerator", "denominator", "resultStatus"), all_measured),
    "which_severe_events_were_reported": (("trial", "arm", "measure", "event", "minimumGrade", "numerator"), severe),
    "what_did_trial_report": (("arm", "measure", "event", "numerator", "denominator", "resultStatus"), of_one_trial),
    "which_therapies_target_gene": (("therapy", "trial"), receptor_targets),
    "which_therapies_slow_growth": (("agent", "mechanism", "step", "experiment"), of_kind("GrowthSuppressionMechanism")),
    "which_therapies_trigger_cell_death": (("agent", "mechanism", "step", "experiment"), of_kind("CellDeathMechanism")),
    "which_therapies_strengthen_the_immune_response": (("agent", "mechanism", "step", "experiment"), of_kind("ImmuneMechanism")),
    "which_mechanism_claims_are_contradicted": (("therapy", "mechanism", "contradiction"), refuted),
    "what_did_experiments_show_of_gene": (("experiment", "agent", "form", "model", "effectDirection"), shown_of_interferon_beta),
    "did_therapies_improve_survival": (("trial", "measure", "arm", "timePoint", "valueQualifier", "value"), improved),
    "which_parts_make_up_receptor_constructs": (("construct", "order", "component", "target"), receptor_parts),
    "which_parts_of_receptors_does_no_source_name": (("construct", "kind"), receptor_gaps),
    "which_therapies_use_the_patients_own_t_cells": (("therapy", "cells", "cellSource", "trial"), own_t_cells),
}  # fmt: skip


@pytest.mark.parametrize("name", FROM_TABLES)
def test_the_tables_give_the_same_answer(name: str) -> None:
    columns, compute = FROM_TABLES[name]
    missing, invented = differences(name, columns, compute())
    assert missing == [], "in the tables, not in the answer"
    assert invented == [], "in the answer, not in the tables"
