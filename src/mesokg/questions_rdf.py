"""Publishes the query library: as RDF for editors, and as a page per question with its answer and a picture.

The RDF has the form of SIB's example collections (https://github.com/sib-swiss/sparql-examples): a
``sh:SPARQLSelectExecutable`` with comment, keywords, target and prefixes, which SIB's editor offers unasked.
"""

from __future__ import annotations

import re
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from mesokg.beside import write_beside
from mesokg.errors import ExportError
from mesokg.identifiers import NAMESPACE, PREFIXES, entity
from mesokg.pictures import draw, read_pattern
from mesokg.questions import Question, ask, read_questions

if TYPE_CHECKING:
    from pyoxigraph import Triple

    from mesokg.store import Store

__all__ = ["ENDPOINT", "picture", "write_pages", "write_queries"]

ENDPOINT = NAMESPACE + "sparql"
"""Where the published queries are to be asked, unless said otherwise."""


def _query(question: Question) -> str:
    """The query without its front matter."""
    return re.sub(r"^(#\+[^\n]*\n)*\n", "", question.sparql)


def write_queries(path: Path, *, endpoint: str = ENDPOINT, root: Path | None = None) -> int:
    """Write all questions as Turtle and return how many there are. No blank nodes, sorted, the same bytes each time.

    Raises ProblemsFound for a broken question file, ExportError where the file cannot be written.
    """
    import pyoxigraph as ox

    from mesokg.rdf_files import used_prefixes

    def node(iri: str) -> ox.NamedNode:
        return ox.NamedNode(iri)

    def name(prefix: str, local: str) -> ox.NamedNode:
        return node(PREFIXES[prefix] + local)

    triples: set[Triple] = set()
    a, prefixes = name("rdf", "type"), node(entity("prefixes", "all"))
    triples.add(ox.Triple(prefixes, a, name("owl", "Ontology")))
    questions = read_questions(root)
    for prefix, iri in PREFIXES.items():
        one = node(entity("prefix", prefix))
        triples.add(ox.Triple(prefixes, name("sh", "declare"), one))
        triples.add(ox.Triple(one, name("sh", "prefix"), ox.Literal(prefix)))
        triples.add(ox.Triple(one, name("sh", "namespace"), ox.Literal(iri, datatype=name("xsd", "anyURI"))))
    for question in questions.values():
        subject = node(entity("question", question.name))
        for kind in ("SPARQLExecutable", "SPARQLSelectExecutable"):
            triples.add(ox.Triple(subject, a, name("sh", kind)))
        triples.add(ox.Triple(subject, name("sh", "prefixes"), prefixes))
        triples.add(ox.Triple(subject, name("sh", "select"), ox.Literal(_query(question))))
        triples.add(ox.Triple(subject, name("rdfs", "label"), ox.Literal(question.name)))
        triples.add(ox.Triple(subject, name("rdfs", "comment"), ox.Literal(question.title, language="en")))
        triples.add(ox.Triple(subject, name("dcterms", "description"), ox.Literal(question.summary, language="en")))
        triples.add(ox.Triple(subject, name("schema", "target"), node(endpoint)))
        for keyword in question.keywords:
            triples.add(ox.Triple(subject, name("schema", "keywords"), ox.Literal(keyword)))
    ordered = sorted(triples, key=str)
    used = used_prefixes([ox.Quad(*triple) for triple in ordered])
    write_beside(path, ox.serialize(ordered, format=ox.RdfFormat.TURTLE, prefixes=used).decode())
    return len(questions)


def picture(question: Question) -> str:
    """The pattern of a question as an SVG."""
    return draw(read_pattern(_query(question)), f"Pattern of the question {question.name}")


# ---------------------------------------------------------------- pages

_STYLE = (
    "body{font:16px/1.5 sans-serif;max-width:75rem;margin:2rem auto;padding:0 1rem}pre{background:#f6f6f6;padding:1rem;overflow:auto}"
    "table{border-collapse:collapse;display:block;overflow:auto;font-size:.8rem}td,th{border:1px solid #ddd;padding:.2rem .5rem;text-align:left}"
    ".pattern{overflow:auto}caption{text-align:left}"
)


def _page(title: str, body: str) -> str:
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<meta name="viewport" content="width=device-width">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def write_pages(folder: Path, store: Store, *, root: Path | None = None) -> int:
    """Write a page per question with its query, answer and picture, and an index; returns the number of questions.

    Raises ProblemsFound for a broken question file, ExportError where a page cannot be written.
    """
    from mesokg.api import AnswerTable

    questions = read_questions(root)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ExportError(f"{folder}: cannot be made: {error.strerror}") from error
    entries = []
    for question in questions.values():
        answer = ask(question, store)
        parameters = "".join(
            f"<li><code>--set {escape(one.name)}=…</code> {escape(one.description)}; here <code>{escape(one.default)}</code></li>"
            for one in question.parameters
        )
        body = "\n".join(
            [
                '<p><a href="index.html">All questions</a></p>',
                f"<h1>{escape(question.title)}</h1>",
                f"<p>{escape(question.summary)}</p>",
                f"<p>Keywords: {escape(', '.join(question.keywords))}. Draws on: {escape(question.graph)}.</p>",
                f"<pre>mesokg query {escape(question.name)}</pre>",
                f"<ul>{parameters}</ul>" if parameters else "",
                f"<h2>Answer</h2>\n<p>{len(answer):,} rows</p>",
                AnswerTable(answer)._repr_html_(),
                f'<h2>Pattern</h2>\n<div class="pattern" tabindex="0" role="region" aria-label="Pattern">{picture(question)}</div>',
                f"<h2>Query</h2>\n<pre>{escape(_query(question))}</pre>",
            ]
        )
        write_beside(folder / f"{question.name}.html", _page(question.title, body))
        entries.append(f'<li><a href="{question.name}.html">{escape(question.title)}</a> {escape(question.summary)}</li>')
    write_beside(folder / "index.html", _page("Questions to mesokg", f"<h1>Questions to mesokg</h1>\n<ul>{''.join(entries)}</ul>"))
    return len(questions)
