"""The question library with its forms, and the SPARQL editor."""

from __future__ import annotations

import contextlib
import json
from collections import defaultdict
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from mesokg.errors import UsageError
from mesokg.identifiers import PREFIXES, compact
from mesokg.server.assets import has_bundle
from mesokg.server.evidence import explained, iri_of, why_address
from mesokg.server.failures import Failure
from mesokg.server.html import document, el
from mesokg.server.look import href
from mesokg.server.outcomes import number_words

if TYPE_CHECKING:
    from mesokg.server.explorer import Explorer

__all__ = ["MISSING", "behind", "editor", "examples", "question", "questions"]

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


_NUMBERS = ("integer", "decimal", "nonNegativeInteger", "positiveInteger", "int", "long")


def _cell(term: Any, labels: dict[str, str]) -> Any:
    if term is None:
        return ""
    if type(term).__name__ == "NamedNode":
        return el("a", labels.get(term.value) or compact(term.value), href=href(term.value))
    text = term.value.removesuffix("T00:00:00Z")
    if type(term).__name__ == "Literal" and term.datatype.value.rpartition("#")[2] in _NUMBERS:
        return number_words(text)
    return el("a", text, href=text, rel="external noopener") if text.startswith(("https://", "http://")) else text


def question(explorer: Explorer, name: str, query: dict[str, str], header: dict[str, Any]) -> Reply:
    from mesokg.questions import bind

    if name not in explorer.questions:
        raise Failure(404, "there is no question of this name", "look at the list of questions")
    found = explorer.questions[name]
    values = {p.name: query[p.name] for p in found.parameters if query.get(p.name, "").strip()}
    problem = None
    warnings: list[str] = []
    bound = found
    try:
        bound = bind(found, values, explorer.store, warnings.append)
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
        # names for what the query gives no label of, as units
        bare = [i for i in keep if names[i] not in folded]
        words = explorer.look.labels({row[i].value for row in shown for i in bare if type(row[i]).__name__ == "NamedNode"})
        for row in shown:
            cells = []
            for i in keep:
                term = row[i]
                label_at = folded.get(names[i])
                labels = {term.value: row[label_at].value} if term is not None and label_at is not None and row[label_at] is not None and hasattr(term, "value") else words
                cells.append(el("td", _cell(term, labels)))
            things = list(dict.fromkeys(str(term) for term in row if term is not None and len(str(term)) < 300))
            cells.append(el("td", el("a", "sources", href="/behind?" + urlencode({"q": name, **{f"p-{key}": value for key, value in values.items()}, "t": things}, doseq=True), cls="about") if any(one.startswith("<") for one in things) else None))
            body.append(el("tr", cells))
        heads = [el("th", words, scope="col") for words in (*[_spoken(names[i]) for i in keep], "Sources")]
        rows = el("div", el("table", el("thead", el("tr", heads)), el("tbody", body)), cls="wide", tabindex="0", role="region", aria_label="Answer") if number else el("p", "The graph has no answer to this. That may mean that nobody reported it, or that it is not curated yet.")
    fields = [
        el("div", el("label", p.description[:1].upper() + p.description[1:], for_=f"p-{p.name}"), _field(explorer, name, p, values.get(p.name)), cls="field")
        for p in found.parameters
    ]
    form = el("form", fields, el("button", "Ask"), action=f"/ask/{name}", cls="question") if fields else None
    csv_link = "/sparql?" + urlencode({"query": bound.sparql, "format": "csv"})
    content = [
        el("h1", found.title), el("p", found.summary, cls="lead"), form, el("p", problem, cls="problem", role="alert") if problem else None,
        # a value without an answer of its own may still give rows, as those of what it is part of
        [el("p", warning, cls="problem", role="status") for warning in warnings if not number],
        el("p", f"{number:,} {'row' if number == 1 else 'rows'}", f", the first {_ROWS} shown" if number > _ROWS else "", " · ", el("a", "CSV", href=csv_link), " · ", el("a", "open in the editor", href="/editor?" + urlencode({"query": bound.sparql})), cls="about") if rows else None,
        rows, el("details", el("summary", "The query"), el("pre", el("code", bound.sparql), tabindex="0")),
    ]
    return {"status": 200, "type": _HTML}, document(found.title, content, here="/ask", description=found.summary)


def _spoken(name: str) -> str:
    out = "".join(f" {c.lower()}" if c.isupper() else c for c in name)
    return out[:1].upper() + out[1:]


def _default(explorer: Explorer, parameter: Any) -> str:
    """What is asked where the field stays empty, in words."""
    text = parameter.default.strip()
    if parameter.type != "thing":
        return text.strip('"')
    iri = iri_of(text.strip("<>"))
    return explorer.look.labels([iri]).get(iri) or text


def _field(explorer: Explorer, question: str, parameter: Any, value: str | None) -> list[Any]:
    """The field of a parameter, with a list of suggestions where the graph has some to offer."""
    ident = f"p-{parameter.name}"
    plain = {"id": ident, "name": parameter.name, "value": value, "placeholder": f"as it stands: {_default(explorer, parameter)}", "autocomplete": "off"}
    if parameter.type != "thing":
        return [el("input", **plain)]
    source = "/suggest?" + urlencode({"question": question, "parameter": parameter.name})
    return [
        el("input", **plain, role="combobox", aria_expanded="false", aria_controls=f"{ident}-list", aria_autocomplete="list", data_suggest=source),
        el("ul", id=f"{ident}-list", role="listbox", aria_label="Suggestions", cls="suggestions", hidden=True),
    ]


_LONGEST_ROW = 24


def behind(explorer: Explorer, query: dict[str, str], header: dict[str, Any]) -> Reply:
    """The sources behind one row of an answer.

    ``q`` is its question, ``p-`` before a parameter its value, ``t`` are its terms, as N-Triples writes them.
    """
    from pyoxigraph import Literal, NamedNode, RdfFormat, parse

    from mesokg.questions import bind, evidence_behind

    terms: list[Any] = []
    for name, text in header["query"]:
        if name != "t" or len(terms) >= _LONGEST_ROW:
            continue
        try:
            (quad,) = parse(f"<urn:s> <urn:p> {text} .".encode(), format=RdfFormat.N_TRIPLES)
        except (SyntaxError, ValueError) as error:
            raise Failure(400, "the address names no row of an answer", "follow the link beside a row") from error
        if isinstance(quad.object, (NamedNode, Literal)):
            terms.append(quad.object)
    if not any(isinstance(term, NamedNode) for term in terms):
        raise Failure(400, "the address names no row of an answer", "follow the link beside a row")
    asked = explorer.questions.get(query.get("q", ""))
    sparql = ""
    if asked:
        given = {p.name: query[f"p-{p.name}"] for p in asked.parameters if query.get(f"p-{p.name}", "").strip()}
        # without its values the query would ask about something else
        with contextlib.suppress(UsageError):
            sparql = bind(asked, given, explorer.store).sparql
    answer = evidence_behind(terms, explorer.store, sparql)
    labels = explorer.look.labels(term.value for row in answer.rows for term in (*row[:3], *terms) if isinstance(term, NamedNode))
    store_explains = hasattr(explorer.store, "oxigraph")
    rows = []
    for subject, predicate, target, source, source_label, locator, level, negated in answer.rows:
        said: Any = [el("a", source_label.value if source_label is not None else compact(source.value), href=href(source.value)), f", {locator.value}" if locator is not None else ""] if source is not None else None
        if said is None:
            # without a source the label tells whether the triple is stated, and the locator where; of the others it names a command
            said = f"{source_label.value} ({locator.value})" if source_label.value == "stated" else source_label.value
        if said == "inferred" and store_explains:
            why = why_address(compact(subject.value), compact(predicate.value), compact(target.value) if isinstance(target, NamedNode) else target.value)
            said = explained(el("a", "inferred: why", href=why, cls="mark inferred"), why)
        rows.append(el("tr", [el("td", cell) for cell in (_cell(subject, labels), ("not " if negated is not None and negated.value == "true" else "") + (labels.get(predicate.value) or compact(predicate.value)), _cell(target, labels), said, level.value if level is not None else "")]))
    heads = [el("th", words, scope="col") for words in ("About", "Says", "What", "Source", "Evidence")]
    named = [_cell(term, labels) for term in terms if isinstance(term, NamedNode)]
    content = [
        el("h1", "Sources behind a row"), el("p", [[" · " if number else None, one] for number, one in enumerate(named)], cls="lead"),
        el("div", el("table", el("thead", el("tr", heads)), el("tbody", rows)), cls="wide", tabindex="0", role="region", aria_label="Statements that join the cells of the row, with their sources") if rows else el("p", "No statement of a source was found behind this row; the pages of the things show what is said of each."),
    ]
    return {"status": 200, "type": _HTML}, document("Sources behind a row", content, here="/ask", description="The statements that join the cells of a row, with their sources.")


def editor(explorer: Explorer, query: dict[str, str], header: dict[str, Any]) -> Reply:
    text = query.get("query", "") or "PREFIX mesokg: <https://w3id.org/mesokg/ontology/>\nPREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>\n\nSELECT ?therapy ?label WHERE {\n  ?therapy a mesokg:OncolyticVirotherapy ; rdfs:label ?label .\n} ORDER BY ?label"
    bundle = has_bundle("editor.js")
    form = el("form", el("label", "Your query", for_="query-text"), el("textarea", text, id="query-text", name="query", rows=16, spellcheck="false"), el("p", el("label", "Answer as ", for_="format"), el("select", [el("option", words, value=value) for value, words in (("json", "JSON"), ("csv", "CSV"), ("tsv", "TSV"), ("xml", "XML"), ("ttl", "Turtle (CONSTRUCT)"))], id="format", name="format"), " ", el("button", "Run")), action="/sparql", method="post", cls="plain-editor", id="plain-editor")
    names = sorted(explorer.questions.values(), key=lambda q: q.title)
    offered = el("details", el("summary", "Examples"), el("ul", [el("li", el("a", q.title, href="/editor?" + urlencode({"query": q.sparql}))) for q in names], cls="plain"))
    content = [
        el("h1", "SPARQL"), el("p", "The endpoint is ", el("code", header["base"] + "/sparql"), ". ", "Every query sees the union of the graphs. " if explorer.settings.build else None, el("a", "The description of the service", href="/.well-known/void"), " and ", el("a", "the ontology", href="/ontology/"), " say what is in it."),
        el("div", id="yasgui", data_endpoint="/sparql", data_prefixes=json.dumps(PREFIXES), hidden=True) if bundle else el("p", MISSING, cls="about"), form,
        el("p", "In the editor the Tab key indents. To leave it by keyboard, press ", el("kbd", "Escape"), ", then ", el("kbd", "Tab"), ". ", el("kbd", "Ctrl"), " and ", el("kbd", "Enter"), " run the query.", cls="about editor-help", id="editor-help", hidden=True) if bundle else None, offered,
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
