"""Answers of the engine as bytes, within a cap of rows and of bytes.

The engine writes small answers itself. One past :data:`SMALL` bytes is written row by row here, so that what is cut
off at a cap is still a whole document that says so.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

from mesokg.server.failures import Failure

if TYPE_CHECKING:
    import pyoxigraph

__all__ = ["Written", "write_answer"]

SMALL = 1024 * 1024
"""Bytes the engine may write by itself. A row takes at least one byte, so row caps of a million need no counting."""


class Written:
    """The bytes of an answer, its format name, and where it was cut (``""``: whole)."""

    __slots__ = ("body", "format", "truncated")

    def __init__(self, body: bytes, format: str, truncated: str = "") -> None:
        self.body, self.format, self.truncated = body, format, truncated


class _Full(OSError):
    pass


class _Limited:
    """A file in memory that takes so many bytes and no more."""

    def __init__(self, limit: int) -> None:
        self.parts: list[bytes] = []
        self.left = limit

    def write(self, data: bytes) -> int:
        self.left -= len(data)
        if self.left < 0:
            raise _Full
        self.parts.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        pass


def _kind(term: object) -> str:
    return type(term).__name__


def _json_term(term: object) -> str:
    kind = _kind(term)
    if kind == "NamedNode":
        return f'{{"type":"uri","value":{json.dumps(term.value, ensure_ascii=False)}}}'  # type: ignore[attr-defined]
    if kind == "BlankNode":
        return f'{{"type":"bnode","value":{json.dumps(term.value)}}}'  # type: ignore[attr-defined]
    if kind == "Literal":
        extra = ""
        if term.language:  # type: ignore[attr-defined]
            extra = f',"xml:lang":{json.dumps(term.language)}'  # type: ignore[attr-defined]
        elif term.datatype.value != "http://www.w3.org/2001/XMLSchema#string":  # type: ignore[attr-defined]
            extra = f',"datatype":{json.dumps(term.datatype.value)}'  # type: ignore[attr-defined]
        return f'{{"type":"literal","value":{json.dumps(term.value, ensure_ascii=False)}{extra}}}'  # type: ignore[attr-defined]
    parts = ",".join(f'"{n}":{_json_term(getattr(term, n))}' for n in ("subject", "predicate", "object"))
    return f'{{"type":"triple","value":{{{parts}}}}}'


def _xml_term(term: object) -> str:
    kind = _kind(term)
    if kind == "NamedNode":
        return f"<uri>{escape(term.value)}</uri>"  # type: ignore[attr-defined]
    if kind == "BlankNode":
        return f"<bnode>{escape(term.value)}</bnode>"  # type: ignore[attr-defined]
    if kind == "Literal":
        extra = ""
        if term.language:  # type: ignore[attr-defined]
            extra = f" xml:lang={quoteattr(term.language)}"  # type: ignore[attr-defined]
        elif term.datatype.value != "http://www.w3.org/2001/XMLSchema#string":  # type: ignore[attr-defined]
            extra = f" datatype={quoteattr(term.datatype.value)}"  # type: ignore[attr-defined]
        return f"<literal{extra}>{escape(term.value)}</literal>"  # type: ignore[attr-defined]
    parts = "".join(f"<{n}>{_xml_term(getattr(term, n))}</{n}>" for n in ("subject", "predicate", "object"))
    return f"<triple>{parts}</triple>"


def _csv_term(term: object) -> str:
    kind = _kind(term)
    text = term.value if kind in ("NamedNode", "Literal") else str(term)  # type: ignore[attr-defined]
    if any(character in text for character in '",\r\n'):
        return '"' + text.replace('"', '""') + '"'
    return text


def _tsv_term(term: object) -> str:
    # the N-Triples form escapes quotes and line ends; a tab inside would end the cell
    return str(term).replace("\t", "\\t")


def _frames(name: str, variables: list[str]) -> tuple[str, Callable[[tuple[object, ...]], str], str, Callable[[str], str]]:
    """Opening, one row, separator, and the closing for a note on truncation."""
    if name == "json":
        keys = [json.dumps(variable) for variable in variables]

        def row(values: tuple[object, ...]) -> str:
            cells = (f"{key}:{_json_term(value)}" for key, value in zip(keys, values, strict=True) if value is not None)
            return "{" + ",".join(cells) + "}"

        head = f'{{"head":{{"vars":[{",".join(keys)}]}},"results":{{"bindings":['
        return head, row, ",", lambda cut: f']}},"truncated":{json.dumps(cut)}}}' if cut else "]}}"
    if name == "xml":
        names = [quoteattr(variable) for variable in variables]

        def row(values: tuple[object, ...]) -> str:
            cells = (f"<binding name={key}>{_xml_term(value)}</binding>" for key, value in zip(names, values, strict=True) if value is not None)
            return "<result>" + "".join(cells) + "</result>"

        declared = "".join(f"<variable name={key}/>" for key in names)
        head = f'<?xml version="1.0"?><sparql xmlns="http://www.w3.org/2005/sparql-results#"><head>{declared}</head><results>'
        return head, row, "", lambda cut: f"</results></sparql>{f'<!-- truncated: {cut} -->' if cut else ''}"
    if name == "csv":
        head = ",".join(variables) + "\r\n"
        return head, lambda values: ",".join("" if v is None else _csv_term(v) for v in values) + "\r\n", "", lambda cut: ""
    head = "\t".join("?" + variable for variable in variables) + "\n"
    return head, lambda values: "\t".join("" if v is None else _tsv_term(v) for v in values) + "\n", "", lambda cut: ""


def _write_rows(solutions: pyoxigraph.QuerySolutions, name: str, rows: int, size: int) -> Written:
    variables = [variable.value for variable in solutions.variables]
    head, write, separator, close = _frames(name, variables)
    parts = [head.encode()]
    used, cut = len(parts[0]), ""
    for number, solution in enumerate(solutions):
        if number >= rows:
            cut = f"after {rows} rows, the most this server sends"
            break
        piece = ((separator if number else "") + write(tuple(solution))).encode()
        if used + len(piece) > size:
            cut = f"after {number} rows, as the answer reached {size} bytes, the most this server sends"
            break
        used += len(piece)
        parts.append(piece)
    parts.append(close(cut).encode())
    return Written(b"".join(parts), name, cut)


def _triples(result: pyoxigraph.QueryTriples, rows: int, size: int) -> tuple[list[object], str]:
    found: dict[object, None] = {}
    used = 0
    for triple in result:
        if triple in found:
            continue
        if len(found) >= rows:
            return list(found), f"after {rows} triples, the most this server sends"
        used += len(triple.subject.value) + len(triple.predicate.value) + len(str(triple.object)) + 12  # type: ignore[union-attr]
        if used > size:
            return list(found), f"after {len(found)} triples, as the answer reached {size} bytes, the most this server sends"
        found[triple] = None
    return list(found), ""


def rdf_format(name: str) -> pyoxigraph.RdfFormat:
    """The engine's format for one of our short names."""
    import pyoxigraph

    formats = pyoxigraph.RdfFormat
    return {
        "turtle": formats.TURTLE, "ntriples": formats.N_TRIPLES, "rdfxml": formats.RDF_XML,
        "jsonld": formats.JSON_LD, "trig": formats.TRIG, "nquads": formats.N_QUADS,
    }[name]


def write_triples(triples: Iterator[object] | list[object], name: str, prefixes: dict[str, str] | None = None) -> bytes:
    """Triples or quads in one of our graph formats, with only the prefixes that occur."""
    import pyoxigraph

    plain = pyoxigraph.serialize(triples, format=rdf_format(name))  # type: ignore[arg-type]
    if not prefixes or name not in ("turtle", "trig", "rdfxml", "jsonld"):
        return plain
    used = {prefix: iri for prefix, iri in prefixes.items() if iri.encode() in plain}
    return pyoxigraph.serialize(triples, format=rdf_format(name), prefixes=used)  # type: ignore[arg-type]


def write_answer(
    ask: Callable[[], object],
    *,
    tabular: str | None,
    graph: str | None,
    rows: int,
    size: int,
    prefixes: dict[str, str],
) -> Written:
    """Run ``ask`` and write what it gives in the format that fits its kind.

    ``tabular`` and ``graph`` are short names of formats, None where the client accepts none of that kind. Raises
    Failure with status 406 then.
    """
    import pyoxigraph

    result = ask()
    if isinstance(result, pyoxigraph.QueryTriples):
        if graph is None:
            raise Failure(406, "the query makes triples, and the Accept header names no RDF format", "accept text/turtle, application/ld+json, application/n-triples or application/rdf+xml")
        triples, cut = _triples(result, rows, size)
        body = write_triples(triples, graph, prefixes)
        if cut and graph in ("turtle", "ntriples", "trig", "nquads"):
            body += f"# truncated {cut}\n".encode()
        return Written(body, graph, cut)
    if tabular is None:
        raise Failure(406, "the query makes a table, and the Accept header names no SPARQL results format", "accept application/sparql-results+json, application/sparql-results+xml, text/csv or text/tab-separated-values")
    engine = {
        "json": pyoxigraph.QueryResultsFormat.JSON, "xml": pyoxigraph.QueryResultsFormat.XML,
        "csv": pyoxigraph.QueryResultsFormat.CSV, "tsv": pyoxigraph.QueryResultsFormat.TSV,
    }[tabular]
    if isinstance(result, pyoxigraph.QueryBoolean) or rows >= SMALL:
        out = _Limited(min(SMALL, size))
        try:
            result.serialize(out, engine)  # type: ignore[union-attr, arg-type]
            return Written(b"".join(out.parts), tabular)
        except _Full:
            result = ask()
    return _write_rows(result, tabular, rows, size)  # type: ignore[arg-type]
