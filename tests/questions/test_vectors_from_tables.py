"""What is known of vectors, payloads and kinds of therapy, computed from the tables as ``test_from_tables`` does."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

import pytest
from curated import (
    Pairs,
    broader,
    constructs_of,
    differences,
    every,
    forms_of,
    investigated,
    one,
    table,
    things,
    vectors_of,
)

VIRUSES, BACTERIA, MESOTHELIOMA = "NCBITaxon:10239", "NCBITaxon:2", "MONDO:0006292"
MADE_FROM = {
    "AdenoAssociatedViral": "NCBITaxon:10803", "Adenoviral": "NCBITaxon:10508", "Bacterial": BACTERIA, "Gammaretroviral": "NCBITaxon:153135",
    "Herpesviral": "NCBITaxon:10292", "Lentiviral": "NCBITaxon:11646", "Paramyxoviral": "NCBITaxon:11158", "Poxviral": "NCBITaxon:10240",
    "Retroviral": "NCBITaxon:11632", "Rhabdoviral": "NCBITaxon:11270",
}  # fmt: skip
CARRIERS = {"MessengerRNA", "Minicell", "Plasmid", "Transposon"}


# ---------------------------------------------------------------- what several answers need


def taxa_of() -> dict[str, set[str]]:
    """All taxa a vector is made from, the broader ones too."""
    above = broader("taxa")
    return {vector: {taxon for named in found for taxon in above(named)} for vector, found in every("vectors", "derivedFrom").items()}


def vectors_in_experiments() -> dict[str, set[str]]:
    """The vectors of what an experiment tests, constructs or therapies."""
    tested, backbone, vectors = every("experiments", "experimentTests"), every("constructs", "hasBackbone"), vectors_of()
    return {e: {vector for what in tested[e] for vector in backbone.get(what, set()) | vectors.get(what, set())} for e in things("experiments")}


def forms_in_constructs() -> dict[str, set[str]]:
    carried, encoded = every("constructs", "carries"), every("payloads", "encodes")
    return {construct: {form for payload in found for form in encoded[payload]} for construct, found in carried.items()}


def trials_of() -> dict[str, set[str]]:
    trials: dict[str, set[str]] = defaultdict(set)
    for trial, therapy in investigated():
        trials[therapy].add(trial)
    return trials


# ---------------------------------------------------------------- the answers


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


FROM_TABLES: dict[str, tuple[tuple[str, ...], Callable[[], Pairs]]] = {
    "which_therapies_belong_to_class": (("therapy", "vector", "gene"), oncolytic),
    "which_therapies_modify_or_replace_a_faulty_gene": (
        ("way", "gene", "agent", "changedIn", "inTrial", "altered", "expression"), modified,
    ),
    "which_kinds_of_therapy_were_never_tried": (("kind", "sort", "known", "experiments"), never_tried),
    "which_mechanisms_do_unrelated_vectors_share": (("mechanism", "therapy", "vector"), unrelated),
}  # fmt: skip


@pytest.mark.parametrize("name", FROM_TABLES)
def test_the_tables_give_the_same_answer(name: str) -> None:
    columns, compute = FROM_TABLES[name]
    missing, invented = differences(name, columns, compute())
    assert missing == [], "in the tables, not in the answer"
    assert invented == [], "in the answer, not in the tables"
