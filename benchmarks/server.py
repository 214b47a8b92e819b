"""The endpoint beside rdflib-endpoint, Fuseki and the Oxigraph server: the same queries, one after the other, in one run.

    python benchmarks/server.py --build build [--fuseki jena-fuseki-server.jar] [--seconds 4] [--connections 8] [--requests 100000]
        [--drop 1000] [--burst 40 100 200]

Every query is made different by a comment, so that no cache answers; cached answers are a line of their own. Times are
in milliseconds, seen by the client, which shares the processors with the server.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import re
import shutil
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlsplit

import httpx

PREFIX = "PREFIX mesokg: <https://w3id.org/mesokg/ontology/> PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#> "
QUERIES = {
    "point": "SELECT ?p ?o WHERE { <https://w3id.org/mesokg/id/therapy-rad-ifn> ?p ?o }",
    "join": "SELECT ?trial ?therapy ?vector WHERE { ?trial mesokg:investigates ?therapy . ?therapy mesokg:usesVector ?vector . ?trial mesokg:hasOutcome ?outcome . ?outcome mesokg:hasMeasurement ?m . ?m mesokg:denominator ?n }",
    "aggregate": "SELECT ?level (COUNT(*) AS ?n) WHERE { ?a mesokg:evidenceLevel ?level } GROUP BY ?level",
}
RUNAWAY = "SELECT (COUNT(*) AS ?n) WHERE { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }"
PAIRS = "SELECT (COUNT(*) AS ?n) WHERE { { SELECT ?a { ?a ?b ?c } LIMIT 700 } { SELECT ?d { ?d ?e ?f } LIMIT 700 } }"
ROUNDS_OF_DROPS = 5


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextlib.contextmanager
def process(command: list[str], url: str, folder: Path, seconds: float = 90) -> Iterator[subprocess.Popen[bytes]]:
    with (folder / "log").open("wb") as out:
        running = subprocess.Popen(command, stdout=out, stderr=out, cwd=folder)
    try:
        limit = time.monotonic() + seconds
        while True:
            try:
                if httpx.get(url, params={"query": "ASK {}"}, timeout=2).is_success:
                    break
            except httpx.HTTPError:
                pass
            if running.poll() is not None or time.monotonic() > limit:
                raise RuntimeError((folder / "log").read_text()[-2000:])
            time.sleep(0.2)
        yield running
    finally:
        running.terminate()
        running.wait()


class Connection:
    """One HTTP/1.1 connection that is kept open: so little work per request that the servers are measured, not the client."""

    def __init__(self, url: str) -> None:
        self.address = urlsplit(url)
        self.streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def get(self, target: str, accept: str = "application/sparql-results+json") -> tuple[int, bytes]:
        """Status and body; a connection that the server closed is opened again."""
        if self.streams is None:
            self.streams = await asyncio.open_connection(self.address.hostname, self.address.port)
        reader, writer = self.streams
        writer.write(f"GET {target} HTTP/1.1\r\nHost: {self.address.netloc}\r\nAccept: {accept}\r\n\r\n".encode())
        status_line, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (one.partition(":") for one in lines)}
        if headers.get("transfer-encoding") == "chunked":
            body = b""
            while size := int(await reader.readline(), 16):
                body += (await reader.readexactly(size + 2))[:-2]
            await reader.readline()
        else:
            body = await reader.readexactly(int(headers.get("content-length", "0")))
        if headers.get("connection") == "close":
            await self.close()
        return int(status_line.split()[1]), body

    async def close(self) -> None:
        if self.streams is not None:
            self.streams[1].close()
            self.streams = None


async def load(url: str, query: str, seconds: float, connections: int, *, same: bool = False) -> list[float]:
    """Times of all answers to the query, from so many connections, for so many seconds."""
    times: list[float] = []
    path = urlsplit(url).path
    end = time.perf_counter() + seconds

    async def one(number: int) -> None:
        connection, turn = Connection(url), 0
        while time.perf_counter() < end:
            turn += 1
            text = PREFIX + query + ("" if same else f" #{number}-{turn}-{time.time_ns()}")
            begun = time.perf_counter()
            status, body = await connection.get(f"{path}?query={quote(text)}")
            if status != 200:
                raise RuntimeError(f"{url} answered {status}: {body[:300]!r}")
            times.append(time.perf_counter() - begun)
        await connection.close()

    await asyncio.gather(*(one(number) for number in range(connections)))
    return times


def line(name: str, what: str, times: list[float], seconds: float) -> str:
    ordered = sorted(times)
    p99 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]
    return f"{name:16} {what:10} {len(times) / seconds:9.1f}/s  median {statistics.median(ordered) * 1e3:8.2f}  p99 {p99 * 1e3:8.2f}"


def memory(pid: int) -> dict[str, int]:
    """Mebibytes of a process and its descendants (Linux): resident in the server, in all workers and what they are forked
    from (pages that they share are counted for each), and of all together with shared pages counted once."""
    resident, total, todo = [], 0, [pid]
    while todo:
        one = todo.pop()
        with contextlib.suppress(OSError):
            rollup = Path(f"/proc/{one}/smaps_rollup").read_text()
            resident.append(int(re.search(r"^Rss:\s+(\d+)", rollup, re.M)[1]) // 1024)  # type: ignore[index]
            total += int(re.search(r"^Pss:\s+(\d+)", rollup, re.M)[1])  # type: ignore[index]
            todo += map(int, Path(f"/proc/{one}/task/{one}/children").read_text().split())
    return {"server": resident[0], "workers": sum(resident[1:]), "processes": len(resident), "together": total // 1024}


def mixed(number: int) -> str:
    """The target of one of many kinds of request: new and known queries, pages, data, mistakes."""
    query = PREFIX + list(QUERIES.values())[number % 3]
    return (
        f"/sparql?query={quote(f'{query} #{number}')}", "/", f"/sparql?query={quote(query)}", "/id/therapy-rad-ifn.ttl", f"/suggest?q=a{number % 500}",
        f"/sparql?query={quote(f'SELECT ?x WHERE broken {number}')}", "/trials", f"/id/nothing-{number}", f"/sparql?format=csv&query={quote(f'{query} #csv{number}')}", "/thing/HGNC:7371",
    )[number % 10]


async def send_mixed(url: str, first: int, last: int, connections: int) -> dict[int, int]:
    """Send the requests of these numbers; how often each status came."""
    statuses: dict[int, int] = {}
    numbers = iter(range(first, last))

    async def one() -> None:
        connection = Connection(url)
        for number in numbers:
            status, _ = await connection.get(mixed(number), accept="*/*" if number % 2 else "text/html, */*;q=0.5")
            statuses[status] = statuses.get(status, 0) + 1
        await connection.close()

    await asyncio.gather(*(one() for _ in range(connections)))
    return statuses


def watch_memory(url: str, pid: int, requests: int, connections: int) -> None:
    """Print the memory of the server before, and after a tenth, a half and all of so many mixed requests."""
    print(f"mesokg           memory before: {memory(pid)}", flush=True)
    done = 0
    for mark in (requests // 10, requests // 2, requests):
        statuses = asyncio.run(send_mixed(url, done, mark, connections))
        done = mark
        print(f"mesokg           memory after {mark:,} requests: {memory(pid)}, statuses {dict(sorted(statuses.items()))}", flush=True)


def waits(what: str, answers: list[tuple[int, float]]) -> str:
    """A line of the table for what was asked now and then: each answer is its status and how long it was waited for."""
    times = [seconds for status, seconds in answers if status == 200]
    told = f"median {statistics.median(times) * 1e3:8.2f}  worst {max(times) * 1e3:8.2f}" if times else "none answered".ljust(32)
    others = [status for status, _ in answers if status not in (200, 503)]
    return f"{'mesokg':16} {what:10} {len(times):4} of {len(answers):<4} {told}  refused {len(answers) - len(times) - len(others)}" + (f"  others {others}" if others else "")


async def ask(url: str, query: str) -> tuple[int, float]:
    """Status and seconds of one query from a connection of its own, which no cache answers; status 0 where the connection ends without."""
    connection, begun = Connection(url), time.perf_counter()
    try:
        status, _ = await connection.get(f"{urlsplit(url).path}?query={quote(f'{PREFIX}{query} #{time.time_ns()}')}")
    except (OSError, EOFError):
        status = 0
    await connection.close()
    return status, time.perf_counter() - begun


def allow_connections(number: int) -> None:
    """Let this process open so many files and some more, as far as the system lets it."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = number + 200
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted if hard == resource.RLIM_INFINITY else min(hard, wanted), hard))


async def drop(url: str, number: int) -> tuple[tuple[int, float], tuple[int, float]]:
    """The answer to a point query while so many connections are open, every other in the middle of a request, and right after all were reset."""
    address = urlsplit(url)
    opened = [await asyncio.open_connection(address.hostname, address.port) for _ in range(number)]
    for _, writer in opened[::2]:
        writer.write(f"POST {address.path} HTTP/1.1\r\nHost: {address.netloc}\r\nContent-Type: application/sparql-query\r\nContent-Length: 1000\r\n\r\nASK".encode())
        await writer.drain()
    beside = await ask(url, QUERIES["point"])
    for _, writer in opened:
        # no farewell
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("hh" if os.name == "nt" else "ii", 1, 0))
        writer.transport.abort()
    return beside, await ask(url, QUERIES["point"])


def measure_drops(url: str, number: int) -> None:
    """Print how long a point query waits beside so many connections, and right after all of them were dropped at once."""
    allow_connections(number)
    rounds = [asyncio.run(drop(url, number)) for _ in range(ROUNDS_OF_DROPS)]
    print(f"mesokg           {number} connections in one moment, {ROUNDS_OF_DROPS} rounds: a point lookup while they are open, and after all are dropped at once")
    print(waits("open", [beside for beside, _ in rounds]))
    print(waits("dropped", [after for _, after in rounds]), flush=True)


async def burst(url: str, number: int, seconds: float) -> dict[str, list[tuple[int, float]]]:
    """So many different runaways in one moment; the answers to an ASK every 0.1 s and a count of pairs every 0.5 s beside them, and to themselves."""

    async def every(pause: float, query: str) -> list[tuple[int, float]]:
        begun, sent = time.perf_counter(), []
        for turn in range(round(seconds / pause)):
            await asyncio.sleep(max(0.0, begun + turn * pause - time.perf_counter()))
            # whether or not the one before is answered
            sent.append(asyncio.create_task(ask(url, query)))
        return list(await asyncio.gather(*sent))

    runaways = [asyncio.create_task(ask(url, f"{RUNAWAY} #{one}")) for one in range(number)]
    asks, pairs = await asyncio.gather(every(0.1, "ASK {}"), every(0.5, PAIRS))
    return {"ASK": asks, "pairs": pairs, "runaways": list(await asyncio.gather(*runaways))}


def measure_burst(url: str, number: int, seconds: float) -> None:
    """Print how long short queries wait while so many runaways that came in one moment are worked off."""
    allow_connections(number)
    answers = asyncio.run(burst(url, number, seconds))
    print(f"mesokg           {number} runaways in one moment, and beside them for {seconds:g} s an ASK every 0.1 s and a count of 490,000 pairs every 0.5 s")
    for what in ("ASK", "pairs"):
        print(waits(what, answers[what]))
    statuses = [status for status, _ in answers["runaways"]]
    print(f"{'mesokg':16} {'runaways':10} {', '.join(f'{statuses.count(one)} with {one}' for one in sorted(set(statuses)))}, the last after {max(took for _, took in answers['runaways']):.2f} s", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", type=Path, required=True)
    parser.add_argument("--fuseki", type=Path)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--requests", type=int, default=0, help="mixed requests for the watch on memory; 0 leaves it out")
    parser.add_argument("--drop", type=int, default=0, metavar="N", help="open so many connections and drop them at once; 0 leaves it out")
    parser.add_argument("--burst", type=int, nargs="*", default=[], metavar="N", help="so many runaways in one moment beside short queries, for each number; takes --seconds and the deadline each")
    parser.add_argument("--alone", action="store_true", help="measure nobody else")
    chosen = parser.parse_args()
    build = chosen.build.resolve()
    data = build / "mesokg.ttl"
    print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}, {chosen.connections} connections, {chosen.seconds:g} s each")

    with tempfile.TemporaryDirectory() as name:
        root = Path(name)

        def folder(one: str) -> Path:
            (root / one).mkdir()
            return root / one

        def measure(server: str, url: str) -> None:
            for what, query in QUERIES.items():
                httpx.get(url, params={"query": PREFIX + query}, timeout=60).raise_for_status()
                print(line(server, what, asyncio.run(load(url, query, chosen.seconds, chosen.connections)), chosen.seconds), flush=True)

        port = free_port()
        url = f"http://127.0.0.1:{port}/sparql"
        serve = [sys.executable, "-c", "from mesokg.server.command import serve; serve()", "--build", str(build), "--port", str(port), "--deadline", "5"]
        with process(serve, url, folder("mesokg")) as running:
            measure("mesokg", url)
            print(line("mesokg", "cached", asyncio.run(load(url, QUERIES["join"], chosen.seconds, chosen.connections, same=True)), chosen.seconds), flush=True)

            async def beside() -> tuple[list[float], list[float], float, int]:
                idle = await load(url, QUERIES["point"], chosen.seconds, 2)
                async with httpx.AsyncClient(timeout=60) as client:
                    begun = time.perf_counter()
                    runaway = asyncio.create_task(client.get(url, params={"query": RUNAWAY}))
                    busy = await load(url, QUERIES["point"], chosen.seconds, 2)
                    answer = await runaway
                return idle, busy, time.perf_counter() - begun, answer.status_code

            idle, busy, took, status = asyncio.run(beside())
            print(line("mesokg", "idle", idle, chosen.seconds))
            print(line("mesokg", "runaway", busy, chosen.seconds))
            print(f"mesokg           runaway ended with {status} after {took:.2f} s, deadline 5 s")
            if chosen.requests:
                watch_memory(url, running.pid, chosen.requests, chosen.connections)
            if chosen.drop:
                measure_drops(url, chosen.drop)
            for number in chosen.burst:
                measure_burst(url, number, chosen.seconds)
            if chosen.alone:
                return
        port = free_port()
        url = f"http://127.0.0.1:{port}/query"
        program = shutil.which("oxigraph") or str(Path(sys.executable).parent / "oxigraph")
        if Path(program).exists():
            where = folder("oxigraph")
            subprocess.run([program, "load", "--location", str(where / "store"), "--file", str(data)], check=True, capture_output=True)
            with process([program, "serve-read-only", "--location", str(where / "store"), "--bind", f"127.0.0.1:{port}"], url, where):
                measure("oxigraph", url)
        if chosen.fuseki:
            port = free_port()
            url = f"http://127.0.0.1:{port}/ds/sparql"
            with process(["java", "-Xmx2g", "-jar", str(chosen.fuseki.resolve()), "--port", str(port), "--localhost", "--file", str(data), "/ds"], url, folder("fuseki")):
                measure("fuseki", url)
        port = free_port()
        url = f"http://127.0.0.1:{port}/"
        code = f"import uvicorn; from rdflib import Graph; from rdflib_endpoint import SparqlEndpoint; uvicorn.run(SparqlEndpoint(graph=Graph().parse({str(data)!r})), port={port}, log_level='warning')"
        try:
            with process([sys.executable, "-c", code], url, folder("rdflib"), 240):
                measure("rdflib-endpoint", url)
        except RuntimeError as error:
            print(f"rdflib-endpoint did not start: {str(error)[-200:]}")


if __name__ == "__main__":
    main()
