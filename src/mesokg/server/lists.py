"""The start page, the lists of therapies and trials, and the search."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from mesokg import __version__
from mesokg.identifiers import compact
from mesokg.metadata import DATASET
from mesokg.server.drawings import stacked_bars
from mesokg.server.evidence import sources
from mesokg.server.html import document, el
from mesokg.server.look import href
from mesokg.server.overview import PAYLOADS, STRATEGIES, VECTORS

if TYPE_CHECKING:
    from mesokg.server.explorer import Explorer

__all__ = ["search", "start", "suggest", "therapies", "trials"]

_HTML = "text/html; charset=utf-8"
Reply = tuple[dict[str, Any], bytes]
_ABOUT = "An open knowledge graph of gene therapy for mesothelioma: therapies, vectors, payloads, targets, mechanisms, trials and outcomes, each statement with its source."


def _short_strategies() -> list[tuple[str, str]]:
    return [(key, words) for key, words, *_ in STRATEGIES]


def _begin(explorer: Explorer) -> Any:
    """Where somebody new may go first: the therapy with most trials, one of its trials that told results, the network, a question."""
    view = explorer.overview
    places: list[tuple[str, str, str]] = []
    therapy = max(view.therapies, key=lambda line: line.trials, default=None)
    if therapy is not None:
        places.append(("a therapy", therapy.label, href(therapy.iri)))
        told = [line for line in view.trials if line.results and therapy.iri in dict(line.therapies)]
        places += [("one of its trials", line.label, href(line.iri)) for line in told[:1]]
    places += [("all of them", "as a network", "/graph"), ("a question", "which trials stopped, and why", "/ask/which_trials_stopped_and_why")]
    return el("nav", el("h2", "Begin with", id="begin"), el("ul", [el("li", f"{what}: ", el("a", name, href=address)) for what, name, address in places], cls="plain"), el("p", "or with a number, a bar or a cell below, or a name in the search at the top.", cls="about"), cls="begin", aria_labelledby="begin")


def start(explorer: Explorer, query: dict[str, str], header: dict[str, Any]) -> Reply:
    view = explorer.overview
    counts = view.counts
    years: dict[int, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    undated = 0
    for trial in view.trials:
        if trial.year is None:
            undated += 1
            continue
        # a trial counts once, under its first strategy in our order
        key = next(k for k, *_ in STRATEGIES if k in trial.strategies)
        years[trial.year][key] += 1
    cells = Counter(cell for trial in view.trials for cell in trial.cells)
    vectors = [(key, words) for key, words in VECTORS if any(v == key for v, _ in cells)]
    payloads = [(key, words) for key, words in PAYLOADS if any(p == key for _, p in cells)]
    most = max(cells.values(), default=1)

    def cell(vector: str, payload: str, words: str) -> Any:
        number = cells.get((vector, payload), 0)
        if not number:
            return el("td", cls="empty")
        level = 1 + min(3, (number - 1) * 4 // max(most, 1))
        return el("td", el("a", number, href="/trials?" + urlencode({"vector": vector or "none", "payload": payload or "none"}), aria_label=f"{number} {'trial' if number == 1 else 'trials'}, {words}"), cls=f"heat{level}")

    matrix = el(
        "table",
        el("caption", "Number of trials by vector and payload", cls="unseen"),
        el("thead", el("tr", el("td"), [el("th", words, scope="col") for _, words in payloads])),
        el("tbody", [el("tr", el("th", words, scope="row"), [cell(key, payload, f"{words}, {p}") for payload, p in payloads]) for key, words in vectors]),
        cls="matrix",
    )
    tiles = [
        ("Therapy", "therapies", "/therapies"), ("Trial", "trials", "/trials"), ("Vector", "vectors", "/search?q=vector"),
        ("Gene", "genes", "/search?q=gene"), ("Mechanism", "mechanisms", "/search?q=mechanism"),
        ("OutcomeMeasurement", "measured results", "/ask/what_was_measured_in_which_trial"), ("Publication", "publications", "/search?q=publication"),
        ("Assertion", "sourced statements", "/ask/how_many_statements_rest_on_which_evidence"),
    ]
    asked = [explorer.questions[name] for name in ("which_therapies_target_gene", "what_response_rates_were_reported", "which_trials_stopped_and_why", "where_do_sources_disagree", "which_mechanism_claims_are_contradicted", "which_trials_have_no_results") if name in explorer.questions]
    legend = el("ul", [el("li", el("span", cls=f"swatch s-{key}"), words) for key, words in _short_strategies() if any(parts.get(key) for parts in years.values())], cls="legend")
    content = [
        el("div", el("h1", "Gene therapy for mesothelioma, every fact with its source"),
           el("div",
              el("p", "Mesothelioma is a cancer of the thin lining of chest, belly or heart, most often from asbestos. A gene therapy brings a gene (the payload) into cells by a carrier (the vector), often a tamed virus.", cls="lead"),
              el("p", "Here is which therapies exist or were tried, what they are made of, which trials tried them and what came out. Where sources disagree, all are kept.", cls="lead")),
           _begin(explorer), cls="hero"),
        el("ul", [el("li", el("a", el("b", f"{counts.get(kind, 0):,}"), " ", words, href=address)) for kind, words, address in tiles], cls="tiles"),
        el("section", el("h2", "Trials over time, by strategy"), legend, el("div", stacked_bars({y: dict(p) for y, p in years.items()}, _short_strategies(), lambda y, k: "/trials?" + urlencode({"year": y, "strategy": k}), "Trials by year of start and strategy"), cls="wide", tabindex="0", role="region", aria_label="Trials over time"),
           el("p", f"{undated} {'trial has' if undated == 1 else 'trials have'} no start date and {'is' if undated == 1 else 'are'} left out." if undated else "", cls="about")),
        el("section", el("h2", "Vector and payload"), el("p", "Trials by what carries (down) and what is carried (across). A trial with two payloads stands in two cells.", cls="about"), el("div", matrix, cls="wide", tabindex="0", role="region", aria_label="Vector and payload")),
        el("section", el("h2", "Questions it answers"), el("ul", [el("li", el("a", q.title, href=f"/ask/{q.name}")) for q in asked], cls="plain questions"), el("p", el("a", f"All {len(explorer.questions)} questions", href="/ask"))),
        el("section", el("h2", "Take it with you"), el("p", "Everything is free under CC BY 4.0: ", el("a", "Turtle, OWL, CSV, Gephi and more", href="/download/"), ", or ", el("a", "ask in SPARQL", href="/editor"), ".")),
    ]
    data = json.dumps({
        "@context": "https://schema.org", "@type": "Dataset", "@id": DATASET, "http://purl.org/dc/terms/conformsTo": {"@id": "https://bioschemas.org/profiles/Dataset/1.0-RELEASE", "@type": "CreativeWork"},
        "name": "mesokg", "version": __version__, "description": _ABOUT, "url": header["base"] + "/", "identifier": DATASET, "license": "https://creativecommons.org/licenses/by/4.0/",
        "keywords": ["gene therapy", "mesothelioma", "knowledge graph", "clinical trial", "RDF"], "isAccessibleForFree": True, "creator": {"@type": "Organization", "name": "mesokg contributors"},
        "distribution": [{"@type": "DataDownload", "name": "Turtle", "encodingFormat": "text/turtle", "contentUrl": header["base"] + "/download/mesokg.ttl"}, {"@type": "DataDownload", "name": "SPARQL endpoint", "encodingFormat": "application/sparql-results+json", "contentUrl": header["base"] + "/sparql"}],
    }, ensure_ascii=False)
    body = document("mesokg", content, here="/", description=_ABOUT, json_ld=data)
    return {"status": 200, "type": _HTML, "landing": True}, body


def _words(pairs: Any, key: str) -> str:
    return next((words for k, words in pairs if k == key), key)


def therapies(explorer: Explorer, query: dict[str, str], header: dict[str, Any]) -> Reply:
    chosen = query.get("strategy", "")
    lines = [line for line in explorer.overview.therapies if not chosen or line.strategy == chosen]
    filters = el("nav", el("a", "all", href="/therapies", aria_current="true" if not chosen else None), [el("a", el("span", cls=f"swatch s-{key}"), words, href=f"/therapies?strategy={key}", aria_current="true" if key == chosen else None) for key, words in _short_strategies()], cls="filters", aria_label="Strategy")
    rows = [
        el("tr", el("td", el("a", line.label, href=href(line.iri))), el("td", el("span", cls=f"swatch s-{line.strategy}"), _words(_short_strategies(), line.strategy)), el("td", ", ".join(_words(VECTORS, v) for v in line.vectors)), el("td", ", ".join(_words(PAYLOADS, p) for p in line.payloads)), el("td", line.trials or "", cls="number"), el("td", sources(line.sources, of=line.label)))
        for line in lines
    ]
    table = el("table", el("caption", "Therapies with strategy, vector and payload", cls="unseen"), el("thead", el("tr", [el("th", h, scope="col") for h in ("Therapy", "Strategy", "Vector", "Payload", "Trials", "Sources")])), el("tbody", rows))
    body = document("Therapies", el("h1", f"{len(lines)} {'therapy' if len(lines) == 1 else 'therapies'}"), filters, el("div", table, cls="wide", tabindex="0", role="region", aria_label="Therapies"), here="/therapies", description="Every gene therapy for mesothelioma in the graph, by strategy, vector and payload.")
    return {"status": 200, "type": _HTML}, body


def trials(explorer: Explorer, query: dict[str, str], header: dict[str, Any]) -> Reply:
    year, strategy = query.get("year", ""), query.get("strategy", "")
    vector, payload = query.get("vector", ""), query.get("payload", "")

    def fits(line: Any) -> bool:
        if year and str(line.year) != year:
            return False
        if strategy and next(k for k, *_ in STRATEGIES if k in line.strategies) != strategy:
            return False
        return not (vector or payload) or any((not vector or v == vector.replace("none", "")) and (not payload or p == payload.replace("none", "")) for v, p in line.cells)

    lines = [line for line in explorer.overview.trials if fits(line)]
    told = [part for part in (f"started in {year}" if year else "", _words(_short_strategies(), strategy) if strategy else "", f"vector {_words(VECTORS, vector.replace('none', ''))}" if vector else "", f"payload {_words(PAYLOADS, payload.replace('none', ''))}" if payload else "") if part]
    rows = [
        el("tr", el("td", el("a", line.label, href=href(line.iri))), el("td", line.year or ""), el("td", line.phase), el("td", line.status), el("td", line.enrolment, cls="number"), el("td", [[el("a", label, href=href(iri)), " "] for iri, label in line.therapies]), el("td", "yes" if line.results else ""), el("td", sources(line.sources, of=line.label)))
        for line in lines
    ]
    table = el("table", el("caption", "Trials with phase, status and what they test", cls="unseen"), el("thead", el("tr", [el("th", h, scope="col") for h in ("Trial", "Start", "Phase", "Status", "Enrolled or planned", "Tests", "Results", "Sources")])), el("tbody", rows))
    body = document(
        "Trials", el("h1", f"{len(lines)} {'trial' if len(lines) == 1 else 'trials'}"), el("p", ", ".join(told), " · ", el("a", "all trials", href="/trials")) if told else None,
        el("nav", el("a", "all", href="/trials", aria_current="true" if not told else None), [el("a", el("span", cls=f"swatch s-{key}"), words, href=f"/trials?strategy={key}", aria_current="true" if key == strategy else None) for key, words in _short_strategies()], cls="filters", aria_label="Strategy"),
        el("div", table, cls="wide", tabindex="0", role="region", aria_label="Trials"), here="/trials", description="Every trial in the graph with phase, status and enrolment.",
    )
    return {"status": 200, "type": _HTML}, body


_MOST_FOUND = 200
_KIND_WORDS = {"Therapy": "therapy", "GeneProductForm": "form", "CellProduct": "cell product", "RegistryRecord": "registry record", "ModelSystem": "model system", "WebPage": "web page"}


def search(explorer: Explorer, query: dict[str, str], header: dict[str, Any]) -> Reply:
    text = query.get("q", "")[:200]
    found = explorer.find(text, _MOST_FOUND + 1)
    more = len(found) > _MOST_FOUND
    found = found[:_MOST_FOUND]
    kinds = {"vector": "Vector", "publication": "Publication", "gene": "Gene", "mechanism": "Mechanism", "drug": "Drug", "disease": "Disease", "payload": "Payload", "construct": "Construct"}
    if text.strip().lower() in kinds:
        wanted = kinds[text.strip().lower()]
        listed: dict[str, tuple[str, str, str]] = {}
        labels = explorer.look.rows(f"SELECT ?x ?l {{ ?x a mesokg:{wanted} ; rdfs:label ?l }} ORDER BY LCASE(?l)")
        for row in labels:
            listed[row["x"]] = (row["x"], row["l"], wanted)
        found, more = list(listed.values()), False
    items = [el("li", el("a", name, href=href(iri)), " ", el("span", _KIND_WORDS.get(kind, kind.lower()), cls=f"kind k-{kind}")) for iri, name, kind in found]
    nothing = el("p", "Nothing has this name. Try a symbol such as ", el("a", "MSLN", href="/search?q=MSLN"), ", a trial number such as ", el("a", "NCT03710876", href="/search?q=NCT03710876"), ", or ", el("a", "a question", href="/ask"), ".")
    body = document(f"Search: {text}" if text else "Search", el("h1", f"{'More than ' if more else ''}{len(found)} found" if text else "Search"), el("ul", items, cls="plain found") if items else nothing, query=text)
    return {"status": 200, "type": _HTML}, body


def suggest(explorer: Explorer, query: dict[str, str], header: dict[str, Any]) -> Reply:
    """Things to offer for what was typed: pages to go to, or values for a parameter of a question."""
    if query.get("question") in explorer.questions:
        return {"status": 200, "type": "application/json"}, json.dumps(_values(explorer, query), ensure_ascii=False).encode()
    found = [{"label": name, "kind": _KIND_WORDS.get(kind, kind.lower()), "href": href(iri)} for iri, name, kind in explorer.find(query.get("q", "")[:100], 8)]
    return {"status": 200, "type": "application/json"}, json.dumps(found, ensure_ascii=False).encode()


def _values(explorer: Explorer, query: dict[str, str]) -> list[dict[str, str]]:
    """What the graph has to offer for a parameter of a question, else things of any kind that are called so.

    A value is a symbol or name where that names one thing only, else an id.
    """
    begun = query.get("q", "")[:100].strip()
    wanted = begun.casefold()
    parameter = next((p for p in explorer.questions[query["question"]].parameters if p.name == query.get("parameter")), None)
    named: dict[str, set[str]] = {}
    for folded, _, _, iri in explorer.names:
        named.setdefault(folded, set()).add(iri)
    found: dict[str, tuple[int, str, str]] = {}
    if parameter is not None and parameter.completion:
        rows = explorer.look.rows(f"""SELECT DISTINCT ?value ?symbol ?label {{ {{ SELECT DISTINCT ?value {{ {parameter.completion} }} }}
            OPTIONAL {{ ?value mesokg:symbol ?symbol }} OPTIONAL {{ ?value rdfs:label ?label }} }} ORDER BY LCASE(?label) ?value""", keep=True)
        for row in rows:
            name = row["symbol"] or row["label"] or compact(row["value"])
            places = [text.casefold().find(wanted) for text in (name, row["label"], compact(row["value"])) if wanted in text.casefold()]
            if places and row["value"] not in found:
                found[row["value"]] = (min(places), name, row["label"] if row["label"] != name else compact(row["value"]))
    if not found:
        found = {iri: (0, name, _KIND_WORDS.get(kind, kind.lower())) for iri, name, kind in explorer.find(begun, 8)}
    best = sorted(found.items(), key=lambda item: item[1][0])[:8]
    return [{"label": name, "kind": words, "value": name if named.get(name.casefold()) == {iri} else compact(iri)} for iri, (_, name, words) in best]
