"""Writes a file beside its name and then puts it in its place, so that a stop at any moment leaves the old or the new one."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from mesokg.errors import ExportError

__all__ = ["put_in_place", "write_beside"]


def write_beside(path: Path, content: str | bytes) -> None:
    """Write text (UTF-8, LF) or bytes as the whole of ``path``; what stood there stays until the new file is whole.

    Raises ExportError where it cannot be written; nothing is left beside it then.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_beside(Path(folder) / "a.txt", "one")
    ...     [(p.name, p.read_text()) for p in Path(folder).iterdir()]
    [('a.txt', 'one')]
    """
    # a name of this process, so that two that write the same file do not write into each other's
    beside = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        beside.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
    except OSError as error:
        _give_up(path, beside, error)
    put_in_place(beside, path)


def put_in_place(beside: Path, path: Path) -> None:
    """Rename a whole file to ``path`` in one step. Raises ExportError where it cannot be, and removes it then."""
    try:
        beside.replace(path)
    except OSError as error:
        _give_up(path, beside, error)


def _give_up(path: Path, beside: Path, error: OSError) -> None:
    with suppress(OSError):
        beside.unlink(missing_ok=True)
    raise ExportError(f"{path}: cannot be written: {error.strerror or error}; is the folder there, and may you write to it?") from error
