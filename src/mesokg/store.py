"""An RDF store: embedded Oxigraph in memory or on disk, or any SPARQL 1.1 server by URL.

Knows nothing of our model. Every query and update that somebody wrote passes :mod:`mesokg.gate` first. Both kinds of store
answer with the same :class:`Answer`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from mesokg.errors import QueryError, StoreError
from mesokg.gate import admit, admit_update, explain_syntax_error, names_dataset
from mesokg.identifiers import PREFIXES

if TYPE_CHECKING:
    import httpx
    from pyoxigraph import BlankNode, Literal, NamedNode, Quad, Triple

    Term = NamedNode | BlankNode | Literal | Triple

__all__ = ["Answer", "EmbeddedStore", "RemoteStore", "Store", "open_store"]


@dataclass(frozen=True)
class Answer:
    """What a query gave.

    ``kind`` is ``bindings`` (SELECT: ``variables`` and ``rows``, one tuple per solution, None where unbound),
    ``boolean`` (ASK: ``truth``) or ``triples`` (CONSTRUCT, DESCRIBE: ``triples``).
    """

    kind: str
    variables: tuple[str, ...] = ()
    rows: tuple[tuple[Term | None, ...], ...] = ()
    truth: bool | None = None
    triples: tuple[Triple, ...] = ()

    def __iter__(self) -> Iterator[tuple[Term | None, ...]]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.triples) if self.kind == "triples" else len(self.rows)


def _answer(result: object) -> Answer:
    import pyoxigraph

    if isinstance(result, pyoxigraph.QueryBoolean):
        return Answer("boolean", truth=bool(result))
    if isinstance(result, pyoxigraph.QueryTriples):
        return Answer("triples", triples=tuple(result))
    assert isinstance(result, pyoxigraph.QuerySolutions)
    variables = tuple(variable.value for variable in result.variables)
    # one pass in C per row; solution[i] would cost a call per cell
    return Answer("bindings", variables=variables, rows=tuple(tuple(solution) for solution in result))


class Store(ABC):
    """What every store can do. A query sees the union of all graphs unless it names one."""

    @abstractmethod
    def query(self, sparql: str) -> Answer:
        """Answer a SELECT, ASK, CONSTRUCT or DESCRIBE query.

        Raises QueryError if it is refused or malformed, StoreError if the store fails.
        """

    @abstractmethod
    def update(self, sparql: str) -> None:
        """Carry out a SPARQL update. Raises QueryError or StoreError."""

    @abstractmethod
    def replace_graph(self, quads: Iterable[Quad], graph: str | None) -> None:
        """Put the triples of the quads in place of everything in one graph (None: the default graph)."""

    @abstractmethod
    def close(self) -> None:
        """Let go of files and connections."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class EmbeddedStore(Store):
    """Oxigraph in this process, in memory, or on disk where ``path`` is given.

    ``oxigraph`` is the pyoxigraph store itself, for code that works on whole graphs.
    """

    def __init__(self, path: Path | None = None, *, read_only: bool = False) -> None:
        import pyoxigraph

        try:
            if path is None:
                self.oxigraph = pyoxigraph.Store()
            elif read_only:
                self.oxigraph = pyoxigraph.Store.read_only(str(path))
            else:
                self.oxigraph = pyoxigraph.Store(str(path))
        except (OSError, ValueError) as error:
            raise StoreError(f"{path}: the store cannot be opened: {error}; is it in use by another process?") from error

    def query(self, sparql: str) -> Answer:
        admit(sparql)
        # the engine would take the union in spite of a dataset that the query names
        union = not names_dataset(sparql)
        try:
            return _answer(self.oxigraph.query(sparql, prefixes=PREFIXES, use_default_graph_as_union=union))
        except SyntaxError as error:
            raise QueryError(explain_syntax_error(sparql, str(error))) from error
        except (OSError, RuntimeError, ValueError) as error:
            raise QueryError(f"the query failed: {error}") from error

    def update(self, sparql: str) -> None:
        admit_update(sparql)
        try:
            self.oxigraph.update(sparql, prefixes=PREFIXES)
        except SyntaxError as error:
            raise QueryError(explain_syntax_error(sparql, str(error))) from error
        except (OSError, RuntimeError, ValueError) as error:
            raise QueryError(f"the update failed: {error}") from error

    def add(self, quads: Iterable[Quad]) -> None:
        """Add quads in bulk."""
        self.oxigraph.bulk_extend(quads)

    def load(self, path: Path, *, graph: str | None = None) -> None:
        """Load a file in any RDF syntax known by its ending, triples into ``graph``.

        Raises StoreError that names file, line and what is wrong.
        """
        import pyoxigraph

        syntax = pyoxigraph.RdfFormat.from_extension(path.suffix.lstrip("."))
        if syntax is None:
            raise StoreError(f"{path}: the ending {path.suffix!r} is no RDF syntax; use .ttl, .nt, .nq, .trig, .rdf, .owl or .jsonld")
        target = pyoxigraph.NamedNode(graph) if graph else None
        try:
            self.oxigraph.bulk_load(path=str(path), format=syntax, to_graph=target)
        except FileNotFoundError as error:
            raise StoreError(f"{path}: there is no such file") from error
        except (OSError, SyntaxError, ValueError) as error:
            line = getattr(error, "lineno", None)
            raise StoreError(f"{path}{f':{line}' if line else ''}: cannot be read: {error}") from error

    def replace_graph(self, quads: Iterable[Quad], graph: str | None) -> None:
        import pyoxigraph

        name = pyoxigraph.NamedNode(graph) if graph else pyoxigraph.DefaultGraph()
        self.oxigraph.clear_graph(name)
        self.oxigraph.bulk_extend(pyoxigraph.Quad(q.subject, q.predicate, q.object, name) for q in quads)

    def close(self) -> None:
        # pyoxigraph has no close; dropping the last reference lets go of the files
        del self.oxigraph


def _declare_prefixes(sparql: str) -> str:
    """The text with our prefixes declared where it uses them and does not declare them, on one line, so that places stay."""
    declared = sparql.lower()
    head = (f"PREFIX {name}: <{iri}> " for name, iri in PREFIXES.items() if name + ":" in sparql and f"prefix {name.lower()}:" not in declared)
    return "".join(head) + sparql


_BATCH_TRIPLES = 1_000
_BATCH_CHARACTERS = 200_000
"""Of one request of a load by SPARQL Update: little, as servers limit both and none says where."""
_SAID_EVERY = 50_000
"""Triples between two words on how far such a load is."""


def _blank_nodes(triple: Triple) -> Iterator[BlankNode]:
    """The blank nodes of a triple, also those of triples inside it."""
    import pyoxigraph

    for term in (triple.subject, triple.object):
        if isinstance(term, pyoxigraph.BlankNode):
            yield term
        elif isinstance(term, pyoxigraph.Triple):
            yield from _blank_nodes(term)


def _connected(triples: Iterable[Triple]) -> Iterator[list[Triple]]:
    """The triples in groups that have no blank node in common: those without any one by one, the others behind them."""
    groups: dict[BlankNode, list[Triple]] = {}
    for triple in triples:
        nodes = set(_blank_nodes(triple))
        if not nodes:
            yield [triple]
            continue
        met = {id(groups[node]): groups[node] for node in nodes if node in groups}
        whole = max(met.values(), key=len, default=[])
        for other in met.values():
            if other is not whole:
                whole += other
                nodes.update(node for one in other for node in _blank_nodes(one))
        whole.append(triple)
        groups.update(dict.fromkeys(nodes, whole))
    yield from {id(group): group for group in groups.values()}.values()


def _batches(triples: Iterable[Triple]) -> Iterator[list[str]]:
    """The triples as lines of text, in parts of one request each: a blank node is the same within one request only."""
    lines: list[str] = []
    length = 0
    for group in _connected(triples):
        texts = [f"{triple} ." for triple in group]
        more = sum(map(len, texts))
        if lines and (len(lines) + len(texts) > _BATCH_TRIPLES or length + more > _BATCH_CHARACTERS):
            yield lines
            lines, length = [], 0
        lines += texts
        length += more
    if lines:
        yield lines


_RESULTS = "application/sparql-results+json"
_TRIPLES = "application/n-triples"
_NOT_THERE = (404, 405, 501)
"""Status of an answer to a method that nothing at the address carries out."""


class RemoteStore(Store):
    """Any SPARQL 1.1 server.

    ``url`` is the query endpoint, or the address that ``/query`` is put behind; where nothing is found there, it is asked
    itself, as RDF4J and GraphDB have it (``…/repositories/NAME``). ``update_url`` and ``data_url`` (Graph Store Protocol)
    are derived from it as Oxigraph and Fuseki lay them out (``…/query`` or ``…/sparql`` beside ``…/update`` and
    ``…/store`` or ``…/data``) unless given. Graphs are replaced by the Graph Store Protocol; where only ``update_url`` is given, or nothing is found at
    the addresses derived for it, by SPARQL Update. ``timeout`` is in seconds.
    """

    def __init__(
        self,
        url: str,
        *,
        update_url: str | None = None,
        data_url: str | None = None,
        timeout: float = 60.0,
    ) -> None:
        if not url.startswith(("http://", "https://")):
            raise StoreError(f"{url!r} is not the address of a server; write it whole, as http://localhost:7878/query")
        base = url.rstrip("/").removesuffix("/query").removesuffix("/sparql")
        whole = "?" in url or url.rstrip("/") != base
        self.url = url if whole else base + "/query"
        self._or_else = "" if whole else url
        self.update_url = update_url or base + "/update"
        self.data_urls = [data_url] if data_url else [] if update_url else [base + "/store", base + "/data"]
        self._derived = data_url is None
        self.timeout = timeout
        self._client: httpx.Client | None = None

    @property
    def client(self) -> httpx.Client:
        if self._client is None:
            import httpx

            from mesokg import __version__

            self._client = httpx.Client(timeout=self.timeout, headers={"User-Agent": f"mesokg/{__version__}"})
        return self._client

    def _send(self, method: str, url: str, **parts: object) -> httpx.Response:
        import httpx

        try:
            response = self.client.request(method, url, **parts)  # type: ignore[arg-type]
        except httpx.TimeoutException as error:
            raise StoreError(f"{url}: no answer within {self.timeout:g} s; is the server busy, or the query too wide?") from error
        except httpx.InvalidURL as error:
            raise StoreError(f"{url!r} is not the address of a server: {error}; write it whole, as http://localhost:7878/query") from error
        except httpx.HTTPError as error:
            raise StoreError(f"{url}: the server cannot be reached: {error}; is it running, and is the address right?") from error
        return response

    def _check(self, response: httpx.Response, what: str) -> None:
        if response.is_success:
            return
        text = response.text.strip().splitlines()
        raise QueryError(
            f"{response.url}: {what} was refused with status {response.status_code}: {text[0][:300] if text else 'no reason given'}"
        )

    def query(self, sparql: str) -> Answer:
        import pyoxigraph

        admit(sparql)
        response = self._asked(_declare_prefixes(sparql).encode())
        self._check(response, "the query")
        kind = response.headers.get("content-type", "").split(";")[0].strip()
        try:
            if kind in (_RESULTS, "application/json"):
                return _answer(pyoxigraph.parse_query_results(response.content, format=pyoxigraph.QueryResultsFormat.JSON))
            syntax = pyoxigraph.RdfFormat.from_media_type(kind)
            if syntax is not None:
                return Answer("triples", triples=tuple(q.triple for q in pyoxigraph.parse(response.content, format=syntax)))
        except (SyntaxError, ValueError) as error:
            raise StoreError(f"{self.url}: the answer cannot be read: {error}") from error
        raise StoreError(f"{self.url}: the answer is {kind or 'of no stated type'}, not SPARQL results; is this a SPARQL endpoint?")

    def _asked(self, text: bytes) -> httpx.Response:
        """The answer of the first of the possible addresses where there is an endpoint; the others are not asked again."""
        headers = {"Content-Type": "application/sparql-query", "Accept": f"{_RESULTS}, {_TRIPLES};q=0.9"}
        missed: list[str] = []
        for url in filter(None, (self.url, self._or_else)):
            response = self._send("POST", url, content=text, headers=headers)
            if response.status_code not in _NOT_THERE:
                self.url, self._or_else = url, ""
                return response
            missed.append(f"{url} (status {response.status_code})")
        raise StoreError(f"no SPARQL endpoint was found at {' or '.join(missed)}; give the address that answers queries")

    def update(self, sparql: str) -> None:
        admit_update(sparql)
        self._update(_declare_prefixes(sparql))

    def _update(self, text: str) -> None:
        response = self._send("POST", self.update_url, content=text.encode(), headers={"Content-Type": "application/sparql-update"})
        self._check(response, "the update")

    def replace_graph(self, quads: Iterable[Quad], graph: str | None, *, say: Callable[[str], None] = lambda text: None) -> None:
        """As for every store; ``say`` is told of how it goes where it takes many requests.

        By SPARQL Update it is done in parts, so that an error may leave the graph with some of the triples. Raises ValueError
        where ``graph`` is no IRI.
        """
        import pyoxigraph

        name = pyoxigraph.NamedNode(graph) if graph else None
        triples = [quad.triple for quad in quads]
        if self.data_urls:
            body = pyoxigraph.serialize(triples, format=pyoxigraph.RdfFormat.N_TRIPLES)
            parameters = {"graph": graph} if graph else {"default": ""}
            for url in self.data_urls:
                response = self._send("PUT", url, params=parameters, content=body, headers={"Content-Type": _TRIPLES})
                if response.status_code not in _NOT_THERE:
                    break
            if response.status_code not in _NOT_THERE or not self._derived:
                self._check(response, "the graph")
                return
            say(f"no Graph Store at {' or '.join(self.data_urls)}: by SPARQL Update at {self.update_url}")
        self._replace_by_updates(triples, name, say)
        # for the graphs that follow
        self.data_urls = []

    def _replace_by_updates(self, triples: list[Triple], graph: NamedNode | None, say: Callable[[str], None]) -> None:
        head, tail = (f"GRAPH {graph} {{\n", "\n}") if graph else ("", "")
        try:
            # one that is not there is an error otherwise
            self._update(f"CLEAR SILENT GRAPH {graph}" if graph else "CLEAR DEFAULT")
        except (QueryError, StoreError) as error:
            if self.data_urls:
                raise StoreError(f"{error}; nor is there a Graph Store at {' or '.join(self.data_urls)}: name its address, or that for updates") from error
            raise
        sent = 0
        for lines in _batches(triples):
            try:
                self._update(f"INSERT DATA {{\n{head}" + "\n".join(lines) + f"{tail}\n}}")
            except (QueryError, StoreError) as error:
                raise StoreError(f"{error}; {sent:,} of {len(triples):,} triples of this graph had been sent: load it again") from error
            before, sent = sent, sent + len(lines)
            if sent // _SAID_EVERY > before // _SAID_EVERY and sent < len(triples):
                say(f"{sent:,} of {len(triples):,} triples sent")

    def close(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None


def open_store(where: str | Path | None = None) -> Store:
    """A store: in memory (None), on disk (a folder), or a server (an http address)."""
    if isinstance(where, str) and where.startswith(("http://", "https://")):
        return RemoteStore(where)
    return EmbeddedStore(Path(where) if where is not None else None)
