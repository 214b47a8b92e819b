"""The network: its page, its data for the page, the sources of one link, and the current view as GEXF."""

from __future__ import annotations

import io
import json
from collections import defaultdict
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from mesokg.describe import describe
from mesokg.errors import UsageError
from mesokg.formats.gexf import write_gexf
from mesokg.identifiers import compact, term
from mesokg.networks.facts import DESCRIPTIONS
from mesokg.networks.layout import place_nodes, read_layout
from mesokg.networks.look import colour_edges, paint_nodes
from mesokg.networks.measures import measure_nodes
from mesokg.networks.styles import read_styles
from mesokg.server.asking import MISSING
from mesokg.server.assets import has_bundle
from mesokg.server.evidence import iri_of, named, short_citation, why_address
from mesokg.server.failures import Failure
from mesokg.server.html import document, el
from mesokg.server.look import href
from mesokg.server.shades import in_the_dark

if TYPE_CHECKING:
    import networkx

    from mesokg.server.explorer import Explorer

__all__ = ["edge_data", "graph", "graph_data", "graph_gexf"]

Reply = tuple[dict[str, Any], bytes]
_SHOWN = "Therapy Trial Vector Payload Gene Antigen Mechanism Drug Disease Construct CellProduct Publication Organisation Component Experiment".split()
_LINKS = "usesVector deliversPayload deliversGene targets engages combinesWith investigates studies succeeds follows sponsor developer reportsOn activatedByProdrug hasConstruct administersCells".split()


def _network(explorer: Explorer, focus: str, limit: int = 400) -> dict[str, Any]:
    """Nodes and edges around the focus, or of therapies and what they are linked to; each edge with its sources."""
    from pyoxigraph import NamedNode

    kinds = " ".join(f'(mesokg:{kind} "{kind}")' for kind in _SHOWN)
    links = " ".join(f"mesokg:{name}" for name in _LINKS)
    if focus:
        iri = iri_of(focus)
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
    nodes = [n for _, n in sorted(known.items()) if n["id"] in linked or (focus and n["id"] == compact(iri))]
    styles = read_styles()
    looks = {name: {"words": styles[name].kind, "colour": styles[name].colour, "dark": in_the_dark(styles[name].colour), "size": styles[name].size} for name in sorted({n["kind"] for n in nodes})}
    words = {r["p"].rsplit("/", 1)[-1]: r["words"] for r in explorer.look.rows(f"SELECT ?p ?words {{ VALUES ?p {{ {links} }} ?p rdfs:label ?words }}", keep=True)}
    return {"focus": focus, "nodes": nodes, "edges": edges, "kinds": looks, "links": {name: words[name] for name in sorted({e["kind"] for e in edges}) if name in words}}


def graph_data(explorer: Explorer, query: dict[str, str], header: dict[str, Any]) -> Reply:
    return {"status": 200, "type": "application/json"}, json.dumps(_network(explorer, query.get("focus", "")), ensure_ascii=False).encode()


def edge_data(explorer: Explorer, query: dict[str, str], header: dict[str, Any]) -> Reply:
    """The sources of the link from ``source`` by ``kind`` to ``target``, as the graph data name them."""
    source, target = iri_of(query.get("source", "")), compact(iri_of(query.get("target", "")))
    try:
        found = named(explorer.look, describe(source, explorer.store))
    except UsageError as error:
        raise Failure(404, f"the graph says nothing about {compact(source)}", "take the ids from /graph.json") from error
    statements = [s for s in found.statements if not s.inward and s.property == f"mesokg:{query.get('kind', '')}" and s.value == target]
    if not statements:
        raise Failure(404, "there is no such link", "take source, kind and target from /graph.json")
    listed = [
        {"citation": short_citation(one), "href": href(iri_of(one.source)), "locator": one.locator, "level": one.level, "negated": one.negated}
        for statement in statements for one in statement.evidence
    ]
    inferred = any(s.inferred for s in statements)
    whole = {"inferred": inferred, "sources": listed, "why": why_address(compact(source), f"mesokg:{query.get('kind', '')}", target) if inferred and hasattr(explorer.store, "oxigraph") else None}
    return {"status": 200, "type": "application/json"}, json.dumps(whole, ensure_ascii=False).encode()


MOST_EXPANDED = 20
"""Nodes that one view may have expanded."""


def graph_gexf(explorer: Explorer, query: dict[str, str], header: dict[str, Any]) -> Reply:
    """The current view as GEXF 1.3; ``expand`` names expanded nodes, ``hide`` kinds left out, ``until`` leaves out trials that began later."""
    nodes: dict[str, dict[str, Any]] = {}
    edges: dict[tuple[str, str, str], dict[str, Any]] = {}
    words: dict[str, str] = {}
    for focus in [query.get("focus", ""), *[one for one in query.get("expand", "").split(",") if one][:MOST_EXPANDED]]:
        found = _network(explorer, focus)
        nodes |= {n["id"]: n for n in found["nodes"]}
        edges |= {(e["source"], e["kind"], e["target"]): e for e in found["edges"]}
        words |= found["links"]
    hidden = set(query.get("hide", "").split(","))
    until = int(query["until"]) if query.get("until", "").isdecimal() else 9999
    kept = {i: n for i, n in nodes.items() if n["kind"] not in hidden and (n["year"] or 0) <= until}
    links = [e for e in edges.values() if e["source"] in kept and e["target"] in kept]
    stream = io.StringIO()
    write_gexf(_as_network(explorer, kept, links, words), stream)
    return {"status": 200, "type": "application/gexf+xml", "attachment": "mesokg-view.gexf"}, stream.getvalue().encode()


def _as_network(explorer: Explorer, nodes: dict[str, dict[str, Any]], links: list[dict[str, Any]], words: dict[str, str]) -> networkx.MultiDiGraph:
    """Nodes and links of a page as the files of networks have them, each node where it stands in the view ``full``."""
    import networkx

    iris = {node: iri_of(node) for node in nodes}
    styles = read_styles()
    told = _descriptions(explorer, iris.values())
    about = _sources(explorer, iris.values())
    support = _support(explorer, links)
    network = networkx.MultiDiGraph(name="A part of mesokg")
    for node, one in nodes.items():
        style, sources = styles[one["kind"]], about.get(iris[node], {})
        network.add_node(
            node, label=one["label"], iri=iris[node], kind=style.kind, family=style.family, description=told.get(iris[node]), year=one["year"],
            publications=sum(sources.values()), sources=_listed(sources),
        )  # fmt: skip
    for link in links:
        source, kind, target = link["source"], link["kind"], link["target"]
        found = support.get((iris[source], term(kind), iris[target]), {})
        network.add_edge(
            source, target, key=kind, label=words.get(kind, kind), kind=kind, iri=term(kind), weight=float(max(1, len(found))),
            counts="sources" if found else "the link itself", publications=sum(paper for paper, _, _ in found.values()), sources=_listed(found),
            best_evidence=min((order, level) for _, order, level in found.values())[1] if found else None,
        )  # fmt: skip
    measure_nodes(network)
    paint_nodes(network)
    colour_edges(network)
    place_nodes(network, read_layout().get("full", {}), compute=False)
    return network


def _listed(sources: Iterable[str]) -> str | None:
    return "; ".join(sorted(map(compact, sources))) or None


def _values(iris: Iterable[str]) -> str:
    from pyoxigraph import NamedNode

    return " ".join(str(NamedNode(iri)) for iri in iris)


def _descriptions(explorer: Explorer, iris: Iterable[str]) -> dict[str, str]:
    """The description of each thing that has one: its first by the order of ``DESCRIPTIONS``."""
    found: dict[str, tuple[int, str]] = {}
    places = {term(name): place for place, name in enumerate(DESCRIPTIONS)}
    for row in explorer.look.rows(f"SELECT ?x ?p ?text {{ VALUES ?x {{ {_values(iris)} }} VALUES ?p {{ {_values(places)} }} ?x ?p ?text }}"):
        told = places[row["p"]], row["text"]
        found[row["x"]] = min(found.get(row["x"], told), told)
    return {iri: text for iri, (_, text) in found.items()}


_COUNTS = "mesokg:negated false ; mesokg:rank ?rank ; mesokg:source ?source . FILTER(?rank != mesokg:rankDeprecated)"
_IS_PAPER = "BIND(EXISTS { ?source a mesokg:Publication } AS ?paper)"


def _sources(explorer: Explorer, iris: Iterable[str]) -> dict[str, dict[str, bool]]:
    """For each thing the sources that affirm something of it, and whether each is a publication."""
    found: dict[str, dict[str, bool]] = defaultdict(dict)
    for row in explorer.look.rows(f"""SELECT ?x ?source ?paper {{ {{ SELECT DISTINCT ?x ?source {{ VALUES ?x {{ {_values(iris)} }}
        {{ ?a mesokg:subject ?x }} UNION {{ ?a mesokg:object ?x }} ?a {_COUNTS} }} }} {_IS_PAPER} }}"""):
        found[row["x"]][row["source"]] = row["paper"] == "true"
    return found


def _support(explorer: Explorer, links: list[dict[str, Any]]) -> dict[tuple[str, str, str], dict[str, tuple[bool, int, str]]]:
    """For each link that is stated its sources: whether each is a publication, and order and words of its best level of evidence."""
    triples = " ".join(f"({_values((iri_of(link['source']), term(link['kind']), iri_of(link['target'])))})" for link in links)
    found: dict[tuple[str, str, str], dict[str, tuple[bool, int, str]]] = defaultdict(dict)
    for row in explorer.look.rows(f"""SELECT ?s ?p ?o ?source ?paper ?order ?level {{ VALUES (?s ?p ?o) {{ {triples} }}
        ?a mesokg:subject ?s ; mesokg:predicate ?p ; mesokg:object ?o ; mesokg:evidenceLevel ?l ; {_COUNTS} ?l mesokg:evidenceOrder ?order ; rdfs:label ?level {_IS_PAPER} }}"""):
        one = row["paper"] == "true", int(row["order"]), row["level"]
        of_link = found[row["s"], row["p"], row["o"]]
        of_link[row["source"]] = min(of_link.get(row["source"], one), one)
    return found


_KEYS = """Keys: Tab leads into the picture, arrows from node to node, Page Down and Page Up through all; Enter opens a node, E expands it,
    Escape goes back. Shift and arrows move the picture, + and − zoom, 0 shows the whole."""


def _stage(focus: str) -> Any:
    """What the script draws into: the picture, its tools, and what it tells of a node or link."""
    hint = el("p", "The network is drawn by a script, and scripts are off here. The lists below hold the same things; the GEXF file opens in Gephi.", cls="about")
    picture = el("div", el("noscript", hint), id="network", role="application", aria_label="Network", aria_describedby="network-keys", tabindex="0", data_src="/graph.json?" + urlencode({"focus": focus}), data_most=MOST_EXPANDED)
    return el(
        "div", picture, el("p", " ".join(_KEYS.split()), id="network-keys", cls="about"), el("div", id="network-view", cls="tools", role="group", aria_label="View"),
        el("div", id="network-tools", cls="tools", role="group", aria_label="What is shown"), el("div", id="network-detail", cls="detail", role="region", aria_label="What is chosen"),
        el("p", id="network-said", role="status", cls="unseen"), cls="stage",
    )  # fmt: skip


def _listed_node(node: dict[str, Any]) -> Any:
    return el("li", el("a", node["label"], href=node["href"]), " ", el("a", "focus", href="/graph?" + urlencode({"focus": node["id"]}), cls="about", aria_label=f"focus on {node['label']}"))


def _listed_link(edge: dict[str, Any], nodes: dict[str, dict[str, Any]], words: dict[str, str]) -> Any:
    source, target = nodes[edge["source"]], nodes[edge["target"]]
    return el("li", el("a", source["label"], href=source["href"]), f" {words.get(edge['kind'], edge['kind'])} ", el("a", target["label"], href=target["href"]))


def graph(explorer: Explorer, query: dict[str, str], header: dict[str, Any]) -> Reply:
    focus = query.get("focus", "")[:300]
    found = _network(explorer, focus)
    bundle = has_bundle("graph.js")
    labels = {n["id"]: n for n in found["nodes"]}
    by_kind: dict[str, list[Any]] = defaultdict(list)
    for node in found["nodes"]:
        by_kind[node["kind"]].append(node)
    lists = [
        el("details", el("summary", el("span", cls=f"swatch k-{kind}"), f" {found['kinds'][kind]['words']} ", el("b", len(nodes))), el("ul", [_listed_node(n) for n in sorted(nodes, key=lambda n: n["label"].lower())], cls="plain"), data_kind=kind)
        for kind, nodes in sorted(by_kind.items())
    ]
    title = f"Around {labels[focus]['label']}" if focus in labels else "Therapies and what they are linked to"
    content = [
        el("h1", title), el("p", el("span", f"{len(found['nodes'])} things, {len(found['edges'])} links", id="network-count"), " · ", [el("a", "all therapies", href="/graph"), " · "] if focus else None, el("a", "this view as GEXF for Gephi", href="/graph.gexf?" + urlencode({"focus": focus}), id="gexf")),
        _stage(focus) if bundle else el("p", MISSING, cls="about"),
        el("section", el("h2", "The same as lists"), el("div", lists, id="network-lists"),
           el("details", el("summary", "links ", el("b", len(found["edges"]))), el("ul", [_listed_link(edge, labels, found["links"]) for edge in found["edges"]], cls="plain"), id="network-links")),
    ]
    return {"status": 200, "type": "text/html; charset=utf-8"}, document("Graph", content, here="/graph", scripts=("/static/bundle/graph.js",) if bundle else (), description="The graph as a network to walk through.")
