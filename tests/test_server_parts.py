"""Parts of the pages and of the pool by themselves, on graphs and processes made for the purpose."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest

sys.path.insert(0, str(Path(__file__).parent / "server"))
from running import serving

from mesokg.identifiers import PREFIXES
from mesokg.server.failures import Failure
from mesokg.server.look import Look
from mesokg.server.pool import Pool, _crashed, _Gone, _Span
from mesokg.server.settings import Settings
from mesokg.server.turns import Line, Turns
from mesokg.store import EmbeddedStore

TURTLE = "".join(f"PREFIX {name}: <{iri}> " for name, iri in PREFIXES.items())


@pytest.fixture
def look():
    """Makes something to look things up in from Turtle with our prefixes."""
    from pyoxigraph import Quad, RdfFormat, parse

    def make(turtle: str) -> Look:
        store = EmbeddedStore()
        store.add(Quad(*triple.triple) for triple in parse((TURTLE + turtle).encode(), format=RdfFormat.TURTLE))
        return Look(store)

    return make


RANKED = """
mkg:normal skos:notation "normal" . mkg:registry skos:notation "registry" .
mkg:day skos:notation "day" . mkg:month skos:notation "month" . mkg:year skos:notation "year" .
"""


def _said(number: int, subject: str, predicate: str, value: str, *, source: str = "mkg:source", denied: bool = False) -> str:
    return f"""mkg:assertion-{number} mesokg:subject {subject} ; mesokg:predicate {predicate} ; mesokg:object {value} ; mesokg:source {source} ;
        mesokg:locator "Results" ; mesokg:rank mkg:normal ; mesokg:evidenceLevel mkg:registry ; mesokg:negated {str(denied).lower()} ."""


@pytest.mark.parametrize(
    ("dates", "differ"),
    [
        ([("2010-04-01", "month"), ("2010-04-15", "day")], False), ([("2010-01-01", "year"), ("2010-04-15", "day")], False),
        ([("2010-04-01", "month"), ("2010-05-15", "day")], True), ([("2010-01-01", "year"), ("2010-04-01", "month"), ("2010-05-01", "month")], True),
    ],
)
def test_a_date_agrees_with_one_that_is_more_precise(look, dates, differ):
    from mesokg.server.things import _disagreements

    told = "mesokg:startDate a owl:FunctionalProperty ; rdfs:label \"start\" ." + RANKED
    for number, (day, precision) in enumerate(dates):
        told += _said(2 * number, "mkg:trial-x", "mesokg:startDate", f'"{day}T00:00:00Z"^^xsd:dateTime', source=f"mkg:source-{number}")
        told += _said(2 * number + 1, "mkg:trial-x", "mesokg:startDatePrecision", f"mkg:{precision}", source=f"mkg:source-{number}")
    shown = _disagreements(look(told), f"<{PREFIXES['mkg']}trial-x>")
    assert (shown is not None) == differ
    if shown is not None:
        # each of them stands beside the others
        assert len(re.findall('class="answer"', shown)) == len(dates)


def test_what_a_source_denies_is_nothing_a_line_of_a_list_rests_on(look):
    from mesokg.server.overview import read_overview

    told = RANKED + "mkg:trial-x a mesokg:Trial ; rdfs:label \"X\" ." + _said(1, "mkg:trial-x", "mesokg:phase", "mkg:one", source="mkg:source-1") + _said(2, "mkg:trial-x", "mesokg:phase", "mkg:two", source="mkg:source-2", denied=True)
    (trial,) = read_overview(look(told)).trials
    assert [one.source for one in trial.sources] == ["mkg:source-1"]


def test_a_scale_holds_the_limits_of_its_intervals():
    """A change in percent whose interval goes past 100 is drawn whole."""
    from mesokg.server.outcomes import _plots

    names = "n N value unit low high text qualifier status measure m trial trialLabel arm role compared event population criteria time subgroup".split()
    row = {**dict.fromkeys(names, ""), "value": "80", "low": "60", "high": "130", "unit": "percent", "measure": "change", "m": PREFIXES["mkg"] + "m", "said": [], "differ": False, "outranked": False}
    (drawn,) = _plots("change", [row], False)
    assert re.findall(r"<text[^>]*>([^<]*)</text>", drawn)[-1] == "200"
    (drawn,) = _plots("change", [{**row, "high": "95"}], False)
    assert re.findall(r"<text[^>]*>([^<]*)</text>", drawn)[-1] == "100"


def test_the_page_of_an_error_ends_its_sentences_once():
    from mesokg.server.html import failure_page

    page = failure_page(Failure(404, "there is no such view", "did you mean therapies?")).decode()
    assert "There is no such view.</p>" in page and "did you mean therapies?</p>" in page


@pytest.mark.parametrize(("build", "said"), [("build", True), (None, False)])
def test_the_editor_speaks_of_the_union_where_there_is_one(build, said):
    """A store that changes has none, and of a server behind it is not known."""
    from mesokg.server.asking import editor

    explorer = SimpleNamespace(questions={}, settings=Settings(build=build and Path(build), allow_update=not build))
    long = "ASK {} # " + "x" * 30_000
    page = editor(explorer, {"query": long}, {"base": "http://localhost"})[1].decode()
    assert ("union of the graphs" in page) == said
    assert long in page


@pytest.fixture(params=[True, False], ids=["bundled", "not bundled"])
def bundled(request, monkeypatch):
    """Whether the package holds the bundles: what is found in its folder is made up."""
    from mesokg.server import assets

    files = {name: path for name, path in assets._files().items() if not name.startswith("bundle/")}
    if request.param:
        files |= {f"bundle/{name}": Path(name) for name in ("graph.js", "editor.js", "editor.css")}
    monkeypatch.setattr(assets, "_files", lambda: files)
    # kept from tests before, and not to be kept for those after
    assets.has_bundle.cache_clear()
    yield request.param
    assets.has_bundle.cache_clear()


def test_what_is_not_bundled_is_said_to_be_missing(bundled, look):
    """The pages of the network and of the editor, with all that needs no script: lists, file for Gephi, form."""
    from mesokg.server import asking, network

    explorer = SimpleNamespace(questions={}, settings=Settings(build=Path("build")), look=look("mkg:t a mesokg:Therapy ; rdfs:label 'a therapy' ; mesokg:targets mkg:g . mkg:g a mesokg:Gene ; rdfs:label 'a gene' ."))
    reply, page = asking.editor(explorer, {"query": "ASK {}"}, {"base": "http://localhost"})
    text = page.decode()
    assert text.count(asking.MISSING) == (0 if bundled else 1)
    assert ('id="yasgui"' in text, "/static/bundle/editor.js" in text, "/static/bundle/editor.css" in text, 'id="editor-help"' in text) == (bundled,) * 4
    # the policy that lets styles in is for the editor alone
    assert reply.get("editor", False) is bundled
    assert 'action="/sparql"' in text and ">ASK {}</textarea>" in text and ">Run</button>" in text
    text = network.graph(explorer, {}, {})[1].decode()
    assert text.count(asking.MISSING) == (0 if bundled else 1)
    assert ('id="network"' in text, "/static/bundle/graph.js" in text) == (bundled,) * 2
    assert "2 things, 1 links" in text and ">a therapy</a>" in text and ">a gene</a>" in text and 'href="/graph.gexf?' in text


def test_another_version_of_the_program_has_other_etags(monkeypatch):
    """Else a browser would keep the pages of the one before, on the same graph."""
    from mesokg.server import cache

    key = cache.key_of("page", "release")
    assert cache.key_of("page", "release") == key != cache.key_of("page", "other")
    monkeypatch.setattr(cache, "_program", lambda: "another")
    assert cache.key_of("page", "release") != key


# ---------------------------------------------------------------- the graph store


_GRAPHS = {"named": "http://e/g", "default": None}
# as it stands in Turtle
_TRICKY = r"""PREFIX e: <http://e/>
e:a e:b "\\u0041\\\"\u0000\r\n\t'''", "\U0001F9EC"@en, "01"^^<http://e/kind>, "}<x>", [ e:c [] ] ; <http://e/\u00E9> <http://e/%7D> ."""


class _Failing:
    """A store that fails in its so-many-th change: halfway where it can be, or behind it."""

    def __init__(self, store, changes: int, *, halfway: bool) -> None:
        self.store, self.left, self.halfway = store, changes, halfway

    def __contains__(self, quad) -> bool:
        return quad in self.store

    def __getattr__(self, name):
        method = getattr(self.store, name)
        if name not in ("add", "add_graph", "bulk_extend", "bulk_load", "clear_graph", "extend", "load", "remove", "remove_graph", "update"):
            return method

        def half(quads):
            quads = list(quads)
            yield from quads[: len(quads) // 2]
            raise MemoryError

        def change(*given):
            self.left -= 1
            if self.left == 0 and self.halfway and name.endswith("extend"):
                method(half(given[0]))
            method(*given)
            if self.left == 0:
                raise MemoryError

        return change


def _send(method: str, store, graph: str | None, body: str, media: str = "text/turtle") -> int:
    from mesokg.server.graph_store import answer

    return answer(store, {"method": method, "graph": graph, "type": media, "base": "http://e/store"}, body.encode(), read_only=False)[0]["status"]


def _counted(first: int, end: int) -> str:
    return "".join(f"<http://e/s{number}> <http://e/p> {number} .\n" for number in range(first, end))


def _numbers(store, graph: str | None) -> set[int]:
    from pyoxigraph import DefaultGraph, NamedNode

    return {int(quad.object.value) for quad in store.quads_for_pattern(None, None, None, NamedNode(graph) if graph else DefaultGraph())}


@pytest.mark.parametrize("graph", _GRAPHS.values(), ids=_GRAPHS)
@pytest.mark.parametrize(("method", "new"), [("PUT", range(2, 9)), ("POST", range(9))])
@pytest.mark.parametrize("halfway", [True, False])
@pytest.mark.parametrize("count", [0, 3])
def test_wherever_a_write_fails_a_graph_is_as_before_or_as_it_is_to_be(graph, method, new, halfway, count):
    from pyoxigraph import Store

    new = set(new) if count else set(range(2, 9))
    for changes in range(1, 10):
        store = Store()
        _send("PUT", store, graph, _counted(0, count))
        _send("PUT", store, "http://e/other", _counted(5, 6))
        failing = _Failing(store, changes, halfway=halfway)
        try:
            assert _send(method, failing, graph, _counted(2, 9)) == 204
        except MemoryError:
            assert _numbers(store, graph) in (set(range(count)), new)
        else:
            break
    assert changes > 1 and failing.left > 0
    assert _numbers(store, graph) == new and _numbers(store, "http://e/other") == {5}


@pytest.mark.parametrize("graph", _GRAPHS.values(), ids=_GRAPHS)
def test_what_is_put_in_the_place_of_a_graph_is_what_was_sent(graph):
    """Also what has to be escaped in a text of SPARQL. A graph that holds nothing any more is still there."""
    from pyoxigraph import NamedNode, RdfFormat, Store, parse

    def plain(quads) -> list[str]:
        """Without the names of blank nodes."""
        return sorted(re.sub(r"_:\w+", "_:", str(quad.triple)) for quad in quads)

    sent = plain(parse(_TRICKY.encode(), format=RdfFormat.TURTLE))
    assert len(sent) == 7
    for before in ("", _counted(0, 3)):
        store = Store()
        _send("PUT", store, graph, before)
        assert _send("PUT", store, graph, _TRICKY) == 204 and plain(store) == sent
        assert _send("PUT", store, graph, "") == 204 and len(store) == 0
        assert graph is None or store.contains_named_graph(NamedNode(graph))


# in Turtle too: what an update cannot name to remove it, and what it can
_NAMELESS = r"""_:a <http://e/p> _:b, "a\u0041\""@en, <<( <http://e/s1> <http://e/p> 1 )>> . <http://e/s1> <http://e/q> _:a, _:b, <<( <http://e/s1> <http://e/p> _:b )>>, <<( <http://e/s1> <http://e/p> 1 )>> ."""


def _told(quads) -> set[str]:
    """The triples of the quads, in which blank nodes have the names that their place gives them."""
    from pyoxigraph import CanonicalizationAlgorithm, Dataset, Quad

    whole = Dataset(Quad(*quad.triple) for quad in quads)
    whole.canonicalize(CanonicalizationAlgorithm.UNSTABLE)
    return {str(quad.triple) for quad in whole}


@pytest.mark.parametrize("graph", _GRAPHS.values(), ids=_GRAPHS)
@pytest.mark.parametrize("disk", [False, True], ids=["in memory", "on disk"])
@pytest.mark.parametrize(("before", "after"), [("", _NAMELESS), (_NAMELESS, ""), (_NAMELESS, _NAMELESS)], ids=["nameless after", "nameless before", "nameless always"])
def test_whatever_is_in_common_the_graph_is_what_was_put(tmp_path, graph, disk, before, after):
    """And other graphs, which hold the same, are as they were."""
    from pyoxigraph import BlankNode, DefaultGraph, NamedNode, RdfFormat, Store, parse

    store = Store(str(tmp_path / "store")) if disk else Store()
    other = "http://e/other" if graph is None else None

    def held(name: str | None) -> list:
        return list(store.quads_for_pattern(None, None, None, NamedNode(name) if name else DefaultGraph()))

    for old, new in itertools.product([(0, 0), (0, 20), (15, 40)], [(0, 0), (0, 20), (10, 30), (19, 40), (20, 40), (5, 7), (0, 40)]):
        for name in (graph, other):
            _send("PUT", store, name, _counted(*old) + before)
            assert _told(held(name)) == _told(parse((_counted(*old) + before).encode(), format=RdfFormat.TURTLE)), (old, name)
        nodes = {quad.subject for quad in held(graph) if isinstance(quad.subject, BlankNode)}
        assert len(nodes) == bool(before)
        assert _send("PUT", store, graph, _counted(*new) + after) == 204
        assert _told(held(graph)) == _told(parse((_counted(*new) + after).encode(), format=RdfFormat.TURTLE)), (old, new)
        assert _told(held(other)) == _told(parse((_counted(*old) + before).encode(), format=RdfFormat.TURTLE)), (old, new)
        assert not nodes & {quad.subject for quad in held(graph)}


@pytest.mark.parametrize("graph", _GRAPHS.values(), ids=_GRAPHS)
@pytest.mark.parametrize(
    ("before", "after", "held"),
    [
        ("1, 2", "01", {"1"}), ("1, 2", "1, 01", {"1"}), ("1, 2, 3, 4", "01, +2, 5", {"1", "2", "5"}), ("1, 2", "1.0, 2", {"1", "2"}),
        ("true, <http://e/o>", '"1"^^xsd:boolean', {"true"}), ("1.5e0, 2e0", "15e-1", {"1.5"}),
        ('"2020-01-01T00:00:00Z"^^xsd:dateTime, 1', '"2020-01-01T00:00:00.000Z"^^xsd:dateTime', {"2020-01-01T00:00:00Z"}),
        ('"a"@en-GB, "b"', '"a"@en-gb', {"a"}), ('"01", 1', '"01"', {"01"}),
    ],
)  # fmt: skip
def test_a_value_in_another_spelling_is_put_in_the_place_of_its_own(graph, before, after, held):
    """The engine holds numbers and times by their value, whatever they were sent as."""
    from pyoxigraph import Store

    store = Store()
    for values in (before, after):
        assert _send("PUT", store, graph, f"PREFIX xsd: <http://www.w3.org/2001/XMLSchema#> <http://e/s> <http://e/p> {values} .") in (201, 204)
    assert sorted(quad.object.value for quad in store) == sorted(held)


def test_what_is_in_the_graph_already_is_not_written_again():
    """It would take twenty times as long as to see that it is there."""
    from pyoxigraph import Store

    class Watched(_Failing):
        def __init__(self, store) -> None:
            self.store, self.written = store, []

        def __getattr__(self, name):
            method = getattr(self.store, name)
            return (lambda given: (self.written.append(given if isinstance(given, str) else " ".join(map(str, given))), method(given))) if name in ("extend", "update") else method

    for graph, method in itertools.product(_GRAPHS.values(), ("PUT", "POST")):
        store = Watched(Store())
        for numbers, subjects in (((0, 9), range(9)), ((0, 9), ()), ((0, 11), (9, 10)), ((5, 12), (*(range(5) if method == "PUT" else ()), 11))):
            store.written.clear()
            _send(method, store, graph, _counted(*numbers))
            assert set(map(int, re.findall(r"e/s(\d+)>", " ".join(store.written)))) == set(subjects)


@pytest.mark.parametrize("method", ["PUT", "POST"])
@pytest.mark.parametrize(
    ("media", "body"),
    [("text/turtle", _counted(7, 9) + "<http://e/a> <http://e/b"), ("application/n-triples", "<http://e/a> <http://e/b> <http://e/c> .\n5"), ("application/rdf+xml", "<rdf"), ("text/none", "")],
)
def test_a_body_that_cannot_be_read_changes_nothing(method, media, body):
    from pyoxigraph import Store

    store = Store()
    for graph in _GRAPHS.values():
        _send("PUT", store, graph, _counted(0, 3))
        with pytest.raises(Failure) as told:
            _send(method, store, graph, body, media)
        assert told.value.status in (400, 415) and _numbers(store, graph) == {0, 1, 2}


@pytest.mark.parametrize("method", ["PUT", "POST"])
def test_a_blank_node_of_one_body_is_none_of_another(method):
    from pyoxigraph import Store

    store = Store()
    for graph in ("http://e/g", "http://e/h"):
        for _ in range(2):
            _send(method, store, graph, "_:x <http://e/p> 1 . _:x <http://e/p> 2 .")
    # a body of two triples is about one node
    assert len({quad.subject for quad in store}) * 2 == len(store) == (8 if method == "POST" else 4)


_PUTS = """
import sys, time, pyoxigraph
sys.path.insert(0, sys.argv[1])
from test_server_parts import _counted, _send
store, body = pyoxigraph.Store(sys.argv[2]), _counted(int(sys.argv[3]), 6000)
_send("PUT", store, None, "")
print("begun", flush=True)
begun = time.monotonic()
_send("PUT", store, "http://e/g", body)
print(time.monotonic() - begun, flush=True)
"""


@pytest.mark.parametrize("first", [1000, 2900], ids=["much in common", "little in common"])
def test_a_process_killed_in_the_middle_of_a_put_leaves_the_old_graph_or_the_new(tmp_path, first):
    """On the disk, as a server ends one whose deadline is over."""
    from pyoxigraph import Store

    old, new = set(range(3000)), set(range(first, 6000))
    took = 0.0
    for killed in (None, 0.1, 0.3, 0.5, 0.7, 0.9):
        folder = str(tmp_path / str(killed))
        store = Store(folder)
        _send("PUT", store, "http://e/g", _counted(0, 3000))
        # the folder is open in one process at a time
        del store
        with subprocess.Popen([sys.executable, "-c", _PUTS, str(Path(__file__).parent), folder, str(first)], stdout=subprocess.PIPE, text=True) as one:
            assert one.stdout.readline() == "begun\n"
            if killed is None:
                took = float(one.stdout.readline())
            else:
                time.sleep(took * killed)
                one.kill()
        assert _numbers(Store.read_only(folder), "http://e/g") in ((new,) if killed is None else (old, new))


# ---------------------------------------------------------------- the pool


class _Holder:
    """Takes orders and carries none out."""

    def send(self, order: bytes) -> int:
        return len(order)


def _pool() -> Pool:
    pool = Pool(Settings())
    pool.forks, pool._control = True, _Holder()
    return pool


def test_a_process_that_does_not_start_is_waited_for_until_the_deadline():
    """In the place of a worker that died."""

    class Dead:
        pid, process, resident = 0, None, 0

        async def ask(self, message):
            raise _Gone

        def close(self):
            pass

    async def ask() -> None:
        pool = Pool(Settings(deadline_seconds=0.3))
        pool.forks, pool._control, pool._replace = True, _Holder(), lambda: asyncio.sleep(0)
        pool._idle.append(Dead())
        with pytest.raises(Failure) as told:
            await asyncio.wait_for(pool.run({"op": "ping"}), 5)
        assert told.value.status == 503 and dict(told.value.headers)["Retry-After"]

    asyncio.run(ask())


def test_a_process_that_starts_as_its_request_gives_up_is_ended():
    async def both_at_once() -> tuple[list[object], object]:
        pool, worker, ended = _pool(), object(), []
        pool.kill = ended.append
        starting = asyncio.create_task(pool._new_for(_Span(0.05)))
        await asyncio.sleep(0)
        asyncio.get_running_loop().call_later(0.04, pool._forks[0].set_result, worker)
        # past both moments before the loop looks at its clock again
        time.sleep(0.2)
        with pytest.raises(Failure):
            await starting
        return ended, worker

    ended, worker = asyncio.run(both_at_once())
    assert ended == [worker]


def test_a_holder_that_takes_no_more_orders_gets_all_of_them_later():
    """Else a worker that is paused would never be ended, and the place of one that was given up stay empty."""

    async def ask() -> None:
        pool = _pool()
        pool._control, theirs = socket.socketpair()
        pool._control.setblocking(False)
        theirs.setblocking(False)
        told = []
        while not pool._orders:
            told.append({"do": "stop", "pid": len(told)})
            pool.tell(SimpleNamespace(pid=told[-1]["pid"]), "stop")
        told.append({"do": "kill", "pid": 7})
        pool.tell(SimpleNamespace(pid=7), "kill")
        told.append({"do": "fork"})
        forking = asyncio.create_task(pool._fork())
        await asyncio.sleep(0)
        heard = b""
        while heard.count(b"\n") < len(told):
            heard += await asyncio.wait_for(asyncio.get_running_loop().sock_recv(theirs, 1 << 20), 60)
        assert [json.loads(line) for line in heard.splitlines()] == told
        assert len(pool._forks) == 1
        forking.cancel()
        pool._control.close()
        theirs.close()
        with pytest.raises(Failure) as ended:
            await pool._fork()
        assert ended.value.status == 500

    asyncio.run(ask())


@pytest.mark.skipif(not hasattr(socket, "send_fds"), reason="workers are not forked there")
def test_a_process_that_cannot_be_started_is_told_and_the_next_one_is_not_taken_for_it():
    """Neither where the system has no room for it, nor where its pipe is lost on the way."""

    async def ask() -> None:
        pool, adopted, pipe = _pool(), [], socket.socketpair()
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        pool._control = ours
        pool._adopt = lambda pid, descriptor, future: asyncio.sleep(0, adopted.append((pid, descriptor, future)))
        starting = [asyncio.create_task(pool._fork()) for _ in range(3)]
        await asyncio.sleep(0)
        last = pool._forks[2]
        assert theirs.recv(4096).count(b"fork") == 3
        theirs.sendall(b'{"event": "not forked"}\n{"event": "forked", "pid": 7}\n')
        pool._on_control()
        socket.send_fds(theirs, [b'{"event": "forked", "pid": 8}\n'], [pipe[0].fileno()])
        pool._on_control()
        assert json.loads(theirs.recv(4096)) == {"do": "kill", "pid": 7}
        for one in starting[:2]:
            with pytest.raises(Failure) as told:
                await one
            assert told.value.status == 503
        ((pid, descriptor, future),) = adopted
        assert pid == 8 and future is last and not pool._forks
        starting[2].cancel()
        os.close(descriptor)
        for one in (*pipe, ours, theirs):
            one.close()

    asyncio.run(ask())


_NO_ROOM = """
import os, socket, sys
from mesokg.server import holder

def fork():
    raise BlockingIOError(11, "Resource temporarily unavailable")

os.fork = fork
holder._hold(None, socket.socket(fileno=int(sys.argv[1])))
"""


@pytest.mark.skipif(not hasattr(socket, "send_fds"), reason="workers are not forked there")
def test_a_holder_that_cannot_fork_goes_on():
    """Else those that it holds would be lost with it, and the paused ones run."""
    ours, theirs = socket.socketpair()
    with subprocess.Popen([sys.executable, "-c", _NO_ROOM, str(theirs.fileno())], pass_fds=[theirs.fileno()], stderr=subprocess.PIPE, text=True) as one:
        theirs.close()
        ours.settimeout(60)
        told = ours.makefile("r")
        assert json.loads(told.readline()) == {"event": "ready"}
        for _ in range(3):
            ours.sendall(b'{"do": "fork"}\n')
            assert json.loads(told.readline()) == {"event": "not forked"}
        told.close()
        ours.close()
        said = one.stderr.read()
    assert one.returncode == 0
    assert said.splitlines() == ["mesokg: no process could be started: Resource temporarily unavailable"] * 3


@pytest.mark.skipif(not hasattr(socket, "send_fds"), reason="workers are not forked there")
def test_a_holder_that_cannot_fork_goes_on_where_nobody_reads_its_log():
    ours, theirs = socket.socketpair()
    with subprocess.Popen([sys.executable, "-c", _NO_ROOM, str(theirs.fileno())], pass_fds=[theirs.fileno()], stderr=subprocess.PIPE) as one:
        theirs.close()
        ours.settimeout(60)
        told = ours.makefile("r")
        assert json.loads(told.readline()) == {"event": "ready"}
        one.stderr.close()
        for _ in range(2):
            ours.sendall(b'{"do": "fork"}\n')
            assert json.loads(told.readline()) == {"event": "not forked"}
        told.close()
        ours.close()


def test_a_holder_that_ended_ended_for_each():
    class Ended(_Holder):
        def fileno(self) -> int:
            # of a pipe that is open, as the loop wants to know it
            return 0

        def close(self) -> None:
            pass

    async def ask() -> None:
        pool = _pool()
        pool._control = Ended()
        loop = asyncio.get_running_loop()
        pool._forks.extend(waiting := [loop.create_future() for _ in range(3)])
        pool._lost_holder()
        assert len({id(one.exception()) for one in waiting}) == 3

    asyncio.run(ask())


@pytest.mark.skipif(not hasattr(socket, "send_fds"), reason="workers are not forked there")
def test_a_holder_that_is_lost_while_it_starts_is_followed_by_another():
    async def ask() -> None:
        pool = Pool(Settings(endpoint="http://127.0.0.1:9/"))
        await pool.start()
        for _ in range(3):
            lost = pool._holder
            lost.kill()
            # the next one needs much longer to be ready than to be seen
            await _until(lambda lost=lost: pool._holder is not lost)
        await _until(lambda: pool._ready.done() and not pool._ready.exception())
        worker = await pool._new()
        assert worker.pid > 0
        pool.kill(worker)
        await pool.stop()
        assert not pool._tasks

    asyncio.run(ask())


@pytest.mark.skipif(not hasattr(socket, "send_fds"), reason="workers are not forked there")
def test_a_process_whose_pipe_cannot_be_watched_is_ended_and_told(monkeypatch):
    """Else who waits for it would wait for ever, and its place be lost."""

    async def no_room(**_):
        raise OSError(28, "No space left on device")

    async def ask() -> None:
        pool, orders, (ours, theirs) = _pool(), [], socket.socketpair()
        pool._order = lambda **order: orders.append(order) or True
        monkeypatch.setattr("mesokg.server.pool.asyncio.open_connection", no_room)
        starting = asyncio.create_task(pool._fork())
        await asyncio.sleep(0)
        await pool._adopt(7, ours.detach(), pool._forks.popleft())
        with pytest.raises(Failure) as told:
            await asyncio.wait_for(starting, 5)
        assert told.value.status == 503 and orders == [{"do": "fork"}, {"do": "kill", "pid": 7}]
        assert theirs.recv(1) == b""
        theirs.close()

    asyncio.run(ask())


class _Answering:
    """A worker that answers when it is let."""

    # processor time is told of none
    pid, process, resident = 1 << 22, None, 0

    def __init__(self) -> None:
        self.let = asyncio.Event()

    async def ask(self, message):
        await self.let.wait()
        return {"status": 200}, b""

    def close(self):
        pass


async def _until(reached) -> None:
    async with asyncio.timeout(60):
        while not reached():
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(("workers", "ready"), [(5, 2), (1, 1)])
def test_in_front_of_another_server_processes_start_where_somebody_waits(workers, ready):
    """As many as there are places, and no more again than are ready at first, after those that took long."""

    async def ask() -> None:
        pool, made = Pool(Settings(endpoint="http://127.0.0.1:9/", workers=workers, held_workers=100, deadline_seconds=600, queue_seconds=600, fast_seconds=600)), []

        async def new():
            made.append(_Answering())
            return made[-1]

        pool.forks, pool._new, pool.kill = False, new, lambda worker: None
        await pool.start()
        assert len(made) == ready
        asking = [asyncio.create_task(pool.run({"op": "ping"})) for _ in range(9)]
        await _until(lambda: len(made) == workers and len(pool._line) == 9 - workers)
        assert not any(one.done() for one in asking)
        # one that is done has the next
        made[0].let.set()
        await _until(lambda: len(pool._line) == 0)
        for one in made:
            one.let.set()
        assert {reply["status"] for reply, _ in await asyncio.gather(*asking)} == {200}
        assert len(made) == len(pool._idle) == workers
        # those that take longer than their first turn give up their places
        for one in made:
            one.let.clear()
        pool.settings = replace(pool.settings, fast_seconds=0.05)
        asking = [asyncio.create_task(pool.run({"op": "ping"})) for _ in range(9)]
        await _until(lambda: len(pool._turns._held) == 9 and len(pool._idle) == ready)
        assert len(made) == 9 + ready and pool._places == ready
        for one in made:
            one.let.set()
        await asyncio.gather(*asking)
        await pool.stop()

    asyncio.run(ask())


def test_processes_that_are_not_forked_start_a_few_at_a_time(monkeypatch):
    """Else all that a flood asks for would be ready together, when nobody waits any more."""
    monkeypatch.setattr("mesokg.server.pool.os.cpu_count", lambda: 3)

    async def ask() -> None:
        pool, starting, most, made = Pool(Settings(endpoint="http://127.0.0.1:9/", workers=9, fork=False, queue_seconds=60, fast_seconds=60, deadline_seconds=60)), [], [], []

        async def new():
            starting.append(1)
            most.append(len(starting))
            await asyncio.sleep(0.02)
            starting.pop()
            made.append(_Answering())
            return made[-1]

        pool._new, pool.kill = new, lambda worker: None
        await pool.start()
        asking = [asyncio.create_task(pool.run({"op": "ping"})) for _ in range(20)]
        await _until(lambda: len(made) == 9 and not pool._starting)
        assert max(most) == 3 and pool._places == 9 and len(pool._line) == 11
        for one in made:
            one.let.set()
        await asyncio.gather(*asking)
        assert len(made) == len(pool._idle) == 9
        await pool.stop()

    asyncio.run(ask())


def test_a_place_whose_process_does_not_start_is_tried_again_for_who_waits_next(monkeypatch):
    async def ask() -> None:
        pool, fails, worker = Pool(Settings(workers=1)), [True] * 4, _Answering()
        sleep = asyncio.sleep
        monkeypatch.setattr("mesokg.server.pool.asyncio.sleep", lambda seconds: sleep(0))

        async def new():
            if fails:
                fails.pop()
                raise OSError
            return worker

        pool._new = new
        pool._vacate()
        while pool._tasks:
            await sleep(0)
        assert not fails and not pool._idle
        worker.let.set()
        assert await pool.run({"op": "ping"}) == ({"status": 200}, b"")
        assert list(pool._idle) == [worker] and pool._places == 1

    asyncio.run(ask())


def test_who_came_while_a_process_did_not_start_does_not_depend_on_who_comes_next(monkeypatch):
    async def ask() -> None:
        pool, tries, worker = Pool(Settings(workers=1, queue_seconds=60)), [], _Answering()
        sleep = asyncio.sleep
        monkeypatch.setattr("mesokg.server.pool.asyncio.sleep", lambda seconds: sleep(0))
        worker.let.set()

        async def new():
            tries.append(asking.append(asyncio.create_task(pool.run({"op": "ping"}))) if not tries else None)
            if len(tries) < 7:
                raise OSError
            return worker

        asking, pool._new = [], new
        pool._vacate()
        await _until(lambda: asking)
        assert await asyncio.wait_for(asking[0], 10) == ({"status": 200}, b"")
        assert len(tries) == 7 and list(pool._idle) == [worker] and pool._places == 1 and pool._starting == 0

    asyncio.run(ask())


@pytest.mark.parametrize(("given", "workers"), [([], 16), (["--workers", "3"], 3)])
def test_there_are_many_places_in_front_of_another_server(monkeypatch, given, workers):
    from click.testing import CliRunner

    from mesokg.server.command import serve

    told = []
    monkeypatch.setattr("mesokg.server.run.run", lambda settings, host, port: told.append(settings))
    assert CliRunner().invoke(serve, ["--endpoint", "http://127.0.0.1:9/query", *given]).exit_code == 0
    assert [one.workers for one in told] == [workers]


@contextlib.contextmanager
def _slow_server():
    """The address of a SPARQL server that answers what says "slow" when it is let, the queries that came to it, and what lets it."""
    came, let = [], threading.Event()

    class Slow(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = self.rfile.read(int(self.headers["Content-Length"])).decode()
            came.append(query)
            if "slow" in query:
                let.wait(300)
            body = b'{"head": {}, "boolean": true}'
            self.send_response(200)
            self.send_header("Content-Type", "application/sparql-results+json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            # who asked may be gone
            with contextlib.suppress(ConnectionError):
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        request_queue_size = 128

    server = Server(("127.0.0.1", 0), Slow)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/", came, let
    finally:
        let.set()
        server.shutdown()
        server.server_close()


def test_slow_queries_in_front_of_another_server_hold_up_no_short_one(tmp_path):
    """All in one moment, of which none gives up its place."""
    settings = {"workers": 16, "fast_seconds": 250, "queue_seconds": 250, "deadline_seconds": 250}
    with _slow_server() as (there, came, let), serving(log=tmp_path / "log", settings={"endpoint": there, **settings}) as address, ThreadPoolExecutor(15) as many, httpx.Client(base_url=address, timeout=300) as client:
        slow = [many.submit(httpx.get, address + "/sparql", params={"query": f"ASK {{ ?slow ?p {number} }}"}, timeout=300) for number in range(15)]
        for number in range(20):
            assert client.get("/sparql", params={"query": f"ASK {{ ?short ?p {number} }}"}).json()["boolean"] is True
        while sum("slow" in query for query in came) < 15:
            time.sleep(0.05)
        assert client.get("/sparql", params={"query": "ASK { ?short ?p ?o }"}).status_code == 200
        assert not any(one.done() for one in slow)
        let.set()
        assert {one.result().status_code for one in slow} == {200}
    assert "Traceback" not in (tmp_path / "log").read_text()


@pytest.mark.parametrize(("running", "held_bytes", "held"), [(2, 4096, 4), (2, 10_240, 10), (8, 4096, 10), (2, 512, 4), (2, 1 << 20, 64)])
def test_where_memory_is_not_told_few_are_held(monkeypatch, running, held_bytes, held):
    """As many as their memory is enough for if each takes all that it may, and never more than elsewhere."""
    settings = Settings(running_workers=running, held_bytes=held_bytes << 20)
    if sys.platform == "linux":
        assert Pool(settings)._turns._places == 64
    monkeypatch.setattr("mesokg.server.pool._memory", lambda pid: (0, 0))
    monkeypatch.setattr("mesokg.server.pool.socket.send_fds", None, raising=False)
    monkeypatch.setattr("mesokg.server.pool.os.fork", None, raising=False)
    pool = Pool(settings)
    assert pool.forks and pool._turns._places == held
    # these run all the same: in front of another server, and where none can be paused
    assert Pool(replace(settings, endpoint="http://e/"))._turns._places == 64
    assert Pool(replace(settings, fork=False))._turns._places == running


# ---------------------------------------------------------------- turns


class _Run:
    """Takes processor time while it runs, as the test says."""

    def __init__(self, name: str, taken: float = 0.05, size: int = 0) -> None:
        self.name, self.taken, self.taken_bytes, self.paused, self.lowest = name, taken, size, False, False

    def spent(self) -> float:
        return self.taken

    def size(self) -> int:
        return self.taken_bytes

    def lower(self, *, most: bool) -> None:
        self.lowest = most

    def pause(self) -> None:
        self.paused = True

    def resume(self) -> None:
        self.paused = False


def _turns(*, places: int = 8, running: int = 2, held_bytes: int = 1000, pauses: bool = True) -> Turns:
    return Turns(Settings(running_workers=running, held_bytes=held_bytes), places, pauses=pauses)


def _in_loop(test):
    async def run() -> None:
        test()

    return lambda: asyncio.run(run())


@_in_loop
def test_who_had_least_runs_and_the_others_are_paused():
    turns = _turns()
    long = [_Run(name, 5.0) for name in "ab"]
    for one in long:
        turns.enter(one)
    assert not any(one.paused for one in long) and all(one.lowest for one in long)
    short = [_Run(name) for name in "cd"]
    standings = [turns.enter(one) for one in short]
    assert all(one.paused for one in long) and not any(one.paused or one.lowest for one in short)
    # a place is taken up as soon as it is left
    turns.leave(standings[0])
    assert sum(one.paused for one in long) == 1
    # what has had as much as they waits behind them
    short[1].taken = 20.0
    turns._order()
    assert [one.paused for one in (*long, short[1])] == [False, False, True] and short[1].lowest


@_in_loop
def test_runs_that_need_long_take_turns_that_grow():
    turns, runs = _turns(running=1), [_Run(name) for name in "ab"]
    for one in runs:
        turns.enter(one)
    seen, total = [], 0.0
    while total < 6:
        (at_work,) = [one for one in runs if not one.paused]
        if not seen or seen[-1][0] != at_work.name:
            seen.append((at_work.name, 0.0))
        at_work.taken += 0.05
        total += 0.05
        seen[-1] = (at_work.name, seen[-1][1] + 0.05)
        turns._order()
    assert "".join(name for name, _ in seen).startswith("abababab")
    lasted = [seconds for _, seconds in seen[1:-1]]
    assert lasted == sorted(lasted) and abs(runs[0].taken - runs[1].taken) < 4


@_in_loop
def test_the_newest_of_many_has_a_place_beside_the_first():
    """Else it would wait for all that a flood brought, or the first for all that comes after it."""
    turns, runs = _turns(), [_Run(str(number)) for number in range(5)]
    for one in runs:
        turns.enter(one)
    assert [one.name for one in runs if not one.paused] == ["0", "4"]
    turns.enter(newer := _Run("newer"))
    assert [one.name for one in (*runs, newer) if not one.paused] == ["0", "newer"]


@_in_loop
def test_where_there_is_no_room_who_had_most_is_refused():
    turns = _turns(places=3)
    standings = {name: turns.enter(_Run(name, taken)) for name, taken in (("a", 0.1), ("long", 9.0), ("b", 0.2))}
    new = turns.enter(_Run("new"))
    assert [name for name, one in standings.items() if one.refused.done()] == ["long"] and not new.refused.done()
    assert len(turns._held) == 3


@_in_loop
def test_memory_is_room_too():
    turns = _turns(held_bytes=1000)
    standings = {name: turns.enter(_Run(name, taken, size)) for name, taken, size in (("a", 0.1, 300), ("b", 0.1, 300), ("long", 9.0, 300))}
    assert not any(one.refused.done() for one in standings.values())
    standings["a"].run.taken_bytes = 500
    turns._order()
    assert [name for name, one in standings.items() if one.refused.done()] == ["long"]
    # what one may have alone is not a matter of turns
    for name in ("a", "long"):
        turns.leave(standings[name])
    standings["b"].run.taken_bytes = 2000
    turns._order()
    assert not standings["b"].refused.done()


@_in_loop
def test_one_that_takes_much_memory_is_not_made_room_for_by_those_that_take_little():
    turns = _turns(places=20, held_bytes=1000)
    little = [turns.enter(_Run(str(number), 9.0, 10)) for number in range(6)]
    hungry = [turns.enter(_Run(name, 0.1, 450)) for name in "ab"]
    turns.enter(last := _Run("c", 0.1, 450))
    assert [one.refused.done() for one in hungry] == [True, False] and not any(one.refused.done() for one in little)
    assert not last.paused


@_in_loop
def test_past_a_second_the_priority_is_the_lowest_and_told_once():
    turns, run, told = _turns(), _Run("a", 0.9), []
    run.lower = lambda *, most: told.append(most)
    turns.enter(run)
    assert told == [False]
    # no change of its level, which comes at 1.6 s
    for run.taken in (1.0, 1.1, 1.7, 3.3):
        turns._order()
    assert told == [False, True]


@_in_loop
def test_where_nothing_can_be_paused_all_run_and_a_new_one_is_refused():
    turns, runs = _turns(places=2, pauses=False), [_Run(name, taken) for name, taken in (("a", 9.0), ("b", 0.1), ("c", 0.1))]
    standings = [turns.enter(one) for one in runs]
    assert [one.refused.done() for one in standings] == [False, False, True]
    assert not any(one.paused for one in runs)


def _served(line: Line, count: int, names: dict[asyncio.Future, str]) -> str:
    """The names of those who are served by so many workers, in their order."""
    order = ""
    for number in range(count):
        assert line.serve(number)
        (done,) = [future for future in names if future.done()]
        order += names.pop(done)
        line.leave(done)
    return order


@pytest.mark.parametrize(("turn", "in_order", "order"), [(60, False, "abcdefgh"), (0, False, "hgfaedcb"), (0, True, "abcdefgh")])
def test_a_flood_does_not_hold_up_who_comes_after_it(turn, in_order, order):
    """In their order while nobody waits for long; else the newest first, and a fourth of the turns for the old. Updates keep their order."""

    async def ask() -> str:
        line = Line(100, 2, turn, in_order=in_order)
        names = {line.join(): name for name in "abcdefgh"}
        await asyncio.sleep(0.01)
        return _served(line, 8, names)

    assert asyncio.run(ask()) == order


def test_where_too_many_wait_the_oldest_is_refused_but_no_update_for_a_later_one():
    async def ask() -> None:
        line = Line(3, 2, 60)
        waiting = [line.join() for _ in range(5)]
        told = [one.exception() for one in waiting if one.done()]
        assert [one.done() for one in waiting] == [True, True, False, False, False]
        assert {one.status for one in told} == {503} and len({id(one) for one in told}) == 2
        line = Line(3, 1, 60, in_order=True)
        waiting = [line.join() for _ in range(3)]
        with pytest.raises(Failure) as full:
            line.join()
        assert full.value.status == 503 and not any(one.done() for one in waiting)

    asyncio.run(ask())


def test_turns_are_shorter_while_many_wait():
    async def ask() -> None:
        line = Line(100, 2, 1.0)
        whole = line.seconds
        waiting = [line.join() for _ in range(21)]
        assert 0 < line.seconds < whole == 1.0
        line.leave(waiting[0])
        assert line.seconds == whole

    asyncio.run(ask())


def test_a_worker_that_is_not_forked_is_not_given_up_sooner_while_many_wait():
    """The next one takes seconds to start."""

    class Answers:
        # processor time is told of none
        pid, process, resident = 1 << 22, None, 0

        async def ask(self, message):
            await asyncio.sleep(0.5)
            return {"status": 200}, b""

        def close(self):
            pass

    async def ask() -> None:
        pool, worker = Pool(Settings(fork=False)), Answers()
        pool._replace = lambda: asyncio.sleep(0)
        waiting = [pool._line.join() for _ in range(30)]
        pool._idle.append(worker)
        assert await pool.run({"op": "ping"}) == ({"status": 200}, b"")
        assert [one.result() for one in waiting if one.done()] == [worker]

    asyncio.run(ask())


_COPIES = """
import asyncio, os
from types import SimpleNamespace
from mesokg.server.pool import _Run, _Span, _Worker
from mesokg.server.settings import Settings

class Worker(_Worker):
    async def ask(self, message):
        await asyncio.sleep(60)

async def main():
    shared = bytearray(b"x") * (32 << 20)
    (heard, say), (answers, answer) = os.pipe(), os.pipe()
    pid = os.fork()
    if pid == 0:
        for size in (32 << 20, 0):
            os.read(heard, 1)
            for place in range(0, size, 4096):
                shared[place] = 1
            os.write(answer, b"d")
        os.read(heard, 1)
        os._exit(0)
    run = _Run(SimpleNamespace(settings=Settings()), Worker(pid, None, None), _Span(60), {}, b"")
    before = run.size()
    os.write(say, b"g")
    os.read(answers, 1)
    print(before >> 20, run.size() >> 20)
    # of another request in the same process that is not told again
    again = _Run(SimpleNamespace(settings=Settings()), run.worker, _Span(60), {}, b"")
    os.write(say, b"gg")
    os.read(answers, 1)
    print(again.size() >> 20)
    os.waitpid(pid, 0)
    print(run.size())

asyncio.run(main())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="memory is told by Linux")
def test_what_a_worker_copies_of_the_shared_graph_is_its_memory():
    """A page that it writes into is copied: it takes memory, and no more pages are resident."""
    told = subprocess.run([sys.executable, "-c", _COPIES], capture_output=True, text=True, check=True)
    before, after, again, gone = map(int, told.stdout.split())
    assert before < 4 and 32 <= after < 40 and again < 4 and gone == 0


@pytest.mark.parametrize(("label", "locator", "cell"), [("stated or inferred", "mesokg explain", "<td>stated or inferred</td>"), ("stated", "curated tables", "<td>stated (curated tables)</td>")])
def test_behind_a_row_no_command_is_named(monkeypatch, label, locator, cell):
    """Of a store with one graph only it is not known whether a triple was inferred."""

    from pyoxigraph import Literal, NamedNode

    from mesokg.server.asking import behind
    from mesokg.store import Answer

    one, other, says = (NamedNode(PREFIXES["mkg"] + name) for name in ("a", "b", "says"))
    row = (one, says, other, None, Literal(label), Literal(locator), Literal("why"), None)
    monkeypatch.setattr("mesokg.questions.evidence_behind", lambda *_: Answer("bindings", rows=(row,)))
    explorer = SimpleNamespace(questions={}, store=object(), look=SimpleNamespace(labels=lambda _: {}))
    page = behind(explorer, {}, {"query": [("t", str(one)), ("t", str(other))]})[1].decode()
    assert cell in page and "mesokg explain" not in page


def test_no_failure_holds_what_an_earlier_request_held():
    """Python adds to the trace of an exception each time it is raised."""
    assert _crashed(Settings()) is not _crashed(Settings())
