"""Answers of the engine as bytes, within a cap of rows and of bytes.

The engine writes small answers itself. One past :data:`SMALL` bytes is written row by row here, so that what is cut
off at a cap is still a whole document that says so.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape, quoteattr

from mesokg.server.failures import Failure

if TYPE_CHECKING:
    import pyoxigraph

__all__ = ["Written", "graph_answer", "rdf_format", "table_answer", "write_answer", "write_triples"]

SMALL = 1024 * 1024
"""Bytes the engine may write by itself. A row takes at least one byte, so row caps of a million need no counting."""


_KINDS = {"NamedNode": "uri", "BlankNode": "bnode", "Literal": "literal"}
_PREFIXED = ("turtle", "trig", "rdfxml", "jsonld")
_PARTS = ("subject", "predicate", "object")
_STRING = "http://www.w3.org/2001/XMLSchema#string"


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


def _note(term: Any, language: Callable[[str], str], datatype: Callable[[str], str]) -> str:
    """Language or datatype of a literal as the format writes it; nothing for a plain string."""
    if term.language:
        return language(term.language)
    return "" if term.datatype.value == _STRING else datatype(term.datatype.value)


def _json_term(term: Any) -> str:
    kind = _kind(term)
    if kind == "Triple":
        parts = ",".join(f'"{n}":{_json_term(getattr(term, n))}' for n in _PARTS)
        return f'{{"type":"triple","value":{{{parts}}}}}'
    extra = _note(term, lambda tag: f',"xml:lang":{json.dumps(tag)}', lambda iri: f',"datatype":{json.dumps(iri)}') if kind == "Literal" else ""
    return f'{{"type":"{_KINDS[kind]}","value":{json.dumps(term.value, ensure_ascii=False)}{extra}}}'


def _xml_term(term: Any) -> str:
    kind = _kind(term)
    if kind == "Triple":
        return "<triple>" + "".join(f"<{n}>{_xml_term(getattr(term, n))}</{n}>" for n in _PARTS) + "</triple>"
    extra = _note(term, lambda tag: f" xml:lang={quoteattr(tag)}", lambda iri: f" datatype={quoteattr(iri)}") if kind == "Literal" else ""
    return f"<{_KINDS[kind]}{extra}>{escape(term.value)}</{_KINDS[kind]}>"


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


def _triples(result: Iterable[Any], rows: int, size: int) -> tuple[list[object], int, str]:
    """Triples, each once, up to the caps of their number and of what may be held of them; the bytes they take written out; the cut."""
    found: dict[object, None] = {}
    used = 0
    for triple in result:
        if triple in found:
            continue
        if len(found) >= rows:
            return list(found), used, f"after {rows} triples, the most this server sends"
        length = len(triple.subject.value) + len(triple.predicate.value) + len(str(triple.object)) + 12
        if used + length > size:
            return list(found), used, f"after {len(found)} triples, which written out reached {size} bytes, the most this server sends"
        used += length
        found[triple] = None
    return list(found), used, ""


class _Scanned:
    """A file that keeps nothing of what is written, but which of these namespaces occur in it."""

    def __init__(self, prefixes: dict[str, str]) -> None:
        self.left = {prefix: iri.encode() for prefix, iri in prefixes.items()}
        self.most = max(map(len, self.left.values()), default=1)
        self.tail = b""

    def write(self, data: bytes) -> int:
        text = self.tail + data
        self.left = {prefix: iri for prefix, iri in self.left.items() if iri not in text}
        self.tail = text[-self.most :]
        return len(data)

    def flush(self) -> None:
        pass


def _fitted(found: list[object], name: str, prefixes: dict[str, str], size: int) -> tuple[bytes, int]:
    """As many of the triples as fit into ``size`` bytes, written, and their number.

    A format may take several times what the terms take, so nothing is held past the cap.
    """
    import pyoxigraph

    syntax = rdf_format(name)
    used = prefixes
    if name in _PREFIXED:
        scanned = _Scanned(prefixes)
        # N-Triples hold the same namespaces as RDF/XML, in a fifth of its bytes at worst
        pyoxigraph.serialize(found, scanned, rdf_format("ntriples") if name == "rdfxml" else syntax)  # type: ignore[call-overload]
        used = {prefix: iri for prefix, iri in prefixes.items() if prefix not in scanned.left}
    kept = len(found)
    while kept > 0:
        out, read = _Limited(size), 0

        def counted() -> Iterator[object]:
            nonlocal read
            for read, triple in enumerate(found[:kept], 1):  # noqa: B023
                yield triple

        try:
            pyoxigraph.serialize(counted(), out, syntax, prefixes=used)  # type: ignore[call-overload]
            return b"".join(out.parts), kept
        except _Full:
            # the engine writes in blocks, so that the last triples it took may not be the first too many
            kept = min(read - 1, read * 99 // 100)
    return pyoxigraph.serialize([], format=syntax), 0


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
    if not prefixes or name not in _PREFIXED:
        return plain
    used = {prefix: iri for prefix, iri in prefixes.items() if iri.encode() in plain}
    return pyoxigraph.serialize(triples, format=rdf_format(name), prefixes=used)  # type: ignore[arg-type]


def graph_answer(triples: Iterable[object], graph: str | None, *, rows: int, size: int, prefixes: dict[str, str]) -> Written:
    """Triples, each once, in one of our graph formats, cut at the caps. Raises Failure where the client accepts none."""
    if graph is None:
        raise Failure(406, "the query makes triples, and the Accept header names no RDF format", "accept text/turtle, application/ld+json, application/n-triples or application/rdf+xml")
    found, used, cut = _triples(triples, rows, size)
    # most answers are far from the cap, whatever the format makes of them
    body = write_triples(found, graph, prefixes) if used <= size // 8 else None
    if body is None or len(body) > size:
        body, kept = _fitted(found, graph, prefixes, size)
        if kept < len(found):
            cut = f"after {kept} triples, as the answer reached {size} bytes, the most this server sends"
    if cut and graph in ("turtle", "ntriples", "trig", "nquads"):
        body += f"# truncated {cut}\n".encode()
    return Written(body, graph, cut)


def table_answer(result: pyoxigraph.QuerySolutions | pyoxigraph.QueryBoolean, tabular: str | None, *, rows: int, size: int) -> Written:
    """Rows or a truth value in one of our table formats, cut at the caps. Raises Failure where the client accepts none."""
    import pyoxigraph

    if tabular is None:
        raise Failure(406, "the query makes a table, and the Accept header names no SPARQL results format", "accept application/sparql-results+json, application/sparql-results+xml, text/csv or text/tab-separated-values")
    if isinstance(result, pyoxigraph.QueryBoolean):
        return Written(result.serialize(format=_engine_format(tabular)) or b"", tabular)
    return _write_rows(result, tabular, rows, size)


def _engine_format(name: str) -> pyoxigraph.QueryResultsFormat:
    import pyoxigraph

    formats = pyoxigraph.QueryResultsFormat
    return {"json": formats.JSON, "xml": formats.XML, "csv": formats.CSV, "tsv": formats.TSV}[name]


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
    Failure with status 406 then. ``ask`` is called again where the engine's own writing passes :data:`SMALL` bytes.
    """
    import pyoxigraph

    result = ask()
    if isinstance(result, pyoxigraph.QueryTriples):
        return graph_answer(result, graph, rows=rows, size=size, prefixes=prefixes)
    if tabular is not None and rows >= SMALL and isinstance(result, pyoxigraph.QuerySolutions):
        out = _Limited(min(SMALL, size))
        try:
            result.serialize(out, _engine_format(tabular))  # type: ignore[arg-type]
            return Written(b"".join(out.parts), tabular)
        except _Full:
            result = ask()
    return table_answer(result, tabular, rows=rows, size=size)  # type: ignore[arg-type]
