"""Pages and data by address, made in the workers on whatever store they have."""

from __future__ import annotations

import contextlib
import csv
import io
import json
from dataclasses import asdict
from typing import Any
from urllib.parse import urlencode

from mesokg.describe import describe
from mesokg.errors import UsageError
from mesokg.identifiers import GRAPHS, NAMESPACE, PREFIXES, compact, graph_iri
from mesokg.server.evidence import iri_of, named
from mesokg.server.failures import Failure
from mesokg.server.html import document, el
from mesokg.server.look import Look
from mesokg.server.overview import Overview, read_overview
from mesokg.server.settings import Settings

__all__ = ["Explorer"]

_JSON = "application/json"
_NETWORKS = ("/graph", "/graph.json", "/graph.gexf")


class Explorer:
    """Answers ``page`` requests: ``path``, ``query`` (pairs) and ``format`` (html, or a format of data)."""

    def __init__(self, settings: Settings, store: Any) -> None:
        self.settings, self.store = settings, store
        self.look = Look(store)
        self._overview: Overview | None = None
        self._names: list[tuple[str, str, str, str]] | None = None
        self._question_records: dict[str, list[Any]] | None = None
        self._rules: list[Any] | None = None

    def warm(self) -> None:
        """Read what all pages share, before workers are forked."""
        from mesokg.questions import read_questions
        # a worker can open no file later, so what is imported where it is used is imported here
        from mesokg import cells, rdf_files  # noqa: F401
        from mesokg.server import asking, lists, network, records, things, why  # noqa: F401
        from mesokg.server.assets import has_bundle

        has_bundle("")
        self.questions = read_questions()
        _ = self.question_records
        compact(NAMESPACE)
        if self.settings.endpoint is None and not self.settings.allow_update:
            _ = self.overview, self.names, self.rules
            header = {"query": [], "format": "html", "base": "http://localhost"}
            for path in ("/", "/ask/which_therapies_target_gene", "/graph", "/graph.gexf", "/editor", "/examples.ttl", "/ontology/Therapy"):
                with contextlib.suppress(Failure):
                    self.page({**header, "path": path})
            with contextlib.suppress(Failure):
                self.page({**header, "path": "/why", "query": [("s", "mesokg:Therapy"), ("p", "rdf:type"), ("o", "owl:Class")]})
            for style in ("json", "csv", "turtle"):
                with contextlib.suppress(Failure):
                    self.page({**header, "path": "/ontology/Therapy", "format": style})

    @property
    def overview(self) -> Overview:
        if self._overview is None:
            self._overview = read_overview(self.look)
        return self._overview

    @property
    def rules(self) -> list[Any]:
        """The rules by which the inferred triples were made."""
        if self._rules is None:
            from mesokg.rules import compile_rules

            self._rules = list(compile_rules())
        return self._rules

    @property
    def question_records(self) -> dict[str, list[Any]]:
        if self._question_records is None:
            from mesokg.server.records import question_records

            self._question_records = question_records()
        return self._question_records

    @property
    def names(self) -> list[tuple[str, str, str, str]]:
        """Every name of every thing people look for: folded name, name, kind, IRI."""
        if self._names is None:
            kinds = "Therapy Trial Gene Antigen Mechanism Vector Payload Construct Drug Disease Publication Organisation RegistryRecord Component GeneProductForm CellProduct Determinant ModelSystem WebPage".split()
            values = " ".join(f'(mesokg:{kind} "{kind}")' for kind in kinds)
            rows = self.look.rows(f"""SELECT DISTINCT ?x ?name ?kind WHERE {{ VALUES (?c ?kind) {{ {values} }} ?x a ?c .
                {{ ?x rdfs:label ?name }} UNION {{ ?x skos:altLabel ?name }} UNION {{ ?x mesokg:symbol ?name }} UNION {{ ?x mesokg:acronym ?name }}
                UNION {{ ?x mesokg:registryIdentifier ?name }} UNION {{ ?x mesokg:registeredAs/mesokg:registryIdentifier ?name }} UNION {{ ?x mesokg:pmid ?name }} UNION {{ ?x mesokg:doi ?name }} UNION {{ ?x mesokg:geneName ?name }} }}""")
            order = {kind: index for index, kind in enumerate(kinds)}
            found = sorted({(row["name"].casefold(), row["name"], row["kind"], row["x"]) for row in rows}, key=lambda n: (order[n[2]], n[0], n[3]))
            self._names = found
        return self._names

    def find(self, text: str, limit: int) -> list[tuple[str, str, str]]:
        """Things whose name holds every word of the text, best first, a trial before the records of it: IRI, name, kind."""
        wanted = text.casefold().strip().removeprefix("pmid:").removeprefix("doi:").strip()
        words = wanted.split()
        if not words:
            return []
        best: dict[str, tuple[int, str, str]] = {}
        for folded, name, kind, iri in self.names:
            if not all(word in folded for word in words):
                continue
            score = 0 if folded == wanted else 1 if folded.startswith(wanted) else 2
            if iri not in best or score < best[iri][0]:
                best[iri] = (score, name, kind)
        ranked = sorted(best.items(), key=lambda item: item[1][0])
        found = [(iri, name, kind) for iri, (_, name, kind) in ranked[:limit]]
        # the number of a trial says little, so its label stands with it
        labels = self.look.labels(iri for iri, _, kind in found if kind == "Trial")
        return [(iri, label if name in (label := labels.get(iri, name)) else f"{name}: {label}", kind) for iri, name, kind in found]

    # ------------------------------------------------------------ dispatch

    def page(self, header: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
        path, query = header["path"], dict(map(tuple, header["query"]))
        if not hasattr(self, "questions"):
            from mesokg.questions import read_questions

            self.questions = read_questions()
        from mesokg.server import asking, lists, network, why

        simple = {
            "/": lists.start, "/therapies": lists.therapies, "/trials": lists.trials, "/search": lists.search,
            "/ask": asking.questions, "/graph": network.graph, "/graph.json": network.graph_data, "/edge.json": network.edge_data, "/suggest": lists.suggest,
            "/examples.ttl": asking.examples, "/editor": asking.editor, "/graph.gexf": network.graph_gexf, "/why": why.why, "/behind": asking.behind,
        }
        if path == "/dataset" and header["format"] == "html":
            path = "/"
        if path in _NETWORKS and query.get("focus"):
            self._check_focus(query["focus"])
        if path in simple:
            return simple[path](self, query, header)
        if path.startswith("/ask/"):
            return asking.question(self, path.removeprefix("/ask/"), query, header)
        return self.thing(path, query, header)

    def _check_focus(self, focus: str) -> None:
        """Raise Failure where the graph says nothing about what a network is to be drawn around."""
        from pyoxigraph import NamedNode

        try:
            node = NamedNode(iri_of(focus))
        except ValueError as error:
            raise Failure(400, "the focus is not a thing", "give its id") from error
        if not self.look.rows(f"SELECT ?p {{ {{ {node} ?p ?o }} UNION {{ ?o ?p {node} }} }} LIMIT 1"):
            raise Failure(404, f"the graph says nothing about {compact(node.value)}", "search for its name, or look at the whole network at /graph")

    # ------------------------------------------------------------ one thing

    def thing(self, path: str, query: dict[str, str], header: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
        from mesokg.server import asking, records
        from mesokg.server.things import kind_of, thing_content

        style = header["format"]
        if path.startswith("/thing/"):
            name = path.removeprefix("/thing/")
            iri = iri_of(name)
            formats = path
        elif path == "/thing":
            iri, formats = query.get("iri", ""), "/thing?" + urlencode({"iri": query.get("iri", "")})
        else:
            iri, formats = NAMESPACE + path.lstrip("/"), path
        if not iri:
            raise Failure(404, "the address names no thing", "give its IRI, as /thing?iri=…, or search for its name")
        if path.startswith("/graph/"):
            return self._named_graph(iri, path, header)
        if path.startswith("/ontology") and records.is_ontology(self, iri):
            return records.ontology(self, iri, header)
        name = path.removeprefix("/id/question-")
        if style == "html" and name in self.questions:
            reply, body = asking.question(self, name, query, header)
            return {**reply, "iri": iri}, body
        if path.startswith("/dataset") or iri in self.question_records:
            return records.record(self, iri, path, header)
        try:
            found = describe(iri, self.store)
        except UsageError as error:
            raise Failure(404, f"the graph says nothing about {compact(iri)}", "search for another name") from error
        kind = kind_of(self.look, iri)
        if style == "json":
            body = json.dumps({"iri": iri, "label": found.label, "types": found.types, "synonyms": found.synonyms, "licence": "https://creativecommons.org/licenses/by/4.0/", "statements": [asdict(s) for s in found.statements]}, ensure_ascii=False, indent=1)
            return {"status": 200, "type": _JSON, "iri": iri, "kind": kind}, body.encode() + b"\n"
        if style == "csv":
            out = io.StringIO()
            writer = csv.writer(out, lineterminator="\r\n")
            writer.writerow("direction property value label inferred holds source locator level rank negated asOf checkedOn comment".split())
            for s in found.statements:
                base = ["in" if s.inward else "out", s.property, s.value, s.value_label, s.inferred, s.holds]
                for e in s.evidence:
                    writer.writerow([*base, e.source, e.locator, e.level, e.rank, e.negated, e.as_of, e.checked_on, e.comment])
                if not s.evidence:
                    writer.writerow([*base, *[""] * 8])
            return {"status": 200, "type": "text/csv; charset=utf-8", "iri": iri, "kind": kind}, out.getvalue().encode()
        if style != "html":
            return {"status": 200, "format": style, "iri": iri, "kind": kind}, self._triples(iri, style)
        content = thing_content(self.look, named(self.look, found), kind, formats)
        suffixed = {"ttl": "text/turtle", "json": _JSON, "csv": "text/csv"}
        alternates = tuple((media, f"{formats}.{suffix}" if "?" not in formats else f"{formats}&format={suffix}") for suffix, media in suffixed.items())
        body = document(found.label, content, here="/trials" if kind == "Trial" else "/therapies" if kind == "Therapy" else "", description=f"{found.label}: {', '.join(found.types)}, with the source of every statement.", alternates=alternates)
        return {"status": 200, "type": "text/html; charset=utf-8", "iri": iri, "kind": kind}, body

    def _triples(self, iri: str, style: str) -> bytes:
        """Every statement of and on the thing, its assertions, those that name it in a statement that does not hold, and labels."""
        from pyoxigraph import NamedNode

        from mesokg.server.results import write_triples

        try:
            node = NamedNode(iri)
        except ValueError as error:
            raise Failure(404, "the address holds no IRI", "search for a name") from error
        answer = self.store.query(f"""CONSTRUCT {{ ?s ?p ?o . ?l rdfs:label ?label }} WHERE {{
            {{ {node} ?p ?o BIND({node} AS ?s) OPTIONAL {{ ?o rdfs:label ?label BIND(?o AS ?l) }} }}
            UNION {{ ?s ?p {node} BIND({node} AS ?o) FILTER(?p NOT IN (mesokg:subject, mesokg:object)) OPTIONAL {{ ?s rdfs:label ?label BIND(?s AS ?l) }} }}
            UNION {{ ?s mesokg:subject {node} ; ?p ?o }}
            UNION {{ ?s mesokg:object {node} ; mesokg:subject ?other ; mesokg:predicate ?way FILTER NOT EXISTS {{ ?other ?way {node} }} ?s ?p ?o }} }}""")
        return write_triples(sorted(set(answer.triples), key=str), style, PREFIXES)

    def _named_graph(self, iri: str, path: str, header: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
        from pyoxigraph import NamedNode

        from mesokg.server import records

        try:
            node = NamedNode(iri)
        except ValueError as error:
            raise Failure(404, "the address holds no IRI", "search for a name") from error
        count = self.look.rows(f"SELECT (COUNT(*) AS ?n) {{ GRAPH {node} {{ ?s ?p ?o }} }}")[0]["n"]
        if count == "0" and self.settings.endpoint and iri in map(graph_iri, GRAPHS):
            # a server behind that keeps its graphs as one still has what describes this one
            return records.graph_elsewhere(self, iri, path, header)
        if count == "0":
            raise Failure(404, "there is no graph of this name", "look at the list of downloads")
        if header["format"] not in ("html", "csv", "json"):
            from mesokg.server.results import rdf_format, write_triples

            if hasattr(self.store, "oxigraph"):
                body = self.store.oxigraph.dump(format=rdf_format(header["format"]), from_graph=node, prefixes=PREFIXES)
            else:
                body = write_triples(self.store.query(f"CONSTRUCT {{ ?s ?p ?o }} WHERE {{ GRAPH {node} {{ ?s ?p ?o }} }}").triples, header["format"], PREFIXES)
            return {"status": 200, "format": header["format"], "iri": iri}, body
        if header["format"] == "json":
            return {"status": 200, "type": _JSON, "iri": iri}, json.dumps({"iri": iri, "triples": int(count)}).encode()
        if header["format"] == "csv":
            return {"status": 200, "type": "text/csv; charset=utf-8", "iri": iri}, f"graph,triples\r\n{iri},{count}\r\n".encode()
        body = document(f"graph {iri.rsplit('/', 1)[-1]}", el("h1", "Named graph ", iri.rsplit("/", 1)[-1]), el("p", f"{int(count):,} triples. ", el("code", iri)), el("p", el("a", "Turtle", href=path + ".ttl"), " · ", el("a", "all downloads", href="/download/")))
        return {"status": 200, "type": "text/html; charset=utf-8", "iri": iri}, body
