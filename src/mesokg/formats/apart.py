"""Writes the networks of a build in a process of its own, so that a second core works while the RDF files are written."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from mesokg.errors import ExportError, MesokgError

if TYPE_CHECKING:
    import pyoxigraph

__all__ = ["networks_apart"]


_log = logging.getLogger(__name__)
_FAILED = "\0"
"""Stands between what the other process warned of and why it failed."""


@contextmanager
def networks_apart(store: pyoxigraph.Store, out: Path) -> Iterator[None]:
    """Write the network products of the store into the folder ``out`` while the block runs; wait for them at its end.

    What the other process warns of is logged here. Raises ExportError with its words where it could not write. Where the
    block fails, or this process ends in whatever way, the other one is stopped.
    """
    import pyoxigraph

    from mesokg.formats import write_network_products

    if not sys.executable:
        # an interpreter inside another program has no command to start
        write_network_products(store, out)
        yield
        return
    quads = out / ".networks.nq"
    store.dump(str(quads), pyoxigraph.RdfFormat.N_QUADS)
    package = str(Path(__file__).resolve().parents[2])
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, (package, os.environ.get("PYTHONPATH"))))}
    command = [sys.executable, "-m", "mesokg.formats.apart", str(quads), str(out)]
    # its standard input stays open for as long as this process lives
    try:
        with subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, encoding="utf-8"
        ) as other:
            try:
                yield
                # until its end; communicate() would close its input first, which tells it to stop
                message = other.stderr.read() if other.stderr else ""
            except BaseException:
                other.kill()
                raise
        warned, _, failed = message.partition(_FAILED)
        for line in warned.splitlines():
            _log.warning("%s", line)
        if other.returncode:
            raise ExportError(failed or f"the networks were not written: their process ended with {other.returncode}")
    finally:
        quads.unlink(missing_ok=True)


def _stop_with_the_parent() -> None:
    sys.stdin.buffer.read()
    os._exit(1)


def main() -> None:
    """The other process: ``python -m mesokg.formats.apart QUADS OUT``."""
    import pyoxigraph

    from mesokg.formats import write_network_products

    threading.Thread(target=_stop_with_the_parent, daemon=True).start()
    quads, out = map(Path, sys.argv[1:])
    store = pyoxigraph.Store()
    try:
        store.bulk_load(path=str(quads), format=pyoxigraph.RdfFormat.N_QUADS)
        write_network_products(store, out)
    except (MesokgError, OSError) as error:
        sys.stderr.buffer.write(f"{_FAILED}{error}".encode())
        sys.stderr.flush()
        os._exit(1)
    # without the goodbye of the interpreter, which would wait for the thread that reads
    os._exit(0)


if __name__ == "__main__":
    main()
