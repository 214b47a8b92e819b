"""The question library with its forms, the SPARQL editor, and the network."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from mesokg.errors import UsageError
from mesokg.identifiers import NAMESPACE, PREFIXES, compact, expand, is_curie
from mesokg.server.assets import has_bundle
from mesokg.server.failures import Failure
from mesokg.server.html import document, el
from mesokg.server.look import href

if TYPE_CHECKING:
    from mesokg.server.explorer import Explorer

__all__ = ["editor", "examples", "graph", "graph_data", "graph_gexf", "question", "questions"]

_HTML = "text/html; charset=utf-8"
Reply = tuple[dict[str, Any], bytes]
_ROWS = 500
_MISSING = "The interactive part is not in this installation, as it was installed without its front end. Everything else works."


def questions(explorer: Explorer, query: dict[str, str], header: dict[str, Any]) -> Reply:
    groups: dict[str, list[Any]] = defaultdict(list)
    for one in explorer.questions.values():
        groups[one.keywords[0]].append(one)
    content = [
        el("section", el("h2", word.capitalize()), el("ul", [el("li", el("a", q.title, href=f"/ask/{q.name}"), el("p", q.summary, cls="about")) for q in found], cls="plain questions"))
        for word, found in sorted(groups.items())
    ]
    return {"status": 200, "type": _HTML}, document("Ask", el("h1", f"{len(explorer.questions)} questions"), el("p", "Each is a SPARQL query that you can change and take away. ", el("a", "Write your own", href="/editor"), "."), content, here="/ask", description="Questions that the graph answers, with forms for their parameters.")


def _cell(term: Any, labels: dict[str, str]) -> Any:
    if term is None:
        return ""
    if type(term).__name__ == "NamedNode":
        return el("a", labels.get(term.value) or compact(term.value), href=href(term.value))
    text = term.value.removesuffix("T00:00:00Z")
    return el("a", text, href=text, rel="external noopener") if text.startswith(("https://", "http://")) else text


def question(explorer: Explorer, name: str, query: dict[str, str], header: dict[str, Any]) -> Reply:
    from mesokg.questions import bind

    if name not in explorer.questions:
        raise Failure(404, "there is no question of this name", "look at the list of questions")
    found = explorer.questions[name]
    values = {p.name: query[p.name] for p in found.parameters if query.get(p.name, "").strip()}
    problem = None
    bound = found
    try:
        bound = bind(found, values, explorer.store)
    except UsageError as error:
        problem = str(error)
    rows: Any = None
    number = 0
    if problem is None:
        answer = explorer.store.query(bound.sparql)
        number = len(answer.rows)
        shown = answer.rows[:_ROWS]
        # a column that only labels the column before it is folded into it
        names = list(answer.variables)
        folded = {v: names.index(v + "Label") for v in names if v + "Label" in names}
        keep = [i for i, v in enumerate(names) if not (v.endswith("Label") and v[:-5] in names)]
        body = []
        for row in shown:
            cells = []
            for i in keep:
                term = row[i]
                label_at = folded.get(names[i])
                labels = {term.value: row[label_at].value} if term is not None and label_at is not None and row[label_at] is not None and hasattr(term, "value") else {}
                cells.append(el("td", _cell(term, labels)))
            body.append(el("tr", cells))
        heads = [el("th", _spoken(names[i]), scope="col") for i in keep]
        rows = el("div", el("table", el("thead", el("tr", heads)), el("tbody", body)), cls="wide", tabindex="0", role="region", aria_label="Answer") if number else el("p", "The graph has no answer to this. That may mean that nobody reported it, or that it is not curated yet.")
    fields = [
        el("p", el("label", p.description, for_=f"p-{p.name}"), el("input", id=f"p-{p.name}", name=p.name, value=values.get(p.name) or None, placeholder=f"default: {_default(p.default)}", data_suggest=p.type == "thing" or None, autocomplete="off"))
        for p in found.parameters
    ]
    form = el("form", fields, el("button", "Ask"), action=f"/ask/{name}", cls="question") if fields else None
    csv_link = "/sparql?" + urlencode({"query": bound.sparql, "format": "csv"})
    content = [
        el("h1", found.title), el("p", found.summary, cls="lead"), form, el("p", problem, cls="problem", role="alert") if problem else None,
        el("p", f"{number:,} {'row' if number == 1 else 'rows'}", f", the first {_ROWS} shown" if number > _ROWS else "", " · ", el("a", "CSV", href=csv_link), " · ", el("a", "open in the editor", href="/editor?" + urlencode({"query": bound.sparql})), cls="about") if rows else None,
        rows, el("details", el("summary", "The query"), el("pre", el("code", bound.sparql), tabindex="0")),
    ]
    return {"status": 200, "type": _HTML}, document(found.title, content, here="/ask", description=found.summary)


def _spoken(name: str) -> str:
    out = "".join(f" {c.lower()}" if c.isupper() else c for c in name)
    return out[:1].upper() + out[1:]


def _default(text: str) -> str:
    return text.strip().strip('"').replace("mesokg:", "").replace("mkg:", "")


def editor(explorer: Explorer, query: dict[str, str], header: dict[str, Any]) -> Reply:
    text = query.get("query", "")[:20000] or "PREFIX mesokg: <https://w3id.org/mesokg/ontology/>\nPREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>\n\nSELECT ?therapy ?label WHERE {\n  ?therapy a mesokg:OncolyticVirotherapy ; rdfs:label ?label .\n} ORDER BY ?label"
    bundle = has_bundle("editor.js")
    form = el("form", el("label", "Your query", for_="query-text"), el("textarea", text, id="query-text", name="query", rows=16, spellcheck="false"), el("p", el("label", "Answer as ", for_="format"), el("select", [el("option", words, value=value) for value, words in (("json", "JSON"), ("csv", "CSV"), ("tsv", "TSV"), ("xml", "XML"), ("ttl", "Turtle (CONSTRUCT)"))], id="format", name="format"), " ", el("button", "Run")), action="/sparql", method="post", cls="plain-editor", id="plain-editor")
    names = sorted(explorer.questions.values(), key=lambda q: q.title)
    offered = el("details", el("summary", "Examples"), el("ul", [el("li", el("a", q.title, href="/editor?" + urlencode({"query": q.sparql}))) for q in names], cls="plain"))
    content = [
        el("h1", "SPARQL"), el("p", "The endpoint is ", el("code", header["base"] + "/sparql"), ". Every query sees the union of the graphs; ", el("a", "the description of the service", href="/.well-known/void"), " and ", el("a", "the ontology", href="/ontology/"), " say what is in it."),
        el("div", id="yasgui", data_endpoint="/sparql", data_prefixes=json.dumps(PREFIXES), hidden=True) if bundle else el("p", _MISSING, cls="about"), form, offered,
    ]
    reply: dict[str, Any] = {"status": 200, "type": _HTML}
    if bundle:
        reply["editor"] = True
    return reply, document("SPARQL", content, here="/editor", scripts=("/static/bundle/editor.js",) if bundle else (), styles=("/static/bundle/editor.css",) if bundle else (), description="Ask the graph in SPARQL.")


def examples(explorer: Explorer, query: dict[str, str], header: dict[str, Any]) -> Reply:
    """The questions in the form of SIB (https://github.com/sib-swiss/sparql-examples), for editors that offer them."""
    from pyoxigraph import Literal, NamedNode, Triple

    from mesokg.server.results import write_triples

    sh, a = PREFIXES["sh"], NamedNode(PREFIXES["rdf"] + "type")
    found = []
    endpoint = NamedNode(header["base"] + "/sparql")
    for one in explorer.questions.values():
        node = NamedNode(NAMESPACE + "question/" + one.name)
        found += [
            Triple(node, a, NamedNode(sh + "SPARQLExecutable")), Triple(node, a, NamedNode(sh + "SPARQLSelectExecutable")),
            Triple(node, NamedNode(PREFIXES["rdfs"] + "comment"), Literal(one.title, language="en")),
            Triple(node, NamedNode(sh + "select"), Literal(one.sparql)), Triple(node, NamedNode(PREFIXES["schema"] + "target"), endpoint),
        ]
        found += [Triple(node, NamedNode(PREFIXES["schema"] + "keywords"), Literal(word)) for word in one.keywords]
    return {"status": 200, "type": "text/turtle; charset=utf-8"}, write_triples(found, "turtle", PREFIXES)


# ---------------------------------------------------------------- the network

_SHOWN = "Therapy Trial Vector Payload Gene Antigen Mechanism Drug Disease Construct CellProduct Publication Organisation Component Experiment".split()
_LINKS = "usesVector deliversPayload deliversGene targets engages combinesWith investigates studies succeeds follows sponsor developer reportsOn activatedByProdrug hasConstruct administersCells".split()


def _network(explorer: Explorer, focus: str, limit: int = 400) -> dict[str, Any]:
    """Nodes and edges around the focus, or of therapies and what they are linked to; each edge with its sources."""
    from pyoxigraph import NamedNode

    kinds = " ".join(f'(mesokg:{kind} "{kind}")' for kind in _SHOWN)
    links = " ".join(f"mesokg:{name}" for name in _LINKS)
    if focus:
        iri = expand(focus) if is_curie(focus) and focus.partition(":")[0] in PREFIXES else focus
        try:
            node = NamedNode(iri)
        except ValueError as error:
            raise Failure(400, "the focus is not a thing", "give its id") from error
        where = f"{{ BIND({node} AS ?s) {node} ?p ?o }} UNION {{ ?s ?p {node} BIND({node} AS ?o) }} VALUES ?p {{ {links} }}"
    else:
        where = "VALUES ?p { mesokg:usesVector mesokg:deliversGene mesokg:targets mesokg:engages mesokg:investigates } ?s ?p ?o ."
    rows = explorer.look.rows(f"""SELECT ?s ?p ?o (COUNT(DISTINCT ?a) AS ?n) WHERE {{ {{ SELECT DISTINCT ?s ?p ?o {{ {where} FILTER(ISIRI(?o)) }} LIMIT {limit * 3} }}
        OPTIONAL {{ ?a mesokg:subject ?s ; mesokg:predicate ?p ; mesokg:object ?o }} }} GROUP BY ?s ?p ?o ORDER BY ?s ?p ?o""")
    iris = sorted({row["s"] for row in rows} | {row["o"] for row in rows} | ({iri} if focus else set()))
    values = " ".join(str(NamedNode(one)) for one in iris)
    known: dict[str, dict[str, Any]] = {}
    if values:
        for row in explorer.look.rows(f"SELECT ?x ?l ?kind ?start WHERE {{ VALUES ?x {{ {values} }} VALUES (?c ?kind) {{ {kinds} }} ?x a ?c ; rdfs:label ?l . OPTIONAL {{ ?x mesokg:startDate ?start }} }}"):
            known.setdefault(row["x"], {"id": compact(row["x"]), "label": row["l"], "kind": row["kind"], "year": int(row["start"][:4]) if row["start"][:4].isdigit() else None, "href": href(row["x"])})
    edges = [
        {"source": compact(r["s"]), "target": compact(r["o"]), "kind": r["p"].rsplit("/", 1)[-1], "sources": int(r["n"])}
        for r in rows if r["s"] in known and r["o"] in known and r["s"] != r["o"]
    ]
    linked = {e["source"] for e in edges} | {e["target"] for e in edges}
    nodes = [n for n in known.values() if n["id"] in linked or (focus and n["id"] == compact(iri))]
    return {"focus": focus, "nodes": nodes, "edges": edges}


def graph_data(explorer: Explorer, query: dict[str, str], header: dict[str, Any]) -> Reply:
    return {"status": 200, "type": "application/json"}, json.dumps(_network(explorer, query.get("focus", "")), ensure_ascii=False).encode()


def graph_gexf(explorer: Explorer, query: dict[str, str], header: dict[str, Any]) -> Reply:
    """The current view as GEXF 1.3; ``hide`` leaves out kinds, ``until`` trials that began later."""
    found = _network(explorer, query.get("focus", ""))
    hidden = set(query.get("hide", "").split(","))
    until = int(query["until"]) if query.get("until", "").isdigit() else 9999
    nodes = [n for n in found["nodes"] if n["kind"] not in hidden and (n["year"] or 0) <= until]
    kept = {n["id"] for n in nodes}
    edges = [e for e in found["edges"] if e["source"] in kept and e["target"] in kept]
    whole = el(
        "gexf",
        el("graph", el("attributes", el("attribute", id="kind", title="kind", type="string"), **{"class": "node"}), el("nodes", [el("node", el("attvalues", el("attvalue", for_="kind", value=n["kind"])), id=n["id"], label=n["label"]) for n in nodes]),
           el("edges", [el("edge", id=str(i), source=e["source"], target=e["target"], label=e["kind"], weight=str(float(max(1, e["sources"])))) for i, e in enumerate(edges)]), defaultedgetype="directed", mode="static"),
        xmlns="http://gexf.net/1.3", version="1.3",
    )
    return {"status": 200, "type": "application/gexf+xml", "attachment": "mesokg-view.gexf"}, ('<?xml version="1.0" encoding="UTF-8"?>\n' + whole + "\n").encode()


def graph(explorer: Explorer, query: dict[str, str], header: dict[str, Any]) -> Reply:
    focus = query.get("focus", "")[:300]
    found = _network(explorer, focus)
    bundle = has_bundle("graph.js")
    labels = {n["id"]: n for n in found["nodes"]}
    by_kind: dict[str, list[Any]] = defaultdict(list)
    for node in found["nodes"]:
        by_kind[node["kind"]].append(node)
    lists = [
        el("details", el("summary", el("span", cls=f"swatch k-{kind}"), f" {kind} ", el("b", len(nodes))), el("ul", [el("li", el("a", n["label"], href=n["href"]), " ", el("a", "focus", href="/graph?" + urlencode({"focus": n["id"]}), cls="about")) for n in sorted(nodes, key=lambda n: n["label"].lower())], cls="plain"))
        for kind, nodes in sorted(by_kind.items())
    ]
    title = f"Around {labels[focus]['label']}" if focus in labels else "Therapies and what they are linked to"
    stage = el("div", el("div", id="network", role="application", aria_label="Network; the same things are in the lists below", tabindex="0", data_src="/graph.json?" + urlencode({"focus": focus})), el("div", id="network-tools", cls="tools"), el("div", id="network-detail", cls="detail", aria_live="polite"), cls="stage") if bundle else el("p", _MISSING, cls="about")
    content = [
        el("h1", title), el("p", f"{len(found['nodes'])} things, {len(found['edges'])} links. ", el("a", "all", href="/graph") if focus else None, " ", el("a", "this view as GEXF for Gephi", href="/graph.gexf?" + urlencode({"focus": focus}), id="gexf")),
        stage, el("section", el("h2", "The same as lists"), lists),
    ]
    return {"status": 200, "type": _HTML}, document("Graph", content, here="/graph", scripts=("/static/bundle/graph.js",) if bundle else (), description="The graph as a network to walk through.")
