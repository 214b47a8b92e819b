"""Starts real servers for tests, and stops them."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

CONFORMANCE = Path(os.environ.get("MESOKG_CONFORMANCE", Path(__file__).parents[3] / "shared" / "conformance"))


_COMMAND = "from mesokg.server.command import serve; serve()"
_SETTINGS = """
import json, pathlib, sys
from mesokg.server.run import run
from mesokg.server.settings import Settings
from mesokg.server.site import release_of
given = json.loads(sys.argv[1])
build = pathlib.Path(given.pop("build")) if "build" in given else None
run(Settings(build=build, release=release_of(build) if build else "", **given), "127.0.0.1", 0)
"""


class Address(str):
    """The address of a server that runs in the process ``pid``."""

    pid: int


@contextlib.contextmanager
def serving(*arguments: str | Path, log: Path, settings: dict[str, object] | None = None, http: str = "") -> Iterator[Address]:
    """The address of a server at a free port, until the block ends: of the command, or of settings that it has no option for.

    ``http`` names the parser that uvicorn takes, of those that are installed.
    """
    command = ["-c", _COMMAND, "--port", "0", *map(str, arguments)] if settings is None else ["-c", _SETTINGS, json.dumps(settings, default=str)]
    if http == "h11":
        # as where httptools is not installed
        command[1] = "import sys; sys.modules['httptools'] = None\n" + command[1]
    with log.open("wb") as out:
        process = subprocess.Popen([sys.executable, *command], stdout=out, stderr=out)
        try:
            for _ in range(900):
                found = re.search(r"serves (http://\S+?)/ ", log.read_text(errors="replace"))
                if found:
                    break
                if process.poll() is not None:
                    raise AssertionError(f"the server ended: {log.read_text()}")
                time.sleep(0.1)
            else:
                raise AssertionError(f"the server did not start: {log.read_text()}")
            address = Address(found[1])
            address.pid = process.pid
            yield address
        finally:
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def children(pid: int) -> list[int]:
    """The process ids of what a process started (Linux)."""
    try:
        return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def holders(server: int) -> list[int]:
    """The process ids of the holders of this server, one while none is lost (Linux)."""

    def is_holder(pid: int) -> bool:
        try:
            return b"mesokg.server.holder" in Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            return False

    return [one for one in children(server) if is_holder(one)]


def workers(server: int) -> list[int]:
    """The process ids of the workers of this server (Linux)."""
    return [worker for holder in holders(server) for worker in children(holder)]


def processor_ticks(pid: int) -> int:
    """Ticks of processor time that a process took; 0 where it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    return int(fields[11]) + int(fields[12])
