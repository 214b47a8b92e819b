"""The question library with its forms, and the SPARQL editor."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from mesokg.errors import UsageError
from mesokg.identifiers import PREFIXES, compact
from mesokg.server.assets import has_bundle
from mesokg.server.failures import Failure
from mesokg.server.html import document, el
from mesokg.server.look import href

if TYPE_CHECKING:
    from mesokg.server.explorer import Explorer

__all__ = ["MISSING", "editor", "examples", "question", "questions"]

_HTML = "text/html; charset=utf-8"
Reply = tuple[dict[str, Any], bytes]
_ROWS = 500
MISSING = "The interactive part is not in this installation, as it was installed without its front end. Everything else works."


def questions(explorer: Explorer, query: dict[str, str], header: dict[str, Any]) -> Reply:
    groups: dict[str, list[Any]] = defaultdict(list)
    for one in explorer.questions.values():
        groups[one.keywords[0]].append(one)
    content = [
        el("section", el("h2", word.capitalize()), el("ul", [el("li", el("a", q.title, href=f"/ask/{q.name}"), el("p", q.summary, cls="about")) for q in found], cls="plain"))
        for word, found in sorted(groups.items())
    ]
    return {"status": 200, "type": _HTML}, document("Ask", el("h1", f"{len(explorer.questions)} questions"), el("p", "Each is a SPARQL query that you can change and take away. ", el("a", "Write your own", href="/editor"), "."), el("div", content, cls="asks"), here="/ask", description="Questions that the graph answers, with forms for their parameters.")


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
        el("div", id="yasgui", data_endpoint="/sparql", data_prefixes=json.dumps(PREFIXES), hidden=True) if bundle else el("p", MISSING, cls="about"), form, offered,
    ]
    reply: dict[str, Any] = {"status": 200, "type": _HTML}
    if bundle:
        reply["editor"] = True
    return reply, document("SPARQL", content, here="/editor", scripts=("/static/bundle/editor.js",) if bundle else (), styles=("/static/bundle/editor.css",) if bundle else (), description="Ask the graph in SPARQL.")


def examples(explorer: Explorer, query: dict[str, str], header: dict[str, Any]) -> Reply:
    """The questions in the form of SIB (https://github.com/sib-swiss/sparql-examples), for editors that offer them."""
    from pyoxigraph import NamedNode, Triple

    from mesokg.server.results import write_triples

    target = NamedNode(PREFIXES["schema"] + "target")
    here = NamedNode(header["base"] + "/sparql")
    found = [Triple(one.subject, one.predicate, here) if one.predicate == target else one for record in explorer.question_records.values() for one in record]
    return {"status": 200, "type": "text/turtle; charset=utf-8"}, write_triples(found, "turtle", PREFIXES)
