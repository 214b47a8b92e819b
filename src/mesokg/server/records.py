"""What describes the dataset rather than its subject: the ontology as a whole, parts of VoID, questions and prefixes."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

from mesokg.identifiers import NAMESPACE, PREFIXES, compact
from mesokg.server.failures import Failure
from mesokg.server.html import Markup, document, el
from mesokg.server.look import href

if TYPE_CHECKING:
    from pyoxigraph import NamedNode, Triple

    from mesokg.server.explorer import Explorer

__all__ = ["FILES", "graph_elsewhere", "is_ontology", "ontology", "question_records", "record"]

Reply = tuple[dict[str, Any], bytes]
_HTML = "text/html; charset=utf-8"
ONTOLOGY = NAMESPACE + "ontology"
FILES = {"": "mesokg-base", "mesokg-full.owl": "mesokg-full", "alignment": "mesokg-alignment"}
"""The product that holds an ontology, by the name of the ontology in our namespace."""

_TERMS = """SELECT ?term ?kind (SAMPLE(?l) AS ?label) (SAMPLE(?d) AS ?definition) WHERE {
    VALUES (?kind ?words) { (owl:Class "class") (owl:ObjectProperty "property between things") (owl:DatatypeProperty "property with a value") }
    ?term a ?kind ; rdfs:label ?l . FILTER(STRSTARTS(STR(?term), STR(mesokg:))) OPTIONAL { ?term IAO:0000115 ?d } } GROUP BY ?term ?kind ORDER BY ?kind LCASE(?label) ?term"""
_KINDS = (("Class", "Classes"), ("ObjectProperty", "Properties between things"), ("DatatypeProperty", "Properties with a value"))


def question_records() -> dict[str, list[Triple]]:
    """The question library in RDF, as it is released: the triples of each question and prefix by its IRI."""
    from pathlib import Path
    from tempfile import TemporaryDirectory

    from pyoxigraph import RdfFormat, parse

    from mesokg.questions_rdf import write_queries

    found: dict[str, list[Triple]] = {}
    with TemporaryDirectory() as folder:
        path = Path(folder) / "queries.ttl"
        write_queries(path)
        for quad in parse(path=str(path), format=RdfFormat.TURTLE):
            found.setdefault(quad.subject.value, []).append(quad.triple)
    return found


def _table(heads: list[str], rows: list[list[str]]) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows([heads, *rows])
    return out.getvalue().encode()


# ---------------------------------------------------------------- one record


def _triples(explorer: Explorer, node: NamedNode) -> list[Triple]:
    found = explorer.question_records.get(node.value) or explorer.store.query(f"CONSTRUCT {{ {node} ?p ?o }} WHERE {{ {node} ?p ?o }}").triples
    return sorted(found, key=str)


def _shown(value: Any) -> Any:
    if type(value).__name__ != "NamedNode":
        return el("pre", value.value, tabindex="0") if "\n" in value.value else value.value
    return el("a", compact(value.value), href=href(value.value))


def record(explorer: Explorer, iri: str, path: str, header: dict[str, Any]) -> Reply:
    """A page or data of what the graph or the question library says of ``iri``, plainly."""
    from pyoxigraph import NamedNode

    from mesokg.server.results import write_triples

    try:
        triples = _triples(explorer, NamedNode(iri))
    except ValueError as error:
        raise Failure(404, "the address holds no IRI", "search for a name") from error
    if not triples:
        raise Failure(404, f"nothing is said about {compact(iri)}", "look at the description of the dataset at /.well-known/void")
    pairs = [(triple.predicate.value, triple.object) for triple in triples]
    style = header["format"]
    if style == "json":
        whole = {"iri": iri, "statements": [{"property": compact(p), "value": compact(o.value) if isinstance(o, NamedNode) else o.value} for p, o in pairs]}
        return {"status": 200, "type": "application/json", "iri": iri}, json.dumps(whole, ensure_ascii=False, indent=1).encode() + b"\n"
    if style == "csv":
        return {"status": 200, "type": "text/csv; charset=utf-8", "iri": iri}, _table(["property", "value"], [[compact(p), compact(o.value) if isinstance(o, NamedNode) else o.value] for p, o in pairs])
    if style != "html":
        return {"status": 200, "format": style, "iri": iri}, write_triples(triples, style, PREFIXES)
    about = next((o.value for p, o in pairs if p in (PREFIXES["void"] + "class", PREFIXES["void"] + "property")), "")
    title = f"{compact(about)} in this dataset" if about else compact(iri).partition(":")[2].replace("-", " ") or iri
    rows = [el("div", el("dt", el("a", compact(p), href=href(p))), el("dd", _shown(o)), cls="row") for p, o in pairs]
    return {"status": 200, "type": _HTML, "iri": iri}, document(title, el("h1", title), el("p", el("code", iri), " ", _formats(path), cls="ids"), el("dl", rows, cls="statements"), alternates=_alternates(path))


def graph_elsewhere(explorer: Explorer, iri: str, path: str, header: dict[str, Any]) -> Reply:
    """A page or data of a named graph of ours whose triples the server behind keeps in its default graph."""
    from pyoxigraph import Literal, NamedNode, Triple

    from mesokg.metadata import DATASET
    from mesokg.server.results import write_triples

    node, style = NamedNode(iri), header["format"]
    where = "The server behind this one keeps the triples of this graph in its default graph, among those of the others."
    said = set(explorer.store.query(f"CONSTRUCT {{ {node} ?p ?o }} WHERE {{ {node} ?p ?o }}").triples)
    said |= {
        Triple(node, NamedNode(PREFIXES["rdf"] + "type"), NamedNode(PREFIXES["void"] + "Dataset")),
        Triple(node, NamedNode(PREFIXES["rdfs"] + "comment"), Literal(where, language="en")),
        Triple(NamedNode(DATASET), NamedNode(PREFIXES["void"] + "subset"), node),
    }
    triples = sorted(said, key=str)
    if style not in ("html", "csv", "json"):
        return {"status": 200, "format": style, "iri": iri}, write_triples(triples, style, PREFIXES)
    number = next((t.object.value for t in triples if t.subject == node and t.predicate.value == PREFIXES["void"] + "triples"), "")
    if style == "json":
        return {"status": 200, "type": "application/json", "iri": iri}, json.dumps({"iri": iri, "triples": int(number) if number else None, "note": where}).encode()
    if style == "csv":
        return {"status": 200, "type": "text/csv; charset=utf-8", "iri": iri}, _table(["graph", "triples"], [[iri, number]])
    name = iri.rpartition("/")[2]
    content = [
        el("h1", "Named graph ", name), el("p", f"{int(number):,} triples. " if number else None, el("code", iri), " ", _formats(path)),
        el("p", where),
    ]
    return {"status": 200, "type": _HTML, "iri": iri}, document(f"graph {name}", content, alternates=_alternates(path))


def _formats(path: str) -> list[Any]:
    return [[el("a", words, href=f"{path}.{suffix}"), " "] for suffix, words in (("ttl", "Turtle"), ("json", "JSON"), ("csv", "CSV"))]


def _alternates(path: str) -> tuple[tuple[str, str], ...]:
    return tuple((media, f"{path}.{suffix}") for media, suffix in (("text/turtle", "ttl"), ("application/json", "json"), ("text/csv", "csv")))


# ---------------------------------------------------------------- the ontology


def is_ontology(explorer: Explorer, iri: str) -> bool:
    """Whether the IRI is that of the ontology, of its namespace, of a file of it, or of the version of one of these."""
    rest = iri.removeprefix(ONTOLOGY).strip("/")
    if rest in FILES:
        return True
    name, _, version = rest.rpartition("/")
    return name in FILES and version[:1].isdigit() and version in {row["v"].rpartition("/")[2] for row in explorer.look.rows(f"SELECT ?v {{ <{ONTOLOGY}> owl:versionIRI ?v }}")}


def ontology(explorer: Explorer, iri: str, header: dict[str, Any]) -> Reply:
    """All classes and properties of ours with their definitions; as RDF the ontology itself."""
    from mesokg.server.results import write_triples

    style = header["format"]
    reply = {"status": 200, "iri": iri}
    if style not in ("html", "json", "csv"):
        triples = list(explorer.store.query("CONSTRUCT { ?s ?p ?o } WHERE { GRAPH mkgg:ontology { ?s ?p ?o } }").triples)
        if not triples:  # a server behind that has one graph only
            triples = list(explorer.store.query(f"CONSTRUCT {{ ?s ?p ?o }} WHERE {{ ?s ?p ?o FILTER(STRSTARTS(STR(?s), '{ONTOLOGY}')) }}").triples)
        return {**reply, "format": style}, write_triples(sorted(triples, key=str), style, PREFIXES)
    rows = explorer.look.rows(_TERMS)
    if style == "json":
        terms = [{"iri": row["term"], "kind": compact(row["kind"]), "label": row["label"], "definition": row["definition"]} for row in rows]
        return {**reply, "type": "application/json"}, json.dumps({"iri": iri, "terms": terms}, ensure_ascii=False, indent=1).encode() + b"\n"
    if style == "csv":
        return {**reply, "type": "text/csv; charset=utf-8"}, _table(["iri", "kind", "label", "definition"], [[row["term"], compact(row["kind"]), row["label"], row["definition"]] for row in rows])

    def section(kind: str, words: str) -> Markup:
        lines = [row for row in rows if row["kind"].endswith(f"#{kind}")]
        listed = [el("div", el("dt", el("a", row["label"], href=href(row["term"]))), el("dd", row["definition"]), cls="row") for row in lines]
        return el("section", el("h2", f"{words} ({len(lines)})"), el("dl", listed, cls="statements"), id=kind)

    content = [
        el("h1", "The ontology"),
        el("p", "What the graph can say: its classes and properties. ", el("a", "Files for ontologists", href="/download/"), " come with imports, hierarchy and mappings.", cls="lead"),
        el("p", el("code", ONTOLOGY), " ", _formats("/ontology"), cls="ids"),
        el("p", [[el("a", words, href=f"#{kind}"), " · "] for kind, words in _KINDS], el("a", "What this dataset uses of it", href="/.well-known/void")),
        [section(kind, words) for kind, words in _KINDS],
    ]
    return {**reply, "type": _HTML}, document("Ontology", content, description="Classes and properties of the graph, with their definitions.", alternates=_alternates("/ontology"))
