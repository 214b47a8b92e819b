"""What is known of vectors, payloads and kinds of therapy, computed from the tables as ``test_from_tables`` does."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable

import pytest
from curated import (
    MADE_FROM,
    Pairs,
    bound_by,
    broader,
    constructs_of,
    differences,
    every,
    forms_of,
    given,
    investigated,
    labels,
    measured,
    one,
    split,
    table,
    taxa_of,
    things,
    trials_of,
    vectors_of,
)
from statements import measured_as

VIRUSES, BACTERIA, MESOTHELIOMA = "NCBITaxon:10239", "NCBITaxon:2", "MONDO:0006292"
GATES = {"mkg:mechanism-hla-gated-not-logic", "mkg:mechanism-synnotch-gating"}
KINDS_OF_PARTS = ("CostimulatoryDomain", "SafetySwitch")
CARRIERS = {"MessengerRNA", "Minicell", "Plasmid", "Transposon"}


# ---------------------------------------------------------------- what several answers need


def vectors_in_experiments() -> dict[str, set[str]]:
    """The vectors of what an experiment tests, constructs or therapies."""
    tested, backbone, vectors = every("experiments", "experimentTests"), every("constructs", "hasBackbone"), vectors_of()
    return {e: {vector for what in tested[e] for vector in backbone.get(what, set()) | vectors.get(what, set())} for e in things("experiments")}


def forms_in_constructs() -> dict[str, set[str]]:
    carried, encoded = every("constructs", "carries"), every("payloads", "encodes")
    return {construct: {form for payload in found for form in encoded[payload]} for construct, found in carried.items()}


# ---------------------------------------------------------------- the answers


def adenoviral_and_lentiviral() -> Pairs:
    """A row of a therapy has a trial of it where there is one; a row of an experiment has neither; a vector of neither stands alone."""
    taxa, therapies, experiments = taxa_of(), vectors_of(), vectors_in_experiments()
    competence, serotype, trials = one("vectors", "replicationCompetence"), one("vectors", "serotype"), trials_of()
    found: Pairs = set()
    for name, taxon in (("adenoviral vector", MADE_FROM["Adenoviral"]), ("lentiviral vector", MADE_FROM["Lentiviral"])):
        for vector in (vector for vector in things("vectors") if taxon in taxa[vector]):
            used = {(therapy, trial, "") for therapy, has in therapies.items() if vector in has for trial in trials[therapy] or {""}}
            used |= {("", "", e) for e, has in experiments.items() if vector in has}
            found |= {(name, vector, competence.get(vector, ""), serotype.get(vector, ""), *row) for row in used or {("", "", "")}}
    return found


def oncolytic() -> Pairs:
    """Therapies given directly whose backbone is of a virus and multiplies, always or in tumour cells, with the genes of their active forms."""
    taxa, competence, backbone = taxa_of(), one("vectors", "replicationCompetence"), every("constructs", "hasBackbone")
    replicating = {v for v in things("vectors") if VIRUSES in taxa[v] and competence.get(v) in ("competent", "conditional")}
    own, vectors, forms, active = every("therapies", "hasConstruct"), vectors_of(), forms_of(), every("forms", "activeFormOf")
    return {
        (therapy, vector, gene)
        for therapy in things("therapies")
        if any(backbone[construct] & replicating for construct in own[therapy])
        for vector in vectors[therapy] or {""}
        for gene in {gene for form in forms[therapy] for gene in active[form]} or {""}
    }


def unrelated() -> Pairs:
    """Mechanisms that steps show for two therapies whose vectors differ in virus family, or in carrier; and those therapies of which no vector is known."""
    taxa, types, up = taxa_of(), every("vectors", "type"), every("taxa", "hasBroader")
    families = {v: {t for t in taxa[v] if up[t] == {VIRUSES} or t == BACTERIA} | types[v] for v in things("vectors")}
    vectors, therapies, shown = vectors_of(), every("mechanism_steps", "stepOf"), defaultdict(set)
    for step, mechanisms in every("mechanism_steps", "showsMechanism").items():
        for mechanism in mechanisms:
            shown[mechanism] |= therapies[step]
    found: Pairs = set()
    for mechanism, those in shown.items():
        used = {(therapy, vector) for therapy in those for vector in vectors[therapy]}
        apart = {(t, v) for t, v in used if any(t != other and v != w and not families[v] & families[w] for other, w in used)}
        found |= {(mechanism, *row) for row in apart}
        found |= {(mechanism, therapy, "") for therapy in those if apart and not vectors[therapy]}
    return found


def never_in_a_registered_trial() -> Pairs:
    """Vector, payload and route of experiments outside the dish, without what an arm of a registered trial got; of an unknown vector nothing can be left out."""
    backbone, carried, constructs = every("constructs", "hasBackbone"), every("constructs", "carries"), constructs_of()
    registered, trials = {trial for found in every("registry_records", "recordOf").values() for trial in found}, one("arms", "armOf")
    routes, therapies, arms = (every("administrations", column) for column in ("route", "givesTherapy", "administrationIn"))
    given_by = {
        (construct, route)
        for administration in things("administrations")
        if any(trials[arm] in registered for arm in arms[administration])
        for therapy in therapies[administration]
        for construct in constructs[therapy]
        for route in routes[administration] | {"not stated"}
    }
    reached = {(vector, payload, route) for construct, route in given_by for vector in backbone[construct] for payload in carried[construct]}
    tested, way = every("experiments", "experimentTests"), every("experiments", "route")
    tried = {
        (vector, payload, route, e)
        for e in things("experiments")
        for what in tested[e]
        for construct in {what} | constructs.get(what, set())
        for payload in carried.get(construct, set())
        for vector in backbone[construct] or {""}
        for route in (way[e] or {"not stated"}) - {"in vitro", "ex vivo"}
    }
    return {row for row in tried if row[:3] not in reached}


def altered_genes() -> set[str]:
    """Genes of which a change other than of expression was found in mesothelioma, alone or together with another gene; looked for in vain does not count."""
    kinds, above = every("gene_alterations", "alterationKind"), broader("diseases")
    found, rate, disease = (one("gene_alterations", column) for column in ("numerator", "value", "inDisease"))
    genes: set[str] = set()
    for column in ("alteredGene", "coAlteredWith"):
        for alteration, those in every("gene_alterations", column).items():
            seen = float(found.get(alteration) or rate.get(alteration) or 1) > 0
            if seen and kinds[alteration] - {"overexpression", "loss of expression"} and MESOTHELIOMA in above(disease.get(alteration, "")):
                genes |= those
    return genes


def expression_of() -> Callable[[str], str]:
    """What is said of the expression of a gene in mesothelioma, of the gene itself or as an alteration of it."""
    above, said = broader("diseases"), defaultdict(set)
    for gene, diseases in every("genes", "overexpressedIn").items():
        if any(MESOTHELIOMA in above(disease) for disease in diseases):
            said[gene].add("over-expressed")
    kinds, gene, disease = every("gene_alterations", "alterationKind"), every("gene_alterations", "alteredGene"), one("gene_alterations", "inDisease")
    for alteration, found in kinds.items():
        if MESOTHELIOMA in above(disease.get(alteration, "")):
            words = {"over-expressed"} if "overexpression" in found else set()
            words |= {"lost"} if "loss of expression" in found else set()
            for one_gene in gene[alteration]:
                said[one_gene] |= words
    return lambda gene: " | ".join(sorted(said[gene])) or "not known"


def modified() -> Pairs:
    """What a therapy restores, silences or counteracts; constructs with a tumour suppressor, whole or as a microRNA, and with a microRNA of no known gene.

    A construct inside of a therapy gives way to the therapy, which is not said to deliver what it is said to restore.
    """
    found: Pairs = set()
    for way in ("restores", "silences", "counteracts"):
        found |= {(way, gene, therapy) for therapy, genes in every("therapies", way).items() for gene in genes}
    kind, active, other, role = (every(*which) for which in (("forms", "formKind"), ("forms", "activeFormOf"), ("forms", "alteredFormOf"), ("genes", "geneRole")))
    forms = forms_of()
    inside, restored = {construct for those in constructs_of().values() for construct in those}, {row[1:] for row in found}
    for agent, has in (forms | forms_in_constructs()).items():
        for form in has if agent not in inside else ():
            if kind[form] & {"full length", "microRNA mimic"}:
                suppressors = {gene for gene in active[form] if "tumour suppressor" in role[gene] and (gene, agent) not in restored}
                found |= {("delivers a tumour suppressor", gene, agent) for gene in suppressors}
            if "microRNA mimic" in kind[form] and not active[form] | other[form]:
                found.add(("delivers a microRNA", "", agent))
    cells, tried, altered, expression = every("therapies", "administersCells"), set(trials_of()), altered_genes(), expression_of()
    return {
        (
            way, gene, agent,
            "cells that are given" if way == "silences" and cells[agent] else "tumour",
            "true" if agent in tried else "false",
            ("true" if gene in altered else "false") if gene else "",
            expression(gene) if gene else "",
        )
        for way, gene, agent in found
    }  # fmt: skip


def never_tried() -> Pairs:
    """Kinds of vector by what it is made from or of, and of therapy by such vectors or by edited cells, that no trial gave; of other kinds nothing is computed.

    Beside each stands how many vectors or products of it the tables know and how many experiments test one.
    """
    taxa, types, vectors, tried = taxa_of(), every("vectors", "type"), vectors_of(), set(trials_of())
    kinds = {name: {v for v in things("vectors") if taxon in taxa[v]} for name, taxon in MADE_FROM.items()}
    kinds |= {name: {v for v in things("vectors") if f"{name}Vector" in types[v]} for name in CARRIERS}
    products = {name: {t for t in things("therapies") if vectors[t] & those} for name, those in kinds.items()}
    edited = {row["id"] for row in table("cell_products") if row.get("editsGene")}
    products["GeneEditedCell"] = {t for t, cells in every("therapies", "administersCells").items() if cells & edited}
    tested = every("experiments", "experimentTests")
    found: Pairs = set()
    for name, those in products.items():
        if not those & tried:
            if name in kinds:
                tests_one = sum(bool(vectors & kinds[name]) for vectors in vectors_in_experiments().values())
                found.add((f"mesokg:{name}Vector", "vector", str(len(kinds[name])), str(tests_one)))
            if name not in CARRIERS - {"MessengerRNA"}:
                tests_one = sum(bool(what & those) for what in tested.values())
                found.add((f"mesokg:{name}{'VectorTherapy' if name == 'Bacterial' else 'Therapy'}", "therapy", str(len(those)), str(tests_one)))
    return found


def defence() -> Pairs:
    """Determinants of three kinds, limits of antibody, mechanisms shown of immunity to the vector, and antibody to it that was measured."""
    kind, effect, affected = one("determinants", "determinantKind"), one("determinants", "determinantEffect"), defaultdict(set)
    details, relieved = every("determinants", "determinantDescription"), every("determinants", "relievedBy")
    for determinant in things("determinants"):
        affected[determinant] = {(vector, "") for vector in every("determinants", "affectsVector")[determinant]}
        affected[determinant] |= {("", therapy) for therapy in every("determinants", "affectsTherapy")[determinant]}
    found = {
        (kind[d], d, effect.get(d, ""), detail, *what, by)
        for d in things("determinants")
        if kind.get(d) in ("neutralising antibody", "extracellular barrier", "innate antiviral response")
        for detail in details[d] or {""}
        for what in affected[d] or {("", "")}
        for by in relieved[d] or {""}
    }
    limits = every("trials", "neutralisingAntibodyLimit")
    found |= {("titre limit of a trial", trial, "", limit, "", therapy, "") for trial, therapy in investigated() for limit in limits[trial]}
    immune, therapies = {row["id"] for row in table("mechanisms") if "AntivectorImmunityMechanism" in split(row["type"])}, every("mechanism_steps", "stepOf")
    found |= {
        ("mechanism shown", mechanism, "", "", "", therapy, "")
        for step, shown in every("mechanism_steps", "showsMechanism").items()
        for mechanism in shown & immune
        for therapy in therapies[step]
    }
    for row in measured({"anti-vector antibody"}):
        given_there = {what for what, _ in given()[row["inArm"]] if what.startswith("mkg:therapy")}
        detail = f"{row['numerator']} of {row['denominator']}" if row["numerator"] else row["value"] or row["valueText"]
        found |= {("antibody measured in patients", measured_as(row)[0], "", detail, "", therapy, "") for therapy in given_there or {""}}
    return found


def sparing() -> Pairs:
    """Determinants that protect healthy cells, antigens delivered to, entry receptors, and promoters, of which it is not computed whether they are selective."""
    effect, setting, details = every("determinants", "determinantEffect"), one("determinants", "setting"), every("determinants", "determinantDescription")
    found = {
        (agent, determinant, setting.get(determinant, ""), detail)
        for column in ("affectsTherapy", "affectsVector")
        for determinant, agents in every("determinants", column).items()
        if "protects healthy cells" in effect[determinant]
        for agent in agents
        for detail in details[determinant] or {""}
    }
    for name, column in (("therapies", "deliversTo"), ("vectors", "entersVia")):
        found |= {(agent, gene, "", "") for agent, genes in every(name, column).items() for gene in genes}
    promoters = {c for c, kinds in every("components", "type").items() if "Promoter" in kinds}
    described, inside = every("components", "componentDescription"), every("construct_parts", "partOfConstruct")
    for column in ("component", "drivenBy"):
        for part, those in every("construct_parts", column).items():
            found |= {(construct, p, "", " | ".join(sorted(described[p]))) for p in those & promoters for construct in inside[part]}
    return found


def on_normal_mesothelium() -> Pairs:
    """Therapies that aim at a gene expressed on it, by trial, feature and selection; and what therapies aim at on cells without such an expression known."""
    names = {name: labels(name) for name in ("anatomical_sites", "cell_types", "components", "mechanisms", "determinants")}
    linings = {"pleura", "peritoneum", "pericardium", "mesothelium", "mesothelial cell"}
    there = {g: {(names["anatomical_sites"] | names["cell_types"]).get(place, place) for place in found} for g, found in every("genes", "expressedIn").items()}
    there = {gene: found for gene, found in there.items() if found & linings}
    aims: dict[str, set[str]] = defaultdict(set)
    for column in ("recognisesAntigen", "targets", "deliversTo", "immunisesAgainst"):
        for therapy, targets in every("therapies", column).items():
            aims[therapy] |= targets
    for therapy, targets in bound_by().items():
        aims[therapy] |= targets
    features, selection = safety_features(), defaultdict(set)
    for words, column in (("antigen threshold", "antigenThreshold"), ("HLA restriction", "hlaRestriction")):
        for trial, found in every("trials", column).items():
            selection[trial] |= {f"{words}: {text}" for text in found}
    trials = trials_of()
    found = {
        ("1 on normal mesothelium", target, " | ".join(sorted(there[target])), therapy, trial, feature, chosen)
        for therapy, targets in aims.items()
        for target in targets & set(there)
        for trial in trials[therapy] or {""}
        for feature in features[therapy] or {""}
        for chosen in selection[trial] or {""}
    }
    unknown = {target for targets in aims.values() for target in targets} - set(there)
    return found | {("2 expression on normal mesothelium not known", target, "", "", "", "", "") for target in unknown}


def safety_features() -> dict[str, set[str]]:
    """What is built into a therapy or known of it that spares healthy cells, in words."""
    kinds, component, inside = every("components", "type"), every("construct_parts", "component"), every("construct_parts", "partOfConstruct")
    parts, mechanisms, determinants = labels("components"), labels("mechanisms"), labels("determinants")
    messenger = {v for v, found in every("vectors", "type").items() if "MessengerRNAVector" in found}
    vectors, cells, features = vectors_of(), every("therapies", "administersCells"), defaultdict(set)
    for therapy, constructs in constructs_of().items():
        for part, joined in inside.items():
            for one_part in component[part] if joined & constructs else ():
                features[therapy] |= {f"switch: {parts[one_part]}"} if "SafetySwitch" in kinds[one_part] else set()
                features[therapy] |= {f"blocker: {parts[one_part]}"} if "InhibitoryReceptor" in kinds[one_part] else set()
        if vectors[therapy] & messenger and cells[therapy]:
            features[therapy].add("does not last: receptor made from messenger RNA")
    therapies = every("mechanism_steps", "stepOf")
    for step, found in every("mechanism_steps", "showsMechanism").items():
        for therapy in therapies[step]:
            features[therapy] |= {f"gate: {mechanisms[m]}" for m in found if m in GATES}
    effect = every("determinants", "determinantEffect")
    for determinant, those in every("determinants", "affectsTherapy").items():
        for therapy in those if "protects healthy cells" in effect[determinant] else ():
            features[therapy].add(f"spares healthy cells: {determinants[determinant]}")
    return features


def sharing() -> Pairs:
    """Pairs with one vector and payloads of their own, or one payload and vectors of their own that are known; the responses are left out."""
    carried, constructs, vectors = every("constructs", "carries"), constructs_of(), vectors_of()
    payloads = {therapy: {payload for construct in found for payload in carried[construct]} for therapy, found in constructs.items()}
    names, described = labels("vectors") | labels("payloads"), every("vectors", "vectorDescription")
    kind_only = {v for v in things("vectors") if re.search("not (named|stated|specified)", " ".join({names[v], *described[v]}))}
    found: Pairs = set()
    for shared, apart in ((vectors, payloads), (payloads, vectors)):
        for one_therapy, has in shared.items():
            for other, others in shared.items():
                for thing in has & others if one_therapy < other else ():
                    group = "2 payload" if shared is payloads else "3 kind of vector only" if thing in kind_only else "1 vector"
                    for own in apart[one_therapy] - apart[other]:
                        for others_own in apart[other] - apart[one_therapy]:
                            found.add((group, thing, one_therapy, names[own], other, names[others_own]))
    return found


def aimed_at_and_altered() -> Pairs:
    """Genes that therapies, or constructs of experiments alone, aim at or deliver, and those looked at in mesothelioma that none takes up.

    A gene of which a therapy carries another form, such as a dominant negative one, is attempted too.
    Frequencies, and how many cohorts they are from, are not computed.
    """
    aims = ("recognisesAntigen", "targets", "deliversTo", "immunisesAgainst", "silences", "restores", "counteracts")
    inside = {construct for found in constructs_of().values() for construct in found}
    active, other, tried = every("forms", "activeFormOf"), "other form of the gene, or against it", set(trials_of())
    forms, alone = forms_of(), {c: found for c, found in forms_in_constructs().items() if c not in inside}
    taken: Pairs = {(gene, therapy, "targets") for column in aims for therapy, genes in every("therapies", column).items() for gene in genes}
    taken |= {(gene, therapy, "targets") for therapy, genes in bound_by().items() for gene in genes}
    taken |= {(gene, agent, "delivers") for agent, found in (forms | alone).items() for form in found for gene in active[form]}
    for column in ("formOf", "alteredFormOf"):
        of_gene = every("forms", column)
        taken |= {(gene, agent, other) for agent, found in alone.items() for form in found for gene in of_gene[form] - active[form]}
        # what a therapy delivers or aims at anyway has its row
        said = {(gene, agent) for gene, agent, how in taken if how != other}
        taken |= {(gene, agent, other) for agent, found in forms.items() for form in found for gene in of_gene[form] if (gene, agent) not in said}
    known, expression, altered = things("genes"), expression_of(), altered_genes()
    by_therapy = {gene for gene, agent, _ in taken if agent not in alone}

    def group(gene: str, untaken: str) -> str:
        said = {"not known": "neither known", "over-expressed": "merely over-expressed"}.get(expression(gene), f"expression {expression(gene)}")
        return f"{'attempted' if gene in by_therapy else untaken}, {'altered' if gene in altered else said}"

    found = {
        (
            group(gene, "attempted in models only"), gene, expression(gene),
            "experiment only" if agent in alone else "trial" if agent in tried else "therapy without a trial",
            *(("", agent) if agent in alone else (agent, "")), how,
        )
        for gene, agent, how in taken
        if gene in known
    }  # fmt: skip
    above, disease = broader("diseases"), one("gene_alterations", "inDisease")
    looked_at = {gene for gene in known if expression(gene) != "not known"}
    for column in ("alteredGene", "coAlteredWith"):
        for alteration, genes in every("gene_alterations", column).items():
            looked_at |= genes if MESOTHELIOMA in above(disease.get(alteration, "")) else set()
    return found | {(group(gene, "never attempted"), gene, expression(gene), "", "", "", "") for gene in looked_at - {row[1] for row in found}}


def cars_apart() -> Pairs:
    """Pairs of cells with receptors for one target of known costimulation, and of receptors of one experiment, by the parts of one kind that they do not share.

    A part that has none over against it stands with the one that has it; a row without a pair says that none of cells differs in these parts alone.
    What else differs, and the outcomes, are not computed.
    """
    kinds, component, parts = every("components", "type"), every("construct_parts", "component"), defaultdict(set)
    for part, constructs in every("construct_parts", "partOfConstruct").items():
        for construct in constructs:
            parts[construct] |= component[part]
    cells, transduced = every("therapies", "administersCells"), every("cell_products", "transducedWith")
    bound, products = bound_by(), {t: {part for c in those for s in transduced[c] for part in parts[s]} for t, those in cells.items()}

    def of_kind(has: set[str], kind: str) -> set[str]:
        return {part for part in has if kind in kinds[part]}

    def differ_alone(has: set[str], others: set[str]) -> bool:
        return any(has ^ others == of_kind(has ^ others, kind) for kind in KINDS_OF_PARTS)

    pairs = [(target, a, products[a], b, products[b]) for a in products for b in products for target in bound[a] & bound[b] if a < b]
    alone = [differ_alone(has, others) for _, _, has, _, others in pairs if has != others]
    for tested in every("experiments", "experimentTests").values():
        pairs += [("", a, parts[a], b, parts[b]) for a in tested for b in tested if a < b and differ_alone(parts[a], parts[b])]
    found: Pairs = set() if any(alone) else {("",) * 5}
    for target, a, has, b, others in pairs:
        for kind in KINDS_OF_PARTS if of_kind(has, "CostimulatoryDomain") and of_kind(others, "CostimulatoryDomain") else ():
            own, other = of_kind(has - others, kind), of_kind(others - has, kind)
            found |= {(target, a, one_part, b, another) for one_part in own for another in other}
            found |= {(target, a, one_part, b, "") for one_part in own if not other}
            found |= {(target, b, another, a, "") for another in other if not own}
    return found


FROM_TABLES: dict[str, tuple[tuple[str, ...], Callable[[], Pairs]]] = {
    "which_adenoviral_and_lentiviral_vectors_are_used": (
        ("class", "vector", "replicationCompetence", "serotype", "therapy", "trial", "experiment"), adenoviral_and_lentiviral,
    ),
    "which_combinations_never_reached_a_trial": (("vector", "payload", "route", "experiment"), never_in_a_registered_trial),
    "which_therapies_belong_to_class": (("therapy", "vector", "gene"), oncolytic),
    "which_therapies_modify_or_replace_a_faulty_gene": (
        ("way", "gene", "agent", "changedIn", "inTrial", "altered", "expression"), modified,
    ),
    "what_evades_or_meets_defence_against_the_vector": (("kind", "finding", "effect", "detail", "vector", "therapy", "relievedBy"), defence),
    "what_reaches_the_tumour_and_spares_healthy_cells": (("agent", "through", "setting", "detail"), sparing),
    "which_targets_are_on_normal_mesothelium": (("group", "target", "tissues", "therapy", "trial", "feature", "selection"), on_normal_mesothelium),
    "which_targeted_genes_are_altered": (("group", "gene", "expression", "attempt", "therapy", "construct", "how"), aimed_at_and_altered),
    "which_therapies_share_vector_or_payload": (
        ("shared", "sharedThing", "therapy", "differing", "otherTherapy", "otherDiffering"), sharing,
    ),
    "which_cars_differ_only_in_costimulation_or_switch": (("target", "car", "part", "otherCar", "otherPart"), cars_apart),
    "which_kinds_of_therapy_were_never_tried": (("kind", "sort", "known", "experiments"), never_tried),
    "which_mechanisms_do_unrelated_vectors_share": (("mechanism", "therapy", "vector"), unrelated),
}  # fmt: skip


@pytest.mark.parametrize("name", FROM_TABLES)
def test_the_tables_give_the_same_answer(name: str) -> None:
    columns, compute = FROM_TABLES[name]
    missing, invented = differences(name, columns, compute())
    assert missing == [], "in the tables, not in the answer"
    assert invented == [], "in the answer, not in the tables"
