"""A SPARQL server behind this one: what `mesokg load` put into its default graph, with the inferred triples named too."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from mesokg.errors import StoreError
from mesokg.identifiers import NAMESPACE, PREFIXES
from mesokg.metadata import DATASET
from mesokg.server.failures import Failure
from mesokg.store import Answer, RemoteStore

if TYPE_CHECKING:
    import httpx

__all__ = ["ServerBehind"]

_TABLE, _TRIPLES = "application/sparql-results+json", "application/n-triples"
_ABOUT = re.compile(r"GRAPH \?graph \{ (<[^>]*>) \?property \?value \}")
_LONGEST_COMPLAINT = 300
_SOON = 3.0


class _Body:
    """The body of a response as a file that is read while it arrives."""

    def __init__(self, response: httpx.Response) -> None:
        self._parts = response.iter_bytes()
        self._left = b""

    def read(self, size: int = -1) -> bytes:
        while size < 0 or len(self._left) < size:
            part = next(self._parts, None)
            if part is None:
                size = len(self._left)
                break
            self._left += part
        found, self._left = self._left[:size], self._left[size:]
        return found


class ServerBehind(RemoteStore):
    """A remote store whose default graph holds everything, and which knows what was inferred by one named graph."""

    def query(self, sparql: str) -> Answer:
        """As any store does; queries for named graphs, which :mod:`mesokg.describe` asks, are put as this server can answer them."""
        if about := _ABOUT.search(sparql):
            node = about[1]
            inferred = f"IF(?inward, EXISTS {{ GRAPH mkgg:inferred {{ ?value ?property {node} }} }}, EXISTS {{ GRAPH mkgg:inferred {{ {node} ?property ?value }} }})"
            sparql = (
                sparql.replace("GRAPH ?graph {", "{").replace("FILTER(?graph != mkgg:metadata)", "")
                .replace("FILTER(?graph NOT IN (mkgg:evidence, mkgg:metadata))", f"FILTER NOT EXISTS {{ ?value a mesokg:Assertion }} FILTER(ISBLANK(?value) || !STRSTARTS(STR(?value), '{DATASET}'))")
                .replace("?graph = mkgg:inferred", inferred)
            )
        if "?graph" in sparql:
            raise StoreError(f"{self.url}: a page asks for named graphs in a way that is not known for servers behind; tell the maintainers")
        return super().query(sparql)

    def check(self) -> None:
        """Raise Failure unless the server answers a query that costs nothing, and soon."""
        import httpx

        down = Failure(503, "the SPARQL server behind this one does not answer", "start it, or look at its log")
        try:
            answer = self.client.post(self.url, content=b"ASK {}", headers={"Content-Type": "application/sparql-query", "Accept": _TABLE}, timeout=_SOON)
            if not answer.is_success or not isinstance(answer.json().get("boolean"), bool):
                raise down
        except (httpx.HTTPError, ValueError, AttributeError) as error:
            raise down from error

    @contextmanager
    def asked(self, sparql: str, default: Sequence[str], named: Sequence[str]) -> Iterator[tuple[str, _Body]]:
        """Media type and body of the answer to a client's query, read as it arrives. Raises Failure where there is none."""
        import httpx

        declared = sparql.lower()
        # a relative IRI means the same in front of any server
        head = f"BASE <{NAMESPACE}> " + "".join(f"PREFIX {n}: <{i}> " for n, i in PREFIXES.items() if n + ":" in sparql and f"prefix {n.lower()}:" not in declared)
        graphs = [("default-graph-uri", iri) for iri in default] + [("named-graph-uri", iri) for iri in named]
        headers = {"Content-Type": "application/sparql-query", "Accept": f"{_TABLE}, {_TRIPLES};q=0.9"}
        try:
            with self.client.stream("POST", self.url, params=graphs, content=(head + sparql).encode(), headers=headers) as response:
                _check(response, len(head))
                yield response.headers.get("content-type", "").split(";")[0].strip(), _Body(response)
        except httpx.TimeoutException as error:
            raise Failure(504, f"the SPARQL server gave no answer within {self.timeout:g} seconds", "ask for less") from error
        except httpx.HTTPError as error:
            raise Failure(502, "the SPARQL server cannot be reached, or broke off", "try again later") from error


def _check(response: Any, before: int) -> None:
    """Raise Failure where there is no answer; ``before`` is how many characters were put before the query."""
    if response.status_code >= 500:
        raise Failure(502, f"the SPARQL server answered with status {response.status_code}", "try again later, or ask for less")
    if not response.is_success:
        lines = _Body(response).read(4096).decode("utf-8", "replace").strip().splitlines() or ["no reason given"]
        raise Failure(
            400, f"the SPARQL server behind this one refused the query: {lines[0][:_LONGEST_COMPLAINT]}",
            f"mend the query and send it again; lines and columns are as that server counts them, with {before} characters of BASE and PREFIX before the first line",
        )
