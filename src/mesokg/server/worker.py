"""A worker: one process that parses and answers, one request at a time, until its deadline ends it.

It runs in one of three ways: forked from the process that holds the graph (:mod:`mesokg.server.holder`), started by
itself with a graph of its own (Windows), or started with a store that it may change (update mode).
"""

from __future__ import annotations

import gzip
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from mesokg.errors import MesokgError, QueryError, StoreError, UsageError
from mesokg.gate import CallRefused
from mesokg.identifiers import PREFIXES
from mesokg.server.failures import Failure, failure_of
from mesokg.server.frames import pack, read_blocking
from mesokg.server.settings import Settings

if TYPE_CHECKING:
    from mesokg.store import EmbeddedStore

__all__ = ["Answerer", "limit_process", "main", "open_answerer", "serve"]


class Answerer:
    """Answers requests on one store. ``handle`` never raises: a failure is an answer too."""

    def __init__(self, settings: Settings, store: Any) -> None:
        self.settings = settings
        self.store = store
        self.remote = settings.endpoint is not None
        # it remembers what pages share, so that a change of the store ends it
        self.explorer: Any = None

    def warm(self) -> None:
        """Prepare what pages share, and import what they use, before workers are forked."""
        from mesokg.server.explorer import Explorer

        self.explorer = Explorer(self.settings, self.store)
        self.explorer.warm()
        if self.remote:
            # it loads what takes longer than a short query, and opens no connection yet
            _ = self.store.client

    def handle(self, header: dict[str, Any], body: bytes) -> tuple[dict[str, Any], bytes]:
        try:
            return getattr(self, "do_" + header["op"])(header, body)
        except Failure as failure:
            return _failed(failure)
        except CallRefused as error:
            # where calls are allowed, or something would be changed, it is a matter of leave
            return _failed(failure_of(str(error), 403 if self.settings.services or header["op"] == "update" else 400))
        except QueryError as error:
            if self.remote and header["op"] != "query":
                return _failed(_behind_failed(error))
            return _failed(failure_of(str(error)))
        except UsageError as error:
            return _failed(failure_of(str(error), 404, "look at the list of things or search for another name"))
        except StoreError as error:
            if self.remote:
                return _failed(_behind_failed(error))
            return _failed(Failure(500, "the store cannot be read", "tell the maintainers of this server"))
        except MesokgError as error:
            return _failed(failure_of(str(error), 400, "mend the request"))
        except (MemoryError, RecursionError):
            return _failed(Failure(400, "the query needs more memory than this server gives to one query", "ask for less: fewer variables, a FILTER, or a LIMIT inside a subquery"))
        except Exception:
            # the trace goes to the log of the server, never to the client
            import traceback

            traceback.print_exc()
            return _failed(Failure(500, "the request failed for a reason this server did not foresee", "tell the maintainers which request it was"))

    # ------------------------------------------------------------ queries

    def do_ping(self, header: dict[str, Any], body: bytes) -> tuple[dict[str, Any], bytes]:
        if self.remote:
            self.store.check()
        return {"status": 200, "type": "text/plain"}, b"pong"

    def do_query(self, header: dict[str, Any], body: bytes) -> tuple[dict[str, Any], bytes]:
        from mesokg.gate import admit, explain_syntax_error
        from mesokg.server.results import write_answer

        query = body.decode()
        admit(query, self.settings.services)
        if self.remote:
            return self._pass_on(query, header)
        store = self.store.oxigraph
        arguments = self._dataset(query, header)

        def run() -> object:
            try:
                return store.query(query, base_iri=header.get("base"), prefixes=PREFIXES, **arguments)
            except SyntaxError as error:
                raise QueryError(explain_syntax_error(query, str(error))) from error
            except (OSError, RuntimeError, ValueError) as error:
                raise QueryError(f"the query failed: {error}; simplify it") from error

        try:
            written = write_answer(
                run, tabular=header["tabular"], graph=header["graph"], rows=self.settings.rows,
                size=self.settings.answer_bytes, prefixes=PREFIXES,
            )
        except (OSError, RuntimeError, ValueError) as error:
            raise QueryError(f"the query failed while it ran: {error}; simplify it") from error
        return _sent({"status": 200, "format": written.format, "truncated": written.truncated}, written.body, header)

    def _dataset(self, query: str, header: dict[str, Any]) -> dict[str, Any]:
        import pyoxigraph

        from mesokg.gate import names_dataset

        default, named = header.get("default", []), header.get("named", [])
        if not default and not named:
            # our own graph is asked as the union of its named graphs, unless the query names its dataset; a store for
            # updates follows the standard
            return {"use_default_graph_as_union": self.settings.read_only and not names_dataset(query, self.settings.services)}
        # these stand in place of a dataset that the query names (SPARQL 1.1 Protocol, 2.1.4)
        try:
            return {
                "default_graph": [pyoxigraph.NamedNode(iri) for iri in default],
                "named_graphs": [pyoxigraph.NamedNode(iri) for iri in named],
            }
        except ValueError as error:
            raise Failure(400, f"a graph of the dataset has no valid IRI: {error}", "give whole IRIs in default-graph-uri and named-graph-uri") from error

    def _pass_on(self, query: str, header: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
        import pyoxigraph

        from mesokg.server.results import graph_answer, table_answer

        limits = {"rows": self.settings.rows, "size": self.settings.answer_bytes}
        with self.store.asked(query, header.get("default", []), header.get("named", [])) as (kind, body):
            syntax = pyoxigraph.RdfFormat.from_media_type(kind)
            try:
                if kind in ("application/sparql-results+json", "application/json"):
                    found = pyoxigraph.parse_query_results(body, format=pyoxigraph.QueryResultsFormat.JSON)
                    written = table_answer(found, header["tabular"], **limits)
                elif syntax is not None:
                    written = graph_answer((quad.triple for quad in pyoxigraph.parse(body, format=syntax)), header["graph"], prefixes=PREFIXES, **limits)
                else:
                    raise Failure(502, f"the SPARQL server answered with {kind or 'no type'}, which is no SPARQL answer", "check the address given to --endpoint")
            except (SyntaxError, ValueError) as error:
                raise Failure(502, f"the answer of the SPARQL server cannot be read: {error}", "try again later") from error
        return _sent({"status": 200, "format": written.format, "truncated": written.truncated}, written.body, header)

    # ------------------------------------------------------------ updates

    def do_update(self, header: dict[str, Any], body: bytes) -> tuple[dict[str, Any], bytes]:
        from mesokg.gate import explain_syntax_error, unescape
        from mesokg.server.updates import admit_update, with_dataset

        update = with_dataset(unescape(body.decode()), header.get("default", []), header.get("named", []))
        # what was put into it is looked at too
        admit_update(update, self.settings.services)
        try:
            self.explorer = None
            self.store.oxigraph.update(update, base_iri=header.get("base"))
        except SyntaxError as error:
            raise QueryError(explain_syntax_error(update, str(error))) from error
        except (OSError, RuntimeError, ValueError) as error:
            raise QueryError(f"the update failed: {error}; nothing was changed") from error
        return {"status": 204}, b""

    # ------------------------------------------------------------ graph store

    def do_graph(self, header: dict[str, Any], body: bytes) -> tuple[dict[str, Any], bytes]:
        from mesokg.server.graph_store import answer

        if header["method"] != "GET":
            self.explorer = None
        reply, content = answer(self.store.oxigraph, header, body, read_only=self.settings.read_only)
        return _sent(reply, content, header)

    # ------------------------------------------------------------ pages and data

    def do_page(self, header: dict[str, Any], body: bytes) -> tuple[dict[str, Any], bytes]:
        if self.explorer is None:
            from mesokg.server.explorer import Explorer

            self.explorer = Explorer(self.settings, self.store)
        reply, content = self.explorer.page(header)
        return _sent(reply, content, header)


def _failed(failure: Failure) -> tuple[dict[str, Any], bytes]:
    return {"status": failure.status, "failure": asdict(failure)}, b""


def _behind_failed(error: MesokgError) -> Failure:
    """What a client is told; the address of the server behind is for the log only."""
    print(f"mesokg: {error}", file=sys.stderr, flush=True)
    return Failure(502, "the SPARQL server behind this one cannot be reached, or gave no answer that can be used", "try again later")


def _sent(reply: dict[str, Any], body: bytes, header: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    if header.get("gzip") and len(body) > 1024:
        # level 5 is the knee; a zero time stamp keeps equal answers equal
        body = gzip.compress(body, 5, mtime=0)
        reply["encoding"] = "gzip"
    return reply, body


# ---------------------------------------------------------------- the process


def open_answerer(settings: Settings) -> Answerer:
    """The answerer of these settings, with its store opened."""
    from mesokg.builds import load_build
    from mesokg.server.behind import ServerBehind
    from mesokg.store import EmbeddedStore

    if settings.endpoint:
        return Answerer(settings, ServerBehind(settings.endpoint, timeout=settings.deadline_seconds))
    if settings.allow_update:
        return Answerer(settings, EmbeddedStore(settings.store))
    assert settings.build is not None
    store = load_build(settings.build)
    _add_questions(store, settings.build)
    return Answerer(settings, store)


def _add_questions(store: EmbeddedStore, build: Path) -> None:
    """Put the questions beside the metadata: editors ask an endpoint itself for its examples (sh:SPARQLExecutable)."""
    from pyoxigraph import NamedNode, Quad, RdfFormat, parse

    from mesokg.identifiers import graph_iri

    path = build / "queries.ttl"
    if path.is_file():
        graph = NamedNode(graph_iri("metadata"))
        store.oxigraph.bulk_extend(Quad(q.subject, q.predicate, q.object, graph) for q in parse(path=str(path), format=RdfFormat.TURTLE))


def limit_process(settings: Settings, *, files: bool) -> None:
    """Cap the memory of this process, forbid core dumps and, where ``files``, any new file or connection."""
    try:
        import resource
    except ImportError:  # Windows has no such limits
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        cap = pages * resource.getpagesize() + settings.memory_bytes
        resource.setrlimit(resource.RLIMIT_AS, (cap, cap))
    if files:
        resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))


def serve(answerer: Answerer, requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer until the serving process is gone. An alarm ends the process a little after the deadline of a request."""
    try:
        from signal import ITIMER_REAL, SIG_DFL, SIGALRM, setitimer, signal
    except ImportError:
        setitimer = None  # type: ignore[assignment]
    else:
        signal(SIGALRM, SIG_DFL)
    while (message := read_blocking(requests)) is not None:
        header, body = message
        if setitimer is not None:
            # the serving process kills at the deadline; this is for when it is gone
            setitimer(ITIMER_REAL, header.get("seconds", answerer.settings.deadline_seconds) + 0.5)
        reply, content = answerer.handle(header, body)
        if setitimer is not None:
            setitimer(ITIMER_REAL, 0)
        answers.write(pack(reply, content))
        answers.flush()


def main() -> None:
    """Run as a process of its own that reads requests from standard input."""
    import os

    settings = Settings.from_json(os.environ.pop("MESOKG_SERVER_SETTINGS"))
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    try:
        answerer = open_answerer(settings)
        if settings.read_only:
            answerer.warm()
    except MesokgError as error:
        # written before the pipe is closed: the serving process kills a worker whose pipe it sees closed
        print(f"mesokg: {error}", file=sys.stderr, flush=True)
        answers.close()
        sys.exit(1)
    import rdflib.plugins.sparql.parser  # noqa: F401 - the gate needs it, and later no file can be opened

    # RocksDB and a remote server need files and connections
    limit_process(settings, files=not (settings.allow_update or settings.endpoint or settings.services))
    answers.write(pack({"status": 200, "ready": True}))
    answers.flush()
    serve(answerer, sys.stdin.buffer, answers)


if __name__ == "__main__":
    main()
