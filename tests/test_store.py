"""The store: what is refused, how errors read, and a real server in another process."""

from __future__ import annotations

import random
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pyoxigraph
import pytest
from conftest import TINY
from test_release import run

from mesokg.builds import load_build
from mesokg.errors import QueryError, StoreError
from mesokg.gate import MAX_NESTING, admit
from mesokg.identifiers import GRAPHS, expand, graph_iri
from mesokg.loading import load_server
from mesokg.release import build, read_receipt
from mesokg.store import EmbeddedStore, RemoteStore, open_store

SERVICE = [
    "SELECT * WHERE { SERVICE <http://127.0.0.1:1/> { ?s ?p ?o } }",
    "SELECT * WHERE { service silent ?where { ?s ?p ?o } }",
    "SELECT * WHERE { serv\\u0049ce <http://127.0.0.1:1/> { ?s ?p ?o } }",
    "SELECT * WHERE { { SELECT * { SERVICE <http://127.0.0.1:1/> { ?s ?p ?o } } } }",
    "SELECT * WHERE { FILTER EXISTS { SERVICE <http://127.0.0.1:1/> { ?s ?p ?o } } }",
    "SELECT * WHERE { ?s ?p ?o . #x\nSERVICE<http://127.0.0.1:1/>{?s ?p ?o}}",
]
HARMLESS = [
    'SELECT ?x WHERE { BIND("a service" AS ?x) }',
    "SELECT ?service WHERE { ?service ?p ?o }",
    "SELECT * WHERE { ?s <http://example.org/service> ?o }",
    "# no SERVICE here\nSELECT * WHERE { ?s ?p ?o }",
]


@pytest.mark.parametrize(
    "update",
    ["LOAD <http://127.0.0.1:9/x>", "CLEAR ALL ;\nload silent <http://127.0.0.1:9/x>", "INSERT { ?s ?p ?o } WHERE { SERV\\u0049CE <http://127.0.0.1:9/> { ?s ?p ?o } }"],
)
def test_an_update_may_not_reach_out(update: str) -> None:
    with EmbeddedStore() as store, pytest.raises(QueryError, match="is refused: an update may not call another server"):
        store.update(update)
    # nor may it reach out from a server that we ask; nothing listens at this address, and nothing is sent
    with RemoteStore("http://127.0.0.1:9/query") as store, pytest.raises(QueryError, match="is refused: an update may not call another server"):
        store.update(update)


def test_words_in_strings_and_names_are_no_calls() -> None:
    with EmbeddedStore() as store:
        store.update('INSERT DATA { mkg:load rdfs:label "LOAD <http://127.0.0.1:9/> SERVICE" }')
        assert len(store.query("SELECT * { ?s ?p ?o }")) == 1


@pytest.mark.parametrize("query", SERVICE)
def test_service_is_refused(query: str) -> None:
    with pytest.raises(QueryError, match="SERVICE is refused"):
        EmbeddedStore().query(query)


@pytest.mark.parametrize("query", HARMLESS)
def test_the_word_service_alone_is_not(query: str) -> None:
    EmbeddedStore().query(query)


@pytest.mark.parametrize("bracket", ["()", "{}", "[]"])
def test_deep_nesting_is_refused(bracket: str) -> None:
    query = f"SELECT * WHERE {{ {bracket[0] * 5000}{bracket[1] * 5000} }}"
    with pytest.raises(QueryError, match=f"deeper than {MAX_NESTING}"):
        EmbeddedStore().query(query)


@pytest.mark.parametrize(
    "query",
    [
        f"ASK {{ FILTER({'!' * 50_000}true) }}",
        f"ASK {{ FILTER({'1+' * 50_000}1) }}",
        f"ASK {{ FILTER({'true||' * 30_000}true) }}",
        f"ASK {{ ?s {'/'.join(['rdf:type'] * 15_000)} ?o }}",
        f"ASK {{ {{}} {'UNION {} ' * 20_000} }}",
        f"ASK {{ {'MINUS {?s ?p 1} ' * 10_000} }}",
        f"ASK {{ {''.join(f'BIND(1 AS ?x{n}) ' for n in range(5_000))} }}",
        f"ASK {{ {'?s a ?o . ' * 15_000} }}",
        f"ASK {{ ?s ?p {','.join(['1'] * 15_000)} }}",
    ],
    ids=["not", "plus", "or", "path", "union", "minus", "bind", "triples", "objects"],
)
def test_long_chains_that_crash_the_parser_are_refused(query: str) -> None:
    with pytest.raises(QueryError, match="has more than"):
        EmbeddedStore().query(query)


def test_a_long_list_of_values_is_admitted() -> None:
    admit(f"ASK {{ VALUES ?x {{ {'mkg:therapy-rad-ifn ' * 5_000}}} }}")


def test_brackets_in_strings_do_not_nest() -> None:
    admit(f'SELECT ?x WHERE {{ BIND("{"(" * 5000}" AS ?x) }}')


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("", "empty"),
        ("   \n", "empty"),
        ("SELECT * WHERE { ?s ?p }", "line 1, column 25: .*third part of a triple"),
        ("SELECT *\nWHERE {\n  ?s mesokkg:phase ?o }", "line 3, column 6: the prefix mesokkg: is not declared; did you mean mesokg"),
        ("SELECT * { ?s mesokg:a:b ?o . ?o mesokkg:phase ?p }", "line 1, column 34: the prefix mesokkg: is not declared"),
        ("PREFIX a.b: <http://a/>\nSELECT * { ?s a.b:c ?o . ?o mesokkg:phase ?p }", "line 2, column 29: the prefix mesokkg: is not declared"),
        ("PREFIX One: <http://a/>\nSELECT * { ?s one:c ?o }", "line 2, column 15: the prefix one: is not declared"),
        ("SELECT * WHERE { ?s ?p '\x00' }", "not text"),
        ("PREFIX a: <http://a/>\nSELEC * WHERE { ?s ?p ?o }", "line 2, column 1: .*begins with SELEC, expected SELECT, ASK"),
        ("INSERT DATA { <a:a> <a:b> <a:c> }", "line 1, column 1: .*begins with INSERT"),
        ("SELECT ?x WHERE { ?s ?p ?o } GROUP BY ?s", "neither grouped by"),
        ("SELECT * { ?s ?p ?o", "the { opened at line 1, column 10 is not closed"),
        ("SELECT *\n{ ?s ?p ?o }}", "the } at line 2, column 13 closes nothing"),
        ("SELECT * { FILTER( }", "the } at line 1, column 20 does not close the \\( opened at line 1, column 18"),
        ('SELECT * { ?s ?p "abc }', "the quotation mark at line 1, column 18 is not closed"),
        ("SELECT * { ?s phase ?o }", "'phase' at line 1, column 15 is no keyword; write \\?phase for a variable, prefix:phase for a term"),
        ("SELECT * { ?s ?p <http://[bad> }", "the IRI before this point is malformed"),
        ("SELECT * { OPTIONAL ?s ?p ?o }", 'line 1, column 21: .*expected "{"'),
        ("SELECT * { ?s ?p ?o } ORDER ?s", "line 1, column 31: .*expected BY"),
        ('SELECT * { ?s ?p "a b"@en-GB ; a mkg:x%C3 FILTER ?o > 3 }', "something is missing or out of place"),
        ("x" * 300_000, "300,000 characters"),
    ],
)
def test_malformed_queries_say_where_and_what(query: str, message: str) -> None:
    with pytest.raises(QueryError, match=message):
        EmbeddedStore().query(query)


def test_known_prefixes_need_no_declaration() -> None:
    assert EmbeddedStore().query("ASK { ?s a mesokg:Trial }").truth is False


def test_a_store_on_disk_keeps_its_triples(tmp_path: Path) -> None:
    with open_store(tmp_path / "store") as store:
        store.update("INSERT DATA { mkg:a a mesokg:Trial }")
    with open_store(tmp_path / "store") as store:
        assert len(store.query("SELECT * WHERE { ?s a mesokg:Trial }")) == 1


def test_loading_a_broken_file_names_the_line(tmp_path: Path) -> None:
    path = tmp_path / "broken.ttl"
    path.write_text("<http://a> <http://b> <http://c> .\n<http://a> <http://b> .\n")
    with pytest.raises(StoreError, match="broken.ttl"):
        EmbeddedStore().load(path)
    with pytest.raises(StoreError, match="no RDF syntax"):
        EmbeddedStore().load(tmp_path / "x.docx")
    with pytest.raises(StoreError, match="no such file"):
        EmbeddedStore().load(tmp_path / "missing.ttl")


def test_an_unreachable_server_is_named() -> None:
    with RemoteStore("http://127.0.0.1:9/query", timeout=5) as remote, pytest.raises(StoreError, match="cannot be reached"):
        remote.query("ASK { ?s ?p ?o }")
    with pytest.raises(StoreError, match="not the address"):
        RemoteStore("localhost:7878")
    with RemoteStore("http://[::1") as remote, pytest.raises(StoreError, match="not the address"):
        remote.query("ASK { ?s ?p ?o }")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def _serving() -> Iterator[str]:
    binary = shutil.which("oxigraph", path=str(Path(sys.executable).parent)) or shutil.which("oxigraph")
    assert binary, "the oxigraph package of the test extra brings the server"
    port = _free_port()
    process = subprocess.Popen(
        [binary, "serve", "--bind", f"127.0.0.1:{port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}/query"
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture
def server() -> Iterator[str]:
    """A real Oxigraph server in another process, on loopback."""
    with _serving() as url:
        yield url


@pytest.mark.parametrize("keep", [False, True], ids=["default graph", "named graphs"])
def test_a_real_server_is_filled_and_asked(server: str, tiny: Path, keep: bool) -> None:
    from mesokg.release import assemble

    local = EmbeddedStore()
    local.oxigraph = assemble(tiny).store
    with RemoteStore(server) as remote:
        number = load_server(local, remote, keep_graphs=keep)
        assert number == len(local.oxigraph)
        graph = f"GRAPH <{graph_iri('facts')}>" if keep else ""
        question = f"SELECT ?label WHERE {{ {graph} {{ <{expand('mkg:trial-NCT00000001')}> rdfs:label ?label }} }}"
        assert [row[0].value for row in remote.query(question)] == ["tiny trial"]
        remote.update("INSERT DATA { mkg:new a mkg:Thing }")
        assert remote.query("ASK { mkg:new a mkg:Thing }").truth is True
        made = remote.query("CONSTRUCT { ?s ?p ?o } WHERE { mkg:new ?p ?o . ?s ?p ?o }")
        assert made.triples == (pyoxigraph.Triple(*[pyoxigraph.NamedNode(expand("mkg:new")), pyoxigraph.NamedNode(expand("rdf:type")), pyoxigraph.NamedNode(expand("mkg:Thing"))]),)
        with pytest.raises(QueryError, match="status 400"):
            remote.query("SELECT * WHERE { ?s ?p }")
        with pytest.raises(QueryError, match="SERVICE is refused"):
            remote.query(SERVICE[0])


def test_the_question_library_runs_against_a_server(server: str, real_store: EmbeddedStore) -> None:
    """`mesokg query --endpoint` asks the same questions of any server and gets the same rows."""
    from mesokg.questions import ask, read_questions

    with RemoteStore(server) as remote:
        load_server(real_store, remote)
        for question in read_questions().values():
            here, there = ask(question, real_store), ask(question, remote)
            assert sorted(map(str, here.rows)) == sorted(map(str, there.rows)), question.name


@pytest.fixture(scope="module")
def tiny_build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("load") / "build"
    build(out, TINY)
    return out


def _shared(triples: Iterable[pyoxigraph.Triple]) -> tuple[int, set[pyoxigraph.Triple]]:
    """How many triples there are, and those without blank nodes, whose names a server may change."""
    every = set(triples)
    return len(every), {triple for triple in every if not isinstance(triple.subject, pyoxigraph.BlankNode) and not isinstance(triple.object, pyoxigraph.BlankNode)}


def _held(url: str) -> dict[str, tuple[int, set[pyoxigraph.Triple]]]:
    """What a server holds in each named graph, and under an empty name in its default graph."""
    with RemoteStore(url) as remote:
        names = [row[0].value for row in remote.query("SELECT DISTINCT ?g WHERE { GRAPH ?g { ?s ?p ?o } }")]
        held = {name: _shared(remote.query(f"CONSTRUCT {{ ?s ?p ?o }} WHERE {{ GRAPH <{name}> {{ ?s ?p ?o }} }}").triples) for name in names}
        return {**held, "": _shared(remote.query("CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o }").triples)}


def _built(folder: Path) -> dict[str, tuple[int, set[pyoxigraph.Triple]]]:
    """What a build holds in each named graph, and under an empty name in all."""
    whole = load_build(folder).oxigraph
    graphs = {graph_iri(name): pyoxigraph.NamedNode(graph_iri(name)) for name in GRAPHS}
    named = {iri: _shared(quad.triple for quad in whole.quads_for_pattern(None, None, None, graph)) for iri, graph in graphs.items()}
    return {**named, "": _shared(quad.triple for quad in whole)}


_OLD = {"": "mkg:old-default", graph_iri("inferred"): "mkg:old-inferred", "http://a.example/graph": "mkg:old-elsewhere"}
"""A thing in each of these graphs of a server before it is loaded."""


def _fill_with_old(url: str) -> dict[str, tuple[int, set[pyoxigraph.Triple]]]:
    with RemoteStore(url) as remote:
        for graph, thing in _OLD.items():
            triple = f"{thing} a mkg:Old"
            remote.update(f"INSERT DATA {{ {f'GRAPH <{graph}> {{ {triple} }}' if graph else triple} }}")
    return _held(url)


def test_the_command_load_fills_the_default_graph_of_a_server(server: str, tiny_build: Path) -> None:
    old, built = _fill_with_old(server), _built(tiny_build)
    number = built[""][0]
    inferred = graph_iri("inferred")
    receipt = read_receipt(tiny_build)
    assert receipt is not None and number == receipt.data["triples"]["all"]
    # once more changes nothing
    for _ in range(2):
        done = run("load", server, "--build", str(tiny_build))
        assert (done.returncode, done.stdout) == (0, f"{number:,} triples loaded into {server}\n"), done.stderr
        assert done.stderr.splitlines() == [f"… default graph: {number:,} triples", f"… {inferred}: {built[inferred][0]:,} triples"]
        # what was inferred stands in its named graph too; a graph of another name stays as it was
        assert _held(server) == {"": built[""], inferred: built[inferred], "http://a.example/graph": old["http://a.example/graph"]}


def test_the_command_load_keeps_the_graphs_apart(server: str, tiny_build: Path) -> None:
    old, built = _fill_with_old(server), _built(tiny_build)
    number = built.pop("")[0]
    done = run("load", server, "--keep-graphs", "--build", str(tiny_build))
    assert (done.returncode, done.stdout) == (0, f"{number:,} triples loaded into {server}\n"), done.stderr
    assert done.stderr.splitlines() == [f"… {graph}: {triples:,} triples" for graph, (triples, _) in built.items()]
    # the default graph, too, stays as it was
    assert _held(server) == {**old, **built}


def test_the_command_load_sends_to_the_address_for_data(server: str, tiny_build: Path) -> None:
    built = _built(tiny_build)
    number = built[""][0]
    # no address for data stands beside one that ends in a query string
    url = server + "?a=b"
    done = run("load", url, "--build", str(tiny_build))
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    assert _held(server) == {"": (0, set())}
    data, update = server.replace("/query", "/store"), server.replace("/query", "/update")
    done = run("load", url, "--data-url", data, "--update-url", update, "--build", str(tiny_build))
    assert (done.returncode, done.stdout) == (0, f"{number:,} triples loaded into {url}\n"), done.stderr
    assert _held(server)[""] == built[""]


def test_the_command_load_counts_where_it_asks(server: str, tiny_build: Path) -> None:
    number = _built(tiny_build)[""][0]
    with _serving() as other:
        done = run("load", server, "--data-url", other.replace("/query", "/store"), "--build", str(tiny_build))
        assert (done.returncode, done.stdout) == (2, ""), done.stderr
        assert f"{server} holds 0 triples after loading {number:,}; load it again" in done.stderr
        assert (_held(server)[""][0], _held(other)[""][0]) == (0, number)


# ---------------------------------------------------------------- loading by SPARQL Update


class _Proxy(BaseHTTPRequestHandler):
    """Passes on what the server behind is asked; answers itself where ``refuse``, given method, path and body, returns a status."""

    behind = ""
    refuse: Callable[[str, str, bytes], int | None]
    seen: list[tuple[str, str]]

    def _any(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.seen.append((self.command, self.path.partition("?")[0]))
        status, content, kind = type(self).refuse(self.command, self.path.partition("?")[0], body), b"not here", "text/plain"
        if status is None:
            headers = {name: self.headers[name] for name in ("Content-Type", "Accept") if name in self.headers}
            answer = httpx.request(self.command, self.behind + self.path, content=body, headers=headers, timeout=60)
            status, content, kind = answer.status_code, answer.content, answer.headers.get("content-type", "text/plain")
        self.send_response(status)
        self.send_header("Content-Type", kind)
        if status != 204:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if status != 204:
            self.wfile.write(content)

    do_GET = do_POST = do_PUT = _any

    def log_message(self, *arguments: object) -> None:
        pass


@contextmanager
def _in_front(server: str, refuse: Callable[[str, str, bytes], int | None]) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """The address for queries of a proxy in front of a server, and what it was asked, method and path."""
    handler = type("Handler", (_Proxy,), {"behind": server.removesuffix("/query"), "refuse": staticmethod(refuse), "seen": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as proxy:
        threading.Thread(target=proxy.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{proxy.server_port}/query", handler.seen
        finally:
            proxy.shutdown()


@pytest.mark.parametrize("status", [404, 405, 501])
def test_queries_go_to_the_address_itself_where_there_is_none_below_it(server: str, status: int) -> None:
    """As RDF4J and GraphDB have it: ``…/repositories/NAME`` answers queries."""
    with _in_front(f"{server}?", lambda method, path, body: None if path == "/repositories/mesokg" else status) as (url, seen):
        address = url.replace("/query", "/repositories/mesokg")
        with RemoteStore(address) as remote:
            assert [remote.query("ASK {}").truth for _ in range(2)] == [True, True]
        assert [path for _, path in seen] == ["/repositories/mesokg/query", "/repositories/mesokg", "/repositories/mesokg"], "looked for once"
        done = run("query", "which_countries_run_trials", "--endpoint", address.replace("mesokg", "other"))
        assert (done.returncode, done.stdout) == (2, "")
        missed = f"{address.replace('mesokg', 'other')}/query (status {status}) or {address.replace('mesokg', 'other')} (status {status})"
        assert done.stderr == f"mesokg: no SPARQL endpoint was found at {missed}; give the address that answers queries\n"


def _without_store(status: int) -> Callable[[str, str, bytes], int | None]:
    return lambda method, path, body: status if path in ("/store", "/data") else None


@pytest.mark.parametrize("keep", [False, True], ids=["default graph", "named graphs"])
def test_the_command_load_sends_updates_where_only_their_address_is_given(server: str, tiny_build: Path, keep: bool) -> None:
    old, built = _fill_with_old(server), _built(tiny_build)
    whole = built.pop("")
    # no other address stands beside one that ends in a query string
    url = server + "?a=b"
    # once more changes nothing
    for _ in range(2):
        done = run("load", url, *["--keep-graphs"] * keep, "--update-url", server.replace("/query", "/update"), "--build", str(tiny_build))
        assert (done.returncode, done.stdout) == (0, f"{whole[0]:,} triples loaded into {url}\n"), done.stderr
        if keep:
            assert _held(server) == {**old, **built}
        else:
            inferred = graph_iri("inferred")
            assert _held(server) == {"": whole, inferred: built[inferred], "http://a.example/graph": old["http://a.example/graph"]}


@pytest.mark.parametrize("status", [404, 405, 501])
def test_the_command_load_sends_updates_where_there_is_no_graph_store(server: str, tiny_build: Path, status: int) -> None:
    built = _built(tiny_build)
    with _in_front(server, _without_store(status)) as (url, seen):
        base = url.removesuffix("/query")
        done = run("load", url, "--build", str(tiny_build))
        assert (done.returncode, done.stdout) == (0, f"{built[''][0]:,} triples loaded into {url}\n"), done.stderr
        assert done.stderr.splitlines()[1] == f"… no Graph Store at {base}/store or {base}/data: by SPARQL Update at {base}/update"
        assert [path for method, path in seen if method == "PUT"] == ["/store", "/data"], "looked for once, not for each graph"
        # a server may limit what it takes in one request
        assert seen.count(("POST", "/update")) >= 2 + built[""][0] // 1000
    held = _held(server)
    assert (held[""], held[graph_iri("inferred")]) == (built[""], built[graph_iri("inferred")])


@pytest.mark.parametrize(("status", "options"), [(401, []), (403, []), (413, []), (500, []), (404, ["--data-url"]), (405, ["--data-url"])])
def test_a_graph_store_that_refuses_is_not_got_round(server: str, tiny_build: Path, status: int, options: list[str]) -> None:
    """Nor is one whose address was given."""
    old = _fill_with_old(server)
    with _in_front(server, _without_store(status)) as (url, seen):
        done = run("load", url, *options, *[url.replace("/query", "/store")] * len(options), "--build", str(tiny_build))
        assert (done.returncode, done.stdout) == (2, ""), done.stderr
        assert f"the graph was refused with status {status}: not here" in done.stderr
        assert ("POST", "/update") not in seen
    assert _held(server) == old


def test_a_server_that_takes_neither_is_told_of_both(server: str, tiny_build: Path) -> None:
    with _in_front(server, lambda method, path, body: None if path == "/query" else 404) as (url, _):
        base = url.removesuffix("/query")
        done = run("load", url, "--build", str(tiny_build))
        assert (done.returncode, done.stdout) == (2, ""), done.stderr
        assert f"{base}/update: the update was refused with status 404: not here; nor is there a Graph Store at {base}/store or {base}/data" in done.stderr


def test_a_load_that_breaks_off_between_updates_says_so(server: str, tiny_build: Path) -> None:
    number = _built(tiny_build)[""][0]
    updates: list[bytes] = []

    def refuse(method: str, path: str, body: bytes) -> int | None:
        if path == "/update":
            updates.append(body)
        return 404 if path in ("/store", "/data") else 500 if len(updates) == 3 else None

    with _in_front(server, refuse) as (url, _):
        done = run("load", url, "--build", str(tiny_build))
        assert (done.returncode, done.stdout) == (2, ""), done.stderr
        assert re.search(rf"the update was refused with status 500: not here; (\d[\d,]*) of {number:,} triples of this graph had been sent: load it again", done.stderr)
        done = run("load", url, "--build", str(tiny_build))
        assert done.returncode == 0, done.stderr
    assert _held(server)[""][0] == number


def test_an_update_of_a_load_holds_little_and_blank_nodes_whole() -> None:
    from mesokg.store import _BATCH_CHARACTERS, _BATCH_TRIPLES, _batches

    node, named, blank, literal = pyoxigraph.Triple, pyoxigraph.NamedNode, pyoxigraph.BlankNode, pyoxigraph.Literal
    p = named("http://e/p")
    chance = random.Random(5)
    # chains of blank nodes, each in no order, among triples without any; one hangs on a blank node inside a triple
    chains = [[node(blank(f"c{chain}n{link}"), p, blank(f"c{chain}n{link + 1}")) for link in range(40)] for chain in range(60)]
    chains[0].append(node(named("http://e/s"), p, node(blank("c0n7"), p, named("http://e/o"))))
    plain = [node(named(f"http://e/s{number}"), p, literal("x" * (100 if number % 3 else 900))) for number in range(3000)]
    triples = [*plain, *(one for chain in chains for one in chain)]
    chance.shuffle(triples)
    batches = list(_batches(triples))
    assert sorted(line for lines in batches for line in lines) == sorted(f"{one} ." for one in triples)
    assert all(len(lines) <= _BATCH_TRIPLES and sum(map(len, lines)) <= _BATCH_CHARACTERS for lines in batches) and 5 < len(batches) < 30
    whereabouts = {line: number for number, lines in enumerate(batches) for line in lines}
    assert all(len({whereabouts[f"{one} ."] for one in chain}) == 1 for chain in chains)
    # what is more than that together, and what is nothing
    (long,) = _batches([node(blank(f"n{link}"), p, blank(f"n{link + 1}")) for link in range(_BATCH_TRIPLES + 5)])
    assert len(long) == _BATCH_TRIPLES + 5 and list(_batches([])) == []


def test_what_is_loaded_by_updates_is_no_text_of_an_update(server: str) -> None:
    """Whatever stands in a literal, or in the place of the name of a graph."""
    words = ['"}} ; CLEAR ALL ; #', "LOAD <http://127.0.0.1:9/> SERVICE <http://127.0.0.1:9/>", "\\u0022 \\", "a\nb\rc\td", "'" * 3, "🧬 é", "mkg:x"]
    quads = [pyoxigraph.Quad(pyoxigraph.NamedNode("http://e/é%7D"), pyoxigraph.NamedNode("http://e/p"), literal) for word in words for literal in (pyoxigraph.Literal(word), pyoxigraph.Literal(word, language="en"))]
    with RemoteStore(server, update_url=server.replace("/query", "/update")) as remote:
        for graph in ("http://e/g", None):
            remote.replace_graph(quads, graph)
            where = f"GRAPH <{graph}> {{ ?s ?p ?o }}" if graph else "?s ?p ?o"
            with pytest.raises(ValueError, match="IRI"):
                remote.replace_graph(quads, "http://e/g> ; CLEAR ALL ; CLEAR GRAPH <http://e/g")
            assert set(remote.query(f"CONSTRUCT {{ ?s ?p ?o }} WHERE {{ {where} }}").triples) == {quad.triple for quad in quads}
