"""The Graph Store Protocol (https://www.w3.org/TR/sparql11-http-rdf-update/) on one store."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any
from uuid import uuid4

from mesokg.identifiers import PREFIXES
from mesokg.server.failures import Failure
from mesokg.server.results import rdf_format, write_triples

__all__ = ["answer"]

_TEXTS = (PREFIXES["xsd"] + "string", PREFIXES["rdf"] + "langString", PREFIXES["rdf"] + "dirLangString")
"""Datatypes of literals that are held as they are written."""


def _parse(content: bytes, media: str, base: str, target: Any) -> list[Any]:
    import pyoxigraph

    syntax = pyoxigraph.RdfFormat.from_media_type(media or "text/turtle")
    if syntax is None:
        raise Failure(415, f"{media!r} is no RDF syntax this server reads", "send text/turtle, application/n-triples, application/rdf+xml or application/ld+json")
    try:
        return [
            pyoxigraph.Quad(q.subject, q.predicate, q.object, target)
            # a blank node of one body is none of another, whatever they are called
            for q in pyoxigraph.parse(content, format=syntax, base_iri=base, rename_blank_nodes=True)
        ]
    except SyntaxError as error:
        raise Failure(400, f"the body cannot be read: {error}", "mend the data and send them again") from error
    except ValueError as error:
        raise Failure(400, f"the body cannot be read: {error}", "mend the data and send them again") from error


def _read(content: bytes, media: str, base: str, target: Any) -> list[Any]:
    if not media.startswith("multipart/form-data"):
        return _parse(content, media.split(";")[0].strip(), base, target)
    message = BytesParser(policy=HTTP).parsebytes(b"Content-Type: " + media.encode("latin-1") + b"\r\n\r\n" + content)
    quads: list[Any] = []
    for part in message.iter_parts():
        quads += _parse(part.get_payload(decode=True) or b"", part.get_content_type(), base, target)  # type: ignore[arg-type]
    return quads


def _union(store: Any) -> Iterator[Any]:
    """The triples of all graphs, each once."""
    import pyoxigraph

    graphs = [graph for graph in (pyoxigraph.DefaultGraph(), *store.named_graphs()) if any(store.quads_for_pattern(None, None, None, graph))]
    for number, graph in enumerate(graphs):
        for quad in store.quads_for_pattern(None, None, None, graph):
            # graphs of ours have no triple in common, which nothing here relies on
            if not any(pyoxigraph.Quad(quad.subject, quad.predicate, quad.object, before) in store for before in graphs[:number]):
                yield quad.triple


def _can_be_named(quad: Any) -> bool:
    """Whether an update can name this quad to remove it: a blank node, which may be inside a triple too, has no name there."""
    import pyoxigraph

    return not isinstance(quad.subject, pyoxigraph.BlankNode) and not isinstance(quad.object, pyoxigraph.BlankNode | pyoxigraph.Triple)


def _text(quads: Iterable[Any]) -> str:
    return " .\n".join(str(quad.triple) for quad in quads)


def _respelled(quads: Iterable[Any]) -> set[Any]:
    """The literals of the quads that the engine holds in another spelling, as numbers and times are held by their value: ``01`` as ``1``."""
    import pyoxigraph

    literals = {quad.object for quad in quads if isinstance(quad.object, pyoxigraph.Literal) and quad.object.datatype.value not in _TEXTS}
    node, held = pyoxigraph.NamedNode("urn:x"), pyoxigraph.Store()
    held.extend([pyoxigraph.Quad(node, node, literal) for literal in literals])
    return literals - {quad.object for quad in held}


def _replace(store: Any, target: Any, quads: list[Any]) -> None:
    """Put these quads, all of this graph, in the place of what it holds: whole, or not at all where the process ends on the way.

    Of the engine's calls only an update removes and adds in one transaction. It is quick, and needs half the memory, where
    it need not read what it has written before: where all operations behind the first are data, and none clears a named
    graph. To write a triple takes twenty times as long as to see that it is there, so that those of before and after stay.
    """
    import pyoxigraph

    def within(pattern: str) -> str:
        return pattern if target == pyoxigraph.DefaultGraph() else f"GRAPH {target} {{ {pattern} }}"

    nameless = "isBLANK(?s) || isBLANK(?o) || isTRIPLE(?o)"
    solutions = store.query(f"SELECT (COUNT(*) AS ?n) WHERE {{ {within(f'?s ?p ?o FILTER(!({nameless}))')} }}")
    held = int(next(iter(solutions))["n"].value)
    # one that is held in another spelling is told from what has to go by neither, so it is written anew
    respelled = _respelled(quads)
    kept = {quad for quad in quads if _can_be_named(quad) and quad.object not in respelled and quad in store}
    if len(kept) * 5 < held:
        # all anew takes less time than to find out what has to go
        remove = "CLEAR DEFAULT" if target == pyoxigraph.DefaultGraph() else f"DELETE WHERE {{ {within('?s ?p ?o')} }}"
        add = quads
    else:
        gone = () if len(kept) == held else (
            quad for quad in store.quads_for_pattern(None, None, None, target) if _can_be_named(quad) and quad not in kept
        )
        remove = f"DELETE {{ {within('?s ?p ?o')} }} WHERE {{ {within(f'?s ?p ?o FILTER({nameless})')} }} ; DELETE DATA {{ {within(_text(gone))} }}"
        add = [quad for quad in quads if quad not in kept]
    store.update(f"{remove} ; INSERT DATA {{ {within(_text(add))} }}")


def answer(store: Any, header: dict[str, Any], body: bytes, *, read_only: bool) -> tuple[dict[str, Any], bytes]:
    """Carry out one request: ``method``, ``graph`` (an IRI, None for the default graph, "" for a new one), ``format``."""
    import pyoxigraph

    method, wanted = header["method"], header["graph"]
    reply: dict[str, Any] = {}
    if wanted == "":
        if method != "POST":
            raise Failure(400, "the request names no graph", "add ?graph=IRI or ?default")
        wanted = f"{header['base']}/{uuid4()}"
        reply["location"] = wanted
    try:
        target = pyoxigraph.DefaultGraph() if wanted is None else pyoxigraph.NamedNode(wanted)
    except ValueError as error:
        raise Failure(400, f"{wanted!r} is not an IRI", "give a whole IRI as graph") from error
    exists = wanted is None or store.contains_named_graph(target)
    missing = Failure(404, "there is no graph of this name", "list the graphs with SELECT DISTINCT ?g { GRAPH ?g {} }")
    if method in ("GET", "HEAD"):
        if not exists:
            raise missing
        syntax = rdf_format(header["format"])
        if wanted is None and read_only:
            # its default graph is the union of its graphs, as that of a query is
            content = pyoxigraph.serialize(_union(store), format=syntax, prefixes=PREFIXES)
        elif syntax.supports_datasets:
            content = write_triples(list(store.quads_for_pattern(None, None, None, target)), header["format"], PREFIXES)
        else:
            content = store.dump(format=syntax, from_graph=target, prefixes=PREFIXES)
        return {"status": 200, "format": header["format"]}, content
    if read_only:
        raise Failure(403, "this server is read-only", "start your own with `mesokg serve --allow-update --store DIR`")
    if method == "DELETE":
        if not exists:
            raise missing
        if wanted is None:
            store.clear_graph(target)
        else:
            store.remove_graph(target)
        return {"status": 204}, b""
    quads = _read(body, header["type"], wanted or header["base"], target)
    if method == "PUT" and any(store.quads_for_pattern(None, None, None, target)):
        _replace(store, target, quads)
    else:
        # in one transaction, which bulk_extend is not; what is there already is not written again
        store.extend([quad for quad in quads if quad not in store])
    if wanted is not None:
        # one without triples is there too
        store.add_graph(target)
    return {"status": 204 if exists else 201, **reply}, b""
