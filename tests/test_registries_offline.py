"""Nothing but ``refresh``, ``discover``, ``load`` and ``--endpoint`` reaches the network: every other command, with the
server, runs where sockets to other machines are refused and every try is written down.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parent.parent / "src"
GUARD = Path(__file__).resolve().parent / "registries" / "guard"
COMMANDS = {
    "build": ["build", "-o", "out", "--data", "data"],
    "validate": ["validate", "--data", "data"],
    "validate a file": ["validate", "out/mesokg.ttl"],
    "query by name": ["query", "which_trials_have_which_phase_and_status", "--build", "out"],
    "query": ["query", "-e", "SELECT * WHERE { ?s ?p ?o } LIMIT 1", "--build", "out"],
    "query --explain": ["query", "which_trials_have_which_phase_and_status", "--explain", "--build", "out"],
    "query --list": ["query", "--list"],
    "show": ["show", "NCT00000001", "--build", "out"],
    "explain": ["explain", "mkg:trial-NCT00000001", "a", "mesokg:Trial", "--build", "out"],
    "export gexf": ["export", "gexf", "-o", "out.gexf", "--build", "out"],
    "export timeline": ["export", "gexf-timeline", "-o", "timeline.gexf", "--build", "out"],
    "export svg": ["export", "svg", "-o", "out.svg", "--build", "out"],
    "export kgx": ["export", "kgx", "-o", "kgx", "--build", "out"],
    "columns": ["columns", "trials"],
    "tidy": ["tidy", "--data", "data"],
}


def _environment(home: Path) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy") and k != "MESOKG_BUILD"}
    return {**kept, "HOME": str(home), "PYTHONPATH": f"{GUARD}{os.pathsep}{SOURCE}", "MESOKG_NETWORK_TRIES": str(home / "tries")}


def _tries(home: Path) -> str:
    path = home / "tries"
    return path.read_text(encoding="utf-8") if path.exists() else ""


def _apart(command: list[str]) -> list[str]:
    """The command in a network of its own with nothing in it, where the machine allows that: native code too is cut off."""
    probe = subprocess.run(["unshare", "-rn", "true"], capture_output=True, check=False) if sys.platform == "linux" else None
    return (["unshare", "-rn"] if probe and probe.returncode == 0 else []) + command


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the tiny tables and their build, made where no network is."""
    import shutil

    home = tmp_path_factory.mktemp("offline")
    shutil.copytree(Path(__file__).parent / "tiny", home / "data")
    _run(home, COMMANDS["build"])
    return home


def _run(home: Path, arguments: list[str]) -> None:
    run = subprocess.run(
        _apart([sys.executable, "-m", "mesokg", *arguments]), cwd=home, env=_environment(home), capture_output=True, text=True, check=False, timeout=300
    )
    assert run.returncode == 0, f"{arguments}: {run.stderr[-2000:]}"
    assert _tries(home) == ""


@pytest.mark.parametrize("name", [name for name in COMMANDS if name != "build"])
def test_a_command_reaches_for_no_network(place: Path, name: str):
    _run(place, COMMANDS[name])


def test_every_command_is_tried_or_may_reach_out():
    from mesokg.cli import main

    tried = {arguments[0] for arguments in COMMANDS.values()} | {"serve"}
    assert set(main.list_commands(None)) - tried == {"refresh", "discover", "load"}


@contextmanager
def _serving(home: Path) -> Iterator[str]:
    log = home / "server.log"
    with log.open("wb") as sink:
        server = subprocess.Popen(
            [sys.executable, "-m", "mesokg", "serve", "--build", "out", "--port", "0"], cwd=home, env=_environment(home), stdout=sink, stderr=sink
        )
        try:
            for _ in range(600):
                if match := re.search(r"mesokg serves (http://\S+?)/ ", log.read_text(encoding="utf-8", errors="replace")):
                    yield match[1]
                    break
                assert server.poll() is None, log.read_text()
                try:
                    server.wait(0.1)
                except subprocess.TimeoutExpired:
                    continue
            else:
                pytest.fail(f"the server did not start: {log.read_text()}")
        finally:
            server.terminate()
            server.wait(30)


ADDRESSES = {
    "/": "text/html",
    "/sparql?query=SELECT%20%2A%20%7B%20%3Fs%20%3Fp%20%3Fo%20%7D%20LIMIT%201": "application/sparql-results+json",
    "/id/trial-NCT00000001": "text/html",
    "/id/trial-NCT00000001.ttl": "text/turtle",
}


def test_serve_reaches_for_no_network(place: Path):
    own = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with _serving(place) as address:
        for path, kind in ADDRESSES.items():
            with own.open(urllib.request.Request(address + path, headers={"Accept": kind}), timeout=30) as answer:
                assert (answer.status, answer.headers.get_content_type()) == (200, kind), path
                body = answer.read()
            assert body
            if kind == "text/html":
                # a page that is opened fetches nothing from elsewhere either
                assert not re.search(rb'<(?:script|img|link|iframe)[^>]*\s(?:src|href)="(?:https?:)?//', body), path
        service = "SELECT%20%2A%20%7B%20SERVICE%20%3Chttp%3A%2F%2F192.0.2.1%2F%3E%20%7B%20%3Fs%20%3Fp%20%3Fo%20%7D%20%7D"
        with pytest.raises(urllib.error.HTTPError) as refused:
            own.open(f"{address}/sparql?query={service}", timeout=30)
        assert 400 <= refused.value.code < 500
        refused.value.close()
    assert _tries(place) == ""


@pytest.mark.parametrize(
    ("code", "tried"),
    [
        ("import socket; socket.create_connection(('192.0.2.1', 80), 1)", "192.0.2.1"),
        ("import httpx; httpx.get('http://registry.example/')", "registry.example"),
        ("import socket; socket.socket(type=socket.SOCK_DGRAM).sendto(b'', ('192.0.2.1', 53))", "192.0.2.1"),
        ("import subprocess, sys; subprocess.run([sys.executable, '-c', 'import socket; socket.gethostbyname(\"registry.example\")'], check=True)", "registry.example"),
    ],
)
def test_the_guard_itself_works(tmp_path: Path, code: str, tried: str):
    run = subprocess.run([sys.executable, "-c", code], env=_environment(tmp_path), capture_output=True, text=True, check=False)
    assert run.returncode != 0 and "is not this machine" in run.stderr
    assert tried in _tries(tmp_path)


def test_the_guard_lets_this_machine_through(tmp_path: Path):
    code = "import socket; s = socket.create_server(('127.0.0.1', 0)); socket.create_connection(s.getsockname()).close(); s.close()"
    subprocess.run([sys.executable, "-c", code], env=_environment(tmp_path), check=True)
    assert _tries(tmp_path) == ""
