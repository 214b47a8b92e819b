"""The page of one thing: a part for its kind, then everything the graph says of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from mesokg.describe import Description, Statement
from mesokg.identifiers import PREFIXES, compact
from mesokg.server.drawings import Block, Interval, interval_plot, schematic, share
from mesokg.server.evidence import explained, gather, identity, iri_of, mark, name_only, sources, statement_rows, value_of, values, why_address
from mesokg.server.html import Markup, el
from mesokg.server.look import Look, external, href
from mesokg.server.outcomes import amount_words, arm_words, number_words, opened, outcomes, range_words, table

__all__ = ["kind_of", "thing_content"]

_P = PREFIXES["mesokg"]
_TERMS = {
    "owl:Class": "class of the ontology", "owl:ObjectProperty": "property between things", "owl:DatatypeProperty": "property with a value",
    "owl:AnnotationProperty": "property that describes", "owl:NamedIndividual": "term of the ontology", "owl:Ontology": "ontology",
}
"""What terms of the ontology are called that are in none of our classes."""
_STANDARD = {
    "rdfs:domain": "is said of", "rdfs:range": "has as values", "rdfs:subClassOf": "is a kind of", "rdfs:subPropertyOf": "implies", "rdfs:isDefinedBy": "is defined by",
    "rdfs:comment": "remark", "rdfs:seeAlso": "see also", "owl:inverseOf": "is the inverse of", "owl:equivalentClass": "is the same as", "owl:equivalentProperty": "is the same as",
    "owl:propertyChainAxiom": "follows from the chain", "owl:disjointWith": "has nothing in common with", "owl:versionInfo": "version", "owl:versionIRI": "version",
    "owl:deprecated": "is no longer used", "skos:definition": "definition", "skos:notation": "code", "skos:note": "note", "skos:example": "example", "skos:prefLabel": "name",
    "skos:exactMatch": "is the same as", "skos:closeMatch": "is close to", "skos:broadMatch": "is narrower than", "skos:narrowMatch": "is wider than", "skos:relatedMatch": "is related to",
    "skos:broader": "is narrower than", "skos:narrower": "is wider than", "dcterms:license": "licence", "dcterms:title": "title", "dcterms:description": "description", "dcterms:creator": "made by",
    "dcterms:issued": "published on", "dcterms:source": "source",
}
"""Properties of other vocabularies in words, read from the thing they stand at; those of ours bring their labels."""
_STANDARD_INWARD = {"rdfs:domain": "is said of it", "rdfs:range": "has it as value", "rdfs:subClassOf": "is a kind of it", "rdfs:subPropertyOf": "implies it", "rdfs:isDefinedBy": "is defined by it", "owl:inverseOf": "is its inverse"}
"""The same, read from the other end."""
_KINDS = (
    "Therapy", "Trial", "Gene", "Antigen", "Mechanism", "Publication", "Vector", "Payload", "Construct", "Drug", "Disease",
    "GeneProductForm", "CellProduct", "Component", "MechanismStep", "Arm", "Administration", "Outcome", "OutcomeMeasurement",
    "Experiment", "GeneAlteration", "Cohort", "Determinant", "RegistryRecord", "WebPage", "Organisation", "Country", "ModelSystem",
    "CellType", "AnatomicalSite", "Taxon", "Assertion",
)


def kind_of(look: Look, iri: str) -> str:
    """The kind of a thing: the local name of the first of our main classes it is in."""
    from pyoxigraph import NamedNode

    found = {row["c"].removeprefix(_P) for row in look.rows(f"SELECT ?c {{ {NamedNode(iri)} a ?c }}")}
    return next((kind for kind in _KINDS if kind in found), "")


def _called(look: Look, iri: str, kind: str) -> str:
    """What kind of thing it is, in words: its kind, else what term of the ontology it is, else its narrowest class."""
    from pyoxigraph import NamedNode

    if kind:
        return _spoken(kind)
    node = NamedNode(iri)
    found = {compact(row["c"]) for row in look.rows(f"SELECT ?c {{ {node} a ?c }}")}
    labels = [row["l"] for row in look.rows(f"SELECT DISTINCT ?l {{ {node} a ?c . ?c rdfs:label ?l FILTER NOT EXISTS {{ {node} a ?d . ?d rdfs:subClassOf ?c FILTER(?c != ?d && ISIRI(?d)) }} }} ORDER BY ?l LIMIT 1")]
    return next((words for name, words in _TERMS.items() if name in found and name != "owl:NamedIndividual"), "") or next(iter(labels), "") or (_TERMS["owl:NamedIndividual"] if "owl:NamedIndividual" in found else "thing")


def _section(title: str, *content: Any, name: str = "") -> Markup | None:
    if not any(content):
        return None
    name = name or title.split()[0].lower()
    return el("section", el("h2", title), content, id=name)


def _explains(look: Look) -> bool:
    """Whether inferences can be explained here: a server behind another has the triples, not our way of asking."""
    return hasattr(look.store, "oxigraph")


def _about(look: Look, iri: str) -> str:
    return iri if _explains(look) else ""


def _evidence(found: dict[tuple[str, str], list[tuple[str, Any]]], *keys: tuple[str, str], of: str) -> Markup | None:
    """One mark for all that is said of these things by these properties; a source counts once for each place in it.

    ``of`` names what is said, for those who hear the mark apart from it.
    """
    every = {(one.source, one.locator, one.level): one for key in keys for _, one in found.get(key, ())}
    return sources(every.values(), of=of)


def _day(date: str, precision: str) -> str:
    """A date as precise as it is known; ``precision`` is year, month or day, or the id of one of these.

    >>> _day("2019-09-01", "month"), _day("1995-01-01", "year"), _day("2023-04-01", "day")
    ('2019-09', '1995', '2023-04-01')
    >>> _day("1995-01-01", "mesokg:precisionYear")
    '1995'
    """
    return date[: {"year": 4, "month": 7}.get(precision.rpartition("precision")[2].lower(), 10)]


_DATES = ("startDate", "completionDate", "primaryCompletionDate", "recordDate", "recordVersionDate", "asOf", "checkedOn")


def _held_when(look: Look, node: str) -> dict[tuple[str, str], str]:
    """How precise the dates are at which something held, by source (as CURIE) and date."""
    rows = look.rows(f"""SELECT DISTINCT ?source ?asOf ?precision WHERE {{ {{ ?a mesokg:subject {node} }} UNION {{ ?a mesokg:object {node} }}
        ?a mesokg:source ?source ; mesokg:asOf ?asOf ; mesokg:asOfPrecision/skos:notation ?precision }}""")
    return {(compact(row["source"]), row["asOf"]): row["precision"] for row in rows}


def _dated(look: Look, found: Description) -> Description:
    """The same, with every date as precise as the source has it: of each value of the thing, and of when it held."""
    from pyoxigraph import NamedNode

    precise: dict[tuple[str, str, str], str] = {}
    held: dict[str, str] = {}
    for s in found.statements:
        name = s.property.removeprefix("mesokg:")
        if not s.inward and name.endswith("Precision"):
            for one in s.evidence:
                precise[(name, one.source, one.locator)] = s.value
            if s.holds:
                held[name] = s.value
    when = _held_when(look, str(NamedNode(found.iri)))

    def dated(s: Statement) -> Statement:
        name = s.property.removeprefix("mesokg:")
        value = s.value
        if name in _DATES and not s.inward:
            # of two sources that give the same date, each may know it otherwise: the one that knows more is believed
            known = [precise[key] for one in s.evidence if (key := (f"{name}Precision", one.source, one.locator)) in precise]
            known = known or ([held[f"{name}Precision"]] if s.holds and f"{name}Precision" in held else [])
            value = max((_day(value, precision) for precision in known), key=len, default=value)
        return replace(s, value=value, evidence=tuple(replace(one, as_of=_day(one.as_of, when.get((one.source, one.as_of), ""))) for one in s.evidence))

    return replace(found, statements=tuple(map(dated, found.statements)))


# ---------------------------------------------------------------- kinds


def _constructs(look: Look, node: str) -> list[Any]:
    rows = look.rows(f"""SELECT DISTINCT ?construct ?constructLabel ?vector ?vectorLabel ?complete ?competence ?cell ?cellLabel ?source WHERE {{
        {{ {node} mesokg:hasConstruct ?construct }} UNION {{ {node} mesokg:administersCells ?cell . ?cell mesokg:transducedWith ?construct . OPTIONAL {{ ?cell rdfs:label ?cellLabel }} OPTIONAL {{ ?cell mesokg:cellSource/rdfs:label ?source }} }}
        ?construct rdfs:label ?constructLabel . OPTIONAL {{ ?construct mesokg:hasBackbone ?vector . ?vector rdfs:label ?vectorLabel . OPTIONAL {{ ?vector mesokg:replicationCompetence/skos:notation ?competence }} }}
        OPTIONAL {{ ?construct mesokg:compositionComplete ?complete }} }} ORDER BY ?constructLabel""")
    out: list[Any] = []
    for row in rows:
        construct = f"<{row['construct']}>"
        blocks: list[Block] = []
        for part in look.rows(f"""SELECT DISTINCT ?order ?component ?label ?kind ?kindLabel WHERE {{ ?part mesokg:partOfConstruct {construct} ; mesokg:component ?component .
            ?component rdfs:label ?label . OPTIONAL {{ ?part mesokg:partOrder ?order }} OPTIONAL {{ ?component a ?kind . ?kind rdfs:label ?kindLabel FILTER(?kind != mesokg:Component) }} }} ORDER BY ?order ?kind"""):
            order = int(part["order"]) if part["order"].isdecimal() else None
            block = Block(part["label"], part["kind"].removeprefix(_P) or "Component", part["kindLabel"] or "component", href(part["component"]), order)
            # a part of several kinds has a row for each; the same part twice in a chain has two places in it
            if not any((b.label, b.order) == (block.label, block.order) for b in blocks):
                blocks.append(block)
        loads: dict[tuple[str, str], set[str]] = defaultdict(set)
        for load in look.rows(f"""SELECT DISTINCT ?payload ?label ?kind WHERE {{ {construct} mesokg:carries ?payload . ?payload rdfs:label ?label .
            OPTIONAL {{ ?payload mesokg:encodes/mesokg:formKind/skos:notation ?kind }} }} ORDER BY ?payload"""):
            loads[(load["payload"], load["label"])].add(load["kind"])
        for (payload, label), kinds in loads.items():
            blocks.append(Block(label, "Payload", ": ".join(filter(None, ("payload", ", ".join(sorted(kinds - {""}, key=str.lower))))), href(payload)))
        deletions = [
            Block(d["label"], "Deletion", "deletion", href(d["d"])) for d in look.rows(f"SELECT DISTINCT ?d ?label {{ {construct} mesokg:hasBackbone/mesokg:hasDeletion ?d . ?d rdfs:label ?label }}")
        ]
        words = f"replication {row['competence']}" if row["competence"] else "replication not stated"
        cell = ", ".join(filter(None, (row["cellLabel"], row["source"]))) if row["cell"] else ""
        parts = [r["part"] for r in look.rows(f"SELECT ?part {{ ?part mesokg:partOfConstruct {construct} }}")]
        given = ("carries", "hasBackbone", "compositionComplete", "component", "partOfConstruct")
        said = gather(look, [row["construct"], *parts], given)
        out.append(
            el(
                "figure",
                schematic(row["vectorLabel"] or "vector not stated", words, [*deletions, *blocks], cell=cell, complete=row["complete"] == "true", viral="vir" in row["vectorLabel"].lower()),
                el("figcaption", el("a", row["constructLabel"], href=href(row["construct"])), el("a", row["vectorLabel"], href=href(row["vector"])) if row["vector"] else None, el("a", row["cellLabel"] or "cell product", href=href(row["cell"])) if row["cell"] else None,
                   el("span", "drawn from ", _evidence(said, *said, of="the schematic")) if said else None),
            )
        )
    return out


def _chain(look: Look, node: str) -> Any:
    rows = look.rows(f"""SELECT ?step ?mechanism ?label ?standing ?cellLabel (GROUP_CONCAT(DISTINCT ?s; separator=", ") AS ?settings) (GROUP_CONCAT(DISTINCT ?r; separator="; ") AS ?read) (GROUP_CONCAT(DISTINCT STR(?nx); separator=" ") AS ?next) WHERE {{
        ?step mesokg:stepOf {node} . VALUES (?p ?standing) {{ (mesokg:showsMechanism "shown") (mesokg:claimsMechanism "claimed") (mesokg:refutesMechanism "refuted") }}
        ?step ?p ?mechanism . ?mechanism rdfs:label ?label . OPTIONAL {{ ?step mesokg:inCell/rdfs:label ?cellLabel }} OPTIONAL {{ ?step mesokg:setting/rdfs:label ?s }}
        OPTIONAL {{ ?step mesokg:readOut ?r }} OPTIONAL {{ ?step mesokg:precedesStep ?nx }} }}
        GROUP BY ?step ?mechanism ?label ?standing ?cellLabel ORDER BY ?step""")
    if not rows:
        return None
    by_step = {row["step"]: row for row in rows}
    after: dict[str, int] = {}

    def depth(step: str, seen: tuple[str, ...] = ()) -> int:
        if step not in after:
            before = [s for s, r in by_step.items() if step in r["next"].split() and s not in seen]
            after[step] = 1 + max((depth(s, (*seen, step)) for s in before), default=-1)
        return after[step]

    said = gather(look, by_step, ("showsMechanism", "claimsMechanism", "refutesMechanism"))
    ordered = sorted(rows, key=lambda row: (depth(row["step"]), row["label"]))
    items = []
    for row in ordered:
        follows = [r["label"] for r in rows if row["step"] in r["next"].split()]
        items.append(el(
            "li", el("span", row["standing"], cls=f"standing {row['standing']}"), el("a", row["label"], href=href(row["mechanism"])),
            el("span", " after ", ", ".join(dict.fromkeys(follows)), cls="about") if follows else None,
            el("p", el("a", "step", href=href(row["step"])), f" · {row['settings']}" if row["settings"] else "", f" · in {row['cellLabel']}" if row["cellLabel"] else "", f" · {row['read']}" if row["read"] else "", " · ", _evidence(said, *[(row["step"], name) for name in ("showsMechanism", "claimsMechanism", "refutesMechanism")], of=row["label"]), cls="about"),
            cls=f"depth-{min(after[row['step']], 4)}",
        ))
    return el("ol", items, cls="chain")


_OF_TRIAL = ("phase", "status", "startDate", "enrolmentActual")


def _therapy(look: Look, found: Description, node: str) -> list[Any]:
    about = _about(look, found.iri)
    trials = look.rows(f"""SELECT DISTINCT ?t ?l ?phase ?status ?start ?precision ?n WHERE {{ ?t mesokg:investigates {node} ; a mesokg:Trial ; rdfs:label ?l . OPTIONAL {{ ?t mesokg:phase/rdfs:label ?phase }}
        OPTIONAL {{ ?t mesokg:status/rdfs:label ?status }} OPTIONAL {{ ?t mesokg:startDate ?start }} OPTIONAL {{ ?t mesokg:startDatePrecision/skos:notation ?precision }} OPTIONAL {{ ?t mesokg:enrolmentActual ?n }} }} ORDER BY ?start""")
    said = gather(look, (r["t"] for r in trials), _OF_TRIAL)
    listed = table(["Trial", "Phase", "Status", "Start", "Enrolled", "Sources"], [[el("a", r["l"], href=href(r["t"])), r["phase"], r["status"], _day(r["start"], r["precision"]), r["n"], _evidence(said, *[(r["t"], name) for name in _OF_TRIAL], of=r["l"])] for r in trials], "Trials of this therapy")
    lineage = [
        el("li", el("b", words), " ", [[value_of(s), " ", mark(s, about), " "] for s in values(found, name)])
        for name, words in (("succeeds", "Follows"), ("succeededBy", "Followed by")) if values(found, name)
    ]
    change = [el("p", value_of(s), " ", mark(s, about)) for s in values(found, "changeFromPredecessor")]
    targets = [el("li", el("span", f"{s.property_label or s.property.removeprefix('mesokg:')} ", cls="about"), value_of(s), " ", mark(s, about)) for name in ("recognisesAntigen", "targets", "silences", "edits", "blocks", "deliversGene") for s in values(found, name)]
    described = [el("p", value_of(s), " ", mark(s, about), cls="lead") for s in values(found, "therapyDescription")[:2]]
    return [
        described,
        _section("What it is made of", _constructs(look, node) or el("p", "No construct is recorded.", cls="about"), name="made"),
        _section("Targets and genes", el("ul", targets, cls="plain") if targets else None, name="targets"),
        _section("How it acts", _chain(look, node), name="mechanism"),
        _section("Trials", listed),
        _section("What came out", outcomes(look, f"?trial0 mesokg:investigates {node} . ?outcome mesokg:outcomeOf ?trial0 .", with_trial=True), name="outcomes"),
        _section("Lineage", el("ul", lineage, cls="plain") if lineage else None, change),
    ]


def _apart(dates: Iterable[str]) -> list[str]:
    """The dates that contradict one another: a year or month agrees with any day in it.

    >>> _apart(["2010-04", "2010-04-15"]), _apart(["2010", "2010-04", "2010-05"])
    (['2010-04-15'], ['2010-04', '2010-05'])
    """
    known = list(dates)
    return [one for one in known if not any(other.startswith(f"{one}-") for other in known)]


def _disagreements(look: Look, node: str) -> Markup | None:
    """What sources say of this trial side by side, where a property has one value and they give several.

    What holds at different dates, as a status does, is history and no disagreement.
    """
    rows = look.rows(f"""SELECT DISTINCT ?p ?label ?o ?ol ?asOf ?asOfPrecision ?precision ?source ?name ?locator ?rank WHERE {{ ?a mesokg:subject {node} ; mesokg:predicate ?p ; mesokg:object ?o ; mesokg:source ?source ; mesokg:negated false ; mesokg:locator ?locator ; mesokg:rank/skos:notation ?rank .
        ?p a owl:FunctionalProperty . FILTER(!STRENDS(STR(?p), "Precision")) OPTIONAL {{ ?a mesokg:asOf ?asOf OPTIONAL {{ ?a mesokg:asOfPrecision/skos:notation ?asOfPrecision }} }} OPTIONAL {{ ?p rdfs:label ?label }}
        BIND(IRI(CONCAT(STR(?p), "Precision")) AS ?pp) OPTIONAL {{ ?b mesokg:subject {node} ; mesokg:predicate ?pp ; mesokg:source ?source ; mesokg:locator ?locator ; mesokg:object/skos:notation ?precision }} OPTIONAL {{ ?o rdfs:label ?ol }} OPTIONAL {{ ?source rdfs:label ?name }} }} ORDER BY ?p ?asOf ?o ?source""")
    groups: dict[tuple[str, str], dict[str, list[dict[str, str]]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        answer = _day(row["o"], row["precision"]) if row["p"].removeprefix(_P) in _DATES else row["ol"] or row["o"]
        groups[(row["p"], _day(row["asOf"], row["asOfPrecision"]))][answer].append(row)
    questions = []
    for (prop, as_of), answers in groups.items():
        if len(_apart(answers) if prop.removeprefix(_P) in _DATES else answers) < 2:
            continue
        words = next((row["label"] for said in answers.values() for row in said if row["label"]), compact(prop))
        held = [
            el("div", el("p", el("b", number_words(value) if value.replace(".", "", 1).isdigit() else value), " ", el("span", "preferred", cls="standing shown") if any(r["rank"] == "preferred" for r in said) else None),
               [el("p", el("a", r["name"] or compact(r["source"]), href=href(r["source"])), f", {r['locator']}", cls="about") for r in said], cls="answer")
            for value, said in answers.items()
        ]
        questions.append(el("div", el("h3", words[:1].upper() + words[1:]), f" as of {as_of}" if as_of else None, el("div", held, cls="side-by-side")))
    return el("div", questions) if questions else None


def _trial(look: Look, found: Description, node: str) -> list[Any]:
    about = _about(look, found.iri)
    arms = look.rows(f"""SELECT ?arm ?armLabel ?role ?size ?x ?agent ?agentLabel ?low ?high ?unit ?route ?schedule ?purpose WHERE {{ ?arm mesokg:armOf {node} ; rdfs:label ?armLabel . OPTIONAL {{ ?arm mesokg:armRole/rdfs:label ?role }} OPTIONAL {{ ?arm mesokg:armSize ?size }}
        OPTIONAL {{ ?x mesokg:administrationIn ?arm ; mesokg:agent ?agent . ?agent rdfs:label ?agentLabel . OPTIONAL {{ ?x mesokg:doseLow ?low }} OPTIONAL {{ ?x mesokg:doseHigh ?high }} OPTIONAL {{ ?x mesokg:doseUnit/skos:notation ?unit }}
        OPTIONAL {{ ?x mesokg:route/rdfs:label ?route }} OPTIONAL {{ ?x mesokg:schedule ?schedule }} OPTIONAL {{ ?x mesokg:purpose/rdfs:label ?purpose }} }} }} ORDER BY ?armLabel ?x ?route""")
    of_arm, of_giving = ("armRole", "armSize"), ("givesTherapy", "givesDrug", "doseLow", "doseHigh", "route", "schedule", "purpose")
    said = gather(look, [r[name] for r in arms for name in ("arm", "x")], (*of_arm, *of_giving))
    seen: set[str] = set()
    arm_rows: list[list[Any]] = []
    last = ""
    for r in arms:
        if r["x"] and r["x"] in seen:
            continue
        seen.add(r["x"])
        low, high = number_words(r["low"]), number_words(r["high"])
        dose = "" if not low and not high else f"{low or '?'}{f' to {high}' if high and high != low else ''} {r['unit']}"
        new, arm = r["arm"] != last, arm_words(r["armLabel"], found.iri)
        evidence = _evidence(said, *[(r["arm"], name) for name in of_arm if new], *[(r["x"], name) for name in of_giving], of=", ".join(filter(None, (arm, r["agentLabel"]))))
        arm_rows.append([el("a", arm, href=href(r["arm"])) if new else el("span", arm, cls="unseen"), r["role"] if new else "", r["size"] if new else "", el("a", r["agentLabel"], href=href(r["x"])) if r["x"] else "", dose, r["route"], r["schedule"], r["purpose"], evidence])
        last = r["arm"]
    given = [(status, one) for status, one in gather(look, [found.iri], ["status"])[(found.iri, "status")] if not one.negated]
    labels = look.labels(status for status, _ in given)
    history = [(one, labels.get(status, compact(status))) for status, one in given]
    # what has no date is what the record said on the day it was checked, so the newest
    history.sort(key=lambda item: (item[0].as_of or "9999", item[1]))
    status = el("ol", [el("li", el("time", one.as_of or (f"checked {one.checked_on}" if one.checked_on else "no date")), " ", label, " ", sources([one], of=label)) for one, label in history], cls="history") if history else None
    why = [el("p", el("b", "Stopped: "), value_of(s), " ", mark(s, about)) for s in values(found, "whyStopped")]
    facts = [
        el("div", el("dt", words), el("dd", [[value_of(s), " ", mark(s, about), " "] for s in values(found, name)][:6]))
        for name, words in (("investigates", "Tests"), ("phase", "Phase"), ("status", "Status"), ("startDate", "Start"), ("enrolmentActual", "Enrolled"), ("enrolmentPlanned", "Planned"), ("mesotheliomaParticipants", "With mesothelioma"), ("sponsor", "Sponsor"), ("country", "Countries"))
        if values(found, name)
    ]
    return [
        el("dl", facts, cls="facts") if facts else None, why,
        _section("Arms and doses", table(["Arm", "Role", "Size", "Given", "Dose", "Route", "Schedule", "For", "Sources"], arm_rows, "Arms and doses"), name="arms"),
        _section("Status over time", status, name="status"),
        _section("Where sources differ", _disagreements(look, node), name="disagreements"),
        _section("What came out", outcomes(look, f"?outcome mesokg:outcomeOf {node} .", with_trial=False) or el("p", "No source reports an outcome yet.", cls="about"), name="outcomes"),
    ]


def _gene(look: Look, found: Description, node: str) -> list[Any]:
    therapies = look.rows(f"""SELECT DISTINCT ?t ?l ?p ?how WHERE {{ ?t ?p {node} ; a mesokg:Therapy ; rdfs:label ?l . FILTER(STRSTARTS(STR(?p), STR(mesokg:))) ?p rdfs:label ?how }} ORDER BY ?l ?how""")
    alterations = look.rows(f"""SELECT DISTINCT ?a ?kind ?disease ?n ?N ?value ?unit ?qualifier ?low ?high ?method ?cohort WHERE {{ ?a mesokg:alteredGene {node} . OPTIONAL {{ ?a mesokg:alterationKind/rdfs:label ?kind }} OPTIONAL {{ ?a mesokg:inDisease/rdfs:label ?disease }} OPTIONAL {{ ?a mesokg:numerator ?n }} OPTIONAL {{ ?a mesokg:denominator ?N }}
        OPTIONAL {{ ?a mesokg:value ?value }} OPTIONAL {{ ?a mesokg:resultUnit/skos:notation ?unit }} OPTIONAL {{ ?a mesokg:detectionMethod ?method }} OPTIONAL {{ ?a mesokg:inCohort/rdfs:label ?cohort }}
        OPTIONAL {{ ?a mesokg:valueQualifier ?qualifier }} OPTIONAL {{ ?a mesokg:lowerLimit ?low }} OPTIONAL {{ ?a mesokg:upperLimit ?high }} }} ORDER BY ?kind ?a""")
    lines = []
    given = ("numerator", "denominator", "value", "lowerLimit", "upperLimit", "alteredGene")
    counted = gather(look, (r["a"] for r in alterations), given)
    for r in alterations:
        label = "; ".join(filter(None, (r["kind"], r["disease"], r["cohort"])))
        source = _evidence(counted, *[(r["a"], name) for name in given], of=label)
        if r["n"].isdigit() and r["N"].isdigit() and int(r["N"]):
            value, low, high = share(int(r["n"]), int(r["N"]))
            lines.append(Interval(label, value, low, high, note=f"{r['n']} of {r['N']}", link=href(r["a"]), source=source))
        elif r["unit"] == "percent" and (r["value"] or r["low"] or r["high"]):
            percent, low, high = (float(r[name]) if r[name] else None for name in ("value", "low", "high"))
            limits = range_words(r["low"], r["high"]) if r["low"] or r["high"] else ""
            if percent is not None and percent <= 100 and not limits and not r["qualifier"] and r["N"].isdigit() and int(r["N"]):
                _, low, high = share(percent / 100 * int(r["N"]), int(r["N"]))
            words = amount_words(r["qualifier"], r["value"], "percent") + (f" ({limits})" if limits else "") if r["value"] else f"{limits} %"
            below, above = opened(r["qualifier"], r["low"], r["high"])
            lines.append(Interval(label, percent, low, high, words + (f" of {r['N']}" if r["N"] else ", denominator not reported"), href(r["a"]), source, below, above))
    grouped: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    for r in therapies:
        grouped[(r["t"], r["l"])][r["how"]] = r["p"]
    said = gather(look, (r["t"] for r in therapies), sorted({r["p"].removeprefix(_P) for r in therapies}))
    rows = []
    for (iri, label), how in grouped.items():
        ways = []
        for words, prop in how.items():
            # every narrower way implies this one
            if prop == _P + "targets" and len(how) > 1:
                continue
            stated = [one for target, one in said.get((iri, prop.removeprefix(_P)), ()) if target == found.iri]
            why = why_address(compact(iri), compact(prop), compact(found.iri)) if _explains(look) else ""
            ways.append(el("li", words, " ", sources(stated, not stated, why, f"{label} {words}")))
        rows.append([el("a", label, href=href(iri)), el("ul", ways, cls="plain")])
    return [
        _section("Therapies", table(["Therapy", "How"], rows, "Therapies that involve this gene")),
        _section("How often it is altered", interval_plot(lines, "percent of people or specimens" + (", with the limits of the source, else the 95 % Wilson interval where of how many is known" if any(line.low is not None for line in lines) else ""), "Alterations", top=100.0) if lines else None, name="alterations"),
    ]


def _mechanism(look: Look, found: Description, node: str) -> list[Any]:
    rows = look.rows(f"""SELECT DISTINCT ?t ?l ?standing ?setting ?step WHERE {{ VALUES (?p ?standing) {{ (mesokg:showsMechanism "shown") (mesokg:claimsMechanism "claimed") (mesokg:refutesMechanism "refuted") }}
        ?step ?p {node} ; mesokg:stepOf ?t . ?t rdfs:label ?l . OPTIONAL {{ ?step mesokg:setting/rdfs:label ?setting }} }} """)
    order = ("shown", "claimed", "refuted")
    rows.sort(key=lambda r: (order.index(r["standing"]), r["l"].lower(), r["setting"], r["step"]))
    names = ("showsMechanism", "claimsMechanism", "refutesMechanism")
    said = gather(look, (r["step"] for r in rows), names)
    listed = table(["Therapy", "Standing", "Seen in", "Step", "Sources"], [[el("a", r["l"], href=href(r["t"])), el("span", r["standing"], cls=f"standing {r['standing']}"), r["setting"], el("a", "step", href=href(r["step"])), _evidence(said, *[(r["step"], name) for name in names], of=r["l"])] for r in rows], "Therapies that act through this")
    return [_section("Therapies that act through it", listed, name="therapies")]


def _publication(look: Look, found: Description, node: str) -> list[Any]:
    outside = [
        el("li", el("a", words + s.value.removeprefix("PMC"), href=base + s.value, rel="external noopener"))
        for name, base, words in (("pmid", "https://pubmed.ncbi.nlm.nih.gov/", "PubMed "), ("pmcid", "https://pmc.ncbi.nlm.nih.gov/articles/", "PubMed Central PMC"), ("doi", "https://doi.org/", "DOI "))
        for s in values(found, name)
    ]
    rows = look.rows(f"""SELECT ?s ?sl ?p ?pl ?o ?ol ?negated (GROUP_CONCAT(DISTINCT ?loc; separator=", ") AS ?place) (MIN(?precise) AS ?precision) WHERE {{ ?a mesokg:source {node} ; mesokg:subject ?s ; mesokg:predicate ?p ; mesokg:negated ?negated ; mesokg:locator ?loc .
        BIND(IRI(CONCAT(STR(?p), "Precision")) AS ?pp) OPTIONAL {{ ?b mesokg:subject ?s ; mesokg:predicate ?pp ; mesokg:source {node} ; mesokg:locator ?loc ; mesokg:object/skos:notation ?precise }} OPTIONAL {{ ?a mesokg:object ?o OPTIONAL {{ ?o rdfs:label ?ol }} }} OPTIONAL {{ ?s rdfs:label ?sl }} OPTIONAL {{ ?p rdfs:label ?pl }} }} GROUP BY ?s ?sl ?p ?pl ?o ?ol ?negated ORDER BY ?sl ?p LIMIT 500""")
    for row in rows:
        if row["p"].removeprefix(_P) in _DATES:
            row["o"] = _day(row["o"], row["precision"])
    listed = table(["About", "Says", "What", "Where in the source"], [[el("a", r["sl"] or compact(r["s"]), href=href(r["s"])), ("not " if r["negated"] == "true" else "") + (r["pl"] or compact(r["p"])), el("a", r["ol"], href=href(r["o"])) if r["ol"] else (compact(r["o"]) if r["o"] else "not reported"), r["place"]] for r in rows], "What this source says")
    return [el("ul", outside, cls="plain outside") if outside else None, _section(f"What it says ({len(rows)}{'+' if len(rows) == 500 else ''})", listed, name="says")]


_PARTS = {"Therapy": _therapy, "Trial": _trial, "Gene": _gene, "Antigen": _gene, "Mechanism": _mechanism, "Publication": _publication, "RegistryRecord": _publication, "WebPage": _publication}


def thing_content(look: Look, found: Description, kind: str, formats: str) -> list[Any]:
    """The content of the page of a thing: heading, the part of its kind, and all statements."""
    from pyoxigraph import NamedNode

    node = str(NamedNode(found.iri))
    found = _dated(look, found)
    found = replace(found, statements=tuple(s if s.property_label else replace(s, property_label=(s.inward and _STANDARD_INWARD.get(s.property)) or _STANDARD.get(s.property, "")) for s in found.statements))
    special = _PARTS[kind](look, found, node) if kind in _PARTS else []
    about = _about(look, found.iri)
    # a node without a name, of an axiom of the ontology, tells a reader nothing; the Turtle has it
    named = [s for s in found.statements if not s.value.startswith("_:")]
    # other names stand in the heading, as label and classes do
    out = [s for s in named if not s.inward and s.holds and s not in found.names]
    inward = [s for s in named if s.inward and s.holds]
    other = _with_labels(look, [s for s in named if not s.holds])
    elsewhere = external(found.iri)
    classes = look.rows(f"SELECT DISTINCT ?c ?l {{ {node} a ?c . ?c rdfs:label ?l }} ORDER BY ?l")
    shown = [[" · " if number else None, _class_link(r["c"], r["l"], found.iri if about else "")] for number, r in enumerate(classes)]
    head = el(
        "div",
        el("p", _called(look, found.iri, kind), cls=f"kind k-{kind}"),
        el("h1", found.label),
        [el("p", value_of(s), " ", mark(s, about) or identity(found), cls="full-name") for s in values(found, "geneName")],
        _also_called(found, about),
        el("p", el("span", "is in the classes "), shown, cls="about classes") if shown else None,
        el("p", el("code", compact(found.iri)), " ", el("a", "elsewhere", href=elsewhere, rel="external noopener") if elsewhere else None, " ",
           [[el("a", words, href=f"{formats}.{suffix}" if "?" not in formats else f"{formats}&format={suffix}"), " "] for suffix, words in (("ttl", "Turtle"), ("json", "JSON"), ("csv", "CSV"))],
           el("a", "in the graph", href="/graph?" + urlencode({"focus": compact(found.iri)})), cls="ids"),
        cls="head",
    )
    return [
        head, special,
        el("section", el("h2", "Everything said of it" if special else "What it is"), el("dl", statement_rows(out, about, identity(found)), cls="statements") if out else el("p", "Nothing more."), id="all"),
        el("section", el("h2", "What refers to it"), el("dl", statement_rows(inward, about), cls="statements"), id="inward") if inward else None,
        el("section", el("h2", "Said by a source, but outranked, denied or without a value"), el("dl", statement_rows(other), cls="statements"), id="outranked") if other else None,
    ]


def _class_link(iri: str, label: str, about: str) -> Markup:
    """A class of a thing, with the sources of what makes the thing a member; ``about`` is empty where that cannot be explained."""
    if not about:
        return el("a", label, href=href(iri))
    why = why_address(compact(about), "rdf:type", compact(iri))
    return explained(el("a", label, href=why, cls="mark"), why)


def _also_called(found: Description, about: str) -> Markup | None:
    """The other names of a thing, each with its sources; those that no source is cited for stand last, with one mark."""
    sourced = [s for s in found.names if s.evidence]
    alone = [s.value for s in found.names if not s.evidence]
    shown: list[Any] = [[", " if number else None, s.value, " ", mark(s, about)] for number, s in enumerate(sourced)]
    if alone:
        shown.append([", " if sourced else None, ", ".join(alone), " ", name_only(found)])
    return el("p", el("span", "also called ", cls="about"), shown) if shown else None


def _spoken(kind: str) -> str:
    return "".join(f" {c.lower()}" if c.isupper() else c for c in kind).strip()


def _with_labels(look: Look, statements: list[Any]) -> list[Any]:
    """The same statements with the labels of their properties and values."""
    iris = {iri for s in statements for iri in (iri_of(s.property), iri_of(s.value)) if iri.startswith("http") and " " not in iri}
    labels = look.labels(iris)
    return [replace(s, property_label=labels.get(iri_of(s.property), ""), value_label=labels.get(iri_of(s.value), "")) for s in statements]
