"""Starts real servers for tests, and stops them."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

CONFORMANCE = Path(os.environ.get("MESOKG_CONFORMANCE", Path(__file__).parents[3] / "shared" / "conformance"))


@contextlib.contextmanager
def serving(*arguments: str | Path, log: Path) -> Iterator[str]:
    """The address of a server with these arguments, at a free port, until the block ends."""
    code = "from mesokg.server.command import serve; serve()"
    with log.open("wb") as out:
        process = subprocess.Popen([sys.executable, "-c", code, "--port", "0", *map(str, arguments)], stdout=out, stderr=out)
        try:
            for _ in range(300):
                found = re.search(r"serves (http://\S+?)/ ", log.read_text(errors="replace"))
                if found:
                    break
                if process.poll() is not None:
                    raise AssertionError(f"the server ended: {log.read_text()}")
                time.sleep(0.1)
            else:
                raise AssertionError(f"the server did not start: {log.read_text()}")
            yield found[1]
        finally:
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
