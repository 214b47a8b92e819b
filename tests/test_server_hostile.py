"""What breaks servers: killed workers, hungry queries, slow and silent clients, floods of connections, nonsense."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import re
import select
import signal
import socket
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPResponse
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest

sys.path.insert(0, str(Path(__file__).parent / "server"))
from running import children, holders, processor_ticks, serving, workers

RUNAWAY = "SELECT (COUNT(*) AS ?n) WHERE { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }"
# a million different texts of about a hundred bytes, all of them held at once
HUNGRY = "SELECT (COUNT(DISTINCT CONCAT(STR(?c), STR(?f))) AS ?n) { { SELECT ?c { ?a ?b ?c } LIMIT 1000 } { SELECT ?f { ?d ?e ?f } LIMIT 1000 } }"

only_linux = pytest.mark.skipif(sys.platform != "linux", reason="processes and limits are looked at in /proc")


@pytest.fixture(scope="module")
def site(real_build, tmp_path_factory):
    log = tmp_path_factory.mktemp("server") / "log"
    with serving("--build", real_build, "--deadline", "60", log=log) as address:
        yield address
    # nothing unforeseen may have happened in any test
    assert "Traceback" not in log.read_text()


@pytest.fixture(scope="module")
def http(site):
    with httpx.Client(base_url=site, timeout=30) as client:
        yield client


def _serves(client: httpx.Client) -> bool:
    return client.get("/sparql", params={"query": f"ASK {{}} #{random.random()}"}).json()["boolean"] is True


def _is_problem(answer: httpx.Response) -> bool:
    return answer.headers["content-type"] == "application/problem+json" and {"status", "title", "what", "fix"} <= answer.json().keys()


def _connect(site: str, **options: int) -> socket.socket:
    host, port = site.removeprefix("http://").split(":")
    one = socket.socket()
    for name, value in options.items():
        one.setsockopt(socket.SOL_SOCKET, getattr(socket, name), value)
    one.settimeout(20)
    one.connect((host, int(port)))
    return one


def _rest(one: socket.socket) -> bytes:
    """All that still comes."""
    got = b""
    try:
        while piece := one.recv(65536):
            got += piece
    except ConnectionError:
        pass
    return got


# ---------------------------------------------------------------- workers


@only_linux
def test_idle_workers_killed_are_replaced(http, site):
    for _ in range(100):
        if found := workers(site.pid):
            break
        time.sleep(0.1)
    assert found
    for worker in found:
        os.kill(worker, signal.SIGKILL)
    for _ in range(20):
        assert _serves(http)
    assert not set(found) & set(workers(site.pid))


def _wait_until(reached):
    for _ in range(1200):
        if reached():
            return
        time.sleep(0.05)
    pytest.fail("it was not reached within a minute")


@only_linux
def test_a_server_that_is_gone_is_told_nothing(real_build, tmp_path):
    """Server and worker end while the process between them looks away: it ends in silence, and takes the other workers along."""
    with serving(log=tmp_path / "log", settings={"build": real_build}) as address, httpx.Client(base_url=address, timeout=60) as client:
        assert _serves(client)
        server = address.pid
        (holder,) = holders(server)
        ours = [int(one) for one in Path(f"/proc/{holder}/task/{holder}/children").read_text().split()]
        assert len(ours) > 1
        os.kill(holder, signal.SIGSTOP)
        os.kill(ours[0], signal.SIGKILL)
        os.kill(server, signal.SIGKILL)
        _wait_until(lambda: Path(f"/proc/{server}/stat").read_text().rpartition(")")[2].split()[0] == "Z")
        os.kill(holder, signal.SIGCONT)
        _wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in [holder, *ours]))
    assert "Traceback" not in (tmp_path / "log").read_text()


@only_linux
def test_a_worker_killed_in_mid_answer(http, site):
    """The request that it hit gets the body of an error, the next one its answer."""
    before = {pid: processor_ticks(pid) for pid in workers(site.pid)}
    with ThreadPoolExecutor(1) as one:
        hit = one.submit(lambda: httpx.get(site + "/sparql", params={"query": RUNAWAY + "#killed"}, timeout=90))
        # past the time in which a request is tried once more; a crowded machine may give its worker little
        time.sleep(1.2)
        busy = 0
        for _ in range(1000):
            used = {pid: processor_ticks(pid) - before.get(pid, 0) for pid in workers(site.pid)}
            busy = max(used, key=used.get, default=0)
            if busy and used[busy] >= 0.05 * os.sysconf("SC_CLK_TCK"):
                break
            time.sleep(0.05)
        else:
            raise AssertionError("no worker was busy")
        os.kill(busy, signal.SIGKILL)
        assert _serves(http)
        answer = hit.result()
    assert answer.status_code == 400
    assert _is_problem(answer)
    assert "ended the engine" in answer.json()["what"]


@only_linux
def test_the_memory_cap_ends_a_query(http, real_build, tmp_path):
    """The same query passes where it may take a gibibyte."""
    assert http.get("/sparql", params={"query": HUNGRY}, timeout=90).status_code == 200
    with serving(log=tmp_path / "log", settings={"build": real_build, "memory_bytes": 64 * 1024 * 1024, "deadline_seconds": 60}) as address, httpx.Client(base_url=address, timeout=90) as client:
        answer = client.get("/sparql", params={"query": HUNGRY})
        assert answer.status_code == 400
        assert _is_problem(answer)
        assert "memory" in answer.json()["what"]
        assert "LIMIT" in answer.json()["fix"]
        assert _serves(client)
    assert "Traceback" not in (tmp_path / "log").read_text()


def test_who_is_refused_is_told_when_to_come_back(real_build, tmp_path):
    """One long query is held: the others are refused for it, and short ones served."""
    with serving(log=tmp_path / "log", settings={"build": real_build, "held_workers": 1, "deadline_seconds": 8}) as address:
        with ThreadPoolExecutor(4) as many, httpx.Client(base_url=address, timeout=60) as client:
            answers = [many.submit(lambda number=number: httpx.get(address + "/sparql", params={"query": f"{RUNAWAY} #{number}"}, timeout=60)) for number in range(4)]
            while not all(one.done() for one in answers):
                assert _serves(client)
            found = [one.result() for one in answers]
    assert sorted(one.status_code for one in found) == [503, 503, 503, 504]
    for one in found:
        assert _is_problem(one)
        if one.status_code == 503:
            assert int(one.headers["retry-after"]) > 0
    assert "Traceback" not in (tmp_path / "log").read_text()


@contextlib.contextmanager
def _watched(tmp_path: Path, **settings: object):
    """A server, the process id of its holder, and what looks up the state of its workers: T where one is paused.

    Where a machine is slow, the last of a flood have not had their first turn after the usual 5 s, and would be refused.
    """

    def states() -> dict[int, str]:
        found = {}
        for pid in children(holder):
            with contextlib.suppress(OSError):
                found[pid] = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        return found

    with serving(log=tmp_path / "log", settings={"queue_seconds": 60, **settings}) as address, httpx.Client(base_url=address, timeout=60) as client:
        (holder,) = holders(address.pid)
        assert _serves(client)
        yield client, holder, states
    assert "Traceback" not in (tmp_path / "log").read_text()


def _paused(states) -> int:
    return list(states().values()).count("T")


@contextlib.contextmanager
def _flood(client: httpx.Client, count: int):
    """So many different runaways sent in one moment; the sockets on which their answers come."""
    opened = [_connect(str(client.base_url).rstrip("/")) for _ in range(count)]
    try:
        for number, one in enumerate(opened):
            one.sendall(f"GET /sparql?query={quote(f'{RUNAWAY} #{number}')} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        yield opened
    finally:
        for one in opened:
            one.close()


def _answered(opened: list[socket.socket]) -> int:
    return len(select.select(opened, [], [], 0)[0])


@only_linux
def test_a_flood_of_runaways_holds_up_no_short_query(real_build, tmp_path):
    """Forty in one moment: short ones that come after them are answered before any of them is ended, and processes are few."""
    with _watched(tmp_path, build=real_build, deadline_seconds=600, held_bytes=64 << 30) as (client, _, states):
        with _flood(client, 40) as opened:
            for _ in range(20):
                assert _serves(client)
                # those held, those ready, and those that start in the place of others
                assert len(states()) <= 40 + 2 + 2
            # two run; while they change, one that is to run may still be paused
            _wait_until(lambda: _paused(states) >= 38)
            assert _serves(client)
            assert _answered(opened) == 0
        # whoever asked is gone: nothing of theirs is left
        _wait_until(lambda: len(states()) == 2)
        assert _paused(states) == 0
        assert _serves(client)


@only_linux
def test_more_runaways_than_are_held_are_refused_and_short_queries_are_not(real_build, tmp_path):
    with _watched(tmp_path, build=real_build, deadline_seconds=60, held_workers=6, queue_length=12) as (client, _, states), _flood(client, 60) as opened:
        # one that is read before the flood is the oldest, refused for it: until fewer are to come than may wait
        _wait_until(lambda: _answered(opened) > 60 - 12)
        for _ in range(20):
            assert _serves(client)
            # one that is killed is there until it has given back its memory
            assert len(states()) <= 6 + 2 + 2 + 6
        _wait_until(lambda: _answered(opened) == 54)
        heads = [one.recv(4096).decode() for one in opened if select.select([one], [], [], 0)[0]]
        assert all(head.startswith("HTTP/1.1 503 ") and "retry-after: " in head.lower() for head in heads)
        _wait_until(lambda: _paused(states) == 4 and len(states()) == 8)
        assert _serves(client)


@only_linux
def test_paused_workers_killed_from_outside_are_told_and_the_others_go_on(real_build, tmp_path):
    with _watched(tmp_path, build=real_build, deadline_seconds=60) as (client, _, states), _flood(client, 8) as opened:
        _wait_until(lambda: _paused(states) >= 6)
        # longer than that a request is not tried once more
        time.sleep(1)
        killed = [pid for pid, state in states().items() if state == "T"][:3]
        for pid in killed:
            os.kill(pid, signal.SIGKILL)
        _wait_until(lambda: _answered(opened) == 3)
        heads = [one.recv(4096) for one in opened if select.select([one], [], [], 0)[0]]
        assert all(head.startswith(b"HTTP/1.1 400 ") for head in heads)
        assert _serves(client)
        # its answer is closed before the process is gone: the memory is given back in between
        _wait_until(lambda: not set(killed) & set(states()))


@only_linux
@pytest.mark.parametrize("how", ["stopped", "server killed", "both killed"])
def test_nothing_is_left_of_a_server_that_ends_while_workers_are_paused(real_build, tmp_path, how):
    with _watched(tmp_path, build=real_build, deadline_seconds=5) as (client, holder, states), _flood(client, 8):
        server = int(Path(f"/proc/{holder}/stat").read_text().rpartition(")")[2].split()[1])
        _wait_until(lambda: _paused(states) >= 6)
        ours = list(states())
        if how == "both killed":
            # the alarm of each worker is left, which a paused one does not hear
            os.kill(holder, signal.SIGSTOP)
        os.kill(server, signal.SIGTERM if how == "stopped" else signal.SIGKILL)
        if how == "both killed":
            os.kill(holder, signal.SIGKILL)
        _wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in [holder, *ours]))


@only_linux
def test_a_server_whose_holder_is_gone_has_another(real_build, tmp_path):
    """Those that are paused go on and end at their deadline; new ones are served."""
    with _watched(tmp_path, build=real_build, deadline_seconds=5) as (client, holder, states), _flood(client, 8) as opened:
        _wait_until(lambda: _paused(states) >= 6)
        ours = list(states())
        os.kill(holder, signal.SIGKILL)
        _wait_until(lambda: _answered(opened) == 8)
        assert _serves(client)
        busy = [pid for pid in ours if Path(f"/proc/{pid}").exists() and processor_ticks(pid) > 10]
        _wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in busy))


def test_many_runaways_do_not_starve_short_queries(real_build, tmp_path):
    """Three new ones a second, each of them different: more than there are workers for a second each."""
    with serving(log=tmp_path / "log", settings={"build": real_build, "deadline_seconds": 5}) as address, ThreadPoolExecutor(40) as many, httpx.Client(base_url=address, timeout=60) as client:
        assert _serves(client)
        runaways, took, begun = [], [], time.perf_counter()
        while (now := time.perf_counter() - begun) < 6:
            if len(runaways) < 3 * now:
                runaways.append(many.submit(lambda number: httpx.get(address + "/sparql", params={"query": f"{RUNAWAY} #{number}"}, timeout=60), len(runaways)))
            asked = time.perf_counter()
            assert _serves(client)
            took.append(time.perf_counter() - asked)
            time.sleep(0.02)
        answers = [one.result() for one in runaways]
    assert len(runaways) >= 15
    # if every runaway held a worker for a second, they would take two to five seconds each
    assert sorted(took)[len(took) * 9 // 10] < 1.0
    assert {one.status_code for one in answers} <= {503, 504}
    assert "Traceback" not in (tmp_path / "log").read_text()


def test_the_deadline_counts_waiting_and_its_words_are_true(real_build, tmp_path):
    """Two runaways, of which one at a time may run: they take turns, and both end at their deadline."""
    settings = {"build": real_build, "running_workers": 1, "deadline_seconds": 4}
    with serving(log=tmp_path / "log", settings=settings) as address, ThreadPoolExecutor(2) as many, httpx.Client(base_url=address, timeout=60) as client:

        def run_away(number: int) -> tuple[httpx.Response, float]:
            begun = time.perf_counter()
            return httpx.get(address + "/sparql", params={"query": f"{RUNAWAY} #{number}"}, timeout=60), time.perf_counter() - begun

        alone, took = run_away(0)
        assert alone.status_code == 504 and 3.9 < took < 6
        assert "ran for 4 seconds" in alone.json()["what"]
        both = [many.submit(run_away, number) for number in (1, 2)]
        assert _serves(client)
        said = []
        for answer, took in (one.result() for one in both):
            assert answer.status_code == 504, answer.text
            assert 3.9 < took < 6
            said.append([float(one) for one in re.search(r"waited for ([\d.]+) and ran for ([\d.]+) of ([\d.]+) seconds", answer.json()["what"]).groups()])
    for waited, ran, most in said:
        assert most == 4 and waited > 0.5 and ran > 0.3
        assert abs(waited + ran - 4) < 0.7
    # while one ran the other waited, but for their first turns
    assert abs(sum(ran for _, ran, _ in said) - 4) < 1.5


def test_a_long_query_is_answered_beside_a_runaway(real_build, tmp_path):
    longer = "SELECT (COUNT(*) AS ?n) { { SELECT ?a { ?a ?b ?c } LIMIT 3000 } { SELECT ?d { ?d ?e ?f } LIMIT 3000 } }"
    with serving(log=tmp_path / "log", settings={"build": real_build, "running_workers": 1, "deadline_seconds": 60}) as address, ThreadPoolExecutor(1) as one:
        client = httpx.Client(base_url=address, timeout=90)

        def run_away() -> None:
            with httpx.Client(base_url=address, timeout=90) as other, contextlib.suppress(httpx.HTTPError):
                other.get("/sparql", params={"query": RUNAWAY}, timeout=45)

        runaway = one.submit(run_away)
        time.sleep(0.6)
        answer = client.get("/sparql", params={"query": longer})
        assert answer.status_code == 200, answer.text
        assert answer.json()["results"]["bindings"][0]["n"]["value"] == "9000000"
        assert not runaway.done()
        client.close()


@pytest.mark.parametrize(("deadline", "status"), [(1.1, 504), (60, 400)])
def test_a_worker_that_ends_itself_at_its_deadline_is_late_not_crashed(deadline, status):
    """Its alarm may be seen before the server's own, where that has been kept waiting."""
    from mesokg.server.failures import Failure
    from mesokg.server.pool import Pool, _Gone
    from mesokg.server.settings import Settings

    class Ends:
        # processor time is told of none
        pid, resident = 1 << 22, 0

        async def ask(self, message):
            await asyncio.sleep(0.7)
            raise _Gone

    async def ask():
        pool = Pool(Settings(deadline_seconds=deadline))
        pool.kill, pool._replace = (lambda worker: None), (lambda: asyncio.sleep(0))
        pool._idle.append(Ends())
        await pool.run({"op": "ping"})

    with pytest.raises(Failure) as told:
        asyncio.run(ask())
    assert told.value.status == status


# ---------------------------------------------------------------- slow clients


@pytest.fixture(scope="module")
def impatient(real_build, tmp_path_factory):
    """A server that waits for half a second only."""
    log = tmp_path_factory.mktemp("impatient") / "log"
    with serving(log=log, settings={"build": real_build, "head_seconds": 0.5, "body_seconds": 0.5, "reader_seconds": 0.5}) as address:
        yield address
    assert "Traceback" not in log.read_text()

HEAD = b"GET /sparql?query=ASK%20%7B%7D HTTP/1.1\r\nHost: localhost\r\nX-Long: "
BODY = b"POST /sparql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/sparql-query\r\nContent-Length: 100000\r\n\r\nASK"


@pytest.mark.parametrize("begun", [b"G", HEAD, BODY], ids=["first-byte", "headers", "body"])
def test_who_sends_byte_by_byte_is_cut_off_and_others_are_served(impatient, begun):
    def dribble(number: int) -> bytes:
        with _connect(impatient) as one:
            one.sendall(begun)
            try:
                for _ in range(400):
                    one.sendall(b"x")
                    time.sleep(0.02)
            except ConnectionError:
                return _rest(one)
            raise AssertionError("never cut off")

    with ThreadPoolExecutor(20) as many, httpx.Client(base_url=impatient, timeout=30) as client:
        slow = [many.submit(dribble, number) for number in range(20)]
        served = 0
        while not all(one.done() for one in slow):
            assert _serves(client)
            served += 1
        assert served
        for one in slow:
            one.result()


@pytest.mark.parametrize(("begun", "status"), [(HEAD, 408), (BODY, 408), (b"", None)], ids=["headers", "body", "nothing"])
def test_who_sends_nothing_more_is_told(impatient, begun, status):
    with _connect(impatient) as one:
        one.sendall(begun)
        if status is None:
            assert _rest(one) == b""
            return
        # a whole answer, in however many pieces it comes; the connection may stay open after it
        answer = HTTPResponse(one)
        answer.begin()
        assert answer.status == status
        assert answer.headers["access-control-allow-origin"] == "*"
        assert {"status", "what", "fix"} <= json.loads(answer.read()).keys()


@only_linux
def test_who_does_not_read_is_dropped(impatient):
    with _connect(impatient, SO_RCVBUF=4096) as one:
        one.sendall(b"GET /sparql?query=SELECT%20*%20%7B%3Fs%20%3Fp%20%3Fo%7D%20LIMIT%20100000 HTTP/1.1\r\nHost: localhost\r\nAccept: text/csv\r\n\r\n")
        # the first byte of the kernel's information is the state; 1 is established
        for _ in range(1200):
            if one.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 8)[0] != 1:
                break
            time.sleep(0.05)
        else:
            raise AssertionError("never dropped")


def test_who_reads_slowly_gets_everything(impatient):
    """Slower than the limit, but never silent for so long."""
    target = "/sparql?query=SELECT%20*%20%7B%3Fs%20%3Fp%20%3Fo%7D%20LIMIT%2020000"
    with _connect(impatient, SO_RCVBUF=65536) as one:
        one.sendall(f"GET {target} HTTP/1.1\r\nHost: localhost\r\nAccept: text/csv\r\nConnection: close\r\n\r\n".encode())
        got = b""
        while piece := one.recv(65536):
            got += piece
            time.sleep(0.02)
    assert got.count(b"\r\n") > 20_000


def test_headers_without_end(http, site):
    with _connect(site) as one:
        try:
            one.sendall(HEAD)
            for _ in range(1024):
                one.sendall(b"x" * 65536)
        except ConnectionError:
            pass
        else:
            raise AssertionError("64 MiB of one header were taken")
    assert _serves(http)


@pytest.mark.parametrize("parser", ["httptools", "h11"])
def test_a_head_past_its_limit_is_told_so(real_build, tmp_path, parser):
    """One of 512 KiB is answered; of a longer one the first byte more is the last that is taken."""
    from mesokg.server.connections import LONGEST_HEAD

    begun, end = HEAD.replace(b"X-Long", b"Connection: close\r\nX-Long"), b"\r\n\r\n"
    with serving(log=tmp_path / "log", settings={"build": real_build, "head_seconds": 60}, http=parser) as address:
        with _connect(address) as one:
            one.sendall(begun + b"x" * (LONGEST_HEAD - len(begun) - len(end)) + end)
            assert _rest(one).startswith(b"HTTP/1.1 200 ")
        with _connect(address) as one:
            one.sendall(begun + b"x" * (LONGEST_HEAD + 1 - len(begun)))
            head, _, body = _rest(one).partition(b"\r\n\r\n")
        lines = head.decode().lower().split("\r\n")
        assert lines[0] == "http/1.1 431 request header fields too large"
        assert {"content-type: application/problem+json", "access-control-allow-origin: *", "connection: close", f"content-length: {len(body)}"} <= set(lines)
        told = json.loads(body)
        assert told["status"] == 431 and str(LONGEST_HEAD) in told["what"] and "POST" in told["fix"]
        with httpx.Client(base_url=address, timeout=30) as client:
            assert _serves(client)
    assert "Traceback" not in (tmp_path / "log").read_text()


def test_a_thousand_connections_at_once(http, site):
    """All open, half of them in the middle of a request; then all dropped. Others are served before and after."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < 1200:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4096), hard))
    opened = [_connect(site) for _ in range(1000)]
    for one in opened[::2]:
        one.sendall(BODY)
    assert _serves(http)
    # no farewell: the connections are reset
    for one in opened:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        one.close()
    for _ in range(10):
        assert _serves(http)


def test_answers_are_sent_without_delay():
    """Sockets without TCP_NODELAY made every answer 40 ms late."""
    from mesokg.server.run import listener_at

    async def accepted() -> int:
        loop = asyncio.get_running_loop()
        made = loop.create_future()

        class Watch(asyncio.Protocol):
            def connection_made(self, transport):
                made.set_result(transport.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
                transport.close()

        listener = listener_at("127.0.0.1", 0)
        server = await loop.create_server(Watch, sock=listener)
        _, writer = await asyncio.open_connection(*listener.getsockname())
        result = await made
        writer.close()
        server.close()
        await server.wait_closed()
        return result

    assert asyncio.run(accepted()) != 0


# ---------------------------------------------------------------- nonsense


def _bad_request(chance: random.Random) -> bytes:
    """One request that no client should send."""
    noise = bytes(chance.randrange(256) for _ in range(chance.randrange(1, 60)))
    words = ["SELECT", "*", "{", "}", "?s", "WHERE", "SERVICE", "<http://x>", "FILTER(", "\\u0000", "'", '"', "LOAD", "GRAPH", ";", "REGEX(?s,'(a+)+$')", "�", "%", "(" * 50, "{" * 3000, "!" * 400, "?s ?p ?o . " * 300]
    query = " ".join(chance.choice(words) for _ in range(chance.randrange(1, 25)))
    path = chance.choice(["/sparql", "/store", "/id/x", "/thing/", "/ask/", "/graph.json", "/suggest", "/download/", "/static/", "/search", "/graph.gexf", "/thing?iri=", "/sparql", "/sparql", "/editor", "/dataset/", "/question/", "/.well-known/void", "/ontology/", "/graph/", "/why", "/behind", "/edge.json", "*", "//", "/%"])
    escaped = "".join(f"%{b:02x}" for b in (query.encode() if chance.random() < 0.7 else noise))
    method = chance.choice(["GET", "GET", "POST", "PUT", "HEAD", "BREW", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT"])
    accept = chance.choice(["*/*", "text/html", ";q=,,,", "text/turtle;q=nan", "a/b;q=9999", "\x7f", "a/b," * 500])
    kind = chance.choice(["application/sparql-query", "application/x-www-form-urlencoded", "application/sparql-update", "text/turtle", "multipart/form-data", "x", "application/sparql-query; charset=utf-16"])
    name = chance.choice(["query", "update", "q", "iri", "focus", "until", "format", "default-graph-uri", "strategy", "s", "t"])
    body = chance.choice([b"", query.encode(), noise, b"query=" + escaped.encode(), b"%%%" + noise])
    tail = chance.choice(["", "/..%2f..%2fetc", "%00", "/" + escaped])
    host = chance.choice([*["localhost"] * 12, "", "a b", "<script>", "x" * 5000, "[::1"])
    length = chance.choice([len(body), len(body), len(body), -1, "x", "9" * 30])
    framing = chance.choice([f"Content-Length: {length}", *[f"Content-Length: {len(body)}"] * 6, f"Content-Length: {len(body)}\r\nContent-Length: 7", "Transfer-Encoding: chunked", "Transfer-Encoding: gzip"])
    extra = chance.choice(["", "", "Expect: 100-continue\r\n", "Upgrade: websocket\r\nConnection: Upgrade\r\n", "If-None-Match: *\r\n", "Range: bytes=9-1\r\n", "Accept-Encoding: gzip;q=x\r\n", "Authorization: Bearer \xff\r\n", "Origin: null\r\n", "X: " + "y" * 20_000 + "\r\n"])
    head = f"{method} {path}{tail}{'&' if '?' in path else '?'}{name}={escaped} HTTP/1.1\r\nHost: {host}\r\nAccept: {accept}\r\nContent-Type: {kind}\r\n{framing}\r\n{extra}Connection: close\r\n\r\n"
    if chance.random() < 0.05:
        return noise + b"\r\n\r\n"
    return head.encode("utf-8", "replace") + body


def _places(build: Path) -> list[bytes]:
    """Folders of this machine that no answer may name: of the build, of temporary files, and home.

    One of a single short word, as of a mount, may be part of an address in the data; these two are not.
    """
    found = {str(place) for one in (build, Path(tempfile.gettempdir()), Path.home()) for place in (one, one.resolve())}
    return [f"{one}/".encode() for one in sorted(found) if one.count("/") > 1 or one in ("/tmp", "/root")] + [str(build).encode()]


def test_hostile_requests(http, site, real_build):
    """5,000 different bad requests: always an answer or a closed connection, errors with their body, and no trace."""
    chance = random.Random(20261124)
    made: dict[bytes, None] = {}
    while len(made) < 5000:
        made[_bad_request(chance)] = None

    def send(raw: bytes) -> tuple[bytes, bytes]:
        try:
            with _connect(site) as one:
                one.sendall(raw)
                # what waits for the rest of a body that never comes is told so here
                one.shutdown(socket.SHUT_WR)
                return raw, _rest(one)
        except ConnectionError:
            return raw, b""

    with ThreadPoolExecutor(8) as many:
        answers = list(many.map(send, made))
    assert len(answers) == 5000
    statuses: dict[int, int] = {}
    places = _places(real_build)
    for raw, answer in answers:
        assert b"Traceback" not in answer and b"site-packages" not in answer and b'File "/' not in answer, raw
        assert not any(place in answer for place in places), raw
        head, _, body = answer.partition(b"\r\n\r\n")
        if head.startswith(b"HTTP/1.1 100"):
            head, _, body = body.partition(b"\r\n\r\n")
        status = int(head.split(b" ", 2)[1]) if head else 0
        statuses[status] = statuses.get(status, 0) + 1
        assert status < 500 or status == 503, (raw, answer[:400])
        if status >= 400 and not raw.startswith(b"HEAD"):
            page = b"text/html" in head.lower()
            assert b"What to do" in body if page else {"status", "what", "fix"} <= json.loads(body).keys(), (raw, answer[:400])
    # most of them are answered, and of every kind
    assert statuses.get(0, 0) < 500
    assert {400, 403, 404, 405, 406, 415} <= statuses.keys()
    assert _serves(http)
