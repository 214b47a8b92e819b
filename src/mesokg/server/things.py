"""The page of one thing: a part for its kind, then everything the graph says of it."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from mesokg.describe import Description
from mesokg.identifiers import PREFIXES, compact
from mesokg.server.drawings import Block, Interval, interval_plot, schematic, share
from mesokg.server.evidence import sources, statement_rows, value_of, values
from mesokg.server.html import Markup, el
from mesokg.server.look import Look, external, href

__all__ = ["kind_of", "thing_content"]

_P = PREFIXES["mesokg"]
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


def _section(title: str, *content: Any, name: str = "") -> Markup | None:
    if not any(content):
        return None
    name = name or title.split()[0].lower()
    return el("section", el("h2", title), content, id=name)


def _table(heads: list[str], rows: list[list[Any]], caption: str) -> Markup | None:
    if not rows:
        return None
    return el(
        "div",
        el("table", el("caption", caption, cls="unseen"), el("thead", el("tr", [el("th", head, scope="col") for head in heads])), el("tbody", [el("tr", [el("td", cell) for cell in row]) for row in rows])),
        cls="wide", tabindex="0", role="region", aria_label=caption,
    )


# ---------------------------------------------------------------- outcomes


def _outcome_rows(look: Look, where: str) -> list[dict[str, str]]:
    return look.rows(f"""
      SELECT ?trial ?trialLabel ?outcome ?measure ?arm ?population ?criteria ?time ?subgroup ?event ?m ?n ?N ?value ?unit ?low ?high ?text ?qualifier ?status ?denominatorKind ?note
             (GROUP_CONCAT(DISTINCT STR(?src); separator=" ") AS ?sources)
      WHERE {{
        {where}
        ?outcome mesokg:measure/rdfs:label ?measure ; mesokg:hasMeasurement ?m .
        OPTIONAL {{ ?outcome mesokg:inArm/rdfs:label ?arm }} OPTIONAL {{ ?outcome mesokg:population ?population }}
        OPTIONAL {{ ?outcome mesokg:criteria/rdfs:label ?criteria }} OPTIONAL {{ ?outcome mesokg:timePoint ?time }}
        OPTIONAL {{ ?outcome mesokg:subgroup ?subgroup }} OPTIONAL {{ ?outcome mesokg:event ?event }}
        OPTIONAL {{ ?outcome mesokg:outcomeOf ?trial . ?trial rdfs:label ?trialLabel }}
        OPTIONAL {{ ?m mesokg:numerator ?n }} OPTIONAL {{ ?m mesokg:denominator ?N }} OPTIONAL {{ ?m mesokg:value ?value }}
        OPTIONAL {{ ?m mesokg:resultUnit/skos:notation ?unit }} OPTIONAL {{ ?m mesokg:lowerLimit ?low }} OPTIONAL {{ ?m mesokg:upperLimit ?high }}
        OPTIONAL {{ ?m mesokg:valueText ?text }} OPTIONAL {{ ?m mesokg:valueQualifier ?qualifier }} OPTIONAL {{ ?m mesokg:resultStatus/skos:notation ?status }}
        OPTIONAL {{ ?m mesokg:denominatorKind/skos:notation ?denominatorKind }} OPTIONAL {{ ?m mesokg:resultNote ?note }}
        OPTIONAL {{ ?a mesokg:object ?m ; mesokg:predicate mesokg:hasMeasurement ; mesokg:source ?src }}
      }} GROUP BY ?trial ?trialLabel ?outcome ?measure ?arm ?population ?criteria ?time ?subgroup ?event ?m ?n ?N ?value ?unit ?low ?high ?text ?qualifier ?status ?denominatorKind ?note
      ORDER BY ?measure ?trialLabel ?outcome ?m LIMIT 600""")


def _number(text: str) -> str:
    """A number without idle zeros, and with commas where it is long.

    >>> _number("60000000"), _number("23.90"), _number("2019"), _number("")
    ('60,000,000', '23.9', '2019', '')
    """
    if text.isdecimal() and len(text) > 4:
        return f"{int(text):,}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _arm(label: str, trial: str) -> str:
    """The label of an arm on the page of its own trial, whose number need not follow it."""
    return label.removesuffix(f" ({trial.rpartition('/trial-')[2]})")


def _result(row: dict[str, str]) -> str:
    parts = []
    if row["n"] and row["N"]:
        parts.append(f"{row['n']} of {row['N']}")
    elif row["n"]:
        parts.append(f"{row['n']}, denominator not reported")
    if row["value"]:
        unit = row["unit"]
        parts.append(f"{row['qualifier']}{_number(row['value'])}{' %' if unit == 'percent' else f' {unit}' if unit else ''}")
    if row["low"] or row["high"]:
        parts.append(f"({_number(row['low']) or '?'} to {_number(row['high']) or '?'})")
    if row["text"]:
        parts.append(row["text"])
    if not parts:
        parts.append(row["status"].replace("_", " ") or "no number")
    return " ".join(parts)


def _cite(look: Look, iris: str) -> list[Any]:
    found: list[Any] = []
    for iri in filter(None, iris.split()):
        short = compact(iri).removeprefix("mkg:publication-").removeprefix("mkg:record-").removeprefix("mkg:page-")
        found += [el("a", short.replace("PMID", "PMID "), href=href(iri)), " "]
    return found


def outcomes(look: Look, where: str, *, with_trial: bool) -> list[Any]:
    """Outcomes as interval plots by measure, and as a table in which sources of one outcome stand together."""
    rows = _outcome_rows(look, where)
    if not rows:
        return []
    groups: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in rows:
        groups[row["measure"]].append(row)
    out: list[Any] = []
    main = ("objective response", "disease control", "survival", "complete response", "partial response", "stable disease", "progression", "clinical benefit")

    def weight(item: tuple[str, list[dict[str, str]]]) -> tuple[int, str]:
        return (next((i for i, words in enumerate(main) if words in item[0]), len(main)), item[0])

    for measure, group in sorted(groups.items(), key=weight):
        shares, amounts = [], []
        for row in group:
            about = [row["event"], "" if with_trial else _arm(row["arm"], row["trial"]), row["population"], row["criteria"], row["time"], row["subgroup"]]
            label = "; ".join(dict.fromkeys(part for part in about if part)) or measure
            if with_trial:
                label = f"{row['trialLabel']}: {label}"
            if row["n"].isdigit() and row["N"].isdigit() and int(row["N"]) > 0:
                value, low, high = share(int(row["n"]), int(row["N"]))
                shares.append(Interval(label, value, low, high, _result(row), href(row["m"])))
            elif row["value"] and row["unit"] in ("months", "percent", "weeks", "years", "days"):
                low_text, high_text = row["low"], row["high"]
                amounts.append((row["unit"], Interval(label, float(row["value"]), float(low_text) if low_text else None, float(high_text) if high_text else None, _result(row), href(row["m"]))))
        pieces: list[Any] = []
        if shares:
            pieces.append(interval_plot(shares[:30], "percent of the denominator, with 95 % Wilson interval", f"{measure}, shares", top=100.0))
        for unit in dict.fromkeys(unit for unit, _ in amounts):
            lines = [line for u, line in amounts if u == unit][:30]
            words = f"{unit}, with the interval of the source where it gives one" if any(line.low is not None for line in lines) else unit
            pieces.append(interval_plot(lines, words, f"{measure}, {unit}", top=100.0 if unit == "percent" and all(line.value <= 100 for line in lines if line.value is not None) else None))
        outcome_of = [row["outcome"] for row in group]
        table = _table(
            ["Population", "Result", "Denominator is", "Remarks", "Source"],
            [
                [
                    [el("a", row["trialLabel"], href=href(row["trial"])) if with_trial and row["trial"] else None, el("span", "; ".join(filter(None, (row["event"], _arm(row["arm"], row["trial"]) if not with_trial else "", row["population"], row["criteria"], row["time"], row["subgroup"]))), cls="about"),
                     el("span", "sources differ", cls="disagree") if outcome_of.count(row["outcome"]) > 1 and len({_result(r) for r in group if r["outcome"] == row["outcome"]}) > 1 else None],
                    el("a", _result(row), href=href(row["m"])), row["denominatorKind"] if row["N"] else "", row["note"], _cite(look, row["sources"]),
                ]
                for row in group
            ],
            f"{measure}: every measurement",
        )
        many = len(group) > 6 and weight((measure, group))[0] == len(main)
        body = [pieces, el("details", el("summary", f"{len(group)} {'measurement' if len(group) == 1 else 'measurements'} as a table"), table)]
        heading = measure[:1].upper() + measure[1:]
        out.append(el("details", el("summary", el("h3", heading), f" {len(group)}"), body, cls="fold") if many else el("div", el("h3", heading), body))
    return out


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
            block = Block(part["label"], part["kind"].removeprefix(_P) or "Component", part["kindLabel"] or "component", href(part["component"]))
            if not any(b.label == block.label for b in blocks):
                blocks.append(block)
        for load in look.rows(f"""SELECT DISTINCT ?payload ?label ?kind WHERE {{ {construct} mesokg:carries ?payload . ?payload rdfs:label ?label .
            OPTIONAL {{ ?payload mesokg:encodes/mesokg:formKind/skos:notation ?kind }} }} ORDER BY ?payload"""):
            if not any(b.link == href(load["payload"]) for b in blocks):
                blocks.append(Block(load["label"], "Payload", f"payload, {load['kind']}" if load["kind"] else "payload", href(load["payload"])))
        deletions = [
            Block(d["label"], "Deletion", "deletion", href(d["d"])) for d in look.rows(f"SELECT DISTINCT ?d ?label {{ {construct} mesokg:hasBackbone/mesokg:hasDeletion ?d . ?d rdfs:label ?label }}")
        ]
        words = f"replication {row['competence']}" if row["competence"] else "replication not stated"
        cell = ", ".join(filter(None, (row["cellLabel"], row["source"]))) if row["cell"] else ""
        out.append(
            el(
                "figure",
                schematic(row["vectorLabel"] or "vector not stated", words, [*deletions, *blocks], cell=cell, complete=row["complete"] == "true", viral="vir" in row["vectorLabel"].lower()),
                el("figcaption", el("a", row["constructLabel"], href=href(row["construct"])), el("a", row["vectorLabel"], href=href(row["vector"])) if row["vector"] else None, el("a", row["cellLabel"] or "cell product", href=href(row["cell"])) if row["cell"] else None),
            )
        )
    return out


def _chain(look: Look, node: str) -> Any:
    rows = look.rows(f"""SELECT ?step ?mechanism ?label ?standing ?cellLabel (GROUP_CONCAT(DISTINCT ?s; separator=", ") AS ?settings) (GROUP_CONCAT(DISTINCT ?r; separator="; ") AS ?read) (GROUP_CONCAT(DISTINCT STR(?nx); separator=" ") AS ?next) (GROUP_CONCAT(DISTINCT STR(?src); separator=" ") AS ?sources) WHERE {{
        ?step mesokg:stepOf {node} . VALUES (?p ?standing) {{ (mesokg:showsMechanism "shown") (mesokg:claimsMechanism "claimed") (mesokg:refutesMechanism "refuted") }}
        ?step ?p ?mechanism . ?mechanism rdfs:label ?label . OPTIONAL {{ ?step mesokg:inCell/rdfs:label ?cellLabel }} OPTIONAL {{ ?step mesokg:setting/rdfs:label ?s }}
        OPTIONAL {{ ?step mesokg:readOut ?r }} OPTIONAL {{ ?step mesokg:precedesStep ?nx }} OPTIONAL {{ ?a mesokg:subject ?step ; mesokg:predicate ?p ; mesokg:source ?src }} }}
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

    ordered = sorted(rows, key=lambda row: (depth(row["step"]), row["label"]))
    items = []
    for row in ordered:
        follows = [r["label"] for r in rows if row["step"] in r["next"].split()]
        items.append(el(
            "li", el("span", row["standing"], cls=f"standing {row['standing']}"), el("a", row["label"], href=href(row["mechanism"])),
            el("span", " after ", ", ".join(dict.fromkeys(follows)), cls="about") if follows else None,
            el("p", el("a", "step", href=href(row["step"])), f" · {row['settings']}" if row["settings"] else "", f" · in {row['cellLabel']}" if row["cellLabel"] else "", f" · {row['read']}" if row["read"] else "", " · ", _cite(look, row["sources"]), cls="about"),
            cls=f"depth-{min(after[row['step']], 4)}",
        ))
    return el("ol", items, cls="chain")


def _therapy(look: Look, found: Description, node: str) -> list[Any]:
    trials = look.rows(f"""SELECT DISTINCT ?t ?l ?phase ?status ?start ?n WHERE {{ ?t mesokg:investigates {node} ; a mesokg:Trial ; rdfs:label ?l . OPTIONAL {{ ?t mesokg:phase/rdfs:label ?phase }}
        OPTIONAL {{ ?t mesokg:status/rdfs:label ?status }} OPTIONAL {{ ?t mesokg:startDate ?start }} OPTIONAL {{ ?t mesokg:enrolmentActual ?n }} }} ORDER BY ?start""")
    table = _table(["Trial", "Phase", "Status", "Start", "Enrolled"], [[el("a", r["l"], href=href(r["t"])), r["phase"], r["status"], r["start"][:7], r["n"]] for r in trials], "Trials of this therapy")
    lineage = [
        el("li", el("b", words), " ", [[value_of(s), " ", sources(s.evidence, s.inferred), " "] for s in values(found, name)])
        for name, words in (("succeeds", "Follows"), ("succeededBy", "Followed by")) if values(found, name)
    ]
    change = [el("p", value_of(s), " ", sources(s.evidence)) for s in values(found, "changeFromPredecessor")]
    targets = [el("li", value_of(s), el("span", f" {s.property_label or s.property.removeprefix('mesokg:')} ", cls="about"), sources(s.evidence, s.inferred)) for name in ("recognisesAntigen", "targets", "silences", "edits", "blocks", "deliversGene") for s in values(found, name)]
    described = [el("p", value_of(s), " ", sources(s.evidence), cls="lead") for s in values(found, "therapyDescription")[:2]]
    return [
        described,
        _section("What it is made of", _constructs(look, node) or el("p", "No construct is recorded.", cls="about"), name="made"),
        _section("Targets and genes", el("ul", targets, cls="plain") if targets else None, name="targets"),
        _section("How it acts", _chain(look, node), name="mechanism"),
        _section("Trials", table),
        _section("What came out", outcomes(look, f"?trial0 mesokg:investigates {node} . ?outcome mesokg:outcomeOf ?trial0 .", with_trial=True), name="outcomes"),
        _section("Lineage", el("ul", lineage, cls="plain") if lineage else None, change),
    ]


def _trial(look: Look, found: Description, node: str) -> list[Any]:
    arms = look.rows(f"""SELECT ?arm ?armLabel ?role ?size ?x ?agent ?agentLabel ?low ?high ?unit ?route ?schedule ?purpose WHERE {{ ?arm mesokg:armOf {node} ; rdfs:label ?armLabel . OPTIONAL {{ ?arm mesokg:armRole/rdfs:label ?role }} OPTIONAL {{ ?arm mesokg:armSize ?size }}
        OPTIONAL {{ ?x mesokg:administrationIn ?arm ; mesokg:agent ?agent . ?agent rdfs:label ?agentLabel . OPTIONAL {{ ?x mesokg:doseLow ?low }} OPTIONAL {{ ?x mesokg:doseHigh ?high }} OPTIONAL {{ ?x mesokg:doseUnit/skos:notation ?unit }}
        OPTIONAL {{ ?x mesokg:route/rdfs:label ?route }} OPTIONAL {{ ?x mesokg:schedule ?schedule }} OPTIONAL {{ ?x mesokg:purpose/rdfs:label ?purpose }} }} }} ORDER BY ?armLabel ?x ?route""")
    seen: set[str] = set()
    arm_rows: list[list[Any]] = []
    last = ""
    for r in arms:
        if r["x"] and r["x"] in seen:
            continue
        seen.add(r["x"])
        low, high = _number(r["low"]), _number(r["high"])
        dose = "" if not low and not high else f"{low or '?'}{f' to {high}' if high and high != low else ''} {r['unit']}"
        arm_rows.append([el("a", _arm(r["armLabel"], found.iri), href=href(r["arm"])) if r["arm"] != last else "", r["role"] if r["arm"] != last else "", r["size"] if r["arm"] != last else "", el("a", r["agentLabel"], href=href(r["x"])) if r["x"] else "", dose, r["route"], r["schedule"], r["purpose"]])
        last = r["arm"]
    history = look.rows(f"""SELECT DISTINCT ?asOf ?label ?rank ?src ?checked WHERE {{ ?a mesokg:subject {node} ; mesokg:predicate mesokg:status ; mesokg:object/rdfs:label ?label ; mesokg:source ?src ; mesokg:rank/skos:notation ?rank . OPTIONAL {{ ?a mesokg:asOf ?asOf }} OPTIONAL {{ ?a mesokg:checkedOn ?checked }} }} ORDER BY ?asOf""")
    status = el("ol", [el("li", el("time", r["asOf"] or "no date"), " ", r["label"], f" ({r['rank']})" if r["rank"] != "normal" else "", " ", _cite(look, r["src"])) for r in history], cls="history") if history else None
    why = [el("p", el("b", "Stopped: "), value_of(s), " ", sources(s.evidence)) for s in values(found, "whyStopped")]
    facts = [
        el("div", el("dt", words), el("dd", [[value_of(s), " ", sources(s.evidence, s.inferred), " "] for s in values(found, name)][:6]))
        for name, words in (("investigates", "Tests"), ("phase", "Phase"), ("status", "Status"), ("startDate", "Start"), ("enrolmentActual", "Enrolled"), ("enrolmentPlanned", "Planned"), ("mesotheliomaParticipants", "With mesothelioma"), ("sponsor", "Sponsor"), ("country", "Countries"))
        if values(found, name)
    ]
    disagree = look.rows(f"""SELECT ?p ?label (GROUP_CONCAT(DISTINCT ?shown; separator=" ¦ ") AS ?all) (COUNT(DISTINCT ?o) AS ?n) WHERE {{ {{ SELECT DISTINCT ?p ?o ?src {{ ?a mesokg:subject {node} ; mesokg:predicate ?p ; mesokg:object ?o ; mesokg:source ?src ; mesokg:negated false }} }}
        ?p a owl:FunctionalProperty . FILTER(!STRENDS(STR(?p), "Precision")) OPTIONAL {{ ?p rdfs:label ?label }} OPTIONAL {{ ?o rdfs:label ?ol }} OPTIONAL {{ ?src rdfs:label ?sl }} BIND(CONCAT(COALESCE(?ol, STR(?o)), " — ", COALESCE(?sl, STR(?src))) AS ?shown) }} GROUP BY ?p ?label HAVING(COUNT(DISTINCT ?o) > 1) ORDER BY ?p""")
    side = _table(["Question", "What each source says"], [[r["label"] or compact(r["p"]), el("ul", [el("li", one.replace("T00:00:00Z", "")) for one in r["all"].split(" ¦ ")])] for r in disagree], "Where sources differ")
    return [
        el("dl", facts, cls="facts") if facts else None, why,
        _section("Arms and doses", _table(["Arm", "Role", "Size", "Given", "Dose", "Route", "Schedule", "For"], arm_rows, "Arms and doses"), name="arms"),
        _section("Status over time", status, name="status"),
        _section("What came out", outcomes(look, f"?outcome mesokg:outcomeOf {node} .", with_trial=False) or el("p", "No source reports an outcome yet.", cls="about"), name="outcomes"),
        _section("Sources that differ", side, name="disagreements"),
    ]


def _gene(look: Look, found: Description, node: str) -> list[Any]:
    therapies = look.rows(f"""SELECT DISTINCT ?t ?l ?how WHERE {{ ?t ?p {node} ; a mesokg:Therapy ; rdfs:label ?l . FILTER(STRSTARTS(STR(?p), STR(mesokg:))) ?p rdfs:label ?how }} ORDER BY ?l ?how""")
    alterations = look.rows(f"""SELECT DISTINCT ?a ?kind ?disease ?n ?N ?value ?unit ?method ?cohort WHERE {{ ?a mesokg:alteredGene {node} . OPTIONAL {{ ?a mesokg:alterationKind/rdfs:label ?kind }} OPTIONAL {{ ?a mesokg:inDisease/rdfs:label ?disease }} OPTIONAL {{ ?a mesokg:numerator ?n }} OPTIONAL {{ ?a mesokg:denominator ?N }}
        OPTIONAL {{ ?a mesokg:value ?value }} OPTIONAL {{ ?a mesokg:resultUnit/skos:notation ?unit }} OPTIONAL {{ ?a mesokg:detectionMethod ?method }} OPTIONAL {{ ?a mesokg:inCohort/rdfs:label ?cohort }} }} ORDER BY ?kind ?a""")
    lines = []
    for r in alterations:
        label = "; ".join(filter(None, (r["kind"], r["disease"], r["cohort"])))
        if r["n"].isdigit() and r["N"].isdigit() and int(r["N"]):
            value, low, high = share(int(r["n"]), int(r["N"]))
            lines.append(Interval(label, value, low, high, f"{r['n']} of {r['N']}", href(r["a"])))
        elif r["value"] and r["unit"] == "percent":
            lines.append(Interval(label, float(r["value"]), None, None, f"{_number(r['value'])} %" + (f" of {r['N']}" if r["N"] else ", denominator not reported"), href(r["a"])))
    grouped: dict[tuple[str, str], list[str]] = defaultdict(list)
    for r in therapies:
        grouped[(r["t"], r["l"])].append(r["how"])
    return [
        _section("Therapies", _table(["Therapy", "How"], [[el("a", label, href=href(iri)), ", ".join(dict.fromkeys(how))] for (iri, label), how in grouped.items()], "Therapies that involve this gene")),
        _section("How often it is altered", interval_plot(lines, "percent of people or specimens" + (", with 95 % Wilson interval" if any(line.low is not None for line in lines) else ""), "Alterations", top=100.0) if lines else None, name="alterations"),
    ]


def _mechanism(look: Look, found: Description, node: str) -> list[Any]:
    rows = look.rows(f"""SELECT DISTINCT ?t ?l ?standing ?setting ?step WHERE {{ VALUES (?p ?standing) {{ (mesokg:showsMechanism "shown") (mesokg:claimsMechanism "claimed") (mesokg:refutesMechanism "refuted") }}
        ?step ?p {node} ; mesokg:stepOf ?t . ?t rdfs:label ?l . OPTIONAL {{ ?step mesokg:setting/rdfs:label ?setting }} }} """)
    order = ("shown", "claimed", "refuted")
    rows.sort(key=lambda r: (order.index(r["standing"]), r["l"].lower(), r["setting"], r["step"]))
    table = _table(["Therapy", "Standing", "Seen in", "Step"], [[el("a", r["l"], href=href(r["t"])), el("span", r["standing"], cls=f"standing {r['standing']}"), r["setting"], el("a", "step", href=href(r["step"]))] for r in rows], "Therapies that act through this")
    return [_section("Therapies that act through it", table, name="therapies")]


def _publication(look: Look, found: Description, node: str) -> list[Any]:
    outside = [
        el("li", el("a", words + s.value, href=base + s.value, rel="external noopener"))
        for name, base, words in (("pmid", "https://pubmed.ncbi.nlm.nih.gov/", "PubMed "), ("pmcid", "https://pmc.ncbi.nlm.nih.gov/articles/", "PMC "), ("doi", "https://doi.org/", "DOI "))
        for s in values(found, name)
    ]
    rows = look.rows(f"""SELECT ?s ?sl ?p ?pl ?o ?ol ?negated (GROUP_CONCAT(DISTINCT ?loc; separator=", ") AS ?place) WHERE {{ ?a mesokg:source {node} ; mesokg:subject ?s ; mesokg:predicate ?p ; mesokg:negated ?negated ; mesokg:locator ?loc . OPTIONAL {{ ?a mesokg:object ?o OPTIONAL {{ ?o rdfs:label ?ol }} }} OPTIONAL {{ ?s rdfs:label ?sl }} OPTIONAL {{ ?p rdfs:label ?pl }} }} GROUP BY ?s ?sl ?p ?pl ?o ?ol ?negated ORDER BY ?sl ?p LIMIT 500""")
    table = _table(["About", "Says", "What", "Where in the source"], [[el("a", r["sl"] or compact(r["s"]), href=href(r["s"])), ("not " if r["negated"] == "true" else "") + (r["pl"] or compact(r["p"])), el("a", r["ol"], href=href(r["o"])) if r["ol"] else (compact(r["o"]) if r["o"] else "not reported"), r["place"]] for r in rows], "What this source says")
    return [el("ul", outside, cls="plain outside") if outside else None, _section(f"What it says ({len(rows)}{'+' if len(rows) == 500 else ''})", table, name="says")]


_PARTS = {"Therapy": _therapy, "Trial": _trial, "Gene": _gene, "Antigen": _gene, "Mechanism": _mechanism, "Publication": _publication, "RegistryRecord": _publication, "WebPage": _publication}


def thing_content(look: Look, found: Description, kind: str, formats: str) -> list[Any]:
    """The content of the page of a thing: heading, the part of its kind, and all statements."""
    from pyoxigraph import NamedNode

    node = str(NamedNode(found.iri))
    special = _PARTS[kind](look, found, node) if kind in _PARTS else []
    out = [s for s in found.statements if not s.inward and s.holds]
    inward = [s for s in found.statements if s.inward and s.holds]
    other = [s for s in found.statements if not s.holds]
    elsewhere = external(found.iri)
    head = el(
        "div",
        el("p", " · ".join(found.types) or "thing", cls=f"kind k-{kind}"),
        el("h1", found.label),
        el("p", el("span", "also called ", cls="about"), ", ".join(found.synonyms)) if found.synonyms else None,
        el("p", el("code", compact(found.iri)), " ", el("a", "elsewhere", href=elsewhere, rel="external noopener") if elsewhere else None, " ",
           [[el("a", words, href=f"{formats}.{suffix}" if "?" not in formats else f"{formats}&format={suffix}"), " "] for suffix, words in (("ttl", "Turtle"), ("json", "JSON"), ("csv", "CSV"))],
           el("a", "in the graph", href=f"/graph?focus={compact(found.iri)}"), cls="ids"),
        cls="head",
    )
    return [
        head, special,
        el("section", el("h2", "Everything said of it" if special else "What it is"), el("dl", statement_rows(out), cls="statements") if out else el("p", "Nothing more."), id="all"),
        el("section", el("h2", "What refers to it"), el("dl", statement_rows(inward), cls="statements"), id="inward") if inward else None,
        el("section", el("h2", "Said by a source, but outranked, denied or without a value"), el("dl", statement_rows(other), cls="statements"), id="outranked") if other else None,
    ]
