"""Looks things up for the pages: rows of plain text from SPARQL, and the address of a thing on this server."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from mesokg.identifiers import NAMESPACE, compact

__all__ = ["Look", "external", "href", "iri_of_path", "text_of"]

_OWN = ("id/", "ontology/", "graph/")


def href(iri: str) -> str:
    """The address of the page of a thing on this server.

    >>> href("https://w3id.org/mesokg/id/therapy-x"), href("http://identifiers.org/hgnc/7371")
    ('/id/therapy-x', '/thing/HGNC:7371')
    """
    if iri.startswith(NAMESPACE):
        return "/" + quote(iri.removeprefix(NAMESPACE), safe="/:@-._~")
    short = compact(iri)
    return f"/thing/{quote(short, safe=':')}" if short != iri else f"/thing?iri={quote(iri, safe='')}"


def external(iri: str) -> str | None:
    """The address of a thing elsewhere, None for our own."""
    if iri.startswith(NAMESPACE) or not iri.startswith(("http://", "https://")):
        return None
    return iri


def iri_of_path(path: str) -> str:
    """The IRI whose page stands at this path of our namespace."""
    return NAMESPACE + path.lstrip("/")


class Look:
    """SPARQL over a store of either kind, remembered for as long as the worker lives."""

    def __init__(self, store: Any) -> None:
        self.store = store
        self._held: dict[str, list[dict[str, str]]] = {}

    def rows(self, sparql: str, *, keep: bool = False) -> list[dict[str, str]]:
        """One dictionary per solution, variable to text; unbound variables are empty text."""
        if keep and sparql in self._held:
            return self._held[sparql]
        answer = self.store.query(sparql)
        found = [
            {name: "" if term is None else text_of(term) for name, term in zip(answer.variables, row, strict=True)}
            for row in answer.rows
        ]
        if keep:
            self._held[sparql] = found
        return found

    def labels(self, iris: Iterable[str]) -> dict[str, str]:
        """The label of each thing that has one."""
        from pyoxigraph import NamedNode

        nodes = []
        for iri in sorted(set(iris)):
            # a text that begins like an address need not be one
            with contextlib.suppress(ValueError):
                nodes.append(str(NamedNode(iri)))
        if not nodes:
            return {}
        values = " ".join(nodes)
        return {row["x"]: row["l"] for row in self.rows(f"SELECT ?x ?l {{ VALUES ?x {{ {values} }} ?x rdfs:label ?l }}")}


def text_of(term: Any) -> str:
    """A term as it stands in :meth:`Look.rows`: the text of a literal, a day without the time, or the IRI."""
    if type(term).__name__ == "Literal":
        return term.value.removesuffix("T00:00:00Z")
    return term.value if hasattr(term, "value") else str(term)
